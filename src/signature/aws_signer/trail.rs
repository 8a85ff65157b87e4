//! The numbered steps as they are walked, for `inspect --explain-signature`.

use crate::signature::{Rejection, Step, StepResult};

/// Title and expectation of each step, in the order and numbering of the module's documentation.
const STEPS: &[(&str, &str)] = &[
    ("one signature file", "exactly one entry META_INF/aws_signer_signature_v1.0.SF, and none that looks like it"),
    ("its place", "the last entry"),
    ("one reading of the archive", "no anomaly that lets two readers see different content; every entry read"),
    ("PEM", "one block PKCS7, at most 256 KiB"),
    ("CMS ContentInfo", "SignedData; BER in the wrappers only; nothing after it"),
    ("SignedData", "version 1, SHA-384, id-data detached, certificates, one signer"),
    ("SignerInfo", "version 1, issuer and serial number, SHA-384, ecdsa-with-SHA384, no unsigned attributes"),
    ("signed attributes", "a DER SET OF, each once, one value each; contentType id-data; algorithm protection agrees"),
    ("signer's identity", "a signing profile version ARN and a signing job ARN"),
    ("times", "signing time and expiry as GeneralizedTime, expiry later"),
    ("content digest", "messageDigest = SHA-384 of SHA-384 over names and bodies of all other entries"),
    ("chain", "one line of certificates from the signer to a root, and no other certificate"),
    ("signature value", "ECDSA P-384 with SHA-384 by the signer's key over the signed attributes"),
    ("certificate signatures", "each certificate signed by the next, the root by itself"),
    ("certificate constraints", "the signer: no CA, digitalSignature, codeSigning; the others: CA, keyCertSign, pathLenConstraint kept"),
    ("validity", "signing time not after now; every certificate valid at the signing time"),
    ("root", "byte for byte a trust anchor"),
    ("account", "a pinned anchor vouches for the account of the signing profile"),
];

/// All steps, reached or not.
pub(super) struct Trail {
    steps: Vec<Step>,
}

impl Trail {
    /// No step reached.
    pub fn new() -> Self {
        let steps = (1..).zip(STEPS).map(|(number, (title, expected))| Step {
            number,
            title,
            expected: (*expected).into(),
            presented: String::new(),
            result: StepResult::NotReached,
        });
        Self { steps: steps.collect() }
    }

    /// Notes what came of a step: what was seen and the value for the steps after it, or why the signature is rejected.
    pub fn take<T>(&mut self, number: u32, result: Result<(String, T), Rejection>) -> Result<T, Rejection> {
        match result {
            Ok((presented, value)) => {
                self.note(number, presented, StepResult::Ok);
                Ok(value)
            }
            Err(rejection) => {
                self.note(number, rejection.to_string(), StepResult::Failed);
                Err(rejection)
            }
        }
    }

    /// Notes a step that could not be judged.
    pub fn unknown(&mut self, number: u32, presented: String) {
        self.note(number, presented, StepResult::Unknown);
    }

    pub fn into_steps(self) -> Vec<Step> {
        self.steps
    }

    fn note(&mut self, number: u32, presented: String, result: StepResult) {
        if let Some(step) = self.steps.iter_mut().find(|step| step.number == number) {
            step.presented = presented;
            step.result = result;
        }
    }
}

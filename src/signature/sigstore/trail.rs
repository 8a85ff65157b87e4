//! The numbered steps as they are walked, for `inspect --explain-signature` and `verify-bundle -v`.

use crate::signature::{Rejection, Step, StepResult};

/// Title and expectation of each step, in the order and numbering of the module's documentation.
const STEPS: &[(&str, &str)] = &[
    ("form", "one of the forms that are known, within the limits on bytes, entries, time stamps and certificates"),
    ("log entries", "each with what its version asks for: a proof of inclusion; in version 0.1 and cosign's older forms a promise"),
    ("signer", "a certificate with one identity and an OIDC issuer, and no root behind it; or a key that the policy names"),
    ("content", "about the target: its digest, a statement with it as subject, or a simple signing payload that names it"),
    ("signature value", "made by the signer's key over the content"),
    ("trusted root", "a certificate authority of a named root issued the certificate; a log of it holds the entries"),
    ("evidence", "SCT, promises, proofs, checkpoints and time stamps hold under the root, and are about this signature"),
    ("times", "at least one that a log or an authority states; none after now"),
    ("validity", "certificate, every CA above it, log keys and time stamp authorities valid at each of the times"),
];

/// All steps, reached or not.
#[derive(Debug, Clone)]
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

    /// How many steps hold.
    pub fn reached(&self) -> usize {
        self.steps.iter().filter(|step| step.result == StepResult::Ok).count()
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

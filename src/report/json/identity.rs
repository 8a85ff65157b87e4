//! Who signed, and what vouches for it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::signature::SignerIdentity;
use crate::signature::notary::SigningScheme;
use crate::signature::sigstore::{By, Transparency};

/// The keys of every scheme; those of another one are null or empty.
#[derive(Default, Serialize)]
pub(super) struct IdentityDocument<'a> {
    issuer: Option<&'a str>,
    name: Option<String>,
    claims: Vec<ClaimDocument<'a>>,
    key_sha256: Option<&'a str>,
    signing_scheme: Option<SigningScheme>,
    annotations: Vec<AnnotationDocument<'a>>,
    proofs: Vec<ProofDocument<'a>>,
}

#[derive(Serialize)]
struct ClaimDocument<'a> {
    name: &'a str,
    value: Option<&'a str>,
}

#[derive(Serialize)]
struct AnnotationDocument<'a> {
    key: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct ProofDocument<'a> {
    root: &'a str,
    transparency: Transparency,
    logs: &'a [String],
    timestamp_authorities: &'a [String],
    times: &'a [Timestamp],
    sct: bool,
}

impl<'a> From<&'a SignerIdentity> for IdentityDocument<'a> {
    fn from(identity: &'a SignerIdentity) -> Self {
        match identity {
            SignerIdentity::AwsSigner { .. } => Self::default(),
            SignerIdentity::Sigstore(signer) => {
                let by = match &signer.by {
                    By::Certificate { issuer, identity, claims } => Self {
                        issuer: Some(issuer),
                        name: Some(identity.clone()),
                        claims: claims.iter().map(|(name, claim)| ClaimDocument { name, value: claim.text() }).collect(),
                        ..Self::default()
                    },
                    By::Key { spki_sha256 } => Self { key_sha256: Some(spki_sha256), ..Self::default() },
                };
                let proofs = signer.proofs.iter().map(|(root, proof)| ProofDocument {
                    root,
                    transparency: proof.transparency,
                    logs: &proof.logs,
                    timestamp_authorities: &proof.timestamp_authorities,
                    times: &proof.times,
                    sct: proof.sct,
                });
                Self { annotations: annotations(&signer.annotations), proofs: proofs.collect(), ..by }
            }
            SignerIdentity::Notary(signer) => Self {
                name: Some(signer.subject_text()),
                key_sha256: Some(&signer.spki_sha256),
                signing_scheme: Some(signer.signing_scheme),
                annotations: annotations(&signer.annotations),
                ..Self::default()
            },
        }
    }
}

fn annotations(signed: &BTreeMap<String, String>) -> Vec<AnnotationDocument<'_>> {
    signed.iter().map(|(key, value)| AnnotationDocument { key, value }).collect()
}

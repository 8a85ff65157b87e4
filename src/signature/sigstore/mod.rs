//! Sigstore: bundles and cosign signatures, verified offline against a trusted root, or by a key.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

/// The scheme's name.
pub const NAME: &str = "sigstore";

/// Who signed, and on what that rests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signer {
    /// Whose signature it is.
    pub by: By,
    /// What each trusted root vouches for, by its name in the trust material. Under a root that is not here the log, the certificate or
    /// the time did not hold. Empty only for a key without any log or time stamp.
    pub proofs: BTreeMap<String, Proof>,
    /// The form that it was found in.
    pub form: SignatureForm,
    /// `optional` of a simple signing payload, signed: `cosign sign -a KEY=VALUE`. Only texts.
    pub annotations: BTreeMap<String, String>,
}

/// Whose signature it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum By {
    /// A certificate of a Fulcio instance.
    Certificate {
        /// OIDC issuer: OID 1.3.6.1.4.1.57264.1.8, else .1.1.
        issuer: String,
        /// The one subject alternative name: a URI or an email address.
        identity: String,
        /// The claim extensions .1.2 to .1.6 and .1.9 onwards, by the names of `sigstore::claims`.
        claims: BTreeMap<&'static str, Claim>,
    },
    /// A public key that the policy names.
    Key {
        /// SHA-256 of its SubjectPublicKeyInfo, DER, lower-case hexadecimal.
        spki_sha256: String,
    },
}

/// A claim of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// Its text.
    Text(String),
    /// The extension is there and cannot be read; it equals nothing (DESIGN §4 rule 3).
    Malformed,
}

/// What a trusted root vouches for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// How the transparency log vouches for the entry.
    pub transparency: Transparency,
    /// Distinct logs that do, by log id.
    pub logs: Vec<String>,
    /// Distinct time stamp authorities whose time stamp holds, by subject.
    pub timestamp_authorities: Vec<String>,
    /// Every verified time, earliest first. All of them lie within the certificate's validity and that of every CA above it.
    pub times: Vec<Timestamp>,
    /// True where an SCT of a CT log of this root holds.
    pub sct: bool,
}

/// How the transparency log vouches for an entry. Ordered: more is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transparency {
    /// Not at all.
    None,
    /// By a signed promise (SET) only.
    Promise,
    /// By a proof of inclusion under a signed checkpoint.
    InclusionProof,
}

/// The form that a signature was found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureForm {
    /// A Sigstore bundle.
    Bundle,
    /// cosign's own layers and files from before bundles; their log entry has a promise at most.
    Legacy,
}

impl Signer {
    /// Two signatures with one such key are by one signer. A workflow on another branch or tag is no other signer, nor is another
    /// certificate for one identity.
    pub fn signer_key(&self) -> String {
        match &self.by {
            By::Certificate { issuer, identity, .. } => {
                let who = if identity.contains("://") { identity.split('@').next().unwrap_or(identity) } else { identity };
                format!("sigstore {issuer} {who}")
            }
            By::Key { spki_sha256 } => format!("key {spki_sha256}"),
        }
    }

    /// One line for people.
    pub fn describe(&self) -> String {
        match &self.by {
            By::Certificate { issuer, identity, .. } => format!("{identity} (issuer {issuer})"),
            By::Key { spki_sha256 } => format!("the key with SHA-256 {spki_sha256}"),
        }
    }
}

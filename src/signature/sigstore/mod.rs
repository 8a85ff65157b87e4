//! Sigstore: bundles and cosign signatures, verified offline against a trusted root, or by a key.
//!
//! The cryptography of certificates, logs and time stamps is that of the crate `sigstore-verify` (docs/adr/0005-sigstore-crate.md), which
//! implements the steps of Sigstore's client specification and passes its conformance suite. What it does not do is done here: reading
//! within limits, cosign's forms from before bundles, keys without a log, and the guards, each marked below with a `G`.
//!
//! 1. Form. G: bytes, entries, time stamps and certificates within limits; the content fits the version that the unsigned media type
//!    claims; exactly one DSSE signature.
//! 2. G: each log entry has what the version asks for: a proof of inclusion, or in version 0.1 a promise.
//! 3. Signer. A certificate with one subject alternative name and an OIDC issuer (G: one only, and no root behind it), or a key. G: a bare
//!    public key in a certificate's place is refused.
//! 4. Content. G: a digest, a statement (`_type`, `payloadType`, subjects) or a simple signing payload about the target.
//! 5. Signature value, by the signer's key over the content.
//! 6. Trusted root. G: a path of certificates to one of its authorities, and logs that it knows.
//! 7. Evidence, by the crate: SCT, promises, proofs, checkpoints, time stamps, and that each entry is about this signature
//!    (CVE-2022-36056).
//! 8. Times: at least one for a certificate; G: none after now, which is passed in.
//! 9. Validity. G: certificate, every CA above it, the keys of the logs, and time stamp authorities, at every time.
//!
//! A certificate is judged under each named root, and valid where all holds under one of them; which, and what vouches there, is in
//! [`Proof`]. A key is valid by itself; what logs and authorities add is in the proofs again. What of that is asked for, is the policy's.

mod artifact;
mod bundle;
mod certificate;
mod chain;
pub mod claims;
mod failure;
mod judge;
mod key;
mod legacy;
mod log;
mod party;
pub mod provenance;
mod reading;
mod root;
mod stamp;
mod statement;
mod steps;
mod under;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use self::artifact::Artifact;
use self::judge::Court;
use super::{Candidate, JudgedSignature, Scheme, Signatures, SignedTarget, TrustAnchors};
use crate::model::attachment::{Attachment, AttachmentForm, Attachments, TargetRole};
use crate::model::digest::{ClaimedDigest, Digest};
use crate::model::observed::Observed;
use crate::unpack::Limits;
use crate::unpack::image::SmallBlob;

pub use artifact::Bytes;
pub use key::KeyError;
pub use root::{GITHUB, PUBLIC_GOOD, RootError, shipped, staging};

/// The scheme's name.
pub const NAME: &str = "sigstore";

/// What a signature of this scheme leaves open.
pub const DOES_NOT_BIND: &[&str] = &[
    "the artifact's name, tag and place: `docker-reference` and subject names say where it was",
    "that the identity or key was not misused: Sigstore knows no revocation",
    "by a key without log or time stamp: when it was signed",
];

/// The scheme.
pub struct Sigstore;

impl Scheme for Sigstore {
    fn name(&self) -> &'static str {
        NAME
    }

    fn describe(&self) -> &'static str {
        "Sigstore bundles and cosign signatures beside an artifact, verified offline"
    }

    fn does_not_bind(&self) -> &'static [&'static str] {
        DOES_NOT_BIND
    }

    fn source(&self) -> &'static str {
        "Sigstore's client specification and protobuf-specs, verified with sigstore-verify 0.15.1; cosign's SIGNATURE_SPEC."
    }

    fn examine(&self, artifact: &Candidate<'_>, beside: &Attachments, trust: &TrustAnchors, now: Timestamp, limits: &Limits) -> Signatures {
        if beside.found.is_empty() {
            return Observed::Absent;
        }
        let court = Court::new(trust, now);
        // The hashes that some signatures ask for beside the SHA-256 are made once, or hundreds of signatures that hold nothing would have a
        // large zip read hundreds of times.
        let mut zips: BTreeMap<Digest, Artifact<'_>> = BTreeMap::new();
        let judged: Vec<JudgedSignature> = beside
            .found
            .iter()
            .filter_map(|attachment| match artifact {
                Candidate::Zip { index, .. } if attachment.target.role == TargetRole::Itself => {
                    let Attachment { location, target, form } = attachment;
                    let zip = zips.entry(target.digest).or_insert_with(|| Artifact::new(target.digest, Bytes::File(index.path())));
                    court.judge_form(location, form, zip, SignedTarget::beside(target.digest, target.role))
                }
                Candidate::Image { layout, .. } => {
                    let digest = ClaimedDigest::from(attachment.target.digest);
                    match layout.small_blob(&digest, limits) {
                        Ok(SmallBlob::Bytes(bytes)) => court.judge(attachment, Bytes::Here(&bytes)),
                        Ok(SmallBlob::Missing | SmallBlob::Refused(_)) | Err(_) => court.judge(attachment, Bytes::Unknown),
                    }
                }
                Candidate::Zip { .. } | Candidate::Other => court.judge(attachment, Bytes::Unknown),
            })
            .collect();
        if judged.is_empty() { Observed::Absent } else { Observed::Present(judged) }
    }
}

/// Judges one attachment by itself; `None` where it is of a form that is not this scheme's. `bytes` is the target, where it is at hand.
pub fn judge(attachment: &Attachment, bytes: Bytes<'_>, trust: &TrustAnchors, now: Timestamp) -> Option<JudgedSignature> {
    Court::new(trust, now).judge(attachment, bytes)
}

/// Judges a bundle about an artifact of which only a digest was given, which is then the caller's word: the basis names no digest that this
/// process computed, and no policy takes it. For `verify-bundle`.
pub fn judge_digest(
    location: &str,
    form: &AttachmentForm,
    digest: ClaimedDigest,
    trust: &TrustAnchors,
    now: Timestamp,
) -> Option<JudgedSignature> {
    Court::new(trust, now).judge_form(location, form, &Artifact::claimed(digest)?, SignedTarget { digest: None, index_above: false })
}

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

impl Claim {
    /// Its text; `None` where it cannot be read.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Malformed => None,
        }
    }
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

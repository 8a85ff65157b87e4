//! Stage 4a: signatures are found and judged. One file or folder per scheme; nothing here applies a policy.
//!
//! Only this module can make a [`Verified`]:
//!
//! ```compile_fail,E0451
//! fn forge(basis: layerproof::signature::Basis) -> layerproof::signature::Verified {
//!     layerproof::signature::Verified { basis }
//! }
//! ```

pub mod trust;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::arn::SigningProfileArn;
use crate::model::gap::Gap;
use crate::model::observed::Observed;

pub use trust::{Anchor, TrustAnchors};

/// A signature that was found, what it says of itself, and what came of judging it.
#[derive(Debug, Clone, Serialize)]
pub struct JudgedSignature {
    /// The scheme's name: `aws-signer`.
    pub scheme: &'static str,
    /// Where it was found: the entry's name, a tag, a digest. Print through `printable`.
    pub location: String,
    /// What the signature says of itself, believed or not. For people; decisions use [`Verified`].
    pub presented: Presented,
    /// The judgement.
    pub outcome: Outcome,
    /// The verifier's numbered steps with expected and presented values, as `inspect --explain-signature` shows them.
    pub steps: Vec<Step>,
    /// What a signature of this scheme does not bind, one phrase each.
    pub does_not_bind: &'static [&'static str],
}

/// What came of judging a signature.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "value")]
pub enum Outcome {
    /// Integrity and chain hold, up to at least one named anchor.
    Valid(Verified),
    /// It does not hold.
    Invalid(Rejection),
    /// It could not be judged.
    Inconclusive(Undetermined),
}

/// Why a signature could not be judged.
#[derive(Debug, Clone, Serialize)]
pub struct Undetermined {
    /// What is missing.
    pub gap: Gap,
    /// True only where chain and identity were verified all the same; only then may it count under `any` (DESIGN §4 rule 5).
    pub chain_and_identity_verified: bool,
}

/// Proof that a signature over the bytes that this process hashed holds, up to named anchors. Only `signature/` can make one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    basis: Basis,
}

impl Verified {
    /// For the schemes below this module only.
    pub(in crate::signature) fn new(basis: Basis) -> Self {
        Self { basis }
    }

    /// On what the verification rests.
    pub fn basis(&self) -> &Basis {
        &self.basis
    }
}

/// On what a verification rests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Basis {
    /// The scheme's name.
    pub scheme: &'static str,
    /// Names of the anchors (see [`TrustAnchors`]) that the chain ends at. Never empty.
    pub anchors: Vec<String>,
    /// The signer.
    pub identity: SignerIdentity,
    /// The signing time that the chain was judged at. For AWS Signer it is the signer's own word.
    pub signed_at: Timestamp,
    /// When the signature says that it expires. Judged by the policy at its level, against `now`.
    pub expires_at: Option<Timestamp>,
    /// Identifies this signature among others: SHA-256 of the signature value, lower-case hexadecimal.
    pub signature_id: String,
    /// Certificate hashes as AWS Signer's GetRevocationStatus takes them (hex SHA-384 of the TBS, and of the parent's), leaf first.
    pub certificate_hashes: Vec<String>,
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "scheme")]
pub enum SignerIdentity {
    /// AWS Signer: the signed attributes of the CMS.
    AwsSigner {
        /// Signing profile version ARN.
        profile_version: SigningProfileArn,
        /// Signing job ARN, as given.
        job_arn: String,
    },
}

impl SignerIdentity {
    /// Two signatures by the same signer count once under `all` and `at_least`.
    pub fn signer_key(&self) -> String {
        match self {
            Self::AwsSigner { profile_version, .. } => profile_version.to_string(),
        }
    }
}

/// What a signature says of itself, in text, as far as it could be read. Unverified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Presented {
    /// Signing profile version ARN.
    pub profile_version_arn: Option<String>,
    /// Signing job ARN.
    pub job_arn: Option<String>,
    /// Signing time.
    pub signed_at: Option<Timestamp>,
    /// Expiry.
    pub expires_at: Option<Timestamp>,
    /// The chain, leaf first: `SUBJECT (SHA-256 …)`.
    pub chain: Vec<String>,
}

/// One numbered step of a verifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Number as in the verifier's documentation.
    pub number: u32,
    /// What is checked.
    pub title: &'static str,
    /// What must be there.
    pub expected: String,
    /// What is there. Untrusted: print through `printable`.
    pub presented: String,
    /// What came of it.
    pub result: StepResult,
}

/// The result of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepResult {
    /// Holds.
    Ok,
    /// Does not hold; the signature is rejected.
    Failed,
    /// Could not be judged.
    Unknown,
    /// Not reached, since an earlier step failed.
    NotReached,
}

/// Why a signature was rejected. Facts with fields; print untrusted text through `printable`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum Rejection {
    /// The archive can be read in more than one way, or not fully, so no signature over it says what Lambda loads.
    #[error("the archive is ambiguous: {what}")]
    AmbiguousArchive {
        /// Which anomaly, where.
        what: String,
    },
    /// More than one signature file.
    #[error("{count} signature files; exactly one is allowed")]
    SeveralSignatures {
        /// How many.
        count: usize,
    },
    /// An entry stands after the signature file.
    #[error("the entry `{entry}` stands after the signature file")]
    EntryAfterSignature {
        /// Its name.
        entry: String,
    },
    /// The signature file or a structure in it is not of the form that the format asks for.
    #[error("{part} is malformed: {detail}")]
    Malformed {
        /// `PEM`, `CMS`, `signed attribute …`, `certificate N`.
        part: String,
        /// What is wrong.
        detail: String,
    },
    /// An algorithm other than the format's.
    #[error("{part} uses {presented}; the format allows only {expected}")]
    Algorithm {
        /// Where.
        part: String,
        /// What the format allows.
        expected: String,
        /// What stands there.
        presented: String,
    },
    /// The content does not have the digest that was signed: something was changed after signing.
    #[error("the content's digest is {presented}, but {expected} was signed")]
    ContentDigest {
        /// Signed, hexadecimal.
        expected: String,
        /// Computed, hexadecimal.
        presented: String,
    },
    /// The signature value does not verify with the leaf's key.
    #[error("the signature does not verify with the signer's key")]
    BadSignature,
    /// The chain does not hold.
    #[error("the certificate chain does not hold: {detail}")]
    Chain {
        /// Which certificate, and what about it.
        detail: String,
    },
    /// A certificate was not valid at signing time.
    #[error("certificate `{certificate}` was not valid at the signing time {signed_at}: valid {not_before} to {not_after}")]
    CertificateValidity {
        /// Subject.
        certificate: String,
        /// Signing time.
        signed_at: Timestamp,
        /// Start of validity.
        not_before: Timestamp,
        /// End of validity.
        not_after: Timestamp,
    },
    /// The chain ends at a root that no anchor names.
    #[error("the chain ends at `{root}` (SHA-256 {fingerprint}), which is not among the trust anchors {anchors:?}")]
    UntrustedRoot {
        /// Subject of the root presented.
        root: String,
        /// SHA-256 of its DER, hexadecimal.
        fingerprint: String,
        /// Names of the anchors asked for.
        anchors: Vec<String>,
    },
    /// The signing time lies in the future.
    #[error("the signing time {signed_at} lies after now, {now}")]
    FromTheFuture {
        /// Signing time.
        signed_at: Timestamp,
        /// Time of verification.
        now: Timestamp,
    },
}

impl Rejection {
    /// True where the content or the signature itself does not hold (tampering), not merely who signed or when.
    pub fn is_integrity(&self) -> bool {
        match self {
            Self::AmbiguousArchive { .. }
            | Self::SeveralSignatures { .. }
            | Self::EntryAfterSignature { .. }
            | Self::Malformed { .. }
            | Self::Algorithm { .. }
            | Self::ContentDigest { .. }
            | Self::BadSignature => true,
            Self::Chain { .. } | Self::CertificateValidity { .. } | Self::UntrustedRoot { .. } | Self::FromTheFuture { .. } => false,
        }
    }
}

/// What all schemes together found on one artifact: `Absent` only where every scheme looked and found nothing.
pub type Signatures = Observed<Vec<JudgedSignature>>;

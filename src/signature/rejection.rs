//! Why a signature does not hold.

use jiff::Timestamp;
use serde::Serialize;

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
    #[error("the chain ends at `{root}` (SHA-256 {fingerprint}), which is not among the trust anchors {}", .anchors.join(", "))]
    UntrustedRoot {
        /// Subject of the root presented.
        root: String,
        /// SHA-256 of its DER, hexadecimal.
        fingerprint: String,
        /// Names of the anchors asked for.
        anchors: Vec<String>,
    },
    /// The chain of an AWS Signer signature ends at a root that no anchor names, and says that it is of a partition whose root nobody has
    /// told layerproof (DESIGN §4 rule 9).
    #[error(
        "the chain ends at `{root}` (SHA-256 {fingerprint}), which is not among the trust anchors, and claims to be of partition {partition}: \
         the root of AWS Signer there is not known to layerproof. Get it from AWS, not from this file, and pin it under `roots:`"
    )]
    UnknownPartitionRoot {
        /// The partition in the ARN of the signing profile, unverified.
        partition: String,
        /// Subject of the root presented.
        root: String,
        /// SHA-256 of its DER, hexadecimal.
        fingerprint: String,
    },
    /// The anchors that the chain ends at were pinned for other accounts (DESIGN §4 rule 9).
    #[error("the signing profile is of account {account}, but the anchors {} were pinned for {}", .anchors.join(", "), .allowed.join(", "))]
    AccountNotVouched {
        /// Account of the signing profile.
        account: String,
        /// Names of the anchors that match the root.
        anchors: Vec<String>,
        /// The accounts that they were pinned for.
        allowed: Vec<String>,
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
            Self::Chain { .. }
            | Self::CertificateValidity { .. }
            | Self::UntrustedRoot { .. }
            | Self::UnknownPartitionRoot { .. }
            | Self::AccountNotVouched { .. }
            | Self::FromTheFuture { .. } => false,
        }
    }
}

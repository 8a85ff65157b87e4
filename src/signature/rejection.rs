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
    #[error("the chain ends at `{root}` (SHA-256 {fingerprint}), {}", unlisted(.anchors))]
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
    // Notary Project.
    /// The signature is of another artifact than the one that it stands beside.
    #[error("it signs another artifact: the {field} signed is {expected}, that of the artifact {presented}")]
    OtherArtifact {
        /// `digest`, `size` or `media type`.
        field: &'static str,
        /// As signed.
        expected: String,
        /// Of the artifact.
        presented: String,
    },
    /// A header names another algorithm than the one that the signer's key calls for (algorithm substitution).
    #[error("the header names the algorithm {presented}, but a signer's key of {key} calls for {expected}")]
    AlgorithmOfOtherKey {
        /// What the key is.
        key: String,
        /// The algorithm that it calls for.
        expected: String,
        /// The algorithm in the header.
        presented: String,
    },
    /// A header that must be listed as critical is not.
    #[error("the header `{name}` is not listed as critical")]
    HeaderNotCritical {
        /// Its name.
        name: String,
    },
    /// A header is listed as critical and is not there.
    #[error("the header `{name}` is listed as critical and is not there")]
    CriticalHeaderAbsent {
        /// Its name.
        name: String,
    },
    /// A critical header is not understood, and so what it may restrict.
    #[error("the critical header `{name}` is not understood")]
    UnknownCriticalHeader {
        /// Its name.
        name: String,
    },
    /// The signing scheme is none that there is.
    #[error("the signing scheme `{presented}` is not known")]
    UnknownSigningScheme {
        /// As signed.
        presented: String,
    },
    /// The certificates of the envelope are not one complete chain in order.
    #[error("the certificates are not one chain from the signer to a root: {detail}")]
    ChainIncomplete {
        /// Which certificate, and what about it.
        detail: String,
    },
    /// A certificate breaks a rule of the format.
    #[error("the certificate `{certificate}` {rule}")]
    CertificateRule {
        /// Subject.
        certificate: String,
        /// What is wrong, to be read after the subject.
        rule: String,
    },
    /// A check of the verification plugin that the signer demands, and that is built in, does not hold.
    #[error("a check of the plugin {plugin} does not hold: {detail}")]
    PluginRule {
        /// The plugin's name.
        plugin: String,
        /// What is wrong.
        detail: String,
    },
    // End of Notary Project.
    /// The signing time lies in the future.
    #[error("the signing time {signed_at} lies after now, {now}")]
    FromTheFuture {
        /// Signing time.
        signed_at: Timestamp,
        /// Time of verification.
        now: Timestamp,
    },
    /// More than a limit allows.
    #[error("{what}: more than {limit}")]
    Limit {
        /// What there is too much of: `bytes of the bundle`, `log entries`.
        what: String,
        /// The limit.
        limit: u64,
    },
    /// A bundle's content is not what the version that it claims to have allows (Sigstore).
    #[error("the content does not fit the claimed version {claimed}: {detail}")]
    Version {
        /// Media type.
        claimed: String,
        /// What does not fit.
        detail: String,
    },
    /// A log entry is about another signature, key or artifact (Sigstore).
    #[error("the log entry is not about this signature: {detail}")]
    LogEntry {
        /// What differs.
        detail: String,
    },
    /// The log's promise, checkpoint or proof of inclusion does not hold, or is not there (Sigstore).
    #[error("the transparency log does not vouch for the signature: {detail}")]
    LogProof {
        /// Which part, and what about it.
        detail: String,
    },
    /// The entry is of a log that no named root knows (Sigstore).
    #[error("the log entry is of the log {log}, which is not among those of {}", .anchors.join(", "))]
    UnknownLog {
        /// Log id, lower-case hexadecimal.
        log: String,
        /// Names of the roots asked for.
        anchors: Vec<String>,
    },
    /// No log and no time stamp authority states when it was signed (Sigstore).
    #[error("nobody vouches for the signing time: {detail}")]
    NoSigningTime {
        /// What is missing.
        detail: String,
    },
    /// A time stamp (RFC 3161) does not hold.
    #[error("a time stamp does not hold: {detail}")]
    TimeStamp {
        /// What is wrong.
        detail: String,
    },
    /// A certificate, key or authority was used outside of its validity at a time that is vouched for (Sigstore).
    #[error("{what} was not valid at {at}{}", window(.not_before, .not_after))]
    OutsideValidity {
        /// ``the certificate `…` ``, `the log …`.
        what: String,
        /// The time.
        at: Timestamp,
        /// Start of validity.
        not_before: Option<Timestamp>,
        /// End of validity.
        not_after: Option<Timestamp>,
    },
    /// No CT log of the root vouches for the certificate (Sigstore).
    #[error("no certificate transparency log vouches for the certificate: {detail}")]
    CertificateTransparency {
        /// What is wrong.
        detail: String,
    },
    /// None of the named keys made the signature.
    #[error("{}", other_key(.hint, .anchors))]
    OtherKey {
        /// What the signature says of its key, possibly nothing.
        hint: String,
        /// Names of the keys asked for.
        anchors: Vec<String>,
    },
}

/// What is said of a root that no anchor names: with no anchor to compare with, there is no list either.
fn unlisted(anchors: &[String]) -> String {
    match anchors {
        [] => "and no trust anchor of its kind is named".to_owned(),
        anchors => format!("which is not among the trust anchors {}", anchors.join(", ")),
    }
}

/// What is said of a signature by a key that is none of those named; the hint is the signer's own word.
fn other_key(hint: &str, anchors: &[String]) -> String {
    let hint = if hint.is_empty() { String::new() } else { format!("the signature hints at `{hint}`") };
    match (anchors, hint.as_str()) {
        ([], "") => "it was made by a key, and no key is named to verify it with".to_owned(),
        ([], hint) => format!("it was made by a key, and no key is named to verify it with ({hint})"),
        (anchors, "") => format!("none of the named keys made the signature (named: {})", anchors.join(", ")),
        (anchors, hint) => format!("none of the named keys made the signature (named: {}; {hint})", anchors.join(", ")),
    }
}

fn window(not_before: &Option<Timestamp>, not_after: &Option<Timestamp>) -> String {
    match (not_before, not_after) {
        (Some(start), Some(end)) => format!(": valid {start} to {end}"),
        (Some(start), None) => format!(": valid from {start}"),
        (None, Some(end)) => format!(": valid until {end}"),
        (None, None) => String::new(),
    }
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
            // The chain of an envelope belongs to integrity in the Notary Project's table of levels: notation judges it there.
            | Self::OtherArtifact { .. }
            | Self::AlgorithmOfOtherKey { .. }
            | Self::HeaderNotCritical { .. }
            | Self::CriticalHeaderAbsent { .. }
            | Self::UnknownCriticalHeader { .. }
            | Self::UnknownSigningScheme { .. }
            | Self::ChainIncomplete { .. }
            | Self::CertificateRule { .. }
            | Self::PluginRule { .. }
            | Self::BadSignature
            | Self::Limit { .. }
            | Self::Version { .. }
            | Self::LogEntry { .. }
            | Self::LogProof { .. }
            // For Sigstore, certificate time, log and SCT belong to integrity at every level (DESIGN §4 rule 6).
            | Self::NoSigningTime { .. }
            | Self::TimeStamp { .. }
            | Self::OutsideValidity { .. }
            | Self::CertificateTransparency { .. } => true,
            Self::Chain { .. }
            | Self::CertificateValidity { .. }
            | Self::UntrustedRoot { .. }
            | Self::UnknownPartitionRoot { .. }
            | Self::AccountNotVouched { .. }
            | Self::FromTheFuture { .. }
            | Self::UnknownLog { .. }
            | Self::OtherKey { .. } => false,
        }
    }
}

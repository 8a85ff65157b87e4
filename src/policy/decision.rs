//! What came of applying a policy.

use serde::Serialize;

use crate::model::artifact::Subject;
use crate::model::digest::Digest;

/// The decision on one subject: an artifact, a function version as a whole, or an alias.
#[derive(Debug, Clone, Serialize)]
pub struct Decision {
    /// What it is about.
    pub subject: DecisionSubject,
    /// Digest of the artifact's bytes, where it is an artifact and the bytes were had.
    pub digest: Option<Digest>,
    /// The decision.
    pub verdict: Verdict,
    /// Every statement that was applied, with what came of it.
    pub statements: Vec<StatementResult>,
    /// Why, most important first. Never empty unless Trusted.
    pub reasons: Vec<Reason>,
    /// What the signatures that it rests on do not bind; for reports.
    pub does_not_bind: Vec<String>,
    /// The signatures and attestations by which its statements were met, and what each was verified over; sorted.
    pub rests_on: Vec<Support>,
}

/// A signature or attestation by which a statement was met.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Support {
    /// The scheme's name.
    pub scheme: &'static str,
    /// Where it was found, safe to print.
    pub location: String,
    /// Who signed, safe to print.
    pub signer: String,
    /// SHA-256 of what was signed, computed by this process: the artifact's own, or that of an index above it.
    pub digest: Option<Digest>,
    /// True where an index was signed that lists the artifact, and not the artifact itself.
    pub index_above: bool,
    /// Of an attestation.
    pub predicate_type: Option<String>,
}

/// What a decision is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "name")]
pub enum DecisionSubject {
    /// One artifact: a function version's own code, a layer version, an image or a file.
    Artifact(Subject),
    /// A function version with its code (or image) and all its layers: Trusted only if each of them is (rule 7).
    FunctionVersion(String),
    /// An alias: Trusted only if every version that it routes to is.
    Alias(String),
}

impl DecisionSubject {
    /// `artifact`, `function-version` or `alias`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Artifact(_) => "artifact",
            Self::FunctionVersion(_) => "function-version",
            Self::Alias(_) => "alias",
        }
    }

    /// The name, safe to print.
    pub fn name(&self) -> String {
        match self {
            Self::Artifact(subject) => subject.to_string(),
            Self::FunctionVersion(name) | Self::Alias(name) => name.clone(),
        }
    }
}

/// The decision itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All that the policy asks for was verified.
    Trusted,
    /// A statement at level `audit` or `skip` exempts it. Never the same as Trusted.
    Exempt,
    /// Evidence could not be had.
    Undecided,
    /// No statement of the policy is about it. A refusal.
    NoStatement,
    /// The policy refuses it.
    Refused,
}

impl Verdict {
    /// `trusted`, `exempt`, `undecided`, `no-statement`, `refused`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Exempt => "exempt",
            Self::Undecided => "undecided",
            Self::NoStatement => "no-statement",
            Self::Refused => "refused",
        }
    }
}

/// What came of one statement.
#[derive(Debug, Clone, Serialize)]
pub struct StatementResult {
    /// Its name.
    pub name: String,
    /// The policy file as given.
    pub file: String,
    /// Line of the statement, from 1.
    pub line: usize,
    /// Its level.
    pub level: &'static str,
    /// What it decided for this subject.
    pub verdict: Verdict,
    /// What was logged but not enforced at this level.
    pub logged: Vec<String>,
}

/// Why a decision is not Trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// For machines and checks.
    pub code: ReasonCode,
    /// One sentence, safe to print.
    pub text: String,
    /// The statement that it comes from, where there is one.
    pub statement: Option<String>,
    /// True where the artifact's author can bring this Undecided about; `--allow-incomplete` then does not forgive it.
    pub author_can_cause: bool,
}

/// Codes of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReasonCode {
    /// No statement matches.
    NoStatement,
    /// The bytes are not the ones that the API claims.
    BytesNotClaimed,
    /// No signature of a scheme that the statement asks for.
    Unsigned,
    /// A signature is there and does not hold.
    SignatureInvalid,
    /// It holds, but up to another root.
    UntrustedRoot,
    /// It holds, but the signer is not the one asked for.
    UntrustedIdentity,
    /// It holds and is by the signer asked for, but a claim of the certificate or an annotation is not the one asked for, absent or
    /// malformed.
    ClaimMismatch,
    /// No transparency log, or no CT log, vouches for it as asked.
    NoTransparency,
    /// A trusted time is asked for, and nobody who counts states one.
    TimestampMissing,
    /// Certificate or key were used outside of their validity.
    OutsideValidity,
    /// No attestation of the type asked for.
    AttestationMissing,
    /// An attestation is by the signer asked for, and does not say what is asked for.
    PredicateMismatch,
    /// It has expired.
    Expired,
    /// The archive can be read in more than one way.
    AmbiguousArchive,
    /// An entry that the signature does not bind and that `strict` refuses: a symbolic link, or setuid.
    UnboundMetadata,
    /// The API's ARNs and the signature's disagree.
    ServiceDisagrees,
    /// Fewer distinct signers than asked for.
    ThresholdNotMet,
    /// The bytes could not be had.
    NoBytes,
    /// The signature, its job, its profile or a certificate was revoked.
    Revoked,
    /// Revocation is enforced and could not be checked.
    RevocationUnknown,
    /// A scheme or feature that this version does not have.
    NotBuilt,
    /// A signature of an unconfirmed form.
    Unconfirmed,
    /// AWS's own statement can't count here (rule 8).
    ServiceStatementNotUsable,
    /// A part of a function version or alias is not trusted.
    PartNotTrusted,
    /// The statement's level exempts it.
    Exempted,
}

//! What the matching of signatures and authorities needs to know of one signature.

use super::cause::{Cause, Weight};
use crate::model::artifact::ServiceSigning;
use crate::model::digest::Digest;
use crate::model::gap::{Gap, GapReason};
use crate::model::printable::printable;
use crate::policy::decision::{ReasonCode, Support};
use crate::signature::{Basis, JudgedSignature, Outcome, Rejection, SignerIdentity};

/// The scheme of AWS Signer inside zips.
pub(super) const AWS_SIGNER: &str = "aws-signer";

/// A signature, as far as a policy cares.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) scheme: &'static str,
    pub(super) location: String,
    pub(super) judged: Judged,
    pub(super) does_not_bind: &'static [&'static str],
}

/// What came of judging it.
#[derive(Debug, Clone)]
pub(super) enum Judged {
    /// It holds, up to these anchors.
    Valid(Box<Holding>),
    /// It does not.
    Invalid(Cause),
    /// It could not be judged.
    Undetermined(Cause),
}

/// A signature that holds.
#[derive(Debug, Clone)]
pub(super) struct Holding {
    pub(super) basis: Basis,
    pub(super) signer_key: String,
}

impl Candidate {
    pub(super) fn of(signature: &JudgedSignature) -> Self {
        let location = printable(&signature.location).into_owned();
        let judged = match &signature.outcome {
            Outcome::Valid(verified) => {
                let basis = verified.basis();
                Judged::Valid(Box::new(Holding { signer_key: basis.identity.signer_key(), basis: basis.clone() }))
            }
            Outcome::Invalid(rejection) => Judged::Invalid(rejected(rejection, &location)),
            // `chain_and_identity_verified` says that there is an identity, but not whose: without it the signature cannot be told
            // from a stranger's, so it never lifts a refusal here.
            Outcome::Inconclusive(undetermined) => Judged::Undetermined(undetermined_gap(&undetermined.gap, &location)),
        };
        Self { scheme: signature.scheme, location, judged, does_not_bind: signature.does_not_bind }
    }
}

impl Candidate {
    /// What a decision that rests on it says of it; `None` where it does not hold. `artifact` is what was signed where the signature is
    /// inside the artifact.
    pub(super) fn support(&self, artifact: Option<Digest>) -> Option<Support> {
        let Judged::Valid(holding) = &self.judged else { return None };
        let basis = &holding.basis;
        Some(Support {
            scheme: self.scheme,
            location: self.location.clone(),
            signer: printable(&basis.identity.describe()).into_owned(),
            digest: basis.target.digest.or(artifact),
            index_above: basis.target.index_above,
            predicate_type: basis.statement.as_ref().map(|statement| printable(&statement.predicate_type).into_owned()),
        })
    }
}

impl Holding {
    /// What the API's answer states otherwise than the signature does (SIG018); `None` where it states nothing else.
    pub(super) fn disagreement(&self, signing: &ServiceSigning) -> Option<String> {
        // Signatures that stand beside an artifact are not what AWS speaks of.
        let SignerIdentity::AwsSigner { profile_version, job_arn } = &self.basis.identity else { return None };
        let profile = profile_version.to_string();
        let differs = |stated: &Option<String>, signed: &str| stated.as_deref().is_some_and(|stated| stated != signed);
        if differs(&signing.profile_version_arn, &profile) {
            let stated = signing.profile_version_arn.as_deref().unwrap_or("");
            return Some(format!("AWS states the profile version {}, the signature {profile}", printable(stated)));
        }
        if differs(&signing.job_arn, job_arn) {
            let stated = signing.job_arn.as_deref().unwrap_or("");
            return Some(format!("AWS states the job {}, the signature {}", printable(stated), printable(job_arn)));
        }
        None
    }
}

fn rejected(rejection: &Rejection, location: &str) -> Cause {
    let code = match rejection {
        Rejection::AmbiguousArchive { .. } => ReasonCode::AmbiguousArchive,
        Rejection::UntrustedRoot { .. }
        | Rejection::UnknownPartitionRoot { .. }
        | Rejection::AccountNotVouched { .. }
        | Rejection::UnknownLog { .. }
        | Rejection::OtherKey { .. } => ReasonCode::UntrustedRoot,
        Rejection::SeveralSignatures { .. }
        | Rejection::EntryAfterSignature { .. }
        | Rejection::Malformed { .. }
        | Rejection::Algorithm { .. }
        | Rejection::ContentDigest { .. }
        | Rejection::OtherArtifact { .. }
        | Rejection::AlgorithmOfOtherKey { .. }
        | Rejection::HeaderNotCritical { .. }
        | Rejection::CriticalHeaderAbsent { .. }
        | Rejection::UnknownCriticalHeader { .. }
        | Rejection::UnknownSigningScheme { .. }
        | Rejection::ChainIncomplete { .. }
        | Rejection::CertificateRule { .. }
        | Rejection::PluginRule { .. }
        | Rejection::BadSignature
        | Rejection::Chain { .. }
        | Rejection::CertificateValidity { .. }
        | Rejection::FromTheFuture { .. }
        | Rejection::Limit { .. }
        | Rejection::Version { .. }
        | Rejection::LogEntry { .. }
        | Rejection::LogProof { .. }
        | Rejection::NoSigningTime { .. }
        | Rejection::TimeStamp { .. }
        | Rejection::OutsideValidity { .. }
        | Rejection::CertificateTransparency { .. } => ReasonCode::SignatureInvalid,
    };
    let cause = Cause::refuse(code, format!("the signature in `{location}` does not hold: {}", printable(&rejection.to_string())));
    if rejection.is_integrity() { cause } else { cause.about_authenticity() }
}

/// DESIGN §4 rule 5: what the author can cause is refused. A signature file of an unconfirmed form is the exception: it may well be
/// an honest one that we cannot read, so it is Undecided, and not forgivable.
pub(super) fn undetermined_gap(gap: &Gap, location: &str) -> Cause {
    let text = if location.is_empty() { gap.to_string() } else { format!("the signature in `{location}` could not be judged: {gap}") };
    let code = match &gap.reason {
        GapReason::Unconfirmed => ReasonCode::Unconfirmed,
        GapReason::NotBuilt => ReasonCode::NotBuilt,
        GapReason::TooLarge { .. } | GapReason::Malformed => ReasonCode::AmbiguousArchive,
        GapReason::Denied { .. }
        | GapReason::Deleted
        | GapReason::Throttled
        | GapReason::NotRecorded
        | GapReason::Unreachable
        | GapReason::Unresolved
        | GapReason::NoSuchFile
        | GapReason::ServiceError { .. } => ReasonCode::NoBytes,
    };
    // That a scheme is not built says nothing of the bytes; anything else may hide a signature that does not hold.
    let authenticity = code == ReasonCode::NotBuilt;
    let cause = Cause { weight: Weight::Undecided, code, text, authenticity, author_can_cause: gap.author_can_cause() };
    if gap.author_can_cause() && code != ReasonCode::Unconfirmed { Cause { weight: Weight::Refused, ..cause } } else { cause }
}

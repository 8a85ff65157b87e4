//! What the crate says, as facts of ours. Once the steps before it hold, a mismatch that it finds is one of the log entry.

use sigstore_verify::bundle::Error as BundleError;
use sigstore_verify::{CertificateError, Error, TimestampError, TransparencyLogError};

use super::reading::malformed;
use crate::signature::Rejection;

/// Why the crate refused.
pub(super) fn rejection_of(error: &Error) -> Rejection {
    match error {
        Error::SignatureInvalid(_) => Rejection::BadSignature,
        Error::ArtifactMismatch(detail) => Rejection::LogEntry { detail: detail.clone() },
        Error::UnsupportedArtifact(detail) | Error::UnsupportedBundle(detail) => Rejection::Algorithm {
            part: "the signature or its log entry".into(),
            expected: "what the verifier supports".into(),
            presented: detail.clone(),
        },
        Error::Certificate(error) => certificate(error),
        Error::TransparencyLog(error) => log(error),
        Error::Timestamp(error) => timestamp(error),
        Error::Bundle(error) => structure(error),
        other => malformed("the bundle", other.to_string()),
    }
}

fn certificate(error: &CertificateError) -> Rejection {
    let outside = |what: &str, at, not_before, not_after| Rejection::OutsideValidity { what: what.into(), at, not_before, not_after };
    match error {
        CertificateError::ChainInvalid(detail) => Rejection::Chain { detail: detail.clone() },
        CertificateError::NoValidAuthority { time } => outside("every certificate authority of the root", *time, None, None),
        CertificateError::NotYetValid { time, not_before } => outside("the signer's certificate", *time, Some(*not_before), None),
        CertificateError::Expired { time, not_after } => outside("the signer's certificate", *time, None, Some(*not_after)),
        CertificateError::Sct(detail) => Rejection::CertificateTransparency { detail: detail.clone() },
        other => malformed("the signer's certificate", other.to_string()),
    }
}

fn log(error: &TransparencyLogError) -> Rejection {
    match error {
        TransparencyLogError::UnknownLog { log_id } => Rejection::UnknownLog { log: log_id.clone(), anchors: Vec::new() },
        TransparencyLogError::InclusionProof(detail)
        | TransparencyLogError::Checkpoint(detail)
        | TransparencyLogError::InclusionPromise(detail) => Rejection::LogProof { detail: detail.clone() },
        TransparencyLogError::EntryMismatch(detail) | TransparencyLogError::IntegratedTime(detail) => {
            Rejection::LogEntry { detail: detail.clone() }
        }
        other => malformed("the log entry", other.to_string()),
    }
}

fn timestamp(error: &TimestampError) -> Rejection {
    match error {
        TimestampError::OutsideAuthorityValidity { time } => Rejection::OutsideValidity {
            what: "the time stamp authority that made a time stamp".into(),
            at: *time,
            not_before: None,
            not_after: None,
        },
        TimestampError::NoVerifiedTimestamp(detail) => Rejection::NoSigningTime { detail: detail.clone() },
        other => Rejection::TimeStamp { detail: other.to_string() },
    }
}

fn structure(error: &BundleError) -> Rejection {
    match error {
        BundleError::MissingSigningTimeEvidence | BundleError::MissingTimestamp => Rejection::NoSigningTime { detail: error.to_string() },
        BundleError::UnsupportedMediaType(_)
        | BundleError::CertificateChainNotAllowed(_)
        | BundleError::UnsupportedVerificationMaterial => malformed("the bundle", error.to_string()),
        other => Rejection::LogProof { detail: other.to_string() },
    }
}

//! Artifacts: bytes, contents, signatures, and what AWS states of them.

use jiff::Timestamp;
use serde::Serialize;

use super::GapDocument;
use super::identity::IdentityDocument;
use super::verdicts::{DigestDocument, SubjectDocument};
use crate::evidence::{Artifact, Attested, Blob};
use crate::model::observed::Observed;
use crate::signature::{Basis, JudgedSignature, Outcome, Presented, Rejection, SignedTarget, Step, StepResult, TimeSource};
use crate::store::Integrity;
use crate::unpack::{Anomaly, AnomalyKind, Contents, Format};

/// The most anomalies that are listed of one artifact; `anomaly_count` has them all.
pub(super) const MAX_ANOMALIES: usize = 1_000;

#[derive(Serialize)]
pub(super) struct ArtifactDocument<'a> {
    subject: SubjectDocument,
    claimed_digest: Option<DigestDocument>,
    claimed_size: Option<u64>,
    bytes: Seen<'a, BytesDocument>,
    integrity: IntegrityDocument,
    contents: Seen<'a, ContentsDocument<'a>>,
    signatures: Seen<'a, Vec<SignatureDocument<'a>>>,
    attested: AttestedDocument<'a>,
}

impl<'a> ArtifactDocument<'a> {
    pub(super) fn of(artifact: &'a Artifact, verbosity: u8) -> Self {
        Self {
            subject: (&artifact.subject).into(),
            claimed_digest: artifact.claimed.map(Into::into),
            claimed_size: artifact.claimed_size,
            bytes: Seen::of(&artifact.blob, |blob| (*blob).into()),
            integrity: artifact.integrity.into(),
            contents: Seen::of(&artifact.contents, |contents| contents.as_ref().into()),
            signatures: Seen::of(&artifact.signatures, |all| all.iter().map(|s| SignatureDocument::of(s, verbosity)).collect()),
            attested: (&artifact.attested).into(),
        }
    }
}

/// What was looked for: `state` is `present`, `absent` (we looked, there is none) or `unknown` (we could not look).
#[derive(Serialize)]
struct Seen<'a, T> {
    state: &'static str,
    value: Option<T>,
    gap: Option<GapDocument<'a>>,
}

impl<'a, T> Seen<'a, T> {
    fn of<U>(observed: &'a Observed<U>, document: impl FnOnce(&'a U) -> T) -> Self {
        match observed {
            Observed::Present(value) => Self { state: "present", value: Some(document(value)), gap: None },
            Observed::Absent => Self { state: "absent", value: None, gap: None },
            Observed::Unknown(gap) => Self { state: "unknown", value: None, gap: Some(gap.into()) },
        }
    }
}

#[derive(Serialize)]
struct BytesDocument {
    digest: DigestDocument,
    size: u64,
}

impl From<Blob> for BytesDocument {
    fn from(blob: Blob) -> Self {
        Self { digest: blob.digest.into(), size: blob.size }
    }
}

#[derive(Serialize)]
struct IntegrityDocument {
    state: &'static str,
    expected: Option<DigestDocument>,
    presented: Option<DigestDocument>,
    expected_size: Option<u64>,
    presented_size: Option<u64>,
}

impl From<Integrity> for IntegrityDocument {
    fn from(integrity: Integrity) -> Self {
        let plain = |state| Self { state, expected: None, presented: None, expected_size: None, presented_size: None };
        match integrity {
            Integrity::Matches => plain("matches"),
            Integrity::NotClaimed => plain("not-claimed"),
            Integrity::NoBytes => plain("no-bytes"),
            Integrity::Mismatch { expected, presented, expected_size, presented_size } => Self {
                state: "mismatch",
                expected: Some(expected.into()),
                presented: Some(presented.into()),
                expected_size,
                presented_size: Some(presented_size),
            },
        }
    }
}

#[derive(Serialize)]
struct ContentsDocument<'a> {
    format: Format,
    entries: u64,
    unpacked_bytes: u64,
    complete: bool,
    anomaly_count: usize,
    anomalies: Vec<AnomalyDocument<'a>>,
}

impl<'a> From<&'a Contents> for ContentsDocument<'a> {
    fn from(contents: &'a Contents) -> Self {
        Self {
            format: contents.format,
            entries: contents.entries,
            unpacked_bytes: contents.unpacked_bytes,
            complete: contents.complete,
            anomaly_count: contents.anomalies.len(),
            anomalies: contents.anomalies.iter().take(MAX_ANOMALIES).map(Into::into).collect(),
        }
    }
}

#[derive(Serialize)]
struct AnomalyDocument<'a> {
    kind: AnomalyKind,
    path: &'a str,
    detail: &'a str,
}

impl<'a> From<&'a Anomaly> for AnomalyDocument<'a> {
    fn from(anomaly: &'a Anomaly) -> Self {
        Self { kind: anomaly.kind, path: &anomaly.path, detail: &anomaly.detail }
    }
}

#[derive(Serialize)]
struct SignatureDocument<'a> {
    scheme: &'static str,
    location: &'a str,
    outcome: &'static str,
    /// Only where the outcome is `valid`.
    verified: Option<VerifiedDocument<'a>>,
    /// Only where the outcome is `invalid`.
    rejection: Option<RejectionDocument>,
    /// Only where the outcome is `inconclusive`.
    gap: Option<GapDocument<'a>>,
    presented: PresentedDocument<'a>,
    does_not_bind: &'static [&'static str],
    /// Only with `-v`.
    steps: Option<Vec<StepDocument<'a>>>,
}

impl<'a> SignatureDocument<'a> {
    fn of(signature: &'a JudgedSignature, verbosity: u8) -> Self {
        let mut document = Self {
            scheme: signature.scheme,
            location: &signature.location,
            outcome: "",
            verified: None,
            rejection: None,
            gap: None,
            presented: (&signature.presented).into(),
            does_not_bind: signature.does_not_bind,
            steps: (verbosity > 0).then(|| signature.steps.iter().map(Into::into).collect()),
        };
        match &signature.outcome {
            Outcome::Valid(verified) => {
                document.outcome = "valid";
                document.verified = Some(verified.basis().into());
            }
            Outcome::Invalid(rejection) => {
                document.outcome = "invalid";
                document.rejection = Some(rejection.into());
            }
            Outcome::Inconclusive(undetermined) => {
                document.outcome = "inconclusive";
                document.gap = Some((&undetermined.gap).into());
            }
        }
        document
    }
}

#[derive(Serialize)]
struct VerifiedDocument<'a> {
    anchors: &'a [String],
    signer: String,
    identity: IdentityDocument<'a>,
    profile_version_arn: Option<String>,
    job_arn: Option<&'a str>,
    target: &'a SignedTarget,
    predicate_type: Option<&'a str>,
    signed_at: Option<Timestamp>,
    time_source: TimeSource,
    expires_at: Option<Timestamp>,
    signature_id: &'a str,
    certificate_hashes: &'a [String],
}

impl<'a> From<&'a Basis> for VerifiedDocument<'a> {
    fn from(basis: &'a Basis) -> Self {
        let by = basis.identity.aws_signer();
        Self {
            anchors: &basis.anchors,
            signer: basis.identity.describe(),
            identity: IdentityDocument::from(&basis.identity),
            profile_version_arn: by.map(|(profile_version, _)| profile_version.to_string()),
            job_arn: by.map(|(_, job_arn)| job_arn),
            target: &basis.target,
            predicate_type: basis.statement.as_ref().map(|statement| statement.predicate_type.as_str()),
            signed_at: basis.signed_at,
            time_source: basis.time_source,
            expires_at: basis.expires_at,
            signature_id: &basis.signature_id,
            certificate_hashes: basis.certificate_hashes(),
        }
    }
}

#[derive(Serialize)]
struct RejectionDocument {
    why: String,
    text: String,
    tampering: bool,
}

impl From<&Rejection> for RejectionDocument {
    fn from(rejection: &Rejection) -> Self {
        // The tag of the variant: `content-digest`.
        let value = serde_json::to_value(rejection).unwrap_or_default();
        let why = value.get("why").and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        Self { why, text: rejection.to_string(), tampering: rejection.is_integrity() }
    }
}

#[derive(Serialize)]
struct PresentedDocument<'a> {
    profile_version_arn: Option<&'a str>,
    job_arn: Option<&'a str>,
    signed_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    chain: &'a [String],
    form: Option<&'a str>,
    signer: Option<&'a str>,
    predicate_type: Option<&'a str>,
}

impl<'a> From<&'a Presented> for PresentedDocument<'a> {
    fn from(presented: &'a Presented) -> Self {
        Self {
            profile_version_arn: presented.profile_version_arn.as_deref(),
            job_arn: presented.job_arn.as_deref(),
            signed_at: presented.signed_at,
            expires_at: presented.expires_at,
            chain: &presented.chain,
            form: presented.form.as_deref(),
            signer: presented.signer.as_deref(),
            predicate_type: presented.predicate_type.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct StepDocument<'a> {
    number: u32,
    title: &'static str,
    expected: &'a str,
    presented: &'a str,
    result: StepResult,
}

impl<'a> From<&'a Step> for StepDocument<'a> {
    fn from(step: &'a Step) -> Self {
        Self { number: step.number, title: step.title, expected: &step.expected, presented: &step.presented, result: step.result }
    }
}

#[derive(Serialize)]
struct AttestedDocument<'a> {
    profile_version_arn: Option<&'a str>,
    job_arn: Option<&'a str>,
    disagreeing_uses: Vec<DisagreeingUse<'a>>,
}

impl<'a> From<&'a Attested> for AttestedDocument<'a> {
    fn from(attested: &'a Attested) -> Self {
        Self {
            profile_version_arn: attested.signing.profile_version_arn.as_deref(),
            job_arn: attested.signing.job_arn.as_deref(),
            disagreeing_uses: attested
                .disagreeing_uses
                .iter()
                .map(|(function, signing)| DisagreeingUse {
                    function: function.to_string(),
                    profile_version_arn: signing.profile_version_arn.as_deref(),
                    job_arn: signing.job_arn.as_deref(),
                })
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct DisagreeingUse<'a> {
    function: String,
    profile_version_arn: Option<&'a str>,
    job_arn: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::SignerIdentity;

    /// `Verified` can be made by `signature/` only, so no sample report has one; its basis is what is rendered.
    #[test]
    fn what_was_verified_has_every_key_of_the_schema_and_no_other() {
        let basis = Basis {
            scheme: "aws-signer",
            anchors: vec!["demo-root".into()],
            identity: SignerIdentity::AwsSigner {
                profile_version: "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/AbCdEfGhIj".parse().unwrap(),
                job_arn: "arn:aws:signer:eu-west-1:111122223333:/signing-jobs/1".into(),
            },
            target: SignedTarget::INSIDE,
            statement: None,
            signed_at: Some("2026-01-01T00:00:00.806Z".parse().unwrap()),
            time_source: TimeSource::Signer,
            expires_at: Some("2037-01-01T00:00:00Z".parse().unwrap()),
            signature_id: "00".repeat(32),
            revocation: Vec::new(),
        };
        let value = serde_json::to_value(VerifiedDocument::from(&basis)).unwrap();
        let mut schema: serde_json::Value = serde_json::from_str(include_str!("../../../docs/schema/report-v1.json")).unwrap();
        let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
        assert_eq!(keys, schema["$defs"]["verified"]["properties"].as_object().unwrap().keys().collect::<Vec<_>>());
        schema = serde_json::json!({ "$ref": "#/$defs/verified", "$defs": schema["$defs"] });
        assert!(jsonschema::draft202012::is_valid(&schema, &value), "{value}");
    }
}

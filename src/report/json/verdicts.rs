//! Decisions and findings.

use serde::Serialize;

use crate::finding::{Confidence, Finding, Severity, Status};
use crate::model::artifact::Subject;
use crate::model::digest::{ClaimedDigest, Digest};
use crate::model::template::SourceSpan;
use crate::policy::decision::{Decision, DecisionSubject, Reason, ReasonCode, StatementResult, Support};
use crate::report::exit;

/// A SHA-256 in the two forms that people compare with.
#[derive(Serialize)]
pub(super) struct DigestDocument {
    sha256: String,
    code_sha256: String,
}

impl From<Digest> for DigestDocument {
    fn from(digest: Digest) -> Self {
        Self { sha256: digest.hex(), code_sha256: digest.code_sha256() }
    }
}

impl From<ClaimedDigest> for DigestDocument {
    fn from(digest: ClaimedDigest) -> Self {
        Self { sha256: digest.hex(), code_sha256: digest.code_sha256() }
    }
}

/// `kind` is `function`, `layer`, `image`, `file`, `function-version` or `alias`.
#[derive(Serialize)]
pub(super) struct SubjectDocument {
    kind: &'static str,
    name: String,
}

impl From<&Subject> for SubjectDocument {
    fn from(subject: &Subject) -> Self {
        Self { kind: subject.kind(), name: subject.to_string() }
    }
}

impl From<&DecisionSubject> for SubjectDocument {
    fn from(subject: &DecisionSubject) -> Self {
        match subject {
            DecisionSubject::Artifact(subject) => subject.into(),
            DecisionSubject::FunctionVersion(name) => Self { kind: "function-version", name: name.clone() },
            DecisionSubject::Alias(name) => Self { kind: "alias", name: name.clone() },
        }
    }
}

#[derive(Serialize)]
pub(super) struct DecisionDocument<'a> {
    subject: SubjectDocument,
    digest: Option<DigestDocument>,
    verdict: &'static str,
    reasons: Vec<ReasonDocument<'a>>,
    statements: Vec<StatementDocument<'a>>,
    does_not_bind: &'a [String],
    rests_on: Vec<SupportDocument<'a>>,
}

impl<'a> From<&'a Decision> for DecisionDocument<'a> {
    fn from(decision: &'a Decision) -> Self {
        Self {
            subject: (&decision.subject).into(),
            digest: decision.digest.map(Into::into),
            verdict: decision.verdict.name(),
            reasons: decision.reasons.iter().map(Into::into).collect(),
            statements: decision.statements.iter().map(Into::into).collect(),
            does_not_bind: &decision.does_not_bind,
            rests_on: decision.rests_on.iter().map(Into::into).collect(),
        }
    }
}

/// A signature or attestation by which a statement was met.
#[derive(Serialize)]
struct SupportDocument<'a> {
    scheme: &'static str,
    location: &'a str,
    signer: &'a str,
    digest: Option<DigestDocument>,
    index_above: bool,
    predicate_type: Option<&'a str>,
}

impl<'a> From<&'a Support> for SupportDocument<'a> {
    fn from(support: &'a Support) -> Self {
        Self {
            scheme: support.scheme,
            location: &support.location,
            signer: &support.signer,
            digest: support.digest.map(Into::into),
            index_above: support.index_above,
            predicate_type: support.predicate_type.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct ReasonDocument<'a> {
    code: ReasonCode,
    text: &'a str,
    statement: Option<&'a str>,
    author_can_cause: bool,
}

impl<'a> From<&'a Reason> for ReasonDocument<'a> {
    fn from(reason: &'a Reason) -> Self {
        Self { code: reason.code, text: &reason.text, statement: reason.statement.as_deref(), author_can_cause: reason.author_can_cause }
    }
}

#[derive(Serialize)]
struct StatementDocument<'a> {
    name: &'a str,
    file: &'a str,
    line: usize,
    level: &'static str,
    verdict: &'static str,
    logged: &'a [String],
}

impl<'a> From<&'a StatementResult> for StatementDocument<'a> {
    fn from(statement: &'a StatementResult) -> Self {
        Self {
            name: &statement.name,
            file: &statement.file,
            line: statement.line,
            level: statement.level,
            verdict: statement.verdict.name(),
            logged: &statement.logged,
        }
    }
}

#[derive(Serialize)]
pub(super) struct FindingDocument<'a> {
    fingerprint: String,
    rule: &'static str,
    severity: Severity,
    confidence: Confidence,
    status: Status,
    subject: &'a str,
    account: Option<&'a str>,
    digest: Option<DigestDocument>,
    claimed_digest: Option<DigestDocument>,
    path: Option<&'a str>,
    place: Option<&'a SourceSpan>,
    message: &'a str,
    details: &'a [String],
    affects: &'a [String],
    key: &'a str,
    waived_by: Option<&'a str>,
}

impl<'a> From<&'a Finding> for FindingDocument<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self {
            fingerprint: finding.fingerprint().0,
            rule: finding.rule,
            severity: finding.severity,
            confidence: finding.confidence,
            status: exit::status(finding),
            subject: &finding.subject,
            account: finding.account.as_deref(),
            digest: finding.digest.map(Into::into),
            claimed_digest: finding.claimed_digest.map(Into::into),
            path: finding.path.as_deref(),
            place: finding.place.as_ref(),
            message: &finding.message,
            details: &finding.details,
            affects: &finding.affects,
            key: &finding.key,
            waived_by: finding.waived_by.as_deref(),
        }
    }
}

//! `json`: everything, for machines. Version 1; the schema is `docs/schema/report-v1.json`.
//!
//! The structs here and below are apart from the inner types, so that a change inside never changes what others parse. Keys are
//! snake_case and always there; what is not known is `null`. Values that move from run to run stand under `times` and nowhere else:
//! two reports on the same evidence are the same bytes but for that object.

mod artifacts;
mod changes;
mod identity;
mod verdicts;

use std::collections::BTreeMap;
use std::io;

use jiff::Timestamp;
use serde::Serialize;

use super::shown::inert_json;
use super::{Format, PolicyInfo, RenderOptions, Report, Summary};
use crate::model::gap::{Gap, GapReason};

/// The format.
pub static FORMAT: &dyn Format = &Json;

/// The value of the key `format`.
pub const NAME: &str = "layerproof.report";

/// The value of the key `version`. It grows when a key changes its meaning or goes away, not when one is added.
pub const VERSION: u32 = 1;

struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn describe(&self) -> &'static str {
        "everything, for machines (docs/schema/report-v1.json)"
    }

    fn render(&self, report: &Report, options: &RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
        let text = serde_json::to_string_pretty(&Document::of(report, options.verbosity)).map_err(io::Error::other)?;
        writeln!(out, "{}", inert_json(&text))
    }
}

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    tool: Tool,
    command: &'a str,
    times: Times<'a>,
    source: Source<'a>,
    policy: Option<Policy<'a>>,
    exit: ExitDocument<'a>,
    summary: SummaryDocument<'a>,
    decisions: Vec<verdicts::DecisionDocument<'a>>,
    findings: Vec<verdicts::FindingDocument<'a>>,
    artifacts: Vec<artifacts::ArtifactDocument<'a>>,
    changes: Option<changes::Changes<'a>>,
    gaps: Vec<GapDocument<'a>>,
    coverage: Vec<Coverage<'a>>,
    notes: &'a [String],
}

impl<'a> Document<'a> {
    fn of(report: &'a Report, verbosity: u8) -> Self {
        Self {
            format: NAME,
            version: VERSION,
            tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
            command: report.command,
            times: Times {
                now: report.now,
                now_overridden: report.now_overridden,
                previous_run: report.delta.as_ref().and_then(|d| d.since),
                previous_run_id: report.delta.as_ref().and_then(|d| d.since_id),
                ages: &report.ages,
            },
            source: Source {
                kind: report.source.kind,
                name: &report.source.name,
                recorded_at: report.source.recorded_at,
                unauthenticated: report.source.unauthenticated,
            },
            policy: report.policy.as_ref().map(Policy::from),
            exit: ExitDocument { code: report.exit.code, reason: &report.exit.reason },
            summary: SummaryDocument::from(&report.summary),
            decisions: report.decisions.iter().map(Into::into).collect(),
            findings: report.findings.iter().map(Into::into).collect(),
            artifacts: report.artifacts.iter().map(|a| artifacts::ArtifactDocument::of(a, verbosity)).collect(),
            changes: report.delta.as_ref().map(Into::into),
            gaps: report.gaps.iter().map(Into::into).collect(),
            coverage: report
                .coverage
                .iter()
                .map(|row| Coverage {
                    partition: &row.place.partition,
                    account: &row.place.account,
                    region: &row.place.region,
                    api: &row.api,
                    answered: row.answered,
                    missing: row.missing,
                })
                .collect(),
            notes: &report.notes,
        }
    }
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Times<'a> {
    now: Timestamp,
    now_overridden: bool,
    previous_run: Option<Timestamp>,
    previous_run_id: Option<i64>,
    ages: &'a [String],
}

#[derive(Serialize)]
struct Source<'a> {
    kind: &'a str,
    name: &'a str,
    recorded_at: Option<Timestamp>,
    unauthenticated: bool,
}

#[derive(Serialize)]
struct Policy<'a> {
    file: &'a str,
    sha256: &'a str,
}

impl<'a> From<&'a PolicyInfo> for Policy<'a> {
    fn from(policy: &'a PolicyInfo) -> Self {
        Self { file: &policy.file, sha256: &policy.sha256 }
    }
}

#[derive(Serialize)]
struct ExitDocument<'a> {
    code: u8,
    reason: &'a str,
}

#[derive(Serialize)]
struct SummaryDocument<'a> {
    functions: usize,
    function_versions: usize,
    layer_versions: usize,
    images: usize,
    unique_blobs: usize,
    artifacts: VerdictCounts,
    versions: VerdictCounts,
    aliases: VerdictCounts,
    findings: &'a BTreeMap<&'static str, usize>,
    incomplete: usize,
    waived: usize,
}

impl<'a> From<&'a Summary> for SummaryDocument<'a> {
    /// How many blobs came out of the store is left out: it differs between a first and a second run on the same evidence.
    fn from(summary: &'a Summary) -> Self {
        Self {
            functions: summary.functions,
            function_versions: summary.function_versions,
            layer_versions: summary.layer_versions,
            images: summary.images,
            unique_blobs: summary.unique_blobs,
            artifacts: VerdictCounts::of(&summary.artifacts),
            versions: VerdictCounts::of(&summary.versions),
            aliases: VerdictCounts::of(&summary.aliases),
            findings: &summary.findings,
            incomplete: summary.incomplete,
            waived: summary.waived,
        }
    }
}

#[derive(Serialize)]
struct VerdictCounts {
    trusted: usize,
    exempt: usize,
    undecided: usize,
    no_statement: usize,
    refused: usize,
}

impl VerdictCounts {
    fn of(counts: &BTreeMap<&'static str, usize>) -> Self {
        let count = |name: &str| counts.get(name).copied().unwrap_or_default();
        Self {
            trusted: count("trusted"),
            exempt: count("exempt"),
            undecided: count("undecided"),
            no_statement: count("no-statement"),
            refused: count("refused"),
        }
    }
}

/// What was not learned; the untrusted `detail` is kept exactly.
#[derive(Serialize)]
struct GapDocument<'a> {
    subject: &'a str,
    wanted: &'a str,
    reason: &'static str,
    /// The missing IAM action, the limit's name or AWS's error code, where the reason has one.
    argument: Option<&'a str>,
    detail: &'a str,
    next_step: &'a str,
    author_can_cause: bool,
}

impl<'a> From<&'a Gap> for GapDocument<'a> {
    fn from(gap: &'a Gap) -> Self {
        let (reason, argument) = match &gap.reason {
            GapReason::Denied { action } => ("denied", Some(action.as_str())),
            GapReason::Deleted => ("deleted", None),
            GapReason::Throttled => ("throttled", None),
            GapReason::TooLarge { limit } => ("too-large", Some(limit.as_str())),
            GapReason::NotRecorded => ("not-recorded", None),
            GapReason::Unreachable => ("unreachable", None),
            GapReason::NotBuilt => ("not-built", None),
            GapReason::Unconfirmed => ("unconfirmed", None),
            GapReason::Malformed => ("malformed", None),
            GapReason::Unresolved => ("unresolved", None),
            GapReason::NoSuchFile => ("no-such-file", None),
            GapReason::ServiceError { code } => ("service-error", Some(code.as_str())),
        };
        Self {
            subject: &gap.subject,
            wanted: &gap.wanted,
            reason,
            argument,
            detail: &gap.detail,
            next_step: &gap.next_step,
            author_can_cause: gap.author_can_cause(),
        }
    }
}

#[derive(Serialize)]
struct Coverage<'a> {
    partition: &'a str,
    account: &'a str,
    region: &'a str,
    api: &'a str,
    answered: u64,
    missing: u64,
}

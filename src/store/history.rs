//! Scan history: what was found when, and what changed since.

mod delta;
mod error;
pub(super) mod sqlite;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use delta::delta;
pub use error::HistoryError;
pub use sqlite::{History, ScanSummary};

/// One finished run, as kept. Rows are plain text, so that history depends on no later stage and stays readable for years.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanRecord {
    /// What makes two runs comparable: source kind, source name and selection; not the policy.
    pub scope: String,
    /// Wall-clock time of the run.
    pub started_at: Timestamp,
    /// The time that everything was judged at (`--now`).
    pub judged_at: Timestamp,
    /// SHA-256 of the policy file, hexadecimal.
    pub policy_sha256: String,
    /// layerproof's version.
    pub tool_version: String,
    /// Exit code.
    pub exit_code: u8,
    /// Findings by fingerprint.
    pub findings: BTreeMap<String, FindingRow>,
    /// Verdicts by subject.
    pub subjects: BTreeMap<String, SubjectRow>,
}

/// A finding, as kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRow {
    /// Rule id.
    pub rule: String,
    /// Severity's name.
    pub severity: String,
    /// `fail`, `incomplete` or `waived`; in a kept record also `unknown:` and one of these, see [`ScanRecord::carry_unknown`].
    pub status: String,
    /// Subject.
    pub subject: String,
    /// Message.
    pub message: String,
    /// True for tampering rules, which are never "old news".
    pub tampering: bool,
}

/// A verdict, as kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectRow {
    /// Verdict's name.
    pub verdict: String,
    /// Digest of the bytes, OCI form; empty where there were none. In a kept record also `last-known ` and a digest, see
    /// [`ScanRecord::carry_unknown`].
    pub digest: String,
}

/// What changed between two runs of one scope.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Delta {
    /// When the earlier run started; `None` for the first run of a scope.
    pub since: Option<Timestamp>,
    /// Id of the earlier run.
    pub since_id: Option<i64>,
    /// True where the policy file is another one than then.
    pub policy_changed: bool,
    /// Fingerprints with status fail that did not have it before: they were not there, or on other bytes, or waived or incomplete.
    pub new: Vec<String>,
    /// Fingerprints that were there before and still are.
    pub standing: Vec<String>,
    /// Findings of the earlier run that are gone, and whose subject could be looked at in this run.
    pub resolved: Vec<FindingRow>,
    /// Findings of the earlier run that can't be told: their subject, or one that they name, could not be looked at in this run.
    pub newly_unknown: Vec<FindingRow>,
    /// The same of what the earlier run could not tell either.
    pub still_unknown: Vec<FindingRow>,
    /// Subjects whose verdict changed: name, then, now.
    pub verdicts: Vec<(String, String, String)>,
    /// Subjects whose digest changed under the same name: name, then, now.
    pub digests: Vec<(String, String, String)>,
}

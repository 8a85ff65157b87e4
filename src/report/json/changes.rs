//! What changed since the last run of the same scope. When that was stands under `times`.
//!
//! Only changes are listed: two runs over the same input give the same bytes, the first one included, on which nothing is new since
//! there is nothing to compare with. What stands is every other finding.

use serde::Serialize;

use crate::store::history::{Delta, FindingRow};

#[derive(Serialize)]
pub(super) struct Changes<'a> {
    policy_changed: bool,
    new: &'a [String],
    resolved: Vec<PastFinding<'a>>,
    newly_unknown: Vec<PastFinding<'a>>,
    still_unknown: Vec<PastFinding<'a>>,
    verdicts: Vec<Change<'a>>,
    digests: Vec<Change<'a>>,
}

impl<'a> From<&'a Delta> for Changes<'a> {
    fn from(delta: &'a Delta) -> Self {
        Self {
            policy_changed: delta.policy_changed,
            new: if delta.since.is_some() { &delta.new } else { &[] },
            resolved: delta.resolved.iter().map(Into::into).collect(),
            newly_unknown: delta.newly_unknown.iter().map(Into::into).collect(),
            still_unknown: delta.still_unknown.iter().map(Into::into).collect(),
            verdicts: delta.verdicts.iter().map(Into::into).collect(),
            digests: delta.digests.iter().map(Into::into).collect(),
        }
    }
}

#[derive(Serialize)]
struct PastFinding<'a> {
    rule: &'a str,
    severity: &'a str,
    status: &'a str,
    subject: &'a str,
    message: &'a str,
    tampering: bool,
}

impl<'a> From<&'a FindingRow> for PastFinding<'a> {
    fn from(row: &'a FindingRow) -> Self {
        Self {
            rule: &row.rule,
            severity: &row.severity,
            status: &row.status,
            subject: &row.subject,
            message: &row.message,
            tampering: row.tampering,
        }
    }
}

#[derive(Serialize)]
struct Change<'a> {
    subject: &'a str,
    then: &'a str,
    now: &'a str,
}

impl<'a> From<&'a (String, String, String)> for Change<'a> {
    fn from((subject, then, now): &'a (String, String, String)) -> Self {
        Self { subject, then, now }
    }
}

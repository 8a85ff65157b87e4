//! What changed since the last run of the same scope. When that was stands under `times`.

use serde::Serialize;

use crate::store::history::{Delta, FindingRow};

#[derive(Serialize)]
pub(super) struct Changes<'a> {
    first_run: bool,
    policy_changed: bool,
    new: &'a [String],
    standing: &'a [String],
    resolved: Vec<PastFinding<'a>>,
    newly_unknown: Vec<PastFinding<'a>>,
    verdicts: Vec<Change<'a>>,
    digests: Vec<Change<'a>>,
}

impl<'a> From<&'a Delta> for Changes<'a> {
    fn from(delta: &'a Delta) -> Self {
        Self {
            first_run: delta.since.is_none(),
            policy_changed: delta.policy_changed,
            new: &delta.new,
            standing: &delta.standing,
            resolved: delta.resolved.iter().map(Into::into).collect(),
            newly_unknown: delta.newly_unknown.iter().map(Into::into).collect(),
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

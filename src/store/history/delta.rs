//! What changed between two runs. Pure.

use std::collections::BTreeSet;

use super::{Delta, FindingRow, ScanRecord, SubjectRow};
use crate::model::gap::is_place;

/// Status of a finding that a run carried over from an earlier one because its subject could not be looked at: this, then the status
/// that it had when last seen.
const UNKNOWN: &str = "unknown:";

/// Verdict of a subject that was carried over because it was on no list that could be had.
const NOT_SEEN: &str = "unknown";

/// In a digest, the same: the digest that the bytes had when they were last had.
const LAST_KNOWN: &str = "last-known ";

/// Rules whose findings on one subject come from others beside it, in whatever account: the same name with other bytes, and how far a
/// layer or reference reaches. What is gone of them is resolved only where all lists were had.
const ACROSS: [&str; 3] = ["INT002", "SHR001", "SHR007"];

/// Compares a run with the one before it. `unknown_subjects` could not be looked at in `now`, in whole or in part: what was found on
/// them earlier is not resolved by being gone. Where it holds a whole account and region (`ACCOUNT/REGION`), a list could not be had,
/// and nothing that is gone with its subject is resolved.
///
/// A finding counts as the same only on the same bytes: where the subject's digest changed, it is new (DESIGN §4 rule 11).
pub fn delta(before: Option<(i64, &ScanRecord)>, now: &ScanRecord, unknown_subjects: &BTreeSet<String>) -> Delta {
    let Some((id, before)) = before else {
        let new = now.findings.iter().filter(|(_, row)| row.status == "fail").map(|(fingerprint, _)| fingerprint.clone()).collect();
        return Delta { new, ..Delta::default() };
    };
    let mut delta = Delta {
        since: Some(before.started_at),
        since_id: Some(id),
        policy_changed: before.policy_sha256 != now.policy_sha256,
        ..Delta::default()
    };

    for (name, row) in &now.subjects {
        let Some(then) = before.subjects.get(name) else { continue };
        if then.verdict != row.verdict {
            delta.verdicts.push((name.clone(), then.verdict.clone(), row.verdict.clone()));
        }
        let (old, new) = (last_digest(then), last_digest(row));
        if old != new && !old.is_empty() && !new.is_empty() {
            delta.digests.push((name.clone(), old.into(), new.into()));
        }
    }
    let changed: BTreeSet<&str> = delta.digests.iter().map(|(name, _, _)| name.as_str()).collect();

    for (fingerprint, row) in &now.findings {
        let then = before.findings.get(fingerprint).filter(|_| !changed.contains(row.subject.as_str()));
        match then {
            Some(then) if row.status != "fail" || last_status(then) == "fail" => delta.standing.push(fingerprint.clone()),
            Some(_) => delta.new.push(fingerprint.clone()),
            None if row.status == "fail" => delta.new.push(fingerprint.clone()),
            None => {}
        }
    }
    let sight = Sight::of(now, unknown_subjects);
    for (fingerprint, row) in &before.findings {
        if now.findings.contains_key(fingerprint) {
            continue;
        }
        let gone = FindingRow { status: last_status(row).into(), ..row.clone() };
        if !sight.hides(row) {
            delta.resolved.push(gone);
        } else if row.status.starts_with(UNKNOWN) {
            delta.still_unknown.push(gone);
        } else {
            delta.newly_unknown.push(gone);
        }
    }
    delta
}

/// What a run could see: "could not look" is never "is not there".
struct Sight<'a> {
    unknown: &'a BTreeSet<String>,
    /// Artifacts, function versions and aliases that the run decided on.
    seen: BTreeSet<String>,
    /// True where a list could not be had, so that what is on no list may be there all the same.
    blind: bool,
}

impl<'a> Sight<'a> {
    fn of(now: &ScanRecord, unknown: &'a BTreeSet<String>) -> Self {
        let decided = now.subjects.iter().filter(|(_, row)| row.verdict != NOT_SEEN);
        let seen = decided.map(|(name, _)| bare(name).to_owned()).collect();
        Self { unknown, seen, blind: unknown.iter().any(|subject| is_place(subject)) }
    }

    /// True where a finding that is gone may be there all the same: its subject, or another one that it names, could not be looked at.
    fn hides(&self, row: &FindingRow) -> bool {
        (self.blind && ACROSS.contains(&row.rule.as_str()))
            || self.hides_subject(&row.subject)
            || self.unknown.iter().any(|subject| names(&row.message, subject))
    }

    fn hides_subject(&self, name: &str) -> bool {
        let subject = bare(name);
        self.unknown.contains(subject) || (!self.sees(subject) && (self.blind || self.hides_whole(subject)))
    }

    /// True where the subject was decided on, or a version or alias of it.
    fn sees(&self, subject: &str) -> bool {
        let with_colon = format!("{subject}:");
        let next = self.seen.range(with_colon.clone()..).next();
        self.seen.contains(subject) || next.is_some_and(|name| name.starts_with(&with_colon))
    }

    /// True where what the subject is a version or alias of is unknown.
    fn hides_whole(&self, subject: &str) -> bool {
        subject.starts_with("arn:") && subject.rsplit_once(':').is_some_and(|(whole, _)| self.unknown.contains(whole))
    }
}

/// A subject without the kind that tells function versions and aliases from the artifacts of the same ARN.
fn bare(name: &str) -> &str {
    name.strip_prefix("function-version ").or_else(|| name.strip_prefix("alias ")).unwrap_or(name)
}

/// True where the text names an artifact: as a whole word, so that version 1 is not found in version 12.
fn names(text: &str, subject: &str) -> bool {
    let artifact = subject.starts_with("arn:") || subject.contains("@sha256:");
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    artifact && text.split(subject).skip(1).any(|after| !after.starts_with(goes_on))
}

impl Delta {
    /// The findings that `--fail-on new` fails on: all that are new, and all tampering, new or standing (DESIGN §4 rule 11). Sorted.
    pub fn gate_new(&self, now: &ScanRecord) -> Vec<String> {
        let tampering = now.findings.iter().filter(|(_, row)| row.tampering).map(|(fingerprint, _)| fingerprint);
        let all: BTreeSet<&String> = self.new.iter().chain(tampering).collect();
        all.into_iter().cloned().collect()
    }
}

impl ScanRecord {
    /// Takes over from the run before what this one could not look at, so that it is neither forgotten nor taken for resolved in the
    /// runs after: findings with status `unknown:STATUS`, and digests as `last-known DIGEST`. For the record that is kept, not for
    /// the report; [`delta`] understands both.
    pub fn carry_unknown(&mut self, before: &Self, unknown_subjects: &BTreeSet<String>) {
        let now = self.clone();
        let sight = Sight::of(&now, unknown_subjects);
        for (fingerprint, row) in &before.findings {
            if sight.hides(row) && !self.findings.contains_key(fingerprint) {
                let status = format!("{UNKNOWN}{}", last_status(row));
                self.findings.insert(fingerprint.clone(), FindingRow { status, ..row.clone() });
            }
        }
        for (name, then) in &before.subjects {
            let digest = last_digest(then);
            if !sight.hides_subject(name) {
                continue;
            }
            let row = self.subjects.entry(name.clone()).or_insert_with(|| SubjectRow { verdict: NOT_SEEN.into(), digest: String::new() });
            if row.digest.is_empty() && !digest.is_empty() {
                row.digest = format!("{LAST_KNOWN}{digest}");
            }
        }
    }

    /// Subjects that this kept run could not look at, as far as its rows tell: findings that are unknown or incomplete, and digests
    /// that were known in `before` and are not here. For comparing two kept runs.
    pub fn unknown_subjects(&self, before: &Self) -> BTreeSet<String> {
        let of_findings = self.findings.values().filter(|row| row.status == "incomplete" || row.status.starts_with(UNKNOWN));
        let mut unknown: BTreeSet<String> = of_findings.map(|row| row.subject.clone()).filter(|subject| !is_place(subject)).collect();
        for (name, row) in &self.subjects {
            let known_before = before.subjects.get(name).is_some_and(|then| !last_digest(then).is_empty());
            if row.verdict == NOT_SEEN || row.digest.starts_with(LAST_KNOWN) || (row.digest.is_empty() && known_before) {
                unknown.insert(name.clone());
            }
        }
        unknown
    }

    /// The findings that this run itself saw: without those that [`ScanRecord::carry_unknown`] took over.
    pub fn seen(&self) -> Self {
        let mut seen = self.clone();
        seen.findings.retain(|_, row| !row.status.starts_with(UNKNOWN));
        seen
    }
}

fn last_status(row: &FindingRow) -> &str {
    row.status.strip_prefix(UNKNOWN).unwrap_or(&row.status)
}

fn last_digest(row: &SubjectRow) -> &str {
    row.digest.strip_prefix(LAST_KNOWN).unwrap_or(&row.digest)
}

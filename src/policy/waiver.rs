//! Waivers: findings that somebody answers for, of one digest, until a date. They change no Decision.
//!
//! They stand in a file of their own, named on the command line:
//!
//! ```yaml
//! version: 1
//! waivers:
//!   - name: legacy-deps
//!     rule: SIG001
//!     subject: "arn:aws:lambda:*:111122223333:layer:deps:7"    # exact, or `*` within a segment between `:` or `/`
//!     digest: sha256:0000000000000000000000000000000000000000000000000000000000000000
//!     reason: replaced by deps:9 in the March release
//!     owner: platform-team
//!     expires: 2026-04-01                                      # the first day, UTC, on which it no longer holds
//! ```

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::load::{PolicyError, read_text};
use super::parse::{Node, parse};
use super::problem::{Problem, Problems};
use super::validate::fields::{Fields, Text, list, shorten};
use super::validate::version;
use crate::finding::{Finding, Status};
use crate::model::arn_pattern::glob;
use crate::model::digest::ClaimedDigest;
use crate::model::printable::printable;
use crate::store::Integrity;

/// The rules about tampering, which no waiver covers (DESIGN §4 rule 11).
pub const TAMPERING: &[&str] = &["INT001", "SIG004", "SIG008", "SIG010", "SIG018"];

const KEYS: &[&str] = &["name", "rule", "subject", "digest", "reason", "owner", "expires"];

/// The waivers of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waivers {
    /// The file as given.
    pub file: String,
    /// In the order of the file; names are unique.
    pub waivers: Vec<Waiver>,
}

/// One waiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// Its name.
    pub name: String,
    /// The rule's id.
    pub rule: String,
    /// The finding's subject: exact, or with `*` within a segment.
    pub subject: String,
    /// The digest that the finding must be about.
    pub digest: ClaimedDigest,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The first day, UTC, on which it no longer holds.
    pub expires: Date,
}

impl Waivers {
    /// Reads a file of waivers.
    pub fn load(path: &Path) -> Result<Self, PolicyError> {
        let file = path.display().to_string();
        let text = read_text(path)?;
        Self::parse(&file, &text).map_err(|problems| PolicyError::of(file, &text, problems))
    }

    /// Parses and validates the text of a file of waivers; `file` is its name for reports.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let document = parse(text)?;
        let mut problems = Problems::new(text);
        let waivers = read(&document, &mut problems);
        match waivers {
            Some(waivers) if problems.is_empty() => Ok(Self { file: file.to_owned(), waivers }),
            Some(_) | None => Err(problems.into_sorted()),
        }
    }
}

impl Waiver {
    /// True from the start of the day of expiry, UTC.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        now.to_zoned(TimeZone::UTC).date() >= self.expires
    }

    fn is_about(&self, finding: &Finding) -> bool {
        self.rule == finding.rule && subject_matches(&self.subject, &finding.subject)
    }

    fn is_bound_to(&self, finding: &Finding) -> bool {
        match (finding.digest, finding.claimed_digest) {
            (Some(digest), _) => Integrity::of(digest, 0, Some(self.digest), None) == Integrity::Matches,
            (None, claimed) => claimed == Some(self.digest),
        }
    }
}

/// Marks the failed findings that a waiver covers, and says what it did not do: expired waivers, waivers that cover nothing, and
/// waivers whose digest is not the finding's. `is_tampering` tells by a rule's id what must never be waived.
pub fn apply(waivers: &Waivers, findings: &mut [Finding], now: Timestamp, is_tampering: impl Fn(&str) -> bool) -> Vec<String> {
    let mut notes = Vec::new();
    for waiver in &waivers.waivers {
        let name = printable(&waiver.name).into_owned();
        if waiver.has_expired(now) {
            notes.push(format!("waiver `{name}` expired on {} and was not applied", waiver.expires));
            continue;
        }
        if is_tampering(&waiver.rule) || TAMPERING.contains(&waiver.rule.as_str()) {
            notes.push(format!("waiver `{name}` was not applied: {} is about tampering", waiver.rule));
            continue;
        }
        let (mut covered, mut other_digest) = (0_usize, 0_usize);
        for finding in findings.iter_mut().filter(|finding| waiver.is_about(finding)) {
            match finding.status {
                Status::Fail if waiver.is_bound_to(finding) => {
                    finding.status = Status::Waived;
                    finding.waived_by = Some(waiver.name.clone());
                    covered += 1;
                }
                Status::Fail => other_digest += 1,
                // Missing evidence is nobody's to waive, and a waived finding keeps its waiver.
                Status::Incomplete | Status::Waived => {}
            }
        }
        if other_digest > 0 {
            notes.push(format!(
                "waiver `{name}` does not cover {other_digest} finding(s) of its rule and subject: the digest is another, or none"
            ));
        } else if covered == 0 {
            notes.push(format!("waiver `{name}` covers nothing"));
        }
    }
    notes
}

fn read(document: &Node, problems: &mut Problems<'_>) -> Option<Vec<Waiver>> {
    let what = "a waiver file";
    let fields = Fields::of(document, what, &["version", "waivers"], problems)?;
    version(&fields, what, problems);
    let node = fields.require("waivers", what, problems)?;
    let mut waivers: Vec<Waiver> = Vec::new();
    for item in list(node, "`waivers`", problems) {
        let Some(waiver) = waiver(item, problems) else { continue };
        if waivers.iter().any(|other| other.name == waiver.name) {
            problems.add(&item.span, format!("two waivers are named `{}`", shorten(&waiver.name)));
        }
        waivers.push(waiver);
    }
    Some(waivers)
}

fn waiver(node: &Node, problems: &mut Problems<'_>) -> Option<Waiver> {
    let what = "a waiver";
    let fields = Fields::of(node, what, KEYS, problems)?;
    let mut required = |key: &str| fields.require_text(key, what, problems);
    let (name, rule, subject) = (required("name"), required("rule"), required("subject"));
    let (digest, reason, owner) = (required("digest"), required("reason"), required("owner"));
    let expires = required("expires");
    let rule = rule.and_then(|text| rule_id(&text, problems));
    let subject = subject.and_then(|text| subject_pattern(&text, problems));
    let digest = digest.and_then(|text| {
        let digest = ClaimedDigest::from_oci(text.value).ok();
        if digest.is_none() {
            problems.add_with_help(&text.span, "`digest` is not `sha256:` and 64 lower-case hexadecimal digits", "the finding shows it");
        }
        digest
    });
    let expires = expires.and_then(|text| {
        let date = text.value.parse::<Date>().ok().filter(|date| date.to_string() == text.value);
        if date.is_none() {
            problems.add(&text.span, format!("`{}` is not a date YYYY-MM-DD", shorten(text.value)));
        }
        date
    });
    Some(Waiver {
        name: name?.value.to_owned(),
        rule: rule?,
        subject: subject?,
        digest: digest?,
        reason: reason?.value.to_owned(),
        owner: owner?.value.to_owned(),
        expires: expires?,
    })
}

fn rule_id(text: &Text<'_>, problems: &mut Problems<'_>) -> Option<String> {
    let good = text.value.len() == 6
        && text.value.bytes().take(3).all(|b| b.is_ascii_uppercase())
        && text.value.bytes().skip(3).all(|b| b.is_ascii_digit());
    if !good {
        problems.add(&text.span, format!("`{}` is not the id of a rule, three capitals and three digits", shorten(text.value)));
        return None;
    }
    if TAMPERING.contains(&text.value) {
        problems.add(&text.span, format!("{} is about tampering and cannot be waived", text.value));
        return None;
    }
    Some(text.value.to_owned())
}

fn subject_pattern(text: &Text<'_>, problems: &mut Problems<'_>) -> Option<String> {
    if text.value.split([':', '/']).all(|segment| segment == "*") {
        problems.add(&text.span, format!("the subject `{}` names nothing", shorten(text.value)));
        return None;
    }
    Some(text.value.to_owned())
}

/// Segment by segment: `*` never crosses a colon or a slash.
fn subject_matches(pattern: &str, subject: &str) -> bool {
    let separators = |text: &str| text.chars().filter(|c| matches!(c, ':' | '/')).collect::<String>();
    separators(pattern) == separators(subject)
        && pattern.split([':', '/']).zip(subject.split([':', '/'])).all(|(pattern, segment)| glob(pattern, segment))
}

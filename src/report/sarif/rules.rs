//! Rules: the registry of checks, and one per verdict that is neither Trusted nor Exempt.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{level, message, security_severity};
use crate::check;
use crate::finding::{Rule, Severity};
use crate::policy::decision::Verdict;
use crate::report::Report;

/// GitHub takes this many tags on a rule and shows ten.
const MAX_TAGS: usize = 10;

const REFUSED: &str = "DECISION-REFUSED";
const NO_STATEMENT: &str = "DECISION-NO-STATEMENT";
const UNDECIDED: &str = "DECISION-UNDECIDED";

/// The rule and severity of a decision, where it is a result.
pub(super) fn of_verdict(verdict: Verdict) -> Option<(&'static str, Severity)> {
    match verdict {
        Verdict::Refused => Some((REFUSED, Severity::High)),
        Verdict::NoStatement => Some((NO_STATEMENT, Severity::High)),
        Verdict::Undecided => Some((UNDECIDED, Severity::Medium)),
        Verdict::Exempt | Verdict::Trusted => None,
    }
}

/// Descriptors in order of id, with the index that results refer to them by.
pub(super) struct Rules {
    descriptors: Vec<Value>,
    index: BTreeMap<String, usize>,
}

impl Rules {
    /// Every rule of the registry, whether or not it was broken: a rule that vanishes would close its alerts' history. A finding's rule
    /// that the registry lacks (a report of another version) gets a bare descriptor.
    pub(super) fn of(report: &Report) -> Self {
        let mut all: BTreeMap<String, Value> = check::ALL.iter().map(|c| (c.rule().id.to_owned(), of_check(c.rule()))).collect();
        for (id, severity, title, explanation) in [
            (REFUSED, Severity::High, "The trust policy refuses it", "Each reason names the statement that it comes from."),
            (NO_STATEMENT, Severity::High, "No statement of the trust policy is about it", "What no statement is about is refused."),
            (UNDECIDED, Severity::Medium, "Evidence is missing", "It could not be looked at, so it is neither trusted nor refused."),
        ] {
            all.insert(id.to_owned(), descriptor(id, id, title, explanation, "", severity, &["decision"]));
        }
        for finding in &report.findings {
            let bare = || descriptor(finding.rule, finding.rule, finding.rule, finding.rule, "", finding.severity, &[]);
            all.entry(finding.rule.to_owned()).or_insert_with(bare);
        }
        let index = all.keys().enumerate().map(|(i, id)| (id.clone(), i)).collect();
        Self { descriptors: all.into_values().collect(), index }
    }

    pub(super) fn descriptors(&self) -> &[Value] {
        &self.descriptors
    }

    /// Sets `ruleIndex`.
    pub(super) fn index(&self, rule: &str, result: &mut Value) {
        if let (Some(index), Some(object)) = (self.index.get(rule), result.as_object_mut()) {
            object.insert("ruleIndex".into(), json!(index));
        }
    }
}

fn of_check(rule: &Rule) -> Value {
    let family: &str = rule.id.trim_end_matches(|c: char| c.is_ascii_digit());
    let mut tags = vec![family];
    if rule.tampering {
        tags.push("tampering");
    }
    let mut explanation = rule.explanation.to_owned();
    if !rule.caveat.is_empty() {
        explanation.push_str("\n\nKnown from one source only: ");
        explanation.push_str(rule.caveat);
    }
    descriptor(rule.id, rule.slug, rule.title, &explanation, rule.remediation, rule.severity, &tags)
}

fn descriptor(id: &str, name: &str, title: &str, explanation: &str, remediation: &str, severity: Severity, tags: &[&str]) -> Value {
    let mut all_tags = vec!["security", "supply-chain", "aws-lambda"];
    all_tags.extend(tags);
    all_tags.truncate(MAX_TAGS);
    let help = if remediation.is_empty() { explanation } else { remediation };
    json!({
        "id": id,
        "name": name,
        "shortDescription": { "text": message(title) },
        "fullDescription": { "text": message(explanation) },
        "help": { "text": message(help) },
        "defaultConfiguration": { "level": level(severity) },
        "properties": {
            "tags": all_tags,
            "precision": "high",
            "problem.severity": if severity >= Severity::High { "error" } else if severity == Severity::Medium { "warning" } else { "recommendation" },
            "security-severity": security_severity(severity),
        },
    })
}

//! `sarif`: SARIF 2.1.0 (OASIS, with Errata 01) as GitHub code scanning takes it.
//!
//! A finding in a template stands at its line and column. Cloud findings have no source line: they are anchored to a file of the repository (`--sarif-anchor`, else the policy file), since
//! GitHub refuses a result without a location; the ARN stands in `logicalLocations`. Decisions that are neither Trusted nor Exempt
//! are results too, under rules of their own: no `--only` and no missing check hides them (DESIGN §4 rule 10).

mod rules;

use std::io;

use serde_json::{Value, json};

use super::anchor::{Anchor, template_uri};
use super::exit::{counted, status};
use super::shown::{inert_json, shown};
use super::{Format, RenderOptions, Report, follows_from_parts, unbound};
use crate::finding::{Finding, Severity, Status};
use crate::model::digest::Digest;
use crate::policy::decision::{Decision, DecisionSubject, Verdict};

/// The format.
pub static FORMAT: &dyn Format = &Sarif;

/// GitHub takes this many results in a run; more are refused as a whole.
pub const MAX_RESULTS: usize = 25_000;

/// The most gaps and notes that are told as notifications.
pub const MAX_NOTIFICATIONS: usize = 1_000;

/// The most functions, versions and aliases that are named in one result.
pub const MAX_AFFECTED: usize = 100;

struct Sarif;

impl Format for Sarif {
    fn name(&self) -> &'static str {
        "sarif"
    }

    fn describe(&self) -> &'static str {
        "SARIF 2.1.0, for code scanning"
    }

    fn render(&self, report: &Report, options: &RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
        let text = serde_json::to_string_pretty(&log(report, options)).map_err(io::Error::other)?;
        writeln!(out, "{}", inert_json(&text))
    }
}

fn log(report: &Report, options: &RenderOptions) -> Value {
    let anchor = Anchor::of(report, options);
    let rules = rules::Rules::of(report);
    let mut results: Vec<(Severity, Value)> = Vec::new();
    results.extend(report.decisions.iter().filter_map(|d| decision_result(d, &anchor, &rules)));
    results.extend(report.findings.iter().map(|f| (f.severity, finding_result(f, &anchor, &rules))));
    // Worst first, so that a limit cuts the least; stable, so that the order within a severity stays the report's.
    results.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
    let left_out = results.len().saturating_sub(MAX_RESULTS);
    results.truncate(MAX_RESULTS);
    let run = json!({
        "tool": { "driver": {
            "name": env!("CARGO_PKG_NAME"),
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": rules.descriptors(),
        }},
        "automationDetails": { "id": format!("{}/{}/", env!("CARGO_PKG_NAME"), report.command) },
        "invocations": [invocation(report, left_out)],
        "columnKind": "unicodeCodePoints",
        "results": results.into_iter().map(|(_, result)| result).collect::<Vec<_>>(),
    });
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    })
}

/// A decision that is neither Trusted nor Exempt, unless it merely follows from that of a part.
fn decision_result(decision: &Decision, anchor: &Anchor, rules: &rules::Rules) -> Option<(Severity, Value)> {
    let (rule, severity) = rules::of_verdict(decision.verdict)?;
    if follows_from_parts(decision) {
        return None;
    }
    let name = decision.subject.name();
    let mut text = format!("{name}: {}", decision.verdict.name());
    for reason in &decision.reasons {
        text.push_str("; ");
        text.push_str(&reason.text);
    }
    let mut identity = format!("layerproof/decision/v1\n{}\n{name}", decision.verdict.name());
    if let Some(digest) = decision.digest {
        identity.push_str(&format!("\n{digest}"));
    }
    let kind = match &decision.subject {
        DecisionSubject::Artifact(subject) => subject.kind(),
        DecisionSubject::FunctionVersion(_) => "function-version",
        DecisionSubject::Alias(_) => "alias",
    };
    let undecided = decision.verdict == Verdict::Undecided;
    let mut result = json!({
        "ruleId": rule,
        "kind": if undecided { "open" } else { "fail" },
        "level": if undecided { "none" } else { level(severity) },
        "message": { "text": message(&text) },
        "locations": [location(anchor, &name, kind, Some(decision))],
        "partialFingerprints": fingerprints(&Digest::of(identity.as_bytes()).hex()),
        "properties": {
            "subject": name,
            "verdict": decision.verdict.name(),
            "security-severity": security_severity(severity),
            "digest": decision.digest.map(|d| d.to_string()),
        },
    });
    rules.index(rule, &mut result);
    Some((severity, result))
}

fn finding_result(finding: &Finding, anchor: &Anchor, rules: &rules::Rules) -> Value {
    // SARIF 3.27.10: where the kind is not `fail`, the level is `none`. 3.27.9: `open` is "insufficient information to decide".
    let (kind, level) = match status(finding) {
        Status::Fail | Status::Waived => ("fail", level(finding.severity)),
        Status::Incomplete => ("open", "none"),
    };
    let mut text = format!("{}: {}", finding.subject, finding.message);
    for detail in &finding.details {
        text.push('\n');
        text.push_str(detail);
    }
    if !finding.affects.is_empty() {
        text.push_str(&format!("\nAffects {} (functions, versions and aliases).", finding.affects.len()));
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "kind": kind,
        "level": level,
        "message": { "text": message(&text) },
        "locations": [location_of(finding, anchor)],
        "partialFingerprints": fingerprints(&finding.fingerprint().0),
        "properties": {
            "subject": finding.subject,
            "severity": finding.severity,
            "security-severity": security_severity(finding.severity),
            "confidence": finding.confidence,
            "status": status(finding),
            "account": finding.account,
            "digest": finding.digest.map(|d| d.to_string()),
            "claimedDigest": finding.claimed_digest.map(|d| d.to_string()),
            "path": finding.path,
            "affects": finding.affects.iter().take(MAX_AFFECTED).collect::<Vec<_>>(),
            "affectsCount": finding.affects.len(),
        },
    });
    rules.index(finding.rule, &mut result);
    if status(finding) == Status::Waived {
        let by = finding.waived_by.as_deref().unwrap_or("a waiver");
        let suppression = json!({ "kind": "external", "status": "accepted", "justification": shown(by) });
        if let Some(object) = result.as_object_mut() {
            object.insert("suppressions".into(), json!([suppression]));
        }
    }
    result
}

fn invocation(report: &Report, left_out: usize) -> Value {
    let mut notifications = Vec::new();
    if left_out > 0 {
        let text = format!("{} left out: GitHub takes {MAX_RESULTS} results in a run. The worst are here.", counted(left_out, "result"));
        notifications.push(notification("results-left-out", "error", &text));
    }
    for gap in &report.gaps {
        notifications.push(notification("gap", "warning", &format!("{gap}. {}", gap.next_step)));
    }
    for phrase in unbound(report) {
        notifications.push(notification("not-bound", "note", &format!("The valid signatures do not bind {phrase}.")));
    }
    for note in report.notes.iter().chain(&report.ages) {
        notifications.push(notification("note", "note", note));
    }
    let more = notifications.len().saturating_sub(MAX_NOTIFICATIONS);
    notifications.truncate(MAX_NOTIFICATIONS);
    if more > 0 {
        notifications.push(notification("notifications-left-out", "warning", &format!("{} left out", counted(more, "notification"))));
    }
    json!({
        "executionSuccessful": report.exit.code != 2 && report.exit.code != 5,
        "exitCode": report.exit.code,
        "exitCodeDescription": shown(&report.exit.reason),
        "toolExecutionNotifications": notifications,
        "properties": {
            "judgedAt": report.now.to_string(),
            "source": report.source.name,
            "sourceUnauthenticated": report.source.unauthenticated,
            "policySha256": report.policy.as_ref().map(|p| p.sha256.clone()),
        },
    })
}

fn notification(id: &str, level: &str, text: &str) -> Value {
    json!({ "descriptor": { "id": id }, "level": level, "message": { "text": message(text) } })
}

/// GitHub tells results apart by `primaryLocationLineHash` alone. All of ours may share one line, so it is ours, not the line's.
fn fingerprints(fingerprint: &str) -> Value {
    json!({ "primaryLocationLineHash": format!("{fingerprint}:1"), "layerproof/v1": fingerprint })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// GitHub's scale: over 9.0 critical, from 7.0 high, from 4.0 medium, over 0 low.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.5",
        Severity::Info => "0.0",
    }
}

/// In the template where the finding stands in one, else at the anchor.
fn location_of(finding: &Finding, anchor: &Anchor) -> Value {
    let mut location = location(anchor, &finding.subject, "resource", None);
    if let Some((place, uri)) = finding.place.as_ref().and_then(|place| Some((place, template_uri(place)?)))
        && let Some(physical) = location.get_mut("physicalLocation")
    {
        *physical = json!({
            "artifactLocation": { "uri": uri, "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": place.line.max(1), "startColumn": place.column.max(1) },
        });
    }
    location
}

fn location(anchor: &Anchor, name: &str, kind: &str, decision: Option<&Decision>) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": anchor.uri(), "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": anchor.line(decision) },
        },
        "logicalLocations": [{ "fullyQualifiedName": name, "kind": kind }],
    })
}

/// Text safe to show, and with no meaning in SARIF: `[text](target)` would be a link (SARIF 3.11.6), which a blank breaks whatever
/// escapes a viewer knows; literal braces are doubled, since `{0}` is a placeholder (3.11.5).
fn message(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| shown(line).into_owned()).collect();
    lines.join("\n").replace("](", "] (").replace('{', "{{").replace('}', "}}")
}

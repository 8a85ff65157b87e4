//! `junit`: JUnit XML, for CI dashboards. A suite is an artifact; a case is its decision, or a rule that says something about it.
//!
//! | what | element |
//! |---|---|
//! | Refused, NoStatement, a finding that fails | `<failure>` |
//! | Undecided, an incomplete finding, a gap | `<error>`: evidence is missing, nobody was found to be wrong, and no dashboard hides it |
//! | Exempt, a waived finding | `<skipped>`: never the same as a pass |
//!
//! A last suite, `fleet`, holds function versions, aliases, findings about what is no artifact, gaps, and the exit code itself.
//! Rules without a finding make no case: that a rule found nothing does not say that it applied.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use super::exit::status;
use super::shown::shown;
use super::{Format, RenderOptions, Report, unbound};
use crate::check;
use crate::finding::{Finding, Status};
use crate::policy::decision::{Decision, DecisionSubject, Verdict};

/// The format.
pub static FORMAT: &dyn Format = &Junit;

struct Junit;

impl Format for Junit {
    fn name(&self) -> &'static str {
        "junit"
    }

    fn describe(&self) -> &'static str {
        "JUnit XML, for CI dashboards"
    }

    fn render(&self, report: &Report, _: &RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(document(report).as_bytes())
    }
}

fn document(report: &Report) -> String {
    let suites = suites(report);
    let total = suites.iter().fold(Counts::default(), |sum, suite| sum.plus(suite.counts()));
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let name = format!("{} {}", env!("CARGO_PKG_NAME"), report.command);
    xml.push_str(&format!("<testsuites name=\"{}\"{}>\n", escape(&name), total.attributes()));
    for suite in &suites {
        suite.write(report, &mut xml);
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// Artifacts in the order of the report, then the fleet.
fn suites(report: &Report) -> Vec<Suite> {
    let mut of_subject: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    let mut fleet = Vec::new();
    for artifact in &report.artifacts {
        of_subject.entry(artifact.subject.to_string()).or_default();
    }
    for decision in &report.decisions {
        let case = Case::of_decision(decision);
        match &decision.subject {
            DecisionSubject::Artifact(subject) => of_subject.entry(subject.to_string()).or_default().push(case),
            DecisionSubject::FunctionVersion(_) | DecisionSubject::Alias(_) => fleet.push(case),
        }
    }
    for finding in &report.findings {
        of_subject.get_mut(&finding.subject).unwrap_or(&mut fleet).push(Case::of_finding(finding));
    }
    for gap in &report.gaps {
        let result = CaseResult::Error { kind: "gap".into(), text: format!("{gap}. {}", gap.next_step) };
        fleet.push(Case { class: gap.subject.clone(), name: format!("evidence: {}", gap.wanted), result });
    }
    fleet.push(Case::of_exit(report));
    let mut suites: Vec<Suite> = of_subject.into_iter().map(|(name, cases)| Suite { name, cases }).collect();
    suites.push(Suite { name: "fleet".into(), cases: fleet });
    suites
}

struct Suite {
    name: String,
    cases: Vec<Case>,
}

impl Suite {
    fn counts(&self) -> Counts {
        self.cases.iter().fold(Counts::default(), |sum, case| sum.plus(case.counts()))
    }

    fn write(&self, report: &Report, xml: &mut String) {
        xml.push_str(&format!("  <testsuite name=\"{}\"{}>\n", escape(&self.name), self.counts().attributes()));
        if self.name == "fleet" {
            xml.push_str("    <properties>\n");
            let mut property = |name: &str, value: &str| {
                xml.push_str(&format!("      <property name=\"{name}\" value=\"{}\"/>\n", escape(value)));
            };
            property("exit-code", &report.exit.code.to_string());
            property("judged-at", &report.now.to_string());
            property("source", &report.source.name);
            for phrase in unbound(report) {
                property("not-bound-by-signatures", phrase);
            }
            for note in report.notes.iter().chain(&report.ages) {
                property("note", note);
            }
            xml.push_str("    </properties>\n");
        }
        for case in &self.cases {
            case.write(xml);
        }
        xml.push_str("  </testsuite>\n");
    }
}

struct Case {
    class: String,
    name: String,
    result: CaseResult,
}

enum CaseResult {
    Pass,
    Failure { kind: String, text: String },
    Error { kind: String, text: String },
    Skipped { text: String },
}

impl Case {
    fn of_decision(decision: &Decision) -> Self {
        let kind = decision.verdict.name().to_owned();
        let mut lines: Vec<String> = decision.reasons.iter().map(|r| r.text.clone()).collect();
        lines.extend(decision.statements.iter().map(|s| format!("statement {} ({}:{}), {}", s.name, s.file, s.line, s.level)));
        let text = if decision.reasons.is_empty() { kind.clone() } else { lines.join("\n") };
        let result = match decision.verdict {
            Verdict::Refused | Verdict::NoStatement => CaseResult::Failure { kind, text },
            Verdict::Undecided => CaseResult::Error { kind, text },
            Verdict::Exempt => CaseResult::Skipped { text: format!("exempt, which is not trusted: {text}") },
            Verdict::Trusted => CaseResult::Pass,
        };
        Self { class: decision.subject.name(), name: "trust policy".into(), result }
    }

    fn of_finding(finding: &Finding) -> Self {
        let slug = check::rule(finding.rule).map_or("", |rule| rule.slug);
        let mut name = format!("{} {slug}", finding.rule).trim_end().to_owned();
        // Cases of one class need names of their own.
        for part in [finding.path.as_deref().unwrap_or(""), &finding.key] {
            if !part.is_empty() {
                name.push_str(&format!(" [{part}]"));
            }
        }
        let kind = finding.severity.name().to_owned();
        let mut lines = vec![finding.message.clone()];
        lines.extend(finding.place.as_ref().map(|place| format!("at {place}")));
        lines.extend(finding.details.iter().cloned());
        if !finding.affects.is_empty() {
            lines.push(format!("affects {} functions, versions and aliases", finding.affects.len()));
        }
        let text = lines.join("\n");
        let result = match status(finding) {
            Status::Fail => CaseResult::Failure { kind, text },
            Status::Incomplete => CaseResult::Error { kind: "incomplete".into(), text },
            Status::Waived => {
                CaseResult::Skipped { text: format!("waived by {}: {text}", finding.waived_by.as_deref().unwrap_or("a waiver")) }
            }
        };
        Self { class: finding.subject.clone(), name, result }
    }

    fn of_exit(report: &Report) -> Self {
        let (kind, text) = (format!("exit {}", report.exit.code), report.exit.reason.clone());
        let result = match report.exit.code {
            0 => CaseResult::Pass,
            1 => CaseResult::Failure { kind, text },
            _ => CaseResult::Error { kind, text },
        };
        Self { class: "fleet".into(), name: "exit code".into(), result }
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts { tests: 1, ..Counts::default() };
        match self.result {
            CaseResult::Pass => {}
            CaseResult::Failure { .. } => counts.failures = 1,
            CaseResult::Error { .. } => counts.errors = 1,
            CaseResult::Skipped { .. } => counts.skipped = 1,
        }
        counts
    }

    fn write(&self, xml: &mut String) {
        xml.push_str(&format!("    <testcase classname=\"{}\" name=\"{}\"", escape(&self.class), escape(&self.name)));
        let mut element = |name: &str, kind: &str, text: &str| {
            let first = text.lines().next().unwrap_or_default();
            let body: Vec<String> = text.lines().map(escape).collect();
            let element = format!(
                ">\n      <{name} type=\"{}\" message=\"{}\">{}</{name}>\n    </testcase>\n",
                escape(kind),
                escape(first),
                body.join("\n")
            );
            xml.push_str(&element);
        };
        match &self.result {
            CaseResult::Pass => xml.push_str("/>\n"),
            CaseResult::Failure { kind, text } => element("failure", kind, text),
            CaseResult::Error { kind, text } => element("error", kind, text),
            CaseResult::Skipped { text } => {
                xml.push_str(&format!(">\n      <skipped message=\"{}\"/>\n    </testcase>\n", escape(&text.replace('\n', "; "))));
            }
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn plus(self, other: Self) -> Self {
        Self {
            tests: self.tests + other.tests,
            failures: self.failures + other.failures,
            errors: self.errors + other.errors,
            skipped: self.skipped + other.skipped,
        }
    }

    fn attributes(self) -> String {
        format!(" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"", self.tests, self.failures, self.errors, self.skipped)
    }
}

/// Text as an attribute value or element content. What XML 1.0 §2.2 does not allow even as a reference is written `\u{…}`; [`shown`]
/// does that for all but the two noncharacters at the end of the basic plane.
fn escape(text: &str) -> String {
    let text: Cow<'_, str> = shown(text);
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => out.extend(c.escape_unicode()),
            _ => out.push(c),
        }
    }
    out
}

//! How a run ends: decisions, findings and gaps to an exit code and its one clear reason. Pure; the table is in `docs/exit-codes.md`.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::{ExitInfo, WORST_FIRST, way_out};
use crate::check;
use crate::finding::{Finding, Severity, Status};
use crate::model::gap::Gap;
use crate::model::printable::printable;
use crate::policy::decision::{Decision, DecisionSubject, ReasonCode, Verdict};

/// The rules that `--fail-on`, baselines and waivers never cover (DESIGN §4 rule 11), whether or not this version has their checks.
pub const TAMPERING: [&str; 5] = ["INT001", "SIG004", "SIG008", "SIG010", "SIG018"];

/// What the user asked the exit code to depend on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gate {
    /// `--fail-on`.
    pub fail_on: FailOn,
    /// `--allow-incomplete`: 3 becomes 0. Of no effect where `verify` is set.
    pub allow_incomplete: bool,
    /// `--exit-zero`: everything but 2 and 5 becomes 0.
    pub exit_zero: bool,
    /// True for `verify`, which never forgives missing evidence.
    pub verify: bool,
    /// The selection matched nothing.
    pub nothing_selected: bool,
    /// Parts of the selection that matched nothing, as typed.
    pub unmatched: Vec<String>,
    /// Functions and layers of templates whose references alone were to be judged: a run of these decides nothing, and is a run.
    pub references: usize,
    /// Fingerprints of the findings that the last run of this scope did not have. `None` where there is no such run: all are new.
    pub new: Option<Vec<String>>,
}

/// Which findings fail a run. Decisions are not its business: one that is neither Trusted nor Exempt always counts (rule 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    /// Findings of this severity or worse.
    Severity(Severity),
    /// The same, but only those that the last run of this scope did not have. Tampering counts all the same (rule 11).
    New(Severity),
}

impl FailOn {
    /// What `--fail-on` takes, for help and errors.
    pub const EXPECTED: &'static str = "info, low, medium, high, critical, new, or new:SEVERITY";

    fn threshold(self) -> Severity {
        match self {
            Self::Severity(severity) | Self::New(severity) => severity,
        }
    }
}

impl Default for FailOn {
    fn default() -> Self {
        Self::Severity(Severity::High)
    }
}

/// `high`, `new` (which is `new:high`), `new:low`.
impl FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let severity = |name: &str| {
            let found = Severity::ALL.iter().copied().find(|s| s.name() == name);
            found.ok_or_else(|| format!("expected {}", Self::EXPECTED))
        };
        match text.split_once(':') {
            Some(("new", name)) => Ok(Self::New(severity(name)?)),
            None if text == "new" => Ok(Self::New(Severity::High)),
            _ => Ok(Self::Severity(severity(text)?)),
        }
    }
}

/// True for rules that say that something was tampered with.
pub fn is_tampering(rule: &str) -> bool {
    TAMPERING.contains(&rule) || check::rule(rule).is_some_and(|rule| rule.tampering)
}

/// The status that counts and that every format shows: a waiver never covers tampering (rule 11), whoever set the status.
pub fn status(finding: &Finding) -> Status {
    match finding.status {
        Status::Waived if is_tampering(finding.rule) => Status::Fail,
        Status::Waived | Status::Fail | Status::Incomplete => finding.status,
    }
}

/// Decides the exit code. Codes 2 and 5 never come from here: they are failures, and no report is made.
///
/// Where several apply, 1 beats 3 beats 4 beats 0. A run that decided nothing is 4, never a pass.
pub fn decide<'a>(decisions: impl IntoIterator<Item = &'a Decision>, findings: &[Finding], gaps: &[Gap], gate: &Gate) -> ExitInfo {
    let tally = Tally::of(decisions, findings, gaps, gate);
    let (code, reason) = if tally.fails() {
        (1, tally.failure())
    } else if tally.incomplete() && !tally.may_forgive(gate) {
        (3, tally.missing(gate))
    } else if gate.nothing_selected {
        (4, "nothing matched the selection, so nothing was verified; `layerproof inventory` lists what there is".to_owned())
    } else if !gate.unmatched.is_empty() {
        let names: Vec<String> = gate.unmatched.iter().map(|name| format!("`{}`", printable(name))).collect();
        (4, format!("nothing matched {}, which was therefore not verified", names.join(", ")))
    } else if tally.decided == 0 && gate.references > 0 {
        (0, tally.pass_of_references(gate.references))
    } else if tally.decided == 0 {
        (4, "there was nothing to decide on, so nothing was verified".to_owned())
    } else {
        (0, tally.pass())
    };
    let mut forgiven = Vec::new();
    if code != 1 && tally.incomplete() && tally.may_forgive(gate) {
        forgiven.push(format!("--allow-incomplete forgave {}", tally.incomplete_parts()));
    }
    if tally.standing > 0 {
        forgiven.push(format!("--fail-on new forgave {} from before", counted(tally.standing, "standing finding")));
    }
    if gate.exit_zero && code != 0 {
        let mut text = format!("--exit-zero: this would be exit {code}, {reason}");
        append(&mut text, &forgiven);
        return ExitInfo { code: 0, reason: text };
    }
    let mut reason = reason;
    append(&mut reason, &forgiven);
    ExitInfo { code, reason }
}

/// What counts towards which code.
#[derive(Debug, Default)]
struct Tally {
    decided: usize,
    /// Artifacts, function versions, aliases; per verdict in the order of [`WORST_FIRST`].
    verdicts: [[usize; 3]; 5],
    /// The first refusal that is not merely that of a part.
    headline: Option<(Verdict, String)>,
    failing: usize,
    failing_tampering: usize,
    threshold: &'static str,
    only_new: bool,
    standing: usize,
    below: usize,
    incomplete_findings: usize,
    gaps: usize,
    /// What an artifact's author can cause: never forgiven (rule 5).
    author: usize,
}

impl Tally {
    fn of<'a>(decisions: impl IntoIterator<Item = &'a Decision>, findings: &[Finding], gaps: &[Gap], gate: &Gate) -> Self {
        let threshold = gate.fail_on.threshold();
        let mut tally = Self { threshold: threshold.name(), gaps: gaps.len(), ..Self::default() };
        tally.only_new = match gate.fail_on {
            FailOn::New(_) => true,
            FailOn::Severity(_) => false,
        };
        for decision in decisions {
            tally.decision(decision);
        }
        let new: Option<BTreeSet<&str>> = gate.new.as_ref().map(|list| list.iter().map(String::as_str).collect());
        for finding in findings {
            match status(finding) {
                Status::Incomplete => tally.incomplete_findings += 1,
                Status::Waived => {}
                Status::Fail if is_tampering(finding.rule) => {
                    tally.failing += 1;
                    tally.failing_tampering += 1;
                }
                Status::Fail if finding.severity < threshold => tally.below += 1,
                Status::Fail => {
                    let known = tally.only_new && new.as_ref().is_some_and(|new| !new.contains(finding.fingerprint().0.as_str()));
                    if known {
                        tally.standing += 1;
                    } else {
                        tally.failing += 1;
                    }
                }
            }
        }
        tally.author += gaps.iter().filter(|gap| gap.author_can_cause()).count();
        tally
    }

    fn decision(&mut self, decision: &Decision) {
        self.decided += 1;
        let row = WORST_FIRST.iter().position(|v| *v == decision.verdict).unwrap_or_default();
        let column = match decision.subject {
            DecisionSubject::Artifact(_) => 0,
            DecisionSubject::FunctionVersion(_) => 1,
            DecisionSubject::Alias(_) => 2,
        };
        if let Some(count) = self.verdicts.get_mut(row).and_then(|r| r.get_mut(column)) {
            *count += 1;
        }
        match decision.verdict {
            Verdict::Refused | Verdict::NoStatement => {
                let reason = decision.reasons.iter().find(|r| r.code != ReasonCode::PartNotTrusted);
                let worse = self.headline.as_ref().is_none_or(|(verdict, _)| *verdict < decision.verdict);
                if let Some(reason) = reason.filter(|_| worse) {
                    let way_out = way_out(decision).map_or_else(String::new, |text| format!(" ({text})"));
                    self.headline = Some((decision.verdict, format!("{}: {}{way_out}", decision.subject.name(), reason.text)));
                }
            }
            Verdict::Undecided => self.author += usize::from(decision.reasons.iter().any(|r| r.author_can_cause)),
            Verdict::Exempt | Verdict::Trusted => {}
        }
    }

    fn count(&self, verdict: Verdict) -> [usize; 3] {
        let row = WORST_FIRST.iter().position(|v| *v == verdict).unwrap_or_default();
        self.verdicts.get(row).copied().unwrap_or_default()
    }

    fn any(&self, verdict: Verdict) -> bool {
        self.count(verdict).iter().any(|n| *n > 0)
    }

    fn fails(&self) -> bool {
        self.any(Verdict::Refused) || self.any(Verdict::NoStatement) || self.failing > 0
    }

    fn incomplete(&self) -> bool {
        self.any(Verdict::Undecided) || self.incomplete_findings > 0 || self.gaps > 0
    }

    fn may_forgive(&self, gate: &Gate) -> bool {
        gate.allow_incomplete && !gate.verify && self.author == 0
    }

    fn failure(&self) -> String {
        let mut parts = Vec::new();
        for (verdict, word) in [(Verdict::Refused, "refused"), (Verdict::NoStatement, "without a statement")] {
            if self.any(verdict) {
                parts.push(format!("{} {word}", subjects(self.count(verdict))));
            }
        }
        if self.failing > 0 {
            let new = if self.only_new { "new " } else { "" };
            let mut text = format!("{} at or above {}", counted(self.failing, &format!("{new}finding")), self.threshold);
            if self.failing_tampering > 0 {
                text.push_str(&format!(", {} of tampering", self.failing_tampering));
            }
            parts.push(text);
        }
        let mut text = format!("the policy failed: {}", parts.join("; "));
        if let Some((_, headline)) = &self.headline {
            text.push_str(&format!(". First: {headline}"));
        }
        text
    }

    fn missing(&self, gate: &Gate) -> String {
        let mut text = format!("incomplete, evidence could not be had: {}", self.incomplete_parts());
        if gate.allow_incomplete && gate.verify {
            text.push_str("; --allow-incomplete forgives nothing in verify");
        } else if gate.allow_incomplete {
            text.push_str(&format!("; --allow-incomplete does not forgive what an artifact's author can cause ({})", self.author));
        }
        text
    }

    fn incomplete_parts(&self) -> String {
        let mut parts = Vec::new();
        if self.any(Verdict::Undecided) {
            parts.push(format!("{} undecided", subjects(self.count(Verdict::Undecided))));
        }
        if self.incomplete_findings > 0 {
            parts.push(counted(self.incomplete_findings, "incomplete finding"));
        }
        if self.gaps > 0 {
            parts.push(counted(self.gaps, "gap"));
        }
        parts.join(", ")
    }

    fn pass_of_references(&self, resources: usize) -> String {
        let below = if self.below > 0 { format!("; {} below {}", counted(self.below, "finding"), self.threshold) } else { String::new() };
        format!("the references of {} were judged, and no artifact{below}", counted(resources, "template resource"))
    }

    fn pass(&self) -> String {
        let mut parts = Vec::new();
        for (verdict, word) in [(Verdict::Trusted, "trusted"), (Verdict::Exempt, "exempt, which is not trusted")] {
            if self.any(verdict) {
                parts.push(format!("{} {word}", subjects(self.count(verdict))));
            }
        }
        let mut text = if parts.is_empty() { "nothing was refused".to_owned() } else { format!("passed: {}", parts.join(", ")) };
        if self.below > 0 {
            text.push_str(&format!("; {} below {}", counted(self.below, "finding"), self.threshold));
        }
        text
    }
}

fn append(reason: &mut String, forgiven: &[String]) {
    for text in forgiven {
        reason.push_str("; ");
        reason.push_str(text);
    }
}

fn subjects([artifacts, versions, aliases]: [usize; 3]) -> String {
    let mut parts = Vec::new();
    for (n, word) in [(artifacts, "artifact"), (versions, "function version")] {
        if n > 0 {
            parts.push(counted(n, word));
        }
    }
    if aliases > 0 {
        parts.push(if aliases == 1 { "1 alias".to_owned() } else { format!("{aliases} aliases") });
    }
    parts.join(", ")
}

/// `1 finding`, `2 findings`.
pub(super) fn counted(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

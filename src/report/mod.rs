//! Stage 6b: one report, many formats. One file per format; formats only render.
//!
//! A new format is one file here with a `pub static FORMAT: &dyn Format`, and its entry in [`ALL`]. `docs/formats.md` describes each.

mod anchor;
pub mod exit;
pub mod github;
pub mod json;
pub mod junit;
pub mod sarif;
mod shown;
pub mod summary;
pub mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use jiff::Timestamp;
use serde::Serialize;

use crate::evidence::Artifact;
use crate::finding::{Finding, Severity};
use crate::model::artifact::Subject;
use crate::model::gap::Gap;
use crate::model::inventory::{CoverageRow, SourceInfo};
use crate::policy::decision::{Decision, DecisionSubject, ReasonCode, Verdict};
use crate::signature::Outcome;
use crate::store::history::Delta;

/// Everything that a run has to say.
#[derive(Debug, Clone)]
pub struct Report {
    /// `verify` or `scan`.
    pub command: &'static str,
    /// The time that everything was judged at.
    pub now: Timestamp,
    /// True where `--now` set it.
    pub now_overridden: bool,
    /// Where the inventory comes from.
    pub source: SourceInfo,
    /// The policy file as given, with its SHA-256 in hexadecimal.
    pub policy: Option<PolicyInfo>,
    /// Every artifact that was looked at, sorted by subject.
    pub artifacts: Vec<Artifact>,
    /// Every decision, sorted by subject.
    pub decisions: Vec<Decision>,
    /// Every finding, worst first, then by rule and subject.
    pub findings: Vec<Finding>,
    /// What was not learned.
    pub gaps: Vec<Gap>,
    /// What was looked at.
    pub coverage: Vec<CoverageRow>,
    /// What is new since the last run of the same scope.
    pub delta: Option<Delta>,
    /// Things that a reader must know: dangerous flags in use, age of the snapshot and of dated tables, facts known at second hand.
    pub notes: Vec<String>,
    /// How old snapshots, tables and roots are at `now`, one sentence each. Apart from the notes, since they change from day to day.
    pub ages: Vec<String>,
    /// Counts.
    pub summary: Summary,
    /// The exit code that the command will end with, and why.
    pub exit: ExitInfo,
}

/// The policy that was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyInfo {
    /// Path as given.
    pub file: String,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
}

/// Counts for the last lines of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Functions in the inventory.
    pub functions: usize,
    /// Function versions.
    pub function_versions: usize,
    /// Layer versions.
    pub layer_versions: usize,
    /// Distinct images.
    pub images: usize,
    /// Distinct blobs by digest that were hashed.
    pub unique_blobs: usize,
    /// Artifacts that were downloaded.
    pub downloaded: usize,
    /// Blobs that came out of the store instead of the source.
    pub blobs_from_store: usize,
    /// Artifact decisions per verdict; every verdict is a key.
    pub artifacts: BTreeMap<&'static str, usize>,
    /// Function-version decisions per verdict.
    pub versions: BTreeMap<&'static str, usize>,
    /// Alias decisions per verdict.
    pub aliases: BTreeMap<&'static str, usize>,
    /// Findings per severity with status fail.
    pub findings: BTreeMap<&'static str, usize>,
    /// Findings with status incomplete.
    pub incomplete: usize,
    /// Findings that a waiver covers.
    pub waived: usize,
}

/// How the command ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExitInfo {
    /// Exit code.
    pub code: u8,
    /// One line: the clear reason.
    pub reason: String,
}

/// How a text-like format may draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderOptions {
    /// ANSI colour.
    pub color: bool,
    /// Columns, where the output is a terminal.
    pub width: Option<usize>,
    /// 0, 1 (`-v`) or 2 (`-vv`): how much is shown in text.
    pub verbosity: u8,
    /// File that cloud findings are anchored to in SARIF and annotations, relative (`--sarif-anchor`, else the policy file).
    pub anchor: Option<String>,
}

/// A report format.
pub trait Format: Sync {
    /// The value of `-o`: `json`.
    fn name(&self) -> &'static str;
    /// One line for `--help`.
    fn describe(&self) -> &'static str;
    /// Writes the whole report.
    fn render(&self, report: &Report, options: &RenderOptions, out: &mut dyn io::Write) -> io::Result<()>;
}

/// Every format, in the order of `--help`.
pub static ALL: &[&dyn Format] = &[text::FORMAT, json::FORMAT, sarif::FORMAT, junit::FORMAT, github::FORMAT];

/// The format of that name.
pub fn by_name(name: &str) -> Option<&'static dyn Format> {
    ALL.iter().copied().find(|format| format.name() == name)
}

/// Every verdict, worst first: the order of groups and columns.
pub const WORST_FIRST: [Verdict; 5] = [Verdict::Refused, Verdict::NoStatement, Verdict::Undecided, Verdict::Exempt, Verdict::Trusted];

/// The worst severity among findings with status fail.
pub fn worst(findings: &[Finding]) -> Option<Severity> {
    findings.iter().filter(|f| f.status == crate::finding::Status::Fail).map(|f| f.severity).max()
}

/// The worst verdict; `None` where nothing was decided.
pub fn worst_verdict(decisions: &[Decision]) -> Option<Verdict> {
    decisions.iter().map(|d| d.verdict).max()
}

/// True where a decision says no more than that a part is not trusted, or is exempt: a function version or alias whose artifacts have
/// decisions of their own.
pub fn follows_from_parts(decision: &Decision) -> bool {
    let whole = match decision.subject {
        DecisionSubject::Artifact(_) => false,
        DecisionSubject::FunctionVersion(_) | DecisionSubject::Alias(_) => true,
    };
    let of_a_part = |code: ReasonCode| matches!(code, ReasonCode::PartNotTrusted | ReasonCode::Exempted);
    whole && !decision.reasons.is_empty() && decision.reasons.iter().all(|reason| of_a_part(reason.code))
}

/// What to do about a refusal that is often a slip of the command line: a local file that was given no scope.
pub fn way_out(decision: &Decision) -> Option<&'static str> {
    let is_file = match &decision.subject {
        DecisionSubject::Artifact(subject) => matches!(subject, Subject::File(_)),
        DecisionSubject::FunctionVersion(_) | DecisionSubject::Alias(_) => false,
    };
    (is_file && decision.verdict == Verdict::NoStatement)
        .then_some("a local file takes the scope of a layer, function or image only by --as ARN")
}

/// What the signatures that the report rests on do not bind, each phrase once. Every format says it.
pub fn unbound(report: &Report) -> BTreeSet<&str> {
    let of_decisions = report.decisions.iter().flat_map(|d| d.does_not_bind.iter().map(String::as_str));
    let signatures = report.artifacts.iter().filter_map(|a| a.signatures.present()).flatten();
    let valid = signatures.filter(|s| matches!(s.outcome, Outcome::Valid(_)));
    of_decisions.chain(valid.flat_map(|s| s.does_not_bind.iter().copied())).collect()
}

//! `layerproof history`: earlier scans, and what changed between any two.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;

use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;

use super::listing::{OutputFormat, columns, counted, emit, emit_json};
use super::{Exit, Failure, Global};
use crate::finding::Severity;
use crate::model::printable::printable;
use crate::store::Store;
use crate::store::history::{Delta, FindingRow, History, HistoryError, ScanRecord, ScanSummary, delta};

/// List, show and compare earlier scans
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// List the last scans, newest first
    List {
        /// At most this many
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
        /// How to print
        #[arg(long, value_enum, default_value_t)]
        format: OutputFormat,
    },
    /// Show one scan with its verdicts and findings
    Show {
        /// Id, as `history list` gives it
        id: i64,
        /// How to print
        #[arg(long, value_enum, default_value_t)]
        format: OutputFormat,
    },
    /// Show what changed from one scan to another
    Diff {
        /// Id of the earlier scan
        before: i64,
        /// Id of the later scan
        after: i64,
        /// How to print
        #[arg(long, value_enum, default_value_t)]
        format: OutputFormat,
    },
}

/// Runs `layerproof history`.
pub fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<Exit, Failure> {
    let store = Store::open(&global.cache_dir)?;
    let mut history = History::open(&store)?;
    match &args.command {
        Command::List { limit, format } => list(&history.list(*limit)?, *format, out)?,
        Command::Show { id, format } => {
            let record = wanted(&mut history, *id)?;
            match format {
                OutputFormat::Json => emit_json(out, "layerproof/history-show/v1", &ShowJson { id: *id, scan: &record })?,
                OutputFormat::Text => emit(out, &show_text(*id, &record))?,
            }
        }
        Command::Diff { before, after, format } => {
            let (old, new) = (wanted(&mut history, *before)?, wanted(&mut history, *after)?);
            let delta = delta(Some((*before, &old)), &new.seen(), &new.unknown_subjects(&old));
            match format {
                OutputFormat::Json => {
                    let value = DiffJson { before: *before, after: *after, same_scope: old.scope == new.scope, delta: &delta };
                    emit_json(out, "layerproof/history-diff/v1", &value)?;
                }
                OutputFormat::Text => emit(out, &diff_text((*before, &old), (*after, &new), &delta))?,
            }
        }
    }
    Ok(Exit::Pass)
}

impl From<HistoryError> for Failure {
    fn from(error: HistoryError) -> Self {
        let failure = Self::internal(error.to_string());
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

#[derive(Serialize)]
struct ListJson<'a> {
    scans: &'a [ScanSummary],
}

#[derive(Serialize)]
struct ShowJson<'a> {
    id: i64,
    scan: &'a ScanRecord,
}

#[derive(Serialize)]
struct DiffJson<'a> {
    before: i64,
    after: i64,
    same_scope: bool,
    delta: &'a Delta,
}

fn wanted(history: &mut History, id: i64) -> Result<ScanRecord, Failure> {
    history.show(id)?.ok_or_else(|| Failure {
        exit: Exit::NothingMatched,
        message: format!("there is no scan {id} in the history"),
        hints: vec!["`layerproof history list` names those that there are".into()],
    })
}

fn list(scans: &[ScanSummary], format: OutputFormat, out: &mut dyn Write) -> Result<(), Failure> {
    if format == OutputFormat::Json {
        return emit_json(out, "layerproof/history-list/v1", &ListJson { scans });
    }
    if scans.is_empty() {
        return emit(out, "no scans yet\n");
    }
    let mut rows = vec![["ID", "STARTED", "EXIT", "FAIL", "OTHER", "SUBJECTS", "POLICY", "SCOPE"].map(String::from).to_vec()];
    rows.extend(scans.iter().map(|scan| {
        vec![
            scan.id.to_string(),
            minute(scan.started_at),
            scan.exit_code.to_string(),
            scan.failing.to_string(),
            scan.other.to_string(),
            scan.subjects.to_string(),
            short(&scan.policy_sha256),
            printable(&scan.scope).into_owned(),
        ]
    }));
    emit(out, &columns(0, &rows))
}

fn show_text(id: i64, record: &ScanRecord) -> String {
    let mut text = heading(id, record);
    let _ = writeln!(
        text,
        "judged at {}, policy {}, layerproof {}, exit {}",
        record.judged_at,
        short(&record.policy_sha256),
        printable(&record.tool_version),
        record.exit_code
    );
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in record.subjects.values() {
        *counts.entry(&row.verdict).or_default() += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(verdict, n)| format!("{n} {}", printable(verdict))).collect();
    let _ = writeln!(text, "\n{}{}", counted(record.subjects.len() as u64, "subject"), prefixed(": ", &counts.join(", ")));
    let rows: Vec<Vec<String>> =
        record.subjects.iter().map(|(name, row)| [&row.verdict, name, &row.digest].map(|t| printable(t).into_owned()).to_vec()).collect();
    text.push_str(&columns(2, &rows));
    section(&mut text, "Findings", record.findings.values().collect());
    text
}

fn diff_text((before, old): (i64, &ScanRecord), (after, new): (i64, &ScanRecord), delta: &Delta) -> String {
    let mut text = format!("From {}To   {}", heading(before, old), heading(after, new));
    if old.scope != new.scope {
        text.push_str("note: the two scans have different scopes, so much of this is no change at all\n");
    }
    if delta.policy_changed {
        let _ = writeln!(text, "note: the policy changed, {} to {}", short(&old.policy_sha256), short(&new.policy_sha256));
    }
    let _ = writeln!(
        text,
        "{} new, {} standing, {} resolved, {} newly unknown, {} still unknown",
        delta.new.len(),
        delta.standing.len(),
        delta.resolved.len(),
        delta.newly_unknown.len(),
        delta.still_unknown.len()
    );
    section(&mut text, "New", delta.new.iter().filter_map(|fingerprint| new.findings.get(fingerprint)).collect());
    section(&mut text, "Resolved", delta.resolved.iter().collect());
    section(&mut text, "Newly unknown: it could not be looked at again", delta.newly_unknown.iter().collect());
    section(&mut text, "Still unknown", delta.still_unknown.iter().collect());
    changes(&mut text, "Verdicts", &delta.verdicts);
    changes(&mut text, "Digests", &delta.digests);
    text
}

fn heading(id: i64, record: &ScanRecord) -> String {
    format!("scan {id} of {}, {}\n", minute(record.started_at), printable(&record.scope))
}

fn section(text: &mut String, title: &str, mut findings: Vec<&FindingRow>) {
    if findings.is_empty() {
        return;
    }
    findings.sort_by(|a, b| (rank(&a.severity), &a.rule, &a.subject).cmp(&(rank(&b.severity), &b.rule, &b.subject)));
    let _ = writeln!(text, "\n{title} ({})", findings.len());
    let rows: Vec<Vec<String>> = findings
        .iter()
        .map(|row| [&row.severity, &row.status, &row.rule, &row.subject, &row.message].map(|t| printable(t).into_owned()).to_vec())
        .collect();
    text.push_str(&columns(2, &rows));
}

fn changes(text: &mut String, title: &str, changes: &[(String, String, String)]) {
    if changes.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title} ({})", changes.len());
    let rows: Vec<Vec<String>> = changes
        .iter()
        .map(|(name, then, now)| vec![printable(name).into_owned(), format!("{} -> {}", printable(then), printable(now))])
        .collect();
    text.push_str(&columns(2, &rows));
}

/// Worst first; a severity of another version last.
fn rank(severity: &str) -> usize {
    Severity::ALL.iter().rev().position(|s| s.name() == severity).unwrap_or(Severity::ALL.len())
}

fn minute(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%MZ").to_string()
}

fn short(sha256: &str) -> String {
    printable(&sha256.chars().take(12).collect::<String>()).into_owned()
}

fn prefixed(prefix: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{prefix}{text}") }
}

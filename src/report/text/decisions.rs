//! Decisions of a scan, worst first.

use std::io;

use super::page::{DIM, Page, of_verdict, title};
use super::subject::without_subject;
use crate::policy::decision::{Decision, DecisionSubject, Verdict};
use crate::report::anchor::decisive;
use crate::report::exit::counted;
use crate::report::{Report, WORST_FIRST, follows_from_parts, way_out};

pub(super) fn write(report: &Report, verbosity: u8, page: &mut Page<'_>) -> io::Result<()> {
    if report.decisions.is_empty() {
        return Ok(());
    }
    page.heading("Decisions")?;
    for verdict in WORST_FIRST {
        let all: Vec<&Decision> = report.decisions.iter().filter(|d| d.verdict == verdict).collect();
        if all.is_empty() {
            continue;
        }
        let hidden = verdict == Verdict::Trusted && verbosity == 0;
        let hint = if hidden { "  (-v lists them)" } else { "" };
        page.styled(2, of_verdict(verdict), &format!("{} {}{hint}", title(verdict), all.len()))?;
        if hidden {
            continue;
        }
        let (parts, own): (Vec<&Decision>, Vec<&Decision>) = all.into_iter().partition(|d| follows_from_parts(d) && verbosity == 0);
        for decision in own {
            one(decision, verbosity, page)?;
        }
        if !parts.is_empty() {
            let versions = parts.iter().filter(|d| matches!(d.subject, DecisionSubject::FunctionVersion(_))).count();
            let aliases = parts.len() - versions;
            let aliases = match aliases {
                0 => String::new(),
                1 => ", 1 alias".to_owned(),
                n => format!(", {n} aliases"),
            };
            let text = format!("and what they are part of: {}{aliases} (-v lists them)", counted(versions, "function version"));
            page.wrapped(4, DIM, &text)?;
        }
    }
    Ok(())
}

fn one(decision: &Decision, verbosity: u8, page: &mut Page<'_>) -> io::Result<()> {
    page.styled(4, super::page::PLAIN, &format!("{} {}", kind(&decision.subject), decision.subject.name()))?;
    reasons(6, decision, verbosity, page)
}

/// The first reason (all of them with `-v`), what was logged, and the statement that decided.
pub(super) fn reasons(indent: usize, decision: &Decision, verbosity: u8, page: &mut Page<'_>) -> io::Result<()> {
    let more = decision.reasons.len().saturating_sub(1);
    let shown = if verbosity > 0 { decision.reasons.len() } else { 1 };
    for reason in decision.reasons.iter().take(shown) {
        page.body(indent, &without_subject(own_words(decision, &reason.text), &decision.subject.name()))?;
    }
    if let Some(text) = way_out(decision) {
        page.body(indent, text)?;
    }
    if more > 0 && verbosity == 0 {
        page.wrapped(indent, DIM, &format!("and {} (-v)", counted(more, "more reason")))?;
    }
    if let Some(statement) = decisive(decision) {
        page.wrapped(indent, DIM, &format!("statement {} ({}:{}), {}", statement.name, statement.file, statement.line, statement.level))?;
    }
    for statement in decision.statements.iter().filter(|_| verbosity > 0) {
        for logged in &statement.logged {
            page.wrapped(indent, DIM, &format!("not enforced by {}: {logged}", statement.name))?;
        }
    }
    Ok(())
}

/// A reason of an alias without the reason of the version that it routes to, which has its own place.
fn own_words<'a>(decision: &Decision, text: &'a str) -> &'a str {
    match (&decision.subject, text.split_once(": ")) {
        (DecisionSubject::Alias(_), Some((head, _))) if WORST_FIRST.iter().any(|v| head.ends_with(&format!(" is {}", v.name()))) => head,
        (DecisionSubject::Artifact(_) | DecisionSubject::FunctionVersion(_) | DecisionSubject::Alias(_), _) => text,
    }
}

pub(super) fn kind(subject: &DecisionSubject) -> &'static str {
    match subject {
        DecisionSubject::Artifact(subject) => subject.kind(),
        DecisionSubject::FunctionVersion(_) => "function version",
        DecisionSubject::Alias(_) => "alias",
    }
}

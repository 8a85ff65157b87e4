//! `layerproof explain [RULE]`: what a rule means and what to do about it. Needs nothing but the binary.

use std::io::{self, Write};

use clap::ValueEnum;
use serde_json::json;

use crate::check::{ALL, Check};
use crate::cli::{Exit, Failure, Global};
use crate::finding::{EvidenceKind, Rule};
use crate::model::printable::printable;

/// Names that are offered for one that is not known.
const SUGGESTIONS: usize = 3;
/// Characters of a name that are compared; the longest slug has fewer than 50.
const COMPARED: usize = 64;
/// Columns that text is wrapped at where stdout is no terminal, and at most.
const WIDTH: usize = 100;

/// Explain a rule: what it means, why it matters and what to do about it
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Id or name of a rule, such as SIG004 or signature-invalid, in any case; without it, all rules are listed
    pub rule: Option<String>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Form::Text)]
    pub format: Form,
}

/// Form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For a terminal
    Text,
    /// For machines
    Json,
    /// The page of the documentation
    Markdown,
}

/// Runs the command.
///
/// # Errors
/// Exit 2 for a rule that does not exist, with the nearest names; exit 5 where `out` cannot be written.
pub fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<Exit, Failure> {
    let written = match &args.rule {
        Some(name) => {
            let check = find(name).ok_or_else(|| unknown(name))?;
            match args.format {
                Form::Text => text(check.rule(), global, out),
                Form::Json => writeln!(out, "{:#}", as_json(check.rule())),
                Form::Markdown => out.write_all(check.page().as_bytes()),
            }
        }
        None => match args.format {
            Form::Text => table(out),
            Form::Json => writeln!(out, "{:#}", json!({ "rules": ALL.iter().map(|check| as_json(check.rule())).collect::<Vec<_>>() })),
            Form::Markdown => markdown_table(out),
        },
    };
    match written {
        Ok(()) => Ok(Exit::Pass),
        // A reader that has seen enough is no error.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Pass),
        Err(error) => Err(Failure::internal(format!("cannot write the output: {error}"))),
    }
}

fn find(name: &str) -> Option<&'static dyn Check> {
    let name = name.trim();
    let is = |check: &&&dyn Check| check.rule().id.eq_ignore_ascii_case(name) || check.rule().slug.eq_ignore_ascii_case(name);
    ALL.iter().find(is).copied()
}

fn unknown(name: &str) -> Failure {
    let shown: String = name.chars().take(COMPARED).collect();
    let near = nearest(&shown);
    let failure = Failure::usage(format!("there is no rule `{}`", printable(&shown)));
    let failure = if near.is_empty() { failure } else { failure.hint(format!("did you mean {}?", near.join(", "))) };
    failure.hint("`layerproof explain` lists all rules")
}

/// The rules whose id or slug is closest, at most half of the name away; `ID (slug)`.
fn nearest(name: &str) -> Vec<String> {
    let name = name.to_ascii_lowercase();
    let mut near: Vec<(usize, String)> = Vec::new();
    for rule in ALL.iter().map(|check| check.rule()) {
        let id = distance(&name, &rule.id.to_ascii_lowercase());
        let contained = name.len() >= 3 && rule.slug.contains(&name);
        let slug = if contained { 1 } else { distance(&name, rule.slug) };
        let (steps, longest) = if id <= slug { (id, rule.id.len()) } else { (slug, rule.slug.len()) };
        if contained || steps * 2 <= longest.max(name.len()) {
            near.push((steps, format!("{} ({})", rule.id, rule.slug)));
        }
    }
    near.sort();
    near.into_iter().take(SUGGESTIONS).map(|(_, name)| name).collect()
}

/// Levenshtein's distance: insertions, deletions and substitutions that turn one text into the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let best = (diagonal + usize::from(x != *y)).min(*cell + 1).min(left + 1);
            diagonal = std::mem::replace(cell, best);
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

fn text(rule: &Rule, global: &Global, out: &mut dyn Write) -> io::Result<()> {
    let width = global.width.unwrap_or(WIDTH).clamp(40, WIDTH);
    let (bold, plain) = if global.color { ("\u{1b}[1m", "\u{1b}[0m") } else { ("", "") };
    writeln!(out, "{bold}{} {}{plain}", rule.id, rule.slug)?;
    writeln!(out, "{}\n", rule.title)?;
    writeln!(out, "Severity   {}", rule.severity)?;
    writeln!(out, "Evidence   {}", evidence(rule))?;
    writeln!(out, "Tampering  {}", tampering(rule))?;
    for (heading, body) in [("What it means", rule.explanation), ("What to do", rule.remediation), ("Caveat", rule.caveat)] {
        if !body.is_empty() {
            writeln!(out, "\n{bold}{heading}{plain}")?;
            for line in wrapped(body, width.saturating_sub(2)) {
                writeln!(out, "  {line}")?;
            }
        }
    }
    Ok(())
}

fn table(out: &mut dyn Write) -> io::Result<()> {
    let slugs = ALL.iter().map(|check| check.rule().slug.len()).max().unwrap_or_default();
    writeln!(out, "{:<7} {:<8} {:<slugs$} TITLE", "RULE", "SEVERITY", "NAME")?;
    for rule in ALL.iter().map(|check| check.rule()) {
        writeln!(out, "{:<7} {:<8} {:<slugs$} {}", rule.id, rule.severity, rule.slug, rule.title)?;
    }
    Ok(())
}

fn markdown_table(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "| Rule | Name | Severity | Title |\n|---|---|---|---|")?;
    for rule in ALL.iter().map(|check| check.rule()) {
        writeln!(out, "| [{0}]({0}.md) | `{1}` | {2} | {3} |", rule.id, rule.slug, rule.severity, rule.title)?;
    }
    Ok(())
}

fn as_json(rule: &Rule) -> serde_json::Value {
    json!({
        "id": rule.id,
        "slug": rule.slug,
        "title": rule.title,
        "severity": rule.severity,
        "evidence": rule.evidence,
        "tampering": rule.tampering,
        "explanation": rule.explanation,
        "remediation": rule.remediation,
        "caveat": rule.caveat,
    })
}

fn evidence(rule: &Rule) -> String {
    let names: Vec<&str> = rule.evidence.iter().map(|kind| evidence_name(*kind)).collect();
    names.join(", ")
}

/// What a kind of evidence is called in the documentation.
pub fn evidence_name(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Api => "API answers",
        EvidenceKind::Artifact => "artifact bytes",
        EvidenceKind::Template => "template",
        EvidenceKind::Policy => "trust policy",
        EvidenceKind::History => "earlier runs",
    }
}

fn tampering(rule: &Rule) -> &'static str {
    if rule.tampering { "yes: never covered by waivers, baselines or --fail-on new" } else { "no" }
}

/// Breaks text at spaces into lines of at most `width` characters; a longer word gets a line of its own.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, expected) in [("", "", 0), ("a", "", 1), ("", "ab", 2), ("sig004", "sig040", 2), ("kitten", "sitting", 3)] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn long_words_do_not_vanish_when_text_is_wrapped() {
        assert_eq!(wrapped("a bb extraordinarily c", 6), ["a bb", "extraordinarily", "c"]);
    }
}

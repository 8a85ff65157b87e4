//! The page that the CLI appends to the file `GITHUB_STEP_SUMMARY` names.

use std::borrow::Cow;

use crate::finding::Status;
use crate::policy::decision::Verdict;
use crate::report::exit::{counted, status};
use crate::report::shown::shown;
use crate::report::{Report, WORST_FIRST, follows_from_parts, unbound};

/// Rows of each table. GitHub drops a page of over 1 MiB as a whole.
pub const MAX_ROWS: usize = 50;

/// The longest text of one cell, in characters.
const MAX_CELL: usize = 400;

/// The report as a Markdown page of bounded size. Nothing that comes from outside is Markdown, HTML, a link or a mention in it.
pub fn step_summary(report: &Report) -> String {
    let mut page = format!("## layerproof {}: exit {}\n\n{}\n\n", report.command, report.exit.code, cell(&report.exit.reason));
    page.push_str("| | Refused | No statement | Undecided | Exempt | Trusted |\n|---|---:|---:|---:|---:|---:|\n");
    let summary = &report.summary;
    for (name, counts) in [("Artifacts", &summary.artifacts), ("Function versions", &summary.versions), ("Aliases", &summary.aliases)] {
        page.push_str(&format!("| {name} |"));
        for verdict in WORST_FIRST {
            page.push_str(&format!(" {} |", counts.get(verdict.name()).copied().unwrap_or_default()));
        }
        page.push('\n');
    }
    decisions(report, &mut page);
    findings(report, &mut page);
    table(&mut page, "Not checked", &["What", "Next step"], report.gaps.iter().collect(), |gap| {
        vec![cell(&gap.to_string()), cell(&gap.next_step)]
    });
    if let Some(delta) = report.delta.as_ref().filter(|d| d.since.is_some()) {
        page.push_str(&format!(
            "\nSince the last run: {} new, {} standing, {} resolved, {} newly unknown.\n",
            delta.new.len(),
            delta.standing.len(),
            delta.resolved.len(),
            delta.newly_unknown.len()
        ));
    }
    for phrase in unbound(report).into_iter().take(MAX_ROWS) {
        page.push_str(&format!("\n> The valid signatures do not bind {}.\n", cell(phrase)));
    }
    for note in report.notes.iter().take(MAX_ROWS) {
        page.push_str(&format!("\n> {}\n", cell(note)));
    }
    page
}

fn decisions(report: &Report, page: &mut String) {
    let told = WORST_FIRST.into_iter().filter(|verdict| match verdict {
        Verdict::Refused | Verdict::NoStatement | Verdict::Undecided => true,
        Verdict::Exempt | Verdict::Trusted => false,
    });
    let rows = told.flat_map(|verdict| report.decisions.iter().filter(move |d| d.verdict == verdict && !follows_from_parts(d)));
    table(page, "Decisions", &["Decision", "Subject", "Reason"], rows.collect(), |decision| {
        let reason = decision.reasons.first().map_or("", |r| r.text.as_str());
        vec![decision.verdict.name().into(), code(&decision.subject.name()), cell(reason)]
    });
}

fn findings(report: &Report, page: &mut String) {
    table(page, "Findings", &["Rule", "Severity", "Subject", "What is wrong"], report.findings.iter().collect(), |f| {
        let status = match status(f) {
            Status::Fail => f.severity.name().to_owned(),
            Status::Incomplete => format!("{}, incomplete", f.severity),
            Status::Waived => format!("{}, waived by {}", f.severity, cell(f.waived_by.as_deref().unwrap_or("a waiver"))),
        };
        vec![f.rule.into(), status, code(&f.subject), cell(&f.message)]
    });
}

/// Cells are made of the rows that are taken only: the others cost nothing.
fn table<T>(page: &mut String, title: &str, head: &[&str], items: Vec<T>, row: impl Fn(&T) -> Vec<String>) {
    if items.is_empty() {
        return;
    }
    page.push_str(&format!("\n### {title}\n\n| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len())));
    for item in items.iter().take(MAX_ROWS) {
        page.push_str(&format!("| {} |\n", row(item).join(" | ")));
    }
    let more = items.len().saturating_sub(MAX_ROWS);
    if more > 0 {
        page.push_str(&format!("\n{} left out.\n", counted(more, "row")));
    }
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", cell(text))
}

/// Text with every character that could be Markdown, HTML, a mention or the start of a link as an entity. Long text is cut in the
/// middle, so that an ARN keeps its tail.
fn cell(text: &str) -> String {
    let text = shown(text);
    let count = text.chars().count();
    let text: Cow<'_, str> = if count > MAX_CELL {
        let head: String = text.chars().take(MAX_CELL / 2).collect();
        let tail: String = text.chars().skip(count - MAX_CELL / 2).collect();
        Cow::Owned(format!("{head} … {tail}"))
    } else {
        text
    };
    let mut out = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    for c in text.chars() {
        // `www.` starts a link without any other sign.
        let link = c == '.' && before.eq_ignore_ascii_case(&'w');
        if link || (c.is_ascii_punctuation() && !"-,()/.".contains(c)) {
            out.push_str(&format!("&#{};", u32::from(c)));
        } else {
            out.push(c);
        }
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_link_mention_cell_nor_html() {
        let text = cell("a|b [x](https://evil.example) @acme <img src=x> `c` **d** www.evil.example\n::error::");
        for sign in ["|", "[", "]", "://", "@", "<", ">", "`", "*", "www.", "\n", "::"] {
            assert!(!text.contains(sign), "{sign} in {text}");
        }
    }

    #[test]
    fn a_long_cell_keeps_its_tail() {
        let text = cell(&format!("{}layer/deps/7", "x".repeat(5_000)));
        assert!(text.ends_with("layer/deps/7") && text.len() < 1_000);
    }
}

//! What differs, for people.

use super::{BasisChange, Diff, FileChange, LicenceChange, ListedVersion, Version};
use crate::model::printable::printable;

/// For people: one line for each difference, without colour, and how many there are at the end. Foreign text is made safe to print.
pub fn render_text(diff: &Diff) -> String {
    let mut lines = Vec::new();
    for (label, side) in [("from", &diff.before), ("to", &diff.after)] {
        let gaps = match side.gaps {
            0 => String::new(),
            1 => ", 1 thing of it is not known".to_owned(),
            gaps => format!(", {gaps} things of it are not known"),
        };
        let noun = if side.packages == 1 { "package" } else { "packages" };
        lines.push(format!("{label:<4} {}: {} {noun}{gaps}", printable(&side.name), side.packages));
    }
    let listed =
        |sign: &str, one: &ListedVersion| format!("{sign} {} {}{}", printable(&one.package), shown(&one.version), bracketed(&one.licences));
    section(&mut lines, "Added", diff.added.iter().map(|one| listed("+", one)));
    section(&mut lines, "Removed", diff.removed.iter().map(|one| listed("-", one)));
    let all = |versions: &[Version]| versions.iter().map(shown).collect::<Vec<_>>().join(", ");
    section(
        &mut lines,
        "Version changed",
        diff.changed.iter().map(|c| format!("~ {} {} -> {}", printable(&c.package), all(&c.from), all(&c.to))),
    );
    let licences = |all: &[String]| if all.is_empty() { "none declared".to_owned() } else { printable(&all.join(", ")).into_owned() };
    let licence = |c: &LicenceChange| {
        let version = c.version.as_ref().map(|version| format!(" {}", printable(version))).unwrap_or_default();
        format!("~ {}{version}: {} -> {}", printable(&c.package), licences(&c.from), licences(&c.to))
    };
    section(&mut lines, "Licence changed", diff.licences.iter().map(licence));
    let basis = |c: &BasisChange| format!("~ {} {}: {} -> {}", printable(&c.package), shown(&c.version), c.from.id(), c.to.id());
    section(&mut lines, "Basis changed", diff.bases.iter().map(basis));
    section(&mut lines, "Files that no package covers", diff.files.iter().map(file_line));
    section(&mut lines, "Not compared", diff.not_compared.iter().map(|text| format!("? {}", printable(text))));
    lines.push(String::new());
    lines.push(counts(diff));
    lines.join("\n") + "\n"
}

fn section(lines: &mut Vec<String>, heading: &str, rows: impl Iterator<Item = String>) {
    let rows: Vec<String> = rows.map(|row| format!("  {}", row.trim_end())).collect();
    if !rows.is_empty() {
        lines.extend([String::new(), heading.to_owned()]);
        lines.extend(rows);
    }
}

fn shown(version: &Version) -> String {
    version.as_deref().map_or_else(|| "(version not known)".to_owned(), |version| printable(version).into_owned())
}

fn bracketed(licences: &[String]) -> String {
    if licences.is_empty() { String::new() } else { format!(" ({})", printable(&licences.join(", "))) }
}

fn file_line(change: &FileChange) -> String {
    let path = printable(&change.path);
    match (&change.from, &change.to) {
        (None, Some(to)) => format!("+ {path} sha256:{}", printable(to)),
        (Some(from), None) => format!("- {path} sha256:{}", printable(from)),
        (Some(from), Some(to)) => format!("~ {path} sha256:{} -> sha256:{}", printable(from), printable(to)),
        (None, None) => format!("~ {path}"),
    }
}

fn counts(diff: &Diff) -> String {
    let mut text = format!("{} added, {} removed, {} in other versions", diff.added.len(), diff.removed.len(), diff.changed.len());
    let more = [(diff.licences.len(), "under another licence"), (diff.bases.len(), "on another basis")];
    for (number, what) in more.into_iter().filter(|(number, _)| *number > 0) {
        text.push_str(&format!(", {number} {what}"));
    }
    match diff.files.len() {
        0 => {}
        1 => text.push_str("; 1 file differs"),
        files => text.push_str(&format!("; {files} files differ")),
    }
    text
}

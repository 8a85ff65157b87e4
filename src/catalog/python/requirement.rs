//! Requirements. Specification: Dependency specifiers, packaging.python.org (PEP 508); `requires.txt` of setuptools.

use crate::catalog::{Facts, Flaw, Purl, Requirement};

/// Bytes of one requirement. Real ones have at most some two hundred.
const MAX_BYTES: usize = 4_096;
/// Requirements in one `requires.txt`. Real ones have some hundred.
const MAX_REQUIREMENTS: usize = 20_000;

/// A requirement of the package itself. `None` for one that an extra brings, and for text that is none.
///
/// Markers about the platform are not evaluated: where the package is there, something installed it.
pub(super) fn read(text: &str) -> Option<Requirement> {
    let text = text.get(..text.floor_char_boundary(MAX_BYTES)).filter(|cut| cut.len() == text.len())?;
    let (need, marker) = match text.split_once(" @ ") {
        // The address of a direct reference may hold a semicolon; the marker stands after a space.
        Some((name, address)) => (name, address.split_once(" ;").map_or("", |(_, marker)| marker)),
        None => text.split_once(';').unwrap_or((text, "")),
    };
    if is_about_an_extra(marker) {
        return None;
    }
    let need = need.trim();
    let end = need.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(need.len());
    let (name, rest) = need.split_at_checked(end)?;
    if name.is_empty() {
        return None;
    }
    let rest = rest.trim();
    let rest = rest.strip_prefix('[').and_then(|extras| extras.split_once(']')).map_or(rest, |(_, after)| after).trim();
    let constraint = rest.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(rest).trim();
    Some(Requirement { name: Purl::new("pypi", name, None).name, constraint: constraint.to_owned(), optional: false })
}

/// Whether a marker asks for an extra.
fn is_about_an_extra(marker: &str) -> bool {
    marker.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| matches!(word, "extra" | "extras"))
}

/// `requires.txt`: requirements, then sections `[extra]`, `[extra:marker]` and `[:marker]`.
pub(super) fn read_requires(text: &str) -> Facts {
    let mut facts = Facts::default();
    let mut is_own = true;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(section) = line.strip_prefix('[') {
            is_own = section.starts_with(':');
        } else if facts.requires.len() >= MAX_REQUIREMENTS {
            let detail = format!("more than {MAX_REQUIREMENTS} requirements");
            facts.flaws.push(Flaw::too_large("python::requirement::MAX_REQUIREMENTS", detail));
            break;
        } else if is_own {
            facts.requires.extend(read(line).map(|need| (0, need)));
        }
    }
    facts
}

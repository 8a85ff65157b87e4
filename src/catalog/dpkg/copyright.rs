//! Licences of a Debian package, from `usr/share/doc/NAME/copyright`. Format: copyright-format 1.0 (DEP-5); older files are free text.

use std::collections::BTreeSet;

use super::stanza::stanzas;
use crate::catalog::{Licence, distro};

/// Different licences of one package. Chromium has 100.
const MAX_LICENCES: usize = 256;
/// Where a free text points for the licences that every Debian system has.
const COMMON: &str = "/usr/share/common-licenses/";
/// Bytes of a name there.
const MAX_COMMON: usize = 16;
/// Those whose name says all. The GNU ones leave open whether a later version will do, `BSD` which of its forms is meant.
const UNMISTAKABLE: [&str; 4] = ["Apache-2.0", "CC0-1.0", "MPL-1.1", "MPL-2.0"];

/// The licences that the file names, each once, sorted.
pub(super) fn licences(text: &str) -> BTreeSet<Licence> {
    let is_machine_readable = |head: super::stanza::Stanza<'_>| head.get("Format").or_else(|| head.get("Format-Specification")).is_some();
    if stanzas(text).next().is_some_and(is_machine_readable) { declared(text) } else { pointed_to(text) }
}

/// First lines of the `License` fields of a machine-readable file. Where that line is empty, the licence has no short name.
fn declared(text: &str) -> BTreeSet<Licence> {
    let mut lines = BTreeSet::new();
    for stanza in stanzas(text) {
        let line = stanza.line("License").unwrap_or_default();
        if !line.is_empty() && lines.len() < MAX_LICENCES {
            lines.insert(line);
        }
    }
    lines.into_iter().filter_map(distro::licence::read).collect()
}

/// Licences of all Debian systems that a free text points to.
fn pointed_to(text: &str) -> BTreeSet<Licence> {
    let mut found = BTreeSet::new();
    for at in memchr::memmem::find_iter(text.as_bytes(), COMMON) {
        let name = text.get(at.saturating_add(COMMON.len())..).unwrap_or_default();
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.').unwrap_or(name.len());
        let name = name.get(..end).unwrap_or_default().trim_end_matches(['.', '-']);
        if name.len() <= MAX_COMMON && found.len() < MAX_LICENCES {
            let unmistakable = UNMISTAKABLE.contains(&name).then(|| Licence::expression(name)).flatten();
            found.extend(unmistakable.or_else(|| Licence::named(name)));
        }
    }
    found
}

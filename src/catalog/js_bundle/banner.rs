//! Comments that bundlers keep for the sake of licences: `/*! name v1.2.3 */`, and esbuild's list of them at the end of a bundle.

use memchr::memmem;

use super::names::{Names, is_name, is_version};

/// Bytes of one comment that are looked at. Whole licence texts have some ten thousand; a name stands in the first line.
const MAX_COMMENT_BYTES: usize = 4 << 10;
/// Comments of one file. Real bundles have some thousand.
const MAX_COMMENTS: usize = 50_000;
/// Bytes of esbuild's list.
const MAX_LIST_BYTES: usize = 4 << 20;

/// How esbuild begins its list of what files said (`--legal-comments=eof`, and by default of bundles).
const LIST: &[u8] = b"/*! Bundled license information:";

/// Adds what comments name. False where there were more than are looked at.
pub(super) fn read(bytes: &[u8], names: &mut Names) -> bool {
    for (place, at) in memmem::find_iter(bytes, b"/*!").chain(memmem::find_iter(bytes, b"@license")).enumerate() {
        if place >= MAX_COMMENTS {
            return false;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.starts_with(LIST) {
            list(rest.get(..MAX_LIST_BYTES).unwrap_or(rest), names);
            continue;
        }
        let rest = rest.get(..MAX_COMMENT_BYTES).unwrap_or(rest);
        let comment = memmem::find(rest, b"*/").and_then(|end| rest.get(..end)).unwrap_or(rest);
        if let Some((name, version)) = named(&String::from_utf8_lossy(comment)) {
            names.add(&name, Some(&version));
        }
    }
    true
}

/// Paths of files, each at the beginning of a line and with a colon: `@scope/name/lib/x.js:`. They stand below `node_modules`.
fn list(bytes: &[u8], names: &mut Names) {
    for line in bytes.split(|b| *b == b'\n').skip(1) {
        if line.starts_with(b"*/") {
            break;
        }
        let path = line.trim_ascii_end().strip_suffix(b":").filter(|path| !path.starts_with(b" ") && path.len() <= MAX_COMMENT_BYTES);
        let Some(path) = path.and_then(|path| std::str::from_utf8(path).ok()) else { continue };
        let is_relative = path.starts_with("./") || path.starts_with("../");
        if path.contains("node_modules/") {
            names.add_path(path);
        } else if !is_relative && path.contains('/') {
            names.add_path(&format!("node_modules/{path}"));
        }
    }
}

/// Name and version, where the first words are just these: `name v1.2.3`, `@license name 1.2.3`. What looks less like a name of npm
/// (`jQuery JavaScript Library v3.7.1`) is left alone: a guess would name a package that is not there.
fn named(comment: &str) -> Option<(String, String)> {
    let text = comment.trim_start_matches("/*!");
    let line = text.lines().map(|line| line.trim_matches(|c: char| c.is_whitespace() || c == '*')).find(|line| !line.is_empty())?;
    let mut words = line.split_whitespace();
    let mut first = words.next()?;
    if first == "@license" || first == "@preserve" {
        first = words.next()?;
    }
    let version = words.next()?.trim_end_matches([',', ';', '|', ':']);
    let version = version.strip_prefix('v').unwrap_or(version);
    let is_npm = is_name(first) && !first.bytes().any(|b| b.is_ascii_uppercase()) && first.bytes().any(|b| b.is_ascii_lowercase());
    (is_npm && is_version(version)).then(|| (first.to_owned(), version.to_owned()))
}

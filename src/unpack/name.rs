//! One name of an archive: its normalised path, and what is wrong with it by itself.

use std::borrow::Cow;

use super::anomaly::{Anomalies, AnomalyKind};
use super::limits::Limits;
use crate::model::printable::{lossless, printable};

/// Which names are usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Zip entries and files on disk.
    Relative,
    /// Members of an image layer, where `/` and `./` stand for the image's own root.
    Rooted,
}

/// The normalised path (see `FileEntry::path`), or `None` for a name that a limit leaves out.
pub(super) fn normalise(raw: &[u8], origin: Origin, limits: &Limits, anomalies: &mut Anomalies) -> Option<String> {
    if raw.len() <= limits.name_bytes
        && let Some((path, parts)) = plain(raw)
        && parts <= limits.depth
    {
        return Some(path.to_owned());
    }
    let text = lossless(raw);
    if raw.len() > limits.name_bytes {
        let start: String = text.chars().take(100).collect();
        let detail = format!("name_bytes: a name of {} bytes, at most {} are taken", raw.len(), limits.name_bytes);
        anomalies.push(AnomalyKind::LimitExceeded, start, detail);
        return None;
    }
    let path: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if path.len() > limits.depth {
        let detail = format!("depth: {} path components, at most {} are taken", path.len(), limits.depth);
        anomalies.push(AnomalyKind::LimitExceeded, text.as_ref(), detail);
        return None;
    }
    judge(raw, &text, origin, anomalies);
    Some(path.join("/"))
}

/// The path of a name of which nothing has to be said, as nearly all are, and its components: visible ASCII without a backslash or a colon, and
/// no component that is empty or made of dots alone. But for the slash that a directory's ends with, it is its own path.
fn plain(raw: &[u8]) -> Option<(&str, usize)> {
    let raw = raw.strip_suffix(b"/").unwrap_or(raw);
    let (first, rest) = raw.split_first()?;
    // Without a way out, so that many bytes are looked at at once.
    let is_odd = |byte: &u8| !matches!(byte, b' '..=b'~') | (*byte == b'\\') | (*byte == b':');
    let is_any_odd = raw.iter().fold(false, |any, byte| any | is_odd(byte));
    let begins_oddly = |before: &u8, byte: &u8| (*before == b'/') & ((*byte == b'/') | (*byte == b'.'));
    let any_begins_oddly = raw.iter().zip(rest).fold(matches!(first, b'/' | b'.'), |any, (before, byte)| any | begins_oddly(before, byte));
    if is_any_odd || raw.ends_with(b"/") {
        return None;
    }
    // A component that begins with a dot may have other letters.
    if any_begins_oddly && raw.split(|byte| *byte == b'/').any(|part| part.iter().all(|byte| *byte == b'.')) {
        return None;
    }
    let parts = raw.iter().filter(|byte| **byte == b'/').count().saturating_add(1);
    Some((std::str::from_utf8(raw).ok()?, parts))
}

fn judge(raw: &[u8], text: &str, origin: Origin, anomalies: &mut Anomalies) {
    let mut found = |kind, detail: &str| anomalies.push(kind, text, detail);
    if matches!(lossless(raw), Cow::Owned(_)) {
        found(AnomalyKind::NonUtf8Name, "the name is not UTF-8");
    }
    // Extractors on Windows, and Info-ZIP for some hosts, read a backslash as a separator.
    if raw.split(|b| matches!(b, b'/' | b'\\')).any(|part| part == b"..") {
        found(AnomalyKind::Traversal, "a `..` component");
    }
    let drive = raw.first().is_some_and(u8::is_ascii_alphabetic) && raw.get(1) == Some(&b':') && matches!(raw.get(2), Some(b'\\' | b'/'));
    let slash = text.starts_with('/') && origin == Origin::Relative;
    if slash || raw.starts_with(b"\\") || drive {
        found(AnomalyKind::AbsolutePath, if drive { "starts with a drive letter" } else { "starts at the root" });
    }
    // In the bytes: the text writes a byte that is not UTF-8 with a backslash of its own.
    if raw.contains(&b'\\') {
        found(AnomalyKind::OddName, "a backslash: a separator to some readers, a character to others");
    }
    if text.contains('\0') {
        found(AnomalyKind::OddName, "a NUL");
        let cut: String = text.chars().take_while(|c| *c != '\0').collect();
        found(AnomalyKind::Malformed, &format!("readers that end a name at NUL see `{cut}`"));
    }
    if raw.is_empty() {
        // Readers drop such an entry or refuse the archive; a signature without framing takes its body for that of a neighbour.
        found(AnomalyKind::Malformed, "an entry without a name");
    }
    if is_odd(text, origin) {
        found(AnomalyKind::OddName, "an empty or `.` component");
    }
    if matches!(printable(text), Cow::Owned(_)) {
        found(AnomalyKind::ControlInName, "control characters, or characters that hide or reverse text");
    }
}

/// True for empty and `.` components other than those that honest writers leave: `./` in front, `/` behind.
fn is_odd(text: &str, origin: Origin) -> bool {
    let text = if origin == Origin::Rooted { text.strip_prefix('/').unwrap_or(text) } else { text };
    let inner = text.strip_prefix("./").unwrap_or(text);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    if inner.is_empty() || inner == "." {
        return origin == Origin::Relative && text != "./";
    }
    // A leading `/` is reported as absolute.
    inner.strip_prefix('/').unwrap_or(inner).split('/').any(|part| part.is_empty() || part == ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_plain_name_nothing_would_have_been_said_and_it_is_its_own_path() {
        const LETTERS: &[u8] = b"aZ./\\: -\x7f\xc3\x01";
        let mut names: Vec<Vec<u8>> = vec![Vec::new()];
        let mut count = 0;
        for _ in 0..5 {
            names = names.iter().flat_map(|name| LETTERS.iter().map(move |letter| [name.as_slice(), &[*letter]].concat())).collect();
            for (raw, (path, parts_of_it)) in names.iter().filter_map(|raw| Some((raw, plain(raw)?))) {
                count += 1;
                let text = lossless(raw);
                for origin in [Origin::Relative, Origin::Rooted] {
                    let mut anomalies = Anomalies::default();
                    judge(raw, &text, origin, &mut anomalies);
                    assert_eq!(anomalies.into_vec(), [], "{text}");
                }
                let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
                assert_eq!((parts.join("/").as_str(), parts.len()), (path, parts_of_it));
            }
        }
        assert!(count > 1_000, "{count}");
    }
}

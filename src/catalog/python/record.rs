//! Lists of installed files: `RECORD` (PEP 376, PEP 627: CSV of path, hash and size) and setuptools' `installed-files.txt`.

use std::borrow::Cow;

use crate::catalog::{Facts, Flaw};

/// Files of one package. The largest real ones have some fifty thousand.
const MAX_FILES: usize = 200_000;
/// Bytes of one path. Linux takes 4,096.
const MAX_PATH_BYTES: usize = 4_096;

/// The paths of a `RECORD`, whose paths are relative to `folder`.
pub(super) fn read(bytes: &[u8], folder: &str) -> Facts {
    paths(bytes, folder, first_field)
}

/// The paths of an `installed-files.txt`, whose paths are relative to `folder`.
pub(super) fn read_installed_files(bytes: &[u8], folder: &str) -> Facts {
    paths(bytes, folder, |line| Some(Cow::Borrowed(line.trim())))
}

fn paths(bytes: &[u8], folder: &str, path_of: impl for<'l> Fn(&'l str) -> Option<Cow<'l, str>>) -> Facts {
    let mut facts = Facts::default();
    let mut broken = 0_usize;
    let text = super::metadata::text(bytes);
    for line in lines(&text).filter(|line| !line.trim().is_empty()) {
        if facts.files.len() >= MAX_FILES {
            facts.flaws.push(Flaw::too_large("python::record::MAX_FILES", format!("more than {MAX_FILES} files")));
            break;
        }
        match path_of(line).filter(|path| path.len() <= MAX_PATH_BYTES) {
            None => broken = broken.saturating_add(1),
            Some(path) => {
                facts.files.extend(within(folder, &path));
                facts.files.extend(moved(folder, &path));
            }
        }
    }
    if broken > 0 {
        facts.flaws.push(Flaw::malformed(format!("{broken} lines have no path of at most {MAX_PATH_BYTES} bytes")));
    }
    facts
}

/// The lines, as `str::lines` has them, found at the speed of `memchr`.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let ends = memchr::memchr_iter(b'\n', text.as_bytes()).chain(std::iter::once(text.len()));
    ends.scan(0, |from, end| {
        let line = text.get(std::mem::replace(from, end.saturating_add(1))..end).unwrap_or_default();
        // Without a line feed after it, a carriage return is part of the line.
        Some(if end < text.len() { line.strip_suffix('\r').unwrap_or(line) } else { line })
    })
}

/// The first field of a line of CSV. A path with a line break in it is not read: no installer writes one.
fn first_field(line: &str) -> Option<Cow<'_, str>> {
    let Some(quoted) = line.strip_prefix('"') else {
        let end = memchr::memchr(b',', line.as_bytes()).unwrap_or(line.len());
        return line.get(..end).map(Cow::Borrowed);
    };
    let mut out = String::new();
    let mut rest = quoted;
    loop {
        let (before, after) = rest.split_once('"')?;
        out.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                out.push('"');
                rest = more;
            }
            None => return Some(Cow::Owned(out)),
        }
    }
}

/// Where a path that leaves the folder (`../../bin/x`) lies after `pip install --target`: pip installs into `lib/python` of a folder of its
/// own, moves everything into the one target, `bin` and `share` with it, and leaves `RECORD` as it was.
fn moved(folder: &str, path: &str) -> Option<String> {
    let mut rest = path.strip_prefix("../")?;
    while let Some(after) = rest.strip_prefix("../") {
        rest = after;
    }
    within(folder, rest).filter(|path| folder.is_empty() || path.strip_prefix(folder).is_some_and(|below| below.starts_with('/')))
}

/// A path of the artifact: `path` seen from `folder`, without `.` and `..`. `None` where it climbs out of the root. An absolute path
/// starts at the root.
pub(super) fn within(folder: &str, path: &str) -> Option<String> {
    if is_plain(path) {
        let mut whole = String::with_capacity(folder.len().saturating_add(1).saturating_add(path.len()));
        if !folder.is_empty() {
            whole.push_str(folder);
            whole.push('/');
        }
        whole.push_str(path);
        return Some(whole);
    }
    let path = path.replace('\\', "/");
    let (mut parts, rest): (Vec<&str>, &str) = match path.strip_prefix('/') {
        Some(absolute) => (Vec::new(), absolute),
        None => (folder.split('/').filter(|part| !part.is_empty()).collect(), path.as_str()),
    };
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// A path, as nearly all are, that is taken as it is: relative, without a backslash, and with no component that is empty or ends with a dot.
fn is_plain(path: &str) -> bool {
    let path = path.as_bytes();
    let (Some((first, rest)), Some(last)) = (path.split_first(), path.last()) else { return false };
    // Without a way out, so that many bytes are compared at once.
    let is_odd = path
        .iter()
        .zip(rest)
        .fold(false, |is_odd, (before, byte)| is_odd | (*byte == b'\\') | ((*byte == b'/') & ((*before == b'/') | (*before == b'.'))));
    !is_odd && !matches!(first, b'/' | b'\\') && !matches!(last, b'/' | b'.')
}

//! Packages by the paths of their files, as bundlers write them: `webpack:///./node_modules/@scope/name/lib/x.js`.

use std::collections::{BTreeMap, BTreeSet};

/// Packages of one bundle. The largest real ones have some two thousand.
const MAX_NAMES: usize = 20_000;
/// Bytes of a name; npm allows 214.
const MAX_NAME_BYTES: usize = 214;
/// Bytes of a version.
const MAX_VERSION_BYTES: usize = 128;

/// Names, with the versions that are stated, if any.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    found: BTreeMap<String, BTreeSet<String>>,
    /// True where there were more than are kept.
    pub(super) is_full: bool,
}

impl Names {
    /// The most names.
    pub(super) const MOST: usize = MAX_NAMES;

    /// The package that a path lies in, if it lies in one.
    pub(super) fn add_path(&mut self, path: &str) {
        // Most paths of most bundles are of the same packages: nothing is allocated for what is known.
        let Some(found) = memchr::memmem::rfind(path.as_bytes(), b"node_modules") else { return };
        let (before, after) = path.split_at_checked(found).unwrap_or_default();
        let Some(below) = after.strip_prefix("node_modules").and_then(|rest| rest.strip_prefix(['/', '\\'])) else { return };
        let plain;
        let below = if below.contains(['\\', '%']) {
            plain = below.replace('\\', "/").replace("%40", "@").replace("%2F", "/").replace("%2f", "/");
            plain.as_str()
        } else {
            below
        };
        let Some(name) = name_of(below) else { return };
        let version = version_of(before, name);
        match self.found.get_mut(name) {
            Some(versions) => {
                if let Some(version) = version.filter(|version| !versions.contains(*version) && versions.len() < MAX_NAMES) {
                    versions.insert(version.to_owned());
                }
            }
            None => self.add(name, version),
        }
    }

    /// A package by its name.
    pub(super) fn add(&mut self, name: &str, version: Option<&str>) {
        if !is_name(name) {
            return;
        }
        if self.found.len() >= MAX_NAMES {
            self.is_full = true;
            return;
        }
        self.found.entry(name.to_owned()).or_default().extend(version.map(str::to_owned));
    }

    /// Each name with each of its versions, or with none.
    pub(super) fn each(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.found.iter().flat_map(|(name, versions)| {
            let unknown = versions.is_empty().then_some(None);
            versions.iter().map(|version| Some(version.as_str())).chain(unknown).map(move |version| (name.as_str(), version))
        })
    }
}

/// `@scope/name` or `name` at the beginning of a path, where a file of it follows.
fn name_of(below: &str) -> Option<&str> {
    let mut slashes = memchr::memchr_iter(b'/', below.as_bytes());
    let first = slashes.next()?;
    let end = if below.starts_with('@') { slashes.next()? } else { first };
    below.get(..end).filter(|name| is_name(name))
}

/// What npm takes for a name, capitals of old ones included.
pub(super) fn is_name(name: &str) -> bool {
    let is_part = |part: &str| {
        let is_inside = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
        !part.is_empty() && !part.starts_with(['.', '_']) && part.bytes().all(is_inside)
    };
    name.len() <= MAX_NAME_BYTES
        && match name.strip_prefix('@') {
            Some(scoped) => scoped.split_once('/').is_some_and(|(scope, name)| is_part(scope) && is_part(name)),
            None => is_part(name),
        }
}

/// What npm takes for a version: three numbers, and what may follow them.
pub(super) fn is_version(text: &str) -> bool {
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let numbers = text.get(..end).unwrap_or_default();
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let is_rest = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.');
    text.len() <= MAX_VERSION_BYTES && numbers.split('.').count() == 3 && numbers.split('.').all(is_number) && text.bytes().all(is_rest)
}

/// The version that stands in the folder before `node_modules`, of package managers that keep each version apart.
fn version_of<'p>(before: &'p str, name: &str) -> Option<&'p str> {
    let folder = before.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next()?;
    let is_of = |kept: &str| before.contains(kept);
    let text = if is_of("/.pnpm/") || is_of("\\.pnpm\\") || is_of("/.bun/") {
        // `@scope+name@1.2.3_peer@4.5.6`, `name@1.2.3(peer@4.5.6)`
        let rest = strip_escaped(folder, name, '+')?.strip_prefix('@')?;
        rest.split(['_', '(']).next()?
    } else if is_of("/.yarn/") || is_of("\\.yarn\\") || folder.ends_with(".zip") {
        // `@scope-name-npm-1.2.3-0123456789.zip`
        let mut rest = strip_escaped(folder, name, '-')?.strip_prefix("-npm-")?.trim_end_matches(".zip");
        // One hash or two follow the version, which may have a dash itself.
        while let Some((before, _)) = rest.rsplit_once('-').filter(|(_, hash)| is_hash(hash)) {
            rest = before;
        }
        rest
    } else {
        return None;
    };
    Some(text).filter(|text| is_version(text))
}

fn is_hash(text: &str) -> bool {
    text.len() == 10 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `folder` without the name in front, whose slash is written `slash`.
fn strip_escaped<'p>(folder: &'p str, name: &str, slash: char) -> Option<&'p str> {
    match name.split_once('/') {
        Some((scope, name)) => folder.strip_prefix(scope)?.strip_prefix(slash)?.strip_prefix(name),
        None => folder.strip_prefix(name),
    }
}

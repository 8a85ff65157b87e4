//! What the package databases of operating systems have in common: the distribution's name in package URLs, lists of files, and needs that
//! other packages meet.

pub(super) mod licence;
#[cfg(test)]
pub(super) mod tests;

use std::collections::{BTreeSet, HashMap};

use super::{Edge, Flaw, OsRelease, Package, Relation, View};
use crate::unpack::EntryKind;

/// Bytes of one path in a list of files. Linux has `PATH_MAX`, 4,096.
const MAX_PATH: usize = 4_096;
/// Bytes of all paths that one database lists. A few bytes of a database name a whole folder again for each of its files, so that its size
/// bounds nothing; a desktop with 300,000 files has 25 MB of paths.
const MAX_PATHS: usize = 128 << 20;
/// Packages that are remembered as meeting one need. Real ones have a handful; past it the others only could be named instead.
const MAX_MEETING: usize = 64;
/// Parts of one database that could not be understood and are told one by one.
pub(super) const MAX_FLAWS: usize = 32;

/// Puts the distribution into a package's URL: the namespace, and `distro=debian-12`. Without an `os-release` there is none of both.
pub(super) fn name(package: &mut Package, os: Option<&OsRelease>) {
    let Some(os) = os else { return };
    // purl-spec knows distributors, not their products.
    let namespace = match os.id.as_str() {
        "rhel" => "redhat",
        id if id.starts_with("opensuse") => "opensuse",
        id => id,
    };
    let distro = os.version_id.as_ref().map_or_else(|| os.id.clone(), |version| format!("{}-{version}", os.id));
    package.purl = package.purl.clone().in_namespace(namespace).with("distro", &distro);
}

/// Those of the paths that lie in the artifact and are no folders: a folder is the property of many packages. Paths are as the database has
/// them, and come back as the artifact has them: where `/bin`, `/lib` and their like are links into `/usr`, below `usr/`.
pub(super) fn at_home<'p>(paths: impl IntoIterator<Item = &'p str>, view: &View<'_>) -> BTreeSet<String> {
    let place = |path: &str| {
        let path = path.trim_start_matches('/');
        let entry = view.at(path).or_else(|| view.at(&format!("usr/{path}")))?;
        let is_folder = matches!(entry.kind, EntryKind::Directory);
        (!is_folder).then(|| entry.path.clone())
    };
    paths.into_iter().filter_map(place).collect()
}

/// The paths that one database lists, within limits.
pub(super) struct Paths {
    left: usize,
    too_long: usize,
}

impl Paths {
    /// None yet.
    pub(super) fn new() -> Self {
        Self { left: MAX_PATHS, too_long: 0 }
    }

    /// The path of a file in a folder, without a slash before it, where the limits allow one more.
    pub(super) fn join(&mut self, folder: &str, name: &str) -> Option<String> {
        let (folder, name) = (folder.trim_matches('/'), name.trim_start_matches('/'));
        let length = folder.len().saturating_add(name.len()).saturating_add(1);
        if length > MAX_PATH || length > self.left {
            self.too_long = self.too_long.saturating_add(1);
            return None;
        }
        self.left = self.left.saturating_sub(length);
        Some(if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") })
    }

    /// What was left out.
    pub(super) fn flaw(&self) -> Option<Flaw> {
        let detail = || format!("{} paths of files are left out: over {MAX_PATH} bytes each or {MAX_PATHS} together", self.too_long);
        (self.too_long > 0).then(|| Flaw::too_large("distro::MAX_PATHS", detail()))
    }
}

/// What of one database could not be understood: the first ones, and how many more.
#[derive(Default)]
pub(super) struct Flaws {
    kept: Vec<Flaw>,
    more: usize,
}

impl Flaws {
    /// One more.
    pub(super) fn add(&mut self, flaw: Flaw) {
        if self.kept.len() < MAX_FLAWS {
            self.kept.push(flaw);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// All of them.
    pub(super) fn all(self) -> Vec<Flaw> {
        let mut all = self.kept;
        if self.more > 0 {
            all.push(Flaw::too_large("distro::MAX_FLAWS", format!("{} more parts could not be understood", self.more)));
        }
        all
    }
}

/// Which packages meet which needs, by name.
#[derive(Default)]
pub(super) struct Meeting {
    names: HashMap<String, Vec<usize>>,
}

impl Meeting {
    /// The package meets needs of this name. What is added first is preferred.
    pub(super) fn add(&mut self, name: &str, place: usize) {
        let all = self.names.entry(name.to_owned()).or_default();
        if all.len() < MAX_MEETING && !all.contains(&place) {
            all.push(place);
        }
    }

    /// The edge from a package to the one that meets its need: one of its own architecture, where several do. `Some(None)` where the package
    /// meets its own need; `None` where nobody meets it.
    pub(super) fn edge(&self, from: usize, name: &str, packages: &[Package]) -> Option<Option<Edge>> {
        let all = self.names.get(name)?;
        if all.contains(&from) {
            return Some(None);
        }
        let arch = |place: usize| packages.get(place).and_then(|package| package.purl.qualifiers.get("arch"));
        let to = all.iter().find(|place| arch(**place) == arch(from)).or_else(|| all.first())?;
        Some(Some(Edge { from, relation: Relation::DependsOn, to: *to }))
    }
}

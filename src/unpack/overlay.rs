//! The `/opt` that a function's layers merge into. (Image layers merge in `whiteout`.)
//!
//! Comparing content takes two steps, because most layers never collide and hashing costs more than inflating: [`merge_opt`] decides
//! what sizes and kinds can decide, [`OptOverlay::wanted_digests`] says which files must be read again, and
//! [`OptOverlay::resolve`] takes their digests.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use serde::Serialize;

use super::Contents;
use super::tree::{EntryKind, FileEntry};
use crate::model::arn::LayerVersionArn;
use crate::model::digest::Digest;

/// The `/opt` that a function version's layers merge into.
///
/// AWS documents the order of the merge (the order of `Layers`). That the later layer wins is known at second hand only, so both
/// ends are kept and every report says so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct OptOverlay {
    /// The layers in merge order, with whether all of their content was there to merge.
    pub layers: Vec<(LayerVersionArn, bool)>,
    /// Paths that more than one layer provides, at least one of them as something other than a directory; sorted.
    pub collisions: Vec<Collision>,
}

/// A path that more than one layer provides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Collision {
    /// Path below `/opt`. Untrusted.
    pub path: String,
    /// Indices into `OptOverlay::layers`, in merge order; at least two.
    pub providers: Vec<usize>,
    /// Whether the content differs between any two of them; different kinds, and links with different targets, differ. `None` where
    /// it could not be compared: not read yet, or not to be read.
    pub bytes_differ: Option<bool>,
    /// True where the path is loaded or run: executable bit, or a place and ending that a runtime loads from.
    pub executable: bool,
}

/// A layer in merge order, with what it holds where that is known.
pub type OptLayer = (LayerVersionArn, Option<Arc<Contents>>);

/// Merges layers in the order in which the function lists them.
pub fn merge_opt(layers: &[OptLayer]) -> OptOverlay {
    let mut files: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (index, entry) in entries(layers) {
        if entry.kind != EntryKind::Directory {
            files.entry(&entry.path).or_default().insert(index);
        }
    }
    // A folder need not have an entry of its own: every name below it makes it one.
    let mut folders: HashSet<(usize, &str)> = HashSet::new();
    for (index, entry) in entries(layers) {
        let above = entry.path.match_indices('/').filter_map(|(at, _)| entry.path.get(..at));
        let own = (entry.kind == EntryKind::Directory).then_some(entry.path.as_str());
        folders.extend(above.chain(own).filter(|folder| files.contains_key(folder)).map(|folder| (index, folder)));
    }
    let mut as_folder: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (index, folder) in folders {
        as_folder.entry(folder).or_default().insert(index);
    }
    let mut collisions = Vec::new();
    for (path, as_file) in files {
        let as_folder = as_folder.remove(path).unwrap_or_default();
        let providers: Vec<usize> = as_file.union(&as_folder).copied().collect();
        if providers.len() < 2 {
            continue;
        }
        let here: Vec<(usize, &FileEntry)> = as_file.iter().flat_map(|&index| at(layers, index, path)).collect();
        collisions.push(Collision {
            path: path.to_owned(),
            bytes_differ: if as_folder.is_empty() { differ(&here) } else { Some(true) },
            executable: here.iter().any(|(_, entry)| entry.is_executable() || is_loaded(entry)),
            providers,
        });
    }
    let layers = layers.iter().map(|(arn, contents)| (arn.clone(), contents.as_ref().is_some_and(|contents| contents.complete))).collect();
    OptOverlay { layers, collisions }
}

impl OptOverlay {
    /// The files whose digests are needed to decide the collisions that are still open: paths by index of the layer. `layers` are
    /// those that were merged.
    pub fn wanted_digests(&self, layers: &[OptLayer]) -> BTreeMap<usize, BTreeSet<String>> {
        let mut wanted: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for collision in self.collisions.iter().filter(|c| c.bytes_differ.is_none()) {
            let regular = |&index: &usize| {
                let mut here = at(layers, index, &collision.path);
                matches!((here.next(), here.next()), (Some((_, FileEntry { kind: EntryKind::File, .. })), None))
            };
            if collision.providers.iter().all(regular) {
                for index in &collision.providers {
                    wanted.entry(*index).or_default().insert(collision.path.clone());
                }
            }
        }
        wanted
    }

    /// Decides open collisions by SHA-256. Files of which no digest is given stay open, unless two others differ.
    pub fn resolve(&mut self, digests: &BTreeMap<usize, BTreeMap<String, Digest>>) {
        for collision in self.collisions.iter_mut().filter(|c| c.bytes_differ.is_none()) {
            let known: Vec<Option<&Digest>> =
                collision.providers.iter().map(|index| digests.get(index).and_then(|d| d.get(&collision.path))).collect();
            let distinct: BTreeSet<&Digest> = known.iter().flatten().copied().collect();
            collision.bytes_differ = if distinct.len() > 1 {
                Some(true)
            } else if known.iter().all(Option::is_some) && !known.is_empty() {
                Some(false)
            } else {
                None
            };
        }
    }
}

impl Collision {
    /// The provider that wins if the later layer overwrites the earlier one (second hand).
    pub fn winner_if_later_wins(&self) -> Option<usize> {
        self.providers.last().copied()
    }

    /// The provider that wins if the first one stays.
    pub fn winner_if_first_wins(&self) -> Option<usize> {
        self.providers.first().copied()
    }
}

fn entries(layers: &[OptLayer]) -> impl Iterator<Item = (usize, &FileEntry)> {
    layers
        .iter()
        .enumerate()
        .filter_map(|(index, (_, contents))| Some((index, contents.as_ref()?)))
        .flat_map(|(index, contents)| contents.tree.entries.iter().map(move |entry| (index, entry)))
}

fn at<'a>(layers: &'a [OptLayer], index: usize, path: &'a str) -> impl Iterator<Item = (usize, &'a FileEntry)> {
    let contents = layers.get(index).and_then(|(_, contents)| contents.as_ref());
    contents.into_iter().flat_map(move |contents| contents.tree.at(path).map(move |entry| (index, entry)))
}

/// What kinds, sizes and targets tell; `None` where the bytes have to.
fn differ(here: &[(usize, &FileEntry)]) -> Option<bool> {
    let (first, rest) = here.split_first()?;
    let mut open = false;
    for (index, entry) in rest {
        match (&first.1.kind, &entry.kind) {
            // Two entries of one layer: which of them counts is not known.
            _ if *index == first.0 => open = true,
            (EntryKind::File, EntryKind::File) if first.1.size == entry.size => open = true,
            (a, b) if a == b && !matches!(a, EntryKind::File | EntryKind::Special) => {}
            (EntryKind::Special, EntryKind::Special) => open = true,
            _ => return Some(true),
        }
    }
    if open { None } else { Some(false) }
}

/// True for a place and ending that a Lambda runtime loads from, whatever the mode says.
fn is_loaded(entry: &FileEntry) -> bool {
    const FOLDERS: &[&str] = &["lib", "python", "nodejs", "java", "ruby", "dotnet"];
    const ENDINGS: &[&str] = &[".so", ".py", ".pyc", ".pth", ".js", ".mjs", ".cjs", ".node", ".jar", ".class", ".rb", ".dll"];
    if entry.kind == EntryKind::Directory {
        return false;
    }
    let Some((top, _)) = entry.path.split_once('/') else { return false };
    // `bin` is on the PATH, and Lambda starts what is in `extensions`.
    let name = entry.path.rsplit_once('/').map_or("", |(_, name)| name).to_ascii_lowercase();
    matches!(top, "bin" | "extensions")
        || (FOLDERS.contains(&top) && (name.contains(".so.") || ENDINGS.iter().any(|ending| name.ends_with(ending))))
}

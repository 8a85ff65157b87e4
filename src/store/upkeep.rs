//! What `layerproof cache` does: count, verify, prune.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Serialize;

use super::analyses::{self, AnalysisState};
use super::blobs::{Examined, Opened, Quarantined, Store};
use super::history::sqlite;
use super::lease::{self, Gate};
use super::{StoreError, folder};
use crate::model::digest::ClaimedDigest;

/// Files that are removed before others get their turn at the store.
const BATCH: usize = 64;

/// A number of files, and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Amount {
    fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// What a store holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoreInfo {
    /// Its folder.
    pub path: PathBuf,
    /// Blobs.
    pub blobs: Amount,
    /// Cached analyses.
    pub analyses: Amount,
    /// Files that are being written, or that a killed process left.
    pub temporary: Amount,
    /// What failed verification and was moved aside.
    pub corrupt: Amount,
    /// Bytes of the scan history, its write-ahead log included.
    pub history_bytes: u64,
}

/// What came of reading everything again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Blobs that are what their names say.
    pub good: Amount,
    /// Those that are not, moved aside.
    pub corrupt: Vec<Quarantined>,
    /// Analyses that are whole.
    pub analyses: Amount,
    /// Analyses that are not, removed: they are made anew when needed.
    pub damaged_analyses: Vec<PathBuf>,
    /// Names among the blobs that the store never gives. Left alone.
    pub strays: Vec<PathBuf>,
}

/// What to remove. The three add up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PruneOptions {
    /// Everything last used before this.
    pub unused_since: Option<SystemTime>,
    /// What was unused longest, until blobs, analyses and corrupt files together have at most this many bytes.
    pub max_bytes: Option<u64>,
    /// Everything.
    pub all: bool,
    /// Only say what would go.
    pub dry_run: bool,
}

/// What was removed, or would be. The scan history is never touched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// Blobs.
    pub blobs: Amount,
    /// Cached analyses.
    pub analyses: Amount,
    /// Corrupt files that had been moved aside.
    pub corrupt: Amount,
    /// Temporary files that a killed process left.
    pub temporary: Amount,
    /// Blobs that had to stay because a running process uses them.
    pub in_use: Amount,
    /// What is left of blobs, analyses and corrupt files.
    pub left: Amount,
}

impl Store {
    /// Counts what is there.
    pub fn info(&self) -> Result<StoreInfo, StoreError> {
        let mut info = StoreInfo {
            path: self.layout.root.clone(),
            blobs: Amount::default(),
            analyses: Amount::default(),
            temporary: Amount::default(),
            corrupt: Amount::default(),
            history_bytes: 0,
        };
        for item in self.items()? {
            match item.kind {
                ItemKind::Blob(_) => info.blobs.add(item.bytes),
                ItemKind::Analysis => info.analyses.add(item.bytes),
                ItemKind::Corrupt => info.corrupt.add(item.bytes),
            }
        }
        for path in entries(&self.layout.tmp)? {
            if let Ok(metadata) = fs::symlink_metadata(&path) {
                info.temporary.add(metadata.len());
            }
        }
        for suffix in ["", "-wal", "-shm"] {
            let path = self.layout.root.join(format!("{}{suffix}", sqlite::FILE));
            info.history_bytes += fs::symlink_metadata(&path).map(|m| m.len()).unwrap_or_default();
        }
        Ok(info)
    }

    /// Reads everything again. `progress` gets the bytes read so far and in all.
    pub fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Verified, StoreError> {
        let (blobs, strays) = self.blobs()?;
        let mut verified = Verified { strays, ..Verified::default() };
        let total = blobs.iter().map(|item| item.bytes).fold(0, u64::saturating_add);
        let mut done: u64 = 0;
        for item in blobs {
            let ItemKind::Blob(claimed) = item.kind else { continue };
            // Pruned meanwhile: nothing to say about it.
            let Some(opened) = Opened::at(&item.path)? else { continue };
            match opened.examine(&item.path, &claimed)? {
                Examined::Good { size, .. } => verified.good.add(size),
                Examined::Bad { damage, identity } => {
                    verified.corrupt.extend(self.quarantine(&item.path, claimed, damage, identity)?);
                }
            }
            done = done.saturating_add(item.bytes);
            progress(done, total);
        }
        for (path, metadata) in analyses::list(&self.layout.analyses)? {
            match analyses::state(&path) {
                AnalysisState::Whole => verified.analyses.add(metadata.len()),
                AnalysisState::OtherSchema => {}
                AnalysisState::Damaged => {
                    if fs::remove_file(&path).is_ok() {
                        verified.damaged_analyses.push(path);
                    }
                }
            }
        }
        Ok(verified)
    }

    /// Removes what `options` name, least recently used first, and never a blob that a running process was given.
    pub fn prune(&self, options: &PruneOptions) -> Result<Pruned, StoreError> {
        let mut pruned = Pruned::default();
        let (files, bytes) = self.sweep(options.dry_run)?;
        pruned.temporary = Amount { files, bytes };

        let mut items = self.items()?;
        items.sort_by(|a, b| (a.used, &a.path).cmp(&(b.used, &b.path)));
        let mut left = items.iter().fold(Amount::default(), |mut sum, item| {
            sum.add(item.bytes);
            sum
        });
        for batch in items.chunks(BATCH) {
            let gate = Gate::exclusive(&self.layout)?;
            let in_use = lease::in_use(&self.layout, options.dry_run, &gate)?;
            for item in batch {
                let too_old = options.unused_since.is_some_and(|limit| item.used < limit);
                let too_much = options.max_bytes.is_some_and(|limit| left.bytes > limit);
                if options.all || too_old || too_much {
                    remove(item, &in_use, options.dry_run, &mut pruned, &mut left)?;
                }
            }
        }
        pruned.left = left;
        Ok(pruned)
    }

    /// Blobs, analyses and corrupt files.
    fn items(&self) -> Result<Vec<Item>, StoreError> {
        let (mut items, _) = self.blobs()?;
        for (path, metadata) in analyses::list(&self.layout.analyses)? {
            items.push(Item::new(path, ItemKind::Analysis, &metadata));
        }
        for path in entries(&self.layout.corrupt)? {
            if let Ok(metadata) = fs::symlink_metadata(&path) {
                items.push(Item::new(path, ItemKind::Corrupt, &metadata));
            }
        }
        Ok(items)
    }

    /// Blobs by name, and names that are no blob's.
    fn blobs(&self) -> Result<(Vec<Item>, Vec<PathBuf>), StoreError> {
        let (mut items, mut strays) = (Vec::new(), Vec::new());
        for fan in entries(&self.layout.blobs)? {
            folder::check_folder(&fan)?;
            for path in entries(&fan)? {
                let hex: String = [&fan, &path].iter().filter_map(|p| p.file_name()).map(|n| n.to_string_lossy()).collect();
                match (ClaimedDigest::from_hex(&hex), fs::symlink_metadata(&path)) {
                    (Ok(claimed), Ok(metadata)) if self.blob_path(&claimed) == path => {
                        items.push(Item::new(path, ItemKind::Blob(claimed), &metadata));
                    }
                    (_, Err(error)) if error.kind() == io::ErrorKind::NotFound => {}
                    _ => strays.push(path),
                }
            }
        }
        Ok((items, strays))
    }
}

/// A file that may be pruned.
struct Item {
    path: PathBuf,
    kind: ItemKind,
    bytes: u64,
    used: SystemTime,
}

enum ItemKind {
    Blob(ClaimedDigest),
    Analysis,
    Corrupt,
}

impl Item {
    fn new(path: PathBuf, kind: ItemKind, metadata: &fs::Metadata) -> Self {
        Self { path, kind, bytes: metadata.len(), used: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH) }
    }
}

fn remove(item: &Item, in_use: &BTreeSet<ClaimedDigest>, dry_run: bool, pruned: &mut Pruned, left: &mut Amount) -> Result<(), StoreError> {
    let metadata = match fs::symlink_metadata(&item.path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            left.files = left.files.saturating_sub(1);
            left.bytes = left.bytes.saturating_sub(item.bytes);
            return Ok(());
        }
        Err(source) => return Err(StoreError::Io { operation: "look at", path: item.path.clone(), source }),
    };
    if let ItemKind::Blob(digest) = &item.kind
        && in_use.contains(digest)
    {
        pruned.in_use.add(item.bytes);
        return Ok(());
    }
    if metadata.modified().is_ok_and(|used| used != item.used) {
        // Used since it was listed, by a process that is already gone.
        return Ok(());
    }
    if !dry_run {
        let removed = if metadata.is_dir() { fs::remove_dir_all(&item.path) } else { fs::remove_file(&item.path) };
        removed.map_err(StoreError::io("remove", &item.path))?;
    }
    match item.kind {
        ItemKind::Blob(_) => pruned.blobs.add(item.bytes),
        ItemKind::Analysis => pruned.analyses.add(item.bytes),
        ItemKind::Corrupt => pruned.corrupt.add(item.bytes),
    }
    left.files = left.files.saturating_sub(1);
    left.bytes = left.bytes.saturating_sub(item.bytes);
    Ok(())
}

/// Paths in a folder, sorted; none where it has vanished.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut found = Vec::new();
    match fs::read_dir(folder) {
        Ok(entries) => {
            for entry in entries {
                found.push(entry.map_err(StoreError::io("list", folder))?.path());
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(StoreError::Io { operation: "list", path: folder.to_owned(), source }),
    }
    found.sort();
    Ok(found)
}

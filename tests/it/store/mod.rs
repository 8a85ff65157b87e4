//! The store: what others can do to it, what a kill leaves, what several processes do at once.

mod analyses;
mod blobs;
mod commands;
mod crash;
mod delta;
mod folder;
mod history;
mod prune;
mod races;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use layerproof::model::digest::{ClaimedDigest, Digest};
use layerproof::store::{Store, StoredBlob};
use tempfile::TempDir;

/// A limit that no test here means to hit.
const ROOMY: u64 = 1 << 30;

struct Scratch {
    store: Store,
    dir: PathBuf,
    _root: TempDir,
}

fn scratch() -> Scratch {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("store");
    Scratch { store: Store::open(&dir).unwrap(), dir, _root: root }
}

fn put(store: &Store, bytes: &[u8]) -> StoredBlob {
    store.put(&mut &bytes[..], Some(Digest::of(bytes).into()), Some(bytes.len() as u64), ROOMY).unwrap()
}

fn claimed(bytes: &[u8]) -> ClaimedDigest {
    Digest::of(bytes).into()
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Overwrites a file as damage would: in place, keeping its mode.
fn damage(path: &Path, bytes: &[u8]) {
    chmod(path, 0o600);
    fs::write(path, bytes).unwrap();
    chmod(path, 0o400);
}

/// Names in one folder of the store.
fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

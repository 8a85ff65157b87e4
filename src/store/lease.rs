//! Which blobs are in use, so that `cache prune` never takes a blob from under a running process.
//!
//! Each process keeps one file in `leases/`, locked for as long as the process lives, with a line per blob that it was given. A lock
//! of the operating system dies with its process, so a `kill -9` leaves a file that anybody can see to be stale. One file per process
//! and not one lock per blob, because a fleet has more blobs than a process may have open files.
//!
//! The [`Gate`] orders the two sides: handing out a blob (note it, then open or rename it) happens under the shared gate, removing
//! blobs (read all leases, then unlink) under the exclusive one. Nobody hashes or downloads while holding it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::StoreError;
use super::folder::{Layout, check_file, open_existing, open_private};
use crate::model::digest::ClaimedDigest;

/// Bytes of one lease file that are read: a million blobs.
const LEASE_BYTES: u64 = 65 << 20;

/// Holds the store's `lock` until dropped. Opened anew each time, because a lock belongs to an open file, not to a thread.
pub(super) struct Gate(#[expect(dead_code, reason = "held for its lock")] File);

impl Gate {
    /// For handing out: any number at once.
    pub fn shared(layout: &Layout) -> Result<Self, StoreError> {
        let file = open_private(&layout.lock)?;
        file.lock_shared().map_err(StoreError::io("lock", &layout.lock))?;
        Ok(Self(file))
    }

    /// For taking away: alone.
    pub fn exclusive(layout: &Layout) -> Result<Self, StoreError> {
        let file = open_private(&layout.lock)?;
        file.lock().map_err(StoreError::io("lock", &layout.lock))?;
        Ok(Self(file))
    }
}

/// The blobs that this [`super::Store`] handed out.
#[derive(Debug, Default)]
pub(super) struct Leases(Mutex<Option<Lease>>);

#[derive(Debug)]
struct Lease {
    file: File,
    path: PathBuf,
    held: BTreeSet<ClaimedDigest>,
}

impl Leases {
    /// Notes that a blob is in use until the store is dropped. The caller proves by `_gate` that nobody removes blobs meanwhile.
    pub fn hold(&self, layout: &Layout, digest: ClaimedDigest, _gate: &Gate) -> Result<(), StoreError> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lease = match &mut *slot {
            Some(lease) => lease,
            empty => empty.insert(Lease::create(layout)?),
        };
        if lease.held.insert(digest) {
            // One write, so that a reader sees the line whole.
            let line = format!("{}\n", digest.hex());
            lease.file.write_all(line.as_bytes()).map_err(StoreError::io("write", &lease.path))?;
        }
        Ok(())
    }
}

impl Lease {
    fn create(layout: &Layout) -> Result<Self, StoreError> {
        let (file, path) = tempfile::Builder::new()
            .prefix(&format!("{}-", std::process::id()))
            .tempfile_in(&layout.leases)
            .map_err(StoreError::io("create a file in", &layout.leases))?
            .keep()
            .map_err(|e| StoreError::Io { operation: "create a file in", path: layout.leases.clone(), source: e.error })?;
        file.lock().map_err(StoreError::io("lock", &path))?;
        Ok(Self { file, path, held: BTreeSet::new() })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // A file that stays is stale once its lock is gone, and the next prune removes it.
        let _ = fs::remove_file(&self.path);
    }
}

/// Every blob that a running process uses. Removes the leases of processes that are gone, unless `keep_stale`.
pub(super) fn in_use(layout: &Layout, keep_stale: bool, _gate: &Gate) -> Result<BTreeSet<ClaimedDigest>, StoreError> {
    let mut all = BTreeSet::new();
    for entry in fs::read_dir(&layout.leases).map_err(StoreError::io("list", &layout.leases))? {
        let path = entry.map_err(StoreError::io("list", &layout.leases))?.path();
        check_file(&path)?;
        let file = match open_existing(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(source) => return Err(StoreError::Io { operation: "read", path, source }),
        };
        match file.try_lock() {
            Ok(()) if keep_stale => {}
            Ok(()) => {
                let _ = fs::remove_file(&path);
            }
            Err(fs::TryLockError::WouldBlock) => read_lease(&path, file, &mut all)?,
            Err(fs::TryLockError::Error(source)) => return Err(StoreError::Io { operation: "lock", path, source }),
        }
    }
    Ok(all)
}

fn read_lease(path: &Path, file: File, all: &mut BTreeSet<ClaimedDigest>) -> Result<(), StoreError> {
    let unreadable = || StoreError::Lease { path: path.to_owned() };
    let mut text = String::new();
    let read = file.take(LEASE_BYTES).read_to_string(&mut text).map_err(|_| unreadable())?;
    if read as u64 == LEASE_BYTES {
        return Err(unreadable());
    }
    for line in text.lines() {
        all.insert(ClaimedDigest::from_hex(line).map_err(|_| unreadable())?);
    }
    Ok(())
}

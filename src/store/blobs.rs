//! Bytes in and out: hashed while they are written, and again whenever they are read.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tempfile::NamedTempFile;

use super::error::path_text;
use super::examine::{CHUNK, Damage, Examined, Identity, Opened, touch};
use super::folder::{self, Layout};
use super::lease::{Gate, Leases};
use super::{Integrity, PutError, StoreError};
use crate::model::digest::{ClaimedDigest, Digest, Hasher};

/// Age at which a temporary file that nobody has locked is taken for the leavings of a killed process. A writer locks its file right
/// after creating it, so that minutes would do.
pub const LEFTOVER_AGE: Duration = Duration::from_secs(3600);

/// The content-addressed store. Safe for threads and for any number of processes at once, and against `kill -9` at any moment: a
/// blob's final name only ever names whole, synced bytes.
///
/// Blobs that a store handed out stay until it is dropped, whatever `cache prune` does meanwhile: keep it for as long as their paths
/// are used.
#[derive(Debug)]
pub struct Store {
    pub(super) layout: Layout,
    leases: Leases,
    quarantined: Mutex<Vec<Quarantined>>,
}

/// Bytes in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredBlob {
    /// SHA-256 that this process computed, in this call.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// The file, absolute and read-only. Valid while the [`Store`] that gave it lives.
    #[serde(serialize_with = "path_text")]
    pub path: PathBuf,
    /// Whether these are the bytes that were claimed.
    pub integrity: Integrity,
    /// True where the source was not asked.
    pub from_store: bool,
}

/// Something under a blob's name that was not that blob. It has been moved to `corrupt/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quarantined {
    /// The digest that its name claims.
    pub claimed: ClaimedDigest,
    /// Where it is now.
    #[serde(serialize_with = "path_text")]
    pub moved_to: PathBuf,
    /// What was wrong.
    pub damage: Damage,
}

/// Where the blobs of a store are.
#[derive(Debug, Clone)]
pub struct BlobFolder(PathBuf);

impl BlobFolder {
    /// Where a blob is, or would be. Nothing has been checked: hash what is read.
    pub fn path(&self, digest: &ClaimedDigest) -> PathBuf {
        path_in(&self.0, digest)
    }
}

impl Store {
    /// Opens the store in `dir`, creating it with mode 0700 where there is none.
    ///
    /// # Errors
    ///
    /// Where the folder or one of its folders is a link, belongs to another user or can be written by others (DESIGN §6), where it
    /// holds something else than a store, or a store of another layout, and where the operating system refuses.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let layout = Layout::open(dir)?;
        let store = Self { layout, leases: Leases::default(), quarantined: Mutex::default() };
        store.sweep(false)?;
        Ok(store)
    }

    /// The store's folder, absolute.
    pub fn dir(&self) -> &Path {
        &self.layout.root
    }

    /// Streams bytes into the store, hashing them once.
    ///
    /// Bytes that are not the claimed ones are kept all the same, under their true digest, since they are evidence;
    /// [`StoredBlob::integrity`] tells.
    ///
    /// `cap` is the limit on bytes: a source that gives more is cut off after `cap` + 1 bytes and nothing is kept.
    ///
    /// # Errors
    ///
    /// [`PutError`] keeps a failing source apart from a failing store. No error leaves anything under a blob's name.
    pub fn put(
        &self,
        reader: &mut dyn Read,
        expected: Option<ClaimedDigest>,
        expected_size: Option<u64>,
        cap: u64,
    ) -> Result<StoredBlob, PutError> {
        let mut file = self.temporary("put-")?;
        let (digest, size) = copy_hashing(reader, file.as_file_mut(), cap, &self.layout.tmp)?;
        file.as_file()
            .set_permissions(Permissions::from_mode(0o400))
            .and_then(|()| file.as_file().sync_all())
            .map_err(StoreError::io("write", file.path()))?;

        let path = self.blob_path(&digest.into());
        let folder = path.parent().unwrap_or(&self.layout.blobs);
        let is_new_folder = !folder.exists();
        folder::create_folder(folder, false)?;
        {
            let gate = Gate::shared(&self.layout)?;
            self.leases.hold(&self.layout, digest.into(), &gate)?;
            // Over whatever is there: the same bytes, or damaged ones that are healed by this.
            file.persist(&path).map_err(|e| StoreError::Io { operation: "rename into", path: path.clone(), source: e.error })?;
        }
        folder::sync_folder(folder)?;
        if is_new_folder {
            folder::sync_folder(&self.layout.blobs)?;
        }
        let integrity = Integrity::of(digest, size, expected, expected_size);
        Ok(StoredBlob { digest, size, path, integrity, from_store: false })
    }

    /// The blob with this digest, hashed again now. `None`: not there, or what was there was not that blob; that has then been moved
    /// to `corrupt/` and stands in [`Store::quarantined`], and the caller asks the source again.
    pub fn get(&self, claimed: &ClaimedDigest) -> Result<Option<StoredBlob>, StoreError> {
        let path = self.blob_path(claimed);
        match path.parent().map(folder::check_folder) {
            Some(Err(StoreError::Io { source, .. })) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
            Some(Err(error)) => return Err(error),
            Some(Ok(())) | None => {}
        }
        let opened = {
            let gate = Gate::shared(&self.layout)?;
            let opened = Opened::at(&path)?;
            if let Some(Opened::File(..)) = opened {
                self.leases.hold(&self.layout, *claimed, &gate)?;
            }
            opened
        };
        let Some(opened) = opened else { return Ok(None) };
        match opened.examine(&path, claimed)? {
            Examined::Good { digest, size, file } => {
                touch(&file, &path);
                let integrity = Integrity::of(digest, size, Some(*claimed), None);
                Ok(Some(StoredBlob { digest, size, path, integrity, from_store: true }))
            }
            Examined::Bad { damage, identity } => {
                self.quarantine(&path, *claimed, damage, identity)?;
                Ok(None)
            }
        }
    }

    /// What this store moved aside since it was opened, in order.
    pub fn quarantined(&self) -> Vec<Quarantined> {
        self.quarantined.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where its blobs are, for whoever hashes what is read.
    pub fn blob_folder(&self) -> BlobFolder {
        BlobFolder(self.layout.blobs.clone())
    }

    /// Where a blob is, or would be.
    pub(super) fn blob_path(&self, digest: &ClaimedDigest) -> PathBuf {
        path_in(&self.layout.blobs, digest)
    }

    /// A temporary file in the store, locked so that no sweep takes it.
    pub(super) fn temporary(&self, prefix: &str) -> Result<NamedTempFile, StoreError> {
        let file = tempfile::Builder::new()
            .prefix(prefix)
            .tempfile_in(&self.layout.tmp)
            .map_err(StoreError::io("create a file in", &self.layout.tmp))?;
        file.as_file().lock().map_err(StoreError::io("lock", file.path()))?;
        Ok(file)
    }

    /// Removes temporary files that a killed process left: older than [`LEFTOVER_AGE`] by the file system's own clock, and not locked.
    /// Gives their number and bytes; with `dry_run` only counts.
    pub(super) fn sweep(&self, dry_run: bool) -> Result<(u64, u64), StoreError> {
        let tmp = &self.layout.tmp;
        let (mut files, mut bytes) = (0, 0);
        let mut now = None;
        for entry in fs::read_dir(tmp).map_err(StoreError::io("list", tmp))? {
            let path = entry.map_err(StoreError::io("list", tmp))?.path();
            // Whatever vanishes meanwhile was renamed into place or swept by another process.
            let Ok(file) = folder::open_existing(&path) else { continue };
            let Ok(metadata) = file.metadata() else { continue };
            let now = match now {
                Some(now) => now,
                None => *now.insert(self.clock()?),
            };
            let age = metadata.modified().ok().and_then(|then| now.duration_since(then).ok()).unwrap_or_default();
            if age < LEFTOVER_AGE || !metadata.is_file() || file.try_lock().is_err() {
                continue;
            }
            if dry_run || fs::remove_file(&path).is_ok() {
                files += 1;
                bytes += metadata.len();
            }
        }
        Ok((files, bytes))
    }

    /// The file system's clock, which stamped everything that ages are told of. May be another than this machine's.
    fn clock(&self) -> Result<std::time::SystemTime, StoreError> {
        let file = self.temporary("clock-")?;
        file.as_file().metadata().and_then(|m| m.modified()).map_err(StoreError::io("read the time of", file.path()))
    }

    /// Moves aside what is at `path`, if it is still the file that was examined: another process may have healed it meanwhile.
    pub(super) fn quarantine(
        &self,
        path: &Path,
        claimed: ClaimedDigest,
        damage: Damage,
        identity: Identity,
    ) -> Result<Option<Quarantined>, StoreError> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let _gate = Gate::exclusive(&self.layout)?;
        match fs::symlink_metadata(path) {
            Ok(now) if Identity::of(&now) == identity => {}
            _ => return Ok(None),
        }
        let moved_to = loop {
            let number = COUNTER.fetch_add(1, Ordering::Relaxed);
            let name = self.layout.corrupt.join(format!("{}-{}-{number}", claimed.hex(), std::process::id()));
            if fs::symlink_metadata(&name).is_err() {
                break name;
            }
        };
        fs::rename(path, &moved_to).map_err(StoreError::io("move aside", path))?;
        tracing::warn!(%claimed, %damage, moved_to = %moved_to.display(), "a stored blob is not what its name says; moved aside");
        let quarantined = Quarantined { claimed, moved_to, damage };
        self.quarantined.lock().unwrap_or_else(PoisonError::into_inner).push(quarantined.clone());
        Ok(Some(quarantined))
    }
}

fn path_in(blobs: &Path, digest: &ClaimedDigest) -> PathBuf {
    let hex = digest.hex();
    let (first, rest) = hex.split_at(2);
    blobs.join(first).join(rest)
}

fn copy_hashing(reader: &mut dyn Read, file: &mut File, cap: u64, tmp: &Path) -> Result<(Digest, u64), PutError> {
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; CHUNK];
    let mut size: u64 = 0;
    loop {
        // One byte more than the limit tells a source that ends there from one that goes on.
        let left = cap.saturating_sub(size).saturating_add(1);
        let want = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let window = buffer.get_mut(..want).unwrap_or_default();
        let read = match reader.read(window) {
            Ok(0) => return Ok((hasher.finish(), size)),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(PutError::Source { error, read: size }),
        };
        let Some(bytes) = window.get(..read) else {
            let error = io::Error::other("the reader claims to have read more than it was given room for");
            return Err(PutError::Source { error, read: size });
        };
        size = size.saturating_add(read as u64);
        if size > cap {
            return Err(PutError::TooLarge { cap });
        }
        hasher.update(bytes);
        file.write_all(bytes).map_err(StoreError::io("write to", tmp))?;
    }
}

//! A file under a blob's name: is it that blob?

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Timespec, Timestamps, UTIME_NOW};
use serde::Serialize;

use super::{StoreError, folder};
use crate::model::digest::{ClaimedDigest, Digest, Hasher};

/// Bytes read at a time.
pub(super) const CHUNK: usize = 128 << 10;

/// What can be wrong with a file under a blob's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Damage {
    /// Other bytes than its name says: damaged, truncated or replaced.
    #[error("its {size} bytes have the digest {presented}")]
    OtherBytes {
        /// What they hash to.
        presented: Digest,
        /// Bytes.
        size: u64,
    },
    /// A link, folder or device.
    #[error("it is no regular file")]
    NotAFile,
    /// Others can write to it, so that it can change after it was hashed.
    #[error("others can write to it (mode {mode:04o})")]
    WritableByOthers {
        /// Permission bits.
        mode: u32,
    },
    /// Somebody else's file.
    #[error("it belongs to user {owner}")]
    ForeignOwner {
        /// User id.
        owner: u32,
    },
}

/// Which file it is, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(u64, u64);

impl Identity {
    /// From what the operating system says.
    pub fn of(metadata: &Metadata) -> Self {
        Self(metadata.dev(), metadata.ino())
    }
}

/// What is at a blob's path.
pub(super) enum Opened {
    /// A file, open for reading.
    File(File, Metadata),
    /// Something that a blob never is.
    NotAFile(Metadata),
}

/// What came of hashing it.
pub(super) enum Examined {
    /// It is what its name says.
    Good {
        /// Its digest, computed.
        digest: Digest,
        /// Bytes.
        size: u64,
        /// Still open.
        file: File,
    },
    /// It is not.
    Bad {
        /// What is wrong.
        damage: Damage,
        /// Which file that is true of.
        identity: Identity,
    },
}

impl Opened {
    /// Opens what is at `path`, never through a link. `None`: nothing is there.
    pub fn at(path: &Path) -> Result<Option<Self>, StoreError> {
        let seen = match fs::symlink_metadata(path) {
            Ok(seen) => seen,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::Io { operation: "look at", path: path.to_owned(), source }),
        };
        if !seen.is_file() {
            return Ok(Some(Self::NotAFile(seen)));
        }
        match folder::open_existing(path) {
            Ok(file) => {
                let metadata = file.metadata().map_err(StoreError::io("look at", path))?;
                Ok(Some(Self::File(file, metadata)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::Io { operation: "open", path: path.to_owned(), source }),
        }
    }

    /// Hashes it and compares it with its name.
    pub fn examine(self, path: &Path, claimed: &ClaimedDigest) -> Result<Examined, StoreError> {
        let (mut file, metadata) = match self {
            Self::NotAFile(metadata) => return Ok(Examined::Bad { damage: Damage::NotAFile, identity: Identity::of(&metadata) }),
            Self::File(file, metadata) => (file, metadata),
        };
        let identity = Identity::of(&metadata);
        match folder::check_access(path, &metadata) {
            Ok(()) => {}
            Err(StoreError::ForeignOwner { owner, .. }) => {
                return Ok(Examined::Bad { damage: Damage::ForeignOwner { owner }, identity });
            }
            Err(StoreError::WritableByOthers { mode, .. }) => {
                return Ok(Examined::Bad { damage: Damage::WritableByOthers { mode }, identity });
            }
            Err(other) => return Err(other),
        }
        let (digest, size) = hash(&mut file, path)?;
        if digest.bytes() == claimed.claimed_bytes() {
            Ok(Examined::Good { digest, size, file })
        } else {
            Ok(Examined::Bad { damage: Damage::OtherBytes { presented: digest, size }, identity })
        }
    }
}

/// Notes that a file was used: `cache prune` goes by the time of last use. Opened read-only is enough for its owner.
pub(super) fn touch(file: &File, path: &Path) {
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    if let Err(error) = rustix::fs::futimens(file, &Timestamps { last_access: now, last_modification: now }) {
        tracing::debug!(path = %path.display(), %error, "could not note the use");
    }
}

fn hash(file: &mut File, path: &Path) -> Result<(Digest, u64), StoreError> {
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; CHUNK];
    let mut size: u64 = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((hasher.finish(), size)),
            Ok(read) => {
                hasher.update(buffer.get(..read).unwrap_or_default());
                size = size.saturating_add(read as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(StoreError::Io { operation: "read", path: path.to_owned(), source }),
        }
    }
}

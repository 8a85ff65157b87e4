//! What can go wrong with the store itself. Bytes that are not the claimed ones are data ([`super::Integrity`]), not errors.

use std::io;
use std::path::{Path, PathBuf};

use crate::model::printable::printable;

/// The store can't be used, or an operation on it failed. Ends as exit 5.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("the store could not {operation} {}: {source}", shown(.path))]
    Io {
        /// What was tried: `create`, `read`, `rename`, …
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A folder of the store is a symbolic link, which whoever made it can turn elsewhere at any moment.
    #[error("{} is a symbolic link; the store and its folders must be real folders", shown(.path))]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// A folder of the store is a file or something else.
    #[error("{} is not a folder; the store needs a folder there", shown(.path))]
    NotAFolder {
        /// What is in the way.
        path: PathBuf,
    },
    /// A file of the store's own books is a link, a folder or something else.
    #[error("{} is not a regular file; the store keeps a file of its own there", shown(.path))]
    NotAFile {
        /// What is in the way.
        path: PathBuf,
    },
    /// A folder or file of the store belongs to somebody else, who could put other content in it.
    #[error("{} belongs to user {owner}, and this process runs as user {own}", shown(.path))]
    ForeignOwner {
        /// The folder or file.
        path: PathBuf,
        /// Its owner's user id.
        owner: u32,
        /// Effective user id of this process.
        own: u32,
    },
    /// The group or everybody can write to a folder or file of the store.
    #[error("{} can be written by others (mode {mode:04o})", shown(.path))]
    WritableByOthers {
        /// The folder or file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A folder with content that is no store: nothing is mixed into somebody's files.
    #[error("{} holds `{}` and has no layout file, so it is not a layerproof store", shown(.path), printable(.found))]
    NotAStore {
        /// The folder.
        path: PathBuf,
        /// One name that was found in it.
        found: String,
    },
    /// The layout file is of another version, or unreadable.
    #[error("{} says `{}`, and this version of layerproof reads `{expected}`", shown(.path), printable(.presented))]
    UnknownLayout {
        /// The layout file.
        path: PathBuf,
        /// What it says, at most 100 characters.
        presented: String,
        /// What this version writes and reads.
        expected: &'static str,
    },
    /// The list of blobs that a running process uses can't be read, so nothing may be removed.
    #[error("{} does not read as the list of blobs in use by a running process", shown(.path))]
    Lease {
        /// The lease file.
        path: PathBuf,
    },
}

impl StoreError {
    pub(super) fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { operation, path, source }
    }

    /// The next step, where there is one. Safe to print.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::WritableByOthers { path, .. } => Some(format!("run `chmod go-w {}` if nobody else has written there", quoted(path))),
            Self::ForeignOwner { .. } | Self::Symlink { .. } | Self::NotAFolder { .. } => {
                Some("name a folder of your own with `--cache-dir`".into())
            }
            Self::NotAStore { .. } => Some("name an empty or new folder with `--cache-dir`".into()),
            Self::UnknownLayout { .. } => Some("use the version of layerproof that wrote it, or another folder with `--cache-dir`".into()),
            Self::NotAFile { path } => Some(format!("move {} out of the store", quoted(path))),
            Self::Lease { path } => Some(format!("wait until no other layerproof runs, then remove {}", quoted(path))),
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    Some("free some space, for example with `layerproof cache prune --older-than 30d`".into())
                }
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    Some("name a folder that you can write with `--cache-dir`".into())
                }
                _ => None,
            },
        }
    }
}

/// Why bytes did not get into the store.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The source of the bytes failed: a gap of the artifact.
    #[error("the source failed after {read} bytes: {error}")]
    Source {
        /// What the reader said.
        error: io::Error,
        /// Bytes that had come by then.
        read: u64,
    },
    /// The source gave more than the limit. Nothing was kept.
    #[error("the source gave more than the limit of {cap} bytes")]
    TooLarge {
        /// The limit, bytes.
        cap: u64,
    },
    /// The store failed: exit 5.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A path, safe to print.
pub(super) fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy()).into_owned()
}

/// A path to paste into a shell. A path with characters that `printable` escapes does not survive the paste; it is then no harm either.
pub(super) fn quoted(path: &Path) -> String {
    let text = shown(path);
    if text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+@%:,".contains(c)) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fix_can_be_pasted_into_a_shell_and_runs_nothing_else() {
        assert_eq!(quoted(Path::new("/home/me/.cache/layerproof")), "/home/me/.cache/layerproof");
        assert_eq!(quoted(Path::new("/tmp/a b")), "'/tmp/a b'");
        assert_eq!(quoted(Path::new("/tmp/$(id)'x")), r"'/tmp/$(id)'\''x'");
        assert!(!quoted(Path::new("/tmp/\u{1b}[2J")).contains('\u{1b}'));
    }
}

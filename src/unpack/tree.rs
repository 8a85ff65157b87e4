//! The files of an artifact.

use serde::{Deserialize, Serialize};

use crate::model::digest::Digest;

/// The files of an artifact, sorted by path; a path occurs once per entry that named it, so duplicates stand side by side.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct FileTree {
    /// Entries sorted by path, then by their order in the archive.
    pub entries: Vec<FileEntry>,
}

impl FileTree {
    /// Files of one byte, for tests.
    #[cfg(test)]
    pub(crate) fn of_files(paths: &[&str]) -> Self {
        let file = |path: &&str| FileEntry {
            path: (*path).to_owned(),
            kind: EntryKind::File,
            mode: None,
            size: 1,
            origin: 0,
            member: 0,
            digest: None,
        };
        Self { entries: paths.iter().map(file).collect() }
    }

    /// The entries of exactly this path.
    pub fn at<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a FileEntry> {
        let start = self.entries.partition_point(|e| e.path.as_str() < path);
        self.entries.iter().skip(start).take_while(move |e| e.path == path)
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Normalised path: components joined by `/`, no leading or trailing `/`, no `.`; a name that climbs out keeps its `..`.
    /// Bytes that are not UTF-8 are written `\xNN`. Untrusted: print through `printable`.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Unix permission bits with setuid, setgid and sticky (`0o7777`), where the archive gives any.
    pub mode: Option<u32>,
    /// Bytes, after inflation.
    pub size: u64,
    /// Index of the archive entry (zip), or of the image layer that provides it.
    pub origin: u32,
    /// Index of the member in that layer's tar; 0 elsewhere. With `origin` it tells entries apart.
    pub member: u32,
    /// SHA-256 of the content, only where it was asked for. Never cached.
    #[serde(skip)]
    pub digest: Option<Digest>,
}

impl FileEntry {
    /// True for a regular file that anybody may execute.
    pub fn is_executable(&self) -> bool {
        matches!(self.kind, EntryKind::File) && self.mode.is_some_and(|m| m & 0o111 != 0)
    }
}

/// The kind of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link to `target`, as written.
    Symlink {
        /// Target as the archive has it.
        target: String,
    },
    /// A hard link to `target`.
    Hardlink {
        /// Target as the archive has it.
        target: String,
    },
    /// A device, FIFO or socket.
    Special,
}

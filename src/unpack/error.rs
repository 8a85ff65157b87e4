//! Operations of ours that failed. What is wrong with an archive is an [`Anomaly`](super::Anomaly), not one of these.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::anomaly::AnomalyKind;
use crate::model::printable::printable;

/// An operation of this stage that failed.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The file could not be opened or read.
    #[error("cannot read {}: {source}", printable(&.path.display().to_string()))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The path is neither a regular file nor a directory.
    #[error("{} is neither a file nor a directory", printable(&.path.display().to_string()))]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file changed between two reads of it.
    #[error("{} changed while it was read", printable(&.path.display().to_string()))]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The bytes are no zip archive at all.
    #[error("{} is not a zip archive: {reason}", printable(&.path.display().to_string()))]
    NotAZip {
        /// The file.
        path: PathBuf,
        /// What it is instead, as far as its bytes tell.
        reason: NotAZip,
    },
    /// The path holds no OCI image layout.
    #[error("{} is not an OCI image layout: it has no `{missing}`", printable(&.path.display().to_string()))]
    NotALayout {
        /// The directory or tar.
        path: PathBuf,
        /// The file that every layout has.
        missing: &'static str,
    },
    /// One entry that was asked for cannot be read whole.
    #[error("cannot read entry `{}` of {}: {}", printable(.entry), printable(&.path.display().to_string()), printable(.detail))]
    Entry {
        /// The archive.
        path: PathBuf,
        /// The entry's name, `model::printable::lossless`.
        entry: String,
        /// The kind of damage.
        kind: AnomalyKind,
        /// Expected and found.
        detail: String,
    },
}

/// What [`NotAZip::Other`] calls a tar archive.
pub(super) const TAR: &str = "a tar archive";

/// Why bytes are no zip archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAZip {
    /// No bytes.
    Empty,
    /// Starts like a zip, but no end-of-central-directory record is in its last 65,557 bytes.
    Truncated,
    /// Text.
    Text,
    /// Another format that is known by its first bytes; the name of it.
    Other(&'static str),
    /// Nothing that is known.
    Unknown,
}

impl fmt::Display for NotAZip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the file is empty"),
            Self::Truncated => f.write_str("it starts like one, but has no end-of-central-directory record (truncated?)"),
            Self::Text => f.write_str("it is text"),
            Self::Other(name) => write!(f, "it is {name}"),
            Self::Unknown => f.write_str("it has no end-of-central-directory record, and its first bytes are of no known format"),
        }
    }
}

//! Stage 3: hostile bytes to a [`FileTree`] and [`Anomaly`]s. Nothing is ever extracted to a path that an archive chose.

pub mod anomaly;
pub mod error;
pub mod limits;
pub mod overlay;
pub mod tree;
pub mod zip;

use serde::{Deserialize, Serialize};

pub use anomaly::{Anomaly, AnomalyKind};
pub use error::{NotAZip, UnpackError};
pub use limits::Limits;
pub use tree::{EntryKind, FileEntry, FileTree};
pub use zip::{EntryVisitor, StreamReport, ZipEntry, ZipIndex};

/// What an artifact's bytes hold.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Contents {
    /// What the bytes are, told from the bytes.
    pub format: Format,
    /// Every entry; for an image, the merged file system after whiteouts.
    pub tree: FileTree,
    /// What is wrong with the archive. Data, never an error.
    pub anomalies: Vec<Anomaly>,
    /// Entries in the archive, or in all layers of an image.
    pub entries: u64,
    /// Bytes after inflation.
    pub unpacked_bytes: u64,
    /// False where a limit or damage stopped the walk: the tree is then a part, and an anomaly says why.
    pub complete: bool,
}

/// The format of an artifact's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// A zip archive.
    Zip,
    /// An OCI or Docker image: manifest, config and tar layers.
    Image,
    /// A directory on this machine.
    Directory,
    /// None of these; nothing could be listed.
    Unrecognised,
}

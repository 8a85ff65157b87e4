//! Stage 3: hostile bytes to a [`FileTree`] and [`Anomaly`]s. Nothing is ever extracted to a path that an archive chose.

mod analyse;
pub mod anomaly;
mod directory;
pub mod error;
pub mod image;
pub mod limits;
mod name;
pub mod overlay;
mod reader;
mod structure;
mod tar;
pub mod tree;
mod whiteout;
pub mod zip;
mod zip_tree;

use serde::{Deserialize, Serialize};

pub use analyse::{WantDigests, analyse, digests_of, unrecognised};
pub use anomaly::{Anomaly, AnomalyKind};
pub use directory::{analyse_directory, read_directory};
pub use error::{NotAZip, UnpackError};
pub use image::{Image, ImageInfo, LayerInfo, Layout, analyse_image, read_image};
pub use limits::Limits;
pub use overlay::{Collision, OptLayer, OptOverlay, merge_opt};
pub use reader::{Asked, FileReader, MAGIC_BYTES, Unread};
pub use tree::{EntryKind, FileEntry, FileTree};
pub use zip::{EntryVisitor, StreamReport, ZipEntry, ZipIndex};
pub use zip_tree::{analyse_zip, list_zip, read_zip};

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

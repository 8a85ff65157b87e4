//! From a path to [`Contents`]: what the bytes are is told from the bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::anomaly::{Anomaly, AnomalyKind};
use super::directory::analyse_directory;
use super::error::{NotAZip, UnpackError};
use super::limits::Limits;
use super::tree::FileTree;
use super::zip::ZipIndex;
use super::zip_tree::{self, analyse_zip};
use super::{Contents, Format};
use crate::model::digest::Digest;

/// Which files' digests are wanted. Hashing costs more than inflating, so nobody pays for all of them by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum WantDigests {
    /// None.
    #[default]
    None,
    /// Those of every regular file.
    All,
    /// Those of these paths, normalised as in `FileEntry::path`.
    Paths(BTreeSet<String>),
}

impl WantDigests {
    /// True where the digest of this path is wanted.
    pub fn wants(&self, path: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Paths(paths) => paths.contains(path),
        }
    }
}

/// Lists a zip or a directory. Anything else is [`Format::Unrecognised`] with an anomaly that says what it is; images have their own
/// entry, [`super::image::analyse_image`].
///
/// # Errors
/// I/O errors only.
pub fn analyse(path: &Path, limits: &Limits, want: &WantDigests) -> Result<Contents, UnpackError> {
    if fs::metadata(path).map_err(|source| UnpackError::Io { path: path.into(), source })?.is_dir() {
        return analyse_directory(path, limits, want);
    }
    match ZipIndex::open(path, limits) {
        Ok(index) => analyse_zip(&index, limits, want, &mut []),
        Err(UnpackError::NotAZip { reason, .. }) => Ok(unrecognised(reason)),
        Err(error) => Err(error),
    }
}

/// The contents of bytes in which nothing can be listed.
pub fn unrecognised(reason: NotAZip) -> Contents {
    Contents {
        format: Format::Unrecognised,
        tree: FileTree::default(),
        anomalies: vec![Anomaly { kind: AnomalyKind::Malformed, path: String::new(), detail: format!("not a zip archive: {reason}") }],
        entries: 0,
        unpacked_bytes: 0,
        complete: false,
    }
}

/// The digests of some regular files of a zip or directory. A path that can't be read whole, is not a regular file, or occurs twice
/// has none.
///
/// # Errors
/// I/O errors only.
pub fn digests_of(path: &Path, paths: &BTreeSet<String>, limits: &Limits) -> Result<BTreeMap<String, Digest>, UnpackError> {
    if fs::metadata(path).map_err(|source| UnpackError::Io { path: path.into(), source })?.is_dir() {
        let contents = analyse_directory(path, limits, &WantDigests::Paths(paths.clone()))?;
        return Ok(contents.tree.entries.into_iter().filter_map(|e| Some((e.path, e.digest?))).collect());
    }
    match ZipIndex::open(path, limits) {
        Ok(index) => zip_tree::digests(&index, paths, limits),
        Err(UnpackError::NotAZip { .. }) => Ok(BTreeMap::new()),
        Err(error) => Err(error),
    }
}

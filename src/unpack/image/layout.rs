//! An OCI image layout: a directory, a tar that holds one, or the store with an index. OCI image-spec 1.1, image-layout.md.
//!
//! Of a tar only the offsets of its members are kept, and blobs are read where they lie: nothing is written to disk, and the walk
//! that finds them is the same one that reads image layers.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Cursor, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;

use super::super::anomaly::{Anomalies, Anomaly, AnomalyKind};
use super::super::error::UnpackError;
use super::super::limits::{Deadline, Limits};
use super::super::name::{self, Origin};
use super::super::tar::{self, Member, MemberKind, MemberVisitor};
use super::layer::read_at_most;
use crate::model::digest::ClaimedDigest;
use crate::store::{BlobFolder, Store};

/// A blob's bytes, and how many lie there.
pub(super) type Blob = (Box<dyn Read>, u64);

/// Where an image's blobs are.
#[derive(Debug)]
pub struct Layout {
    path: PathBuf,
    place: Place,
    /// What is wrong with the archive that holds the layout; nothing for a directory.
    pub anomalies: Vec<Anomaly>,
}

/// What came of reading a small blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmallBlob {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// The layout does not hold it.
    Missing,
    /// It is too long, or its bytes have another digest.
    Refused(String),
}

#[derive(Debug)]
enum Place {
    Directory,
    /// Offset and length of each regular file, by its path.
    Archive(BTreeMap<String, (u64, u64)>),
    /// The store's own folder of blobs, and what is its `index.json`.
    Stored {
        blobs: BlobFolder,
        index: Vec<u8>,
    },
}

impl Layout {
    /// Opens a layout: a directory that holds `oci-layout` and `index.json`, or an uncompressed tar that does.
    ///
    /// # Errors
    /// [`UnpackError::NotALayout`] where it is neither; I/O errors.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self, UnpackError> {
        let meta = fs::metadata(path).map_err(|e| io_error(path, e))?;
        let layout = if meta.is_dir() {
            Self { path: path.into(), place: Place::Directory, anomalies: Vec::new() }
        } else if meta.is_file() {
            Self::archive(path, limits)?
        } else {
            return Err(UnpackError::NotAFile { path: path.into() });
        };
        for needed in ["oci-layout", "index.json"] {
            if layout.member(needed)?.is_none() {
                return Err(UnpackError::NotALayout { path: path.into(), missing: needed });
            }
        }
        Ok(layout)
    }

    /// The blobs of a store, with `index` in the place of `index.json`. They are hashed when they are read, as those of any layout. The store must
    /// outlive the layout, or a prune may take them.
    pub fn in_store(store: &Store, index: Vec<u8>) -> Self {
        Self { path: store.dir().into(), place: Place::Stored { blobs: store.blob_folder(), index }, anomalies: Vec::new() }
    }

    /// The layout's `index.json`, at most `limits.manifest_bytes`; `None` where it is longer.
    ///
    /// # Errors
    /// I/O errors.
    pub fn index_json(&self, limits: &Limits) -> Result<Option<Vec<u8>>, UnpackError> {
        let Some((reader, length)) = self.member("index.json")? else { return Ok(None) };
        if length > limits.manifest_bytes {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        reader.take(limits.manifest_bytes).read_to_end(&mut bytes).map_err(|e| io_error(&self.path, e))?;
        Ok(Some(bytes))
    }

    /// The directory or tar.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A blob and its length; `None` where the layout does not hold it. The bytes are whatever lies there: hash them.
    pub(super) fn blob(&self, digest: &ClaimedDigest) -> Result<Option<Blob>, UnpackError> {
        match &self.place {
            Place::Directory | Place::Archive(_) => self.member(&format!("blobs/sha256/{}", digest.hex())),
            Place::Stored { blobs, .. } => file(&blobs.path(digest)),
        }
    }

    /// A small blob, a manifest or index, at most `limits.manifest_bytes`, whose bytes have the digest that names it.
    ///
    /// # Errors
    /// I/O errors.
    pub fn small_blob(&self, digest: &ClaimedDigest, limits: &Limits) -> Result<SmallBlob, UnpackError> {
        self.whole_blob(digest, limits.manifest_bytes, "manifest_bytes")
    }

    /// A blob of at most `max` bytes, a limit called `name`, whose bytes have the digest that names it.
    ///
    /// # Errors
    /// I/O errors.
    pub fn whole_blob(&self, digest: &ClaimedDigest, max: u64, name: &'static str) -> Result<SmallBlob, UnpackError> {
        let Some((blob, length)) = self.blob(digest)? else { return Ok(SmallBlob::Missing) };
        Ok(match read_at_most(blob, length, max, name).map_err(|e| io_error(&self.path, e))? {
            Ok((bytes, computed)) if ClaimedDigest::from(computed) == *digest => SmallBlob::Bytes(bytes),
            Ok((_, computed)) => SmallBlob::Refused(format!("its bytes have the digest {computed}")),
            Err(why) => SmallBlob::Refused(why),
        })
    }

    /// True where what it holds was fetched by this process: what is missing then was not had, and nobody left it out.
    pub fn is_in_store(&self) -> bool {
        match self.place {
            Place::Stored { .. } => true,
            Place::Directory | Place::Archive(_) => false,
        }
    }

    fn archive(path: &Path, limits: &Limits) -> Result<Self, UnpackError> {
        let mut reader = BufReader::new(File::open(path).map_err(|e| io_error(path, e))?);
        let mut anomalies = Anomalies::default();
        let mut members = Members { limits, found: BTreeMap::new(), repeated: Vec::new(), anomalies: Anomalies::default() };
        match tar::walk(&mut reader, &AtomicU64::new(0), limits, Deadline::start(limits), &mut anomalies, &mut members) {
            Ok(_) => {}
            Err(e)
                if matches!(e.kind(), ErrorKind::Other | ErrorKind::InvalidData | ErrorKind::UnexpectedEof | ErrorKind::InvalidInput) =>
            {
                anomalies.push(AnomalyKind::Malformed, "", format!("the tar that holds the layout: {e}"));
            }
            Err(e) => return Err(io_error(path, e)),
        }
        anomalies.extend(members.anomalies.into_vec());
        for name in members.repeated {
            anomalies.push(AnomalyKind::DuplicateName, name, "the tar that holds the layout has it twice");
        }
        Ok(Self { path: path.into(), place: Place::Archive(members.found), anomalies: anomalies.into_vec() })
    }

    fn member(&self, name: &str) -> Result<Option<Blob>, UnpackError> {
        match &self.place {
            Place::Directory => file(&self.path.join(name)),
            Place::Stored { index, .. } if name == "index.json" => {
                let blob: Blob = (Box::new(Cursor::new(index.clone())), index.len() as u64);
                Ok(Some(blob))
            }
            Place::Stored { .. } => Ok(None),
            Place::Archive(members) => {
                let Some(&(offset, length)) = members.get(name) else { return Ok(None) };
                let mut file = File::open(&self.path).map_err(|e| io_error(&self.path, e))?;
                file.seek(SeekFrom::Start(offset)).map_err(|e| io_error(&self.path, e))?;
                Ok(Some((Box::new(file.take(length)), length)))
            }
        }
    }
}

fn file(path: &Path) -> Result<Option<Blob>, UnpackError> {
    match fs::metadata(path) {
        // Links are followed, since builders link blobs into place; a FIFO would block.
        Ok(meta) if meta.is_file() => {
            let file = File::open(path).map_err(|e| io_error(path, e))?;
            Ok(Some((Box::new(file), meta.len())))
        }
        Ok(_) => Ok(None),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(io_error(path, e)),
    }
}

/// Collects where the regular files of the tar are.
struct Members<'a> {
    limits: &'a Limits,
    found: BTreeMap<String, (u64, u64)>,
    repeated: Vec<String>,
    anomalies: Anomalies,
}

impl MemberVisitor for Members<'_> {
    fn begin(&mut self, _: &Member) {}

    fn data(&mut self, _: &[u8]) {}

    fn end(&mut self, member: Member) {
        if member.kind != MemberKind::File {
            return;
        }
        let Some(path) = name::normalise(&member.name, Origin::Rooted, self.limits, &mut self.anomalies) else { return };
        if self.found.insert(path.clone(), (member.data_offset, member.size)).is_some() {
            self.repeated.push(path);
        }
    }
}

fn io_error(path: &Path, source: io::Error) -> UnpackError {
    UnpackError::Io { path: path.into(), source }
}

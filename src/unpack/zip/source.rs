//! Positioned reads of the archive's file.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::error::UnpackError;
use crate::model::digest::{Digest, Hasher};

/// Bytes that are hashed at a time.
const PIECE: usize = 256 << 10;

/// An open archive: a file, or bytes at hand (a jar within a jar).
#[derive(Debug)]
pub(super) struct Source {
    bytes: Bytes,
    path: PathBuf,
    len: u64,
    /// What the file system said when it was opened.
    stamp: Option<Stamp>,
}

/// What changes with a file's bytes: size, and times of modification and of change in seconds and nanoseconds.
#[derive(Debug, PartialEq, Eq)]
struct Stamp(u64, i64, i64, i64, i64);

impl Stamp {
    fn of(metadata: &fs::Metadata) -> Self {
        Self(metadata.len(), metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec())
    }
}

#[derive(Debug)]
enum Bytes {
    File(File),
    Memory(Arc<Vec<u8>>),
}

impl Source {
    /// Opens a regular file; anything else (a FIFO would block) is refused.
    pub(super) fn open(path: &Path) -> Result<Self, UnpackError> {
        let io = |source| UnpackError::Io { path: path.into(), source };
        if !fs::metadata(path).map_err(io)?.is_file() {
            return Err(UnpackError::NotAFile { path: path.into() });
        }
        let file = File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        Ok(Self { bytes: Bytes::File(file), path: path.into(), len: metadata.len(), stamp: Some(Stamp::of(&metadata)) })
    }

    /// Bytes at hand; `name` is what errors call them.
    pub(super) fn memory(bytes: Arc<Vec<u8>>, name: &str) -> Self {
        Self { len: bytes.len() as u64, bytes: Bytes::Memory(bytes), path: name.into(), stamp: None }
    }

    /// The SHA-256 of all of it.
    pub(super) fn digest(&self) -> Result<Digest, UnpackError> {
        let mut hasher = Hasher::new();
        let mut buffer = vec![0; PIECE];
        let mut done = 0_u64;
        while done < self.len {
            let read = self.read_at(done, &mut buffer)?;
            if read == 0 {
                return Err(UnpackError::Changed { path: self.path.clone() });
            }
            hasher.update(buffer.get(..read).unwrap_or_default());
            done = done.saturating_add(read as u64);
        }
        self.unchanged()?;
        Ok(hasher.finish())
    }

    /// An error where the file is not what it was when it was opened.
    pub(super) fn unchanged(&self) -> Result<(), UnpackError> {
        let Bytes::File(file) = &self.bytes else { return Ok(()) };
        let now = file.metadata().map_err(|source| UnpackError::Io { path: self.path.clone(), source })?;
        if self.stamp == Some(Stamp::of(&now)) { Ok(()) } else { Err(UnpackError::Changed { path: self.path.clone() }) }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Fills `buf` from `offset` as far as the file reaches, and says how far that is.
    pub(super) fn read_at(&self, mut offset: u64, buf: &mut [u8]) -> Result<usize, UnpackError> {
        // A stated offset may be beyond what the operating system can even express.
        if offset >= self.len {
            return Ok(0);
        }
        let file = match &self.bytes {
            Bytes::File(file) => file,
            Bytes::Memory(bytes) => {
                let rest = usize::try_from(offset).ok().and_then(|from| bytes.get(from..)).unwrap_or_default();
                let filled = rest.len().min(buf.len());
                if let (Some(to), Some(from)) = (buf.get_mut(..filled), rest.get(..filled)) {
                    to.copy_from_slice(from);
                }
                return Ok(filled);
            }
        };
        let mut filled = 0;
        while let Some(rest) = buf.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, offset) {
                Ok(0) => break,
                Ok(n) => {
                    filled = filled.saturating_add(n);
                    offset = offset.saturating_add(n as u64);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(UnpackError::Io { path: self.path.clone(), source }),
            }
        }
        Ok(filled)
    }
}

/// Reads of neighbouring pieces through one buffer.
pub(super) struct Window<'a> {
    source: &'a Source,
    ahead: usize,
    start: u64,
    buf: Vec<u8>,
}

impl<'a> Window<'a> {
    /// `ahead`: bytes to read at once.
    pub(super) fn new(source: &'a Source, ahead: usize) -> Self {
        Self { source, ahead, start: 0, buf: Vec::new() }
    }

    /// `len` bytes at `offset`, or `None` where the file ends before.
    pub(super) fn bytes(&mut self, offset: u64, len: usize) -> Result<Option<&[u8]>, UnpackError> {
        if self.held(offset, len).is_none() {
            let mut buf = std::mem::take(&mut self.buf);
            buf.resize(len.max(self.ahead), 0);
            let filled = self.source.read_at(offset, &mut buf)?;
            buf.truncate(filled);
            self.buf = buf;
            self.start = offset;
        }
        Ok(self.held(offset, len))
    }

    fn held(&self, offset: u64, len: usize) -> Option<&[u8]> {
        let from = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        self.buf.get(from..from.checked_add(len)?)
    }
}

/// Little-endian fields, read one after the other; `None` where the bytes end.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.bytes(2)?.try_into().ok()?))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.bytes(4)?.try_into().ok()?))
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.bytes(8)?.try_into().ok()?))
    }
}

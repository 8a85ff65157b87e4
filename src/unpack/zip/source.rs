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
        Passing::new().finish(self, &mut Piece::default())
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
    piece: Piece,
    passing: Option<Passing>,
}

/// Bytes of an archive that lie side by side.
#[derive(Default)]
struct Piece {
    start: u64,
    /// Those that were read; what stands in `buf` behind them counts for nothing, and saves clearing it.
    filled: usize,
    buf: Vec<u8>,
}

/// What was hashed of an archive: all that lies before an offset.
struct Passing {
    hasher: Hasher,
    done: u64,
}

impl<'a> Window<'a> {
    /// `ahead`: bytes to read at once.
    pub(super) fn new(source: &'a Source, ahead: usize) -> Self {
        Self { source, ahead, piece: Piece::default(), passing: None }
    }

    /// A window that passes over all of the archive once, and hashes it. What is asked for behind it is read again, with `ahead`.
    pub(super) fn hashing(source: &'a Source, ahead: usize) -> Self {
        Self { passing: Some(Passing::new()), ..Self::new(source, ahead) }
    }

    /// `len` bytes at `offset`, or `None` where the file ends before.
    pub(super) fn bytes(&mut self, offset: u64, len: usize) -> Result<Option<&[u8]>, UnpackError> {
        if self.piece.held(offset, len).is_none() {
            let Self { source, piece, passing, ahead } = self;
            match passing {
                Some(passing) if !passing.is_past(offset, piece) => passing.pass(source, piece, offset, len)?,
                Some(_) | None => {
                    piece.forget(offset);
                    piece.append(source, len.max(*ahead))?;
                }
            }
        }
        Ok(self.piece.held(offset, len))
    }

    /// The SHA-256 of the archive, where the window hashes.
    pub(super) fn finish(mut self) -> Result<Option<Digest>, UnpackError> {
        self.passing.take().map(|passing| passing.finish(self.source, &mut self.piece)).transpose()
    }
}

impl Piece {
    fn held(&self, offset: u64, len: usize) -> Option<&[u8]> {
        let from = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        self.buf.get(..self.filled)?.get(from..from.checked_add(len)?)
    }

    fn end(&self) -> u64 {
        self.start.saturating_add(self.filled as u64)
    }

    /// Goes on at `start`.
    fn forget(&mut self, start: u64) {
        (self.start, self.filled) = (start, 0);
    }

    /// Drops what lies before `offset`.
    fn drop_before(&mut self, offset: u64) {
        let from = usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX).min(self.filled);
        self.buf.copy_within(from..self.filled, 0);
        self.start = self.start.saturating_add(from as u64);
        self.filled = self.filled.saturating_sub(from);
    }

    /// Reads on, `most` bytes at most, and gives what came.
    fn append(&mut self, source: &Source, most: usize) -> Result<&[u8], UnpackError> {
        let (from, end) = (self.filled, self.end());
        let to = from.saturating_add(most);
        if self.buf.len() < to {
            self.buf.resize(to, 0);
        }
        let read = source.read_at(end, self.buf.get_mut(from..to).unwrap_or_default())?;
        self.filled = from.saturating_add(read);
        Ok(self.buf.get(from..self.filled).unwrap_or_default())
    }
}

impl Passing {
    fn new() -> Self {
        Self { hasher: Hasher::new(), done: 0 }
    }

    /// Moves on to the end, and gives the SHA-256 of all.
    fn finish(mut self, source: &Source, piece: &mut Piece) -> Result<Digest, UnpackError> {
        while self.done < source.len() {
            piece.forget(self.done);
            if !self.step(source, piece)? {
                return Err(UnpackError::Changed { path: source.path.clone() });
            }
        }
        source.unchanged()?;
        Ok(self.hasher.finish())
    }

    /// Whether `offset` lies behind, and can't be had by moving on.
    fn is_past(&self, offset: u64, piece: &Piece) -> bool {
        offset < self.done && (offset < piece.start || piece.end() != self.done)
    }

    /// Moves on until `piece` holds `len` bytes at `offset`, as far as the archive reaches.
    fn pass(&mut self, source: &Source, piece: &mut Piece, offset: u64, len: usize) -> Result<(), UnpackError> {
        if piece.end() == self.done {
            piece.drop_before(offset);
        } else {
            // It was behind, for a while.
            piece.forget(self.done);
        }
        let want = offset.saturating_add(len as u64);
        while self.done < want {
            if piece.end() <= offset {
                piece.forget(self.done);
            }
            if !self.step(source, piece)? {
                break;
            }
        }
        Ok(())
    }

    /// Appends what comes next to `piece`, which ends where hashing has come to; `false` at the end.
    fn step(&mut self, source: &Source, piece: &mut Piece) -> Result<bool, UnpackError> {
        let read = piece.append(source, PIECE)?;
        self.hasher.update(read);
        self.done = self.done.saturating_add(read.len() as u64);
        Ok(!read.is_empty())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_gives_the_bytes_of_any_place_and_hashes_each_byte_once() {
        let bytes: Vec<u8> = (0..PIECE * 3 + 77).map(|at| (at * 31 % 251) as u8).collect();
        let source = Source::memory(Arc::new(bytes.clone()), "test");
        let places = [
            0,
            1,
            511,
            512,
            PIECE - 1,
            PIECE,
            PIECE + 1,
            PIECE * 2 - 3,
            PIECE * 3,
            PIECE * 3 + 70,
            bytes.len() - 1,
            bytes.len(),
            bytes.len() + 9,
        ];
        let lengths = [0, 1, 7, 600, PIECE + 5];
        let mut seed = 7_usize;
        let mut pick = |many: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % many
        };
        for _ in 0..400 {
            for mut window in [Window::hashing(&source, 512), Window::new(&source, 512)] {
                for _ in 0..pick(12) {
                    let (at, len) = (places[pick(places.len())], lengths[pick(lengths.len())]);
                    let given = window.bytes(at as u64, len).unwrap();
                    assert_eq!(given.unwrap_or_default(), bytes.get(at..at + len).unwrap_or_default(), "{len} at {at}");
                }
                let is_hashing = window.passing.is_some();
                assert_eq!(window.finish().unwrap(), is_hashing.then(|| Digest::of(&bytes)));
            }
        }
    }

    #[test]
    fn a_file_that_shrinks_under_the_window_has_no_digest() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), vec![1; PIECE * 2]).unwrap();
        let source = Source::open(file.path()).unwrap();
        let mut window = Window::hashing(&source, 512);
        window.bytes(10, 10).unwrap();
        file.as_file().set_len(PIECE as u64 + 5).unwrap();
        assert!(matches!(window.finish(), Err(UnpackError::Changed { .. })));
    }
}

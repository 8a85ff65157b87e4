//! Zip archives, read the way that leaves a liar no room: one list of entries in central-directory order, duplicates included, each
//! compared with its local header, and one pass over the bodies that feeds everybody who wants them.
//!
//! Format: PKWARE APPNOTE.TXT 6.3.10; the sections are cited where they are used.

mod central;
mod end;
mod extra;
mod inflate;
mod local;
mod source;

use std::path::Path;
use std::sync::Arc;

use super::anomaly::{Anomalies, Anomaly};
use super::error::UnpackError;
use super::limits::{Deadline, Limits};
use crate::model::digest::Digest;
use crate::model::printable::lossless;
use source::Source;

/// General purpose flags, APPNOTE 4.4.4.
const ENCRYPTED: u16 = 1;
const DESCRIPTOR: u16 = 1 << 3;
const PATCHED: u16 = 1 << 5;
const STRONG_ENCRYPTION: u16 = 1 << 6;
const UTF8: u16 = 1 << 11;
const MASKED: u16 = 1 << 13;

/// The one parsed list of a zip's entries.
#[derive(Debug)]
pub struct ZipIndex {
    /// Entries in central-directory order; names that occur twice stand twice.
    pub entries: Vec<ZipEntry>,
    /// What is wrong with the structure: end records, central directory, local headers. Names and bodies are not looked at yet.
    pub anomalies: Vec<Anomaly>,
    /// False where a limit or damage kept entries from being listed.
    pub complete: bool,
    source: Source,
}

/// One entry of a zip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZipEntry {
    /// Place in `ZipIndex::entries`.
    pub index: usize,
    /// The name as the central directory has it. Untrusted.
    pub raw_name: Vec<u8>,
    /// Compression method: 0 stored, 8 Deflate; others are not read.
    pub method: u16,
    /// General purpose flags of the central directory.
    pub flags: u16,
    /// CRC-32 that the central directory states.
    pub crc32: u32,
    /// Stored bytes that the central directory states, zip64 included.
    pub compressed_size: u64,
    /// Inflated bytes that the central directory states, zip64 included.
    pub size: u64,
    /// Absolute offset of the local header in the file.
    pub header_offset: u64,
    /// `st_mode` from the external attributes, type bits included, where the entry was made on Unix or macOS and has one.
    pub unix_mode: Option<u32>,
    data_offset: u64,
    readable: bool,
}

/// What a zip entry is, told from its name and mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZipEntryKind {
    /// A regular file.
    File,
    /// A directory: the name ends with `/`, or the mode says so.
    Directory,
    /// A symbolic link; the body is its target.
    Symlink,
    /// A device, FIFO or socket.
    Special,
}

/// Somebody who wants the bodies. For every entry in central-directory order: `begin`, its inflated bytes in pieces, `end`.
pub trait EntryVisitor {
    /// An entry begins.
    fn begin(&mut self, entry: &ZipEntry);
    /// The next piece of its inflated bytes.
    fn data(&mut self, bytes: &[u8]);
    /// What was handed out is not the whole, intact entry, and why; called before `end`.
    fn damaged(&mut self, _entry: &ZipEntry, _detail: &str) {}
    /// Bytes that it has to see before it can say whether it wants the rest of the entry that has begun. Small where it tells files apart by
    /// their beginning: then no more than that is inflated first.
    fn first_bytes(&self) -> usize {
        usize::MAX
    }
    /// True where no more of the current entry is of use. Where nobody wants more, its rest is neither inflated nor checked.
    fn is_enough(&self) -> bool {
        false
    }
    /// It ends. Whether the pieces were the whole, intact entry only the [`StreamReport`] tells.
    fn end(&mut self, entry: &ZipEntry);
}

/// How a walk over the bodies went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamReport {
    /// What was found while reading: bad checksums, bodies that can't be inflated, limits.
    pub anomalies: Vec<Anomaly>,
    /// True only where every entry was read whole and matched its CRC and size. Otherwise nothing that a visitor derived from the
    /// bytes may be trusted.
    pub complete: bool,
    /// Inflated bytes that the visitors saw.
    pub bytes: u64,
}

impl ZipIndex {
    /// Reads the end record, zip64 records, the central directory and every local header and data descriptor. A damaged or hostile
    /// zip is `Ok` with anomalies.
    ///
    /// # Errors
    /// [`UnpackError::NotAZip`] where the file has no end record; I/O errors.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self, UnpackError> {
        Ok(Self::of(Source::open(path)?, false, limits)?.0)
    }

    /// As [`Self::open`], with the SHA-256 of an archive of less than `below` bytes. Where its local headers stand close together, they are
    /// checked while it is hashed.
    ///
    /// # Errors
    /// Those of [`Self::open`] and [`Self::digest`].
    pub fn open_hashed(path: &Path, below: u64, limits: &Limits) -> Result<(Self, Option<Digest>), UnpackError> {
        let source = Source::open(path)?;
        let hash = source.len() < below;
        let (index, digest) = Self::of(source, hash, limits)?;
        let digest = match digest {
            None if hash => Some(index.source.digest()?),
            digest => digest,
        };
        Ok((index, digest))
    }

    /// As [`Self::open`], of an archive that is at hand whole: one within another. `name` is what errors call it.
    ///
    /// # Errors
    /// [`UnpackError::NotAZip`] where the bytes have no end record.
    pub fn in_memory(bytes: Arc<Vec<u8>>, name: &str, limits: &Limits) -> Result<Self, UnpackError> {
        Ok(Self::of(Source::memory(bytes, name), false, limits)?.0)
    }

    /// `hash`: the digest is wanted; it may be had on the way.
    fn of(source: Source, hash: bool, limits: &Limits) -> Result<(Self, Option<Digest>), UnpackError> {
        let deadline = Deadline::start(limits);
        let mut anomalies = Anomalies::default();
        let end = end::find(&source, &mut anomalies)?;
        let mut entries = Vec::new();
        let (mut complete, mut digest) = (false, None);
        if end.usable {
            let listed = central::read(&source, &end, limits, deadline, &mut entries, &mut anomalies)?;
            let checked = local::check(&source, &end, &mut entries, listed, hash, deadline, &mut anomalies)?;
            complete = listed && checked.complete;
            digest = checked.digest;
        }
        Ok((Self { entries, anomalies: anomalies.into_vec(), complete, source }, digest))
    }

    /// Streams every entry's inflated bytes once, in central-directory order, to all visitors, and checks CRC, sizes and limits. An
    /// entry that can't be read (encrypted, unknown method, overlapping another, without local header) is begun and ended without
    /// data, and the report is then not `complete`.
    ///
    /// # Errors
    /// I/O errors only.
    pub fn stream(&self, limits: &Limits, visitors: &mut [&mut dyn EntryVisitor]) -> Result<StreamReport, UnpackError> {
        inflate::stream(self, limits, &|_| true, visitors)
    }

    /// As [`Self::stream`], for some of the entries only: the others are neither inflated nor begun.
    pub(super) fn stream_some(
        &self,
        limits: &Limits,
        select: &dyn Fn(&ZipEntry) -> bool,
        visitors: &mut [&mut dyn EntryVisitor],
    ) -> Result<StreamReport, UnpackError> {
        inflate::stream(self, limits, select, visitors)
    }

    /// One entry, whole, at most `max` bytes, checked against its CRC and size.
    ///
    /// # Errors
    /// [`UnpackError::Entry`] where it is longer, damaged or of a kind that can't be read; I/O errors.
    pub fn read(&self, entry: &ZipEntry, max: u64) -> Result<Vec<u8>, UnpackError> {
        inflate::read(self, entry, max)
    }

    /// SHA-256 and size of the archive itself, through the handle that its entries are read through.
    ///
    /// # Errors
    /// [`UnpackError::Changed`] where the file is no longer what it was when it was opened; I/O errors.
    pub fn digest(&self) -> Result<(Digest, u64), UnpackError> {
        Ok((self.source.digest()?, self.source.len()))
    }

    /// Bytes of the archive.
    pub fn size(&self) -> u64 {
        self.source.len()
    }

    /// An error where the file is no longer what it was when it was opened: what was read of it may then be of two archives.
    ///
    /// # Errors
    /// [`UnpackError::Changed`]; I/O errors.
    pub fn unchanged(&self) -> Result<(), UnpackError> {
        self.source.unchanged()
    }

    /// The archive's file.
    pub fn path(&self) -> &Path {
        self.source.path()
    }
}

impl ZipEntry {
    /// The name, where it is UTF-8.
    pub fn name(&self) -> Option<&str> {
        std::str::from_utf8(&self.raw_name).ok()
    }

    /// The name as text, bytes that are not UTF-8 written `\xNN`. Print through `printable`.
    pub fn path_lossless(&self) -> String {
        lossless(&self.raw_name).into_owned()
    }

    /// What it is. The mode's type bits decide where there are any, then the name; where the two contradict each other, tree building
    /// says so in an anomaly.
    pub fn kind(&self) -> ZipEntryKind {
        match self.unix_mode.map_or(0, |m| m & 0o170_000) {
            0o040_000 => ZipEntryKind::Directory,
            0o120_000 => ZipEntryKind::Symlink,
            0 | 0o100_000 if self.is_dir() => ZipEntryKind::Directory,
            0 | 0o100_000 => ZipEntryKind::File,
            _ => ZipEntryKind::Special,
        }
    }

    /// True where the name says directory: it ends with `/`.
    pub fn is_dir(&self) -> bool {
        self.raw_name.ends_with(b"/")
    }

    /// False where the body can't be read: encrypted, an unknown method, overlapping another entry, no local header.
    pub fn is_readable(&self) -> bool {
        self.readable
    }
}

//! One layer in one pass: hash the stored bytes, inflate, hash the tar, list its members.

use std::io::{self, BufReader, Cursor, Read};
use std::sync::atomic::AtomicU64;

use flate2::bufread::MultiGzDecoder;

use super::super::WantDigests;
use super::super::anomaly::{Anomalies, AnomalyKind};
use super::super::error::UnpackError;
use super::super::limits::{Deadline, Limits};
use super::super::name::{self, Origin};
use super::super::reader::{FileReader, Gathering};
use super::super::structure::{self, Node, Rules};
use super::super::tar::{self, Member, MemberKind, MemberVisitor};
use super::super::tree::{EntryKind, FileEntry};
use super::manifest::Compression;
use super::tap::{Cap, Counted, Stopped, Tap};
use crate::model::digest::{Digest, Hasher};
use crate::model::printable::lossless;

const BUFFER: usize = 256 << 10;

/// What one layer holds.
pub(super) struct Layer {
    /// Digest and number of its stored bytes, where all were read.
    pub(super) stored: Option<(Digest, u64)>,
    /// Digest of its tar, where all of it was read.
    pub(super) diff_id: Option<Digest>,
    /// Inflated bytes.
    pub(super) bytes: u64,
    /// Its entries in archive order, whiteouts among them.
    pub(super) entries: Vec<FileEntry>,
    /// False where damage or a limit stopped the walk.
    pub(super) complete: bool,
}

/// What has been used of the limits that all layers share. Layers are read side by side.
pub(super) struct Budget {
    pub(super) entries: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) deadline: Deadline,
}

/// The stored bytes of a layer.
pub(super) struct Stored {
    pub(super) blob: Box<dyn Read>,
    /// Bytes that lie there.
    pub(super) length: u64,
    /// Index in the manifest.
    pub(super) place: u32,
    /// What the media type says.
    pub(super) compression: Option<Compression>,
}

/// Reads a layer.
///
/// # Errors
/// Only where the blob itself can't be read.
pub(super) fn read(
    stored: Stored,
    budget: &Budget,
    limits: &Limits,
    want: &WantDigests,
    reader: Option<&dyn FileReader>,
    anomalies: &mut Anomalies,
) -> io::Result<Layer> {
    let Stored { blob, length: stored_size, place, compression } = stored;
    let mut stored = Tap::new(blob, Vec::new(), budget.deadline);
    let mut collect = Collect {
        place,
        members: 0,
        limits,
        want,
        reader,
        gathering: Gathering::default(),
        entries: Vec::new(),
        raw: Vec::new(),
        hasher: None,
        anomalies: Anomalies::default(),
        complete: true,
    };
    let mut magic = Vec::new();
    let mut result = (&mut stored).take(4).read_to_end(&mut magic).map(|_| true);
    let actual = match magic.as_slice() {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        // A zstd frame, or a skippable one, of which there are sixteen.
        [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Compression::Zstd,
        _ => Compression::Plain,
    };
    if let Some(stated) = compression.filter(|stated| *stated != actual) {
        anomalies.push(AnomalyKind::HeaderMismatch, "", format!("layer {place}: the media type says {stated:?}, the bytes are {actual:?}"));
    }
    let caps = vec![
        Cap {
            counted: Counted::Shared(&budget.bytes),
            bytes: limits.total_bytes,
            detail: format!("total_bytes: layer {place} brings the image over {} bytes", limits.total_bytes),
        },
        Cap {
            counted: Counted::Here,
            bytes: stored_size.saturating_mul(limits.ratio).max(limits.ratio_above),
            detail: format!("ratio: layer {place} inflates to more than {} times its {stored_size} bytes", limits.ratio),
        },
    ];
    let mut diff = None;
    let mut limit = None;
    let mut bytes = 0;
    if result.is_ok() {
        let input = BufReader::with_capacity(BUFFER, Cursor::new(magic).chain(&mut stored));
        let decoder: Box<dyn Read + '_> = match actual {
            Compression::Plain => Box::new(input),
            Compression::Gzip => Box::new(MultiGzDecoder::new(input)),
            Compression::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
                decoder.window_log_max(limits.zstd_window_log)?;
                Box::new(decoder)
            }
        };
        let mut tar = Tap::new(decoder, caps, budget.deadline);
        result = tar::walk(&mut tar, &budget.entries, limits, budget.deadline, anomalies, &mut collect);
        if matches!(result, Ok(true)) {
            // The walk read to the end, unless the archive has no members and no end block.
            result = tar.drain().map(|()| true);
        }
        bytes = tar.passed();
        if let Some(Stopped::Limit(detail)) = tar.stopped() {
            limit = Some(detail);
        }
        if matches!(result, Ok(true)) {
            diff = Some(tar.finish().0);
        }
    }
    // The decoder may end before the blob does.
    let drained = if limit.is_none() { stored.drain() } else { Ok(()) };
    match stored.stopped() {
        Some(Stopped::Failed(e)) => return Err(e),
        Some(Stopped::Limit(detail)) => limit = Some(detail),
        None => {}
    }
    if let Err(e) = &result
        && limit.is_none()
    {
        anomalies.push(AnomalyKind::Malformed, "", format!("layer {place}: {e}"));
    }
    let unread = limit.is_some();
    if let Some(detail) = limit {
        anomalies.push(AnomalyKind::LimitExceeded, "", detail);
    }
    let Collect { entries, raw, anomalies: names, mut complete, .. } = collect;
    anomalies.extend(names.into_vec());
    let nodes: Vec<Node<'_>> =
        entries.iter().zip(&raw).zip(0..).map(|((e, raw), place)| Node { raw, path: &e.path, kind: &e.kind, place }).collect();
    let rules = Rules { look_alikes: false, link_targets: false, repeated_directories: true };
    complete &= structure::check(&nodes, rules, budget.deadline, anomalies);
    complete &= matches!(result, Ok(true)) && !unread;
    let stored = (drained.is_ok() && !unread).then(|| stored.finish());
    Ok(Layer { stored, diff_id: diff, bytes, entries, complete })
}

/// Reads a small blob whole: `Err` names the limit.
pub(super) fn read_small(blob: Box<dyn Read>, length: u64, limits: &Limits) -> io::Result<Result<(Vec<u8>, Digest), String>> {
    read_at_most(blob, length, limits.manifest_bytes, "manifest_bytes")
}

/// A blob of at most `max` bytes, a limit called `name`, and its digest; `Err` says why not.
pub(super) fn read_at_most(
    blob: Box<dyn Read>,
    length: u64,
    max: u64,
    name: &'static str,
) -> io::Result<Result<(Vec<u8>, Digest), String>> {
    if length > max {
        return Ok(Err(format!("{name}: {length} bytes, at most {max} are read")));
    }
    let mut bytes = Vec::new();
    blob.take(max).read_to_end(&mut bytes)?;
    let digest = Digest::of(&bytes);
    Ok(Ok((bytes, digest)))
}

struct Collect<'a> {
    place: u32,
    members: u32,
    limits: &'a Limits,
    want: &'a WantDigests,
    reader: Option<&'a dyn FileReader>,
    gathering: Gathering,
    entries: Vec<FileEntry>,
    raw: Vec<Vec<u8>>,
    hasher: Option<Hasher>,
    anomalies: Anomalies,
    complete: bool,
}

impl MemberVisitor for Collect<'_> {
    fn begin(&mut self, member: &Member) {
        let path = || name::normalise(&member.name, Origin::Rooted, self.limits, &mut Anomalies::default());
        let wanted = member.kind == MemberKind::File && *self.want != WantDigests::None && path().is_some_and(|p| self.want.wants(&p));
        self.hasher = wanted.then(Hasher::new);
        if let Some(reader) = self.reader {
            let file = path().filter(|_| member.kind == MemberKind::File).map(|path| self.entry(member, path));
            self.gathering.begin(file.and_then(|file| reader.wants(&file)), member.size);
        }
    }

    fn data(&mut self, bytes: &[u8]) {
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        self.gathering.data(bytes);
    }

    fn end(&mut self, member: Member) {
        let digest = self.hasher.take().map(Hasher::finish);
        let Some(path) = name::normalise(&member.name, Origin::Rooted, self.limits, &mut self.anomalies) else {
            self.complete = false;
            return;
        };
        if path.is_empty() && member.kind == MemberKind::Directory {
            return;
        }
        let text = |target: &[u8]| lossless(target).into_owned();
        let kind = match &member.kind {
            MemberKind::File => EntryKind::File,
            MemberKind::Directory => EntryKind::Directory,
            MemberKind::Symlink(target) => EntryKind::Symlink { target: text(target) },
            MemberKind::Hardlink(target) => EntryKind::Hardlink { target: text(target) },
            MemberKind::Special => EntryKind::Special,
        };
        structure::check_mode(&path, &kind, Some(member.mode), &mut self.anomalies);
        let entry = FileEntry { kind, digest, ..self.entry(&member, path) };
        if let Some(reader) = self.reader {
            self.gathering.end(&entry, None, reader);
        }
        self.members = self.members.saturating_add(1);
        self.entries.push(entry);
        self.raw.push(member.name);
    }
}

impl Collect<'_> {
    /// The entry of a regular file.
    fn entry(&self, member: &Member, path: String) -> FileEntry {
        FileEntry {
            path,
            kind: EntryKind::File,
            mode: Some(member.mode),
            size: member.size,
            origin: self.place,
            member: self.members,
            digest: None,
        }
    }
}

/// An I/O error of the layout at `path`.
pub(super) fn io_error(path: &std::path::Path, source: io::Error) -> UnpackError {
    UnpackError::Io { path: path.into(), source }
}

//! A zip to [`Contents`], in one pass over its bodies that others can ride along.

use std::collections::{BTreeMap, BTreeSet};

use super::anomaly::{Anomalies, AnomalyKind};
use super::error::UnpackError;
use super::limits::{Deadline, Limits};
use super::name::{self, Origin};
use super::reader::{Asked, FileReader, Gathering, Unread};
use super::structure::{self, Node, Rules};
use super::tree::{EntryKind, FileEntry, FileTree};
use super::zip::{EntryVisitor, ZipEntry, ZipEntryKind, ZipIndex};
use super::{Contents, Format, WantDigests};
use crate::model::digest::{Digest, Hasher};
use crate::model::printable::lossless;

/// Builds the tree and finds every anomaly in one pass over the bodies; `extra` visitors ride along.
///
/// # Errors
/// I/O errors only.
pub fn analyse_zip(
    index: &ZipIndex,
    limits: &Limits,
    want: &WantDigests,
    extra: &mut [&mut dyn EntryVisitor],
) -> Result<Contents, UnpackError> {
    tree(index, limits, want, &|_| true, extra)
}

/// Builds the tree from the list of entries alone: no body is read but the targets of links. `complete` says that the list is; that the
/// bodies are intact only [`analyse_zip`] can say.
///
/// # Errors
/// I/O errors only.
pub fn list_zip(index: &ZipIndex, limits: &Limits) -> Result<Contents, UnpackError> {
    let listed = tree(index, limits, &WantDigests::None, &|entry| entry.kind() == ZipEntryKind::Symlink, &mut [])?;
    let unpacked_bytes = index.entries.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.size));
    Ok(Contents { unpacked_bytes, ..listed })
}

/// Reads the files that `reader` wants, in the order of the archive. `contents` is the archive's own, of [`list_zip`] or [`analyse_zip`].
///
/// # Errors
/// I/O errors only.
pub fn read_zip(index: &ZipIndex, contents: &Contents, limits: &Limits, reader: &dyn FileReader) -> Result<(), UnpackError> {
    let mut wanted: BTreeMap<usize, (&FileEntry, Asked)> = BTreeMap::new();
    for file in contents.tree.entries.iter().filter(|entry| entry.kind == EntryKind::File) {
        if let (Some(asked), Ok(place)) = (reader.wants(file), usize::try_from(file.origin)) {
            wanted.insert(place, (file, asked));
        }
    }
    let mut files = Files { wanted: &wanted, reader, gathering: Gathering::default(), flaw: None, begun: BTreeSet::new() };
    let report = index.stream_some(limits, &|entry| wanted.contains_key(&entry.index), &mut [&mut files])?;
    let begun = files.begun;
    let why = report.anomalies.last().map_or_else(String::new, |anomaly| anomaly.detail.clone());
    for (_, (file, _)) in wanted.iter().filter(|(place, _)| !begun.contains(place)) {
        reader.read(file, Err(Unread::Damaged(format!("not reached: {why}"))));
    }
    Ok(())
}

/// Hands the files that are wanted to the reader.
struct Files<'a> {
    wanted: &'a BTreeMap<usize, (&'a FileEntry, Asked)>,
    reader: &'a dyn FileReader,
    gathering: Gathering,
    flaw: Option<String>,
    begun: BTreeSet<usize>,
}

impl EntryVisitor for Files<'_> {
    fn begin(&mut self, entry: &ZipEntry) {
        self.begun.insert(entry.index);
        self.flaw = None;
        self.gathering.begin(self.wanted.get(&entry.index).map(|(_, asked)| asked.clone()), entry.size);
    }

    fn data(&mut self, bytes: &[u8]) {
        self.gathering.data(bytes);
    }

    fn damaged(&mut self, _: &ZipEntry, detail: &str) {
        self.flaw = Some(detail.to_owned());
    }

    fn first_bytes(&self) -> usize {
        self.gathering.first_bytes()
    }

    fn is_enough(&self) -> bool {
        self.gathering.is_enough()
    }

    fn end(&mut self, entry: &ZipEntry) {
        if let Some((file, _)) = self.wanted.get(&entry.index) {
            self.gathering.end(file, self.flaw.as_deref(), self.reader);
        }
    }
}

/// See [`analyse_zip`]; only the bodies that are selected are read.
fn tree(
    index: &ZipIndex,
    limits: &Limits,
    want: &WantDigests,
    select: &dyn Fn(&ZipEntry) -> bool,
    extra: &mut [&mut dyn EntryVisitor],
) -> Result<Contents, UnpackError> {
    let deadline = Deadline::start(limits);
    let mut anomalies = Anomalies::default();
    anomalies.extend(index.anomalies.iter().cloned());
    let paths: Vec<Option<String>> =
        index.entries.iter().map(|e| name::normalise(&e.raw_name, Origin::Relative, limits, &mut anomalies)).collect();

    let mut bodies = Bodies::new(&paths, want, limits.name_bytes);
    let mut visitors: Vec<&mut dyn EntryVisitor> = vec![&mut bodies];
    for visitor in extra.iter_mut() {
        visitors.push(&mut **visitor);
    }
    let report = index.stream_some(limits, select, &mut visitors)?;
    let Bodies { mut results, .. } = bodies;
    anomalies.extend(report.anomalies);

    let mut complete = report.complete;
    let mut entries = Vec::with_capacity(index.entries.len());
    for (entry, path) in index.entries.iter().zip(paths) {
        let Some(path) = path else {
            complete = false;
            continue;
        };
        let body = results.get_mut(entry.index).map(std::mem::take).unwrap_or_default();
        complete &= entry.kind() != ZipEntryKind::Symlink || entry.size <= limits.name_bytes as u64;
        let kind = kind(entry, body.target, limits, &mut anomalies);
        let mode = entry.unix_mode;
        structure::check_mode(&path, &kind, mode, &mut anomalies);
        entries.push(FileEntry {
            path,
            kind,
            mode: mode.map(|m| m & 0o7777),
            size: entry.size,
            origin: u32::try_from(entry.index).unwrap_or(u32::MAX),
            member: 0,
            digest: body.digest,
        });
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path).then(a.origin.cmp(&b.origin)));
    let nodes: Vec<Node<'_>> = entries
        .iter()
        .filter_map(|e| {
            let raw = &index.entries.get(usize::try_from(e.origin).ok()?)?.raw_name;
            Some(Node { raw, path: &e.path, kind: &e.kind, place: e.origin })
        })
        .collect();
    let rules = Rules { look_alikes: true, link_targets: true, repeated_directories: false };
    complete &= structure::check(&nodes, rules, deadline, &mut anomalies);
    Ok(Contents {
        format: Format::Zip,
        entries: index.entries.len() as u64,
        unpacked_bytes: report.bytes,
        complete,
        tree: FileTree { entries },
        anomalies: anomalies.into_vec(),
    })
}

/// The digests of the regular files at these paths; a path that two entries have, or that can't be read whole, has none.
pub(super) fn digests(index: &ZipIndex, wanted: &BTreeSet<String>, limits: &Limits) -> Result<BTreeMap<String, Digest>, UnpackError> {
    let paths: Vec<Option<String>> =
        index.entries.iter().map(|e| name::normalise(&e.raw_name, Origin::Relative, limits, &mut Anomalies::default())).collect();
    let want = WantDigests::Paths(wanted.clone());
    let select = |entry: &ZipEntry| paths.get(entry.index).and_then(Option::as_deref).is_some_and(|path| want.wants(path));
    let mut bodies = Bodies::new(&paths, &want, limits.name_bytes);
    index.stream_some(limits, &select, &mut [&mut bodies])?;
    let mut found: BTreeMap<&str, Vec<Option<Digest>>> = BTreeMap::new();
    for (entry, body) in index.entries.iter().zip(&bodies.results).filter(|(entry, _)| select(entry)) {
        if let Some(Some(path)) = paths.get(entry.index) {
            found.entry(path).or_default().push(body.digest);
        }
    }
    let once = found.into_iter().filter_map(|(path, digests)| match digests.as_slice() {
        [Some(digest)] => Some((path.to_owned(), *digest)),
        _ => None,
    });
    Ok(once.collect())
}

/// The kind with its link target; contradictions between name, mode and body are anomalies.
fn kind(entry: &ZipEntry, target: Option<Vec<u8>>, limits: &Limits, anomalies: &mut Anomalies) -> EntryKind {
    let mut contradiction = |detail: String| anomalies.push(AnomalyKind::Malformed, entry.path_lossless(), detail);
    let mode = entry.unix_mode.unwrap_or_default();
    let typed = mode & 0o170_000 != 0;
    let kind = entry.kind();
    if typed && entry.is_dir() != (mode & 0o170_000 == 0o040_000) {
        contradiction(format!("the name says {}, the mode {mode:o}", if entry.is_dir() { "directory" } else { "file" }));
    }
    match kind {
        ZipEntryKind::Directory if entry.size > 0 => {
            contradiction(format!("a directory with a body of {} bytes", entry.size));
            EntryKind::Directory
        }
        ZipEntryKind::Directory => EntryKind::Directory,
        ZipEntryKind::File => EntryKind::File,
        ZipEntryKind::Special => EntryKind::Special,
        ZipEntryKind::Symlink => {
            if entry.size > limits.name_bytes as u64 {
                let detail = format!("name_bytes: a link target of {} bytes, at most {} are taken", entry.size, limits.name_bytes);
                anomalies.push(AnomalyKind::LimitExceeded, entry.path_lossless(), detail);
            } else if target.as_ref().is_some_and(|t| t.is_empty() || t.contains(&0)) {
                contradiction("a symbolic link whose target is empty or holds a NUL".into());
            }
            EntryKind::Symlink { target: lossless(&target.unwrap_or_default()).into_owned() }
        }
    }
}

#[derive(Default)]
struct Body {
    digest: Option<Digest>,
    target: Option<Vec<u8>>,
}

/// Hashes the files that are wanted, and keeps the targets of links.
struct Bodies<'a> {
    paths: &'a [Option<String>],
    want: &'a WantDigests,
    target_bytes: usize,
    results: Vec<Body>,
    hasher: Option<Hasher>,
    target: Option<Vec<u8>>,
}

impl<'a> Bodies<'a> {
    fn new(paths: &'a [Option<String>], want: &'a WantDigests, target_bytes: usize) -> Self {
        let results = paths.iter().map(|_| Body::default()).collect();
        Self { paths, want, target_bytes, results, hasher: None, target: None }
    }
}

impl EntryVisitor for Bodies<'_> {
    fn begin(&mut self, entry: &ZipEntry) {
        let path = self.paths.get(entry.index).and_then(Option::as_deref);
        let kind = entry.kind();
        let wanted = kind == ZipEntryKind::File && entry.is_readable() && path.is_some_and(|p| self.want.wants(p));
        self.hasher = wanted.then(Hasher::new);
        self.target = (kind == ZipEntryKind::Symlink && entry.size <= self.target_bytes as u64).then(Vec::new);
    }

    fn data(&mut self, bytes: &[u8]) {
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        if let Some(target) = &mut self.target {
            target.extend_from_slice(bytes);
        }
    }

    fn damaged(&mut self, _: &ZipEntry, _: &str) {
        self.hasher = None;
    }

    fn end(&mut self, entry: &ZipEntry) {
        if let Some(result) = self.results.get_mut(entry.index) {
            *result = Body { digest: self.hasher.take().map(Hasher::finish), target: self.target.take() };
        }
    }
}

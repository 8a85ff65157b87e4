//! From an artifact to its [`Catalog`]: the walk asks, reads what is wanted, and has it parsed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::assemble::{self, Covered, Parts};
use super::file::{File, FileFacts, View};
use super::{Catalog, CatalogGap, Cataloger, Facts, Flaw, OsRelease, Seen, Want};
use crate::model::digest::ClaimedDigest;
use crate::unpack::image::{ImageInfo, Layout, read_image};
use crate::unpack::{
    AnomalyKind, Asked, Contents, EntryKind, FileEntry, FileReader, Limits, UnpackError, Unread, WantDigests, ZipIndex, analyse_directory,
    analyse_zip, list_zip, read_directory, read_zip,
};

/// The artifact.
#[derive(Clone, Copy)]
pub enum Input<'a> {
    /// A zip: only what is wanted is inflated.
    Zip(&'a ZipIndex),
    /// A folder of this machine.
    Directory(&'a Path),
    /// An image: one streaming pass for each layer, layers side by side; every blob is held against its digest.
    Image {
        /// Where its blobs are.
        layout: &'a Layout,
        /// The manifest or index.
        digest: &'a ClaimedDigest,
        /// `x86_64` or `arm64`, for an index.
        architecture: &'a str,
    },
}

/// What is looked for.
#[derive(Clone)]
pub struct Options {
    /// The catalogers that look.
    pub catalogers: Vec<&'static dyn Cataloger>,
    /// Hash every regular file as well: `FileEntry::digest` is then there.
    pub file_digests: bool,
    /// Words ([`Facts::words`]) that are kept of all files together.
    pub most_words: usize,
}

/// Words of all files of one artifact. The largest images that are known, with every package's list of files, have some million.
const MAX_WORDS: usize = 3_000_000;

impl Default for Options {
    /// Every cataloger, and no digests of files.
    fn default() -> Self {
        Self { catalogers: super::ALL.to_vec(), file_digests: false, most_words: MAX_WORDS }
    }
}

/// A catalog, with what was learned on the way to it.
pub struct Cataloged {
    /// The packages.
    pub catalog: Arc<Catalog>,
    /// The files, and what is wrong with the archive.
    pub contents: Contents,
    /// For images: what the manifest says. `None` where it could not be read.
    pub image: Option<ImageInfo>,
    /// The entries whose bytes were handed to catalogers, by `FileEntry::origin` and `FileEntry::member`.
    pub read: BTreeSet<(u32, u32)>,
}

/// Lists the packages of an artifact. What can't be understood is a gap in the catalog.
///
/// # Errors
/// I/O errors only.
pub fn catalog(input: Input<'_>, options: &Options, limits: &Limits) -> Result<Cataloged, UnpackError> {
    let want = if options.file_digests { WantDigests::All } else { WantDigests::None };
    let (about_programs, others): (Vec<_>, Vec<_>) = options.catalogers.iter().copied().partition(|c| c.is_about_programs());
    match input {
        Input::Image { layout, digest, architecture } => {
            let collector = Collector::new(&options.catalogers, None, options.most_words);
            let image = read_image(layout, digest, architecture, limits, &want, &collector)?;
            let mut cataloged =
                Cataloged { catalog: Arc::default(), contents: image.contents, image: image.info, read: collector.handed_over() };
            let mut read = collector.finish();
            read.keep(&cataloged.contents);
            read.gaps.extend(unread_links(&cataloged.contents, &options.catalogers));
            let view = View::new(cataloged.contents.tree.entries.iter(), None);
            let parts = read.parts(&options.catalogers, &view);
            cataloged.catalog = Arc::new(assemble::finish(parts, &cataloged.contents, &view));
            Ok(cataloged)
        }
        // The programs come last: which of them no package covers, and must be hashed, is known by then.
        Input::Zip(_) | Input::Directory(_) => {
            let contents = match input {
                Input::Zip(index) if options.file_digests => analyse_zip(index, limits, &want, &mut [])?,
                Input::Zip(index) => list_zip(index, limits)?,
                Input::Directory(path) => analyse_directory(path, limits, &want)?,
                Input::Image { .. } => return Err(UnpackError::NotAFile { path: "image".into() }),
            };
            let view = View::new(contents.tree.entries.iter(), None);
            let walk = |collector: &Collector<'_>| match input {
                Input::Zip(index) => read_zip(index, &contents, limits, collector),
                Input::Directory(path) => {
                    read_directory(path, &contents, limits, collector);
                    Ok(())
                }
                Input::Image { .. } => Ok(()),
            };
            let first = Collector::new(&others, None, options.most_words);
            walk(&first)?;
            let mut handed_over = first.handed_over();
            let left = first.words_left.load(Ordering::Relaxed);
            let mut parts = first.finish().parts(&others, &view);
            let covered = Covered::by_any(&parts.assembled, &view);
            let second = Collector::new(&about_programs, Some(&covered), left);
            walk(&second)?;
            handed_over.extend(second.handed_over());
            let programs = second.finish().parts(&about_programs, &view);
            parts.extend(programs);
            let catalog = Arc::new(assemble::finish(parts, &contents, &view));
            drop(view);
            Ok(Cataloged { catalog, contents, image: None, read: handed_over })
        }
    }
}

/// Which entry: layer or zip entry, and member of the layer.
type Key = (u32, u32);

/// Reads, and has parsed.
struct Collector<'a> {
    catalogers: &'a [&'static dyn Cataloger],
    /// Files that packages cover, where that is known already.
    covered: Option<&'a Covered<'a, 'a>>,
    read: Mutex<Vec<Reading>>,
    handed_over: Mutex<BTreeSet<Key>>,
    /// Words that may still be kept.
    words_left: AtomicUsize,
}

/// What one cataloger made of one file.
struct Reading {
    key: Key,
    path: String,
    cataloger: &'static str,
    facts: Result<Facts, Flaw>,
}

impl<'a> Collector<'a> {
    fn new(catalogers: &'a [&'static dyn Cataloger], covered: Option<&'a Covered<'a, 'a>>, words_left: usize) -> Self {
        Self { catalogers, covered, read: Mutex::default(), handed_over: Mutex::default(), words_left: AtomicUsize::new(words_left) }
    }

    fn facts<'f>(&self, file: &'f FileEntry) -> FileFacts<'f> {
        let covered = self.covered.map(|covered| covered.contains(file.path.as_str()));
        FileFacts::new(&file.path, file.size, file.mode).with_cover(covered)
    }

    fn wanting(&self, facts: &FileFacts<'_>) -> impl Iterator<Item = (&'static dyn Cataloger, Want)> {
        self.catalogers.iter().filter_map(move |cataloger| Some((*cataloger, cataloger.wants(facts)?)))
    }

    fn handed_over(&self) -> BTreeSet<Key> {
        self.handed_over.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The facts, where there is room for them: each file is bounded, and so must all of them be.
    fn take_in(&self, facts: Facts) -> Result<Facts, Flaw> {
        let words = facts.words();
        match self.words_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(words)) {
            Ok(_) => Ok(facts),
            Err(left) => {
                let detail = format!("what it says takes {words} words, and of those of all files {left} are left");
                Err(Flaw::too_large("catalog::MAX_WORDS", detail))
            }
        }
    }

    fn finish(self) -> Read {
        let mut readings = self.read.into_inner().unwrap_or_else(PoisonError::into_inner);
        readings.sort_by(|a, b| (&a.path, a.key, a.cataloger).cmp(&(&b.path, b.key, b.cataloger)));
        Read { readings, gaps: Vec::new() }
    }
}

impl FileReader for Collector<'_> {
    fn wants(&self, file: &FileEntry) -> Option<Asked> {
        let facts = self.facts(file);
        let mut asked: Option<Asked> = None;
        for (_, want) in self.wanting(&facts) {
            asked = Some(match asked {
                None => Asked { most: want.most, limit: want.limit, magic: want.magic.to_vec() },
                Some(mut all) => {
                    if want.most > all.most {
                        (all.most, all.limit) = (want.most, want.limit);
                    }
                    if want.magic.is_empty() || all.magic.is_empty() {
                        all.magic.clear();
                    } else {
                        all.magic.extend(want.magic.iter().filter(|magic| !all.magic.contains(magic)).copied().collect::<Vec<_>>());
                    }
                    all
                }
            });
        }
        asked
    }

    fn read(&self, file: &FileEntry, bytes: Result<Vec<u8>, Unread>) -> Vec<u8> {
        let facts = self.facts(file);
        let key = (file.origin, file.member);
        let mut found = Vec::new();
        let mut add = |cataloger: &'static dyn Cataloger, facts: Result<Facts, Flaw>| {
            // Several catalogers look into each program, and most of them find nothing.
            if cataloger.is_about_programs() && facts.as_ref().is_ok_and(|facts| *facts == Facts::default()) {
                return;
            }
            let facts = facts.and_then(|facts| self.take_in(facts));
            found.push(Reading { key, path: file.path.clone(), cataloger: cataloger.name(), facts });
        };
        let left = match bytes {
            Ok(bytes) => {
                self.handed_over.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
                let bytes = Arc::new(bytes);
                let parsed = File::new(facts, &bytes);
                for (cataloger, want) in self.wanting(&facts) {
                    if !want.magic.is_empty() && !want.magic.iter().any(|magic| bytes.starts_with(magic)) {
                        continue;
                    }
                    if bytes.len() as u64 > want.most {
                        add(cataloger, Err(too_large(bytes.len() as u64, &want)));
                    } else {
                        add(cataloger, cataloger.parse(&parsed));
                    }
                }
                drop(parsed);
                Arc::try_unwrap(bytes).unwrap_or_default()
            }
            Err(unread) => {
                for (cataloger, want) in self.wanting(&facts) {
                    add(
                        cataloger,
                        Err(match &unread {
                            Unread::TooLarge(..) if file.size > want.most => too_large(file.size, &want),
                            Unread::TooLarge(limit, detail) => Flaw::too_large(*limit, detail),
                            Unread::Damaged(detail) => Flaw::malformed(detail),
                        }),
                    );
                }
                Vec::new()
            }
        };
        self.read.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
        left
    }
}

/// A file of more bytes than one cataloger wants, though another may want them.
fn too_large(size: u64, want: &Want) -> Flaw {
    Flaw::too_large(want.limit, format!("{size} bytes, at most {} are read", want.most))
}

/// Everything that was read.
struct Read {
    readings: Vec<Reading>,
    gaps: Vec<CatalogGap>,
}

impl Read {
    /// Drops what a later layer hid or removed.
    fn keep(&mut self, contents: &Contents) {
        let left: HashSet<Key> = contents.tree.entries.iter().map(|entry| (entry.origin, entry.member)).collect();
        self.readings.retain(|reading| left.contains(&reading.key));
    }

    /// Each cataloger's facts, put together.
    fn parts(self, catalogers: &[&'static dyn Cataloger], view: &View<'_>) -> Parts {
        let mut seen: HashMap<&'static str, Vec<Seen>> = HashMap::new();
        let mut gaps = self.gaps;
        for Reading { path, cataloger, facts, .. } in self.readings {
            let gap = |flaw: Flaw| CatalogGap { path: path.clone(), cataloger: cataloger.into(), reason: flaw.reason, detail: flaw.detail };
            match facts {
                Ok(mut facts) => {
                    gaps.extend(std::mem::take(&mut facts.flaws).into_iter().map(gap));
                    seen.entry(cataloger).or_default().push(Seen { path, facts });
                }
                Err(flaw) => gaps.push(gap(flaw)),
            }
        }
        let os: Option<OsRelease> = seen.values().flatten().filter_map(|seen| seen.facts.os.clone()).min_by_key(|os| os.path.clone());
        let view = view.with_os(os.as_ref());
        let mut assembled = BTreeMap::new();
        for cataloger in catalogers {
            if let Some(seen) = seen.remove(cataloger.name()) {
                assembled.insert(cataloger.name(), cataloger.assemble(seen, &view));
            }
        }
        Parts { assembled, gaps, os }
    }
}

/// Hard links of an image that a cataloger wants, to files that it does not want under their own names: their bytes were not read.
fn unread_links(contents: &Contents, catalogers: &[&'static dyn Cataloger]) -> Vec<CatalogGap> {
    let wants = |cataloger: &&'static dyn Cataloger, path: &str| {
        let facts = FileFacts::new(path, 0, None);
        cataloger.wants(&facts).is_some_and(|want| want.magic.is_empty())
    };
    let mut gaps = Vec::new();
    for entry in &contents.tree.entries {
        let EntryKind::Hardlink { target } = &entry.kind else { continue };
        let target = target.trim_start_matches("./").trim_start_matches('/');
        for cataloger in catalogers.iter().filter(|c| wants(c, &entry.path) && !wants(c, target)) {
            let detail = format!("a hard link to `{target}`, which was not read");
            let flaw = Flaw::malformed(detail);
            gaps.push(CatalogGap {
                path: entry.path.clone(),
                cataloger: cataloger.name().into(),
                reason: flaw.reason,
                detail: flaw.detail,
            });
        }
    }
    gaps
}

/// What the archive itself keeps from being known.
pub(super) fn archive_gaps(contents: &Contents) -> Vec<CatalogGap> {
    let is_about_files = |kind| {
        matches!(kind, AnomalyKind::DuplicateName | AnomalyKind::LimitExceeded | AnomalyKind::BadChecksum | AnomalyKind::DigestMismatch)
    };
    let mut gaps: Vec<CatalogGap> = contents
        .anomalies
        .iter()
        .filter(|anomaly| is_about_files(anomaly.kind) || !contents.complete)
        .map(|anomaly| {
            let flaw = Flaw::malformed(format!("{}: {}", anomaly.kind.id(), anomaly.detail));
            CatalogGap { path: anomaly.path.clone(), cataloger: "archive".into(), reason: flaw.reason, detail: flaw.detail }
        })
        .collect();
    if !contents.complete && gaps.is_empty() {
        let flaw = Flaw::malformed("not all of the archive could be read");
        gaps.push(CatalogGap { path: String::new(), cataloger: "archive".into(), reason: flaw.reason, detail: flaw.detail });
    }
    gaps
}

//! Images out of registries. The steps, in the order in which the code takes them:
//!
//! 1. The manifest or index, by digest. What names it is hashed by us, here and again whenever it is read.
//! 2. From an index, the one manifest for Linux and the wanted architecture; what an index lists beside it, attestations for instance, is
//!    left alone.
//! 3. Configuration and layers, several at once, each streamed into the store by the thread that receives it.
//! 4. What stands beside the image and may be a signature of it; where the image was named by tag and digest, and the tag is an index that
//!    lists the digest, what stands beside that index too.
//!
//! What is wrong with an image is for `unpack` to say: whatever is not understood here is handed on as it is, less the blobs that could
//! not be told from it. Only what could not be had is a gap.

mod beside;
mod document;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use self::document::{Described, Document};
use super::signatures::{self, WANTED};
use super::{FetchError, Fetched, Fetching, ImageBlobs, Wanted};
use crate::clients::Online;
use crate::clients::registry::{Asked, Lane, MANIFEST_BYTES, RegistryError, Repository, Which};
use crate::model::digest::ClaimedDigest;
use crate::model::gap::{Gap, GapReason};
use crate::model::image_ref::ImageRef;
use crate::model::inventory::Place;
use crate::model::observed::Observed;
use crate::store::{Integrity, PutError, StoredBlob};

/// Blobs of one image that are downloaded at once.
const BLOBS_AT_ONCE: usize = 4;

/// Layers of one image, as `unpack::Limits::image_layers`.
const IMAGE_LAYERS: usize = 256;

/// Bytes of all layers of one image, compressed. Lambda takes 10 GB, uncompressed.
const IMAGE_BYTES: u64 = 11 << 30;

const IMAGE: &str = "the bytes of the image";

/// Pulls the image that `image` names by digest.
pub(super) fn fetch(
    image: &ImageRef,
    architecture: &str,
    asked_in: Option<&Place>,
    wanted: &Wanted<'_>,
    fetching: Fetching<'_>,
) -> Result<Observed<Fetched>, FetchError> {
    let online = match fetching.clients.need(wanted.subject, IMAGE) {
        Ok(online) => online,
        Err(gap) => return Ok(Observed::Unknown(gap)),
    };
    let Some(digest) = image.digest else {
        return Ok(Observed::Unknown(Gap {
            subject: wanted.subject.into(),
            wanted: IMAGE.into(),
            reason: GapReason::Malformed,
            detail: format!("{image} names no digest"),
            next_step: "Name the image by digest.".into(),
        }));
    };
    let repository = Repository::new(online, image, asked_in);
    let pull = Pull {
        online,
        repository,
        subject: wanted.subject,
        fetching,
        other_bytes: Mutex::default(),
        has_downloaded: AtomicBool::new(false),
    };
    let pulled = pull.image(&digest, architecture).and_then(|()| {
        // What stands beside it is asked for in every run, and is no part of the image.
        let from_store = !pull.has_downloaded.load(Ordering::Relaxed);
        Ok((from_store, pull.beside(&digest, image.tag.as_deref())?))
    });
    match pulled {
        Ok((from_store, beside)) => Ok(Observed::Present(Fetched::Image {
            blobs: ImageBlobs::Stored {
                index: beside.index,
                signatures_unknown: beside.unknown,
                other_bytes: pull.other_bytes.into_inner().unwrap_or_else(PoisonError::into_inner),
            },
            digest: digest.to_string(),
            architecture: architecture.into(),
            from_store,
        })),
        Err(Stop::Unknown(gap)) => Ok(Observed::Unknown(gap)),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// What stands beside `digest` in a repository that may hold nothing else of it, and why there may be more.
///
/// # Errors
/// A store that fails.
pub(super) fn beside_in(
    repository: &ImageRef,
    asked_in: Option<&Place>,
    digest: &ClaimedDigest,
    subject: &str,
    fetching: Fetching<'_>,
) -> Result<signatures::Beside, FetchError> {
    let online = match fetching.clients.need(subject, WANTED) {
        Ok(online) => online,
        Err(gap) => return Ok(signatures::Beside::unknown(gap)),
    };
    let pull = Pull {
        online,
        repository: Repository::new(online, repository, asked_in),
        subject,
        fetching,
        other_bytes: Mutex::default(),
        has_downloaded: AtomicBool::new(false),
    };
    let beside = match pull.beside(digest, None) {
        Ok(beside) => beside,
        Err(Stop::Unknown(gap)) => return Ok(signatures::Beside::unknown(gap)),
        Err(Stop::Failed(error)) => return Err(error),
    };
    let place = repository.repository_uri();
    let other_bytes = pull.other_bytes.into_inner().unwrap_or_else(PoisonError::into_inner);
    let other_bytes = other_bytes.into_iter().map(|detail| Gap {
        subject: subject.into(),
        wanted: WANTED.into(),
        reason: GapReason::Malformed,
        detail: format!("{place}: {detail}"),
        next_step: "The registry gives other bytes than it was asked for: find out why.".into(),
    });
    let gaps = beside.unknown.into_iter().chain(other_bytes).collect();
    Ok(signatures::Beside { manifests: vec![signatures::Manifests { place, index: beside.index }], gaps, ..Default::default() })
}

/// The digest that the tag of `image` has now. Everything after this is asked for by that digest, so that a tag that moves meanwhile
/// changes nothing.
///
/// `asked_in` lends its ECR login.
pub fn resolve(image: &ImageRef, asked_in: Option<&Place>, online: &Online) -> Observed<ClaimedDigest> {
    let tag = image.tag.as_deref().unwrap_or("latest");
    match online.block_on(Repository::new(online, image, asked_in).manifest(Which::Tag(tag))) {
        Ok(manifest) => Observed::Present(manifest.digest.into()),
        Err(RegistryError::Absent { .. }) => Observed::Absent,
        Err(error) => Observed::Unknown(error.gap(&image.to_string(), "the digest that the tag names", image, Asked::Manifest)),
    }
}

/// One image on its way.
struct Pull<'a> {
    online: &'a Online,
    repository: Repository<'a>,
    subject: &'a str,
    fetching: Fetching<'a>,
    /// What came under a digest that is not its own.
    other_bytes: Mutex<Vec<String>>,
    /// Something came over the network.
    has_downloaded: AtomicBool,
}

/// Why there is no image.
enum Stop {
    Unknown(Gap),
    Failed(FetchError),
}

impl<E: Into<FetchError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Pull<'_> {
    fn image(&self, digest: &ClaimedDigest, architecture: &str) -> Result<(), Stop> {
        // 1.
        let mut document = self.document(digest)?;
        // 2.
        if let Some(Document::Index { manifests }) = &document {
            let Some(chosen) = document::for_platform(manifests, architecture) else { return Ok(()) };
            document = self.document(&chosen)?;
        }
        // 3. An index in the index is no image; `unpack` says so.
        let Some(Document::Manifest { config, layers }) = document else { return Ok(()) };
        let too_large = |limit: &str, detail: String| Err(Stop::Unknown(self.too_large(limit, detail)));
        if layers.len() > IMAGE_LAYERS {
            return too_large("image_layers", format!("{} layers, at most {IMAGE_LAYERS} are read", layers.len()));
        }
        if config.size > MANIFEST_BYTES {
            return too_large("manifest_bytes", format!("a configuration of {} bytes", config.size));
        }
        let total = layers.iter().map(|layer| layer.size).fold(0, u64::saturating_add);
        if total > IMAGE_BYTES {
            return too_large("image_bytes", format!("layers of {total} bytes, at most {IMAGE_BYTES} are read"));
        }
        let mut jobs: Vec<(u64, ClaimedDigest)> = layers.iter().chain([&config]).filter_map(Described::job).collect();
        jobs.sort();
        jobs.dedup_by_key(|(_, digest)| *digest);
        self.download(jobs)
    }

    /// The manifest or index with this digest, put into the store; `None` where there are other bytes under it.
    fn document(&self, digest: &ClaimedDigest) -> Result<Option<Document>, Stop> {
        Ok(match self.manifest(digest) {
            Ok(bytes) => Some(Document::parse(&bytes)),
            Err(Problem::Registry(RegistryError::OtherBytes { expected, presented })) => {
                self.note_other_bytes(format!("the registry's manifest: expected {expected}, presented {presented}"));
                None
            }
            Err(Problem::Registry(error)) => return Err(Stop::Unknown(self.gap(&error, IMAGE, Asked::Manifest))),
            Err(Problem::Failed(error)) => return Err(Stop::Failed(error)),
        })
    }

    /// The bytes of a manifest or index: the store's, or the registry's, which are then put into the store.
    fn manifest(&self, digest: &ClaimedDigest) -> Result<Vec<u8>, Problem> {
        let store = self.fetching.store;
        if !self.fetching.refetch
            && let Some(blob) = store.get(digest).map_err(FetchError::from)?
            && blob.size <= MANIFEST_BYTES
        {
            return std::fs::read(&blob.path).map_err(|source| Problem::Failed(FetchError::Unreadable { path: blob.path, source }));
        }
        let manifest = self.online.block_on(self.repository.manifest(Which::Digest(digest))).map_err(Problem::Registry)?;
        self.has_downloaded.store(true, Ordering::Relaxed);
        self.put_small(&manifest.bytes, digest)?;
        Ok(manifest.bytes)
    }

    fn put_small(&self, bytes: &[u8], digest: &ClaimedDigest) -> Result<(), FetchError> {
        match self.fetching.store.put(&mut &*bytes, Some(*digest), None, MANIFEST_BYTES) {
            Ok(_) | Err(PutError::Source { .. } | PutError::TooLarge { .. }) => Ok(()),
            Err(PutError::Store(error)) => Err(error.into()),
        }
    }

    /// Several threads, each with a connection of its own: the largest first.
    fn download(&self, jobs: Vec<(u64, ClaimedDigest)>) -> Result<(), Stop> {
        let threads = BLOBS_AT_ONCE.min(jobs.len());
        let jobs = Mutex::new(jobs);
        let stopped: Mutex<Option<Stop>> = Mutex::default();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    if let Err(stop) = self.work(&jobs, &stopped) {
                        stopped.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(stop);
                    }
                });
            }
        });
        stopped.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    fn work(&self, jobs: &Mutex<Vec<(u64, ClaimedDigest)>>, stopped: &Mutex<Option<Stop>>) -> Result<(), Stop> {
        let mut lane = None;
        while stopped.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            let Some((size, digest)) = jobs.lock().unwrap_or_else(PoisonError::into_inner).pop() else { break };
            match self.blob(&mut lane, digest, size) {
                Ok(()) => {}
                Err(Problem::Registry(error)) => return Err(Stop::Unknown(self.gap(&error, IMAGE, Asked::Blob))),
                Err(Problem::Failed(error)) => return Err(Stop::Failed(error)),
            }
        }
        Ok(())
    }

    /// Sees to it that the store holds the blob, or notes that the registry has other bytes under its digest.
    fn blob(&self, lane: &mut Option<Lane>, digest: ClaimedDigest, size: u64) -> Result<(), Problem> {
        let turn = self.online.turns().take(digest);
        if (!self.fetching.refetch || turn.is_done) && self.fetching.store.get(&digest).map_err(FetchError::from)?.is_some() {
            return Ok(());
        }
        let lane = match lane {
            Some(lane) => lane,
            none => none.insert(Lane::new(&self.repository).map_err(Problem::Registry)?),
        };
        let (mut stored, was_resumed) = self.stream(lane, digest, size)?;
        if was_resumed && stored.integrity != Integrity::Matches {
            // Pieces of two answers that do not fit may be nobody's fault but the network's.
            let again = self.stream(lane, digest, size)?;
            if again.1 && again.0.integrity != Integrity::Matches {
                // Never once whole: that the registry has other bytes is not known.
                let detail = format!("{digest}: it broke off each time, and its pieces do not fit together");
                return Err(Problem::Registry(RegistryError::Unreachable { detail }));
            }
            stored = again.0;
        }
        match stored.integrity {
            Integrity::Matches => turn.done(),
            Integrity::Mismatch { .. } | Integrity::NotClaimed | Integrity::NoBytes => self.note_other_bytes(format!(
                "the registry's blob: expected {digest} of {size} bytes, presented {} of {} bytes",
                stored.digest, stored.size
            )),
        }
        Ok(())
    }

    fn stream(&self, lane: &Lane, digest: ClaimedDigest, size: u64) -> Result<(StoredBlob, bool), Problem> {
        self.has_downloaded.store(true, Ordering::Relaxed);
        let mut reader = self.repository.blob(lane, digest, size);
        match self.fetching.store.put(&mut reader, Some(digest), Some(size), size) {
            Ok(stored) => Ok((stored, reader.was_resumed())),
            Err(PutError::Store(error)) => Err(Problem::Failed(error.into())),
            Err(PutError::Source { error, .. }) => {
                Err(Problem::Registry(reader.stopped.take().unwrap_or(RegistryError::Unreachable { detail: error.to_string() })))
            }
            Err(PutError::TooLarge { cap }) => Err(Problem::Registry(RegistryError::TooLarge {
                limit: "descriptor_size",
                detail: format!("{digest}: more than the {cap} bytes of its descriptor"),
            })),
        }
    }

    fn note_other_bytes(&self, what: String) {
        self.other_bytes.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    fn gap(&self, error: &RegistryError, wanted: &str, asked: Asked) -> Gap {
        error.gap(self.subject, wanted, self.repository.image(), asked)
    }

    fn too_large(&self, limit: &str, detail: String) -> Gap {
        Gap {
            subject: self.subject.into(),
            wanted: IMAGE.into(),
            reason: GapReason::TooLarge { limit: limit.into() },
            detail,
            next_step: "Lambda takes no image of this size; find out what it is.".into(),
        }
    }
}

/// Why a blob is not in the store.
enum Problem {
    Registry(RegistryError),
    Failed(FetchError),
}

impl From<FetchError> for Problem {
    fn from(error: FetchError) -> Self {
        Self::Failed(error)
    }
}

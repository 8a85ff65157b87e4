//! Where signatures are looked for that stand beside an artifact and not in the place that the artifact came from: files beside a file, and
//! the sources that the user names (`--signatures`, `--signature-repository`).
//!
//! Every source is asked by the digest of the bytes, in every run, for each digest once. What a source says is never cached. Where to look
//! is no decision of trust: whatever is found is judged, and a signature that is found in many places is one signature. A source that
//! could not be looked at is a [`Gap`], and never "nothing is there".

mod files;
mod source;

use std::path::{Path, PathBuf};
use std::sync::Arc;
#[cfg(feature = "aws")]
use std::sync::OnceLock;

#[cfg(feature = "aws")]
pub(super) use self::files::{CERTIFICATES, is_signature, named_after};
pub use self::files::{ENDINGS, MAX_FILE_BYTES, MAX_NAMES, sidecars};
pub use self::source::{SignatureSource, SourceError};
use super::{FetchError, Fetching, registry};
use crate::clients::Login;
use crate::model::digest::ClaimedDigest;
use crate::model::gap::{Gap, GapReason};
use crate::model::image_ref::ImageRef;
use crate::model::inventory::Place;
use files::Folder;

/// What completes "could not learn …".
pub(super) const WANTED: &str = "whether signatures stand in a place that was named for them";

/// A file that may be a signature of the artifact that it is named after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureFile {
    /// Its path or address. Untrusted: print through `printable`.
    pub location: String,
    /// What follows the artifact's name or digest in its name: one of [`ENDINGS`], or something that ends with `.sigstore.json`.
    pub ending: String,
    /// Its bytes, or why they cannot be read.
    pub content: Result<Arc<[u8]>, Gap>,
    /// The bytes of a certificate that lies beside a `.sig`.
    pub certificate: Option<Arc<[u8]>>,
}

impl SignatureFile {
    /// A certificate that is there and cannot be read leaves it open what the signature beside it is.
    pub(super) fn new(
        location: String,
        ending: &str,
        content: Result<Arc<[u8]>, Gap>,
        certificate: Option<Result<Arc<[u8]>, Gap>>,
    ) -> Self {
        let ending = ending.to_owned();
        match certificate {
            None => Self { location, ending, content, certificate: None },
            Some(Ok(certificate)) => Self { location, ending, content, certificate: Some(certificate) },
            Some(Err(gap)) => Self { location, ending, content: Err(gap), certificate: None },
        }
    }
}

/// Manifests of a registry that were put into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifests {
    /// The repository.
    pub place: String,
    /// What the `index.json` of a layout with all of this would be.
    pub index: Vec<u8>,
}

/// What was found beside one digest, as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    /// Files.
    pub files: Vec<SignatureFile>,
    /// Manifests.
    pub manifests: Vec<Manifests>,
    /// Places that could not be looked at, in whole or in part.
    pub gaps: Vec<Gap>,
}

impl Beside {
    /// Adds what another source said.
    pub fn extend(&mut self, other: Self) {
        self.files.extend(other.files);
        self.manifests.extend(other.manifests);
        self.gaps.extend(other.gaps);
    }

    pub(super) fn unknown(gap: Gap) -> Self {
        Self { gaps: vec![gap], ..Self::default() }
    }
}

/// The sources of a run. Folders are listed and files are read when it is made.
#[derive(Debug, Default)]
pub struct SignatureSources {
    opened: Vec<Opened>,
    /// Whose credentials ask Amazon S3 and ECR, where the run has opened no account.
    // Only S3 asks with it.
    #[cfg_attr(not(feature = "aws"), allow(dead_code))]
    login: Login,
    #[cfg(feature = "aws")]
    place: OnceLock<Result<Place, Gap>>,
}

#[derive(Debug)]
enum Opened {
    /// Judged whole: it says itself which digests it is about.
    File {
        path: PathBuf,
        content: Result<Arc<[u8]>, Gap>,
    },
    Folder(Folder),
    Bucket {
        bucket: String,
        prefix: String,
    },
    Repository(ImageRef),
}

impl SignatureSources {
    /// Reads the files and lists the folders. What cannot be read is a gap of every digest.
    pub fn open(sources: &[SignatureSource], login: Login) -> Self {
        let opened = sources
            .iter()
            .map(|source| match source {
                SignatureSource::File(path) => Opened::File { path: path.clone(), content: files::read_named(path) },
                SignatureSource::Folder(path) => Opened::Folder(Folder::list(path, true)),
                SignatureSource::Recorded(path) => Opened::Folder(Folder::list(path, false)),
                SignatureSource::Bucket { bucket, prefix } => Opened::Bucket { bucket: bucket.clone(), prefix: prefix.clone() },
                SignatureSource::Repository(image) => Opened::Repository(image.clone()),
            })
            .collect();
        Self { opened, login, ..Self::default() }
    }

    /// Files that were named for themselves, with their bytes: they may be about any artifact.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &Result<Arc<[u8]>, Gap>)> {
        self.opened.iter().filter_map(|opened| match opened {
            Opened::File { path, content } => Some((path.as_path(), content)),
            Opened::Folder(_) | Opened::Bucket { .. } | Opened::Repository(_) => None,
        })
    }

    /// The sources that are asked for each digest, in words.
    pub fn asked(&self) -> Vec<String> {
        self.asked_for_each().map(Opened::name).collect()
    }

    /// What each of these says of `digest`, in the order of [`asked`](Self::asked).
    ///
    /// # Errors
    /// A store that fails.
    pub fn look(&self, digest: &ClaimedDigest, subject: &str, fetching: Fetching<'_>) -> Result<Vec<Beside>, FetchError> {
        self.asked_for_each()
            .map(|opened| match opened {
                Opened::File { .. } => Ok(Beside::default()),
                Opened::Folder(folder) => Ok(folder.look(digest, subject)),
                Opened::Bucket { bucket, prefix } => Ok(self.bucket(bucket, prefix, digest, subject, fetching)),
                Opened::Repository(repository) => self.repository(repository, digest, subject, fetching),
            })
            .collect()
    }

    fn asked_for_each(&self) -> impl Iterator<Item = &Opened> {
        self.opened.iter().filter(|opened| !matches!(opened, Opened::File { .. }))
    }

    fn repository(
        &self,
        repository: &ImageRef,
        digest: &ClaimedDigest,
        subject: &str,
        fetching: Fetching<'_>,
    ) -> Result<Beside, FetchError> {
        let asked_in = match self.place_for(repository, subject, fetching) {
            Ok(place) => place,
            Err(gap) => return Ok(Beside::unknown(gap)),
        };
        registry::beside_in(repository, asked_in.as_ref(), digest, subject, fetching)
    }

    /// Whose ECR login asks; nobody's where the registry is none of ECR's.
    #[cfg(feature = "aws")]
    fn place_for(&self, repository: &ImageRef, subject: &str, fetching: Fetching<'_>) -> Result<Option<Place>, Gap> {
        let Some((account, region)) = repository.ecr() else { return Ok(None) };
        let online = fetching.clients.need(subject, WANTED)?;
        let distance = |place: &Place| (place.account != account, place.region != region);
        if let Some(place) = online.aws().places().into_iter().min_by_key(distance) {
            return Ok(Some(place));
        }
        // Whoever has logged in with Docker needs no AWS.
        Ok(self.place(online, subject).ok())
    }

    #[cfg(not(feature = "aws"))]
    fn place_for(&self, _: &ImageRef, _: &str, _: Fetching<'_>) -> Result<Option<Place>, Gap> {
        Ok(None)
    }

    #[cfg(feature = "aws")]
    fn bucket(&self, bucket: &str, prefix: &str, digest: &ClaimedDigest, subject: &str, fetching: Fetching<'_>) -> Beside {
        let online = match fetching.clients.need(subject, WANTED) {
            Ok(online) => online,
            Err(gap) => return Beside::unknown(gap),
        };
        let place = match online.aws().places().into_iter().next().map_or_else(|| self.place(online, subject), Ok) {
            Ok(place) => place,
            Err(gap) => return Beside::unknown(gap),
        };
        super::account::signatures(&place, bucket, prefix, digest, subject, online)
    }

    #[cfg(not(feature = "aws"))]
    fn bucket(&self, bucket: &str, _: &str, _: &ClaimedDigest, subject: &str, _: Fetching<'_>) -> Beside {
        Beside::unknown(Gap {
            subject: subject.into(),
            wanted: WANTED.into(),
            reason: GapReason::NotBuilt,
            detail: format!("s3://{bucket}: this build of layerproof has no AWS in it"),
            next_step: "Build it with the feature `aws`, or copy the signatures into a folder.".into(),
        })
    }

    /// The account that profile and environment name, opened once.
    #[cfg(feature = "aws")]
    fn place(&self, online: &crate::clients::Online, subject: &str) -> Result<Place, Gap> {
        let opened = self.place.get_or_init(|| super::account::open(&self.login, online));
        opened.clone().map_err(|gap| Gap { subject: subject.into(), ..gap })
    }
}

impl Opened {
    fn name(&self) -> String {
        match self {
            Self::File { path, .. } => path.display().to_string(),
            Self::Folder(folder) => folder.path().display().to_string(),
            Self::Bucket { bucket, prefix } => format!("s3://{bucket}/{prefix}"),
            Self::Repository(image) => image.repository_uri(),
        }
    }
}

/// A gap about a place for signatures.
pub(super) fn gap(subject: &str, reason: GapReason, detail: impl Into<String>, next_step: &str) -> Gap {
    Gap { subject: subject.into(), wanted: WANTED.into(), reason, detail: detail.into(), next_step: next_step.into() }
}

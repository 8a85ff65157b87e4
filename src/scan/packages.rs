//! The packages of artifacts, each distinct content once. A zip on this machine is read where it lies: its list of files, what catalogers
//! want of it, and all of its bytes for its digest; of a large one side by side.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use rayon::prelude::*;

use super::sources::{self, Source, Sources};
use super::{ContentKey, Progress, ScanError, Wanted, about, nowhere};
use crate::catalog::{self, Cataloged, Input, Options};
use crate::evidence::Blob;
use crate::fetch::{Fetched, Fetching, ImageBlobs, signatures};
use crate::model::artifact::{BlobLocation, Subject};
use crate::model::attachment::{Attachments, Target, TargetRole};
use crate::model::digest::ClaimedDigest;
use crate::model::gap::{Gap, GapReason};
use crate::model::observed::Observed;
use crate::signature::beside::{self, files};
use crate::signature::{Candidate, JudgedSignature, TrustAnchors, examine_all};
use crate::store::Integrity;
use crate::unpack::image::Layout;
use crate::unpack::{Limits, UnpackError, ZipIndex};

/// Bytes from which on a zip is hashed and read by two threads. Below, it is done in the time that they would take to share it.
const SIDE_BY_SIDE: u64 = 32 << 20;

/// What listing packages needs, built once.
pub struct Listing<'a> {
    /// Blobs, and where bytes come from; `None` where everything that is wanted lies on this machine.
    pub fetching: Option<Fetching<'a>>,
    /// What is looked for.
    pub options: &'a Options,
    /// Limits of unpacking.
    pub limits: &'a Limits,
    /// The time that signatures are held against. They are told, not judged.
    pub now: Timestamp,
    /// Told how far the work is.
    pub progress: &'a dyn Progress,
}

/// One artifact's packages.
pub struct ArtifactPackages {
    /// Digest and size; `None` for a folder, which has none.
    pub blob: Option<Blob>,
    /// Whether the bytes are the claimed ones.
    pub integrity: Integrity,
    /// The packages and the files.
    pub cataloged: Cataloged,
    /// Signatures found in it and beside it. Nothing about trust is said by them.
    pub signatures: Vec<JudgedSignature>,
}

/// The packages of each artifact that is wanted, or why they can't be learned.
///
/// # Errors
/// Files of this machine that can't be read, and a store that fails.
pub fn packages(wanted: &[Wanted], listing: &Listing<'_>) -> Result<BTreeMap<Subject, Result<Arc<ArtifactPackages>, Gap>>, ScanError> {
    let (near, far): (Vec<&Wanted>, Vec<&Wanted>) = wanted.iter().partition(|want| is_near(want));
    let mut all = BTreeMap::new();
    listing.progress.stage("listing packages", wanted.len());
    let read = |want: &Wanted| {
        let found = of_location(want, listing)?;
        listing.progress.step();
        Ok((want.subject.clone(), found.map(Arc::new)))
    };
    let here: Vec<_> = match near.as_slice() {
        // To start threads takes as long as to read a small layer.
        [only] => vec![read(only)?],
        many => many.par_iter().copied().map(read).collect::<Result<_, ScanError>>()?,
    };
    all.extend(here);
    if let (Some(fetching), false) = (listing.fetching, far.is_empty()) {
        let far: Vec<Wanted> = far.into_iter().cloned().collect();
        all.extend(fetched(&far, fetching, listing)?);
    }
    Ok(all)
}

/// True for what can be read where it lies.
pub(super) fn is_near(want: &Wanted) -> bool {
    matches!(want.location, Observed::Present(BlobLocation::Local(_) | BlobLocation::OciLayout { .. })) && want.platforms.is_empty()
}

fn of_location(want: &Wanted, listing: &Listing<'_>) -> Result<Result<ArtifactPackages, Gap>, ScanError> {
    match &want.location {
        Observed::Present(BlobLocation::Local(path)) if path.is_dir() => folder(path, listing).map(Ok),
        Observed::Present(BlobLocation::Local(path)) => zip(path, want, listing),
        Observed::Present(BlobLocation::OciLayout { root, digest, architecture }) => {
            image(Layout::open(root, listing.limits), digest, architecture, want, listing)
        }
        Observed::Present(_) | Observed::Absent => Ok(Err(nowhere(&want.subject))),
        Observed::Unknown(gap) => Ok(Err(about(gap, &want.subject))),
    }
}

/// What has to be fetched: once per distinct content.
fn fetched(
    wanted: &[Wanted],
    fetching: Fetching<'_>,
    listing: &Listing<'_>,
) -> Result<BTreeMap<Subject, Result<Arc<ArtifactPackages>, Gap>>, ScanError> {
    let Sources { fetched, .. } = sources::fetch(wanted, fetching, listing.progress)?;
    let mut contents: BTreeMap<ContentKey, (&Fetched, &Wanted)> = BTreeMap::new();
    for want in wanted {
        for found in Source::all(want).filter_map(|source| fetched.get(&source)?.present()) {
            contents.entry(ContentKey::of(found)).or_insert((found, want));
        }
    }
    listing.progress.stage("listing packages", contents.len());
    let listed: BTreeMap<ContentKey, Result<Arc<ArtifactPackages>, Gap>> = contents
        .into_par_iter()
        .map(|(key, (found, want))| {
            let packages = match found {
                Fetched::Blob(blob) => zip(&blob.path, want, listing)?,
                Fetched::Directory(path) => Ok(folder(path, listing)?),
                Fetched::Image { blobs, digest, architecture, .. } => {
                    let layout = match blobs {
                        ImageBlobs::Layout(path) => Layout::open(path, listing.limits),
                        ImageBlobs::Stored { index, .. } => Ok(Layout::in_store(fetching.store, index.clone())),
                    };
                    image(layout, digest, architecture, want, listing)?
                }
            };
            listing.progress.step();
            Ok((key, packages.map(Arc::new)))
        })
        .collect::<Result<_, ScanError>>()?;
    let of = |want: &Wanted| {
        let source =
            Source::of(want).ok_or_else(|| want.location.gap().map_or_else(|| nowhere(&want.subject), |gap| about(gap, &want.subject)))?;
        match fetched.get(&source) {
            Some(Observed::Present(found)) => match listed.get(&ContentKey::of(found)) {
                Some(Ok(packages)) => Ok(Arc::clone(packages)),
                Some(Err(gap)) => Err(about(gap, &want.subject)),
                None => Err(nowhere(&want.subject)),
            },
            Some(Observed::Unknown(gap)) => Err(about(gap, &want.subject)),
            Some(Observed::Absent) | None => Err(nowhere(&want.subject)),
        }
    };
    Ok(wanted.iter().map(|want| (want.subject.clone(), of(want))).collect())
}

fn folder(path: &Path, listing: &Listing<'_>) -> Result<ArtifactPackages, ScanError> {
    let cataloged = catalog::catalog(Input::Directory(path), listing.options, listing.limits)?;
    Ok(ArtifactPackages { blob: None, integrity: Integrity::NoBytes, cataloged, signatures: Vec::new() })
}

fn zip(path: &Path, want: &Wanted, listing: &Listing<'_>) -> Result<Result<ArtifactPackages, Gap>, ScanError> {
    let (index, digest) = match ZipIndex::open_hashed(path, SIDE_BY_SIDE, listing.limits) {
        Ok(opened) => opened,
        Err(error @ UnpackError::NotAZip { .. }) => {
            return Ok(Err(Gap {
                subject: want.subject.to_string(),
                wanted: "the packages".into(),
                reason: GapReason::Malformed,
                detail: error.to_string(),
                next_step: "Name a zip, a folder, or an OCI image layout.".into(),
            }));
        }
        Err(error) => return Err(error.into()),
    };
    let catalog = || catalog::catalog(Input::Zip(&index), listing.options, listing.limits);
    let (digest, cataloged) = match digest {
        Some(digest) => (digest, catalog()?),
        None => {
            let (hashed, cataloged) = rayon::join(|| index.digest(), catalog);
            (hashed?.0, cataloged?)
        }
    };
    let size = index.size();
    index.unchanged()?;
    let name = want.subject.to_string();
    let target = Target { digest, size, media_type: String::new(), role: TargetRole::Itself };
    let attachments = files::attachments(&signatures::sidecars(path, &name), &name, &target).attachments;
    let candidate = Candidate::Zip { subject: &want.subject, index: &index, analysed: None };
    let signatures = told(&candidate, &attachments, listing);
    let integrity = Integrity::of(digest, size, want.claimed, want.claimed_size);
    Ok(Ok(ArtifactPackages { blob: Some(Blob { digest, size }), integrity, cataloged, signatures }))
}

fn image(
    layout: Result<Layout, UnpackError>,
    claimed: &str,
    architecture: &str,
    want: &Wanted,
    listing: &Listing<'_>,
) -> Result<Result<ArtifactPackages, Gap>, ScanError> {
    let unreadable = |detail: String| Gap {
        subject: want.subject.to_string(),
        wanted: "the image's manifest".into(),
        reason: GapReason::Malformed,
        detail,
        next_step: "Copy or record the image again; its manifest must be there and have the digest that names it.".into(),
    };
    let layout = match layout {
        Ok(layout) => layout,
        Err(error @ UnpackError::NotALayout { .. }) => return Ok(Err(unreadable(error.to_string()))),
        Err(error) => return Err(error.into()),
    };
    let digest = match ClaimedDigest::from_oci(claimed) {
        Ok(digest) => digest,
        Err(error) => return Ok(Err(unreadable(error.to_string()))),
    };
    let input = Input::Image { layout: &layout, digest: &digest, architecture };
    let cataloged = catalog::catalog(input, listing.options, listing.limits)?;
    let Some(info) = &cataloged.image else {
        return Ok(Err(unreadable(cataloged.contents.anomalies.first().map(|a| a.detail.clone()).unwrap_or_default())));
    };
    let blob = Blob { digest: info.index_digest.unwrap_or(info.manifest_digest), size: info.manifest_size };
    let (found, _) = beside::layout::attachments(&layout, &want.subject, blob.digest, listing.limits);
    let candidate = Candidate::Image { subject: &want.subject, layout: &layout, digest: blob.digest };
    let signatures = told(&candidate, &found.attachments, listing);
    let integrity = Integrity::of(blob.digest, blob.size, want.claimed, None);
    Ok(Ok(ArtifactPackages { blob: Some(blob), integrity, cataloged, signatures }))
}

/// The signatures that are there. What they say of themselves is told; no anchor is named, and nothing is trusted.
fn told(candidate: &Candidate<'_>, attachments: &Attachments, listing: &Listing<'_>) -> Vec<JudgedSignature> {
    match examine_all(candidate, attachments, &TrustAnchors::default(), listing.now, listing.limits) {
        Observed::Present(signatures) => signatures,
        Observed::Absent | Observed::Unknown(_) => Vec::new(),
    }
}

//! One artifact's bytes to what they hold and how they are signed. Content is unpacked and hashed in one pass; only what a signature
//! needs is read again where the rest comes from the store.

use std::sync::Arc;

use super::attested::{self, Attested};
use super::{Beside, Gather, ScanError};
use crate::catalog::{Catalog, Input};
use crate::evidence::Blob;
use crate::fetch::{Fetched, ImageBlobs};
use crate::model::artifact::Subject;
use crate::model::attachment::{Attachments, Target, TargetRole};
use crate::model::digest::ClaimedDigest;
use crate::model::gap::{Gap, GapReason};
use crate::model::observed::Observed;
use crate::signature::beside;
use crate::signature::{Analysed, Candidate, InnerDigest, Signatures, examine_all};
use crate::store::{AnalysisKey, StoredBlob};
use crate::unpack::image::{ImageInfo, Layout, analyse_image};
use crate::unpack::{Anomaly, AnomalyKind, Contents, UnpackError, WantDigests, ZipIndex, analyse_directory, analyse_zip, unrecognised};

/// Version of what analysing gives. Raise it with every change of `unpack` that could change a tree or an anomaly.
const ANALYSER: &str = concat!("layerproof-", env!("CARGO_PKG_VERSION"), "-4");

/// What one artifact's bytes showed.
#[derive(Debug, Clone)]
pub struct Examined {
    /// Digest and size. `Absent` for a folder, which has none; `Unknown` for an image whose manifest could not be read.
    pub blob: Observed<Blob>,
    /// What the bytes hold.
    pub contents: Observed<Arc<Contents>>,
    /// Signatures found and judged.
    pub signatures: Signatures,
    /// The packages, where an SBOM of it is attested.
    pub packages: Observed<Arc<Catalog>>,
    /// For images: what the manifest says.
    pub image: Option<ImageInfo>,
    /// What was seen beside it and counts for nothing, one sentence each. Untrusted: print through `printable`.
    pub notes: Vec<String>,
}

/// Unpacks and examines what was fetched, with what stands beside it elsewhere. `subject` is named in gaps.
pub fn examine(fetched: &Fetched, subject: &Subject, beside: &Beside, gather: &Gather<'_>) -> Result<Examined, ScanError> {
    match fetched {
        Fetched::Blob(blob) => examine_blob(blob, subject, beside, gather),
        Fetched::Directory(path) => {
            let contents = analyse_directory(path, gather.limits, &WantDigests::None)?;
            Ok(Examined {
                blob: Observed::Absent,
                contents: Observed::Present(Arc::new(contents)),
                signatures: examine_all(&Candidate::Other, &Attachments::default(), gather.anchors, gather.now, gather.limits),
                packages: Observed::Absent,
                image: None,
                notes: Vec::new(),
            })
        }
        Fetched::Image { blobs: ImageBlobs::Layout(path), digest, architecture, .. } => {
            let layout = Layout::open(path, gather.limits);
            examine_image(layout, digest, architecture, subject, Around { beside, unknown: None }, gather)
        }
        Fetched::Image { blobs: ImageBlobs::Stored { index, signatures_unknown, other_bytes }, digest, architecture, .. } => {
            let mut layout = Layout::in_store(gather.fetching.store, index.clone());
            layout.anomalies.extend(other_bytes.iter().map(|detail| Anomaly {
                kind: AnomalyKind::DigestMismatch,
                path: String::new(),
                detail: detail.clone(),
            }));
            examine_image(Ok(layout), digest, architecture, subject, Around { beside, unknown: signatures_unknown.as_ref() }, gather)
        }
    }
}

/// What is known of the surroundings of an image.
#[derive(Clone, Copy)]
struct Around<'a> {
    beside: &'a Beside,
    /// Why its own place may hold more than is known.
    unknown: Option<&'a Gap>,
}

fn examine_blob(blob: &StoredBlob, subject: &Subject, beside: &Beside, gather: &Gather<'_>) -> Result<Examined, ScanError> {
    let of = Blob { digest: blob.digest, size: blob.size };
    let target = Target { digest: blob.digest, size: blob.size, media_type: String::new(), role: TargetRole::Itself };
    let beside::Found { attachments, notes } = beside.attachments(subject, &target, gather);
    let judged = |candidate: &Candidate<'_>| examine_all(candidate, &attachments, gather.anchors, gather.now, gather.limits);
    let examined = |contents: Contents, signatures, packages| Examined {
        blob: Observed::Present(of),
        contents: Observed::Present(Arc::new(contents)),
        signatures,
        packages,
        image: None,
        notes: notes.clone(),
    };
    let index = match ZipIndex::open(&blob.path, gather.limits) {
        Ok(index) => index,
        Err(UnpackError::NotAZip { reason, .. }) => {
            let signatures = judged(&Candidate::Other);
            let packages = attested::unreadable(&signatures, subject, &reason.to_string());
            return Ok(examined(unrecognised(reason), signatures, packages));
        }
        Err(error) => return Err(error.into()),
    };
    let attested = Attested { input: Input::Zip(&index), content: blob.digest };
    let key = AnalysisKey::new(ANALYSER, &WantDigests::None, gather.limits);
    if let Some(contents) = gather.fetching.store.analysis::<Contents>(&blob.digest, &key) {
        // The tree comes from the store; what is fed to crypto never does (DESIGN §6), so the scheme makes a pass of its own where
        // there is a signature to judge, and none where there is not.
        let signatures = judged(&Candidate::Zip { subject, index: &index, analysed: None });
        let packages = attested.packages(&signatures, gather)?;
        return Ok(examined(contents, signatures, packages));
    }
    let mut inner = InnerDigest::new(&index);
    let contents = analyse_zip(&index, gather.limits, &WantDigests::None, &mut [&mut inner])?;
    let signatures = judged(&Candidate::Zip { subject, index: &index, analysed: Some(Analysed { contents: &contents, inner: &inner }) });
    // What a limit cut short, time among them, may come out otherwise next time.
    if contents.complete {
        gather.fetching.store.put_analysis(&blob.digest, &key, &contents)?;
    }
    let packages = attested.packages(&signatures, gather)?;
    Ok(examined(contents, signatures, packages))
}

fn examine_image(
    layout: Result<Layout, UnpackError>,
    claimed: &str,
    architecture: &str,
    subject: &Subject,
    around: Around<'_>,
    gather: &Gather<'_>,
) -> Result<Examined, ScanError> {
    let unreadable = |detail: String| Gap {
        subject: subject.to_string(),
        wanted: "the image's manifest".into(),
        reason: GapReason::Malformed,
        detail,
        next_step: "Copy or record the image again; its manifest must be there and have the digest that names it.".into(),
    };
    let unknown = |gap: Gap| Examined {
        blob: Observed::Unknown(gap.clone()),
        contents: Observed::Unknown(gap.clone()),
        signatures: Observed::Unknown(gap),
        packages: Observed::Absent,
        image: None,
        notes: Vec::new(),
    };
    let Ok(asked) = ClaimedDigest::from_oci(claimed) else { return Ok(unknown(unreadable(claimed.to_owned()))) };
    let layout = match layout {
        Ok(layout) => layout,
        // Whoever wrote the snapshot left it out; the other artifacts are judged all the same.
        Err(error @ UnpackError::NotALayout { .. }) => return Ok(unknown(unreadable(error.to_string()))),
        Err(error) => return Err(error.into()),
    };
    let image = analyse_image(&layout, &asked, architecture, gather.limits, &WantDigests::None)?;
    let Some(info) = image.info else {
        let gap = unreadable(image.contents.anomalies.first().map(|a| a.detail.clone()).unwrap_or_default());
        return Ok(Examined {
            blob: Observed::Unknown(gap.clone()),
            contents: Observed::Present(Arc::new(image.contents)),
            signatures: Observed::Unknown(gap),
            packages: Observed::Absent,
            image: None,
            notes: Vec::new(),
        });
    };
    // The subject is the very digest that was asked for: the index where the index is named, else the manifest (DESIGN §4 rule 7).
    let digest = info.index_digest.unwrap_or(info.manifest_digest);
    let (mut found, target) = beside::layout::attachments(&layout, subject, digest, gather.limits);
    found.attachments.gaps.extend(around.unknown.cloned());
    if let Some(target) = &target {
        found.extend(around.beside.attachments(subject, target, gather));
    }
    let candidate = Candidate::Image { subject, layout: &layout, digest };
    let signatures = examine_all(&candidate, &found.attachments, gather.anchors, gather.now, gather.limits);
    let input = Input::Image { layout: &layout, digest: &asked, architecture };
    let packages = Attested { input, content: info.manifest_digest }.packages(&signatures, gather)?;
    Ok(Examined {
        blob: Observed::Present(Blob { digest, size: info.manifest_size }),
        contents: Observed::Present(Arc::new(image.contents)),
        signatures,
        packages,
        image: Some(info),
        notes: found.notes,
    })
}

//! One artifact's bytes to what they hold and how they are signed. Content is unpacked and hashed in one pass; only what a signature
//! needs is read again where the rest comes from the store.

use std::sync::Arc;

use super::{Gather, ScanError};
use crate::evidence::Blob;
use crate::fetch::{Fetched, ImageBlobs};
use crate::model::artifact::Subject;
use crate::model::attachment::Attachments;
use crate::model::digest::ClaimedDigest;
use crate::model::gap::{Gap, GapReason};
use crate::model::observed::Observed;
use crate::signature::{
    Analysed, Candidate, InnerDigest, JudgedSignature, Outcome, Presented, Signatures, Undetermined, examine_all, oci_referrers,
};
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
    /// For images: what the manifest says.
    pub image: Option<ImageInfo>,
}

/// Unpacks and examines what was fetched. `subject` is named in gaps.
pub fn examine(fetched: &Fetched, subject: &Subject, gather: &Gather<'_>) -> Result<Examined, ScanError> {
    match fetched {
        Fetched::Blob(blob) => examine_blob(blob, subject, gather),
        Fetched::Directory(path) => {
            let contents = analyse_directory(path, gather.limits, &WantDigests::None)?;
            Ok(Examined {
                blob: Observed::Absent,
                contents: Observed::Present(Arc::new(contents)),
                signatures: examine_all(&Candidate::Other, &Attachments::default(), gather.anchors, gather.now, gather.limits),
                image: None,
            })
        }
        Fetched::Image { blobs: ImageBlobs::Layout(path), digest, architecture, .. } => {
            let layout = Layout::open(path, gather.limits);
            examine_image(layout, digest, architecture, subject, gather)
        }
        Fetched::Image { blobs: ImageBlobs::Stored { index, signatures_unknown, other_bytes }, digest, architecture, .. } => {
            let mut layout = Layout::in_store(gather.fetching.store, index.clone());
            layout.anomalies.extend(other_bytes.iter().map(|detail| Anomaly {
                kind: AnomalyKind::DigestMismatch,
                path: String::new(),
                detail: detail.clone(),
            }));
            let mut examined = examine_image(Ok(layout), digest, architecture, subject, gather)?;
            if let Some(gap) = signatures_unknown {
                examined.signatures = with_gap(examined.signatures, gap);
            }
            Ok(examined)
        }
    }
}

/// What was found stays in sight, and what could not be looked for stands beside it as a signature that cannot be judged: so neither is
/// "unsigned" said, nor does the gap get lost behind a signature that does not hold.
fn with_gap(signatures: Signatures, gap: &Gap) -> Signatures {
    match signatures {
        Observed::Present(mut found) => {
            found.push(JudgedSignature {
                scheme: oci_referrers::NAME,
                location: gap.wanted.clone(),
                presented: Presented::default(),
                outcome: Outcome::Inconclusive(Undetermined { gap: gap.clone(), chain_and_identity_verified: false }),
                steps: Vec::new(),
                does_not_bind: &[],
            });
            Observed::Present(found)
        }
        Observed::Absent => Observed::Unknown(gap.clone()),
        Observed::Unknown(first) => Observed::Unknown(first),
    }
}

fn examine_blob(blob: &StoredBlob, subject: &Subject, gather: &Gather<'_>) -> Result<Examined, ScanError> {
    let of = Blob { digest: blob.digest, size: blob.size };
    let examined = |contents: Contents, signatures| Examined {
        blob: Observed::Present(of),
        contents: Observed::Present(Arc::new(contents)),
        signatures,
        image: None,
    };
    let index = match ZipIndex::open(&blob.path, gather.limits) {
        Ok(index) => index,
        Err(UnpackError::NotAZip { reason, .. }) => {
            let signatures = examine_all(&Candidate::Other, &Attachments::default(), gather.anchors, gather.now, gather.limits);
            return Ok(examined(unrecognised(reason), signatures));
        }
        Err(error) => return Err(error.into()),
    };
    let key = AnalysisKey::new(ANALYSER, &WantDigests::None, gather.limits);
    if let Some(contents) = gather.fetching.store.analysis::<Contents>(&blob.digest, &key) {
        // The tree comes from the store; what is fed to crypto never does (DESIGN §6), so the scheme makes a pass of its own where
        // there is a signature to judge, and none where there is not.
        let candidate = Candidate::Zip { subject, index: &index, analysed: None };
        let signatures = examine_all(&candidate, &Attachments::default(), gather.anchors, gather.now, gather.limits);
        return Ok(examined(contents, signatures));
    }
    let mut inner = InnerDigest::new(&index);
    let contents = analyse_zip(&index, gather.limits, &WantDigests::None, &mut [&mut inner])?;
    let candidate = Candidate::Zip { subject, index: &index, analysed: Some(Analysed { contents: &contents, inner: &inner }) };
    let signatures = examine_all(&candidate, &Attachments::default(), gather.anchors, gather.now, gather.limits);
    // What a limit cut short, time among them, may come out otherwise next time.
    if contents.complete {
        gather.fetching.store.put_analysis(&blob.digest, &key, &contents)?;
    }
    Ok(examined(contents, signatures))
}

fn examine_image(
    layout: Result<Layout, UnpackError>,
    claimed: &str,
    architecture: &str,
    subject: &Subject,
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
        image: None,
    };
    let Ok(digest) = ClaimedDigest::from_oci(claimed) else { return Ok(unknown(unreadable(claimed.to_owned()))) };
    let layout = match layout {
        Ok(layout) => layout,
        // Whoever wrote the snapshot left it out; the other artifacts are judged all the same.
        Err(error @ UnpackError::NotALayout { .. }) => return Ok(unknown(unreadable(error.to_string()))),
        Err(error) => return Err(error.into()),
    };
    let image = analyse_image(&layout, &digest, architecture, gather.limits, &WantDigests::None)?;
    let Some(info) = image.info else {
        let gap = unreadable(image.contents.anomalies.first().map(|a| a.detail.clone()).unwrap_or_default());
        return Ok(Examined {
            blob: Observed::Unknown(gap.clone()),
            contents: Observed::Present(Arc::new(image.contents)),
            signatures: Observed::Unknown(gap),
            image: None,
        });
    };
    // The subject is the very digest that was asked for: the index where the index is named, else the manifest (DESIGN §4 rule 7).
    let digest = info.index_digest.unwrap_or(info.manifest_digest);
    let candidate = Candidate::Image { subject, layout: &layout, digest };
    let signatures = examine_all(&candidate, &Attachments::default(), gather.anchors, gather.now, gather.limits);
    Ok(Examined {
        blob: Observed::Present(Blob { digest, size: info.manifest_size }),
        contents: Observed::Present(Arc::new(image.contents)),
        signatures,
        image: Some(info),
    })
}

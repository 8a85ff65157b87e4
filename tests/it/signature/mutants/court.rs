//! The real verifier, with our own trust material, over one envelope at a time.

use std::io::Write as _;

use layerproof::model::artifact::Subject;
use layerproof::model::attachment::{Attachment, AttachmentForm, Attachments, Target, TargetRole};
use layerproof::model::digest::Digest;
use layerproof::model::observed::Observed;
use layerproof::signature::trust::TrustStore;
use layerproof::signature::{Basis, Candidate, JudgedSignature, Outcome, Signatures, TrustAnchors, examine_all};
use layerproof::unpack::{Layout, Limits, ZipIndex};
use serde_json::json;

use super::sweep::Judgement;
use crate::forge::oci::{self, MANIFEST};
use crate::forge::zip::{self, Entry};

/// When everything is judged: after all good envelopes were signed, and before they expire.
pub const NOW: &str = "2026-11-22T00:00:00Z";

/// An image in a layout, and who is trusted to sign it.
pub struct Image {
    folder: tempfile::TempDir,
    pub manifest: Vec<u8>,
    trust: TrustAnchors,
}

impl Image {
    /// The one image of these tests.
    pub fn new(trust: TrustAnchors) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut layout = oci::Layout::default();
        let digest = layout.image("arm64", json!({}), &[vec![oci::Member::file("app.py", "print('hi')\n")]], None);
        let manifest = layout.bytes(&digest).to_vec();
        for (path, bytes) in layout.finish() {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        Self { folder, manifest, trust }
    }

    /// Judges what stands beside the image.
    pub fn judge(&self, form: AttachmentForm) -> Judgement<Basis> {
        let limits = Limits::default();
        let layout = Layout::open(self.folder.path(), &limits).unwrap();
        let subject = Subject::File("image".into());
        let digest = Digest::of(&self.manifest);
        let candidate = Candidate::Image { subject: &subject, layout: &layout, digest };
        let target = Target { digest, size: self.manifest.len() as u64, media_type: MANIFEST.into(), role: TargetRole::Itself };
        judge(&candidate, Some((target, form)), &self.trust)
    }
}

/// Judges what stands beside a zip: a function's code, say. `zip` must be one.
pub fn beside_zip(zip: &[u8], form: AttachmentForm, trust: &TrustAnchors) -> Judgement<Basis> {
    let target = Target { digest: Digest::of(zip), size: zip.len() as u64, media_type: String::new(), role: TargetRole::Itself };
    with_zip(zip, Some((target, form)), trust)
}

/// Judges what stands inside of a zip.
pub fn inside_zip(zip: &[u8], trust: &TrustAnchors) -> Judgement<Basis> {
    with_zip(zip, None, trust)
}

/// A zip that holds `body`.
pub fn zip_of(body: &str) -> Vec<u8> {
    zip::write(&[Entry::file("handler.py", body)])
}

fn with_zip(zip: &[u8], beside: Option<(Target, AttachmentForm)>, trust: &TrustAnchors) -> Judgement<Basis> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(zip).unwrap();
    let index = ZipIndex::open(file.path(), &Limits::default()).unwrap();
    let subject = Subject::File("code.zip".into());
    judge(&Candidate::Zip { subject: &subject, index: &index, analysed: None }, beside, trust)
}

fn judge(candidate: &Candidate<'_>, beside: Option<(Target, AttachmentForm)>, trust: &TrustAnchors) -> Judgement<Basis> {
    let found = beside.into_iter().map(|(target, form)| Attachment { location: "here".into(), target, form }).collect();
    let beside = Attachments { found, gaps: Vec::new() };
    judgement(examine_all(candidate, &beside, trust, NOW.parse().unwrap(), &Limits::default()))
}

fn judgement(signatures: Signatures) -> Judgement<Basis> {
    match signatures {
        Observed::Absent => Judgement::Inconclusive("no signature was found".into()),
        Observed::Unknown(gap) => Judgement::Inconclusive(gap.detail),
        Observed::Present(mut found) => {
            assert_eq!(found.len(), 1, "one envelope, one judgement: {found:?}");
            let JudgedSignature { outcome, .. } = found.remove(0);
            match outcome {
                Outcome::Valid(verified) => Judgement::Valid(verified.basis().clone()),
                Outcome::Invalid(rejection) => Judgement::Refused(rejection.to_string()),
                Outcome::Inconclusive(undetermined) => Judgement::Inconclusive(undetermined.gap.detail),
            }
        }
    }
}

/// A trust store of these certificates.
pub fn store(name: &str, certificates: Vec<Vec<u8>>) -> TrustStore {
    TrustStore { name: name.into(), certificates, provenance: "Forged for a test.".into(), shipped: false }
}

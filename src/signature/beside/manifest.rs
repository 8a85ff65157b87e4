//! One manifest beside a target: the signatures and attestations in it.
//!
//! Steps, in the order in which the code takes them:
//! 1. Of a referrer, `subject` is the target: a manifest that is listed for the target and names another subject is never a signature of it,
//!    and is said to be malformed (OCI image-spec 1.1, manifest.md, "subject").
//! 2. Its kind: cosign's tag, a Notary Project signature, a Sigstore bundle, or something else that calls itself a signature.
//! 3. Its layers, each with digest and size as its descriptor says.

use std::sync::Arc;

use super::document::{BUNDLE, DSSE, Descriptor, Document, NOTARY, SIMPLE_SIGNING, TagKind, unknown};
use super::{Budget, malformed, not_had, too_large};
use crate::model::attachment::{Attachment, AttachmentForm, Target};
use crate::model::digest::ClaimedDigest;
use crate::model::gap::Gap;
use crate::unpack::Layout;
use crate::unpack::image::SmallBlob;

/// How a manifest came to be one of the target's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// Under a tag that is named after the target.
    Tagged(TagKind),
    /// Its `subject` is the target, or a list of the target's referrers has it.
    Referrer,
}

/// Reads the attachments of manifests.
pub(super) struct Reader<'a> {
    pub(super) layout: &'a Layout,
    /// Named in gaps.
    pub(super) subject: &'a str,
    pub(super) target: &'a Target,
    pub(super) budget: &'a mut Budget,
    pub(super) found: Vec<Attachment>,
    /// The limits that cut it short.
    pub(super) gaps: Vec<Gap>,
}

impl Reader<'_> {
    /// The attachments in one manifest. `described` is the signature's type in the descriptor that led here, where it states one.
    pub(super) fn manifest(&mut self, document: &Document, standing: Standing, described: Option<&str>, location: &str) {
        // 1.
        let is_about_another = document.subject.as_ref().is_some_and(|subject| subject.digest != self.target.digest.to_string());
        let has_no_subject = standing == Standing::Referrer && document.subject.is_none();
        if is_about_another || has_no_subject {
            if matches!(standing, Standing::Tagged(_)) || document.signature_type().or(described).is_some() {
                let other = document.subject.as_ref().map_or("nothing", |subject| subject.digest.as_str());
                let detail = format!("{location} is listed for {}, and its subject is {other}", self.target.digest);
                self.add(location, AttachmentForm::Unreadable(malformed(self.subject, detail)));
            }
            return;
        }
        // 2.
        match standing {
            Standing::Tagged(TagKind::Signatures) => self.each_layer(document, location, SIMPLE_SIGNING, |payload, layer| {
                AttachmentForm::CosignSignature { payload, annotations: layer.annotations() }
            }),
            Standing::Tagged(TagKind::Attestations) => self.each_layer(document, location, DSSE, |envelope, layer| {
                AttachmentForm::CosignAttestation { envelope, annotations: layer.annotations() }
            }),
            Standing::Tagged(TagKind::List) => {}
            Standing::Referrer => self.referrer(document, described, location),
        }
    }

    fn referrer(&mut self, document: &Document, described: Option<&str>, location: &str) {
        let has = |prefix: &str| document.layers.iter().any(|layer| layer.media_type.starts_with(prefix));
        if document.kind() == NOTARY {
            return self.notary(document, location);
        }
        if document.kind().starts_with(BUNDLE) || has(BUNDLE) {
            return self.each_layer(document, location, BUNDLE, |bytes, _| AttachmentForm::SigstoreBundle(bytes));
        }
        // cosign's first form of referrers: artifact type `application/vnd.dev.cosign.artifact.sig.v1+json`.
        if has(SIMPLE_SIGNING) {
            return self.each_layer(document, location, SIMPLE_SIGNING, |payload, layer| AttachmentForm::CosignSignature {
                payload,
                annotations: layer.annotations(),
            });
        }
        if let Some(media_type) = document.signature_type().or(described) {
            self.add(location, unknown(media_type));
        }
    }

    /// signature-specification.md, "Storage": "The manifest layers MUST contain exactly one signature envelope".
    fn notary(&mut self, document: &Document, location: &str) {
        let [layer] = document.layers.as_slice() else {
            let detail = format!("{location}: a Notary Project signature of {} layers, and not of one", document.layers.len());
            return self.add(location, AttachmentForm::Unreadable(malformed(self.subject, detail)));
        };
        if !matches!(layer.media_type.as_str(), "application/jose+json" | "application/cose") {
            return self.add(location, unknown(&layer.media_type));
        }
        let Some(read) = self.blob(layer, location) else { return };
        let form = match read {
            Ok(envelope) => AttachmentForm::NotaryEnvelope { envelope, media_type: layer.media_type.clone(), blob: false },
            Err(gap) => AttachmentForm::Unreadable(gap),
        };
        self.add(location, form);
    }

    /// Each layer whose media type begins with `prefix`, in the form that `make` gives it; any other is unknown.
    fn each_layer(&mut self, document: &Document, location: &str, prefix: &str, make: impl Fn(Arc<[u8]>, &Descriptor) -> AttachmentForm) {
        if document.layers.is_empty() {
            let detail = format!("{location} says that it is a signature, and holds none");
            return self.add(location, AttachmentForm::Unreadable(malformed(self.subject, detail)));
        }
        for (place, layer) in document.layers.iter().enumerate() {
            let location = if document.layers.len() == 1 { location.to_owned() } else { format!("{location} layer {place}") };
            // 3. Every layer counts, or a list of a hundred thousand would be gone through.
            let Some(read) = self.blob(layer, &location) else { return };
            let form = match read {
                _ if !layer.media_type.starts_with(prefix) => unknown(&layer.media_type),
                Ok(bytes) => make(bytes, layer),
                Err(gap) => AttachmentForm::Unreadable(gap),
            };
            self.add(&location, form);
        }
    }

    /// The bytes of a layer, or why they cannot be read; `None` once a limit is reached.
    fn blob(&mut self, layer: &Descriptor, location: &str) -> Option<Result<Arc<[u8]>, Gap>> {
        let bad = |detail: String| Some(Err(malformed(self.subject, format!("{location}: {detail}"))));
        let Some(size) = layer.size else { return bad("its descriptor states no size".into()) };
        match self.budget.take(size) {
            Ok(()) => {}
            // One that is too large is no reason to pass over the next.
            Err((limit @ "attachment_bytes", detail)) => {
                return Some(Err(too_large(self.subject, limit, format!("{location}: {detail}"))));
            }
            Err((limit, detail)) => {
                self.gaps.push(too_large(self.subject, limit, detail));
                return None;
            }
        }
        let digest = match ClaimedDigest::from_oci(&layer.digest) {
            Ok(digest) => digest,
            Err(error) => return bad(error.to_string()),
        };
        match self.layout.whole_blob(&digest, size, "descriptor_size") {
            Ok(SmallBlob::Bytes(bytes)) if bytes.len() as u64 == size => Some(Ok(bytes.into())),
            Ok(SmallBlob::Bytes(bytes)) => bad(format!("{digest} has {} bytes, and {size} by its descriptor", bytes.len())),
            Ok(SmallBlob::Missing) if self.layout.is_in_store() => {
                Some(Err(not_had(self.subject, format!("{location}: {digest} was not had"))))
            }
            Ok(SmallBlob::Missing) => bad(format!("the layout does not hold {digest}")),
            Ok(SmallBlob::Refused(why)) => bad(format!("{digest}: {why}")),
            Err(error) => bad(error.to_string()),
        }
    }

    fn add(&mut self, location: &str, form: AttachmentForm) {
        self.found.push(Attachment { location: location.to_owned(), target: self.target.clone(), form });
    }
}

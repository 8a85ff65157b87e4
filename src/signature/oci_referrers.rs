//! What stands beside an artifact and no scheme reads: named, and never passed over in silence. [`beside`](super::beside) finds it.
//!
//! A form that nobody here knows may well be an honest signature: it is inconclusive, no refusal. What is there and could not be read is the
//! gap that says why.

use jiff::Timestamp;

use super::{ALL, Candidate, JudgedSignature, Outcome, Presented, Scheme, Signatures, TrustAnchors, Undetermined, notary, sigstore};
use crate::model::attachment::{Attachment, AttachmentForm, Attachments};
use crate::model::gap::{Gap, GapReason};
use crate::model::media_type::signature_format;
use crate::model::observed::Observed;
use crate::unpack::Limits;

/// The scheme.
pub struct OciReferrers;

/// The name of the scheme.
pub const NAME: &str = "oci-referrers";

impl Scheme for OciReferrers {
    fn name(&self) -> &'static str {
        NAME
    }

    fn describe(&self) -> &'static str {
        "signatures beside an artifact in a form that no scheme reads, or that could not be read"
    }

    fn does_not_bind(&self) -> &'static [&'static str] {
        &[]
    }

    fn source(&self) -> &'static str {
        "OCI image-spec and distribution-spec 1.1, and cosign's tag scheme."
    }

    fn examine(&self, _: &Candidate<'_>, beside: &Attachments, _: &TrustAnchors, _: Timestamp, _: &Limits) -> Signatures {
        let unread: Vec<JudgedSignature> = beside.found.iter().filter_map(judged).collect();
        if unread.is_empty() { Observed::Absent } else { Observed::Present(unread) }
    }
}

/// `None` where another scheme judges it.
fn judged(attachment: &Attachment) -> Option<JudgedSignature> {
    let unread = |what: &str| Gap {
        subject: attachment.target.digest.to_string(),
        wanted: "whether a signature beside the artifact holds".into(),
        reason: GapReason::NotBuilt,
        detail: format!("{what} at {}", attachment.location),
        next_step: "Verify it with the tool that made it; this version finds it and does not judge it.".into(),
    };
    let read_by = |scheme: &str, what: &str| {
        let is_read = ALL.iter().any(|known| known.name() == scheme);
        (!is_read).then(|| unread(what))
    };
    let gap = match &attachment.form {
        AttachmentForm::Unreadable(gap) => gap.clone(),
        AttachmentForm::Unknown(media_type) => unread(signature_format([media_type.as_str()]).unwrap_or(media_type)),
        AttachmentForm::SigstoreBundle(_) => read_by(sigstore::NAME, "Sigstore bundle")?,
        AttachmentForm::CosignSignature { .. } => read_by(sigstore::NAME, "cosign signature (legacy)")?,
        AttachmentForm::CosignAttestation { .. } => read_by(sigstore::NAME, "cosign attestation (legacy)")?,
        AttachmentForm::CosignBlob { .. } => read_by(sigstore::NAME, "cosign signature of a file")?,
        AttachmentForm::NotaryEnvelope { media_type, .. } => {
            read_by(notary::NAME, signature_format([media_type.as_str()]).unwrap_or("Notary Project signature"))?
        }
    };
    Some(JudgedSignature {
        scheme: NAME,
        location: attachment.location.clone(),
        presented: Presented::default(),
        outcome: Outcome::Inconclusive(Undetermined { gap, chain_and_identity_verified: false }),
        steps: Vec::new(),
        does_not_bind: &[],
    })
}

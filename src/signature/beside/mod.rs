//! What stands beside an artifact and may be a signature of it: found and told apart for the schemes, and judged by none of this.
//!
//! [`layout`] finds what stands beside an image, or beside any digest, in the form of OCI manifests; [`files`] tells apart what lies in
//! files. What is about another artifact is left out, so that it neither counts nor accuses; what says that it is about this one and
//! cannot be read is [`AttachmentForm::Unreadable`], and never nothing.

mod document;
pub mod files;
pub mod layout;
mod manifest;

use std::collections::BTreeSet;

use crate::model::attachment::{Attachment, AttachmentForm, Attachments};
use crate::model::gap::{Gap, GapReason};

/// Signatures and attestations beside one target that are read. cosign adds a layer with each signing, so that a nightly build may have
/// some hundreds.
pub const MAX_ATTACHMENTS: usize = 512;

/// Bytes of one signature or attestation: the least of what the tools take themselves. An attestation may carry an SBOM.
pub const MAX_ATTACHMENT_BYTES: u64 = 16 << 20;

/// Bytes of everything beside one target.
pub const MAX_BYTES: u64 = 64 << 20;

/// What was found, and what is worth saying of it to a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// What the schemes judge.
    pub attachments: Attachments,
    /// What was seen and counts for nothing, one sentence each. Untrusted: print through `printable`.
    pub notes: Vec<String>,
}

impl Found {
    /// Adds what was found elsewhere, each thing once.
    pub fn extend(&mut self, other: Self) {
        for attachment in other.attachments.found {
            let is_known = |known: &Attachment| known.form == attachment.form && known.target == attachment.target;
            // Of what could not be read nobody knows that it is the same.
            let may_repeat = matches!(attachment.form, AttachmentForm::Unreadable(_) | AttachmentForm::Unknown(_));
            if may_repeat || !self.attachments.found.iter().any(is_known) {
                self.attachments.found.push(attachment);
            }
        }
        let gaps: BTreeSet<Gap> = self.attachments.gaps.iter().cloned().collect();
        self.attachments.gaps.extend(other.attachments.gaps.into_iter().filter(|gap| !gaps.contains(gap)));
        self.notes.extend(other.notes);
    }
}

/// What may still be read.
#[derive(Debug)]
struct Budget {
    attachments: usize,
    bytes: u64,
}

impl Budget {
    fn new() -> Self {
        Self { attachments: MAX_ATTACHMENTS, bytes: MAX_BYTES }
    }

    /// Room for one more of `size` bytes.
    ///
    /// # Errors
    /// The name of the limit, and what is over it.
    fn take(&mut self, size: u64) -> Result<(), (&'static str, String)> {
        if size > MAX_ATTACHMENT_BYTES {
            return Err(("attachment_bytes", format!("{size} bytes, at most {MAX_ATTACHMENT_BYTES} are read")));
        }
        let Some(attachments) = self.attachments.checked_sub(1) else {
            return Err(("attachments", format!("more than {MAX_ATTACHMENTS} signatures and attestations")));
        };
        let Some(bytes) = self.bytes.checked_sub(size) else {
            return Err(("attachments_bytes", format!("more than {MAX_BYTES} bytes of signatures and attestations")));
        };
        (self.attachments, self.bytes) = (attachments, bytes);
        Ok(())
    }
}

/// It is there, and whoever put it there made it unreadable.
fn malformed(subject: &str, detail: String) -> Gap {
    Gap {
        subject: subject.into(),
        wanted: "whether a signature beside the artifact holds".into(),
        reason: GapReason::Malformed,
        detail,
        next_step: "Find out who put it there; sign the artifact again, or take it away.".into(),
    }
}

/// It is there, and over a limit.
fn too_large(subject: &str, limit: &str, detail: String) -> Gap {
    Gap { reason: GapReason::TooLarge { limit: limit.into() }, ..malformed(subject, detail) }
}

/// It was listed, and could not be had. Why not stands in a gap of its own.
fn not_had(subject: &str, detail: String) -> Gap {
    Gap {
        reason: GapReason::NotRecorded,
        next_step: "Look at what else could not be learned of this artifact, and run it again.".into(),
        ..malformed(subject, detail)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::attachment::{Target, TargetRole};
    use crate::model::digest::Digest;

    fn at(location: &str, artifact: &[u8], form: AttachmentForm) -> Attachment {
        let target = Target { digest: Digest::of(artifact), size: 1, media_type: String::new(), role: TargetRole::Itself };
        Attachment { location: location.into(), target, form }
    }

    #[test]
    fn what_was_found_twice_counts_once_and_nothing_else_is_lost() {
        let bundle = |text: &str| AttachmentForm::SigstoreBundle(Arc::from(text.as_bytes()));
        let gap = |detail: &str| malformed("s", detail.into());
        let unreadable = || AttachmentForm::Unreadable(gap("x"));
        let found = |found: Vec<Attachment>, gaps: &[&str]| Found {
            attachments: Attachments { found, gaps: gaps.iter().map(|detail| gap(detail)).collect() },
            notes: vec!["note".into()],
        };
        let mut all = found(vec![at("a", b"1", bundle("x")), at("b", b"1", unreadable())], &["p"]);
        all.extend(found(
            vec![at("c", b"1", bundle("x")), at("d", b"1", bundle("y")), at("e", b"2", bundle("x")), at("f", b"1", unreadable())],
            &["p", "q"],
        ));
        let locations: Vec<&str> = all.attachments.found.iter().map(|attachment| attachment.location.as_str()).collect();
        assert_eq!(locations, ["a", "b", "d", "e", "f"]);
        assert_eq!(all.attachments.gaps, [gap("p"), gap("q")]);
        assert_eq!(all.notes.len(), 2);
    }
}

//! What could not be learned, in words.

use crate::model::gap::{Gap, GapReason};
use crate::unpack::{UnpackError, ZipIndex};

/// The list of entries is cut short, so "no signature file" can't be said.
pub(super) fn unlisted(subject: String, index: &ZipIndex) -> Gap {
    Gap {
        subject,
        wanted: "whether the zip holds a signature file".into(),
        reason: GapReason::Malformed,
        detail: index.anomalies.first().map(|anomaly| format!("{}: {}", anomaly.kind.id(), anomaly.detail)).unwrap_or_default(),
        next_step: "Look at the archive's anomalies with `layerproof inspect`.".into(),
    }
}

/// The archive could not be read; an operation of ours failed.
pub(super) fn unread(subject: String, error: &UnpackError) -> Gap {
    Gap {
        subject,
        wanted: "the bytes that its signature covers".into(),
        reason: GapReason::Unreachable,
        detail: error.to_string(),
        next_step: "Check that the file can be read, and run again.".into(),
    }
}

/// What was seen departs from the one description of the format.
pub(super) fn unconfirmed(subject: String, detail: String) -> Gap {
    Gap {
        subject,
        wanted: "whether its AWS Signer signature holds".into(),
        reason: GapReason::Unconfirmed,
        detail,
        next_step: "Run `layerproof inspect --explain-signature` on it and report what it prints.".into(),
    }
}

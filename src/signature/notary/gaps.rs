//! What could not be judged, in words.

use crate::model::gap::{Gap, GapReason};
use crate::signature::x509::Hash;

/// The signer demands checks that are not built in.
pub(super) fn plugin(subject: String, what: &str) -> Gap {
    Gap {
        subject,
        wanted: "whether its Notary Project signature holds".into(),
        reason: GapReason::NotBuilt,
        detail: format!("the signer demands {what}; layerproof runs no plugins"),
        next_step: "Verify it with notation and that plugin.".into(),
    }
}

/// The digest of a blob is of a kind for which its bytes are needed.
pub(super) fn digest(subject: String, hash: Hash) -> Gap {
    Gap {
        subject,
        wanted: format!("the {hash} of the signed bytes"),
        reason: GapReason::NotBuilt,
        detail: format!("the signature states a {hash}, and the bytes are not at hand unchanged"),
        next_step: "Verify the blob itself as a zip file, or with `notation blob verify`.".into(),
    }
}

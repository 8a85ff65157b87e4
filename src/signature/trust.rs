//! Trust anchors: always named, always by fingerprint.

use serde::Serialize;

/// A root certificate that a policy names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Anchor {
    /// The name that a statement's `root:` uses.
    pub name: String,
    /// DER of the certificate.
    #[serde(skip)]
    pub der: Vec<u8>,
    /// SHA-256 of the DER, lower-case hexadecimal, as typed by the user or as shipped; checked against `der` when loaded.
    pub sha256: String,
    /// Literal accounts that a pinned root may vouch for (DESIGN §4 rule 9). Empty only for shipped anchors.
    pub accounts: Vec<String>,
    /// Where the anchor comes from, and how sure that is; one sentence for reports.
    pub provenance: String,
    /// True for an anchor that ships with layerproof.
    pub shipped: bool,
}

/// The anchors in force, unique by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TrustAnchors {
    /// The anchors.
    pub anchors: Vec<Anchor>,
}

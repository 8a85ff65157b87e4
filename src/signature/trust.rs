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

/// Why bytes are not the anchor that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// No PEM or DER certificate.
    #[error("not a certificate")]
    NotACertificate,
    /// Another certificate than the one whose fingerprint was typed.
    #[error("the certificate's SHA-256 is {presented}, but {expected} was typed")]
    Fingerprint {
        /// As typed.
        expected: String,
        /// As computed.
        presented: String,
    },
}

impl Anchor {
    /// A root that the user pins.
    pub fn pinned(name: &str, bytes: &[u8], typed_sha256: &str, accounts: &[String]) -> Result<Self, AnchorError> {
        let (_, der) = der::pem::decode_vec(bytes).map_err(|_| AnchorError::NotACertificate)?;
        let presented = crate::model::digest::Digest::of(&der).hex();
        if presented != typed_sha256 {
            return Err(AnchorError::Fingerprint { expected: typed_sha256.into(), presented });
        }
        Ok(Self { name: name.into(), der, sha256: presented, accounts: accounts.to_vec(), provenance: "pinned".into(), shipped: false })
    }
}

/// The anchors that ship with layerproof.
pub fn shipped() -> Vec<Anchor> {
    vec![Anchor {
        name: "aws-signer-lambda-unconfirmed".into(),
        der: Vec::new(),
        sha256: String::new(),
        accounts: Vec::new(),
        provenance: String::new(),
        shipped: true,
    }]
}

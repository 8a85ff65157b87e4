//! What stands beside an artifact and may say who made it: signatures and attestations as they were found, before anybody judges them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::digest::Digest;
use super::gap::Gap;

/// One signature or attestation as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Where: a path, a tag, a digest, an address. Untrusted: print through `printable`.
    pub location: String,
    /// What it was found beside, and so what it must be about.
    pub target: Target,
    /// Its bytes, by form.
    pub form: AttachmentForm,
}

/// What an attachment must be about. Each field was computed from the bytes that are judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// SHA-256 of the zip, the manifest or the index.
    pub digest: Digest,
    /// Bytes of it.
    pub size: u64,
    /// For images: the media type of the manifest or index. Empty for other bytes.
    pub media_type: String,
    /// How it stands to the artifact that is judged.
    pub role: TargetRole,
}

/// How a target stands to the artifact that is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetRole {
    /// It is the artifact.
    Itself,
    /// It is an index that lists the artifact's manifest (DESIGN §4 rule 7).
    IndexAbove,
}

/// The forms in which signatures stand beside artifacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttachmentForm {
    /// A Sigstore bundle, JSON (protobuf-specs, `Bundle`), of any version.
    SigstoreBundle(Arc<[u8]>),
    /// One layer of cosign's tag `sha256-HEX.sig` (cosign SIGNATURE_SPEC): the simple signing payload, and the layer's annotations.
    CosignSignature {
        /// The bytes of the layer.
        payload: Arc<[u8]>,
        /// `dev.cosignproject.cosign/signature`, `dev.sigstore.cosign/certificate` and so on.
        annotations: BTreeMap<String, String>,
    },
    /// One layer of cosign's tag `sha256-HEX.att`: a DSSE envelope, and the layer's annotations.
    CosignAttestation {
        /// The bytes of the layer.
        envelope: Arc<[u8]>,
        /// `dev.sigstore.cosign/certificate` and so on.
        annotations: BTreeMap<String, String>,
    },
    /// A detached signature over a blob as `cosign sign-blob --output-signature` writes it: base64 of the signature value, with the
    /// certificate (PEM) or the old JSON bundle beside it where they are there.
    CosignBlob {
        /// The text of the signature file.
        signature: Arc<[u8]>,
        /// The text of the certificate file.
        certificate: Option<Arc<[u8]>>,
    },
    /// A Notary Project envelope.
    NotaryEnvelope {
        /// The bytes.
        envelope: Arc<[u8]>,
        /// `application/jose+json` or `application/cose`.
        media_type: String,
        /// True where it signs the bytes of a blob (`notation blob sign`), false where it signs an OCI descriptor.
        blob: bool,
    },
    /// Something that says that it is a signature, in a form that no scheme reads: its media type.
    Unknown(String),
    /// It is there, and could not be read.
    Unreadable(Gap),
}

/// What was found beside one artifact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attachments {
    /// Everything that was found, in the order of the places that were looked at.
    pub found: Vec<Attachment>,
    /// Why there may be more: a place that could not be looked at. With a gap nothing is "unsigned".
    pub gaps: Vec<Gap>,
}

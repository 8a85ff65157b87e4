//! The manifests that bring a signature to its image.

use layerproof::model::digest::Digest;
use serde_json::{Value, json};

use super::Notary;
use crate::forge::keys::Hash;
use crate::forge::oci::{Layout, MANIFEST};

pub const ARTIFACT_TYPE: &str = "application/vnd.cncf.notary.signature";
pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
pub const THUMBPRINTS: &str = "io.cncf.notary.x509chain.thumbprint#S256";

/// A descriptor of `bytes`.
pub fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": format!("sha256:{}", Hash::Sha256.hex(bytes)), "size": bytes.len()})
}

/// The descriptor of an image manifest in `layout`, as `subject` has it.
pub fn subject(layout: &Layout, image: &Digest) -> Value {
    descriptor(MANIFEST, layout.bytes(image))
}

impl Notary {
    /// Adds an envelope to the layout that refers to `image`, and gives the descriptor of its manifest.
    pub fn attach(&self, layout: &mut Layout, image: &Digest, envelope_type: &str, envelope: Vec<u8>) -> Value {
        let manifest = manifest(self, &subject(layout, image), envelope_type, &envelope);
        layout.blob(envelope_type, envelope);
        layout.referrer(&manifest, None)
    }
}

/// The signature manifest of today: artifactType, empty config, one layer, subject.
pub fn manifest(world: &Notary, subject: &Value, envelope_type: &str, envelope: &[u8]) -> Value {
    let mut manifest = legacy(world, subject, envelope_type, envelope);
    manifest["artifactType"] = json!(ARTIFACT_TYPE);
    manifest["config"] = descriptor(EMPTY, b"{}");
    manifest
}

/// The signature manifest up to notation 1.1: the config's media type says what it is.
pub fn legacy(world: &Notary, subject: &Value, envelope_type: &str, envelope: &[u8]) -> Value {
    let thumbprints: Vec<String> = world.leaf_first().iter().map(|der| Hash::Sha256.hex(der)).collect();
    json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(ARTIFACT_TYPE, b"{}"),
        "layers": [descriptor(envelope_type, envelope)],
        "subject": subject,
        "annotations": {THUMBPRINTS: json!(thumbprints).to_string(), "org.opencontainers.image.created": "2026-09-01T10:20:30Z"},
    })
}

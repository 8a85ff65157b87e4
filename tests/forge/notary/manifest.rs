//! The manifests that bring a signature to its image.

use serde_json::{Value, json};

use super::Notary;
use crate::forge::keys::Hash;
use crate::forge::oci::MANIFEST;

pub const ARTIFACT_TYPE: &str = "application/vnd.cncf.notary.signature";
pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
pub const THUMBPRINTS: &str = "io.cncf.notary.x509chain.thumbprint#S256";

/// A descriptor of `bytes`.
pub fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": format!("sha256:{}", Hash::Sha256.hex(bytes)), "size": bytes.len()})
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

//! cosign's images of old: layers of `sha256-HEX.sig` and `.att`, and the referrers of cosign v3.

use data_encoding::{BASE64, HEXLOWER};
use layerproof::model::digest::Digest;
use serde_json::{Map, Value, json};

use super::Sigstore;
use super::bundle::{BundleBuilder, Content};
use crate::forge::ca::pem;
use crate::forge::notary::manifest::{EMPTY, descriptor, subject};
use crate::forge::oci::{CONFIG, Layout, MANIFEST};

pub const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
pub const DSSE: &str = "application/vnd.dsse.envelope.v1+json";
pub const BUNDLE_V03: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
pub const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
pub const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
pub const CHAIN: &str = "dev.sigstore.cosign/chain";
pub const BUNDLE: &str = "dev.sigstore.cosign/bundle";
pub const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";

/// The payload that cosign signs for an image. `digest` is the manifest's, `sha256:HEX`.
#[derive(Clone)]
pub struct SimpleSigning {
    pub kind: String,
    pub digest: String,
    pub reference: String,
    /// `-a KEY=VALUE`.
    pub annotations: Vec<(String, String)>,
}

impl SimpleSigning {
    /// The payload for the image of this manifest digest.
    pub fn of(digest: &str) -> Self {
        Self {
            kind: "cosign container image signature".into(),
            digest: digest.into(),
            reference: "registry.test/app".into(),
            annotations: Vec::new(),
        }
    }

    /// The payload's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let annotations: Map<_, _> = self.annotations.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
        let optional = if annotations.is_empty() { Value::Null } else { Value::Object(annotations) };
        let payload = json!({
            "critical": {
                "identity": {"docker-reference": self.reference},
                "image": {"docker-manifest-digest": self.digest},
                "type": self.kind,
            },
            "optional": optional,
        });
        payload.to_string().into_bytes()
    }
}

/// A layer of a `.sig` or `.att` image. Annotations are not signed: change them at will.
#[derive(Clone)]
pub struct Layer {
    pub media_type: String,
    pub bytes: Vec<u8>,
    pub annotations: Vec<(String, String)>,
}

impl Sigstore {
    /// What cosign of old signs for an image; [`BundleBuilder::legacy_layer`] makes the layer.
    pub fn cosign(&self, payload: &SimpleSigning) -> BundleBuilder {
        self.keyless(&payload.bytes())
    }
}

impl Layer {
    /// Sets an annotation.
    pub fn set(&mut self, key: &str, value: &str) {
        self.drop(key);
        self.annotations.push((key.into(), value.into()));
    }

    /// Takes an annotation away.
    pub fn drop(&mut self, key: &str) {
        self.annotations.retain(|(name, _)| name != key);
    }

    /// An annotation.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.annotations.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

impl BundleBuilder {
    /// What was signed as a layer of cosign's old images: of `.sig` for a blob, of `.att` for an envelope. The log's first entry becomes the
    /// annotation `bundle`, the first timestamp its own.
    pub fn legacy_layer(&self) -> Layer {
        let bundle = self.build();
        let material = &bundle.json["verificationMaterial"];
        let (media_type, bytes, signature) = match &self.content {
            Content::Blob(payload) => {
                (SIMPLE_SIGNING, payload.clone(), bundle.json["messageSignature"]["signature"].as_str().unwrap_or_default())
            }
            Content::Dsse { .. } => (DSSE, bundle.json["dsseEnvelope"].to_string().into_bytes(), ""),
        };
        let mut layer = Layer { media_type: media_type.into(), bytes, annotations: Vec::new() };
        layer.set(SIGNATURE, signature);
        if let Some(leaf) = &bundle.leaf {
            layer.set(CERTIFICATE, &pem("CERTIFICATE", leaf));
            let chain: String = self.world.fulcio.chain().iter().map(|der| pem("CERTIFICATE", der)).collect();
            layer.set(CHAIN, &chain);
        }
        if let Some(entry) = material["tlogEntries"].get(0) {
            layer.set(BUNDLE, &log_bundle(entry).to_string());
        }
        if let Some(stamp) = material["timestampVerificationData"]["rfc3161Timestamps"].get(0) {
            layer.set(TIMESTAMP, &json!({"SignedRFC3161Timestamp": stamp["signedTimestamp"]}).to_string());
        }
        layer
    }
}

/// The manifest under the tag `sha256-HEX.sig` or `.att`.
pub fn manifest(layers: &[Layer]) -> Value {
    let layers: Vec<Value> = layers
        .iter()
        .map(|layer| {
            let mut descriptor = descriptor(&layer.media_type, &layer.bytes);
            descriptor["annotations"] =
                Value::Object(layer.annotations.iter().map(|(key, value)| (key.clone(), json!(value))).collect::<Map<_, _>>());
            descriptor
        })
        .collect();
    json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, CONFIG_BYTES), "layers": layers})
}

/// The config of [`manifest`].
pub const CONFIG_BYTES: &[u8] = br#"{"architecture":"","os":"","config":{},"rootfs":{"type":"layers","diff_ids":[]}}"#;

/// The manifest of cosign v3: a bundle that refers to `subject` (a descriptor). Its config is the empty one.
pub fn referrer(subject: &Value, bundle: &[u8], predicate_type: &str) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": BUNDLE_V03,
        "config": descriptor(EMPTY, b"{}"),
        "layers": [descriptor(BUNDLE_V03, bundle)],
        "subject": subject,
        "annotations": {
            "dev.sigstore.bundle.content": "dsse-envelope",
            "dev.sigstore.bundle.predicateType": predicate_type,
            "org.opencontainers.image.created": "2026-09-01T10:20:30Z",
        },
    })
}

/// Adds the image of signatures under the tag `sha256-HEX.sig`, or of attestations with the suffix `.att`, and gives its descriptor.
pub fn attach(layout: &mut Layout, image: &Digest, suffix: &str, layers: &[Layer]) -> Value {
    for layer in layers {
        layout.blob(&layer.media_type, layer.bytes.clone());
    }
    layout.blob(CONFIG, CONFIG_BYTES.to_vec());
    layout.referrer(&manifest(layers), Some(&format!("sha256-{}{suffix}", image.hex())))
}

/// Adds a bundle that refers to `image`, as cosign v3 does, and gives the descriptor of its manifest.
pub fn attach_bundle(layout: &mut Layout, image: &Digest, bundle: Vec<u8>, predicate_type: &str) -> Value {
    let manifest = referrer(&subject(layout, image), &bundle, predicate_type);
    layout.blob(BUNDLE_V03, bundle);
    layout.referrer(&manifest, None)
}

/// The annotation `bundle` that says what a bundle's `tlogEntries` entry says.
fn log_bundle(entry: &Value) -> Value {
    let number = |field: &str| entry[field].as_str().and_then(|text| text.parse::<i64>().ok()).unwrap_or_default();
    let id = entry["logId"]["keyId"].as_str().unwrap_or_default();
    let id = BASE64.decode(id.as_bytes()).expect("base64");
    json!({
        "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
        "Payload": {
            "body": entry["canonicalizedBody"],
            "integratedTime": number("integratedTime"),
            "logIndex": number("logIndex"),
            "logID": HEXLOWER.encode(&id),
        },
    })
}

//! Which blobs a manifest or index asks for. What is wrong with it, `unpack::image` says; here it only leads to no blob.

use serde::Deserialize;
use serde_json::Value;

use crate::model::digest::ClaimedDigest;
use crate::model::media_type::signature_format;
use crate::model::platform::Platform;

/// A manifest or an index, as far as it is understood.
pub(super) enum Document {
    /// An image, or an artifact in the form of one.
    Manifest {
        config: Described,
        layers: Vec<Described>,
    },
    /// A list of manifests.
    Index {
        manifests: Vec<Described>,
    },
    Neither,
}

/// What points to a blob or manifest. Its `urls` are not read: they would lead anywhere (docs/adr/0012-registry-client.md, 6).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Described {
    #[serde(default)]
    pub media_type: String,
    pub digest: String,
    pub size: u64,
    #[serde(default)]
    pub artifact_type: String,
    #[serde(default)]
    platform: Option<Platform>,
}

impl Document {
    pub fn parse(bytes: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Raw {
            config: Option<Described>,
            layers: Option<Vec<Described>>,
            manifests: Option<Vec<Described>>,
        }
        match serde_json::from_slice(bytes) {
            Ok(Raw { config: Some(config), layers: Some(layers), manifests: None }) => Self::Manifest { config, layers },
            Ok(Raw { config: None, layers: None, manifests: Some(manifests) }) => Self::Index { manifests },
            Ok(_) | Err(_) => Self::Neither,
        }
    }
}

/// The blobs of a manifest in which some type says that it is a signature, `described` being the one in the list that led to it; none of
/// any other. Whatever could be taken for a signature later on is had here: where this reader were the stricter one of the two, whoever
/// may push could make a signature look like one that was not to be had.
pub(super) fn signature_blobs(manifest: &[u8], described: &str) -> Vec<(u64, ClaimedDigest)> {
    let Ok(manifest) = serde_json::from_slice::<Value>(manifest) else { return Vec::new() };
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let parts: Vec<&Value> = manifest.get("layers").and_then(Value::as_array).into_iter().flatten().chain(manifest.get("config")).collect();
    let own = text(&manifest, "artifactType");
    let types: Vec<String> = parts.iter().filter_map(|part| text(part, "mediaType")).chain(own).collect();
    if signature_format(types.iter().map(String::as_str).chain([described])).is_none() {
        return Vec::new();
    }
    let job = |part: &&Value| Some((part.get("size")?.as_u64()?, ClaimedDigest::from_oci(part.get("digest")?.as_str()?).ok()?));
    parts.iter().filter_map(job).collect()
}

impl Described {
    /// Size and digest, where the digest is one that can be held against bytes.
    pub fn job(&self) -> Option<(u64, ClaimedDigest)> {
        Some((self.size, ClaimedDigest::from_oci(&self.digest).ok()?))
    }
}

/// The one manifest for `linux` and Lambda's architecture; `None` where there is none, or several that differ.
pub(super) fn for_platform(manifests: &[Described], architecture: &str) -> Option<ClaimedDigest> {
    let is_fitting = |m: &&Described| m.platform.as_ref().is_some_and(|platform| platform.is_lambdas(architecture));
    let mut fitting = manifests.iter().filter(is_fitting);
    let first = fitting.next()?;
    if fitting.any(|other| other.digest != first.digest) {
        return None;
    }
    ClaimedDigest::from_oci(&first.digest).ok()
}

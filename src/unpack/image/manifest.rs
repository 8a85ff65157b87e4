//! Manifests, indexes and configurations of images, as far as they are needed. OCI image-spec 1.1 and Docker schema 2.

use serde::Deserialize;

use super::super::anomaly::AnomalyKind;
use crate::model::platform::{Platform, go_architecture};

/// Media types of a single image's manifest.
const MANIFESTS: &[&str] = &["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"];
/// Media types of an index of manifests.
const INDEXES: &[&str] = &["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"];
/// Media types of an image's configuration.
const CONFIGS: &[&str] = &["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

/// What points to a blob.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Descriptor {
    #[serde(rename = "mediaType", default)]
    pub(super) media_type: String,
    pub(super) digest: String,
    pub(super) size: u64,
    #[serde(default)]
    platform: Option<Platform>,
}

/// A manifest or an index.
pub(super) enum Document {
    Manifest { media_type: String, config: Descriptor, layers: Vec<Descriptor> },
    Index { manifests: Vec<Descriptor> },
}

/// What can be wrong with a document, in words for an anomaly.
pub(super) type Flaw = (AnomalyKind, String);

/// Reads a manifest or index. `described` is the media type of the descriptor that led here, where one did.
pub(super) fn parse(bytes: &[u8], described: Option<&str>) -> Result<Document, Flaw> {
    #[derive(Deserialize)]
    struct Raw {
        #[serde(rename = "schemaVersion")]
        schema_version: u64,
        #[serde(rename = "mediaType", default)]
        media_type: Option<String>,
        #[serde(default)]
        config: Option<Descriptor>,
        #[serde(default)]
        layers: Option<Vec<Descriptor>>,
        #[serde(default)]
        manifests: Option<Vec<Descriptor>>,
    }
    let malformed = |detail: String| Err((AnomalyKind::Malformed, detail));
    let raw: Raw = match serde_json::from_slice(bytes) {
        Ok(raw) => raw,
        Err(e) => return malformed(format!("neither an image manifest nor an index: {e}")),
    };
    if raw.schema_version != 2 {
        return malformed(format!("schema version {}; only 2 is read", raw.schema_version));
    }
    if let (Some(own), Some(described)) = (raw.media_type.as_deref(), described.filter(|d| !d.is_empty()))
        && own != described
    {
        return Err((AnomalyKind::HeaderMismatch, format!("media type: the descriptor says `{described}`, the document `{own}`")));
    }
    // CVE-2021-41190: a document that is both is read either way, depending on the reader.
    let stated = raw.media_type.as_deref().or(described).unwrap_or_default();
    match (raw.manifests, raw.config, raw.layers) {
        (Some(manifests), None, None) if stated.is_empty() || INDEXES.contains(&stated) => Ok(Document::Index { manifests }),
        (None, Some(config), Some(layers)) if stated.is_empty() || MANIFESTS.contains(&stated) => {
            let media_type = if stated.is_empty() { MANIFESTS.first().copied().unwrap_or_default() } else { stated };
            Ok(Document::Manifest { media_type: media_type.to_owned(), config, layers })
        }
        (Some(_), None, None) | (None, Some(_), Some(_)) => malformed(format!("media type `{stated}` does not fit the document's fields")),
        (Some(_), _, _) => Err((AnomalyKind::HeaderMismatch, "both a manifest and an index: readers may take it for either".into())),
        (None, _, _) => malformed("neither an image manifest nor an index".into()),
    }
}

/// The manifest for Linux and an architecture of Lambda's (`x86_64`, `arm64`).
pub(super) fn for_platform(manifests: &[Descriptor], architecture: &str) -> Result<Descriptor, Flaw> {
    let mut fitting = manifests.iter().filter(|m| m.platform.as_ref().is_some_and(|platform| platform.is_lambdas(architecture)));
    let architecture = go_architecture(architecture);
    let Some(first) = fitting.next() else {
        return Err((AnomalyKind::Malformed, format!("the index has no manifest for linux/{architecture}")));
    };
    if let Some(other) = fitting.find(|m| m.digest != first.digest) {
        let detail = format!(
            "the index has several manifests for linux/{architecture}, `{}` and `{}`: readers may take either",
            first.digest, other.digest
        );
        return Err((AnomalyKind::HeaderMismatch, detail));
    }
    if INDEXES.contains(&first.media_type.as_str()) {
        return Err((AnomalyKind::Malformed, "an index within the index".into()));
    }
    Ok(first.clone())
}

/// The parts of an image's configuration that are needed.
pub(super) struct Config {
    pub(super) architecture: String,
    pub(super) diff_ids: Vec<String>,
}

/// Reads the configuration.
pub(super) fn parse_config(bytes: &[u8], described: &str) -> Result<Config, Flaw> {
    #[derive(Deserialize)]
    struct Raw {
        #[serde(default)]
        architecture: String,
        rootfs: RootFs,
    }
    #[derive(Deserialize)]
    struct RootFs {
        diff_ids: Vec<String>,
    }
    if !CONFIGS.contains(&described) {
        return Err((AnomalyKind::Malformed, format!("not a container image: its configuration is `{described}`")));
    }
    let raw: Raw = serde_json::from_slice(bytes).map_err(|e| (AnomalyKind::Malformed, format!("image configuration: {e}")))?;
    Ok(Config { architecture: raw.architecture, diff_ids: raw.rootfs.diff_ids })
}

/// How a layer's bytes are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    Plain,
    Gzip,
    Zstd,
}

/// What a layer's media type says of its compression; `Err` for a layer that is no tar that everybody may read.
pub(super) fn layer_compression(media_type: &str) -> Result<Compression, Flaw> {
    match media_type {
        "application/vnd.oci.image.layer.v1.tar" | "application/vnd.docker.image.rootfs.diff.tar" => Ok(Compression::Plain),
        "application/vnd.oci.image.layer.v1.tar+gzip" | "application/vnd.docker.image.rootfs.diff.tar.gzip" => Ok(Compression::Gzip),
        "application/vnd.oci.image.layer.v1.tar+zstd" | "application/vnd.docker.image.rootfs.diff.tar.zstd" => Ok(Compression::Zstd),
        other if other.contains("encrypted") => Err((AnomalyKind::Encrypted, format!("media type `{other}`"))),
        other if other.contains("nondistributable") || other.contains("foreign") => {
            Err((AnomalyKind::UnsupportedMethod, format!("a layer that is kept elsewhere (`{other}`); its addresses are never followed")))
        }
        other => Err((AnomalyKind::UnsupportedMethod, format!("a layer of media type `{other}`"))),
    }
}

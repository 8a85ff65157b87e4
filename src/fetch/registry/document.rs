//! Which blobs a manifest or index asks for. What is wrong with it, `unpack::image` says; here it only leads to no blob.

use serde::Deserialize;

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

    /// The blobs of a manifest whose media types say that it is a signature; none of any other.
    pub fn signature_blobs(&self, artifact_type: &str) -> Vec<(u64, ClaimedDigest)> {
        let Self::Manifest { config, layers } = self else { return Vec::new() };
        let all = || layers.iter().chain([config]);
        match signature_format(all().map(|d| d.media_type.as_str()).chain([artifact_type])) {
            Some(_) => all().filter_map(Described::job).collect(),
            None => Vec::new(),
        }
    }
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

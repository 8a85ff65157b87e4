//! Manifests and indexes, by tag or digest, hashed by us.

use super::retry::{Attempts, Next};
use super::transport::{Answer, Question};
use super::{RegistryError, Repository};
use crate::model::digest::{ClaimedDigest, Digest};

/// Bytes of a manifest or index. distribution-spec: registries must take 4 MiB, and may refuse more.
pub const MANIFEST_BYTES: u64 = 4 << 20;

/// Everything that may stand for an image, a signature or a list of either.
const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

/// Which manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// By what its bytes must hash to.
    Digest(&'a ClaimedDigest),
    /// By a name that may move.
    Tag(&'a str),
}

/// A manifest or index as the registry gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawManifest {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Their digest, computed.
    pub digest: Digest,
    /// `Content-Type`, as the registry says.
    pub media_type: String,
}

impl Repository<'_> {
    /// A manifest or index.
    ///
    /// # Errors
    /// [`RegistryError::OtherBytes`] where the bytes are not those of the digest that was asked for; `Absent` only where the registry said so in words.
    pub async fn manifest(&self, which: Which<'_>) -> Result<RawManifest, RegistryError> {
        let reference = match which {
            Which::Digest(digest) => digest.to_string(),
            Which::Tag(tag) => tag.to_owned(),
        };
        let url = self.endpoint()?.address(&["manifests", &reference])?;
        let Answer { body: bytes, content_type: media_type, .. } = self.ask(url, ACCEPT, "manifest_bytes").await?;
        let digest = Digest::of(&bytes);
        match which {
            Which::Digest(expected) if ClaimedDigest::from(digest) != *expected => {
                Err(RegistryError::OtherBytes { expected: *expected, presented: digest })
            }
            Which::Digest(_) | Which::Tag(_) => Ok(RawManifest { bytes, digest, media_type }),
        }
    }

    /// A small answer of the registry, logged in, asked again where that may help.
    pub(super) async fn ask(&self, url: reqwest::Url, accept: &str, limit: &'static str) -> Result<Answer, RegistryError> {
        let endpoint = self.endpoint()?;
        let transport = self.transport();
        let mut attempts = Attempts::new(transport.patience());
        loop {
            let authorization = self.authorization().await?;
            let question = Question { accept, authorization: authorization.as_ref(), from: 0 };
            let error = match transport.small(&endpoint, url.clone(), question, MANIFEST_BYTES, limit).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match attempts.after(&error) {
                Next::Wait(wait) => tokio::time::sleep(wait).await,
                Next::Renew => {
                    let challenge = if let RegistryError::Refused { challenge, .. } = &error { challenge.as_deref() } else { None };
                    self.renew(authorization.as_ref(), challenge).await?;
                }
                Next::GiveUp => return Err(error),
            }
        }
    }
}

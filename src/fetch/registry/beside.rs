//! What stands beside an image and may be a signature of it: the registry's list of referrers (distribution-spec 1.1), the tag that holds
//! the list where there is no such API, and cosign's tags. An answer that is not understood makes all of it unknown, and what was found stays.

use serde_json::{Map, Value, json};

use super::document::{Described, Document, signature_blobs};
use super::{Problem, Pull, Stop};
use crate::clients::registry::{Asked, Lane, MANIFEST_BYTES, Referrer, Referrers, RegistryError, Which};
use crate::model::digest::ClaimedDigest;
use crate::model::gap::{Gap, GapReason};

/// Manifests and blobs beside one image that are read. cosign adds a layer to the manifest under its tag with each signing.
const MANIFESTS_BESIDE: usize = 1_024;

/// Bytes of one blob of a signature. An attestation may carry an SBOM.
const SIGNATURE_BYTES: u64 = 16 << 20;

/// Bytes of everything beside one image.
const BESIDE_BYTES: u64 = 64 << 20;

const WANTED: &str = "whether signatures stand beside it in the registry";

/// What was found.
pub(super) struct Beside {
    /// What the `index.json` of a layout with the image and all of this would be.
    pub index: Vec<u8>,
    /// Why there may be more.
    pub unknown: Option<Gap>,
}

impl Pull<'_> {
    /// What stands beside `digest`, and beside the index that `tag` names, if that lists `digest`.
    pub(super) fn beside(&self, digest: &ClaimedDigest, tag: Option<&str>) -> Result<Beside, Stop> {
        let mut search =
            Search { pull: self, manifests: Vec::new(), unknown: None, left: MANIFESTS_BESIDE, bytes_left: BESIDE_BYTES, lane: None };
        search.manifests.push(json!({ "digest": digest.to_string(), "size": 0 }));
        search.about(digest)?;
        if let Some(tag) = tag {
            search.index_above(tag, digest)?;
        }
        let Search { manifests, unknown, .. } = search;
        let index = json!({ "schemaVersion": 2, "manifests": manifests });
        Ok(Beside { index: index.to_string().into_bytes(), unknown })
    }
}

struct Search<'a> {
    pull: &'a Pull<'a>,
    manifests: Vec<Value>,
    unknown: Option<Gap>,
    left: usize,
    bytes_left: u64,
    lane: Option<Lane>,
}

impl Search<'_> {
    fn about(&mut self, digest: &ClaimedDigest) -> Result<(), Stop> {
        self.referrers(digest)?;
        for suffix in ["", ".sig", ".att"] {
            self.tag(&format!("sha256-{}{suffix}", digest.hex()))?;
        }
        Ok(())
    }

    /// An index that lists `digest` may be what was signed (DESIGN §4 rule 7).
    fn index_above(&mut self, tag: &str, digest: &ClaimedDigest) -> Result<(), Stop> {
        let pull = self.pull;
        let manifest = match pull.online.block_on(pull.repository.manifest(Which::Tag(tag))) {
            Ok(manifest) => manifest,
            Err(RegistryError::Absent { .. }) => return Ok(()),
            Err(error) => {
                self.cannot(&error, Asked::Manifest);
                return Ok(());
            }
        };
        let Document::Index { manifests } = Document::parse(&manifest.bytes) else { return Ok(()) };
        let (above, listed) = (ClaimedDigest::from(manifest.digest), digest.to_string());
        if above == *digest || !manifests.iter().any(|described| described.digest == listed) {
            return Ok(());
        }
        if !self.has_room(manifest.bytes.len() as u64, MANIFEST_BYTES) {
            return Ok(());
        }
        pull.put_small(&manifest.bytes, &above)?;
        let size = manifest.bytes.len();
        self.manifests.push(json!({ "mediaType": manifest.media_type, "digest": above.to_string(), "size": size }));
        self.about(&above)
    }

    fn referrers(&mut self, digest: &ClaimedDigest) -> Result<(), Stop> {
        let pull = self.pull;
        match pull.online.block_on(pull.repository.referrers(digest)) {
            Ok(Referrers::NoApi) => {}
            Ok(Referrers::Listed(found)) => {
                for referrer in found {
                    if self.referrer(&referrer)? {
                        self.manifests.push(json!(referrer));
                    }
                }
            }
            Err(error) => self.cannot(&error, Asked::Referrers),
        }
        Ok(())
    }

    fn tag(&mut self, tag: &str) -> Result<(), Stop> {
        let pull = self.pull;
        let manifest = match pull.online.block_on(pull.repository.manifest(Which::Tag(tag))) {
            Ok(manifest) => manifest,
            Err(RegistryError::Absent { .. }) => return Ok(()),
            Err(error) => {
                self.cannot(&error, Asked::Manifest);
                return Ok(());
            }
        };
        if !self.has_room(manifest.bytes.len() as u64, MANIFEST_BYTES) {
            return Ok(());
        }
        pull.put_small(&manifest.bytes, &manifest.digest.into())?;
        let annotations = Map::from_iter([("org.opencontainers.image.ref.name".to_owned(), Value::from(tag))]);
        let described = Referrer {
            media_type: manifest.media_type,
            digest: manifest.digest.to_string(),
            size: manifest.bytes.len() as u64,
            artifact_type: None,
            annotations: Some(annotations),
        };
        self.manifests.push(json!(described));
        self.blobs(signature_blobs(&manifest.bytes, ""))?;
        match Document::parse(&manifest.bytes) {
            // A tag named after a digest may also hold that very image.
            Document::Manifest { .. } => {}
            Document::Neither => {
                // distribution-spec, "Pushing Manifests with Subject", step 3: anything but the expected index is a failure, not an empty list.
                let detail = format!("the tag {tag} holds neither an index nor a manifest");
                self.cannot(&RegistryError::Malformed { detail }, Asked::Referrers);
            }
            Document::Index { manifests } => {
                for listed in manifests {
                    let artifact_type = (!listed.artifact_type.is_empty()).then_some(listed.artifact_type);
                    let Described { media_type, digest, size, .. } = listed;
                    self.referrer(&Referrer { media_type, digest, size, artifact_type, annotations: None })?;
                }
            }
        }
        Ok(())
    }

    /// Puts a referrer into the store, with its blobs where it is a signature; false where it is not there afterwards.
    fn referrer(&mut self, referrer: &Referrer) -> Result<bool, Stop> {
        let Ok(digest) = ClaimedDigest::from_oci(&referrer.digest) else {
            self.cannot(&RegistryError::Malformed { detail: format!("`{}` is no digest", referrer.digest) }, Asked::Referrers);
            return Ok(false);
        };
        if !self.has_room(referrer.size, MANIFEST_BYTES) {
            return Ok(false);
        }
        match self.pull.manifest(&digest) {
            Ok(bytes) if bytes.len() as u64 != referrer.size => {
                let detail = format!("{digest} has {} bytes, and {} by its descriptor", bytes.len(), referrer.size);
                self.cannot(&RegistryError::Malformed { detail }, Asked::Referrers);
                Ok(false)
            }
            Ok(bytes) => {
                let artifact_type = referrer.artifact_type.as_deref().unwrap_or_default();
                self.blobs(signature_blobs(&bytes, artifact_type))?;
                Ok(true)
            }
            Err(Problem::Registry(error)) => {
                self.cannot(&error, Asked::Manifest);
                Ok(false)
            }
            Err(Problem::Failed(error)) => Err(Stop::Failed(error)),
        }
    }

    fn blobs(&mut self, blobs: Vec<(u64, ClaimedDigest)>) -> Result<(), Stop> {
        for (size, digest) in blobs {
            if !self.has_room(size, SIGNATURE_BYTES) {
                continue;
            }
            match self.pull.blob(&mut self.lane, digest, size) {
                Ok(()) => {}
                Err(Problem::Registry(error)) => self.cannot(&error, Asked::Blob),
                Err(Problem::Failed(error)) => return Err(Stop::Failed(error)),
            }
        }
        Ok(())
    }

    /// Counts one more thing of `size` bytes; false, with a gap, where it is one too many or too large.
    fn has_room(&mut self, size: u64, limit: u64) -> bool {
        let (Some(left), Some(bytes_left)) = (self.left.checked_sub(1), self.bytes_left.checked_sub(size)) else {
            let detail = format!("more than {MANIFESTS_BESIDE} manifests and blobs, or {BESIDE_BYTES} bytes, beside the image");
            self.cannot(&RegistryError::TooLarge { limit: "beside_bytes", detail }, Asked::Referrers);
            return false;
        };
        if size > limit {
            let detail = format!("{size} bytes beside the image in one piece, at most {limit} are read");
            self.cannot(&RegistryError::TooLarge { limit: "signature_bytes", detail }, Asked::Referrers);
            return false;
        }
        (self.left, self.bytes_left) = (left, bytes_left);
        true
    }

    fn cannot(&mut self, error: &RegistryError, asked: Asked) {
        let mut gap = self.pull.gap(error, WANTED, asked);
        if matches!(error, RegistryError::Absent { .. }) {
            // It is asked for because a list or a manifest names it, and whoever may push can name what was never there.
            gap.reason = GapReason::Malformed;
            gap.next_step = "Find out who put it on the list; push it, or take it off.".into();
        }
        tracing::debug!(%gap, "what stands beside the image is not all known");
        // One gap is told: one that somebody brought about, before one that only befell us.
        let is_worse = |known: &Gap| gap.author_can_cause() && !known.author_can_cause();
        if self.unknown.as_ref().is_none_or(is_worse) {
            self.unknown = Some(gap);
        }
    }
}

//! Signatures beside an image in its OCI layout: found and named, not yet judged.
//!
//! Looked for (OCI image-spec 1.1, manifest.md "subject"; distribution-spec 1.1, "Referrers Tag Schema"; cosign's tag scheme): manifests
//! whose `subject` is the image, and the tags `sha256-HEX`, `sha256-HEX.sig` and `sha256-HEX.att`.

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{Candidate, JudgedSignature, Outcome, Presented, Scheme, Signatures, TrustAnchors, Undetermined};
use crate::model::attachment::Attachments;
use crate::model::digest::ClaimedDigest;
use crate::model::gap::{Gap, GapReason};
use crate::model::media_type::signature_format;
use crate::model::observed::Observed;
use crate::unpack::image::SmallBlob;
use crate::unpack::{Layout, Limits};

/// The scheme.
pub struct OciReferrers;

/// The name of the scheme.
pub const NAME: &str = "oci-referrers";

/// Descriptors of one layout that are looked at. A build has a handful; a mirror of a registry some hundreds.
const MAX_DESCRIPTORS: usize = 4_096;
/// An index within an index within an index is already more than tools write.
const MAX_DEPTH: usize = 4;

impl Scheme for OciReferrers {
    fn name(&self) -> &'static str {
        NAME
    }

    fn describe(&self) -> &'static str {
        "signatures beside an image (Notary, Sigstore, cosign): found and named, not yet judged"
    }

    fn does_not_bind(&self) -> &'static [&'static str] {
        &[]
    }

    fn source(&self) -> &'static str {
        "OCI image-spec and distribution-spec 1.1, and cosign's tag scheme."
    }

    fn examine(&self, artifact: &Candidate<'_>, _: &Attachments, _: &TrustAnchors, _: Timestamp, limits: &Limits) -> Signatures {
        let Candidate::Image { subject, layout, digest } = artifact else { return Observed::Absent };
        let mut search = Search { layout, limits, digest: digest.to_string(), found: Vec::new(), seen: BTreeSet::new(), unread: None };
        search.run(&digest.hex());
        if search.found.is_empty() {
            return match search.unread {
                None => Observed::Absent,
                // Whoever wrote the layout brought this about.
                Some(detail) => Observed::Unknown(Gap {
                    subject: subject.to_string(),
                    wanted: "whether signatures stand beside the image".into(),
                    reason: GapReason::Malformed,
                    detail,
                    next_step: "Copy the image with its referrers again, whole.".into(),
                }),
            };
        }
        Observed::Present(search.found.into_iter().map(|found| found.judged(&subject.to_string())).collect())
    }
}

struct Found {
    location: String,
    format: &'static str,
}

impl Found {
    fn judged(self, subject: &str) -> JudgedSignature {
        let gap = Gap {
            subject: subject.into(),
            wanted: "whether a signature beside the image holds".into(),
            reason: GapReason::NotBuilt,
            detail: format!("{} at {}", self.format, self.location),
            next_step: "Verify it with the tool that made it; this version finds it and does not judge it.".into(),
        };
        JudgedSignature {
            scheme: NAME,
            location: self.location,
            presented: Presented::default(),
            outcome: Outcome::Inconclusive(Undetermined { gap, chain_and_identity_verified: false }),
            steps: Vec::new(),
            does_not_bind: &[],
        }
    }
}

struct Search<'a> {
    layout: &'a Layout,
    limits: &'a Limits,
    /// `sha256:…` of the image.
    digest: String,
    found: Vec<Found>,
    /// Digests that were looked at, and whether as one of the image's referrers: what is nobody's elsewhere may be this image's there.
    seen: BTreeSet<(String, bool)>,
    /// The first thing that could not be read.
    unread: Option<String>,
}

/// Of an index.
#[derive(Deserialize)]
struct IndexJson {
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    #[serde(default)]
    artifact_type: String,
    #[serde(default)]
    annotations: serde_json::Map<String, Value>,
}

/// Of a manifest or index: what tells whom it is about, and what it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    subject: Option<Typed>,
    #[serde(default)]
    artifact_type: String,
    config: Option<Typed>,
    #[serde(default)]
    layers: Vec<Typed>,
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Typed {
    #[serde(default)]
    media_type: String,
    #[serde(default)]
    digest: String,
}

/// A descriptor to look at, how deep it stands, and whether the index around it lists the image's referrers.
struct Todo {
    descriptor: Descriptor,
    depth: usize,
    is_referrer: bool,
}

impl Search<'_> {
    fn run(&mut self, hex: &str) {
        let index = match self.layout.index_json(self.limits) {
            Ok(Some(bytes)) => serde_json::from_slice::<IndexJson>(&bytes).map_err(|e| e.to_string()),
            Ok(None) => Err("it is too long".into()),
            Err(error) => Err(error.to_string()),
        };
        let index = match index {
            Ok(index) => index,
            Err(detail) => return self.cannot("index.json", &detail),
        };
        let mut queue: VecDeque<Todo> =
            index.manifests.into_iter().map(|descriptor| Todo { descriptor, depth: 0, is_referrer: false }).collect();
        let mut taken = 0_usize;
        while let Some(todo) = queue.pop_front() {
            taken = taken.saturating_add(1);
            if taken > MAX_DESCRIPTORS {
                return self.cannot("index.json", &format!("more than {MAX_DESCRIPTORS} descriptors"));
            }
            self.look(todo, hex, &mut queue);
        }
    }

    fn look(&mut self, todo: Todo, hex: &str, queue: &mut VecDeque<Todo>) {
        let Todo { descriptor, depth, mut is_referrer } = todo;
        let tag = tag_of(&descriptor);
        let family = tag.as_deref().and_then(|tag| tag.strip_prefix("sha256-")?.strip_prefix(hex));
        match family {
            Some(".sig") => return self.add(tag.unwrap_or_default(), "cosign signature (legacy)"),
            Some(".att") => return self.add(tag.unwrap_or_default(), "cosign attestation (legacy)"),
            Some("") => is_referrer = true,
            Some(_) | None => {}
        }
        if is_referrer && let Some(format) = signature_format([descriptor.artifact_type.as_str()]) {
            return self.add(descriptor.digest, format);
        }
        if descriptor.digest == self.digest || !self.seen.insert((descriptor.digest.clone(), is_referrer)) {
            return;
        }
        // Signatures are listed in `index.json` itself, or in the image's own list of referrers; an index that is neither is an image.
        let Some(manifest) = self.read(&descriptor, depth > 0 && !is_referrer) else { return };
        let about_the_image = is_referrer || manifest.subject.as_ref().is_some_and(|subject| subject.digest == self.digest);
        let layers = manifest.layers.iter().map(|layer| layer.media_type.as_str());
        let config = manifest.config.iter().map(|config| config.media_type.as_str());
        let types = layers.chain(config).chain([manifest.artifact_type.as_str(), descriptor.artifact_type.as_str()]);
        if about_the_image && let Some(format) = signature_format(types) {
            self.add(descriptor.digest.clone(), format);
        }
        if !manifest.manifests.is_empty() && depth >= MAX_DEPTH {
            return self.cannot(&descriptor.digest, "indexes are nested too deep");
        }
        let depth = depth.saturating_add(1);
        let room = MAX_DESCRIPTORS.saturating_add(1).saturating_sub(queue.len());
        queue.extend(manifest.manifests.into_iter().take(room).map(|descriptor| Todo { descriptor, depth, is_referrer }));
    }

    fn read(&mut self, descriptor: &Descriptor, may_be_left_out: bool) -> Option<Manifest> {
        let bytes = match ClaimedDigest::from_oci(&descriptor.digest) {
            Err(error) => Err(error.to_string()),
            Ok(digest) => match self.layout.small_blob(&digest, self.limits) {
                Ok(SmallBlob::Bytes(bytes)) => Ok(bytes),
                // Whoever copies an image for one platform leaves the others behind, and what a builder put beside them.
                Ok(SmallBlob::Missing) if may_be_left_out => return None,
                Ok(SmallBlob::Missing) => Err(format!("the layout does not hold it ({})", descriptor.media_type)),
                Ok(SmallBlob::Refused(why)) => Err(why),
                Err(error) => Err(error.to_string()),
            },
        };
        match bytes.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|e| e.to_string())) {
            Ok(manifest) => Some(manifest),
            Err(detail) => {
                self.cannot(&descriptor.digest, &detail);
                None
            }
        }
    }

    fn add(&mut self, location: String, format: &'static str) {
        if !self.found.iter().any(|found| found.location == location) {
            self.found.push(Found { location, format });
        }
    }

    fn cannot(&mut self, what: &str, why: &str) {
        self.unread.get_or_insert_with(|| format!("{what}: {why}"));
    }
}

/// The tag of a descriptor in a layout: `org.opencontainers.image.ref.name`, of which some tools write the whole reference.
fn tag_of(descriptor: &Descriptor) -> Option<String> {
    let name = descriptor.annotations.get("org.opencontainers.image.ref.name")?.as_str()?;
    Some(name.rsplit(':').next().unwrap_or(name).to_owned())
}

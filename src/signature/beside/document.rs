//! Manifests and indexes, as far as they say whom they are about and where their parts are. OCI image-spec 1.1, manifest.md and
//! image-index.md.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::attachment::AttachmentForm;
use crate::model::media_type::signature_format;

/// Artifact type of a Notary Project signature, and media type of its configuration in the older form (signature-specification.md,
/// "Storage").
pub(super) const NOTARY: &str = "application/vnd.cncf.notary.signature";
/// How the artifact type and the media type of a Sigstore bundle begin, whatever its version.
pub(super) const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";
/// How the media type of what cosign signs begins.
pub(super) const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning";
/// How the media type of a DSSE envelope begins.
pub(super) const DSSE: &str = "application/vnd.dsse.envelope";

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The annotation that carries a tag in a layout (image-spec, annotations.md).
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// A manifest or an index. Every part may be missing: what must be there depends on what it claims to be.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    #[serde(default)]
    media_type: Option<String>,
    #[serde(default)]
    pub(super) artifact_type: Option<String>,
    #[serde(default)]
    pub(super) config: Option<Descriptor>,
    #[serde(default)]
    pub(super) layers: Vec<Descriptor>,
    #[serde(default)]
    pub(super) manifests: Vec<Descriptor>,
    #[serde(default)]
    pub(super) subject: Option<Descriptor>,
}

/// What points to a blob or manifest. Its `urls` and `data` are not read.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    #[serde(default)]
    pub(super) media_type: String,
    #[serde(default)]
    pub(super) digest: String,
    /// `None` where it is not stated.
    #[serde(default)]
    pub(super) size: Option<u64>,
    #[serde(default)]
    artifact_type: Option<String>,
    #[serde(default)]
    annotations: Option<serde_json::Map<String, serde_json::Value>>,
}

impl Document {
    /// The media type that it states, else that of its descriptor, else what its parts look like.
    pub(super) fn media_type(&self, described: &str) -> String {
        match self.media_type.as_deref().filter(|stated| !stated.is_empty()) {
            Some(stated) => stated.to_owned(),
            None if !described.is_empty() => described.to_owned(),
            None if self.manifests.is_empty() => MANIFEST.to_owned(),
            None => INDEX.to_owned(),
        }
    }

    /// What it is by its own word: `artifactType`, else the media type of its configuration (image-spec, "Guidelines for Artifact Usage").
    pub(super) fn kind(&self) -> &str {
        let stated = self.artifact_type.as_deref().filter(|stated| !stated.is_empty());
        stated.or(self.config.as_ref().map(|config| config.media_type.as_str())).unwrap_or_default()
    }

    /// The first of its types that is a signature's.
    pub(super) fn signature_type(&self) -> Option<&str> {
        let types = self.layers.iter().chain(&self.config).map(|described| described.media_type.as_str());
        std::iter::once(self.kind()).chain(types).find(|media_type| signature_format([*media_type]).is_some())
    }

    /// True where it is an index that lists `digest`.
    pub(super) fn lists(&self, digest: &str) -> bool {
        self.manifests.iter().any(|listed| listed.digest == digest)
    }
}

impl Descriptor {
    /// The artifact type that it states, where that is a signature's.
    pub(super) fn signature_type(&self) -> Option<&str> {
        self.artifact_type.as_deref().filter(|stated| signature_format([*stated]).is_some())
    }

    /// Its annotations; only texts are any.
    pub(super) fn annotations(&self) -> BTreeMap<String, String> {
        let texts = self.annotations.iter().flatten().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
        texts.collect()
    }

    /// The tag of a descriptor in a layout, of which some tools write the whole reference.
    pub(super) fn tag(&self) -> Option<SignatureTag> {
        let name = self.annotations.as_ref()?.get(REF_NAME)?.as_str()?;
        SignatureTag::parse(name.rsplit(':').next().unwrap_or(name))
    }
}

/// A tag that is named after the digest of what is signed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SignatureTag {
    /// 64 hexadecimal digits.
    pub(super) hex: String,
    pub(super) kind: TagKind,
}

/// What a tag that is named after a digest holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TagKind {
    /// `sha256-HEX`: the list of referrers (distribution-spec 1.1, "Referrers Tag Schema").
    List,
    /// `sha256-HEX.sig`: cosign's signatures.
    Signatures,
    /// `sha256-HEX.att`: cosign's attestations.
    Attestations,
}

impl SignatureTag {
    fn parse(tag: &str) -> Option<Self> {
        let (hex, rest) = tag.strip_prefix("sha256-")?.split_at_checked(64)?;
        let kind = match rest {
            "" => TagKind::List,
            ".sig" => TagKind::Signatures,
            ".att" => TagKind::Attestations,
            _ => return None,
        };
        let is_hex = hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        is_hex.then(|| Self { hex: hex.to_owned(), kind })
    }

    /// The tag as it is written.
    pub(super) fn text(&self) -> String {
        let suffix = match self.kind {
            TagKind::List => "",
            TagKind::Signatures => ".sig",
            TagKind::Attestations => ".att",
        };
        format!("sha256-{}{suffix}", self.hex)
    }
}

/// A form that no scheme reads, by its media type.
pub(super) fn unknown(media_type: &str) -> AttachmentForm {
    AttachmentForm::Unknown(media_type.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_states_no_type_is_what_its_descriptor_or_its_parts_say() {
        let parse = |text: &str| serde_json::from_str::<Document>(text).unwrap();
        assert_eq!(parse("{}").media_type(""), MANIFEST);
        assert_eq!(parse(r#"{"manifests": [{}]}"#).media_type(""), INDEX);
        assert_eq!(parse(r#"{"mediaType": "", "manifests": [{}]}"#).media_type("a"), "a");
        assert_eq!(parse(r#"{"mediaType": "b"}"#).media_type("a"), "b");
    }
}

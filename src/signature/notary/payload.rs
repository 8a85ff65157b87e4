//! The payload (specs/signature-specification.md, "Payload"): what was signed, and whether it is the target.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;
use serde_json::{Map, Value};

use super::envelope::malformed;
use crate::model::attachment::Target;
use crate::signature::Rejection;
use crate::signature::json::{alike, parse_object};
use crate::signature::x509::Hash;

/// Annotations under this prefix are the specification's, not the user's.
const RESERVED: &str = "io.cncf.notary";

/// User metadata of one signature.
const MAX_ANNOTATIONS: usize = 1024;

const DESCRIPTOR: &[&str] = &["mediaType", "digest", "size", "annotations", "artifactType"];

/// `targetArtifact`.
#[derive(Debug)]
pub(super) struct TargetArtifact {
    media_type: String,
    /// `ALGORITHM:HEX`, as signed.
    digest: String,
    size: u64,
    /// User metadata.
    pub annotations: BTreeMap<String, String>,
}

/// How the digest of a blob could be compared.
pub(super) enum Compared {
    /// It is the artifact's.
    Equal,
    /// The signature states a digest of this kind, and the bytes are not at hand to compute it.
    NoBytes(Hash),
}

impl TargetArtifact {
    pub fn parse(payload: &[u8]) -> Result<Self, Rejection> {
        const PART: &str = "payload";
        let content = parse_object(payload).map_err(|e| malformed(PART, e))?;
        if let Some(other) = content.keys().find(|name| *name != "targetArtifact") {
            return Err(malformed(
                PART,
                format!("it has the member `{other}`; only targetArtifact is known, and another might restrict it"),
            ));
        }
        let Some(Value::Object(target)) = content.get("targetArtifact") else {
            return Err(malformed(PART, "`targetArtifact` is missing or no object"));
        };
        const TARGET: &str = "targetArtifact";
        if let Some(name) = alike(target, DESCRIPTOR) {
            return Err(malformed(TARGET, format!("the member `{name}` differs in letter case from one of the format")));
        }
        let size =
            target.get("size").and_then(Value::as_u64).ok_or_else(|| malformed(TARGET, "`size` is missing or no number of bytes"))?;
        Ok(Self { media_type: text(target, "mediaType")?, digest: text(target, "digest")?, size, annotations: annotations(target)? })
    }

    /// An OCI descriptor names the target by media type, digest and size.
    pub fn check_descriptor(&self, target: &Target) -> Result<(), Rejection> {
        self.equal("media type", &target.media_type, &self.media_type)?;
        self.equal("digest", &target.digest.to_string(), &self.digest)?;
        self.equal("size", &target.size.to_string(), &self.size.to_string())
    }

    /// A blob (specs/signing-and-verification-workflow.md, "blob"): the digest is made with the hash of the signer's key. `file`: where the
    /// bytes of the target lie, where they are at hand.
    pub fn check_blob(&self, target: &Target, hash: Hash, file: Option<&Path>) -> Result<Compared, Rejection> {
        let Some((algorithm, _)) = self.digest.split_once(':') else {
            return Err(malformed("targetArtifact", "`digest` names no algorithm"));
        };
        if algorithm != hash.to_string() {
            let detail = format!("`digest` is a {algorithm}; the signer's key calls for {hash}");
            return Err(malformed("targetArtifact", detail));
        }
        self.equal("size", &target.size.to_string(), &self.size.to_string())?;
        let computed = match hash {
            Hash::Sha256 => target.digest.to_string(),
            Hash::Sha384 | Hash::Sha512 => match file.and_then(|file| digest_of(file, hash, target)) {
                Some(hex) => format!("{hash}:{hex}"),
                None => return Ok(Compared::NoBytes(hash)),
            },
        };
        self.equal("digest", &computed, &self.digest).map(|()| Compared::Equal)
    }

    /// For people.
    pub fn describe(&self) -> String {
        format!("{}, {} bytes, {}", self.digest, self.size, self.media_type)
    }

    fn equal(&self, field: &'static str, artifact: &str, signed: &str) -> Result<(), Rejection> {
        if artifact == signed {
            return Ok(());
        }
        Err(Rejection::OtherArtifact { field, expected: signed.into(), presented: artifact.into() })
    }
}

/// The digest of exactly the bytes that the target's SHA-256 is of; `None` where the file can't be read or holds other bytes by now.
fn digest_of(file: &Path, hash: Hash, target: &Target) -> Option<String> {
    let mut bytes = File::open(file).ok()?.take(target.size.saturating_add(1));
    let (mut wanted, mut known) = (Context::new(hash.algorithm()), Context::new(&SHA256));
    let mut buffer = vec![0; 1 << 16];
    // Ends with the file, or one byte after the size that the target has.
    loop {
        let length = bytes.read(&mut buffer).ok()?;
        let Some(read) = buffer.get(..length).filter(|read| !read.is_empty()) else { break };
        wanted.update(read);
        known.update(read);
    }
    let same = known.finish().as_ref() == target.digest.bytes();
    same.then(|| HEXLOWER.encode(wanted.finish().as_ref()))
}

fn text(target: &Map<String, Value>, name: &str) -> Result<String, Rejection> {
    match target.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        _ => Err(malformed("targetArtifact", format!("`{name}` is missing or no text"))),
    }
}

fn annotations(target: &Map<String, Value>) -> Result<BTreeMap<String, String>, Rejection> {
    const PART: &str = "annotations";
    let annotations = match target.get("annotations") {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(annotations)) if annotations.len() <= MAX_ANNOTATIONS => annotations,
        Some(_) => return Err(malformed(PART, format!("they are no object, or more than {MAX_ANNOTATIONS}"))),
    };
    let mut user = BTreeMap::new();
    for (name, value) in annotations {
        let value = value.as_str().ok_or_else(|| malformed(PART, format!("`{name}` is no text")))?;
        if !name.starts_with(RESERVED) {
            user.insert(name.clone(), value.to_owned());
        }
    }
    Ok(user)
}

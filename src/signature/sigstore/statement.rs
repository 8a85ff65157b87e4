//! in-toto statements and simple signing payloads, once a signature over them holds: are they about the target?

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::Value;

use super::bundle::AtMost;
use super::key::{Hash, Message};
use super::reading::malformed;
use crate::signature::{Rejection, Statement};

/// The one payload type whose payload is a statement.
pub(super) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// What cosign version 3 signs for an image: a signature, not an attestation.
const COSIGN_SIGN: &str = "https://sigstore.dev/cosign/sign/v1";
const STATEMENT_TYPES: [&str; 2] = ["https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"];
/// `critical.type`; the second is that of `atomic`, which podman wrote.
const SIMPLE_SIGNING_TYPES: [&str; 2] = ["cosign container image signature", "atomic container signature"];

/// Bytes of a statement.
const MAX_STATEMENT_BYTES: usize = 8 << 20;
/// Subjects of a statement (sigstore-go: 1024).
const MAX_SUBJECTS: usize = 1_024;
/// Digests of a subject (sigstore-go: 32).
const MAX_DIGESTS: usize = 32;

/// What was signed, once it is known to be about the target.
#[derive(Debug, Clone, Default)]
pub(super) struct About {
    /// The statement, where it is an attestation.
    pub statement: Option<Statement>,
    /// `optional` of a simple signing payload.
    pub annotations: BTreeMap<String, String>,
    /// For people.
    pub seen: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(rename = "_type")]
    kind: String,
    subject: AtMost<Subject, MAX_SUBJECTS>,
    predicate_type: String,
    #[serde(default)]
    predicate: Value,
}

#[derive(Deserialize)]
struct Subject {
    #[serde(default)]
    digest: BTreeMap<String, String>,
    /// `cosign sign -a`, from version 3 on (in-toto ResourceDescriptor, "annotations").
    #[serde(default)]
    annotations: Value,
}

/// `predicateType`, as far as it can be read; for people.
pub(super) fn predicate_type(payload: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Only {
        predicate_type: String,
    }
    let bytes = (payload.len() <= MAX_STATEMENT_BYTES).then_some(payload)?;
    Some(serde_json::from_slice::<Only>(bytes).ok()?.predicate_type.chars().take(500).collect())
}

/// A statement must have the target (its SHA-256 in hexadecimal) among its subjects, by SHA-256, else by SHA-512 where that can be computed.
pub(super) fn statement<M: Message + ?Sized>(payload_type: &str, payload: &[u8], target: &str, bytes: &M) -> Result<About, Rejection> {
    if payload_type != PAYLOAD_TYPE {
        let presented = format!("`{}`", payload_type.chars().take(100).collect::<String>());
        return Err(Rejection::Algorithm { part: "payloadType".into(), expected: PAYLOAD_TYPE.into(), presented });
    }
    if payload.len() > MAX_STATEMENT_BYTES {
        return Err(Rejection::Limit { what: "bytes of the statement".into(), limit: MAX_STATEMENT_BYTES as u64 });
    }
    let fail = |detail: String| malformed("the in-toto statement", detail);
    let wire: Wire = serde_json::from_slice(payload).map_err(|error| fail(error.to_string()))?;
    if !STATEMENT_TYPES.contains(&wire.kind.as_str()) {
        return Err(fail(format!("its _type is `{}`", wire.kind.chars().take(100).collect::<String>())));
    }
    let subjects = wire.subject.within("subjects of the statement")?;
    if subjects.iter().any(|subject| subject.digest.len() > MAX_DIGESTS) {
        return Err(Rejection::Limit { what: "digests of a subject".into(), limit: MAX_DIGESTS as u64 });
    }
    if wire.predicate_type.is_empty() {
        return Err(fail("its predicateType is empty".into()));
    }
    if !names_target(&subjects, target, bytes) {
        let named = subjects.iter().filter_map(|subject| subject.digest.get("sha256")).take(3);
        let named: Vec<String> = named.map(|hex| hex.chars().take(64).collect()).collect();
        let expected = if named.is_empty() { "no SHA-256".into() } else { named.join(" or ") };
        return Err(Rejection::ContentDigest { expected, presented: target.into() });
    }
    let seen = format!("{} about sha256:{target}", wire.predicate_type);
    let is_signature = wire.predicate_type == COSIGN_SIGN;
    let annotations = if is_signature { annotations(&subjects, target) } else { BTreeMap::new() };
    let statement = (!is_signature).then(|| Statement { predicate_type: wire.predicate_type, predicate: Arc::new(wire.predicate) });
    Ok(About { statement, annotations, seen })
}

/// What is said of the one subject that is the target; of several, nobody knows which is meant. Only texts.
fn annotations(subjects: &[Subject], target: &str) -> BTreeMap<String, String> {
    let is_target = |subject: &&Subject| subject.digest.get("sha256").is_some_and(|digest| digest.eq_ignore_ascii_case(target));
    let mut about = subjects.iter().filter(is_target);
    let (Some(Subject { annotations: Value::Object(annotations), .. }), None) = (about.next(), about.next()) else {
        return BTreeMap::new();
    };
    annotations.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

fn names_target<M: Message + ?Sized>(subjects: &[Subject], target: &str, bytes: &M) -> bool {
    let named = |algorithm: &str, hex: &str| {
        let is = |subject: &Subject| subject.digest.get(algorithm).is_some_and(|digest| digest.eq_ignore_ascii_case(hex));
        subjects.iter().any(is)
    };
    let without_sha256 = |subject: &Subject| !subject.digest.contains_key("sha256") && subject.digest.contains_key("sha512");
    // npm names its packages by SHA-512 alone.
    let by_sha512 = || {
        let digest: Cow<'_, [u8]> = bytes.digest(Hash::Sha512)?;
        Some(HEXLOWER.encode(&digest))
    };
    named("sha256", target) || (subjects.iter().any(without_sha256) && by_sha512().is_some_and(|hex| named("sha512", &hex)))
}

#[derive(Deserialize)]
struct SimpleSigning {
    critical: Critical,
    #[serde(default)]
    optional: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
struct Critical {
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

/// A simple signing payload must name the target. Its `docker-reference` says where the image was when it was signed, not what it is.
pub(super) fn simple_signing(payload: &[u8], target: &str) -> Result<About, Rejection> {
    let fail = |detail: String| malformed("the simple signing payload", detail);
    let wire: SimpleSigning = serde_json::from_slice(payload).map_err(|error| fail(error.to_string()))?;
    if !SIMPLE_SIGNING_TYPES.contains(&wire.critical.kind.as_str()) {
        return Err(fail(format!("its critical.type is `{}`", wire.critical.kind.chars().take(100).collect::<String>())));
    }
    if wire.critical.image.digest.strip_prefix("sha256:") != Some(target) {
        let expected = wire.critical.image.digest.trim_start_matches("sha256:").chars().take(64).collect();
        return Err(Rejection::ContentDigest { expected, presented: target.into() });
    }
    let texts = wire.optional.unwrap_or_default().into_iter().filter_map(|(key, value)| match value {
        Value::String(text) => Some((key, text)),
        _ => None,
    });
    Ok(About { statement: None, annotations: texts.collect(), seen: format!("a signature of the image sha256:{target}") })
}

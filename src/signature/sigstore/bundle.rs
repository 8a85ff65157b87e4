//! Sigstore bundles (protobuf-specs, `sigstore_bundle.proto`), read within limits before anything else sees them.
//!
//! The crate has no limits, and keeps unknown fields in memory while it reads. So the JSON is read here, list by list up to a number,
//! what is unknown is skipped, and the crate is handed the parts. As fields appear in [`Wire`], so do they count; none may come twice.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use sigstore_types::{
    CanonicalizedBody, CheckpointData, InclusionPromise, InclusionProof, KindVersion, LogId, LogIndex, LogKeyId, MediaType, Sha256Hash,
    SignedTimestamp, TransparencyLogEntry,
};

use super::SignatureForm;
use super::key::Hash;
use super::reading::{Content, MAX_BYTES, MAX_CERTIFICATES, MAX_ENTRIES, MAX_TIMESTAMPS, Material, Reading, base64, malformed};
use crate::model::printable::printable;
use crate::signature::Rejection;

/// Hashes of one inclusion proof: a tree of 2^64 leaves has 64.
const MAX_HASHES: usize = 64;
/// Bytes of one log entry's body. Entries of `intoto` hold the envelope.
const MAX_BODY_BYTES: usize = MAX_BYTES;
/// Bytes of one checkpoint.
const MAX_CHECKPOINT_BYTES: usize = 64 << 10;
/// Bytes of one time stamp.
const MAX_TIMESTAMP_BYTES: usize = 64 << 10;

/// A list of which no more than `MAX` are kept; the rest is counted.
pub(super) struct AtMost<T, const MAX: usize> {
    kept: Vec<T>,
    count: usize,
}

impl<T, const MAX: usize> Default for AtMost<T, MAX> {
    fn default() -> Self {
        Self { kept: Vec::new(), count: 0 }
    }
}

impl<T, const MAX: usize> AtMost<T, MAX> {
    pub(super) fn within(self, what: &str) -> Result<Vec<T>, Rejection> {
        if self.count > MAX { Err(Rejection::Limit { what: what.into(), limit: MAX as u64 }) } else { Ok(self.kept) }
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for AtMost<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T, const MAX: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for List<T, MAX> {
            type Value = AtMost<T, MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut out = AtMost { kept: Vec::new(), count: 0 };
                while out.count < MAX {
                    let Some(item) = list.next_element()? else { return Ok(out) };
                    out.kept.push(item);
                    out.count = out.count.saturating_add(1);
                }
                while list.next_element::<IgnoredAny>()?.is_some() {
                    out.count = out.count.saturating_add(1);
                }
                Ok(out)
            }
        }
        deserializer.deserialize_seq(List(PhantomData))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    media_type: Option<String>,
    verification_material: Option<WireMaterial>,
    message_signature: Option<WireMessage>,
    dsse_envelope: Option<WireEnvelope>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMaterial {
    certificate: Option<Raw>,
    x509_certificate_chain: Option<WireChain>,
    public_key: Option<WireKey>,
    tlog_entries: Option<AtMost<WireEntry, MAX_ENTRIES>>,
    timestamp_verification_data: Option<WireStamps>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    raw_bytes: Option<String>,
}

#[derive(Deserialize)]
struct WireChain {
    certificates: Option<AtMost<Raw, MAX_CERTIFICATES>>,
}

#[derive(Deserialize)]
struct WireKey {
    hint: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireStamps {
    rfc3161_timestamps: Option<AtMost<WireStamp, MAX_TIMESTAMPS>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireStamp {
    signed_timestamp: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMessage {
    message_digest: Option<WireDigest>,
    signature: Option<String>,
}

#[derive(Deserialize)]
struct WireDigest {
    algorithm: Option<String>,
    digest: Option<String>,
}

/// A DSSE envelope, also as cosign stores it in the layers of `.att`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireEnvelope {
    payload: Option<String>,
    payload_type: Option<String>,
    signatures: Option<AtMost<WireSignature, 1>>,
}

#[derive(Deserialize)]
struct WireSignature {
    sig: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEntry {
    log_index: Option<Number>,
    log_id: Option<WireLogId>,
    kind_version: Option<WireKind>,
    integrated_time: Option<Number>,
    inclusion_promise: Option<WirePromise>,
    inclusion_proof: Option<WireProof>,
    canonicalized_body: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLogId {
    key_id: Option<String>,
}

#[derive(Deserialize)]
struct WireKind {
    kind: Option<String>,
    version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePromise {
    signed_entry_timestamp: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireProof {
    log_index: Option<Number>,
    root_hash: Option<String>,
    tree_size: Option<Number>,
    hashes: Option<AtMost<String, MAX_HASHES>>,
    checkpoint: Option<WireCheckpoint>,
}

#[derive(Deserialize)]
struct WireCheckpoint {
    envelope: Option<String>,
}

/// An int64, which protobuf's JSON writes as a text and reads as either.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Number(i64),
    Text(String),
}

impl Number {
    fn value(&self) -> Option<i64> {
        match self {
            Self::Number(value) => Some(*value),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

/// Reads a bundle, and holds it to the version that it claims.
pub(super) fn read(bytes: &[u8]) -> Result<Reading, Rejection> {
    if bytes.len() > MAX_BYTES {
        return Err(Rejection::Limit { what: "bytes of the bundle".into(), limit: MAX_BYTES as u64 });
    }
    let wire: Wire = serde_json::from_slice(bytes).map_err(|error| malformed("the bundle", error.to_string()))?;
    let claimed = wire.media_type.ok_or_else(|| malformed("the bundle", "it has no mediaType"))?;
    let version: MediaType = claimed.parse().map_err(|_| Rejection::Version {
        claimed: short(&claimed),
        detail: "no version of the Sigstore bundle format that is known".into(),
    })?;
    let unfit = |detail: &str| Rejection::Version { claimed: short(&claimed), detail: detail.into() };
    let material = wire.verification_material.ok_or_else(|| malformed("the bundle", "it has no verificationMaterial"))?;
    let entries = material.tlog_entries.unwrap_or_default().within("log entries")?;
    let stamps = material.timestamp_verification_data.and_then(|data| data.rfc3161_timestamps).unwrap_or_default();
    let timestamps = stamps.within("time stamps")?.into_iter().map(timestamp).collect::<Result<_, _>>()?;
    let entries = (1..).zip(entries).map(|(number, wire)| entry(number, wire)).collect::<Result<Vec<_>, _>>()?;
    let kind = match version {
        MediaType::Bundle0_1 => "v0.1",
        MediaType::Bundle0_2 => "v0.2",
        _ => "v0.3",
    };
    // What a version does not have was written for another one: the mediaType is unsigned. Of entries, see `Reading::check_entries`.
    match version {
        MediaType::Bundle0_1 | MediaType::Bundle0_2 if material.certificate.is_some() => {
            return Err(unfit("`certificate` is a field of version 0.3"));
        }
        MediaType::Bundle0_3 if material.x509_certificate_chain.is_some() => {
            return Err(unfit("`x509CertificateChain` is a field of earlier versions"));
        }
        _ => {}
    }
    let material = match (material.certificate, material.x509_certificate_chain, material.public_key) {
        (Some(leaf), None, None) => Material::Certificate { leaf: raw(leaf, "the signer's certificate")?, above: Vec::new() },
        (None, Some(chain), None) => {
            let certificates = chain.certificates.unwrap_or_default().within("certificates")?;
            let mut ders = certificates.into_iter().map(|cert| raw(cert, "a certificate"));
            let leaf = ders.next().ok_or_else(|| malformed("the certificate chain", "it is empty"))??;
            Material::Certificate { leaf, above: ders.collect::<Result<_, _>>()? }
        }
        (None, None, Some(key)) => Material::Key { hint: key.hint.unwrap_or_default() },
        _ => return Err(malformed("the verification material", "exactly one of certificate, chain and public key is expected")),
    };
    let content = match (wire.message_signature, wire.dsse_envelope) {
        (Some(message), None) => message_content(message)?,
        (None, Some(envelope)) => envelope.content()?,
        _ => return Err(malformed("the bundle", "exactly one of messageSignature and dsseEnvelope is expected")),
    };
    let kind = format!("Sigstore bundle {kind}");
    Ok(Reading { form: SignatureForm::Bundle, kind, version, material, content, entries, timestamps })
}

impl WireEnvelope {
    /// Exactly one signature: certificate, log and time stamps vouch for one.
    pub(super) fn content(self) -> Result<Content, Rejection> {
        let signatures = self.signatures.unwrap_or_default();
        let count = signatures.count;
        if count > 1 {
            return Err(Rejection::SeveralSignatures { count });
        }
        let Some(signature) = signatures.kept.into_iter().next() else {
            return Err(malformed("the DSSE envelope", "it has no signature"));
        };
        let signature = decoded(signature.sig, "the signature")?;
        Ok(Content::Envelope {
            signature,
            payload_type: self.payload_type.unwrap_or_default(),
            payload: decoded(self.payload, "the payload of the DSSE envelope")?,
        })
    }
}

fn message_content(message: WireMessage) -> Result<Content, Rejection> {
    let signature = decoded(message.signature, "the signature")?;
    let claimed = match message.message_digest {
        None => None,
        Some(digest) => {
            let hash = match digest.algorithm.as_deref() {
                Some("SHA2_256") => Hash::Sha256,
                Some("SHA2_384") => Hash::Sha384,
                Some("SHA2_512") => Hash::Sha512,
                other => {
                    return Err(Rejection::Algorithm {
                        part: "messageDigest".into(),
                        expected: "SHA2_256, SHA2_384 or SHA2_512".into(),
                        presented: other.map(short).unwrap_or_else(|| "no algorithm".into()),
                    });
                }
            };
            Some((hash, decoded(digest.digest, "messageDigest")?))
        }
    };
    Ok(Content::Artifact { signature, claimed })
}

fn entry(number: usize, wire: WireEntry) -> Result<TransparencyLogEntry, Rejection> {
    let part = format!("log entry {number}");
    let fail = |detail: &str| malformed(part.clone(), detail);
    let kind = wire.kind_version.ok_or_else(|| fail("it has no kind"))?;
    let kind = kind_version(&kind.kind.unwrap_or_default(), &kind.version.unwrap_or_default(), &part)?;
    let id = decoded(wire.log_id.and_then(|id| id.key_id), &format!("the log id of {part}"))?;
    let body = decoded(wire.canonicalized_body, &format!("the body of {part}"))?;
    if body.len() > MAX_BODY_BYTES {
        return Err(Rejection::Limit { what: format!("bytes of {part}"), limit: MAX_BODY_BYTES as u64 });
    }
    let index = index_of(wire.log_index).ok_or_else(|| fail("its index is no number from 0 on"))?;
    let mut entry = TransparencyLogEntry::new(index, LogId::new(LogKeyId::from_bytes(&id)), kind, CanonicalizedBody::new(body));
    let seconds = wire.integrated_time.map(|time| time.value().ok_or_else(|| fail("its time is no number"))).transpose()?.unwrap_or(0);
    if seconds != 0 {
        let time = jiff::Timestamp::from_second(seconds).ok().filter(|_| seconds > 0);
        entry = entry.with_integrated_time(time.ok_or_else(|| fail("its time is out of range"))?);
    }
    if let Some(promise) = wire.inclusion_promise {
        let set = decoded(promise.signed_entry_timestamp, &format!("the promise of {part}"))?;
        entry = entry.with_inclusion_promise(InclusionPromise::new(SignedTimestamp::new(set)));
    }
    if let Some(proof) = wire.inclusion_proof {
        entry = entry.with_inclusion_proof(inclusion_proof(proof, &part)?);
    }
    Ok(entry)
}

fn inclusion_proof(wire: WireProof, part: &str) -> Result<InclusionProof, Rejection> {
    let fail = |detail: &str| malformed(format!("the inclusion proof of {part}"), detail);
    let envelope = wire.checkpoint.and_then(|checkpoint| checkpoint.envelope).unwrap_or_default();
    if envelope.len() > MAX_CHECKPOINT_BYTES {
        return Err(Rejection::Limit { what: format!("bytes of the checkpoint of {part}"), limit: MAX_CHECKPOINT_BYTES as u64 });
    }
    // Without a checkpoint nobody signed the root, and the proof proves nothing.
    if envelope.is_empty() {
        return Err(Rejection::LogProof { detail: format!("the inclusion proof of {part} has no checkpoint") });
    }
    let checkpoint = CheckpointData::new(envelope).map_err(|error| fail(&format!("its checkpoint can't be read: {error}")))?;
    let hash = |text: &str| base64(text).and_then(|bytes| Sha256Hash::try_from(bytes.as_slice()).ok());
    let hashes = wire.hashes.unwrap_or_default().within(&format!("hashes in the inclusion proof of {part}"))?;
    let hashes = hashes.iter().map(|text| hash(text)).collect::<Option<Vec<_>>>().ok_or_else(|| fail("a hash in it is none"))?;
    let root = hash(&wire.root_hash.unwrap_or_default()).ok_or_else(|| fail("its root hash is none"))?;
    let size = wire.tree_size.map_or(Some(0), |size| size.value()).and_then(|size| u64::try_from(size).ok());
    let size = size.ok_or_else(|| fail("its tree size is no number from 0 on"))?;
    let index = index_of(wire.log_index).ok_or_else(|| fail("its index is no number from 0 on"))?;
    Ok(InclusionProof::new(index, root, size, hashes, checkpoint))
}

/// proto3 leaves a zero out.
fn index_of(number: Option<Number>) -> Option<LogIndex> {
    let value = number.map_or(Some(0), |number| number.value())?;
    LogIndex::try_from(value).ok()
}

/// The kinds of entries that the crate verifies.
pub(super) fn kind_version(kind: &str, version: &str, part: &str) -> Result<KindVersion, Rejection> {
    match (kind, version) {
        ("hashedrekord", "0.0.1") => Ok(KindVersion::HashedRekordV001),
        ("hashedrekord", "0.0.2") => Ok(KindVersion::HashedRekordV002),
        ("dsse", "0.0.1") => Ok(KindVersion::DsseV001),
        ("intoto", "0.0.2") => Ok(KindVersion::IntotoV002),
        _ => Err(Rejection::Algorithm {
            part: part.into(),
            expected: "hashedrekord 0.0.1 and 0.0.2, dsse 0.0.1, intoto 0.0.2".into(),
            presented: format!("{} {}", short(kind), short(version)),
        }),
    }
}

fn timestamp(wire: WireStamp) -> Result<Vec<u8>, Rejection> {
    let der = decoded(wire.signed_timestamp, "a time stamp")?;
    if der.len() > MAX_TIMESTAMP_BYTES {
        return Err(Rejection::Limit { what: "bytes of a time stamp".into(), limit: MAX_TIMESTAMP_BYTES as u64 });
    }
    Ok(der)
}

fn raw(wire: Raw, part: &str) -> Result<Vec<u8>, Rejection> {
    decoded(wire.raw_bytes, part)
}

fn decoded(text: Option<String>, part: &str) -> Result<Vec<u8>, Rejection> {
    let bytes = base64(&text.unwrap_or_default()).ok_or_else(|| malformed(part, "no base64"))?;
    if bytes.is_empty() { Err(malformed(part, "it is empty")) } else { Ok(bytes) }
}

fn short(text: &str) -> String {
    printable(&text.chars().take(100).collect::<String>()).into_owned()
}

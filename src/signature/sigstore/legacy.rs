//! cosign's own forms from before bundles (cosign `specs/SIGNATURE_SPEC.md` and `ATTESTATION_SPEC.md`): annotated layers of the tags
//! `.sig` and `.att`, and detached signatures of files. Each becomes what a bundle would say; the log entry has a promise at most.

use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::HEXLOWER_PERMISSIVE;
use der::pem;
use serde::Deserialize;
use serde_json::Value;
use sigstore_types::{CanonicalizedBody, InclusionPromise, LogId, LogIndex, LogKeyId, MediaType, SignedTimestamp, TransparencyLogEntry};

use super::SignatureForm;
use super::bundle::{WireEnvelope, kind_version};
use super::certificate::Certificate;
use super::reading::{Content, MAX_BYTES, MAX_CERTIFICATES, Material, Reading, base64, malformed};
use crate::signature::Rejection;

const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const CHAIN: &str = "dev.sigstore.cosign/chain";
const BUNDLE: &str = "dev.sigstore.cosign/bundle";
const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";

/// Bytes of one annotation.
const MAX_ANNOTATION_BYTES: usize = 1 << 20;
/// Bytes of a simple signing payload: some hundred, and what `cosign sign -a` adds.
const MAX_PAYLOAD_BYTES: usize = 1 << 20;

/// The annotation `dev.sigstore.cosign/bundle`, and `rekorBundle` in a file.
#[derive(Deserialize)]
struct RekorBundle {
    #[serde(rename = "SignedEntryTimestamp")]
    promise: String,
    #[serde(rename = "Payload")]
    payload: RekorPayload,
}

#[derive(Deserialize)]
struct RekorPayload {
    /// Base64 of the entry's body.
    body: Value,
    #[serde(rename = "integratedTime")]
    integrated_time: i64,
    #[serde(rename = "logIndex")]
    log_index: i64,
    /// Hexadecimal.
    #[serde(rename = "logID")]
    log_id: String,
}

#[derive(Deserialize)]
struct EntryKind {
    #[serde(rename = "apiVersion")]
    version: String,
    kind: String,
}

#[derive(Deserialize)]
struct Stamp {
    #[serde(rename = "SignedRFC3161Timestamp")]
    token: String,
}

/// What `cosign sign-blob --bundle` wrote before version 3.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldBundle {
    base64_signature: Option<String>,
    cert: Option<String>,
    rekor_bundle: Option<RekorBundle>,
}

/// A layer of `.sig`.
pub(super) fn signature(payload: &Arc<[u8]>, annotations: &BTreeMap<String, String>) -> Result<Reading, Rejection> {
    if payload.len() > MAX_PAYLOAD_BYTES {
        return Err(Rejection::Limit { what: "bytes of the simple signing payload".into(), limit: MAX_PAYLOAD_BYTES as u64 });
    }
    let text = annotation(annotations, SIGNATURE)?.ok_or_else(|| malformed("the layer", format!("it has no annotation {SIGNATURE}")))?;
    let signature = base64(text.trim()).filter(|bytes| !bytes.is_empty()).ok_or_else(|| malformed("the signature", "no base64"))?;
    layer("cosign signature (legacy)", Content::Payload { signature, payload: payload.clone() }, annotations)
}

/// A layer of `.att`.
pub(super) fn attestation(envelope: &[u8], annotations: &BTreeMap<String, String>) -> Result<Reading, Rejection> {
    if envelope.len() > MAX_BYTES {
        return Err(Rejection::Limit { what: "bytes of the DSSE envelope".into(), limit: MAX_BYTES as u64 });
    }
    let wire: WireEnvelope = serde_json::from_slice(envelope).map_err(|error| malformed("the DSSE envelope", error.to_string()))?;
    layer("cosign attestation (legacy)", wire.content()?, annotations)
}

/// A detached signature of a file.
pub(super) fn blob(signature: &[u8], certificate: Option<&[u8]>) -> Result<Reading, Rejection> {
    let text = short_text(signature, "the signature")?;
    let signature = base64(text.trim()).filter(|bytes| !bytes.is_empty()).ok_or_else(|| malformed("the signature", "no base64"))?;
    let mut entries = Vec::new();
    let mut material = key();
    if let Some(certificate) = certificate {
        let text = short_text(certificate, "the certificate file")?.trim();
        let mut pem = Some(text.to_owned());
        if text.starts_with('{') {
            let old: OldBundle = serde_json::from_str(text).map_err(|error| malformed("the old bundle", error.to_string()))?;
            if old.base64_signature.as_deref().map(|text| base64(text.trim())) != Some(Some(signature.clone())) {
                return Err(malformed("the old bundle", "its signature is not that of the signature file"));
            }
            entries = old.rekor_bundle.map(entry).transpose()?.into_iter().collect();
            pem = old.cert;
        }
        if let Some(pem) = pem.filter(|pem| !pem.is_empty()) {
            material = file_material(&pem, text.starts_with('{'))?;
        }
    }
    let content = Content::Artifact { signature, claimed: None };
    Ok(assembled("cosign blob signature (legacy)", material, content, entries, Vec::new()))
}

/// cosign writes PEM, or base64 of PEM. Only in its old bundle does a public key stand where certificates stand, and is a hint there.
fn file_material(text: &str, may_be_key: bool) -> Result<Material, Rejection> {
    let decoded;
    let pem = if text.starts_with("-----BEGIN ") {
        text
    } else {
        let bytes = base64(text).ok_or_else(|| malformed("the certificate file", "neither PEM nor base64 of PEM"))?;
        decoded = String::from_utf8(bytes).map_err(|_| malformed("the certificate file", "neither PEM nor base64 of PEM"))?;
        decoded.as_str()
    };
    if may_be_key && pem.contains("-----BEGIN PUBLIC KEY-----") {
        return Ok(key());
    }
    certificate_material(pem, None)
}

fn layer(kind: &str, content: Content, annotations: &BTreeMap<String, String>) -> Result<Reading, Rejection> {
    let material = match annotation(annotations, CERTIFICATE)? {
        Some(pem) if !pem.is_empty() => certificate_material(pem, annotation(annotations, CHAIN)?)?,
        Some(_) | None => key(),
    };
    let entries = match annotation(annotations, BUNDLE)?.filter(|text| !is_null(text)) {
        Some(text) => {
            let bundle: RekorBundle = serde_json::from_str(text).map_err(|error| malformed(BUNDLE, error.to_string()))?;
            vec![entry(bundle)?]
        }
        None => Vec::new(),
    };
    let timestamps = match annotation(annotations, TIMESTAMP)?.filter(|text| !is_null(text)) {
        Some(text) => {
            let stamp: Stamp = serde_json::from_str(text).map_err(|error| malformed(TIMESTAMP, error.to_string()))?;
            vec![base64(&stamp.token).filter(|der| !der.is_empty()).ok_or_else(|| malformed(TIMESTAMP, "no base64"))?]
        }
        None => Vec::new(),
    };
    Ok(assembled(kind, material, content, entries, timestamps))
}

fn assembled(kind: &str, material: Material, content: Content, entries: Vec<TransparencyLogEntry>, timestamps: Vec<Vec<u8>>) -> Reading {
    // A promise is all that these forms have, which only version 0.1 allows; without an entry 0.1 allows nothing.
    let version = if entries.is_empty() { MediaType::Bundle0_2 } else { MediaType::Bundle0_1 };
    Reading { form: SignatureForm::Legacy, kind: kind.into(), version, material, content, entries, timestamps }
}

fn key() -> Material {
    Material::Key { hint: String::new() }
}

/// One certificate and what stands above it. cosign puts the root behind the chain; a root is trusted where it is named and nowhere
/// else, so it is left out. A bare public key in a certificate's place would take part in nobody's decision: it is refused.
fn certificate_material(pem: &str, chain: Option<&str>) -> Result<Material, Rejection> {
    let leaf = certificates(pem, "the signer's certificate")?;
    let [leaf] = leaf.as_slice() else { return Err(malformed("the signer's certificate", format!("{} PEM blocks", leaf.len()))) };
    let mut above = certificates(chain.unwrap_or_default(), "the chain")?;
    above.retain(|der| !Certificate::parse(der, "a certificate of the chain").is_ok_and(|certificate| certificate.is_self_issued()));
    Ok(Material::Certificate { leaf: leaf.clone(), above })
}

fn certificates(text: &str, part: &str) -> Result<Vec<Vec<u8>>, Rejection> {
    const BEGIN: &str = "-----BEGIN ";
    let mut ders = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(BEGIN) {
        if ders.len() >= MAX_CERTIFICATES {
            return Err(Rejection::Limit { what: format!("certificates of {part}"), limit: MAX_CERTIFICATES as u64 });
        }
        let block = rest.get(at..).unwrap_or_default();
        let end = block.get(BEGIN.len()..).and_then(|inner| inner.find(BEGIN)).map(|next| next.saturating_add(BEGIN.len()));
        let (block, after) = block.split_at_checked(end.unwrap_or(block.len())).unwrap_or((block, ""));
        let (label, der) = pem::decode_vec(block.trim().as_bytes()).map_err(|error| malformed(part, error.to_string()))?;
        if label != "CERTIFICATE" {
            return Err(malformed(part, format!("a PEM block `{label}` stands where a certificate is expected")));
        }
        ders.push(der);
        rest = after;
    }
    Ok(ders)
}

fn entry(bundle: RekorBundle) -> Result<TransparencyLogEntry, Rejection> {
    let fail = |detail: &str| malformed("the log entry", detail);
    let RekorPayload { body, integrated_time, log_index, log_id } = bundle.payload;
    let body = body.as_str().and_then(base64).ok_or_else(|| fail("its body is no base64"))?;
    let kind: EntryKind = serde_json::from_slice(&body).map_err(|error| fail(&error.to_string()))?;
    let kind = kind_version(&kind.kind, &kind.version, "the log entry")?;
    let id = HEXLOWER_PERMISSIVE.decode(log_id.as_bytes()).map_err(|_| fail("its log id is no hexadecimal"))?;
    let index = LogIndex::try_from(log_index).map_err(|_| fail("its index is negative"))?;
    let time = jiff::Timestamp::from_second(integrated_time).ok().filter(|_| integrated_time > 0);
    let promise = base64(&bundle.promise).filter(|set| !set.is_empty()).ok_or_else(|| fail("its promise is no base64"))?;
    let id = LogId::new(LogKeyId::from_bytes(&id));
    Ok(TransparencyLogEntry::new(index, id, kind, CanonicalizedBody::new(body))
        .with_integrated_time(time.ok_or_else(|| fail("its time is out of range"))?)
        .with_inclusion_promise(InclusionPromise::new(SignedTimestamp::new(promise))))
}

fn annotation<'a>(annotations: &'a BTreeMap<String, String>, key: &str) -> Result<Option<&'a str>, Rejection> {
    match annotations.get(key) {
        Some(text) if text.len() > MAX_ANNOTATION_BYTES => {
            Err(Rejection::Limit { what: format!("bytes of the annotation {key}"), limit: MAX_ANNOTATION_BYTES as u64 })
        }
        other => Ok(other.map(String::as_str)),
    }
}

/// cosign writes `null` or nothing where there is none.
fn is_null(text: &str) -> bool {
    matches!(text.trim(), "" | "null")
}

fn short_text<'a>(bytes: &'a [u8], part: &str) -> Result<&'a str, Rejection> {
    if bytes.len() > MAX_ANNOTATION_BYTES {
        return Err(Rejection::Limit { what: format!("bytes of {part}"), limit: MAX_ANNOTATION_BYTES as u64 });
    }
    std::str::from_utf8(bytes).map_err(|_| malformed(part, "no text"))
}

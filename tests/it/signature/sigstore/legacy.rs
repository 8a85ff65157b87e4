//! cosign's forms from before bundles.

use std::collections::BTreeMap;

use data_encoding::{BASE64, HEXLOWER};
use layerproof::model::attachment::AttachmentForm;
use layerproof::model::digest::Digest;
use layerproof::signature::sigstore::{SignatureForm, Transparency};
use layerproof::signature::{JudgedSignature, Rejection, TimeSource, TrustAnchors};
use serde_json::{Value, json};

use super::{basis, judge_form, key_anchor, now, refused_by, signer, trust};
use crate::forge::SigningKey;
use crate::forge::ca::pem;
use crate::forge::sigstore::Sigstore;
use crate::forge::sigstore::bundle::{Bundle, BundleBuilder, Kind};
use crate::forge::sigstore::intoto::{SLSA_V1, Statement};

const MANIFEST: &[u8] = br#"{"schemaVersion":2}"#;
const OTHER: &[u8] = br#"{"schemaVersion":2,"other":true}"#;

fn payload(manifest: &[u8], kind: &str) -> Vec<u8> {
    let critical = json!({"identity": {"docker-reference": "r.example/app"}, "image": {"docker-manifest-digest": Digest::of(manifest).to_string()}, "type": kind});
    json!({"critical": critical, "optional": {"team": "platform", "number": 7}}).to_string().into_bytes()
}

fn simple_signing() -> Vec<u8> {
    payload(MANIFEST, "cosign container image signature")
}

/// The annotations that cosign writes beside what a bundle says.
fn annotations(world: &Sigstore, bundle: &Bundle, signature: &Value) -> BTreeMap<String, String> {
    let mut out = BTreeMap::from([("dev.cosignproject.cosign/signature".into(), signature.as_str().unwrap_or_default().into())]);
    if let Some(leaf) = &bundle.leaf {
        out.insert("dev.sigstore.cosign/certificate".into(), pem("CERTIFICATE", leaf));
        let chain: String = world.fulcio.chain().iter().map(|der| pem("CERTIFICATE", der)).collect();
        out.insert("dev.sigstore.cosign/chain".into(), chain);
    }
    let material = &bundle.json["verificationMaterial"];
    if let Some(entry) = material["tlogEntries"].get(0) {
        out.insert("dev.sigstore.cosign/bundle".into(), rekor_bundle(entry).to_string());
    }
    if let Some(stamp) = material["timestampVerificationData"]["rfc3161Timestamps"].get(0) {
        out.insert("dev.sigstore.cosign/rfc3161timestamp".into(), json!({"SignedRFC3161Timestamp": stamp["signedTimestamp"]}).to_string());
    }
    out
}

fn rekor_bundle(entry: &Value) -> Value {
    let id = BASE64.decode(entry["logId"]["keyId"].as_str().unwrap().as_bytes()).unwrap();
    let number = |field: &str| entry[field].as_str().unwrap().parse::<i64>().unwrap();
    let payload = json!({
        "body": entry["canonicalizedBody"], "integratedTime": number("integratedTime"),
        "logIndex": number("logIndex"), "logID": HEXLOWER.encode(&id),
    });
    json!({"SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"], "Payload": payload})
}

fn signed(builder: &BundleBuilder, payload: &[u8]) -> (AttachmentForm, BTreeMap<String, String>) {
    let bundle = builder.build();
    let annotations = annotations(&builder.world, &bundle, &bundle.json["messageSignature"]["signature"]);
    (AttachmentForm::CosignSignature { payload: payload.into(), annotations: annotations.clone() }, annotations)
}

fn judge(form: AttachmentForm, trust: &TrustAnchors) -> JudgedSignature {
    judge_form(form, MANIFEST, trust, now())
}

fn with(annotations: &BTreeMap<String, String>, key: &str, value: Option<&str>) -> AttachmentForm {
    let mut annotations = annotations.clone();
    match value {
        Some(value) => drop(annotations.insert(key.into(), value.into())),
        None => drop(annotations.remove(key)),
    }
    AttachmentForm::CosignSignature { payload: simple_signing().into(), annotations }
}

#[test]
fn a_signature_by_a_certificate_has_a_promise() {
    let world = Sigstore::new();
    let judged = judge(signed(&world.keyless(&simple_signing()), &simple_signing()).0, &trust(&world));
    assert_eq!(basis(&judged).time_source, TimeSource::TransparencyLog);
    assert!(basis(&judged).statement.is_none());
    let signer = signer(&judged);
    assert_eq!((signer.form, signer.proofs["ours"].transparency), (SignatureForm::Legacy, Transparency::Promise));
    // Only texts.
    assert_eq!(signer.annotations, BTreeMap::from([("team".into(), "platform".into())]));
    assert_eq!(judged.presented.form.as_deref(), Some("cosign signature (legacy)"));
}

#[test]
fn a_signature_by_a_key_with_a_log_entry_and_without() {
    let world = Sigstore::new();
    let key = SigningKey::p256("k");
    let trust = TrustAnchors { keys: vec![key_anchor(&key)], ..trust(&world) };
    let (form, annotations) = signed(&world.keyed(key, &simple_signing()), &simple_signing());
    assert_eq!(signer(&judge(form, &trust)).proofs["ours"].transparency, Transparency::Promise);
    let judged = judge(with(&annotations, "dev.sigstore.cosign/bundle", None), &trust);
    assert!(signer(&judged).proofs.is_empty() && basis(&judged).signed_at.is_none());
}

#[test]
fn a_certificate_with_a_time_stamp_and_no_log() {
    let world = Sigstore::new();
    let (form, _) = signed(&world.keyless(&simple_signing()).logged(&[]).stamped(1), &simple_signing());
    let judged = judge(form, &trust(&world));
    assert_eq!(signer(&judged).proofs["ours"].transparency, Transparency::None);
    assert_eq!(basis(&judged).time_source, TimeSource::TimestampAuthority);
}

#[test]
fn no_24_a_signature_copied_from_another_image() {
    let world = Sigstore::new();
    let form = || signed(&world.keyless(&simple_signing()), &simple_signing()).0;
    let judged = judge_form(form(), OTHER, &trust(&world), now());
    assert!(super::rejection(&judged).is_integrity());
    refused_by!(judged, Rejection::ContentDigest { .. });
    let wrong = payload(MANIFEST, "something else");
    refused_by!(judge(signed(&world.keyless(&wrong), &wrong).0, &trust(&world)), Rejection::Malformed { detail, .. } if detail.contains("critical.type"));
    let podman = payload(MANIFEST, "atomic container signature");
    basis(&judge(signed(&world.keyless(&podman), &podman).0, &trust(&world)));
}

#[test]
fn no_01_a_promise_for_another_signature() {
    let world = Sigstore::new();
    let (_, annotations) = signed(&world.keyless(&simple_signing()), &simple_signing());
    let (_, other) = signed(&world.keyless(b"another").claim(20, "pull_request"), b"another");
    let key = "dev.sigstore.cosign/bundle";
    refused_by!(judge(with(&annotations, key, Some(&other[key])), &trust(&world)), Rejection::LogEntry { .. });
    refused_by!(judge(with(&annotations, key, None), &trust(&world)), Rejection::NoSigningTime { .. });
    let late = annotations[key].replace("\"integratedTime\":", "\"integratedTime\":1");
    refused_by!(judge(with(&annotations, key, Some(&late)), &trust(&world)), Rejection::LogProof { .. } | Rejection::Malformed { .. });
}

#[test]
fn no_06_a_public_key_in_the_certificates_annotation() {
    let world = Sigstore::new();
    let key = SigningKey::p256("layerproof test signer");
    let (_, annotations) = signed(&world.keyless(&simple_signing()), &simple_signing());
    let name = "dev.sigstore.cosign/certificate";
    let trust = TrustAnchors { keys: vec![key_anchor(&key)], ..trust(&world) };
    refused_by!(judge(with(&annotations, name, Some(&key.spki_pem())), &trust), Rejection::Malformed { detail, .. } if detail.contains("PUBLIC KEY"));
    // Without its certificate it is a signature by a key, and only by one that is named.
    let foreign = TrustAnchors { keys: vec![key_anchor(&SigningKey::p256("other"))], ..trust.clone() };
    refused_by!(judge(with(&annotations, name, None), &foreign), Rejection::OtherKey { .. });
}

#[test]
fn the_chain_is_a_way_and_never_trusted() {
    let world = Sigstore::new();
    let (form, _) = signed(&Sigstore::foreign().keyless(&simple_signing()), &simple_signing());
    refused_by!(judge(form, &trust(&world)), Rejection::UntrustedRoot { .. });
    // A root whose authority has the root alone takes the intermediate from the chain.
    let mut root = world.trusted_root();
    root.certificate_authorities[0].chain.remove(0);
    let (form, annotations) = signed(&world.keyless(&simple_signing()), &simple_signing());
    basis(&judge(form, &super::trust_root(&root.to_json())));
    let without = with(&annotations, "dev.sigstore.cosign/chain", None);
    refused_by!(judge(without, &super::trust_root(&root.to_json())), Rejection::UntrustedRoot { .. });
}

#[test]
fn an_attestation() {
    let world = Sigstore::new();
    for kind in [Kind::DsseV1, Kind::IntotoV2] {
        let bundle = world.attest(&Statement::about(MANIFEST, SLSA_V1)).logged(&[kind]).build();
        let annotations = annotations(&world, &bundle, &Value::Null);
        let envelope = bundle.json["dsseEnvelope"].to_string().into_bytes();
        let form = |envelope: &[u8]| AttachmentForm::CosignAttestation { envelope: envelope.into(), annotations: annotations.clone() };
        let judged = judge(form(&envelope), &trust(&world));
        assert_eq!(basis(&judged).statement.as_ref().unwrap().predicate_type, SLSA_V1);
        assert_eq!(signer(&judged).form, SignatureForm::Legacy);
        refused_by!(judge_form(form(&envelope), OTHER, &trust(&world), now()), Rejection::ContentDigest { .. });
        refused_by!(judge(form(b"{}"), &trust(&world)), Rejection::Malformed { .. });
    }
}

#[test]
fn no_08_an_annotation_or_payload_of_too_many_bytes() {
    let world = Sigstore::new();
    let (_, annotations) = signed(&world.keyless(&simple_signing()), &simple_signing());
    let long = "A".repeat((1 << 20) + 1);
    for key in
        ["dev.cosignproject.cosign/signature", "dev.sigstore.cosign/certificate", "dev.sigstore.cosign/chain", "dev.sigstore.cosign/bundle"]
    {
        refused_by!(judge(with(&annotations, key, Some(&long)), &trust(&world)), Rejection::Limit { .. });
    }
    let form = AttachmentForm::CosignSignature { payload: vec![b' '; (1 << 20) + 1].into(), annotations };
    refused_by!(judge(form, &trust(&world)), Rejection::Limit { .. });
}

#[test]
fn a_detached_signature_of_a_file() {
    let world = Sigstore::new();
    let key = SigningKey::p256("k");
    let trust = TrustAnchors { keys: vec![key_anchor(&key)], ..trust(&world) };
    let blob = |bundle: &Bundle, certificate: Option<String>| AttachmentForm::CosignBlob {
        signature: format!("{}\n", bundle.json["messageSignature"]["signature"].as_str().unwrap()).into_bytes().into(),
        certificate: certificate.map(|text| text.into_bytes().into()),
    };
    let keyed = world.keyed(key, MANIFEST).build();
    let judged = judge(blob(&keyed, None), &trust);
    assert!(signer(&judged).proofs.is_empty());
    refused_by!(judge_form(blob(&keyed, None), OTHER, &trust, now()), Rejection::OtherKey { .. });

    // A certificate alone has no time; with the old bundle there is one.
    let bundle = world.keyless(MANIFEST).build();
    let certificate = pem("CERTIFICATE", bundle.leaf.as_ref().unwrap());
    let encoded = BASE64.encode(certificate.as_bytes());
    for alone in [certificate.clone(), encoded.clone()] {
        refused_by!(judge(blob(&bundle, Some(alone)), &trust), Rejection::NoSigningTime { .. });
    }
    let entry = &bundle.json["verificationMaterial"]["tlogEntries"][0];
    let old = json!({"base64Signature": bundle.json["messageSignature"]["signature"], "cert": encoded, "rekorBundle": rekor_bundle(entry)});
    let judged = judge(blob(&bundle, Some(old.to_string())), &trust);
    assert_eq!(signer(&judged).proofs["ours"].transparency, Transparency::Promise);
    let mut moved = old;
    moved["base64Signature"] = json!(BASE64.encode(b"another"));
    refused_by!(judge(blob(&bundle, Some(moved.to_string())), &trust), Rejection::Malformed { part, .. } if part == "the old bundle");
}

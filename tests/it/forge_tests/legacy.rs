//! Layers of cosign's old images, turned into bundles of version 0.1 and put before the `sigstore-verify` crate.

use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};

use super::sigstore::{ARTIFACT, verify, verify_over};
use crate::forge::sigstore::Sigstore;
use crate::forge::sigstore::bundle::Kind;
use crate::forge::sigstore::intoto::{COSIGN_SIGN, Provenance, Statement};
use crate::forge::sigstore::legacy::{self, BUNDLE, CERTIFICATE, Layer, SIGNATURE, SimpleSigning, TIMESTAMP};

const DIGEST: &str = "sha256:00000000000000000000000000000000000000000000000000000000000000aa";

fn annotation(layer: &Layer, key: &str) -> Value {
    serde_json::from_str(layer.get(key).expect("the annotation")).expect("JSON")
}

/// The bundle of version 0.1 that says what the layer says.
fn as_bundle(layer: &Layer) -> Value {
    let pem: String = layer.get(CERTIFICATE).unwrap().lines().filter(|line| !line.starts_with('-')).collect();
    let log = annotation(layer, BUNDLE);
    let payload = &log["Payload"];
    let body = BASE64.decode(payload["body"].as_str().unwrap().as_bytes()).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let log_id = HEXLOWER.decode(payload["logID"].as_str().unwrap().as_bytes()).unwrap();
    let mut material = json!({
        "x509CertificateChain": {"certificates": [{"rawBytes": pem}]},
        "tlogEntries": [{
            "logIndex": payload["logIndex"].to_string(), "logId": {"keyId": BASE64.encode(&log_id)},
            "kindVersion": {"kind": body["kind"], "version": body["apiVersion"]},
            "integratedTime": payload["integratedTime"].to_string(),
            "inclusionPromise": {"signedEntryTimestamp": log["SignedEntryTimestamp"]},
            "canonicalizedBody": payload["body"],
        }],
    });
    if layer.get(TIMESTAMP).is_some() {
        let stamp = annotation(layer, TIMESTAMP)["SignedRFC3161Timestamp"].clone();
        material["timestampVerificationData"] = json!({"rfc3161Timestamps": [{"signedTimestamp": stamp}]});
    }
    let mut bundle = json!({"mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.1", "verificationMaterial": material});
    match layer.get(SIGNATURE) {
        Some("") => bundle["dsseEnvelope"] = serde_json::from_slice(&layer.bytes).unwrap(),
        signature => bundle["messageSignature"] = json!({"signature": signature}),
    }
    bundle
}

#[test]
fn signature_layers_verify() {
    let world = Sigstore::new();
    let payload = SimpleSigning { annotations: vec![("team".into(), "release".into())], ..SimpleSigning::of(DIGEST) };
    let layer = world.cosign(&payload).stamped(1).legacy_layer();
    assert_eq!(layer.bytes, payload.bytes());
    verify_over(&world, &layer.bytes, &as_bundle(&layer)).expect("a layer that verifies");
    verify_over(&world, b"another payload", &as_bundle(&layer)).expect_err("another payload");

    let mut moved = layer.clone();
    moved.set(SIGNATURE, world.cosign(&SimpleSigning::of(DIGEST)).legacy_layer().get(SIGNATURE).unwrap());
    verify_over(&world, &moved.bytes, &as_bundle(&moved)).expect_err("the signature of another payload");
}

#[test]
fn attestation_layers_verify() {
    let world = Sigstore::new();
    let statement = Statement::slsa(ARTIFACT, &Provenance::ours());
    for kind in [Kind::DsseV1, Kind::IntotoV2] {
        let layer = world.attest(&statement).logged(&[kind]).legacy_layer();
        verify(&world, &as_bundle(&layer)).expect("a layer that verifies");
    }
}

#[test]
fn manifests_hold_the_layers() {
    let world = Sigstore::new();
    let layer = world.cosign(&SimpleSigning::of(DIGEST)).legacy_layer();
    let manifest = legacy::manifest(&[layer.clone(), layer]);
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 2);
    assert_eq!(manifest["layers"][0]["mediaType"], legacy::SIMPLE_SIGNING);
    let subject = json!({"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": DIGEST, "size": 2});
    let referrer = legacy::referrer(&subject, &world.attest(&Statement::cosign(b"{}")).build().bytes(), COSIGN_SIGN);
    assert_eq!((&referrer["subject"], &referrer["artifactType"]), (&subject, &json!(legacy::BUNDLE_V03)));
}

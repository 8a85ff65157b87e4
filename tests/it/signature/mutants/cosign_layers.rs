//! cosign's layers from before bundles: a payload or envelope, and annotations. What the annotations hold in JSON and PEM is opened.

use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::BASE64;
use der::pem::LineEnding;
use layerproof::model::attachment::AttachmentForm;
use layerproof::signature::Basis;
use serde_json::{Map, Value, json};

use super::court::Image;
use super::sigstore::{all_else, stamped, takes_the_entry, takes_the_time_stamp, trust};
use super::sweep::{Effect, Judgement, Sweep, Unsigned};
use crate::forge::mutate::{Depth, Kind, Node};
use crate::forge::sigstore::Sigstore;
use crate::forge::sigstore::bundle::BundleBuilder;
use crate::forge::sigstore::intoto::{Provenance, Statement};
use crate::forge::sigstore::legacy::{BUNDLE, CERTIFICATE, CHAIN, Layer, SIGNATURE, SimpleSigning, TIMESTAMP};

const CHAIN_OF_LAYER: Unsigned<Basis> = Unsigned {
    path: "chain/**",
    kinds: &[Kind::FlipBit, Kind::Drop],
    effect: Effect::None,
    why: "cosign SIGNATURE_SPEC, \"dev.sigstore.cosign/chain\": optional, and trusted for nothing; the trusted root has the chain",
};

const EMPTY_SIGNATURE: Unsigned<Basis> = Unsigned {
    path: "signature",
    kinds: &[Kind::FlipBit, Kind::Drop],
    effect: Effect::None,
    why: "cosign ATTESTATION_SPEC: the annotation of an attestation is empty; the signature is in the envelope",
};

const LOG: Unsigned<Basis> = Unsigned {
    path: "bundle",
    kinds: &[Kind::Drop],
    effect: Effect::Takes(takes_the_entry),
    why: "cosign SIGNATURE_SPEC, \"dev.sigstore.cosign/bundle\": optional; the verdict names no log, and a policy asks for one",
};

const TIME_STAMP: Unsigned<Basis> = Unsigned {
    path: "timestamp",
    kinds: &[Kind::Drop],
    effect: Effect::Takes(takes_the_time_stamp),
    why: "cosign SIGNATURE_SPEC, \"dev.sigstore.cosign/rfc3161timestamp\": optional; the verdict names no authority",
};

/// In the middle of the token is the certificate of its authority.
const TOKEN: Unsigned<Basis> = Unsigned {
    path: "timestamp/SignedRFC3161Timestamp",
    kinds: &[Kind::FlipBit],
    effect: Effect::None,
    why: "RFC 5652 section 5.1: the bag of certificates is not signed; the authority's chain is that of the trusted root",
};

/// Annotations under short names, with what is inside of them as JSON.
fn node(layer: &Layer) -> Node {
    let mut json = json!({"payload": BASE64.encode(&layer.bytes)});
    for (name, key) in [("bundle", BUNDLE), ("timestamp", TIMESTAMP)] {
        if let Some(text) = layer.get(key) {
            json[name] = serde_json::from_str(text).unwrap();
        }
    }
    for (name, key) in [("certificate", CERTIFICATE), ("chain", CHAIN)] {
        json[name] =
            layer.get(key).unwrap_or_default().split_inclusive("-----END CERTIFICATE-----\n").map(|pem| json!(body(pem))).collect();
    }
    json["signature"] = json!(layer.get(SIGNATURE).unwrap());
    Node::json(json.to_string().as_bytes(), Depth::inside())
}

/// The base64 of a PEM block.
fn body(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

/// The layer that the bytes of a tree stand for.
fn layer(bytes: &[u8]) -> (Arc<[u8]>, BTreeMap<String, String>) {
    let json: Map<String, Value> = serde_json::from_slice(bytes).unwrap();
    let payload = json.get("payload").and_then(Value::as_str).and_then(|text| BASE64.decode(text.as_bytes()).ok()).unwrap_or_default();
    let mut annotations = BTreeMap::new();
    for (name, key) in [("bundle", BUNDLE), ("timestamp", TIMESTAMP)] {
        annotations.extend(json.get(name).map(|value| (key.to_owned(), value.to_string())));
    }
    for (name, key) in [("certificate", CERTIFICATE), ("chain", CHAIN)] {
        let pem = |value: &Value| {
            let der = BASE64.decode(value.as_str().unwrap_or_default().as_bytes()).unwrap_or_default();
            der::pem::encode_string("CERTIFICATE", LineEnding::LF, &der).unwrap()
        };
        let list = json.get(name).and_then(Value::as_array);
        annotations.extend(list.map(|list| (key.to_owned(), list.iter().map(pem).collect::<String>())));
    }
    annotations.extend(json.get("signature").and_then(Value::as_str).map(|text| (SIGNATURE.to_owned(), text.to_owned())));
    (payload.into(), annotations)
}

#[track_caller]
fn sweep(make: &dyn Fn(&Sigstore, &[u8], bool) -> BundleBuilder, attestation: bool, unsigned: &[Unsigned<Basis>], least: usize) {
    let world = Sigstore::new();
    let image = Image::new(trust());
    let judge = |bytes: &[u8]| -> Judgement<Basis> {
        let (payload, annotations) = layer(bytes);
        image.judge(match attestation {
            true => AttachmentForm::CosignAttestation { envelope: payload, annotations },
            false => AttachmentForm::CosignSignature { payload, annotations },
        })
    };
    Sweep {
        good: node(&make(&world, &image.manifest, false).legacy_layer()),
        other: node(&all_else(make(&world, b"{\"another\": \"manifest\"}", false)).legacy_layer()),
        twin: Some(node(&all_else(make(&world, &image.manifest, true)).legacy_layer())),
        judge: &judge,
        unsigned,
    }
    .run(least);
}

fn signature(world: &Sigstore, manifest: &[u8], otherwise: bool) -> BundleBuilder {
    let digest = layerproof::model::digest::Digest::of(manifest).to_string();
    let stage = if otherwise { "test" } else { "production" };
    world.cosign(&SimpleSigning { annotations: vec![("stage".into(), stage.into())], ..SimpleSigning::of(&digest) })
}

fn attestation(world: &Sigstore, manifest: &[u8], otherwise: bool) -> BundleBuilder {
    let mut provenance = Provenance::ours();
    if otherwise {
        provenance.builder_id = "https://evil.example/builder".into();
    }
    world.attest(&Statement::slsa(manifest, &provenance))
}

#[test]
fn of_signatures() {
    sweep(&signature, false, &[CHAIN_OF_LAYER], 90);
}

#[test]
fn of_signatures_with_a_time_stamp() {
    let make = |world: &Sigstore, manifest: &[u8], otherwise| stamped(signature(world, manifest, otherwise));
    sweep(&make, false, &[CHAIN_OF_LAYER, LOG, TIME_STAMP, TOKEN], 95);
}

#[test]
fn of_attestations() {
    sweep(&attestation, true, &[CHAIN_OF_LAYER, EMPTY_SIGNATURE], 140);
}

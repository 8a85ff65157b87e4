//! What the forms of Sigstore have in common here: who is trusted, bundles opened to the last line of a checkpoint, and what a lost proof takes
//! away.

use std::sync::Arc;

use data_encoding::BASE64;
use layerproof::model::attachment::AttachmentForm;
use layerproof::signature::sigstore::{Proof, Transparency};
use layerproof::signature::trust::{PublicKeyAnchor, SigstoreRoot};
use layerproof::signature::{Basis, SignerIdentity, TimeSource, TrustAnchors};
use serde_json::{Value, json};

use super::court;
use super::sweep::Judgement;
use crate::forge::SigningKey;
use crate::forge::mutate::{Depth, Node};
use crate::forge::sigstore::Sigstore;
use crate::forge::sigstore::bundle::BundleBuilder;

/// Our instance and a foreign one, each under its name, and the managed key.
pub fn trust() -> TrustAnchors {
    let root = |name: &str, world: &Sigstore| SigstoreRoot::parse(name, world.trusted_root().to_json().to_string().as_bytes()).unwrap();
    let key = managed_key();
    let sha256 = layerproof::model::digest::Digest::of(&key.spki()).hex();
    TrustAnchors {
        sigstore_roots: vec![root("test", &Sigstore::new()), root("foreign", &Sigstore::foreign())],
        keys: vec![PublicKeyAnchor { name: "managed".into(), spki: key.spki(), sha256 }],
        ..TrustAnchors::default()
    }
}

/// A key that the policy names.
pub fn managed_key() -> SigningKey {
    SigningKey::p256("layerproof test managed key")
}

/// Another signer, who signed later and with another key.
pub fn all_else(builder: BundleBuilder) -> BundleBuilder {
    let builder = match &builder.identity {
        None => builder,
        Some(_) => builder
            .certified_key(SigningKey::p256("layerproof test another signer"))
            .san("https://github.com/acme/layers/.github/workflows/experiment.yml@refs/heads/feature")
            .claim(11, "self-hosted")
            .claim(22, "private"),
    };
    builder.at("2026-09-01T11:00:00Z").entry(|entry| {
        entry.log_index += 1;
        (entry.tree_index, entry.tree_size) = (6, 13);
    })
}

/// A bundle as a tree, with every line of a checkpoint as a field of its own.
pub fn node(bundle: &BundleBuilder, depth: Depth) -> Node {
    let mut json = bundle.build().json;
    if let Some(entries) = json["verificationMaterial"]["tlogEntries"].as_array_mut() {
        for entry in entries {
            if let Some(envelope) = entry.pointer_mut("/inclusionProof/checkpoint/envelope") {
                *envelope = opened(envelope.as_str().unwrap());
            }
        }
    }
    Node::json(json.to_string().as_bytes(), depth)
}

/// Lines; a signature is dash, name, the four octets of the hint, and the value.
fn opened(note: &str) -> Value {
    let line = |line: &str| match line.split(' ').collect::<Vec<_>>()[..] {
        ["\u{2014}", name, value] => {
            let bytes = BASE64.decode(value.as_bytes()).unwrap();
            json!(["\u{2014}", name, bytes[..4], BASE64.encode(&bytes[4..])])
        }
        _ => json!(line),
    };
    note.split('\n').map(line).collect()
}

fn closed(envelope: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let line = |line: &Value| match line.as_array() {
        None => text(line),
        Some(parts) => {
            let mut words: Vec<String> = Vec::new();
            let mut hint = Vec::new();
            for part in parts {
                match part.as_array() {
                    Some(octets) => hint.extend(octets.iter().map(|octet| octet.as_u64().unwrap_or_default() as u8)),
                    None => words.push(text(part)),
                }
            }
            // The last word is the value where it is there at all.
            if parts.last().is_some_and(Value::is_string)
                && let Some(last) = words.last_mut()
                && let Ok(value) = BASE64.decode(last.as_bytes())
            {
                *last = BASE64.encode(&[&hint[..], &value].concat());
            }
            words.join(" ")
        }
    };
    envelope.as_array().map(|lines| lines.iter().map(line).collect::<Vec<_>>().join("\n")).unwrap_or_default()
}

/// The bundle that the bytes of a tree stand for.
pub fn bundle(bytes: &[u8]) -> Arc<[u8]> {
    let mut json: Value = serde_json::from_slice(bytes).unwrap();
    if let Some(entries) = json.pointer_mut("/verificationMaterial/tlogEntries").and_then(Value::as_array_mut) {
        for entry in entries {
            if let Some(envelope) = entry.pointer_mut("/inclusionProof/checkpoint/envelope") {
                *envelope = closed(envelope).into();
            }
        }
    }
    json.to_string().into_bytes().into()
}

/// Judges a bundle, given as a tree's bytes, beside a zip.
pub fn judge(zip: &[u8], bytes: &[u8], trust: &TrustAnchors) -> Judgement<Basis> {
    court::beside_zip(zip, AttachmentForm::SigstoreBundle(bundle(bytes)), trust)
}

/// The good verdict with `edit` done to what the root vouches for, and no time but those that are left.
fn edited(good: &Basis, edit: fn(&mut Proof)) -> Basis {
    let mut basis = good.clone();
    let SignerIdentity::Sigstore(signer) = &mut basis.identity else { panic!("{:?}", basis.identity) };
    signer.proofs.values_mut().for_each(edit);
    basis
}

/// Only a promise is left of the log.
pub fn takes_the_proof(good: &Basis, mutant: &Basis) -> bool {
    *mutant
        == edited(good, |proof| {
            assert_eq!(proof.transparency, Transparency::InclusionProof);
            proof.transparency = Transparency::Promise;
        })
}

/// The log's proof is left, and the time that it states and promises is not.
pub fn takes_the_promised_time(good: &Basis, mutant: &Basis) -> bool {
    let mut expected = edited(good, |proof| proof.times.clear());
    (expected.signed_at, expected.time_source) = (None, TimeSource::Nobody);
    *mutant == expected && *mutant != *good
}

/// A managed key stands by itself: neither log nor time.
pub fn takes_the_log(good: &Basis, mutant: &Basis) -> bool {
    let mut expected = good.clone();
    let SignerIdentity::Sigstore(signer) = &mut expected.identity else { panic!("{:?}", good.identity) };
    signer.proofs.clear();
    expected.anchors = vec!["managed".into()];
    (expected.signed_at, expected.time_source) = (None, TimeSource::Nobody);
    *mutant == expected && *mutant != *good
}

/// The time stamp is gone, the log's time stays.
pub fn takes_the_time_stamp(good: &Basis, mutant: &Basis) -> bool {
    let mut expected = edited(good, |proof| {
        assert_eq!((proof.timestamp_authorities.len(), proof.times.len()), (1, 2));
        proof.timestamp_authorities.clear();
        // The log's came first.
        proof.times.truncate(1);
    });
    expected.time_source = TimeSource::TransparencyLog;
    *mutant == expected
}

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
use super::sweep::{Effect, Judgement, Unsigned};
use crate::forge::SigningKey;
use crate::forge::mutate::{Depth, Kind, Node};
use crate::forge::pki::at;
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

/// When the log took the good entries in.
const LOGGED: &str = "2026-09-01T10:20:30Z";
/// When the time stamps of the good ones were made.
const STAMPED: &str = "2026-09-01T10:20:35Z";

/// With a time stamp, five seconds after signing.
pub fn stamped(builder: BundleBuilder) -> BundleBuilder {
    builder.stamped(1).token(|token| {
        let seconds = token.gen_time.len() - 2;
        token.gen_time.replace_range(seconds..=seconds, "5");
    })
}

/// The good verdict with `edit` done to what each root vouches for, and the time of signing that follows from the times that are left.
fn edited(good: &Basis, edit: fn(&mut Proof)) -> Basis {
    let mut basis = good.clone();
    let SignerIdentity::Sigstore(signer) = &mut basis.identity else { panic!("{:?}", basis.identity) };
    signer.proofs.values_mut().for_each(edit);
    let times: Vec<_> = signer.proofs.values().flat_map(|proof| proof.times.clone()).collect();
    (basis.signed_at, basis.time_source) = match times.iter().min() {
        None => (None, TimeSource::Nobody),
        Some(first) if *first == at(LOGGED) => (Some(*first), TimeSource::TransparencyLog),
        Some(first) => (Some(*first), TimeSource::TimestampAuthority),
    };
    assert_ne!(basis, *good, "there was something to take away");
    basis
}

/// Only a promise is left of the log.
fn takes_the_proof(good: &Basis, mutant: &Basis) -> bool {
    *mutant == edited(good, |proof| proof.transparency = proof.transparency.min(Transparency::Promise))
}

/// The log's proof is left, and the time that it states and promises is not.
fn takes_the_promised_time(good: &Basis, mutant: &Basis) -> bool {
    *mutant == edited(good, |proof| proof.times.retain(|time| *time != at(LOGGED)))
}

/// Nothing is left of the log.
pub fn takes_the_entry(good: &Basis, mutant: &Basis) -> bool {
    let without = |proof: &mut Proof| {
        proof.transparency = Transparency::None;
        proof.logs.clear();
        proof.times.retain(|time| *time != at(LOGGED));
    };
    *mutant == edited(good, without)
}

/// Nothing is left of the time stamp.
pub fn takes_the_time_stamp(good: &Basis, mutant: &Basis) -> bool {
    let without = |proof: &mut Proof| {
        proof.timestamp_authorities.clear();
        proof.times.retain(|time| *time != at(STAMPED));
    };
    *mutant == edited(good, without)
}

/// A managed key stands by itself: neither log nor time.
fn takes_all_but_the_key(good: &Basis, mutant: &Basis) -> bool {
    let mut expected = good.clone();
    let SignerIdentity::Sigstore(signer) = &mut expected.identity else { panic!("{:?}", good.identity) };
    signer.proofs.clear();
    expected.anchors = vec!["managed".into()];
    (expected.signed_at, expected.time_source) = (None, TimeSource::Nobody);
    *mutant == expected && *mutant != *good
}

const fn unsigned(path: &'static str, kinds: &'static [Kind], effect: Effect<Basis>, why: &'static str) -> Unsigned<Basis> {
    Unsigned { path, kinds, effect, why }
}

const FLIP: &[Kind] = &[Kind::FlipBit];
const DROP: &[Kind] = &[Kind::Drop];
const FLIP_DROP: &[Kind] = &[Kind::FlipBit, Kind::Drop];

const NOTE: &str = "C2SP signed-note: the text is signed, and not the lines of signatures under it; the key is found by its hint";

/// Of a bundle over an artifact.
pub const MESSAGE: &[Unsigned<Basis>] = &[unsigned(
    "messageSignature/messageDigest",
    DROP,
    Effect::None,
    "sigstore_common.proto, MessageSignature.message_digest: for look-ups, not for verification; where it is there, it must be right",
)];

/// Of a checkpoint: dash, name, and the end of the last line.
pub const CHECKPOINT: &[Unsigned<Basis>] = &[
    unsigned("verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope/4/0", FLIP, Effect::None, NOTE),
    unsigned("verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope/4/1", FLIP, Effect::None, NOTE),
    unsigned("verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope/5", DROP, Effect::None, NOTE),
];

/// Of entries with a time stamp beside them.
pub const ENTRIES: &[Unsigned<Basis>] = &[
    unsigned("verificationMaterial/tlogEntries", DROP, Effect::Takes(takes_the_entry), WITHOUT_LOG),
    unsigned("verificationMaterial/tlogEntries/0", DROP, Effect::Takes(takes_the_entry), WITHOUT_LOG),
];
const WITHOUT_LOG: &str =
    "sigstore_bundle.proto, VerificationMaterial.tlog_entries: may be empty; the verdict names no log, and a policy asks for one";

/// The promise of an entry with a time stamp beside it, or of one by a managed key.
pub const PROMISE: &[Unsigned<Basis>] = &[unsigned(
    "verificationMaterial/tlogEntries/0/inclusionPromise",
    DROP,
    Effect::Takes(takes_the_promised_time),
    "sigstore_rekor.proto, TransparencyLogEntry.inclusion_promise: optional where there is a proof; it alone vouches for the time",
)];

/// The proof of an entry of version 0.1.
pub const PROOF: &[Unsigned<Basis>] = &[unsigned(
    "verificationMaterial/tlogEntries/0/inclusionProof",
    DROP,
    Effect::Takes(takes_the_proof),
    "sigstore_bundle.proto, Bundle.media_type: version 0.1 asks for a promise only; the verdict says so, and a policy asks for more",
)];

/// The time stamps beside an entry of Rekor v1.
pub const TIME_STAMPS: &[Unsigned<Basis>] = &[
    unsigned("verificationMaterial/timestampVerificationData", DROP, Effect::Takes(takes_the_time_stamp), WITHOUT_TIME),
    unsigned("verificationMaterial/timestampVerificationData/rfc3161Timestamps", DROP, Effect::Takes(takes_the_time_stamp), WITHOUT_TIME),
    unsigned("verificationMaterial/timestampVerificationData/rfc3161Timestamps/0", DROP, Effect::Takes(takes_the_time_stamp), WITHOUT_TIME),
];
const WITHOUT_TIME: &str =
    "sigstore_bundle.proto, VerificationMaterial.timestamp_verification_data: optional; the verdict names no authority";

/// A time stamp that is not opened: the bit in its middle is one in the certificate of the authority.
pub const MIDDLE_OF_TOKEN: &[Unsigned<Basis>] = &[unsigned(
    "verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp",
    FLIP,
    Effect::None,
    "RFC 5652 section 5.1: the bag of certificates is not signed; the authority's chain is that of the trusted root",
)];

/// Inside of a time stamp, by the last value of its DER. The crate holds a token to less than `timestamp` does in envelopes of the Notary
/// Project, where versions and algorithms are read too; none of it moves the verdict.
pub const TOKEN: &[Unsigned<Basis>] = &[
    unsigned(
        "verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp/0/0",
        FLIP,
        Effect::None,
        "RFC 3161 section 2.4.2: the status stands around the token, which is what is signed; 1 is grantedWithMods",
    ),
    unsigned(
        "verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp/1/1/0/0",
        FLIP,
        Effect::None,
        "RFC 5652 section 5.1: SignedData's version is not signed",
    ),
    unsigned(
        "verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp/1/1/0/1/**",
        FLIP_DROP,
        Effect::None,
        "RFC 5652 section 5.1: digestAlgorithms is for one-pass readers; the algorithm that counts is SignerInfo's",
    ),
    unsigned(
        "verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp/1/1/0/3/**",
        FLIP_DROP,
        Effect::None,
        "RFC 5652 section 5.1: the bag of certificates is not signed; the authority's chain is that of the trusted root",
    ),
    unsigned(
        "verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp/1/1/0/4/0/0",
        FLIP,
        Effect::None,
        "RFC 5652 section 5.3: SignerInfo's version is not signed",
    ),
    unsigned(
        "verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp/1/1/0/4/0/4/0",
        FLIP,
        Effect::None,
        "RFC 6211 section 1: signatureAlgorithm is not signed without CMSAlgorithmProtection; the key's kind and the digest's hash decide",
    ),
];

/// Of a managed key.
pub const KEY: &[Unsigned<Basis>] = &[
    unsigned("verificationMaterial/publicKey/hint", FLIP_DROP, Effect::None, "sigstore_common.proto, PublicKeyIdentifier.hint: a hint"),
    unsigned("verificationMaterial/tlogEntries", DROP, Effect::Takes(takes_all_but_the_key), WITHOUT_LOG),
    unsigned("verificationMaterial/tlogEntries/0", DROP, Effect::Takes(takes_all_but_the_key), WITHOUT_LOG),
    unsigned("verificationMaterial/tlogEntries/0/inclusionProof", &[Kind::Swap], Effect::None, ONCE_MORE),
    unsigned("verificationMaterial", &[Kind::Swap], Effect::Twin, ONCE_MORE),
    unsigned("verificationMaterial/tlogEntries", &[Kind::Swap], Effect::Twin, ONCE_MORE),
    unsigned("verificationMaterial/tlogEntries/0", &[Kind::Swap], Effect::Twin, ONCE_MORE),
];
const ONCE_MORE: &str = "The twin has the same signature value (RFC 6979), which the log took in twice: each entry is about it";

//! Cases of the public suite that are refused there for an earlier reason than the one that they are about, made anew so that the check
//! that each is about is reached.

use data_encoding::BASE64;
use layerproof::signature::{Rejection, TrustAnchors};
use serde_json::{Value, json};

use super::{ARTIFACT, judge, key_anchor, refused, refused_by, trust};
use crate::forge::SigningKey;
use crate::forge::sigstore::Sigstore;
use crate::forge::sigstore::bundle::{Kind, Version};
use crate::forge::sigstore::intoto::{SLSA_V1, Statement};

fn world() -> Sigstore {
    Sigstore::new()
}

#[test]
fn bundle_empty_certificate_chain() {
    let empty = |json: &mut Value| json["verificationMaterial"]["x509CertificateChain"]["certificates"] = json!([]);
    let bundle = world().keyless(ARTIFACT).version(Version::V02).edit(empty);
    refused!(bundle, Rejection::Malformed { part, detail } if part == "the certificate chain" && detail == "it is empty");
}

#[test]
fn bundle_with_root_cert() {
    let chain = world().fulcio.chain();
    let bundle = world().keyless(ARTIFACT).version(Version::V02).chain(vec![chain.last().unwrap().clone()]);
    refused!(bundle, Rejection::Malformed { detail, .. } if detail.contains("it holds the root"));
}

#[test]
fn invalid_inclusion_proof() {
    let swapped = |json: &mut Value| {
        let hashes = json["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["hashes"].as_array_mut().unwrap();
        hashes.swap(0, 1);
    };
    for version in [Version::V01, Version::V02, Version::V03] {
        refused!(world().keyless(ARTIFACT).version(version).edit(swapped), Rejection::LogProof { detail } if detail.contains("inclusion proof"));
    }
}

#[test]
fn managed_key_wrong_key() {
    let trust = TrustAnchors { keys: vec![key_anchor(&SigningKey::p256("another"))], ..trust(&world()) };
    let judged = judge(&world().keyed(SigningKey::p256("ours"), ARTIFACT), &trust);
    refused_by!(judged, Rejection::OtherKey { anchors, .. } if anchors == &["cosign.pub"]);
}

#[test]
fn rekor2_timestamp_with_incorrect_time() {
    let late = |token: &mut crate::forge::tsa::Token| token.gen_time = "20260901103031Z".into();
    refused!(world().keyless(ARTIFACT).rekor_v2().token(late), Rejection::OutsideValidity { .. });
}

#[test]
fn intoto_log_entry_mismatch() {
    let other = world().attest(&Statement::about(b"another", SLSA_V1)).logged(&[Kind::IntotoV2]).build();
    let entries = other.json["verificationMaterial"]["tlogEntries"].clone();
    let moved = move |json: &mut Value| json["verificationMaterial"]["tlogEntries"] = entries.clone();
    let bundle = world().attest(&Statement::about(ARTIFACT, SLSA_V1)).logged(&[Kind::IntotoV2]);
    super::basis(&judge(&bundle, &trust(&world())));
    refused!(bundle.edit(moved), Rejection::LogEntry { .. });
}

#[test]
fn base64_with_line_breaks_is_read_as_other_tools_read_it() {
    let broken = |json: &mut Value| {
        let signature = &mut json["messageSignature"]["signature"];
        let text = signature.as_str().unwrap();
        let (head, tail) = text.split_at(20);
        *signature = json!(format!("{head}\n{tail}\n"));
    };
    super::basis(&judge(&world().keyless(ARTIFACT).edit(broken), &trust(&world())));
    let other = BASE64.encode(b"no signature");
    let damaged = move |json: &mut Value| json["messageSignature"]["signature"] = json!(other);
    refused!(world().keyless(ARTIFACT).edit(damaged), Rejection::BadSignature);
}

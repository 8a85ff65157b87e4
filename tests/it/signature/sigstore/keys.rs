//! Signatures by a key: every kind of key, with a log entry and without.

use data_encoding::BASE64;
use layerproof::model::attachment::{Attachment, AttachmentForm};
use layerproof::signature::sigstore::{self, By, Bytes, Transparency};
use layerproof::signature::trust::KeyError;
use layerproof::signature::{Outcome, PublicKeyAnchor, Rejection, TimeSource, TrustAnchors};
use serde_json::{Value, json};

use super::{ARTIFACT, basis, judge, judge_json, key_anchor, now, refused_by, root_named, signer, target, trust, trust_root};
use crate::forge::SigningKey;
use crate::forge::ca::pem;
use crate::forge::keys::{Hash, Scheme};
use crate::forge::sigstore::Sigstore;
use crate::forge::sigstore::intoto::Statement;
use crate::forge::sigstore::trusted_root::TrustedRoot;

fn only(key: &SigningKey) -> TrustAnchors {
    TrustAnchors { keys: vec![key_anchor(key)], ..TrustAnchors::default() }
}

fn beside_root(key: &SigningKey, world: &Sigstore) -> TrustAnchors {
    TrustAnchors { keys: vec![key_anchor(key)], ..trust(world) }
}

fn all_keys() -> Vec<SigningKey> {
    vec![SigningKey::p256("k"), SigningKey::p384("k"), SigningKey::p521("k"), SigningKey::ed25519("k"), SigningKey::rsa(2048)]
}

#[test]
fn every_kind_of_key_without_a_log_and_nobody_states_a_time() {
    let world = Sigstore::new();
    for key in all_keys() {
        let judged = judge(&world.keyed(key.clone(), ARTIFACT).logged(&[]), &only(&key));
        let basis = basis(&judged);
        assert_eq!((basis.signed_at, basis.time_source), (None, TimeSource::Nobody));
        assert_eq!(basis.anchors, ["cosign.pub"]);
        let signer = signer(&judged);
        assert!(signer.proofs.is_empty());
        assert_eq!(signer.by, By::Key { spki_sha256: Hash::Sha256.hex(&key.spki()) });
    }
}

#[test]
fn bytes_that_are_not_what_was_hashed_are_not_what_was_signed() {
    let world = Sigstore::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("artifact");
    let attached = |key: &SigningKey, signed: &[u8], detached: bool| {
        let json = world.keyed(key.clone(), signed).logged(&[]).build().json;
        let form = match json["messageSignature"]["signature"].as_str() {
            // It does not say what it is of.
            Some(signature) if detached => AttachmentForm::CosignBlob { signature: signature.as_bytes().into(), certificate: None },
            Some(_) | None => AttachmentForm::SigstoreBundle(json.to_string().into_bytes().into()),
        };
        Attachment { location: "beside".into(), target: target(ARTIFACT), form }
    };
    let judge_here = |key: &SigningKey, signed: &[u8], there: &[u8], detached: bool| {
        sigstore::judge(&attached(key, signed, detached), Bytes::Here(there), &only(key), now()).unwrap().outcome
    };
    let judge_file = |key: &SigningKey, signed: &[u8], there: &[u8], detached: bool| {
        std::fs::write(&path, there).unwrap();
        sigstore::judge(&attached(key, signed, detached), Bytes::File(&path), &only(key), now()).unwrap().outcome
    };
    let another = b"another one of ours";
    for (key, detached) in all_keys().into_iter().flat_map(|key| [(key.clone(), false), (key, true)]) {
        assert!(matches!(judge_file(&key, ARTIFACT, ARTIFACT, detached), Outcome::Valid(_)));
        // Bytes that our own key signed stand where the artifact was, once it had been hashed.
        assert!(!matches!(judge_file(&key, another, another, detached), Outcome::Valid(_)));
        assert!(!matches!(judge_here(&key, another, another, detached), Outcome::Valid(_)));
        assert!(matches!(judge_file(&key, another, ARTIFACT, detached), Outcome::Invalid(_)));
    }
}

#[test]
fn a_file_is_judged_as_the_same_bytes_in_memory_are() {
    let world = Sigstore::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("artifact");
    std::fs::write(&path, ARTIFACT).unwrap();
    let keyed = all_keys().into_iter().map(|key| (world.keyed(key.clone(), ARTIFACT), beside_root(&key, &world)));
    let keyless = [(world.keyless(ARTIFACT), trust(&world)), (world.keyless(ARTIFACT).rekor_v2(), trust(&world))];
    let mut valid = 0;
    for (bundle, trust) in keyed.chain(keyless) {
        let json = bundle.build().json.to_string();
        let form = AttachmentForm::SigstoreBundle(json.into_bytes().into());
        let attachment = Attachment { location: "beside".into(), target: target(ARTIFACT), form };
        let outcome = |bytes: Bytes<'_>| sigstore::judge(&attachment, bytes, &trust, now()).unwrap().outcome;
        let (file, memory) = (outcome(Bytes::File(&path)), outcome(Bytes::Here(ARTIFACT)));
        assert_eq!(format!("{file:?}"), format!("{memory:?}"));
        valid += usize::from(matches!(file, Outcome::Valid(_)));
    }
    assert!(valid >= 3, "{valid}");
}

#[test]
fn an_envelope_by_every_kind_of_key_is_over_its_type_and_payload() {
    let world = Sigstore::new();
    let statement = Statement::about(ARTIFACT, "https://example.com/p");
    for key in all_keys() {
        let envelope = || world.attest(&statement).key(key.clone()).logged(&[]);
        assert!(basis(&judge(&envelope(), &only(&key))).statement.is_some());
        refused_by!(judge(&envelope().envelope(|json| json["payloadType"] = json!("text/plain")), &only(&key)), _);
        let other = Statement::about(ARTIFACT, "https://example.com/other").bytes();
        let swapped = envelope().envelope(move |json| json["payload"] = json!(BASE64.encode(&other)));
        refused_by!(judge(&swapped, &only(&key)), Rejection::BadSignature | Rejection::OtherKey { .. });
    }
}

#[test]
fn a_time_stamp_of_an_authority_that_no_root_has_takes_nothing_from_a_key() {
    let world = Sigstore::new();
    let key = SigningKey::p256("k");
    let judged = judge(&world.keyed(key.clone(), ARTIFACT).logged(&[]).stamped(1), &beside_root(&key, &Sigstore::foreign()));
    assert_eq!((basis(&judged).signed_at, basis(&judged).time_source), (None, TimeSource::Nobody));
    assert!(signer(&judged).proofs.is_empty());
}

#[test]
fn a_time_stamp_of_something_else_beside_a_log_entry_is_refused_for_a_key_too() {
    let world = Sigstore::new();
    let key = SigningKey::p256("k");
    let stamped = || world.keyed(key.clone(), ARTIFACT).stamped(1);
    assert_eq!(signer(&judge(&stamped(), &beside_root(&key, &world))).proofs["ours"].timestamp_authorities.len(), 1);
    let of_another = stamped().token(|token| token.imprint = Hash::Sha256.of(b"something else"));
    refused_by!(judge(&of_another, &beside_root(&key, &world)), Rejection::TimeStamp { .. });
}

#[test]
fn a_root_under_which_the_log_does_not_hold_takes_nothing_from_another_under_which_it_does() {
    let world = Sigstore::new();
    let key = SigningKey::p256("k");
    let ended = |name: &str| {
        let mut root = world.trusted_root();
        root.tlogs.iter_mut().for_each(|log| log.end = Some("2026-08-31T00:00:00Z".into()));
        root_named(name, &root.to_json())
    };
    let ours = root_named("m", &world.trusted_root().to_json());
    for roots in [vec![ended("a"), ours.clone()], vec![ours.clone(), ended("z")]] {
        let trust = TrustAnchors { keys: vec![key_anchor(&key)], sigstore_roots: roots, ..TrustAnchors::default() };
        let judged = judge(&world.keyed(key.clone(), ARTIFACT), &trust);
        assert_eq!(signer(&judged).proofs.keys().collect::<Vec<_>>(), ["m"]);
    }
    let trust = TrustAnchors { keys: vec![key_anchor(&key)], sigstore_roots: vec![ended("a")], ..TrustAnchors::default() };
    refused_by!(judge(&world.keyed(key.clone(), ARTIFACT), &trust), Rejection::LogProof { .. });
}

#[test]
fn rsa_pss_and_p384_with_sha256() {
    let world = Sigstore::new();
    for (key, scheme) in [(SigningKey::rsa(3072), Scheme::Pss(Hash::Sha256)), (SigningKey::p384("k"), Scheme::Ecdsa(Hash::Sha256))] {
        basis(&judge(&world.keyed(key.clone(), ARTIFACT).scheme(scheme).logged(&[]), &only(&key)));
    }
}

#[test]
fn with_a_log_entry_the_root_vouches_for_it() {
    let world = Sigstore::new();
    let key = SigningKey::p256("k");
    let judged = judge(&world.keyed(key.clone(), ARTIFACT), &beside_root(&key, &world));
    assert_eq!(basis(&judged).anchors, ["cosign.pub", "ours"]);
    assert_eq!(basis(&judged).time_source, TimeSource::TransparencyLog);
    assert_eq!(signer(&judged).proofs["ours"].transparency, Transparency::InclusionProof);
    // Without the root the key still made it, and nothing is said of the log.
    assert!(signer(&judge(&world.keyed(key.clone(), ARTIFACT), &only(&key))).proofs.is_empty());
    let foreign = Sigstore::foreign();
    assert!(signer(&judge(&world.keyed(key.clone(), ARTIFACT), &beside_root(&key, &foreign))).proofs.is_empty());
}

/// With the promise goes the only time that a log of version 1 states.
#[test]
fn a_log_key_that_was_retired_does_not_vouch_for_an_entry_that_nobody_dates() {
    let world = Sigstore::new();
    let key = SigningKey::p256("k");
    let dated = world.keyed(key.clone(), ARTIFACT);
    let undated = world.keyed(key.clone(), ARTIFACT).edit(|json| {
        json["verificationMaterial"]["tlogEntries"][0].as_object_mut().unwrap().remove("inclusionPromise").unwrap();
    });
    let mut root = world.trusted_root();
    let trust = |root: &TrustedRoot| TrustAnchors { keys: vec![key_anchor(&key)], ..trust_root(&root.to_json()) };
    let judged = judge(&undated, &trust(&root));
    assert_eq!((basis(&judged).signed_at, signer(&judged).proofs["ours"].transparency), (None, Transparency::InclusionProof));
    // The key was in use when the dated entry was made, and is not any more.
    root.tlogs.iter_mut().for_each(|log| log.end = Some("2026-10-01T00:00:00Z".into()));
    assert_eq!(signer(&judge(&dated, &trust(&root))).proofs["ours"].times.len(), 1);
    refused_by!(judge(&undated, &trust(&root)), Rejection::OutsideValidity { .. });
}

#[test]
fn an_entry_about_another_key_or_artifact_or_that_its_log_does_not_prove_is_refused_with_and_without_a_root() {
    let world = Sigstore::new();
    let key = SigningKey::p256("k");
    for other in [world.keyed(SigningKey::p256("other"), ARTIFACT), world.keyed(key.clone(), b"another")] {
        let entries = other.build().json["verificationMaterial"]["tlogEntries"].clone();
        let bundle = world.keyed(key.clone(), ARTIFACT);
        let bundle = bundle.edit(move |json| json["verificationMaterial"]["tlogEntries"] = entries.clone());
        for trust in [only(&key), beside_root(&key, &world)] {
            refused_by!(judge(&bundle, &trust), Rejection::LogEntry { .. });
        }
    }
    let forged = world.keyed(key.clone(), ARTIFACT).entry(|entry| entry.promise = Some(SigningKey::p256("nobody")));
    refused_by!(judge(&forged, &beside_root(&key, &world)), Rejection::LogProof { .. });
}

#[test]
fn a_damaged_signature_is_told_from_one_by_another_key() {
    let world = Sigstore::new();
    let key = SigningKey::p256("k");
    let damaged = world.keyed(key.clone(), ARTIFACT).logged(&[]).signature(|value| *value.last_mut().unwrap() ^= 1);
    let judged = judge(&damaged, &only(&key));
    assert!(super::rejection(&judged).is_integrity());
    refused_by!(judged, Rejection::BadSignature);
    let judged = judge(&world.keyed(SigningKey::p256("other"), ARTIFACT).logged(&[]), &only(&key));
    assert!(!super::rejection(&judged).is_integrity());
    refused_by!(judged, Rejection::OtherKey { .. });
}

#[test]
fn a_certificate_is_not_judged_by_a_named_key() {
    let world = Sigstore::new();
    let key = SigningKey::p256("layerproof test signer");
    let judged = judge(&world.keyless(ARTIFACT), &only(&key));
    refused_by!(judged, Rejection::UntrustedRoot { .. });
}

#[test]
fn what_needs_more_than_the_digest_is_undetermined_without_the_bytes() {
    use layerproof::model::digest::{ClaimedDigest, Digest};
    let world = Sigstore::new();
    let undetermined = |key: SigningKey, edit: fn(&mut Value)| {
        let bundle = world.keyed(key.clone(), ARTIFACT).logged(&[]).edit(edit).build().bytes();
        let form = AttachmentForm::SigstoreBundle(bundle.into());
        let digest = ClaimedDigest::from(Digest::of(ARTIFACT));
        sigstore::judge_digest("beside", &form, digest, &only(&key), now()).unwrap().outcome
    };
    assert!(matches!(undetermined(SigningKey::ed25519("k"), |_| ()), Outcome::Inconclusive(_)));
    assert!(matches!(undetermined(SigningKey::p384("k"), |_| ()), Outcome::Inconclusive(_)));
    let Outcome::Valid(verified) = undetermined(SigningKey::p256("k"), |_| ()) else { panic!("P-256 signs the SHA-256") };
    assert_eq!(verified.basis().target.digest, None);
    let damage = |json: &mut Value| json["messageSignature"]["signature"] = json!(BASE64.encode(b"damaged"));
    assert!(matches!(undetermined(SigningKey::p256("k"), damage), Outcome::Invalid(Rejection::BadSignature)));
}

#[test]
fn another_artifact_is_not_signed() {
    let world = Sigstore::new();
    for key in all_keys() {
        let mut json = world.keyed(key.clone(), ARTIFACT).logged(&[]).build().json;
        json["messageSignature"].as_object_mut().unwrap().remove("messageDigest");
        refused_by!(judge_json(&json, b"another", &only(&key)), Rejection::BadSignature);
    }
}

#[test]
fn a_key_file_holds_one_public_key_of_a_good_size() {
    let key = SigningKey::p256("k");
    let parse = |text: &str| PublicKeyAnchor::parse("cosign.pub", text.as_bytes());
    let public = key.spki_pem();
    assert_eq!(parse(&public).unwrap().sha256, Hash::Sha256.hex(&key.spki()));
    assert!(matches!(parse(""), Err(KeyError::NoPem { .. })));
    assert!(matches!(parse(&format!("{public}{public}")), Err(KeyError::Several { count: 2, .. })));
    assert!(matches!(parse(&pem("PRIVATE KEY", b"secret")), Err(KeyError::Private { .. })));
    assert!(matches!(parse(&pem("ENCRYPTED SIGSTORE PRIVATE KEY", b"secret")), Err(KeyError::Private { .. })));
    assert!(matches!(parse(&format!("{public}{}", pem("EC PRIVATE KEY", b"secret"))), Err(KeyError::Private { .. })));
    assert!(matches!(parse(&pem("CERTIFICATE", b"0")), Err(KeyError::Certificate { .. })));
    assert!(matches!(parse(&pem("PUBLIC KEY", b"0")), Err(KeyError::Unusable { .. })));
    assert!(matches!(parse(&"x".repeat(70_000)), Err(KeyError::TooLong { .. })));
}

#[test]
fn a_bare_rsa_key_is_the_same_key_and_a_weak_one_is_refused() {
    use crate::forge::der;
    let rsa = SigningKey::rsa(2048);
    let bare = crate::forge::pki::public_key_bits(&rsa.spki()).to_vec();
    let anchor = PublicKeyAnchor::parse("rsa", pem("RSA PUBLIC KEY", &bare).as_bytes()).unwrap();
    assert_eq!(anchor.sha256, Hash::Sha256.hex(&rsa.spki()));
    let mut modulus = vec![0xc5; 128];
    modulus[127] = 1;
    let weak = der::seq(&[der::int_bytes(&[vec![0], modulus].concat()), der::int(65_537)]);
    let error = PublicKeyAnchor::parse("rsa", pem("RSA PUBLIC KEY", &weak).as_bytes()).unwrap_err();
    assert!(error.to_string().contains("1024 bits"), "{error}");
}

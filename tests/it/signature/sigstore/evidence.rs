//! What a signature that holds says of itself.

use layerproof::model::gap::GapReason;
use layerproof::signature::sigstore::{By, SignatureForm, Transparency};
use layerproof::signature::{Outcome, Rejection, StepResult, TimeSource};

use super::{ARTIFACT, IDENTITY, basis, judge, judge_json, refused_by, signer, trust, trust_root};
use crate::forge::der::oids;
use crate::forge::keys::{Hash, SigningKey};
use crate::forge::pki::{Extension, Holder, at};
use crate::forge::sigstore::Sigstore;
use crate::forge::sigstore::bundle::{Kind, Version};
use crate::forge::sigstore::intoto::{COSIGN_SIGN, SLSA_V1, STATEMENT_V01, Statement, subject};

#[test]
fn a_certificate_with_a_log_entry() {
    let world = Sigstore::new();
    let judged = judge(&world.keyless(ARTIFACT), &trust(&world));
    let basis = basis(&judged);
    assert_eq!((basis.signed_at, basis.time_source), (Some(at("2026-09-01T10:20:30Z")), TimeSource::TransparencyLog));
    assert_eq!(basis.anchors, ["ours"]);
    assert!(basis.statement.is_none() && !basis.target.index_above && basis.target.digest.is_some());
    let signer = signer(&judged);
    assert_eq!(signer.form, SignatureForm::Bundle);
    assert!(
        matches!(&signer.by, By::Certificate { identity, claims, .. } if identity == IDENTITY && claims.len() == 19),
        "{:?}",
        signer.by
    );
    let proof = &signer.proofs["ours"];
    assert!(proof.sct && proof.transparency == Transparency::InclusionProof && proof.logs.len() == 1);
    assert!(judged.steps.iter().all(|step| step.result == StepResult::Ok), "{:#?}", judged.steps);
    let presented = &judged.presented;
    assert_eq!(presented.form.as_deref(), Some("Sigstore bundle v0.3"));
    assert_eq!(presented.signer.as_deref(), Some(format!("{IDENTITY} (issuer https://token.actions.githubusercontent.com)").as_str()));
    assert_eq!(presented.chain.len(), 1);
}

#[test]
fn every_version_and_every_kind_of_entry() {
    let world = Sigstore::new();
    for version in [Version::V01, Version::V02, Version::V03Old, Version::V03] {
        basis(&judge(&world.keyless(ARTIFACT).version(version), &trust(&world)));
    }
    let statement = Statement::about(ARTIFACT, SLSA_V1);
    for (kind, stamps) in [(Kind::DsseV1, 0), (Kind::IntotoV2, 0), (Kind::HashedRekordV2, 1)] {
        let judged = judge(&world.attest(&statement).logged(&[kind]).stamped(stamps), &trust(&world));
        assert_eq!(basis(&judged).statement.as_ref().unwrap().predicate_type, SLSA_V1);
    }
    let judged = judge(&world.keyless(ARTIFACT).rekor_v2(), &trust(&world));
    assert_eq!(basis(&judged).time_source, TimeSource::TimestampAuthority);
    assert_eq!(signer(&judged).proofs["ours"].timestamp_authorities.len(), 1);
}

#[test]
fn what_cosign_signs_for_an_image_is_a_signature_and_anything_else_an_attestation() {
    let world = Sigstore::new();
    let judged = judge(&world.attest(&Statement::cosign(ARTIFACT)), &trust(&world));
    assert!(basis(&judged).statement.is_none());
    assert_eq!(judged.presented.predicate_type.as_deref(), Some(COSIGN_SIGN));
    let old = Statement { kind: STATEMENT_V01.into(), ..Statement::about(ARTIFACT, "https://example.com/p") };
    let judged = judge(&world.attest(&old), &trust(&world));
    assert_eq!(basis(&judged).statement.as_ref().unwrap().predicate_type, "https://example.com/p");
}

#[test]
fn annotations_that_are_signed_are_those_of_the_one_subject_that_is_the_target() {
    let world = Sigstore::new();
    let annotated = |name: &str, bytes: &[u8], env: &str| {
        let mut subject = subject(name, Hash::Sha256, bytes);
        subject["annotations"] = serde_json::json!({"env": env, "build": 42});
        subject
    };
    let annotations = |predicate_type: &str, subjects: Vec<serde_json::Value>| {
        let statement = Statement { subject: subjects, ..Statement::about(ARTIFACT, predicate_type) };
        signer(&judge(&world.attest(&statement), &trust(&world))).annotations.clone()
    };
    let (own, other) = (annotated("own", ARTIFACT, "prod"), annotated("other", b"other", "dev"));
    let prod = std::collections::BTreeMap::from([("env".to_owned(), "prod".to_owned())]);
    assert_eq!(annotations(COSIGN_SIGN, vec![own.clone()]), prod);
    assert_eq!(annotations(COSIGN_SIGN, vec![other.clone(), own.clone()]), prod);
    let bare = subject("own", Hash::Sha256, ARTIFACT);
    assert!(annotations(COSIGN_SIGN, vec![bare, other]).is_empty(), "another subject lends nothing");
    let again = annotated("own", ARTIFACT, "dev");
    assert!(annotations(COSIGN_SIGN, vec![own.clone(), again]).is_empty(), "two that contradict each other say nothing");
    assert!(annotations(SLSA_V1, vec![own]).is_empty(), "an attestation has a predicate for what it says");
}

#[test]
fn a_subject_by_sha512_alone_is_compared_where_the_bytes_are_there() {
    let world = Sigstore::new();
    let mut statement = Statement::about(ARTIFACT, SLSA_V1);
    statement.subject = vec![subject("npm", Hash::Sha512, ARTIFACT)];
    basis(&judge(&world.attest(&statement), &trust(&world)));
    let json = world.attest(&statement).build().json;
    refused_by!(judge_json(&json, b"another", &trust(&world)), Rejection::ContentDigest { .. });
    // Where it names another one by SHA-256, it is about that one.
    statement.subject[0]["digest"]["sha256"] = Hash::Sha256.hex(b"another").into();
    refused_by!(judge(&world.attest(&statement), &trust(&world)), Rejection::ContentDigest { .. });
}

#[test]
fn without_a_log_but_with_a_time_stamp_it_is_said_so() {
    let world = Sigstore::new();
    let mut root = world.trusted_root();
    (root.tlogs, root.ctlogs) = (Vec::new(), Vec::new());
    let judged = judge(&world.keyless(ARTIFACT).without_sct().logged(&[]).stamped(1), &trust_root(&root.to_json()));
    let proof = &signer(&judged).proofs["ours"];
    assert!(!proof.sct && proof.transparency == Transparency::None && proof.logs.is_empty());
    assert_eq!(proof.timestamp_authorities.len(), 1);
    // A root that has a CT log asks every certificate for it.
    let judged = judge(&world.keyless(ARTIFACT).without_sct().logged(&[]).stamped(1), &trust(&world));
    refused_by!(judged, Rejection::CertificateTransparency { .. });
}

#[test]
fn of_a_logs_time_and_a_time_stamp_the_earlier_is_when_it_was_signed_and_both_are_kept() {
    let world = Sigstore::new();
    for (stamp, signed_at, source) in [
        ("20260901102029Z", "2026-09-01T10:20:29Z", TimeSource::TimestampAuthority),
        ("20260901102030Z", "2026-09-01T10:20:30Z", TimeSource::TimestampAuthority),
        ("20260901102031Z", "2026-09-01T10:20:30Z", TimeSource::TransparencyLog),
    ] {
        let judged = judge(&world.keyless(ARTIFACT).stamped(1).token(move |token| token.gen_time = stamp.into()), &trust(&world));
        assert_eq!((basis(&judged).signed_at, basis(&judged).time_source), (Some(at(signed_at)), source), "{stamp}");
        assert_eq!(judged.presented.signed_at, Some(at(signed_at)));
    }
}

#[test]
fn a_time_stamp_by_an_authority_with_an_rsa_key_is_worth_as_much_as_none() {
    let mut world = Sigstore::new();
    let issuer = world.tsa.intermediate.as_ref().expect("an intermediate");
    world.tsa.leaf = Holder::leaf(&world.tsa.leaf.cert.subject, SigningKey::rsa(2048), issuer, &[]);
    world.tsa.leaf.cert.set(Extension::critical_eku(&[oids::TIME_STAMPING]));
    for trust in [trust(&world), trust(&Sigstore::new())] {
        let judged = judge(&world.keyless(ARTIFACT).stamped(1), &trust);
        assert_eq!((basis(&judged).signed_at, basis(&judged).time_source), (Some(at("2026-09-01T10:20:30Z")), TimeSource::TransparencyLog));
        assert!(signer(&judged).proofs["ours"].timestamp_authorities.is_empty());
        // Where nothing else states a time it is not known, which is neither good nor bad.
        let judged = judge(&world.keyless(ARTIFACT).logged(&[]).stamped(1), &trust);
        assert!(
            matches!(&judged.outcome, Outcome::Inconclusive(open) if open.gap.reason == GapReason::NotBuilt && !open.chain_and_identity_verified),
            "{:?}",
            judged.outcome
        );
        // One that is of something else is none of those.
        let other = world.keyless(ARTIFACT).logged(&[]).stamped(1).token(|token| token.imprint = Hash::Sha256.of(b"something else"));
        assert!(matches!(judge(&other, &trust).outcome, Outcome::Invalid(_)));
    }
}

#[test]
fn another_artifact_is_tampering() {
    let world = Sigstore::new();
    let json = world.keyless(ARTIFACT).build().json;
    let judged = judge_json(&json, b"another", &trust(&world));
    assert!(super::rejection(&judged).is_integrity());
    refused_by!(judged, Rejection::ContentDigest { .. });
    let mut silent = json;
    silent["messageSignature"].as_object_mut().unwrap().remove("messageDigest");
    refused_by!(judge_json(&silent, b"another", &trust(&world)), Rejection::BadSignature);
}

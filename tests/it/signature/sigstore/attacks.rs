//! The attacks that are known of verifiers of Sigstore, one test each, numbered as in the list that the project keeps of them; and the
//! guards around the crate. Each asserts the reason, since a refusal for another one proves nothing.
//!
//! Not here: 3 (no attestation of the asked type), 16 (windows of managed keys) and 26 (unanchored expressions) are the policy's; 7 (endless
//! attachments) and 25 (a referrer about another image) are those of whoever looks for attachments; 29 (a tampered TUF cache) cannot occur,
//! since no root is refreshed.

use data_encoding::BASE64;
use layerproof::model::attachment::Attachments;
use layerproof::signature::sigstore::{By, Claim, Transparency};
use layerproof::signature::{Candidate, Rejection, Scheme, TrustAnchors, sigstore};
use layerproof::unpack::Limits;
use serde_json::{Value, json};

use super::{ARTIFACT, basis, judge, judge_bytes, judge_json, now, refused, refused_by, root_named, signer, trust, trust_root};
use crate::forge::SigningKey;
use crate::forge::der::{self, oids};
use crate::forge::keys::Hash;
use crate::forge::pki::{Extension, at, san_email, san_uri};
use crate::forge::sigstore::Sigstore;
use crate::forge::sigstore::bundle::{BundleBuilder, Content, Kind, Version};
use crate::forge::sigstore::fulcio::claim_oid;
use crate::forge::sigstore::intoto::{PAYLOAD_TYPE, SLSA_V1, Statement, subject};

fn world() -> Sigstore {
    Sigstore::new()
}

fn entries_of(builder: &BundleBuilder) -> Value {
    builder.build().json["verificationMaterial"]["tlogEntries"].clone()
}

fn with_entries(builder: BundleBuilder, entries: Value) -> BundleBuilder {
    builder.edit(move |json| json["verificationMaterial"]["tlogEntries"] = entries.clone())
}

fn attested(world: &Sigstore) -> BundleBuilder {
    world.attest(&Statement::about(ARTIFACT, SLSA_V1))
}

#[test]
fn no_01_an_entry_of_another_signature_artifact_key_or_certificate() {
    let other_artifact = entries_of(&world().keyless(b"another artifact"));
    refused!(with_entries(world().keyless(ARTIFACT), other_artifact), Rejection::LogEntry { .. });
    let other_key = entries_of(&world().keyless(ARTIFACT).certified_key(SigningKey::p256("another signer")));
    refused!(with_entries(world().keyless(ARTIFACT), other_key), Rejection::LogEntry { .. });
    let other_certificate = entries_of(&world().keyless(ARTIFACT).claim(20, "pull_request"));
    refused!(with_entries(world().keyless(ARTIFACT), other_certificate), Rejection::LogEntry { .. });
    let other_statement = entries_of(&world().attest(&Statement::about(ARTIFACT, "https://example.com/other")));
    refused!(with_entries(attested(&world()), other_statement), Rejection::LogEntry { .. });
}

#[test]
fn no_02_an_entry_that_its_log_does_not_promise_or_none_at_all() {
    let damaged = |json: &mut Value| {
        let promise = &mut json["verificationMaterial"]["tlogEntries"][0]["inclusionPromise"]["signedEntryTimestamp"];
        let mut set = BASE64.decode(promise.as_str().unwrap().as_bytes()).unwrap();
        *set.last_mut().unwrap() ^= 1;
        *promise = json!(BASE64.encode(&set));
    };
    refused!(world().keyless(ARTIFACT).edit(damaged), Rejection::LogProof { .. });
    refused!(world().keyless(ARTIFACT).logged(&[]), Rejection::NoSigningTime { .. });
}

#[test]
fn no_04_a_signature_that_holds_over_a_payload_that_is_no_statement() {
    let sign = |payload: &[u8]| BundleBuilder::new(world(), Content::Dsse { payload_type: PAYLOAD_TYPE.into(), payload: payload.to_vec() });
    refused!(sign(b"not JSON"), Rejection::Malformed { part, .. } if part == "the in-toto statement");
    refused!(sign(b"{}"), Rejection::Malformed { .. });
    let mut statement = Statement::about(ARTIFACT, SLSA_V1);
    statement.kind = "https://in-toto.io/Statement/v9".into();
    refused!(world().attest(&statement), Rejection::Malformed { detail, .. } if detail.contains("_type"));
    refused!(world().attest(&Statement::about(ARTIFACT, "")), Rejection::Malformed { detail, .. } if detail.contains("predicateType"));
    refused!(world().attest(&Statement::about(b"another", SLSA_V1)), Rejection::ContentDigest { .. });
}

#[test]
fn no_05_an_issuing_or_root_ca_that_was_not_valid_when_it_signed() {
    for (before, after) in [("2020-01-01T00:00:00Z", "2026-08-01T00:00:00Z"), ("2026-10-01T00:00:00Z", "2045-01-01T00:00:00Z")] {
        let mut issuing = world();
        let certificate = &mut issuing.fulcio.intermediate.as_mut().unwrap().cert;
        (certificate.not_before, certificate.not_after) = (at(before), at(after));
        refused!(issuing.keyless(ARTIFACT), Rejection::OutsideValidity { what, .. } if what.contains("fulcio intermediate"));
        let mut above = world();
        (above.fulcio.root.cert.not_before, above.fulcio.root.cert.not_after) = (at(before), at(after));
        refused!(above.keyless(ARTIFACT), Rejection::OutsideValidity { what, .. } if what.contains("fulcio root"));
    }
}

#[test]
fn no_05_an_authority_whose_window_excludes_the_time() {
    let mut root = world().trusted_root();
    root.certificate_authorities[0].end = Some("2026-08-31T00:00:00Z".into());
    refused_by!(judge(&world().keyless(ARTIFACT), &trust_root(&root.to_json())), Rejection::OutsideValidity { .. });
}

#[test]
fn no_06_a_bare_public_key_in_a_certificates_place() {
    let key = SigningKey::p256("layerproof test signer");
    let bare = move |json: &mut Value| json["verificationMaterial"]["certificate"]["rawBytes"] = json!(BASE64.encode(&key.spki()));
    refused!(world().keyless(ARTIFACT).edit(bare), Rejection::Malformed { part, .. } if part == "the signer's certificate");
}

#[test]
fn no_08_a_bundle_of_too_many_bytes() {
    let mut bytes = world().keyless(ARTIFACT).build().bytes();
    bytes.resize((16 << 20) + 1, b' ');
    refused_by!(judge_bytes(&bytes, ARTIFACT, &trust(&world())), Rejection::Limit { what, .. } if what == "bytes of the bundle");
}

#[test]
fn no_09_a_bundle_of_thousands_of_entries_time_stamps_certificates_subjects_or_digests() {
    let many = |count: usize| {
        move |json: &mut Value| {
            let entry = json["verificationMaterial"]["tlogEntries"][0].clone();
            json["verificationMaterial"]["tlogEntries"] = json!(vec![entry; count]);
        }
    };
    refused!(world().keyless(ARTIFACT).edit(many(33)), Rejection::Limit { what, limit: 32 } if what == "log entries");
    refused!(world().keyless(ARTIFACT).edit(many(3_000)), Rejection::Limit { limit: 32, .. });
    basis(&judge(&world().keyless(ARTIFACT).edit(many(32)), &trust(&world())));
    let stamps = |json: &mut Value| {
        let list = &mut json["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"];
        *list = json!(vec![list[0].clone(); 33]);
    };
    refused!(world().keyless(ARTIFACT).stamped(1).edit(stamps), Rejection::Limit { what, limit: 32 } if what == "time stamps");
    let chain = world().keyless(ARTIFACT).version(Version::V02).chain(vec![world().fulcio.chain()[0].clone(); 8]);
    refused!(chain, Rejection::Limit { what, .. } if what == "certificates");
    let mut statement = Statement::about(ARTIFACT, SLSA_V1);
    statement.subject = vec![subject("a", Hash::Sha256, ARTIFACT); 1_025];
    refused!(world().attest(&statement), Rejection::Limit { limit: 1_024, .. });
    let digests: serde_json::Map<String, Value> = (0..33).map(|n| (format!("sha256-{n}"), json!("00"))).collect();
    statement.subject = vec![json!({"name": "a", "digest": digests})];
    refused!(world().attest(&statement), Rejection::Limit { limit: 32, .. });
}

#[test]
fn no_10_a_time_stamp_by_another_certificate_of_its_bag() {
    let foreign = Sigstore::foreign().tsa;
    let ours = world().tsa.leaf_der();
    let bag = move |token: &mut crate::forge::tsa::Token| {
        token.signers = vec![crate::forge::tsa::TokenSigner::of(&foreign, None)];
        token.certificates = vec![ours.clone(), foreign.leaf_der()];
    };
    refused!(world().keyless(ARTIFACT).stamped(1).token(bag), Rejection::TimeStamp { .. });
}

#[test]
fn no_11_a_time_stamp_outside_its_authoritys_window_is_not_saved_by_anothers() {
    let mut root = world().trusted_root();
    let mut other = Sigstore::foreign().trusted_root().timestamp_authorities.remove(0);
    other.start = Some("2020-01-01T00:00:00Z".into());
    root.timestamp_authorities[0].end = Some("2026-08-31T00:00:00Z".into());
    root.timestamp_authorities.push(other);
    refused_by!(judge(&world().keyless(ARTIFACT).stamped(1), &trust_root(&root.to_json())), Rejection::OutsideValidity { .. });
}

#[test]
fn no_11_a_time_stamp_authority_whose_own_certificates_had_expired() {
    let mut expired = world();
    expired.tsa.root.cert.not_after = at("2026-08-01T00:00:00Z");
    refused!(expired.keyless(ARTIFACT).stamped(1), Rejection::OutsideValidity { what, .. } if what.contains("tsa root"));
}

#[test]
fn no_12_a_time_that_the_log_did_not_promise() {
    let later = |json: &mut Value| {
        let time = &mut json["verificationMaterial"]["tlogEntries"][0]["integratedTime"];
        *time = json!((time.as_str().unwrap().parse::<i64>().unwrap() + 1).to_string());
    };
    refused!(world().keyless(ARTIFACT).edit(later), Rejection::LogProof { .. });
}

#[test]
fn no_13_a_backdated_time_stamp_does_not_hide_one_after_the_certificate() {
    let second = |token: &mut crate::forge::tsa::Token| {
        if token.serial == 0x4243 {
            token.gen_time = "20260901112030Z".into();
        }
    };
    refused!(world().keyless(ARTIFACT).stamped(2).token(second), Rejection::OutsideValidity { .. });
}

#[test]
fn no_14_two_time_stamps_of_one_authority_and_two_copies_of_an_entry_count_once() {
    let twice = |json: &mut Value| {
        let entry = json["verificationMaterial"]["tlogEntries"][0].clone();
        json["verificationMaterial"]["tlogEntries"] = json!([entry, entry]);
    };
    let judged = judge(&world().keyless(ARTIFACT).stamped(2).edit(twice), &trust(&world()));
    let proof = &signer(&judged).proofs["ours"];
    assert_eq!((proof.logs.len(), proof.timestamp_authorities.len(), proof.times.len()), (1, 1, 1));
}

#[test]
fn no_15_a_certificate_that_had_expired_or_was_not_yet_valid_at_the_time() {
    for seconds in [3_600, -3_600] {
        let moved = world().keyless(ARTIFACT).entry(move |entry| *entry.integrated_time.as_mut().unwrap() += seconds);
        refused!(moved, Rejection::OutsideValidity { .. });
    }
}

#[test]
fn no_15_a_time_after_now() {
    let bundle = world().keyless(ARTIFACT).build().json.to_string();
    let form = layerproof::model::attachment::AttachmentForm::SigstoreBundle(bundle.as_bytes().into());
    let early = super::judge_form(form, ARTIFACT, &trust(&world()), at("2026-09-01T10:20:29Z"));
    refused_by!(early, Rejection::FromTheFuture { .. });
}

#[test]
fn no_17_an_envelope_with_no_signature_or_two_or_another_payload_or_type() {
    let signatures = |count: usize| {
        move |json: &mut Value| {
            let one = json["dsseEnvelope"]["signatures"][0].clone();
            json["dsseEnvelope"]["signatures"] = json!(vec![one; count]);
        }
    };
    refused!(attested(&world()).edit(signatures(0)), Rejection::Malformed { .. });
    refused!(attested(&world()).edit(signatures(2)), Rejection::SeveralSignatures { count: 2 });
    let other = Statement::about(ARTIFACT, "https://example.com/other").bytes();
    let payload = move |json: &mut Value| json["dsseEnvelope"]["payload"] = json!(BASE64.encode(&other));
    refused!(attested(&world()).edit(payload), Rejection::BadSignature);
    let kind = |json: &mut Value| json["dsseEnvelope"]["payloadType"] = json!("application/json");
    refused!(attested(&world()).edit(kind), Rejection::Algorithm { part, .. } if part == "payloadType");
}

#[test]
fn no_18_a_bundle_rewritten_to_the_version_that_asks_for_least() {
    let downgrade = |json: &mut Value| {
        json["mediaType"] = json!(Version::V01.media_type());
        json["verificationMaterial"]["tlogEntries"][0].as_object_mut().unwrap().remove("inclusionProof");
    };
    refused!(world().keyless(ARTIFACT).edit(downgrade), Rejection::Version { .. });
    let dropped = |json: &mut Value| {
        json["verificationMaterial"]["tlogEntries"][0].as_object_mut().unwrap().remove("inclusionProof");
    };
    for version in [Version::V02, Version::V03Old, Version::V03] {
        refused!(world().keyless(ARTIFACT).version(version).edit(dropped), Rejection::Version { .. });
    }
    // One that fits is told from the real thing by what vouches for it, which a policy asks for.
    let judged = judge(&world().keyless(ARTIFACT).version(Version::V02).edit(downgrade), &trust(&world()));
    assert_eq!(signer(&judged).proofs["ours"].transparency, Transparency::Promise);
    let judged = judge(&world().keyless(ARTIFACT), &trust(&world()));
    assert_eq!(signer(&judged).proofs["ours"].transparency, Transparency::InclusionProof);
}

#[test]
fn no_18_a_version_with_the_fields_of_another() {
    let name = |version: Version| move |json: &mut Value| json["mediaType"] = json!(version.media_type());
    refused!(world().keyless(ARTIFACT).edit(name(Version::V02)), Rejection::Version { .. });
    refused!(world().keyless(ARTIFACT).version(Version::V02).edit(name(Version::V03)), Rejection::Version { .. });
    refused!(world().keyless(ARTIFACT).version(Version::V02).rekor_v2().edit(name(Version::V01)), Rejection::Version { .. });
    refused!(
        world().keyless(ARTIFACT).edit(|json| json["mediaType"] = json!("application/vnd.dev.sigstore.bundle+json;version=0.4")),
        Rejection::Version { .. }
    );
}

#[test]
fn no_19_a_proof_or_checkpoint_that_does_not_hold() {
    let proof = |edit: fn(&mut Value)| move |json: &mut Value| edit(&mut json["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]);
    let edits: [fn(&mut Value); 4] = [
        |proof| proof["logIndex"] = json!("6"),
        |proof| {
            let other = proof["hashes"][1].clone();
            proof["hashes"][0] = other;
        },
        |proof| proof["rootHash"] = json!(BASE64.encode(&[7; 32])),
        |proof| proof["checkpoint"] = json!({"envelope": ""}),
    ];
    for edit in edits {
        refused!(world().keyless(ARTIFACT).edit(proof(edit)), Rejection::LogProof { .. });
    }
    let checkpoint = |edit: fn(&mut crate::forge::sigstore::note::Checkpoint)| {
        world().keyless(ARTIFACT).entry(move |entry| entry.edit_checkpoint.add(edit))
    };
    refused!(checkpoint(|checkpoint| checkpoint.signers[0].key = SigningKey::p256("nobody")), Rejection::LogProof { .. });
    refused!(checkpoint(|checkpoint| checkpoint.signers[0].hint[0] ^= 1), Rejection::LogProof { .. });
    refused!(checkpoint(|checkpoint| checkpoint.root = vec![7; 32]), Rejection::LogProof { .. });
}

#[test]
fn no_20_an_entry_of_rekor_v2_without_a_time_stamp() {
    refused!(world().keyless(ARTIFACT).logged(&[Kind::HashedRekordV2]), Rejection::NoSigningTime { .. });
    basis(&judge(&world().keyless(ARTIFACT).rekor_v2(), &trust(&world())));
}

#[test]
fn no_21_no_sct_or_one_of_an_unknown_log() {
    refused!(world().keyless(ARTIFACT).without_sct(), Rejection::CertificateTransparency { .. });
    let mut root = world().trusted_root();
    root.ctlogs = Sigstore::foreign().trusted_root().ctlogs;
    refused_by!(judge(&world().keyless(ARTIFACT), &trust_root(&root.to_json())), Rejection::CertificateTransparency { .. });
}

#[test]
fn no_22_a_bundle_of_another_instance_is_nobodys_and_not_tampered_with() {
    let judged = judge(&Sigstore::foreign().keyless(ARTIFACT), &trust(&world()));
    assert!(!super::rejection(&judged).is_integrity());
    refused_by!(judged, Rejection::UntrustedRoot { anchors, .. } if anchors == &["ours"]);
    // Its own root beside ours takes it, and vouches alone.
    let both = TrustAnchors {
        sigstore_roots: vec![
            root_named("ours", &world().trusted_root().to_json()),
            root_named("theirs", &Sigstore::foreign().trusted_root().to_json()),
        ],
        ..TrustAnchors::default()
    };
    let judged = judge(&Sigstore::foreign().keyless(ARTIFACT), &both);
    assert_eq!(basis(&judged).anchors, ["theirs"]);
    assert_eq!(signer(&judged).proofs.keys().collect::<Vec<_>>(), ["theirs"]);
}

#[test]
fn no_22_a_log_of_another_instance() {
    let mut mixed = world();
    mixed.rekor = Sigstore::foreign().rekor;
    refused_by!(judge(&mixed.keyless(ARTIFACT), &trust(&world())), Rejection::UnknownLog { .. });
}

#[test]
fn no_23_a_certificate_for_servers_one_of_a_ca_and_a_root_in_the_chain() {
    let server = |cert: &mut crate::forge::pki::Cert| cert.set(Extension::eku(&["1.3.6.1.5.5.7.3.1"]));
    refused!(world().keyless(ARTIFACT).leaf(server), Rejection::Chain { .. });
    let ca = |cert: &mut crate::forge::pki::Cert| cert.set(Extension::basic_constraints(true, None));
    refused!(world().keyless(ARTIFACT).leaf(ca), Rejection::Malformed { detail, .. } if detail.contains("CA"));
    let with_root = world().keyless(ARTIFACT).version(Version::V02).chain(world().fulcio.chain());
    refused!(with_root, Rejection::Malformed { part, .. } if part == "the certificate chain");
    basis(&judge(&world().keyless(ARTIFACT).version(Version::V02).chain(world().fulcio.chain()[..1].to_vec()), &trust(&world())));
}

#[test]
fn no_23_a_certificate_that_was_changed_after_it_was_issued_is_tampered_with() {
    let flip = |json: &mut Value| {
        let raw = &mut json["verificationMaterial"]["certificate"]["rawBytes"];
        let der = BASE64.decode(raw.as_str().unwrap().as_bytes()).unwrap();
        let text = b"github-hosted";
        let at = der.windows(text.len()).position(|window| window == text).unwrap();
        let mut der = der;
        der[at] ^= 1;
        *raw = json!(BASE64.encode(&der));
    };
    let judged = judge(&world().keyless(ARTIFACT).edit(flip), &trust(&world()));
    assert!(super::rejection(&judged).is_integrity());
    refused_by!(judged, Rejection::Malformed { detail, .. } if detail.contains("did not sign"));
}

#[test]
fn no_27_a_claim_that_can_not_be_read_is_malformed_and_one_that_is_not_there_is_absent() {
    let odd = |cert: &mut crate::forge::pki::Cert| cert.set(Extension::new(&claim_oid(11), b"github-hosted".to_vec()));
    let judged = judge(&world().keyless(ARTIFACT).without_claim(22).leaf(odd), &trust(&world()));
    let By::Certificate { claims, issuer, .. } = &signer(&judged).by else { panic!("a certificate") };
    assert_eq!(issuer, "https://token.actions.githubusercontent.com");
    assert_eq!(claims["runner_environment"], Claim::Malformed);
    assert_eq!(claims["source_repository_id"], Claim::Text("1000001".into()));
    assert!(!claims.contains_key("source_repository_visibility"));
    // The issuer is asked of every certificate, so one that can't be read is refused, and the older extension is no way out.
    let issuer = |cert: &mut crate::forge::pki::Cert| cert.set(Extension::new(&claim_oid(8), b"https://evil.example".to_vec()));
    refused!(world().keyless(ARTIFACT).leaf(issuer), Rejection::Malformed { detail, .. } if detail.contains("issuer"));
    refused!(world().keyless(ARTIFACT).without_claim(1).without_claim(8), Rejection::Malformed { .. });
}

#[test]
fn no_27_several_names_or_none_or_of_another_kind() {
    let names = |names: Vec<Vec<u8>>| world().keyless(ARTIFACT).leaf(move |cert| cert.set(Extension::subject_alt_name(&names)));
    refused!(names(vec![san_uri(super::IDENTITY), san_email("evil@example.com")]), Rejection::Malformed { .. });
    refused!(names(vec![der::implicit(2, b"dns.example")]), Rejection::Malformed { .. });
    refused!(world().keyless(ARTIFACT).leaf(|cert| cert.drop(oids::SUBJECT_ALT_NAME)), Rejection::Malformed { .. });
    let user = names(vec![crate::forge::pki::san_other("1.3.6.1.4.1.57264.1.7", "user!example.com")]);
    let judged = judge(&user, &trust(&world()));
    assert!(matches!(&signer(&judged).by, By::Certificate { identity, .. } if identity == "user!example.com"));
    refused!(names(vec![crate::forge::pki::san_other("1.2.3.4", "user!example.com")]), Rejection::Malformed { .. });
    let twice = |cert: &mut crate::forge::pki::Cert| cert.repeat(oids::SUBJECT_ALT_NAME, None);
    refused!(world().keyless(ARTIFACT).leaf(twice), Rejection::Malformed { detail, .. } if detail.contains("twice"));
}

#[test]
fn no_30_nothing_found_is_nothing_and_nothing_trusted_is_never_valid() {
    let nothing = sigstore::Sigstore.examine(&Candidate::Other, &Attachments::default(), &trust(&world()), now(), &Limits::default());
    assert!(nothing.is_absent());
    let judged = judge(&world().keyless(ARTIFACT), &TrustAnchors::default());
    refused_by!(judged, Rejection::UntrustedRoot { anchors, .. } if anchors.is_empty());
    let keyed = world().keyed(SigningKey::p256("ours"), ARTIFACT);
    refused_by!(judge(&keyed, &TrustAnchors::default()), Rejection::OtherKey { anchors, .. } if anchors.is_empty());
}

#[test]
fn guard_an_entry_with_neither_proof_nor_promise() {
    let second = |json: &mut Value| {
        let mut entry = json["verificationMaterial"]["tlogEntries"][0].clone();
        entry.as_object_mut().unwrap().remove("inclusionPromise");
        entry.as_object_mut().unwrap().remove("inclusionProof");
        json["verificationMaterial"]["tlogEntries"].as_array_mut().unwrap().push(entry);
    };
    for version in [Version::V01, Version::V02, Version::V03] {
        let bundle = world().keyless(ARTIFACT).version(version).edit(second);
        refused!(bundle, Rejection::LogProof { detail } if detail.contains("neither proof nor promise"));
    }
}

#[test]
fn guard_the_key_of_a_log_that_had_ended_before_the_time_stamp() {
    for end in [Some("2026-09-01T10:20:29Z"), Some("2026-09-01T10:20:30Z"), None] {
        let mut root = world().trusted_root();
        root.tlogs[1].end = end.map(Into::into);
        let judged = judge(&world().keyless(ARTIFACT).rekor_v2(), &trust_root(&root.to_json()));
        match end {
            Some("2026-09-01T10:20:29Z") => {
                refused_by!(judged, Rejection::OutsideValidity { what, .. } if what.starts_with("the key of the log"));
            }
            // The end is included.
            _ => drop(basis(&judged)),
        }
    }
}

#[test]
fn guard_a_bundle_with_a_field_twice_or_two_contents_or_no_media_type() {
    let text = world().keyless(ARTIFACT).build().json.to_string();
    let twice = text.replacen("{\"mediaType\"", "{\"mediaType\":\"x\",\"mediaType\"", 1);
    refused_by!(judge_bytes(twice.as_bytes(), ARTIFACT, &trust(&world())), Rejection::Malformed { detail, .. } if detail.contains("duplicate"));
    let mut both = world().keyless(ARTIFACT).build().json;
    both["dsseEnvelope"] = attested(&world()).build().json["dsseEnvelope"].clone();
    refused_by!(judge_json(&both, ARTIFACT, &trust(&world())), Rejection::Malformed { .. });
    refused!(world().keyless(ARTIFACT).edit(|json| drop(json.as_object_mut().unwrap().remove("mediaType"))), Rejection::Malformed { .. });
}

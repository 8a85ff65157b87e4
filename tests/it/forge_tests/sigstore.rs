//! Forged bundles before the `sigstore-verify` crate.

use serde_json::{Value, json};
use sigstore_trust_root::TrustedRoot;
use sigstore_types::{Bundle, DerPublicKey};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult, Verifier};

use crate::forge::der::{self, oids};
use crate::forge::pki::{Cert, Extension, at, san_other, san_uri};
use crate::forge::sigstore::Sigstore;
use crate::forge::sigstore::bundle::{BundleBuilder, Kind, Version};
use crate::forge::sigstore::fulcio::{GITHUB, claim_oid};
use crate::forge::sigstore::intoto::{Provenance, Statement};
use crate::forge::{Hash, Scheme, SigningKey};

pub const ARTIFACT: &[u8] = b"the artifact";
const IDENTITY: &str = "https://github.com/acme/layers/.github/workflows/release.yml@refs/heads/main";

fn verifier(world: &Sigstore) -> Verifier {
    judge(&world.trusted_root().to_json())
}

fn judge(root: &Value) -> Verifier {
    let root = TrustedRoot::from_json(&root.to_string()).expect("a trusted root that parses");
    Verifier::new(&root).expect("a trusted root that holds together")
}

/// The judge's word on a bundle over [`ARTIFACT`] by the identity that the tests trust.
pub fn verify(world: &Sigstore, bundle: &Value) -> Result<VerificationResult, String> {
    verify_over(world, ARTIFACT, bundle)
}

/// The judge's word on a bundle over `artifact`.
pub fn verify_over(world: &Sigstore, artifact: &[u8], bundle: &Value) -> Result<VerificationResult, String> {
    let bundle = Bundle::from_json(&bundle.to_string()).map_err(|error| error.to_string())?;
    let policy = VerificationPolicy::new(IDENTITY, GITHUB);
    verifier(world).verify(artifact, &bundle, &policy).map_err(|error| error.to_string())
}

fn verify_with_key(world: &Sigstore, key: &SigningKey, bundle: &Value) -> Result<VerificationResult, String> {
    let bundle = Bundle::from_json(&bundle.to_string()).map_err(|error| error.to_string())?;
    let policy = PublicKeyVerificationPolicy::new(DerPublicKey::new(key.spki()));
    verifier(world).verify(ARTIFACT, &bundle, &policy).map_err(|error| error.to_string())
}

#[track_caller]
fn accepted(builder: &BundleBuilder) -> VerificationResult {
    verify(&builder.world, &builder.build().json).expect("a bundle that verifies")
}

/// The judge's reason holds `reason`.
#[track_caller]
fn refused(builder: &BundleBuilder, reason: &str) {
    let error = verify(&Sigstore::new(), &builder.build().json).expect_err("a bundle that does not verify");
    assert!(error.to_lowercase().contains(reason), "refused, but for another reason: {error}");
}

#[test]
fn a_keyless_bundle_verifies_with_every_part_checked() {
    let world = Sigstore::new();
    let result = accepted(&world.keyless(ARTIFACT));
    assert!(result.certificate_verified() && result.sct_verified() && result.tlog_verified() && result.identity_policy_checked());
    assert_eq!(result.integrated_time(), Some(at("2026-09-01T10:20:30Z")));
    let claims = &result.certificate().expect("a certificate").ci_claims;
    assert_eq!(claims.runner_environment.as_deref(), Some("github-hosted"));
    assert_eq!(claims.source_repository_identifier.as_deref(), Some("1000001"));
    assert_eq!(claims.source_repository_visibility_at_signing.as_deref(), Some("public"));
}

#[test]
fn forging_twice_gives_the_same_bytes() {
    let build = || Sigstore::new().keyless(ARTIFACT).stamped(1).build().bytes();
    assert_eq!(build(), build());
}

#[test]
fn every_version_and_place_in_the_tree_verifies() {
    let world = Sigstore::new();
    for version in [Version::V01, Version::V02, Version::V03Old, Version::V03] {
        accepted(&world.keyless(ARTIFACT).version(version));
    }
    for size in 1..=9 {
        for index in 0..size {
            accepted(&world.keyless(ARTIFACT).entry(move |entry| (entry.tree_index, entry.tree_size) = (index, size)));
        }
    }
}

#[test]
fn a_leaf_of_the_root_itself_verifies() {
    let mut world = Sigstore::new();
    world.fulcio.intermediate = None;
    accepted(&world.keyless(ARTIFACT));
}

#[test]
fn keys_of_other_kinds_are_certified() {
    let world = Sigstore::new();
    accepted(&world.keyless(ARTIFACT).certified_key(SigningKey::ed25519("a person")));
    let bundle = world.keyless(ARTIFACT).certified_key(SigningKey::rsa(2048));
    accepted(&bundle);
}

#[test]
fn attestations_verify_in_every_entry_of_rekor_v1() {
    let world = Sigstore::new();
    let statement = Statement::slsa(ARTIFACT, &Provenance::ours());
    for kind in [Kind::DsseV1, Kind::IntotoV2] {
        accepted(&world.attest(&statement).logged(&[kind]));
    }
}

#[test]
fn managed_keys_verify() {
    let world = Sigstore::new();
    for key in [SigningKey::p256("managed"), SigningKey::rsa(2048), SigningKey::ed25519("managed")] {
        let bundle = world.keyed(key.clone(), ARTIFACT).build();
        verify_with_key(&world, &key, &bundle.json).expect("a bundle of a managed key");
        let other = SigningKey::p256("another");
        verify_with_key(&world, &other, &bundle.json).expect_err("a bundle of another key");
    }
    // cosign signs with SHA-256 whatever the curve.
    let key = SigningKey::p384("managed");
    let bundle = world.keyed(key.clone(), ARTIFACT).scheme(Scheme::Ecdsa(Hash::Sha256)).build();
    verify_with_key(&world, &key, &bundle.json).expect("a bundle of a P-384 key with SHA-256");
    let key = SigningKey::p256("managed");
    let attested = world.attest(&Statement::cosign(ARTIFACT)).key(key.clone()).build();
    verify_with_key(&world, &key, &attested.json).expect("an attestation of a managed key");
}

#[test]
fn rekor_v2_verifies_with_a_timestamp_only() {
    let world = Sigstore::new();
    let result = accepted(&world.keyless(ARTIFACT).rekor_v2());
    assert_eq!(result.integrated_time(), None);
    assert_eq!(result.verified_timestamps(), [at("2026-09-01T10:20:30Z")]);
    accepted(&world.attest(&Statement::cosign(ARTIFACT)).rekor_v2());
    refused(&world.keyless(ARTIFACT).rekor_v2().stamped(0), "timestamp");
    let mut world = Sigstore::new();
    world.rekor_v2.key = SigningKey::p256("rekor v2 on p256");
    accepted(&world.keyless(ARTIFACT).rekor_v2());
}

#[test]
fn timestamps_verify_beside_the_log() {
    let world = Sigstore::new();
    assert_eq!(accepted(&world.keyless(ARTIFACT).stamped(2)).verified_timestamps().len(), 3);
    accepted(&world.keyless(ARTIFACT).stamped(1).token(|token| token.certificates.clear()));
    accepted(&world.keyless(ARTIFACT).stamped(1).token(|token| token.accuracy = Some([1, 0, 0])));
    refused(&world.keyless(ARTIFACT).stamped(1).token(|token| token.imprint[0] ^= 1), "mismatch");
    refused(&world.keyless(ARTIFACT).stamped(1).token(|token| token.gen_time = "20260901120000Z".into()), "expired");
}

#[test]
fn each_hook_spoils_what_it_touches() {
    let good = || Sigstore::new().keyless(ARTIFACT);
    refused(&good().without_sct(), "missing sct");
    refused(&good().sct(|sct| sct.timestamp += 1).sct(|sct| sct.signature = Some(vec![0x30, 0])), "sct signature");
    refused(&good().sct(|sct| sct.issuer_key_hash[0] ^= 1), "sct signature");
    refused(&good().sct(|sct| sct.log_id[0] ^= 1), "key not found");
    refused(&good().leaf(|cert| cert.drop(oids::EXTENDED_KEY_USAGE)), "chain");
    refused(&good().leaf(|cert| cert.not_after = at("2026-09-01T10:20:29Z")), "expired");
    refused(&good().issuer("https://token.actions.githubusercontent.com/"), "issuer");
    refused(&good().san("https://github.com/acme/layers"), "identity");
    refused(&good().email("release@acme.test"), "identity");
    refused(&good().signature(|signature| signature[8] ^= 1), "signature");
    refused(&good().body(|body| body["spec"]["data"]["hash"]["value"] = json!("00".repeat(32))), "hash");
    refused(&good().entry(|entry| entry.integrated_time = Some(0)), "");
    refused(&good().entry(|entry| entry.promise = Some(SigningKey::p256("nobody"))), "set verification");
    refused(&good().entry(|entry| entry.signers[0].key = SigningKey::p256("nobody")), "checkpoint");
    refused(&good().entry(|entry| entry.signers[0].hint = vec![1, 2, 3, 4]), "checkpoint");
    refused(&good().entry(|entry| entry.edit_checkpoint.add(|checkpoint| checkpoint.root[0] ^= 1)), "root");
    refused(&good().edit(|json| json["verificationMaterial"]["tlogEntries"] = json!([])), "");
    refused(&Sigstore::foreign().keyless(ARTIFACT), "");
}

/// Forgeries that the `sigstore-verify` crate takes: nothing about them is wrong but what the name says, so a verifier that refuses them
/// does so by a guard of its own.
#[test]
fn the_crate_leaves_these_forgeries_to_others() {
    let mut expired_ca = Sigstore::new();
    expired_ca.fulcio.intermediate.as_mut().unwrap().cert.not_after = at("2026-08-01T00:00:00Z");
    accepted(&expired_ca.keyless(ARTIFACT));
    let mut expired_root = Sigstore::new();
    expired_root.fulcio.root.cert.not_after = at("2026-08-01T00:00:00Z");
    accepted(&expired_root.keyless(ARTIFACT));

    let world = Sigstore::new();
    accepted(&world.keyless(ARTIFACT).version(Version::V01).entry(|entry| entry.proof = false));
    let unnamed = |json: &mut Value| drop(json.as_object_mut().unwrap().remove("mediaType"));
    accepted(&world.keyless(ARTIFACT).entry(|entry| entry.proof = false).edit(unnamed));
    accepted(&world.keyless(ARTIFACT).version(Version::V02).chain(vec![world.fulcio.root.self_signed()]));
    let bare = |json: &mut Value| {
        let entries = json["verificationMaterial"]["tlogEntries"].as_array_mut().unwrap();
        let mut bare = entries[0].clone();
        for proof in ["inclusionPromise", "inclusionProof"] {
            bare.as_object_mut().unwrap().remove(proof);
        }
        entries.push(bare);
    };
    accepted(&world.keyless(ARTIFACT).edit(bare));
    accepted(&world.keyless(ARTIFACT).entry(|entry| entry.edit_checkpoint.add(|checkpoint| checkpoint.size += 1)));
    accepted(&world.keyless(ARTIFACT).leaf(|cert| cert.set(Extension::key_usage(0x84))));
    accepted(&world.keyless(ARTIFACT).leaf(|cert| cert.repeat(&claim_oid(8), Some(der::utf8("https://evil.example")))));
    let two_names = [san_uri(IDENTITY), san_uri("https://evil.example/workflow")];
    accepted(&world.keyless(ARTIFACT).leaf(move |cert| cert.set(Extension::subject_alt_name(&two_names))));
    let malformed = |cert: &mut Cert| cert.get(&claim_oid(15)).unwrap().value = vec![0x0c, 0x7f, 0x31];
    let result = accepted(&world.keyless(ARTIFACT).leaf(malformed));
    assert_eq!(result.certificate().unwrap().ci_claims.source_repository_identifier, None);
}

#[test]
fn leaves_of_the_wrong_kind_are_refused() {
    let good = || Sigstore::new().keyless(ARTIFACT);
    refused(&good().leaf(|cert| cert.set(Extension::eku(&[oids::SERVER_AUTH]))), "chain");
    refused(&good().leaf(|cert| cert.set(Extension::basic_constraints(true, None))), "chain");
    refused(&good().leaf(|cert| cert.set(Extension::critical("1.2.3.4", der::null()))), "critical");
    refused(&good().leaf(|cert| cert.get(&claim_oid(8)).unwrap().value = vec![0x0c, 0x7f]), "issuer");
    refused(&good().leaf(|cert| cert.drop(oids::SUBJECT_ALT_NAME)), "identity");
    refused(&good().leaf(|cert| cert.set(Extension::subject_alt_name(&[san_other(&claim_oid(7), IDENTITY)]))), "identity");
    refused(&good().scts(2), "multiple sct");
    refused(&good().without_claim(1).without_claim(8), "issuer");
}

#[test]
fn windows_of_the_trusted_root_count() {
    let windowed = |start: &str, end: &str| {
        let world = Sigstore::new();
        let mut root = world.trusted_root();
        (root.certificate_authorities[0].start, root.certificate_authorities[0].end) = (Some(start.into()), Some(end.into()));
        let bundle = Bundle::from_json(&world.keyless(ARTIFACT).build().json.to_string()).unwrap();
        judge(&root.to_json()).verify(ARTIFACT, &bundle, &VerificationPolicy::new(IDENTITY, GITHUB)).map(|_| ()).map_err(|e| e.to_string())
    };
    windowed("2026-09-01T10:20:30Z", "2026-09-01T10:20:30Z").expect("a window of the one second that counts");
    windowed("2026-09-01T10:20:31Z", "2027-01-01T00:00:00Z").expect_err("a CA that came later");
    windowed("2020-01-01T00:00:00Z", "2026-09-01T10:20:29Z").expect_err("a CA that went before");
}

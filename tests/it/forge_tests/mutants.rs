//! The mutator: every field is met, each mutant differs, and a foreign verifier refuses what is signed.

use std::collections::BTreeSet;

use super::sigstore::{ARTIFACT, verify};
use crate::forge::mutate::{Depth, Kind, Mutant, Node, mutants};
use crate::forge::notary::{Notary, Target};
use crate::forge::sigstore::Sigstore;
use crate::forge::sigstore::bundle::BundleBuilder;
use crate::forge::sigstore::intoto::{Provenance, Statement};

fn of_bundles(good: &BundleBuilder, other: &BundleBuilder, depth: Depth) -> Vec<Mutant> {
    let [good, other] = [good, other].map(|builder| Node::json(&builder.build().bytes(), depth));
    mutants(&good, &other).collect()
}

/// Paths of the mutants that the `sigstore-verify` crate takes, with the kind before them.
fn taken(mutants: &[Mutant]) -> BTreeSet<String> {
    let world = Sigstore::new();
    let takes = |mutant: &&Mutant| {
        let json = serde_json::from_slice(&mutant.bytes).expect("JSON");
        verify(&world, &json).is_ok()
    };
    mutants.iter().filter(takes).map(Mutant::to_string).collect()
}

/// What the crate takes of the mutants of `good`, which are at least `least`.
#[track_caller]
fn assert_taken(good: &BundleBuilder, other: &BundleBuilder, least: usize, expected: &[&str]) {
    let mutants = of_bundles(good, other, Depth::inside());
    assert!(mutants.len() >= least, "{} mutants", mutants.len());
    let entry = "verificationMaterial/tlogEntries/0";
    let expected: BTreeSet<String> = expected.iter().map(|path| path.replace("ENTRY", entry)).collect();
    assert_eq!(taken(&mutants), expected);
}

/// What the crate leaves unread: a missing media type counts as one that it knows; the digest in the bundle is a hint, since the crate hashes
/// the artifact itself; and in Rekor v1 it compares the proof's root with the signed checkpoint, but not the tree's size.
#[test]
fn a_foreign_verifier_refuses_the_mutants_of_all_that_is_signed() {
    let world = Sigstore::new();
    let other = world.keyless(b"another artifact").at("2026-09-01T11:00:00Z").entry(|entry| entry.tree_index = 3);
    let unread = ["Drop mediaType", "Drop messageSignature/messageDigest", "FlipBit ENTRY/inclusionProof/treeSize"];
    assert_taken(&world.keyless(ARTIFACT), &other, 70, &unread);
}

#[test]
fn a_foreign_verifier_refuses_the_mutants_of_attestations() {
    let world = Sigstore::new();
    let attest = |artifact: &[u8]| world.attest(&Statement::slsa(artifact, &Provenance::ours()));
    let unread = ["Drop mediaType", "FlipBit ENTRY/inclusionProof/treeSize"];
    assert_taken(&attest(ARTIFACT), &attest(b"another artifact").at("2026-09-01T11:00:00Z"), 100, &unread);
}

/// In Rekor v2 the crate takes index, size and root from the entry and the signed checkpoint, and leaves unread what the proof says of them,
/// `logId`, and the name before the checkpoint's signature: the key is found by its hint. Of a timestamp it leaves the bag of certificates
/// unread, which is where the middle of a token is.
#[test]
fn a_foreign_verifier_refuses_the_mutants_of_rekor_v2() {
    let world = Sigstore::new();
    let other = world.keyless(b"another artifact").rekor_v2().at("2026-09-01T11:00:00Z").entry(|entry| entry.tree_index = 3);
    let unread = [
        "Drop messageSignature/messageDigest",
        "Drop ENTRY/inclusionProof/logIndex",
        "FlipBit verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp",
        "FlipBit ENTRY/inclusionProof/checkpoint/envelope",
        "FlipBit ENTRY/inclusionProof/logIndex",
        "FlipBit ENTRY/inclusionProof/rootHash",
        "FlipBit ENTRY/inclusionProof/treeSize",
        "FlipBit ENTRY/logId/keyId",
        "Swap ENTRY/inclusionProof/logIndex",
        "Swap ENTRY/inclusionProof/rootHash",
    ];
    assert_taken(&world.keyless(ARTIFACT).rekor_v2(), &other, 60, &unread);
}

#[test]
fn every_leaf_is_flipped_dropped_and_swapped_and_no_mutant_is_the_original() {
    let world = Notary::new();
    let sign = |manifest: &[u8], time: &str| world.sign(&Target::of(manifest)).at(time).stamped();
    let good = sign(b"one", "2026-09-01T10:00:00Z");
    let other = sign(b"a second one", "2026-09-01T11:00:00Z");
    // The fields in both formats; COSE has numbers for `alg` and `cty`.
    let inside = Depth::inside();
    let jws = (Node::json(&good.jws(), inside), Node::json(&other.jws(), inside), ["protected/alg", "protected/cty"]);
    let cose = (Node::cbor(&good.cose(), inside), Node::cbor(&other.cose(), inside), ["0/1", "0/3"]);
    for (good, other, [alg, cty]) in [jws, cose] {
        let all: Vec<Mutant> = mutants(&good, &other).collect();
        let has = |kind: Kind, end: &str| {
            assert!(all.iter().any(|mutant| mutant.kind == kind && mutant.path.ends_with(end)), "no {kind:?} of {end}");
        };
        for field in ["io.cncf.notary.signingScheme", alg, cty, "digest", "size", "mediaType"] {
            has(Kind::FlipBit, field);
            has(Kind::Drop, field);
        }
        has(Kind::Swap, "digest");
        has(Kind::Swap, "io.cncf.notary.signingTime");
        has(Kind::Replay, "");
        assert!(all.iter().all(|mutant| mutant.bytes != good.to_bytes()), "a mutant is the original");
    }
}

#[test]
fn certificates_are_opened_to_the_last_value_if_asked() {
    let world = Notary::new();
    let der = world.root_der();
    let node = Node::der(&der);
    assert_eq!(node.to_bytes(), der);
    let mutants: Vec<Mutant> = mutants(&node, &Node::der(&Notary::foreign().root_der())).collect();
    assert!(mutants.len() > 60, "{}", mutants.len());
    assert!(mutants.iter().any(|mutant| mutant.kind == Kind::FlipBit && mutant.path == "0/1"), "no serial number");
}

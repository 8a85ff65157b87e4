//! The mutator: every field is met, each mutant differs, and a foreign verifier refuses what is signed.

use std::collections::BTreeSet;

use super::sigstore::{ARTIFACT, verify};
use crate::forge::mutate::{Depth, Kind, Mutant, Node, mutants};
use crate::forge::notary::{Notary, Target};
use crate::forge::sigstore::Sigstore;
use crate::forge::sigstore::bundle::BundleBuilder;

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

#[test]
fn a_foreign_verifier_refuses_the_mutants_of_all_that_is_signed() {
    let world = Sigstore::new();
    let other = world.keyless(b"another artifact").at("2026-09-01T11:00:00Z").entry(|entry| entry.tree_index = 3);
    let mutants = of_bundles(&world.keyless(ARTIFACT), &other, Depth::inside());
    assert!(mutants.len() > 70, "{}", mutants.len());
    // What the crate leaves unread: a missing media type counts as one that it knows; the digest in the bundle is a hint, since the crate
    // hashes the artifact itself; and in Rekor v1 it compares the proof's root with the signed checkpoint, but not the tree's size.
    let unread = [
        "Drop json/mediaType",
        "Drop json/messageSignature/messageDigest",
        "FlipBit json/verificationMaterial/tlogEntries/0/inclusionProof/treeSize",
    ];
    let expected: BTreeSet<String> = unread.map(str::to_string).into();
    assert_eq!(taken(&mutants), expected);
}

#[test]
fn every_leaf_is_flipped_dropped_and_swapped_and_no_mutant_is_the_original() {
    let world = Notary::new();
    let sign = |manifest: &[u8], time: &str| world.sign(&Target::of(manifest)).at(time).stamped();
    let good = sign(b"one", "2026-09-01T10:00:00Z");
    let other = sign(b"a second one", "2026-09-01T11:00:00Z");
    let forms = [
        (Node::json(&good.jws(), Depth::inside()), Node::json(&other.jws(), Depth::inside())),
        (Node::cbor(&good.cose(), Depth::inside()), Node::cbor(&other.cose(), Depth::inside())),
    ];
    for (good, other) in forms {
        let all: Vec<Mutant> = mutants(&good, &other).collect();
        let has = |kind: Kind, end: &str| {
            assert!(all.iter().any(|mutant| mutant.kind == kind && mutant.path.ends_with(end)), "no {kind:?} of {end}");
        };
        for field in ["io.cncf.notary.signingScheme", "alg", "cty", "digest", "size", "mediaType"] {
            let field = if all.iter().any(|mutant| mutant.path.ends_with(field)) { field } else { ["1", "3"][usize::from(field == "cty")] };
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
    assert!(mutants.iter().any(|mutant| mutant.kind == Kind::FlipBit && mutant.path == "der/0/1"), "no serial number");
}

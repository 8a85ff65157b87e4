//! One mutant for each field of each form: flipped, dropped, swapped, replayed. None holds but those of what the specification does not sign.

use super::{Case, target, trust};
use crate::forge::mutate::{Depth, Kind, Mutant, Node, mutants};
use crate::forge::notary::envelope::EnvelopeBuilder;
use crate::forge::notary::{Notary, Target};
use layerproof::signature::Outcome;

/// Fields that are not signed: the time stamp is data for the policy, and nothing rests on the signing agent.
const UNSIGNED: &[&str] = &["io.cncf.notary.timestampSignature", "io.cncf.notary.signingAgent"];

/// The whole header that is not signed, as JWS and COSE have it. Its certificates are those of both envelopes.
const UNSIGNED_HEADER: &[&str] = &["header", "1"];

fn is_unsigned(mutant: &Mutant) -> bool {
    let whole = mutant.kind == Kind::Swap && UNSIGNED_HEADER.contains(&mutant.path.as_str());
    whole || UNSIGNED.iter().any(|name| mutant.path.contains(name))
}

fn sweep(good: &EnvelopeBuilder, other: &EnvelopeBuilder, world: &Notary) {
    let jws = (Node::json(&good.jws(), Depth::inside()), Node::json(&other.jws(), Depth::inside()));
    let cose = (Node::cbor(&good.cose(), Depth::inside()), Node::cbor(&other.cose(), Depth::inside()));
    for (good, other) in [jws, cose] {
        let plain = Case::new(good.to_bytes(), trust(world)).valid();
        let (mut refused, mut unsigned) = (0, 0);
        for mutant in mutants(&good, &other) {
            let case = Case::new(mutant.bytes.clone(), trust(world));
            match case.judge().outcome {
                Outcome::Invalid(_) => refused += 1,
                Outcome::Inconclusive(undetermined) => panic!("{mutant}: {}", undetermined.gap),
                Outcome::Valid(verified) => {
                    assert!(is_unsigned(&mutant), "{mutant} passes");
                    assert_eq!(verified.basis().signature_id, plain.0.signature_id, "{mutant}");
                    assert_eq!(verified.basis().anchors, plain.0.anchors, "{mutant}");
                    unsigned += 1;
                }
            }
        }
        println!("{refused} mutants refused, {unsigned} of fields that are not signed");
        assert!(refused > 30, "{refused}");
    }
}

#[test]
fn no_mutant_of_a_plain_envelope_passes() {
    let world = Notary::new();
    let other = Target::of(b"another manifest").annotated("team", "other");
    let good = world.sign(&target().annotated("team", "release")).expiry("2027-01-01T00:00:00Z");
    sweep(&good, &world.sign(&other).at("2026-09-01T11:00:00Z").expiry("2028-01-01T00:00:00Z"), &world);
}

#[test]
fn no_mutant_of_a_stamped_rsa_envelope_passes() {
    let world = Notary::with_leaf_key(crate::forge::keys::SigningKey::rsa(2048));
    let good = world.sign(&target()).stamped();
    sweep(&good, &world.sign(&Target::of(b"another manifest")).at("2026-09-01T11:00:00Z").stamped(), &world);
}

#[test]
fn no_mutant_of_aws_signers_envelope_passes() {
    let world = Notary::aws_signer();
    let profile = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/AbCdEfGhIj";
    let job = "arn:aws:signer:eu-west-1:111122223333:/signing-jobs/00000000-1111-2222-3333-444455556666";
    let good = world.aws(&target(), profile, job);
    let other = world.aws(&Target::of(b"another manifest"), &profile.replace("release", "other"), &job.replace('6', "7"));
    sweep(&good, &other, &world);
}

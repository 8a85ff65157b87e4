//! Notary Project envelopes in JWS. Certificates and time stamps are opened to the last value of their DER.

use layerproof::signature::Basis;

use super::notary::{self, Three, takes_the_time_stamp};
use super::sweep::{Counts, Effect, Sweep, Unsigned};
use crate::forge::mutate::{Depth, Kind, Node};
use crate::forge::notary::jws::MEDIA_TYPE;

const AGENT: Unsigned<Basis> = Unsigned {
    path: "header/io.cncf.notary.signingAgent",
    kinds: &[Kind::FlipBit, Kind::Drop, Kind::Swap],
    effect: Effect::None,
    why: "signature-specification.md, \"Unsigned Attributes\": the signing agent, optional and informational",
};

/// Also all that is inside of it: see `timestamp.rs` for what becomes of each field.
const TIME_STAMP: Unsigned<Basis> = Unsigned {
    path: "header/io.cncf.notary.timestampSignature/**",
    kinds: &[Kind::FlipBit, Kind::Drop, Kind::Swap],
    effect: Effect::Takes(takes_the_time_stamp),
    why: "signature-specification.md, \"Unsigned Attributes\": the time stamp is made after the signature, and is optional",
};

/// Inside of the time stamp, and the trust store holds it itself.
const ROOT: Unsigned<Basis> = Unsigned {
    path: "header/io.cncf.notary.timestampSignature/1/0/3/2/**",
    kinds: &[Kind::FlipBit, Kind::Drop],
    effect: Effect::None,
    why: "RFC 5652 section 5.1: there may be more or fewer certificates than are needed; this is the authority's root",
};

/// All that is not signed at once, with the time stamp of another signature in it.
const HEADER_OF_X509: Unsigned<Basis> = Unsigned {
    path: "header",
    kinds: &[Kind::Swap],
    effect: Effect::Takes(takes_the_time_stamp),
    why: "signature-specification.md, \"Unsigned Attributes\": time stamp and signing agent",
};

/// The same without a time stamp: the certificates are equal, and the agent is left.
const HEADER: Unsigned<Basis> = Unsigned { effect: Effect::None, ..HEADER_OF_X509 };

/// Inside of the time stamp, and the authority does not sign it either.
const DIGEST_ALGORITHMS: Unsigned<Basis> = Unsigned {
    path: "header/io.cncf.notary.timestampSignature/1/0/1/**",
    kinds: &[Kind::FlipBit, Kind::Drop],
    effect: Effect::None,
    why: "RFC 5652 section 5.1: digestAlgorithms is for one-pass readers; the algorithm that counts is SignerInfo's",
};

#[track_caller]
fn sweep(of: fn(&super::court::Image) -> Three, unsigned: &[Unsigned<Basis>], least: usize) -> Counts {
    let image = notary::image();
    let three = of(&image);
    let node = |bytes: Vec<u8>| Node::json(&bytes, Depth::all());
    Sweep {
        good: node(three.good.jws()),
        other: node(three.other.jws()),
        twin: Some(node(three.twin.jws())),
        judge: &|bytes| notary::judge(&image, bytes, MEDIA_TYPE),
        unsigned,
    }
    .run(least)
}

#[test]
fn under_x509_with_a_time_stamp() {
    sweep(notary::x509, &[AGENT, DIGEST_ALGORITHMS, ROOT, TIME_STAMP, HEADER_OF_X509], 880);
}

#[test]
fn of_a_signing_authority() {
    sweep(notary::signing_authority, &[AGENT, HEADER], 400);
}

#[test]
fn of_aws_signer() {
    sweep(notary::aws_signer, &[AGENT, HEADER], 580);
}

//! Notary Project envelopes, in JWS and in COSE. Certificates and time stamps are opened to the last value of their DER.

use layerproof::signature::Basis;

use super::notary::{self, Three, takes_the_time_stamp};
use super::sweep::{Counts, Effect, Sweep, Unsigned};
use crate::forge::mutate::{Depth, Kind, Node};
use crate::forge::notary::envelope::EnvelopeBuilder;
use crate::forge::notary::{cose, jws};

/// One of the two forms, and where in it what stands that is not signed.
struct Form {
    media_type: &'static str,
    made: fn(&EnvelopeBuilder) -> Vec<u8>,
    opened: fn(&[u8]) -> Node,
    header: &'static str,
    agent: &'static str,
    time_stamp: &'static str,
    digest_algorithms: &'static str,
    root: &'static str,
}

const JWS: Form = Form {
    media_type: jws::MEDIA_TYPE,
    made: EnvelopeBuilder::jws,
    opened: |bytes| Node::json(bytes, Depth::all()),
    header: "header",
    agent: "header/io.cncf.notary.signingAgent",
    time_stamp: "header/io.cncf.notary.timestampSignature/**",
    digest_algorithms: "header/io.cncf.notary.timestampSignature/1/0/1/**",
    root: "header/io.cncf.notary.timestampSignature/1/0/3/2/**",
};

/// The unprotected header is the second value of the message.
const COSE: Form = Form {
    media_type: cose::MEDIA_TYPE,
    made: EnvelopeBuilder::cose,
    opened: |bytes| Node::cbor(bytes, Depth::all()),
    header: "1",
    agent: "1/io.cncf.notary.signingAgent",
    time_stamp: "1/io.cncf.notary.timestampSignature/**",
    digest_algorithms: "1/io.cncf.notary.timestampSignature/1/0/1/**",
    root: "1/io.cncf.notary.timestampSignature/1/0/3/2/**",
};

impl Form {
    /// With a time stamp. What becomes of each field inside of it is in `timestamp.rs`.
    fn stamped(&self) -> Vec<Unsigned<Basis>> {
        vec![
            self.agent(),
            // Inside of the time stamp, and the authority does not sign it.
            Unsigned {
                path: self.digest_algorithms,
                kinds: &[Kind::FlipBit, Kind::Drop],
                effect: Effect::None,
                why: "RFC 5652 section 5.1: digestAlgorithms is for one-pass readers; the algorithm that counts is SignerInfo's",
            },
            // Inside of it as well, and the trust store holds it itself.
            Unsigned {
                path: self.root,
                kinds: &[Kind::FlipBit, Kind::Drop],
                effect: Effect::None,
                why: "RFC 5652 section 5.1: there may be more or fewer certificates than are needed; this is the authority's root",
            },
            Unsigned {
                path: self.time_stamp,
                kinds: &[Kind::FlipBit, Kind::Drop, Kind::Swap],
                effect: Effect::Takes(takes_the_time_stamp),
                why: "signature-specification.md, \"Unsigned Attributes\": the time stamp is made after the signature, and is optional",
            },
            // All that is not signed at once, with the time stamp of another signature in it.
            self.header(Effect::Takes(takes_the_time_stamp)),
        ]
    }

    /// Without a time stamp: of the header the certificates are equal, and the agent is left.
    fn unstamped(&self) -> Vec<Unsigned<Basis>> {
        vec![self.agent(), self.header(Effect::None)]
    }

    fn agent(&self) -> Unsigned<Basis> {
        Unsigned {
            path: self.agent,
            kinds: &[Kind::FlipBit, Kind::Drop, Kind::Swap],
            effect: Effect::None,
            why: "signature-specification.md, \"Unsigned Attributes\": the signing agent, optional and informational",
        }
    }

    fn header(&self, effect: Effect<Basis>) -> Unsigned<Basis> {
        Unsigned {
            path: self.header,
            kinds: &[Kind::Swap],
            effect,
            why: "signature-specification.md, \"Unsigned Attributes\": time stamp and signing agent",
        }
    }

    #[track_caller]
    fn sweep(&self, of: fn(&super::court::Image) -> Three, unsigned: &[Unsigned<Basis>], least: usize) -> Counts {
        let image = notary::image();
        let three = of(&image);
        let node = |builder: &EnvelopeBuilder| (self.opened)(&(self.made)(builder));
        Sweep {
            good: node(&three.good),
            other: node(&three.other),
            twin: Some(node(&three.twin)),
            judge: &|bytes| notary::judge(&image, bytes, self.media_type),
            unsigned,
        }
        .run(least)
    }
}

#[test]
fn of_a_jws_under_x509_with_a_time_stamp() {
    JWS.sweep(notary::x509, &JWS.stamped(), 880);
}

#[test]
fn of_a_jws_of_a_signing_authority() {
    JWS.sweep(notary::signing_authority, &JWS.unstamped(), 400);
}

#[test]
fn of_a_jws_of_aws_signer() {
    JWS.sweep(notary::aws_signer, &JWS.unstamped(), 580);
}

#[test]
fn of_a_cose_message_under_x509_by_rsa_with_a_time_stamp() {
    COSE.sweep(notary::x509_by_rsa, &COSE.stamped(), 880);
}

#[test]
fn of_a_cose_message_of_a_signing_authority() {
    COSE.sweep(notary::signing_authority, &COSE.unstamped(), 400);
}

#[test]
fn of_a_cose_message_of_aws_signer() {
    COSE.sweep(notary::aws_signer, &COSE.unstamped(), 580);
}

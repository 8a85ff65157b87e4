//! The time stamp token (RFC 3161) of a Notary Project envelope. A token that does not hold leaves the envelope valid, without its time
//! stamp: here that counts as refused.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use layerproof::signature::Basis;
use serde_json::{Value, json};

use super::notary::{self, takes_the_time_stamp};
use super::sweep::{Effect, Judgement, Sweep, Unsigned};
use crate::forge::mutate::{Kind, Node};
use crate::forge::notary::Notary;
use crate::forge::notary::envelope::TIMESTAMP_SIGNATURE;
use crate::forge::notary::jws::MEDIA_TYPE;
use crate::forge::pki::at;

const UNSIGNED: &[Unsigned<Basis>] = &[
    Unsigned {
        path: "1/0/1/**",
        kinds: &[Kind::FlipBit, Kind::Drop],
        effect: Effect::None,
        why: "RFC 5652 section 5.1: digestAlgorithms is for one-pass readers; the algorithm that counts is SignerInfo's",
    },
    Unsigned {
        path: "1/0/3/2/**",
        kinds: &[Kind::FlipBit, Kind::Drop, Kind::Swap],
        effect: Effect::None,
        why: "RFC 5652 section 5.1: certificates may be more or fewer than needed; this is the root, which the trust store holds itself",
    },
];

#[test]
fn of_an_envelope() {
    let image = notary::image();
    let envelope = notary::x509(&image).good.jws_json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let token = BASE64.decode(text(&envelope["header"][TIMESTAMP_SIGNATURE]).as_bytes()).unwrap();
    let signature = BASE64URL_NOPAD.decode(text(&envelope["signature"]).as_bytes()).unwrap();
    let with = |token: &[u8]| {
        let mut envelope = envelope.clone();
        envelope["header"][TIMESTAMP_SIGNATURE] = json!(BASE64.encode(token));
        notary::judge(&image, envelope.to_string().as_bytes(), MEDIA_TYPE)
    };
    let Judgement::Valid(good) = with(&token) else { panic!("{:?}", with(&token)) };
    assert!(good.time_source == layerproof::signature::TimeSource::TimestampAuthority, "{good:?}");
    // Of another signature, by another authority that is trusted too.
    let mut other = Notary::foreign().tsa.token(&[&signature[..], b"another"].concat(), at("2026-09-01T11:00:00Z"));
    other.certificates = Notary::foreign().tsa.chain();
    other.accuracy = Some([2, 400, 0]);
    other.nonce = Some(8);
    let counts = Sweep {
        good: Node::der(&token),
        other: Node::der(&other.token()),
        twin: None,
        judge: &|token| match with(token) {
            Judgement::Valid(basis) if takes_the_time_stamp(&good, &basis) => Judgement::Refused("the time stamp does not hold".into()),
            judgement => judgement,
        },
        unsigned: UNSIGNED,
    }
    .run(530);
    assert!(counts.refused > counts.unsigned);
}

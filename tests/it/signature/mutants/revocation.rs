//! OCSP responses and revocation lists about the leaf of a chain. What must not come of a mutant is another status, nor a longer life of the
//! same. Whoever answers signs all of it, so that nothing is listed.

use layerproof::signature::revocation::{Link, State, Status as Said, Unusable, links};

use super::sweep::{Judgement, Sweep};
use crate::forge::der;
use crate::forge::mutate::Node;
use crate::forge::notary::Notary;
use crate::forge::pki::{Extension, Holder, at};
use crate::forge::revocation::{Answer, Crl, ISSUING_DISTRIBUTION_POINT, OcspResponse, Status, delegated_responder};

const NOW: &str = "2026-09-02T00:00:00Z";
const PLACE: &str = "http://crl.layerproof.test/1.crl";

/// A chain whose leaf says where its status is to be had.
fn world() -> Notary {
    let mut world = Notary::new();
    world.leaf().cert.extensions.push(Extension::ocsp("http://ocsp.layerproof.test"));
    world.leaf().cert.extensions.push(Extension::crl_distribution_point(PLACE));
    world
}

fn link(world: &Notary) -> Link {
    links(&world.leaf_first()).unwrap().remove(0)
}

fn issuer(world: &Notary) -> &Holder {
    &world.chain[1]
}

fn revoked() -> Status {
    Status::Revoked(at("2026-08-15T00:00:00Z"), Some(1))
}

fn judgement(said: Result<Said, Unusable>) -> Judgement<Said> {
    match said {
        Ok(said) => Judgement::Valid(said),
        Err(why) => Judgement::Refused(why.to_string()),
    }
}

/// What is said of another certificate, by the same CA and with a longer life.
fn of_another(world: &Notary, status: Status) -> Answer {
    let mut cert = world.chain[2].cert.clone();
    cert.serial = vec![0x33; 16];
    let mut answer = Answer::about(&cert, issuer(world), status).with_sha256(issuer(world));
    answer.next_update = Some(at("2027-09-08T00:00:00Z"));
    answer
}

#[track_caller]
fn sweep_ocsp(world: &Notary, good: &OcspResponse, other: &OcspResponse, is: fn(&State) -> bool, least: usize) {
    let link = link(world);
    let judge = |response: &[u8]| judgement(link.judge_ocsp(response, at(NOW)));
    assert!(matches!(judge(&good.der()), Judgement::Valid(said) if is(&said.state)));
    Sweep { good: Node::der(&good.der()), other: Node::der(&other.der()), twin: None, judge: &judge, unsigned: &[] }.run(least);
}

#[test]
fn ocsp_by_the_issuer() {
    let world = world();
    let leaf = &world.chain[2].cert;
    // The other one says the opposite.
    for (status, opposite, is) in [
        (Status::Good, revoked(), (|state| *state == State::Good) as fn(&State) -> bool),
        (revoked(), Status::Good, |state| matches!(state, State::Revoked { .. })),
    ] {
        let good = OcspResponse::by_issuer(issuer(&world), Answer::about(leaf, issuer(&world), status));
        let other = OcspResponse::by_issuer(issuer(&world), of_another(&world, opposite));
        sweep_ocsp(&world, &good, &other, is, 60);
    }
}

#[test]
fn ocsp_by_a_delegate() {
    let world = world();
    let responder = delegated_responder("layerproof test", issuer(&world));
    let stranger = delegated_responder("layerproof stranger", issuer(&world));
    let answer = Answer::about(&world.chain[2].cert, issuer(&world), Status::Good).with_sha256(issuer(&world));
    let nonce = Some(vec![7; 16]);
    let good = OcspResponse { nonce: nonce.clone(), ..OcspResponse::by_delegate(&responder, issuer(&world), answer) };
    let other = OcspResponse { nonce, ..OcspResponse::by_delegate(&stranger, issuer(&world), of_another(&world, revoked())) };
    sweep_ocsp(&world, &good, &other, |state| *state == State::Good, 180);
}

#[test]
fn revocation_lists() {
    let world = world();
    let link = link(&world);
    let judge = |list: &[u8]| judgement(link.judge_crl(list, at(NOW)));
    let place = |url: &str| {
        let name = der::context(0, &der::context(0, &der::implicit(6, url.as_bytes())));
        Extension::critical(ISSUING_DISTRIBUTION_POINT, der::seq(&[name]))
    };
    let list = |url: &str| {
        let mut list = Crl::of(issuer(&world));
        list.extensions.push(place(url));
        let mut another = world.chain[2].cert.clone();
        another.serial = vec![0x33; 16];
        list.revoke(&another, "2026-08-01T00:00:00Z", Some(4))
    };
    // Of another place, which says nothing about the leaf, and lives longer.
    let mut other = list("http://crl.layerproof.test/2.crl");
    other.next_update = Some(at("2027-09-08T00:00:00Z"));
    for (good, is_revoked) in [(list(PLACE), false), (list(PLACE).revoke(&world.chain[2].cert, "2026-08-15T00:00:00Z", Some(1)), true)] {
        let Judgement::Valid(said) = judge(&good.der()) else { panic!("{:?}", judge(&good.der())) };
        assert_eq!(said.state != State::Good, is_revoked);
        Sweep { good: Node::der(&good.der()), other: Node::der(&other.der()), twin: None, judge: &judge, unsigned: &[] }.run(80);
    }
}

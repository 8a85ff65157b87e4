//! Forged OCSP responses and CRLs before openssl.

use super::openssl::{OpenSsl, name};
use crate::forge::SigningKey;
use crate::forge::der::oids;
use crate::forge::notary::Notary;
use crate::forge::pki::{Holder, at};
use crate::forge::revocation::{Answer, Crl, OCSP_NO_CHECK, OcspResponse, Status, delegated_responder};

const REVOKED: &str = "2026-08-15T00:00:00Z";

fn issuer(world: &Notary) -> &Holder {
    &world.chain[1]
}

fn about(world: &Notary, status: Status) -> Answer {
    Answer::about(&world.chain[2].cert, issuer(world), status)
}

/// openssl's word on a response about the leaf of `world`.
fn ocsp(world: &Notary, response: &OcspResponse) -> Option<Result<String, String>> {
    let openssl = OpenSsl::find()?;
    let [root, ca, leaf] = [0, 1, 2].map(|at| openssl.pem_file(&format!("{at}.pem"), &world.certificates()[at..=at]));
    let response = openssl.file("response.der", &response.der());
    let time = at("2026-09-02T00:00:00Z").as_second().to_string();
    let files = ["-respin", name(&response), "-issuer", name(&ca), "-cert", name(&leaf), "-CAfile", name(&root)];
    // Leeway, since openssl asks its own clock whether the answer is fresh.
    let options = ["-verify_other", name(&ca), "-attime", &time, "-validity_period", "999999999"];
    Some(openssl.run(&[&["ocsp"], &files[..], &options[..]].concat()))
}

#[track_caller]
fn said(world: &Notary, response: &OcspResponse, words: &[&str]) {
    if let Some(word) = ocsp(world, response) {
        let text = word.unwrap_or_else(|text| text);
        for expected in words {
            assert!(text.contains(expected), "openssl does not say {expected:?}: {text}");
        }
    }
}

#[test]
fn responses_say_good_revoked_and_unknown() {
    let world = Notary::new();
    let by_issuer = |status| OcspResponse::by_issuer(issuer(&world), about(&world, status));
    said(&world, &by_issuer(Status::Good), &["Response verify OK", "2.pem: good"]);
    said(&world, &by_issuer(Status::Unknown), &["Response verify OK", "2.pem: unknown"]);
    let revoked = by_issuer(Status::Revoked(at(REVOKED), Some(1)));
    said(&world, &revoked, &["Response verify OK", "2.pem: revoked", "Reason: keyCompromise", "Aug 15 00:00:00 2026"]);
    let nonce = OcspResponse { nonce: Some(vec![7; 16]), ..by_issuer(Status::Good) };
    // openssl asked with a nonce of its own, and so reads this one.
    said(&world, &nonce, &["Nonce Verify error"]);
}

#[test]
fn a_delegated_responder_answers() {
    let world = Notary::new();
    let responder = delegated_responder("layerproof test", issuer(&world));
    let answer = OcspResponse::by_delegate(&responder, issuer(&world), about(&world, Status::Good));
    said(&world, &answer, &["Response verify OK", "2.pem: good"]);
    let mut other = responder.clone();
    other.cert.drop(oids::EXTENDED_KEY_USAGE);
    let answer = OcspResponse::by_delegate(&other, issuer(&world), about(&world, Status::Good));
    said(&world, &answer, &["missing ocspsigning usage"]);
    let text = responder.cert.clone().get(OCSP_NO_CHECK).expect("nocheck").value.clone();
    assert_eq!(text, [5, 0]);
}

#[test]
fn forged_responses_are_refused() {
    let world = Notary::new();
    let good = || OcspResponse::by_issuer(issuer(&world), about(&world, Status::Good));
    let foreign = Notary::foreign();
    said(&world, &OcspResponse::by_issuer(&foreign.chain[1], about(&world, Status::Good)), &["Response Verify Failure"]);
    said(&world, &OcspResponse { key: SigningKey::p384("nobody"), ..good() }, &["Response Verify Failure"]);
    let mut changed = good();
    changed.edit_signature.add(|signature| signature[20] ^= 1);
    said(&world, &changed, &["Response Verify Failure"]);
    let other = OcspResponse { answers: vec![about(&foreign, Status::Good)], ..good() };
    said(&world, &other, &["No Status found"]);
    let sha256 = OcspResponse { answers: vec![about(&world, Status::Good).with_sha256(issuer(&world))], ..good() };
    said(&world, &sha256, &["Response verify OK"]);
}

#[test]
fn lists_revoke_what_they_name() {
    let Some(openssl) = OpenSsl::find() else { return };
    let world = Notary::new();
    let verify = |crl: &Crl, time: &str| {
        let certificates = world.certificates();
        let root = openssl.pem_file("root.pem", &certificates[..1]);
        let ca = openssl.pem_file("ca.pem", &certificates[1..2]);
        let leaf = openssl.pem_file("leaf.pem", &certificates[2..]);
        let crl = openssl.file("list.der", &crl.der());
        openssl.run(&["crl", "-inform", "DER", "-in", name(&crl), "-out", "list.pem"]).expect("a list that parses");
        let time = at(time).as_second().to_string();
        let files = ["-CAfile", name(&root), "-untrusted", name(&ca), "-CRLfile", "list.pem", name(&leaf)];
        openssl.run(&[&["verify", "-crl_check", "-attime", &time], &files[..]].concat())
    };
    let now = "2026-09-02T00:00:00Z";
    let empty = Crl::of(issuer(&world));
    verify(&empty, now).expect("nothing is revoked");
    let refused = |crl: &Crl, time: &str, reason: &str| {
        let text = verify(crl, time).expect_err("a refusal");
        assert!(text.contains(reason), "refused, but for another reason: {text}");
    };
    refused(&empty.clone().revoke(&world.chain[2].cert, REVOKED, Some(4)), now, "certificate revoked");
    verify(&empty.clone().revoke(&world.chain[1].cert, REVOKED, None), now).expect("another certificate is revoked");
    refused(&empty, "2026-09-09T00:00:00Z", "CRL has expired");
    refused(&empty, "2026-08-31T00:00:00Z", "CRL is not yet valid");
    let foreign = Notary::foreign();
    refused(&Crl::of(issuer(&foreign)), now, "unable to get certificate CRL");
    let mut changed = empty.clone();
    changed.edit_signature.add(|signature| signature[20] ^= 1);
    refused(&changed, now, "CRL signature failure");
    let delta = openssl.file("delta.der", &empty.delta(7).der());
    let text = openssl.run(&["crl", "-inform", "DER", "-in", name(&delta), "-noout", "-text"]).expect("a delta that parses");
    assert!(text.contains("Delta CRL Indicator: critical"), "{text}");
}

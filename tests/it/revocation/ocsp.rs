//! OCSP responses, judged from bytes.

use jiff::SignedDuration;
use layerproof::signature::revocation::{MAX_AGE_WITHOUT_NEXT_UPDATE, SKEW, State, Status as Found, Unusable, links};

use super::{Pki, now, stranger};
use crate::forge::der::{self, oids};
use crate::forge::keys::{Hash, Scheme, SigningKey};
use crate::forge::pki::{Extension, Holder, asn1_time, at, dn};
use crate::forge::revocation::{Answer, OcspResponse, Status, delegated_responder};

const INVALIDITY_DATE: &str = "2.5.29.24";

fn answer(pki: &Pki, status: Status) -> Answer {
    Answer::about(&pki.leaf.cert, &pki.root, status)
}

fn good(pki: &Pki) -> OcspResponse {
    OcspResponse::by_issuer(&pki.root, answer(pki, Status::Good))
}

fn judge(pki: &Pki, response: &OcspResponse) -> Result<Found, Unusable> {
    pki.link().judge_ocsp(&response.der(), now())
}

#[track_caller]
fn refused(pki: &Pki, response: &OcspResponse) -> Unusable {
    judge(pki, response).expect_err("it proves nothing")
}

#[test]
fn a_response_that_another_ca_signed_is_none() {
    let pki = Pki::new();
    let mut response = good(&pki);
    response.key = stranger().key;
    assert_eq!(refused(&pki, &response), Unusable::BadSignature);
}

#[test]
fn a_delegate_of_another_ca_is_no_responder() {
    let (pki, stranger) = (Pki::new(), stranger());
    let responder = delegated_responder("Mallory", &stranger);
    let response = OcspResponse::by_delegate(&responder, &stranger, answer(&pki, Status::Good));
    assert!(matches!(refused(&pki, &response), Unusable::Signer { fault, .. } if fault.contains("not issued by the CA")));
}

#[test]
fn a_certificate_of_the_ca_without_the_purpose_ocsp_signing_is_no_responder() {
    let pki = Pki::new();
    for purposes in [&[oids::CODE_SIGNING][..], &["2.5.29.37.0"], &[]] {
        let other = Holder::leaf(&dn(&[("O", "Acme"), ("CN", "other")]), SigningKey::p256("other"), &pki.root, purposes);
        let response = OcspResponse::by_delegate(&other, &pki.root, answer(&pki, Status::Good));
        assert!(matches!(refused(&pki, &response), Unusable::Signer { fault, .. } if fault.contains("OCSPSigning")), "{purposes:?}");
    }
}

#[test]
fn a_certificate_never_answers_for_itself() {
    let mut pki = Pki::new();
    pki.leaf.cert.set(Extension::eku(&[oids::CODE_SIGNING, oids::OCSP_SIGNING]));
    let response = OcspResponse::by_delegate(&pki.leaf, &pki.root, answer(&pki, Status::Good));
    assert!(matches!(refused(&pki, &response), Unusable::Signer { fault: "answers for itself", .. }));
}

#[test]
fn a_responder_that_is_not_valid_now_or_may_not_sign_is_none() {
    let pki = Pki::new();
    let faults: [fn(&mut Holder); 4] = [
        |responder| responder.cert.not_after = at("2026-09-02T23:59:59Z"),
        |responder| responder.cert.not_before = at("2026-09-03T00:00:01Z"),
        |responder| responder.cert.set(Extension::key_usage(0x40)),
        |responder| responder.cert.set(Extension::critical("1.2.3.4", der::null())),
    ];
    for fault in faults {
        let mut responder = delegated_responder("Acme", &pki.root);
        fault(&mut responder);
        let response = OcspResponse::by_delegate(&responder, &pki.root, answer(&pki, Status::Good));
        assert!(matches!(refused(&pki, &response), Unusable::Signer { .. }));
    }
    let response = OcspResponse::by_delegate(&delegated_responder("Acme", &pki.root), &pki.root, answer(&pki, Status::Good));
    assert_eq!(judge(&pki, &response).unwrap().state, State::Good);
}

#[test]
fn a_response_about_another_certificate_is_none_about_this_one() {
    let pki = Pki::new();
    let other = Holder::leaf(&dn(&[("CN", "other")]), SigningKey::p256("other"), &pki.root, &[]);
    let changes: [fn(&mut Answer); 5] = [
        |answer| answer.serial.push(1),
        |answer| answer.issuer_name_hash[0] ^= 1,
        |answer| answer.issuer_key_hash[0] ^= 1,
        |answer| answer.hash = oids::SHA256,
        |answer| answer.hash = oids::SHA384,
    ];
    for change in changes {
        let mut answer = answer(&pki, Status::Good);
        change(&mut answer);
        assert_eq!(refused(&pki, &OcspResponse::by_issuer(&pki.root, answer)), Unusable::AboutAnother);
    }
    let response = OcspResponse::by_issuer(&pki.root, Answer::about(&other.cert, &pki.root, Status::Good));
    assert_eq!(refused(&pki, &response), Unusable::AboutAnother);
    let mut empty = good(&pki);
    empty.answers.clear();
    assert_eq!(refused(&pki, &empty), Unusable::AboutAnother);
    // Of two answers about one certificate nobody knows which is meant.
    let mut twice = good(&pki);
    twice.answers.push(answer(&pki, Status::Revoked(at("2026-09-01T00:00:00Z"), None)));
    assert!(matches!(refused(&pki, &twice), Unusable::Malformed { .. }));
    let mut among_others = good(&pki);
    among_others.answers.push(Answer::about(&other.cert, &pki.root, Status::Unknown));
    assert_eq!(judge(&pki, &among_others).unwrap().state, State::Good);
}

#[test]
fn a_stale_response_is_none_and_one_from_the_future_neither() {
    let pki = Pki::new();
    let seconds = |duration: SignedDuration| duration.as_secs();
    let before = |n: i64| now().checked_sub(SignedDuration::from_secs(n)).unwrap();
    let skew = seconds(SKEW);
    for (next_update, stale) in [(before(skew + 1), true), (before(skew), false), (before(0), false)] {
        let mut response = good(&pki);
        response.answers[0].next_update = Some(next_update);
        assert_eq!(matches!(judge(&pki, &response), Err(Unusable::Stale { .. })), stale, "{next_update}");
    }
    let day = seconds(MAX_AGE_WITHOUT_NEXT_UPDATE);
    for (this_update, stale) in [(before(day + skew + 1), true), (before(day), false)] {
        let mut response = good(&pki);
        response.answers[0].next_update = None;
        response.answers[0].this_update = this_update;
        assert_eq!(matches!(judge(&pki, &response), Err(Unusable::Stale { .. })), stale, "{this_update}");
    }
    for (ahead, early) in [(skew + 1, true), (skew, false)] {
        let mut this_update = good(&pki);
        this_update.answers[0].this_update = before(-ahead);
        let mut produced_at = good(&pki);
        produced_at.produced_at = before(-ahead);
        for response in [this_update, produced_at] {
            assert_eq!(matches!(judge(&pki, &response), Err(Unusable::NotYet { .. })), early, "{ahead}");
        }
    }
}

#[test]
fn unknown_is_no_good_and_an_error_is_no_answer() {
    let pki = Pki::new();
    let response = OcspResponse::by_issuer(&pki.root, answer(&pki, Status::Unknown));
    assert_eq!(refused(&pki, &response), Unusable::UnknownCertificate);
    for said in [1, 2, 3, 5, 6] {
        let found = pki.link().judge_ocsp(&OcspResponse::error(said), now());
        assert_eq!(found, Err(Unusable::Responder { said }));
        // An error that brings a body along is an error all the same.
        let mut response = good(&pki);
        response.status = said;
        assert_eq!(refused(&pki, &response), Unusable::Responder { said });
    }
}

#[test]
fn no_byte_of_a_response_can_be_changed_and_no_cut_makes_a_panic() {
    let pki = Pki::new();
    let link = pki.link();
    let bytes = OcspResponse::by_delegate(&delegated_responder("Acme", &pki.root), &pki.root, answer(&pki, Status::Good)).der();
    let mut taken = Vec::new();
    for at in 0..bytes.len() {
        for bit in [0x01, 0x20, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= bit;
            if link.judge_ocsp(&changed, now()).is_ok() {
                taken.push(at);
            }
        }
        assert!(link.judge_ocsp(&bytes[..at], now()).is_err(), "cut at {at}");
    }
    assert_eq!(taken, Vec::<usize>::new(), "of {}", bytes.len());
    assert!(link.judge_ocsp(&[bytes, vec![0]].concat(), now()).is_err());
}

#[test]
fn weak_and_odd_signatures_are_not_accepted() {
    let pki = Pki::new();
    let mut sha512 = good(&pki);
    sha512.scheme = Scheme::Ecdsa(Hash::Sha512);
    assert!(matches!(refused(&pki, &sha512), Unusable::Algorithm { .. }));
    let mut cut = good(&pki);
    cut.edit_signature.add(|signature| signature.truncate(10));
    assert_eq!(refused(&pki, &cut), Unusable::BadSignature);
}

#[test]
fn a_critical_extension_that_is_not_understood_is_not_passed_over() {
    let pki = Pki::new();
    let mut response = good(&pki);
    response.answers[0].extensions = vec![Extension::critical("1.2.3.4", der::null())];
    assert!(matches!(refused(&pki, &response), Unusable::Unsupported { .. }));
    response.answers[0].extensions = vec![Extension::new("1.2.3.4", der::null())];
    assert_eq!(judge(&pki, &response).unwrap().state, State::Good);
}

#[test]
fn revoked_is_revoked_and_only_an_invalidity_date_saves_what_was_done_before_it() {
    let pki = Pki::new();
    let revoked = at("2026-09-02T00:00:00Z");
    let mut response = OcspResponse::by_issuer(&pki.root, answer(&pki, Status::Revoked(revoked, Some(1))));
    let found = judge(&pki, &response).unwrap();
    assert_eq!(found.state, State::Revoked { at: revoked, reason: Some(1), invalid_since: None });
    assert_eq!(found.state.reason(), "keyCompromise");
    // Used before it was revoked: still undone, since nobody says since when the key is in other hands.
    assert!(found.state.undoes(Some(at("2026-01-01T00:00:00Z"))) && found.state.undoes(None));
    let since = at("2026-08-01T00:00:00Z");
    response.answers[0].extensions = vec![Extension::new(INVALIDITY_DATE, der::generalized_time(&asn1_time(since)))];
    let state = judge(&pki, &response).unwrap().state;
    assert!(!state.undoes(Some(at("2026-07-31T23:59:59Z"))));
    assert!(state.undoes(Some(since)) && state.undoes(Some(at("2026-08-02T00:00:00Z"))));
    assert!(state.undoes(None), "without a time that somebody vouches for nothing is saved");
}

#[test]
fn good_answers_of_the_issuer_and_in_both_hashes_hold() {
    let pki = Pki::new();
    let found = judge(&pki, &good(&pki)).unwrap();
    assert_eq!((found.state, found.this_update), (State::Good, at("2026-09-01T00:00:00Z")));
    let sha256 = OcspResponse::by_issuer(&pki.root, answer(&pki, Status::Good).with_sha256(&pki.root));
    assert_eq!(judge(&pki, &sha256).unwrap().state, State::Good);
}

#[test]
fn the_request_asks_for_this_certificate_of_this_issuer() {
    let pki = Pki::new();
    let answer = answer(&pki, Status::Good);
    let id = der::seq(&[
        der::algorithm_null(oids::SHA1),
        der::octets(&answer.issuer_name_hash),
        der::octets(&answer.issuer_key_hash),
        der::int_bytes(&answer.serial),
    ]);
    let expected = der::seq(&[der::seq(&[der::seq(&[der::seq(&[id])])])]);
    assert_eq!(pki.link().ocsp_request().unwrap(), expected);
}

#[test]
fn there_is_no_link_whose_certificate_the_next_one_did_not_issue() {
    let pki = Pki::new();
    let mallory = stranger();
    let forged = Holder { cert: pki.leaf.cert.clone(), key: pki.leaf.key.clone() }.signed_by(&mallory);
    assert!(links(&[forged, pki.root.self_signed()]).is_err(), "an address in it would be asked otherwise");
    assert!(links(&[pki.leaf.signed_by(&pki.root), mallory.self_signed()]).is_err());
    assert!(links(&[pki.root.self_signed()]).unwrap().is_empty() && links(&[]).unwrap().is_empty());
    assert!(links(&vec![pki.root.self_signed(); 9]).is_err());
}

#[test]
fn issuers_with_rsa_keys_and_on_p_521_are_understood_and_forged_no_easier() {
    use crate::forge::revocation::Crl;
    for key in [SigningKey::rsa(2048), SigningKey::p521("revocation root")] {
        let name = dn(&[("O", "Acme"), ("CN", "root")]);
        let mut root = Holder::root(&name, key);
        if let Scheme::Pss(hash) = root.key.scheme() {
            root.cert.scheme = Some(Scheme::Pkcs1(hash));
        }
        let scheme = root.cert.scheme(&root.key);
        let mut leaf = Holder::leaf(&dn(&[("CN", "release")]), SigningKey::p256("revocation leaf"), &root, &[oids::CODE_SIGNING]);
        leaf.cert.scheme = Some(scheme);
        leaf.cert.set(Extension::ocsp(super::OCSP));
        let link = links(&[leaf.signed_by(&root), root.self_signed()]).unwrap().remove(0);
        let mut response = OcspResponse::by_issuer(&root, Answer::about(&leaf.cert, &root, Status::Good));
        response.scheme = scheme;
        assert_eq!(link.judge_ocsp(&response.der(), now()).unwrap().state, State::Good);
        let mut list = Crl::of(&root);
        list.scheme = scheme;
        assert_eq!(link.judge_crl(&list.der(), now()).unwrap().state, State::Good);
        response.edit_signature.add(|signature| {
            if let Some(last) = signature.last_mut() {
                *last ^= 1;
            }
        });
        assert_eq!(link.judge_ocsp(&response.der(), now()), Err(Unusable::BadSignature));
    }
}

//! Revocation lists, judged from bytes.

use layerproof::signature::revocation::{State, Status as Found, Unusable};

use super::{LIST, Pki, now, stranger};
use crate::forge::der;
use crate::forge::keys::{Hash, Scheme};
use crate::forge::pki::{Extension, asn1_time, at};
use crate::forge::revocation::{Crl, ISSUING_DISTRIBUTION_POINT};

const INVALIDITY_DATE: &str = "2.5.29.24";
const FRESHEST_CRL: &str = "2.5.29.46";
const CERTIFICATE_ISSUER: &str = "2.5.29.29";

fn judge(pki: &Pki, list: &Crl) -> Result<Found, Unusable> {
    pki.link().judge_crl(&list.der(), now())
}

#[track_caller]
fn refused(pki: &Pki, list: &Crl) -> Unusable {
    judge(pki, list).expect_err("it proves nothing")
}

#[test]
fn a_list_of_another_ca_is_none() {
    let pki = Pki::new();
    assert!(matches!(refused(&pki, &Crl::of(&stranger())), Unusable::Signer { fault: "issued the list", .. }));
    let mut forged = Crl::of(&pki.root);
    forged.key = stranger().key;
    assert_eq!(refused(&pki, &forged), Unusable::BadSignature);
}

#[test]
fn a_ca_that_may_not_sign_lists_signs_none() {
    let mut pki = Pki::new();
    pki.root.cert.set(Extension::key_usage(0x04));
    assert!(matches!(refused(&pki, &Crl::of(&pki.root)), Unusable::Signer { fault, .. } if fault.contains("cRLSign")));
}

#[test]
fn a_stale_list_and_one_without_an_end_are_none() {
    let pki = Pki::new();
    let mut list = Crl::of(&pki.root);
    list.next_update = Some(at("2026-09-02T23:54:59Z"));
    assert!(matches!(refused(&pki, &list), Unusable::Stale { .. }));
    list.next_update = Some(at("2026-09-02T23:55:00Z"));
    assert!(judge(&pki, &list).is_ok());
    list.next_update = None;
    assert!(matches!(refused(&pki, &list), Unusable::Malformed { .. }));
    let mut early = Crl::of(&pki.root);
    early.this_update = at("2026-09-03T00:05:01Z");
    assert!(matches!(refused(&pki, &early), Unusable::NotYet { .. }));
}

#[test]
fn delta_lists_are_not_supported_and_say_so() {
    let mut pki = Pki::new();
    let delta = Unusable::Unsupported { what: "delta CRLs".into() };
    assert_eq!(refused(&pki, &Crl::of(&pki.root).delta(6)), delta);
    let mut with_one_beside = Crl::of(&pki.root);
    with_one_beside.extensions.push(Extension::new(FRESHEST_CRL, der::seq(&[])));
    assert_eq!(refused(&pki, &with_one_beside), delta);
    let whole = Crl::of(&pki.root);
    assert!(judge(&pki, &whole).is_ok());
    let point = Extension::crl_distribution_point("http://crl.example/delta.crl").value;
    pki.leaf.cert.set(Extension::new(FRESHEST_CRL, point));
    assert_eq!(refused(&pki, &whole), delta, "the certificate names a delta list");
}

#[test]
fn a_list_for_others_does_not_say_that_this_one_is_good() {
    let pki = Pki::new();
    let uri = |url: &str| der::context(0, &der::context(0, &der::implicit(6, url.as_bytes())));
    let yes = &[0xff][..];
    let point = |parts: &[Vec<u8>]| {
        let mut list = Crl::of(&pki.root);
        list.extensions.push(Extension::critical(ISSUING_DISTRIBUTION_POINT, der::seq(parts)));
        list
    };
    for (parts, why) in [
        (vec![uri("http://crl.example/other.crl")], "another shard of the CA's certificates"),
        (vec![uri(LIST), der::implicit(2, yes)], "only CAs"),
        (vec![der::implicit(5, yes)], "only attribute certificates"),
    ] {
        assert!(matches!(refused(&pki, &point(&parts)), Unusable::Scope { .. }), "{why}");
    }
    for (parts, why) in [
        (vec![uri(LIST), der::implicit(3, &[6, 0x40])], "some reasons only"),
        (vec![uri(LIST), der::implicit(4, yes)], "indirect"),
        (vec![der::context(0, &der::context(1, &[]))], "a place relative to the issuer"),
    ] {
        assert!(matches!(refused(&pki, &point(&parts)), Unusable::Unsupported { .. }), "{why}");
    }
    assert!(matches!(refused(&pki, &point(&[der::implicit(6, yes)])), Unusable::Malformed { .. }));
    for parts in [vec![uri(LIST)], vec![], vec![uri(LIST), der::implicit(1, yes)], vec![der::implicit(2, &[0])]] {
        assert_eq!(judge(&pki, &point(&parts)).unwrap().state, State::Good);
    }
}

#[test]
fn critical_extensions_that_are_not_understood_are_not_passed_over() {
    let pki = Pki::new();
    let mut list = Crl::of(&pki.root);
    list.extensions.push(Extension::critical("1.2.3.4", der::null()));
    assert!(matches!(refused(&pki, &list), Unusable::Unsupported { .. }));
    // Of an entry about somebody else: it may change whom the entries after it are about.
    let mut other = crate::forge::pki::Cert { serial: vec![9], ..pki.leaf.cert.clone() };
    other.serial = vec![9];
    let mut list = Crl::of(&pki.root).revoke(&other, "2026-09-01T00:00:00Z", None);
    list.entry_extensions = vec![Extension::critical(CERTIFICATE_ISSUER, der::seq(&[]))];
    assert!(matches!(refused(&pki, &list), Unusable::Unsupported { .. }));
}

#[test]
fn extensions_of_an_entry_that_are_understood_or_not_critical_leave_it_what_it_is() {
    let pki = Pki::new();
    let since = der::generalized_time(&asn1_time(at("2026-08-01T00:00:00Z")));
    for extension in [Extension::new("1.2.3.4", der::null()), Extension::critical(INVALIDITY_DATE, since)] {
        let mut list = Crl::of(&pki.root).revoke(&pki.leaf.cert, "2026-09-01T00:00:00Z", None);
        list.entry_extensions = vec![extension];
        assert!(judge(&pki, &list).unwrap().state.undoes(Some(at("2026-08-01T00:00:00Z"))));
    }
    let mut list = Crl::of(&pki.root).revoke(&pki.leaf.cert, "2026-09-01T00:00:00Z", None);
    list.entry_extensions = vec![Extension::critical("2.5.29.21", der::enumerated(1))];
    assert!(judge(&pki, &list).unwrap().state.undoes(None));
}

#[test]
fn remove_from_crl_in_a_whole_list_takes_nothing_back() {
    let pki = Pki::new();
    let list = Crl::of(&pki.root).revoke(&pki.leaf.cert, "2026-09-01T00:00:00Z", Some(8));
    assert!(matches!(refused(&pki, &list), Unusable::Malformed { .. }));
    let held =
        Crl::of(&pki.root).revoke(&pki.leaf.cert, "2026-09-01T00:00:00Z", Some(6)).revoke(&pki.leaf.cert, "2026-09-02T00:00:00Z", Some(8));
    assert!(matches!(refused(&pki, &held), Unusable::Malformed { .. }));
}

#[test]
fn revoked_is_revoked_on_hold_too_and_an_invalidity_date_saves_what_was_done_before() {
    let pki = Pki::new();
    for reason in [None, Some(1), Some(6), Some(99)] {
        let list = Crl::of(&pki.root).revoke(&pki.leaf.cert, "2026-09-02T00:00:00Z", reason);
        let state = judge(&pki, &list).unwrap().state;
        assert!(state.undoes(Some(at("2026-01-01T00:00:00Z"))), "{state:?}");
    }
    let mut list = Crl::of(&pki.root).revoke(&pki.leaf.cert, "2026-09-02T00:00:00Z", Some(1));
    list.entry_extensions = vec![Extension::new(INVALIDITY_DATE, der::generalized_time(&asn1_time(at("2026-08-01T00:00:00Z"))))];
    let state = judge(&pki, &list).unwrap().state;
    assert!(!state.undoes(Some(at("2026-07-31T00:00:00Z"))) && state.undoes(Some(at("2026-08-01T00:00:00Z"))) && state.undoes(None));
}

#[test]
fn a_list_of_version_1_has_no_extensions_and_there_is_no_version_3() {
    let pki = Pki::new();
    let old = Crl { version: None, ..Crl::of(&pki.root) };
    assert!(matches!(refused(&pki, &old), Unusable::Malformed { .. }));
    assert_eq!(judge(&pki, &Crl { extensions: Vec::new(), ..old }).unwrap().state, State::Good);
    assert!(matches!(refused(&pki, &Crl { version: Some(2), ..Crl::of(&pki.root) }), Unusable::Malformed { .. }));
}

#[test]
fn of_two_entries_about_one_certificate_the_one_that_saves_less_counts() {
    let pki = Pki::new();
    let twice = |extensions_of: &[(usize, &str)]| {
        let mut list = Crl::of(&pki.root);
        for _ in 0..2 {
            list = list.revoke(&pki.leaf.cert, "2026-09-02T00:00:00Z", Some(1));
        }
        let invalid_since = |time: &str| Extension::new(INVALIDITY_DATE, der::generalized_time(&asn1_time(at(time))));
        list.extensions_of = extensions_of.iter().map(|(of, time)| (*of, invalid_since(time))).collect();
        judge(&pki, &list).unwrap().state
    };
    let (early, late, between) = ("2026-05-01T00:00:00Z", "2026-08-01T00:00:00Z", Some(at("2026-06-01T00:00:00Z")));
    assert!(!twice(&[(0, late), (1, late)]).undoes(between));
    for saves_less in [&[(0, early), (1, late)][..], &[(0, late), (1, early)], &[(0, late)], &[(1, late)]] {
        assert!(twice(saves_less).undoes(between), "{saves_less:?}");
    }
}

#[test]
fn a_serial_number_written_longer_than_needed_is_the_same_number() {
    let pki = Pki::new();
    let padded = crate::forge::pki::Cert { serial: [vec![0, 0], pki.leaf.cert.serial.clone()].concat(), ..pki.leaf.cert.clone() };
    let list = Crl::of(&pki.root).revoke(&padded, "2026-09-02T00:00:00Z", None);
    assert!(judge(&pki, &list).map_or(true, |found| found.state != State::Good), "it would hide a revocation");
}

#[test]
fn others_on_the_list_do_not_revoke_this_one() {
    let pki = Pki::new();
    let other = crate::forge::pki::Cert { serial: vec![9], ..pki.leaf.cert.clone() };
    let list = Crl::of(&pki.root).revoke(&other, "2026-09-01T00:00:00Z", Some(1));
    assert_eq!(judge(&pki, &list).unwrap().state, State::Good);
}

#[test]
fn no_byte_of_a_list_can_be_changed_and_no_cut_makes_a_panic() {
    let pki = Pki::new();
    let link = pki.link();
    let other = crate::forge::pki::Cert { serial: vec![9], ..pki.leaf.cert.clone() };
    let bytes = Crl::of(&pki.root).revoke(&other, "2026-09-01T00:00:00Z", Some(1)).der();
    let mut taken = Vec::new();
    for at in 0..bytes.len() {
        for bit in [0x01, 0x20, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= bit;
            if link.judge_crl(&changed, now()).is_ok() {
                taken.push(at);
            }
        }
        assert!(link.judge_crl(&bytes[..at], now()).is_err(), "cut at {at}");
    }
    assert_eq!(taken, Vec::<usize>::new(), "of {}", bytes.len());
    assert!(link.judge_crl(&[bytes, vec![0]].concat(), now()).is_err());
}

#[test]
fn weak_signatures_are_not_accepted() {
    let pki = Pki::new();
    let mut list = Crl::of(&pki.root);
    list.scheme = Scheme::Ecdsa(Hash::Sha512);
    assert!(matches!(refused(&pki, &list), Unusable::Algorithm { .. }));
}

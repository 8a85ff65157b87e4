//! Signed headers: critical ones, scheme, times, content type.

use serde_json::json;

use super::{Case, NOW, holds, refused, target, trust};
use crate::forge::notary::Notary;
use crate::forge::notary::envelope::{AUTHENTIC_SIGNING_TIME, EXPIRY, Header, PLUGIN, PLUGIN_MIN_VERSION, SIGNING_SCHEME, SIGNING_TIME};

#[test]
fn an_unknown_critical_header_is_refused() {
    let world = Notary::new();
    refused(&world, &world.sign(&target()).unknown_critical(), "unknown-critical-header", "org.example.unknown");
    // Not critical, it changes nothing.
    let known = world.sign(&target()).headers(|headers| headers.set("org.example.unknown", Header::text("x")));
    holds(&world, &known);
}

#[test]
fn headers_that_must_be_critical_and_are_not_are_refused() {
    let world = Notary::new();
    let sign = || world.sign(&target()).expiry("2027-01-01T00:00:00Z");
    holds(&world, &sign());
    refused(&world, &sign().headers(|headers| headers.not_critical(EXPIRY)), "header-not-critical", EXPIRY);
    // A verifier that knows no expiry must fail on it, so `crit` can't be left out.
    let scheme = sign().headers(|headers| headers.not_critical(SIGNING_SCHEME));
    refused(&world, &scheme, "header-not-critical", SIGNING_SCHEME);
    let authority = world.sign(&target()).signing_authority().headers(|headers| headers.not_critical(AUTHENTIC_SIGNING_TIME));
    refused(&world, &authority, "header-not-critical", AUTHENTIC_SIGNING_TIME);
    let plugin = sign().plugin("com.example.plugin", Some("1.0.0"));
    for name in [PLUGIN, PLUGIN_MIN_VERSION] {
        refused(&world, &plugin.clone().headers(move |headers| headers.not_critical(name)), "header-not-critical", name);
    }
}

#[test]
fn critical_headers_that_are_not_there_or_stand_twice_are_refused() {
    let world = Notary::new();
    let absent = world.sign(&target()).headers(|headers| headers.critical.push("org.example.absent".into()));
    refused(&world, &absent, "critical-header-absent", "org.example.absent");
    let expiry = world.sign(&target()).headers(|headers| headers.critical.push(EXPIRY.into()));
    refused(&world, &expiry, "critical-header-absent", EXPIRY);
    let twice = world.sign(&target()).headers(|headers| headers.critical.push(SIGNING_SCHEME.into()));
    refused(&world, &twice, "malformed", "twice");
    let none = world.sign(&target()).headers(|headers| headers.critical.clear());
    for bytes in [none.jws(), none.cose()] {
        Case::new(bytes, trust(&world)).rejected();
    }
}

#[test]
fn a_critical_list_that_is_no_list_of_names_is_refused() {
    let world = Notary::new();
    for crit in [json!("io.cncf.notary.signingScheme"), json!([7]), json!([]), json!(null), json!({}), json!(["alg", SIGNING_SCHEME])] {
        let envelope = world.sign(&target()).headers(move |headers| headers.set("crit", Header::Plain(crit.clone())));
        Case::new(envelope.jws(), trust(&world)).rejected();
    }
}

#[test]
fn a_critical_name_that_reads_like_one_of_coses_numbers_is_refused() {
    let world = Notary::new();
    for name in ["label 1", "label 3", "1"] {
        let envelope = world.sign(&target()).headers(move |headers| headers.set_critical(name, Header::text("x")));
        refused(&world, &envelope, "unknown-critical-header", name);
    }
}

#[test]
fn another_content_type_is_refused() {
    let world = Notary::new();
    for kind in ["application/vnd.cncf.notary.payload.v2+json", "application/json", "application/vnd.in-toto+json"] {
        refused(&world, &world.sign(&target()).headers(move |headers| headers.set("cty", Header::text(kind))), "malformed", kind);
    }
    let none = world.sign(&target()).headers(|headers| headers.drop("cty"));
    refused(&world, &none, "malformed", "missing");
}

#[test]
fn another_signing_scheme_or_none_is_refused() {
    let world = Notary::new();
    for scheme in ["notary.x509.other", "notary.X509", ""] {
        let envelope = world.sign(&target()).headers(move |headers| headers.set(SIGNING_SCHEME, Header::text(scheme)));
        refused(&world, &envelope, "unknown-signing-scheme", scheme);
    }
    let number = world.sign(&target()).headers(|headers| headers.set(SIGNING_SCHEME, Header::Plain(json!(1))));
    refused(&world, &number, "malformed", "no text");
}

#[test]
fn times_of_the_other_scheme_missing_ones_and_odd_ones_are_refused() {
    let world = Notary::new();
    let both = world.sign(&target()).headers(|headers| headers.set_critical(AUTHENTIC_SIGNING_TIME, Header::time(NOW)));
    refused(&world, &both, "malformed", "does not have it");
    let other = world.sign(&target()).signing_authority().headers(|headers| headers.set(SIGNING_TIME, Header::time(NOW)));
    refused(&world, &other, "malformed", "does not have it");
    refused(&world, &world.sign(&target()).headers(|headers| headers.drop(SIGNING_TIME)), "malformed", "missing");
    refused(&world, &world.sign(&target()).signing_authority().headers(|h| h.drop(AUTHENTIC_SIGNING_TIME)), "malformed", "missing");
    refused(&world, &world.sign(&target()).headers(|h| h.set(SIGNING_TIME, Header::Plain(json!(1_788_258_030)))), "malformed", "no time");
    let text = world.sign(&target()).headers(|headers| headers.set(SIGNING_TIME, Header::text("yesterday")));
    refused(&world, &text, "malformed", "time");
}

#[test]
fn an_expiry_before_the_signing_time_is_refused_and_a_later_one_is_for_the_policy() {
    let world = Notary::new();
    refused(&world, &world.sign(&target()).expiry("2026-09-01T10:20:30Z"), "malformed", "not after the signing time");
    let (basis, _) = holds(&world, &world.sign(&target()).expiry("2026-09-01T10:20:31Z"));
    assert!(basis.expires_at.unwrap() < NOW.parse().unwrap());
}

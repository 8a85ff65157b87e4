//! Chains, what certificates may be used for, and trust stores.

use layerproof::signature::TimeSource;

use super::{Case, holds, refused, store, target, trust};
use crate::forge::der::{self, oids};
use crate::forge::keys::SigningKey;
use crate::forge::notary::Notary;
use crate::forge::pki::{Extension, Holder};

/// A world whose certificates are changed before they are signed: root 0, intermediate 1, leaf 2.
fn with(at: usize, edit: impl Fn(&mut Holder)) -> Notary {
    let mut world = Notary::new();
    edit(&mut world.chain[at]);
    world
}

fn without(oid: &'static str) -> impl Fn(&mut Holder) {
    move |holder| holder.cert.extensions.retain(|extension| extension.oid != oid)
}

#[track_caller]
fn rule(world: &Notary, words: &str) {
    refused(world, &world.sign(&target()), "certificate-rule", words);
}

#[test]
fn a_complete_chain_in_order_holds_and_is_its_stores() {
    let world = Notary::new();
    let (basis, signer) = holds(&world, &world.sign(&target()));
    assert_eq!(basis.anchors, ["ca:test"]);
    assert_eq!((signer.chain_time.fault, signer.chain_time.expired, signer.chain_time.timestamp), (None, false, None));
    assert_eq!(basis.time_source, TimeSource::Signer);
    assert_eq!(signer.subject.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), ["C", "ST", "L", "O", "CN"]);
    assert_eq!(basis.revocation.len(), 1);
    let alone = Notary::self_signed();
    holds(&alone, &alone.sign(&target()));
}

#[test]
fn a_chain_that_is_out_of_order_short_or_long_is_refused() {
    let world = Notary::new();
    let [leaf, intermediate, root] = world.leaf_first().try_into().unwrap();
    for chain in [
        vec![leaf.clone(), root.clone(), intermediate.clone()],
        vec![leaf.clone(), intermediate.clone()],
        vec![leaf.clone(), root.clone()],
        vec![leaf.clone()],
        vec![leaf.clone(), intermediate.clone(), root.clone(), root.clone()],
        vec![leaf.clone(), intermediate.clone(), root.clone(), Notary::foreign().root_der()],
        vec![leaf.clone(), leaf.clone(), intermediate.clone(), root.clone()],
    ] {
        refused(&world, &world.sign(&target()).chain(chain), "chain-incomplete", "");
    }
    // The signer must be the first.
    refused(&world, &world.sign(&target()).chain(vec![intermediate, root]), "algorithm-of-other-key", "");
}

#[test]
fn a_certificate_that_its_issuer_did_not_sign_is_refused() {
    let world = Notary::new();
    let [leaf, intermediate, root] = world.leaf_first().try_into().unwrap();
    let mut forged = intermediate.clone();
    *forged.last_mut().unwrap() ^= 1;
    refused(&world, &world.sign(&target()).chain(vec![leaf, forged, root]), "chain-incomplete", "not signed by");
    // The same names, other keys.
    let other = Notary::named("layerproof test", SigningKey::p256("somebody else"));
    let mut stolen = Notary::new();
    stolen.chain[1].key = SigningKey::p384("somebody else's intermediate");
    let chain = vec![stolen.leaf_first().remove(0), world.leaf_first()[1].clone(), world.root_der()];
    refused(&world, &world.sign(&target()).chain(chain), "chain-incomplete", "not signed by");
    holds(&other, &other.sign(&target()));
}

#[test]
fn sha1_is_refused() {
    let mut world = Notary::new();
    world.chain[1].key = SigningKey::rsa(2048);
    world.chain[1].cert.spki = world.chain[1].key.spki();
    let mut chain = world.leaf_first();
    let (sha256, sha1) = (der::oid(oids::RSA_SHA256), der::oid("1.2.840.113549.1.1.5"));
    let places: Vec<usize> = (0..chain[0].len() - sha256.len()).filter(|at| chain[0][*at..].starts_with(&sha256)).collect();
    assert_eq!(places.len(), 2);
    for at in places {
        chain[0][at..at + sha1.len()].copy_from_slice(&sha1);
    }
    holds(&world, &world.sign(&target()));
    refused(&world, &world.sign(&target()).chain(chain), "algorithm", "1.2.840.113549.1.1.5");
}

#[test]
fn a_signer_that_is_a_ca_or_may_do_more_than_sign_is_refused() {
    rule(&with(2, |h| h.cert.set(Extension::basic_constraints(true, None))), "is a CA");
    holds_with(2, |h| h.cert.set(Extension::basic_constraints(false, None)));
    rule(&with(2, without(oids::KEY_USAGE)), "has no keyUsage");
    rule(&with(2, |h| h.cert.set(Extension { critical: false, ..Extension::key_usage(0x80) })), "keyUsage that is not critical");
    rule(&with(2, |h| h.cert.set(Extension::key_usage(0x40))), "lacks the keyUsage digitalSignature");
    for (octet, name) in [
        (0xa0, "keyEncipherment"),
        (0x90, "dataEncipherment"),
        (0x88, "keyAgreement"),
        (0x84, "keyCertSign"),
        (0x82, "cRLSign"),
        (0x81, "encipherOnly"),
    ] {
        rule(&with(2, |h| h.cert.set(Extension::key_usage(octet))), name);
    }
    rule(&with(2, |h| h.cert.set(Extension::critical(oids::KEY_USAGE, der::bits(&[0x80, 0x80], 7)))), "decipherOnly");
    holds_with(2, |h| h.cert.set(Extension::key_usage(0xc0)));
}

fn holds_with(at: usize, edit: impl Fn(&mut Holder)) {
    let world = with(at, edit);
    holds(&world, &world.sign(&target()));
}

#[test]
fn a_signer_for_other_purposes_is_refused() {
    for purpose in ["2.5.29.37.0", "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.9"]
    {
        rule(&with(2, |h| h.cert.set(Extension::eku(&[oids::CODE_SIGNING, purpose]))), "extendedKeyUsage");
        rule(&with(2, |h| h.cert.set(Extension::eku(&[purpose]))), "extendedKeyUsage");
    }
    holds_with(2, without(oids::EXTENDED_KEY_USAGE));
    holds_with(2, |h| h.cert.set(Extension::critical_eku(&[oids::CODE_SIGNING])));
}

#[test]
fn a_key_of_another_kind_is_refused() {
    let world = Notary::with_leaf_key(SigningKey::ed25519("layerproof test notary leaf"));
    assert_eq!(Case::new(world.sign(&target()).jws(), trust(&world)).rejected().0, "algorithm");
}

#[test]
fn issuers_that_are_no_cas_or_stand_too_high_are_refused() {
    for at in [0, 1] {
        rule(&with(at, without(oids::BASIC_CONSTRAINTS)), "without basicConstraints");
        rule(&with(at, |h| h.cert.set(Extension::basic_constraints(false, None))), "is no CA");
        rule(&with(at, |h| h.cert.set(Extension { critical: false, ..Extension::basic_constraints(true, None) })), "not critical");
        rule(&with(at, without(oids::KEY_USAGE)), "without keyUsage");
        rule(&with(at, |h| h.cert.set(Extension { critical: false, ..Extension::key_usage(0x06) })), "keyUsage is not critical");
        rule(&with(at, |h| h.cert.set(Extension::key_usage(0x02))), "keyCertSign");
    }
    rule(&with(0, |h| h.cert.set(Extension::basic_constraints(true, Some(0)))), "pathLenConstraint");
    holds_with(0, |h| h.cert.set(Extension::basic_constraints(true, Some(1))));
    holds_with(1, |h| h.cert.set(Extension::basic_constraints(true, Some(0))));
}

#[test]
fn other_extensions_are_ignored_even_critical_ones_as_the_specification_says() {
    holds_with(2, |h| h.cert.set(Extension::critical("1.3.6.1.4.1.99999.1", der::octets(b"x"))));
    holds_with(1, |h| h.cert.set(Extension::critical("2.5.29.30", der::seq(&[]))));
}

#[test]
fn a_foreign_root_is_untrusted_whatever_its_name() {
    let (world, foreign) = (Notary::new(), Notary::foreign());
    refused(&world, &foreign.sign(&target()), "untrusted-root", "");
    // The same names, another root key.
    let mut twin = Notary::new();
    twin.chain[0].key = SigningKey::p384("a root of the same name");
    twin.chain[0].cert.spki = twin.chain[0].key.spki();
    refused(&world, &twin.sign(&target()), "untrusted-root", "");
    let (why, _) = Case::new(world.sign(&target()).jws(), Vec::new()).rejected();
    assert_eq!(why, "untrusted-root");
}

#[test]
fn trust_stores_of_the_other_types_never_count() {
    let world = Notary::new();
    let root = world.root_der();
    for (name, envelope) in [
        ("signingAuthority:x", world.sign(&target()).jws()),
        ("tsa:x", world.sign(&target()).jws()),
        ("ca:x", world.sign(&target()).signing_authority().jws()),
        ("tsa:x", world.sign(&target()).signing_authority().jws()),
    ] {
        assert_eq!(Case::new(envelope, vec![store(name, &root)]).rejected().0, "untrusted-root", "{name}");
    }
}

#[test]
fn every_store_that_holds_a_certificate_of_the_chain_is_named_and_no_other() {
    let world = Notary::new();
    let stores = vec![
        store("ca:root", &world.root_der()),
        store("ca:intermediate", &world.leaf_first()[1]),
        store("ca:foreign", &Notary::foreign().root_der()),
        store("signingAuthority:root", &world.root_der()),
    ];
    let (basis, _) = Case::new(world.sign(&target()).jws(), stores).valid();
    assert_eq!(basis.anchors, ["ca:root", "ca:intermediate"]);
}

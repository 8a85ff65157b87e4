//! Time stamps. One that does not hold is data: the policy judges it.

use layerproof::signature::notary::Span;
use layerproof::signature::revocation::ChainOf;
use layerproof::signature::trust::TrustStore;
use layerproof::signature::{RevocationQuestion, TimeSource};

use super::{Case, store, target, trust};
use crate::forge::der::{self, oids};
use crate::forge::keys::{Hash, Scheme, SigningKey};
use crate::forge::notary::Notary;
use crate::forge::pki::{Extension, at};
use crate::forge::tsa::{CertificateId, Token, TokenSigner, Tsa};

const LATER: &str = "2040-01-01T00:00:00Z";

/// The result under `tsa:test`, in both forms.
fn stamped(world: &Notary, stores: Vec<TrustStore>, edit: impl Fn(&mut Token) + Send + Sync + Clone + 'static) -> Result<Span, String> {
    let known = world.tsa.chain();
    let envelope = world.sign(&target()).stamped().token(move |token| {
        token.certificates = known[..2].to_vec();
        edit(token);
    });
    let mut results = [envelope.jws(), envelope.cose()].map(|bytes| {
        let (_, signer) = Case::new(bytes, stores.clone()).valid();
        signer.chain_time.timestamp.unwrap().under.remove("tsa:test").unwrap()
    });
    assert_eq!(results[0].is_ok(), results[1].is_ok());
    std::mem::replace(&mut results[0], Err(String::new()))
}

#[track_caller]
fn fails(edit: impl Fn(&mut Token) + Send + Sync + Clone + 'static, words: &str) {
    let world = Notary::new();
    let why = stamped(&world, trust(&world), edit).unwrap_err();
    assert!(why.contains(words), "{why}; expected `{words}`");
}

/// With an authority that was changed.
#[track_caller]
fn fails_with(edit: impl Fn(&mut Tsa), words: &str) {
    let mut world = Notary::new();
    edit(&mut world.tsa);
    let why = stamped(&world, trust(&world), |_| {}).unwrap_err();
    assert!(why.contains(words), "{why}; expected `{words}`");
}

#[test]
fn a_time_stamp_holds_under_its_authoritys_store_and_outlives_the_signers_chain() {
    let world = Notary::new();
    let known = world.tsa.chain();
    let envelope = world.sign(&target()).stamped().token(move |token| token.certificates = known[..2].to_vec());
    let mut stores = trust(&world);
    stores.push(store("tsa:foreign", Notary::foreign().tsa.chain().last().unwrap()));
    for bytes in [envelope.jws(), envelope.cose()] {
        let (basis, signer) = Case::new(bytes, stores.clone()).at(LATER).valid();
        assert!(signer.chain_time.expired && signer.chain_time.fault.is_some());
        let under = &signer.chain_time.timestamp.unwrap().under;
        let time = at("2026-09-01T10:20:30Z");
        assert_eq!(under["tsa:test"], Ok(Span { earliest: time, latest: time }));
        assert!(under["tsa:foreign"].as_ref().unwrap_err().contains("does not lead to"));
        assert_eq!((basis.time_source, basis.signed_at), (TimeSource::TimestampAuthority, Some(time)));
        let [signer, authority] = &basis.revocation[..] else { panic!("{:?}", basis.revocation) };
        assert!(matches!(signer, RevocationQuestion::Certificates { of: ChainOf::Signer, used_at: None, .. }));
        let RevocationQuestion::Certificates { of: ChainOf::TimestampAuthority, chain, .. } = authority else { panic!("{authority:?}") };
        assert_eq!(*chain, world.tsa.chain());
    }
}

#[test]
fn without_a_store_of_authorities_nobody_vouches_for_the_time() {
    let world = Notary::new();
    let (basis, signer) = Case::new(world.sign(&target()).stamped().jws(), vec![store("ca:test", &world.root_der())]).valid();
    assert!(signer.chain_time.timestamp.unwrap().under.is_empty());
    assert_eq!(basis.time_source, TimeSource::Signer);
}

#[test]
fn a_root_in_a_store_of_signers_makes_no_time_stamp_hold() {
    let world = Notary::new();
    let root = world.tsa.chain().pop().unwrap();
    let stores = vec![store("ca:test", &world.root_der()), store("ca:tsa", &root), store("tsa:test", &Notary::foreign().tsa.chain()[2])];
    assert!(stamped(&world, stores, |_| {}).unwrap_err().contains("does not lead to"));
}

#[test]
fn the_accuracy_widens_the_span() {
    let world = Notary::new();
    let early = |token: &mut Token| token.gen_time = "20260901102100Z".into();
    let span = stamped(&world, trust(&world), move |token| {
        early(token);
        token.accuracy = Some([2, 500, 100]);
    });
    let span = span.unwrap();
    assert_eq!(span.earliest, at("2026-09-01T10:20:57.4999Z"));
    assert_eq!(span.latest, at("2026-09-01T10:21:02.5001Z"));
    let baseline = stamped(&world, trust(&world), move |token| {
        early(token);
        token.policy = "0.4.0.2023.1.1".into();
    });
    assert_eq!(baseline.unwrap().latest, at("2026-09-01T10:21:01Z"));
    // It was made within a second of the signature.
    let at_once = stamped(&world, trust(&world), |token| token.accuracy = Some([1, 0, 0]));
    assert_eq!(at_once.unwrap().earliest, at("2026-09-01T10:20:29Z"));
    let too_early = |token: &mut Token| {
        token.gen_time = "20260901102028Z".into();
        token.accuracy = Some([1, 0, 0]);
    };
    fails(too_early, "before the signing time");
}

#[test]
fn a_time_stamp_of_something_else_is_none() {
    fails(|token| token.imprint = Hash::Sha256.of(b"another signature"), "something else");
    fails(|token| token.hash = Hash::Sha384, "something else");
    // Taken from another envelope of the same signer.
    let world = Notary::new();
    let other = world.sign(&crate::forge::notary::Target::of(b"other")).stamped().jws_json();
    let name = "io.cncf.notary.timestampSignature";
    let stolen = other["header"][name].clone();
    let envelope = world.sign(&target()).stamped().edit_jws(move |json| json["header"][name] = stolen.clone());
    let (_, signer) = Case::new(envelope.jws(), trust(&world)).valid();
    assert!(signer.chain_time.timestamp.unwrap().under["tsa:test"].as_ref().unwrap_err().contains("something else"));
}

#[test]
fn a_time_stamp_outside_of_the_signers_validity_or_of_the_future_is_none() {
    fails(|token| token.gen_time = "20260902000001Z".into(), "after now");
    fails(|token| token.gen_time = "20260901102029Z".into(), "before the signing time");
    // The signer's certificate ends within the accuracy.
    let mut world = Notary::new();
    world.leaf().cert.not_after = at("2026-09-01T10:21:01Z");
    let span = |seconds| {
        stamped(&world, trust(&world), move |token: &mut Token| {
            token.gen_time = "20260901102100Z".into();
            token.accuracy = Some([seconds, 0, 0]);
        })
    };
    span(1).unwrap();
    assert!(span(2).unwrap_err().contains("is valid"));
}

#[test]
fn a_token_whose_signature_or_content_was_changed_is_none() {
    fails(|token| token.signers[0].edit_signature.add(|signature| *signature.last_mut().unwrap() ^= 1), "does not verify");
    fails(|token| token.signers[0].key = SigningKey::p256("nobody"), "does not verify");
    let digest = |attributes: &mut Vec<(String, Vec<u8>)>| {
        let (_, value) = attributes.iter_mut().find(|(oid, _)| oid == oids::MESSAGE_DIGEST).unwrap();
        *value = der::octets(&[0; 32]);
    };
    fails(move |token| token.signers[0].edit_attributes.add(digest), "digest");
    fails(|token| token.signers[0].edit_attributes.add(|a| a.retain(|(oid, _)| oid != oids::MESSAGE_DIGEST)), "messageDigest");
    fails(|token| token.signers[0].edit_attributes.add(|a| a.retain(|(oid, _)| oid != oids::CONTENT_TYPE)), "contentType");
    fails(|token| token.edit_der.add(|der| der.push(0)), "malformed");
    fails(|token| token.content_type = oids::DATA, "no TSTInfo");
}

#[test]
fn a_token_whose_protected_algorithms_are_not_the_ones_used_is_none() {
    // RFC 6211: each of the two must be the one used; one that agrees does not excuse the other.
    let protects = |digest: Vec<u8>, signature: Vec<u8>| {
        move |token: &mut Token| {
            let protection = der::seq(&[digest.clone(), der::context(1, &content(&signature))]);
            let attribute = (oids::ALGORITHM_PROTECTION.to_owned(), protection);
            token.signers[0].edit_attributes.add(move |attributes| attributes.push(attribute.clone()));
        }
    };
    let world = Notary::new();
    let used = world.tsa.leaf.key.scheme();
    let (digest, other) = (der::algorithm(used.hash().oid()), der::algorithm(Hash::Sha512.oid()));
    stamped(&world, trust(&world), protects(digest.clone(), used.algorithm())).unwrap();
    fails(protects(other, used.algorithm()), "CMSAlgorithmProtection");
    fails(protects(digest, Scheme::Pkcs1(used.hash()).algorithm()), "CMSAlgorithmProtection");
}

/// The content of a short value.
fn content(der: &[u8]) -> Vec<u8> {
    der[2..].to_vec()
}

#[test]
fn a_token_that_names_no_certificate_or_another_one_is_none() {
    // CVE-2026-39984: the attribute must be of the very certificate whose key is used.
    fails(|token| token.signers[0].names = None, "signingCertificateV2");
    let foreign = Notary::foreign().tsa.leaf_der();
    fails(move |token| token.signers[0].names = Some((CertificateId::V2(Hash::Sha256), foreign.clone())), "another certificate");
    let world = Notary::new();
    let leaf = world.tsa.leaf_der();
    fails(move |token| token.signers[0].names = Some((CertificateId::V1, leaf.clone())), "signingCertificateV2");
    let leaf = world.tsa.leaf_der();
    let longer =
        stamped(&world, trust(&world), move |token| token.signers[0].names = Some((CertificateId::V2(Hash::Sha512), leaf.clone())));
    longer.unwrap();
    // A second certificate of the same key, name and number, which says something else.
    let mut twin = Notary::new().tsa;
    twin.leaf.cert.not_after = at("2039-01-01T00:00:00Z");
    let twin = twin.leaf_der();
    fails(move |token| token.certificates[0] = twin.clone(), "another certificate");
}

#[test]
fn a_token_without_certificates_or_with_several_signers_is_none() {
    fails(|token| token.certificates.clear(), "none in the token");
    fails(|token| token.certificates.truncate(1), "does not lead to");
    fails(|token| token.signers.clear(), "0 signers");
    let second = TokenSigner::of(&Notary::foreign().tsa, None);
    fails(move |token| token.signers.push(second.clone()), "2 signers");
}

#[test]
fn an_authority_that_is_not_for_time_stamps_alone_is_none() {
    fails_with(|tsa| tsa.leaf.cert.set(Extension::eku(&[oids::TIME_STAMPING])), "not critical");
    fails_with(|tsa| tsa.leaf.cert.set(Extension::critical_eku(&[oids::CODE_SIGNING])), "timeStamping alone");
    fails_with(|tsa| tsa.leaf.cert.set(Extension::critical_eku(&[oids::TIME_STAMPING, oids::CODE_SIGNING])), "timeStamping alone");
    fails_with(|tsa| tsa.leaf.cert.drop(oids::EXTENDED_KEY_USAGE), "timeStamping alone");
    fails_with(|tsa| tsa.leaf.cert.set(Extension::basic_constraints(true, None)), "is a CA");
    fails_with(|tsa| tsa.leaf.cert.set(Extension::key_usage(0x04)), "digitalSignature");
    let no_ca = |tsa: &mut Tsa| tsa.intermediate.as_mut().unwrap().cert.set(Extension::basic_constraints(false, None));
    fails_with(no_ca, "is no CA");
}

#[test]
fn an_authority_that_was_not_valid_at_the_time_is_none() {
    fails_with(|tsa| tsa.leaf.cert.not_after = at("2026-09-01T10:20:29Z"), "not valid at");
    fails_with(|tsa| tsa.leaf.cert.not_before = at("2026-09-01T10:20:31Z"), "not valid at");
    fails_with(|tsa| tsa.root.cert.not_after = at("2026-09-01T10:20:29Z"), "not valid at");
}

#[test]
fn an_authority_below_a_ca_that_is_for_something_else_is_none() {
    let other = |tsa: &mut Tsa| tsa.intermediate.as_mut().unwrap().cert.set(Extension::eku(&[oids::CODE_SIGNING]));
    fails_with(other, "other purposes");
}

#[test]
fn no_token_at_all_and_rubbish_are_told_apart() {
    let world = Notary::new();
    let (_, signer) = Case::new(world.sign(&target()).jws(), trust(&world)).valid();
    assert!(signer.chain_time.timestamp.is_none());
    let name = "io.cncf.notary.timestampSignature";
    let rubbish = world.sign(&target()).stamped().edit_jws(move |json| json["header"][name] = "AAAA".into());
    let (_, signer) = Case::new(rubbish.jws(), trust(&world)).valid();
    assert!(signer.chain_time.timestamp.unwrap().under["tsa:test"].as_ref().unwrap_err().contains("malformed"));
}

#[test]
fn a_signing_authority_needs_no_time_stamp_and_none_is_looked_at() {
    let world = Notary::new();
    let (basis, signer) = Case::new(world.sign(&target()).signing_authority().stamped().jws(), trust(&world)).valid();
    assert!(signer.chain_time.timestamp.is_none());
    assert_eq!(basis.time_source, TimeSource::SigningAuthority);
}

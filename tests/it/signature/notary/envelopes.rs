//! The two forms and the six algorithms.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::{COSE, Case, JWS, holds, refused, target, trust};
use crate::forge::cbor::Cbor;
use crate::forge::keys::{Hash, Scheme, SigningKey};
use crate::forge::notary::Notary;
use crate::forge::notary::envelope::{TIMESTAMP_SIGNATURE, algorithm_name, notary_scheme};

fn jws_rejected(edit: impl Fn(&mut Value) + Send + Sync + 'static, words: &str) {
    let world = Notary::new();
    let (why, text) = Case::new(world.sign(&target()).edit_jws(edit).jws(), trust(&world)).rejected();
    assert!(text.contains(words), "{why}: {text}");
}

fn cose_rejected(bytes: Vec<u8>, words: &str) {
    let world = Notary::new();
    let (why, text) = Case { media_type: COSE, ..Case::new(bytes, trust(&world)) }.rejected();
    assert!(why == "malformed" && text.contains(words), "{why}: {text}");
}

#[test]
fn all_six_algorithms_hold_in_both_forms() {
    let ec = [SigningKey::p256("notary leaf"), SigningKey::p384("notary leaf"), SigningKey::p521("notary leaf")];
    for key in ec.into_iter().chain([2048, 3072, 4096].map(SigningKey::rsa)) {
        let world = Notary::with_leaf_key(key);
        holds(&world, &world.sign(&target()));
    }
}

#[test]
fn a_header_that_names_another_algorithm_than_the_keys_is_refused() {
    let world = Notary::new();
    for name in ["ES384", "ES512", "PS256", "none", "HS256", "RS256", ""] {
        let (why, _) = Case::new(world.sign(&target()).algorithm(name).jws(), trust(&world)).rejected();
        assert_eq!(why, "algorithm-of-other-key", "{name}");
    }
    for name in ["ES384", "PS256"] {
        refused(&world, &world.sign(&target()).algorithm(name), "algorithm-of-other-key", name);
    }
}

#[test]
fn an_rsa_signature_with_another_padding_hash_or_salt_is_refused() {
    let world = Notary::with_leaf_key(SigningKey::rsa(3072));
    let right = algorithm_name(notary_scheme(&SigningKey::rsa(3072)));
    for scheme in [Scheme::Pkcs1(Hash::Sha384), Scheme::Pss(Hash::Sha256), Scheme::Pss(Hash::Sha512)] {
        refused(&world, &world.sign(&target()).signature_scheme(scheme).algorithm(right), "bad-signature", "");
    }
}

#[test]
fn an_ecdsa_signature_in_der_is_refused() {
    let world = Notary::new();
    let envelope = world.sign(&target()).signature(|signature| {
        let (r, s) = signature.split_at(32);
        *signature = crate::forge::der::seq(&[crate::forge::der::int_bytes(r), crate::forge::der::int_bytes(s)]);
    });
    refused(&world, &envelope, "bad-signature", "");
}

#[test]
fn a_signature_of_another_key_or_over_other_bytes_is_refused() {
    let world = Notary::new();
    refused(&world, &world.sign(&target()).key(SigningKey::p256("nobody")), "bad-signature", "");
    refused(&world, &world.sign(&target()).signature(|signature| signature[40] ^= 1), "bad-signature", "");
    refused(&world, &world.sign(&target()).signature(|signature| signature.fill(0)), "bad-signature", "");
    refused(&world, &world.sign(&target()).signature(Vec::clear), "bad-signature", "");
}

#[test]
fn a_jws_with_another_member_than_the_four_is_refused() {
    jws_rejected(|json| json["signatures"] = json!([]), "member `signatures`");
    jws_rejected(|json| json["Payload"] = json["payload"].clone(), "member `Payload`");
    for member in ["payload", "protected", "header", "signature"] {
        jws_rejected(move |json| drop(json.as_object_mut().unwrap().remove(member)), "missing");
        jws_rejected(move |json| json[member] = json!(7), "");
    }
}

#[test]
fn a_jws_that_two_readers_read_in_two_ways_is_refused() {
    let world = Notary::new();
    let text = String::from_utf8(world.sign(&target()).jws()).unwrap();
    let twice = text.replacen('{', "{\"payload\":\"e30\",", 1);
    let (_, words) = Case::new(twice.into_bytes(), trust(&world)).rejected();
    assert!(words.contains("stands twice"), "{words}");
    let (_, words) = Case::new(format!("{text}{{}}").into_bytes(), trust(&world)).rejected();
    assert!(words.contains("trailing"), "{words}");
    // Also within the protected header, which is signed.
    let key = world.chain.last().unwrap().key.clone();
    let envelope = world.sign(&target()).edit_jws(move |json| {
        let protected = BASE64URL_NOPAD.decode(json["protected"].as_str().unwrap().as_bytes()).unwrap();
        let twice = String::from_utf8(protected).unwrap().replacen('{', "{\"alg\":\"ES512\",", 1);
        json["protected"] = json!(BASE64URL_NOPAD.encode(twice.as_bytes()));
        let message = format!("{}.{}", json["protected"].as_str().unwrap(), json["payload"].as_str().unwrap());
        json["signature"] = json!(BASE64URL_NOPAD.encode(&key.sign_fixed(notary_scheme(&key), message.as_bytes())));
    });
    let (_, words) = Case::new(envelope.jws(), trust(&world)).rejected();
    assert!(words.contains("`alg` stands twice"), "{words}");
}

#[test]
fn padded_or_spaced_base64url_is_refused() {
    for member in ["payload", "protected", "signature"] {
        jws_rejected(move |json| json[member] = json!(format!("{}=", json[member].as_str().unwrap())), "base64url");
        jws_rejected(move |json| json[member] = json!(format!("{}\n", json[member].as_str().unwrap())), "base64url");
    }
}

#[test]
fn signed_headers_in_the_header_that_is_not_signed_are_refused() {
    for name in ["alg", "crit", "io.cncf.notary.expiry", "io.cncf.notary.verificationPlugin", "com.amazonaws.signer.signingJob"] {
        jws_rejected(move |json| json["header"][name] = json!("x"), "not signed");
    }
    jws_rejected(|json| json["header"]["X5C"] = json["header"]["x5c"].clone(), "letter case");
    jws_rejected(|json| json["header"]["IO.CNCF.NOTARY.EXPIRY"] = json!("x"), "letter case");
}

#[test]
fn an_unsigned_header_that_is_not_known_changes_nothing() {
    let world = Notary::new();
    let envelope = world.sign(&target()).edit_jws(|json| {
        json["header"]["io.cncf.notary.SigningAgent"] = json!("old");
        json["header"]["something"] = json!({"else": [1, 2]});
    });
    Case::new(envelope.jws(), trust(&world)).valid();
}

#[test]
fn keys_that_a_header_brings_along_are_refused() {
    let world = Notary::new();
    for name in ["jwk", "jku", "x5u", "kid", "b64"] {
        let envelope = world.sign(&target()).headers(move |headers| headers.set(name, crate::forge::notary::envelope::Header::text("x")));
        let (_, words) = Case::new(envelope.jws(), trust(&world)).rejected();
        assert!(words.contains(&format!("has `{name}`")), "{words}");
    }
}

#[test]
fn an_envelope_of_another_media_type_or_of_the_other_form_is_refused() {
    let world = Notary::new();
    let (jws, cose) = (world.sign(&target()).jws(), world.sign(&target()).cose());
    for (envelope, media_type) in [(&jws, COSE), (&cose, JWS), (&jws, "application/json"), (&jws, "")] {
        Case { media_type, ..Case::new(envelope.clone(), trust(&world)) }.rejected();
    }
    let huge = [jws.as_slice(), &vec![b' '; 5 << 20]].concat();
    let (_, words) = Case::new(huge, trust(&world)).rejected();
    assert!(words.contains("at most"), "{words}");
}

#[test]
fn a_cose_envelope_without_tag_or_with_bytes_after_it_is_refused() {
    let world = Notary::new();
    let good = world.sign(&target()).cose();
    cose_rejected([good.as_slice(), &[0]].concat(), "stand after its end");
    cose_rejected(good[1..].to_vec(), "");
    cose_rejected([&[0xd2], good.as_slice()].concat(), "");
    cose_rejected([&[0xd1], &good[1..]].concat(), "");
    cose_rejected(good[..good.len() - 1].to_vec(), "ends early");
    cose_rejected(Vec::new(), "ends early");
}

#[test]
fn a_cose_label_that_stands_twice_is_refused() {
    let world = Notary::new();
    let doubled = world.sign(&target()).edit_cose(|cose| {
        let Cbor::Map(unsigned) = unprotected(cose) else { panic!("no map") };
        let first = unsigned[0].clone();
        unsigned.push(first);
    });
    cose_rejected(doubled.cose(), "duplicate");
    let signed_name = world.sign(&target()).edit_cose(|cose| {
        let Cbor::Map(unsigned) = unprotected(cose) else { panic!("no map") };
        unsigned.push((Cbor::Text("io.cncf.notary.expiry".into()), Cbor::Tag(1, Box::new(Cbor::Int(4_000_000_000)))));
    });
    cose_rejected(signed_name.cose(), "not signed");
    let critical = world.sign(&target()).edit_cose(|cose| {
        let Cbor::Map(unsigned) = unprotected(cose) else { panic!("no map") };
        unsigned.push((Cbor::Int(1), Cbor::Int(-7)));
    });
    cose_rejected(critical.cose(), "not signed");
}

#[test]
fn one_certificate_by_itself_is_a_chain_in_cose() {
    let world = Notary::self_signed();
    let envelope = world.sign(&target()).edit_cose(|cose| {
        let Cbor::Map(unsigned) = unprotected(cose) else { panic!("no map") };
        let (_, chain) = unsigned.iter_mut().find(|(label, _)| *label == Cbor::Int(33)).unwrap();
        let Cbor::Array(list) = chain else { panic!("no list") };
        *chain = list.remove(0);
    });
    Case::new(envelope.cose(), trust(&world)).valid();
}

#[test]
fn a_chain_that_is_missing_empty_or_endless_is_refused() {
    let world = Notary::new();
    refused(&world, &world.sign(&target()).chain(Vec::new()), "malformed", "");
    refused(&world, &world.sign(&target()).chain(vec![world.root_der(); 9]), "malformed", "9 certificates");
    refused(&world, &world.sign(&target()).chain(vec![b"no certificate".to_vec()]), "malformed", "");
    jws_rejected(|json| drop(json["header"].as_object_mut().unwrap().remove("x5c")), "x5c");
    jws_rejected(|json| json["header"][TIMESTAMP_SIGNATURE] = json!(7), "no text");
}

fn unprotected(cose: &mut Cbor) -> &mut Cbor {
    let Cbor::Tag(18, array) = cose else { panic!("not tagged") };
    let Cbor::Array(parts) = array.as_mut() else { panic!("no array") };
    &mut parts[1]
}

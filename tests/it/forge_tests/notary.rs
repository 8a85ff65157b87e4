//! Forged Notary envelopes before openssl and `coset`.

use coset::{CoseSign1, TaggedCborSerializable, iana};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::Value;

use super::openssl::{OpenSsl, name};
use crate::forge::cbor::Cbor;
use crate::forge::der;
use crate::forge::keys::{Scheme, SigningKey};
use crate::forge::notary::envelope::{EXPIRY, Header, SIGNING_SCHEME, TIMESTAMP_SIGNATURE, algorithm_name, notary_scheme};
use crate::forge::notary::{AWS_JOB, AWS_PROFILE_VERSION, Notary, Target};
use crate::forge::pki::at;

fn target() -> Target {
    Target::of(b"{\"schemaVersion\":2}")
}

/// The keys that the specification allows.
fn keys() -> Vec<SigningKey> {
    let ec = [SigningKey::p256("notary leaf"), SigningKey::p384("notary leaf"), SigningKey::p521("notary leaf")];
    ec.into_iter().chain([2048, 3072, 4096].map(SigningKey::rsa)).collect()
}

/// r and s of fixed length, in DER.
fn to_der(scheme: Scheme, signature: &[u8]) -> Vec<u8> {
    match scheme {
        Scheme::Ecdsa(_) => {
            let (r, s) = signature.split_at(signature.len() / 2);
            der::seq(&[der::int_bytes(r), der::int_bytes(s)])
        }
        _ => signature.to_vec(),
    }
}

fn decoded(envelope: &Value, field: &str) -> Vec<u8> {
    BASE64URL_NOPAD.decode(envelope[field].as_str().unwrap().as_bytes()).unwrap()
}

/// openssl's word on the signature of a JWS, by the key of its leaf.
fn judge_jws(openssl: &OpenSsl, scheme: Scheme, envelope: &Value) -> Result<String, String> {
    let leaf = BASE64.decode(envelope["header"]["x5c"][0].as_str().unwrap().as_bytes()).unwrap();
    let message = format!("{}.{}", envelope["protected"].as_str().unwrap(), envelope["payload"].as_str().unwrap());
    openssl.signed(&leaf, scheme, message.as_bytes(), &to_der(scheme, &decoded(envelope, "signature")))
}

/// openssl's word on the signature of a COSE envelope as `coset` takes it apart.
fn judge_cose(openssl: &OpenSsl, scheme: Scheme, world: &Notary, envelope: &[u8]) -> Result<(), String> {
    let envelope = CoseSign1::from_tagged_slice(envelope).expect("a COSE_Sign1");
    let leaf = world.leaf_first().remove(0);
    // What comes back is openssl's word and nobody else's: it is asked within, or there is none.
    envelope.verify_signature(b"", |signature, message| openssl.signed(&leaf, scheme, message, &to_der(scheme, signature)).map(drop))
}

#[test]
fn envelopes_verify_with_every_key_in_both_formats() {
    let Some(openssl) = OpenSsl::find() else { return };
    for key in keys() {
        let scheme = notary_scheme(&key);
        let world = Notary::with_leaf_key(key);
        let jws = world.sign(&target()).jws_json();
        let protected: Value = serde_json::from_slice(&decoded(&jws, "protected")).unwrap();
        assert_eq!(protected["alg"], algorithm_name(scheme));
        judge_jws(&openssl, scheme, &jws).expect("a JWS that verifies");
        judge_cose(&openssl, scheme, &world, &world.sign(&target()).cose()).expect("a COSE_Sign1 that verifies");
    }
}

#[test]
fn a_changed_envelope_no_longer_verifies() {
    let Some(openssl) = OpenSsl::find() else { return };
    let world = Notary::new();
    let scheme = notary_scheme(&SigningKey::p256("any"));
    let changed = world.sign(&target()).edit_jws(|json| json["payload"] = "e30".into()).jws_json();
    judge_jws(&openssl, scheme, &changed).expect_err("another payload");
    let other = world.sign(&target()).key(SigningKey::p256("nobody"));
    judge_jws(&openssl, scheme, &other.jws_json()).expect_err("another key");
    judge_cose(&openssl, scheme, &world, &other.cose()).expect_err("another key");
    let changed = world.sign(&target()).signature(|signature| signature[40] ^= 1);
    judge_jws(&openssl, scheme, &changed.jws_json()).expect_err("another signature");
}

#[test]
fn chains_hold_before_openssl() {
    let Some(openssl) = OpenSsl::find() else { return };
    let time = at("2026-09-02T00:00:00Z").as_second();
    for world in [Notary::new(), Notary::foreign(), Notary::with_leaf_key(SigningKey::rsa(3072)), Notary::aws_signer()] {
        openssl.chain(&world.leaf_first(), time).expect("a chain that holds");
    }
    let mut world = Notary::new();
    world.chain[1].cert.not_after = at("2026-09-01T23:59:59Z");
    let word = openssl.chain(&world.leaf_first(), time).expect_err("a CA that expired");
    assert!(word.contains("certificate has expired"), "{word}");
}

#[test]
fn headers_stand_as_the_specification_has_them() {
    let world = Notary::aws_signer();
    let builder = world.aws(&target(), "arn:version", "arn:job").unknown_critical();
    let protected: Value = serde_json::from_slice(&decoded(&builder.jws_json(), "protected")).unwrap();
    assert_eq!(protected[AWS_JOB], "arn:job");
    assert_eq!(protected["io.cncf.notary.authenticSigningTime"], "2026-09-01T10:20:30Z");
    assert_eq!(protected[EXPIRY], "2037-12-01T10:20:30Z");
    let critical: Vec<&str> = protected["crit"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    for name in [SIGNING_SCHEME, EXPIRY, AWS_PROFILE_VERSION, AWS_JOB, "org.example.unknown"] {
        assert!(critical.contains(&name), "{name} is not critical in {critical:?}");
    }
    let envelope = CoseSign1::from_tagged_slice(&builder.cose()).unwrap();
    let header = &envelope.protected.header;
    assert_eq!(header.alg, Some(coset::Algorithm::Assigned(iana::Algorithm::ES384)));
    assert_eq!(header.crit.len(), critical.len());
    assert!(header.rest.iter().any(|(label, value)| *label == coset::Label::Text(EXPIRY.into()) && value.is_tag()));
}

#[test]
fn one_line_changes_both_formats() {
    let world = Notary::new();
    let builder = world.sign(&target().annotated("team", "release")).headers(|headers| headers.drop(SIGNING_SCHEME));
    let builder = builder.headers(|headers| headers.set(EXPIRY, Header::time("2026-09-02T00:00:00Z")));
    let protected: Value = serde_json::from_slice(&decoded(&builder.jws_json(), "protected")).unwrap();
    assert!(protected.get(SIGNING_SCHEME).is_none() && protected.get("crit").is_none());
    let Cbor::Tag(18, array) = Cbor::decode(&builder.cose()) else { panic!("not tagged") };
    let Cbor::Array(parts) = *array else { panic!("no array") };
    let Cbor::Bytes(protected) = &parts[0] else { panic!("no bytes") };
    let protected = Cbor::decode(protected);
    assert!(protected.get(SIGNING_SCHEME).is_none());
    assert_eq!(protected.get(EXPIRY), Some(&Cbor::Tag(1, Box::new(Cbor::Int(1_788_307_200)))));
    let Cbor::Bytes(payload) = &parts[2] else { panic!("no payload") };
    let payload: Value = serde_json::from_slice(payload).unwrap();
    assert_eq!(payload["targetArtifact"]["annotations"]["team"], "release");
}

#[test]
fn bytes_that_no_value_says_are_signed_too() {
    let Some(openssl) = OpenSsl::find() else { return };
    let world = Notary::new();
    let scheme = notary_scheme(&SigningKey::p256("any"));
    let twice = world.sign(&target()).protected_bytes(|bytes| {
        bytes.splice(1..1, *b"\"alg\":\"PS256\",");
    });
    let jws = twice.jws_json();
    assert!(decoded(&jws, "protected").starts_with(b"{\"alg\":\"PS256\",\"alg\":\"ES256\","));
    judge_jws(&openssl, scheme, &jws).expect("a JWS that verifies");
    let chain = Cbor::Array(world.leaf_first().into_iter().map(Cbor::Bytes).collect());
    let inside = world.sign(&target()).headers(move |headers| headers.set("x5chain", Header::Cbor(chain.clone())));
    judge_cose(&openssl, scheme, &world, &inside.cose()).expect("a COSE_Sign1 that verifies");
}

#[test]
fn timestamps_are_over_the_signature() {
    let Some(openssl) = OpenSsl::find() else { return };
    let world = Notary::new();
    let envelope = world.sign(&target()).stamped().jws_json();
    let token = BASE64.decode(envelope["header"][TIMESTAMP_SIGNATURE].as_str().unwrap().as_bytes()).unwrap();
    let chain = world.tsa.chain();
    let [root, known] = [openssl.pem_file("root.pem", &chain[2..]), openssl.pem_file("known.pem", &chain[..2])];
    let [token, message] = [openssl.file("token", &token), openssl.file("signature", &decoded(&envelope, "signature"))];
    let time = at("2026-09-01T10:20:30Z").as_second().to_string();
    let files = ["-in", name(&token), "-data", name(&message), "-CAfile", name(&root), "-untrusted", name(&known)];
    openssl.run(&[&["ts", "-verify", "-token_in", "-attime", &time], &files[..]].concat()).expect("a timestamp that verifies");
}

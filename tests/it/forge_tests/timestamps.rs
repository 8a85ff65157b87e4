//! Forged timestamps before openssl.

use super::openssl::{OpenSsl, name};
use crate::forge::der::oids;
use crate::forge::keys::Hash;
use crate::forge::pki::{Extension, at};
use crate::forge::tsa::{CertificateId, Token, TokenSigner, Tsa};

const MESSAGE: &[u8] = b"a signature";

fn time() -> jiff::Timestamp {
    at("2026-09-01T10:20:30Z")
}

/// openssl's word on a token of `tsa`, with the authority's chain known.
fn judge(tsa: &Tsa, token: &Token) -> Option<Result<String, String>> {
    let openssl = OpenSsl::find()?;
    let chain = tsa.chain();
    let root = openssl.pem_file("root.pem", &chain[2..]);
    let known = openssl.pem_file("known.pem", &chain[..2]);
    let token = openssl.file("token.der", &token.token());
    let message = openssl.file("message", MESSAGE);
    let time = time().as_second().to_string();
    let files = ["-token_in", "-in", name(&token), "-data", name(&message), "-CAfile", name(&root), "-untrusted", name(&known)];
    Some(openssl.run(&[&["ts", "-verify", "-attime", &time], &files[..]].concat()))
}

#[track_caller]
fn accepted(token: &Token) {
    if let Some(word) = judge(&Tsa::named("test"), token) {
        assert!(word.as_ref().is_ok_and(|text| text.contains("Verification: OK")), "{word:?}");
    }
}

/// openssl's reason holds `reason`.
#[track_caller]
fn refused(tsa: &Tsa, token: &Token, reason: &str) {
    if let Some(word) = judge(tsa, token) {
        let text = word.expect_err("a token that does not verify");
        assert!(text.contains(reason), "refused, but for another reason: {text}");
    }
}

fn token() -> Token {
    Tsa::named("test").token(MESSAGE, time())
}

#[test]
fn tokens_verify_with_every_option() {
    accepted(&token());
    accepted(&Token { accuracy: Some([1, 500, 20]), ordering: true, nonce: Some(0x1234_5678_9abc), ..token() });
    accepted(&Token { hash: Hash::Sha512, imprint: Hash::Sha512.of(MESSAGE), ..token() });
    let tsa = Tsa::named("test");
    accepted(&Token { name: Some(tsa.leaf.cert.subject.clone()), ..token() });
    for id in [CertificateId::V1, CertificateId::V2(Hash::Sha512)] {
        let mut other = token();
        other.signers[0].names = Some((id, tsa.leaf_der()));
        accepted(&other);
    }
}

#[test]
fn the_response_is_one_that_openssl_grants() {
    let Some(openssl) = OpenSsl::find() else { return };
    let response = openssl.file("response.der", &token().response());
    let text = openssl.run(&["ts", "-reply", "-in", name(&response), "-text"]).expect("a response");
    assert!(text.contains("Status: Granted.") && text.contains("Time stamp: Sep  1 10:20:30 2026 GMT"), "{text}");
}

#[test]
fn forged_tokens_are_refused_for_what_was_forged() {
    let tsa = Tsa::named("test");
    let mut imprint = token();
    imprint.imprint[0] ^= 1;
    refused(&tsa, &imprint, "message imprint mismatch");

    let mut named = token();
    named.signers[0].names = Some((CertificateId::V2(Hash::Sha256), Tsa::named("other").leaf_der()));
    refused(&tsa, &named, "ess cert id not found");

    let mut unnamed = token();
    unnamed.signers[0].names = None;
    refused(&tsa, &unnamed, "missing signing certificate attribute");

    let mut signature = token();
    signature.signers[0].edit_signature.add(|signature| signature[12] ^= 1);
    refused(&tsa, &signature, "signature failure");

    let mut digest = token();
    digest.signers[0].edit_attributes.add(|attributes| attributes[1].1[5] ^= 1);
    refused(&tsa, &digest, "digest failure");

    let mut two = token();
    two.signers.push(TokenSigner { serial: vec![9], ..two.signers[0].clone() });
    refused(&tsa, &two, "there must be one signer");

    let mut content = token();
    content.content_type = oids::DATA;
    refused(&tsa, &content, "bad pkcs7 type");
}

#[test]
fn authorities_of_the_wrong_kind_are_refused() {
    let judged = |edit: fn(&mut Tsa), reason: &str| {
        let mut tsa = Tsa::named("test");
        edit(&mut tsa);
        refused(&tsa, &tsa.token(MESSAGE, time()), reason);
    };
    judged(|tsa| tsa.leaf.cert.drop(oids::EXTENDED_KEY_USAGE), "unsuitable certificate purpose");
    judged(|tsa| tsa.leaf.cert.set(Extension::eku(&[oids::TIME_STAMPING])), "unsuitable certificate purpose");
    judged(|tsa| tsa.leaf.cert.set(Extension::critical_eku(&[oids::CODE_SIGNING])), "unsuitable certificate purpose");
    judged(|tsa| tsa.leaf.cert.not_after = at("2026-08-31T00:00:00Z"), "certificate has expired");
    judged(|tsa| tsa.intermediate.as_mut().unwrap().cert.set(Extension::basic_constraints(false, None)), "invalid CA certificate");
    refused(&Tsa::named("other"), &token(), "");
}

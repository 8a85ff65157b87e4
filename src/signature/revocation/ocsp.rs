//! OCSP, RFC 6960: the question about one certificate, and what an answer says of it.
//!
//! 1. The responder answered at all: `successful` (section 4.2.1).
//! 2. It is a basic response of version 1 that can be read whole (section 4.2.1).
//! 3. It is signed by the issuer of the certificate, or by a certificate of the issuer's with the purpose OCSPSigning, valid now (sections
//!    3.2 and 4.2.2.2).
//! 4. It holds no critical extension that is not understood (section 4.4).
//! 5. One of its answers is about this very certificate: issuer's name, issuer's key and serial number (section 4.1.1).
//! 6. That answer is fresh: `thisUpdate` has come, `nextUpdate` has not passed (section 4.2.2.1).
//! 7. The status: good, revoked, or unknown, which is no answer (section 2.2).
//!
//! No nonce is sent: responders that sign ahead of time cannot repeat it. A replayed answer is one that is fresh, or none. Whether the
//! responder's own certificate was revoked is not asked: its issuer vouches for it with a short life or `id-pkix-ocsp-nocheck`.

use der::oid::ObjectIdentifier;
use jiff::Timestamp;

use super::chain::Link;
use super::fields::{Extension, extensions, generalized_time, malformed, number, octets_of_bits};
use super::key::check;
use super::{MAX_AGE_WITHOUT_NEXT_UPDATE, SKEW, State, Status, Unusable, invalidity_date};
use crate::model::digest::{Digest, sha1_identifier};
use crate::signature::asn1::{self, Asn1Error, Tlv, Values, encode, tag};
use crate::signature::x509::Certificate;

const BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");
const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
/// id-kp-OCSPSigning.
const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");
const ENUMERATED: u8 = 0x0a;
const BY_NAME: u8 = 0xa1;
const BY_KEY: u8 = 0xa2;
const GOOD: u8 = 0x80;
const REVOKED: u8 = 0xa1;
const UNKNOWN: u8 = 0x82;
/// Answers in one response; we ask one question.
const MAX_ANSWERS: usize = 64;
/// Certificates that come along.
const MAX_CERTIFICATES: usize = 8;
const PART: &str = "the OCSP response";

/// OCSPRequest with one CertID. SHA-1, as identifier only: many public responders know no other (the answer is signed, whatever names it).
pub(super) fn request(link: &Link) -> Result<Vec<u8>, Unusable> {
    let algorithm = encode(tag::SEQUENCE, &[encode(tag::OID, SHA1.as_bytes()), encode(tag::NULL, &[])].concat());
    let cert_id = [
        algorithm,
        encode(tag::OCTET_STRING, &sha1_identifier(&link.issuer().subject)),
        encode(tag::OCTET_STRING, &sha1_identifier(link.issuer().key.octets())),
        link.certificate().serial.clone(),
    ]
    .concat();
    // CertID, Request, requestList, tbsRequest, OCSPRequest.
    Ok((0..5).fold(cert_id, |inner, _| encode(tag::SEQUENCE, &inner)))
}

/// What `response` says of the certificate; the steps are those of the module.
pub(super) fn judge(link: &Link, response: &[u8], now: Timestamp) -> Result<Status, Unusable> {
    let fail = |error: Asn1Error| malformed(PART, error);

    // 1
    let mut fields = Values::of(asn1::one(response, tag::SEQUENCE).map_err(fail)?.value);
    match fields.expect(ENUMERATED).map_err(fail)?.value {
        [0] => {}
        [code] => return Err(Unusable::Responder { said: *code }),
        _ => return Err(malformed(PART, "its status is no number of one byte")),
    }

    // 2
    let bytes = fields.expect(tag::CONTEXT_0).map_err(fail)?;
    fields.end().map_err(fail)?;
    let mut bytes = Values::of(asn1::one(bytes.value, tag::SEQUENCE).map_err(fail)?.value);
    let form = bytes.expect(tag::OID).and_then(asn1::oid).map_err(fail)?;
    if form != BASIC {
        return Err(Unusable::Unsupported { what: format!("the response type {form}") });
    }
    let basic = bytes.expect(tag::OCTET_STRING).map_err(fail)?;
    bytes.end().map_err(fail)?;
    let mut basic = Values::of(asn1::one(basic.value, tag::SEQUENCE).map_err(fail)?.value);
    let data = basic.expect(tag::SEQUENCE).map_err(fail)?;
    let algorithm = basic.expect(tag::SEQUENCE).map_err(fail)?;
    let signature =
        octets_of_bits(basic.expect(tag::BIT_STRING).map_err(fail)?.value).ok_or_else(|| malformed(PART, "its signature is odd"))?;
    let certificates = match basic.optional(tag::CONTEXT_0).map_err(fail)? {
        None => Vec::new(),
        Some(list) => {
            let list = asn1::one(list.value, tag::SEQUENCE).map_err(fail)?;
            Values::of(list.value).all(MAX_CERTIFICATES).map_err(fail)?
        }
    };
    basic.end().map_err(fail)?;
    let content = Data::parse(data)?;

    // 3
    by_issuer_or_delegate(link, &Signed { message: data.raw, algorithm: algorithm.value, signature }, &certificates, now)?;

    // 4
    understood(&content.extensions)?;
    if content.produced_at > now.saturating_add(SKEW).unwrap_or(now) {
        return Err(Unusable::NotYet { this_update: content.produced_at, now });
    }

    // 5
    let mut about = None;
    for answer in &content.answers {
        if answer.is_about(link) && about.replace(answer).is_some() {
            return Err(malformed(PART, "it speaks of the certificate twice"));
        }
    }
    let about = about.ok_or(Unusable::AboutAnother)?;
    understood(&about.extensions)?;

    // 6
    fresh(about.this_update, about.next_update, now)?;

    // 7
    let state = match about.status.tag {
        GOOD if about.status.value.is_empty() => State::Good,
        REVOKED => revoked(about)?,
        UNKNOWN => return Err(Unusable::UnknownCertificate),
        other => return Err(fail(Asn1Error::Unexpected { expected: GOOD, presented: other })),
    };
    Ok(Status { state, this_update: about.this_update, next_update: about.next_update })
}

/// ResponseData.
struct Data<'a> {
    produced_at: Timestamp,
    answers: Vec<Answer<'a>>,
    extensions: Vec<Extension<'a>>,
}

/// SingleResponse.
struct Answer<'a> {
    hash: ObjectIdentifier,
    issuer_name: &'a [u8],
    issuer_key: &'a [u8],
    serial: &'a [u8],
    status: Tlv<'a>,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    extensions: Vec<Extension<'a>>,
}

struct Signed<'a> {
    message: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Data<'a> {
    fn parse(data: Tlv<'a>) -> Result<Self, Unusable> {
        let fail = |error: Asn1Error| malformed(PART, error);
        let mut fields = Values::of(data.value);
        if let Some(version) = fields.optional(tag::CONTEXT_0).map_err(fail)?
            && version.value != [tag::INTEGER, 1, 0]
        {
            return Err(malformed(PART, "its version is not 1"));
        }
        // Who says to have signed is found out by the signature itself.
        let responder = fields.next().map_err(fail)?;
        if responder.tag != BY_NAME && responder.tag != BY_KEY {
            return Err(fail(Asn1Error::Unexpected { expected: BY_NAME, presented: responder.tag }));
        }
        let produced_at = generalized_time(fields.next().map_err(fail)?, PART)?;
        let answers = fields.expect(tag::SEQUENCE).map_err(fail)?;
        let extensions = trailing_extensions(&mut fields)?;
        fields.end().map_err(fail)?;
        let answers = Values::of(answers.value).all(MAX_ANSWERS).map_err(fail)?;
        let answers = answers.into_iter().map(Answer::parse).collect::<Result<_, _>>()?;
        Ok(Self { produced_at, answers, extensions })
    }
}

impl<'a> Answer<'a> {
    fn parse(answer: Tlv<'a>) -> Result<Self, Unusable> {
        let fail = |error: Asn1Error| malformed(PART, error);
        let mut fields = Values::of(asn1::one(answer.raw, tag::SEQUENCE).map_err(fail)?.value);
        let mut id = Values::of(fields.expect(tag::SEQUENCE).map_err(fail)?.value);
        let mut algorithm = Values::of(id.expect(tag::SEQUENCE).map_err(fail)?.value);
        let hash = algorithm.expect(tag::OID).and_then(asn1::oid).map_err(fail)?;
        let issuer_name = id.expect(tag::OCTET_STRING).map_err(fail)?.value;
        let issuer_key = id.expect(tag::OCTET_STRING).map_err(fail)?.value;
        let serial = id.expect(tag::INTEGER).map_err(fail)?.value;
        id.end().map_err(fail)?;
        let status = fields.next().map_err(fail)?;
        let this_update = generalized_time(fields.next().map_err(fail)?, PART)?;
        let next_update = match fields.optional(tag::CONTEXT_0).map_err(fail)? {
            None => None,
            Some(next) => Some(generalized_time(asn1::one(next.value, tag::GENERALIZED_TIME).map_err(fail)?, PART)?),
        };
        let extensions = trailing_extensions(&mut fields)?;
        fields.end().map_err(fail)?;
        Ok(Self { hash, issuer_name, issuer_key, serial, status, this_update, next_update, extensions })
    }

    fn is_about(&self, link: &Link) -> bool {
        let hashed = |bytes: &[u8]| match self.hash {
            SHA1 => Some(sha1_identifier(bytes).to_vec()),
            SHA256 => Some(Digest::of(bytes).bytes().to_vec()),
            _ => None,
        };
        let same = |claimed: &[u8], bytes: &[u8]| hashed(bytes).is_some_and(|hash| hash == claimed);
        same(self.issuer_name, &link.issuer().subject)
            && same(self.issuer_key, link.issuer().key.octets())
            && number(self.serial) == number(link.serial())
    }
}

/// `[1]` with Extensions, where it is there.
fn trailing_extensions<'a>(fields: &mut Values<'a>) -> Result<Vec<Extension<'a>>, Unusable> {
    let fail = |error: Asn1Error| malformed(PART, error);
    match fields.optional(tag::CONTEXT_1).map_err(fail)? {
        None => Ok(Vec::new()),
        Some(list) => extensions(asn1::one(list.value, tag::SEQUENCE).map_err(fail)?.value, PART),
    }
}

fn understood(extensions: &[Extension<'_>]) -> Result<(), Unusable> {
    match extensions.iter().find(|extension| extension.critical && extension.id != super::INVALIDITY_DATE) {
        Some(unknown) => Err(Unusable::Unsupported { what: format!("the critical extension {}", unknown.id) }),
        None => Ok(()),
    }
}

fn by_issuer_or_delegate(link: &Link, signed: &Signed<'_>, presented: &[Tlv<'_>], now: Timestamp) -> Result<(), Unusable> {
    let check = |certificate: &Certificate| check(certificate, signed.algorithm, signed.message, signed.signature);
    let by_issuer = check(link.issuer());
    if by_issuer.is_ok() {
        return Ok(());
    }
    let mut refused = None;
    for der in presented {
        // One that cannot be read is none that could have signed.
        let Ok(certificate) = Certificate::parse_general(der.raw, "a responder's certificate") else { continue };
        if check(&certificate).is_err() {
            continue;
        }
        match delegate_fault(link, &certificate, now) {
            None => return Ok(()),
            Some(fault) => refused = Some(Unusable::Signer { who: certificate.subject_text.clone(), fault }),
        }
    }
    match (refused, by_issuer) {
        (Some(refused), _) => Err(refused),
        (None, Err(Unusable::BadSignature)) | (None, Ok(())) => Err(Unusable::BadSignature),
        (None, Err(other)) => Err(if presented.is_empty() { other } else { Unusable::BadSignature }),
    }
}

/// Why a certificate may not answer for the issuer (section 4.2.2.2).
fn delegate_fault(link: &Link, responder: &Certificate, now: Timestamp) -> Option<&'static str> {
    if responder.issuer != link.issuer().subject || !responder.is_signed_by(link.issuer()) {
        return Some("was not issued by the CA that it answers for");
    }
    // Whoever holds the key in question could declare it good.
    if responder.der == link.certificate().der {
        return Some("answers for itself");
    }
    let extensions = &responder.extensions;
    if !extensions.purposes.as_ref().is_some_and(|purposes| purposes.contains(&OCSP_SIGNING)) {
        return Some("lacks the extendedKeyUsage OCSPSigning");
    }
    if extensions.key_usage.as_ref().is_some_and(|usage| !usage.digital_signature()) {
        return Some("lacks the keyUsage digitalSignature");
    }
    if !extensions.unknown_critical.is_empty() {
        return Some("has a critical extension that is not understood");
    }
    if now.as_second() < responder.not_before.as_second() || now.as_second() > responder.not_after.as_second() {
        return Some("is not valid now");
    }
    None
}

fn fresh(this_update: Timestamp, next_update: Option<Timestamp>, now: Timestamp) -> Result<(), Unusable> {
    if this_update > now.saturating_add(SKEW).unwrap_or(now) {
        return Err(Unusable::NotYet { this_update, now });
    }
    // Without it newer information is to be had at any time, so an old answer is one that somebody kept.
    let until = match next_update {
        Some(next_update) => next_update,
        None => this_update.saturating_add(MAX_AGE_WITHOUT_NEXT_UPDATE).unwrap_or(this_update),
    };
    if now > until.saturating_add(SKEW).unwrap_or(until) { Err(Unusable::Stale { until, now }) } else { Ok(()) }
}

fn revoked(answer: &Answer<'_>) -> Result<State, Unusable> {
    let fail = |error: Asn1Error| malformed(PART, error);
    let mut info = Values::of(answer.status.value);
    let at = generalized_time(info.next().map_err(fail)?, PART)?;
    let reason = match info.optional(tag::CONTEXT_0).map_err(fail)? {
        None => None,
        Some(reason) => asn1::one(reason.value, ENUMERATED).map_err(fail)?.value.first().copied(),
    };
    info.end().map_err(fail)?;
    Ok(State::Revoked { at, reason, invalid_since: invalidity_date(&answer.extensions, PART)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_data_of_another_version_is_none() {
        let parse = |version: &[u8]| {
            let rest = [
                encode(BY_KEY, &encode(tag::OCTET_STRING, &[7; 20])),
                encode(tag::GENERALIZED_TIME, b"20260901000000Z"),
                encode(tag::SEQUENCE, &[]),
            ];
            let der = encode(tag::SEQUENCE, &[version, &rest.concat()].concat());
            Data::parse(asn1::one(&der, tag::SEQUENCE).unwrap()).map(|data| data.answers.len())
        };
        assert_eq!(parse(&[]), Ok(0));
        assert_eq!(parse(&[tag::CONTEXT_0, 3, tag::INTEGER, 1, 0]), Ok(0));
        for other in [&[tag::CONTEXT_0, 3, tag::INTEGER, 1, 1][..], &[tag::CONTEXT_0, 0], &[tag::CONTEXT_0, 3, tag::BOOLEAN, 1, 0]] {
            assert!(matches!(parse(other), Err(Unusable::Malformed { .. })), "{other:x?}");
        }
    }
}

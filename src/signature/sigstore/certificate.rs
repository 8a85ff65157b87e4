//! Certificates as Fulcio issues them (docs/certificate-specification.md of sigstore/fulcio), and those of the CAs above.
//!
//! Apart from `signature::x509`, which knows the elliptic curves of AWS Signer only and one chain: a Sigstore root has several CAs of
//! one name, and private instances have keys of any kind.

use der::Decode;
use der::oid::ObjectIdentifier;
use jiff::Timestamp;
use x509_cert::ext::pkix::BasicConstraints;
use x509_cert::time::Time;

use super::key::PublicKey;
use crate::model::digest::Digest;
use crate::signature::Rejection;
use crate::signature::asn1::{self, Tlv, Values, tag};

const BASIC_CONSTRAINTS: &str = "2.5.29.19";
const SUBJECT_ALT_NAME: &str = "2.5.29.17";
const SUBJECT_KEY_ID: &str = "2.5.29.14";
const AUTHORITY_KEY_ID: &str = "2.5.29.35";
/// Fulcio's user name as an OtherName.
const OTHER_NAME: &str = "1.3.6.1.4.1.57264.1.7";

/// Extensions of one certificate. Fulcio's have some thirty.
const MAX_EXTENSIONS: usize = 64;
/// Bytes of one certificate. Fulcio's have about two thousand.
pub(super) const MAX_BYTES: usize = 32 << 10;

/// A certificate, with the exact bytes of what was signed.
#[derive(Debug, Clone)]
pub(super) struct Certificate {
    pub der: Vec<u8>,
    tbs: Vec<u8>,
    pub issuer: Vec<u8>,
    pub subject: Vec<u8>,
    /// For people. Untrusted.
    pub subject_text: String,
    pub issuer_text: String,
    pub not_before: Timestamp,
    /// Included.
    pub not_after: Timestamp,
    pub key: PublicKey,
    signature_algorithm: ObjectIdentifier,
    signature: Vec<u8>,
    extensions: Vec<Extension>,
}

#[derive(Debug, Clone)]
struct Extension {
    id: String,
    value: Vec<u8>,
}

impl Certificate {
    /// Reads one DER certificate (RFC 5280 section 4.1); `part` names it in a rejection.
    pub fn parse(der: &[u8], part: &str) -> Result<Self, Rejection> {
        let fail = |detail: String| Rejection::Malformed { part: part.into(), detail };
        let unreadable = |error: asn1::Asn1Error| fail(error.to_string());
        if der.len() > MAX_BYTES {
            return Err(Rejection::Limit { what: format!("bytes of {part}"), limit: MAX_BYTES as u64 });
        }
        let whole = asn1::one(der, tag::SEQUENCE).map_err(unreadable)?;
        let mut fields = Values::of(whole.value);
        let tbs = fields.expect(tag::SEQUENCE).map_err(unreadable)?;
        let outer_algorithm = fields.expect(tag::SEQUENCE).map_err(unreadable)?;
        let signature = fields.expect(tag::BIT_STRING).map_err(unreadable)?;
        fields.end().map_err(unreadable)?;
        let Some((0, signature)) = signature.value.split_first() else { return Err(fail("its signature is odd".into())) };
        let mut fields = Values::of(tbs.value);
        fields.optional(tag::CONTEXT_0).map_err(unreadable)?;
        fields.expect(tag::INTEGER).map_err(unreadable)?;
        let inner_algorithm = fields.expect(tag::SEQUENCE).map_err(unreadable)?;
        let issuer = fields.expect(tag::SEQUENCE).map_err(unreadable)?;
        fields.expect(tag::SEQUENCE).map_err(unreadable)?;
        let subject = fields.expect(tag::SEQUENCE).map_err(unreadable)?;
        let spki = fields.expect(tag::SEQUENCE).map_err(unreadable)?;
        if outer_algorithm.raw != inner_algorithm.raw {
            return Err(fail("its two signature algorithms differ (RFC 5280 section 4.1.1.2)".into()));
        }
        let signature_algorithm = Values::of(outer_algorithm.value).expect(tag::OID).and_then(asn1::oid).map_err(unreadable)?;

        let parsed = x509_cert::Certificate::from_der(der).map_err(|error| fail(error.to_string()))?;
        let content = parsed.tbs_certificate();
        let extensions = extensions_of(content.extensions().map_or(&[][..], Vec::as_slice)).map_err(fail)?;
        let validity = content.validity();
        Ok(Self {
            der: der.to_vec(),
            tbs: tbs.raw.to_vec(),
            issuer: issuer.raw.to_vec(),
            subject: subject.raw.to_vec(),
            subject_text: content.subject().to_string(),
            issuer_text: content.issuer().to_string(),
            not_before: timestamp(validity.not_before).ok_or_else(|| fail("its start of validity is out of range".into()))?,
            not_after: timestamp(validity.not_after).ok_or_else(|| fail("its end of validity is out of range".into()))?,
            key: PublicKey::parse(spki.raw).map_err(fail)?,
            signature_algorithm,
            signature: signature.to_vec(),
            extensions,
        })
    }

    /// True where issuer and subject are the same.
    pub fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// True where `other` has the name of this one's issuer and its key made the signature.
    pub fn is_signed_by(&self, other: &Self) -> bool {
        self.issuer == other.subject && other.key.certifies(self.signature_algorithm, &self.tbs, &self.signature)
    }

    /// True where this one names `other`'s key as its issuer's, by name and key id, whoever made the signature.
    pub fn claims_issuer(&self, other: &Self) -> bool {
        let authority = self.extension(AUTHORITY_KEY_ID).and_then(authority_key_id);
        let subject = other.extension(SUBJECT_KEY_ID).and_then(|value| asn1::one(value, tag::OCTET_STRING).ok()).map(|id| id.value);
        self.issuer == other.subject && authority.is_some() && authority == subject
    }

    /// True where basicConstraints says CA.
    pub fn is_ca(&self) -> bool {
        self.extension(BASIC_CONSTRAINTS).is_some_and(|value| BasicConstraints::from_der(value).is_ok_and(|basic| basic.ca))
    }

    /// SHA-256 of the DER, lower-case hexadecimal.
    pub fn fingerprint(&self) -> String {
        Digest::of(&self.der).hex()
    }

    /// `SUBJECT (SHA-256 …)`.
    pub fn describe(&self) -> String {
        let subject = if self.subject_text.is_empty() { "(no subject)" } else { &self.subject_text };
        format!("{subject} (SHA-256 {})", self.fingerprint())
    }

    /// extnValue of the extension with this dotted OID.
    pub fn extension(&self, id: &str) -> Option<&[u8]> {
        self.extensions.iter().find(|extension| extension.id == id).map(|extension| extension.value.as_slice())
    }

    /// The one subject alternative name: an email address, a URI, or the user name that Fulcio writes as an OtherName.
    ///
    /// The crate takes the first of several; who signed must not hang on an order, so several are refused.
    pub fn identity(&self) -> Result<String, Rejection> {
        let fail = |detail: &str| Rejection::Malformed { part: "the signer's certificate".into(), detail: detail.into() };
        let value = self.extension(SUBJECT_ALT_NAME).ok_or_else(|| fail("it has no subject alternative name"))?;
        let names = asn1::one(value, tag::SEQUENCE).and_then(|names| Values::of(names.value).all(2));
        let names = names.map_err(|_| fail("its subject alternative names can't be read, or are several"))?;
        let [name] = names.as_slice() else { return Err(fail("it does not have exactly one subject alternative name")) };
        let text = match name.tag {
            // rfc822Name and uniformResourceIdentifier, IA5String.
            0x81 | 0x86 if name.value.is_ascii() => std::str::from_utf8(name.value).ok().map(str::to_owned),
            0xa0 => other_name(*name),
            _ => None,
        };
        text.filter(|text| !text.is_empty()).ok_or_else(|| fail("its subject alternative name is no email address, URI or user name"))
    }
}

fn other_name(name: Tlv<'_>) -> Option<String> {
    let mut fields = Values::of(name.value);
    let id = asn1::oid(fields.expect(tag::OID).ok()?).ok()?;
    let value = fields.expect(tag::CONTEXT_0).ok()?;
    fields.end().ok()?;
    let text = asn1::one(value.value, tag::UTF8_STRING).ok()?;
    (id.to_string() == OTHER_NAME).then(|| String::from_utf8(text.value.to_vec()).ok()).flatten()
}

/// keyIdentifier of AuthorityKeyIdentifier, RFC 5280 section 4.2.1.1.
fn authority_key_id(value: &[u8]) -> Option<&[u8]> {
    let outer = asn1::one(value, tag::SEQUENCE).ok()?;
    Some(Values::of(outer.value).optional(0x80).ok()??.value)
}

fn extensions_of(list: &[x509_cert::ext::Extension]) -> Result<Vec<Extension>, String> {
    if list.len() > MAX_EXTENSIONS {
        return Err(format!("more than {MAX_EXTENSIONS} extensions"));
    }
    let mut out: Vec<Extension> = Vec::new();
    for extension in list {
        let id = extension.extn_id.to_string();
        if out.iter().any(|other| other.id == id) {
            return Err(format!("its extension {id} stands there twice (RFC 5280 section 4.2)"));
        }
        out.push(Extension { id, value: extension.extn_value.as_bytes().to_vec() });
    }
    Ok(out)
}

fn timestamp(time: Time) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(time.to_unix_duration().as_secs()).ok()?).ok()
}

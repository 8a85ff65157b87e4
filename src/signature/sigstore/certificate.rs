//! Certificates as Fulcio issues them (docs/certificate-specification.md of sigstore/fulcio), and those of the CAs above: read as all
//! certificates are, with a key that may also be Ed25519.

use std::ops::Deref;

use der::oid::ObjectIdentifier;

use super::key::PublicKey;
use crate::signature::Rejection;
use crate::signature::asn1::{self, Tlv, Values, tag};
use crate::signature::x509;

const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const SUBJECT_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const AUTHORITY_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
/// Fulcio's user name as an OtherName.
const OTHER_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");

/// A certificate, with its key as Sigstore uses keys.
#[derive(Debug, Clone)]
pub(super) struct Certificate {
    x509: x509::Certificate,
    pub key: PublicKey,
}

impl Deref for Certificate {
    type Target = x509::Certificate;

    fn deref(&self) -> &x509::Certificate {
        &self.x509
    }
}

impl Certificate {
    /// Reads one DER certificate (RFC 5280 section 4.1); `part` names it in a rejection.
    pub fn parse(der: &[u8], part: &str) -> Result<Self, Rejection> {
        let x509 = x509::Certificate::parse_general(der, part)?;
        let key = PublicKey::parse(&x509.spki).map_err(|detail| Rejection::Malformed { part: part.into(), detail })?;
        Ok(Self { x509, key })
    }

    /// True where `other` has the name of this one's issuer and its key made the signature.
    pub fn is_signed_by(&self, other: &Self) -> bool {
        self.issuer == other.subject && other.key.certifies(self.signature_oid, &self.tbs, &self.signature)
    }

    /// True where this one names `other`'s key as its issuer's, by name and key id, whoever made the signature.
    pub fn claims_issuer(&self, other: &Self) -> bool {
        let authority = self.extensions.value(AUTHORITY_KEY_ID).and_then(authority_key_id);
        let subject = other.extensions.value(SUBJECT_KEY_ID).and_then(|value| asn1::one(value, tag::OCTET_STRING).ok()).map(|id| id.value);
        self.issuer == other.subject && authority.is_some() && authority == subject
    }

    /// True where basicConstraints says CA.
    pub fn is_ca(&self) -> bool {
        self.extensions.basic_constraints.as_ref().is_some_and(|(_, basic)| basic.ca)
    }

    /// `SUBJECT (SHA-256 …)`.
    pub fn describe(&self) -> String {
        let subject = if self.subject_text.is_empty() { "(no subject)" } else { &self.subject_text };
        format!("{subject} (SHA-256 {})", self.fingerprint())
    }

    /// The one subject alternative name: an email address, a URI, or the user name that Fulcio writes as an OtherName.
    ///
    /// The crate takes the first of several; who signed must not hang on an order, so several are refused.
    pub fn identity(&self) -> Result<String, Rejection> {
        let fail = |detail: &str| Rejection::Malformed { part: "the signer's certificate".into(), detail: detail.into() };
        let value = self.extensions.value(SUBJECT_ALT_NAME).ok_or_else(|| fail("it has no subject alternative name"))?;
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
    (id == OTHER_NAME).then(|| String::from_utf8(text.value.to_vec()).ok()).flatten()
}

/// keyIdentifier of AuthorityKeyIdentifier, RFC 5280 section 4.2.1.1.
fn authority_key_id(value: &[u8]) -> Option<&[u8]> {
    let outer = asn1::one(value, tag::SEQUENCE).ok()?;
    Some(Values::of(outer.value).optional(0x80).ok()??.value)
}

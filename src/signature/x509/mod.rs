//! X.509 certificates (RFC 5280) for the schemes: each kept with the exact bytes that its issuer signed.

mod chain;
mod key;
mod name;

use data_encoding::HEXLOWER;
use der::Decode;
use der::oid::ObjectIdentifier;
use jiff::Timestamp;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use x509_cert::time::Time;

use super::Rejection;
use super::asn1::{self, Values, tag};
use crate::model::digest::{Digest, Sha384};

pub(in crate::signature) use chain::Chain;
pub(in crate::signature) use key::{Hash, KeyKind, PublicKey, SignatureAlgorithm};

/// Certificates in one signature. AWS Signer has four.
pub(in crate::signature) const MAX_CERTIFICATES: usize = 8;
/// Bytes of one certificate. They have about two thousand.
const MAX_BYTES: usize = 32 << 10;
/// Extensions of one certificate. Those of Fulcio have some thirty.
const MAX_EXTENSIONS: usize = 64;

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
/// id-kp-codeSigning, RFC 5280 section 4.2.1.12.
pub(in crate::signature) const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
/// anyExtendedKeyUsage, RFC 5280 section 4.2.1.12.
pub(in crate::signature) const ANY_PURPOSE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// A certificate, version 3.
#[derive(Debug, Clone)]
pub(in crate::signature) struct Certificate {
    /// The whole, DER as presented.
    pub der: Vec<u8>,
    /// The part that the issuer signed, DER as presented.
    pub tbs: Vec<u8>,
    /// Serial number, DER with its tag.
    pub serial: Vec<u8>,
    /// Name of the issuer, DER. Names are compared byte by byte, which is stricter than RFC 5280 section 7.1.
    pub issuer: Vec<u8>,
    /// Name of the subject, DER.
    pub subject: Vec<u8>,
    /// The subject for people, RFC 4514. Untrusted.
    pub subject_text: String,
    /// The issuer for people.
    pub issuer_text: String,
    /// Start of validity, to the second.
    pub not_before: Timestamp,
    /// End of validity, to the second; that second is within.
    pub not_after: Timestamp,
    /// Attributes of the subject, in the order of the certificate: short name in capitals or dotted OID, and value. Untrusted.
    pub subject_attributes: Vec<(String, String)>,
    /// The key.
    pub key: PublicKey,
    /// SubjectPublicKeyInfo, DER as presented.
    pub spki: Vec<u8>,
    /// What the extensions say.
    pub extensions: Extensions,
    /// How the issuer signed it; `None` for an algorithm that is not verified here, SHA-1 among them.
    pub signature_algorithm: Option<SignatureAlgorithm>,
    /// The same as an object identifier, for people.
    pub signature_oid: ObjectIdentifier,
    /// The signature value.
    pub signature: Vec<u8>,
}

/// The extensions, and what those say that are understood.
#[derive(Debug, Clone, Default)]
pub(in crate::signature) struct Extensions {
    /// basicConstraints, and whether critical.
    pub basic_constraints: Option<(bool, BasicConstraints)>,
    pub key_usage: Option<KeyUsage>,
    /// Whether keyUsage is critical.
    pub key_usage_critical: bool,
    /// extendedKeyUsage; `None` without the extension.
    pub purposes: Option<Vec<ObjectIdentifier>>,
    /// Whether extendedKeyUsage is critical.
    pub purposes_critical: bool,
    /// Critical extensions that are not understood.
    pub unknown_critical: Vec<ObjectIdentifier>,
    /// All of them: id, and what extnValue holds.
    all: Vec<(ObjectIdentifier, Vec<u8>)>,
}

impl Certificate {
    /// Reads one DER certificate of the kind that AWS Signer uses in zips: a key on P-256 or P-384, and an ECDSA signature with SHA-256
    /// or SHA-384. `part` names it in a rejection.
    pub fn parse(der: &[u8], part: &str) -> Result<Self, Rejection> {
        let certificate = Self::parse_general(der, part)?;
        if !matches!(certificate.key.kind, KeyKind::P256 | KeyKind::P384) {
            return Err(Rejection::Algorithm {
                part: format!("the key of {part}"),
                expected: "an elliptic-curve key on P-256 or P-384".into(),
                presented: certificate.key.kind.to_string(),
            });
        }
        match certificate.signature_algorithm {
            Some(SignatureAlgorithm::Ecdsa(Hash::Sha256 | Hash::Sha384)) => Ok(certificate),
            Some(SignatureAlgorithm::Ecdsa(Hash::Sha512) | SignatureAlgorithm::RsaPkcs1(_)) | None => Err(Rejection::Algorithm {
                part: format!("the signature of {part}"),
                expected: "ECDSA with SHA-256 or SHA-384".into(),
                presented: certificate.signature_oid.to_string(),
            }),
        }
    }

    /// Reads one DER certificate with a key and a signature of any kind. A key or signature that is not known here verifies nothing.
    pub fn parse_general(der: &[u8], part: &str) -> Result<Self, Rejection> {
        let fail = |detail: String| Rejection::Malformed { part: part.into(), detail };
        let asn1_fail = |error: asn1::Asn1Error| fail(error.to_string());
        if der.len() > MAX_BYTES {
            return Err(Rejection::Limit { what: format!("bytes of {part}"), limit: MAX_BYTES as u64 });
        }

        // The exact bytes, field by field (RFC 5280 section 4.1).
        let whole = asn1::one(der, tag::SEQUENCE).map_err(asn1_fail)?;
        let mut fields = Values::of(whole.value);
        let tbs = fields.expect(tag::SEQUENCE).map_err(asn1_fail)?;
        let outer_algorithm = fields.expect(tag::SEQUENCE).map_err(asn1_fail)?;
        let signature =
            bit_string(fields.expect(tag::BIT_STRING).map_err(asn1_fail)?.value).ok_or_else(|| fail("its signature is odd".into()))?;
        fields.end().map_err(asn1_fail)?;
        let mut fields = Values::of(tbs.value);
        let version = fields.expect(tag::CONTEXT_0).map_err(|_| fail("it is not of version 3".into()))?;
        if version.value != [tag::INTEGER, 1, 2] {
            return Err(fail("it is not of version 3".into()));
        }
        let serial = fields.expect(tag::INTEGER).map_err(asn1_fail)?;
        let inner_algorithm = fields.expect(tag::SEQUENCE).map_err(asn1_fail)?;
        let issuer = fields.expect(tag::SEQUENCE).map_err(asn1_fail)?;
        let _validity = fields.expect(tag::SEQUENCE).map_err(asn1_fail)?;
        let subject = fields.expect(tag::SEQUENCE).map_err(asn1_fail)?;
        let spki = fields.expect(tag::SEQUENCE).map_err(asn1_fail)?;
        if outer_algorithm.raw != inner_algorithm.raw {
            return Err(fail("its two signature algorithms differ (RFC 5280 section 4.1.1.2)".into()));
        }

        // The values.
        let parsed = x509_cert::Certificate::from_der(der).map_err(|e| fail(e.to_string()))?;
        let content = parsed.tbs_certificate();
        let extensions = Extensions::read(content.extensions().map_or(&[][..], Vec::as_slice)).map_err(fail)?;
        Ok(Self {
            der: der.to_vec(),
            tbs: tbs.raw.to_vec(),
            serial: serial.raw.to_vec(),
            issuer: issuer.raw.to_vec(),
            subject: subject.raw.to_vec(),
            subject_text: content.subject().to_string(),
            issuer_text: content.issuer().to_string(),
            not_before: timestamp(content.validity().not_before).ok_or_else(|| fail("its start of validity is out of range".into()))?,
            not_after: timestamp(content.validity().not_after).ok_or_else(|| fail("its end of validity is out of range".into()))?,
            key: PublicKey::read(content.subject_public_key_info()),
            spki: spki.raw.to_vec(),
            extensions,
            signature_algorithm: SignatureAlgorithm::read(outer_algorithm.value),
            signature_oid: parsed.signature_algorithm().oid,
            subject_attributes: name::attributes(content.subject()),
            signature: signature.to_vec(),
        })
    }

    /// True where issuer and subject are the same.
    pub fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// SHA-256 of the DER, lower-case hexadecimal.
    pub fn fingerprint(&self) -> String {
        Digest::of(&self.der).hex()
    }

    /// `SUBJECT (SHA-256 …)`.
    pub fn describe(&self) -> String {
        format!("{} (SHA-256 {})", self.subject_text, self.fingerprint())
    }

    /// SHA-384 of the signed part, lower-case hexadecimal.
    pub fn tbs_sha384(&self) -> String {
        HEXLOWER.encode(&Sha384::of(&self.tbs))
    }

    /// True where `issuer`'s key made this certificate's signature. Names are not compared here.
    pub fn is_signed_by(&self, issuer: &Self) -> bool {
        self.signature_algorithm.is_some_and(|algorithm| issuer.key.verifies(algorithm, &self.tbs, &self.signature))
    }

    /// True where it is its own issuer by name and by signature.
    pub fn is_self_signed(&self) -> bool {
        self.is_self_issued() && self.is_signed_by(self)
    }

    /// True where `time` lies in its validity: whole seconds, both ends included (RFC 5280 section 4.1.2.5).
    pub fn is_valid_at(&self, time: Timestamp) -> bool {
        let second = time.as_second();
        second >= self.not_before.as_second() && second <= self.not_after.as_second()
    }
}

impl Extensions {
    /// What extnValue of the extension with this id holds.
    pub fn value(&self, id: ObjectIdentifier) -> Option<&[u8]> {
        self.all.iter().find(|(other, _)| *other == id).map(|(_, value)| value.as_slice())
    }

    fn read(list: &[Extension]) -> Result<Self, String> {
        if list.len() > MAX_EXTENSIONS {
            return Err(format!("it has more than {MAX_EXTENSIONS} extensions"));
        }
        let mut out = Self::default();
        for (at, extension) in list.iter().enumerate() {
            let id = extension.extn_id;
            if list.iter().take(at).any(|other| other.extn_id == id) {
                return Err(format!("its extension {id} stands there twice (RFC 5280 section 4.2)"));
            }
            let value = extension.extn_value.as_bytes();
            out.all.push((id, value.to_vec()));
            let unreadable = |error: der::Error| format!("its extension {id} can't be read: {error}");
            match id {
                BASIC_CONSTRAINTS => {
                    out.basic_constraints = Some((extension.critical, BasicConstraints::from_der(value).map_err(unreadable)?));
                }
                KEY_USAGE => {
                    out.key_usage = Some(KeyUsage::from_der(value).map_err(unreadable)?);
                    out.key_usage_critical = extension.critical;
                }
                EXTENDED_KEY_USAGE => {
                    out.purposes = Some(ExtendedKeyUsage::from_der(value).map_err(unreadable)?.0);
                    out.purposes_critical = extension.critical;
                }
                other if extension.critical => out.unknown_critical.push(other),
                _ => {}
            }
        }
        Ok(out)
    }
}

/// The octets of a BIT STRING without unused bits.
fn bit_string(value: &[u8]) -> Option<&[u8]> {
    match value.split_first() {
        Some((0, octets)) => Some(octets),
        _ => None,
    }
}

fn timestamp(time: Time) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(time.to_unix_duration().as_secs()).ok()?).ok()
}

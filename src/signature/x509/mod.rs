//! X.509 certificates (RFC 5280) for the schemes: each kept with the exact bytes that its issuer signed.

mod chain;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, EcdsaVerificationAlgorithm,
    UnparsedPublicKey,
};
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

/// Certificates in one signature. AWS Signer has four.
pub(in crate::signature) const MAX_CERTIFICATES: usize = 8;

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
/// id-kp-codeSigning, RFC 5280 section 4.2.1.12.
pub(in crate::signature) const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
/// anyExtendedKeyUsage, RFC 5280 section 4.2.1.12.
const ANY_PURPOSE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// A certificate, version 3, with an elliptic-curve key and signature.
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
    /// The key.
    pub key: PublicKey,
    /// What the extensions say.
    pub extensions: Extensions,
    signature_algorithm: ObjectIdentifier,
    signature: Vec<u8>,
}

/// An elliptic-curve public key: the curve, and the point in uncompressed form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::signature) struct PublicKey {
    pub curve: Curve,
    point: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::signature) enum Curve {
    P256,
    P384,
}

/// The extensions that are understood.
#[derive(Debug, Clone, Default)]
pub(in crate::signature) struct Extensions {
    /// basicConstraints, and whether critical.
    pub basic_constraints: Option<(bool, BasicConstraints)>,
    pub key_usage: Option<KeyUsage>,
    /// extendedKeyUsage; `None` without the extension.
    pub purposes: Option<Vec<ObjectIdentifier>>,
    /// Critical extensions that are not understood.
    pub unknown_critical: Vec<ObjectIdentifier>,
}

impl Certificate {
    /// Reads one DER certificate; `part` names it in a rejection.
    pub fn parse(der: &[u8], part: &str) -> Result<Self, Rejection> {
        let fail = |detail: String| Rejection::Malformed { part: part.into(), detail };
        let asn1_fail = |error: asn1::Asn1Error| fail(error.to_string());

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
            key: PublicKey::read(content.subject_public_key_info(), part)?,
            extensions,
            signature_algorithm: algorithm_without_parameters(outer_algorithm.value).ok_or_else(|| Rejection::Algorithm {
                part: format!("the signature of {part}"),
                expected: "ECDSA with SHA-256 or SHA-384".into(),
                presented: parsed.signature_algorithm().oid.to_string(),
            })?,
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
        let algorithm: &'static EcdsaVerificationAlgorithm = match (issuer.key.curve, self.signature_algorithm) {
            (Curve::P256, ECDSA_SHA256) => &ECDSA_P256_SHA256_ASN1,
            (Curve::P256, ECDSA_SHA384) => &ECDSA_P256_SHA384_ASN1,
            (Curve::P384, ECDSA_SHA256) => &ECDSA_P384_SHA256_ASN1,
            (Curve::P384, ECDSA_SHA384) => &ECDSA_P384_SHA384_ASN1,
            _ => return false,
        };
        UnparsedPublicKey::new(algorithm, &issuer.key.point).verify(&self.tbs, &self.signature).is_ok()
    }
}

impl PublicKey {
    /// Verifies ECDSA with SHA-384 by a P-384 key; a key on another curve verifies nothing.
    pub fn verifies_p384_sha384(&self, message: &[u8], signature: &[u8]) -> bool {
        self.curve == Curve::P384 && UnparsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, &self.point).verify(message, signature).is_ok()
    }

    /// RFC 5480 section 2: a named curve, and the uncompressed point.
    fn read(spki: &x509_cert::spki::SubjectPublicKeyInfoOwned, part: &str) -> Result<Self, Rejection> {
        let named = spki.algorithm.parameters.as_ref().and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok());
        let presented = || match named {
            Some(curve) => format!("{} {curve}", spki.algorithm.oid),
            None => spki.algorithm.oid.to_string(),
        };
        let refuse = || Rejection::Algorithm {
            part: format!("the key of {part}"),
            expected: "an elliptic-curve key on P-256 or P-384".into(),
            presented: presented(),
        };
        let (curve, length) = match (spki.algorithm.oid, named) {
            (EC_PUBLIC_KEY, Some(P256)) => (Curve::P256, 65),
            (EC_PUBLIC_KEY, Some(P384)) => (Curve::P384, 97),
            _ => return Err(refuse()),
        };
        let point = spki.subject_public_key.as_bytes().ok_or_else(refuse)?;
        if point.len() != length || point.first() != Some(&4) {
            return Err(refuse());
        }
        Ok(Self { curve, point: point.to_vec() })
    }
}

impl Extensions {
    fn read(list: &[Extension]) -> Result<Self, String> {
        let mut out = Self::default();
        for (at, extension) in list.iter().enumerate() {
            let id = extension.extn_id;
            if list.iter().take(at).any(|other| other.extn_id == id) {
                return Err(format!("its extension {id} stands there twice (RFC 5280 section 4.2)"));
            }
            let value = extension.extn_value.as_bytes();
            let unreadable = |error: der::Error| format!("its extension {id} can't be read: {error}");
            match id {
                BASIC_CONSTRAINTS => {
                    out.basic_constraints = Some((extension.critical, BasicConstraints::from_der(value).map_err(unreadable)?));
                }
                KEY_USAGE => out.key_usage = Some(KeyUsage::from_der(value).map_err(unreadable)?),
                EXTENDED_KEY_USAGE => out.purposes = Some(ExtendedKeyUsage::from_der(value).map_err(unreadable)?.0),
                other if extension.critical => out.unknown_critical.push(other),
                _ => {}
            }
        }
        Ok(out)
    }
}

fn algorithm_without_parameters(value: &[u8]) -> Option<ObjectIdentifier> {
    let mut fields = Values::of(value);
    let id = asn1::oid(fields.expect(tag::OID).ok()?).ok()?;
    fields.end().ok()?;
    [ECDSA_SHA256, ECDSA_SHA384].contains(&id).then_some(id)
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

//! Signatures of responders and revocation lists. Only what a CA signs certificates with today: no SHA-1, no RSA below 2048 bits.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA256_ASN1,
    ECDSA_P521_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};
use der::oid::ObjectIdentifier;

use super::Unusable;
use super::fields::{malformed, octets_of_bits};
use crate::signature::asn1::{self, Values, tag};
use crate::signature::x509::Certificate;

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");

/// The key of a certificate, in the certificate's own bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key<'a> {
    algorithm: ObjectIdentifier,
    curve: Option<ObjectIdentifier>,
    /// The octets of `subjectPublicKey`, which CertID hashes.
    pub octets: &'a [u8],
}

impl<'a> Key<'a> {
    /// RFC 5280 section 4.1.2.7.
    pub fn of(certificate: &'a Certificate) -> Result<Self, Unusable> {
        const PART: &str = "the key of a certificate";
        let fail = |error| malformed(PART, error);
        let mut fields = Values::of(asn1::one(&certificate.tbs, tag::SEQUENCE).map_err(fail)?.value);
        fields.expect(tag::CONTEXT_0).map_err(fail)?;
        fields.expect(tag::INTEGER).map_err(fail)?;
        // Algorithm, issuer, validity, subject.
        for _ in 0..4 {
            fields.expect(tag::SEQUENCE).map_err(fail)?;
        }
        let mut spki = Values::of(fields.expect(tag::SEQUENCE).map_err(fail)?.value);
        let mut algorithm = Values::of(spki.expect(tag::SEQUENCE).map_err(fail)?.value);
        let octets =
            octets_of_bits(spki.expect(tag::BIT_STRING).map_err(fail)?.value).ok_or_else(|| malformed(PART, "its bits are odd"))?;
        let id = algorithm.expect(tag::OID).and_then(asn1::oid).map_err(fail)?;
        let curve = algorithm.optional(tag::OID).map_err(fail)?.map(asn1::oid).transpose().map_err(fail)?;
        Ok(Self { algorithm: id, curve, octets })
    }

    /// Whether this key signed `message`. `algorithm` is the content of an AlgorithmIdentifier.
    pub fn check(&self, algorithm: &[u8], message: &[u8], signature: &[u8]) -> Result<(), Unusable> {
        let presented = |what: &str| Unusable::Algorithm { presented: what.to_owned() };
        let mut fields = Values::of(algorithm);
        let id = fields.expect(tag::OID).and_then(asn1::oid).map_err(|error| malformed("a signature algorithm", error))?;
        // Absent for ECDSA (RFC 5758 section 3.2), NULL for RSA (RFC 4055 section 5).
        let null = fields.optional(tag::NULL).map_err(|error| malformed("a signature algorithm", error))?;
        fields.end().map_err(|_| presented(&format!("{id} with parameters")))?;
        if null.is_some_and(|null| !null.value.is_empty()) {
            return Err(malformed("a signature algorithm", "a NULL that is not empty"));
        }
        let verifier: &'static dyn VerificationAlgorithm = match (self.algorithm, self.curve, id) {
            (EC_PUBLIC_KEY, Some(P256), ECDSA_SHA256) => &ECDSA_P256_SHA256_ASN1,
            (EC_PUBLIC_KEY, Some(P256), ECDSA_SHA384) => &ECDSA_P256_SHA384_ASN1,
            (EC_PUBLIC_KEY, Some(P384), ECDSA_SHA256) => &ECDSA_P384_SHA256_ASN1,
            (EC_PUBLIC_KEY, Some(P384), ECDSA_SHA384) => &ECDSA_P384_SHA384_ASN1,
            (EC_PUBLIC_KEY, Some(P521), ECDSA_SHA256) => &ECDSA_P521_SHA256_ASN1,
            (EC_PUBLIC_KEY, Some(P521), ECDSA_SHA384) => &ECDSA_P521_SHA384_ASN1,
            (EC_PUBLIC_KEY, Some(P521), ECDSA_SHA512) => &ECDSA_P521_SHA512_ASN1,
            (RSA, None, RSA_SHA256) => &RSA_PKCS1_2048_8192_SHA256,
            (RSA, None, RSA_SHA384) => &RSA_PKCS1_2048_8192_SHA384,
            (RSA, None, RSA_SHA512) => &RSA_PKCS1_2048_8192_SHA512,
            _ => return Err(presented(&format!("{id} with a key of {}", self.curve.unwrap_or(self.algorithm)))),
        };
        UnparsedPublicKey::new(verifier, self.octets).verify(message, signature).map_err(|_| Unusable::BadSignature)
    }
}

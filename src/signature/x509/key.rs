//! Public keys, and what they verify.

use std::fmt;

use aws_lc_rs::digest::{self, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_FIXED, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, ECDSA_P521_SHA512_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};
use der::oid::ObjectIdentifier;

use crate::signature::asn1::{self, Values, tag};

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

/// The hash functions that are verified with. SHA-1 is none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::signature) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// Of what kind a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::signature) enum KeyKind {
    P256,
    P384,
    P521,
    /// RSA, with the bits of its modulus.
    Rsa {
        bits: usize,
    },
    /// Another one, which verifies nothing here.
    Other(ObjectIdentifier),
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::signature) struct PublicKey {
    pub kind: KeyKind,
    /// Elliptic curves: the point in uncompressed form. RSA: RSAPublicKey, DER.
    value: Vec<u8>,
}

/// How a certificate or a CMS is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::signature) enum SignatureAlgorithm {
    /// ECDSA, DER (RFC 3279 section 2.2.3).
    Ecdsa(Hash),
    /// RSASSA-PKCS1-v1_5 (RFC 4055 section 5).
    RsaPkcs1(Hash),
}

impl Hash {
    /// From an AlgorithmIdentifier's content: parameters absent or NULL (RFC 5754 section 2).
    pub fn read(algorithm: &[u8]) -> Result<Self, String> {
        let (id, parameters) = algorithm_fields(algorithm).ok_or("an AlgorithmIdentifier that can't be read")?;
        let hash = match id {
            SHA256 => Self::Sha256,
            SHA384 => Self::Sha384,
            SHA512 => Self::Sha512,
            other => return Err(other.to_string()),
        };
        if matches!(parameters, Parameters::None | Parameters::Null) { Ok(hash) } else { Err(format!("{id} with parameters")) }
    }

    /// The hash of `bytes`.
    pub fn of(self, bytes: &[u8]) -> Vec<u8> {
        digest(self.algorithm(), bytes).as_ref().to_vec()
    }

    /// For hashing piece by piece.
    pub fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }
}

impl SignatureAlgorithm {
    /// From an AlgorithmIdentifier's content. ECDSA has no parameters (RFC 5758 section 3.2), RSA has NULL (RFC 4055 section 5).
    pub fn read(algorithm: &[u8]) -> Option<Self> {
        match algorithm_fields(algorithm)? {
            (ECDSA_SHA256, Parameters::None) => Some(Self::Ecdsa(Hash::Sha256)),
            (ECDSA_SHA384, Parameters::None) => Some(Self::Ecdsa(Hash::Sha384)),
            (ECDSA_SHA512, Parameters::None) => Some(Self::Ecdsa(Hash::Sha512)),
            (RSA_SHA256, Parameters::Null) => Some(Self::RsaPkcs1(Hash::Sha256)),
            (RSA_SHA384, Parameters::Null) => Some(Self::RsaPkcs1(Hash::Sha384)),
            (RSA_SHA512, Parameters::Null) => Some(Self::RsaPkcs1(Hash::Sha512)),
            _ => None,
        }
    }

    /// In a SignerInfo: also rsaEncryption, which leaves the hash to the digest algorithm (RFC 3370 section 3.2). The two must agree.
    pub fn read_in_cms(algorithm: &[u8], digest: Hash) -> Option<Self> {
        let presented = match algorithm_fields(algorithm)? {
            (RSA_ENCRYPTION, Parameters::Null | Parameters::None) => return Some(Self::RsaPkcs1(digest)),
            // RFC 3370 lets a CMS leave the NULL out.
            (RSA_SHA256, Parameters::None) => Self::RsaPkcs1(Hash::Sha256),
            (RSA_SHA384, Parameters::None) => Self::RsaPkcs1(Hash::Sha384),
            (RSA_SHA512, Parameters::None) => Self::RsaPkcs1(Hash::Sha512),
            _ => Self::read(algorithm)?,
        };
        let (Self::Ecdsa(hash) | Self::RsaPkcs1(hash)) = presented;
        (hash == digest).then_some(presented)
    }
}

impl PublicKey {
    /// RFC 5480 section 2: a named curve, and the uncompressed point. RFC 3279 section 2.3.1: RSA with NULL. Anything else is
    /// [`KeyKind::Other`].
    pub fn read(spki: &x509_cert::spki::SubjectPublicKeyInfoOwned) -> Self {
        let id = spki.algorithm.oid;
        let other = Self { kind: KeyKind::Other(id), value: Vec::new() };
        let Some(value) = spki.subject_public_key.as_bytes() else { return other };
        let parameters = spki.algorithm.parameters.as_ref();
        let named = parameters.and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok());
        let kind = match (id, named) {
            (EC_PUBLIC_KEY, Some(P256)) if is_point(value, 65) => KeyKind::P256,
            (EC_PUBLIC_KEY, Some(P384)) if is_point(value, 97) => KeyKind::P384,
            (EC_PUBLIC_KEY, Some(P521)) if is_point(value, 133) => KeyKind::P521,
            (EC_PUBLIC_KEY, Some(curve)) => KeyKind::Other(curve),
            (RSA_ENCRYPTION, None) if parameters.is_some_and(|parameters| parameters.is_null()) => match modulus_bits(value) {
                Some(bits) => KeyKind::Rsa { bits },
                None => return other,
            },
            _ => return other,
        };
        Self { kind, value: value.to_vec() }
    }

    /// The octets of `subjectPublicKey`, which OCSP's CertID hashes (RFC 6960 section 4.1.1). Empty for a key that verifies nothing.
    pub fn octets(&self) -> &[u8] {
        &self.value
    }

    /// Verifies a signature as certificates and CMS have it.
    pub fn verifies(&self, algorithm: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &'static dyn VerificationAlgorithm = match (self.kind, algorithm) {
            (KeyKind::P256, SignatureAlgorithm::Ecdsa(Hash::Sha256)) => &ECDSA_P256_SHA256_ASN1,
            (KeyKind::P256, SignatureAlgorithm::Ecdsa(Hash::Sha384)) => &ECDSA_P256_SHA384_ASN1,
            (KeyKind::P256, SignatureAlgorithm::Ecdsa(Hash::Sha512)) => &ECDSA_P256_SHA512_ASN1,
            (KeyKind::P384, SignatureAlgorithm::Ecdsa(Hash::Sha256)) => &ECDSA_P384_SHA256_ASN1,
            (KeyKind::P384, SignatureAlgorithm::Ecdsa(Hash::Sha384)) => &ECDSA_P384_SHA384_ASN1,
            (KeyKind::P384, SignatureAlgorithm::Ecdsa(Hash::Sha512)) => &ECDSA_P384_SHA512_ASN1,
            (KeyKind::P521, SignatureAlgorithm::Ecdsa(Hash::Sha256)) => &ECDSA_P521_SHA256_ASN1,
            (KeyKind::P521, SignatureAlgorithm::Ecdsa(Hash::Sha384)) => &ECDSA_P521_SHA384_ASN1,
            (KeyKind::P521, SignatureAlgorithm::Ecdsa(Hash::Sha512)) => &ECDSA_P521_SHA512_ASN1,
            (KeyKind::Rsa { .. }, SignatureAlgorithm::RsaPkcs1(Hash::Sha256)) => &RSA_PKCS1_2048_8192_SHA256,
            (KeyKind::Rsa { .. }, SignatureAlgorithm::RsaPkcs1(Hash::Sha384)) => &RSA_PKCS1_2048_8192_SHA384,
            (KeyKind::Rsa { .. }, SignatureAlgorithm::RsaPkcs1(Hash::Sha512)) => &RSA_PKCS1_2048_8192_SHA512,
            (KeyKind::P256 | KeyKind::P384 | KeyKind::P521, SignatureAlgorithm::RsaPkcs1(_))
            | (KeyKind::Rsa { .. }, SignatureAlgorithm::Ecdsa(_))
            | (KeyKind::Other(_), _) => return false,
        };
        UnparsedPublicKey::new(algorithm, &self.value).verify(message, signature).is_ok()
    }

    /// Verifies a signature as JWS and COSE have it (RFC 7518 sections 3.4 and 3.5, RFC 9053 section 2.1, RFC 8230 section 2): RSASSA-PSS with
    /// a salt as long as the hash, or ECDSA as r ‖ s. The key alone says which hash.
    pub fn verifies_jose(&self, message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &'static dyn VerificationAlgorithm = match self.kind {
            KeyKind::P256 => &ECDSA_P256_SHA256_FIXED,
            KeyKind::P384 => &ECDSA_P384_SHA384_FIXED,
            KeyKind::P521 => &ECDSA_P521_SHA512_FIXED,
            KeyKind::Rsa { bits: 2048 } => &RSA_PSS_2048_8192_SHA256,
            KeyKind::Rsa { bits: 3072 } => &RSA_PSS_2048_8192_SHA384,
            KeyKind::Rsa { bits: 4096 } => &RSA_PSS_2048_8192_SHA512,
            KeyKind::Rsa { .. } | KeyKind::Other(_) => return false,
        };
        UnparsedPublicKey::new(algorithm, &self.value).verify(message, signature).is_ok()
    }

    /// Verifies ECDSA with SHA-384 by a P-384 key; a key of another kind verifies nothing.
    pub fn verifies_p384_sha384(&self, message: &[u8], signature: &[u8]) -> bool {
        self.kind == KeyKind::P384 && self.verifies(SignatureAlgorithm::Ecdsa(Hash::Sha384), message, signature)
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::P256 => f.write_str("P-256"),
            Self::P384 => f.write_str("P-384"),
            Self::P521 => f.write_str("P-521"),
            Self::Rsa { bits } => write!(f, "RSA with {bits} bits"),
            Self::Other(id) => write!(f, "a key of kind {id}"),
        }
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        })
    }
}

enum Parameters {
    None,
    Null,
    Other,
}

fn algorithm_fields(algorithm: &[u8]) -> Option<(ObjectIdentifier, Parameters)> {
    let mut fields = Values::of(algorithm);
    let id = asn1::oid(fields.expect(tag::OID).ok()?).ok()?;
    let parameters = match fields.is_empty() {
        true => Parameters::None,
        false => match fields.next().ok()? {
            value if value.tag == tag::NULL && value.value.is_empty() => Parameters::Null,
            _ => Parameters::Other,
        },
    };
    fields.end().ok()?;
    Some((id, parameters))
}

fn is_point(value: &[u8], length: usize) -> bool {
    value.len() == length && value.first() == Some(&4)
}

/// Bits of the modulus of an RSAPublicKey, RFC 8017 appendix A.1.1; both numbers are positive and in their shortest form.
fn modulus_bits(key: &[u8]) -> Option<usize> {
    let mut fields = Values::of(asn1::one(key, tag::SEQUENCE).ok()?.value);
    let modulus = positive(fields.expect(tag::INTEGER).ok()?.value)?;
    positive(fields.expect(tag::INTEGER).ok()?.value)?;
    fields.end().ok()?;
    let leading = usize::try_from(modulus.first()?.leading_zeros()).ok()?;
    modulus.len().checked_mul(8)?.checked_sub(leading)
}

/// The octets of a positive INTEGER without the zero that keeps it positive.
fn positive(value: &[u8]) -> Option<&[u8]> {
    match value {
        [0, rest @ ..] => rest.first().is_some_and(|first| *first >= 0x80).then_some(rest),
        [first, ..] => (1..0x80).contains(first).then_some(value),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALGORITHMS: [(ObjectIdentifier, SignatureAlgorithm); 6] = [
        (ECDSA_SHA256, SignatureAlgorithm::Ecdsa(Hash::Sha256)),
        (ECDSA_SHA384, SignatureAlgorithm::Ecdsa(Hash::Sha384)),
        (ECDSA_SHA512, SignatureAlgorithm::Ecdsa(Hash::Sha512)),
        (RSA_SHA256, SignatureAlgorithm::RsaPkcs1(Hash::Sha256)),
        (RSA_SHA384, SignatureAlgorithm::RsaPkcs1(Hash::Sha384)),
        (RSA_SHA512, SignatureAlgorithm::RsaPkcs1(Hash::Sha512)),
    ];
    const HASHES: [Hash; 3] = [Hash::Sha256, Hash::Sha384, Hash::Sha512];
    const NULL: &[u8] = &[tag::NULL, 0];

    fn identifier(id: ObjectIdentifier, parameters: &[u8]) -> Vec<u8> {
        [&asn1::encode(tag::OID, id.as_bytes())[..], parameters].concat()
    }

    #[test]
    fn a_certificates_algorithm_has_the_parameters_that_its_rfc_says_and_no_others() {
        for (id, algorithm) in ALGORITHMS {
            let is_rsa = matches!(algorithm, SignatureAlgorithm::RsaPkcs1(_));
            assert_eq!(SignatureAlgorithm::read(&identifier(id, &[])), (!is_rsa).then_some(algorithm), "{id}");
            assert_eq!(SignatureAlgorithm::read(&identifier(id, NULL)), is_rsa.then_some(algorithm), "{id}");
            for odd in [&[tag::NULL, 1, 0][..], &[tag::SEQUENCE, 0], &[tag::NULL, 0, tag::NULL, 0], &[0x30, 2, 5, 0, 5, 0]] {
                assert_eq!(SignatureAlgorithm::read(&identifier(id, odd)), None, "{id} {odd:x?}");
            }
        }
        assert_eq!(SignatureAlgorithm::read(&identifier(RSA_ENCRYPTION, NULL)), None);
    }

    #[test]
    fn in_a_cms_the_signatures_hash_is_the_digests() {
        for digest in HASHES {
            for (id, algorithm) in ALGORITHMS {
                let (SignatureAlgorithm::Ecdsa(hash) | SignatureAlgorithm::RsaPkcs1(hash)) = algorithm;
                let is_rsa = matches!(algorithm, SignatureAlgorithm::RsaPkcs1(_));
                let agrees = (hash == digest).then_some(algorithm);
                assert_eq!(SignatureAlgorithm::read_in_cms(&identifier(id, &[]), digest), agrees, "{id}");
                assert_eq!(SignatureAlgorithm::read_in_cms(&identifier(id, NULL), digest), agrees.filter(|_| is_rsa), "{id}");
            }
            for parameters in [&[], NULL] {
                let read = SignatureAlgorithm::read_in_cms(&identifier(RSA_ENCRYPTION, parameters), digest);
                assert_eq!(read, Some(SignatureAlgorithm::RsaPkcs1(digest)));
            }
        }
    }
}

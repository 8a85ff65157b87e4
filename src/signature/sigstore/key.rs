//! Public keys: those that a policy names, those of certificates, and what they sign.
//!
//! `sigstore-verify` takes no signature by RSA-PSS or on P-521, and none without a log entry, so signature values are verified here
//! for keys and certificates alike; the crate does it once more wherever a root is asked.

use std::borrow::Cow;

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use aws_lc_rs::signature::{self as lc, UnparsedPublicKey, VerificationAlgorithm};
use der::asn1::UintRef;
use der::oid::ObjectIdentifier;
use der::{Decode, pem};

use crate::model::digest::Digest;
use crate::model::printable::printable;
use crate::signature::asn1::{self, Values, tag};
use crate::signature::trust::PublicKeyAnchor;

/// Bytes of a file that holds one public key. RSA with 8192 bits has 1,500.
const MAX_PEM_BYTES: usize = 64 << 10;
/// Bits of an RSA modulus: what `aws-lc-rs` verifies.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// AlgorithmIdentifier of rsaEncryption with its NULL, DER.
const RSA_ALGORITHM: [u8; 15] = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// A hash that a signature is made over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// Of these bytes.
    pub fn of(self, bytes: &[u8]) -> Vec<u8> {
        digest::digest(self.algorithm(), bytes).as_ref().to_vec()
    }

    pub fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &SHA256,
            Self::Sha384 => &SHA384,
            Self::Sha512 => &SHA512,
        }
    }

    /// As the bundle format names it.
    pub fn sigstore(self) -> sigstore_types::HashAlgorithm {
        match self {
            Self::Sha256 => sigstore_types::HashAlgorithm::Sha2256,
            Self::Sha384 => sigstore_types::HashAlgorithm::Sha2384,
            Self::Sha512 => sigstore_types::HashAlgorithm::Sha2512,
        }
    }
}

/// Something that may have been signed.
pub(super) trait Message {
    /// Its digest; `None` where only another one is known.
    fn digest(&self, hash: Hash) -> Option<Cow<'_, [u8]>>;
    /// All of it; `None` where it is not at hand, or longer than a signature over the whole is looked at.
    fn whole(&self) -> Option<Cow<'_, [u8]>>;
}

impl Message for [u8] {
    fn digest(&self, hash: Hash) -> Option<Cow<'_, [u8]>> {
        Some(Cow::Owned(hash.of(self)))
    }

    fn whole(&self) -> Option<Cow<'_, [u8]>> {
        Some(Cow::Borrowed(self))
    }
}

/// What came of trying a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tried {
    /// It made the signature, over this hash; `None` where it signs the whole message (Ed25519).
    Made(Way),
    /// It did not.
    NotMade,
    /// Not all ways in which it signs could be tried: only one digest of the message is known.
    Untried,
}

/// The way in which a key made a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    /// `ECDSA P-256 with SHA-256`.
    pub name: &'static str,
    /// `None` for Ed25519.
    pub hash: Option<Hash>,
    /// True where `sigstore-verify` verifies it too.
    pub crate_knows: bool,
}

/// What a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    P256,
    P384,
    P521,
    Ed25519,
    Rsa,
}

/// A public key.
#[derive(Debug, Clone)]
pub(super) struct PublicKey {
    spki: Vec<u8>,
    pub kind: Kind,
}

type Algorithm = (&'static str, &'static dyn VerificationAlgorithm, Hash, bool);

const P256_WAYS: &[Algorithm] = &[
    ("ECDSA P-256 with SHA-256", &lc::ECDSA_P256_SHA256_ASN1, Hash::Sha256, true),
    ("ECDSA P-256 with SHA-384", &lc::ECDSA_P256_SHA384_ASN1, Hash::Sha384, true),
    ("ECDSA P-256 with SHA-512", &lc::ECDSA_P256_SHA512_ASN1, Hash::Sha512, false),
];
const P384_WAYS: &[Algorithm] = &[
    ("ECDSA P-384 with SHA-256", &lc::ECDSA_P384_SHA256_ASN1, Hash::Sha256, true),
    ("ECDSA P-384 with SHA-384", &lc::ECDSA_P384_SHA384_ASN1, Hash::Sha384, true),
    ("ECDSA P-384 with SHA-512", &lc::ECDSA_P384_SHA512_ASN1, Hash::Sha512, false),
];
const P521_WAYS: &[Algorithm] = &[
    ("ECDSA P-521 with SHA-256", &lc::ECDSA_P521_SHA256_ASN1, Hash::Sha256, false),
    ("ECDSA P-521 with SHA-384", &lc::ECDSA_P521_SHA384_ASN1, Hash::Sha384, false),
    ("ECDSA P-521 with SHA-512", &lc::ECDSA_P521_SHA512_ASN1, Hash::Sha512, false),
];
const RSA_WAYS: &[Algorithm] = &[
    ("RSA PKCS #1 with SHA-256", &lc::RSA_PKCS1_2048_8192_SHA256, Hash::Sha256, true),
    ("RSA-PSS with SHA-256", &lc::RSA_PSS_2048_8192_SHA256, Hash::Sha256, false),
    ("RSA PKCS #1 with SHA-384", &lc::RSA_PKCS1_2048_8192_SHA384, Hash::Sha384, true),
    ("RSA-PSS with SHA-384", &lc::RSA_PSS_2048_8192_SHA384, Hash::Sha384, false),
    ("RSA PKCS #1 with SHA-512", &lc::RSA_PKCS1_2048_8192_SHA512, Hash::Sha512, true),
    ("RSA-PSS with SHA-512", &lc::RSA_PSS_2048_8192_SHA512, Hash::Sha512, false),
];

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo, DER (RFC 5280 section 4.1.2.7). The error is a phrase.
    pub fn parse(spki: &[u8]) -> Result<Self, String> {
        let unreadable = |error: asn1::Asn1Error| format!("no SubjectPublicKeyInfo: {error}");
        let outer = asn1::one(spki, tag::SEQUENCE).map_err(unreadable)?;
        let mut fields = Values::of(outer.value);
        let algorithm = fields.expect(tag::SEQUENCE).map_err(unreadable)?;
        let bits = fields.expect(tag::BIT_STRING).map_err(unreadable)?;
        fields.end().map_err(unreadable)?;
        let mut fields = Values::of(algorithm.value);
        let id = fields.expect(tag::OID).and_then(asn1::oid).map_err(unreadable)?;
        let parameters = if fields.is_empty() { None } else { Some(fields.next().map_err(unreadable)?) };
        fields.end().map_err(unreadable)?;
        let Some((0, key)) = bits.value.split_first() else { return Err("a key of a fraction of a byte".into()) };
        let curve = || parameters.and_then(|value| asn1::oid(value).ok());
        let kind = match id {
            EC_PUBLIC_KEY if curve() == Some(P256) => Kind::P256,
            EC_PUBLIC_KEY if curve() == Some(P384) => Kind::P384,
            EC_PUBLIC_KEY if curve() == Some(P521) => Kind::P521,
            ED25519 if parameters.is_none() => Kind::Ed25519,
            RSA_ENCRYPTION if parameters.is_none_or(|value| value.tag == tag::NULL) => {
                check_rsa(key)?;
                Kind::Rsa
            }
            EC_PUBLIC_KEY => {
                return Err(format!("an elliptic-curve key on {}", curve().map_or("no named curve".into(), |id| id.to_string())));
            }
            other => return Err(format!("a key of the algorithm {other}")),
        };
        let length = match kind {
            Kind::P256 => Some(65),
            Kind::P384 => Some(97),
            Kind::P521 => Some(133),
            Kind::Ed25519 => Some(32),
            Kind::Rsa => None,
        };
        let is_point = matches!(kind, Kind::P256 | Kind::P384 | Kind::P521);
        if length.is_some_and(|length| key.len() != length) || (is_point && key.first() != Some(&4)) {
            return Err("a key that is no uncompressed point, or of another length than its algorithm's".into());
        }
        Ok(Self { spki: spki.to_vec(), kind })
    }

    /// SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal.
    pub fn sha256(&self) -> String {
        Digest::of(&self.spki).hex()
    }

    /// False for Ed25519, which signs the whole message.
    pub fn signs_hashes(&self) -> bool {
        self.kind != Kind::Ed25519
    }

    /// The hash that `sigstore-verify` takes for a DSSE envelope; `None` for Ed25519.
    pub fn usual_hash(&self) -> Option<Hash> {
        match self.kind {
            Kind::P256 | Kind::Rsa => Some(Hash::Sha256),
            Kind::P384 => Some(Hash::Sha384),
            Kind::P521 => Some(Hash::Sha512),
            Kind::Ed25519 => None,
        }
    }

    /// The SubjectPublicKeyInfo, DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Tries each way in which a key of this kind signs. What a bundle says of its hash is unsigned, so it is not asked.
    pub fn tries<M: Message + ?Sized>(&self, message: &M, signature: &[u8]) -> Tried {
        let ways = match self.kind {
            Kind::P256 => P256_WAYS,
            Kind::P384 => P384_WAYS,
            Kind::P521 => P521_WAYS,
            Kind::Rsa => RSA_WAYS,
            Kind::Ed25519 => return self.tries_whole(message, signature),
        };
        let mut all = true;
        for (name, algorithm, hash, crate_knows) in ways {
            let Some(digest) = message.digest(*hash) else {
                all = false;
                continue;
            };
            let Ok(digest) = digest::Digest::import_less_safe(&digest, hash.algorithm()) else { continue };
            if UnparsedPublicKey::new(*algorithm, &self.spki).verify_digest(&digest, signature).is_ok() {
                return Tried::Made(Way { name, hash: Some(*hash), crate_knows: *crate_knows });
            }
        }
        if all { Tried::NotMade } else { Tried::Untried }
    }

    fn tries_whole<M: Message + ?Sized>(&self, message: &M, signature: &[u8]) -> Tried {
        let Some(whole) = message.whole() else { return Tried::Untried };
        match UnparsedPublicKey::new(&lc::ED25519, &self.spki).verify(&whole, signature) {
            Ok(()) => Tried::Made(Way { name: "Ed25519", hash: None, crate_knows: true }),
            Err(_) => Tried::NotMade,
        }
    }

    /// True where this key made a certificate's signature by the algorithm that the certificate names.
    pub fn certifies(&self, algorithm: ObjectIdentifier, tbs: &[u8], signature: &[u8]) -> bool {
        let named: &[(&str, Kind, &'static dyn VerificationAlgorithm)] = &[
            ("1.2.840.10045.4.3.2", Kind::P256, &lc::ECDSA_P256_SHA256_ASN1),
            ("1.2.840.10045.4.3.3", Kind::P256, &lc::ECDSA_P256_SHA384_ASN1),
            ("1.2.840.10045.4.3.2", Kind::P384, &lc::ECDSA_P384_SHA256_ASN1),
            ("1.2.840.10045.4.3.3", Kind::P384, &lc::ECDSA_P384_SHA384_ASN1),
            ("1.2.840.10045.4.3.4", Kind::P384, &lc::ECDSA_P384_SHA512_ASN1),
            ("1.2.840.10045.4.3.4", Kind::P521, &lc::ECDSA_P521_SHA512_ASN1),
            ("1.2.840.113549.1.1.11", Kind::Rsa, &lc::RSA_PKCS1_2048_8192_SHA256),
            ("1.2.840.113549.1.1.12", Kind::Rsa, &lc::RSA_PKCS1_2048_8192_SHA384),
            ("1.2.840.113549.1.1.13", Kind::Rsa, &lc::RSA_PKCS1_2048_8192_SHA512),
            ("1.3.101.112", Kind::Ed25519, &lc::ED25519),
        ];
        let algorithm = algorithm.to_string();
        named
            .iter()
            .find(|(id, kind, _)| *id == algorithm && *kind == self.kind)
            .is_some_and(|(_, _, way)| UnparsedPublicKey::new(*way, &self.spki).verify(tbs, signature).is_ok())
    }
}

/// RFC 8017 appendix A.1.1.
fn check_rsa(key: &[u8]) -> Result<(), String> {
    let unreadable = |error: asn1::Asn1Error| format!("no RSA public key: {error}");
    let outer = asn1::one(key, tag::SEQUENCE).map_err(unreadable)?;
    let mut fields = Values::of(outer.value);
    let modulus = fields.expect(tag::INTEGER).map_err(unreadable)?;
    fields.expect(tag::INTEGER).map_err(unreadable)?;
    fields.end().map_err(unreadable)?;
    let modulus = UintRef::from_der(modulus.raw).map_err(|error| format!("no RSA public key: {error}"))?;
    let leading = modulus.as_bytes().first().map_or(0, |first| first.leading_zeros() as usize);
    let bits = modulus.as_bytes().len().saturating_mul(8).saturating_sub(leading);
    if RSA_BITS.contains(&bits) {
        Ok(())
    } else {
        Err(format!("an RSA key of {bits} bits; {} to {} are accepted", RSA_BITS.start(), RSA_BITS.end()))
    }
}

impl PublicKeyAnchor {
    /// Reads a file that holds exactly one public key in PEM: `PUBLIC KEY` (RFC 7468 section 13) or `RSA PUBLIC KEY` (RFC 8017).
    ///
    /// # Errors
    /// [`KeyError`], one variant per mistake.
    pub fn parse(name: &str, pem: &[u8]) -> Result<Self, KeyError> {
        let name_of = || name.to_owned();
        if pem.len() > MAX_PEM_BYTES {
            return Err(KeyError::TooLong { name: name_of() });
        }
        let text = std::str::from_utf8(pem).map_err(|_| KeyError::NoPem { name: name_of() })?;
        let blocks = text.matches("-----BEGIN ").count();
        if blocks == 0 {
            return Err(KeyError::NoPem { name: name_of() });
        }
        // Said before anything else: whoever sees this has a secret in the wrong place.
        if text.contains("PRIVATE KEY-----") {
            return Err(KeyError::Private { name: name_of() });
        }
        if blocks > 1 {
            return Err(KeyError::Several { name: name_of(), count: blocks });
        }
        let unusable = |detail: String| KeyError::Unusable { name: name_of(), detail };
        let block = text.find("-----BEGIN ").and_then(|at| text.get(at..)).unwrap_or_default();
        let (label, der) = pem::decode_vec(block.trim_end().as_bytes()).map_err(|error| unusable(error.to_string()))?;
        let spki = match label {
            "PUBLIC KEY" => der,
            "RSA PUBLIC KEY" => {
                let mut bits = vec![0];
                bits.extend(der);
                let key = asn1::encode(tag::BIT_STRING, &bits);
                asn1::encode(tag::SEQUENCE, &[RSA_ALGORITHM.as_slice(), key.as_slice()].concat())
            }
            "CERTIFICATE" => return Err(KeyError::Certificate { name: name_of() }),
            other => return Err(unusable(format!("its PEM label is `{}`", printable(other)))),
        };
        let key = PublicKey::parse(&spki).map_err(unusable)?;
        Ok(Self { name: name_of(), sha256: key.sha256(), spki })
    }
}

/// Why a file is not a public key that can be named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No PEM.
    #[error("the key `{}` is not in PEM: a block `PUBLIC KEY` is expected", printable(.name))]
    NoPem {
        /// The key's name.
        name: String,
    },
    /// Too long for a key.
    #[error("the key `{}` is longer than {MAX_PEM_BYTES} bytes", printable(.name))]
    TooLong {
        /// The key's name.
        name: String,
    },
    /// A private key.
    #[error("the key `{}` is a PRIVATE key: it must not lie beside a policy; name its public half", printable(.name))]
    Private {
        /// The key's name.
        name: String,
    },
    /// A certificate.
    #[error("the key `{}` is a certificate, and a certificate is more than its key: name the public key", printable(.name))]
    Certificate {
        /// The key's name.
        name: String,
    },
    /// More than one block.
    #[error("the key `{}` holds {count} PEM blocks; one is expected", printable(.name))]
    Several {
        /// The key's name.
        name: String,
        /// How many.
        count: usize,
    },
    /// A key that nothing can be verified with.
    #[error("the key `{}` can't be used: {}", printable(.name), printable(.detail))]
    Unusable {
        /// The key's name.
        name: String,
        /// What is wrong.
        detail: String,
    },
}

//! Keys of every kind that the schemes sign with.
//!
//! EC and Ed25519 keys follow from their labels; RSA keys are committed in `testdata/keys`. Signatures are the same on every run but those
//! of RSA-PSS and of P-521, which draw random numbers.

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKey;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaEncoding};
use data_encoding::BASE64;
use p256::ecdsa::signature::hazmat::PrehashSigner;

use super::ca::pem;
use super::der::{self, oids};

const RSA_2048: &str = include_str!("../../testdata/keys/rsa-2048.pem");
const RSA_2048_OTHER: &str = include_str!("../../testdata/keys/rsa-2048-other.pem");
const RSA_3072: &str = include_str!("../../testdata/keys/rsa-3072.pem");
const RSA_4096: &str = include_str!("../../testdata/keys/rsa-4096.pem");

/// A hash function of the SHA-2 family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// The hash of `bytes`.
    pub fn of(self, bytes: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, bytes).as_ref().to_vec()
    }

    /// The hash of `bytes`, hexadecimal.
    pub fn hex(self, bytes: &[u8]) -> String {
        data_encoding::HEXLOWER.encode(&self.of(bytes))
    }

    /// The OBJECT IDENTIFIER, dotted.
    pub fn oid(self) -> &'static str {
        match self {
            Self::Sha256 => oids::SHA256,
            Self::Sha384 => oids::SHA384,
            Self::Sha512 => oids::SHA512,
        }
    }

    /// The name that Rekor and OCI use: `sha256`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The name of the Sigstore protobufs: `SHA2_256`.
    pub fn sigstore(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA2_256",
            Self::Sha384 => "SHA2_384",
            Self::Sha512 => "SHA2_512",
        }
    }
}

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Ecdsa(Hash),
    Ed25519,
    Pkcs1(Hash),
    Pss(Hash),
}

impl Scheme {
    /// The AlgorithmIdentifier of certificates and CMS.
    pub fn algorithm(self) -> Vec<u8> {
        match self {
            Self::Ecdsa(Hash::Sha256) => der::algorithm(oids::ECDSA_SHA256),
            Self::Ecdsa(Hash::Sha384) => der::algorithm(oids::ECDSA_SHA384),
            Self::Ecdsa(Hash::Sha512) => der::algorithm(oids::ECDSA_SHA512),
            Self::Ed25519 => der::algorithm(oids::ED25519),
            Self::Pkcs1(Hash::Sha256) => der::algorithm_null(oids::RSA_SHA256),
            Self::Pkcs1(Hash::Sha384) => der::algorithm_null(oids::RSA_SHA384),
            Self::Pkcs1(Hash::Sha512) => der::algorithm_null(oids::RSA_SHA512),
            Self::Pss(hash) => pss_algorithm(hash),
        }
    }

    /// The hash; Ed25519 counts as SHA-512.
    pub fn hash(self) -> Hash {
        match self {
            Self::Ecdsa(hash) | Self::Pkcs1(hash) | Self::Pss(hash) => hash,
            Self::Ed25519 => Hash::Sha512,
        }
    }
}

/// A private key. Anybody can sign with it: it is for tests only.
#[derive(Clone)]
pub enum SigningKey {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    /// The secret, 66 octets.
    P521(Vec<u8>),
    /// The seed.
    Ed25519([u8; 32]),
    /// PKCS #8 in PEM.
    Rsa(&'static str),
}

impl SigningKey {
    /// The P-256 key of `label`.
    pub fn p256(label: &str) -> Self {
        Self::P256(p256::ecdsa::SigningKey::from_slice(&Hash::Sha256.of(label.as_bytes())).expect("a hash is a scalar"))
    }

    /// The P-384 key of `label`.
    pub fn p384(label: &str) -> Self {
        Self::P384(p384::ecdsa::SigningKey::from_slice(&Hash::Sha384.of(label.as_bytes())).expect("a hash is a scalar"))
    }

    /// The P-521 key of `label`.
    pub fn p521(label: &str) -> Self {
        Self::P521([vec![0; 2], Hash::Sha512.of(label.as_bytes())].concat())
    }

    /// The Ed25519 key of `label`.
    pub fn ed25519(label: &str) -> Self {
        Self::Ed25519(Hash::Sha256.of(label.as_bytes()).try_into().expect("32 octets"))
    }

    /// The committed RSA key of 2048, 3072 or 4096 bits.
    pub fn rsa(bits: u32) -> Self {
        match bits {
            2048 => Self::Rsa(RSA_2048),
            3072 => Self::Rsa(RSA_3072),
            4096 => Self::Rsa(RSA_4096),
            other => panic!("no RSA key of {other} bits is committed"),
        }
    }

    /// A second RSA key of 2048 bits.
    pub fn rsa_other() -> Self {
        Self::Rsa(RSA_2048_OTHER)
    }

    /// How this kind of key usually signs: with the hash of its curve's size; RSA in PKCS #1 v1.5 with SHA-256.
    pub fn scheme(&self) -> Scheme {
        match self {
            Self::P256(_) => Scheme::Ecdsa(Hash::Sha256),
            Self::P384(_) => Scheme::Ecdsa(Hash::Sha384),
            Self::P521(_) => Scheme::Ecdsa(Hash::Sha512),
            Self::Ed25519(_) => Scheme::Ed25519,
            Self::Rsa(_) => Scheme::Pkcs1(Hash::Sha256),
        }
    }

    /// The signature of `message`; of ECDSA in DER.
    pub fn sign(&self, scheme: Scheme, message: &[u8]) -> Vec<u8> {
        match (self, scheme) {
            (Self::P256(key), Scheme::Ecdsa(hash)) => {
                let signature: p256::ecdsa::Signature = key.sign_prehash(&hash.of(message)).expect("a signature");
                signature.to_der().as_bytes().to_vec()
            }
            (Self::P384(key), Scheme::Ecdsa(hash)) => {
                let signature: p384::ecdsa::Signature = key.sign_prehash(&hash.of(message)).expect("a signature");
                signature.to_der().as_bytes().to_vec()
            }
            (Self::P521(secret), Scheme::Ecdsa(Hash::Sha512)) => p521_sign(&signature::ECDSA_P521_SHA512_ASN1_SIGNING, secret, message),
            (Self::Ed25519(seed), Scheme::Ed25519) => ed25519(seed).sign(message).as_ref().to_vec(),
            (Self::Rsa(pem), Scheme::Pkcs1(hash)) => rsa_sign(pem, pkcs1_encoding(hash), message),
            (Self::Rsa(pem), Scheme::Pss(hash)) => rsa_sign(pem, pss_encoding(hash), message),
            (_, scheme) => panic!("this kind of key can't sign with {scheme:?}"),
        }
    }

    /// The signature of `message`; of ECDSA as r and s of fixed length (JWS and COSE).
    pub fn sign_fixed(&self, scheme: Scheme, message: &[u8]) -> Vec<u8> {
        match (self, scheme) {
            (Self::P256(key), Scheme::Ecdsa(hash)) => {
                let signature: p256::ecdsa::Signature = key.sign_prehash(&hash.of(message)).expect("a signature");
                signature.to_bytes().to_vec()
            }
            (Self::P384(key), Scheme::Ecdsa(hash)) => {
                let signature: p384::ecdsa::Signature = key.sign_prehash(&hash.of(message)).expect("a signature");
                signature.to_bytes().to_vec()
            }
            (Self::P521(secret), Scheme::Ecdsa(Hash::Sha512)) => p521_sign(&signature::ECDSA_P521_SHA512_FIXED_SIGNING, secret, message),
            _ => self.sign(scheme, message),
        }
    }

    /// SubjectPublicKeyInfo.
    pub fn spki(&self) -> Vec<u8> {
        let ec = |curve: &str, point: &[u8]| der::seq(&[der::seq(&[der::oid(oids::EC_PUBLIC_KEY), der::oid(curve)]), der::bits(point, 0)]);
        match self {
            Self::P256(key) => ec(oids::P256, key.verifying_key().to_sec1_point(false).as_bytes()),
            Self::P384(key) => ec(oids::P384, key.verifying_key().to_sec1_point(false).as_bytes()),
            Self::P521(secret) => ec(oids::P521, p521(&signature::ECDSA_P521_SHA512_ASN1_SIGNING, secret).public_key().as_ref()),
            Self::Ed25519(seed) => der::seq(&[der::algorithm(oids::ED25519), der::bits(ed25519(seed).public_key().as_ref(), 0)]),
            Self::Rsa(pem) => der::seq(&[der::algorithm_null(oids::RSA), der::bits(rsa(pem).public_key().as_ref(), 0)]),
        }
    }

    /// SubjectPublicKeyInfo in PEM.
    pub fn spki_pem(&self) -> String {
        pem("PUBLIC KEY", &self.spki())
    }

    /// SHA-256 of the SubjectPublicKeyInfo: what Rekor and CT logs are known by.
    pub fn id(&self) -> Vec<u8> {
        Hash::Sha256.of(&self.spki())
    }

    /// `PublicKeyDetails` of the Sigstore protobufs, for a key that signs as [`SigningKey::scheme`] says.
    pub fn details(&self) -> &'static str {
        match self {
            Self::P256(_) => "PKIX_ECDSA_P256_SHA_256",
            Self::P384(_) => "PKIX_ECDSA_P384_SHA_384",
            Self::P521(_) => "PKIX_ECDSA_P521_SHA_512",
            Self::Ed25519(_) => "PKIX_ED25519",
            Self::Rsa(RSA_3072) => "PKIX_RSA_PKCS1V15_3072_SHA256",
            Self::Rsa(RSA_4096) => "PKIX_RSA_PKCS1V15_4096_SHA256",
            Self::Rsa(_) => "PKIX_RSA_PKCS1V15_2048_SHA256",
        }
    }
}

/// RSASSA-PSS-params with MGF1 and a salt as long as the hash (RFC 4055).
fn pss_algorithm(hash: Hash) -> Vec<u8> {
    let hashed = der::algorithm_null(hash.oid());
    let params = der::seq(&[
        der::context(0, &hashed),
        der::context(1, &der::seq(&[der::oid(oids::MGF1), hashed.clone()])),
        der::context(2, &der::int(hash.of(b"").len() as u64)),
    ]);
    der::seq(&[der::oid(oids::RSA_PSS), params])
}

fn pkcs1_encoding(hash: Hash) -> &'static dyn RsaEncoding {
    match hash {
        Hash::Sha256 => &signature::RSA_PKCS1_SHA256,
        Hash::Sha384 => &signature::RSA_PKCS1_SHA384,
        Hash::Sha512 => &signature::RSA_PKCS1_SHA512,
    }
}

fn pss_encoding(hash: Hash) -> &'static dyn RsaEncoding {
    match hash {
        Hash::Sha256 => &signature::RSA_PSS_SHA256,
        Hash::Sha384 => &signature::RSA_PSS_SHA384,
        Hash::Sha512 => &signature::RSA_PSS_SHA512,
    }
}

fn rsa(pem: &str) -> RsaKey {
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    RsaKey::from_pkcs8(&BASE64.decode(text.as_bytes()).expect("base64")).expect("a committed RSA key")
}

fn rsa_sign(pem: &str, encoding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
    let key = rsa(pem);
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(encoding, &SystemRandom::new(), message, &mut signature).expect("a signature");
    signature
}

fn p521(algorithm: &'static signature::EcdsaSigningAlgorithm, secret: &[u8]) -> EcdsaKeyPair {
    let key = der::seq(&[der::int(1), der::octets(secret), der::context(0, &der::oid(oids::P521))]);
    EcdsaKeyPair::from_private_key_der(algorithm, &key).expect("a scalar of P-521")
}

fn p521_sign(algorithm: &'static signature::EcdsaSigningAlgorithm, secret: &[u8], message: &[u8]) -> Vec<u8> {
    p521(algorithm, secret).sign(&SystemRandom::new(), message).expect("a signature").as_ref().to_vec()
}

fn ed25519(seed: &[u8; 32]) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(seed).expect("a seed")
}

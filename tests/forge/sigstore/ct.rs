//! A CT log, and signed certificate timestamps embedded in certificates (RFC 6962 section 3.3).

use jiff::Timestamp;

use crate::forge::der::{self, oids};
use crate::forge::keys::{Hash, SigningKey};
use crate::forge::pki::{Cert, Extension};

/// The log.
#[derive(Clone)]
pub struct CtLog {
    pub key: SigningKey,
    pub url: String,
}

impl CtLog {
    /// A log whose key follows from `label`.
    pub fn named(label: &str) -> Self {
        Self { key: SigningKey::p256(&format!("{label} ct log")), url: "https://ct.sigstore.test".into() }
    }

    /// What the log states of the certificate whose other parts are `cert`, which the key of `issuer` will sign.
    pub fn sct(&self, cert: &Cert, issuer: &SigningKey, time: Timestamp) -> Sct {
        Sct {
            version: 0,
            log_id: self.key.id(),
            timestamp: time.as_millisecond() as u64,
            extensions: Vec::new(),
            issuer_key_hash: Hash::Sha256.of(&issuer.spki()),
            tbs: cert.tbs(cert.scheme(issuer)),
            algorithm: [4, 3],
            signature: None,
        }
    }
}

/// A signed certificate timestamp before it is signed.
#[derive(Clone)]
pub struct Sct {
    pub version: u8,
    /// SHA-256 of the log's SubjectPublicKeyInfo.
    pub log_id: Vec<u8>,
    /// Milliseconds since 1970.
    pub timestamp: u64,
    pub extensions: Vec<u8>,
    /// SHA-256 of the issuer's SubjectPublicKeyInfo.
    pub issuer_key_hash: Vec<u8>,
    /// The precertificate's TBSCertificate: without the SCT extension.
    pub tbs: Vec<u8>,
    /// SignatureAndHashAlgorithm of TLS: hash (4 is SHA-256, 5 SHA-384), signature (3 is ECDSA, 1 RSA).
    pub algorithm: [u8; 2],
    /// Takes the place of the log's signature.
    pub signature: Option<Vec<u8>>,
}

impl Sct {
    /// The bytes that the log signs.
    pub fn signed(&self) -> Vec<u8> {
        let mut out = vec![self.version, 0];
        out.extend(self.timestamp.to_be_bytes());
        out.extend([0, 1]);
        out.extend(&self.issuer_key_hash);
        out.extend(&(self.tbs.len() as u32).to_be_bytes()[1..]);
        out.extend(&self.tbs);
        out.extend(vector(&self.extensions));
        out
    }

    /// SerializedSCT, signed by `log`.
    pub fn sign(&self, log: &SigningKey) -> Vec<u8> {
        let signature = self.signature.clone().unwrap_or_else(|| log.sign(log.scheme(), &self.signed()));
        let mut out = vec![self.version];
        out.extend(&self.log_id);
        out.extend(self.timestamp.to_be_bytes());
        out.extend(vector(&self.extensions));
        out.extend(self.algorithm);
        out.extend(vector(&signature));
        out
    }
}

/// The extension that holds these SerializedSCTs.
pub fn embedded(scts: &[Vec<u8>]) -> Extension {
    let list: Vec<u8> = scts.iter().flat_map(|sct| vector(sct)).collect();
    Extension::new(oids::EMBEDDED_SCTS, der::octets(&vector(&list)))
}

/// A TLS vector with a length of two octets.
fn vector(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes(), bytes].concat()
}

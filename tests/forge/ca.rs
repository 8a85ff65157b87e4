//! A test CA in the shape of AWS Signer's: root, intermediate, regional CA, and a leaf that lives three days.

use data_encoding::BASE64;
use layerproof::model::digest::Sha384;
use p384::ecdsa::signature::Signer;
use p384::ecdsa::{DerSignature, SigningKey};

use super::der::{self, oids};

/// A P-384 key whose secret is SHA-384 of a label. Anybody can sign with it: it is for tests only.
#[derive(Clone)]
pub struct Key(SigningKey);

impl Key {
    /// The key of `label`.
    pub fn of(label: &str) -> Self {
        Self(SigningKey::from_slice(&Sha384::of(label.as_bytes())).expect("a hash is a valid scalar but for one chance in 2^190"))
    }

    /// ECDSA with SHA-384 and an RFC 6979 nonce, DER.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: DerSignature = self.0.sign(message);
        signature.as_bytes().to_vec()
    }

    /// SubjectPublicKeyInfo.
    pub fn spki(&self) -> Vec<u8> {
        let point = self.0.verifying_key().to_sec1_point(false);
        der::seq(&[der::seq(&[der::oid(oids::EC_PUBLIC_KEY), der::oid(oids::P384)]), der::bits(point.as_bytes(), 0)])
    }
}

/// The SubjectPublicKeyInfo of a P-256 key: the curve's base point, whose secret is 1.
pub fn p256_spki() -> Vec<u8> {
    const BASE_POINT: &str = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                              4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    let point = data_encoding::HEXLOWER.decode(BASE_POINT.as_bytes()).expect("hexadecimal");
    der::seq(&[der::seq(&[der::oid(oids::EC_PUBLIC_KEY), der::oid(oids::P256)]), der::bits(&point, 0)])
}

/// What a certificate says. Change any field to forge a bad one.
#[derive(Clone)]
pub struct CertSpec {
    pub serial: u64,
    pub issuer: String,
    pub subject: String,
    /// `YYYYMMDDHHMMSSZ`.
    pub not_before: String,
    /// `YYYYMMDDHHMMSSZ`.
    pub not_after: String,
    pub spki: Vec<u8>,
    /// `cA` of basicConstraints; `None` leaves the extension out.
    pub ca: Option<bool>,
    pub path_len: Option<u64>,
    /// First octet of keyUsage: 0x80 digitalSignature, 0x04 keyCertSign, 0x02 cRLSign; `None` leaves the extension out.
    pub key_usage: Option<u8>,
    /// extendedKeyUsage; empty leaves the extension out.
    pub eku: Vec<&'static str>,
    /// More extensions: OID, critical, value.
    pub extra: Vec<(&'static str, bool, Vec<u8>)>,
}

impl CertSpec {
    /// A CA certificate.
    pub fn ca(serial: u64, issuer: &str, subject: &str, not_after: &str, spki: Vec<u8>) -> Self {
        Self {
            serial,
            issuer: issuer.into(),
            subject: subject.into(),
            not_before: "20200101000000Z".into(),
            not_after: not_after.into(),
            spki,
            ca: Some(true),
            path_len: None,
            key_usage: Some(0x06),
            eku: Vec::new(),
            extra: Vec::new(),
        }
    }

    /// The certificate, signed by `issuer`, DER.
    pub fn sign(&self, issuer: &Key) -> Vec<u8> {
        let tbs = der::seq(&[
            der::context(0, &der::int(2)),
            der::int(self.serial),
            der::algorithm(oids::ECDSA_SHA384),
            name(&self.issuer),
            der::seq(&[der::x509_time(&self.not_before), der::x509_time(&self.not_after)]),
            name(&self.subject),
            self.spki.clone(),
            der::context(3, &der::seq(&self.extensions())),
        ]);
        let signature = issuer.sign(&tbs);
        der::seq(&[tbs, der::algorithm(oids::ECDSA_SHA384), der::bits(&signature, 0)])
    }

    fn extensions(&self) -> Vec<Vec<u8>> {
        let mut extensions = Vec::new();
        if let Some(ca) = self.ca {
            let mut parts = Vec::new();
            if ca {
                parts.push(der::yes());
            }
            parts.extend(self.path_len.map(der::int));
            extensions.push(extension(oids::BASIC_CONSTRAINTS, true, &der::seq(&parts)));
        }
        if let Some(octet) = self.key_usage {
            extensions.push(extension(oids::KEY_USAGE, true, &der::bits(&[octet], octet.trailing_zeros() as u8)));
        }
        if !self.eku.is_empty() {
            let purposes: Vec<_> = self.eku.iter().map(|o| der::oid(o)).collect();
            extensions.push(extension(oids::EXTENDED_KEY_USAGE, false, &der::seq(&purposes)));
        }
        extensions.extend(self.extra.iter().map(|(o, critical, value)| extension(o, *critical, value)));
        extensions
    }
}

/// A Name of one common name.
pub fn name(common_name: &str) -> Vec<u8> {
    der::seq(&[der::set_of(vec![der::seq(&[der::oid(oids::COMMON_NAME), der::utf8(common_name)])])])
}

/// Root, intermediate and regional CA with their keys.
#[derive(Clone)]
pub struct TestCa {
    pub root: CertSpec,
    pub intermediate: CertSpec,
    pub regional: CertSpec,
    /// Keys of root, intermediate, regional CA and leaf, in this order.
    pub keys: [Key; 4],
}

impl TestCa {
    /// The CA that the test policies name; its root is `testdata/signer/test-root.pem`.
    pub fn ours() -> Self {
        Self::named("layerproof test")
    }

    /// Another CA of the same shape, which no policy names; its root is `testdata/signer/foreign-root.pem`.
    pub fn foreign() -> Self {
        Self::named("layerproof foreign test")
    }

    /// A CA whose names and keys follow from `label`.
    pub fn named(label: &str) -> Self {
        let [root, intermediate, regional, leaf] =
            ["Signer root", "Signer intermediate", "Signer regional", "Signer leaf"].map(|role| format!("{label} {role}"));
        let keys = [&root, &intermediate, &regional, &leaf].map(|subject| Key::of(subject));
        Self {
            root: CertSpec::ca(1, &root, &root, "21200101000000Z", keys[0].spki()),
            intermediate: CertSpec::ca(2, &root, &intermediate, "20490101000000Z", keys[1].spki()),
            regional: CertSpec::ca(3, &intermediate, &regional, "20400101000000Z", keys[2].spki()),
            keys,
        }
    }

    /// The leaf's specification; validity as `YYYYMMDDHHMMSSZ`.
    pub fn leaf(&self, not_before: &str, not_after: &str) -> CertSpec {
        CertSpec {
            serial: 4,
            issuer: self.regional.subject.clone(),
            subject: self.regional.subject.replace("regional", "leaf"),
            not_before: not_before.into(),
            not_after: not_after.into(),
            spki: self.keys[3].spki(),
            ca: Some(false),
            path_len: None,
            key_usage: Some(0x80),
            eku: vec![oids::CODE_SIGNING],
            extra: Vec::new(),
        }
    }

    /// The root certificate, DER.
    pub fn root_der(&self) -> Vec<u8> {
        self.root.sign(&self.keys[0])
    }

    /// The root certificate, PEM.
    pub fn root_pem(&self) -> String {
        pem("CERTIFICATE", &self.root_der())
    }
}

/// PEM with lines of 64 characters (RFC 7468).
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        out.push_str(std::str::from_utf8(line).expect("base64 is ASCII"));
        out.push('\n');
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}

fn extension(id: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let mut parts = vec![der::oid(id)];
    if critical {
        parts.push(der::yes());
    }
    parts.push(der::octets(value));
    der::seq(&parts)
}

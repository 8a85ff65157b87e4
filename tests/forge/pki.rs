//! Certificates of any kind, every part of which can be forged: what `ca.rs` is for the one shape of AWS Signer.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::der::{self, oids};
use super::keys::{Hash, Scheme, SigningKey};

/// The time that `text` (RFC 3339) names.
pub fn at(text: &str) -> Timestamp {
    text.parse().expect("a time in RFC 3339")
}

/// `YYYYMMDDHHMMSSZ`.
pub fn asn1_time(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%SZ").to_string()
}

/// One extension of a certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct Extension {
    pub oid: String,
    pub critical: bool,
    /// What extnValue holds.
    pub value: Vec<u8>,
}

impl Extension {
    /// An extension that is not critical.
    pub fn new(oid: &str, value: Vec<u8>) -> Self {
        Self { oid: oid.into(), critical: false, value }
    }

    /// A critical extension.
    pub fn critical(oid: &str, value: Vec<u8>) -> Self {
        Self { oid: oid.into(), critical: true, value }
    }

    /// basicConstraints, critical.
    pub fn basic_constraints(ca: bool, path_len: Option<u64>) -> Self {
        let mut parts = Vec::new();
        if ca {
            parts.push(der::yes());
        }
        parts.extend(path_len.map(der::int));
        Self::critical(oids::BASIC_CONSTRAINTS, der::seq(&parts))
    }

    /// keyUsage, critical. First octet: 0x80 digitalSignature, 0x40 contentCommitment, 0x20 keyEncipherment, 0x04 keyCertSign, 0x02 cRLSign.
    pub fn key_usage(octet: u8) -> Self {
        Self::critical(oids::KEY_USAGE, der::bits(&[octet], octet.trailing_zeros() as u8))
    }

    /// extendedKeyUsage, not critical.
    pub fn eku(purposes: &[&str]) -> Self {
        let purposes: Vec<_> = purposes.iter().map(|purpose| der::oid(purpose)).collect();
        Self::new(oids::EXTENDED_KEY_USAGE, der::seq(&purposes))
    }

    /// extendedKeyUsage, critical.
    pub fn critical_eku(purposes: &[&str]) -> Self {
        Self { critical: true, ..Self::eku(purposes) }
    }

    /// subjectKeyIdentifier of the public key in `spki`.
    pub fn subject_key_id(spki: &[u8]) -> Self {
        Self::new(oids::SUBJECT_KEY_ID, der::octets(&key_id(spki)))
    }

    /// authorityKeyIdentifier of the issuer's public key in `spki`.
    pub fn authority_key_id(spki: &[u8]) -> Self {
        Self::new(oids::AUTHORITY_KEY_ID, der::seq(&[der::implicit(0, &key_id(spki))]))
    }

    /// subjectAltName of these GeneralNames, critical, as it must be where the subject is empty.
    pub fn subject_alt_name(names: &[Vec<u8>]) -> Self {
        Self::critical(oids::SUBJECT_ALT_NAME, der::seq(names))
    }

    /// cRLDistributionPoints: one full name.
    pub fn crl_distribution_point(url: &str) -> Self {
        let name = der::context(0, &der::implicit(6, url.as_bytes()));
        Self::new(oids::CRL_DISTRIBUTION_POINTS, der::seq(&[der::seq(&[der::context(0, &name)])]))
    }

    /// freshestCRL: where delta CRLs are.
    pub fn freshest_crl(url: &str) -> Self {
        Self { oid: oids::FRESHEST_CRL.into(), ..Self::crl_distribution_point(url) }
    }

    /// authorityInfoAccess: the OCSP responder.
    pub fn ocsp(url: &str) -> Self {
        let access = der::seq(&[der::oid(oids::OCSP), der::implicit(6, url.as_bytes())]);
        Self::new(oids::AUTHORITY_INFO_ACCESS, der::seq(&[access]))
    }

    /// The extension, DER.
    pub fn der(&self) -> Vec<u8> {
        let mut parts = vec![der::oid(&self.oid)];
        if self.critical {
            parts.push(der::yes());
        }
        parts.push(der::octets(&self.value));
        der::seq(&parts)
    }
}

/// GeneralName: uniformResourceIdentifier.
pub fn san_uri(uri: &str) -> Vec<u8> {
    der::implicit(6, uri.as_bytes())
}

/// GeneralName: rfc822Name.
pub fn san_email(address: &str) -> Vec<u8> {
    der::implicit(1, address.as_bytes())
}

/// GeneralName: otherName with a UTF8String, as Fulcio writes user names (`1.3.6.1.4.1.57264.1.7`).
pub fn san_other(oid: &str, text: &str) -> Vec<u8> {
    der::context(0, &[der::oid(oid), der::context(0, &der::utf8(text))].concat())
}

/// A Name of these attributes: `dn(&[("C", "DE"), ("O", "Acme"), ("CN", "release")])`.
pub fn dn(attributes: &[(&str, &str)]) -> Vec<u8> {
    let names: Vec<_> = attributes
        .iter()
        .map(|(kind, value)| {
            let oid = match *kind {
                "C" => oids::COUNTRY,
                "ST" => oids::STATE,
                "L" => oids::LOCALITY,
                "O" => oids::ORGANIZATION,
                "OU" => oids::ORGANIZATIONAL_UNIT,
                "CN" => oids::COMMON_NAME,
                other => other,
            };
            let value = if *kind == "C" { der::tlv(0x13, value.as_bytes()) } else { der::utf8(value) };
            der::set_of(vec![der::seq(&[der::oid(oid), value])])
        })
        .collect();
    der::seq(&names)
}

/// What a certificate says. Change any field to forge a bad one.
#[derive(Clone)]
pub struct Cert {
    /// Big-endian, not negative.
    pub serial: Vec<u8>,
    /// Name, DER.
    pub issuer: Vec<u8>,
    /// Name, DER.
    pub subject: Vec<u8>,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub spki: Vec<u8>,
    /// In the order in which they are written.
    pub extensions: Vec<Extension>,
    /// Another scheme than the signing key's usual one.
    pub scheme: Option<Scheme>,
}

impl Cert {
    /// A CA certificate, valid 2020 to 2045; the serial number follows from the subject.
    pub fn ca(issuer: &[u8], subject: &[u8], key: &SigningKey, issuer_key: &SigningKey, path_len: Option<u64>) -> Self {
        let spki = key.spki();
        Self {
            serial: serial_of(subject),
            issuer: issuer.to_vec(),
            subject: subject.to_vec(),
            not_before: at("2020-01-01T00:00:00Z"),
            not_after: at("2045-01-01T00:00:00Z"),
            extensions: vec![
                Extension::basic_constraints(true, path_len),
                Extension::key_usage(0x06),
                Extension::subject_key_id(&spki),
                Extension::authority_key_id(&issuer_key.spki()),
            ],
            spki,
            scheme: None,
        }
    }

    /// The extension of `oid`.
    pub fn get(&mut self, oid: &str) -> Option<&mut Extension> {
        self.extensions.iter_mut().find(|extension| extension.oid == oid)
    }

    /// Puts an extension in the place of that with its OID, or last.
    pub fn set(&mut self, extension: Extension) {
        match self.get(&extension.oid) {
            Some(place) => *place = extension,
            None => self.extensions.push(extension),
        }
    }

    /// Takes an extension away.
    pub fn drop(&mut self, oid: &str) {
        self.extensions.retain(|extension| extension.oid != oid);
    }

    /// Writes an extension a second time, with `value` if it is given.
    pub fn repeat(&mut self, oid: &str, value: Option<Vec<u8>>) {
        let mut again = self.get(oid).expect("the extension that is to be repeated").clone();
        if let Some(value) = value {
            again.value = value;
        }
        self.extensions.push(again);
    }

    /// TBSCertificate, for a signature with `scheme`.
    pub fn tbs(&self, scheme: Scheme) -> Vec<u8> {
        let mut parts = vec![
            der::context(0, &der::int(2)),
            der::int_bytes(&self.serial),
            scheme.algorithm(),
            self.issuer.clone(),
            der::seq(&[der::x509_time(&asn1_time(self.not_before)), der::x509_time(&asn1_time(self.not_after))]),
            self.subject.clone(),
            self.spki.clone(),
        ];
        if !self.extensions.is_empty() {
            let extensions: Vec<_> = self.extensions.iter().map(Extension::der).collect();
            parts.push(der::context(3, &der::seq(&extensions)));
        }
        der::seq(&parts)
    }

    /// How `issuer` signs this certificate.
    pub fn scheme(&self, issuer: &SigningKey) -> Scheme {
        self.scheme.unwrap_or(issuer.scheme())
    }

    /// The certificate, signed by `issuer`, DER.
    pub fn sign(&self, issuer: &SigningKey) -> Vec<u8> {
        let scheme = self.scheme(issuer);
        let tbs = self.tbs(scheme);
        let signature = issuer.sign(scheme, &tbs);
        der::seq(&[tbs, scheme.algorithm(), der::bits(&signature, 0)])
    }
}

/// A certificate with its key: a CA, a TSA or an OCSP responder.
#[derive(Clone)]
pub struct Holder {
    pub cert: Cert,
    pub key: SigningKey,
}

impl Holder {
    /// A root that signed itself.
    pub fn root(subject: &[u8], key: SigningKey) -> Self {
        Self { cert: Cert::ca(subject, subject, &key, &key, None), key }
    }

    /// A CA below `issuer` that may issue end entities only.
    pub fn intermediate(subject: &[u8], key: SigningKey, issuer: &Self) -> Self {
        Self { cert: Cert::ca(&issuer.cert.subject, subject, &key, &issuer.key, Some(0)), key }
    }

    /// An end entity below `issuer`, valid 2026 to 2036, with digitalSignature and the purposes in `eku`.
    pub fn leaf(subject: &[u8], key: SigningKey, issuer: &Self, eku: &[&str]) -> Self {
        let mut cert = Cert::ca(&issuer.cert.subject, subject, &key, &issuer.key, None);
        cert.not_before = at("2026-01-01T00:00:00Z");
        cert.not_after = at("2036-01-01T00:00:00Z");
        cert.drop(oids::BASIC_CONSTRAINTS);
        cert.set(Extension::key_usage(0x80));
        if !eku.is_empty() {
            cert.set(Extension::eku(eku));
        }
        Self { cert, key }
    }

    /// The certificate, signed by `issuer`, DER.
    pub fn signed_by(&self, issuer: &Self) -> Vec<u8> {
        self.cert.sign(&issuer.key)
    }

    /// The certificate, signed by its own key, DER.
    pub fn self_signed(&self) -> Vec<u8> {
        self.cert.sign(&self.key)
    }
}

/// A serial number that follows from a name: 16 octets, the first below 0x80.
pub fn serial_of(name: &[u8]) -> Vec<u8> {
    let mut serial = Hash::Sha256.of(name)[..16].to_vec();
    serial[0] = serial[0] & 0x3f | 0x40;
    serial
}

/// SHA-1 of the public key's bits (RFC 5280 section 4.2.1.2, method 1).
pub fn key_id(spki: &[u8]) -> Vec<u8> {
    sha1(public_key_bits(spki))
}

/// SHA-1: for key identifiers and OCSP's CertID only.
pub fn sha1(bytes: &[u8]) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec()
}

/// The content of the BIT STRING that ends a SubjectPublicKeyInfo.
pub fn public_key_bits(spki: &[u8]) -> &[u8] {
    let after = |bytes: &[u8]| match bytes[1] {
        length @ 0..=0x7f => (2, length as usize),
        0x81 => (3, bytes[2] as usize),
        _ => (4, usize::from(bytes[2]) << 8 | usize::from(bytes[3])),
    };
    let (header, _) = after(spki);
    let inner = &spki[header..];
    let (algorithm_header, algorithm_length) = after(inner);
    let bits = &inner[algorithm_header + algorithm_length..];
    let (bits_header, _) = after(bits);
    &bits[bits_header + 1..]
}

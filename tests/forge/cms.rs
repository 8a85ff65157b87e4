//! CMS SignedData in the form of AWS Signer: indefinite-length wrappers around DER.

use super::ca::{Key, name};
use super::der::{self, oids};

/// One signed attribute: its OID and its values, each DER.
#[derive(Clone)]
pub struct Attribute {
    pub oid: &'static str,
    pub values: Vec<Vec<u8>>,
}

impl Attribute {
    /// An attribute of one value.
    pub fn one(oid: &'static str, value: Vec<u8>) -> Self {
        Self { oid, values: vec![value] }
    }

    fn der(&self) -> Vec<u8> {
        der::seq(&[der::oid(self.oid), der::set_of(self.values.clone())])
    }
}

/// The parts of a SignedData. Change any to forge a bad one.
#[derive(Clone)]
pub struct SignedData {
    pub version: u64,
    pub digest_algorithms: Vec<Vec<u8>>,
    pub content_type: &'static str,
    /// Attached content; AWS Signer has none.
    pub content: Option<Vec<u8>>,
    /// Certificates, DER.
    pub certificates: Vec<Vec<u8>>,
    /// SignerInfos, DER.
    pub signer_infos: Vec<Vec<u8>>,
}

impl SignedData {
    /// The usual SignedData around one SignerInfo.
    pub fn new(certificates: Vec<Vec<u8>>, signer_info: Vec<u8>) -> Self {
        Self {
            version: 1,
            digest_algorithms: vec![der::algorithm(oids::SHA384)],
            content_type: oids::DATA,
            content: None,
            certificates,
            signer_infos: vec![signer_info],
        }
    }

    /// ContentInfo, with the wrappers of indefinite length that AWS has.
    pub fn ber(&self) -> Vec<u8> {
        let content = [der::oid(oids::SIGNED_DATA), der::indefinite(0xa0, &self.der())].concat();
        der::indefinite(0x30, &content)
    }

    fn der(&self) -> Vec<u8> {
        let mut content = vec![der::oid(self.content_type)];
        content.extend(self.content.as_ref().map(|c| der::context(0, &der::octets(c))));
        der::seq(&[
            der::int(self.version),
            der::set_of(self.digest_algorithms.clone()),
            der::seq(&content),
            der::context(0, &self.certificates.concat()),
            der::set_of(self.signer_infos.clone()),
        ])
    }
}

/// The parts of a SignerInfo.
#[derive(Clone)]
pub struct SignerInfo {
    pub version: u64,
    /// SignerIdentifier, DER.
    pub sid: Vec<u8>,
    /// OID of the digest algorithm.
    pub digest_algorithm: &'static str,
    /// OID of the signature algorithm.
    pub signature_algorithm: &'static str,
    /// The signed attributes, DER each, in the order in which they are written and signed.
    pub attributes: Vec<Vec<u8>>,
    /// The unsigned attributes, DER each.
    pub unsigned: Vec<Vec<u8>>,
}

impl SignerInfo {
    /// The usual SignerInfo: attributes in DER order.
    pub fn new(issuer: &str, serial: u64, attributes: &[Attribute]) -> Self {
        let mut attributes: Vec<_> = attributes.iter().map(Attribute::der).collect();
        attributes.sort();
        Self {
            version: 1,
            sid: der::seq(&[name(issuer), der::int(serial)]),
            digest_algorithm: oids::SHA384,
            signature_algorithm: oids::ECDSA_SHA384,
            attributes,
            unsigned: Vec::new(),
        }
    }

    /// Signs the attributes as a SET OF (RFC 5652 section 5.4) and writes the SignerInfo.
    pub fn sign(&self, key: &Key) -> Vec<u8> {
        let attributes = self.attributes.concat();
        let signature = key.sign(&der::tlv(0x31, &attributes));
        let mut parts = vec![
            der::int(self.version),
            self.sid.clone(),
            der::algorithm(self.digest_algorithm),
            der::context(0, &attributes),
            der::algorithm(self.signature_algorithm),
            der::octets(&signature),
        ];
        if !self.unsigned.is_empty() {
            parts.push(der::context(1, &self.unsigned.concat()));
        }
        der::seq(&parts)
    }
}

//! The CMS around a TSTInfo (RFC 5652 section 5, RFC 3161 section 2.4.2).

use der::oid::ObjectIdentifier;

use super::{Fault, hash, malformed};
use crate::signature::asn1::{self, Asn1Error, Tlv, Values, tag};
use crate::signature::x509::{Certificate, Hash};

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const ALGORITHM_PROTECTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.52");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// Certificates in one token; four are usual.
const MAX_CERTIFICATES: usize = 10;

/// Algorithms, signers, attributes, values of an attribute, names of certificates: so many of each are read.
const MAX_VALUES: usize = 32;

/// SignedData, split.
pub(super) struct SignedData<'a> {
    /// The TSTInfo, DER.
    pub content: &'a [u8],
    certificates: Vec<&'a [u8]>,
    signer_info: Tlv<'a>,
}

/// SignerInfo, split.
pub(super) struct SignerInfo<'a> {
    /// Name of the certificate's issuer, DER.
    pub issuer: &'a [u8],
    /// Its serial number, DER.
    pub serial: &'a [u8],
    pub hash: Hash,
    /// Content of the digest's AlgorithmIdentifier.
    digest_algorithm: &'a [u8],
    /// Content of the signed attributes' SET OF.
    pub signed_attributes: &'a [u8],
    /// Content of the signature's AlgorithmIdentifier.
    pub signature_algorithm: &'a [u8],
    pub signature: &'a [u8],
}

/// The signed attributes: each type once, one value each.
pub(super) struct Attributes<'a> {
    list: Vec<(ObjectIdentifier, Tlv<'a>)>,
}

impl<'a> SignedData<'a> {
    pub fn parse(der: &'a [u8]) -> Result<Self, Fault> {
        let fail = |error: Asn1Error| malformed("CMS", error);
        let mut fields = Values::of(asn1::one(der, tag::SEQUENCE).map_err(fail)?.value);
        if fields.expect(tag::OID).and_then(asn1::oid).map_err(fail)? != SIGNED_DATA {
            return Err(malformed("CMS", "it is not SignedData"));
        }
        let content = fields.expect(tag::CONTEXT_0).map_err(fail)?;
        fields.end().map_err(fail)?;

        let fail = |error: Asn1Error| malformed("SignedData", error);
        let mut fields = Values::of(asn1::one(content.value, tag::SEQUENCE).map_err(fail)?.value);
        // RFC 5652 section 5.1: 3, since the content is not id-data.
        if fields.expect(tag::INTEGER).map_err(fail)?.value != [3] {
            return Err(malformed("SignedData", "its version is not 3"));
        }
        fields.expect(tag::SET).map_err(fail)?;
        let mut parts = Values::of(fields.expect(tag::SEQUENCE).map_err(fail)?.value);
        if parts.expect(tag::OID).and_then(asn1::oid).map_err(fail)? != TST_INFO {
            return Err(malformed("SignedData", "its content is no TSTInfo"));
        }
        let content = parts.expect(tag::CONTEXT_0).map_err(fail)?;
        parts.end().map_err(fail)?;
        let content = asn1::one(content.value, tag::OCTET_STRING).map_err(fail)?.value;

        let certificates = match fields.optional(tag::CONTEXT_0).map_err(fail)? {
            Some(list) => Values::of(list.value).all(MAX_CERTIFICATES).map_err(|e| malformed("certificates", e))?,
            None => Vec::new(),
        };
        if certificates.iter().any(|certificate| certificate.tag != tag::SEQUENCE) {
            return Err(malformed("certificates", "something that is no X.509 certificate"));
        }
        // Revocation lists that come along are not signed, and are not used.
        fields.optional(tag::CONTEXT_1).map_err(fail)?;
        let signer_infos = fields.expect(tag::SET).map_err(fail)?;
        fields.end().map_err(fail)?;
        let signer_infos = Values::of(signer_infos.value).all(MAX_VALUES).map_err(fail)?;
        // RFC 3161 section 2.4.2: no signature but the authority's.
        let [signer_info] = signer_infos[..] else {
            return Err(malformed("SignedData", format!("{} signers; exactly one is allowed", signer_infos.len())));
        };
        Ok(Self { content, certificates: certificates.into_iter().map(|c| c.raw).collect(), signer_info })
    }

    pub fn certificates(&self) -> Result<Vec<Certificate>, Fault> {
        let parse = |der: &&[u8]| Certificate::parse_general(der, "certificate").map_err(|e| malformed("certificates", e));
        self.certificates.iter().map(parse).collect()
    }

    pub fn signer_info(&self) -> Result<SignerInfo<'a>, Fault> {
        const PART: &str = "SignerInfo";
        let fail = |error: Asn1Error| malformed(PART, error);
        if self.signer_info.tag != tag::SEQUENCE {
            return Err(malformed(PART, "it is no SEQUENCE"));
        }
        let mut fields = Values::of(self.signer_info.value);
        if fields.expect(tag::INTEGER).map_err(fail)?.value != [1] {
            return Err(malformed(PART, "its version is not 1"));
        }
        let mut names = Values::of(fields.expect(tag::SEQUENCE).map_err(fail)?.value);
        let issuer = names.expect(tag::SEQUENCE).map_err(fail)?.raw;
        let serial = names.expect(tag::INTEGER).map_err(fail)?.raw;
        names.end().map_err(fail)?;
        let digest_algorithm = fields.expect(tag::SEQUENCE).map_err(fail)?.value;
        let attributes = fields.expect(tag::CONTEXT_0).map_err(|e| malformed("signed attributes", e))?;
        let signature_algorithm = fields.expect(tag::SEQUENCE).map_err(fail)?.value;
        let signature = fields.expect(tag::OCTET_STRING).map_err(fail)?.value;
        // Unsigned attributes are allowed, and nothing in them is used.
        fields.optional(tag::CONTEXT_1).map_err(fail)?;
        fields.end().map_err(fail)?;
        Ok(SignerInfo {
            issuer,
            serial,
            hash: hash("its digest", digest_algorithm)?,
            digest_algorithm,
            signed_attributes: attributes.value,
            signature_algorithm,
            signature,
        })
    }
}

impl<'a> SignerInfo<'a> {
    pub fn attributes(&self) -> Result<Attributes<'a>, Fault> {
        const PART: &str = "signed attributes";
        let fail = |error: Asn1Error| malformed(PART, error);
        let mut list: Vec<(ObjectIdentifier, Tlv<'a>)> = Vec::new();
        let mut previous: &[u8] = &[];
        for attribute in Values::of(self.signed_attributes).all(MAX_VALUES).map_err(fail)? {
            if attribute.tag != tag::SEQUENCE {
                return Err(malformed(PART, "something that is no attribute"));
            }
            let mut fields = Values::of(attribute.value);
            let id = fields.expect(tag::OID).and_then(asn1::oid).map_err(fail)?;
            let values = fields.expect(tag::SET).map_err(fail)?;
            fields.end().map_err(fail)?;
            let [value] = Values::of(values.value).all(MAX_VALUES).map_err(fail)?[..] else {
                return Err(malformed(PART, format!("{id} does not have one value")));
            };
            if list.iter().any(|(other, _)| *other == id) {
                return Err(malformed(PART, format!("{id} stands there twice")));
            }
            // The SET OF's DER is what is signed, and DER has one order.
            if attribute.raw <= previous {
                return Err(malformed(PART, "they are not in the order of DER"));
            }
            previous = attribute.raw;
            list.push((id, value));
        }
        Ok(Attributes { list })
    }
}

impl<'a> Attributes<'a> {
    /// RFC 5652 sections 11.1 and 11.2, RFC 6211.
    pub fn check(&self, info: &SignerInfo<'_>, content: &[u8]) -> Result<(), Fault> {
        let content_type = self.value(CONTENT_TYPE, "contentType")?;
        if asn1::oid(content_type).map_err(|e| malformed("contentType", e))? != TST_INFO {
            return Err(malformed("contentType", "it is not TSTInfo"));
        }
        let digest = self.value(MESSAGE_DIGEST, "messageDigest")?;
        if digest.tag != tag::OCTET_STRING {
            return Err(malformed("messageDigest", "it is no OCTET STRING"));
        }
        if digest.value != info.hash.of(content) {
            return Err(Fault::Content);
        }
        const PROTECTION: &str = "CMSAlgorithmProtection";
        let Some(protection) = self.get(ALGORITHM_PROTECTION) else { return Ok(()) };
        let fail = |error: Asn1Error| malformed(PROTECTION, error);
        let mut fields = Values::of(protection.value);
        let digest = fields.expect(tag::SEQUENCE).map_err(fail)?.value;
        let signature = fields.expect(tag::CONTEXT_1).map_err(fail)?.value;
        fields.end().map_err(fail)?;
        if digest != info.digest_algorithm || signature != info.signature_algorithm {
            return Err(malformed(PROTECTION, "it does not agree with the algorithms used"));
        }
        Ok(())
    }

    /// RFC 5035 section 3: the first ESSCertIDv2 is of the signer's certificate. Without this, a token could be passed off as that of another
    /// certificate with the same key, issuer or serial number.
    pub fn check_certificate(&self, signer: &Certificate) -> Result<(), Fault> {
        const PART: &str = "signingCertificateV2";
        let fail = |error: Asn1Error| malformed(PART, error);
        let value = self.value(SIGNING_CERTIFICATE_V2, PART)?;
        if value.tag != tag::SEQUENCE {
            return Err(malformed(PART, "it is no SEQUENCE"));
        }
        let mut fields = Values::of(value.value);
        let ids = Values::of(fields.expect(tag::SEQUENCE).map_err(fail)?.value).all(MAX_VALUES).map_err(fail)?;
        fields.optional(tag::SEQUENCE).map_err(fail)?;
        fields.end().map_err(fail)?;
        let Some(first) = ids.first().filter(|id| id.tag == tag::SEQUENCE) else {
            return Err(malformed(PART, "it names no certificate"));
        };
        let mut fields = Values::of(first.value);
        let hash = match fields.optional(tag::SEQUENCE).map_err(fail)? {
            Some(algorithm) => hash("the hash of its certificate", algorithm.value)?,
            None => Hash::Sha256,
        };
        let expected = fields.expect(tag::OCTET_STRING).map_err(fail)?;
        let issuer_serial = fields.optional(tag::SEQUENCE).map_err(fail)?;
        fields.end().map_err(fail)?;
        if expected.value != hash.of(&signer.der) {
            return Err(Fault::OtherCertificate("the hash is that of another one"));
        }
        let Some(issuer_serial) = issuer_serial else { return Ok(()) };
        let mut fields = Values::of(issuer_serial.value);
        let names = Values::of(fields.expect(tag::SEQUENCE).map_err(fail)?.value).all(MAX_VALUES).map_err(fail)?;
        let serial = fields.expect(tag::INTEGER).map_err(fail)?;
        fields.end().map_err(fail)?;
        // GeneralName directoryName, [4] explicit.
        let is_issuer = |name: &Tlv<'_>| name.tag == 0xa4 && name.value == signer.issuer;
        if serial.raw != signer.serial || names.len() != 1 || !names.iter().all(is_issuer) {
            return Err(Fault::OtherCertificate("issuer and serial number are those of another one"));
        }
        Ok(())
    }

    fn value(&self, id: ObjectIdentifier, part: &'static str) -> Result<Tlv<'a>, Fault> {
        self.get(id).ok_or_else(|| malformed(part, "the signed attribute is missing"))
    }

    fn get(&self, id: ObjectIdentifier) -> Option<Tlv<'a>> {
        self.list.iter().find(|(other, _)| *other == id).map(|(_, value)| *value)
    }
}

/// The object identifier of an AlgorithmIdentifier's content, for people.
pub(super) fn algorithm_name(algorithm: &[u8]) -> String {
    let id = Values::of(algorithm).expect(tag::OID).and_then(asn1::oid);
    id.map_or_else(|error| error.to_string(), |id| id.to_string())
}

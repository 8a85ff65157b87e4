//! The CMS SignedData (RFC 5652 section 5) in the one form that AWS Signer writes.

use der::oid::ObjectIdentifier;

use super::oids;
use crate::signature::Rejection;
use crate::signature::asn1::{self, Asn1Error, Tlv, Values, tag};
use crate::signature::x509::MAX_CERTIFICATES;

/// SignedData, split. All fields are exact bytes of the (normalised) input.
#[derive(Debug)]
pub(super) struct SignedData<'a> {
    /// Certificates, DER, in the order of the file.
    pub certificates: Vec<&'a [u8]>,
    /// The one SignerInfo.
    signer_info: Tlv<'a>,
}

/// SignerInfo, split.
#[derive(Debug)]
pub(super) struct SignerInfo<'a> {
    /// Name of the signer certificate's issuer, DER.
    pub issuer: &'a [u8],
    /// Serial number of the signer's certificate, DER.
    pub serial: &'a [u8],
    /// The signed attributes without their `[0]`: the content of the SET OF that is signed.
    pub signed_attributes: &'a [u8],
    /// The signature value.
    pub signature: &'a [u8],
}

/// ContentInfo of type SignedData; gives the fields of SignedData.
pub(super) fn content_info(der: &[u8]) -> Result<&[u8], Rejection> {
    let fail = |error: Asn1Error| malformed("CMS", error);
    let content_info = asn1::one(der, tag::SEQUENCE).map_err(fail)?;
    let mut fields = Values::of(content_info.value);
    let content_type = fields.expect(tag::OID).and_then(asn1::oid).map_err(fail)?;
    if content_type != oids::SIGNED_DATA {
        return Err(malformed("CMS", format!("its content type is {content_type}, not SignedData")));
    }
    let content = fields.expect(tag::CONTEXT_0).map_err(fail)?;
    fields.end().map_err(fail)?;
    Ok(asn1::one(content.value, tag::SEQUENCE).map_err(fail)?.value)
}

impl<'a> SignedData<'a> {
    /// RFC 5652 section 5.1, version 1: SHA-384 only, detached id-data, certificates, no CRLs, one SignerInfo.
    pub fn parse(fields: &'a [u8]) -> Result<Self, Rejection> {
        const PART: &str = "SignedData";
        let fail = |error: Asn1Error| malformed(PART, error);
        let mut fields = Values::of(fields);
        version_1(&mut fields, PART)?;
        let algorithms = fields.expect(tag::SET).map_err(fail)?;
        let algorithm = asn1::one(algorithms.value, tag::SEQUENCE).map_err(|e| malformed("digestAlgorithms", e))?;
        sha384(algorithm.value, "digestAlgorithms")?;

        let content = fields.expect(tag::SEQUENCE).map_err(fail)?;
        let mut parts = Values::of(content.value);
        let content_type = parts.expect(tag::OID).and_then(asn1::oid).map_err(|e| malformed("encapContentInfo", e))?;
        if content_type != oids::DATA {
            return Err(malformed("encapContentInfo", format!("its content type is {content_type}, not id-data")));
        }
        if !parts.is_empty() {
            return Err(malformed("encapContentInfo", "content is attached; the format is detached"));
        }

        let certificates = fields.expect(tag::CONTEXT_0).map_err(|e| malformed("certificates", e))?;
        let certificates = Values::of(certificates.value).all(MAX_CERTIFICATES).map_err(|e| malformed("certificates", e))?;
        if let Some(other) = certificates.iter().find(|c| c.tag != tag::SEQUENCE) {
            return Err(malformed("certificates", format!("something other than an X.509 certificate (tag {:#04x})", other.tag)));
        }
        if fields.optional(tag::CONTEXT_1).map_err(fail)?.is_some() {
            return Err(malformed(PART, "it holds revocation lists; the format has none"));
        }
        let signer_infos = fields.expect(tag::SET).map_err(fail)?;
        fields.end().map_err(fail)?;
        let signer_infos = Values::of(signer_infos.value).all(MAX_SIGNER_INFOS).map_err(|e| malformed("signerInfos", e))?;
        let [signer_info] = signer_infos[..] else {
            return Err(malformed("signerInfos", format!("{} signers; exactly one is allowed", signer_infos.len())));
        };
        Ok(Self { certificates: certificates.into_iter().map(|c| c.raw).collect(), signer_info })
    }

    /// RFC 5652 section 5.3, version 1: issuerAndSerialNumber, SHA-384, ecdsa-with-SHA384, signed attributes, no unsigned ones.
    pub fn signer_info(&self) -> Result<SignerInfo<'a>, Rejection> {
        const PART: &str = "SignerInfo";
        let fail = |error: Asn1Error| malformed(PART, error);
        if self.signer_info.tag != tag::SEQUENCE {
            return Err(fail(Asn1Error::Unexpected { expected: tag::SEQUENCE, presented: self.signer_info.tag }));
        }
        let mut fields = Values::of(self.signer_info.value);
        version_1(&mut fields, PART)?;
        let sid = fields.next().map_err(fail)?;
        if sid.tag != tag::SEQUENCE {
            return Err(malformed(PART, "the signer is not named by issuer and serial number"));
        }
        let mut names = Values::of(sid.value);
        let issuer = names.expect(tag::SEQUENCE).map_err(fail)?;
        let serial = names.expect(tag::INTEGER).map_err(fail)?;
        names.end().map_err(fail)?;

        sha384(fields.expect(tag::SEQUENCE).map_err(fail)?.value, "SignerInfo.digestAlgorithm")?;
        let attributes = fields.expect(tag::CONTEXT_0).map_err(|e| malformed("signed attributes", e))?;
        ecdsa_sha384(fields.expect(tag::SEQUENCE).map_err(fail)?.value, "SignerInfo.signatureAlgorithm")?;
        let signature = fields.expect(tag::OCTET_STRING).map_err(fail)?;
        if !fields.is_empty() {
            return Err(malformed(PART, "it holds unsigned attributes; the format has none, and nothing vouches for them"));
        }
        Ok(SignerInfo { issuer: issuer.raw, serial: serial.raw, signed_attributes: attributes.value, signature: signature.value })
    }
}

/// More are counted as "too many" without being listed.
const MAX_SIGNER_INFOS: usize = 16;

/// id-sha384, parameters absent or NULL (RFC 5754 section 2).
pub(super) fn sha384(algorithm: &[u8], part: &str) -> Result<(), Rejection> {
    let mut fields = Values::of(algorithm);
    require(&mut fields, oids::SHA384, "SHA-384", part)?;
    if let Some(null) = fields.optional(tag::NULL).map_err(|e| malformed(part, e))?
        && !null.value.is_empty()
    {
        return Err(malformed(part, "a NULL that is not empty"));
    }
    fields.end().map_err(|e| malformed(part, e))
}

/// ecdsa-with-SHA384, parameters absent (RFC 5754 section 3.3).
pub(super) fn ecdsa_sha384(algorithm: &[u8], part: &str) -> Result<(), Rejection> {
    let mut fields = Values::of(algorithm);
    require(&mut fields, oids::ECDSA_SHA384, "ecdsa-with-SHA384", part)?;
    fields.end().map_err(|e| malformed(part, e))
}

/// A [`Rejection::Malformed`].
pub(super) fn malformed(part: &str, detail: impl ToString) -> Rejection {
    Rejection::Malformed { part: part.into(), detail: detail.to_string() }
}

fn require(fields: &mut Values<'_>, expected: ObjectIdentifier, name: &str, part: &str) -> Result<(), Rejection> {
    let presented = fields.expect(tag::OID).and_then(asn1::oid).map_err(|e| malformed(part, e))?;
    if presented == expected {
        Ok(())
    } else {
        Err(Rejection::Algorithm { part: part.into(), expected: format!("{name} ({expected})"), presented: presented.to_string() })
    }
}

fn version_1(fields: &mut Values<'_>, part: &str) -> Result<(), Rejection> {
    match fields.expect(tag::INTEGER).map_err(|e| malformed(part, e))?.value {
        [1] => Ok(()),
        _ => Err(malformed(part, "its version is not 1")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_with_odd_parameters_or_of_another_kind_is_refused() {
        let identifier = |id: ObjectIdentifier, rest: &[u8]| [&asn1::encode(tag::OID, id.as_bytes())[..], rest].concat();
        let null = &[tag::NULL, 0][..];
        for parameters in [&[][..], null] {
            assert_eq!(sha384(&identifier(oids::SHA384, parameters), "x"), Ok(()));
        }
        assert_eq!(ecdsa_sha384(&identifier(oids::ECDSA_SHA384, &[]), "x"), Ok(()));
        for odd in [&[tag::NULL, 1, 0][..], &[tag::SEQUENCE, 0], &[tag::NULL, 0, tag::NULL, 0]] {
            assert!(matches!(sha384(&identifier(oids::SHA384, odd), "x"), Err(Rejection::Malformed { .. })), "{odd:x?}");
        }
        for odd in [null, &[tag::SEQUENCE, 0]] {
            assert!(matches!(ecdsa_sha384(&identifier(oids::ECDSA_SHA384, odd), "x"), Err(Rejection::Malformed { .. })), "{odd:x?}");
        }
        assert!(matches!(sha384(&identifier(oids::ECDSA_SHA384, &[]), "x"), Err(Rejection::Algorithm { .. })));
        assert!(matches!(ecdsa_sha384(&identifier(oids::SHA384, &[]), "x"), Err(Rejection::Algorithm { .. })));
    }
}

//! The signed attributes (RFC 5652 sections 5.3 and 11).

use der::oid::ObjectIdentifier;
use jiff::Timestamp;

use super::cms::{ecdsa_sha384, malformed, sha384};
use super::oids;
use crate::model::arn::{Arn, SigningProfileArn};
use crate::signature::Rejection;
use crate::signature::asn1::{self, Tlv, Values, generalized_time, tag};

/// More attributes than this are not read; the format has seven.
const MAX_ATTRIBUTES: usize = 32;

/// The attributes of one SignerInfo: each type once, one value each.
#[derive(Debug)]
pub(super) struct Attributes<'a> {
    list: Vec<(ObjectIdentifier, Tlv<'a>)>,
}

/// Who signed, as the attributes say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub profile_version: SigningProfileArn,
    pub job_arn: String,
}

/// When, as the attributes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub signed_at: Timestamp,
    pub expires_at: Timestamp,
}

impl<'a> Attributes<'a> {
    /// A DER SET OF: ascending, each attribute type once, each with one value. What is signed is the SET OF's DER, so a file with
    /// another order is one that the signer did not write.
    pub fn parse(content: &'a [u8]) -> Result<Self, Rejection> {
        const PART: &str = "signed attributes";
        let attributes = Values::of(content).all(MAX_ATTRIBUTES).map_err(|e| malformed(PART, e))?;
        let mut list: Vec<(ObjectIdentifier, Tlv<'a>)> = Vec::new();
        let mut previous: &[u8] = &[];
        for attribute in attributes {
            if attribute.tag != tag::SEQUENCE {
                return Err(malformed(PART, "something that is not an attribute"));
            }
            let mut fields = Values::of(attribute.value);
            let id = fields.expect(tag::OID).and_then(asn1::oid).map_err(|e| malformed(PART, e))?;
            let part = format!("signed attribute {}", name(id));
            let values = fields.expect(tag::SET).map_err(|e| malformed(&part, e))?;
            fields.end().map_err(|e| malformed(&part, e))?;
            let values = Values::of(values.value).all(MAX_ATTRIBUTES).map_err(|e| malformed(&part, e))?;
            let [value] = values[..] else {
                return Err(malformed(&part, format!("{} values; exactly one is allowed", values.len())));
            };
            if list.iter().any(|(other, _)| *other == id) {
                return Err(malformed(&part, "it stands there twice"));
            }
            if attribute.raw <= previous {
                return Err(malformed(PART, "they are not in the order of DER"));
            }
            previous = attribute.raw;
            list.push((id, value));
        }
        Ok(Self { list })
    }

    /// contentType is id-data (RFC 5652 section 11.1), and an algorithm protection agrees where there is one (RFC 6211).
    pub fn check_form(&self) -> Result<(), Rejection> {
        let content_type = self.value(oids::CONTENT_TYPE)?;
        if asn1::oid(content_type).map_err(|e| malformed("signed attribute contentType", e))? != oids::DATA {
            return Err(malformed("signed attribute contentType", "it is not id-data"));
        }
        let Some(protection) = self.get(oids::ALGORITHM_PROTECTION) else { return Ok(()) };
        const PART: &str = "signed attribute CMSAlgorithmProtection";
        if protection.tag != tag::SEQUENCE {
            return Err(malformed(PART, "it is not a SEQUENCE"));
        }
        let mut fields = Values::of(protection.value);
        sha384(fields.expect(tag::SEQUENCE).map_err(|e| malformed(PART, e))?.value, PART)?;
        ecdsa_sha384(fields.expect(tag::CONTEXT_1).map_err(|e| malformed(PART, e))?.value, PART)?;
        fields.end().map_err(|e| malformed(PART, e))
    }

    /// messageDigest: SHA-384 of the content, which is the inner digest (RFC 5652 section 11.2).
    pub fn message_digest(&self) -> Result<[u8; 48], Rejection> {
        const PART: &str = "signed attribute messageDigest";
        let value = self.value(oids::MESSAGE_DIGEST)?;
        if value.tag != tag::OCTET_STRING {
            return Err(malformed(PART, "it is not an OCTET STRING"));
        }
        value.value.try_into().map_err(|_| malformed(PART, format!("{} bytes; SHA-384 has 48", value.value.len())))
    }

    /// The two ARNs.
    pub fn identity(&self) -> Result<Identity, Rejection> {
        let profile = self.text(oids::PROFILE_VERSION_ARN)?;
        let profile_version: SigningProfileArn = profile.parse().map_err(|e| malformed("signed attribute signing profile", e))?;
        if profile_version.version.is_none() {
            return Err(malformed("signed attribute signing profile", "it names no version of the profile"));
        }
        let job = self.text(oids::JOB_ARN)?;
        let part = "signed attribute signing job";
        let arn: Arn = job.parse().map_err(|e| malformed(part, e))?;
        let id = arn.resource.strip_prefix("/signing-jobs/").unwrap_or_default();
        let plain = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if arn.service != "signer" || arn.region.is_empty() || arn.account.is_empty() || !plain {
            return Err(malformed(part, "it is not arn:PARTITION:signer:REGION:ACCOUNT:/signing-jobs/ID"));
        }
        Ok(Identity { profile_version, job_arn: job })
    }

    /// Signing time and expiry.
    pub fn times(&self) -> Result<Times, Rejection> {
        let signed_at = self.time(oids::SIGNING_TIME)?;
        let expires_at = self.time(oids::EXPIRY)?;
        if expires_at <= signed_at {
            return Err(malformed("signed attribute expiry", "it is not after the signing time"));
        }
        Ok(Times { signed_at, expires_at })
    }

    /// Types that the description of the format does not have, in AWS Signer's own arc: they may restrict what the signature means.
    pub fn unknown_of_signer(&self) -> Vec<ObjectIdentifier> {
        self.list.iter().map(|(id, _)| *id).filter(|id| !is_known(*id) && id.starts_with(oids::SIGNER_ARC)).collect()
    }

    /// Other types that are not known. RFC 5652 gives attributes no criticality: they are signed, shown and ignored.
    pub fn unknown_of_others(&self) -> Vec<ObjectIdentifier> {
        self.list.iter().map(|(id, _)| *id).filter(|id| !is_known(*id) && !id.starts_with(oids::SIGNER_ARC)).collect()
    }

    pub fn text(&self, id: ObjectIdentifier) -> Result<String, Rejection> {
        let value = self.value(id)?;
        let part = || format!("signed attribute {}", name(id));
        if value.tag != tag::UTF8_STRING {
            return Err(malformed(&part(), "it is not a UTF8String"));
        }
        String::from_utf8(value.value.to_vec()).map_err(|_| malformed(&part(), "it is not UTF-8"))
    }

    pub fn time(&self, id: ObjectIdentifier) -> Result<Timestamp, Rejection> {
        let value = self.value(id)?;
        let part = format!("signed attribute {}", name(id));
        if value.tag != tag::GENERALIZED_TIME {
            return Err(malformed(&part, "it is not a GeneralizedTime"));
        }
        generalized_time(value.value)
            .ok_or_else(|| malformed(&part, format!("`{}` is not YYYYMMDDHHMMSS[.fff]Z", String::from_utf8_lossy(value.value))))
    }

    fn value(&self, id: ObjectIdentifier) -> Result<Tlv<'a>, Rejection> {
        self.get(id).ok_or_else(|| malformed(&format!("signed attribute {}", name(id)), "it is missing"))
    }

    fn get(&self, id: ObjectIdentifier) -> Option<Tlv<'a>> {
        self.list.iter().find(|(other, _)| *other == id).map(|(_, value)| *value)
    }
}

fn is_known(id: ObjectIdentifier) -> bool {
    [
        oids::CONTENT_TYPE,
        oids::MESSAGE_DIGEST,
        oids::SIGNING_TIME,
        oids::ALGORITHM_PROTECTION,
        oids::JOB_ARN,
        oids::EXPIRY,
        oids::PROFILE_VERSION_ARN,
    ]
    .contains(&id)
}

fn name(id: ObjectIdentifier) -> String {
    match id {
        oids::CONTENT_TYPE => "contentType".into(),
        oids::MESSAGE_DIGEST => "messageDigest".into(),
        oids::SIGNING_TIME => "signingTime".into(),
        oids::ALGORITHM_PROTECTION => "CMSAlgorithmProtection".into(),
        oids::JOB_ARN => "signing job".into(),
        oids::EXPIRY => "expiry".into(),
        oids::PROFILE_VERSION_ARN => "signing profile".into(),
        other => other.to_string(),
    }
}

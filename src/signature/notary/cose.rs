//! The COSE form (specs/signature-envelope-cose.md): COSE_Sign1_Tagged, RFC 9052 section 4.2.

use std::collections::BTreeMap;

use coset::cbor::Value;
use coset::iana::EnumI64;
use coset::{ContentType, CoseSign1, Header, Label, RegisteredLabelWithPrivate, TaggedCborSerializable, iana};

use super::cbor::oddity;
use super::envelope::{Attribute, Envelope, MAX_CERTIFICATE_BYTES, MAX_HEADERS, MAX_TIMESTAMP_BYTES, malformed};
use super::headers;
use crate::signature::{Rejection, x509::MAX_CERTIFICATES};

/// Media type of the form.
pub(super) const MEDIA_TYPE: &str = "application/cose";

/// For people.
pub(super) const FORM: &str = "Notary COSE";

/// RFC 9360 section 2.
const X5CHAIN: Label = Label::Int(33);

pub(super) fn parse(bytes: &[u8]) -> Result<Envelope, Rejection> {
    if let Some(why) = oddity(bytes) {
        return Err(malformed("COSE", why));
    }
    let message = CoseSign1::from_tagged_slice(bytes).map_err(|e| malformed("COSE", e))?;
    let Some(protected_bytes) = &message.protected.original_data else {
        return Err(malformed("COSE", "its protected header can't be read"));
    };
    if let Some(why) = oddity(protected_bytes) {
        return Err(malformed("protected header", why));
    }
    let (protected, unsigned) = (&message.protected.header, &message.unprotected);
    one_reading(protected, unsigned)?;
    let Some(payload) = message.payload.clone() else { return Err(malformed("COSE", "its payload is detached")) };
    Ok(Envelope {
        form: FORM,
        algorithm: algorithm(protected)?,
        content_type: content_type(protected)?,
        critical: protected.crit.iter().filter_map(critical).collect(),
        attributes: attributes(protected)?,
        // RFC 9052 section 4.4, over the protected header's bytes as they stand; no external data.
        signed: message.tbs_data(&[]),
        payload,
        certificates: certificates(unsigned)?,
        timestamp: timestamp(unsigned)?,
        signature: message.signature,
    })
}

/// RFC 9052 section 3: a label stands in one of the headers only. `coset` refuses one that stands twice in the same header.
fn one_reading(protected: &Header, unsigned: &Header) -> Result<(), Rejection> {
    if protected.rest.len() > MAX_HEADERS || unsigned.rest.len() > MAX_HEADERS || protected.crit.len() > MAX_HEADERS {
        return Err(malformed("COSE", format!("more than {MAX_HEADERS} headers")));
    }
    if unsigned.alg.is_some() || !unsigned.crit.is_empty() || unsigned.content_type.is_some() {
        return Err(malformed("COSE", "algorithm, critical labels or content type stand in the header that is not signed"));
    }
    for header in [protected, unsigned] {
        if !header.key_id.is_empty() || !header.iv.is_empty() || !header.partial_iv.is_empty() || !header.counter_signatures.is_empty() {
            return Err(malformed("COSE", "it has a key id, an initialisation vector or a countersignature, which the format does not"));
        }
    }
    let twice = |label: &Label| protected.rest.iter().any(|(other, _)| other == label);
    for (label, _) in &unsigned.rest {
        let signed_name = matches!(label, Label::Text(name) if headers::SIGNED.contains(&name.as_str()));
        if signed_name || twice(label) {
            return Err(malformed("COSE", format!("the label {} stands in the header that is not signed", name_of(label))));
        }
    }
    if twice(&X5CHAIN) {
        return Err(malformed("x5chain", "it stands in the protected header; the format has it in the other one"));
    }
    Ok(())
}

fn algorithm(protected: &Header) -> Result<String, Rejection> {
    let presented = protected.alg.as_ref().ok_or_else(|| malformed("alg", "it is missing"))?;
    let name = match presented {
        RegisteredLabelWithPrivate::Assigned(iana::Algorithm::PS256) => "PS256",
        RegisteredLabelWithPrivate::Assigned(iana::Algorithm::PS384) => "PS384",
        RegisteredLabelWithPrivate::Assigned(iana::Algorithm::PS512) => "PS512",
        RegisteredLabelWithPrivate::Assigned(iana::Algorithm::ES256) => "ES256",
        RegisteredLabelWithPrivate::Assigned(iana::Algorithm::ES384) => "ES384",
        RegisteredLabelWithPrivate::Assigned(iana::Algorithm::ES512) => "ES512",
        other => return Ok(format!("{other:?}")),
    };
    Ok(name.into())
}

fn content_type(protected: &Header) -> Result<String, Rejection> {
    match &protected.content_type {
        Some(ContentType::Text(text)) => Ok(text.clone()),
        Some(ContentType::Assigned(_)) => Err(malformed("content type", "it is a number; the format has a text")),
        None => Err(malformed("content type", "it is missing")),
    }
}

/// A critical label by the name under which headers are kept; `None` for algorithm and content type, which are COSE's own and always read.
fn critical(label: &RegisteredLabelWithPrivate<iana::HeaderParameter>) -> Option<String> {
    match label {
        RegisteredLabelWithPrivate::Text(name) => Some(name.clone()),
        RegisteredLabelWithPrivate::PrivateUse(number) => Some(name_of(&Label::Int(*number))),
        RegisteredLabelWithPrivate::Assigned(iana::HeaderParameter::Alg | iana::HeaderParameter::ContentType) => None,
        RegisteredLabelWithPrivate::Assigned(assigned) => Some(name_of(&Label::Int(assigned.to_i64()))),
    }
}

fn attributes(protected: &Header) -> Result<BTreeMap<String, Attribute>, Rejection> {
    let mut attributes = BTreeMap::new();
    for (label, value) in &protected.rest {
        let attribute = match value {
            Value::Text(text) => Attribute::Text(text.clone()),
            Value::Tag(1, time) => match time.as_integer().and_then(|seconds| i64::try_from(seconds).ok()) {
                Some(seconds) => Attribute::Epoch(seconds),
                None => Attribute::Other,
            },
            _ => Attribute::Other,
        };
        // A text that reads like a number's name would be a second way to write it.
        if attributes.insert(name_of(label), attribute).is_some() {
            return Err(malformed("protected header", format!("the label {} stands twice", name_of(label))));
        }
    }
    Ok(attributes)
}

fn name_of(label: &Label) -> String {
    match label {
        Label::Int(number) => format!("label {number}"),
        Label::Text(name) => name.clone(),
    }
}

/// RFC 9360 section 2: a list of certificates, or one by itself.
fn certificates(unsigned: &Header) -> Result<Vec<Vec<u8>>, Rejection> {
    const PART: &str = "x5chain";
    let value = unsigned.rest.iter().find(|(label, _)| *label == X5CHAIN).map(|(_, value)| value);
    let list = match value {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one @ Value::Bytes(_)) => std::slice::from_ref(one),
        Some(_) => return Err(malformed(PART, "it is no list of certificates")),
        None => return Err(malformed(PART, "it is missing")),
    };
    if list.len() > MAX_CERTIFICATES {
        return Err(malformed(PART, format!("{} certificates; at most {MAX_CERTIFICATES} are read", list.len())));
    }
    list.iter()
        .map(|value| match value {
            Value::Bytes(der) if der.len() <= MAX_CERTIFICATE_BYTES => Ok(der.clone()),
            _ => Err(malformed(PART, "it holds something that is no certificate")),
        })
        .collect()
}

fn timestamp(unsigned: &Header) -> Result<Option<Vec<u8>>, Rejection> {
    let label = Label::Text(headers::TIMESTAMP.into());
    match unsigned.rest.iter().find(|(other, _)| *other == label) {
        None => Ok(None),
        Some((_, Value::Bytes(bytes))) if bytes.is_empty() => Ok(None),
        Some((_, Value::Bytes(bytes))) if bytes.len() <= MAX_TIMESTAMP_BYTES => Ok(Some(bytes.clone())),
        Some(_) => Err(malformed(headers::TIMESTAMP, "it is no byte string, or too long")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_header_that_the_format_does_not_have_stands_in_either_map() {
        use coset::CoseSignature;
        let good = Header::default;
        assert_eq!(one_reading(&good(), &good()), Ok(()));
        for odd in [
            Header { key_id: vec![1], ..good() },
            Header { iv: vec![1], ..good() },
            Header { partial_iv: vec![1], ..good() },
            Header { counter_signatures: vec![CoseSignature::default()], ..good() },
        ] {
            assert!(one_reading(&odd, &good()).is_err(), "{odd:?}");
            assert!(one_reading(&good(), &odd).is_err(), "{odd:?}");
        }
    }
}

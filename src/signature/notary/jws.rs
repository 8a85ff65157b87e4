//! The JWS form (specs/signature-envelope-jws.md): flattened JSON serialization, RFC 7515 section 7.2.2.

use std::collections::BTreeMap;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Map, Value};

use super::envelope::{Attribute, Envelope, MAX_CERTIFICATE_BYTES, MAX_HEADERS, MAX_TIMESTAMP_BYTES, malformed};
use super::headers;
use crate::signature::json::{alike, parse_object};
use crate::signature::{Rejection, x509::MAX_CERTIFICATES};

/// Media type of the form.
pub(super) const MEDIA_TYPE: &str = "application/jose+json";

/// For people.
pub(super) const FORM: &str = "Notary JWS";

const MEMBERS: &[&str] = &["payload", "protected", "header", "signature"];
const UNSIGNED: &[&str] = &["x5c", headers::TIMESTAMP];

pub(super) fn parse(bytes: &[u8]) -> Result<Envelope, Rejection> {
    let envelope = parse_object(bytes).map_err(|e| malformed("JWS", e))?;
    if let Some(other) = envelope.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(malformed("JWS", format!("it has the member `{other}`; only {} are allowed", MEMBERS.join(", "))));
    }
    let payload_text = member(&envelope, "payload")?;
    let protected_text = member(&envelope, "protected")?;
    let payload = base64url("payload", payload_text)?;
    let protected = base64url("protected", protected_text)?;
    let signature = base64url("signature", member(&envelope, "signature")?)?;
    let protected = parse_object(&protected).map_err(|e| malformed("protected header", e))?;
    let Some(Value::Object(unsigned)) = envelope.get("header") else {
        return Err(malformed("JWS", "`header` is missing or no object"));
    };
    one_reading(&protected, unsigned)?;

    let (critical, attributes) = signed_headers(&protected)?;
    Ok(Envelope {
        form: FORM,
        algorithm: text(&protected, "alg")?,
        content_type: text(&protected, "cty")?,
        critical,
        attributes,
        payload,
        // RFC 7515 section 5.2 step 8: the texts as they stand.
        signed: format!("{protected_text}.{payload_text}").into_bytes(),
        signature,
        certificates: certificates(unsigned)?,
        timestamp: timestamp(unsigned)?,
    })
}

/// RFC 7515 section 7.2.1: a name stands in one of the headers only. And no name looks like one that is understood.
fn one_reading(protected: &Map<String, Value>, unsigned: &Map<String, Value>) -> Result<(), Rejection> {
    if protected.len() > MAX_HEADERS || unsigned.len() > MAX_HEADERS {
        return Err(malformed("JWS", format!("more than {MAX_HEADERS} headers")));
    }
    let twins = alike(protected, headers::SIGNED).or_else(|| alike(unsigned, UNSIGNED)).or_else(|| alike(unsigned, headers::SIGNED));
    if let Some(name) = twins {
        return Err(malformed("JWS", format!("the header `{name}` differs in letter case from one of the format")));
    }
    match unsigned.keys().find(|name| protected.contains_key(*name) || headers::SIGNED.contains(&name.as_str())) {
        Some(name) => Err(malformed("JWS", format!("`{name}` stands in the header that is not signed"))),
        None => Ok(()),
    }
}

fn signed_headers(protected: &Map<String, Value>) -> Result<(Vec<String>, BTreeMap<String, Attribute>), Rejection> {
    let Some(Value::Array(list)) = protected.get("crit") else { return Err(malformed("crit", "it is missing or no list")) };
    let critical: Option<Vec<String>> = list.iter().map(|name| name.as_str().map(str::to_owned)).collect();
    let critical = critical.ok_or_else(|| malformed("crit", "it lists something that is no name"))?;
    // RFC 7515 section 4.1.11: names of the specification itself are not listed.
    if let Some(name) = critical.iter().find(|name| ["alg", "cty", "crit", "x5c"].contains(&name.as_str())) {
        return Err(malformed("crit", format!("it lists `{name}`, which JWS itself defines")));
    }
    // RFC 7797 changes what is signed, and headers of JWS that bring keys along are no headers of this format.
    if let Some(name) = ["b64", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256"].into_iter().find(|name| protected.contains_key(*name))
    {
        return Err(malformed("protected header", format!("it has `{name}`, which the format does not")));
    }
    let attributes = protected
        .iter()
        .filter(|(name, _)| !["alg", "cty", "crit"].contains(&name.as_str()))
        .map(|(name, value)| {
            let value = value.as_str().map_or(Attribute::Other, |text| Attribute::Text(text.into()));
            (name.clone(), value)
        })
        .collect();
    Ok((critical, attributes))
}

/// Standard base64 of DER (RFC 7515 section 4.1.6).
fn certificates(unsigned: &Map<String, Value>) -> Result<Vec<Vec<u8>>, Rejection> {
    let Some(Value::Array(list)) = unsigned.get("x5c") else { return Err(malformed("x5c", "it is missing or no list")) };
    if list.len() > MAX_CERTIFICATES {
        return Err(malformed("x5c", format!("{} certificates; at most {MAX_CERTIFICATES} are read", list.len())));
    }
    list.iter()
        .map(|value| {
            let text = value.as_str().ok_or_else(|| malformed("x5c", "it holds something that is no text"))?;
            base64("x5c", text, MAX_CERTIFICATE_BYTES)
        })
        .collect()
}

fn timestamp(unsigned: &Map<String, Value>) -> Result<Option<Vec<u8>>, Rejection> {
    match unsigned.get(headers::TIMESTAMP) {
        None => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => base64(headers::TIMESTAMP, text, MAX_TIMESTAMP_BYTES).map(Some),
        Some(_) => Err(malformed(headers::TIMESTAMP, "it is no text")),
    }
}

fn member<'a>(envelope: &'a Map<String, Value>, name: &str) -> Result<&'a str, Rejection> {
    match envelope.get(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(malformed("JWS", format!("`{name}` is no text"))),
        None => Err(malformed("JWS", format!("`{name}` is missing"))),
    }
}

fn text(header: &Map<String, Value>, name: &str) -> Result<String, Rejection> {
    match header.get(name) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(malformed(name, "it is no text")),
        None => Err(malformed(name, "it is missing")),
    }
}

/// RFC 7515 section 2: no padding, no bits left over, no line ends.
fn base64url(part: &str, text: &str) -> Result<Vec<u8>, Rejection> {
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|e| malformed(part, format!("its base64url can't be read: {e}")))
}

fn base64(part: &str, text: &str, most: usize) -> Result<Vec<u8>, Rejection> {
    let bytes = BASE64.decode(text.as_bytes()).map_err(|e| malformed(part, format!("its base64 can't be read: {e}")))?;
    if bytes.len() > most {
        return Err(malformed(part, format!("{} bytes; at most {most} are read", bytes.len())));
    }
    // The decoder takes several padded pieces in a row, which would be a second spelling.
    if BASE64.encode(&bytes) == text { Ok(bytes) } else { Err(malformed(part, "its base64 is in several pieces")) }
}

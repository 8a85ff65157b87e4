//! What both forms of envelope carry.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{cose, jws};
use crate::signature::Rejection;

/// Bytes of an envelope; ones with four certificates and a time stamp have about 15,000.
pub(super) const MAX_ENVELOPE_BYTES: usize = 4 << 20;

/// Bytes of one certificate.
pub(super) const MAX_CERTIFICATE_BYTES: usize = 64 << 10;

/// Bytes of a time stamp.
pub(super) const MAX_TIMESTAMP_BYTES: usize = 1 << 20;

/// Headers of one envelope, signed or not.
pub(super) const MAX_HEADERS: usize = 64;

/// An envelope, split. Nothing in it is verified yet.
#[derive(Debug)]
pub(super) struct Envelope {
    /// For people: `Notary JWS`.
    pub form: &'static str,
    /// `alg`, in the names of JWS: `PS256`.
    pub algorithm: String,
    /// `cty`.
    pub content_type: String,
    /// What `crit` lists.
    pub critical: Vec<String>,
    /// The other signed headers, by name.
    pub attributes: BTreeMap<String, Attribute>,
    /// The payload.
    pub payload: Vec<u8>,
    /// The bytes that the signature covers.
    pub signed: Vec<u8>,
    /// The signature value.
    pub signature: Vec<u8>,
    /// The certificates, DER, in the order of the envelope. Not signed.
    pub certificates: Vec<Vec<u8>>,
    /// The time stamp, DER. Not signed.
    pub timestamp: Option<Vec<u8>>,
}

/// The value of a signed header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Attribute {
    Text(String),
    /// A CBOR time, tag 1: seconds since 1970.
    Epoch(i64),
    /// Something else, which no header that is understood has.
    Other,
}

impl Envelope {
    /// Splits an envelope of either form.
    pub fn parse(bytes: &[u8], media_type: &str) -> Result<Self, Rejection> {
        if bytes.len() > MAX_ENVELOPE_BYTES {
            return Err(malformed("envelope", format!("{} bytes; at most {MAX_ENVELOPE_BYTES} are read", bytes.len())));
        }
        match media_type {
            jws::MEDIA_TYPE => jws::parse(bytes),
            cose::MEDIA_TYPE => cose::parse(bytes),
            other => Err(malformed("envelope", format!("its media type is `{other}`, not {} or {}", jws::MEDIA_TYPE, cose::MEDIA_TYPE))),
        }
    }

    /// The text of a header; `None` where it is not there.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Rejection> {
        match self.attributes.get(name) {
            None => Ok(None),
            Some(Attribute::Text(text)) => Ok(Some(text)),
            Some(Attribute::Epoch(_) | Attribute::Other) => Err(malformed(name, "it is no text")),
        }
    }

    /// The time of a header: RFC 3339 text in JWS, tag 1 in COSE.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, Rejection> {
        match (self.attributes.get(name), self.form) {
            (None, _) => Ok(None),
            (Some(Attribute::Text(text)), jws::FORM) => match rfc3339(text) {
                Some(time) => Ok(Some(time)),
                None => Err(malformed(name, format!("`{text}` is no time of RFC 3339"))),
            },
            (Some(Attribute::Epoch(seconds)), cose::FORM) => match Timestamp::from_second(*seconds) {
                Ok(time) => Ok(Some(time)),
                Err(_) => Err(malformed(name, format!("{seconds} is out of range"))),
            },
            (Some(Attribute::Text(_) | Attribute::Epoch(_) | Attribute::Other), _) => Err(malformed(name, "it is no time")),
        }
    }
}

/// A [`Rejection::Malformed`].
pub(super) fn malformed(part: &str, detail: impl ToString) -> Rejection {
    Rejection::Malformed { part: part.into(), detail: detail.to_string() }
}

/// `YYYY-MM-DDTHH:MM:SS[.f…](Z|±HH:MM)`, RFC 3339 section 5.6, with capital letters and no leap second. `jiff` reads more forms than that.
fn rfc3339(text: &str) -> Option<Timestamp> {
    const FORM: &[u8] = b"dddd-dd-ddTdd:dd:dd";
    let fits = |text: &[u8], form: &[u8]| {
        text.len() == form.len()
            && text.iter().zip(form).all(|(byte, wanted)| if *wanted == b'd' { byte.is_ascii_digit() } else { byte == wanted })
    };
    let (whole, mut rest) = text.as_bytes().split_at_checked(FORM.len())?;
    if !fits(whole, FORM) || whole.ends_with(b":60") {
        return None;
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 || digits > 9 {
            return None;
        }
        rest = fraction.get(digits..)?;
    }
    if rest != b"Z" && !fits(rest, b"+dd:dd") && !fits(rest, b"-dd:dd") {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_forms_that_other_readers_refuse_are_no_times() {
        for text in ["2023-03-14T16:10:02+08:00", "2023-03-14T16:10:02Z", "2023-03-14T16:10:02.123456789Z"] {
            assert!(rfc3339(text).is_some(), "{text}");
        }
        for text in [
            "2023-03-14 16:10:02Z",
            "2023-03-14t16:10:02Z",
            "2023-03-14T16:10:02z",
            "2023-03-14T16:10:02",
            "2023-03-14T16:10:60Z",
            "2023-03-14T16:10Z",
            "2023-03-14T16:10:02.Z",
            "2023-03-14T16:10:02,5Z",
            "2023-03-14T16:10:02+08",
            "2023-03-14T16:10:02+08:00[Asia/Shanghai]",
            "2023-02-30T16:10:02Z",
            "+002023-03-14T16:10:02Z",
            "20230314T161002Z",
            "",
        ] {
            assert!(rfc3339(text).is_none(), "{text}");
        }
    }
}

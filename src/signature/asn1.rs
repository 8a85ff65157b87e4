//! A walk over DER that keeps every value's exact bytes.
//!
//! Decoders that build values and encode them again sort SETs and rewrite times on the way, so what was signed can't be had from
//! them any more: `cms` 0.3.0-rc.0 sorts signed attributes silently (`SetOfVec`), keeps no certificate's own bytes, and in BER mode
//! reads certificates and attributes as BER too. Signatures are verified over the bytes of this walk only.

use der::oid::ObjectIdentifier;
use jiff::civil::DateTime;
use jiff::{Timestamp, tz::TimeZone};

/// Universal tags, and the context-specific ones with the constructed bit.
pub(in crate::signature) mod tag {
    pub const BOOLEAN: u8 = 0x01;
    pub const INTEGER: u8 = 0x02;
    pub const BIT_STRING: u8 = 0x03;
    pub const OCTET_STRING: u8 = 0x04;
    pub const NULL: u8 = 0x05;
    pub const OID: u8 = 0x06;
    pub const UTF8_STRING: u8 = 0x0c;
    pub const GENERALIZED_TIME: u8 = 0x18;
    pub const SEQUENCE: u8 = 0x30;
    pub const SET: u8 = 0x31;
    pub const CONTEXT_0: u8 = 0xa0;
    pub const CONTEXT_1: u8 = 0xa1;
    pub const CONSTRUCTED: u8 = 0x20;
}

/// Bytes that are not the DER that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::signature) enum Asn1Error {
    #[error("it ends in the middle of a value")]
    Truncated,
    #[error("{0} bytes stand after its end")]
    Trailing(usize),
    #[error("a tag that no certificate or signature uses (first byte {0:#04x})")]
    Tag(u8),
    #[error("a length that is not in its shortest form, or over 4 GiB")]
    Length,
    #[error("an indefinite length where the format has definite ones")]
    Indefinite,
    #[error("more than {0} values")]
    TooMany(usize),
    #[error("tag {expected:#04x} was expected, {presented:#04x} stands there")]
    Unexpected { expected: u8, presented: u8 },
    #[error("a value is missing")]
    Missing,
    #[error("an object identifier that can't be read")]
    Oid,
}

/// One value: its tag, its content, and both with the length between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::signature) struct Tlv<'a> {
    pub tag: u8,
    pub value: &'a [u8],
    pub raw: &'a [u8],
}

/// A length octet sequence, X.690 section 8.1.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::signature) enum Length {
    Definite(usize),
    Indefinite,
}

/// Values one after the other.
#[derive(Debug, Clone)]
pub(in crate::signature) struct Values<'a> {
    rest: &'a [u8],
}

impl<'a> Values<'a> {
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next value, which must have this tag.
    pub fn expect(&mut self, tag: u8) -> Result<Tlv<'a>, Asn1Error> {
        let next = self.next()?;
        if next.tag != tag {
            return Err(Asn1Error::Unexpected { expected: tag, presented: next.tag });
        }
        Ok(next)
    }

    /// The next value where it has this tag.
    pub fn optional(&mut self, tag: u8) -> Result<Option<Tlv<'a>>, Asn1Error> {
        if self.rest.first() == Some(&tag) { self.next().map(Some) } else { Ok(None) }
    }

    /// The next value, whatever it is.
    pub fn next(&mut self) -> Result<Tlv<'a>, Asn1Error> {
        let start = self.rest;
        if start.is_empty() {
            return Err(Asn1Error::Missing);
        }
        let (tag, length, header) = header(start)?;
        let Length::Definite(length) = length else { return Err(Asn1Error::Indefinite) };
        let end = header.checked_add(length).ok_or(Asn1Error::Length)?;
        let raw = start.get(..end).ok_or(Asn1Error::Truncated)?;
        let value = start.get(header..end).ok_or(Asn1Error::Truncated)?;
        self.rest = start.get(end..).ok_or(Asn1Error::Truncated)?;
        Ok(Tlv { tag, value, raw })
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// All that is left, at most `max` values.
    pub fn all(mut self, max: usize) -> Result<Vec<Tlv<'a>>, Asn1Error> {
        let mut values = Vec::new();
        while !self.is_empty() {
            if values.len() >= max {
                return Err(Asn1Error::TooMany(max));
            }
            values.push(self.next()?);
        }
        Ok(values)
    }

    /// Nothing may be left.
    pub fn end(self) -> Result<(), Asn1Error> {
        if self.rest.is_empty() { Ok(()) } else { Err(Asn1Error::Trailing(self.rest.len())) }
    }
}

/// Exactly one value of this tag, and nothing after it.
pub(in crate::signature) fn one(bytes: &[u8], tag: u8) -> Result<Tlv<'_>, Asn1Error> {
    let mut values = Values::of(bytes);
    let value = values.expect(tag)?;
    values.end()?;
    Ok(value)
}

/// The object identifier in the content of an OID value.
pub(in crate::signature) fn oid(value: Tlv<'_>) -> Result<ObjectIdentifier, Asn1Error> {
    if value.tag != tag::OID {
        return Err(Asn1Error::Unexpected { expected: tag::OID, presented: value.tag });
    }
    ObjectIdentifier::from_bytes(value.value).map_err(|_| Asn1Error::Oid)
}

/// Tag, length, and how many bytes the two take. Lengths must be in their shortest form (X.690 section 10.1).
pub(in crate::signature) fn header(bytes: &[u8]) -> Result<(u8, Length, usize), Asn1Error> {
    let tag = *bytes.first().ok_or(Asn1Error::Truncated)?;
    // Tag 0 is the end-of-contents mark; tag numbers from 31 take more bytes, and nothing in CMS or X.509 has one.
    if tag == 0 || tag & 0x1f == 0x1f {
        return Err(Asn1Error::Tag(tag));
    }
    let first = *bytes.get(1).ok_or(Asn1Error::Truncated)?;
    match first {
        0..=0x7f => Ok((tag, Length::Definite(usize::from(first)), 2)),
        0x80 => Ok((tag, Length::Indefinite, 2)),
        0x81..=0x84 => {
            let count = usize::from(first & 0x7f);
            let end = count.saturating_add(2);
            let octets = bytes.get(2..end).ok_or(Asn1Error::Truncated)?;
            let length = octets.iter().try_fold(0usize, |sum, octet| sum.checked_mul(256)?.checked_add(usize::from(*octet)));
            let length = length.ok_or(Asn1Error::Length)?;
            if octets.first() == Some(&0) || length < 0x80 {
                return Err(Asn1Error::Length);
            }
            Ok((tag, Length::Definite(length), end))
        }
        _ => Err(Asn1Error::Length),
    }
}

/// Tag, shortest length, content.
pub(in crate::signature) fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let octets = length.to_be_bytes();
            let significant: Vec<u8> = octets.into_iter().skip_while(|octet| *octet == 0).collect();
            out.push(0x80 | u8::try_from(significant.len()).unwrap_or(0x7f));
            out.extend(significant);
        }
    }
    out.extend(content);
    out
}

/// `YYYYMMDDHHMMSS[.f…]Z`, as AWS Signer writes times, with milliseconds, and RFC 3161 has them. No time zone but Z, no leap second, at most nine digits of
/// fraction. DER forbids zeros at the end of the fraction (X.690 section 11.7.3); they are let pass, since a signer that always
/// writes milliseconds would otherwise be refused one time in ten, and the text is signed as it stands.
pub(in crate::signature) fn generalized_time(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || fraction.is_some_and(|f| !digits(f) || f.len() > 9) {
        return None;
    }
    let field = |from: usize, to: usize| whole.get(from..to)?.parse::<i16>().ok();
    let small = |from: usize| i8::try_from(field(from, from.checked_add(2)?)?).ok();
    if small(12)? > 59 {
        return None;
    }
    let nanoseconds = format!("{:0<9}", fraction.unwrap_or("0")).parse().ok()?;
    let time = DateTime::new(field(0, 4)?, small(4)?, small(6)?, small(8)?, small(10)?, small(12)?, nanoseconds).ok()?;
    time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_length_in_a_longer_form_than_needed_is_refused() {
        assert_eq!(one(&[0x04, 0x81, 0x01, 0xaa], tag::OCTET_STRING), Err(Asn1Error::Length));
        assert_eq!(one(&[0x04, 0x82, 0x00, 0x01, 0xaa], tag::OCTET_STRING), Err(Asn1Error::Length));
    }

    #[test]
    fn lengths_beyond_the_input_do_not_panic() {
        for bytes in [&[0x30][..], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x30, 0x85, 1, 1, 1, 1, 1], &[0x30, 0x05, 0x00], &[0x1f, 0x00]]
        {
            assert!(one(bytes, tag::SEQUENCE).is_err(), "{bytes:x?}");
        }
    }

    #[test]
    fn what_is_encoded_is_read_back() {
        for length in [0usize, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; length];
            assert_eq!(one(&encode(tag::OCTET_STRING, &content), tag::OCTET_STRING).unwrap().value, content);
        }
    }

    #[test]
    fn times_of_the_format_are_read() {
        assert_eq!(generalized_time(b"20260928091926.806Z").unwrap().to_string(), "2026-09-28T09:19:26.806Z");
        assert_eq!(generalized_time(b"20260928091926.800Z").unwrap().to_string(), "2026-09-28T09:19:26.8Z");
        assert_eq!(generalized_time(b"20260928091926Z").unwrap().to_string(), "2026-09-28T09:19:26Z");
    }

    #[test]
    fn times_that_could_be_read_in_two_ways_are_refused() {
        for text in [
            "20260928091926.806",
            "20260928091926.806+0000",
            "20260928091926.Z",
            "20260928091926,806Z",
            "202609280919Z",
            "20260928091960Z",
            "20260230091926Z",
            "20260928241926Z",
            "+0260928091926Z",
            "260928091926Z",
            "20260928091926.1234567890Z",
            "20260928091926.806ZZ",
            "",
            " 20260928091926Z",
            "2026092809192\u{661}Z",
        ] {
            assert_eq!(generalized_time(text.as_bytes()), None, "{text}");
        }
    }
}

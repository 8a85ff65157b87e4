//! Fields that responses, lists and certificates have in common.

use der::Decode;
use der::oid::ObjectIdentifier;
use jiff::Timestamp;
use x509_cert::time::Time;

use super::Unusable;
use crate::signature::asn1::{self, Asn1Error, Tlv, Values, tag};

const BOOLEAN: u8 = 0x01;
/// GeneralName: uniformResourceIdentifier (RFC 5280 section 4.2.1.6).
const URI: u8 = 0x86;
/// Extensions of one thing.
const MAX_EXTENSIONS: usize = 32;
/// Names of one place.
const MAX_NAMES: usize = 16;
/// Characters of an address.
const MAX_ADDRESS: usize = 2048;

/// One extension (RFC 5280 section 4.1).
#[derive(Debug, Clone, Copy)]
pub(super) struct Extension<'a> {
    pub id: ObjectIdentifier,
    pub critical: bool,
    /// What its OCTET STRING holds.
    pub value: &'a [u8],
}

/// An [`Unusable::Malformed`].
pub(super) fn malformed(part: &'static str, detail: impl ToString) -> Unusable {
    Unusable::Malformed { part, detail: detail.to_string() }
}

/// The content of a `SEQUENCE OF Extension`, each id at most once.
pub(super) fn extensions<'a>(list: &'a [u8], part: &'static str) -> Result<Vec<Extension<'a>>, Unusable> {
    let fail = |error: Asn1Error| malformed(part, error);
    let mut found: Vec<Extension<'a>> = Vec::new();
    for item in Values::of(list).all(MAX_EXTENSIONS).map_err(fail)? {
        if item.tag != tag::SEQUENCE {
            return Err(fail(Asn1Error::Unexpected { expected: tag::SEQUENCE, presented: item.tag }));
        }
        let mut fields = Values::of(item.value);
        let id = fields.expect(tag::OID).and_then(asn1::oid).map_err(fail)?;
        let critical = match fields.optional(BOOLEAN).map_err(fail)?.map(|flag| flag.value) {
            None | Some([0]) => false,
            Some([_]) => true,
            Some(_) => return Err(malformed(part, "a flag of more than one byte")),
        };
        let value = fields.expect(tag::OCTET_STRING).map_err(fail)?.value;
        fields.end().map_err(fail)?;
        if found.iter().any(|other| other.id == id) {
            return Err(malformed(part, format!("the extension {id} stands there twice")));
        }
        found.push(Extension { id, critical, value });
    }
    Ok(found)
}

/// UTCTime or GeneralizedTime in the forms of RFC 5280 section 4.1.2.5: whole seconds, in UTC.
pub(super) fn time(value: Tlv<'_>, part: &'static str) -> Result<Timestamp, Unusable> {
    let time = Time::from_der(value.raw).map_err(|error| malformed(part, error))?;
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).ok();
    seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()).ok_or_else(|| malformed(part, "a time out of range"))
}

/// GeneralizedTime and no other form.
pub(super) fn generalized_time(value: Tlv<'_>, part: &'static str) -> Result<Timestamp, Unusable> {
    if value.tag != tag::GENERALIZED_TIME {
        return Err(malformed(part, Asn1Error::Unexpected { expected: tag::GENERALIZED_TIME, presented: value.tag }));
    }
    time(value, part)
}

/// The octets of a BIT STRING without unused bits.
pub(super) fn octets_of_bits(value: &[u8]) -> Option<&[u8]> {
    match value.split_first() {
        Some((0, octets)) => Some(octets),
        _ => None,
    }
}

/// A number's octets without leading zeros, so that one number has one form, also where it is not written in its shortest.
pub(super) fn number(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.get(zeros..).unwrap_or_default()
}

/// The addresses among GeneralNames. Those of other kinds, and what is no plain text of a bearable length, are left out.
pub(super) fn addresses(names: &[u8], part: &'static str) -> Result<Vec<String>, Unusable> {
    let names = Values::of(names).all(MAX_NAMES).map_err(|error| malformed(part, error))?;
    Ok(names.into_iter().filter_map(address).collect())
}

/// The address that a GeneralName is.
pub(super) fn address(name: Tlv<'_>) -> Option<String> {
    let text = (name.tag == URI).then(|| std::str::from_utf8(name.value).ok())??;
    let is_plain = text.len() <= MAX_ADDRESS && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain.then(|| text.to_owned())
}

//! TSTInfo (RFC 3161 section 2.4.2).

use der::oid::ObjectIdentifier;
use jiff::{SignedDuration, Timestamp};

use super::{Fault, hash, malformed};
use crate::signature::asn1::{self, Asn1Error, Values, generalized_time, tag};
use crate::signature::x509::Hash;

/// The baseline time stamp policy (RFC 3628 section 5.1, ETSI EN 319 421): one second where no accuracy is given.
const BASELINE_POLICIES: &[ObjectIdentifier] = &[ObjectIdentifier::new_unwrap("0.4.0.2023.1.1")];

/// Extensions that are read; more are refused.
const MAX_EXTENSIONS: usize = 16;

pub(super) struct TstInfo {
    pub hash: Hash,
    /// The hash of what was stamped.
    pub imprint: Vec<u8>,
    pub generated_at: Timestamp,
    pub accuracy: SignedDuration,
}

impl TstInfo {
    pub fn parse(der: &[u8]) -> Result<Self, Fault> {
        const PART: &str = "TSTInfo";
        let fail = |error: Asn1Error| malformed(PART, error);
        let mut fields = Values::of(asn1::one(der, tag::SEQUENCE).map_err(fail)?.value);
        if fields.expect(tag::INTEGER).map_err(fail)?.value != [1] {
            return Err(malformed(PART, "its version is not 1"));
        }
        let policy = fields.expect(tag::OID).and_then(asn1::oid).map_err(fail)?;
        let mut imprint = Values::of(fields.expect(tag::SEQUENCE).map_err(fail)?.value);
        let hash = hash("its imprint", imprint.expect(tag::SEQUENCE).map_err(fail)?.value)?;
        let hashed = imprint.expect(tag::OCTET_STRING).map_err(fail)?.value.to_vec();
        imprint.end().map_err(fail)?;
        fields.expect(tag::INTEGER).map_err(fail)?;
        let time = fields.expect(tag::GENERALIZED_TIME).map_err(fail)?.value;
        let generated_at = generalized_time(time).ok_or_else(|| malformed("genTime", "it is not YYYYMMDDHHMMSS[.f]Z"))?;
        let accuracy = match fields.optional(tag::SEQUENCE).map_err(fail)? {
            Some(accuracy) => accuracy_of(accuracy.value).ok_or_else(|| malformed("accuracy", "it can't be read"))?,
            None if BASELINE_POLICIES.contains(&policy) => SignedDuration::from_secs(1),
            None => SignedDuration::ZERO,
        };
        fields.optional(tag::BOOLEAN).map_err(fail)?;
        fields.optional(tag::INTEGER).map_err(fail)?;
        fields.optional(tag::CONTEXT_0).map_err(fail)?;
        if let Some(extensions) = fields.optional(tag::CONTEXT_1).map_err(fail)? {
            check_extensions(extensions.value)?;
        }
        fields.end().map_err(fail)?;
        Ok(Self { hash, imprint: hashed, generated_at, accuracy })
    }
}

/// `SEQUENCE { seconds INTEGER OPTIONAL, millis [0] INTEGER (1..999) OPTIONAL, micros [1] INTEGER (1..999) OPTIONAL }`, its content.
fn accuracy_of(content: &[u8]) -> Option<SignedDuration> {
    let mut fields = Values::of(content);
    let seconds = fields.optional(tag::INTEGER).ok()?.map_or(Some(0), |value| small(value.value))?;
    let millis = fields.optional(0x80).ok()?.map_or(Some(0), |value| small(value.value))?;
    let micros = fields.optional(0x81).ok()?.map_or(Some(0), |value| small(value.value))?;
    fields.end().ok()?;
    if millis > 999 || micros > 999 {
        return None;
    }
    let parts = SignedDuration::from_millis(millis).checked_add(SignedDuration::from_micros(micros))?;
    SignedDuration::from_secs(seconds).checked_add(parts)
}

/// A number from 0 that fits in three octets: no accuracy is worse than half a year.
fn small(octets: &[u8]) -> Option<i64> {
    let shortest = octets.len() == 1 || octets.first() != Some(&0) || octets.get(1).is_some_and(|second| *second >= 0x80);
    if octets.is_empty() || octets.len() > 3 || octets.first().is_some_and(|first| *first >= 0x80) || !shortest {
        return None;
    }
    Some(octets.iter().fold(0, |sum, octet| (sum << 8) | i64::from(*octet)))
}

/// None is understood, so none may be critical.
fn check_extensions(content: &[u8]) -> Result<(), Fault> {
    const PART: &str = "extensions";
    let fail = |error: Asn1Error| malformed(PART, error);
    for extension in Values::of(content).all(MAX_EXTENSIONS).map_err(fail)? {
        let mut fields = Values::of(extension.value);
        let id = fields.expect(tag::OID).and_then(asn1::oid).map_err(fail)?;
        if fields.optional(tag::BOOLEAN).map_err(fail)?.is_some_and(|critical| critical.value != [0]) {
            return Err(malformed(PART, format!("the critical extension {id} is not understood")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracies_are_read_and_odd_ones_refused() {
        let read = |bytes: &[u8]| accuracy_of(bytes).map(|accuracy| accuracy.as_micros());
        assert_eq!(read(&[]), Some(0));
        assert_eq!(read(&[2, 1, 1]), Some(1_000_000));
        assert_eq!(read(&[2, 1, 1, 0x80, 2, 1, 0xf4, 0x81, 1, 100]), Some(1_500_100));
        // The largest and the shortest of each.
        assert_eq!(read(&[0x80, 2, 3, 0xe7, 0x81, 2, 3, 0xe7]), Some(999_999));
        assert_eq!(read(&[2, 3, 0x7f, 0xff, 0xff]), Some(0x7f_ffff_i128 * 1_000_000));
        assert_eq!(read(&[2, 1, 0]), Some(0));
        assert_eq!(read(&[2, 2, 1, 0]), Some(256_000_000));
        assert_eq!(read(&[2, 2, 0, 0x80]), Some(128_000_000));
        for odd in [
            &[2, 1, 0xff][..],
            &[2, 2, 0x80, 0],
            &[0x80, 2, 3, 0xe8],
            &[0x81, 2, 3, 0xe8],
            &[2, 2, 0, 1],
            &[2, 2, 0, 0x7f],
            &[2, 3, 0, 0, 1],
            &[0x81, 1, 1, 0x80, 1, 1],
            &[2, 0],
            &[2, 4, 1, 1, 1, 1],
        ] {
            assert_eq!(read(odd), None, "{odd:x?}");
        }
    }
    #[test]
    fn a_critical_extension_is_refused_and_another_is_passed_over() {
        let extension = |critical: &[u8]| {
            let fields = [&[6, 2, 0x2a, 3][..], critical, &[4, 1, 0]].concat();
            asn1::encode(tag::SEQUENCE, &fields)
        };
        let (plain, not, critical) = (extension(&[]), extension(&[1, 1, 0]), extension(&[1, 1, 0xff]));
        assert_eq!(check_extensions(&[plain.clone(), not].concat()), Ok(()));
        assert!(matches!(check_extensions(&[plain.clone(), critical].concat()), Err(Fault::Malformed { part: "extensions", .. })));
        assert!(check_extensions(&plain.repeat(MAX_EXTENSIONS)).is_ok());
        assert!(check_extensions(&plain.repeat(MAX_EXTENSIONS + 1)).is_err());
    }
}

//! Certificate revocation lists, RFC 5280 section 5: what a list says of one certificate.
//!
//! 1. It can be read whole, and its two signature algorithms are one (sections 5.1.1.2 and 5.1.2.2).
//! 2. The issuer of the certificate issued it and signed it, with a key that may sign lists (section 6.3.3, steps b and f).
//! 3. It is complete: no delta list, and none goes with it (sections 5.2.4 and 5.2.6).
//! 4. It is about certificates of this kind, of this issuer, for all reasons and from this place (section 5.2.5, 6.3.3 step b).
//! 5. It holds no critical extension that is not understood, nor does any of its entries (sections 5.2 and 5.3).
//! 6. It is fresh: `thisUpdate` has come, `nextUpdate` is there and has not passed (section 5.1.2).
//! 7. The certificate's serial number is on it, or not.
//!
//! Delta lists are not read: a list that has one beside it says nothing yet, and neither does a certificate that names one.

use der::oid::ObjectIdentifier;
use jiff::Timestamp;

use super::chain::Link;
use super::fields::{Extension, address, extensions, malformed, number, octets_of_bits, time};
use super::key::check;
use super::{INVALIDITY_DATE, SKEW, State, Status, Unusable, invalidity_date};
use crate::signature::asn1::{self, Asn1Error, Tlv, Values, tag};

const DELTA_INDICATOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.27");
const ISSUING_DISTRIBUTION_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
/// cRLDistributionPoints of a delta list, in a list or in a certificate.
pub(super) const FRESHEST_CRL: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.46");
const REASON: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");
const ENUMERATED: u8 = 0x0a;
/// In delta lists only: what they name is no longer revoked.
const REMOVE_FROM_CRL: u8 = 8;
/// Entries of one list; the largest public ones have some 300,000.
const MAX_ENTRIES: usize = 2_000_000;
/// Names in an issuing distribution point.
const MAX_NAMES: usize = 16;
const PART: &str = "the CRL";
const ENTRY: &str = "an entry of the CRL";

/// What the list says of the certificate; the steps are those of the module.
pub(super) fn judge(link: &Link, list: &[u8], now: Timestamp) -> Result<Status, Unusable> {
    let fail = |error: Asn1Error| malformed(PART, error);

    // 1
    let mut fields = Values::of(asn1::one(list, tag::SEQUENCE).map_err(fail)?.value);
    let content = fields.expect(tag::SEQUENCE).map_err(fail)?;
    let algorithm = fields.expect(tag::SEQUENCE).map_err(fail)?;
    let signature =
        octets_of_bits(fields.expect(tag::BIT_STRING).map_err(fail)?.value).ok_or_else(|| malformed(PART, "its signature is odd"))?;
    fields.end().map_err(fail)?;
    let parsed = Content::parse(content)?;
    if parsed.algorithm.raw != algorithm.raw {
        return Err(malformed(PART, "its two signature algorithms differ"));
    }

    // 2
    if parsed.issuer != link.issuer().subject {
        return Err(Unusable::Signer { who: "another CA than the certificate's issuer".into(), fault: "issued the list" });
    }
    if !link.issuer().extensions.key_usage.as_ref().is_some_and(|usage| usage.crl_sign()) {
        return Err(Unusable::Signer { who: link.issuer().subject_text.clone(), fault: "lacks the keyUsage cRLSign" });
    }
    check(link.issuer(), algorithm.value, content.raw, signature)?;

    // 3
    let has = |id: ObjectIdentifier| parsed.extensions.iter().any(|extension| extension.id == id);
    if has(DELTA_INDICATOR) || has(FRESHEST_CRL) || link.names_delta_list() {
        return Err(Unusable::Unsupported { what: "delta CRLs".into() });
    }

    // 4 and 5
    for extension in &parsed.extensions {
        match extension.id {
            ISSUING_DISTRIBUTION_POINT => in_scope(link, extension)?,
            other if extension.critical => return Err(Unusable::Unsupported { what: format!("the critical extension {other}") }),
            _ => {}
        }
    }

    // 6
    let next_update = parsed.next_update.ok_or_else(|| malformed(PART, "it does not say when the next one comes"))?;
    if parsed.this_update > now.saturating_add(SKEW).unwrap_or(now) {
        return Err(Unusable::NotYet { this_update: parsed.this_update, now });
    }
    if now > next_update.saturating_add(SKEW).unwrap_or(next_update) {
        return Err(Unusable::Stale { until: next_update, now });
    }

    // 7
    let state = parsed.state_of(link.serial())?;
    Ok(Status { state, this_update: parsed.this_update, next_update: Some(next_update) })
}

/// TBSCertList.
struct Content<'a> {
    algorithm: Tlv<'a>,
    issuer: &'a [u8],
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    entries: &'a [u8],
    extensions: Vec<Extension<'a>>,
}

impl<'a> Content<'a> {
    fn parse(content: Tlv<'a>) -> Result<Self, Unusable> {
        let fail = |error: Asn1Error| malformed(PART, error);
        let mut fields = Values::of(content.value);
        // Version 2 where there are extensions; version 1 has no field for it.
        let version = fields.optional(tag::INTEGER).map_err(fail)?;
        if version.is_some_and(|version| version.value != [1]) {
            return Err(malformed(PART, "its version is neither 1 nor 2"));
        }
        let algorithm = fields.expect(tag::SEQUENCE).map_err(fail)?;
        let issuer = fields.expect(tag::SEQUENCE).map_err(fail)?.raw;
        let this_update = time(fields.next().map_err(fail)?, PART)?;
        let next_update = match [UTC_TIME, tag::GENERALIZED_TIME].into_iter().find_map(|tag| fields.optional(tag).transpose()) {
            None => None,
            Some(next) => Some(time(next.map_err(fail)?, PART)?),
        };
        let entries = fields.optional(tag::SEQUENCE).map_err(fail)?.map(|list| list.value).unwrap_or_default();
        let extensions = match fields.optional(tag::CONTEXT_0).map_err(fail)? {
            None => Vec::new(),
            Some(_) if version.is_none() => return Err(malformed(PART, "it has extensions, and is of version 1")),
            Some(list) => extensions(asn1::one(list.value, tag::SEQUENCE).map_err(fail)?.value, PART)?,
        };
        fields.end().map_err(fail)?;
        Ok(Self { algorithm, issuer, this_update, next_update, entries, extensions })
    }

    /// Every entry is read, since one that cannot be understood forbids to say that the others are all (section 5.3).
    fn state_of(&self, serial: &[u8]) -> Result<State, Unusable> {
        let fail = |error: Asn1Error| malformed(ENTRY, error);
        let mut entries = Values::of(self.entries);
        let mut state = State::Good;
        let mut read = 0_usize;
        while !entries.is_empty() {
            read = read.saturating_add(1);
            if read > MAX_ENTRIES {
                return Err(fail(Asn1Error::TooMany(MAX_ENTRIES)));
            }
            let mut fields = Values::of(entries.expect(tag::SEQUENCE).map_err(fail)?.value);
            let is_about = number(fields.expect(tag::INTEGER).map_err(fail)?.value) == number(serial);
            let at = fields.next().map_err(fail)?;
            let of_entry = match fields.optional(tag::SEQUENCE).map_err(fail)? {
                None => Vec::new(),
                Some(list) => extensions(list.value, ENTRY)?,
            };
            fields.end().map_err(fail)?;
            let unknown = of_entry.iter().find(|e| e.critical && e.id != REASON && e.id != INVALIDITY_DATE);
            if let Some(unknown) = unknown {
                return Err(Unusable::Unsupported { what: format!("the critical extension {} of an entry", unknown.id) });
            }
            if !is_about {
                continue;
            }
            let reason = reason(&of_entry)?;
            if reason == Some(REMOVE_FROM_CRL) {
                return Err(malformed(ENTRY, "removeFromCRL in a list that is no delta list (section 5.3.1)"));
            }
            let entry = State::Revoked { at: time(at, ENTRY)?, reason, invalid_since: invalidity_date(&of_entry, ENTRY)? };
            // Of two entries the one that leaves less room counts.
            state = if entry.is_stricter_than(&state) { entry } else { state };
        }
        Ok(state)
    }
}

const UTC_TIME: u8 = 0x17;

fn reason(of_entry: &[Extension<'_>]) -> Result<Option<u8>, Unusable> {
    let Some(reason) = of_entry.iter().find(|extension| extension.id == REASON) else { return Ok(None) };
    let value = asn1::one(reason.value, ENUMERATED).map_err(|error| malformed(ENTRY, error))?.value;
    match value {
        [code] => Ok(Some(*code)),
        _ => Err(malformed(ENTRY, "a reason that is no number of one byte")),
    }
}

/// issuingDistributionPoint: all its fields are context-specific and implicit, but the first, which holds a choice.
fn in_scope(link: &Link, point: &Extension<'_>) -> Result<(), Unusable> {
    let fail = |error: Asn1Error| malformed("the CRL's issuing distribution point", error);
    let mut fields = Values::of(asn1::one(point.value, tag::SEQUENCE).map_err(fail)?.value);
    let place = fields.optional(tag::CONTEXT_0).map_err(fail)?;
    let only_users = flag(&mut fields, 0x81)?;
    let only_authorities = flag(&mut fields, 0x82)?;
    let some_reasons = fields.optional(0x83).map_err(fail)?.is_some();
    let indirect = flag(&mut fields, 0x84)?;
    let only_attributes = flag(&mut fields, 0x85)?;
    fields.end().map_err(fail)?;
    if indirect {
        return Err(Unusable::Unsupported { what: "indirect CRLs".into() });
    }
    if some_reasons {
        return Err(Unusable::Unsupported { what: "CRLs for some reasons only".into() });
    }
    let is_authority = link.certificate().extensions.basic_constraints.as_ref().is_some_and(|(_, constraints)| constraints.ca);
    if only_attributes || (only_users && is_authority) || (only_authorities && !is_authority) {
        return Err(Unusable::Scope { detail: "it is about certificates of another kind" });
    }
    let Some(place) = place else { return Ok(()) };
    let Ok(names) = asn1::one(place.value, tag::CONTEXT_0) else {
        return Err(Unusable::Unsupported { what: "a CRL's place that is relative to its issuer".into() });
    };
    let names = Values::of(names.value).all(MAX_NAMES).map_err(fail)?;
    // A list of another part of the CA's certificates is signed as well, and this certificate is not on it.
    if names.into_iter().filter_map(address).any(|name| link.crls().contains(&name)) {
        Ok(())
    } else {
        Err(Unusable::Scope { detail: "it is of another distribution point than the certificate names" })
    }
}

fn flag(fields: &mut Values<'_>, tag: u8) -> Result<bool, Unusable> {
    let part = "the CRL's issuing distribution point";
    match fields.optional(tag).map_err(|error| malformed(part, error))?.map(|flag| flag.value) {
        None | Some([0]) => Ok(false),
        Some([_]) => Ok(true),
        Some(_) => Err(malformed(part, "a flag of more than one byte")),
    }
}

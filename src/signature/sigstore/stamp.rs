//! Time stamps that the crate does not read: by authorities with an RSA key (RFC 3161 leaves the algorithm open).

use super::reading::Reading;
use crate::model::gap::{Gap, GapReason};
use crate::signature::asn1::{self, Values, tag};
use crate::signature::timestamp::Token;
use crate::signature::x509::KeyKind;

/// Takes the time stamps out of `reading` that hold by themselves and whose authority the crate cannot verify, and says how many there
/// were. Whoever attaches a time stamp can leave it out as well, so that one that is not read is worth as much as none.
pub(super) fn take_unread(reading: &mut Reading) -> usize {
    let before = reading.timestamps.len();
    let signature = reading.signature().to_vec();
    reading.timestamps.retain(|response| !is_unread(response, &signature));
    before.saturating_sub(reading.timestamps.len())
}

/// What is said where nothing else states a time.
pub(super) fn unread(subject: String) -> Gap {
    Gap {
        subject,
        wanted: "when a signature was made".into(),
        reason: GapReason::NotBuilt,
        detail: "its time stamp is by an authority with an RSA key, and nothing else states a time".into(),
        next_step: "Have it stamped by an authority that signs with ECDSA, or put it into a transparency log.".into(),
    }
}

fn is_unread(response: &[u8], signature: &[u8]) -> bool {
    let holds = token(response).and_then(|token| Token::parse(token, signature).ok());
    holds.is_some_and(|token| matches!(token.signer_key(), KeyKind::Rsa { .. }))
}

/// The token in a TimeStampResp (RFC 3161 section 2.4.2): the second value, after the status.
fn token(response: &[u8]) -> Option<&[u8]> {
    let mut values = Values::of(asn1::one(response, tag::SEQUENCE).ok()?.value);
    values.expect(tag::SEQUENCE).ok()?;
    let token = values.expect(tag::SEQUENCE).ok()?;
    values.end().ok()?;
    Some(token.raw)
}

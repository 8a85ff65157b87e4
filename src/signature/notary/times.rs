//! When the chain holds (specs/trust-store-trust-policy.md, "Authentic timestamp"). What does not hold here is data for the policy, which judges
//! it at its level.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::headers::Times;
use super::{ChainTime, SigningScheme, Span, Timestamping};
use crate::signature::TrustAnchors;
use crate::signature::timestamp::Token;
use crate::signature::x509::Certificate;

/// How names of trust stores of time stamp authorities begin.
const STORE_PREFIX: &str = "tsa:";

/// The chain's times, and the chains of the time stamp authority that hold (one at most for each store).
pub(super) struct Judged {
    pub chain_time: ChainTime,
    pub authorities: Vec<Vec<Vec<u8>>>,
    /// The latest end of the spans that hold.
    pub stamped_by: Option<Timestamp>,
}

/// `token`: the time stamp; `signature`: the signature value that it is of.
pub(super) fn judge(
    chain: &[Certificate],
    times: &Times,
    token: Option<&[u8]>,
    signature: &[u8],
    trust: &TrustAnchors,
    now: Timestamp,
) -> Judged {
    let fault = match times.scheme {
        SigningScheme::X509 => fault_at(chain, now, "now"),
        // The specification has no time stamps under this scheme: the signing authority's word is trusted.
        SigningScheme::SigningAuthority if times.signed_at > now => {
            Some(format!("the authentic signing time {} lies after now, {now}", times.signed_at))
        }
        SigningScheme::SigningAuthority => fault_at(chain, times.signed_at, "the authentic signing time"),
    };
    let expired = chain.iter().any(|certificate| now.as_second() > certificate.not_after.as_second());
    let mut judged = Judged { chain_time: ChainTime { fault, expired, timestamp: None }, authorities: Vec::new(), stamped_by: None };
    let (SigningScheme::X509, Some(token)) = (times.scheme, token) else { return judged };

    let parsed = Token::parse(token, signature);
    let mut under = BTreeMap::new();
    for store in trust.trust_stores.iter().filter(|store| store.name.starts_with(STORE_PREFIX)) {
        let result = parsed.as_ref().map_err(ToString::to_string).and_then(|token| {
            let holding = token.under(&store.certificates).map_err(|fault| fault.to_string())?;
            check_span(chain, times, holding.span, now)?;
            Ok(holding)
        });
        let span = result.map(|holding| {
            if !judged.authorities.contains(&holding.chain) {
                judged.authorities.push(holding.chain);
            }
            judged.stamped_by = judged.stamped_by.max(Some(holding.span.latest));
            holding.span
        });
        under.insert(store.name.clone(), span);
    }
    judged.chain_time.timestamp = Some(Timestamping { under });
    judged
}

fn fault_at(chain: &[Certificate], time: Timestamp, what: &str) -> Option<String> {
    let outside = chain.iter().find(|certificate| !certificate.is_valid_at(time))?;
    Some(format!("`{}` is not valid at {what}, {time}: valid {} to {}", outside.subject_text, outside.not_before, outside.not_after))
}

/// The whole span lies in the validity of each certificate, and some of it neither before the signer's own signing time (a time stamp is of a
/// signature that there is) nor after now. A tool that signs asks for the stamp at once: its genTime is a second or less later, and less than
/// the accuracy away.
fn check_span(chain: &[Certificate], times: &Times, span: Span, now: Timestamp) -> Result<(), String> {
    if span.earliest > now {
        return Err(format!("the time stamp was made at {} or later, which is after now, {now}", span.earliest));
    }
    if span.latest < times.signed_at {
        return Err(format!("the time stamp is of {} at the latest, before the signing time {}", span.latest, times.signed_at));
    }
    for certificate in chain {
        if span.earliest < certificate.not_before || span.latest > certificate.not_after {
            return Err(format!(
                "the time stamp is of {} to {}, but `{}` is valid {} to {}",
                span.earliest, span.latest, certificate.subject_text, certificate.not_before, certificate.not_after
            ));
        }
    }
    Ok(())
}

//! What an attestation must say, once it is known who signed it.

use std::collections::BTreeMap;

use super::candidate::Holding;
use super::cause::Cause;
use crate::model::printable::printable;
use crate::policy::condition::Given;
use crate::policy::decision::ReasonCode;
use crate::policy::schema::Attestation;
use crate::signature::SignerIdentity;
use crate::signature::sigstore::provenance::contradicts;
use crate::signature::sigstore::{By, Claim};

/// True where the attestation is of the type that is asked for, exactly.
pub(super) fn is_asked_for(asked: &Attestation, holding: &Holding) -> bool {
    holding.basis.statement.as_ref().is_some_and(|statement| statement.predicate_type == asked.predicate_type)
}

/// Why what it says is not what is asked for: all of it on this one attestation (DESIGN §4 rule 3). `subject` is the digest of the bytes
/// that the statement is about, computed by this process.
pub(super) fn refusals(asked: &Attestation, holding: &Holding, subject: &str) -> Vec<Cause> {
    // What a statement says is asked for like who signed it: `audit` logs it.
    let refuse = |text: String| Cause::refuse(ReasonCode::PredicateMismatch, text).about_authenticity();
    let Some(statement) = &holding.basis.statement else { return vec![refuse("it is no attestation".into())] };
    let mut causes = Vec::new();
    // A predicate is whatever its signer wrote. Where the certificate speaks of the same things, it must say the same.
    if let SignerIdentity::Sigstore(signer) = &holding.basis.identity
        && let Some(why) = contradicts(signer, statement)
    {
        causes.push(refuse(format!("the predicate contradicts the certificate: {}", printable(&why))));
    }
    if let Some(condition) = &asked.condition {
        let certificate = claims(holding);
        let given =
            Given { predicate: &statement.predicate, predicate_type: &statement.predicate_type, subject, certificate: &certificate };
        if let Err(why) = condition.holds(&given) {
            causes.push(refuse(format!("the condition `{}` does not hold: {}", printable(condition.text()), printable(&why))));
        }
    }
    causes
}

/// The certificate as a condition sees it. A claim that cannot be read is not there, which a condition never takes for a pass.
fn claims(holding: &Holding) -> BTreeMap<&str, &str> {
    let SignerIdentity::Sigstore(signer) = &holding.basis.identity else { return BTreeMap::new() };
    let By::Certificate { issuer, identity, claims } = &signer.by else { return BTreeMap::new() };
    let readable = claims.iter().filter_map(|(name, claim)| match claim {
        Claim::Text(text) => Some((*name, text.as_str())),
        Claim::Malformed => None,
    });
    readable.chain([("issuer", issuer.as_str()), ("identity", identity.as_str())]).collect()
}

//! Signatures of AWS Signer, where the verifier would have let something through.

use super::*;
use crate::model::gap::{Gap, GapReason};
use crate::signature::{Rejection, Undetermined};

const ROOT_NAME: &str = "aws-signer-lambda-unconfirmed";
const PROFILE: &str = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release";

fn ours() -> Policy {
    asks(&format!("{{aws_signer: {{root: {ROOT_NAME}, profiles: [\"{PROFILE}\"]}}}}"))
}

fn signed(expires_at: Option<&str>) -> JudgedSignature {
    let identity = SignerIdentity::AwsSigner { profile_version: format!("{PROFILE}/AbCdEfGhIj").parse().unwrap(), job_arn: "job".into() };
    valid(identity, &[ROOT_NAME], |basis| basis.expires_at = expires_at.map(time))
}

#[test]
fn a_signature_that_states_no_expiry_is_refused_as_one_that_has_expired_is() {
    let policy = ours();
    trusted(&decide(&policy, vec![signed(Some("2026-10-01T00:00:01Z"))]));
    for expires_at in [None, Some(NOW)] {
        refused(&decide(&policy, vec![signed(expires_at)]), ReasonCode::Expired);
    }
}

#[test]
fn what_could_not_be_had_beside_an_artifact_may_be_of_any_scheme_but_one_that_stands_inside() {
    let reason = GapReason::Unreachable;
    let gap = Gap { subject: "s".into(), wanted: "w".into(), reason, detail: String::new(), next_step: String::new() };
    let outcome = Outcome::Inconclusive(Undetermined { gap, chain_and_identity_verified: false });
    let of = |scheme| JudgedSignature { scheme, outcome: outcome.clone(), ..by(workflow()) };
    let decided = |policy: &Policy, scheme| decide(policy, vec![of(scheme)]);
    for (policy, scheme) in [(asks(OURS), "oci-referrers"), (asks(OURS), fulcio::NAME), (ours(), "aws-signer")] {
        let decision = decided(&policy, scheme);
        assert_eq!(decision.verdict, Verdict::Undecided, "{scheme}: {decision:#?}");
    }
    // What a stranger put beside it, and does not hold, says nothing of the one that could not be had.
    let stranger = JudgedSignature { outcome: Outcome::Invalid(Rejection::BadSignature), ..by(workflow()) };
    assert_eq!(decide(&ours(), vec![of("aws-signer"), stranger]).verdict, Verdict::Undecided);
    refused(&decided(&ours(), "oci-referrers"), ReasonCode::Unsigned);
    refused(&decided(&ours(), fulcio::NAME), ReasonCode::Unsigned);
    refused(&decided(&asks(OURS), project::NAME), ReasonCode::Unsigned);
    refused(&decided(&asks(OURS), "aws-signer"), ReasonCode::Unsigned);
}

#[test]
fn two_versions_of_one_profile_are_not_two_signers() {
    let by = |id: &str, profile: String| {
        let identity = SignerIdentity::AwsSigner { profile_version: profile.parse().unwrap(), job_arn: format!("job {id}") };
        valid(identity, &[ROOT_NAME], |basis| {
            basis.signature_id = id.into();
            basis.expires_at = Some(time("2026-12-01T00:00:00Z"));
        })
    };
    let of = |profile: &str| format!("{{aws_signer: {{root: {ROOT_NAME}, profiles: [\"{profile}\"]}}}}");
    let decided = |first: String, second: String| {
        let policy = asks(&format!("{{all: [{}, {}]}}", of(&first), of(&second)));
        decide(&policy, vec![by("1", first), by("2", second)])
    };
    refused(&decided(format!("{PROFILE}/AAAAAAAAAA"), format!("{PROFILE}/BBBBBBBBBB")), ReasonCode::ThresholdNotMet);
    trusted(&decided(format!("{PROFILE}/AAAAAAAAAA"), format!("{}/AAAAAAAAAA", PROFILE.replace("release", "audit"))));
}

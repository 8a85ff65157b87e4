//! Attestations.

use serde_json::json;

use super::*;

const SLSA: &str = "https://slsa.dev/provenance/v1";
const BUILDER: &str = "https://github.com/actions/runner/github-hosted";

fn provenance() -> Value {
    json!({"runDetails": {"builder": {"id": BUILDER}}})
}

fn policy(rest: &str) -> Policy {
    policy_at("strict", &format!("attestations: [{{predicate_type: \"{SLSA}\", signed_by: {OURS}{rest}}}]"))
}

fn on_builder() -> Policy {
    policy(&format!(", where: \"predicate.runDetails.builder.id == '{BUILDER}'\""))
}

fn stranger() -> fulcio::Signer {
    let mut signer = workflow();
    let By::Certificate { identity, .. } = &mut signer.by else { panic!() };
    *identity = "https://github.com/evil/app/.github/workflows/release.yml@refs/heads/main".into();
    signer
}

#[test]
fn our_provenance_is_trusted_and_named() {
    let decision = decide(&on_builder(), vec![attests(workflow(), SLSA, provenance())]);
    trusted(&decision);
    assert_eq!(decision.rests_on[0].predicate_type.as_deref(), Some(SLSA));
}

#[test]
fn an_attestation_is_no_signature_and_a_signature_no_attestation() {
    refused(&decide(&asks(OURS), vec![attests(workflow(), SLSA, provenance())]), ReasonCode::Unsigned);
    refused(&decide(&policy(""), vec![by(workflow())]), ReasonCode::AttestationMissing);
}

#[test]
fn a_valid_attestation_of_another_type_is_not_the_one_that_is_asked_for() {
    for other in ["https://slsa.dev/provenance/v0.2", "https://slsa.dev/provenance/v1/", "https://slsa.dev/provenance/V1", ""] {
        refused(&decide(&policy(""), vec![attests(workflow(), other, provenance())]), ReasonCode::AttestationMissing);
    }
    refused(&decide(&policy(""), Vec::new()), ReasonCode::AttestationMissing);
}

#[test]
fn a_strangers_attestation_says_nothing() {
    refused(&decide(&on_builder(), vec![attests(stranger(), SLSA, provenance())]), ReasonCode::UntrustedIdentity);
}

#[test]
fn rule_03_right_signer_and_right_predicate_on_two_attestations_do_not_add_up() {
    let ours = attests(workflow(), SLSA, json!({"runDetails": {"builder": {"id": "self-hosted"}}}));
    let theirs = attests(stranger(), SLSA, provenance());
    let decision = decide(&on_builder(), vec![ours, theirs]);
    refused(&decision, ReasonCode::PredicateMismatch);
    refused(&decision, ReasonCode::UntrustedIdentity);
}

#[test]
fn rule_03_an_error_a_missing_key_or_a_value_that_is_no_boolean_is_a_rejection() {
    for predicate in [json!({}), json!(null), json!([]), json!({"runDetails": BUILDER}), json!({"runDetails": {"builder": {"id": 1}}})] {
        refused(&decide(&on_builder(), vec![attests(workflow(), SLSA, predicate)]), ReasonCode::PredicateMismatch);
    }
    for condition in ["predicate.runDetails", "predicate.missing != 'x'", "!(predicate.missing == 'x')", "certificate.missing != 'x'"] {
        let policy = policy(&format!(", where: \"{condition}\""));
        refused(&decide(&policy, vec![attests(workflow(), SLSA, provenance())]), ReasonCode::PredicateMismatch);
    }
}

#[test]
fn a_claim_that_cannot_be_read_is_not_there_for_a_condition() {
    let readable = policy(", where: \"certificate.runner_environment == 'github-hosted'\"");
    trusted(&decide(&readable, vec![attests(workflow(), SLSA, provenance())]));
    let malformed = policy(", where: \"certificate.build_trigger != 'pull_request_target'\"");
    refused(&decide(&malformed, vec![attests(workflow(), SLSA, provenance())]), ReasonCode::PredicateMismatch);
}

#[test]
fn a_condition_sees_the_digest_that_was_computed() {
    let policy = policy(&format!(", where: \"subject.digest == '{}'\"", digest()));
    trusted(&decide(&policy, vec![attests(workflow(), SLSA, provenance())]));
}

#[test]
fn every_attestation_that_is_listed_is_asked_for() {
    let both = policy_at(
        "strict",
        &format!(
            "attestations:\n  - {{predicate_type: \"{SLSA}\", signed_by: {OURS}}}\n  - {{predicate_type: \"https://example.com/scan\", signed_by: {OURS}}}"
        ),
    );
    refused(&decide(&both, vec![attests(workflow(), SLSA, provenance())]), ReasonCode::AttestationMissing);
    trusted(&decide(&both, vec![attests(workflow(), SLSA, provenance()), attests(workflow(), "https://example.com/scan", json!({}))]));
}

#[test]
fn two_attestations_of_one_signer_are_not_two_signers() {
    let second = OURS.replace("refs/heads/main", "refs/tags/v1");
    let both = policy_at("strict", &format!("attestations: [{{predicate_type: \"{SLSA}\", signed_by: {{all: [{OURS}, {second}]}}}}]"));
    let mut on_tag = workflow();
    let By::Certificate { identity, .. } = &mut on_tag.by else { panic!() };
    *identity = identity.replace("refs/heads/main", "refs/tags/v1");
    let decision = decide(&both, vec![attests(workflow(), SLSA, provenance()), attests(on_tag, SLSA, provenance())]);
    refused(&decision, ReasonCode::ThresholdNotMet);
}

#[test]
fn an_attestation_whose_log_does_not_vouch_is_refused() {
    let mut unlogged = workflow();
    unlogged.proofs = BTreeMap::from([(ROOT.to_owned(), Proof { transparency: Transparency::Promise, ..proof() })]);
    refused(&decide(&policy(""), vec![attests(unlogged, SLSA, provenance())]), ReasonCode::NoTransparency);
}

#[test]
fn rule_06_audit_logs_what_an_attestation_says_and_never_trusts() {
    let rest = format!("attestations: [{{predicate_type: \"{SLSA}\", signed_by: {OURS}, where: \"predicate.ok\"}}]\nreason: x");
    let audit = policy_at("audit", &rest);
    for predicate in [json!({"ok": true}), json!({"ok": false}), json!({})] {
        let decision = decide(&audit, vec![attests(workflow(), SLSA, predicate.clone())]);
        assert_eq!(decision.verdict, Verdict::Exempt, "{decision:#?}");
        let logged = decision.statements[0].logged.iter().any(|line| line.contains("`predicate.ok` does not hold"));
        assert_eq!(logged, predicate != json!({"ok": true}), "{decision:#?}");
    }
}

#[test]
fn a_provenance_that_contradicts_its_certificate_is_refused() {
    let mut signer = workflow();
    let By::Certificate { claims, .. } = &mut signer.by else { panic!() };
    claims.insert("source_repository_uri", Claim::Text("https://github.com/acme/app".into()));
    let of = |repository: &str| json!({"buildDefinition": {"externalParameters": {"workflow": {"repository": repository}}}});
    trusted(&decide(&policy(""), vec![attests(signer.clone(), SLSA, of("https://github.com/acme/app"))]));
    refused(&decide(&policy(""), vec![attests(signer, SLSA, of("https://github.com/evil/app"))]), ReasonCode::PredicateMismatch);
}

#[test]
fn signatures_and_attestations_must_both_hold() {
    let both = policy_at("strict", &format!("signatures: {OURS}\nattestations: [{{predicate_type: \"{SLSA}\", signed_by: {OURS}}}]"));
    refused(&decide(&both, vec![by(workflow())]), ReasonCode::AttestationMissing);
    refused(&decide(&both, vec![attests(workflow(), SLSA, provenance())]), ReasonCode::Unsigned);
    let decision = decide(&both, vec![by(workflow()), attests(workflow(), SLSA, provenance())]);
    trusted(&decision);
    assert_eq!(decision.rests_on.len(), 2);
}

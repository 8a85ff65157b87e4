//! Notary signers, at the aspects of the level.

use super::*;
use crate::model::gap::{Gap, GapReason};
use crate::signature::notary::{AwsSigner, Span, Timestamping};
use crate::signature::revocation::{AnswerSource, ChainOf};

const SUBJECT: &str = "x509.subject: C=US, ST=WA, O=Acme";

fn named(inner: &str, identities: &str) -> Policy {
    asks(&format!("{{notary: {{{inner}, identities: [{identities}]}}}}"))
}

fn ours(extra: &str) -> Policy {
    named(&format!("trust_store: \"ca:acme\"{extra}"), &format!("\"{SUBJECT}\""))
}

fn with(change: impl FnOnce(&mut project::Signer)) -> JudgedSignature {
    let mut signer = release();
    change(&mut signer);
    noted(signer, "ca:acme")
}

fn of_aws(profile: &str) -> project::Signer {
    let by = AwsSigner { profile_version: profile.parse().unwrap(), job_arn: "job".into() };
    project::Signer { signing_scheme: SigningScheme::SigningAuthority, aws_signer: Some(by), ..release() }
}

const PROFILE: &str = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/AbCdEfGhIj";
const AWS: &str = "signingAuthority:aws-signer-ts";

fn stamped(result: Result<(), &str>) -> Option<Timestamping> {
    let span = Span { earliest: time("2026-08-01T00:00:00Z"), latest: time("2026-08-01T00:00:01Z") };
    Some(Timestamping { under: BTreeMap::from([("tsa:acme".to_owned(), result.map(|()| span).map_err(str::to_owned))]) })
}

#[test]
fn a_time_stamp_that_nothing_rests_on_leaves_nothing_open_and_one_that_counts_does() {
    let asked = |of| RevocationQuestion::Certificates { of, chain: Vec::new(), used_at: None };
    let signature = |expired: bool, questions: Vec<RevocationQuestion>| {
        let chain_time = ChainTime { expired, timestamp: stamped(Ok(())), ..release().chain_time };
        let signer = project::Signer { chain_time, ..release() };
        valid(SignerIdentity::Notary(Box::new(signer)), &["ca:acme"], |basis| basis.revocation = questions)
    };
    // Revocation of the signer is not looked at here; that of an authority whose time stamp counts is a matter of the time stamp.
    let stamp = || vec![asked(ChainOf::TimestampAuthority)];
    trusted(&decide(&ours(""), vec![signature(false, stamp())]));
    trusted(&decide(&ours(", tsa: \"tsa:acme\", verify_timestamp: after_cert_expiry"), vec![signature(false, stamp())]));
    for policy in [ours(", tsa: \"tsa:acme\""), ours(", tsa: \"tsa:acme\", verify_timestamp: after_cert_expiry")] {
        let decision = decide(&policy, vec![signature(true, stamp())]);
        assert_eq!(decision.verdict, Verdict::Undecided, "{decision:#?}");
        assert_eq!(decision.reasons[0].code, ReasonCode::RevocationUnknown);
    }
}

#[test]
fn revoked_refuses_whatever_else_could_not_be_learned_and_in_whatever_order() {
    let signer = project::Signer { chain_time: ChainTime { timestamp: stamped(Ok(())), ..release().chain_time }, ..release() };
    let asked = |of| RevocationQuestion::Certificates { of, chain: Vec::new(), used_at: None };
    let unknown = RevocationAnswer::Unknown(Gap {
        subject: "x".into(),
        wanted: "revocation".into(),
        reason: GapReason::Unreachable,
        detail: String::new(),
        next_step: String::new(),
    });
    let revoked = RevocationAnswer::Revoked { what: vec!["the certificate".into()], source: AnswerSource::Live };
    let enforced = "{notary: {trust_store: \"ca:acme\", tsa: \"tsa:acme\", identities: [\"x509.subject: C=US, ST=WA, O=Acme\"]}}";
    let policy = policy_at("strict", &format!("signatures: {enforced}\naspects: {{revocation: enforce}}"));
    for (of_signer, of_stamp) in [(&revoked, &unknown), (&unknown, &revoked)] {
        let answers = [(ChainOf::Signer, of_signer), (ChainOf::TimestampAuthority, of_stamp)];
        let answers = BTreeMap::from(answers.map(|(of, answer)| (asked(of), answer.clone())));
        for order in [[ChainOf::Signer, ChainOf::TimestampAuthority], [ChainOf::TimestampAuthority, ChainOf::Signer]] {
            let identity = SignerIdentity::Notary(Box::new(signer.clone()));
            let signature = valid(identity, &["ca:acme"], |basis| basis.revocation = order.map(asked).to_vec());
            refused(&decide_where(&policy, vec![signature], answers.clone()), ReasonCode::Revoked);
        }
    }
}

#[test]
fn our_signer_is_trusted() {
    trusted(&decide(&ours(""), vec![noted(release(), "ca:acme")]));
    trusted(&decide(&named("trust_store: \"ca:acme\"", "\"*\""), vec![noted(release(), "ca:acme")]));
}

#[test]
fn a_certificate_of_another_store_is_not_trusted() {
    for store in ["ca:other", "tsa:acme", "signingAuthority:acme"] {
        refused(&decide(&ours(""), vec![noted(release(), store)]), ReasonCode::UntrustedRoot);
    }
}

#[test]
fn a_store_of_the_other_type_is_never_lent_to_a_scheme() {
    let authority = project::Signer { signing_scheme: SigningScheme::SigningAuthority, ..release() };
    refused(&decide(&ours(""), vec![noted(authority, "ca:acme")]), ReasonCode::UntrustedRoot);
    let policy = named("trust_store: \"signingAuthority:acme\"", &format!("\"{SUBJECT}\""));
    refused(&decide(&policy, vec![noted(release(), "signingAuthority:acme")]), ReasonCode::UntrustedRoot);
}

#[test]
fn another_subject_is_not_ours() {
    for (kind, value) in [("O", "Acme2"), ("O", "acme"), ("ST", "CA"), ("C", "DE")] {
        let other = with(|signer| signer.subject.iter_mut().filter(|(k, _)| k == kind).for_each(|(_, v)| *v = value.into()));
        refused(&decide(&ours(""), vec![other]), ReasonCode::UntrustedIdentity);
    }
    refused(&decide(&ours(""), vec![with(|signer| signer.subject.push(("O".into(), "Acme".into())))]), ReasonCode::UntrustedIdentity);
    let narrower = named("trust_store: \"ca:acme\"", &format!("\"{SUBJECT}, CN=other\""));
    refused(&decide(&narrower, vec![noted(release(), "ca:acme")]), ReasonCode::UntrustedIdentity);
}

#[test]
fn anybody_in_a_store_is_not_anybody_who_signs_with_aws_signer() {
    let policy = named("trust_store: \"signingAuthority:acme\"", "\"*\"");
    refused(&decide(&policy, vec![noted(of_aws(PROFILE), "signingAuthority:acme")]), ReasonCode::UntrustedIdentity);
    let subject = named("trust_store: \"signingAuthority:acme\"", &format!("\"{SUBJECT}\""));
    refused(&decide(&subject, vec![noted(of_aws(PROFILE), "signingAuthority:acme")]), ReasonCode::UntrustedIdentity);
}

#[test]
fn two_versions_of_one_profile_are_not_two_signers() {
    let versions = [PROFILE.to_owned(), PROFILE.replace("AbCdEfGhIj", "ZZZZZZZZZZ")];
    let of = |profile: &str| format!("{{notary: {{trust_store: \"{AWS}\", identities: [\"{profile}\"]}}}}");
    let policy = asks(&format!("{{all: [{}, {}]}}", of(&versions[0]), of(&versions[1])));
    let by = |(id, profile): (usize, &String)| {
        let identity = SignerIdentity::Notary(Box::new(of_aws(profile)));
        valid(identity, &[AWS], |basis| basis.signature_id = id.to_string())
    };
    refused(&decide(&policy, versions.iter().enumerate().map(by).collect()), ReasonCode::ThresholdNotMet);
    let of_two = [versions[0].clone(), PROFILE.replace("release", "audit")];
    let policy = asks(&format!("{{all: [{}, {}]}}", of(&of_two[0]), of(&of_two[1])));
    trusted(&decide(&policy, of_two.iter().enumerate().map(by).collect()));
}

#[test]
fn a_profile_of_another_account_region_or_version_is_not_ours() {
    let policy = |arn: &str| named(&format!("trust_store: \"{AWS}\""), &format!("\"{arn}\""));
    let release = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release";
    trusted(&decide(&policy(release), vec![noted(of_aws(PROFILE), AWS)]));
    trusted(&decide(&policy(PROFILE), vec![noted(of_aws(PROFILE), AWS)]));
    for other in [
        "arn:aws:signer:eu-west-1:444455556666:/signing-profiles/release",
        "arn:aws:signer:eu-west-2:111122223333:/signing-profiles/release",
        "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release2",
        "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/ZZZZZZZZZZ",
    ] {
        refused(&decide(&policy(other), vec![noted(of_aws(PROFILE), AWS)]), ReasonCode::UntrustedIdentity);
    }
    // Rule 4: an image of another registry has no region that a placeholder could stand for.
    let placeholder = policy("arn:aws:signer:{region}:111122223333:/signing-profiles/release");
    refused(&decide(&placeholder, vec![noted(of_aws(PROFILE), AWS)]), ReasonCode::UntrustedIdentity);
}

#[test]
fn a_profile_arn_is_not_met_by_a_certificate_without_the_plugins_attributes() {
    let policy = named(&format!("trust_store: \"{AWS}\""), &format!("\"{PROFILE}\""));
    let plain = project::Signer { signing_scheme: SigningScheme::SigningAuthority, ..release() };
    refused(&decide(&policy, vec![noted(plain, AWS)]), ReasonCode::UntrustedIdentity);
}

#[test]
fn user_metadata_that_is_asked_for_must_all_be_signed_along() {
    let signed = || with(|signer| signer.annotations = [("build", "42"), ("commit", "abc")].map(|(k, v)| (k.into(), v.into())).into());
    for asked in ["{build: \"42\"}", "{build: \"42\", commit: abc}"] {
        trusted(&decide(&ours(&format!(", annotations: {asked}")), vec![signed()]));
    }
    for asked in ["{build: \"43\"}", "{build: \"42\", commit: abcd}", "{build: \"42\", region: eu}", "{Build: \"42\"}"] {
        refused(&decide(&ours(&format!(", annotations: {asked}")), vec![signed()]), ReasonCode::ClaimMismatch);
        // Another signature does not lend its own.
        refused(&decide(&ours(&format!(", annotations: {asked}")), vec![signed(), noted(release(), "ca:acme")]), ReasonCode::ClaimMismatch);
    }
}

#[test]
fn a_chain_that_does_not_hold_is_refused_where_the_time_is_enforced_and_logged_where_not() {
    let broken = with(|signer| signer.chain_time = ChainTime { fault: Some("it expired".into()), expired: true, timestamp: None });
    refused(&decide(&ours(""), vec![broken.clone()]), ReasonCode::OutsideValidity);
    let permissive = policy_at(
        "permissive",
        &format!("signatures: {{notary: {{trust_store: \"ca:acme\", identities: [\"{SUBJECT}\"]}}}}\naspects: {{revocation: skip}}"),
    );
    let decision = decide(&permissive, vec![broken]);
    trusted(&decision);
    assert!(decision.statements[0].logged.iter().any(|line| line.contains("it expired")), "{decision:#?}");
}

#[test]
fn a_time_stamp_that_is_asked_for_is_not_replaced_by_a_chain_that_holds_now() {
    let always = ours(", tsa: \"tsa:acme\"");
    refused(&decide(&always, vec![noted(release(), "ca:acme")]), ReasonCode::TimestampMissing);
    refused(&decide(&always, vec![with(|signer| signer.chain_time.timestamp = stamped(Err("tampered")))]), ReasonCode::TimestampMissing);
    let elsewhere = Some(Timestamping { under: BTreeMap::new() });
    refused(&decide(&always, vec![with(|signer| signer.chain_time.timestamp = elsewhere)]), ReasonCode::TimestampMissing);
    trusted(&decide(&always, vec![with(|signer| signer.chain_time.timestamp = stamped(Ok(())))]));
}

#[test]
fn a_time_stamp_keeps_an_expired_chain_and_a_bad_one_does_not() {
    let expired = |timestamp| with(|signer| signer.chain_time = ChainTime { fault: Some("it expired".into()), expired: true, timestamp });
    for extra in [", tsa: \"tsa:acme\"", ", tsa: \"tsa:acme\", verify_timestamp: after_cert_expiry"] {
        trusted(&decide(&ours(extra), vec![expired(stamped(Ok(())))]));
        refused(&decide(&ours(extra), vec![expired(stamped(Err("outside")))]), ReasonCode::TimestampMissing);
        refused(&decide(&ours(extra), vec![expired(None)]), ReasonCode::TimestampMissing);
    }
    // Without a store of time stamp authorities nobody vouches for the time, whatever stands in the envelope.
    refused(&decide(&ours(""), vec![expired(stamped(Ok(())))]), ReasonCode::OutsideValidity);
}

#[test]
fn after_expiry_only_means_that_a_chain_that_holds_needs_no_time_stamp_and_one_that_is_not_yet_valid_fails() {
    let after = ours(", tsa: \"tsa:acme\", verify_timestamp: after_cert_expiry");
    trusted(&decide(&after, vec![noted(release(), "ca:acme")]));
    let early =
        |timestamp| with(|signer| signer.chain_time = ChainTime { fault: Some("it is not valid yet".into()), expired: false, timestamp });
    refused(&decide(&after, vec![early(None)]), ReasonCode::OutsideValidity);
    refused(&decide(&after, vec![early(stamped(Ok(())))]), ReasonCode::OutsideValidity);
}

#[test]
fn a_signing_authoritys_chain_is_judged_at_its_own_time_and_no_time_stamp_mends_it() {
    let policy = named("trust_store: \"signingAuthority:acme\"", &format!("\"{SUBJECT}\""));
    let authority = |fault: Option<&str>| project::Signer {
        signing_scheme: SigningScheme::SigningAuthority,
        chain_time: ChainTime { fault: fault.map(str::to_owned), expired: true, timestamp: stamped(Ok(())) },
        ..release()
    };
    trusted(&decide(&policy, vec![noted(authority(None), "signingAuthority:acme")]));
    refused(&decide(&policy, vec![noted(authority(Some("it was not valid then")), "signingAuthority:acme")]), ReasonCode::OutsideValidity);
}

#[test]
fn an_expired_signature_is_refused_under_strict_and_logged_under_permissive() {
    let expiring = |at: &str| valid(SignerIdentity::Notary(Box::new(release())), &["ca:acme"], |basis| basis.expires_at = Some(time(at)));
    refused(&decide(&ours(""), vec![expiring(NOW)]), ReasonCode::Expired);
    trusted(&decide(&ours(""), vec![expiring("2026-10-01T00:00:01Z")]));
    let permissive = policy_at("permissive", &format!("signatures: {{notary: {{trust_store: \"ca:acme\", identities: [\"{SUBJECT}\"]}}}}"));
    let decision = decide(&permissive, vec![expiring(NOW)]);
    trusted(&decision);
    assert!(decision.statements[0].logged.iter().any(|line| line.contains("expired")));
}

#[test]
fn rule_06_a_signature_that_leaves_no_question_of_revocation_is_not_taken_for_one_that_was_not_revoked() {
    let enforced = policy_at("strict", &format!("signatures: {{notary: {{trust_store: \"ca:acme\", identities: [\"{SUBJECT}\"]}}}}"));
    let decision = decide(&enforced, vec![noted(release(), "ca:acme")]);
    assert_eq!(decision.verdict, Verdict::Undecided, "{decision:#?}");
    assert!(decision.reasons.iter().any(|reason| reason.code == ReasonCode::RevocationUnknown));
}

#[test]
fn rule_06_audit_never_trusts_and_logs_who_signed() {
    let rest = format!("signatures: {{notary: {{trust_store: \"ca:acme\", identities: [\"{SUBJECT}\"]}}}}\nreason: x");
    let audit = policy_at("audit", &rest);
    assert_eq!(decide(&audit, vec![noted(release(), "ca:acme")]).verdict, Verdict::Exempt);
    let decision = decide(&audit, vec![noted(release(), "ca:other")]);
    assert_eq!(decision.verdict, Verdict::Exempt);
    assert!(decision.statements[0].logged.iter().any(|line| line.contains("ca:other")), "{decision:#?}");
}

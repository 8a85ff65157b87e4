//! SIG001 to SIG018, as far as no valid signature is needed; those are in `signed.rs`.

use layerproof::finding::{Confidence, Severity};
use layerproof::model::artifact::{ServiceSigning, Subject};
use layerproof::model::gap::GapReason;
use layerproof::model::observed::Observed;
use layerproof::policy::decision::{ReasonCode, Verdict};
use layerproof::signature::Rejection;
use layerproof::unpack::AnomalyKind;

use super::fleet::*;

fn one_layer() -> (Fleet, Subject) {
    let mut fleet = Fleet::new();
    let arn = layer("deps", 1);
    fleet.layer(&arn, b"layer");
    fleet.users(1, &arn);
    (fleet, Subject::Layer(arn))
}

#[test]
fn sig001_sig002_sig003_unsigned_artifacts_each_by_their_own_rule() {
    let (mut fleet, _) = one_layer();
    fleet.artifact(Subject::Image(resolved(b"m")), b"m");
    for (rule, kind) in [("SIG001", ":layer:deps:1"), ("SIG002", ":function:user000:$LATEST"), ("SIG003", "/app@sha256:")] {
        let finding = fleet.one(rule);
        assert!(finding.subject.contains(kind), "{rule}: {}", finding.subject);
        assert_eq!(finding.severity, Severity::High);
    }
    assert_eq!(fleet.one("SIG001").affects.len(), 1);
}

#[test]
fn sig001_sig002_sig003_could_not_look_is_never_unsigned() {
    let (mut fleet, _) = one_layer();
    fleet.artifact(Subject::Image(resolved(b"m")), b"m");
    for artifact in fleet.evidence.artifacts.values_mut() {
        artifact.signatures = Observed::Unknown(gap("x", GapReason::NotBuilt));
    }
    for rule in ["SIG001", "SIG002", "SIG003"] {
        fleet.none(rule);
    }
    assert_eq!(fleet.of("OPS001").len(), 1);
}

#[test]
fn sig001_a_list_without_signatures_is_unsigned() {
    let (mut fleet, subject) = one_layer();
    fleet.at(&subject).signatures = Observed::Present(Vec::new());
    assert_eq!(fleet.of("SIG001").len(), 1);
}

#[test]
fn sig001_signature_that_does_not_hold_or_could_not_be_judged_is_not_unsigned() {
    let (mut fleet, subject) = one_layer();
    fleet.at(&subject).signatures = rejected(content_digest());
    fleet.none("SIG001");
    fleet.at(&subject).signatures = inconclusive(GapReason::Unconfirmed);
    fleet.none("SIG001");
}

#[test]
fn sig001_exempt_by_skip_is_still_said_at_info_and_audit_at_medium() {
    let (mut fleet, subject) = one_layer();
    for (verdict, level, severity) in [
        (Verdict::Exempt, "skip", Severity::Info),
        (Verdict::Exempt, "audit", Severity::Medium),
        (Verdict::Refused, "skip", Severity::High),
        (Verdict::NoStatement, "strict", Severity::High),
    ] {
        fleet.decide(&subject, verdict, level, &[]);
        assert_eq!(fleet.one("SIG001").severity, severity, "{verdict:?} {level}");
    }
}

#[test]
fn sig002_versions_that_share_a_zip_are_told_once() {
    let mut fleet = Fleet::new();
    fleet.function("app", vec![zip("app", "$LATEST", b"one"), zip("app", "1", b"one"), zip("app", "2", b"two")]);
    let found = fleet.of("SIG002");
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!(found[0].affects.len() + found[1].affects.len(), 3);
}

#[test]
fn sig004_content_changed_after_signing_is_tampering_at_every_level() {
    let (mut fleet, subject) = one_layer();
    fleet.at(&subject).signatures = rejected(content_digest());
    fleet.decide(&subject, Verdict::Exempt, "skip", &[]);
    let finding = fleet.one("SIG004");
    assert_eq!(finding.severity, Severity::Critical);
    assert!(finding.message.contains("digest is bb, but aa was signed"), "{}", finding.message);
    fleet.none("SIG005");
}

#[test]
fn sig004_what_anybody_can_put_beside_a_trusted_artifact_does_not_make_it_tampered_with_and_what_is_inside_does() {
    let (mut fleet, subject) = one_layer();
    let beside = |scheme| {
        let mut found = rejected(content_digest());
        let Observed::Present(signatures) = &mut found else { unreachable!() };
        signatures[0].scheme = scheme;
        found
    };
    for scheme in ["sigstore", "notary"] {
        fleet.at(&subject).signatures = beside(scheme);
        for verdict in [Verdict::Refused, Verdict::Undecided, Verdict::NoStatement, Verdict::Exempt] {
            fleet.decide(&subject, verdict, "strict", &[]);
            assert_eq!(fleet.one("SIG004").severity, Severity::Critical, "{scheme} {verdict:?}");
        }
        fleet.decide(&subject, Verdict::Trusted, "strict", &[]);
        fleet.none("SIG004");
    }
    fleet.at(&subject).signatures = beside("aws-signer");
    fleet.one("SIG004");
}

#[test]
fn sig004_and_sig005_who_signed_is_not_whether_it_was_changed() {
    let (mut fleet, subject) = one_layer();
    fleet.at(&subject).signatures = rejected(untrusted_root());
    fleet.none("SIG004");
    let finding = fleet.one("SIG005");
    assert_eq!(finding.severity, Severity::High);
    assert!(finding.details.iter().any(|line| line.contains(PROFILE)), "{:?}", finding.details);
}

#[test]
fn sig005_identity_that_the_policy_does_not_list() {
    let (mut fleet, subject) = one_layer();
    fleet.at(&subject).signatures = inconclusive(GapReason::NotRecorded);
    let reasons = [(ReasonCode::UntrustedIdentity, "the profile is not listed"), (ReasonCode::ThresholdNotMet, "0 of 1")];
    fleet.decide(&subject, Verdict::Refused, "strict", &reasons);
    let finding = fleet.one("SIG005");
    assert!(finding.message.ends_with("is signed, but the profile is not listed"), "{}", finding.message);
}

#[test]
fn sig005_foreign_signature_beside_a_trusted_one_is_normal() {
    let (mut fleet, subject) = one_layer();
    fleet.at(&subject).signatures = rejected(untrusted_root());
    fleet.decide(&subject, Verdict::Trusted, "strict", &[]);
    fleet.none("SIG005");
    fleet.decide(&subject, Verdict::Exempt, "skip", &[]);
    assert_eq!(fleet.one("SIG005").severity, Severity::Info);
}

#[test]
fn sig005_unsigned_and_unknown_have_no_signer_to_distrust() {
    let (mut fleet, subject) = one_layer();
    fleet.none("SIG005");
    fleet.at(&subject).signatures = Observed::Unknown(gap("x", GapReason::NotBuilt));
    fleet.none("SIG005");
}

#[test]
fn sig006_date_inside_a_signature_that_does_not_hold_means_nothing() {
    let (mut fleet, subject) = one_layer();
    fleet.decide(&subject, Verdict::Refused, "strict", &[(ReasonCode::Expired, "expired")]);
    fleet.at(&subject).signatures = rejected(content_digest());
    fleet.none("SIG006");
    fleet.at(&subject).signatures = inconclusive(GapReason::NotRecorded);
    assert_eq!(fleet.one("SIG006").severity, Severity::High);
    fleet.now = "2026-10-31T00:00:00Z".parse().unwrap();
    fleet.none("SIG006");
}

#[test]
fn sig010_bytes_that_do_not_bear_out_the_statement() {
    let (mut fleet, subject) = one_layer();
    fleet.none("SIG010");
    fleet.at(&subject).attested.signing = stated();
    let finding = fleet.one("SIG010");
    assert_eq!((finding.severity, finding.confidence), (Severity::Critical, Confidence::Medium));
    fleet.at(&subject).signatures = rejected(content_digest());
    assert!(fleet.one("SIG010").message.contains("does not hold"));
}

#[test]
fn sig010_unknown_root_unjudged_and_unseen_signatures_do_not_contradict_aws() {
    let (mut fleet, subject) = one_layer();
    fleet.at(&subject).attested.signing = stated();
    for signatures in
        [rejected(untrusted_root()), inconclusive(GapReason::Unconfirmed), Observed::Unknown(gap("x", GapReason::NotRecorded))]
    {
        fleet.at(&subject).signatures = signatures;
        fleet.none("SIG010");
    }
}

#[test]
fn sig017_what_a_signature_cannot_pin_down() {
    let (mut fleet, subject) = one_layer();
    let signed = || rejected(untrusted_root());
    for (entries, anomalies) in [
        (vec![symlink("bin/x", "/var/task/x")], vec![]),
        (vec![file("bin/x", 0o4755)], vec![]),
        (vec![], vec![anomaly(AnomalyKind::DuplicateName, "x")]),
        (vec![], vec![anomaly(AnomalyKind::NonUtf8Name, "x")]),
    ] {
        let artifact = fleet.at(&subject);
        artifact.signatures = signed();
        artifact.contents = contents(entries, anomalies);
        let finding = fleet.one("SIG017");
        assert!(finding.details.iter().any(|line| line.contains("no framing")));
        fleet.at(&subject).signatures = Observed::Absent;
        fleet.none("SIG017");
    }
}

#[test]
fn sig017_plain_signed_zip_and_unknown_contents_are_left_alone() {
    let (mut fleet, subject) = one_layer();
    let artifact = fleet.at(&subject);
    artifact.signatures = rejected(untrusted_root());
    artifact.contents = contents(vec![file("bin/x", 0o755)], vec![anomaly(AnomalyKind::DuplicateByCase, "x")]);
    fleet.none("SIG017");
    fleet.at(&subject).contents = Observed::Unknown(gap("x", GapReason::Throttled));
    fleet.none("SIG017");
}

#[test]
fn sig017_entry_after_the_signature_and_a_second_signature() {
    let (mut fleet, subject) = one_layer();
    for why in [Rejection::EntryAfterSignature { entry: "late.py".into() }, Rejection::SeveralSignatures { count: 2 }] {
        fleet.at(&subject).signatures = rejected(why);
        assert_eq!(fleet.of("SIG017").len(), 1);
        assert_eq!(fleet.of("SIG004").len(), 1);
    }
}

#[test]
fn sig018_answer_that_names_another_job_than_the_signature() {
    let (mut fleet, subject) = one_layer();
    fleet.at(&subject).signatures = rejected(untrusted_root());
    fleet.at(&subject).attested.signing = stated();
    fleet.none("SIG018");
    fleet.at(&subject).attested.signing.job_arn = Some(JOB.replace('1', "2"));
    let finding = fleet.one("SIG018");
    assert_eq!(finding.severity, Severity::Critical);
    assert!(finding.details[0].starts_with("signing job: AWS states"), "{:?}", finding.details);
}

#[test]
fn sig018_function_that_states_other_arns_for_a_layer_than_its_own_answer() {
    let (mut fleet, subject) = one_layer();
    fleet.at(&subject).attested.disagreeing_uses = vec![(function("user000", Some("$LATEST")), stated())];
    assert!(fleet.one("SIG018").details[0].contains(":function:user000:$LATEST states profile version arn:aws:signer"));
}

#[test]
fn sig018_answer_that_was_never_had_does_not_disagree() {
    let mut fleet = Fleet::new();
    let arn = layer("deps", 1);
    fleet.lost_layer(&arn, GapReason::Deleted);
    fleet.at(&Subject::Layer(arn)).attested.disagreeing_uses = vec![(function("user000", Some("1")), stated())];
    fleet.none("SIG018");
}

#[test]
fn sig018_no_statement_and_no_signature_agree() {
    let (mut fleet, subject) = one_layer();
    fleet.none("SIG018");
    fleet.at(&subject).attested.signing = ServiceSigning::default();
    fleet.at(&subject).signatures = rejected(untrusted_root());
    fleet.none("SIG018");
}

//! INT001 to INT007.

use layerproof::finding::{Confidence, Severity, Status};
use layerproof::model::artifact::Subject;
use layerproof::model::digest::{ClaimedDigest, Digest};
use layerproof::model::function::CodeError;
use layerproof::model::gap::GapReason;
use layerproof::model::observed::Observed;
use layerproof::store::Integrity;

use super::fleet::*;

fn mismatch() -> Integrity {
    let presented = Digest::of(b"one");
    Integrity::Mismatch { expected: Digest::of(b"claimed").into(), presented, expected_size: Some(7), presented_size: 3 }
}

#[test]
fn int001_mismatch_is_critical_and_told_once_for_versions_that_share_the_bytes() {
    let mut fleet = Fleet::new();
    fleet.function("app", vec![zip("app", "$LATEST", b"one"), zip("app", "2", b"one"), zip("app", "10", b"one")]);
    fleet.evidence.artifacts.values_mut().for_each(|artifact| artifact.integrity = mismatch());
    let finding = fleet.one("INT001");
    assert_eq!((finding.severity, finding.digest), (Severity::Critical, Some(Digest::of(b"one"))));
    assert!(finding.subject.ends_with(":function:app:2"), "a published version leads, the lowest: {}", finding.subject);
    assert_eq!(finding.affects.len(), 3);
}

#[test]
fn int001_match_local_file_and_missing_bytes_are_no_mismatch() {
    for integrity in [Integrity::Matches, Integrity::NotClaimed, Integrity::NoBytes] {
        let mut fleet = Fleet::new();
        fleet.artifact(Subject::File("x.zip".into()), b"one").integrity = integrity;
        fleet.none("INT001");
    }
}

#[test]
fn int002_one_layer_version_with_two_contents_across_regions() {
    let mut fleet = Fleet::new();
    fleet.layer(&layer("deps", 3), b"a");
    fleet.layer(&layer_in("us-east-1", ACCOUNT, "deps", 3), b"b");
    fleet.layer(&layer_in("us-east-1", ACCOUNT, "deps", 4), b"c");
    let finding = fleet.one("INT002");
    assert_eq!((finding.severity, finding.confidence), (Severity::High, Confidence::Medium));
    assert_eq!(finding.details.len(), 2);
}

#[test]
fn int002_same_name_in_another_account_may_be_chance_and_is_low() {
    let mut fleet = Fleet::new();
    fleet.layer(&layer("deps", 3), b"a");
    fleet.layer(&layer_in("eu-west-1", FOREIGN, "deps", 3), b"b");
    let finding = fleet.one("INT002");
    assert_eq!((finding.severity, finding.confidence), (Severity::Low, Confidence::Low));
}

#[test]
fn int002_equal_bytes_and_bytes_not_known_at_all_are_no_difference() {
    let mut fleet = Fleet::new();
    fleet.layer(&layer("deps", 3), b"a");
    let other = layer_in("us-east-1", ACCOUNT, "deps", 3);
    fleet.layer(&other, b"a");
    fleet.none("INT002");
    let artifact = fleet.at(&Subject::Layer(other));
    artifact.blob = Observed::Unknown(gap("x", denied()));
    artifact.claimed = None;
    fleet.none("INT002");
}

#[test]
fn int002_claim_without_bytes_is_compared_at_low_confidence() {
    let mut fleet = Fleet::new();
    fleet.layer(&layer("deps", 3), b"a");
    let artifact = fleet.layer(&layer_in("us-east-1", ACCOUNT, "deps", 3), b"b");
    artifact.blob = Observed::Unknown(gap("x", denied()));
    artifact.claimed = Some(ClaimedDigest::from(Digest::of(b"b")));
    assert_eq!(fleet.one("INT002").confidence, Confidence::Low);
}

#[test]
fn int004_deleted_layer_in_use_is_unverifiable_never_a_pass() {
    let mut fleet = Fleet::new();
    let arn = layer("deps", 1);
    fleet.lost_layer(&arn, GapReason::Deleted);
    fleet.none("INT004");
    fleet.users(2, &arn);
    let finding = fleet.one("INT004");
    assert_eq!((finding.severity, finding.status), (Severity::High, Status::Incomplete));
    assert_eq!(finding.affects.len(), 2);
    fleet.none("INT005");
    fleet.none("SIG001");
    fleet.none("OPS001");
}

#[test]
fn int005_denied_foreign_layer_says_that_the_cause_cannot_be_told() {
    let mut fleet = Fleet::new();
    let arn = layer_in("eu-west-1", FOREIGN, "agent", 7);
    fleet.lost_layer(&arn, denied());
    fleet.users(1, &arn);
    let finding = fleet.one("INT005");
    assert_eq!((finding.severity, finding.status), (Severity::Medium, Status::Incomplete));
    assert!(finding.message.contains("deleted, unshared and never published"), "{}", finding.message);
    fleet.none("INT004");
    fleet.none("SIG001");
    fleet.none("OPS001");
}

#[test]
fn int005_throttling_is_not_revoked_access() {
    let mut fleet = Fleet::new();
    let arn = layer("deps", 1);
    fleet.lost_layer(&arn, GapReason::Throttled);
    fleet.users(1, &arn);
    fleet.none("INT004");
    fleet.none("INT005");
    assert_eq!(fleet.of("OPS001").len(), 1);
}

#[test]
fn int004_and_int005_layer_that_is_there_is_left_alone() {
    let mut fleet = Fleet::new();
    let arn = layer("deps", 1);
    fleet.layer(&arn, b"layer");
    fleet.users(1, &arn);
    fleet.none("INT004");
    fleet.none("INT005");
}

#[test]
fn int006_deleted_image_is_reported_once_for_all_that_run_it() {
    let mut fleet = Fleet::new();
    let mut versions = vec![image("app", "$LATEST", ":v7", b"m"), image("app", "1", ":v7", b"m")];
    versions[0].reason_code = Some("ImageDeleted".into());
    fleet.function("app", versions);
    let subject = Subject::Image(resolved(b"m"));
    fleet.artifact(subject.clone(), b"m").blob = Observed::Unknown(gap("x", GapReason::Deleted));
    let finding = fleet.one("INT006");
    assert_eq!((finding.subject, finding.status), (subject.to_string(), Status::Fail));
    assert_eq!((finding.affects.len(), finding.details.len()), (2, 2));
    fleet.none("OPS001");
}

#[test]
fn int006_denied_image_is_a_gap_not_a_missing_image() {
    let mut fleet = Fleet::new();
    fleet.function("app", vec![image("app", "$LATEST", ":v7", b"m")]);
    fleet.artifact(Subject::Image(resolved(b"m")), b"m").blob = Observed::Unknown(gap("x", denied()));
    fleet.none("INT006");
    assert_eq!(fleet.of("OPS001").len(), 1);
}

#[test]
fn int007_code_error_is_told_with_its_text_made_safe() {
    let mut fleet = Fleet::new();
    let mut version = zip("app", "$LATEST", b"one");
    version.code_error = Some(CodeError { code: "AccessDenied".into(), message: "no\u{1b}[2J".into() });
    fleet.function("app", vec![version, zip("app", "1", b"one")]);
    let finding = fleet.one("INT007");
    assert_eq!(finding.details, ["no\\u{1b}[2J"]);
    assert_eq!(finding.affects.len(), 1);
}

#[test]
fn int007_function_without_error_is_left_alone() {
    let mut fleet = Fleet::new();
    fleet.function("app", vec![zip("app", "$LATEST", b"one")]);
    fleet.none("INT007");
}

//! PIN001 to PIN012.

use layerproof::finding::{Confidence, Severity, Status};
use layerproof::model::artifact::S3Object;
use layerproof::model::function::{AliasWeight, FunctionCode};
use layerproof::model::gap::GapReason;
use layerproof::model::observed::Observed;

use super::fleet::*;

#[test]
fn pin001_tag_without_digest_is_reported_once_per_function_and_tag() {
    let mut fleet = Fleet::new();
    let function = fleet.function("app", vec![image("app", "$LATEST", ":v7", b"m"), image("app", "1", ":v7", b"m")]);
    function.aliases = Observed::Present(vec![alias("live", "1")]);
    let finding = fleet.one("PIN001");
    assert_eq!(finding.subject, "arn:aws:lambda:eu-west-1:111122223333:function:app");
    assert_eq!(finding.affects.len(), 3, "{:?}", finding.affects);
    assert!(finding.affects.iter().any(|name| name.ends_with(":live")));
}

#[test]
fn pin001_digest_pins_whatever_tag_stands_beside_it() {
    let mut fleet = Fleet::new();
    let reference = format!(":latest@{}", layerproof::model::digest::Digest::of(b"m"));
    fleet.function("app", vec![image("app", "$LATEST", &reference, b"m")]);
    for rule in ["PIN001", "PIN002", "PIN003", "PIN004", "SHR007"] {
        fleet.none(rule);
    }
}

#[test]
fn pin001_unknown_reference_claims_nothing_and_is_a_gap() {
    let mut fleet = Fleet::new();
    let mut version = image("app", "$LATEST", ":v7", b"m");
    let FunctionCode::Image { image_uri, .. } = &mut version.code else { unreachable!() };
    *image_uri = Observed::Unknown(gap("app", GapReason::NotRecorded));
    fleet.function("app", vec![version]);
    fleet.none("PIN001");
    assert_eq!(fleet.one("OPS001").status, Status::Incomplete);
}

#[test]
fn pin002_moved_tag_is_drift() {
    let mut fleet = Fleet::new();
    fleet.repository(mutability("MUTABLE", &[]), tags(&[("v7", b"other")]));
    fleet.function("app", vec![image("app", "$LATEST", ":v7", b"m")]);
    let finding = fleet.one("PIN002");
    assert_eq!((finding.severity, finding.status), (Severity::High, Status::Fail));
}

#[test]
fn pin002_tag_that_still_fits_and_absent_tags_are_no_drift() {
    let mut fleet = Fleet::new();
    fleet.function("app", vec![image("app", "$LATEST", ":v7", b"m")]);
    fleet.repository(mutability("MUTABLE", &[]), tags(&[("v7", b"m")]));
    fleet.none("PIN002");
    fleet.repository(mutability("MUTABLE", &[]), Observed::Absent);
    fleet.none("PIN002");
}

#[test]
fn pin002_deleted_tag_is_said_and_not_called_a_move() {
    let mut fleet = Fleet::new();
    fleet.repository(mutability("MUTABLE", &[]), tags(&[("v8", b"m")]));
    fleet.function("app", vec![image("app", "$LATEST", ":v7", b"m")]);
    let finding = fleet.one("PIN002");
    assert_eq!(finding.severity, Severity::Medium);
    assert!(finding.message.contains("no longer exists"));
}

#[test]
fn pin002_old_version_that_no_alias_routes_to_is_low() {
    let mut fleet = Fleet::new();
    fleet.repository(mutability("MUTABLE", &[]), tags(&[("v7", b"new")]));
    fleet.function("app", vec![image("app", "$LATEST", ":v7", b"new"), image("app", "1", ":v7", b"old")]);
    assert_eq!(fleet.one("PIN002").severity, Severity::Low);
    fleet.evidence.inventory.functions[0].aliases = Observed::Present(vec![alias("live", "1")]);
    assert_eq!(fleet.one("PIN002").severity, Severity::High);
    fleet.evidence.inventory.functions[0].aliases = Observed::Unknown(gap("app", GapReason::Throttled));
    assert_eq!(fleet.one("PIN002").severity, Severity::High, "aliases that could not be listed do not make a version dead");
}

#[test]
fn pin002_and_pin003_unlisted_repository_is_incomplete_not_drift_nor_mutable() {
    let mut fleet = Fleet::new();
    fleet.function("app", vec![image("app", "$LATEST", ":v7", b"m")]);
    assert_eq!(fleet.one("PIN002").status, Status::Incomplete);
    assert_eq!(fleet.one("PIN003").status, Status::Incomplete);
    let unknown = || gap(REPOSITORY, GapReason::Denied { action: "ecr:DescribeImages".into() });
    fleet.repository(Observed::Unknown(unknown()), Observed::Unknown(unknown()));
    assert_eq!(fleet.one("PIN002").status, Status::Incomplete);
    assert_eq!(fleet.one("PIN003").status, Status::Incomplete);
    fleet.none("OPS001");
}

#[test]
fn pin003_filter_decides_for_the_tag_in_use() {
    for (setting, filters, tag, reported) in [
        ("MUTABLE", &[][..], ":v7", true),
        ("IMMUTABLE", &[], ":v7", false),
        ("IMMUTABLE_WITH_EXCLUSION", &["dev-*"], ":v7", false),
        ("IMMUTABLE_WITH_EXCLUSION", &["dev-*"], ":dev-7", true),
        ("MUTABLE_WITH_EXCLUSION", &["v*"], ":v7", false),
        ("MUTABLE_WITH_EXCLUSION", &["v*"], ":dev-7", true),
        ("IMMUTABLE_WITH_EXCLUSION", &["latest"], "", true),
    ] {
        let mut fleet = Fleet::new();
        fleet.repository(mutability(setting, filters), Observed::Absent);
        fleet.function("app", vec![image("app", "$LATEST", tag, b"m")]);
        let found = fleet.of("PIN003");
        assert_eq!(found.len(), usize::from(reported), "{setting} {filters:?} {tag}");
        assert!(found.iter().all(|finding| finding.status == Status::Fail));
    }
}

#[test]
fn pin003_unknown_setting_is_incomplete_and_absent_claims_nothing() {
    let mut fleet = Fleet::new();
    fleet.function("app", vec![image("app", "$LATEST", ":v7", b"m")]);
    fleet.repository(mutability("SEALED", &[]), Observed::Absent);
    assert_eq!(fleet.one("PIN003").status, Status::Incomplete);
    fleet.repository(Observed::Absent, Observed::Absent);
    fleet.none("PIN003");
}

#[test]
fn pin004_latest_and_missing_tag_are_reported_a_release_is_not() {
    for (tag, confidence) in
        [(":latest", Some(Confidence::High)), ("", Some(Confidence::High)), (":main", Some(Confidence::Medium)), (":v1.2.3", None)]
    {
        let mut fleet = Fleet::new();
        fleet.function("app", vec![image("app", "$LATEST", tag, b"m")]);
        assert_eq!(fleet.of("PIN004").first().map(|finding| finding.confidence), confidence, "{tag}");
    }
}

#[test]
fn pin008_alias_and_weighted_route_to_latest_are_reported() {
    let mut fleet = Fleet::new();
    let function = fleet.function("app", vec![zip("app", "$LATEST", b"one"), zip("app", "1", b"one")]);
    let mut canary = alias("canary", "1");
    canary.weights.push(AliasWeight { version: "$LATEST".into(), permille: 100 });
    function.aliases = Observed::Present(vec![alias("live", "$LATEST"), canary, alias("fixed", "1")]);
    let subjects: Vec<String> = fleet.of("PIN008").into_iter().map(|finding| finding.subject).collect();
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function:app";
    assert_eq!(subjects, [format!("{arn}:canary"), format!("{arn}:live")]);
}

#[test]
fn pin008_unknown_aliases_are_a_gap_and_no_finding() {
    let mut fleet = Fleet::new();
    let unknown = Observed::Unknown(gap("arn:aws:lambda:eu-west-1:111122223333:function:app", GapReason::Throttled));
    fleet.function("app", vec![zip("app", "$LATEST", b"one")]).aliases = unknown;
    fleet.none("PIN008");
    assert_eq!(fleet.of("OPS001").len(), 1);
}

#[test]
fn pin012_reference_without_version_is_reported_for_functions_and_layers() {
    let object = |version: Option<&str>| Some(S3Object { bucket: "code".into(), key: "app.zip".into(), version: version.map(Into::into) });
    for (version, reported) in [(None, 1), (Some("v1"), 0)] {
        let mut fleet = Fleet::new();
        let mut app = zip("app", "$LATEST", b"one");
        let FunctionCode::Zip { s3_reference, .. } = &mut app.code else { unreachable!() };
        *s3_reference = object(version);
        fleet.function("app", vec![app, zip("app", "1", b"one")]);
        assert_eq!(fleet.of("PIN012").len(), reported);
        let arn = layer("deps", 1);
        fleet.layer(&arn, b"layer");
        let Observed::Present(content) = &mut fleet.evidence.inventory.layers.get_mut(&arn).unwrap().content else { unreachable!() };
        content.s3_reference = object(version);
        assert_eq!(fleet.of("PIN012").len(), reported * 2);
    }
}

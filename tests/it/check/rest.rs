//! PRM001, PRM003, RTM001, OPS001, POL001, and how findings are put together.

use layerproof::check::runtimes::RuntimeTable;
use layerproof::finding::{Severity, Status};
use layerproof::model::artifact::Subject;
use layerproof::model::gap::GapReason;
use layerproof::model::layer::{LayerPermission, LayerPolicy};
use layerproof::model::observed::Observed;

use super::fleet::*;

fn policy(principal: &str, organization: Option<&str>) -> Observed<LayerPolicy> {
    let permission = LayerPermission { sid: "s1".into(), principal: principal.into(), organization: organization.map(Into::into) };
    Observed::Present(LayerPolicy { permissions: vec![permission] })
}

#[test]
fn prm001_only_a_star_without_organization_is_public() {
    for (principal, organization, reported) in [("*", None, 1), ("*", Some("o-1"), 0), (FOREIGN, None, 0)] {
        let mut fleet = Fleet::new();
        let arn = layer("deps", 1);
        fleet.layer(&arn, b"layer");
        fleet.evidence.inventory.layers.get_mut(&arn).unwrap().policy = policy(principal, organization);
        assert_eq!(fleet.of("PRM001").len(), reported, "{principal} {organization:?}");
    }
}

#[test]
fn prm001_unknown_policy_is_a_gap_and_a_vendor_that_publishes_to_all_is_no_finding() {
    let mut fleet = Fleet::new();
    let arn = layer("deps", 1);
    fleet.layer(&arn, b"layer");
    fleet.evidence.inventory.layers.get_mut(&arn).unwrap().policy = Observed::Unknown(gap(&arn.to_string(), denied()));
    fleet.none("PRM001");
    assert_eq!(fleet.of("OPS001").len(), 1);
    let vendor = layer_in("eu-west-1", FOREIGN, "agent", 1);
    fleet.layer(&vendor, b"agent");
    fleet.evidence.inventory.layers.get_mut(&vendor).unwrap().policy = policy("*", None);
    fleet.none("PRM001");
}

#[test]
fn ops001_policy_of_a_foreign_layer_is_nobodys_gap() {
    let mut fleet = Fleet::new();
    let vendor = layer_in("eu-west-1", FOREIGN, "agent", 1);
    fleet.layer(&vendor, b"agent");
    let gap = gap(&vendor.to_string(), denied());
    fleet.evidence.inventory.layers.get_mut(&vendor).unwrap().policy = Observed::Unknown(gap.clone());
    fleet.evidence.inventory.gaps.push(gap);
    fleet.none("OPS001");
}

#[test]
fn prm003_publisher_whom_the_policy_does_not_name_is_reported_once_per_layer() {
    let mut fleet = Fleet::new();
    let (old, new) = (layer_in("eu-west-1", FOREIGN, "agent", 1), layer_in("eu-west-1", FOREIGN, "agent", 2));
    let mut versions = vec![zip("app", "$LATEST", b"one"), zip("app", "1", b"one")];
    versions[0].layers.push(uses(&new));
    versions[1].layers.push(uses(&old));
    fleet.function("app", versions);
    let finding = fleet.one("PRM003");
    assert_eq!((finding.account.as_deref(), finding.details.len(), finding.affects.len()), (Some(FOREIGN), 2, 2));
    fleet.publishers.push(FOREIGN.into());
    fleet.none("PRM003");
}

#[test]
fn prm003_own_layer_and_foreign_layer_that_nobody_uses_are_left_alone() {
    let mut fleet = Fleet::new();
    fleet.users(2, &layer("deps", 1));
    fleet.layer(&layer_in("eu-west-1", FOREIGN, "agent", 1), b"agent");
    fleet.none("PRM003");
}

fn runtime(fleet: &mut Fleet, name: &str) {
    let mut version = zip("app", "$LATEST", b"one");
    version.runtime = Some(name.into());
    fleet.function("app", vec![version]);
}

#[test]
fn rtm001_deprecated_runtime_is_told_with_the_date_of_the_table() {
    let mut fleet = Fleet::new();
    runtime(&mut fleet, "nodejs16.x");
    let finding = fleet.one("RTM001");
    assert_eq!(finding.severity, Severity::Medium);
    assert!(finding.details.iter().any(|line| line.contains("runtime table of 2026-08-19")), "{:?}", finding.details);
    fleet.now = "2027-03-03T00:00:00Z".parse().unwrap();
    assert_eq!(fleet.one("RTM001").severity, Severity::High, "after the update block no fix can be deployed");
}

#[test]
fn rtm001_runtime_is_fine_until_the_day_itself() {
    let mut fleet = Fleet::new();
    runtime(&mut fleet, "nodejs22.x");
    fleet.now = "2027-04-29T23:59:59Z".parse().unwrap();
    fleet.none("RTM001");
    fleet.now = "2027-04-30T00:00:00Z".parse().unwrap();
    assert_eq!(fleet.of("RTM001").len(), 1);
}

#[test]
fn rtm001_runtime_unknown_to_the_table_is_neither_deprecated_nor_passed_over() {
    let mut fleet = Fleet::new();
    runtime(&mut fleet, "cobol85");
    let finding = fleet.one("RTM001");
    assert_eq!(finding.severity, Severity::Info);
    assert!(finding.message.contains("not in the table"));
}

#[test]
fn rtm001_given_table_replaces_the_shipped_one() {
    let mut fleet = Fleet::new();
    runtime(&mut fleet, "nodejs16.x");
    let json = r#"{"version":1,"dated":"2026-11-01","source":"ours","runtimes":[{"name":"nodejs16.x"}]}"#;
    fleet.runtimes = RuntimeTable::parse(json).unwrap();
    fleet.none("RTM001");
}

#[test]
fn rtm001_image_without_runtime_is_left_alone() {
    let mut fleet = Fleet::new();
    fleet.function("app", vec![image("app", "$LATEST", ":v7", b"m")]);
    fleet.none("RTM001");
}

#[test]
fn rtm001_version_that_no_alias_routes_to_is_low() {
    let mut fleet = Fleet::new();
    let mut old = zip("app", "1", b"one");
    old.runtime = Some("nodejs12.x".into());
    fleet.function("app", vec![zip("app", "$LATEST", b"one"), old]);
    assert_eq!(fleet.one("RTM001").severity, Severity::Low);
}

#[test]
fn ops001_gaps_of_one_kind_in_one_place_are_told_together() {
    let mut fleet = Fleet::new();
    for name in ["a", "b", "c"] {
        fleet.evidence.inventory.gaps.push(gap(&function(name, Some("1")).to_string(), GapReason::NotRecorded));
    }
    fleet.evidence.inventory.gaps.push(gap(&function("a", Some("1")).to_string(), denied()));
    let found = fleet.of("OPS001");
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found.iter().all(|f| f.subject == "111122223333/eu-west-1" && f.status == Status::Incomplete));
    assert!(found.iter().any(|f| f.message.contains("3 subjects")));
}

#[test]
fn ops001_gap_that_the_author_can_cause_is_high() {
    let mut fleet = Fleet::new();
    let unreadable = Observed::Unknown(gap("x", GapReason::TooLarge { limit: "entries".into() }));
    fleet.artifact(Subject::File("x.zip".into()), b"one").contents = unreadable;
    assert_eq!(fleet.one("OPS001").severity, Severity::High);
}

#[test]
fn ops001_signature_that_could_not_be_judged_is_a_gap() {
    let mut fleet = Fleet::new();
    fleet.artifact(Subject::File("x.zip".into()), b"one").signatures = inconclusive(GapReason::Unconfirmed);
    let finding = fleet.one("OPS001");
    assert_eq!((finding.severity, finding.status), (Severity::High, Status::Incomplete));
}

#[test]
fn ops001_bytes_that_could_not_be_had_are_one_gap_and_not_three() {
    let mut fleet = Fleet::new();
    let name = function("app", Some("$LATEST")).to_string();
    let wanting = |wanted: &str, reason| layerproof::model::gap::Gap { wanted: wanted.into(), ..gap(&name, reason) };
    fleet.function("app", vec![zip("app", "$LATEST", b"one")]);
    let artifact = fleet.at(&Subject::Function(function("app", Some("$LATEST"))));
    artifact.blob = Observed::Unknown(wanting("the bytes", GapReason::NotRecorded));
    artifact.contents = Observed::Unknown(wanting("what the bytes hold", GapReason::NotRecorded));
    artifact.signatures = Observed::Unknown(wanting("the signatures", GapReason::NotRecorded));
    assert!(fleet.one("OPS001").message.starts_with("could not learn the bytes"));
    fleet.at(&Subject::Function(function("app", Some("$LATEST")))).signatures = Observed::Unknown(wanting("the signatures", denied()));
    assert_eq!(fleet.of("OPS001").len(), 2, "another reason is another gap");
}

#[test]
fn ops001_layer_in_use_that_nobody_looked_at_is_a_gap() {
    let mut fleet = Fleet::new();
    fleet.users(1, &layer("ghost", 1));
    assert!(fleet.one("OPS001").details.iter().any(|line| line.contains("layer:ghost:1")));
    fleet.layer(&layer("ghost", 1), b"layer");
    fleet.none("OPS001");
}

#[test]
fn pol001_statement_that_matched_nothing_keeps_its_fingerprint_when_lines_move() {
    let mut fleet = Fleet::new();
    fleet.none("POL001");
    fleet.dead.push(("vendors".into(), "trust.yaml".into(), 14));
    let before = fleet.one("POL001");
    assert!(before.message.contains("`vendors` (trust.yaml, line 14)"));
    fleet.dead[0].2 = 20;
    assert_eq!(fleet.one("POL001").fingerprint(), before.fingerprint());
}

#[test]
fn pol001_a_list_that_could_not_be_had_is_no_proof_that_a_statement_matches_nothing() {
    let mut fleet = Fleet::new();
    fleet.dead.push(("vendors".into(), "trust.yaml".into(), 14));
    let seen = fleet.one("POL001");
    fleet.evidence.inventory.gaps.push(gap("111122223333/eu-west-1", GapReason::Malformed));
    let blind = fleet.one("POL001");
    assert_eq!((seen.status, blind.status), (Status::Fail, Status::Incomplete));
    assert!(blind.message.contains("a list could not be had"), "{}", blind.message);
}

#[test]
fn findings_come_worst_first_and_each_fingerprint_once() {
    let mut fleet = Fleet::new();
    runtime(&mut fleet, "nodejs16.x");
    fleet.dead = vec![("vendors".into(), "trust.yaml".into(), 14), ("vendors".into(), "trust.yaml".into(), 20)];
    let arn = layer_in("eu-west-1", FOREIGN, "agent", 1);
    fleet.lost_layer(&arn, denied());
    fleet.users(3, &arn);
    let found = fleet.run();
    assert!(found.is_sorted_by(|a, b| a.severity >= b.severity));
    assert!(found.is_sorted_by(|a, b| a.severity != b.severity || a.rule <= b.rule));
    let mut prints: Vec<_> = found.iter().map(|finding| finding.fingerprint()).collect();
    prints.sort();
    prints.dedup();
    assert_eq!(prints.len(), found.len());
    assert_eq!(fleet.of("POL001").len(), 1);
}

#[test]
fn hostile_names_are_safe_to_print_wherever_they_appear() {
    let mut fleet = Fleet::new();
    let evil = "x\u{1b}[2J\u{202e}";
    let mut version = zip("app", "$LATEST", b"one");
    version.runtime = Some(evil.into());
    fleet.function("app", vec![version]).aliases = Observed::Present(vec![alias(evil, "$LATEST")]);
    fleet.function("bpp", vec![zip("bpp", "$LATEST", b"one")]).aliases = Observed::Present(vec![alias(evil, "$LATEST")]);
    let entries = vec![file(&format!("extensions/{evil}"), 0o4777), file("python/sitecustomize.py", 0o644), symlink(evil, evil)];
    let anomalies = layerproof::unpack::AnomalyKind::ALL.iter().map(|kind| anomaly(*kind, evil)).collect();
    let arn = layer("deps", 1);
    let artifact = fleet.layer(&arn, b"layer");
    artifact.contents = contents(entries, anomalies);
    artifact.signatures = rejected(untrusted_root());
    fleet.evidence.inventory.layers.get_mut(&arn).unwrap().policy = policy("*", None);
    fleet.evidence.inventory.gaps.push(gap(evil, GapReason::ServiceError { code: evil.into() }));
    fleet.dead.push((evil.into(), evil.into(), 1));
    let found = fleet.run();
    assert!(found.len() > 10);
    for finding in found {
        let texts = [&finding.subject, &finding.message].into_iter().chain(&finding.details).chain(&finding.affects);
        for text in texts {
            assert!(!text.contains(['\u{1b}', '\u{202e}']), "{}: {text}", finding.rule);
        }
    }
}

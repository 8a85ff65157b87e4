//! LYR001 to LYR009.

use layerproof::finding::{Confidence, Finding, Severity, Status};
use layerproof::model::artifact::Subject;
use layerproof::model::gap::GapReason;
use layerproof::model::observed::Observed;
use layerproof::policy::decision::Verdict;
use layerproof::unpack::overlay::{Collision, OptOverlay};
use layerproof::unpack::{AnomalyKind, EntryKind, FileEntry};

use super::fleet::*;

fn collision(path: &str, providers: &[usize], bytes_differ: Option<bool>, executable: bool) -> Collision {
    Collision { path: path.into(), providers: providers.to_vec(), bytes_differ, executable }
}

/// Functions whose versions merge `deps:1` and `extra:1` in this order, with these collisions.
fn overlaid(functions: &[&str], collisions: &[Collision]) -> Fleet {
    let mut fleet = Fleet::new();
    let layers = vec![(layer("deps", 1), true), (layer("extra", 1), true)];
    for name in functions {
        for number in ["$LATEST", "1"] {
            let overlay = OptOverlay { layers: layers.clone(), collisions: collisions.to_vec() };
            fleet.evidence.overlays.insert(function(name, Some(number)), overlay.into());
        }
    }
    fleet
}

#[test]
fn lyr001_severity_follows_what_is_shadowed() {
    for (differ, executable, expected) in [
        (Some(true), true, Some((Severity::High, Confidence::High))),
        (Some(true), false, Some((Severity::Medium, Confidence::High))),
        (None, true, Some((Severity::Medium, Confidence::Low))),
        (Some(false), true, None),
    ] {
        let fleet = overlaid(&["app"], &[collision("python/x.py", &[0, 1], differ, executable)]);
        let found = fleet.of("LYR001").first().map(|finding| (finding.severity, finding.confidence));
        assert_eq!(found, expected, "{differ:?} {executable}");
    }
}

#[test]
fn lyr001_one_finding_for_a_pair_of_layers_however_many_functions_and_paths() {
    let many: Vec<Collision> = (0..500).map(|i| collision(&format!("python/{i:03}.py"), &[0, 1], Some(true), i == 499)).collect();
    let fleet = overlaid(&["a", "b", "c"], &many);
    let finding = fleet.one("LYR001");
    assert_eq!(finding.affects.len(), 6);
    assert!(finding.message.contains("500 paths with different bytes, 1 of them loaded or run"), "{}", finding.message);
    assert!(finding.details.len() < 30 && finding.details.last().unwrap().contains("480 more (500 in all)"), "{:?}", finding.details);
    assert!(finding.details[2].contains("499.py"), "what is loaded comes first: {:?}", finding.details);
}

#[test]
fn lyr001_both_directions_are_said_since_the_winner_is_known_at_second_hand() {
    let finding = overlaid(&["app"], &[collision("python/x.py", &[0, 1], Some(true), true)]).one("LYR001");
    assert!(finding.details[0].contains("second hand") && finding.details[0].contains("extra:1"), "{:?}", finding.details);
    assert!(finding.details[1].contains("deps:1"));
    assert!(finding.subject.ends_with("extra:1"));
}

#[test]
fn lyr001_other_order_is_another_finding() {
    let mut fleet = overlaid(&["app"], &[collision("python/x.py", &[0, 1], Some(true), true)]);
    let layers = vec![(layer("extra", 1), true), (layer("deps", 1), true)];
    let collisions = vec![collision("python/x.py", &[0, 1], Some(true), true)];
    fleet.evidence.overlays.insert(function("other", Some("1")), OptOverlay { layers, collisions }.into());
    assert_eq!(fleet.of("LYR001").len(), 2);
}

/// A used layer with an extension, under this verdict.
fn extension(arn: &layerproof::model::arn::LayerVersionArn, verdict: Option<Verdict>, path: &str) -> Vec<Finding> {
    let mut fleet = Fleet::new();
    fleet.layer(arn, b"layer").contents = contents(vec![file(path, 0o755)], vec![]);
    if let Some(verdict) = verdict {
        fleet.decide(&Subject::Layer(arn.clone()), verdict, "strict", &[]);
    }
    fleet.of("LYR004")
}

#[test]
fn lyr004_extension_is_reported_unless_its_layer_is_trusted_and_known() {
    let own = layer("agent", 1);
    let path = "extensions/agent";
    for (verdict, expected) in [
        (Some(Verdict::Trusted), None),
        (Some(Verdict::Refused), Some((Severity::High, Status::Fail))),
        (Some(Verdict::NoStatement), Some((Severity::High, Status::Fail))),
        (Some(Verdict::Exempt), Some((Severity::Medium, Status::Fail))),
        (Some(Verdict::Undecided), Some((Severity::High, Status::Incomplete))),
        (None, Some((Severity::High, Status::Incomplete))),
    ] {
        assert_eq!(extension(&own, verdict, path).first().map(|f| (f.severity, f.status)), expected, "{verdict:?}");
    }
    let foreign = layer_in("eu-west-1", FOREIGN, "agent", 1);
    assert_eq!(extension(&foreign, Some(Verdict::Trusted), path).len(), 1, "nobody named the publisher");
}

#[test]
fn lyr004_only_what_lambda_starts_is_an_extension() {
    let own = layer("agent", 1);
    for path in ["extensions/agent/config.json", "python/extensions/x", "extensionsx", "extensions2/x"] {
        assert_eq!(extension(&own, Some(Verdict::Refused), path), [], "{path}");
    }
    let mut fleet = Fleet::new();
    fleet.layer(&own, b"layer").contents = contents(vec![symlink("extensions", "python/hidden")], vec![]);
    fleet.decide(&Subject::Layer(own), Verdict::Refused, "strict", &[]);
    assert_eq!(fleet.of("LYR004").len(), 1, "a link in the folder's place starts what it leads to");
}

#[test]
fn lyr004_contents_that_could_not_be_read_hold_no_extension_and_are_a_gap() {
    let mut fleet = Fleet::new();
    let arn = layer("agent", 1);
    fleet.lost_layer(&arn, GapReason::Throttled);
    fleet.decide(&Subject::Layer(arn), Verdict::Undecided, "strict", &[]);
    fleet.none("LYR004");
    assert_eq!(fleet.of("OPS001").len(), 1);
}

fn hooks(subject: Subject, image: bool, path: &str) -> Option<(Severity, Confidence)> {
    let mut fleet = Fleet::new();
    let entries = vec![file(path, 0o644)];
    fleet.artifact(subject, b"one").contents = if image { image_contents(entries) } else { contents(entries, vec![]) };
    let found = fleet.of("LYR006");
    assert!(found.len() < 2);
    found.first().map(|finding| (finding.severity, finding.confidence))
}

#[test]
fn lyr006_hooks_of_layers() {
    let sure = Some((Severity::High, Confidence::High));
    let path_file = Some((Severity::Medium, Confidence::Low));
    let elsewhere = Some((Severity::Low, Confidence::Low));
    for (path, expected) in [
        ("python/sitecustomize.py", sure),
        ("python/usercustomize.pyc", sure),
        ("python/lib/python3.12/site-packages/sitecustomize.py", sure),
        ("python/sitecustomize/__init__.py", sure),
        ("python/sitecustomize.cpython-312-x86_64-linux-gnu.so", sure),
        ("python/lib/python3.12/site-packages/agent.pth", path_file),
        ("python/agent/bootstrap/sitecustomize.py", elsewhere),
        ("python/agent.pth", None),
        ("python/sitecustomize.txt", None),
        ("python/mysitecustomize.py", None),
        ("python/tests/conftest.py", None),
    ] {
        assert_eq!(hooks(Subject::Layer(layer("deps", 1)), false, path), expected, "{path}");
    }
}

#[test]
fn lyr006_hooks_of_function_zips_lie_at_their_root() {
    let zip = || Subject::Function(function("app", Some("1")));
    assert_eq!(hooks(zip(), false, "sitecustomize.py"), Some((Severity::High, Confidence::High)));
    assert_eq!(hooks(zip(), false, "vendored/sitecustomize.py"), Some((Severity::Low, Confidence::Low)));
    assert_eq!(hooks(zip(), false, "app.py"), None);
}

#[test]
fn lyr006_what_a_distribution_ships_in_an_image_is_no_hook() {
    let image = || Subject::Image(resolved(b"m"));
    assert_eq!(hooks(image(), true, "usr/lib/python3/sitecustomize.py"), None);
    assert_eq!(hooks(image(), true, "usr/lib/python3.12/site-packages/distutils-precedence.pth"), None);
    assert_eq!(hooks(image(), true, "var/task/sitecustomize.py"), Some((Severity::High, Confidence::High)));
    assert_eq!(hooks(image(), true, "opt/python/sitecustomize.py"), Some((Severity::High, Confidence::High)));
    assert_eq!(hooks(image(), true, "etc/ld.so.preload"), Some((Severity::High, Confidence::High)));
}

fn bits(entries: Vec<FileEntry>, anomalies: Vec<layerproof::unpack::Anomaly>) -> Vec<Finding> {
    let mut fleet = Fleet::new();
    fleet.layer(&layer("deps", 1), b"layer").contents = contents(entries, anomalies);
    fleet.of("LYR007")
}

#[test]
fn lyr007_setuid_is_medium_and_world_writable_alone_low() {
    assert_eq!(bits(vec![file("bin/x", 0o4755)], vec![])[0].severity, Severity::Medium);
    assert_eq!(bits(vec![file("bin/x", 0o2755)], vec![])[0].severity, Severity::Medium);
    assert_eq!(bits(vec![file("bin/x", 0o666)], vec![])[0].severity, Severity::Low);
    assert_eq!(bits(vec![], vec![anomaly(AnomalyKind::Setuid, "bin/x")])[0].severity, Severity::Medium);
}

#[test]
fn lyr007_sticky_folders_links_and_normal_modes_are_left_alone() {
    let entries = vec![
        entry("tmp", EntryKind::Directory, 0o1777),
        entry("shared", EntryKind::Directory, 0o2755),
        symlink("lib/x.so", "x.so.1"),
        file("bin/x", 0o755),
    ];
    assert_eq!(bits(entries, vec![anomaly(AnomalyKind::WorldWritable, "lib/x.so")]), []);
}

#[test]
fn lyr007_setuid_programs_of_a_distribution_do_not_raise_an_image() {
    for (path, severity) in [("usr/bin/su", Severity::Low), ("var/task/su", Severity::Medium)] {
        let mut fleet = Fleet::new();
        fleet.artifact(Subject::Image(resolved(b"m")), b"m").contents = image_contents(vec![file(path, 0o4755)]);
        assert_eq!(fleet.one("LYR007").severity, severity, "{path}");
    }
}

#[test]
fn every_kind_of_anomaly_is_told_by_exactly_one_check() {
    for kind in AnomalyKind::ALL {
        let mut fleet = Fleet::new();
        fleet.layer(&layer("deps", 1), b"layer").contents = contents(vec![], vec![anomaly(*kind, "x")]);
        let told: Vec<&str> = fleet.run().iter().map(|f| f.rule).filter(|rule| rule.starts_with("LYR")).collect();
        assert_eq!(told.len(), 1, "{kind:?}: {told:?}");
    }
}

#[test]
fn lyr008_ways_out_are_high_and_told_once_per_archive() {
    let mut fleet = Fleet::new();
    let anomalies = vec![anomaly(AnomalyKind::Traversal, "../x"), anomaly(AnomalyKind::SymlinkEscape, "y")];
    fleet.layer(&layer("deps", 1), b"layer").contents = contents(vec![], anomalies.clone());
    fleet.layer(&layer("copy", 1), b"layer").contents = contents(vec![], anomalies);
    let finding = fleet.one("LYR008");
    assert_eq!(finding.severity, Severity::High);
    assert!(finding.details.iter().any(|line| line == "traversal `../x`"), "{:?}", finding.details);
    assert!(finding.details.iter().any(|line| line.contains("the same bytes are") && line.contains("layer:deps:1")));
}

#[test]
fn lyr009_ambiguous_archives_are_high_odd_names_low() {
    for (kind, severity) in [
        (AnomalyKind::DuplicateName, Severity::High),
        (AnomalyKind::TrailingBytes, Severity::High),
        (AnomalyKind::ControlInName, Severity::Medium),
        (AnomalyKind::DuplicateByCase, Severity::Low),
        (AnomalyKind::OddName, Severity::Low),
    ] {
        let mut fleet = Fleet::new();
        fleet.layer(&layer("deps", 1), b"layer").contents = contents(vec![], vec![anomaly(kind, "x")]);
        assert_eq!(fleet.one("LYR009").severity, severity, "{kind:?}");
    }
}

#[test]
fn lyr009_harmless_oddities_cannot_push_the_worst_off_the_list() {
    let mut anomalies: Vec<_> = (0..1000).map(|i| anomaly(AnomalyKind::DuplicateByCase, &format!("{i:04}"))).collect();
    anomalies.push(anomaly(AnomalyKind::Overlap, "zz"));
    let mut fleet = Fleet::new();
    fleet.layer(&layer("deps", 1), b"layer").contents = contents(vec![], anomalies);
    let finding = fleet.one("LYR009");
    assert!(finding.details[0].starts_with("overlap `zz`"), "{:?}", finding.details);
    assert!(finding.message.contains("duplicate-by-case (1000)"));
}

#[test]
fn clean_and_unreadable_archives_have_no_findings_of_content() {
    let mut fleet = Fleet::new();
    fleet.layer(&layer("clean", 1), b"clean").contents = contents(vec![file("python/x.py", 0o644)], vec![]);
    fleet.layer(&layer("lost", 1), b"lost").contents = Observed::Unknown(gap("x", GapReason::Throttled));
    for rule in ["LYR001", "LYR004", "LYR006", "LYR007", "LYR008", "LYR009"] {
        fleet.none(rule);
    }
}

//! The demo fleet, judged as the README shows it.

use layerproof::report::exit::is_tampering;

use super::super::run::{Home, Run, repo};

const SCAN: [&str; 5] = ["scan", "--snapshot", "testdata/fleet", "--policy", "trust-policies/demo.yaml"];
const NOW: &str = "2026-11-23T00:00:00Z";

fn scan(home: &Home) -> Run<&Home> {
    Run::new(home).args(SCAN).args(["--now", NOW])
}

/// A report without the values that say when it was made.
fn timeless(mut report: serde_json::Value) -> serde_json::Value {
    report.as_object_mut().expect("a report is an object").remove("times");
    report
}

#[test]
fn the_demo_fleet_fails_and_shows_every_kind_of_verdict() {
    let output = scan(&Home::new()).args(["-o", "json"]).run().exits(1);
    let report = output.json();
    let verdicts: std::collections::BTreeSet<&str> =
        report["decisions"].as_array().unwrap().iter().map(|d| d["verdict"].as_str().unwrap()).collect();
    for verdict in ["trusted", "refused", "undecided", "exempt"] {
        assert!(verdicts.contains(verdict), "no {verdict} decision in {verdicts:?}");
    }
}

#[test]
fn the_demo_fleet_shows_what_it_was_made_to_show() {
    let report = scan(&Home::new()).args(["-o", "json"]).run().exits(1).json();
    let found: std::collections::BTreeSet<&str> =
        report["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect();
    for rule in [
        "CSC001", "CSC002", "INT001", "INT002", "INT004", "INT005", "LYR001", "LYR004", "LYR006", "LYR007", "LYR008", "PIN001", "PIN002",
        "PIN003", "PIN004", "PIN008", "PIN012", "PRM001", "PRM003", "RTM001", "SHR001", "SHR007", "SIG001", "SIG002", "SIG003", "SIG004",
        "SIG005", "SIG006", "SIG010", "SIG017",
    ] {
        assert!(found.contains(rule), "{rule} is missing in {found:?}");
    }
}

#[test]
fn same_input_same_bytes_times_aside() {
    let home = Home::new();
    let first = scan(&home).args(["-o", "json"]).run().exits(1).json();
    let again = scan(&home).args(["-o", "json", "--offline"]).run().exits(1).json();
    let fresh = scan(&Home::new()).args(["-o", "json", "--offline"]).run().exits(1).json();
    assert_eq!(timeless(first.clone()), timeless(again), "a second run, offline, with a warm store");
    assert_eq!(timeless(first), timeless(fresh), "a run with a cold store");
}

#[test]
fn the_second_scan_says_that_nothing_is_new() {
    let home = Home::new();
    let first = scan(&home).run().exits(1);
    assert!(first.stdout.contains("first run of this scope"), "{}", first.stdout);
    let second = scan(&home).run().exits(1);
    assert!(second.stdout.contains("0 new"), "{}", second.stdout);
}

#[test]
fn a_list_that_can_no_longer_be_read_resolves_nothing_in_the_next_scan() {
    let home = Home::new();
    let snapshot = home.path().join("account");
    copy(&repo().join("testdata/fleet"), &snapshot);
    let scan = || {
        let run = Run::new(&home).args(["scan", "--policy", "trust-policies/demo.yaml", "--now", NOW, "-o", "json", "--snapshot"]);
        run.arg(snapshot.to_str().unwrap()).run().exits(1).json()
    };
    let subjects = |list: &serde_json::Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|row| row["subject"].as_str().unwrap().to_owned()).collect()
    };
    scan();
    std::fs::write(snapshot.join("accounts/111122223333/eu-west-1/lambda.ListFunctions.json"), "{").unwrap();
    let changes = scan()["changes"].clone();
    let lost = subjects(&changes["newly_unknown"]);
    assert!(lost.iter().any(|s| s.ends_with(":function:rate-card-import:$LATEST")), "tampering is not forgotten: {lost:?}");
    let resolved = subjects(&changes["resolved"]);
    assert!(resolved.is_empty(), "neither of functions nor of the layers that they use: {resolved:?}");
}

/// A copy of a folder and everything in it.
fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|e| (e.path(), e.file_name())).unwrap();
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

#[test]
fn a_verdict_is_made_anew_a_test_moves_now_past_an_expiry_and_nothing_else() {
    let home = Home::new();
    let trusted = |now: &str| {
        let report = Run::new(&home).args(SCAN).args(["--now", now, "-o", "json"]).run().exits(1).json();
        report["summary"]["artifacts"]["trusted"].as_u64().unwrap()
    };
    let today = trusted(NOW);
    let later = trusted("2060-01-01T00:00:00Z");
    assert!(today > later, "{today} artifacts are trusted today, {later} after their signatures have expired");
    let output = Run::new(&home).args(["history", "list"]).run().exits(0);
    assert_eq!(output.stdout.matches("testdata/fleet").count(), 2, "both runs are kept\n{}", output.stdout);
}

#[test]
fn fail_on_new_still_fails_on_standing_tampering_and_on_decisions() {
    let home = Home::new();
    scan(&home).run().exits(1);
    let output = scan(&home).args(["--fail-on", "new"]).run().exits(1);
    assert!(output.stdout.contains("exit 1:"), "{}", output.stdout);
}

#[test]
fn only_hides_findings_but_neither_decisions_nor_tampering() {
    let report = scan(&Home::new()).args(["--only", "RTM001", "-o", "json"]).run().exits(1).json();
    assert!(report["findings"].as_array().unwrap().iter().all(|f| f["rule"] == "RTM001" || is_tampering(f["rule"].as_str().unwrap())));
    assert!(report["decisions"].as_array().unwrap().iter().any(|d| d["verdict"] == "refused"));
}

#[test]
fn only_is_about_what_is_shown_and_the_next_scan_finds_nothing_new() {
    let home = Home::new();
    let changes = |only: &[&str]| {
        let report = scan(&home).args(only.iter().copied()).args(["-o", "json"]).run().exits(1).json();
        ["new", "resolved"].map(|list| report["changes"][list].as_array().unwrap().len())
    };
    changes(&[]);
    assert_eq!(changes(&["--only", "PIN008"]), [0, 0], "the rest is not resolved by not being shown");
    assert_eq!(changes(&[]), [0, 0], "the rest was kept");
}

#[test]
fn a_selection_that_matches_nothing_is_exit_4_never_a_pass() {
    scan(&Home::new()).args(["--function", "no-such-*"]).run().exits(4);
}

#[test]
fn verify_finds_one_function_of_the_snapshot() {
    let home = Home::new();
    let output = Run::new(&home)
        .args(["verify", "fn:checkout-quote", "--snapshot", "testdata/fleet", "--policy", "trust-policies/demo.yaml", "--now", NOW])
        .run();
    assert!(output.stdout.contains("checkout-quote") && !output.stdout.contains("rate-card-import"), "{}", output.stdout);
}

#[test]
fn every_format_can_be_written_in_one_run() {
    let home = Home::new();
    let mut run = scan(&home);
    for format in ["text", "json", "sarif", "junit", "github"] {
        run = run.arg("-o").arg(format!("{format}={}", home.path().join(format).display()));
    }
    let output = run.run().exits(1);
    assert!(output.stdout.is_empty(), "everything went to files");
    for format in ["text", "json", "sarif", "junit", "github"] {
        let written = std::fs::read(home.path().join(format)).unwrap();
        assert!(written.len() > 1_000, "{format} has {} bytes", written.len());
    }
}

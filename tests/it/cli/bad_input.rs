//! Bad input gets a clear message and the right exit code, and never a panic.

use std::fs;

use super::super::run::{Home, Run};

const STRICT: &str = "trust-policies/strict.yaml";
const LAYER: &str = "arn:aws:lambda:eu-west-1:111122223333:layer:deps:1";

fn verify<'a>(home: &'a Home, file: &str) -> Run<&'a Home> {
    Run::new(home).args(["verify", "--policy", STRICT, "--as", LAYER]).arg(home.path().join(file))
}

fn refused_as(bytes: &[u8], message: &str) {
    let home = Home::new();
    fs::write(home.path().join("layer.zip"), bytes).unwrap();
    let output = verify(&home, "layer.zip").run().exits(1);
    assert!(output.stdout.contains(message), "expected `{message}` in\n{}", output.stdout);
    assert!(output.stdout.contains("exit 1:"), "{}", output.stdout);
    assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
}

#[test]
fn missing_file_is_a_usage_error_that_names_it() {
    let home = Home::new();
    let output = verify(&home, "not-there.zip").run().exits(2);
    assert!(output.stderr.contains("not-there.zip: no such file"), "{}", output.stderr);
    assert!(output.stdout.is_empty(), "a failure is no data");
}

#[test]
fn empty_file_is_refused_not_passed() {
    refused_as(b"", "the file is empty");
}

#[test]
fn text_named_zip_is_told_from_its_content() {
    refused_as(b"#!/bin/sh\necho hello\n", "it is text");
}

#[test]
fn random_bytes_are_refused() {
    let mut state = 0x9e37_79b9_u32;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    })
    .take(10_000)
    .collect();
    refused_as(&bytes, "not a zip archive");
}

#[test]
fn truncated_zip_is_refused_as_truncated() {
    let whole = fs::read(super::super::run::repo().join("testdata/signer/valid.zip")).unwrap();
    refused_as(&whole[..whole.len() / 2], "truncated");
}

#[test]
fn a_policy_with_three_mistakes_shows_all_three_with_their_places() {
    let home = Home::new();
    let policy = home.path().join("policy.yaml");
    fs::write(
        &policy,
        "version: 1\nstatements:\n  - name: deps\n    scope: { kind: layr }\n    level: strikt\n    signatures: { any: [] }\n",
    )
    .unwrap();
    fs::write(home.path().join("layer.zip"), b"x").unwrap();
    let output = Run::new(&home).args(["verify", "--policy"]).arg(&policy).arg(home.path().join("layer.zip")).run().exits(2);
    for place in ["policy.yaml:4:", "policy.yaml:5:", "policy.yaml:6:"] {
        assert!(output.stderr.contains(place), "{place} is missing in\n{}", output.stderr);
    }
    assert!(output.stderr.contains("did you mean `layer`"), "{}", output.stderr);
}

#[test]
fn unknown_format_rule_and_severity_are_usage_errors_before_any_work() {
    let home = Home::new();
    for wrong in [["-o", "yaml"], ["--only", "PIN999"], ["--fail-on", "severe"]] {
        let output = Run::new(&home).args(["scan", "--snapshot", "testdata/fleet", "--policy", STRICT]).args(wrong).run().exits(2);
        assert!(output.stderr.contains(wrong[1]), "{}", output.stderr);
    }
    assert!(!home.path().join(".cache/layerproof/blobs").exists(), "nothing was fetched");
}

#[test]
fn a_folder_that_is_no_snapshot_is_named() {
    let home = Home::new();
    let output = Run::new(&home).args(["scan", "--policy", STRICT, "--snapshot"]).arg(home.path()).run().exits(2);
    assert!(output.stderr.contains("snapshot.json"), "{}", output.stderr);
}

#[test]
fn a_store_that_others_can_write_is_an_internal_error_with_the_fix() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let store = home.path().join("store");
    fs::create_dir(&store).unwrap();
    fs::set_permissions(&store, fs::Permissions::from_mode(0o777)).unwrap();
    let output =
        Run::new(&home).args(["verify", "--policy", STRICT, "testdata/signer/valid.zip", "--cache-dir"]).arg(&store).run().exits(5);
    assert!(output.stderr.contains("chmod"), "{}", output.stderr);
}

#[test]
fn terminal_escapes_in_entry_names_never_reach_the_terminal() {
    let home = Home::new();
    let hostile = crate::forge::zip::write(&[crate::forge::zip::Entry::file("python/\u{1b}]0;owned\u{7}.py", b"x")]);
    fs::write(home.path().join("layer.zip"), hostile).unwrap();
    let output = verify(&home, "layer.zip").arg("-vv").run().exits(1);
    assert!(!output.stdout.contains('\u{1b}') && !output.stdout.contains('\u{7}'), "{:?}", output.stdout);
}

#[test]
fn problems_of_a_policy_or_a_waiver_file_say_error_once() {
    let home = Home::new();
    let file = home.path().join("bad.yaml");
    fs::write(&file, "version: 1\nwaivers:\n  - id: x\nstatements:\n  - title: x\n").unwrap();
    let bad = file.to_str().unwrap();
    for args in [["--policy", bad, "-q"].as_slice(), &["--policy", STRICT, "--waivers", bad]] {
        for color in ["never", "always"] {
            let output =
                Run::new(&home).args(["verify", "testdata/signer/valid.zip", "--color", color]).args(args.iter().copied()).run().exits(2);
            assert!(output.stderr.contains("error") && !output.stderr.starts_with("error: error"), "{}", output.stderr);
            assert!(!output.stderr.starts_with("error: \u{1b}"), "{}", output.stderr);
        }
    }
}

#[test]
fn a_time_that_is_none_is_answered_with_one_that_is() {
    for time in ["yesterday", "2026-11-23", ""] {
        let output = Run::new(&Home::new()).args(["--now", time, "policy", "init"]).run().exits(2);
        assert!(output.stderr.contains("such as 2026-11-23T00:00:00Z"), "{time}: {}", output.stderr);
    }
}

#[test]
fn a_report_that_cannot_be_written_is_named_without_our_temporary_file() {
    let home = Home::new();
    let output = Run::new(&home)
        .args(["verify", "testdata/signer/valid.zip", "--policy", "testdata/policies/gate.yaml", "-o", "json=no/such/folder/x.json"])
        .run()
        .exits(5);
    assert!(output.stderr.contains("no/such/folder/x.json: there is no such folder"), "{}", output.stderr);
    assert!(!output.stderr.contains(".tmp"), "{}", output.stderr);
}

#[test]
fn snapshot_whose_images_are_no_layout_leaves_gaps_and_hides_no_refusal() {
    for missing in ["images/index.json", "images/oci-layout"] {
        let home = Home::new();
        let snapshot = home.path().join("snapshot");
        for (path, bytes) in crate::fleet::files().into_iter().filter(|(path, _)| !path.ends_with(missing)) {
            let path = snapshot.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let scan = Run::new(&home).args(["scan", "--policy", "trust-policies/demo.yaml", "-o", "json", "--snapshot"]).arg(&snapshot);
        let report = scan.run().exits(1).json();
        let decisions = report["decisions"].as_array().unwrap();
        let verdicts = |kind: &str| -> Vec<&str> {
            decisions.iter().filter(|d| d["subject"]["kind"] == kind).map(|d| d["verdict"].as_str().unwrap()).collect()
        };
        assert!(verdicts("layer").contains(&"refused"), "{missing}: what the images lack hides nothing else");
        let images = verdicts("image");
        assert!(!images.is_empty() && images.iter().all(|verdict| *verdict != "trusted" && *verdict != "exempt"), "{missing}: {images:?}");
        let details: Vec<&str> = report["gaps"].as_array().unwrap().iter().map(|gap| gap["detail"].as_str().unwrap()).collect();
        let name = missing.trim_start_matches("images/");
        assert!(details.iter().any(|detail| detail.contains(&format!("it has no `{name}`"))), "{missing}: {details:?}");
    }
}

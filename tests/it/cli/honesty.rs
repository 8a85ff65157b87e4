//! The rules of a trust policy that live in the command line (rules 10 and 12 of the design).

use std::fs;

use super::super::run::{Home, Run};

const FLEET: [&str; 3] = ["scan", "--snapshot", "testdata/fleet"];
const DEMO: [&str; 2] = ["--policy", "trust-policies/demo.yaml"];

#[test]
fn rule_10_no_policy_no_verdict() {
    for command in [&FLEET[..], &["verify", "testdata/signer/valid.zip"]] {
        let home = Home::new();
        let output = Run::new(&home).args(command).run().exits(2);
        assert!(output.stderr.contains("no trust policy"), "{}", output.stderr);
    }
}

#[test]
fn rule_10_a_planted_config_file_sets_nothing() {
    let home = Home::new();
    let cwd = home.path().join("project");
    fs::create_dir_all(cwd.join(".github")).unwrap();
    fs::create_dir_all(home.path().join(".config/layerproof")).unwrap();
    let planted = "policy = \"allow.yaml\"\nexit-zero = true\nallow-incomplete = true\n";
    for name in ["layerproof.toml", ".layerproof.toml", ".github/layerproof.toml", "layerproof.yaml", ".layerproof.yaml", "policy.yaml"] {
        fs::write(cwd.join(name), planted).unwrap();
    }
    fs::write(home.path().join(".config/layerproof/config.toml"), planted).unwrap();
    fs::write(cwd.join("layer.zip"), b"x").unwrap();
    let output = Run::new(&home).cwd(&cwd).args(["verify", "layer.zip"]).run().exits(2);
    assert!(output.stderr.contains("no trust policy"), "{}", output.stderr);
}

#[test]
fn rule_10_fail_on_and_only_hide_no_decision() {
    let home = Home::new();
    let output = Run::new(&home).args(FLEET).args(DEMO).args(["--fail-on", "critical", "--only", "SHR001"]).run().exits(1);
    assert!(output.stdout.contains("Refused"), "{}", output.stdout);
}

#[test]
fn rule_11_only_hides_no_tampering() {
    let home = Home::new();
    let policy = home.path().join("skip.yaml");
    let statement = |kind: &str| {
        format!(
            "  - {{name: {kind}s, scope: {{kind: {kind}, arn: \"arn:aws:lambda:*:111122223333:{kind}:*\"}}, level: skip, reason: test}}\n"
        )
    };
    fs::write(&policy, format!("version: 1\nstatements:\n{}{}", statement("function"), statement("layer"))).unwrap();
    // The signature of this function does not hold; the statement exempts it, and the finding is all that is left.
    let output = Run::new(&home)
        .args(["verify", "fn:customs-declare:5", "--snapshot", "testdata/fleet", "--only", "RTM001", "--policy"])
        .arg(&policy)
        .run()
        .exits(1);
    assert!(output.stdout.contains("SIG004"), "{}", output.stdout);
}

#[test]
fn rule_12_the_environment_never_sets_the_time_of_verification() {
    let home = Home::new();
    let report = Run::new(&home)
        .args(FLEET)
        .args(DEMO)
        .args(["-o", "json"])
        .env("SOURCE_DATE_EPOCH", "0")
        .env("LAYERPROOF_NOW", "1999-01-01T00:00:00Z")
        .run()
        .exits(1)
        .json();
    let judged = report["times"]["now"].as_str().unwrap();
    assert!(judged > "2026", "judged at {judged}");
}

#[test]
fn rule_12_now_is_echoed() {
    let home = Home::new();
    let output = Run::new(&home).args(FLEET).args(DEMO).args(["--now", "2026-11-23T00:00:00Z"]).run().exits(1);
    assert!(output.stdout.contains("--now"), "{}", output.stdout);
}

#[test]
fn rule_12_a_verdict_from_a_snapshot_says_so_with_its_age() {
    let home = Home::new();
    let output = Run::new(&home).args(FLEET).args(DEMO).args(["--now", "2026-11-23T00:00:00Z"]).run().exits(1);
    assert!(output.stdout.contains("unauthenticated") && output.stdout.contains("days"), "{}", output.stdout);
}

#[test]
fn a_closed_pipe_is_no_error() {
    use std::process::{Command, Stdio};
    let home = Home::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_layerproof"))
        .env_clear()
        .env("HOME", home.path())
        .current_dir(super::super::run::repo())
        .args(FLEET)
        .args(DEMO)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

//! `--offline` opens no socket: proven by the kernel, which kills the process at the first one.

use std::path::PathBuf;
use std::process::Command;

use super::run::{Home, repo, skip};

/// `examples/no_sockets`, which cargo builds beside this test binary.
fn no_sockets() -> PathBuf {
    let mut path = std::env::current_exe().expect("this test has a path");
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.join("examples").join("no_sockets")
}

fn under_filter() -> Option<Command> {
    if !cfg!(target_os = "linux") {
        skip("seccomp is there on Linux only");
        return None;
    }
    let program = no_sockets();
    assert!(program.exists(), "{} is missing: run `cargo test` with all targets, or `cargo build --examples`", program.display());
    let mut command = Command::new(program);
    command.env_clear().current_dir(repo());
    Some(command)
}

#[test]
fn the_filter_bites() {
    let Some(mut command) = under_filter() else { return };
    let output = command.arg("--open-a-socket").output().expect("the filter program runs");
    assert!(!output.status.success() && output.status.code().is_none(), "a socket must be fatal: {output:?}");
}

#[test]
fn offline_scan_of_the_demo_fleet_opens_no_socket() {
    let home = Home::new();
    let Some(mut command) = under_filter() else { return };
    command.arg(env!("CARGO_BIN_EXE_layerproof")).env("HOME", home.path());
    command.args(["--offline", "scan", "--snapshot", "testdata/fleet", "--policy", "trust-policies/demo.yaml"]);
    let output = command.output().expect("the filter program runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("refused") || text.contains("Refused"), "{text}");
}

#[test]
fn offline_verify_of_a_signed_zip_opens_no_socket() {
    let home = Home::new();
    let Some(mut command) = under_filter() else { return };
    command.arg(env!("CARGO_BIN_EXE_layerproof")).env("HOME", home.path());
    command.args(["--offline", "inspect", "--explain-signature", "testdata/signer/valid.zip"]);
    let output = command.output().expect("the filter program runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn nothing_that_could_be_looked_up_opens_a_socket_offline_or_at_another_time() {
    let home = Home::new();
    let recording = home.path().join("recording").display().to_string();
    let policy = ["--policy", "trust-policies/demo.yaml"];
    let registry = "image:111122223333.dkr.ecr.eu-west-1.amazonaws.com/app";
    let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let (by_tag, by_digest) = (format!("{registry}:v1"), format!("{registry}@{digest}"));
    let template = "testdata/templates/pinned.yaml";
    let layer = "arn:aws:lambda:eu-west-1:111122223333:layer:deps:7";
    for (command, code) in [
        (["scan"].as_slice(), 2),
        (&["scan", "--all-regions", "--role-arn", "arn:aws:iam::111122223333:role/x"], 2),
        (&["verify", "fn:checkout"], 2),
        (&["verify", layer, "--region", "eu-west-1"], 2),
        (&["verify", &by_tag], 2),
        (&["verify", &by_digest], 2),
        (&["verify", template, "--region", "eu-west-1"], 2),
        (&["verify", template, "fn:checkout"], 2),
        (&["verify", template], 3),
        (&["verify", template, "--references-only"], 0),
        (&["verify", template, "--snapshot", "testdata/fleet"], 3),
        (&["verify", "testdata/signer/valid.zip"], 1),
    ] {
        for switch in [["--offline"].as_slice(), &["--now", "2026-11-23T00:00:00Z"]] {
            let Some(mut filtered) = under_filter() else { return };
            filtered.arg(env!("CARGO_BIN_EXE_layerproof")).env("HOME", home.path());
            filtered.envs([("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "x"), ("AWS_REGION", "eu-west-1")]);
            filtered.env("HTTPS_PROXY", "http://127.0.0.1:9");
            let output = filtered.args(switch).args(command).args(policy).output().expect("the filter program runs");
            assert_eq!(output.status.code(), Some(code), "{switch:?} {command:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
    for command in [["inventory"].as_slice(), &["inventory", "--record", &recording]] {
        let Some(mut filtered) = under_filter() else { return };
        filtered.arg(env!("CARGO_BIN_EXE_layerproof")).env("HOME", home.path()).arg("--offline").args(command);
        assert_eq!(filtered.output().expect("the filter program runs").status.code(), Some(2), "{command:?}");
    }
}

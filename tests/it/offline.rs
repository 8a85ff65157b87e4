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

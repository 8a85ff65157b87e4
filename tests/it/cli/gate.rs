//! The release gate on a zip signed by the test CA: it passes, and each mutant is refused with its reason.

use super::super::run::{Home, Output, Run};

const LAYER: &str = "arn:aws:lambda:eu-west-1:111122223333:layer:deps:1";
const NOW: &str = "2026-11-22T00:00:00Z";

fn verify(zip: &str) -> Output {
    let home = Home::new();
    let zip = format!("testdata/signer/{zip}.zip");
    Run::new(&home).args(["verify", &zip, "--as", LAYER, "--policy", "testdata/policies/gate.yaml", "--now", NOW]).run()
}

#[test]
fn a_zip_signed_by_the_named_root_and_profile_passes() {
    let output = verify("valid").exits(0);
    for needed in ["Trusted", "SHA-256", "CodeSha256", "exit 0:"] {
        assert!(output.stdout.contains(needed), "`{needed}` is missing in\n{}", output.stdout);
    }
}

#[test]
fn what_the_signature_does_not_bind_is_said_even_when_it_passes() {
    let output = verify("valid").exits(0);
    assert!(output.stdout.contains("does not bind"), "{}", output.stdout);
}

#[test]
fn without_a_scope_of_its_own_a_local_file_matches_no_scoped_statement() {
    let home = Home::new();
    let output = Run::new(&home)
        .args(["verify", "testdata/signer/valid.zip", "--policy", "testdata/policies/gate.yaml", "--now", NOW])
        .run()
        .exits(1);
    assert!(output.stdout.contains("--as"), "the way out is named\n{}", output.stdout);
}

#[test]
fn a_layer_of_another_account_is_not_covered() {
    let home = Home::new();
    Run::new(&home)
        .args(["verify", "testdata/signer/valid.zip", "--policy", "testdata/policies/gate.yaml", "--now", NOW])
        .args(["--as", "arn:aws:lambda:eu-west-1:999900001111:layer:deps:1"])
        .run()
        .exits(1);
}

#[test]
fn verify_never_forgives_missing_evidence() {
    let home = Home::new();
    Run::new(&home)
        .args(["verify", "--allow-incomplete", "testdata/signer/valid.zip", "--policy", "testdata/policies/gate.yaml"])
        .run()
        .exits(2);
}

#[test]
fn exit_zero_is_echoed_in_the_report() {
    let home = Home::new();
    let output = Run::new(&home)
        .args(["verify", "--exit-zero", "testdata/signer/valid.zip", "--policy", "testdata/policies/gate.yaml", "--now", NOW])
        .run()
        .exits(0);
    assert!(output.stdout.contains("--exit-zero") && output.stdout.contains("would be exit 1"), "{}", output.stdout);
}

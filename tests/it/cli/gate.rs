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

/// How `verify` must end for each vector. Everything that is not named here must be refused, exit 1.
fn expected(name: &str) -> i32 {
    match name {
        // Expiry, signer and entries that the signature does not bind are the policy's to refuse, and strict does.
        "valid-expired" | "valid-other-profile" | "valid-file-made-a-link" | "valid-made-setuid" => 1,
        // Spellings and attributes that the only description of the format does not have: never "unsigned", never a pass.
        _ if UNCONFIRMED.contains(&name) => 3,
        _ if name == "valid" || name.starts_with("valid-") => 0,
        _ => 1,
    }
}

const UNCONFIRMED: [&str; 6] = [
    "signature-behind-backslash",
    "signature-by-case",
    "signature-in-meta-dash-inf",
    "signature-in-meta-dash-inf-tampered",
    "signature-of-version-2",
    "unknown-attribute-of-signer",
];

#[test]
fn every_mutant_is_refused_and_no_honest_variant_is() {
    let folder = super::super::run::repo().join("testdata/signer");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|file| file.unwrap().file_name().into_string().unwrap().strip_suffix(".zip").map(str::to_owned))
        .collect();
    names.sort();
    assert!(names.len() > 90, "the vectors are missing");
    let mut wrong = Vec::new();
    for name in &names {
        let output = verify(name);
        if output.code != expected(name) {
            wrong.push(format!("{name}: exit {}, expected {}\n{}", output.code, expected(name), output.stdout));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_the_signature_does_not_bind_is_said_even_when_it_passes() {
    let output = verify("valid").exits(0);
    for unbound in ["setuid", "symbolic link", "the boundary between an entry's name and its body", "revoked"] {
        assert!(output.stdout.contains(unbound), "`{unbound}` is missing in\n{}", output.stdout);
    }
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
fn the_last_line_and_policy_explain_name_the_way_out_for_a_file_too() {
    let home = Home::new();
    let output = Run::new(&home)
        .args(["verify", "testdata/signer/valid.zip", "--policy", "testdata/policies/gate.yaml", "--now", NOW])
        .run()
        .exits(1);
    assert!(output.stdout.lines().last().unwrap().contains("only by --as ARN"), "{}", output.stdout);
    let output =
        Run::new(&home).args(["policy", "explain", "testdata/signer/valid.zip", "--policy", "testdata/policies/gate.yaml"]).run().exits(4);
    assert!(output.stdout.contains("only by --as ARN"), "{}", output.stdout);
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

/// Where revocation is enforced and nobody can be asked, the report says what to do about it, and where it is only logged, nothing.
#[test]
fn what_to_do_about_revocation_is_said_where_it_decides() {
    let home = Home::new();
    let root = super::super::run::repo().join("testdata/signer/test-root.pem");
    std::fs::copy(root, home.path().join("root.pem")).unwrap();
    let policy = home.path().join("policy.yaml");
    let text = "version: 1
roots:
  - { name: test-ca, file: root.pem, sha256: 468cb10f94e04db88912e9f934a7e0923366826c6fd2154eb3df7fa717e94926, accounts: ['111122223333'] }
statements:
  - name: layers
    scope: { kind: layer, arn: 'arn:aws:lambda:*:111122223333:layer:*' }
    level: strict
    signatures:
      aws_signer: { root: test-ca, profiles: ['arn:aws:signer:{region}:111122223333:/signing-profiles/release'] }
";
    let verify = |text: &str| {
        std::fs::write(&policy, text).unwrap();
        let policy = policy.display().to_string();
        Run::new(&home).args(["verify", "testdata/signer/valid.zip", "--as", LAYER, "--offline", "--policy", &policy]).run()
    };
    let enforced = verify(text).exits(3).stdout;
    assert!(enforced.contains("to learn what was revoked: ") && enforced.contains("--revocations FILE"), "{enforced}");
    let logged = verify(&text.replace("level: strict", "level: strict\n    aspects: { revocation: log }")).exits(0).stdout;
    assert!(!logged.contains("to learn what was revoked"), "{logged}");
}

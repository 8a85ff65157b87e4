//! `policy import notation`, through the program: what it writes is a policy, and what it must not follow is refused.

use std::fs;
use std::path::Path;

use crate::run::{Home, Run};

const TRUST_POLICY: &str = r#"{
  "version": "1.0",
  "trustPolicies": [
    {
      "name": "acme-images",
      "registryScopes": ["registry.example.com/acme/app", "ghcr.io/acme/app"],
      "signatureVerification": {"level": "strict", "verifyTimestamp": "afterCertExpiry"},
      "trustStores": ["ca:acme", "tsa:acme"],
      "trustedIdentities": ["x509.subject: C=US, ST=WA, O=Acme"]
    },
    {
      "name": "everything else",
      "registryScopes": ["*"],
      "signatureVerification": {"level": "permissive"},
      "trustStores": ["signingAuthority:aws-signer-ts"],
      "trustedIdentities": ["arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release"]
    }
  ]
}"#;

fn set_up(home: &Home) {
    let pem = crate::forge::TestCa::ours().root_pem();
    for store in ["ca/acme", "tsa/acme"] {
        let folder = home.path().join("truststore/x509").join(store);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("root.pem"), &pem).unwrap();
    }
    fs::write(home.path().join("trustpolicy.json"), TRUST_POLICY).unwrap();
}

fn import(home: &Home) -> Run<&Home> {
    Run::new(home).cwd(home.path()).args(["policy", "import", "notation", "--trust-policy", "trustpolicy.json"])
}

#[test]
fn what_notation_has_becomes_a_policy_that_passes_the_check() {
    let home = Home::new();
    set_up(&home);
    let output = import(&home).run().exits(0);
    fs::write(home.path().join("policy.yaml"), &output.stdout).unwrap();
    let checked = Run::new(&home).cwd(home.path()).args(["policy", "check", "policy.yaml"]).run().exits(0);
    for part in [
        "3 statements, no problems",
        "trust store ca:acme (1 certificate)",
        "trust store signingAuthority:aws-signer-ts",
        "time stamps of tsa:acme after_cert_expiry",
        "replaces everything-else",
        "x509.subject: C=US, ST=WA, O=Acme",
    ] {
        assert!(checked.stdout.contains(part), "{part}: {}\n{}", checked.stdout, output.stdout);
    }
    let explained =
        Run::new(&home).cwd(home.path()).args(["policy", "explain", "ghcr.io/acme/app:v1", "--policy", "policy.yaml"]).run().exits(0);
    assert!(explained.stdout.contains("is replaced by acme-images-2"), "{}", explained.stdout);
}

#[test]
fn what_cannot_be_said_is_an_error_with_field_line_and_column() {
    let home = Home::new();
    set_up(&home);
    fs::write(home.path().join("trustpolicy.json"), TRUST_POLICY.replace("permissive", "audit")).unwrap();
    let output = import(&home).run().exits(2);
    assert!(output.stdout.is_empty(), "half a policy is none");
    for part in ["/trustPolicies/1/signatureVerification/level", "trustpolicy.json:14:"] {
        assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
    }
}

#[test]
fn directories_links_and_strangers_in_a_trust_store_are_refused() {
    type Spoil = fn(&Path);
    let stores: &[(&str, Spoil)] = &[
        ("no regular file", |store| fs::create_dir(store.join("sub-dir")).unwrap()),
        ("no regular file", |store| std::os::unix::fs::symlink(store.join("root.pem"), store.join("link.pem")).unwrap()),
        ("cannot be used", |store| fs::write(store.join("notes.txt"), "hello").unwrap()),
        ("has no certificates", |store| fs::remove_file(store.join("root.pem")).unwrap()),
        ("symbolic links are not followed", |store| {
            fs::rename(store, store.with_extension("real")).unwrap();
            std::os::unix::fs::symlink(store.with_extension("real"), store).unwrap();
        }),
        ("could not look at", |store| fs::remove_dir_all(store).unwrap()),
    ];
    for (part, spoil) in stores {
        let home = Home::new();
        set_up(&home);
        spoil(&home.path().join("truststore/x509/ca/acme"));
        let output = import(&home).run().exits(2);
        assert!(output.stderr.contains(part) && output.stderr.contains("/trustPolicies/0/trustStores/0"), "{part}: {}", output.stderr);
    }
}

#[test]
fn a_store_under_a_shipped_name_with_other_certificates_is_not_taken_for_the_shipped_one() {
    let home = Home::new();
    set_up(&home);
    let folder = home.path().join("truststore/x509/signingAuthority/aws-signer-ts");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("root.pem"), crate::forge::TestCa::ours().root_pem()).unwrap();
    let output = import(&home).run().exits(0);
    assert!(output.stdout.contains("signingAuthority:aws-signer-ts-imported"), "{}", output.stdout);
}

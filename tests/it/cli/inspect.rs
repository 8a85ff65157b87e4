//! `inspect` of what lives in an account: the same page for a recorded and a live one, and never a silent nothing.

use super::super::aws::layerproof_on;
use super::super::run::{Home, Output, Run};
use crate::loopback::{Fault, Fleet, LoopbackAws};

const FLEET: &str = "testdata/fleet";

fn recorded(args: &[&str]) -> Output {
    Run::new(&Home::new()).arg("inspect").args(args).args(["--snapshot", FLEET]).run()
}

#[test]
fn a_layer_of_an_account_is_shown_alike_recorded_and_live() {
    let home = Home::new();
    let aws = LoopbackAws::of(Fleet::read(FLEET)).start();
    let target = "arn:aws:lambda:eu-west-1:111122223333:layer:parcel-common:12";
    let live = layerproof_on(&aws, &home, "111122223333", "eu-west-1").args(["inspect", target]).run().exits(0);
    assert_eq!(live.stdout, recorded(&[target]).exits(0).stdout);
    assert!(live.stdout.contains("these are the bytes that are claimed"), "{}", live.stdout);
    assert_eq!(recorded(&[target, "--format", "json"]).exits(0).json()["subject"], target);
}

#[test]
fn bytes_that_are_not_the_claimed_ones_are_said_to_be_others() {
    let shown = recorded(&["fn:rate-card-import"]);
    assert!(shown.stdout.contains("other bytes: sha256:"), "{}", shown.stdout);
}

#[test]
fn what_is_not_there_is_exit_4_and_what_is_denied_exit_3() {
    recorded(&["layer:no-such-layer:1"]).exits(4);
    let home = Home::new();
    let aws = LoopbackAws::of(Fleet::read(FLEET)).fault(Fault::on("lambda:GetLayerVersionByArn").denies()).start();
    let output = layerproof_on(&aws, &home, "111122223333", "eu-west-1").args(["inspect", "layer:parcel-common:12"]).run().exits(3);
    assert!(output.stdout.contains("lambda:GetLayerVersion is needed"), "{}", output.stdout);
}

#[test]
fn several_artifacts_are_no_one_document() {
    let output = recorded(&["fn:checkout-quote:live", "--format", "json"]).exits(2);
    assert!(output.stderr.contains("layer:parcel-common:12"), "{}", output.stderr);
    let shown = recorded(&["fn:checkout-quote:live"]).exits(0).stdout;
    assert_eq!(shown.matches("CodeSha256").count(), 3, "two versions and a layer: {shown}");
}

/// What a policy names of its own: a key, a trusted root, a trust store.
const NAMED: &str = "version: 1
sigstore_roots:
  - { name: ours, file: trust/trusted-root-rekor.json }
trust_stores:
  - { name: 'ca:test', files: [trust/root.pem] }
statements:
  - name: images
    scope: { kind: image, repository: 'registry.example.com/team/*' }
    level: strict
    signatures:
      any:
        - sigstore: { key: trust/key-p256.pub, transparency: none }
        - sigstore: { root: ours, issuer: 'https://issuer.example.test', identity: release@example.test, sct: none }
        - notary: { trust_store: 'ca:test', identities: ['*'] }
";

/// A signature that is good under the policy's anchors is shown to hold with `--policy`, and without it the reason is the missing anchor.
#[test]
fn keys_roots_and_stores_of_a_policy_count_and_its_statements_do_not() {
    let home = Home::new();
    let signatures = super::super::run::repo().join("testdata/signatures");
    std::os::unix::fs::symlink(signatures.join("trust"), home.path().join("trust")).unwrap();
    let policy = home.path().join("policy.yaml");
    std::fs::write(&policy, NAMED).unwrap();
    for (layout, anchor, without) in [
        ("c2-p256", "trust/key-p256.pub", "no key is named"),
        ("c3-p256", "trust/key-p256.pub", "no key is named"),
        // By another identity than the one that the statement names: no statement is applied.
        ("c3-logged-ci", "ours", "not among the trust anchors sigstore-public-good, sigstore-github"),
        ("nt-jws-p256", "ca:test", "no trust anchor of its kind is named"),
        ("nt-cose-p256", "ca:test", "no trust anchor of its kind is named"),
    ] {
        let target = format!("oci:{}:latest", signatures.join("layouts").join(layout).display());
        let inspect = || Run::new(&home).args(["inspect", &target]);
        let bare = inspect().run().exits(0).stdout;
        assert!(bare.contains("not trusted: ") && bare.contains(without), "{layout}: {bare}");
        let named = inspect().args(["--policy", &policy.display().to_string()]).run().exits(0).stdout;
        assert!(named.contains(&format!("holds, up to {anchor}")), "{layout}: {named}");
        let steps = inspect().args(["--explain-signature", "--policy", &policy.display().to_string()]).run().exits(0).stdout;
        assert!(!steps.contains("FAILED") && steps.contains("outcome valid"), "{layout}: {steps}");
    }
}

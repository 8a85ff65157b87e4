//! Where signatures are looked for: beside files, in folders, in Amazon S3 and in repositories, from the command line.

use std::fs;

use super::super::aws::layerproof_on;
use super::super::run::{Home, Output, Run};
use crate::loopback::{Fault, Fleet, LoopbackAws, Wrong};
use layerproof::model::digest::Digest;

const ACCOUNT: &str = "111122223333";

/// A policy that asks of any file for a signature that no test here can give, so that what counts are the reasons.
const POLICY: &str = "version: 1
statements:
  - name: everything
    scope: { kind: any }
    level: strict
    signatures:
      any:
        - aws_signer:
            root: aws-signer-lambda-unconfirmed
            profiles: [\"arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release\"]
";

struct Place {
    home: Home,
    hex: String,
}

impl Place {
    /// A home with an unsigned zip and a policy.
    fn new() -> Self {
        let home = Home::new();
        let zip = super::super::run::repo().join("testdata/signer/unsigned.zip");
        let bytes = fs::read(zip).unwrap();
        fs::write(home.path().join("layer.zip"), &bytes).unwrap();
        fs::write(home.path().join("policy.yaml"), POLICY).unwrap();
        fs::create_dir(home.path().join("signatures")).unwrap();
        Self { home, hex: Digest::of(&bytes).hex() }
    }

    fn path(&self, name: &str) -> String {
        self.home.path().join(name).display().to_string()
    }

    fn put(&self, name: &str, bytes: &str) {
        fs::write(self.home.path().join(name), bytes).unwrap();
    }

    fn run(&self, command: &str) -> Run<&Home> {
        self.told(Run::new(&self.home), command)
    }

    fn on<'h>(&'h self, aws: &LoopbackAws, command: &str) -> Run<&'h Home> {
        self.told(layerproof_on(aws, &self.home, ACCOUNT, "eu-west-1"), command)
    }

    fn told<'h>(&self, run: Run<&'h Home>, command: &str) -> Run<&'h Home> {
        let run = run.arg(command).arg(self.path("layer.zip"));
        if command == "verify" { run.args(["--policy", &self.path("policy.yaml")]) } else { run }
    }
}

fn says(output: &Output, text: &str) {
    assert!(output.stdout.contains(text), "`{text}` is missing in\n{}", output.stdout);
}

#[test]
fn inspect_shows_what_lies_beside_a_file_and_in_a_folder() {
    let place = Place::new();
    says(&place.run("inspect").run().exits(0), "none: unsigned");
    place.put("layer.zip.sigstore.json", "{}");
    place.put(&format!("signatures/sha256-{}.jws.sig", place.hex), "{}");
    let seen = place.run("inspect").args(["--signatures", &place.path("signatures")]).run().exits(0);
    says(&seen, "layer.zip.sigstore.json");
    says(&seen, &format!("sha256-{}.jws.sig", place.hex));
    says(&seen, "were looked for in");
}

#[test]
fn whoever_verifies_is_told_where_was_looked() {
    let place = Place::new();
    let output = place.run("verify").args(["--signatures", &place.path("signatures")]).run().exits(1);
    says(&output, "signatures were looked for in");
}

#[test]
fn a_source_that_is_none_is_a_mistake_of_the_command_line() {
    let place = Place::new();
    place.run("verify").args(["--signatures", "no-such-folder"]).run().exits(2);
    place.run("verify").args(["--signature-repository", "registry.example/app:v1"]).run().exits(2);
}

#[test]
fn nobody_answers_for_a_repository_and_that_is_no_unsigned() {
    let place = Place::new();
    let output = place.run("inspect").args(["--signature-repository", "127.0.0.1:9/signatures"]).run();
    says(&output, "not reachable");
    assert!(!output.stdout.contains("unsigned"), "{}", output.stdout);
}

fn bucket(place: &Place) -> LoopbackAws {
    let key = |ending: &str| format!("signatures/sha256-{}{ending}", place.hex);
    let fleet = Fleet::read("testdata/fleet")
        .with_object("evidence", &key(".a.sigstore.json"), "{}")
        .with_object("evidence", &key(".b.sigstore.json"), "{}")
        .with_object("evidence", &key(".jws.sig"), "{}")
        .with_object("evidence", &key(".txt"), "no signature")
        .with_object("evidence", &format!("signatures/sha256-{}.sigstore.json", Digest::of(b"other").hex()), "{}")
        .with_object("evidence", &format!("elsewhere/sha256-{}.cose.sig", place.hex), "{}");
    LoopbackAws::of(fleet).start()
}

#[test]
fn a_bucket_is_looked_into_by_digest_page_by_page() {
    let place = Place::new();
    let aws = bucket(&place);
    let seen = place.on(&aws, "inspect").args(["--signatures", "s3://evidence/signatures"]).run().exits(0);
    for ending in [".a.sigstore.json", ".b.sigstore.json", ".jws.sig"] {
        says(&seen, &format!("s3://evidence/signatures/sha256-{}{ending}", place.hex));
    }
    assert!(!seen.stdout.contains(".txt") && !seen.stdout.contains("cose"), "{}", seen.stdout);
    assert_eq!(aws.log().count("s3:GetObject"), 3, "nothing else is read");
    // Again in the next run: what a source says is never kept.
    place.on(&aws, "inspect").args(["--signatures", "s3://evidence/signatures"]).run().exits(0);
    assert_eq!(aws.log().count("s3:GetObject"), 6);
}

#[test]
fn a_bucket_that_is_denied_gone_throttled_or_garbled_is_never_unsigned() {
    let place = Place::new();
    for (what, fault) in [
        ("list denied", Fault::on("s3:ListBucket").goes(Wrong::AccessDenied)),
        ("object denied", Fault::on("s3:GetObject").goes(Wrong::AccessDenied)),
        ("throttled", Fault::on("s3:ListBucket").goes(Wrong::Throttled(None))),
        ("no bucket", Fault::on("s3:ListBucket").goes(Wrong::Error(404, "NoSuchBucket".into(), "no".into()))),
        ("garbage", Fault::on("s3:ListBucket").goes(Wrong::Garbage)),
        ("endless pages", Fault::on("s3:ListBucket").goes(Wrong::MarkerLoop)),
        ("no login", Fault::on("sts:GetCallerIdentity").goes(Wrong::AccessDenied)),
    ] {
        let key = format!("signatures/sha256-{}.sigstore.json", place.hex);
        let fleet = Fleet::read("testdata/fleet").with_object("evidence", &key, "{}");
        let aws = LoopbackAws::of(fleet).fault(fault).start();
        let seen = place.on(&aws, "inspect").args(["--signatures", "s3://evidence/signatures/"]).run();
        assert!(!seen.stdout.contains("unsigned"), "{what}: {}", seen.stdout);
        says(&seen, "could not learn");
    }
}

#[test]
fn offline_no_bucket_is_asked() {
    let place = Place::new();
    let aws = bucket(&place);
    let seen = place.on(&aws, "inspect").args(["--offline", "--signatures", "s3://evidence/signatures"]).run();
    assert!(!seen.stdout.contains("unsigned"), "{}", seen.stdout);
    assert_eq!(aws.log().count("s3:ListBucket"), 0);
}

//! What a selection leaves out: never a target that was asked for, never a part of one, and never more than it says.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::run::{Home, Output, Run, repo};

const TRUSTED: &str = "arn:aws:lambda:us-east-1:111122223333:function:parcel-label-render";

fn verify(snapshot: &Path, targets: &[&str]) -> Output {
    let home = Home::new();
    Run::new(&home)
        .arg("verify")
        .args(targets)
        .arg("--snapshot")
        .arg(snapshot)
        .args(["--policy", "trust-policies/demo.yaml", "--now", "2026-11-23T00:00:00Z"])
        .run()
}

fn fleet() -> PathBuf {
    repo().join("testdata/fleet")
}

/// A copy of the demo fleet in `home`, in which `change` was made to the recorded answers of one call.
fn changed(home: &Home, place: &str, call: &str, change: impl Fn(&mut Value)) -> PathBuf {
    let root = home.path().join("fleet");
    copy(&fleet(), &root);
    let path = root.join("accounts").join(place).join(format!("{call}.json"));
    let mut answers: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut answers);
    fs::write(path, answers.to_string()).unwrap();
    root
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn what_could_not_be_learned_of_others_does_not_fail_a_target_that_holds() {
    // The fleet lacks the bytes of two layers that this function does not use.
    let output = verify(&fleet(), &[&format!("{TRUSTED}:live")]).exits(0);
    assert!(!output.stdout.contains("legacy-pdf"), "{}", output.stdout);
}

#[test]
fn what_could_not_be_learned_of_a_part_of_the_target_still_counts() {
    let output = verify(&fleet(), &["layer:legacy-pdf:9"]).exits(3);
    assert!(output.stdout.contains("deleted"), "{}", output.stdout);
}

#[test]
fn a_target_that_is_not_there_does_not_pass_beside_one_that_holds() {
    for missing in ["fn:no-such-function", "fn:parcel-label-render:77", "fn:parcel-label-render:no-such-alias", "layer:no-such-layer:1"] {
        let output = verify(&fleet(), &[&format!("{TRUSTED}:live"), missing]).exits(4);
        assert!(output.stdout.contains(&format!("nothing matched `{missing}`")), "{}", output.stdout);
    }
    verify(&fleet(), &["testdata/signer/valid.zip", "layer:no-such-layer:1"]).exits(1);
}

#[test]
fn a_glob_that_matches_nothing_does_not_pass_beside_one_that_does() {
    let home = Home::new();
    let output = Run::new(&home)
        .args(["scan", "--snapshot", "testdata/fleet", "--policy", "trust-policies/demo.yaml", "--now", "2026-11-23T00:00:00Z"])
        .args(["--function", "tracking-*", "--function", "no-such-*", "--fail-on", "critical"])
        .run()
        .exits(4);
    assert!(output.stdout.contains("`no-such-*`"), "{}", output.stdout);
}

#[test]
fn an_alias_that_routes_to_a_version_that_is_not_there_does_not_vanish() {
    let home = Home::new();
    let root = changed(&home, "111122223333/us-east-1", "lambda.ListAliases", |answers| {
        let text = answers.to_string();
        assert!(text.contains(r#""RoutingConfig":null"#), "{text}");
        let routed = text.replacen(r#""RoutingConfig":null"#, r#""RoutingConfig":{"AdditionalVersionWeights":{"99":0.5}}"#, 1);
        *answers = serde_json::from_str(&routed).unwrap();
    });
    for target in [TRUSTED.to_owned(), format!("{TRUSTED}:live")] {
        let output = verify(&root, &[&target]).exits(3);
        assert!(output.stdout.contains(&format!("{TRUSTED}:99")), "{}", output.stdout);
    }
}

#[test]
fn aliases_that_could_not_be_listed_are_not_taken_for_none_that_match() {
    let home = Home::new();
    let root = changed(&home, "111122223333/us-east-1", "lambda.ListAliases", |answers| {
        *answers = Value::Array(Vec::new());
    });
    verify(&root, &[&format!("{TRUSTED}:live")]).exits(3);
}

#[test]
fn an_image_is_found_by_its_tag_its_digest_or_both_and_by_no_other() {
    let image = "image:111122223333.dkr.ecr.eu-west-1.amazonaws.com/dispatch-optimizer";
    let digest = "sha256:81e18840abe307e712caf687ab44655438d94f5d9307fc69cdb0096f7a36104d";
    let other = digest.replace("81e", "82e");
    for (reference, found) in [
        (image.to_owned(), true),
        (format!("{image}:latest"), true),
        (format!("{image}@{digest}"), true),
        (format!("{image}:latest@{digest}"), true),
        (format!("{image}:v9"), false),
        (format!("{image}:latest@{other}"), false),
        (format!("{image}-2:latest"), false),
    ] {
        let output = verify(&fleet(), &[&reference]);
        assert_eq!(output.code != 4, found, "{reference}: exit {}\n{}", output.code, output.stdout);
    }
}

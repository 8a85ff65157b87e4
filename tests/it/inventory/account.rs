//! A small recorded account, healthy until a test breaks it.

use std::collections::BTreeMap;
use std::path::Path;

use layerproof::inventory::InventoryError;
use layerproof::inventory::snapshot::read;
use layerproof::model::gap::{Gap, GapReason};
use layerproof::model::inventory::Inventory;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Base64 of 32 zero bytes: a digest in the right form, of nothing.
pub const ZERO_SHA: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// Another one.
pub const OTHER_SHA: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
pub const OWN: &str = "111122223333";
pub const VENDOR: &str = "999900001111";
pub const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:pay";
pub const LAYER: &str = "arn:aws:lambda:eu-west-1:111122223333:layer:deps:3";
pub const REGISTRY: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

/// The calls of each place, by place and `service.Operation`.
pub struct Account {
    pub manifest: Value,
    pub calls: BTreeMap<(String, String), Vec<Value>>,
}

impl Account {
    /// One function `pay` ($LATEST and 1) with one layer, one alias, no code signing, no repositories.
    pub fn healthy() -> Self {
        let mut account = Self {
            manifest: json!({
                "layerproof_snapshot": 1, "recorded_at": "2026-11-01T06:00:00Z", "recorded_by": "a test",
                "places": [{"partition": "aws", "account": OWN, "region": "eu-west-1"}],
            }),
            calls: BTreeMap::new(),
        };
        account.answer(
            "lambda.ListFunctions",
            json!({"FunctionVersion": "ALL"}),
            json!({
                "Functions": [configuration("$LATEST"), configuration("1")], "NextMarker": null,
            }),
        );
        for version in ["$LATEST", "1"] {
            account.answer(
                "lambda.GetFunction",
                json!({"FunctionName": "pay", "Qualifier": version}),
                json!({
                    "Configuration": configuration(version),
                    "Code": {"RepositoryType": "S3", "Location": "blobs/sha256/00"},
                }),
            );
        }
        account.answer(
            "lambda.ListAliases",
            json!({"FunctionName": "pay"}),
            json!({
                "Aliases": [{"Name": "live", "FunctionVersion": "1", "RoutingConfig": null}],
            }),
        );
        account.answer("lambda.GetFunctionCodeSigningConfig", json!({"FunctionName": "pay"}), json!({}));
        account.answer("lambda.ListLayers", json!({}), json!({"Layers": [{"LayerName": "deps"}]}));
        account.answer(
            "lambda.ListLayerVersions",
            json!({"LayerName": "deps"}),
            json!({
                "LayerVersions": [{"LayerVersionArn": LAYER, "Version": 3}],
            }),
        );
        account.answer("lambda.GetLayerVersionByArn", json!({"Arn": LAYER}), layer(LAYER, ZERO_SHA));
        account.error("lambda.GetLayerVersionPolicy", json!({"LayerName": "deps", "VersionNumber": 3}), "ResourceNotFoundException");
        account.answer("ecr.DescribeRepositories", json!({}), json!({"repositories": []}));
        account
    }

    pub fn answer(&mut self, api: &str, request: Value, response: Value) {
        self.calls_of(api).push(json!({"request": request, "response": response}));
    }

    pub fn error(&mut self, api: &str, request: Value, code: &str) {
        let error = json!({"code": code, "message": format!("{code} for a test")});
        self.calls_of(api).push(json!({"request": request, "error": error}));
    }

    pub fn calls_of(&mut self, api: &str) -> &mut Vec<Value> {
        self.calls.entry((format!("{OWN}/eu-west-1"), api.into())).or_default()
    }

    /// Forgets what was recorded of an operation.
    pub fn forget(&mut self, api: &str) {
        assert!(self.calls.remove(&(format!("{OWN}/eu-west-1"), api.into())).is_some(), "{api} was not recorded");
    }

    /// Writes the snapshot.
    pub fn write(&self) -> TempDir {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("snapshot.json"), self.manifest.to_string()).unwrap();
        for ((place, api), calls) in &self.calls {
            write_file(folder.path(), &format!("accounts/{place}/{api}.json"), &serde_json::to_vec(calls).unwrap());
        }
        folder
    }

    /// Writes and reads the snapshot.
    pub fn read(&self) -> Inventory {
        read(self.write().path()).unwrap()
    }
}

/// A function configuration as ListFunctions and GetFunction give it.
pub fn configuration(version: &str) -> Value {
    json!({
        "FunctionName": "pay", "FunctionArn": format!("{FUNCTION}:{version}"), "Version": version, "Runtime": "python3.13",
        "PackageType": "Zip", "CodeSha256": ZERO_SHA, "CodeSize": 7, "Architectures": ["arm64"],
        "LastModified": "2026-04-01T09:30:00.000+0000", "Layers": [{"Arn": LAYER, "CodeSize": 9}],
        "Environment": {"Variables": {"DB_PASSWORD": "correct-horse-battery"}},
    })
}

/// A GetLayerVersionByArn answer.
pub fn layer(arn: &str, sha: &str) -> Value {
    json!({
        "LayerVersionArn": arn, "Version": 3, "CreatedDate": "2026-03-01T09:30:00.000+0000", "CompatibleRuntimes": ["python3.13"],
        "Content": {"Location": "blobs/sha256/00", "CodeSha256": sha, "CodeSize": 9},
    })
}

pub fn write_file(root: &Path, relative: &str, bytes: &[u8]) {
    let path = root.join(relative);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// The only gap whose subject contains `subject`.
pub fn gap_of<'a>(inventory: &'a Inventory, subject: &str) -> &'a Gap {
    let found: Vec<&Gap> = inventory.gaps.iter().filter(|gap| gap.subject.contains(subject)).collect();
    assert_eq!(found.len(), 1, "gaps about {subject}: {:#?}", inventory.gaps);
    found[0]
}

pub fn is_malformed(gap: &Gap) -> bool {
    gap.reason == GapReason::Malformed
}

pub fn error_of(folder: &Path) -> InventoryError {
    read(folder).unwrap_err()
}

//! Collects API answers and blobs in the format of docs/snapshot.md.

use std::collections::BTreeMap;

use layerproof::model::digest::Digest;
use serde_json::{Value, json};

use super::{PLACES, RECORDED_AT};

/// An account and a region.
pub type Place = (&'static str, &'static str);

/// A snapshot under construction.
#[derive(Default)]
pub struct Recorder {
    calls: BTreeMap<(Place, &'static str), Vec<Value>>,
    files: BTreeMap<String, Vec<u8>>,
}

impl Recorder {
    /// Records an answer of `api` (`lambda.GetFunction`).
    pub fn answer(&mut self, place: Place, api: &'static str, request: Value, response: Value) {
        self.calls.entry((place, api)).or_default().push(json!({"request": request, "response": response}));
    }

    /// Records an error answer.
    pub fn error(&mut self, place: Place, api: &'static str, request: Value, code: &str, message: &str) {
        let error = json!({"code": code, "message": message});
        self.calls.entry((place, api)).or_default().push(json!({"request": request, "error": error}));
    }

    /// Keeps the bytes of a zip and gives the path that stands for their `Location`.
    pub fn zip(&mut self, bytes: &[u8]) -> String {
        let path = format!("blobs/sha256/{}", Digest::of(bytes).hex());
        self.files.insert(path.clone(), bytes.to_vec());
        path
    }

    /// Keeps a file as it is.
    pub fn file(&mut self, path: String, bytes: Vec<u8>) {
        self.files.insert(path, bytes);
    }

    /// Every file of the snapshot by its path.
    pub fn finish(mut self) -> BTreeMap<String, Vec<u8>> {
        for (((account, region), api), calls) in &self.calls {
            self.files.insert(format!("accounts/{account}/{region}/{api}.json"), pretty(&json!(calls)));
        }
        let places: Vec<Value> =
            PLACES.iter().map(|(account, region)| json!({"partition": "aws", "account": account, "region": region})).collect();
        let manifest = json!({
            "layerproof_snapshot": 1,
            "recorded_at": RECORDED_AT,
            "recorded_by": "examples/make_fleet, no account was asked",
            "places": places,
        });
        self.files.insert("snapshot.json".into(), pretty(&manifest));
        self.files
    }
}

/// The message with which Lambda denies a call.
pub fn denied(place: Place, action: &str, resource: &str) -> String {
    let (account, _) = place;
    format!(
        "User: arn:aws:sts::{account}:assumed-role/layerproof-recorder/nightly is not authorized to perform: {action} on resource: {resource}"
    )
}

fn pretty(value: &Value) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).expect("a JSON value");
    text.push(b'\n');
    text
}

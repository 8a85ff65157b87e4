//! The demo fleet is what its generator makes, and reads as it is meant to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use layerproof::inventory::snapshot::read;
use layerproof::model::digest::Digest;
use layerproof::model::function::FunctionCode;
use layerproof::model::gap::GapReason;
use layerproof::model::inventory::Inventory;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/fleet");

static MADE: LazyLock<BTreeMap<String, Vec<u8>>> = LazyLock::new(crate::fleet::files);

#[test]
fn committed_fleet_is_what_the_generator_makes() {
    let mut committed = BTreeMap::new();
    collect(Path::new(FOLDER), Path::new(""), &mut committed);
    committed.remove("README.md");
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&committed), names(&MADE), "run `cargo run --example make_fleet -- testdata/fleet`");
    for (path, bytes) in MADE.iter() {
        assert!(committed[path] == *bytes, "{path} differs; run `cargo run --example make_fleet -- testdata/fleet`");
    }
}

#[test]
fn fleet_stays_small() {
    let size: usize = MADE.values().map(Vec::len).sum();
    assert!(size < 1 << 20, "{size} bytes");
}

#[test]
fn fleet_is_read_and_only_what_is_meant_to_be_missing_is_missing() {
    let fleet = read(Path::new(FOLDER)).unwrap();
    let versions: usize = fleet.functions.iter().map(|function| function.versions.len()).sum();
    assert_eq!((fleet.functions.len(), versions, fleet.layers.len(), fleet.repositories.len()), (16, 27, 16, 3));
    let gaps: Vec<(&str, &GapReason)> = fleet.gaps.iter().map(|gap| (gap.subject.as_str(), &gap.reason)).collect();
    assert_eq!(
        gaps,
        [
            ("arn:aws:lambda:eu-west-1:111122223333:layer:legacy-pdf:9", &GapReason::Deleted),
            (
                "arn:aws:lambda:eu-west-1:999900001111:layer:vantage-agent:21",
                &GapReason::Denied { action: "lambda:GetLayerVersion".into() }
            ),
        ]
    );
}

#[test]
fn every_recorded_blob_is_the_claimed_one_but_for_the_one_that_was_swapped() {
    let fleet = read(Path::new(FOLDER)).unwrap();
    let mut swapped = Vec::new();
    for version in fleet.functions.iter().flat_map(|function| &function.versions) {
        if let FunctionCode::Zip { code_sha256, location, .. } = &version.code
            && bytes_of(location.present().unwrap()).map(|bytes| Digest::of(&bytes).code_sha256()) != Some(code_sha256.code_sha256())
        {
            swapped.push(version.arn.to_string());
        }
    }
    assert_eq!(swapped, ["arn:aws:lambda:eu-west-1:111122223333:function:rate-card-import:$LATEST"]);
    for layer in fleet.layers.values() {
        if let Some(content) = layer.content.present() {
            assert_eq!(Digest::of(&bytes_of(&content.location).unwrap()).code_sha256(), content.code_sha256.code_sha256(), "{}", layer.arn);
        }
    }
}

#[test]
fn functions_state_of_their_layers_what_the_layers_state_of_themselves() {
    let fleet = read(Path::new(FOLDER)).unwrap();
    let mut compared = 0;
    for version in fleet.functions.iter().flat_map(|function| &function.versions) {
        for used in &version.layers {
            if let Some(content) = fleet.layers[&used.arn].content.present() {
                assert_eq!((used.code_size, &used.signing), (Some(content.code_size), &content.signing), "{} {}", version.arn, used.arn);
                compared += 1;
            }
        }
    }
    assert!(compared > 20);
}

#[test]
fn every_image_is_a_whole_image() {
    let fleet = read(Path::new(FOLDER)).unwrap();
    let images = Path::new(FOLDER).join("images");
    let mut blobs = BTreeMap::new();
    collect(&images.join("blobs/sha256"), Path::new(""), &mut blobs);
    for (name, bytes) in &blobs {
        assert_eq!(*name, Digest::of(bytes).hex());
    }
    for digest in image_digests(&fleet) {
        let manifest: serde_json::Value = serde_json::from_slice(&blobs[&digest]).unwrap();
        for descriptor in manifest["layers"].as_array().unwrap().iter().chain([&manifest["config"]]) {
            let hex = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
            assert_eq!(Some(blobs[hex].len() as u64), descriptor["size"].as_u64());
        }
    }
}

#[test]
fn fleet_holds_no_link_and_no_environment() {
    for (path, bytes) in MADE.iter() {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("X-Amz-") && !text.contains("\"Environment\"") && !text.contains("https://"), "{path}");
    }
}

fn image_digests(fleet: &Inventory) -> Vec<String> {
    fleet
        .functions
        .iter()
        .flat_map(|function| &function.versions)
        .filter_map(|version| match &version.code {
            FunctionCode::Image { resolved, .. } => Some(resolved.present().unwrap().digest.unwrap().hex()),
            FunctionCode::Zip { .. } => None,
        })
        .collect()
}

fn bytes_of(location: &layerproof::model::artifact::BlobLocation) -> Option<Vec<u8>> {
    match location {
        layerproof::model::artifact::BlobLocation::Snapshot { root, path } => std::fs::read(root.join(path)).ok(),
        _ => None,
    }
}

fn collect(root: &Path, below: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = below.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            collect(root, &path, files);
        } else {
            files.insert(path.to_str().unwrap().into(), std::fs::read(entry.path()).unwrap());
        }
    }
}

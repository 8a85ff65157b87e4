//! The pipeline as a whole: what several subjects share is looked at for each of them.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use layerproof::clients::Clients;
use layerproof::evidence::Evidence;
use layerproof::fetch::Fetching;
use layerproof::fetch::signatures::SignatureSources;
use layerproof::model::arn::FunctionArn;
use layerproof::model::artifact::{BlobLocation, Subject};
use layerproof::model::digest::Digest;
use layerproof::model::function::{Function, FunctionCode, FunctionVersion};
use layerproof::model::inventory::{Inventory, SourceInfo};
use layerproof::model::observed::Observed;
use layerproof::scan::{Gather, Progress, gather};
use layerproof::signature::TrustAnchors;
use layerproof::store::Store;
use layerproof::unpack::Limits;
use serde_json::json;

use crate::forge::oci::{Layout, Member};

const REPOSITORY: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app";

struct Silent;

impl Progress for Silent {
    fn stage(&self, _: &'static str, _: usize) {}

    fn step(&self) {}
}

/// A layout with one image for two platforms, of which arm64 lacks a layer where `whole` is false. Gives the index's digest.
fn two_platforms(root: &Path, whole: bool) -> Digest {
    let mut layout = Layout::default();
    let manifests: Vec<_> = ["amd64", "arm64"]
        .map(|architecture| {
            let layers = [vec![Member::file("app/handler", format!("for {architecture}"))]];
            let digest = layout.image(architecture, json!({}), &layers, None);
            (architecture, digest)
        })
        .into();
    let layer = |files: &BTreeMap<String, Vec<u8>>, manifest: &Digest| {
        let manifest: serde_json::Value = serde_json::from_slice(&files[&format!("blobs/sha256/{}", manifest.hex())]).unwrap();
        format!("blobs/sha256/{}", manifest["layers"][0]["digest"].as_str().unwrap().trim_start_matches("sha256:"))
    };
    let mut files = layout.finish();
    let descriptors: Vec<_> = manifests
        .iter()
        .map(|(architecture, digest)| {
            json!({
                "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest.to_string(),
                "size": files[&format!("blobs/sha256/{}", digest.hex())].len(),
                "platform": {"os": "linux", "architecture": architecture},
            })
        })
        .collect();
    let index = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": descriptors});
    let index = index.to_string().into_bytes();
    let digest = Digest::of(&index);
    files.insert(format!("blobs/sha256/{}", digest.hex()), index);
    if !whole {
        let missing = layer(&files, &manifests[1].1);
        files.remove(&missing).unwrap();
    }
    for (path, bytes) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    digest
}

/// Two versions of a function that run the same image, the first on x86_64 and the second on arm64.
fn run(whole: bool) -> Evidence {
    run_changed(whole, |_| {})
}

/// The same, with `change` made to the layout.
fn run_changed(whole: bool, change: impl Fn(&Path)) -> Evidence {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("images");
    let digest = two_platforms(&root, whole);
    change(&root);
    let arn: FunctionArn = "arn:aws:lambda:eu-west-1:111122223333:function:app".parse().unwrap();
    let image = Observed::Present(format!("{REPOSITORY}@{digest}").parse().unwrap());
    let version = |number: &str, architecture: &str| FunctionVersion {
        arn: arn.qualified(number),
        runtime: None,
        architecture: architecture.into(),
        last_modified: None,
        code: FunctionCode::Image {
            image_uri: image.clone(),
            resolved: image.clone(),
            location: Observed::Present(BlobLocation::OciLayout {
                root: root.clone(),
                digest: digest.to_string(),
                architecture: architecture.into(),
            }),
        },
        layers: Vec::new(),
        state: None,
        reason_code: None,
        code_error: None,
    };
    let versions = vec![version("1", "x86_64"), version("2", "arm64")];
    let function =
        Function { arn: arn.clone(), versions, aliases: Observed::Absent, code_signing: Observed::Absent, tags: Observed::Absent };
    let source = SourceInfo { kind: "snapshot", name: "test".into(), recorded_at: None, unauthenticated: true };
    let inventory = Inventory { functions: vec![function], ..Inventory::empty(source) };
    let store = Store::open(&folder.path().join("store")).unwrap();
    let (anchors, limits, now) = (TrustAnchors::default(), Limits::default(), "2026-11-22T00:00:00Z".parse::<Timestamp>().unwrap());
    gather(
        inventory,
        &Gather {
            fetching: Fetching { store: &store, clients: &Clients::offline(), refetch: false },
            signatures: &SignatureSources::default(),
            anchors: &anchors,
            limits: &limits,
            now,
            progress: &Silent,
        },
    )
    .unwrap()
    .evidence
}

fn image(evidence: &Evidence) -> &layerproof::evidence::Artifact {
    evidence.artifacts.iter().find_map(|(subject, artifact)| matches!(subject, Subject::Image(_)).then_some(artifact)).unwrap()
}

#[test]
fn a_broken_platform_of_an_image_does_not_hide_behind_the_one_that_is_read_first() {
    let evidence = run(false);
    let contents = image(&evidence).contents.present().unwrap();
    assert!(!contents.complete, "{:#?}", contents.anomalies);
    assert!(!contents.anomalies.is_empty());
}

#[test]
fn an_image_that_is_whole_on_both_platforms_is_read_in_full() {
    let evidence = run(true);
    let contents = image(&evidence).contents.present().unwrap();
    assert!(contents.complete, "{:#?}", contents.anomalies);
    assert_eq!(contents.anomalies, []);
}

#[test]
fn a_layout_that_is_none_makes_its_images_unknown_and_ends_no_run() {
    let evidence = run_changed(true, |root| std::fs::remove_file(root.join("index.json")).unwrap());
    let gap = image(&evidence).blob.gap().unwrap();
    assert!(gap.detail.contains("index.json"), "{gap}");
}

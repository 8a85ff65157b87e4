//! Layouts that hold an image and the manifests that refer to it.

use layerproof::model::digest::Digest;
use serde_json::{Value, json};

use crate::forge::notary::manifest::{self, ARTIFACT_TYPE, THUMBPRINTS};
use crate::forge::notary::{Notary, Target, cose, jws};
use crate::forge::oci::{Layout, Member};
use crate::forge::sigstore::Sigstore;
use crate::forge::sigstore::intoto::{COSIGN_SIGN, Statement};
use crate::forge::sigstore::legacy::{self, SimpleSigning};

#[test]
fn a_layout_holds_an_image_with_its_signatures() {
    let mut layout = Layout::default();
    let image = layout.image("amd64", json!({}), &[vec![Member::file("app", "app")]], Some("v1"));
    let bytes = layout.bytes(&image).to_vec();
    let subject = manifest::subject(&layout, &image);
    let world = Notary::new();
    let builder = world.sign(&Target::of(&bytes));
    let mut referrers = Vec::new();
    for (kind, envelope) in [(jws::MEDIA_TYPE, builder.jws()), (cose::MEDIA_TYPE, builder.cose())] {
        let today = manifest::manifest(&world, &subject, kind, &envelope);
        referrers.push(layout.referrer(&today, None));
        referrers.push(layout.referrer(&manifest::legacy(&world, &subject, kind, &envelope), None));
        layout.blob(kind, envelope);
    }
    layout.fallback_tag(&image, &referrers);
    let files = layout.finish();
    let read = |digest: &Value| {
        let hex = digest.as_str().unwrap().strip_prefix("sha256:").unwrap();
        let bytes = &files[&format!("blobs/sha256/{hex}")];
        assert_eq!(Digest::of(bytes).hex(), hex);
        bytes
    };
    let index: Value = serde_json::from_slice(&files["index.json"]).unwrap();
    assert_eq!(index["manifests"].as_array().unwrap().len(), 6);
    for descriptor in &referrers {
        assert_eq!(descriptor["artifactType"], ARTIFACT_TYPE);
        let manifest: Value = serde_json::from_slice(read(&descriptor["digest"])).unwrap();
        assert_eq!(manifest["subject"]["digest"], image.to_string());
        read(&manifest["config"]["digest"]);
        read(&manifest["layers"][0]["digest"]);
        let thumbprints: Vec<String> = serde_json::from_str(manifest["annotations"][THUMBPRINTS].as_str().unwrap()).unwrap();
        assert_eq!(thumbprints[2], Digest::of(&world.root_der()).hex());
    }
}

#[test]
fn signatures_are_attached_under_their_tags_and_as_referrers() {
    let mut layout = Layout::default();
    let image = layout.image("arm64", json!({}), &[vec![Member::file("app", "app")]], Some("v1"));
    let manifest = layout.bytes(&image).to_vec();
    let world = Sigstore::new();
    let layer = world.cosign(&SimpleSigning::of(&image.to_string())).legacy_layer();
    let tagged = legacy::attach(&mut layout, &image, ".sig", &[layer]);
    assert_eq!(tagged["annotations"]["org.opencontainers.image.ref.name"], format!("sha256-{}.sig", image.hex()));
    assert!(tagged.get("artifactType").is_none());
    let bundle = world.attest(&Statement::cosign(&manifest)).build().bytes();
    let bundle = legacy::attach_bundle(&mut layout, &image, bundle, COSIGN_SIGN);
    assert_eq!(bundle["artifactType"], legacy::BUNDLE_V03);
    let notary = Notary::new();
    let envelope = notary.sign(&Target::of(&manifest)).jws();
    let signature = notary.attach(&mut layout, &image, jws::MEDIA_TYPE, envelope);
    assert_eq!(signature["artifactType"], ARTIFACT_TYPE);
    let files = layout.finish();
    for descriptor in [tagged, bundle, signature] {
        let hex = &descriptor["digest"].as_str().unwrap()["sha256:".len()..];
        let manifest: Value = serde_json::from_slice(&files[&format!("blobs/sha256/{hex}")]).unwrap();
        for part in [&manifest["config"], &manifest["layers"][0]] {
            let hex = &part["digest"].as_str().unwrap()["sha256:".len()..];
            let blob = &files[&format!("blobs/sha256/{hex}")];
            assert_eq!(part["size"], blob.len());
        }
    }
}

//! Layouts that hold an image and the manifests that refer to it.

use layerproof::model::digest::Digest;
use serde_json::{Value, json};

use crate::forge::notary::manifest::{self, ARTIFACT_TYPE, THUMBPRINTS};
use crate::forge::notary::{Notary, Target, cose, jws};
use crate::forge::oci::{Layout, MANIFEST, Member};

#[test]
fn a_layout_holds_an_image_with_its_signatures() {
    let mut layout = Layout::default();
    let image = layout.image("amd64", json!({}), &[vec![Member::file("app", "app")]], Some("v1"));
    let bytes = layout.bytes(&image).to_vec();
    let subject = json!({"mediaType": MANIFEST, "digest": image.to_string(), "size": bytes.len()});
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

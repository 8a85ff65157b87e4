//! Signatures beside an image: found under every way of attaching them, and never taken for "unsigned".

use std::fs;
use std::path::Path;

use layerproof::model::artifact::Subject;
use layerproof::model::attachment::Attachments;
use layerproof::model::digest::Digest;
use layerproof::model::gap::GapReason;
use layerproof::signature::{Candidate, Outcome, Signatures, TrustAnchors, examine_all};
use layerproof::unpack::{Layout, Limits};
use serde_json::{Value, json};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A layout in a temporary folder.
struct Made {
    folder: tempfile::TempDir,
    listed: Vec<Value>,
    image: Digest,
}

impl Made {
    /// With one image.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("blobs/sha256")).unwrap();
        fs::write(folder.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        let image = blob(folder.path(), &json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": {"digest": "x"}, "layers": []}));
        let listed = vec![json!({"mediaType": MANIFEST, "digest": image.to_string(), "size": 1})];
        Self { folder, listed, image }
    }

    fn add(&self, manifest: &Value) -> Digest {
        blob(self.folder.path(), manifest)
    }

    fn list(&mut self, digest: &str, media_type: &str, tag: Option<&str>) {
        let annotations = tag.map(|tag| json!({"org.opencontainers.image.ref.name": tag})).unwrap_or(json!({}));
        self.listed.push(json!({"mediaType": media_type, "digest": digest, "size": 1, "annotations": annotations}));
    }

    fn examine(&self) -> Signatures {
        let index = json!({"schemaVersion": 2, "manifests": self.listed});
        fs::write(self.folder.path().join("index.json"), index.to_string()).unwrap();
        let limits = Limits::default();
        let layout = Layout::open(self.folder.path(), &limits).unwrap();
        let subject = Subject::File("image".into());
        let candidate = Candidate::Image { subject: &subject, layout: &layout, digest: self.image };
        examine_all(&candidate, &Attachments::default(), &TrustAnchors::default(), "2026-11-22T00:00:00Z".parse().unwrap(), &limits)
    }

    fn found(&self) -> Vec<String> {
        let signatures = self.examine();
        let list = signatures.present().unwrap_or_else(|| panic!("{signatures:?}"));
        list.iter()
            .map(|signature| match &signature.outcome {
                Outcome::Inconclusive(undetermined) => {
                    assert_eq!(undetermined.gap.reason, GapReason::NotBuilt);
                    assert!(!undetermined.chain_and_identity_verified);
                    undetermined.gap.detail.clone()
                }
                other => panic!("{other:?}"),
            })
            .collect()
    }
}

fn blob(folder: &Path, value: &Value) -> Digest {
    let bytes = value.to_string();
    let digest = Digest::of(bytes.as_bytes());
    fs::write(folder.join("blobs/sha256").join(digest.hex()), bytes).unwrap();
    digest
}

fn referrer(image: Digest, artifact_type: &str, layer: &str) -> Value {
    json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": artifact_type,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json"}, "layers": [{"mediaType": layer}],
        "subject": {"mediaType": MANIFEST, "digest": image.to_string()},
    })
}

#[test]
fn an_image_alone_is_unsigned() {
    assert!(Made::new().examine().is_absent());
}

#[test]
fn a_signature_by_subject_is_found_and_named() {
    for (artifact_type, layer, name) in [
        ("application/vnd.cncf.notary.signature", "application/jose+json", "Notary Project signature (JWS)"),
        ("application/vnd.cncf.notary.signature", "application/cose", "Notary Project signature (COSE)"),
        ("application/vnd.dev.sigstore.bundle.v0.3+json", "application/vnd.dev.sigstore.bundle.v0.3+json", "Sigstore bundle"),
    ] {
        let mut made = Made::new();
        let digest = made.add(&referrer(made.image, artifact_type, layer));
        made.list(&digest.to_string(), MANIFEST, None);
        assert_eq!(made.found(), [format!("{name} at {digest}")]);
    }
}

#[test]
fn cosign_tags_are_found_even_where_a_tool_writes_the_whole_reference() {
    let mut made = Made::new();
    let hex = made.image.hex();
    let legacy = made.add(&json!({"layers": [{"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json"}]})).to_string();
    made.list(&legacy, MANIFEST, Some(&format!("sha256-{hex}.sig")));
    made.list(&legacy, MANIFEST, Some(&format!("registry.example/app:sha256-{hex}.att")));
    let found = made.found();
    assert!(found[0].starts_with("cosign signature") && found[1].starts_with("cosign attestation"), "{found:?}");
}

#[test]
fn the_referrers_tag_is_followed() {
    let mut made = Made::new();
    let signature = made.add(&referrer(made.image, "application/vnd.cncf.notary.signature", "application/cose"));
    let list =
        made.add(&json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [{"mediaType": MANIFEST, "digest": signature.to_string()}]}));
    let tag = format!("sha256-{}", made.image.hex());
    made.list(&list.to_string(), INDEX, Some(&tag));
    assert_eq!(made.found(), [format!("Notary Project signature (COSE) at {signature}")]);
}

#[test]
fn another_images_signature_and_an_sbom_are_no_signatures_of_this_one() {
    let mut made = Made::new();
    let other = made.add(&referrer(Digest::of(b"other"), "application/vnd.cncf.notary.signature", "application/cose"));
    made.list(&other.to_string(), MANIFEST, Some(&format!("sha256-{}.sig", Digest::of(b"other").hex())));
    let sbom = made.add(&referrer(made.image, "application/spdx+json", "application/spdx+json"));
    made.list(&sbom.to_string(), MANIFEST, None);
    assert!(made.examine().is_absent());
}

#[test]
fn what_could_not_be_read_never_makes_an_image_unsigned() {
    let unreadable = |prepare: &dyn Fn(&mut Made)| {
        let mut made = Made::new();
        prepare(&mut made);
        let signatures = made.examine();
        let gap = signatures.gap().unwrap_or_else(|| panic!("{signatures:?}"));
        assert!(gap.author_can_cause());
    };
    unreadable(&|made| made.list(&Digest::of(b"missing").to_string(), MANIFEST, None));
    unreadable(&|made| made.list("sha512:00", MANIFEST, None));
    unreadable(&|made| {
        let digest = Digest::of(b"named");
        fs::write(made.folder.path().join("blobs/sha256").join(digest.hex()), "{}").unwrap();
        made.list(&digest.to_string(), MANIFEST, None);
    });
    unreadable(&|made| {
        let mut inner = made.add(&json!({"manifests": []}));
        for _ in 0..8 {
            inner = made.add(&json!({"manifests": [{"mediaType": INDEX, "digest": inner.to_string()}]}));
        }
        made.list(&inner.to_string(), INDEX, None);
    });
    unreadable(&|made| {
        for n in 0..5_000 {
            made.list(&Digest::of(format!("{n}").as_bytes()).to_string(), MANIFEST, None);
        }
    });
}

#[test]
fn platforms_of_another_image_that_were_not_copied_do_not_hide_whether_this_one_is_signed() {
    let mut made = Made::new();
    let elsewhere = Digest::of(b"arm64").to_string();
    let attached = Digest::of(b"an attestation of the builder").to_string();
    let index = made.add(&json!({"manifests": [
        {"mediaType": MANIFEST, "digest": elsewhere, "platform": {"os": "linux", "architecture": "arm64"}},
        {"mediaType": MANIFEST, "digest": attached, "platform": {"os": "unknown", "architecture": "unknown"}},
    ]}));
    made.list(&index.to_string(), INDEX, None);
    assert!(made.examine().is_absent());
    // A referrer that is listed for this image and is not there is another matter.
    let list = made.add(&json!({"manifests": [{"mediaType": MANIFEST, "digest": elsewhere}]}));
    made.list(&list.to_string(), INDEX, Some(&format!("sha256-{}", made.image.hex())));
    assert!(made.examine().gap().is_some());
}

#[test]
fn an_index_that_holds_itself_ends() {
    let mut made = Made::new();
    let image = made.image.to_string();
    let index = made.add(&json!({"manifests": [{"mediaType": INDEX, "digest": image}]}));
    made.list(&index.to_string(), INDEX, None);
    made.list(&index.to_string(), INDEX, None);
    assert!(made.examine().is_absent());
}

//! Signatures beside an image: found under every way of attaching them, told apart, and never taken for "unsigned".

use std::fs;
use std::path::Path;

use layerproof::model::artifact::Subject;
use layerproof::model::attachment::{AttachmentForm, Attachments, TargetRole};
use layerproof::model::digest::Digest;
use layerproof::model::gap::GapReason;
use layerproof::signature::beside::layout::attachments;
use layerproof::signature::beside::{Found, MAX_ATTACHMENT_BYTES, MAX_ATTACHMENTS};
use layerproof::signature::{Candidate, Outcome, Signatures, TrustAnchors, examine_all};
use layerproof::unpack::{Layout, Limits};
use serde_json::{Value, json};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const NOTARY: &str = "application/vnd.cncf.notary.signature";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const SIMPLE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const DSSE: &str = "application/vnd.dsse.envelope.v1+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

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

    /// A blob, and its descriptor.
    fn layer(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = write(self.folder.path(), bytes);
        json!({"mediaType": media_type, "digest": digest.to_string(), "size": bytes.len()})
    }

    fn list(&mut self, digest: &str, media_type: &str, tag: Option<&str>) {
        let annotations = tag.map(|tag| json!({"org.opencontainers.image.ref.name": tag})).unwrap_or(json!({}));
        self.listed.push(json!({"mediaType": media_type, "digest": digest, "size": 1, "annotations": annotations}));
    }

    /// A referrer of `subject` with these layers, listed in `index.json`.
    fn refer(&mut self, subject: Digest, artifact_type: &str, layers: Vec<Value>) -> Digest {
        let digest = self.add(&referrer(subject, artifact_type, layers));
        self.list(&digest.to_string(), MANIFEST, None);
        digest
    }

    fn layout(&self) -> Layout {
        let index = json!({"schemaVersion": 2, "manifests": self.listed});
        fs::write(self.folder.path().join("index.json"), index.to_string()).unwrap();
        Layout::open(self.folder.path(), &Limits::default()).unwrap()
    }

    fn found_beside(&self, digest: Digest) -> Found {
        attachments(&self.layout(), &Subject::File("image".into()), digest, &Limits::default()).0
    }

    fn found(&self) -> Found {
        self.found_beside(self.image)
    }

    fn forms(&self) -> Vec<AttachmentForm> {
        let Found { attachments: Attachments { found, gaps }, .. } = self.found();
        assert_eq!(gaps, [], "{found:?}");
        found.into_iter().map(|attachment| attachment.form).collect()
    }

    /// The gap of the one thing that is there and cannot be read.
    #[track_caller]
    fn unreadable(&self) -> GapReason {
        match self.forms().as_slice() {
            [AttachmentForm::Unreadable(gap)] => gap.reason.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn examine(&self) -> Signatures {
        judged(&self.found().attachments, &self.layout(), self.image)
    }

    fn is_unsigned(&self) -> bool {
        self.found().attachments == Attachments::default() && self.examine().is_absent()
    }
}

fn judged(beside: &Attachments, layout: &Layout, digest: Digest) -> Signatures {
    let subject = Subject::File("image".into());
    let candidate = Candidate::Image { subject: &subject, layout, digest };
    let now = "2026-11-22T00:00:00Z".parse().unwrap();
    examine_all(&candidate, beside, &TrustAnchors::default(), now, &Limits::default())
}

fn blob(folder: &Path, value: &Value) -> Digest {
    write(folder, value.to_string().as_bytes())
}

fn write(folder: &Path, bytes: &[u8]) -> Digest {
    let digest = Digest::of(bytes);
    fs::write(folder.join("blobs/sha256").join(digest.hex()), bytes).unwrap();
    digest
}

fn referrer(image: Digest, artifact_type: &str, layers: Vec<Value>) -> Value {
    json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": artifact_type,
        "config": {"mediaType": EMPTY}, "layers": layers,
        "subject": {"mediaType": MANIFEST, "digest": image.to_string()},
    })
}

fn notary(bytes: &[u8], media_type: &str) -> AttachmentForm {
    AttachmentForm::NotaryEnvelope { envelope: bytes.into(), media_type: media_type.into(), blob: false }
}

#[test]
fn an_image_alone_is_unsigned() {
    assert!(Made::new().is_unsigned());
}

#[test]
fn referrers_are_found_in_each_form_and_with_what_they_are_about() {
    for media_type in ["application/jose+json", "application/cose"] {
        let mut made = Made::new();
        let layer = made.layer(media_type, b"envelope");
        let digest = made.refer(made.image, NOTARY, vec![layer]);
        let found = made.found().attachments.found;
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].location.as_str(), &found[0].form), (digest.to_string().as_str(), &notary(b"envelope", media_type)));
        let target = &found[0].target;
        assert_eq!((target.digest, target.media_type.as_str(), target.role), (made.image, MANIFEST, TargetRole::Itself));
        let manifest = fs::metadata(made.folder.path().join("blobs/sha256").join(made.image.hex())).unwrap();
        assert_eq!(target.size, manifest.len());
    }
    for version in ["v0.1", "v0.2", "v0.3"] {
        let (mut made, kind) = (Made::new(), format!("application/vnd.dev.sigstore.bundle.{version}+json"));
        let layer = made.layer(&kind, b"bundle");
        made.refer(made.image, &kind, vec![layer]);
        assert_eq!(made.forms(), [AttachmentForm::SigstoreBundle(b"bundle"[..].into())]);
    }
    // Some registries show the type of the configuration in place of the artifact's: the layer tells.
    let mut made = Made::new();
    let layer = made.layer(BUNDLE, b"bundle");
    made.refer(made.image, EMPTY, vec![layer]);
    assert_eq!(made.forms(), [AttachmentForm::SigstoreBundle(b"bundle"[..].into())]);
}

#[test]
fn a_notary_manifest_of_the_older_form_is_found_by_its_configuration() {
    let mut made = Made::new();
    let layer = made.layer("application/cose", b"envelope");
    let mut manifest = referrer(made.image, "", vec![layer]);
    manifest["config"]["mediaType"] = json!(NOTARY);
    manifest.as_object_mut().unwrap().remove("artifactType");
    let digest = made.add(&manifest);
    made.list(&digest.to_string(), MANIFEST, None);
    assert_eq!(made.forms(), [notary(b"envelope", "application/cose")]);
}

#[test]
fn each_layer_under_cosigns_tags_is_one_signature_with_its_annotations() {
    let mut made = Made::new();
    let hex = made.image.hex();
    let layers: Vec<Value> = ["one", "two"]
        .map(|name| {
            let mut layer = made.layer(SIMPLE, name.as_bytes());
            layer["annotations"] = json!({"dev.cosignproject.cosign/signature": name, "odd": 7});
            layer
        })
        .into();
    let signatures = made.add(&json!({"mediaType": MANIFEST, "config": {}, "layers": layers}));
    made.list(&signatures.to_string(), MANIFEST, Some(&format!("sha256-{hex}.sig")));
    let layer = made.layer(DSSE, b"envelope");
    let attestations = made.add(&json!({"mediaType": MANIFEST, "config": {}, "layers": [layer]}));
    // Some tools write the whole reference.
    made.list(&attestations.to_string(), MANIFEST, Some(&format!("registry.example/app:sha256-{hex}.att")));
    let found = made.found().attachments.found;
    let locations: Vec<&str> = found.iter().map(|attachment| attachment.location.as_str()).collect();
    let expected = [format!("sha256-{hex}.sig layer 0"), format!("sha256-{hex}.sig layer 1"), format!("sha256-{hex}.att")];
    assert_eq!(locations, expected);
    for (attachment, name) in found.iter().zip(["one", "two"]) {
        let AttachmentForm::CosignSignature { payload, annotations } = &attachment.form else { panic!("{attachment:?}") };
        assert_eq!(&payload[..], name.as_bytes());
        assert_eq!(annotations.iter().collect::<Vec<_>>(), [(&"dev.cosignproject.cosign/signature".to_owned(), &name.to_owned())]);
    }
    assert!(matches!(&found[2].form, AttachmentForm::CosignAttestation { envelope, .. } if &envelope[..] == b"envelope"));
}

#[test]
fn the_referrers_tag_is_followed() {
    let mut made = Made::new();
    let layer = made.layer("application/cose", b"envelope");
    let signature = made.add(&referrer(made.image, NOTARY, vec![layer]));
    let list =
        made.add(&json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [{"mediaType": MANIFEST, "digest": signature.to_string()}]}));
    let tag = format!("sha256-{}", made.image.hex());
    made.list(&list.to_string(), INDEX, Some(&tag));
    // Listed twice, it is one signature.
    made.list(&signature.to_string(), MANIFEST, None);
    assert_eq!(made.forms(), [notary(b"envelope", "application/cose")]);
}

#[test]
fn a_form_that_nobody_knows_is_inconclusive_and_neither_ignored_nor_a_refusal() {
    for (artifact_type, layer) in [
        ("application/vnd.dsse.envelope.v1+json", DSSE),
        ("application/vnd.dev.cosign.artifact.sig.v1+json", "text/plain"),
        (NOTARY, "application/jose+xml"),
    ] {
        let mut made = Made::new();
        let layer = made.layer(layer, b"?");
        made.refer(made.image, artifact_type, vec![layer]);
        assert!(matches!(made.forms().as_slice(), [AttachmentForm::Unknown(_)]), "{artifact_type}");
        let signatures = made.examine();
        match &signatures.present().unwrap()[0].outcome {
            Outcome::Inconclusive(undetermined) => {
                assert_eq!(undetermined.gap.reason, GapReason::NotBuilt);
                assert!(!undetermined.chain_and_identity_verified);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_is_found_and_judged_by_no_scheme_of_this_build_is_never_unsigned() {
    let mut made = Made::new();
    let layer = made.layer("application/jose+json", b"junk");
    made.refer(made.image, NOTARY, vec![layer]);
    assert!(!made.examine().is_absent());
}

#[test]
fn another_images_signature_and_an_sbom_are_no_signatures_of_this_one() {
    let mut made = Made::new();
    let layer = made.layer("application/cose", b"envelope");
    let other = made.refer(Digest::of(b"other"), NOTARY, vec![layer]);
    made.list(&other.to_string(), MANIFEST, Some(&format!("sha256-{}.sig", Digest::of(b"other").hex())));
    made.refer(made.image, "application/spdx+json", vec![json!({"mediaType": "application/spdx+json"})]);
    assert!(made.is_unsigned());
}

/// A registry or layout that lists it does not make it a signature of this image; and it is not passed over in silence.
#[test]
fn a_referrer_that_is_listed_for_the_image_and_names_another_subject_does_not_count() {
    let tag = |made: &Made| format!("sha256-{}", made.image.hex());
    let listed = |subject: Option<Digest>, kind: &str, layer: &str| {
        let mut made = Made::new();
        let layer = made.layer(layer, b"envelope");
        let mut manifest = referrer(subject.unwrap_or(made.image), kind, vec![layer]);
        if subject.is_none() {
            manifest.as_object_mut().unwrap().remove("subject");
        }
        let digest = made.add(&manifest);
        let list = made.add(&json!({"manifests": [{"mediaType": MANIFEST, "digest": digest.to_string()}]}));
        made.list(&list.to_string(), INDEX, Some(&tag(&made)));
        made
    };
    for subject in [Some(Digest::of(b"another image")), None] {
        for (kind, layer) in [(NOTARY, "application/cose"), (BUNDLE, BUNDLE)] {
            assert_eq!(listed(subject, kind, layer).unreadable(), GapReason::Malformed);
        }
        assert!(listed(subject, "application/spdx+json", "application/spdx+json").is_unsigned());
    }
    // The same under cosign's tag.
    let mut made = Made::new();
    let layer = made.layer(SIMPLE, b"payload");
    let manifest = made.add(&referrer(Digest::of(b"another image"), "", vec![layer]));
    made.list(&manifest.to_string(), MANIFEST, Some(&format!("{}.sig", tag(&made))));
    assert_eq!(made.unreadable(), GapReason::Malformed);
}

#[test]
fn a_notary_manifest_of_other_than_one_layer_is_malformed() {
    for layers in [0, 2] {
        let mut made = Made::new();
        let layers = (0..layers).map(|n| made.layer("application/cose", format!("{n}").as_bytes())).collect();
        made.refer(made.image, NOTARY, layers);
        assert_eq!(made.unreadable(), GapReason::Malformed);
    }
}

#[test]
fn a_manifest_that_says_that_it_is_a_signature_and_holds_none_is_malformed() {
    let mut made = Made::new();
    made.refer(made.image, BUNDLE, Vec::new());
    assert_eq!(made.unreadable(), GapReason::Malformed);
}

#[test]
fn a_blob_that_is_not_what_its_descriptor_says_is_never_handed_on() {
    let with = |change: &dyn Fn(&Made, &mut Value)| {
        let mut made = Made::new();
        let mut layer = made.layer("application/cose", b"envelope");
        change(&made, &mut layer);
        made.refer(made.image, NOTARY, vec![layer]);
        made.unreadable()
    };
    let other_bytes = |made: &Made, layer: &mut Value| {
        let digest = Digest::of(b"expected");
        fs::write(made.folder.path().join("blobs/sha256").join(digest.hex()), "other123").unwrap();
        layer["digest"] = json!(digest.to_string());
    };
    assert_eq!(with(&other_bytes), GapReason::Malformed);
    assert_eq!(with(&|_, layer| layer["size"] = json!(9)), GapReason::Malformed, "shorter than stated");
    assert_eq!(with(&|_, layer| layer["size"] = json!(7)), GapReason::Malformed, "longer than stated");
    assert_eq!(with(&|_, layer| layer["digest"] = json!(Digest::of(b"missing").to_string())), GapReason::Malformed);
    assert_eq!(with(&|_, layer| layer["digest"] = json!("sha512:00")), GapReason::Malformed);
    assert_eq!(with(&|_, layer| drop(layer.as_object_mut().unwrap().remove("size"))), GapReason::Malformed);
    let too_large = GapReason::TooLarge { limit: "attachment_bytes".into() };
    assert_eq!(with(&|_, layer| layer["size"] = json!(MAX_ATTACHMENT_BYTES + 1)), too_large);
}

#[test]
fn one_blob_that_cannot_be_read_does_not_hide_the_next() {
    let mut made = Made::new();
    let mut huge = made.layer(SIMPLE, b"huge");
    huge["size"] = json!(MAX_ATTACHMENT_BYTES + 1);
    let good = made.layer(SIMPLE, b"good");
    let manifest = made.add(&json!({"config": {}, "layers": [huge, good]}));
    made.list(&manifest.to_string(), MANIFEST, Some(&format!("sha256-{}.sig", made.image.hex())));
    assert!(matches!(made.forms().as_slice(), [AttachmentForm::Unreadable(_), AttachmentForm::CosignSignature { .. }]));
}

#[test]
fn a_hundred_thousand_layers_end_at_a_limit_that_is_named() {
    let mut made = Made::new();
    let layers = vec![json!({"digest": "x", "size": 0}); 100_000];
    let manifest = made.add(&json!({"config": {}, "layers": layers}));
    made.list(&manifest.to_string(), MANIFEST, Some(&format!("sha256-{}.sig", made.image.hex())));
    let Attachments { found, gaps } = made.found().attachments;
    assert_eq!(found.len(), MAX_ATTACHMENTS);
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].reason, GapReason::TooLarge { limit: "attachments".into() });
}

/// DESIGN §4 rule 7: a signed index counts only if that very index lists the manifest.
#[test]
fn a_signature_on_an_index_is_one_of_the_index_and_only_where_that_very_index_lists_the_manifest() {
    let signed_index = |listed: &dyn Fn(&Made) -> Value| {
        let mut made = Made::new();
        let index = made.add(&json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [listed(&made)]}));
        made.list(&index.to_string(), INDEX, None);
        let layer = made.layer("application/cose", b"envelope");
        made.refer(index, NOTARY, vec![layer]);
        (made.found(), index)
    };
    let (found, index) = signed_index(&|made| json!({"mediaType": MANIFEST, "digest": made.image.to_string()}));
    let [one] = found.attachments.found.as_slice() else { panic!("{found:?}") };
    assert_eq!((one.target.digest, one.target.role, one.target.media_type.as_str()), (index, TargetRole::IndexAbove, INDEX));
    assert_eq!(one.form, notary(b"envelope", "application/cose"));
    // Another image's index, and an index that lists only an index that lists it.
    let (found, _) = signed_index(&|_| json!({"mediaType": MANIFEST, "digest": Digest::of(b"other").to_string()}));
    assert_eq!(found.attachments, Attachments::default());
    let (found, _) = signed_index(&|made| {
        let inner = made.add(&json!({"mediaType": INDEX, "manifests": [{"mediaType": MANIFEST, "digest": made.image.to_string()}]}));
        json!({"mediaType": INDEX, "digest": inner.to_string()})
    });
    assert_eq!(found.attachments, Attachments::default());
}

#[test]
fn a_list_of_referrers_is_no_index_above_whatever_it_lists() {
    let mut made = Made::new();
    let list = made.add(&json!({"mediaType": INDEX, "manifests": [{"mediaType": MANIFEST, "digest": made.image.to_string()}]}));
    made.list(&list.to_string(), INDEX, Some(&format!("sha256-{}", Digest::of(b"other").hex())));
    let layer = made.layer("application/cose", b"envelope");
    made.refer(list, NOTARY, vec![layer]);
    assert!(made.is_unsigned());
}

#[test]
fn a_signed_platform_makes_no_signed_index_and_whoever_wonders_is_told() {
    let mut made = Made::new();
    let index = made.add(&json!({"mediaType": INDEX, "manifests": [{"mediaType": MANIFEST, "digest": made.image.to_string()}]}));
    made.list(&index.to_string(), INDEX, None);
    let layer = made.layer("application/cose", b"envelope");
    made.refer(made.image, NOTARY, vec![layer]);
    let found = made.found_beside(index);
    assert_eq!(found.attachments, Attachments::default());
    assert!(judged(&found.attachments, &made.layout(), index).is_absent());
    assert_eq!(found.notes.len(), 1);
    assert!(found.notes[0].contains(&format!("the platform manifest {}", made.image)), "{:?}", found.notes);
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
    // Nor does what another image's list of referrers lacks.
    let others = made.add(&json!({"manifests": [{"mediaType": MANIFEST, "digest": elsewhere}]}));
    made.list(&others.to_string(), INDEX, Some(&format!("sha256-{}", Digest::of(b"other").hex())));
    made.list(&Digest::of(b"gone").to_string(), MANIFEST, Some(&format!("sha256-{}.sig", Digest::of(b"other").hex())));
    assert!(made.is_unsigned());
    // A referrer that is listed for this image and is not there is another matter.
    made.list(&others.to_string(), INDEX, Some(&format!("sha256-{}", made.image.hex())));
    assert!(made.examine().gap().is_some());
}

#[test]
fn an_index_that_holds_itself_ends() {
    let mut made = Made::new();
    let image = made.image.to_string();
    let index = made.add(&json!({"manifests": [{"mediaType": INDEX, "digest": image}]}));
    made.list(&index.to_string(), INDEX, None);
    made.list(&index.to_string(), INDEX, None);
    assert!(made.is_unsigned());
}

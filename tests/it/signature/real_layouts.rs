//! What the real tools left in real registries, as layouts in `testdata/signatures/layouts`: all of it is found, in the right form.

use std::fs;
use std::path::PathBuf;

use layerproof::model::artifact::Subject;
use layerproof::model::attachment::{AttachmentForm, Attachments};
use layerproof::model::digest::ClaimedDigest;
use layerproof::signature::beside::layout::attachments;
use layerproof::unpack::{Layout, Limits, WantDigests, analyse_image};
use serde_json::Value;

use crate::run::{repo, skip};

/// Layouts whose image has nothing beside it, or only elsewhere.
const BARE: [&str; 2] = ["unsigned", "c2-elsewhere"];

#[test]
fn everything_that_the_real_tools_made_is_found_in_its_form() {
    let folder = repo().join("testdata/signatures/layouts");
    let Ok(layouts) = fs::read_dir(&folder) else { return skip("testdata/signatures/layouts is not there") };
    let mut layouts: Vec<PathBuf> = layouts.map(|entry| entry.unwrap().path()).collect();
    layouts.sort();
    assert!(layouts.len() > 20, "{layouts:?}");
    let mut wrong = Vec::new();
    for path in layouts {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name == "c2-elsewhere-signatures" {
            continue;
        }
        let Attachments { found, gaps } = beside(&path);
        let forms: Vec<&str> = found.iter().map(|attachment| kind(&attachment.form)).collect();
        let fits = match name.as_str() {
            _ if BARE.contains(&name.as_str()) => forms.is_empty(),
            _ if name.starts_with("x-") => !forms.is_empty(),
            _ if name.starts_with("c2-") => !forms.is_empty() && forms.iter().all(|form| form.starts_with("cosign")),
            "c3-legacy" => !forms.is_empty() && forms.iter().all(|form| form.starts_with("cosign")),
            _ if name.starts_with("c3-") => !forms.is_empty() && forms.iter().all(|form| *form == "bundle"),
            _ if name.starts_with("nt-") => !forms.is_empty() && forms.iter().all(|form| *form == "notary"),
            _ => true,
        };
        if !fits || !gaps.is_empty() {
            wrong.push(format!("{name}: {forms:?} {gaps:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is beside the image that the tag `latest`, or the first descriptor, names.
fn beside(path: &std::path::Path) -> Attachments {
    let index: Value = serde_json::from_slice(&fs::read(path.join("index.json")).unwrap()).unwrap();
    let listed = index["manifests"].as_array().unwrap();
    let is_latest = |m: &&Value| m["annotations"]["org.opencontainers.image.ref.name"] == "latest";
    let image = listed.iter().find(is_latest).or(listed.first()).unwrap();
    let digest = ClaimedDigest::from_oci(image["digest"].as_str().unwrap()).unwrap();
    let limits = Limits::default();
    let layout = Layout::open(path, &limits).unwrap();
    let read = analyse_image(&layout, &digest, "x86_64", &limits, &WantDigests::None).unwrap().info.unwrap();
    let computed = read.index_digest.unwrap_or(read.manifest_digest);
    attachments(&layout, &Subject::File("image".into()), computed, &limits).0.attachments
}

fn kind(form: &AttachmentForm) -> &'static str {
    match form {
        AttachmentForm::SigstoreBundle(_) => "bundle",
        AttachmentForm::CosignSignature { .. } => "cosign signature",
        AttachmentForm::CosignAttestation { .. } => "cosign attestation",
        AttachmentForm::CosignBlob { .. } => "cosign blob",
        AttachmentForm::NotaryEnvelope { .. } => "notary",
        AttachmentForm::Unknown(_) => "unknown",
        AttachmentForm::Unreadable(_) => "unreadable",
    }
}

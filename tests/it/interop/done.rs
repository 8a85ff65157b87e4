//! What a user sees of an image that a real tool signed: exit 0 by the right policy; by another signer, another root, or after one byte was
//! flipped, exit 1 and the reason; where the registry cannot be reached, exit 3.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::cases::{Artifact, Case, Verdicts, testdata};
use super::policy::Policy;
use crate::run::{Output, layerproof};

/// A case that each tool accepts: cosign v2 and v3, by key and by certificate; Notation, JWS and COSE.
const ACCEPTED: [&str; 6] = ["c2-p256", "c2-logged-ci", "c3-p256", "c3-logged-ci", "nt-jws-p256", "nt-cose-p256"];

/// Verifies the image of a case in `layout` by the policy of the case.
fn verify(case: &Case, layout: &Path) -> Output {
    let Artifact::Image { image, digest, .. } = case.artifact() else { panic!("{} is about a file", case.name) };
    let policy = Policy::of_any(case).unwrap_or_else(|output| panic!("{output}"));
    let target = format!("oci:{}@{digest}", layout.display());
    let now = Verdicts::read().checked.to_string();
    layerproof().args(["verify", &target, "--as", image, "--offline", "--now", &now, "-o", "json", "--policy"]).arg(policy.path()).run()
}

fn layout(case: &Case) -> PathBuf {
    let Artifact::Image { layout, .. } = case.artifact() else { panic!("{} is about a file", case.name) };
    testdata(layout)
}

/// The verdict and the codes of its reasons.
fn said(output: &Output) -> (String, Vec<String>) {
    let report = output.json();
    let [decision] = &report["decisions"].as_array().expect("decisions")[..] else { panic!("one decision: {output}") };
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    (text(&decision["verdict"]), decision["reasons"].as_array().expect("reasons").iter().map(|reason| text(&reason["code"])).collect())
}

#[track_caller]
fn assert_refused(output: Output, code: &str) {
    let output = output.exits(1);
    let (verdict, codes) = said(&output);
    assert_eq!(verdict, "refused", "{output}");
    assert_eq!(codes.first().map(String::as_str), Some(code), "{output}");
}

#[track_caller]
fn assert_case_refused(name: &str, code: &str) {
    let verdicts = Verdicts::read();
    let case = verdicts.case(name);
    assert!(!case.accepted, "the tool refuses {name} as well");
    assert_refused(verify(case, &layout(case)), code);
}

#[test]
fn image_signed_by_a_real_tool_is_trusted_by_the_right_policy() {
    let verdicts = Verdicts::read();
    for name in ACCEPTED {
        let case = verdicts.case(name);
        let output = verify(case, &layout(case)).exits(0);
        assert_eq!(said(&output), ("trusted".into(), Vec::new()), "{name}: {output}");
        let report = output.json();
        assert_eq!(report["decisions"][0]["digest"], case.digest.as_deref().expect("a digest").trim_start_matches("sha256:"), "{name}");
        assert_eq!(report["decisions"][0]["rests_on"].as_array().map(Vec::len), Some(1), "{name}: {output}");
    }
}

#[test]
fn another_key_is_refused() {
    assert_case_refused("c2-other-key", "untrusted-identity");
    assert_case_refused("c3-other-key", "untrusted-identity");
}

#[test]
fn another_identity_is_refused() {
    assert_case_refused("c2-logged-ci-other-workflow", "untrusted-identity");
    assert_case_refused("c3-logged-ci-other-workflow", "untrusted-identity");
    assert_case_refused("nt-jws-p256-other-identity", "untrusted-identity");
    assert_case_refused("nt-cose-p256-other-identity", "untrusted-identity");
}

#[test]
fn another_root_is_refused() {
    assert_case_refused("c2-logged-ci-other-root", "untrusted-root");
    assert_case_refused("c3-logged-ci-other-root", "untrusted-root");
    assert_case_refused("nt-jws-p256-other-root", "untrusted-root");
    assert_case_refused("nt-cose-p256-other-root", "untrusted-root");
}

#[test]
fn one_byte_flipped_in_what_was_signed_is_refused() {
    for name in ["x-c2-payload", "x-c3-payload", "x-nt-jws-payload", "x-nt-cose-payload"] {
        assert_case_refused(name, "signature-invalid");
    }
}

#[test]
fn one_byte_flipped_in_the_signature_is_refused() {
    for name in ["x-c2-signature", "x-c3-signature", "x-nt-jws-signature", "x-nt-cose-signature"] {
        assert_case_refused(name, "signature-invalid");
    }
}

/// A copy of a layout in which one byte of one blob is flipped, in the middle, while its name stays.
fn flipped(case: &Case, digest: &str) -> TempDir {
    let folder = TempDir::with_prefix("layerproof-layout-").expect("a temporary folder");
    let from = layout(case);
    fs::create_dir_all(folder.path().join("blobs/sha256")).expect("a folder");
    for name in ["oci-layout", "index.json"] {
        fs::copy(from.join(name), folder.path().join(name)).expect("a file");
    }
    for blob in fs::read_dir(from.join("blobs/sha256")).expect("blobs") {
        let blob = blob.expect("a blob");
        let mut bytes = fs::read(blob.path()).expect("a blob");
        if blob.file_name().to_str() == digest.strip_prefix("sha256:") {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }
        fs::write(folder.path().join("blobs/sha256").join(blob.file_name()), bytes).expect("a blob");
    }
    folder
}

#[test]
fn one_byte_flipped_in_the_image_is_refused() {
    let verdicts = Verdicts::read();
    for name in ACCEPTED {
        let case = verdicts.case(name);
        let layout = flipped(case, case.digest.as_deref().expect("a digest"));
        let output = verify(case, layout.path()).exits(1);
        assert_eq!(said(&output).0, "refused", "{name}: {output}");
    }
}

#[test]
fn one_byte_flipped_in_any_blob_of_the_layout_is_never_trusted() {
    let verdicts = Verdicts::read();
    for name in ACCEPTED {
        let case = verdicts.case(name);
        for blob in fs::read_dir(layout(case).join("blobs/sha256")).expect("blobs") {
            let hex = blob.expect("a blob").file_name().into_string().expect("a digest");
            // The empty configuration of a signature's manifest is read by nobody.
            if fs::read(layout(case).join("blobs/sha256").join(&hex)).expect("a blob") == b"{}" {
                continue;
            }
            let layout = flipped(case, &format!("sha256:{hex}"));
            let output = verify(case, layout.path());
            assert_eq!((output.code, said(&output).0.as_str()), (1, "refused"), "{name}, {hex}: {output}");
        }
    }
}

#[test]
fn registry_that_cannot_be_reached_leaves_it_open() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
    let verdicts = Verdicts::read();
    for name in ACCEPTED {
        let case = verdicts.case(name);
        let Artifact::Image { image, digest, .. } = case.artifact() else { panic!("{name} is about a file") };
        let (repository, _) = image.split_once('@').expect("an image by its digest");
        let (_, name) = repository.split_once('/').expect("a repository");
        let policy = Policy::of_any(case).unwrap_or_else(|output| panic!("{output}"));
        let policy = if policy.text().contains(repository) { policy.with(repository, &format!("{closed}/{name}")) } else { policy };
        let output = layerproof()
            .arg("verify")
            .arg(format!("image:{closed}/{name}@{digest}"))
            .args(["-o", "json", "--policy"])
            .arg(policy.path())
            .run()
            .exits(3);
        assert_eq!(said(&output), ("undecided".into(), vec!["no-bytes".into()]), "{name}: {output}");
    }
}

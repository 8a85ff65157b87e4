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

/// The verdict, and code and text of its reasons.
fn said(output: &Output) -> (String, Vec<(String, String)>) {
    let report = output.json();
    let [decision] = &report["decisions"].as_array().expect("decisions")[..] else { panic!("one decision: {output}") };
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    (
        text(&decision["verdict"]),
        decision["reasons"].as_array().expect("reasons").iter().map(|reason| (text(&reason["code"]), text(&reason["text"]))).collect(),
    )
}

#[track_caller]
fn assert_case_refused(name: &str, code: &str, why: &str) {
    let verdicts = Verdicts::read();
    let case = verdicts.case(name);
    assert!(!case.accepted, "the tool refuses {name} as well");
    let output = verify(case, &layout(case)).exits(1);
    let (verdict, reasons) = said(&output);
    assert_eq!(verdict, "refused", "{output}");
    let (first, text) = reasons.first().expect("a reason");
    assert!(first == code && text.contains(why), "{first}: {text}\n{output}");
}

#[test]
fn image_signed_by_a_real_tool_is_trusted_by_the_right_policy() {
    let verdicts = Verdicts::read();
    for name in ACCEPTED {
        let case = verdicts.case(name);
        let output = verify(case, &layout(case)).exits(0);
        assert_eq!(said(&output), ("trusted".into(), Vec::new()), "{name}: {output}");
        let report = output.json();
        let digest = case.digest.as_deref().and_then(|digest| digest.strip_prefix("sha256:")).expect("a digest");
        assert_eq!(report["decisions"][0]["digest"]["sha256"], digest, "{name}");
        assert_eq!(report["decisions"][0]["rests_on"].as_array().map(Vec::len), Some(1), "{name}: {output}");
    }
}

#[test]
fn another_key_is_refused() {
    assert_case_refused("c2-other-key", "untrusted-root", "none of the named keys made the signature (named: key-other.pub");
    assert_case_refused("c3-other-key", "untrusted-root", "none of the named keys made the signature (named: key-other.pub");
}

#[test]
fn another_identity_is_refused() {
    assert_case_refused(
        "c2-logged-ci-other-workflow",
        "untrusted-identity",
        "`https://github.com/acme/app/.github/workflows/test.yml@refs/heads/main` is asked for",
    );
    assert_case_refused(
        "c3-logged-ci-other-workflow",
        "untrusted-identity",
        "`https://github.com/acme/app/.github/workflows/test.yml@refs/heads/main` is asked for",
    );
    assert_case_refused("nt-jws-p256-other-identity", "untrusted-identity", "who is not among the identities asked for");
    assert_case_refused("nt-cose-p256-other-identity", "untrusted-identity", "who is not among the identities asked for");
}

#[test]
fn another_root_is_refused() {
    assert_case_refused("c2-logged-ci-other-root", "untrusted-root", "which is not among the trust anchors");
    assert_case_refused("c3-logged-ci-other-root", "untrusted-root", "which is not among the trust anchors");
    assert_case_refused("nt-jws-p256-other-root", "untrusted-root", "which is not among the trust anchors");
    assert_case_refused("nt-cose-p256-other-root", "untrusted-root", "which is not among the trust anchors");
}

#[test]
fn one_byte_flipped_in_what_was_signed_is_refused() {
    for name in ["x-c2-payload", "x-c3-payload", "x-nt-jws-payload", "x-nt-cose-payload"] {
        assert_case_refused(name, "signature-invalid", "does not hold");
    }
}

#[test]
fn one_byte_flipped_in_the_signature_is_refused() {
    // Whose signature of cosign v2 it was before, nobody can tell: it is by none of the keys. A bundle hints at its key.
    assert_case_refused("x-c2-signature", "untrusted-root", "none of the named keys made the signature");
    for name in ["x-c3-signature", "x-nt-jws-signature", "x-nt-cose-signature"] {
        assert_case_refused(name, "signature-invalid", "does not hold");
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
        let blobs = layout(case).join("blobs/sha256");
        let read = |hex: &str| fs::read(blobs.join(hex)).expect("a blob");
        let names: Vec<String> =
            fs::read_dir(&blobs).expect("blobs").map(|blob| blob.expect("a blob").file_name().into_string().expect("a digest")).collect();
        // The configuration of a signature's manifest says nothing, and nobody reads it.
        let own = case.digest.as_deref().and_then(|digest| digest.strip_prefix("sha256:")).expect("a digest");
        let others = names.iter().filter(|hex| *hex != own).filter_map(|hex| serde_json::from_slice::<Value>(&read(hex)).ok());
        let unread: Vec<String> =
            others.filter_map(|document| document["config"]["digest"].as_str().map(|digest| digest.replace("sha256:", ""))).collect();
        assert!(unread.len() < names.len() - 3, "{name}: {unread:?} of {names:?}");
        for hex in names.iter().filter(|hex| !unread.contains(hex)) {
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
        let (verdict, reasons) = said(&output);
        let codes: Vec<&str> = reasons.iter().map(|(code, _)| code.as_str()).collect();
        assert_eq!((verdict.as_str(), &codes[..]), ("undecided", &["no-bytes"][..]), "{name}: {output}");
    }
}

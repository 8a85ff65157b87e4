//! The one published vector of the format, which stays outside of this repository, and sweeps of mutants.

use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use jiff::Timestamp;
use layerproof::model::artifact::Subject;
use layerproof::model::attachment::Attachments;
use layerproof::model::digest::Digest;
use layerproof::model::observed::Observed;
use layerproof::signature::{Anchor, Candidate, JudgedSignature, Outcome, Scheme, SignerIdentity, TrustAnchors, aws_signer::AwsSigner};
use layerproof::unpack::{Limits, ZipIndex};
use serde_json::Value;

use super::vectors;
use crate::forge::signer::{SIGNATURE_FILE, inner_digest, signed_data};
use crate::forge::{Entry, SignerOptions, TestCa, ca, zip};

/// The folder of the published vector: `LAYERPROOF_SHARED_DATA`, or `../shared/data` beside the repository.
fn folder() -> Result<PathBuf, String> {
    let shared = match std::env::var_os("LAYERPROOF_SHARED_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
    };
    let folder = shared.join("notary-and-signer/lambda-signer");
    if folder.is_dir() {
        return Ok(folder);
    }
    let missing = format!("{} is not there; LAYERPROOF_SHARED_DATA names the folder that holds it", folder.display());
    assert!(std::env::var_os("CI").is_none(), "in CI the published vector must not be skipped: {missing}");
    Err(missing)
}

fn judge(path: &Path, trust: &TrustAnchors, now: Timestamp) -> JudgedSignature {
    let limits = Limits::default();
    let index = ZipIndex::open(path, &limits).unwrap();
    let subject = Subject::File("vector.zip".into());
    let signatures = AwsSigner.examine(
        &Candidate::Zip { subject: &subject, index: &index, analysed: None },
        &Attachments::default(),
        trust,
        now,
        &limits,
    );
    let Observed::Present(mut signatures) = signatures else { panic!("{signatures:?}") };
    signatures.pop().unwrap()
}

fn published_root(folder: &Path) -> TrustAnchors {
    let pem = std::fs::read(folder.join("stackd-local-root.pem")).unwrap();
    let der = std::fs::read(folder.join("stackd-local-root.der")).unwrap();
    let anchor = Anchor::pinned("stackd", &pem, &Digest::of(&der).hex(), &["000000000000".into()]).unwrap();
    TrustAnchors { anchors: vec![anchor], ..TrustAnchors::default() }
}

#[test]
fn the_published_vector_verifies_against_its_own_root() {
    let folder = match folder() {
        Ok(folder) => folder,
        Err(missing) => return println!("SKIPPED: {missing}"),
    };
    let expected: Value = serde_json::from_slice(&std::fs::read(folder.join("stackd-local-main.expected.json")).unwrap()).unwrap();
    let signed_at: Timestamp = expected["signingTime"].as_str().unwrap().parse().unwrap();
    let trust = published_root(&folder);
    let path = folder.join("stackd-local-main.signed.zip");
    let signature = judge(&path, &trust, signed_at);
    let Outcome::Valid(verified) = &signature.outcome else { panic!("{:#?}", signature.steps) };
    let basis = verified.basis();
    let SignerIdentity::AwsSigner { profile_version, job_arn } = &basis.identity else { panic!("{:?}", basis.identity) };
    assert_eq!(expected["profileVersionArn"], profile_version.to_string());
    assert_eq!(expected["signingJobArn"], *job_arn);
    assert_eq!(basis.signed_at, Some(signed_at));
    assert_eq!(expected["expiry"], basis.expires_at.unwrap().to_string());
    assert_eq!(expected["certificateHashes"], serde_json::to_value(basis.certificate_hashes()).unwrap());

    let a_moment_before = signed_at - jiff::SignedDuration::from_millis(1);
    assert!(matches!(judge(&path, &trust, a_moment_before).outcome, Outcome::Invalid(_)), "signed in the future");
    assert!(matches!(judge(&path, &TrustAnchors::default(), signed_at).outcome, Outcome::Invalid(_)), "no anchor");
}

#[test]
fn no_byte_of_the_published_cms_can_be_changed() {
    let folder = match folder() {
        Ok(folder) => folder,
        Err(missing) => return println!("SKIPPED: {missing}"),
    };
    let limits = Limits::default();
    let index = ZipIndex::open(&folder.join("stackd-local-main.signed.zip"), &limits).unwrap();
    let mut entries: Vec<Entry> = index
        .entries
        .iter()
        .map(|entry| Entry::file(entry.name().unwrap(), index.read(entry, 1 << 20).unwrap()))
        .map(|entry| if entry.name.ends_with(b"/") { Entry { mode: 0o040_755, ..entry } } else { entry })
        .collect();
    let file = String::from_utf8(entries.pop().unwrap().body).unwrap();
    let base64: String = file.lines().filter(|line| !line.starts_with("-----")).collect();
    let cms = BASE64.decode(base64.as_bytes()).unwrap();
    sweep(&entries, &cms, &published_root(&folder));
}

#[test]
fn no_byte_of_our_own_cms_can_be_changed() {
    let ca = TestCa::ours();
    let der = ca.root_der();
    let anchor = Anchor::pinned("test", &der, &Digest::of(&der).hex(), &["111122223333".into()]).unwrap();
    let mut entries = vectors::entries();
    entries.push(Entry::directory("META_INF/"));
    let cms = signed_data(&inner_digest(&entries), &SignerOptions::default()).ber();
    sweep(&entries, &cms, &TrustAnchors { anchors: vec![anchor], ..TrustAnchors::default() });
}

/// Flips one bit, then all bits, of every byte of the CMS, one byte at a time: no mutant is Valid. There is no unsigned region to leave out: the
/// certificates are bound by their issuers' signatures and the root by the anchor, the attributes by the signature, and all else has
/// one spelling only.
fn sweep(entries: &[Entry], cms: &[u8], trust: &TrustAnchors) {
    let now = "2026-11-22T00:00:00Z".parse().unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let outcome = |cms: &[u8]| {
        let mut entries = entries.to_vec();
        entries.push(Entry::file(SIGNATURE_FILE, ca::pem("PKCS7", cms)));
        std::fs::write(file.path(), zip::write(&entries)).unwrap();
        judge(file.path(), trust, now).outcome
    };
    assert!(matches!(outcome(cms), Outcome::Valid(_)), "{:?}", outcome(cms));
    let mut passed = Vec::new();
    for at in 0..cms.len() {
        for flip in [1 << (at % 8), 0xff] {
            let mut mutant = cms.to_vec();
            mutant[at] ^= flip;
            match outcome(&mutant) {
                Outcome::Valid(_) => passed.push((at, flip)),
                Outcome::Invalid(_) | Outcome::Inconclusive(_) => {}
            }
        }
    }
    assert!(passed.is_empty(), "mutants that pass, as (offset, flipped bits): {passed:x?}");
}

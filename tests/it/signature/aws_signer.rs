//! AWS Signer inside zips: the forged vectors, the published one, and a sweep of mutants over it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use layerproof::model::artifact::Subject;
use layerproof::model::attachment::Attachments;
use layerproof::model::digest::Digest;
use layerproof::model::observed::Observed;
use layerproof::signature::{
    Analysed, Anchor, AnchorError, Candidate, InnerDigest, JudgedSignature, Outcome, Rejection, Signatures, SignerIdentity, StepResult,
    TrustAnchors, aws_signer, examine_all, explain,
};
use layerproof::unpack::{EntryVisitor, Limits, WantDigests, ZipIndex, analyse_zip};

use super::vectors::{self, Expect};
use crate::forge::{SignerOptions, TestCa, sign_zip};

/// After every vector was signed; before the demo's expiries.
fn now() -> Timestamp {
    "2026-11-22T00:00:00Z".parse().unwrap()
}

fn pinned(name: &str, ca: &TestCa, accounts: &[&str]) -> Anchor {
    let der = ca.root_der();
    let accounts: Vec<String> = accounts.iter().map(|a| (*a).to_owned()).collect();
    Anchor::pinned(name, &der, &Digest::of(&der).hex(), &accounts).unwrap()
}

fn ours() -> TrustAnchors {
    TrustAnchors { anchors: vec![pinned("test", &TestCa::ours(), &["111122223333"])], ..TrustAnchors::default() }
}

fn examine_at(zip: &[u8], trust: &TrustAnchors, now: Timestamp) -> Signatures {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), zip).unwrap();
    let index = ZipIndex::open(file.path(), &Limits::default()).unwrap();
    let subject = Subject::File("vector.zip".into());
    examine_all(
        &Candidate::Zip { subject: &subject, index: &index, analysed: None },
        &Attachments::default(),
        trust,
        now,
        &Limits::default(),
    )
}

fn judge(zip: &[u8]) -> JudgedSignature {
    one(examine_at(zip, &ours(), now()))
}

fn one(signatures: Signatures) -> JudgedSignature {
    let Observed::Present(mut signatures) = signatures else { panic!("no signature was found: {signatures:?}") };
    assert_eq!(signatures.len(), 1);
    signatures.pop().unwrap()
}

fn vector(name: &str) -> Vec<u8> {
    vectors::all().into_iter().find(|v| v.name == name).unwrap_or_else(|| panic!("no vector {name}")).zip
}

fn rejection(signature: &JudgedSignature) -> &Rejection {
    match &signature.outcome {
        Outcome::Invalid(rejection) => rejection,
        other => panic!("{other:?}"),
    }
}

fn seen(signatures: &Signatures) -> String {
    match signatures {
        Observed::Absent => "absent".into(),
        Observed::Unknown(gap) => format!("unknown: {gap}"),
        Observed::Present(list) => match &list[0].outcome {
            Outcome::Valid(_) => "valid".into(),
            Outcome::Invalid(rejection) => format!("invalid {}", serde_json::to_value(rejection).unwrap()["why"].as_str().unwrap()),
            Outcome::Inconclusive(u) => format!("inconclusive, chain and identity verified: {}", u.chain_and_identity_verified),
        },
    }
}

#[test]
fn every_vector_has_its_outcome() {
    let mut wrong = Vec::new();
    let mut reasons = Vec::new();
    for vector in vectors::all() {
        let expected = match vector.expect {
            Expect::Valid => "valid".to_owned(),
            Expect::Absent => "absent".to_owned(),
            Expect::Invalid(why) => format!("invalid {why}"),
            Expect::Inconclusive(verified) => format!("inconclusive, chain and identity verified: {verified}"),
        };
        let signatures = examine_at(&vector.zip, &ours(), now());
        let got = seen(&signatures);
        let why = signatures.present().map(|s| match &s[0].outcome {
            Outcome::Valid(_) => String::new(),
            Outcome::Invalid(rejection) => rejection.to_string(),
            Outcome::Inconclusive(undetermined) => undetermined.gap.detail.clone(),
        });
        let why = why.unwrap_or_default();
        reasons.push(format!("{}: {got}: {why}", vector.name));
        if got != expected {
            wrong.push(format!("{}: expected {expected}, got {got}: {why}", vector.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The kind alone would let a vector fail for another mistake than its own.
    insta::assert_snapshot!(reasons.join("\n"));
}

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/signer")
}

#[test]
fn committed_vectors_are_what_the_forge_makes() {
    let folder = testdata();
    let mut files: Vec<(String, Vec<u8>)> = vectors::all().into_iter().map(|v| (format!("{}.zip", v.name), v.zip)).collect();
    files.push(("test-root.pem".into(), TestCa::ours().root_pem().into_bytes()));
    files.push(("foreign-root.pem".into(), TestCa::foreign().root_pem().into_bytes()));
    if std::env::var_os("LAYERPROOF_REGENERATE").is_some() {
        for (name, bytes) in &files {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
    }
    for (name, bytes) in &files {
        let committed = std::fs::read(folder.join(name)).unwrap_or_default();
        assert!(committed == *bytes, "testdata/signer/{name} differs from what the forge makes; LAYERPROOF_REGENERATE=1 writes it again");
    }
    let stray: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md" && !files.iter().any(|(known, _)| known == name))
        .collect();
    assert!(stray.is_empty(), "no vector makes {stray:?}");
}

#[test]
fn a_valid_signature_carries_who_when_and_what_it_leaves_open() {
    let signature = judge(&vector("valid"));
    let Outcome::Valid(verified) = &signature.outcome else { panic!("{:?}", signature.outcome) };
    let basis = verified.basis();
    let SignerIdentity::AwsSigner { profile_version, job_arn } = &basis.identity else { panic!("{:?}", basis.identity) };
    assert_eq!(profile_version.to_string(), SignerOptions::default().profile_version);
    assert_eq!(*job_arn, SignerOptions::default().job);
    assert_eq!(basis.signed_at.unwrap().to_string(), "2026-09-01T10:20:30.806Z");
    assert_eq!(basis.expires_at.unwrap().to_string(), "2037-12-01T10:20:30.806Z");
    assert_eq!(basis.anchors, ["test"]);
    assert_eq!(basis.certificate_hashes().len(), 4);
    assert!(signature.steps.iter().all(|step| step.result == StepResult::Ok));
    assert_eq!(signature.steps.len(), 18);
}

#[test]
fn what_passes_the_digest_by_design_is_said_to_be_unbound() {
    let says = |words: &str| aws_signer::DOES_NOT_BIND.iter().any(|phrase| phrase.contains(words));
    for (name, words) in [
        ("valid-name-body-shift", "between an entry's name and its body"),
        ("valid-entries-merged", "two can be merged"),
        ("valid-entry-split", "one split"),
        ("valid-file-made-a-link", "symbolic link"),
        ("valid-made-setuid", "setuid"),
        ("valid-made-executable", "executable"),
        ("valid-deflated-and-retimed", "compression"),
        ("valid-deflated-and-retimed", "times"),
    ] {
        let signature = judge(&vector(name));
        assert!(matches!(signature.outcome, Outcome::Valid(_)), "{name}: {:?}", signature.outcome);
        assert!(says(words), "{words}");
        assert_eq!(signature.does_not_bind, aws_signer::DOES_NOT_BIND);
    }
}

#[test]
fn no_anchors_at_all_is_a_refusal() {
    let signature = one(examine_at(&vector("valid"), &TrustAnchors::default(), now()));
    assert!(matches!(rejection(&signature), Rejection::UntrustedRoot { anchors, .. } if anchors.is_empty()));
    let left_out = one(examine_at(&vector("valid-root-left-out"), &TrustAnchors::default(), now()));
    assert!(matches!(rejection(&left_out), Rejection::Chain { .. }));
}

#[test]
fn the_shipped_root_vouches_for_no_chain_of_ours() {
    let trust = TrustAnchors { anchors: layerproof::signature::trust::shipped().to_vec(), ..TrustAnchors::default() };
    let signature = one(examine_at(&vector("valid"), &trust, now()));
    let Rejection::UntrustedRoot { fingerprint, .. } = rejection(&signature) else { panic!("{:?}", signature.outcome) };
    assert_eq!(*fingerprint, Digest::of(&TestCa::ours().root_der()).hex());
}

#[test]
fn every_anchor_of_the_root_is_named_but_only_those_of_the_account_count() {
    let ca = TestCa::ours();
    let anchors = vec![
        pinned("a", &ca, &["111122223333"]),
        pinned("b", &ca, &["444455556666"]),
        pinned("c", &TestCa::foreign(), &["111122223333"]),
        pinned("d", &ca, &["444455556666", "111122223333"]),
    ];
    let signature = one(examine_at(&vector("valid"), &TrustAnchors { anchors, ..TrustAnchors::default() }, now()));
    let Outcome::Valid(verified) = signature.outcome else { panic!() };
    assert_eq!(verified.basis().anchors, ["a", "d"]);
}

#[test]
fn an_intermediate_can_not_be_pinned_as_a_root() {
    let ca = TestCa::ours();
    let der = ca.intermediate.sign(&ca.keys[0]);
    let error = Anchor::pinned("test", &der, &Digest::of(&der).hex(), &["111122223333".into()]).unwrap_err();
    assert!(matches!(error, AnchorError::NotSelfSigned { .. }), "{error}");
}

#[test]
fn a_root_of_the_right_name_that_did_not_sign_itself_can_not_be_pinned() {
    let ca = TestCa::ours();
    let der = ca.root.sign(&ca.keys[1]);
    let error = Anchor::pinned("test", &der, &Digest::of(&der).hex(), &["111122223333".into()]).unwrap_err();
    assert!(matches!(error, AnchorError::NotSelfSigned { .. }), "{error}");
}

#[test]
fn a_pinned_root_does_not_vouch_for_a_foreign_account() {
    let signature = judge(&vector("profile-of-a-foreign-account"));
    let Rejection::AccountNotVouched { account, allowed, .. } = rejection(&signature) else { panic!("{:?}", signature.outcome) };
    assert_eq!((account.as_str(), allowed.as_slice()), ("444455556666", &["111122223333".to_owned()][..]));
    assert!(!rejection(&signature).is_integrity());
}

#[test]
fn tampering_is_an_integrity_rejection_even_below_a_foreign_root() {
    let entries = crate::forge::sign_entries(&vectors::entries(), &SignerOptions { ca: TestCa::foreign(), ..SignerOptions::default() });
    let mut tampered = entries;
    tampered[0] = tampered[0].clone().with_body("bad");
    let signature = judge(&crate::forge::zip::write(&tampered));
    assert!(rejection(&signature).is_integrity(), "{:?}", signature.outcome);
}

#[test]
fn expiry_is_carried_not_judged_and_time_moves_nothing_else() {
    let zip = vector("valid-expired");
    let before = one(examine_at(&zip, &ours(), "2026-09-02T00:00:00Z".parse().unwrap()));
    let long_after = one(examine_at(&zip, &ours(), "2050-01-01T00:00:00Z".parse().unwrap()));
    let (Outcome::Valid(before), Outcome::Valid(after)) = (&before.outcome, &long_after.outcome) else { panic!() };
    assert_eq!(before, after);
    assert_eq!(after.basis().expires_at.unwrap().to_string(), "2026-10-01T00:00:00Z");
}

#[test]
fn a_signature_under_another_spelling_is_neither_unsigned_nor_valid() {
    for name in ["signature-in-meta-dash-inf", "signature-of-version-2", "signature-by-case", "signature-behind-backslash"] {
        let signature = judge(&vector(name));
        let Outcome::Inconclusive(undetermined) = &signature.outcome else { panic!("{name}: {:?}", signature.outcome) };
        assert!(undetermined.gap.author_can_cause(), "{name}: a gap that its author makes must not be forgiven");
        assert!(undetermined.gap.detail.contains("META_INF/aws_signer_signature_v1.0.SF"), "{name}");
    }
}

#[test]
fn a_cut_list_of_entries_is_never_unsigned() {
    let limits = Limits { entries: 2, ..Limits::default() };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), vector("valid")).unwrap();
    let index = ZipIndex::open(file.path(), &limits).unwrap();
    let subject = Subject::File("vector.zip".into());
    let signatures =
        examine_all(&Candidate::Zip { subject: &subject, index: &index, analysed: None }, &Attachments::default(), &ours(), now(), &limits);
    assert!(signatures.gap().is_some_and(|gap| gap.author_can_cause()), "{signatures:?}");
}

#[test]
fn a_limit_that_stops_the_digest_is_a_refusal() {
    let limits = Limits { file_bytes: 12, ..Limits::default() };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), vector("valid")).unwrap();
    let index = ZipIndex::open(file.path(), &limits).unwrap();
    let subject = Subject::File("vector.zip".into());
    let signature = one(examine_all(
        &Candidate::Zip { subject: &subject, index: &index, analysed: None },
        &Attachments::default(),
        &ours(),
        now(),
        &limits,
    ));
    assert!(matches!(rejection(&signature), Rejection::AmbiguousArchive { .. }), "{:?}", signature.outcome);
}

#[test]
fn an_endless_signature_file_is_not_read() {
    let options = SignerOptions { edit_file: Some(|file| file.push_str(&"\n".repeat(300_000))), ..SignerOptions::default() };
    let signature = judge(&sign_zip(&vectors::entries(), &options));
    assert!(rejection(&signature).to_string().contains("at most 262144"), "{:?}", signature.outcome);
}

#[test]
fn the_digest_that_rides_on_the_scan_gives_the_same_as_a_pass_of_its_own() {
    for name in ["valid", "tampered-body", "duplicate-names", "unsigned"] {
        let zip = vector(name);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &zip).unwrap();
        let limits = Limits::default();
        let index = ZipIndex::open(file.path(), &limits).unwrap();
        let mut inner = InnerDigest::new(&index);
        let contents = analyse_zip(&index, &limits, &WantDigests::None, &mut [&mut inner]).unwrap();
        let subject = Subject::File("vector.zip".into());
        let analysed = Some(Analysed { contents: &contents, inner: &inner });
        let riding =
            examine_all(&Candidate::Zip { subject: &subject, index: &index, analysed }, &Attachments::default(), &ours(), now(), &limits);
        let alone = examine_at(&zip, &ours(), now());
        assert_eq!(serde_json::to_string(&riding).unwrap(), serde_json::to_string(&alone).unwrap(), "{name}");
    }
}

#[test]
fn a_digest_of_a_pass_that_never_ran_verifies_nothing() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), vector("valid")).unwrap();
    let limits = Limits::default();
    let index = ZipIndex::open(file.path(), &limits).unwrap();
    let inner = InnerDigest::new(&index);
    let contents = analyse_zip(&index, &limits, &WantDigests::None, &mut []).unwrap();
    let subject = Subject::File("vector.zip".into());
    let analysed = Some(Analysed { contents: &contents, inner: &inner });
    let signature =
        one(examine_all(&Candidate::Zip { subject: &subject, index: &index, analysed }, &Attachments::default(), &ours(), now(), &limits));
    assert!(matches!(rejection(&signature), Rejection::AmbiguousArchive { .. }));
}

#[test]
fn a_digest_of_a_pass_that_left_something_out_or_gave_it_in_another_order_is_none() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), vector("valid")).unwrap();
    let index = ZipIndex::open(file.path(), &Limits::default()).unwrap();
    let give = |inner: &mut InnerDigest, at: usize, bytes: u64| {
        let entry = &index.entries[at];
        inner.begin(entry);
        inner.data(&vec![0; usize::try_from(bytes).unwrap()]);
        inner.end(entry);
    };
    let size = |at: usize| index.entries[at].size;
    let finish = |pass: &dyn Fn(&mut InnerDigest)| {
        let mut inner = InnerDigest::new(&index);
        pass(&mut inner);
        inner.finish()
    };
    let all = 0..index.entries.len();
    assert!(all.len() > 2 && size(1) > 1);
    assert!(finish(&|inner| all.clone().for_each(|at| give(inner, at, size(at)))).is_some());
    assert_eq!(finish(&|inner| all.clone().skip(1).for_each(|at| give(inner, at, size(at)))), None, "without the first");
    assert_eq!(finish(&|inner| all.clone().rev().skip(1).rev().for_each(|at| give(inner, at, size(at)))), None, "without the last");
    assert_eq!(finish(&|inner| all.clone().rev().for_each(|at| give(inner, at, size(at)))), None, "backwards");
    assert_eq!(finish(&|inner| all.clone().for_each(|at| give(inner, at, size(at) - u64::from(at == 1)))), None, "a byte less");
    assert_eq!(finish(&|inner| all.clone().for_each(|at| give(inner, at, size(at) + u64::from(at == 1)))), None, "a byte more");
    let damaged = |inner: &mut InnerDigest| {
        inner.damaged(&index.entries[0], "damaged");
        all.clone().for_each(|at| give(inner, at, size(at)));
    };
    assert_eq!(finish(&damaged), None, "damaged");
}

fn explained(signature: &JudgedSignature, color: bool) -> String {
    let mut out = Vec::new();
    explain(signature, &mut out, color).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn explanation_of_a_valid_signature() {
    insta::assert_snapshot!(explained(&judge(&vector("valid")), false));
}

#[test]
fn explanation_of_a_tampered_zip() {
    insta::assert_snapshot!(explained(&judge(&vector("tampered-body")), false));
}

#[test]
fn explanation_lets_no_terminal_escape_through() {
    let options = SignerOptions {
        edit_leaf: Some(|leaf| leaf.subject = "\u{1b}[2J\u{202e}leaf".into()),
        ca: TestCa::foreign(),
        ..SignerOptions::default()
    };
    let signature = judge(&sign_zip(&vectors::entries(), &options));
    let text = explained(&signature, false);
    assert!(text.contains("[2J"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    assert!(explained(&signature, true).contains('\u{1b}'));
}

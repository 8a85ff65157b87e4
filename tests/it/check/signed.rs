//! SIG006, SIG016, SIG017 and SIG018 on signatures that hold: real zips, signed by the forge and judged by the verifier.

use std::io::Write;
use std::sync::Arc;

use layerproof::finding::Severity;
use layerproof::model::artifact::{ServiceSigning, Subject};
use layerproof::model::attachment::Attachments;
use layerproof::model::digest::Digest;
use layerproof::model::observed::Observed;
use layerproof::signature::{Anchor, Candidate, Outcome, TrustAnchors, examine_all};
use layerproof::unpack::{Limits, WantDigests, ZipIndex, analyse_zip};

use super::fleet::*;
use crate::forge::{Entry, SignerOptions, TestCa, sign_entries, zip};

fn entries() -> Vec<Entry> {
    vec![Entry::file("python/x.py", "print('x')\n"), Entry::file("bin/tool", "#!/bin/sh\n").with_mode(0o755)]
}

/// A fleet with one used layer, `deps:1`, whose zip these signed entries make.
fn signed(entries: &[Entry]) -> (Fleet, Subject) {
    let mut fleet = Fleet::new();
    let arn = layer("deps", 1);
    fleet.users(1, &arn);
    add(&mut fleet, "deps", entries);
    (fleet, Subject::Layer(arn))
}

/// Adds version 1 of a layer with this zip, judged by the verifier; AWS's answer states what the signature names.
fn add(fleet: &mut Fleet, name: &str, entries: &[Entry]) -> Subject {
    let bytes = zip::write(entries);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&bytes).unwrap();
    let index = ZipIndex::open(file.path(), &Limits::default()).unwrap();
    let contents = analyse_zip(&index, &Limits::default(), &WantDigests::None, &mut []).unwrap();
    let root = TestCa::ours().root_der();
    let anchor = Anchor::pinned("ours", &root, &Digest::of(&root).hex(), &[ACCOUNT.into()]).unwrap();
    let trust = TrustAnchors { anchors: vec![anchor], ..TrustAnchors::default() };
    let arn = layer(name, 1);
    let subject = Subject::Layer(arn.clone());
    let candidate = Candidate::Zip { subject: &subject, index: &index, analysed: None };
    let signatures = examine_all(&candidate, &Attachments::default(), &trust, fleet.now, &Limits::default());
    let options = SignerOptions::default();
    let artifact = fleet.layer(&arn, &bytes);
    artifact.contents = Observed::Present(Arc::new(contents));
    artifact.signatures = signatures;
    artifact.attested.signing = ServiceSigning { profile_version_arn: Some(options.profile_version), job_arn: Some(options.job) };
    subject
}

#[test]
fn signature_that_holds_and_agrees_has_no_finding() {
    let (mut fleet, subject) = signed(&sign_entries(&entries(), &SignerOptions::default()));
    let Observed::Present(signatures) = &fleet.at(&subject).signatures else { panic!("no signature was found") };
    assert!(matches!(signatures[0].outcome, Outcome::Valid(_)), "{signatures:#?}");
    for rule in ["SIG001", "SIG004", "SIG005", "SIG006", "SIG010", "SIG016", "SIG017", "SIG018"] {
        fleet.none(rule);
    }
}

#[test]
fn sig006_signature_expires_by_the_clock_and_nothing_else() {
    let (mut fleet, _) = signed(&sign_entries(&entries(), &SignerOptions::default()));
    fleet.now = "2037-12-01T10:20:30Z".parse().unwrap();
    fleet.none("SIG006");
    fleet.now = "2037-12-01T10:20:31Z".parse().unwrap();
    let finding = fleet.one("SIG006");
    assert_eq!(finding.severity, Severity::High);
    assert!(finding.message.contains("expired at 2037-12-01T10:20:30.806Z"), "{}", finding.message);
}

#[test]
fn sig016_mode_changed_after_signing_shows_beside_an_honest_copy() {
    let honest = sign_entries(&entries(), &SignerOptions::default());
    let mut changed = honest.clone();
    changed[1] = changed[1].clone().with_mode(0o4755);
    let (mut fleet, _) = signed(&honest);
    fleet.none("SIG016");
    add(&mut fleet, "copy", &changed);
    let finding = fleet.one("SIG016");
    assert_eq!(finding.severity, Severity::High);
    assert!(finding.details[0].starts_with("bin/tool: ") && finding.details[0].contains("mode 4755"), "{:?}", finding.details);
    fleet.none("SIG004");
}

#[test]
fn sig016_boundary_shifted_between_name_and_body_shows_beside_an_honest_copy() {
    let honest = sign_entries(&entries(), &SignerOptions::default());
    let mut shifted = honest.clone();
    shifted[0] = shifted[0].clone().renamed("python/x.p").with_body("yprint('x')\n");
    let (mut fleet, _) = signed(&honest);
    add(&mut fleet, "copy", &shifted);
    let finding = fleet.one("SIG016");
    assert_eq!(finding.severity, Severity::High);
    assert_eq!(finding.details.len(), 2, "{:?}", finding.details);
}

#[test]
fn sig016_repacked_copy_is_low_and_equal_copy_is_nothing() {
    let honest = sign_entries(&entries(), &SignerOptions::default());
    let mut repacked = honest.clone();
    repacked[0] = repacked[0].clone().deflated();
    let (mut fleet, _) = signed(&honest);
    add(&mut fleet, "same", &honest);
    fleet.none("SIG016");
    add(&mut fleet, "copy", &repacked);
    assert_eq!(fleet.one("SIG016").severity, Severity::Low);
}

#[test]
fn sig016_contents_that_could_not_be_had_are_not_called_equal() {
    let honest = sign_entries(&entries(), &SignerOptions::default());
    let mut repacked = honest.clone();
    repacked[0] = repacked[0].clone().deflated();
    let (mut fleet, _) = signed(&honest);
    let copy = add(&mut fleet, "copy", &repacked);
    fleet.at(&copy).contents = Observed::Unknown(gap("x", denied()));
    assert!(fleet.one("SIG016").message.contains("could not be compared"));
}

#[test]
fn sig017_symlink_in_a_zip_whose_signature_holds() {
    let mut with_link = entries();
    with_link.push(Entry::symlink("lib/x.so", "x.so.1"));
    let (fleet, _) = signed(&sign_entries(&with_link, &SignerOptions::default()));
    assert!(fleet.one("SIG017").details[0].contains("lib/x.so: symbolic link"));
    fleet.none("SIG004");
}

#[test]
fn sig018_valid_signature_on_a_layer_whose_answer_names_none() {
    let (mut fleet, subject) = signed(&sign_entries(&entries(), &SignerOptions::default()));
    fleet.at(&subject).attested.signing = ServiceSigning::default();
    assert!(fleet.one("SIG018").details[0].contains("the layer's answer states none"));
    let Subject::Layer(arn) = &subject else { unreachable!() };
    let content = &mut fleet.evidence.inventory.layers.get_mut(arn).unwrap().content;
    *content = Observed::Unknown(gap("x", denied()));
    fleet.none("SIG018");
}

#[test]
fn sig018_valid_signature_of_another_job_than_the_answer_states() {
    let (mut fleet, subject) = signed(&sign_entries(&entries(), &SignerOptions::default()));
    fleet.at(&subject).attested.signing.job_arn = Some(JOB.into());
    let finding = fleet.one("SIG018");
    assert_eq!((finding.severity, finding.details.len()), (Severity::Critical, 1));
}

#[test]
fn sig018_function_zip_that_lambda_never_verified_is_no_mismatch() {
    let (mut fleet, subject) = signed(&sign_entries(&entries(), &SignerOptions::default()));
    let mut artifact = fleet.at(&subject).clone();
    artifact.subject = Subject::Function(function("app", Some("1")));
    artifact.attested.signing = ServiceSigning::default();
    fleet.evidence.artifacts.insert(artifact.subject.clone(), artifact);
    fleet.none("SIG018");
}

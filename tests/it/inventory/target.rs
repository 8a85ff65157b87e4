//! Targets on the command line, and what is on disk behind them.

use std::path::Path;

use layerproof::inventory::local::{Blame, Scope, Target, TargetError};
use layerproof::model::artifact::{BlobLocation, Subject};
use layerproof::model::inventory::{FileArtifact, FileForm};
use serde_json::json;
use tempfile::TempDir;

use super::account::{FUNCTION, LAYER, write_file};

const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const OTHER_HEX: &str = "aaaac44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/// The end record of an empty zip.
const EMPTY_ZIP: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

#[test]
fn missing_file_is_usage_and_names_the_file() {
    let error = artifact("/nowhere/layer.zip", None).unwrap_err();
    assert_eq!(error.blame(), Blame::Usage);
    assert!(error.to_string().contains("/nowhere/layer.zip"));
}

#[test]
fn content_decides_and_the_extension_does_not() {
    let folder = TempDir::new().unwrap();
    for (name, bytes, form) in [
        ("empty.zip", &b""[..], FileForm::Unrecognised),
        ("text.zip", b"I am a text", FileForm::Unrecognised),
        ("random.zip", &[0xA5; 4096], FileForm::Unrecognised),
        ("zip.txt", EMPTY_ZIP, FileForm::Zip),
        ("truncated", b"PK\x03\x04\x14\0", FileForm::Zip),
        ("noext", &[&b"#!/bin/sh\n"[..], EMPTY_ZIP].concat(), FileForm::Zip),
    ] {
        write_file(folder.path(), name, bytes);
        let found = artifact(&shown(folder.path(), name), None).unwrap();
        assert_eq!(found.form, form, "{name}");
        assert!(matches!(found.location, BlobLocation::Local(_)) && matches!(found.subject, Subject::File(_)));
    }
}

#[test]
fn forced_zip_takes_a_text_as_a_zip_so_that_it_is_judged() {
    let folder = TempDir::new().unwrap();
    write_file(folder.path(), "x", b"I am a text");
    assert_eq!(artifact(&format!("zip:{}", shown(folder.path(), "x")), None).unwrap().form, FileForm::Zip);
}

#[test]
fn forced_kind_that_cannot_be_is_usage() {
    let folder = TempDir::new().unwrap();
    write_file(folder.path(), "file", b"x");
    for given in [
        format!("dir:{}", shown(folder.path(), "file")),
        format!("zip:{}", folder.path().display()),
        format!("oci:{}", folder.path().display()),
        format!("oci:{}", shown(folder.path(), "file")),
        format!("oci-archive:{}", folder.path().display()),
        "zip:".into(),
        String::new(),
    ] {
        assert_eq!(artifact(&given, None).unwrap_err().blame(), Blame::Usage, "{given}");
    }
}

#[cfg(unix)]
#[test]
fn device_is_not_read_for_ever() {
    let device = artifact("/dev/zero", None).unwrap_err();
    assert!(matches!(device, TargetError::NeitherFileNorFolder { .. }));
}

#[cfg(unix)]
#[test]
fn path_that_this_machine_cannot_follow_is_not_said_to_be_missing() {
    let folder = TempDir::new().unwrap();
    let link = folder.path().join("round");
    std::os::unix::fs::symlink(&link, &link).unwrap();
    assert_eq!(artifact(&link.display().to_string(), None).unwrap_err().blame(), Blame::Machine);
}

#[test]
fn folder_without_oci_layout_is_a_folder() {
    let folder = TempDir::new().unwrap();
    write_file(folder.path(), "index.json", b"{}");
    assert_eq!(artifact(&folder.path().display().to_string(), None).unwrap().form, FileForm::Directory);
}

#[test]
fn single_image_of_a_layout_needs_no_choice() {
    let folder = layout(&[(HEX, Some("v1"))]);
    let found = artifact(&folder.path().display().to_string(), None).unwrap();
    assert_eq!((found.form, digest(&found)), (FileForm::OciLayout, format!("sha256:{HEX}")));
}

#[test]
fn several_images_without_a_choice_are_listed() {
    let folder = layout(&[(HEX, Some("v1")), (OTHER_HEX, None)]);
    let path = folder.path().display();
    let error = artifact(&path.to_string(), None).unwrap_err();
    assert_eq!(error.blame(), Blame::Usage);
    let text = error.to_string();
    assert!(text.contains("v1") && text.contains(HEX) && text.contains(OTHER_HEX), "{text}");

    let chosen = artifact(&format!("oci:{path}:v1"), None).unwrap();
    assert_eq!(digest(&chosen), format!("sha256:{HEX}"));
    let chosen = artifact(&format!("oci:{path}@sha256:{OTHER_HEX}"), None).unwrap();
    assert_eq!(digest(&chosen), format!("sha256:{OTHER_HEX}"));
    for wrong in [format!("oci:{path}:v2"), format!("oci:{path}@sha256:{}", HEX.replace('e', "0"))] {
        assert!(matches!(artifact(&wrong, None).unwrap_err(), TargetError::WhichImage { .. }), "{wrong}");
    }
}

#[test]
fn of_several_images_the_one_that_the_scope_names_by_digest_is_meant() {
    let folder = layout(&[(HEX, Some("v1")), (OTHER_HEX, None)]);
    let path = folder.path().display().to_string();
    let of = |hex: &str| format!("registry.example.com/team/app@sha256:{hex}");
    assert_eq!(digest(&artifact(&path, Some(&of(OTHER_HEX))).unwrap()), format!("sha256:{OTHER_HEX}"));
    // One that is not there is not another one, and what was chosen by hand stays chosen: its bytes are then not the claimed ones.
    let absent = artifact(&path, Some(&of(&HEX.replace('e', "0")))).unwrap_err();
    assert!(matches!(absent, TargetError::WhichImage { .. }), "{absent}");
    assert_eq!(digest(&artifact(&format!("oci:{path}:v1"), Some(&of(OTHER_HEX))).unwrap()), format!("sha256:{HEX}"));
    // Where there is one image only, a digest that is another's is no choice: it is a claim that the bytes do not bear out.
    let single = layout(&[(HEX, None)]);
    let found = artifact(&single.path().display().to_string(), Some(&of(OTHER_HEX))).unwrap();
    assert_eq!(digest(&found), format!("sha256:{HEX}"));
}

#[test]
fn tag_on_two_images_is_not_chosen_from() {
    let folder = layout(&[(HEX, Some("v1")), (OTHER_HEX, Some("v1"))]);
    let error = artifact(&format!("oci:{}:v1", folder.path().display()), None).unwrap_err();
    assert!(matches!(error, TargetError::WhichImage { .. }));
}

#[test]
fn layout_that_its_author_broke_is_refused_and_not_a_usage_error() {
    for index in ["", "{}", "[]", "{\"manifests\": [{\"digest\": \"md5:1\"}]}", "{\"manifests\": []}"] {
        let folder = layout(&[]);
        write_file(folder.path(), "index.json", index.as_bytes());
        assert_eq!(artifact(&folder.path().display().to_string(), None).unwrap_err().blame(), Blame::Artifact, "{index}");
    }
    let folder = layout(&[]);
    std::fs::remove_file(folder.path().join("index.json")).unwrap();
    assert_eq!(artifact(&folder.path().display().to_string(), None).unwrap_err().blame(), Blame::Artifact);
}

#[cfg(unix)]
#[test]
fn fifo_in_place_of_an_index_does_not_hang_the_run() {
    let folder = layout(&[]);
    let index = folder.path().join("index.json");
    std::fs::remove_file(&index).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&index).status().unwrap().success());
    assert_eq!(artifact(&folder.path().display().to_string(), None).unwrap_err().blame(), Blame::Artifact);
}

#[test]
fn layout_in_a_tar_is_told_from_any_other_tar() {
    let folder = layout(&[(HEX, Some("v1"))]);
    let archive = TempDir::new().unwrap();
    tar_of(folder.path(), &["oci-layout", "index.json"], &archive.path().join("image.zip"));
    tar_of(folder.path(), &["index.json"], &archive.path().join("other.tar"));
    let found = artifact(&shown(archive.path(), "image.zip"), None).unwrap();
    assert_eq!((found.form, digest(&found)), (FileForm::OciArchive, format!("sha256:{HEX}")));
    assert_eq!(artifact(&shown(archive.path(), "other.tar"), None).unwrap().form, FileForm::Unrecognised);
    let forced = artifact(&format!("oci-archive:{}", shown(archive.path(), "other.tar")), None).unwrap_err();
    assert_eq!(forced.blame(), Blame::Artifact);
}

#[test]
fn second_index_in_a_tar_cannot_replace_the_first() {
    let folder = layout(&[(HEX, Some("v1"))]);
    let archive = TempDir::new().unwrap();
    tar_of(folder.path(), &["oci-layout", "index.json", "index.json"], &archive.path().join("image.tar"));
    let error = artifact(&shown(archive.path(), "image.tar"), None).unwrap_err();
    assert!(matches!(error, TargetError::BrokenLayout { .. }), "{error}");
}

#[test]
fn scope_gives_the_subject() {
    let folder = TempDir::new().unwrap();
    write_file(folder.path(), "x.zip", EMPTY_ZIP);
    let zip = shown(folder.path(), "x.zip");
    for (scope, subject) in [
        (LAYER.to_owned(), LAYER.to_owned()),
        (format!("{FUNCTION}:7"), format!("{FUNCTION}:7")),
        // As Lambda itself reads an unqualified ARN.
        (FUNCTION.to_owned(), format!("{FUNCTION}:$LATEST")),
    ] {
        assert_eq!(artifact(&zip, Some(&scope)).unwrap().subject.to_string(), subject);
    }
    let image = layout(&[(HEX, None)]);
    let found = artifact(&image.path().display().to_string(), Some(&format!("r.example/app:v1@sha256:{HEX}"))).unwrap();
    assert_eq!(found.subject.to_string(), format!("r.example/app@sha256:{HEX}"));
    assert_eq!(found.claimed.unwrap().hex(), HEX);
}

#[test]
fn scope_that_fixes_no_bytes_is_usage() {
    for scope in [
        "arn:aws:lambda:eu-west-1:111122223333:layer:deps",
        "arn:aws:lambda:eu-west-1:111122223333:layer:deps:*",
        "arn:aws:lambda:eu-west-1:111122223333:function:pay:live",
        "arn:aws:s3:::bucket",
        "r.example/app:v1",
        "app",
        "",
    ] {
        assert_eq!(scope.parse::<Scope>().unwrap_err().blame(), Blame::Usage, "{scope}");
    }
}

#[test]
fn image_does_not_pass_as_a_layer_nor_a_zip_as_an_image() {
    let image = layout(&[(HEX, None)]);
    for scope in [LAYER.to_owned(), FUNCTION.to_owned()] {
        let error = artifact(&image.path().display().to_string(), Some(&scope)).unwrap_err();
        assert!(matches!(error, TargetError::ScopeMismatch { .. }));
    }
    write_file(image.path(), "sub/x.zip", EMPTY_ZIP);
    let error = artifact(&shown(image.path(), "sub/x.zip"), Some(&format!("r.example/app@sha256:{HEX}"))).unwrap_err();
    assert!(matches!(error, TargetError::ScopeMismatch { .. }));
}

#[test]
fn what_lives_in_an_account_needs_one() {
    for given in ["fn:pay", "fn:pay:live", "layer:deps:3", "layer:deps", LAYER, FUNCTION, "image:r.example/app:v1"] {
        let target = Target::parse(given).unwrap();
        assert!(target.needs_account(), "{given}");
        assert!(matches!(target.artifact(given, None, "x86_64"), Err(TargetError::NeedsAccount { .. })));
    }
    for given in ["fn:", "fn:a b", "fn:a:b:c", "layer:", "layer:deps:x", "layer:deps:0", "image:app", "arn:aws:s3:::b"] {
        assert_eq!(Target::parse(given).unwrap_err().blame(), Blame::Usage, "{given}");
    }
}

#[test]
fn selectors_name_what_they_say_and_nothing_else() {
    let function = FUNCTION.parse().unwrap();
    let Target::Function(by_name) = Target::parse("fn:pay:live").unwrap() else { panic!() };
    assert!(by_name.names(&function) && by_name.qualifier() == Some("live"));
    let Target::Function(other) = Target::parse("fn:pa").unwrap() else { panic!() };
    assert!(!other.names(&function));
    let layer = LAYER.parse().unwrap();
    let Target::Layer(any) = Target::parse("layer:deps").unwrap() else { panic!() };
    let Target::Layer(second) = Target::parse("layer:deps:2").unwrap() else { panic!() };
    assert!(any.names(&layer) && !second.names(&layer));
}

fn artifact(given: &str, scope: Option<&str>) -> Result<FileArtifact, TargetError> {
    let scope = scope.map(|scope| scope.parse::<Scope>().unwrap());
    Target::parse(given)?.artifact(given, scope.as_ref(), "x86_64")
}

fn digest(artifact: &FileArtifact) -> String {
    match &artifact.location {
        BlobLocation::OciLayout { digest, .. } => digest.clone(),
        other => panic!("{other:?}"),
    }
}

fn shown(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

fn layout(images: &[(&str, Option<&str>)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    let manifests: Vec<_> = images
        .iter()
        .map(|(hex, tag)| {
            let annotations = tag.map(|tag| json!({"org.opencontainers.image.ref.name": tag}));
            json!({"digest": format!("sha256:{hex}"), "size": 0, "annotations": annotations})
        })
        .collect();
    write_file(folder.path(), "oci-layout", b"{\"imageLayoutVersion\":\"1.0.0\"}");
    write_file(folder.path(), "index.json", json!({"schemaVersion": 2, "manifests": manifests}).to_string().as_bytes());
    folder
}

fn tar_of(folder: &Path, names: &[&str], archive: &Path) {
    let mut builder = tar::Builder::new(std::fs::File::create(archive).unwrap());
    for name in names {
        builder.append_path_with_name(folder.join(name), name).unwrap();
    }
    builder.finish().unwrap();
}

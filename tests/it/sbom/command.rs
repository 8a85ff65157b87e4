//! `layerproof sbom` as people run it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::run::{Home, layerproof};
use crate::unpack::build_zip::{self, Entry, zip};

fn metadata(name: &str, version: &str) -> String {
    format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense-Expression: MIT\n")
}

fn six(version: &str) -> Vec<Entry> {
    vec![
        build_zip::file(&format!("python/six-{version}.dist-info/METADATA"), &metadata("six", version)),
        build_zip::file(&format!("python/six-{version}.dist-info/RECORD"), &format!("six.py,,\nsix-{version}.dist-info/METADATA,,\n")),
        build_zip::file("python/six.py", "x = 1\n"),
    ]
}

fn write(folder: &Path, name: &str, entries: Vec<Entry>) -> String {
    let path = folder.join(name);
    fs::write(&path, zip(entries).bytes()).unwrap();
    path.to_str().unwrap().to_owned()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn purls(document: &Value) -> Vec<&str> {
    document["components"].as_array().into_iter().flatten().filter_map(|component| component["purl"].as_str()).collect()
}

#[test]
fn a_layer_becomes_documents_of_two_formats_in_one_run() {
    let folder = tempfile::tempdir().unwrap();
    let layer = write(folder.path(), "layer.zip", six("1.0"));
    let (cdx, spdx) = (folder.path().join("a.cdx.json"), folder.path().join("a.spdx.json"));
    layerproof()
        .args(["sbom", &layer])
        .args(["-o".to_owned(), format!("cyclonedx-json@1.6={}", cdx.display())])
        .args(["-o".to_owned(), format!("spdx-json={}", spdx.display())])
        .run()
        .exits(0);
    let (cdx, spdx) = (json(&cdx), json(&spdx));
    assert_eq!((cdx["specVersion"].as_str(), purls(&cdx)), (Some("1.6"), vec!["pkg:pypi/six@1.0"]));
    let digest = layerproof::model::digest::Digest::of(&fs::read(&layer).unwrap()).hex();
    assert_eq!(cdx["metadata"]["component"]["hashes"][0]["content"].as_str(), Some(&*digest));
    assert_eq!(spdx["spdxVersion"].as_str(), Some("SPDX-2.3"));
    assert!(spdx.to_string().contains("pkg:pypi/six@1.0"));
}

#[test]
fn the_same_layer_gives_the_same_bytes_wherever_and_whenever() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for format in ["cyclonedx-json", "spdx-json", "in-toto-cyclonedx", "in-toto-spdx", "text"] {
        let of = |folder: &Path, epoch: Option<&str>| {
            let layer = write(folder, "layer.zip", six("1.0"));
            let mut run = layerproof().args(["sbom", &layer, "-o", format]);
            if let Some(epoch) = epoch {
                run = run.env("SOURCE_DATE_EPOCH", epoch);
            }
            run.run().exits(0).stdout
        };
        assert_eq!(of(one.path(), None), of(other.path(), None), "{format}");
        if format != "text" {
            assert_ne!(of(one.path(), None), of(one.path(), Some("1700000000")), "{format}");
            assert!(of(one.path(), Some("1700000000")).contains("2023-11-14T22:13:20Z"), "{format}");
        }
    }
}

#[test]
fn a_date_that_is_none_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let layer = write(folder.path(), "layer.zip", six("1.0"));
    let out = layerproof().args(["sbom", &layer]).env("SOURCE_DATE_EPOCH", "yesterday").run().exits(2);
    assert!(out.stderr.contains("SOURCE_DATE_EPOCH is `yesterday`"), "{out}");
}

#[test]
fn formats_and_versions_that_are_none_are_named_with_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    let layer = write(folder.path(), "layer.zip", six("1.0"));
    for (format, says) in [
        ("cyclonedx", "cyclonedx-json"),
        ("spdx-jsn", "did you mean `spdx-json`?"),
        ("cyclonedx-json@1.1", "it can in 1.5, 1.6, 1.7"),
        ("spdx-json@3.0", "it can in 2.3"),
        ("text@1", "`text` has no versions"),
        ("cyclonedx-json=", "no file is named"),
    ] {
        let out = layerproof().args(["sbom", &layer, "-o", format]).run().exits(2);
        assert!(out.stderr.contains(says), "{format}: {out}");
    }
    let out = layerproof().args(["sbom", &layer, "-o", "text", "-o", "spdx-json"]).run().exits(2);
    assert!(out.stderr.contains("would both be written to standard output"), "{out}");
}

#[test]
fn what_could_not_be_read_ends_with_3_and_stands_in_the_document() {
    let folder = tempfile::tempdir().unwrap();
    let mut entries = six("1.0");
    entries.push(build_zip::file("python/bad-1.dist-info/METADATA", &metadata("bad", "1")).with(|entry| entry.crc = Some(7)));
    let layer = write(folder.path(), "layer.zip", entries);
    let out = layerproof().args(["sbom", &layer, "-o", "cyclonedx-json"]).run().exits(3);
    let document: Value = serde_json::from_str(&out.stdout).unwrap();
    assert_eq!(purls(&document), ["pkg:pypi/six@1.0"]);
    let gap = document["metadata"]["properties"].to_string();
    assert!(gap.contains("layerproof:gap") && gap.contains("python/bad-1.dist-info/METADATA"), "{gap}");
    assert_eq!(document["compositions"][0]["aggregate"].as_str(), Some("incomplete"));
    layerproof().args(["sbom", &layer, "--allow-incomplete"]).run().exits(0);
}

#[test]
fn names_with_terminal_escapes_are_shown_and_not_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    let entries = vec![
        build_zip::file("python/x.dist-info/METADATA", "Metadata-Version: 2.1\nName: a\x1b[2Jb\nVersion: 1\x07\n"),
        build_zip::file("bin/\x1b]0;owned\x07", "#!/bin/sh\n").mode(0o100_755),
    ];
    let layer = write(folder.path(), "layer.zip", entries);
    let out = layerproof().args(["sbom", &layer]).run();
    assert!(!out.stdout.contains('\x1b') && !out.stdout.contains('\x07'), "{out}");
    assert!(!out.stderr.contains('\x1b') && !out.stderr.contains('\x07'), "{out}");
}

#[test]
fn no_store_is_made_for_a_file_that_is_here() {
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let layer = write(folder.path(), "layer.zip", six("1.0"));
    let cache = home.path().join("cache");
    let out = layerproof().args(["sbom", &layer, "--cache-dir", cache.to_str().unwrap()]).run().exits(0);
    assert!(out.stdout.contains("six") && !cache.exists(), "{out}");
}

#[test]
fn files_are_hashed_where_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let layer = write(folder.path(), "layer.zip", six("1.0"));
    let digest = layerproof::model::digest::Digest::of(b"x = 1\n").hex();
    let with = layerproof().args(["sbom", &layer, "-o", "cyclonedx-json", "--file-digests"]).run().exits(0);
    let without = layerproof().args(["sbom", &layer, "-o", "cyclonedx-json"]).run().exits(0);
    assert!(with.stdout.contains(&digest) && !without.stdout.contains(&digest));
}

#[test]
fn a_folder_has_no_statement() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.py"), "x = 1\n").unwrap();
    let target = format!("dir:{}", folder.path().display());
    let out = layerproof().args(["sbom", &target, "-o", "in-toto-cyclonedx"]).run().exits(2);
    assert!(out.stderr.contains("digest"), "{out}");
    layerproof().args(["sbom", &target, "-o", "cyclonedx-json"]).run().exits(0);
}

#[test]
fn two_versions_of_a_layer_are_compared_as_files_and_as_documents() {
    let folder = tempfile::tempdir().unwrap();
    let mut later = six("2.0");
    later.push(build_zip::file("python/new-1.dist-info/METADATA", &metadata("new", "1")));
    let (before, after) = (write(folder.path(), "1.zip", six("1.0")), write(folder.path(), "2.zip", later));
    let said = |before: &str, after: &str| {
        let out = layerproof().args(["sbom", "diff", before, after]).run().exits(0);
        assert!(out.stdout.contains("six") && out.stdout.contains("2.0") && out.stdout.contains("new"), "{out}");
    };
    said(&before, &after);
    for format in ["cyclonedx-json", "spdx-json"] {
        let document = folder.path().join(format);
        layerproof().args(["sbom", &before, "-o", &format!("{format}={}", document.display())]).run().exits(0);
        said(document.to_str().unwrap(), &after);
    }
    layerproof().args(["sbom", "diff", &before, &after, "--exit-code"]).run().exits(1);
    layerproof().args(["sbom", "diff", &before, &before, "--exit-code"]).run().exits(0);
    let out = layerproof().args(["sbom", "diff", &before, &after, "--format", "json"]).run().exits(0);
    assert_eq!(out.json()["schema"].as_str(), Some("layerproof/sbom-diff/v1"), "{out}");
}

#[test]
fn a_document_beside_what_it_was_made_of_shows_no_change() {
    let folder = tempfile::tempdir().unwrap();
    let licensed = |name: &str, licence: &str| {
        let text = format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1\n{licence}\n");
        build_zip::file(&format!("python/{name}-1.dist-info/METADATA"), &text)
    };
    let several = "Classifier: License :: OSI Approved :: MIT License\nClassifier: License :: OSI Approved :: ISC License (ISCL)";
    let entries = vec![
        licensed("several", several),
        licensed("unlisted", "License: BSD, or what you like"),
        licensed("either", "License-Expression: MIT OR (ISC AND Apache-2.0)"),
        licensed("later", "License: Apache-2.0+"),
        licensed("own", "License-Expression: LicenseRef-own"),
        licensed("both", &format!("License: (a) AND (b)\n{several}")),
    ];
    let layer = write(folder.path(), "1.zip", entries);
    for format in ["cyclonedx-json", "spdx-json"] {
        let document = folder.path().join(format);
        layerproof().args(["sbom", &layer, "-o", &format!("{format}={}", document.display())]).run().exits(0);
        layerproof().args(["sbom", "diff", document.to_str().unwrap(), &layer, "--exit-code"]).run().exits(0);
    }
}

#[test]
fn a_document_that_is_none_is_not_compared_as_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let layer = write(folder.path(), "1.zip", six("1.0"));
    for text in ["{}", "{\"bomFormat\": \"CycloneDX\"", "{\"spdxVersion\": 7}"] {
        let document = folder.path().join("a.json");
        fs::write(&document, text).unwrap();
        let out = layerproof().args(["sbom", "diff", document.to_str().unwrap(), &layer]).run().exits(2);
        assert!(out.stderr.contains("a.json"), "{out}");
    }
}

const FLEET: [&str; 2] = ["--snapshot", "testdata/fleet"];

#[test]
fn a_function_is_told_with_its_layers_its_code_and_its_runtime() {
    let out = layerproof().args(["sbom", "fn:checkout-quote:4", "-o", "cyclonedx-json"]).args(FLEET).run();
    let document: Value = serde_json::from_str(&out.stdout).unwrap_or_else(|error| panic!("{error}: {out}"));
    let component = &document["metadata"]["component"];
    assert_eq!((component["name"].as_str(), component["version"].as_str()), (Some("checkout-quote"), Some("4")));
    let text = document.to_string();
    assert!(text.contains("/var/task") && text.contains("aws-lambda-runtime") && text.contains("effective"), "{text}");
    let merged = layerproof().args(["sbom", "fn:checkout-quote:4", "-o", "cyclonedx-json", "--view", "merged"]).args(FLEET).run();
    assert!(merged.stdout.contains("merged") && merged.stdout != out.stdout);
}

#[test]
fn a_name_that_means_several_is_not_answered_with_one_of_them() {
    let out = layerproof().args(["sbom", "fn:checkout-quote"]).args(FLEET).run().exits(2);
    assert!(out.stderr.contains("function versions") && out.stderr.contains(":4"), "{out}");
    layerproof().args(["sbom", "fn:nobody"]).args(FLEET).run().exits(4);
    let out = layerproof().arg("sbom").args(FLEET).run().exits(2);
    assert!(out.stderr.contains("--directory"), "{out}");
}

#[test]
fn a_whole_account_is_one_document_for_each_distinct_artifact_and_an_index_of_who_uses_it() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("sboms");
    let run = |format: &str| layerproof().args(["sbom", "--directory", to.to_str().unwrap(), "-o", format]).args(FLEET).run();
    // A layer of the fleet was deleted, and the code of a function is not what is claimed: both are told, and the worse decides.
    let out = run("cyclonedx-json").exits(1);
    assert!(out.stderr.contains("legacy-pdf") && out.stderr.contains("rate-card-import"), "{out}");
    let index = json(&to.join("index.json"));
    assert_eq!(index["schema"].as_str(), Some("layerproof/sbom-index/v1"));
    let artifacts = index["artifacts"].as_array().unwrap();
    assert!(artifacts.len() > 20, "{}", artifacts.len());
    let mut digests = Vec::new();
    for artifact in artifacts {
        let file = artifact["documents"]["cyclonedx-json@1.6"].as_str().unwrap();
        let document = json(&to.join(file));
        assert_eq!(document["bomFormat"].as_str(), Some("CycloneDX"), "{file}");
        digests.extend(artifact["digest"].as_str().map(str::to_owned));
    }
    let count = digests.len();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), count, "bytes that several share are listed once");
    assert!(artifacts.iter().any(|artifact| artifact["used_by"].as_array().unwrap().len() > 3), "a shared layer names its users");
    assert!(index["gaps"].to_string().contains("legacy-pdf"), "{}", index["gaps"]);
    let gaps: Vec<String> = index["gaps"].as_array().unwrap().iter().map(ToString::to_string).collect();
    let distinct: BTreeSet<&String> = gaps.iter().collect();
    assert_eq!(distinct.len(), gaps.len(), "{gaps:#?}");
    let out = run("cyclonedx-json=x.json").exits(2);
    assert!(out.stderr.contains("formats alone"), "{out}");
}

#[test]
fn bytes_that_are_not_the_claimed_ones_end_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("sboms");
    let out = layerproof().args(["sbom", "fn:rate-card-import", "--directory", to.to_str().unwrap()]).args(FLEET).run().exits(1);
    assert!(out.stderr.contains("not the bytes that are claimed"), "{out}");
}

#[test]
fn the_artifact_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let layer = write(folder.path(), "1.zip", six("1.0"));
    let before = fs::read(&layer).unwrap();
    for command in [
        vec!["sbom".to_owned(), layer.clone(), "-o".into(), format!("cyclonedx-json={layer}")],
        vec!["verify".into(), layer.clone(), "--policy".into(), "trust-policies/demo.yaml".into(), "-o".into(), format!("json={layer}")],
    ] {
        let out = layerproof().args(&command).run().exits(2);
        assert!(out.stderr.contains("would be written over"), "{out}");
        assert_eq!(fs::read(&layer).unwrap(), before);
    }
}

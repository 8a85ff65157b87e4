//! What Python's metadata may say, and how it may lie.

use super::PythonPackages;
use crate::catalog::tests::{Tree, Tried};
use crate::catalog::{Basis, Licence};

fn metadata(name: &str, version: &str, more: &str) -> String {
    format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}\nThe description.\nName: not-a-header\n")
}

fn tried(tree: Tree) -> Tried {
    tree.catalog(&PythonPackages)
}

/// One package in `python/`, its metadata with more headers.
fn one(more: &str) -> Tried {
    tried(Tree::default().file("python/demo-1.0.dist-info/METADATA", metadata("demo", "1.0", more)))
}

#[test]
fn files_that_a_record_places_outside_of_the_artifact_are_left_out_without_a_word() {
    let record = "demo/__init__.py,,\n../../../../etc/passwd,,\n../bin/demo,,\n\"demo/a,\"\"b\"\".py\",,\n/bin/sh,,\n";
    let tree = Tree::default()
        .file("python/demo-1.0.dist-info/METADATA", metadata("demo", "1.0", ""))
        .file("python/demo-1.0.dist-info/RECORD", record)
        .file("python/demo/__init__.py", "")
        .file("python/demo/a,\"b\".py", "")
        .file("python/demo/unlisted.so", "")
        .file("bin/demo", "")
        .file("python/etc/passwd.py", "")
        .file("etc/passwd", "");
    let found = tried(tree);
    let files: Vec<&str> = found.package("demo").files.iter().map(String::as_str).collect();
    let own = ["python/demo-1.0.dist-info/METADATA", "python/demo-1.0.dist-info/RECORD"];
    assert_eq!(files, [&["bin/demo"][..], &own, &["python/demo/__init__.py", "python/demo/a,\"b\".py"]].concat());
    assert_eq!(found.said(), "");
}

#[test]
fn scripts_that_pip_moved_into_its_target_are_the_packages() {
    let record = "../../bin/demo,,\n../../share/man/demo.1,,\n../../../escape,,\n";
    let tree = Tree::default()
        .file("python/demo-1.0.dist-info/METADATA", metadata("demo", "1.0", ""))
        .file("python/demo-1.0.dist-info/RECORD", record)
        .file("python/bin/demo", "")
        .file("python/share/man/demo.1", "")
        .file("escape", "");
    let found = tried(tree);
    let files: Vec<&String> = found.package("demo").files.iter().filter(|path| !path.contains("dist-info")).collect();
    assert_eq!(files, ["python/bin/demo", "python/share/man/demo.1"]);
}

#[test]
fn a_million_headers_cost_a_gap_and_not_the_package() {
    let found = tried(
        Tree::default()
            .file("a/demo-1.0.dist-info/METADATA", format!("Name: demo\nVersion: 1.0\n{}\nx", "Classifier: Topic :: X\n".repeat(300_000))),
    );
    assert_eq!(found.names(), ["demo 1.0"]);
    assert!(found.said().contains("MAX_HEADERS"), "{}", found.said());
}

#[test]
fn latin_1_in_metadata_is_read_and_not_refused() {
    let mut text = b"Name: demo\nVersion: 1.0\nAuthor: Andr".to_vec();
    text.extend_from_slice(b"\xe9\n\nBody");
    let found = tried(Tree::default().file("a/demo-1.0.dist-info/METADATA", text));
    assert_eq!(found.package("demo").supplier.as_deref(), Some("André"));
    assert_eq!(found.said(), "");
}

#[test]
fn headers_end_where_the_description_begins() {
    let found = tried(Tree::default().file("a/demo-1.0.dist-info/METADATA", "Name: demo\r\n\r\nVersion: 9.9\r\n"));
    assert_eq!(found.names(), ["demo ?"]);
    assert!(found.said().contains("Version"), "{}", found.said());
}

#[test]
fn a_folder_that_names_another_package_or_version_is_a_gap() {
    let tree = Tree::default()
        .file("a/other-1.0.dist-info/METADATA", metadata("demo", "1.0", ""))
        .file("b/demo-2.0.dist-info/METADATA", metadata("demo", "1.5", ""))
        .file("c/py_demo-1.0.dist-info/METADATA", metadata("Py.Demo", "1.0", ""))
        .file("d/old-1.0.0rc1-py3.9.egg-info/PKG-INFO", metadata("old", "1.0.0-RC.1", ""))
        .file("e/dates-2022.7.2.dist-info/METADATA", metadata("dates", "2022.07.02", ""))
        .file("f/linked.egg-info/PKG-INFO", metadata("linked", "3", ""));
    let found = tried(tree);
    assert_eq!(found.names(), ["Py.Demo 1.0", "dates 2022.07.02", "demo 1.0", "demo 1.5", "linked 3", "old 1.0.0-RC.1"]);
    let said: Vec<&str> = found.gaps.iter().map(|gap| gap.path.as_str()).collect();
    assert_eq!(said, ["a/other-1.0.dist-info/METADATA", "b/demo-2.0.dist-info/METADATA"], "{}", found.said());
}

#[test]
fn a_name_that_is_none_is_refused() {
    for name in ["", "../../x", "a b", "a\tb", &"x".repeat(600)] {
        let found = tried(Tree::default().file("a/METADATA.dist-info/METADATA", metadata(name, "1", "")));
        assert_eq!(found.names(), Vec::<String>::new(), "{name}");
        assert_eq!(found.gaps.len(), 1, "{name}: {}", found.said());
    }
}

#[test]
fn two_versions_in_one_folder_are_both_listed_and_said_to_be_unclear() {
    let tree = Tree::default()
        .file("a/demo-1.0.dist-info/METADATA", metadata("demo", "1.0", ""))
        .file("a/demo-2.0.dist-info/METADATA", metadata("demo", "2.0", ""));
    let found = tried(tree);
    assert_eq!(found.names(), ["demo 1.0", "demo 2.0"]);
    assert!(found.all.incomplete.first().is_some_and(|text| text.contains("1.0, 2.0")), "{:?}", found.all.incomplete);
}

#[test]
fn metadata_of_tests_is_no_package_and_that_of_vendored_packages_is_one() {
    let tree = Tree::default()
        .file("a/setuptools-1.dist-info/METADATA", metadata("setuptools", "1", ""))
        .file("a/setuptools/__init__.py", "")
        .file("a/setuptools/tests/data/fake-1.dist-info/METADATA", metadata("fake", "1", ""))
        .file("a/setuptools/_vendor/wheel-1.dist-info/METADATA", metadata("wheel", "1", ""))
        .file("tests/real-1.dist-info/METADATA", metadata("real", "1", ""));
    assert_eq!(tried(tree).names(), ["real 1", "setuptools 1", "wheel 1"]);
}

#[test]
fn what_an_extra_needs_is_no_edge_and_what_a_platform_needs_is_one() {
    let needs = "Requires-Dist: Type_Extensions (>=4) ; python_version < \"3.11\"\nRequires-Dist: only-extra ; extra == 'x'\n\
                 Requires-Dist: both[y]>=1; (python_version>'3' and extra == \"x\")\nRequires-Dist: absent\n\
                 Requires-Dist: direct @ https://example.org/a;b.whl\nRequires-Dist: elsewhere\nRequires-Dist: twice\nRequires-Dist: demo\n";
    let tree = Tree::default()
        .file("a/demo-1.dist-info/METADATA", metadata("demo", "1", needs))
        .file("a/t-4.dist-info/METADATA", metadata("type.extensions", "4", ""))
        .file("a/only_extra-1.dist-info/METADATA", metadata("only-extra", "1", ""))
        .file("a/both-1.dist-info/METADATA", metadata("both", "1", ""))
        .file("a/direct-1.dist-info/METADATA", metadata("direct", "1", ""))
        .file("b/elsewhere-1.dist-info/METADATA", metadata("elsewhere", "1", ""))
        .file("b/twice-1.dist-info/METADATA", metadata("twice", "1", ""))
        .file("c/twice-2.dist-info/METADATA", metadata("twice", "2", ""));
    let found = tried(tree);
    assert_eq!(found.edges(), ["demo@1 -> direct@1", "demo@1 -> elsewhere@1", "demo@1 -> type-extensions@4"]);
}

#[test]
fn needs_of_an_egg_stand_in_requires_txt() {
    let tree = Tree::default()
        .file("a/demo-1.egg-info/PKG-INFO", metadata("demo", "1", ""))
        .file("a/demo-1.egg-info/requires.txt", "six>=1\n\n[x]\nattrs\n\n[:python_version>'3']\nidna\n")
        .file("a/six-1.egg-info", metadata("six", "1", ""))
        .file("a/attrs-1.egg-info/PKG-INFO", metadata("attrs", "1", ""))
        .file("a/idna-1.egg/EGG-INFO/PKG-INFO", metadata("idna", "1", ""))
        .file("a/idna-1.egg/idna/core.py", "");
    let found = tried(tree);
    assert_eq!(found.edges(), ["demo@1 -> idna@1", "demo@1 -> six@1"]);
    assert!(found.package("idna").files.contains("a/idna-1.egg/idna/core.py"));
    assert_eq!(found.package("six").files.iter().collect::<Vec<_>>(), ["a/six-1.egg-info"]);
}

#[test]
fn without_a_record_a_folder_that_two_packages_claim_is_nobodys() {
    let tree = Tree::default()
        .file("a/google_auth-1.dist-info/METADATA", metadata("google-auth", "1", ""))
        .file("a/google_auth-1.dist-info/top_level.txt", "google\n../../etc\n")
        .file("a/google_api-1.dist-info/METADATA", metadata("google-api", "1", ""))
        .file("a/google_api-1.dist-info/top_level.txt", "google\n")
        .file("a/google/x.py", "")
        .file("a/PyYAML-6.dist-info/METADATA", metadata("PyYAML", "6", ""))
        .file("a/PyYAML-6.dist-info/top_level.txt", "_yaml\nyaml\n")
        .file("a/yaml/loader.py", "")
        .file("a/_yaml.cpython-312-x86_64-linux-gnu.so", "")
        .file("a/numpy-2.dist-info/METADATA", metadata("numpy", "2", ""))
        .file("a/numpy/core.so", "")
        .file("a/numpy.libs/libblas-0.so", "")
        .file("a/yaml.sh", "")
        .file("etc/passwd", "");
    let found = tried(tree);
    let files = |name: &str| found.package(name).files.iter().filter(|path| !path.contains(".dist-info/")).cloned().collect::<Vec<_>>();
    assert_eq!(files("PyYAML"), ["a/_yaml.cpython-312-x86_64-linux-gnu.so", "a/yaml/loader.py"]);
    assert_eq!(files("numpy"), ["a/numpy.libs/libblas-0.so", "a/numpy/core.so"]);
    assert_eq!((files("google-auth"), files("google-api")), (Vec::new(), Vec::new()));
}

#[test]
fn a_folder_without_metadata_is_a_trace_and_said_to_be_one() {
    let found = tried(
        Tree::default()
            .file("a/demo-1.0.dist-info/RECORD", "")
            .file("a/nothing.dist-info/RECORD", "")
            .file("b/x-python-2.0-py3.9.egg-info/top_level.txt", "x"),
    );
    assert_eq!(found.names(), ["demo 1.0", "x-python 2.0"]);
    assert_eq!(found.package("demo").basis, Basis::Heuristic);
    assert!(!found.all.incomplete.is_empty());
}

#[test]
fn licences_are_read_from_the_best_word_for_them() {
    let of = |more: &str| one(more).package("demo").licences.clone();
    let id = |text: &str| Licence::Expression(text.into());
    assert_eq!(of("License-Expression: MIT OR Apache-2.0\nLicense: BSD\n"), [id("MIT OR Apache-2.0")]);
    let classified = "License: see LICENSE\nClassifier: License :: OSI Approved :: MIT License\nClassifier: License :: OSI Approved\n";
    assert_eq!(of(classified), [id("MIT")]);
    assert_eq!(of("Classifier: License :: OSI Approved :: BSD License\n"), [Licence::Named("BSD License".into())]);
    assert_eq!(of("License: UNKNOWN\nClassifier: License :: OSI Approved :: Apache Software License\n"), [id("Apache-2.0")]);
    let text =
        "License: Copyright (c) 2001\n        |All rights reserved.\n\tAs is.\nClassifier: License :: OSI Approved :: ISC License (ISCL)\n";
    assert_eq!(of(text), [id("ISC")]);
    assert_eq!(of("License: MIT License\n        \n        Permission is granted\nClassifier: License :: Other\n"), [id("MIT")]);
    assert_eq!(of("License: UNKNOWN\n"), []);
}

#[test]
fn every_classifier_names_a_licence_that_spdx_has() {
    for (name, id) in super::classifier::IDS {
        assert_eq!(Licence::read(id), Some(Licence::Expression(id.into())), "{name}");
    }
}

#[test]
fn a_direct_url_is_told_with_hash_and_commit() {
    let tree = |json: &str| {
        tried(
            Tree::default()
                .file("a/demo-1.0.dist-info/METADATA", metadata("demo", "1.0", ""))
                .file("a/demo-1.0.dist-info/direct_url.json", json),
        )
    };
    let hash = "ab".repeat(32);
    let found = tree(&format!(r#"{{"url": "https://example.org/demo.whl", "archive_info": {{"hash": "sha256={hash}"}}}}"#));
    let demo = found.package("demo");
    assert_eq!(demo.hashes.first().map(|h| (h.algorithm.as_str(), h.hex.as_str())), Some(("SHA-256", hash.as_str())));
    assert_eq!(demo.links.first().map(|l| l.url.as_str()), Some("https://example.org/demo.whl"));
    let found = tree(r#"{"url": "https://example.org/demo.git", "vcs_info": {"vcs": "git", "commit_id": "0a1b"}}"#);
    assert_eq!(found.package("demo").links.first().map(|l| l.url.as_str()), Some("git+https://example.org/demo.git@0a1b"));
    let found = tree(r#"{"url": "file:///src/demo", "dir_info": {"editable": true}}"#);
    assert_eq!(found.package("demo").properties.get("layerproof:editable").map(String::as_str), Some("true"));
    assert_eq!(tree("[").names(), ["demo 1.0"]);
    assert_eq!(tree("[").gaps.len(), 1);
}

#[test]
fn the_runtime_interface_client_is_marked() {
    let found = tried(Tree::default().file("a/awslambdaric-3.0.dist-info/METADATA", metadata("awslambdaric", "3.0", "Summary: x\n")));
    let role = found.package("awslambdaric").properties.get("layerproof:lambda-role").cloned();
    assert_eq!(role.as_deref(), Some("runtime-interface-client"));
}

#[test]
fn a_metadata_folder_nested_a_thousand_times_ends() {
    let mut tree = Tree::default();
    let mut path = String::from("a");
    for place in 0..400 {
        path.push_str("/x.dist-info");
        tree = tree.file(&format!("{path}/METADATA"), metadata(&format!("p{place}"), "1", "Requires-Dist: p0\n"));
    }
    assert_eq!(tried(tree).all.packages.len(), 400);
}

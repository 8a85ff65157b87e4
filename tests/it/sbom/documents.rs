//! What independent judges say of our documents. `scripts/test` installs them and names `scripts/sbom-judges` in `LAYERPROOF_SBOM_JUDGES`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use layerproof::sbom::{ALL, Bom, Document};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::sample;
use crate::run::skip;

/// SBOMs, and what they are.
fn samples() -> [(&'static str, Bom); 4] {
    [("empty", sample::empty()), ("layer", sample::layer()), ("image", sample::image()), ("rich", sample::rich())]
}

fn format(name: &str) -> &'static dyn Document {
    *ALL.iter().find(|document| document.name() == name).expect("a format of this name")
}

fn rendered(document: &dyn Document, bom: &Bom, version: &str) -> Value {
    let mut bytes = Vec::new();
    document.render(bom, version, &mut bytes).expect("a document");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// What the judges say of some documents: the file name of each, and its lines.
fn judged(documents: &[(String, Value)]) -> Option<Vec<(String, bool, String)>> {
    let Some(judges) = std::env::var_os("LAYERPROOF_SBOM_JUDGES").map(PathBuf::from) else {
        skip("LAYERPROOF_SBOM_JUDGES names no judges of SBOMs: run scripts/test");
        return None;
    };
    let folder = TempDir::with_prefix("layerproof-sboms-").expect("a temporary folder");
    let files: Vec<PathBuf> = documents.iter().map(|(name, document)| written(folder.path(), name, document)).collect();
    let run = Command::new(judges).args(&files).output().expect("the judges run");
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    let verdicts: Vec<(String, bool, String)> = documents
        .iter()
        .zip(&files)
        .map(|((name, _), file)| {
            let path = file.display().to_string();
            let from = said.find(&format!("{path}: ")).unwrap_or_else(|| panic!("no verdict on {name}: {run:?}"));
            let end = said[from..].find("\n/").map_or(said.len(), |end| from + end);
            let verdict = said[from + path.len() + 2..end].to_owned();
            (name.clone(), verdict.starts_with("accepted"), verdict)
        })
        .collect();
    let is_any_refused = verdicts.iter().any(|(_, is_accepted, _)| !is_accepted);
    assert_eq!(run.status.code(), Some(i32::from(is_any_refused)), "the exit code is the verdict on all: {run:?}");
    Some(verdicts)
}

fn written(folder: &Path, name: &str, document: &Value) -> PathBuf {
    let path = folder.join(format!("{name}.json"));
    fs::write(&path, serde_json::to_vec(document).expect("JSON")).expect("a written file");
    path
}

#[test]
fn all_judges_accept_every_document_in_every_version() {
    let mut documents = Vec::new();
    for (name, bom) in samples() {
        for document in ALL.iter().filter(|document| document.refuses(&bom).is_none()) {
            for version in document.versions() {
                documents.push((format!("{name}-{}-{version}", document.name()), rendered(*document, &bom, version)));
            }
        }
    }
    assert_eq!(documents.len(), 4 * 4 + 3 * 4, "four formats' versions, and statements about the three with a digest");
    let refused: Vec<String> = judged(&documents)
        .into_iter()
        .flatten()
        .filter(|(_, is_accepted, _)| !is_accepted)
        .map(|(name, _, verdict)| format!("{name}: {verdict}"))
        .collect();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// What is said of a file that is no document of any kind.
const NOBODY: &str = "neither CycloneDX nor SPDX nor an in-toto statement";

/// A document of ours, broken in one place, and the judge that must refuse it for that.
struct Broken {
    judge: &'static str,
    format: &'static str,
    version: &'static str,
    at: &'static str,
    with: Value,
}

#[test]
fn each_judge_refuses_what_is_broken() {
    let cyclonedx = "cyclonedx-python-lib";
    let broken = [
        (cyclonedx, "cyclonedx-json", "1.5", "/components/0/type", json!("libary")),
        (cyclonedx, "cyclonedx-json", "1.6", "/components/0/type", json!("libary")),
        (cyclonedx, "cyclonedx-json", "1.7", "/components/0/type", json!("libary")),
        (cyclonedx, "cyclonedx-json", "1.5", "/components/0/evidence/identity", json!([{"field": "purl"}])),
        (cyclonedx, "cyclonedx-json", "1.5", "/components/0/licenses", json!([{"license": {"name": "a"}}, {"expression": "MIT"}])),
        (cyclonedx, "cyclonedx-json", "1.6", "/components/0/licenses", json!([{"license": {"id": "No-Such-Licence"}}])),
        (cyclonedx, "cyclonedx-json", "1.6", "/components/1/externalReferences/0/url", json!("http://a b/<>")),
        (cyclonedx, "cyclonedx-json", "1.6", "/metadata/component/hashes/0/content", json!("xyz")),
        (cyclonedx, "cyclonedx-json", "1.6", "/serialNumber", json!("urn:uuid:1")),
        (cyclonedx, "cyclonedx-json", "1.6", "/metadata/timestamp", json!("yesterday")),
        (cyclonedx, "in-toto-cyclonedx", "1.6", "/predicate/components/0/type", json!("libary")),
        ("cdxrs", "cyclonedx-json", "1.6", "/components/0/type", json!("libary")),
        ("cdxrs", "cyclonedx-json", "1.7", "/dependencies/1/ref", json!("pkg:npm/%40a/b@1")),
        ("references", "cyclonedx-json", "1.5", "/dependencies/1/dependsOn", json!(["nowhere"])),
        ("references", "cyclonedx-json", "1.6", "/components/0/bom-ref", json!("pkg:pypi/requests@2.32.0")),
        ("packageurl", "cyclonedx-json", "1.6", "/components/0/purl", json!("npm/x")),
        ("spdx-tools", "spdx-json", "2.3", "/packages/1/licenseDeclared", json!("MIT AND (nonsense")),
        ("spdx-tools", "spdx-json", "2.3", "/packages/1/licenseDeclared", json!("LicenseRef-nowhere")),
        ("spdx-tools", "spdx-json", "2.3", "/packages/1/SPDXID", json!("SPDXRef-under_score")),
        ("spdx-tools", "spdx-json", "2.3", "/packages/2/homepage", json!("not a page")),
        ("spdx-tools", "spdx-json", "2.3", "/creationInfo/created", json!("yesterday")),
        ("spdx-tools", "spdx-json", "2.3", "/documentNamespace", json!("no uri")),
        ("spdx-tools", "spdx-json", "2.3", "/relationships/0/relatedSpdxElement", json!("SPDXRef-nowhere")),
        ("spdx-tools", "in-toto-spdx", "2.3", "/predicate/packages/1/checksums", json!([{"algorithm": "SHA256", "checksumValue": "x"}])),
        ("statement", "in-toto-cyclonedx", "1.6", "/subject/0/digest/sha256", json!("x")),
        ("in-toto-attestation", "in-toto-cyclonedx", "1.6", "/subject/0/digest", json!({})),
        ("in-toto-attestation", "in-toto-spdx", "2.3", "/_type", json!("https://in-toto.io/Statement/v2")),
        ("in-toto-attestation", "in-toto-cyclonedx", "1.6", "/subject", json!([])),
        ("statement", "in-toto-spdx", "2.3", "/predicateType", json!("https://cyclonedx.org/bom")),
        (NOBODY, "cyclonedx-json", "1.6", "/bomFormat", json!("Cyclone")),
    ]
    .map(|(judge, format, version, at, with)| Broken { judge, format, version, at, with });

    let mut bom = sample::layer();
    bom.created = Some("2025-01-02T03:04:05Z".parse().expect("a time"));
    let documents: Vec<(String, Value)> = broken
        .iter()
        .enumerate()
        .map(|(place, Broken { format: name, version, at, with, .. })| {
            let mut document = rendered(format(name), &bom, version);
            let (holder, field) = at.rsplit_once('/').expect("a pointer");
            let holder = document.pointer_mut(holder).unwrap_or_else(|| panic!("{name}@{version} has no {at}"));
            match holder {
                Value::Array(items) => items[field.parse::<usize>().expect("an index")] = with.clone(),
                _ => holder[field] = with.clone(),
            }
            (format!("{place}-{name}-{version}"), document)
        })
        .collect();
    let Some(verdicts) = judged(&documents) else { return };
    for (Broken { judge, at, with, .. }, (name, is_accepted, verdict)) in broken.iter().zip(verdicts) {
        assert!(!is_accepted, "{name}, {at} = {with}: every judge accepts it");
        assert!(
            verdict.contains(&format!("{judge}: ")) || verdict.contains(judge) && *judge == NOBODY,
            "{name}, {at} = {with}: {judge} does not refuse it: {verdict}"
        );
    }
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    let Some(judges) = std::env::var_os("LAYERPROOF_SBOM_JUDGES") else {
        return skip("LAYERPROOF_SBOM_JUDGES names no judges of SBOMs: run scripts/test");
    };
    let folder = TempDir::with_prefix("layerproof-sboms-").expect("a temporary folder");
    let mut bytes = Vec::new();
    format("cyclonedx-json").render(&sample::layer(), "1.6", &mut bytes).expect("a document");
    let text = String::from_utf8(bytes).expect("UTF-8").replacen('{', "{\"version\": 1,", 1);
    let path = folder.path().join("twice.json");
    fs::write(&path, text).expect("a written file");
    let run = Command::new(judges).arg(&path).output().expect("the judges run");
    assert_eq!(run.status.code(), Some(1), "{run:?}");
    assert!(String::from_utf8_lossy(&run.stdout).contains("stands twice"), "{run:?}");
}

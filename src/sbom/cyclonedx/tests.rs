use std::sync::Arc;

use serde_json::Value;

use super::CycloneDx;
use crate::sbom::{Bom, Document, sample};

fn rendered(bom: &Bom, version: &str) -> Vec<u8> {
    let mut out = Vec::new();
    CycloneDx.render(bom, version, &mut out).unwrap();
    out
}

fn json(bom: &Bom, version: &str) -> Value {
    serde_json::from_slice(&rendered(bom, version)).unwrap()
}

fn component<'a>(document: &'a Value, name: &str) -> &'a Value {
    document["components"].as_array().unwrap().iter().find(|component| component["name"] == name).unwrap()
}

fn values<'a>(component: &'a Value, name: &str) -> Vec<&'a str> {
    let properties = component["properties"].as_array().unwrap().iter().filter(|property| property["name"] == name);
    properties.map(|property| property["value"].as_str().unwrap()).collect()
}

#[test]
fn the_same_content_is_the_same_bytes_and_another_has_another_serial() {
    for version in CycloneDx.versions() {
        assert_eq!(rendered(&sample::rich(), version), rendered(&sample::rich(), version));
    }
    let serials = |bom: &Bom| ["1.5", "1.6", "1.7"].map(|version| json(bom, version)["serialNumber"].as_str().unwrap().to_owned());
    let mut all: Vec<String> = serials(&sample::layer()).into();
    let mut other = sample::layer();
    Arc::make_mut(&mut other.catalog).packages[0].properties.insert("layerproof:x".into(), "y".into());
    all.extend(serials(&other));
    let mut at_a_time = sample::layer();
    at_a_time.created = Some("2025-01-02T03:04:05Z".parse().unwrap());
    all.extend(serials(&at_a_time));
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn no_time_is_invented() {
    assert!(json(&sample::layer(), "1.6")["metadata"].get("timestamp").is_none());
    assert_eq!(json(&sample::rich(), "1.6")["metadata"]["timestamp"], "2025-01-02T03:04:05Z");
}

#[test]
fn a_version_that_is_not_known_is_left_out() {
    let document = json(&sample::rich(), "1.6");
    let scoped = component(&document, "client-s3");
    assert_eq!((scoped["group"].as_str(), scoped.get("version")), (Some("@aws-sdk"), None));
    assert_eq!(scoped["purl"], "pkg:npm/%40aws-sdk/client-s3");
}

#[test]
fn the_subject_is_told_by_arn_digest_and_signatures() {
    let document = json(&sample::layer(), "1.6");
    let subject = &document["metadata"]["component"];
    let arn = "arn:aws:lambda:eu-west-1:111122223333:layer:tools:7";
    assert_eq!((&subject["type"], &subject["bom-ref"], &subject["version"]), (&"file".into(), &arn.into(), &"7".into()));
    assert_eq!(subject["hashes"][0]["content"].as_str().unwrap().len(), 64);
    assert_eq!(values(subject, "layerproof:arn"), [arn]);
    assert_eq!(values(subject, "layerproof:signature"), ["AWS Signer: holds"]);
    let image = json(&sample::image(), "1.6");
    let purl = image["metadata"]["component"]["purl"].as_str().unwrap();
    assert!(purl.starts_with("pkg:oci/app@sha256:"), "{purl}");
    assert!(purl.contains("repository_url=111122223333.dkr.ecr.eu-west-1.amazonaws.com%2Fteam%2Fapp"), "{purl}");
}

#[test]
fn the_root_leads_to_what_nothing_needs_and_no_edge_is_invented() {
    let document = json(&sample::layer(), "1.6");
    let dependencies = document["dependencies"].as_array().unwrap();
    assert_eq!(dependencies.len(), 2);
    assert_eq!(dependencies[0]["ref"], document["metadata"]["component"]["bom-ref"]);
    assert_eq!(dependencies[0]["dependsOn"], serde_json::json!(["pkg:pypi/requests@2.32.0"]));
    assert_eq!(dependencies[1], serde_json::json!({"ref": "pkg:pypi/requests@2.32.0", "dependsOn": ["pkg:pypi/idna@3.7"]}));
}

#[test]
fn everything_is_reached_from_the_root_but_covered_files() {
    let document = json(&sample::rich(), "1.6");
    let dependencies = document["dependencies"].as_array().unwrap();
    let mut open = vec![document["metadata"]["component"]["bom-ref"].as_str().unwrap()];
    let mut reached = std::collections::BTreeSet::new();
    while let Some(reference) = open.pop() {
        if reached.insert(reference) {
            let of = dependencies.iter().filter(|dependency| dependency["ref"] == reference);
            open.extend(of.filter_map(|dependency| dependency["dependsOn"].as_array()).flatten().map(|to| to.as_str().unwrap()));
        }
    }
    for component in document["components"].as_array().unwrap() {
        let is_covered_file = component["type"] == "file" && values(component, "layerproof:unidentified").is_empty();
        let is_part = !values(component, "layerproof:mounted").is_empty();
        let reference = component["bom-ref"].as_str().unwrap();
        assert_eq!(reached.contains(reference), !is_covered_file || is_part, "{reference}");
    }
}

#[test]
fn licences_are_ids_one_expression_or_names_as_each_version_has_it() {
    let licences = |version: &str, name: &str| component(&json(&sample::rich(), version), name)["licenses"].clone();
    assert_eq!(licences("1.5", "requests"), serde_json::json!([{"license": {"id": "Apache-2.0"}}]));
    assert_eq!(licences("1.6", "requests"), serde_json::json!([{"license": {"id": "Apache-2.0", "acknowledgement": "declared"}}]));
    let mixed = serde_json::json!([{"license": {"name": "BSD"}}, {"license": {"name": "MIT OR Apache-2.0"}}]);
    assert_eq!(licences("1.5", "idna"), mixed);
    assert_eq!(licences("1.7", "idna")[1], serde_json::json!({"expression": "MIT OR Apache-2.0", "acknowledgement": "declared"}));
    assert_eq!(licences("1.5", "licensed-1"), serde_json::json!([{"expression": "MIT OR Apache-2.0"}]));
}

#[test]
fn identity_evidence_is_an_object_in_1_5_and_a_list_after() {
    let identity = |version: &str| component(&json(&sample::rich(), version), "client-s3")["evidence"]["identity"].clone();
    assert_eq!(identity("1.5")["confidence"], 1.0);
    assert_eq!(identity("1.6")[0]["methods"].as_array().unwrap().len(), 6);
    assert!(identity("1.6")[0]["methods"].as_array().unwrap().iter().all(|method| method["confidence"].as_f64().unwrap() <= 1.0));
}

#[test]
fn what_has_no_valid_form_is_kept_as_a_property() {
    let document = json(&sample::rich(), "1.6");
    let scoped = component(&document, "client-s3");
    let kept = values(scoped, "layerproof:link");
    assert!(kept.contains(&"not an address") && kept.contains(&"git@github.com:a/b.git"), "{kept:?}");
    let urls: Vec<&str> = scoped["externalReferences"].as_array().unwrap().iter().map(|link| link["url"].as_str().unwrap()).collect();
    assert!(urls.contains(&"http://localhost/") && !urls.contains(&"not an address"), "{urls:?}");
    assert_eq!(values(scoped, "layerproof:hash"), ["CRC32:aaaaaaaa", "SHA-1:aaa"]);
    let runtime = component(&document, "python");
    assert_eq!(runtime["cpe"], "cpe:2.3:a:python:python:3.13.1:*:*:*:*:*:*:*");
    assert_eq!(values(runtime, "layerproof:cpe").len(), 3);
    let long = component(&document, &"x".repeat(5_000));
    assert!(long.get("version").is_none());
    assert_eq!(values(long, "layerproof:version"), ["9".repeat(2_000)]);
}

#[test]
fn gaps_and_completeness_stand_in_the_document_itself() {
    let document = json(&sample::rich(), "1.6");
    let gaps = values(&document["metadata"], "layerproof:gap");
    assert_eq!(gaps.len(), 2);
    let first: Value = serde_json::from_str(gaps[0]).unwrap();
    assert_eq!((&first["cataloger"], &first["path"]), (&"python".into(), &sample::NASTY.into()));
    assert_eq!(first["reason"], "over the limit `python::MAX_RECORD`");
    assert_eq!(values(&document["metadata"], "layerproof:composition:npm"), ["incomplete"]);
    assert_eq!(document["compositions"].as_array().unwrap().len(), 1, "nothing is claimed of what single packages are made of");
    assert_eq!(document["compositions"][0]["assemblies"][0], document["metadata"]["component"]["bom-ref"]);
}

#[test]
fn a_file_says_whose_it_is_and_an_unidentified_one_stands_once() {
    let document = json(&sample::rich(), "1.6");
    let file = component(&document, "python/requests/__init__.py");
    assert_eq!(values(file, "layerproof:package"), ["pkg:pypi/requests@2.32.0"]);
    let named = document["components"].as_array().unwrap().iter().filter(|component| component["name"] == "bootstrap");
    assert_eq!(named.count(), 2, "the two that were found, and no third for its digest");
    assert_eq!(values(component(&document, "bootstrap"), "layerproof:needed"), ["libz.so.1", "libc.so.6"]);
}

#[test]
fn text_is_kept_exactly() {
    let document = json(&sample::rich(), "1.6");
    let described = document["components"].as_array().unwrap().iter().filter(|component| component["description"] == sample::NASTY);
    assert_eq!(described.count(), 1);
}

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::Spdx;
use crate::sbom::{Bom, Document, sample};

fn rendered(bom: &Bom) -> Vec<u8> {
    let mut out = Vec::new();
    Spdx.render(bom, "2.3", &mut out).unwrap();
    out
}

fn json(bom: &Bom) -> Value {
    serde_json::from_slice(&rendered(bom)).unwrap()
}

fn package<'a>(document: &'a Value, name: &str) -> &'a Value {
    document["packages"].as_array().unwrap().iter().find(|package| package["name"] == name).unwrap()
}

fn relations<'a>(document: &'a Value, kind: &str) -> Vec<&'a Value> {
    document["relationships"].as_array().unwrap().iter().filter(|relation| relation["relationshipType"] == kind).collect()
}

#[test]
fn the_same_content_is_the_same_bytes_and_another_has_another_namespace() {
    assert_eq!(rendered(&sample::rich()), rendered(&sample::rich()));
    let namespace = |bom: &Bom| json(bom)["documentNamespace"].as_str().unwrap().to_owned();
    let mut other = sample::layer();
    Arc::make_mut(&mut other.catalog).packages[0].licences.clear();
    assert_ne!(namespace(&sample::layer()), namespace(&other));
    assert!(!namespace(&other).contains('#'));
}

#[test]
fn a_date_that_nobody_gave_is_said_to_be_none() {
    let document = json(&sample::layer());
    assert_eq!(document["creationInfo"]["created"], "1970-01-01T00:00:00Z");
    assert!(document["creationInfo"]["comment"].as_str().unwrap().contains("not that of this document"));
    let dated = json(&sample::rich());
    assert_eq!(dated["creationInfo"]["created"], "2025-01-02T03:04:05Z");
    assert!(dated["creationInfo"].get("comment").is_none());
}

#[test]
fn identifiers_are_unique_and_every_relation_has_both_ends() {
    let document = json(&sample::rich());
    let ids: Vec<&str> = document["packages"].as_array().unwrap().iter().map(|package| package["SPDXID"].as_str().unwrap()).collect();
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len());
    let is_good = |id: &str| id.starts_with("SPDXRef-") && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
    assert!(ids.iter().all(|id| is_good(id)), "{ids:?}");
    for relation in document["relationships"].as_array().unwrap() {
        for end in ["spdxElementId", "relatedSpdxElement"] {
            let end = relation[end].as_str().unwrap();
            assert!(end == "SPDXRef-DOCUMENT" || unique.contains(end), "{relation}");
        }
    }
}

#[test]
fn relations_are_real_ones_and_an_owner_is_told() {
    let document = json(&sample::layer());
    let id = |name: &str| package(&document, name)["SPDXID"].clone();
    let needs = relations(&document, "DEPENDS_ON");
    assert_eq!(needs.len(), 1);
    assert_eq!((&needs[0]["spdxElementId"], &needs[0]["relatedSpdxElement"]), (&id("requests"), &id("idna")));
    assert_eq!(relations(&document, "DESCRIBES")[0]["relatedSpdxElement"], id("tools"));
    assert_eq!(relations(&document, "CONTAINS").len(), 2);
    let rich = json(&sample::rich());
    assert!(relations(&rich, "OTHER").iter().all(|relation| relation["comment"] == "layerproof:owned-by"));
    assert_eq!(relations(&rich, "OTHER").len(), 4);
}

#[test]
fn several_licences_are_joined_and_said_to_be() {
    let document = json(&sample::layer());
    let idna = package(&document, "idna");
    let declared = idna["licenseDeclared"].as_str().unwrap();
    assert!(declared.starts_with("LicenseRef-BSD-") && declared.ends_with(" AND (MIT OR Apache-2.0)"), "{declared}");
    assert!(idna["licenseComments"].as_str().unwrap().contains("AND"));
    assert_eq!(document["hasExtractedLicensingInfos"][0]["extractedText"], "BSD");
    assert_eq!(package(&document, "requests")["licenseDeclared"], "Apache-2.0");
    assert_eq!(package(&document, "requests")["licenseConcluded"], "NOASSERTION");
}

#[test]
fn a_name_of_many_lines_begins_no_other_field() {
    let document = json(&sample::rich());
    for package in document["packages"].as_array().unwrap() {
        for field in ["name", "versionInfo", "supplier", "originator", "description"] {
            let text = package[field].as_str().unwrap_or_default();
            assert!(!text.chars().any(char::is_control), "{field}: {text:?}");
        }
    }
}

#[test]
fn a_file_is_a_package_with_its_digest_and_belongs_to_its_package() {
    let document = json(&sample::rich());
    let file = package(&document, "python/requests/__init__.py");
    assert_eq!((&file["primaryPackagePurpose"], &file["checksums"][0]["algorithm"]), (&"FILE".into(), &"SHA256".into()));
    let holders: Vec<&Value> = relations(&document, "CONTAINS")
        .into_iter()
        .filter(|r| r["relatedSpdxElement"] == file["SPDXID"])
        .map(|r| &r["spdxElementId"])
        .collect();
    assert_eq!(holders, [&package(&document, "requests")["SPDXID"]]);
    assert!(document.get("files").is_none(), "an SPDX file would need a SHA-1");
}

#[test]
fn gaps_stand_in_the_document_itself() {
    let document = json(&sample::rich());
    let comments: Vec<&str> = document["annotations"].as_array().unwrap().iter().map(|note| note["comment"].as_str().unwrap()).collect();
    assert_eq!(comments.iter().filter(|comment| comment.starts_with("layerproof:gap: {")).count(), 2);
    assert!(comments.contains(&"layerproof:composition:artifact: complete"), "{comments:?}");
}

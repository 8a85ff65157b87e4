use std::collections::BTreeSet;

use serde_json::Value;

use super::{plain, render, render_with, samples, verbose};

const SCHEMA: &str = include_str!("../../../docs/schema/report-v1.json");

fn schema() -> Value {
    serde_json::from_str(SCHEMA).expect("the schema is JSON")
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn documents() -> Vec<Value> {
    let mut documents: Vec<Value> = samples::each().iter().map(|r| parse(&render_with("json", r, &verbose()))).collect();
    documents.push(parse(&render("json", &samples::many(50))));
    documents
}

#[test]
fn every_sample_validates_against_the_published_schema() {
    let validator = jsonschema::draft202012::options().build(&schema()).expect("the schema is a schema");
    for document in documents() {
        let errors: Vec<String> = validator.iter_errors(&document).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn a_key_that_the_schema_does_not_know_is_an_error() {
    let validator = jsonschema::draft202012::options().build(&schema()).expect("the schema is a schema");
    let mut document = parse(&render("json", &samples::everything()));
    document["artifacts"][0]["bytes"]["surprise"] = Value::Bool(true);
    assert!(!validator.is_valid(&document));
}

#[test]
fn every_property_of_the_schema_is_described_and_occurs_in_a_sample() {
    let schema = schema();
    let mut walk = Walk { root: &schema, seen: BTreeSet::new() };
    for document in documents() {
        walk.visit(&schema, "", &document);
    }
    let mut missing = Vec::new();
    properties(&schema, "", &mut |place, name, property| {
        let described = property.get("description").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        assert!(described, "{place}/{name} has no description");
        // A valid signature can't be made by hand, by design: a unit test of the format holds `verified` against the schema.
        let of_verified = place.starts_with("/$defs/verified") || (place == "/$defs/signature/properties" && name == "verified");
        if !of_verified && !walk.seen.contains(&format!("{place}/{name}")) {
            missing.push(format!("{place}/{name}"));
        }
    });
    assert!(missing.is_empty(), "no sample has a value for {missing:#?}");
}

/// Which properties have a value other than null somewhere.
struct Walk<'a> {
    root: &'a Value,
    seen: BTreeSet<String>,
}

impl Walk<'_> {
    fn visit(&mut self, schema: &Value, place: &str, value: &Value) {
        if value.is_null() {
            return;
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let pointer = target.trim_start_matches('#').to_owned();
            let root = self.root;
            return self.visit(root.pointer(&pointer).expect("a definition"), &pointer, value);
        }
        if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
            return self.visit(&any[0], &format!("{place}/anyOf/0"), value);
        }
        if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
            values.iter().for_each(|value| self.visit(items, &format!("{place}/items"), value));
        }
        if let (Some(properties), Some(object)) = (schema.get("properties").and_then(Value::as_object), value.as_object()) {
            for (name, value) in object {
                let here = format!("{place}/properties/{name}");
                if !value.is_null() {
                    self.seen.insert(here.clone());
                }
                self.visit(properties.get(name).expect("additionalProperties is false"), &here, value);
            }
        }
    }
}

fn properties(schema: &Value, place: &str, tell: &mut impl FnMut(&str, &str, &Value)) {
    let Some(object) = schema.as_object() else { return };
    for (key, value) in object {
        let here = format!("{place}/{key}");
        match (key.as_str(), value) {
            ("properties", Value::Object(all)) => {
                for (name, property) in all {
                    tell(&here, name, property);
                    properties(property, &format!("{here}/{name}"), tell);
                }
                assert_eq!(schema["additionalProperties"], Value::Bool(false), "{place}");
                let required: BTreeSet<&str> = schema["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
                assert_eq!(required, all.keys().map(String::as_str).collect(), "{place}: every key is always there");
            }
            ("anyOf", Value::Array(all)) => {
                all.iter().enumerate().for_each(|(i, schema)| properties(schema, &format!("{here}/{i}"), tell));
            }
            ("items", schema) => properties(schema, &here, tell),
            ("$defs", Value::Object(all)) => {
                all.iter().for_each(|(name, schema)| properties(schema, &format!("{here}/{name}"), tell));
            }
            _ => {}
        }
    }
}

#[test]
fn times_hold_all_that_moves_from_run_to_run() {
    let mut first = samples::everything();
    let mut second = first.clone();
    second.now = samples::time("2026-03-01T09:30:00Z");
    second.now_overridden = false;
    second.summary.blobs_from_store = 99;
    if let Some(delta) = &mut second.delta {
        delta.since = Some(samples::time("2026-03-01T00:00:00Z"));
        delta.since_id = Some(42);
    }
    first.summary.blobs_from_store = 0;
    let (mut a, mut b) = (parse(&render("json", &first)), parse(&render("json", &second)));
    assert_ne!(a["times"], b["times"]);
    a["times"] = Value::Null;
    b["times"] = Value::Null;
    assert_eq!(serde_json::to_string(&a).unwrap(), serde_json::to_string(&b).unwrap());
}

#[test]
fn a_hostile_path_is_kept_exactly() {
    let document = parse(&render("json", &samples::hostile("scan")));
    assert_eq!(document["findings"][0]["path"], samples::HOSTILE);
    assert_eq!(document["artifacts"][0]["contents"]["value"]["anomalies"][0]["path"], samples::HOSTILE);
    assert_eq!(document["gaps"][0]["detail"], samples::HOSTILE);
}

#[test]
fn both_forms_of_a_digest_are_given() {
    let document = parse(&render("json", &samples::clean()));
    let digest = &document["artifacts"][0]["bytes"]["value"]["digest"];
    assert_eq!(digest["sha256"], layerproof::model::digest::Digest::of(b"layer").hex());
    assert_eq!(digest["code_sha256"], layerproof::model::digest::Digest::of(b"layer").code_sha256());
}

#[test]
fn steps_are_given_only_when_asked_for() {
    let quiet = parse(&render_with("json", &samples::everything(), &plain()));
    let loud = parse(&render_with("json", &samples::everything(), &verbose()));
    let steps = |document: &Value| document["artifacts"][1]["signatures"]["value"][0]["steps"].clone();
    assert!(steps(&quiet).is_null());
    assert_eq!(steps(&loud)[0]["result"], "failed");
}

#[test]
fn clean_scan() {
    insta::assert_snapshot!(render("json", &samples::clean()));
}

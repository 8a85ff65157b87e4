use std::io::Write;
use std::path::PathBuf;

use serde_json::Value;

use super::{plain, render, render_with, samples};
use layerproof::report::RenderOptions;
use layerproof::report::sarif::{MAX_AFFECTED, MAX_RESULTS};

fn sarif(report: &layerproof::report::Report) -> Value {
    serde_json::from_str(&render("sarif", report)).expect("SARIF is JSON")
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().expect("results")
}

/// The schema is OASIS's and not ours to commit; `scripts/fetch-sarif-schema` has it.
fn published_schema() -> Option<Value> {
    match std::env::var_os("LAYERPROOF_SARIF_SCHEMA") {
        Some(path) => {
            let path = PathBuf::from(path);
            let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("LAYERPROOF_SARIF_SCHEMA={}: {e}", path.display()));
            Some(serde_json::from_str(&text).expect("the SARIF schema is JSON"))
        }
        None => {
            assert!(std::env::var_os("CI").is_none(), "CI is set, so LAYERPROOF_SARIF_SCHEMA must name the schema");
            // Past the harness, which swallows the output of tests that pass.
            let mut terminal = std::io::stderr();
            writeln!(terminal, "SKIPPED: LAYERPROOF_SARIF_SCHEMA is not set; run scripts/fetch-sarif-schema").unwrap();
            None
        }
    }
}

/// What the published schema has against a log; `None` where the schema is not at hand.
pub fn against_the_schema(log: &Value) -> Option<Vec<String>> {
    let mut schema = published_schema()?;
    for owner in ["run", "toolComponent"] {
        schema["definitions"][owner]["properties"]["language"].as_object_mut().unwrap().remove("pattern");
    }
    let validator = jsonschema::draft7::options().should_validate_formats(true).build(&schema).expect("the SARIF schema is a schema");
    Some(validator.iter_errors(log).map(|e| format!("{}: {e}", e.instance_path())).collect())
}

#[test]
fn every_sample_validates_against_the_published_schema() {
    let Some(mut schema) = published_schema() else { return };
    // An unbalanced bracket, which strict readers of regular expressions refuse. We never write `language`.
    for owner in ["run", "toolComponent"] {
        schema["definitions"][owner]["properties"]["language"].as_object_mut().unwrap().remove("pattern");
    }
    assert!(schema["title"].as_str().is_some_and(|title| title.contains("SARIF") && title.contains("2.1.0")));
    let validator = jsonschema::draft7::options().should_validate_formats(true).build(&schema).expect("the SARIF schema is a schema");
    for report in samples::each().into_iter().chain([samples::many(100)]) {
        let log = sarif(&report);
        let errors: Vec<String> = validator.iter_errors(&log).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    let mut broken = sarif(&samples::everything());
    broken["runs"][0]["results"][0]["level"] = Value::from("fatal");
    assert!(!validator.is_valid(&broken), "the schema that was given accepts anything");
}

#[test]
fn every_result_has_what_github_refuses_to_go_without() {
    for report in [samples::everything(), samples::hostile("scan"), samples::verify()] {
        let log = sarif(&report);
        let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap().clone();
        let mut prints = std::collections::BTreeSet::new();
        assert!(!results(&log).is_empty());
        for result in results(&log) {
            let location = &result["locations"][0];
            let uri = location["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
            assert!(!uri.is_empty() && !uri.starts_with('/') && !uri.contains("..") && uri.is_ascii() && !uri.contains(':'), "{uri}");
            assert!(location["physicalLocation"]["region"]["startLine"].as_u64().unwrap() >= 1);
            assert!(!location["logicalLocations"][0]["fullyQualifiedName"].as_str().unwrap().is_empty());
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            assert!(rules[index]["properties"]["tags"].as_array().unwrap().len() <= 10);
            assert!(prints.insert(result["partialFingerprints"]["primaryLocationLineHash"].to_string()), "two results share a fingerprint");
            let score: f64 = result["properties"]["security-severity"].as_str().unwrap().parse().unwrap();
            assert!((0.0..=10.0).contains(&score));
        }
    }
}

#[test]
fn a_refusal_that_no_check_explains_is_a_result_at_the_line_of_its_statement() {
    let log = sarif(&samples::verify());
    let first = &results(&log)[0];
    assert_eq!((first["ruleId"].as_str(), first["level"].as_str()), (Some("DECISION-REFUSED"), Some("error")));
    let physical = &first["locations"][0]["physicalLocation"];
    assert_eq!(physical["artifactLocation"]["uri"], samples::POLICY);
    assert_eq!(physical["region"]["startLine"], 12);
}

#[test]
fn an_anchor_that_the_user_names_wins_and_borrows_no_line() {
    let options = RenderOptions { anchor: Some("./infra/main template.tf".into()), ..plain() };
    let log: Value = serde_json::from_str(&render_with("sarif", &samples::verify(), &options)).unwrap();
    let physical = &results(&log)[0]["locations"][0]["physicalLocation"];
    assert_eq!(physical["artifactLocation"]["uri"], "infra/main%20template.tf");
    assert_eq!(physical["region"]["startLine"], 1);
}

#[test]
fn what_is_not_known_is_open_and_what_is_waived_is_suppressed() {
    let log = sarif(&samples::everything());
    let by_rule = |rule: &str| results(&log).iter().find(|r| r["ruleId"] == rule).unwrap_or_else(|| panic!("{rule}")).clone();
    for rule in ["OPS001", "DECISION-UNDECIDED"] {
        let open = by_rule(rule);
        assert_eq!((open["kind"].as_str(), open["level"].as_str()), (Some("open"), Some("none")), "{rule}");
    }
    let waived = by_rule("SIG001");
    assert_eq!(waived["suppressions"][0]["justification"], "until-vendor-signs");
    assert!(by_rule("INT001").get("suppressions").is_none());
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["exitCode"], 1);
    assert_eq!(invocation["executionSuccessful"], true);
    let ids: Vec<&str> =
        invocation["toolExecutionNotifications"].as_array().unwrap().iter().filter_map(|n| n["descriptor"]["id"].as_str()).collect();
    assert_eq!(ids.iter().filter(|id| **id == "gap").count(), 10);
    assert!(ids.contains(&"not-bound") && ids.contains(&"note"));
}

#[test]
fn a_decision_that_only_follows_from_a_part_is_not_told_twice() {
    let log = sarif(&samples::everything());
    assert!(results(&log).iter().all(|r| !r["message"]["text"].as_str().unwrap().contains("its version 7 is refused")));
}

#[test]
fn a_name_is_neither_a_link_nor_a_placeholder() {
    let log = sarif(&samples::hostile("scan"));
    for result in results(&log) {
        let text = result["message"]["text"].as_str().unwrap();
        assert!(!text.contains("]("), "{text}");
        assert!(!text.replace("{{", "").replace("}}", "").contains(['{', '}']), "{text}");
    }
    assert_eq!(results(&log).iter().find(|r| r["ruleId"] == "INT001").unwrap()["properties"]["path"], samples::HOSTILE);
}

#[test]
fn more_results_than_github_takes_are_cut_from_the_mild_end_and_said() {
    let log = sarif(&samples::many(MAX_RESULTS + 50));
    assert_eq!(results(&log).len(), MAX_RESULTS);
    assert_eq!(results(&log)[0]["ruleId"], "INT001");
    let critical = results(&log).iter().filter(|r| r["ruleId"] == "INT001").count();
    assert_eq!(critical, (MAX_RESULTS + 50) / 4);
    let first = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0];
    assert!(first["message"]["text"].as_str().unwrap().starts_with("50 results left out"), "{first}");
}

#[test]
fn a_layer_of_five_thousand_functions_stays_under_the_size_limit() {
    let mut report = samples::everything();
    report.findings[0].affects = (0..5_000).map(|i| format!("{}{i}", samples::FUNCTION)).collect();
    let log = sarif(&report);
    let result = results(&log).iter().find(|r| r["ruleId"] == "INT001").unwrap().clone();
    assert_eq!(result["properties"]["affects"].as_array().unwrap().len(), MAX_AFFECTED);
    assert_eq!(result["properties"]["affectsCount"], 5_000);
}

#[test]
fn scan_with_everything() {
    let mut report = samples::everything();
    report.gaps.truncate(1);
    let mut log = sarif(&report);
    // The registry's rules have their own tests and grow.
    let rules = log["runs"][0]["tool"]["driver"]["rules"].take();
    for result in log["runs"][0]["results"].as_array_mut().unwrap() {
        result["ruleIndex"].take();
    }
    assert!(!rules.as_array().unwrap().is_empty());
    insta::assert_snapshot!(serde_json::to_string_pretty(&log).unwrap());
}

//! `verify TEMPLATE`: exit codes, places in every format, and what is not silently passed.

use serde_json::Value;
use tempfile::TempDir;

use super::super::run::{Home, Output, Run, layerproof, repo};

const POLICY: [&str; 2] = ["--policy", "testdata/policies/gate.yaml"];
const PINNED: &str = "testdata/templates/pinned.yaml";

fn verify(args: &[&str]) -> Output {
    layerproof().arg("verify").args(args).args(POLICY).run()
}

/// A folder with one template, and the zip of the gate's layer beside it.
fn beside(template: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(repo().join("testdata/signer/valid.zip"), folder.path().join("layer.zip")).unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, template).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

#[test]
fn references_alone_pass_where_all_are_pinned_and_the_report_says_what_was_not_looked_at() {
    let output = verify(&[PINNED, "--references-only"]).exits(0);
    assert!(output.stdout.contains("no artifact that it names was looked at"), "{output}");
    assert!(output.stdout.contains("exit 0: the references of 4 template resources were judged"), "{output}");
}

#[test]
fn layer_that_nobody_can_look_up_is_no_pass() {
    let (_folder, path) = beside(
        "Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n      CodeSigningConfigArn: csc\n      Code: layer.zip\n      Layers: ['arn:aws:lambda:eu-west-1:111122223333:layer:deps:7']\n",
    );
    let json = verify(&[&path, "-o", "json"]).json();
    let decisions = json["decisions"].as_array().unwrap();
    let of = |name: &str| decisions.iter().find(|d| d["subject"]["name"].as_str().unwrap().contains(name)).unwrap()["verdict"].clone();
    assert_eq!(of("layer:deps:7"), "undecided");
    assert_eq!(of("layer.zip"), "no-statement");
    verify(&[&path, "--references-only"]).exits(0);
}

#[test]
fn unknown_layer_alone_is_exit_3_and_allow_nothing_forgives_it() {
    let (_folder, path) = beside(
        "Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n      CodeSigningConfigArn: csc\n      Code: {S3Bucket: b, S3Key: k, S3ObjectVersion: '1'}\n      Layers: ['arn:aws:lambda:eu-west-1:111122223333:layer:deps:7']\n",
    );
    let output = verify(&[&path]).exits(3);
    assert!(output.stdout.contains("no account was given to look it up"), "{output}");
}

#[test]
fn layers_are_looked_up_in_the_snapshot_that_is_given() {
    let fleet: Value = serde_json::from_str(
        &std::fs::read_to_string(repo().join("testdata/fleet/accounts/111122223333/eu-west-1/lambda.GetLayerVersionByArn.json")).unwrap(),
    )
    .unwrap();
    let text = fleet.to_string();
    let at = text.find("arn:aws:lambda:eu-west-1:111122223333:layer:").unwrap();
    let arn: String = text[at..].chars().take_while(|c| !"\"\\,} ".contains(*c)).collect();
    let (_folder, path) = beside(&format!(
        "Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n      CodeSigningConfigArn: csc\n      Code: {{S3Bucket: b, S3Key: k, S3ObjectVersion: '1'}}\n      Layers: ['{arn}', 'arn:aws:lambda:eu-west-1:111122223333:layer:never-there:1']\n",
    ));
    let json = layerproof().args(["verify", &path, "--snapshot", "testdata/fleet", "-o", "json"]).args(POLICY).run().json();
    let artifacts = json["artifacts"].as_array().unwrap();
    let names: Vec<&str> = artifacts.iter().map(|a| a["subject"]["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 2, "only what the template names is taken from the snapshot: {names:?}");
    let verdict = |name: &str| {
        let decisions = json["decisions"].as_array().unwrap();
        decisions.iter().find(|d| d["subject"]["name"] == name).unwrap_or_else(|| panic!("{name}"))["verdict"].as_str().unwrap().to_owned()
    };
    assert_eq!(verdict("arn:aws:lambda:eu-west-1:111122223333:layer:never-there:1"), "undecided");
    assert_ne!(verdict(&arn), "undecided", "{arn} is in the snapshot");
    assert!(json["notes"].to_string().contains("unauthenticated"));
}

#[test]
fn each_format_shows_the_place_of_a_finding() {
    let home = Home::new();
    let run = |format: &str| {
        Run::new(&home)
            .args(["verify", "testdata/templates/cloudformation.yaml", "--references-only", "-o", format])
            .args(POLICY)
            .run()
            .exits(1)
    };
    assert!(run("github").stdout.contains("::error file=testdata/templates/cloudformation.yaml,line=32,col=13,title=PIN004 high"));
    assert!(run("text").stdout.replace(['\n', ' '], "").contains("(attestdata/templates/cloudformation.yaml:32:13)"));
    assert!(run("junit").stdout.contains("at testdata/templates/cloudformation.yaml:32:13"));
    let json = run("json").json();
    let found = json["findings"].as_array().unwrap().iter().find(|f| f["rule"] == "PIN004").unwrap();
    assert_eq!(found["place"], serde_json::json!({ "file": "testdata/templates/cloudformation.yaml", "line": 32, "column": 13 }));
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(repo().join("docs/schema/report-v1.json")).unwrap()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&json).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn sarif_of_every_template_is_accepted_by_the_schema_and_points_into_the_template() {
    for name in ["sam.yaml", "cloudformation.yaml", "cloudformation.json", "plan.json", "unread.yaml"] {
        let file = format!("testdata/templates/{name}");
        let log = verify(&[&file, "-o", "sarif"]).json();
        if let Some(errors) = crate::report::sarif::against_the_schema(&log) {
            assert!(errors.is_empty(), "{name}: {errors:#?}");
        }
        let results = log["runs"][0]["results"].as_array().unwrap();
        for result in results.iter().filter(|r| r["ruleId"].as_str().unwrap().starts_with("PIN")) {
            let physical = &result["locations"][0]["physicalLocation"];
            assert_eq!(physical["artifactLocation"]["uri"], file.as_str());
            assert!(physical["region"]["startLine"].as_u64().unwrap() > 1 && physical["region"]["startColumn"].as_u64().unwrap() > 1);
        }
    }
}

#[test]
fn slips_of_the_command_line_are_told_as_such() {
    verify(&["testdata/signer/valid.zip", "--references-only"]).exits(2);
    verify(&[PINNED, PINNED]).exits(2);
    verify(&[PINNED, "--as", "arn:aws:lambda:eu-west-1:111122223333:layer:deps:1"]).exits(2);
    let output = verify(&["template:trust-policies/demo.yaml"]).exits(2);
    assert!(output.stderr.contains("this is no template"), "{output}");
    let output = verify(&["testdata/templates/hostile/billion-laughs.yaml"]).exits(2);
    assert!(output.stderr.contains("billion-laughs.yaml:9:10: more than"), "{output}");
}

#[test]
fn template_without_a_function_or_layer_is_never_a_pass() {
    let (_folder, path) = beside("Resources:\n  B: {Type: AWS::S3::Bucket}\n");
    verify(&[&path]).exits(4);
    verify(&[&path, "--references-only"]).exits(4);
}

#[test]
fn inline_code_is_said_to_be_unjudged() {
    let (_folder, path) = beside(
        "Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties: {CodeSigningConfigArn: csc, Code: {ZipFile: 'x = 1'}}\n",
    );
    let output = verify(&[&path]).exits(3);
    assert!(output.stdout.contains("inline code"), "{output}");
}

//! References in templates: each finding at its line and column, and the near misses that are none.

use std::path::Path;

use layerproof::finding::{Finding, Status};
use layerproof::inventory::template;

use super::fleet::Fleet;
use crate::run::repo;

/// What the checks say about a template whose references alone are judged.
fn judge(path: &Path) -> Vec<Finding> {
    let mut fleet = Fleet::new();
    let read = template::read(path, false).unwrap_or_else(|error| panic!("{error}"));
    template::add(&mut fleet.evidence.inventory, vec![read], None).unwrap();
    fleet.run()
}

fn of_text(text: &str) -> Vec<Finding> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.yaml");
    std::fs::write(&path, text).unwrap();
    judge(&path)
}

/// Rule, resource, line and column of everything that fails, sorted by place; then how many gaps were told.
#[track_caller]
fn table(file: &str, expected: &[(&str, &str, usize, usize)], gaps: usize) {
    let findings = judge(&repo().join("testdata/templates").join(file));
    let mut found: Vec<(usize, usize, &str, &str)> = findings
        .iter()
        .filter(|finding| finding.status == Status::Fail)
        .map(|finding| {
            let place = finding.place.as_ref().unwrap_or_else(|| panic!("without a place: {finding:?}"));
            (place.line, place.column, finding.rule, finding.subject.split_once('#').unwrap().1)
        })
        .collect();
    found.sort();
    let found: Vec<_> = found.into_iter().map(|(line, column, rule, name)| (rule, name, line, column)).collect();
    assert_eq!(found, expected, "{file}");
    assert_eq!(findings.iter().filter(|finding| finding.status == Status::Incomplete).count(), gaps, "{file}: gaps");
}

#[test]
fn sam_template_has_each_finding_at_its_place() {
    table(
        "sam.yaml",
        &[
            ("PIN005", "Dynamic", 26, 22),
            ("PIN005", "Dynamic", 33, 9),
            ("PIN005", "Image", 33, 9),
            ("PIN005", "ImageByParameter", 33, 9),
            ("PIN005", "Unversioned", 33, 9),
            ("PIN005", "Unversioned", 48, 16),
            ("PIN005", "Unversioned", 50, 16),
            ("PIN015", "Dynamic", 55, 16),
            ("CSC001", "Dynamic", 56, 60),
            ("PIN006", "Dynamic", 58, 16),
            ("PIN006", "Dynamic", 60, 11),
            ("PIN006", "Dynamic", 61, 24),
            ("PIN001", "Image", 68, 22),
            ("PIN004", "Image", 68, 22),
            ("IAC003", "Image", 69, 34),
        ],
        2,
    );
}

#[test]
fn cloudformation_template_has_each_finding_at_its_place() {
    table(
        "cloudformation.yaml",
        &[
            ("PIN001", "ByTag", 24, 18),
            ("PIN001", "Branches", 32, 13),
            ("PIN004", "Branches", 32, 13),
            ("PIN015", "Copied", 40, 39),
            ("PIN012", "Referenced", 66, 16),
            ("CSC001", "Unsigned", 68, 3),
            ("PIN005", "Unsigned", 75, 16),
            ("PIN005", "Unsigned", 75, 22),
            ("PIN015", "Shared", 79, 42),
        ],
        1,
    );
}

#[test]
fn json_template_has_each_finding_at_its_place_behind_text_that_is_not_ascii() {
    table(
        "cloudformation.json",
        &[
            ("CSC001", "Checkout", 7, 5),
            ("PIN015", "Checkout", 11, 50),
            ("PIN005", "Checkout", 14, 11),
            ("PIN006", "Checkout", 15, 11),
            ("PIN001", "Picker", 23, 31),
            ("PIN004", "Picker", 23, 31),
            ("IAC003", "Picker", 24, 33),
        ],
        0,
    );
}

#[test]
fn plan_has_each_finding_at_its_place_in_the_plan() {
    table(
        "plan.json",
        &[
            ("PIN001", "aws_lambda_function.by_tag", 15, 26),
            ("PIN004", "aws_lambda_function.by_tag", 15, 26),
            ("CSC001", "aws_lambda_function.checkout", 20, 22),
            ("PIN015", "aws_lambda_function.checkout", 29, 23),
            ("PIN005", "aws_lambda_function.checkout", 33, 15),
            ("PIN006", "aws_lambda_function.looked_up", 49, 15),
            ("CSC001", "module.api.aws_lambda_function.this[0]", 85, 26),
        ],
        1,
    );
}

#[test]
fn what_anchors_and_merge_keys_bring_is_not_overlooked() {
    table("merged.yaml", &[("PIN005", "Aliased", 8, 9), ("PIN005", "Merged", 8, 9), ("CSC001", "Aliased", 15, 3)], 0);
}

#[test]
fn template_in_which_everything_is_pinned_raises_no_false_alarm() {
    table("pinned.yaml", &[], 0);
}

#[test]
fn what_is_known_at_deployment_only_is_said_and_never_guessed() {
    table("unread.yaml", &[], 6);
}

#[test]
fn lines_that_move_move_the_finding_and_not_its_fingerprint() {
    let path = repo().join("testdata/templates/cloudformation.yaml");
    let folder = tempfile::tempdir().unwrap();
    let moved = folder.path().join("cloudformation.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&moved, format!("# one more line\n\n{text}")).unwrap();
    let same_file = |finding: &Finding| Finding { subject: finding.subject.split_once('#').unwrap().1.to_owned(), ..finding.clone() };
    let sorted = |path: &Path| {
        let mut all: Vec<_> =
            judge(path).iter().filter_map(|finding| Some((same_file(finding).fingerprint(), finding.place.clone()?.line))).collect();
        all.sort();
        all
    };
    let (before, after) = (sorted(&path), sorted(&moved));
    assert!(before.len() > 5);
    let expected: Vec<_> = before.into_iter().map(|(print, line)| (print, line + 2)).collect();
    assert_eq!(after, expected);
}

#[test]
fn another_spelling_of_the_path_is_the_same_finding() {
    let read = |file: &str| layerproof::model::template::Template {
        file: file.into(),
        ..template::read(&repo().join("testdata/templates/pinned.yaml"), false).unwrap()
    };
    assert_eq!(read("./a/t.yaml").subject("F"), read("a/t.yaml").subject("F"));
}

const FUNCTION: &str = "Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n";

/// The rules that fire on a function with these properties.
fn rules(properties: &str) -> Vec<&'static str> {
    of_text(&format!("{FUNCTION}{properties}")).into_iter().map(|finding| finding.rule).collect()
}

#[test]
fn default_of_a_parameter_is_named_as_the_cause() {
    let text = format!("Parameters:\n  Tag: {{Type: String, Default: dev}}\n{FUNCTION}      Code: {{ImageUri: !Sub 'r.io/a:${{Tag}}'}}\n");
    let findings = of_text(&text);
    assert_eq!(findings.iter().map(|f| f.rule).collect::<Vec<_>>(), ["PIN004", "PIN001"]);
    assert!(findings.iter().all(|f| f.message.contains("by the default of the parameter Tag")), "{findings:#?}");
}

#[test]
fn image_function_without_code_signing_is_no_finding_and_with_one_is() {
    let image = "      Code: {ImageUri: r.io/a@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855}\n";
    assert!(rules(image).is_empty());
    assert_eq!(rules(&format!("{image}      CodeSigningConfigArn: csc\n")), ["IAC003"]);
    assert_eq!(rules(&format!("{image}      PackageType: Zip\n")), ["CSC001"]);
}

#[test]
fn empty_code_signing_configuration_is_none() {
    let zip = "      Code: {S3Bucket: b, S3Key: k, S3ObjectVersion: '1'}\n      CodeSigningConfigArn: ";
    assert_eq!(rules(&format!("{zip}''\n")), ["CSC001"]);
    assert_eq!(rules(&format!("{zip}\n")), ["CSC001"]);
    assert_eq!(rules(&format!("{zip}csc\n")), Vec::<&str>::new());
}

#[test]
fn object_version_that_a_condition_takes_away_is_missing() {
    let code = |version: &str| {
        rules(&format!("      CodeSigningConfigArn: csc\n      Code: {{S3Bucket: b, S3Key: k, S3ObjectVersion: {version}}}\n"))
    };
    assert_eq!(code("!If [C, '1', !Ref 'AWS::NoValue']"), ["PIN015"]);
    assert_eq!(code("!If [C, '1', '2']"), Vec::<&str>::new());
    assert_eq!(code("''"), ["PIN015"]);
}

#[test]
fn name_of_a_resource_that_acts_on_a_terminal_is_shown_and_not_obeyed() {
    let text = "Resources:\n  \"F\\e[2J\":\n    Type: AWS::Lambda::Function\n    Properties:\n      Layers: [\"x\\e[31m\"]\n";
    let findings = of_text(text);
    assert!(findings.iter().any(|f| f.rule == "PIN005"));
    for finding in findings {
        let all = format!("{} {} {} {:?}", finding.subject, finding.message, finding.key, finding.details);
        assert!(!all.contains('\u{1b}'), "{all:?}");
    }
}

#[test]
fn a_function_in_place_of_a_text_is_not_read_as_its_own_argument() {
    // A delimiter, the text of Fn::Sub and a default take no functions: what would come of them is not guessed.
    let pieces = "['arn:aws:lambda:eu-west-1:111122223333:layer:deps', '7']";
    for (layer, json) in [
        (format!("!Join [!Ref ':', {pieces}]"), format!("{{'Fn::Join': [{{Ref: ':'}}, {pieces}]}}")),
        (format!("{{'Fn::Join': !Split [':', {pieces}]}}"), format!("{{'Fn::Join': {{'Fn::Split': [':', {pieces}]}}}}")),
        (
            "{'Fn::Sub': !GetAtt 'arn:aws:lambda:eu-west-1:111122223333:layer:deps:7'}".into(),
            "{'Fn::Sub': {'Fn::GetAtt': 'arn:aws:lambda:eu-west-1:111122223333:layer:deps:7'}}".into(),
        ),
        ("!Sub [!Ref X, {}]".into(), "{'Fn::Sub': [{Ref: X}, {}]}".into()),
    ] {
        for written in [layer, json] {
            let text = format!(
                "      CodeSigningConfigArn: csc\n      Code: {{S3Bucket: b, S3Key: k, S3ObjectVersion: '1'}}\n      Layers: [{written}]\n"
            );
            assert_eq!(rules(&text), ["OPS001"], "{written}");
        }
    }
}

#[test]
fn an_import_is_named_alike_however_the_function_inside_is_written() {
    let key = |import: &str| {
        let findings = of_text(&format!("{FUNCTION}      CodeSigningConfigArn: csc\n      Layers: [{import}]\n"));
        findings.into_iter().find(|finding| finding.rule == "PIN006").unwrap().key
    };
    let sub = key("{'Fn::ImportValue': {'Fn::Sub': 'shared-${X}'}}");
    assert!(sub.contains("shared-${X}"), "{sub}");
    assert_eq!(key("{'Fn::ImportValue': !Sub 'shared-${X}'}"), sub);
    assert_eq!(key("!ImportValue {'Fn::Sub': 'shared-${X}'}"), sub);
    assert_eq!(key("{'Fn::ImportValue': !Ref X}"), key("{'Fn::ImportValue': {Ref: X}}"));
    assert_eq!(key("{'Fn::ImportValue': shared}"), key("!ImportValue shared"));
}

//! Templates as a source: what is read, what is refused, and what the template names.

use std::path::Path;

use layerproof::inventory::InventoryError;
use layerproof::inventory::local::Target;
use layerproof::inventory::snapshot;
use layerproof::inventory::template::{self, MAX_TEMPLATE_DEPTH};
use layerproof::model::artifact::{BlobLocation, Subject};
use layerproof::model::function::FunctionCode;
use layerproof::model::gap::GapReason;
use layerproof::model::inventory::{ImageArtifact, Inventory, SourceInfo};
use layerproof::model::template::{Template, TemplateFormat};

use crate::run::repo;

fn file(name: &str) -> std::path::PathBuf {
    repo().join("testdata/templates").join(name)
}

fn of_text(name: &str, text: &str) -> Result<Template, InventoryError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    template::read(&path, true)
}

fn empty() -> Inventory {
    Inventory::empty(SourceInfo { kind: "template", name: "t".into(), recorded_at: None, unauthenticated: false })
}

#[test]
fn each_format_is_told_from_its_content() {
    for (name, format) in [
        ("sam.yaml", TemplateFormat::Sam),
        ("cloudformation.yaml", TemplateFormat::CloudFormation),
        ("cloudformation.json", TemplateFormat::CloudFormation),
        ("plan.json", TemplateFormat::TerraformPlan),
        ("hostile/crlf.yaml", TemplateFormat::CloudFormation),
        ("hostile/byte-order-mark.yaml", TemplateFormat::CloudFormation),
    ] {
        let sniffed = Target::Path(file(name)).sniff().unwrap();
        assert_eq!(sniffed, Target::Template(file(name)), "{name}");
        assert_eq!(template::read(&file(name), true).unwrap().format, format, "{name}");
    }
}

#[test]
fn policies_snapshots_and_zips_are_not_taken_for_templates() {
    for name in ["trust-policies/demo.yaml", "testdata/fleet/snapshot.json", "testdata/signer/valid.zip", "README.md", "Cargo.toml"] {
        let sniffed = Target::Path(repo().join(name)).sniff().unwrap();
        assert!(!matches!(sniffed, Target::Template(_)), "{name}");
    }
}

#[test]
fn hostile_templates_are_refused_with_line_and_column() {
    for (name, at, words) in [
        ("alias-to-itself.yaml", (3, 10), "alias inside the value"),
        ("billion-laughs.yaml", (9, 10), "more than"),
        ("duplicate-keys.yaml", (8, 7), "`Layers` stands here twice"),
        ("duplicate-keys.json", (1, 84), "`Layers` stands here twice"),
        ("two-documents.yaml", (7, 1), "second document"),
        ("tabs.yaml", (4, 2), "tabs"),
        ("lone-carriage-return.yaml", (2, 12), "carriage return"),
        ("not-utf8.yaml", (2, 17), "UTF-8"),
        ("resources-is-a-list.yaml", (2, 12), "not a mapping"),
        ("truncated.json", (1, 69), "ends too early"),
        ("plan-of-version-2.json", (1, 20), "format_version"),
    ] {
        // It is still told to be a template: else a slip in one would read as a file without a signature.
        assert!(matches!(Target::Path(file("hostile").join(name)).sniff(), Ok(Target::Template(_))), "{name}");
        match template::read(&file("hostile").join(name), true) {
            Err(InventoryError::Malformed { line, column, problem, .. }) => {
                assert_eq!((line, column), at, "{name}: {problem}");
                assert!(problem.contains(words), "{name}: {problem}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn nesting_neither_overflows_the_stack_nor_is_read() {
    let deep = "[".repeat(100_000);
    for (name, text) in [
        ("t.yaml", format!("Resources:\n  A: {deep}")),
        ("t.json", format!("{{\"Resources\": {deep}")),
        ("p.json", format!("{{\"format_version\": \"1.0\", \"planned_values\": {}", "{\"a\":".repeat(100_000))),
        ("t.yaml", format!("Resources:\n  A: {}", "- ".repeat(100_000))),
    ] {
        assert!(matches!(of_text(name, &text), Err(InventoryError::Malformed { .. })), "{name}");
    }
    let within = MAX_TEMPLATE_DEPTH - 10;
    let text = format!("Resources:\n  A:\n    Type: AWS::S3::Bucket\n    Metadata: {}{}\n", "[".repeat(within), "]".repeat(within));
    of_text("t.yaml", &text).unwrap();
}

#[test]
fn values_that_double_with_each_level_end_as_a_gap() {
    let template = template::read(&file("hostile/sub-doubles.yaml"), true).unwrap();
    let mut inventory = empty();
    template::add(&mut inventory, vec![template], None).unwrap();
    let gap = inventory.gaps.iter().find(|gap| gap.wanted.contains("Layers")).unwrap();
    assert!(gap.detail.contains("resolve to more than") && gap.detail.len() < 20_000, "{}", gap.detail.len());
}

#[test]
fn the_platform_of_a_template_is_looked_at_even_where_the_account_runs_another() {
    let account = snapshot::read(&repo().join("testdata/fleet")).unwrap();
    let versions = account.functions.iter().flat_map(|function| &function.versions);
    let image = versions
        .filter(|version| version.architecture == "x86_64")
        .find_map(|version| match &version.code {
            FunctionCode::Image { resolved, .. } => resolved.present().cloned(),
            FunctionCode::Zip { .. } => None,
        })
        .unwrap();
    for wanted in ["x86_64", "arm64"] {
        let text = format!(
            "Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n      PackageType: Image\n      Architectures: [{wanted}]\n      Code: {{ImageUri: '{image}'}}\n"
        );
        let mut inventory = empty();
        template::add(&mut inventory, vec![of_text("t.yaml", &text).unwrap()], Some(&account)).unwrap();
        match &inventory.images[..] {
            [ImageArtifact { location: BlobLocation::OciLayout { architecture, .. }, .. }] => assert_eq!(architecture, wanted),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn json_escapes_and_long_keys_are_read_as_json_reads_them() {
    let key = "k".repeat(5_000);
    let text = format!(
        "{{\t\"Resources\":\t{{\"A\":{{\"Type\":\"AWS::Lambda::Function\",\"Properties\":{{\"{key}\":1,\"Layers\":[\"\\ud83d\\ude00\\/x\"]}}}}}}}}"
    );
    let template = of_text("t.json", &text).unwrap();
    assert_eq!(template.functions.len(), 1);
    assert_eq!(template.functions[0].layers[0].place.column, text.find("\"\\ud83d").unwrap() + 1);
}

#[test]
fn local_code_is_found_beside_the_template_and_what_is_not_there_is_to_be_built() {
    let template = template::read(&file("sam.yaml"), true).unwrap();
    let mut inventory = empty();
    template::add(&mut inventory, vec![template], None).unwrap();
    let files: Vec<&str> = inventory.files.iter().map(|file| file.given.as_str()).collect();
    assert_eq!(files, [file("build/deps").to_str().unwrap()]);
    assert!(matches!(&inventory.files[0].subject, Subject::File(path) if Path::new(path).ends_with("build/deps")));
    let missing = inventory.gaps.iter().find(|gap| gap.reason == GapReason::NoSuchFile).unwrap();
    assert!(missing.detail.contains("sam.yaml:44:16: ") && missing.next_step.contains("Build it first"), "{missing:?}");
}

#[test]
fn layers_and_images_that_nobody_looked_up_are_unknown_and_never_left_out() {
    let text = "Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n      Code: {ImageUri: 'r.io/a:v1@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'}\n      Layers: ['arn:aws:lambda:eu-west-1:111122223333:layer:deps:7', 'arn:aws:lambda:eu-west-1:111122223333:layer:deps']\n";
    let template = of_text("t.yaml", text).unwrap();
    let mut inventory = empty();
    template::add(&mut inventory, vec![template.clone()], None).unwrap();
    let layer = inventory.layers.values().next().unwrap();
    assert_eq!((inventory.layers.len(), layer.arn.version), (1, 7));
    assert!(layer.content.gap().unwrap().detail.contains("no account was given"));
    assert_eq!(inventory.images[0].image.tag, None);
    assert!(inventory.gaps.iter().any(|gap| gap.detail.contains("names no version")), "{:#?}", inventory.gaps);
    let mut references_only = empty();
    template::add(&mut references_only, vec![Template { artifacts: false, ..template }], None).unwrap();
    assert!(references_only.layers.is_empty() && references_only.images.is_empty() && references_only.gaps.is_empty());
}

#[test]
fn values_after_apply_that_only_a_layer_of_the_plan_can_be_are_no_gap() {
    let template = template::read(&file("plan.json"), false).unwrap();
    let mut inventory = empty();
    template::add(&mut inventory, vec![template], None).unwrap();
    let subjects: Vec<&str> = inventory.gaps.iter().filter_map(|gap| Some(gap.subject.split_once('#')?.1)).collect();
    assert_eq!(subjects, ["module.api.aws_lambda_function.this[0]"]);
}

#[test]
fn a_deposed_object_does_not_hide_what_is_unknown_of_the_one_that_stays() {
    let function = r#"{"address": "aws_lambda_function.f", "mode": "managed", "type": "aws_lambda_function", "name": "f", "values": {"filename": "f.zip"}}"#;
    let change = |deposed: &str, unknown: &str| {
        format!(r#"{{"address": "aws_lambda_function.f", {deposed}"change": {{"after_unknown": {unknown}}}}}"#)
    };
    let (stays, leaves) = (change("", r#"{"layers": true}"#), change(r#""deposed": "ab12cd34", "#, "{}"));
    for changes in [format!("{stays}, {leaves}"), format!("{leaves}, {stays}")] {
        let plan = format!(
            r#"{{"format_version": "1.2", "planned_values": {{"root_module": {{"resources": [{function}]}}}}, "resource_changes": [{changes}]}}"#
        );
        let mut inventory = empty();
        template::add(&mut inventory, vec![Template { artifacts: false, ..of_text("p.json", &plan).unwrap() }], None).unwrap();
        assert!(inventory.gaps.iter().any(|gap| gap.wanted.contains("layers")), "{:#?}", inventory.gaps);
    }
}

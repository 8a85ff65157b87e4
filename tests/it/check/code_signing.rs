//! CSC001 and CSC002.

use layerproof::finding::Status;
use layerproof::model::function::{CodeSigningConfig, CodeSigningDetail};
use layerproof::model::gap::GapReason;
use layerproof::model::observed::Observed;

use super::fleet::*;

fn config(setting: &str) -> Observed<CodeSigningConfig> {
    let detail = CodeSigningDetail { untrusted_artifact: setting.into(), profile_version_arns: vec![PROFILE.into()], read_from: None };
    let arn = "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-1".into();
    Observed::Present(CodeSigningConfig { arn, detail: Observed::Present(detail) })
}

#[test]
fn csc001_zip_function_without_config_is_reported() {
    let mut fleet = Fleet::new();
    fleet.function("app", vec![zip("app", "$LATEST", b"one")]);
    assert_eq!(fleet.one("CSC001").subject, "arn:aws:lambda:eu-west-1:111122223333:function:app");
    fleet.none("CSC002");
}

#[test]
fn csc001_and_csc002_do_not_apply_to_image_functions() {
    let mut fleet = Fleet::new();
    fleet.function("app", vec![image("app", "$LATEST", ":v7", b"m")]);
    fleet.none("CSC001");
    fleet.evidence.inventory.functions[0].code_signing = config("Warn");
    fleet.none("CSC002");
}

#[test]
fn csc001_config_that_could_not_be_asked_for_is_a_gap_not_a_missing_one() {
    let mut fleet = Fleet::new();
    let denied = GapReason::Denied { action: "lambda:GetFunctionCodeSigningConfig".into() };
    fleet.function("app", vec![zip("app", "$LATEST", b"one")]).code_signing = Observed::Unknown(gap("app", denied));
    fleet.none("CSC001");
    fleet.none("CSC002");
    assert_eq!(fleet.one("OPS001").status, Status::Incomplete);
}

#[test]
fn csc002_anything_but_enforce_is_reported() {
    for (setting, reported) in [("Warn", 1), ("warn", 1), ("Enforce", 0)] {
        let mut fleet = Fleet::new();
        fleet.function("app", vec![zip("app", "$LATEST", b"one")]).code_signing = config(setting);
        fleet.none("CSC001");
        assert_eq!(fleet.of("CSC002").len(), reported, "{setting}");
    }
}

#[test]
fn csc002_unknown_detail_is_a_gap_not_a_warning_config() {
    let mut fleet = Fleet::new();
    let arn = "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-1".to_owned();
    let detail = Observed::Unknown(gap(&arn, GapReason::NotRecorded));
    fleet.function("app", vec![zip("app", "$LATEST", b"one")]).code_signing = Observed::Present(CodeSigningConfig { arn, detail });
    fleet.none("CSC001");
    fleet.none("CSC002");
    assert_eq!(fleet.of("OPS001").len(), 1);
}

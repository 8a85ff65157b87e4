//! `layerproof inventory`.

use std::path::{Path, PathBuf};

use layerproof::cli::inventory::{Args, run};
use layerproof::cli::listing::OutputFormat as Format;
use layerproof::cli::{Exit, Failure, Global};
use serde_json::{Value, json};

use super::account::{Account, configuration, write_file};

const FLEET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/fleet");

#[test]
fn account_without_gaps_passes() {
    let folder = Account::healthy().write();
    assert_eq!(output(folder.path(), Format::Text).unwrap().0, Exit::Pass);
}

#[test]
fn gap_makes_the_listing_incomplete_and_is_shown_with_its_next_step() {
    let (exit, text) = output(Path::new(FLEET), Format::Text).unwrap();
    assert_eq!(exit, Exit::Incomplete);
    for expected in [
        "could not learn the bytes of arn:aws:lambda:eu-west-1:111122223333:layer:legacy-pdf:9: deleted",
        "Move the functions that use it",
        "alias live -> 3, 4 takes 10.0 %",
        "used by arn:aws:lambda:eu-west-1:444455556666:function:sales-rollup:$LATEST",
        "driver-portal:2026.10.3 = sha256:",
        "label-fonts:1",
        ", public",
        "16 functions in 27 versions, 16 layer versions, 3 image repositories, 2 not learned",
        "unauthenticated",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn empty_account_matches_nothing() {
    let mut account = Account::healthy();
    account.forget("lambda.ListFunctions");
    account.answer("lambda.ListFunctions", json!({"FunctionVersion": "ALL"}), json!({"Functions": []}));
    account.forget("lambda.ListLayers");
    account.answer("lambda.ListLayers", json!({}), json!({"Layers": []}));
    assert_eq!(output(account.write().path(), Format::Text).unwrap().0, Exit::NothingMatched);
}

#[test]
fn account_that_could_not_be_listed_is_incomplete_and_not_empty() {
    let folder = Account::healthy().write();
    std::fs::remove_dir_all(folder.path().join("accounts")).unwrap();
    assert_eq!(output(folder.path(), Format::Text).unwrap().0, Exit::Incomplete);
}

#[test]
fn no_snapshot_is_usage_and_says_what_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let failure = output(folder.path(), Format::Text).unwrap_err();
    assert_eq!(failure.exit, Exit::Usage);
    assert!(failure.message.contains("snapshot.json") && !failure.hints.is_empty());
    write_file(folder.path(), "snapshot.json", b"{");
    assert_eq!(output(folder.path(), Format::Text).unwrap_err().exit, Exit::Usage);
}

#[test]
fn terminal_escapes_in_recorded_text_are_shown_not_obeyed() {
    let mut account = Account::healthy();
    let mut hostile = configuration("$LATEST");
    hostile["Runtime"] = json!("python\u{1b}[2J");
    account.calls_of("lambda.GetFunction")[0]["response"]["Configuration"] = hostile;
    account.error("lambda.ListAliases", json!({"FunctionName": "other"}), "X");
    account.calls_of("lambda.GetFunctionCodeSigningConfig")[0] =
        json!({"request": {"FunctionName": "pay"}, "error": {"code": "Odd\u{1b}[31m", "message": "\u{202e}txt"}});
    let (_, text) = output(account.write().path(), Format::Text).unwrap();
    assert!(text.contains("python\\u{1b}[2J"), "{text}");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
}

#[test]
fn json_says_who_uses_a_layer_and_what_is_missing() {
    let (exit, text) = output(Path::new(FLEET), Format::Json).unwrap();
    assert_eq!(exit, Exit::Incomplete);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["schema"], "layerproof/inventory/v1");
    let common = document["layers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|l| l["arn"].as_str().unwrap().ends_with("eu-west-1:111122223333:layer:parcel-common:12"));
    assert_eq!(common.unwrap()["used_by"].as_array().unwrap().len(), 10);
    assert_eq!(document["gaps"].as_array().unwrap().len(), 2);
    assert_eq!(document["functions"].as_array().unwrap().len(), 16);
}

fn output(folder: &Path, format: Format) -> Result<(Exit, String), Failure> {
    let now = "2026-11-03T00:00:00Z".parse().unwrap();
    let global = Global {
        verbosity: 0,
        quiet: false,
        color: false,
        width: None,
        offline: true,
        cache_dir: PathBuf::from("/nowhere"),
        now,
        started_at: now,
        now_overridden: true,
    };
    let mut out = Vec::new();
    let exit = run(&Args { snapshot: Some(folder.into()), format, ..Args::default() }, &global, &mut out)?;
    Ok((exit, String::from_utf8(out).unwrap()))
}

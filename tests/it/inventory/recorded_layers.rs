//! Recorded layer versions and their policies.

use layerproof::model::arn::LayerVersionArn;
use layerproof::model::gap::GapReason;
use layerproof::model::inventory::Inventory;
use layerproof::model::layer::LayerVersion;
use serde_json::json;

use super::account::{Account, LAYER, OTHER_SHA, VENDOR, ZERO_SHA, is_malformed, layer};

#[test]
fn layer_that_nobody_uses_is_listed_too() {
    let mut account = Account::healthy();
    let unused = LAYER.replace(":3", ":4");
    account.calls_of("lambda.ListLayerVersions")[0]["response"]["LayerVersions"]
        .as_array_mut()
        .unwrap()
        .push(json!({"LayerVersionArn": unused}));
    account.answer("lambda.GetLayerVersionByArn", json!({"Arn": unused}), layer(&unused, OTHER_SHA));
    account.error("lambda.GetLayerVersionPolicy", json!({"LayerName": "deps", "VersionNumber": 4}), "ResourceNotFoundException");
    let inventory = account.read();
    assert_eq!((inventory.layers.len(), inventory.gaps.len()), (2, 0));
}

#[test]
fn deleted_layer_in_use_is_unknown_and_never_forgotten() {
    let mut account = Account::healthy();
    account.forget("lambda.GetLayerVersionByArn");
    account.error("lambda.GetLayerVersionByArn", json!({"Arn": LAYER}), "ResourceNotFoundException");
    let inventory = account.read();
    assert_eq!(only(&inventory).content.gap().unwrap().reason, GapReason::Deleted);
    assert_eq!(inventory.gaps.len(), 1);
}

#[test]
fn denied_foreign_layer_names_the_action_that_can_be_granted() {
    let foreign = format!("arn:aws:lambda:eu-west-1:{VENDOR}:layer:agent:8");
    let mut account = Account::healthy();
    use_layer(&mut account, &foreign);
    account.error("lambda.GetLayerVersionByArn", json!({"Arn": foreign}), "AccessDeniedException");
    let inventory = account.read();
    let denied = GapReason::Denied { action: "lambda:GetLayerVersion".into() };
    assert_eq!(find(&inventory, &foreign).content.gap().unwrap().reason, denied);
}

#[test]
fn policy_of_a_foreign_layer_is_unknown_and_no_fault_of_the_recording() {
    let foreign = format!("arn:aws:lambda:eu-west-1:{VENDOR}:layer:agent:8");
    let mut account = Account::healthy();
    use_layer(&mut account, &foreign);
    account.answer("lambda.GetLayerVersionByArn", json!({"Arn": foreign}), layer(&foreign, OTHER_SHA));
    let inventory = account.read();
    assert!(matches!(find(&inventory, &foreign).policy.gap().unwrap().reason, GapReason::Denied { .. }));
    assert_eq!(inventory.gaps, []);
}

#[test]
fn answers_of_two_places_that_differ_are_not_chosen_from() {
    let foreign = format!("arn:aws:lambda:eu-west-1:{VENDOR}:layer:agent:8");
    let mut account = with_second_place();
    use_layer(&mut account, &foreign);
    account.answer("lambda.GetLayerVersionByArn", json!({"Arn": foreign}), layer(&foreign, OTHER_SHA));
    second_place_answers(&mut account, &foreign, layer(&foreign, ZERO_SHA));
    assert!(is_malformed(find(&account.read(), &foreign).content.gap().unwrap()));
}

#[test]
fn answer_of_one_place_covers_a_refusal_in_another() {
    let foreign = format!("arn:aws:lambda:eu-west-1:{VENDOR}:layer:agent:8");
    let mut account = with_second_place();
    use_layer(&mut account, &foreign);
    account.error("lambda.GetLayerVersionByArn", json!({"Arn": foreign}), "AccessDeniedException");
    second_place_answers(&mut account, &foreign, layer(&foreign, ZERO_SHA));
    assert!(find(&account.read(), &foreign).content.present().is_some());
}

#[test]
fn owner_that_says_deleted_beats_an_older_answer_elsewhere() {
    let mut account = with_second_place();
    account.forget("lambda.GetLayerVersionByArn");
    account.error("lambda.GetLayerVersionByArn", json!({"Arn": LAYER}), "ResourceNotFoundException");
    second_place_answers(&mut account, LAYER, layer(LAYER, ZERO_SHA));
    assert_eq!(find(&account.read(), LAYER).content.gap().unwrap().reason, GapReason::Deleted);
}

#[test]
fn answer_about_another_layer_version_is_not_believed() {
    let mut account = Account::healthy();
    account.calls_of("lambda.GetLayerVersionByArn")[0]["response"]["LayerVersionArn"] = json!(LAYER.replace(":3", ":2"));
    assert!(is_malformed(only(&account.read()).content.gap().unwrap()));
}

#[test]
fn layer_path_out_of_the_snapshot_is_a_gap() {
    let mut account = Account::healthy();
    account.calls_of("lambda.GetLayerVersionByArn")[0]["response"]["Content"]["Location"] = json!("../../../etc/shadow");
    assert!(is_malformed(only(&account.read()).content.gap().unwrap()));
}

#[test]
fn public_policy_is_told_from_one_for_an_organization() {
    for (principal, condition, public) in [
        (json!("*"), json!({}), true),
        (json!({"AWS": "*"}), json!({}), true),
        (json!("*"), json!({"StringEquals": {"aws:PrincipalOrgID": "o-abc"}}), false),
        // Narrows nothing that Lambda lets a layer policy narrow.
        (json!("*"), json!({"StringLike": {"aws:PrincipalOrgID": "*"}}), true),
        (json!({"AWS": ["arn:aws:iam::444455556666:root", "arn:aws:iam::999900001111:root"]}), json!({}), false),
    ] {
        let mut account = Account::healthy();
        account.forget("lambda.GetLayerVersionPolicy");
        let policy = json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "s", "Effect": "Allow", "Principal": principal, "Action": "lambda:GetLayerVersion", "Condition": condition},
        ]});
        account.answer(
            "lambda.GetLayerVersionPolicy",
            json!({"LayerName": "deps", "VersionNumber": 3}),
            json!({"Policy": policy.to_string()}),
        );
        let inventory = account.read();
        let permissions = &only(&inventory).policy.present().unwrap().permissions;
        assert!(!permissions.is_empty());
        assert_eq!(permissions.iter().any(|p| p.is_public()), public, "{policy}");
    }
}

#[test]
fn policy_that_cannot_be_read_is_not_a_layer_shared_with_nobody() {
    let mut account = Account::healthy();
    account.forget("lambda.GetLayerVersionPolicy");
    account.answer(
        "lambda.GetLayerVersionPolicy",
        json!({"LayerName": "deps", "VersionNumber": 3}),
        json!({"Policy": "{\"Statement\": 5}"}),
    );
    assert!(is_malformed(only(&account.read()).policy.gap().unwrap()));

    let mut account = Account::healthy();
    account.forget("lambda.GetLayerVersionPolicy");
    account.error("lambda.GetLayerVersionPolicy", json!({"LayerName": "deps", "VersionNumber": 3}), "AccessDeniedException");
    assert!(matches!(only(&account.read()).policy.gap().unwrap().reason, GapReason::Denied { .. }));
}

fn only(inventory: &Inventory) -> &LayerVersion {
    assert_eq!(inventory.layers.len(), 1);
    find(inventory, LAYER)
}

fn find<'a>(inventory: &'a Inventory, arn: &str) -> &'a LayerVersion {
    &inventory.layers[&arn.parse::<LayerVersionArn>().unwrap()]
}

fn use_layer(account: &mut Account, arn: &str) {
    for call in account.calls_of("lambda.GetFunction") {
        call["response"]["Configuration"]["Layers"] = json!([{"Arn": LAYER, "CodeSize": 9}, {"Arn": arn, "CodeSize": 9}]);
    }
    for function in account.calls_of("lambda.ListFunctions")[0]["response"]["Functions"].as_array_mut().unwrap() {
        function["Layers"] = json!([{"Arn": LAYER, "CodeSize": 9}, {"Arn": arn, "CodeSize": 9}]);
    }
}

/// A second account that runs nothing.
fn with_second_place() -> Account {
    let mut account = Account::healthy();
    let place = json!({"partition": "aws", "account": "444455556666", "region": "eu-west-1"});
    account.manifest["places"].as_array_mut().unwrap().push(place);
    for (api, request, response) in [
        ("lambda.ListFunctions", json!({"FunctionVersion": "ALL"}), json!({"Functions": []})),
        ("lambda.ListLayers", json!({}), json!({"Layers": []})),
        ("ecr.DescribeRepositories", json!({}), json!({"repositories": []})),
    ] {
        let calls = account.calls.entry(("444455556666/eu-west-1".into(), api.into())).or_default();
        calls.push(json!({"request": request, "response": response}));
    }
    account
}

fn second_place_answers(account: &mut Account, arn: &str, response: serde_json::Value) {
    let calls = account.calls.entry(("444455556666/eu-west-1".into(), "lambda.GetLayerVersionByArn".into())).or_default();
    calls.push(json!({"request": {"Arn": arn}, "response": response}));
}

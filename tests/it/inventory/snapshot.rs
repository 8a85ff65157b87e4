//! Recorded functions, aliases and code signing; and `snapshot.json` itself.

use layerproof::inventory::InventoryError;
use layerproof::inventory::snapshot::{MAX_FILE_BYTES, read};
use layerproof::model::artifact::BlobLocation;
use layerproof::model::function::FunctionCode;
use layerproof::model::gap::GapReason;
use layerproof::model::observed::Observed;
use serde_json::{Value, json};

use super::account::{Account, FUNCTION, OTHER_SHA, configuration, error_of, gap_of, is_malformed, write_file};

#[test]
fn healthy_account_is_read_in_full_and_without_gaps() {
    let inventory = Account::healthy().read();
    assert_eq!(inventory.gaps, []);
    let [function] = &inventory.functions[..] else { panic!("{:?}", inventory.functions) };
    assert_eq!(function.versions.iter().map(|v| v.version()).collect::<Vec<_>>(), ["$LATEST", "1"]);
    assert_eq!(function.aliases.present().unwrap()[0].version, "1");
    assert!(function.code_signing.is_absent());
    assert_eq!(function.versions[0].architecture, "arm64");
    assert!(function.versions[0].last_modified.is_some());
    assert_eq!(inventory.layers.len(), 1);
    assert!(inventory.layers.values().all(|layer| layer.policy.is_absent() && layer.content.present().is_some()));
    assert!(inventory.coverage.iter().all(|row| row.answered > 0 && row.missing == 0), "{:?}", inventory.coverage);
    assert!(inventory.source.unauthenticated);
}

#[test]
fn environment_values_never_enter_the_inventory() {
    let inventory = Account::healthy().read();
    let text = format!("{inventory:?}{}", serde_json::to_string(&inventory.functions).unwrap());
    assert!(!text.contains("correct-horse-battery"));
}

#[test]
fn presigned_link_in_a_careless_recording_is_neither_followed_nor_repeated() {
    let mut account = Account::healthy();
    for call in account.calls_of("lambda.GetFunction") {
        call["response"]["Code"]["Location"] = json!("https://awslambda.s3.amazonaws.com/x?X-Amz-Security-Token=hunter2");
    }
    let inventory = account.read();
    assert_eq!(inventory.gaps.len(), 2);
    assert!(inventory.gaps.iter().all(|gap| gap.reason == GapReason::NotRecorded));
    assert!(!format!("{inventory:?}").contains("hunter2"));
}

#[test]
fn missing_file_is_a_gap_and_never_none() {
    let mut account = Account::healthy();
    account.forget("lambda.ListAliases");
    account.forget("lambda.GetFunctionCodeSigningConfig");
    let inventory = account.read();
    let function = &inventory.functions[0];
    assert_eq!(function.aliases.gap().unwrap().reason, GapReason::NotRecorded);
    assert_eq!(function.code_signing.gap().unwrap().reason, GapReason::NotRecorded);
    assert_eq!(inventory.gaps.len(), 2);
    assert_eq!(inventory.coverage.iter().filter(|row| row.missing == 1).count(), 2);
}

#[test]
fn missing_listing_of_functions_is_not_an_account_without_functions() {
    let mut account = Account::healthy();
    account.forget("lambda.ListFunctions");
    let inventory = account.read();
    assert!(inventory.functions.is_empty());
    assert_eq!(gap_of(&inventory, "111122223333/eu-west-1").reason, GapReason::NotRecorded);
}

#[test]
fn listing_of_latest_only_does_not_pass_for_all_versions() {
    let mut account = Account::healthy();
    account.calls_of("lambda.ListFunctions")[0]["request"] = json!({});
    assert_eq!(gap_of(&account.read(), "111122223333/eu-west-1").reason, GapReason::NotRecorded);
}

#[test]
fn missing_call_of_one_version_leaves_its_code_unknown_and_the_rest_known() {
    let mut account = Account::healthy();
    account.calls_of("lambda.GetFunction").pop();
    let inventory = account.read();
    let versions = &inventory.functions[0].versions;
    let FunctionCode::Zip { location, .. } = &versions[1].code else { panic!() };
    assert_eq!(location.gap().unwrap().reason, GapReason::NotRecorded);
    let FunctionCode::Zip { location, .. } = &versions[0].code else { panic!() };
    assert!(location.present().is_some());
}

#[test]
fn listing_cut_off_at_a_marker_is_a_gap() {
    let mut account = Account::healthy();
    account.calls_of("lambda.ListFunctions")[0]["response"]["NextMarker"] = json!("page-2");
    let inventory = account.read();
    assert_eq!(inventory.functions.len(), 1);
    let gap = gap_of(&inventory, "111122223333/eu-west-1");
    assert!(gap.reason == GapReason::NotRecorded && gap.detail.contains("after page 1"), "{gap:?}");
}

#[test]
fn pages_are_followed_to_the_end() {
    let mut account = Account::healthy();
    account.calls_of("lambda.ListFunctions")[0]["response"] = json!({"Functions": [configuration("$LATEST")], "NextMarker": "p2"});
    account.answer("lambda.ListFunctions", json!({"FunctionVersion": "ALL", "Marker": "p2"}), json!({"Functions": [configuration("1")]}));
    let inventory = account.read();
    assert_eq!((inventory.gaps.len(), inventory.functions[0].versions.len()), (0, 2));
}

#[test]
fn pages_that_lead_in_a_circle_end() {
    let mut account = Account::healthy();
    account.calls_of("lambda.ListAliases")[0]["response"]["NextMarker"] = json!("again");
    account.answer("lambda.ListAliases", json!({"FunctionName": "pay", "Marker": "again"}), json!({"Aliases": [], "NextMarker": "again"}));
    assert!(is_malformed(gap_of(&account.read(), FUNCTION)));
}

#[test]
fn denied_call_names_the_action_to_grant() {
    let mut account = Account::healthy();
    account.forget("lambda.ListAliases");
    account.error("lambda.ListAliases", json!({"FunctionName": "pay"}), "AccessDeniedException");
    let gap = account.read().functions[0].aliases.gap().unwrap().clone();
    assert_eq!(gap.reason, GapReason::Denied { action: "lambda:ListAliases".into() });
}

#[test]
fn throttled_and_unknown_errors_are_told_apart() {
    for (code, reason) in [
        ("TooManyRequestsException", GapReason::Throttled),
        ("ThrottlingException", GapReason::Throttled),
        ("ServiceException", GapReason::ServiceError { code: "ServiceException".into() }),
        ("ResourceNotFoundException", GapReason::Deleted),
    ] {
        let mut account = Account::healthy();
        account.forget("lambda.GetFunctionCodeSigningConfig");
        account.error("lambda.GetFunctionCodeSigningConfig", json!({"FunctionName": "pay"}), code);
        let inventory = account.read();
        // A function that is gone has no code signing "none" either.
        assert_eq!(inventory.functions[0].code_signing.gap().unwrap().reason, reason);
    }
}

#[test]
fn malformed_json_is_a_gap_with_file_and_place_and_the_rest_is_read() {
    let folder = Account::healthy().write();
    write_file(folder.path(), "accounts/111122223333/eu-west-1/lambda.ListAliases.json", b"[{\"request\": {},\n oops]");
    let inventory = read(folder.path()).unwrap();
    let gap = gap_of(&inventory, FUNCTION);
    assert!(is_malformed(gap));
    assert!(gap.detail.contains("lambda.ListAliases.json") && gap.detail.contains("line 2 column"), "{}", gap.detail);
    assert_eq!(inventory.functions.len(), 1);
}

#[test]
fn nested_json_bomb_is_a_gap_and_no_stack_overflow() {
    let folder = Account::healthy().write();
    let bomb = [b"[".repeat(200_000), b"]".repeat(200_000)].concat();
    write_file(folder.path(), "accounts/111122223333/eu-west-1/lambda.ListAliases.json", &bomb);
    assert!(is_malformed(gap_of(&read(folder.path()).unwrap(), FUNCTION)));
}

#[test]
fn file_beyond_the_limit_is_a_gap_that_names_it_and_is_not_read() {
    let folder = Account::healthy().write();
    let path = folder.path().join("accounts/111122223333/eu-west-1/lambda.ListAliases.json");
    std::fs::File::options().write(true).open(path).unwrap().set_len(MAX_FILE_BYTES + 1).unwrap();
    let inventory = read(folder.path()).unwrap();
    assert_eq!(gap_of(&inventory, FUNCTION).reason, GapReason::TooLarge { limit: "snapshot_file_bytes".into() });
}

#[test]
fn call_without_response_or_error_is_malformed_not_an_empty_answer() {
    for call in [json!({"request": {"FunctionName": "pay"}}), json!({"request": {"FunctionName": "pay"}, "response": null})] {
        let mut account = Account::healthy();
        account.calls_of("lambda.GetFunctionCodeSigningConfig")[0] = call;
        let inventory = account.read();
        assert!(is_malformed(inventory.functions[0].code_signing.gap().unwrap()));
    }
}

#[test]
fn second_answer_to_one_call_cannot_replace_the_first() {
    let mut account = Account::healthy();
    let response = json!({"Aliases": []});
    account.answer("lambda.ListAliases", json!({"FunctionName": "pay"}), response);
    assert!(is_malformed(account.read().functions[0].aliases.gap().unwrap()));

    let mut account = Account::healthy();
    let again = account.calls_of("lambda.ListAliases")[0].clone();
    account.calls_of("lambda.ListAliases").push(again);
    assert!(account.read().functions[0].aliases.present().is_some(), "the same answer twice says nothing new");
}

#[test]
fn function_of_another_place_is_not_taken_for_one_of_this_place() {
    for arn in [
        "arn:aws:lambda:eu-west-1:444455556666:function:pay:1",
        "arn:aws:lambda:us-east-1:111122223333:function:pay:1",
        "arn:aws-cn:lambda:eu-west-1:111122223333:function:pay:1",
    ] {
        let mut account = Account::healthy();
        account.calls_of("lambda.ListFunctions")[0]["response"]["Functions"][1]["FunctionArn"] = json!(arn);
        let inventory = account.read();
        assert!(is_malformed(gap_of(&inventory, arn)));
        assert_eq!(inventory.functions[0].versions.len(), 1);
    }
}

#[test]
fn function_name_with_control_characters_is_a_gap_that_prints_safely() {
    let mut account = Account::healthy();
    account.calls_of("lambda.ListFunctions")[0]["response"]["Functions"][1]["FunctionArn"] = json!(format!("{FUNCTION}\u{1b}[2J:1"));
    let inventory = account.read();
    let gap = gap_of(&inventory, "[2J");
    assert!(is_malformed(gap));
    assert!(!gap.to_string().contains('\u{1b}'), "{gap}");
}

#[test]
fn version_listed_twice_is_said() {
    let mut account = Account::healthy();
    let mut again = configuration("1");
    again["CodeSha256"] = json!(OTHER_SHA);
    account.calls_of("lambda.ListFunctions")[0]["response"]["Functions"].as_array_mut().unwrap().push(again);
    assert!(account.read().gaps.iter().any(|gap| is_malformed(gap) && gap.detail.contains("twice")));
}

#[test]
fn version_number_that_differs_from_the_qualifier_is_malformed() {
    let mut account = Account::healthy();
    account.calls_of("lambda.ListFunctions")[0]["response"]["Functions"][1]["Version"] = json!("2");
    assert!(is_malformed(gap_of(&account.read(), FUNCTION)));
}

#[test]
fn published_version_with_two_digests_is_said() {
    let mut account = Account::healthy();
    account.calls_of("lambda.GetFunction")[1]["response"]["Configuration"]["CodeSha256"] = json!(OTHER_SHA);
    assert!(is_malformed(gap_of(&account.read(), FUNCTION)));
}

#[test]
fn published_version_whose_layers_differ_between_the_answers_is_said() {
    for without in [json!([]), json!(null), json!([{"Arn": "arn:aws:lambda:eu-west-1:111122223333:layer:deps:4", "CodeSize": 9}])] {
        let mut account = Account::healthy();
        account.calls_of("lambda.GetFunction")[1]["response"]["Configuration"]["Layers"] = without;
        let inventory = account.read();
        let gap = gap_of(&inventory, &format!("{FUNCTION}:1"));
        assert!(is_malformed(gap) && gap.detail.contains("layers"), "{gap}");
    }
}

#[test]
fn answer_about_another_function_is_not_believed() {
    let mut account = Account::healthy();
    account.calls_of("lambda.GetFunction")[1]["response"]["Configuration"]["FunctionArn"] =
        json!("arn:aws:lambda:eu-west-1:111122223333:function:other:1");
    let inventory = account.read();
    assert!(is_malformed(gap_of(&inventory, FUNCTION)));
    assert_eq!(inventory.functions[0].versions.len(), 1);
}

#[test]
fn missing_needed_members_are_gaps() {
    for member in ["CodeSha256", "CodeSize"] {
        let mut account = Account::healthy();
        account.calls_of("lambda.GetFunction")[0]["response"]["Configuration"].as_object_mut().unwrap().remove(member);
        assert!(is_malformed(gap_of(&account.read(), FUNCTION)), "{member}");
    }
    for (member, value) in [("CodeSha256", json!("AAAA")), ("Architectures", json!(["riscv"])), ("PackageType", json!("Floppy"))] {
        let mut account = Account::healthy();
        account.calls_of("lambda.GetFunction")[0]["response"]["Configuration"][member] = value;
        assert!(is_malformed(gap_of(&account.read(), FUNCTION)), "{member}");
    }
}

#[test]
fn blob_path_that_leaves_the_snapshot_is_never_a_location() {
    for path in ["../../etc/passwd", "/etc/passwd", "blobs/../../x", "blobs//x", "./x", "", "C:\\x", "blobs\\..\\x", "a\u{0}b"] {
        let mut account = Account::healthy();
        account.calls_of("lambda.GetFunction")[1]["response"]["Code"]["Location"] = json!(path);
        let inventory = account.read();
        let FunctionCode::Zip { location, .. } = &inventory.functions[0].versions[1].code else { panic!() };
        assert!(is_malformed(location.gap().unwrap()), "{path}");
    }
}

#[test]
fn lambdas_own_error_is_kept_and_the_code_is_unknown() {
    let mut account = Account::healthy();
    account.calls_of("lambda.GetFunction")[1]["response"]["Code"] = json!({"Error": {"ErrorCode": "KMSDisabled", "Message": "key is off"}});
    let inventory = account.read();
    let version = &inventory.functions[0].versions[1];
    assert_eq!(version.code_error.as_ref().unwrap().code, "KMSDisabled");
    let FunctionCode::Zip { location, .. } = &version.code else { panic!() };
    assert_eq!(location.gap().unwrap().reason, GapReason::ServiceError { code: "KMSDisabled".into() });
}

#[test]
fn object_without_version_in_reference_mode_is_seen() {
    let mut account = Account::healthy();
    account.calls_of("lambda.GetFunction")[1]["response"]["Code"]["ResolvedS3Object"] = json!({"S3Bucket": "b", "S3Key": "k"});
    let inventory = account.read();
    let FunctionCode::Zip { s3_reference: Some(object), location: Observed::Present(BlobLocation::Snapshot { .. }), .. } =
        &inventory.functions[0].versions[1].code
    else {
        panic!()
    };
    assert_eq!(object.version, None);
}

#[test]
fn weight_outside_zero_to_one_hides_no_version() {
    for weight in [json!(1.5), json!(-0.1), json!(1e308), json!("0.1")] {
        let mut account = Account::healthy();
        account.calls_of("lambda.ListAliases")[0]["response"]["Aliases"][0]["RoutingConfig"] =
            json!({"AdditionalVersionWeights": {"2": weight}});
        assert!(is_malformed(account.read().functions[0].aliases.gap().unwrap()));
    }
}

#[test]
fn smallest_weight_still_routes() {
    let mut account = Account::healthy();
    account.calls_of("lambda.ListAliases")[0]["response"]["Aliases"][0]["RoutingConfig"] =
        json!({"AdditionalVersionWeights": {"2": 0.0001}});
    let inventory = account.read();
    let alias = &inventory.functions[0].aliases.present().unwrap()[0];
    assert_eq!((alias.weights[0].version.as_str(), alias.weights[0].permille), ("2", 1));
}

#[test]
fn code_signing_without_its_details_is_not_read_as_enforced() {
    let arn = "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0";
    let mut account = Account::healthy();
    account.calls_of("lambda.GetFunctionCodeSigningConfig")[0]["response"] = json!({"CodeSigningConfigArn": arn});
    let inventory = account.read();
    assert_eq!(inventory.functions[0].code_signing.present().unwrap().detail.gap().unwrap().reason, GapReason::NotRecorded);

    account.answer(
        "lambda.GetCodeSigningConfig",
        json!({"CodeSigningConfigArn": arn}),
        json!({"CodeSigningConfig": {
            "CodeSigningConfigArn": arn, "AllowedPublishers": {"SigningProfileVersionArns": []},
            "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Off"},
        }}),
    );
    let inventory = account.read();
    assert!(is_malformed(inventory.functions[0].code_signing.present().unwrap().detail.gap().unwrap()));
}

#[cfg(unix)]
#[test]
fn symbolic_link_out_of_the_snapshot_is_not_followed() {
    let folder = Account::healthy().write();
    let file = folder.path().join("accounts/111122223333/eu-west-1/lambda.ListAliases.json");
    let outside = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(outside.path(), std::fs::read(&file).unwrap()).unwrap();
    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(outside.path(), &file).unwrap();
    assert!(is_malformed(gap_of(&read(folder.path()).unwrap(), FUNCTION)));
}

#[test]
fn folder_that_snapshot_json_does_not_list_is_said_to_be_unread() {
    let folder = Account::healthy().write();
    write_file(folder.path(), "accounts/444455556666/us-east-1/lambda.ListFunctions.json", b"[]");
    assert_eq!(gap_of(&read(folder.path()).unwrap(), "444455556666/us-east-1").reason, GapReason::NotRecorded);
}

#[test]
fn wrong_snapshot_json_is_an_error_that_names_the_place() {
    let cases: [(&str, &str); 7] = [
        ("{\"layerproof_snapshot\": 1,\n \"places\": oops}", ":2:"),
        ("{\"layerproof_snapshot\": 1, \"recorded_at\": \"yesterday\", \"places\": []}", ":1:"),
        ("{\"layerproof_snapshot\": 2}", "`layerproof_snapshot` is 2"),
        ("{}", "layerproof_snapshot"),
        ("{\"layerproof_snapshot\": 1, \"recorded_at\": \"2026-11-01T06:00:00Z\", \"places\": []}", "1 to"),
        (&place_with("account", "../../../etc"), "etc"),
        (&place_with("region", ".."), "region"),
    ];
    for (text, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        write_file(folder.path(), "snapshot.json", text.as_bytes());
        let error = error_of(folder.path());
        assert!(error.is_usage() && error.to_string().contains(expected), "{text}: {error}");
    }
}

#[cfg(unix)]
#[test]
fn fifo_in_place_of_a_file_does_not_hang_the_run() {
    let folder = Account::healthy().write();
    for path in ["accounts/111122223333/eu-west-1/lambda.ListAliases.json", "snapshot.json"] {
        let path = folder.path().join(path);
        std::fs::remove_file(&path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        match read(folder.path()) {
            Ok(inventory) => assert!(is_malformed(gap_of(&inventory, FUNCTION))),
            Err(error) => assert!(matches!(error, InventoryError::Malformed { .. }) && path.ends_with("snapshot.json"), "{error}"),
        }
    }
}

#[test]
fn folder_that_is_no_snapshot_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(error_of(folder.path()), InventoryError::NotASnapshot { .. }));
    assert!(matches!(error_of(&folder.path().join("nowhere")), InventoryError::NotASnapshot { .. }));
}

fn place_with(member: &str, value: &str) -> String {
    let mut account = Account::healthy();
    account.manifest["places"][0][member] = Value::String(value.into());
    account.manifest.to_string()
}

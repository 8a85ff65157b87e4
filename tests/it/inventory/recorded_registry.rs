//! Recorded image functions and ECR repositories.

use layerproof::model::artifact::BlobLocation;
use layerproof::model::function::FunctionCode;
use layerproof::model::gap::GapReason;
use layerproof::model::inventory::{Inventory, Repository};
use layerproof::model::observed::Observed;
use serde_json::{Value, json};

use super::account::{Account, REGISTRY, gap_of, is_malformed, write_file};

const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const OTHER_HEX: &str = "aaaac44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[test]
fn tag_digest_and_mutability_of_an_image_are_read() {
    let folder = image_account().write();
    write_file(folder.path(), &format!("images/blobs/sha256/{HEX}"), b"");
    let inventory = layerproof::inventory::snapshot::read(folder.path()).unwrap();
    assert_eq!(inventory.gaps, []);
    let FunctionCode::Image { image_uri, resolved, location } = &inventory.functions[0].versions[0].code else { panic!() };
    assert_eq!(image_uri.present().unwrap().tag.as_deref(), Some("v1"));
    assert_eq!(resolved.present().unwrap().digest.unwrap().hex(), HEX);
    let Observed::Present(BlobLocation::OciLayout { digest, architecture, .. }) = location else { panic!("{location:?}") };
    assert_eq!((digest.as_str(), architecture.as_str()), (format!("sha256:{HEX}").as_str(), "arm64"));
    let repository = repository(&inventory);
    assert_eq!(repository.mutability.present().unwrap().exclusion_filters, ["dev-*"]);
    assert_eq!(repository.tags.present().unwrap()["v1"].hex(), OTHER_HEX, "the tag has drifted");
}

#[test]
fn image_that_was_not_recorded_is_a_gap() {
    let inventory = image_account().read();
    let FunctionCode::Image { location, .. } = &inventory.functions[0].versions[0].code else { panic!() };
    assert_eq!(location.gap().unwrap().reason, GapReason::NotRecorded);
}

#[cfg(unix)]
#[test]
fn image_blob_that_is_a_symbolic_link_is_not_followed() {
    let folder = image_account().write();
    write_file(folder.path(), "images/blobs/sha256/x", b"");
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("images/blobs/sha256").join(HEX)).unwrap();
    let inventory = layerproof::inventory::snapshot::read(folder.path()).unwrap();
    let FunctionCode::Image { location, .. } = &inventory.functions[0].versions[0].code else { panic!() };
    assert!(is_malformed(location.gap().unwrap()));
}

#[cfg(unix)]
#[test]
fn symbolic_link_among_the_layers_of_images_reads_nothing_outside_the_snapshot() {
    let folder = image_account().write();
    write_file(folder.path(), &format!("images/blobs/sha256/{HEX}"), b"a manifest that names the link as its layer");
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("images/blobs/sha256").join(OTHER_HEX)).unwrap();
    let inventory = layerproof::inventory::snapshot::read(folder.path()).unwrap();
    let FunctionCode::Image { location, .. } = &inventory.functions[0].versions[0].code else { panic!() };
    assert!(is_malformed(location.gap().unwrap()));
}

#[test]
fn resolved_uri_without_a_digest_resolves_nothing() {
    for uri in [format!("{REGISTRY}/app:v1"), format!("{REGISTRY}/app@sha256@sha256:{HEX}"), format!("{REGISTRY}/app@sha256:abc")] {
        let mut account = image_account();
        for call in account.calls_of("lambda.GetFunction") {
            call["response"]["Code"]["ResolvedImageUri"] = json!(uri);
        }
        let inventory = account.read();
        let FunctionCode::Image { resolved, .. } = &inventory.functions[0].versions[0].code else { panic!() };
        assert!(is_malformed(resolved.gap().unwrap()), "{uri}");
    }
}

#[test]
fn listing_of_images_cut_off_does_not_read_as_tags_moved_away() {
    let mut account = image_account();
    account.calls_of("ecr.DescribeImages")[0]["response"]["nextToken"] = json!("more");
    assert_eq!(repository(&account.read()).tags.gap().unwrap().reason, GapReason::NotRecorded);
}

#[test]
fn tag_on_two_images_is_malformed() {
    let mut account = image_account();
    let again = json!({"imageDigest": format!("sha256:{HEX}"), "imageTags": ["v1"]});
    account.calls_of("ecr.DescribeImages")[0]["response"]["imageDetails"].as_array_mut().unwrap().push(again);
    assert!(is_malformed(repository(&account.read()).tags.gap().unwrap()));
}

#[test]
fn unknown_mutability_setting_is_not_read_as_immutable() {
    let mut account = image_account();
    account.calls_of("ecr.DescribeRepositories")[0]["response"]["repositories"][0]["imageTagMutability"] = json!("MOSTLY");
    assert!(is_malformed(repository(&account.read()).mutability.gap().unwrap()));
}

#[test]
fn denied_registry_leaves_the_repository_of_a_function_unknown() {
    let mut account = image_account();
    account.forget("ecr.DescribeRepositories");
    account.error("ecr.DescribeRepositories", json!({}), "AccessDeniedException");
    let reason = repository(&account.read()).mutability.gap().unwrap().reason.clone();
    assert_eq!(reason, GapReason::Denied { action: "ecr:DescribeRepositories".into() });
}

#[test]
fn repository_that_a_full_listing_lacks_is_absent() {
    let mut account = image_account();
    account.calls_of("ecr.DescribeRepositories")[0]["response"]["repositories"] = json!([]);
    assert!(repository(&account.read()).mutability.is_absent());
}

#[test]
fn registry_outside_the_snapshot_is_unknown() {
    let mut account = image_account();
    for call in account.calls_of("lambda.GetFunction") {
        for member in ["ImageUri", "ResolvedImageUri"] {
            let moved = call["response"]["Code"][member].as_str().unwrap().replace("111122223333", "444455556666");
            call["response"]["Code"][member] = json!(moved);
        }
    }
    let inventory = account.read();
    assert_eq!(gap_of(&inventory, "444455556666.dkr.ecr.eu-west-1.amazonaws.com/app@").reason, GapReason::NotRecorded);
    let repository = &inventory.repositories["444455556666.dkr.ecr.eu-west-1.amazonaws.com/app"];
    assert_eq!(repository.tags.gap().unwrap().reason, GapReason::NotRecorded);
}

#[test]
fn repository_of_another_place_is_not_taken_for_one_of_this_place() {
    let mut account = image_account();
    let uri = "444455556666.dkr.ecr.eu-west-1.amazonaws.com/app";
    account.calls_of("ecr.DescribeRepositories")[0]["response"]["repositories"][0]["repositoryUri"] = json!(uri);
    let inventory = account.read();
    assert!(is_malformed(gap_of(&inventory, uri)));
}

fn image_account() -> Account {
    let mut account = Account::healthy();
    let image = |configuration: &mut Value| {
        let configuration = configuration.as_object_mut().unwrap();
        configuration.insert("PackageType".into(), json!("Image"));
        configuration.remove("Runtime");
        configuration.remove("Layers");
    };
    for configuration in account.calls_of("lambda.ListFunctions")[0]["response"]["Functions"].as_array_mut().unwrap() {
        image(configuration);
    }
    for call in account.calls_of("lambda.GetFunction") {
        image(&mut call["response"]["Configuration"]);
        call["response"]["Code"] = json!({
            "RepositoryType": "ECR", "ImageUri": format!("{REGISTRY}/app:v1"), "ResolvedImageUri": format!("{REGISTRY}/app@sha256:{HEX}"),
        });
    }
    account.calls_of("ecr.DescribeRepositories")[0]["response"] = json!({"repositories": [{
        "repositoryName": "app", "repositoryUri": format!("{REGISTRY}/app"), "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "dev-*"}],
    }]});
    account.answer(
        "ecr.DescribeImages",
        json!({"repositoryName": "app"}),
        json!({"imageDetails": [
            {"imageDigest": format!("sha256:{HEX}")}, {"imageDigest": format!("sha256:{OTHER_HEX}"), "imageTags": ["v1"]},
        ]}),
    );
    account
}

fn repository(inventory: &Inventory) -> &Repository {
    &inventory.repositories[&format!("{REGISTRY}/app")]
}

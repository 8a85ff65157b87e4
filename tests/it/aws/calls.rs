//! Each call that the product makes, by the real SDK: shapes parse, listings are complete.

use std::collections::BTreeSet;

use aws_sdk_ecr::types::{ImageIdentifier, ImageTagMutability};
use aws_sdk_lambda::types::FunctionVersion;
use layerproof::model::digest::Digest;

use super::layerproof_on;
use super::sdk::{assume, config, config_with};
use crate::loopback::{Fleet, LoopbackAws, SECRET_IN_ENVIRONMENT, SECRET_IN_LINK, SECRET_IN_REGISTRY_TOKEN, SECRETS, Synthetic, edit};
use crate::run::{Home, repo};

const PROD: &str = "111122223333";
const DATA: &str = "444455556666";
const REGION: &str = "eu-west-1";

fn demo() -> LoopbackAws {
    LoopbackAws::of(Fleet::read(repo().join("testdata/fleet"))).start()
}

#[tokio::test]
async fn functions_of_every_version_come_in_pages_of_at_most_fifty() {
    let aws = LoopbackAws::of(Synthetic { functions: 70, versions: 2, ..Synthetic::default() }.fleet()).start();
    let lambda = aws_sdk_lambda::Client::new(&config(&aws, &Synthetic::account(0), REGION).await);
    let mut marker = None;
    let mut arns = BTreeSet::new();
    let mut pages = 0;
    loop {
        let page =
            lambda.list_functions().function_version(FunctionVersion::All).max_items(10_000).set_marker(marker).send().await.unwrap();
        assert!(page.functions().len() <= 50, "{}", page.functions().len());
        arns.extend(page.functions().iter().map(|f| f.function_arn().unwrap().to_owned()));
        pages += 1;
        marker = page.next_marker().map(str::to_owned);
        if marker.is_none() {
            break;
        }
    }
    assert_eq!((arns.len(), pages), (210, 5));
    assert_eq!(aws.log().count_in(&Synthetic::account(0), "lambda:ListFunctions"), 5);

    let latest = lambda.list_functions().send().await.unwrap();
    let first = &latest.functions()[0];
    assert_eq!((first.version(), first.function_arn().unwrap().ends_with(":function:function-0000")), (Some("$LATEST"), true));
    assert_eq!(first.environment().unwrap().variables().unwrap()["DATABASE_PASSWORD"], SECRET_IN_ENVIRONMENT);
}

#[tokio::test]
async fn a_marker_is_good_for_its_own_listing_only() {
    let aws = LoopbackAws::of(Synthetic { functions: 3, layers: 3, ..Synthetic::default() }.fleet()).pages_of(2).start();
    let lambda = aws_sdk_lambda::Client::new(&config(&aws, &Synthetic::account(0), REGION).await);
    let marker = lambda.list_layers().send().await.unwrap().next_marker().unwrap().to_owned();
    assert_eq!(lambda.list_layers().marker(&marker).send().await.unwrap().layers().len(), 1);
    for foreign in [marker.as_str(), "2"] {
        let refused = lambda.list_functions().marker(foreign).send().await.unwrap_err().into_service_error();
        assert!(refused.is_invalid_parameter_value_exception(), "{refused:?}");
    }
}

#[tokio::test]
async fn a_function_is_found_by_name_arn_version_and_alias() {
    let aws = demo();
    let lambda = aws_sdk_lambda::Client::new(&config(&aws, PROD, REGION).await);
    let arn = format!("arn:aws:lambda:{REGION}:{PROD}:function:parcel-label-render");
    let arn_of_2 = format!("{arn}:2");
    for (name, qualifier, version) in [
        ("parcel-label-render", None, "$LATEST"),
        ("parcel-label-render", Some("1"), "1"),
        ("parcel-label-render", Some("live"), "2"),
        ("parcel-label-render:1", None, "1"),
        (arn.as_str(), Some("2"), "2"),
        (arn_of_2.as_str(), None, "2"),
    ] {
        let found = lambda.get_function().function_name(name).set_qualifier(qualifier.map(str::to_owned)).send().await.unwrap();
        assert_eq!(found.configuration().unwrap().version(), Some(version), "{name} {qualifier:?}");
    }
    let found = lambda.get_function().function_name("route-planner").send().await.unwrap();
    let object = found.code().unwrap().resolved_s3_object().unwrap();
    assert_eq!((object.s3_bucket(), object.s3_object_version()), (Some("harborline-builds"), None));
    assert_eq!(
        found.configuration().unwrap().function_arn(),
        Some(format!("arn:aws:lambda:{REGION}:{PROD}:function:route-planner").as_str())
    );

    let error = lambda.get_function().function_name("nobody").send().await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
    let foreign = format!("arn:aws:lambda:{REGION}:{DATA}:function:sales-rollup");
    let error = lambda.get_function().function_name(foreign).send().await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("AccessDeniedException"));
}

#[tokio::test]
async fn versions_aliases_and_code_signing_are_told_per_function() {
    let aws = demo();
    let lambda = aws_sdk_lambda::Client::new(&config(&aws, PROD, REGION).await);
    let versions = lambda.list_versions_by_function().function_name("parcel-label-render").send().await.unwrap();
    let versions: Vec<&str> = versions.versions().iter().filter_map(|f| f.version()).collect();
    assert_eq!(versions, ["$LATEST", "1", "2"]);
    let aliases = lambda.list_aliases().function_name("checkout-quote").send().await.unwrap();
    let live = &aliases.aliases()[0];
    assert_eq!((live.name(), live.routing_config().unwrap().additional_version_weights().unwrap()["4"]), (Some("live"), 0.1));

    let arn = lambda.get_function_code_signing_config().function_name("parcel-label-render").send().await.unwrap();
    let arn = arn.code_signing_config_arn().to_owned();
    let config = lambda.get_code_signing_config().code_signing_config_arn(arn).send().await.unwrap();
    let config = config.code_signing_config().unwrap();
    assert_eq!(config.allowed_publishers().unwrap().signing_profile_version_arns().len(), 1);
    assert_eq!(config.code_signing_policies().unwrap().untrusted_artifact_on_deployment().unwrap().as_str(), "Enforce");
    let none = lambda.get_function_code_signing_config().function_name("photo-thumbnail").send().await.unwrap();
    assert_eq!(none.code_signing_config_arn(), "");
    for unknown in ["nobody", "arn:aws:lambda:eu-west-1:111122223333:function:nobody"] {
        let error = lambda.list_aliases().function_name(unknown).send().await.unwrap_err().into_service_error();
        assert!(error.is_resource_not_found_exception(), "{error:?}");
    }
    let tags = lambda.list_tags().resource(format!("arn:aws:lambda:{REGION}:{PROD}:function:checkout-quote")).send().await.unwrap();
    assert!(tags.tags().is_some());
}

#[tokio::test]
async fn versions_that_were_recorded_by_name_are_told_without_a_listing_of_all() {
    let mut files = Synthetic::default().files();
    let folder = format!("accounts/{}/{REGION}", Synthetic::account(0));
    files.remove(&format!("{folder}/lambda.ListFunctions.json"));
    let call = serde_json::json!([{
        "request": {"FunctionName": "function-0003"}, "response": {"Versions": [{"FunctionName": "function-0003", "Version": "1"}]},
    }]);
    files.insert(format!("{folder}/lambda.ListVersionsByFunction.json"), call.to_string().into_bytes());
    let aws = LoopbackAws::of(Fleet::from_files(files)).start();
    let lambda = aws_sdk_lambda::Client::new(&config(&aws, &Synthetic::account(0), REGION).await);
    assert_eq!(lambda.list_versions_by_function().function_name("function-0003").send().await.unwrap().versions().len(), 1);
    lambda.list_versions_by_function().function_name("function-0004").send().await.unwrap_err();
}

#[tokio::test]
async fn layers_are_listed_and_had_by_arn_and_by_number() {
    let aws = demo();
    let lambda = aws_sdk_lambda::Client::new(&config(&aws, PROD, REGION).await);
    let layers = lambda.list_layers().send().await.unwrap();
    assert!(layers.layers().iter().any(|layer| layer.layer_name() == Some("label-fonts")));
    let versions = lambda.list_layer_versions().layer_name("http-client").send().await.unwrap();
    assert_eq!(versions.layer_versions().iter().map(|v| v.version()).collect::<BTreeSet<_>>(), BTreeSet::from([4, 5]));

    let layer = format!("arn:aws:lambda:{REGION}:{PROD}:layer:http-client");
    let by_arn = lambda.get_layer_version_by_arn().arn(format!("{layer}:5")).send().await.unwrap();
    for name in ["http-client", &layer] {
        let by_number = lambda.get_layer_version().layer_name(name).version_number(5).send().await.unwrap();
        assert_eq!(by_number.content().unwrap().code_sha256(), by_arn.content().unwrap().code_sha256());
        let policy = lambda.get_layer_version_policy().layer_name(name).version_number(5).send().await.unwrap();
        assert!(policy.policy().unwrap().contains(DATA));
        let none = lambda.get_layer_version_policy().layer_name(name).version_number(4).send().await.unwrap_err().into_service_error();
        assert!(none.is_resource_not_found_exception(), "{none:?}");
    }
    let deleted = format!("arn:aws:lambda:{REGION}:{PROD}:layer:legacy-pdf:9");
    let deleted = lambda.get_layer_version_by_arn().arn(deleted).send().await.unwrap_err().into_service_error();
    assert!(deleted.is_resource_not_found_exception(), "{deleted:?}");
    let never_heard_of = format!("arn:aws:lambda:{REGION}:999900001111:layer:other:1");
    let denied = lambda.get_layer_version_by_arn().arn(never_heard_of).send().await.unwrap_err().into_service_error();
    assert_eq!(denied.meta().code(), Some("AccessDeniedException"));
}

#[tokio::test]
async fn repositories_and_images_are_described_with_their_mutability() {
    let aws = demo();
    let ecr = aws_sdk_ecr::Client::new(&config(&aws, PROD, REGION).await);
    let repositories = ecr.describe_repositories().send().await.unwrap();
    let mutability: Vec<&ImageTagMutability> = repositories.repositories().iter().filter_map(|r| r.image_tag_mutability()).collect();
    assert_eq!(mutability, [&ImageTagMutability::Immutable, &ImageTagMutability::ImmutableWithExclusion, &ImageTagMutability::Mutable]);
    let excluded = repositories.repositories()[1].image_tag_mutability_exclusion_filters();
    assert_eq!(excluded[0].filter(), "2026.10.*");
    let named = ecr.describe_repositories().registry_id(PROD).repository_names("driver-portal").send().await.unwrap();
    assert_eq!(named.repositories().len(), 1);
    let unknown = ecr.describe_repositories().repository_names("nobody").send().await.unwrap_err().into_service_error();
    assert!(unknown.is_repository_not_found_exception(), "{unknown:?}");

    let images = ecr.describe_images().repository_name("driver-portal").max_results(1).send().await.unwrap();
    let next = images.next_token().unwrap().to_owned();
    assert_eq!(images.image_details()[0].image_pushed_at().unwrap().secs(), 1_791_814_800);
    let rest = ecr.describe_images().repository_name("driver-portal").max_results(1).next_token(next).send().await.unwrap();
    assert_eq!((rest.image_details()[0].image_tags(), rest.next_token()), (&["2026.10.3".to_owned()][..], None));
    let tagged = ImageIdentifier::builder().image_tag("2026.10.3").build();
    assert_eq!(ecr.describe_images().repository_name("driver-portal").image_ids(tagged).send().await.unwrap().image_details().len(), 1);
    let unknown = ImageIdentifier::builder().image_tag("nothing").build();
    let unknown = ecr.describe_images().repository_name("driver-portal").image_ids(unknown).send().await.unwrap_err().into_service_error();
    assert!(unknown.is_image_not_found_exception(), "{unknown:?}");
    let unknown = ecr.describe_images().repository_name("nobody").send().await.unwrap_err().into_service_error();
    assert!(unknown.is_repository_not_found_exception(), "{unknown:?}");

    #[expect(deprecated, reason = "what a registry of another account is asked by")]
    let token = ecr.get_authorization_token().registry_ids(DATA).send().await.unwrap();
    let token = &token.authorization_data()[0];
    assert_eq!(token.proxy_endpoint(), Some("https://444455556666.dkr.ecr.eu-west-1.amazonaws.com"));
    let password = data_encoding::BASE64.decode(token.authorization_token().unwrap().as_bytes()).unwrap();
    assert!(String::from_utf8(password).unwrap().starts_with(&format!("AWS:{SECRET_IN_REGISTRY_TOKEN}")));
}

#[tokio::test]
async fn roles_of_several_accounts_each_see_their_own_account() {
    let fleet = Synthetic { accounts: 3, functions: 2, ..Synthetic::default() }.fleet();
    let aws = LoopbackAws::of(fleet).external_id(&Synthetic::account(2), "contract-7").start();
    let base = config(&aws, &Synthetic::account(0), REGION).await;
    for n in 0..3 {
        let role = assume(&base, &aws.endpoint(), &Synthetic::role(n), (n == 2).then_some("contract-7")).await.unwrap();
        let me = aws_sdk_sts::Client::new(&role).get_caller_identity().send().await.unwrap();
        let account = Synthetic::account(n);
        assert_eq!(
            (me.account(), me.arn()),
            (Some(account.as_str()), Some(format!("arn:aws:sts::{account}:assumed-role/layerproof/test").as_str()))
        );
        let functions = aws_sdk_lambda::Client::new(&role).list_functions().send().await.unwrap();
        assert!(functions.functions().iter().all(|f| f.function_arn().unwrap().contains(&account)));
        assert_eq!((functions.functions().len(), aws.log().count_in(&account, "lambda:ListFunctions")), (2, 1));
    }
    for (role, external_id) in
        [("arn:aws:iam::123412341234:role/layerproof", None), (&Synthetic::role(2), None), (&Synthetic::role(2), Some("contract-8"))]
    {
        let denied = assume(&base, &aws.endpoint(), role, external_id).await.unwrap_err();
        assert!(format!("{denied:?}").contains("AccessDenied"), "{denied:?}");
    }
}

#[tokio::test]
async fn credentials_that_nobody_handed_out_are_turned_away() {
    let aws = demo();
    let role = format!("arn:aws:iam::{DATA}:role/r");
    let base = config(&aws, PROD, REGION).await;
    let good = assume(&base, &aws.endpoint(), &role, None).await.unwrap();
    aws_sdk_lambda::Client::new(&good).list_functions().send().await.unwrap();
    for (key, token) in [("ASIA4444555566669999", "token"), ("ASIA4444555566660001", "another token"), ("AKIA0000000000000000", "")] {
        let token = (!token.is_empty()).then(|| token.to_owned());
        let bad = aws_credential_types::Credentials::new(key, "secret", token, None, "test");
        let bad = config_with(&aws.endpoint(), bad, REGION).await;
        let error = aws_sdk_lambda::Client::new(&bad).list_functions().send().await.unwrap_err().into_service_error();
        assert_eq!(error.meta().code(), Some("UnrecognizedClientException"), "{key}");
    }
}

#[tokio::test]
async fn enabled_regions_are_listed_apart_from_disabled_ones() {
    let aws = LoopbackAws::of(Fleet::read(repo().join("testdata/fleet"))).disabled_region("ap-east-1").pages_of(1).start();
    let account = aws_sdk_account::Client::new(&config(&aws, PROD, REGION).await);
    let wanted = [aws_sdk_account::types::RegionOptStatus::Enabled, aws_sdk_account::types::RegionOptStatus::EnabledByDefault];
    let first = account.list_regions().set_region_opt_status_contains(Some(wanted.to_vec())).send().await.unwrap();
    let token = first.next_token().unwrap().to_owned();
    let second = account.list_regions().set_region_opt_status_contains(Some(wanted.to_vec())).next_token(token).send().await.unwrap();
    let names: Vec<&str> = [&first, &second].into_iter().flat_map(|page| page.regions()).filter_map(|r| r.region_name()).collect();
    assert_eq!((names, second.next_token()), (vec!["eu-west-1", "us-east-1"], None));
    let off = aws_sdk_lambda::Client::new(&config(&aws, PROD, "ap-east-1").await);
    let error = off.list_functions().send().await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("UnrecognizedClientException"));
    let unused = aws_sdk_lambda::Client::new(&config(&aws, PROD, "eu-north-1").await);
    assert_eq!(unused.list_functions().send().await.unwrap().functions(), []);
}

#[tokio::test]
async fn links_give_the_bytes_once_they_are_whole_and_only_to_those_without_credentials() {
    let aws = demo();
    let lambda = aws_sdk_lambda::Client::new(&config(&aws, PROD, REGION).await);
    let found = lambda.get_function().function_name("parcel-label-render").send().await.unwrap();
    let (link, claimed) = (found.code().unwrap().location().unwrap(), found.configuration().unwrap().code_sha256().unwrap());
    assert!(link.starts_with(&aws.endpoint()) && link.contains("X-Amz-Signature=") && link.contains(SECRET_IN_LINK));
    let http = reqwest::Client::new();
    let whole = http.get(link).send().await.unwrap();
    assert_eq!(whole.headers()["content-type"], "application/zip");
    let etag = whole.headers()["etag"].to_str().unwrap().to_owned();
    let whole = whole.bytes().await.unwrap();
    assert_eq!(Digest::of(&whole).code_sha256(), claimed);
    let rest = http.get(link).header("range", "bytes=100-").send().await.unwrap();
    assert_eq!((rest.status().as_u16(), rest.headers()["etag"].to_str().unwrap()), (206, etag.as_str()));
    assert_eq!(rest.headers()["content-range"].to_str().unwrap(), format!("bytes 100-{}/{}", whole.len() - 1, whole.len()));
    assert_eq!(rest.bytes().await.unwrap(), whole.slice(100..));
    let resumed = http.get(link).header("range", "bytes=100-").header("if-range", &etag).send().await.unwrap();
    assert_eq!(resumed.status(), 206);
    let changed = http.get(link).header("range", "bytes=100-").header("if-range", "\"another\"").send().await.unwrap();
    assert_eq!((changed.status().as_u16(), changed.bytes().await.unwrap()), (200, whole.clone()));
    assert_eq!(http.get(link).header("if-match", "\"another\"").send().await.unwrap().status(), 412);
    assert_eq!(http.get(link).header("range", "bytes=999999999-").send().await.unwrap().status(), 416);
    assert_eq!(aws.log().downloads().into_values().collect::<Vec<_>>(), [4]);

    assert_eq!(http.get(link.split('?').next().unwrap()).send().await.unwrap().status(), 403, "without its query");
    assert_eq!(http.head(link).send().await.unwrap().status(), 403, "another method than was signed");
    assert_eq!(http.get(link).bearer_auth("x").send().await.unwrap().status(), 400, "with credentials");
    assert_eq!(http.get(format!("{}/download/snapshots/1/999999-9d41c7", aws.endpoint())).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn the_server_stands_in_as_a_proxy_and_tells_which_host_was_meant() {
    let aws = demo();
    let proxy = reqwest::Proxy::all(aws.endpoint()).unwrap();
    let http = reqwest::Client::builder().proxy(proxy).build().unwrap();
    http.get("http://bucket.example/x").send().await.unwrap();
    assert_eq!(aws.log().0[0].host, "bucket.example");
    reqwest::get(format!("{}/x", aws.endpoint())).await.unwrap();
    assert_eq!(aws.log().0[1].host, aws.authority());
}

#[tokio::test]
async fn a_fleet_of_two_thousand_functions_shares_a_hundred_layers_and_is_the_same_each_time() {
    let size = Synthetic { functions: 2_000, layers: 100, layers_each: 3, ..Synthetic::default() };
    let files = size.files();
    assert!(files == size.files());
    let aws = LoopbackAws::of(Fleet::from_files(files)).start();
    let lambda = aws_sdk_lambda::Client::new(&config(&aws, &Synthetic::account(0), REGION).await);
    let functions = lambda.list_functions().function_version(FunctionVersion::All).into_paginator().items().send();
    let functions = functions.collect::<Result<Vec<_>, _>>().await.unwrap();
    let code: BTreeSet<&str> = functions.iter().filter_map(|f| f.code_sha256()).collect();
    let used: BTreeSet<&str> = functions.iter().flat_map(|f| f.layers()).filter_map(|layer| layer.arn()).collect();
    assert_eq!((functions.len(), code.len(), used.len()), (4_000, 2_000, 100));
    let http = reqwest::Client::new();
    for arn in used {
        let layer = lambda.get_layer_version_by_arn().arn(arn).send().await.unwrap();
        let content = layer.content().unwrap();
        let bytes = http.get(content.location().unwrap()).send().await.unwrap().bytes().await.unwrap();
        assert_eq!((Digest::of(&bytes).code_sha256().as_str(), bytes.len() as i64), (content.code_sha256().unwrap(), content.code_size()));
    }
    assert_eq!(aws.log().downloads().into_values().collect::<Vec<usize>>(), [1; 100]);
}

#[tokio::test]
async fn an_object_is_had_in_its_version() {
    let mut files = Synthetic { functions: 1, versions: 0, ..Synthetic::default() }.files();
    let path = format!("accounts/{}/{REGION}/lambda.GetFunction.json", Synthetic::account(0));
    let object = serde_json::json!({"S3Bucket": "builds", "S3Key": "a folder/app+1.zip", "S3ObjectVersion": "v2"});
    edit(&mut files, &path, |calls| calls[0]["response"]["Code"]["ResolvedS3Object"] = object);
    let aws = LoopbackAws::of(Fleet::from_files(files)).start();
    let s3 = aws_sdk_s3::Client::new(&config(&aws, &Synthetic::account(0), REGION).await);
    let ask = |version: Option<&str>| {
        s3.get_object().bucket("builds").key("a folder/app+1.zip").set_version_id(version.map(str::to_owned)).send()
    };
    let object = ask(Some("v2")).await.unwrap();
    assert_eq!(object.version_id(), Some("v2"));
    let bytes = object.body.collect().await.unwrap().into_bytes();
    assert!(bytes.starts_with(b"PK"));
    let part = s3.get_object().bucket("builds").key("a folder/app+1.zip").range("bytes=1-2").send().await.unwrap();
    assert_eq!(part.body.collect().await.unwrap().into_bytes(), bytes.slice(1..3));
    let error = ask(Some("v1")).await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("NoSuchVersion"));
}

#[test]
fn a_run_of_the_binary_gets_credentials_that_are_planted_and_no_configuration_of_others() {
    let aws = demo();
    let home = Home::new();
    let env = aws.env(home.path(), PROD, REGION);
    let names: Vec<&str> = env.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_EC2_METADATA_DISABLED",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    ];
    assert_eq!(names, expected);
    assert!(env.iter().any(|(_, value)| SECRETS.iter().any(|secret| value.contains(secret))));
    assert_eq!(std::fs::read(home.path().join(".aws/config")).unwrap(), b"");
    layerproof_on(&aws, &home, PROD, REGION).arg("--version").run().exits(0);
    assert!(aws.log().0.is_empty());
}

//! Filters and targets: what is not meant is not asked for.

use layerproof::clients::Regions;
use layerproof::inventory::account::origin::Extent;
use layerproof::inventory::local::Target;
use layerproof::inventory::{AccountRequest, Filter, Targets};
use serde_json::json;

use super::fake::{Fake, Reply};
use super::{calls, collect_of};

fn filtered(filter: Filter) -> AccountRequest {
    AccountRequest { filter, ..AccountRequest::default() }
}

fn targets(given: &[&str]) -> AccountRequest {
    let mut targets = Targets::default();
    for text in given {
        match Target::parse(text).unwrap() {
            Target::Function(selector) => targets.functions.push(selector),
            Target::Layer(selector) => targets.layers.push(selector),
            other => panic!("{other:?}"),
        }
    }
    AccountRequest { targets: Some(targets), ..AccountRequest::default() }
}

fn functions(extent: &Extent) -> Vec<&str> {
    match extent {
        Extent::Part(part) => part.functions.iter().map(|arn| arn.name.as_str()).collect(),
        Extent::Whole => panic!("everything was asked for"),
    }
}

#[tokio::test]
async fn nothing_is_asked_about_a_function_that_the_filter_leaves_out() {
    let by_name = Filter { names: vec!["s*".into()], ..Filter::default() };
    let by_runtime = Filter { runtimes: vec!["python3.*".into()], ..Filter::default() };
    for (filter, kept, other) in [(by_name, "ship", "pay"), (by_runtime, "pay", "ship")] {
        let fake = Fake::start().await;
        let collected = collect_of(&fake, &filtered(filter)).await;
        assert_eq!(functions(&collected.extent), [kept]);
        assert!(fake.asked().iter().all(|asked| asked.parameter("FunctionName") != other), "{other} was asked for");
        assert_eq!((fake.count("ListLayers"), fake.count("ListFunctions")), (0, 1));
        assert_eq!(fake.count("DescribeRepositories"), usize::from(kept == "ship"), "repositories are asked where a function needs one");
    }
}

#[tokio::test]
async fn tags_are_read_once_and_a_function_that_lacks_them_leaves_nothing_behind() {
    let fake = Fake::start().await;
    let tags = vec![("team".into(), Some("log*".into()))];
    let collected = collect_of(&fake, &filtered(Filter { tags, ..Filter::default() })).await;
    assert_eq!(functions(&collected.extent), ["ship"]);
    assert_eq!(fake.count("GetFunction"), 2, "one version of `pay`, one of `ship`");
    assert!(calls(&collected)["GetFunction"].iter().all(|call| call.request["FunctionName"] == "ship"));
}

#[tokio::test]
async fn a_function_whose_tags_cannot_be_read_is_kept() {
    for denied in [true, false] {
        let fake = Fake::with(move |asked| {
            let unread = asked.operation == "GetFunction" && asked.parameter("FunctionName") == "pay";
            unread.then(|| match denied {
                true => Reply::denied("lambda:GetFunction"),
                false => Reply::json(json!({
                    "Configuration": {"FunctionName": "pay", "FunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:pay",
                        "Version": asked.parameter("Qualifier")},
                    "TagsError": {"ErrorCode": "AccessDeniedException", "Message": "lambda:ListTags"},
                })),
            })
        })
        .await;
        let tags = vec![("team".into(), Some("log*".into()))];
        let collected = collect_of(&fake, &filtered(Filter { tags, ..Filter::default() })).await;
        assert_eq!(functions(&collected.extent), ["pay", "ship"]);
        let response = &calls(&collected)["GetFunction"][0].response;
        assert_eq!(
            response.as_ref().map(|answer| answer["TagsError"]["ErrorCode"].clone()),
            (!denied).then(|| json!("AccessDeniedException"))
        );
    }
}

#[tokio::test]
async fn a_named_function_needs_no_right_to_list_the_account() {
    let fake = Fake::with(|asked| {
        ["ListFunctions", "ListLayers", "ListLayerVersions", "DescribeRepositories"]
            .contains(&asked.operation.as_str())
            .then(|| panic!("{} was asked", asked.operation))
    })
    .await;
    let collected = collect_of(&fake, &targets(&["fn:pay:live", "arn:aws:lambda:eu-west-1:111122223333:function:pay:1"])).await;
    assert!(collected.gaps.is_empty(), "{:?}", collected.gaps);
    assert_eq!(functions(&collected.extent), ["pay"]);
    let calls = calls(&collected);
    assert_eq!(calls["ListVersionsByFunction"][0].request["FunctionName"], "pay");
    assert_eq!(calls["GetFunction"].len(), 2);
    assert_eq!(calls["GetLayerVersionByArn"].len(), 2, "the layers that it uses are described");
    for absent in ["ListFunctions", "ListLayers", "ListLayerVersions", "DescribeRepositories"] {
        assert_eq!(fake.count(absent), 0, "{absent}");
    }
}

#[tokio::test]
async fn a_named_layer_is_described_and_nothing_else() {
    let fake = Fake::start().await;
    let vendor = "arn:aws:lambda:eu-west-1:999900001111:layer:agent:7";
    let collected = collect_of(&fake, &targets(&["layer:deps:3", vendor])).await;
    let Extent::Part(part) = &collected.extent else { panic!("{:?}", collected.extent) };
    let layers: Vec<String> = part.layers.iter().map(ToString::to_string).collect();
    assert_eq!(layers, ["arn:aws:lambda:eu-west-1:111122223333:layer:deps:3", vendor]);
    assert_eq!(fake.count("GetLayerVersionByArn"), 2, "once each");
    assert_eq!(fake.count("GetLayerVersionPolicy"), 1, "only the publisher may read it");
    assert_eq!(fake.count("ListFunctions") + fake.count("ListVersionsByFunction") + fake.count("ListLayers"), 0);

    let collected = collect_of(&fake, &targets(&["layer:deps"])).await;
    let Extent::Part(part) = &collected.extent else { panic!("{:?}", collected.extent) };
    assert_eq!(part.layers.len(), 2, "every version");
}

#[tokio::test]
async fn a_name_that_nothing_has_is_no_gap_and_a_refusal_is_one() {
    let fake = Fake::with(|asked| match asked.operation.as_str() {
        "GetLayerVersionByArn" => Some(Reply::error(404, "ResourceNotFoundException", "gone")),
        "ListLayerVersions" => Some(Reply::denied("lambda:ListLayerVersions")),
        _ => None,
    })
    .await;
    let collected = collect_of(&fake, &targets(&["layer:typo:1"])).await;
    assert!(collected.gaps.is_empty());
    assert!(matches!(&collected.extent, Extent::Part(part) if part.layers.is_empty()));
    let collected = collect_of(&fake, &targets(&["layer:deps"])).await;
    assert!(collected.gaps[0].to_string().contains("lambda:ListLayerVersions"), "{:?}", collected.gaps);
}

#[tokio::test]
async fn a_target_of_an_account_or_region_that_is_not_looked_at_is_a_gap() {
    let fake = Fake::start().await;
    let mut request = targets(&[
        "arn:aws:lambda:eu-west-1:444455556666:function:pay",
        "arn:aws:lambda:us-east-1:111122223333:function:pay",
        "arn:aws:lambda:us-east-1:999900001111:layer:agent:7",
    ]);
    request.login.regions = Regions::Named(vec!["eu-west-1".into()]);
    let collected = collect_of(&fake, &request).await;
    assert_eq!(collected.gaps.len(), 3, "{:?}", collected.gaps);
    assert_eq!(fake.asked().iter().filter(|asked| asked.operation != "GetCallerIdentity").count(), 0);
}

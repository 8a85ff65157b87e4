//! What is asked in one place, and what is kept of the answers.

use serde_json::{Value, json};

use super::fake::{Fake, Reply, plain};
use super::{calls, codes, collect};
use layerproof::clients::aws::Sessions;
use layerproof::clients::aws::manners::MAX_ATTEMPTS;
use layerproof::inventory::AccountRequest;
use layerproof::inventory::account::call::UNREACHABLE;
use layerproof::inventory::account::origin::Extent;
use layerproof::inventory::aws::collect_with;

const OPERATIONS: [(&str, usize); 11] = [
    ("ListFunctions", 1),
    ("GetFunction", 3),
    ("ListAliases", 2),
    ("GetFunctionCodeSigningConfig", 1),
    ("GetCodeSigningConfig", 1),
    ("ListLayers", 1),
    ("ListLayerVersions", 1),
    ("GetLayerVersionByArn", 3),
    ("GetLayerVersionPolicy", 2),
    ("DescribeRepositories", 1),
    ("DescribeImages", 1),
];

#[tokio::test]
async fn everything_is_asked_once_and_kept() {
    let fake = Fake::start().await;
    let collected = collect(&fake).await;
    assert_eq!((collected.gaps.len(), &collected.extent), (0, &Extent::Whole));
    for (operation, count) in OPERATIONS {
        assert_eq!((operation, fake.count(operation)), (operation, count), "sent");
        assert_eq!((operation, calls(&collected)[operation].len()), (operation, count), "kept");
    }
    let calls = calls(&collected);
    assert_eq!(calls["GetFunction"][0].request, *json!({"FunctionName": "pay", "Qualifier": "$LATEST"}).as_object().unwrap());
    assert_eq!(calls["GetLayerVersionPolicy"][0].request["VersionNumber"], 3);
    assert_eq!(calls["ListAliases"][0].response.as_ref().unwrap()["Aliases"][0]["RoutingConfig"]["AdditionalVersionWeights"]["2"], 0.25);
    let function = calls["GetFunction"][0].response.as_ref().unwrap();
    assert_eq!(function["Tags"], json!({"team": "payments"}));
    assert_eq!(function["Configuration"]["Layers"][1]["CodeSize"], 20);
    let repository = &calls["DescribeRepositories"][0].response.as_ref().unwrap()["repositories"][0];
    assert_eq!(repository["imageTagMutabilityExclusionFilters"][0]["filter"], "dev-*");
    assert_eq!(collected.endpoint_override.as_deref(), Some(fake.url.as_str()), "another endpoint than AWS's is said");
}

#[tokio::test]
async fn no_secret_of_the_account_is_kept() {
    let fake = Fake::with(|asked| match (asked.operation.as_str(), asked.parameter("FunctionName")) {
        ("GetFunction", "ship") => {
            let link = "https://b.s3.amazonaws.com/k?X-Amz-Security-Token=planted-token&X-Amz-Signature=planted-signature";
            Some(Reply::error(400, "InvalidParameterValueException", &format!("cannot read {link}")))
        }
        ("GetFunction", _) => Some(Reply::json(json!({
            "Configuration": {"FunctionName": "pay", "FunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:pay:1", "Version": "1",
                "Environment": {"Variables": {"K": "planted-password"}, "Error": {"Message": "planted-environment-error"}},
                "KMSKeyArn": "planted-key", "Description": "planted-description", "StateReason": "planted-reason",
                "FileSystemConfigs": [{"Arn": "planted-file-system", "LocalMountPath": "/mnt/x"}]},
            "Code": {"Location": "https://b.s3.amazonaws.com/k?X-Amz-Signature=planted-signature",
                "Error": {"ErrorCode": "X", "Message": "GET https://b.s3.amazonaws.com/k?X-Amz-Signature=planted-signature"}},
        }))),
        ("GetLayerVersionByArn", _) => Some(Reply::json(json!({
            "LayerVersionArn": asked.parameter("Arn"), "Description": "planted-description", "LicenseInfo": "planted-licence",
            "Content": {"CodeSha256": "AA==", "CodeSize": 1, "Location": "https://b.s3/k?X-Amz-Credential=planted-credential"},
        }))),
        _ => None,
    })
    .await;
    let collected = collect(&fake).await;
    let kept: Vec<Value> = calls(&collected).values().map(|calls| serde_json::to_value(calls).unwrap()).collect();
    let text = Value::from(kept).to_string();
    assert!(text.contains("cannot read https://b.s3.amazonaws.com/k[left out]"), "what is left of a message is kept");
    for planted in ["planted", "X-Amz-", "AKIA", "\"Location\"", "Environment"] {
        assert!(!text.contains(planted), "{planted} was kept");
    }
}

#[tokio::test]
async fn a_denied_call_is_an_answer_and_the_rest_is_still_asked() {
    for (denied, _) in OPERATIONS {
        let fake = Fake::with(move |asked| (asked.operation == denied).then(|| Reply::denied(denied))).await;
        let collected = collect(&fake).await;
        let codes = codes(&collected, denied);
        assert!(!codes.is_empty() && codes.iter().all(|code| code == "AccessDeniedException"), "{denied}: {codes:?}");
        assert!(calls(&collected)[denied].iter().all(|call| call.response.is_none()), "{denied}");
        assert_eq!(fake.count(denied), codes.len(), "{denied} is asked again though a refusal does not pass");
        let others = ["ListFunctions", "ListLayers", "DescribeRepositories"];
        assert!(others.iter().all(|other| fake.count(other) == 1), "{denied} keeps others from being asked");
        match denied {
            "ListFunctions" => assert_eq!(fake.count("GetFunction"), 0),
            // Layers are known from the listing, though the function itself could not be described.
            "GetFunction" => assert_eq!((fake.count("ListAliases"), fake.count("GetLayerVersionByArn")), (2, 3)),
            _ => assert_eq!(fake.count("GetFunction"), 3, "{denied}"),
        }
    }
}

#[tokio::test]
async fn pages_are_followed_and_a_circle_ends() {
    let fake = Fake::with(|asked| {
        let page = |from: usize, next: Option<&str>| {
            let layers: Vec<Value> = (from..from + 2).map(|n| json!({"LayerName": format!("layer{n}")})).collect();
            Some(Reply::json(json!({"Layers": layers, "NextMarker": next})))
        };
        match (asked.operation.as_str(), asked.parameter("Marker")) {
            ("ListLayers", "") => page(0, Some("one")),
            ("ListLayers", "one") => page(2, Some("two/+=&")),
            ("ListLayers", "two/+=&") => page(4, Some("one")),
            ("ListLayerVersions", _) => Some(Reply::json(json!({"LayerVersions": []}))),
            _ => None,
        }
    })
    .await;
    let collected = collect(&fake).await;
    let kept = calls(&collected)["ListLayers"];
    let markers: Vec<&str> = kept.iter().map(|call| call.request.get("Marker").and_then(Value::as_str).unwrap_or_default()).collect();
    assert_eq!(markers, ["", "one", "two/+=&"], "each page once, in order, and no further round");
    assert_eq!(fake.count("ListLayerVersions"), 6, "what was read before the circle is used");
}

#[tokio::test]
async fn throttling_passes_and_the_wish_to_wait_is_heard() {
    let fake = Fake::with(|asked| match (asked.operation.as_str(), asked.earlier) {
        ("ListLayers", 0) => Some(Reply::throttled("2")),
        ("ListFunctions", 0..3) => Some(Reply::throttled("0")),
        ("DescribeRepositories", 0) => Some(Reply::error(503, "ServiceUnavailableException", "try again")),
        _ => None,
    })
    .await;
    let start = std::time::Instant::now();
    let collected = collect(&fake).await;
    assert!(start.elapsed() >= std::time::Duration::from_secs(2), "Retry-After: 2 was not kept to");
    for operation in ["ListLayers", "ListFunctions", "DescribeRepositories"] {
        assert_eq!(codes(&collected, operation), Vec::<String>::new(), "{operation}");
    }
    assert_eq!((fake.count("ListFunctions"), fake.count("ListLayers"), fake.count("DescribeRepositories")), (4, 2, 2));
    assert_eq!(calls(&collected)["ListFunctions"].len(), 1, "what is kept is what came of it in the end");
}

#[tokio::test]
async fn throttling_without_end_is_said_and_not_waited_for_for_ever() {
    let fake = Fake::with(|asked| (asked.operation == "GetFunction").then(|| Reply::throttled("0"))).await;
    let collected = collect(&fake).await;
    assert_eq!(codes(&collected, "GetFunction"), ["TooManyRequestsException"; 3]);
    assert_eq!(fake.count("GetFunction"), 3 * MAX_ATTEMPTS as usize);
    assert_eq!(codes(&collected, "ListAliases"), Vec::<String>::new());
}

#[tokio::test]
async fn an_answer_that_is_none_is_not_an_empty_account() {
    let fake = Fake::with(|asked| match asked.operation.as_str() {
        // A proxy that answers everything.
        "ListFunctions" => Some(Reply { status: 200, headers: Vec::new(), body: "<html>login</html>".into() }),
        "ListLayers" => Some(Reply::json(json!({}))),
        _ => None,
    })
    .await;
    let collected = collect(&fake).await;
    assert_eq!(codes(&collected, "ListFunctions"), ["layerproof.Unreadable"]);
    let layers = calls(&collected)["ListLayers"][0].response.clone().unwrap();
    assert_eq!(layers.get("Layers"), None, "a list that is missing must not be kept as an empty one");
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_unreachable() {
    let fake = Fake::start().await;
    // A port that nobody listens on, since it was given back.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let at = Endpoints { lambda: format!("http://{gone}"), others: fake.url.clone() };
    let lambda_only = plain().load().await.into_builder().service_config(at).build();
    let collected = collect_with(&lambda_only, &AccountRequest::default(), &Sessions::default()).await.unwrap();
    assert_eq!(codes(&collected, "ListFunctions"), [UNREACHABLE]);
    assert_eq!(codes(&collected, "ListLayers"), [UNREACHABLE]);
    assert_eq!(fake.count("DescribeRepositories"), 1, "another service is asked all the same");
    assert_eq!(collected.endpoint_override, Some(format!("http://{gone}")));
}

/// As `AWS_ENDPOINT_URL_LAMBDA` beside `AWS_ENDPOINT_URL`.
#[derive(Debug)]
struct Endpoints {
    lambda: String,
    others: String,
}

impl aws_types::service_config::LoadServiceConfig for Endpoints {
    fn load_config(&self, key: aws_types::service_config::ServiceConfigKey<'_>) -> Option<String> {
        let url = if key.service_id() == "Lambda" { &self.lambda } else { &self.others };
        (key.env() == "AWS_ENDPOINT_URL").then(|| url.clone())
    }
}

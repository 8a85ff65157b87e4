//! Amazon ECR: tokens of the account that asks.

use aws_sdk_ecr::config::{BehaviorVersion, Credentials, Region};
use layerproof::clients::Network;
use layerproof::clients::aws::Session;
use layerproof::clients::registry::LoginFiles;
use layerproof::fetch::{Fetched, Fetching, Wanted, fetch};
use layerproof::model::artifact::BlobLocation;
use layerproof::model::gap::GapReason;
use layerproof::model::inventory::Place;
use layerproof::model::observed::Observed;
use serde_json::json;

use super::login::{SECRET, basic, demand_basic};
use super::server::{Asked, Server, json_of, plain, with};
use super::{Bed, digest, image};

const ECR: &str = "444455556666.dkr.ecr.us-west-2.amazonaws.com";

/// An image of another account and region than the function's, in a registry that is asked elsewhere.
struct Fleet {
    api: Server,
    registry: Server,
    bed: Bed,
    place: Place,
}

impl Fleet {
    fn new() -> Self {
        let (api, registry) = (Server::new(), Server::new());
        let mut network = Network::default();
        network.registry_endpoints.insert(ECR.into(), registry.host.clone());
        let bed = Bed::with(network, LoginFiles::default());
        let place = Place { partition: "aws".into(), account: "111122223333".into(), region: "eu-west-1".into() };
        let (endpoint, region) = (format!("http://{}", api.host), Region::new("eu-west-1"));
        let credentials = Credentials::new("AKIDEXAMPLE", "example", None, None, "test");
        macro_rules! client {
            ($sdk:ident) => {
                $sdk::Client::from_conf(
                    $sdk::Config::builder()
                        .behavior_version(BehaviorVersion::latest())
                        .region(region.clone())
                        .endpoint_url(&endpoint)
                        .credentials_provider(credentials.clone())
                        .retry_config($sdk::config::retry::RetryConfig::disabled())
                        .build(),
                )
            };
        }
        let session = Session { lambda: client!(aws_sdk_lambda), ecr: client!(aws_sdk_ecr), s3: client!(aws_sdk_s3) };
        bed.clients.need("x", "x").unwrap().aws().keep(place.clone(), session);
        Self { api, registry, bed, place }
    }

    fn fetch(&self, digest: &str) -> Observed<Fetched> {
        let image = format!("{ECR}/team/app@{digest}").parse().unwrap();
        let location = BlobLocation::Registry { asked_in: Some(self.place.clone()), image, architecture: "x86_64".into() };
        let wanted = Wanted { subject: "the image", digest: None, size: None };
        fetch(&location, &wanted, Fetching { store: &self.bed.store, clients: &self.bed.clients, refetch: false }).unwrap()
    }
}

fn is_token_call(asked: &Asked) -> bool {
    asked.header("x-amz-target").is_some_and(|target| target.ends_with(".GetAuthorizationToken"))
}

#[test]
fn a_token_of_the_account_that_asks_is_used_in_the_images_region_even_where_it_says_it_ended_long_ago() {
    let fleet = Fleet::new();
    fleet.api.fault(|asked| {
        let data = json!({"authorizationToken": basic(), "expiresAt": 1_420_070_400, "proxyEndpoint": "https://example.com"});
        is_token_call(asked).then(|| json_of("application/x-amz-json-1.1", &json!({"authorizationData": [data]})))
    });
    demand_basic(&fleet.registry);
    let image = image(&fleet.registry, "amd64");
    assert!(matches!(fleet.fetch(digest(&image)), Observed::Present(Fetched::Image { .. })));
    let calls: Vec<Asked> = fleet.api.log();
    assert_eq!(calls.len(), 1, "one token for the whole pull");
    assert!(calls[0].header("authorization").unwrap().contains("/us-west-2/ecr/"), "{calls:?}");
}

#[test]
fn a_denied_token_names_the_action_and_is_not_taken_for_anonymous() {
    let fleet = Fleet::new();
    fleet.api.fault(|asked| {
        let body = r#"{"__type":"AccessDeniedException","message":"no"}"#;
        is_token_call(asked).then(|| with(plain(400, body), "x-amzn-errortype", "AccessDeniedException"))
    });
    let image = image(&fleet.registry, "amd64");
    demand_basic(&fleet.registry);
    let found = fleet.fetch(digest(&image));
    assert_eq!(found.gap().unwrap().reason, GapReason::Denied { action: "ecr:GetAuthorizationToken".into() });
    assert_eq!(fleet.registry.count("/manifests/"), 0);
}

#[test]
fn a_token_of_ecr_goes_to_no_token_service_elsewhere() {
    let (fleet, elsewhere) = (Fleet::new(), Server::new());
    fleet.api.fault(|asked| {
        is_token_call(asked)
            .then(|| json_of("application/x-amz-json-1.1", &json!({"authorizationData": [{"authorizationToken": basic()}]})))
    });
    let realm = format!("Bearer realm=\"http://{}/token\"", elsewhere.host);
    fleet.registry.fault(move |_| Some(with(plain(401, ""), "www-authenticate", &realm)));
    let image = image(&fleet.registry, "amd64");
    let gap = fleet.fetch(digest(&image)).gap().unwrap().clone();
    assert!(gap.detail.contains("is not sent") && !format!("{gap:?}").contains(SECRET), "{gap}");
    assert!(elsewhere.log().is_empty());
}

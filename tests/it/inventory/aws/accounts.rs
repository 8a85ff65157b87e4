//! Which accounts and regions are asked.

use layerproof::clients::aws::Sessions;
use layerproof::clients::{LoginError, Regions};
use layerproof::inventory::aws::collect_with;
use layerproof::inventory::{AccountRequest, InventoryError};
use layerproof::model::gap::GapReason;
use layerproof::model::inventory::Place;

use super::fake::{Fake, Reply};
use super::{collect_of, of_regions, of_roles};
use crate::inventory::account::OWN;

const OTHER: &str = "444455556666";
const THIRD: &str = "777788889999";

fn place(account: &str, region: &str) -> Place {
    Place { partition: "aws".into(), account: account.into(), region: region.into() }
}

async fn refused(fake: &Fake, request: &AccountRequest) -> LoginError {
    match collect_with(&fake.config().await, request, &Sessions::default()).await {
        Err(InventoryError::Login(error)) => error,
        other => panic!("no error of the login: {other:?}"),
    }
}

#[tokio::test]
async fn one_denied_role_of_three_keeps_no_other_account_from_being_judged() {
    let fake = Fake::with(|asked| {
        let denied = asked.operation == "AssumeRole" && asked.parameter("RoleArn").contains(OTHER);
        denied.then(|| Reply::sts_error(403, "AccessDenied", "User: x is not authorized to perform: sts:AssumeRole"))
    })
    .await;
    let sessions = Sessions::default();
    let collected = collect_with(&fake.config().await, &of_roles(&[OWN, OTHER, THIRD]), &sessions).await.unwrap();
    let places: Vec<&Place> = collected.places.iter().map(|calls| &calls.place).collect();
    assert_eq!(places, [&place(OWN, "eu-west-1"), &place(THIRD, "eu-west-1")]);
    assert!(sessions.calls().load(std::sync::atomic::Ordering::Relaxed) > 1, "people who wait are told how far it is");
    assert!(sessions.at(&place(THIRD, "eu-west-1")).is_some() && sessions.at(&place(OTHER, "eu-west-1")).is_none());
    let [gap] = &collected.gaps[..] else { panic!("{:?}", collected.gaps) };
    assert_eq!(gap.reason, GapReason::Denied { action: "sts:AssumeRole".into() });
    assert!(gap.subject.contains(OTHER) && gap.next_step.contains(OTHER), "{gap:?}");
    let [row] = &collected.coverage[..] else { panic!("{:?}", collected.coverage) };
    assert_eq!((&row.place, row.api.as_str(), row.answered, row.missing), (&place(OTHER, "eu-west-1"), "sts:AssumeRole", 0, 1));
    let sent = fake.asked().into_iter().find(|asked| asked.operation == "AssumeRole").unwrap();
    assert_eq!((sent.parameter("ExternalId"), sent.parameter("RoleSessionName")), ("our-id", "layerproof"));
    // Each account is asked with its own credentials.
    assert!(fake.asked().iter().all(|asked| asked.operation != "ListFunctions" || asked.account != OTHER));
}

#[tokio::test]
async fn an_account_that_turns_out_to_be_another_is_not_taken_for_it() {
    let fake = Fake::with(|asked| {
        (asked.operation == "GetCallerIdentity" && asked.account == OTHER).then(|| Reply {
            status: 200,
            headers: Vec::new(),
            body: format!(
                "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::{OWN}:user/x</Arn><Account>{OWN}</Account>\
                 </GetCallerIdentityResult></GetCallerIdentityResponse>"
            ),
        })
    })
    .await;
    let collected = collect_of(&fake, &of_roles(&[OTHER])).await;
    assert!(collected.places.is_empty());
    assert_eq!((collected.gaps.len(), collected.coverage.len()), (1, 1));
}

#[tokio::test]
async fn credentials_that_are_no_good_end_the_run_with_the_next_step() {
    let fake = Fake::with(|asked| {
        (asked.operation == "GetCallerIdentity").then(|| Reply::sts_error(403, "ExpiredToken", "The security token included is expired"))
    })
    .await;
    let error = refused(&fake, &AccountRequest::default()).await;
    assert!(matches!(error, LoginError::Expired { .. }) && error.hint().contains("aws sso login"), "{error}");

    let fake = Fake::with(|asked| {
        (asked.operation == "AssumeRole").then(|| Reply::sts_error(403, "InvalidClientTokenId", "The security token is invalid"))
    })
    .await;
    assert!(matches!(refused(&fake, &of_roles(&[OTHER])).await, LoginError::Rejected { .. }));

    let mut config = fake.config().await.into_builder();
    config.set_credentials_provider(None);
    let result = collect_with(&config.build(), &AccountRequest::default(), &Sessions::default()).await;
    assert!(matches!(result, Err(InventoryError::Login(LoginError::NoCredentials { .. }))));
}

#[tokio::test]
async fn a_region_that_is_none_is_refused_before_anything_is_asked() {
    let fake = Fake::start().await;
    for wrong in ["us-esat-1", "eu-west-1.evil.example", "", "EU-WEST-1"] {
        let error = refused(&fake, &of_regions(Regions::Named(vec!["eu-west-1".into(), wrong.into()]))).await;
        assert_eq!(error, LoginError::UnknownRegion { presented: wrong.into() });
    }
    assert_eq!(refused(&fake, &of_regions(Regions::Named(Vec::new()))).await, LoginError::NoRegion);
    assert!(fake.asked().is_empty());
    let foreign = refused(&fake, &of_regions(Regions::Named(vec!["cn-north-1".into()]))).await;
    assert!(matches!(foreign, LoginError::ForeignRegion { .. }));
}

#[tokio::test]
async fn named_regions_are_asked_once_each() {
    let fake = Fake::start().await;
    let collected = collect_of(&fake, &of_regions(Regions::Named(["us-east-1", "eu-west-1", "us-east-1"].map(Into::into).into()))).await;
    let places: Vec<&Place> = collected.places.iter().map(|calls| &calls.place).collect();
    assert_eq!(places, [&place(OWN, "eu-west-1"), &place(OWN, "us-east-1")]);
    assert_eq!(fake.count("ListFunctions"), 2);
}

#[tokio::test]
async fn all_regions_are_those_that_the_account_uses() {
    let fake = Fake::start().await;
    let collected = collect_of(&fake, &of_regions(Regions::All)).await;
    assert_eq!(collected.places.len(), 2);
    assert!(collected.gaps.is_empty(), "{:?}", collected.gaps);
    let [row] = &collected.coverage[..] else { panic!("{:?}", collected.coverage) };
    assert_eq!((row.api.as_str(), row.answered, row.missing), ("account:ListRegions", 1, 0));
}

#[tokio::test]
async fn regions_that_cannot_be_listed_are_tried_and_one_that_is_off_is_no_failure() {
    let fake = Fake::with(|asked| match (asked.operation.as_str(), asked.region.as_str()) {
        ("ListRegions", _) => Some(Reply::denied("account:ListRegions")),
        ("GetCallerIdentity", _) | (_, "eu-west-1") => None,
        (_, "us-east-1") => Some(Reply::error(403, "InvalidSignatureException", "clock")),
        _ => Some(Reply::error(403, "UnrecognizedClientException", "The security token included in the request is invalid.")),
    })
    .await;
    let collected = collect_of(&fake, &of_regions(Regions::All)).await;
    let places: Vec<&str> = collected.places.iter().map(|calls| calls.place.region.as_str()).collect();
    // A refusal of another kind stays: it says nothing about whether the region is used.
    assert_eq!(places, ["eu-west-1", "us-east-1"]);
    assert!(collected.not_enabled.len() > 20);
    let [gap] = &collected.gaps[..] else { panic!("{:?}", collected.gaps) };
    assert_eq!(gap.reason, GapReason::Denied { action: "account:ListRegions".into() });
    assert_eq!(collected.coverage[0].missing, 1);
}

#[tokio::test]
async fn a_region_that_was_named_and_is_off_stays_a_gap() {
    let off = |asked: &super::fake::Asked| {
        (asked.region == "us-east-1" && asked.operation != "GetCallerIdentity")
            .then(|| Reply::error(403, "UnrecognizedClientException", "The security token included in the request is invalid."))
    };
    let fake = Fake::with(off).await;
    let collected = collect_of(&fake, &of_regions(Regions::Named(vec!["us-east-1".into()]))).await;
    assert_eq!(super::codes(&collected, "ListFunctions"), ["UnrecognizedClientException"]);
    assert!(collected.not_enabled.is_empty());
}

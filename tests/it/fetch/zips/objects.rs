//! Storage mode REFERENCE: the very object version, wherever its bucket is.

use axum::body::Body;
use axum::response::Response;
use layerproof::model::gap::GapReason;
use layerproof::store::Integrity;

use super::cloud::*;

fn cloud(bytes: &[u8], answer: impl Fn(&Seen, usize) -> Response + Send + Sync + 'static) -> Cloud {
    Cloud::new(Stated::of(bytes), answer)
}

#[test]
fn the_named_version_of_the_object_is_asked_for() {
    let bytes = some_bytes(100_000);
    let served = bytes.clone();
    let cloud = cloud(&bytes, move |_, _| {
        let mut response = whole(&served);
        response.headers_mut().insert("x-amz-version-id", "v1".parse().unwrap());
        response
    });
    assert_eq!(blob(cloud.fetch(&object(Some("v1")), &bytes)).integrity, Integrity::Matches);
    let asked = cloud.server.seen("/artifacts/team/deps.zip");
    assert_eq!(asked.len(), 1);
    assert!(asked[0].target.contains("versionId=v1"), "{}", asked[0].target);
    assert_eq!(asked[0].header("x-amz-checksum-mode"), None, "hashed once, by us");
}

#[test]
fn without_a_version_the_current_one_still_has_to_have_the_claimed_digest() {
    let bytes = some_bytes(1000);
    let cloud = cloud(&bytes, |_, _| whole(&[7; 1000]));
    assert!(matches!(blob(cloud.fetch(&object(None), &bytes)).integrity, Integrity::Mismatch { .. }));
    assert!(!cloud.server.seen("/artifacts/")[0].target.contains("versionId"));
}

#[test]
fn what_can_be_overwritten_in_place_is_read_in_every_run_whatever_the_store_has() {
    let bytes = some_bytes(1000);
    for version in [None, Some("null")] {
        let first = bytes.clone();
        let cloud = cloud(&bytes, move |_, number| whole(if number == 1 { &first } else { &[7; 1000] }));
        assert_eq!(blob(cloud.fetch(&object(version), &bytes)).integrity, Integrity::Matches);
        let overwritten = blob(cloud.fetch(&object(version), &bytes));
        assert!(matches!(overwritten.integrity, Integrity::Mismatch { .. }), "{version:?}");
    }
}

#[test]
fn an_answer_about_another_version_is_not_taken() {
    let bytes = some_bytes(1000);
    let served = bytes.clone();
    let cloud = cloud(&bytes, move |_, _| {
        let mut response = whole(&served);
        response.headers_mut().insert("x-amz-version-id", "v2".parse().unwrap());
        response
    });
    assert_eq!(gap(cloud.fetch(&object(Some("v1")), &bytes)).reason, GapReason::Malformed);
}

#[test]
fn a_broken_object_goes_on_where_it_broke() {
    let bytes = some_bytes(200_000);
    let served = bytes.clone();
    let cloud = cloud(&bytes, move |seen, number| match (number, seen.range()) {
        (1, None) => broken(&served, 50_000),
        (2, None) => panic!("from the start"),
        (_, Some(from)) => rest(&served, from),
        other => panic!("{other:?}"),
    });
    assert_eq!(blob(cloud.fetch(&object(Some("v1")), &bytes)).integrity, Integrity::Matches);
    let asked = cloud.server.seen("/artifacts/");
    assert_eq!((asked.len(), asked[1].range(), asked[1].header("if-match")), (2, Some(50_000), Some("\"one\"")));
}

#[test]
fn an_object_that_is_overwritten_while_it_is_read_is_read_again() {
    let (old, new) = (vec![1; 1000], some_bytes(1000));
    let served = new.clone();
    let cloud = cloud(&new, move |seen, number| match (number, seen.range()) {
        (1, None) => broken(&old, 400),
        (2, Some(_)) => refusal(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"),
        (3, None) => whole(&served),
        other => panic!("{other:?}"),
    });
    assert_eq!(blob(cloud.fetch(&object(None), &new)).integrity, Integrity::Matches);
}

#[test]
fn a_bucket_in_another_region_is_asked_there_once() {
    let bytes = some_bytes(1000);
    for (status, code) in [(301, "PermanentRedirect"), (400, "AuthorizationHeaderMalformed")] {
        let served = bytes.clone();
        let cloud = cloud(&bytes, move |seen, _| {
            if seen.header("authorization").unwrap().contains("/us-west-2/s3/") {
                return whole(&served);
            }
            let mut response = refusal(status, code, "The bucket you are attempting to access must be addressed elsewhere");
            response.headers_mut().insert("x-amz-bucket-region", "us-west-2".parse().unwrap());
            response
        });
        assert_eq!(blob(cloud.fetch(&object(Some("v1")), &bytes)).integrity, Integrity::Matches, "{code}");
        assert_eq!(cloud.server.seen("/artifacts/").len(), 2);
    }
}

#[test]
fn a_region_that_is_no_region_is_not_gone_to() {
    let bytes = some_bytes(10);
    for region in ["evil.example.com/", "us-west-2.evil", "EU", "", "a@b"] {
        let cloud = cloud(&bytes, move |_, _| {
            let mut response = refusal(301, "PermanentRedirect", "elsewhere");
            response.headers_mut().insert("x-amz-bucket-region", region.parse().unwrap());
            response
        });
        gap(cloud.fetch(&object(None), &bytes));
        assert_eq!(cloud.server.seen("/artifacts/").len(), 1, "{region}");
    }
    let wandering = cloud(&bytes, move |_, number| {
        let mut response = refusal(301, "PermanentRedirect", "elsewhere");
        response.headers_mut().insert("x-amz-bucket-region", format!("us-west-{number}").parse().unwrap());
        response
    });
    gap(wandering.fetch(&object(None), &bytes));
    assert_eq!(wandering.server.seen("/artifacts/").len(), 2);
}

#[test]
fn what_s3_refuses_is_told_apart() {
    let bytes = some_bytes(10);
    let denied = |action: &str| GapReason::Denied { action: action.into() };
    for (version, status, code, message, expected) in [
        (Some("v1"), 403, "AccessDenied", "Access Denied", denied("s3:GetObjectVersion")),
        (None, 403, "AccessDenied", "Access Denied", denied("s3:GetObject")),
        (None, 403, "AccessDenied", "not authorized to perform: kms:Decrypt", denied("kms:Decrypt")),
        (None, 400, "KMS.KMSInvalidStateException", "pending deletion", denied("kms:Decrypt")),
        (None, 404, "NoSuchKey", "gone", GapReason::Deleted),
        (Some("v1"), 404, "NoSuchVersion", "gone", GapReason::Deleted),
        (None, 404, "NoSuchBucket", "gone", GapReason::Deleted),
        (Some("v1"), 405, "MethodNotAllowed", "delete marker", GapReason::Deleted),
        (None, 403, "InvalidObjectState", "archived", GapReason::ServiceError { code: "InvalidObjectState".into() }),
        (None, 503, "SlowDown", "slow down", GapReason::Throttled),
        (None, 500, "InternalError", "internal", GapReason::Unreachable),
        (None, 403, "InvalidAccessKeyId", "unknown key", GapReason::Unreachable),
    ] {
        let cloud = cloud(&bytes, move |_, _| refusal(status, code, message));
        assert_eq!(gap(cloud.fetch(&object(version), &bytes)).reason, expected, "{code}");
    }
}

#[test]
fn s3_may_fail_for_a_while() {
    let bytes = some_bytes(1000);
    let served = bytes.clone();
    let cloud = cloud(&bytes, move |_, number| match number {
        1 => refusal(503, "SlowDown", "slow down"),
        2 => Response::builder().status(500).body(Body::empty()).unwrap(),
        _ => whole(&served),
    });
    assert_eq!(blob(cloud.fetch(&object(None), &bytes)).integrity, Integrity::Matches);
    assert_eq!(cloud.server.seen("/artifacts/").len(), 3, "asked again by us alone, not by the SDK as well");
}

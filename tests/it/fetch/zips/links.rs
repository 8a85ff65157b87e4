//! Links that expire, are refused or lead elsewhere, and what the API says before there is one.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::response::Response;
use layerproof::model::artifact::BlobLocation;
use layerproof::model::gap::GapReason;
use layerproof::model::inventory::Place;
use layerproof::store::Integrity;
use serde_json::json;

use super::cloud::*;

fn denied(action: &str) -> GapReason {
    GapReason::Denied { action: action.into() }
}

#[test]
fn an_expired_link_is_asked_for_anew() {
    let bytes = some_bytes(1000);
    for (status, code, message) in [
        (403, "AccessDenied", "Request has expired"),
        (400, "ExpiredToken", "The provided token has expired."),
        (403, "AccessDenied", "Access Denied"),
    ] {
        let served = bytes.clone();
        let cloud = Cloud::new(Stated::of(&bytes), move |seen, _| {
            if seen.target.starts_with("/link/1/") { refusal(status, code, message) } else { whole(&served) }
        });
        assert_eq!(blob(cloud.fetch(&function("7"), &bytes)).integrity, Integrity::Matches, "{code} {message}");
        assert_eq!(cloud.server.seen("/2015-03-31/").len(), 2);
        assert_eq!(cloud.server.seen("/link/").len(), 2);
    }
}

#[test]
fn a_link_that_dies_half_way_is_replaced_and_the_body_goes_on() {
    let bytes = some_bytes(1000);
    let served = bytes.clone();
    let cloud = Cloud::new(Stated::of(&bytes), move |seen, number| match (number, seen.range()) {
        (1, None) => broken(&served, 400),
        (2, Some(_)) => refusal(403, "AccessDenied", "Request has expired"),
        (3, Some(from)) => {
            assert!(seen.target.starts_with("/link/2/"));
            rest(&served, from)
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(blob(cloud.fetch(&layer(), &bytes)).integrity, Integrity::Matches);
}

#[test]
fn links_that_are_always_expired_end_in_a_gap() {
    let bytes = some_bytes(10);
    let cloud = Cloud::new(Stated::of(&bytes), |_, _| refusal(403, "AccessDenied", "Request has expired"));
    assert_eq!(gap(cloud.fetch(&layer(), &bytes)).reason, GapReason::Unreachable);
    assert_eq!(cloud.server.seen("/2018-10-31/").len() as u32, hasty().links);
    let cloud = Cloud::new(Stated::of(&bytes), |_, _| refusal(403, "AccessDenied", "Access Denied"));
    assert_eq!(gap(cloud.fetch(&layer(), &bytes)).reason, denied("s3:GetObject"));
}

#[test]
fn a_customers_key_that_may_not_be_used_is_named_with_what_to_do() {
    let bytes = some_bytes(10);
    let key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd";
    for (status, code, message) in [
        (403, "AccessDenied", "User is not authorized to perform: kms:Decrypt on this resource"),
        (400, "KMS.DisabledException", "the key is disabled"),
        // No word of it: but the API said that there is a key.
        (403, "AccessDenied", "Access Denied"),
    ] {
        let stated = Stated { code: json!({ "SourceKMSKeyArn": key }), ..Stated::of(&bytes) };
        let cloud = Cloud::new(stated, move |_, _| refusal(status, code, message));
        let gap = gap(cloud.fetch(&function("7"), &bytes));
        assert_eq!(gap.reason, denied("kms:Decrypt"), "{message}");
        assert!(gap.detail.contains(key) && gap.next_step.contains("kms:Decrypt"), "{gap:?}");
    }
    let stated = Stated { error: Some((502, "KMSAccessDeniedException", "Lambda was unable to decrypt")), ..Stated::of(&bytes) };
    assert_eq!(gap(Cloud::new(stated, |_, _| unreachable!()).fetch(&function("7"), &bytes)).reason, denied("kms:Decrypt"));
}

#[test]
fn what_the_api_refuses_is_told_apart() {
    let bytes = some_bytes(10);
    for (error, of_function, of_layer) in [
        ((403, "AccessDeniedException", "User is not authorized"), denied("lambda:GetFunction"), denied("lambda:GetLayerVersion")),
        ((404, "ResourceNotFoundException", "The resource does not exist"), GapReason::Deleted, GapReason::Deleted),
        ((429, "TooManyRequestsException", "Rate exceeded"), GapReason::Throttled, GapReason::Throttled),
        ((400, "ThrottlingException", "Rate exceeded"), GapReason::Throttled, GapReason::Throttled),
        ((500, "ServiceException", "failed"), GapReason::Unreachable, GapReason::Unreachable),
        ((403, "ExpiredTokenException", "The security token is expired"), GapReason::Unreachable, GapReason::Unreachable),
    ] {
        for (location, expected) in [(function("7"), of_function), (layer(), of_layer)] {
            let cloud = Cloud::new(Stated { error: Some(error), ..Stated::of(&bytes) }, |_, _| unreachable!());
            let gap = gap(cloud.fetch(&location, &bytes));
            assert_eq!(gap.reason, expected, "{error:?}");
            assert!(gap.detail.contains(error.1), "{gap:?}");
        }
    }
}

#[test]
fn an_object_that_is_gone_behind_the_link_is_deleted_and_a_proxys_404_is_not() {
    let bytes = some_bytes(10);
    let cloud = Cloud::new(Stated::of(&bytes), |_, _| refusal(404, "NoSuchKey", "The specified key does not exist."));
    assert_eq!(gap(cloud.fetch(&layer(), &bytes)).reason, GapReason::Deleted);
    let cloud = Cloud::new(Stated::of(&bytes), |_, _| Response::builder().status(404).body("<html>not found</html>".into()).unwrap());
    assert_eq!(gap(cloud.fetch(&layer(), &bytes)).reason, GapReason::Unreachable);
}

#[test]
fn a_package_that_lambda_itself_cannot_have_is_said_to_be_that() {
    let bytes = some_bytes(10);
    let code = json!({ "Error": { "ErrorCode": "S3AccessDenied", "Message": "cannot read the object" }, "Location": null });
    let cloud = Cloud::new(Stated { code, ..Stated::of(&bytes) }, |_, _| unreachable!());
    let gap = gap(cloud.fetch(&function("7"), &bytes));
    assert_eq!(gap.reason, GapReason::ServiceError { code: "S3AccessDenied".into() });
}

#[test]
fn latest_that_changed_meanwhile_is_to_be_scanned_again_and_nothing_is_downloaded() {
    let (listed, now) = (some_bytes(10), some_bytes(20));
    let cloud = Cloud::new(Stated { version: "$LATEST".into(), ..Stated::of(&now) }, |_, _| unreachable!());
    let gap = gap(cloud.fetch(&function("$LATEST"), &listed));
    assert_eq!(gap.reason, GapReason::Malformed);
    assert!(gap.detail.contains("changed while it was read") && gap.next_step.contains("Scan again"), "{gap:?}");
}

#[test]
fn a_published_version_that_changed_is_no_small_matter() {
    let (listed, now) = (some_bytes(10), some_bytes(20));
    for location in [function("7"), layer()] {
        let cloud = Cloud::new(Stated::of(&now), |_, _| unreachable!());
        let gap = gap(cloud.fetch(&location, &listed));
        assert_eq!(gap.reason, GapReason::Malformed);
        assert!(gap.detail.contains("can never be"), "{gap:?}");
    }
}

#[test]
fn an_answer_about_something_else_is_not_taken() {
    let bytes = some_bytes(10);
    for location in [function("7"), layer()] {
        let cloud = Cloud::new(Stated { version: "8".into(), ..Stated::of(&bytes) }, |_, _| unreachable!());
        assert_eq!(gap(cloud.fetch(&location, &bytes)).reason, GapReason::Malformed);
    }
}

#[test]
fn links_to_other_schemes_and_plain_http_elsewhere_are_not_followed() {
    let bytes = some_bytes(10);
    for link in [
        "http://bucket.example.com/zip",
        "http://169.254.169.254/latest",
        "https://169.254.169.254/latest",
        "file:///etc/passwd",
        "s3://",
        "",
    ] {
        let location = Some(format!("{link}?X-Amz-Signature={SIGNATURE}"));
        let cloud = Cloud::new(Stated { location, ..Stated::of(&bytes) }, |_, _| unreachable!());
        assert_eq!(gap(cloud.fetch(&layer(), &bytes)).reason, GapReason::Malformed, "{link}");
    }
}

#[test]
fn a_redirect_carries_neither_the_link_nor_a_login_to_another_host() {
    let bytes = some_bytes(1000);
    let served = bytes.clone();
    let other = Server::start(move |_, _, _| whole(&served));
    let to = format!("http://localhost:{}/elsewhere", other.address.port());
    let cloud =
        Cloud::new(Stated::of(&bytes), move |_, _| Response::builder().status(307).header("location", &to).body(Body::empty()).unwrap());
    assert_eq!(blob(cloud.fetch(&layer(), &bytes)).integrity, Integrity::Matches);
    let seen = other.seen("/");
    assert_eq!(seen.len(), 1);
    let shown = format!("{:?}", seen[0]);
    assert!(!shown.contains(SIGNATURE) && !shown.contains("X-Amz-"), "{shown}");
    for name in ["authorization", "referer", "cookie"] {
        assert_eq!(seen[0].header(name), None);
    }
}

#[test]
fn redirects_to_metadata_to_plain_http_and_in_circles_are_not_followed() {
    let bytes = some_bytes(10);
    for to in [
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
        "https://169.254.169.254/",
        "https://[fd00:ec2::254]/",
        "http://example.com/",
        "file:///etc/passwd",
        "https://user:password@example.com/",
        "/link/again",
    ] {
        let cloud =
            Cloud::new(Stated::of(&bytes), move |_, _| Response::builder().status(302).header("location", to).body(Body::empty()).unwrap());
        assert_eq!(gap(cloud.fetch(&layer(), &bytes)).reason, GapReason::Unreachable, "{to}");
        assert!(cloud.server.seen("/link/").len() <= 4, "{to}");
    }
}

#[test]
fn a_host_that_echoes_the_link_in_its_refusal_does_not_get_it_shown() {
    let bytes = some_bytes(10);
    for (status, code, message) in [
        (403, "SignatureDoesNotMatch", format!("we calculated another than {SIGNATURE}")),
        (400, "Weird", TOKEN.to_owned()),
        (400, SIGNATURE, "x".to_owned()),
        (400, "Weird", format!("see http://x/?{}", &SIGNATURE[3..20])),
        (502, "InternalError", format!("upstream {}", SIGNATURE.to_uppercase())),
    ] {
        let cloud = Cloud::new(Stated::of(&bytes), move |_, _| refusal(status, code, &message));
        gap(cloud.fetch(&layer(), &bytes));
    }
}

#[test]
fn nothing_of_a_link_is_in_what_vv_talks_of() {
    let bytes = some_bytes(1000);
    let served = bytes.clone();
    let cloud = Cloud::new(Stated::of(&bytes), move |seen, number| match (number, seen.range()) {
        (1, _) => refusal(403, "AccessDenied", &format!("Request has expired {SIGNATURE}")),
        (2, _) => broken(&served, 400),
        (3, _) => refusal(503, "SlowDown", SIGNATURE),
        (4, _) => {
            Response::builder().status(302).header("location", format!("/link/x?X-Amz-Signature={SIGNATURE}")).body("".into()).unwrap()
        }
        (_, Some(from)) => rest(&served, from),
        (_, None) => whole(&served),
    });
    let talk = Talk::default();
    let writer = talk.clone();
    // The finest level that -vv turns on.
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_writer(move || writer.clone()).finish();
    let found = tracing::subscriber::with_default(subscriber, || cloud.fetch(&function("7"), &bytes));
    assert_eq!(blob(found).integrity, Integrity::Matches);
    let talk = String::from_utf8(talk.0.lock().unwrap().clone()).unwrap();
    assert!(talk.contains("asking for the bytes again"), "nothing was said: {talk}");
    for secret in [SIGNATURE, &TOKEN[..20], "X-Amz-Signature", "secret-planted"] {
        assert!(!talk.contains(secret), "{secret} in {talk}");
    }
}

#[derive(Clone, Default)]
struct Talk(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Talk {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn nothing_is_asked_without_credentials_or_offline() {
    let bytes = some_bytes(10);
    let cloud = Cloud::new(Stated::of(&bytes), |_, _| unreachable!());
    let place = Place { account: "999999999999".into(), ..place() };
    let BlobLocation::LambdaLayer { arn, .. } = layer() else { unreachable!() };
    let elsewhere = BlobLocation::LambdaLayer { asked_in: place, arn };
    let gap = gap(cloud.fetch(&elsewhere, &bytes));
    assert_eq!(gap.reason, GapReason::Unreachable);
    assert!(gap.detail.contains("999999999999"));
    assert!(cloud.server.seen("/").is_empty());
}

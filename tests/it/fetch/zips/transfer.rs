//! Bodies that break, stop, lie or never end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::stream;
use layerproof::clients::http::Patience;
use layerproof::fetch::MAX_ZIP_BYTES;
use layerproof::model::digest::Digest;
use layerproof::model::gap::GapReason;
use layerproof::store::Integrity;

use super::cloud::*;

#[test]
fn a_layer_is_fetched_with_the_link_that_was_just_asked_for_and_hashed() {
    let bytes = some_bytes(300_000);
    let served = bytes.clone();
    let cloud = Cloud::new(Stated::of(&bytes), move |_, _| whole(&served));
    let blob = blob(cloud.fetch(&layer(), &bytes));
    assert_eq!((blob.digest, blob.size, blob.integrity), (Digest::of(&bytes), 300_000, Integrity::Matches));
    assert!(!blob.from_store);
    assert_eq!(std::fs::read(&blob.path).unwrap(), bytes);
    let asked = cloud.server.seen("/link/");
    assert_eq!(asked.len(), 1);
    assert!(asked[0].header("user-agent").unwrap().starts_with("layerproof/"));
    // The link is the login: nothing else goes with it, and the body is wanted as it is.
    for name in ["authorization", "cookie", "referer", "accept-encoding", "x-amz-security-token"] {
        assert_eq!(asked[0].header(name), None, "{name}");
    }
}

#[test]
fn a_function_version_is_asked_for_by_its_qualifier() {
    let bytes = some_bytes(10);
    let served = bytes.clone();
    let cloud = Cloud::new(Stated::of(&bytes), move |_, _| whole(&served));
    assert_eq!(blob(cloud.fetch(&function("7"), &bytes)).integrity, Integrity::Matches);
    assert_eq!(cloud.server.seen("/2015-03-31/")[0].target, "/2015-03-31/functions/pay?Qualifier=7");
}

#[test]
fn other_bytes_than_claimed_are_a_mismatch_and_are_kept_as_evidence() {
    let (claimed, served) = (some_bytes(1000), vec![7; 1000]);
    let cloud = Cloud::new(Stated::of(&claimed), move |_, _| whole(&[7; 1000]));
    let blob = blob(cloud.fetch(&layer(), &claimed));
    assert!(matches!(blob.integrity, Integrity::Mismatch { .. }), "{blob:?}");
    assert_eq!(std::fs::read(&blob.path).unwrap(), served);
    assert_eq!(cloud.server.seen("/link/").len(), 1, "a body in one piece is believed");
}

#[test]
fn more_or_fewer_bytes_than_code_size_are_a_mismatch() {
    let bytes = some_bytes(1000);
    for size in [999, 1001] {
        let served = bytes.clone();
        let cloud = Cloud::new(Stated { size: Some(size), ..Stated::of(&bytes) }, move |_, _| whole(&served));
        let blob = blob(cloud.fetch_with(&layer(), &bytes, size, false));
        assert!(matches!(blob.integrity, Integrity::Mismatch { expected_size: Some(s), .. } if s == size), "{size}");
    }
}

#[test]
fn a_body_that_breaks_goes_on_where_it_broke_and_is_no_tampering() {
    let bytes = some_bytes(200_000);
    let served = bytes.clone();
    let cloud = Cloud::new(Stated::of(&bytes), move |seen, number| match (number, seen.range()) {
        (1, None) => broken(&served, 50_000),
        (2, Some(from)) => {
            let mut response = rest(&served, from);
            // The second piece breaks too: half of it comes.
            *response.body_mut() = broken(&served[from..], 70_000).into_body();
            response.headers_mut().insert("content-length", (served.len() - from).into());
            response
        }
        (_, Some(from)) => rest(&served, from),
        (_, None) => panic!("asked for the whole again"),
    });
    assert_eq!(blob(cloud.fetch(&layer(), &bytes)).integrity, Integrity::Matches);
    let asked = cloud.server.seen("/link/");
    let ranges: Vec<_> = asked.iter().map(|seen| seen.range()).collect();
    assert_eq!(ranges, [None, Some(50_000), Some(120_000)]);
    assert!(asked[1..].iter().all(|seen| seen.header("if-match") == Some("\"one\"")));
    assert_eq!(cloud.server.seen("/2018-10-31/").len(), 1, "the link still lives");
}

#[test]
fn a_body_that_always_breaks_is_a_gap_and_never_a_mismatch() {
    let bytes = some_bytes(1000);
    let served = bytes.clone();
    let cloud = Cloud::new(Stated::of(&bytes), move |_, _| broken(&served, 10));
    assert_eq!(gap(cloud.fetch(&layer(), &bytes)).reason, GapReason::Unreachable);
    assert_eq!(cloud.server.seen("/link/").len() as u32, hasty().attempts);
}

#[test]
fn a_body_without_a_length_that_ends_short_of_code_size_is_truncated_not_tampered() {
    let bytes = some_bytes(1000);
    let served = bytes.clone();
    let cloud = Cloud::new(Stated::of(&bytes), move |_, number| {
        let count = if number == 1 { 400 } else { 1000 };
        endless(Bytes::copy_from_slice(&served[..count]), 1, Duration::ZERO)
    });
    assert_eq!(blob(cloud.fetch(&layer(), &bytes)).integrity, Integrity::Matches);
}

#[test]
fn without_a_strong_tag_nothing_is_pieced_together() {
    let bytes = some_bytes(1000);
    let served = bytes.clone();
    let cloud = Cloud::new(Stated::of(&bytes), move |seen, number| {
        assert_eq!(seen.range(), None);
        let mut response = if number == 1 { broken(&served, 400) } else { whole(&served) };
        response.headers_mut().insert("etag", "W/\"one\"".parse().unwrap());
        response
    });
    assert_eq!(blob(cloud.fetch(&layer(), &bytes)).integrity, Integrity::Matches);
}

#[test]
fn when_the_rest_is_of_another_object_all_is_read_again() {
    let bytes = some_bytes(1000);
    type Rest = fn(&[u8], usize) -> Response;
    let rests: [(&str, Rest); 6] = [
        ("another tag", |b, from| part(&b[from..], &format!("bytes {from}-999/1000"), "\"two\"")),
        ("another part", |b, from| part(&b[from - 1..], &format!("bytes {}-999/1000", from - 1), "\"one\"")),
        ("another length", |b, from| part(&b[from..], &format!("bytes {from}-1000/1001"), "\"one\"")),
        ("no sense", |b, from| part(&b[from..], "bytes 7-3/x", "\"one\"")),
        ("the whole", |b, _| whole(b)),
        ("changed", |_, _| status(StatusCode::PRECONDITION_FAILED)),
    ];
    for (what, answer) in rests {
        let served = bytes.clone();
        let cloud = Cloud::new(Stated::of(&bytes), move |seen, number| match (number, seen.range()) {
            (1, None) => broken(&served, 400),
            (2, Some(from)) => answer(&served, from),
            (3, None) => whole(&served),
            other => panic!("{other:?}"),
        });
        assert_eq!(blob(cloud.fetch(&layer(), &bytes)).integrity, Integrity::Matches, "{what}");
        assert_eq!(cloud.server.seen("/link/").len(), 3, "{what}");
    }
}

#[test]
fn pieces_that_make_a_wrong_digest_are_fetched_once_more_in_one_piece() {
    let bytes = some_bytes(1000);
    let served = bytes.clone();
    let cloud = Cloud::new(Stated::of(&bytes), move |seen, number| match (number, seen.range()) {
        (1, None) => broken(&served, 400),
        // The range that was asked for, and other bytes.
        (2, Some(from)) => part(&vec![0; 1000 - from], &format!("bytes {from}-999/1000"), "\"one\""),
        (3, None) => broken(&served, 400),
        (4, None) => whole(&served),
        other => panic!("{other:?}"),
    });
    assert_eq!(blob(cloud.fetch(&layer(), &bytes)).integrity, Integrity::Matches);
    assert_eq!(cloud.server.seen("/link/").len(), 4);
}

#[test]
fn wrong_bytes_stay_a_mismatch_when_they_came_in_pieces_first() {
    let (claimed, served) = (some_bytes(1000), vec![7; 1000]);
    let cloud = Cloud::new(Stated::of(&claimed), move |seen, number| match (number, seen.range()) {
        (1, None) => broken(&served, 400),
        (_, Some(from)) => rest(&served, from),
        (_, None) => whole(&served),
    });
    assert!(matches!(blob(cloud.fetch(&layer(), &claimed)).integrity, Integrity::Mismatch { .. }));
}

#[test]
fn a_length_beyond_the_limit_is_not_downloaded() {
    let bytes = some_bytes(10);
    let cloud = Cloud::new(Stated::of(&bytes), move |_, _| {
        Response::builder()
            .header("content-length", MAX_ZIP_BYTES + 1)
            .body(Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>()))
            .unwrap()
    });
    assert_eq!(gap(cloud.fetch(&layer(), &bytes)).reason, GapReason::TooLarge { limit: "zip_bytes".into() });
}

#[test]
fn a_body_without_end_is_cut_off_at_the_limit() {
    let bytes = some_bytes(10);
    let cloud = Cloud::new(Stated::of(&bytes), |_, _| endless(Bytes::from(vec![0; 1 << 20]), usize::MAX, Duration::ZERO));
    assert_eq!(gap(cloud.fetch(&layer(), &bytes)).reason, GapReason::TooLarge { limit: "zip_bytes".into() });
    assert_eq!(cloud.server.seen("/link/").len(), 1);
}

#[test]
fn a_drip_does_not_hang_the_run() {
    let patience = Patience { pace_window: Duration::from_millis(150), pace_bytes: 100, attempts: 2, ..hasty() };
    let bytes = some_bytes(1000);
    let cloud = Cloud::patient(patience, Stated::of(&bytes), |_, _| {
        let mut response = endless(Bytes::from_static(b"x"), 1000, Duration::from_millis(40));
        response.headers_mut().insert("content-length", 1000.into());
        response
    });
    let started = Instant::now();
    assert_eq!(gap(cloud.fetch(&layer(), &bytes)).reason, GapReason::Unreachable);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn silence_does_not_hang_the_run() {
    let patience = Patience { read: Duration::from_millis(100), attempts: 2, ..hasty() };
    let bytes = some_bytes(1000);
    let cloud = Cloud::patient(patience, Stated::of(&bytes), |_, _| {
        let silent = stream::pending::<Result<Bytes, std::io::Error>>();
        Response::builder().header("content-length", 1000).body(Body::from_stream(silent)).unwrap()
    });
    assert_eq!(gap(cloud.fetch(&layer(), &bytes)).reason, GapReason::Unreachable);
    assert_eq!(cloud.server.seen("/link/").len(), 2);
}

#[test]
fn steady_and_slow_ends_when_the_time_for_one_artifact_is_over() {
    let patience = Patience { total: Duration::from_millis(300), ..hasty() };
    let bytes = some_bytes(1000);
    let cloud = Cloud::patient(patience, Stated::of(&bytes), |_, _| endless(Bytes::from_static(b"x"), 1000, Duration::from_millis(20)));
    let gap = gap(cloud.fetch(&layer(), &bytes));
    assert_eq!(gap.reason, GapReason::Unreachable);
    assert!(gap.detail.contains("time"), "{gap}");
}

#[test]
fn the_service_may_fail_for_a_while() {
    let bytes = some_bytes(1000);
    for code in [500, 502, 503, 504, 408, 429] {
        let served = bytes.clone();
        let cloud = Cloud::new(
            Stated::of(&bytes),
            move |_, number| {
                if number < 3 { status(StatusCode::from_u16(code).unwrap()) } else { whole(&served) }
            },
        );
        assert_eq!(blob(cloud.fetch(&layer(), &bytes)).integrity, Integrity::Matches, "{code}");
        assert_eq!(cloud.server.seen("/link/").len(), 3, "{code}");
    }
}

#[test]
fn retry_after_is_waited_for_and_no_longer_than_the_cap() {
    let patience = Patience { retry_after_cap: Duration::from_millis(1200), ..hasty() };
    let bytes = some_bytes(1000);
    let served = bytes.clone();
    let cloud = Cloud::patient(patience, Stated::of(&bytes), move |_, number| {
        let wait = match number {
            1 => 1,
            2 => 86_400,
            _ => return whole(&served),
        };
        let mut response = refusal(503, "SlowDown", "Please reduce your request rate.");
        response.headers_mut().insert("retry-after", wait.into());
        response
    });
    let started = Instant::now();
    assert_eq!(blob(cloud.fetch(&layer(), &bytes)).integrity, Integrity::Matches);
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(2200) && took < Duration::from_secs(30), "{took:?}");
}

#[test]
fn throttling_that_does_not_end_is_said_to_be_that() {
    let bytes = some_bytes(10);
    let cloud = Cloud::new(Stated::of(&bytes), |_, _| refusal(503, "SlowDown", "Please reduce your request rate."));
    assert_eq!(gap(cloud.fetch(&layer(), &bytes)).reason, GapReason::Throttled);
    let cloud = Cloud::new(Stated::of(&bytes), |_, _| refusal(500, "InternalError", "We encountered an internal error."));
    assert_eq!(gap(cloud.fetch(&layer(), &bytes)).reason, GapReason::Unreachable);
}

#[test]
fn nobody_at_the_other_end_is_a_gap() {
    let bytes = some_bytes(10);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let location = Some(format!("http://{closed}/link?X-Amz-Signature={SIGNATURE}"));
    let cloud = Cloud::new(Stated { location, ..Stated::of(&bytes) }, |_, _| unreachable!());
    assert_eq!(gap(cloud.fetch(&layer(), &bytes)).reason, GapReason::Unreachable);
}

#[test]
fn a_network_that_is_down_does_not_cost_each_artifact_its_full_patience() {
    let bytes = some_bytes(10);
    let (served, up) = (bytes.clone(), Arc::new(AtomicBool::new(false)));
    let is_up = up.clone();
    let cloud = Cloud::new(Stated::of(&bytes), move |_, _| {
        if is_up.load(Ordering::Relaxed) { whole(&served) } else { status(StatusCode::SERVICE_UNAVAILABLE) }
    });
    for _ in 0..2 {
        gap(cloud.fetch(&layer(), &bytes));
    }
    let asked = cloud.server.seen("/").len();
    let skipped = gap(cloud.fetch(&layer(), &bytes));
    assert!(skipped.reason == GapReason::Unreachable && skipped.detail.starts_with("not asked"), "{skipped:?}");
    assert_eq!(cloud.server.seen("/").len(), asked);
    // After the pause one finds out, and when it is better all are asked again.
    up.store(true, Ordering::Relaxed);
    std::thread::sleep(hasty().silent_pause);
    for _ in 0..3 {
        assert_eq!(blob(cloud.fetch_with(&layer(), &bytes, 10, true)).integrity, Integrity::Matches);
    }
}

#[test]
fn what_the_store_has_is_not_asked_for_unless_all_is_wanted_anew() {
    let bytes = some_bytes(1000);
    let served = bytes.clone();
    let cloud = Cloud::new(Stated::of(&bytes), move |_, _| whole(&served));
    assert!(!blob(cloud.fetch(&layer(), &bytes)).from_store);
    for location in [layer(), function("7"), object(Some("v1"))] {
        let again = blob(cloud.fetch(&location, &bytes));
        assert!(again.from_store && again.integrity == Integrity::Matches);
    }
    assert_eq!(cloud.server.seen("/").len(), 2, "one answer of the API, one body");
    assert!(!blob(cloud.fetch_with(&layer(), &bytes, 1000, true)).from_store);
    assert_eq!(cloud.server.seen("/").len(), 4);
    let wrong_size = blob(cloud.fetch_with(&layer(), &bytes, 999, false));
    assert!(wrong_size.from_store && matches!(wrong_size.integrity, Integrity::Mismatch { .. }));
}

#[test]
fn versions_with_the_same_code_fetch_it_once_even_at_the_same_moment() {
    let bytes = some_bytes(100_000);
    let served = bytes.clone();
    let cloud = Cloud::new(Stated::of(&bytes), move |_, _| {
        std::thread::sleep(Duration::from_millis(50));
        whole(&served)
    });
    let fetched: Vec<bool> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| blob(cloud.fetch(&function("7"), &bytes)).from_store)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(fetched.iter().filter(|from_store| **from_store).count(), 3);
    assert_eq!(cloud.server.seen("/").len(), 2);
}

#[test]
fn bytes_under_a_wrong_digest_do_not_stand_in_for_the_claimed_ones() {
    let (claimed, tries) = (some_bytes(1000), AtomicUsize::new(0));
    let served = claimed.clone();
    let cloud =
        Cloud::new(
            Stated::of(&claimed),
            move |_, _| {
                if tries.fetch_add(1, Ordering::Relaxed) == 0 { whole(&[7; 1000]) } else { whole(&served) }
            },
        );
    assert!(matches!(blob(cloud.fetch(&layer(), &claimed)).integrity, Integrity::Mismatch { .. }));
    let again = blob(cloud.fetch(&layer(), &claimed));
    assert!(!again.from_store && again.integrity == Integrity::Matches);
}

/// `chunk`, so many times, each after a pause, with no length announced.
fn endless(chunk: Bytes, times: usize, pause: Duration) -> Response {
    let body = stream::unfold(0_usize, move |n| {
        let chunk = chunk.clone();
        async move {
            if n >= times {
                return None;
            }
            tokio::time::sleep(pause).await;
            Some((Ok::<_, std::io::Error>(chunk), n + 1))
        }
    });
    Response::new(Body::from_stream(body))
}

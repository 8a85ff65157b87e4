//! A big body is streamed, never held. The child is this test binary itself, whose peak is its own.

use std::process::{Command, Stdio};

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::stream;
use layerproof::store::Integrity;

use super::cloud::*;
use crate::run::skip;

const CHUNK: usize = 1 << 20;
const CHUNKS: usize = 200;
const MAX_PEAK_KIB: u64 = 64 << 10;
const ADDRESS: &str = "LAYERPROOF_TEST_LINK_HOST";

#[test]
fn a_body_of_200_mb_needs_less_than_64_mb() {
    if !cfg!(target_os = "linux") {
        skip("the peak is read from /proc");
        return;
    }
    let server = Server::start(|_, _, _| {
        let chunks = stream::iter((0..CHUNKS).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![7; CHUNK]))));
        let response = Response::builder().header("content-length", CHUNK * CHUNKS).header("etag", "\"one\"");
        response.body(Body::from_stream(chunks)).unwrap()
    });
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture", "fetch::zips::memory::child_that_fetches"])
        .env(ADDRESS, server.address.to_string())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let said = String::from_utf8(child.stdout).unwrap();
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
    let peak: u64 = said.lines().find_map(|line| line.split_once("peak ")?.1.split(' ').next()?.parse().ok()).expect(&said);
    println!("peak {peak} KiB for {CHUNKS} MiB");
    assert!(peak > 0 && peak < MAX_PEAK_KIB, "peak {peak} KiB");
    assert_eq!(server.seen("/link").len(), 1);
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn child_that_fetches() {
    let address = std::env::var(ADDRESS).expect("the address of the parent's server");
    let stated = Stated { size: Some(1), location: Some(format!("http://{address}/link?X-Amz-Signature={SIGNATURE}")), ..Stated::of(b"x") };
    let cloud = Cloud::new(stated, |_, _| unreachable!());
    let blob = blob(cloud.fetch(&layer(), b"x"));
    assert_eq!(blob.size, (CHUNK * CHUNKS) as u64);
    assert!(matches!(blob.integrity, Integrity::Mismatch { .. }), "nothing of this size was claimed");
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    println!("peak {}", peak.trim());
}

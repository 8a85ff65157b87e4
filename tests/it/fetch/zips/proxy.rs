//! Proxies come from the environment, which is a process's own: the child is this test binary itself.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use layerproof::model::gap::GapReason;
use layerproof::store::Integrity;

use super::cloud::*;

#[test]
fn links_go_through_the_proxy_of_the_environment_unless_they_are_exempt() {
    let asked = asked_of_proxy(&[]);
    assert!(!asked.is_empty() && asked.iter().all(|line| line == "CONNECT bucket.example.invalid:443 HTTP/1.1"), "{asked:?}");
    assert_eq!(asked_of_proxy(&[("NO_PROXY", "example.invalid")]), [""; 0]);
}

/// What a child that follows one link outside and one on loopback asks of its proxy.
fn asked_of_proxy(env: &[(&str, &str)]) -> Vec<String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = asked.clone();
    // It ends with the test process: there is nothing in it to clean up.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            if let Some(line) = refuse(stream.unwrap()) {
                log.lock().unwrap().push(line);
            }
        }
    });
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture", "fetch::zips::proxy::child_that_follows_links"])
        .envs(["HTTPS_PROXY", "HTTP_PROXY"].map(|name| (name, &proxy)))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
    asked.lock().unwrap().clone()
}

/// The request line, after a refusal was sent.
fn refuse(mut stream: TcpStream) -> Option<String> {
    let lines = BufReader::new(stream.try_clone().ok()?).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let first = lines.collect::<Vec<String>>().into_iter().next();
    stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").ok()?;
    first
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn child_that_follows_links() {
    std::env::var_os("HTTPS_PROXY").expect("the proxy of the parent");
    let bytes = some_bytes(10);
    let location = Some(format!("https://bucket.example.invalid/zip?X-Amz-Signature={SIGNATURE}"));
    let outside = Cloud::new(Stated { location, ..Stated::of(&bytes) }, |_, _| unreachable!());
    assert_eq!(gap(outside.fetch(&layer(), &bytes)).reason, GapReason::Unreachable);
    let served = bytes.clone();
    let here = Cloud::new(Stated::of(&bytes), move |_, _| whole(&served));
    assert_eq!(blob(here.fetch(&layer(), &bytes)).integrity, Integrity::Matches);
}

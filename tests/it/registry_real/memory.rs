//! A large image is streamed to disk.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::json;
use tempfile::TempDir;

use super::debian::{DockerRegistry, Lets};
use super::images::noise;
use super::puller::example;
use super::push::{MANIFEST, Repository};
use crate::run::skip;

const LAYERS: usize = 4;
const LAYER_BYTES: usize = 50 << 20;
const MAX_PEAK_KIB: u64 = 64 << 10;

#[test]
fn pull_of_200_mb_needs_less_than_64_mb() {
    if !cfg!(target_os = "linux") {
        skip("the peak is read from /proc");
        return;
    }
    let Some(registry) = DockerRegistry::start(Lets::Everybody) else { return };
    let repository = Repository::new(&registry.host(), "team/large");
    // A pull looks into no layer, so that they need not be tars.
    let layers: Vec<_> =
        (0..LAYERS).map(|number| repository.blob("application/vnd.oci.image.layer.v1.tar", noise(number as u64, LAYER_BYTES))).collect();
    let config = json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}).to_string();
    let config = repository.blob("application/vnd.oci.image.config.v1+json", config.into_bytes());
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
    let digest = repository.manifest(Some("v1"), &manifest)["digest"].as_str().expect("a digest").to_owned();

    let home = TempDir::with_prefix("layerproof-home-").expect("a temporary folder");
    let mut child = Command::new(example("pull_image"))
        .env_clear()
        .env("HOME", home.path())
        .arg(home.path().join("store"))
        .arg(format!("{}/team/large@{digest}", registry.host()))
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut peak = 0;
    while child.try_wait().expect("the child is ours").is_none() {
        peak = peak_kib(child.id()).unwrap_or(0).max(peak);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let output = child.wait_with_output().expect("the child has ended");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), digest, "{output:?}");
    println!("peak {peak} KiB for {} MiB", (LAYERS * LAYER_BYTES) >> 20);
    assert!(peak > 0 && peak < MAX_PEAK_KIB, "peak {peak} KiB");
    assert!(bytes_below(home.path()) >= (LAYERS * LAYER_BYTES) as u64, "all of it is in the store");
}

/// The peak resident set of a process so far, as the kernel counts it.
fn peak_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find(|line| line.starts_with("VmHWM:"))?.split_whitespace().nth(1)?.parse().ok()
}

fn bytes_below(folder: &std::path::Path) -> u64 {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    entries
        .map(|e| if e.file_type().expect("a type").is_dir() { bytes_below(&e.path()) } else { e.metadata().map_or(0, |m| m.len()) })
        .sum()
}

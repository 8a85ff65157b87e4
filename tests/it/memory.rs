//! Memory stays bounded: bytes are streamed, never held.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::run::{Home, repo, skip};

const UNPACKED: usize = 250 << 20;
const FILES: usize = 50;
const MAX_PEAK_KIB: u64 = 100 << 10;

/// The peak resident set of a process so far, as the kernel counts it.
fn peak_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn a_layer_of_250_mb_needs_less_than_100_mb() {
    if !cfg!(target_os = "linux") {
        skip("the peak is read from /proc");
        return;
    }
    let home = Home::new();
    let layer = home.path().join("layer.zip");
    fs::write(&layer, big_zip()).expect("the zip is written");
    let (output, peak) = peak_of(&home, &layer, &["-o", "json", "--as", "arn:aws:lambda:eu-west-1:111122223333:layer:big:1"]);
    assert_eq!(output.status.code(), Some(1), "an unsigned layer is refused");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a JSON report");
    let unpacked = report["artifacts"][0]["contents"]["value"]["unpacked_bytes"].as_u64();
    assert_eq!(unpacked, Some(UNPACKED as u64), "all of it was read: {report:#}");
    println!("peak {peak} KiB for {} MiB unpacked", UNPACKED >> 20);
    assert!(peak > 0 && peak < MAX_PEAK_KIB, "peak {peak} KiB");
}

#[test]
fn a_template_of_nothing_but_lines_needs_no_multiple_of_its_size() {
    if !cfg!(target_os = "linux") {
        skip("the peak is read from /proc");
        return;
    }
    let home = Home::new();
    let template = home.path().join("template.yaml");
    let text = format!("# é\nResources:\n  F: {{Type: 'AWS::SNS::Topic'}}\n{}", "\n".repeat(8 << 20));
    fs::write(&template, text).expect("the template is written");
    let (output, peak) = peak_of(&home, &template, &["--references-only"]);
    assert_eq!(output.status.code(), Some(4), "no function is in it");
    assert!(peak > 0 && peak < MAX_PEAK_KIB, "peak {peak} KiB");
}

/// What `verify FILE` says, and the most memory that it had.
fn peak_of(home: &Home, file: &Path, args: &[&str]) -> (Output, u64) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_layerproof"))
        .env_clear()
        .env("HOME", home.path())
        .current_dir(repo())
        .args(["verify", "--policy", "trust-policies/strict.yaml"])
        .args(args)
        .arg(file)
        .stdout(Stdio::piped())
        .spawn()
        .expect("layerproof starts");
    let mut peak = 0;
    while child.try_wait().expect("the child is ours").is_none() {
        // VmHWM only grows, so the last reading before the end is the peak but for the very last moments.
        peak = peak_kib(child.id()).unwrap_or(0).max(peak);
        std::thread::sleep(Duration::from_millis(2));
    }
    (child.wait_with_output().expect("the child has ended"), peak)
}

/// 250 MB in 50 files that compress about as well as code does.
fn big_zip() -> Vec<u8> {
    let mut zip = Vec::new();
    let mut central = Vec::new();
    let mut state = 1_u64;
    for number in 0..FILES {
        let mut body = Vec::with_capacity(UNPACKED / FILES);
        while body.len() < UNPACKED / FILES {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            body.extend_from_slice(format!("def f_{}(x): return x + {}\n", state >> 52, state >> 40).as_bytes());
        }
        body.truncate(UNPACKED / FILES);
        let mut crc = flate2::Crc::new();
        crc.update(&body);
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&body).expect("memory takes it");
        let compressed = encoder.finish().expect("memory takes it");
        let name = format!("python/module_{number:02}.py");
        let mut common = Vec::new();
        common.extend_from_slice(&[20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0]);
        common.extend_from_slice(&crc.sum().to_le_bytes());
        common.extend_from_slice(&(compressed.len() as u32).to_le_bytes());
        common.extend_from_slice(&(body.len() as u32).to_le_bytes());
        common.extend_from_slice(&(name.len() as u16).to_le_bytes());
        common.extend_from_slice(&[0, 0]);
        let offset = zip.len() as u32;
        central.extend_from_slice(b"PK\x01\x02\x14\x03");
        central.extend_from_slice(&common);
        central.extend_from_slice(&[0; 6]);
        central.extend_from_slice(&(0o100_644_u32 << 16).to_le_bytes());
        central.extend_from_slice(&offset.to_le_bytes());
        central.extend_from_slice(name.as_bytes());
        zip.extend_from_slice(b"PK\x03\x04");
        zip.extend_from_slice(&common);
        zip.extend_from_slice(name.as_bytes());
        zip.extend_from_slice(&compressed);
    }
    let start = zip.len() as u32;
    zip.extend_from_slice(&central);
    zip.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    zip.extend_from_slice(&(FILES as u16).to_le_bytes());
    zip.extend_from_slice(&(FILES as u16).to_le_bytes());
    zip.extend_from_slice(&(central.len() as u32).to_le_bytes());
    zip.extend_from_slice(&start.to_le_bytes());
    zip.extend_from_slice(&[0, 0]);
    zip
}

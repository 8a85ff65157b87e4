//! What an image may cost: every limit that stops its reading, by name, and what a bomb does to it.

use std::time::Duration;

use layerproof::model::digest::Digest;
use layerproof::unpack::AnomalyKind::*;
use layerproof::unpack::Limits;

use super::build_image::*;
use super::image::{assert_found, read, read_within};

#[track_caller]
fn assert_limit(tars: &[Vec<u8>], limits: &Limits, name: &str) {
    let layout = Layout::new();
    let target = layout.image(tars);
    let contents = read_within(&layout, &target, limits).contents;
    assert!(!contents.complete);
    let hit = contents.anomalies.iter().any(|a| a.kind == LimitExceeded && a.detail.starts_with(&format!("{name}:")));
    assert!(hit, "{:#?}", contents.anomalies);
}

#[test]
fn limits_of_images_by_name() {
    let one = tar(&[file("a", "x"), file("b", "y")]);
    let limits = Limits::default();
    assert_limit(&[one.clone(), one.clone()], &Limits { entries: 3, ..limits.clone() }, "entries");
    assert_limit(&[one.clone(), one.clone()], &Limits { total_bytes: 4_000, ..limits.clone() }, "total_bytes");
    assert_limit(&[one.clone(), one.clone()], &Limits { image_layers: 1, ..limits.clone() }, "image_layers");
    assert_limit(std::slice::from_ref(&one), &Limits { time: Duration::ZERO, ..limits.clone() }, "time");
    assert_limit(&[tar(&[file(&"d/".repeat(45), "")])], &Limits { depth: 40, ..limits.clone() }, "depth");
    let long = "n".repeat(5_000);
    assert_limit(&[tar(&[member(b'L', "L", long.clone()), file("a", "")])], &limits, "name_bytes");
    assert_limit(&[tar(&[pax(&[("path", &long)]), file("a", "")])], &limits, "name_bytes");
    assert_limit(&[tar(&[pax(&[("x", &"v".repeat(2 << 20))]), file("a", "")])], &limits, "pax_bytes");
    assert_limit(&[tar(&[file("zeros", &"\0".repeat(1_000_000))])], &Limits { ratio: 50, ratio_above: 100_000, ..limits.clone() }, "ratio");
    assert_limit(&[tar(&[Member { size: Some(7 << 30), ..file("a", "x") }])], &limits, "file_bytes");
}

#[test]
fn limit_manifest_bytes() {
    let layout = Layout::new();
    let target = layout.image(&[tar(&[file("a", "x")])]);
    let image = read_within(&layout, &target, &Limits { manifest_bytes: 10, ..Limits::default() });
    assert_found(&image.contents, &[LimitExceeded], "manifest_bytes:");
    assert!(image.info.is_none());
}

#[test]
fn a_zstd_window_over_the_limit_is_refused() {
    let bytes = tar(&[file("a", &"x".repeat(1 << 20))]);
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.window_log(21).unwrap();
    std::io::Write::write_all(&mut encoder, &bytes).unwrap();
    let stored = encoder.finish().unwrap();
    let layout = Layout::new();
    let target = layout.manifest(&layout.config(&[Digest::of(&bytes)]), &[layout.described(TAR_ZSTD, &stored)]);
    assert_eq!(read(&layout, &target).contents.anomalies, []);
    let contents = read_within(&layout, &target, &Limits { zstd_window_log: 15, ..Limits::default() }).contents;
    assert_found(&contents, &[Malformed], "layer 0");
    assert!(!contents.complete);
}

#[test]
fn a_zstd_bomb_stops_at_the_limit() {
    let stored = zstd::encode_all(std::io::Read::take(std::io::repeat(0), 300 << 20), 3).unwrap();
    let header = tar(&[Member { size: Some(5 << 30), ..file("zeros", "") }])[..512].to_vec();
    let stored = [zstd::encode_all(header.as_slice(), 3).unwrap(), stored].concat();
    let layout = Layout::new();
    let target = layout.manifest(&layout.config(&[Digest::of(b"")]), &[layout.described(TAR_ZSTD, &stored)]);
    let contents = read(&layout, &target).contents;
    assert_found(&contents, &[LimitExceeded], "ratio:");
    assert!(!contents.complete);
    assert!(contents.unpacked_bytes < 70 << 20, "{}", contents.unpacked_bytes);
}

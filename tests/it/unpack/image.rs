//! Images in OCI layouts: digests, sizes, platforms, tars that lie, whiteouts.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use layerproof::model::digest::Digest;
use layerproof::unpack::AnomalyKind::{self, *};
use layerproof::unpack::{Contents, EntryKind, Image, Layout as Opened, Limits, UnpackError, WantDigests, analyse_image};
use serde_json::{Value, json};

use super::build_image::*;

pub(super) fn read_within(layout: &Layout, target: &Value, limits: &Limits) -> Image {
    let opened = Opened::open(layout.path(), limits).unwrap();
    analyse_image(&opened, &digest_in(target), "x86_64", limits, &WantDigests::All).unwrap()
}

pub(super) fn read(layout: &Layout, target: &Value) -> Image {
    read_within(layout, target, &Limits::default())
}

pub(super) fn layers(tars: &[&[Member]]) -> Contents {
    let layout = Layout::new();
    let tars: Vec<Vec<u8>> = tars.iter().map(|members| tar(members)).collect();
    let target = layout.image(&tars);
    read(&layout, &target).contents
}

#[track_caller]
pub(super) fn assert_found(contents: &Contents, kinds: &[AnomalyKind], detail: &str) {
    let found: BTreeSet<AnomalyKind> = contents.anomalies.iter().map(|a| a.kind).collect();
    assert_eq!(found, kinds.iter().copied().collect(), "{:#?}", contents.anomalies);
    assert!(contents.anomalies.iter().any(|a| a.detail.contains(detail)), "no detail has {detail:?}: {:#?}", contents.anomalies);
}

pub(super) fn paths(contents: &Contents) -> Vec<&str> {
    contents.tree.entries.iter().map(|e| e.path.as_str()).collect()
}

// ---- honest images

#[test]
fn an_honest_image_in_three_compressions() {
    let layout = Layout::new();
    let tars = [tar(&[folder("./"), folder("etc/"), file("etc/a", "one")]), tar(&[file("etc/b", "two")]), tar(&[symlink("lnk", "/etc/a")])];
    let stored = [
        layout.described(TAR, &tars[0]),
        layout.described(TAR_GZIP, &gzip(&tars[1])),
        layout.described(TAR_ZSTD, &zstd::encode_all(tars[2].as_slice(), 3).unwrap()),
    ];
    let diff_ids: Vec<Digest> = tars.iter().map(|t| Digest::of(t)).collect();
    let target = layout.manifest(&layout.config(&diff_ids), &stored);
    let image = read(&layout, &target);
    assert_eq!(image.contents.anomalies, []);
    assert!(image.contents.complete);
    assert_eq!(paths(&image.contents), ["etc", "etc/a", "etc/b", "lnk"]);
    assert_eq!(image.contents.tree.at("etc/b").next().unwrap().digest, Some(Digest::of(b"two")));
    assert_eq!(image.contents.tree.at("etc/b").next().unwrap().origin, 1);
    let info = image.info.unwrap();
    assert_eq!(info.manifest_digest.to_string(), target["digest"].as_str().unwrap());
    assert_eq!(info.index_digest, None);
    assert_eq!(info.architecture, "amd64");
    assert_eq!(info.layers.iter().map(|l| l.diff_id).collect::<Vec<_>>(), diff_ids);
}

#[test]
fn gzip_in_several_members_is_one_tar() {
    let layout = Layout::new();
    let whole = tar(&[file("a", "x"), file("b", "y")]);
    let stored = [gzip(&whole[..700]), gzip(&whole[700..])].concat();
    let target = layout.manifest(&layout.config(&[Digest::of(&whole)]), &[layout.described(TAR_GZIP, &stored)]);
    let contents = read(&layout, &target).contents;
    assert_eq!(contents.anomalies, []);
    assert_eq!(paths(&contents), ["a", "b"]);
}

#[test]
fn long_names_of_gnu_pax_and_ustar_are_read() {
    let long = "d/".repeat(100) + "f";
    let contents = layers(&[&[
        member(b'L', "././@LongLink", format!("{long}1\0")),
        file("short", "x"),
        pax(&[("path", &format!("{long}2")), ("mtime", "1.5"), ("SCHILY.xattr.user.x", "v")]),
        file("short", "y"),
        pax(&[("linkpath", &long), ("path", "l")]),
        symlink("l", "cut"),
        member(b'g', "global", "20 comment=deadbeef\n"),
    ]]);
    assert_eq!(contents.anomalies, []);
    assert_eq!(paths(&contents), [format!("{long}1"), format!("{long}2"), "l".to_owned()]);
    assert_eq!(contents.tree.at("l").next().unwrap().kind, EntryKind::Symlink { target: long });
}

#[test]
fn tars_of_real_writers_are_clean() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("src").join("n".repeat(120))).unwrap();
    fs::write(dir.path().join("src").join("n".repeat(120)).join("é".repeat(60)), "x").unwrap();
    fs::write(dir.path().join("src/a"), "a").unwrap();
    fs::hard_link(dir.path().join("src/a"), dir.path().join("src/b")).unwrap();
    std::os::unix::fs::symlink("/usr/bin/env", dir.path().join("src/l")).unwrap();
    let python = "import tarfile,sys\nfor n,f in (('py-gnu.tar',tarfile.GNU_FORMAT),('py-pax.tar',tarfile.PAX_FORMAT)):\n  t=tarfile.open(n,'w',format=f); t.add('src'); t.close()";
    for (program, args, made) in [
        ("tar", &["--format=gnu", "-cf", "gnu.tar", "src"][..], &["gnu.tar"][..]),
        ("tar", &["--format=pax", "-cf", "pax.tar", "-C", "src", "."], &["pax.tar"]),
        ("python3", &["-c", python], &["py-gnu.tar", "py-pax.tar"]),
    ] {
        match Command::new(program).args(args).current_dir(dir.path()).status() {
            Ok(status) => assert!(status.success(), "{program}"),
            Err(_) => {
                println!("SKIPPED: {program} is not installed");
                continue;
            }
        }
        for name in made {
            let layout = Layout::new();
            let target = layout.image(&[fs::read(dir.path().join(name)).unwrap()]);
            let contents = read(&layout, &target).contents;
            assert_eq!(contents.anomalies, [], "{name}");
            assert!(contents.complete);
            assert!(paths(&contents).len() >= 5, "{name}");
        }
    }
}

#[test]
fn an_archive_of_a_layout_reads_as_the_directory_does() {
    let layout = Layout::new();
    let target = layout.image(&[tar(&[file("a", "x")])]);
    let mut members = vec![folder("blobs/"), folder("blobs/sha256/")];
    for item in fs::read_dir(layout.path().join("blobs/sha256")).unwrap() {
        let item = item.unwrap();
        members.push(member(b'0', &format!("blobs/sha256/{}", item.file_name().to_str().unwrap()), fs::read(item.path()).unwrap()));
    }
    members.push(file("./oci-layout", "{}"));
    members.push(file("index.json", "{}"));
    let archive = layout.path().join("archive.bin");
    fs::write(&archive, tar(&members)).unwrap();
    let limits = Limits::default();
    let opened = Opened::open(&archive, &limits).unwrap();
    assert_eq!(opened.index_json(&limits).unwrap().unwrap(), b"{}");
    let from_archive = analyse_image(&opened, &digest_in(&target), "x86_64", &limits, &WantDigests::None).unwrap();
    let from_directory = read(&layout, &target);
    assert_eq!(from_archive.info, from_directory.info);
    assert_eq!(from_archive.contents.anomalies, []);
    assert_eq!(paths(&from_archive.contents), ["a"]);

    members.push(file("index.json", "another"));
    fs::write(&archive, tar(&members)).unwrap();
    assert!(Opened::open(&archive, &limits).unwrap().anomalies.iter().any(|a| a.kind == DuplicateName));
}

#[test]
fn what_is_no_layout_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("oci-layout"), "{}").unwrap();
    match Opened::open(dir.path(), &Limits::default()) {
        Err(UnpackError::NotALayout { missing, .. }) => assert_eq!(missing, "index.json"),
        other => panic!("{other:?}"),
    }
}

// ---- digests and documents

#[test]
fn a_layer_changed_in_the_layout_is_found() {
    let layout = Layout::new();
    let honest = gzip(&tar(&[file("a", "x")]));
    let target = layout.image(&[tar(&[file("a", "x")])]);
    fs::write(layout.place(Digest::of(&honest)), gzip(&tar(&[file("a", "evil")]))).unwrap();
    let contents = read(&layout, &target).contents;
    assert_found(&contents, &[DigestMismatch], "layer 0: expected sha256:");
    assert!(!contents.complete);
}

#[test]
fn a_layer_with_another_diff_id_is_found() {
    let layout = Layout::new();
    let layer = layout.described(TAR_GZIP, &gzip(&tar(&[file("a", "x")])));
    let target = layout.manifest(&layout.config(&[Digest::of(b"another tar")]), &[layer]);
    let contents = read(&layout, &target).contents;
    assert_found(&contents, &[DigestMismatch], "diff_id");
    assert!(!contents.complete);
}

#[test]
fn a_missing_layer_is_not_an_empty_one() {
    let layout = Layout::new();
    let first = tar(&[file("a", "x")]);
    let target = layout.image(&[first.clone(), tar(&[file("b", "y")])]);
    fs::remove_file(layout.place(Digest::of(&gzip(&first)))).unwrap();
    let image = read(&layout, &target);
    assert_found(&image.contents, &[DigestMismatch], "layer 0: the layout holds no blob");
    assert!(!image.contents.complete);
    assert_eq!(image.info.unwrap().layers, []);
}

#[test]
fn a_descriptor_that_lies_about_the_size_is_found() {
    let layout = Layout::new();
    let bytes = tar(&[file("a", "x")]);
    let mut layer = layout.described(TAR, &bytes);
    layer["size"] = json!(7);
    let target = layout.manifest(&layout.config(&[Digest::of(&bytes)]), &[layer]);
    let contents = read(&layout, &target).contents;
    assert_found(&contents, &[DigestMismatch], "of 7 bytes");
    assert!(!contents.complete);
}

#[test]
fn a_manifest_that_is_missing_or_changed_yields_no_image() {
    let layout = Layout::new();
    let target = layout.image(&[tar(&[file("a", "x")])]);
    let place = layout.path().join("blobs/sha256").join(digest_in(&target).hex());
    fs::write(&place, b"{}").unwrap();
    let changed = read(&layout, &target);
    assert_found(&changed.contents, &[DigestMismatch], "manifest: expected");
    fs::remove_file(&place).unwrap();
    let missing = read(&layout, &target);
    assert_found(&missing.contents, &[DigestMismatch], "manifest: the layout holds no blob");
    assert!(changed.info.is_none() && missing.info.is_none() && !missing.contents.complete && !changed.contents.complete);
}

#[test]
fn the_index_gives_the_manifest_of_the_architecture() {
    let layout = Layout::new();
    let intel = layout.image(&[tar(&[file("intel", "")])]);
    let arm = layout.image(&[tar(&[file("arm", "")])]);
    let index = layout.index(&[on(intel, "amd64"), on(arm.clone(), "arm64"), on(layout.image(&[]), "unknown")]);
    let opened = Opened::open(layout.path(), &Limits::default()).unwrap();
    let image = analyse_image(&opened, &digest_in(&index), "arm64", &Limits::default(), &WantDigests::None).unwrap();
    assert_eq!(image.contents.anomalies, []);
    assert_eq!(paths(&image.contents), ["arm"]);
    let info = image.info.unwrap();
    assert_eq!(info.manifest_digest.to_string(), arm["digest"].as_str().unwrap());
    assert_eq!(info.index_digest.unwrap().to_string(), index["digest"].as_str().unwrap());
}

#[test]
fn an_index_without_the_architecture_or_with_two_of_it_is_refused() {
    let layout = Layout::new();
    let (one, two) = (layout.image(&[tar(&[file("a", "")])]), layout.image(&[tar(&[file("b", "")])]));
    let without = layout.index(&[on(one.clone(), "arm64")]);
    assert_found(&read(&layout, &without).contents, &[Malformed], "no manifest for linux/amd64");
    let twice = layout.index(&[on(one, "amd64"), on(two, "amd64")]);
    assert_found(&read(&layout, &twice).contents, &[HeaderMismatch], "several manifests");
}

#[test]
fn an_index_within_an_index_is_refused() {
    let layout = Layout::new();
    let inner = layout.index(&[on(layout.image(&[]), "amd64")]);
    let honest = layout.index(&[on(inner.clone(), "amd64")]);
    assert_found(&read(&layout, &honest).contents, &[Malformed], "index within");
    let mut disguised = on(inner, "amd64");
    disguised["mediaType"] = json!(MANIFEST);
    let liar = layout.index(&[disguised]);
    assert_found(&read(&layout, &liar).contents, &[HeaderMismatch], "media type");
}

#[test]
fn a_document_that_is_manifest_and_index_is_refused() {
    let layout = Layout::new();
    let image: Value = {
        let target = layout.image(&[]);
        serde_json::from_slice(&fs::read(layout.path().join("blobs/sha256").join(digest_in(&target).hex())).unwrap()).unwrap()
    };
    let mut both = image;
    both["manifests"] = json!([]);
    let target = layout.described(MANIFEST, both.to_string().as_bytes());
    assert_found(&read(&layout, &target).contents, &[HeaderMismatch], "both");
}

#[test]
fn documents_that_are_no_image_are_refused() {
    for (document, detail) in [
        ("not json", "neither"),
        ("[]", "neither"),
        (r#"{"schemaVersion":1,"manifests":[]}"#, "schema version 1"),
        (r#"{"schemaVersion":2}"#, "neither"),
        (r#"{"schemaVersion":2,"mediaType":"text/plain","manifests":[]}"#, "does not fit"),
        (r#"{"schemaVersion":2,"schemaVersion":2,"manifests":[]}"#, "duplicate field"),
    ] {
        let layout = Layout::new();
        let target = layout.described(MANIFEST, document.as_bytes());
        let image = read(&layout, &target);
        assert_found(&image.contents, &[Malformed], detail);
        assert!(image.info.is_none() && !image.contents.complete);
    }
}

#[test]
fn an_artifact_that_is_no_container_image_is_refused() {
    let layout = Layout::new();
    let config = layout.described("application/vnd.oci.empty.v1+json", b"{}");
    let target = layout.manifest(&config, &[]);
    let contents = read(&layout, &target).contents;
    assert_found(&contents, &[Malformed], "not a container image");
    assert!(!contents.complete);
}

#[test]
fn layers_and_diff_ids_must_be_as_many() {
    let layout = Layout::new();
    let bytes = tar(&[file("a", "x")]);
    let layer = layout.described(TAR, &bytes);
    let target = layout.manifest(&layout.config(&[]), &[layer]);
    let contents = read(&layout, &target).contents;
    assert_found(&contents, &[HeaderMismatch], "1 layers, the configuration 0");
    assert!(!contents.complete);
}

#[test]
fn a_foreign_layer_is_never_fetched_and_never_passes() {
    let layout = Layout::new();
    let bytes = tar(&[file("a", "x")]);
    let mut layer = layout.described("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", &gzip(&bytes));
    layer["urls"] = json!(["http://127.0.0.1:1/evil"]);
    let target = layout.manifest(&layout.config(&[Digest::of(&bytes)]), &[layer]);
    let contents = read(&layout, &target).contents;
    assert_found(&contents, &[UnsupportedMethod], "never followed");
    assert!(!contents.complete);
}

#[test]
fn an_encrypted_layer_is_not_read_as_a_tar() {
    let layout = Layout::new();
    let layer = layout.described("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", &[0x55; 2_000]);
    let target = layout.manifest(&layout.config(&[Digest::of(b"")]), &[layer]);
    let contents = read(&layout, &target).contents;
    assert_found(&contents, &[Encrypted, Malformed], "encrypted");
    assert!(!contents.complete);
}

#[test]
fn compression_other_than_the_media_type_says_is_told() {
    let layout = Layout::new();
    let bytes = tar(&[file("a", "x")]);
    let target = layout.manifest(&layout.config(&[Digest::of(&bytes)]), &[layout.described(TAR_GZIP, &bytes)]);
    assert_found(&read(&layout, &target).contents, &[HeaderMismatch], "Gzip");
}

#[test]
fn damaged_compression_is_an_anomaly() {
    let bytes = tar(&[file("a", "x"), file("b", &"y".repeat(3_000))]);
    let mut bad_gzip = gzip(&bytes);
    let middle = bad_gzip.len() / 2;
    bad_gzip[middle] ^= 0xff;
    let cut_gzip = gzip(&bytes)[..middle].to_vec();
    let trailing = [gzip(&bytes), b"evil".to_vec()].concat();
    let mut bad_zstd = zstd::encode_all(bytes.as_slice(), 3).unwrap();
    bad_zstd.truncate(30);
    for (media_type, stored) in [(TAR_GZIP, bad_gzip), (TAR_GZIP, cut_gzip), (TAR_GZIP, trailing), (TAR_ZSTD, bad_zstd)] {
        let layout = Layout::new();
        let target = layout.manifest(&layout.config(&[Digest::of(&bytes)]), &[layout.described(media_type, &stored)]);
        let contents = read(&layout, &target).contents;
        assert_found(&contents, &[Malformed], "layer 0");
        assert!(!contents.complete);
    }
}

// ---- tars that lie

/// `name: members => [kinds], "part of a detail", complete?`
macro_rules! tar_lies {
    ($($name:ident: $members:expr => [$($kind:ident),*], $detail:literal, $complete:literal;)*) => {$(
        #[test]
        fn $name() {
            let contents = layers(&[&$members]);
            assert_found(&contents, &[$($kind),*], $detail);
            assert_eq!(contents.complete, $complete, "complete");
        }
    )*};
}

tar_lies! {
    tar_climbing_name: [file("../x", "")] => [Traversal], "`..`", true;
    tar_hardlink_out: [hardlink("a", "../../etc/passwd")] => [HardlinkEscape], "`..`", true;
    tar_hardlink_to_nothing: [hardlink("a", "b")] => [HardlinkEscape], "no layer", true;
    tar_entry_below_a_link_of_its_own_layer: [symlink("etc", "/host"), file("etc/passwd", "")] => [ThroughSymlink], "`/host`", true;
    tar_file_that_is_a_folder: [file("a", ""), file("a/b", "")] => [FileAsFolder], "`a/b`", true;
    tar_duplicate_file: [file("a", "good"), file("a", "evil")] => [DuplicateName], "same name", true;
    tar_character_device: [member(b'3', "null", "")] => [SpecialFile], "device", true;
    tar_fifo: [member(b'6', "pipe", "")] => [SpecialFile], "FIFO", true;
    tar_setuid: [Member { mode: 0o4755, ..file("su", "") }] => [Setuid], "4755", true;
    tar_world_writable: [Member { mode: 0o666, ..file("a", "") }] => [WorldWritable], "0666", true;
    tar_pax_size_differs: [pax(&[("size", "1024")]), file("a", "x")] => [HeaderMismatch], "split the archive differently", false;
    tar_global_pax_renames: [member(b'g', "g", "13 path=evil\n"), file("a", "x")] => [HeaderMismatch], "global PAX", false;
    tar_gnu_and_pax_names_differ: [member(b'L', "L", "good\0"), pax(&[("path", "evil")]), file("a", "")] => [HeaderMismatch], "`good`", false;
    tar_two_gnu_names: [member(b'L', "L", "one\0"), member(b'L', "L", "two\0"), file("a", "")] => [HeaderMismatch], "two GNU", false;
    tar_two_pax_sets: [pax(&[("path", "one")]), pax(&[("path", "two")]), file("a", "")] => [HeaderMismatch], "two sets", false;
    tar_repeated_pax_key: [pax(&[("path", "one"), ("path", "two")]), file("a", "")] => [HeaderMismatch], "two of `path`", false;
    tar_pax_name_with_nul: [pax(&[("path", "a\0b")]), file("a", "")] => [Malformed], "NUL", false;
    tar_pax_length_is_a_lie: [member(b'x', "x", "99 path=a\n"), file("a", "")] => [Malformed], "length that is wrong", false;
    tar_pax_without_newline: [member(b'x', "x", "9 path=abc"), file("a", "")] => [Malformed], "newline", false;
    tar_pax_size_is_no_number: [pax(&[("size", "+1")]), file("a", "x")] => [Malformed], "no number", false;
    tar_sparse_gnu: [member(b'S', "a", "")] => [UnsupportedMethod], "sparse", false;
    tar_sparse_pax: [pax(&[("GNU.sparse.major", "1")]), file("a", "")] => [UnsupportedMethod], "sparse", false;
    tar_unknown_type: [member(b'V', "a", "")] => [UnsupportedMethod], "`V`", false;
    tar_link_with_a_body: [Member { body: vec![0; 512], ..symlink("a", "b") }] => [HeaderMismatch], "body of 512", false;
    tar_bad_checksum: [Member { checksum: Some(7), ..file("a", "") }] => [Malformed], "checksum", false;
    tar_body_is_cut: [Member { size: Some(1 << 20), ..file("a", "x") }] => [Malformed], "cut after", false;
    tar_name_without_a_member: [pax(&[("path", "a")])] => [Malformed], "without the member", false;
}

#[test]
fn bytes_after_the_end_of_a_tar_are_told() {
    let layout = Layout::new();
    let hidden = [tar(&[file("a", "x")]), tar(&[file("hidden", "y")])].concat();
    let contents = read(&layout, &layout.image(&[hidden])).contents;
    assert_found(&contents, &[TrailingBytes], "not all zero");
    let padded = [tar(&[file("a", "x")]), vec![0; 8_192]].concat();
    assert_eq!(read(&layout, &layout.image(&[padded])).contents.anomalies, []);
}

#[test]
fn a_tar_that_ends_right_after_its_last_body_is_whole_and_one_that_ends_before_is_not() {
    let whole = tar(&[file("a", "xyz"), file("b", &"y".repeat(600))]);
    let body_of_b = 512 + 512 + 512;
    let cut_at = |length: usize| {
        let layout = Layout::new();
        let target = layout.image(&[whole[..length].to_vec()]);
        read(&layout, &target).contents
    };
    // As `umoci insert` leaves it; container engines unpack it.
    for length in [512 + 3, 512 + 100, 1024, body_of_b + 600, body_of_b + 601, body_of_b + 1024] {
        let contents = cut_at(length);
        assert_eq!(contents.anomalies, [], "{length}");
        assert!(contents.complete);
        assert_eq!(paths(&contents), if length < body_of_b { &["a"][..] } else { &["a", "b"] }, "{length}");
    }
    for length in [511, 512, 512 + 2, 1024 + 1, 1024 + 511, body_of_b, body_of_b + 512, body_of_b + 599] {
        let contents = cut_at(length);
        assert!(contents.anomalies.iter().any(|a| a.kind == Malformed) && !contents.complete, "{length}: {:#?}", contents.anomalies);
    }
}

#[test]
fn every_prefix_and_flip_of_a_tar_is_survived() {
    let whole = tar(&[folder("d/"), pax(&[("path", "long")]), file("a", "x"), member(b'L', "L", "name\0"), symlink("l", "a")]);
    let layout = Layout::new();
    for length in (0..whole.len()).step_by(37) {
        read(&layout, &layout.image(&[whole[..length].to_vec()]));
    }
    for at in (0..whole.len()).step_by(11) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        read(&layout, &layout.image(&[bytes]));
    }
}

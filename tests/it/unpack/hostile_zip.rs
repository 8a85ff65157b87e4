//! Zips that lie, one test for each lie. The sets are exact: an anomaly too many fails as well as one too few.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use layerproof::model::digest::Digest;
use layerproof::unpack::AnomalyKind::{self, *};
use layerproof::unpack::{Contents, Format, Limits, NotAZip, UnpackError, WantDigests, ZipIndex, analyse};

use super::build_zip::{Entry, Zip, crc32, deflate, deflated, file, folder, link, zip};

fn written(bytes: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    file
}

fn contents_within(bytes: &[u8], limits: &Limits) -> Contents {
    let file = written(bytes);
    if let Ok(index) = ZipIndex::open(file.path(), limits) {
        // However it lies, to hash it on the way finds the same.
        let (hashed, digest) = ZipIndex::open_hashed(file.path(), u64::MAX, limits).unwrap();
        assert_eq!((&hashed.entries, &hashed.anomalies, hashed.complete), (&index.entries, &index.anomalies, index.complete));
        assert_eq!(digest, Some(Digest::of(bytes)));
    }
    analyse(file.path(), limits, &WantDigests::All).unwrap()
}

fn contents(zip: &Zip) -> Contents {
    contents_within(&zip.bytes(), &Limits::default())
}

#[track_caller]
fn assert_found(contents: &Contents, kinds: &[AnomalyKind], detail: &str) {
    let found: BTreeSet<AnomalyKind> = contents.anomalies.iter().map(|a| a.kind).collect();
    assert_eq!(found, kinds.iter().copied().collect(), "{:#?}", contents.anomalies);
    let said = contents.anomalies.iter().any(|a| kinds.contains(&a.kind) && a.detail.contains(detail));
    assert!(said, "no detail has {detail:?}: {:#?}", contents.anomalies);
}

/// `name: zip => [kinds], "part of a detail", complete?`
macro_rules! lies {
    ($($name:ident: $zip:expr => [$($kind:ident),*], $detail:literal, $complete:literal;)*) => {$(
        #[test]
        fn $name() {
            let contents = contents(&$zip);
            assert_found(&contents, &[$($kind),*], $detail);
            assert_eq!(contents.complete, $complete, "complete");
        }
    )*};
}

fn two() -> Zip {
    zip([file("a", "first"), file("b", "second")])
}

fn end_record(comment: u16) -> Vec<u8> {
    [b"PK\x05\x06".as_slice(), &[0; 16], &comment.to_le_bytes()].concat()
}

// Names.
lies! {
    climbing_name: zip([file("../../etc/cron.d/x", "")]) => [Traversal], "`..`", true;
    climbing_in_the_middle: zip([file("a/../../b", "")]) => [Traversal], "`..`", true;
    climbing_with_backslashes: zip([file("..\\..\\x", "")]) => [Traversal, OddName], "backslash", true;
    absolute_name: zip([file("/etc/passwd", "")]) => [AbsolutePath], "root", true;
    drive_letter: zip([file("C:\\Windows\\x", "")]) => [AbsolutePath, OddName], "drive", true;
    drive_letter_with_slash: zip([file("c:/x", "")]) => [AbsolutePath], "drive", true;
    unc_path: zip([file("\\\\server\\share", "")]) => [AbsolutePath, OddName], "root", true;
    backslash_as_separator: zip([file("lib\\x.py", "")]) => [OddName], "backslash", true;
    nul_hides_the_ending: zip([file("x.py\0.txt", "")]) => [OddName, ControlInName, Malformed], "`x.py`", true;
    empty_component: zip([file("a//b", "")]) => [OddName], "empty", true;
    dot_component: zip([file("a/./b", "")]) => [OddName], "`.`", true;
    empty_name: zip([file("", "x")]) => [OddName, Malformed], "without a name", true;
    terminal_escape_in_name: zip([file("a\x1b[2J", "")]) => [ControlInName], "control", true;
    right_to_left_override: zip([file("a\u{202e}gpj.py", "")]) => [ControlInName], "reverse", true;
    name_that_is_not_utf8: zip([Entry { name: b"caf\xe9".to_vec(), ..file("", "") }]) => [NonUtf8Name], "UTF-8", true;
    exact_duplicate: zip([file("a", "good"), file("a", "evil")]) => [DuplicateName], "same name", true;
    duplicate_directory: zip([folder("d/"), folder("d/")]) => [DuplicateName], "same name", true;
    duplicate_after_normalisation: zip([file("a/b", "good"), file("a//b", "evil")]) => [DuplicateName, OddName], "same path as `a/b`", true;
    duplicate_behind_a_dot: zip([file("a", "good"), file("./a", "evil")]) => [DuplicateName], "same path as `a`", true;
    duplicate_by_case: zip([file("Handler.py", ""), file("handler.py", "")]) => [DuplicateByCase], "Handler.py", true;
    duplicate_behind_a_backslash: zip([file("a/b", "good"), file("a\\b", "evil")]) => [DuplicateName, OddName], "backslash", true;
    duplicate_of_a_folder_behind_a_backslash: zip([file("d", "good"), file("d\\x", "evil")]) => [FileAsFolder, OddName], "backslash", true;
    duplicate_by_full_case_folding: zip([file("stra\u{df}e", ""), file("STRASSE", "")]) => [DuplicateByCase], "case", true;
    duplicate_by_unicode_form: zip([file("\u{e9}.py", ""), file("e\u{301}.py", "")]) => [DuplicateByUnicode], "normalisation", true;
    file_that_is_a_folder: zip([file("a", ""), file("a/b", "")]) => [FileAsFolder], "`a/b`", true;
    file_and_directory_of_one_name: zip([file("a", ""), folder("a/")]) => [DuplicateName, FileAsFolder], "directory", true;
    unicode_path_field_renames_in_the_local_header_only: zip([file("good.py", "").with(|e| {
        e.local_extra = [b"\x75\x70\x0c\0\x01".as_slice(), &crc32(b"good.py").to_le_bytes(), b"evil.py"].concat();
    })]) => [HeaderMismatch], "`evil.py`", true;
    unicode_path_field_renames: zip([file("good.py", "").with(|e| {
        let name = b"evil.py";
        let mut extra = vec![0x75, 0x70, 12, 0, 1];
        extra.extend(crc32(b"good.py").to_le_bytes());
        extra.extend(name);
        e.extra = extra.clone();
        e.local_extra = extra;
    })]) => [HeaderMismatch], "`evil.py`", true;
}

// Links and modes.
lies! {
    link_out_of_the_root: zip([link("a", "../x")]) => [SymlinkEscape], "leads out of the root", true;
    link_out_of_a_folder: zip([link("d/e/a", "../../../x")]) => [SymlinkEscape], "leads out", true;
    absolute_link: zip([link("a", "/etc/passwd")]) => [SymlinkEscape], "absolute", true;
    link_into_its_own_mount: zip([link("lib64", "/opt/lib")]) => [AbsoluteLink], "/opt/lib", true;
    link_out_of_its_own_mount: zip([link("a", "/opt/../etc/passwd")]) => [SymlinkEscape], "leads out", true;
    link_into_a_mount_and_out_by_another: zip([link("b", "/opt/c"), link("c", "../x")]) => [SymlinkEscape], "leads out", true;
    link_beside_a_mount: zip([link("a", "/optional/x")]) => [SymlinkEscape], "absolute", true;
    link_out_by_way_of_another: zip([link("a/b/s", "../.."), link("e", "a/b/s/../x")]) => [SymlinkEscape], "other links", true;
    entry_below_a_link: zip([link("lib", "python"), file("lib/x.py", "")]) => [ThroughSymlink], "`python`", true;
    link_with_nul_in_target: zip([link("a", "b\0c")]) => [Malformed], "NUL", true;
    setuid_file: zip([file("su", "x").mode(0o104_755)]) => [Setuid], "4755", true;
    setgid_file: zip([file("su", "x").mode(0o102_755)]) => [Setuid], "2755", true;
    world_writable_file: zip([file("a", "").mode(0o100_666)]) => [WorldWritable], "0666", true;
    world_writable_directory: zip([folder("d/").mode(0o040_777)]) => [WorldWritable], "0777", true;
    character_device: zip([file("null", "").mode(0o020_644)]) => [SpecialFile], "20644", true;
    fifo: zip([file("pipe", "").mode(0o010_644)]) => [SpecialFile], "FIFO", true;
    link_hidden_behind_a_dos_host: zip([file("a", "../../x").mode(0o120_777).with(|e| e.host = 0)]) => [HeaderMismatch], "host 0", true;
    setuid_hidden_behind_a_dos_host: zip([file("su", "x").mode(0o104_755).with(|e| e.host = 0)]) => [HeaderMismatch], "host 0", true;
    setgid_hidden_behind_an_ntfs_host: zip([file("su", "x").mode(0o102_755).with(|e| e.host = 10)]) => [HeaderMismatch], "host 10", true;
    directory_name_with_file_mode: zip([folder("d/").mode(0o100_644)]) => [Malformed], "the name says directory", true;
    file_name_with_directory_mode: zip([file("d", "").mode(0o040_755)]) => [Malformed], "the name says file", true;
    directory_with_a_body: zip([folder("d/").with(|e| e.body = b"hidden".to_vec())]) => [Malformed], "body of 6 bytes", true;
}

// Local header against central directory.
lies! {
    local_name_differs: zip([file("good.py", "x").with(|e| e.local_name = Some(b"evil.py".to_vec()))]) => [HeaderMismatch], "`evil.py`", true;
    local_method_differs: zip([file("a", "x").with(|e| e.local_method = Some(8))]) => [HeaderMismatch], "method", true;
    local_flags_differ: zip([file("a", "x").with(|e| e.local_flags = Some(1))]) => [HeaderMismatch], "flags", true;
    local_utf8_flag_differs_on_a_name_where_it_matters: zip([file("\u{e9}", "x").with(|e| e.local_flags = Some(1 << 11))]) => [HeaderMismatch], "flags", true;
    local_crc_differs: zip([file("a", "x").with(|e| e.local_crc = Some(7))]) => [HeaderMismatch], "CRC-32", true;
    local_size_differs: zip([file("a", "x").with(|e| e.local_size = Some(7))]) => [HeaderMismatch], "size", true;
    local_compressed_size_differs: zip([file("a", "x").with(|e| e.local_compressed_size = Some(7))]) => [HeaderMismatch], "compressed size", true;
    data_descriptor_differs: zip([file("a", "x").streamed(crc32(b"x"), 1, 2)]) => [HeaderMismatch, TrailingBytes], "data descriptor", true;
    data_descriptor_missing: zip([file("a", "x").streamed(0, 0, 0).with(|e| e.after.clear())]) => [HeaderMismatch], "data descriptor", true;
    streamed_local_size_is_another: zip([file("a", "x").streamed(crc32(b"x"), 1, 1).with(|e| e.local_size = Some(9))]) => [HeaderMismatch], "size", true;
    no_local_header: zip([file("a", "x"), file("b", "y").with(|e| { e.central_only = true; e.offset = Some(3); })]) => [Malformed], "no local header", false;
    extra_field_runs_out: zip([file("a", "x").with(|e| e.extra = vec![9, 9, 200, 0, 1])]) => [Malformed], "past the end", true;
    part_of_a_split_archive: two().with(|z| z.disk = 1) => [Malformed], "split", true;
    entry_on_another_disk: zip([file("a", "x").with(|e| e.disk = 2)]) => [Malformed], "disk 2", true;
}

// Where things are.
lies! {
    bytes_before_the_archive: two().with(|z| z.prefix = b"#!/bin/sh\n".to_vec()) => [PrefixBytes], "10 bytes before", true;
    bytes_before_the_first_entry: zip([file("a", "x").with(|e| e.offset = None)]).with(|z| {
        let honest = z.bytes();
        z.entries.clear();
        z.comment.clear();
        z.before_directory = [b"evil".as_slice(), &honest[..honest.len() - 22 - 47]].concat();
        z.after_directory = { let mut c = honest[honest.len() - 22 - 47..honest.len() - 22].to_vec(); c[42] = 4; c };
        z.directory_size = Some(47);
        z.count = Some(1);
    }) => [PrefixBytes], "4 bytes before the first entry", true;
    prefix_of_an_empty_archive: zip([]).with(|z| z.prefix = b"evil".to_vec()) => [PrefixBytes], "4 bytes", true;
    bytes_after_the_end: two().with(|z| z.trailing = b"evil".to_vec()) => [TrailingBytes], "4 bytes after", true;
    bytes_between_entries: zip([file("a", "x").with(|e| e.after = b"hidden".to_vec()), file("b", "y")]) => [TrailingBytes], "6 bytes at offset", true;
    bytes_before_the_directory: two().with(|z| z.before_directory = b"hidden".to_vec()) => [TrailingBytes], "6 bytes at offset", true;
    bytes_after_the_directory: two().with(|z| z.after_directory = b"hidden".to_vec()) => [Malformed], "records after it", true;
    comment_with_a_second_end_record: two().with(|z| z.comment = end_record(0)) => [TrailingBytes, PrefixBytes], "second end-record", true;
    comment_with_an_end_record_that_does_not_fit: two().with(|z| z.comment = end_record(9)) => [TrailingBytes], "second end-record", true;
    comment_is_cut: two().with(|z| z.comment_length = Some(9)) => [Malformed], "cut", true;
    physical_order_differs: two().with(|z| z.order = Some(vec![1, 0])) => [OrderMismatch], "stands before it", true;
    count_too_small: two().with(|z| z.count = Some(1)) => [Malformed], "says 1 entries", true;
    count_too_large: two().with(|z| z.count = Some(3)) => [Malformed], "says 3 entries", true;
    directory_size_too_large: two().with(|z| z.directory_size = Some(9_999)) => [Malformed], "does not fit", false;
    directory_elsewhere: two().with(|z| { z.directory_offset = Some(5); z.directory_size = Some(5); }) => [Malformed], "no central directory", false;
    two_directories: two().with(|z| {
        let one = two();
        z.entries = one.entries;
        let bytes = z.bytes();
        let at = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        let directory = bytes[at..bytes.len() - 22].to_vec();
        z.before_directory = directory.clone();
        z.directory_offset = Some(at as u32);
        z.directory_size = Some(directory.len() as u32);
    }) => [Malformed, PrefixBytes], "two central directories", false;
    directory_signature_broken: two().with(|z| z.entries[0].comment = b"xx".to_vec()).with(|z| z.directory_size = Some(47 * 2)) => [Malformed], "central directory", false;
}

// Overlap.
lies! {
    two_entries_share_one_body: zip([file("a", "x"), file("a2", "x").with(|e| { e.central_only = true; e.offset = Some(0); })])
        => [Overlap, HeaderMismatch], "shared with `a`", false;
    entry_quoted_inside_another: zip([
        file("outer", "").with(|e| e.body = zip([file("in", "x")]).bytes()[..33].to_vec()),
        file("in", "x").with(|e| { e.central_only = true; e.offset = Some(35); }),
    ]) => [Overlap], "shared with `outer`", false;
    entry_runs_into_the_directory: zip([file("a", "x").with(|e| { e.compressed_size = Some(40); e.size = Some(40); })]) => [Overlap], "central directory", false;
}

// What can't be read.
lies! {
    encrypted_entry: zip([file("a", "x").with(|e| e.flags = 1)]) => [Encrypted], "0x0001", false;
    strongly_encrypted_entry: zip([file("a", "x").with(|e| e.flags = 1 << 6)]) => [Encrypted], "0x0040", false;
    masked_headers: zip([file("a", "x").with(|e| e.flags = 1 << 13)]) => [Encrypted], "0x2000", false;
    unknown_method: zip([file("a", "x").with(|e| e.method = 14)]) => [UnsupportedMethod], "method 14", false;
    version_that_unzip_leaves_out: zip([file("a", "x").with(|e| e.needed = Some(47)), file("b", "y").with(|e| e.needed = Some(46))])
        => [UnsupportedMethod], "version 4.7", true;
    patch_data: zip([file("a", "x").with(|e| e.flags = 1 << 5)]) => [UnsupportedMethod], "patch", false;
}

// Zip64.
lies! {
    zip64_locator_points_nowhere: two().with(|z| z.zip64 = Some((2, None, false))) => [Zip64Lie, Malformed], "points to offset 7", false;
    zip64_entries_differ: two().with(|z| { z.zip64 = Some((2, None, true)); z.count = Some(1); }) => [Zip64Lie], "the end record says 1", true;
    zip64_count_is_a_lie: two().with(|z| z.zip64 = Some((1 << 40, None, true))) => [Malformed], "1099511627776 entries", true;
    zip64_offset_is_a_lie: two().with(|z| z.zip64 = Some((2, Some(1 << 50), true))) => [Malformed], "by its size it would be", false;
    zip64_referred_to_and_absent: two().with(|z| z.directory_offset = Some(u32::MAX)) => [Zip64Lie, Malformed], "no locator", false;
    size_refers_to_absent_zip64_field: zip([file("a", "x").with(|e| { e.size = Some(u32::MAX); e.local_size = Some(1); })]) => [Zip64Lie, HeaderMismatch, LimitExceeded], "there is none", false;
    zip64_field_contradicts_the_header: zip([file("a", "x").with(|e| {
        e.extra = [vec![1, 0, 16, 0], 9_u64.to_le_bytes().to_vec(), 1_u64.to_le_bytes().to_vec()].concat();
    })]) => [Zip64Lie], "the zip64 field 9", true;
    zip64_field_too_short: zip([file("a", "x").with(|e| { e.size = Some(u32::MAX); e.local_size = Some(1); e.extra = vec![1, 0, 4, 0, 1, 0, 0, 0]; })]) => [Zip64Lie, HeaderMismatch, LimitExceeded], "lacks the size", false;
    two_zip64_fields: zip([file("a", "x").with(|e| {
        e.size = Some(u32::MAX);
        e.local_size = Some(1);
        e.extra = [[1, 0, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0], [1, 0, 8, 0, 9, 0, 0, 0, 0, 0, 0, 0]].concat();
    })]) => [Malformed], "two zip64", true;
}

// Bodies.
lies! {
    wrong_crc: zip([file("a", "x").with(|e| e.crc = Some(7))]) => [BadChecksum], "CRC-32", false;
    stored_size_differs_from_stored_bytes: zip([file("a", "xy").with(|e| e.size = Some(1))]) => [BadChecksum], "without compression", false;
    inflates_to_more_than_stated: zip([deflated("a", &[7; 5_000]).with(|e| e.size = Some(4_000))]) => [BadChecksum], "inflates to more", false;
    inflates_to_less_than_stated: zip([deflated("a", b"x").with(|e| e.size = Some(9))]) => [BadChecksum], "inflates to 1", false;
    deflate_is_garbage: zip([deflated("a", b"x").with(|e| e.stored = Some(vec![0xff; 20]))]) => [BadChecksum], "damaged", false;
    deflate_is_cut: zip([deflated("a", &[7; 5_000]).with(|e| { let mut s = deflate(&e.body); s.truncate(6); e.stored = Some(s); })]) => [BadChecksum], "does not end", false;
    bytes_hidden_after_the_deflate_stream: zip([deflated("a", b"x").with(|e| e.stored = Some([deflate(b"x"), b"evil".to_vec()].concat()))]) => [BadChecksum], "ends after", false;
    size_with_no_bytes: zip([deflated("a", b"").with(|e| e.stored = Some(vec![]))]) => [BadChecksum], "does not end", false;
}

#[test]
fn honest_zips_of_our_own_builder_are_clean() {
    for honest in [
        two(),
        zip([]),
        zip([folder("d/"), file("d/a", "x"), link("d/l", "a"), deflated("d/z", &[1; 100_000])]),
        zip([file("a", "x").streamed(crc32(b"x"), 1, 1), deflated("b", b"yy").streamed(crc32(b"yy"), deflate(b"yy").len() as u32, 2)]),
        two().with(|z| z.zip64 = Some((2, None, true))),
        two().with(|z| z.comment = b"made by hand".to_vec()),
        zip([link("d/e", "../x"), file("x", "")]),
        zip([folder("tmp/").mode(0o041_777), folder("g/").mode(0o042_775)]),
        zip([file("stored.zip", "").with(|e| e.body = two().bytes())]),
        zip([file("./a", "x")]),
    ] {
        let contents = contents(&honest);
        assert_eq!(contents.anomalies, []);
        assert!(contents.complete);
        assert_eq!(contents.format, Format::Zip);
    }
}

#[test]
fn a_damaged_or_unread_entry_has_no_digest() {
    let found = contents(&zip([file("good", "x"), file("bad", "y").with(|e| e.crc = Some(7)), file("locked", "z").with(|e| e.flags = 1)]));
    let digests: HashMap<_, _> = found.tree.entries.iter().map(|e| (e.path.as_str(), e.digest.is_some())).collect();
    assert_eq!(digests, HashMap::from([("good", true), ("bad", false), ("locked", false)]));
}

#[test]
fn duplicates_stand_side_by_side() {
    let found = contents(&zip([file("b", ""), file("a", "first"), file("a", "second")]));
    let here: Vec<_> = found.tree.at("a").map(|e| (e.origin, e.size)).collect();
    assert_eq!(here, [(1, 5), (2, 6)]);
}

// Limits, each by its name.
#[track_caller]
fn assert_limit(bytes: &[u8], limits: &Limits, name: &str) {
    let contents = contents_within(bytes, limits);
    assert!(!contents.complete);
    let hit = contents.anomalies.iter().any(|a| a.kind == LimitExceeded && a.detail.starts_with(&format!("{name}:")));
    assert!(hit, "{:#?}", contents.anomalies);
}

#[test]
fn limit_entries() {
    assert_limit(&two().bytes(), &Limits { entries: 1, ..Limits::default() }, "entries");
}

#[test]
fn limit_directory_bytes() {
    assert_limit(&two().bytes(), &Limits { directory_bytes: 50, ..Limits::default() }, "directory_bytes");
}

#[test]
fn limit_zip_bytes() {
    assert_limit(&two().bytes(), &Limits { zip_bytes: 10, ..Limits::default() }, "zip_bytes");
}

#[test]
fn limit_file_bytes() {
    assert_limit(&two().bytes(), &Limits { file_bytes: 5, ..Limits::default() }, "file_bytes");
}

#[test]
fn limit_ratio() {
    let bytes = zip([deflated("a", &[0; 1_000_000])]).bytes();
    assert_limit(&bytes, &Limits { ratio: 100, ratio_above: 100_000, ..Limits::default() }, "ratio");
}

#[test]
fn limit_depth() {
    assert_limit(&zip([file(&"d/".repeat(200), "")]).bytes(), &Limits::default(), "depth");
}

#[test]
fn limit_name_bytes() {
    assert_limit(&zip([file(&"n".repeat(5_000), "")]).bytes(), &Limits::default(), "name_bytes");
    assert_limit(&zip([link("l", &"n".repeat(5_000))]).bytes(), &Limits::default(), "name_bytes");
}

#[test]
fn limit_time() {
    assert_limit(&two().bytes(), &Limits { time: Duration::ZERO, ..Limits::default() }, "time");
}

#[test]
fn a_bomb_is_refused_before_it_is_inflated() {
    // 2 GB of zeros, stated truthfully: over the limit by its header alone.
    let bomb = zip([deflated("bomb", &[0; 1 << 20]).with(|e| e.size = Some(2 << 30))]);
    assert_limit(&bomb.bytes(), &Limits::default(), "zip_bytes");
    // The same bytes under a small stated size: inflation stops there.
    let liar = contents(&zip([deflated("bomb", &[0; 64 << 20]).with(|e| e.size = Some(10))]));
    assert_found(&liar, &[BadChecksum], "inflates to more");
    assert!(liar.unpacked_bytes <= 10);
}

#[test]
fn overlapping_entries_are_never_inflated() {
    // A thousand names for one body: the shape of the bombs that beat every ratio.
    let body = deflated("e0", &[0; 1 << 20]);
    let copies = (1..1_000).map(|i| Entry { name: format!("e{i}").into(), central_only: true, offset: Some(0), ..body.clone() });
    let found = contents(&zip([body.clone()].into_iter().chain(copies)));
    assert!(found.anomalies.iter().any(|a| a.kind == Overlap));
    assert!(!found.complete);
    assert_eq!(found.unpacked_bytes, 0);
}

#[test]
fn anomalies_do_not_fill_the_memory() {
    let found = contents(&zip((0..3_000).map(|i| file(&format!("../{i}"), ""))));
    let listed = found.anomalies.iter().filter(|a| a.kind == Traversal).count();
    assert_eq!(listed, 1_001);
    assert!(found.anomalies.iter().any(|a| a.detail == "2000 more of this kind are not listed"));
}

#[test]
fn what_is_no_zip_is_named() {
    let limits = Limits::default();
    let mut tar = vec![0; 512];
    tar[..1].copy_from_slice(b"a");
    tar[257..262].copy_from_slice(b"ustar");
    for (bytes, expected) in [
        (vec![], NotAZip::Empty),
        (b"just a text\n".to_vec(), NotAZip::Text),
        ("é".repeat(4_000).into_bytes(), NotAZip::Text),
        (two().bytes()[..60].to_vec(), NotAZip::Truncated),
        (vec![0x1f, 0x8b, 8, 0], NotAZip::Other("gzip data")),
        (b"\x7fELF\x02".to_vec(), NotAZip::Other("an ELF program or library")),
        (tar, NotAZip::Other("a tar archive")),
        (vec![0, 1, 2, 3, 0xfe], NotAZip::Unknown),
    ] {
        let file = written(&bytes);
        match ZipIndex::open(file.path(), &limits) {
            Err(UnpackError::NotAZip { reason, .. }) => assert_eq!(reason, expected),
            other => panic!("{expected:?}: {other:?}"),
        }
        let contents = contents_within(&bytes, &limits);
        assert_eq!(contents.format, Format::Unrecognised);
        assert!(!contents.complete);
        assert_found(&contents, &[Malformed], &expected.to_string());
    }
}

#[test]
fn a_missing_file_is_our_error_and_a_fifo_does_not_block() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits::default();
    assert!(matches!(ZipIndex::open(&dir.path().join("no"), &limits), Err(UnpackError::Io { .. })));
    let fifo = dir.path().join("fifo");
    if std::process::Command::new("mkfifo").arg(&fifo).status().is_ok_and(|s| s.success()) {
        assert!(matches!(ZipIndex::open(&fifo, &limits), Err(UnpackError::NotAFile { .. })));
    } else {
        println!("SKIPPED: mkfifo is not installed");
    }
}

#[test]
fn read_gives_one_entry_whole_or_says_why_not() {
    let file =
        written(&zip([file("a", "hello"), file("bad", "y").with(|e| e.crc = Some(7)), file("locked", "z").with(|e| e.flags = 1)]).bytes());
    let index = ZipIndex::open(file.path(), &Limits::default()).unwrap();
    assert_eq!(index.read(&index.entries[0], 5).unwrap(), b"hello");
    for (entry, max, kind) in [(0, 4, LimitExceeded), (1, 10, BadChecksum), (2, 10, Malformed)] {
        match index.read(&index.entries[entry], max) {
            Err(UnpackError::Entry { kind: found, .. }) => assert_eq!(found, kind),
            other => panic!("{other:?}"),
        }
    }
}

/// A zip with every feature, small enough to try each of its bytes.
fn sample() -> Vec<u8> {
    zip([folder("d/"), file("d/a", "hello").streamed(crc32(b"hello"), 5, 5), deflated("d/b", &[5; 300]), link("d/l", "a")])
        .with(|z| z.zip64 = Some((4, None, true)))
        .with(|z| z.comment = b"hi".to_vec())
        .bytes()
}

#[test]
fn entries_that_stand_in_another_order_are_hashed_once_all_the_same() {
    // Large enough for several pieces, with headers close enough to be passed over.
    let entries: Vec<Entry> = (0..200).map(|i| file(&format!("{i:03}"), &"x".repeat(6_000))).collect();
    let honest = contents(&zip(entries.clone()));
    assert_eq!((honest.anomalies.len(), honest.complete), (0, true));
    // The directory leads from the end to the beginning: each header lies behind the one before it, and has the name of another.
    let size = 30 + 3 + 6_000;
    let turned = contents(&zip(entries.into_iter().zip(0..).map(|(entry, at)| Entry { offset: Some((199 - at) * size), ..entry })));
    assert_found(&turned, &[HeaderMismatch, OrderMismatch], "header `199`");
}

#[test]
fn many_of_one_name_below_a_link_of_that_name_take_no_time() {
    // What is asked of a folder must not grow with the entries that have its name.
    let links = (0..20_000).map(|_| link("a", "b"));
    let below = (0..20_000).map(|i| file(&format!("a/{i}"), ""));
    let found = contents(&zip(links.chain(below)));
    assert_found(&found, &[DuplicateName, ThroughSymlink], "below `a`");
}

#[test]
fn no_prefix_of_a_zip_panics_or_passes() {
    let whole = sample();
    for length in 0..whole.len() {
        let contents = contents_within(&whole[..length], &Limits::default());
        assert!(!contents.anomalies.is_empty(), "{length} of {} bytes", whole.len());
    }
}

#[test]
fn no_flipped_byte_of_a_zip_panics() {
    let whole = sample();
    for at in 0..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            let _ = contents_within(&bytes, &Limits::default());
        }
    }
}

#[test]
fn a_name_of_64_kib_does_not_swell_the_anomalies() {
    let found = contents(&zip([file(&"n".repeat(60_000), "x").with(|e| e.local_crc = Some(7))]));
    assert!(found.anomalies.iter().all(|a| a.path.len() < 5_000 && a.detail.len() < 5_000));
    assert!(found.anomalies.iter().any(|a| a.kind == HeaderMismatch));
}

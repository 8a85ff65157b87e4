//! The walk over zips, folders and images. The parsers have their own tests beside them.

use std::fs;

use layerproof::catalog::{Aggregate, Basis, Cataloged, Input, Options, catalog};
use layerproof::unpack::{Layout as Opened, Limits, UnpackError, ZipIndex};

use crate::unpack::build_image::{self, Layout, Member, digest_in, tar};
use crate::unpack::build_zip::{self, Entry, zip};

fn metadata(name: &str, version: &str) -> String {
    format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
}

fn of_zip(entries: impl IntoIterator<Item = Entry>) -> Cataloged {
    of_bytes(&zip(entries).bytes(), &Limits::default())
}

fn of_bytes(bytes: &[u8], limits: &Limits) -> Cataloged {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    let index = ZipIndex::open(file.path(), limits).unwrap();
    catalog(Input::Zip(&index), &Options::default(), limits).unwrap()
}

fn of_image(layers: &[&[Member]]) -> Cataloged {
    let layout = Layout::new();
    let tars: Vec<Vec<u8>> = layers.iter().map(|members| tar(members)).collect();
    let target = layout.image(&tars);
    let opened = Opened::open(layout.path(), &Limits::default()).unwrap();
    let input = Input::Image { layout: &opened, digest: &digest_in(&target), architecture: "x86_64" };
    catalog(input, &Options::default(), &Limits::default()).unwrap()
}

fn purls(cataloged: &Cataloged) -> Vec<String> {
    cataloged.catalog.packages.iter().map(|package| package.purl.to_string()).collect()
}

fn whole(cataloged: &Cataloged) -> Aggregate {
    cataloged.catalog.compositions.iter().find(|composition| composition.of == "artifact").unwrap().aggregate
}

const SIX: &str = "python/six-1.0.dist-info/METADATA";

#[test]
fn only_what_is_wanted_is_inflated() {
    // Damage in what nobody reads is not noticed: that is for `verify`. Damage in what is read is a gap.
    let picture = build_zip::deflated("picture.png", b"12345").with(|entry| entry.crc = Some(1));
    let six = build_zip::deflated(SIX, metadata("six", "1.0").as_bytes());
    let cataloged = of_zip([picture, six]);
    assert_eq!((purls(&cataloged), cataloged.catalog.gaps.len()), (vec!["pkg:pypi/six@1.0".into()], 0));
    let read: Vec<u32> = cataloged.read.iter().map(|(entry, _)| *entry).collect();
    assert_eq!(read, [1]);
}

#[test]
fn damaged_metadata_is_a_gap_and_not_an_absent_package() {
    let six = build_zip::deflated(SIX, metadata("six", "1.0").as_bytes()).with(|entry| entry.crc = Some(1));
    let cataloged = of_zip([six]);
    assert_eq!(purls(&cataloged), [""; 0]);
    let [gap] = cataloged.catalog.gaps.as_slice() else { panic!("{:?}", cataloged.catalog.gaps) };
    assert_eq!((&*gap.path, &*gap.cataloger), (SIX, "python"));
    assert_eq!(whole(&cataloged), Aggregate::Incomplete);
}

#[test]
fn of_two_entries_with_one_name_both_are_read_and_that_is_told() {
    let cataloged = of_zip([build_zip::file(SIX, &metadata("six", "1.0")), build_zip::file(SIX, &metadata("six", "2.0"))]);
    assert_eq!(purls(&cataloged), ["pkg:pypi/six@1.0", "pkg:pypi/six@2.0"]);
    assert!(
        cataloged.catalog.gaps.iter().any(|gap| gap.cataloger == "archive" && gap.detail.contains("duplicate")),
        "{:?}",
        cataloged.catalog.gaps
    );
    assert_eq!(whole(&cataloged), Aggregate::Incomplete);
}

#[test]
fn metadata_over_the_limit_is_a_gap_that_names_it() {
    let limits = Limits { zip_bytes: 100, ..Limits::default() };
    let long = metadata("six", "1.0") + &"x".repeat(200);
    let cataloged =
        of_bytes(&zip([build_zip::file("a.dist-info/METADATA", &long), build_zip::file(SIX, &metadata("six", "1.0"))]).bytes(), &limits);
    assert_eq!(purls(&cataloged), [""; 0], "the walk stops at the limit, and nothing after it was read");
    let paths: Vec<&str> = cataloged.catalog.gaps.iter().map(|gap| gap.path.as_str()).collect();
    assert!(paths.contains(&"a.dist-info/METADATA") && paths.contains(&SIX), "{:?}", cataloged.catalog.gaps);
    assert_eq!(whole(&cataloged), Aggregate::Incomplete);
}

#[test]
fn an_archive_whose_list_can_not_be_read_to_its_end_is_incomplete() {
    let limits = Limits { entries: 1, ..Limits::default() };
    let bytes = zip([build_zip::file(SIX, &metadata("six", "1.0")), build_zip::file("b", "")]).bytes();
    let cataloged = of_bytes(&bytes, &limits);
    assert_eq!(whole(&cataloged), Aggregate::Incomplete);
    assert!(cataloged.catalog.gaps.iter().any(|gap| gap.cataloger == "archive"), "{:?}", cataloged.catalog.gaps);
}

#[test]
fn a_zip_that_changes_while_it_is_read_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), zip([build_zip::file("a", "1")]).bytes()).unwrap();
    let index = ZipIndex::open(file.path(), &Limits::default()).unwrap();
    assert!(index.digest().is_ok() && index.unchanged().is_ok());
    fs::write(file.path(), zip([build_zip::file("a", "1"), build_zip::file("b", "2")]).bytes()).unwrap();
    assert!(matches!(index.digest(), Err(UnpackError::Changed { .. })));
    assert!(matches!(index.unchanged(), Err(UnpackError::Changed { .. })));
}

#[test]
fn a_folder_is_read_as_the_zip_of_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("python/six-1.0.dist-info")).unwrap();
    fs::write(folder.path().join(SIX), metadata("six", "1.0")).unwrap();
    let cataloged = catalog(Input::Directory(folder.path()), &Options::default(), &Limits::default()).unwrap();
    assert_eq!(cataloged.catalog, of_zip([build_zip::file(SIX, &metadata("six", "1.0"))]).catalog);
}

#[test]
fn what_a_later_layer_removes_is_not_listed() {
    let first = [build_image::file(SIX, &metadata("six", "1.0")), build_image::file("python/a-1.dist-info/METADATA", &metadata("a", "1"))];
    let file_removed = [build_image::file("python/six-1.0.dist-info/.wh.METADATA", "")];
    assert_eq!(purls(&of_image(&[&first, &file_removed])), ["pkg:pypi/a@1"]);
    let folder_removed = [build_image::file("python/.wh.six-1.0.dist-info", "")];
    assert_eq!(purls(&of_image(&[&first, &folder_removed])), ["pkg:pypi/a@1"]);
    let emptied = [build_image::file("python/.wh..wh..opq", "")];
    assert_eq!(purls(&of_image(&[&first, &emptied])), [""; 0]);
}

#[test]
fn an_upgrade_in_a_later_layer_leaves_the_new_version_only() {
    let first = [build_image::file("usr/lib/a/six.dist-info/METADATA", &metadata("six", "1.0"))];
    let second = [build_image::file("usr/lib/a/six.dist-info/METADATA", &metadata("six", "2.0"))];
    assert_eq!(purls(&of_image(&[&first, &second])), ["pkg:pypi/six@2.0"]);
}

#[test]
fn a_package_that_is_brought_back_is_listed() {
    let there = [build_image::file(SIX, &metadata("six", "1.0"))];
    let gone = [build_image::file("python/six-1.0.dist-info/.wh.METADATA", "")];
    assert_eq!(purls(&of_image(&[&there, &gone, &there])), ["pkg:pypi/six@1.0"]);
}

#[test]
fn metadata_that_a_link_of_a_lower_layer_leads_to_is_listed_once() {
    let link = [build_image::folder("usr/lib/"), build_image::symlink("lib", "usr/lib")];
    let through = [build_image::file("lib/six-1.0.dist-info/METADATA", &metadata("six", "1.0"))];
    assert_eq!(purls(&of_image(&[&link, &through])), ["pkg:pypi/six@1.0"]);
    let gone = [build_image::file("usr/lib/.wh.six-1.0.dist-info", "")];
    assert_eq!(purls(&of_image(&[&link, &through, &gone])), [""; 0]);
}

#[test]
fn metadata_behind_a_hard_link_is_found_or_said_to_be_unread() {
    let hidden = [build_image::file("store/1", &metadata("six", "1.0")), build_image::hardlink(SIX, "store/1")];
    let cataloged = of_image(&[&hidden]);
    assert_eq!(purls(&cataloged), [""; 0]);
    let [gap] = cataloged.catalog.gaps.as_slice() else { panic!("{:?}", cataloged.catalog.gaps) };
    assert_eq!((&*gap.path, &*gap.cataloger), (SIX, "python"));
    let twice = [build_image::file(SIX, &metadata("six", "1.0")), build_image::hardlink("b/six.dist-info/METADATA", SIX)];
    let cataloged = of_image(&[&twice]);
    assert_eq!((purls(&cataloged), cataloged.catalog.gaps.len()), (vec!["pkg:pypi/six@1.0".into()], 0));
}

#[test]
fn a_layer_that_is_not_what_its_digest_says_leaves_the_list_incomplete() {
    let layout = Layout::new();
    let tars = [tar(&[build_image::file(SIX, &metadata("six", "1.0"))])];
    let target = layout.image(&tars);
    let stored = build_image::gzip(&tars[0]);
    let other = build_image::gzip(&tar(&[build_image::file(SIX, &metadata("six", "6.6.6"))]));
    fs::write(layout.place(layerproof::model::digest::Digest::of(&stored)), other).unwrap();
    let opened = Opened::open(layout.path(), &Limits::default()).unwrap();
    let input = Input::Image { layout: &opened, digest: &digest_in(&target), architecture: "x86_64" };
    let cataloged = catalog(input, &Options::default(), &Limits::default()).unwrap();
    assert_eq!(whole(&cataloged), Aggregate::Incomplete);
    assert!(cataloged.catalog.gaps.iter().any(|gap| gap.detail.contains("digest-mismatch")), "{:?}", cataloged.catalog.gaps);
}

#[test]
fn layers_that_are_read_side_by_side_share_one_limit() {
    let layer = |name: &str| [build_image::file(name, &"x".repeat(4_000))];
    let layers = ["a", "b", "c", "d"].map(layer);
    let tars: Vec<Vec<u8>> = layers.iter().map(|members| tar(members)).collect();
    let layout = Layout::new();
    let target = layout.image(&tars);
    let read = |total_bytes| {
        let limits = Limits { total_bytes, ..Limits::default() };
        let opened = Opened::open(layout.path(), &limits).unwrap();
        let input = Input::Image { layout: &opened, digest: &digest_in(&target), architecture: "x86_64" };
        catalog(input, &Options::default(), &limits).unwrap().contents.complete
    };
    let each = tars[0].len() as u64;
    assert!(read(each * 4) && !read(each * 3 - 1), "no layer alone is over the limit");
}

#[test]
fn what_many_files_say_together_ends_at_a_limit_and_is_a_gap() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let of = |number: usize| build_zip::file(&format!("python/p{number}-1.dist-info/METADATA"), &metadata(&format!("p{number}"), "1"));
    fs::write(file.path(), zip((0..20).map(of)).bytes()).unwrap();
    let index = ZipIndex::open(file.path(), &Limits::default()).unwrap();
    let options = Options { most_words: 100, ..Options::default() };
    let cataloged = catalog(Input::Zip(&index), &options, &Limits::default()).unwrap();
    let gaps = &cataloged.catalog.gaps;
    assert!(!gaps.is_empty() && gaps.iter().all(|gap| format!("{:?}", gap.reason).contains("catalog::MAX_WORDS")), "{gaps:?}");
    // A package takes eight words: the first twelve have room. The others are told by their folders' names alone.
    let installed = cataloged.catalog.packages.iter().filter(|package| package.basis == Basis::Installed).count();
    assert_eq!((installed, gaps.len()), (12, 8));
    assert_eq!(whole(&cataloged), Aggregate::Incomplete);
}

/// A program that nobody can read may be anything: it is not passed over for not having shown what it begins with.
#[test]
fn a_program_whose_beginning_can_not_be_read_is_a_gap() {
    let elf = [b"\x7fELF\x02\x01\x01".as_slice(), &[0; 200]].concat();
    let program = || build_zip::deflated("bootstrap", &elf).mode(0o100_755);
    let script = build_zip::deflated("bootstrap", b"#!/bin/sh\necho\n").mode(0o100_755);
    let six = || build_zip::deflated(SIX, metadata("six", "1.0").as_bytes());
    assert_eq!(of_zip([six(), program()]).catalog.gaps, []);
    for (name, unreadable) in [
        ("encrypted", program().with(|entry| entry.flags |= 1)),
        ("of an unknown method", program().with(|entry| entry.method = 12)),
        ("damaged", program().with(|entry| entry.stored = Some(vec![0xff; 20]))),
        ("longer than it says", program().with(|entry| entry.size = Some(5))),
        ("said to be empty", program().with(|entry| entry.size = Some(0))),
        ("a script, said to be empty", script.with(|entry| entry.size = Some(0))),
    ] {
        let cataloged = of_zip([six(), unreadable]);
        assert!(cataloged.catalog.gaps.iter().any(|gap| gap.path == "bootstrap"), "{name}: {:?}", cataloged.catalog.gaps);
        assert_eq!(whole(&cataloged), Aggregate::Incomplete, "{name}");
    }
}

#[test]
fn a_file_that_is_too_long_for_several_catalogers_names_the_limit_of_each() {
    let script = vec![b' '; (64 << 20) + 1];
    let cataloged = of_zip([build_zip::deflated("a.js", &script)]);
    let mut limits: Vec<String> =
        cataloged.catalog.gaps.iter().map(|gap| format!("{}: {:?}: {}", gap.cataloger, gap.reason, gap.detail)).collect();
    limits.sort();
    let [executables, bundles] = limits.as_slice() else { panic!("{limits:?}") };
    assert!(executables.contains("elf::MAX_SCRIPT_BYTES") && executables.contains("at most 33554432"), "{executables}");
    assert!(bundles.contains("js_bundle::MAX_SCRIPT_BYTES") && bundles.contains("at most 67108864"), "{bundles}");
}

#[test]
fn a_package_database_that_was_emptied_to_a_line_break_hides_nothing() {
    let six = ("python/six-1.0.dist-info/METADATA", metadata("six", "1.0"));
    let record = ("python/six-1.0.dist-info/RECORD", "six-1.0.dist-info/METADATA,,\n".to_owned());
    let debian = "Package: bash\nStatus: install ok installed\nVersion: 5\nArchitecture: amd64\n\n".to_owned();
    let of = |database: Option<(&str, String)>| {
        let files = [Some(six.clone()), Some(record.clone()), database];
        whole(&of_zip(files.into_iter().flatten().map(|(path, text)| build_zip::file(path, &text))))
    };
    assert_eq!(of(None), Aggregate::Complete);
    assert_eq!(of(Some(("var/lib/dpkg/status", debian))), Aggregate::Complete);
    for path in ["var/lib/dpkg/status", "lib/apk/db/installed"] {
        for text in ["", "\n", "\n\n\n"] {
            assert_ne!(of(Some((path, text.into()))), Aggregate::Complete, "{path} of {text:?}");
        }
    }
}

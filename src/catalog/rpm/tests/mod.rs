//! Tests of the RPM packages. Databases in `testdata/rpmdb` were written by SQLite and Berkeley DB themselves.

mod build;

use build::Value::{Bytes, Number, Numbers, Text, Texts};
use build::{header, named, ndb, sqlite};

use super::*;
use crate::catalog::Licence;
use crate::catalog::distro::tests::{edges, os, run};

const SQLITE: &[u8] = include_bytes!("../../../../testdata/rpmdb/rpmdb.sqlite");
const LITTLE: &[u8] = include_bytes!("../../../../testdata/rpmdb/Packages-little");
const BIG: &[u8] = include_bytes!("../../../../testdata/rpmdb/Packages-big");
/// Bytes of a page of those.
const PAGE: usize = 512;

fn read(path: &str, bytes: &[u8]) -> (Assembled, Vec<Flaw>) {
    run(&Rpm, &[(path, bytes)], &[], None)
}

fn read_sqlite(bytes: &[u8]) -> (Assembled, Vec<Flaw>) {
    read("var/lib/rpm/rpmdb.sqlite", bytes)
}

fn read_ndb(bytes: &[u8]) -> (Assembled, Vec<Flaw>) {
    read("usr/lib/sysimage/rpm/Packages.db", bytes)
}

fn read_bdb(bytes: &[u8]) -> (Assembled, Vec<Flaw>) {
    read("var/lib/rpm/Packages", bytes)
}

fn names(all: &Assembled) -> Vec<&str> {
    let mut names: Vec<&str> = all.packages.iter().map(|package| package.name.as_str()).collect();
    names.sort_unstable();
    names
}

/// Pages that hold nothing but the text of the long package, by number from 0.
fn overflow_pages(bytes: &[u8]) -> Vec<usize> {
    let is_text = |page: &[u8]| page.iter().filter(|byte| **byte == b'x').count() > PAGE - 30;
    (0..bytes.len() / PAGE).filter(|page| is_text(&bytes[page * PAGE..(page + 1) * PAGE])).collect()
}

fn with(bytes: &[u8], at: usize, new: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + new.len()].copy_from_slice(new);
    bytes
}

#[test]
fn sqlite_overflow_pages_that_come_back_to_themselves_cost_one_package() {
    let page = overflow_pages(SQLITE)[1];
    for next in [page as u32 + 1, 1, 0, u32::MAX] {
        let (all, flaws) = read_sqlite(&with(SQLITE, page * PAGE, &next.to_be_bytes()));
        assert_eq!((all.packages.len(), flaws.len()), (39, 1), "{flaws:?}");
        assert!(!names(&all).contains(&"long"));
    }
}

#[test]
fn sqlite_pages_that_are_their_own_children_are_read_once() {
    let interior: Vec<usize> = (1..SQLITE.len() / PAGE).filter(|page| SQLITE[page * PAGE] == 5).collect();
    assert!(!interior.is_empty(), "the database has trees of two levels");
    for page in interior {
        let (all, flaws) = read_sqlite(&with(SQLITE, page * PAGE + 8, &(page as u32 + 1).to_be_bytes()));
        assert!(all.packages.len() < 40 && flaws.len() == 1 || all.packages.len() == 40, "{flaws:?}");
    }
}

#[test]
fn sqlite_cells_without_end_that_all_have_the_same_place_are_not_read_again_and_again() {
    // As many as the page has room for, all of them the first one.
    let bytes = sqlite(&[named(&"a".repeat(1_000))]);
    let place = bytes[4_096 + 8..4_096 + 10].to_vec();
    let count = 1_200_u16;
    let mut bytes = with(&bytes, 4_096 + 3, &count.to_be_bytes());
    for cell in 0..usize::from(count) {
        bytes[4_096 + 8 + cell * 2..4_096 + 10 + cell * 2].copy_from_slice(&place);
    }
    let (all, flaws) = read_sqlite(&bytes);
    assert!(all.packages.len() <= 4 && flaws.len() == 1, "{} packages, {flaws:?}", all.packages.len());
    let (all, flaws) = read_sqlite(&with(SQLITE, 3_584 + 4, &[255]));
    assert!(all.packages.len() <= 41 && !flaws.is_empty(), "{} packages", all.packages.len());
}

#[test]
fn a_database_that_is_cut_gives_what_is_left_of_it_and_says_so() {
    for (whole, of) in [(SQLITE, read_sqlite as fn(&[u8]) -> _), (LITTLE, read_bdb), (BIG, read_bdb)] {
        let (all, flaws): (Assembled, Vec<Flaw>) = of(&whole[..whole.len() * 2 / 3]);
        assert!(!all.packages.is_empty() && all.packages.len() < 40, "{}", all.packages.len());
        assert!(!flaws.is_empty());
    }
    let whole = ndb(&[named("a"), named("b")]);
    let (all, flaws) = read_ndb(&whole[..whole.len() - 40]);
    assert_eq!((names(&all), flaws.len()), (vec!["a"], 1));
}

#[test]
fn one_wrong_byte_anywhere_never_panics_nor_adds_packages_without_end() {
    let ndb = ndb(&[named("a"), named("b")]);
    for (bytes, of, step) in
        [(SQLITE, read_sqlite as fn(&[u8]) -> (Assembled, Vec<Flaw>), 61), (LITTLE, read_bdb, 61), (BIG, read_bdb, 61), (&ndb, read_ndb, 1)]
    {
        for at in (0..bytes.len()).step_by(step) {
            for wrong in [0, 0xff, bytes[at] ^ 1] {
                let (all, flaws) = of(&with(bytes, at, &[wrong]));
                assert!(
                    all.packages.len() <= 42 && flaws.len() <= distro::MAX_FLAWS + 2,
                    "byte {at} as {wrong}: {} packages, {} flaws",
                    all.packages.len(),
                    flaws.len()
                );
            }
        }
    }
}

#[test]
fn what_is_no_database_is_said_to_be_none() {
    for of in [read_sqlite, read_ndb, read_bdb] {
        for bytes in [b"x".as_slice(), &[0; 4_096], b"SQLite format 3\0", b"RpmP", &SQLITE[..40]] {
            let (all, flaws) = of(bytes);
            assert_eq!((all.packages.len(), flaws.len()), (0, 1), "{flaws:?}");
        }
        // Made, and not filled yet.
        assert_eq!(of(b"").1, []);
    }
    let nothing = sqlite(&[]);
    assert_eq!(read_sqlite(&nothing).1, []);
    let (_, flaws) = read_sqlite(&[&nothing[..100], &[13; 1], &[0; 3_995]].concat());
    assert!(flaws[0].detail.contains("no table `Packages`"));
}

#[test]
fn changes_that_the_database_does_not_have_yet_are_a_gap() {
    for name in ["rpmdb.sqlite-wal", "rpmdb.sqlite-journal"] {
        let (all, flaws) = run(&Rpm, &[("var/lib/rpm/rpmdb.sqlite", SQLITE), (&format!("var/lib/rpm/{name}"), b"7")], &[], None);
        assert_eq!((all.packages.len(), flaws.len()), (40, 1));
        let (_, flaws) = run(&Rpm, &[("var/lib/rpm/rpmdb.sqlite", SQLITE), (&format!("var/lib/rpm/{name}"), b"")], &[], None);
        assert_eq!(flaws, []);
    }
}

#[test]
fn bdb_pages_that_come_back_to_themselves_cost_one_package() {
    for (bytes, order) in [(LITTLE, order::Order::Little), (BIG, order::Order::Big)] {
        let page = overflow_pages(bytes)[1];
        for next in [page as u32, 0, u32::MAX] {
            let next = if order == order::Order::Little { next.to_le_bytes() } else { next.to_be_bytes() };
            let (all, flaws) = read_bdb(&with(bytes, page * PAGE + 16, &next));
            assert_eq!((all.packages.len(), flaws.len()), (39, 1), "{flaws:?}");
        }
    }
}

#[test]
fn a_page_of_a_database_that_was_wiped_hides_no_package() {
    for (bytes, read) in [(LITTLE, read_bdb as fn(&[u8]) -> (Assembled, Vec<Flaw>)), (BIG, read_bdb), (SQLITE, read_sqlite)] {
        let (whole, flaws) = read(bytes);
        assert_eq!(flaws, []);
        for page in 1..bytes.len() / PAGE {
            let (all, flaws) = read(&with(bytes, page * PAGE, &[0; PAGE]));
            assert!(all.packages.len() == whole.packages.len() || !flaws.is_empty(), "page {page}: {} packages", all.packages.len());
        }
    }
}

#[test]
fn bdb_pages_of_other_forms_are_not_taken_for_these() {
    for (at, new) in [(16, 3), (24, 1), (25, 9), (26, 1), (21, 1)] {
        let (all, flaws) = read_bdb(&with(LITTLE, at, &[new]));
        assert_eq!((all.packages.len(), flaws.len()), (0, 1), "byte {at}");
    }
}

#[test]
fn ndb_blobs_that_two_slots_share_or_that_are_another_packages_count_once() {
    let bytes = ndb(&[named("a"), named("b"), named("c")]);
    let slot = |number: usize| 32 + (number - 1) * 16;
    let first = &bytes[slot(1) + 8..slot(1) + 12].to_vec();
    let (all, flaws) = read_ndb(&with(&bytes, slot(3) + 8, first));
    assert_eq!((names(&all), flaws.len()), (vec!["a", "b"], 1));
    for (at, new) in [(slot(2) + 4, [9, 0, 0, 0]), (slot(2) + 8, [255; 4]), (slot(2), [0; 4]), (4_096 + 12, [255; 4]), (4_096, [0; 4])] {
        let (all, flaws) = read_ndb(&with(&bytes, at, &new));
        assert_eq!((all.packages.len(), flaws.len()), (2, 1), "byte {at}");
    }
    assert_eq!(read_ndb(&with(&bytes, 4, &[1])).1.len(), 1);
    // Free slots are none.
    assert_eq!(read_ndb(&with(&bytes, slot(2) + 4, &[0])).1, []);
}

#[test]
fn headers_whose_lengths_lie_cost_themselves() {
    let good = named("good");
    let wrong = |at: usize, new: &[u8]| with(&named("bad"), at, new);
    for bad in [
        wrong(0, &[255; 4]),
        wrong(0, &[0; 4]),
        wrong(4, &[0, 255, 255, 255]),
        wrong(8 + 8, &[255; 4]),
        wrong(8 + 4, &[0, 0, 0, 4]),
        wrong(8 + 12, &[0; 4]),
        named("bad")[..30].to_vec(),
        vec![],
        named(""),
    ] {
        let (all, flaws) = read_ndb(&ndb(&[bad, good.clone()]));
        assert_eq!((names(&all), flaws.len()), (vec!["good"], 1), "{flaws:?}");
    }
}

#[test]
fn lists_whose_counts_lie_cost_themselves_and_not_the_package() {
    let base = || vec![(1000, Text("a")), (1001, Text("1")), (1002, Text("2"))];
    let files = |names: &'static [&'static str], of: &'static [u32]| {
        let mut tags = base();
        tags.extend([(1116, Numbers(of)), (1117, Texts(names)), (1118, Texts(&["/etc/"]))]);
        header(&tags)
    };
    let lists = [
        (files(&["a", "b"], &[0]), "DIRINDEXES"),
        (files(&["a"], &[1]), "DIRINDEXES"),
        (header(&[base(), vec![(1117, Texts(&["a"]))]].concat()), "DIRNAMES"),
        (header(&[base(), vec![(1117, Number(1))]].concat()), "BASENAMES"),
        (header(&[base(), vec![(1049, Bytes(b"x"))]].concat()), "needs"),
        (with(&files(&["a"], &[0]), 8 + 4 * 16 + 12, &[255; 4]), "BASENAMES"),
    ];
    for (blob, why) in lists {
        let (all, flaws) = read_sqlite(&sqlite(&[blob]));
        assert_eq!((names(&all), flaws.len()), (vec!["a"], 1), "{why}");
        assert!(flaws[0].detail.contains(why), "{flaws:?}");
    }
}

#[test]
fn a_key_is_no_package_and_what_was_removed_is_gone() {
    let removed = memchr::memmem::find(SQLITE, b"yyyyyyyyyyyyyyyy");
    assert!(removed.is_some(), "the bytes of what was removed are still in the file");
    for (all, flaws) in [read_sqlite(SQLITE), read_bdb(LITTLE), read_bdb(BIG), read_sqlite(&sqlite(&[named("gpg-pubkey"), named("a")]))] {
        assert!(!names(&all).contains(&"gpg-pubkey") && !names(&all).contains(&"removed"));
        assert_eq!(flaws, []);
    }
}

#[test]
fn two_databases_that_both_list_packages_are_both_listed_and_one_is_told_of() {
    let (all, flaws) = run(&Rpm, &[("var/lib/rpm/Packages", LITTLE), ("var/lib/rpm/rpmdb.sqlite", &sqlite(&[named("new")]))], &[], None);
    assert_eq!((all.packages.len(), flaws.len()), (41, 1));
}

#[test]
fn every_database_gives_the_same_packages_edges_and_files() {
    let file = "usr/share/made-07/file";
    let all = |path: &str, bytes: &[u8]| {
        let (mut all, flaws) = run(&Rpm, &[(path, bytes)], &[file], Some(&os("amzn", "2023")));
        assert_eq!(flaws, []);
        all.packages.iter_mut().for_each(|package| package.evidence.clear());
        let edges = edges(&all);
        all.packages.sort_by(|a, b| a.purl.cmp(&b.purl));
        (all.packages, edges)
    };
    let (packages, edges) = all("var/lib/rpm/rpmdb.sqlite", SQLITE);
    assert_eq!(packages.len(), 40);
    // Each needs the next; the last one's need is met by nobody. `long` needs one by its name and one by its file.
    assert_eq!(edges.len(), 38 + 2);
    assert!(edges.contains(&"long > made-07".into()) && edges.contains(&"made-00 > made-01".into()));
    let long = &packages[0];
    assert_eq!(long.purl.to_string(), "pkg:rpm/amzn/long@2-1?arch=noarch&distro=amzn-2023&epoch=3");
    assert_eq!(long.description.as_ref().map(String::len), Some(8_000));
    let made = packages.iter().find(|package| package.name == "made-07").unwrap();
    assert_eq!(made.files.iter().map(String::as_str).collect::<Vec<_>>(), [file]);
    assert_eq!(made.licences, [Licence::Expression("MIT".into())]);
    for (path, bytes) in [("usr/share/rpm/Packages", LITTLE), ("usr/lib/sysimage/rpm/Packages", BIG)] {
        assert!(all(path, bytes) == (packages.clone(), edges.clone()), "{path}");
    }
}

#[test]
fn a_package_has_all_that_its_header_says_and_an_epoch_of_zero_is_none() {
    let blob = header(&[
        (261, Bytes(&[0xab; 16])),
        (273, Text("c0ffee")),
        (1000, Text("openssl-libs")),
        (1001, Text("3.0.8")),
        (1002, Text("1.amzn2023")),
        (1003, Number(0)),
        (1004, Text("Libraries\nfor all")),
        (1011, Text("Amazon Linux")),
        (1014, Text("ASL 2.0 and GPLv2+")),
        (1020, Text("https://x.test")),
        (1022, Text("x86_64")),
        (1044, Text("openssl-3.0.8-1.amzn2023.src.rpm")),
        (5096, Text("m:1")),
        // Put in at installation, after what was in the package.
        (1003, Number(1)),
    ]);
    let (all, flaws) = run(&Rpm, &[("usr/lib/sysimage/rpm/Packages.db", &ndb(&[blob]))], &[], Some(&os("amzn", "2023")));
    assert_eq!(flaws, []);
    let package = &all.packages[0];
    assert_eq!(
        package.purl.to_string(),
        "pkg:rpm/amzn/openssl-libs@3.0.8-1.amzn2023?arch=x86_64&distro=amzn-2023&epoch=1&upstream=openssl-3.0.8-1.amzn2023.src.rpm"
    );
    assert_eq!(package.licences, [Licence::Expression("Apache-2.0 AND GPL-2.0-or-later".into())]);
    assert_eq!((package.supplier.as_deref(), package.description.as_deref()), (Some("Amazon Linux"), Some("Libraries")));
    let properties: Vec<String> = package.properties.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        properties,
        ["layerproof:rpm:header-sha256=c0ffee", "layerproof:rpm:modularity=m:1", &format!("layerproof:rpm:sigmd5={}", "ab".repeat(16))]
    );
    assert!(package.hashes.is_empty(), "none of the sums is of the package as distributed");
    let zero = header(&[(1000, Text("a")), (1001, Text("1")), (1002, Text("2")), (1003, Number(0)), (1027, Texts(&["/etc/a"]))]);
    let (all, _) = run(&Rpm, &[("var/lib/rpm/rpmdb.sqlite", &sqlite(&[zero]))], &["etc/a"], None);
    assert_eq!(all.packages[0].purl.to_string(), "pkg:rpm/a@1-2");
    assert_eq!(all.packages[0].files.len(), 1);
}

#[test]
fn needs_of_rpm_itself_and_conditions_are_no_edges_and_one_of_several_is_enough() {
    let of = |name: &str, requires: &[&str], provides: &[&str]| {
        header(&[(1000, Text(name)), (1001, Text("1")), (1002, Text("1")), (1047, Texts(provides)), (1049, Texts(requires))])
    };
    let (all, flaws) = read_sqlite(&sqlite(&[
        of("a", &["rpmlib(FileDigests)", "libx.so()(64bit)", "(none or c >= 2 or b)", "(d if c)", "a", "config(a)"], &["a", "config(a)"]),
        of("b", &["/bin/sh"], &["libx.so()(64bit)"]),
        of("c", &["nobody"], &["/bin/sh", "c"]),
        of("d", &[], &[]),
    ]));
    assert_eq!((edges(&all), flaws), (vec!["a > b".into(), "a > c".into(), "b > c".into()], vec![]));
}

#[test]
fn the_manifest_of_images_without_a_database_is_read_line_by_line() {
    let text = "bash\t5.1.8-1.cm2\t1653816591\t1653628955\tMicrosoft Corporation\t(none)\t3720821\tx86_64\t0\tbash-5.1.8-1.cm2.src.rpm\n\
                short\t1\n\
                openssl\t1.1.1k-17.cm2\t1\t1\tMicrosoft Corporation\t1\t5\tx86_64\t1\topenssl-1.1.1k-17.cm2.src.rpm\n\
                gpg-pubkey\t1-1\t1\t1\t(none)\t(none)\t0\t(none)\t0\t(none)\n\
                bare\t1-1\t1\t1\t(none)\t(none)\t0\t(none)\t0\t(none)\n";
    let (all, flaws) = run(&Rpm, &[(MANIFEST, text.as_bytes())], &[], Some(&os("mariner", "2.0")));
    let purls: Vec<String> = all.packages.iter().map(|package| package.purl.to_string()).collect();
    assert_eq!(
        purls,
        [
            "pkg:rpm/mariner/bash@5.1.8-1.cm2?arch=x86_64&distro=mariner-2.0&upstream=bash-5.1.8-1.cm2.src.rpm",
            "pkg:rpm/mariner/openssl@1.1.1k-17.cm2?arch=x86_64&distro=mariner-2.0&epoch=1&upstream=openssl-1.1.1k-17.cm2.src.rpm",
            "pkg:rpm/mariner/bare@1-1?distro=mariner-2.0"
        ]
    );
    assert_eq!(flaws.len(), 1);
}

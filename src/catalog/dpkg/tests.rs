//! Tests of the Debian packages.

use super::Dpkg;
use crate::catalog::distro::tests::{edges, os, run};
use crate::catalog::{Assembled, Licence};

const STATUS: &str = "var/lib/dpkg/status";

fn purls(all: &Assembled) -> Vec<String> {
    let mut purls: Vec<String> = all.packages.iter().map(|package| package.purl.to_string()).collect();
    purls.sort();
    purls
}

fn status(text: &str) -> (Assembled, Vec<crate::catalog::Flaw>) {
    run(&Dpkg, &[(STATUS, text.as_bytes())], &[], None)
}

#[test]
fn a_package_that_was_removed_is_not_listed_for_its_configuration() {
    let (all, flaws) = status(
        "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\nPackage: never\nStatus: unknown ok not-installed\n\n\
         Package: here\nStatus: install ok installed\nVersion: 2\n",
    );
    assert_eq!(purls(&all), ["pkg:deb/here@2"]);
    assert_eq!(flaws, []);
}

#[test]
fn a_package_whose_scripts_did_not_run_has_its_files_there_and_is_listed_with_its_state() {
    let (all, _) =
        status("Package: a\nStatus: install ok half-configured\nVersion: 1\n\nPackage: b\nStatus: hold ok installed\nVersion: 1\n");
    assert_eq!(all.packages.len(), 2);
    assert_eq!(all.packages[0].properties["layerproof:dpkg:state"], "half-configured");
    assert!(all.packages[1].properties.is_empty());
}

#[test]
fn a_stanza_without_name_or_status_costs_itself() {
    let (all, flaws) =
        status("Status: install ok installed\n\nPackage: x\nVersion: 1\n\nPackage: a\nStatus: install ok installed\nVersion: 1\n");
    assert_eq!(purls(&all), ["pkg:deb/a@1"]);
    assert_eq!(flaws.len(), 2);
    assert!(status("\u{0}\u{1}not a status").1[0].detail.contains("no stanza"));
}

#[test]
fn a_field_in_a_description_is_no_field() {
    let (all, _) = status(
        "Package: a\nStatus: install ok installed\nVersion: 1\nDescription: one\n Version: 9\n .\n Package: b\n\n \t\nPackage: c\nStatus: install ok installed\n",
    );
    assert_eq!(purls(&all), ["pkg:deb/a@1", "pkg:deb/c"]);
    assert_eq!(all.packages[0].description.as_deref(), Some("one"));
}

#[test]
fn names_that_are_not_utf8_lose_nothing_else() {
    let (all, flaws) = run(&Dpkg, &[(STATUS, b"Package: a\nStatus: install ok installed\nMaintainer: J\xf6rg\nVersion: 1\n")], &[], None);
    assert_eq!((all.packages.len(), flaws.len()), (1, 0));
    assert_eq!(all.packages[0].supplier.as_deref(), Some("J\u{fffd}rg"));
}

#[test]
fn a_status_that_was_cut_says_so() {
    let whole = "Package: a\nStatus: install ok installed\nVersion: 1\n\nPackage: b\nStatus: install ok installed\nVersion: 22\n\n";
    assert_eq!(status(whole).1, []);
    let second = whole.find("Package: b").unwrap();
    // From its first letter to the last of its version; what was cut after that can't be told.
    for end in second + 1..whole.len() - 1 {
        assert!(!status(&whole[..end]).1.is_empty(), "{end}: {:?}", &whole[..end]);
    }
}

#[test]
fn a_million_packages_and_fields_cost_a_flaw() {
    let (all, flaws) = status(&"Package: a\nStatus: install ok installed\nVersion: 1\n\n".repeat(super::MAX_PACKAGES + 10));
    assert_eq!(all.packages.len(), super::MAX_PACKAGES);
    assert_eq!(flaws.len(), 1);
    let (_, flaws) = status(&"X: y\n\n".repeat(100_000));
    assert!(flaws.len() <= crate::catalog::distro::MAX_FLAWS + 1, "{}", flaws.len());
    let (all, _) = status(&format!("Package: a\n{}Status: install ok installed\n", "X: y\n".repeat(1_000)));
    assert_eq!(all.packages.len(), 0, "the status stands after more fields than are looked at");
}

#[test]
fn the_epoch_stays_in_the_version_and_the_source_is_told() {
    let (all, _) = run(
        &Dpkg,
        &[(
            STATUS,
            b"Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc (2.36-9)\nVersion: 1:2.36-9+b1\nHomepage: https://x.test\n",
        )],
        &[],
        Some(&os("debian", "12")),
    );
    assert_eq!(purls(&all), ["pkg:deb/debian/libc6@1:2.36-9%2Bb1?arch=amd64&distro=debian-12&upstream=glibc%402.36-9"]);
    assert_eq!(all.packages[0].links.len(), 1);
}

#[test]
fn of_alternatives_the_first_that_is_there_is_needed_and_provisions_meet_needs() {
    let package = |name: &str, rest: &str| format!("Package: {name}\nStatus: install ok installed\nVersion: 1\n{rest}\n");
    let (all, _) = status(
        &[
            package("a", "Pre-Depends: none, b (>= 2)\nDepends: x | c:any | b,\n d\nRecommends: e\n"),
            package("b", "Depends: a, b\n"),
            package("c", ""),
            package("real", "Provides: d (= 1), mail-agent\nDepends: mail-agent\n"),
            package("other", "Provides: d\n"),
            package("e", ""),
        ]
        .concat(),
    );
    assert_eq!(edges(&all), ["a > b", "a > c", "a > real", "b > a"]);
}

#[test]
fn files_are_tied_by_the_list_of_the_architecture_and_folders_belong_to_nobody() {
    let status = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\n\nPackage: libc6\nStatus: install ok installed\nArchitecture: i386\n\nPackage: sums\nStatus: install ok installed\nArchitecture: all\n";
    let (all, _) = run(
        &Dpkg,
        &[
            (STATUS, status.as_bytes()),
            ("var/lib/dpkg/info/libc6:amd64.list", b"/.\n/lib\n/lib/libc.so.6\n/usr/share/doc/gone\n"),
            ("var/lib/dpkg/info/libc6:i386.list", b"/lib32/libc.so.6\n"),
            ("var/lib/dpkg/info/sums.md5sums", b"d41d8cd98f00b204e9800998ecf8427e  usr/bin/sums\nno sum\n"),
            ("var/lib/dpkg/info/libc6:amd64.postinst", b"/usr/bin/sums\n"),
        ],
        &["usr/", "usr/lib/", "usr/lib/libc.so.6", "lib32/libc.so.6", "usr/bin/sums"],
        None,
    );
    let files: Vec<Vec<&str>> = all.packages.iter().map(|package| package.files.iter().map(String::as_str).collect()).collect();
    let info = |name: &str| format!("var/lib/dpkg/info/{name}");
    let (own, scripts) = (info("libc6:amd64.list"), info("libc6:amd64.postinst"));
    let (other, sums) = (info("libc6:i386.list"), info("sums.md5sums"));
    assert_eq!(files, [vec!["usr/lib/libc.so.6", &own, &scripts], vec!["lib32/libc.so.6", &other], vec!["usr/bin/sums", &sums]]);
}

#[test]
fn distroless_packages_stand_in_files_of_any_name_and_without_status() {
    let (all, flaws) = run(
        &Dpkg,
        &[
            ("var/lib/dpkg/status.d/python3.11", b"Package: python3.11\nVersion: 3.11.2-6\nArchitecture: amd64\n"),
            ("var/lib/dpkg/status.d/python3.11.md5sums", b"d41d8cd98f00b204e9800998ecf8427e  usr/bin/python3.11\n"),
            ("var/lib/dpkg/status.d/bGliYzY", b"Package: libc6\nVersion: 2.36\n"),
            ("var/lib/dpkg/status.d/empty", b""),
        ],
        &["usr/bin/python3.11"],
        Some(&os("debian", "12")),
    );
    assert_eq!(
        purls(&all),
        ["pkg:deb/debian/libc6@2.36?distro=debian-12", "pkg:deb/debian/python3.11@3.11.2-6?arch=amd64&distro=debian-12"]
    );
    let python = all.packages.iter().find(|package| package.name == "python3.11").unwrap();
    assert_eq!(python.files.len(), 1);
    assert_eq!(flaws, []);
}

#[test]
fn licences_come_from_machine_readable_files_and_from_what_free_texts_point_to() {
    let installed = |name: &str| format!("Package: {name}\nStatus: install ok installed\n\n");
    let status: String = ["a", "b", "c", "d"].map(installed).concat();
    let (all, _) = run(
        &Dpkg,
        &[
            (STATUS, status.as_bytes()),
            (
                "usr/share/doc/a/copyright",
                b"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: GPL-2+\n\nFiles: x\nLicense: BSD-weird\n Long text.\n\nLicense:\n No name.\n\nFiles: y\nLicense: GPL-2+\n",
            ),
            ("usr/share/doc/b/copyright", b"It may be had under /usr/share/common-licenses/GPL-2. Or\n/usr/share/common-licenses/Apache-2.0'.\nLicense: no field\n"),
            ("usr/share/doc/d/copyright", b"Everybody may do everything."),
            ("usr/share/doc/d/examples/copyright", b"Format: 1.0\nLicense: MIT\n"),
        ],
        &["usr/share/doc/c -> a"],
        None,
    );
    let licences: Vec<Vec<Licence>> = all.packages.iter().map(|package| package.licences.clone()).collect();
    let a = vec![Licence::Expression("GPL-2.0-or-later".into()), Licence::Named("BSD-weird".into())];
    let b = vec![Licence::Expression("Apache-2.0".into()), Licence::Named("GPL-2".into())];
    assert_eq!(licences, [a.clone(), b, a, vec![]]);
}

//! Runs one cataloger over files at hand, and tests what the package databases of operating systems have in common.

use std::sync::Arc;

use super::*;
use crate::catalog::{Assembled, Cataloger, File, FileFacts, Licence, OsRelease, Purl, Seen};
use crate::unpack::FileEntry;

/// What a cataloger makes of these files, and the flaws that it saw. `others` are files of the artifact that it gets no bytes of; a path that
/// ends in `/` is a folder, `a -> b` a link.
pub(in crate::catalog) fn run(
    cataloger: &dyn Cataloger,
    files: &[(&str, &[u8])],
    others: &[&str],
    os: Option<&OsRelease>,
) -> (Assembled, Vec<Flaw>) {
    let (mut seen, mut flaws, mut entries) = (Vec::new(), Vec::new(), Vec::new());
    for (path, bytes) in files {
        entries.push(entry(path));
        let facts = FileFacts::new(path, bytes.len() as u64, None);
        if cataloger.wants(&facts).is_none() {
            continue;
        }
        let bytes = Arc::new(bytes.to_vec());
        match cataloger.parse(&File::new(facts, &bytes)) {
            Ok(mut facts) => {
                flaws.append(&mut facts.flaws);
                seen.push(Seen { path: (*path).to_owned(), facts });
            }
            Err(flaw) => flaws.push(flaw),
        }
    }
    seen.sort_by(|a, b| a.path.cmp(&b.path));
    entries.extend(others.iter().map(|path| entry(path)));
    let assembled = cataloger.assemble(seen, &View::new(entries.iter(), os));
    flaws.extend(assembled.flaws.iter().map(|(_, flaw)| flaw.clone()));
    (assembled, flaws)
}

/// Edges by name, sorted, each once.
pub(in crate::catalog) fn edges(all: &Assembled) -> Vec<String> {
    let name = |place: usize| all.packages[place].name.as_str();
    let mut edges: Vec<String> = all.edges.iter().map(|edge| format!("{} > {}", name(edge.from), name(edge.to))).collect();
    edges.sort();
    edges.dedup();
    edges
}

/// An operating system.
pub(in crate::catalog) fn os(id: &str, version: &str) -> OsRelease {
    OsRelease { id: id.into(), version_id: Some(version.into()), ..OsRelease::default() }
}

fn entry(path: &str) -> FileEntry {
    let (path, kind) = match path.split_once(" -> ") {
        Some((path, target)) => (path, EntryKind::Symlink { target: target.into() }),
        None if path.ends_with('/') => (path.trim_end_matches('/'), EntryKind::Directory),
        None => (path, EntryKind::File),
    };
    FileEntry { path: path.into(), kind, mode: None, size: 0, origin: 0, member: 0, digest: None }
}

#[test]
fn a_folder_named_again_for_each_of_a_million_files_does_not_fill_the_memory() {
    let mut paths = Paths::new();
    let folder = "f".repeat(4_000);
    let kept = (0..100_000).filter_map(|_| paths.join(&folder, "x")).map(|path| path.len()).sum::<usize>();
    assert!(kept <= MAX_PATHS, "{kept}");
    assert!(paths.flaw().is_some());
}

#[test]
fn a_path_longer_than_any_of_linux_is_left_out_and_the_rest_stays() {
    let mut paths = Paths::new();
    assert_eq!(paths.join("etc", &"x".repeat(MAX_PATH)), None);
    assert_eq!(paths.join("/etc/", "passwd").as_deref(), Some("etc/passwd"));
    assert_eq!(paths.join("", "/init").as_deref(), Some("init"));
    assert!(paths.flaw().is_some_and(|flaw| flaw.detail.starts_with("1 paths")));
}

#[test]
fn folders_and_files_that_are_not_there_belong_to_nobody() {
    let entries: Vec<FileEntry> = ["usr/", "usr/lib/libc.so.6", "etc/link -> x", "lib -> usr/lib"].map(entry).into();
    let view = View::new(entries.iter(), None);
    let home = at_home(["/usr", "lib/libc.so.6", "usr/lib/libc.so.6", "usr/share/doc/gone", "etc/link"], &view);
    assert_eq!(home.into_iter().collect::<Vec<_>>(), ["etc/link", "usr/lib/libc.so.6"]);
}

#[test]
fn without_an_os_release_the_package_is_named_all_the_same() {
    let evidence = crate::catalog::Evidence::metadata("x", "rpm");
    let mut package = Package::new(Purl::new("rpm", "bash", Some("5")), crate::catalog::Basis::Installed, evidence);
    name(&mut package, None);
    assert_eq!(package.purl.to_string(), "pkg:rpm/bash@5");
    name(&mut package, Some(&os("rhel", "9.4")));
    assert_eq!(package.purl.to_string(), "pkg:rpm/redhat/bash@5?distro=rhel-9.4");
}

#[test]
fn of_many_that_meet_a_need_few_are_kept_and_the_own_architecture_is_preferred() {
    let evidence = crate::catalog::Evidence::metadata("x", "rpm");
    let of = |arch: &str| Package::new(Purl::new("rpm", "a", None).with("arch", arch), crate::catalog::Basis::Installed, evidence.clone());
    let packages = [of("x86_64"), of("i686"), of("x86_64")];
    let mut meeting = Meeting::default();
    for place in [1, 2, 2] {
        meeting.add("libx", place);
    }
    let to = |from: usize| meeting.edge(from, "libx", &packages).map(|edge| edge.map(|edge| edge.to));
    assert_eq!((to(0), to(1)), (Some(Some(2)), Some(None)));
    assert!(meeting.edge(0, "liby", &packages).is_none());
    for place in 0..100_000 {
        meeting.add("libx", place);
    }
    assert!(meeting.names["libx"].len() <= MAX_MEETING);
}

#[test]
fn a_short_name_that_may_mean_several_licences_is_none_of_them() {
    for text in [
        "BSD",
        "GPL",
        "LGPL",
        "Public Domain",
        "Python",
        "GPL-2+ with OpenSSL exception",
        "permissive",
        "GPLv2+ with exceptions",
        "MIT/Apache",
        "GPL-9",
    ] {
        assert_eq!(licence::read(text), Some(Licence::Named(text.into())), "{text}");
    }
    // One that can't be told leaves the whole as it stands.
    assert!(matches!(licence::read("GPL-2+ and Frobnicate"), Some(Licence::Named(_))));
    assert!(matches!(licence::read("GPL-2+, MIT"), Some(Licence::Named(_))));
    assert!(matches!(licence::read("GPL-2+ or MIT, and ISC, or Zlib"), Some(Licence::Named(_))));
    assert!(matches!(licence::read(&"MIT and ".repeat(100_000)), Some(Licence::Named(_))));
    assert_eq!(licence::read(" "), None);
}

#[test]
fn short_names_of_debian_and_fedora_are_expressions_where_each_means_one_licence() {
    for (text, spdx) in [
        ("GPL-2+", "GPL-2.0-or-later"),
        ("GPL-2", "GPL-2.0-only"),
        ("GPLv3+", "GPL-3.0-or-later"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("LGPLv2.1", "LGPL-2.1-only"),
        ("LGPL-2.1+ or MPL-1.1", "LGPL-2.1-or-later OR MPL-1.1"),
        ("GFDL-NIV-1.3+", "GFDL-1.3-no-invariants-or-later"),
        ("Expat", "MIT"),
        ("zlib", "Zlib"),
        ("BSD-3-clause", "BSD-3-Clause"),
        ("ASL 2.0", "Apache-2.0"),
        ("MPLv2.0", "MPL-2.0"),
        ("(GPLv2+ or LGPLv3+) and MIT", "(GPL-2.0-or-later OR LGPL-3.0-or-later) AND MIT"),
        ("GPL+ or Artistic", "GPL-1.0-or-later OR Artistic-1.0-Perl"),
        ("GPL-1+ or Artistic, and Expat", "(GPL-1.0-or-later OR Artistic-1.0-Perl) AND MIT"),
        ("GPL-3+ with Autoconf exception", "GPL-3.0-or-later WITH Autoconf-exception-3.0"),
        ("GPL-2+ with Autoconf exception", "GPL-2.0-or-later WITH Autoconf-exception-2.0"),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    ] {
        assert_eq!(licence::read(text), Some(Licence::Expression(spdx.into())), "{text}");
    }
}

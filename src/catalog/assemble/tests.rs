use super::*;
use crate::catalog::{Evidence, ExecutableKind, Purl, Technique};
use crate::unpack::{FileTree, Format};

fn finished(parts: Parts, contents: &Contents) -> Catalog {
    finish(parts, contents, &View::new(contents.tree.entries.iter(), None))
}

fn contents(paths: &[&str]) -> Contents {
    let tree = FileTree::of_files(paths);
    Contents { format: Format::Zip, tree, anomalies: Vec::new(), entries: paths.len() as u64, unpacked_bytes: 0, complete: true }
}

fn package(kind: &str, name: &str, version: Option<&str>, basis: Basis, path: &str) -> Package {
    Package::new(Purl::new(kind, name, version), basis, Evidence::metadata(path, "test"))
}

fn parts(all: Vec<(&'static str, Assembled)>) -> Parts {
    Parts { assembled: all.into_iter().collect(), gaps: Vec::new(), os: None }
}

fn executable(path: &str) -> Executable {
    Executable {
        path: path.into(),
        kind: ExecutableKind::Elf,
        size: 1,
        sha256: "00".into(),
        build_id: None,
        soname: None,
        needed: Vec::new(),
        interpreter: None,
        machine: None,
    }
}

#[test]
fn a_trace_never_weakens_what_is_installed_and_is_listed_once_with_it() {
    let installed = package("npm", "axios", Some("1.0.0"), Basis::Installed, "node_modules/axios/package.json");
    let mut trace = package("npm", "axios", Some("1.0.0"), Basis::Heuristic, "bundle.js");
    trace.supplier = Some("trace".into());
    let catalog = finished(
        parts(vec![
            ("a", Assembled { packages: vec![trace], ..Assembled::default() }),
            ("b", Assembled { packages: vec![installed], ..Assembled::default() }),
        ]),
        &contents(&["bundle.js"]),
    );
    let [only] = catalog.packages.as_slice() else { panic!("{:?}", catalog.packages) };
    assert_eq!((only.basis, only.evidence.len()), (Basis::Installed, 2));
}

#[test]
fn packages_of_other_versions_or_without_one_stay_apart() {
    let all = [Some("1"), Some("2"), None].map(|version| package("npm", "a", version, Basis::Installed, "x"));
    let catalog = finished(parts(vec![("a", Assembled { packages: all.to_vec(), ..Assembled::default() })]), &contents(&["x"]));
    assert_eq!(catalog.packages.len(), 3);
}

#[test]
fn edges_follow_their_packages_through_merging() {
    // The same package from two files: both edges are of the one that is left, and none leads from it to itself.
    let packages = vec![
        package("npm", "b", Some("1"), Basis::Installed, "2"),
        package("npm", "a", Some("1"), Basis::Installed, "1"),
        package("npm", "b", Some("1"), Basis::Installed, "3"),
    ];
    let edge = |from, to| Edge { from, relation: Relation::DependsOn, to };
    let all = Assembled { packages, edges: vec![edge(0, 1), edge(2, 1), edge(0, 2)], ..Assembled::default() };
    let catalog = finished(parts(vec![("a", all)]), &contents(&[]));
    let names: Vec<&str> = catalog.packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!((names, catalog.edges), (vec!["a", "b"], vec![edge(1, 0)]));
}

#[test]
fn a_file_that_only_a_trace_names_stays_unidentified() {
    let mut trace = package("generic", "openssl", Some("3.0.0"), Basis::Heuristic, "lib/a.so");
    trace.files.insert("lib/a.so".into());
    let mut installed = package("pypi", "x", Some("1"), Basis::Installed, "x.dist-info/METADATA");
    installed.files.insert("lib/b.so".into());
    let all = Assembled {
        packages: vec![trace, installed],
        executables: vec![executable("lib/a.so"), executable("lib/b.so")],
        ..Assembled::default()
    };
    let catalog = finished(parts(vec![("a", all)]), &contents(&["lib/a.so", "lib/b.so"]));
    let left: Vec<&str> = catalog.unidentified.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(left, ["lib/a.so"]);
    let whole = catalog.compositions.iter().find(|composition| composition.of == "artifact").unwrap();
    assert_eq!(whole.aggregate, Aggregate::Unknown);
}

#[test]
fn a_language_package_that_the_distribution_brought_says_so_where_lib_is_a_link_into_usr() {
    let mut deb = package("deb", "python3-six", Some("1"), Basis::Installed, "var/lib/dpkg/status");
    deb.files.insert("lib/python3/six.egg-info".into());
    let six = package("pypi", "six", Some("1"), Basis::Installed, "usr/lib/python3/six.egg-info");
    let all = Assembled { packages: vec![deb, six], ..Assembled::default() };
    let catalog = finished(parts(vec![("a", all)]), &contents(&["usr/lib/python3/six.egg-info", "var/lib/dpkg/status"]));
    let [edge] = catalog.edges.as_slice() else { panic!("{:?}", catalog.edges) };
    assert_eq!(
        (edge.relation, &*catalog.packages[edge.from].name, &*catalog.packages[edge.to].name),
        (Relation::OwnedBy, "six", "python3-six")
    );
}

#[test]
fn an_archive_that_was_not_read_whole_is_never_complete() {
    let installed = package("pypi", "x", Some("1"), Basis::Installed, "x");
    let one = || parts(vec![("python", Assembled { packages: vec![installed.clone()], ..Assembled::default() })]);
    let whole = |catalog: &Catalog| catalog.compositions.iter().find(|c| c.of == "artifact").unwrap().aggregate;
    assert_eq!(whole(&finished(one(), &contents(&["x"]))), Aggregate::Complete);
    let broken = Contents { complete: false, ..contents(&["x"]) };
    let catalog = finished(one(), &broken);
    assert_eq!((whole(&catalog), catalog.gaps.len()), (Aggregate::Incomplete, 1));
}

#[test]
fn nothing_found_is_not_said_to_be_everything() {
    let catalog = finished(parts(Vec::new()), &contents(&["data.bin"]));
    let [whole] = catalog.compositions.as_slice() else { panic!("{:?}", catalog.compositions) };
    assert_eq!(whole.aggregate, Aggregate::Unknown);
}

#[test]
fn a_cataloger_that_failed_in_one_file_makes_its_list_incomplete() {
    let installed = package("pypi", "x", Some("1"), Basis::Installed, "x");
    let flaws = vec![("broken.dist-info/METADATA".to_owned(), Flaw::malformed("line 1"))];
    let all = Assembled { packages: vec![installed], flaws, ..Assembled::default() };
    let catalog = finished(parts(vec![("python", all)]), &contents(&["x"]));
    assert_eq!(catalog.gaps.len(), 1);
    assert!(catalog.compositions.iter().all(|composition| composition.aggregate == Aggregate::Incomplete), "{:?}", catalog.compositions);
}

#[test]
fn two_artifacts_as_one_keep_what_each_brought() {
    let of = |names: &[&str], technique| Catalog {
        packages: names
            .iter()
            .map(|name| {
                let evidence = Evidence { path: (*name).into(), cataloger: "test".into(), technique, confidence: 100 };
                Package::new(Purl::new("npm", name, Some("1")), Basis::Installed, evidence)
            })
            .collect(),
        ..Catalog::default()
    };
    let (whole, places) = combine(vec![of(&["b", "c"], Technique::Other), of(&["a", "b"], Technique::Filename)]);
    let names: Vec<&str> = whole.packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!((names, places), (vec!["a", "b", "c"], vec![vec![1, 2], vec![0, 1]]));
    assert_eq!(whole.packages[1].evidence.len(), 2);
}

#[test]
fn packages_in_an_archive_within_are_not_said_to_be_none() {
    // `.requirements.zip` holds all that the function imports, and is unpacked when it starts.
    let installed = package("pypi", "x", Some("1"), Basis::Installed, "x.dist-info/METADATA");
    let one = |covers: &[&str]| {
        let mut installed = installed.clone();
        installed.files.extend(covers.iter().map(|path| (*path).to_owned()));
        parts(vec![("python", Assembled { packages: vec![installed], ..Assembled::default() })])
    };
    let whole = |catalog: &Catalog| catalog.compositions.iter().find(|c| c.of == "artifact").unwrap().clone();
    for archive in [".requirements.zip", "lib/a.whl", "b.egg", "chromium.tar.br", "C.TAR.GZ", "x.pyz"] {
        let catalog = finished(one(&[]), &contents(&[archive, "x.dist-info/METADATA"]));
        assert_eq!(whole(&catalog).aggregate, Aggregate::Incomplete, "{archive}");
        assert!(catalog.compositions.iter().any(|c| c.of == "archives" && c.reason.contains(archive)), "{:?}", catalog.compositions);
        // That a package brought it does not say what is in it.
        let catalog = finished(one(&[archive]), &contents(&[archive]));
        assert_eq!(whole(&catalog).aggregate, Aggregate::Unknown, "{archive}");
        assert!(catalog.compositions.iter().any(|c| c.of == "archives" && c.aggregate == Aggregate::Unknown), "{archive}");
    }
    for other in ["a.jar", "zip", "a.zip.txt", "unzip"] {
        assert_eq!(whole(&finished(one(&[]), &contents(&[other]))).aggregate, Aggregate::Complete, "{other}");
    }
}

#[test]
fn scripts_of_an_image_that_nobody_brought_keep_it_from_being_called_complete() {
    let of = |covers: &[&str], format: Format| {
        let mut installed = package("pypi", "x", Some("1"), Basis::Installed, "x.dist-info/METADATA");
        installed.files.extend(covers.iter().map(|path| (*path).to_owned()));
        let contents = Contents { format, ..contents(&["app/own/requests.py", "x.dist-info/METADATA", "etc/motd"]) };
        let parts = parts(vec![("python", Assembled { packages: vec![installed], ..Assembled::default() })]);
        let catalog = finished(parts, &contents);
        catalog.compositions.iter().find(|c| c.of == "artifact").unwrap().aggregate
    };
    assert_eq!(of(&[], Format::Image), Aggregate::Unknown);
    assert_eq!(of(&["app/own/requests.py"], Format::Image), Aggregate::Complete);
    // Of zips each of them is listed, if there is one.
    assert_eq!(of(&[], Format::Zip), Aggregate::Complete);
}

#[test]
fn one_package_of_which_only_traces_were_found_keeps_a_list_from_being_called_complete() {
    let all =
        vec![package("maven", "a", Some("1"), Basis::Installed, "a.jar"), package("maven", "b", Some("1"), Basis::Heuristic, "b.jar")];
    let catalog = finished(parts(vec![("java", Assembled { packages: all, ..Assembled::default() })]), &contents(&["a.jar", "b.jar"]));
    let java = catalog.compositions.iter().find(|c| c.of == "java").unwrap();
    assert_eq!((java.aggregate, java.reason.as_str()), (Aggregate::Unknown, "only traces were found of some of them"));
}

#[test]
fn what_packages_carry_of_others_keeps_the_whole_from_being_called_complete() {
    let of = |kind: &str, files: &[&str]| {
        let mut installed = package(kind, "x", Some("1"), Basis::Installed, "x.dist-info/METADATA");
        installed.root = Some("site/vendor/python".into());
        installed.files.extend(files.iter().map(|path| (*path).to_owned()));
        let catalog = finished(parts(vec![("c", Assembled { packages: vec![installed], ..Assembled::default() })]), &contents(files));
        catalog.compositions.iter().filter(|c| c.of != "c" && c.aggregate != Aggregate::Complete).map(|c| c.of.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("pypi", &["site/vendor/python/pip/_vendor/requests/api.py"]), ["artifact", "vendored"]);
    assert_eq!(of("npm", &["a/vendor/lodash/index.js"]), ["artifact", "vendored"]);
    assert_eq!(of("pypi", &["pillow.libs/libjpeg-0c1a.so.62"]), ["artifact", "libraries"]);
    // The folder that the package itself is in, its own modules, and what distributions and Composer keep.
    assert_eq!(of("pypi", &["site/vendor/python/x/__init__.py", "site/vendor/python/x/_speedups.so"]), [""; 0]);
    assert_eq!(of("deb", &["usr/lib/libz.so.1"]), [""; 0]);
    assert_eq!(of("composer", &["vendor/a/b.js"]), [""; 0]);
}

#[test]
fn a_large_compressed_file_is_as_an_archive() {
    let mut contents = contents(&["bin/chromium.br", "x.js.gz", "x.dist-info/METADATA"]);
    contents.tree.entries[0].size = 1 << 20;
    let catalog = finished(parts(Vec::new()), &contents);
    let archives = catalog.compositions.iter().find(|c| c.of == "archives").unwrap();
    assert_eq!(archives.reason, "archives within were not looked into: bin/chromium.br");
}

#[test]
fn a_database_that_was_emptied_hides_nothing() {
    let of = |path: &str, size: u64, packages: Vec<Package>| {
        let mut contents = contents(&[path, "x.dist-info/METADATA"]);
        contents.tree.entries.iter_mut().filter(|entry| entry.path == path).for_each(|entry| entry.size = size);
        let catalog = finished(parts(vec![("python", Assembled { packages, ..Assembled::default() })]), &contents);
        catalog.compositions.iter().find(|c| c.of == "artifact").unwrap().aggregate
    };
    let installed = || package("pypi", "x", Some("1"), Basis::Installed, "x.dist-info/METADATA");
    for path in [
        "var/lib/dpkg/status",
        "lib/apk/db/installed",
        "var/lib/rpm/rpmdb.sqlite",
        "var/lib/rpm/Packages.db",
        "usr/lib/sysimage/rpm/Packages",
        "var/lib/rpmmanifest/container-manifest-2",
        "var/lib/dpkg/status.d/bash",
    ] {
        // Cut to nothing, to one line break, or to a sound database without a record.
        for size in [0, 1, 20_480] {
            assert_eq!(of(path, size, vec![installed()]), Aggregate::Unknown, "{path} of {size} bytes");
        }
        let told = package("deb", "y", Some("1"), Basis::Installed, path);
        assert_eq!(of(path, 20_480, vec![installed(), told]), Aggregate::Complete, "{path}");
    }
    for other in ["notes/empty.txt", "var/lib/dpkg/status.d/bash.md5sums"] {
        assert_eq!(of(other, 0, vec![installed()]), Aggregate::Complete, "{other}");
    }
}

#[test]
fn compiled_code_of_nobody_keeps_the_whole_from_being_called_complete() {
    let of = |path: &str, covers: bool| {
        let mut installed = package("pypi", "x", Some("1"), Basis::Installed, "x.dist-info/METADATA");
        installed.files.extend(covers.then(|| path.to_owned()));
        let parts = parts(vec![("python", Assembled { packages: vec![installed], ..Assembled::default() })]);
        let catalog = finished(parts, &contents(&[path, "x.dist-info/METADATA"]));
        catalog.compositions.iter().find(|c| c.of == "artifact").unwrap().aggregate
    };
    for path in ["bin/Evil.DLL", "evil/Handler.class", "evil.wasm", "evil.pyc"] {
        assert_eq!((of(path, false), of(path, true)), (Aggregate::Unknown, Aggregate::Complete), "{path}");
    }
    for path in ["x/__pycache__/y.cpython-312.pyc", "dll", "class.txt"] {
        assert_eq!(of(path, false), Aggregate::Complete, "{path}");
    }
}

//! Vendor folders, made here.

use std::sync::Arc;

use super::*;
use crate::unpack::FileTree;

fn seen(path: &str, text: &str) -> Result<Seen, Flaw> {
    let bytes = Arc::new(text.as_bytes().to_vec());
    let facts = FileFacts::new(path, bytes.len() as u64, None);
    assert!(Composer.wants(&facts).is_some(), "{path}");
    Composer.parse(&File::new(facts, &bytes)).map(|facts| Seen { path: path.into(), facts })
}

fn assembled(files: &[(&str, &str)], there: &[&str]) -> Assembled {
    let tree = FileTree::of_files(there);
    Composer.assemble(files.iter().map(|(path, text)| seen(path, text).unwrap()).collect(), &View::new(tree.entries.iter(), None))
}

fn listed(all: &Assembled) -> Vec<String> {
    all.packages.iter().map(|p| format!("{} {} {:?}", p.purl, p.basis.id(), p.scope)).collect()
}

const INSTALLED: &str = r#"{"packages": [
    {"name": "Monolog/Monolog", "version": "3.5.0", "license": ["MIT"], "install-path": "../monolog/monolog", "require": {"php": ">=8", "psr/log": "^2", "x/virtual": "1"},
     "dist": {"type": "zip", "url": "https://h/z.zip", "reference": "c915", "shasum": "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"},
     "source": {"type": "git", "url": "https://h/g.git", "reference": "c915e2"}, "authors": [{"name": "J"}], "support": {"issues": "https://h/i", "x": []}},
    {"name": "psr/log", "version": "3.0.0", "license": "MIT", "install-path": "../psr/log", "require": [], "dist": null, "support": [], "provide": {"x/virtual": "1"}},
    {"name": "phpunit/phpunit", "version": "10.1", "license": ["BSD-3-Clause", "GPL-3.0-or-later"], "install-path": "../phpunit/phpunit"},
    {"name": "up/up", "version": "1", "install-path": "../../../../etc"},
    {"name": "all/all", "version": "1", "install-path": "../.."},
    {"name": "gone/gone", "version": "2", "install-path": "../gone/gone"}
], "dev": true, "dev-package-names": ["PHPUnit/phpunit"]}"#;

const THERE: [&str; 5] = [
    "vendor/composer/installed.json",
    "vendor/monolog/monolog/src/Logger.php",
    "vendor/monolog/monologger/x.php",
    "vendor/phpunit/phpunit/x.php",
    "vendor/psr/log/src/a.php",
];

#[test]
fn what_is_not_there_is_declared_and_what_is_for_development_is_excluded() {
    let all = assembled(&[("vendor/composer/installed.json", INSTALLED)], &THERE);
    assert_eq!(
        listed(&all),
        [
            "pkg:composer/monolog/monolog@3.5.0 installed Required",
            "pkg:composer/psr/log@3.0.0 installed Required",
            "pkg:composer/phpunit/phpunit@10.1 installed Excluded",
            "pkg:composer/up/up@1 declared Required",
            "pkg:composer/all/all@1 declared Required",
            "pkg:composer/gone/gone@2 declared Required",
        ]
    );
}

#[test]
fn a_path_that_climbs_out_or_holds_everything_ties_no_files() {
    let all = assembled(&[("vendor/composer/installed.json", INSTALLED)], &THERE);
    for name in ["up/up", "all/all"] {
        let package = all.packages.iter().find(|p| p.name == name).unwrap();
        assert!(package.files.is_empty() && package.root.is_none(), "{name}");
    }
    assert_eq!(all.packages[0].files.iter().collect::<Vec<_>>(), ["vendor/monolog/monolog/src/Logger.php"]);
    assert_eq!(all.packages[0].root.as_deref(), Some("vendor/monolog/monolog"));
}

#[test]
fn metadata_and_needs_are_told() {
    let all = assembled(&[("vendor/composer/installed.json", INSTALLED)], &THERE);
    let monolog = &all.packages[0];
    assert_eq!((monolog.name.as_str(), monolog.supplier.as_deref()), ("Monolog/Monolog", Some("J")));
    assert_eq!(monolog.hashes.first().unwrap().hex, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    assert_eq!((monolog.properties[REFERENCE].as_str(), monolog.links.len()), ("c915e2", 3));
    assert_eq!(all.packages[2].licences, [Licence::Expression("BSD-3-Clause OR GPL-3.0-or-later".into())]);
    let edges: Vec<(usize, usize)> = all.edges.iter().map(|e| (e.from, e.to)).collect();
    assert_eq!(edges, [(0, 1), (0, 1)]);
}

#[test]
fn the_list_of_composer_1_has_its_folders_by_name_and_learns_from_the_lock() {
    let one = r#" [{"name": "psr/log", "version": "1.1"}, {"name": "phpunit/phpunit", "version": "9"}]"#;
    let lock = r#"{"packages": [{"name": "psr/log", "version": "1.1", "dist": {"shasum": "da39a3ee5e6b4b0d3255bfef95601890afd80709"}}, {"name": "not/there", "version": "1"}],
        "packages-dev": [{"name": "phpunit/phpunit", "version": "9"}]}"#;
    let all = assembled(&[("vendor/composer/installed.json", one), ("composer.lock", lock)], &THERE);
    assert_eq!(listed(&all), ["pkg:composer/psr/log@1.1 installed Required", "pkg:composer/phpunit/phpunit@9 installed Excluded"]);
    assert_eq!((all.packages[0].hashes.len(), all.packages[0].files.len()), (1, 1));
}

#[test]
fn a_lock_alone_declares_and_a_lock_in_a_package_says_nothing() {
    let lock = r#"{"packages": [{"name": "psr/log", "version": "1.1"}], "packages-dev": []}"#;
    assert_eq!(listed(&assembled(&[("app/composer.lock", lock)], &[])), ["pkg:composer/psr/log@1.1 declared Required"]);
    let files = [("vendor/composer/installed.json", INSTALLED), ("vendor/psr/log/composer.lock", lock)];
    assert_eq!(assembled(&files, &THERE).packages.len(), 6);
}

#[test]
fn what_tests_of_a_package_installed_is_not_installed() {
    let path = "vendor/composer/composer/tests/Fixtures/vendor/composer/installed.json";
    assert!(assembled(&[(path, INSTALLED)], &THERE).packages.is_empty());
    assert!(!is_installed("vendor/xcomposer/installed.json"));
    assert!(!is_fixture("tests/vendor/composer/installed.json"), "only the tests of a package");
}

#[test]
fn a_file_of_another_shape_is_a_flaw() {
    for text in ["", "1", "{\"packages\": 1}", "[1]", &"[".repeat(100_000)] {
        assert!(seen("vendor/composer/installed.json", text).is_err(), "{text:.40}");
    }
    assert_eq!(seen("composer.lock", r#"{"packages": [{"name": "noslash"}, {}]}"#).unwrap().facts.flaws.len(), 2);
}

#[test]
fn a_folder_is_one_package_s_alone() {
    let text = r#"{"packages": [{"name": "a/a", "version": "1", "install-path": "../psr/log"}, {"name": "b/b", "version": "1", "install-path": "../psr/./log/"}]}"#;
    let all = assembled(&[("vendor/composer/installed.json", text)], &THERE);
    assert_eq!(listed(&all), ["pkg:composer/a/a@1 installed Required", "pkg:composer/b/b@1 declared Required"]);
    assert!(all.packages[1].files.is_empty());
}

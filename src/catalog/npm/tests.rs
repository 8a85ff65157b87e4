//! What npm's files may say, and where they may lie.

use super::NpmPackages;
use crate::catalog::tests::{Tree, Tried};
use crate::catalog::{Basis, Licence, PackageKind, Scope};

fn manifest(name: &str, version: &str, more: &str) -> String {
    format!(r#"{{"name": "{name}", "version": "{version}"{more}}}"#)
}

fn tried(tree: Tree) -> Tried {
    tree.catalog(&NpmPackages)
}

const SHA512: &str = "sha512-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";

#[test]
fn manifests_within_packages_are_no_packages() {
    let tree = Tree::default()
        .file("nodejs/node_modules/a/package.json", manifest("a", "1.0.0", ""))
        .file("nodejs/node_modules/a/lib/esm/package.json", manifest("esm", "1.0.0", ""))
        .file("nodejs/node_modules/a/test/resolver/baz/package.json", manifest("baz", "1.0.0", ""))
        .file("nodejs/node_modules/a/test/shadow/node_modules/util/package.json", manifest("util", "1.0.0", ""))
        .file("nodejs/node_modules/a/cli/node_modules/acorn/package.json", manifest("acorn", "1.0.0", ""))
        .file("nodejs/node_modules/a/node_modules/@s/b/package.json", manifest("@s/b", "2.0.0", ""))
        .file("nodejs/node_modules/.pnpm/c@1.0.0/node_modules/c/package.json", manifest("c", "1.0.0", ""))
        .file("nodejs/node_modules/.cache/package.json", manifest("cache", "1.0.0", ""))
        .file("nodejs/node_modules/@s/package.json", manifest("s", "1.0.0", ""))
        .file("python/jupyter/static/package.json", manifest("static", "1.0.0", ""));
    assert_eq!(tried(tree).names(), ["@s/b 2.0.0", "a 1.0.0", "acorn 1.0.0", "c 1.0.0"]);
}

#[test]
fn a_package_without_name_or_version_is_a_gap() {
    for text in [r#"{"name": "a"}"#, r#"{"version": "1"}"#, "{}", "[]", "", r#"{"name": 7, "version": "1"}"#, &"[".repeat(100_000)] {
        let found = tried(Tree::default().file("node_modules/a/package.json", text));
        assert_eq!(found.names(), Vec::<String>::new(), "{text:.40}");
        assert_eq!(found.gaps.len(), 1, "{text:.40}");
    }
}

#[test]
fn a_key_that_stands_twice_hides_nothing() {
    let text = r#"{"name": "shown", "version": "1.0.0", "name": "real", "licenses": [], "dependencies": 7, "author": [1]}"#;
    let found = tried(Tree::default().file("node_modules/real/package.json", text));
    assert_eq!(found.names(), ["real 1.0.0"]);
    assert_eq!(found.said(), "");
}

#[test]
fn bytes_that_are_not_utf_8_hide_no_package() {
    let mut text = b"\xef\xbb\xbf{\"name\": \"a\", \"version\": \"1.0.0\", \"author\": \"Andr".to_vec();
    text.extend_from_slice(b"\xe9\"}");
    assert_eq!(tried(Tree::default().file("node_modules/a/package.json", text)).names(), ["a 1.0.0"]);
}

#[test]
fn a_lock_adds_no_package_to_those_that_are_there() {
    let lock = format!(
        r#"{{"lockfileVersion": 3, "packages": {{
            "": {{"name": "root", "version": "1.0.0"}},
            "node_modules/a": {{"version": "1.0.0", "integrity": "{SHA512}", "resolved": "https://registry.example/a.tgz", "dev": true}},
            "node_modules/a/node_modules/b": {{"version": "1.0.0", "integrity": "sha1-nonsense", "optional": true}},
            "node_modules/c": {{"version": "2.0.0", "integrity": "{SHA512}"}},
            "node_modules/not-here-linux-arm64": {{"version": "1.0.0", "optional": true}},
            "../../node_modules/up": {{"version": "1.0.0"}},
            "node_modules/linked": {{"resolved": "packages/linked", "link": true}}
        }}}}"#
    );
    let tree = Tree::default()
        .file("nodejs/package-lock.json", &lock)
        .file("nodejs/node_modules/a/package.json", manifest("a", "1.0.0", ""))
        .file("nodejs/node_modules/a/node_modules/b/package.json", manifest("b", "1.0.0", ""))
        .file("nodejs/node_modules/c/package.json", manifest("c", "1.0.0", ""));
    let found = tried(tree);
    assert_eq!(found.names(), ["a 1.0.0", "b 1.0.0", "c 1.0.0"]);
    let a = found.package("a");
    assert_eq!((a.basis, a.scope), (Basis::Installed, Scope::Excluded));
    assert_eq!(a.hashes.first().map(|h| (h.algorithm.as_str(), h.hex.len())), Some(("SHA-512", 128)));
    assert_eq!(a.links.first().map(|l| l.url.as_str()), Some("https://registry.example/a.tgz"));
    assert_eq!((found.package("b").scope, found.package("b").hashes.len()), (Scope::Optional, 0));
    let c = found.package("c");
    assert_eq!((c.hashes.len(), c.properties.get("layerproof:locked-version").map(String::as_str)), (0, Some("2.0.0")));
}

#[test]
fn a_lock_of_a_bundled_function_declares_what_is_not_for_building() {
    let lock = r#"{"lockfileVersion": 1, "dependencies": {
        "a": {"version": "1.0.0", "requires": {"b": "^2.0.0", "c": "*"}, "dependencies": {"b": {"version": "2.0.0"}}},
        "b": {"version": "1.0.0"},
        "c": {"version": "npm:@real/c@3.0.0", "optional": true},
        "jest": {"version": "29.0.0", "dev": true}
    }}"#;
    let found = tried(Tree::default().file("package-lock.json", lock).file("index.js", ""));
    assert_eq!(found.names(), ["@real/c 3.0.0", "a 1.0.0", "b 1.0.0", "b 2.0.0"]);
    assert!(found.all.packages.iter().all(|package| package.basis == Basis::Declared));
    assert_eq!(found.edges(), ["a@1.0.0 -> b@2.0.0", "a@1.0.0 -> c@3.0.0"]);
    assert_eq!(tried(Tree::default().file("python/x/package-lock.json", lock)).names(), Vec::<String>::new());
}

#[test]
fn packages_beat_the_older_list_in_a_lock_of_version_2() {
    let lock = r#"{"dependencies": {"old": {"version": "1.0.0"}}, "packages": {"node_modules/new": {"version": "1.0.0"}}}"#;
    assert_eq!(tried(Tree::default().file("package-lock.json", lock)).names(), ["new 1.0.0"]);
    let lock = r#"{"packages": {"node_modules/new": {"version": "1.0.0"}}, "dependencies": {"old": {"version": "1.0.0"}}}"#;
    assert_eq!(tried(Tree::default().file("package-lock.json", lock)).names(), ["new 1.0.0"]);
}

#[test]
fn locks_that_lie_cost_a_gap() {
    let deep = format!("{{\"dependencies\": {}", "{\"a\": {\"version\": \"1\", \"dependencies\": ".repeat(5_000));
    let many: String = (0..60_000).map(|n| format!("\"node_modules/p{n}\": {{\"version\": \"1\"}},")).collect();
    let many = format!("{{\"packages\": {{{many} \"x\": {{}}}}}}");
    for (text, packages) in [(deep.as_str(), 0), ("[]", 0), ("{\"packages\": 7}", 0), (&many, 50_000)] {
        let found = tried(Tree::default().file("package-lock.json", text));
        assert_eq!(found.all.packages.len(), packages, "{text:.60}");
        assert_eq!(found.gaps.len(), 1, "{text:.60}");
    }
}

#[test]
fn needs_are_met_as_node_resolves_them() {
    let a = r#", "dependencies": {"b": "1", "up": "1"}, "peerDependencies": {"peer": "*"}"#;
    let tree = Tree::default()
        .file("nodejs/node_modules/a/package.json", manifest("a", "1.0.0", a))
        .file("nodejs/node_modules/a/node_modules/b/package.json", manifest("b", "1.0.0", r#", "dependencies": {"up": "1", "b": "1"}"#))
        .file(
            "nodejs/node_modules/b/package.json",
            manifest("b", "2.0.0", r#", "dependencies": {"gone": "1", "up": "1"}, "optionalDependencies": {"gone": "1"}"#),
        )
        .file("nodejs/node_modules/up/package.json", manifest("up", "1.0.0", r#", "dependencies": {"missing": "1"}"#))
        .file("nodejs/node_modules/peer/package.json", manifest("peer", "1.0.0", ""))
        .file("nodejs/package.json", manifest("layer", "0.1.0", r#", "dependencies": {"b": "2"}"#));
    let found = tried(tree);
    let edges = ["a@1.0.0 -> b@1.0.0", "a@1.0.0 -> peer@1.0.0", "a@1.0.0 -> up@1.0.0", "b@1.0.0 -> up@1.0.0", "b@2.0.0 -> up@1.0.0"];
    assert_eq!(found.edges(), [&edges[..], &["layer@0.1.0 -> b@2.0.0"]].concat());
    let layer = found.package("layer");
    assert_eq!((layer.kind, layer.basis), (PackageKind::Application, Basis::Declared));
    assert_eq!(found.all.incomplete.iter().collect::<Vec<_>>(), ["1 needs are met by no package that is there: `up` needs `missing`"]);
    assert_eq!(found.said(), "");
}

#[test]
fn links_are_followed_and_end() {
    let tree = Tree::default()
        .file(
            "node_modules/.pnpm/a@1.0.0/node_modules/a/package.json",
            manifest("a", "1.0.0", r#", "dependencies": {"b": "1", "round": "1"}"#),
        )
        .file("node_modules/.pnpm/b@1.0.0/node_modules/b/package.json", manifest("b", "1.0.0", ""))
        .link("node_modules/.pnpm/a@1.0.0/node_modules/b", "../../b@1.0.0/node_modules/b")
        .link("node_modules/a", ".pnpm/a@1.0.0/node_modules/a")
        .link("node_modules/round", "round")
        .link("node_modules/out", "../../../../etc")
        .link("node_modules/@me/lib", "../../packages/lib")
        .file("packages/lib/package.json", manifest("@me/lib", "0.0.1", r#", "dependencies": {"a": "1"}"#))
        .file("packages/lib/index.js", "")
        .file("packages/unlinked/package.json", manifest("unlinked", "0.0.1", ""));
    let found = tried(tree);
    assert_eq!(found.names(), ["@me/lib 0.0.1", "a 1.0.0", "b 1.0.0"]);
    assert_eq!(found.edges(), ["a@1.0.0 -> b@1.0.0", "lib@0.0.1 -> a@1.0.0"]);
    assert!(found.package("@me/lib").files.contains("packages/lib/index.js"));
}

#[test]
fn a_file_belongs_to_the_innermost_package_and_stray_ones_to_nobody() {
    let tree = Tree::default()
        .file("node_modules/a/package.json", manifest("a", "1.0.0", ""))
        .file("node_modules/a/lib/x.js", "")
        .file("node_modules/a/test/node_modules/fake/x.js", "")
        .file("node_modules/a/node_modules/b/package.json", manifest("b", "1.0.0", ""))
        .file("node_modules/a/node_modules/b/x.node", "")
        .file("node_modules/a/node_modules/stray/evil.node", "")
        .file("node_modules/stray.js", "");
    let found = tried(tree);
    let files = |name: &str| found.package(name).files.iter().cloned().collect::<Vec<_>>();
    assert_eq!(files("a"), ["node_modules/a/lib/x.js", "node_modules/a/package.json", "node_modules/a/test/node_modules/fake/x.js"]);
    assert_eq!(files("b"), ["node_modules/a/node_modules/b/package.json", "node_modules/a/node_modules/b/x.node"]);
}

#[test]
fn debian_keeps_packages_elsewhere() {
    let tree = Tree::default()
        .file("usr/share/nodejs/@types/busboy/package.json", manifest("@types/busboy", "1.0.0", ""))
        .file("usr/share/nodejs/undici/package.json", manifest("undici", "5.0.0", r#", "dependencies": {"busboy": "1"}"#))
        .file("usr/share/nodejs/busboy/package.json", manifest("busboy", "1.0.0", ""))
        .file("usr/share/nodejs/busboy/bench/package.json", manifest("bench", "1.0.0", ""))
        .file("usr/share/nodejs/busboy/lib/x.js", "");
    let found = tried(tree);
    assert_eq!(found.names(), ["@types/busboy 1.0.0", "busboy 1.0.0", "undici 5.0.0"]);
    assert_eq!(found.edges(), ["undici@5.0.0 -> busboy@1.0.0"]);
    assert!(found.package("busboy").files.contains("usr/share/nodejs/busboy/lib/x.js"));
}

#[test]
fn metadata_is_read_in_all_its_spellings() {
    let of = |more: &str| tried(Tree::default().file("node_modules/A/package.json", manifest("A", "1.0.0", more))).all.packages.remove(0);
    let id = |text: &str| Licence::Expression(text.into());
    assert_eq!(of(r#", "license": "(MIT OR GPL-3.0-only)""#).licences, [id("(MIT OR GPL-3.0-only)")]);
    assert_eq!(of(r#", "license": {"type": "MIT", "url": "x"}"#).licences, [id("MIT")]);
    assert_eq!(of(r#", "licenses": [{"type": "MIT"}, "ISC", 7]"#).licences, [id("MIT"), id("ISC")]);
    assert_eq!(of(r#", "license": "SEE LICENSE IN x""#).licences, [Licence::Named("SEE LICENSE IN x".into())]);
    let url = |more: &str| of(more).links.first().map(|link| link.url.clone());
    assert_eq!(url(r#", "repository": "owner/name""#).as_deref(), Some("https://github.com/owner/name"));
    assert_eq!(url(r#", "repository": "gitlab:owner/name""#).as_deref(), Some("https://gitlab.com/owner/name"));
    assert_eq!(url(r#", "repository": {"url": "git+https://example.org/x.git"}"#).as_deref(), Some("git+https://example.org/x.git"));
    assert_eq!(url(r#", "repository": "git@example.org:owner/name.git""#).as_deref(), Some("ssh://git@example.org/owner/name.git"));
    assert_eq!(url(r#", "homepage": "javascript:alert(1)""#), None);
    let package = of(r#", "author": {"name": "Jo", "email": "x"}, "description": "Does it.""#);
    assert_eq!((package.name.as_str(), package.purl.to_string().as_str()), ("A", "pkg:npm/A@1.0.0"));
    assert_eq!((package.supplier.as_deref(), package.description.as_deref()), (Some("Jo"), Some("Does it.")));
}

#[test]
fn a_package_under_another_name_says_so() {
    let tree = Tree::default()
        .file("node_modules/alias/package.json", manifest("aws-lambda-ric", "1.0.0", ""))
        .file("node_modules/x/package.json", manifest("x", "1.0.0", r#", "dependencies": {"alias": "npm:aws-lambda-ric@1"}"#));
    let found = tried(tree);
    let ric = found.package("aws-lambda-ric");
    assert_eq!(ric.properties.get("layerproof:installed-as").map(String::as_str), Some("alias"));
    assert_eq!(ric.properties.get("layerproof:lambda-role").map(String::as_str), Some("runtime-interface-client"));
    assert_eq!(found.edges(), ["x@1.0.0 -> aws-lambda-ric@1.0.0"]);
}

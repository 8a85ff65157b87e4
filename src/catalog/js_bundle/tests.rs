//! What bundles tell of what is in them, and what they don't.

use super::BundledScripts;
use super::names::Names;
use crate::catalog::tests::{Tree, Tried};
use crate::catalog::{Basis, Cataloger, FileFacts};

fn tried(tree: Tree) -> Tried {
    tree.catalog(&BundledScripts)
}

fn map(sources: &[&str]) -> String {
    let sources: Vec<String> = sources.iter().map(|path| format!("{path:?}")).collect();
    format!(r#"{{"version": 3, "sources": [{}], "sourcesContent": ["node_modules/not-one/x.js"], "mappings": "AAAA"}}"#, sources.join(","))
}

fn of_path(path: &str) -> Option<String> {
    let mut names = Names::default();
    names.add_path(path);
    let found = names.each().next().map(|(name, version)| format!("{name} {}", version.unwrap_or("?")));
    assert!(names.each().count() <= 1);
    found
}

#[test]
fn packages_are_read_from_paths_as_bundlers_write_them() {
    let cases = [
        ("../node_modules/a/lib/x.js", Some("a ?")),
        ("webpack:///./node_modules/@s/n/x.js?1a2b", Some("@s/n ?")),
        ("webpack://app/./node_modules/a/node_modules/b/x.js", Some("b ?")),
        ("C:\\src\\node_modules\\@s\\n\\x.js", Some("@s/n ?")),
        ("node_modules/%40s/n/x.js", Some("@s/n ?")),
        ("../node_modules/.pnpm/@s+n@1.2.3_peer@4.5.6/node_modules/@s/n/x.js", Some("@s/n 1.2.3")),
        ("node_modules/.pnpm/a@1.2.3-rc.1(p@1.0.0)/node_modules/a/x.js", Some("a 1.2.3-rc.1")),
        ("x/node_modules/.pnpm/b@1.0.0/node_modules/a/x.js", Some("a ?")),
        (".yarn/cache/a-npm-1.2.3-0123456789-abcdef0123.zip/node_modules/a/x.js", Some("a 1.2.3")),
        (".yarn/cache/@s-n-npm-1.0.0-beta.2-0123456789.zip/node_modules/@s/n/x.js", Some("@s/n 1.0.0-beta.2")),
        (".yarn/cache/a-npm-1.0.0-rc.1-0123456789-abcdef0123.zip/node_modules/a/x.js", Some("a 1.0.0-rc.1")),
        ("node_modules/a.js", None),
        ("node_modules/@s/n", None),
        ("node_modules/../etc/x.js", None),
        ("node_modules/.bin/x.js", None),
        ("node_modules/a b/x.js", None),
        ("my_node_modulesx/a/x.js", None),
        ("external commonjs \"node_modules\"", None),
    ];
    for (path, expected) in cases {
        assert_eq!(of_path(path).as_deref(), expected, "{path}");
    }
}

#[test]
fn a_map_gives_names_without_versions_and_says_that_they_are_unknown() {
    let tree = Tree::default()
        .file("index.js", "x();\n//# sourceMappingURL=index.js.map")
        .file("index.js.map", map(&["../src/main.ts", "../node_modules/a/x.js", "../node_modules/a/y.js", "../node_modules/@s/b/x.js"]));
    let found = tried(tree);
    assert_eq!(found.names(), ["@s/b ?", "a ?"]);
    assert!(found.all.packages.iter().all(|package| package.basis == Basis::Heuristic));
    assert_eq!(found.package("a").evidence.first().map(|e| (e.path.as_str(), e.confidence)), Some(("index.js.map", 70)));
    assert_eq!(found.all.incomplete.iter().collect::<Vec<_>>(), ["a bundle whose packages' versions are not stated"]);
}

#[test]
fn maps_that_ship_with_packages_are_theirs() {
    for path in [
        "nodejs/node_modules/a/dist/a.js.map",
        "python/lib/python3.12/site-packages/jupyter/static/x.js.map",
        "usr/share/javascript/x.js.map",
        ".map",
        "x.css.map",
    ] {
        assert!(BundledScripts.wants(&FileFacts::new(path, 1, None)).is_none(), "{path}");
    }
    let tree = Tree::default()
        .file("python/jupyter-1.dist-info/METADATA", "")
        .file("python/jupyter/__init__.py", "")
        .file("python/jupyter/static/x.js.map", map(&["node_modules/hidden/x.js"]))
        .file("python/other/x.js.map", map(&["node_modules/shown/x.js"]));
    assert_eq!(tried(tree).names(), ["shown ?"]);
}

#[test]
fn maps_that_lie_cost_a_gap_and_no_name() {
    let deep = format!("{{\"sections\": [{}", "{\"map\": {\"sections\": [".repeat(10_000));
    for text in [deep.as_str(), "[]", "", "{\"sources\": 7}", "{\"sources\": [\"node_modules/a/x.js\"", "\u{0}"] {
        let found = tried(Tree::default().file("x.js.map", text));
        assert_eq!((found.names().len(), found.gaps.len()), (0, 1), "{text:.40}: {:?}", found.names());
    }
    let many: Vec<String> = (0..25_000).map(|n| format!("node_modules/p{n}/x.js")).collect();
    let found = tried(Tree::default().file("x.js.map", map(&many.iter().map(String::as_str).collect::<Vec<_>>())));
    assert_eq!(found.names().len(), Names::MOST);
    assert!(found.said().contains("MAX_NAMES"), "{}", found.said());
}

#[test]
fn maps_of_sections_and_maps_behind_a_guard_are_read() {
    let sections = format!(r#"{{"version": 3, "sections": [{{"offset": {{"line": 0}}, "map": {}}}]}}"#, map(&["node_modules/a/x.js"]));
    assert_eq!(tried(Tree::default().file("x.mjs.map", sections)).names(), ["a ?"]);
    let guarded = format!(")]}}'\n{}", map(&["node_modules/a/x.js"]));
    assert_eq!(tried(Tree::default().file("x.cjs.map", guarded)).names(), ["a ?"]);
    let nameless = r#"{"sources": [null, "node_modules/a/x.js"]}"#;
    assert_eq!(tried(Tree::default().file("x.js.map", nameless)).names(), ["a ?"]);
}

#[test]
fn a_map_in_the_script_is_read_and_a_word_about_maps_is_none() {
    let inline = data_encoding::BASE64.encode(map(&["node_modules/a/x.js"]).as_bytes());
    let script =
        format!("f(\"//# sourceMappingURL=data:\" + x);\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,{inline}\n");
    assert_eq!(tried(Tree::default().file("x.js", script)).names(), ["a ?"]);
    let talk = "emit('//# sourceMappingURL=data:application/json;base64,' + map);\ng('sourceMappingURL=data:' + y)";
    let found = tried(Tree::default().file("x.js", talk));
    assert_eq!((found.names().len(), found.said().as_str()), (0, ""));
    let broken = "//# sourceMappingURL=data:application/json;base64,AAAA";
    assert_eq!(tried(Tree::default().file("x.js", broken)).gaps.len(), 1);
}

#[test]
fn only_a_metafile_is_taken_for_one() {
    let metafile = r#"{"inputs": {"node_modules/a/x.js": {"bytes": 1}, "src/x.ts": {}}, "outputs": {"node_modules/b/x.js": {}}}"#;
    assert_eq!(tried(Tree::default().file("meta.json", metafile)).names(), ["a ?"]);
    for other in [r#"{"inputs": {"node_modules/a/x.js": {}}}"#, "[1]", "not json"] {
        let found = tried(Tree::default().file("x/metafile.json", other));
        assert_eq!((found.names().len(), found.gaps.len()), (0, 0), "{other}");
    }
}

#[test]
fn comments_name_packages_only_where_name_and_version_are_the_first_words() {
    let script = "/*! exact-name v1.2.3 | MIT */\n/**\n * @license other 2.0.0\n */\n/*! jQuery JavaScript Library v3.7.1 */\n\
                  /*! Vue 2.6.14 */\n/*! no-version. MIT License. */ /*!";
    let found = tried(Tree::default().file("x.js", script));
    assert_eq!(found.names(), ["exact-name 1.2.3", "other 2.0.0"]);
    assert_eq!(found.package("other").evidence.first().map(|e| e.confidence), Some(50));
}

#[test]
fn the_list_at_the_end_of_a_bundle_of_esbuild_names_files() {
    let script = "f();\n/*! Bundled license information:\n\nmime-db/index.js:\n  (*!\n   * mime-db\n   * x.js:\n   *)\n\n\
                  @s/n/lib/x.js:\n  (* MIT *)\n\n../src/own/x.js:\n  (*! mine *)\n*/\nafter/x.js:\n";
    assert_eq!(tried(Tree::default().file("x.js", script)).names(), ["@s/n ?", "mime-db ?"]);
    let licences = "/*! some-lib v4.5.6 */\n";
    assert_eq!(tried(Tree::default().file("main.js.LICENSE.txt", licences)).names(), ["some-lib 4.5.6"]);
}

#[test]
fn a_bundle_that_says_nothing_is_said_to_say_nothing() {
    let minified = "x".repeat(100_000);
    let found = tried(Tree::default().file("index.js", &minified));
    assert_eq!(found.all.incomplete.iter().collect::<Vec<_>>(), ["a bundle that does not say what it is made of"]);
    let own = "const x = 1;\n".repeat(20_000);
    assert!(tried(Tree::default().file("index.js", own)).all.incomplete.is_empty());
    let paired = Tree::default().file("index.js", &minified).file("index.js.map", map(&["node_modules/.pnpm/a@1.0.0/node_modules/a/x.js"]));
    let found = tried(paired);
    assert_eq!((found.names(), found.all.incomplete.len()), (vec!["a 1.0.0".to_owned()], 0));
}

//! Homes of gems, made here.

use std::sync::Arc;

use super::*;
use crate::unpack::FileTree;

fn seen(path: &str, text: &str) -> Seen {
    let bytes = Arc::new(text.as_bytes().to_vec());
    let facts = FileFacts::new(path, bytes.len() as u64, None);
    assert!(Gems.wants(&facts).is_some(), "{path}");
    Seen { path: path.into(), facts: Gems.parse(&File::new(facts, &bytes)).unwrap() }
}

fn assembled(files: &[(&str, &str)], there: &[&str]) -> Assembled {
    let tree = FileTree::of_files(&there.iter().copied().chain(files.iter().map(|(path, _)| *path)).collect::<Vec<_>>());
    Gems.assemble(files.iter().map(|(path, text)| seen(path, text)).collect(), &View::new(tree.entries.iter(), None))
}

fn spec(name: &str, version: &str, more: &str) -> String {
    format!("Gem::Specification.new do |s|\n  s.name = \"{name}\".freeze\n  s.version = \"{version}\"\n{more}end\n")
}

fn listed(all: &Assembled) -> Vec<String> {
    all.packages.iter().map(|p| format!("{} {}", p.purl, p.basis.id())).collect()
}

#[test]
fn the_source_of_a_gem_is_not_installed() {
    for path in ["ruby/gems/3.2.0/gems/rack-2.2/rack.gemspec", "rack.gemspec", "xspecifications/a.gemspec", "specifications/.gemspec"] {
        assert!(Gems.wants(&FileFacts::new(path, 1, None)).is_none(), "{path}");
    }
}

#[test]
fn what_tests_of_a_gem_install_is_not_installed() {
    let all = assembled(
        &[
            ("gems/3.2.0/specifications/rubygems-1.gemspec", &spec("rubygems", "1", "")),
            ("gems/3.2.0/gems/rubygems-1/test/specifications/fake-1.gemspec", &spec("fake", "1", "")),
            ("gems/3.2.0/gems/rubygems-1/Gemfile.lock", "GEM\n  specs:\n    locked (1.0)\n"),
        ],
        &[],
    );
    assert_eq!(listed(&all), ["pkg:gem/rubygems@1 installed"]);
}

#[test]
fn files_of_a_gem_are_its_own_and_not_its_neighbour_s() {
    let home = "ruby/gems/3.2.0";
    let path = format!("{home}/specifications/json-2.6.gemspec");
    let there = [
        format!("{home}/gems/json-2.6/lib/json.rb"),
        format!("{home}/gems/json-2.6.3/lib/json.rb"),
        format!("{home}/extensions/aarch64-linux/3.2.0/other-1/x.so"),
        format!("{home}/extensions/x86_64-linux/3.2.0/json-2.6/gem.build_complete"),
    ];
    let all = assembled(&[(&path, &spec("json", "2.6", ""))], &there.each_ref().map(String::as_str));
    let package = &all.packages[0];
    assert_eq!(package.files.iter().collect::<Vec<_>>(), [&there[3], &there[0], &path]);
    assert_eq!(package.root.as_deref(), Some("ruby/gems/3.2.0/gems/json-2.6"));
}

#[test]
fn a_need_is_met_by_the_newest_that_satisfies_it() {
    let needs = "  s.add_dependency(%q<b>.freeze, [\"~> 1.2\"])\n  s.add_dependency(%q<c>.freeze, [\">= 3\"])\n";
    let all = assembled(
        &[
            ("specifications/a-1.gemspec", &spec("a", "1", needs)),
            ("specifications/b-1.10.gemspec", &spec("b", "1.10", "")),
            ("specifications/b-1.9.gemspec", &spec("b", "1.9", "")),
            ("specifications/b-2.0.gemspec", &spec("b", "2.0", "")),
            ("specifications/c-2.gemspec", &spec("c", "2", "")),
            ("specifications/default/d-2.gemspec", &spec("d", "2", "  s.platform = \"java\".freeze\n")),
        ],
        &[],
    );
    assert_eq!(all.edges, [Edge { from: 0, relation: Relation::DependsOn, to: 1 }]);
    assert_eq!(all.packages[5].purl.to_string(), "pkg:gem/d@2?platform=java");
    assert_eq!(all.packages[5].properties[DEFAULT], "true");
}

#[test]
fn a_lockfile_gives_hashes_and_only_where_nothing_is_installed_gems() {
    let lock = "GEM\n  specs:\n    a (1)\n      b (>= 1)\n    b (1)\n\nCHECKSUMS\n  a (1) sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n";
    let installed = spec("a", "1", "");
    let all = assembled(&[("app/Gemfile.lock", lock), ("app/vendor/specifications/a-1.gemspec", &installed)], &[]);
    assert_eq!(listed(&all), ["pkg:gem/a@1 installed"]);
    assert_eq!(all.packages[0].hashes.len(), 1);
    let all = assembled(&[("app/Gemfile.lock", lock)], &[]);
    assert_eq!(listed(&all), ["pkg:gem/a@1 declared", "pkg:gem/b@1 declared"]);
    assert_eq!((all.edges.len(), all.packages[0].hashes.len()), (1, 1));
}

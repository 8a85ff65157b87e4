//! What differs, and what does not.

use serde_json::json;

use super::*;
use crate::catalog::embedded_sbom::read_value;
use crate::catalog::{CatalogGap, Evidence, Executable, ExecutableKind, Flaw, Licence, OsRelease};

fn package(purl: &str) -> Package {
    Package::new(purl.parse().expect("a package URL"), Basis::Installed, Evidence::metadata("x", "test"))
}

fn licensed(purl: &str, licence: &str) -> Package {
    Package { licences: Licence::read(licence).into_iter().collect(), ..package(purl) }
}

fn file(path: &str, sha256: &str) -> Executable {
    Executable {
        path: path.into(),
        kind: ExecutableKind::Elf,
        size: 1,
        sha256: sha256.into(),
        build_id: None,
        soname: None,
        needed: Vec::new(),
        interpreter: None,
        machine: None,
    }
}

fn catalog(packages: Vec<Package>) -> Catalog {
    Catalog { packages, ..Catalog::default() }
}

fn differ(before: &Catalog, after: &Catalog) -> Diff {
    diff(&Side::of_catalog("a", before), &Side::of_catalog("b", after))
}

fn of(before: &[&str], after: &[&str]) -> Diff {
    let catalog = |purls: &[&str]| catalog(purls.iter().map(|purl| package(purl)).collect());
    differ(&catalog(before), &catalog(after))
}

fn versions(list: &[ListedVersion]) -> Vec<String> {
    list.iter().map(|one| format!("{} {}", one.package, one.version.as_deref().unwrap_or("?"))).collect()
}

fn known(versions: &[&str]) -> Vec<Option<String>> {
    versions.iter().map(|version| Some((*version).to_owned())).collect()
}

#[test]
fn the_same_list_in_another_order_differs_in_nothing() {
    let diff = of(&["pkg:npm/a@1", "pkg:npm/b@2", "pkg:npm/b@1"], &["pkg:npm/b@1", "pkg:npm/a@1", "pkg:npm/b@2"]);
    assert!(diff.is_empty(), "{diff:?}");
    assert!(render_text(&diff).ends_with("\n0 added, 0 removed, 0 in other versions\n"));
}

#[test]
fn another_version_is_a_change_and_no_addition() {
    let diff = of(&["pkg:npm/a@1", "pkg:npm/gone@1"], &["pkg:npm/a@2", "pkg:npm/new@1"]);
    assert_eq!(versions(&diff.added), ["pkg:npm/new 1"]);
    assert_eq!(versions(&diff.removed), ["pkg:npm/gone 1"]);
    assert_eq!(diff.changed, [VersionChange { package: "pkg:npm/a".into(), from: known(&["1"]), to: known(&["2"]) }]);
    assert!(!diff.is_empty());
}

#[test]
fn versions_side_by_side_are_sets() {
    let diff = of(&["pkg:npm/a@1", "pkg:npm/a@2"], &["pkg:npm/a@2", "pkg:npm/a@3", "pkg:npm/a@4"]);
    assert_eq!(diff.changed, [VersionChange { package: "pkg:npm/a".into(), from: known(&["1"]), to: known(&["3", "4"]) }]);
    let diff = of(&["pkg:npm/a@1"], &["pkg:npm/a@1", "pkg:npm/a@2"]);
    assert_eq!((versions(&diff.added), diff.changed.len()), (vec!["pkg:npm/a 2".to_owned()], 0));
    let diff = of(&["pkg:npm/a@1", "pkg:npm/a@2"], &["pkg:npm/a@2"]);
    assert_eq!((versions(&diff.removed), diff.changed.len()), (vec!["pkg:npm/a 1".to_owned()], 0));
}

#[test]
fn the_same_name_of_another_type_or_namespace_is_another_package() {
    let diff = of(&["pkg:npm/requests@1", "pkg:npm/%40a/x@1"], &["pkg:pypi/requests@1", "pkg:npm/%40b/x@1"]);
    assert_eq!((diff.added.len(), diff.removed.len(), diff.changed.len()), (2, 2, 0));
}

#[test]
fn a_version_that_is_not_known_is_none_and_no_word() {
    let diff = of(&["pkg:npm/a"], &["pkg:npm/a@1"]);
    assert_eq!(diff.changed, [VersionChange { package: "pkg:npm/a".into(), from: vec![None], to: known(&["1"]) }]);
    assert!(render_text(&diff).contains("~ pkg:npm/a (version not known) -> 1"));
}

#[test]
fn an_epoch_counts_wherever_it_is_written() {
    assert!(of(&["pkg:rpm/amzn/openssl@3.0.8?epoch=1"], &["pkg:rpm/amzn/openssl@1:3.0.8"]).is_empty());
    assert!(of(&["pkg:rpm/amzn/curl@8?epoch=0"], &["pkg:rpm/amzn/curl@8"]).is_empty());
    let diff = of(&["pkg:rpm/amzn/openssl@3.0.8?epoch=1"], &["pkg:rpm/amzn/openssl@3.0.8?epoch=2"]);
    assert_eq!(diff.changed[0].to, known(&["2:3.0.8"]));
}

#[test]
fn a_licence_change_is_told_with_and_without_a_new_version() {
    let before = catalog(vec![licensed("pkg:npm/a@1", "MIT"), licensed("pkg:npm/b@1", "MIT"), licensed("pkg:npm/c@1", "MIT")]);
    let after = catalog(vec![licensed("pkg:npm/a@1", "Apache-2.0"), licensed("pkg:npm/b@2", "AGPL-3.0-only"), package("pkg:npm/c@1")]);
    let told: Vec<_> =
        differ(&before, &after).licences.into_iter().map(|c| (c.package, c.version, c.from.join("+"), c.to.join("+"))).collect();
    let expect = |name: &str, version: Option<&str>, to: &str| {
        (format!("pkg:npm/{name}"), version.map(str::to_owned), "MIT".to_owned(), to.to_owned())
    };
    assert_eq!(told, [expect("a", Some("1"), "Apache-2.0"), expect("b", None, "AGPL-3.0-only"), expect("c", Some("1"), "")]);
}

#[test]
fn a_side_that_states_no_licence_at_all_is_not_compared_and_says_so() {
    let diff = differ(&catalog(vec![licensed("pkg:npm/a@1", "MIT")]), &catalog(vec![package("pkg:npm/a@1")]));
    assert_eq!(diff.licences, []);
    assert_eq!(diff.not_compared, ["licences: `b` states none at all"]);
    assert!(differ(&catalog(vec![licensed("pkg:npm/a@1", "MIT")]), &catalog(Vec::new())).not_compared.is_empty());
}

#[test]
fn another_basis_is_told() {
    let before = catalog(vec![package("pkg:npm/a@1")]);
    let after = catalog(vec![Package { basis: Basis::Heuristic, ..package("pkg:npm/a@1") }]);
    let diff = differ(&before, &after);
    assert_eq!(diff.bases.iter().map(|c| (c.from, c.to)).collect::<Vec<_>>(), [(Basis::Installed, Basis::Heuristic)]);
    assert!(!diff.is_empty());
}

#[test]
fn a_file_that_no_package_covers_is_compared_by_its_bytes() {
    let of = |files: Vec<Executable>| Catalog { unidentified: files, ..Catalog::default() };
    let diff =
        differ(&of(vec![file("a", "11"), file("b", "22"), file("c", "33")]), &of(vec![file("a", "11"), file("b", "99"), file("d", "44")]));
    let told: Vec<_> = diff.files.iter().map(|c| (c.path.as_str(), c.from.as_deref(), c.to.as_deref())).collect();
    assert_eq!(told, [("b", Some("22"), Some("99")), ("c", Some("33"), None), ("d", None, Some("44"))]);
    assert!(!diff.is_empty());
    assert!(render_text(&diff).ends_with("0 added, 0 removed, 0 in other versions; 3 files differ\n"));
}

#[test]
fn gaps_of_a_side_are_told() {
    let flaw = Flaw::malformed("x");
    let gap = CatalogGap { path: "a".into(), cataloger: "npm".into(), reason: flaw.reason, detail: flaw.detail };
    let diff = differ(&Catalog { gaps: vec![gap], ..Catalog::default() }, &Catalog::default());
    assert_eq!((diff.before.gaps, diff.after.gaps), (1, 0));
    assert!(render_text(&diff).starts_with("from a: 0 packages, 1 thing of it is not known\nto   b: 0 packages\n"));
}

#[test]
fn a_document_of_others_says_nothing_of_bases_and_files() {
    let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.6",
        "metadata": { "component": { "name": "layer", "purl": "pkg:npm/layer@1" } },
        "components": [{ "name": "a", "version": "1", "purl": "pkg:npm/a@1" }] });
    let bom = read_value(&document).expect("an SBOM");
    let artifact = Catalog { packages: vec![package("pkg:npm/a@1")], unidentified: vec![file("x", "11")], ..Catalog::default() };
    let diff = diff(&Side::of_document("d", &bom), &Side::of_catalog("b", &artifact));
    assert!(diff.is_empty(), "{diff:?}");
    assert_eq!(diff.before.packages, 1);
    assert_eq!(diff.not_compared, ["files that no package covers: `d` does not say which they are"]);
}

#[test]
fn a_document_of_this_program_is_compared_whole() {
    let property = |name: &str, value: &str| json!({ "name": name, "value": value });
    let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.6",
        "metadata": { "properties": [property("layerproof:composition:artifact", "complete")] },
        "components": [
            { "name": "a", "version": "1", "purl": "pkg:npm/a@1", "properties": [property("layerproof:basis", "declared")] },
            { "type": "file", "name": "x", "hashes": [{ "alg": "SHA-256", "content": "11" }], "properties": [property("layerproof:unidentified", "elf")] },
        ] });
    let bom = read_value(&document).expect("an SBOM");
    let artifact = Catalog { packages: vec![package("pkg:npm/a@1")], unidentified: vec![file("x", "22")], ..Catalog::default() };
    let diff = diff(&Side::of_document("d", &bom), &Side::of_catalog("b", &artifact));
    assert_eq!((diff.bases.len(), diff.files.len(), diff.not_compared.len()), (1, 1, 0));
}

#[test]
fn foreign_text_moves_no_cursor() {
    let mut evil = package("pkg:npm/a@1");
    evil.purl.version = Some("1\u{1b}[2J".into());
    evil.licences = vec![Licence::Named("MIT\u{202e}".into())];
    let after = Catalog { packages: vec![evil], unidentified: vec![file("x\u{1b}", "1\u{7}")], ..Catalog::default() };
    let text = render_text(&diff(&Side::of_catalog("a\u{1b}", &Catalog::default()), &Side::of_catalog("b", &after)));
    assert!(!text.chars().any(|c| c != '\n' && crate::model::printable::needs_escape(c)), "{text:?}");
    assert!(text.contains("+ pkg:npm/a 1\\u{1b}[2J (MIT\\u{202e})"), "{text}");
}

#[test]
fn the_json_form_is_stable() {
    let mut before = catalog(vec![licensed("pkg:npm/a@1", "MIT"), package("pkg:npm/b")]);
    before.unidentified = vec![file("x", "11")];
    let after = catalog(vec![licensed("pkg:npm/a@1", "ISC"), package("pkg:npm/b@2"), licensed("pkg:npm/c@3", "MIT")]);
    let value = serde_json::to_value(differ(&before, &after)).expect("JSON");
    assert_eq!(
        value,
        json!({
            "before": { "name": "a", "packages": 2, "gaps": 0 },
            "after": { "name": "b", "packages": 3, "gaps": 0 },
            "added": [{ "package": "pkg:npm/c", "version": "3", "licences": ["MIT"] }],
            "removed": [],
            "changed": [{ "package": "pkg:npm/b", "from": [null], "to": ["2"] }],
            "licences": [{ "package": "pkg:npm/a", "version": "1", "from": ["MIT"], "to": ["ISC"] }],
            "bases": [],
            "files": [{ "path": "x", "from": "11" }],
            "not_compared": [],
        })
    );
}

#[test]
fn the_text_names_every_difference() {
    let before = catalog(vec![licensed("pkg:npm/a@1", "MIT"), package("pkg:npm/b@1"), package("pkg:npm/gone@1")]);
    let after = catalog(vec![licensed("pkg:npm/a@1", "ISC"), package("pkg:npm/b@2"), licensed("pkg:npm/c@3", "MIT")]);
    assert_eq!(
        render_text(&differ(&before, &after)),
        "from a: 3 packages
to   b: 3 packages

Added
  + pkg:npm/c 3 (MIT)

Removed
  - pkg:npm/gone 1

Version changed
  ~ pkg:npm/b 1 -> 2

Licence changed
  ~ pkg:npm/a 1: MIT -> ISC

1 added, 1 removed, 1 in other versions, 1 under another licence
"
    );
}

#[test]
fn the_operating_system_is_compared_where_this_program_says_which_it_is() {
    let of = |version: &str| Catalog {
        os: Some(OsRelease { id: "debian".into(), version_id: Some(version.into()), ..OsRelease::default() }),
        ..Catalog::default()
    };
    let document = |ours: bool| {
        let properties = if ours { json!([{ "name": "layerproof:composition:artifact", "value": "complete" }]) } else { json!([]) };
        let os = json!({ "type": "operating-system", "name": "debian", "version": "12" });
        let document =
            json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": { "properties": properties }, "components": [os] });
        read_value(&document).expect("an SBOM")
    };
    let (ours, others) = (document(true), document(false));
    let against = |bom: &StatedBom, version: &str| diff(&Side::of_document("d", bom), &Side::of_catalog("b", &of(version)));
    assert!(against(&ours, "12").is_empty());
    assert_eq!(
        against(&ours, "13").changed,
        [VersionChange { package: "pkg:generic/debian".into(), from: known(&["12"]), to: known(&["13"]) }]
    );
    assert_eq!(differ(&of("12"), &of("13")).changed.len(), 1);
    let diff = against(&others, "13");
    assert!(diff.is_empty(), "{diff:?}");
    assert_eq!(diff.not_compared[0], "the operating system, pkg:generic/debian: tools differ in how they call it");
}

#[test]
fn a_licence_in_another_case_is_the_same_licence() {
    let named = |text: &str| catalog(vec![Package { licences: vec![Licence::Named(text.into())], ..package("pkg:deb/debian/a@1") }]);
    assert!(differ(&named("FSFULLR and MIT-CMU"), &named("FSFULLR AND MIT-CMU")).is_empty());
    assert!(!differ(&named("FSFULLR and MIT-CMU"), &named("FSFULLR or MIT-CMU")).is_empty());
}

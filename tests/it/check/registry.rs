//! Files on disk, registry and documentation pages agree.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use layerproof::check::{ALL, rule};
use layerproof::cli::explain::evidence_name;

fn names(folder: &str, ending: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    files.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect()
}

/// `pin001_image_tag_ref`: three letters, three digits, an underscore.
fn is_check(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.len() > 7 && bytes[..3].iter().all(u8::is_ascii_lowercase) && bytes[3..6].iter().all(u8::is_ascii_digit) && bytes[6] == b'_'
}

#[test]
fn check_that_nobody_registered_is_noticed() {
    let files: BTreeSet<String> =
        names("src/check", ".rs").into_iter().filter(|name| is_check(name)).map(|name| name[..6].to_uppercase()).collect();
    let ids: BTreeSet<String> = ALL.iter().map(|check| check.rule().id.to_owned()).collect();
    assert_eq!(files, ids);
    let mut pages = names("docs/checks", ".md");
    assert!(pages.remove("README"), "the list of all pages is missing");
    assert_eq!(pages, ids);
    assert_eq!(ids.len(), ALL.len(), "an id is registered twice");
}

#[test]
fn check_that_the_list_of_pages_leaves_out_is_noticed() {
    let list = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/checks/README.md")).unwrap();
    let rows: Vec<&str> = list.lines().filter(|line| line.starts_with("| [")).collect();
    let expected: Vec<String> = ALL
        .iter()
        .map(|check| check.rule())
        .map(|rule| format!("| [{0}]({0}.md) | `{1}` | {2} | {3} |", rule.id, rule.slug, rule.severity, rule.title))
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn registry_is_sorted_and_found_by_id() {
    assert!(ALL.is_sorted_by_key(|check| check.rule().id));
    for check in ALL {
        assert_eq!(rule(check.rule().id), Some(check.rule()));
    }
    assert_eq!(rule("PIN999"), None);
    assert_eq!(rule("pin001"), None, "ids are exact; explain is what forgives case");
}

#[test]
fn slugs_are_unique_and_kebab_case() {
    let slugs: BTreeSet<&str> = ALL.iter().map(|check| check.rule().slug).collect();
    assert_eq!(slugs.len(), ALL.len());
    for slug in slugs {
        assert!(slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{slug}");
    }
}

#[test]
fn page_that_says_something_else_than_the_rule_is_noticed() {
    for check in ALL {
        let (rule, page) = (check.rule(), check.page());
        let id = rule.id;
        assert!(page.starts_with(&format!("# {id}: {}\n", rule.title)), "{id}: title");
        let evidence: Vec<&str> = rule.evidence.iter().map(|kind| evidence_name(*kind)).collect();
        let tampering = if rule.tampering { "yes" } else { "no" };
        let row = format!("| `{}` | {} | {} | yes | {tampering} | 0.1.0 |", rule.slug, rule.severity, evidence.join(", "));
        assert!(page.contains(&row), "{id}: header row, expected {row}");
        assert!(page.contains(&format!("## What it means\n\n{}\n", rule.explanation)), "{id}: explanation");
        assert!(page.contains(&format!("## What to do\n\n{}\n", rule.remediation)), "{id}: remediation");
        assert!(page.contains(rule.caveat), "{id}: caveat");
        for heading in ["## Example", "## Limits"] {
            let (_, section) = page.split_once(&format!("{heading}\n\n")).unwrap_or_else(|| panic!("{id}: {heading}"));
            assert!(section.trim().len() > 20, "{id}: {heading} is empty");
        }
    }
}

#[test]
fn tampering_rules_are_the_ones_that_no_waiver_covers() {
    let tampering: Vec<&str> = ALL.iter().map(|check| check.rule()).filter(|rule| rule.tampering).map(|rule| rule.id).collect();
    // DESIGN §4 rule 11; SIG008 is not built yet.
    assert_eq!(tampering, ["INT001", "SIG004", "SIG008", "SIG010", "SIG018"]);
}

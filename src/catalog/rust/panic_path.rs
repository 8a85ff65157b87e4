//! Crates that messages of panics name: `…/registry/src/INDEX/NAME-VERSION/…`, `…/git/checkouts/NAME-HASH/REVISION/…`. Layout: The Cargo
//! Book, "Cargo Home"; Debian puts crates into `/usr/share/cargo/registry/NAME-VERSION`, and what the standard library is built of is in
//! `/rust/deps/NAME-VERSION` (rust-lang/rust, bootstrap).

use std::collections::{BTreeMap, BTreeSet};

use memchr::memmem;

use super::super::elf_image::Elf;
use super::super::{Basis, Evidence, Facts, Flaw, Package, Purl, Technique};

/// In every path of a crate from a registry.
const REGISTRY: &[u8] = b"registry";
/// In every path of a crate from Git.
const CHECKOUTS: &[u8] = b"git/checkouts/";
/// In every path of a crate that the released standard library is built of.
const OF_STD: &[u8] = b"/rust/deps";
/// Places that are looked at in one program. A big one has some 20,000.
const MAX_PLACES: usize = 200_000;
/// Crates of one program.
const MAX_CRATES: usize = 5_000;
/// Bytes of a component of a path: `NAME-VERSION`.
const MAX_COMPONENT: usize = 160;
/// Percent. A path is written by the compiler, but anybody may quote one.
const CONFIDENCE: u8 = 80;

/// The crates that a program's panics name.
pub(super) fn parse(elf: &Elf<'_>, path: &str) -> Facts {
    let rustc = rustc(elf);
    let constants = elf.constants();
    let mut crates: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut checkouts: BTreeMap<&str, &str> = BTreeMap::new();
    let mut places: usize = 0;
    let finder = memmem::Finder::new(REGISTRY);
    for part in &constants {
        for at in finder.find_iter(part).take(MAX_PLACES.saturating_sub(places)) {
            places = places.saturating_add(1);
            let rest = part.get(at.saturating_add(REGISTRY.len())..).unwrap_or_default();
            if crates.len() < MAX_CRATES {
                crates.extend(registry(rest));
            }
        }
    }
    let mut of_std: BTreeSet<(&str, &str)> = BTreeSet::new();
    if rustc.is_some() || !crates.is_empty() {
        let (finder, of_std_finder) = (memmem::Finder::new(CHECKOUTS), memmem::Finder::new(OF_STD));
        for part in &constants {
            for at in finder.find_iter(part).take(MAX_PLACES.saturating_sub(places)) {
                places = places.saturating_add(1);
                let rest = part.get(at.saturating_add(CHECKOUTS.len())..).unwrap_or_default();
                if checkouts.len() < MAX_CRATES {
                    checkouts.extend(checkout(rest));
                }
            }
            for at in of_std_finder.find_iter(part).take(MAX_PLACES.saturating_sub(places)) {
                places = places.saturating_add(1);
                let rest = part.get(at.saturating_add(OF_STD.len())..).unwrap_or_default();
                if of_std.len() < MAX_CRATES {
                    of_std.extend(component(rest).and_then(|(folder, _)| crate_of(folder)));
                }
            }
        }
    }
    let mut facts = Facts::default();
    if places >= MAX_PLACES {
        facts.flaws.push(Flaw::too_large("rust::MAX_PLACES", format!("more than {MAX_PLACES} paths of crates")));
    }
    let evidence =
        || Evidence { path: path.to_owned(), cataloger: "rust".into(), technique: Technique::BinaryAnalysis, confidence: CONFIDENCE };
    let mut add = |name: &str, version: Option<&str>, properties: &[(&str, &str)]| {
        let mut package = Package::new(Purl::new("cargo", name, version), Basis::Heuristic, evidence());
        if let Some(rustc) = &rustc {
            package.properties.insert("layerproof:rustc".into(), rustc.clone());
        }
        for (name, value) in properties {
            package.properties.insert((*name).into(), (*value).into());
        }
        facts.packages.push(package);
    };
    for (name, version) in &crates {
        add(name, Some(version), &[]);
    }
    for (name, version) in of_std.difference(&crates) {
        add(name, Some(version), &[("layerproof:cargo-source", "std")]);
    }
    for (name, revision) in checkouts {
        add(name, None, &[("layerproof:vcs-revision", revision)]);
    }
    if !facts.packages.is_empty() {
        facts.incomplete = Some(format!("{path} names only the crates of Rust code that can panic"));
    }
    facts
}

/// `/src/INDEX/NAME-VERSION/…` or, as Debian has it, `/NAME-VERSION/…`: the name and the version.
fn registry(rest: &[u8]) -> Option<(&str, &str)> {
    let (first, rest) = component(rest)?;
    if first != "src" {
        return component(rest).and_then(|_| crate_of(first));
    }
    let (_index, rest) = component(rest)?;
    let (folder, _) = component(rest)?;
    crate_of(folder)
}

/// `NAME-HASH/REVISION/…`: the name of the repository, and the revision.
fn checkout(rest: &[u8]) -> Option<(&str, &str)> {
    let (folder, rest) = component_at_once(rest)?;
    let (revision, _) = component(rest)?;
    let (name, hash) = folder.rsplit_once('-')?;
    let is_hex = |text: &str, sizes: std::ops::RangeInclusive<usize>| {
        sizes.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    (is_name(name) && is_hex(hash, 16..=16) && is_hex(revision, 7..=40)).then_some((name, revision))
}

/// After a separator, the text up to the next one, and the rest from that on. Windows' separators are in what was built there.
fn component(rest: &[u8]) -> Option<(&str, &[u8])> {
    component_at_once(rest.strip_prefix(b"/").or_else(|| rest.strip_prefix(b"\\"))?)
}

fn component_at_once(rest: &[u8]) -> Option<(&str, &[u8])> {
    let near = rest.get(..rest.len().min(MAX_COMPONENT))?;
    let end = near.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"-_.+~".contains(byte)))?;
    let (text, rest) = rest.split_at_checked(end)?;
    let is_closed = matches!(rest.first(), Some(b'/' | b'\\'));
    std::str::from_utf8(text).ok().filter(|text| is_closed && !text.is_empty()).map(|text| (text, rest))
}

/// `NAME-VERSION`, where the name may hold digits and dashes: the version begins after the first dash behind which all is one.
fn crate_of(folder: &str) -> Option<(&str, &str)> {
    let dashes = folder.match_indices('-').map(|(at, _)| at);
    let (name, version) =
        dashes.filter_map(|at| Some((folder.get(..at)?, folder.get(at.checked_add(1)?..)?))).find(|(_, v)| is_semver(v))?;
    is_name(name).then_some((name, version))
}

fn is_name(name: &str) -> bool {
    let is_letter = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    is_letter && name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Semantic Versioning 2.0.0.
fn is_semver(text: &str) -> bool {
    let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    let (numbers, before) = text.split_once('-').map_or((text, None), |(numbers, before)| (numbers, Some(before)));
    let is_number = |number: &str| {
        !number.is_empty()
            && number.len() <= 19
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && (number == "0" || !number.starts_with('0'))
    };
    let are_identifiers =
        |text: &str| text.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    numbers.split('.').count() == 3
        && numbers.split('.').all(is_number)
        && before.is_none_or(are_identifiers)
        && build.is_none_or(are_identifiers)
}

/// The compiler, as it signs in `.comment`: `1.88.0`.
fn rustc(elf: &Elf<'_>) -> Option<String> {
    const SIGNATURE: &[u8] = b"rustc version ";
    let comment = elf.section(".comment")?.data;
    let comment = comment.get(..comment.len().min(64 << 10))?;
    let rest = comment.get(memmem::find(comment, SIGNATURE)?.checked_add(SIGNATURE.len())?..)?;
    let version = rest.split(|byte| matches!(byte, b' ' | 0)).next()?;
    std::str::from_utf8(version).ok().filter(|version| is_semver(version)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_digits_and_dashes_and_versions_hold_dashes() {
        let cases = [
            ("tokio-1.54.1", Some(("tokio", "1.54.1"))),
            ("base64-0.22.1", Some(("base64", "0.22.1"))),
            ("sha-1-0.10.1", Some(("sha-1", "0.10.1"))),
            ("foo-2-1.0.0-rc.1", Some(("foo-2", "1.0.0-rc.1"))),
            ("wasi-0.11.0+wasi-snapshot-preview1", Some(("wasi", "0.11.0+wasi-snapshot-preview1"))),
            ("serde_json-1.0.140", Some(("serde_json", "1.0.140"))),
            ("tokio", None),
            ("tokio-1.54", None),
            ("tokio-01.5.1", None),
            ("-1.2.3", None),
            ("2fa-1.2.3", None),
            ("tokio-1.2.3.4", None),
            ("tokio-1.2.", None),
        ];
        for (folder, expected) in cases {
            assert_eq!(crate_of(folder), expected, "{folder}");
        }
    }

    #[test]
    fn a_path_is_read_where_text_follows_it_at_once_and_not_where_it_ends() {
        let index = b"/src/index.example.org-1949cf8c6b5b557f/tokio-1.54.1";
        assert_eq!(registry(&[index.as_slice(), b"/src/lib.rscalled `Option"].concat()), Some(("tokio", "1.54.1")));
        assert_eq!(
            registry(&[b"\\src\\index.example.org-1949cf8c6b5b557f\\tokio-1.54.1".as_slice(), b"\\src"].concat()),
            Some(("tokio", "1.54.1"))
        );
        // Whether the version is whole can't be told.
        assert_eq!(registry(index), None);
        assert_eq!(registry(&[index.as_slice(), b" and more"].concat()), None);
    }

    #[test]
    fn a_registry_that_is_not_cargos_names_nothing() {
        for text in ["/src/main.go", "/tokio-1.54.1 ", "/v2/library/alpine/", ".example.org/foo-1.2.3/", "/docker/", "/src/x/y/z/"] {
            assert_eq!(registry(text.as_bytes()), None, "{text}");
        }
        assert_eq!(registry(b"/tokio-1.20.1/src/lib.rs"), Some(("tokio", "1.20.1")));
    }

    #[test]
    fn a_checkout_has_the_name_of_its_repository_and_no_version() {
        assert_eq!(checkout(b"tower-0123456789abcdef/89abcde/tower/src/lib.rs"), Some(("tower", "89abcde")));
        assert_eq!(checkout(b"tower-0123456789abcdeg/89abcde/src/lib.rs"), None);
        assert_eq!(checkout(b"tower/89abcde/src/lib.rs"), None);
    }
}

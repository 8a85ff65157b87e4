//! PHP: `vendor/composer/installed.json`, which Composer writes, and `composer.lock`.
//! Formats: getcomposer.org, "The composer.json schema" (04-schema.md); `InstalledFilesystemRepository` of Composer 2 writes the first.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{
    Assembled, Basis, Cataloger, Edge, Evidence, Facts, File, FileFacts, Flaw, Licence, Link, LinkKind, Package, PackageHash, Purl,
    Relation, Requirement, Scope, Seen, View, Want,
};
use crate::unpack::EntryKind;

const NAME: &str = "php";
/// Bytes of one file. Applications with 300 packages have some 1 MB.
const MAX_BYTES: u64 = 16 << 20;
/// Packages of one file.
const MAX_PACKAGES: usize = 20_000;
/// Bytes of a description that are kept.
const MAX_DESCRIPTION: usize = 512;
/// Folders that a package's own tests lie in: what was "installed" there is not.
const FIXTURES: [&str; 6] = ["test", "tests", "fixture", "fixtures", "testdata", "__fixtures__"];

/// Property: the commit that it was made from.
const REFERENCE: &str = "layerproof:source-reference";
/// Property: why it is not said to be installed.
const FOLDER: &str = "layerproof:php-folder";

/// See the module.
pub(super) struct Composer;

impl Cataloger for Composer {
    fn name(&self) -> &'static str {
        NAME
    }

    fn describe(&self) -> &'static str {
        "vendor/composer/installed.json: Composer packages; composer.lock"
    }

    fn wants(&self, file: &FileFacts<'_>) -> Option<Want> {
        (is_installed(file.path) || file.name() == "composer.lock").then_some(Want::whole(MAX_BYTES, "php::MAX_BYTES"))
    }

    fn parse(&self, file: &File<'_>) -> Result<Facts, Flaw> {
        let bytes: &[u8] = file.bytes;
        let Listing { packages, packages_dev, dev_package_names } = match first_sign(bytes) {
            // Composer 1: the list alone.
            Some(b'[') => Listing { packages: json(bytes)?, ..Listing::default() },
            Some(_) | None => json(bytes)?,
        };
        let dev_from = packages.len();
        let count = dev_from.saturating_add(packages_dev.len());
        if count > MAX_PACKAGES {
            return Err(Flaw::too_large("php::MAX_PACKAGES", format!("{count} packages, at most {MAX_PACKAGES} are read")));
        }
        let dev: BTreeSet<String> = dev_package_names.0.iter().map(|name| name.to_lowercase()).collect();
        let mut facts = Facts::default();
        for (at, stated) in packages.into_iter().chain(packages_dev).enumerate() {
            if !stated.name.contains('/') {
                facts.flaws.push(Flaw::malformed(format!("package {at} has no name of a vendor and a project")));
                continue;
            }
            let is_dev = at >= dev_from || dev.contains(&stated.name.to_lowercase());
            add(&mut facts, stated, is_dev, file.path());
        }
        facts.flaws.truncate(32);
        Ok(facts)
    }

    fn assemble(&self, seen: Vec<Seen>, view: &View<'_>) -> Assembled {
        let (mut installed, locks): (Vec<Seen>, Vec<Seen>) = seen.into_iter().partition(|seen| is_installed(&seen.path));
        installed.retain(|seen| !is_fixture(&seen.path));
        let mut all = Assembled::default();
        let mut folders: Vec<String> = Vec::new();
        for seen in installed {
            let vendor = seen.path.strip_suffix("composer/installed.json").unwrap_or_default().to_owned();
            let from = all.packages.len();
            join(&mut all, seen.facts);
            for package in all.packages.iter_mut().skip(from) {
                tie(package, &vendor, view);
            }
            folders.push(vendor);
        }
        for seen in locks {
            let folder = seen.path.strip_suffix("composer.lock").unwrap_or_default();
            if is_fixture(&seen.path) || folders.iter().any(|vendor| !vendor.is_empty() && folder.starts_with(vendor.as_str())) {
                // A package's own lock, left in it.
                continue;
            }
            if folders.iter().any(|vendor| vendor.starts_with(folder)) {
                learn(&mut all.packages, &seen.facts, folder);
            } else {
                join(&mut all, seen.facts);
            }
        }
        all
    }
}

/// `vendor/composer/installed.json`; the folder `vendor` may have another name.
fn is_installed(path: &str) -> bool {
    path.strip_suffix("composer/installed.json").is_some_and(|vendor| vendor.is_empty() || vendor.ends_with('/'))
}

/// Whether a path leads through the tests of a package.
fn is_fixture(path: &str) -> bool {
    let below = path.split_once("vendor/").map_or("", |(_, below)| below);
    below.split('/').any(|part| FIXTURES.iter().any(|name| part.eq_ignore_ascii_case(name)))
}

fn first_sign(bytes: &[u8]) -> Option<u8> {
    bytes.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

fn json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Flaw> {
    serde_json::from_slice(bytes).map_err(|e| Flaw::malformed(e.to_string()))
}

/// `installed.json` of Composer 2, or `composer.lock`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
struct Listing {
    packages: Vec<Stated>,
    #[serde(deserialize_with = "or_default")]
    packages_dev: Vec<Stated>,
    #[serde(deserialize_with = "or_default")]
    dev_package_names: Texts,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
struct Stated {
    name: String,
    version: Option<String>,
    r#type: Option<String>,
    #[serde(deserialize_with = "or_default")]
    source: Origin,
    #[serde(deserialize_with = "or_default")]
    dist: Origin,
    #[serde(deserialize_with = "or_default")]
    require: Names,
    #[serde(deserialize_with = "or_default")]
    replace: Names,
    #[serde(deserialize_with = "or_default")]
    provide: Names,
    #[serde(deserialize_with = "or_default")]
    license: Texts,
    description: Option<String>,
    homepage: Option<String>,
    #[serde(deserialize_with = "or_default")]
    authors: Vec<Author>,
    #[serde(deserialize_with = "or_default")]
    support: Names,
    install_path: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Origin {
    url: Option<String>,
    reference: Option<String>,
    shasum: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Author {
    name: Option<String>,
}

/// `null` is what PHP writes for nothing.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// Names to texts; an empty one is `[]`, as PHP writes it.
#[derive(Default)]
struct Names(BTreeMap<String, String>);

/// A text or some.
#[derive(Default)]
struct Texts(Vec<String>);

/// A text, or something else.
struct Text(Option<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names to texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut all = BTreeMap::new();
                while let Some((name, text)) = map.next_entry::<String, Text>()? {
                    all.extend(text.0.map(|text| (name, text)));
                }
                Ok(Names(all))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Names, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Names::default())
            }
        }
        from.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or some")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts, A::Error> {
                let mut all = Vec::new();
                while let Some(text) = seq.next_element::<Text>()? {
                    all.extend(text.0);
                }
                Ok(Texts(all))
            }
        }
        from.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Any {
            Text(String),
            Other(IgnoredAny),
        }
        Ok(match Any::deserialize(from)? {
            Any::Text(text) => Self(Some(text)),
            Any::Other(IgnoredAny) => Self(None),
        })
    }
}

/// One package of either file, its install path as a note.
fn add(facts: &mut Facts, stated: Stated, is_dev: bool, path: &str) {
    let (vendor, name) = stated.name.split_once('/').unwrap_or(("", &stated.name));
    let basis = if is_installed(path) { Basis::Installed } else { Basis::Declared };
    let purl = Purl::new("composer", name, stated.version.as_deref()).in_namespace(vendor);
    let mut package = Package::new(purl, basis, Evidence::metadata(path, NAME));
    package.name.clone_from(&stated.name);
    if is_dev {
        package.scope = Scope::Excluded;
    }
    // The schema: a list means that one of them may be chosen.
    let licences = stated.license.0;
    package.licences = if licences.len() > 1 {
        let any = Licence::read(&licences.join(" OR ")).filter(|licence| matches!(licence, Licence::Expression(_)));
        any.map_or_else(|| licences.iter().filter_map(|text| Licence::read(text)).collect(), |any| vec![any])
    } else {
        licences.iter().filter_map(|text| Licence::read(text)).collect()
    };
    let sha1 = stated.dist.shasum.filter(|hex| hex.len() == 40 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    package.hashes.extend(sha1.map(|hex| PackageHash { algorithm: "SHA-1".into(), hex: hex.to_ascii_lowercase() }));
    package.supplier = stated.authors.into_iter().find_map(|author| author.name);
    package.description = stated.description.map(|text| {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        line.get(..line.floor_char_boundary(MAX_DESCRIPTION)).unwrap_or_default().to_owned()
    });
    for (kind, url) in [
        (LinkKind::Website, stated.homepage),
        (LinkKind::Vcs, stated.source.url),
        (LinkKind::Distribution, stated.dist.url),
        (LinkKind::IssueTracker, stated.support.0.get("issues").cloned()),
    ] {
        package.links.extend(url.filter(|url| url.contains("://")).map(|url| Link { kind, url }));
    }
    let reference = stated.source.reference.or(stated.dist.reference);
    package.properties.extend(reference.filter(|text| !text.is_empty()).map(|text| (REFERENCE.to_owned(), text)));
    // Where it lies, for `tie`: Composer 1 does not say, and has no packages but those in `VENDOR/PROJECT`.
    package.root = match stated.r#type.as_deref() {
        Some("metapackage") => None,
        Some(_) | None => Some(stated.install_path.unwrap_or_else(|| format!("../{}", stated.name))),
    };
    let place = facts.packages.len();
    let needs = stated.require.0.into_iter().filter(|(name, _)| name.contains('/'));
    let needs = needs.map(|(name, constraint)| (place, Requirement { name: name.to_lowercase(), constraint, optional: false }));
    facts.requires.extend(needs);
    facts.provides.extend(stated.replace.0.into_keys().chain(stated.provide.0.into_keys()).map(|name| (place, name.to_lowercase())));
    facts.packages.push(package);
}

/// Adds the packages of one file, with the edges between them.
fn join(all: &mut Assembled, facts: Facts) {
    let from = all.packages.len();
    let mut by_name: HashMap<String, usize> = HashMap::new();
    for (place, package) in facts.packages.iter().enumerate() {
        by_name.entry(package.purl.full_name()).or_insert(place);
    }
    for (place, name) in facts.provides {
        by_name.entry(name).or_insert(place);
    }
    let is_declared = facts.packages.first().is_some_and(|package| package.basis == Basis::Declared);
    for (place, need) in facts.requires {
        let Some(to) = by_name.get(&need.name).filter(|to| **to != place) else { continue };
        let (place, to) = (place.saturating_add(from), to.saturating_add(from));
        all.edges.push(Edge { from: place, relation: Relation::DependsOn, to });
    }
    all.packages.extend(facts.packages.into_iter().map(|mut package| {
        if is_declared {
            package.root = None;
        }
        package
    }));
}

/// Ties the files of a package's folder to it; a package whose folder is not here, or can't be, is declared only.
fn tie(package: &mut Package, vendor: &str, view: &View<'_>) {
    let Some(stated) = package.root.take() else { return };
    let Some(root) = beside(vendor, &stated) else {
        package.basis = Basis::Declared;
        package.properties.insert(FOLDER.into(), "outside".into());
        return;
    };
    package.files = view.below(&root).filter(|entry| !matches!(entry.kind, EntryKind::Directory)).map(|entry| entry.path.clone()).collect();
    let is_link = view.at(&root).is_some_and(|entry| matches!(entry.kind, EntryKind::Symlink { .. }));
    if package.files.is_empty() && !is_link {
        package.basis = Basis::Declared;
        package.properties.insert(FOLDER.into(), "not here".into());
    } else {
        package.root = Some(root);
    }
}

/// A path relative to `VENDOR/composer`, where it leads to a folder within the artifact that holds neither `VENDOR` nor all.
fn beside(vendor: &str, stated: &str) -> Option<String> {
    if stated.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = vendor.split('/').filter(|part| !part.is_empty()).collect();
    let vendor = parts.join("/");
    parts.push("composer");
    for part in stated.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    let path = parts.join("/");
    let holds = path.is_empty() || path == vendor || vendor.starts_with(&format!("{path}/"));
    (!holds).then_some(path)
}

/// What a lock says of packages that are installed below its folder: hashes, and that they are for development.
fn learn(packages: &mut [Package], lock: &Facts, folder: &str) {
    let known: HashMap<&Purl, &Package> = lock.packages.iter().map(|package| (&package.purl, package)).collect();
    for package in packages.iter_mut().filter(|package| package.evidence.iter().any(|evidence| evidence.path.starts_with(folder))) {
        let Some(locked) = known.get(&package.purl) else { continue };
        package.hashes.extend(locked.hashes.iter().cloned());
        package.scope = package.scope.max(locked.scope);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::unpack::FileEntry;

    fn seen(path: &str, text: &str) -> Result<Seen, Flaw> {
        let bytes = Arc::new(text.as_bytes().to_vec());
        let facts = FileFacts { path, size: bytes.len() as u64, mode: None, covered: None };
        assert!(Composer.wants(&facts).is_some(), "{path}");
        Composer.parse(&File::new(facts, &bytes)).map(|facts| Seen { path: path.into(), facts })
    }

    fn assembled(files: &[(&str, &str)], there: &[&str]) -> Assembled {
        let entry = |path: &&str| FileEntry {
            path: (*path).into(),
            kind: EntryKind::File,
            mode: None,
            size: 1,
            origin: 0,
            member: 0,
            digest: None,
        };
        let entries: Vec<FileEntry> = there.iter().map(entry).collect();
        Composer.assemble(files.iter().map(|(path, text)| seen(path, text).unwrap()).collect(), &View::new(entries.iter(), None))
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
}

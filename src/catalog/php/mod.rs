//! PHP: `vendor/composer/installed.json`, which Composer writes, and `composer.lock`.
//! Formats: getcomposer.org, "The composer.json schema" (04-schema.md); `InstalledFilesystemRepository` of Composer 2 writes the first.

mod stated;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use serde::Deserialize;
use stated::{Listing, Stated};

use super::{
    Assembled, Basis, Cataloger, Edge, Evidence, Facts, File, FileFacts, Flaw, Licence, Link, LinkKind, Package, PackageHash, Purl,
    Relation, Requirement, Scope, Seen, View, Want,
};
use crate::unpack::EntryKind;

const NAME: &str = "php";
/// Bytes of one file. Applications with 300 packages have some 1 MB.
const MAX_BYTES: u64 = 8 << 20;
/// Packages of one file.
const MAX_PACKAGES: usize = 20_000;
/// Bytes of a description that are kept.
const MAX_DESCRIPTION: usize = 512;
/// Files that are tied to packages. An artifact has no more; packages whose folders lie within each other would tie them again and again.
const MAX_TIED: usize = 1_000_000;
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
        let mut tying = Tying { roots: BTreeSet::new(), left: MAX_TIED };
        // The packages of each vendor folder, by place.
        let mut vendors: BTreeMap<String, Range<usize>> = BTreeMap::new();
        for seen in installed {
            let vendor = seen.path.strip_suffix("composer/installed.json").unwrap_or_default().to_owned();
            let from = all.packages.len();
            join(&mut all, seen.facts);
            for package in all.packages.iter_mut().skip(from) {
                tie(package, &vendor, view, &mut tying);
            }
            vendors.insert(vendor, from..all.packages.len());
        }
        for seen in locks {
            let folder = seen.path.strip_suffix("composer.lock").unwrap_or_default();
            // A package's own lock, left in it, says nothing of what is here.
            let is_in_a_package =
                folder.match_indices('/').any(|(at, _)| folder.get(..=at).is_some_and(|above| vendors.contains_key(above)));
            if is_in_a_package || is_fixture(&seen.path) {
                continue;
            }
            let below =
                vendors.range(folder.to_owned()..).take_while(|(vendor, _)| vendor.starts_with(folder)).map(|(_, places)| places.clone());
            let below: Vec<Range<usize>> = below.collect();
            if below.is_empty() {
                join(&mut all, seen.facts);
            } else {
                learn(&mut all.packages, below, &seen.facts);
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

/// What was tied.
struct Tying {
    /// Folders: each is one package's alone.
    roots: BTreeSet<String>,
    left: usize,
}

/// Ties the files of a package's folder to it; a package whose folder is not here, or can't be, is declared only.
fn tie(package: &mut Package, vendor: &str, view: &View<'_>, tying: &mut Tying) {
    let Some(stated) = package.root.take() else { return };
    let why = match beside(vendor, &stated) {
        None => "outside",
        Some(root) if !tying.roots.insert(root.clone()) => "of another package",
        Some(root) => {
            let files = view.below(&root).filter(|entry| !matches!(entry.kind, EntryKind::Directory)).take(tying.left);
            package.files = files.map(|entry| entry.path.clone()).collect();
            tying.left = tying.left.saturating_sub(package.files.len());
            let is_link = view.at(&root).is_some_and(|entry| matches!(entry.kind, EntryKind::Symlink { .. }));
            if !package.files.is_empty() || is_link {
                package.root = Some(root);
                return;
            }
            "not here"
        }
    };
    package.basis = Basis::Declared;
    package.properties.insert(FOLDER.into(), why.into());
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
fn learn(packages: &mut [Package], places: Vec<Range<usize>>, lock: &Facts) {
    let known: HashMap<&Purl, &Package> = lock.packages.iter().map(|package| (&package.purl, package)).collect();
    for place in places.into_iter().flatten() {
        let Some(package) = packages.get_mut(place) else { continue };
        let Some(locked) = known.get(&package.purl) else { continue };
        package.hashes.extend(locked.hashes.iter().cloned());
        package.scope = package.scope.max(locked.scope);
    }
}

#[cfg(test)]
mod tests;

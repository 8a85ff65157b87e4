//! Ruby gems: `specifications/NAME-VERSION.gemspec`, which RubyGems writes when it installs one, and `Gemfile.lock`.
//! Formats: `Gem::Specification#to_ruby` and `Gem::StubSpecification` of RubyGems; `Bundler::LockfileParser`.

mod gemspec;
mod lockfile;
mod version;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    Assembled, Basis, Cataloger, Edge, Evidence, Facts, File, FileFacts, Flaw, Licence, Link, Package, PackageHash, Purl, Relation,
    Requirement, Seen, View, Want,
};
use crate::unpack::EntryKind;

const NAME: &str = "ruby";
/// Bytes of one specification. Those that list thousands of files have some 200 KB.
const MAX_SPECIFICATION: u64 = 1 << 20;
/// Bytes of one lockfile.
const MAX_LOCK: u64 = 4 << 20;

/// Property: a gem that came with Ruby itself.
const DEFAULT: &str = "layerproof:ruby-default-gem";
/// Note: a hash that a lockfile has, `NAME VERSION PLATFORM HEX`.
const CHECKSUM: &str = "checksum";

/// See the module.
pub(super) struct Gems;

impl Cataloger for Gems {
    fn name(&self) -> &'static str {
        NAME
    }

    fn describe(&self) -> &'static str {
        "specifications/*.gemspec: installed gems; Gemfile.lock"
    }

    fn wants(&self, file: &FileFacts<'_>) -> Option<Want> {
        if is_lock(file.path) {
            return Some(Want::whole(MAX_LOCK, "ruby::MAX_LOCK"));
        }
        Place::of(file.path).map(|_| Want::whole(MAX_SPECIFICATION, "ruby::MAX_SPECIFICATION"))
    }

    fn parse(&self, file: &File<'_>) -> Result<Facts, Flaw> {
        let text = String::from_utf8_lossy(file.bytes);
        match Place::of(file.path()) {
            Some(place) => specification(file.path(), place, &text),
            None => lock(file.path(), &text),
        }
    }

    fn assemble(&self, seen: Vec<Seen>, view: &View<'_>) -> Assembled {
        let mut all = Assembled::default();
        let mut requires: Vec<(usize, Requirement)> = Vec::new();
        let mut homes: HashMap<String, BTreeSet<String>> = HashMap::new();
        let (locks, specifications): (Vec<Seen>, Vec<Seen>) = seen.into_iter().partition(|seen| is_lock(&seen.path));
        for Seen { path, facts } in specifications {
            let Some(place) = Place::of(&path).filter(|_| !is_within_a_gem(&path, view)) else { continue };
            let from = all.packages.len();
            requires.extend(facts.requires.into_iter().map(|(place, need)| (place.saturating_add(from), need)));
            let extensions = homes.entry(place.home.to_owned()).or_insert_with(|| extensions(place.home, view));
            for mut package in facts.packages {
                tie(&mut package, place, &path, extensions, view);
                all.packages.push(package);
            }
        }
        let installed: BTreeSet<String> = all.packages.iter().flat_map(|package| &package.evidence).map(|e| e.path.clone()).collect();
        let mut checksums: HashMap<String, BTreeSet<String>> = HashMap::new();
        for Seen { path, facts } in locks {
            if is_within_a_gem(&path, view) {
                continue;
            }
            for (gem, hex) in facts.notes.iter().filter_map(|(_, note)| note.rsplit_once(' ')) {
                checksums.entry(gem.to_owned()).or_default().insert(hex.to_owned());
            }
            let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
            if installed.range(folder.clone()..).next().is_none_or(|first| !first.starts_with(&folder)) {
                let from = all.packages.len();
                requires.extend(facts.requires.into_iter().map(|(place, need)| (place.saturating_add(from), need)));
                all.packages.extend(facts.packages);
            }
        }
        learn(&mut all.packages, &checksums);
        all.edges = resolved(&all.packages, &requires);
        all
    }
}

fn is_lock(path: &str) -> bool {
    matches!(path.rsplit_once('/').map_or(path, |(_, name)| name), "Gemfile.lock" | "gems.locked")
}

/// A specification of an installed gem: `HOME/specifications/NAME-VERSION.gemspec`, or `…/default/…` for one that came with Ruby. Any
/// other `*.gemspec` is the source of a gem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place<'a> {
    /// With its slash, or empty.
    home: &'a str,
    full_name: &'a str,
    is_default: bool,
}

impl<'a> Place<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let (folder, name) = path.rsplit_once('/')?;
        let full_name = name.strip_suffix(".gemspec")?;
        let (folder, is_default) = match folder.strip_suffix("/default") {
            Some(folder) => (folder, true),
            None => (folder, false),
        };
        let home = folder.strip_suffix("specifications")?;
        let is_whole = home.is_empty() || home.ends_with('/');
        (is_whole && !full_name.is_empty()).then_some(Self { home, full_name, is_default })
    }
}

/// Whether a file lies within the folder of an installed gem: what tests of a gem install there is not installed.
fn is_within_a_gem(path: &str, view: &View<'_>) -> bool {
    let is_gem = |home: &str, below: &str| {
        let name = below.split_once('/').map_or("", |(name, _)| name);
        !name.is_empty() && view.at(&format!("{home}specifications/{name}.gemspec")).is_some()
    };
    path.match_indices("gems/").take(64).any(|(at, mark)| {
        let (Some(home), Some(below)) = (path.get(..at), path.get(at.saturating_add(mark.len())..)) else { return false };
        (home.is_empty() || home.ends_with('/')) && is_gem(home, below)
    })
}

fn specification(path: &str, place: Place<'_>, text: &str) -> Result<Facts, Flaw> {
    let gem = gemspec::parse(text)?;
    let mut purl = Purl::new("gem", &gem.name, Some(&gem.version));
    if gem.platform != "ruby" {
        purl = purl.with("platform", &gem.platform);
    }
    let mut package = Package::new(purl, Basis::Installed, Evidence::metadata(path, NAME));
    package.licences = gem.licences.iter().filter_map(|text| Licence::read(text)).collect();
    package.supplier = (!gem.authors.is_empty()).then(|| gem.authors.join(", "));
    package.description = gem.summary;
    package.links.extend(gem.links.into_iter().filter(|(_, url)| url.contains("://")).map(|(kind, url)| Link { kind, url }));
    if place.is_default {
        package.properties.insert(DEFAULT.into(), "true".into());
    }
    let needs = gem.needs.into_iter().map(|(name, constraint)| (0, Requirement { name, constraint, optional: false }));
    let requires = needs.collect();
    Ok(Facts { packages: vec![package], requires, flaws: gem.flaws, ..Facts::default() })
}

/// Ties the gem's folder, its built extensions and its specification.
fn tie(package: &mut Package, place: Place<'_>, path: &str, extensions: &BTreeSet<String>, view: &View<'_>) {
    package.files.insert(path.to_owned());
    let Place { home, full_name, .. } = place;
    let root = format!("{home}gems/{full_name}");
    let mut add = |folder: &str| {
        let entries = view.below(folder).filter(|entry| !matches!(entry.kind, EntryKind::Directory));
        let before = package.files.len();
        package.files.extend(entries.map(|entry| entry.path.clone()));
        package.files.len() > before
    };
    let is_there = add(&root);
    // `extensions/PLATFORM/ABI/NAME-VERSION/gem.build_complete` is written when native code was built.
    for folder in extensions {
        add(&format!("{folder}/{full_name}"));
    }
    if is_there {
        package.root = Some(root);
    }
}

/// The folders `extensions/PLATFORM/ABI` of a home.
fn extensions(home: &str, view: &View<'_>) -> BTreeSet<String> {
    // Ruby has one ABI for one home; more than these are not Ruby's.
    const MAX_ABIS: usize = 16;
    let base = format!("{home}extensions");
    let mut found = BTreeSet::new();
    for entry in view.below(&base) {
        let below = entry.path.get(base.len().saturating_add(1)..).unwrap_or_default();
        let mut parts = below.splitn(3, '/');
        if let (Some(platform), Some(abi), Some(_)) = (parts.next(), parts.next(), parts.next()) {
            found.insert(format!("{base}/{platform}/{abi}"));
        }
        if found.len() >= MAX_ABIS {
            break;
        }
    }
    found
}

fn lock(path: &str, text: &str) -> Result<Facts, Flaw> {
    let mut facts = Facts::default();
    let locked = lockfile::parse(text)?;
    for gem in locked.gems {
        let place = facts.packages.len();
        let mut purl = Purl::new("gem", &gem.name, Some(&gem.version));
        if let Some(platform) = &gem.platform {
            purl = purl.with("platform", platform);
        }
        facts.packages.push(Package::new(purl, Basis::Declared, Evidence::metadata(path, NAME)));
        let needs = gem.needs.into_iter().map(|(name, constraint)| (place, Requirement { name, constraint, optional: false }));
        facts.requires.extend(needs);
    }
    facts.notes = locked.checksums.into_iter().map(|(gem, hex)| (CHECKSUM.to_owned(), format!("{gem} {hex}"))).collect();
    Ok(facts)
}

/// The hashes that lockfiles have for gems of the same version and platform, where they agree.
fn learn(packages: &mut [Package], checksums: &HashMap<String, BTreeSet<String>>) {
    if checksums.is_empty() {
        return;
    }
    for package in packages {
        let platform = package.purl.qualifiers.get("platform").map_or("ruby", String::as_str);
        let key = format!("{} {} {platform}", package.purl.name, package.purl.version.as_deref().unwrap_or_default());
        if let Some(hex) = checksums.get(&key).filter(|all| all.len() == 1).and_then(BTreeSet::first) {
            package.hashes.insert(PackageHash { algorithm: "SHA-256".into(), hex: hex.clone() });
        }
    }
}

/// What meets the needs: of the gems of a name the newest that satisfies the constraint, or, where none does, none.
fn resolved(packages: &[Package], requires: &[(usize, Requirement)]) -> Vec<Edge> {
    // Versions of one gem that are looked at. Two or three are met.
    const MAX_VERSIONS: usize = 64;
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, package) in packages.iter().enumerate() {
        let all = by_name.entry(package.purl.name.as_str()).or_default();
        if all.len() < MAX_VERSIONS {
            all.push(place);
        }
    }
    let version = |place: &usize| packages.get(*place).and_then(|package| package.purl.version.as_deref()).unwrap_or_default();
    let mut edges = Vec::new();
    for (from, need) in requires {
        let met = by_name
            .get(need.name.as_str())
            .into_iter()
            .flatten()
            .filter(|to| *to != from && version::satisfies(version(to), &need.constraint));
        let newest = met.max_by(|a, b| version::compare(version(a), version(b)));
        edges.extend(newest.map(|to| Edge { from: *from, relation: Relation::DependsOn, to: *to }));
    }
    edges
}

#[cfg(test)]
mod tests;

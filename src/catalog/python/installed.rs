//! Facts of single files to installed packages: what one `.dist-info` or `.egg-info` holds belongs together, and what stands in the same
//! folder meets each other's needs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Role, record};
use crate::catalog::{
    Assembled, Basis, Edge, Evidence, FileFacts, Link, LinkKind, Package, PackageHash, Purl, Relation, Requirement, Seen, Technique, View,
};
use crate::unpack::EntryKind;

/// Folders above a file that are asked whose they are. Real paths have at most some twenty.
const MAX_DEPTH: usize = 64;

/// Note: a name of `top_level.txt`.
pub(super) const TOP_LEVEL: &str = "top-level";
/// Note: `Import-Name` or `Import-Namespace`.
pub(super) const IMPORTED: &str = "imported";
/// Note: a repository, with the commit.
pub(super) const VCS: &str = "vcs";
/// Note: `algorithm=hex` of the archive that was installed.
pub(super) const HASH: &str = "hash";
/// Note: where it came from.
pub(super) const DIRECT_URL: &str = "direct-url";
/// Note: the folder was linked, not copied.
pub(super) const EDITABLE: &str = "editable";

/// The folder above a folder or file; the root is empty.
pub(super) fn above(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// What one `.dist-info` or `.egg-info` holds.
#[derive(Default)]
struct Home {
    /// Its packages: one, or several where the archive has several files of one name.
    packages: Vec<(Package, Vec<Requirement>)>,
    /// Files that its own list names.
    files: Vec<String>,
    /// Names that it can be imported by.
    imported: BTreeSet<String>,
    /// Needs of `requires.txt`.
    requires: Vec<Requirement>,
    /// From `direct_url.json`.
    origin: Vec<(String, String)>,
}

/// Puts all of it together.
pub(super) fn assemble(seen: Vec<Seen>, view: &View<'_>) -> Assembled {
    let mut homes: BTreeMap<String, Home> = BTreeMap::new();
    for Seen { path, facts } in seen {
        if is_fixture(&path, view) {
            continue;
        }
        let home = homes.entry(home_of(&path).to_owned()).or_default();
        let mut needs: Vec<Requirement> = facts.requires.into_iter().map(|(_, need)| need).collect();
        home.files.extend(facts.files);
        for (name, value) in facts.notes {
            match name.as_str() {
                TOP_LEVEL | IMPORTED => {
                    home.imported.insert(value);
                }
                _ => home.origin.push((name, value)),
            }
        }
        if facts.packages.is_empty() {
            home.requires.append(&mut needs);
        }
        for package in facts.packages {
            home.packages.push((package, std::mem::take(&mut needs)));
        }
    }
    let mut all = Assembled::default();
    let mut places: Vec<Place> = Vec::new();
    let mut claims = Claims::default();
    for (folder, home) in homes {
        add(&folder, home, view, &mut all, &mut places, &mut claims);
    }
    claims.settle(view, &mut all.packages);
    meet(&places, &mut all);
    all
}

/// Where a package of [`Assembled::packages`] is, and what it needs.
struct Place {
    site: String,
    needs: Vec<Requirement>,
}

/// The packages of one `.dist-info` or `.egg-info`.
fn add(folder: &str, mut home: Home, view: &View<'_>, all: &mut Assembled, places: &mut Vec<Place>, claims: &mut Claims) {
    if home.packages.is_empty() {
        match nameless(folder, view) {
            Some(package) => home.packages.push((package, Vec::new())),
            None => return,
        }
        all.incomplete.insert("a folder of package metadata without METADATA".into());
    }
    let egg = folder.strip_suffix("/EGG-INFO");
    let site = above(egg.unwrap_or(folder));
    let listed: BTreeSet<String> = std::mem::take(&mut home.files).into_iter().filter(|path| view.at(path).is_some()).collect();
    let has_list = !listed.is_empty();
    let mut listed = Some(listed);
    let mut left = home.packages.len();
    for (mut package, mut needs) in home.packages {
        left = left.saturating_sub(1);
        let place = all.packages.len();
        if needs.is_empty() {
            needs.clone_from(&home.requires);
        }
        package.root = Some(egg.unwrap_or(site).to_owned());
        // Nearly always it is the one package, to which the list goes as it is.
        package.files.append(&mut if left == 0 { listed.take() } else { listed.clone() }.unwrap_or_default());
        stamp(&mut package, &home.origin);
        claims.folder(folder, place);
        match egg {
            Some(egg) => claims.folder(egg, place),
            None if !has_list => claims.imports(site, &package, &home.imported, place),
            None => {}
        }
        all.packages.push(package);
        places.push(Place { site: site.to_owned(), needs });
    }
}

/// A folder of metadata whose `METADATA` is gone or can't be read: name and version are in its own name.
fn nameless(folder: &str, view: &View<'_>) -> Option<Package> {
    let name = folder.rsplit('/').next()?;
    let stem = name.strip_suffix(".dist-info").or_else(|| name.strip_suffix(".egg-info"))?;
    let is_tag = |tag: &str| tag.starts_with(|c: char| c.is_ascii_digit());
    let stem = stem.rsplit_once("-py").filter(|(_, tag)| is_tag(tag)).map_or(stem, |(before, _)| before);
    let (name, version) = stem.rsplit_once('-')?;
    if name.is_empty() || !version.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let path = view.below(folder).next().map_or(folder, |entry| entry.path.as_str());
    let evidence = Evidence { path: path.into(), cataloger: "python".into(), technique: Technique::Filename, confidence: 60 };
    Some(Package::new(Purl::new("pypi", name, Some(version)), Basis::Heuristic, evidence))
}

/// Where it came from, as `direct_url.json` says.
fn stamp(package: &mut Package, origin: &[(String, String)]) {
    for (name, value) in origin {
        match name.as_str() {
            VCS => {
                package.links.insert(Link { kind: LinkKind::Vcs, url: value.clone() });
            }
            HASH => package.hashes.extend(hash(value)),
            EDITABLE => {
                package.properties.insert("layerproof:editable".into(), value.clone());
            }
            DIRECT_URL if value.starts_with("https://") || value.starts_with("http://") => {
                package.links.insert(Link { kind: LinkKind::Distribution, url: value.clone() });
            }
            DIRECT_URL => {
                package.properties.insert("layerproof:direct-url".into(), value.clone());
            }
            _ => {}
        }
    }
}

/// `sha256=…` as a hash of the package as distributed.
fn hash(text: &str) -> Option<PackageHash> {
    let (name, hex) = text.split_once('=')?;
    let (algorithm, digits) = match name {
        "md5" => ("MD5", 32),
        "sha1" => ("SHA-1", 40),
        "sha256" => ("SHA-256", 64),
        "sha384" => ("SHA-384", 96),
        "sha512" => ("SHA-512", 128),
        _ => return None,
    };
    let is_hex = hex.len() == digits && hex.bytes().all(|b| b.is_ascii_hexdigit());
    is_hex.then(|| PackageHash { algorithm: algorithm.into(), hex: hex.to_ascii_lowercase() })
}

/// Edges: each need to what is in the same folder, or else to the one package of that name that there is at all.
fn meet(places: &[Place], all: &mut Assembled) {
    let mut here: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    let mut anywhere: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, (package, Place { site, .. })) in all.packages.iter().zip(places).enumerate() {
        here.entry((site, &package.purl.name)).or_default().push(place);
        anywhere.entry(&package.purl.name).or_default().push(place);
    }
    for ((site, name), several) in &here {
        let versions: BTreeSet<_> = several.iter().filter_map(|place| all.packages.get(*place)?.purl.version.as_deref()).collect();
        if versions.len() > 1 {
            let versions = versions.into_iter().take(8).collect::<Vec<_>>().join(", ");
            all.incomplete.insert(format!("`{name}` is in `{site}` as {versions}: whose the files are can't be told"));
        }
    }
    for (from, Place { site, needs }) in places.iter().enumerate() {
        for need in needs {
            let name = need.name.as_str();
            let met = here.get(&(site.as_str(), name)).or_else(|| {
                let all_of = anywhere.get(name)?;
                let purls: BTreeSet<_> = all_of.iter().filter_map(|place| Some(&all.packages.get(*place)?.purl)).collect();
                (purls.len() == 1).then_some(all_of)
            });
            let edge = |to: usize| Edge { from, relation: Relation::DependsOn, to };
            all.edges.extend(met.into_iter().flatten().copied().filter(|to| *to != from).map(edge));
        }
    }
}

/// Folders, and names in a folder, that are one package's alone.
#[derive(Default)]
struct Claims {
    of: HashMap<String, Claim>,
    /// Whether any is of an imported name.
    has_imports: bool,
}

#[derive(Default)]
struct Claim {
    owners: BTreeSet<usize>,
    /// Whether it is a name that is imported: then of modules as well as of a folder.
    is_import: bool,
}

impl Claims {
    fn folder(&mut self, folder: &str, place: usize) {
        self.of.entry(folder.to_owned()).or_default().owners.insert(place);
    }

    /// What no list of files names: the modules, and the libraries that `auditwheel` puts beside them.
    fn imports(&mut self, site: &str, package: &Package, imported: &BTreeSet<String>, place: usize) {
        let escaped = package.name.replace(['-', '.'], "_");
        let lower = package.purl.name.replace('-', "_");
        self.has_imports = true;
        let mut claim = |name: &str| {
            if let Some(path) = record::within(site, name).filter(|path| path.len() > site.len() && path.starts_with(site)) {
                let claim = self.of.entry(path).or_default();
                claim.owners.insert(place);
                claim.is_import = true;
            }
        };
        claim(&format!("{escaped}.libs"));
        claim(&format!("{lower}.libs"));
        if imported.is_empty() {
            claim(&lower);
        }
        for name in imported {
            claim(name);
        }
    }

    /// Ties each file to the package that claims the innermost folder; where several claim it, to none.
    fn settle(&self, view: &View<'_>, packages: &mut [Package]) {
        if self.of.is_empty() {
            return;
        }
        // Neighbours mostly lie in one folder.
        let mut last: Option<(&str, Option<&Claim>)> = None;
        for entry in view.below("").filter(|entry| !matches!(entry.kind, EntryKind::Directory)) {
            let path = entry.path.as_str();
            let folder = above(path);
            let of_folder = match last {
                Some((known, claim)) if known == folder => claim,
                _ => {
                    let folders = std::iter::successors(Some(folder), |folder| folder.contains('/').then(|| above(folder)));
                    folders.take(MAX_DEPTH).find_map(|at| self.of.get(at))
                }
            };
            last = Some((folder, of_folder));
            let module = if self.has_imports { module_of(path) } else { None };
            let of_module = module.and_then(|module| self.of.get(&module)).filter(|claim| claim.is_import);
            let innermost = of_module.or_else(|| self.of.get(path)).or(of_folder);
            if let Some(Claim { owners, .. }) = innermost.filter(|claim| claim.owners.len() == 1)
                && let Some(package) = owners.first().and_then(|place| packages.get_mut(*place))
            {
                package.files.insert(path.to_owned());
            }
        }
    }
}

/// `site/six` of `site/six.py`, `site/__pycache__/six.cpython-312.pyc` and `site/six.cpython-312-x86_64-linux-gnu.so`.
fn module_of(path: &str) -> Option<String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (stem, rest) = name.split_once('.')?;
    let is_module = ["py", "pyc", "so", "pyd"].iter().any(|kind| rest == *kind || rest.rsplit('.').next() == Some(kind));
    let folder = if folder == "__pycache__" { "" } else { folder.strip_suffix("/__pycache__").unwrap_or(folder) };
    is_module.then(|| if folder.is_empty() { stem.to_owned() } else { format!("{folder}/{stem}") })
}

/// The `.dist-info` or `.egg-info` that a file belongs to.
fn home_of(path: &str) -> &str {
    let facts = FileFacts::new(path, 0, None);
    match Role::of(&facts) {
        Some(Role::Metadata) if !matches!(facts.name(), "METADATA" | "PKG-INFO") => path,
        Some(_) | None => facts.folder(),
    }
}

/// Metadata below a folder of tests of an importable package: what a test needs, not what is installed.
fn is_fixture(path: &str, view: &View<'_>) -> bool {
    let mut end = 0_usize;
    for part in path.split('/').take(MAX_DEPTH) {
        let before = path.get(..end.saturating_sub(1)).unwrap_or_default();
        let is_of_tests = matches!(part, "test" | "tests" | "testing" | "testdata" | "test_data" | "fixtures");
        if is_of_tests && !before.is_empty() && view.at(&format!("{before}/__init__.py")).is_some() {
            return true;
        }
        end = end.saturating_add(part.len()).saturating_add(1);
    }
    false
}

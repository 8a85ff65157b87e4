//! Facts of many files to one catalog: each package once, its files tied to it, and what no package covers.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::executable_file::is_source;
use super::facts::{Executable, OsRelease, Seen};
use super::file::{FileFacts, View};
use super::package::{Basis, Edge, Package, Relation};
use super::read::archive_gaps;
use super::{Aggregate, Catalog, CatalogGap, Composition, Flaw, overlap};
use crate::unpack::{Contents, EntryKind, Format};

/// Endings of archives that may hold code, and that no cataloger opens. Jars and their like are opened.
const ARCHIVES: [&str; 16] = [
    ".zip", ".whl", ".egg", ".pyz", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar.zst", ".tar.br", ".7z",
    ".asar", ".phar",
];

/// What a cataloger found in all of its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assembled {
    /// The packages. The same one may stand in it several times.
    pub packages: Vec<Package>,
    /// Relations, by index into `packages`.
    pub edges: Vec<Edge>,
    /// Executables and scripts that were looked at.
    pub executables: Vec<Executable>,
    /// Why the list can't be complete, where that is known.
    pub incomplete: BTreeSet<String>,
    /// Why it can't be told whether it is.
    pub unsure: BTreeSet<String>,
    /// What could not be put together: the file, and why.
    pub flaws: Vec<(String, Flaw)>,
}

impl Assembled {
    /// Each file stands for itself: packages and edges side by side, nothing joined. Requirements are not resolved.
    pub fn each(seen: Vec<Seen>) -> Self {
        let mut all = Self::default();
        for Seen { facts, .. } in seen {
            let from = all.packages.len();
            let shifted = |edge: Edge| Edge { from: edge.from.saturating_add(from), to: edge.to.saturating_add(from), ..edge };
            all.edges.extend(facts.edges.into_iter().map(shifted));
            all.packages.extend(facts.packages);
            all.executables.extend(facts.executable);
            all.incomplete.extend(facts.incomplete);
            all.unsure.extend(facts.unsure);
        }
        all
    }
}

/// What all catalogers found, before it is merged.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) assembled: BTreeMap<&'static str, Assembled>,
    pub(super) gaps: Vec<CatalogGap>,
    pub(super) os: Option<OsRelease>,
}

impl Parts {
    pub(super) fn extend(&mut self, other: Self) {
        self.assembled.extend(other.assembled);
        self.gaps.extend(other.gaps);
        self.os = self.os.take().or(other.os);
    }
}

/// The paths that packages cover: listed by their own formats, or in their folders.
pub(super) fn covered<'a>(assembled: &'a BTreeMap<&'static str, Assembled>, view: &View<'a>) -> HashSet<&'a str> {
    covered_by(assembled.values().flat_map(|all| &all.packages), view)
}

/// The paths that these packages cover.
pub(super) fn covered_by<'a>(packages: impl Iterator<Item = &'a Package>, view: &View<'a>) -> HashSet<&'a str> {
    let mut paths = HashSet::with_capacity(view.count());
    let packages = packages.filter(|package| covers(package.basis));
    paths.extend(packages.flat_map(|package| &package.files).map(|path| at_home(path, view)));
    paths
}

/// Whether a package of this basis says whose a file is.
fn covers(basis: Basis) -> bool {
    match basis {
        Basis::Installed | Basis::Embedded => true,
        Basis::Declared | Basis::Heuristic => false,
    }
}

/// The path under which a listed file lies, where `/bin`, `/lib` and their like are links into `/usr` (usr-merge).
fn at_home<'a>(path: &'a str, view: &View<'a>) -> &'a str {
    if view.at(path).is_some() {
        return path;
    }
    let merged = format!("usr/{path}");
    view.at(&merged).map_or(path, |entry| entry.path.as_str())
}

/// Merges, ties and sorts.
pub(super) fn finish(parts: Parts, contents: &Contents, view: &View<'_>) -> Catalog {
    let Parts { mut assembled, mut gaps, os } = parts;
    overlap::settle(&mut assembled, view);
    gaps.extend(archive_gaps(contents));
    for (cataloger, all) in &assembled {
        gaps.extend(all.flaws.iter().map(|(path, flaw)| CatalogGap {
            path: path.clone(),
            cataloger: (*cataloger).to_owned(),
            reason: flaw.reason.clone(),
            detail: flaw.detail.clone(),
        }));
    }
    gaps.sort();
    gaps.dedup();

    let covered = covered(&assembled, view);
    let mut unidentified: Vec<Executable> = assembled
        .values()
        .flat_map(|all| &all.executables)
        .filter(|executable| !covered.contains(executable.path.as_str()))
        .cloned()
        .collect();
    unidentified.sort();
    unidentified.dedup();

    let is_any_unidentified = !unidentified.is_empty() || has_source_of_nobody(contents, &covered);
    let compositions = compositions(&assembled, &gaps, unread_archives(contents, &covered), is_any_unidentified);
    let (packages, mut edges, _) = merge(assembled.into_values().map(|all| (all.packages, all.edges)).collect());
    edges.extend(owners(&packages, view));
    edges.sort_unstable();
    edges.dedup();
    Catalog { packages, edges, unidentified, os, compositions, gaps }
}

/// Catalogs of several artifacts as one, each package once. Beside it, for each of them, where its packages stand in the whole. Compositions are
/// joined: the least that is known of any counts. The operating system is that of the first that has one.
pub fn combine(catalogs: Vec<Catalog>) -> (Catalog, Vec<Vec<usize>>) {
    let mut whole = Catalog::default();
    let mut lists = Vec::new();
    let mut compositions: BTreeMap<String, (Aggregate, String)> = BTreeMap::new();
    for catalog in catalogs {
        whole.os = whole.os.take().or(catalog.os);
        whole.unidentified.extend(catalog.unidentified);
        whole.gaps.extend(catalog.gaps);
        for Composition { of, aggregate, reason } in catalog.compositions {
            let known = compositions.entry(of).or_insert((aggregate, reason.clone()));
            if rank(aggregate) > rank(known.0) {
                *known = (aggregate, reason);
            }
        }
        lists.push((catalog.packages, catalog.edges));
    }
    let (packages, edges, places) = merge(lists);
    whole.packages = packages;
    whole.edges = edges;
    whole.edges.sort_unstable();
    whole.edges.dedup();
    whole.unidentified.sort();
    whole.unidentified.dedup();
    whole.gaps.sort();
    whole.gaps.dedup();
    whole.compositions = compositions.into_iter().map(|(of, (aggregate, reason))| Composition { of, aggregate, reason }).collect();
    (whole, places)
}

/// How little is known.
fn rank(aggregate: Aggregate) -> u8 {
    match aggregate {
        Aggregate::Complete => 0,
        Aggregate::Unknown => 1,
        Aggregate::Incomplete => 2,
    }
}

/// Each package once, by package URL, sorted; edges follow. Beside them, for each list, where its packages stand now, sorted.
fn merge(lists: Vec<(Vec<Package>, Vec<Edge>)>) -> (Vec<Package>, Vec<Edge>, Vec<Vec<usize>>) {
    let mut all: Vec<Package> = Vec::new();
    let mut edges: Vec<Edge> = Vec::new();
    let mut ranges = Vec::new();
    for (packages, own) in lists {
        let from = all.len();
        let shifted = |edge: Edge| Edge { from: edge.from.saturating_add(from), to: edge.to.saturating_add(from), ..edge };
        edges.extend(own.into_iter().map(shifted));
        all.extend(packages);
        ranges.push(from..all.len());
    }
    let mut order: Vec<usize> = (0..all.len()).collect();
    let key = |place: &usize| all.get(*place).map(|package| (&package.purl, package.basis, &package.root, &package.evidence));
    order.sort_by(|a, b| key(a).cmp(&key(b)));
    let mut slots: Vec<Option<Package>> = all.into_iter().map(Some).collect();
    let mut merged: Vec<Package> = Vec::new();
    let mut moved: HashMap<usize, usize> = HashMap::new();
    for place in order {
        let Some(package) = slots.get_mut(place).and_then(Option::take) else { continue };
        match merged.last_mut() {
            Some(last) if last.purl == package.purl => absorb(last, package),
            Some(_) | None => merged.push(package),
        }
        moved.insert(place, merged.len().saturating_sub(1));
    }
    let follow = |edge: Edge| Some(Edge { from: *moved.get(&edge.from)?, to: *moved.get(&edge.to)?, ..edge });
    let edges = edges.into_iter().filter_map(follow).filter(|edge| edge.from != edge.to).collect();
    let places = ranges
        .into_iter()
        .map(|range| range.filter_map(|place| moved.get(&place).copied()).collect::<BTreeSet<usize>>().into_iter().collect())
        .collect();
    (merged, edges, places)
}

/// One more word on the same package. `package` is the surer of the two, or as sure.
fn absorb(package: &mut Package, other: Package) {
    package.scope = package.scope.min(other.scope);
    if package.licences.is_empty() {
        package.licences = other.licences;
    }
    package.hashes.extend(other.hashes);
    package.cpes.extend(other.cpes);
    let mut known = HashSet::new();
    package.cpes.retain(|cpe| known.insert(cpe.clone()));
    package.supplier = package.supplier.take().or(other.supplier);
    package.description = package.description.take().or(other.description);
    package.links.extend(other.links);
    package.evidence.extend(other.evidence);
    package.files.extend(other.files);
    package.root = package.root.take().or(other.root);
    for (name, value) in other.properties {
        package.properties.entry(name).or_insert(value);
    }
}

/// Language packages whose metadata a package of the operating system brought.
fn owners(packages: &[Package], view: &View<'_>) -> Vec<Edge> {
    let is_of_os = |package: &Package| matches!(package.purl.kind.as_str(), "deb" | "apk" | "rpm");
    let mut owner: HashMap<&str, usize> = HashMap::new();
    for (place, package) in packages.iter().enumerate().filter(|(_, package)| is_of_os(package)) {
        for path in &package.files {
            owner.insert(at_home(path, view), place);
        }
    }
    let mut edges = Vec::new();
    if owner.is_empty() {
        return edges;
    }
    for (from, package) in packages.iter().enumerate().filter(|(_, package)| !is_of_os(package)) {
        for evidence in &package.evidence {
            let path = evidence.path.split_once("!/").map_or(evidence.path.as_str(), |(outer, _)| outer);
            edges.extend(owner.get(path).map(|to| Edge { from, relation: Relation::OwnedBy, to: *to }));
        }
    }
    edges
}

/// Whether an image has scripts that no package covers. They are not listed one by one there (see `elf`), and what was copied into the image
/// without metadata would not be missed otherwise.
fn has_source_of_nobody(contents: &Contents, covered: &HashSet<&str>) -> bool {
    let mut files = contents.tree.entries.iter().filter(|entry| entry.kind == EntryKind::File && entry.size > 0);
    contents.format == Format::Image
        && files.any(|entry| is_source(&FileFacts::new(&entry.path, entry.size, entry.mode)) && !covered.contains(entry.path.as_str()))
}

/// Archives that no cataloger opens: what runs may be in them (`zipimport` of Python, a tar that a program unpacks at its start).
#[derive(Default)]
struct Unread<'a> {
    /// Those of a package, whose list of files says no more than that they are there. Sorted.
    of_packages: Vec<&'a str>,
    /// The others. Sorted.
    of_nobody: Vec<&'a str>,
}

fn unread_archives<'a>(contents: &'a Contents, covered: &HashSet<&str>) -> Unread<'a> {
    let ends_with = |path: &str, ending: &str| {
        let end = path.len().checked_sub(ending.len()).and_then(|from| path.as_bytes().get(from..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(ending.as_bytes()))
    };
    let is_archive = |path: &str| ARCHIVES.iter().any(|ending| ends_with(path, ending));
    let files = contents.tree.entries.iter().filter(|entry| entry.kind == EntryKind::File && entry.size > 0);
    let archives = files.map(|entry| entry.path.as_str()).filter(|path| is_archive(path));
    let (of_packages, of_nobody) = archives.partition(|path| covered.contains(*path));
    Unread { of_packages, of_nobody }
}

/// `a.zip and 3 more`.
fn first_of(paths: &[&str]) -> Option<String> {
    let more = paths.len().saturating_sub(1);
    let others = if more == 0 { String::new() } else { format!(" and {more} more") };
    paths.first().map(|first| format!("{first}{others}"))
}

/// How complete each ecosystem's list is, and the whole.
fn compositions(
    assembled: &BTreeMap<&'static str, Assembled>,
    gaps: &[CatalogGap],
    archives: Unread<'_>,
    is_any_unidentified: bool,
) -> Vec<Composition> {
    let mut all = Vec::new();
    if let Some(which) = first_of(&archives.of_nobody) {
        let reason = format!("archives within were not looked into: {which}");
        all.push(Composition { of: "archives".into(), aggregate: Aggregate::Incomplete, reason });
    } else if let Some(which) = first_of(&archives.of_packages) {
        let reason = format!("archives within packages were not looked into: {which}");
        all.push(Composition { of: "archives".into(), aggregate: Aggregate::Unknown, reason });
    }
    for (cataloger, part) in assembled {
        if part.packages.is_empty() && part.incomplete.is_empty() && part.unsure.is_empty() {
            continue;
        }
        let missed = gaps.iter().filter(|gap| gap.cataloger == *cataloger).count();
        let surest = part.packages.iter().map(|package| package.basis).min();
        let (aggregate, reason) = if let Some(reason) = part.incomplete.first() {
            (Aggregate::Incomplete, reason.clone())
        } else if missed > 0 {
            (Aggregate::Incomplete, format!("{missed} files could not be understood"))
        } else if let Some(reason) = part.unsure.first() {
            (Aggregate::Unknown, reason.clone())
        } else {
            match surest {
                Some(Basis::Installed) => (Aggregate::Complete, String::new()),
                Some(Basis::Embedded) => (Aggregate::Unknown, "it is as complete as the SBOM that was found".to_owned()),
                Some(Basis::Declared) => (Aggregate::Unknown, "a lockfile or manifest alone says so".to_owned()),
                Some(Basis::Heuristic) | None => (Aggregate::Unknown, "only traces were found".to_owned()),
            }
        };
        all.push(Composition { of: (*cataloger).to_owned(), aggregate, reason });
    }
    let incomplete: Vec<&str> = all.iter().filter(|c| c.aggregate == Aggregate::Incomplete).map(|c| c.of.as_str()).collect();
    let (aggregate, reason) = if !incomplete.is_empty() || !gaps.is_empty() {
        let which = if incomplete.is_empty() { "what could not be read".to_owned() } else { incomplete.join(", ") };
        (Aggregate::Incomplete, format!("incomplete: {which}"))
    } else if is_any_unidentified {
        (Aggregate::Unknown, "no package covers some executables or scripts".to_owned())
    } else if all.is_empty() {
        (Aggregate::Unknown, "nothing was found that any cataloger knows".to_owned())
    } else if all.iter().any(|c| c.aggregate == Aggregate::Unknown) {
        (Aggregate::Unknown, "some lists can't be told to be complete".to_owned())
    } else {
        (Aggregate::Complete, String::new())
    };
    all.push(Composition { of: "artifact".into(), aggregate, reason });
    all.sort();
    all
}

#[cfg(test)]
mod tests;

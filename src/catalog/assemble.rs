//! Facts of many files to one catalog: each package once, its files tied to it, and what no package covers.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::executable_file::{Lowered, is_source};
use super::facts::{Executable, OsRelease, Seen};
use super::file::{FileFacts, View};
use super::package::{Basis, Edge, Package, Relation};
use super::read::archive_gaps;
use super::{Aggregate, Catalog, CatalogGap, Composition, Flaw, overlap};
use crate::unpack::{Contents, EntryKind, Format};

/// Bytes of a compressed file that is more than a text.
const BIG: u64 = 1 << 20;
/// Folders in which packages carry code of others.
const VENDORED: [&str; 5] = ["_vendor", "vendor", "vendored", "third_party", "_vendored"];

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

/// The files that packages cover: listed by their own formats, or in their folders.
pub(super) struct Covered<'v, 'a> {
    view: &'v View<'a>,
    /// By place in the view.
    is_covered: Vec<bool>,
}

impl<'v, 'a> Covered<'v, 'a> {
    /// By what all catalogers found.
    pub(super) fn by_any(assembled: &BTreeMap<&'static str, Assembled>, view: &'v View<'a>) -> Self {
        Self::by(assembled.values().flat_map(|all| &all.packages), view)
    }

    /// By these packages.
    pub(super) fn by<'p>(packages: impl Iterator<Item = &'p Package>, view: &'v View<'a>) -> Self {
        let mut is_covered = vec![false; view.count()];
        let packages = packages.filter(|package| covers(package.basis));
        for place in packages.flat_map(|package| &package.files).filter_map(|path| at_home(path, view)) {
            if let Some(is) = is_covered.get_mut(place) {
                *is = true;
            }
        }
        Self { view, is_covered }
    }

    /// Whether it is there and covered.
    pub(super) fn contains(&self, path: &str) -> bool {
        self.view.place(path).and_then(|place| self.is_covered.get(place)).is_some_and(|is| *is)
    }
}

/// Whether a package of this basis says whose a file is.
fn covers(basis: Basis) -> bool {
    match basis {
        Basis::Installed | Basis::Embedded => true,
        Basis::Declared | Basis::Heuristic => false,
    }
}

/// Where in the view a listed file stands; `/bin`, `/lib` and their like may be links into `/usr` (usr-merge).
fn at_home(path: &str, view: &View<'_>) -> Option<usize> {
    view.place(path).or_else(|| view.place(&format!("usr/{path}")))
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

    // Of many an artifact nothing asks.
    let covered = LazyCell::new(|| Covered::by_any(&assembled, view));
    let is_covered = |path: &str| covered.contains(path);
    let mut unidentified: Vec<Executable> =
        assembled.values().flat_map(|all| &all.executables).filter(|executable| !is_covered(&executable.path)).cloned().collect();
    unidentified.sort();
    unidentified.dedup();

    let is_any_unidentified = !unidentified.is_empty() || has_source_of_nobody(contents, &is_covered);
    let (of_packages, of_nobody) = unread_archives(contents, &is_covered);
    let unread = Unread {
        of_packages,
        of_nobody,
        vendored: vendored(&assembled),
        libraries: brought_libraries(&assembled),
        databases: silent_databases(contents, &assembled),
        compiled: compiled_of_nobody(contents, &is_covered),
    };
    let compositions = compositions(&assembled, &gaps, &unread, is_any_unidentified);
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
    // By place in the view.
    let mut owner: HashMap<usize, usize> = HashMap::new();
    for (place, package) in packages.iter().enumerate().filter(|(_, package)| is_of_os(package)) {
        owner.extend(package.files.iter().filter_map(|path| at_home(path, view)).map(|file| (file, place)));
    }
    let mut edges = Vec::new();
    if owner.is_empty() {
        return edges;
    }
    for (from, package) in packages.iter().enumerate().filter(|(_, package)| !is_of_os(package)) {
        for evidence in &package.evidence {
            let path = evidence.path.split_once("!/").map_or(evidence.path.as_str(), |(outer, _)| outer);
            edges.extend(view.place(path).and_then(|file| owner.get(&file)).map(|to| Edge { from, relation: Relation::OwnedBy, to: *to }));
        }
    }
    edges
}

/// Whether an image has scripts that no package covers. They are not listed one by one there (see `elf`), and what was copied into the image
/// without metadata would not be missed otherwise.
fn has_source_of_nobody(contents: &Contents, is_covered: &dyn Fn(&str) -> bool) -> bool {
    let mut files = contents.tree.entries.iter().filter(|entry| entry.kind == EntryKind::File && entry.size > 0);
    contents.format == Format::Image
        && files.any(|entry| is_source(&FileFacts::new(&entry.path, entry.size, entry.mode)) && !is_covered(&entry.path))
}

/// What is there, and can't be told apart.
struct Unread<'a> {
    /// Archives of packages, whose list of files says no more than that they are there. Sorted.
    of_packages: Vec<&'a str>,
    /// Archives of nobody. Sorted.
    of_nobody: Vec<&'a str>,
    /// See [`vendored`].
    vendored: Vec<&'a str>,
    /// See [`brought_libraries`].
    libraries: Vec<&'a str>,
    /// See [`silent_databases`].
    databases: Vec<&'a str>,
    /// See [`compiled_of_nobody`].
    compiled: Vec<&'a str>,
}

/// Archives that no cataloger opens: what runs may be in them (`zipimport` of Python, a tar that a program unpacks at its start). Jars and their
/// like are opened.
fn unread_archives<'a>(contents: &'a Contents, is_covered: &dyn Fn(&str) -> bool) -> (Vec<&'a str>, Vec<&'a str>) {
    let files = contents.tree.entries.iter().filter(|entry| entry.kind == EntryKind::File && entry.size > 0);
    let archives = files.filter(|entry| is_archive(&entry.path, entry.size)).map(|entry| entry.path.as_str());
    archives.partition(|path| is_covered(path))
}

/// By its name: an archive that may hold code, or a single file that is compressed and may be a program, where it is [`BIG`]: `chromium.br`.
fn is_archive(path: &str, size: u64) -> bool {
    let Some((stem, extension)) = path.rsplit_once('.') else { return false };
    match Lowered::of(extension).text() {
        b"zip" | b"whl" | b"egg" | b"pyz" | b"tar" | b"tgz" | b"tbz" | b"txz" | b"7z" | b"asar" | b"phar" => true,
        b"br" | b"gz" | b"xz" | b"zst" | b"bz2" => {
            size >= BIG || stem.rsplit_once('.').is_some_and(|(_, before)| before.eq_ignore_ascii_case("tar"))
        }
        _ => false,
    }
}

/// Code for virtual machines that no package covers and no list of unidentified files has: assemblies of .NET, classes outside of jars, WebAssembly,
/// and Python's without its source, which lies in no `__pycache__`. Sorted.
fn compiled_of_nobody<'a>(contents: &'a Contents, is_covered: &dyn Fn(&str) -> bool) -> Vec<&'a str> {
    let is_compiled = |path: &str| match path.rsplit_once('.').map(|(_, extension)| Lowered::of(extension)) {
        Some(extension) => match extension.text() {
            b"dll" | b"class" | b"wasm" => true,
            b"pyc" => !path.contains("__pycache__/"),
            _ => false,
        },
        None => false,
    };
    let files = contents.tree.entries.iter().filter(|entry| entry.kind == EntryKind::File && entry.size > 0);
    files.map(|entry| entry.path.as_str()).filter(|path| is_compiled(path) && !is_covered(path)).collect()
}

/// The files of packages of Python and npm, with the folder that the package is in.
fn files_of_languages<'a>(assembled: &'a BTreeMap<&'static str, Assembled>) -> impl Iterator<Item = (&'a str, &'a str)> {
    let packages = assembled.values().flat_map(|all| &all.packages);
    let of_languages = packages.filter(|package| matches!(package.purl.kind.as_str(), "pypi" | "npm") && covers(package.basis));
    of_languages.flat_map(|package| {
        let root = package.root.as_deref().unwrap_or_default();
        package.files.iter().map(move |path| (root, path.as_str()))
    })
}

/// The shared libraries that such packages brought with them (`pillow.libs/libjpeg-0c….so`): of whom they are, nothing says. Sorted.
fn brought_libraries<'a>(assembled: &'a BTreeMap<&'static str, Assembled>) -> Vec<&'a str> {
    let is_library = |path: &str| {
        let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
        name.starts_with("lib") && (name.ends_with(".so") || name.contains(".so."))
    };
    let paths: BTreeSet<&str> = files_of_languages(assembled).map(|(_, path)| path).filter(|path| is_library(path)).collect();
    paths.into_iter().collect()
}

/// Folders of such packages for code of others (`pip/_vendor`), which comes without the metadata that would tell whose it is. Sorted.
fn vendored<'a>(assembled: &'a BTreeMap<&'static str, Assembled>) -> Vec<&'a str> {
    let is_code = |path: &str| [".py", ".js", ".cjs", ".mjs"].iter().any(|ending| path.ends_with(ending));
    let folder = |(root, path): (&str, &'a str)| {
        let mut from = if path.starts_with(root) { root.len() } else { 0 };
        while let Some(rest) = path.get(from..).filter(|rest| !rest.is_empty()) {
            let part = rest.split('/').next().unwrap_or(rest);
            let end = from.saturating_add(part.len());
            if VENDORED.contains(&part) && end < path.len() {
                return path.get(..end);
            }
            from = end.saturating_add(1);
        }
        None
    };
    let folders: BTreeSet<&str> = files_of_languages(assembled).filter(|(_, path)| is_code(path)).filter_map(folder).collect();
    folders.into_iter().collect()
}

/// Databases of a distribution's packages of which no package is told: honest in an image without packages, and what is left of one that was
/// emptied, to the last byte or to a sound one without records. Sorted.
fn silent_databases<'a>(contents: &'a Contents, assembled: &BTreeMap<&'static str, Assembled>) -> Vec<&'a str> {
    const DATABASES: [&str; 6] = [
        "var/lib/dpkg/status",
        "lib/apk/db/installed",
        "/rpm/rpmdb.sqlite",
        "/rpm/Packages.db",
        "/rpm/Packages",
        "var/lib/rpmmanifest/container-manifest-2",
    ];
    // Of distroless images: a file for each package.
    let is_of_one = |path: &str| path.contains("var/lib/dpkg/status.d/") && !path.ends_with(".md5sums");
    let is_database = |path: &str| is_of_one(path) || DATABASES.iter().any(|database| path.ends_with(database));
    let evidence = assembled.values().flat_map(|all| &all.packages).flat_map(|package| &package.evidence);
    let telling: HashSet<&str> = evidence.map(|evidence| evidence.path.as_str()).filter(|path| is_database(path)).collect();
    let files = contents.tree.entries.iter().filter(|entry| entry.kind == EntryKind::File).map(|entry| entry.path.as_str());
    files.filter(|path| is_database(path) && !telling.contains(path)).collect()
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
    unread: &Unread<'_>,
    is_any_unidentified: bool,
) -> Vec<Composition> {
    let mut all = Vec::new();
    if let Some(which) = first_of(&unread.of_nobody) {
        let reason = format!("archives within were not looked into: {which}");
        all.push(Composition { of: "archives".into(), aggregate: Aggregate::Incomplete, reason });
    } else if let Some(which) = first_of(&unread.of_packages) {
        let reason = format!("archives within packages were not looked into: {which}");
        all.push(Composition { of: "archives".into(), aggregate: Aggregate::Unknown, reason });
    }
    for (of, what, paths) in [
        ("vendored", "packages carry code of others, which nothing names", &unread.vendored),
        ("libraries", "packages carry shared libraries, which nothing names", &unread.libraries),
        ("databases", "package databases name no package", &unread.databases),
        ("compiled", "no package covers compiled code", &unread.compiled),
    ] {
        if let Some(which) = first_of(paths) {
            all.push(Composition { of: of.into(), aggregate: Aggregate::Unknown, reason: format!("{what}: {which}") });
        }
    }
    for (cataloger, part) in assembled {
        if part.packages.is_empty() && part.incomplete.is_empty() && part.unsure.is_empty() {
            continue;
        }
        let missed = gaps.iter().filter(|gap| gap.cataloger == *cataloger).count();
        let least_sure = part.packages.iter().map(|package| package.basis).max();
        let is_mixed = part.packages.iter().any(|package| Some(package.basis) != least_sure);
        let some = if is_mixed { " of some of them" } else { "" };
        let (aggregate, reason) = if let Some(reason) = part.incomplete.first() {
            (Aggregate::Incomplete, reason.clone())
        } else if missed > 0 {
            (Aggregate::Incomplete, format!("{missed} files could not be understood"))
        } else if let Some(reason) = part.unsure.first() {
            (Aggregate::Unknown, reason.clone())
        } else {
            match least_sure {
                Some(Basis::Installed) => (Aggregate::Complete, String::new()),
                Some(Basis::Embedded) => (Aggregate::Unknown, format!("it is as complete as the SBOM that was found{some}")),
                Some(Basis::Declared) => (Aggregate::Unknown, format!("a lockfile or manifest alone says so{some}")),
                Some(Basis::Heuristic) | None => (Aggregate::Unknown, format!("only traces were found{some}")),
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

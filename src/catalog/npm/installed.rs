//! Facts of single files to installed packages: files by folder, locks by folder and version, needs as Node.js resolves them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::manifest;
use super::place::{self, OF_DEBIAN, Place};
use crate::catalog::{Assembled, Basis, Edge, Flaw, LinkKind, Package, PackageKind, Relation, Requirement, Seen, View};
use crate::unpack::EntryKind;

/// Bytes of paths that are looked up for all needs together. Real artifacts, with thousands of packages, come to some ten million.
const MAX_LOOKUP_BYTES: usize = 512 << 20;
/// Folders above a file or package that are looked into. Real npm trees reach 40.
const MAX_DEPTH: usize = 64;
/// Links that are followed one after the other.
const MAX_LINKS: usize = 8;
/// Packages that lie elsewhere and are linked into a `node_modules` (workspaces). Real ones have some hundred.
const MAX_LINKED: usize = 2_000;
/// Missing packages that the note names.
const MAX_NAMED: usize = 5;

/// Where Lambda's runtimes and Debian's Node.js look as well (`NODE_PATH`), wherever the package that asks may lie.
const ALSO: [&str; 7] = [
    "opt/nodejs/node_modules",
    "nodejs/node_modules",
    "var/runtime/node_modules",
    "var/task/node_modules",
    "usr/local/lib/node_modules",
    "usr/share/nodejs",
    "usr/lib/nodejs",
];

/// Puts all of it together.
pub(super) fn assemble(seen: Vec<Seen>, view: &View<'_>) -> Assembled {
    let mut all = Assembled::default();
    let mut needs: Vec<Vec<Requirement>> = Vec::new();
    let mut roots: HashMap<String, usize> = HashMap::new();
    let mut loose: BTreeMap<String, Seen> = BTreeMap::new();
    let mut locks: Vec<Seen> = Vec::new();
    for seen in seen {
        let Some(folder) = folder_of_manifest(&seen.path) else {
            locks.push(seen);
            continue;
        };
        if matches!(Place::of(folder), Place::Loose) {
            loose.insert(folder.to_owned(), seen);
            continue;
        }
        let folder = folder.to_owned();
        add(seen, &folder, &mut all, &mut needs, &mut roots);
    }
    let links = links(view);
    for target in links.values().filter(|target| loose.contains_key(*target)).take(MAX_LINKED).cloned().collect::<BTreeSet<_>>() {
        if let Some(seen) = loose.remove(&target).filter(|seen| !seen.facts.packages.is_empty()) {
            add(seen, &target, &mut all, &mut needs, &mut roots);
            let files =
                view.below(&target).filter(|entry| is_file(&entry.kind) && place::below_last(strip(&entry.path, &target)).is_none());
            if let Some(package) = all.packages.last_mut() {
                package.files.extend(files.map(|entry| entry.path.clone()));
            }
        }
    }
    tie(view, &roots, &mut all.packages);
    let homes = homes(&roots);
    for (folder, seen) in loose {
        application(seen, &folder, &homes, &mut all, &mut needs);
    }
    let mut resolver = Resolver { roots, links, left: MAX_LOOKUP_BYTES };
    for lock in locks {
        apply(lock, &homes, &mut resolver, &mut all);
    }
    resolve(&needs, &mut resolver, &mut all);
    all
}

/// The folder of a `package.json`; `None` for a lock.
fn folder_of_manifest(path: &str) -> Option<&str> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    (name == "package.json").then_some(folder)
}

fn strip<'p>(path: &'p str, folder: &str) -> &'p str {
    path.strip_prefix(folder).map_or(path, |rest| rest.trim_start_matches('/'))
}

fn is_file(kind: &EntryKind) -> bool {
    matches!(kind, EntryKind::File | EntryKind::Hardlink { .. } | EntryKind::Symlink { .. })
}

/// The package of one manifest.
fn add(seen: Seen, folder: &str, all: &mut Assembled, needs: &mut Vec<Vec<Requirement>>, roots: &mut HashMap<String, usize>) {
    let Seen { facts, path } = seen;
    let mut own: Vec<Requirement> = facts.requires.into_iter().map(|(_, need)| need).collect();
    for mut package in facts.packages {
        roots.insert(folder.to_owned(), all.packages.len());
        package.root = Some(folder.to_owned());
        package.files.insert(path.clone());
        all.packages.push(package);
        needs.push(std::mem::take(&mut own));
    }
}

/// Folders that hold a `node_modules` with a package in it, and all folders above them.
fn homes(roots: &HashMap<String, usize>) -> HashSet<String> {
    let mut homes = HashSet::new();
    for root in roots.keys() {
        let mut folder = root.as_str();
        for _ in 0..MAX_DEPTH {
            let Some((above, _)) = folder.rsplit_once('/') else { break };
            if !homes.insert(above.to_owned()) {
                break;
            }
            folder = above;
        }
    }
    if !roots.is_empty() {
        homes.insert(String::new());
    }
    homes
}

/// The function's or layer's own manifest, where it has name and version: what is written there is a declaration.
fn application(seen: Seen, folder: &str, homes: &HashSet<String>, all: &mut Assembled, needs: &mut Vec<Vec<Requirement>>) {
    let has_packages = homes.contains(format!("{folder}/node_modules").trim_start_matches('/'));
    let is_lambda =
        |base: &str| folder == base || strip(folder, base).strip_prefix("node").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    let is_own = folder.is_empty() || folder == "var/task" || ["nodejs", "opt/nodejs"].into_iter().any(is_lambda);
    if !has_packages && !is_own {
        return;
    }
    for (name, detail) in seen.facts.notes {
        // A manifest that only says `{"type": "module"}` is as good as any.
        if name == manifest::MALFORMED && !detail.starts_with("`name`") {
            all.flaws.push((seen.path.clone(), Flaw::malformed(detail)));
        }
    }
    let mut own: Vec<Requirement> = seen.facts.requires.into_iter().map(|(_, need)| need).collect();
    for mut package in seen.facts.packages {
        package.basis = Basis::Declared;
        package.kind = PackageKind::Application;
        package.root = Some(folder.to_owned());
        all.packages.push(package);
        needs.push(if has_packages { std::mem::take(&mut own) } else { Vec::new() });
    }
}

/// Links that stand where a package would: `node_modules/x -> .pnpm/x@1.0.0/node_modules/x`.
fn links(view: &View<'_>) -> BTreeMap<String, String> {
    let mut links = BTreeMap::new();
    for entry in view.below("") {
        let EntryKind::Symlink { target } = &entry.kind else { continue };
        if !matches!(Place::of(&entry.path), Place::Installed(_)) {
            continue;
        }
        let mut parts: Vec<&str> = if target.starts_with('/') { Vec::new() } else { entry.path.split('/').collect() };
        parts.pop();
        let mut is_inside = true;
        for part in target.split('/') {
            match part {
                "" | "." => {}
                ".." => is_inside &= parts.pop().is_some(),
                part => parts.push(part),
            }
        }
        if is_inside {
            links.insert(entry.path.clone(), parts.join("/"));
        }
    }
    links
}

/// Ties each file to the package that it lies in: the innermost one. What lies in a `node_modules` and in no package there is nobody's,
/// but for what a package's own tests need.
fn tie(view: &View<'_>, roots: &HashMap<String, usize>, packages: &mut [Package]) {
    for entry in view.below("").filter(|entry| is_file(&entry.kind)) {
        if let Some(package) = owner(&entry.path, roots).and_then(|place| packages.get_mut(place)) {
            package.files.insert(entry.path.clone());
        }
    }
}

fn owner(path: &str, roots: &HashMap<String, usize>) -> Option<usize> {
    for debian in OF_DEBIAN {
        if let Some(below) = path.strip_prefix(debian).and_then(|rest| rest.strip_prefix('/'))
            && place::below_last(below).is_none()
        {
            let name = place::package_name(below)?;
            return roots.get(path.get(..debian.len().saturating_add(name.len()).saturating_add(1))?).copied();
        }
    }
    let mut rest = path;
    for _ in 0..MAX_DEPTH {
        let below = place::below_last(rest)?;
        let start = rest.len().saturating_sub(below.len());
        let root = place::package_name(below).and_then(|name| path.get(..start.saturating_add(name.len())))?;
        if let Some(place) = roots.get(root) {
            return Some(*place);
        }
        if !place::is_fixture(root) {
            return None;
        }
        rest = path.get(..start.saturating_sub("/node_modules/".len()))?;
    }
    None
}

/// What a lock adds: to what is installed, hashes, addresses and scope; where nothing is installed below it, its packages as declared.
fn apply(lock: Seen, homes: &HashSet<String>, resolver: &mut Resolver, all: &mut Assembled) {
    let Seen { path, facts } = lock;
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    if homes.contains(folder) {
        for declared in facts.packages {
            let Some(place) = declared.root.as_deref().and_then(|root| resolver.at(root)) else { continue };
            let Some(package) = all.packages.get_mut(place).filter(|package| package.basis == Basis::Installed) else { continue };
            if package.purl.version != declared.purl.version {
                let version = declared.purl.version.unwrap_or_default();
                package.properties.insert("layerproof:locked-version".into(), version);
                continue;
            }
            package.scope = declared.scope;
            package.hashes.extend(declared.hashes);
            package.links.extend(declared.links.into_iter().filter(|link| matches!(link.kind, LinkKind::Distribution | LinkKind::Vcs)));
            package.evidence.extend(declared.evidence);
            if package.licences.is_empty() {
                package.licences = declared.licences;
            }
        }
        return;
    }
    if !is_of_a_function(folder) {
        return;
    }
    let first = all.packages.len();
    let mut needs: Vec<Vec<Requirement>> = vec![Vec::new(); facts.packages.len()];
    for (place, need) in facts.requires {
        if let Some(needs) = needs.get_mut(place) {
            needs.push(need);
        }
    }
    let mut own = Resolver { roots: HashMap::new(), links: BTreeMap::new(), left: resolver.left };
    let mut kept = Vec::new();
    for (package, needs) in facts.packages.into_iter().zip(needs) {
        // What is for building alone is not in a bundle.
        if package.scope != crate::catalog::Scope::Excluded {
            own.roots.extend(package.root.clone().map(|root| (root, all.packages.len())));
            all.packages.push(Package { root: None, ..package.clone() });
            kept.push((package.root.unwrap_or_default(), needs));
        }
    }
    for (place, (root, needs)) in kept.iter().enumerate() {
        let from = first.saturating_add(place);
        all.edges.extend(needs.iter().filter_map(|need| own.find(root, &need.name)).map(|to| Edge {
            from,
            relation: Relation::DependsOn,
            to,
        }));
    }
    resolver.left = own.left;
}

/// Whether a lock without installed packages is worth a word: a function's own, and not what other packages carry along.
fn is_of_a_function(folder: &str) -> bool {
    let of_others = ["node_modules", "site-packages", "dist-packages", "python", "vendor", "usr", "lib"];
    !folder.split('/').any(|part| of_others.contains(&part))
}

/// Edges, and what is needed and not there.
fn resolve(needs: &[Vec<Requirement>], resolver: &mut Resolver, all: &mut Assembled) {
    let mut missing: BTreeSet<(String, String)> = BTreeSet::new();
    let mut edges = Vec::new();
    // The packages of manifests come first, each with its needs; those of locks follow and have their edges.
    let manifests: Vec<usize> =
        (0..all.packages.len()).filter(|place| all.packages.get(*place).is_some_and(|p| p.root.is_some())).collect();
    for (from, needs) in manifests.into_iter().zip(needs) {
        let Some(package) = all.packages.get(from) else { continue };
        let root = package.root.as_deref().unwrap_or_default();
        for need in needs {
            match resolver.find(root, &need.name) {
                Some(to) if to != from => edges.push(Edge { from, relation: Relation::DependsOn, to }),
                Some(_) => {}
                None if need.optional || resolver.left == 0 => {}
                None => {
                    missing.insert((package.name.clone(), need.name.clone()));
                }
            }
        }
    }
    all.edges.extend(edges);
    if resolver.left == 0 {
        let detail = format!("more than {MAX_LOOKUP_BYTES} bytes of paths would have to be looked up; the rest was not resolved");
        all.flaws.push((String::new(), Flaw::too_large("npm::installed::MAX_LOOKUP_BYTES", detail)));
    }
    if !missing.is_empty() {
        let named: Vec<String> = missing.iter().take(MAX_NAMED).map(|(who, what)| format!("`{who}` needs `{what}`")).collect();
        let more = if missing.len() > MAX_NAMED { ", …" } else { "" };
        all.incomplete.insert(format!("{} needs are met by no package that is there: {}{more}", missing.len(), named.join(", ")));
    }
}

/// Finds packages as Node.js does.
struct Resolver {
    /// Installed packages by folder.
    roots: HashMap<String, usize>,
    /// Links by path, with what they point to.
    links: BTreeMap<String, String>,
    /// Bytes of paths that may still be looked up.
    left: usize,
}

impl Resolver {
    /// The package in a folder, or behind a link there.
    fn at(&self, folder: &str) -> Option<usize> {
        let mut at = folder;
        for _ in 0..MAX_LINKS {
            if let Some(place) = self.roots.get(at) {
                return Some(*place);
            }
            at = self.links.get(at)?;
        }
        None
    }

    /// The package that `require(name)` finds from within `root`: `node_modules` of each folder upwards.
    fn find(&mut self, root: &str, name: &str) -> Option<usize> {
        let mut folder = root;
        for _ in 0..MAX_DEPTH {
            let is_modules = folder == "node_modules" || folder.ends_with("/node_modules");
            if !is_modules && let Some(place) = self.try_at(folder, "node_modules", name)? {
                return Some(place);
            }
            if folder.is_empty() {
                break;
            }
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
        }
        for also in ALSO {
            if let Some(place) = self.try_at("", also, name)? {
                return Some(place);
            }
        }
        None
    }

    /// `None` where the limit is reached.
    fn try_at(&mut self, folder: &str, modules: &str, name: &str) -> Option<Option<usize>> {
        let path = if folder.is_empty() { format!("{modules}/{name}") } else { format!("{folder}/{modules}/{name}") };
        match self.left.checked_sub(path.len()) {
            Some(left) => self.left = left,
            None => {
                self.left = 0;
                return None;
            }
        }
        Some(self.at(&path))
    }
}

//! The SBOM of a whole function: its layers, its code, and the runtime where it is known.
//!
//! *Merged*: everything that its artifacts hold. *Effective*: what is there once the layers are merged into `/opt`. AWS documents the order of
//! the merge; that the later layer wins is known at second hand only, and the document says so where it matters.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::bom::{Bom, BomPart, BomSubject};
use crate::catalog::{
    Aggregate, Basis, Catalog, CatalogGap, Composition, Edge, Evidence, Executable, Package, PackageKind, Purl, Technique, combine,
};
use crate::model::gap::Gap;
use crate::unpack::{EntryKind, FileTree};

/// Property of a package whose place another of the same name takes when it is looked for: the package URL of that one.
pub const SHADOWED_BY: &str = "layerproof:shadowed-by";
/// Property of a package some of whose files a later layer overwrites: how many.
pub const OVERWRITTEN: &str = "layerproof:overwritten-files";

/// Which of the two is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Everything that the artifacts hold.
    Merged,
    /// What is there at run time.
    Effective,
}

/// One of the function's artifacts.
pub struct Mounted<'a> {
    /// What it is.
    pub subject: BomSubject,
    /// Where its files are: `opt`, `var/task`, empty for an image.
    pub at: &'static str,
    /// Its packages and files, or why they are not known.
    pub contents: Result<(&'a Catalog, &'a FileTree), &'a Gap>,
}

/// The SBOM of a function version; `parts` in the order in which Lambda lays them down, layers first. `runtime` as the API names it.
pub fn function(subject: BomSubject, runtime: Option<&str>, parts: Vec<Mounted<'_>>, view: View) -> Bom {
    let providers = match view {
        View::Merged => None,
        View::Effective => Some(providers(&parts)),
    };
    let mut catalogs = Vec::new();
    let mut bom_parts = Vec::new();
    for (place, part) in parts.into_iter().enumerate() {
        let mut catalog = match part.contents {
            Ok((catalog, _)) => below(catalog, part.at),
            Err(gap) => unknown(gap),
        };
        if let Some(providers) = &providers {
            let is_own = |path: &str| providers.get(path).is_none_or(|provider| *provider == place);
            catalog = what_is_left(catalog, &is_own);
        }
        catalogs.push(catalog);
        bom_parts.push(BomPart { subject: part.subject, mounted: format!("/{}", part.at), packages: Vec::new() });
    }
    catalogs.extend(runtime.map(of_runtime));
    let (mut catalog, places) = combine(catalogs);
    for (part, packages) in bom_parts.iter_mut().zip(places) {
        part.packages = packages;
    }
    if view == View::Effective {
        mark_shadowed(&mut catalog);
    }
    Bom { subject, parts: bom_parts, catalog: Arc::new(catalog), files: Vec::new(), created: None }
}

/// Which part's file is at a path in the end: the last that has one there.
fn providers(parts: &[Mounted<'_>]) -> HashMap<String, usize> {
    let mut providers = HashMap::new();
    for (place, part) in parts.iter().enumerate() {
        let Ok((_, tree)) = part.contents else { continue };
        for entry in tree.entries.iter().filter(|entry| entry.kind != EntryKind::Directory) {
            providers.insert(joined(part.at, &entry.path), place);
        }
    }
    providers
}

/// The catalog with every path below where it is mounted.
fn below(catalog: &Catalog, at: &str) -> Catalog {
    let mut catalog = catalog.clone();
    if at.is_empty() {
        return catalog;
    }
    for package in &mut catalog.packages {
        package.evidence = std::mem::take(&mut package.evidence).into_iter().map(|e| Evidence { path: joined(at, &e.path), ..e }).collect();
        package.files = std::mem::take(&mut package.files).into_iter().map(|path| joined(at, &path)).collect();
        package.root = package.root.take().map(|root| joined(at, &root));
    }
    for executable in &mut catalog.unidentified {
        executable.path = joined(at, &executable.path);
    }
    for gap in &mut catalog.gaps {
        gap.path = joined(at, &gap.path);
    }
    catalog
}

fn joined(at: &str, path: &str) -> String {
    match (at.is_empty(), path.is_empty()) {
        (true, _) => path.to_owned(),
        (false, true) => at.to_owned(),
        (false, false) => format!("{at}/{path}"),
    }
}

/// What a part contributes whose bytes could not be had.
fn unknown(gap: &Gap) -> Catalog {
    let Gap { subject, reason, detail, .. } = gap.clone();
    Catalog {
        compositions: vec![Composition {
            of: "artifact".into(),
            aggregate: Aggregate::Incomplete,
            reason: "the bytes of an artifact could not be had".into(),
        }],
        gaps: vec![CatalogGap { path: subject, cataloger: "artifact".into(), reason, detail }],
        ..Catalog::default()
    }
}

/// The catalog without what later parts overwrite. A package whose metadata is overwritten is gone: the later part says what is there now.
fn what_is_left(mut catalog: Catalog, is_own: &dyn Fn(&str) -> bool) -> Catalog {
    let outer = |evidence: &Evidence| evidence.path.split_once("!/").map_or(evidence.path.clone(), |(outer, _)| outer.to_owned());
    let mut moved: BTreeMap<usize, usize> = BTreeMap::new();
    let mut left: Vec<Package> = Vec::new();
    for (place, mut package) in std::mem::take(&mut catalog.packages).into_iter().enumerate() {
        if !package.evidence.iter().any(|evidence| is_own(&outer(evidence))) {
            continue;
        }
        let before = package.files.len();
        package.evidence.retain(|evidence| is_own(&outer(evidence)));
        package.files.retain(|path| is_own(path));
        let lost = before.saturating_sub(package.files.len());
        if lost > 0 {
            package.properties.insert(OVERWRITTEN.into(), lost.to_string());
        }
        moved.insert(place, left.len());
        left.push(package);
    }
    let follow = |edge: &Edge| Some(Edge { from: *moved.get(&edge.from)?, to: *moved.get(&edge.to)?, ..*edge });
    catalog.edges = catalog.edges.iter().filter_map(follow).collect();
    catalog.packages = left;
    catalog.unidentified.retain(|Executable { path, .. }| is_own(path));
    catalog
}

/// The runtime, which is AWS's and in none of the artifacts.
fn of_runtime(runtime: &str) -> Catalog {
    let evidence =
        Evidence { path: "function configuration".into(), cataloger: "runtime".into(), technique: Technique::Other, confidence: 100 };
    let mut package = Package::new(Purl::new("generic", "aws-lambda-runtime", Some(runtime)), Basis::Declared, evidence);
    package.kind = PackageKind::Framework;
    package.supplier = Some("Amazon Web Services".into());
    let reason = format!("the packages of the runtime {runtime} are AWS's and lie in none of the artifacts");
    let composition = Composition { of: "runtime".into(), aggregate: Aggregate::Unknown, reason };
    Catalog { packages: vec![package], compositions: vec![composition], ..Catalog::default() }
}

/// Says of packages in `/opt` that one of the same name in `/var/task` is found before them. That the function's own folder comes first is
/// documented for Python (`sys.path`), Node.js (`node_modules` above the handler, then `NODE_PATH`) and Ruby.
fn mark_shadowed(catalog: &mut Catalog) {
    let name = |package: &Package| (package.purl.kind.clone(), package.purl.namespace.clone(), package.purl.name.clone());
    let is_at = |package: &Package, at: &str| package.evidence.iter().all(|evidence| evidence.path.starts_with(at));
    let is_looked_up =
        |package: &Package| matches!(package.purl.kind.as_str(), "pypi" | "npm" | "gem") && package.basis == Basis::Installed;
    let mut first: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for package in catalog.packages.iter().filter(|package| is_looked_up(package) && is_at(package, "var/task/")) {
        first.entry(name(package)).or_default().insert(package.purl.to_string());
    }
    for package in catalog.packages.iter_mut().filter(|package| is_looked_up(package) && is_at(package, "opt/")) {
        if let Some(purl) = first.get(&name(package)).and_then(|all| all.first()) {
            package.properties.insert(SHADOWED_BY.into(), purl.clone());
        }
    }
}

#[cfg(test)]
mod tests;

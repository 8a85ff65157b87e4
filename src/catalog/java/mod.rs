//! Java archives, and what Maven left in them: `pom.properties`, `pom.xml`, `META-INF/MANIFEST.MF`, and the name of the file as the last
//! resort. No database of digests, and no network. Formats: see `archive`, `pom` and `manifest`.
//!
//! SBOMs within archives (`META-INF/sbom/`) are not read.

mod archive;
mod describe;
mod identity;
mod loose;
mod manifest;
mod pom;
mod xml;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{Assembled, Cataloger, Edge, Facts, File, FileFacts, Flaw, Package, Purl, Relation, Requirement, Seen, View, Want};

const NAME: &str = "java";

/// Why a list can't be complete.
const NO_VERSION: &str = "some archives do not say their version";

/// Bytes of one archive. Lambda refuses to deploy more than 250 MB.
const MAX_ARCHIVE: u64 = 256 << 20;

/// See the module.
pub(super) struct Jars;

impl Cataloger for Jars {
    fn name(&self) -> &'static str {
        NAME
    }

    fn describe(&self) -> &'static str {
        "jar, war, ear and par files, archives within them, and META-INF: Maven and manifest metadata"
    }

    fn wants(&self, file: &FileFacts<'_>) -> Option<Want> {
        if is_archive(file.path.as_bytes()) {
            return Some(Want::whole(MAX_ARCHIVE, "java::MAX_ARCHIVE"));
        }
        loose::wants(file)
    }

    fn parse(&self, file: &File<'_>) -> Result<Facts, Flaw> {
        if !is_archive(file.path().as_bytes()) {
            return loose::parse(file);
        }
        let mut walk = archive::Walk::new();
        walk.read(file.path(), Arc::clone(file.bytes), 0)?;
        Ok(walk.facts)
    }

    fn assemble(&self, seen: Vec<Seen>, _view: &View<'_>) -> Assembled {
        let (loose, archives): (Vec<Seen>, Vec<Seen>) = seen.into_iter().partition(|seen| !is_archive(seen.path.as_bytes()));
        let mut requires: Vec<(usize, Requirement)> = Vec::new();
        let mut all = Assembled::default();
        for mut facts in archives.into_iter().map(|seen| seen.facts).chain(loose::assemble(loose, &mut all.flaws)) {
            let from = all.packages.len();
            requires.extend(std::mem::take(&mut facts.requires).into_iter().map(|(place, need)| (place.saturating_add(from), need)));
            let mut one = Assembled::each(vec![Seen { path: String::new(), facts }]);
            all.edges.extend(one.edges.drain(..).map(|edge| Edge {
                from: edge.from.saturating_add(from),
                to: edge.to.saturating_add(from),
                ..edge
            }));
            all.packages.append(&mut one.packages);
            all.incomplete.append(&mut one.incomplete);
        }
        all.edges.extend(resolved(&all.packages, &requires));
        add_groups(&mut all.packages);
        all
    }
}

/// Whether a file is an archive, by its name.
fn is_archive(name: &[u8]) -> bool {
    let Some((_, extension)) = name.split_last_chunk::<4>() else { return false };
    name.len() > extension.len() && [b".jar", b".war", b".ear", b".par"].iter().any(|known| extension.eq_ignore_ascii_case(*known))
}

/// What meets the needs: an archive within the same file of the artifact, or one in the same folder, or any.
fn resolved(packages: &[Package], requires: &[(usize, Requirement)]) -> Vec<Edge> {
    let mut by_place: HashMap<(&str, String), usize> = HashMap::new();
    for (place, package) in packages.iter().enumerate() {
        for scope in scopes(package) {
            by_place.entry((scope, package.purl.full_name())).or_insert(place);
        }
    }
    let mut edges = Vec::new();
    for (from, need) in requires {
        let Some(package) = packages.get(*from) else { continue };
        let to = scopes(package).into_iter().find_map(|scope| by_place.get(&(scope, need.name.clone())));
        edges.extend(to.filter(|to| *to != from).map(|to| Edge { from: *from, relation: Relation::DependsOn, to: *to }));
    }
    edges
}

/// Where to look for what a package needs, nearest first: file of the artifact, folder, everywhere. A file's scope ends with `!`, so that
/// no folder has the same.
fn scopes(package: &Package) -> [&str; 3] {
    let path = package.evidence.first().map_or("", |evidence| evidence.path.as_str());
    let (file, within) = path.split_once("!/").map_or((path, false), |(file, _)| (file, true));
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let scope = if within { path.get(..file.len().saturating_add(1)).unwrap_or(file) } else { file };
    // The root has the empty path, as `everywhere` has: the last is found for both.
    [scope, folder, ""]
}

/// A jar that does not tell its group is the same as another of the same name and version that does, where there is one only.
fn add_groups(packages: &mut [Package]) {
    let mut groups: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for package in packages.iter() {
        if let (Some(group), Some(version)) = (&package.purl.namespace, &package.purl.version) {
            groups.entry((package.purl.name.clone(), version.clone())).or_default().insert(group.clone());
        }
    }
    for package in packages.iter_mut().filter(|package| package.purl.namespace.is_none()) {
        let Some(version) = package.purl.version.clone() else { continue };
        let Some(known) = groups.get(&(package.purl.name.clone(), version.clone())) else { continue };
        if let (Some(group), 1) = (known.first(), known.len()) {
            package.purl = Purl::new("maven", &package.purl.name, Some(&version)).in_namespace(group);
            package.name = package.purl.full_name();
        }
    }
}

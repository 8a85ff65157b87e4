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

use super::{Assembled, Cataloger, Edge, Facts, File, FileFacts, Flaw, Package, Relation, Requirement, Seen, View, Want};

const NAME: &str = "java";

/// Why a list can't be complete.
const NO_VERSION: &str = "some archives do not say their version";

/// Bytes of one archive. Lambda refuses to deploy more than 250 MB.
const MAX_ARCHIVE: u64 = 256 << 20;
/// Needs that the poms of all files state. The largest images that are known have some 20,000.
const MAX_NEEDS: usize = 500_000;

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
            let room = MAX_NEEDS.saturating_sub(requires.len());
            if facts.requires.len() > room {
                let detail = format!("more than {MAX_NEEDS} dependencies in all poms");
                all.flaws.push((String::new(), Flaw::too_large("java::MAX_NEEDS", detail)));
            }
            let needs = std::mem::take(&mut facts.requires).into_iter().take(room);
            requires.extend(needs.map(|(place, need)| (place.saturating_add(from), need)));
            let mut one = Assembled::each(vec![Seen { path: String::new(), facts }]);
            all.edges.extend(one.edges.drain(..).map(|edge| Edge {
                from: edge.from.saturating_add(from),
                to: edge.to.saturating_add(from),
                ..edge
            }));
            all.packages.append(&mut one.packages);
            all.incomplete.append(&mut one.incomplete);
            all.unsure.append(&mut one.unsure);
        }
        add_groups(&mut all.packages, &requires);
        all.edges.extend(resolved(&all.packages, &requires));
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

/// A jar that does not tell its group is the same as another of the same name and version that does, or is what a pom here needs under
/// this name, where there is one such group only.
fn add_groups(packages: &mut [Package], requires: &[(usize, Requirement)]) {
    let mut same: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    let mut needed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages.iter() {
        if let (Some(group), Some(version)) = (&package.purl.namespace, &package.purl.version) {
            same.entry((&package.purl.name, version)).or_default().insert(group);
        }
    }
    for (_, need) in requires {
        if let Some((group, artifact)) = need.name.split_once(':') {
            needed.entry(artifact).or_default().insert(group);
        }
    }
    let group = |package: &Package| {
        let version = package.purl.version.as_deref().filter(|_| package.purl.namespace.is_none())?;
        let name = package.purl.name.as_str();
        match same.get(&(name, version)) {
            Some(groups) => only(Some(groups)),
            None => only(needed.get(name)),
        }
        .map(str::to_owned)
    };
    let groups: Vec<Option<String>> = packages.iter().map(group).collect();
    for (package, group) in packages.iter_mut().zip(groups) {
        let Some(group) = group else { continue };
        package.purl = package.purl.clone().in_namespace(&group);
        package.name = package.purl.full_name();
    }
}

/// The only one of a set.
fn only<'a>(groups: Option<&BTreeSet<&'a str>>) -> Option<&'a str> {
    groups.filter(|groups| groups.len() == 1)?.first().copied()
}

//! What differs between two lists of packages: of two artifacts, of two documents, or of an artifact and a document.

mod text;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::catalog::embedded_sbom::StatedBom;
use crate::catalog::{Basis, Catalog, Package, PackageKind, Purl};

pub use text::render_text;

/// The `schema` of a [`Diff`] as a JSON document.
pub const SCHEMA: &str = "layerproof/sbom-diff/v1";

/// One of two lists.
#[derive(Debug, Clone)]
pub struct Side<'a> {
    /// What it is of, as it was named. Untrusted: print through `printable`.
    pub name: String,
    packages: Vec<(&'a Package, Option<Basis>)>,
    /// The operating system, where this program says which; tools differ in how they call it.
    os: Option<(Key, Version)>,
    /// Executables that no package covers, path to SHA-256; `None` where it is not known which they are.
    unidentified: Option<BTreeMap<&'a str, &'a str>>,
    gaps: usize,
}

impl<'a> Side<'a> {
    /// What an artifact holds.
    pub fn of_catalog(name: impl Into<String>, catalog: &'a Catalog) -> Self {
        let unidentified = catalog.unidentified.iter().map(|file| (file.path.as_str(), file.sha256.as_str())).collect();
        let os = catalog.os.as_ref().map(|os| Purl::new("generic", &os.id, os.version_id.as_deref()));
        Self {
            name: name.into(),
            packages: catalog.packages.iter().map(|package| (package, Some(package.basis))).collect(),
            os: os.map(|purl| (Key::of(&purl), purl.version)),
            unidentified: Some(unidentified),
            gaps: catalog.gaps.len(),
        }
    }

    /// What a document states, without what it is about.
    pub fn of_document(name: impl Into<String>, bom: &'a StatedBom) -> Self {
        let subject = bom.subject.as_ref().and_then(|subject| subject.package);
        let is_os = |package: &Package| package.kind == PackageKind::OperatingSystem;
        let packages = bom.packages.iter().enumerate().filter(|(place, package)| Some(*place) != subject && !is_os(package));
        let os = bom.packages.iter().find(|package| is_os(package)).filter(|_| bom.unidentified.is_some());
        Self {
            name: name.into(),
            os: os.map(|package| (Key::of(&package.purl), version(package))),
            packages: packages.map(|(place, package)| (package, bom.bases.get(&place).copied())).collect(),
            unidentified: bom.unidentified.as_ref().map(|all| all.iter().map(|(path, hex)| (path.as_str(), hex.as_str())).collect()),
            gaps: bom.gaps.saturating_add(bom.flaws.len()),
        }
    }

    /// By what versions do not tell apart.
    fn by_name(&self, is_os_compared: bool) -> BTreeMap<Key, Versions<'a>> {
        let mut all: BTreeMap<Key, Versions<'a>> = BTreeMap::new();
        for (package, basis) in &self.packages {
            let seen = all.entry(Key::of(&package.purl)).or_default().entry(version(package)).or_default();
            seen.licences.extend(package.licences.iter().map(|licence| licence.text()));
            seen.basis = seen.basis.into_iter().chain(*basis).min();
        }
        for (key, version) in self.os.iter().filter(|_| is_os_compared) {
            all.entry(key.clone()).or_default().entry(version.clone()).or_default();
        }
        all
    }

    fn states_licences(&self) -> bool {
        self.packages.iter().any(|(package, _)| !package.licences.is_empty())
    }
}

/// What stays the same when a package is updated: type, namespace, name.
type KeyParts = (String, Option<String>, String);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key(KeyParts);

impl Key {
    fn of(purl: &Purl) -> Self {
        Self((purl.kind.clone(), purl.namespace.clone(), purl.name.clone()))
    }

    /// Its package URL, without a version.
    fn purl(&self) -> String {
        let (kind, namespace, name) = &self.0;
        Purl {
            kind: kind.clone(),
            namespace: namespace.clone(),
            name: name.clone(),
            version: None,
            qualifiers: BTreeMap::new(),
            subpath: None,
        }
        .to_string()
    }
}

/// A version, `None` where it is not known.
type Version = Option<String>;

type Versions<'a> = BTreeMap<Version, SeenVersion<'a>>;

#[derive(Debug, Default)]
struct SeenVersion<'a> {
    licences: BTreeSet<&'a str>,
    basis: Option<Basis>,
}

fn version(package: &Package) -> Version {
    package.version().map(Cow::into_owned)
}

/// What differs. All text but `schema`-like words is foreign: print through `printable`. Lists are sorted; the same input gives the same
/// bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// The earlier side.
    pub before: SideSummary,
    /// The later side.
    pub after: SideSummary,
    /// Packages, or further versions of them, that only the later side has.
    pub added: Vec<ListedVersion>,
    /// Packages, or further versions of them, that only the earlier side has.
    pub removed: Vec<ListedVersion>,
    /// Packages that both have in other versions.
    pub changed: Vec<VersionChange>,
    /// Packages that both have, under other licences.
    pub licences: Vec<LicenceChange>,
    /// Packages that both have in the same version, resting on something else.
    pub bases: Vec<BasisChange>,
    /// Executables that no package covers and whose bytes differ, or that only one side has.
    pub files: Vec<FileChange>,
    /// What was not compared, one sentence each.
    pub not_compared: Vec<String>,
}

/// One side, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SideSummary {
    /// What it is of, as it was named.
    pub name: String,
    /// Packages.
    pub packages: usize,
    /// What could not be learned of it: with any, a package that is missing may be there all the same.
    pub gaps: usize,
}

/// A package in one version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ListedVersion {
    /// Package URL without version.
    pub package: String,
    /// Version; absent where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Licences, as declared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub licences: Vec<String>,
}

/// A package in other versions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct VersionChange {
    /// Package URL without version.
    pub package: String,
    /// Versions that only the earlier side has; null for one that is not known.
    pub from: Vec<Option<String>>,
    /// Versions that only the later side has; null for one that is not known.
    pub to: Vec<Option<String>>,
}

/// A package under other licences.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LicenceChange {
    /// Package URL without version.
    pub package: String,
    /// The version that both have; absent where the version changed as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// As the earlier side declares; empty where it declares none.
    pub from: Vec<String>,
    /// As the later side declares; empty where it declares none.
    pub to: Vec<String>,
}

/// A package that rests on something else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct BasisChange {
    /// Package URL without version.
    pub package: String,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Then.
    pub from: Basis,
    /// Now.
    pub to: Basis,
}

/// A file that no package covers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FileChange {
    /// Path.
    pub path: String,
    /// SHA-256 then; absent where it was not there, or a package covered it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// SHA-256 now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// Compares two lists.
pub fn diff(before: &Side<'_>, after: &Side<'_>) -> Diff {
    let summary = |side: &Side<'_>| SideSummary { name: side.name.clone(), packages: side.packages.len(), gaps: side.gaps };
    let mut diff = Diff {
        before: summary(before),
        after: summary(after),
        added: Vec::new(),
        removed: Vec::new(),
        changed: Vec::new(),
        licences: Vec::new(),
        bases: Vec::new(),
        files: Vec::new(),
        not_compared: Vec::new(),
    };
    let are_licences_compared = before.states_licences() == after.states_licences();
    if !are_licences_compared && !before.packages.is_empty() && !after.packages.is_empty() {
        let silent = if before.states_licences() { after } else { before };
        diff.not_compared.push(format!("licences: `{}` states none at all", silent.name));
    }
    let is_os_compared = before.unidentified.is_some() && after.unidentified.is_some();
    if !is_os_compared && let Some((os, _)) = before.os.as_ref().or(after.os.as_ref()) {
        diff.not_compared.push(format!("the operating system, {}: tools differ in how they call it", os.purl()));
    }
    let (then, now) = (before.by_name(is_os_compared), after.by_name(is_os_compared));
    let nothing = Versions::new();
    let keys: BTreeSet<&Key> = then.keys().chain(now.keys()).collect();
    for key in keys {
        let (then, now) = (then.get(key).unwrap_or(&nothing), now.get(key).unwrap_or(&nothing));
        diff.versions(&key.purl(), then, now, are_licences_compared);
    }
    diff.files_of(before, after);
    for list in [&mut diff.added, &mut diff.removed] {
        list.sort();
    }
    diff
}

impl Diff {
    /// True where nothing differs. What was not compared is not looked at; see `not_compared` and the gaps of the sides.
    pub fn is_empty(&self) -> bool {
        let Self { before: _, after: _, added, removed, changed, licences, bases, files, not_compared: _ } = self;
        added.is_empty() && removed.is_empty() && changed.is_empty() && licences.is_empty() && bases.is_empty() && files.is_empty()
    }

    /// The versions of one package.
    fn versions(&mut self, package: &str, then: &Versions<'_>, now: &Versions<'_>, are_licences_compared: bool) {
        let only = |these: &Versions<'_>, others: &Versions<'_>| -> Vec<Version> {
            these.keys().filter(|version| !others.contains_key(*version)).cloned().collect()
        };
        let (gone, new) = (only(then, now), only(now, then));
        let mut licences = |version: Version, from: BTreeSet<&str>, to: BTreeSet<&str>| {
            // `MIT and ISC`, `MIT AND ISC`: what is read as an expression depends on who wrote it.
            let same = |all: &BTreeSet<&str>| all.iter().map(|text| text.to_lowercase()).collect::<BTreeSet<String>>();
            if are_licences_compared && same(&from) != same(&to) {
                let owned = |all: BTreeSet<&str>| all.into_iter().map(str::to_owned).collect();
                self.licences.push(LicenceChange { package: package.to_owned(), version, from: owned(from), to: owned(to) });
            }
        };
        let of = |versions: &[Version], seen: &Versions<'_>| -> BTreeSet<String> {
            versions.iter().filter_map(|version| seen.get(version)).flat_map(|seen| &seen.licences).map(|text| (*text).to_owned()).collect()
        };
        for (version, then) in then {
            let Some(now) = now.get(version) else { continue };
            licences(version.clone(), then.licences.clone(), now.licences.clone());
            if let (Some(from), Some(to)) = (then.basis, now.basis)
                && from != to
            {
                self.bases.push(BasisChange { package: package.to_owned(), version: version.clone(), from, to });
            }
        }
        if !gone.is_empty() && !new.is_empty() {
            let (from, to) = (of(&gone, then), of(&new, now));
            licences(None, from.iter().map(String::as_str).collect(), to.iter().map(String::as_str).collect());
            self.changed.push(VersionChange { package: package.to_owned(), from: gone, to: new });
            return;
        }
        let listed = |versions: Vec<Version>, seen: &Versions<'_>| -> Vec<ListedVersion> {
            let one = |version: Version| {
                let licences = of(std::slice::from_ref(&version), seen).into_iter().collect();
                ListedVersion { package: package.to_owned(), version, licences }
            };
            versions.into_iter().map(one).collect()
        };
        self.removed.extend(listed(gone, then));
        self.added.extend(listed(new, now));
    }

    /// The files that no package covers.
    fn files_of(&mut self, before: &Side<'_>, after: &Side<'_>) {
        let (Some(then), Some(now)) = (&before.unidentified, &after.unidentified) else {
            let silent = if before.unidentified.is_none() { before } else { after };
            self.not_compared.push(format!("files that no package covers: `{}` does not say which they are", silent.name));
            return;
        };
        let paths: BTreeSet<&str> = then.keys().chain(now.keys()).copied().collect();
        for path in paths {
            let (from, to) = (then.get(path), now.get(path));
            if from != to {
                let owned = |hex: Option<&&str>| hex.map(|hex| (*hex).to_owned());
                self.files.push(FileChange { path: path.to_owned(), from: owned(from), to: owned(to) });
            }
        }
    }
}

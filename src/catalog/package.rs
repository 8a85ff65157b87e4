//! The nouns of this stage.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Purl;
use super::licence::Licence;

/// One package that files of the artifact speak of. All text is foreign: print through `printable`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Type, namespace, name, version. A version that is not known is absent.
    pub purl: Purl,
    /// The name as its ecosystem writes it, in its own spelling: `JSONStream`, `@scope/name`, `group:artifact`.
    pub name: String,
    /// On what it rests.
    pub basis: Basis,
    /// What it is.
    pub kind: PackageKind,
    /// Whether it is needed to run.
    pub scope: Scope,
    /// Licences, as declared.
    pub licences: Vec<Licence>,
    /// Hashes of the package as it was distributed, from a lock or the package's own record; never of files here.
    pub hashes: BTreeSet<PackageHash>,
    /// CPE 2.3 names, most exact first.
    pub cpes: Vec<String>,
    /// Author, maintainer or vendor, as the metadata has it.
    pub supplier: Option<String>,
    /// One line.
    pub description: Option<String>,
    /// Web addresses.
    pub links: BTreeSet<Link>,
    /// Which files say so, and how sure that is.
    pub evidence: BTreeSet<Evidence>,
    /// Paths of the artifact that are the package's, as its own format lists them, or by the folder that is its alone.
    pub files: BTreeSet<String>,
    /// Folder that the package is installed in, where it has one.
    pub root: Option<String>,
    /// What else is worth saying: `layerproof:…` names to values.
    pub properties: BTreeMap<String, String>,
}

impl Package {
    /// A package of which nothing more is known yet.
    pub fn new(purl: Purl, basis: Basis, evidence: Evidence) -> Self {
        Self {
            name: purl.full_name(),
            purl,
            basis,
            kind: PackageKind::Library,
            scope: Scope::Required,
            licences: Vec::new(),
            hashes: BTreeSet::new(),
            cpes: Vec::new(),
            supplier: None,
            description: None,
            links: BTreeSet::new(),
            evidence: BTreeSet::from([evidence]),
            files: BTreeSet::new(),
            root: None,
            properties: BTreeMap::new(),
        }
    }

    /// The whole version: `1:3.0.8-1`, with the epoch of an rpm, which its package URL has as a qualifier, and none of zero.
    pub fn version(&self) -> Option<Cow<'_, str>> {
        let version = self.purl.version.as_deref()?;
        Some(match self.purl.qualifiers.get("epoch").filter(|epoch| *epoch != "0") {
            Some(epoch) if !version.starts_with(&format!("{epoch}:")) => Cow::Owned(format!("{epoch}:{version}")),
            Some(_) | None => Cow::Borrowed(version.strip_prefix("0:").unwrap_or(version)),
        })
    }
}

/// On what a package rests, surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Package metadata or build information of what is there.
    Installed,
    /// An SBOM that a vendor put into the artifact.
    Embedded,
    /// A lockfile or manifest alone.
    Declared,
    /// A classifier, a panic path, a source map.
    Heuristic,
}

impl Basis {
    /// The value of the property `layerproof:basis`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::Embedded => "embedded",
            Self::Declared => "declared",
            Self::Heuristic => "heuristic",
        }
    }
}

/// CycloneDX component types, as far as packages have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageKind {
    /// A library.
    Library,
    /// A program.
    Application,
    /// A framework or language runtime.
    Framework,
    /// The operating system of an image.
    OperatingSystem,
}

/// CycloneDX `scope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Needed to run, or not known to be otherwise.
    Required,
    /// There, and used where something asks for it.
    Optional,
    /// For building or testing, not for running.
    Excluded,
}

/// A hash of a package as distributed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PackageHash {
    /// CycloneDX name: `SHA-1`, `SHA-256`, `SHA-512`, `MD5`.
    pub algorithm: String,
    /// Lower-case hexadecimal.
    pub hex: String,
}

/// A web address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Link {
    /// What is there.
    pub kind: LinkKind,
    /// The address, as written.
    pub url: String,
}

/// CycloneDX external reference types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkKind {
    /// Home page.
    Website,
    /// Source repository.
    Vcs,
    /// Where it was downloaded from.
    Distribution,
    /// Where to report bugs.
    IssueTracker,
}

/// One file that speaks of a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Evidence {
    /// Path in the artifact; within an archive in it `outer.jar!/inner.jar!/META-INF/MANIFEST.MF`.
    pub path: String,
    /// The cataloger.
    pub cataloger: String,
    /// How it was found.
    pub technique: Technique,
    /// Percent, 0 to 100. 100: the package's own metadata.
    pub confidence: u8,
}

impl Evidence {
    /// The package's own metadata: as sure as it gets.
    pub fn metadata(path: impl Into<String>, cataloger: &str) -> Self {
        Self { path: path.into(), cataloger: cataloger.into(), technique: Technique::ManifestAnalysis, confidence: 100 }
    }
}

/// CycloneDX 1.6, `evidence.identity[].methods[].technique`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Technique {
    /// Metadata that was installed with the package, or a lockfile.
    ManifestAnalysis,
    /// What a binary says of itself.
    BinaryAnalysis,
    /// The name of a file.
    Filename,
    /// The text of a source file or map.
    SourceCodeAnalysis,
    /// Something else.
    Other,
}

/// A need that a package states, before it is known what meets it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Requirement {
    /// The name by which the ecosystem looks for it: normalised as its packages' names are.
    pub name: String,
    /// The constraint as written, empty for none.
    pub constraint: String,
    /// True where the package runs without it.
    pub optional: bool,
}

/// A relation between two packages of a catalog, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Edge {
    /// Index of the package that it is about.
    pub from: usize,
    /// What it has to do with the other.
    pub relation: Relation,
    /// Index of the other.
    pub to: usize,
}

/// What two packages have to do with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// `from` needs `to` to run.
    DependsOn,
    /// The files of `to` lie within `from`: nested jars, bundled libraries.
    Contains,
    /// A package of the operating system, `to`, brought the files of `from`.
    OwnedBy,
}

//! What single files say, before it is put together.

use serde::{Deserialize, Serialize};

use super::Flaw;
use super::package::{Edge, Package, Requirement};

/// What one file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The packages that it speaks of.
    pub packages: Vec<Package>,
    /// What the packages need, by index into `packages`, where the file has names and not yet packages.
    pub requires: Vec<(usize, Requirement)>,
    /// What the packages meet besides their own name (`Provides` of deb and rpm), by index into `packages`.
    pub provides: Vec<(usize, String)>,
    /// Relations that the file itself states, by index into `packages`.
    pub edges: Vec<Edge>,
    /// Files that it says belong to a package that another file describes (`RECORD`, `*.list`): paths of the artifact. Which package that
    /// is, the cataloger knows by the file's own path.
    pub files: Vec<String>,
    /// Other words that a cataloger leaves for its own `assemble`: name and value.
    pub notes: Vec<(String, String)>,
    /// The operating system that the file names.
    pub os: Option<OsRelease>,
    /// The file itself, where it is an executable or a script.
    pub executable: Option<Executable>,
    /// Parts of the file that could not be understood.
    pub flaws: Vec<Flaw>,
    /// Why the list of this ecosystem can't be complete because of this file (a bundle without versions), where that is so.
    pub incomplete: Option<String>,
    /// Why it can't be told whether the list of this ecosystem is complete (classes that no metadata names), where that is so.
    pub unsure: Option<String>,
}

impl Facts {
    /// How much is kept of them, in words of some hundred bytes.
    pub fn words(&self) -> usize {
        const OF_A_PACKAGE: usize = 8;
        // Two texts, and what comes of it in the document.
        const OF_A_NEED: usize = 4;
        let Self { packages, requires, provides, edges, files, notes, .. } = self;
        let small = [requires.len().saturating_mul(OF_A_NEED), provides.len(), edges.len(), files.len(), notes.len()];
        small.into_iter().fold(packages.len().saturating_mul(OF_A_PACKAGE), usize::saturating_add)
    }
}

/// The facts of one file, as [`super::Cataloger::assemble`] gets them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its path.
    pub path: String,
    /// What it says.
    pub facts: Facts,
}

/// `os-release(5)`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OsRelease {
    /// `ID`: `debian`, `amzn`, `alpine`.
    pub id: String,
    /// `ID_LIKE`, in order.
    pub id_like: Vec<String>,
    /// `VERSION_ID`.
    pub version_id: Option<String>,
    /// `PRETTY_NAME`.
    pub pretty_name: Option<String>,
    /// `CPE_NAME`.
    pub cpe: Option<String>,
    /// The file that says so.
    pub path: String,
}

/// A file that runs, or is loaded by what runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Executable {
    /// Path. Untrusted: print through `printable`.
    pub path: String,
    /// What it is.
    pub kind: ExecutableKind,
    /// Bytes.
    pub size: u64,
    /// SHA-256, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// GNU build id, hexadecimal.
    pub build_id: Option<String>,
    /// `DT_SONAME`.
    pub soname: Option<String>,
    /// Libraries that the loader looks for (`DT_NEEDED`), in order.
    pub needed: Vec<String>,
    /// Interpreter of a script (`#!`), or of a program (`PT_INTERP`).
    pub interpreter: Option<String>,
    /// Machine of an ELF file: `x86_64`, `aarch64`.
    pub machine: Option<String>,
}

/// What an executable is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExecutableKind {
    /// An ELF program or library.
    Elf,
    /// Text that an interpreter runs.
    Script,
}

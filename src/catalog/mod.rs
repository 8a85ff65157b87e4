//! Stage 4b: the packages of an artifact, from its own files. One file (or folder) per package ecosystem; nothing here opens a socket.
//!
//! 1. [`Cataloger::wants`] is asked of every file, by path, size and mode alone. `unpack` reads what is wanted, once, and nothing else.
//! 2. [`Cataloger::parse`] makes [`Facts`] of one file's bytes. Of an image that happens layer by layer; facts of files that a later
//!    layer hides or removes are dropped.
//! 3. [`Cataloger::assemble`] puts a cataloger's facts together, with the list of all files at hand: metadata with file lists, locks with
//!    what is installed, requirements with what meets them.
//! 4. [`catalog`] merges what several catalogers found, ties files to packages, and lists the executables that no package covers.
//!
//! A file that can't be understood costs a [`CatalogGap`], never the run.

mod apk;
mod assemble;
mod classifier;
mod distro;
mod dotnet;
mod dpkg;
mod elf;
pub mod elf_image;
mod elf_note;
pub mod embedded_sbom;
mod executable_file;
pub mod facts;
pub mod file;
mod go;
mod graalvm;
mod java;
mod js_bundle;
mod lambda;
pub mod licence;
mod npm;
mod os_release;
mod overlap;
pub mod package;
mod php;
pub mod purl;
mod python;
mod read;
mod rpm;
mod ruby;
mod rust;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use assemble::{Assembled, combine};
pub use facts::{Executable, ExecutableKind, Facts, OsRelease, Seen};
pub use file::{File, FileFacts, View};
pub use licence::Licence;
pub use package::{Basis, Edge, Evidence, Link, LinkKind, Package, PackageHash, PackageKind, Relation, Requirement, Scope, Technique};
pub use purl::Purl;
pub use read::{Cataloged, Input, Options, catalog};

use crate::model::gap::GapReason;

/// A package ecosystem, or another way in which files tell of packages.
pub trait Cataloger: Sync {
    /// Its name, as evidence, `--catalogers` and gaps show it: `python`, `npm`, `rpm`.
    fn name(&self) -> &'static str;

    /// What it reads and what it finds, one sentence.
    fn describe(&self) -> &'static str;

    /// Whether it wants a file, judged by path, size and mode alone. Asked of every file: it must be cheap.
    fn wants(&self, file: &FileFacts<'_>) -> Option<Want>;

    /// What one file says. A file that can't be understood is an error that says why; what could be understood of it nevertheless, and
    /// what could not, goes into [`Facts::flaws`].
    ///
    /// # Errors
    /// Why the file says nothing.
    fn parse(&self, file: &File<'_>) -> Result<Facts, Flaw>;

    /// True where it looks into programs, executables and scripts. Of zips and folders these are read last, when it is known which files
    /// packages cover.
    fn is_about_programs(&self) -> bool {
        false
    }

    /// Puts the facts of this cataloger's files together, sorted by path. By default each file stands for itself.
    fn assemble(&self, seen: Vec<Seen>, _view: &View<'_>) -> Assembled {
        Assembled::each(seen)
    }
}

/// All catalogers.
pub static ALL: &[&dyn Cataloger] = &[
    &dotnet::DotNet,
    &java::Jars,
    &os_release::OsReleaseFile,
    &php::Composer,
    &ruby::Gems,
    &js_bundle::BundledScripts,
    &npm::NpmPackages,
    &python::PythonPackages,
    &classifier::Classifiers,
    &elf::Executables,
    &elf_note::PackageNotes,
    &go::GoPrograms,
    &graalvm::NativeImages,
    &lambda::LambdaParts,
    &rust::RustPrograms,
    &apk::Apk,
    &dpkg::Dpkg,
    &rpm::Rpm,
    &embedded_sbom::EmbeddedSbom,
];

/// What is wanted of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Want {
    /// Bytes at most; a longer file is a gap that names `limit`.
    pub most: u64,
    /// The limit's name, in this stage's `MAX_…`.
    pub limit: &'static str,
    /// Where not empty: only a file that begins with one of these is wanted, and of any other no more than its beginning is read.
    pub magic: &'static [&'static [u8]],
}

impl Want {
    /// The whole file, where it has no more than `most` bytes.
    pub const fn whole(most: u64, limit: &'static str) -> Self {
        Self { most, limit, magic: &[] }
    }

    /// The whole file, where it begins with one of these.
    pub const fn beginning(magic: &'static [&'static [u8]], most: u64, limit: &'static str) -> Self {
        Self { most, limit, magic }
    }
}

/// Why a file, or a part of it, could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flaw {
    /// The reason, as of any gap.
    pub reason: GapReason,
    /// What was seen and where: `line 7: …`. Untrusted: print through `printable`.
    pub detail: String,
}

impl Flaw {
    /// The bytes are not what the format says.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self { reason: GapReason::Malformed, detail: detail.into() }
    }

    /// A limit, by its name, with the numbers.
    pub fn too_large(limit: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { reason: GapReason::TooLarge { limit: limit.into() }, detail: detail.into() }
    }
}

/// Something about the packages of an artifact that could not be learned. It stands in the SBOM itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CatalogGap {
    /// The file. Untrusted: print through `printable`.
    pub path: String,
    /// The cataloger that could not read it, or `archive` where the bytes could not be had.
    pub cataloger: String,
    /// Why.
    pub reason: GapReason,
    /// What was seen. Untrusted: print through `printable`.
    pub detail: String,
}

/// All that is known of an artifact's packages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalog {
    /// The packages, sorted by package URL; each once, whatever number of files speaks of it.
    pub packages: Vec<Package>,
    /// Relations between packages, by index, sorted.
    pub edges: Vec<Edge>,
    /// Executables and scripts that no package covers, sorted by path.
    pub unidentified: Vec<Executable>,
    /// The operating system of an image.
    pub os: Option<OsRelease>,
    /// How much is known, for each ecosystem of which anything was found, sorted.
    pub compositions: Vec<Composition>,
    /// What could not be learned, sorted.
    pub gaps: Vec<CatalogGap>,
}

/// How complete the list of one ecosystem's packages is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Composition {
    /// The cataloger, or `artifact` for the whole.
    pub of: String,
    /// How complete.
    pub aggregate: Aggregate,
    /// Why it is not complete; empty where it is.
    pub reason: String,
}

/// CycloneDX 1.6, `compositions[].aggregate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aggregate {
    /// Nothing is missing of what the format can say.
    Complete,
    /// Something is known to be missing.
    Incomplete,
    /// It can't be said.
    Unknown,
}

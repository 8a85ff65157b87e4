//! Installed Python packages: `*.dist-info` (Recording installed projects, packaging.python.org; PEP 376, 610, 627), `*.egg-info` and
//! `EGG-INFO` (setuptools), wherever they lie.
//!
//! 1. [`Cataloger::parse`] reads one file: headers of `METADATA` and `PKG-INFO` ([`metadata`]), paths of `RECORD` and
//!    `installed-files.txt` ([`record`]), names of `top_level.txt`, needs of `requires.txt` ([`requirement`]), `direct_url.json`
//!    ([`direct_url`]).
//! 2. [`Cataloger::assemble`] ([`installed`]) ties them by the folder that they stand in, and meets needs with what is in the same place.
//!
//! SBOMs in `*.dist-info/sboms/` (PEP 770) are read with all other embedded SBOMs.

mod classifier;
mod direct_url;
mod installed;
mod metadata;
mod record;
mod requirement;
#[cfg(test)]
mod tests;

use super::{Assembled, Cataloger, Facts, File, FileFacts, Flaw, Seen, View, Want};

/// Bytes of metadata. Real ones have up to some hundred thousand, nearly all of it the description, which is not read.
const MAX_METADATA_BYTES: u64 = 8 << 20;
/// Bytes of a list of files. The longest real ones (tens of thousands of files) have some four million.
const MAX_RECORD_BYTES: u64 = 16 << 20;
/// Bytes of the small files beside them. Real ones have a few hundred.
const MAX_SMALL_BYTES: u64 = 1 << 20;
/// Names in one `top_level.txt`. Real ones have a handful.
const MAX_TOP_LEVEL: usize = 1_000;

/// See the module.
pub(super) struct PythonPackages;

/// What a file is to this cataloger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// `METADATA`, `PKG-INFO`, or an `.egg-info` that is a file.
    Metadata,
    /// `RECORD`: paths relative to the folder that holds the `.dist-info`.
    Record,
    /// `installed-files.txt`: paths relative to the `.egg-info` itself.
    InstalledFiles,
    /// `top_level.txt`.
    TopLevel,
    /// `requires.txt`.
    Requires,
    /// `direct_url.json`.
    DirectUrl,
}

impl Role {
    /// By path alone.
    fn of(file: &FileFacts<'_>) -> Option<Self> {
        let name = file.name();
        let role = match name {
            "METADATA" | "PKG-INFO" => Self::Metadata,
            "RECORD" => Self::Record,
            "installed-files.txt" => Self::InstalledFiles,
            "top_level.txt" => Self::TopLevel,
            "requires.txt" => Self::Requires,
            "direct_url.json" => Self::DirectUrl,
            _ if name.ends_with(".egg-info") || name.ends_with(".dist-info") => return Some(Self::Metadata),
            _ => return None,
        };
        let folder = file.folder();
        let holds = |suffix: &str| folder.len() >= suffix.len() && folder.ends_with(suffix);
        let is_egg = holds(".egg-info") || folder == "EGG-INFO" || holds("/EGG-INFO");
        let is_dist = holds(".dist-info");
        match role {
            Self::Metadata if name == "METADATA" => is_dist,
            Self::Record | Self::DirectUrl => is_dist,
            Self::Metadata | Self::InstalledFiles | Self::Requires => is_egg,
            Self::TopLevel => is_dist || is_egg,
        }
        .then_some(role)
    }
}

impl Cataloger for PythonPackages {
    fn name(&self) -> &'static str {
        "python"
    }

    fn describe(&self) -> &'static str {
        "installed Python packages: METADATA and RECORD of *.dist-info, PKG-INFO of *.egg-info"
    }

    fn wants(&self, file: &FileFacts<'_>) -> Option<Want> {
        Some(match Role::of(file)? {
            Role::Metadata => Want::whole(MAX_METADATA_BYTES, "python::MAX_METADATA_BYTES"),
            Role::Record | Role::InstalledFiles => Want::whole(MAX_RECORD_BYTES, "python::MAX_RECORD_BYTES"),
            Role::TopLevel | Role::Requires | Role::DirectUrl => Want::whole(MAX_SMALL_BYTES, "python::MAX_SMALL_BYTES"),
        })
    }

    fn parse(&self, file: &File<'_>) -> Result<Facts, Flaw> {
        let folder = file.facts.folder();
        match Role::of(&file.facts) {
            Some(Role::Metadata) => metadata::read(file.path(), file.bytes, self.name()),
            Some(Role::Record) => Ok(record::read(file.bytes, installed::above(folder))),
            Some(Role::InstalledFiles) => Ok(record::read_installed_files(file.bytes, folder)),
            Some(Role::TopLevel) => Ok(top_level(file.bytes)),
            Some(Role::Requires) => Ok(requirement::read_requires(&metadata::text(file.bytes))),
            Some(Role::DirectUrl) => direct_url::read(file.bytes),
            None => Ok(Facts::default()),
        }
    }

    fn assemble(&self, seen: Vec<Seen>, view: &View<'_>) -> Assembled {
        installed::assemble(seen, view)
    }
}

/// Names that the package can be imported by, one a line.
fn top_level(bytes: &[u8]) -> Facts {
    let mut facts = Facts::default();
    let text = metadata::text(bytes);
    let mut names = text.lines().map(str::trim).filter(|name| !name.is_empty());
    facts.notes = names.by_ref().take(MAX_TOP_LEVEL).map(|name| (installed::TOP_LEVEL.to_owned(), name.to_owned())).collect();
    if names.next().is_some() {
        facts.flaws.push(Flaw::too_large("python::MAX_TOP_LEVEL", format!("more than {MAX_TOP_LEVEL} names")));
    }
    facts
}

//! Files as catalogers see them.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::OsRelease;
use super::elf_image::Elf;
use crate::unpack::FileEntry;

/// What is known of a file before it is read.
#[derive(Debug, Clone, Copy)]
pub struct FileFacts<'a> {
    /// Normalised path (see `FileEntry::path`).
    pub path: &'a str,
    /// Bytes.
    pub size: u64,
    /// Permission bits, where the archive gives any.
    pub mode: Option<u32>,
    /// Whether a package covers it; `None` where that is not known yet.
    pub covered: Option<bool>,
}

impl<'a> FileFacts<'a> {
    /// The last component.
    pub fn name(&self) -> &'a str {
        self.path.rsplit_once('/').map_or(self.path, |(_, name)| name)
    }

    /// The folder, empty at the root.
    pub fn folder(&self) -> &'a str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// What stands after the last dot of the name, where there is anything before it.
    pub fn extension(&self) -> Option<&'a str> {
        self.name().rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, extension)| extension)
    }

    /// True where anybody may execute it.
    pub fn is_executable(&self) -> bool {
        self.mode.is_some_and(|mode| mode & 0o111 != 0)
    }
}

/// A file that was read.
pub struct File<'a> {
    /// Path, size and mode.
    pub facts: FileFacts<'a>,
    /// All of its bytes.
    pub bytes: &'a Arc<Vec<u8>>,
    elf: OnceCell<Option<Elf<'a>>>,
}

impl<'a> File<'a> {
    /// A file with its bytes.
    pub fn new(facts: FileFacts<'a>, bytes: &'a Arc<Vec<u8>>) -> Self {
        Self { facts, bytes, elf: OnceCell::new() }
    }

    /// Its path.
    pub fn path(&self) -> &'a str {
        self.facts.path
    }

    /// The file as ELF, parsed once for all catalogers; `None` where it is none that can be read.
    pub fn elf(&self) -> Option<&Elf<'a>> {
        self.elf.get_or_init(|| Elf::read(self.bytes)).as_ref()
    }
}

/// All files of the artifact, as they are at the end, for putting facts together.
pub struct View<'a> {
    entries: BTreeMap<&'a str, &'a FileEntry>,
    /// The operating system, where a file names it.
    pub os: Option<&'a OsRelease>,
}

impl<'a> View<'a> {
    /// A view of these entries.
    pub fn new(entries: impl Iterator<Item = &'a FileEntry>, os: Option<&'a OsRelease>) -> Self {
        Self { entries: entries.map(|entry| (entry.path.as_str(), entry)).collect(), os }
    }

    /// The entry at exactly this path.
    pub fn at(&self, path: &str) -> Option<&'a FileEntry> {
        self.entries.get(path).copied()
    }

    /// All entries below a folder, at any depth, sorted by path. The root is the empty path.
    pub fn below<'v>(&'v self, folder: &str) -> impl Iterator<Item = &'a FileEntry> + use<'a, 'v> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let from = prefix.clone();
        self.entries
            .range::<str, _>((std::ops::Bound::Included(from.as_str()), std::ops::Bound::Unbounded))
            .map(|(path, entry)| (*path, *entry))
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .map(|(_, entry)| entry)
    }
}

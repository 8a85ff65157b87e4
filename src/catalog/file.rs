//! Files as catalogers see them.

use std::cell::OnceCell;
use std::collections::HashMap;
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
    // Cut once: every cataloger asks for them, of every file.
    folder: &'a str,
    name: &'a str,
    extension: Option<&'a str>,
}

impl<'a> FileFacts<'a> {
    /// Of a file of which it is not known yet whether a package covers it.
    pub fn new(path: &'a str, size: u64, mode: Option<u32>) -> Self {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let extension = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, extension)| extension);
        Self { path, size, mode, covered: None, folder, name, extension }
    }

    /// The same, with what is known of packages that cover it.
    pub fn with_cover(self, covered: Option<bool>) -> Self {
        Self { covered, ..self }
    }

    /// The last component.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The folder, empty at the root.
    pub fn folder(&self) -> &'a str {
        self.folder
    }

    /// What stands after the last dot of the name, where there is anything before it.
    pub fn extension(&self) -> Option<&'a str> {
        self.extension
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
#[derive(Clone)]
pub struct View<'a> {
    files: Arc<Files<'a>>,
    /// The operating system, where a file names it.
    pub os: Option<&'a OsRelease>,
}

struct Files<'a> {
    /// Sorted by path, each path once: of several entries the last counts.
    sorted: Vec<&'a FileEntry>,
    by_path: HashMap<&'a str, &'a FileEntry>,
}

impl<'a> View<'a> {
    /// A view of these entries.
    pub fn new(entries: impl Iterator<Item = &'a FileEntry>, os: Option<&'a OsRelease>) -> Self {
        let mut sorted: Vec<&FileEntry> = entries.collect();
        sorted.sort_by(|a, b| a.path.cmp(&b.path));
        sorted.reverse();
        sorted.dedup_by(|a, b| a.path == b.path);
        sorted.reverse();
        let by_path = sorted.iter().map(|entry| (entry.path.as_str(), *entry)).collect();
        Self { files: Arc::new(Files { sorted, by_path }), os }
    }

    /// The same files, with what is known of the operating system.
    pub fn with_os(&self, os: Option<&'a OsRelease>) -> Self {
        Self { files: Arc::clone(&self.files), os }
    }

    /// The entry at exactly this path.
    pub fn at(&self, path: &str) -> Option<&'a FileEntry> {
        self.files.by_path.get(path).copied()
    }

    /// How many paths there are.
    pub fn count(&self) -> usize {
        self.files.sorted.len()
    }

    /// All entries below a folder, at any depth, sorted by path. The root is the empty path.
    pub fn below<'v>(&'v self, folder: &str) -> impl Iterator<Item = &'a FileEntry> + use<'a, 'v> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let from = self.files.sorted.partition_point(|entry| entry.path < prefix);
        let below = self.files.sorted.get(from..).unwrap_or_default();
        below.iter().copied().take_while(move |entry| entry.path.starts_with(&prefix))
    }
}

//! Files as catalogers see them.

use std::cell::OnceCell;
use std::cmp::Ordering::{Equal, Greater, Less};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::elf_image::Elf;
use super::{OsRelease, executable_file};
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
    may_be_executable: bool,
}

impl<'a> FileFacts<'a> {
    /// Of a file of which it is not known yet whether a package covers it.
    pub fn new(path: &'a str, size: u64, mode: Option<u32>) -> Self {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let extension = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, extension)| extension);
        let mut facts = Self { path, size, mode, covered: None, folder, name, extension, may_be_executable: false };
        facts.may_be_executable = executable_file::is_worth_a_look(&facts);
        facts
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

    /// Whether its beginning is worth a look: it may be executed, or its name is one that programs and libraries have.
    pub fn may_be_executable(&self) -> bool {
        self.may_be_executable
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
    /// Sorted by path, each path once: of several entries the last counts.
    files: Arc<Vec<&'a FileEntry>>,
    /// Where the last path that was asked for stands, or would stand after: lists of files are sorted, and the next one is near.
    near: AtomicUsize,
    /// The operating system, where a file names it.
    pub os: Option<&'a OsRelease>,
}

impl<'a> View<'a> {
    /// A view of these entries.
    pub fn new(entries: impl Iterator<Item = &'a FileEntry>, os: Option<&'a OsRelease>) -> Self {
        let mut sorted: Vec<&FileEntry> = entries.collect();
        sorted.sort_by(|a, b| a.path.cmp(&b.path));
        sorted.reverse();
        sorted.dedup_by(|a, b| a.path == b.path);
        sorted.reverse();
        Self { files: Arc::new(sorted), near: AtomicUsize::new(0), os }
    }

    /// The same files, with what is known of the operating system.
    pub fn with_os(&self, os: Option<&'a OsRelease>) -> Self {
        Self { files: Arc::clone(&self.files), near: AtomicUsize::new(0), os }
    }

    /// The entry at exactly this path.
    pub fn at(&self, path: &str) -> Option<&'a FileEntry> {
        self.files.get(self.place(path)?).copied()
    }

    /// Where the entry at exactly this path stands among all, below [`Self::count`].
    pub fn place(&self, path: &str) -> Option<usize> {
        let near = self.near.load(Ordering::Relaxed);
        let compare = |place: usize| self.files.get(place).map(|entry| path.cmp(entry.path.as_str()));
        match compare(near) {
            Some(Equal) => return Some(near),
            Some(Greater) => {
                let next = near.saturating_add(1);
                match compare(next) {
                    Some(Equal) => {
                        self.near.store(next, Ordering::Relaxed);
                        return Some(next);
                    }
                    Some(Less) | None => return None,
                    Some(Greater) => {}
                }
            }
            Some(Less) | None => {}
        }
        let found = self.files.binary_search_by(|entry| entry.path.as_str().cmp(path));
        self.near.store(found.unwrap_or_else(|after| after.saturating_sub(1)), Ordering::Relaxed);
        found.ok()
    }

    /// How many paths there are.
    pub fn count(&self) -> usize {
        self.files.len()
    }

    /// All entries below a folder, at any depth, sorted by path. The root is the empty path.
    pub fn below<'v>(&'v self, folder: &str) -> impl Iterator<Item = &'a FileEntry> + use<'a, 'v> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let from = self.files.partition_point(|entry| entry.path < prefix);
        let below = self.files.get(from..).unwrap_or_default();
        below.iter().copied().take_while(move |entry| entry.path.starts_with(&prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unpack::FileTree;

    #[test]
    fn a_file_is_found_whatever_was_asked_for_before_it() {
        let paths = ["a", "a-b", "a/b", "a/c", "b", "b/a", "c"];
        let tree = FileTree::of_files(&paths);
        let asked = ["", "A", "a", "a-", "a-b", "a/", "a/b", "a/bb", "a/c", "b", "b/a", "b/b", "c", "d"];
        for before in asked {
            for path in asked {
                let view = View::new(tree.entries.iter(), None);
                view.at(before);
                let found = view.at(path).map(|entry| entry.path.as_str());
                assert_eq!(found, paths.contains(&path).then_some(path), "after {before}");
            }
        }
        assert_eq!(View::new([].iter(), None).place("a"), None);
    }
}

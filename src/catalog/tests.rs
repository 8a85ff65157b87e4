//! Runs one cataloger over files of a test, as [`super::read`] does: asked, parsed, put together.

use std::sync::Arc;

use super::{Assembled, CatalogGap, Cataloger, File, FileFacts, Flaw, Seen, View};
use crate::unpack::{EntryKind, FileEntry};

/// What a cataloger makes of files, links and folders.
pub(super) struct Tried {
    pub(super) all: Assembled,
    pub(super) gaps: Vec<CatalogGap>,
}

/// The entries of an artifact.
#[derive(Default)]
pub(super) struct Tree(Vec<(FileEntry, Vec<u8>)>);

impl Tree {
    /// With a file.
    pub(super) fn file(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.0.push((entry(path, EntryKind::File, content.as_ref().len()), content.as_ref().to_vec()));
        self
    }

    /// With a symbolic link.
    pub(super) fn link(mut self, path: &str, target: &str) -> Self {
        self.0.push((entry(path, EntryKind::Symlink { target: target.into() }, 0), Vec::new()));
        self
    }

    /// Tries the cataloger.
    pub(super) fn catalog(mut self, cataloger: &dyn Cataloger) -> Tried {
        self.0.sort_by(|a, b| a.0.path.cmp(&b.0.path));
        let mut seen = Vec::new();
        let mut gaps = Vec::new();
        for (entry, content) in self.0.iter().filter(|(entry, _)| entry.kind == EntryKind::File) {
            let facts = FileFacts::new(&entry.path, entry.size, entry.mode);
            let Some(want) = cataloger.wants(&facts) else { continue };
            let bytes = Arc::new(content.clone());
            let mut gap = |flaw: Flaw| {
                let Flaw { reason, detail } = flaw;
                gaps.push(CatalogGap { path: entry.path.clone(), cataloger: cataloger.name().into(), reason, detail });
            };
            if entry.size > want.most {
                gap(Flaw::too_large(want.limit, "too long"));
                continue;
            }
            match cataloger.parse(&File::new(facts, &bytes)) {
                Ok(mut facts) => {
                    std::mem::take(&mut facts.flaws).into_iter().for_each(&mut gap);
                    seen.push(Seen { path: entry.path.clone(), facts });
                }
                Err(flaw) => gap(flaw),
            }
        }
        let view = View::new(self.0.iter().map(|(entry, _)| entry), None);
        let all = cataloger.assemble(seen, &view);
        for (path, Flaw { reason, detail }) in all.flaws.clone() {
            gaps.push(CatalogGap { path, cataloger: cataloger.name().into(), reason, detail });
        }
        Tried { all, gaps }
    }
}

impl Tried {
    /// `name version` of each package, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        let name = |p: &super::Package| format!("{} {}", p.name, p.purl.version.as_deref().unwrap_or("?"));
        let mut names: Vec<String> = self.all.packages.iter().map(name).collect();
        names.sort();
        names
    }

    /// `from -> to` of each edge, sorted.
    pub(super) fn edges(&self) -> Vec<String> {
        let name = |place: usize| self.all.packages[place].purl.to_string().rsplit_once(['/', ':']).unwrap().1.to_owned();
        let mut edges: Vec<String> = self.all.edges.iter().map(|e| format!("{} -> {}", name(e.from), name(e.to))).collect();
        edges.sort();
        edges.dedup();
        edges
    }

    /// The only package of a name.
    #[track_caller]
    pub(super) fn package(&self, name: &str) -> &super::Package {
        let mut found = self.all.packages.iter().filter(|p| p.name == name);
        let first = found.next().unwrap_or_else(|| panic!("no package {name} in {:?}", self.names()));
        assert!(found.next().is_none(), "several packages are called {name}");
        first
    }

    /// What could not be understood, `path: detail`.
    pub(super) fn said(&self) -> String {
        self.gaps.iter().map(|gap| format!("{}: {} ({:?})\n", gap.path, gap.detail, gap.reason)).collect()
    }
}

fn entry(path: &str, kind: EntryKind, size: usize) -> FileEntry {
    FileEntry { path: path.into(), kind, mode: Some(0o644), size: size as u64, origin: 0, member: 0, digest: None }
}

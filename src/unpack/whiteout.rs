//! Image layers merged into one file system, with OCI whiteouts. OCI image-spec 1.1, layer.md, "Whiteouts".

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::anomaly::{Anomalies, AnomalyKind};
use super::tree::{EntryKind, FileEntry};

const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";
/// Names that AUFS kept for itself; every reader leaves them out.
const AUFS: &str = ".wh..wh.";
/// Symbolic links that are followed for one path. Linux's own limit.
const MAX_HOPS: usize = 40;

/// The file system that layers merge into.
#[derive(Debug, Default)]
pub(super) struct Merged {
    entries: BTreeMap<String, FileEntry>,
}

impl Merged {
    /// Lays a layer on top. Its whiteouts remove what lower layers brought, never what the layer itself brings.
    pub(super) fn apply(&mut self, layer: Vec<FileEntry>, anomalies: &mut Anomalies) {
        let brought: HashSet<&str> = layer.iter().map(|e| e.path.as_str()).collect();
        let mut removals: Vec<Removal> = Vec::new();
        for entry in &layer {
            if let Some(removal) = removal(entry, anomalies) {
                if let Removal::Path(path) = &removal
                    && brought.contains(path.as_str())
                {
                    // Docker removes the path when it comes to the whiteout, so the order in the archive decides.
                    anomalies.push(AnomalyKind::DuplicateName, path, "the layer brings it and removes it");
                }
                removals.push(removal);
            }
        }
        drop(brought);
        for removal in removals {
            match removal {
                Removal::Path(path) => {
                    let path = self.resolve_folder(&path);
                    self.entries.remove(&path);
                    self.remove_below(&path);
                }
                Removal::Below(folder) if folder.is_empty() => self.entries.clear(),
                Removal::Below(folder) => {
                    let folder = self.resolve(&folder);
                    self.remove_below(&folder);
                }
            }
        }
        // Links of lower layers decide where a name leads; a link of the same layer on the way is reported as an anomaly.
        let placed: Vec<FileEntry> = layer
            .into_iter()
            .filter(|e| !file_name(&e.path).starts_with(WHITEOUT))
            .map(|e| FileEntry { path: self.resolve_folder(&e.path), ..e })
            .collect();
        for entry in placed {
            self.place(entry, anomalies);
        }
    }

    /// All entries, sorted by path.
    pub(super) fn into_entries(self) -> Vec<FileEntry> {
        self.entries.into_values().collect()
    }

    fn place(&mut self, mut entry: FileEntry, anomalies: &mut Anomalies) {
        if let EntryKind::Hardlink { target } = &entry.kind {
            match self.hardlink_target(target) {
                Ok(original) => {
                    // Both names are one file; the later of the two in the archive is the one called a link.
                    entry.size = original.size;
                    entry.digest = original.digest;
                }
                Err(detail) => anomalies.push(AnomalyKind::HardlinkEscape, &entry.path, format!("target `{target}` {detail}")),
            }
        }
        if entry.kind != EntryKind::Directory {
            self.remove_below(&entry.path);
        }
        self.entries.insert(entry.path.clone(), entry);
    }

    /// The file that a hard link names. Targets are relative to the root, with or without a leading slash.
    fn hardlink_target(&self, target: &str) -> Result<&FileEntry, &'static str> {
        let parts: Vec<&str> = target.split('/').filter(|p| !p.is_empty() && *p != ".").collect();
        if parts.contains(&"..") {
            return Err("has a `..` component");
        }
        let path = self.resolve_folder(&parts.join("/"));
        self.entries.get(&path).ok_or("is in no layer so far")
    }

    fn remove_below(&mut self, folder: &str) {
        let prefix = format!("{folder}/");
        let below: Vec<String> =
            self.entries.range(prefix.clone()..).map(|(path, _)| path).take_while(|path| path.starts_with(&prefix)).cloned().collect();
        for path in below {
            self.entries.remove(&path);
        }
    }

    /// The path with the links of its folders followed, the last component as it is. A name that climbs out keeps its `..`.
    fn resolve_folder(&self, path: &str) -> String {
        if path.split('/').any(|part| part == "..") {
            return path.to_owned();
        }
        match path.rsplit_once('/') {
            Some((folder, name)) => {
                let folder = self.resolve(folder);
                if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
            }
            None => path.to_owned(),
        }
    }

    /// The path with all links followed inside the root, as a container's kernel does. One that leads in a circle stays as it is.
    fn resolve(&self, path: &str) -> String {
        let mut at: Vec<String> = Vec::new();
        let mut todo: VecDeque<String> = path.split('/').map(str::to_owned).collect();
        let mut hops = 0_usize;
        while let Some(part) = todo.pop_front() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    at.pop();
                    continue;
                }
                _ => at.push(part),
            }
            let Some(FileEntry { kind: EntryKind::Symlink { target }, .. }) = self.entries.get(&at.join("/")) else { continue };
            hops = hops.saturating_add(1);
            if hops > MAX_HOPS {
                return path.to_owned();
            }
            at.pop();
            if target.starts_with('/') {
                at.clear();
            }
            for part in target.rsplit('/') {
                todo.push_front(part.to_owned());
            }
        }
        at.join("/")
    }
}

enum Removal {
    /// A path and all below it.
    Path(String),
    /// All below a folder.
    Below(String),
}

/// What a whiteout removes; `None` for an entry that is none.
fn removal(entry: &FileEntry, anomalies: &mut Anomalies) -> Option<Removal> {
    let name = file_name(&entry.path);
    let folder = entry.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let rest = name.strip_prefix(WHITEOUT)?;
    if folder.split('/').any(|part| part == "..") {
        // The name itself was reported; nothing outside the root is removed.
        return None;
    }
    if name == OPAQUE {
        return Some(Removal::Below(folder.to_owned()));
    }
    if name.starts_with(AUFS) {
        return None;
    }
    if rest.is_empty() || rest == "." || rest == ".." {
        anomalies.push(AnomalyKind::Traversal, &entry.path, "a whiteout that names no file");
        return None;
    }
    Some(Removal::Path(if folder.is_empty() { rest.to_owned() } else { format!("{folder}/{rest}") }))
}

fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

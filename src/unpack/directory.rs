//! A directory of this machine to [`Contents`], without following a symbolic link below it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::anomaly::{Anomalies, AnomalyKind};
use super::error::UnpackError;
use super::limits::{Deadline, Limits};
use super::name::{self, Origin};
use super::reader::{FileReader, Gathering, Unread};
use super::structure::{self, Node, Rules};
use super::tree::{EntryKind, FileEntry, FileTree};
use super::{Contents, Format, WantDigests};
use crate::model::digest::{Digest, Hasher};
use crate::model::printable::lossless;

const BUFFER: usize = 128 << 10;

/// Lists a directory. Sizes are those of the files; bodies are read only where a digest is wanted.
///
/// # Errors
/// I/O errors: a folder or wanted file that can't be read.
pub fn analyse_directory(root: &Path, limits: &Limits, want: &WantDigests) -> Result<Contents, UnpackError> {
    let deadline = Deadline::start(limits);
    let mut anomalies = Anomalies::default();
    let mut found: Vec<(Vec<u8>, FileEntry)> = Vec::new();
    let mut bytes = 0_u64;
    let mut count = 0_u64;
    let mut complete = true;
    let mut folders = vec![root.to_path_buf()];
    'walk: while let Some(folder) = folders.pop() {
        for item in fs::read_dir(&folder).map_err(|e| io_error(&folder, e))? {
            let path = item.map_err(|e| io_error(&folder, e))?.path();
            if let Some(detail) = over_limit(count, bytes, deadline, limits) {
                anomalies.push(AnomalyKind::LimitExceeded, "", detail);
                complete = false;
                break 'walk;
            }
            count = count.saturating_add(1);
            let raw = path.strip_prefix(root).unwrap_or(&path).as_os_str().as_bytes().to_vec();
            let Some(name) = name::normalise(&raw, Origin::Relative, limits, &mut anomalies) else {
                complete = false;
                continue;
            };
            let meta = fs::symlink_metadata(&path).map_err(|e| io_error(&path, e))?;
            let mut entry = FileEntry {
                kind: kind(&path, &meta)?,
                mode: Some(meta.mode() & 0o7777),
                size: if meta.is_file() { meta.len() } else { 0 },
                origin: u32::try_from(found.len()).unwrap_or(u32::MAX),
                member: 0,
                digest: None,
                path: name,
            };
            structure::check_mode(&entry.path, &entry.kind, entry.mode, &mut anomalies);
            bytes = bytes.saturating_add(entry.size);
            if meta.is_dir() {
                folders.push(path);
            } else if meta.is_file() && want.wants(&entry.path) {
                match digest(&path, limits, deadline)? {
                    Ok(digest) => entry.digest = Some(digest),
                    Err(detail) => {
                        anomalies.push(AnomalyKind::LimitExceeded, &entry.path, detail);
                        complete = false;
                    }
                }
            }
            found.push((raw, entry));
        }
    }
    let nodes: Vec<Node<'_>> = found.iter().map(|(raw, e)| Node { raw, path: &e.path, kind: &e.kind, place: e.origin }).collect();
    let rules = Rules { look_alikes: true, link_targets: true, repeated_directories: false };
    complete &= structure::check(&nodes, rules, deadline, &mut anomalies);
    let mut entries: Vec<FileEntry> = found.into_iter().map(|(_, entry)| entry).collect();
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    // The order in which a directory lists its files means nothing, and differs between machines.
    for (place, entry) in entries.iter_mut().enumerate() {
        entry.origin = u32::try_from(place).unwrap_or(u32::MAX);
    }
    let mut anomalies = anomalies.into_vec();
    anomalies.sort();
    Ok(Contents { format: Format::Directory, tree: FileTree { entries }, anomalies, entries: count, unpacked_bytes: bytes, complete })
}

/// Reads the files that `reader` wants, sorted by path. `contents` is the folder's own, of [`analyse_directory`]. A file that is gone or can't be
/// read since is handed over as such.
pub fn read_directory(root: &Path, contents: &Contents, limits: &Limits, reader: &dyn FileReader) {
    let mut left = limits.total_bytes;
    let deadline = Deadline::start(limits);
    let mut gathering = Gathering::default();
    let mut buffer = vec![0; BUFFER];
    for file in contents.tree.entries.iter().filter(|entry| entry.kind == EntryKind::File) {
        let Some(asked) = reader.wants(file) else { continue };
        if deadline.is_over() {
            reader.read(file, Err(Unread::Damaged("time: not reached".into())));
            continue;
        }
        gathering.begin(Some(asked), file.size);
        let flaw = pour(&root.join(&file.path), file.size, &mut left, &mut gathering, &mut buffer).err();
        gathering.end(file, flaw.map(|e| e.to_string()).as_deref(), reader);
    }
}

/// Reads one file, as long as more of it is of use. It must have the size that was listed.
fn pour(path: &Path, size: u64, left: &mut u64, gathering: &mut Gathering, buffer: &mut [u8]) -> io::Result<()> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() != size {
        return Err(io::Error::other("it changed while the folder was read"));
    }
    let mut done = 0_u64;
    while done < size && !gathering.is_enough() {
        let read = match file.read(buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        done = done.saturating_add(read as u64);
        *left = left.checked_sub(read as u64).ok_or_else(|| io::Error::other("total_bytes: the folder has more than is read"))?;
        gathering.data(buffer.get(..read).unwrap_or_default());
    }
    if done > size { Err(io::Error::other("it changed while the folder was read")) } else { Ok(()) }
}

fn over_limit(count: u64, bytes: u64, deadline: Deadline, limits: &Limits) -> Option<String> {
    if count >= limits.entries {
        Some(format!("entries: more than {}", limits.entries))
    } else if bytes > limits.total_bytes {
        Some(format!("total_bytes: more than {}", limits.total_bytes))
    } else if deadline.is_over() {
        Some(format!("time: stopped after {count} entries"))
    } else {
        None
    }
}

fn kind(path: &Path, meta: &fs::Metadata) -> Result<EntryKind, UnpackError> {
    Ok(if meta.is_dir() {
        EntryKind::Directory
    } else if meta.is_file() {
        EntryKind::File
    } else if meta.is_symlink() {
        let target = fs::read_link(path).map_err(|e| io_error(path, e))?.into_os_string().into_vec();
        EntryKind::Symlink { target: lossless(&target).into_owned() }
    } else {
        EntryKind::Special
    })
}

fn digest(path: &Path, limits: &Limits, deadline: Deadline) -> Result<Result<Digest, String>, UnpackError> {
    let mut file = File::open(path).map_err(|e| io_error(path, e))?;
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; BUFFER];
    let mut done = 0_u64;
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => return Ok(Ok(hasher.finish())),
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(io_error(path, e)),
        };
        done = done.saturating_add(read as u64);
        if done > limits.file_bytes {
            return Ok(Err(format!("file_bytes: more than {}", limits.file_bytes)));
        }
        if deadline.is_over() {
            return Ok(Err(format!("time: stopped in this file after {done} bytes")));
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
}

fn io_error(path: &Path, source: io::Error) -> UnpackError {
    UnpackError::Io { path: PathBuf::from(path), source }
}

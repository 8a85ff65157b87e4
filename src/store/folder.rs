//! Opening a store: which folders are safe to use, and the layout inside.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::StoreError;

/// What the layout file says. Another layout gets another number, and older versions of layerproof then refuse the store.
pub(super) const LAYOUT: &str = "layerproof-store 1";

/// Names that an empty folder may hold: what a kill in the middle of [`Layout::stamp`] leaves, and what a fresh ext4 volume comes with.
const NOT_CONTENT: &[&str] = &["lock", "layout.new", "lost+found"];

/// The folders of a store.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// The store itself, absolute.
    pub root: PathBuf,
    /// `blobs/sha256`: folders of two hexadecimal digits, and in them files named by the other 62.
    pub blobs: PathBuf,
    /// `analyses`: a folder per analyser version.
    pub analyses: PathBuf,
    /// `tmp`: files being written.
    pub tmp: PathBuf,
    /// `corrupt`: what failed verification, moved aside.
    pub corrupt: PathBuf,
    /// `leases`: which blobs each running process uses.
    pub leases: PathBuf,
    /// `lock`: see [`super::lease::Gate`].
    pub lock: PathBuf,
}

impl Layout {
    /// Creates what is missing and refuses what is unsafe.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let root = absolute(dir)?;
        create_folder(&root, true)?;
        let layout = Self {
            blobs: root.join("blobs").join("sha256"),
            analyses: root.join("analyses"),
            tmp: root.join("tmp"),
            corrupt: root.join("corrupt"),
            leases: root.join("leases"),
            lock: root.join("lock"),
            root,
        };
        layout.stamp()?;
        for folder in [&layout.root.join("blobs"), &layout.blobs, &layout.analyses, &layout.tmp, &layout.corrupt, &layout.leases] {
            create_folder(folder, false)?;
        }
        for parent in [&layout.blobs, &layout.analyses] {
            for entry in fs::read_dir(parent).map_err(StoreError::io("list", parent))? {
                let path = entry.map_err(StoreError::io("list", parent))?.path();
                check_folder(&path)?;
            }
        }
        Ok(layout)
    }

    /// Reads the layout file, or writes it into a folder that is empty. Under the lock, so that of two processes that create a store
    /// at once neither takes the other's first files for somebody's data; renamed into place, so that a kill leaves no half of it.
    fn stamp(&self) -> Result<(), StoreError> {
        let path = self.root.join("layout");
        if self.layout_is_ours(&path)? {
            return Ok(());
        }
        refuse_if_foreign_content(&self.root)?;
        let lock = open_private(&self.lock)?;
        lock.lock().map_err(StoreError::io("lock", &self.lock))?;
        if self.layout_is_ours(&path)? {
            return Ok(());
        }
        let new = self.root.join("layout.new");
        let mut file = open_private(&new)?;
        file.set_len(0)
            .and_then(|()| writeln!(file, "{LAYOUT}"))
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&new, &path))
            .map_err(StoreError::io("write", &path))?;
        sync_folder(&self.root)
    }

    fn layout_is_ours(&self, path: &Path) -> Result<bool, StoreError> {
        let file = match open_existing(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(source) => return Err(StoreError::Io { operation: "read", path: path.to_owned(), source }),
        };
        let mut text = Vec::new();
        file.take(100).read_to_end(&mut text).map_err(StoreError::io("read", path))?;
        let text = String::from_utf8_lossy(&text);
        if text.trim_end() == LAYOUT {
            Ok(true)
        } else {
            Err(StoreError::UnknownLayout { path: path.to_owned(), presented: text.trim_end().into(), expected: LAYOUT })
        }
    }
}

/// Creates a folder with mode 0700 unless it is there, and checks it either way.
pub(super) fn create_folder(path: &Path, with_parents: bool) -> Result<(), StoreError> {
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    if with_parents && let Some(parent) = path.parent() {
        builder.recursive(true).create(parent).map_err(StoreError::io("create", parent))?;
        builder.recursive(false);
    }
    match builder.create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(source) => return Err(StoreError::Io { operation: "create", path: path.to_owned(), source }),
    }
    check_folder(path)
}

/// Refuses a folder that is a link, belongs to somebody else, or can be written by the group or others.
pub(super) fn check_folder(path: &Path) -> Result<(), StoreError> {
    let metadata = fs::symlink_metadata(path).map_err(StoreError::io("look at", path))?;
    if metadata.is_symlink() {
        return Err(StoreError::Symlink { path: path.to_owned() });
    }
    if !metadata.is_dir() {
        return Err(StoreError::NotAFolder { path: path.to_owned() });
    }
    check_access(path, &metadata)
}

/// Refuses a file of the store's own books that is a link or that somebody else could have written. A missing one is fine.
pub(super) fn check_file(path: &Path) -> Result<(), StoreError> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(StoreError::Io { operation: "look at", path: path.to_owned(), source }),
    };
    if !metadata.is_file() {
        return Err(StoreError::NotAFile { path: path.to_owned() });
    }
    check_access(path, &metadata)
}

/// Owner and permission bits.
pub(super) fn check_access(path: &Path, metadata: &Metadata) -> Result<(), StoreError> {
    let own = rustix::process::geteuid().as_raw();
    if metadata.uid() != own {
        return Err(StoreError::ForeignOwner { path: path.to_owned(), owner: metadata.uid(), own });
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o022 != 0 {
        return Err(StoreError::WritableByOthers { path: path.to_owned(), mode });
    }
    Ok(())
}

/// Opens, or creates with mode 0600, a file of the store's own books for reading and writing. Never through a link.
pub(super) fn open_private(path: &Path) -> Result<File, StoreError> {
    check_file(path)?;
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags())
        .open(path)
        .map_err(StoreError::io("open", path))
}

/// Opens a file for reading, never through a link, and without waiting on a FIFO.
pub(super) fn open_existing(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(flags()).open(path)
}

/// Makes names in a folder survive a power cut.
pub(super) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(StoreError::io("sync", path))
}

fn flags() -> i32 {
    (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed()
}

/// The path without trailing slashes and dots: `link/` would be followed where `link` is seen to be a link.
fn absolute(dir: &Path) -> Result<PathBuf, StoreError> {
    let path = std::path::absolute(dir).map_err(StoreError::io("find", dir))?;
    Ok(path.components().collect())
}

fn refuse_if_foreign_content(root: &Path) -> Result<(), StoreError> {
    for entry in fs::read_dir(root).map_err(StoreError::io("list", root))? {
        let name = entry.map_err(StoreError::io("list", root))?.file_name();
        let name = name.to_string_lossy();
        if !NOT_CONTENT.contains(&&*name) && name != "layout" {
            // Another process may have stamped the folder between our two looks and filled it since.
            if root.join("layout").exists() {
                return Ok(());
            }
            return Err(StoreError::NotAStore { path: root.to_owned(), found: name.into_owned() });
        }
    }
    Ok(())
}

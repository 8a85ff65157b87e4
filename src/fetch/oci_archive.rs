//! Images in a tar archive of an OCI layout.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use tempfile::TempDir;

use super::{FetchError, Fetched, Layout, Wanted};
use crate::model::digest::ClaimedDigest;
use crate::model::gap::{Gap, GapReason};
use crate::model::observed::Observed;
use crate::store::Store;

/// Bytes that are copied out of one archive; an image of Lambda has at most 10 GB.
pub const MAX_ARCHIVE_BYTES: u64 = 11 << 30;
/// Entries of one archive: manifests, configurations and layers of its images.
pub const MAX_ARCHIVE_ENTRIES: usize = 100_000;

/// Copies the archive's blobs into a folder of their own. No path of the archive is used: a blob is kept under the digest that its name
/// spells, and everything else is passed over. Whether the bytes have that digest is found out when they are read.
pub(super) fn fetch(
    path: &Path,
    digest: &str,
    architecture: &str,
    wanted: &Wanted<'_>,
    store: &Store,
) -> Result<Observed<Fetched>, FetchError> {
    let folder = tempfile::Builder::new()
        .prefix("oci-archive-")
        .tempdir_in(store.dir().join("tmp"))
        .map_err(|source| FetchError::Copy { path: store.dir().join("tmp"), source })?;
    match copy(path, &folder)? {
        Ok(()) => Ok(Observed::Present(Fetched::Image(Layout {
            root: folder.path().into(),
            digest: digest.into(),
            architecture: architecture.into(),
            copied_to: Some(folder),
        }))),
        Err((reason, detail)) => Ok(Observed::Unknown(Gap {
            subject: wanted.subject.into(),
            wanted: "the blobs of the image".into(),
            reason,
            detail,
            next_step: "Write the archive again, for example with `skopeo copy … oci-archive:PATH`.".into(),
        })),
    }
}

/// The outer error is this machine's, the inner one the archive's.
fn copy(path: &Path, folder: &TempDir) -> Result<Result<(), (GapReason, String)>, FetchError> {
    let blobs = folder.path().join("blobs/sha256");
    let broken_copy = |source| FetchError::Copy { path: blobs.clone(), source };
    std::fs::create_dir_all(&blobs).map_err(broken_copy)?;
    let file = File::open(path).map_err(|source| FetchError::Unreadable { path: path.into(), source })?;
    let mut archive = tar::Archive::new(BufReader::new(file));
    let malformed = |error: &dyn std::fmt::Display| Ok(Err((GapReason::Malformed, format!("the tar archive: {error}"))));
    let entries = match archive.entries() {
        Ok(entries) => entries,
        Err(error) => return malformed(&error),
    };
    let mut left = MAX_ARCHIVE_BYTES;
    for (at, entry) in entries.enumerate() {
        if at >= MAX_ARCHIVE_ENTRIES {
            return Ok(Err((GapReason::TooLarge { limit: "archive_entries".into() }, format!("more than {MAX_ARCHIVE_ENTRIES} entries"))));
        }
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(error) => return malformed(&error),
        };
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let target = match blob_name(&name) {
            Some(digest) => blobs.join(digest.hex()),
            None => match name.strip_prefix("./").unwrap_or(&name) {
                "oci-layout" => folder.path().join("oci-layout"),
                "index.json" => folder.path().join("index.json"),
                _ => continue,
            },
        };
        // A second entry of the same name would let two readers see two images.
        let mut copy = match File::create_new(&target) {
            Ok(copy) => copy,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return malformed(&format!("two entries `{name}`")),
            Err(source) => return Err(FetchError::Copy { path: target, source }),
        };
        match copy_capped(&mut entry, &mut copy, left) {
            Ok(Some(size)) => left -= size,
            Ok(None) => {
                let detail = format!("more than {MAX_ARCHIVE_BYTES} bytes");
                return Ok(Err((GapReason::TooLarge { limit: "archive_bytes".into() }, detail)));
            }
            Err(Side::Read(error)) => return malformed(&error),
            Err(Side::Write(source)) => return Err(FetchError::Copy { path: target, source }),
        }
    }
    Ok(Ok(()))
}

enum Side {
    Read(io::Error),
    Write(io::Error),
}

/// Bytes copied, or `None` where there were more than `cap`.
fn copy_capped(from: &mut dyn Read, to: &mut File, cap: u64) -> Result<Option<u64>, Side> {
    let mut buffer = vec![0; 128 << 10];
    let mut copied = 0u64;
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(Some(copied)),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Side::Read(error)),
        };
        copied += count as u64;
        if copied > cap {
            return Ok(None);
        }
        io::Write::write_all(to, buffer.get(..count).unwrap_or_default()).map_err(Side::Write)?;
    }
}

fn blob_name(name: &str) -> Option<ClaimedDigest> {
    ClaimedDigest::from_hex(name.strip_prefix("./").unwrap_or(name).strip_prefix("blobs/sha256/")?).ok()
}

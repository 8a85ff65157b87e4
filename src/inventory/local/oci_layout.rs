//! Which image of an OCI layout is meant: `index.json`, in a folder or in a tar archive.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use serde::Deserialize;

use super::TargetError;
use crate::model::digest::ClaimedDigest;

/// Bytes of an `index.json` that are read; registries cap manifests at 4 MiB too.
pub const MAX_INDEX_BYTES: u64 = 4 << 20;
/// Entries of a tar archive, or descriptors of an index, that are looked at.
pub const MAX_LAYOUT_ENTRIES: usize = 100_000;
/// Images named in an error message.
const MAX_LISTED: usize = 20;
/// The annotation that carries a tag (OCI image layout specification, `index.json`).
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// Which image of a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageChoice {
    /// The only one there is.
    Only,
    /// The one whose descriptor carries this tag.
    Tag(String),
    /// The one with this digest.
    Digest(ClaimedDigest),
}

/// The digest of the chosen manifest or index in a layout folder.
pub(super) fn choose_in_folder(root: &Path, choice: &ImageChoice) -> Result<ClaimedDigest, TargetError> {
    let path = root.join("index.json");
    let unreadable = |source| TargetError::Unreadable { path: path.clone(), source };
    match std::fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => {}
        // A FIFO would block for ever.
        Ok(_) => return Err(broken(root, "index.json is not a regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(broken(root, "an OCI layout without index.json")),
        Err(source) => return Err(unreadable(source)),
    }
    let bytes = File::open(&path).and_then(read_index).map_err(unreadable)?;
    choose(root, &bytes, choice, |digest| root.join("blobs/sha256").join(digest.hex()).is_file())
}

/// The digest of the chosen manifest or index in a tar archive of a layout.
pub(super) fn choose_in_archive(path: &Path, choice: &ImageChoice) -> Result<ClaimedDigest, TargetError> {
    let mut index = None;
    let mut has_layout = false;
    let mut blobs = Vec::new();
    walk_archive(path, |name, entry| {
        if name == "index.json" {
            if index.is_some() {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "two entries index.json"));
            }
            index = Some(read_index(entry)?);
        } else if name == "oci-layout" {
            has_layout = true;
        } else if let Some(hex) = name.strip_prefix("blobs/sha256/") {
            blobs.extend(ClaimedDigest::from_hex(hex));
        }
        Ok(true)
    })?;
    let Some(index) = index.filter(|_| has_layout) else {
        return Err(broken(path, "a tar archive without oci-layout and index.json"));
    };
    choose(path, &index, choice, |digest| blobs.contains(digest))
}

/// True where a tar archive holds `oci-layout` at its top.
pub(super) fn is_archive(path: &Path) -> Result<bool, TargetError> {
    let mut found = false;
    let walked = walk_archive(path, |name, _| {
        found = name == "oci-layout";
        Ok(!found)
    });
    match walked {
        // A broken tar that has not shown an oci-layout is some file, not our error.
        Err(TargetError::BrokenLayout { .. }) | Ok(()) => Ok(found),
        Err(error) => Err(error),
    }
}

/// Calls `visit` with the name (without a leading `./`) and content of each regular file, until it answers false.
fn walk_archive(path: &Path, mut visit: impl FnMut(&str, &mut dyn Read) -> io::Result<bool>) -> Result<(), TargetError> {
    let file = File::open(path).map_err(|source| TargetError::Unreadable { path: path.into(), source })?;
    let mut archive = tar::Archive::new(BufReader::new(file));
    let mut walk = || -> io::Result<()> {
        for (at, entry) in archive.entries()?.enumerate() {
            if at >= MAX_LAYOUT_ENTRIES {
                return Err(io::Error::new(io::ErrorKind::InvalidData, format!("more than {MAX_LAYOUT_ENTRIES} entries")));
            }
            let mut entry = entry?;
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            if !visit(name.strip_prefix("./").unwrap_or(&name), &mut entry)? {
                break;
            }
        }
        Ok(())
    };
    walk().map_err(|error| broken(path, &format!("the tar archive cannot be read: {error}")))
}

fn choose(
    path: &Path,
    index: &[u8],
    choice: &ImageChoice,
    has_blob: impl Fn(&ClaimedDigest) -> bool,
) -> Result<ClaimedDigest, TargetError> {
    let index: Index = serde_json::from_slice(index).map_err(|error| broken(path, &format!("index.json: {error}")))?;
    if index.manifests.len() > MAX_LAYOUT_ENTRIES {
        return Err(broken(path, &format!("index.json lists more than {MAX_LAYOUT_ENTRIES} images")));
    }
    let mut images: Vec<(ClaimedDigest, Option<String>)> = Vec::new();
    for descriptor in index.manifests {
        let digest = ClaimedDigest::from_oci(&descriptor.digest).map_err(|error| broken(path, &format!("index.json: {error}")))?;
        images.push((digest, descriptor.annotations.and_then(|mut a| a.remove(REF_NAME))));
    }
    let which = |problem| TargetError::WhichImage {
        path: path.into(),
        problem,
        images: images
            .iter()
            .take(MAX_LISTED)
            .map(|(digest, tag)| match tag {
                Some(tag) => format!("{tag}  {digest}"),
                None => digest.to_string(),
            })
            .collect(),
    };
    let mut chosen: Vec<ClaimedDigest> = match choice {
        ImageChoice::Only => images.iter().map(|(digest, _)| *digest).collect(),
        ImageChoice::Tag(wanted) => images.iter().filter(|(_, tag)| tag.as_ref() == Some(wanted)).map(|(digest, _)| *digest).collect(),
        // A child of a multi-platform index is not listed itself, and is a fair choice where its blob is there.
        ImageChoice::Digest(wanted) => {
            let there = images.iter().any(|(digest, _)| digest == wanted) || has_blob(wanted);
            there.then_some(*wanted).into_iter().collect()
        }
    };
    chosen.sort();
    chosen.dedup();
    match (chosen.as_slice(), choice) {
        ([digest], _) => Ok(*digest),
        ([], ImageChoice::Only) => Err(broken(path, "index.json lists no image")),
        ([], ImageChoice::Tag(_)) => Err(which("no image has the tag that was asked for")),
        ([], ImageChoice::Digest(_)) => Err(which("no image has the digest that was asked for")),
        (_, ImageChoice::Tag(_)) => Err(which("several images have the tag that was asked for")),
        (_, ImageChoice::Only | ImageChoice::Digest(_)) => Err(which("several images, and none was chosen")),
    }
}

fn read_index(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(MAX_INDEX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_INDEX_BYTES {
        // Left as it is: a document that is cut off cannot be valid JSON, and is reported as such.
        bytes.truncate(MAX_INDEX_BYTES as usize);
    }
    Ok(bytes)
}

fn broken(path: &Path, problem: &str) -> TargetError {
    TargetError::BrokenLayout { path: path.into(), problem: problem.into() }
}

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
    annotations: Option<BTreeMap<String, String>>,
}

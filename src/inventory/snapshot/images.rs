//! The OCI layout of a snapshot, `images/`.

use std::path::{Path, PathBuf};

use super::path::{PathProblem, contained};
use crate::model::artifact::BlobLocation;
use crate::model::gap::{Gap, GapReason};
use crate::model::image_ref::ImageRef;
use crate::model::observed::Observed;

/// Blobs of the layout that are looked at: 10,000 images of ten layers, ten times over.
const MAX_BLOBS: usize = 1_000_000;

/// The layout that holds every recorded image.
pub(super) struct Images {
    root: PathBuf,
    /// A symbolic link in the layout. Whoever reads an image follows links among its blobs, and so out of the snapshot.
    link: Option<PathBuf>,
}

impl Images {
    pub fn new(root: &Path) -> Self {
        let link = ["images", "images/blobs", "images/blobs/sha256"].into_iter().find_map(|folder| link_in(root, Path::new(folder)));
        Self { root: root.into(), link }
    }

    /// Where the image of a resolved reference is. Its blobs are hashed when they are read; here only the manifest's presence is seen.
    pub fn location(&self, image: &ImageRef, architecture: &str) -> Observed<BlobLocation> {
        let gap = |reason, detail: String, next_step: &str| {
            Observed::Unknown(Gap {
                subject: image.to_string(),
                wanted: "the image's manifest".into(),
                reason,
                detail,
                next_step: next_step.into(),
            })
        };
        let record = "Record the account again with its images.";
        let Some(digest) = image.digest else { return gap(GapReason::Malformed, "the reference carries no digest".into(), record) };
        if let Some(link) = &self.link {
            return gap(GapReason::Malformed, format!("{} is a symbolic link", link.display()), record);
        }
        let path = Path::new("images/blobs/sha256").join(digest.hex());
        match contained(&self.root, &path) {
            Ok(_) => Observed::Present(BlobLocation::OciLayout {
                root: self.root.join("images"),
                digest: digest.to_string(),
                architecture: architecture.into(),
            }),
            Err(PathProblem::Missing) => gap(GapReason::NotRecorded, format!("{} is not there", path.display()), record),
            Err(problem @ PathProblem::Io(_)) => {
                gap(GapReason::Unreachable, format!("{}: {problem}", path.display()), "Give this user the right to read the snapshot.")
            }
            Err(problem) => gap(GapReason::Malformed, format!("{}: {problem}", path.display()), record),
        }
    }
}

/// The first symbolic link in `folder`, as a path below `root`.
fn link_in(root: &Path, folder: &Path) -> Option<PathBuf> {
    // What cannot be listed cannot be read either, and is a gap of the image that is looked for in it.
    let entries = std::fs::read_dir(root.join(folder)).ok()?;
    let mut links: Vec<PathBuf> = entries
        .take(MAX_BLOBS)
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()))
        .map(|entry| folder.join(entry.file_name()))
        .collect();
    links.sort();
    links.into_iter().next()
}

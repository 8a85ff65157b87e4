//! The OCI layout of a snapshot, `images/`.

use std::path::{Path, PathBuf};

use super::path::{PathProblem, contained};
use crate::model::artifact::BlobLocation;
use crate::model::gap::{Gap, GapReason};
use crate::model::image_ref::ImageRef;
use crate::model::observed::Observed;

/// The layout that holds every recorded image.
pub(super) struct Images {
    root: PathBuf,
}

impl Images {
    pub fn new(root: &Path) -> Self {
        Self { root: root.into() }
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

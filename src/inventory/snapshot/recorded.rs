//! The recorded calls of a snapshot, as answers of an account.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::images::Images;
use super::path::{PathProblem, contained, plain};
use crate::inventory::account::call::{Api, Call};
use crate::inventory::account::origin::{Extent, Origin, RECORDED, Words, ZipOf};
use crate::model::artifact::{BlobLocation, S3Object};
use crate::model::gap::{Gap, GapReason};
use crate::model::image_ref::ImageRef;
use crate::model::inventory::Place;
use crate::model::observed::Observed;

/// Bytes of one file of recorded calls: 5,000 functions in twenty versions take about 150 MiB.
pub const MAX_FILE_BYTES: u64 = 256 << 20;
/// Calls in one file.
pub const MAX_CALLS: usize = 1_000_000;

const NEXT_STEP: &str = "Record the account again with this call allowed.";

/// A snapshot's folder.
pub(super) struct Recorded {
    root: PathBuf,
    images: Images,
}

impl Recorded {
    pub fn new(root: &Path) -> Self {
        Self { root: root.into(), images: Images::new(root) }
    }
}

impl Origin for Recorded {
    fn calls(&self, place: &Place, api: &Api) -> Result<Vec<Call>, Gap> {
        let name = file(place, api);
        let gap = |reason, detail: String| Gap {
            subject: String::new(),
            wanted: String::new(),
            reason,
            detail: format!("{}: {detail}", name.display()),
            next_step: NEXT_STEP.into(),
        };
        let path = match contained(&self.root, &name) {
            Ok(path) => path,
            Err(PathProblem::Missing) => return Err(gap(GapReason::NotRecorded, "there is no such file".into())),
            Err(problem @ PathProblem::Io(_)) => return Err(gap(GapReason::Unreachable, problem.to_string())),
            Err(problem) => return Err(gap(GapReason::Malformed, problem.to_string())),
        };
        let unreadable = |error| gap(GapReason::Unreachable, format!("it cannot be read: {error}"));
        let mut file = File::open(&path).map_err(unreadable)?;
        let too_large = || gap(GapReason::TooLarge { limit: "snapshot_file_bytes".into() }, format!("larger than {MAX_FILE_BYTES} bytes"));
        if file.metadata().map_err(unreadable)?.len() > MAX_FILE_BYTES {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        (&mut file).take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        // It may have grown.
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(too_large());
        }
        // serde_json's text ends in "at line L column C".
        let calls: Vec<Call> = serde_json::from_slice(&bytes).map_err(|error| gap(GapReason::Malformed, error.to_string()))?;
        if calls.len() > MAX_CALLS {
            return Err(gap(GapReason::TooLarge { limit: "snapshot_calls".into() }, format!("more than {MAX_CALLS} calls")));
        }
        Ok(calls)
    }

    fn name(&self, place: &Place, api: &Api) -> String {
        file(place, api).display().to_string()
    }

    /// A path below the snapshot's folder. Whether anything is there is found out by `fetch`.
    fn zip(&self, _: &Place, of: ZipOf<'_>, location: Option<&str>, _: Option<&S3Object>) -> Result<BlobLocation, Gap> {
        let gap = |reason, detail: String| Gap {
            subject: of.subject(),
            wanted: "the bytes of the zip".into(),
            reason,
            detail,
            next_step: "Record the account again with its blobs.".into(),
        };
        match location {
            None => Err(gap(GapReason::NotRecorded, "the answer names no `Location`".into())),
            // A link carries credentials in its query, so that it is not repeated; it died ten minutes after it was made.
            Some(text) if text.contains("://") => {
                Err(gap(GapReason::NotRecorded, "`Location` holds a link in place of a path in the snapshot".into()))
            }
            Some(text) => match plain(text) {
                Ok(path) => Ok(BlobLocation::Snapshot { root: self.root.clone(), path }),
                Err(problem) => {
                    let short: String = text.chars().take(200).collect();
                    Err(gap(GapReason::Malformed, format!("`Location` is `{short}`: {problem}")))
                }
            },
        }
    }

    fn image(&self, _: &Place, image: &ImageRef, architecture: &str) -> Observed<BlobLocation> {
        self.images.location(image, architecture)
    }

    fn extent(&self) -> &Extent {
        &Extent::Whole
    }

    fn words(&self) -> &'static Words {
        &RECORDED
    }
}

/// The file that holds the calls of `api` in `place`, below the snapshot's folder.
pub(super) fn file(place: &Place, api: &Api) -> PathBuf {
    Path::new("accounts").join(&place.account).join(&place.region).join(api.file_name())
}

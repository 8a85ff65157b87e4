//! Zips of a recorded account.

use std::fs::File;
use std::path::Path;

use super::{FetchError, Fetched, Wanted, from_store, put};
use crate::inventory::snapshot::{PathProblem, contained};
use crate::model::gap::{Gap, GapReason};
use crate::model::observed::Observed;
use crate::store::Store;

const RECORD: &str = "Record the account again with its blobs.";
const RIGHTS: &str = "Give this user the right to read the snapshot.";

/// Reads the file below `root`, through no symbolic link. Where it was not recorded, a copy of the claimed digest in the store does.
pub(super) fn fetch(root: &Path, path: &Path, wanted: &Wanted<'_>, store: &Store) -> Result<Observed<Fetched>, FetchError> {
    let gap = |reason, problem: &dyn std::fmt::Display, next_step: &str| Gap {
        subject: wanted.subject.into(),
        wanted: "the bytes of the zip".into(),
        reason,
        detail: format!("{}: {problem}", path.display()),
        next_step: next_step.into(),
    };
    let file = match contained(root, path) {
        Ok(file) => file,
        Err(PathProblem::Missing) => {
            return Ok(match from_store(wanted, store)? {
                Some(blob) => Observed::Present(blob),
                None => Observed::Unknown(gap(GapReason::NotRecorded, &"there is no such file", RECORD)),
            });
        }
        Err(problem @ PathProblem::Io(_)) => return Ok(Observed::Unknown(gap(GapReason::Unreachable, &problem, RIGHTS))),
        Err(problem) => {
            let next_step = "Look at who can write the snapshot, and record the account again.";
            return Ok(Observed::Unknown(gap(GapReason::Malformed, &problem, next_step)));
        }
    };
    let unreadable = |error| gap(GapReason::Unreachable, &error, RIGHTS);
    match File::open(file) {
        Ok(mut file) => put(&mut file, wanted, store, |error| Ok(unreadable(error))),
        Err(error) => Ok(Observed::Unknown(unreadable(error))),
    }
}

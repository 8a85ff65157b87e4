//! Files and folders that the user named.

use std::fs::File;
use std::path::Path;

use super::{FetchError, Fetched, MAX_ZIP_BYTES, Wanted, put, too_large};
use crate::model::observed::Observed;
use crate::store::Store;

/// Reads the file anew each time: what it holds may have changed, and nobody claims its digest.
pub(super) fn fetch(path: &Path, wanted: &Wanted<'_>, store: &Store) -> Result<Observed<Fetched>, FetchError> {
    let unreadable = |source| FetchError::Unreadable { path: path.into(), source };
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        return Ok(Observed::Present(Fetched::Directory(path.into())));
    }
    if !metadata.is_file() {
        return Err(unreadable(std::io::Error::other("it is neither a file nor a folder")));
    }
    // Before a gigabyte is read for nothing; `put` holds the limit too, should the file grow meanwhile.
    if metadata.len() > MAX_ZIP_BYTES {
        return Ok(Observed::Unknown(too_large(wanted)));
    }
    let mut file = File::open(path).map_err(unreadable)?;
    put(&mut file, wanted, store, |error| Err(unreadable(error)))
}

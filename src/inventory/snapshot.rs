//! A recorded account: AWS's own API answers as JSON, with blobs and an OCI layout beside them. The format is docs/snapshot.md.
//!
//! A snapshot is unauthenticated input, and is read as hostile: nothing outside its folder is opened, every loop has a limit, and what
//! cannot be understood is a gap of that place and call, never "there is none". Environment values, presigned links and credentials are
//! not read into any type.

mod images;
mod path;
mod place;
mod recorded;
pub mod write;

use std::path::Path;

pub use path::{PathProblem, contained};
pub use recorded::{MAX_CALLS, MAX_FILE_BYTES};

use self::place::read_manifest;
use self::recorded::Recorded;
use super::account::assemble;
use super::{BoxFuture, InventoryError, Request, Source};
use crate::clients::Clients;
use crate::model::inventory::{Inventory, SourceInfo};

/// The source of recorded accounts.
pub struct Snapshot;

impl Source for Snapshot {
    fn name(&self) -> &'static str {
        "snapshot"
    }

    fn describe(&self) -> &'static str {
        "a recorded account: API answers, zips and images in a folder (docs/snapshot.md)"
    }

    fn is_meant(&self, request: &Request) -> bool {
        request.snapshot.is_some()
    }

    fn inventory<'a>(&'a self, request: &'a Request, _: &'a Clients) -> BoxFuture<'a, Result<Inventory, InventoryError>> {
        let result = request.snapshot.as_deref().ok_or(InventoryError::NothingNamed).and_then(read);
        Box::pin(std::future::ready(result))
    }
}

/// Reads the snapshot in `root`.
pub fn read(root: &Path) -> Result<Inventory, InventoryError> {
    let manifest = read_manifest(root)?;
    let source =
        SourceInfo { kind: "snapshot", name: root.display().to_string(), recorded_at: Some(manifest.recorded_at), unauthenticated: true };
    let unlisted = place::unlisted_folders(root, &manifest.places);
    let mut inventory = assemble(source, manifest.places, &Recorded::new(root));
    inventory.gaps.extend(unlisted);
    inventory.gaps.extend(manifest.gaps);
    inventory.gaps.sort();
    inventory.gaps.dedup();
    Ok(inventory)
}

//! A recorded account: AWS's own API answers as JSON, with blobs and an OCI layout beside them. The format is docs/snapshot.md.
//!
//! A snapshot is unauthenticated input, and is read as hostile: nothing outside its folder is opened, every loop has a limit, and what
//! cannot be understood is a gap of that place and call, never "there is none". Environment values, presigned links and credentials are
//! not read into any type.

mod aliases;
mod answers;
mod code;
mod code_signing;
mod ecr;
mod functions;
mod images;
mod layers;
mod path;
mod place;
mod recording;

use std::collections::BTreeMap;
use std::path::Path;

pub use path::{PathProblem, contained};
pub use recording::{MAX_CALLS, MAX_FILE_BYTES, MAX_PAGES};

use self::images::Images;
use self::place::read_manifest;
use self::recording::Recording;
use super::{BoxFuture, InventoryError, Request, Source};
use crate::clients::Clients;
use crate::model::gap::{Gap, GapReason};
use crate::model::inventory::{CoverageRow, Inventory, Place, SourceInfo};

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
    let mut inventory = Inventory::empty(SourceInfo {
        kind: "snapshot",
        name: root.display().to_string(),
        recorded_at: Some(manifest.recorded_at),
        unauthenticated: true,
    });
    let mut recordings: Vec<Recording> = manifest.places.iter().map(|place| Recording::new(root, place.clone())).collect();
    inventory.gaps.extend(place::unlisted_folders(root, &manifest.places));
    inventory.places = manifest.places;

    let images = Images::new(root);
    for recording in &mut recordings {
        let functions = functions::read(recording, &images, root, &mut inventory.gaps);
        inventory.functions.extend(functions);
    }
    inventory.functions.sort_by(|a, b| a.arn.cmp(&b.arn));
    drop_repeated_functions(&mut inventory);
    inventory.layers = layers::read(&mut recordings, root, &inventory.functions, &mut inventory.gaps);
    inventory.repositories = ecr::read(&mut recordings, &inventory.functions, &mut inventory.gaps);

    let mut coverage: BTreeMap<(Place, String), (u64, u64)> = BTreeMap::new();
    for recording in recordings {
        let place = recording.place().clone();
        for (api, answered, missing) in recording.coverage() {
            coverage.insert((place.clone(), api.to_owned()), (answered, missing));
        }
    }
    inventory.coverage =
        coverage.into_iter().map(|((place, api), (answered, missing))| CoverageRow { place, api, answered, missing }).collect();
    inventory.gaps.sort();
    inventory.gaps.dedup();
    Ok(inventory)
}

/// One function cannot be listed twice: places are distinct, and an ARN that names another place is not read. Kept as a guard, so that
/// a change there cannot let a second entry hide the first.
fn drop_repeated_functions(inventory: &mut Inventory) {
    let gaps = &mut inventory.gaps;
    inventory.functions.dedup_by(|later, kept| {
        let same = later.arn == kept.arn;
        if same {
            gaps.push(Gap {
                subject: kept.arn.to_string(),
                wanted: "which of two descriptions of the function is right".into(),
                reason: GapReason::Malformed,
                detail: "the function is described in two places".into(),
                next_step: "Record the account again.".into(),
            });
        }
        same
    });
}

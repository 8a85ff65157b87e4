//! `layerproof inventory --record DIR`: a live account as a snapshot.

use std::collections::BTreeMap;
use std::path::Path;

use super::global::Global;
use super::listing::counted;
use super::progress::Bar;
use super::{Failure, inventory::failure};
use crate::clients::Clients;
use crate::fetch::{Fetched, Fetching, ImageBlobs};
use crate::inventory::AccountRequest;
use crate::inventory::aws::{assemble, collect};
use crate::inventory::snapshot::write::{self, RecordError, Recorded, Recording};
use crate::model::gap::{Gap, GapReason};
use crate::model::inventory::Inventory;
use crate::model::observed::Observed;
use crate::model::printable::printable;
use crate::scan;
use crate::store::Store;

/// Lists the account, downloads what it runs, and writes both to `dir`. What could not be downloaded is among the inventory's gaps, and
/// is not in the snapshot.
pub fn record(dir: &Path, request: &AccountRequest, refetch: bool, clients: &Clients, global: &Global) -> Result<Inventory, Failure> {
    write::check_folder(dir).map_err(|error| record_failure(&error))?;
    let online = clients
        .need("the account", "what is deployed")
        .map_err(|gap| Failure::usage(gap.to_string()).hint("a snapshot is recorded from a live account: run without --offline"))?;
    let collected = {
        let _bar = Bar::listing(global, clients.calls());
        online.block_on(collect(request, online)).map_err(|error| failure(&error))?
    };
    let mut inventory = assemble(&collected);
    let store = Store::open(&global.cache_dir)?;
    let fetching = Fetching { store: &store, clients, refetch };
    let downloads = scan::download(&inventory, fetching, &Bar::new(global)).map_err(|error| Failure::internal(error.to_string()))?;

    let mut zips = BTreeMap::new();
    let mut images = Vec::new();
    // What neither the recorded calls nor missing bytes will say of themselves.
    let mut told = collected.gaps.clone();
    for (subject, found) in downloads {
        for found in found {
            match found {
                Observed::Present(Fetched::Blob(blob)) => {
                    zips.insert(subject.to_string(), blob);
                }
                Observed::Present(Fetched::Image { blobs: ImageBlobs::Stored { index, signatures_unknown, other_bytes, .. }, .. }) => {
                    images.push(index);
                    // A layout cannot say that it was not learned what signatures there are.
                    told.extend(signatures_unknown);
                    told.extend(other_bytes.into_iter().map(|detail| Gap {
                        subject: subject.to_string(),
                        wanted: "the image's blobs".into(),
                        reason: GapReason::Malformed,
                        detail,
                        next_step: "Scan the live account: it is judged there, and a snapshot without the blob is not.".into(),
                    }));
                }
                // Neither is ever downloaded.
                Observed::Present(Fetched::Directory(_) | Fetched::Image { blobs: ImageBlobs::Layout(_), .. }) | Observed::Absent => {}
                Observed::Unknown(gap) => inventory.gaps.push(Gap { subject: subject.to_string(), ..gap }),
            }
        }
    }
    told.sort();
    told.dedup();
    inventory.gaps.extend(told.iter().cloned());
    inventory.gaps.sort();
    inventory.gaps.dedup();
    if collected.places.is_empty() {
        inventory.notes.push("nothing was recorded: no account could be looked at".to_owned());
        return Ok(inventory);
    }
    let recording =
        Recording { recorded_at: global.started_at, places: &collected.places, zips: &zips, images: &images, gaps: &told, store: &store };
    let written = write::write(dir, &recording).map_err(|error| record_failure(&error))?;
    let Recorded { calls, zips, image_blobs } = written;
    let counts = [(calls, "call"), (zips, "zip"), (image_blobs, "blob")].map(|(number, word)| counted(number as u64, word)).join(", ");
    let folder = printable(&dir.display().to_string()).into_owned();
    inventory
        .notes
        .push(format!("recorded in {folder}: {counts} of images; judge it with `layerproof scan --snapshot {folder} --policy FILE`"));
    Ok(inventory)
}

fn record_failure(error: &RecordError) -> Failure {
    match error {
        RecordError::NotEmpty { .. } => Failure::usage(error.to_string()).hint("name a folder that is not there yet"),
        RecordError::Io { .. } | RecordError::Store(_) => Failure::internal(error.to_string()),
    }
}

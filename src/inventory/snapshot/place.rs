//! `snapshot.json`: what was recorded, when, and where.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;

use super::path::{PathProblem, contained};
use crate::inventory::InventoryError;
use crate::model::arn::is_account;
use crate::model::gap::{Gap, GapReason};
use crate::model::inventory::Place;

/// The version of the format that is read.
const VERSION: u64 = 1;
/// Bytes of `snapshot.json`: 10,000 places take about 1 MiB, and as many gaps some 5 MiB.
const MAX_MANIFEST_BYTES: u64 = 16 << 20;
/// Accounts times regions. The largest organizations have some 10,000 accounts.
const MAX_PLACES: usize = 100_000;
/// Gaps that stand in `snapshot.json`.
pub(super) const MAX_GAPS: usize = 10_000;

/// What `snapshot.json` says.
pub(super) struct Manifest {
    pub recorded_at: Timestamp,
    pub places: Vec<Place>,
    /// What the recorder could not learn, and what no recorded call shows.
    pub gaps: Vec<Gap>,
}

/// Reads `snapshot.json`; places come sorted and without repetition.
pub(super) fn read_manifest(root: &Path) -> Result<Manifest, InventoryError> {
    let path = root.join("snapshot.json");
    let unreadable = |source| InventoryError::Unreadable { path: path.clone(), source };
    let malformed = |line, column, problem: String| InventoryError::Malformed { path: path.clone(), line, column, problem };
    let file = match contained(root, Path::new("snapshot.json")) {
        Ok(file) => file,
        Err(PathProblem::Missing) => return Err(InventoryError::NotASnapshot { path: root.into() }),
        Err(PathProblem::Io(source)) => return Err(unreadable(source)),
        Err(problem) => return Err(malformed(0, 0, problem.to_string())),
    };
    let mut bytes = Vec::new();
    File::open(file).and_then(|file| file.take(MAX_MANIFEST_BYTES + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_MANIFEST_BYTES {
        return Err(malformed(0, 0, format!("larger than {MAX_MANIFEST_BYTES} bytes")));
    }
    let as_malformed = |error: serde_json::Error| malformed(error.line(), error.column(), error.to_string());
    // The version first: a later format may differ in everything else.
    let version: Version = serde_json::from_slice(&bytes).map_err(as_malformed)?;
    if version.layerproof_snapshot != VERSION {
        return Err(InventoryError::Version { path, presented: version.layerproof_snapshot, expected: VERSION });
    }
    let raw: RawManifest = serde_json::from_slice(&bytes).map_err(as_malformed)?;
    if raw.places.is_empty() || raw.places.len() > MAX_PLACES {
        return Err(malformed(0, 0, format!("`places` must name 1 to {MAX_PLACES} places")));
    }
    if raw.gaps.len() > MAX_GAPS {
        return Err(malformed(0, 0, format!("`gaps` holds more than {MAX_GAPS}")));
    }
    let mut places = BTreeSet::new();
    for RawPlace { partition, account, region } in raw.places {
        let place = Place { partition, account, region };
        // The account and region become folder names below.
        let good_region = is_word(&place.region) && place.region.starts_with(|c: char| c.is_ascii_lowercase());
        let good_partition = is_word(&place.partition) && (place.partition == "aws" || place.partition.starts_with("aws-"));
        if !is_account(&place.account) || !good_region || !good_partition {
            let shown = format!("`{} {} {}`", place.partition, place.account, place.region);
            return Err(malformed(0, 0, format!("{shown} is not a partition, an account of twelve digits and a region")));
        }
        places.insert(place);
    }
    Ok(Manifest { recorded_at: raw.recorded_at, places: places.into_iter().collect(), gaps: raw.gaps })
}

/// A gap for each `accounts/ACCOUNT/REGION` that is there and that `snapshot.json` does not list: it is not read, and that is said.
pub(super) fn unlisted_folders(root: &Path, places: &[Place]) -> Vec<Gap> {
    let listed: BTreeSet<(String, String)> = places.iter().map(|p| (p.account.clone(), p.region.clone())).collect();
    let mut gaps = Vec::new();
    for account in folder_names(&root.join("accounts")) {
        for region in folder_names(&root.join("accounts").join(&account)) {
            if gaps.len() < MAX_PLACES && !listed.contains(&(account.clone(), region.clone())) {
                gaps.push(Gap {
                    subject: format!("{account}/{region}"),
                    wanted: "what runs in the place".into(),
                    reason: GapReason::NotRecorded,
                    detail: format!("accounts/{account}/{region} is there, and snapshot.json does not list it"),
                    next_step: "Add the place to `places` in snapshot.json, or remove the folder.".into(),
                });
            }
        }
    }
    gaps
}

fn folder_names(path: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .take(MAX_PLACES)
        .collect();
    names.sort();
    names
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[derive(Deserialize)]
struct Version {
    layerproof_snapshot: u64,
}

#[derive(Deserialize)]
struct RawManifest {
    recorded_at: Timestamp,
    places: Vec<RawPlace>,
    #[serde(default)]
    gaps: Vec<Gap>,
}

#[derive(Deserialize)]
struct RawPlace {
    partition: String,
    account: String,
    region: String,
}

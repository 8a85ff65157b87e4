//! Where the bytes of artifacts come from, each fetched once.
//!
//! What lies on this machine is read for every place that names it. What is far away is downloaded once per digest that is claimed: a
//! function whose twenty versions state one CodeSha256 costs one download. Only where the bytes that came are not the claimed ones, or none
//! came, are the other places asked as well.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{Progress, ScanError, Wanted};
use crate::fetch::{self, Fetched, Fetching};
use crate::model::artifact::BlobLocation;
use crate::model::digest::ClaimedDigest;
use crate::model::observed::Observed;
use crate::store::Integrity;

/// Downloads at a time. They wait for the network most of the time, so that there are more than cores.
pub(super) const DOWNLOADS: usize = 8;

/// What was fetched.
pub(super) struct Sources {
    pub fetched: BTreeMap<Source, Observed<Fetched>>,
    /// Artifacts that were downloaded.
    pub downloaded: usize,
    /// Artifacts that the store had.
    pub from_store: usize,
}

/// Fetches whatever the artifacts need.
pub(super) fn fetch(wanted: &[Wanted], fetching: Fetching<'_>, progress: &dyn Progress) -> Result<Sources, ScanError> {
    let subjects: BTreeMap<Source, String> =
        wanted.iter().flat_map(|want| Source::all(want).map(|source| (source, want.subject.to_string()))).collect();
    let (far, near): (Vec<_>, Vec<_>) = subjects.into_iter().partition(|(source, _)| source.location.is_remote());
    let mut groups: BTreeMap<Claim, Vec<(Source, String)>> = BTreeMap::new();
    for (source, subject) in far {
        groups.entry(Claim::of(&source)).or_default().push((source, subject));
    }
    progress.stage("fetching", near.len() + groups.len());
    let one = |(source, subject): (Source, String)| {
        let wanted = fetch::Wanted { subject: &subject, digest: source.claimed, size: source.claimed_size };
        let fetched = fetch::fetch(&source.location, &wanted, fetching)?;
        Ok((source, fetched))
    };
    let mut fetched: BTreeMap<Source, Observed<Fetched>> = near
        .into_par_iter()
        .map(|item| {
            let found = one(item)?;
            progress.step();
            Ok(found)
        })
        .collect::<Result<_, ScanError>>()?;
    let mut from_store = fetched.values().filter_map(Observed::present).filter(|found| is_from_store(found)).count();
    if groups.is_empty() {
        return Ok(Sources { fetched, downloaded: 0, from_store });
    }
    let waiting = rayon::ThreadPoolBuilder::new().num_threads(DOWNLOADS).build().map_err(|error| ScanError::Threads(error.to_string()))?;
    let groups: Vec<Vec<(Source, Observed<Fetched>)>> = waiting.install(|| {
        groups
            .into_values()
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|group| {
                let found = each_or_one(group, &one)?;
                progress.step();
                Ok(found)
            })
            .collect::<Result<_, ScanError>>()
    })?;
    let mut downloaded = 0;
    for group in groups {
        // The first stands for the others.
        match group.first().and_then(|(_, found)| found.present()) {
            Some(found) if is_from_store(found) => from_store += 1,
            Some(_) => downloaded += 1,
            None => {}
        }
        fetched.extend(group);
    }
    Ok(Sources { fetched, downloaded, from_store })
}

/// The first of a group, which stands for the others where it is what all of them claim; else each of them.
fn each_or_one(
    group: Vec<(Source, String)>,
    one: &impl Fn((Source, String)) -> Result<(Source, Observed<Fetched>), ScanError>,
) -> Result<Vec<(Source, Observed<Fetched>)>, ScanError> {
    let mut group = group.into_iter();
    let Some(first) = group.next() else { return Ok(Vec::new()) };
    let (source, found) = one(first)?;
    let shared = match &found {
        Observed::Present(Fetched::Blob(blob)) if blob.integrity == Integrity::Matches => Some(blob.clone()),
        Observed::Present(_) | Observed::Absent | Observed::Unknown(_) => None,
    };
    let mut results = vec![(source, found)];
    for (source, subject) in group {
        results.push(match &shared {
            Some(blob) => (source, Observed::Present(Fetched::Blob(blob.clone()))),
            None => one((source, subject))?,
        });
    }
    Ok(results)
}

fn is_from_store(found: &Fetched) -> bool {
    match found {
        Fetched::Blob(blob) => blob.from_store,
        Fetched::Image { from_store, .. } => *from_store,
        Fetched::Directory(_) => false,
    }
}

/// What makes two places far away one download: the same claim. Images are told apart by their registry, where their signatures are.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    Zip(ClaimedDigest, Option<u64>),
    Place(Box<Source>),
}

impl Claim {
    fn of(source: &Source) -> Self {
        match (&source.location, source.claimed) {
            // What can be overwritten in place vouches for nobody, and nobody for it.
            (BlobLocation::S3Object { object, .. }, _) if !object.is_fixed() => Self::Place(Box::new(source.clone())),
            (BlobLocation::LambdaFunction { .. } | BlobLocation::LambdaLayer { .. } | BlobLocation::S3Object { .. }, Some(digest)) => {
                Self::Zip(digest, source.claimed_size)
            }
            _ => Self::Place(Box::new(source.clone())),
        }
    }
}

/// A place to fetch from, with what is claimed of it: two claims about one place are two questions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Source {
    location: BlobLocation,
    claimed: Option<ClaimedDigest>,
    claimed_size: Option<u64>,
}

impl Source {
    pub fn of(wanted: &Wanted) -> Option<Self> {
        Some(Self::at(wanted.location.present()?, wanted))
    }

    /// Where the other platforms of an image are.
    pub fn others(wanted: &Wanted) -> impl Iterator<Item = Self> {
        wanted.platforms.iter().map(|location| Self::at(location, wanted))
    }

    pub fn all(wanted: &Wanted) -> impl Iterator<Item = Self> {
        Self::of(wanted).into_iter().chain(Self::others(wanted))
    }

    fn at(location: &BlobLocation, wanted: &Wanted) -> Self {
        Self { location: location.clone(), claimed: wanted.claimed, claimed_size: wanted.claimed_size }
    }
}

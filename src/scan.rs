//! The pipeline, read from top to bottom: inventory → wanted → fetch → beside → unpack and signatures → evidence → revocation → decisions →
//! findings.
//!
//! [`gather`] and [`ask_revocation`] do all the I/O and may leave gaps; [`judge`] is pure. Work grows with unique bytes: a layer that 5,000 function
//! versions use is fetched, hashed, unpacked and examined once.

mod attested;
mod beside;
mod examine;
mod overlays;
mod packages;
mod revocation;
mod select;
mod sources;
mod wanted;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use rayon::prelude::*;

use crate::check::runtimes::RuntimeTable;
use crate::check::{self, Context};
use crate::evidence::{Artifact, Evidence};
use crate::fetch::signatures::SignatureSources;
use crate::fetch::{FetchError, Fetched, Fetching, ImageBlobs};
use crate::finding::Finding;
use crate::model::artifact::{BlobLocation, Subject};
use crate::model::digest::Digest;
use crate::model::gap::{Gap, GapReason, is_place};
use crate::model::inventory::Inventory;
use crate::model::observed::Observed;
use crate::policy::{self, Decision, DecisionSubject, Policy};
use crate::signature::TrustAnchors;
use crate::store::{Integrity, StoreError};
use crate::unpack::{Limits, UnpackError};

use beside::Looked;
use sources::{Source, Sources};

pub use beside::{Beside, Sought, look_beside};
pub use examine::{Examined, examine};
pub use packages::{ArtifactPackages, Listing, packages};
pub use revocation::{Questions, ask_revocation};
pub use select::{Selection, matches, select};
pub use wanted::{Wanted, wanted};

/// Told how far the work is; `cli` draws it.
pub trait Progress: Sync {
    /// A stage begins, with so many steps.
    fn stage(&self, what: &'static str, total: usize);
    /// A step is done.
    fn step(&self);
}

/// What gathering needs, built once and passed down.
pub struct Gather<'a> {
    /// Blobs and cached analyses, and where bytes come from.
    pub fetching: Fetching<'a>,
    /// Where signatures are looked for, beside the place of the artifact itself.
    pub signatures: &'a SignatureSources,
    /// The trust anchors that the policy names.
    pub anchors: &'a TrustAnchors,
    /// Limits of unpacking.
    pub limits: &'a Limits,
    /// The time that chains are judged at.
    pub now: Timestamp,
    /// Told how far the work is.
    pub progress: &'a dyn Progress,
}

/// An operation of ours failed; nothing may be said about any artifact.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Reading bytes that were already here.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// Fetching.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// This machine gives no more threads.
    #[error("no threads to download with: {0}")]
    Threads(String),
}

/// Everything that gathering brings.
pub struct Gathered {
    /// All that was learned, and the gaps.
    pub evidence: Evidence,
    /// How many artifacts were downloaded.
    pub downloaded: usize,
    /// How many were not read from their source, since the store had them.
    pub from_store: usize,
    /// Where signatures were looked for, and what was seen there and counts for nothing: for people.
    pub notes: Vec<String>,
}

/// Stages 1 to 4: fetches, unpacks and examines every artifact that the inventory asks for, each distinct one once.
pub fn gather(inventory: Inventory, gather: &Gather<'_>) -> Result<Gathered, ScanError> {
    let wanted = wanted(&inventory);

    let Sources { fetched, downloaded, from_store } = sources::fetch(&wanted, gather.fetching, gather.progress)?;

    // What is distinct, and which local files hold it. Any of its subjects may lend its name to a gap.
    let mut contents: BTreeMap<ContentKey, (&Fetched, &Subject)> = BTreeMap::new();
    let mut sought: BTreeMap<ContentKey, Sought> = BTreeMap::new();
    for want in &wanted {
        let path = match want.location.present() {
            Some(BlobLocation::Local(path)) => Some(path),
            Some(_) | None => None,
        };
        for found in Source::all(want).filter_map(|source| fetched.get(&source)?.present()) {
            contents.entry(ContentKey::of(found)).or_insert((found, &want.subject));
            let seek = || Sought::of(found, want.subject.to_string(), None);
            sought.entry(ContentKey::of(found)).or_insert_with(seek).paths.extend(path.cloned());
        }
    }

    // What stands beside it elsewhere: once per digest.
    let Looked { beside, mut notes } = beside::look(sought, gather)?;

    // Unpack, and judge signatures: once per distinct content.
    gather.progress.stage("unpacking and verifying", contents.len());
    let examined: BTreeMap<ContentKey, Examined> = contents
        .into_par_iter()
        .map(|(key, (fetched, subject))| {
            let none = Beside::default();
            let examined = examine(fetched, subject, beside.get(&key).unwrap_or(&none), gather)?;
            gather.progress.step();
            Ok((key, examined))
        })
        .collect::<Result<_, ScanError>>()?;
    notes.extend(examined.values().flat_map(|examined| examined.notes.iter().cloned()));

    // Evidence: what each subject is, joined with what its bytes showed.
    let mut artifacts = BTreeMap::new();
    let mut zips = BTreeMap::new();
    for want in wanted {
        let mut look = |found: Option<&Observed<Fetched>>| match found {
            Some(Observed::Present(fetched)) => {
                if let Fetched::Blob(blob) = fetched {
                    zips.insert(want.subject.clone(), blob.path.clone());
                }
                examined.get(&ContentKey::of(fetched)).cloned().ok_or_else(|| nowhere(&want.subject))
            }
            Some(Observed::Unknown(gap)) => Err(about(gap, &want.subject)),
            Some(Observed::Absent) => Err(nowhere(&want.subject)),
            None => Err(want.location.gap().map_or_else(|| nowhere(&want.subject), |gap| about(gap, &want.subject))),
        };
        let mut seen = look(Source::of(&want).and_then(|source| fetched.get(&source)));
        for other in Source::others(&want) {
            seen = both_platforms(seen, look(fetched.get(&other)));
        }
        artifacts.insert(want.subject.clone(), artifact(want, seen));
    }
    let layer = |subject: &Subject| {
        let artifact = artifacts.get(subject)?;
        let contents = artifact.contents.present()?;
        Some(overlays::LayerBytes { contents: contents.clone(), path: zips.get(subject)?.clone() })
    };
    let overlays = overlays::overlays(&inventory, &layer, gather.limits)?;
    // AWS's own word counts only where it is AWS that said it (DESIGN §4 rule 8).
    let live = inventory.source.kind == "aws" && !inventory.source.unauthenticated && gather.fetching.clients.ask_aws_itself();
    let evidence = Evidence { inventory, artifacts, overlays, live, revocations: BTreeMap::new(), signing_jobs: BTreeMap::new() };
    Ok(Gathered { evidence, downloaded, from_store, notes })
}

/// Downloads every artifact that the inventory asks for and looks into none. What cannot be had is `Unknown`.
pub fn download(
    inventory: &Inventory,
    fetching: Fetching<'_>,
    progress: &dyn Progress,
) -> Result<BTreeMap<Subject, Vec<Observed<Fetched>>>, ScanError> {
    let wanted = wanted(inventory);
    let Sources { fetched, .. } = sources::fetch(&wanted, fetching, progress)?;
    let mut downloads: BTreeMap<Subject, Vec<Observed<Fetched>>> = BTreeMap::new();
    for want in &wanted {
        let found = Source::all(want).filter_map(|source| fetched.get(&source).cloned());
        downloads.entry(want.subject.clone()).or_default().extend(found);
    }
    Ok(downloads)
}

/// What judging brings.
pub struct Judged {
    /// Every decision.
    pub decisions: BTreeMap<DecisionSubject, Decision>,
    /// Every finding, worst first.
    pub findings: Vec<Finding>,
}

/// Stage 5, pure: applies the policy, then the checks.
pub fn judge(policy: &Policy, evidence: &Evidence, runtimes: &RuntimeTable, now: Timestamp, whole_fleet: bool) -> Judged {
    let decisions = policy::evaluate(policy, evidence, now);
    // Of one target, a statement that matches nothing says nothing; nor where it may be about what could not be listed.
    let is_listed = !evidence.inventory.gaps.iter().any(|gap| is_place(&gap.subject));
    let dead: Vec<(String, String, usize)> = if whole_fleet && is_listed {
        policy::unmatched_statements(policy, evidence).into_iter().map(|s| (s.name, s.file, s.line)).collect()
    } else {
        Vec::new()
    };
    let publishers = policy.known_publishers();
    let findings = check::run_all(&Context::new(evidence, &decisions, now, &publishers, runtimes, &dead));
    Judged { decisions, findings }
}

/// What makes two fetched artifacts the same content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum ContentKey {
    Blob(Digest),
    Directory(PathBuf),
    Image { blobs: ImageBlobs, digest: String, architecture: String },
}

impl ContentKey {
    fn of(fetched: &Fetched) -> Self {
        match fetched {
            Fetched::Blob(blob) => Self::Blob(blob.digest),
            Fetched::Directory(path) => Self::Directory(path.clone()),
            Fetched::Image { blobs, digest, architecture, .. } => {
                Self::Image { blobs: blobs.clone(), digest: digest.clone(), architecture: architecture.clone() }
            }
        }
    }
}

/// One image on two platforms that functions run: what is wrong with either is wrong with the image, and its files are those of the
/// first.
fn both_platforms(first: Result<Examined, Gap>, other: Result<Examined, Gap>) -> Result<Examined, Gap> {
    let (mut first, other) = (first?, other?);
    if let Observed::Unknown(gap) = other.blob {
        first.blob = Observed::Unknown(gap);
    }
    match (&mut first.contents, other.contents) {
        (Observed::Present(contents), Observed::Present(other)) => {
            let contents = Arc::make_mut(contents);
            contents.complete &= other.complete;
            contents
                .anomalies
                .extend(other.anomalies.iter().filter(|anomaly| !contents.anomalies.contains(anomaly)).cloned().collect::<Vec<_>>());
        }
        (Observed::Present(_), missing @ (Observed::Absent | Observed::Unknown(_))) => first.contents = missing,
        (Observed::Absent | Observed::Unknown(_), _) => {}
    }
    first.packages = attested::both(first.packages, other.packages);
    Ok(first)
}

/// Without bytes nothing is known of the signatures either: that is a gap, never "unsigned".
fn artifact(want: Wanted, seen: Result<Examined, Gap>) -> Artifact {
    let Wanted { subject, claimed, claimed_size, attested, location: _, platforms: _ } = want;
    match seen {
        Ok(examined) => {
            let integrity = match &examined.blob {
                // The size that an API claims of an image is not that of its manifest, and none is claimed.
                Observed::Present(blob) => Integrity::of(blob.digest, blob.size, claimed, claimed_size),
                Observed::Absent | Observed::Unknown(_) => Integrity::NoBytes,
            };
            let Examined { blob, contents, signatures, packages, image: _, notes: _ } = examined;
            Artifact { subject, claimed, claimed_size, blob, integrity, contents, signatures, packages, attested }
        }
        Err(gap) => Artifact {
            subject,
            claimed,
            claimed_size,
            blob: Observed::Unknown(gap.clone()),
            integrity: Integrity::NoBytes,
            contents: Observed::Unknown(gap.clone()),
            signatures: Observed::Unknown(gap),
            packages: Observed::Absent,
            attested,
        },
    }
}

/// A gap about a place, said of the subject that needed it.
fn about(gap: &Gap, subject: &Subject) -> Gap {
    Gap { subject: subject.to_string(), ..gap.clone() }
}

/// A gap for an artifact that nothing says where to find.
pub fn nowhere(subject: &Subject) -> Gap {
    Gap {
        subject: subject.to_string(),
        wanted: "the bytes".into(),
        reason: GapReason::NotRecorded,
        detail: "the source names no place to fetch them from".into(),
        next_step: "Record the account again, with the artifacts.".into(),
    }
}

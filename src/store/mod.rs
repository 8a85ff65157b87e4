//! The content-addressed store: blobs, cached analyses, scan history. DESIGN §6, `docs/adr/0004-store-layout.md`.

pub mod history;

mod analyses;
mod blobs;
mod error;
mod examine;
mod folder;
mod lease;
mod upkeep;

use serde::Serialize;

pub use analyses::{ANALYSIS_BYTES, AnalysisKey};
pub use blobs::{BlobFolder, LEFTOVER_AGE, Quarantined, Store, StoredBlob};
pub use error::{PutError, StoreError};
pub use examine::Damage;
pub use upkeep::{Amount, PruneOptions, Pruned, StoreInfo, Verified};

use crate::model::digest::{ClaimedDigest, Digest};

/// Whether bytes are the ones that were claimed. Only this module compares a [`Digest`] with a [`ClaimedDigest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Integrity {
    /// Digest, and size where one was claimed, are the claimed ones.
    Matches,
    /// They are not.
    Mismatch {
        /// What was claimed.
        expected: ClaimedDigest,
        /// What this process computed.
        presented: Digest,
        /// Claimed size, bytes.
        expected_size: Option<u64>,
        /// Size read, bytes.
        presented_size: u64,
    },
    /// Nobody claimed a digest: a local file.
    NotClaimed,
    /// There are no bytes to compare.
    NoBytes,
}

impl Integrity {
    /// Compares what was computed with what was claimed.
    pub fn of(presented: Digest, presented_size: u64, expected: Option<ClaimedDigest>, expected_size: Option<u64>) -> Self {
        let Some(expected) = expected else { return Self::NotClaimed };
        let same_size = expected_size.is_none_or(|size| size == presented_size);
        if expected.claimed_bytes() == presented.bytes() && same_size {
            Self::Matches
        } else {
            Self::Mismatch { expected, presented, expected_size, presented_size }
        }
    }
}

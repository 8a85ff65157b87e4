//! Stage 4: all that is known of each artifact, and the gaps. Everything right of here is pure: no network, no clock, no disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::catalog::Catalog;
use crate::model::arn::FunctionArn;
use crate::model::artifact::{ServiceSigning, SigningJob, Subject};
use crate::model::digest::{ClaimedDigest, Digest};
use crate::model::gap::Gap;
use crate::model::inventory::Inventory;
use crate::model::observed::Observed;
use crate::signature::revocation::RevocationAnswer;
use crate::signature::{JudgedSignature, RevocationQuestion};
use crate::store::Integrity;
use crate::unpack::Contents;
use crate::unpack::overlay::OptOverlay;

/// Everything that a run learned, and what it could not learn.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// What is deployed.
    pub inventory: Inventory,
    /// Every artifact that was looked at, by subject. Function versions that share bytes share `contents`.
    pub artifacts: BTreeMap<Subject, Artifact>,
    /// The `/opt` that each function version's layers merge into; only versions with layers.
    pub overlays: BTreeMap<FunctionArn, Arc<OptOverlay>>,
    /// True where the answers come from live AWS calls with no endpoint override: only then may AWS's own word count (rule 8).
    pub live: bool,
    /// What came of asking whether signatures that hold were revoked. What is not in it was not asked.
    pub revocations: BTreeMap<RevocationQuestion, RevocationAnswer>,
    /// What AWS states about signing jobs, by ARN. Only what was asked in this run, where a statement asks for AWS's own word.
    pub signing_jobs: BTreeMap<String, Observed<SigningJob>>,
}

impl Evidence {
    /// Every gap: of the listing, then of each artifact, sorted and without repetition.
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps: Vec<Gap> = self.inventory.gaps.clone();
        for artifact in self.artifacts.values() {
            gaps.extend(artifact.blob.gap().cloned());
            gaps.extend(artifact.contents.gap().cloned());
            gaps.extend(artifact.signatures.gap().cloned());
            gaps.extend(artifact.packages.gap().cloned());
        }
        gaps.sort();
        gaps.dedup();
        gaps
    }
}

/// What is known of one artifact.
#[derive(Debug, Clone, Serialize)]
pub struct Artifact {
    /// What it is.
    pub subject: Subject,
    /// The digest that an API answer or a reference claims.
    pub claimed: Option<ClaimedDigest>,
    /// The size that an API answer claims, bytes.
    pub claimed_size: Option<u64>,
    /// Its bytes, hashed by this process.
    pub blob: Observed<Blob>,
    /// Whether the bytes are the claimed ones.
    pub integrity: Integrity,
    /// What the bytes hold.
    #[serde(skip)]
    pub contents: Observed<Arc<Contents>>,
    /// Signatures found and judged. `Absent`: every scheme looked, and there is none.
    pub signatures: Observed<Vec<JudgedSignature>>,
    /// The packages in it, of an image those of all platforms that run. `Absent`: nobody looked, since no SBOM of it is attested by a
    /// signature that holds.
    #[serde(skip)]
    pub packages: Observed<Arc<Catalog>>,
    /// What AWS states about a signature. Never a verification.
    pub attested: Attested,
}

impl Artifact {
    /// The digest that this process computed, where it had the bytes.
    pub fn digest(&self) -> Option<Digest> {
        self.blob.present().map(|b| b.digest)
    }
}

/// Bytes that this process hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Blob {
    /// SHA-256 of the zip, or of the image's manifest.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
}

/// What AWS states in an API answer about a signature (`basis: service`). A type of its own, so that it can never pass for
/// [`crate::signature::Verified`] (DESIGN §4 rule 8).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Attested {
    /// The ARNs in the answer about the artifact itself.
    pub signing: ServiceSigning,
    /// For layers: what the configurations of functions that use it state, where that differs.
    pub disagreeing_uses: Vec<(FunctionArn, ServiceSigning)>,
}

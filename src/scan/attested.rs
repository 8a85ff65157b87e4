//! The packages of an artifact of which an SBOM is attested, for comparing the two. Of any other artifact nobody asks, and nothing is read.

use std::sync::Arc;

use super::{Gather, ScanError};
use crate::catalog::{self, Catalog, Input, Options};
use crate::model::artifact::Subject;
use crate::model::digest::Digest;
use crate::model::gap::{Gap, GapReason};
use crate::model::observed::Observed;
use crate::signature::{Outcome, Signatures, Statement};
use crate::store::AnalysisKey;
use crate::unpack::WantDigests;

/// Version of what cataloging gives. Raise it with every change of `catalog` or `unpack` that could change a catalog.
const CATALOGER: &str = concat!("layerproof-catalog-", env!("CARGO_PKG_VERSION"), "-4");

/// An artifact that could be looked into.
pub(super) struct Attested<'a> {
    /// Where its bytes are.
    pub input: Input<'a>,
    /// SHA-256 of the zip or of the image's manifest: what the packages follow from.
    pub content: Digest,
}

impl Attested<'_> {
    /// Its packages, where an attestation that holds says what they are.
    pub fn packages(&self, signatures: &Signatures, gather: &Gather<'_>) -> Result<Observed<Arc<Catalog>>, ScanError> {
        if !is_attested(signatures) {
            return Ok(Observed::Absent);
        }
        let key = AnalysisKey::new(CATALOGER, &WantDigests::None, gather.limits);
        if let Some(catalog) = gather.fetching.store.analysis::<Catalog>(&self.content, &key) {
            return Ok(Observed::Present(Arc::new(catalog)));
        }
        let cataloged = catalog::catalog(self.input, &Options::default(), gather.limits)?;
        // What a limit cut short, time among them, may come out otherwise next time.
        if cataloged.contents.complete {
            gather.fetching.store.put_analysis(&self.content, &key, &*cataloged.catalog)?;
        }
        Ok(Observed::Present(cataloged.catalog))
    }
}

/// The same for bytes that are no archive: with an SBOM of them attested, a gap.
pub(super) fn unreadable(signatures: &Signatures, subject: &Subject, detail: &str) -> Observed<Arc<Catalog>> {
    if !is_attested(signatures) {
        return Observed::Absent;
    }
    Observed::Unknown(Gap {
        subject: subject.to_string(),
        wanted: "the packages that an attested SBOM is about".into(),
        reason: GapReason::Malformed,
        detail: detail.to_owned(),
        next_step: "Only zips and images are looked into.".into(),
    })
}

/// The packages of one image on two platforms.
pub(super) fn both(first: Observed<Arc<Catalog>>, other: Observed<Arc<Catalog>>) -> Observed<Arc<Catalog>> {
    match (first, other) {
        (Observed::Present(first), Observed::Present(other)) => {
            let (whole, _) = catalog::combine(vec![first.as_ref().clone(), other.as_ref().clone()]);
            Observed::Present(Arc::new(whole))
        }
        (missing @ Observed::Unknown(_), _) | (_, missing @ Observed::Unknown(_)) => missing,
        (Observed::Absent, one) | (one, Observed::Absent) => one,
    }
}

/// Whether a signature over an SBOM holds. Whether anybody trusts its signer is not known yet.
fn is_attested(signatures: &Signatures) -> bool {
    signatures.present().into_iter().flatten().any(|signature| match &signature.outcome {
        Outcome::Valid(verified) => verified.basis().statement.as_ref().is_some_and(Statement::is_sbom),
        Outcome::Invalid(_) | Outcome::Inconclusive(_) => false,
    })
}

//! Two artifacts with one digest are fetched once, even at the same moment: many versions of a function have the same code.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::digest::ClaimedDigest;

/// A lock for each digest that was asked for.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<BTreeMap<ClaimedDigest, Arc<Mutex<()>>>>);

impl Turns {
    pub fn of(&self, digest: &ClaimedDigest) -> Arc<Mutex<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(*digest).or_default().clone()
    }
}

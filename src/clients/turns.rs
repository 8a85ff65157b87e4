//! Who downloads what: nothing twice at once, nor more at once than hosts and this machine should bear. Many versions of a function have the
//! same code, and many images the same layers.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, PoisonError};

use crate::model::digest::ClaimedDigest;

/// Downloads at once, of zips and blobs of images together.
const AT_ONCE: usize = 16;

/// See the module.
#[derive(Default)]
pub struct Turns {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    running: BTreeSet<ClaimedDigest>,
    done: BTreeSet<ClaimedDigest>,
}

/// The right to download the bytes of one digest, until dropped.
pub struct Turn<'a> {
    turns: &'a Turns,
    digest: ClaimedDigest,
    /// True where this run has downloaded them before: `--refetch` is done with it.
    pub is_done: bool,
}

impl Turns {
    /// Waits until nobody downloads these bytes, and there is room.
    pub fn take(&self, digest: ClaimedDigest) -> Turn<'_> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let busy = |state: &mut State| state.running.contains(&digest) || state.running.len() >= AT_ONCE;
        let mut state = self.changed.wait_while(state, busy).unwrap_or_else(PoisonError::into_inner);
        state.running.insert(digest);
        Turn { turns: self, digest, is_done: state.done.contains(&digest) }
    }
}

impl Turn<'_> {
    /// Notes that they were downloaded in this run, and are what their digest says.
    pub fn done(&self) {
        self.turns.state.lock().unwrap_or_else(PoisonError::into_inner).done.insert(self.digest);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.state.lock().unwrap_or_else(PoisonError::into_inner).running.remove(&self.digest);
        self.turns.changed.notify_all();
    }
}

//! Places that nobody answers from: where several downloads in a row found nobody, the next ones do not each wait as long again.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::http::Patience;
use crate::model::inventory::Place;

/// What is known of the hosts of each place.
#[derive(Debug, Default)]
pub struct Reach(Mutex<BTreeMap<Place, Silence>>);

#[derive(Debug)]
struct Silence {
    downloads: u32,
    last: Instant,
}

impl Reach {
    /// Whether to ask. Where [`Patience::silent`] downloads in a row were given up, one in each [`Patience::silent_pause`] finds out
    /// whether it is any better.
    pub fn may_ask(&self, place: &Place, patience: &Patience) -> bool {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match places.get_mut(place) {
            Some(silence) if silence.downloads >= patience.silent => {
                let again = silence.last.elapsed() >= patience.silent_pause;
                if again {
                    silence.last = Instant::now();
                }
                again
            }
            Some(_) | None => true,
        }
    }

    /// A download was given up: nobody answered, or the service failed each time.
    pub fn silent(&self, place: &Place) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let silence = places.entry(place.clone()).or_insert_with(|| Silence { downloads: 0, last: Instant::now() });
        silence.downloads = silence.downloads.saturating_add(1);
        silence.last = Instant::now();
    }

    /// Somebody answered.
    pub fn answered(&self, place: &Place) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(place);
    }
}

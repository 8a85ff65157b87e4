//! The demo fleet: two accounts of a parcel company, recorded, and what is wrong with them. `testdata/fleet/README.md` tells the story.

mod deployed;
mod functions;
mod images;
mod layers;
mod recorder;
mod signed;

use std::collections::BTreeMap;

use recorder::Recorder;

/// The company's production account.
const PROD: &str = "111122223333";
/// Its data account.
const DATA: &str = "444455556666";
/// A vendor of monitoring layers.
const VENDOR: &str = "999900001111";
/// When the fleet was "recorded".
const RECORDED_AT: &str = "2026-11-02T05:40:00Z";
/// Places that were recorded.
const PLACES: [(&str, &str); 3] = [(PROD, "eu-west-1"), (PROD, "us-east-1"), (DATA, "eu-west-1")];

/// Every file of the fleet by its path.
pub fn files() -> BTreeMap<String, Vec<u8>> {
    let mut recorder = Recorder::default();
    let layers = layers::record(&mut recorder);
    let images = images::record(&mut recorder);
    functions::record(&mut recorder, &layers, &images);
    recorder.finish()
}

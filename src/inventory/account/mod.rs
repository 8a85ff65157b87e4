//! What AWS answered about some accounts, whether they were asked now or recorded, and what that says is deployed.
//!
//! Answers are hostile: every loop has a limit, and what cannot be understood is a gap of that place and call, never "there is none".
//! Environment values, presigned links and credentials are not read into any type.

pub mod call;
pub mod origin;

mod aliases;
mod answered;
pub(in crate::inventory) mod answers;
mod code;
mod code_signing;
mod ecr;
mod functions;
mod layers;

use std::collections::BTreeMap;

pub use answered::MAX_PAGES;

use self::answered::Answers;
use self::origin::Origin;
use crate::model::gap::{Gap, GapReason};
use crate::model::inventory::{CoverageRow, Inventory, Place, SourceInfo};

/// What is deployed in `places`, by the answers of `origin`.
pub fn assemble(source: SourceInfo, places: Vec<Place>, origin: &dyn Origin) -> Inventory {
    let mut inventory = Inventory::empty(source);
    let mut answers: Vec<Answers<'_>> = places.iter().map(|place| Answers::new(origin, place.clone())).collect();
    inventory.places = places;
    for answers in &mut answers {
        let functions = functions::read(answers, &mut inventory.gaps);
        inventory.functions.extend(functions);
    }
    inventory.functions.sort_by(|a, b| a.arn.cmp(&b.arn));
    drop_repeated_functions(&mut inventory);
    inventory.layers = layers::read(&mut answers, &inventory.functions, &mut inventory.gaps);
    inventory.repositories = ecr::read(&mut answers, &inventory.functions, &mut inventory.gaps);

    let mut coverage: BTreeMap<(Place, String), (u64, u64)> = BTreeMap::new();
    for answers in answers {
        let place = answers.place().clone();
        for (api, answered, missing) in answers.coverage() {
            coverage.insert((place.clone(), api.to_owned()), (answered, missing));
        }
    }
    inventory.coverage =
        coverage.into_iter().map(|((place, api), (answered, missing))| CoverageRow { place, api, answered, missing }).collect();
    inventory.gaps.sort();
    inventory.gaps.dedup();
    inventory
}

/// One function cannot be listed twice: places are distinct, and an ARN that names another place is not read. Kept as a guard, so that
/// a change there cannot let a second entry hide the first.
fn drop_repeated_functions(inventory: &mut Inventory) {
    let gaps = &mut inventory.gaps;
    inventory.functions.dedup_by(|later, kept| {
        let same = later.arn == kept.arn;
        if same {
            gaps.push(Gap {
                subject: kept.arn.to_string(),
                wanted: "which of two descriptions of the function is right".into(),
                reason: GapReason::Malformed,
                detail: "the function is described in two places".into(),
                next_step: "Look again.".into(),
            });
        }
        same
    });
}

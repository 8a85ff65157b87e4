//! The answers of live accounts, as the origin that an inventory is assembled from.

use std::collections::BTreeMap;

use super::Collected;
use crate::inventory::account::call::{Api, Call, PlaceCalls};
use crate::inventory::account::origin::{Extent, LIVE, Origin, Words, ZipOf};
use crate::model::artifact::{BlobLocation, S3Object};
use crate::model::gap::{Gap, GapReason};
use crate::model::image_ref::ImageRef;
use crate::model::inventory::Place;
use crate::model::observed::Observed;

/// What was collected, by place.
pub(super) struct Live<'a> {
    places: BTreeMap<&'a Place, &'a PlaceCalls>,
    extent: &'a Extent,
}

impl<'a> Live<'a> {
    pub fn new(collected: &'a Collected) -> Self {
        Self { places: collected.places.iter().map(|place| (&place.place, place)).collect(), extent: &collected.extent }
    }
}

impl Origin for Live<'_> {
    fn calls(&self, place: &Place, api: &Api) -> Result<Vec<Call>, Gap> {
        match self.places.get(place).and_then(|known| known.calls.get(api)) {
            Some(calls) => Ok(calls.clone()),
            None => Err(Gap {
                subject: String::new(),
                wanted: String::new(),
                reason: GapReason::NotRecorded,
                detail: format!("{} was not asked", api.name()),
                next_step: "Look again.".into(),
            }),
        }
    }

    fn name(&self, place: &Place, api: &Api) -> String {
        format!("{} in {}/{}", api.name(), place.account, place.region)
    }

    /// The link is asked for when the bytes are fetched. In storage mode REFERENCE the object itself is read.
    fn zip(&self, place: &Place, of: ZipOf<'_>, _: Option<&str>, reference: Option<&S3Object>) -> Result<BlobLocation, Gap> {
        let asked_in = place.clone();
        Ok(match (reference, of) {
            (Some(object), _) => BlobLocation::S3Object { asked_in, object: object.clone() },
            (None, ZipOf::Function(arn)) => BlobLocation::LambdaFunction { asked_in, arn: arn.clone() },
            (None, ZipOf::Layer(arn)) => BlobLocation::LambdaLayer { asked_in, arn: arn.clone() },
        })
    }

    /// Asked of the registry as its own account, where that is looked at too: it needs no right across accounts.
    fn image(&self, place: &Place, image: &ImageRef, architecture: &str) -> Observed<BlobLocation> {
        let home = image
            .ecr()
            .and_then(|(account, region)| self.places.keys().copied().find(|place| place.account == account && place.region == region));
        Observed::Present(BlobLocation::Registry {
            asked_in: image.ecr().map(|_| home.unwrap_or(place).clone()),
            image: ImageRef { tag: None, ..image.clone() },
            architecture: architecture.into(),
        })
    }

    fn extent(&self) -> &Extent {
        self.extent
    }

    fn words(&self) -> &'static Words {
        &LIVE
    }
}

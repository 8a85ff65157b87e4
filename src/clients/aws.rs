//! AWS: who asks where. A session is the clients of one account in one region, with the credentials that were found for it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::model::inventory::Place;

/// The accounts and regions that this run may ask, filled when a live account is listed.
#[derive(Debug, Default)]
pub struct Sessions {
    places: Mutex<BTreeMap<Place, Session>>,
}

/// The clients of one place. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Session {
    /// AWS Lambda.
    pub lambda: aws_sdk_lambda::Client,
    /// Amazon ECR.
    pub ecr: aws_sdk_ecr::Client,
    /// Amazon S3 in the place's own region.
    pub s3: aws_sdk_s3::Client,
}

impl Sessions {
    /// The session of a place, where it was opened.
    pub fn at(&self, place: &Place) -> Option<Session> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).get(place).cloned()
    }

    /// Keeps a session for its place.
    pub fn keep(&self, place: Place, session: Session) {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).insert(place, session);
    }
}

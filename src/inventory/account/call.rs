//! A call to an AWS API and what came of it: the form in which live accounts are read, snapshots are written, and both are understood.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::inventory::Place;

/// An API operation and the members of its request that tell one call from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Api {
    /// `lambda`, `ecr`.
    pub service: &'static str,
    /// `ListFunctions`.
    pub operation: &'static str,
    /// Members compared between the call that is wanted and those that were made, the page marker aside.
    pub key: &'static [&'static str],
    /// Request member that carries the page marker, and response member that carries the next one; `None` where there are no pages.
    pub pages: Option<(&'static str, &'static str)>,
}

/// One call: request and answer in the names and shapes of AWS's own API. Only members that are named where a call is made stand in it,
/// so that no credential, presigned link or environment value can.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Members of the request.
    #[serde(default)]
    pub request: Map<String, Value>,
    /// The answer, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Value>,
    /// Why there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorAnswer>,
}

/// An error that AWS answered with, or that stands for an answer that never came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorAnswer {
    /// `AccessDeniedException`, `ResourceNotFoundException`, `TooManyRequestsException`, …; `layerproof.Unreachable` where no answer came.
    pub code: String,
    /// AWS's own words. Untrusted text.
    #[serde(default)]
    pub message: String,
}

/// The code of an [`ErrorAnswer`] that is not AWS's: the service could not be reached.
pub const UNREACHABLE: &str = "layerproof.Unreachable";

impl Api {
    /// The IAM action: `lambda:ListFunctions`.
    pub fn action(&self) -> String {
        // IAM knows one action for both (service authorization reference, AWS Lambda).
        let operation = if self.operation == "GetLayerVersionByArn" { "GetLayerVersion" } else { self.operation };
        format!("{}:{operation}", self.service)
    }

    /// `lambda:GetLayerVersionByArn`, as in the coverage table.
    pub fn name(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }

    /// The file of a snapshot that holds its calls: `lambda.ListFunctions.json`.
    pub fn file_name(&self) -> String {
        format!("{}.{}.json", self.service, self.operation)
    }
}

/// Every call that was made in one place, answered or not.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceCalls {
    /// Account and region.
    pub place: Place,
    /// Calls by operation, in the order in which they were made.
    pub calls: BTreeMap<Api, Vec<Call>>,
}

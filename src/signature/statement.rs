//! in-toto statements (in-toto attestation framework, spec v1), as far as a signature over them was verified.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value;

/// A statement that was signed, about the digest that was asked for. `_type` is one of the two that exist.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// `predicateType`, exact.
    pub predicate_type: String,
    /// The predicate. Untrusted in what it says: only who signed it is known.
    pub predicate: Arc<Value>,
}

impl Eq for Statement {}

/// Only its type: a predicate may be a whole SBOM.
impl Serialize for Statement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.predicate_type)
    }
}

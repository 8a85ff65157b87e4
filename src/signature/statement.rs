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

impl Statement {
    /// True where the predicate is said to be an SBOM: CycloneDX or SPDX, of any version.
    pub fn is_sbom(&self) -> bool {
        const TYPES: [&str; 2] = ["https://cyclonedx.org/bom", "https://spdx.dev/Document"];
        let is_of = |kind: &&str| self.predicate_type.strip_prefix(kind).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        TYPES.iter().any(is_of)
    }
}

/// Only its type: a predicate may be a whole SBOM.
impl Serialize for Statement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.predicate_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sboms_are_told_by_their_type_in_any_version() {
        let is_sbom = |kind: &str| Statement { predicate_type: kind.into(), predicate: Arc::new(Value::Null) }.is_sbom();
        for kind in
            ["https://cyclonedx.org/bom", "https://cyclonedx.org/bom/v1.6", "https://spdx.dev/Document", "https://spdx.dev/Document/v2.3"]
        {
            assert!(is_sbom(kind), "{kind}");
        }
        for kind in ["https://slsa.dev/provenance/v1", "https://cyclonedx.org/bomb", "https://cyclonedx.org/vex", "cyclonedx", ""] {
            assert!(!is_sbom(kind), "{kind}");
        }
    }
}

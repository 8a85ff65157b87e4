//! SBOMs.

mod documents;

#[path = "../../../src/sbom/sample.rs"]
mod sample;

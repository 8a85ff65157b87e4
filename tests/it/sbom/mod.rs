//! SBOMs.

mod command;
mod documents;

#[path = "../../../src/sbom/sample.rs"]
mod sample;

//! Checks: for each a positive case, a negative one, and one in which we could not look.

mod code_signing;
mod fleet;
mod integrity;
mod layers;
mod pinning;
mod registry;
mod rest;
mod sbom;
mod scale;
mod sharing;
mod signatures;
mod signed;
mod templates;

//! The integration tests: one binary, whose modules mirror `src/`.

#[path = "../forge/mod.rs"]
mod forge;
mod signature;

//! The one integration test binary; its modules mirror `src/`.

#[path = "../forge/mod.rs"]
mod forge;
mod policy;
mod signature;
mod unpack;

//! The one integration test binary; its modules mirror `src/`.

mod fetch;
#[path = "../../examples/make_fleet/fleet/mod.rs"]
mod fleet;
#[path = "../forge/mod.rs"]
mod forge;
mod inventory;
mod signature;
mod store;
mod unpack;

//! The one integration test binary: its modules mirror `src/`. One binary links once; thirty would link thirty times.

#[path = "../forge/mod.rs"]
mod forge;

mod architecture;
mod check;
mod docs;
mod fetch;
mod inventory;
mod memory;
mod offline;
mod policy;
mod real_layers;
mod report;
mod run;
mod signature;
mod store;
mod unpack;

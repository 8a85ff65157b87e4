//! The one integration test binary: its modules mirror `src/`. One binary links once; thirty would link thirty times.

#[path = "../forge/mod.rs"]
mod forge;

#[path = "../loopback/mod.rs"]
mod loopback;

#[path = "../../examples/make_fleet/fleet/mod.rs"]
mod fleet;

mod architecture;
#[cfg(feature = "aws")]
mod aws;
mod catalog;
mod check;
mod cli;
mod cli_explain;
mod docs;
mod fetch;
mod forge_tests;
mod interop;
mod inventory;
mod memory;
mod offline;
mod policy;
mod real_layers;
mod registry;
mod registry_real;
mod report;
mod revocation;
mod run;
mod sbom;
mod scan;
mod signature;
mod store;
mod unpack;

mod account;
#[cfg(feature = "aws")]
mod aws;
mod command;
mod fleet;
mod recorded_layers;
mod recorded_registry;
mod registry;
mod snapshot;
mod snapshot_write;
mod target;
mod template;

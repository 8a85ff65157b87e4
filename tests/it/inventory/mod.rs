mod account;
mod command;
mod fleet;
mod recorded_layers;
mod recorded_registry;
mod registry;
mod snapshot;
mod target;

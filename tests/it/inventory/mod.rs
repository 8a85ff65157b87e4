mod account;
mod recorded_layers;
mod recorded_registry;
mod snapshot;
mod target;

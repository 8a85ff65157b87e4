//! The loopback AWS, asked by the real SDK, and how the binary is run against it.

mod calls;
mod faults;
mod first_use;
mod live;
mod moto;
mod registry;
mod revocation;
mod sdk;

use crate::loopback::LoopbackAws;
use crate::run::{Home, Run};

/// A run of `layerproof` as a user of `account`, against this server.
pub fn layerproof_on<'h>(aws: &LoopbackAws, home: &'h Home, account: &str, region: &str) -> Run<&'h Home> {
    aws.env(home.path(), account, region).into_iter().fold(Run::new(home), |run, (name, value)| run.env(name, value))
}

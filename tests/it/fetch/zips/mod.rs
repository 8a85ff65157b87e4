//! Zips of a live account, over the real SDK, from a cloud on loopback that does everything wrong.

mod cloud;
mod links;
mod memory;
mod objects;
mod proxy;
mod tls;
mod transfer;

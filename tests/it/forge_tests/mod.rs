//! The forge is judged by others: what it makes must be what the world makes.
//!
//! Each good forgery is verified by a judge that shares no code with the forge (the `sigstore-verify` crate, the openssl command line), and
//! each hook is seen to spoil what it touches.

mod layouts;
mod legacy;
mod mutants;
mod notary;
mod openssl;
mod revocation;
mod sigstore;
mod timestamps;

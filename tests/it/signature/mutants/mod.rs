//! One mutant per field: for each kind of envelope a good one that the verifier takes, and beside it every mutant that flips, drops or swaps
//! one of its fields, or replays the whole for another artifact. Each is refused, or its field is listed as one that the specification leaves
//! unsigned, with the section that does, and then the whole verdict is the good one's, or lacks what the list says and nothing else.
//!
//! Trust material (trust stores, trusted roots, keys) is not mutated: it is what the others are judged by.

mod cosign_layers;
mod court;
mod notary;
mod notary_cose;
mod notary_jws;
mod revocation;
mod signer_zip;
mod sigstore;
mod sigstore_attestations;
mod sigstore_bundles;
mod sweep;
mod timestamp;

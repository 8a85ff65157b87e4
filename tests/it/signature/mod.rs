//! Stage 4a.

mod aws_signer;
mod beside_files;
mod forged;
mod mutants;
mod notary;
mod oci_referrers;
mod published;
mod real_layouts;
mod sigstore;
mod vectors;

//! Stage 4a.

mod aws_signer;
mod forged;
mod oci_referrers;
mod published;
mod sigstore;
mod vectors;

//! Stage 4a.

mod aws_signer;
mod forged;
mod notary;
mod oci_referrers;
mod published;
mod vectors;

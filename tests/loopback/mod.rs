//! The loopback AWS: a server on 127.0.0.1 that answers as AWS does, for a fleet that is a snapshot (docs/snapshot.md) on disk or in memory.
//! The AWS SDK speaks to it unchanged, with `AWS_ENDPOINT_URL`.
//!
//! - Lambda, ECR, STS, Account Management, S3 and Signer, as far as the product asks them; downloads behind links that look presigned and expire;
//!   the OCI distribution API in front of the snapshot's images, with ECR's basic authentication.
//! - Accounts follow from the access key, regions from the scope of the SigV4 signature. Signatures themselves are not checked.
//! - [`Fault`]s go wrong on demand; the [`Log`] says who asked what, so that a test can count.
//! - [`SECRETS`] stand wherever the real APIs hand out secrets: environment values, links, session credentials, registry passwords. None may
//!   ever be found in what the product writes.
//!
//! ```ignore
//! let aws = LoopbackAws::of(Fleet::read("testdata/fleet")).fault(Fault::on("lambda:ListAliases").in_account("444455556666").denies()).start();
//! let out = layerproof().envs(aws.env(home, "111122223333", "eu-west-1")).args(["inventory", "--region", "eu-west-1"]).run();
//! assert_eq!(aws.log().count("lambda:ListAliases"), 3);
//! ```

// Each binary that includes the loopback uses only a part of it.
#![allow(dead_code, unused_imports)]

mod ask;
mod ecr;
mod fault;
mod fleet;
mod lambda;
mod link;
mod log;
mod registry;
mod reply;
mod s3;
mod server;
mod session;
mod signer;
mod synthetic;

pub use fault::{Fault, Wrong};
pub use fleet::{Fleet, edit};
pub use log::{Log, Seen};
pub use server::{Builder, LoopbackAws, access_key, secret_key};
pub use signer::{Job, Revoked};
pub use synthetic::Synthetic;

/// Planted in the values of environment variables that Lambda hands out.
pub const SECRET_IN_ENVIRONMENT: &str = "planted-environment-value-c07f41";
/// Planted in the presigned links of zips and blobs.
pub const SECRET_IN_LINK: &str = "planted-link-signature-5be29a";
/// Planted in secret access keys and session tokens.
pub const SECRET_IN_CREDENTIALS: &str = "planted-session-credential-93d6e0";
/// Planted in the passwords that ECR hands out.
pub const SECRET_IN_REGISTRY_TOKEN: &str = "planted-registry-password-7a14bc";

/// What may never be found in anything that the product writes.
pub const SECRETS: [&str; 4] = [SECRET_IN_ENVIRONMENT, SECRET_IN_LINK, SECRET_IN_CREDENTIALS, SECRET_IN_REGISTRY_TOKEN];

//! Images pulled from real registries: Debian's `docker-registry`, which asks for a password as Amazon ECR does and knows no referrers
//! API, and `ferro-oci-server` in this process, which knows the referrers API of OCI 1.1. The images are made by `umoci` and `skopeo`.
//!
//! `scripts/test` fetches the tools and names them in `LAYERPROOF_DOCKER_REGISTRY`, `LAYERPROOF_SKOPEO` and `LAYERPROOF_UMOCI`; without
//! them the tests skip, and say so.

mod access;
mod broken_off;
mod damage;
pub mod debian;
pub mod ferro;
mod front;
mod images;
mod memory;
mod pull;
mod puller;
pub mod push;
mod referrers;

use debian::{DockerRegistry, Lets};
use images::Images;

/// An empty registry, and images to push to it; `None`, and one visible skip, where a tool is missing.
fn bed(lets: Lets) -> Option<(DockerRegistry, Images)> {
    Some((DockerRegistry::start(lets)?, Images::make()?))
}

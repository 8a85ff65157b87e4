//! Registries: OCI distribution-spec 1.1, read only. docs/adr/0012-registry-client.md says why no crate does it, and lists each
//! weakness that the tried one had with its guard and its test.
//!
//! An answer that is no answer is never "is not there": only [`RegistryError::Absent`] is.

mod blob;
mod challenge;
#[cfg(feature = "aws")]
mod ecr;
mod endpoint;
mod error;
mod helper;
mod login;
mod manifest;
mod referrers;
mod retry;
mod tokens;
mod transport;

pub use blob::{BlobReader, Lane};
pub use error::{Asked, RegistryError};
pub use login::{LoginFiles, RegistryLogin};
pub use manifest::{MANIFEST_BYTES, RawManifest, Which};
pub use referrers::{Referrer, Referrers};

use self::endpoint::Endpoint;
use self::tokens::Tokens;
use self::transport::Transport;
use super::Online;
use crate::model::image_ref::ImageRef;
use crate::model::inventory::Place;

/// All registries of a run: tokens and logins.
pub struct Registries {
    tokens: Tokens,
    files: LoginFiles,
}

impl Registries {
    /// Opens no socket and reads no login yet.
    pub fn new(files: LoginFiles) -> Self {
        Self { tokens: Tokens::default(), files }
    }
}

/// One repository of a registry, and who asks for it.
#[derive(Clone, Copy)]
pub struct Repository<'a> {
    online: &'a Online,
    image: &'a ImageRef,
    asked_in: Option<&'a Place>,
}

impl<'a> Repository<'a> {
    /// The repository of `image`. `asked_in`: whose ECR credentials ask, where it is one of ECR's.
    pub fn new(online: &'a Online, image: &'a ImageRef, asked_in: Option<&'a Place>) -> Self {
        Self { online, image, asked_in }
    }

    /// Its image, for messages.
    pub fn image(&self) -> &'a ImageRef {
        self.image
    }

    fn registries(&self) -> &'a Registries {
        self.online.registries()
    }

    fn transport(&self) -> Transport<'a> {
        Transport { online: self.online }
    }

    fn endpoint(&self) -> Result<Endpoint, RegistryError> {
        Endpoint::of(self.image, self.online.network())
    }
}

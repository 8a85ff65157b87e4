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
mod turns;

use std::time::Duration;

pub use blob::{BlobReader, Lane};
pub use error::{Asked, RegistryError};
pub use login::{LoginFiles, RegistryLogin};
pub use manifest::{MANIFEST_BYTES, RawManifest, Which};
pub use referrers::{Referrer, Referrers};
pub use turns::{Turn, Turns};

use self::endpoint::Endpoint;
use self::tokens::Tokens;
use self::transport::Transport;
use super::{ClientsError, Network, Online};
use crate::model::image_ref::ImageRef;
use crate::model::inventory::Place;

/// How long a registry is waited for, and how often it is asked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For the next bytes of an answer.
    pub idle: Duration,
    /// For a whole answer other than a blob.
    pub answer: Duration,
    /// Attempts after the first, of one question.
    pub retries: u32,
    /// Before the first further attempt; twice as long before each one after it.
    pub backoff: Duration,
    /// The longest `Retry-After` that is waited for; of a longer one the question is given up at once.
    pub longest_wait: Duration,
    /// Bytes per second below which a blob is given up, averaged over all of it.
    pub slowest: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            answer: Duration::from_secs(60),
            retries: 4,
            backoff: Duration::from_millis(250),
            longest_wait: Duration::from_secs(30),
            slowest: 64 << 10,
        }
    }
}

/// All registries of a run: connections, tokens, logins.
pub struct Registries {
    transport: Transport,
    tokens: Tokens,
    files: LoginFiles,
    turns: Turns,
}

impl Registries {
    /// Opens no socket and reads no login yet.
    ///
    /// # Errors
    /// A CA bundle that cannot be read.
    pub fn new(network: &Network, patience: Patience, files: LoginFiles) -> Result<Self, ClientsError> {
        let transport = Transport::new(network, patience)?;
        Ok(Self { transport, tokens: Tokens::default(), files, turns: Turns::default() })
    }

    /// Who downloads what right now.
    pub fn turns(&self) -> &Turns {
        &self.turns
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

    fn transport(&self) -> &'a Transport {
        &self.registries().transport
    }

    fn endpoint(&self) -> Result<Endpoint, RegistryError> {
        Endpoint::of(self.image, self.online.network())
    }
}

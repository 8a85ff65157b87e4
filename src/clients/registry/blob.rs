//! Blobs as a stream that goes on where it broke off.

use std::io::{self, Read};
use std::time::Instant;

use reqwest::header::CONTENT_RANGE;
use reqwest::{Client, Response};
use tokio::runtime::{Builder, Runtime};

use super::retry::{Attempts, Next};
use super::transport::{Question, unreachable};
use super::{RegistryError, Repository};
use crate::clients::http::Pace;
use crate::model::digest::ClaimedDigest;

/// A runtime and connections of one thread: what arrives is hashed and written by the thread that received it, and handed to no other.
pub struct Lane {
    runtime: Runtime,
    http: Client,
}

impl Lane {
    /// A lane for blobs of this repository, or of others.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn new(repository: &Repository<'_>) -> Result<Self, RegistryError> {
        let http = repository.transport().another(&repository.endpoint()?)?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| RegistryError::Unreachable { detail: format!("the asynchronous runtime does not start: {e}") })?;
        Ok(Self { runtime, http })
    }
}

/// The bytes of a blob, at most one more than its descriptor says. Hashes nothing: the store does.
pub struct BlobReader<'a> {
    repository: Repository<'a>,
    lane: &'a Lane,
    digest: ClaimedDigest,
    size: u64,
    given: u64,
    resumes: u32,
    until: Option<Instant>,
    pace: Pace,
    answer: Option<Response>,
    /// Bytes of the answer that were given already.
    skip: u64,
    chunk: Chunk,
    /// Why it stopped, where it did.
    pub stopped: Option<RegistryError>,
}

impl<'a> Repository<'a> {
    /// A blob of `size` bytes, as its descriptor says. Its `urls` are not even read.
    pub fn blob(&self, lane: &'a Lane, digest: ClaimedDigest, size: u64) -> BlobReader<'a> {
        let allowed = self.transport().patience().allowed(size);
        BlobReader {
            repository: *self,
            lane,
            digest,
            size,
            given: 0,
            resumes: 0,
            until: Instant::now().checked_add(allowed),
            pace: Pace::default(),
            answer: None,
            skip: 0,
            chunk: Chunk::default(),
            stopped: None,
        }
    }
}

impl BlobReader<'_> {
    /// True where it was put together from several answers.
    pub fn was_resumed(&self) -> bool {
        self.resumes > 0
    }

    /// False at the end.
    fn next_chunk(&mut self) -> Result<bool, RegistryError> {
        loop {
            let patience = self.repository.transport().patience();
            if self.until.is_some_and(|until| Instant::now() >= until) {
                return Err(RegistryError::Unreachable { detail: format!("slower than {} bytes per second", patience.slowest) });
            }
            if self.answer.is_none() {
                match self.connect() {
                    Ok(answer) => self.answer = Some(answer),
                    // Range Not Satisfiable: the blob ends where the answer before ended.
                    Err(RegistryError::Failed { status: 416, .. }) if self.given > 0 => return Ok(false),
                    Err(error) => return Err(error),
                }
            }
            let Some(answer) = &mut self.answer else { continue };
            let asked = Instant::now();
            let error = match self.lane.runtime.block_on(answer.chunk()) {
                Ok(Some(bytes)) if self.pace.is_too_slow(asked.elapsed(), bytes.len(), patience) => {
                    let detail = format!("fewer than {} bytes in {:?}", patience.pace_bytes, patience.pace_window);
                    RegistryError::Unreachable { detail }
                }
                Ok(Some(bytes)) => {
                    let skipped = bytes.len().min(usize::try_from(self.skip).unwrap_or(usize::MAX));
                    self.skip = self.skip.saturating_sub(skipped as u64);
                    if skipped < bytes.len() {
                        self.chunk = Chunk { bytes: Some(Box::new(bytes)), at: skipped };
                        return Ok(true);
                    }
                    continue;
                }
                Ok(None) if self.given >= self.size => return Ok(false),
                Ok(None) => RegistryError::Unreachable { detail: format!("it ends after {} of {} bytes", self.given, self.size) },
                Err(error) => unreachable(error),
            };
            self.answer = None;
            self.pace = Pace::default();
            self.resumes = self.resumes.saturating_add(1);
            if self.resumes >= patience.attempts {
                return Err(error);
            }
            tracing::debug!(digest = %self.digest, given = self.given, %error, "a download broke off; it goes on from there");
            std::thread::sleep(patience.wait(self.resumes, None));
        }
    }

    /// Asks for what is left.
    fn connect(&mut self) -> Result<Response, RegistryError> {
        let repository = self.repository;
        let endpoint = repository.endpoint()?;
        let transport = repository.transport();
        let url = endpoint.address(&["blobs", &self.digest.to_string()])?;
        let mut attempts = Attempts::new(transport.patience());
        loop {
            // On the common runtime: what it connects to is kept for others.
            let authorization = repository.online.block_on(repository.authorization())?;
            let question = Question { accept: "", authorization: authorization.as_ref(), from: self.given };
            let asked = async {
                let asking = transport.get(&self.lane.http, &endpoint, url.clone(), question);
                tokio::time::timeout(transport.patience().answer, asking)
                    .await
                    .unwrap_or_else(|_| Err(RegistryError::Unreachable { detail: "no answer".into() }))
            };
            let error = match self.lane.runtime.block_on(asked).and_then(|answer| self.checked(answer)) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match attempts.after(&error) {
                Next::Wait(wait) => std::thread::sleep(wait),
                Next::Renew => {
                    let challenge = if let RegistryError::Refused { challenge, .. } = &error { challenge.as_deref() } else { None };
                    repository.online.block_on(repository.renew(authorization.as_ref(), challenge))?;
                }
                Next::GiveUp => return Err(error),
            }
        }
    }

    /// The answer from the byte that is next: 206 must begin there, and of 200 the bytes before it are skipped.
    fn checked(&mut self, answer: Response) -> Result<Response, RegistryError> {
        let is_partial = answer.status().as_u16() == 206;
        let from = if is_partial { self.given } else { 0 };
        self.skip = self.given.saturating_sub(from);
        if answer.content_length().is_some_and(|length| length.saturating_add(from) > self.size) {
            return Err(self.too_large());
        }
        let range = answer.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if is_partial && !range.starts_with(&format!("bytes {from}-")) {
            return Err(RegistryError::Malformed { detail: format!("another range than was asked for: `{range}`") });
        }
        Ok(answer)
    }

    fn stop(&mut self, error: RegistryError) -> io::Error {
        let text = error.to_string();
        self.stopped = Some(error);
        io::Error::other(text)
    }

    fn too_large(&self) -> RegistryError {
        RegistryError::TooLarge {
            limit: "descriptor_size",
            detail: format!("{}: more than the {} bytes of its descriptor", self.digest, self.size),
        }
    }
}

impl Read for BlobReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.chunk.left().is_empty() {
            match self.next_chunk() {
                Ok(true) => {}
                Ok(false) => return Ok(0),
                Err(error) => return Err(self.stop(error)),
            }
        }
        let left = self.chunk.left();
        let taken = left.len().min(buffer.len());
        buffer.get_mut(..taken).unwrap_or_default().copy_from_slice(left.get(..taken).unwrap_or_default());
        self.chunk.at = self.chunk.at.saturating_add(taken);
        self.given = self.given.saturating_add(taken as u64);
        if self.given > self.size {
            let error = self.too_large();
            return Err(self.stop(error));
        }
        Ok(taken)
    }
}

/// Bytes as they arrived, and how many of them were given on.
#[derive(Default)]
struct Chunk {
    bytes: Option<Box<dyn AsRef<[u8]> + Send>>,
    at: usize,
}

impl Chunk {
    fn left(&self) -> &[u8] {
        self.bytes.as_ref().and_then(|bytes| bytes.as_ref().as_ref().get(self.at..)).unwrap_or_default()
    }
}

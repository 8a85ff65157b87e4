//! A reader that hashes and counts what passes, stops at a limit, and remembers why it stopped, so that a failing disk is told from
//! damaged data.

use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::limits::Deadline;
use crate::model::digest::{Digest, Hasher};

/// Why a tap let nothing more pass.
#[derive(Debug)]
pub(super) enum Stopped {
    /// The reader below failed.
    Failed(io::Error),
    /// A limit; its name and numbers.
    Limit(String),
}

/// The most that may pass.
#[derive(Debug, Clone)]
pub(super) struct Cap<'a> {
    /// What is counted.
    pub(super) counted: Counted<'a>,
    pub(super) bytes: u64,
    /// Name of the limit and its numbers.
    pub(super) detail: String,
}

/// Whose bytes a cap is about.
#[derive(Debug, Clone)]
pub(super) enum Counted<'a> {
    /// Those that passed here.
    Here,
    /// Those that passed here and in other taps with the same counter.
    Shared(&'a AtomicU64),
}

/// See the module.
pub(super) struct Tap<'a, R> {
    inner: R,
    hasher: Hasher,
    bytes: u64,
    caps: Vec<Cap<'a>>,
    deadline: Deadline,
    stopped: Option<Stopped>,
}

impl<'a, R: Read> Tap<'a, R> {
    pub(super) fn new(inner: R, caps: Vec<Cap<'a>>, deadline: Deadline) -> Self {
        Self { inner, hasher: Hasher::new(), bytes: 0, caps, deadline, stopped: None }
    }

    /// Reads what is left, so that the hash covers it.
    pub(super) fn drain(&mut self) -> io::Result<()> {
        io::copy(self, &mut io::sink()).map(|_| ())
    }

    /// Bytes that passed.
    pub(super) fn passed(&self) -> u64 {
        self.bytes
    }

    /// Why it stopped, where it did.
    pub(super) fn stopped(&mut self) -> Option<Stopped> {
        self.stopped.take()
    }

    /// The digest and number of all bytes that passed.
    pub(super) fn finish(self) -> (Digest, u64) {
        (self.hasher.finish(), self.bytes)
    }
}

impl<R: Read> Read for Tap<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let counted = |cap: &&Cap<'_>| match cap.counted {
            Counted::Here => self.bytes,
            Counted::Shared(all) => all.load(Ordering::Relaxed),
        };
        let exceeded = self.caps.iter().find(|cap| counted(cap) > cap.bytes).map(|cap| cap.detail.clone());
        let late = self.deadline.is_over().then(|| format!("time: stopped after {} bytes", self.bytes));
        if let Some(detail) = exceeded.or(late) {
            self.stopped = Some(Stopped::Limit(detail));
            return Err(io::Error::other("stopped at a limit"));
        }
        match self.inner.read(buf) {
            Ok(read) => {
                self.hasher.update(buf.get(..read).unwrap_or_default());
                self.bytes = self.bytes.saturating_add(read as u64);
                for cap in &self.caps {
                    if let Counted::Shared(all) = cap.counted {
                        all.fetch_add(read as u64, Ordering::Relaxed);
                    }
                }
                Ok(read)
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Err(e),
            Err(e) => {
                let kind = e.kind();
                self.stopped = Some(Stopped::Failed(e));
                Err(kind.into())
            }
        }
    }
}

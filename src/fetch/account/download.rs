//! A body from the network as a `Read`, however often its connection breaks.
//!
//! What a download must never do is hand out bytes that are not one body: a truncated or patched-together one would read as tampering.
//! So an end is believed only where the length says so; a broken body goes on only where a strong entity tag says that it is the same
//! one (RFC 9110 §8.8.1, §14.2), and otherwise starts anew; and where the digest of a body in pieces is wrong, the body is fetched once
//! more in one piece before anybody is told.

use std::io::{self, Read};
use std::time::Instant;

use aws_sdk_s3::primitives::ByteStream;

use super::super::{FetchError, Fetched, MAX_ZIP_BYTES, Wanted, too_large};
use super::refusal::{About, Passing, Trouble};
use crate::clients::Online;
use crate::clients::http::{Link, Pace, words};
use crate::model::gap::{Gap, GapReason};
use crate::model::observed::Observed;
use crate::store::{Integrity, PutError, Store};

/// Whoever can be asked for the bytes.
pub(super) trait Origin {
    /// Asks for all bytes, or for those that are missing.
    async fn open(&mut self, resume: Option<&Resume>) -> Result<Opened, Trouble>;
}

/// Where to go on.
#[derive(Debug, Clone)]
pub(super) struct Resume {
    /// The first byte that is missing, from 0.
    pub from: u64,
    /// The strong entity tag of what there is already.
    pub tag: String,
}

impl Resume {
    /// The value of `Range`.
    pub fn range(&self) -> String {
        format!("bytes={}-", self.from)
    }
}

/// An answer with bytes.
pub(super) struct Opened {
    /// The bytes.
    pub body: Body,
    /// Which byte of the whole is the first one.
    pub from: u64,
    /// Bytes of the whole, where the answer says it.
    pub total: Option<u64>,
    /// Its entity tag, if it is a strong one.
    pub tag: Option<String>,
}

/// Bytes as they arrive.
pub(super) enum Body {
    /// From a link.
    Link(reqwest::Response, Link),
    /// From Amazon S3.
    Object(ByteStream),
}

impl Body {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Passing> {
        match self {
            Self::Link(response, link) => match response.chunk().await {
                Ok(chunk) => Ok(chunk.map(Into::into)),
                Err(error) => Err(Passing::new(words(error, Some(link)))),
            },
            Self::Object(stream) => match stream.next().await {
                None => Ok(None),
                Some(Ok(chunk)) => Ok(Some(chunk.into())),
                Some(Err(_)) => Err(Passing::new("the connection broke")),
            },
        }
    }
}

/// The first and last byte and the whole length of `Content-Range: bytes 5-9/10`; `None` where it is anything else, or makes no sense.
pub(super) fn content_range(text: &str) -> Option<(u64, u64, u64)> {
    let number = |text: &str| if text.bytes().all(|b| b.is_ascii_digit()) { text.parse::<u64>().ok() } else { None };
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last, total) = (number(first)?, number(last)?, number(total)?);
    (first <= last && last < total).then_some((first, last, total))
}

/// Only a strong tag says that bytes are the same.
pub(super) fn strong(tag: Option<&str>) -> Option<String> {
    tag.filter(|tag| tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"')).map(Into::into)
}

/// How a download ended, for those that come after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// With bytes, or with an answer why there are none.
    Answered,
    /// After all attempts, with nothing.
    GivenUp,
}

/// Streams what `origin` gives into the store.
pub(super) fn store<O: Origin>(
    online: &Online,
    origin: O,
    wanted: &Wanted<'_>,
    store: &Store,
) -> Result<(Observed<Fetched>, Ended), FetchError> {
    let mut download = Download::new(online, origin, wanted);
    loop {
        download.rewind();
        match store.put(&mut download, wanted.digest, wanted.size, MAX_ZIP_BYTES) {
            Ok(blob) => {
                if download.in_pieces && matches!(blob.integrity, Integrity::Mismatch { .. }) {
                    download.in_one_piece();
                    continue;
                }
                return Ok((Observed::Present(Fetched::Blob(blob)), Ended::Answered));
            }
            Err(PutError::Store(error)) => return Err(error.into()),
            Err(PutError::TooLarge { .. }) => return Ok((Observed::Unknown(too_large(wanted)), Ended::Answered)),
            Err(PutError::Source { error, .. }) => match download.stopped.take() {
                Some(Stopped::Again) => {}
                Some(Stopped::For(gap, ended)) => return Ok((Observed::Unknown(gap), ended)),
                None => return Ok((Observed::Unknown(Passing::new(error.to_string()).gap(download.about)), Ended::Answered)),
            },
        }
    }
}

struct Download<'a, O> {
    online: &'a Online,
    origin: O,
    about: About<'a>,
    claimed_size: Option<u64>,
    started: Instant,
    attempts: u32,
    /// Whether a broken body may go on where it broke.
    may_resume: bool,
    /// Whether this body came in more than one piece.
    in_pieces: bool,
    /// Whether there was ever a body to read.
    ever_opened: bool,
    position: u64,
    total: Option<u64>,
    tag: Option<String>,
    body: Option<Body>,
    chunk: Vec<u8>,
    given: usize,
    pace: Pace,
    stopped: Option<Stopped>,
}

enum Stopped {
    /// All that was read is to be forgotten.
    Again,
    /// There are no bytes to be had.
    For(Gap, Ended),
}

impl<'a, O: Origin> Download<'a, O> {
    fn new(online: &'a Online, origin: O, wanted: &Wanted<'a>) -> Self {
        Self {
            online,
            origin,
            about: About { subject: wanted.subject },
            claimed_size: wanted.size,
            started: Instant::now(),
            attempts: 0,
            may_resume: true,
            in_pieces: false,
            ever_opened: false,
            position: 0,
            total: None,
            tag: None,
            body: None,
            chunk: Vec::new(),
            given: 0,
            pace: Pace::default(),
            stopped: None,
        }
    }

    /// From the first byte.
    fn rewind(&mut self) {
        self.in_pieces = false;
        self.position = 0;
        self.total = None;
        self.tag = None;
        self.body = None;
        self.chunk = Vec::new();
        self.given = 0;
        self.stopped = None;
    }

    /// From the first byte, with no more pieces. Happens once at most: a body in one piece is believed.
    fn in_one_piece(&mut self) {
        self.may_resume = false;
        self.attempts = 0;
    }

    /// The next bytes; `None` at the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Stopped> {
        let patience = self.online.patience();
        loop {
            let allowed = self.total.or(self.claimed_size).map_or(patience.total, |size| patience.allowed(size).min(patience.total));
            if self.started.elapsed() > allowed {
                return Err(Stopped::For(self.too_slow("the time for one artifact is over"), Ended::Answered));
            }
            let Some(body) = &mut self.body else {
                self.open().await?;
                continue;
            };
            let asked = Instant::now();
            let trouble = match tokio::time::timeout(patience.read, body.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    if self.pace.is_too_slow(asked.elapsed(), chunk.len(), patience) {
                        Passing::new(format!("fewer than {} bytes in {:?}", patience.pace_bytes, patience.pace_window))
                    } else {
                        self.position = self.position.saturating_add(chunk.len() as u64);
                        return Ok(Some(chunk));
                    }
                }
                Ok(Ok(None)) => match self.total.or(self.claimed_size) {
                    Some(total) if self.position < total => {
                        Passing::new(format!("the body ended after {} of {total} bytes", self.position))
                    }
                    Some(_) | None => return Ok(None),
                },
                Ok(Err(passing)) => passing,
                Err(_) => Passing::new(format!("not a byte in {:?}", patience.read)),
            };
            self.body = None;
            self.wait(trouble).await?;
        }
    }

    /// Opens the body at the position that was reached.
    async fn open(&mut self) -> Result<(), Stopped> {
        let resume = match (self.position, &self.tag) {
            (0, _) => None,
            (from, Some(tag)) if self.may_resume => Some(Resume { from, tag: tag.clone() }),
            (_, _) => return Err(Stopped::Again),
        };
        match self.origin.open(resume.as_ref()).await {
            Ok(opened) => self.begin(opened, resume.is_some()).await,
            Err(Trouble::Passing(passing)) => self.wait(passing).await,
            Err(Trouble::Changed(what)) => {
                self.wait(Passing::new(what)).await?;
                Err(Stopped::Again)
            }
            Err(Trouble::Final(gap)) => Err(Stopped::For(gap, Ended::Answered)),
        }
    }

    async fn begin(&mut self, opened: Opened, resumed: bool) -> Result<(), Stopped> {
        if !resumed && opened.from == 0 {
            if opened.total.is_some_and(|total| total > MAX_ZIP_BYTES) {
                return Err(Stopped::For(too_large(&Wanted { subject: self.about.subject, digest: None, size: None }), Ended::Answered));
            }
            (self.total, self.tag) = (opened.total, opened.tag);
        } else if opened.from != self.position || opened.tag != self.tag || opened.total != self.total {
            // Another object, another part of it, or all of it.
            self.wait(Passing::new("what is served changed while it was read")).await?;
            return Err(Stopped::Again);
        } else {
            self.in_pieces = true;
        }
        self.ever_opened = true;
        self.pace = Pace::default();
        self.body = Some(opened.body);
        Ok(())
    }

    /// Waits before the next attempt, if there is to be one.
    async fn wait(&mut self, passing: Passing) -> Result<(), Stopped> {
        let patience = self.online.patience();
        self.attempts = self.attempts.saturating_add(1);
        if self.attempts >= patience.attempts {
            let ended = if self.ever_opened { Ended::Answered } else { Ended::GivenUp };
            return Err(Stopped::For(passing.gap(self.about), ended));
        }
        let wait = patience.wait(self.attempts, passing.wait);
        tracing::debug!(subject = self.about.subject, attempt = self.attempts, ?wait, "asking for the bytes again");
        tokio::time::sleep(wait).await;
        Ok(())
    }

    fn too_slow(&self, detail: &str) -> Gap {
        self.about.gap(GapReason::Unreachable, detail, "Run where the connection to AWS is faster.")
    }
}

impl<O: Origin> Read for Download<'_, O> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given >= self.chunk.len() {
            let online = self.online;
            match online.block_on(self.next()) {
                Ok(Some(chunk)) => (self.chunk, self.given) = (chunk, 0),
                Ok(None) => return Ok(0),
                Err(stopped) => {
                    self.stopped = Some(stopped);
                    return Err(io::Error::other("the download stopped"));
                }
            }
        }
        let rest = self.chunk.get(self.given..).unwrap_or_default();
        let count = rest.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_content_range_that_makes_sense_is_read() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, 9, 10)));
        for text in
            ["bytes 5-9/*", "bytes */10", "bytes 5-10/10", "bytes 9-5/10", "bytes +5-9/10", "5-9/10", "bytes 5-9", "", "bytes -9/10"]
        {
            assert_eq!(content_range(text), None, "{text}");
        }
    }

    #[test]
    fn a_weak_tag_says_nothing() {
        assert_eq!(strong(Some("\"a\"")), Some("\"a\"".into()));
        for tag in [None, Some("W/\"a\""), Some("a"), Some("\""), Some("\"\""), Some("")] {
            assert_eq!(strong(tag), None, "{tag:?}");
        }
    }
}

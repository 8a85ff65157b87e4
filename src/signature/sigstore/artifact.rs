//! The bytes that were signed, where they are at hand. Most signatures need only the SHA-256 that is known already.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use aws_lc_rs::digest::Context;
use data_encoding::HEXLOWER;

use super::key::{Hash, Message};
use crate::model::digest::{ClaimedDigest, Digest};
use crate::model::gap::{Gap, GapReason};

/// Bytes of an artifact that a signature over the whole (Ed25519) is verified over: the largest zip that Lambda takes unpacks to 250 MiB.
const MAX_WHOLE_BYTES: u64 = 256 << 20;
const CHUNK_BYTES: usize = 1 << 16;

/// Where the artifact's bytes are.
#[derive(Debug, Clone, Copy)]
pub enum Bytes<'a> {
    /// Only the SHA-256 is known.
    Unknown,
    /// In memory.
    Here(&'a [u8]),
    /// In a file; it is read again, and its SHA-256 compared, where a signature needs more than that.
    File(&'a Path),
}

/// An artifact as it may have been signed.
pub(super) struct Artifact<'a> {
    sha256: [u8; 32],
    bytes: Bytes<'a>,
    longer: OnceCell<Option<(Vec<u8>, Vec<u8>)>>,
    whole: OnceCell<Option<Vec<u8>>>,
}

impl<'a> Artifact<'a> {
    /// What is in `bytes` counts only where it has the SHA-256 that is judged.
    pub fn new(sha256: Digest, bytes: Bytes<'a>) -> Self {
        Self { sha256: *sha256.bytes(), bytes, longer: OnceCell::new(), whole: OnceCell::new() }
    }

    /// An artifact of which somebody says that it has this digest. `None` never comes of a digest.
    pub fn claimed(sha256: ClaimedDigest) -> Option<Self> {
        let sha256 = HEXLOWER.decode(sha256.hex().as_bytes()).ok()?.try_into().ok()?;
        Some(Self { sha256, bytes: Bytes::Unknown, longer: OnceCell::new(), whole: OnceCell::new() })
    }

    /// 64 lower-case hexadecimal digits.
    pub fn hex(&self) -> String {
        HEXLOWER.encode(&self.sha256)
    }

    /// The SHA-256.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// Where the bytes are.
    pub fn bytes(&self) -> Bytes<'a> {
        self.bytes
    }

    /// True where more than the SHA-256 was asked for.
    pub fn was_read(&self) -> bool {
        self.longer.get().is_some()
    }

    /// SHA-384 and SHA-512.
    fn longer(&self) -> Option<&(Vec<u8>, Vec<u8>)> {
        self.longer.get_or_init(|| self.hash_all()).as_ref()
    }

    fn hash_all(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let contexts = [Hash::Sha256, Hash::Sha384, Hash::Sha512].map(|hash| Context::new(hash.algorithm()));
        let [mut sha256, mut sha384, mut sha512] = contexts;
        let mut feed = |piece: &[u8]| [&mut sha256, &mut sha384, &mut sha512].into_iter().for_each(|context| context.update(piece));
        match self.bytes {
            Bytes::Unknown => return None,
            Bytes::Here(bytes) => feed(bytes),
            Bytes::File(path) => {
                let mut file = File::open(path).ok()?;
                let mut buffer = vec![0; CHUNK_BYTES];
                loop {
                    let read = file.read(&mut buffer).ok()?;
                    if read == 0 {
                        break;
                    }
                    feed(buffer.get(..read)?);
                }
            }
        }
        (sha256.finish().as_ref() == self.sha256).then(|| (sha384.finish().as_ref().to_vec(), sha512.finish().as_ref().to_vec()))
    }

    fn read_whole(&self) -> Option<Vec<u8>> {
        let bytes = match self.bytes {
            Bytes::Unknown => return None,
            Bytes::Here(bytes) => bytes.to_vec(),
            Bytes::File(path) => {
                let mut bytes = Vec::new();
                File::open(path).ok()?.take(MAX_WHOLE_BYTES.saturating_add(1)).read_to_end(&mut bytes).ok()?;
                bytes
            }
        };
        (bytes.len() as u64 <= MAX_WHOLE_BYTES && *Digest::of(&bytes).bytes() == self.sha256).then_some(bytes)
    }
}

impl Message for Artifact<'_> {
    fn digest(&self, hash: Hash) -> Option<Cow<'_, [u8]>> {
        match hash {
            Hash::Sha256 => Some(Cow::Borrowed(&self.sha256)),
            Hash::Sha384 => self.longer().map(|(sha384, _)| Cow::Borrowed(sha384.as_slice())),
            Hash::Sha512 => self.longer().map(|(_, sha512)| Cow::Borrowed(sha512.as_slice())),
        }
    }

    fn whole(&self) -> Option<Cow<'_, [u8]>> {
        match self.bytes {
            Bytes::Here(bytes) if *Digest::of(bytes).bytes() == self.sha256 => Some(Cow::Borrowed(bytes)),
            Bytes::Here(_) | Bytes::Unknown => None,
            Bytes::File(_) => self.whole.get_or_init(|| self.read_whole()).as_deref().map(Cow::Borrowed),
        }
    }
}

impl Artifact<'_> {
    /// Why a signature over more than the SHA-256 could not be tried.
    pub fn gap(&self) -> Gap {
        let (reason, next_step) = match self.bytes() {
            Bytes::Unknown => (GapReason::NotRecorded, "Give the artifact itself, not only its digest."),
            Bytes::Here(_) | Bytes::File(_) => {
                (GapReason::TooLarge { limit: "sigstore whole message".into() }, "Sign the artifact by a key that signs digests.")
            }
        };
        Gap {
            subject: format!("sha256:{}", self.hex()),
            wanted: "whether a signature holds that is over more than the SHA-256".into(),
            reason,
            detail: "Ed25519 signs the whole artifact; other keys may sign its SHA-384 or SHA-512".into(),
            next_step: next_step.into(),
        }
    }
}

//! Cached analyses: what an analyser made of a blob, by blob, analyser version, depth and limits. A cache and nothing more: whatever
//! can't be read or does not fit is a miss. Verdicts are never cached (DESIGN §6).
//!
//! A file has two lines of JSON: what it is about, with the SHA-256 of the second line, and the analysis. So an analysis that was
//! copied to another blob's name, cut short or damaged is a miss too.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::blobs::{Store, touch};
use super::{StoreError, folder};
use crate::model::digest::{Digest, Hasher};

/// Version of the file format.
const SCHEMA: u32 = 1;

/// Bytes of one file; a larger analysis is made anew each time. 500,000 entries of 200 bytes are 100 MB.
pub const ANALYSIS_BYTES: u64 = 256 << 20;

/// Bytes of the first line.
const HEADER_BYTES: u64 = 64 << 10;

/// What an analysis depends on besides the blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnalysisKey {
    analyser: String,
    text: String,
}

impl AnalysisKey {
    /// `analyser` names an analyser and its version, `unpack-1`: a version that could judge the same bytes differently gets another
    /// one. `depth` is what was asked for, `limits` its limits; of both, the debug form counts.
    pub fn new(analyser: &str, depth: &impl fmt::Debug, limits: &impl fmt::Debug) -> Self {
        Self { analyser: analyser.into(), text: format!("{analyser}\n{depth:?}\n{limits:?}") }
    }

    fn folder(&self) -> String {
        let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
        let name: String = self.analyser.chars().map(safe).take(60).collect();
        if name.is_empty() { "_".into() } else { name }
    }

    fn digest(&self) -> String {
        Digest::of(self.text.as_bytes()).hex()
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    schema: u32,
    blob: String,
    key: String,
    body_sha256: String,
}

/// What `cache verify` says of a file among the analyses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnalysisState {
    /// Whole.
    Whole,
    /// Of another version of the format: not judged.
    OtherSchema,
    /// Cut short, changed, or under another blob's name.
    Damaged,
}

impl Store {
    /// The cached analysis of a blob; `None` where there is none that fits and is whole. `T` is `unpack::Contents` as a rule.
    pub fn analysis<T: DeserializeOwned>(&self, digest: &Digest, key: &AnalysisKey) -> Option<T> {
        let path = self.analysis_path(digest, key);
        let (file, value) = match read(&path, Some((digest, key))) {
            Ok(found) => found,
            Err(Miss::NotThere) => return None,
            Err(Miss::OtherSchema | Miss::Damaged) => {
                tracing::debug!(path = %path.display(), "a cached analysis can't be used; it is made anew");
                return None;
            }
        };
        touch(&file, &path);
        Some(value)
    }

    /// Keeps an analysis. It must depend on nothing but the blob and the key: one that a time limit cut short is not to be kept.
    ///
    /// # Errors
    ///
    /// Where the disk refuses; the caller can go on without.
    pub fn put_analysis<T: Serialize>(&self, digest: &Digest, key: &AnalysisKey, value: &T) -> Result<(), StoreError> {
        let path = self.analysis_path(digest, key);
        folder::create_folder(path.parent().unwrap_or(&self.layout.analyses), false)?;
        let mut file = self.temporary("analysis-")?;
        let written = write(file.as_file_mut(), digest, key, value).map_err(StoreError::io("write to", &self.layout.tmp))?;
        if written <= ANALYSIS_BYTES {
            // Not synced: what a power cut leaves of it fails its checksum, and is a miss.
            file.persist(&path).map_err(|e| StoreError::Io { operation: "rename into", path, source: e.error })?;
        }
        Ok(())
    }

    fn analysis_path(&self, digest: &Digest, key: &AnalysisKey) -> PathBuf {
        let mut name = format!("{}-{}", digest.hex(), key.digest());
        name.truncate(64 + 1 + 16);
        name.push_str(".json");
        self.layout.analyses.join(key.folder()).join(name)
    }
}

/// Reads a file through, whatever it is about.
pub(super) fn state(path: &Path) -> AnalysisState {
    match read::<IgnoredAny>(path, None) {
        Ok(_) => AnalysisState::Whole,
        Err(Miss::OtherSchema) => AnalysisState::OtherSchema,
        Err(Miss::NotThere | Miss::Damaged) => AnalysisState::Damaged,
    }
}

enum Miss {
    NotThere,
    OtherSchema,
    Damaged,
}

fn write(file: &mut File, digest: &Digest, key: &AnalysisKey, value: &impl Serialize) -> io::Result<u64> {
    // The header has the same length whatever the digest in it, so it is written twice: first to make room.
    let mut header = Header { schema: SCHEMA, blob: digest.hex(), key: key.digest(), body_sha256: Digest::of(b"").hex() };
    let mut out = BufWriter::new(file);
    let room = serde_json::to_vec(&header)?;
    out.write_all(&room)?;
    out.write_all(b"\n")?;
    let mut body = Hashing { inner: &mut out, hasher: Hasher::new() };
    serde_json::to_writer(&mut body, value)?;
    header.body_sha256 = body.hasher.finish().hex();
    let length = out.stream_position()?;
    out.seek(SeekFrom::Start(0))?;
    out.write_all(&serde_json::to_vec(&header)?)?;
    out.flush()?;
    Ok(length)
}

fn read<T: DeserializeOwned>(path: &Path, about: Option<(&Digest, &AnalysisKey)>) -> Result<(File, T), Miss> {
    if path.parent().is_none_or(|folder| folder::check_folder(folder).is_err()) {
        return Err(Miss::NotThere);
    }
    let mut file = folder::open_existing(path).map_err(|_| Miss::NotThere)?;
    let metadata = file.metadata().map_err(|_| Miss::Damaged)?;
    if !metadata.is_file() || metadata.len() > ANALYSIS_BYTES || folder::check_access(path, &metadata).is_err() {
        return Err(Miss::Damaged);
    }
    let mut reader = BufReader::new((&mut file).take(ANALYSIS_BYTES));
    let mut first = Vec::new();
    reader.by_ref().take(HEADER_BYTES).read_until(b'\n', &mut first).map_err(|_| Miss::Damaged)?;
    let header: Header = match serde_json::from_slice(&first) {
        Ok(header) => header,
        Err(_) if schema_of(&first).is_some_and(|schema| schema != SCHEMA) => return Err(Miss::OtherSchema),
        Err(_) => return Err(Miss::Damaged),
    };
    if header.schema != SCHEMA {
        return Err(Miss::OtherSchema);
    }
    let fits = match about {
        Some((digest, key)) => header.blob == digest.hex() && header.key == key.digest(),
        None => path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&header.blob)),
    };
    if !fits {
        return Err(Miss::Damaged);
    }
    let mut body = Hashing { inner: reader, hasher: Hasher::new() };
    let value = serde_json::from_reader(BufReader::new(&mut body)).map_err(|_| Miss::Damaged)?;
    if body.hasher.finish().hex() != header.body_sha256 {
        return Err(Miss::Damaged);
    }
    Ok((file, value))
}

fn schema_of(line: &[u8]) -> Option<u32> {
    #[derive(Deserialize)]
    struct Schema {
        schema: u32,
    }
    serde_json::from_slice::<Schema>(line).ok().map(|s| s.schema)
}

/// Hashes what passes through.
struct Hashing<I> {
    inner: I,
    hasher: Hasher,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.hasher.update(bytes.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// Every file below `analyses/`, with its metadata.
pub(super) fn list(root: &Path) -> Result<Vec<(PathBuf, fs::Metadata)>, StoreError> {
    let mut found = Vec::new();
    for folder in super::upkeep::entries(root)? {
        folder::check_folder(&folder)?;
        for path in super::upkeep::entries(&folder)? {
            if let Ok(metadata) = fs::symlink_metadata(&path) {
                found.push((path, metadata));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

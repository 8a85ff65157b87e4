//! Answers kept for later: one JSON file (docs/revocation.md).

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::digest::{ClaimedDigest, Digest};
use crate::model::printable::printable;
use crate::signature::RevocationQuestion;
use crate::signature::revocation::Link;

/// The format that this version reads and writes.
pub const FORMAT: u64 = 1;
/// Bytes of a recording.
pub const MAX_RECORDING_BYTES: u64 = 256 << 20;

/// Recorded answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recording {
    recorded_at: Timestamp,
    aws: BTreeMap<AwsKey, Vec<String>>,
    ocsp: BTreeMap<OcspKey, Vec<u8>>,
    crls: BTreeMap<String, Arc<Vec<u8>>>,
}

/// All that a question to AWS says: an answer to any other is none to this one.
type AwsKey = (String, String, String, Vec<String>, Timestamp);
/// Certificate, issuer, address.
type OcspKey = (String, String, String);

/// The file of a recording cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// It cannot be read or written.
    #[error("{}: {source}", printable(&path.display().to_string()))]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is no recording, or not one in this form.
    #[error("{} is no recording of revocations: {}", printable(&path.display().to_string()), printable(detail))]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// It is of another format.
    #[error("{} is a recording in format {presented}, and this version reads format {FORMAT}", printable(&path.display().to_string()))]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        presented: u64,
    },
}

impl Recording {
    /// Reads a recording.
    ///
    /// # Errors
    /// See [`RecordingError`].
    pub fn read(path: &Path) -> Result<Self, RecordingError> {
        let io = |source| RecordingError::Io { path: path.into(), source };
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(io)?;
        match file.take(MAX_RECORDING_BYTES + 1).read_to_string(&mut text) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(malformed(path, "it is no text")),
            Err(error) => return Err(io(error)),
        }
        if text.len() as u64 > MAX_RECORDING_BYTES {
            return Err(malformed(path, format!("larger than {MAX_RECORDING_BYTES} bytes")));
        }
        Self::parse(path, &text)
    }

    /// The recording in `text`; `path` names it in errors.
    ///
    /// # Errors
    /// See [`RecordingError`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, RecordingError> {
        let bad = |detail: String| malformed(path, detail);
        let Format { layerproof_revocations: format } = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
        if format != FORMAT {
            return Err(RecordingError::Format { path: path.into(), presented: format });
        }
        let file: File = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
        let mut recording = Self { recorded_at: file.recorded_at, ..Self::default() };
        for entry in file.aws_signer {
            let Aws { platform_id, profile_version_arn, job_arn, certificate_hashes, signed_at, revoked_entities } = entry;
            let about = job_arn.clone();
            let key = (platform_id, profile_version_arn, job_arn, certificate_hashes, signed_at);
            if recording.aws.insert(key, revoked_entities).is_some() {
                return Err(bad(format!("it answers one question about {about} twice")));
            }
        }
        let decode = |body: &str| BASE64.decode(body.as_bytes()).map_err(|error| bad(format!("a body is no base64: {error}")));
        for Ocsp { certificate, issuer, from, body } in file.ocsp {
            for digest in [&certificate, &issuer] {
                ClaimedDigest::from_hex(digest).map_err(|_| bad(format!("`{digest}` is no SHA-256")))?;
            }
            let body = decode(&body)?;
            if recording.ocsp.insert((certificate, issuer, from.clone()), body).is_some() {
                return Err(bad(format!("it has two responses of {from} about one certificate")));
            }
        }
        for Crl { from, body } in file.crls {
            let body = decode(&body)?;
            if recording.crls.insert(from.clone(), Arc::new(body)).is_some() {
                return Err(bad(format!("it has two lists from {from}")));
            }
        }
        Ok(recording)
    }

    /// Writes it in place of whatever `path` holds: whole, or not at all.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), RecordingError> {
        let io = |source| RecordingError::Io { path: path.into(), source };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io)?;
        serde_json::to_writer_pretty(&mut file, &self.file()).map_err(|error| io(error.into()))?;
        file.write_all(b"\n").map_err(io)?;
        file.as_file().sync_all().map_err(io)?;
        file.persist(path).map_err(|error| io(error.error))?;
        Ok(())
    }

    /// When it was made, as it says.
    pub fn recorded_at(&self) -> Timestamp {
        self.recorded_at
    }

    /// How many answers it holds.
    pub fn len(&self) -> usize {
        self.aws.len() + self.ocsp.len() + self.crls.len()
    }

    /// True where it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What AWS named as revoked when this very question was asked, and when that was.
    pub(super) fn aws(&self, question: &RevocationQuestion) -> Option<(&[String], Timestamp)> {
        self.aws.get(&key(question)?).map(|revoked| (revoked.as_slice(), self.recorded_at))
    }

    /// What the responder at `place` said of this certificate.
    pub(super) fn ocsp(&self, link: &Link, place: &str) -> Option<&[u8]> {
        self.ocsp.get(&ocsp_key(link, place)).map(Vec::as_slice)
    }

    /// The list at `place`.
    pub(super) fn crl(&self, place: &str) -> Option<Arc<Vec<u8>>> {
        self.crls.get(place).cloned()
    }

    fn file(&self) -> File {
        let aws = |((platform_id, profile_version_arn, job_arn, certificate_hashes, signed_at), revoked): (&AwsKey, &Vec<String>)| Aws {
            platform_id: platform_id.clone(),
            profile_version_arn: profile_version_arn.clone(),
            job_arn: job_arn.clone(),
            certificate_hashes: certificate_hashes.clone(),
            signed_at: *signed_at,
            revoked_entities: revoked.clone(),
        };
        let ocsp = |((certificate, issuer, from), body): (&OcspKey, &Vec<u8>)| Ocsp {
            certificate: certificate.clone(),
            issuer: issuer.clone(),
            from: from.clone(),
            body: BASE64.encode(body),
        };
        File {
            layerproof_revocations: FORMAT,
            recorded_at: self.recorded_at,
            recorded_by: concat!("layerproof ", env!("CARGO_PKG_VERSION")).into(),
            aws_signer: self.aws.iter().map(aws).collect(),
            ocsp: self.ocsp.iter().map(ocsp).collect(),
            crls: self.crls.iter().map(|(from, body)| Crl { from: from.clone(), body: BASE64.encode(body) }).collect(),
        }
    }
}

/// Keeps what is answered in a run.
pub(super) struct Recorder(Mutex<Recording>);

impl Recorder {
    pub fn new(now: Timestamp) -> Self {
        Self(Mutex::new(Recording { recorded_at: now, ..Recording::default() }))
    }

    pub fn aws(&self, question: &RevocationQuestion, revoked: &[String]) {
        if let Some(key) = key(question) {
            self.with(|recording| recording.aws.insert(key, revoked.to_vec()));
        }
    }

    pub fn ocsp(&self, link: &Link, place: &str, response: &[u8]) {
        self.with(|recording| recording.ocsp.insert(ocsp_key(link, place), response.to_vec()));
    }

    pub fn crl(&self, place: &str, list: &Arc<Vec<u8>>) {
        self.with(|recording| recording.crls.insert(place.to_owned(), list.clone()));
    }

    pub fn finish(self) -> Recording {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, change: impl FnOnce(&mut Recording) -> T) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Read first, and by itself, so that a later format is told from a broken file.
#[derive(Deserialize)]
struct Format {
    layerproof_revocations: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    layerproof_revocations: u64,
    recorded_at: Timestamp,
    recorded_by: String,
    aws_signer: Vec<Aws>,
    ocsp: Vec<Ocsp>,
    crls: Vec<Crl>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Aws {
    platform_id: String,
    profile_version_arn: String,
    job_arn: String,
    certificate_hashes: Vec<String>,
    signed_at: Timestamp,
    revoked_entities: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ocsp {
    certificate: String,
    issuer: String,
    from: String,
    body: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Crl {
    from: String,
    body: String,
}

fn key(question: &RevocationQuestion) -> Option<AwsKey> {
    match question {
        RevocationQuestion::AwsSigner { platform_id, profile_version_arn, job_arn, certificate_hashes, signed_at } => {
            Some(((*platform_id).to_owned(), profile_version_arn.clone(), job_arn.clone(), certificate_hashes.clone(), *signed_at))
        }
        RevocationQuestion::Certificates { .. } => None,
    }
}

fn ocsp_key(link: &Link, place: &str) -> OcspKey {
    let id = link.id();
    let hex = |digest: Digest| digest.hex();
    (hex(id.certificate), hex(id.issuer), place.to_owned())
}

fn malformed(path: &Path, detail: impl ToString) -> RecordingError {
    RecordingError::Malformed { path: path.into(), detail: detail.to_string() }
}

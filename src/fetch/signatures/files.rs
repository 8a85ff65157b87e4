//! Files beside a file, and folders of files that are named after digests. Links are followed, since builders and mounted volumes link files
//! into place; what is no regular file then is not opened, as it might block for ever.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Beside, SignatureFile, gap};
use crate::model::digest::ClaimedDigest;
use crate::model::gap::{Gap, GapReason};

/// What follows the name of an artifact, or `sha256-HEX`, in the name of a file that may be a signature of it: a Sigstore bundle, cosign's
/// older bundle, a bare signature, Notation's two envelopes (`notation blob sign`), and JSON lines of bundles.
pub const ENDINGS: [&str; 8] = [".sigstore.json", ".sigstore", ".bundle", ".sig", ".jws.sig", ".cose.sig", ".jsonl", ".intoto.jsonl"];

/// What follows in the name of the certificate beside a bare signature.
pub(in crate::fetch) const CERTIFICATES: [&str; 3] = [".pem", ".crt", ".cert"];

/// Bytes of one file. JSON lines hold the attestations of many artifacts.
pub const MAX_FILE_BYTES: u64 = 64 << 20;

/// Names of one folder that are read.
pub const MAX_NAMES: usize = 1_000_000;

/// Files of one digest in a folder.
const MAX_FILES: usize = 512;

const SIGNATURE: &str = ".sig";

/// The signatures that lie beside a file.
pub fn sidecars(path: &Path, subject: &str) -> Vec<SignatureFile> {
    ENDINGS
        .iter()
        .filter_map(|ending| {
            let file = beside(path, ending);
            let content = read(&file, subject)?;
            let certificate = (*ending == SIGNATURE)
                .then(|| CERTIFICATES.iter().find_map(|certificate| read(&beside(path, certificate), subject)))
                .flatten();
            Some(SignatureFile::new(file.display().to_string(), ending, content, certificate))
        })
        .collect()
}

/// A file that the user named.
pub(super) fn read_named(path: &Path) -> Result<Arc<[u8]>, Gap> {
    let subject = path.display().to_string();
    read(path, &subject).unwrap_or_else(|| Err(gap(&subject, GapReason::NoSuchFile, &subject, "It was there a moment ago: run it again.")))
}

/// A folder, listed once.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    follow_links: bool,
    /// By digest: what follows it in the names, and the files. `Err` is why it could not be listed.
    names: Result<BTreeMap<ClaimedDigest, Vec<(String, PathBuf)>>, Gap>,
}

impl Folder {
    pub(super) fn list(path: &Path, follow_links: bool) -> Self {
        Self { path: path.into(), follow_links, names: names(path) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn look(&self, digest: &ClaimedDigest, subject: &str) -> Beside {
        let names = match &self.names {
            Ok(names) => names,
            Err(gap) => return Beside { gaps: vec![Gap { subject: subject.into(), ..gap.clone() }], ..Beside::default() },
        };
        let mut beside = Beside::default();
        let Some(files) = names.get(digest) else { return beside };
        if files.len() > MAX_FILES {
            let detail = format!("{}: more than {MAX_FILES} files named after {digest}", self.path.display());
            beside.gaps.push(gap(subject, GapReason::TooLarge { limit: "signature_files".into() }, detail, "Take away what is of no use."));
        }
        for (ending, path) in files.iter().take(MAX_FILES) {
            if !is_signature(ending) {
                continue;
            }
            // It was listed: that it is gone now is no "nothing is there".
            let gone = || Err(gap(subject, GapReason::NoSuchFile, path.display().to_string(), "Run it again."));
            let certificate = (ending == SIGNATURE)
                .then(|| {
                    let mut beside = files.iter().filter(|(ending, _)| CERTIFICATES.contains(&ending.as_str()));
                    beside.find_map(|(_, path)| self.read(path, subject))
                })
                .flatten();
            let content = self.read(path, subject).unwrap_or_else(gone);
            beside.files.push(SignatureFile::new(path.display().to_string(), ending, content, certificate));
        }
        beside
    }

    fn read(&self, path: &Path, subject: &str) -> Option<Result<Arc<[u8]>, Gap>> {
        let is_link = || std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
        if !self.follow_links && is_link() {
            let detail = format!("{} is a link, and a recorded account holds none", path.display());
            return Some(Err(gap(subject, GapReason::Malformed, detail, "Put the file itself there.")));
        }
        read(path, subject)
    }
}

/// Digest and ending of a name: `sha256-HEX…`, or `sha256:HEX…` as `gh attestation download` writes it.
pub(in crate::fetch) fn named_after(name: &str) -> Option<(ClaimedDigest, &str)> {
    let rest = name.strip_prefix("sha256-").or_else(|| name.strip_prefix("sha256:"))?;
    let (hex, ending) = rest.split_at_checked(64)?;
    Some((ClaimedDigest::from_hex(hex).ok()?, ending))
}

/// True for what follows a digest in the name of a signature.
pub(in crate::fetch) fn is_signature(ending: &str) -> bool {
    ENDINGS.contains(&ending) || (ending.starts_with('.') && ending.ends_with(".sigstore.json"))
}

fn names(path: &Path) -> Result<BTreeMap<ClaimedDigest, Vec<(String, PathBuf)>>, Gap> {
    let shown = path.display().to_string();
    let unreadable = |error: io::Error| of_io(&shown, &shown, &error);
    let mut names: BTreeMap<ClaimedDigest, Vec<(String, PathBuf)>> = BTreeMap::new();
    for (at, entry) in std::fs::read_dir(path).map_err(unreadable)?.enumerate() {
        if at >= MAX_NAMES {
            let detail = format!("{shown}: more than {MAX_NAMES} names");
            return Err(gap(&shown, GapReason::TooLarge { limit: "folder_names".into() }, detail, "Part the folder."));
        }
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        if let Some((digest, ending)) = name.to_str().and_then(named_after) {
            names.entry(digest).or_default().push((ending.to_owned(), entry.path()));
        }
    }
    for files in names.values_mut() {
        files.sort();
    }
    Ok(names)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The bytes of a file; `None` where there is no such name.
fn read(path: &Path, subject: &str) -> Option<Result<Arc<[u8]>, Gap>> {
    let shown = path.display().to_string();
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        // A link that leads nowhere, or round in circles, is there, and whoever put it there brought that about.
        Err(error) if error.kind() != io::ErrorKind::PermissionDenied && std::fs::symlink_metadata(path).is_ok_and(|m| m.is_symlink()) => {
            let detail = format!("{shown} leads nowhere: {error}");
            return Some(Err(gap(subject, GapReason::Malformed, detail, "Mend the link, or take it away.")));
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return None,
        // Names that are too long for the file system are not there.
        Err(error) if error.kind() == io::ErrorKind::InvalidFilename => return None,
        Err(error) => return Some(Err(of_io(subject, &shown, &error))),
    };
    if !metadata.is_file() {
        let detail = format!("{shown} is named like a signature, and is no file");
        return Some(Err(gap(subject, GapReason::Malformed, detail, "Find out what it is, or take it away.")));
    }
    let too_large = || {
        let detail = format!("{shown}: more than {MAX_FILE_BYTES} bytes");
        gap(
            subject,
            GapReason::TooLarge { limit: "signature_file_bytes".into() },
            detail,
            "No signature is this large: find out what it is.",
        )
    };
    if metadata.len() > MAX_FILE_BYTES {
        return Some(Err(too_large()));
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_FILE_BYTES.saturating_add(1)).read_to_end(&mut bytes));
    Some(match read {
        Ok(_) if bytes.len() as u64 > MAX_FILE_BYTES => Err(too_large()),
        Ok(_) => Ok(bytes.into()),
        Err(error) => Err(of_io(subject, &shown, &error)),
    })
}

fn of_io(subject: &str, shown: &str, error: &io::Error) -> Gap {
    let reason = match error.kind() {
        io::ErrorKind::PermissionDenied => GapReason::Denied { action: "read permission".into() },
        _ => GapReason::Unreachable,
    };
    gap(subject, reason, format!("{shown}: {error}"), "Let this user read it.")
}

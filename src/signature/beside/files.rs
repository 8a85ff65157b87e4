//! What lies in files: one signature, or JSON lines of them.
//!
//! A file that is named after an artifact is about that artifact by its name, and whether it is by its content is for the scheme to judge. A
//! file of JSON lines holds what is said of many artifacts: a line that declares other digests is none of this artifact's, so that it
//! neither counts nor accuses. What a line declares is only what it is filed under: the scheme holds the signed content against the digest.

use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::{BASE64, HEXLOWER};
use serde_json::Value;

use super::document::{DSSE, unknown};
use super::{Budget, Found, malformed, too_large};
use crate::fetch::signatures::SignatureFile;
use crate::model::attachment::{Attachment, AttachmentForm, Target};
use crate::model::gap::Gap;

/// Lines of one file.
const MAX_LINES: usize = 100_000;

/// Subjects of one line that it is filed under. Tools list at most 1,024 themselves.
const MAX_SUBJECTS: usize = 4_096;

/// What lies in the files that are named after the target.
pub fn attachments(files: &[SignatureFile], subject: &str, target: &Target) -> Found {
    let mut found = Found::default();
    let mut budget = Budget::new();
    for file in files {
        let bytes = match &file.content {
            Ok(bytes) => bytes,
            Err(gap) => {
                found.add(target, &file.location, AttachmentForm::Unreadable(gap.clone()));
                continue;
            }
        };
        if file.ending.ends_with(".jsonl") {
            let lines = Lines::read(&file.location, bytes);
            lines.add_to(&mut found, &mut budget, subject, target);
            continue;
        }
        let size = bytes.len() as u64;
        match budget.take(size) {
            Ok(()) => found.add(target, &file.location, form(file, bytes, subject)),
            Err((limit @ "attachment_bytes", detail)) => {
                let gap = too_large(subject, limit, format!("{}: {detail}", file.location));
                found.add(target, &file.location, AttachmentForm::Unreadable(gap));
            }
            Err((limit, detail)) => {
                found.attachments.gaps.push(too_large(subject, limit, detail));
                break;
            }
        }
    }
    found
}

fn form(file: &SignatureFile, bytes: &Arc<[u8]>, subject: &str) -> AttachmentForm {
    let notary =
        |media_type: &str| AttachmentForm::NotaryEnvelope { envelope: Arc::clone(bytes), media_type: media_type.into(), blob: true };
    match file.ending.as_str() {
        ".jws.sig" => notary("application/jose+json"),
        ".cose.sig" => notary("application/cose"),
        ".sig" => AttachmentForm::CosignBlob { signature: Arc::clone(bytes), certificate: file.certificate.clone() },
        ".bundle" => match serde_json::from_slice::<Value>(bytes) {
            Ok(value) => of_json(&value, bytes),
            Err(error) => AttachmentForm::Unreadable(malformed(subject, format!("{}: {error}", file.location))),
        },
        _ => AttachmentForm::SigstoreBundle(Arc::clone(bytes)),
    }
}

/// A bundle, cosign's older bundle with signature and certificate in one, or a bare DSSE envelope.
fn of_json(value: &Value, bytes: &Arc<[u8]>) -> AttachmentForm {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    match text("base64Signature") {
        Some(signature) => AttachmentForm::CosignBlob { signature: signature.as_bytes().into(), certificate: Some(Arc::clone(bytes)) },
        None if text("payloadType").is_some() => unknown(&format!("{DSSE}.v1+json")),
        None => AttachmentForm::SigstoreBundle(Arc::clone(bytes)),
    }
}

/// A file of bundles, each filed under the digests that it declares; read once, however many artifacts are asked about.
#[derive(Debug, Clone)]
pub struct Lines {
    location: String,
    lines: Vec<Line>,
    /// Which lines declare a digest, hexadecimal.
    by_digest: BTreeMap<String, Vec<usize>>,
    /// Lines that do not say what they are about.
    undeclared: Vec<usize>,
    /// Why there may be more.
    cut: Option<(&'static str, String)>,
}

#[derive(Debug, Clone)]
struct Line {
    number: usize,
    size: u64,
    form: Result<AttachmentForm, Broken>,
}

#[derive(Debug, Clone)]
enum Broken {
    Malformed(String),
    TooLarge(String),
}

impl Lines {
    /// One JSON document, or one on each line.
    pub fn read(location: &str, bytes: &Arc<[u8]>) -> Self {
        let mut read =
            Self { location: location.to_owned(), lines: Vec::new(), by_digest: BTreeMap::new(), undeclared: Vec::new(), cut: None };
        if bytes.len() as u64 <= super::MAX_ATTACHMENT_BYTES && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok() {
            read.line(1, bytes);
            return read;
        }
        for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if line.trim_ascii().is_empty() {
                continue;
            }
            if read.lines.len() >= MAX_LINES {
                read.cut = Some(("attachment_lines", format!("{location}: more than {MAX_LINES} lines")));
                break;
            }
            read.line(at.saturating_add(1), &line.trim_ascii().into());
        }
        read
    }

    /// How many lines there are.
    pub fn count(&self) -> usize {
        self.lines.len()
    }

    /// The path that it was read from.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// The lines that are about a target, or may be.
    pub fn attachments(&self, subject: &str, target: &Target) -> Found {
        let mut found = Found::default();
        self.add_to(&mut found, &mut Budget::new(), subject, target);
        found
    }

    fn add_to(&self, found: &mut Found, budget: &mut Budget, subject: &str, target: &Target) {
        let declared = self.by_digest.get(&target.digest.hex()).into_iter().flatten();
        for line in declared.chain(&self.undeclared).filter_map(|at| self.lines.get(*at)) {
            let location = if self.lines.len() == 1 { self.location.clone() } else { format!("{} line {}", self.location, line.number) };
            if let Err((limit, detail)) = budget.take(line.size) {
                found.attachments.gaps.push(too_large(subject, limit, detail));
                break;
            }
            found.add(target, &location, line.form(subject, &location));
        }
        if let Some((limit, detail)) = &self.cut {
            found.attachments.gaps.push(too_large(subject, limit, detail.clone()));
        }
    }

    fn line(&mut self, number: usize, bytes: &Arc<[u8]>) {
        let at = self.lines.len();
        let (form, declared) = if bytes.len() as u64 > super::MAX_ATTACHMENT_BYTES {
            (Err(Broken::TooLarge(format!("{} bytes, at most {} are read", bytes.len(), super::MAX_ATTACHMENT_BYTES))), None)
        } else {
            match serde_json::from_slice::<Value>(bytes) {
                Ok(value @ Value::Object(_)) => (Ok(of_json(&value, bytes)), declared(&value)),
                Ok(_) => (Err(Broken::Malformed("it is no JSON object".into())), None),
                Err(error) => (Err(Broken::Malformed(error.to_string())), None),
            }
        };
        let size = if form.is_ok() { bytes.len() as u64 } else { 0 };
        self.lines.push(Line { number, size, form });
        match declared {
            Some(digests) => {
                for digest in digests.into_iter().take(MAX_SUBJECTS) {
                    let lines = self.by_digest.entry(digest).or_default();
                    if lines.last() != Some(&at) {
                        lines.push(at);
                    }
                }
            }
            None => self.undeclared.push(at),
        }
    }
}

impl Line {
    fn form(&self, subject: &str, location: &str) -> AttachmentForm {
        let gap = |gap: Gap| AttachmentForm::Unreadable(gap);
        match &self.form {
            Ok(form) => form.clone(),
            Err(Broken::Malformed(detail)) => gap(Gap {
                next_step:
                    "Sign the artifact again, or take it away. Only a bundle or JSON lines of bundles can be given as a file: a detached \
                            signature stands beside the artifact, as FILE.sig."
                        .into(),
                ..malformed(subject, format!("{location}: {detail}"))
            }),
            Err(Broken::TooLarge(detail)) => gap(too_large(subject, "attachment_bytes", format!("{location}: {detail}"))),
        }
    }
}

impl Found {
    fn add(&mut self, target: &Target, location: &str, form: AttachmentForm) {
        self.attachments.found.push(Attachment { location: location.to_owned(), target: target.clone(), form });
    }
}

/// The SHA-256 digests that a bundle or envelope says that it is about, hexadecimal; `None` where it does not say, or not so that it can be
/// read here. Statements with more subjects than are read declare nothing, so that none is left out.
fn declared(value: &Value) -> Option<Vec<String>> {
    let of = |value: &Value, names: &[&str]| names.iter().try_fold(value.clone(), |value, name| value.get(name).cloned());
    if let Some(digest) = of(value, &["messageSignature", "messageDigest", "digest"]) {
        // `algorithm` is SHA2_256 where it is left out (protobuf-specs, HashAlgorithm); by its length it can be nothing else.
        let bytes = BASE64.decode(digest.as_str()?.as_bytes()).ok()?;
        return (bytes.len() == 32).then(|| vec![HEXLOWER.encode(&bytes)]);
    }
    let envelope = value.get("dsseEnvelope").unwrap_or(value);
    let payload = BASE64.decode(envelope.get("payload")?.as_str()?.as_bytes()).ok()?;
    let statement: Value = serde_json::from_slice(&payload).ok()?;
    let subjects = statement.get("subject")?.as_array()?;
    if subjects.is_empty() || subjects.len() > MAX_SUBJECTS {
        return None;
    }
    let stated = subjects.iter().filter_map(|subject| Some(subject.get("digest")?.get("sha256")?.as_str()?.to_owned()));
    Some(stated.collect::<Vec<String>>()).filter(|stated| !stated.is_empty())
}

//! What the logs and time stamp authorities of a root vouch for, told apart by log and by authority: the crate says only that all holds.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use sigstore_crypto::Checkpoint;
use sigstore_types::{InclusionProof, KindVersion, SignatureBytes, TimestampToken, TransparencyLogEntry};
use sigstore_verify::tsa::verify_timestamp_for_authority;

use super::reading::Reading;
use super::root::{Log, Ready, Stamper, covers};
use super::{Transparency, chain};
use crate::signature::Rejection;

/// Who vouches, once the crate has verified every proof, promise and time stamp.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Vouching {
    /// Log ids, hexadecimal. Two entries of one log are one log.
    pub logs: BTreeSet<String>,
    /// Subjects. Two time stamps by one authority are one authority.
    pub stampers: BTreeSet<String>,
    /// Times that a time stamp authority states.
    pub stamped: Vec<Timestamp>,
    /// Times that a log states and promises.
    pub logged: Vec<Timestamp>,
}

impl Vouching {
    /// Every time that is vouched for, earliest first.
    pub fn times(&self) -> Vec<Timestamp> {
        let mut times: Vec<_> = self.stamped.iter().chain(&self.logged).copied().collect();
        times.sort_unstable();
        times.dedup();
        times
    }
}

/// True where some log of the root is one that the entry could be of.
pub(super) fn known<'a>(root: &'a Ready, entry: &TransparencyLogEntry) -> Option<&'a Log> {
    by_id(root, entry).or_else(|| entry.inclusion_proof.as_ref().and_then(|_| checkpoint_log(root, entry)))
}

/// Lower-case hexadecimal.
pub(super) fn id_of(entry: &TransparencyLogEntry) -> String {
    HEXLOWER.encode(entry.log_id.key_id.as_bytes())
}

fn by_id<'a>(root: &'a Ready, entry: &TransparencyLogEntry) -> Option<&'a Log> {
    root.logs.iter().find(|log| log.id == entry.log_id.key_id.as_bytes())
}

/// The log of the root that signed the checkpoint. Key hints have four bytes and may collide, so each is tried.
fn checkpoint_log<'a>(root: &'a Ready, entry: &TransparencyLogEntry) -> Option<&'a Log> {
    let envelope = entry.inclusion_proof.as_ref()?.checkpoint.envelope();
    let checkpoint = Checkpoint::from_text(envelope).ok()?;
    let signed_by = |log: &&Log| {
        let hint = log.id.get(..4);
        let mut own = checkpoint.signatures().iter().filter(|signature| Some(signature.key_id.as_slice()) == hint);
        own.any(|signature| log.key.verify(checkpoint.signed_data(), &signature.signature).is_ok())
    };
    root.logs.iter().find(signed_by)
}

/// Which logs and authorities vouch, and for which times. The windows of a log count for every verified time: an entry of Rekor v2 has
/// no time of its own, so the crate takes keys that had ended.
pub(super) fn vouching(root: &Ready, reading: &Reading, now: Timestamp) -> Result<Vouching, Rejection> {
    let mut out = Vouching::default();
    let signature = SignatureBytes::new(reading.signature().to_vec());
    for der in &reading.timestamps {
        let token = TimestampToken::new(der.clone());
        let made_by = |stamper: &Stamper| verify_timestamp_for_authority(&token, &signature, &stamper.authority).ok();
        let (stamper, time) = root.stampers.iter().find_map(|stamper| Some((stamper, made_by(stamper)?))).ok_or_else(|| {
            Rejection::TimeStamp { detail: "none of the root's authorities made it within its validity, for this signature".into() }
        })?;
        // As of Fulcio's anchors, the crate asks no validity of the authority's own.
        stamper.certificates.iter().try_for_each(|certificate| chain::within(certificate, &[time]))?;
        out.stampers.extend(stamper.certificates.first().map(|certificate| certificate.subject_text.clone()));
        out.stamped.push(time);
    }
    let mut logs: Vec<&Log> = Vec::new();
    for entry in &reading.entries {
        let unknown = || Rejection::UnknownLog { log: id_of(entry), anchors: vec![root.name.clone()] };
        if entry.inclusion_promise.is_some() {
            logs.push(by_id(root, entry).ok_or_else(unknown)?);
            let is_v1 = entry.kind_version != KindVersion::HashedRekordV002;
            out.logged.extend(entry.integrated_time.filter(|_| is_v1));
        }
        if let Some(proof) = &entry.inclusion_proof {
            let log = checkpoint_log(root, entry)
                .ok_or_else(|| Rejection::LogProof { detail: "no log of the root signed the checkpoint".into() })?;
            agrees(entry, proof, log)?;
            logs.push(log);
        }
    }
    // Where nobody states a time, the entry may have been made at any: only what a log signs with today counts.
    let timeless = out.stamped.is_empty() && out.logged.is_empty();
    let times: Vec<Timestamp> = if timeless { vec![now] } else { out.times() };
    for log in logs {
        if let Some(at) = times.iter().find(|time| !covers(log.window, **time)) {
            return Err(Rejection::OutsideValidity {
                what: format!("the key of the log {}", log.name()),
                at: *at,
                not_before: log.window.map(|window| window.start),
                not_after: log.window.and_then(|window| window.end),
            });
        }
        out.logs.insert(log.name());
    }
    Ok(out)
}

/// What a proof says beside its checkpoint is not signed, and the crate reads only what it needs of it: tree size and root must be the
/// signed ones all the same. In Rekor v2, where an entry has one index and its log is the one that signed, these must agree as well.
fn agrees(entry: &TransparencyLogEntry, proof: &InclusionProof, log: &Log) -> Result<(), Rejection> {
    let fail = |detail: String| Rejection::LogProof { detail };
    let checkpoint = Checkpoint::from_text(proof.checkpoint.envelope()).map_err(|error| fail(error.to_string()))?;
    if proof.tree_size != checkpoint.tree_size() {
        return Err(fail(format!(
            "it is about a tree of {} entries, and the checkpoint signs one of {}",
            proof.tree_size,
            checkpoint.tree_size()
        )));
    }
    if proof.root_hash != *checkpoint.root_hash() {
        return Err(fail("its root is not the one that the checkpoint signs".into()));
    }
    if entry.kind_version == KindVersion::HashedRekordV002 {
        if proof.log_index != entry.log_index {
            return Err(fail("its index is not that of the entry".into()));
        }
        if log.id != entry.log_id.key_id.as_bytes() {
            return Err(fail(format!("the entry names the log {}, and another one signed the checkpoint", id_of(entry))));
        }
    }
    Ok(())
}

/// How the entries are vouched for: the strongest of them counts, since each is about this very signature.
pub(super) fn transparency(entries: &[TransparencyLogEntry]) -> Transparency {
    let of = |entry: &TransparencyLogEntry| match (&entry.inclusion_proof, &entry.inclusion_promise) {
        (Some(_), _) => Transparency::InclusionProof,
        (None, Some(_)) => Transparency::Promise,
        (None, None) => Transparency::None,
    };
    entries.iter().map(of).max().unwrap_or(Transparency::None)
}

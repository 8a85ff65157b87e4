//! SIG016: two different zips carry one and the same valid signature.

use std::collections::BTreeMap;

use super::listing::{capped, count};
use super::signed::{signatures, verified};
use super::{Check, Context};
use crate::evidence::Artifact;
use crate::finding::{Confidence, EvidenceKind, Finding, Rule, Severity};
use crate::model::digest::Digest;
use crate::model::printable::printable;
use crate::unpack::{EntryKind, FileEntry};

static RULE: Rule = Rule {
    id: "SIG016",
    slug: "metadata-outside-signature",
    title: "One signature holds for zips that differ in what it does not bind",
    severity: Severity::High,
    explanation: "An AWS Signer signature inside a zip binds the names and bodies of the entries, run together without any framing. It does \
        not bind permissions, setuid and link bits, times or compression, nor where a name ends and its body begins. Two artifacts of the \
        fleet carry the same signature and are different zips, so at least one of them was repacked after signing. Where modes, link bits \
        or names differ, Lambda loads something else from each of them while both verify.",
    remediation: "Find out which of the two the build made and redeploy that one. Bind artifacts by CodeSha256 as well, which covers every \
        byte of the zip.",
    evidence: &[EvidenceKind::Artifact],
    tampering: false,
    caveat: "What the signature leaves out is known from one public description of the format.",
};

pub(super) struct MetadataOutsideSignature;

impl Check for MetadataOutsideSignature {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/SIG016.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let mut by_signature: BTreeMap<&str, BTreeMap<Digest, Vec<&Artifact>>> = BTreeMap::new();
        for artifact in cx.artifacts() {
            let Some(digest) = artifact.digest() else { continue };
            for proof in signatures(artifact).iter().filter_map(verified) {
                by_signature.entry(&proof.basis().signature_id).or_default().entry(digest).or_default().push(artifact);
            }
        }
        for (signature, zips) in by_signature {
            let mut zips = zips.values();
            let Some(first) = zips.next() else { continue };
            for other in zips {
                findings.extend(compare(cx, signature, first, other));
            }
        }
    }
}

/// A finding about `other`, which carries the signature of `first` and has another digest.
fn compare(cx: &Context<'_>, signature: &str, first: &[&Artifact], other: &[&Artifact]) -> Option<Finding> {
    let (a, b) = (first.first()?, other.first()?);
    let start = format!("{} and {} carry the same signature and are different zips", b.subject, a.subject);
    let (severity, confidence, message, details) = match (a.contents.present(), b.contents.present()) {
        (Some(left), Some(right)) => {
            let differences = differences(&left.tree.entries, &right.tree.entries);
            if differences.is_empty() {
                let message = format!("{start}; names, sizes and modes agree, so it was repacked after signing");
                (Severity::Low, Confidence::High, message, Vec::new())
            } else {
                let message = format!("{start}; what the signature does not bind differs in {}", count(differences.len(), "path"));
                (RULE.severity, Confidence::High, message, capped(differences))
            }
        }
        _ => (Severity::Medium, Confidence::Low, format!("{start}; their contents could not be compared"), Vec::new()),
    };
    let mut finding = Finding::new(&RULE, &b.subject, message);
    finding.severity = severity;
    finding.confidence = confidence;
    finding.digest = b.digest();
    finding.key = format!("{signature} {}", a.digest().map(|digest| digest.hex()).unwrap_or_default());
    finding.affects = cx.reach().affected_by(first.iter().chain(other).map(|artifact| &artifact.subject));
    finding.details = details;
    Some(finding)
}

/// One line per path whose entries differ in kind, mode, size or number; safe to print.
fn differences(left: &[FileEntry], right: &[FileEntry]) -> Vec<String> {
    let mut paths: BTreeMap<&str, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for entry in left {
        paths.entry(&entry.path).or_default().0.push(told(entry));
    }
    for entry in right {
        paths.entry(&entry.path).or_default().1.push(told(entry));
    }
    let told = |side: &[String]| if side.is_empty() { "nothing".to_owned() } else { side.join(" and ") };
    paths
        .into_iter()
        .filter(|(_, (left, right))| left != right)
        .map(|(path, (left, right))| format!("{}: {} in the one, {} in the other", printable(path), told(&left), told(&right)))
        .collect()
}

fn told(entry: &FileEntry) -> String {
    let kind = match &entry.kind {
        EntryKind::File => "a file".to_owned(),
        EntryKind::Directory => "a directory".to_owned(),
        EntryKind::Symlink { target } => format!("a symbolic link to {}", printable(target)),
        EntryKind::Hardlink { target } => format!("a hard link to {}", printable(target)),
        EntryKind::Special => "a special file".to_owned(),
    };
    match entry.mode {
        Some(mode) => format!("{kind} of {} bytes, mode {mode:04o}", entry.size),
        None => format!("{kind} of {} bytes, no mode", entry.size),
    }
}

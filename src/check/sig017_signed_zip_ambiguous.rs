//! SIG017: a signed zip holds what its signature cannot pin down.

use std::collections::BTreeSet;

use super::copies::Copies;
use super::listing::capped;
use super::signed::{rejection, signatures};
use super::{Check, Context};
use crate::evidence::Artifact;
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::printable::printable;
use crate::signature::Rejection;
use crate::unpack::{AnomalyKind, EntryKind};

static RULE: Rule = Rule {
    id: "SIG017",
    slug: "signed-zip-ambiguous",
    title: "A signed zip holds entries that its signature cannot pin down",
    severity: Severity::High,
    explanation: "The zip carries an AWS Signer signature and has duplicate or non-UTF-8 names, an entry after the signature file, several \
        signature files, or symbolic link or setuid entries. The signed digest runs names and bodies together without framing and leaves \
        modes and link bits out, so such a zip can be changed in ways that the signature does not show. A shift of the boundary between a \
        name and its body cannot be told from the digest at all.",
    remediation: "Rebuild the zip with a plain writer (unique UTF-8 names, regular files and directories, modes 0755 and 0644) and sign the \
        rebuilt one.",
    evidence: &[EvidenceKind::Artifact],
    tampering: false,
    caveat: "What the signature leaves out is known from one public description of the format.",
};

pub(super) struct SignedZipAmbiguous;

impl Check for SignedZipAmbiguous {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/SIG017.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let ambiguous = cx.artifacts().filter_map(|artifact| {
            let facts = facts(artifact);
            (!facts.is_empty()).then_some((artifact, facts))
        });
        for (facts, copies) in Copies::group(ambiguous) {
            let message = format!(
                "the signed zip of {} has {} that the signature cannot pin down",
                copies.lead.subject,
                super::listing::count(facts.len(), "entry")
            );
            let mut details = capped(facts);
            details.push("the digest has no framing between names and bodies: a shifted boundary would not show".into());
            findings.push(copies.finding(cx, &RULE, message, details));
        }
    }
}

/// What cannot be pinned down, one line each; safe to print. Empty for a zip without a signature.
fn facts(artifact: &Artifact) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    let found = signatures(artifact);
    if found.is_empty() || found.iter().all(|signature| signature.scheme != "aws-signer") {
        return facts;
    }
    let several = |why: &&Rejection| matches!(why, Rejection::SeveralSignatures { .. } | Rejection::EntryAfterSignature { .. });
    facts.extend(found.iter().filter_map(rejection).filter(several).map(|why| printable(&why.to_string()).into_owned()));
    let Some(contents) = artifact.contents.present() else { return facts };
    for anomaly in &contents.anomalies {
        let what = match anomaly.kind {
            AnomalyKind::DuplicateName => "duplicate name",
            AnomalyKind::NonUtf8Name => "name that is not UTF-8",
            _ => continue,
        };
        facts.insert(format!("{}: {what}", printable(&anomaly.path)));
    }
    for entry in &contents.tree.entries {
        let setuid = entry.mode.is_some_and(|mode| mode & 0o6000 != 0);
        let what = match &entry.kind {
            EntryKind::Symlink { target } => format!("symbolic link to {}", printable(target)),
            EntryKind::Hardlink { target } => format!("hard link to {}", printable(target)),
            EntryKind::File | EntryKind::Directory | EntryKind::Special if setuid => "setuid or setgid".to_owned(),
            EntryKind::File | EntryKind::Directory | EntryKind::Special => continue,
        };
        facts.insert(format!("{}: {what}", printable(&entry.path)));
    }
    facts
}

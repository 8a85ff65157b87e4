//! LYR008: entries that reach outside the folder that they are unpacked to.

use super::copies::Copies;
use super::listing::{capped, count};
use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::printable::printable;
use crate::unpack::{Anomaly, AnomalyKind};

static RULE: Rule = Rule {
    id: "LYR008",
    slug: "symlink-escape",
    title: "Entries reach outside the artifact's own folder",
    severity: Severity::High,
    explanation: "The archive holds names with .. or a leading slash, links that lead out of the root, entries below a link, or device nodes. \
        A careless unpacker writes them where the archive's author chose (zip slip). No build tool makes such entries by accident for a \
        layer, and layerproof itself unpacks nothing to a path that an archive chose.",
    remediation: "Reject such archives in the pipeline and rebuild the artifact from source; find out which tool or person packed it.",
    evidence: &[EvidenceKind::Artifact],
    tampering: false,
    caveat: "",
};

pub(super) struct SymlinkEscape;

impl Check for SymlinkEscape {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/LYR008.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        for (contents, copies) in Copies::contents(cx) {
            let escapes: Vec<&Anomaly> = contents.anomalies.iter().filter(|anomaly| reaches_out(anomaly.kind)).collect();
            if escapes.is_empty() {
                continue;
            }
            let message = format!("{} holds {} that can reach outside its own folder", copies.lead.subject, count(escapes.len(), "entry"));
            findings.push(copies.finding(cx, &RULE, message, capped(escapes.into_iter().map(line))));
        }
    }
}

/// True for the anomalies that this check is about; LYR007 and LYR009 take the others.
pub(super) fn reaches_out(kind: AnomalyKind) -> bool {
    match kind {
        AnomalyKind::Traversal
        | AnomalyKind::AbsolutePath
        | AnomalyKind::SymlinkEscape
        | AnomalyKind::HardlinkEscape
        | AnomalyKind::ThroughSymlink
        | AnomalyKind::SpecialFile => true,
        AnomalyKind::AbsoluteLink
        | AnomalyKind::DuplicateName
        | AnomalyKind::DuplicateByCase
        | AnomalyKind::DuplicateByUnicode
        | AnomalyKind::FileAsFolder
        | AnomalyKind::HeaderMismatch
        | AnomalyKind::Overlap
        | AnomalyKind::PrefixBytes
        | AnomalyKind::TrailingBytes
        | AnomalyKind::OrderMismatch
        | AnomalyKind::Encrypted
        | AnomalyKind::Zip64Lie
        | AnomalyKind::BadChecksum
        | AnomalyKind::UnsupportedMethod
        | AnomalyKind::Setuid
        | AnomalyKind::WorldWritable
        | AnomalyKind::NonUtf8Name
        | AnomalyKind::ControlInName
        | AnomalyKind::OddName
        | AnomalyKind::Malformed
        | AnomalyKind::LimitExceeded
        | AnomalyKind::DigestMismatch => false,
    }
}

/// One anomaly in words; safe to print.
pub(super) fn line(anomaly: &Anomaly) -> String {
    let mut line = anomaly.kind.id();
    if !anomaly.path.is_empty() {
        line.push_str(&format!(" `{}`", printable(&anomaly.path)));
    }
    if !anomaly.detail.is_empty() {
        line.push_str(&format!(": {}", printable(&anomaly.detail)));
    }
    line
}

//! LYR007: permission bits that nothing in Lambda needs.

use std::collections::BTreeMap;

use super::copies::Copies;
use super::listing::{capped, count};
use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::printable::printable;
use crate::unpack::{AnomalyKind, Contents, EntryKind, Format};

static RULE: Rule = Rule {
    id: "LYR007",
    slug: "setuid-setgid-world-writable",
    title: "Files have the setuid or setgid bit or are writable by everybody",
    severity: Severity::Medium,
    explanation: "Entries of the artifact carry the setuid or setgid bit, or may be written by everybody. Nothing in AWS Lambda needs either; \
        they are signs of a careless or a hostile build, and an AWS Signer signature does not bind them. Where entries are merely \
        world-writable, and for setuid programs that distributions ship in the system folders of an image, it is reported at low.",
    remediation: "Pack the artifact again with mode 0755 for folders and programs and 0644 for other files.",
    evidence: &[EvidenceKind::Artifact],
    tampering: false,
    caveat: "",
};

/// Folders of an image in which distributions ship setuid programs of their own.
const SYSTEM_FOLDERS: &[&str] =
    &["usr/", "bin/", "sbin/", "lib/", "lib64/", "etc/", "run/", "var/lib/", "var/log/", "var/cache/", "var/spool/"];

pub(super) struct SetuidSetgidWorldWritable;

impl Check for SetuidSetgidWorldWritable {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/LYR007.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        for (contents, copies) in Copies::contents(cx) {
            let bits = bits(contents);
            if bits.is_empty() {
                continue;
            }
            let image = contents.format == Format::Image;
            let setuid = |(_, bit): &(&String, &Bit)| **bit == Bit::Setuid;
            let serious = bits.iter().filter(setuid).any(|(path, _)| !(image && is_system(path)));
            let setuids = bits.iter().filter(setuid).count();
            let told: Vec<String> = [(setuids, "with the setuid or setgid bit"), (bits.len() - setuids, "writable by everybody")]
                .into_iter()
                .filter(|(number, _)| *number > 0)
                .map(|(number, what)| format!("{} {what}", count(number, "entry")))
                .collect();
            let message = format!("{} holds {}", copies.lead.subject, told.join(" and "));
            let mut lines: Vec<_> = bits.iter().map(|(path, bit)| (*bit, path)).collect();
            lines.sort();
            let details = capped(lines.into_iter().map(|(bit, path)| format!("{}: {}", printable(path), bit.words())));
            let mut finding = copies.finding(cx, &RULE, message, details);
            if !serious {
                finding.severity = Severity::Low;
            }
            findings.push(finding);
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bit {
    Setuid,
    WorldWritable,
}

impl Bit {
    fn words(self) -> &'static str {
        match self {
            Self::Setuid => "setuid or setgid",
            Self::WorldWritable => "writable by everybody",
        }
    }
}

/// The worst bit of each path: from the tree's modes, and from anomalies whose entry the tree does not hold.
fn bits(contents: &Contents) -> BTreeMap<String, Bit> {
    let mut bits = BTreeMap::new();
    let mut add = |path: &str, bit: Bit| {
        let worst = bits.entry(path.to_owned()).or_insert(bit);
        *worst = (*worst).min(bit);
    };
    for entry in &contents.tree.entries {
        let Some(mode) = entry.mode else { continue };
        match entry.kind {
            EntryKind::File | EntryKind::Directory | EntryKind::Hardlink { .. } | EntryKind::Special => {}
            // A link's own mode is always 0777 and means nothing.
            EntryKind::Symlink { .. } => continue,
        }
        // A sticky folder such as /tmp is meant to be written by everybody; setgid on a folder runs nothing.
        let folder = matches!(entry.kind, EntryKind::Directory);
        if mode & 0o6000 != 0 && !folder {
            add(&entry.path, Bit::Setuid);
        } else if mode & 0o002 != 0 && !(folder && mode & 0o1000 != 0) {
            add(&entry.path, Bit::WorldWritable);
        }
    }
    for anomaly in &contents.anomalies {
        let bit = match anomaly.kind {
            AnomalyKind::Setuid => Bit::Setuid,
            AnomalyKind::WorldWritable => Bit::WorldWritable,
            _ => continue,
        };
        let path = anomaly.path.trim_matches('/');
        // An anomaly without a path tells how many more there are; the tree has them all.
        if !path.is_empty() && contents.tree.at(path).next().is_none() {
            add(path, bit);
        }
    }
    bits
}

fn is_system(path: &str) -> bool {
    SYSTEM_FOLDERS.iter().any(|folder| path.starts_with(folder))
}

//! What can be wrong with an archive. Anomalies are data: an attacker's archive is a finding, not an error of ours.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One thing that is wrong with an archive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Anomaly {
    /// What.
    pub kind: AnomalyKind,
    /// Entry name as the archive has it (`model::printable::lossless`), or empty for the archive as a whole. Print through `printable`.
    pub path: String,
    /// Numbers, targets and places: what was expected and what was found. Print through `printable`.
    pub detail: String,
}

/// Anomalies as they are found. Of one kind at most [`Anomalies::PER_KIND`] are kept, and a last one counts the rest, so that an
/// archive of a million bad names can't fill the memory.
#[derive(Debug, Clone, Default)]
pub struct Anomalies {
    kept: Vec<Anomaly>,
    counts: BTreeMap<AnomalyKind, u64>,
}

impl Anomalies {
    /// How many of one kind are kept.
    pub const PER_KIND: u64 = 1_000;
    /// Bytes that are kept of a path or detail; a cut one ends with `…`. Names of entries reach 64 KiB.
    pub const TEXT: usize = 4_096;

    /// Adds one.
    pub fn push(&mut self, kind: AnomalyKind, path: impl Into<String>, detail: impl Into<String>) {
        let count = self.counts.entry(kind).or_default();
        *count = count.saturating_add(1);
        if *count <= Self::PER_KIND {
            self.kept.push(Anomaly { kind, path: cut(path.into()), detail: cut(detail.into()) });
        }
    }

    /// Adds what another reader found.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Anomaly>) {
        for other in others {
            self.push(other.kind, other.path, other.detail);
        }
    }

    /// True where none was found.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// True where one of this kind was found.
    pub fn has(&self, kind: AnomalyKind) -> bool {
        self.counts.contains_key(&kind)
    }

    /// All that were kept, in the order in which they were found, then one for each kind of which more were found.
    pub fn into_vec(mut self) -> Vec<Anomaly> {
        for (&kind, &count) in &self.counts {
            if count > Self::PER_KIND {
                let more = count.saturating_sub(Self::PER_KIND);
                self.kept.push(Anomaly { kind, path: String::new(), detail: format!("{more} more of this kind are not listed") });
            }
        }
        self.kept
    }
}

fn cut(mut text: String) -> String {
    if text.len() > Anomalies::TEXT {
        text.truncate(text.floor_char_boundary(Anomalies::TEXT));
        text.push('…');
    }
    text
}

/// The kinds of anomaly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnomalyKind {
    /// A name with a `..` component.
    Traversal,
    /// A name that starts with `/`, `\` or a drive letter.
    AbsolutePath,
    /// A symbolic link that leads out of the root.
    SymlinkEscape,
    /// A symbolic link to a path below `/opt` or `/var/task`, where Lambda puts layers and code: not an escape, but only right there.
    AbsoluteLink,
    /// A hard link that leads out of the root, or to nothing.
    HardlinkEscape,
    /// An entry below a path that another entry made a symbolic link.
    ThroughSymlink,
    /// Two entries of the same name.
    DuplicateName,
    /// Two names that are the same on a case-insensitive file system.
    DuplicateByCase,
    /// Two names that are the same after Unicode normalisation.
    DuplicateByUnicode,
    /// A name that is a file and also the folder of another entry.
    FileAsFolder,
    /// Local header and central directory say different things.
    HeaderMismatch,
    /// Two entries share bytes.
    Overlap,
    /// Bytes before the first entry.
    PrefixBytes,
    /// Bytes after the end record, or between the entries, or a comment that could hide a second archive.
    TrailingBytes,
    /// Central directory order and physical order differ.
    OrderMismatch,
    /// An encrypted entry.
    Encrypted,
    /// Zip64 fields that contradict the plain ones, or each other.
    Zip64Lie,
    /// A checksum that does not match, or a size that does not.
    BadChecksum,
    /// A compression method that cannot be read.
    UnsupportedMethod,
    /// A character or block device, or a FIFO or socket.
    SpecialFile,
    /// The setuid or setgid bit.
    Setuid,
    /// Writable by everybody.
    WorldWritable,
    /// A name that is not UTF-8.
    NonUtf8Name,
    /// A name with control characters or other characters that hide or reverse text.
    ControlInName,
    /// A name with a backslash, a NUL or an empty component.
    OddName,
    /// Structure that can't be followed: truncated, contradictory, not an archive.
    Malformed,
    /// A limit of ours stopped the walk; the detail names it.
    LimitExceeded,
    /// An OCI blob whose digest or size is not the descriptor's, or a missing one.
    DigestMismatch,
}

impl AnomalyKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Traversal,
        Self::AbsolutePath,
        Self::SymlinkEscape,
        Self::AbsoluteLink,
        Self::HardlinkEscape,
        Self::ThroughSymlink,
        Self::DuplicateName,
        Self::DuplicateByCase,
        Self::DuplicateByUnicode,
        Self::FileAsFolder,
        Self::HeaderMismatch,
        Self::Overlap,
        Self::PrefixBytes,
        Self::TrailingBytes,
        Self::OrderMismatch,
        Self::Encrypted,
        Self::Zip64Lie,
        Self::BadChecksum,
        Self::UnsupportedMethod,
        Self::SpecialFile,
        Self::Setuid,
        Self::WorldWritable,
        Self::NonUtf8Name,
        Self::ControlInName,
        Self::OddName,
        Self::Malformed,
        Self::LimitExceeded,
        Self::DigestMismatch,
    ];

    /// True where two honest readers of the archive could see different content, or where part of it was not read. A signature over
    /// such an archive is Refused (DESIGN §4 rule 5): what was verified need not be what Lambda loads.
    pub fn is_ambiguous(self) -> bool {
        match self {
            Self::Traversal
            | Self::AbsolutePath
            | Self::SymlinkEscape
            | Self::HardlinkEscape
            | Self::ThroughSymlink
            | Self::DuplicateName
            | Self::FileAsFolder
            | Self::HeaderMismatch
            | Self::Overlap
            | Self::PrefixBytes
            | Self::TrailingBytes
            | Self::OrderMismatch
            | Self::Encrypted
            | Self::Zip64Lie
            | Self::BadChecksum
            | Self::UnsupportedMethod
            | Self::SpecialFile
            | Self::NonUtf8Name
            | Self::Malformed
            | Self::LimitExceeded
            | Self::DigestMismatch => true,
            Self::AbsoluteLink
            | Self::DuplicateByCase
            | Self::DuplicateByUnicode
            | Self::Setuid
            | Self::WorldWritable
            | Self::ControlInName
            | Self::OddName => false,
        }
    }

    /// The stable name in JSON: `symlink-escape`.
    pub fn id(self) -> String {
        serde_json::to_value(self).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

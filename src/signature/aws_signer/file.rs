//! The signature file among the entries of a zip.

use crate::unpack::{ZipEntry, ZipIndex};

/// The name that the only known description of the format gives (facts from one non-AWS source).
pub const SIGNATURE_FILE: &str = "META_INF/aws_signer_signature_v1.0.SF";

/// How a name of AWS Signer's begins, once letter case and the kind of dash and slash are levelled.
const FAMILY: &[u8] = b"meta_inf/aws_signer_signature";

/// The entries that are, or look like, a signature file of AWS Signer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SignatureFiles {
    /// Indices of the entries of exactly [`SIGNATURE_FILE`].
    pub exact: Vec<usize>,
    /// Indices of those that differ in letter case, in `-` for `_`, in `\` for `/`, in a leading `./` or `/`, or in the version.
    pub alike: Vec<usize>,
}

impl SignatureFiles {
    pub fn find(index: &ZipIndex) -> Self {
        let mut files = Self::default();
        for (at, entry) in index.entries.iter().enumerate() {
            if entry.raw_name == SIGNATURE_FILE.as_bytes() {
                files.exact.push(at);
            } else if is_alike(entry) {
                files.alike.push(at);
            }
        }
        files
    }

    pub fn count(&self) -> usize {
        self.exact.len().saturating_add(self.alike.len())
    }

    /// The one that is judged, and that the digest leaves out.
    pub fn chosen(&self) -> Option<usize> {
        self.exact.first().or(self.alike.first()).copied()
    }
}

fn is_alike(entry: &ZipEntry) -> bool {
    let levelled = |byte: &u8| match byte {
        b'-' => b'_',
        b'\\' => b'/',
        other => other.to_ascii_lowercase(),
    };
    let mut name = entry.raw_name.as_slice();
    while let [b'.', b'/' | b'\\', rest @ ..] | [b'/' | b'\\', rest @ ..] = name {
        name = rest;
    }
    let begins = name.get(..FAMILY.len()).is_some_and(|start| start.iter().map(levelled).eq(FAMILY.iter().copied()));
    begins && !matches!(name.last(), Some(b'/' | b'\\'))
}

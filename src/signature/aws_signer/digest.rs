//! The digest that AWS Signer signs: SHA-384 over every entry's name and body, in central-directory order, without framing.

use std::fmt;

use super::file::SignatureFiles;
use crate::model::digest::Sha384;
use crate::unpack::{EntryVisitor, ZipEntry, ZipIndex};

/// `SHA384(name1 ‖ body1 ‖ name2 ‖ body2 ‖ …)` over all entries, directories included, without the signature file.
///
/// It rides as a visitor on the one pass over the archive, so the digest and the file tree come from the same list and the same
/// bytes. Without a signature file in the archive it costs nothing and gives nothing.
pub struct InnerDigest {
    hash: Option<Sha384>,
    omitted: Option<usize>,
    /// The entry that must come next.
    next: usize,
    total: usize,
    /// Bytes that the entry in progress has yet to give.
    due: u64,
    intact: bool,
}

impl InnerDigest {
    /// For the archive of this index.
    pub fn new(index: &ZipIndex) -> Self {
        let omitted = SignatureFiles::find(index).chosen();
        Self { hash: omitted.map(|_| Sha384::new()), omitted, next: 0, total: index.entries.len(), due: 0, intact: true }
    }

    /// The digest; `None` where the archive has no signature file, or where the pass did not give every entry, whole and in order.
    pub fn finish(&self) -> Option<[u8; 48]> {
        if !self.intact || self.next != self.total {
            return None;
        }
        self.hash.clone().map(Sha384::finish)
    }

    fn hashes(&self, entry: &ZipEntry) -> bool {
        self.omitted != Some(entry.index)
    }
}

impl fmt::Debug for InnerDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { omitted, next, total, intact, .. } = self;
        f.debug_struct("InnerDigest").field("omitted", omitted).field("next", next).field("total", total).field("intact", intact).finish()
    }
}

impl EntryVisitor for InnerDigest {
    fn begin(&mut self, entry: &ZipEntry) {
        self.intact &= entry.index == self.next;
        self.due = entry.size;
        if self.hashes(entry)
            && let Some(hash) = &mut self.hash
        {
            hash.update(&entry.raw_name);
        }
    }

    fn data(&mut self, bytes: &[u8]) {
        let given = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        match self.due.checked_sub(given) {
            Some(due) => self.due = due,
            None => self.intact = false,
        }
        if self.omitted != Some(self.next)
            && let Some(hash) = &mut self.hash
        {
            hash.update(bytes);
        }
    }

    fn damaged(&mut self, _: &ZipEntry, _: &str) {
        self.intact = false;
    }

    fn end(&mut self, _: &ZipEntry) {
        self.intact &= self.due == 0;
        self.next = self.next.saturating_add(1);
    }
}

//! An rpm header as it lies in a database: an index of tags, and a store of their data. Format: rpm's docs/manual/format_header.md; in a
//! database it stands without its magic. Numbers have the most significant byte first.

use super::order::Order::Big;

/// Entries of the index. rpm's own limit (`hdrchkTags`).
const MAX_ENTRIES: usize = 65_535;
/// Bytes before the index, and of one of its entries.
const HEAD: usize = 8;
const ENTRY: usize = 16;

/// Tags that are read. Source: rpm's include/rpm/rpmtag.h.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    SigMd5 = 261,
    Sha256Header = 273,
    Name = 1000,
    Version = 1001,
    Release = 1002,
    Epoch = 1003,
    Summary = 1004,
    Vendor = 1011,
    License = 1014,
    Packager = 1015,
    Url = 1020,
    Arch = 1022,
    OldFileNames = 1027,
    SourceRpm = 1044,
    ProvideName = 1047,
    RequireName = 1049,
    DirIndexes = 1116,
    BaseNames = 1117,
    DirNames = 1118,
    ModularityLabel = 5096,
}

/// Types of data.
const INT32: u32 = 4;
const STRING: u32 = 6;
const BIN: u32 = 7;
const STRING_ARRAY: u32 = 8;
const I18N_STRING: u32 = 9;

/// A header.
pub(super) struct Header<'a> {
    index: &'a [u8],
    store: &'a [u8],
}

impl<'a> Header<'a> {
    /// Reads a header's two lengths, and nothing of what they enclose.
    pub(super) fn read(blob: &'a [u8]) -> Result<Self, String> {
        let (Some(entries), Some(length)) = (Big.long(blob, 0), Big.long(blob, 4)) else {
            return Err(format!("a header of {} bytes", blob.len()));
        };
        if entries == 0 || entries > MAX_ENTRIES {
            return Err(format!("a header of {entries} tags"));
        }
        let store = HEAD.saturating_add(entries.saturating_mul(ENTRY));
        match (blob.get(HEAD..store), blob.get(store..store.saturating_add(length))) {
            (Some(index), Some(store)) => Ok(Self { index, store }),
            (_, _) => Err(format!("a header of {entries} tags and {length} bytes of data in {} bytes", blob.len())),
        }
    }

    /// The data of a tag from its offset on, with type and count. The last of several holds: what was put in at installation comes last.
    fn find(&self, tag: Tag) -> Option<(u32, usize, &'a [u8])> {
        let entry = self.index.chunks_exact(ENTRY).rev().find(|entry| Big.u32(entry, 0) == Some(tag as u32))?;
        Some((Big.u32(entry, 4)?, Big.long(entry, 12)?, self.store.get(Big.long(entry, 8)?..)?))
    }

    /// Whether it has a tag, readable or not.
    pub(super) fn has(&self, tag: Tag) -> bool {
        self.index.chunks_exact(ENTRY).any(|entry| Big.u32(entry, 0) == Some(tag as u32))
    }

    /// A text, or the first one of several (the first language is `C`). Bytes that are not UTF-8 are replaced.
    pub(super) fn text(&self, tag: Tag) -> Option<String> {
        let (kind, count, data) = self.find(tag)?;
        if !matches!(kind, STRING | STRING_ARRAY | I18N_STRING) || count == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(terminated(data)?.0).trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// All texts of a tag, as they stand. `None` where they are not all there.
    pub(super) fn texts(&self, tag: Tag) -> Option<Vec<&'a [u8]>> {
        let (kind, count, mut data) = self.find(tag)?;
        // Each has one byte at least.
        if !matches!(kind, STRING | STRING_ARRAY) || count > data.len() {
            return None;
        }
        let mut texts = Vec::with_capacity(count);
        for _ in 0..count {
            let (text, rest) = terminated(data)?;
            texts.push(text);
            data = rest;
        }
        Some(texts)
    }

    /// All 32-bit numbers of a tag. `None` where they are not all there.
    pub(super) fn numbers(&self, tag: Tag) -> Option<Vec<u32>> {
        let (kind, count, data) = self.find(tag)?;
        let bytes = data.get(..count.checked_mul(4)?).filter(|_| kind == INT32)?;
        Some(bytes.chunks_exact(4).filter_map(|number| Big.u32(number, 0)).collect())
    }

    /// Bytes.
    pub(super) fn bytes(&self, tag: Tag) -> Option<&'a [u8]> {
        let (kind, count, data) = self.find(tag)?;
        data.get(..count).filter(|_| kind == BIN)
    }
}

/// The bytes before the first zero, and those after it.
fn terminated(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(0, data)?;
    Some((data.get(..end)?, data.get(end.saturating_add(1)..)?))
}

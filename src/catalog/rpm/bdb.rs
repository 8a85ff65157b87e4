//! Data of a Berkeley DB hash, `Packages` of rpm up to 4.15 (Amazon Linux 2). Format: Berkeley DB 5.3, dbinc/db_page.h, versions 7 to 10 of the
//! hash; either byte order. No lookup is made: every page of the hash is read.

use super::Records;
use super::order::Order::{self, Big, Little};
use crate::catalog::Flaw;

/// Bytes of one item. An rpm header has 3 MB in the largest known package.
const MAX_ITEM: usize = 64 << 20;
/// Bytes of a page's header.
const HEADER: usize = 26;
/// The number that tells a hash.
const HASH: u32 = 0x0006_1561;
/// Versions of the hash whose pages are alike.
const VERSIONS: std::ops::RangeInclusive<u32> = 7..=10;
/// Types of pages.
const HASH_UNSORTED: u8 = 2;
const OVERFLOW: u8 = 7;
const META: u8 = 8;
const HASH_SORTED: u8 = 13;
/// Where the meta page has the last bucket, the number of keys, and the first pages of buckets.
const LAST_BUCKET: usize = 72;
const NUMBER_OF_KEYS: usize = 88;
const SPARES: usize = 96;
/// Types of items.
const KEY_OR_DATA: u8 = 1;
const OFF_PAGE: u8 = 3;

/// Hands over every datum but the first, which counts the packages: its key is 0.
pub(super) fn blobs(bytes: &[u8], to: &mut Records<'_>) -> Result<(), Flaw> {
    let mut database = Database::open(bytes, to)?;
    for number in 1..database.read.len() {
        let page = database.page(number).unwrap_or_default();
        if matches!(page.get(25).copied(), Some(HASH_SORTED | HASH_UNSORTED)) {
            database.hash(number, page, to);
        }
    }
    database.missed(to);
    Ok(())
}

struct Database<'a> {
    bytes: &'a [u8],
    order: Order,
    size: usize,
    /// Which overflow pages were read; each has one place in one chain.
    read: Vec<bool>,
    /// Keys that were read.
    keys: u64,
}

impl<'a> Database<'a> {
    fn open(bytes: &'a [u8], to: &mut Records<'_>) -> Result<Self, Flaw> {
        let malformed = |what: String| Flaw::malformed(format!("Berkeley DB: {what}"));
        let order = [Little, Big].into_iter().find(|order| order.u32(bytes, 12) == Some(HASH));
        let Some(order) = order else { return Err(malformed("it is no hash".into())) };
        let version = order.u32(bytes, 16).unwrap_or_default();
        if !VERSIONS.contains(&version) {
            return Err(malformed(format!("version {version} of the hash is not known")));
        }
        let size = order.long(bytes, 20).filter(|size| (512..=65_536).contains(size) && size.is_power_of_two());
        let Some(size) = size else { return Err(malformed("the size of pages is none".into())) };
        // Encryption and checksums make the headers of pages longer.
        if bytes.get(24..27) != Some([0, META, 0].as_slice()) {
            return Err(malformed("its pages are encrypted, have checksums, or are none of a hash".into()));
        }
        let there = bytes.len().checked_div(size).unwrap_or_default();
        let pages = order.long(bytes, 32).unwrap_or_default().saturating_add(1);
        if pages > there {
            to.flaw(malformed(format!("it has {there} pages of {pages}")));
        }
        Ok(Self { bytes, order, size, read: vec![false; pages.min(there)], keys: 0 })
    }

    fn page(&self, number: usize) -> Option<&'a [u8]> {
        let from = number.checked_mul(self.size)?;
        self.bytes.get(from..from.checked_add(self.size)?)
    }

    /// The data of one page: keys and data take turns, from the page's end towards its beginning.
    fn hash(&mut self, number: usize, page: &[u8], to: &mut Records<'_>) {
        let entries = self.order.short(page, 20).unwrap_or_default();
        let mut end = page.len();
        let mut key = None;
        for entry in 0..entries {
            let flaw = |why: &str| Flaw::malformed(format!("page {number}, entry {entry}: {why}"));
            let at = self.order.short(page, HEADER.saturating_add(entry.saturating_mul(2)));
            let Some(item) = at.filter(|at| *at < end).and_then(|at| page.get(at..end)) else {
                to.flaw(flaw("it has no place"));
                return;
            };
            end = at.unwrap_or_default();
            let Some(of) = key.take() else {
                self.keys = self.keys.saturating_add(1);
                key = Some(item.get(1..).and_then(|key| self.order.u32(key, 0)).unwrap_or_default());
                continue;
            };
            if of == 0 {
                continue;
            }
            let what = format!("package {of}");
            match item.split_first() {
                Some((&KEY_OR_DATA, datum)) => to.record(&what, datum),
                Some((&OFF_PAGE, _)) => match self.chain(item) {
                    Ok(datum) => to.record(&what, &datum),
                    Err(why) => to.flaw(Flaw::malformed(format!("{what}: {why}"))),
                },
                Some(_) | None => to.flaw(flaw("its type is not known")),
            }
        }
    }

    /// Tells of pages that should hold keys, and are none of a hash: what was in them is lost without a trace otherwise. A bucket that never had
    /// a key may have a page of zeros.
    fn missed(&self, to: &mut Records<'_>) {
        let stated = u64::from(self.order.u32(self.bytes, NUMBER_OF_KEYS).unwrap_or_default());
        let last = self.order.long(self.bytes, LAST_BUCKET).unwrap_or_default().min(self.read.len());
        let is_hash = |number: usize| {
            let kind = self.page(number).and_then(|page| page.get(25)).copied();
            matches!(kind, Some(HASH_SORTED | HASH_UNSORTED))
        };
        for bucket in 0..=last {
            // Buckets double; those of each doubling lie together, from a page that the meta page states.
            let doubling = usize::BITS.saturating_sub(bucket.leading_zeros());
            let spare = usize::try_from(doubling).ok().and_then(|doubling| doubling.checked_mul(4)).unwrap_or_default();
            let Some(mut number) = self.order.long(self.bytes, SPARES.saturating_add(spare)).and_then(|first| first.checked_add(bucket))
            else {
                continue;
            };
            if !is_hash(number) && self.keys < stated {
                let detail = format!("page {number}, of bucket {bucket}, is none of a hash, and {} keys of {stated} were found", self.keys);
                to.flaw(Flaw::malformed(format!("Berkeley DB: {detail}")));
                continue;
            }
            for _ in 0..self.read.len() {
                let next = self.page(number).filter(|_| is_hash(number)).and_then(|page| self.order.long(page, 16)).unwrap_or_default();
                if next == 0 {
                    break;
                }
                if !is_hash(next) {
                    to.flaw(Flaw::malformed(format!("Berkeley DB: page {next}, after page {number}, is none of a hash")));
                    break;
                }
                number = next;
            }
        }
    }

    /// A datum that has pages of its own.
    fn chain(&mut self, item: &[u8]) -> Result<Vec<u8>, String> {
        let (Some(mut number), Some(length)) = (self.order.long(item, 4), self.order.long(item, 8)) else { return Err("it is cut".into()) };
        if length > MAX_ITEM || length > self.bytes.len() {
            return Err(format!("it has {length} bytes, at most {MAX_ITEM} are read"));
        }
        let mut datum = Vec::with_capacity(length.min(self.size.saturating_mul(64)));
        while datum.len() < length {
            let slot = self.read.get_mut(number).ok_or_else(|| format!("page {number} is not in the file"))?;
            if std::mem::replace(slot, true) {
                return Err(format!("page {number} has two places"));
            }
            let page = self.page(number).ok_or_else(|| format!("page {number} is not in the file"))?;
            if page.get(25) != Some(&OVERFLOW) {
                return Err(format!("page {number} is none of a long item"));
            }
            let here = self.order.short(page, 22).unwrap_or_default().min(length.saturating_sub(datum.len()));
            let content = page.get(HEADER..HEADER.saturating_add(here)).ok_or_else(|| format!("page {number} is cut"))?;
            datum.extend_from_slice(content);
            number = self.order.long(page, 16).unwrap_or_default();
        }
        Ok(datum)
    }
}

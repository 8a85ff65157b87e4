//! Blobs of rpm's own database `Packages.db` (SUSE). Format: rpm's lib/backend/ndb/rpmpkg.c, which is its only description.

use std::collections::BTreeSet;

use super::Records;
use super::order::Order::Little;
use crate::catalog::Flaw;

/// Bytes that every database begins with.
pub(super) const MAGIC: &[u8] = b"RpmP";
/// Bytes of a page of slots.
const PAGE: usize = 4_096;
/// Bytes of a slot; the file's header takes the place of two.
const SLOT: usize = 16;
/// Bytes of a block, in which places and lengths are counted.
const BLOCK: usize = 16;
/// Bytes before a blob, and after it.
const HEAD: usize = 16;
const TAIL: usize = 12;

/// Hands over every blob.
pub(super) fn blobs(bytes: &[u8], to: &mut Records<'_>) -> Result<(), Flaw> {
    if !bytes.starts_with(MAGIC) {
        return Err(Flaw::malformed("ndb: it does not begin as a database does"));
    }
    match Little.u32(bytes, 4) {
        Some(0) => {}
        version => return Err(Flaw::malformed(format!("ndb: version {} is not known", version.unwrap_or_default()))),
    }
    let slots = Little.long(bytes, 12).unwrap_or_default().saturating_mul(PAGE);
    if slots > bytes.len() {
        to.flaw(Flaw::malformed("ndb: there are fewer pages of slots than it says"));
    }
    let slots = bytes.get(SLOT.saturating_mul(2)..slots.min(bytes.len())).unwrap_or_default();
    let mut blobs = BTreeSet::new();
    // Blobs have their place alone: together they can't be longer than the file.
    let mut left = bytes.len();
    for slot in slots.chunks_exact(SLOT) {
        let (magic, number) = (slot.get(..4), Little.u32(slot, 4).unwrap_or_default());
        if magic != Some(b"Slot") {
            to.flaw(Flaw::malformed("ndb: a slot is none"));
            continue;
        }
        // Free.
        if number == 0 {
            continue;
        }
        let at = Little.long(slot, 8).unwrap_or_default();
        let what = format!("package {number}");
        if !blobs.insert(at) {
            to.flaw(Flaw::malformed(format!("{what}: its blob is another's")));
            continue;
        }
        match blob(bytes, at.saturating_mul(BLOCK), number) {
            Ok(blob) if blob.len() <= left => {
                left = left.saturating_sub(blob.len());
                to.record(&what, blob);
            }
            Ok(_) => to.flaw(Flaw::malformed(format!("{what}: its blob lies over others"))),
            Err(why) => to.flaw(Flaw::malformed(format!("{what}: {why}"))),
        }
    }
    Ok(())
}

/// The blob at a place, where its head and tail say that it is this package's.
fn blob(bytes: &[u8], at: usize, number: u32) -> Result<&[u8], &'static str> {
    let all = bytes.get(at..).ok_or("its blob is not in the file")?;
    if !all.starts_with(b"BlbS") || Little.u32(all, 4) != Some(number) {
        return Err("its blob begins as no blob of it does");
    }
    let length = Little.long(all, 12).ok_or("its blob is cut")?;
    let end = HEAD.saturating_add(length);
    let blob = all.get(HEAD..end).ok_or("its blob is cut")?;
    // The tail is aligned to the end of a block.
    let tail = end.saturating_add(TAIL).checked_next_multiple_of(BLOCK).and_then(|end| end.checked_sub(TAIL)).ok_or("its blob is cut")?;
    let tail = all.get(tail..).ok_or("its blob is cut")?;
    if Little.long(tail, 4) != Some(length) || tail.get(8..12) != Some(b"BlbE") {
        return Err("its blob ends as no blob of it does");
    }
    Ok(blob)
}

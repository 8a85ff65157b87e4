//! Local headers and data descriptors: do they say what the central directory says, and do the entries fill the file without
//! gaps and overlaps? APPNOTE 4.3.7, 4.3.9.

use super::super::anomaly::{Anomalies, AnomalyKind};
use super::super::error::UnpackError;
use super::super::limits::Deadline;
use super::end::End;
use super::extra::{self, Sizes};
use super::source::{Fields, Source, Window};
use super::{DESCRIPTOR, ENCRYPTED, MASKED, STRONG_ENCRYPTION, UTF8, ZipEntry};
use crate::model::digest::Digest;
use crate::model::printable::lossless;

const SIGNATURE: &[u8; 4] = b"PK\x03\x04";
const DESCRIPTOR_SIGNATURE: u32 = u32::from_le_bytes(*b"PK\x07\x08");
const FIXED: usize = 30;
/// A header with its name and extra field seldom takes more; bodies lie between the headers, so reading far ahead is wasted.
const AHEAD: usize = 512;
/// Where headers are no farther apart than this, on average, reading the bodies between them costs less than asking anew for each header.
const NEAR: u64 = 8 << 10;
/// Bytes that are read ahead then.
const AHEAD_OF_NEAR: usize = 64 << 10;

/// What came of the check.
pub(super) struct Checked {
    /// False where the time ran out.
    pub(super) complete: bool,
    /// The SHA-256 of the archive, where it was asked for and cost no reading of its own.
    pub(super) digest: Option<Digest>,
}

/// Checks every entry and finds its data. `all`: no entry is missing from the list, so that bytes that belong to none of them are worth a word.
/// `hash`: the archive's digest is wanted.
pub(super) fn check(
    source: &Source,
    end: &End,
    entries: &mut [ZipEntry],
    all: bool,
    hash: bool,
    deadline: Deadline,
    anomalies: &mut Anomalies,
) -> Result<Checked, UnpackError> {
    let is_near = end.start < NEAR.saturating_mul(entries.len() as u64);
    let mut window = match (is_near, hash) {
        (true, true) => Window::hashing(source, AHEAD),
        (true, false) => Window::new(source, AHEAD_OF_NEAR),
        (false, _) => Window::new(source, AHEAD),
    };
    let mut ranges = Vec::with_capacity(entries.len());
    for entry in entries.iter_mut() {
        if deadline.is_over_at(entry.index) {
            anomalies.push(AnomalyKind::LimitExceeded, "", format!("time: stopped in the local headers at entry {}", entry.index));
            return Ok(Checked { complete: false, digest: None });
        }
        match check_one(&mut window, end, entry, anomalies)? {
            Some(range_end) => ranges.push(Range { start: entry.header_offset, end: range_end, index: entry.index }),
            None => entry.readable = false,
        }
    }
    check_order(entries, anomalies);
    check_ranges(ranges, end, entries, all, anomalies);
    Ok(Checked { complete: true, digest: window.finish()? })
}

/// The offset after the entry's last byte, where the entry has a place at all.
fn check_one(window: &mut Window<'_>, end: &End, entry: &mut ZipEntry, anomalies: &mut Anomalies) -> Result<Option<u64>, UnpackError> {
    let at = entry.header_offset;
    let local = match window.bytes(at, FIXED)?.and_then(fixed_part) {
        Some(local) if at < end.start => local,
        Some(_) | None => {
            anomalies.push(AnomalyKind::Malformed, entry.path_lossless(), format!("no local header at offset {at}"));
            return Ok(None);
        }
    };
    let variable = local.name_length.saturating_add(local.extra_length);
    let data_offset = at.saturating_add(FIXED as u64).saturating_add(variable as u64);
    let data_end = data_offset.saturating_add(entry.compressed_size);
    let Some(bytes) = window.bytes(at.saturating_add(FIXED as u64), variable)? else {
        anomalies.push(AnomalyKind::Malformed, entry.path_lossless(), format!("the local header at offset {at} is cut"));
        return Ok(None);
    };
    let Some((name, extra)) = bytes.split_at_checked(local.name_length) else { return Ok(None) };
    compare(&local, name, extra, entry, anomalies);
    if data_end > end.start {
        let detail = format!("{} compressed bytes at offset {data_offset} run into the central directory", entry.compressed_size);
        anomalies.push(AnomalyKind::Overlap, entry.path_lossless(), detail);
        return Ok(None);
    }
    entry.data_offset = data_offset;
    if local.flags & DESCRIPTOR == 0 {
        return Ok(Some(data_end));
    }
    let room = end.start.saturating_sub(data_end).min(24);
    let after = window.bytes(data_end, usize::try_from(room).unwrap_or(0))?.unwrap_or_default();
    match descriptor_length(after, entry) {
        Some(length) => Ok(Some(data_end.saturating_add(length))),
        None => {
            let detail = format!("no data descriptor at offset {data_end} states the CRC and sizes of the central directory");
            anomalies.push(AnomalyKind::HeaderMismatch, entry.path_lossless(), detail);
            Ok(Some(data_end))
        }
    }
}

struct Local {
    flags: u16,
    method: u16,
    crc32: u32,
    compressed_size: u32,
    size: u32,
    name_length: usize,
    extra_length: usize,
}

fn fixed_part(bytes: &[u8]) -> Option<Local> {
    let mut f = Fields(bytes.strip_prefix(SIGNATURE)?);
    f.bytes(2)?;
    let (flags, method) = (f.u16()?, f.u16()?);
    f.bytes(4)?;
    Some(Local {
        flags,
        method,
        crc32: f.u32()?,
        compressed_size: f.u32()?,
        size: f.u32()?,
        name_length: f.u16()?.into(),
        extra_length: f.u16()?.into(),
    })
}

fn compare(local: &Local, name: &[u8], extra: &[u8], entry: &ZipEntry, anomalies: &mut Anomalies) {
    // Nearly never is there anything to say.
    let path = || lossless(&entry.raw_name);
    let mut differ = |what: &str, central: String, local: String| {
        anomalies.push(AnomalyKind::HeaderMismatch, path(), format!("{what}: central directory {central}, local header {local}"));
    };
    if name != entry.raw_name {
        differ("name", format!("`{}`", path()), format!("`{}`", lossless(name)));
    }
    if local.method != entry.method {
        differ("method", entry.method.to_string(), local.method.to_string());
    }
    // The other flags are hints on how it was compressed. UTF-8 does not matter to an ASCII name.
    let mut telling = ENCRYPTED | DESCRIPTOR | STRONG_ENCRYPTION | MASKED;
    if !entry.raw_name.is_ascii() {
        telling |= UTF8;
    }
    if (local.flags ^ entry.flags) & telling != 0 {
        differ("flags", format!("{:#06x}", entry.flags), format!("{:#06x}", local.flags));
    }
    // With a data descriptor the writer may not have known the values yet: zero, or all ones for zip64, stands for "later".
    let streamed = local.flags & DESCRIPTOR != 0;
    let fields = extra::parse(extra);
    if let Some(other) = fields.other_name(name) {
        differ("name", format!("`{}`", path()), format!("`{}` in its Unicode path field", lossless(other)));
    }
    let plain = Sizes { size: local.size.into(), compressed_size: local.compressed_size.into(), offset: None };
    let (sizes, lie) = extra::widen(plain, fields.zip64);
    let later = |value: u64| streamed && (value == 0 || value == u64::from(u32::MAX));
    if !later(sizes.size) && sizes.size != entry.size {
        differ("size", entry.size.to_string(), sizes.size.to_string());
    }
    if !later(sizes.compressed_size) && sizes.compressed_size != entry.compressed_size {
        differ("compressed size", entry.compressed_size.to_string(), sizes.compressed_size.to_string());
    }
    if local.crc32 != entry.crc32 && !(streamed && local.crc32 == 0) {
        differ("CRC-32", format!("{:08x}", entry.crc32), format!("{:08x}", local.crc32));
    }
    if let Some(lie) = lie.filter(|_| !(streamed && fields.zip64.is_none())) {
        anomalies.push(AnomalyKind::Zip64Lie, path(), format!("local header: {lie}"));
    }
    if let Some(flaw) = fields.flaw {
        anomalies.push(AnomalyKind::Malformed, path(), format!("local header: {flaw}"));
    }
}

/// The length of the data descriptor that states the entry's values: with or without signature, with sizes of 4 or 8 bytes. Of two
/// that fit, the longest: an empty file's zeros can be read either way, and what follows a descriptor is never zero.
fn descriptor_length(bytes: &[u8], entry: &ZipEntry) -> Option<u64> {
    [(true, true, 24), (false, true, 20), (true, false, 16), (false, false, 12)]
        .into_iter()
        .find(|&(signature, wide, _)| states(bytes, signature, wide, entry).unwrap_or(false))
        .map(|(_, _, length)| length)
}

fn states(bytes: &[u8], signature: bool, wide: bool, entry: &ZipEntry) -> Option<bool> {
    let mut f = Fields(bytes);
    if signature && f.u32()? != DESCRIPTOR_SIGNATURE {
        return Some(false);
    }
    let crc32 = f.u32()?;
    let (compressed_size, size) = if wide { (f.u64()?, f.u64()?) } else { (f.u32()?.into(), f.u32()?.into()) };
    Some(crc32 == entry.crc32 && compressed_size == entry.compressed_size && size == entry.size)
}

fn check_order(entries: &[ZipEntry], anomalies: &mut Anomalies) {
    for pair in entries.windows(2) {
        if let [a, b] = pair
            && b.header_offset < a.header_offset
        {
            let detail = format!(
                "follows `{}` in the central directory, and stands before it in the file (offset {} before {})",
                a.path_lossless(),
                b.header_offset,
                a.header_offset
            );
            anomalies.push(AnomalyKind::OrderMismatch, b.path_lossless(), detail);
        }
    }
}

#[derive(Clone, Copy)]
struct Range {
    start: u64,
    end: u64,
    index: usize,
}

fn check_ranges(mut ranges: Vec<Range>, end: &End, entries: &mut [ZipEntry], all: bool, anomalies: &mut Anomalies) {
    // An entry without a place leaves a gap that is no news.
    let all = all && ranges.len() == entries.len();
    ranges.sort_by_key(|r| (r.start, r.end, r.index));
    let mut covered: Option<Range> = None;
    for range in &ranges {
        let before = covered.map_or(0, |c| c.end);
        if let Some(widest) = covered.filter(|c| range.start < c.end) {
            let other = entries.get(widest.index).map(ZipEntry::path_lossless).unwrap_or_default();
            for index in [range.index, widest.index] {
                if let Some(entry) = entries.get_mut(index) {
                    entry.readable = false;
                }
            }
            let name = entries.get(range.index).map(ZipEntry::path_lossless).unwrap_or_default();
            let detail =
                format!("bytes {}..{} are shared with `{other}`, which takes {}..{}", range.start, range.end, widest.start, widest.end);
            anomalies.push(AnomalyKind::Overlap, name, detail);
        } else if all && range.start > before {
            report_gap(before, range.start, covered.is_none(), end.base, anomalies);
        }
        if range.end > before {
            covered = Some(*range);
        }
    }
    let before = covered.map_or(end.base, |c| c.end);
    if all && end.start > before {
        report_gap(before, end.start, false, end.base, anomalies);
    }
}

fn report_gap(from: u64, to: u64, leading: bool, base: u64, anomalies: &mut Anomalies) {
    let bytes = to.saturating_sub(from);
    if !leading {
        anomalies.push(AnomalyKind::TrailingBytes, "", format!("{bytes} bytes at offset {from} belong to no entry"));
    } else if to != base {
        // Bytes up to the base were reported when the directory was placed.
        anomalies.push(AnomalyKind::PrefixBytes, "", format!("{bytes} bytes before the first entry"));
    }
}

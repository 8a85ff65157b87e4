//! The central directory, record by record. APPNOTE 4.3.12.

use super::super::anomaly::{Anomalies, AnomalyKind};
use super::super::error::UnpackError;
use super::super::limits::{Deadline, Limits};
use super::end::End;
use super::extra::{self, Sizes};
use super::source::{Fields, Source, Window};
use super::{ENCRYPTED, MASKED, PATCHED, STRONG_ENCRYPTION, ZipEntry};
use crate::model::printable::lossless;

const SIGNATURE: &[u8; 4] = b"PK\x01\x02";
const FIXED: usize = 46;
/// The version of the format that the features read here need at most is 4.5, zip64 (APPNOTE 4.4.3.2), and Info-ZIP's unzip leaves
/// out whatever needs more than 4.6.
const VERSION: u8 = 46;
const AHEAD: usize = 64 << 10;

/// Reads every record; `false` where a limit or damage stopped it.
pub(super) fn read(
    source: &Source,
    end: &End,
    limits: &Limits,
    deadline: Deadline,
    entries: &mut Vec<ZipEntry>,
    anomalies: &mut Anomalies,
) -> Result<bool, UnpackError> {
    let length = end.end.saturating_sub(end.start);
    if length > limits.directory_bytes {
        let detail = format!("directory_bytes: a central directory of {length} bytes, at most {} are read", limits.directory_bytes);
        anomalies.push(AnomalyKind::LimitExceeded, "", detail);
        return Ok(false);
    }
    let mut window = Window::new(source, AHEAD);
    let mut at = end.start;
    while at < end.end {
        let is_late = deadline.is_over_at(entries.len());
        if entries.len() as u64 >= limits.entries || is_late {
            let detail = if is_late {
                format!("time: stopped in the central directory after {} entries", entries.len())
            } else {
                format!("entries: the end record says {}, at most {} are read", end.entries, limits.entries)
            };
            anomalies.push(AnomalyKind::LimitExceeded, "", detail);
            return Ok(false);
        }
        let Some((record, name, extra)) = record(&mut window, at, end.end)? else {
            let detail =
                format!("no central directory record at offset {at}, {} bytes before the directory's end", end.end.saturating_sub(at));
            anomalies.push(AnomalyKind::Malformed, "", detail);
            return Ok(false);
        };
        at = at.saturating_add(record.length);
        entries.push(entry(&record, name, extra, entries.len(), end, anomalies));
    }
    if entries.len() as u64 != end.entries {
        let detail = format!("the end record says {} entries, the central directory holds {}", end.entries, entries.len());
        anomalies.push(AnomalyKind::Malformed, "", detail);
    }
    Ok(true)
}

struct Record {
    length: u64,
    host: u8,
    needed: u8,
    flags: u16,
    method: u16,
    crc32: u32,
    compressed_size: u32,
    size: u32,
    disk: u16,
    external: u32,
    offset: u32,
}

/// A record, its name and its extra field.
type Parts<'w> = (Record, &'w [u8], &'w [u8]);

fn record<'w>(window: &'w mut Window<'_>, at: u64, end: u64) -> Result<Option<Parts<'w>>, UnpackError> {
    let Some(fixed) = window.bytes(at, FIXED)? else { return Ok(None) };
    let Some((mut record, name, extra, comment)) = fixed_part(fixed) else { return Ok(None) };
    let variable = name.saturating_add(extra);
    record.length = (FIXED as u64).saturating_add(variable as u64).saturating_add(comment as u64);
    if at.saturating_add(record.length) > end {
        return Ok(None);
    }
    let Some(bytes) = window.bytes(at.saturating_add(FIXED as u64), variable)? else { return Ok(None) };
    let Some((name, extra)) = bytes.split_at_checked(name) else { return Ok(None) };
    Ok(Some((record, name, extra)))
}

fn fixed_part(bytes: &[u8]) -> Option<(Record, usize, usize, usize)> {
    let mut f = Fields(bytes.strip_prefix(SIGNATURE)?);
    let (made_by, needed) = (f.u16()?, f.u16()?);
    let (flags, method) = (f.u16()?, f.u16()?);
    f.bytes(4)?;
    let (crc32, compressed_size, size) = (f.u32()?, f.u32()?, f.u32()?);
    let (name, extra, comment) = (f.u16()?, f.u16()?, f.u16()?);
    let disk = f.u16()?;
    f.bytes(2)?;
    let (external, offset) = (f.u32()?, f.u32()?);
    let record = Record {
        length: 0,
        host: u8::try_from(made_by >> 8).unwrap_or_default(),
        needed: u8::try_from(needed & 0xff).unwrap_or_default(),
        flags,
        method,
        crc32,
        compressed_size,
        size,
        disk,
        external,
        offset,
    };
    Some((record, name.into(), extra.into(), comment.into()))
}

fn entry(record: &Record, name: &[u8], extra: &[u8], index: usize, end: &End, anomalies: &mut Anomalies) -> ZipEntry {
    let path = lossless(name);
    let path = path.as_ref();
    let extra = extra::parse(extra);
    if let Some(flaw) = extra.flaw {
        anomalies.push(AnomalyKind::Malformed, path, format!("central directory: {flaw}"));
    }
    let plain = Sizes { size: record.size.into(), compressed_size: record.compressed_size.into(), offset: Some(record.offset.into()) };
    let (sizes, lie) = extra::widen(plain, extra.zip64);
    if let Some(lie) = lie {
        anomalies.push(AnomalyKind::Zip64Lie, path, format!("central directory: {lie}"));
    }
    if let Some(other) = extra.other_name(name) {
        let detail = format!("the Unicode path field names it `{}`, and some readers take that name", lossless(other));
        anomalies.push(AnomalyKind::HeaderMismatch, path, detail);
    }
    if record.disk != 0 && record.disk != u16::MAX {
        anomalies.push(AnomalyKind::Malformed, path, format!("starts on disk {} of a split archive", record.disk));
    }
    let encrypted = record.flags & (ENCRYPTED | STRONG_ENCRYPTION | MASKED) != 0;
    if encrypted {
        anomalies.push(AnomalyKind::Encrypted, path, format!("flags {:#06x}", record.flags));
    }
    let supported = matches!(record.method, 0 | 8) && record.flags & PATCHED == 0;
    if !supported {
        let detail = match record.flags & PATCHED {
            0 => format!("compression method {}", record.method),
            _ => "compressed patch data".to_owned(),
        };
        anomalies.push(AnomalyKind::UnsupportedMethod, path, detail);
    }
    if supported && !encrypted && record.needed > VERSION {
        let (major, minor) = (record.needed / 10, record.needed % 10);
        let detail = format!("says that version {major}.{minor} of the format is needed: some readers leave it out");
        anomalies.push(AnomalyKind::UnsupportedMethod, path, detail);
    }
    let unix = matches!(record.host, 3 | 19);
    let attributes = record.external >> 16;
    let link_or_device = matches!(attributes & 0o170_000, 0o120_000 | 0o020_000 | 0o060_000 | 0o010_000 | 0o140_000);
    let setuid = attributes & 0o170_000 == 0o100_000 && attributes & 0o6000 != 0;
    if !unix && (link_or_device || setuid) {
        // Python and Info-ZIP look at these bits whatever the host is; Go and Java do not.
        let what = if setuid { "with setuid or setgid" } else { "of a link or device" };
        let detail = format!("made on host {}, yet with the Unix mode {attributes:o} {what}", record.host);
        anomalies.push(AnomalyKind::HeaderMismatch, path, detail);
    }
    ZipEntry {
        index,
        method: record.method,
        flags: record.flags,
        crc32: record.crc32,
        compressed_size: sizes.compressed_size,
        size: sizes.size,
        header_offset: sizes.offset.unwrap_or_default().saturating_add(end.base),
        unix_mode: (unix && attributes != 0).then_some(attributes),
        data_offset: 0,
        readable: supported && !encrypted,
        raw_name: name.to_vec(),
    }
}

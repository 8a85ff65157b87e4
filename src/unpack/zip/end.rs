//! The end-of-central-directory record and its zip64 forms: where a zip begins to be read. APPNOTE 4.3.14 to 4.3.16.
//!
//! Readers differ in which of several candidates they take, so everything that could make them differ is an anomaly.

use super::super::anomaly::{Anomalies, AnomalyKind};
use super::super::error::{NotAZip, TAR, UnpackError};
use super::source::{Fields, Source};

const END: &[u8; 4] = b"PK\x05\x06";
const END_LEN: u64 = 22;
const ZIP64_END: &[u8; 4] = b"PK\x06\x06";
const ZIP64_END_LEN: u64 = 56;
const ZIP64_LOCATOR: &[u8; 4] = b"PK\x06\x07";
const ZIP64_LOCATOR_LEN: u64 = 20;
const CENTRAL: &[u8; 4] = b"PK\x01\x02";

/// Where the central directory is.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    /// Entries that the end record states.
    pub(super) entries: u64,
    /// Absolute offset of the first central record.
    pub(super) start: u64,
    /// Absolute offset after the last central record.
    pub(super) end: u64,
    /// Bytes before the archive proper: to be added to every offset that the archive states.
    pub(super) base: u64,
    /// False where the directory can't be found.
    pub(super) usable: bool,
}

/// The values of an end record, plain or zip64.
#[derive(Debug, Clone, Copy)]
struct Stated {
    disk: u32,
    directory_disk: u32,
    entries_here: u64,
    entries: u64,
    size: u64,
    offset: u64,
}

/// Finds the end record and the central directory.
pub(super) fn find(source: &Source, anomalies: &mut Anomalies) -> Result<End, UnpackError> {
    let refuse = |reason| UnpackError::NotAZip { path: source.path().into(), reason };
    if source.len() == 0 {
        return Err(refuse(NotAZip::Empty));
    }
    let tail_start = source.len().saturating_sub(END_LEN + u64::from(u16::MAX));
    let mut tail = vec![0; usize::try_from(source.len().saturating_sub(tail_start)).unwrap_or(0)];
    let filled = source.read_at(tail_start, &mut tail)?;
    tail.truncate(filled);

    let candidates = candidates(&tail);
    let exact = candidates.iter().rev().find(|c| c.reach == tail.len());
    let within = candidates.iter().rev().find(|c| c.reach <= tail.len());
    let Some(chosen) = exact.or(within).or(candidates.last()) else {
        return Err(refuse(what_else(source)?));
    };
    let end_at = tail_start.saturating_add(chosen.at as u64);
    match tail.len().checked_sub(chosen.reach) {
        Some(0) => {}
        Some(after) => anomalies.push(AnomalyKind::TrailingBytes, "", format!("{after} bytes after the end record")),
        None => anomalies.push(
            AnomalyKind::Malformed,
            "",
            format!("the archive comment is cut: {} of its bytes are missing", chosen.reach.saturating_sub(tail.len())),
        ),
    }
    let (stated, records_start) = zip64(source, end_at, chosen.stated, anomalies)?;
    if stated.disk != 0 || stated.directory_disk != 0 || stated.entries_here != stated.entries {
        anomalies.push(
            AnomalyKind::Malformed,
            "",
            format!(
                "part of a split archive: disk {} of a directory on disk {}, {} of {} entries",
                stated.disk, stated.directory_disk, stated.entries_here, stated.entries
            ),
        );
    }
    let end = place(source, stated, records_start, anomalies)?;
    // A candidate inside an entry's data is a stored archive, which no reader takes; one that reaches to the very end of the file, or
    // stands in the directory or after it, is a trap.
    let is_trap = |c: &&Candidate| c.at != chosen.at && (c.reach == tail.len() || tail_start.saturating_add(c.at as u64) >= end.start);
    if let Some(other) = candidates.iter().find(is_trap) {
        anomalies.push(
            AnomalyKind::TrailingBytes,
            "",
            format!(
                "a second end-record signature at offset {}, beside the one at {end_at}: readers may take either",
                tail_start.saturating_add(other.at as u64)
            ),
        );
    }
    Ok(end)
}

struct Candidate {
    /// Offset in the tail.
    at: usize,
    /// Offset in the tail after the record and its comment.
    reach: usize,
    stated: Stated,
}

fn candidates(tail: &[u8]) -> Vec<Candidate> {
    let mut found = Vec::new();
    for at in memchr::memmem::find_iter(tail, END) {
        let record = tail.get(at..).and_then(|rest| rest.get(..END_LEN as usize));
        if let Some((stated, comment)) = record.and_then(parse) {
            found.push(Candidate { at, reach: at.saturating_add(END_LEN as usize).saturating_add(comment), stated });
        }
    }
    found
}

fn parse(record: &[u8]) -> Option<(Stated, usize)> {
    let mut f = Fields(record.get(4..)?);
    let stated = Stated {
        disk: f.u16()?.into(),
        directory_disk: f.u16()?.into(),
        entries_here: f.u16()?.into(),
        entries: f.u16()?.into(),
        size: f.u32()?.into(),
        offset: f.u32()?.into(),
    };
    Some((stated, usize::from(f.u16()?)))
}

/// The values with zip64 taken into account, and where the records after the central directory begin.
fn zip64(source: &Source, end_at: u64, plain: Stated, anomalies: &mut Anomalies) -> Result<(Stated, u64), UnpackError> {
    let mut locator = [0; ZIP64_LOCATOR_LEN as usize];
    let locator_at = end_at.checked_sub(ZIP64_LOCATOR_LEN);
    let present = match locator_at {
        Some(at) => source.read_at(at, &mut locator)? == locator.len() && locator.starts_with(ZIP64_LOCATOR),
        None => false,
    };
    let (Some(locator_at), true) = (locator_at, present) else {
        if plain.size == u64::from(u32::MAX) || plain.offset == u64::from(u32::MAX) {
            anomalies.push(AnomalyKind::Zip64Lie, "", "the end record refers to a zip64 record, and there is no locator of one");
        }
        return Ok((plain, end_at));
    };
    let mut f = Fields(&locator);
    let offset = f.bytes(8).and_then(|_| f.u64()).unwrap_or(u64::MAX);
    // With bytes before the archive the stated offset is off, and the record stands directly before its locator.
    let before = locator_at.checked_sub(ZIP64_END_LEN);
    for at in [Some(offset), before].into_iter().flatten().filter(|at| *at < locator_at) {
        let mut record = [0; ZIP64_END_LEN as usize];
        if source.read_at(at, &mut record)? != record.len() || !record.starts_with(ZIP64_END) {
            continue;
        }
        let Some((length, wide)) = parse_zip64(&record) else { continue };
        let reach = at.saturating_add(12).saturating_add(length);
        if reach != locator_at {
            anomalies.push(
                AnomalyKind::TrailingBytes,
                "",
                format!("the zip64 end record ends at offset {reach}, and its locator is at {locator_at}"),
            );
        }
        return Ok((reconcile(plain, wide, anomalies), at));
    }
    anomalies.push(AnomalyKind::Zip64Lie, "", format!("the zip64 locator points to offset {offset}, where no zip64 end record is"));
    Ok((plain, locator_at))
}

fn parse_zip64(record: &[u8]) -> Option<(u64, Stated)> {
    let mut f = Fields(record.get(4..)?);
    let length = f.u64()?;
    f.bytes(4)?;
    let stated =
        Stated { disk: f.u32()?, directory_disk: f.u32()?, entries_here: f.u64()?, entries: f.u64()?, size: f.u64()?, offset: f.u64()? };
    Some((length, stated))
}

/// A plain field is all ones, which refers to zip64, or states the same.
fn reconcile(plain: Stated, wide: Stated, anomalies: &mut Anomalies) -> Stated {
    let max16 = u64::from(u16::MAX);
    let max32 = u64::from(u32::MAX);
    for (name, narrow, sentinel, value) in [
        ("entries", plain.entries, max16, wide.entries),
        ("entries on this disk", plain.entries_here, max16, wide.entries_here),
        ("directory size", plain.size, max32, wide.size),
        ("directory offset", plain.offset, max32, wide.offset),
        ("disk", plain.disk.into(), max16, wide.disk.into()),
        ("directory disk", plain.directory_disk.into(), max16, wide.directory_disk.into()),
    ] {
        if narrow != sentinel && narrow != value {
            anomalies.push(AnomalyKind::Zip64Lie, "", format!("{name}: the end record says {narrow}, the zip64 record {value}"));
        }
    }
    wide
}

/// Reconciles the stated place of the directory with the one before the end record.
fn place(source: &Source, stated: Stated, records_start: u64, anomalies: &mut Anomalies) -> Result<End, UnpackError> {
    let Stated { entries, size, offset, .. } = stated;
    let unusable = End { entries, start: records_start, end: records_start, base: 0, usable: false };
    let Some(actual) = records_start.checked_sub(size) else {
        anomalies.push(
            AnomalyKind::Malformed,
            "",
            format!("a central directory of {size} bytes does not fit before offset {records_start}"),
        );
        return Ok(unusable);
    };
    if actual == offset {
        return Ok(End { entries, start: actual, end: records_start, base: 0, usable: true });
    }
    if size == 0 && actual > offset {
        anomalies.push(AnomalyKind::PrefixBytes, "", format!("{} bytes before an archive without entries", actual.saturating_sub(offset)));
        return Ok(End { entries, start: actual, end: records_start, base: actual.saturating_sub(offset), usable: true });
    }
    let at_actual = signature_at(source, actual)?;
    let at_offset = signature_at(source, offset)?;
    match (at_actual, actual.checked_sub(offset)) {
        (true, Some(base)) => {
            if at_offset {
                anomalies.push(
                    AnomalyKind::Malformed,
                    "",
                    format!("two central directories: one at the stated offset {offset}, one at {actual} before the end record"),
                );
            }
            anomalies.push(
                AnomalyKind::PrefixBytes,
                "",
                format!("the central directory is at offset {actual}, the end record says {offset}: {base} bytes before the archive"),
            );
            Ok(End { entries, start: actual, end: records_start, base, usable: true })
        }
        _ if at_offset && offset < records_start => {
            let end = offset.saturating_add(size).min(records_start);
            let detail = format!(
                "the central directory at offset {offset} is said to have {size} bytes, and the records after it begin at {records_start}"
            );
            anomalies.push(AnomalyKind::Malformed, "", detail);
            Ok(End { entries, start: offset, end, base: 0, usable: true })
        }
        _ => {
            let detail = format!("no central directory at the stated offset {offset}; by its size it would be at {actual}");
            anomalies.push(AnomalyKind::Malformed, "", detail);
            Ok(unusable)
        }
    }
}

fn signature_at(source: &Source, offset: u64) -> Result<bool, UnpackError> {
    let mut bytes = [0; 4];
    Ok(source.read_at(offset, &mut bytes)? == 4 && &bytes == CENTRAL)
}

/// What bytes without an end record are.
fn what_else(source: &Source) -> Result<NotAZip, UnpackError> {
    let mut head = vec![0; 4096];
    let filled = source.read_at(0, &mut head)?;
    head.truncate(filled);
    Ok(describe(&head))
}

/// What the first bytes of a file that is no zip say.
fn describe(head: &[u8]) -> NotAZip {
    const MAGIC: &[(&[u8], &str)] = &[
        (b"\x1f\x8b", "gzip data"),
        (b"\x28\xb5\x2f\xfd", "zstd data"),
        (b"BZh", "bzip2 data"),
        (b"\xfd7zXZ\0", "xz data"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"Rar!\x1a\x07", "a RAR archive"),
        (b"\x7fELF", "an ELF program or library"),
        (b"MZ", "a Windows program"),
        (b"%PDF-", "a PDF document"),
    ];
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x01\x02") {
        return NotAZip::Truncated;
    }
    if let Some((_, name)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return NotAZip::Other(name);
    }
    if head.get(257..262) == Some(b"ustar") {
        return NotAZip::Other(TAR);
    }
    let valid = match std::str::from_utf8(head) {
        Ok(text) => Some(text),
        // The head may end in the middle of a character.
        Err(e) if e.error_len().is_none() => head.get(..e.valid_up_to()).and_then(|b| std::str::from_utf8(b).ok()),
        Err(_) => None,
    };
    match valid {
        Some(text) if !text.is_empty() && !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{c}')) => {
            NotAZip::Text
        }
        Some(_) | None => NotAZip::Unknown,
    }
}

//! The bodies: stored and raw Deflate, checked against the CRC and sizes of the central directory.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::super::anomaly::{Anomalies, AnomalyKind};
use super::super::error::UnpackError;
use super::super::limits::{Deadline, Limits};
use super::{EntryVisitor, StreamReport, ZipEntry, ZipIndex};

const UNREADABLE: &str = "encrypted, of an unknown method, overlapping another entry, or misplaced";
const INPUT: usize = 64 << 10;
const OUTPUT: usize = 128 << 10;
/// Stored bytes that are read at first where only the beginning of a file may be of use.
const FIRST_INPUT: usize = 1 << 10;

/// See [`ZipIndex::stream`].
pub(super) fn stream(
    index: &ZipIndex,
    limits: &Limits,
    select: &dyn Fn(&ZipEntry) -> bool,
    visitors: &mut [&mut dyn EntryVisitor],
) -> Result<StreamReport, UnpackError> {
    let deadline = Deadline::start(limits);
    let mut anomalies = Anomalies::default();
    let mut complete = index.complete;
    let mut bytes = 0_u64;
    let mut buffers = Buffers::new();
    for entry in index.entries.iter().filter(|entry| select(entry)) {
        if let Some(detail) = over_limit(entry, bytes, limits) {
            anomalies.push(AnomalyKind::LimitExceeded, entry.path_lossless(), detail);
            complete = false;
            break;
        }
        for visitor in visitors.iter_mut() {
            visitor.begin(entry);
        }
        let is_enough = |visitors: &[&mut dyn EntryVisitor]| !visitors.is_empty() && visitors.iter().all(|visitor| visitor.is_enough());
        let flaw = if is_enough(visitors) {
            None
        } else if entry.readable {
            let first = visitors.iter().map(|visitor| visitor.first_bytes()).max().unwrap_or(usize::MAX);
            body(index, entry, Some(deadline), first, &mut buffers, &mut |piece| {
                bytes = bytes.saturating_add(piece.len() as u64);
                for visitor in visitors.iter_mut() {
                    visitor.data(piece);
                }
                !is_enough(visitors)
            })?
        } else {
            complete = false;
            None
        };
        let unreadable = (!entry.readable).then_some(UNREADABLE);
        let detail = flaw.as_ref().map(|(_, detail)| detail.as_str()).or(unreadable);
        for visitor in visitors.iter_mut() {
            if let Some(detail) = detail {
                visitor.damaged(entry, detail);
            }
            visitor.end(entry);
        }
        if let Some((kind, detail)) = flaw {
            anomalies.push(kind, entry.path_lossless(), detail);
            complete = false;
            if kind == AnomalyKind::LimitExceeded {
                break;
            }
        }
    }
    Ok(StreamReport { anomalies: anomalies.into_vec(), complete, bytes })
}

/// See [`ZipIndex::read`].
pub(super) fn read(index: &ZipIndex, entry: &ZipEntry, max: u64) -> Result<Vec<u8>, UnpackError> {
    let refuse = |kind, detail| UnpackError::Entry { path: index.source.path().into(), entry: entry.path_lossless(), kind, detail };
    if !entry.readable {
        return Err(refuse(AnomalyKind::Malformed, UNREADABLE.into()));
    }
    if entry.size > max {
        return Err(refuse(AnomalyKind::LimitExceeded, format!("{} bytes, at most {max} are read", entry.size)));
    }
    let mut out = Vec::new();
    match body(index, entry, None, usize::MAX, &mut Buffers::new(), &mut |piece| {
        out.extend_from_slice(piece);
        true
    })? {
        None => Ok(out),
        Some((kind, detail)) => Err(refuse(kind, detail)),
    }
}

/// The limits, judged on the stated sizes before a byte is inflated: inflation never goes beyond them.
fn over_limit(entry: &ZipEntry, before: u64, limits: &Limits) -> Option<String> {
    let Limits { file_bytes, zip_bytes, ratio, ratio_above, .. } = *limits;
    let size = entry.size;
    if size > file_bytes {
        return Some(format!("file_bytes: {size} bytes, at most {file_bytes} are read"));
    }
    let total = before.saturating_add(size);
    if total > zip_bytes {
        return Some(format!("zip_bytes: {total} bytes with this entry, at most {zip_bytes} are read"));
    }
    if size > ratio_above && size > entry.compressed_size.saturating_mul(ratio) {
        return Some(format!("ratio: {size} bytes from {}, at most {ratio} to 1 are read", entry.compressed_size));
    }
    None
}

struct Buffers {
    input: Vec<u8>,
    output: Vec<u8>,
    inflater: Decompress,
}

impl Buffers {
    fn new() -> Self {
        Self { input: vec![0; INPUT], output: vec![0; OUTPUT], inflater: Decompress::new(false) }
    }
}

type Flaw = (AnomalyKind, String);

/// Hands out the inflated bytes, never more than the stated size, and says what is wrong with them. Where the sink wants no more, the rest
/// is not looked at. `first`: bytes that the sink needs for that; the first piece has no more.
fn body(
    index: &ZipIndex,
    entry: &ZipEntry,
    deadline: Option<Deadline>,
    first: usize,
    buffers: &mut Buffers,
    sink: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<Option<Flaw>, UnpackError> {
    let mut crc = Crc::new();
    let mut enough = false;
    let flaw = {
        let mut pour = |piece: &[u8]| {
            crc.update(piece);
            enough = !sink(piece);
            !enough
        };
        match entry.method {
            0 => stored(index, entry, deadline, first, buffers, &mut pour)?,
            _ => deflated(index, entry, deadline, first, buffers, &mut pour)?,
        }
    };
    if enough {
        return Ok(None);
    }
    Ok(flaw.or_else(|| {
        (crc.sum() != entry.crc32).then(|| {
            (AnomalyKind::BadChecksum, format!("CRC-32: the central directory says {:08x}, the bytes have {:08x}", entry.crc32, crc.sum()))
        })
    }))
}

fn stored(
    index: &ZipIndex,
    entry: &ZipEntry,
    deadline: Option<Deadline>,
    first: usize,
    buffers: &mut Buffers,
    pour: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<Option<Flaw>, UnpackError> {
    if entry.size != entry.compressed_size {
        let detail = format!("stored without compression, yet {} bytes are said to become {}", entry.compressed_size, entry.size);
        return Ok(Some((AnomalyKind::BadChecksum, detail)));
    }
    let mut done = 0;
    while done < entry.size {
        if deadline.is_some_and(Deadline::is_over) {
            return Ok(Some(out_of_time(done)));
        }
        let most = if done == 0 { first.clamp(1, INPUT) } else { INPUT };
        let piece = next_input(index, entry, done, most, &mut buffers.input)?;
        if piece.is_empty() {
            return Ok(Some((AnomalyKind::BadChecksum, format!("size: {} bytes are stated, {done} are there", entry.size))));
        }
        if !pour(piece) {
            return Ok(None);
        }
        done = done.saturating_add(piece.len() as u64);
    }
    Ok(None)
}

fn deflated(
    index: &ZipIndex,
    entry: &ZipEntry,
    deadline: Option<Deadline>,
    first: usize,
    buffers: &mut Buffers,
    pour: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<Option<Flaw>, UnpackError> {
    let Buffers { input, output, inflater } = buffers;
    inflater.reset(false);
    let bad = |detail: String| Ok(Some((AnomalyKind::BadChecksum, detail)));
    let mut produced = 0_u64;
    // What a beginning needs of stored bytes is not known; the code table before it seldom has more than this.
    let mut most = if first < OUTPUT { FIRST_INPUT } else { INPUT };
    let mut room = first.clamp(1, OUTPUT);
    loop {
        if deadline.is_some_and(Deadline::is_over) {
            return Ok(Some(out_of_time(produced)));
        }
        let mut piece = next_input(index, entry, inflater.total_in(), most, input)?;
        most = INPUT;
        if piece.is_empty() && inflater.total_in() < entry.compressed_size {
            return bad(format!("the file ends after {} of {} stored bytes", inflater.total_in(), entry.compressed_size));
        }
        loop {
            let before = (inflater.total_in(), inflater.total_out());
            let Some(space) = output.get_mut(..room) else { return bad("no room to inflate to".into()) };
            room = OUTPUT;
            let Ok(status) = inflater.decompress(piece, space, FlushDecompress::None) else {
                return bad(format!("the Deflate data is damaged after {} of {} stored bytes", before.0, entry.compressed_size));
            };
            let taken = inflater.total_in().saturating_sub(before.0);
            let given = inflater.total_out().saturating_sub(before.1);
            produced = produced.saturating_add(given);
            if produced > entry.size {
                return bad(format!("size: {} bytes are stated, and the data inflates to more", entry.size));
            }
            if !pour(output.get(..usize::try_from(given).unwrap_or(0)).unwrap_or_default()) {
                return Ok(None);
            }
            piece = piece.get(usize::try_from(taken).unwrap_or(usize::MAX)..).unwrap_or_default();
            if status == Status::StreamEnd {
                return if inflater.total_in() != entry.compressed_size {
                    let detail = format!("the Deflate data ends after {} of {} stored bytes", inflater.total_in(), entry.compressed_size);
                    bad(detail)
                } else if produced != entry.size {
                    bad(format!("size: {} bytes are stated, and the data inflates to {produced}", entry.size))
                } else {
                    Ok(None)
                };
            }
            if taken == 0 && given == 0 {
                break;
            }
        }
        if inflater.total_in() >= entry.compressed_size {
            return bad(format!("the Deflate data does not end within its {} stored bytes", entry.compressed_size));
        }
        if !piece.is_empty() {
            return bad("the Deflate data can't be followed".into());
        }
    }
}

/// The stored bytes from `done` on, `most` of them and no more than the buffer holds.
fn next_input<'b>(index: &ZipIndex, entry: &ZipEntry, done: u64, most: usize, buffer: &'b mut [u8]) -> Result<&'b [u8], UnpackError> {
    let left = entry.compressed_size.saturating_sub(done);
    let want = usize::try_from(left).unwrap_or(usize::MAX).min(most).min(buffer.len());
    let Some(part) = buffer.get_mut(..want) else { return Ok(&[]) };
    let filled = index.source.read_at(entry.data_offset.saturating_add(done), part)?;
    Ok(part.get(..filled).unwrap_or_default())
}

fn out_of_time(done: u64) -> Flaw {
    (AnomalyKind::LimitExceeded, format!("time: stopped in this entry after {done} bytes"))
}

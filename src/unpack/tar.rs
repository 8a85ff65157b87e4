//! Tar archives as image layers use them: POSIX ustar with PAX records and GNU long names.
//!
//! The `tar` crate splits the stream into raw members; what extends a member (GNU `L` and `K`, PAX `x` and `g`) is read here, with
//! limits, because the crate reads those whole. Readers of tar differ most where two places state one thing, so a member whose size or
//! name is stated twice in different ways stops the walk.

use std::cell::Cell;
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};

use tar::{Archive, EntryType};

use super::anomaly::{Anomalies, AnomalyKind};
use super::limits::{Deadline, Limits};
use crate::model::printable::lossless;

const BUFFER: usize = 128 << 10;

/// POSIX.1-2017, pax, "ustar Interchange Format": headers and bodies fill whole blocks.
const BLOCK: u64 = 512;

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// Name, as the archive has it.
    pub(super) name: Vec<u8>,
    /// What it is.
    pub(super) kind: MemberKind,
    /// Mode bits, `0o7777`.
    pub(super) mode: u32,
    /// Bytes of the body.
    pub(super) size: u64,
    /// Offset of the body in the archive.
    pub(super) data_offset: u64,
}

/// What a member is, with the target of a link as the archive has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MemberKind {
    File,
    Directory,
    Symlink(Vec<u8>),
    Hardlink(Vec<u8>),
    Special,
}

/// Somebody who wants the members.
pub(super) trait MemberVisitor {
    /// A member begins.
    fn begin(&mut self, member: &Member);
    /// The next piece of its body.
    fn data(&mut self, bytes: &[u8]);
    /// It ended, whole.
    fn end(&mut self, member: Member);
}

/// Walks a tar stream to its end. `entries` counts members, over all archives of an artifact. `Ok(false)` where damage or a limit
/// stopped it and an anomaly says so.
///
/// # Errors
/// Those of `reader`.
pub(super) fn walk(
    reader: &mut dyn Read,
    entries: &AtomicU64,
    limits: &Limits,
    deadline: Deadline,
    anomalies: &mut Anomalies,
    visitor: &mut dyn MemberVisitor,
) -> io::Result<bool> {
    let body_end = Cell::new(u64::MAX);
    let mut archive = Archive::new(Padded { inner: reader, position: 0, body_end: &body_end });
    let mut pending = Pending::default();
    let mut buffer = vec![0; BUFFER];
    for raw in archive.entries()?.raw(true) {
        let mut raw = raw?;
        if entries.fetch_add(1, Ordering::Relaxed) >= limits.entries {
            anomalies.push(AnomalyKind::LimitExceeded, "", format!("entries: more than {}", limits.entries));
            return Ok(false);
        }
        let stop = match raw.header().entry_type() {
            EntryType::GNULongName => pending.take_long(&mut raw, limits, Long::Name)?,
            EntryType::GNULongLink => pending.take_long(&mut raw, limits, Long::Link)?,
            EntryType::XHeader => pending.take_pax(&mut raw, limits)?,
            EntryType::XGlobalHeader => take_global(&mut raw, limits)?,
            _ => match pending.complete(&raw) {
                Ok(member) if member.size > limits.file_bytes => {
                    let detail = format!("file_bytes: {} bytes, at most {} are read", member.size, limits.file_bytes);
                    Some(Stop::new(AnomalyKind::LimitExceeded, &member.name, detail))
                }
                Ok(member) => {
                    body_end.set(member.data_offset.saturating_add(member.size));
                    body(&mut raw, member, deadline, &mut buffer, visitor)?
                }
                Err(stop) => Some(stop),
            },
        };
        if let Some(Stop { kind, path, detail }) = stop {
            anomalies.push(kind, path, detail);
            return Ok(false);
        }
    }
    if !pending.is_empty() {
        anomalies.push(AnomalyKind::Malformed, "", "the archive ends after a long name or PAX record, without the member it belongs to");
        return Ok(false);
    }
    drain(&mut archive.into_inner(), deadline, &mut buffer, anomalies)
}

/// Adds the padding of the last member where the archive ends right after its body, as the layers of `umoci insert` do. Go's
/// `archive/tar`, and so every container engine built on it, reads such an archive as whole. Of a body or a header nothing is added.
struct Padded<'a> {
    inner: &'a mut dyn Read,
    position: u64,
    /// Where the body of the member that was read last ends.
    body_end: &'a Cell<u64>,
}

impl Read for Padded<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut read = self.inner.read(buf)?;
        if read == 0 {
            let end = self.body_end.get();
            let block_end = end.checked_next_multiple_of(BLOCK).filter(|_| self.position >= end).unwrap_or(0);
            read = usize::try_from(block_end.saturating_sub(self.position)).unwrap_or(0).min(buf.len());
            buf.get_mut(..read).unwrap_or_default().fill(0);
        }
        self.position = self.position.saturating_add(read as u64);
        Ok(read)
    }
}

/// Why a walk ends early.
struct Stop {
    kind: AnomalyKind,
    path: String,
    detail: String,
}

impl Stop {
    fn new(kind: AnomalyKind, path: &[u8], detail: impl Into<String>) -> Self {
        Self { kind, path: lossless(path).into_owned(), detail: detail.into() }
    }
}

#[derive(Clone, Copy)]
enum Long {
    Name,
    Link,
}

/// What has been read about the member to come.
#[derive(Default)]
struct Pending {
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
    pax: Option<Pax>,
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.long_name.is_none() && self.long_link.is_none() && self.pax.is_none()
    }

    fn take_long(&mut self, raw: &mut impl Sized64, limits: &Limits, long: Long) -> io::Result<Option<Stop>> {
        // The NUL at the end is not part of the name.
        let cap = (limits.name_bytes as u64).saturating_add(1);
        if raw.stated() > cap {
            let detail = format!("name_bytes: a GNU long name of {} bytes, at most {} are taken", raw.stated(), limits.name_bytes);
            return Ok(Some(Stop::new(AnomalyKind::LimitExceeded, b"", detail)));
        }
        let mut bytes = whole(raw)?;
        if bytes.last() == Some(&0) {
            bytes.pop();
        }
        if bytes.is_empty() || bytes.contains(&0) {
            return Ok(Some(Stop::new(AnomalyKind::Malformed, &bytes, "a GNU long name that is empty or holds a NUL")));
        }
        let slot = match long {
            Long::Name => &mut self.long_name,
            Long::Link => &mut self.long_link,
        };
        Ok(slot.replace(bytes).map(|earlier| Stop::new(AnomalyKind::HeaderMismatch, &earlier, "two GNU long names for one member")))
    }

    fn take_pax(&mut self, raw: &mut impl Sized64, limits: &Limits) -> io::Result<Option<Stop>> {
        let pax = match read_pax(raw, limits)? {
            Ok(pax) => pax,
            Err(stop) => return Ok(Some(stop)),
        };
        Ok(self.pax.replace(pax).map(|_| Stop::new(AnomalyKind::HeaderMismatch, b"", "two sets of PAX records for one member")))
    }

    /// The member, with all that was pending taken into account.
    fn complete<R: Read>(&mut self, raw: &tar::Entry<'_, R>) -> Result<Member, Stop> {
        let Pending { long_name, long_link, pax } = std::mem::take(self);
        let pax = pax.unwrap_or_default();
        let header = raw.header();
        let short = header.path_bytes().into_owned();
        let name = one_of("name", long_name, pax.path, short.clone())?;
        let link = header.link_name_bytes().map(|l| l.into_owned()).unwrap_or_default();
        let link = one_of("link target", long_link, pax.link, link)?;
        let size = header.entry_size().map_err(|e| Stop::new(AnomalyKind::Malformed, &name, e.to_string()))?;
        if let Some(stated) = pax.size.filter(|stated| *stated != size) {
            let detail = format!("size: the header says {size}, its PAX record {stated}; readers split the archive differently");
            return Err(Stop::new(AnomalyKind::HeaderMismatch, &name, detail));
        }
        if pax.sparse {
            return Err(Stop::new(AnomalyKind::UnsupportedMethod, &name, "a sparse file in PAX form"));
        }
        let kind = match header.entry_type() {
            // Before POSIX a slash at the end made a directory.
            EntryType::Regular | EntryType::Continuous if name.ends_with(b"/") => MemberKind::Directory,
            EntryType::Regular | EntryType::Continuous => MemberKind::File,
            EntryType::Directory => MemberKind::Directory,
            EntryType::Symlink => MemberKind::Symlink(link),
            EntryType::Link => MemberKind::Hardlink(link),
            EntryType::Char | EntryType::Block | EntryType::Fifo => MemberKind::Special,
            EntryType::GNUSparse => return Err(Stop::new(AnomalyKind::UnsupportedMethod, &name, "a sparse file in GNU form")),
            other => {
                let detail = format!("a member of type `{}`", (other.as_byte() as char).escape_default());
                return Err(Stop::new(AnomalyKind::UnsupportedMethod, &name, detail));
            }
        };
        if kind != MemberKind::File && size != 0 {
            let detail = format!("a link, directory or device with a body of {size} bytes, which some readers skip and others do not");
            return Err(Stop::new(AnomalyKind::HeaderMismatch, &name, detail));
        }
        let mode = header.mode().map_err(|e| Stop::new(AnomalyKind::Malformed, &name, e.to_string()))? & 0o7777;
        Ok(Member { name, kind, mode, size, data_offset: raw.raw_file_position() })
    }
}

/// GNU and PAX may both state a name, and must then agree.
fn one_of(what: &str, gnu: Option<Vec<u8>>, pax: Option<Vec<u8>>, plain: Vec<u8>) -> Result<Vec<u8>, Stop> {
    match (gnu, pax) {
        (Some(gnu), Some(pax)) if gnu != pax => {
            let detail = format!("{what}: the GNU record says `{}`, the PAX record `{}`", lossless(&gnu), lossless(&pax));
            Err(Stop::new(AnomalyKind::HeaderMismatch, &pax, detail))
        }
        (_, Some(stated)) | (Some(stated), None) => Ok(stated),
        (None, None) => Ok(plain),
    }
}

/// PAX records that change what a reader sees. POSIX.1-2017, pax, "Extended Header".
#[derive(Default)]
struct Pax {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: bool,
}

fn read_pax(raw: &mut impl Sized64, limits: &Limits) -> io::Result<Result<Pax, Stop>> {
    let bad = |detail: &str| Ok(Err(Stop::new(AnomalyKind::Malformed, b"", format!("PAX records: {detail}"))));
    if raw.stated() > limits.pax_bytes {
        let detail = format!("pax_bytes: PAX records of {} bytes, at most {} are read", raw.stated(), limits.pax_bytes);
        return Ok(Err(Stop::new(AnomalyKind::LimitExceeded, b"", detail)));
    }
    let bytes = whole(raw)?;
    let mut rest = bytes.as_slice();
    let mut pax = Pax::default();
    while !rest.is_empty() {
        // "LENGTH KEY=VALUE\n", and LENGTH counts itself.
        let Some(space) = rest.iter().take(20).position(|b| *b == b' ') else { return bad("no length") };
        let digits = rest.get(..space).filter(|d| !d.is_empty() && d.iter().all(u8::is_ascii_digit));
        let length = digits.and_then(|d| std::str::from_utf8(d).ok()).and_then(|d| d.parse::<usize>().ok());
        let Some((record, after)) = length.and_then(|length| rest.split_at_checked(length)) else { return bad("a length that is wrong") };
        let Some(body) = record.get(space.saturating_add(1)..).and_then(|b| b.strip_suffix(b"\n")) else {
            return bad("a record without its newline");
        };
        let Some(equals) = body.iter().position(|b| *b == b'=') else { return bad("a record without `=`") };
        let (key, value) = body.split_at_checked(equals).unwrap_or_default();
        let value = value.get(1..).unwrap_or_default();
        let repeated = match key {
            b"path" | b"linkpath" if value.is_empty() || value.contains(&0) => return bad("a name that is empty or holds a NUL"),
            b"path" | b"linkpath" if value.len() > limits.name_bytes => {
                let detail = format!("name_bytes: a PAX name of {} bytes, at most {} are taken", value.len(), limits.name_bytes);
                return Ok(Err(Stop::new(AnomalyKind::LimitExceeded, b"", detail)));
            }
            b"path" => pax.path.replace(value.to_vec()).is_some(),
            b"linkpath" => pax.link.replace(value.to_vec()).is_some(),
            b"size" => {
                let size = std::str::from_utf8(value).ok().filter(|v| v.bytes().all(|b| b.is_ascii_digit())).and_then(|v| v.parse().ok());
                let Some(size) = size else { return bad("a size that is no number") };
                pax.size.replace(size).is_some()
            }
            key if key.starts_with(b"GNU.sparse.") => {
                pax.sparse = true;
                false
            }
            _ => false,
        };
        if repeated {
            let detail = format!("PAX records: two of `{}`", lossless(key));
            return Ok(Err(Stop::new(AnomalyKind::HeaderMismatch, b"", detail)));
        }
        rest = after;
    }
    Ok(Ok(pax))
}

/// Records for every member to come. Those that state names or sizes have no honest use, and readers differ on them.
fn take_global(raw: &mut impl Sized64, limits: &Limits) -> io::Result<Option<Stop>> {
    Ok(match read_pax(raw, limits)? {
        Err(stop) => Some(stop),
        Ok(Pax { path: None, link: None, size: None, sparse: false }) => None,
        Ok(_) => Some(Stop::new(AnomalyKind::HeaderMismatch, b"", "global PAX records that state a name or size for every member")),
    })
}

fn body(
    raw: &mut impl Read,
    member: Member,
    deadline: Deadline,
    buffer: &mut [u8],
    visitor: &mut dyn MemberVisitor,
) -> io::Result<Option<Stop>> {
    visitor.begin(&member);
    let mut done = 0_u64;
    loop {
        if deadline.is_over() {
            return Ok(Some(Stop::new(
                AnomalyKind::LimitExceeded,
                &member.name,
                format!("time: stopped in this member after {done} bytes"),
            )));
        }
        let read = raw.read(buffer)?;
        if read == 0 {
            break;
        }
        done = done.saturating_add(read as u64);
        visitor.data(buffer.get(..read).unwrap_or_default());
    }
    if done != member.size {
        return Ok(Some(Stop::new(AnomalyKind::Malformed, &member.name, format!("cut after {done} of {} bytes", member.size))));
    }
    visitor.end(member);
    Ok(None)
}

/// After the end blocks only zeros may follow: writers pad to their record size.
fn drain(reader: &mut dyn Read, deadline: Deadline, buffer: &mut [u8], anomalies: &mut Anomalies) -> io::Result<bool> {
    let mut after = 0_u64;
    let mut foreign = false;
    loop {
        if deadline.is_over() {
            anomalies.push(AnomalyKind::LimitExceeded, "", "time: stopped after the end of the archive");
            return Ok(false);
        }
        let read = reader.read(buffer)?;
        if read == 0 {
            break;
        }
        foreign |= buffer.get(..read).unwrap_or_default().iter().any(|b| *b != 0);
        after = after.saturating_add(read as u64);
    }
    if foreign {
        anomalies.push(AnomalyKind::TrailingBytes, "", format!("{after} bytes, not all zero, after the archive's end block"));
    }
    Ok(true)
}

/// A member that knows how long it says it is.
trait Sized64: Read {
    fn stated(&self) -> u64;
}

impl<R: Read> Sized64 for tar::Entry<'_, R> {
    fn stated(&self) -> u64 {
        self.size()
    }
}

fn whole(raw: &mut impl Sized64) -> io::Result<Vec<u8>> {
    let stated = raw.stated();
    let mut bytes = Vec::new();
    raw.take(stated).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != stated {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

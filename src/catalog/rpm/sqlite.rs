//! Blobs of a table of an SQLite database, read without the library. Format: sqlite.org/fileformat2.html. Nothing is written, no index is
//! used, and a write-ahead log is not applied.

use super::Records;
use super::order::Order::Big;
use crate::catalog::Flaw;

/// Bytes that every database begins with.
pub(super) const MAGIC: &[u8] = b"SQLite format 3\0";
/// Bytes of one row. An rpm header has 256 MiB at most by rpm's own limit, and 3 MB in the largest known package.
const MAX_ROW: usize = 64 << 20;
/// Bytes of the database's own header, before the first page's.
const HEADER: usize = 100;
/// Columns of a row that are looked at; `Packages` has two, `sqlite_schema` five.
const MAX_COLUMNS: usize = 8;

/// Hands over the blob of every row of a table.
pub(super) fn blobs(bytes: &[u8], table: &str, to: &mut Records<'_>) -> Result<(), Flaw> {
    let mut database = Database::open(bytes)?;
    let mut root = None;
    database.walk(1, to, &mut |_, row, _| {
        let columns = columns(row);
        if let [Value::Bytes(b"table"), Value::Bytes(name), _, Value::Number(page), ..] = columns.as_slice()
            && *name == table.as_bytes()
        {
            root = u32::try_from(*page).ok();
        }
    });
    let Some(root) = root else { return Err(Flaw::malformed(format!("there is no table `{table}`"))) };
    database.walk(root, to, &mut |id, row, to| {
        let blob = columns(row).into_iter().rev().find_map(|value| match value {
            Value::Bytes(bytes) => Some(bytes),
            Value::Number(_) | Value::Other => None,
        });
        match blob {
            Some(blob) => to.record(&format!("row {id}"), blob),
            None => to.flaw(Flaw::malformed(format!("row {id} has no blob"))),
        }
    });
    Ok(())
}

/// A column's value, as far as it matters here.
enum Value<'r> {
    Bytes(&'r [u8]),
    Number(u64),
    Other,
}

/// The pages.
struct Database<'a> {
    bytes: &'a [u8],
    page: usize,
    /// Bytes of a page that are used.
    usable: usize,
    /// Which pages were read; each has one place in one tree.
    read: Vec<bool>,
}

impl<'a> Database<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, Flaw> {
        let malformed = |what: &str| Flaw::malformed(format!("SQLite: {what}"));
        if !bytes.starts_with(MAGIC) {
            return Err(malformed("it does not begin as a database does"));
        }
        let page = match Big.short(bytes, 16) {
            Some(1) => 65_536,
            Some(size) if size >= 512 && size.is_power_of_two() => size,
            Some(_) | None => return Err(malformed("the size of pages is none")),
        };
        let reserved = bytes.get(20).copied().map_or(0, usize::from);
        let usable = page.saturating_sub(reserved);
        if usable < 480 {
            return Err(malformed("less than 480 bytes of a page are used"));
        }
        if Big.u32(bytes, 56) != Some(1) {
            return Err(malformed("its text is not UTF-8"));
        }
        let pages = bytes.len().checked_div(page).unwrap_or_default();
        Ok(Self { bytes, page, usable, read: vec![false; pages] })
    }

    /// A page by its number, from 1, the first time that it is asked for.
    fn take(&mut self, number: u32) -> Result<&'a [u8], String> {
        let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let slot = place.and_then(|place| self.read.get_mut(place));
        let (Some(place), Some(slot)) = (place, slot) else { return Err(format!("page {number} is not in the file")) };
        if std::mem::replace(slot, true) {
            return Err(format!("page {number} has two places"));
        }
        let from = place.saturating_mul(self.page);
        self.bytes.get(from..from.saturating_add(self.usable)).ok_or_else(|| format!("page {number} is cut"))
    }

    /// Every row of the table whose tree begins at a page, in order. What can't be read is a flaw, and the rest goes on.
    fn walk(&mut self, root: u32, to: &mut Records<'_>, each: &mut dyn FnMut(u64, &[u8], &mut Records<'_>)) {
        let mut left = vec![root];
        let mut row = Vec::new();
        while let Some(number) = left.pop() {
            let page = match self.take(number) {
                Ok(page) => page,
                Err(why) => {
                    to.flaw(Flaw::malformed(why));
                    continue;
                }
            };
            let at = if number == 1 { HEADER } else { 0 };
            let kind = page.get(at).copied();
            let cells = Big.short(page, at.saturating_add(3)).unwrap_or_default();
            let pointer = |first: usize, cell: usize| Big.short(page, at.saturating_add(first).saturating_add(cell.saturating_mul(2)));
            match kind {
                // The inside of a tree: pages with smaller rows, and the page with the rest.
                Some(5) => {
                    left.extend(Big.u32(page, at.saturating_add(8)));
                    left.extend((0..cells).rev().filter_map(|cell| Big.u32(page, pointer(12, cell)?)));
                }
                // A leaf.
                Some(13) => {
                    // Cells have their place alone, after the list of where they are: together they are no longer than the page.
                    let content = Big.short(page, at.saturating_add(5)).filter(|content| *content > 0).unwrap_or(page.len());
                    let room = content.saturating_sub(at).saturating_sub(8) >> 1;
                    if cells > room {
                        to.flaw(Flaw::malformed(format!("page {number} has {cells} cells, and room for {room}")));
                    }
                    let mut left = page.len();
                    for cell in 0..cells.min(room) {
                        let read = pointer(8, cell).ok_or_else(|| "it has no place".to_owned()).and_then(|at| self.row(page, at, &mut row));
                        match read {
                            Ok((id, length)) if length <= left => {
                                left = left.saturating_sub(length);
                                each(id, &row, to);
                            }
                            Ok(_) => {
                                to.flaw(Flaw::malformed(format!("page {number}, cell {cell}: it lies over others")));
                                break;
                            }
                            Err(why) => to.flaw(Flaw::malformed(format!("page {number}, cell {cell}: {why}"))),
                        }
                    }
                }
                _ => to.flaw(Flaw::malformed(format!("page {number} is none of a table"))),
            }
        }
    }

    /// The content of the row in a cell of a leaf; its number, and how many bytes of it the cell has.
    fn row(&mut self, page: &[u8], at: usize, row: &mut Vec<u8>) -> Result<(u64, usize), String> {
        row.clear();
        let cut = || "it is cut".to_owned();
        let cell = page.get(at..).ok_or_else(cut)?;
        let (length, after) = varint(cell).ok_or_else(cut)?;
        let (id, after) = varint(after).ok_or_else(cut)?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > MAX_ROW || length > self.bytes.len() {
            return Err(format!("row {id} has {length} bytes, at most {MAX_ROW} are read"));
        }
        let most = self.usable.saturating_sub(35);
        let here = if length <= most {
            length
        } else {
            // Section 1.6, "Cell payload overflow pages".
            let least = self.usable.saturating_sub(12).saturating_mul(32).saturating_div(255).saturating_sub(23);
            let rest = length.saturating_sub(least).checked_rem(self.usable.saturating_sub(4)).unwrap_or_default();
            let fitting = least.saturating_add(rest);
            if fitting <= most { fitting } else { least }
        };
        row.extend_from_slice(after.get(..here).ok_or_else(cut)?);
        let mut next = if here < length { Big.u32(after, here).ok_or_else(cut)? } else { 0 };
        while row.len() < length {
            let overflow = self.take(next).map_err(|why| format!("row {id}: {why}"))?;
            next = Big.u32(overflow, 0).ok_or_else(cut)?;
            let content = overflow.get(4..).ok_or_else(cut)?;
            let missing = length.saturating_sub(row.len()).min(content.len());
            row.extend_from_slice(content.get(..missing).ok_or_else(cut)?);
        }
        Ok((id, here))
    }
}

/// The first columns of a row. Section 2.1, "Record format".
fn columns(row: &[u8]) -> Vec<Value<'_>> {
    let mut values = Vec::new();
    let Some((header, mut types)) = varint(row) else { return values };
    let mut at = usize::try_from(header).unwrap_or(usize::MAX);
    // The header's length counts itself.
    let begins = row.len().saturating_sub(types.len());
    types = row.get(begins..at).unwrap_or_default();
    while let Some((kind, rest)) = varint(types) {
        types = rest;
        if values.len() >= MAX_COLUMNS {
            break;
        }
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => usize::try_from(kind).unwrap_or_default(),
            5 => 6,
            6 | 7 => 8,
            // A blob is even, a text odd.
            kind => usize::try_from(kind.saturating_sub(12) >> 1).unwrap_or(usize::MAX),
        };
        let Some(bytes) = row.get(at..at.saturating_add(length)) else { break };
        at = at.saturating_add(length);
        values.push(match kind {
            8 => Value::Number(0),
            9 => Value::Number(1),
            1..=6 => Value::Number(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))),
            12.. => Value::Bytes(bytes),
            _ => Value::Other,
        });
    }
    values
}

/// A variable-length integer, and what follows. Section 1.6, "varint".
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (place, byte) in bytes.iter().take(9).enumerate() {
        if place == 8 {
            return Some((number << 8 | u64::from(*byte), bytes.get(9..)?));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(place.saturating_add(1)..)?));
        }
    }
    None
}

//! Extra fields of a header. APPNOTE 4.5.

use super::source::Fields;

const ZIP64: u16 = 0x0001;
const UNICODE_PATH: u16 = 0x7075;

/// What the extra fields say that can change what a reader sees.
#[derive(Debug, Default)]
pub(super) struct Extra<'a> {
    /// The zip64 record.
    pub(super) zip64: Option<&'a [u8]>,
    /// The Info-ZIP Unicode path: CRC-32 of the header's name, and the name in UTF-8.
    pub(super) unicode_path: Option<(u32, &'a [u8])>,
    /// What is wrong with the list itself.
    pub(super) flaw: Option<&'static str>,
}

impl<'a> Extra<'a> {
    /// The name that a reader of the Unicode path field takes in place of `name`, where it is another one. The field counts only
    /// while its CRC is that of the name beside it (APPNOTE 4.6.9).
    pub(super) fn other_name(&self, name: &[u8]) -> Option<&'a [u8]> {
        let (stated, unicode) = self.unicode_path?;
        let mut crc = flate2::Crc::new();
        crc.update(name);
        (crc.sum() == stated && unicode != name).then_some(unicode)
    }
}

/// Reads a list of extra fields. Up to three bytes after the last one are padding, as alignment tools leave them.
pub(super) fn parse(bytes: &[u8]) -> Extra<'_> {
    let mut extra = Extra::default();
    let mut f = Fields(bytes);
    while f.0.len() >= 4 {
        let (Some(id), Some(len)) = (f.u16(), f.u16()) else { break };
        let Some(body) = f.bytes(len.into()) else {
            extra.flaw = Some("an extra field runs past the end of its header");
            break;
        };
        match id {
            ZIP64 if extra.zip64.is_some() => extra.flaw = Some("two zip64 extra fields"),
            ZIP64 => extra.zip64 = Some(body),
            UNICODE_PATH if extra.unicode_path.is_some() => extra.flaw = Some("two Unicode path extra fields"),
            UNICODE_PATH => {
                let mut f = Fields(body);
                if let (Some(1), Some(crc)) = (f.bytes(1).and_then(|v| v.first().copied()), f.u32()) {
                    extra.unicode_path = Some((crc, f.0));
                }
            }
            _ => {}
        }
    }
    extra
}

/// The sizes and offset of a header, widened by its zip64 field. `offset` is `None` for a local header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) size: u64,
    pub(super) compressed_size: u64,
    pub(super) offset: Option<u64>,
}

/// Widens 32-bit fields that are all ones by the zip64 field, which holds one value for each of them, in this order. Some writers
/// put every value there; that is no lie as long as both ways of reading give the same.
pub(super) fn widen(plain: Sizes, zip64: Option<&[u8]>) -> (Sizes, Option<String>) {
    let max = u64::from(u32::MAX);
    let fields = [Some(plain.size), Some(plain.compressed_size), plain.offset];
    let wanted = fields.iter().flatten().filter(|v| **v == max).count();
    let Some(record) = zip64 else {
        let lie = (wanted > 0).then(|| "a size or offset refers to a zip64 field, and there is none".to_owned());
        return (plain, lie);
    };
    let mut values = Fields(record);
    let mut lie = None;
    let mut read = |value: u64, name: &str| {
        if value != max {
            return value;
        }
        values.u64().unwrap_or_else(|| {
            lie = Some(format!("the zip64 field of {} bytes lacks the {name}", record.len()));
            value
        })
    };
    let wide = Sizes {
        size: read(plain.size, "size"),
        compressed_size: read(plain.compressed_size, "compressed size"),
        offset: plain.offset.map(|v| read(v, "offset")),
    };
    if lie.is_none()
        && record.len() >= 8
        && wanted.saturating_mul(8) != record.len()
        && wanted.saturating_mul(8).saturating_add(4) != record.len()
    {
        // More values than asked for: the reader that takes them by position must come to the same result.
        let mut by_position = Fields(record);
        for (name, value) in [("size", Some(wide.size)), ("compressed size", Some(wide.compressed_size)), ("offset", wide.offset)] {
            if let (Some(value), Some(other)) = (value, by_position.u64())
                && value != other
            {
                lie = Some(format!("{name}: the header says {value}, the zip64 field {other}"));
            }
        }
    }
    (wide, lie)
}

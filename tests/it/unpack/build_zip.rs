//! Writes zips, any field of which can be wrong.

use std::io::Write;

use flate2::{Compression, Crc, write::DeflateEncoder};

/// One entry; what is `None` is written truthfully.
#[derive(Clone, Default)]
pub struct Entry {
    pub name: Vec<u8>,
    pub body: Vec<u8>,
    pub method: u16,
    pub flags: u16,
    pub host: u8,
    pub external: u32,
    pub crc: Option<u32>,
    pub size: Option<u32>,
    pub compressed_size: Option<u32>,
    pub offset: Option<u32>,
    pub disk: u16,
    /// Version needed to extract, in the central directory.
    pub needed: Option<u16>,
    pub extra: Vec<u8>,
    pub comment: Vec<u8>,
    /// Stored bytes in place of the body, compressed or not.
    pub stored: Option<Vec<u8>>,
    pub local_name: Option<Vec<u8>>,
    pub local_method: Option<u16>,
    pub local_flags: Option<u16>,
    pub local_crc: Option<u32>,
    pub local_size: Option<u32>,
    pub local_compressed_size: Option<u32>,
    pub local_extra: Vec<u8>,
    /// Written after the data.
    pub after: Vec<u8>,
    /// No local header and no data at all; `offset` points elsewhere.
    pub central_only: bool,
}

impl Entry {
    pub fn mode(mut self, mode: u32) -> Self {
        self.host = 3;
        self.external = mode << 16;
        self
    }

    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Zero sizes in the local header, and a data descriptor with these values after the data.
    pub fn streamed(mut self, crc: u32, compressed_size: u32, size: u32) -> Self {
        self.flags |= 8;
        (self.local_crc, self.local_size, self.local_compressed_size) = (Some(0), Some(0), Some(0));
        self.after = [b"PK\x07\x08".as_slice(), &crc.to_le_bytes(), &compressed_size.to_le_bytes(), &size.to_le_bytes()].concat();
        self
    }
}

/// A stored file of mode 644.
pub fn file(name: &str, body: &str) -> Entry {
    Entry { name: name.into(), body: body.into(), ..Entry::default() }.mode(0o100_644)
}

/// A deflated file.
pub fn deflated(name: &str, body: &[u8]) -> Entry {
    Entry { name: name.into(), body: body.into(), method: 8, ..Entry::default() }.mode(0o100_644)
}

/// A directory entry.
pub fn folder(name: &str) -> Entry {
    Entry { name: name.into(), ..Entry::default() }.mode(0o040_755)
}

/// A symbolic link.
pub fn link(name: &str, target: &str) -> Entry {
    file(name, target).mode(0o120_777)
}

/// A whole archive.
#[derive(Clone, Default)]
pub struct Zip {
    pub entries: Vec<Entry>,
    /// Before everything; the offsets do not count it.
    pub prefix: Vec<u8>,
    pub before_directory: Vec<u8>,
    pub after_directory: Vec<u8>,
    pub comment: Vec<u8>,
    pub comment_length: Option<u16>,
    pub trailing: Vec<u8>,
    pub count: Option<u16>,
    pub directory_size: Option<u32>,
    pub directory_offset: Option<u32>,
    pub disk: u16,
    /// Central order, as indices of `entries`.
    pub order: Option<Vec<usize>>,
    /// Entries, size, offset for a zip64 record; and whether the locator tells the truth.
    pub zip64: Option<(u64, Option<u64>, bool)>,
}

pub fn zip(entries: impl IntoIterator<Item = Entry>) -> Zip {
    Zip { entries: entries.into_iter().collect(), ..Zip::default() }
}

pub fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

impl Zip {
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut central = Vec::new();
        for entry in &self.entries {
            let stored = entry.stored.clone().unwrap_or_else(|| match entry.method {
                8 => deflate(&entry.body),
                _ => entry.body.clone(),
            });
            let crc = crc32(&entry.body);
            let offset = out.len() as u32;
            if !entry.central_only {
                out.extend(b"PK\x03\x04");
                out.extend(20_u16.to_le_bytes());
                out.extend(entry.local_flags.unwrap_or(entry.flags).to_le_bytes());
                out.extend(entry.local_method.unwrap_or(entry.method).to_le_bytes());
                out.extend(0x5a21_0000_u32.to_le_bytes());
                out.extend(entry.local_crc.unwrap_or(entry.crc.unwrap_or(crc)).to_le_bytes());
                let compressed = entry.compressed_size.unwrap_or(stored.len() as u32);
                out.extend(entry.local_compressed_size.unwrap_or(compressed).to_le_bytes());
                out.extend(entry.local_size.unwrap_or(entry.size.unwrap_or(entry.body.len() as u32)).to_le_bytes());
                let name = entry.local_name.as_ref().unwrap_or(&entry.name);
                out.extend((name.len() as u16).to_le_bytes());
                out.extend((entry.local_extra.len() as u16).to_le_bytes());
                out.extend(name);
                out.extend(&entry.local_extra);
                out.extend(&stored);
                out.extend(&entry.after);
            }
            let mut record = b"PK\x01\x02\x14".to_vec();
            record.push(entry.host);
            record.extend(entry.needed.unwrap_or(20).to_le_bytes());
            record.extend(entry.flags.to_le_bytes());
            record.extend(entry.method.to_le_bytes());
            record.extend(0x5a21_0000_u32.to_le_bytes());
            record.extend(entry.crc.unwrap_or(crc).to_le_bytes());
            record.extend(entry.compressed_size.unwrap_or(stored.len() as u32).to_le_bytes());
            record.extend(entry.size.unwrap_or(entry.body.len() as u32).to_le_bytes());
            record.extend((entry.name.len() as u16).to_le_bytes());
            record.extend((entry.extra.len() as u16).to_le_bytes());
            record.extend((entry.comment.len() as u16).to_le_bytes());
            record.extend(entry.disk.to_le_bytes());
            record.extend(0_u16.to_le_bytes());
            record.extend(entry.external.to_le_bytes());
            record.extend(entry.offset.unwrap_or(offset).to_le_bytes());
            record.extend(&entry.name);
            record.extend(&entry.extra);
            record.extend(&entry.comment);
            central.push(record);
        }
        out.extend(&self.before_directory);
        let start = out.len() as u64;
        for index in self.order.clone().unwrap_or_else(|| (0..central.len()).collect()) {
            out.extend(&central[index]);
        }
        let size = out.len() as u64 - start;
        out.extend(&self.after_directory);
        let mut end = (
            self.count.unwrap_or(central.len() as u16),
            self.directory_size.unwrap_or(size as u32),
            self.directory_offset.unwrap_or(start as u32),
        );
        if let Some((entries, offset, truthful)) = self.zip64 {
            let at = out.len() as u64;
            out.extend(b"PK\x06\x06");
            out.extend(44_u64.to_le_bytes());
            out.extend([45, 3, 45, 0]);
            out.extend([0; 8]);
            out.extend(entries.to_le_bytes());
            out.extend(entries.to_le_bytes());
            out.extend(size.to_le_bytes());
            out.extend(offset.unwrap_or(start).to_le_bytes());
            out.extend(b"PK\x06\x07");
            out.extend([0; 4]);
            out.extend(if truthful { at } else { 7 }.to_le_bytes());
            out.extend(1_u32.to_le_bytes());
            if !truthful {
                // Not where it would be looked for either.
                let wrong = out.len() - 20 - 56;
                out[wrong] = b'X';
            }
            end = (self.count.unwrap_or(u16::MAX), self.directory_size.unwrap_or(u32::MAX), self.directory_offset.unwrap_or(u32::MAX));
        }
        out.extend(b"PK\x05\x06");
        out.extend(self.disk.to_le_bytes());
        out.extend(0_u16.to_le_bytes());
        out.extend(end.0.to_le_bytes());
        out.extend(end.0.to_le_bytes());
        out.extend(end.1.to_le_bytes());
        out.extend(end.2.to_le_bytes());
        out.extend(self.comment_length.unwrap_or(self.comment.len() as u16).to_le_bytes());
        out.extend(&self.comment);
        out.extend(&self.trailing);
        [self.prefix.as_slice(), &out].concat()
    }
}

//! A plain zip writer: what it is told, it writes, lies included; same entries, same bytes.

/// How an entry's body is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Method 0.
    Stored,
    /// Method 8, in deflate's stored blocks, so that no compressor's version can change the bytes.
    Deflate,
}

/// One entry.
#[derive(Clone)]
pub struct Entry {
    pub name: Vec<u8>,
    pub body: Vec<u8>,
    /// `st_mode` with the file type: `0o100644`.
    pub mode: u32,
    pub method: Method,
    /// MS-DOS date and time, date in the upper half.
    pub modified: u32,
    /// Extra field of the central directory.
    pub extra: Vec<u8>,
}

/// 2026-01-01 00:00:00.
pub const NEW_YEAR_2026: u32 = ((2026 - 1980) << 25) | (1 << 21) | (1 << 16);

impl Entry {
    /// A regular file, mode 0644, stored.
    pub fn file(name: &str, body: impl AsRef<[u8]>) -> Self {
        Self {
            name: name.into(),
            body: body.as_ref().to_vec(),
            mode: 0o100_644,
            method: Method::Stored,
            modified: NEW_YEAR_2026,
            extra: Vec::new(),
        }
    }

    /// A directory, mode 0755; `name` ends in `/`.
    pub fn directory(name: &str) -> Self {
        Self { mode: 0o040_755, ..Self::file(name, "") }
    }

    /// A symbolic link to `target`.
    pub fn symlink(name: &str, target: &str) -> Self {
        Self { mode: 0o120_777, ..Self::file(name, target) }
    }

    /// The same entry with another `st_mode`.
    pub fn with_mode(self, mode: u32) -> Self {
        Self { mode, ..self }
    }

    /// The same entry under another name.
    pub fn renamed(self, name: impl AsRef<[u8]>) -> Self {
        Self { name: name.as_ref().to_vec(), ..self }
    }

    /// The same entry with another body.
    pub fn with_body(self, body: impl AsRef<[u8]>) -> Self {
        Self { body: body.as_ref().to_vec(), ..self }
    }

    /// The same entry in method 8.
    pub fn deflated(self) -> Self {
        Self { method: Method::Deflate, ..self }
    }
}

/// The archive of these entries, in this order.
pub fn write(entries: &[Entry]) -> Vec<u8> {
    write_after(&[], entries, true)
}

/// The archive behind `prefix`. With `adjusted`, its offsets count from the start of the prefix, as a self-extracting archive has it.
pub fn write_after(prefix: &[u8], entries: &[Entry], adjusted: bool) -> Vec<u8> {
    let base = if adjusted { 0 } else { prefix.len() };
    let mut out = prefix.to_vec();
    let mut central = Vec::new();
    for entry in entries {
        let offset = out.len() - base;
        let stored = match entry.method {
            Method::Stored => entry.body.clone(),
            Method::Deflate => stored_blocks(&entry.body),
        };
        let common = common_fields(entry, stored.len());
        out.extend(b"PK\x03\x04");
        out.extend(20u16.to_le_bytes());
        out.extend(&common);
        out.extend((entry.name.len() as u16).to_le_bytes());
        out.extend(0u16.to_le_bytes());
        out.extend(&entry.name);
        out.extend(&stored);

        central.extend(b"PK\x01\x02");
        central.extend([20, 3]); // made by: version 2.0, Unix
        central.extend(20u16.to_le_bytes());
        central.extend(&common);
        central.extend((entry.name.len() as u16).to_le_bytes());
        central.extend((entry.extra.len() as u16).to_le_bytes());
        central.extend([0; 6]); // comment length, disk, internal attributes
        let dos_directory = if entry.name.ends_with(b"/") { 0x10 } else { 0 };
        central.extend(((entry.mode << 16) | dos_directory).to_le_bytes());
        central.extend((offset as u32).to_le_bytes());
        central.extend(&entry.name);
        central.extend(&entry.extra);
    }
    let start = out.len() - base;
    out.extend(&central);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend((entries.len() as u16).to_le_bytes());
    out.extend((entries.len() as u16).to_le_bytes());
    out.extend((central.len() as u32).to_le_bytes());
    out.extend((start as u32).to_le_bytes());
    out.extend(0u16.to_le_bytes());
    out
}

/// Flags to uncompressed size: the fields that local and central header share.
fn common_fields(entry: &Entry, stored: usize) -> Vec<u8> {
    let utf8_flag: u16 = if !entry.name.is_ascii() && std::str::from_utf8(&entry.name).is_ok() { 1 << 11 } else { 0 };
    let method: u16 = match entry.method {
        Method::Stored => 0,
        Method::Deflate => 8,
    };
    let mut out = Vec::new();
    out.extend(utf8_flag.to_le_bytes());
    out.extend(method.to_le_bytes());
    out.extend((entry.modified as u16).to_le_bytes());
    out.extend(((entry.modified >> 16) as u16).to_le_bytes());
    out.extend(crc32(&entry.body).to_le_bytes());
    out.extend((stored as u32).to_le_bytes());
    out.extend((entry.body.len() as u32).to_le_bytes());
    out
}

/// The body as deflate's stored blocks (RFC 1951 section 3.2.4).
pub fn stored_blocks(body: &[u8]) -> Vec<u8> {
    let mut blocks: Vec<&[u8]> = body.chunks(0xffff).collect();
    if blocks.is_empty() {
        blocks.push(&[]);
    }
    let last = blocks.len() - 1;
    let mut out = Vec::new();
    for (at, block) in blocks.into_iter().enumerate() {
        out.push(u8::from(at == last));
        out.extend((block.len() as u16).to_le_bytes());
        out.extend((!(block.len() as u16)).to_le_bytes());
        out.extend(block);
    }
    out
}

/// CRC-32 as zip and gzip have it.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

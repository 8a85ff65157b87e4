//! ELF files for tests: small, of either class and byte order.

/// A file to be.
#[derive(Clone)]
pub struct Build {
    pub is_64: bool,
    pub is_big_endian: bool,
    pub machine: u16,
    /// Whether the table of sections is written.
    pub has_sections: bool,
    pub parts: Vec<PartToBe>,
}

/// A section, a segment, or both.
#[derive(Clone)]
pub struct PartToBe {
    pub name: &'static str,
    pub kind: u32,
    pub flags: u64,
    pub address: u64,
    pub data: Vec<u8>,
    /// `p_type` and `p_flags`.
    pub segment: Option<(u32, u32)>,
}

impl Build {
    pub fn new() -> Self {
        Self { is_64: true, is_big_endian: false, machine: 62, has_sections: true, parts: Vec::new() }
    }

    /// Read-only data, section and segment.
    pub fn rodata(self, data: impl Into<Vec<u8>>) -> Self {
        self.part(".rodata", 1, 2, 0x1_0000, data, Some((1, 4)))
    }

    /// Code, section and segment.
    pub fn code(self, data: impl Into<Vec<u8>>) -> Self {
        self.part(".text", 1, 6, 0x20_0000, data, Some((1, 5)))
    }

    /// Text that is not loaded.
    pub fn comment(self, data: impl Into<Vec<u8>>) -> Self {
        self.part(".comment", 1, 0, 0, data, None)
    }

    /// A section of notes.
    pub fn note(self, name: &'static str, owner: &[u8], kind: u32, text: &[u8]) -> Self {
        let mut data = Vec::new();
        for number in [owner.len() as u64, text.len() as u64, u64::from(kind)] {
            self.push(&mut data, number, 4);
        }
        for bytes in [owner, text] {
            data.extend(bytes);
            data.resize(data.len().next_multiple_of(4), 0);
        }
        self.part(name, 7, 2, 0x800, data, Some((4, 4)))
    }

    /// A dynamic section with its strings.
    pub fn dynamic(self, soname: Option<&str>, needed: &[&str]) -> Self {
        let word = if self.is_64 { 8 } else { 4 };
        let mut strings = vec![0];
        let mut entries = Vec::new();
        for (tag, text) in needed.iter().map(|text| (1, *text)).chain(soname.map(|text| (14, text))) {
            entries.push((tag, strings.len() as u64));
            strings.extend(text.bytes());
            strings.push(0);
        }
        entries.extend([(5, 0x5000), (10, strings.len() as u64), (0, 0)]);
        let mut data = Vec::new();
        for (tag, value) in entries {
            self.push(&mut data, tag, word);
            self.push(&mut data, value, word);
        }
        self.part(".dynstr", 3, 2, 0x5000, strings, Some((1, 4))).part(".dynamic", 6, 3, 0x6000, data, Some((2, 6)))
    }

    pub fn part(
        mut self,
        name: &'static str,
        kind: u32,
        flags: u64,
        address: u64,
        data: impl Into<Vec<u8>>,
        segment: Option<(u32, u32)>,
    ) -> Self {
        self.parts.push(PartToBe { name, kind, flags, address, data: data.into(), segment });
        self
    }

    pub fn push(&self, out: &mut Vec<u8>, number: u64, size: usize) {
        let bytes = number.to_be_bytes();
        let mut bytes = bytes[8 - size..].to_vec();
        if !self.is_big_endian {
            bytes.reverse();
        }
        out.extend(bytes);
    }

    pub fn bytes(&self) -> Vec<u8> {
        let word = if self.is_64 { 8 } else { 4 };
        let (header_size, segment_size, section_size) = if self.is_64 { (64, 56, 64) } else { (52, 32, 40) };
        let segments: Vec<&PartToBe> = self.parts.iter().filter(|part| part.segment.is_some()).collect();
        let mut body = Vec::new();
        let body_start = header_size + segment_size * segments.len();
        let mut offsets = Vec::new();
        for part in &self.parts {
            body.resize((body_start + body.len()).next_multiple_of(16) - body_start, 0);
            offsets.push((body_start + body.len()) as u64);
            body.extend(&part.data);
        }
        let mut names = vec![0];
        let name_offsets: Vec<u64> = self
            .parts
            .iter()
            .map(|part| {
                let at = names.len() as u64;
                names.extend(part.name.bytes());
                names.push(0);
                at
            })
            .collect();
        let own_name = names.len() as u64;
        names.extend(b".shstrtab\0");
        let names_start = (body_start + body.len()) as u64;
        let names_size = names.len() as u64;
        body.extend(names);
        body.resize((body_start + body.len()).next_multiple_of(16) - body_start, 0);
        let table_start = (body_start + body.len()) as u64;
        let count = if self.has_sections { self.parts.len() as u64 + 2 } else { 0 };

        let mut out = vec![0x7f, b'E', b'L', b'F', if self.is_64 { 2 } else { 1 }, if self.is_big_endian { 2 } else { 1 }, 1];
        out.resize(16, 0);
        self.push(&mut out, 3, 2);
        self.push(&mut out, u64::from(self.machine), 2);
        self.push(&mut out, 1, 4);
        self.push(&mut out, 0, word);
        self.push(&mut out, if segments.is_empty() { 0 } else { header_size as u64 }, word);
        self.push(&mut out, if self.has_sections { table_start } else { 0 }, word);
        self.push(&mut out, 0, 4);
        for number in [header_size as u64, segment_size as u64, segments.len() as u64, section_size as u64, count, count.saturating_sub(1)]
        {
            self.push(&mut out, number, 2);
        }
        for (part, offset) in self.parts.iter().zip(&offsets) {
            let Some((kind, flags)) = part.segment else { continue };
            let size = part.data.len() as u64;
            self.push(&mut out, u64::from(kind), 4);
            if self.is_64 {
                self.push(&mut out, u64::from(flags), 4);
            }
            for number in [*offset, part.address, part.address, size, size] {
                self.push(&mut out, number, word);
            }
            if !self.is_64 {
                self.push(&mut out, u64::from(flags), 4);
            }
            self.push(&mut out, 4, word);
        }
        out.extend(body);
        if self.has_sections {
            self.section(&mut out, 0, 0, 0, 0, 0, 0);
            for ((part, offset), name) in self.parts.iter().zip(&offsets).zip(&name_offsets) {
                self.section(&mut out, *name, part.kind, part.flags, part.address, *offset, part.data.len() as u64);
            }
            self.section(&mut out, own_name, 3, 0, 0, names_start, names_size);
        }
        out
    }

    #[allow(clippy::too_many_arguments)]
    fn section(&self, out: &mut Vec<u8>, name: u64, kind: u32, flags: u64, address: u64, offset: u64, size: u64) {
        let word = if self.is_64 { 8 } else { 4 };
        self.push(out, name, 4);
        self.push(out, u64::from(kind), 4);
        for number in [flags, address, offset, size] {
            self.push(out, number, word);
        }
        self.push(out, 0, 4);
        self.push(out, 0, 4);
        self.push(out, 4, word);
        self.push(out, 0, word);
    }
}

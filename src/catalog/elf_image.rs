//! ELF files, as far as catalogers look into them. Format: System V ABI, generic and processor supplements; notes: gABI, "Note Section".
//!
//! Tables are read by `object`; what they point to is read here, with limits: names, strings and ranges of a hostile file overlap, run on
//! and lead nowhere.

use std::ops::Range;

use object::elf::{FileHeader32, FileHeader64};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};
use object::{Endian, Endianness};

/// Sections and segments that are looked at. Programs have some forty; with a section for each function they are not linked yet.
const MAX_PARTS: usize = 4_096;
/// Bytes of the table of section names. Real ones have some hundreds.
const MAX_NAMES_BYTES: usize = 64 << 10;
/// Bytes of a text: a section's name, a library's, an interpreter.
const MAX_TEXT: usize = 4_096;
/// Notes, and entries of the dynamic section, that are read.
const MAX_ENTRIES: usize = 4_096;
/// Symbols that are looked at. A Node.js binary has 100,000.
const MAX_SYMBOLS: usize = 1 << 21;

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const PT_NOTE: u32 = 4;
const PF_X: u64 = 1;
const PF_W: u64 = 2;
const SHT_PROGBITS: u32 = 1;
const SHT_NOTE: u32 = 7;
const SHT_NOBITS: u32 = 8;
const SHF_ALLOC: u64 = 2;
const SHF_EXECINSTR: u64 = 4;
const SHF_COMPRESSED: u64 = 0x800;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_STRSZ: u64 = 10;
const DT_SONAME: u64 = 14;

/// An ELF file of either class and byte order.
pub struct Elf<'a> {
    data: &'a [u8],
    /// True for 64 bits.
    pub is_64: bool,
    /// True for the highest byte first.
    pub is_big_endian: bool,
    /// `e_machine`.
    machine: u16,
    sections: Vec<Part<'a>>,
    segments: Vec<Part<'a>>,
    has_short_names: bool,
    /// What of it could not be read.
    pub flaw: Option<String>,
}

/// A section or a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'a> {
    /// Name of a section.
    pub name: &'a [u8],
    kind: u32,
    flags: u64,
    /// Address in memory.
    pub address: u64,
    align: u64,
    range: Range<usize>,
    /// Its bytes in the file.
    pub data: &'a [u8],
}

/// One note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note<'a> {
    /// Whose it is, without the last NUL: `GNU`, `FDO`.
    pub owner: &'a [u8],
    /// Its type, for this owner.
    pub kind: u32,
    /// What it says.
    pub text: &'a [u8],
}

/// What the dynamic section says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dynamic {
    /// `DT_SONAME`.
    pub soname: Option<String>,
    /// `DT_NEEDED`, in order.
    pub needed: Vec<String>,
}

impl<'a> Elf<'a> {
    /// Reads the header and the two tables. `None` where even the header can't be read; of a broken table [`Self::flaw`] tells.
    pub fn read(data: &'a [u8]) -> Option<Self> {
        match data.get(..5)? {
            [0x7f, b'E', b'L', b'F', 1] => Self::read_class::<FileHeader32<Endianness>>(data, false),
            [0x7f, b'E', b'L', b'F', 2] => Self::read_class::<FileHeader64<Endianness>>(data, true),
            _ => None,
        }
    }

    fn read_class<H: FileHeader<Endian = Endianness>>(data: &'a [u8], is_64: bool) -> Option<Self> {
        let header = H::parse(data).ok()?;
        let endian = header.endian().ok()?;
        let mut elf = Self {
            data,
            is_64,
            is_big_endian: endian.is_big_endian(),
            machine: header.e_machine(endian).0,
            sections: Vec::new(),
            segments: Vec::new(),
            has_short_names: true,
            flaw: None,
        };
        match header.program_headers(endian, data) {
            Ok(headers) => {
                if headers.len() > MAX_PARTS {
                    elf.flaw = Some(format!("{} segments, the first {MAX_PARTS} are read", headers.len()));
                }
                for header in headers.iter().take(MAX_PARTS) {
                    let (start, size) = header.file_range(endian);
                    let mut part = elf.part(start, size);
                    part.kind = header.p_type(endian).0;
                    part.flags = u64::from(header.p_flags(endian).0);
                    part.address = header.p_vaddr(endian).into();
                    part.align = header.p_align(endian).into();
                    elf.segments.push(part);
                }
            }
            Err(e) => elf.flaw = Some(format!("segments: {e}")),
        }
        match header.section_headers(endian, data) {
            Ok(headers) => {
                if headers.len() > MAX_PARTS {
                    elf.flaw = Some(format!("{} sections, the first {MAX_PARTS} are read", headers.len()));
                }
                let names = header.section_strings_index(endian, data).ok().and_then(|index| headers.get(index.0));
                let names = names.and_then(|names| names.data(endian, data).ok()).unwrap_or_default();
                elf.has_short_names = names.len() <= MAX_NAMES_BYTES && headers.len() <= MAX_PARTS;
                let names = names.get(..names.len().min(MAX_NAMES_BYTES)).unwrap_or_default();
                for header in headers.iter().take(MAX_PARTS) {
                    let kind = header.sh_type(endian).0;
                    let size = if kind == SHT_NOBITS { 0 } else { header.sh_size(endian).into() };
                    let mut part = elf.part(header.sh_offset(endian).into(), size);
                    part.name = text_at(names, u64::from(header.sh_name(endian)));
                    part.kind = kind;
                    part.flags = header.sh_flags(endian).0;
                    part.address = header.sh_addr(endian).into();
                    part.align = header.sh_addralign(endian).into();
                    elf.sections.push(part);
                }
            }
            Err(e) => elf.flaw = Some(format!("sections: {e}")),
        }
        Some(elf)
    }

    /// A part of the file; empty where it reaches beyond the end.
    fn part(&self, start: u64, size: u64) -> Part<'a> {
        let range = range_of(start, size).filter(|range| range.end <= self.data.len()).unwrap_or(0..0);
        let data = self.data.get(range.clone()).unwrap_or_default();
        Part { name: b"", kind: 0, flags: 0, address: 0, align: 0, range, data }
    }

    /// The first section of this name.
    pub fn section(&self, name: &str) -> Option<&Part<'a>> {
        self.sections.iter().find(|section| section.name == name.as_bytes())
    }

    /// True where it has a table of sections.
    pub fn has_sections(&self) -> bool {
        !self.sections.is_empty()
    }

    /// True where there are no more sections than are read here, and no more bytes of names: for readers that know no limits.
    pub fn has_short_names(&self) -> bool {
        self.has_short_names
    }

    /// The bytes from this address on to the end of the segment's bytes in the file.
    pub fn from_address(&self, address: u64) -> Option<&'a [u8]> {
        self.segments.iter().filter(|segment| segment.kind == PT_LOAD).find_map(|segment| {
            let offset = usize::try_from(address.checked_sub(segment.address)?).ok()?;
            segment.data.get(offset..).filter(|rest| !rest.is_empty())
        })
    }

    /// The bytes at this address.
    pub fn at_address(&self, address: u64, size: u64) -> Option<&'a [u8]> {
        self.from_address(address)?.get(..usize::try_from(size).ok()?)
    }

    /// The segments that are written to in memory, for what has no section: addresses and bytes. Segments that overlap end the list when
    /// they have as many bytes as the file: no byte of it need be searched more often.
    pub fn writable(&self) -> impl Iterator<Item = (u64, &'a [u8])> {
        let is_writable = |segment: &&Part<'_>| segment.kind == PT_LOAD && segment.flags & (PF_W | PF_X) == PF_W;
        let mut left = self.data.len();
        self.segments.iter().filter(is_writable).map_while(move |segment| {
            left = left.checked_sub(segment.data.len())?;
            Some((segment.address, segment.data))
        })
    }

    /// A number of the file's byte order, of 1 to 8 bytes.
    pub fn number(&self, bytes: &[u8]) -> Option<u64> {
        if bytes.is_empty() || bytes.len() > 8 {
            return None;
        }
        let add = |all: u64, byte: &u8| (all << 8) | u64::from(*byte);
        Some(if self.is_big_endian { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) })
    }

    /// The number of `size` bytes at an offset.
    pub fn number_at(&self, bytes: &[u8], offset: usize, size: usize) -> Option<u64> {
        self.number(bytes.get(offset..offset.checked_add(size)?)?)
    }

    /// `x86_64`, `aarch64`, or `machine 243`.
    pub fn machine(&self) -> String {
        match self.machine {
            3 => "i386".into(),
            20 => "powerpc".into(),
            21 => "powerpc64".into(),
            22 => "s390x".into(),
            40 => "arm".into(),
            62 => "x86_64".into(),
            183 => "aarch64".into(),
            243 => "riscv".into(),
            258 => "loongarch".into(),
            other => format!("machine {other}"),
        }
    }

    /// `PT_INTERP`.
    pub fn interpreter(&self) -> Option<String> {
        let segment = self.segments.iter().find(|segment| segment.kind == PT_INTERP)?;
        let text = text_at(segment.data, 0);
        (!text.is_empty()).then(|| String::from_utf8_lossy(text).into_owned())
    }

    /// The notes, of the sections or, where there is none, of the segments.
    pub fn notes(&self) -> Vec<Note<'a>> {
        let mut parts: Vec<&Part<'a>> = self.sections.iter().filter(|section| section.kind == SHT_NOTE).collect();
        if parts.is_empty() {
            parts = self.segments.iter().filter(|segment| segment.kind == PT_NOTE).collect();
        }
        let mut notes = Vec::new();
        for part in parts {
            let step = if part.align == 8 { 8 } else { 4 };
            let mut rest = part.data;
            while notes.len() < MAX_ENTRIES {
                let Some((note, after)) = self.note(rest, step) else { break };
                notes.push(note);
                rest = after;
            }
        }
        notes
    }

    fn note(&self, data: &'a [u8], step: usize) -> Option<(Note<'a>, &'a [u8])> {
        let owner_size = usize::try_from(self.number_at(data, 0, 4)?).ok()?;
        let text_size = usize::try_from(self.number_at(data, 4, 4)?).ok()?;
        let kind = u32::try_from(self.number_at(data, 8, 4)?).ok()?;
        let owner_end = owner_size.checked_add(12)?;
        let owner = data.get(12..owner_end)?;
        let text_start = owner_end.checked_next_multiple_of(step)?;
        let text_end = text_start.checked_add(text_size)?;
        let text = data.get(text_start..text_end)?;
        let rest = data.get(text_end.checked_next_multiple_of(step)?..).unwrap_or_default();
        Some((Note { owner: owner.strip_suffix(b"\0").unwrap_or(owner), kind, text }, rest))
    }

    /// The dynamic section.
    pub fn dynamic(&self) -> Dynamic {
        let mut dynamic = Dynamic::default();
        let word = if self.is_64 { 8 } else { 4 };
        let Some(segment) = self.segments.iter().find(|segment| segment.kind == PT_DYNAMIC) else { return dynamic };
        let entry = |pair: &[u8]| Some((self.number_at(pair, 0, word)?, self.number_at(pair, word, word)?));
        let entries: Vec<(u64, u64)> =
            segment.data.chunks_exact(word * 2).take(MAX_ENTRIES).filter_map(entry).take_while(|(tag, _)| *tag != 0).collect();
        let value = |tag: u64| entries.iter().find(|(other, _)| *other == tag).map(|(_, value)| *value);
        let Some(strings) = value(DT_STRTAB).and_then(|address| self.from_address(address)) else { return dynamic };
        let size = value(DT_STRSZ).and_then(|size| usize::try_from(size).ok()).unwrap_or(0).min(strings.len());
        let strings = strings.get(..size).unwrap_or_default();
        for (tag, value) in entries {
            let text = text_at(strings, value);
            match tag {
                DT_NEEDED if !text.is_empty() => dynamic.needed.push(String::from_utf8_lossy(text).into_owned()),
                DT_SONAME if !text.is_empty() => dynamic.soname = Some(String::from_utf8_lossy(text).into_owned()),
                _ => {}
            }
        }
        dynamic
    }

    /// The bytes in which constant text stands, no byte twice: data that is neither code nor tables for it. Where no section says which
    /// that is, the segments that are not code, or else the whole file.
    pub fn constants(&self) -> Vec<&'a [u8]> {
        let is_text = |section: &&Part<'_>| {
            section.kind == SHT_PROGBITS
                && section.flags & (SHF_ALLOC | SHF_EXECINSTR | SHF_COMPRESSED) == SHF_ALLOC
                && !matches!(section.name, b".eh_frame" | b".eh_frame_hdr" | b".gcc_except_table" | b".gopclntab" | b".data.rel.ro")
        };
        let mut ranges: Vec<Range<usize>> = self.sections.iter().filter(is_text).map(|section| section.range.clone()).collect();
        if ranges.is_empty() {
            let is_text = |segment: &&Part<'_>| segment.kind == PT_LOAD && segment.flags & PF_X == 0;
            ranges = self.segments.iter().filter(is_text).map(|segment| segment.range.clone()).collect();
        }
        if ranges.iter().all(Range::is_empty) {
            ranges = std::iter::once(0..self.data.len()).collect();
        }
        ranges.sort_by_key(|range| (range.start, range.end));
        let mut whole: Vec<Range<usize>> = Vec::new();
        for range in ranges.into_iter().filter(|range| !range.is_empty()) {
            match whole.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                Some(_) | None => whole.push(range),
            }
        }
        whole.into_iter().filter_map(|range| self.data.get(range)).collect()
    }

    /// The addresses of these global symbols of `.dynsym` and `.symtab`, in the order of `names`; `None` for one that is not there.
    pub fn symbols<const N: usize>(&self, names: [&str; N]) -> [Option<u64>; N] {
        let mut found = [None; N];
        let (size, value) = if self.is_64 { (24, (8, 8)) } else { (16, (4, 4)) };
        for (table, strings) in [(".dynsym", ".dynstr"), (".symtab", ".strtab")] {
            let (Some(table), Some(strings)) = (self.section(table), self.section(strings)) else { continue };
            for symbol in table.data.chunks_exact(size).take(MAX_SYMBOLS) {
                let Some(offset) = self.number_at(symbol, 0, 4).and_then(|offset| usize::try_from(offset).ok()) else { continue };
                let Some(text) = strings.data.get(offset..) else { continue };
                for (name, slot) in names.iter().zip(&mut found) {
                    if slot.is_none() && text.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&0)) {
                        *slot = self.number_at(symbol, value.0, value.1);
                    }
                }
            }
        }
        found
    }
}

/// The bytes of a table up to the next NUL, at most [`MAX_TEXT`].
fn text_at(table: &[u8], offset: u64) -> &[u8] {
    let rest = usize::try_from(offset).ok().and_then(|offset| table.get(offset..)).unwrap_or_default();
    let rest = rest.get(..rest.len().min(MAX_TEXT)).unwrap_or_default();
    rest.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn range_of(start: u64, size: u64) -> Option<Range<usize>> {
    let start = usize::try_from(start).ok()?;
    Some(start..start.checked_add(usize::try_from(size).ok()?)?)
}

#[cfg(test)]
pub(super) mod tests;

//! Build information in an ELF file: Go's `debug/buildinfo/buildinfo.go` and `runtime/debug/mod.go`.
//!
//! It begins with a magic at a multiple of 16. Since Go 1.18 the two texts follow it, each with its length; before, two pointers to string
//! headers do. The first text is Go's version, the second one lists modules, a line each, between two marks of 16 bytes.

use memchr::memmem;

use super::super::Flaw;
use super::super::elf_image::Elf;

const MAGIC: &[u8] = b"\xff Go buildinf:";
/// Multiple at which the magic stands.
const ALIGN: u64 = 16;
/// Bytes of header before texts that follow.
const HEADER: usize = 32;
/// Bytes of each mark around the list of modules.
const MARK: usize = 16;
/// Bytes of Go's version.
const MAX_VERSION: u64 = 1_024;
/// Bytes of the list of modules. Kubernetes' have 20 KB.
const MAX_MODULES_BYTES: u64 = 4 << 20;
/// Modules of one program. Big ones have 1,000.
const MAX_MODULES: usize = 20_000;
/// Bytes of one line but of `-ldflags`.
const MAX_LINE: usize = 4_096;
/// Places that begin like build information.
const MAX_PLACES: usize = 64;

/// What a program says of its build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct BuildInfo {
    /// `go1.22.3`.
    pub(super) go_version: String,
    /// Import path of the main package.
    pub(super) path: String,
    /// The main module.
    pub(super) main: Option<Module>,
    /// The other modules.
    pub(super) modules: Vec<Module>,
    settings: Vec<(String, String)>,
}

/// One module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Module {
    pub(super) path: String,
    /// As written: empty or `(devel)` where it is not known.
    pub(super) version: String,
    /// `h1:…`, the hash of its files in Go's own way, where there is one.
    pub(super) sum: String,
    /// The module or folder that stands in for it.
    pub(super) replaced_by: Option<Box<Module>>,
}

impl Module {
    /// Its version, where it is known.
    pub(super) fn known_version(&self) -> Option<&str> {
        Some(self.version.as_str()).filter(|version| !matches!(*version, "" | "(devel)"))
    }

    /// True for a folder of the machine that built it.
    pub(super) fn is_folder(&self) -> bool {
        let path = self.path.as_str();
        matches!(path, "." | "..")
            || ["./", "../", "/", ".\\", "..\\"].iter().any(|start| path.starts_with(start))
            || path.get(1..3) == Some(":\\")
    }
}

impl BuildInfo {
    pub(super) fn setting(&self, key: &str) -> Option<&str> {
        self.settings.iter().find(|(other, _)| other == key).map(|(_, value)| value.as_str())
    }
}

/// The build information; `None` where there is none.
pub(super) fn find(elf: &Elf<'_>) -> Option<Result<(BuildInfo, Vec<Flaw>), Flaw>> {
    let place = match elf.section(".go.buildinfo") {
        Some(section) => memmem::find(section.data, MAGIC).and_then(|at| section.data.get(at..)),
        None => elf.writable().find_map(|(address, data)| stripped(address, data)),
    }?;
    let read = texts(elf, place).ok_or_else(|| Flaw::malformed("Go's build information leads nowhere"));
    Some(read.and_then(|(version, modules)| parse(version, modules)))
}

fn stripped(address: u64, data: &[u8]) -> Option<&[u8]> {
    let is_aligned = |at: &usize| address.wrapping_add(*at as u64).is_multiple_of(ALIGN);
    memmem::find_iter(data, MAGIC).take(MAX_PLACES).find(is_aligned).and_then(|at| data.get(at..))
}

/// Go's version and the list of modules.
fn texts<'a>(elf: &Elf<'a>, place: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let pointer_size = usize::from(*place.get(MAGIC.len())?);
    let flags = *place.get(MAGIC.len().checked_add(1)?)?;
    if flags & 2 != 0 {
        let (version, rest) = counted(place.get(HEADER..)?, MAX_VERSION)?;
        let (modules, _) = counted(rest, MAX_MODULES_BYTES)?;
        return Some((version, modules));
    }
    if !matches!(pointer_size, 4 | 8) {
        return None;
    }
    let is_big_endian = flags & 1 != 0;
    let number = |bytes: &[u8]| -> u64 {
        let add = |all: u64, byte: &u8| (all << 8) | u64::from(*byte);
        if is_big_endian { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) }
    };
    let pointer = |at: usize| Some(number(place.get(at..at.checked_add(pointer_size)?)?));
    let text = |at: u64, most: u64| -> Option<&'a [u8]> {
        let size = pointer_size as u64;
        let data = number(elf.at_address(at, size)?);
        let length = number(elf.at_address(at.checked_add(size)?, size)?);
        if length > most { None } else { elf.at_address(data, length) }
    };
    let version = text(pointer(MAGIC.len().checked_add(2)?)?, MAX_VERSION)?;
    // A program that was built without modules has none.
    let modules = pointer(MAGIC.len().checked_add(2)?.checked_add(pointer_size)?).filter(|at| *at != 0);
    Some((version, modules.and_then(|at| text(at, MAX_MODULES_BYTES)).unwrap_or_default()))
}

/// A text after its length, and what follows it.
fn counted(data: &[u8], most: u64) -> Option<(&[u8], &[u8])> {
    let mut length: u64 = 0;
    for (place, byte) in data.iter().take(10).enumerate() {
        let shift = u32::try_from(place).ok()?.checked_mul(7)?;
        length |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            let start = place.checked_add(1)?;
            let end = start.checked_add(usize::try_from(length).ok().filter(|_| length <= most)?)?;
            return Some((data.get(start..end)?, data.get(end..)?));
        }
    }
    None
}

fn parse(version: &[u8], modules: &[u8]) -> Result<(BuildInfo, Vec<Flaw>), Flaw> {
    let version = std::str::from_utf8(version).map_err(|_| Flaw::malformed("Go's version is not UTF-8"))?;
    let mut info = BuildInfo { go_version: version.to_owned(), ..BuildInfo::default() };
    let mut flaws = Vec::new();
    // As Go itself does: no list where the marks are not there.
    let end = modules.len().saturating_sub(MARK);
    let is_marked = modules.len() > 2 * MARK && end.checked_sub(1).and_then(|last| modules.get(last)) == Some(&b'\n');
    let list = if is_marked { modules.get(MARK..end).unwrap_or_default() } else { b"" };
    let list = std::str::from_utf8(list).map_err(|_| Flaw::malformed("Go's list of modules is not UTF-8"))?;
    let mut lines = list.lines();
    for line in lines.by_ref() {
        let (word, rest) = line.split_once('\t').unwrap_or((line, ""));
        if line.len() > MAX_LINE && word != "build" {
            flaws.push(Flaw::too_large("go::MAX_LINE", format!("a line of {} bytes, at most {MAX_LINE} are read", line.len())));
            continue;
        }
        match word {
            "path" => rest.clone_into(&mut info.path),
            "mod" => info.main = module(rest),
            "dep" if info.modules.len() >= MAX_MODULES => {
                flaws.push(Flaw::too_large("go::MAX_MODULES", format!("more than {MAX_MODULES} modules")));
                break;
            }
            "dep" => info.modules.extend(module(rest)),
            "=>" => {
                let replaced = info.modules.last_mut().or(info.main.as_mut());
                if let Some((replaced, by)) = replaced.zip(module(rest)) {
                    replaced.replaced_by = Some(Box::new(by));
                }
            }
            "build" => info.settings.extend(rest.split_once('=').map(|(key, value)| (unquoted(key), unquoted(value)))),
            _ => {}
        }
    }
    Ok((info, flaws))
}

fn module(columns: &str) -> Option<Module> {
    let mut columns = columns.split('\t').map(str::to_owned);
    let path = columns.next().filter(|path| !path.is_empty())?;
    Some(Module { path, version: columns.next().unwrap_or_default(), sum: columns.next().unwrap_or_default(), replaced_by: None })
}

/// A value as Go's `strconv.Quote` writes it, simple escapes only.
fn unquoted(text: &str) -> String {
    if let Some(raw) = text.strip_prefix('`').and_then(|text| text.strip_suffix('`')) {
        return raw.to_owned();
    }
    let Some(inner) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else { return text.to_owned() };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some(other)) => out.push(other),
            (c, _) => out.push(c),
        }
    }
    out
}

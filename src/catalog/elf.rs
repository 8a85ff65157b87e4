//! Executables that no package covers: what is hashed and described of them. ELF: System V ABI; scripts: `execve(2)`, "Interpreter scripts".
//!
//! Of zips and folders, where it is known what packages cover, these are all ELF files, files that begin with `#!`, and source files of
//! script languages. Of images it is not known yet when a file's bytes come by, and most source files belong to packages: there, only ELF
//! files and files that begin with `#!` are taken.

use super::elf_image::Elf;
use super::executable_file::{ELF, MAX_BYTES, MAX_BYTES_NAME, is_source};
use super::{Cataloger, Executable, ExecutableKind, Facts, File, FileFacts, Flaw, Want};
use crate::model::digest::Digest;

/// Bytes of one script. Bundles have some megabytes.
const MAX_SCRIPT_BYTES: u64 = 32 << 20;
/// Bytes of the line that names the interpreter: the kernel reads no more.
const MAX_INTERPRETER: usize = 256;
/// Bytes of a build id. GNU's have 20, Go's note is another.
const MAX_BUILD_ID: usize = 64;
/// `NT_GNU_BUILD_ID`.
const BUILD_ID: u32 = 3;

/// See the module.
pub(super) struct Executables;

impl Cataloger for Executables {
    fn name(&self) -> &'static str {
        "executables"
    }

    fn describe(&self) -> &'static str {
        "ELF files and scripts: digest, build id and needed libraries of those that no package covers"
    }

    fn is_about_programs(&self) -> bool {
        true
    }

    fn wants(&self, file: &FileFacts<'_>) -> Option<Want> {
        match file.covered {
            Some(true) => None,
            Some(false) if is_source(file) => Some(Want::whole(MAX_SCRIPT_BYTES, "elf::MAX_SCRIPT_BYTES")),
            Some(false) | None => {
                let is_script = file.is_executable() && is_source(file);
                (is_script || file.may_be_executable()).then_some(Want::beginning(&[ELF, b"#!"], MAX_BYTES, MAX_BYTES_NAME))
            }
        }
    }

    fn parse(&self, file: &File<'_>) -> Result<Facts, Flaw> {
        let mut facts = Facts::default();
        let is_elf = file.bytes.starts_with(ELF);
        // Hashing a big program twice as long as reading it, for nothing: its own build information covers it.
        if is_elf && file.elf().is_some_and(|elf| super::go::covers(elf) || super::rust::covers(file.bytes, elf)) {
            return Ok(facts);
        }
        let mut executable = Executable {
            path: file.path().to_owned(),
            kind: if is_elf { ExecutableKind::Elf } else { ExecutableKind::Script },
            size: file.bytes.len() as u64,
            sha256: Digest::of(file.bytes).hex(),
            build_id: None,
            soname: None,
            needed: Vec::new(),
            interpreter: None,
            machine: None,
        };
        if is_elf {
            match file.elf() {
                Some(elf) => {
                    describe(elf, &mut executable);
                    facts.flaws.extend(elf.flaw.as_ref().map(|flaw| Flaw::malformed(format!("ELF: {flaw}"))));
                }
                None => facts.flaws.push(Flaw::malformed("begins like an ELF file, but its header can't be read")),
            }
        } else {
            executable.interpreter = interpreter(file.bytes);
        }
        facts.executable = Some(executable);
        Ok(facts)
    }
}

fn describe(elf: &Elf<'_>, executable: &mut Executable) {
    let dynamic = elf.dynamic();
    executable.soname = dynamic.soname;
    executable.needed = dynamic.needed;
    executable.interpreter = elf.interpreter();
    executable.machine = Some(elf.machine());
    let is_build_id = |note: &&super::elf_image::Note<'_>| note.owner == b"GNU" && note.kind == BUILD_ID && note.text.len() <= MAX_BUILD_ID;
    executable.build_id = elf.notes().iter().find(is_build_id).map(|note| data_encoding::HEXLOWER.encode(note.text));
}

/// What stands after `#!`, as the kernel reads it.
fn interpreter(bytes: &[u8]) -> Option<String> {
    let line = bytes.strip_prefix(b"#!")?;
    let line = line.get(..line.len().min(MAX_INTERPRETER))?.split(|byte| *byte == b'\n').next()?;
    let text = String::from_utf8_lossy(line).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::elf_image::tests::build::Build;
    use super::*;

    fn parse(path: &str, bytes: &[u8]) -> Facts {
        let bytes = Arc::new(bytes.to_vec());
        let facts = FileFacts::new(path, bytes.len() as u64, None).with_cover(Some(false));
        Executables.parse(&File::new(facts, &bytes)).expect("facts")
    }

    #[test]
    fn what_begins_like_elf_and_is_none_is_listed_with_a_flaw() {
        let facts = parse("lib/broken.so", b"\x7fELF and nothing that follows");
        let executable = facts.executable.expect("an executable");
        assert_eq!((executable.kind, executable.machine), (ExecutableKind::Elf, None));
        assert_eq!(executable.sha256.len(), 64);
        assert_eq!(facts.flaws.len(), 1);
    }

    #[test]
    fn a_library_is_described() {
        let bytes = Build::new().note(".note.gnu.build-id", b"GNU\0", 3, &[0xbe, 0xef]).dynamic(Some("libx.so.1"), &["libc.so.6"]).bytes();
        let facts = parse("lib/libx.so.1", &bytes);
        let executable = facts.executable.expect("an executable");
        assert_eq!(executable.build_id.as_deref(), Some("beef"));
        assert_eq!(executable.soname.as_deref(), Some("libx.so.1"));
        assert_eq!(executable.needed, ["libc.so.6"]);
        assert!(facts.flaws.is_empty());
    }

    #[test]
    fn a_build_id_of_a_megabyte_is_none() {
        let bytes = Build::new().note(".note.gnu.build-id", b"GNU\0", 3, &vec![1; 1 << 20]).bytes();
        assert_eq!(parse("a", &bytes).executable.expect("an executable").build_id, None);
    }

    #[test]
    fn a_script_has_the_interpreter_of_its_first_line_only() {
        assert_eq!(
            parse("a", b"#!/usr/bin/env python3\nimport x").executable.unwrap().interpreter.as_deref(),
            Some("/usr/bin/env python3")
        );
        assert_eq!(parse("a.py", b"import x").executable.unwrap().interpreter, None);
        let long = parse("a", &[b"#!".as_slice(), &[b'x'; 1 << 16]].concat()).executable.unwrap().interpreter.unwrap();
        assert_eq!(long.len(), MAX_INTERPRETER);
    }

    #[test]
    fn source_files_of_images_and_of_packages_are_left() {
        let facts = |covered| FileFacts::new("a/b.py", 100, Some(0o644)).with_cover(covered);
        assert!(Executables.wants(&facts(Some(false))).is_some_and(|want| want.magic.is_empty()));
        assert_eq!(Executables.wants(&facts(Some(true))), None);
        assert_eq!(Executables.wants(&facts(None)), None);
        let text = FileFacts::new("a.dist-info/RECORD", 100, Some(0o644)).with_cover(Some(false));
        assert_eq!(Executables.wants(&text), None);
        let executable = FileFacts::new("a/b.py", 100, Some(0o755));
        assert!(Executables.wants(&executable).is_some_and(|want| want.magic.contains(&b"#!".as_slice())));
    }
}

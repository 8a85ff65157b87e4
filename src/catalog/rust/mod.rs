//! Rust programs: the crates that they are made of. Sources: `cargo-auditable` (PARSING.md), paths in panic messages, `Cargo.lock`.
//!
//! - A section `.dep-v0` lists crates and what they need: it is build information, and covers the program.
//! - Without it, messages of panics name the sources of crates, with versions: those that can panic, so never all.
//! - A lock tells checksums and edges of crates that are there; alone, what was declared.

mod auditable;
mod lock;
mod panic_path;

use super::elf_image::Elf;
use super::executable_file::want_elf;
use super::{Assembled, Cataloger, Facts, File, FileFacts, Flaw, Seen, View, Want};

/// See the module.
pub(super) struct RustPrograms;

impl Cataloger for RustPrograms {
    fn name(&self) -> &'static str {
        "rust"
    }

    fn describe(&self) -> &'static str {
        "Rust programs: crates from cargo-auditable, from panic messages, and Cargo.lock"
    }

    fn is_about_programs(&self) -> bool {
        true
    }

    fn wants(&self, file: &FileFacts<'_>) -> Option<Want> {
        lock::want(file).or_else(|| want_elf(file))
    }

    fn parse(&self, file: &File<'_>) -> Result<Facts, Flaw> {
        if file.facts.name() == lock::NAME {
            return lock::parse(file);
        }
        let Some(elf) = file.elf() else { return Ok(Facts::default()) };
        match auditable::parse(file.bytes, elf, file.path()) {
            Some(Ok(facts)) => Ok(facts),
            // What can't be read there may still be told by panics.
            Some(Err(flaw)) => {
                let mut facts = panic_path::parse(elf, file.path());
                facts.flaws.push(flaw);
                Ok(facts)
            }
            None => Ok(panic_path::parse(elf, file.path())),
        }
    }

    fn assemble(&self, seen: Vec<Seen>, _view: &View<'_>) -> Assembled {
        lock::assemble(seen)
    }
}

/// Whether a program's build information names what it is: then it is covered.
pub(super) fn covers(bytes: &[u8], elf: &Elf<'_>) -> bool {
    matches!(auditable::parse(bytes, elf, ""), Some(Ok(facts)) if facts.packages.iter().any(|package| !package.files.is_empty()))
}

#[cfg(test)]
mod tests;

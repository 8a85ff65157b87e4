//! Packages that ELF files name in a note `.note.package`. Specification: UAPI Group, "Package Metadata for Executable Files".

use serde::Deserialize;

use super::executable_file::want_elf;
use super::{Basis, Cataloger, Evidence, Facts, File, FileFacts, Flaw, Package, PackageKind, Purl, Technique, Want};

/// Bytes of one note. Real ones have two hundred.
const MAX_BYTES: usize = 16 << 10;
/// Bytes of a name or version.
const MAX_TEXT: usize = 512;
/// `FDO_PACKAGING_METADATA`.
const KIND: u32 = 0xcafe_1a7e;

/// Its name, for [`super::overlap`].
pub(super) const NAME: &str = "elf-note";

/// See the module.
pub(super) struct PackageNotes;

/// What the note says; keys that are not known are passed over, as the specification has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Note {
    r#type: Option<String>,
    os: Option<String>,
    os_version: Option<String>,
    name: Option<String>,
    version: Option<String>,
    architecture: Option<String>,
    app_cpe: Option<String>,
}

impl Cataloger for PackageNotes {
    fn name(&self) -> &'static str {
        NAME
    }

    fn describe(&self) -> &'static str {
        "ELF notes .note.package: the package that a file says it was built for"
    }

    fn is_about_programs(&self) -> bool {
        true
    }

    fn wants(&self, file: &FileFacts<'_>) -> Option<Want> {
        // A package that covers the file is the surer word.
        if file.covered == Some(true) { None } else { want_elf(file) }
    }

    fn parse(&self, file: &File<'_>) -> Result<Facts, Flaw> {
        let mut facts = Facts::default();
        let notes = file.elf().map(|elf| elf.notes()).unwrap_or_default();
        let Some(note) = notes.iter().find(|note| note.owner == b"FDO" && note.kind == KIND) else { return Ok(facts) };
        if note.text.len() > MAX_BYTES {
            return Err(Flaw::too_large(
                "elf_note::MAX_BYTES",
                format!("a note of {} bytes, at most {MAX_BYTES} are read", note.text.len()),
            ));
        }
        // It ends with NULs, one at least.
        let text = note.text.split(|byte| *byte == 0).next().unwrap_or_default();
        let note: Note = serde_json::from_slice(text).map_err(|e| Flaw::malformed(format!(".note.package: {e}")))?;
        let usable = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|text| !text.is_empty() && text.len() <= MAX_TEXT).map(str::to_owned)
        };
        let Some(name) = usable(&note.name) else { return Err(Flaw::malformed(".note.package: no name")) };
        let os = usable(&note.os).unwrap_or_default();
        let kind = match usable(&note.r#type).unwrap_or_default().as_str() {
            "deb" => "deb",
            "rpm" => "rpm",
            "apk" => "apk",
            "alpm" | "arch" => "alpm",
            _ => "generic",
        };
        let mut purl = Purl::new(kind, &name, usable(&note.version).as_deref());
        if kind != "generic" {
            purl = purl.in_namespace(&os).with("arch", &usable(&note.architecture).unwrap_or_default());
            if let Some(release) = usable(&note.os_version).filter(|_| !os.is_empty()) {
                purl = purl.with("distro", &format!("{os}-{release}"));
            }
        }
        let evidence =
            Evidence { path: file.path().to_owned(), cataloger: self.name().into(), technique: Technique::BinaryAnalysis, confidence: 100 };
        // The note names the source of the file, as its build saw it: that is metadata, but of no package that is installed here.
        let mut package = Package::new(purl, Basis::Heuristic, evidence);
        package.name = name;
        package.kind = PackageKind::Application;
        package.files.insert(file.path().to_owned());
        package.cpes.extend(usable(&note.app_cpe).filter(|cpe| cpe.starts_with("cpe:")));
        facts.packages.push(package);
        Ok(facts)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::elf_image::tests::build::Build;
    use super::*;

    fn parse(owner: &[u8], kind: u32, text: &str) -> Result<Facts, Flaw> {
        let bytes = Arc::new(Build::new().note(".note.package", owner, kind, text.as_bytes()).bytes());
        let facts = FileFacts::new("bin/tool", bytes.len() as u64, None);
        PackageNotes.parse(&File::new(facts, &bytes))
    }

    #[test]
    fn a_note_names_its_package() {
        let text = "{\"type\":\"rpm\",\"os\":\"fedora\",\"osVersion\":\"39\",\"name\":\"Coreutils\",\"version\":\"9.3-5.fc39\",\"architecture\":\"x86_64\",\"new\":[1]}\0";
        let facts = parse(b"FDO\0", KIND, text).expect("facts");
        assert_eq!(facts.packages[0].purl.to_string(), "pkg:rpm/fedora/Coreutils@9.3-5.fc39?arch=x86_64&distro=fedora-39");
        assert_eq!(facts.packages[0].basis, Basis::Heuristic);
    }

    #[test]
    fn notes_of_others_are_passed_over() {
        assert!(parse(b"GNU\0", KIND, "{\"name\":\"x\"}\0").expect("facts").packages.is_empty());
        assert!(parse(b"FDO\0", 3, "{\"name\":\"x\"}\0").expect("facts").packages.is_empty());
    }

    #[test]
    fn a_note_that_says_nothing_usable_is_a_flaw() {
        let deep = "[".repeat(10_000);
        let long = format!("{{\"name\":\"{}\"}}", "x".repeat(1_000));
        for text in ["", "{}", "{\"name\":\" \"}", "{\"name\":7}", "\u{1}", &deep, &long, &" ".repeat(20 << 10)] {
            assert!(parse(b"FDO\0", KIND, text).is_err());
        }
    }
}

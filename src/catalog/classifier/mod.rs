//! Native libraries and runtimes without package metadata, told by what they write about themselves: the version texts of their own
//! sources. Each classifier cites the source file that has its text.
//!
//! A text that only mentions a library is no finding: it must stand alone, between NULs or what a compiler puts there. A program that
//! loads a library writes the version of the header that it was built with: where the loader brings the library, its text counts for nothing.

mod libraries;
mod programs;
mod version_text;

use super::elf_image::Dynamic;
use super::executable_file::want_elf;
use super::{Basis, Cataloger, Evidence, Facts, File, FileFacts, Flaw, Package, PackageKind, Purl, Technique, Want};

/// Its name, for [`super::overlap`].
pub(super) const NAME: &str = "classifier";

/// See the module.
pub(super) struct Classifiers;

/// Something that was found in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    /// Name, as in `pkg:generic/NAME`.
    name: &'static str,
    /// None where the text has none.
    version: Option<String>,
    /// Vendor and product of its CPE, most exact first.
    cpes: &'static [(&'static str, &'static str)],
    /// Percent.
    confidence: u8,
}

/// A file, as classifiers look at it.
struct Look<'a> {
    /// Its name.
    name: &'a str,
    /// Where its text stands.
    constants: Vec<&'a [u8]>,
    dynamic: Dynamic,
}

impl Look<'_> {
    /// The name that the loader knows it by, or its own.
    fn library(&self) -> &str {
        self.dynamic.soname.as_deref().unwrap_or(self.name)
    }

    /// Whether the loader brings it a library of one of these names: `libssl.so`, whatever version.
    fn loads(&self, libraries: &[&str]) -> bool {
        self.dynamic.needed.iter().any(|needed| libraries.iter().any(|library| needed.starts_with(library)))
    }
}

impl Cataloger for Classifiers {
    fn name(&self) -> &'static str {
        NAME
    }

    fn describe(&self) -> &'static str {
        "native code without metadata: OpenSSL, AWS-LC, curl, SQLite, zlib, and the runtimes of Python, Node.js and Ruby, by their version texts"
    }

    fn is_about_programs(&self) -> bool {
        true
    }

    fn wants(&self, file: &FileFacts<'_>) -> Option<Want> {
        want_elf(file)
    }

    fn parse(&self, file: &File<'_>) -> Result<Facts, Flaw> {
        let mut facts = Facts::default();
        let Some(elf) = file.elf() else { return Ok(facts) };
        if super::go::is_without_c(elf) {
            return Ok(facts);
        }
        let look = Look { name: file.facts.name(), constants: elf.constants(), dynamic: elf.dynamic() };
        let mut findings = libraries::find(&look);
        findings.extend(programs::find(&look));
        findings.sort();
        findings.dedup();
        let is_whole = |finding: &Finding| is_file_of(finding.name, &look);
        facts.packages = findings.iter().map(|finding| package(finding, file.path(), is_whole(finding))).collect();
        Ok(facts)
    }
}

/// Whether the file is the library or program itself, and not one that has it linked in.
fn is_file_of(name: &str, look: &Look<'_>) -> bool {
    let own: &[&str] = match name {
        "openssl" | "aws-lc" | "boringssl" => &["libcrypto", "libssl", "openssl"],
        "curl" => &["libcurl", "curl"],
        "sqlite" => &["libsqlite3", "sqlite3"],
        "zlib" => &["libz.", "libz-"],
        "python" => &["libpython", "python"],
        "node" => &["libnode", "node"],
        "ruby" => &["libruby", "ruby"],
        _ => &[],
    };
    own.iter().any(|own| look.library().starts_with(own) || look.name.starts_with(own))
}

fn package(finding: &Finding, path: &str, is_whole: bool) -> Package {
    let evidence =
        Evidence { path: path.to_owned(), cataloger: NAME.into(), technique: Technique::BinaryAnalysis, confidence: finding.confidence };
    let mut package = Package::new(Purl::new("generic", finding.name, finding.version.as_deref()), Basis::Heuristic, evidence);
    if let Some(version) = &finding.version {
        package.cpes =
            finding.cpes.iter().map(|(vendor, product)| format!("cpe:2.3:a:{vendor}:{product}:{version}:*:*:*:*:*:*:*")).collect();
    }
    if is_whole {
        package.files.insert(path.to_owned());
    } else {
        package.properties.insert("layerproof:linked-into".into(), path.to_owned());
    }
    if matches!(finding.name, "python" | "node" | "ruby") {
        package.kind = PackageKind::Framework;
    }
    package
}

#[cfg(test)]
mod tests;

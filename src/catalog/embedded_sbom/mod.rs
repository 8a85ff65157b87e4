//! SBOMs that a vendor put into the artifact: CycloneDX JSON (ECMA-424; 1.2 to 1.7) and SPDX JSON (ISO/IEC 5962; 2.0 to 2.3), among them
//! those of Python packages (PEP 770). [`read`] reads such a document wherever it comes from.

mod cyclonedx;
mod draft;
mod lenient;
mod spdx;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde::de::DeserializeSeed;
use serde_json::Value;

pub use draft::{StatedBom, StatedFormat, StatedSubject};
use lenient::{Lenient, Object};

use super::{Assembled, Cataloger, Evidence, Facts, File, FileFacts, Flaw, Seen, Technique, View, Want};
use crate::model::gap::GapReason;
use crate::unpack::EntryKind;

/// Bytes of one document. Those of whole images have some 10 MB where they list every file.
const MAX_BYTES: u64 = 16 << 20;
/// How sure it is that what a vendor states is there, percent.
const CONFIDENCE: u8 = 70;

/// See the module.
pub(super) struct EmbeddedSbom;

impl Cataloger for EmbeddedSbom {
    fn name(&self) -> &'static str {
        "embedded-sbom"
    }

    fn describe(&self) -> &'static str {
        "*.cdx.json, *.spdx.json, bom.json, *.dist-info/sboms/, META-INF/sbom/: the packages that a vendor's SBOM states"
    }

    fn wants(&self, file: &FileFacts<'_>) -> Option<Want> {
        promise(file).map(|_| Want::whole(MAX_BYTES, "embedded_sbom::MAX_BYTES"))
    }

    fn parse(&self, file: &File<'_>) -> Result<Facts, Flaw> {
        let text = Text::Bytes(file.bytes);
        if promise(&file.facts) == Some(Promise::Perhaps) && !text.claims_to_be_one() {
            return Ok(Facts::default());
        }
        let mut bom = text.read()?;
        let evidence = Evidence {
            path: file.path().to_owned(),
            cataloger: self.name().to_owned(),
            technique: Technique::ManifestAnalysis,
            confidence: CONFIDENCE,
        };
        for package in &mut bom.packages {
            package.evidence.insert(evidence.clone());
        }
        Ok(Facts { packages: bom.packages, edges: bom.edges, flaws: bom.flaws, ..Facts::default() })
    }

    /// Ties to each package the files that its document names and that are there: seen from the folder of the document, from the one that
    /// holds the Python packages, or from the root.
    fn assemble(&self, mut seen: Vec<Seen>, view: &View<'_>) -> Assembled {
        for Seen { path, facts } in &mut seen {
            let file = FileFacts::new(path, 0, None);
            let around = file.folder().strip_suffix("/sboms").map(|info| info.rsplit_once('/').map_or("", |(site, _)| site));
            let folders: Vec<&str> = [Some(file.folder()), around, Some("")].into_iter().flatten().collect();
            let there = |name: &String| {
                let within = |folder: &&str| if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
                folders.iter().map(within).find(|path| view.at(path).is_some_and(|entry| entry.kind != EntryKind::Directory))
            };
            for package in &mut facts.packages {
                package.files = package.files.iter().filter_map(there).collect();
            }
        }
        Assembled::each(seen)
    }
}

/// Reads a CycloneDX or SPDX document in JSON. What could not be understood of it, or was too much, stands in its `flaws`.
///
/// # Errors
/// Why it says nothing: no SBOM, an unknown version, broken JSON.
pub fn read(bytes: &[u8]) -> Result<StatedBom, Flaw> {
    Text::Bytes(bytes).read()
}

/// [`read`], for JSON that was parsed already: the predicate of an attestation.
///
/// # Errors
/// Those of [`read`].
pub fn read_value(value: &Value) -> Result<StatedBom, Flaw> {
    Text::Parsed(value).read()
}

/// [`read`], for the predicate of an attestation: the document itself, the same as text, or either in the `Data` of cosign's own predicate.
///
/// # Errors
/// Those of [`read`].
pub fn read_predicate(predicate: &Value) -> Result<StatedBom, Flaw> {
    let is_document = predicate.get("bomFormat").or(predicate.get("spdxVersion")).is_some();
    match predicate.get("Data").filter(|_| !is_document).unwrap_or(predicate) {
        Value::String(text) => read(text.as_bytes()),
        document => read_value(document),
    }
}

/// What a file's name says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Promise {
    /// An SBOM: anything else is a flaw.
    Sbom,
    /// Perhaps one.
    Perhaps,
}

fn promise(file: &FileFacts<'_>) -> Option<Promise> {
    let name = file.name();
    let promise = if let Some(stem) = name.strip_suffix(".json") {
        let ends = |all: &[&str]| all.iter().any(|end| stem.ends_with(end));
        if ends(&[".cdx", ".spdx", ".cyclonedx"]) || is_folder_of_sboms(file.folder()) {
            Promise::Sbom
        } else if matches!(stem, "bom" | "sbom") || ends(&[".bom", ".sbom"]) {
            Promise::Perhaps
        } else {
            return None;
        }
    } else if name.starts_with(".spdx-") && name.ends_with(".spdx") {
        // Bitnami's packages, in /opt/bitnami.
        Promise::Sbom
    } else {
        return None;
    };
    (!is_fixture(file.folder())).then_some(promise)
}

/// PEP 770, and what Java archives have.
fn is_folder_of_sboms(folder: &str) -> bool {
    folder.ends_with(".dist-info/sboms") || folder == "META-INF/sbom" || folder.ends_with("/META-INF/sbom")
}

/// Inputs of somebody's tests say nothing of what is here.
fn is_fixture(folder: &str) -> bool {
    folder.split('/').any(|part| matches!(part, "test" | "tests" | "__tests__" | "testdata" | "fixtures" | "__fixtures__" | "examples"))
}

/// A document.
#[derive(Clone, Copy)]
enum Text<'a> {
    Bytes(&'a [u8]),
    Parsed(&'a Value),
}

/// What tells the formats apart.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Marks {
    #[serde(rename = "bomFormat")]
    bom_format: Lenient<String>,
    #[serde(rename = "specVersion")]
    spec_version: Lenient<String>,
    #[serde(rename = "spdxVersion")]
    spdx_version: Lenient<String>,
    #[serde(rename = "@context")]
    context: Lenient<String>,
}

impl Text<'_> {
    fn read(self) -> Result<StatedBom, Flaw> {
        let Lenient(Some(Object(marks))) = self.parse(std::marker::PhantomData::<Lenient<Object<Marks>>>)? else {
            return Err(Flaw::malformed("it is no JSON object"));
        };
        let not_known = |detail: String| Flaw { reason: GapReason::NotBuilt, detail };
        if marks.bom_format.0.as_deref() == Some("CycloneDX") {
            let version = marks.spec_version.0.unwrap_or_default();
            return match version.as_str() {
                "1.2" | "1.3" | "1.4" | "1.5" | "1.6" | "1.7" => cyclonedx::read(self, &version),
                _ => Err(not_known(format!("CycloneDX `{}`; 1.2 to 1.7 are read", cut(&version)))),
            };
        }
        if let Some(version) = marks.spdx_version.0 {
            return match version.as_str() {
                "SPDX-2.0" | "SPDX-2.1" | "SPDX-2.2" | "SPDX-2.3" => spdx::read(self, version.trim_start_matches("SPDX-")),
                _ => Err(not_known(format!("`{}`; SPDX 2.0 to 2.3 are read", cut(&version)))),
            };
        }
        if marks.context.0.is_some_and(|context| context.contains("spdx.org/rdf/3")) {
            return Err(not_known("SPDX 3; 2.0 to 2.3 are read".into()));
        }
        Err(Flaw::malformed("it is JSON, but neither CycloneDX nor SPDX"))
    }

    /// True where a word of the text says that it is an SBOM, be it broken or not.
    fn claims_to_be_one(self) -> bool {
        let Text::Bytes(bytes) = self else { return true };
        let has = |word: &[u8]| memchr::memmem::find(bytes, word).is_some();
        (has(b"\"bomFormat\"") && has(b"CycloneDX")) || has(b"\"spdxVersion\"") || has(b"spdx.org/rdf/3")
    }

    fn parse<S: for<'de> DeserializeSeed<'de, Value = T>, T>(self, seed: S) -> Result<T, Flaw> {
        let parsed = match self {
            Self::Bytes(bytes) => {
                let mut deserializer = serde_json::Deserializer::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
                seed.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value))
            }
            Self::Parsed(value) => seed.deserialize(value),
        };
        parsed.map_err(|error| {
            let detail = error.to_string();
            // The parser's own limit is 128 levels.
            if detail.starts_with("recursion limit") {
                Flaw::too_large("embedded_sbom::depth", detail)
            } else {
                Flaw::malformed(cut(&detail))
            }
        })
    }
}

/// As much of a foreign text as a message needs.
fn cut(text: &str) -> &str {
    const MOST: usize = 200;
    text.get(..text.floor_char_boundary(MOST)).unwrap_or_default()
}

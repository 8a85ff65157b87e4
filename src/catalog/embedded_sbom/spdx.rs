//! SPDX 2 JSON (SPDX 2.3 and its JSON schema). Packages and files lie side by side; relationships say what is whose.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;
use serde::de::MapAccess;

use super::Text;
use super::draft::{Draft, MAX_WORDS, Said, StatedBom, StatedFormat, What, cpe, hash, link};
use super::lenient::{Each, Fields, Fill, Lenient, List, Object, Walk, value};
use crate::catalog::licence::{JOINED, REFERENCE_DIGITS};
use crate::catalog::{Flaw, Licence, LinkKind, PackageHash, PackageKind, Relation};
use crate::model::digest::Digest;

/// Elements that a document says it describes. One that describes several has no subject.
const MAX_DESCRIBED: usize = 1_000;
/// Files that one package lists.
const MAX_FILES_OF_A_PACKAGE: usize = 100_000;
/// Packages of which it is kept that they are needed, or are not.
const MAX_NEEDED: usize = 100_000;
/// Annotations of one package.
const MAX_ANNOTATIONS: usize = 1_000;
/// Texts of licences that are on no list.
const MAX_EXTRACTED: usize = 10_000;
/// Bytes of such texts, counted again for each package that has one.
const MAX_EXTRACTED_BYTES: usize = 16 << 20;
/// How this program joins several licences.
const AND: &str = " AND ";
const DOCUMENT: &str = "SPDXRef-DOCUMENT";

pub(super) fn read(text: Text<'_>, version: &str) -> Result<StatedBom, Flaw> {
    let mut document = Document {
        draft: Draft::new(StatedFormat::Spdx, version),
        packages: Vec::new(),
        described: BTreeSet::new(),
        for_building: BTreeSet::new(),
        for_running: BTreeSet::new(),
        extracted: Extracted { by_reference: HashMap::new(), left: MAX_EXTRACTED_BYTES },
    };
    text.parse(Fill(&mut document))?;
    Ok(document.finish())
}

struct Document {
    draft: Draft,
    packages: Vec<PackageWire>,
    described: BTreeSet<String>,
    /// What is said to be needed only to build or to test.
    for_building: BTreeSet<String>,
    for_running: BTreeSet<String>,
    extracted: Extracted,
}

/// Texts that this program gave references of its own. Those of others may be whole licences, and stay what they are called.
struct Extracted {
    by_reference: HashMap<String, Licence>,
    /// Bytes that may still be copied.
    left: usize,
}

impl Extracted {
    /// The licence that a reference stands for.
    fn resolve(&mut self, reference: &str) -> Option<Licence> {
        let licence = self.by_reference.get(reference)?;
        self.left = self.left.saturating_sub(licence.text().len());
        (self.left > 0).then(|| licence.clone())
    }
}

impl<'de> Fields<'de> for Document {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        match key {
            "packages" => {
                let (draft, packages) = (&mut self.draft, &mut self.packages);
                let take = |package: PackageWire| {
                    if draft.takes_one_more() {
                        packages.push(package);
                    }
                };
                map.next_value_seed(Walk(&mut Each::of(take)))?;
            }
            "files" => {
                let draft = &mut self.draft;
                let take = |file: FileWire| {
                    if let (Some(id), Some(name)) = (file.id.0, file.file_name.0) {
                        draft.name_file(&id, &name);
                    }
                };
                map.next_value_seed(Walk(&mut Each::of(take)))?;
            }
            "relationships" => map.next_value_seed(Walk(&mut Each::of(|relationship: Relationship| self.relate(relationship))))?,
            "annotations" => {
                let draft = &mut self.draft;
                let take = |annotation: Annotation| draft.mark(annotation.read().0);
                map.next_value_seed(Walk(&mut Each::of(take)))?;
            }
            "hasExtractedLicensingInfos" => {
                let (draft, extracted) = (&mut self.draft, &mut self.extracted.by_reference);
                let take = |info: ExtractedWire| {
                    let (Some(id), Some(text)) = (info.license_id.0, info.extracted_text.0) else { return };
                    if !is_own_reference(&id, &text) {
                        return;
                    }
                    if extracted.len() >= MAX_EXTRACTED {
                        draft.reach("embedded_sbom::spdx::MAX_EXTRACTED", MAX_EXTRACTED);
                    } else if let Some(licence) = Licence::expression(&text).or_else(|| Licence::named(&text)) {
                        extracted.insert(id, licence);
                    }
                };
                map.next_value_seed(Walk(&mut Each::of(take)))?;
            }
            "documentDescribes" => {
                let all: Option<List<Lenient<String>, MAX_DESCRIBED>> = value(map)?;
                self.described.extend(all.into_iter().flat_map(|List(all)| all).filter_map(|id| id.0));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl Document {
    fn relate(&mut self, relationship: Relationship) {
        let (Some(from), Some(kind), Some(to)) = (relationship.element.0, relationship.kind.0, relationship.related.0) else { return };
        let note = |set: &mut BTreeSet<String>, id: String| {
            if set.len() < MAX_NEEDED {
                set.insert(id);
            }
        };
        match kind.as_str() {
            "DEPENDS_ON" => {
                self.draft.relate(&from, Relation::DependsOn, &to);
                note(&mut self.for_running, to);
            }
            "DEPENDENCY_OF" | "RUNTIME_DEPENDENCY_OF" | "OPTIONAL_DEPENDENCY_OF" | "PROVIDED_DEPENDENCY_OF" => {
                self.draft.relate(&to, Relation::DependsOn, &from);
                note(&mut self.for_running, from);
            }
            "BUILD_DEPENDENCY_OF" | "DEV_DEPENDENCY_OF" | "TEST_DEPENDENCY_OF" | "BUILD_TOOL_OF" | "DEV_TOOL_OF" | "TEST_TOOL_OF" => {
                note(&mut self.for_building, from);
            }
            "CONTAINS" => self.draft.relate(&from, Relation::Contains, &to),
            "CONTAINED_BY" => self.draft.relate(&to, Relation::Contains, &from),
            "DESCRIBES" if from == DOCUMENT && self.described.len() < MAX_DESCRIBED => {
                self.described.insert(to);
            }
            "DESCRIBED_BY" if to == DOCUMENT && self.described.len() < MAX_DESCRIBED => {
                self.described.insert(from);
            }
            _ => {}
        }
    }

    fn finish(mut self) -> StatedBom {
        let subject = self.described.first().filter(|_| self.described.len() == 1);
        for mut package in self.packages {
            let files = package.has_files.0.take().map(|List(files)| files).unwrap_or_default();
            let is_subject = subject.is_some() && package.id.0.as_ref() == subject;
            let said = package.said(is_subject, &mut self.extracted);
            for file in files.into_iter().filter_map(|file| file.0) {
                if let Some(reference) = &said.reference {
                    self.draft.relate(reference, Relation::Contains, &file);
                }
            }
            self.draft.add(said, None);
        }
        if self.extracted.left == 0 {
            self.draft.reach("embedded_sbom::spdx::MAX_EXTRACTED_BYTES", MAX_EXTRACTED_BYTES);
        }
        for id in self.for_building.difference(&self.for_running) {
            self.draft.exclude(id);
        }
        self.draft.finish()
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PackageWire {
    #[serde(rename = "SPDXID")]
    id: Lenient<String>,
    name: Lenient<String>,
    version_info: Lenient<String>,
    primary_package_purpose: Lenient<String>,
    supplier: Lenient<String>,
    originator: Lenient<String>,
    homepage: Lenient<String>,
    download_location: Lenient<String>,
    license_declared: Lenient<String>,
    license_concluded: Lenient<String>,
    license_comments: Lenient<String>,
    summary: Lenient<String>,
    description: Lenient<String>,
    checksums: Lenient<List<Lenient<Object<Checksum>>, MAX_WORDS>>,
    external_refs: Lenient<List<Lenient<Object<ExternalRef>>, MAX_WORDS>>,
    has_files: Lenient<List<Lenient<String>, MAX_FILES_OF_A_PACKAGE>>,
    annotations: Lenient<List<Lenient<Object<Annotation>>, MAX_ANNOTATIONS>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Annotation {
    comment: Lenient<String>,
}

impl Annotation {
    /// Name and value, as this program writes properties into documents that have none.
    fn read(&self) -> (&str, &str) {
        let comment = self.comment.0.as_deref().unwrap_or_default();
        comment.split_once(": ").unwrap_or((comment, ""))
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ExtractedWire {
    license_id: Lenient<String>,
    extracted_text: Lenient<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Checksum {
    algorithm: Lenient<String>,
    checksum_value: Lenient<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ExternalRef {
    reference_type: Lenient<String>,
    reference_locator: Lenient<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct FileWire {
    #[serde(rename = "SPDXID")]
    id: Lenient<String>,
    file_name: Lenient<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Relationship {
    #[serde(rename = "spdxElementId")]
    element: Lenient<String>,
    #[serde(rename = "relationshipType")]
    kind: Lenient<String>,
    #[serde(rename = "relatedSpdxElement")]
    related: Lenient<String>,
}

impl PackageWire {
    fn said(self, is_subject: bool, extracted: &mut Extracted) -> Said {
        let mut said = Said {
            reference: self.id.0,
            is_subject,
            what: self.primary_package_purpose.0.map_or(What::Unsaid, |purpose| what(&purpose)),
            name: self.name.0.unwrap_or_default().trim().to_owned(),
            version: asserted(self.version_info.0),
            supplier: asserted(self.supplier.0).or(asserted(self.originator.0)).map(|party| party_name(&party).to_owned()),
            description: self.summary.0.or(self.description.0),
            ..Said::default()
        };
        let was_joined = self.license_comments.0.as_deref() == Some(JOINED);
        let mut read = |text: Option<&str>| text.map(|text| licences(text, was_joined, extracted)).unwrap_or_default();
        said.licences = read(self.license_declared.0.as_deref());
        if said.licences.is_empty() {
            said.licences = read(self.license_concluded.0.as_deref());
        }
        said.links.extend(self.homepage.0.and_then(|url| link(LinkKind::Website, url)));
        said.links.extend(self.download_location.0.and_then(|url| link(LinkKind::Distribution, url)));
        let checksums = self.checksums.0.into_iter().flat_map(|List(all)| all).filter_map(|checksum| checksum.0);
        said.hashes = checksums.filter_map(|Object(checksum)| checksum.read()).collect();
        for Object(reference) in self.external_refs.0.into_iter().flat_map(|List(all)| all).filter_map(|reference| reference.0) {
            let (Some(kind), Some(locator)) = (reference.reference_type.0, reference.reference_locator.0) else { continue };
            // Either the short name, or its address in the list of reference types.
            match kind.rsplit('/').next() {
                Some("purl") if said.purl.is_none() => said.purl = Some(locator),
                Some("cpe23Type") => said.cpes.extend(cpe(locator)),
                _ => {}
            }
        }
        for Object(annotation) in self.annotations.0.into_iter().flat_map(|List(all)| all).filter_map(|annotation| annotation.0) {
            let (name, value) = annotation.read();
            said.mark(name, value);
        }
        said
    }
}

impl Checksum {
    /// With the name that CycloneDX has for it.
    fn read(self) -> Option<PackageHash> {
        let algorithm = self.algorithm.0?;
        let name = match algorithm.as_str() {
            "SHA1" => "SHA-1",
            "SHA256" => "SHA-256",
            "SHA384" => "SHA-384",
            "SHA512" => "SHA-512",
            other => other,
        };
        hash(name, &self.checksum_value.0?)
    }
}

/// Whether a reference is one that this program makes of a text: it ends with the beginning of the text's digest.
fn is_own_reference(id: &str, text: &str) -> bool {
    let hash = id.strip_prefix("LicenseRef-").map(|rest| rest.rsplit('-').next().unwrap_or(rest));
    hash.is_some_and(|hash| hash.len() == REFERENCE_DIGITS && Digest::of(text.as_bytes()).hex().starts_with(hash))
}

/// The licences of an expression: one, or, where this program joined several, those again. A reference that is all of one is the licence that
/// it stands for.
fn licences(text: &str, was_joined: bool, extracted: &mut Extracted) -> Vec<Licence> {
    let mut resolved = |term: &str| extracted.resolve(term.trim()).or_else(|| Licence::read(term));
    if !was_joined {
        return resolved(text).into_iter().collect();
    }
    let mut terms: Vec<&str> = Vec::new();
    let (mut from, mut depth) = (0_usize, 0_usize);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth = depth.saturating_add(1),
            ')' => depth = depth.saturating_sub(1),
            ' ' if depth == 0 && text.get(at..).is_some_and(|rest| rest.starts_with(AND)) && terms.len() < MAX_WORDS => {
                terms.extend(text.get(from..at));
                from = at.saturating_add(AND.len());
            }
            _ => {}
        }
    }
    // Of more than are taken apart the rest stays one expression.
    terms.extend(text.get(from..));
    // What has no spaces was not put into brackets.
    let unbracketed = |term: &str| {
        let inner = term.strip_prefix('(').and_then(|term| term.strip_suffix(')')).filter(|inner| inner.contains(' '));
        inner.unwrap_or(term).to_owned()
    };
    let mut known = BTreeSet::new();
    terms.retain(|term| known.insert(*term));
    terms.into_iter().filter_map(|term| resolved(&unbracketed(term))).collect()
}

fn what(purpose: &str) -> What {
    match purpose {
        "LIBRARY" => What::Package(PackageKind::Library),
        "APPLICATION" => What::Package(PackageKind::Application),
        "FRAMEWORK" => What::Package(PackageKind::Framework),
        "OPERATING-SYSTEM" | "OPERATING_SYSTEM" => What::Package(PackageKind::OperatingSystem),
        "CONTAINER" | "DEVICE" | "FIRMWARE" => What::Other,
        "FILE" => What::File,
        _ => What::Unsaid,
    }
}

/// SPDX has words for what is not said.
fn asserted(text: Option<String>) -> Option<String> {
    text.filter(|text| !matches!(text.trim(), "" | "NOASSERTION" | "NONE"))
}

/// `Organization: NAME (MAIL)`.
fn party_name(text: &str) -> &str {
    let name = ["Organization:", "Person:", "Tool:"].iter().find_map(|kind| text.strip_prefix(kind)).unwrap_or(text);
    name.rsplit_once(" (").filter(|(_, mail)| mail.ends_with(')')).map_or(name, |(name, _)| name).trim()
}

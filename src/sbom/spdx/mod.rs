//! SPDX 2.3, JSON. Specification: SPDX 2.3 (ISO/IEC 5962 in its later revision) and its `spdx-schema.json`.

mod document;
mod package;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use data_encoding::HEXLOWER;
use jiff::Timestamp;

use document::{Annotation, CreationInfo, ExtractedLicence, Package, Relationship};
use package::{file_package, os_package, package, part_package, subject_package, unidentified_package};

use super::names::{Unique, slug};
use super::outline::Outline;
use super::{Bom, licence, properties as says, serial, timestamp};
use crate::catalog::Relation;
use crate::model::digest::Digest;
use crate::model::printable::printable;

pub(super) use document::Document;

const DOCUMENT: &str = "SPDXRef-DOCUMENT";

/// What SPDX says for creators without a website of their own (§6.5.2): the UUID makes it unique, nothing is stored there.
const NAMESPACE: &str = "https://spdx.org/spdxdocs/layerproof-";

/// The format.
pub(super) struct Spdx;

impl super::Document for Spdx {
    fn name(&self) -> &'static str {
        "spdx-json"
    }

    fn describe(&self) -> &'static str {
        "SPDX, JSON"
    }

    fn versions(&self) -> &'static [&'static str] {
        &["2.3"]
    }

    fn default_version(&self) -> &'static str {
        "2.3"
    }

    fn ending(&self) -> &'static str {
        "spdx.json"
    }

    fn render(&self, bom: &Bom, _version: &str, out: &mut dyn Write) -> io::Result<()> {
        let outline = Outline::of(bom);
        let ids = Ids::of(bom, &outline);
        serial::write(&document(bom, &outline, &ids)?, out)
    }
}

/// The SPDX identifiers of what an [`Outline`] has references for: `SPDXRef-KIND-NAME-HASH`, the hash that of the reference.
pub(super) struct Ids {
    root: String,
    parts: Vec<String>,
    packages: Vec<String>,
    os: Option<String>,
    unidentified: Vec<String>,
    files: Vec<String>,
}

impl Ids {
    pub(super) fn of(bom: &Bom, outline: &Outline) -> Self {
        let mut unique = Unique::default();
        let mut id = |kind: &str, name: &str, reference: &str| {
            let hash = HEXLOWER.encode(&Digest::of(reference.as_bytes()).bytes()[..8]);
            let slug = slug(name);
            let dash = if slug.is_empty() { "" } else { "-" };
            unique.name(&format!("SPDXRef-{kind}-{slug}{dash}{hash}"), "-")
        };
        let catalog = &bom.catalog;
        Self {
            root: id("Subject", &bom.subject.name, &outline.root),
            parts: bom.parts.iter().zip(&outline.parts).map(|(part, reference)| id("Part", &part.subject.name, reference)).collect(),
            packages: catalog
                .packages
                .iter()
                .zip(&outline.packages)
                .map(|(package, reference)| id("Package", &format!("{}-{}", package.purl.kind, package.name), reference))
                .collect(),
            os: catalog.os.iter().zip(&outline.os).map(|(os, reference)| id("OperatingSystem", &os.id, reference)).next(),
            unidentified: catalog
                .unidentified
                .iter()
                .zip(&outline.unidentified)
                .map(|(file, reference)| id("File", file_name(&file.path), reference))
                .collect(),
            files: outline
                .files
                .iter()
                .map(|(place, reference)| id("File", bom.files.get(*place).map_or("", |file| file_name(&file.path)), reference))
                .collect(),
        }
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Who writes annotations, and when: one date and one tool for the whole document.
pub(super) struct Pen {
    date: String,
    tool: String,
}

impl Pen {
    fn annotations(&self, all: says::Properties) -> Vec<Annotation> {
        all.into_iter()
            .map(|(name, value)| Annotation {
                annotation_date: self.date.clone(),
                annotation_type: "OTHER",
                annotator: self.tool.clone(),
                comment: format!("{name}: {value}"),
            })
            .collect()
    }
}

/// The whole document, with its namespace.
pub(super) fn document<'a>(bom: &'a Bom, outline: &'a Outline, ids: &'a Ids) -> io::Result<Document<'a>> {
    let created = timestamp(bom.created.unwrap_or(Timestamp::UNIX_EPOCH));
    let pen = Pen { date: created.clone(), tool: format!("Tool: {}-{}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")) };
    let mut extracted = licence::Extracted::new();
    let packages = packages(bom, outline, ids, &pen, &mut extracted);
    let list: Vec<&str> = spdx::identifiers::VERSION.split('.').take(2).collect();
    let mut document = Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: DOCUMENT,
        name: one_line(&bom.subject.name),
        document_namespace: None,
        creation_info: CreationInfo {
            created,
            creators: [pen.tool.clone()],
            license_list_version: list.join("."),
            comment: bom.created.is_none().then_some(
                "The date is a fixed one, not that of this document: no date was asked for, and the same input gives the same bytes.",
            ),
        },
        packages,
        has_extracted_licensing_infos: extracted
            .into_iter()
            .map(|(license_id, extracted_text)| ExtractedLicence { name: "NOASSERTION".into(), license_id, extracted_text })
            .collect(),
        annotations: pen.annotations(says::of_document(bom)),
        relationships: relationships(bom, outline, ids),
    };
    document.document_namespace = Some(format!("{NAMESPACE}{}", serial::of(&document)?));
    Ok(document)
}

/// The subject, its parts, the operating system, packages, and files. Files are packages too: an SPDX file needs a SHA-1, which we don't
/// compute.
fn packages<'a>(bom: &'a Bom, outline: &Outline, ids: &'a Ids, pen: &Pen, extracted: &mut licence::Extracted) -> Vec<Package<'a>> {
    let catalog = &bom.catalog;
    let mut all = vec![subject_package(&bom.subject, &ids.root, pen)];
    all.extend(bom.parts.iter().zip(&ids.parts).map(|(part, id)| part_package(part, id, pen)));
    all.extend(catalog.os.iter().zip(&ids.os).map(|(os, id)| os_package(os, id, pen)));
    all.extend(catalog.packages.iter().zip(&ids.packages).map(|(one, id)| package(one, id, pen, extracted)));
    all.extend(catalog.unidentified.iter().zip(&ids.unidentified).map(|(file, id)| unidentified_package(file, id, pen)));
    let files = outline.files.iter().filter_map(|(place, _)| bom.files.get(*place));
    all.extend(files.zip(&ids.files).map(|(file, id)| file_package(file, id, pen)));
    all
}

fn relationships<'a>(bom: &Bom, outline: &Outline, ids: &'a Ids) -> Vec<Relationship<'a>> {
    let relation = |from: &'a str, kind: &'static str, to: &'a str| Relationship {
        spdx_element_id: from,
        relationship_type: kind,
        related_spdx_element: to,
        comment: None,
    };
    let id = |place: usize| ids.packages.get(place).map(String::as_str);
    let root = ids.root.as_str();
    let mut all = vec![relation(DOCUMENT, "DESCRIBES", root)];

    let (shares, rest) = outline.shares(bom);
    all.extend(ids.parts.iter().chain(&ids.os).chain(&ids.unidentified).map(|id| relation(root, "CONTAINS", id)));
    all.extend(rest.into_iter().filter_map(id).map(|id| relation(root, "CONTAINS", id)));
    for (share, part) in shares.into_iter().zip(&ids.parts) {
        all.extend(share.into_iter().filter_map(id).map(|id| relation(part, "CONTAINS", id)));
    }
    let owners = if outline.files.is_empty() { Default::default() } else { outline.owners(bom) };
    for ((place, _), file) in outline.files.iter().zip(&ids.files) {
        let owner = bom.files.get(*place).and_then(|file| owners.get(file.path.as_str())).and_then(|owner| id(*owner));
        all.push(relation(owner.unwrap_or(root), "CONTAINS", file));
    }

    let mut related = |of: Relation, kind: &'static str, comment: Option<&'static str>| {
        let both = outline.related(of).filter_map(|(from, to)| Some((id(from)?, id(to)?)));
        all.extend(both.map(|(from, to)| Relationship { comment, ..relation(from, kind, to) }));
    };
    related(Relation::DependsOn, "DEPENDS_ON", None);
    related(Relation::Contains, "CONTAINS", None);
    related(Relation::OwnedBy, "OTHER", Some("layerproof:owned-by"));
    all.sort();
    all.dedup();
    all
}

/// Text of a field that is a single line: what could begin another line, or hide in this one, is escaped.
pub(super) fn one_line(text: &str) -> std::borrow::Cow<'_, str> {
    printable(text)
}

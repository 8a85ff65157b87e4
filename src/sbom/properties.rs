//! `layerproof:…` properties: what the formats have no field for. docs/sbom.md lists them all.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Bom, BomPart, BomSubject, SubjectKind, strict};
use crate::catalog::{Aggregate, CatalogGap, Evidence, Executable, ExecutableKind, OsRelease, Package, Scope};

/// Names and values, in the order in which they are written. A name may stand several times.
pub(super) type Properties = Vec<(String, String)>;

/// One property.
fn one(name: &str, value: impl Into<String>) -> (String, String) {
    (format!("layerproof:{name}"), value.into())
}

/// Compact JSON: exact, and of one line.
fn compact(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// By name; values of one name keep their order.
fn sorted(mut properties: Properties) -> Properties {
    properties.sort_by(|a, b| a.0.cmp(&b.0));
    properties
}

/// What is known of a package besides what both formats have fields for.
pub(super) fn of_package(package: &Package) -> Properties {
    let mut all = vec![one("basis", package.basis.id())];
    let mut catalogers: Vec<&str> = package.evidence.iter().map(|evidence| evidence.cataloger.as_str()).collect();
    catalogers.sort_unstable();
    catalogers.dedup();
    all.extend(catalogers.into_iter().map(|cataloger| one("cataloger", cataloger)));
    all.extend(package.root.as_ref().map(|root| one("root", root)));
    if !package.files.is_empty() {
        all.push(one("file-count", package.files.len().to_string()));
    }
    if strict::purl(&package.purl).is_none() {
        all.push(one("purl", package.purl.to_string()));
    }
    let unwritable = package.hashes.iter().filter(|hash| strict::hash(hash).is_none());
    all.extend(unwritable.map(|hash| one("hash", format!("{}:{}", hash.algorithm, hash.hex))));
    let unwritable = package.links.iter().filter(|link| !strict::is_uri(&link.url));
    all.extend(unwritable.map(|link| one("link", &link.url)));
    all.extend(package.properties.iter().map(|(name, value)| (name.clone(), value.clone())));
    sorted(all)
}

/// CPE names of which the format has no field for: all but the first in CycloneDX, and those of no known form.
pub(super) fn cpe(name: &str) -> (String, String) {
    one("cpe", name)
}

/// A version that is too long for the field.
pub(super) fn version(version: &str) -> (String, String) {
    one("version", version)
}

/// The package of the operating system that brought the files of another, by reference.
pub(super) fn owned_by(reference: &str) -> (String, String) {
    one("owned-by", reference)
}

/// A package whose files lie within those of another, by reference.
pub(super) fn contains(reference: &str) -> (String, String) {
    one("contains", reference)
}

/// A part of the subject that a package comes from, by reference.
pub(super) fn part(reference: &str) -> (String, String) {
    one("part", reference)
}

/// The package that a file belongs to, by reference.
pub(super) fn package(reference: &str) -> (String, String) {
    one("package", reference)
}

/// What says so, and how sure it is, for formats that have no field for it.
pub(super) fn evidence(evidence: &Evidence) -> (String, String) {
    one("evidence", compact(evidence))
}

/// The file that names the operating system, for formats that have no field for it.
pub(super) fn os_evidence(path: &str) -> (String, String) {
    one("evidence", compact(&BTreeMap::from([("path", path)])))
}

/// What a package is needed for, where that is not to run.
pub(super) fn scope(scope: Scope) -> Option<(String, String)> {
    match scope {
        Scope::Required => None,
        Scope::Optional => Some(one("scope", "optional")),
        Scope::Excluded => Some(one("scope", "excluded")),
    }
}

/// What is known of the subject.
pub(super) fn of_subject(subject: &BomSubject) -> Properties {
    let kind = match subject.kind {
        SubjectKind::Zip => "zip",
        SubjectKind::Directory => "directory",
        SubjectKind::Image => "image",
        SubjectKind::Function => "function",
    };
    let mut all = vec![one("kind", kind)];
    all.extend(subject.arn.as_ref().map(|arn| one("arn", arn)));
    if let Some(digest) = subject.digest {
        all.push(one("digest", digest.to_string()));
        if subject.kind == SubjectKind::Zip {
            all.push(one("code-sha256", digest.code_sha256()));
        }
    }
    all.extend(subject.size.map(|size| one("size", size.to_string())));
    all.extend(subject.signatures.iter().map(|signature| one("signature", signature)));
    all.extend(subject.properties.iter().map(|(name, value)| (name.clone(), value.clone())));
    sorted(all)
}

/// What is known of a part.
pub(super) fn of_part(part: &BomPart) -> Properties {
    let mut all = of_subject(&part.subject);
    all.push(one("mounted", &part.mounted));
    sorted(all)
}

/// What is known of the operating system.
pub(super) fn of_os(os: &OsRelease) -> Properties {
    let mut all: Properties = os.id_like.iter().map(|like| one("id-like", like)).collect();
    all.extend(os.cpe.iter().filter(|name| strict::cpe(name).is_none()).map(|name| cpe(name)));
    sorted(all)
}

/// What is known of an executable that no package covers.
pub(super) fn of_executable(executable: &Executable) -> Properties {
    let kind = match executable.kind {
        ExecutableKind::Elf => "elf",
        ExecutableKind::Script => "script",
    };
    let mut all = vec![one("unidentified", kind), one("size", executable.size.to_string())];
    let fields = [
        ("build-id", &executable.build_id),
        ("soname", &executable.soname),
        ("interpreter", &executable.interpreter),
        ("machine", &executable.machine),
    ];
    all.extend(fields.into_iter().filter_map(|(name, value)| value.as_ref().map(|value| one(name, value))));
    all.extend(executable.needed.iter().map(|library| one("needed", library)));
    sorted(all)
}

/// What is known of another file.
pub(super) fn of_file(size: u64) -> Properties {
    vec![one("size", size.to_string())]
}

/// What is known of the whole: how complete each list is, and what could not be learned.
pub(super) fn of_document(bom: &Bom) -> Properties {
    let mut all = Properties::new();
    for composition in &bom.catalog.compositions {
        all.push(one(&format!("composition:{}", composition.of), aggregate(composition.aggregate)));
        if !composition.reason.is_empty() {
            all.push(one(&format!("composition:{}:reason", composition.of), &composition.reason));
        }
    }
    all.extend(bom.catalog.gaps.iter().map(gap));
    sorted(all)
}

/// One thing that could not be learned.
#[derive(Serialize)]
struct Gap<'a> {
    cataloger: &'a str,
    path: &'a str,
    reason: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
}

fn gap(gap: &CatalogGap) -> (String, String) {
    let CatalogGap { path, cataloger, reason, detail } = gap;
    one("gap", compact(&Gap { cataloger, path, reason: reason.to_string(), detail }))
}

/// The word for it.
pub(super) fn aggregate(aggregate: Aggregate) -> &'static str {
    match aggregate {
        Aggregate::Complete => "complete",
        Aggregate::Incomplete => "incomplete",
        Aggregate::Unknown => "unknown",
    }
}

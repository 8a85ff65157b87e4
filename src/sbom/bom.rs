//! One SBOM, before it is written in any format.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::catalog::Catalog;
use crate::model::digest::Digest;

/// What a document says. All text is foreign unless said otherwise.
#[derive(Debug, Clone)]
pub struct Bom {
    /// What it is about.
    pub subject: BomSubject,
    /// What the subject is put together from, in order: the layers and the code of a function. Empty for a single artifact.
    pub parts: Vec<BomPart>,
    /// The packages, and what is not known of them.
    pub catalog: Arc<Catalog>,
    /// Every regular file with its digest, sorted by path; only where digests were asked for.
    pub files: Vec<HashedFile>,
    /// When it was made. Only `SOURCE_DATE_EPOCH` says so: the same input gives the same bytes.
    pub created: Option<Timestamp>,
}

/// What an SBOM is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BomSubject {
    /// What it is.
    pub kind: SubjectKind,
    /// File name, layer name, function name, or image reference.
    pub name: String,
    /// Layer version, function version, or tag.
    pub version: Option<String>,
    /// ARN or image reference, where it has one.
    pub arn: Option<String>,
    /// SHA-256 of the zip, or of the image's manifest (or of the index that was asked for). None for a folder or a whole function.
    pub digest: Option<Digest>,
    /// Bytes of the zip or manifest.
    pub size: Option<u64>,
    /// Signatures found beside or in it, one line each, as `inspect` tells them.
    pub signatures: Vec<String>,
    /// What else is worth saying: `layerproof:…` names to values.
    pub properties: BTreeMap<String, String>,
}

/// What the subject of an SBOM is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectKind {
    /// A zip: a layer version, or a function's code.
    Zip,
    /// A folder.
    Directory,
    /// A container image.
    Image,
    /// A function with its layers.
    Function,
}

/// One of the artifacts that a function is put together from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BomPart {
    /// What it is.
    pub subject: BomSubject,
    /// Where it is mounted: `/opt`, `/var/task`.
    pub mounted: String,
    /// Indices into the packages of the catalog: those that come from it, alone or among others.
    pub packages: Vec<usize>,
}

/// A regular file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedFile {
    /// Path.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256.
    pub digest: Digest,
}

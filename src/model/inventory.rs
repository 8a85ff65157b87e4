//! Everything that a source says is deployed, or about to be.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::arn::LayerVersionArn;
use super::artifact::{BlobLocation, Subject};
use super::digest::ClaimedDigest;
use super::function::Function;
use super::gap::Gap;
use super::image_ref::ImageRef;
use super::layer::LayerVersion;
use super::observed::Observed;
use super::template::Template;

/// The inventory of one source, before any byte of an artifact was read.
#[derive(Debug, Clone, Serialize)]
pub struct Inventory {
    /// Where it comes from.
    pub source: SourceInfo,
    /// Accounts and regions that were looked at.
    pub places: Vec<Place>,
    /// All functions, sorted by ARN.
    pub functions: Vec<Function>,
    /// All layer versions that are used, and those that the accounts publish.
    pub layers: BTreeMap<LayerVersionArn, LayerVersion>,
    /// ECR repositories by `REGISTRY/REPOSITORY`.
    pub repositories: BTreeMap<String, Repository>,
    /// Artifacts that the user named by path instead of through an account.
    pub files: Vec<FileArtifact>,
    /// Images that are named by digest, though by no deployed function.
    pub images: Vec<ImageArtifact>,
    /// Templates that the user named.
    pub templates: Vec<Template>,
    /// What could not be learned while listing.
    pub gaps: Vec<Gap>,
    /// What was looked at, per place and API.
    pub coverage: Vec<CoverageRow>,
    /// What a reader must know of how it was looked. Safe to print.
    pub notes: Vec<String>,
}

impl Inventory {
    /// An inventory of `source` that holds nothing yet.
    pub fn empty(source: SourceInfo) -> Self {
        Self {
            source,
            places: Vec::new(),
            functions: Vec::new(),
            layers: BTreeMap::new(),
            repositories: BTreeMap::new(),
            files: Vec::new(),
            images: Vec::new(),
            templates: Vec::new(),
            gaps: Vec::new(),
            coverage: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// An artifact that the user named by its path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileArtifact {
    /// The target as given, prefix included. Print through `printable`.
    pub given: String,
    /// What the content, or a prefix, says that it is.
    pub form: FileForm,
    /// What a decision is about: the subject of `--as`, or the file itself.
    pub subject: Subject,
    /// Where the bytes are.
    pub location: BlobLocation,
    /// The digest in `--as IMAGE@sha256:…`; what is read must have it.
    pub claimed: Option<ClaimedDigest>,
}

/// An image that is named by digest, though by no deployed function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageArtifact {
    /// `REGISTRY/REPOSITORY@sha256:…`, without a tag.
    pub image: ImageRef,
    /// Where it can be had.
    pub location: BlobLocation,
}

/// The form of an artifact on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileForm {
    /// A zip archive, or a file that was declared to be one.
    Zip,
    /// A directory.
    Directory,
    /// An OCI image layout in a directory.
    OciLayout,
    /// An OCI image layout in a tar archive.
    OciArchive,
    /// A file that is none of these: empty, text, random bytes. It is judged like any other, and is unsigned.
    Unrecognised,
}

/// Where an inventory comes from.
#[derive(Debug, Clone, Serialize)]
pub struct SourceInfo {
    /// `snapshot`, `template` or `local`.
    pub kind: &'static str,
    /// Path or name as the user gave it.
    pub name: String,
    /// When a snapshot says that it was recorded. It is unauthenticated.
    pub recorded_at: Option<Timestamp>,
    /// True for a snapshot: whoever can write it can write what it says.
    pub unauthenticated: bool,
}

/// An account in a region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// `aws`, `aws-cn`, …
    pub partition: String,
    /// Twelve digits.
    pub account: String,
    /// Region.
    pub region: String,
}

impl Place {
    /// True where an ARN with these parts is of this place.
    pub fn is_of(&self, partition: &str, account: &str, region: &str) -> bool {
        self.partition == partition && self.account == account && self.region == region
    }
}

/// One line of the coverage table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CoverageRow {
    /// Account and region.
    pub place: Place,
    /// `lambda:ListFunctions`, `ecr:DescribeImages`, …
    pub api: String,
    /// Answers that were had.
    pub answered: u64,
    /// Answers that could not be had.
    pub missing: u64,
}

/// An ECR repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Repository {
    /// `REGISTRY/REPOSITORY`.
    pub uri: String,
    /// True where a function that was looked at runs an image of it. What the tags of others point to is not asked, and no gap.
    pub is_used: bool,
    /// Tag mutability.
    pub mutability: Observed<TagMutability>,
    /// Digest that each tag points to now (DescribeImages).
    pub tags: Observed<BTreeMap<String, ClaimedDigest>>,
}

/// `imageTagMutability` with its exclusion filters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TagMutability {
    /// `MUTABLE`, `IMMUTABLE`, `MUTABLE_WITH_EXCLUSION`, `IMMUTABLE_WITH_EXCLUSION`, as given.
    pub setting: String,
    /// Wildcard filters (`*` matches any run), at most five at AWS.
    pub exclusion_filters: Vec<String>,
}

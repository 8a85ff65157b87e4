//! Templates: what is about to be deployed, as a file says it, with the place of every reference.
//!
//! A value is what the file writes, piece by piece. What is only known at deployment stays a [`Hole`] with its reason: nothing is guessed.

mod pin;
mod written;

use serde::Serialize;

pub use pin::{ImagePin, LayerPin};
pub use written::{Dynamic, DynamicSource, Hole, Piece, Unknown, Written};

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct SourceSpan {
    /// The file as the user named it. Print through `printable`.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// `FILE:LINE:COLUMN`, safe to print.
impl std::fmt::Display for SourceSpan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", super::printable::printable(&self.file), self.line, self.column)
    }
}

/// One template.
#[derive(Debug, Clone, Serialize)]
pub struct Template {
    /// The file as the user named it. Print through `printable`.
    pub file: String,
    /// What it is.
    pub format: TemplateFormat,
    /// The functions that it deploys.
    pub functions: Vec<TemplateFunction>,
    /// The layer versions that it publishes.
    pub layers: Vec<TemplateLayer>,
    /// Parts that were not looked at, or could not be understood.
    pub unlooked: Vec<Unlooked>,
    /// True where what the template names is looked at too; false under `--references-only`.
    pub artifacts: bool,
}

impl Template {
    /// Functions and layers.
    pub fn resources(&self) -> usize {
        self.functions.len() + self.layers.len()
    }

    /// How findings and gaps name a resource: `FILE#NAME`. A leading `./` is left out, so that two spellings are one subject.
    pub fn subject(&self, name: &str) -> String {
        let file = self.file.trim_start_matches("./");
        format!("{}#{}", super::printable::printable(file), super::printable::printable(name))
    }
}

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TemplateFormat {
    /// AWS CloudFormation, in YAML or JSON.
    CloudFormation,
    /// AWS SAM: CloudFormation with the transform `AWS::Serverless-2016-10-31`.
    Sam,
    /// What `terraform show -json PLAN` prints.
    TerraformPlan,
}

/// A function.
#[derive(Debug, Clone, Serialize)]
pub struct TemplateFunction {
    /// Logical id, or address in Terraform.
    pub name: String,
    /// Where the resource stands.
    pub place: SourceSpan,
    /// `PackageType`, or what the code says where it is left out.
    pub package: Package,
    /// Where its code comes from; several where a condition decides.
    pub code: Vec<CodeSource>,
    /// The layers that it names, in order.
    pub layers: Vec<Reference>,
    /// Its code signing configuration; several states where a condition decides.
    pub code_signing: Vec<CodeSigning>,
    /// `x86_64` or `arm64`; Lambda's default where the template names none.
    pub architecture: String,
}

/// What a function is deployed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Package {
    /// A zip.
    Zip,
    /// A container image.
    Image,
    /// The template does not tell.
    Unknown,
}

/// Whether a function has a code signing configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum CodeSigning {
    /// The template gives it one.
    Set {
        /// Where.
        place: SourceSpan,
        /// The condition's words, where one decides.
        when: Option<String>,
    },
    /// It gives it none.
    None {
        /// Where none is given: the property where one is written, else the resource.
        place: SourceSpan,
        /// The condition's words, where one decides.
        when: Option<String>,
    },
}

/// A layer version.
#[derive(Debug, Clone, Serialize)]
pub struct TemplateLayer {
    /// Logical id, or address in Terraform.
    pub name: String,
    /// Where the resource stands.
    pub place: SourceSpan,
    /// Where its content comes from.
    pub code: Vec<CodeSource>,
}

/// Where code comes from.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum CodeSource {
    /// A file or folder beside the template.
    Local(Reference),
    /// An S3 object.
    S3(S3Source),
    /// An image in a registry.
    Image(Reference),
    /// Written in the template itself.
    Inline {
        /// Where.
        place: SourceSpan,
    },
    /// An image that a Dockerfile makes.
    Built {
        /// Where it says so.
        place: SourceSpan,
    },
    /// The template names none.
    None {
        /// The resource.
        place: SourceSpan,
    },
}

/// An S3 object that code is taken from.
#[derive(Debug, Clone, Serialize)]
pub struct S3Source {
    /// `CodeUri`, `Code.S3Key`, `Content.S3Key`, …
    pub property: String,
    /// Where the key stands.
    pub place: SourceSpan,
    /// The bucket.
    pub bucket: Written,
    /// The key.
    pub key: Written,
    /// The object version, where one is given.
    pub version: Option<Written>,
    /// True in storage mode REFERENCE, in which Lambda keeps no copy.
    pub reference_mode: bool,
    /// The condition's words, where one decides.
    pub when: Option<String>,
}

/// A value that names a layer, an image or a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// The property, without index: `Layers`, `Code.ImageUri`.
    pub property: String,
    /// Where the value stands.
    pub place: SourceSpan,
    /// What is written.
    pub value: Referred,
    /// Where the value is read from at deployment, though the file may already show it: a Terraform data source.
    pub via: Vec<Dynamic>,
    /// The condition's words, where one decides: `where IsProd holds`.
    pub when: Option<String>,
}

/// What a reference names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "value")]
pub enum Referred {
    /// A resource of the same template, by its name.
    DefinedHere(String),
    /// A text.
    Written(Written),
}

/// A part of a template that was not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unlooked {
    /// Name of the resource, or of the part.
    pub name: String,
    /// Where.
    pub place: SourceSpan,
    /// What was wanted, completing "could not learn …".
    pub wanted: String,
    /// Why not.
    pub why: String,
    /// What to do.
    pub next_step: String,
}

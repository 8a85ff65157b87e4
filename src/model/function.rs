//! Functions, their versions and aliases, as the Lambda API describes them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::arn::{FunctionArn, LayerVersionArn};
use super::artifact::{BlobLocation, S3Object, ServiceSigning};
use super::digest::ClaimedDigest;
use super::image_ref::ImageRef;
use super::observed::Observed;

/// One function: its versions, aliases and code signing.
#[derive(Debug, Clone, Serialize)]
pub struct Function {
    /// The unqualified ARN.
    pub arn: FunctionArn,
    /// `$LATEST` first, then published versions in ascending order.
    pub versions: Vec<FunctionVersion>,
    /// ListAliases.
    pub aliases: Observed<Vec<Alias>>,
    /// GetFunctionCodeSigningConfig joined with GetCodeSigningConfig. `Absent`: the function has none.
    pub code_signing: Observed<CodeSigningConfig>,
    /// Its tags, as GetFunction gives them. `Absent`: the answer speaks of none.
    pub tags: Observed<BTreeMap<String, String>>,
}

/// One version of a function.
#[derive(Debug, Clone, Serialize)]
pub struct FunctionVersion {
    /// The ARN qualified with the version: `$LATEST` or a number.
    pub arn: FunctionArn,
    /// `Runtime`; `None` for images.
    pub runtime: Option<String>,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// `LastModified`.
    pub last_modified: Option<Timestamp>,
    /// Its code.
    pub code: FunctionCode,
    /// Its layers in the order in which Lambda merges them into `/opt`.
    pub layers: Vec<LayerUse>,
    /// `State`: `Active`, `Inactive`, …
    pub state: Option<String>,
    /// `StateReasonCode` or `LastUpdateStatusReasonCode`: `ImageDeleted`, `ImageAccessDenied`, …
    pub reason_code: Option<String>,
    /// `Code.Error` of GetFunction: Lambda could not retrieve the package.
    pub code_error: Option<CodeError>,
}

impl FunctionVersion {
    /// `$LATEST` or the number.
    pub fn version(&self) -> &str {
        self.arn.qualifier.as_deref().unwrap_or("$LATEST")
    }

    /// True for `$LATEST`.
    pub fn is_latest(&self) -> bool {
        self.version() == "$LATEST"
    }
}

/// The code of a function version.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case", tag = "package")]
pub enum FunctionCode {
    /// `PackageType: Zip`.
    Zip {
        /// `CodeSha256`.
        code_sha256: ClaimedDigest,
        /// `CodeSize`, bytes.
        code_size: u64,
        /// Where the zip can be had.
        location: Observed<BlobLocation>,
        /// AWS's own statement about the signature.
        signing: ServiceSigning,
        /// `ResolvedS3Object`, in storage mode REFERENCE only.
        s3_reference: Option<S3Object>,
    },
    /// `PackageType: Image`.
    Image {
        /// `Code.ImageUri`, as deployed; often a tag.
        image_uri: Observed<ImageRef>,
        /// `Code.ResolvedImageUri`; always carries a digest where it is present.
        resolved: Observed<ImageRef>,
        /// Where the image can be had.
        location: Observed<BlobLocation>,
    },
}

/// `Code.Error` of GetFunction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodeError {
    /// `ErrorCode`.
    pub code: String,
    /// `Message`; untrusted text.
    pub message: String,
}

/// One entry of a function version's `Layers`.
#[derive(Debug, Clone, Serialize)]
pub struct LayerUse {
    /// The layer version.
    pub arn: LayerVersionArn,
    /// `CodeSize` as the function's configuration states it.
    pub code_size: Option<u64>,
    /// AWS's own statement about the signature.
    pub signing: ServiceSigning,
}

/// An alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alias {
    /// Its name.
    pub name: String,
    /// The version it points to: `$LATEST` or a number.
    pub version: String,
    /// Further versions with their weight, `0.0..=1.0` (`RoutingConfig.AdditionalVersionWeights`).
    pub weights: Vec<AliasWeight>,
}

impl Alias {
    /// Every version that the alias can route to.
    pub fn versions(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.version.as_str()).chain(self.weights.iter().map(|w| w.version.as_str()))
    }
}

/// A weighted version of an alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AliasWeight {
    /// Version.
    pub version: String,
    /// Weight in thousandths, so that it compares exactly.
    pub permille: u32,
}

/// A code signing configuration attached to a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodeSigningConfig {
    /// `CodeSigningConfigArn`.
    pub arn: String,
    /// The configuration itself; `Unknown` where GetCodeSigningConfig could not be asked.
    pub detail: Observed<CodeSigningDetail>,
}

/// GetCodeSigningConfig.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodeSigningDetail {
    /// `UntrustedArtifactOnDeployment`: `Warn` or `Enforce`.
    pub untrusted_artifact: String,
    /// `AllowedPublishers.SigningProfileVersionArns`.
    pub profile_version_arns: Vec<String>,
    /// Where in the source this was read, for error messages.
    pub read_from: Option<PathBuf>,
}

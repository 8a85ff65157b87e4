//! Layer versions as the Lambda API describes them.

use jiff::Timestamp;
use serde::Serialize;

use super::arn::LayerVersionArn;
use super::artifact::{BlobLocation, S3Object, ServiceSigning};
use super::digest::ClaimedDigest;
use super::observed::Observed;

/// One version of a layer.
#[derive(Debug, Clone, Serialize)]
pub struct LayerVersion {
    /// The version's ARN.
    pub arn: LayerVersionArn,
    /// Its content. `Unknown(Deleted)` or `Unknown(Denied)` for a version that functions still use but nobody can download.
    pub content: Observed<LayerContent>,
    /// When it was published.
    pub created: Option<Timestamp>,
    /// `CompatibleRuntimes`, as given; empty where none are named.
    pub compatible_runtimes: Vec<String>,
    /// `CompatibleArchitectures`, as given.
    pub compatible_architectures: Vec<String>,
    /// Who may use it (GetLayerVersionPolicy). `Absent`: no policy, so only the publishing account. Foreign layers: `Unknown(Denied)`.
    pub policy: Observed<LayerPolicy>,
}

/// `Content` of GetLayerVersion.
#[derive(Debug, Clone, Serialize)]
pub struct LayerContent {
    /// `CodeSha256`.
    pub code_sha256: ClaimedDigest,
    /// `CodeSize`, bytes.
    pub code_size: u64,
    /// Where the zip can be had.
    pub location: BlobLocation,
    /// AWS's own statement about the signature.
    pub signing: ServiceSigning,
    /// `ResolvedS3Object`, present only in storage mode REFERENCE.
    pub s3_reference: Option<S3Object>,
}

/// A layer version's resource policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LayerPolicy {
    /// Its statements.
    pub permissions: Vec<LayerPermission>,
}

/// One statement of a layer version's policy that allows `lambda:GetLayerVersion`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LayerPermission {
    /// Statement id.
    pub sid: String,
    /// An account of twelve digits, an ARN, or `*`.
    pub principal: String,
    /// `aws:PrincipalOrgID` condition, where there is one.
    pub organization: Option<String>,
}

impl LayerPermission {
    /// True where every AWS account may use the layer: `*` with no organization condition.
    pub fn is_public(&self) -> bool {
        self.principal == "*" && self.organization.is_none()
    }
}

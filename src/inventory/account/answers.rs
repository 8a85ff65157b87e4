//! The members that are read of AWS's answers, in the shapes of the Lambda and ECR API references (botocore 1.44.5). Unknown members are
//! ignored, environment variables among them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::call::Api;
use crate::model::artifact::{S3Object, ServiceSigning};

const fn lambda(operation: &'static str, key: &'static [&'static str]) -> Api {
    Api { service: "lambda", operation, key, pages: None }
}

const fn lambda_pages(operation: &'static str, key: &'static [&'static str]) -> Api {
    Api { service: "lambda", operation, key, pages: Some(("Marker", "NextMarker")) }
}

const fn ecr_pages(operation: &'static str, key: &'static [&'static str]) -> Api {
    Api { service: "ecr", operation, key, pages: Some(("nextToken", "nextToken")) }
}

pub(in crate::inventory) const LIST_FUNCTIONS: Api = lambda_pages("ListFunctions", &["FunctionVersion"]);
/// Read in place of [`LIST_FUNCTIONS`] where functions were asked for by name.
pub(in crate::inventory) const LIST_VERSIONS_BY_FUNCTION: Api = lambda_pages("ListVersionsByFunction", &["FunctionName"]);
pub(in crate::inventory) const GET_FUNCTION: Api = lambda("GetFunction", &["FunctionName", "Qualifier"]);
pub(in crate::inventory) const LIST_ALIASES: Api = lambda_pages("ListAliases", &["FunctionName"]);
pub(in crate::inventory) const GET_FUNCTION_CODE_SIGNING_CONFIG: Api = lambda("GetFunctionCodeSigningConfig", &["FunctionName"]);
pub(in crate::inventory) const GET_CODE_SIGNING_CONFIG: Api = lambda("GetCodeSigningConfig", &["CodeSigningConfigArn"]);
pub(in crate::inventory) const LIST_LAYERS: Api = lambda_pages("ListLayers", &[]);
pub(in crate::inventory) const LIST_LAYER_VERSIONS: Api = lambda_pages("ListLayerVersions", &["LayerName"]);
pub(in crate::inventory) const GET_LAYER_VERSION_BY_ARN: Api = lambda("GetLayerVersionByArn", &["Arn"]);
pub(in crate::inventory) const GET_LAYER_VERSION_POLICY: Api = lambda("GetLayerVersionPolicy", &["LayerName", "VersionNumber"]);
pub(in crate::inventory) const DESCRIBE_REPOSITORIES: Api = ecr_pages("DescribeRepositories", &[]);
pub(in crate::inventory) const DESCRIBE_IMAGES: Api = ecr_pages("DescribeImages", &["repositoryName"]);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListFunctions {
    /// Kept as values, so that one entry that cannot be understood does not hide its page.
    pub functions: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListVersionsByFunction {
    /// As in [`ListFunctions`].
    pub versions: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FunctionConfiguration {
    pub function_arn: String,
    pub version: String,
    pub package_type: Option<String>,
    pub runtime: Option<String>,
    pub architectures: Option<Vec<String>>,
    pub last_modified: Option<String>,
    pub code_sha256: Option<String>,
    pub code_size: Option<u64>,
    pub layers: Option<Vec<LayerEntry>>,
    pub state: Option<String>,
    pub state_reason_code: Option<String>,
    pub last_update_status_reason_code: Option<String>,
    pub signing_profile_version_arn: Option<String>,
    pub signing_job_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LayerEntry {
    pub arn: String,
    pub code_size: Option<u64>,
    pub signing_profile_version_arn: Option<String>,
    pub signing_job_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetFunction {
    pub configuration: FunctionConfiguration,
    #[serde(default)]
    pub code: FunctionCodeLocation,
    #[serde(default)]
    pub tags: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub tags_error: Option<CodeLocationError>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FunctionCodeLocation {
    pub location: Option<String>,
    pub image_uri: Option<String>,
    pub resolved_image_uri: Option<String>,
    #[serde(rename = "ResolvedS3Object")]
    pub resolved_s3_object: Option<ResolvedS3Object>,
    pub error: Option<CodeLocationError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CodeLocationError {
    pub error_code: String,
    #[serde(default)]
    pub message: String,
}

#[derive(Deserialize)]
pub(super) struct ResolvedS3Object {
    #[serde(rename = "S3Bucket")]
    bucket: String,
    #[serde(rename = "S3Key")]
    key: String,
    #[serde(rename = "S3ObjectVersion")]
    version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListAliases {
    pub aliases: Vec<AliasConfiguration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AliasConfiguration {
    pub name: String,
    pub function_version: String,
    pub routing_config: Option<RoutingConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RoutingConfig {
    #[serde(default)]
    pub additional_version_weights: Option<BTreeMap<String, f64>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetFunctionCodeSigningConfig {
    pub code_signing_config_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetCodeSigningConfig {
    pub code_signing_config: CodeSigningConfiguration,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CodeSigningConfiguration {
    pub code_signing_config_arn: String,
    pub allowed_publishers: AllowedPublishers,
    pub code_signing_policies: CodeSigningPolicies,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AllowedPublishers {
    pub signing_profile_version_arns: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CodeSigningPolicies {
    pub untrusted_artifact_on_deployment: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListLayers {
    pub layers: Vec<ListedLayer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedLayer {
    pub layer_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListLayerVersions {
    pub layer_versions: Vec<ListedLayerVersion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedLayerVersion {
    pub layer_version_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetLayerVersion {
    pub layer_version_arn: String,
    pub content: LayerVersionContent,
    pub created_date: Option<String>,
    pub compatible_runtimes: Option<Vec<String>>,
    pub compatible_architectures: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LayerVersionContent {
    pub location: Option<String>,
    pub code_sha256: String,
    pub code_size: u64,
    pub signing_profile_version_arn: Option<String>,
    pub signing_job_arn: Option<String>,
    #[serde(rename = "ResolvedS3Object")]
    pub resolved_s3_object: Option<ResolvedS3Object>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetLayerVersionPolicy {
    /// A JSON document as text.
    pub policy: String,
}

/// IAM's grammar lets a statement, an action and a principal be one or several.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyDocument {
    pub statement: OneOrMany<PolicyStatement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyStatement {
    #[serde(default)]
    pub sid: String,
    pub effect: String,
    pub principal: Principal,
    pub action: OneOrMany<String>,
    #[serde(default)]
    pub condition: BTreeMap<String, BTreeMap<String, OneOrMany<String>>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Principal {
    Any(String),
    Of(BTreeMap<String, OneOrMany<String>>),
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

#[derive(Deserialize)]
pub(super) struct DescribeRepositories {
    pub repositories: Vec<RepositoryDescription>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RepositoryDescription {
    pub repository_name: String,
    pub repository_uri: String,
    pub image_tag_mutability: String,
    #[serde(default)]
    pub image_tag_mutability_exclusion_filters: Option<Vec<ExclusionFilter>>,
}

#[derive(Deserialize)]
pub(super) struct ExclusionFilter {
    pub filter: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeImages {
    pub image_details: Vec<ImageDetail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ImageDetail {
    pub image_digest: String,
    #[serde(default)]
    pub image_tags: Option<Vec<String>>,
}

impl<T> OneOrMany<T> {
    pub fn as_vec(&self) -> Vec<&T> {
        match self {
            Self::One(value) => vec![value],
            Self::Many(values) => values.iter().collect(),
        }
    }

    pub fn into_vec(self) -> Vec<T> {
        match self {
            Self::One(value) => vec![value],
            Self::Many(values) => values,
        }
    }
}

impl From<ResolvedS3Object> for S3Object {
    fn from(object: ResolvedS3Object) -> Self {
        Self { bucket: object.bucket, key: object.key, version: object.version }
    }
}

/// Empty text is how some recorders write an absent ARN.
pub(super) fn signing(profile_version_arn: Option<String>, job_arn: Option<String>) -> ServiceSigning {
    ServiceSigning {
        profile_version_arn: profile_version_arn.filter(|text| !text.is_empty()),
        job_arn: job_arn.filter(|text| !text.is_empty()),
    }
}

/// Lambda's `LastModified` and `CreatedDate`: `2026-04-01T09:30:00.000+0000`. Nothing is judged by it, so that what cannot be read is `None`.
pub(super) fn timestamp(text: Option<&str>) -> Option<Timestamp> {
    let text = text?;
    text.parse().ok().or_else(|| jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text).ok()?.to_timestamp().ok())
}

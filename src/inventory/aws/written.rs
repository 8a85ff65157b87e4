//! Answers of the SDK as the JSON of AWS's own API. Each member that is kept is named here: environment variables, presigned links and
//! free text that people fill in are not. A list that an answer lacks is not written as an empty one.

use aws_sdk_ecr::operation::describe_images::DescribeImagesOutput;
use aws_sdk_ecr::operation::describe_repositories::DescribeRepositoriesOutput;
use aws_sdk_ecr::types::{ImageDetail, Repository};
use aws_sdk_lambda::operation::get_code_signing_config::GetCodeSigningConfigOutput;
use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::operation::get_function_code_signing_config::GetFunctionCodeSigningConfigOutput;
use aws_sdk_lambda::operation::get_layer_version_by_arn::GetLayerVersionByArnOutput;
use aws_sdk_lambda::operation::get_layer_version_policy::GetLayerVersionPolicyOutput;
use aws_sdk_lambda::operation::list_aliases::ListAliasesOutput;
use aws_sdk_lambda::operation::list_functions::ListFunctionsOutput;
use aws_sdk_lambda::operation::list_layer_versions::ListLayerVersionsOutput;
use aws_sdk_lambda::operation::list_layers::ListLayersOutput;
use aws_sdk_lambda::operation::list_versions_by_function::ListVersionsByFunctionOutput;
use aws_sdk_lambda::types::{
    AliasConfiguration, Architecture, FunctionCodeLocation, FunctionConfiguration, Layer, LayerVersionContentOutput, LayerVersionsListItem,
    LayersListItem, ResolvedS3Object, Runtime,
};
use serde_json::{Map, Value};

use crate::clients::aws::refusal::scrubbed;

pub(super) fn list_functions(answer: &ListFunctionsOutput) -> Value {
    Members::new()
        .some("Functions", answer.functions.as_deref().map(|all| list(all, configuration)))
        .text("NextMarker", answer.next_marker())
        .done()
}

pub(super) fn list_versions_by_function(answer: &ListVersionsByFunctionOutput) -> Value {
    Members::new()
        .some("Versions", answer.versions.as_deref().map(|all| list(all, configuration)))
        .text("NextMarker", answer.next_marker())
        .done()
}

pub(super) fn get_function(answer: &GetFunctionOutput) -> Value {
    let tags = answer.tags().map(|tags| {
        let sorted: std::collections::BTreeMap<&String, &String> = tags.iter().collect();
        sorted.into_iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect::<Map<_, _>>()
    });
    let tags_error = answer
        .tags_error()
        .map(|error| Members::new().text("ErrorCode", Some(error.error_code())).text("Message", Some(&scrubbed(error.message()))).done());
    Members::new()
        .some("Configuration", answer.configuration().map(configuration))
        .some("Code", answer.code().map(code))
        .some("Tags", tags.map(Value::Object))
        .some("TagsError", tags_error)
        .done()
}

pub(super) fn list_aliases(answer: &ListAliasesOutput) -> Value {
    Members::new().some("Aliases", answer.aliases.as_deref().map(|all| list(all, alias))).text("NextMarker", answer.next_marker()).done()
}

/// `{}` for a function that has none: the SDK fills the member that is missing with empty text.
pub(super) fn get_function_code_signing_config(answer: &GetFunctionCodeSigningConfigOutput) -> Value {
    let arn = Some(answer.code_signing_config_arn()).filter(|arn| !arn.is_empty());
    Members::new().text("CodeSigningConfigArn", arn).done()
}

pub(super) fn get_code_signing_config(answer: &GetCodeSigningConfigOutput) -> Value {
    let config = answer.code_signing_config().map(|config| {
        let publishers = config.allowed_publishers().map(|publishers| {
            Members::new()
                .put("SigningProfileVersionArns", list(publishers.signing_profile_version_arns(), |arn| arn.clone().into()))
                .done()
        });
        let policies = config.code_signing_policies().map(|policies| {
            let untrusted = policies.untrusted_artifact_on_deployment().map(|policy| policy.as_str());
            Members::new().text("UntrustedArtifactOnDeployment", untrusted).done()
        });
        Members::new()
            .text("CodeSigningConfigArn", Some(config.code_signing_config_arn()))
            .some("AllowedPublishers", publishers)
            .some("CodeSigningPolicies", policies)
            .done()
    });
    Members::new().some("CodeSigningConfig", config).done()
}

pub(super) fn list_layers(answer: &ListLayersOutput) -> Value {
    let write = |layer: &LayersListItem| Members::new().text("LayerName", layer.layer_name()).text("LayerArn", layer.layer_arn()).done();
    Members::new().some("Layers", answer.layers.as_deref().map(|all| list(all, write))).text("NextMarker", answer.next_marker()).done()
}

pub(super) fn list_layer_versions(answer: &ListLayerVersionsOutput) -> Value {
    Members::new()
        .some("LayerVersions", answer.layer_versions.as_deref().map(|all| list(all, layer_version)))
        .text("NextMarker", answer.next_marker())
        .done()
}

pub(super) fn get_layer_version_by_arn(answer: &GetLayerVersionByArnOutput) -> Value {
    Members::new()
        .text("LayerVersionArn", answer.layer_version_arn())
        .text("LayerArn", answer.layer_arn())
        .put("Version", answer.version().into())
        .some("Content", answer.content().map(content))
        .text("CreatedDate", answer.created_date())
        .some("CompatibleRuntimes", answer.compatible_runtimes.as_deref().map(runtimes))
        .some("CompatibleArchitectures", answer.compatible_architectures.as_deref().map(architectures))
        .done()
}

pub(super) fn get_layer_version_policy(answer: &GetLayerVersionPolicyOutput) -> Value {
    Members::new().text("Policy", answer.policy()).done()
}

pub(super) fn describe_repositories(answer: &DescribeRepositoriesOutput) -> Value {
    let write = |repository: &Repository| {
        let filters = repository.image_tag_mutability_exclusion_filters.as_deref().map(|filters| {
            list(filters, |filter| {
                Members::new().text("filterType", Some(filter.filter_type().as_str())).text("filter", Some(filter.filter())).done()
            })
        });
        Members::new()
            .text("repositoryArn", repository.repository_arn())
            .text("registryId", repository.registry_id())
            .text("repositoryName", repository.repository_name())
            .text("repositoryUri", repository.repository_uri())
            .text("imageTagMutability", repository.image_tag_mutability().map(|setting| setting.as_str()))
            .some("imageTagMutabilityExclusionFilters", filters)
            .done()
    };
    Members::new()
        .some("repositories", answer.repositories.as_deref().map(|all| list(all, write)))
        .text("nextToken", answer.next_token())
        .done()
}

pub(super) fn describe_images(answer: &DescribeImagesOutput) -> Value {
    let write = |image: &ImageDetail| {
        Members::new()
            .text("registryId", image.registry_id())
            .text("repositoryName", image.repository_name())
            .text("imageDigest", image.image_digest())
            .some("imageTags", image.image_tags.as_deref().map(|tags| list(tags, |tag| tag.clone().into())))
            .text("imageManifestMediaType", image.image_manifest_media_type())
            .done()
    };
    Members::new()
        .some("imageDetails", answer.image_details.as_deref().map(|all| list(all, write)))
        .text("nextToken", answer.next_token())
        .done()
}

fn configuration(config: &FunctionConfiguration) -> Value {
    let runtime_version = config.runtime_version_config().and_then(|version| version.runtime_version_arn());
    Members::new()
        .text("FunctionName", config.function_name())
        .text("FunctionArn", config.function_arn())
        .text("Version", config.version())
        .text("LastModified", config.last_modified())
        .text("PackageType", config.package_type().map(|kind| kind.as_str()))
        .text("Runtime", config.runtime().map(|runtime| runtime.as_str()))
        .some("Architectures", config.architectures.as_deref().map(architectures))
        .text("CodeSha256", config.code_sha256())
        .put("CodeSize", config.code_size().into())
        .text("SigningProfileVersionArn", config.signing_profile_version_arn())
        .text("SigningJobArn", config.signing_job_arn())
        .some("Layers", config.layers.as_deref().map(|layers| list(layers, layer)))
        .text("State", config.state().map(|state| state.as_str()))
        .text("StateReasonCode", config.state_reason_code().map(|code| code.as_str()))
        .text("LastUpdateStatus", config.last_update_status().map(|status| status.as_str()))
        .text("LastUpdateStatusReasonCode", config.last_update_status_reason_code().map(|code| code.as_str()))
        .some("RuntimeVersionConfig", runtime_version.map(|arn| Members::new().text("RuntimeVersionArn", Some(arn)).done()))
        .done()
}

fn layer(layer: &Layer) -> Value {
    Members::new()
        .text("Arn", layer.arn())
        // The SDK gives 0 for a member that is missing, and no layer is empty.
        .some("CodeSize", Some(layer.code_size()).filter(|size| *size != 0).map(Into::into))
        .text("SigningProfileVersionArn", layer.signing_profile_version_arn())
        .text("SigningJobArn", layer.signing_job_arn())
        .done()
}

/// Without `Location`: whoever has the link has the code, for ten minutes.
fn code(code: &FunctionCodeLocation) -> Value {
    let error = code
        .error()
        .map(|error| Members::new().text("ErrorCode", error.error_code()).text("Message", error.message().map(scrubbed).as_deref()).done());
    Members::new()
        .text("RepositoryType", code.repository_type())
        .text("ImageUri", code.image_uri())
        .text("ResolvedImageUri", code.resolved_image_uri())
        .some("ResolvedS3Object", code.resolved_s3_object().map(s3_object))
        .text("SourceKMSKeyArn", code.source_kms_key_arn())
        .some("Error", error)
        .done()
}

/// Without `Location`, as [`code`].
fn content(content: &LayerVersionContentOutput) -> Value {
    Members::new()
        .text("CodeSha256", content.code_sha256())
        .put("CodeSize", content.code_size().into())
        .text("SigningProfileVersionArn", content.signing_profile_version_arn())
        .text("SigningJobArn", content.signing_job_arn())
        .some("ResolvedS3Object", content.resolved_s3_object().map(s3_object))
        .done()
}

fn s3_object(object: &ResolvedS3Object) -> Value {
    Members::new()
        .text("S3Bucket", object.s3_bucket())
        .text("S3Key", object.s3_key())
        .text("S3ObjectVersion", object.s3_object_version())
        .done()
}

fn alias(alias: &AliasConfiguration) -> Value {
    let routing = alias.routing_config().and_then(|routing| routing.additional_version_weights()).map(|weights| {
        let sorted: std::collections::BTreeMap<&String, &f64> = weights.iter().collect();
        let weights: Map<String, Value> = sorted.into_iter().map(|(version, weight)| (version.clone(), (*weight).into())).collect();
        Members::new().put("AdditionalVersionWeights", Value::Object(weights)).done()
    });
    Members::new()
        .text("AliasArn", alias.alias_arn())
        .text("Name", alias.name())
        .text("FunctionVersion", alias.function_version())
        .some("RoutingConfig", routing)
        .done()
}

fn layer_version(version: &LayerVersionsListItem) -> Value {
    Members::new()
        .text("LayerVersionArn", version.layer_version_arn())
        .put("Version", version.version().into())
        .text("CreatedDate", version.created_date())
        .done()
}

fn runtimes(runtimes: &[Runtime]) -> Value {
    list(runtimes, |runtime| runtime.as_str().into())
}

fn architectures(architectures: &[Architecture]) -> Value {
    list(architectures, |architecture| architecture.as_str().into())
}

fn list<T>(items: &[T], write: impl Fn(&T) -> Value) -> Value {
    items.iter().map(write).collect::<Vec<_>>().into()
}

/// An object in the making. A member that is not there is not written.
struct Members(Map<String, Value>);

impl Members {
    fn new() -> Self {
        Self(Map::new())
    }

    fn text(self, name: &str, value: Option<&str>) -> Self {
        self.some(name, value.map(Into::into))
    }

    fn put(self, name: &str, value: Value) -> Self {
        self.some(name, Some(value))
    }

    fn some(mut self, name: &str, value: Option<Value>) -> Self {
        if let Some(value) = value {
            self.0.insert(name.into(), value);
        }
        self
    }

    fn done(self) -> Value {
        Value::Object(self.0)
    }
}

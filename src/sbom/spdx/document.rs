//! The parts of an SPDX document that we write. SPDX 2.3, JSON schema `spdx-schema.json`.

use std::borrow::Cow;

use serde::Serialize;

/// The root of a document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::sbom) struct Document<'a> {
    pub(super) spdx_version: &'static str,
    pub(super) data_license: &'static str,
    #[serde(rename = "SPDXID")]
    pub(super) id: &'static str,
    pub(super) name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) document_namespace: Option<String>,
    pub(super) creation_info: CreationInfo,
    pub(super) packages: Vec<Package<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) has_extracted_licensing_infos: Vec<ExtractedLicence>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) annotations: Vec<Annotation>,
    pub(super) relationships: Vec<Relationship<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreationInfo {
    pub(super) created: String,
    pub(super) creators: [String; 1],
    pub(super) license_list_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comment: Option<&'static str>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Package<'a> {
    pub(super) name: Cow<'a, str>,
    #[serde(rename = "SPDXID")]
    pub(super) id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version_info: Option<Cow<'a, str>>,
    pub(super) supplier: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) originator: Option<String>,
    pub(super) download_location: &'a str,
    pub(super) files_analyzed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) checksums: Vec<Checksum<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) homepage: Option<&'a str>,
    pub(super) license_concluded: &'static str,
    pub(super) license_declared: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) license_comments: Option<&'static str>,
    pub(super) copyright_text: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) external_refs: Vec<ExternalRef<'a>>,
    pub(super) primary_package_purpose: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) annotations: Vec<Annotation>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Checksum<'a> {
    pub(super) algorithm: &'static str,
    pub(super) checksum_value: Cow<'a, str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExternalRef<'a> {
    pub(super) reference_category: &'static str,
    pub(super) reference_type: &'static str,
    pub(super) reference_locator: Cow<'a, str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExtractedLicence {
    pub(super) license_id: String,
    pub(super) name: String,
    pub(super) extracted_text: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Annotation {
    pub(super) annotation_date: String,
    pub(super) annotation_type: &'static str,
    pub(super) annotator: String,
    pub(super) comment: String,
}

/// Sorted by its fields in this order.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Relationship<'a> {
    pub(super) spdx_element_id: &'a str,
    pub(super) relationship_type: &'static str,
    pub(super) related_spdx_element: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comment: Option<&'static str>,
}

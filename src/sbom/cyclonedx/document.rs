//! The parts of a CycloneDX document that we write, in the order of the schemas. CycloneDX 1.5, 1.6 and 1.7, JSON.

use std::borrow::Cow;

use serde::Serialize;

/// The root of a document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::sbom) struct Document<'a> {
    #[serde(rename = "$schema")]
    pub(super) schema: String,
    pub(super) bom_format: &'static str,
    pub(super) spec_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) serial_number: Option<String>,
    pub(super) version: u32,
    pub(super) metadata: Metadata<'a>,
    pub(super) components: Vec<Component<'a>>,
    pub(super) dependencies: Vec<Dependency<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) compositions: Vec<Composition<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timestamp: Option<String>,
    pub(super) lifecycles: [Lifecycle; 1],
    pub(super) tools: Tools<'a>,
    pub(super) component: Component<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) properties: Vec<Property>,
}

#[derive(Debug, Serialize)]
pub(super) struct Lifecycle {
    pub(super) phase: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Tools<'a> {
    pub(super) components: [Component<'a>; 1],
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Component<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    pub(super) reference: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) supplier: Option<Named<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) authors: Option<[Named<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) author: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<&'a str>,
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) hashes: Vec<Hash<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) licenses: Vec<LicenceChoice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cpe: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) external_references: Vec<ExternalReference<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) evidence: Option<Evidence<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) properties: Vec<Property>,
}

/// An `organizationalEntity` or `organizationalContact`.
#[derive(Debug, Serialize)]
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct Hash<'a> {
    pub(super) alg: &'static str,
    pub(super) content: Cow<'a, str>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum LicenceChoice<'a> {
    Licence {
        license: Licence<'a>,
    },
    Expression {
        expression: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        acknowledgement: Option<&'static str>,
    },
}

/// One of `id` and `name`.
#[derive(Debug, Serialize)]
pub(super) struct Licence<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) acknowledgement: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct ExternalReference<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) url: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct Evidence<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) identity: Option<IdentityEvidence<'a>>,
    pub(super) occurrences: Vec<Occurrence<'a>>,
}

/// An object in 1.5, a list since 1.6.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum IdentityEvidence<'a> {
    One(Identity<'a>),
    List([Identity<'a>; 1]),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Identity<'a> {
    pub(super) field: &'static str,
    pub(super) confidence: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) concluded_value: Option<String>,
    pub(super) methods: Vec<Method<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Method<'a> {
    pub(super) technique: &'static str,
    pub(super) confidence: f64,
    pub(super) value: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Occurrence<'a> {
    pub(super) location: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) additional_context: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) value: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dependency<'a> {
    #[serde(rename = "ref")]
    pub(super) reference: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) depends_on: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Composition<'a> {
    pub(super) aggregate: &'static str,
    pub(super) assemblies: [&'a str; 1],
}

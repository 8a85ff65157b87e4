//! Terraform plans as `terraform show -json PLAN` prints them, format version 1
//! (<https://developer.hashicorp.com/terraform/internals/json-format>).
//!
//! A plan has no lines of the configuration: places are those of the plan's own text, and the address says which resource it is. Values
//! stand in `planned_values`; what is known after apply only is marked in `resource_changes`; what a value was read from stands in
//! `configuration`.

use std::collections::{BTreeMap, BTreeSet};

use super::document::Document;
use crate::inventory::InventoryError;
use crate::model::document::{Node, Value};
use crate::model::template::{
    CodeSigning, CodeSource, Dynamic, DynamicSource, Package, Reference, Referred, S3Source, SourceSpan, Template, TemplateFormat,
    TemplateFunction, TemplateLayer, Unknown, Unlooked, Written,
};

/// True for the output of `terraform show -json` of a plan.
pub(super) fn is_plan(document: &Document) -> bool {
    document.root.get("format_version").is_some() && document.root.get("planned_values").is_some()
}

/// Reads a plan.
pub(super) fn read(document: &Document) -> Result<Template, InventoryError> {
    let root = &document.root;
    let version = root.get("format_version");
    if !version.and_then(Node::text).is_some_and(|version| version == "1" || version.starts_with("1.")) {
        let span = version.map_or(&root.span, |node| &node.span);
        return Err(document.malformed(span, "the plan's format_version is not 1.x, which is what this version reads"));
    }
    let Some(planned) = root.get("planned_values").filter(|node| matches!(node.value, Value::Map(_))) else {
        return Err(document.malformed(&root.span, "`planned_values` is not an object"));
    };
    let mut template = Template {
        file: document.file().to_owned(),
        format: TemplateFormat::TerraformPlan,
        functions: Vec::new(),
        layers: Vec::new(),
        unlooked: Vec::new(),
        artifacts: true,
    };
    for (key, bad) in [("errored", "true"), ("complete", "false")] {
        if let Some(node) = root.get(key).filter(|node| node.text() == Some(bad)) {
            template.unlooked.push(Unlooked {
                name: key.to_owned(),
                place: document.place(&node.span),
                wanted: "the whole plan".into(),
                why: format!("Terraform says that it is not whole: `{key}` is {bad}"),
                next_step: "Plan again, without targets, until the plan is complete.".into(),
            });
        }
    }
    let changes = root.get("resource_changes").map(Node::items).unwrap_or_default();
    // A deposed object is on its way out, and has the address of the one that stays ("Change Representation", `deposed`).
    let current = changes.iter().filter(|change| change.get("deposed").is_none_or(Node::is_null));
    let unknown =
        current.filter_map(|change| Some((change.get("address")?.text()?, change.get("change")?.get("after_unknown")?))).collect();
    let plan = Plan { document, unknown };
    let configuration = root.get("configuration").and_then(|node| node.get("root_module"));
    let mut open: Vec<(&Node, Option<&Node>)> = planned.get("root_module").map(|module| (module, configuration)).into_iter().collect();
    while let Some((module, configuration)) = open.pop() {
        for resource in module.get("resources").map(Node::items).unwrap_or_default() {
            plan.resource(resource, configuration, &mut template);
        }
        for child in module.get("child_modules").map(Node::items).unwrap_or_default().iter().rev() {
            let name = child.get("address").and_then(Node::text).and_then(module_name).unwrap_or_default();
            let call =
                configuration.and_then(|c| c.get("module_calls")).and_then(|calls| calls.get(name)).and_then(|call| call.get("module"));
            open.push((child, call));
        }
    }
    Ok(template)
}

/// The last name of a module's address: `b` of `module.a["x.y"].module.b[0]`.
fn module_name(address: &str) -> Option<&str> {
    let last = address.rsplit_once("module.").map(|(_, last)| last)?;
    last.split('[').next()
}

struct Plan<'d> {
    document: &'d Document,
    /// `after_unknown` by address.
    unknown: BTreeMap<&'d str, &'d Node>,
}

/// A resource of the plan.
struct Resource<'d> {
    address: &'d str,
    place: SourceSpan,
    values: Option<&'d Node>,
    unknown: Option<&'d Node>,
    expressions: Option<&'d Node>,
    /// The configuration of its module.
    module: Option<&'d Node>,
}

impl<'d> Plan<'d> {
    fn resource(&self, node: &'d Node, module: Option<&'d Node>, template: &mut Template) {
        let text = |key: &str| node.get(key).and_then(Node::text).unwrap_or_default();
        if text("mode") != "managed" {
            return;
        }
        let Some(address) = node.get("address") else { return };
        let place = self.document.place(&address.span);
        let address = address.text().unwrap_or_default();
        let configured = configured(module, "managed", text("type"), text("name"));
        let resource = Resource {
            address,
            place: place.clone(),
            values: node.get("values"),
            unknown: self.unknown.get(address).copied(),
            expressions: configured.and_then(|node| node.get("expressions")),
            module,
        };
        let name = address.to_owned();
        match text("type") {
            "aws_lambda_function" => template.functions.push(TemplateFunction {
                name,
                package: match resource.text("package_type") {
                    Some("Image") => Package::Image,
                    Some("Zip") | None => Package::Zip,
                    Some(_) => Package::Unknown,
                },
                code: self.code(&resource),
                layers: self.layers(&resource),
                code_signing: vec![self.code_signing(&resource)],
                architecture: resource
                    .value("architectures")
                    .and_then(|n| n.items().first())
                    .and_then(Node::text)
                    .unwrap_or("x86_64")
                    .to_owned(),
                place,
            }),
            "aws_lambda_layer_version" => template.layers.push(TemplateLayer { name, code: self.code(&resource), place }),
            _ => {}
        }
    }

    fn code(&self, resource: &Resource<'d>) -> Vec<CodeSource> {
        if let Some((written, place)) = self.attribute(resource, "image_uri") {
            return vec![CodeSource::Image(reference("image_uri", place, written))];
        }
        if let Some((written, place)) = self.attribute(resource, "filename") {
            return vec![CodeSource::Local(reference("filename", place, written))];
        }
        if let Some((key, place)) = self.attribute(resource, "s3_key") {
            let written = |name: &str| self.attribute(resource, name).map(|(written, _)| written);
            return vec![CodeSource::S3(S3Source {
                property: "s3_key".into(),
                place,
                bucket: written("s3_bucket").unwrap_or_default(),
                key,
                version: written("s3_object_version"),
                reference_mode: resource.text("s3_object_storage_mode") == Some("REFERENCE"),
                when: None,
            })];
        }
        vec![CodeSource::None { place: resource.place.clone() }]
    }

    fn code_signing(&self, resource: &Resource<'d>) -> CodeSigning {
        match self.attribute(resource, "code_signing_config_arn") {
            Some((_, place)) => CodeSigning::Set { place, when: None },
            None => CodeSigning::None { place: resource.place.clone(), when: None },
        }
    }

    /// The value of an attribute, or that it is known after apply; `None` where it is not set.
    fn attribute(&self, resource: &Resource<'d>, name: &str) -> Option<(Written, SourceSpan)> {
        if resource.unknown.and_then(|node| node.get(name)).and_then(Node::text) == Some("true") {
            return Some((after_apply(resource, name), resource.place.clone()));
        }
        let node = resource.value(name)?;
        let text = node.text().filter(|text| !text.is_empty())?;
        Some((Written::literal(text), self.document.place(&node.span)))
    }

    fn layers(&self, resource: &Resource<'d>) -> Vec<Reference> {
        let references = references(resource.expressions.and_then(|node| node.get("layers")));
        let unknown = resource.unknown.and_then(|node| node.get("layers"));
        let listed = resource.value("layers");
        let is_unknown = |node: Option<&Node>| node.and_then(Node::text) == Some("true");
        let mut found = Vec::new();
        if is_unknown(unknown) {
            found.push((None, resource.place.clone()));
        }
        for (index, item) in listed.map(Node::items).unwrap_or_default().iter().enumerate() {
            let place = self.document.place(&item.span);
            let value = item.text().filter(|_| !is_unknown(unknown.and_then(|node| node.items().get(index))));
            found.push((value, place));
        }
        let open = found.iter().filter(|(value, _)| value.is_none()).count();
        let mut defined = defined_here(&references, open);
        let mut layers: Vec<Reference> = found
            .into_iter()
            .map(|(value, place)| match (value, defined.pop()) {
                (Some(text), _) => reference("layers", place, Written::literal(text)),
                (None, Some(name)) => Reference { value: Referred::DefinedHere(name), ..reference("layers", place, Written::default()) },
                (None, None) => reference("layers", place, after_apply(resource, "layers")),
            })
            .collect();
        // The configuration says what the list refers to, not which item is which.
        if let Some(first) = layers.first_mut() {
            first.via = references.iter().filter_map(|address| data_source(address, resource.module)).collect();
        }
        layers
    }
}

impl<'d> Resource<'d> {
    fn value(&self, name: &str) -> Option<&'d Node> {
        self.values?.get(name).filter(|node| !node.is_null())
    }

    fn text(&self, name: &str) -> Option<&'d str> {
        self.value(name)?.text()
    }
}

/// A resource as the configuration has it.
fn configured<'d>(module: Option<&'d Node>, mode: &str, kind: &str, name: &str) -> Option<&'d Node> {
    let is = |node: &Node, key: &str, text: &str| node.get(key).and_then(Node::text) == Some(text);
    let mut resources = module?.get("resources")?.items().iter();
    resources.find(|node| is(node, "mode", mode) && is(node, "type", kind) && is(node, "name", name))
}

/// What an expression refers to, whole addresses only: `data.aws_ssm_parameter.x` of `data.aws_ssm_parameter.x.value`.
fn references(expression: Option<&Node>) -> BTreeSet<String> {
    let listed = expression.and_then(|node| node.get("references")).map(Node::items).unwrap_or_default();
    let address = |text: &str| {
        let parts = if text.starts_with("data.") { 3 } else { 2 };
        let plain: String =
            text.split('.').take(parts).map(|part| part.split('[').next().unwrap_or_default()).collect::<Vec<_>>().join(".");
        plain
    };
    listed.iter().filter_map(Node::text).map(address).collect()
}

/// The layers of this configuration that the `open` unknown items must be: only where nothing else could be one of them.
fn defined_here(references: &BTreeSet<String>, open: usize) -> Vec<String> {
    let layers: Vec<String> = references.iter().filter(|address| address.starts_with("aws_lambda_layer_version.")).cloned().collect();
    let others = references.iter().any(|address| ["module.", "local.", "var.", "data."].iter().any(|prefix| address.starts_with(prefix)));
    if others || layers.len() < open { Vec::new() } else { layers }
}

/// A data source that a layer's ARN is read from; `None` for those that name accounts and regions.
fn data_source(address: &str, module: Option<&Node>) -> Option<Dynamic> {
    let (kind, name) = address.strip_prefix("data.")?.split_once('.')?;
    let expressions = configured(module, "data", kind, name).and_then(|node| node.get("expressions"));
    let constant = |key: &str| expressions.and_then(|node| node.get(key)).and_then(|node| node.get("constant_value")).and_then(Node::text);
    let pinned = match kind {
        // Without `version` it is the latest one.
        "aws_lambda_layer_version" => expressions.is_some_and(|node| node.get("version").is_some()),
        "aws_ssm_parameter" => {
            constant("name").and_then(|name| name.rsplit_once(':')).is_some_and(|(_, version)| version.parse::<u64>().is_ok())
        }
        "terraform_remote_state" | "aws_cloudformation_export" | "aws_cloudformation_stack" | "aws_ssm_parameters_by_path" => false,
        _ => return None,
    };
    let source = match kind {
        "terraform_remote_state" | "aws_cloudformation_export" | "aws_cloudformation_stack" => DynamicSource::StackOutput,
        _ => DynamicSource::DataSource,
    };
    Some(Dynamic { source, name: address.to_owned(), pinned })
}

fn after_apply(resource: &Resource<'_>, attribute: &str) -> Written {
    let refers = references(resource.expressions.and_then(|node| node.get(attribute))).into_iter().collect::<Vec<_>>().join(", ");
    let refers = if refers.is_empty() { String::new() } else { format!("; it refers to {refers}") };
    Written::hole(format!("{}.{attribute}", resource.address), Unknown::Unresolved(format!("it is known after apply{refers}")))
}

fn reference(property: &str, place: SourceSpan, written: Written) -> Reference {
    Reference { property: property.to_owned(), place, value: Referred::Written(written), via: Vec::new(), when: None }
}

//! AWS CloudFormation and AWS SAM templates, in YAML with tags and in JSON.

mod resolve;
mod resource;

use super::document::Document;
use crate::inventory::InventoryError;
use crate::model::document::{Key, Node, Value};
use crate::model::template::{Template, TemplateFormat, Unlooked};
use resolve::{Names, scalar};
use resource::Reader;

const SAM: &str = "AWS::Serverless-2016-10-31";

/// Transforms that neither add resources nor bring properties from elsewhere: what they change is read as they change it, or is said
/// where it is met.
const READ_TRANSFORMS: [&str; 2] = [SAM, "AWS::LanguageExtensions"];

/// Reads a template. The root must be a mapping with `Resources`.
pub(super) fn read(document: &Document) -> Result<Template, InventoryError> {
    let root = &document.root;
    let Some(resources) = root.get("Resources") else {
        return Err(document.malformed(&root.span, "this is no template: it has neither `Resources` nor `planned_values`"));
    };
    if !matches!(resources.value, Value::Map(_)) {
        return Err(document.malformed(&resources.span, "`Resources` is not a mapping"));
    }
    let transforms = transforms(root);
    let format = if transforms.iter().any(|(name, _)| name == SAM) { TemplateFormat::Sam } else { TemplateFormat::CloudFormation };
    let mut template = Template {
        file: document.file().to_owned(),
        format,
        functions: Vec::new(),
        layers: Vec::new(),
        unlooked: Vec::new(),
        artifacts: true,
    };
    for (name, node) in transforms.iter().filter(|(name, _)| !READ_TRANSFORMS.contains(&name.as_str())) {
        template.unlooked.push(macro_of(document, "Transform", name, node));
    }
    for node in [root.get("Fn::Transform"), resources.get("Fn::Transform")].into_iter().flatten() {
        let name = node.get("Name").and_then(scalar).unwrap_or("a macro");
        template.unlooked.push(macro_of(document, "Fn::Transform", name, node));
    }
    let names = Names::of(root);
    let globals = (format == TemplateFormat::Sam).then(|| root.get("Globals").and_then(|node| node.get("Function"))).flatten();
    let mut reader = Reader { document, names: &names, globals, template: &mut template };
    for (key, resource) in resources.entries() {
        one(&mut reader, key, resource);
    }
    Ok(template)
}

fn one<'n>(reader: &mut Reader<'n, '_>, key: &'n Key, resource: &'n Node) {
    if key.text.starts_with("Fn::ForEach::") {
        let why = "a loop makes resources of it at deployment";
        reader.unlooked(key, &key.text, "the resources that Fn::ForEach makes", why, "Verify the template that the loop expands to.");
        return;
    }
    if key.text == "Fn::Transform" {
        return;
    }
    let Some(kind) = resource.get("Type").and_then(Node::text) else {
        let why = "it has no Type that is a plain text";
        reader.unlooked(key, &key.text, "what the resource is", why, "Give the resource a Type.");
        return;
    };
    match kind {
        "AWS::Lambda::Function" | "AWS::Serverless::Function" => reader.function(key, resource, kind == "AWS::Serverless::Function"),
        "AWS::Lambda::LayerVersion" | "AWS::Serverless::LayerVersion" => {
            reader.layer(key, resource, kind == "AWS::Serverless::LayerVersion");
        }
        "AWS::CloudFormation::Stack" | "AWS::Serverless::Application" => {
            let why = "a nested stack has a template of its own, which was not read";
            reader.unlooked(key, &key.text, "the functions and layers of the nested stack", why, "Verify the nested template by itself.");
        }
        "AWS::CloudFormation::Macro" | "AWS::CloudFormation::ModuleDefaultVersion" => {}
        _ if kind.ends_with("::MODULE") => {
            let why = "a module brings resources of its own, which were not read";
            reader.unlooked(key, &key.text, "the resources of the module", why, "Verify the template that the module expands to.");
        }
        _ => {}
    }
}

/// The transforms of a template, a text or a list of texts and mappings with a name.
fn transforms(root: &Node) -> Vec<(String, &Node)> {
    let Some(node) = root.get("Transform") else { return Vec::new() };
    let items = if matches!(node.value, Value::List(_)) { node.items() } else { std::slice::from_ref(node) };
    items
        .iter()
        .map(|item| (scalar(item).or_else(|| item.get("Name").and_then(scalar)).unwrap_or("a transform").to_owned(), item))
        .collect()
}

fn macro_of(document: &Document, part: &str, name: &str, node: &Node) -> Unlooked {
    Unlooked {
        name: part.to_owned(),
        place: document.place(&node.span),
        wanted: format!("what the macro {name} makes of the template"),
        why: "a macro runs at deployment and may change every resource".into(),
        next_step: "Verify the template that the macro makes, as `aws cloudformation get-template --template-stage Processed` shows it."
            .into(),
    }
}

//! Functions and layers of CloudFormation and SAM, property by property.

use super::resolve::{Branch, Item, Names, intrinsic, is_no_value};
use crate::inventory::template::document::Document;
use crate::model::document::{Key, Node, Value};
use crate::model::template::{
    CodeSigning, CodeSource, Package, Reference, Referred, S3Source, SourceSpan, Template, TemplateFunction, TemplateLayer, Unknown,
    Unlooked, Written,
};

/// Lambda's default.
const DEFAULT_ARCHITECTURE: &str = "x86_64";

/// Reads resources into a template.
pub(super) struct Reader<'n, 't> {
    pub(super) document: &'n Document,
    pub(super) names: &'n Names<'n>,
    /// `Globals.Function` of SAM.
    pub(super) globals: Option<&'n Node>,
    pub(super) template: &'t mut Template,
}

/// One function or layer while it is read.
struct Resource<'n> {
    key: &'n Key,
    properties: Option<&'n Node>,
    globals: Option<&'n Node>,
}

impl<'n> Resource<'n> {
    /// A property, or what the globals say where the resource says nothing.
    fn get(&self, name: &str) -> Option<&'n Node> {
        let own = self.properties.and_then(|node| node.get(name));
        own.or_else(|| self.globals.and_then(|node| node.get(name)))
    }

    /// A list of SAM: that of the globals, then that of the resource (SAM specification, Globals: lists are additive).
    fn both(&self, name: &str) -> impl Iterator<Item = &'n Node> {
        [self.globals, self.properties].into_iter().flatten().filter_map(move |node| node.get(name))
    }
}

impl<'n> Reader<'n, '_> {
    pub(super) fn unlooked(&mut self, key: &Key, name: &str, wanted: &str, why: &str, next_step: &str) {
        self.template.unlooked.push(Unlooked {
            name: name.to_owned(),
            place: self.document.place(&key.span),
            wanted: wanted.to_owned(),
            why: why.to_owned(),
            next_step: next_step.to_owned(),
        });
    }

    pub(super) fn function(&mut self, key: &'n Key, resource: &'n Node, sam: bool) {
        let Some(properties) = self.properties(key, resource) else { return };
        let metadata = resource.get("Metadata").filter(|_| sam);
        let resource = Resource { key, properties, globals: self.globals.filter(|_| sam) };
        let code = if sam { self.sam_code(&resource, metadata) } else { self.code(&resource, "Code") };
        let layers = resource.both("Layers").flat_map(|node| self.layers(key, node)).collect();
        let architecture = resource
            .get("Architectures")
            .and_then(|node| node.items().first())
            .and_then(|node| self.names.written(node).known().map(str::to_owned))
            .unwrap_or_else(|| DEFAULT_ARCHITECTURE.to_owned());
        let package = self.package(&resource, &code);
        let code_signing = self.code_signing(&resource);
        let place = self.document.place(&key.span);
        self.template.functions.push(TemplateFunction { name: key.text.clone(), place, package, code, layers, code_signing, architecture });
    }

    pub(super) fn layer(&mut self, key: &'n Key, resource: &'n Node, sam: bool) {
        let Some(properties) = self.properties(key, resource) else { return };
        let resource = Resource { key, properties, globals: None };
        let code = self.code(&resource, if sam { "ContentUri" } else { "Content" });
        let place = self.document.place(&key.span);
        self.template.layers.push(TemplateLayer { name: key.text.clone(), place, code });
    }

    /// `Properties`; `None` where a macro brings them.
    fn properties(&mut self, key: &Key, resource: &'n Node) -> Option<Option<&'n Node>> {
        let properties = resource.get("Properties");
        let plain = properties.is_none_or(|node| node.is_null() || matches!(&node.value, Value::Map(_) if intrinsic(node).is_none()));
        let included = properties.is_some_and(|node| node.get("Fn::Transform").is_some()) || resource.get("Fn::Transform").is_some();
        if !plain || included {
            let why = "a macro or function brings properties at deployment";
            self.unlooked(key, &key.text, "the properties of the resource", why, "Verify the template that it expands to.");
        }
        plain.then_some(properties)
    }

    /// The ways in which a property can turn out; where it is too much, one that is not resolved.
    fn branches(&self, node: &'n Node) -> Vec<Result<Branch<'n>, Written>> {
        match self.names.branches(node) {
            Ok(branches) => branches.into_iter().map(Ok).collect(),
            Err(why) => vec![Err(Written::hole("…", Unknown::Unresolved(why)))],
        }
    }

    /// A value with its place, in each way in which it can turn out. What removes the property is left out.
    fn references(&self, property: &str, node: &'n Node) -> Vec<Reference> {
        let reference = |place, value, when| Reference { property: property.to_owned(), place, value, via: Vec::new(), when };
        self.branches(node)
            .into_iter()
            .filter_map(|branch| match branch {
                Ok(branch) if is_no_value(branch.node) => None,
                Ok(branch) => {
                    let value = match self.names.layer_defined_here(branch.node) {
                        Some(name) => Referred::DefinedHere(name.to_owned()),
                        None => Referred::Written(self.names.written(branch.node)),
                    };
                    Some(reference(self.place(branch.node), value, branch.when))
                }
                Err(why) => Some(reference(self.place(node), Referred::Written(why), None)),
            })
            .collect()
    }

    fn layers(&self, key: &Key, node: &'n Node) -> Vec<Reference> {
        let mut found = Vec::new();
        for branch in self.branches(node) {
            let (items, when, place) = match branch {
                Ok(branch) if is_no_value(branch.node) => continue,
                Ok(branch) => (self.names.list(branch.node), branch.when, self.place(branch.node)),
                Err(why) => (Ok(vec![Item::Text(why)]), None, self.place(node)),
            };
            let whole = |value| Reference { property: "Layers".into(), place: place.clone(), value, via: Vec::new(), when: when.clone() };
            match items {
                Ok(items) => {
                    for item in items {
                        match item {
                            Item::Node(node) => found.extend(
                                self.references("Layers", node)
                                    .into_iter()
                                    .map(|reference| Reference { when: both(when.as_deref(), reference.when.as_deref()), ..reference }),
                            ),
                            Item::Text(written) => found.push(whole(Referred::Written(written))),
                        }
                    }
                }
                Err(why) => found.push(whole(Referred::Written(Written::hole(format!("{}.Layers", key.text), Unknown::Unresolved(why))))),
            }
        }
        found
    }

    fn code_signing(&self, resource: &Resource<'n>) -> Vec<CodeSigning> {
        let Some(node) = resource.get("CodeSigningConfigArn") else {
            return vec![CodeSigning::None { place: self.document.place(&resource.key.span), when: None }];
        };
        self.branches(node)
            .into_iter()
            .map(|branch| match branch {
                Ok(branch) => {
                    let place = self.place(branch.node);
                    let nothing = is_no_value(branch.node) || self.names.written(branch.node).known() == Some("");
                    if nothing { CodeSigning::None { place, when: branch.when } } else { CodeSigning::Set { place, when: branch.when } }
                }
                Err(_) => CodeSigning::Set { place: self.place(node), when: None },
            })
            .collect()
    }

    /// `PackageType`, else what the code is.
    fn package(&self, resource: &Resource<'n>, code: &[CodeSource]) -> Package {
        let stated = resource.get("PackageType").map(|node| self.names.written(node));
        match stated.as_ref().and_then(Written::known) {
            Some("Image") => return Package::Image,
            Some("Zip") => return Package::Zip,
            Some(_) | None => {}
        }
        let image = code.iter().any(|code| matches!(code, CodeSource::Image(_) | CodeSource::Built { .. }));
        let zip = code.iter().any(|code| matches!(code, CodeSource::Local(_) | CodeSource::S3(_) | CodeSource::Inline { .. }));
        match (image, zip) {
            (true, false) => Package::Image,
            (false, true) => Package::Zip,
            // No PackageType means Zip.
            (false, false) if stated.is_none() => Package::Zip,
            (true, true) | (false, false) => Package::Unknown,
        }
    }

    fn sam_code(&self, resource: &Resource<'n>, metadata: Option<&'n Node>) -> Vec<CodeSource> {
        let mut code = Vec::new();
        if let Some(node) = resource.properties.and_then(|node| node.get("InlineCode")).filter(|node| !is_no_value(node)) {
            code.push(CodeSource::Inline { place: self.place(node) });
        }
        if let Some(node) = resource.get("ImageUri") {
            code.extend(self.references("ImageUri", node).into_iter().map(CodeSource::Image));
        } else if let Some(node) = metadata.and_then(|node| node.get("Dockerfile")) {
            code.push(CodeSource::Built { place: self.place(node) });
        }
        // The globals' CodeUri is for functions that bring no code of their own.
        let own = resource.properties.and_then(|node| node.get("CodeUri"));
        if let Some(node) = own.or_else(|| resource.get("CodeUri").filter(|_| code.is_empty())) {
            code.extend(self.sources("CodeUri", node));
        }
        if code.is_empty() {
            code.push(CodeSource::None { place: self.document.place(&resource.key.span) });
        }
        code
    }

    fn code(&self, resource: &Resource<'n>, property: &str) -> Vec<CodeSource> {
        let code = resource.get(property).map(|node| self.sources(property, node)).unwrap_or_default();
        if code.is_empty() { vec![CodeSource::None { place: self.document.place(&resource.key.span) }] } else { code }
    }

    /// A path, an `s3://` link, or a mapping.
    fn sources(&self, property: &str, node: &'n Node) -> Vec<CodeSource> {
        let mut code = Vec::new();
        for branch in self.branches(node) {
            match branch {
                Ok(branch) if is_no_value(branch.node) => {}
                Ok(branch) if intrinsic(branch.node).is_none() && matches!(branch.node.value, Value::Map(_)) => {
                    code.extend(self.source_of_mapping(property, &branch));
                }
                Ok(branch) => {
                    let written = self.names.written(branch.node);
                    let place = self.place(branch.node);
                    code.push(match s3_link(property, &written, &place, branch.when.as_ref()) {
                        Some(source) => CodeSource::S3(source),
                        None => {
                            let value = Referred::Written(written);
                            CodeSource::Local(Reference { property: property.to_owned(), place, value, via: Vec::new(), when: branch.when })
                        }
                    });
                }
                Err(why) => {
                    let (value, place) = (Referred::Written(why), self.place(node));
                    code.push(CodeSource::Local(Reference { property: property.to_owned(), place, value, via: Vec::new(), when: None }));
                }
            }
        }
        code
    }

    fn source_of_mapping(&self, property: &str, branch: &Branch<'n>) -> Vec<CodeSource> {
        let node = branch.node;
        if let Some(image) = node.get("ImageUri") {
            let references = self.references(&format!("{property}.ImageUri"), image).into_iter();
            let with_when = |reference: Reference| Reference { when: both(branch.when.as_deref(), reference.when.as_deref()), ..reference };
            return references.map(|reference| CodeSource::Image(with_when(reference))).collect();
        }
        if let Some(inline) = node.get("ZipFile") {
            return vec![CodeSource::Inline { place: self.place(inline) }];
        }
        // AWS::Lambda spells S3Key what AWS::Serverless spells Key.
        let get = |name: &str| node.get(&format!("S3{name}")).or_else(|| node.get(name));
        let version = node.get("S3ObjectVersion").or_else(|| node.get("Version"));
        let Some(key) = get("Key") else { return vec![CodeSource::None { place: self.place(node) }] };
        let bucket = get("Bucket").map(|node| self.names.written(node)).unwrap_or_default();
        let mode = node.get("S3ObjectStorageMode").map(|node| self.names.written(node));
        let reference_mode = mode.as_ref().and_then(Written::known) == Some("REFERENCE");
        let keys = self.branches(key);
        let versions: Vec<(Option<Written>, Option<String>)> = match version {
            None => vec![(None, None)],
            Some(node) => self.branches(node).into_iter().map(|branch| self.object_version(branch)).collect(),
        };
        let mut sources = Vec::new();
        for branch_of_key in keys {
            let (key, place, when) = match branch_of_key {
                Ok(key) => (self.names.written(key.node), self.place(key.node), both(branch.when.as_deref(), key.when.as_deref())),
                Err(why) => (why, self.place(key), branch.when.clone()),
            };
            for (version, of_version) in &versions {
                sources.push(CodeSource::S3(S3Source {
                    property: format!("{property}.{}", if node.get("S3Key").is_some() { "S3Key" } else { "Key" }),
                    place: place.clone(),
                    bucket: bucket.clone(),
                    key: key.clone(),
                    version: version.clone(),
                    reference_mode,
                    when: both(when.as_deref(), of_version.as_deref()),
                }));
            }
        }
        sources
    }

    fn object_version(&self, branch: Result<Branch<'n>, Written>) -> (Option<Written>, Option<String>) {
        match branch {
            Ok(branch) if is_no_value(branch.node) => (None, branch.when),
            Ok(branch) => (Some(self.names.written(branch.node)).filter(|written| !written.is_empty()), branch.when),
            Err(why) => (Some(why), None),
        }
    }

    fn place(&self, node: &Node) -> SourceSpan {
        self.document.place(&node.span)
    }
}

/// `s3://BUCKET/KEY[?versionId=VERSION]`, as SAM takes it.
fn s3_link(property: &str, written: &Written, place: &SourceSpan, when: Option<&String>) -> Option<S3Source> {
    let (bucket, key) = written.strip_prefix("s3://")?.split_once('/')?;
    let (key, version) = match key.split_once('?') {
        Some((key, query)) => (key, query.strip_prefix("versionId=").filter(|version| !version.is_empty())),
        None => (key, None),
    };
    let (property, place, when) = (property.to_owned(), place.clone(), when.cloned());
    Some(S3Source { property, place, bucket, key, version, reference_mode: false, when })
}

/// Two conditions as one.
fn both(first: Option<&str>, second: Option<&str>) -> Option<String> {
    match (first, second) {
        (Some(first), Some(second)) => Some(format!("{first}, {second}")),
        (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
        (None, None) => None,
    }
}

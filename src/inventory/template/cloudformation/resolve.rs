//! What a value of a CloudFormation template says before anything is deployed.

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::model::document::{Key, Node, Value};
use crate::model::template::{Dynamic, DynamicSource, Unknown, Written};

/// The most text that all values of one template may resolve to, bytes: `${a}${a}` inside `${a}${a}` doubles with each level.
const MAX_RESOLVED_BYTES: usize = 16 << 20;
/// The most branches of one value: a condition has two, a mapping one per key.
const MAX_BRANCHES: usize = 256;

/// An intrinsic function with its argument: `!Sub x` and `{"Fn::Sub": x}` alike.
pub(super) struct Intrinsic<'n> {
    /// `Ref`, `Sub`, `If`, … without `Fn::`.
    pub(super) name: &'n str,
    /// Its argument, where that is a text; `None` of `Fn::Sub: !Ref x`, whose text is another function's.
    text: Option<&'n str>,
    /// The parts of its argument, where that is a list and not another function's.
    items: &'n [Node],
    /// Another function that its argument is.
    inner: Option<&'n Node>,
}

/// The intrinsic function that a value is, where it is one.
pub(super) fn intrinsic(node: &Node) -> Option<Intrinsic<'_>> {
    if let Some(tag) = &node.tag {
        return Some(Intrinsic { name: tag, text: scalar(node), items: node.items(), inner: None });
    }
    let [(key, argument)] = node.entries() else { return None };
    let name = if key.text == "Ref" { "Ref" } else { key.text.strip_prefix("Fn::")? };
    // A tag on the argument is that of another function.
    let items = if argument.tag.is_none() { argument.items() } else { &[] };
    Some(Intrinsic { name, text: literal(argument), items, inner: Some(argument) })
}

/// True for `!Ref AWS::NoValue`, which removes the property.
pub(super) fn is_no_value(node: &Node) -> bool {
    node.is_null() || intrinsic(node).is_some_and(|f| f.name == "Ref" && f.text == Some("AWS::NoValue"))
}

/// The text of a scalar, whatever its tag.
pub(super) fn scalar(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar { text, .. } => Some(text),
        Value::List(_) | Value::Map(_) => None,
    }
}

/// The text of a scalar that no function stands before.
fn literal(node: &Node) -> Option<&str> {
    if node.tag.is_none() { scalar(node) } else { None }
}

/// One way in which a value can turn out.
#[derive(Clone)]
pub(super) struct Branch<'n> {
    pub(super) node: &'n Node,
    /// `where IsProd holds`, where something decides.
    pub(super) when: Option<String>,
}

/// The parts of a template that values refer to.
pub(super) struct Names<'n> {
    parameters: BTreeMap<&'n str, &'n Node>,
    mappings: BTreeMap<&'n str, &'n Node>,
    /// Types by logical id.
    resources: BTreeMap<&'n str, &'n str>,
    spent: Cell<usize>,
}

impl<'n> Names<'n> {
    pub(super) fn of(root: &'n Node) -> Self {
        let section = |name: &str| root.get(name).map(Node::entries).unwrap_or_default();
        let by_name = |name: &str| section(name).iter().map(|(key, node)| (key.text.as_str(), node)).collect();
        let resources =
            section("Resources").iter().filter_map(|(key, node)| Some((key.text.as_str(), node.get("Type")?.text()?))).collect();
        Self { parameters: by_name("Parameters"), mappings: by_name("Mappings"), resources, spent: Cell::new(0) }
    }

    /// The logical id of a layer of this template that a value names.
    pub(super) fn layer_defined_here(&self, node: &Node) -> Option<&'n str> {
        let f = intrinsic(node)?;
        let name = match f.name {
            "Ref" => f.text?,
            "GetAtt" => attribute(&f)?.0,
            _ => return None,
        };
        let (name, kind) = self.resources.get_key_value(name)?;
        matches!(*kind, "AWS::Lambda::LayerVersion" | "AWS::Serverless::LayerVersion").then_some(*name)
    }

    /// Every way in which a value can turn out: both sides of conditions, and each key of a mapping whose key is not known. The error is
    /// why there are too many.
    pub(super) fn branches(&self, node: &'n Node) -> Result<Vec<Branch<'n>>, String> {
        let mut found = Vec::new();
        let mut open = vec![Branch { node, when: None }];
        while let Some(branch) = open.pop() {
            if found.len() + open.len() > MAX_BRANCHES {
                return Err(format!("it has more than {MAX_BRANCHES} branches"));
            }
            let with = |node: &'n Node, words: String| Branch {
                node,
                when: Some(branch.when.as_ref().map_or(words.clone(), |before| format!("{before}, {words}"))),
            };
            match intrinsic(branch.node) {
                Some(Intrinsic { name: "If", items, .. }) => {
                    let [condition, yes, no] = items else { return Err("its Fn::If has not three parts".into()) };
                    let condition = scalar(condition).unwrap_or("a condition");
                    open.push(with(no, format!("where {condition} does not hold")));
                    open.push(with(yes, format!("where {condition} holds")));
                }
                Some(Intrinsic { name: "FindInMap", items, .. }) => match self.mapped(items) {
                    Ok(Mapped::One(node)) => found.push(Branch { node, ..branch }),
                    Ok(Mapped::Each(nodes)) => {
                        let each: Vec<_> = nodes.into_iter().map(|(key, node)| with(node, format!("for {key}"))).collect();
                        found.extend(each);
                    }
                    // The words come when it is resolved.
                    Err(_) => found.push(branch),
                },
                _ => found.push(branch),
            }
        }
        Ok(found)
    }

    /// The text that a value is.
    pub(super) fn written(&self, node: &Node) -> Written {
        let unresolved = |why: &str| Written::hole(shown(node), Unknown::Unresolved(why.to_owned()));
        if !self.spend(32) {
            return unresolved(&format!("the template's values resolve to more than {MAX_RESOLVED_BYTES} bytes"));
        }
        let Some(f) = intrinsic(node) else {
            return match scalar(node) {
                Some(_) if node.is_null() => Written::default(),
                Some(text) => self.text(text),
                None => unresolved("a text is expected, and a list or mapping stands there"),
            };
        };
        match f.name {
            "Ref" => self.reference(f.text.unwrap_or_default()),
            "GetAtt" => match attribute(&f) {
                Some((resource, attribute)) => self.attribute(resource, &attribute),
                None => unresolved("its Fn::GetAtt names no attribute"),
            },
            "Sub" => match (f.text, f.items) {
                (Some(text), _) => self.substitute(text, &[]),
                (None, [text, values]) if literal(text).is_some() => self.substitute(literal(text).unwrap_or_default(), values.entries()),
                _ => unresolved("its Fn::Sub is neither a text nor a text with values"),
            },
            "Join" => match f.items {
                // A delimiter takes no functions (CloudFormation, Fn::Join, "Supported functions").
                [delimiter, _] if literal(delimiter).is_none() => unresolved("the delimiter of its Fn::Join is no text"),
                [delimiter, list] if intrinsic(list).is_none() => {
                    let mut written = Written::default();
                    for (index, item) in list.items().iter().enumerate() {
                        if index > 0 {
                            written.push(self.text(literal(delimiter).unwrap_or_default()));
                        }
                        written.push(self.written(item));
                    }
                    written
                }
                _ => unresolved("its Fn::Join is over a list that is known at deployment only"),
            },
            "Select" => match f.items {
                [index, list] => match literal(index).and_then(|text| text.parse::<usize>().ok()).zip(self.list(list).ok()) {
                    Some((index, items)) => items.into_iter().nth(index).map_or_else(
                        || unresolved("its Fn::Select is beyond the list"),
                        |item| match item {
                            Item::Node(node) => self.written(node),
                            Item::Text(written) => written,
                        },
                    ),
                    None => unresolved("its Fn::Select is from a list that is known at deployment only"),
                },
                _ => unresolved("its Fn::Select has not two parts"),
            },
            "FindInMap" => match self.mapped(f.items) {
                // Only texts: a mapping holds no functions, and one that does could refer to itself.
                Ok(Mapped::One(found)) => {
                    found.text().map_or_else(|| unresolved("the mapping holds no text there"), |text| self.text(text))
                }
                Ok(Mapped::Each(_)) => unresolved("the key of the mapping is known at deployment only"),
                Err(why) => unresolved(&why),
            },
            "ImportValue" => {
                let name = self.resolve_import(&f, node);
                let dynamic = Dynamic { source: DynamicSource::StackOutput, name: name.clone(), pinned: false };
                Written::hole(name, Unknown::Dynamic(dynamic))
            }
            "If" => unresolved("it depends on a condition inside a text"),
            other => unresolved(&format!("Fn::{other} is not evaluated")),
        }
    }

    /// What `Fn::ImportValue` imports, for people. `node` is the whole of it.
    fn resolve_import(&self, import: &Intrinsic<'_>, node: &Node) -> String {
        // `!ImportValue` with a mapping below it carries the tag itself; what it imports is then in its only entry.
        let below = |name: &str| node.entries().first().filter(|(key, _)| node.entries().len() == 1 && key.text == name);
        let inner = import.inner.and_then(intrinsic);
        let substituted = match (&inner, below("Fn::Sub")) {
            (Some(Intrinsic { name: "Sub", text, .. }), _) => *text,
            (_, Some((_, argument))) => literal(argument),
            (_, None) => None,
        };
        match (import.text, substituted) {
            (Some(text), _) => text.to_owned(),
            (None, Some(text)) => self.substitute(text, &[]).to_string(),
            (None, None) => inner.and_then(|f| Some(format!("{} {}", f.name, f.text?))).unwrap_or_else(|| shown(node)),
        }
    }

    /// The items of a list: as written, of a parameter's default, or of a text that is split.
    pub(super) fn list<'a>(&self, node: &'a Node) -> Result<Vec<Item<'a>>, String> {
        let Some(f) = intrinsic(node) else {
            return match &node.value {
                Value::List(items) => Ok(items.iter().map(Item::Node).collect()),
                Value::Scalar { .. } | Value::Map(_) => Err("a list is expected".into()),
            };
        };
        let split = |written: Written, delimiter: &str| {
            let defaults = written.defaults.clone();
            let text = written
                .known()
                .map(str::to_owned)
                .ok_or_else(|| written.unresolved().unwrap_or_else(|| "it is known at deployment only".into()))?;
            if delimiter.is_empty() {
                return Err("it is split by nothing".to_owned());
            }
            let item = |part: &str| Item::Text(Written { defaults: defaults.clone(), ..Written::literal(part.trim()) });
            Ok(text.split(delimiter).map(item).collect())
        };
        match f.name {
            "Ref" => split(self.reference(f.text.unwrap_or_default()), ","),
            "Split" => match f.items {
                [delimiter, text] => split(self.written(text), literal(delimiter).unwrap_or_default()),
                _ => Err("its Fn::Split has not two parts".into()),
            },
            other => Err(format!("a list made by Fn::{other} is not evaluated")),
        }
    }

    /// The value of a parameter, pseudo parameter or resource.
    fn reference(&self, name: &str) -> Written {
        let hole = |why: String| Written::hole(name, Unknown::Unresolved(why));
        match name {
            "AWS::Region" | "AWS::AccountId" | "AWS::Partition" | "AWS::URLSuffix" | "AWS::StackName" => {
                return Written::hole(name, Unknown::Pseudo);
            }
            "AWS::NoValue" => return Written::default(),
            _ => {}
        }
        let Some(parameter) = self.parameters.get(name) else {
            return match self.resources.get(name) {
                Some(kind) => hole(format!("it is the name or ARN of {name} ({kind}), which is given at deployment")),
                None => hole(format!("the template defines no {name}")),
            };
        };
        let default = parameter.get("Default").and_then(literal);
        if parameter.get("Type").and_then(scalar).is_some_and(|kind| kind.starts_with("AWS::SSM::Parameter::")) {
            let key = default.unwrap_or(name);
            return ssm(key, key);
        }
        match default {
            Some(default) => {
                let mut written = self.text(default);
                written.defaults.push(name.to_owned());
                written
            }
            None => hole(format!("the parameter {name} has no default")),
        }
    }

    fn attribute(&self, resource: &str, attribute: &str) -> Written {
        let why = match self.resources.get(resource) {
            Some(&("AWS::CloudFormation::Stack" | "AWS::Serverless::Application")) => {
                format!("it is an output of the nested stack {resource}, whose template was not read")
            }
            Some(kind) => format!("it is an attribute of {resource} ({kind}), which is given at deployment"),
            None => format!("the template defines no {resource}"),
        };
        Written::hole(format!("{resource}.{attribute}"), Unknown::Unresolved(why))
    }

    /// `Fn::Sub`: `${Name}`, `${Resource.Attribute}`, and `${!Literal}`, which is `${Literal}`.
    fn substitute(&self, text: &str, variables: &[(Key, Node)]) -> Written {
        let mut written = Written::default();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            written.push(self.text(before));
            let Some((name, behind)) = after.split_once('}') else {
                written.push_text("${");
                rest = after;
                break;
            };
            rest = behind;
            let name = name.trim();
            if let Some(literal) = name.strip_prefix('!') {
                written.push_text(&format!("${{{literal}}}"));
            } else if let Some((_, value)) = variables.iter().find(|(key, _)| key.text == name) {
                written.push(self.written(value));
            } else if let Some((resource, attribute)) = name.split_once('.') {
                written.push(self.attribute(resource, attribute));
            } else {
                written.push(self.reference(name));
            }
        }
        written.push(self.text(rest));
        written
    }

    /// A literal text, in which only dynamic references are not what they seem: `{{resolve:ssm:NAME:VERSION}}`.
    fn text(&self, text: &str) -> Written {
        if !self.spend(text.len()) {
            return Written::hole(
                "…",
                Unknown::Unresolved(format!("the template's values resolve to more than {MAX_RESOLVED_BYTES} bytes")),
            );
        }
        let mut written = Written::default();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{resolve:") {
            let Some((what, behind)) = after.split_once("}}") else { break };
            written.push_text(before);
            written.push(match what.split_once(':') {
                Some(("ssm" | "ssm-secure", name)) => ssm(name, &format!("resolve:{what}")),
                _ => Written::hole(
                    format!("resolve:{what}"),
                    Unknown::Unresolved("it is a dynamic reference, resolved at deployment".into()),
                ),
            });
            rest = behind;
        }
        written.push_text(rest);
        written
    }

    fn mapped(&self, items: &[Node]) -> Result<Mapped<'n>, String> {
        // A fourth part is the default of AWS::LanguageExtensions.
        let [map, first, second, ..] = items else { return Err("its Fn::FindInMap has not three parts".into()) };
        let name = self.written(map);
        let name = name.known().ok_or("the name of the mapping is known at deployment only")?;
        let map = self.mappings.get(name).ok_or_else(|| format!("the template has no mapping {name}"))?;
        let second = self.written(second);
        let second = second.known().ok_or("the key of the mapping is known at deployment only")?;
        let first = self.written(first);
        if let Some(first) = first.known() {
            let found = map.get(first).and_then(|row| row.get(second));
            return found.map(Mapped::One).ok_or_else(|| format!("the mapping {name} has no {first}.{second}"));
        }
        Ok(Mapped::Each(map.entries().iter().filter_map(|(key, row)| Some((key.text.as_str(), row.get(second)?))).collect()))
    }

    fn spend(&self, bytes: usize) -> bool {
        self.spent.set(self.spent.get().saturating_add(bytes));
        self.spent.get() <= MAX_RESOLVED_BYTES
    }
}

/// An item of a list.
pub(super) enum Item<'a> {
    Node(&'a Node),
    Text(Written),
}

enum Mapped<'n> {
    One(&'n Node),
    /// One per first-level key.
    Each(Vec<(&'n str, &'n Node)>),
}

/// A parameter of the Parameter Store, `NAME` or `NAME:VERSION`.
fn ssm(name: &str, hole: &str) -> Written {
    let version = name.rsplit_once(':').map(|(_, version)| version);
    let pinned = version.is_some_and(|version| !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit()));
    let dynamic = Dynamic { source: DynamicSource::SsmParameter, name: name.to_owned(), pinned };
    Written::hole(hole, Unknown::Dynamic(dynamic))
}

/// `Resource.Attribute`, or a list of the two.
fn attribute<'n>(get_att: &Intrinsic<'n>) -> Option<(&'n str, String)> {
    match (get_att.text, get_att.items) {
        (Some(text), _) => text.split_once('.').map(|(resource, attribute)| (resource, attribute.to_owned())),
        (None, [resource, attribute]) => Some((literal(resource)?, literal(attribute).unwrap_or("…").to_owned())),
        _ => None,
    }
}

/// A value for people, where it is no text.
fn shown(node: &Node) -> String {
    match (intrinsic(node), scalar(node)) {
        (Some(f), Some(text)) => format!("{} {text}", f.name),
        (Some(f), None) => format!("Fn::{}", f.name),
        (None, Some(text)) => text.to_owned(),
        (None, None) => "…".to_owned(),
    }
}

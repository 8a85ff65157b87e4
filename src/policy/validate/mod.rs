//! Raw document to [`Policy`]. Unknown keys are errors, and every problem is reported at once.

mod authority;
pub(super) mod fields;
mod material;
mod notary;
mod sigstore;
mod statement;

use std::collections::BTreeMap;
use std::ops::Range;

use super::parse::{Node, Value, parse};
use super::problem::{Problem, Problems};
use super::schema::{Policy, Statement};
use crate::model::digest::Digest;
use authority::Reading;
use fields::{Fields, list, number, quoted, shorten};
use material::Material;

/// Gives the bytes of a file that the policy names, by its path relative to the policy file; the error is a sentence.
pub type ReadRoot<'r> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'r;

impl Policy {
    /// Parses and validates the text of a policy. `file` is its name for reports; `read_root` reads the files that it names:
    /// certificates, trusted roots and keys.
    pub fn parse(file: &str, text: &str, read_root: &mut ReadRoot<'_>) -> Result<Self, Vec<Problem>> {
        let document = parse(text)?;
        let mut problems = Problems::new(text);
        let policy = Validator { text, file, read_root, problems: &mut problems }.policy(&document);
        match policy {
            Some(policy) if problems.is_empty() => Ok(policy),
            Some(_) | None => Err(problems.into_sorted()),
        }
    }
}

/// The format's version, which must stand in the file.
pub(super) fn version(fields: &Fields<'_>, what: &str, problems: &mut Problems<'_>) {
    if let Some(node) = fields.require("version", what, problems)
        && number(node, "`version`", problems).is_some_and(|version| version != 1)
    {
        problems.add(&node.span, "`version` must be 1");
    }
}

struct Validator<'a, 't, 'r> {
    text: &'t str,
    file: &'a str,
    read_root: &'a mut ReadRoot<'r>,
    problems: &'a mut Problems<'t>,
}

impl Validator<'_, '_, '_> {
    fn policy(mut self, document: &Node) -> Option<Policy> {
        let what = "a policy";
        let fields = Fields::of(document, what, &["version", "roots", "sigstore_roots", "trust_stores", "statements"], self.problems)?;
        version(&fields, what, self.problems);
        let mut material = Material::declared(&fields, self.read_root, self.problems);
        let node = fields.require("statements", what, self.problems)?;
        let mut statements = Vec::new();
        let items = list(node, "`statements`", self.problems);
        let mut reading = Reading { problems: &mut *self.problems, named: Vec::new() };
        for item in items {
            if let Some(statement) = statement::statement(item, self.text, &mut reading) {
                statements.push((statement, item.span.clone()));
            }
        }
        let named = reading.named;
        self.names_and_overrides(&statements, &declared_names(node));
        let anchors = material.named(&named, self.read_root, self.problems);
        Some(Policy {
            file: self.file.to_owned(),
            sha256: Digest::of(self.text.as_bytes()).hex(),
            statements: statements.into_iter().map(|(statement, _)| statement).collect(),
            anchors,
        })
    }

    fn names_and_overrides(&mut self, statements: &[(Statement, Range<usize>)], names: &[&str]) {
        let mut by_name: BTreeMap<&str, &Statement> = BTreeMap::new();
        for (statement, span) in statements {
            if by_name.insert(&statement.name, statement).is_some() {
                self.problems.add(span, format!("two statements are named `{}`", shorten(&statement.name)));
            }
        }
        for (statement, span) in statements {
            let Some(target) = &statement.overrides else { continue };
            if !names.contains(&target.as_str()) {
                let help = match fields::nearest(target, names) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the statements are {}", quoted(names)),
                };
                self.problems.add_with_help(
                    span,
                    format!("`{}` overrides `{}`, which is not there", statement.name, shorten(target)),
                    help,
                );
                continue;
            }
            let mut next = by_name.get(target.as_str());
            // No chain of distinct statements is longer than their number.
            for _ in 0..statements.len() {
                let Some(at) = next else { break };
                if at.name == statement.name {
                    self.problems.add(span, format!("`{}` overrides itself, by way of its own carve-outs", statement.name));
                    break;
                }
                next = at.overrides.as_deref().and_then(|name| by_name.get(name));
            }
        }
    }
}

/// The names of all statements, also of those in which something is wrong.
fn declared_names(statements: &Node) -> Vec<&str> {
    let Value::List(items) = &statements.value else { return Vec::new() };
    items.iter().filter_map(|item| declared_name(&item.value)).collect()
}

fn declared_name(statement: &Value) -> Option<&str> {
    let Value::Map(entries) = statement else { return None };
    let (_, node) = entries.iter().find(|(key, _)| key.text == "name")?;
    let Value::Scalar { text, .. } = &node.value else { return None };
    Some(text)
}

//! Raw document to [`Policy`]. Unknown keys are errors, and every problem is reported at once.

mod authority;
pub(super) mod fields;
mod statement;

use std::collections::BTreeMap;
use std::ops::Range;

use super::parse::{Node, Value, parse};
use super::problem::{Problem, Problems};
use super::schema::{Authority, Policy, Statement};
use crate::model::arn::is_account;
use crate::model::digest::Digest;
use crate::signature::trust::shipped;
use crate::signature::{Anchor, TrustAnchors};
use fields::{Fields, list, number, quoted, shorten};

/// Gives the bytes of a file that the policy names, by its path relative to the policy file; the error is a sentence.
pub type ReadRoot<'r> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'r;

impl Policy {
    /// Parses and validates the text of a policy. `file` is its name for reports; `read_root` reads the files that `roots:` names.
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
        let fields = Fields::of(document, what, &["version", "roots", "statements"], self.problems)?;
        version(&fields, what, self.problems);
        let (pinned, declared) = self.roots(&fields);
        let node = fields.require("statements", what, self.problems)?;
        let mut statements = Vec::new();
        for item in list(node, "`statements`", self.problems) {
            if let Some(statement) = statement::statement(item, self.text, self.problems) {
                statements.push((statement, item.span.clone()));
            }
        }
        self.names_and_overrides(&statements, &declared_names(node));
        let anchors = self.anchors(&statements, pinned, &declared);
        Some(Policy {
            file: self.file.to_owned(),
            sha256: Digest::of(self.text.as_bytes()).hex(),
            statements: statements.into_iter().map(|(statement, _)| statement).collect(),
            anchors,
        })
    }

    /// The pinned anchors, and every name that `roots:` declares, also of those that could not be read.
    fn roots(&mut self, fields: &Fields<'_>) -> (Vec<Anchor>, Vec<String>) {
        let (mut anchors, mut declared) = (Vec::new(), Vec::new());
        let Some(node) = fields.get("roots") else { return (anchors, declared) };
        for item in list(node, "`roots`", self.problems) {
            let what = "a root";
            let Some(fields) = Fields::of(item, what, &["name", "file", "sha256", "accounts"], self.problems) else { continue };
            let name = fields.require_text("name", what, self.problems);
            let good_name = name.as_ref().is_some_and(|name| !is_shipped(name.value) && !declared.iter().any(|other| other == name.value));
            if let Some(name) = &name {
                if is_shipped(name.value) {
                    self.problems.add(&name.span, format!("`{}` is the name of a root that ships with layerproof", shorten(name.value)));
                } else if declared.iter().any(|other| other == name.value) {
                    self.problems.add(&name.span, format!("the name `{}` stands here twice", shorten(name.value)));
                }
                declared.push(name.value.to_owned());
            }
            let file = fields.require_text("file", what, self.problems);
            let sha256 = fields.require_text("sha256", what, self.problems);
            let fingerprint = sha256.as_ref().map(|text| text.value);
            let good_fingerprint =
                fingerprint.is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
            if let Some(text) = sha256.as_ref().filter(|_| !good_fingerprint) {
                self.problems.add_with_help(
                    &text.span,
                    "`sha256` is not 64 lower-case hexadecimal digits",
                    "the SHA-256 of the certificate's DER: `openssl x509 -in FILE -outform DER | sha256sum`",
                );
            }
            let accounts = fields.require_texts("accounts", what, self.problems);
            for text in &accounts {
                if !is_account(text.value) {
                    // A root can vouch for any account; a pinned one is bound to those that the user means (DESIGN §4 rule 9).
                    self.problems.add(&text.span, format!("`{}` is not an account of twelve digits", shorten(text.value)));
                }
            }
            // What is wrong already is not said again in the words of `Anchor::pinned`.
            let good = good_name && good_fingerprint && !accounts.is_empty() && accounts.iter().all(|text| is_account(text.value));
            let (Some(name), Some(file), Some(sha256), true) = (name, file, sha256, good) else { continue };
            let bytes = match self.root_bytes(file.value) {
                Ok(bytes) => bytes,
                Err(message) => {
                    self.problems.add(&file.span, message);
                    continue;
                }
            };
            let accounts: Vec<String> = accounts.iter().map(|text| text.value.to_owned()).collect();
            match Anchor::pinned(name.value, &bytes, sha256.value, &accounts) {
                Ok(anchor) => anchors.push(anchor),
                Err(error) => self.problems.add(&file.span, format!("`{}`: {error}", shorten(file.value))),
            }
        }
        (anchors, declared)
    }

    fn root_bytes(&mut self, file: &str) -> Result<Vec<u8>, String> {
        if file.starts_with(['/', '\\']) || file.contains(':') {
            return Err(format!("`{}` must be a path relative to the policy file", shorten(file)));
        }
        (self.read_root)(file)
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

    fn anchors(&mut self, statements: &[(Statement, Range<usize>)], pinned: Vec<Anchor>, declared: &[String]) -> TrustAnchors {
        let shipped = shipped();
        let mut anchors = pinned;
        for (statement, span) in statements {
            let requirements = statement.signatures.iter().chain(statement.attestations.iter().map(|a| &a.signed_by));
            for authority in requirements.flat_map(|r| &r.authorities) {
                let Authority::AwsSigner { root, .. } = authority else { continue };
                if declared.contains(root) || anchors.iter().any(|anchor| anchor.name == *root) {
                    continue;
                }
                if let Some(anchor) = shipped.iter().find(|anchor| anchor.name == *root) {
                    anchors.push(anchor.clone());
                    continue;
                }
                let known: Vec<&str> =
                    declared.iter().map(String::as_str).chain(shipped.iter().map(|anchor| anchor.name.as_str())).collect();
                self.problems.add_with_help(
                    span,
                    format!("`{}` names the root `{}`, which is not known", statement.name, shorten(root)),
                    format!("the roots are {}; others are pinned under `roots:`", quoted(&known)),
                );
            }
        }
        anchors.sort_by(|a, b| a.name.cmp(&b.name));
        TrustAnchors { anchors, ..TrustAnchors::default() }
    }
}

fn is_shipped(name: &str) -> bool {
    shipped().iter().any(|anchor| anchor.name == name)
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

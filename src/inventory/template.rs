//! Templates: AWS CloudFormation and SAM in YAML and JSON, and Terraform plans in JSON.
//!
//! A template is read, never run: parameters stand for their defaults, conditions are looked at both ways, and what is known at deployment
//! only stays a hole with its reason. Which of the formats a file is, is told from its content.

mod artifacts;
mod cloudformation;
mod document;
mod terraform;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

pub use artifacts::{add, layers_named};
pub use document::{MAX_TEMPLATE_BYTES, MAX_TEMPLATE_DEPTH, MAX_TEMPLATE_VALUES};

use super::{BoxFuture, InventoryError, Request, Source};
use crate::clients::Clients;
use crate::model::inventory::{Inventory, SourceInfo};
use crate::model::template;
use document::Document;

/// The source of what is about to be deployed: it lists no account, and `Inventory::templates` holds what was read.
pub struct Template;

impl Source for Template {
    fn name(&self) -> &'static str {
        "template"
    }

    fn describe(&self) -> &'static str {
        "CloudFormation and SAM templates, and Terraform plans in JSON"
    }

    fn is_meant(&self, request: &Request) -> bool {
        !request.templates.is_empty()
    }

    fn inventory<'a>(&'a self, request: &'a Request, _: &'a Clients) -> BoxFuture<'a, Result<Inventory, InventoryError>> {
        let given = request.templates.iter().map(|path| path.display().to_string());
        let name = given.chain(request.files.iter().map(|file| file.given.clone())).collect::<Vec<_>>().join(" ");
        let source = SourceInfo { kind: self.name(), name, recorded_at: None, unauthenticated: false };
        Box::pin(std::future::ready(Ok(Inventory::empty(source))))
    }
}

/// Reads a template. `artifacts` says whether what it names is to be looked at too.
///
/// # Errors
///
/// A file that cannot be read, is too large, is no text, or is not one of the formats; with line and column where there are any.
pub fn read(path: &Path, artifacts: bool) -> Result<template::Template, InventoryError> {
    let unreadable = |source| InventoryError::Unreadable { path: path.into(), source };
    let limit = u64::try_from(MAX_TEMPLATE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(unreadable(std::io::Error::other("it is not a file")));
    }
    File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(unreadable)?;
    let document = Document::parse(path, bytes)?;
    let mut template = if terraform::is_plan(&document) { terraform::read(&document)? } else { cloudformation::read(&document)? };
    template.artifacts = artifacts;
    Ok(template)
}

/// Reads every template of a request.
pub fn read_all(paths: &[PathBuf], artifacts: bool) -> Result<Vec<template::Template>, InventoryError> {
    paths.iter().map(|path| read(path, artifacts)).collect()
}

/// True where a text reads like a template, whether or not it is a sound one: a broken template is to be told as such, not as a file
/// without a signature.
pub fn is_template(bytes: &[u8]) -> bool {
    let has = |word: &str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
    let cloudformation = has_key(bytes, "Resources") && (has("AWSTemplateFormatVersion") || has_key(bytes, "Transform") || has("AWS::"));
    let plan = has("\"format_version\"") && has("\"planned_values\"");
    cloudformation || plan
}

/// True where `word` stands as a key: at the start of a line or behind a brace, comma or quote, and before a colon.
fn has_key(bytes: &[u8], word: &str) -> bool {
    let mut from = 0;
    while let Some(rest) = bytes.get(from..) {
        let Some(at) = rest.windows(word.len()).position(|window| window == word.as_bytes()) else { return false };
        let before = rest.get(..at).and_then(<[u8]>::last).or_else(|| from.checked_sub(1).and_then(|n| bytes.get(n)));
        let starts = before.is_none_or(|b| matches!(b, b'\n' | b'\r' | b'"' | b'\'' | b'{' | b',' | b' ' | b'\t' | 0xbf));
        let mut after =
            rest.get(at + word.len()..).unwrap_or(&[]).iter().skip_while(|b| matches!(b, b'"' | b'\'' | b' ' | b'\t' | b'\r' | b'\n'));
        if starts && after.next() == Some(&b':') {
            return true;
        }
        from += at + word.len();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::is_template;

    #[test]
    fn a_template_is_told_from_a_text_that_speaks_of_one() {
        for text in [
            "Resources:\n  A: {Type: AWS::Lambda::Function}\n",
            "AWSTemplateFormatVersion: 2010-09-09\r\n\"Resources\" : {}\r\n",
            "\u{feff}Resources:\n  A: {Type: AWS::Lambda::Function}\n",
            "{\"Resources\":{\"A\":{\"Type\":\"AWS::Lambda::Function\"}}}",
            "Transform: AWS::Serverless-2016-10-31\nResources: {a: 1, a: 2}\n",
            "{\"format_version\":\"1.2\",\"planned_values\":{}}",
        ] {
            assert!(is_template(text.as_bytes()), "{text}");
        }
        for text in ["", "Resources of AWS::Lambda are listed here.", "resources:\n  a: AWS::Lambda", "Resources: [a, b]", "planned_values"]
        {
            assert!(!is_template(text.as_bytes()), "{text}");
        }
    }
}

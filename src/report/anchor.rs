//! The file that findings are anchored to in SARIF and annotations: the template where they stand in one, else `--sarif-anchor`, else
//! the policy file.

use super::{RenderOptions, Report};
use crate::model::template::SourceSpan;
use crate::policy::decision::{Decision, StatementResult};

/// Stands in where neither `--sarif-anchor` nor a policy file names one: GitHub refuses an empty `uri`.
const FALLBACK: &str = "layerproof-policy.yaml";

/// A relative path of the repository.
pub(super) struct Anchor {
    path: String,
    is_policy: bool,
}

impl Anchor {
    pub(super) fn of(report: &Report, options: &RenderOptions) -> Self {
        let policy = report.policy.as_ref().and_then(|p| relative(&p.file));
        let path = options.anchor.as_deref().and_then(relative).or_else(|| policy.clone()).unwrap_or_else(|| FALLBACK.into());
        Self { is_policy: policy.as_ref() == Some(&path), path }
    }

    /// The path, `/` between its segments. Not safe to print.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The path as a relative URI reference (RFC 3986 §4.2): everything but unreserved characters percent-encoded.
    pub(super) fn uri(&self) -> String {
        encoded(&self.path)
    }

    /// The line of the statement that made the decision, where the anchor is the policy file; else 1.
    pub(super) fn line(&self, decision: Option<&Decision>) -> usize {
        let statement = decision.and_then(decisive).filter(|s| self.is_policy && relative(&s.file).as_deref() == Some(self.path.as_str()));
        statement.map_or(1, |s| s.line.max(1))
    }
}

/// The relative path of a template, `/` between its segments. Not safe to print. `None` for a path that has no such form.
pub(super) fn template_path(place: &SourceSpan) -> Option<String> {
    relative(&place.file)
}

/// The same as a relative URI reference.
pub(super) fn template_uri(place: &SourceSpan) -> Option<String> {
    relative(&place.file).map(|path| encoded(&path))
}

fn encoded(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

/// The statement that a decision's first reason comes from, else the first one that decided the same.
pub(super) fn decisive(decision: &Decision) -> Option<&StatementResult> {
    let named = decision.reasons.first().and_then(|r| r.statement.as_deref());
    let by_name = decision.statements.iter().find(|s| Some(s.name.as_str()) == named);
    by_name.or_else(|| decision.statements.iter().find(|s| s.verdict == decision.verdict))
}

/// A path without root, drive, empty, `.` or `..` segments. `None` where nothing is left.
fn relative(path: &str) -> Option<String> {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split(['/', '\\']) {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    (!segments.is_empty()).then(|| segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(path: &str) -> Option<String> {
        relative(path).map(|path| Anchor { path, is_policy: false }.uri())
    }

    #[test]
    fn a_uri_is_never_empty_absolute_nor_out_of_the_repository() {
        assert_eq!(uri("./trust-policies//demo.yaml").as_deref(), Some("trust-policies/demo.yaml"));
        assert_eq!(uri("/etc/policy.yaml").as_deref(), Some("etc/policy.yaml"));
        assert_eq!(uri("../../x.yaml").as_deref(), Some("x.yaml"));
        assert_eq!(uri("a b:c\u{1b}é.yaml").as_deref(), Some("a%20b%3Ac%1B%C3%A9.yaml"));
        assert_eq!(uri("C:\\p\\x.yaml").as_deref(), Some("C%3A/p/x.yaml"));
        for nothing in ["", ".", "/", "a/.."] {
            assert_eq!(uri(nothing), None);
        }
    }
}

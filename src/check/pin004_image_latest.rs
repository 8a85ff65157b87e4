//! PIN004: a function was deployed from a tag that is made to move.

use std::collections::BTreeMap;

use super::declared::image_tags;
use super::deployed::tag_uses;
use super::{Check, Context};
use crate::finding::{Confidence, EvidenceKind, Finding, Rule, Severity};
use crate::model::arn::FunctionArn;
use crate::model::printable::printable;

static RULE: Rule = Rule {
    id: "PIN004",
    slug: "image-latest",
    title: "A function is deployed from a tag that is made to move",
    severity: Severity::High,
    explanation: "The function's ImageUri names no tag (which means latest), latest, or a tag that reads like a branch or a stage: main, dev, \
        prod, feature-x. Such a tag is moved with every build, so it says nothing about what runs, and a rollback to it brings whatever it \
        points to by then.",
    remediation: "Give each release a tag of its own and deploy it together with its digest.",
    evidence: &[EvidenceKind::Api, EvidenceKind::Template],
    tampering: false,
    caveat: "",
};

/// Tags that name a branch, a stage or a channel, in lower case.
const MOVING_TAGS: &[&str] = &[
    "latest",
    "main",
    "master",
    "trunk",
    "head",
    "develop",
    "development",
    "dev",
    "test",
    "testing",
    "qa",
    "uat",
    "staging",
    "stage",
    "preprod",
    "prod",
    "production",
    "live",
    "release",
    "stable",
    "current",
    "edge",
    "nightly",
    "canary",
    "beta",
    "alpha",
    "snapshot",
];

/// Beginnings of tags that are named after a branch.
const BRANCH_PREFIXES: &[&str] = &["feature-", "feature_", "feature.", "bugfix-", "hotfix-"];

pub(super) struct ImageLatest;

impl Check for ImageLatest {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/PIN004.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        for tag in tag_uses(cx) {
            let Some(confidence) = moves(tag.tag) else { continue };
            let mut functions: BTreeMap<FunctionArn, Vec<&FunctionArn>> = BTreeMap::new();
            for (version, _) in &tag.versions {
                functions.entry(version.unqualified()).or_default().push(version);
            }
            for (function, versions) in functions {
                let name = printable(&function.to_string()).into_owned();
                let message = format!("{name} is deployed from {}: {}", tag.name(), what(tag.tag));
                let mut finding = Finding::about(&RULE, name, message);
                finding.account = Some(function.account.clone());
                finding.confidence = confidence;
                finding.key = tag.name();
                finding.affects = cx.reach().affects(versions);
                findings.push(finding);
            }
        }
        for (declared, written, tag) in image_tags(cx) {
            let Some(confidence) = moves(tag.as_deref()) else { continue };
            let (value, because) = (written.shown(), declared.because(Some(written)));
            let subject = declared.subject();
            let message = format!("{subject} names the image {}: {}{because}", printable(&value), what(tag.as_deref()));
            let finding = declared.finding(&RULE, &value, message);
            findings.push(Finding { confidence, ..finding });
        }
    }
}

/// What is wrong with a tag, safe to print.
fn what(tag: Option<&str>) -> String {
    match tag {
        Some(tag) => format!("`{}` is a tag that is made to move", printable(tag)),
        None => "it has neither tag nor digest, which means latest".into(),
    }
}

/// How sure it is that a tag is made to move; `None` for a tag that looks like a release.
fn moves(tag: Option<&str>) -> Option<Confidence> {
    let Some(tag) = tag else { return Some(Confidence::High) };
    let tag = tag.to_ascii_lowercase();
    if tag == "latest" {
        return Some(Confidence::High);
    }
    let channel = ["-latest", "_latest", ".latest"].iter().any(|end| tag.ends_with(end));
    let branch = BRANCH_PREFIXES.iter().any(|prefix| tag.starts_with(prefix));
    (channel || branch || MOVING_TAGS.contains(&tag.as_str())).then_some(Confidence::Medium)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_tags_are_left_alone() {
        for tag in ["v1.2.3", "2026-11-22", "1", "9f8e7d6", "main-9f8e7d6", "latest-2026", "prod-42", "release-1.4", "devices"] {
            assert_eq!(moves(Some(tag)), None, "{tag}");
        }
    }

    #[test]
    fn branches_stages_and_no_tag_at_all_are_moving() {
        for tag in ["main", "PROD", "python3.12-latest", "feature-login", "stable"] {
            assert_eq!(moves(Some(tag)), Some(Confidence::Medium), "{tag}");
        }
        assert_eq!(moves(Some("Latest")), Some(Confidence::High));
        assert_eq!(moves(None), Some(Confidence::High));
    }
}

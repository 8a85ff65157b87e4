//! PIN001: a function is deployed from an image by tag.

use std::collections::BTreeMap;

use super::declared::image_tags;
use super::deployed::tag_uses;
use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::arn::FunctionArn;
use crate::model::printable::printable;

static RULE: Rule = Rule {
    id: "PIN001",
    slug: "image-tag-ref",
    title: "A function is deployed from an image by tag",
    severity: Severity::Medium,
    explanation: "The function's ImageUri names a tag and no digest. AWS Lambda resolves the tag once, when the function is created or \
        updated, so the next deployment of the same unchanged template can bring other bytes. What was reviewed and what is deployed are \
        then tied together by nothing but a name.",
    remediation: "Deploy REPOSITORY@sha256:DIGEST and keep the tag as a comment.",
    evidence: &[EvidenceKind::Api, EvidenceKind::Template],
    tampering: false,
    caveat: "",
};

pub(super) struct ImageTagRef;

impl Check for ImageTagRef {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/PIN001.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        for tag in tag_uses(cx).iter().filter(|tag| tag.tag.is_some()) {
            let mut functions: BTreeMap<FunctionArn, Vec<&FunctionArn>> = BTreeMap::new();
            for (version, _) in &tag.versions {
                functions.entry(version.unqualified()).or_default().push(version);
            }
            for (function, versions) in functions {
                let name = printable(&function.to_string()).into_owned();
                let message = format!("{name} is deployed from {}, a tag without a digest", tag.name());
                let mut finding = Finding::about(&RULE, name, message);
                finding.account = Some(function.account.clone());
                finding.key = tag.name();
                finding.affects = cx.reach().affects(versions);
                findings.push(finding);
            }
        }
        for (declared, written, _) in image_tags(cx).into_iter().filter(|(_, _, tag)| tag.is_some()) {
            let (value, because) = (written.shown(), declared.because(Some(written)));
            let message = format!("{} names the image {}, a tag without a digest{because}", declared.subject(), printable(&value));
            findings.push(declared.finding(&RULE, &value, message));
        }
    }
}

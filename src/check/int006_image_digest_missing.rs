//! INT006: the image that a function runs is gone from its registry, or Lambda may no longer read it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::arn::FunctionArn;
use crate::model::artifact::Subject;
use crate::model::function::FunctionCode;
use crate::model::gap::GapReason;

static RULE: Rule = Rule {
    id: "INT006",
    slug: "image-digest-missing",
    title: "The image that a function runs is gone from its registry",
    severity: Severity::High,
    explanation: "AWS reports ImageDeleted or ImageAccessDenied for the function, or the registry no longer has the digest that the function \
        runs. AWS Lambda works from its own cached copy for a while; the function then becomes inactive and cannot be updated. Nobody can \
        verify an image that is gone. Lifecycle policies that expire images by age or count are the usual cause.",
    remediation: "Push the same digest again or redeploy the function from an image that exists, and exclude deployed digests from lifecycle \
        policies. For ImageAccessDenied, restore the repository policy that lets lambda.amazonaws.com pull.",
    evidence: &[EvidenceKind::Api],
    tampering: false,
    caveat: "",
};

pub(super) struct ImageDigestMissing;

impl Check for ImageDigestMissing {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/INT006.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let mut missing: BTreeMap<Subject, (BTreeSet<&FunctionArn>, BTreeSet<String>)> = BTreeMap::new();
        for artifact in cx.artifacts().filter(|artifact| matches!(artifact.subject, Subject::Image(_))) {
            if let Some(gap) = artifact.blob.gap().filter(|gap| gap.reason == GapReason::Deleted) {
                let versions = cx.reach().uses(&artifact.subject).map(|uses| uses.versions.clone()).unwrap_or_default();
                missing.insert(artifact.subject.clone(), (versions, BTreeSet::from([gap.to_string()])));
            }
        }
        for version in cx.evidence.inventory.functions.iter().flat_map(|function| &function.versions) {
            let FunctionCode::Image { image_uri, resolved, .. } = &version.code else { continue };
            let Some(code @ ("ImageDeleted" | "ImageAccessDenied")) = version.reason_code.as_deref() else { continue };
            let subject = match resolved.present().or(image_uri.present()) {
                Some(image) => Subject::Image(image.clone()),
                None => Subject::Function(version.arn.clone()),
            };
            let (versions, facts) = missing.entry(subject).or_default();
            versions.insert(&version.arn);
            facts.insert(format!("AWS reports {code}"));
        }
        for (subject, (versions, facts)) in missing {
            let only_denied = facts.iter().all(|fact| fact == "AWS reports ImageAccessDenied");
            let what = if only_denied { "can no longer be pulled by Lambda" } else { "is gone from its registry" };
            let mut finding = Finding::new(&RULE, &subject, format!("the image {subject} {what}"));
            finding.affects = cx.reach().affects(versions);
            finding.details.extend(facts);
            findings.push(finding);
        }
    }
}

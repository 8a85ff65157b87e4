//! PIN002: a tag points to another image than the one that runs.

use std::collections::BTreeMap;

use super::deployed::{TagUse, repository, tag_uses};
use super::{Check, Context};
use crate::finding::{Confidence, EvidenceKind, Finding, Rule, Severity, Status};
use crate::model::arn::FunctionArn;
use crate::model::digest::ClaimedDigest;
use crate::model::observed::Observed;
use crate::model::printable::printable;

static RULE: Rule = Rule {
    id: "PIN002",
    slug: "image-tag-drift",
    title: "An image tag points elsewhere than when the function was deployed",
    severity: Severity::High,
    explanation: "The digest that the tag in ImageUri has now is not the one in ResolvedImageUri, which the function runs. Somebody moved or \
        deleted the tag after the deployment. AWS Lambda does not follow the tag, so people who read the tag believe in other code than \
        runs, and the next deployment changes it silently. Where only published versions are concerned that no alias routes to, it is \
        reported at low.",
    remediation: "Find out who moved the tag. Then redeploy the digest that is meant, or point the tag back.",
    evidence: &[EvidenceKind::Api],
    tampering: false,
    caveat: "",
};

pub(super) struct ImageTagDrift;

impl Check for ImageTagDrift {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/PIN002.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        for tag in tag_uses(cx) {
            // A registry that is not Amazon ECR is never asked for its tags.
            let Some(repository) = repository(cx, &tag) else {
                if tag.image.ecr().is_some() {
                    findings.push(undetermined(cx, &tag, "the repository is not in the inventory".into()));
                }
                continue;
            };
            match &repository.tags {
                Observed::Present(tags) => drifted(cx, &tag, tags.get(tag.effective_tag()).copied(), findings),
                Observed::Absent => {}
                Observed::Unknown(gap) => findings.push(undetermined(cx, &tag, gap.to_string())),
            }
        }
    }
}

fn drifted(cx: &Context<'_>, tag: &TagUse<'_>, now: Option<ClaimedDigest>, findings: &mut Vec<Finding>) {
    let mut by_function: BTreeMap<(FunctionArn, ClaimedDigest), Vec<&FunctionArn>> = BTreeMap::new();
    for (version, resolved) in &tag.versions {
        match resolved {
            Observed::Present(digest) if now != Some(*digest) => {
                by_function.entry((version.unqualified(), *digest)).or_default().push(version);
            }
            // Without a resolved digest there is nothing to compare: OPS001 says so where it could not be had.
            Observed::Present(_) | Observed::Absent | Observed::Unknown(_) => {}
        }
    }
    for ((function, resolved), versions) in by_function {
        let name = printable(&function.to_string()).into_owned();
        let points = match now {
            Some(digest) => format!("points to {digest} now"),
            None => "no longer exists".into(),
        };
        let message = format!("{name} runs {resolved}, but its tag {} {points}", tag.name());
        let mut finding = Finding::about(&RULE, name, message);
        finding.account = Some(function.account.clone());
        finding.claimed_digest = Some(resolved);
        finding.key = tag.name();
        if !versions.iter().any(|version| cx.reach().is_live(version)) {
            finding.severity = Severity::Low;
            finding.details.push("only published versions that no alias routes to were deployed from it".into());
        } else if now.is_none() {
            finding.severity = Severity::Medium;
            finding.confidence = Confidence::Medium;
        }
        finding.affects = cx.reach().affects(versions);
        findings.push(finding);
    }
}

fn undetermined(cx: &Context<'_>, tag: &TagUse<'_>, why: String) -> Finding {
    let message = format!("where the tag {} points to now could not be learned", tag.name());
    let mut finding = Finding::about(&RULE, tag.repository_name(), message);
    finding.account = tag.image.ecr().map(|(account, _)| account.to_owned());
    finding.status = Status::Incomplete;
    finding.key = tag.effective_tag().to_owned();
    finding.affects = cx.reach().affects(tag.versions.iter().map(|(version, _)| *version));
    finding.details.push(why);
    finding
}

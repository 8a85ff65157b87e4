//! PIN003: the registry lets the tag in use be moved.

use super::deployed::{Movable, TagUse, movable, repository, tag_uses};
use super::listing::count;
use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity, Status};
use crate::model::observed::Observed;
use crate::model::printable::printable;

static RULE: Rule = Rule {
    id: "PIN003",
    slug: "tag-mutable-in-repo",
    title: "The repository lets the tag in use be moved",
    severity: Severity::Medium,
    explanation: "A function is deployed by a tag, and the Amazon ECR repository's tag mutability allows that tag to be moved to another \
        image: the setting is MUTABLE, or IMMUTABLE_WITH_EXCLUSION with a filter that matches the tag, or MUTABLE_WITH_EXCLUSION without \
        one. Whoever may push to the repository decides what the next deployment brings.",
    remediation: "Set the repository to IMMUTABLE, or choose exclusion filters that do not match the tags that are deployed. Deploying by \
        digest makes the setting matter less.",
    evidence: &[EvidenceKind::Api],
    tampering: false,
    caveat: "",
};

pub(super) struct TagMutableInRepo;

impl Check for TagMutableInRepo {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/PIN003.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        for tag in tag_uses(cx) {
            let Some(repository) = repository(cx, &tag) else {
                // A registry that is not Amazon ECR has no such setting.
                if tag.image.ecr().is_some() {
                    findings.push(undetermined(cx, &tag, "the repository is not in the inventory".into()));
                }
                continue;
            };
            let mutability = match &repository.mutability {
                Observed::Present(mutability) => mutability,
                Observed::Absent => continue,
                Observed::Unknown(gap) => {
                    findings.push(undetermined(cx, &tag, gap.to_string()));
                    continue;
                }
            };
            let setting = printable(&mutability.setting);
            match movable(mutability, tag.effective_tag()) {
                Movable::No => {}
                Movable::UnknownSetting => findings.push(undetermined(cx, &tag, format!("the setting {setting} is not known"))),
                Movable::Yes => {
                    let deployed = count(tag.functions().len(), "function");
                    let message = format!("the tag {}, in use by {deployed}, can be moved: the repository is {setting}", tag.name());
                    let mut finding = about(cx, &tag, message);
                    let filters = mutability.exclusion_filters.iter().map(|filter| format!("exclusion filter {}", printable(filter)));
                    finding.details.extend(super::listing::capped(filters));
                    findings.push(finding);
                }
            }
        }
    }
}

fn undetermined(cx: &Context<'_>, tag: &TagUse<'_>, why: String) -> Finding {
    let mut finding = about(cx, tag, format!("whether the tag {} can be moved could not be learned", tag.name()));
    finding.status = Status::Incomplete;
    finding.details.push(why);
    finding
}

fn about(cx: &Context<'_>, tag: &TagUse<'_>, message: String) -> Finding {
    let mut finding = Finding::about(&RULE, tag.repository_name(), message);
    finding.account = tag.image.ecr().map(|(account, _)| account.to_owned());
    finding.key = tag.effective_tag().to_owned();
    finding.affects = cx.reach().affects(tag.versions.iter().map(|(version, _)| *version));
    finding
}

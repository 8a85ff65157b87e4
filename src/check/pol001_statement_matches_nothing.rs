//! POL001: a statement of the trust policy is about nothing.

use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity, Status};
use crate::model::arn::is_account;
use crate::model::printable::printable;

static RULE: Rule = Rule {
    id: "POL001",
    slug: "statement-matches-nothing",
    title: "A policy statement matched nothing",
    severity: Severity::Medium,
    explanation: "No artifact of the scan lies in the statement's scope. Either it is left over from something that is gone, or its scope has \
        a mistake and protects nothing that its author had in mind. Statements that match nothing are how a policy slowly stops being one.",
    remediation: "Correct the scope or delete the statement; `layerproof policy explain` shows which statements match a target.",
    evidence: &[EvidenceKind::Policy],
    tampering: false,
    caveat: "",
};

pub(super) struct StatementMatchesNothing;

impl Check for StatementMatchesNothing {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/POL001.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        // What is on a list that could not be had may be what the statement is about.
        let blind = cx.evidence.inventory.gaps.iter().any(|gap| is_list(&gap.subject));
        for (name, file, line) in cx.dead_statements {
            let name = printable(name);
            let place = printable(file);
            let message = if blind {
                format!("nothing is known that the policy statement `{name}` ({place}, line {line}) matches, but a list could not be had")
            } else {
                format!("the policy statement `{name}` ({place}, line {line}) matched nothing")
            };
            // The line moves with every edit, so it is no part of what identifies the finding.
            let mut finding = Finding::about(&RULE, format!("policy statement {name}"), message);
            finding.key = file.clone();
            if blind {
                finding.status = Status::Incomplete;
            }
            findings.push(finding);
        }
    }
}

/// True for a question about everything somewhere: `ACCOUNT/REGION`, alone or with more after it, and an account that could not be
/// opened, which goes by the role that was to open it, or by `account` and `the profile's account` where there is none.
fn is_list(subject: &str) -> bool {
    let is_role = matches!(subject.splitn(6, ':').collect::<Vec<_>>().as_slice(), ["arn", _, "iam", ..]);
    is_role
        || subject.starts_with("account ")
        || subject == "the profile's account"
        || subject.split_once('/').is_some_and(|(account, _)| is_account(account))
}

//! PIN008: an alias routes to $LATEST.

use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::printable::printable;

static RULE: Rule = Rule {
    id: "PIN008",
    slug: "alias-to-latest",
    title: "An alias routes to $LATEST",
    severity: Severity::Medium,
    explanation: "Callers who use the alias believe in a chosen release, and $LATEST changes with every UpdateFunctionCode and \
        UpdateFunctionConfiguration. What was verified at the time of a scan can be replaced a second later, without a new version and \
        without a change to the alias.",
    remediation: "Publish a version and point the alias to its number.",
    evidence: &[EvidenceKind::Api],
    tampering: false,
    caveat: "",
};

pub(super) struct AliasToLatest;

impl Check for AliasToLatest {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/PIN008.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        for function in &cx.evidence.inventory.functions {
            for alias in function.aliases.present().into_iter().flatten() {
                if !alias.versions().any(|version| version == "$LATEST") {
                    continue;
                }
                let name = printable(&function.arn.qualified(&alias.name).to_string()).into_owned();
                let mut finding = Finding::about(&RULE, name.clone(), format!("the alias {name} routes to $LATEST"));
                finding.account = Some(function.arn.account.clone());
                let latest = function.arn.qualified("$LATEST");
                finding.affects = vec![name, printable(&latest.to_string()).into_owned()];
                finding.affects.sort();
                findings.push(finding);
            }
        }
    }
}

//! INT005: functions use a layer version that may not be read.

use super::int004_layer_deleted_in_use::{layer_gaps_in_use, unverifiable};
use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::gap::GapReason;

static RULE: Rule = Rule {
    id: "INT005",
    slug: "layer-access-revoked",
    title: "Functions use a layer version that may not be read",
    severity: Severity::Medium,
    explanation: "lambda:GetLayerVersion was denied for a layer version that functions use, so its bytes could not be had and nothing about \
        them is known. Across accounts AWS gives this same answer for a version that is deleted, one that is no longer shared, and one that \
        never existed; the causes cannot be told apart from outside. Functions that already use the version go on running it.",
    remediation: "Have the layer's owner grant lambda:GetLayerVersion to the scanning role, or copy the layer into an account of yours and use \
        the copy.",
    evidence: &[EvidenceKind::Api],
    tampering: false,
    caveat: "",
};

pub(super) struct LayerAccessRevoked;

impl Check for LayerAccessRevoked {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/INT005.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        for (subject, gap) in layer_gaps_in_use(cx) {
            if !matches!(gap.reason, GapReason::Denied { .. }) {
                continue;
            }
            let why = if subject.account().is_some_and(|account| cx.is_own(account)) {
                "access is denied"
            } else {
                "access is denied, and across accounts AWS says so of deleted, unshared and never published versions alike"
            };
            let message = format!("{subject} is in use and its bytes cannot be read: {why}");
            findings.push(unverifiable(cx, &RULE, &subject, gap, message));
        }
    }
}

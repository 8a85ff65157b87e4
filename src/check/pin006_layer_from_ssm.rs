//! PIN006: a layer's ARN is read from elsewhere when a template is deployed.

use super::declared::layer_dynamics;
use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::printable::printable;

static RULE: Rule = Rule {
    id: "PIN006",
    slug: "layer-from-ssm",
    title: "A layer is read from a parameter, a data source or a stack output",
    severity: Severity::Medium,
    explanation: "The template does not name the layer itself: it reads its ARN from an SSM parameter without a version, from a Terraform data \
        source that takes the latest, or from the output of another stack. Whoever can write there decides what the next deployment of \
        the unchanged template runs.",
    remediation: "Name a version of the parameter (NAME:VERSION), give the data source a version, or write the ARN of the layer version out.",
    evidence: &[EvidenceKind::Template],
    tampering: false,
    caveat: "",
};

pub(super) struct LayerFromSsm;

impl Check for LayerFromSsm {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/PIN006.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        for (declared, dynamic) in layer_dynamics(cx).into_iter().filter(|(_, dynamic)| !dynamic.pinned) {
            let (words, name) = (dynamic.source.words(), printable(&dynamic.name));
            let because = declared.because(None);
            let message =
                format!("{} reads {} from {words} {name}, which names no version{because}", declared.subject(), declared.property);
            findings.push(declared.finding(&RULE, &format!("{words} {}", dynamic.name), message));
        }
    }
}

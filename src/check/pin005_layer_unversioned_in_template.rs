//! PIN005: a template names a layer without a version.

use super::declared::layers;
use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::printable::printable;
use crate::model::template::LayerPin;

static RULE: Rule = Rule {
    id: "PIN005",
    slug: "layer-unversioned-in-template",
    title: "A template names a layer without a version",
    severity: Severity::High,
    explanation: "The template names a layer by its name or by an ARN that does not end in the number of a version. A plugin, a macro or a \
        script then picks the version when the template is deployed, most often the latest one. What was reviewed and what is deployed \
        are then tied together by nothing but a name.",
    remediation: "Write the full ARN of the layer version: arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION.",
    evidence: &[EvidenceKind::Template],
    tampering: false,
    caveat: "",
};

pub(super) struct LayerUnversionedInTemplate;

impl Check for LayerUnversionedInTemplate {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/PIN005.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        for (declared, written) in layers(cx) {
            match written.layer_pin() {
                LayerPin::Unversioned => {}
                // What is not known is a gap (OPS001); what is read from elsewhere is PIN006's.
                LayerPin::Version | LayerPin::Dynamic | LayerPin::Unresolved(_) => continue,
            }
            let value = written.shown();
            let because = declared.because(Some(written));
            let message = format!("{} names the layer `{}` without a version number{because}", declared.subject(), printable(&value));
            findings.push(declared.finding(&RULE, &value, message));
        }
    }
}

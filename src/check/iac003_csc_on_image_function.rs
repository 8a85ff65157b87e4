//! IAC003: a template gives an image function a code signing configuration.

use super::declared::{Declared, functions};
use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::template::{CodeSigning, Package};

static RULE: Rule = Rule {
    id: "IAC003",
    slug: "csc-on-image-function",
    title: "A template gives an image function a code signing configuration",
    severity: Severity::Low,
    explanation: "Code signing configurations are for zips. AWS Lambda refuses one on a function that is deployed as a container image, so the \
        deployment fails; and while the line stands there, the function looks protected where it is not.",
    remediation: "Drop CodeSigningConfigArn from the function, and sign its image instead.",
    evidence: &[EvidenceKind::Template],
    tampering: false,
    caveat: "",
};

pub(super) struct CscOnImageFunction;

impl Check for CscOnImageFunction {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/IAC003.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        for (template, function) in functions(cx).filter(|(_, function)| function.package == Package::Image) {
            for state in &function.code_signing {
                let CodeSigning::Set { place, when } = state else { continue };
                let declared = Declared { template, name: &function.name, property: "CodeSigningConfigArn", place, when: when.as_deref() };
                let because = declared.because(None);
                let message = format!("{} is deployed as an image and has a code signing configuration{because}", declared.subject());
                findings.push(declared.finding(&RULE, "", message));
            }
        }
    }
}

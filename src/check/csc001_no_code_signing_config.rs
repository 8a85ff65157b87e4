//! CSC001: a zip function has no code signing configuration.

use super::declared::{Declared, functions};
use super::reach::versions_of;
use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::function::{Function, FunctionCode};
use crate::model::observed::Observed;
use crate::model::printable::printable;
use crate::model::template::{CodeSigning, Package};

static RULE: Rule = Rule {
    id: "CSC001",
    slug: "no-code-signing-config",
    title: "A zip function has no code signing configuration",
    severity: Severity::Medium,
    explanation: "Without a code signing configuration AWS Lambda accepts any zip and any layer for the function, signed or not. Functions \
        that are deployed as container images cannot have one and are not judged by this check.",
    remediation: "Attach a code signing configuration that allows your signing profiles, first with UntrustedArtifactOnDeployment set to \
        Warn, then to Enforce.",
    evidence: &[EvidenceKind::Api, EvidenceKind::Template],
    tampering: false,
    caveat: "",
};

pub(super) struct NoCodeSigningConfig;

impl Check for NoCodeSigningConfig {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/CSC001.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        for function in cx.evidence.inventory.functions.iter().filter(|function| takes_code_signing(function)) {
            match &function.code_signing {
                Observed::Absent => {}
                // Could not look: OPS001 says so.
                Observed::Present(_) | Observed::Unknown(_) => continue,
            }
            let name = printable(&function.arn.to_string()).into_owned();
            let mut finding = Finding::about(&RULE, name.clone(), format!("{name} has no code signing configuration"));
            finding.account = Some(function.arn.account.clone());
            finding.affects = cx.reach().affects(versions_of(function));
            findings.push(finding);
        }
        for (template, function) in functions(cx).filter(|(_, function)| function.package == Package::Zip) {
            for state in &function.code_signing {
                let CodeSigning::None { place, when } = state else { continue };
                let declared = Declared { template, name: &function.name, property: "CodeSigningConfigArn", place, when: when.as_deref() };
                let message = format!("{} has no code signing configuration{}", declared.subject(), declared.because(None));
                findings.push(declared.finding(&RULE, "", message));
            }
        }
    }
}

/// Code signing is for zip functions only; a function's package type never changes.
pub(super) fn takes_code_signing(function: &Function) -> bool {
    function.versions.iter().any(|version| matches!(version.code, FunctionCode::Zip { .. }))
}

//! CSC002: a code signing configuration only warns.

use super::csc001_no_code_signing_config::takes_code_signing;
use super::reach::versions_of;
use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::printable::printable;

static RULE: Rule = Rule {
    id: "CSC002",
    slug: "csc-warn-only",
    title: "A code signing configuration only warns",
    severity: Severity::Medium,
    explanation: "The function's code signing configuration has UntrustedArtifactOnDeployment set to Warn, which is the default. AWS Lambda \
        then deploys unsigned, expired, revoked and foreign code and merely counts it in a metric. Only a zip that was changed after \
        signing is rejected. Functions that are deployed as container images are not judged by this check.",
    remediation: "Set UntrustedArtifactOnDeployment to Enforce once every artifact that the function uses is signed by an allowed profile.",
    evidence: &[EvidenceKind::Api],
    tampering: false,
    caveat: "",
};

pub(super) struct CscWarnOnly;

impl Check for CscWarnOnly {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/CSC002.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        for function in cx.evidence.inventory.functions.iter().filter(|function| takes_code_signing(function)) {
            let Some(config) = function.code_signing.present() else { continue };
            // A detail that could not be had is OPS001's to say.
            let Some(detail) = config.detail.present().filter(|detail| detail.untrusted_artifact != "Enforce") else { continue };
            let name = printable(&function.arn.to_string()).into_owned();
            let setting = printable(&detail.untrusted_artifact).into_owned();
            let config = printable(&config.arn).into_owned();
            let mut finding =
                Finding::about(&RULE, name.clone(), format!("the code signing configuration of {name} is set to {setting}, not Enforce"));
            finding.account = Some(function.arn.account.clone());
            finding.affects = cx.reach().affects(versions_of(function));
            finding.details.push(format!("configuration {config}"));
            findings.push(finding);
        }
    }
}

//! INT007: Lambda itself cannot retrieve a function's package.

use std::collections::{BTreeMap, BTreeSet};

use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::arn::FunctionArn;
use crate::model::printable::printable;

static RULE: Rule = Rule {
    id: "INT007",
    slug: "function-code-error",
    title: "Lambda cannot retrieve a function's package",
    severity: Severity::High,
    explanation: "GetFunction answers with Code.Error: AWS Lambda could not read the function's deployment package, for instance since the \
        S3 object of a function in storage mode REFERENCE, its bucket policy or its KMS key is gone. Nothing about the code can be \
        verified, and the function can become inactive.",
    remediation: "Restore the lambda.amazonaws.com service principal's access to the S3 object version or KMS key, or redeploy with the \
        package copied into Lambda.",
    evidence: &[EvidenceKind::Api],
    tampering: false,
    caveat: "",
};

pub(super) struct FunctionCodeError;

impl Check for FunctionCodeError {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/INT007.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let mut errors: BTreeMap<(FunctionArn, &str), Failing<'_>> = BTreeMap::new();
        for version in cx.evidence.inventory.functions.iter().flat_map(|function| &function.versions) {
            let Some(error) = &version.code_error else { continue };
            let failing = errors.entry((version.arn.unqualified(), &error.code)).or_default();
            failing.versions.push(&version.arn);
            failing.messages.insert(printable(&error.message).into_owned());
        }
        for ((function, code), failing) in errors {
            let name = printable(&function.to_string()).into_owned();
            let message = format!("Lambda cannot retrieve the package of {name}: {}", printable(code));
            let mut finding = Finding::about(&RULE, name, message);
            finding.account = Some(function.account.clone());
            finding.key = code.to_owned();
            finding.affects = cx.reach().affects(failing.versions);
            finding.details = super::listing::capped(failing.messages);
            findings.push(finding);
        }
    }
}

/// The versions of one function with one error code.
#[derive(Default)]
struct Failing<'a> {
    versions: Vec<&'a FunctionArn>,
    messages: BTreeSet<String>,
}

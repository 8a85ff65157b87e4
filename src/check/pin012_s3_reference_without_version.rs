//! PIN012: code is read from an S3 object without a version.

use std::collections::BTreeMap;

use super::declared::{object_name as declared_object, unversioned_objects};
use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::arn::FunctionArn;
use crate::model::artifact::{S3Object, Subject};
use crate::model::function::FunctionCode;
use crate::model::printable::printable;

static RULE: Rule = Rule {
    id: "PIN012",
    slug: "s3-reference-without-version",
    title: "Code in storage mode REFERENCE names no S3 object version",
    severity: Severity::High,
    explanation: "The function or layer uses storage mode REFERENCE, so AWS Lambda reads the code from an S3 object of the customer and keeps \
        no copy of its own. The reference names no object version: whoever can write the key can change what is there. Lambda reads the \
        object again from time to time.",
    remediation: "Give S3ObjectVersion in every call that sets the code, and turn on versioning and Object Lock for the bucket; or let Lambda \
        copy the package (storage mode COPY).",
    evidence: &[EvidenceKind::Api, EvidenceKind::Template],
    tampering: false,
    caveat: "Versioning and Object Lock of the bucket are not looked at; the finding rests on ResolvedS3Object alone.",
};

pub(super) struct S3ReferenceWithoutVersion;

impl Check for S3ReferenceWithoutVersion {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/PIN012.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let mut functions: BTreeMap<(FunctionArn, String), Vec<&FunctionArn>> = BTreeMap::new();
        for version in cx.evidence.inventory.functions.iter().flat_map(|function| &function.versions) {
            let FunctionCode::Zip { s3_reference: Some(object), .. } = &version.code else { continue };
            if object.version.is_none() {
                functions.entry((version.arn.unqualified(), object_name(object))).or_default().push(&version.arn);
            }
        }
        for ((function, object), versions) in functions {
            let name = printable(&function.to_string()).into_owned();
            let message = format!("{name} runs {object} without an object version");
            let mut finding = Finding::about(&RULE, name, message);
            finding.account = Some(function.account.clone());
            finding.key = object;
            finding.affects = cx.reach().affects(versions);
            findings.push(finding);
        }
        for layer in cx.evidence.inventory.layers.values() {
            let object = layer.content.present().and_then(|content| content.s3_reference.as_ref());
            let Some(object) = object.filter(|object| object.version.is_none()) else { continue };
            let subject = Subject::Layer(layer.arn.clone());
            let object = object_name(object);
            let mut finding = Finding::new(&RULE, &subject, format!("{subject} is read from {object} without an object version"));
            finding.key = object;
            finding.affects = cx.reach().affected_by([&subject]);
            findings.push(finding);
        }
        for (declared, source) in unversioned_objects(cx).into_iter().filter(|(_, source)| source.reference_mode) {
            let (object, because) = (declared_object(source), declared.because(Some(&source.key)));
            let message = format!("{} lets Lambda read {object} without an object version{because}", declared.subject());
            findings.push(declared.finding(&RULE, &object, message));
        }
    }
}

/// `s3://BUCKET/KEY`, safe to print.
pub(super) fn object_name(object: &S3Object) -> String {
    printable(&format!("s3://{}/{}", object.bucket, object.key)).into_owned()
}

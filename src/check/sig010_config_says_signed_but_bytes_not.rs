//! SIG010: AWS states that an artifact is signed, and its bytes are not.

use super::copies::Copies;
use super::signed::{is_unsigned, rejection, signatures};
use super::{Check, Context};
use crate::evidence::Artifact;
use crate::finding::{Confidence, EvidenceKind, Finding, Rule, Severity};
use crate::model::artifact::{ServiceSigning, Subject};
use crate::model::printable::printable;
use crate::signature::JudgedSignature;

static RULE: Rule = Rule {
    id: "SIG010",
    slug: "config-says-signed-but-bytes-not",
    title: "AWS states a signature that the bytes do not bear out",
    severity: Severity::Critical,
    explanation: "The API's answer carries a SigningJobArn or SigningProfileVersionArn, so AWS says that it verified a signature when the \
        artifact was deployed. The bytes that were fetched carry no signature, or one that does not hold. Either these are not the bytes \
        that AWS verified, or the answer is not AWS's.",
    remediation: "Stop and investigate: fetch the artifact again from another place, compare it with the build's output, and publish it \
        anew from source.",
    evidence: &[EvidenceKind::Api, EvidenceKind::Artifact],
    tampering: true,
    caveat: "The format of AWS Signer's signature inside a zip is known from one public description; a signature of another form would read \
        as missing.",
};

pub(super) struct ConfigSaysSignedButBytesNot;

impl Check for ConfigSaysSignedButBytesNot {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/SIG010.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let contradicted = cx.artifacts().filter_map(|artifact| {
            let signing = &artifact.attested.signing;
            (signing.claims_signed() && is_zip(artifact)).then_some(())?;
            Some((artifact, (bytes_say(artifact)?, stated(signing))))
        });
        for ((bytes, stated), copies) in Copies::group(contradicted) {
            let message = format!("AWS states that {} is signed, but {bytes}", copies.lead.subject);
            let mut finding = copies.finding(cx, &RULE, message, vec![stated]);
            finding.confidence = Confidence::Medium;
            findings.push(finding);
        }
    }
}

/// AWS's code signing is about zips.
fn is_zip(artifact: &Artifact) -> bool {
    match &artifact.subject {
        Subject::Function(_) | Subject::Layer(_) => true,
        Subject::Image(_) | Subject::File(_) => false,
    }
}

/// What the bytes say against the statement; `None` where nothing does. A chain to a root that nobody pinned does not contradict AWS,
/// nor does a signature that could not be judged.
fn bytes_say(artifact: &Artifact) -> Option<String> {
    let all: Vec<&JudgedSignature> = signatures(artifact).iter().filter(|signature| signature.scheme == "aws-signer").collect();
    // A list that holds only signatures of other schemes means that this one looked and found none: a gap of its own would stand in it.
    if is_unsigned(artifact) || (all.is_empty() && !signatures(artifact).is_empty()) {
        return Some("its bytes carry no signature of AWS Signer".into());
    }
    let broken: Vec<_> = all.iter().filter_map(|signature| rejection(signature)).filter(|why| why.is_integrity()).collect();
    let first = broken.first().filter(|_| broken.len() == all.len())?;
    Some(format!("the signature in its bytes does not hold: {}", printable(&first.to_string())))
}

fn stated(signing: &ServiceSigning) -> String {
    let arn = |arn: &Option<String>| arn.as_deref().map_or("none".into(), |arn| printable(arn).into_owned());
    format!("stated: profile version {}, signing job {}", arn(&signing.profile_version_arn), arn(&signing.job_arn))
}

//! INT001: the bytes are not the ones that the API claims.

use super::copies::Copies;
use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::store::Integrity;

static RULE: Rule = Rule {
    id: "INT001",
    slug: "sha-mismatch",
    title: "The bytes are not the ones that the API claims",
    severity: Severity::Critical,
    explanation: "The SHA-256 or the size of the bytes that were fetched is not the one that AWS states for the artifact (CodeSha256 and \
        CodeSize of a zip, the digest in ResolvedImageUri of an image). What was verified is therefore not what runs. A download that was \
        cut short looks the same.",
    remediation: "Fetch the artifact again. If the mismatch stays, treat it as tampering: open an incident, and compare both digests with \
        the build's record.",
    evidence: &[EvidenceKind::Api, EvidenceKind::Artifact],
    tampering: true,
    caveat: "",
};

pub(super) struct ShaMismatch;

impl Check for ShaMismatch {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/INT001.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let mismatches = cx.artifacts().filter_map(|artifact| match artifact.integrity {
            Integrity::Mismatch { expected, presented, expected_size, presented_size } => {
                Some((artifact, (expected, presented, expected_size, presented_size)))
            }
            Integrity::Matches | Integrity::NotClaimed | Integrity::NoBytes => None,
        });
        for ((expected, presented, expected_size, presented_size), copies) in Copies::group(mismatches) {
            let subject = &copies.lead.subject;
            let message = format!("the bytes of {subject} have the digest {presented}, but {expected} is claimed");
            let size = match expected_size {
                Some(size) => format!("{presented_size} bytes were read, {size} are claimed"),
                None => format!("{presented_size} bytes were read"),
            };
            let forms = format!("as CodeSha256: {} read, {} claimed", presented.code_sha256(), expected.code_sha256());
            let mut finding = copies.finding(cx, &RULE, message, vec![size, forms]);
            finding.claimed_digest = Some(expected);
            findings.push(finding);
        }
    }
}

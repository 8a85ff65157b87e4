//! LYR004: a layer whose signature is not trusted, or of a foreign account, starts a process of its own.

use super::copies::Copies;
use super::listing::{capped, count};
use super::{Check, Context};
use crate::evidence::Artifact;
use crate::finding::{EvidenceKind, Finding, Rule, Severity, Status};
use crate::model::artifact::Subject;
use crate::model::printable::printable;
use crate::policy::decision::Verdict;
use crate::unpack::EntryKind;

static RULE: Rule = Rule {
    id: "LYR004",
    slug: "extension-from-unsigned-or-foreign",
    title: "A layer that is not trusted brings a Lambda extension",
    severity: Severity::High,
    explanation: "AWS Lambda starts a process for each file in /opt/extensions, before the function's own code and beside it, with the \
        function's role, environment and network. The layer that brings it is not Trusted under the policy, or is published by an account \
        that is neither scanned nor named by the policy. An extension sees every secret that the function sees and needs no change to the \
        function's code.",
    remediation: "Use a version that the vendor signs and name its profile in the policy, or copy the extension into a layer of yours and sign \
        that; detach it where nobody knows what it is for.",
    evidence: &[EvidenceKind::Artifact, EvidenceKind::Policy],
    tampering: false,
    caveat: "",
};

pub(super) struct ExtensionFromUnsignedOrForeign;

impl Check for ExtensionFromUnsignedOrForeign {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/LYR004.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let extensions = cx.artifacts().filter_map(|artifact| {
            let Subject::Layer(arn) = &artifact.subject else { return None };
            let foreign = !cx.is_known_publisher(&arn.account);
            let objection = Objection::to(cx.decision(&artifact.subject).map(|decision| decision.verdict), foreign)?;
            let names = extensions(artifact);
            (!names.is_empty()).then_some((artifact, (objection, names)))
        });
        for ((objection, names), copies) in Copies::group(extensions) {
            let message =
                format!("{} starts {} and {}", copies.lead.subject, count(names.len(), "extension"), objection.words(copies.lead));
            let mut finding = copies.finding(cx, &RULE, message, capped(names));
            finding.severity = objection.severity();
            if objection == Objection::Undecided {
                finding.status = Status::Incomplete;
            }
            findings.push(finding);
        }
    }
}

/// What is to be said against the layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Objection {
    Refused,
    Foreign,
    Exempt,
    Undecided,
}

impl Objection {
    fn to(verdict: Option<Verdict>, foreign: bool) -> Option<Self> {
        match verdict {
            Some(Verdict::Refused | Verdict::NoStatement) => Some(Self::Refused),
            Some(Verdict::Trusted | Verdict::Exempt | Verdict::Undecided) | None if foreign => Some(Self::Foreign),
            Some(Verdict::Trusted) => None,
            Some(Verdict::Exempt) => Some(Self::Exempt),
            // Without a decision nothing is known of its signature.
            Some(Verdict::Undecided) | None => Some(Self::Undecided),
        }
    }

    fn severity(self) -> Severity {
        match self {
            Self::Refused | Self::Foreign | Self::Undecided => RULE.severity,
            Self::Exempt => Severity::Medium,
        }
    }

    fn words(self, artifact: &Artifact) -> String {
        match self {
            Self::Refused => "is not trusted under the policy".into(),
            Self::Foreign => format!("is published by the foreign account {}", artifact.subject.account().unwrap_or("?")),
            Self::Exempt => "is exempt from the policy, not trusted".into(),
            Self::Undecided => "whether it is trusted could not be decided".into(),
        }
    }
}

/// What stands directly in `extensions/`, or a link in that folder's place; safe to print.
fn extensions(artifact: &Artifact) -> Vec<String> {
    let Some(contents) = artifact.contents.present() else { return Vec::new() };
    let starts = contents.tree.entries.iter().filter(|entry| match (&entry.kind, entry.path.strip_prefix("extensions")) {
        (EntryKind::Symlink { .. } | EntryKind::Hardlink { .. }, Some("")) => true,
        (EntryKind::File | EntryKind::Symlink { .. } | EntryKind::Hardlink { .. }, Some(rest)) => {
            rest.strip_prefix('/').is_some_and(|name| !name.is_empty() && !name.contains('/'))
        }
        (EntryKind::File | EntryKind::Symlink { .. } | EntryKind::Hardlink { .. }, None) => false,
        (EntryKind::Directory | EntryKind::Special, _) => false,
    });
    starts.map(|entry| format!("/opt/{}", printable(&entry.path))).collect()
}

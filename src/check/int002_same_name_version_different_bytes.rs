//! INT002: one name and version, different bytes in different regions or accounts.

use std::collections::{BTreeMap, BTreeSet};

use super::listing::capped;
use super::{Check, Context};
use crate::evidence::Artifact;
use crate::finding::{Confidence, EvidenceKind, Finding, Rule, Severity};
use crate::model::artifact::Subject;
use crate::model::digest::ClaimedDigest;
use crate::model::printable::printable;

static RULE: Rule = Rule {
    id: "INT002",
    slug: "same-name-version-different-bytes",
    title: "One name and version has different bytes in different places",
    severity: Severity::High,
    explanation: "A layer version of the same name and number, or $LATEST of functions of the same name, has different bytes in different \
        regions or accounts. People who read the name believe that they look at the same artifact. Within one account it is reported at \
        high for layers and medium for functions; between accounts, where teams may have chosen the same name by chance, at low.",
    remediation: "Publish one artifact everywhere and record its digest. Where the difference is meant, give the artifacts different names.",
    evidence: &[EvidenceKind::Api, EvidenceKind::Artifact],
    tampering: false,
    caveat: "Version numbers are counted per region, so equal numbers need not have been meant to be equal.",
};

pub(super) struct SameNameVersionDifferentBytes;

impl Check for SameNameVersionDifferentBytes {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/INT002.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        // Name by account by artifact, so that a difference within one account and one between accounts are told apart.
        let mut names: BTreeMap<Name<'_>, BTreeMap<&str, Vec<Seen<'_>>>> = BTreeMap::new();
        for artifact in cx.artifacts() {
            let (Some(name), Some(seen)) = (Name::of(&artifact.subject), Seen::of(artifact)) else { continue };
            let account = artifact.subject.account().unwrap_or_default();
            names.entry(name).or_default().entry(account).or_default().push(seen);
        }
        for (name, accounts) in &names {
            for seen in accounts.values() {
                if digests(seen).len() > 1 {
                    let severity = if name.kind == "layer" { RULE.severity } else { Severity::Medium };
                    findings.extend(finding(cx, name, seen, "regions of one account", (severity, Confidence::Medium)));
                }
            }
            let sets: BTreeSet<BTreeSet<ClaimedDigest>> = accounts.values().map(|seen| digests(seen)).collect();
            if sets.len() > 1 {
                let all: Vec<Seen<'_>> = accounts.values().flatten().copied().collect();
                findings.extend(finding(cx, name, &all, "accounts", (Severity::Low, Confidence::Low)));
            }
        }
    }
}

/// What people call it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Name<'a> {
    kind: &'static str,
    name: &'a str,
    version: u64,
}

impl<'a> Name<'a> {
    fn of(subject: &'a Subject) -> Option<Self> {
        match subject {
            Subject::Layer(arn) => Some(Self { kind: "layer", name: &arn.name, version: arn.version }),
            // Numbers of published function versions mean nothing across regions.
            Subject::Function(arn) if arn.qualifier.as_deref() == Some("$LATEST") => {
                Some(Self { kind: "function", name: &arn.name, version: 0 })
            }
            Subject::Function(_) | Subject::Image(_) | Subject::File(_) => None,
        }
    }
}

/// One artifact with the digest that it is compared by.
#[derive(Clone, Copy)]
struct Seen<'a> {
    artifact: &'a Artifact,
    digest: ClaimedDigest,
    computed: bool,
}

impl<'a> Seen<'a> {
    /// By the computed digest, else by what the API claims.
    fn of(artifact: &'a Artifact) -> Option<Self> {
        match artifact.digest() {
            Some(digest) => Some(Self { artifact, digest: digest.into(), computed: true }),
            None => artifact.claimed.map(|digest| Self { artifact, digest, computed: false }),
        }
    }
}

fn digests(seen: &[Seen<'_>]) -> BTreeSet<ClaimedDigest> {
    seen.iter().map(|one| one.digest).collect()
}

fn finding(
    cx: &Context<'_>,
    name: &Name<'_>,
    seen: &[Seen<'_>],
    between: &str,
    (severity, confidence): (Severity, Confidence),
) -> Option<Finding> {
    let first = seen.iter().min_by_key(|one| &one.artifact.subject)?;
    let what = match name.kind {
        "layer" => format!("layer {}:{}", name.name, name.version),
        _ => format!("function {}:$LATEST", name.name),
    };
    let message = format!("{} has {} different contents across {between}", printable(&what), digests(seen).len());
    let mut finding = Finding::new(&RULE, &first.artifact.subject, message);
    finding.severity = severity;
    finding.confidence = if seen.iter().all(|one| one.computed) { confidence } else { Confidence::Low };
    finding.key = format!("across {between}");
    finding.affects = cx.reach().affected_by(seen.iter().map(|one| &one.artifact.subject));
    finding.details = capped(seen.iter().map(|one| {
        let basis = if one.computed { "computed" } else { "claimed by the API, bytes not had" };
        format!("{}: {} ({basis})", one.artifact.subject, one.digest)
    }));
    Some(finding)
}

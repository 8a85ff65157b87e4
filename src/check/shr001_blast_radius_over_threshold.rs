//! SHR001: how many functions one layer version reaches.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::listing::count;
use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::arn::FunctionArn;
use crate::model::artifact::Subject;

static RULE: Rule = Rule {
    id: "SHR001",
    slug: "blast-radius-over-threshold",
    title: "Many functions share one layer version",
    severity: Severity::Medium,
    explanation: "The blast radius of a layer version: how many functions, published versions and aliases run its code. Whoever controls the \
        layer's source, build or signing profile controls all of them. It is reported from two functions on: at info below 5, at low from \
        5, at medium from 10 and at high from 50 functions, and ranked, so that review begins where it counts.",
    remediation: "Gate the publishing of widely shared layers (signing, two reviewers, staged rollout), or split layers whose users have \
        little in common.",
    evidence: &[EvidenceKind::Api],
    tampering: false,
    caveat: "",
};

/// Functions from which on a shared layer is reported at all.
pub const SHARED_FROM: usize = 2;
/// Functions from which on it is low.
pub const LOW_FROM: usize = 5;
/// Functions from which on it is medium.
pub const MEDIUM_FROM: usize = 10;
/// Functions from which on it is high.
pub const HIGH_FROM: usize = 50;

pub(super) struct BlastRadiusOverThreshold;

impl Check for BlastRadiusOverThreshold {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/SHR001.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let layers: BTreeSet<Subject> = cx
            .evidence
            .inventory
            .functions
            .iter()
            .flat_map(|f| &f.versions)
            .flat_map(|v| &v.layers)
            .map(|l| Subject::Layer(l.arn.clone()))
            .collect();
        let mut shared: Vec<(usize, &Subject, BTreeSet<FunctionArn>)> = layers
            .iter()
            .filter_map(|layer| {
                let functions = cx.reach().uses(layer)?.functions();
                (functions.len() >= SHARED_FROM).then_some((functions.len(), layer, functions))
            })
            .collect();
        shared.sort_by_key(|(number, layer, _)| (Reverse(*number), *layer));
        let total = shared.len();
        for (rank, (number, layer, functions)) in shared.into_iter().enumerate() {
            let Some(uses) = cx.reach().uses(layer) else { continue };
            let aliases = cx.reach().aliases(uses.versions.iter().copied());
            let accounts: BTreeSet<&str> = functions.iter().map(|function| function.account.as_str()).collect();
            let message = format!(
                "{layer} reaches {}, {} and {} in {}: rank {} of {}",
                count(number, "function"),
                count(uses.versions.len(), "version"),
                count(aliases.len(), "alias"),
                count(accounts.len(), "account"),
                rank + 1,
                count(total, "shared layer version"),
            );
            let mut finding = Finding::new(&RULE, layer, message);
            finding.severity = severity(number);
            finding.affects = cx.reach().affects(uses.versions.iter().copied());
            let unknown = cx.reach().aliases_unknown(&functions);
            if unknown > 0 {
                finding.details.push(format!("the aliases of {} could not be listed, so there may be more", count(unknown, "function")));
            }
            findings.push(finding);
        }
    }
}

fn severity(functions: usize) -> Severity {
    match functions {
        HIGH_FROM.. => Severity::High,
        MEDIUM_FROM.. => Severity::Medium,
        LOW_FROM.. => Severity::Low,
        _ => Severity::Info,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severity_grows_at_the_named_thresholds() {
        let at: Vec<Severity> = [2, 4, 5, 9, 10, 49, 50, 5000].into_iter().map(severity).collect();
        let (i, l, m, h) = (Severity::Info, Severity::Low, Severity::Medium, Severity::High);
        assert_eq!(at, [i, i, l, l, m, m, h, h]);
    }
}

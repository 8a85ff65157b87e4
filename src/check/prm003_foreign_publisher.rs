//! PRM003: functions run layers of a publisher whom the policy does not name.

use std::collections::{BTreeMap, BTreeSet};

use super::listing::{capped, count};
use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::arn::{FunctionArn, LayerVersionArn};
use crate::model::artifact::Subject;

static RULE: Rule = Rule {
    id: "PRM003",
    slug: "foreign-publisher",
    title: "Functions use a layer of a publisher whom the policy does not name",
    severity: Severity::High,
    explanation: "The layer is published by an account that is neither among the scanned ones nor named by a scope of the trust policy. Its \
        owner decides what the next version holds, can delete versions that you rely on, and runs code inside your functions with their \
        roles. Nobody has recorded that this is wanted.",
    remediation: "Copy the layer into an account of yours and sign it there, or record the publisher's account in the scope of a policy \
        statement that asks for its signature.",
    evidence: &[EvidenceKind::Api, EvidenceKind::Policy],
    tampering: false,
    caveat: "",
};

pub(super) struct ForeignPublisher;

impl Check for ForeignPublisher {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/PRM003.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let mut layers: BTreeMap<String, (&LayerVersionArn, BTreeSet<Subject>, BTreeSet<&FunctionArn>)> = BTreeMap::new();
        for version in cx.evidence.inventory.functions.iter().flat_map(|function| &function.versions) {
            for layer in version.layers.iter().filter(|layer| !cx.is_known_publisher(&layer.arn.account)) {
                let entry = layers.entry(layer.arn.layer_arn()).or_insert_with(|| (&layer.arn, BTreeSet::new(), BTreeSet::new()));
                entry.1.insert(Subject::Layer(layer.arn.clone()));
                entry.2.insert(&version.arn);
            }
        }
        for (name, (arn, versions, users)) in layers {
            let functions: BTreeSet<FunctionArn> = users.iter().map(|user| user.unqualified()).collect();
            let used = count(functions.len(), "function");
            let message = format!("{name}, in use by {used}, is published by the account {}, which the policy does not name", arn.account);
            let mut finding = Finding::about(&RULE, name, message);
            finding.account = Some(arn.account.clone());
            finding.affects = cx.reach().affects(users);
            finding.details = capped(versions.iter().map(|version| format!("in use: {version}")));
            findings.push(finding);
        }
    }
}

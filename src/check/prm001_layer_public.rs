//! PRM001: every AWS account may use a layer version of ours.

use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::artifact::Subject;
use crate::model::printable::printable;

static RULE: Rule = Rule {
    id: "PRM001",
    slug: "layer-public",
    title: "A layer version is open to every AWS account",
    severity: Severity::High,
    explanation: "The resource policy of the layer version grants lambda:GetLayerVersion to the principal * without an organization \
        condition, so anybody with an AWS account can download its content: your code, your dependencies, and whatever secret slipped in. \
        Policies belong to single versions, so each public version is reported. Layers of foreign publishers are not judged.",
    remediation: "Remove the statement with RemoveLayerVersionPermission and grant single accounts or your organization (OrganizationId) \
        instead. Treat secrets in a version that was public as disclosed.",
    evidence: &[EvidenceKind::Api],
    tampering: false,
    caveat: "",
};

pub(super) struct LayerPublic;

impl Check for LayerPublic {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/PRM001.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        for layer in cx.evidence.inventory.layers.values().filter(|layer| cx.is_own(&layer.arn.account)) {
            let Some(policy) = layer.policy.present() else { continue };
            let subject = Subject::Layer(layer.arn.clone());
            for permission in policy.permissions.iter().filter(|permission| permission.is_public()) {
                let message = format!("{subject} is open to every AWS account by the statement `{}`", printable(&permission.sid));
                let mut finding = Finding::new(&RULE, &subject, message);
                finding.key = permission.sid.clone();
                finding.affects = cx.reach().affected_by([&subject]);
                findings.push(finding);
            }
        }
    }
}

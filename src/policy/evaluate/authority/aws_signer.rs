//! AWS Signer's signature inside a zip.

use super::super::candidate::{AWS_SIGNER, Holding};
use super::super::cause::Cause;
use super::{AWS_SIGNER_NAME, Expiry, Found, Judged, Measure, Revocation, name_profiles, resolve};
use crate::policy::decision::ReasonCode;
use crate::policy::scope::ProfilePattern;
use crate::signature::SignerIdentity;

impl Measure<'_> {
    pub(super) fn aws_signer(&self, root: &str, profiles: &[ProfilePattern]) -> Found {
        self.among(AWS_SIGNER, AWS_SIGNER_NAME, |holding, logged| Judged {
            authenticity: self.authenticity(holding, root, profiles),
            others: self.expiry(holding, Expiry::Always, logged).into_iter().collect(),
            revocation: Revocation::Signer,
        })
    }

    /// The root, the accounts that a pinned root may vouch for, and the profile.
    fn authenticity(&self, holding: &Holding, root: &str, profiles: &[ProfilePattern]) -> Vec<Cause> {
        let mut causes = Vec::new();
        let refuse = |code, text| Cause::refuse(code, text).about_authenticity();
        if !holding.basis.anchors.iter().any(|anchor| anchor == root) {
            let anchors = holding.basis.anchors.join("`, `");
            causes.push(refuse(ReasonCode::UntrustedRoot, format!("the chain ends at `{anchors}`, and `{root}` is asked for")));
        }
        let SignerIdentity::AwsSigner { profile_version, .. } = &holding.basis.identity else {
            return vec![refuse(ReasonCode::UntrustedIdentity, "the signature is none of AWS Signer's".to_owned())];
        };
        let account = &profile_version.account;
        match self.policy.anchor(root) {
            Some(anchor) if anchor.shipped || anchor.accounts.contains(account) => {}
            Some(_) => {
                causes.push(refuse(ReasonCode::UntrustedRoot, format!("the pinned root `{root}` may not vouch for account {account}")))
            }
            None => causes.push(refuse(ReasonCode::UntrustedRoot, format!("no trust anchor is named `{root}`"))),
        }
        let (asked, unresolved) = resolve(profiles, &self.artifact.subject);
        if !asked.iter().any(|profile| profile.covers(profile_version)) {
            causes.push(refuse(
                ReasonCode::UntrustedIdentity,
                format!("signed by profile version {profile_version}, and {} asked for", name_profiles(&asked, unresolved)),
            ));
        }
        causes
    }
}

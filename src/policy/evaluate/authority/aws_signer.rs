//! AWS Signer's signature inside a zip.

use super::super::candidate::{AWS_SIGNER, Holding, Judged};
use super::super::cause::{Cause, Weight};
use super::{Found, Measure, Signer, name_profiles, resolve};
use crate::policy::decision::ReasonCode;
use crate::policy::scope::ProfilePattern;
use crate::signature::SignerIdentity;

impl Measure<'_> {
    pub(super) fn aws_signer(&self, root: &str, profiles: &[ProfilePattern]) -> Found {
        let mut found = Found::default();
        for (candidate, signature) in self.candidates.iter().enumerate().filter(|(_, c)| c.scheme == AWS_SIGNER) {
            let holding = match &signature.judged {
                Judged::Valid(holding) => holding,
                Judged::Invalid(cause) | Judged::Undetermined(cause) => {
                    found.causes.push(cause.clone());
                    continue;
                }
            };
            let mut causes = self.authenticity(holding, root, profiles);
            let trusted_signer = causes.is_empty();
            causes.extend(self.expiry(holding, &mut found.logged));
            let refused = !causes.is_empty();
            let revocation = self.revocation(&holding.basis, &mut found.logged);
            let revoked = revocation.as_ref().is_some_and(|cause| cause.weight == Weight::Refused);
            let signer = Signer { signature_id: holding.basis.signature_id.clone(), signer_key: holding.signer_key.clone(), candidate };
            match (refused || revoked, &revocation) {
                (true, _) => {}
                (false, None) => found.met.push(signer),
                (false, Some(_)) => found.unproven.push(signer),
            }
            found.causes.append(&mut causes);
            if trusted_signer && !refused {
                found.causes.extend(revocation);
            }
        }
        if found.met.is_empty() && found.unproven.is_empty() && found.causes.is_empty() {
            found.causes.push(
                Cause::refuse(ReasonCode::Unsigned, format!("no AWS Signer signature in the {}", self.artifact.subject.kind()))
                    .about_authenticity(),
            );
        }
        found.logged.sort();
        found.logged.dedup();
        found
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

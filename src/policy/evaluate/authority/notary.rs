//! A Notary Project signer, at the level's aspects (specs/trust-store-trust-policy.md, "Signature verification details").

use super::super::candidate::Holding;
use super::super::cause::Cause;
use super::{Expiry, Found, Judged, Measure, Revocation, missing_annotations, name_profiles, resolve};
use crate::model::printable::printable;
use crate::policy::decision::ReasonCode;
use crate::policy::level::Action;
use crate::policy::schema::{NotaryAuthority, NotaryIdentity, VerifyTimestamp};
use crate::signature::SignerIdentity;
use crate::signature::notary::{ChainTime, NAME, Signer, SigningScheme};

impl Measure<'_> {
    pub(super) fn notary(&self, authority: &NotaryAuthority) -> Found {
        self.among(NAME, "Notary", |holding, logged| {
            let SignerIdentity::Notary(signer) = &holding.basis.identity else {
                return Judged::of_stranger("the signature is none of the Notary Project's");
            };
            let authenticity = self.notary_signer(authority, holding, signer);
            if !authenticity.is_empty() {
                return Judged { authenticity, ..Judged::default() };
            }
            let mut others = Vec::new();
            if let Some((code, text)) = untrusted_time(authority, signer) {
                match self.aspects.authentic_timestamp {
                    Action::Enforce => others.push(Cause::refuse(code, text)),
                    Action::Log => logged.push(text),
                    Action::Skip => {}
                }
            }
            others.extend(self.expiry(holding, Expiry::Optional, logged));
            let revocation = if stamp_of(authority, signer).is_some() { Revocation::SignerAndStamp } else { Revocation::Signer };
            Judged { others, revocation, ..Judged::default() }
        })
    }

    /// The trust store and who signed.
    fn notary_signer(&self, authority: &NotaryAuthority, holding: &Holding, signer: &Signer) -> Vec<Cause> {
        let mut causes = Vec::new();
        let mut refuse = |code, text: String| causes.push(Cause::refuse(code, text).about_authenticity());
        let store = &authority.trust_store;
        if !holding.basis.anchors.iter().any(|anchor| anchor == store) {
            let text = match holding.basis.anchors.iter().map(|name| printable(name)).collect::<Vec<_>>().join("`, `") {
                others if others.is_empty() => format!("the chain is not trusted by `{store}`"),
                others => format!("the chain is trusted by `{others}`, and `{store}` is asked for"),
            };
            refuse(ReasonCode::UntrustedRoot, text);
        }
        let of_scheme = match signer.signing_scheme {
            SigningScheme::X509 => "ca:",
            SigningScheme::SigningAuthority => "signingAuthority:",
        };
        if !store.starts_with(of_scheme) {
            refuse(
                ReasonCode::UntrustedRoot,
                format!("its signing scheme asks for a trust store of type `{}`", of_scheme.trim_end_matches(':')),
            );
        }
        // Who signed with AWS Signer's plugin is said by its attributes: the certificate's subject is AWS's for every customer.
        let known = match &signer.aws_signer {
            Some(by) => {
                let profiles: Vec<_> = authority.profiles().cloned().collect();
                let (asked, unresolved) = resolve(&profiles, &self.artifact.subject);
                if profiles.is_empty() {
                    Some(format!("signed by AWS Signer with profile version {}, and no signing profile is named", by.profile_version))
                } else if asked.iter().any(|profile| profile.covers(&by.profile_version)) {
                    None
                } else {
                    Some(format!("signed by profile version {}, and {} asked for", by.profile_version, name_profiles(&asked, unresolved)))
                }
            }
            None => {
                let covered = authority.identities.iter().any(|identity| match identity {
                    NotaryIdentity::Subject { identity, .. } => identity.matches(signer),
                    NotaryIdentity::Anyone => true,
                    NotaryIdentity::Profile(_) => false,
                });
                (!covered).then(|| format!("signed by `{}`, who is not among the identities asked for", printable(&signer.describe())))
            }
        };
        if let Some(text) = known {
            refuse(ReasonCode::UntrustedIdentity, text);
        }
        for text in missing_annotations(&authority.annotations, &signer.annotations) {
            refuse(ReasonCode::ClaimMismatch, text);
        }
        causes
    }
}

/// The trust store by whose time stamp the chain is judged; `None` where no time stamp counts.
fn stamp_of<'a>(authority: &'a NotaryAuthority, signer: &Signer) -> Option<&'a str> {
    let is_due = match authority.verify_timestamp {
        VerifyTimestamp::Always => true,
        VerifyTimestamp::AfterCertExpiry => signer.chain_time.expired,
    };
    authority.tsa.as_deref().filter(|_| is_due && signer.signing_scheme == SigningScheme::X509)
}

/// The aspect `authentic_timestamp`: why the chain is not known to have held when it was used.
fn untrusted_time(authority: &NotaryAuthority, signer: &Signer) -> Option<(ReasonCode, String)> {
    let ChainTime { fault, expired: _, timestamp } = &signer.chain_time;
    let Some(tsa) = stamp_of(authority, signer) else {
        return fault.as_ref().map(|fault| (ReasonCode::OutsideValidity, format!("the chain did not hold: {}", printable(fault))));
    };
    // With a time stamp that counts, the chain need not hold now; without one it is no help that it does.
    match timestamp.as_ref().map(|stamp| stamp.under.get(tsa)) {
        Some(Some(Ok(_))) => None,
        Some(Some(Err(why))) => {
            Some((ReasonCode::TimestampMissing, format!("the time stamp does not hold under `{tsa}`: {}", printable(why))))
        }
        Some(None) => Some((ReasonCode::TimestampMissing, format!("the time stamp was not judged under `{tsa}`"))),
        None => Some((ReasonCode::TimestampMissing, format!("no time stamp is on it, and one that `{tsa}` trusts is asked for"))),
    }
}

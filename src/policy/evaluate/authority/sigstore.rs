//! A Sigstore signer. Root, certificate, log, SCT and time belong to integrity at every level (DESIGN §4 rule 6).

use super::super::candidate::Holding;
use super::super::cause::Cause;
use super::{Found, Judged, Measure, missing_annotations};
use crate::model::printable::printable;
use crate::policy::decision::ReasonCode;
use crate::policy::schema::{SigstoreAuthority, SigstoreSigner};
use crate::policy::text_match::TextMatch;
use crate::signature::SignerIdentity;
use crate::signature::sigstore::{By, Claim, NAME, Proof, Signer, Transparency};

impl Measure<'_> {
    pub(super) fn sigstore(&self, authority: &SigstoreAuthority) -> Found {
        self.among(NAME, "Sigstore", |holding, logged| {
            let SignerIdentity::Sigstore(signer) = &holding.basis.identity else {
                return Judged::of_stranger("the signature is none of Sigstore's");
            };
            let authenticity = self.sigstore_signer(authority, holding, signer);
            if !authenticity.is_empty() {
                return Judged { authenticity, ..Judged::default() };
            }
            Judged { others: vouched_for(authority, signer, logged), ..Judged::default() }
        })
    }

    /// Who signed: all of it must hold on this one signature (DESIGN §4 rule 3).
    fn sigstore_signer(&self, authority: &SigstoreAuthority, holding: &Holding, signer: &Signer) -> Vec<Cause> {
        let mut causes = Vec::new();
        let mut refuse = |code, text: String| causes.push(Cause::refuse(code, text).about_authenticity());
        match (&authority.signer, &signer.by) {
            (SigstoreSigner::Keyless { issuer, identity, claims }, By::Certificate { issuer: by, identity: who, claims: presented }) => {
                if !signer.proofs.contains_key(&authority.root) {
                    refuse(
                        ReasonCode::UntrustedRoot,
                        format!("it does not hold under the trusted root `{}`{}", authority.root, under(holding)),
                    );
                }
                if !issuer.covers(by) {
                    refuse(ReasonCode::UntrustedIdentity, format!("the issuer is `{}`, and {issuer} is asked for", printable(by)));
                }
                if !identity.covers(who) {
                    refuse(ReasonCode::UntrustedIdentity, format!("signed by `{}`, and {identity} is asked for", printable(who)));
                }
                for (name, asked) in claims {
                    if let Some(text) = claim_mismatch(name, asked, presented.get(name)) {
                        refuse(ReasonCode::ClaimMismatch, text);
                    }
                }
            }
            (SigstoreSigner::Key { file, .. }, By::Key { spki_sha256 }) => {
                match self.policy.anchors().keys.iter().find(|key| key.name == *file) {
                    Some(key) if key.sha256 == *spki_sha256 => {}
                    Some(_) => refuse(
                        ReasonCode::UntrustedIdentity,
                        format!(
                            "signed with the key that has the SHA-256 {}, and `{}` is asked for",
                            printable(spki_sha256),
                            printable(file)
                        ),
                    ),
                    None => refuse(ReasonCode::UntrustedIdentity, format!("no key is named `{}`", printable(file))),
                }
            }
            (SigstoreSigner::Keyless { .. }, By::Key { .. }) => {
                refuse(ReasonCode::UntrustedIdentity, "signed with a bare key, and a certificate is asked for".into());
            }
            (SigstoreSigner::Key { file, .. }, By::Certificate { .. }) => {
                refuse(ReasonCode::UntrustedIdentity, format!("signed with a certificate, and the key `{}` is asked for", printable(file)));
            }
        }
        for text in missing_annotations(&authority.annotations, &signer.annotations) {
            refuse(ReasonCode::ClaimMismatch, text);
        }
        causes
    }
}

/// A claim that is absent or cannot be read equals nothing.
fn claim_mismatch(name: &str, asked: &TextMatch, presented: Option<&Claim>) -> Option<String> {
    match presented {
        Some(Claim::Text(text)) if asked.covers(text) => None,
        Some(Claim::Text(text)) => Some(format!("the claim `{name}` is `{}`, and {asked} is asked for", printable(text))),
        Some(Claim::Malformed) => Some(format!("the claim `{name}` cannot be read, and {asked} is asked for")),
        None => Some(format!("the certificate has no claim `{name}`, and {asked} is asked for")),
    }
}

fn under(holding: &Holding) -> String {
    if holding.basis.anchors.is_empty() {
        return String::new();
    }
    format!(", only under `{}`", holding.basis.anchors.iter().map(|name| printable(name)).collect::<Vec<_>>().join("`, `"))
}

/// What log, CT log and time stamp authorities give, all of it under the one root that is named.
fn vouched_for(authority: &SigstoreAuthority, signer: &Signer, logged: &mut Vec<String>) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut refuse = |code, text: String| causes.push(Cause::refuse(code, text));
    let root = &authority.root;
    let nothing =
        Proof { transparency: Transparency::None, logs: Vec::new(), timestamp_authorities: Vec::new(), times: Vec::new(), sct: false };
    let proof = signer.proofs.get(root).unwrap_or(&nothing);
    let needed = authority.needs(signer.form);
    if proof.transparency < needed {
        let has = match proof.transparency {
            Transparency::None => "nothing",
            Transparency::Promise => "only a promise",
            Transparency::InclusionProof => "a proof of inclusion",
        };
        let asked = if needed == Transparency::Promise { "a promise or a proof of inclusion" } else { "a proof of inclusion" };
        refuse(ReasonCode::NoTransparency, format!("no log of `{root}` gives {asked} for it: there is {has}"));
    }
    if authority.timestamp && proof.timestamp_authorities.is_empty() {
        refuse(ReasonCode::TimestampMissing, format!("no time stamp by an authority of `{root}` is on it"));
    }
    match &authority.signer {
        SigstoreSigner::Keyless { .. } => {
            if authority.sct && !proof.sct {
                refuse(ReasonCode::NoTransparency, format!("no CT log of `{root}` vouches for the certificate"));
            }
            if proof.times.is_empty() {
                refuse(ReasonCode::TimestampMissing, format!("nobody of `{root}` states when it was signed"));
            }
        }
        SigstoreSigner::Key { valid_from, valid_until, .. } => {
            if valid_from.is_none() && valid_until.is_none() {
                if proof.times.is_empty() {
                    logged.push("signed with a key, without a trusted time: neither a log nor a time stamp authority states when".into());
                }
            } else if proof.times.is_empty() {
                refuse(
                    ReasonCode::TimestampMissing,
                    format!("nobody of `{root}` states when the key was used, and it is valid in a window only"),
                );
            }
            // Every time must lie within: one that is backdated does not excuse another.
            for at in &proof.times {
                if valid_from.is_some_and(|from| *at < from) {
                    refuse(ReasonCode::OutsideValidity, format!("the key was used at {at}, before the policy lets it sign"));
                }
                if valid_until.is_some_and(|until| *at >= until) {
                    refuse(ReasonCode::OutsideValidity, format!("the key was used at {at}, when the policy no longer lets it sign"));
                }
            }
        }
    }
    causes
}

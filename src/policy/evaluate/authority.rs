//! One authority against the signatures of one artifact. All constraints hold on one signature (DESIGN §4 rule 3).

use jiff::Timestamp;

use super::candidate::{AWS_SIGNER, Candidate, Holding, Judged};
use super::cause::{Cause, Weight};
use crate::evidence::Artifact;
use crate::model::arn::SigningProfileArn;
use crate::model::artifact::Subject;
use crate::policy::decision::ReasonCode;
use crate::policy::level::{Action, Aspects};
use crate::policy::schema::{Authority, Policy};
use crate::policy::scope::ProfilePattern;
use crate::store::Integrity;

/// What an authority is measured against.
pub(super) struct Measure<'a> {
    pub(super) policy: &'a Policy,
    pub(super) artifact: &'a Artifact,
    pub(super) candidates: &'a [Candidate],
    pub(super) aspects: Aspects,
    pub(super) live: bool,
    pub(super) now: Timestamp,
}

/// What came of one authority.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Signatures by which it is met.
    pub(super) met: Vec<Signer>,
    /// Signatures of the right signer up to the right root, about which an enforced aspect could not be learned.
    pub(super) unproven: Vec<Signer>,
    /// Why it is not met; never empty where `met` is.
    pub(super) causes: Vec<Cause>,
    /// What was seen and is not enforced.
    pub(super) logged: Vec<String>,
}

/// The signature by which an authority is met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signer {
    pub(super) signature_id: String,
    pub(super) signer_key: String,
    /// Index among the candidates.
    pub(super) candidate: usize,
}

impl Found {
    /// True where nothing speaks for it, and at least one thing speaks against it.
    pub(super) fn is_refused(&self) -> bool {
        self.met.is_empty() && self.unproven.is_empty() && self.causes.iter().any(|cause| cause.weight == Weight::Refused)
    }

    /// True where it could not be looked at at all.
    pub(super) fn is_unseen(&self) -> bool {
        self.met.is_empty() && self.unproven.is_empty() && !self.is_refused()
    }

    fn because(cause: Cause) -> Self {
        Self { causes: vec![cause], ..Self::default() }
    }
}

impl Measure<'_> {
    pub(super) fn authority(&self, authority: &Authority) -> Found {
        match authority {
            Authority::AwsSigner { root, profiles } => self.aws_signer(root, profiles),
            Authority::AwsService { profiles } => self.aws_service(profiles),
            Authority::Sigstore(_) | Authority::Notary { .. } => Found::because(
                Cause::undecided(ReasonCode::NotBuilt, format!("this version cannot verify `{}` signatures yet", authority.key()))
                    .about_authenticity(),
            ),
        }
    }

    fn aws_signer(&self, root: &str, profiles: &[ProfilePattern]) -> Found {
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
            let revocation = self.revocation(&mut found.logged);
            let signer = Signer { signature_id: holding.signature_id.clone(), signer_key: holding.signer_key.clone(), candidate };
            match (refused, &revocation) {
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
        if !holding.anchors.iter().any(|anchor| anchor == root) {
            let anchors = holding.anchors.join("`, `");
            causes.push(refuse(ReasonCode::UntrustedRoot, format!("the chain ends at `{anchors}`, and `{root}` is asked for")));
        }
        let account = &holding.profile_version.account;
        match self.policy.anchor(root) {
            Some(anchor) if anchor.shipped || anchor.accounts.contains(account) => {}
            Some(_) => {
                causes.push(refuse(ReasonCode::UntrustedRoot, format!("the pinned root `{root}` may not vouch for account {account}")))
            }
            None => causes.push(refuse(ReasonCode::UntrustedRoot, format!("no trust anchor is named `{root}`"))),
        }
        let (asked, unresolved) = resolve(profiles, &self.artifact.subject);
        if !asked.iter().any(|profile| profile.covers(&holding.profile_version)) {
            causes.push(refuse(
                ReasonCode::UntrustedIdentity,
                format!("signed by profile version {}, and {} asked for", holding.profile_version, name_profiles(&asked, unresolved)),
            ));
        }
        causes
    }

    /// Against the time of verification. AWS Signer's format states an expiry always, so its absence is a failure (rule 3).
    fn expiry(&self, holding: &Holding, logged: &mut Vec<String>) -> Option<Cause> {
        let text = match holding.expires_at {
            Some(expires_at) if self.now < expires_at => return None,
            Some(expires_at) => format!("the signature expired at {expires_at}"),
            None => "the signature states no expiry".to_owned(),
        };
        match self.aspects.expiry {
            Action::Enforce => Some(Cause::refuse(ReasonCode::Expired, text)),
            Action::Log => {
                logged.push(text);
                None
            }
            Action::Skip => None,
        }
    }

    /// GetRevocationStatus is not asked yet, so nothing is known of revocation (rule 6).
    fn revocation(&self, logged: &mut Vec<String>) -> Option<Cause> {
        let text = "revocation was not checked: this version cannot ask AWS Signer yet";
        match self.aspects.revocation {
            Action::Enforce => Some(Cause::undecided(ReasonCode::RevocationUnknown, text)),
            Action::Log => {
                logged.push(text.to_owned());
                None
            }
            Action::Skip => None,
        }
    }

    /// DESIGN §4 rule 8. What speaks against AWS's statement refuses; what would have to speak for it beyond the answer itself,
    /// expiry and revocation of the job, cannot be asked by this version, so the statement is never met.
    fn aws_service(&self, profiles: &[ProfilePattern]) -> Found {
        let mut found = Found::default();
        for signature in self.candidates {
            match &signature.judged {
                Judged::Invalid(cause) => found.causes.push(cause.clone()),
                Judged::Undetermined(cause) => found.causes.push(cause.clone()),
                Judged::Valid(holding) => {
                    if holding.expires_at.is_some_and(|expires_at| self.now >= expires_at) {
                        found
                            .causes
                            .push(Cause::refuse(ReasonCode::Expired, format!("the signature in `{}` has expired", signature.location)));
                    }
                }
            }
        }
        match self.artifact.integrity {
            Integrity::Matches => {}
            Integrity::Mismatch { .. } => {
                found
                    .causes
                    .push(Cause::refuse(ReasonCode::BytesNotClaimed, "the bytes are not the ones that AWS made its statement about"));
            }
            Integrity::NotClaimed | Integrity::NoBytes => found.causes.push(Cause::undecided(
                ReasonCode::ServiceStatementNotUsable,
                "AWS's statement counts only beside a CodeSha256 that is equal to the digest of the bytes",
            )),
        }
        if !self.live {
            found.causes.push(Cause::undecided(
                ReasonCode::ServiceStatementNotUsable,
                "AWS's own statement counts only in a live answer, and this is a recorded or local one",
            ));
            return found;
        }
        let signing = &self.artifact.attested.signing;
        let (asked, unresolved) = resolve(profiles, &self.artifact.subject);
        match (&signing.profile_version_arn, &signing.job_arn) {
            (None, None) => {
                found.causes.push(Cause::refuse(ReasonCode::Unsigned, "AWS does not state that it is signed").about_authenticity())
            }
            (Some(_), None) | (None, Some(_)) => {
                found.causes.push(Cause::undecided(ReasonCode::ServiceStatementNotUsable, "AWS's statement lacks one of its two ARNs"))
            }
            (Some(stated), Some(_)) => {
                let covered = stated.parse::<SigningProfileArn>().is_ok_and(|stated| asked.iter().any(|profile| profile.covers(&stated)));
                if !covered {
                    let text = format!(
                        "AWS states profile version {}, and {} asked for",
                        crate::model::printable::printable(stated),
                        name_profiles(&asked, unresolved)
                    );
                    found.causes.push(Cause::refuse(ReasonCode::UntrustedIdentity, text).about_authenticity());
                }
            }
        }
        found.causes.push(Cause::undecided(
            ReasonCode::ServiceStatementNotUsable,
            "this version cannot ask AWS Signer whether the signing job has expired or was revoked",
        ));
        found
    }
}

/// The profiles that are asked for here, and how many more have a placeholder that stands for nothing.
fn resolve(profiles: &[ProfilePattern], subject: &Subject) -> (Vec<SigningProfileArn>, usize) {
    let asked: Vec<SigningProfileArn> = profiles.iter().filter_map(|profile| profile.resolve(subject)).collect();
    let unresolved = profiles.len() - asked.len();
    (asked, unresolved)
}

fn name_profiles(asked: &[SigningProfileArn], unresolved: usize) -> String {
    let names: Vec<String> = asked.iter().map(ToString::to_string).collect();
    match (&names[..], unresolved) {
        ([], _) => "a profile whose placeholders stand for nothing here is".to_owned(),
        ([one], _) => format!("{one} is"),
        (several, _) => format!("one of {} is", several.join(", ")),
    }
}

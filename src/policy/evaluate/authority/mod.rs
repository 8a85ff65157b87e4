//! One authority against the signatures of one artifact. All constraints hold on one signature (DESIGN §4 rule 3).

mod aws_service;
mod aws_signer;
mod revocation;

use jiff::Timestamp;

use super::candidate::{Candidate, Holding};
use super::cause::{Cause, Weight};
use crate::evidence::{Artifact, Evidence};
use crate::model::arn::SigningProfileArn;
use crate::model::artifact::Subject;
use crate::policy::decision::ReasonCode;
use crate::policy::level::{Action, Aspects};
use crate::policy::schema::{Authority, Policy};
use crate::policy::scope::ProfilePattern;

/// What an authority is measured against.
pub(super) struct Measure<'a> {
    pub(super) policy: &'a Policy,
    pub(super) evidence: &'a Evidence,
    pub(super) artifact: &'a Artifact,
    pub(super) candidates: &'a [Candidate],
    pub(super) aspects: Aspects,
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

    /// Against the time of verification. AWS Signer's format states an expiry always, so its absence is a failure (rule 3).
    fn expiry(&self, holding: &Holding, logged: &mut Vec<String>) -> Option<Cause> {
        let text = match holding.basis.expires_at {
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

//! One authority against the signatures of one artifact. All constraints hold on one signature (DESIGN §4 rule 3).

mod aws_service;
mod aws_signer;
mod notary;
mod revocation;
mod sigstore;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::attestation;
use super::candidate::{self, AWS_SIGNER, Candidate, Holding};
use super::cause::{Cause, Weight};
use crate::evidence::{Artifact, Evidence};
use crate::model::arn::SigningProfileArn;
use crate::model::artifact::Subject;
use crate::model::printable::printable;
use crate::policy::decision::ReasonCode;
use crate::policy::level::{Action, Aspects};
use crate::policy::schema::{Attestation, Authority, Policy};
use crate::policy::scope::ProfilePattern;
use crate::signature;
#[cfg(doc)]
use crate::signature::SignerIdentity;

/// What an authority is measured against.
pub(super) struct Measure<'a> {
    pub(super) policy: &'a Policy,
    pub(super) evidence: &'a Evidence,
    pub(super) artifact: &'a Artifact,
    pub(super) candidates: &'a [Candidate],
    pub(super) about: About<'a>,
    pub(super) aspects: Aspects,
    pub(super) now: Timestamp,
}

/// What is asked for. An attestation is no signature of the artifact, and the other way round.
#[derive(Debug, Clone, Copy)]
pub(super) enum About<'a> {
    /// A signature of the artifact itself.
    Signature,
    /// A signed statement about it.
    Attestation(&'a Attestation),
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
    /// See [`SignerIdentity::lasting_key`].
    pub(super) lasting_key: Option<String>,
    /// Index among the candidates.
    pub(super) candidate: usize,
}

impl Signer {
    fn of(holding: &Holding, candidate: usize) -> Self {
        Self {
            signature_id: holding.basis.signature_id.clone(),
            signer_key: holding.signer_key.clone(),
            lasting_key: holding.basis.identity.lasting_key().map(str::to_owned),
            candidate,
        }
    }
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
}

/// What came of one signature that holds.
#[derive(Debug, Default)]
struct Judged {
    /// Why it is not by whom the authority names.
    authenticity: Vec<Cause>,
    /// What else does not hold.
    others: Vec<Cause>,
    /// Whose revocation matters.
    revocation: Revocation,
}

/// Whose revocation matters to one authority.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Revocation {
    /// Nobody's: the scheme knows none.
    #[default]
    Unknown,
    /// The signer's. A time stamp may be on the signature, and nothing rests on it.
    Signer,
    /// The signer's, and that of the authority whose time stamp counts.
    SignerAndStamp,
}

impl Judged {
    fn of_stranger(text: &str) -> Self {
        let cause = Cause::refuse(ReasonCode::UntrustedIdentity, text).about_authenticity();
        Self { authenticity: vec![cause], ..Self::default() }
    }
}

/// Whether a scheme's signatures state an expiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expiry {
    /// Always: its absence is a failure (DESIGN §4 rule 3).
    Always,
    /// Where the signer set one.
    Optional,
}

impl Measure<'_> {
    pub(super) fn authority(&self, authority: &Authority) -> Found {
        match authority {
            Authority::AwsSigner { root, profiles } => self.aws_signer(root, profiles),
            Authority::AwsService { profiles } => self.aws_service(profiles),
            Authority::Sigstore(sigstore) => self.sigstore(sigstore),
            Authority::Notary(notary) => self.notary(notary),
        }
    }

    /// Judges each signature of a scheme by itself. `judge` may add to what is logged.
    fn among(&self, scheme: &'static str, name: &str, judge: impl Fn(&Holding, &mut Vec<String>) -> Judged) -> Found {
        let mut found = Found::default();
        for (index, candidate) in self.candidates.iter().enumerate() {
            let holding = match &candidate.judged {
                candidate::Judged::Valid(holding) if candidate.scheme == scheme && self.is_about(holding) => holding,
                candidate::Judged::Valid(_) => continue,
                candidate::Judged::Invalid(cause) if candidate.scheme == scheme => {
                    found.causes.push(cause.clone());
                    continue;
                }
                candidate::Judged::Invalid(_) => continue,
                candidate::Judged::Undetermined(cause) => {
                    // What could not be looked at may be of any scheme that stands beside the artifact.
                    if candidate.scheme == scheme || (scheme != AWS_SIGNER && !is_judged_scheme(candidate.scheme)) {
                        found.causes.push(cause.clone());
                    }
                    continue;
                }
            };
            let mut logged = Vec::new();
            let Judged { authenticity, mut others, revocation } = judge(holding, &mut logged);
            if !authenticity.is_empty() {
                found.causes.extend(authenticity);
                continue;
            }
            if let About::Attestation(asked) = self.about {
                others.extend(attestation::refusals(asked, holding, &self.verified_digest(holding)));
            }
            if !others.is_empty() {
                found.causes.append(&mut others);
                continue;
            }
            let revocation = self.revocation_of(holding, revocation, &mut logged);
            let signer = Signer::of(holding, index);
            found.logged.append(&mut logged);
            match revocation {
                None => found.met.push(signer),
                Some(cause) if cause.weight == Weight::Refused => found.causes.push(cause),
                Some(cause) => {
                    found.unproven.push(signer);
                    found.causes.push(cause);
                }
            }
        }
        // A form that no scheme reads, or a plugin that is not built in, is not what is asked for, and anybody can put one there: it never
        // stands in for a signature (DESIGN §4 rules 2 and 5).
        let only_unread = found.causes.iter().all(|cause| cause.code == ReasonCode::NotBuilt);
        if found.met.is_empty() && found.unproven.is_empty() && only_unread {
            found.causes.push(self.nothing(name).about_authenticity());
        }
        found.logged.sort();
        found.logged.dedup();
        found
    }

    /// A scheme that knows revocation leaves a question. Without one nothing is known, which is never "not revoked" (DESIGN §4 rule 6).
    fn revocation_of(&self, holding: &Holding, whose: Revocation, logged: &mut Vec<String>) -> Option<Cause> {
        if whose == Revocation::Unknown {
            return None;
        }
        if holding.basis.revocation.is_empty() && self.aspects.revocation == Action::Enforce {
            return Some(Cause::undecided(ReasonCode::RevocationUnknown, "nothing says what to ask to learn whether it was revoked"));
        }
        self.revocation(&holding.basis, whose, logged)
    }

    fn is_about(&self, holding: &Holding) -> bool {
        match self.about {
            About::Signature => holding.basis.statement.is_none(),
            About::Attestation(asked) => attestation::is_asked_for(asked, holding),
        }
    }

    /// There is none.
    fn nothing(&self, name: &str) -> Cause {
        let kind = self.artifact.subject.kind();
        match self.about {
            About::Signature => Cause::refuse(
                ReasonCode::Unsigned,
                format!("no {name} signature {} the {kind}", if name == AWS_SIGNER_NAME { "in" } else { "of" }),
            ),
            About::Attestation(asked) => {
                let predicate_type = printable(&asked.predicate_type);
                let text = format!("no attestation `{predicate_type}` with a {name} signature that holds is about the {kind}");
                Cause::refuse(ReasonCode::AttestationMissing, text)
            }
        }
    }

    /// `sha256:…` of what was signed: the artifact, or the index above it that lists it.
    fn verified_digest(&self, holding: &Holding) -> String {
        holding.basis.target.digest.or_else(|| self.artifact.digest()).map_or_else(String::new, |digest| digest.to_string())
    }

    /// Against the time of verification.
    fn expiry(&self, holding: &Holding, expiry: Expiry, logged: &mut Vec<String>) -> Option<Cause> {
        let text = match holding.basis.expires_at {
            Some(expires_at) if self.now < expires_at => return None,
            Some(expires_at) => format!("the signature expired at {expires_at}"),
            None if expiry == Expiry::Optional => return None,
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

/// AWS Signer as a person reads it; its signature stands inside.
const AWS_SIGNER_NAME: &str = "AWS Signer";

/// A scheme whose signatures are judged here, so that what it could not judge is its own.
fn is_judged_scheme(name: &str) -> bool {
    [AWS_SIGNER, signature::sigstore::NAME, signature::notary::NAME].contains(&name)
}

/// Annotations that are asked for and not signed along, exactly.
fn missing_annotations(asked: &BTreeMap<String, String>, signed: &BTreeMap<String, String>) -> Vec<String> {
    let missing = asked.iter().filter_map(|(key, asked)| {
        let name = printable(key);
        match signed.get(key) {
            Some(value) if value == asked => None,
            Some(value) => Some(format!("the annotation `{name}` is `{}`, and `{}` is asked for", printable(value), printable(asked))),
            None => Some(format!("the annotation `{name}` is not signed along")),
        }
    });
    missing.collect()
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

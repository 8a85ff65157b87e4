//! Whether a signature was revoked, at the level's aspect.

use jiff::Timestamp;

use super::super::cause::{Cause, Weight};
use super::{Measure, Revocation};
use crate::model::printable::printable;
use crate::policy::decision::ReasonCode;
use crate::policy::level::Action;
use crate::signature::revocation::{AnswerSource, ChainOf, RevocationAnswer};
use crate::signature::{Basis, RevocationQuestion};

impl Measure<'_> {
    /// The worst of what is known of the signature's questions: refused where something is revoked, undecided where something is not known
    /// (rule 6). `None` where each was answered well, or is not enforced. The time stamp authority's certificates are a matter of the time
    /// stamp, not of the signer's revocation.
    pub(super) fn revocation(&self, basis: &Basis, whose: Revocation, logged: &mut Vec<String>) -> Option<Cause> {
        let mut worst: Option<Cause> = None;
        for question in &basis.revocation {
            let action = match question {
                RevocationQuestion::AwsSigner { .. } | RevocationQuestion::Certificates { of: ChainOf::Signer, .. } => {
                    self.aspects.revocation
                }
                RevocationQuestion::Certificates { of: ChainOf::TimestampAuthority, .. } => match whose {
                    Revocation::SignerAndStamp => self.aspects.authentic_timestamp,
                    Revocation::Signer | Revocation::Unknown => continue,
                },
            };
            match (action, self.answer(question, logged)) {
                (Action::Skip, _) | (_, None) => {}
                (Action::Log, Some(cause)) => logged.push(cause.text),
                (Action::Enforce, Some(cause)) => {
                    if worst.as_ref().is_none_or(|worst| worst.weight < cause.weight) {
                        worst = Some(cause);
                    }
                }
            }
        }
        worst
    }

    /// What speaks against a signature in the answer to one question.
    fn answer(&self, question: &RevocationQuestion, logged: &mut Vec<String>) -> Option<Cause> {
        match self.evidence.revocations.get(question) {
            Some(RevocationAnswer::NotRevoked { source }) => {
                if let AnswerSource::Snapshot { recorded_at } = source {
                    logged.push(format!("that it was not revoked is known {}", from_recording(*recorded_at, self.now)));
                }
                None
            }
            Some(RevocationAnswer::Revoked { what, source }) => Some(revoked(what, source, self.now)),
            Some(RevocationAnswer::Unknown(gap)) => Some(Cause::undecided(ReasonCode::RevocationUnknown, gap.to_string())),
            None => Some(Cause::undecided(
                ReasonCode::RevocationUnknown,
                format!("nobody was asked whether it was revoked ({})", printable(&question.about())),
            )),
        }
    }
}

/// A signature of which something was revoked.
pub(super) fn revoked(what: &[String], source: &AnswerSource, now: Timestamp) -> Cause {
    let what: Vec<String> = what.iter().take(MAX_NAMED).map(|what| printable(what).into_owned()).collect();
    let by = match source {
        AnswerSource::Live => "as AWS Signer says".to_owned(),
        AnswerSource::Snapshot { recorded_at } => from_recording(*recorded_at, now),
        AnswerSource::Signed { .. } | AnswerSource::NonRevokable => "as its issuer says".to_owned(),
    };
    Cause {
        weight: Weight::Refused,
        ..Cause::undecided(ReasonCode::Revoked, format!("the signature was revoked, {by}: {}", what.join(", ")))
    }
}

/// Names of one answer that are shown.
const MAX_NAMED: usize = 5;

fn from_recording(recorded_at: Timestamp, now: Timestamp) -> String {
    let hours = now.duration_since(recorded_at).as_hours();
    let age =
        if hours < 0 { format!("{} hours after the time of verification", hours.unsigned_abs()) } else { format!("{hours} hours before") };
    format!("from a recording only, made at {recorded_at}, {age}, and authenticated by nobody")
}

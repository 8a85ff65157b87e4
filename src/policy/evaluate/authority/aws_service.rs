//! AWS's own statement in a live API answer.

use super::super::candidate::Judged;
use super::super::cause::Cause;
use super::{Found, Measure, name_profiles, resolve};
use crate::model::arn::SigningProfileArn;
use crate::policy::decision::ReasonCode;
use crate::policy::scope::ProfilePattern;
use crate::store::Integrity;

impl Measure<'_> {
    /// DESIGN §4 rule 8. What speaks against AWS's statement refuses; what would have to speak for it beyond the answer itself,
    /// expiry and revocation of the job, cannot be asked by this version, so the statement is never met.
    pub(super) fn aws_service(&self, profiles: &[ProfilePattern]) -> Found {
        let mut found = Found::default();
        for signature in self.candidates {
            match &signature.judged {
                Judged::Invalid(cause) => found.causes.push(cause.clone()),
                Judged::Undetermined(cause) => found.causes.push(cause.clone()),
                Judged::Valid(holding) => {
                    if holding.basis.expires_at.is_some_and(|expires_at| self.now >= expires_at) {
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

//! AWS's own statement in a live API answer.

use super::super::candidate::{Holding, Judged};
use super::super::cause::Cause;
use super::revocation::revoked;
use super::{Found, Measure, Signer, name_profiles, resolve};
use crate::model::arn::SigningProfileArn;
use crate::model::artifact::SigningJob;
use crate::model::observed::Observed;
use crate::model::printable::printable;
use crate::policy::decision::ReasonCode;
use crate::policy::scope::ProfilePattern;
use crate::signature::RevocationQuestion;
use crate::signature::revocation::{AnswerSource, RevocationAnswer};
use crate::store::Integrity;

impl Measure<'_> {
    /// DESIGN §4 rule 8. It counts where each of these holds, whatever the level says of expiry and revocation:
    ///
    /// 1. No signature in the zip was rejected or could not be judged.
    /// 2. The bytes are the ones of the CodeSha256 in AWS's answer.
    /// 3. The answer is live: no snapshot, and no endpoint in place of AWS's own.
    /// 4. The same answer carries both ARNs, and the profile is one that is asked for.
    /// 5. The signing job, as AWS describes it now, succeeded, is of that profile version, and has neither expired nor been revoked.
    /// 6. AWS Signer says now that nothing was revoked: for that it must be told the certificates, which only the signature in the zip names.
    pub(super) fn aws_service(&self, profiles: &[ProfilePattern]) -> Found {
        let mut found = Found::default();
        let refuse = Cause::refuse;
        let unusable = |text: String| Cause::undecided(ReasonCode::ServiceStatementNotUsable, text);
        // 1
        for signature in self.candidates {
            match &signature.judged {
                Judged::Invalid(cause) | Judged::Undetermined(cause) => found.causes.push(cause.clone()),
                Judged::Valid(holding) => {
                    if holding.basis.expires_at.is_some_and(|expires_at| self.now >= expires_at) {
                        found.causes.push(refuse(ReasonCode::Expired, format!("the signature in `{}` has expired", signature.location)));
                    }
                }
            }
        }
        // 2
        match self.artifact.integrity {
            Integrity::Matches => {}
            Integrity::Mismatch { .. } => found
                .causes
                .push(refuse(ReasonCode::BytesNotClaimed, "the bytes are not the ones that AWS made its statement about".into())),
            Integrity::NotClaimed | Integrity::NoBytes => found
                .causes
                .push(unusable("AWS's statement counts only beside a CodeSha256 that is equal to the digest of the bytes".into())),
        }
        // 3
        if !self.evidence.live {
            found.causes.push(unusable(
                "AWS's own statement counts only in a live answer of AWS's own endpoints, and this is a recorded or local one, or another endpoint's"
                    .into(),
            ));
            return found;
        }
        // 4
        let signing = &self.artifact.attested.signing;
        let (asked, unresolved) = resolve(profiles, &self.artifact.subject);
        let (stated, job) = match (&signing.profile_version_arn, &signing.job_arn) {
            (None, None) => {
                found.causes.push(refuse(ReasonCode::Unsigned, "AWS does not state that it is signed".into()).about_authenticity());
                return found;
            }
            (Some(_), None) | (None, Some(_)) => {
                found.causes.push(unusable("AWS's statement lacks one of its two ARNs".into()));
                return found;
            }
            (Some(stated), Some(job)) => (stated, job),
        };
        let profile = stated.parse::<SigningProfileArn>().ok().filter(|stated| asked.iter().any(|profile| profile.covers(stated)));
        let Some(profile) = profile else {
            let text = format!("AWS states profile version {}, and {} asked for", printable(stated), name_profiles(&asked, unresolved));
            found.causes.push(refuse(ReasonCode::UntrustedIdentity, text).about_authenticity());
            return found;
        };
        // 5
        match self.evidence.signing_jobs.get(job) {
            Some(Observed::Present(described)) => found.causes.extend(self.job_fault(described, &profile)),
            Some(Observed::Unknown(gap)) => found.causes.push(unusable(gap.to_string())),
            Some(Observed::Absent) | None => found.causes.push(unusable("AWS Signer was not asked what became of the signing job".into())),
        }
        // 6
        let same = |holding: &Holding| {
            holding
                .basis
                .identity
                .aws_signer()
                .is_some_and(|(version, of)| *version == profile && version.to_string() == *stated && of == job)
        };
        let named = self.candidates.iter().enumerate().find_map(|(at, candidate)| match &candidate.judged {
            Judged::Valid(holding) if same(holding) => Some((at, holding)),
            Judged::Valid(_) | Judged::Invalid(_) | Judged::Undetermined(_) => None,
        });
        let Some((candidate, holding)) = named else {
            found.causes.push(unusable(
                "no signature in the zip that holds names this job's certificates, so AWS Signer cannot be asked whether they were revoked"
                    .into(),
            ));
            return found;
        };
        found.causes.extend(self.service_revocation(holding));
        if found.causes.is_empty() {
            found.met.push(Signer::of(holding, candidate));
        }
        found
    }

    /// What is wrong with the job as AWS describes it.
    fn job_fault(&self, job: &SigningJob, profile: &SigningProfileArn) -> Option<Cause> {
        if let Some(record) = &job.revoked {
            let at = record.at.map_or_else(String::new, |at| format!(" at {at}"));
            return Some(Cause::refuse(
                ReasonCode::Revoked,
                format!("AWS Signer revoked the signing job{at}: {}", printable(&record.reason)),
            ));
        }
        if job.status != "Succeeded" {
            let text = format!("the signing job is in the state `{}`, not `Succeeded`", printable(&job.status));
            return Some(Cause::refuse(ReasonCode::ServiceDisagrees, text));
        }
        let same = job.profile_name.as_deref() == Some(profile.name.as_str())
            && job.profile_version == profile.version
            && job.profile_version.is_some()
            && job.owner.as_deref().is_none_or(|owner| owner == profile.account);
        if !same {
            let stated = [&job.profile_name, &job.profile_version].map(|part| printable(part.as_deref().unwrap_or("?")).into_owned());
            let text = format!("the signing job was of profile {}, and AWS's answer states {profile}", stated.join("/"));
            return Some(Cause::refuse(ReasonCode::ServiceDisagrees, text));
        }
        match job.expires_at {
            Some(expires_at) if self.now < expires_at => None,
            Some(expires_at) => {
                Some(Cause::refuse(ReasonCode::Expired, format!("the signature of the signing job expired at {expires_at}")))
            }
            None => Some(Cause::refuse(ReasonCode::Expired, "the signing job states no expiry")),
        }
    }

    /// Only what AWS says now counts.
    fn service_revocation(&self, holding: &Holding) -> Option<Cause> {
        let unusable = |text: String| Some(Cause::undecided(ReasonCode::RevocationUnknown, text));
        let question = holding.basis.revocation.iter().find(|question| matches!(question, RevocationQuestion::AwsSigner { .. }));
        match question.and_then(|question| self.evidence.revocations.get(question)) {
            Some(RevocationAnswer::NotRevoked { source: AnswerSource::Live }) => None,
            Some(RevocationAnswer::NotRevoked { .. }) => {
                unusable("beside AWS's own statement a recorded answer about revocation does not count".into())
            }
            Some(RevocationAnswer::Revoked { what, source }) => Some(revoked(what, source, self.now)),
            Some(RevocationAnswer::Unknown(gap)) => unusable(gap.to_string()),
            None => unusable("AWS Signer was not asked whether it was revoked".into()),
        }
    }
}

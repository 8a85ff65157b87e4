//! Between 4a and 4: whether what was verified has been revoked since. Each distinct question that verified signatures leave open is asked
//! once in a run: AWS Signer by GetRevocationStatus (`aws_signer`), certificates by OCSP and, where that gives nothing, by revocation lists
//! (`certificates`).
//!
//! Nobody is asked about a signature that did not verify up to a named anchor, so that a stranger's certificate opens no connection to an
//! address of its choice.
//!
//! What was answered can be recorded, and stands in where nobody is asked or nobody answers (`recording`). AWS's word in a recording is not
//! authenticated, and every answer made from it says so. OCSP responses and revocation lists are signed: they are kept as they came, and
//! verified again, against the time of then.

#[cfg(feature = "aws")]
mod aws_signer;
mod certificates;
mod documents;
mod recording;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use self::recording::Recorder;
use crate::clients::{Clients, Login};
use crate::model::artifact::SigningJob;
use crate::model::gap::{Gap, GapReason};
use crate::model::observed::Observed;
use crate::signature::RevocationQuestion;
use crate::signature::revocation::{AnswerSource, RevocationAnswer};

pub use self::documents::{CRL_BYTES, CRL_TIME, OCSP_BYTES, OCSP_TIME};
pub use self::recording::{FORMAT, MAX_RECORDING_BYTES, Recording, RecordingError};

/// Questions that are asked at the same time.
const AT_ONCE: usize = 8;

/// How answers are had.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// The network, where it may be used.
    pub clients: &'a Clients,
    /// Why nobody is asked though there may be a network; `None` where somebody is.
    pub nobody: Option<&'static str>,
    /// Whose credentials ask AWS Signer where no account was opened yet.
    pub login: &'a Login,
    /// `--revocations FILE`.
    pub recorded: Option<&'a Recording>,
    /// The time that everything is judged at.
    pub now: Timestamp,
}

/// What came of asking.
#[derive(Debug, Default)]
pub struct Answered {
    /// An answer to each question.
    pub answers: BTreeMap<RevocationQuestion, RevocationAnswer>,
    /// What was answered in this run, to be kept. Recorded answers are not among it: they grow no younger by being repeated.
    pub live: Recording,
}

/// Asks each question once.
pub fn ask(questions: &BTreeSet<RevocationQuestion>, asking: Asking<'_>) -> Answered {
    let recorder = Recorder::new(asking.now);
    let mut answers = aws(questions, &asking, &recorder);
    answers.extend(certificates::ask(questions, &asking, &recorder));
    Answered { answers, live: recorder.finish() }
}

/// What AWS states about each signing job, by its ARN. Nothing of it is ever recorded: only a live answer counts (DESIGN §4 rule 8).
pub fn ask_jobs(jobs: &BTreeSet<String>, asking: Asking<'_>) -> BTreeMap<String, Observed<SigningJob>> {
    let unknown = |gap: Gap| jobs.iter().map(|job| (job.clone(), Observed::Unknown(Gap { subject: job.clone(), ..gap.clone() }))).collect();
    if jobs.is_empty() {
        return BTreeMap::new();
    }
    match asking.online("", "what became of the signing job") {
        Err(gap) => unknown(gap),
        #[cfg(feature = "aws")]
        Ok(online) => aws_signer::jobs(jobs, online, asking.login),
        #[cfg(not(feature = "aws"))]
        Ok(_) => unknown(without_aws("", "what became of the signing job")),
    }
}

impl<'a> Asking<'a> {
    /// The network, or why nobody is asked.
    fn online(&self, subject: &str, wanted: &str) -> Result<&'a crate::clients::Online, Gap> {
        if let Some(why) = self.nobody {
            return Err(Gap {
                subject: subject.into(),
                wanted: wanted.into(),
                reason: GapReason::NotRecorded,
                detail: why.into(),
                next_step: RECORD.into(),
            });
        }
        self.clients.need(subject, wanted).map_err(|gap| Gap { next_step: RECORD.into(), ..gap })
    }
}

const WANTED: &str = "the revocation status";
const RECORD: &str = "Run with the network, or record the answers there (--record-revocations FILE) and pass them (--revocations FILE).";

/// The questions to AWS Signer.
fn aws(
    questions: &BTreeSet<RevocationQuestion>,
    asking: &Asking<'_>,
    recorder: &Recorder,
) -> BTreeMap<RevocationQuestion, RevocationAnswer> {
    let ours: Vec<&RevocationQuestion> =
        questions.iter().filter(|question| matches!(question, RevocationQuestion::AwsSigner { .. })).collect();
    if ours.is_empty() {
        return BTreeMap::new();
    }
    let live: Vec<Result<Vec<String>, Gap>> = match asking.online("", WANTED) {
        Err(gap) => ours.iter().map(|question| Err(Gap { subject: question.about(), ..gap.clone() })).collect(),
        #[cfg(feature = "aws")]
        Ok(online) => aws_signer::ask(&ours, online, asking.login),
        #[cfg(not(feature = "aws"))]
        Ok(_) => ours.iter().map(|question| Err(without_aws(&question.about(), WANTED))).collect(),
    };
    ours.into_iter()
        .zip(live)
        .map(|(question, live)| {
            let answer = match live {
                Ok(revoked) => {
                    recorder.aws(question, &revoked);
                    of_entities(revoked, AnswerSource::Live)
                }
                Err(gap) => match asking.recorded.and_then(|recording| recording.aws(question)) {
                    Some((revoked, recorded_at)) => of_entities(revoked.to_vec(), AnswerSource::Snapshot { recorded_at }),
                    None => RevocationAnswer::Unknown(gap),
                },
            };
            (question.clone(), answer)
        })
        .collect()
}

/// Whatever AWS names is revoked, also where it was not asked about: nobody knows better than AWS what its answer means.
fn of_entities(revoked: Vec<String>, source: AnswerSource) -> RevocationAnswer {
    if revoked.is_empty() { RevocationAnswer::NotRevoked { source } } else { RevocationAnswer::Revoked { what: revoked, source } }
}

#[cfg(not(feature = "aws"))]
fn without_aws(subject: &str, wanted: &str) -> Gap {
    Gap {
        subject: subject.into(),
        wanted: wanted.into(),
        reason: GapReason::NotBuilt,
        detail: "this build of layerproof has no AWS in it".into(),
        next_step: "Build it with the feature `aws`.".into(),
    }
}

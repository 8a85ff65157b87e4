//! AWS Signer: GetRevocationStatus of its data plane, and DescribeSigningJob.
//!
//! The region is that of the profile version, or of the job, as it was signed; the credentials are those of the run, of the profile's own
//! account where that is one of the run's. Credentials of another partition are good for nothing there, and nobody is asked with them.
//!
//! GetRevocationStatus is told when the signature was made, and answers with what was revoked with effect on it: a revocation that takes
//! effect later is none for this signature. That is AWS's to say, and is not judged a second time here.

use std::collections::{BTreeMap, BTreeSet};

use aws_smithy_types::DateTime;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::{AT_ONCE, WANTED};
use crate::clients::aws::login::{self, Account};
use crate::clients::aws::refusal::Refusal;
use crate::clients::aws::{configured, endpoint, regions};
use crate::clients::{Login, Online, Regions};
use crate::model::arn::{Arn, SigningProfileArn};
use crate::model::artifact::{RevokedJob, SigningJob};
use crate::model::gap::{Gap, GapReason};
use crate::model::observed::Observed;
use crate::signature::RevocationQuestion;

const GET_REVOCATION_STATUS: &str = "signer:GetRevocationStatus";
const DESCRIBE_SIGNING_JOB: &str = "signer:DescribeSigningJob";
const OF_JOB: &str = "what became of the signing job";

/// What AWS names as revoked for each of `questions`, in their order; or why it is not known.
pub(super) fn ask(questions: &[&RevocationQuestion], online: &Online, login: &Login) -> Vec<Result<Vec<String>, Gap>> {
    let caller = Caller { online, login, opened: OnceCell::new() };
    let all = stream::iter(questions.iter().map(|question| caller.revoked(question))).buffered(AT_ONCE).collect();
    online.block_on(all)
}

/// What AWS states about each job.
pub(super) fn jobs(jobs: &BTreeSet<String>, online: &Online, login: &Login) -> BTreeMap<String, Observed<SigningJob>> {
    let caller = Caller { online, login, opened: OnceCell::new() };
    let caller = &caller;
    let all = stream::iter(jobs.iter().map(|job| async move {
        let stated = caller.job(job).await;
        (job.clone(), stated.map_or_else(Observed::Unknown, Observed::Present))
    }));
    online.block_on(all.buffer_unordered(AT_ONCE).collect())
}

struct Caller<'a> {
    online: &'a Online,
    login: &'a Login,
    /// The accounts that were opened here, or why none could be; asked for once.
    opened: OnceCell<Result<Vec<Account>, String>>,
}

/// Where a question belongs.
struct Home<'a> {
    partition: &'a str,
    region: &'a str,
    account: &'a str,
}

impl Caller<'_> {
    async fn revoked(&self, question: &RevocationQuestion) -> Result<Vec<String>, Gap> {
        let RevocationQuestion::AwsSigner { platform_id, profile_version_arn, job_arn, certificate_hashes, signed_at } = question else {
            return Ok(Vec::new());
        };
        let about = About { subject: job_arn, wanted: WANTED, action: GET_REVOCATION_STATUS };
        let profile: SigningProfileArn = profile_version_arn.parse().map_err(|_| {
            about.gap(GapReason::NotRecorded, "the signing profile has no ARN that names a region".into(), "Sign it again.".into())
        })?;
        let home = Home { partition: &profile.partition, region: &profile.region, account: &profile.account };
        let accounts = self.accounts(&home, &about).await?;
        let account = own_first(&accounts, &home).ok_or_else(|| about.other_partition(&accounts, &home))?;
        let call = account
            .signer_data(home.region)
            .get_revocation_status()
            .signature_timestamp(DateTime::from_millis(signed_at.as_millisecond()))
            .platform_id(*platform_id)
            .profile_version_arn(profile_version_arn)
            .job_arn(job_arn)
            .set_certificate_hashes(Some(certificate_hashes.clone()))
            .send();
        let answer = match tokio::time::timeout(self.online.patience().api, call).await {
            Ok(answer) => answer.map_err(|error| about.refused(&Refusal::of(&error), &home))?,
            Err(_) => return Err(about.late(&home)),
        };
        // An answer without the list is not one that says that the list is empty.
        let revoked = answer.revoked_entities.ok_or_else(|| {
            about.gap(
                GapReason::NotRecorded,
                "the answer to GetRevocationStatus has no revokedEntities".into(),
                "Look at what stands between here and AWS: AWS Signer's own answer has the list.".into(),
            )
        })?;
        Ok(revoked)
    }

    async fn job(&self, arn: &str) -> Result<SigningJob, Gap> {
        let about = About { subject: arn, wanted: OF_JOB, action: DESCRIBE_SIGNING_JOB };
        let no_job = || about.gap(GapReason::NotRecorded, "it is no ARN of a signing job".into(), "Look at the layer's answer.".into());
        let parsed: Arn = arn.parse().map_err(|_| no_job())?;
        let id = parsed.resource.strip_prefix("/signing-jobs/").filter(|id| is_job_id(id)).ok_or_else(no_job)?;
        let home = Home { partition: &parsed.partition, region: &parsed.region, account: &parsed.account };
        let accounts = self.accounts(&home, &about).await?;
        let own = accounts.iter().find(|account| account.partition == home.partition && account.account == home.account);
        let account = own.ok_or_else(|| {
            about.gap(
                GapReason::Denied { action: DESCRIBE_SIGNING_JOB.into() },
                format!("only account {} can describe its job, and it is not looked at", home.account),
                "Add a role in that account (--role-arn), or ask for `aws_signer`, which needs nobody's word.".into(),
            )
        })?;
        let call = account.signer(home.region).describe_signing_job().job_id(id).send();
        let answer = match tokio::time::timeout(self.online.patience().api, call).await {
            Ok(answer) => answer.map_err(|error| about.refused(&Refusal::of(&error), &home))?,
            Err(_) => return Err(about.late(&home)),
        };
        Ok(SigningJob {
            status: answer.status.as_ref().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            profile_name: answer.profile_name,
            profile_version: answer.profile_version,
            owner: answer.job_owner,
            expires_at: answer.signature_expires_at.as_ref().and_then(timestamp),
            revoked: answer
                .revocation_record
                .map(|record| RevokedJob { at: record.revoked_at.as_ref().and_then(timestamp), reason: record.reason.unwrap_or_default() }),
        })
    }

    /// The accounts of the run; where none was looked at, those of the login.
    async fn accounts(&self, home: &Home<'_>, about: &About<'_>) -> Result<Vec<Account>, Gap> {
        // It becomes part of a host name, and names the partition that is asked.
        if !regions::is_form(home.region) || regions::partition_of(home.region).is_some_and(|partition| partition != home.partition) {
            let detail = format!("there is no region {} in partition {}", home.region, home.partition);
            return Err(about.gap(GapReason::NotRecorded, detail, "Look at who signed it.".into()));
        }
        let known = self.online.aws().accounts();
        if !known.is_empty() {
            return Ok(known);
        }
        let opened = self.opened.get_or_init(|| self.open(home.region)).await;
        opened.clone().map_err(|detail| {
            about.gap(
                GapReason::Unreachable,
                detail,
                "Give AWS credentials, of any account of the partition, that allow signer:GetRevocationStatus (--profile NAME).".into(),
            )
        })
    }

    async fn open(&self, region: &str) -> Result<Vec<Account>, String> {
        let mut login = self.login.clone();
        if login.regions == Regions::Configured {
            // Only where nothing is configured: the ARN says where to ask.
            login.regions = Regions::Named(vec![region.to_owned()]);
        }
        let config = configured(&login, self.online.trust()).await.map_err(|error| error.to_string())?;
        self.online.aws().note_endpoint(endpoint::overridden(&config));
        let (accounts, closed) = login::open(&config, &login).await.map_err(|error| error.to_string())?;
        if accounts.is_empty() {
            let why = closed.first().map(|closed| format!("{}: {}", closed.action, closed.refusal.message()));
            return Err(why.unwrap_or_else(|| "no account could be opened".into()));
        }
        Ok(accounts)
    }
}

/// An account of the partition; the one that owns the profile where it is among them.
fn own_first<'a>(accounts: &'a [Account], home: &Home<'_>) -> Option<&'a Account> {
    let of_partition = || accounts.iter().filter(|account| account.partition == home.partition);
    of_partition().find(|account| account.account == home.account).or_else(|| of_partition().next())
}

/// What a gap is about.
struct About<'a> {
    subject: &'a str,
    wanted: &'static str,
    action: &'static str,
}

impl About<'_> {
    fn gap(&self, reason: GapReason, detail: String, next_step: String) -> Gap {
        Gap { subject: self.subject.into(), wanted: self.wanted.into(), reason, detail, next_step }
    }

    fn refused(&self, refusal: &Refusal, home: &Home<'_>) -> Gap {
        let reason = match refusal {
            Refusal::Service { code, .. } => match code.as_str() {
                "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => GapReason::Denied { action: self.action.into() },
                "Throttling" | "ThrottlingException" | "TooManyRequestsException" => GapReason::Throttled,
                code => GapReason::ServiceError { code: code.into() },
            },
            // What is no answer is not the author's doing.
            Refusal::Unreadable { .. } | Refusal::Unreachable { .. } => GapReason::Unreachable,
        };
        let next_step = match &reason {
            GapReason::Denied { .. } => format!("Allow {} to the credentials in use.", self.action),
            GapReason::Throttled => format!("Run it again later: AWS Signer in {} throttles {}.", home.region, self.action),
            _ => format!("Look at the network and at AWS_ENDPOINT_URL: AWS Signer in {} was asked ({}).", home.region, self.action),
        };
        self.gap(reason, refusal.message().into(), next_step)
    }

    fn late(&self, home: &Home<'_>) -> Gap {
        let next_step = format!("Look at the network: AWS Signer in {} was asked ({}).", home.region, self.action);
        self.gap(GapReason::Unreachable, "no answer in time".into(), next_step)
    }

    fn other_partition(&self, accounts: &[Account], home: &Home<'_>) -> Gap {
        let ours: BTreeSet<&str> = accounts.iter().map(|account| account.partition.as_str()).collect();
        let ours = ours.into_iter().collect::<Vec<_>>().join(", ");
        let detail = format!(
            "the signing profile is of partition {}, and the credentials are of {ours}: {} was not called",
            home.partition, self.action
        );
        let next_step = format!(
            "Run it with credentials of partition {}, or record the answers there and pass them (--revocations FILE).",
            home.partition
        );
        self.gap(GapReason::Unreachable, detail, next_step)
    }
}

/// Signer's job ids are UUIDs; it becomes part of a path.
fn is_job_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::from_millisecond(time.to_millis().ok()?).ok()
}

//! AWS Signer: GetRevocationStatus of its data plane, and DescribeSigningJob.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::ask::{Ask, Called, Caller};
use super::reply::{Refusal, Reply};

/// Something that is revoked.
#[derive(Clone, Debug)]
pub struct Revoked {
    /// ARN of a job or of a profile version, or a certificate hash.
    pub entity: String,
    /// For signatures made at or after this time; `None` for all.
    pub since: Option<Timestamp>,
    /// Named in every answer, whatever was asked about.
    pub always: bool,
}

/// A signing job.
#[derive(Clone, Debug)]
pub struct Job {
    /// What DescribeSigningJob answers.
    pub answer: Value,
    /// Whose it is: nobody else may describe it.
    pub owner: String,
}

impl Revoked {
    /// For every signature.
    pub fn entity(entity: &str) -> Self {
        Self { entity: entity.into(), since: None, always: false }
    }
}

/// The call of a request.
pub fn route(ask: &Ask, caller: &Caller) -> Result<Called, Refusal> {
    match ask.segments()[..] {
        ["revocations"] => {
            let all = |name: &str| -> Vec<String> { ask.pairs.iter().filter(|(n, _)| n == name).map(|(_, value)| value.clone()).collect() };
            let one = |name: &str| all(name).into_iter().next().unwrap_or_default();
            let (time, platform) = (one("signatureTimestamp"), one("platformId"));
            let (profile, job, hashes) = (one("profileVersionArn"), one("jobArn"), all("certificateHashes"));
            let region = caller.region.clone();
            Ok(Called::new("signer:GetRevocationStatus", job.clone(), move |aws, _| {
                let invalid = |what: &str| Refusal::new(400, "ValidationException", format!("{what} is invalid"));
                let at: Timestamp = time.parse().map_err(|_| invalid("signatureTimestamp"))?;
                if !["AWSLambda-SHA384-ECDSA", "Notation-OCI-SHA384-ECDSA"].contains(&platform.as_str()) {
                    return Err(invalid("platformId"));
                }
                // Each region knows its own.
                if [&profile, &job].iter().any(|arn| arn.split(':').nth(3) != Some(&region)) {
                    return Err(invalid("profileVersionArn"));
                }
                if hashes.is_empty() || hashes.iter().any(|hash| hash.len() != 192) {
                    return Err(invalid("certificateHashes"));
                }
                let asked = |entity: &str| entity == profile || entity == job || hashes.iter().any(|hash| hash == entity);
                let revoked: Vec<&str> = aws
                    .settings
                    .revoked
                    .iter()
                    .filter(|revoked| revoked.always || (asked(&revoked.entity) && revoked.since.is_none_or(|since| at >= since)))
                    .map(|revoked| revoked.entity.as_str())
                    .collect();
                Ok(Reply::json(&json!({"revokedEntities": revoked})))
            }))
        }
        ["signing-jobs", id] => {
            let (id, account) = (id.to_owned(), caller.account.clone());
            Ok(Called::new("signer:DescribeSigningJob", id.clone(), move |aws, _| match aws.settings.jobs.get(&id) {
                Some(job) if job.owner == account => Ok(Reply::json(&job.answer)),
                Some(_) | None => Err(Refusal::new(404, "ResourceNotFoundException", "The signing job was not found.")),
            }))
        }
        _ => Err(Refusal::new(404, "UnknownOperationException", "no such operation")),
    }
}

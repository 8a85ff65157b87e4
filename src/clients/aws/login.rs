//! Whose credentials they are: the profile's own account, or one account per role.

use std::sync::Arc;

use aws_config::sts::AssumeRoleProvider;
use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use futures_util::{StreamExt, stream};

use super::manners::{RetryAfter, Throttling};
use super::pace::Pace;
use super::refusal::{Refusal, chain};
use super::{Session, endpoint, regions};
use crate::clients::{AssumedRole, Login, LoginError};
use crate::model::arn::is_account;

/// The name that the calls of an assumed role carry in CloudTrail.
pub const ROLE_SESSION_NAME: &str = "layerproof";
/// Roles that are assumed at once.
const ROLES_AT_ONCE: usize = 8;

/// An account that may be asked.
#[derive(Debug, Clone)]
pub struct Account {
    /// `aws`, `aws-cn`, …, as GetCallerIdentity says.
    pub partition: String,
    /// Twelve digits, as GetCallerIdentity says.
    pub account: String,
    config: SdkConfig,
}

/// A login that did not come to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The role; `None` for the profile's own identity.
    pub role: Option<AssumedRole>,
    /// Partition and account, where the role's ARN names them.
    pub of: Option<(String, String)>,
    /// `sts:AssumeRole` or `sts:GetCallerIdentity`.
    pub action: &'static str,
    /// Why.
    pub refusal: Refusal,
}

/// Opens every account of a login. One that is refused does not close the others.
///
/// # Errors
/// No credentials, credentials that are no longer good, or a role that is none: nothing could be asked at all.
pub async fn open(base: &SdkConfig, login: &Login) -> Result<(Vec<Account>, Vec<Closed>), LoginError> {
    let roles = login.roles.iter().map(|role| Ok((role, account_of(&role.arn)?))).collect::<Result<Vec<_>, LoginError>>()?;
    let provider = base.credentials_provider().ok_or_else(|| LoginError::NoCredentials { detail: "none are configured".into() })?;
    provider.provide_credentials().await.map_err(|error| unusable(&error, login.profile.as_deref()))?;

    let mut accounts: Vec<Account> = Vec::new();
    let mut closed = Vec::new();
    if roles.is_empty() {
        match identity(base).await {
            Ok((partition, account)) => accounts.push(Account { partition, account, config: base.clone() }),
            Err(refusal) => {
                check_login(&refusal)?;
                closed.push(Closed { role: None, of: None, action: "sts:GetCallerIdentity", refusal });
            }
        }
    }
    let mut opened = stream::iter(roles.into_iter().map(|(role, of)| assume(base, role, of))).buffered(ROLES_AT_ONCE);
    while let Some(result) = opened.next().await {
        match result {
            // Two roles of one account would list everything twice.
            Ok(account) if accounts.iter().any(|a| a.account == account.account && a.partition == account.partition) => {}
            Ok(account) => accounts.push(account),
            Err(refused) => {
                check_login(&refused.refusal)?;
                closed.push(refused);
            }
        }
    }
    Ok((accounts, closed))
}

impl Account {
    /// The clients of one region, and the pace to keep with them.
    pub fn session(&self, region: &str) -> (Session, Arc<Pace>) {
        let config = self.config.to_builder().region(Region::new(region.to_owned())).build();
        let local = endpoint::of(&config, "Lambda").is_some_and(|url| endpoint::is_loopback(&url));
        let pace = Arc::new(Pace::new(!local));
        // The bucket of the SDK's own is shared by all accounts of the process, so that one that throttles would take the retries of all.
        let lambda = aws_sdk_lambda::config::Builder::from(&config)
            .retry_classifier(RetryAfter)
            .interceptor(Throttling(pace.clone()))
            .retry_partition(
                aws_sdk_lambda::config::retry::RetryPartition::custom("layerproof-lambda")
                    .token_bucket(aws_sdk_lambda::config::retry::TokenBucket::unlimited())
                    .build(),
            )
            .build();
        let ecr = aws_sdk_ecr::config::Builder::from(&config)
            .retry_classifier(RetryAfter)
            .interceptor(Throttling(pace.clone()))
            .retry_partition(
                aws_sdk_ecr::config::retry::RetryPartition::custom("layerproof-ecr")
                    .token_bucket(aws_sdk_ecr::config::retry::TokenBucket::unlimited())
                    .build(),
            )
            .build();
        // BUCKET.127.0.0.1 is no name, and few endpoints but AWS's own answer to BUCKET.HOST.
        let s3 = aws_sdk_s3::config::Builder::from(&config)
            .retry_classifier(RetryAfter)
            .force_path_style(endpoint::of(&config, "S3").is_some())
            .build();
        let session = Session {
            lambda: aws_sdk_lambda::Client::from_conf(lambda),
            ecr: aws_sdk_ecr::Client::from_conf(ecr),
            s3: aws_sdk_s3::Client::from_conf(s3),
        };
        (session, pace)
    }

    /// AWS Signer's own API in a region: what became of signing jobs.
    pub fn signer(&self, region: &str) -> aws_sdk_signer::Client {
        let config = self.config.to_builder().region(Region::new(region.to_owned())).build();
        aws_sdk_signer::Client::from_conf(aws_sdk_signer::config::Builder::from(&config).retry_classifier(RetryAfter).build())
    }

    /// AWS Signer's data plane in a region: what was revoked.
    pub fn signer_data(&self, region: &str) -> aws_sdk_signerdata::Client {
        let config = self.config.to_builder().region(Region::new(region.to_owned())).build();
        aws_sdk_signerdata::Client::from_conf(aws_sdk_signerdata::config::Builder::from(&config).retry_classifier(RetryAfter).build())
    }

    /// The region that profile or environment name.
    pub fn configured_region(&self) -> Option<&str> {
        self.config.region().map(AsRef::as_ref)
    }

    pub(super) fn regions_client(&self) -> aws_sdk_account::Client {
        let config = self.config.to_builder().region(Region::new(regions::home(&self.partition))).build();
        aws_sdk_account::Client::new(&config)
    }
}

async fn assume(base: &SdkConfig, role: &AssumedRole, of: (String, String)) -> Result<Account, Closed> {
    let closed = |action, refusal| Closed { role: Some(role.clone()), of: Some(of.clone()), action, refusal };
    let mut builder = AssumeRoleProvider::builder(&role.arn).configure(base).session_name(ROLE_SESSION_NAME);
    if let Some(external_id) = &role.external_id {
        builder = builder.external_id(external_id);
    }
    let provider = SharedCredentialsProvider::new(builder.build().await);
    // Asked for here, so that a refusal is known to be one of AssumeRole, whichever call comes first.
    provider.provide_credentials().await.map_err(|error| closed("sts:AssumeRole", refused(&error)))?;
    let config = base.to_builder().credentials_provider(provider).build();
    let (partition, account) = identity(&config).await.map_err(|refusal| closed("sts:GetCallerIdentity", refusal))?;
    if (&partition, &account) != (&of.0, &of.1) {
        let message = format!("the role is of account {}, and GetCallerIdentity names {account} in {partition}", of.1);
        return Err(closed("sts:GetCallerIdentity", Refusal::Unreadable { message }));
    }
    Ok(Account { partition, account, config })
}

/// Partition and account of the credentials.
async fn identity(config: &SdkConfig) -> Result<(String, String), Refusal> {
    let answer = aws_sdk_sts::Client::new(config).get_caller_identity().send().await.map_err(|error| Refusal::of(&error))?;
    let partition = answer.arn().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws").to_owned();
    let account = answer.account().unwrap_or_default().to_owned();
    let good_partition = partition.len() <= 20 && partition.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    if !is_account(&account) || !good_partition || !partition.starts_with("aws") {
        return Err(Refusal::Unreadable { message: "GetCallerIdentity names no account".into() });
    }
    Ok((partition, account))
}

/// Partition and account of `arn:PARTITION:iam::ACCOUNT:role/NAME`.
fn account_of(arn: &str) -> Result<(String, String), LoginError> {
    let fail = || LoginError::NotARole { presented: arn.chars().take(300).collect() };
    match arn.splitn(6, ':').collect::<Vec<_>>()[..] {
        ["arn", partition, "iam", "", account, role] => {
            let good = partition.starts_with("aws")
                && partition.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
                && is_account(account)
                && role.strip_prefix("role/").is_some_and(|name| !name.is_empty())
                && arn.len() <= 2048
                && arn.bytes().all(|b| b.is_ascii_graphic());
            if good { Ok((partition.into(), account.into())) } else { Err(fail()) }
        }
        _ => Err(fail()),
    }
}

/// The answer of STS that is behind an error of the provider.
fn refused(error: &CredentialsError) -> Refusal {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(answer) = error.downcast_ref::<SdkError<AssumeRoleError, Response>>() {
            return Refusal::of(answer);
        }
        next = error.source();
    }
    Refusal::Unreachable { message: chain(error) }
}

/// An answer that says that the caller's own credentials are no good: no account of the login could be asked.
fn check_login(refusal: &Refusal) -> Result<(), LoginError> {
    match refusal {
        Refusal::Service { code, message } => match code.as_str() {
            "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "TokenRefreshRequired" => {
                Err(LoginError::Expired { detail: message.clone() })
            }
            "InvalidClientTokenId" | "UnrecognizedClientException" | "SignatureDoesNotMatch" | "IncompleteSignature" | "AuthFailure" => {
                Err(LoginError::Rejected { code: code.clone(), message: message.clone() })
            }
            _ => Ok(()),
        },
        Refusal::Unreadable { .. } | Refusal::Unreachable { .. } => Ok(()),
    }
}

/// Why the profile's own credentials cannot be had.
fn unusable(error: &CredentialsError, profile: Option<&str>) -> LoginError {
    let detail = chain(error);
    let lower = detail.to_ascii_lowercase();
    // The SDK's error types for SSO are private; their texts are "the SSO token has expired …" and the like.
    if lower.contains("expired") || lower.contains("sso token") {
        return LoginError::Expired { detail };
    }
    // Of a profile that is not there the SDK says no more than that there is nothing.
    LoginError::NoCredentials {
        detail: match (on_one_line(&detail), profile) {
            (said, Some(profile)) if said.is_empty() => format!("the AWS configuration has no profile `{profile}` with any"),
            (said, _) => said,
        },
    }
}

/// The SDK's list of where it looked, a line for each place, as one line without what it says of every place.
fn on_one_line(detail: &str) -> String {
    let tried = detail.split_once("Attempted:").map_or(detail, |(_, tried)| tried);
    let lines = tried.lines().map(|line| line.trim().replace("the credential provider was not enabled", "").replace(": : ", ": "));
    lines.map(|line| line.trim_end_matches([':', ' ']).to_owned()).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_role_of_an_account_can_be_assumed() {
        assert_eq!(account_of("arn:aws-cn:iam::111122223333:role/a/b").unwrap(), ("aws-cn".into(), "111122223333".into()));
        for text in [
            "",
            "audit",
            "arn:aws:iam::111122223333:user/x",
            "arn:aws:iam::1111:role/x",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam:eu-west-1:111122223333:role/x",
            "arn:evil:iam::111122223333:role/x",
            "arn:aws:iam::111122223333:role/x y",
        ] {
            assert!(account_of(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_expired_sso_login_is_told_from_none() {
        let expired = CredentialsError::provider_error("the SSO token has expired and cannot be refreshed");
        assert!(matches!(unusable(&expired, None), LoginError::Expired { .. }));
        assert!(matches!(unusable(&CredentialsError::not_loaded_no_source(), None), LoginError::NoCredentials { .. }));
    }

    #[test]
    fn where_credentials_were_looked_for_is_one_line() {
        let said = "the credential provider was not enabled: no credentials found in chain. Attempted:\n  Environment: the credential provider was \
            not enabled: environment variable not set\n  Profile: the credential provider was not enabled";
        assert_eq!(on_one_line(said), "Environment: environment variable not set; Profile");
        assert_eq!(on_one_line("profile `x` was not defined"), "profile `x` was not defined");
    }
}

//! AWS: who asks where. A session is the clients of one account in one region, with the credentials that were found for it.
//!
//! [`configured`] reads profile and environment, [`login::open`] finds out whose credentials they are and assumes the roles, and
//! [`login::Account::session`] gives the clients of one region.

pub mod endpoint;
mod http;
pub mod login;
pub mod manners;
pub mod pace;
pub mod refusal;
pub mod regions;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::http::Trust;
use super::{Login, LoginError, Regions};
use crate::model::inventory::Place;

/// The accounts and regions that this run may ask, filled when a live account is listed.
#[derive(Debug, Default)]
pub struct Sessions {
    places: Mutex<BTreeMap<Place, Session>>,
    accounts: Mutex<Vec<login::Account>>,
    overridden: Mutex<Option<String>>,
    calls: Arc<AtomicU64>,
}

/// The clients of one place. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Session {
    /// AWS Lambda.
    pub lambda: aws_sdk_lambda::Client,
    /// Amazon ECR.
    pub ecr: aws_sdk_ecr::Client,
    /// Amazon S3 in the place's own region.
    pub s3: aws_sdk_s3::Client,
}

impl Sessions {
    /// The session of a place, where it was opened.
    pub fn at(&self, place: &Place) -> Option<Session> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).get(place).cloned()
    }

    /// The places that were opened.
    pub fn places(&self) -> Vec<Place> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// How many calls to list accounts have been made so far, pages each counted: for people who wait.
    pub fn calls(&self) -> &Arc<AtomicU64> {
        &self.calls
    }

    /// The accounts that were opened so far, for questions that belong to no place that is looked at.
    pub fn accounts(&self) -> Vec<login::Account> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps an account that was opened.
    pub fn keep_account(&self, account: login::Account) {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).push(account);
    }

    /// The endpoint that profile or environment set in place of AWS's own; `None` where AWS itself is asked, and before anything was opened.
    pub fn endpoint_override(&self) -> Option<String> {
        self.overridden.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes the endpoint that is asked in place of AWS's own.
    pub fn note_endpoint(&self, endpoint: Option<String>) {
        *self.overridden.lock().unwrap_or_else(PoisonError::into_inner) = endpoint;
    }

    /// Keeps a session for its place.
    pub fn keep(&self, place: Place, session: Session) {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).insert(place, session);
    }
}

/// What profile and environment say, as every AWS tool reads them: `AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL*` and their likes.
pub async fn configured(login: &Login, trust: &Trust) -> Result<SdkConfig, LoginError> {
    configured_by(aws_config::defaults(BehaviorVersion::latest()), login, trust).await
}

/// [`configured`], on what `loader` was given beforehand.
pub async fn configured_by(loader: ConfigLoader, login: &Login, trust: &Trust) -> Result<SdkConfig, LoginError> {
    let client = http::client(trust)?;
    let mut loader = loader.http_client(client.clone()).retry_config(manners::retry()).timeout_config(manners::timeouts());
    if let Some(profile) = &login.profile {
        loader = loader.profile_name(profile);
    }
    let mut config = loader.load().await;
    if let Some(profile) = &login.profile {
        config = as_profile(profile, config, client);
    }
    // An empty AWS_REGION is as good as none.
    if let Some(region) = config.region().map(AsRef::as_ref).filter(|region: &&str| !region.is_empty()) {
        // It becomes part of a host name.
        if !regions::is_form(region) {
            return Err(LoginError::UnknownRegion { presented: region.chars().take(100).collect() });
        }
        return Ok(config);
    }
    // STS and the account API need a region of the right partition, whichever it is.
    let partition = login.roles.first().and_then(|role| role.arn.split(':').nth(1)).unwrap_or("aws");
    let region = match &login.regions {
        Regions::Configured => return Err(LoginError::NoRegion),
        Regions::Named(names) => names.first().ok_or(LoginError::NoRegion)?.clone(),
        Regions::All => regions::home(partition).to_owned(),
    };
    Ok(config.into_builder().region(Region::new(region)).build())
}

/// The profile's credentials and no others. The SDK's chain asks the environment first, so that keys left there would take the place of the
/// profile that was named, and another account would be looked at (AWS CLI, "Configuration settings and precedence").
fn as_profile(profile: &str, config: SdkConfig, client: SharedHttpClient) -> SdkConfig {
    let settings = ProviderConfig::without_region()
        .with_region(config.region().cloned())
        .with_http_client(client)
        .with_retry_config(manners::retry())
        .with_timeout_config(manners::timeouts());
    let provider = ProfileFileCredentialsProvider::builder().configure(&settings).profile_name(profile).build();
    config.into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build()
}

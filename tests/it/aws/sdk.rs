//! The SDK's clients, pointed at a loopback server.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_types::retry::RetryConfig;

use crate::loopback::{LoopbackAws, access_key, secret_key};

/// As `account`'s own user, without retries.
pub async fn config(aws: &LoopbackAws, account: &str, region: &str) -> SdkConfig {
    config_with(&aws.endpoint(), Credentials::new(access_key(account), secret_key(), None, None, "test"), region).await
}

/// With these credentials, without retries.
pub async fn config_with(endpoint: &str, credentials: Credentials, region: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new(region.to_owned()))
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
        .load()
        .await
}

/// A role's configuration.
pub async fn assume(base: &SdkConfig, endpoint: &str, role: &str, external_id: Option<&str>) -> Result<SdkConfig, aws_sdk_sts::Error> {
    let sts = aws_sdk_sts::Client::new(base);
    let answer = sts.assume_role().role_arn(role).role_session_name("test").set_external_id(external_id.map(str::to_owned)).send().await?;
    let given = answer.credentials.expect("credentials");
    let credentials = Credentials::new(given.access_key_id, given.secret_access_key, Some(given.session_token), None, "test");
    let region = base.region().expect("a region").to_string();
    Ok(config_with(endpoint, credentials, &region).await)
}

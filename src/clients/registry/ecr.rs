//! Amazon ECR: the session of the account that asks gets a token, which is a password for the user `AWS`.

use std::time::Duration;

use aws_sdk_ecr::Client;
use aws_sdk_ecr::config::Region;
use aws_sdk_ecr::error::ProvideErrorMetadata;
use data_encoding::BASE64;

use super::{RegistryError, RegistryLogin, Repository};
use crate::clients::aws::refusal::chain;
use crate::clients::http::address::is_loopback;

/// ECR's tokens live twelve hours (API reference, GetAuthorizationToken). Counted from now rather than up to its `expiresAt`: this machine's clock may be
/// wrong, and an answer from the past is used all the same. A token that ended early is refused with 401, and renewed.
const LIFE: Duration = Duration::from_secs(12 * 3_600 - 300);

impl Repository<'_> {
    /// A token of the account that asks, which is good for every registry that the account may read (`registryIds` is deprecated for that reason);
    /// `None` where the registry is not ECR's, or no account asks.
    pub(super) async fn ecr_login(&self) -> Result<Option<(RegistryLogin, Duration)>, RegistryError> {
        let (Some(place), Some((_, region))) = (self.asked_in, self.image.ecr()) else { return Ok(None) };
        let fail = |detail: String, denied| RegistryError::NoToken { detail, denied };
        let endpoint = self.endpoint()?;
        if endpoint.base.scheme() != "https" && !is_loopback(&endpoint.base) {
            return Err(fail(format!("it would go to {} in the clear", endpoint.base), false));
        }
        let session =
            self.online.aws().at(place).ok_or_else(|| fail(format!("account {} in {} is not open", place.account, place.region), false))?;
        let ecr = if region == place.region {
            session.ecr
        } else {
            Client::from_conf(session.ecr.config().to_builder().region(Region::new(region.to_owned())).build())
        };
        let answer = ecr.get_authorization_token().send().await.map_err(|error| {
            let denied = error.code().is_some_and(|code| code.contains("AccessDenied") || code.contains("Unauthorized"));
            fail(chain(&error).chars().take(300).collect(), denied)
        })?;
        let token = answer.authorization_data().first().and_then(|data| data.authorization_token());
        let text = token.and_then(|token| BASE64.decode(token.as_bytes()).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
        let (username, password) =
            text.as_deref().and_then(|text| text.split_once(':')).ok_or_else(|| fail("the answer holds none".into(), false))?;
        Ok(Some((RegistryLogin::Basic { username: username.into(), password: password.into() }, LIFE)))
    }
}

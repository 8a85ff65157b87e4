//! How AWS is asked: how long is waited, how often is asked again, and when.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{FinalizerInterceptorContextRef, InterceptorContext};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction, RetryClassifierPriority, RetryReason};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use super::pace::Pace;
use crate::clients::http::retry_after;

/// Attempts of one call, the first among them.
pub const MAX_ATTEMPTS: u32 = 8;
/// First pause before a second attempt; it doubles, with jitter, and all pauses together come to some thirteen seconds.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Longest pause between attempts, also where the service asks for a longer one.
pub const MAX_PAUSE: Duration = Duration::from_secs(20);
/// A connection that takes longer is none.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// From sending a request to the end of its answer. ListFunctions has the largest ones, some 100 KiB.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// All attempts of a call together.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(240);

/// Retries of throttled calls and passing failures.
pub fn retry() -> RetryConfig {
    // Not the SDK's adaptive mode: it shares one rate among all operations of a service, and its delay takes the place of the one that
    // the service asked for. `Pace` adapts per API group instead.
    RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS).with_initial_backoff(FIRST_PAUSE).with_max_backoff(MAX_PAUSE)
}

/// How long is waited.
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(CALL_TIMEOUT)
        .build()
}

/// Waits as long as `Retry-After` says before a retry. The SDK itself reads only `x-amz-retry-after`; Lambda sends the standard header
/// with a 429 (TooManyRequestsException, API reference).
#[derive(Debug)]
pub(super) struct RetryAfter;

impl ClassifyRetry for RetryAfter {
    fn classify_retry(&self, _: &InterceptorContext) -> RetryAction {
        RetryAction::NoActionIndicated
    }

    fn classify_retry_v2(&self, context: &InterceptorContext, previous: &RetryAction) -> RetryAction {
        let asked = context.response().and_then(|response| retry_after(response.headers().get("retry-after")?));
        match (previous, asked) {
            (RetryAction::RetryIndicated(RetryReason::RetryableError { kind, retry_after: None }), Some(delay)) => {
                RetryAction::retryable_error_with_explicit_delay(*kind, delay.min(MAX_PAUSE))
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "Retry-After"
    }

    // Last, so that it sees what the others found.
    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::modeled_as_retryable_classifier())
    }
}

/// Tells the pace of each attempt that was throttled, and of each that was not.
#[derive(Debug)]
pub(super) struct Throttling(pub Arc<Pace>);

impl Intercept for Throttling {
    fn name(&self) -> &'static str {
        "Throttling"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (Some(response), Some(call)) = (context.response(), bag.load::<Metadata>()) else { return Ok(()) };
        if response.status().as_u16() == 429 {
            let delay = response.headers().get("retry-after").and_then(retry_after).unwrap_or_default();
            self.0.throttled(call.service(), call.name(), delay.min(MAX_PAUSE));
        } else if response.status().is_success() {
            self.0.answered(call.service(), call.name());
        }
        Ok(())
    }
}

//! Makes the calls of one place, and keeps every one with what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

use crate::clients::aws::Session;
use crate::clients::aws::pace::Pace;
use crate::clients::aws::refusal::{Refusal, is_region_off};
use crate::inventory::account::MAX_PAGES;
use crate::inventory::account::call::{Api, Call, ErrorAnswer, PlaceCalls, UNREACHABLE};
use crate::model::inventory::Place;

/// Calls in flight in one place.
pub(super) const CALLS_AT_ONCE: usize = 16;
/// The code for an answer that cannot be read, beside [`UNREACHABLE`].
const UNREADABLE: &str = "layerproof.Unreadable";
/// Other names under which services throttle; the assembly knows the first.
const THROTTLED: [&str; 5] =
    ["TooManyRequestsException", "ThrottledException", "RequestThrottled", "RequestThrottledException", "BandwidthLimitExceeded"];

/// One place.
pub(super) struct Asker {
    pub place: Place,
    pub session: Session,
    pace: Arc<Pace>,
    slots: Semaphore,
    ended: Arc<AtomicU64>,
    calls: Mutex<BTreeMap<Api, Vec<Call>>>,
}

impl Asker {
    /// Each call that ends is counted in `ended`.
    pub fn new(place: Place, session: Session, pace: Arc<Pace>, ended: Arc<AtomicU64>) -> Self {
        Self { place, session, pace, slots: Semaphore::new(CALLS_AT_ONCE), ended, calls: Mutex::default() }
    }

    /// True where an ARN of this partition, account and region is of the place.
    pub fn is_home_of(&self, partition: &str, account: &str, region: &str) -> bool {
        self.place.partition == partition && self.place.account == account && self.place.region == region
    }

    /// One call. What came of it is kept, and the answer given back.
    pub async fn ask<T, E>(
        &self,
        api: &Api,
        request: &[(&str, Value)],
        send: impl Future<Output = Result<T, SdkError<E, Response>>>,
        write: impl Fn(&T) -> Value,
    ) -> Result<T, Refusal>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let answer = {
            // Never closed: an error here would be one of ours, and nothing would be asked.
            let _slot = self.slots.acquire().await;
            self.pace.wait(api.service, api.operation).await;
            send.await
        };
        self.ended.fetch_add(1, Ordering::Relaxed);
        let request: Map<String, Value> = request.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        match answer {
            Ok(answer) => {
                self.keep(api, Call { request, response: Some(write(&answer)), error: None });
                Ok(answer)
            }
            Err(error) => {
                let refusal = Refusal::of(&error);
                self.keep(api, Call { request, response: None, error: Some(error_answer(&refusal)) });
                Err(refusal)
            }
        }
    }

    /// Every page of a listing, as far as they can be had; and why they end early, where they do.
    pub async fn pages<T, E, F>(
        &self,
        api: &Api,
        request: &[(&str, Value)],
        mut send: impl FnMut(Option<String>) -> F,
        write: impl Fn(&T) -> Value,
        next: impl Fn(&T) -> Option<&str>,
    ) -> (Vec<T>, Option<Refusal>)
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Future<Output = Result<T, SdkError<E, Response>>>,
    {
        let member = api.pages.map_or("", |(member, _)| member);
        let mut pages = Vec::new();
        let mut marker: Option<String> = None;
        let mut seen = BTreeSet::new();
        loop {
            let mut request = request.to_vec();
            if let Some(marker) = &marker {
                request.push((member, marker.as_str().into()));
            }
            let page = match self.ask(api, &request, send(marker.clone()), &write).await {
                Ok(page) => page,
                Err(refusal) => return (pages, Some(refusal)),
            };
            let following = next(&page).filter(|next| !next.is_empty()).map(str::to_owned);
            pages.push(page);
            let Some(following) = following else { return (pages, None) };
            if pages.len() >= MAX_PAGES || !seen.insert(following.clone()) {
                // The assembly finds the same in the answers that were kept.
                return (pages, Some(Refusal::Unreadable { message: "its pages lead in a circle, or are too many".into() }));
            }
            marker = Some(following);
        }
    }

    /// True where `api` was asked with `value` for `member`, whatever came of it.
    pub fn has_asked(&self, api: &Api, member: &str, value: &str) -> bool {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.get(api).is_some_and(|calls| calls.iter().any(|call| call.request.get(member).and_then(Value::as_str) == Some(value)))
    }

    /// Forgets the calls of `api` whose request has `value` for `member`.
    pub fn forget(&self, api: &Api, member: &str, value: &str) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(calls) = calls.get_mut(api) {
            calls.retain(|call| call.request.get(member).and_then(Value::as_str) != Some(value));
        }
    }

    /// True where no call was answered, and every refusal says that the account does not use the region.
    pub fn is_region_off(&self) -> bool {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = calls.values().flatten().peekable();
        all.peek().is_some() && all.all(|call| call.error.as_ref().is_some_and(|error| is_region_off(&error.code)))
    }

    /// The calls, in an order that is the same in every run: by request, the pages of one listing one after the other.
    pub fn into_calls(self) -> PlaceCalls {
        let mut calls = self.calls.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (api, calls) in &mut calls {
            calls.sort_by_cached_key(|call| -> Vec<String> {
                api.key.iter().map(|member| call.request.get(*member).map(Value::to_string).unwrap_or_default()).collect()
            });
        }
        PlaceCalls { place: self.place, calls }
    }

    fn keep(&self, api: &Api, call: Call) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).entry(*api).or_default().push(call);
    }
}

fn error_answer(refusal: &Refusal) -> ErrorAnswer {
    let code = match refusal {
        Refusal::Service { code, .. } if THROTTLED.contains(&code.as_str()) => THROTTLED[0].into(),
        Refusal::Service { code, .. } => code.clone(),
        Refusal::Unreadable { .. } => UNREADABLE.into(),
        Refusal::Unreachable { .. } => UNREACHABLE.into(),
    };
    ErrorAnswer { code, message: refusal.message().into() }
}

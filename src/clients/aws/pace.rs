//! How fast one account is asked in one region: below the limits that AWS documents, so that a scan takes nothing from deployments, and
//! slower for a while after AWS throttles.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Requests per second of a group of APIs that AWS counts together.
#[derive(Debug, Clone, Copy)]
struct Rate {
    service: &'static str,
    /// `None`: all operations of the service that have no group of their own.
    operation: Option<&'static str>,
    per_second: u32,
}

/// Per account and region. Lambda allows GetFunction 100 requests a second, and 15 to all other reads of its control plane together
/// (Lambda quotas, API requests); ECR allows some 20 to each of the two that are asked. A rest is left to everyone else.
const RATES: [Rate; 4] = [
    Rate { service: "lambda", operation: Some("GetFunction"), per_second: 80 },
    Rate { service: "lambda", operation: None, per_second: 12 },
    Rate { service: "ecr", operation: Some("DescribeImages"), per_second: 15 },
    Rate { service: "ecr", operation: None, per_second: 15 },
];
/// Requests that may go out at once after a pause.
const BURST: u32 = 4;
/// A group never gets slower than one request in this time.
const SLOWEST: Duration = Duration::from_secs(2);

/// The pace of one place.
#[derive(Debug)]
pub struct Pace {
    limited: bool,
    groups: Mutex<BTreeMap<usize, Group>>,
}

#[derive(Debug, Clone, Copy)]
struct Group {
    /// Between two requests at AWS's leisure.
    usual: Duration,
    /// Between two requests now.
    interval: Duration,
    /// When the next one may go.
    next: Instant,
}

impl Pace {
    /// Keeps to the rates where `limited`; an endpoint on this machine has none to keep to.
    pub fn new(limited: bool) -> Self {
        Self { limited, groups: Mutex::default() }
    }

    /// Waits until a request may go.
    pub async fn wait(&self, service: &str, operation: &str) {
        if let Some(at) = self.with(service, operation, |group, now| group.take(now)) {
            tokio::time::sleep_until(at).await;
        }
    }

    /// AWS throttled a request, and asked for a pause.
    pub(super) fn throttled(&self, service: &str, operation: &str, pause: Duration) {
        self.with(service, operation, |group, now| group.slow_down(now, pause));
    }

    /// AWS answered a request.
    pub(super) fn answered(&self, service: &str, operation: &str) {
        self.with(service, operation, |group, _| group.speed_up());
    }

    fn with<T>(&self, service: &str, operation: &str, change: impl FnOnce(&mut Group, Instant) -> T) -> Option<T> {
        if !self.limited {
            return None;
        }
        let of_service = |rate: &Rate| rate.service.eq_ignore_ascii_case(service);
        let at = RATES
            .iter()
            .position(|rate| of_service(rate) && rate.operation == Some(operation))
            .or_else(|| RATES.iter().position(|rate| of_service(rate) && rate.operation.is_none()))?;
        let usual = Duration::from_secs(1) / RATES.get(at)?.per_second;
        let now = Instant::now();
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let group = groups.entry(at).or_insert(Group { usual, interval: usual, next: now });
        Some(change(group, now))
    }
}

impl Group {
    /// The time of the next request. What was not used of the past lets at most [`BURST`] go at once.
    fn take(&mut self, now: Instant) -> Instant {
        let earliest = now.checked_sub(self.interval * (BURST - 1)).unwrap_or(now);
        let slot = self.next.max(earliest);
        self.next = slot + self.interval;
        slot.max(now)
    }

    fn slow_down(&mut self, now: Instant, pause: Duration) {
        self.interval = (self.interval * 2).min(SLOWEST);
        self.next = self.next.max(now + pause.max(self.interval));
    }

    fn speed_up(&mut self) {
        self.interval = (self.interval * 19 / 20).max(self.usual);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(now: Instant) -> Group {
        let usual = Duration::from_millis(100);
        Group { usual, interval: usual, next: now }
    }

    #[test]
    fn a_second_holds_no_more_requests_than_the_rate_and_the_burst() {
        let now = Instant::now();
        let mut group = group(now);
        // Idle for an hour: what was not asked then may not be asked all at once now.
        let later = now + Duration::from_secs(3600);
        let times: Vec<Instant> = (0..100).map(|_| group.take(later)).collect();
        let within = times.iter().filter(|at| **at < later + Duration::from_secs(1)).count();
        assert!(within <= 10 + BURST as usize, "{within} requests in a second");
        assert!(times.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn throttling_slows_down_and_answers_speed_up_again_but_never_beyond_the_rate() {
        let now = Instant::now();
        let mut group = group(now);
        group.slow_down(now, Duration::from_secs(3));
        assert!(group.take(now) >= now + Duration::from_secs(3));
        for _ in 0..50 {
            group.slow_down(now, Duration::ZERO);
        }
        assert_eq!(group.interval, SLOWEST);
        for _ in 0..1000 {
            group.speed_up();
        }
        assert_eq!(group.interval, group.usual);
    }

    #[test]
    fn all_but_get_function_share_one_rate() {
        let pace = Pace::new(true);
        for operation in ["ListAliases", "GetLayerVersionByArn", "GetFunction", "ListFunctions"] {
            pace.answered("Lambda", operation);
        }
        assert_eq!(pace.groups.lock().unwrap().len(), 2);
        pace.answered("STS", "GetCallerIdentity");
        assert_eq!(pace.groups.lock().unwrap().len(), 2);
    }
}

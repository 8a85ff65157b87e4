//! How long, and how often, a run waits for what does not come.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

/// How long a host may take to accept a connection, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a host may stay silent, before its answer and within it.
pub const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a registry or a token service may take for a whole answer that is no blob.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// How long an AWS API may take for an answer, the SDK's own repetitions included.
pub const API_TIMEOUT: Duration = Duration::from_secs(120);
/// How often one artifact is asked for before it is given up: the first time, and after each reset, truncation, timeout or 5xx.
pub const ATTEMPTS: u32 = 8;
/// How often a registry is asked one question.
pub const QUESTIONS: u32 = 5;
/// How many links are asked for, for one artifact: the first, and one after each that the host refuses.
pub const LINKS: u32 = 3;
/// The first wait between two attempts; it doubles each time.
pub const BACKOFF: Duration = Duration::from_millis(250);
/// The longest wait that doubling leads to.
pub const BACKOFF_CAP: Duration = Duration::from_secs(15);
/// The longest wait that a host can ask for with `Retry-After`.
pub const RETRY_AFTER_CAP: Duration = Duration::from_secs(30);
/// The time over which [`PACE_BYTES`] must arrive.
pub const PACE_WINDOW: Duration = Duration::from_secs(60);
/// What must arrive in each [`PACE_WINDOW`]: about one KiB a second.
pub const PACE_BYTES: u64 = 64 << 10;
/// Bytes per second below which a download is given up, averaged over all of it.
pub const SLOWEST: u64 = 64 << 10;
/// The time that a download has beside what [`SLOWEST`] allows for its size.
pub const SPARE_TIME: Duration = Duration::from_secs(60);
/// The longest time for one zip, all attempts together.
pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(3600);
/// How many downloads in a row are given up before the next ones of that account and region are not begun.
pub const SILENT: u32 = 3;
/// How long they are not begun; then one finds out whether it is any better.
pub const SILENT_PAUSE: Duration = Duration::from_secs(30);

/// The default is the constants of this module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// [`CONNECT_TIMEOUT`].
    pub connect: Duration,
    /// [`READ_TIMEOUT`].
    pub read: Duration,
    /// [`ANSWER_TIMEOUT`].
    pub answer: Duration,
    /// [`API_TIMEOUT`].
    pub api: Duration,
    /// [`ATTEMPTS`].
    pub attempts: u32,
    /// [`QUESTIONS`].
    pub questions: u32,
    /// [`LINKS`].
    pub links: u32,
    /// [`BACKOFF`].
    pub backoff: Duration,
    /// [`BACKOFF_CAP`].
    pub backoff_cap: Duration,
    /// [`RETRY_AFTER_CAP`].
    pub retry_after_cap: Duration,
    /// [`PACE_WINDOW`].
    pub pace_window: Duration,
    /// [`PACE_BYTES`].
    pub pace_bytes: u64,
    /// [`SLOWEST`].
    pub slowest: u64,
    /// [`TOTAL_TIMEOUT`].
    pub total: Duration,
    /// [`SILENT`].
    pub silent: u32,
    /// [`SILENT_PAUSE`].
    pub silent_pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: CONNECT_TIMEOUT,
            read: READ_TIMEOUT,
            answer: ANSWER_TIMEOUT,
            api: API_TIMEOUT,
            attempts: ATTEMPTS,
            questions: QUESTIONS,
            links: LINKS,
            backoff: BACKOFF,
            backoff_cap: BACKOFF_CAP,
            retry_after_cap: RETRY_AFTER_CAP,
            pace_window: PACE_WINDOW,
            pace_bytes: PACE_BYTES,
            slowest: SLOWEST,
            total: TOTAL_TIMEOUT,
            silent: SILENT,
            silent_pause: SILENT_PAUSE,
        }
    }
}

impl Patience {
    /// The wait after `made` attempts in vain: as long as the host asked for, and no shorter than each attempt's own.
    pub fn wait(&self, made: u32, asked: Option<Duration>) -> Duration {
        let doubled = self.backoff.saturating_mul(1 << made.saturating_sub(1).min(16)).min(self.backoff_cap);
        asked.unwrap_or_default().min(self.retry_after_cap).max(jittered(doubled))
    }

    /// The time that a download of `size` bytes may take.
    pub fn allowed(&self, size: u64) -> Duration {
        SPARE_TIME.saturating_add(Duration::from_secs(size / self.slowest.max(1)))
    }
}

/// `Retry-After` in seconds. Its other form, a date, would need this machine's clock to be right, and neither AWS nor registries use it.
pub fn retry_after(value: &str) -> Option<Duration> {
    value.trim().parse().ok().map(Duration::from_secs)
}

/// How much came in how much time. Only waiting for the network counts.
#[derive(Debug, Default)]
pub struct Pace {
    waited: Duration,
    bytes: u64,
}

impl Pace {
    /// Notes `bytes` that arrived after `waited`. True where too few came in the window that is now over; the next one then begins.
    pub fn is_too_slow(&mut self, waited: Duration, bytes: usize, patience: &Patience) -> bool {
        self.waited = self.waited.saturating_add(waited);
        self.bytes = self.bytes.saturating_add(bytes as u64);
        self.waited >= patience.pace_window && std::mem::take(self).bytes < patience.pace_bytes
    }
}

/// Between half of it and all of it, so that many who failed at once do not come back at once.
fn jittered(wait: Duration) -> Duration {
    let random = RandomState::new().hash_one(()) % 1024;
    let half = wait / 2;
    half.saturating_add(half.saturating_mul(u32::try_from(random).unwrap_or_default()) / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drip_is_too_slow_and_a_short_wait_is_not() {
        let patience = Patience { pace_bytes: 1000, ..Patience::default() };
        let mut pace = Pace::default();
        assert!(!pace.is_too_slow(Duration::from_secs(59), 1, &patience));
        assert!(pace.is_too_slow(Duration::from_secs(1), 1, &patience));
        assert!(!pace.is_too_slow(Duration::from_secs(60), 1000, &patience));
    }

    #[test]
    fn waits_differ_and_stay_in_bounds() {
        let patience = Patience { backoff: Duration::from_secs(1), ..Patience::default() };
        let waits: Vec<Duration> = (0..50).map(|_| patience.wait(1, None)).collect();
        assert!(waits.iter().all(|wait| (500..=1000).contains(&wait.as_millis())));
        assert!(waits.iter().any(|wait| *wait != waits[0]));
        assert!(patience.wait(u32::MAX, None) <= BACKOFF_CAP);
        assert_eq!(patience.wait(1, Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(patience.wait(1, Some(Duration::from_secs(86_400))), RETRY_AFTER_CAP);
        assert!(patience.wait(3, Some(Duration::ZERO)) >= Duration::from_secs(2), "asked again at once, it would be hammered");
    }

    #[test]
    fn retry_after_is_read_in_seconds_only() {
        assert_eq!(retry_after(" 7 "), Some(Duration::from_secs(7)));
        for text in ["-1", "1.5", "Sun, 06 Nov 1994 08:49:37 GMT", "99999999999999999999999", ""] {
            assert_eq!(retry_after(text), None, "{text}");
        }
    }
}

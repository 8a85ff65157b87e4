//! Who asked what.

use std::collections::BTreeMap;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// `lambda:GetFunction`, `download`, `s3:GetObject`, `registry:manifest`, `registry:blob`, `registry:referrers`.
    pub api: String,
    /// The account that asked; empty where a request was not signed.
    pub account: String,
    /// The region that was asked.
    pub region: String,
    /// Function name, layer version ARN, repository, or the path of a blob below the snapshot.
    pub subject: String,
    /// The host that was asked for: another than this server's where it stands in as a proxy.
    pub host: String,
    /// The header `Range`, or nothing.
    pub range: String,
    /// HTTP status of the answer; 0 where none was given.
    pub status: u16,
}

/// The requests so far, in their order.
#[derive(Clone, Debug, Default)]
pub struct Log(pub Vec<Seen>);

impl Log {
    /// Requests to an API.
    pub fn count(&self, api: &str) -> usize {
        self.0.iter().filter(|seen| seen.api == api).count()
    }

    /// Requests of an account to an API.
    pub fn count_in(&self, account: &str, api: &str) -> usize {
        self.0.iter().filter(|seen| seen.account == account && seen.api == api).count()
    }

    /// Requests to an API about a subject that contains `part`.
    pub fn count_about(&self, api: &str, part: &str) -> usize {
        self.0.iter().filter(|seen| seen.api == api && seen.subject.contains(part)).count()
    }

    /// How often each blob was downloaded with success, by its path: `blobs/sha256/HEX`.
    pub fn downloads(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for seen in self.0.iter().filter(|seen| seen.api == "download" && matches!(seen.status, 200 | 206)) {
            *counts.entry(seen.subject.clone()).or_default() += 1;
        }
        counts
    }

    /// Accounts and regions that were asked anything, with the number of requests.
    pub fn places(&self) -> BTreeMap<(String, String), usize> {
        let mut counts = BTreeMap::new();
        for seen in self.0.iter().filter(|seen| !seen.account.is_empty()) {
            *counts.entry((seen.account.clone(), seen.region.clone())).or_default() += 1;
        }
        counts
    }

    /// Requests by API.
    pub fn by_api(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for seen in &self.0 {
            *counts.entry(seen.api.clone()).or_default() += 1;
        }
        counts
    }
}

//! OCSP responses and revocation lists: from the addresses that verified certificates name, or from a recording.
//!
//! The addresses are plain HTTP as a rule, since what comes is signed. They lead anywhere but to the metadata services of clouds, by name or
//! by address; a redirect is followed as one of any other link, to HTTPS or within the same host. What a private CA has on a private network
//! is asked: the CA is one that somebody named as an anchor.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Response, Url};
use tokio::sync::OnceCell;

use super::recording::{Recorder, Recording};
use crate::clients::Online;
use crate::clients::http::address::admit_host;
use crate::clients::http::body::{NoBody, whole};
use crate::clients::http::{NoAnswer, follow, words};
use crate::signature::revocation::Link;

/// How long an OCSP responder may take.
pub const OCSP_TIME: Duration = Duration::from_secs(5);
/// How long a revocation list may take.
pub const CRL_TIME: Duration = Duration::from_secs(20);
/// Bytes of an OCSP response; usual ones have some four KiB.
pub const OCSP_BYTES: u64 = 64 << 10;
/// Bytes of a revocation list.
pub const CRL_BYTES: u64 = 32 << 20;

/// Where documents are had.
pub(super) trait Documents {
    /// The response of the responder at `place` to `request`, about `link`.
    async fn ocsp(&self, link: &Link, place: &str, request: Vec<u8>) -> Result<Vec<u8>, NoDocument>;
    /// The list at `place`.
    async fn crl(&self, place: &str) -> Result<Arc<Vec<u8>>, NoDocument>;
    /// A response held, and is worth keeping.
    fn keep_ocsp(&self, _link: &Link, _place: &str, _response: &[u8]) {}
    /// A list held, and is worth keeping.
    fn keep_crl(&self, _place: &str, _list: &Arc<Vec<u8>>) {}
}

/// Why there is no document. Safe to print once it went through `printable`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoDocument(pub String);

/// From the network. Each list is fetched once in a run.
pub(super) struct Live<'a> {
    online: &'a Online,
    recorder: &'a Recorder,
    lists: Mutex<BTreeMap<String, Arc<OnceCell<Fetched>>>>,
}

type Fetched = Result<Arc<Vec<u8>>, NoDocument>;

impl<'a> Live<'a> {
    pub fn new(online: &'a Online, recorder: &'a Recorder) -> Self {
        Self { online, recorder, lists: Mutex::default() }
    }

    async fn post(&self, place: &str, request: Vec<u8>) -> Result<Vec<u8>, NoDocument> {
        let url = admitted(place)?;
        let client = self.http()?.client(&url);
        let request =
            client.post(url).header(CONTENT_TYPE, "application/ocsp-request").header(ACCEPT, "application/ocsp-response").body(request);
        let response = request.send().await.map_err(|error| NoDocument(words(error, None)))?;
        body(response, OCSP_BYTES).await
    }

    async fn get(&self, place: &str) -> Result<Vec<u8>, NoDocument> {
        let url = admitted(place)?;
        let client = self.http()?.client(&url);
        let response = follow(client, url.clone(), &url, |request, _| request).await.map_err(|error| match error {
            NoAnswer::Failed(error) => NoDocument(words(error, None)),
            NoAnswer::Redirect { to, why } => NoDocument(format!("a redirect to {to} is not followed: {why}")),
        })?;
        body(response, CRL_BYTES).await
    }

    fn http(&self) -> Result<&crate::clients::http::Http, NoDocument> {
        self.online.http().map_err(|error| NoDocument(error.to_string()))
    }
}

impl Documents for Live<'_> {
    async fn ocsp(&self, _: &Link, place: &str, request: Vec<u8>) -> Result<Vec<u8>, NoDocument> {
        in_time(OCSP_TIME, self.post(place, request)).await
    }

    async fn crl(&self, place: &str) -> Result<Arc<Vec<u8>>, NoDocument> {
        // Whoever wants the same one waits for it.
        let list = self.lists.lock().unwrap_or_else(PoisonError::into_inner).entry(place.to_owned()).or_default().clone();
        list.get_or_init(async || in_time(CRL_TIME, self.get(place)).await.map(Arc::new)).await.clone()
    }

    fn keep_ocsp(&self, link: &Link, place: &str, response: &[u8]) {
        self.recorder.ocsp(link, place, response);
    }

    fn keep_crl(&self, place: &str, list: &Arc<Vec<u8>>) {
        self.recorder.crl(place, list);
    }
}

/// From a recording.
pub(super) struct Recorded<'a>(pub &'a Recording);

impl Documents for Recorded<'_> {
    async fn ocsp(&self, link: &Link, place: &str, _: Vec<u8>) -> Result<Vec<u8>, NoDocument> {
        self.0.ocsp(link, place).map(<[u8]>::to_vec).ok_or_else(not_recorded)
    }

    async fn crl(&self, place: &str) -> Result<Arc<Vec<u8>>, NoDocument> {
        self.0.crl(place).ok_or_else(not_recorded)
    }
}

/// From nowhere, for this reason.
pub(super) struct Nowhere(pub String);

impl Documents for Nowhere {
    async fn ocsp(&self, _: &Link, _: &str, _: Vec<u8>) -> Result<Vec<u8>, NoDocument> {
        Err(NoDocument(self.0.clone()))
    }

    async fn crl(&self, _: &str) -> Result<Arc<Vec<u8>>, NoDocument> {
        Err(NoDocument(self.0.clone()))
    }
}

fn not_recorded() -> NoDocument {
    NoDocument("the recording has no answer from there".into())
}

fn admitted(place: &str) -> Result<Url, NoDocument> {
    let refuse = |why: &str| NoDocument(format!("the address is not asked: {why}"));
    let url = Url::parse(place).map_err(|_| refuse("it is no URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse("it is neither HTTP nor HTTPS"));
    }
    admit_host(&url).map_err(|why| refuse(why.why()))?;
    Ok(url)
}

async fn in_time<T>(time: Duration, work: impl Future<Output = Result<T, NoDocument>>) -> Result<T, NoDocument> {
    match tokio::time::timeout(time, work).await {
        Ok(done) => done,
        Err(_) => Err(NoDocument(format!("no answer within {} seconds", time.as_secs()))),
    }
}

async fn body(response: Response, limit: u64) -> Result<Vec<u8>, NoDocument> {
    let status = response.status();
    if !status.is_success() {
        return Err(NoDocument(format!("HTTP {}", status.as_u16())));
    }
    whole(response, limit).await.map_err(|error| match error {
        NoBody::TooLarge => NoDocument(format!("the answer is larger than {limit} bytes")),
        NoBody::Failed(error) => NoDocument(words(error, None)),
    })
}

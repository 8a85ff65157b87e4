//! One GET: redirects by hand, so that a login goes nowhere but to the registry, and bodies with a limit.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LINK, LOCATION, RANGE, RETRY_AFTER, WWW_AUTHENTICATE,
};
use reqwest::{Certificate, Client, Response, Url};

use super::endpoint::{Endpoint, is_forbidden, is_loopback, why_not};
use super::tokens::Authorization;
use super::{Patience, RegistryError};
use crate::clients::{ClientsError, Network};

/// Redirects of one question. A registry in front of an object store needs one.
const REDIRECTS: usize = 5;

/// Bytes of an error answer that are read.
const ERROR_BYTES: u64 = 16 << 10;

/// Bytes of a `WWW-Authenticate` or `Link` header that are looked at.
pub(super) const HEADER_BYTES: usize = 8 << 10;

/// Makes HTTP clients, and asks with them.
pub(super) struct Transport {
    certificates: Vec<Certificate>,
    patience: Patience,
    http: Client,
    /// For this machine's own registries, past any proxy.
    local: Client,
}

/// What a GET carries beside its address.
#[derive(Default, Clone, Copy)]
pub(super) struct Question<'a> {
    pub accept: &'a str,
    pub authorization: Option<&'a Authorization>,
    /// First byte wanted.
    pub from: u64,
}

/// A small answer.
pub(super) struct Answer {
    pub url: Url,
    pub content_type: String,
    /// Every `Link` header: any of them may name the next page.
    pub links: Vec<HeaderValue>,
    pub filtered: bool,
    pub body: Vec<u8>,
}

impl Transport {
    pub fn new(network: &Network, patience: Patience) -> Result<Self, ClientsError> {
        let mut certificates = Vec::new();
        if let Some(path) = &network.ca_bundle {
            let wrong = |problem: String| ClientsError::CaBundleMalformed { path: path.clone(), problem };
            let pem = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
            certificates = Certificate::from_pem_bundle(&pem).map_err(|e| wrong(e.to_string()))?;
            if certificates.is_empty() {
                return Err(wrong("it holds no certificate".into()));
            }
        }
        let http = client(&certificates, &patience, false)?;
        let local = client(&certificates, &patience, true)?;
        Ok(Self { certificates, patience, http, local })
    }

    pub fn patience(&self) -> &Patience {
        &self.patience
    }

    /// The client of the common runtime.
    pub fn http(&self, endpoint: &Endpoint) -> &Client {
        if is_loopback(&endpoint.base) { &self.local } else { &self.http }
    }

    /// Another client, for another runtime: connections belong to the runtime that they were made in.
    pub fn another(&self, endpoint: &Endpoint) -> Result<Client, RegistryError> {
        client(&self.certificates, &self.patience, is_loopback(&endpoint.base))
            .map_err(|e| RegistryError::Unreachable { detail: e.to_string() })
    }

    /// Asks, follows redirects, and gives the answer with status 200 or 206, its body unread.
    pub async fn get(&self, http: &Client, endpoint: &Endpoint, url: Url, question: Question<'_>) -> Result<Response, RegistryError> {
        let mut url = url;
        for _ in 0..=REDIRECTS {
            let mut request = http.get(url.clone());
            if !question.accept.is_empty() {
                request = request.header(ACCEPT, question.accept);
            }
            if question.from > 0 {
                request = request.header(RANGE, format!("bytes={}-", question.from));
            }
            // distribution-spec: "MUST NOT forward Authorization headers across host boundaries"; CVE-2020-15157.
            if let Some(authorization) = question.authorization.filter(|_| endpoint.is_at(&url)) {
                request = request.header(AUTHORIZATION, authorization.header());
            }
            let response = request.send().await.map_err(unreachable)?;
            match response.status().as_u16() {
                200 | 206 => return Ok(response),
                301 | 302 | 303 | 307 | 308 => url = next(&response, endpoint)?,
                status => return Err(self.refusal(response, status, endpoint).await),
            }
        }
        Err(RegistryError::Redirect { detail: format!("more than {REDIRECTS} in a row, the last to {}", bare(&url)) })
    }

    /// Asks for a small answer, of which more than `limit` bytes are an error that is named `name`.
    pub async fn small(
        &self,
        endpoint: &Endpoint,
        url: Url,
        question: Question<'_>,
        limit: u64,
        name: &'static str,
    ) -> Result<Answer, RegistryError> {
        let whole = async {
            let response = self.get(self.http(endpoint), endpoint, url, question).await?;
            let headers = response.headers();
            let (content_type, links) = (text(headers, &CONTENT_TYPE), headers.get_all(LINK).iter().cloned().collect());
            let filtered = headers.contains_key("oci-filters-applied");
            let url = response.url().clone();
            Ok(Answer { url, content_type, links, filtered, body: body(response, limit, name).await? })
        };
        tokio::time::timeout(self.patience.answer, whole)
            .await
            .unwrap_or_else(|_| Err(RegistryError::Unreachable { detail: format!("no whole answer within {:?}", self.patience.answer) }))
    }

    async fn refusal(&self, response: Response, status: u16, endpoint: &Endpoint) -> RegistryError {
        let headers = response.headers();
        let content_type = text(headers, &CONTENT_TYPE);
        let after = header(headers, &RETRY_AFTER).and_then(|value| value.trim().parse().ok()).map(Duration::from_secs);
        let challenge = header(headers, &WWW_AUTHENTICATE).filter(|_| endpoint.is_at(response.url()));
        let beginning = tokio::time::timeout(self.patience.answer, beginning(response)).await.unwrap_or_default();
        RegistryError::of(status, &content_type, &beginning, after, challenge)
    }
}

/// The whole body, at most `limit` bytes of it.
pub(super) async fn body(mut response: Response, limit: u64, name: &'static str) -> Result<Vec<u8>, RegistryError> {
    let too_large = || RegistryError::TooLarge { limit: name, detail: format!("more than {limit} bytes") };
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if (bytes.len() as u64).saturating_add(chunk.len() as u64) > limit {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// What went wrong on the way, without the address: a presigned one is a credential.
pub(super) fn unreachable(error: reqwest::Error) -> RegistryError {
    let error = error.without_url();
    let mut detail = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source.take_if(|_| detail.len() < HEADER_BYTES) {
        detail = format!("{detail}: {inner}");
        source = inner.source();
    }
    RegistryError::Unreachable { detail }
}

/// The first kilobytes of an answer that is an error anyway.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    while (bytes.len() as u64) < ERROR_BYTES {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    bytes.truncate(usize::try_from(ERROR_BYTES).unwrap_or(usize::MAX));
    bytes
}

fn next(response: &Response, endpoint: &Endpoint) -> Result<Url, RegistryError> {
    let refuse = |detail: String| RegistryError::Redirect { detail };
    let location = header(response.headers(), &LOCATION).ok_or_else(|| refuse("it says not where to".into()))?;
    let url = response.url().join(&location).map_err(|e| refuse(e.to_string()))?;
    match why_not(&url, &endpoint.base) {
        None => Ok(url),
        Some(why) => Err(refuse(format!("{}: {why}", bare(&url)))),
    }
}

/// An address without its query, which may be a credential.
fn bare(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    (value.len() <= HEADER_BYTES).then(|| value.to_owned())
}

fn text(headers: &HeaderMap, name: &HeaderName) -> String {
    let value = header(headers, name).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn client(certificates: &[Certificate], patience: &Patience, is_local: bool) -> Result<Client, ClientsError> {
    let builder = Client::builder();
    // What is on this machine is no proxy's business, as in Go's `http.ProxyFromEnvironment`.
    let builder = if is_local { builder.no_proxy() } else { builder };
    builder
        .user_agent(concat!("layerproof/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(patience.connect)
        .read_timeout(patience.idle)
        .tls_certs_merge(certificates.iter().cloned())
        .dns_resolver(Arc::new(Resolver))
        .build()
        .map_err(|e| ClientsError::Http { problem: e.to_string() })
}

/// The system's resolver, less the addresses that [`is_forbidden`]: a name may not stand for them either.
struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> = found.into_iter().filter(|address| !is_forbidden(address.ip())).collect();
            if allowed.is_empty() {
                return Err(format!("{} has no address that is asked", name.as_str()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

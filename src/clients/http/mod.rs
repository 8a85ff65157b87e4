//! HTTPS for presigned links and registries: whom requests may lead to, whose certificates are believed, and how long is waited.

pub mod address;
pub mod body;
mod link;
pub mod patience;
mod trust;
mod words;

use reqwest::header::LOCATION;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, Url};

pub use address::Refused;
pub use link::Link;
pub use patience::{Pace, Patience, retry_after};
pub use trust::{CaBundleError, Trust};
pub use words::{chain, words};

use address::{Outside, admit, is_loopback};

/// How many redirects are followed. A registry in front of an object store needs one, Amazon S3 none, or one to a bucket's region.
pub const MAX_REDIRECTS: usize = 3;

const USER_AGENT: &str = concat!("layerproof/", env!("CARGO_PKG_VERSION"));

/// The clients of the common runtime. They send no cookie and no `Referer`, follow nothing by themselves, and take bodies as they are: nothing
/// is decompressed.
#[derive(Debug)]
pub struct Http {
    trust: Trust,
    patience: Patience,
    outside: Client,
    loopback: Client,
}

impl Http {
    /// Clients that believe `trust` beside the system's authorities, and take their proxies from the environment.
    pub(super) fn build(trust: &Trust, patience: &Patience) -> Result<Self, HttpError> {
        let outside = client(trust, patience, false)?;
        let loopback = client(trust, patience, true)?;
        Ok(Self { trust: trust.clone(), patience: patience.clone(), outside, loopback })
    }

    /// The client for what is at `url`.
    pub fn client(&self, url: &Url) -> &Client {
        if is_loopback(url) { &self.loopback } else { &self.outside }
    }

    /// Another one, for another runtime: connections belong to the runtime that they were made in.
    ///
    /// # Errors
    /// As for the first.
    pub fn another(&self, url: &Url) -> Result<Client, HttpError> {
        client(&self.trust, &self.patience, is_loopback(url))
    }

    /// Asks for what `link` leads to; `with` adds headers.
    ///
    /// # Errors
    /// No answer, or a redirect that is not followed.
    pub async fn get(&self, link: &Link, with: impl Fn(RequestBuilder) -> RequestBuilder) -> Result<Response, NoAnswer> {
        follow(self.client(&link.0), link.0.clone(), &link.0, |request, _| with(request)).await
    }
}

/// The HTTP client cannot be built: this machine has no certificates that could be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HttpError(String);

/// Why there is no answer.
#[derive(Debug)]
pub enum NoAnswer {
    /// Nobody answered, or not in HTTP.
    Failed(reqwest::Error),
    /// A redirect that is not followed.
    Redirect {
        /// Where to, without what may be a credential in it; empty where that is no address.
        to: String,
        /// Why not.
        why: Refused,
    },
}

/// Asks for `url` and follows redirects as `base` may lead to. Each request is given to `with` before it is sent, with its address: by hand, so that a login
/// goes nowhere but where it belongs.
///
/// # Errors
/// See [`NoAnswer`].
pub async fn follow(
    client: &Client,
    url: Url,
    base: &Url,
    with: impl Fn(RequestBuilder, &Url) -> RequestBuilder,
) -> Result<Response, NoAnswer> {
    let mut url = url;
    for _ in 0..=MAX_REDIRECTS {
        let response = with(client.get(url.clone()), &url).send().await.map_err(NoAnswer::Failed)?;
        if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(response);
        }
        url = next(&response, base)?;
    }
    Err(NoAnswer::Redirect { to: bare(&url), why: Refused::Redirects })
}

fn next(response: &Response, base: &Url) -> Result<Url, NoAnswer> {
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let url = location.and_then(|location| response.url().join(location).ok());
    let url = url.ok_or(NoAnswer::Redirect { to: String::new(), why: Refused::NotAnAddress })?;
    admit(&url, Some(base)).map_err(|why| NoAnswer::Redirect { to: bare(&url), why })?;
    Ok(url)
}

/// An address without login and query, which may be credentials.
fn bare(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

fn client(trust: &Trust, patience: &Patience, is_loopback: bool) -> Result<Client, HttpError> {
    let builder = Client::builder();
    // What is on this machine is no proxy's business, as in Go's `http.ProxyFromEnvironment`, and has no certificate of a public authority.
    let builder = match is_loopback {
        true => builder.no_proxy().tls_certs_only(trust.certificates()),
        false => builder.tls_certs_merge(trust.certificates()),
    };
    builder
        .user_agent(USER_AGENT)
        .connect_timeout(patience.connect)
        .read_timeout(patience.read)
        // A Referer would hand the whole link to whoever is redirected to.
        .referer(false)
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .dns_resolver(Outside)
        .build()
        .map_err(|error| HttpError(words(error, None)))
}

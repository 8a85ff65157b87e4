//! HTTPS for presigned links: whom they may lead to, and how long is waited.
//!
//! A presigned link is a credential: whoever holds it may read. [`Link`] shows itself nowhere, and what a host said is held against it
//! with [`Link::leaks_in`] before anybody sees it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Certificate, Client, ClientBuilder, RequestBuilder, Url};

/// How long a host may take to accept a connection, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a host may stay silent, before its answer and within it.
pub const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// How long an AWS API may take for an answer, the SDK's own repetitions included.
pub const API_TIMEOUT: Duration = Duration::from_secs(120);
/// How often one artifact is asked for before it is given up: the first time, and after each reset, truncation, timeout or 5xx.
pub const ATTEMPTS: u32 = 8;
/// How many links are asked for, for one artifact: the first, and one after each that the host refuses.
pub const LINKS: u32 = 3;
/// The first wait between two attempts; it doubles each time.
pub const BACKOFF: Duration = Duration::from_millis(250);
/// The longest wait that doubling leads to.
pub const BACKOFF_CAP: Duration = Duration::from_secs(15);
/// The longest wait that a host can ask for with `Retry-After`.
pub const RETRY_AFTER_CAP: Duration = Duration::from_secs(60);
/// The time over which [`PACE_BYTES`] must arrive.
pub const PACE_WINDOW: Duration = Duration::from_secs(60);
/// What must arrive in each [`PACE_WINDOW`]: about one KiB a second.
pub const PACE_BYTES: u64 = 64 << 10;
/// The longest time for one artifact, all attempts together.
pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(3600);
/// How many downloads in a row are given up before the next ones of that account and region are not begun.
pub const SILENT: u32 = 3;
/// How long they are not begun; then one finds out whether it is any better.
pub const SILENT_PAUSE: Duration = Duration::from_secs(30);
/// How many redirects are followed. Amazon S3 needs none for a presigned link, or one to a bucket's region.
pub const MAX_REDIRECTS: usize = 3;

const USER_AGENT: &str = concat!("layerproof/", env!("CARGO_PKG_VERSION"));

/// How long, and how often, a run waits for what does not come. The default is the constants of this module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// [`CONNECT_TIMEOUT`].
    pub connect: Duration,
    /// [`READ_TIMEOUT`].
    pub read: Duration,
    /// [`API_TIMEOUT`].
    pub api: Duration,
    /// [`ATTEMPTS`].
    pub attempts: u32,
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
            api: API_TIMEOUT,
            attempts: ATTEMPTS,
            links: LINKS,
            backoff: BACKOFF,
            backoff_cap: BACKOFF_CAP,
            retry_after_cap: RETRY_AFTER_CAP,
            pace_window: PACE_WINDOW,
            pace_bytes: PACE_BYTES,
            total: TOTAL_TIMEOUT,
            silent: SILENT,
            silent_pause: SILENT_PAUSE,
        }
    }
}

/// The client for links. Sends no `Authorization`, no cookie and no `Referer`, and takes bodies as they are: nothing is decompressed.
#[derive(Debug)]
pub struct Http {
    outside: Client,
    loopback: Client,
}

impl Http {
    /// A client that trusts `roots` beside the system's certificates, and takes its proxies from the environment.
    pub(super) fn build(roots: &[Certificate], patience: &Patience) -> Result<Self, HttpError> {
        let outside = builder(patience).tls_certs_merge(roots.iter().cloned()).build().map_err(HttpError::of)?;
        // What is on this machine is no proxy's business, and has no certificate of a public authority.
        let loopback = builder(patience).no_proxy().tls_certs_only(roots.iter().cloned()).build().map_err(HttpError::of)?;
        Ok(Self { outside, loopback })
    }

    /// A request for what `link` leads to.
    pub fn get(&self, link: &Link) -> RequestBuilder {
        let client = if is_loopback(&link.0) { &self.loopback } else { &self.outside };
        client.get(link.0.clone())
    }
}

/// The HTTP client cannot be built: no certificates to trust, or some that do not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HttpError(String);

impl HttpError {
    fn of(error: reqwest::Error) -> Self {
        Self(words(error, None))
    }
}

/// A presigned link. Neither `Debug` nor anything else shows more of it than its host.
#[derive(Clone, PartialEq, Eq)]
pub struct Link(Url);

impl Link {
    /// Reads a link that an API gave.
    ///
    /// # Errors
    /// What is no link, or leads where none may: see [`LinkRefused`].
    pub fn parse(text: &str) -> Result<Self, LinkRefused> {
        let url = Url::parse(text).map_err(|_| LinkRefused::NotALink)?;
        admit(&url, None)?;
        Ok(Self(url))
    }

    /// Its host, which is no secret.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// True where `text` holds a piece of what makes the link a credential: of a value of its query, as written or decoded.
    pub fn leaks_in(&self, text: &str) -> bool {
        const PIECE: usize = 12;
        let text = text.to_ascii_lowercase();
        let as_written = self.0.query().unwrap_or_default().split('&').filter_map(|pair| Some(pair.split_once('=')?.1.to_owned()));
        let decoded = self.0.query_pairs().map(|(_, value)| value.into_owned());
        as_written.chain(decoded).map(|secret| secret.to_ascii_lowercase()).any(|secret| {
            let short = (4..PIECE).contains(&secret.len()) && text.contains(&secret);
            short || text.as_bytes().windows(PIECE).any(|piece| secret.as_bytes().windows(PIECE).any(|part| part == piece))
        })
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({})", self.host())
    }
}

/// Where a link, or a redirect from it, may not lead. Says nothing of the link itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkRefused {
    /// It is no URL.
    #[error("it is no URL")]
    NotALink,
    /// Anything but HTTPS. Plain HTTP is for hosts on this machine.
    #[error("it is not HTTPS")]
    NotHttps,
    /// `user:password@` in it would be sent on as a login.
    #[error("it carries a login")]
    Login,
    /// An address at which clouds serve credentials to machines: link-local (169.254.0.0/16, fe80::/10), or AWS's fd00:ec2::/32.
    #[error("it leads to a link-local or metadata address")]
    Metadata,
    /// From outside to this very machine.
    #[error("it leads from another host to this machine")]
    Loopback,
    /// More than [`MAX_REDIRECTS`].
    #[error("it is redirected too often")]
    Redirects,
}

/// What went wrong with a request, in words that hold no URL and, where `link` is given, no piece of it.
pub fn words(error: reqwest::Error, link: Option<&Link>) -> String {
    let error = error.without_url();
    let mut said: Vec<String> = Vec::new();
    let mut next: Option<&dyn std::error::Error> = Some(&error);
    // Errors nest, and each repeats some of the one below it; a chain of eight has been seen.
    for _ in 0..16 {
        let Some(error) = next else { break };
        let text = error.to_string();
        if !said.iter().any(|before| before.contains(&text)) {
            said.push(text);
        }
        next = error.source();
    }
    let text: String = said.join(": ").chars().take(300).collect();
    if text.contains("://") || link.is_some_and(|link| link.leaks_in(&text)) { "the request failed".into() } else { text }
}

fn builder(patience: &Patience) -> ClientBuilder {
    Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(patience.connect)
        .read_timeout(patience.read)
        // A Referer would hand the whole link to whoever is redirected to.
        .referer(false)
        .redirect(Policy::custom(redirect))
        .dns_resolver(Outside)
}

fn redirect(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let refused = match attempt.previous() {
        previous if previous.len() > MAX_REDIRECTS => Err(LinkRefused::Redirects),
        previous => admit(attempt.url(), previous.first()),
    };
    match refused {
        Ok(()) => attempt.follow(),
        Err(refused) => attempt.error(refused),
    }
}

/// Whether `url` may be asked; `first` is the link that redirected there.
fn admit(url: &Url, first: Option<&Url>) -> Result<(), LinkRefused> {
    let here = is_loopback(url);
    match url.scheme() {
        "https" => {}
        "http" if here => {}
        _ => return Err(LinkRefused::NotHttps),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(LinkRefused::Login);
    }
    if address(url).is_some_and(is_metadata) {
        return Err(LinkRefused::Metadata);
    }
    if here && first.is_some_and(|first| !is_loopback(first)) {
        return Err(LinkRefused::Loopback);
    }
    if url.host_str().is_none_or(str::is_empty) { Err(LinkRefused::NotALink) } else { Ok(()) }
}

/// The address that a URL names instead of a host. `Url` has by then read `0xa9fea9fe` and its like as what they are.
fn address(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).parse().ok()
}

fn is_loopback(url: &Url) -> bool {
    url.host_str() == Some("localhost") || address(url).is_some_and(|address| address.to_canonical().is_loopback())
}

fn is_metadata(address: IpAddr) -> bool {
    let v4 = |address: Ipv4Addr| address.is_link_local() || address.is_unspecified();
    match address.to_canonical() {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => {
            let [a, b, .., y, z] = address.segments();
            let [y1, y2] = y.to_be_bytes();
            let [z1, z2] = z.to_be_bytes();
            let translated = is_translated(address) && v4(Ipv4Addr::new(y1, y2, z1, z2));
            let aws = a == 0xfd00 && b == 0x0ec2;
            address.is_unicast_link_local() || address.is_unspecified() || aws || translated
        }
    }
}

/// 64:ff9b::/96, by which networks without IPv4 reach it (RFC 6052 §2.1).
fn is_translated(address: Ipv6Addr) -> bool {
    matches!(address.segments(), [0x64, 0xff9b, 0, 0, 0, 0, _, _])
}

/// Names resolved as the system does, without the addresses that no link may lead to: a name is as good as an address for that.
struct Outside;

impl Resolve for Outside {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> = found.iter().copied().filter(|address| !is_metadata(address.ip())).collect();
            if allowed.is_empty() && !found.is_empty() {
                return Err(Box::new(LinkRefused::Metadata) as Box<dyn std::error::Error + Send + Sync>);
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// The certificates of a PEM file.
///
/// # Errors
/// In words, where there is none, or one does not parse.
pub(super) fn roots(pem: &[u8]) -> Result<Vec<Certificate>, String> {
    let roots = Certificate::from_pem_bundle(pem).map_err(|error| words(error, None))?;
    if roots.is_empty() { Err("it holds no certificate".into()) } else { Ok(roots) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &str = "https://bucket.s3.eu-west-1.amazonaws.com/key?X-Amz-Security-Token=IQoJb3JpZ2luX2VjE%2FsecretSECRET%3D\
        &X-Amz-Signature=9a1f0b77c2d4e6f8aa&X-Amz-Expires=600";

    #[test]
    fn a_link_never_shows_itself_in_debug() {
        let link = Link::parse(SIGNED).unwrap();
        assert_eq!(format!("{link:?}"), "Link(bucket.s3.eu-west-1.amazonaws.com)");
    }

    #[test]
    fn pieces_of_the_signature_are_seen_however_they_are_written() {
        let link = Link::parse(SIGNED).unwrap();
        for text in
            [SIGNED, "signature 9a1f0b77c2d4e6", "IQoJb3JpZ2luX2VjE/secretSECRET=", "iqojb3jpz2lux2vje%2fsecre", "..F0B77C2D4E6F8.."]
        {
            assert!(link.leaks_in(text), "{text}");
        }
        for text in ["", "AccessDenied: Request has expired", "/key", "bucket.s3.eu-west-1.amazonaws.com"] {
            assert!(!link.leaks_in(text), "{text}");
        }
    }

    #[test]
    fn links_to_metadata_plain_http_and_logins_are_refused() {
        for (link, refused) in [
            ("http://bucket.s3.amazonaws.com/key", LinkRefused::NotHttps),
            ("http://localhost.example.com/", LinkRefused::NotHttps),
            ("http://10.0.0.1/", LinkRefused::NotHttps),
            ("ftp://127.0.0.1/", LinkRefused::NotHttps),
            ("file:///etc/passwd", LinkRefused::NotHttps),
            ("s3://bucket/key", LinkRefused::NotHttps),
            ("https://user:password@example.com/", LinkRefused::Login),
            ("https://169.254.169.254/latest/meta-data", LinkRefused::Metadata),
            ("https://0xa9fea9fe/", LinkRefused::Metadata),
            ("https://2852039166/", LinkRefused::Metadata),
            ("https://0251.0376.0251.0376/", LinkRefused::Metadata),
            ("https://[::ffff:169.254.169.254]/", LinkRefused::Metadata),
            ("https://[64:ff9b::a9fe:a9fe]/", LinkRefused::Metadata),
            ("https://[fe80::1]/", LinkRefused::Metadata),
            ("https://[fd00:ec2::254]/", LinkRefused::Metadata),
            ("https://169.254.170.2/v2/credentials", LinkRefused::Metadata),
            ("https://0.0.0.0/", LinkRefused::Metadata),
            ("no link", LinkRefused::NotALink),
        ] {
            assert_eq!(Link::parse(link).unwrap_err(), refused, "{link}");
        }
        for link in ["http://127.0.0.1:9/x", "http://localhost:9/x", "http://[::1]:9/x", "https://10.0.0.1/x", SIGNED] {
            assert!(Link::parse(link).is_ok(), "{link}");
        }
    }

    #[test]
    fn redirects_from_outside_to_this_machine_are_refused() {
        let url = |text: &str| Url::parse(text).unwrap();
        let outside = url("https://example.com/");
        assert_eq!(admit(&url("https://127.0.0.1/"), Some(&outside)), Err(LinkRefused::Loopback));
        assert_eq!(admit(&url("http://127.0.0.1/"), Some(&outside)), Err(LinkRefused::Loopback));
        assert_eq!(admit(&url("http://example.com/"), Some(&outside)), Err(LinkRefused::NotHttps));
        assert_eq!(admit(&url("http://localhost/"), Some(&url("http://127.0.0.1/"))), Ok(()));
    }

    #[test]
    fn names_that_resolve_to_this_machine_still_resolve() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(Outside.resolve("localhost".parse().unwrap()));
        assert!(found.is_ok_and(|mut found| found.next().is_some()));
    }

    #[test]
    fn a_ca_bundle_without_a_certificate_is_refused() {
        for pem in [&b""[..], b"nothing here", b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"] {
            assert!(roots(pem).is_err());
        }
    }
}

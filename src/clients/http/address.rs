//! Which addresses may be asked, whoever names them: an API, a redirect, a registry, a name server.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Why an address is not asked. Says nothing of the address itself, which may be a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is no URL, or has no host.
    NotAnAddress,
    /// Anything but HTTPS. Plain HTTP is for hosts on this machine.
    NotHttps,
    /// `user:password@` in it would be sent on as a login.
    Login,
    /// An address at which clouds serve credentials to machines: link-local (169.254.0.0/16, fe80::/10), AWS's fd00:ec2::/32, or a name for
    /// them; and addresses that are nobody's.
    Metadata,
    /// From outside to this very machine.
    Loopback,
    /// More redirects than [`super::MAX_REDIRECTS`].
    Redirects,
}

impl Refused {
    /// In words, completing "it is not followed: …".
    pub fn why(self) -> &'static str {
        match self {
            Self::NotAnAddress => "it is no URL",
            Self::NotHttps => "it is not HTTPS",
            Self::Login => "it carries a login",
            Self::Metadata => "it leads to a link-local or metadata address",
            Self::Loopback => "it leads from another host to this machine",
            Self::Redirects => "it is redirected too often",
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why())
    }
}

impl std::error::Error for Refused {}

/// Whether `url` may be asked; `from` is the address that led there, as a redirect or as the place where tokens are had.
///
/// # Errors
/// Why not.
pub fn admit(url: &Url, from: Option<&Url>) -> Result<(), Refused> {
    admit_host(url)?;
    // Whatever that one was asked with, TLS or not, was decided before.
    if from.is_some_and(|from| from.origin() == url.origin()) {
        return Ok(());
    }
    let from_here = from.is_none_or(is_loopback);
    match url.scheme() {
        "https" => {}
        // What was asked over plain HTTP on this machine may go on so on this machine.
        "http" if is_loopback(url) && from.is_none_or(|from| from_here && from.scheme() == "http") => {}
        "http" if is_named_loopback(url) && !from_here => return Err(Refused::Loopback),
        _ => return Err(Refused::NotHttps),
    }
    if is_named_loopback(url) && !from_here { Err(Refused::Loopback) } else { Ok(()) }
}

/// Whether the host of `url` may be asked at all.
///
/// # Errors
/// Why not.
pub fn admit_host(url: &Url) -> Result<(), Refused> {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::Login);
    }
    if address(url).is_some_and(is_metadata) || METADATA_HOSTS.contains(&host) {
        return Err(Refused::Metadata);
    }
    // `file:///etc/passwd` has none either, and is told by its scheme.
    if host.is_empty() && matches!(url.scheme(), "https" | "http") { Err(Refused::NotAnAddress) } else { Ok(()) }
}

/// True for `localhost` and addresses of the loopback network.
pub fn is_loopback(url: &Url) -> bool {
    url.host_str() == Some("localhost") || address(url).is_some_and(|address| address.to_canonical().is_loopback())
}

/// Names for this machine as well: RFC 6761 §6.3.
fn is_named_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    is_loopback(url) || host == "localhost" || host.ends_with(".localhost")
}

/// Names for the services at which machines get their credentials.
const METADATA_HOSTS: [&str; 4] = ["metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal"];

/// The address that a URL names instead of a host. `Url` has by then read `0xa9fea9fe` and its like as what they are.
fn address(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).parse().ok()
}

fn is_metadata(address: IpAddr) -> bool {
    let v4 = |v4: Ipv4Addr| v4.is_link_local() || v4.is_unspecified() || v4.is_multicast() || v4.is_broadcast();
    match address.to_canonical() {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => {
            let [a, b, .., y, z] = address.segments();
            let [y1, y2] = y.to_be_bytes();
            let [z1, z2] = z.to_be_bytes();
            let translated = is_translated(address) && v4(Ipv4Addr::new(y1, y2, z1, z2));
            // fd00:ec2::254 is the instance metadata service, fd00:ec2::23 the credentials of EKS pods.
            let aws = a == 0xfd00 && b == 0x0ec2;
            address.is_unicast_link_local() || address.is_unspecified() || address.is_multicast() || aws || translated
        }
    }
}

/// 64:ff9b::/96, by which networks without IPv4 reach it (RFC 6052 §2.1).
fn is_translated(address: Ipv6Addr) -> bool {
    matches!(address.segments(), [0x64, 0xff9b, 0, 0, 0, 0, _, _])
}

/// Names resolved as the system does, without the addresses that are never asked: a name is as good as an address for that.
pub(super) struct Outside;

impl Resolve for Outside {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> = found.iter().copied().filter(|address| !is_metadata(address.ip())).collect();
            if allowed.is_empty() && !found.is_empty() {
                return Err(Box::new(Refused::Metadata) as Box<dyn std::error::Error + Send + Sync>);
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn redirects_never_lead_to_plain_http_metadata_or_this_machine() {
        let from = url("https://r.example.com/");
        for (bad, why) in [
            ("http://cdn.example.com/x", Refused::NotHttps),
            ("http://r.example.com/x", Refused::NotHttps),
            ("https://169.254.169.254/latest/meta-data", Refused::Metadata),
            ("http://169.254.169.254/x", Refused::Metadata),
            ("https://[fe80::1]/x", Refused::Metadata),
            ("https://[fd00:ec2::254]/x", Refused::Metadata),
            ("https://[::ffff:169.254.169.254]/x", Refused::Metadata),
            ("https://metadata.google.internal/x", Refused::Metadata),
            ("https://metadata.google.internal./x", Refused::Metadata),
            ("https://224.0.0.1/x", Refused::Metadata),
            ("https://127.0.0.1/x", Refused::Loopback),
            ("http://127.0.0.1/x", Refused::Loopback),
            ("https://localhost/x", Refused::Loopback),
            ("https://localhost./x", Refused::Loopback),
            ("https://x.localhost/x", Refused::Loopback),
            ("https://user:pw@cdn.example.com/x", Refused::Login),
            ("https://user:pw@r.example.com/x", Refused::Login),
            ("file:///etc/passwd", Refused::NotHttps),
            ("ftp://cdn.example.com/x", Refused::NotHttps),
        ] {
            assert_eq!(admit(&url(bad), Some(&from)), Err(why), "{bad}");
        }
        for good in ["https://cdn.example.com/x", "https://r.example.com/y", "https://10.0.0.8/x"] {
            assert_eq!(admit(&url(good), Some(&from)), Ok(()), "{good}");
        }
    }

    #[test]
    fn plain_http_stays_on_this_machine_or_where_it_was_allowed() {
        let loopback = url("http://127.0.0.1:5000/");
        assert_eq!(admit(&url("http://127.0.0.1:5001/x"), Some(&loopback)), Ok(()));
        assert_eq!(admit(&url("http://localhost/"), Some(&loopback)), Ok(()));
        assert_eq!(admit(&url("http://cdn.example.com/x"), Some(&loopback)), Err(Refused::NotHttps));
        assert_eq!(admit(&url("http://127.0.0.1/x"), Some(&url("https://127.0.0.1/"))), Err(Refused::NotHttps), "TLS is not given up");
        let insecure = url("http://r.example.com:5000/");
        assert_eq!(admit(&url("http://r.example.com:5000/x"), Some(&insecure)), Ok(()));
        assert_eq!(admit(&url("http://r.example.com:5001/x"), Some(&insecure)), Err(Refused::NotHttps));
    }

    #[test]
    fn names_that_resolve_to_this_machine_still_resolve() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(Outside.resolve("localhost".parse().unwrap()));
        assert!(found.is_ok_and(|mut found| found.next().is_some()));
    }
}

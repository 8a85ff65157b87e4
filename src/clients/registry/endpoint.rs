//! Where a registry is asked, and which hosts are never asked.

use std::net::{IpAddr, Ipv6Addr};

use oci_client::Reference;
use reqwest::Url;

use super::RegistryError;
use crate::clients::Network;
use crate::model::image_ref::ImageRef;

/// Where a repository is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// `https://HOST/`.
    pub base: Url,
    /// The repository's path as the registry knows it: Docker Hub has `library/` before names of one part.
    pub repository: String,
}

impl Endpoint {
    /// The endpoint of an image: `network.registry_endpoints` says where another host is asked in its place. Plain HTTP is for loopback
    /// hosts and for those in `network.insecure_registries`.
    pub fn of(image: &ImageRef, network: &Network) -> Result<Self, RegistryError> {
        let malformed = |detail: String| RegistryError::Malformed { detail };
        let reference = Reference::try_from(image.repository_uri()).map_err(|e| malformed(format!("{}: {e}", image.repository_uri())))?;
        let asked = network.registry_endpoints.get(&image.registry).map_or_else(|| reference.resolve_registry(), String::as_str);
        let parsed = |scheme: &str| Url::parse(&format!("{scheme}://{asked}/")).map_err(|e| malformed(format!("{asked}: {e}")));
        let mut base = parsed("https")?;
        if is_loopback(&base) || network.insecure_registries.iter().any(|host| host == asked) {
            base = parsed("http")?;
        }
        let bare = base.path() == "/" && base.username().is_empty() && base.password().is_none() && base.query().is_none();
        if !bare || base.fragment().is_some() || base.host_str().is_none() {
            return Err(malformed(format!("`{asked}` is not HOST[:PORT]")));
        }
        Ok(Self { base, repository: reference.repository().to_owned() })
    }

    /// `/v2/REPOSITORY/…`, the parts escaped where they have to be.
    pub fn address(&self, parts: &[&str]) -> Result<Url, RegistryError> {
        let mut url = self.base.clone();
        let mut path = url.path_segments_mut().map_err(|()| RegistryError::Malformed { detail: self.base.to_string() })?;
        path.clear().push("v2").extend(self.repository.split('/')).extend(parts);
        drop(path);
        Ok(url)
    }

    /// True where `url` is on the very scheme, host and port that the registry is asked at: the only place its login is sent to.
    pub fn is_at(&self, url: &Url) -> bool {
        self.base.origin() == url.origin()
    }
}

/// True for `localhost` and addresses of the loopback network.
pub(super) fn is_loopback(url: &Url) -> bool {
    match address(url) {
        Some(address) => address.is_loopback(),
        None => url.host_str().is_some_and(|host| host == "localhost" || host.ends_with(".localhost")),
    }
}

/// True for an address from which machines get their credentials, and its neighbours: never asked, whoever says so.
pub(super) fn is_forbidden(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_unspecified() || v4.is_multicast() || v4.is_broadcast(),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_forbidden(IpAddr::V4(v4)),
            // fd00:ec2::254 is the instance metadata service, fd00:ec2::23 the credentials of EKS pods.
            None => v6.is_unicast_link_local() || v6.is_unspecified() || v6.is_multicast() || is_ec2_local(v6),
        },
    }
}

/// Why a redirect or a realm at `url` is not followed; `from` is the registry's own address.
pub(super) fn why_not(url: &Url, from: &Url) -> Option<&'static str> {
    if url.origin() == from.origin() {
        return None;
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("it carries a user name");
    }
    let from_loopback = is_loopback(from);
    match url.scheme() {
        "https" => {}
        // What was asked over plain HTTP on this machine may go on so on this machine.
        "http" if from.scheme() == "http" && from_loopback && is_loopback(url) => {}
        "http" => return Some("it is plain HTTP"),
        _ => return Some("it is neither HTTPS nor HTTP"),
    }
    if address(url).is_some_and(is_forbidden) || url.host_str().is_some_and(|host| METADATA_HOSTS.contains(&host)) {
        return Some("it is an address that only machines ask about themselves");
    }
    if is_loopback(url) && !from_loopback {
        return Some("it is on this machine, and the registry is not");
    }
    None
}

const METADATA_HOSTS: &[&str] = &["metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal"];

fn is_ec2_local(address: Ipv6Addr) -> bool {
    matches!(address.segments(), [0xfd00, 0x0ec2, ..])
}

fn address(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn names_keep_their_host_where_another_is_asked() {
        let image: ImageRef = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1".parse().unwrap();
        let mut network = Network::default();
        assert_eq!(Endpoint::of(&image, &network).unwrap().base.as_str(), "https://111122223333.dkr.ecr.eu-west-1.amazonaws.com/");
        network.registry_endpoints.insert(image.registry.clone(), "vpce-1.example.com:8443".into());
        let endpoint = Endpoint::of(&image, &network).unwrap();
        assert_eq!(endpoint.base.as_str(), "https://vpce-1.example.com:8443/");
        assert_eq!(endpoint.address(&["blobs", "sha256:aa"]).unwrap().path(), "/v2/team/app/blobs/sha256:aa");
    }

    #[test]
    fn plain_http_is_for_loopback_and_for_what_was_named_insecure() {
        let mut network = Network { insecure_registries: vec!["r.example.com:5000".into()], ..Network::default() };
        for (name, scheme) in [
            ("127.0.0.1:5000/a", "http"),
            ("localhost:5000/a", "http"),
            ("r.example.com:5000/a", "http"),
            ("r.example.com/a", "https"),
            ("r.example.com:5001/a", "https"),
            ("127.0.0.1.example.com/a", "https"),
        ] {
            assert_eq!(Endpoint::of(&name.parse().unwrap(), &network).unwrap().base.scheme(), scheme, "{name}");
        }
        for bad in ["evil.example/path", "user@host", "host?x", ""] {
            network.registry_endpoints.insert("r.example.com".into(), bad.into());
            assert!(Endpoint::of(&"r.example.com/a".parse().unwrap(), &network).is_err(), "{bad}");
        }
    }

    #[test]
    fn redirects_never_lead_to_plain_http_metadata_or_this_machine() {
        let from = url("https://r.example.com/");
        for bad in [
            "http://cdn.example.com/x",
            "http://r.example.com/x",
            "https://169.254.169.254/latest/meta-data",
            "https://[fe80::1]/x",
            "https://[fd00:ec2::254]/x",
            "https://[::ffff:169.254.169.254]/x",
            "https://metadata.google.internal/x",
            "https://127.0.0.1/x",
            "https://localhost/x",
            "https://user:pw@cdn.example.com/x",
            "file:///etc/passwd",
            "ftp://cdn.example.com/x",
        ] {
            assert!(why_not(&url(bad), &from).is_some(), "{bad}");
        }
        for good in ["https://cdn.example.com/x", "https://r.example.com/y", "https://10.0.0.8/x"] {
            assert_eq!(why_not(&url(good), &from), None, "{good}");
        }
        let loopback = url("http://127.0.0.1:5000/");
        assert_eq!(why_not(&url("http://127.0.0.1:5001/x"), &loopback), None);
        assert!(why_not(&url("http://cdn.example.com/x"), &loopback).is_some());
        assert!(why_not(&url("http://169.254.169.254/x"), &loopback).is_some());
    }
}

//! `WWW-Authenticate`: how a registry wants to be logged in to, and where a login may be sent.

use http_auth::parser::ChallengeParser;
use reqwest::Url;

use super::RegistryError;
use crate::clients::http::address::{admit, is_loopback};

/// Challenges of one header that are looked at.
const CHALLENGES: usize = 8;

/// What a registry asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// Nothing.
    None,
    /// User name and password with every request.
    Basic,
    /// A token of the service at `realm`.
    Bearer {
        /// Where tokens are had.
        realm: String,
        /// What for.
        service: Option<String>,
    },
}

impl Challenge {
    /// Reads the header: a token where one is offered, since a password then goes out once only.
    pub fn parse(header: &str) -> Self {
        let mut found = Self::None;
        for challenge in ChallengeParser::new(header).take(CHALLENGES).map_while(Result::ok) {
            if challenge.scheme.eq_ignore_ascii_case("basic") && found == Self::None {
                found = Self::Basic;
            }
            if challenge.scheme.eq_ignore_ascii_case("bearer") {
                let param = |name: &str| challenge.params.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.to_unescaped());
                if let Some(realm) = param("realm") {
                    return Self::Bearer { realm, service: param("service") };
                }
            }
        }
        found
    }
}

/// The realm, where it may be asked by the registry at `base`; with a login only in the registry's own domain.
///
/// The registry chooses the realm, so without a rule it chooses who gets the login. go-containerregistry refuses private and link-local
/// addresses since its #2243 and has a stricter rule, the registry's own domain, under discussion (#2261). Here the stricter one holds: the
/// same host, or the same last two labels, as of `registry-1.docker.io` and `auth.docker.io`. A token of ECR never leaves its registry.
pub(super) fn realm(text: &str, base: &Url, has_login: bool, is_ecr: bool) -> Result<Url, RegistryError> {
    let refuse = |why| RegistryError::Realm { realm: text.chars().take(300).collect(), why };
    let url = Url::parse(text).map_err(|_| refuse("it is no address"))?;
    admit(&url, Some(base)).map_err(|refused| refuse(refused.why()))?;
    if is_ecr && url.origin() != base.origin() {
        return Err(refuse("a token of ECR is for its registry alone"));
    }
    let on_this_machine = is_loopback(base) && is_loopback(&url);
    if has_login && !on_this_machine && domain(&url) != domain(base) {
        return Err(refuse("it is in another domain than the registry"));
    }
    Ok(url)
}

/// The last two labels of a name; an address whole.
fn domain(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    if host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok() {
        return Some(host.to_owned());
    }
    let mut labels: Vec<&str> = host.trim_end_matches('.').rsplit('.').take(2).collect();
    labels.reverse();
    Some(labels.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_registries() {
        let bearer = Challenge::parse(r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io""#);
        let service = Some("registry.docker.io".to_owned());
        assert_eq!(bearer, Challenge::Bearer { realm: "https://auth.docker.io/token".into(), service });
        assert_eq!(Challenge::parse(r#"Basic realm="https://1.dkr.ecr/",service="ecr.amazonaws.com""#), Challenge::Basic);
        assert!(matches!(Challenge::parse(r#"Basic realm="x", Bearer realm="https://a.b/""#), Challenge::Bearer { .. }));
        for nothing in ["", "Negotiate", "Bearer", "\u{1}\u{2}", "Bearer service=\"x\""] {
            assert_eq!(Challenge::parse(nothing), Challenge::None, "{nothing}");
        }
    }

    #[test]
    fn a_login_is_not_sent_where_a_registry_points_outside_its_domain() {
        let base = Url::parse("https://registry-1.docker.io/").unwrap();
        assert!(realm("https://auth.docker.io/token", &base, true, false).is_ok());
        for bad in
            ["https://auth.evil.example/token", "http://auth.docker.io/token", "https://docker.io.evil.example/", "https://:443/", "x"]
        {
            assert!(realm(bad, &base, true, false).is_err(), "{bad}");
        }
        assert!(realm("https://auth.example.org/token", &base, false, false).is_ok(), "nobody's login goes there");
        assert!(realm("https://169.254.169.254/", &base, false, false).is_err());
        assert!(realm("https://auth.docker.io/token", &base, true, true).is_err());
        let address = Url::parse("https://10.0.0.8/").unwrap();
        assert!(realm("https://11.1.0.8/", &address, true, false).is_err(), "two numbers of an address are no domain");
    }
}

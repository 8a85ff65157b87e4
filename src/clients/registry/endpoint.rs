//! Where a registry is asked.

use reqwest::Url;

use super::RegistryError;
use crate::clients::Network;
use crate::clients::http::address::{admit_host, is_loopback};
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
        if !is_host(&image.registry) || !is_repository(&image.repository) {
            return Err(malformed(format!("`{}` is no name of a repository", image.repository_uri())));
        }
        let is_hub = HUB_HOSTS.contains(&image.registry.as_str());
        let own = if is_hub { HUB_ASKED } else { &image.registry };
        let asked = network.registry_endpoints.get(&image.registry).map_or(own, String::as_str);
        let parsed = |scheme: &str| Url::parse(&format!("{scheme}://{asked}/")).map_err(|e| malformed(format!("{asked}: {e}")));
        let mut base = parsed("https")?;
        if is_loopback(&base) || network.insecure_registries.iter().any(|host| host == asked) {
            base = parsed("http")?;
        }
        let bare = base.path() == "/" && base.username().is_empty() && base.password().is_none() && base.query().is_none();
        if !bare || base.fragment().is_some() || base.host_str().is_none() {
            return Err(malformed(format!("`{asked}` is not HOST[:PORT]")));
        }
        admit_host(&base).map_err(|why| malformed(format!("{asked} is not asked: {why}")))?;
        let official = is_hub && !image.repository.contains('/');
        Ok(Self { base, repository: if official { format!("library/{}", image.repository) } else { image.repository.clone() } })
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

/// Docker Hub by the names that images have, and the host that answers for it.
const HUB_HOSTS: [&str; 2] = ["docker.io", "index.docker.io"];
const HUB_ASKED: &str = "index.docker.io";

/// Bytes of a repository's name (github.com/distribution/reference, `RepositoryNameTotalLengthMax`).
const REPOSITORY_BYTES: usize = 255;

/// Letters, digits, `.`, `-` and a port: no address of version 6, no user, no path.
fn is_host(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(&b))
}

/// distribution-spec, "Pulling manifests": `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`, parted by slashes.
fn is_repository(text: &str) -> bool {
    let is_word = |word: &str| word.bytes().next().is_some_and(is_letter) && word.bytes().last().is_some_and(is_letter);
    let is_part = |part: &str| {
        is_word(part)
            && part
                .split(|c: char| c.is_ascii_alphanumeric())
                .all(|gap| matches!(gap, "" | "." | "_" | "__") || gap.bytes().all(|b| b == b'-'))
    };
    text.len() <= REPOSITORY_BYTES && text.bytes().all(|b| is_letter(b) || b"._-/".contains(&b)) && text.split('/').all(is_part)
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn docker_hub_is_asked_by_the_host_and_path_that_it_has() {
        for (name, path) in [
            ("docker.io/alpine", "/v2/library/alpine/tags/list"),
            ("index.docker.io/alpine", "/v2/library/alpine/tags/list"),
            ("docker.io/team/app", "/v2/team/app/tags/list"),
        ] {
            let endpoint = Endpoint::of(&name.parse().unwrap(), &Network::default()).unwrap();
            assert_eq!(endpoint.address(&["tags", "list"]).unwrap().as_str(), format!("https://index.docker.io{path}"), "{name}");
        }
        let other = Endpoint::of(&"r.example.com/alpine".parse().unwrap(), &Network::default()).unwrap();
        assert_eq!(other.repository, "alpine");
    }

    #[test]
    fn what_is_no_name_of_a_repository_is_not_asked_for() {
        let of = |registry: &str, repository: &str| {
            let image = ImageRef { registry: registry.into(), repository: repository.into(), tag: None, digest: None };
            Endpoint::of(&image, &Network::default())
        };
        let long = "a".repeat(REPOSITORY_BYTES + 1);
        for bad in ["", "..", "a/../b", "a//b", "/a", "a/", "A", "a..b", "a.-b", "a___b", "a-", "_a", "a?b", "a b", "a%2fb", &long] {
            assert!(of("r.example.com", bad).is_err(), "{bad}");
        }
        for good in ["a", "a.b", "a_b", "a__b", "a---b", "a/b/c1", "0"] {
            assert!(of("r.example.com", good).is_ok(), "{good}");
        }
        for bad in ["", "user@r.example.com", "r.example.com/x", "[::1]:5000", "r_x.example.com"] {
            assert!(of(bad, "a").is_err(), "{bad}");
        }
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
    fn a_metadata_service_is_no_registry() {
        for bad in ["169.254.169.254/a", "169.254.170.2:80/a", "metadata.google.internal/a"] {
            assert!(Endpoint::of(&bad.parse().unwrap(), &Network::default()).is_err(), "{bad}");
        }
        let mut network = Network::default();
        network.registry_endpoints.insert("r.example.com".into(), "[fd00:ec2::254]".into());
        assert!(Endpoint::of(&"r.example.com/a".parse().unwrap(), &network).is_err());
    }
}

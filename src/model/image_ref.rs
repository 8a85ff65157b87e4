//! Container image references.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::arn::is_account;
use super::digest::ClaimedDigest;
use super::printable::printable;

/// `REGISTRY/REPOSITORY[:TAG][@sha256:…]`. The registry is always written out; nothing defaults to a public registry.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageRef {
    /// Host, with port where one is given.
    pub registry: String,
    /// Path under the registry: `team/app`.
    pub repository: String,
    /// Tag, where one is given.
    pub tag: Option<String>,
    /// Digest, where one is given. It is a claim until the manifest has been hashed.
    pub digest: Option<ClaimedDigest>,
}

/// The DNS suffixes of AWS's partitions, as in `partitions.json` of botocore 1.43.11.
const DOMAINS: [&str; 7] =
    ["amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk", "csp.hci.ic.gov"];

/// How the names of a partition's regions begin; the last stands for all others.
const PARTITIONS: [(&str, &str); 8] = [
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
    ("eusc-", "aws-eusc"),
    ("", "aws"),
];

impl ImageRef {
    /// `REGISTRY/REPOSITORY`.
    pub fn repository_uri(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The account and region of an Amazon ECR private registry host, `ACCOUNT.dkr.ecr.REGION.amazonaws.com` and its like in the other
    /// partitions.
    pub fn ecr(&self) -> Option<(&str, &str)> {
        let mut parts = self.registry.splitn(4, '.');
        let (account, dkr, ecr, rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let (region, domain) = rest.split_once('.')?;
        let ours = is_account(account) && dkr == "dkr" && (ecr == "ecr" || ecr == "ecr-fips");
        (ours && DOMAINS.contains(&domain)).then_some((account, region))
    }

    /// The ARN of the ECR repository, where the registry is one.
    pub fn ecr_repository_arn(&self) -> Option<String> {
        let (account, region) = self.ecr()?;
        let (_, partition) = PARTITIONS.iter().find(|(prefix, _)| region.starts_with(prefix))?;
        Some(format!("arn:{partition}:ecr:{region}:{account}:repository/{}", self.repository))
    }
}

impl FromStr for ImageRef {
    type Err = ImageRefError;

    fn from_str(text: &str) -> Result<Self, ImageRefError> {
        let fail = || ImageRefError { presented: text.chars().take(200).collect() };
        if text.len() > 1024 || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(fail());
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(ClaimedDigest::from_oci(digest).map_err(|_| fail())?)),
            None => (text, None),
        };
        let (registry, path) = rest.split_once('/').ok_or_else(fail)?;
        let is_host = registry.contains('.') || registry.contains(':') || registry == "localhost";
        if !is_host || registry.bytes().any(|b| !(b.is_ascii_alphanumeric() || b".-:[]_".contains(&b))) {
            return Err(fail());
        }
        let (repository, tag) = match path.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (path, None),
        };
        let good_repository = repository.split('/').all(|part| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
                && part.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        });
        let good_tag = tag.is_none_or(|tag| {
            !tag.is_empty()
                && tag.len() <= 128
                && !tag.starts_with(['.', '-'])
                && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        });
        if !good_repository || !good_tag {
            return Err(fail());
        }
        Ok(Self { registry: registry.into(), repository: repository.into(), tag: tag.map(Into::into), digest })
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ImageRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Text that is no image reference with a registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not an image reference REGISTRY/REPOSITORY[:TAG][@sha256:DIGEST]", printable(.presented))]
pub struct ImageRefError {
    /// What stood there, at most 200 characters of it.
    pub presented: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_ecr() {
        let image: ImageRef = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1".parse().unwrap();
        assert_eq!(image.tag.as_deref(), Some("v1"));
        assert_eq!(image.ecr_repository_arn().unwrap(), "arn:aws:ecr:eu-west-1:111122223333:repository/team/app");
        let local: ImageRef = "localhost:5000/app".parse().unwrap();
        assert_eq!((local.repository.as_str(), local.ecr()), ("app", None));
    }

    #[test]
    fn registries_of_every_partition_are_amazons_and_those_that_look_like_it_are_not() {
        let ecr = |host: &str| format!("111122223333.dkr.{host}/app").parse::<ImageRef>().unwrap();
        let arn = |host: &str| ecr(host).ecr_repository_arn().unwrap();
        assert_eq!(arn("ecr.eusc-de-east-1.amazonaws.eu"), "arn:aws-eusc:ecr:eusc-de-east-1:111122223333:repository/app");
        assert_eq!(arn("ecr.us-iso-east-1.c2s.ic.gov"), "arn:aws-iso:ecr:us-iso-east-1:111122223333:repository/app");
        assert_eq!(arn("ecr-fips.us-gov-west-1.amazonaws.com"), "arn:aws-us-gov:ecr:us-gov-west-1:111122223333:repository/app");
        // Whoever is taken for ECR is sent a token of the account.
        for host in
            ["ecr.x.amazonaws.com.example.com", "ecr.x.y.amazonaws.com", "ecr.x.amazonaws.com:444", "ecr.amazonaws.com", "ecr.x.evil.eu"]
        {
            assert_eq!(ecr(host).ecr(), None, "{host}");
        }
    }

    #[test]
    fn malformed_double_digest_and_traversal_are_refused() {
        let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for text in [format!("r.io/a@sha256@sha256:{digest}"), "app:v1".into(), "r.io/../x".into(), "r.io/a:".into(), "r.io/a b".into()] {
            assert!(text.parse::<ImageRef>().is_err(), "{text}");
        }
    }
}

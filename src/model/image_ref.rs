//! Container image references.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::arn::is_account;
use super::digest::ClaimedDigest;
use super::printable::printable;

/// The domains of ECR in the partitions of AWS, and the one for both versions of IP (botocore, endpoints and partitions).
const ECR_DOMAINS: [&str; 8] =
    ["amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk", "csp.hci.ic.gov", "on.aws"];

/// How the regions of a partition begin; `aws` has the rest.
const PARTITIONS: [(&str, &str); 7] = [
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
    ("eusc-", "aws-eusc"),
];

fn is_region(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

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

impl ImageRef {
    /// `REGISTRY/REPOSITORY`.
    pub fn repository_uri(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The account and region of an Amazon ECR private registry host: `ACCOUNT.dkr.ecr.REGION.amazonaws.com`, its kin in other
    /// partitions, and `ACCOUNT.dkr-ecr.REGION.on.aws`.
    pub fn ecr(&self) -> Option<(&str, &str)> {
        let (account, rest) = self.registry.split_once('.')?;
        let service = ["dkr.ecr.", "dkr.ecr-fips.", "dkr-ecr.", "dkr-ecr-fips."];
        let rest = service.iter().find_map(|service| rest.strip_prefix(service))?;
        let (region, domain) = rest.split_once('.')?;
        let is_ours = is_account(account) && is_region(region) && ECR_DOMAINS.contains(&domain);
        is_ours.then_some((account, region))
    }

    /// The ARN of the ECR repository, where the registry is one.
    pub fn ecr_repository_arn(&self) -> Option<String> {
        let (account, region) = self.ecr()?;
        let partition = PARTITIONS.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, partition)| partition);
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
    fn ecr_is_known_in_every_partition_and_lookalikes_are_not_ecr() {
        let ecr = |host: &str| {
            let image: ImageRef = format!("{host}/app").parse().unwrap();
            image.ecr_repository_arn()
        };
        for (host, partition, region) in [
            ("dkr.ecr.us-gov-west-1.amazonaws.com", "aws-us-gov", "us-gov-west-1"),
            ("dkr.ecr-fips.us-gov-west-1.amazonaws.com", "aws-us-gov", "us-gov-west-1"),
            ("dkr.ecr.cn-north-1.amazonaws.com.cn", "aws-cn", "cn-north-1"),
            ("dkr.ecr.us-iso-east-1.c2s.ic.gov", "aws-iso", "us-iso-east-1"),
            ("dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "aws-iso-b", "us-isob-east-1"),
            ("dkr.ecr.eusc-de-east-1.amazonaws.eu", "aws-eusc", "eusc-de-east-1"),
            ("dkr-ecr.eu-west-1.on.aws", "aws", "eu-west-1"),
        ] {
            let arn = format!("arn:{partition}:ecr:{region}:111122223333:repository/app");
            assert_eq!(ecr(&format!("111122223333.{host}")), Some(arn), "{host}");
        }
        for host in [
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com.evil.example",
            "111122223333.dkr.ecr.eu-west-1.evil.amazonaws.com",
            "1111.dkr.ecr.eu-west-1.amazonaws.com",
            "x.111122223333.dkr.ecr.eu-west-1.amazonaws.com",
            "111122223333.dkr.ecr.amazonaws.com",
        ] {
            assert_eq!(ecr(host), None, "{host}");
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

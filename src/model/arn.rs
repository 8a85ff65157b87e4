//! Amazon Resource Names of functions, layer versions and signing profiles, of every partition.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::printable::printable;

/// The longest ARN that is read; AWS allows 2,048 characters.
pub const MAX_ARN_LEN: usize = 2048;

/// `arn:partition:service:region:account:resource`, split but otherwise as given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn {
    /// `aws`, `aws-cn`, `aws-us-gov`, `aws-iso`, …
    pub partition: String,
    /// `lambda`, `signer`, `ecr`, …
    pub service: String,
    /// May be empty for global services.
    pub region: String,
    /// Twelve digits, or empty.
    pub account: String,
    /// All after the fifth colon.
    pub resource: String,
}

impl FromStr for Arn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let fail = |expected| ArnError { presented: text.chars().take(200).collect(), expected };
        if text.len() > MAX_ARN_LEN || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(fail("an ARN of at most 2,048 characters without spaces or control characters"));
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [prefix, partition, service, region, account, resource] = parts[..] else {
            return Err(fail("arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE"));
        };
        if prefix != "arn" || !(partition == "aws" || partition.starts_with("aws-")) || service.is_empty() || resource.is_empty() {
            return Err(fail("arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE"));
        }
        // Names that AWS gives: nothing in them may hide or reverse text where they are printed. Resources differ by service.
        if ![partition, service, region].iter().all(|part| part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')) {
            return Err(fail("a partition, service and region of letters, digits and `-`"));
        }
        if !account.is_empty() && !is_account(account) {
            return Err(fail("an account of twelve digits"));
        }
        Ok(Self {
            partition: partition.into(),
            service: service.into(),
            region: region.into(),
            account: account.into(),
            resource: resource.into(),
        })
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:{}:{}:{}:{}", self.partition, self.service, self.region, self.account, self.resource)
    }
}

/// `arn:P:lambda:R:A:layer:NAME:VERSION`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerVersionArn {
    /// Partition.
    pub partition: String,
    /// Region.
    pub region: String,
    /// Account that publishes the layer.
    pub account: String,
    /// Layer name.
    pub name: String,
    /// Version, from 1.
    pub version: u64,
}

impl LayerVersionArn {
    /// The layer's ARN without its version.
    pub fn layer_arn(&self) -> String {
        format!("arn:{}:lambda:{}:{}:layer:{}", self.partition, self.region, self.account, self.name)
    }
}

impl FromStr for LayerVersionArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let fail = || ArnError {
            presented: text.chars().take(200).collect(),
            expected: "a layer version ARN, arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION",
        };
        let arn: Arn = text.parse()?;
        let parts: Vec<&str> = arn.resource.split(':').collect();
        let ["layer", name, version] = parts[..] else { return Err(fail()) };
        if arn.service != "lambda" || arn.region.is_empty() || arn.account.is_empty() || !is_resource_name(name) {
            return Err(fail());
        }
        let number: u64 = version.parse().map_err(|_| fail())?;
        if number == 0 || number.to_string() != version {
            return Err(fail());
        }
        Ok(Self { partition: arn.partition, region: arn.region, account: arn.account, name: name.into(), version: number })
    }
}

impl fmt::Display for LayerVersionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.layer_arn(), self.version)
    }
}

/// `arn:P:lambda:R:A:function:NAME[:QUALIFIER]`; a qualifier is `$LATEST`, a version number or an alias.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionArn {
    /// Partition.
    pub partition: String,
    /// Region.
    pub region: String,
    /// Owning account.
    pub account: String,
    /// Function name.
    pub name: String,
    /// `$LATEST`, a version number or an alias.
    pub qualifier: Option<String>,
}

impl FunctionArn {
    /// The same function under another qualifier.
    pub fn qualified(&self, qualifier: &str) -> Self {
        Self { qualifier: Some(qualifier.into()), ..self.clone() }
    }

    /// The function's ARN without qualifier.
    pub fn unqualified(&self) -> Self {
        Self { qualifier: None, ..self.clone() }
    }
}

impl FromStr for FunctionArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let fail = || ArnError {
            presented: text.chars().take(200).collect(),
            expected: "a function ARN, arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]",
        };
        let arn: Arn = text.parse()?;
        let parts: Vec<&str> = arn.resource.split(':').collect();
        let (name, qualifier) = match parts[..] {
            ["function", name] => (name, None),
            ["function", name, qualifier] => (name, Some(qualifier)),
            _ => return Err(fail()),
        };
        if arn.service != "lambda" || arn.region.is_empty() || arn.account.is_empty() || !is_resource_name(name) {
            return Err(fail());
        }
        if qualifier.is_some_and(|q| q != "$LATEST" && !is_resource_name(q)) {
            return Err(fail());
        }
        Ok(Self {
            partition: arn.partition,
            region: arn.region,
            account: arn.account,
            name: name.into(),
            qualifier: qualifier.map(Into::into),
        })
    }
}

impl fmt::Display for FunctionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:lambda:{}:{}:function:{}", self.partition, self.region, self.account, self.name)?;
        match &self.qualifier {
            Some(qualifier) => write!(f, ":{qualifier}"),
            None => Ok(()),
        }
    }
}

/// `arn:P:signer:R:A:/signing-profiles/NAME[/VERSION]`. Compared exactly, case included.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SigningProfileArn {
    /// Partition.
    pub partition: String,
    /// Region.
    pub region: String,
    /// Owning account.
    pub account: String,
    /// Profile name.
    pub name: String,
    /// Profile version, ten characters at AWS; absent in an ARN that names the profile as a whole.
    pub version: Option<String>,
}

impl SigningProfileArn {
    /// True where `other` is this profile, or this very version of it where this ARN names a version.
    pub fn covers(&self, other: &Self) -> bool {
        self.partition == other.partition
            && self.region == other.region
            && self.account == other.account
            && self.name == other.name
            && (self.version.is_none() || self.version == other.version)
    }
}

impl FromStr for SigningProfileArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let fail = || ArnError {
            presented: text.chars().take(200).collect(),
            expected: "a signing profile ARN, arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME[/VERSION]",
        };
        let arn: Arn = text.parse()?;
        let parts: Vec<&str> = arn.resource.split('/').collect();
        let (name, version) = match parts[..] {
            ["", "signing-profiles", name] => (name, None),
            ["", "signing-profiles", name, version] => (name, Some(version)),
            _ => return Err(fail()),
        };
        if arn.service != "signer" || arn.region.is_empty() || arn.account.is_empty() || !is_resource_name(name) {
            return Err(fail());
        }
        if version.is_some_and(|v| v.is_empty() || !v.chars().all(|c| c.is_ascii_alphanumeric())) {
            return Err(fail());
        }
        Ok(Self { partition: arn.partition, region: arn.region, account: arn.account, name: name.into(), version: version.map(Into::into) })
    }
}

impl fmt::Display for SigningProfileArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:signer:{}:{}:/signing-profiles/{}", self.partition, self.region, self.account, self.name)?;
        match &self.version {
            Some(version) => write!(f, "/{version}"),
            None => Ok(()),
        }
    }
}

/// Text that is not the ARN that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not {expected}", printable(.presented))]
pub struct ArnError {
    /// What stood there, at most 200 characters of it.
    pub presented: String,
    /// What was expected.
    pub expected: &'static str,
}

/// True for twelve digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_resource_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 256 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

macro_rules! text_like {
    ($($name:ty),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}
text_like!(LayerVersionArn, FunctionArn, SigningProfileArn);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        for text in ["arn:aws:lambda:eu-west-1:111122223333:layer:deps:7", "arn:aws-cn:lambda:cn-north-1:111122223333:layer:deps:12"] {
            assert_eq!(text.parse::<LayerVersionArn>().unwrap().to_string(), text);
        }
        for text in [
            "arn:aws:lambda:eu-west-1:111122223333:function:pay",
            "arn:aws:lambda:eu-west-1:111122223333:function:pay:$LATEST",
            "arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:pay:live",
        ] {
            assert_eq!(text.parse::<FunctionArn>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn near_misses_are_refused() {
        for text in [
            "arn:aws:lambda:eu-west-1:111122223333:layer:deps",
            "arn:aws:lambda:eu-west-1:111122223333:layer:deps:latest",
            "arn:aws:lambda:eu-west-1:111122223333:layer:deps:07",
            "arn:aws:lambda:eu-west-1:111122223333:layer:deps:0",
            "arn:aws:lambda:eu-west-1:11112222333:layer:deps:1",
            "arn:aws:lambda:eu-west-1:111122223333:layer:deps:1:2",
            "arn:evil:lambda:eu-west-1:111122223333:layer:deps:1",
            "arn:aws:lambda:eu-west-1:111122223333:layer:de*ps:1",
            "arn:aws:lambda:eu-west-1:111122223333:layer:deps:1\n",
            "arn:aws:lambda:eu-\u{202e}west-1:111122223333:layer:deps:1",
            "arn:aws-\u{200b}:lambda:eu-west-1:111122223333:layer:deps:1",
            "arn:aws:lambda:eu-west-1/..:111122223333:layer:deps:1",
        ] {
            assert!(text.parse::<LayerVersionArn>().is_err(), "{text}");
        }
    }

    #[test]
    fn profile_covers_its_versions_but_a_version_only_itself() {
        let profile: SigningProfileArn = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/release".parse().unwrap();
        let v1: SigningProfileArn = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/release/AAAAAAAAAA".parse().unwrap();
        let v2: SigningProfileArn = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/release/aaaaaaaaaa".parse().unwrap();
        assert!(profile.covers(&v1) && profile.covers(&v2));
        assert!(!v1.covers(&v2));
        assert!(!v1.covers(&profile));
    }
}

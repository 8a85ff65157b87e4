//! Patterns over the ARNs of functions and layers, matched segment by segment.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::arn::{FunctionArn, LayerVersionArn, MAX_ARN_LEN, is_account};
use super::printable::printable;

/// `arn:PARTITION:lambda:REGION:ACCOUNT:function|layer|*:NAME[:QUALIFIER|VERSION]`, where `*` stands for any run of characters
/// within its segment and never crosses a colon. Case matters. Without a last segment a pattern covers every version or qualifier;
/// with one, literal or `*`, only what that segment matches.
#[derive(Clone, PartialEq, Eq)]
pub struct ArnPattern {
    partition: String,
    region: String,
    account: String,
    resource: ResourceType,
    name: String,
    version: Option<String>,
}

/// The resource segment of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceType {
    /// `function`.
    Function,
    /// `layer`.
    Layer,
    /// `*`: both.
    Both,
}

impl ArnPattern {
    /// True where the pattern covers this function version.
    pub fn matches_function(&self, arn: &FunctionArn) -> bool {
        self.resource != ResourceType::Layer
            && self.matches_owner(&arn.partition, &arn.region, &arn.account)
            && glob(&self.name, &arn.name)
            && match (&self.version, &arn.qualifier) {
                (None, _) => true,
                (Some(pattern), Some(qualifier)) => glob(pattern, qualifier),
                (Some(_), None) => false,
            }
    }

    /// True where the pattern covers this layer version.
    pub fn matches_layer(&self, arn: &LayerVersionArn) -> bool {
        self.resource != ResourceType::Function
            && self.matches_owner(&arn.partition, &arn.region, &arn.account)
            && glob(&self.name, &arn.name)
            && self.version.as_ref().is_none_or(|pattern| glob(pattern, &arn.version.to_string()))
    }

    /// What the pattern is about.
    pub fn resource(&self) -> ResourceType {
        self.resource
    }

    /// The account, where it is written out in full.
    pub fn literal_account(&self) -> Option<&str> {
        is_account(&self.account).then_some(&self.account)
    }

    fn matches_owner(&self, partition: &str, region: &str, account: &str) -> bool {
        glob(&self.partition, partition) && glob(&self.region, region) && glob(&self.account, account)
    }
}

impl FromStr for ArnPattern {
    type Err = ArnPatternError;

    fn from_str(text: &str) -> Result<Self, ArnPatternError> {
        let fail = |expected| ArnPatternError { presented: text.chars().take(200).collect(), expected };
        if text.len() > MAX_ARN_LEN {
            return Err(fail("at most 2,048 characters long"));
        }
        let segments: Vec<&str> = text.split(':').collect();
        let (partition, region, account, resource, name, version) = match segments[..] {
            ["arn", partition, "lambda", region, account, resource, name] => (partition, region, account, resource, name, None),
            ["arn", partition, "lambda", region, account, resource, name, version] => {
                (partition, region, account, resource, name, Some(version))
            }
            _ => {
                return Err(fail(
                    "of the form arn:PARTITION:lambda:REGION:ACCOUNT:function|layer:NAME[:VERSION], with `*` within a segment",
                ));
            }
        };
        let resource = match resource {
            "function" => ResourceType::Function,
            "layer" => ResourceType::Layer,
            "*" => ResourceType::Both,
            _ => return Err(fail("about a `function`, a `layer`, or `*` for both, in its sixth segment")),
        };
        if segments.iter().any(|segment| segment.is_empty()) {
            return Err(fail("without empty segments"));
        }
        if !segments.iter().all(|segment| segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_$*".contains(&b))) {
            return Err(fail("made of letters, digits, `-`, `_`, `$` and `*`; `*` is the only wildcard"));
        }
        if !is_account(account) && !account.contains('*') {
            return Err(fail("with an account of twelve digits, or `*`, in its fifth segment"));
        }
        Ok(Self {
            partition: partition.into(),
            region: region.into(),
            account: account.into(),
            resource,
            name: name.into(),
            version: version.map(Into::into),
        })
    }
}

impl fmt::Display for ArnPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resource = match self.resource {
            ResourceType::Function => "function",
            ResourceType::Layer => "layer",
            ResourceType::Both => "*",
        };
        write!(f, "arn:{}:lambda:{}:{}:{resource}:{}", self.partition, self.region, self.account, self.name)?;
        match &self.version {
            Some(version) => write!(f, ":{version}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ArnPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ArnPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Text that is no pattern over the ARNs of functions and layers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a pattern {expected}", printable(.presented))]
pub struct ArnPatternError {
    /// What stood there, at most 200 characters of it.
    pub presented: String,
    /// What was expected.
    pub expected: &'static str,
}

/// True where `pattern` is `text`, `*` standing for any run of characters, none included. The whole of `text` is matched; the
/// caller splits both into segments first. Time is at worst the product of the lengths.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, t));
                p += 1;
            }
            Some(c) if text.get(t) == Some(c) => {
                p += 1;
                t += 1;
            }
            Some(_) | None => {
                // Let the last star take one more character.
                let Some((star, from)) = retry else { return false };
                retry = Some((star, from + 1));
                p = star + 1;
                t = from + 1;
            }
        }
    }
    pattern.iter().skip(p).all(|b| *b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> ArnPattern {
        text.parse().unwrap()
    }

    fn layer(text: &str) -> LayerVersionArn {
        text.parse().unwrap()
    }

    fn function(text: &str) -> FunctionArn {
        text.parse().unwrap()
    }

    #[test]
    fn star_never_crosses_a_colon() {
        let short = pattern("arn:aws:lambda:*:111122223333:layer:*");
        assert!(short.matches_layer(&layer("arn:aws:lambda:eu-west-1:111122223333:layer:deps:7")));
        assert!(!short.matches_function(&function("arn:aws:lambda:eu-west-1:111122223333:function:deps:7")));
        assert!("arn:aws:lambda:*".parse::<ArnPattern>().is_err(), "a trailing star must not swallow segments");
        assert!("arn:aws:lambda:*:111122223333:*".parse::<ArnPattern>().is_err());
        assert!("*".parse::<ArnPattern>().is_err());
    }

    #[test]
    fn another_account_region_partition_or_case_is_not_matched() {
        let ours = pattern("arn:aws:lambda:eu-west-1:111122223333:layer:deps");
        assert!(ours.matches_layer(&layer("arn:aws:lambda:eu-west-1:111122223333:layer:deps:7")));
        for other in [
            "arn:aws:lambda:eu-west-1:999922223333:layer:deps:7",
            "arn:aws:lambda:eu-west-2:111122223333:layer:deps:7",
            "arn:aws-cn:lambda:eu-west-1:111122223333:layer:deps:7",
            "arn:aws:lambda:eu-west-1:111122223333:layer:Deps:7",
            "arn:aws:lambda:eu-west-1:111122223333:layer:deps2:7",
            "arn:aws:lambda:eu-west-1:111122223333:layer:xdeps:7",
        ] {
            assert!(!ours.matches_layer(&layer(other)), "{other}");
        }
    }

    #[test]
    fn a_version_in_the_pattern_covers_only_that_version() {
        let seven = pattern("arn:aws:lambda:*:111122223333:layer:deps:7");
        assert!(seven.matches_layer(&layer("arn:aws:lambda:eu-west-1:111122223333:layer:deps:7")));
        for other in ["8", "77", "17"] {
            assert!(!seven.matches_layer(&layer(&format!("arn:aws:lambda:eu-west-1:111122223333:layer:deps:{other}"))));
        }
        let all = pattern("arn:aws:lambda:*:111122223333:layer:deps:*");
        assert!(all.matches_layer(&layer("arn:aws:lambda:eu-west-1:111122223333:layer:deps:77")));
    }

    #[test]
    fn a_qualifier_in_the_pattern_does_not_cover_an_unqualified_function() {
        let live = pattern("arn:aws:lambda:*:111122223333:function:pay:*");
        assert!(live.matches_function(&function("arn:aws:lambda:eu-west-1:111122223333:function:pay:$LATEST")));
        assert!(!live.matches_function(&function("arn:aws:lambda:eu-west-1:111122223333:function:pay")));
        assert!(
            pattern("arn:aws:lambda:*:111122223333:function:pay")
                .matches_function(&function("arn:aws:lambda:eu-west-1:111122223333:function:pay:3"))
        );
    }

    #[test]
    fn question_marks_placeholders_and_short_accounts_are_refused() {
        for text in [
            "arn:aws:lambda:*:11112222333:layer:deps",
            "arn:aws:lambda:*:{account}:layer:deps",
            "arn:aws:lambda:*:111122223333:layer:dep?",
            "arn:aws:lambda::111122223333:layer:deps",
            "arn:aws:s3:*:111122223333:layer:deps",
            "arn:aws:lambda:*:111122223333:alias:deps",
            "arn:aws:lambda:*:111122223333:layer:deps:7:8",
            "arn:aws:lambda:*:111122223333:layer:deps ",
        ] {
            assert!(text.parse::<ArnPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn glob_matches_the_whole_text_only() {
        for (filter, text, expected) in [
            ("v*", "v1.2", true),
            ("v*", "rev1", false),
            ("*", "", true),
            ("*", "anything", true),
            ("v1", "v1", true),
            ("v1", "v12", false),
            ("*-rc*", "v1-rc2", true),
            ("*-rc*", "v1", false),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("ab*ba", "aba", false),
            ("*a*a", "a", false),
            ("V*", "v1", false),
            ("", "v1", false),
            ("a**b", "ab", true),
        ] {
            assert_eq!(glob(filter, text), expected, "{filter} on {text}");
        }
    }

    #[test]
    fn glob_takes_the_whole_text() {
        assert!(glob("*", "") && glob("a*c", "abbc") && glob("a*b*c", "a-b-b-c") && glob("", ""));
        assert!(!glob("a*c", "abcd") && !glob("a", "aa") && !glob("", "a") && !glob("a*b", "ac"));
        assert!(!glob(&"*a".repeat(40), &"b".repeat(2000)));
    }
}

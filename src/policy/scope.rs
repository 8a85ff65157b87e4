//! Which statements are about a subject, and what their placeholders stand for there.

use std::fmt;
use std::str::FromStr;

use super::schema::{Policy, Scope, ScopeKind, Statement};
use crate::model::arn::{SigningProfileArn, is_account};
use crate::model::arn_pattern::{ArnPattern, glob};
use crate::model::artifact::Subject;
use crate::model::image_ref::ImageRef;
use crate::model::printable::printable;

/// A statement that matches a subject.
#[derive(Debug, Clone, Copy)]
pub struct Matched<'p> {
    /// The statement.
    pub statement: &'p Statement,
    /// The matching statement that replaces it for this subject, where there is one (`overrides:`).
    pub overridden_by: Option<&'p str>,
}

/// Every statement that matches `subject`, in the order of the file. Those that no other matching statement overrides must all
/// hold (DESIGN §4 rule 1). A carve-out replaces what it names even where it is replaced itself.
pub fn matching<'p>(policy: &'p Policy, subject: &Subject) -> Vec<Matched<'p>> {
    let matched: Vec<&Statement> = policy.statements.iter().filter(|s| s.scope.mismatch(subject).is_none()).collect();
    matched
        .iter()
        .map(|statement| Matched {
            statement,
            overridden_by: matched.iter().find(|s| s.overrides.as_ref() == Some(&statement.name)).map(|s| s.name.as_str()),
        })
        .collect()
}

impl Scope {
    /// Why the scope does not cover `subject`; `None` where it does.
    pub fn mismatch(&self, subject: &Subject) -> Option<String> {
        let kind = match (self.kind, subject) {
            (ScopeKind::Any, _)
            | (ScopeKind::Function, Subject::Function(_))
            | (ScopeKind::Layer, Subject::Layer(_))
            | (ScopeKind::Image, Subject::Image(_)) => None,
            (ScopeKind::Function | ScopeKind::Layer | ScopeKind::Image, _) => {
                Some(format!("it is about kind `{}`, and this is a {}", self.kind.name(), subject.kind()))
            }
        };
        kind.or_else(|| self.arn.as_ref().and_then(|pattern| arn_mismatch(pattern, subject)))
            .or_else(|| self.repository.as_ref().and_then(|pattern| repository_mismatch(pattern, subject)))
    }

    /// The account that the scope is written out for; `None` where it is not literal.
    pub fn literal_account(&self) -> Option<&str> {
        self.arn.as_ref().and_then(ArnPattern::literal_account).or_else(|| self.repository.as_ref()?.literal_account())
    }

    /// True where the scope is narrow enough to exempt by: not `any`, and written out for one account or one registry.
    pub fn is_bounded(&self) -> bool {
        match self.kind {
            ScopeKind::Any => false,
            ScopeKind::Function | ScopeKind::Layer => self.arn.as_ref().and_then(ArnPattern::literal_account).is_some(),
            ScopeKind::Image => self.repository.as_ref().is_some_and(RepositoryPattern::is_bounded),
        }
    }
}

/// `layer arn:aws:lambda:*:111122223333:layer:*`, or `every layer`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.name();
        match (&self.arn, &self.repository) {
            (Some(arn), _) => write!(f, "{kind} {arn}"),
            (None, Some(repository)) => write!(f, "{kind} {repository}"),
            (None, None) if self.kind == ScopeKind::Any => f.write_str("everything"),
            (None, None) => write!(f, "every {kind}"),
        }
    }
}

fn arn_mismatch(pattern: &ArnPattern, subject: &Subject) -> Option<String> {
    let matches = match subject {
        Subject::Function(arn) => pattern.matches_function(arn),
        Subject::Layer(arn) => pattern.matches_layer(arn),
        Subject::Image(_) => false,
        Subject::File(_) => return Some("it is about ARNs, and this is a file without one (give it with --as ARN)".into()),
    };
    (!matches).then(|| format!("`{pattern}` does not match it"))
}

fn repository_mismatch(pattern: &RepositoryPattern, subject: &Subject) -> Option<String> {
    match subject {
        Subject::Image(image) if pattern.matches(image) => None,
        Subject::Image(_) | Subject::Function(_) | Subject::Layer(_) => Some(format!("`{pattern}` does not match it")),
        Subject::File(_) => Some("it is about image repositories, and this is a file".into()),
    }
}

/// `REGISTRY/REPOSITORY` of images, where `*` stands for any run of characters and never crosses a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryPattern {
    parts: Vec<String>,
}

impl RepositoryPattern {
    /// True where the pattern covers the image's repository. Tag and digest do not matter.
    pub fn matches(&self, image: &ImageRef) -> bool {
        let uri = image.repository_uri();
        let parts: Vec<&str> = uri.split('/').collect();
        parts.len() == self.parts.len() && self.parts.iter().zip(parts).all(|(pattern, part)| glob(pattern, part))
    }

    fn registry(&self) -> &str {
        self.parts.first().map_or("", String::as_str)
    }

    /// The account of an Amazon ECR registry that is written out; its region may be `*`.
    fn literal_account(&self) -> Option<&str> {
        let (account, rest) = self.registry().split_once('.')?;
        let host = rest.strip_prefix("dkr.ecr.").or_else(|| rest.strip_prefix("dkr.ecr-fips."))?;
        let region = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
        (is_account(account) && !region.is_empty() && !region.contains('.')).then_some(account)
    }

    /// True where the registry, or the account of an ECR registry, is written out.
    fn is_bounded(&self) -> bool {
        !self.registry().contains('*') || self.literal_account().is_some()
    }
}

impl FromStr for RepositoryPattern {
    type Err = String;

    /// The error says what is expected.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let [registry, path @ ..] = parts.as_slice() else { return Err("a repository".into()) };
        let host_like = registry.contains(['.', ':', '*']) || *registry == "localhost";
        let good_host = host_like && !registry.is_empty() && registry.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]_*".contains(&b));
        let good_path = !path.is_empty()
            && path
                .iter()
                .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-*".contains(&b)));
        if text.len() > 1024 || !good_host || !good_path {
            return Err(format!(
                "`{}` is not REGISTRY/REPOSITORY without tag or digest, with `*` within a part",
                printable(&text.chars().take(200).collect::<String>())
            ));
        }
        Ok(Self { parts: parts.into_iter().map(Into::into).collect() })
    }
}

impl fmt::Display for RepositoryPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts.join("/"))
    }
}

/// A signing profile ARN in which whole segments may be placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfilePattern {
    text: String,
}

/// What a placeholder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// `{partition}` of the subject.
    Partition,
    /// `{region}` of the subject.
    Region,
    /// `{account}` that owns the subject.
    Account,
    /// `{layer_account}` that publishes the layer; of anything but a layer it stands for nothing.
    LayerAccount,
}

impl Placeholder {
    const ALL: [Self; 4] = [Self::Partition, Self::Region, Self::Account, Self::LayerAccount];

    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            Self::Partition => "{partition}",
            Self::Region => "{region}",
            Self::Account => "{account}",
            Self::LayerAccount => "{layer_account}",
        }
    }

    fn value(self, subject: &Subject) -> Option<String> {
        match self {
            Self::Region => subject.region().map(Into::into),
            Self::Account => subject.account().map(Into::into),
            Self::LayerAccount => match subject {
                Subject::Layer(arn) => Some(arn.account.clone()),
                Subject::Function(_) | Subject::Image(_) | Subject::File(_) => None,
            },
            Self::Partition => match subject {
                Subject::Function(arn) => Some(arn.partition.clone()),
                Subject::Layer(arn) => Some(arn.partition.clone()),
                Subject::Image(image) => image.ecr_repository_arn()?.split(':').nth(1).map(Into::into),
                Subject::File(_) => None,
            },
        }
    }

    /// Something of the right form, to try the rest of the ARN with.
    fn sample(self) -> &'static str {
        match self {
            Self::Partition => "aws",
            Self::Region => "us-east-1",
            Self::Account | Self::LayerAccount => "000000000000",
        }
    }
}

impl ProfilePattern {
    /// The profile for this subject; `None` where a placeholder stands for nothing there, which then matches nothing.
    pub fn resolve(&self, subject: &Subject) -> Option<SigningProfileArn> {
        self.substitute(|placeholder| placeholder.value(subject))?.parse().ok()
    }

    /// True where the profile's account depends on the subject.
    pub fn names_account_by_placeholder(&self) -> bool {
        self.segments().any(|segment| segment == Placeholder::Account.text() || segment == Placeholder::LayerAccount.text())
    }

    fn segments(&self) -> impl Iterator<Item = &str> {
        self.text.split(':')
    }

    fn substitute(&self, value: impl Fn(Placeholder) -> Option<String>) -> Option<String> {
        let segments: Option<Vec<String>> = self
            .segments()
            .map(|segment| match Placeholder::ALL.iter().find(|p| p.text() == segment) {
                Some(placeholder) => value(*placeholder),
                None => Some(segment.to_owned()),
            })
            .collect();
        Some(segments?.join(":"))
    }
}

impl FromStr for ProfilePattern {
    type Err = String;

    /// The error is a sentence.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains(['*', '?']) {
            return Err("a signing profile is named in full; wildcards are not read here".into());
        }
        let pattern = Self { text: text.to_owned() };
        let sample = pattern.substitute(|placeholder| Some(placeholder.sample().to_owned())).unwrap_or_default();
        if sample.contains(['{', '}']) {
            let names = Placeholder::ALL.map(Placeholder::text).join(" ");
            return Err(format!("a placeholder is one of {names}, and is a whole segment between colons"));
        }
        sample.parse::<SigningProfileArn>().map_err(|_| {
            format!(
                "`{}` is not a signing profile ARN, arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME[/VERSION]",
                printable(&text.chars().take(200).collect::<String>())
            )
        })?;
        Ok(pattern)
    }
}

impl fmt::Display for ProfilePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(text: &str) -> RepositoryPattern {
        text.parse().unwrap()
    }

    fn image(text: &str) -> ImageRef {
        text.parse().unwrap()
    }

    #[test]
    fn star_in_a_repository_never_crosses_a_slash() {
        let ours = repository("111122223333.dkr.ecr.*.amazonaws.com/team/*");
        assert!(ours.matches(&image("111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1")));
        assert!(!ours.matches(&image("111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app/sub:v1")));
        assert!(!ours.matches(&image("111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v1")));
        assert!(!ours.matches(&image("999922223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1")));
        assert!("*".parse::<RepositoryPattern>().is_err());
        assert!("ghcr.io/a:tag".parse::<RepositoryPattern>().is_err());
    }

    #[test]
    fn an_unresolved_placeholder_matches_nothing() {
        let by_layer: ProfilePattern = "arn:{partition}:signer:{region}:{layer_account}:/signing-profiles/release".parse().unwrap();
        let layer = Subject::Layer("arn:aws-cn:lambda:cn-north-1:111122223333:layer:deps:1".parse().unwrap());
        let function = Subject::Function("arn:aws:lambda:eu-west-1:111122223333:function:pay:1".parse().unwrap());
        assert_eq!(by_layer.resolve(&layer).unwrap().to_string(), "arn:aws-cn:signer:cn-north-1:111122223333:/signing-profiles/release");
        assert_eq!(by_layer.resolve(&function), None);
        let by_region: ProfilePattern = "arn:aws:signer:{region}:111122223333:/signing-profiles/release".parse().unwrap();
        assert_eq!(by_region.resolve(&Subject::Image(image("ghcr.io/acme/app:v1"))), None);
        assert_eq!(by_region.resolve(&Subject::File("a.zip".into())), None);
    }

    #[test]
    fn placeholders_are_whole_segments_and_known() {
        for text in [
            "arn:aws:signer:{region}x:111122223333:/signing-profiles/release",
            "arn:aws:signer:{Region}:111122223333:/signing-profiles/release",
            "arn:aws:signer:{region}:111122223333:/signing-profiles/{account}",
            "arn:aws:signer:*:111122223333:/signing-profiles/release",
            "arn:aws:signer:{region}:{region}:/signing-profiles/release",
            "arn:aws:signer:eu-west-1:111122223333:/signing-jobs/x",
        ] {
            assert!(text.parse::<ProfilePattern>().is_err(), "{text}");
        }
    }
}

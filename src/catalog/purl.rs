//! Package URLs. Specification: package-url/purl-spec, PURL-SPECIFICATION.rst and PURL-TYPES.rst.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Bytes of a package URL that is read. Real ones have a few hundred at most.
const MAX_BYTES: usize = 8_192;
/// Qualifiers of one that is read. No type defines more than six.
const MAX_QUALIFIERS: usize = 64;

/// A package URL, `pkg:TYPE/NAMESPACE/NAME@VERSION?QUALIFIERS#SUBPATH`. Sorted by its parts in this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Purl {
    /// Type, lower case: `pypi`, `npm`, `golang`, `deb`.
    pub kind: String,
    /// Segments joined by `/`, not encoded.
    pub namespace: Option<String>,
    /// Name, not encoded, normalised as the type says.
    pub name: String,
    /// Version; absent where it is not known.
    pub version: Option<String>,
    /// Qualifiers, not encoded.
    pub qualifiers: BTreeMap<String, String>,
    /// Path within the package.
    pub subpath: Option<String>,
}

impl Purl {
    /// A package URL without namespace and qualifiers; name and namespace are normalised as the type says.
    pub fn new(kind: &str, name: &str, version: Option<&str>) -> Self {
        Self {
            kind: kind.to_ascii_lowercase(),
            namespace: None,
            name: normalised(kind, name),
            version: version.map(str::trim).filter(|version| !version.is_empty()).map(str::to_owned),
            qualifiers: BTreeMap::new(),
            subpath: None,
        }
    }

    /// With a namespace, where it is not empty.
    #[must_use]
    pub fn in_namespace(mut self, namespace: &str) -> Self {
        let segments: Vec<&str> = namespace.split('/').filter(|segment| !segment.is_empty()).collect();
        let lower = matches!(self.kind.as_str(), "deb" | "apk" | "rpm" | "github" | "bitbucket" | "composer" | "golang");
        let text = segments.join("/");
        self.namespace = (!text.is_empty()).then(|| if lower { text.to_lowercase() } else { text });
        self
    }

    /// With a qualifier, where its value is not empty.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.qualifiers.insert(key.to_ascii_lowercase(), value.to_owned());
        }
        self
    }

    /// An npm package by its full name, scope included: `@aws-sdk/client-s3`.
    pub fn npm(full_name: &str, version: Option<&str>) -> Self {
        match full_name.strip_prefix('@').and_then(|rest| rest.split_once('/')) {
            Some((scope, name)) => Self::new("npm", name, version).in_namespace(&format!("@{scope}")),
            None => Self::new("npm", full_name, version),
        }
    }

    /// A Go module by its whole path: `github.com/aws/aws-sdk-go-v2/config`.
    pub fn golang(module: &str, version: Option<&str>) -> Self {
        match module.rsplit_once('/') {
            Some((namespace, name)) => Self::new("golang", name, version).in_namespace(namespace),
            None => Self::new("golang", module, version),
        }
    }

    /// The name as its ecosystem writes it: `@scope/name`, `group:artifact`, `module/path`, `vendor/package`.
    pub fn full_name(&self) -> String {
        match (&self.namespace, self.kind.as_str()) {
            (Some(namespace), "npm" | "golang" | "composer") => format!("{namespace}/{}", self.name),
            (Some(namespace), "maven") => format!("{namespace}:{}", self.name),
            (Some(_) | None, _) => self.name.clone(),
        }
    }
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}", self.kind)?;
        for segment in self.namespace.iter().flat_map(|namespace| namespace.split('/')) {
            write!(f, "/{}", encoded(segment))?;
        }
        write!(f, "/{}", encoded(&self.name))?;
        if let Some(version) = &self.version {
            write!(f, "@{}", encoded(version))?;
        }
        for (place, (key, value)) in self.qualifiers.iter().enumerate() {
            write!(f, "{}{key}={}", if place == 0 { '?' } else { '&' }, encoded(value))?;
        }
        if let Some(subpath) = &self.subpath {
            let segments: Vec<String> = subpath.split('/').filter(|s| !matches!(*s, "" | "." | "..")).map(encoded).collect();
            write!(f, "#{}", segments.join("/"))?;
        }
        Ok(())
    }
}

/// Why a text is no package URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotAPurl {
    /// Over a limit, by its name.
    #[error("over the limit `{0}`")]
    TooLong(&'static str),
    /// Another scheme, or none.
    #[error("it does not begin with `pkg:`")]
    Scheme,
    /// No type, or one with a character that no type has.
    #[error("its type is missing or has a forbidden character")]
    Type,
    /// No name.
    #[error("it has no name")]
    Name,
    /// `%` without two hexadecimal digits, or bytes that are not UTF-8.
    #[error("its percent-encoding is broken")]
    Encoding,
    /// A `/` hidden in a segment: it would make two segments of one.
    #[error("a segment has an encoded `/`")]
    Slash,
    /// A key with a forbidden character, without `=`, or given twice.
    #[error("its qualifiers are broken")]
    Qualifier,
}

impl FromStr for Purl {
    type Err = NotAPurl;

    /// Reads from right to left (purl-spec, "How to parse a purl string"), and normalises as the type says. A `@` that begins a
    /// segment before the last is no version: scopes of npm are often not encoded.
    fn from_str(text: &str) -> Result<Self, NotAPurl> {
        if text.len() > MAX_BYTES {
            return Err(NotAPurl::TooLong("purl::MAX_BYTES"));
        }
        let (rest, subpath) = text.rsplit_once('#').map_or((text, None), |(rest, subpath)| (rest, Some(subpath)));
        let (rest, qualifiers) = rest.rsplit_once('?').map_or((rest, None), |(rest, qualifiers)| (rest, Some(qualifiers)));
        let rest = rest.split_once(':').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("pkg")).ok_or(NotAPurl::Scheme)?.1;
        let (kind, rest) = rest.trim_start_matches('/').split_once('/').ok_or(NotAPurl::Name)?;
        let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
        let is_start = |path: &str| path.is_empty() || path.ends_with('/');
        if !kind.starts_with(|c: char| c.is_ascii_alphabetic()) || !kind.chars().all(is_letter) {
            return Err(NotAPurl::Type);
        }
        let (path, version) = match rest.rsplit_once('@') {
            Some((path, name)) if is_start(path) && name.contains('/') => (rest, None),
            Some((path, _)) if is_start(path) => return Err(NotAPurl::Name),
            Some((path, version)) => (path, Some(decoded(version)?)),
            None => (rest, None),
        };
        let (namespace, name) = match path.trim_matches('/').rsplit_once('/') {
            Some((namespace, name)) => (segments(namespace, |_| false)?, name),
            None => (None, path.trim_matches('/')),
        };
        let name = decoded(name)?;
        if name.trim().is_empty() {
            return Err(NotAPurl::Name);
        }
        let mut purl = Self::new(kind, &name, version.as_deref()).in_namespace(namespace.as_deref().unwrap_or_default());
        purl.qualifiers = qualifiers.map(pairs).transpose()?.unwrap_or_default();
        purl.subpath = subpath.map(|subpath| segments(subpath, |segment| matches!(segment, "." | ".."))).transpose()?.flatten();
        Ok(purl)
    }
}

/// Segments, decoded one by one, without the empty ones and those to be dropped; `None` where nothing is left.
fn segments(text: &str, is_dropped: fn(&str) -> bool) -> Result<Option<String>, NotAPurl> {
    let mut kept = Vec::new();
    for segment in text.split('/') {
        let segment = decoded(segment)?;
        if segment.contains('/') {
            return Err(NotAPurl::Slash);
        }
        if !segment.is_empty() && !is_dropped(&segment) {
            kept.push(segment);
        }
    }
    Ok((!kept.is_empty()).then(|| kept.join("/")))
}

/// `key=value` pairs; those without a value are none.
fn pairs(text: &str) -> Result<BTreeMap<String, String>, NotAPurl> {
    let mut all = BTreeMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or(NotAPurl::Qualifier)?;
        let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if !key.starts_with(|c: char| c.is_ascii_alphabetic()) || !key.chars().all(is_letter) {
            return Err(NotAPurl::Qualifier);
        }
        let value = decoded(value)?;
        if value.is_empty() {
            continue;
        }
        if all.insert(key.to_ascii_lowercase(), value).is_some() {
            return Err(NotAPurl::Qualifier);
        }
        if all.len() > MAX_QUALIFIERS {
            return Err(NotAPurl::TooLong("purl::MAX_QUALIFIERS"));
        }
    }
    Ok(all)
}

/// Percent-decoded. A `+` stands for itself.
fn decoded(text: &str) -> Result<String, NotAPurl> {
    let digit = |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = digit(bytes.next()).ok_or(NotAPurl::Encoding)?;
            let low = digit(bytes.next()).ok_or(NotAPurl::Encoding)?;
            out.push((high << 4) | low);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).map_err(|_| NotAPurl::Encoding)
}

/// The name as the type's rules have it.
fn normalised(kind: &str, name: &str) -> String {
    match kind.to_ascii_lowercase().as_str() {
        "pypi" => {
            // PEP 503: runs of `-`, `_` and `.` are one `-`.
            let mut out = String::with_capacity(name.len());
            for c in name.chars() {
                if matches!(c, '-' | '_' | '.') {
                    if !out.ends_with('-') {
                        out.push('-');
                    }
                } else {
                    out.extend(c.to_lowercase());
                }
            }
            out
        }
        "deb" | "apk" | "composer" | "github" | "bitbucket" | "golang" => name.to_lowercase(),
        _ => name.to_owned(),
    }
}

/// Percent-encoded, but for letters, digits and `-._~:`.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Purl {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn refused(text: &str) -> NotAPurl {
        text.parse::<Purl>().expect_err(text)
    }

    #[test]
    fn what_has_no_scheme_type_or_name_is_none() {
        assert_eq!(refused("lodash@4.17.21"), NotAPurl::Scheme);
        assert_eq!(refused("http://example.org/a@1"), NotAPurl::Scheme);
        assert_eq!(refused("pkg%3Amaven/org.example/a"), NotAPurl::Scheme);
        assert_eq!(refused("pkg:lodash@4.17.21"), NotAPurl::Name);
        assert_eq!(refused("pkg:npm/"), NotAPurl::Name);
        assert_eq!(refused("pkg:maven/@1.3.4"), NotAPurl::Name);
        assert_eq!(refused("pkg:3npm/a@1"), NotAPurl::Type);
        assert_eq!(refused("pkg:n:pm/a@1"), NotAPurl::Type);
        assert_eq!(refused("pkg:n%70m/a@1"), NotAPurl::Type);
        assert_eq!(refused(""), NotAPurl::Scheme);
    }

    #[test]
    fn an_encoded_slash_makes_no_segment() {
        assert_eq!(refused("pkg:generic/a%2Fb/c@1"), NotAPurl::Slash);
        assert_eq!(refused("pkg:generic/c@1#a/b%2fc"), NotAPurl::Slash);
    }

    #[test]
    fn broken_encoding_is_refused_not_guessed() {
        for text in ["pkg:pypi/a%", "pkg:pypi/a%2", "pkg:pypi/a%zz", "pkg:pypi/a@%ff", "pkg:pypi/a@1?b=%f"] {
            assert_eq!(refused(text), NotAPurl::Encoding, "{text}");
        }
    }

    #[test]
    fn keys_are_plain_and_given_once() {
        for text in ["pkg:npm/a@1?in%20x=true", "pkg:npm/a@1?arch", "pkg:npm/a@1?1a=b", "pkg:npm/a@1?arch=x&ARCH=y"] {
            assert_eq!(refused(text), NotAPurl::Qualifier, "{text}");
        }
    }

    #[test]
    fn a_text_without_end_is_refused() {
        assert_eq!(refused(&format!("pkg:npm/{}", "a".repeat(MAX_BYTES))), NotAPurl::TooLong("purl::MAX_BYTES"));
        let many: String = (0..=MAX_QUALIFIERS).map(|n| format!("k{n}=v&")).collect();
        assert_eq!(refused(&format!("pkg:npm/a?{many}")), NotAPurl::TooLong("purl::MAX_QUALIFIERS"));
    }

    #[test]
    fn every_part_is_decoded() {
        let purl = read("pkg:deb/debian/g%2B%2B@4%3A10.2.1-1?arch=amd64&distro=debian%2D12#a%20b/c");
        assert_eq!(purl.kind, "deb");
        assert_eq!(purl.namespace.as_deref(), Some("debian"));
        assert_eq!(purl.name, "g++");
        assert_eq!(purl.version.as_deref(), Some("4:10.2.1-1"));
        assert_eq!(purl.qualifiers, BTreeMap::from([("arch".into(), "amd64".into()), ("distro".into(), "debian-12".into())]));
        assert_eq!(purl.subpath.as_deref(), Some("a b/c"));
        assert_eq!(purl.to_string(), "pkg:deb/debian/g%2B%2B@4:10.2.1-1?arch=amd64&distro=debian-12#a%20b/c");
    }

    #[test]
    fn a_scope_is_no_version() {
        for text in ["pkg:npm/%40angular/core@12.3.1", "pkg:npm/@angular/core@12.3.1", "pkg://npm//@angular/core@12.3.1"] {
            assert_eq!(read(text), Purl::npm("@angular/core", Some("12.3.1")), "{text}");
        }
        assert_eq!(read("pkg:npm/@angular/core"), Purl::npm("@angular/core", None));
        assert_eq!(read("pkg:generic/tool@releases/1.0"), Purl::new("generic", "tool", Some("releases/1.0")));
        assert_eq!(read("pkg:npm/@angular/core#/a/../b/./c/").subpath.as_deref(), Some("a/b/c"));
    }

    #[test]
    fn what_says_nothing_is_not_there() {
        let purl = read("pkg:npm/a@?b=&c=1#/./..");
        assert_eq!((purl.version, purl.subpath), (None, None));
        assert_eq!(purl.qualifiers, BTreeMap::from([("c".into(), "1".into())]));
    }

    #[test]
    fn names_follow_the_rules_of_their_type() {
        assert_eq!(read("pkg:PYPI/Typing_Extensions@4.12"), Purl::new("pypi", "typing-extensions", Some("4.12")));
        assert_eq!(read("pkg:deb/Debian/Curl@8").to_string(), "pkg:deb/debian/curl@8");
        assert_eq!(read("pkg:maven/Org.Example/Some-Thing@1.0-RC1").to_string(), "pkg:maven/Org.Example/Some-Thing@1.0-RC1");
        assert_eq!(read("pkg:nuget/Newtonsoft.Json@13.0.1").to_string(), "pkg:nuget/Newtonsoft.Json@13.0.1");
        assert_eq!(read("pkg:github/Package-URL/Purl-Spec@244FD47").to_string(), "pkg:github/package-url/purl-spec@244FD47");
    }

    #[test]
    fn what_is_written_is_read_back_as_it_was() {
        let all = [
            Purl::npm("@aws-sdk/client-s3", Some("3.1.0")),
            Purl::golang("github.com/aws/aws-sdk-go-v2/config", Some("v1.2.3+incompatible")),
            Purl::new("rpm", "libstdc++", Some("11.4.1-2.amzn2023.0.2")).in_namespace("amzn").with("arch", "x86_64").with("epoch", "1"),
            Purl::new("generic", "a b/c@d?e#f%", Some("1/2 @#?%"))
                .in_namespace("x y/z@")
                .with("download_url", "https://a.example/?b=c&d#e"),
            Purl { subpath: Some("a b/c#d".into()), ..Purl::new("cargo", "ring", None) },
        ];
        for purl in all {
            assert_eq!(read(&purl.to_string()), purl, "{purl}");
        }
    }

    #[test]
    fn npm_packages_that_differ_in_case_are_two() {
        // Both names are taken, by two packages.
        assert_ne!(Purl::npm("JSONStream", Some("1.0.0")), Purl::npm("jsonstream", Some("1.0.0")));
        assert_eq!(Purl::npm("JSONStream", Some("1.0.0")).to_string(), "pkg:npm/JSONStream@1.0.0");
    }
}

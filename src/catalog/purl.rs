//! Package URLs. Specification: package-url/purl-spec, PURL-SPECIFICATION.rst and PURL-TYPES.rst.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

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
        "deb" | "apk" | "composer" | "github" | "bitbucket" | "golang" | "npm" => name.to_lowercase(),
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

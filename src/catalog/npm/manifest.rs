//! `package.json`. Specification: package.json, docs of the npm CLI 11.

use std::collections::BTreeMap;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::place::Place;
use super::{integrity, text_link};
use crate::catalog::{Basis, Evidence, Facts, Flaw, Licence, Link, LinkKind, Package, Purl, Requirement};

/// Needs of one package, of each kind. Real ones have some hundred.
const MAX_REQUIREMENTS: usize = 5_000;
/// Bytes of a name or version; npm allows names of 214.
const MAX_NAME_BYTES: usize = 512;
/// Bytes of a description or author that are kept.
const MAX_TEXT_BYTES: usize = 1_024;
/// Licences of one package.
const MAX_LICENCES: usize = 16;

/// Note: why a file outside of `node_modules` is no manifest of an application.
pub(super) const MALFORMED: &str = "malformed";

/// The keys that are of use.
const OF_USE: [&str; 14] = [
    "name",
    "version",
    "description",
    "license",
    "licenses",
    "author",
    "homepage",
    "repository",
    "bugs",
    "dependencies",
    "optionalDependencies",
    "peerDependencies",
    "_integrity",
    "_resolved",
];

/// What a `package.json` says. Outside of `node_modules` most files of this name are of no interest: what is wrong with one is a note,
/// and only a flaw where it turns out to be an application's.
pub(super) fn read(path: &str, folder: &str, bytes: &[u8], cataloger: &str) -> Result<Facts, Flaw> {
    match (Place::of(folder), package(path, bytes, cataloger)) {
        (Place::Installed(name), Ok(mut facts)) => {
            if let Some(package) = facts.packages.first_mut() {
                package.root = Some(folder.to_owned());
                if package.name != name {
                    package.properties.insert("layerproof:installed-as".into(), name.to_owned());
                }
            }
            Ok(facts)
        }
        (Place::Installed(_), Err(flaw)) => Err(flaw),
        (Place::Loose, Ok(facts)) => Ok(facts),
        (Place::Loose, Err(flaw)) => Ok(Facts { notes: vec![(MALFORMED.into(), flaw.detail)], ..Facts::default() }),
        (Place::Inside, _) => Ok(Facts::default()),
    }
}

fn package(path: &str, bytes: &[u8], cataloger: &str) -> Result<Facts, Flaw> {
    // npm and Node.js both pass over the mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Fields(fields) = match serde_json::from_slice(bytes) {
        Ok(fields) => fields,
        // What is not UTF-8 is most often an author's name in Latin-1: Node.js replaces it and goes on.
        Err(e) if std::str::from_utf8(bytes).is_ok() => return Err(Flaw::malformed(e.to_string())),
        Err(_) => serde_json::from_str(&String::from_utf8_lossy(bytes)).map_err(|e| Flaw::malformed(e.to_string()))?,
    };
    let text = |key: &str| fields.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let (Some(name), Some(version)) = (text("name"), text("version")) else {
        return Err(Flaw::malformed("`name` and `version` are not both there"));
    };
    if name.len() > MAX_NAME_BYTES || version.len() > MAX_NAME_BYTES {
        return Err(Flaw::too_large("npm::manifest::MAX_NAME_BYTES", format!("a name or version of more than {MAX_NAME_BYTES} bytes")));
    }
    let mut package = Package::new(Purl::npm(name, Some(version)), Basis::Installed, Evidence::metadata(path, cataloger));
    package.name = name.to_owned();
    package.description = text("description").map(cut);
    package.supplier = fields.get("author").and_then(person);
    package.licences = licences(&fields);
    package.links.extend(fields.get("homepage").and_then(Value::as_str).and_then(|url| text_link(LinkKind::Website, url)));
    package.links.extend(fields.get("repository").and_then(repository));
    package.links.extend(fields.get("bugs").and_then(address).and_then(|url| text_link(LinkKind::IssueTracker, url)));
    // npm before 7 wrote into the manifest what it had installed.
    package.links.extend(text("_resolved").and_then(|url| text_link(LinkKind::Distribution, url)));
    package.hashes.extend(text("_integrity").into_iter().flat_map(integrity));
    if name == "aws-lambda-ric" {
        package.properties.insert("layerproof:lambda-role".into(), "runtime-interface-client".into());
    }
    let mut facts = Facts { packages: vec![package], ..Facts::default() };
    needs(&fields, &mut facts);
    Ok(facts)
}

/// What it needs. A name that stands in `optionalDependencies` as well is optional, as npm has it.
fn needs(fields: &BTreeMap<String, Value>, facts: &mut Facts) {
    let mut needs: BTreeMap<&str, (&str, bool)> = BTreeMap::new();
    for (key, optional) in [("peerDependencies", true), ("dependencies", false), ("optionalDependencies", true)] {
        let all = fields.get(key).and_then(Value::as_object).into_iter().flatten();
        for (place, (name, constraint)) in all.enumerate() {
            if place >= MAX_REQUIREMENTS {
                let detail = format!("more than {MAX_REQUIREMENTS} of `{key}`");
                facts.flaws.push(Flaw::too_large("npm::manifest::MAX_REQUIREMENTS", detail));
                break;
            }
            needs.insert(name, (constraint.as_str().unwrap_or_default(), optional));
        }
    }
    facts.requires = needs
        .into_iter()
        .filter(|(name, (constraint, _))| !name.is_empty() && name.len() <= MAX_NAME_BYTES && constraint.len() <= MAX_TEXT_BYTES)
        .map(|(name, (constraint, optional))| (0, Requirement { name: name.to_owned(), constraint: constraint.to_owned(), optional }))
        .collect();
}

/// `license` as text or `{type, url}`, and the older `licenses`, a list of either.
fn licences(fields: &BTreeMap<String, Value>) -> Vec<Licence> {
    let one = |value: &Value| Licence::read(value.as_str().or_else(|| value.get("type")?.as_str())?);
    let many = |value: &Value| -> Vec<Licence> {
        match value {
            Value::Array(all) => all.iter().take(MAX_LICENCES).filter_map(one).collect(),
            other => one(other).into_iter().collect(),
        }
    };
    ["license", "licenses"].iter().filter_map(|key| fields.get(*key)).map(many).find(|all| !all.is_empty()).unwrap_or_default()
}

/// `Name <mail> (url)`, or an object of the three.
fn person(value: &Value) -> Option<String> {
    let text = value.as_str().or_else(|| value.get("name")?.as_str())?.trim();
    (!text.is_empty()).then(|| cut(text))
}

/// `repository` as an address, as `{type, url}`, or as the short form `owner/name` and `host:owner/name`.
fn repository(value: &Value) -> Option<Link> {
    let url = address(value)?.trim();
    let is_short = |path: &str| path.split('/').count() == 2 && !path.contains([':', '@', ' ']);
    let hosts = [("github:", "https://github.com/"), ("gitlab:", "https://gitlab.com/"), ("bitbucket:", "https://bitbucket.org/")];
    let short = hosts.iter().find_map(|(name, host)| Some(format!("{host}{}", url.strip_prefix(name).filter(|path| is_short(path))?)));
    let url = match short {
        Some(url) => url,
        None if is_short(url) => format!("https://github.com/{url}"),
        // `git@host:path`, as ssh has it, is no URL.
        None => match url.strip_prefix("git@").and_then(|rest| rest.split_once(':')) {
            Some((host, path)) => format!("ssh://git@{host}/{path}"),
            None => url.to_owned(),
        },
    };
    text_link(LinkKind::Vcs, &url)
}

fn address(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("url")?.as_str())
}

fn cut(text: &str) -> String {
    text.get(..text.floor_char_boundary(MAX_TEXT_BYTES)).unwrap_or_default().to_owned()
}

/// The keys of use. Of a key that stands twice the last counts, as in JavaScript.
struct Fields(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Fields;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some(key) = map.next_key::<String>()? {
                    if OF_USE.contains(&key.as_str()) {
                        fields.insert(key, map.next_value()?);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

//! `package-lock.json`, `npm-shrinkwrap.json` and `node_modules/.package-lock.json`, versions 1 to 3. Specification: package-lock.json,
//! docs of the npm CLI 11.

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{integrity, place, text_link};
use crate::catalog::{Basis, Evidence, Facts, Flaw, Licence, LinkKind, Package, Purl, Requirement, Scope};

/// Packages of one lock. The largest real ones have some ten thousand.
const MAX_ENTRIES: usize = 50_000;
/// Bytes of the folder of a package. Linux takes 4,096.
const MAX_PATH_BYTES: usize = 4_096;
/// Needs of one package.
const MAX_REQUIREMENTS: usize = 5_000;
/// Bytes of a version.
const MAX_VERSION_BYTES: usize = 512;

/// Packages as the lock declares them, each with the folder that it would be in (`Package::root`).
pub(super) fn read(path: &str, folder: &str, bytes: &[u8], cataloger: &str) -> Result<Facts, Flaw> {
    // `.package-lock.json` lies in the `node_modules` that its keys begin with.
    let base = folder.strip_suffix("/node_modules").unwrap_or(if folder == "node_modules" { "" } else { folder });
    let mut lock = Lock { path, base, cataloger, facts: Facts::default(), is_full: false };
    let mut json = serde_json::Deserializer::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    Top(&mut lock).deserialize(&mut json).and_then(|()| json.end()).map_err(|e| Flaw::malformed(e.to_string()))?;
    if lock.is_full {
        lock.facts.flaws.push(Flaw::too_large("npm::lock::MAX_ENTRIES", format!("more than {MAX_ENTRIES} packages")));
    }
    Ok(lock.facts)
}

struct Lock<'a> {
    path: &'a str,
    base: &'a str,
    cataloger: &'a str,
    facts: Facts,
    is_full: bool,
}

impl Lock<'_> {
    /// One package, by its folder below the base: `node_modules/a/node_modules/b`.
    fn add(&mut self, key: &str, entry: &Entry) {
        let Some(name) = place::below_last(key).and_then(|below| place::package_name(below).filter(|name| name.len() == below.len()))
        else {
            return; // the application itself, or a workspace
        };
        let Some(version) = entry.version.as_deref().filter(|version| version.len() <= MAX_VERSION_BYTES) else { return };
        let root = if self.base.is_empty() { key.to_owned() } else { format!("{}/{key}", self.base) };
        if entry.is_link || root.len() > MAX_PATH_BYTES || key.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return;
        }
        let at = self.facts.packages.len();
        if at >= MAX_ENTRIES {
            self.is_full = true;
            return;
        }
        let (name, version) = alias(version).unwrap_or((entry.name.as_deref().unwrap_or(name), version));
        let mut evidence = Evidence::metadata(self.path, self.cataloger);
        evidence.confidence = 80;
        let mut package = Package::new(Purl::npm(name, Some(version)), Basis::Declared, evidence);
        package.name = name.to_owned();
        package.root = Some(root);
        package.scope = match (entry.is_dev, entry.is_optional) {
            (true, _) => Scope::Excluded,
            (false, true) => Scope::Optional,
            (false, false) => Scope::Required,
        };
        package.licences.extend(entry.license.as_deref().and_then(Licence::read));
        package.hashes.extend(entry.integrity.iter().flat_map(|text| integrity(text)));
        package.links.extend(
            entry
                .resolved
                .as_deref()
                .and_then(|url| text_link(if url.starts_with("git") { LinkKind::Vcs } else { LinkKind::Distribution }, url)),
        );
        self.facts.packages.push(package);
        self.facts.requires.extend(entry.needs.iter().cloned().map(|need| (at, need)));
    }
}

/// `npm:name@version`, as version 1 writes what is installed under another name.
fn alias(version: &str) -> Option<(&str, &str)> {
    version.strip_prefix("npm:")?.rsplit_once('@').filter(|(name, _)| !name.is_empty())
}

/// The lock.
struct Top<'l, 'a>(&'l mut Lock<'a>);

impl<'de> DeserializeSeed<'de> for Top<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Top<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a lock of npm")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut is_flat = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                // Version 2 says everything twice: `packages` is the better one.
                "packages" => {
                    self.0.facts = Facts::default();
                    self.0.is_full = false;
                    is_flat = true;
                    map.next_value_seed(Entries { lock: self.0, above: None })?;
                }
                "dependencies" if !is_flat => map.next_value_seed(Entries { lock: self.0, above: Some("") })?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Packages by folder (`above` is `None`), or by name below the folder `above` (version 1).
struct Entries<'l, 'a, 'p> {
    lock: &'l mut Lock<'a>,
    above: Option<&'p str>,
}

impl<'de> DeserializeSeed<'de> for Entries<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("packages of a lock")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let folder = match self.above {
                None => key,
                Some("") => format!("node_modules/{key}"),
                Some(above) => format!("{above}/node_modules/{key}"),
            };
            if self.lock.is_full || folder.len() > MAX_PATH_BYTES {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let below = self.above.map(|_| folder.as_str());
            let entry = map.next_value_seed(One { lock: self.lock, below })?;
            self.lock.add(&folder, &entry);
        }
        Ok(())
    }
}

/// What a lock says of a package.
#[derive(Default)]
struct Entry {
    name: Option<String>,
    version: Option<String>,
    resolved: Option<String>,
    integrity: Option<String>,
    license: Option<String>,
    is_dev: bool,
    is_optional: bool,
    is_link: bool,
    needs: Vec<Requirement>,
}

/// One package. Of version 1 the packages below it stand in `dependencies`, and its needs in `requires`.
struct One<'l, 'a, 'p> {
    lock: &'l mut Lock<'a>,
    below: Option<&'p str>,
}

impl<'de> DeserializeSeed<'de> for One<'_, '_, '_> {
    type Value = Entry;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Entry, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for One<'_, '_, '_> {
    type Value = Entry;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a package of a lock")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let mut entry = Entry::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "name" => entry.name = map.next_value::<Text>()?.0,
                "version" => entry.version = map.next_value::<Text>()?.0,
                "resolved" => entry.resolved = map.next_value::<Text>()?.0,
                "integrity" => entry.integrity = map.next_value::<Text>()?.0,
                "license" => entry.license = map.next_value::<Text>()?.0,
                "dev" => entry.is_dev = map.next_value::<Value>()? == Value::Bool(true),
                "optional" | "devOptional" => entry.is_optional |= map.next_value::<Value>()? == Value::Bool(true),
                "link" => entry.is_link = map.next_value::<Value>()? == Value::Bool(true),
                "dependencies" if self.below.is_some() => {
                    map.next_value_seed(Entries { lock: &mut *self.lock, above: self.below })?;
                }
                "dependencies" | "requires" => needs(&map.next_value()?, false, &mut entry.needs),
                "optionalDependencies" | "peerDependencies" => needs(&map.next_value()?, true, &mut entry.needs),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(entry)
    }
}

fn needs(value: &Value, optional: bool, into: &mut Vec<Requirement>) {
    for (name, constraint) in value.as_object().into_iter().flatten().take(MAX_REQUIREMENTS) {
        let constraint = constraint.as_str().unwrap_or_default();
        if name.len() <= MAX_VERSION_BYTES && constraint.len() <= MAX_VERSION_BYTES {
            into.push(Requirement { name: name.clone(), constraint: constraint.to_owned(), optional });
        }
    }
}

/// Text, or anything else, which says nothing.
struct Text(Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(Some(text))),
            _ => Ok(Self(None)),
        }
    }
}

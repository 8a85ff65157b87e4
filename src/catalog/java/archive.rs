//! A jar, war, ear or par, and those within it: one at a time, within limits that hold for all of them together.
//! Formats: JAR File Specification; Spring Boot "Nested JARs"; Jakarta EE Platform 10, EE.8 (ear, war).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::identity::identify;
use super::manifest::Manifest;
use super::pom::{self, Place, Pom};
use super::{NO_VERSION, describe, is_archive};
use crate::catalog::{Edge, Facts, Flaw, PackageKind, Relation};
use crate::unpack::{Limits, ZipEntry, ZipIndex};

/// Archives within each other, the outermost included. An ear holds wars, a war jars, and these now and then one more.
const MAX_DEPTH: usize = 5;
/// Archives within one, at any depth. Large Spring Boot applications have some 600.
const MAX_ARCHIVES: u32 = 4_096;
/// Entries of all of them. An agent with everything shaded into it has 17,000.
const MAX_ENTRIES: u64 = 500_000;
/// Bytes read out of them, inflated: nested archives, manifests and poms. Lambda refuses to deploy more than 250 MB.
const MAX_INFLATED: u64 = 512 << 20;
/// Bytes of manifests and poms among them. Those of the 600 jars of a large application have some 12 MB.
const MAX_METADATA: u64 = 128 << 20;
/// Bytes of one archive within another.
const MAX_NESTED: u64 = 128 << 20;
/// Bytes of a manifest. That of a signed jar has some hundred for each entry.
const MAX_MANIFEST: u64 = 16 << 20;
/// Folders below `META-INF/maven/` in all of them.
const MAX_POMS: u32 = 10_000;
/// Needs that all poms state. The 600 jars of a large application state some 6,000.
const MAX_NEEDS: usize = 50_000;
/// Bytes of an entry's name. Real ones have up to 300; evidence has up to six of them in one path.
const MAX_NAME: usize = 1_024;
/// Folders of classes that are told apart in one archive.
const MAX_ROOTS: usize = 256;
/// Flaws that are told one by one: an archive can hold any number of broken ones.
const MAX_FLAWS: usize = 32;

/// What the walk through one file of the artifact may still use, and what it found.
pub(super) struct Walk {
    pub(super) facts: Facts,
    limits: Limits,
    archives: u32,
    entries: u64,
    inflated: u64,
    metadata: u64,
    poms: u32,
    flaws: usize,
}

/// What is of use in one archive: places in its list of entries.
#[derive(Default)]
struct Contents {
    manifest: Option<usize>,
    poms: BTreeMap<String, (Option<usize>, Option<usize>)>,
    nested: Vec<usize>,
    /// Where its classes lie, see [`root_of`].
    roots: BTreeSet<String>,
}

impl Walk {
    pub(super) fn new() -> Self {
        let limits = Limits { entries: MAX_ENTRIES, directory_bytes: 128 << 20, time: Duration::from_secs(120), ..Limits::default() };
        Self { facts: Facts::default(), limits, archives: 0, entries: 0, inflated: 0, metadata: 0, poms: 0, flaws: 0 }
    }

    /// Reads one archive and those within it. `path` is how evidence names it. The packages that it is, by index: itself, or, where
    /// nothing says what it is, those that lie in it.
    pub(super) fn read(&mut self, path: &str, bytes: Arc<Vec<u8>>, depth: usize) -> Result<Vec<usize>, Flaw> {
        let index = ZipIndex::in_memory(bytes, path, &self.limits).map_err(|e| Flaw::malformed(e.to_string()))?;
        self.entries = self.entries.saturating_add(index.entries.len() as u64);
        if self.entries > MAX_ENTRIES {
            let detail = format!("more than {MAX_ENTRIES} entries, those of archives within it included");
            return Err(Flaw::too_large("java::MAX_ENTRIES", detail));
        }
        if !index.complete {
            self.flaw(path, Flaw::malformed("not all of its entries could be listed"));
        }
        let contents = self.contents(path, &index);
        let manifest = self.manifest(path, &index, contents.manifest);
        let poms = self.poms(path, &index, contents.poms);
        let heads = self.packages(path, &manifest, &poms);
        self.ask_whose(path, &contents.roots, &heads);
        for place in contents.nested {
            let Some(entry) = index.entries.get(place) else { continue };
            let inner = format!("{path}!/{}", name(entry));
            match self.nested(&index, entry, &inner, depth) {
                Ok(found) => self.contain(&heads.own, &found),
                Err(flaw) => self.flaw(&inner, flaw),
            }
        }
        let Heads { own, others } = heads;
        Ok(own.map_or(others, |own| vec![own]))
    }

    fn nested(&mut self, index: &ZipIndex, entry: &ZipEntry, path: &str, depth: usize) -> Result<Vec<usize>, Flaw> {
        if depth.saturating_add(1) >= MAX_DEPTH {
            return Err(Flaw::too_large("java::MAX_DEPTH", format!("more than {MAX_DEPTH} archives within each other")));
        }
        self.archives = self.archives.saturating_add(1);
        if self.archives > MAX_ARCHIVES {
            return Err(Flaw::too_large("java::MAX_ARCHIVES", format!("more than {MAX_ARCHIVES} archives within it")));
        }
        let bytes = self.bytes(index, entry, MAX_NESTED, "java::MAX_NESTED")?;
        self.read(path, Arc::new(bytes), depth.saturating_add(1))
    }

    /// An entry's bytes. What it says of its size counts before it is read, so that a lie costs the liar.
    fn bytes(&mut self, index: &ZipIndex, entry: &ZipEntry, most: u64, limit: &str) -> Result<Vec<u8>, Flaw> {
        if entry.size > most {
            return Err(Flaw::too_large(limit, format!("{} bytes, at most {most} are read", entry.size)));
        }
        self.inflated = self.inflated.saturating_add(entry.size);
        if self.inflated > MAX_INFLATED {
            let detail = format!("more than {MAX_INFLATED} bytes in archives within it");
            return Err(Flaw::too_large("java::MAX_INFLATED", detail));
        }
        index.read(entry, most).map_err(|e| Flaw::malformed(e.to_string()))
    }

    /// As [`Self::bytes`], for what is kept for longer than the archive.
    fn metadata(&mut self, index: &ZipIndex, entry: &ZipEntry, most: u64, limit: &str) -> Result<Vec<u8>, Flaw> {
        self.metadata = self.metadata.saturating_add(entry.size);
        if self.metadata > MAX_METADATA {
            let detail = format!("more than {MAX_METADATA} bytes of manifests and poms");
            return Err(Flaw::too_large("java::MAX_METADATA", detail));
        }
        self.bytes(index, entry, most, limit)
    }

    fn contents(&mut self, path: &str, index: &ZipIndex) -> Contents {
        let mut contents = Contents::default();
        for (place, entry) in index.entries.iter().enumerate().filter(|(_, entry)| !entry.is_dir()) {
            let raw = entry.raw_name.as_slice();
            let is_manifest = raw.eq_ignore_ascii_case(b"META-INF/MANIFEST.MF");
            let is_pom = raw.ends_with(b"/pom.properties") || raw.ends_with(b"/pom.xml");
            let is_nested = is_archive(raw);
            // The second is how agents keep classes from being loaded before they are asked for.
            if raw.ends_with(b".class") || raw.ends_with(b".classdata") {
                let name = name(entry);
                if let Some(root) = root_of(&name).filter(|root| !contents.roots.contains(*root) && contents.roots.len() < MAX_ROOTS) {
                    contents.roots.insert(root.to_owned());
                }
                continue;
            }
            if !is_manifest && !is_pom && !is_nested {
                continue;
            }
            if raw.len() > MAX_NAME {
                self.flaw(path, Flaw::too_large("java::MAX_NAME", format!("a name of {} bytes, at most {MAX_NAME} are read", raw.len())));
                continue;
            }
            if is_manifest {
                // Java's own reader takes the last one.
                if contents.manifest.replace(place).is_some() {
                    self.flaw(path, Flaw::malformed("more than one META-INF/MANIFEST.MF"));
                }
            } else if is_nested {
                contents.nested.push(place);
            } else {
                let name = name(entry);
                if Place::of(&name, "pom.properties").is_some() {
                    let folder = name.strip_suffix("/pom.properties").unwrap_or_default().to_owned();
                    contents.poms.entry(folder).or_default().0 = Some(place);
                } else if Place::of(&name, "pom.xml").is_some() {
                    let folder = name.strip_suffix("/pom.xml").unwrap_or_default().to_owned();
                    contents.poms.entry(folder).or_default().1 = Some(place);
                }
            }
        }
        contents
    }

    fn manifest(&mut self, path: &str, index: &ZipIndex, place: Option<usize>) -> Manifest {
        let Some(entry) = place.and_then(|place| index.entries.get(place)) else { return Manifest::default() };
        let bytes = self.metadata(index, entry, MAX_MANIFEST, "java::MAX_MANIFEST");
        bytes.and_then(|bytes| Manifest::parse(&bytes)).unwrap_or_else(|flaw| {
            self.flaw(&format!("{path}!/META-INF/MANIFEST.MF"), flaw);
            Manifest::default()
        })
    }

    fn poms(&mut self, path: &str, index: &ZipIndex, folders: BTreeMap<String, (Option<usize>, Option<usize>)>) -> Vec<Pom> {
        let mut poms = Vec::new();
        for (folder, (properties, xml)) in folders {
            self.poms = self.poms.saturating_add(1);
            if self.poms > MAX_POMS {
                self.flaw(path, Flaw::too_large("java::MAX_POMS", format!("more than {MAX_POMS} folders below META-INF/maven")));
                break;
            }
            let mut read = |place: Option<usize>, file: &str| {
                let entry = index.entries.get(place?)?;
                self.metadata(index, entry, pom::MAX_BYTES, "java::MAX_BYTES")
                    .map_err(|flaw| self.flaw(&format!("{path}!/{folder}/{file}"), flaw))
                    .ok()
            };
            let (properties, xml) = (read(properties, "pom.properties"), read(xml, "pom.xml"));
            let file = if properties.is_some() { "pom.properties" } else { "pom.xml" };
            let name = format!("{folder}/{file}");
            let Some(place) = Place::of(&name, file) else { continue };
            if properties.is_none() && xml.is_none() {
                continue;
            }
            let (pom, flaw) = Pom::read(place, &name, properties.as_deref(), xml.as_deref());
            if let Some(flaw) = flaw {
                self.flaw(&format!("{path}!/{folder}/pom.xml"), flaw);
            }
            poms.push(pom);
        }
        poms
    }

    /// The package that an archive is, and those whose poms lie in it.
    fn packages(&mut self, path: &str, manifest: &Manifest, poms: &[Pom]) -> Heads {
        let file = path.rsplit_once('/').map_or(path, |(_, file)| file);
        let (stem, extension) = file.rsplit_once('.').unwrap_or((file, ""));
        let identity = identify(Some(stem), manifest, poms);
        let own_pom = identity.as_ref().and_then(|identity| identity.pom);
        let own = identity.map(|identity| {
            let pom = identity.pom.and_then(|place| poms.get(place));
            let evidence = match pom {
                Some(pom) => format!("{path}!/{}", pom.path),
                None => path.to_owned(),
            };
            let mut package = describe::own(&identity, pom, manifest, &evidence);
            if !extension.eq_ignore_ascii_case("jar") || manifest.get("start-class").is_some() {
                package.kind = PackageKind::Application;
            }
            if !path.contains("!/") {
                package.files.insert(path.to_owned());
            }
            if package.purl.version.is_none() {
                self.facts.incomplete.get_or_insert_with(|| NO_VERSION.to_owned());
            }
            let place = self.facts.packages.len();
            self.facts.packages.push(package);
            self.need(place, pom);
            place
        });
        let mut others = Vec::new();
        for (_, pom) in poms.iter().enumerate().filter(|(place, _)| own_pom != Some(*place)) {
            let place = self.facts.packages.len();
            self.facts.packages.push(describe::contained(pom, &format!("{path}!/{}", pom.path)));
            self.need(place, Some(pom));
            others.push(place);
        }
        let heads = Heads { own, others };
        self.contain(&heads.own, &heads.others);
        heads
    }

    /// Whether classes lie in it that none of its metadata names: they may have been shaded in, without their poms.
    fn ask_whose(&mut self, path: &str, roots: &BTreeSet<String>, heads: &Heads) {
        let named = heads.own.iter().chain(&heads.others).filter_map(|place| self.facts.packages.get(*place));
        let groups: Vec<&str> = named.filter_map(|package| package.purl.namespace.as_deref()).collect();
        let is_named = |root: &&String| groups.iter().any(|group| is_of(root, group));
        // One root is the archive's own, whatever its group is called.
        if let Some(foreign) = roots.iter().find(|root| (roots.len() > 1 || is_moved(root)) && !is_named(root)) {
            let reason = format!("classes that no metadata names: `{foreign}` in {path}");
            self.facts.unsure.get_or_insert(reason);
        }
    }

    fn need(&mut self, place: usize, pom: Option<&Pom>) {
        let room = MAX_NEEDS.saturating_sub(self.facts.requires.len());
        let all = pom.map_or(0, |pom| pom.needs.len());
        self.facts.requires.extend(describe::requirements(place, pom).take(room));
        if all > room {
            let path = pom.map_or("", |pom| &pom.path);
            self.flaw(path, Flaw::too_large("java::MAX_NEEDS", format!("more than {MAX_NEEDS} dependencies in all poms of this file")));
        }
    }

    fn contain(&mut self, outer: &Option<usize>, inner: &[usize]) {
        let Some(from) = *outer else { return };
        self.facts.edges.extend(inner.iter().map(|to| Edge { from, relation: Relation::Contains, to: *to }));
    }

    fn flaw(&mut self, path: &str, mut flaw: Flaw) {
        self.flaws = self.flaws.saturating_add(1);
        if self.flaws <= MAX_FLAWS {
            flaw.detail = format!("{path}: {}", flaw.detail);
            self.facts.flaws.push(flaw);
        } else if self.flaws == MAX_FLAWS.saturating_add(1) {
            self.facts.flaws.push(Flaw::too_large("java::MAX_FLAWS", format!("{path}: and more flaws than {MAX_FLAWS}")));
        }
    }
}

/// What an archive is, and what lies in it.
struct Heads {
    own: Option<usize>,
    others: Vec<usize>,
}

/// The first three folders of a class: `org/apache/commons` of `org/apache/commons/io/IOUtils.class`. All of them, where one says that what is below
/// it was moved there. `None` for a class that lies in none, as those of the application itself do.
fn root_of(name: &str) -> Option<&str> {
    let name = name.strip_prefix("BOOT-INF/classes/").or_else(|| name.strip_prefix("WEB-INF/classes/")).unwrap_or(name);
    // `META-INF/versions/11/org/apache/…` (JAR File Specification, "Multi-release JAR files").
    let name = match name.strip_prefix("META-INF/versions/") {
        Some(rest) => rest.split_once('/').map_or(rest, |(_, name)| name),
        None => name,
    };
    let (folder, _) = name.rsplit_once('/')?;
    if is_moved(folder) {
        return Some(folder);
    }
    let end = folder.match_indices('/').nth(2).map_or(folder.len(), |(at, _)| at);
    folder.get(..end).filter(|root| !root.starts_with("META-INF"))
}

/// Whether a folder is one into which shading moves classes: `com/acme/shaded/com/google/gson`.
fn is_moved(folder: &str) -> bool {
    folder.split('/').any(|part| matches!(part, "shaded" | "shadow" | "shade" | "relocated" | "repackaged" | "thirdparty" | "vendor"))
}

/// Whether classes below a root are those of a group, as far as names tell: `org/apache/commons` and `org.apache.commons`, or `com/acme/one` and
/// `com.acme`. What all the world begins with (`com`) is no group.
fn is_of(root: &str, group: &str) -> bool {
    if is_moved(root) || matches!(group, "com" | "org" | "net" | "io" | "de" | "dev") {
        return false;
    }
    let root: Vec<&str> = root.split('/').collect();
    let group: Vec<&str> = group.split('.').take(root.len()).collect();
    root.starts_with(&group)
}

fn name(entry: &ZipEntry) -> Cow<'_, str> {
    entry.name().map_or_else(|| Cow::Owned(entry.path_lossless()), Cow::Borrowed)
}

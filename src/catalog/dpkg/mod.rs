//! Debian packages. Formats: dpkg(1) `status`, deb822(5), dpkg's `info/*.list` and `*.md5sums`; distroless images keep one stanza a file in
//! `var/lib/dpkg/status.d/`, without `Status`.

mod copyright;
mod stanza;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use self::stanza::{Stanza, stanzas};
use super::distro::{self, Flaws, Meeting};
use super::package::{Link, LinkKind};
use super::{Assembled, Basis, Cataloger, Evidence, Facts, File, FileFacts, Flaw, Licence, Package, Purl, Requirement, Seen, View, Want};
use crate::unpack::EntryKind;

/// Bytes of one file. A desktop's `status` has 5 MB; a list of files that long would have 500,000 lines.
const MAX_BYTES: u64 = 64 << 20;
/// Bytes of one `copyright`. Chromium's has 1 MB.
const MAX_COPYRIGHT: u64 = 4 << 20;
/// Packages of one `status`. A desktop has 3,000.
const MAX_PACKAGES: usize = 50_000;
/// Needs and provisions that all packages of one `status` state. A desktop has 60,000.
const MAX_NEEDS: usize = 1_000_000;
/// Paths of one list. The largest package of Debian has 60,000.
const MAX_FILES: usize = 500_000;

/// Where dpkg keeps what belongs to each package.
const INFO: &str = "var/lib/dpkg/info";
/// The files of a package there (deb-control(5), dpkg(1) FILES): its scripts among them, which no list names.
const CONTROL_FILES: [&str; 12] =
    ["conffiles", "config", "list", "md5sums", "postinst", "postrm", "preinst", "prerm", "shlibs", "symbols", "templates", "triggers"];

/// See the module.
pub(super) struct Dpkg;

/// What a path is to dpkg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place<'p> {
    /// The list of all packages.
    Status,
    /// One package of a distroless image.
    Single,
    /// Files of the package of this name, or `name:architecture`.
    List(&'p str),
    /// The same, with MD5 sums.
    Sums(&'p str),
    /// Files of the distroless package that stands in the file of this name, with MD5 sums.
    SingleSums(&'p str),
    /// The licences of a package.
    Copyright(&'p str),
}

impl<'p> Place<'p> {
    fn of(path: &'p str) -> Option<Self> {
        if let Some(rest) = path.strip_prefix("usr/share/doc/") {
            return rest.strip_suffix("/copyright").filter(|name| !name.contains('/')).map(Self::Copyright);
        }
        let rest = path.strip_prefix("var/lib/dpkg/")?;
        if rest == "status" {
            return Some(Self::Status);
        }
        let (folder, name) = rest.split_once('/').filter(|(_, name)| !name.contains('/'))?;
        match folder {
            "info" => name.strip_suffix(".list").map(Self::List).or_else(|| name.strip_suffix(".md5sums").map(Self::Sums)),
            "status.d" => Some(name.strip_suffix(".md5sums").map_or(Self::Single, Self::SingleSums)),
            _ => None,
        }
    }
}

impl Cataloger for Dpkg {
    fn name(&self) -> &'static str {
        "dpkg"
    }

    fn describe(&self) -> &'static str {
        "dpkg's status, its lists of files and Debian's copyright files: packages of Debian and Ubuntu"
    }

    fn wants(&self, file: &FileFacts<'_>) -> Option<Want> {
        Some(match Place::of(file.path)? {
            Place::Copyright(_) => Want::whole(MAX_COPYRIGHT, "dpkg::MAX_COPYRIGHT"),
            Place::Status | Place::Single | Place::List(_) | Place::Sums(_) | Place::SingleSums(_) => {
                Want::whole(MAX_BYTES, "dpkg::MAX_BYTES")
            }
        })
    }

    fn parse(&self, file: &File<'_>) -> Result<Facts, Flaw> {
        let Some(place) = Place::of(file.path()) else { return Ok(Facts::default()) };
        // Maintainers of old packages have names in Latin-1.
        let text = String::from_utf8_lossy(file.bytes);
        match place {
            Place::Status => packages(&text, file.path(), true),
            Place::Single => packages(&text, file.path(), false),
            Place::List(_) => Ok(files(text.lines().filter_map(|line| line.strip_prefix('/')))),
            Place::Sums(_) | Place::SingleSums(_) => Ok(files(text.lines().filter_map(summed))),
            Place::Copyright(_) => {
                let note = |licence: Licence| match licence {
                    Licence::Expression(text) => ("expression".to_owned(), text),
                    Licence::Named(text) => ("named".to_owned(), text),
                };
                Ok(Facts { notes: copyright::licences(&text).into_iter().map(note).collect(), ..Facts::default() })
            }
        }
    }

    fn assemble(&self, seen: Vec<Seen>, view: &View<'_>) -> Assembled {
        let mut all = Assembled::default();
        let mut needs: Vec<(usize, Requirement)> = Vec::new();
        let mut provides: Vec<(usize, String)> = Vec::new();
        let mut lists: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut licences: BTreeMap<String, Vec<Licence>> = BTreeMap::new();
        for Seen { path, facts } in seen {
            let from = all.packages.len();
            match Place::of(&path) {
                Some(Place::Status | Place::Single) => {
                    needs.extend(facts.requires.into_iter().map(|(place, need)| (place.saturating_add(from), need)));
                    provides.extend(facts.provides.into_iter().map(|(place, name)| (place.saturating_add(from), name)));
                    all.packages.extend(facts.packages);
                }
                Some(Place::List(name) | Place::Sums(name)) => {
                    let there = distro::at_home(facts.files.iter().map(String::as_str), view);
                    lists.entry(name.to_owned()).or_default().extend(there);
                }
                Some(Place::SingleSums(name)) => {
                    let there = distro::at_home(facts.files.iter().map(String::as_str), view);
                    lists.entry(single(name)).or_default().extend(there);
                }
                Some(Place::Copyright(name)) => {
                    let licence = |(kind, text): (String, String)| match kind.as_str() {
                        "expression" => Licence::Expression(text),
                        _ => Licence::Named(text),
                    };
                    licences.insert(name.to_owned(), facts.notes.into_iter().map(licence).collect());
                }
                None => {}
            }
        }
        for entry in view.below(INFO) {
            let name = entry.path.rsplit_once('/').map_or("", |(_, name)| name);
            if let Some((package, _)) = name.rsplit_once('.').filter(|(_, control)| CONTROL_FILES.contains(control)) {
                lists.entry(package.to_owned()).or_default().insert(entry.path.clone());
            }
        }
        for package in &mut all.packages {
            tie(package, &lists);
            package.licences = licences_of(package, &licences, view).to_vec();
            distro::name(package, view.os);
        }
        all.edges = edges(&all.packages, &needs, provides);
        all
    }
}

/// The key of a distroless package's files: no package's name has a slash.
fn single(name: &str) -> String {
    format!("status.d/{name}")
}

/// The path of a line `SUM  path`.
fn summed(line: &str) -> Option<&str> {
    line.split_once("  ").map(|(_, path)| path.trim_start_matches("./").trim_start_matches('/'))
}

/// The paths of a list.
fn files<'t>(paths: impl Iterator<Item = &'t str>) -> Facts {
    let mut facts = Facts::default();
    for path in paths.filter(|path| !path.is_empty() && *path != ".") {
        if facts.files.len() >= MAX_FILES {
            facts.flaws.push(Flaw::too_large("dpkg::MAX_FILES", format!("more than {MAX_FILES} lines")));
            break;
        }
        facts.files.push(path.to_owned());
    }
    facts
}

/// The packages of `status`, or of one file of a distroless image.
fn packages(text: &str, path: &str, has_status: bool) -> Result<Facts, Flaw> {
    let mut facts = Facts::default();
    let mut flaws = Flaws::default();
    let mut seen = 0_usize;
    for stanza in stanzas(text) {
        seen = seen.saturating_add(1);
        let state = stanza.line("Status").and_then(|status| status.split_whitespace().nth(2));
        if has_status && !is_there(state) && !is_gone(state) {
            flaws.add(Flaw::malformed(format!("stanza {seen} has no status that is one")));
        }
        if has_status && !is_there(state) {
            continue;
        }
        let Some(name) = stanza.line("Package") else {
            flaws.add(Flaw::malformed(format!("stanza {seen} names no package")));
            continue;
        };
        if facts.packages.len() >= MAX_PACKAGES {
            flaws.add(Flaw::too_large("dpkg::MAX_PACKAGES", format!("more than {MAX_PACKAGES} packages")));
            break;
        }
        // Nothing is installed without a version: the rest of the stanza is lost.
        if stanza.line("Version").is_none() {
            flaws.add(Flaw::malformed(format!("stanza {seen} has no version")));
        }
        let place = facts.packages.len();
        facts.packages.push(package(name, &stanza, path, state));
        let stated = facts.requires.len().saturating_add(facts.provides.len());
        if stated >= MAX_NEEDS {
            continue;
        }
        let needs = ["Pre-Depends", "Depends"].into_iter().filter_map(|field| stanza.get(field)).flat_map(|value| value.split(','));
        facts.requires.extend(needs.filter_map(need).take(MAX_NEEDS).map(|need| (place, need)));
        let provided = stanza.get("Provides").into_iter().flat_map(|value| value.split(',')).filter_map(bare);
        facts.provides.extend(provided.take(MAX_NEEDS).map(|name| (place, name.to_owned())));
        if facts.requires.len().saturating_add(facts.provides.len()) >= MAX_NEEDS {
            flaws.add(Flaw::too_large("dpkg::MAX_NEEDS", format!("more than {MAX_NEEDS} needs and provisions")));
        }
    }
    if seen == 0 && !text.trim().is_empty() {
        return Err(Flaw::malformed("no stanza has a field"));
    }
    if has_status && seen > 0 && !text.ends_with('\n') {
        flaws.add(Flaw::malformed("it ends in the middle of a line"));
    }
    facts.flaws = flaws.all();
    Ok(facts)
}

/// Whether the files of a package in this state lie in the system. Between `unpacked` and `installed` only scripts have not run.
fn is_there(state: Option<&str>) -> bool {
    matches!(state, Some("installed" | "triggers-pending" | "triggers-awaited" | "unpacked" | "half-configured" | "half-installed"))
}

/// Whether the files of a package in this state were removed, or never came.
fn is_gone(state: Option<&str>) -> bool {
    matches!(state, Some("not-installed" | "config-files"))
}

/// One package.
fn package(name: &str, stanza: &Stanza<'_>, path: &str, state: Option<&str>) -> Package {
    let purl = Purl::new("deb", name, stanza.line("Version"))
        .with("arch", stanza.line("Architecture").unwrap_or_default())
        .with("upstream", &stanza.line("Source").map(upstream).unwrap_or_default());
    let mut package = Package::new(purl, Basis::Installed, Evidence::metadata(path, Dpkg.name()));
    package.name = name.to_owned();
    package.supplier = stanza.line("Maintainer").map(str::to_owned);
    package.description = stanza.line("Description").map(str::to_owned);
    package.links.extend(stanza.line("Homepage").map(|url| Link { kind: LinkKind::Website, url: url.to_owned() }));
    if let Some(state) = state.filter(|state| *state != "installed") {
        package.properties.insert("layerproof:dpkg:state".into(), state.to_owned());
    }
    package
}

/// `name@version` of `name (version)`: the source package, with its version where it is another.
fn upstream(source: &str) -> String {
    match source.split_once('(') {
        Some((name, version)) => format!("{}@{}", name.trim(), version.trim().trim_end_matches(')')),
        None => source.to_owned(),
    }
}

/// A need: the names of all alternatives, joined by `|`.
fn need(text: &str) -> Option<Requirement> {
    let names: Vec<&str> = text.split('|').filter_map(bare).collect();
    let constraint = match names.len() {
        0 => return None,
        1 => text.split_once('(').map(|(_, version)| version.trim().trim_end_matches(')').to_owned()),
        _ => None,
    };
    Some(Requirement { name: names.join("|"), constraint: constraint.unwrap_or_default(), optional: false })
}

/// The name of `name:any (>= 1)`.
fn bare(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, ':' | '(' | '[' | '<')).unwrap_or(text.len());
    text.get(..end).filter(|name| !name.is_empty())
}

/// Ties the files that dpkg lists. A package of which there may be several architectures has `name:architecture` in its list's name.
fn tie(package: &mut Package, lists: &BTreeMap<String, BTreeSet<String>>) {
    let mut keys = Vec::new();
    for evidence in &package.evidence {
        match Place::of(&evidence.path) {
            Some(Place::Single) => keys.extend(evidence.path.rsplit_once('/').map(|(_, name)| single(name))),
            Some(_) | None => {
                let arch = package.purl.qualifiers.get("arch").map_or("", String::as_str);
                keys.push(format!("{}:{arch}", package.name));
                keys.push(package.name.clone());
            }
        }
    }
    if let Some(files) = keys.iter().find_map(|key| lists.get(key)) {
        package.files.extend(files.iter().cloned());
    }
}

/// The licences in the package's folder of documents, which may be a link to that of another package of the same source.
fn licences_of<'l>(package: &Package, licences: &'l BTreeMap<String, Vec<Licence>>, view: &View<'_>) -> &'l [Licence] {
    let linked = || {
        let EntryKind::Symlink { target } = &view.at(&format!("usr/share/doc/{}", package.name))?.kind else { return None };
        licences.get(target.trim_start_matches("/usr/share/doc/").trim_end_matches('/'))
    };
    licences.get(&package.name).or_else(linked).map_or(&[], Vec::as_slice)
}

/// What packages need of each other. Of alternatives the first that is there counts; a package of the name is preferred to one that provides it.
fn edges(packages: &[Package], needs: &[(usize, Requirement)], provides: Vec<(usize, String)>) -> Vec<super::Edge> {
    let (mut named, mut provided) = (Meeting::default(), Meeting::default());
    for (place, package) in packages.iter().enumerate() {
        named.add(&package.name, place);
    }
    for (place, name) in provides {
        provided.add(&name, place);
    }
    let met = |(from, need): &(usize, Requirement)| {
        let edge = |name| named.edge(*from, name, packages).or_else(|| provided.edge(*from, name, packages));
        need.name.split('|').find_map(edge).flatten()
    };
    needs.iter().filter_map(met).collect()
}

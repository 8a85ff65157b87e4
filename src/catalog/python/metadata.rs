//! Headers of `METADATA` and `PKG-INFO`. Specification: Core metadata specifications 2.5, packaging.python.org (PEP 241 to PEP 794).

use std::borrow::Cow;

use super::{classifier, installed, requirement};
use crate::catalog::{Basis, Evidence, Facts, Flaw, Licence, Link, LinkKind, Package, Purl};

/// Headers that are read. Real packages have at most some five hundred (requirements of extras).
const MAX_HEADERS: usize = 20_000;
/// Bytes of one value that are kept, continuation lines included. Whole licence texts stand in real ones.
const MAX_VALUE_BYTES: usize = 64 << 10;
/// Bytes of a name or version. The longest real names have some ninety.
const MAX_NAME_BYTES: usize = 512;
/// Bytes of a summary that are kept; it is meant to be one line.
const MAX_SUMMARY_BYTES: usize = 1_024;
/// Links that are kept. Real packages have at most a dozen.
const MAX_LINKS: usize = 64;

/// The text of a file: UTF-8 as the specification says, else Latin-1, which every byte is in.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().copied().map(char::from).collect::<String>().into(), Cow::Borrowed)
}

/// The package that a file of metadata tells of, and what it needs.
pub(super) fn read(path: &str, bytes: &[u8], cataloger: &str) -> Result<Facts, Flaw> {
    let mut facts = Facts::default();
    let headers = Headers::read(bytes, &mut facts.flaws);
    let name = headers.first("name").ok_or_else(|| Flaw::malformed("no header says Name"))?;
    let fits = |text: &str| text.len() <= MAX_NAME_BYTES;
    if !fits(name) {
        return Err(Flaw::too_large("python::metadata::MAX_NAME_BYTES", format!("a name of {} bytes", name.len())));
    }
    if name.contains(['/', '\\']) || name.contains(char::is_whitespace) || name.contains(char::is_control) {
        return Err(Flaw::malformed(format!("`{name}` is no name of a package")));
    }
    if headers.all("name").any(|other| other != name) {
        facts.flaws.push(Flaw::malformed(format!("several headers say Name; the first, `{name}`, counts")));
    }
    let version = headers.first("version").filter(|version| fits(version));
    if version.is_none() {
        facts.flaws.push(Flaw::malformed("no header says Version in at most 512 bytes"));
    }
    if headers.all("version").any(|other| Some(other) != version) && version.is_some() {
        facts.flaws.push(Flaw::malformed("several headers say Version; the first counts"));
    }
    let mut package = Package::new(Purl::new("pypi", name, version), Basis::Installed, Evidence::metadata(path, cataloger));
    package.name = name.to_owned();
    facts.flaws.extend(disagreement(path, &package));
    describe(&headers, &mut package);
    if package.purl.name == "awslambdaric" {
        package.properties.insert("layerproof:lambda-role".into(), "runtime-interface-client".into());
    }
    // `Requires` (metadata 1.1) names modules, not packages.
    facts.requires = headers.all("requires-dist").filter_map(requirement::read).map(|need| (0, need)).collect();
    let imported = headers.all("import-name").chain(headers.all("import-namespace"));
    let imported = imported.filter_map(|name| name.split([';', '.']).next()).map(str::trim).filter(|name| !name.is_empty());
    facts.notes = imported.map(|name| (installed::IMPORTED.to_owned(), name.to_owned())).collect();
    facts.packages.push(package);
    Ok(facts)
}

/// Summary, people, addresses and licences.
fn describe(headers: &Headers<'_>, package: &mut Package) {
    package.description = headers.first("summary").map(|summary| first_line(summary, MAX_SUMMARY_BYTES)).filter(|line| !line.is_empty());
    let people = ["author", "author-email", "maintainer", "maintainer-email"];
    package.supplier = people.iter().find_map(|who| headers.first(who)).map(|who| first_line(who, MAX_SUMMARY_BYTES));
    if let Some(url) = headers.first("home-page") {
        package.links.extend(link(LinkKind::Website, url));
    }
    for project in headers.all("project-url").take(MAX_LINKS) {
        if let Some((label, url)) = project.split_once(',') {
            package.links.extend(link_kind(label).and_then(|kind| link(kind, url)));
        }
    }
    package.licences = licences(headers);
}

/// An expression counts for itself (PEP 639); the older `License` is free text, and classifiers are often the better word for it.
fn licences(headers: &Headers<'_>) -> Vec<Licence> {
    if let Some(licence) = headers.first("license-expression").and_then(Licence::read) {
        return vec![licence];
    }
    let written = headers.first("license").and_then(Licence::read);
    if let Some(licence @ Licence::Expression(_)) = written {
        return vec![licence];
    }
    let classified = classifier::licences(headers.all("classifier"));
    // Where the whole text stands there, its title is the first line.
    let title = headers.first("license").map(|text| first_line(text, MAX_SUMMARY_BYTES)).and_then(|title| Licence::read(&title));
    if let Some(licence @ Licence::Expression(_)) = title
        && classified.iter().all(|licence| matches!(licence, Licence::Named(_)))
    {
        return vec![licence];
    }
    let is_text = headers.first("license").is_some_and(|text| text.contains('\n') || text.len() > 200);
    match written {
        Some(named) if classified.iter().all(|licence| matches!(licence, Licence::Named(_))) && (!is_text || classified.is_empty()) => {
            vec![named]
        }
        Some(_) | None => classified,
    }
}

/// The kind of link that a label says, normalised as the specification of well-known labels has it.
fn link_kind(label: &str) -> Option<LinkKind> {
    let label: String = label.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    match label.as_str() {
        "homepage" | "home" | "website" => Some(LinkKind::Website),
        "source" | "sourcecode" | "repository" | "github" | "code" => Some(LinkKind::Vcs),
        "bugtracker" | "issuetracker" | "issues" | "tracker" | "bugreports" | "bugs" => Some(LinkKind::IssueTracker),
        _ => None,
    }
}

/// A web address that can be one.
fn link(kind: LinkKind, url: &str) -> Option<Link> {
    let url = url.trim();
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    (is_web && url.len() <= MAX_SUMMARY_BYTES && !url.contains(char::is_whitespace)).then(|| Link { kind, url: url.to_owned() })
}

fn first_line(text: &str, most: usize) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    line.get(..line.floor_char_boundary(most)).unwrap_or_default().to_owned()
}

/// What is wrong where the folder names another package or version than the metadata in it.
fn disagreement(path: &str, package: &Package) -> Option<Flaw> {
    let stem = path.split('/').rev().find_map(|part| part.strip_suffix(".dist-info").or_else(|| part.strip_suffix(".egg-info")))?;
    // `NAME-VERSION`, `NAME-VERSION-py3.11`; of a develop install `NAME`.
    let escaped = Purl::new("pypi", stem, None).name;
    let folder = package.purl.name.as_str();
    let Some(rest) = escaped.strip_prefix(folder).filter(|rest| rest.is_empty() || rest.starts_with('-')) else {
        return Some(Flaw::malformed(format!("the folder `{stem}` holds the metadata of `{}`", package.name)));
    };
    let version = package.purl.version.as_deref()?;
    let (said, written) = (comparable(rest), comparable(version));
    let agrees = said.is_empty() || said == written || said.strip_prefix(&written).is_some_and(|rest| rest.starts_with("py"));
    (!agrees).then(|| Flaw::malformed(format!("the folder `{stem}` holds the metadata of version {version}")))
}

/// A version without what PEP 440 takes for the same: separators, zeros in front, long names of pre-releases.
fn comparable(version: &str) -> String {
    let mut out = String::new();
    for part in version.to_lowercase().trim_start_matches(['-', 'v']).split(|c: char| !c.is_alphanumeric()) {
        for piece in pieces(part) {
            let piece = match piece {
                "alpha" => "a",
                "beta" => "b",
                "c" | "pre" | "preview" => "rc",
                "rev" | "r" => "post",
                digits if digits.starts_with('0') => digits.trim_start_matches('0'),
                other => other,
            };
            out.push_str(piece);
            out.push('.');
        }
    }
    out
}

/// Runs of digits and runs of others.
fn pieces(part: &str) -> impl Iterator<Item = &str> {
    let mut rest = part;
    std::iter::from_fn(move || {
        let is_digit = rest.chars().next()?.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
        let (piece, after) = (rest.get(..end)?, rest.get(end..)?);
        rest = after;
        Some(piece)
    })
}

/// The headers that are of use, in order.
struct Headers<'a>(Vec<(String, Cow<'a, str>)>);

impl<'a> Headers<'a> {
    /// Up to the first empty line: what follows is the description.
    fn read(bytes: &'a [u8], flaws: &mut Vec<Flaw>) -> Self {
        let mut all: Vec<(String, Cow<'a, str>)> = Vec::new();
        let mut count = 0_usize;
        let mut is_kept = false;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        for line in bytes.split(|b| *b == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                break;
            }
            if line.starts_with(b" ") || line.starts_with(b"\t") {
                if let Some((_, value)) = all.last_mut().filter(|(_, value)| is_kept && value.len() < MAX_VALUE_BYTES) {
                    // Metadata 1.1 to 2.0 mark continued lines with a bar.
                    let line = cut(line.trim_ascii());
                    let continued = text(line.strip_prefix(b"|").unwrap_or(line)).into_owned();
                    let value = value.to_mut();
                    value.push('\n');
                    value.push_str(&continued);
                }
                continue;
            }
            count = count.saturating_add(1);
            if count > MAX_HEADERS {
                flaws.push(Flaw::too_large("python::metadata::MAX_HEADERS", format!("more than {MAX_HEADERS} headers")));
                break;
            }
            let Some(colon) = memchr::memchr(b':', line) else {
                // Python's reader takes this for the beginning of the description.
                break;
            };
            let (key, value) = line.split_at_checked(colon).unwrap_or_default();
            let key = String::from_utf8_lossy(key.trim_ascii()).to_ascii_lowercase();
            is_kept = OF_USE.contains(&key.as_str());
            if is_kept {
                all.push((key, text(cut(value.strip_prefix(b":").unwrap_or(value).trim_ascii()))));
            }
        }
        Self(all)
    }

    /// Values of a header that say anything.
    fn all<'h>(&'h self, key: &'h str) -> impl Iterator<Item = &'h str> {
        self.0.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    fn first<'h>(&'h self, key: &'h str) -> Option<&'h str> {
        self.all(key).next().filter(|value| !value.eq_ignore_ascii_case("unknown"))
    }
}

/// The headers that are kept.
const OF_USE: [&str; 15] = [
    "name",
    "version",
    "summary",
    "home-page",
    "project-url",
    "author",
    "author-email",
    "maintainer",
    "maintainer-email",
    "license",
    "license-expression",
    "classifier",
    "requires-dist",
    "import-name",
    "import-namespace",
];

fn cut(value: &[u8]) -> &[u8] {
    value.get(..MAX_VALUE_BYTES).unwrap_or(value)
}

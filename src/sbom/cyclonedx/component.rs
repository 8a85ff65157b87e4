//! CycloneDX components. Schema: `component`, `licenseChoice`, `componentEvidence`.

use std::borrow::Cow;

use super::Version;
use super::document::{
    Component, Evidence, ExternalReference, Hash, Identity, IdentityEvidence, Licence, LicenceChoice, Method, Named, Occurrence, Property,
};
use crate::catalog::{self, Executable, Link, LinkKind, OsRelease, Package, PackageKind, Scope, Technique};
use crate::model::digest::Digest;
use crate::sbom::outline::{group_and_name, image_purl, subject_version};
use crate::sbom::{BomPart, BomSubject, HashedFile, SubjectKind, licence, properties as says, strict};

/// Characters that a `version` may have: the schemas since 1.6.
const MAX_VERSION: usize = 1_024;

pub(super) fn properties(all: says::Properties) -> Vec<Property> {
    all.into_iter().map(|(name, value)| Property { name, value }).collect()
}

/// The subject, or one of its parts.
pub(super) fn subject_component<'a>(subject: &'a BomSubject, reference: &'a str) -> Component<'a> {
    Component {
        kind: match subject.kind {
            SubjectKind::Zip | SubjectKind::Directory => "file",
            SubjectKind::Image => "container",
            SubjectKind::Function => "application",
        },
        reference: Some(reference),
        name: &subject.name,
        version: subject_version(subject).filter(|version| is_short(version)).map(Cow::Owned),
        hashes: subject.digest.iter().map(sha256).collect(),
        purl: image_purl(subject),
        properties: properties(says::of_subject(subject)),
        ..Component::default()
    }
}

pub(super) fn part_component<'a>(part: &'a BomPart, reference: &'a str) -> Component<'a> {
    Component { properties: properties(says::of_part(part)), ..subject_component(&part.subject, reference) }
}

pub(super) fn os_component<'a>(os: &'a OsRelease, reference: &'a str) -> Component<'a> {
    Component {
        kind: "operating-system",
        reference: Some(reference),
        name: &os.id,
        version: os.version_id.as_deref().filter(|version| is_short(version)).map(Cow::Borrowed),
        description: os.pretty_name.as_deref(),
        cpe: os.cpe.as_deref().filter(|name| strict::cpe(name).is_some()),
        evidence: Some(Evidence { identity: None, occurrences: vec![Occurrence { location: &os.path, additional_context: None }] }),
        properties: properties(says::of_os(os)),
        ..Component::default()
    }
}

pub(super) fn unidentified_component<'a>(executable: &'a Executable, reference: &'a str) -> Component<'a> {
    let hash = catalog::PackageHash { algorithm: "SHA-256".into(), hex: executable.sha256.clone() };
    let is_hash = strict::hash(&hash).is_some();
    Component {
        kind: "file",
        reference: Some(reference),
        name: &executable.path,
        hashes: is_hash.then_some(Hash { alg: "SHA-256", content: Cow::Borrowed(executable.sha256.as_str()) }).into_iter().collect(),
        properties: properties(says::of_executable(executable)),
        ..Component::default()
    }
}

pub(super) fn file_component<'a>(file: &'a HashedFile, reference: &'a str, owner: Option<&String>) -> Component<'a> {
    let mut all = says::of_file(file.size);
    all.extend(owner.map(|owner| says::package(owner)));
    all.sort();
    Component {
        kind: "file",
        reference: Some(reference),
        name: &file.path,
        hashes: vec![sha256(&file.digest)],
        properties: properties(all),
        ..Component::default()
    }
}

/// A package; `related` is what is known of it by reference to others.
pub(super) fn package_component<'a>(
    package: &'a Package,
    reference: &'a str,
    related: says::Properties,
    version: Version,
) -> Component<'a> {
    let (group, name) = group_and_name(package);
    let mut all = says::of_package(package);
    all.extend(related);
    let known_version = package.version();
    all.extend(known_version.as_deref().filter(|version| !is_short(version)).map(says::version));
    let best = package.cpes.iter().position(|name| strict::cpe(name).is_some());
    all.extend(package.cpes.iter().enumerate().filter(|(place, _)| Some(*place) != best).map(|(_, name)| says::cpe(name)));
    all.sort_by(|a, b| a.0.cmp(&b.0));

    // Who made a distribution's package supplies it; of other packages the metadata names the author.
    let is_supplied = matches!(package.purl.kind.as_str(), "deb" | "rpm" | "apk");
    let maker = package.supplier.as_deref().filter(|supplier| !supplier.is_empty());
    let author = maker.filter(|_| !is_supplied);
    Component {
        kind: match package.kind {
            PackageKind::Library => "library",
            PackageKind::Application => "application",
            PackageKind::Framework => "framework",
            PackageKind::OperatingSystem => "operating-system",
        },
        reference: Some(reference),
        supplier: maker.filter(|_| is_supplied).map(|name| Named { name }),
        authors: author.filter(|_| version >= Version::V16).map(|name| [Named { name }]),
        author: author.filter(|_| version < Version::V16),
        group,
        name,
        version: known_version.filter(|version| is_short(version)),
        description: package.description.as_deref(),
        scope: Some(match package.scope {
            Scope::Required => "required",
            Scope::Optional => "optional",
            Scope::Excluded => "excluded",
        }),
        hashes: hashes(package),
        licenses: licences(&package.licences, version),
        cpe: best.and_then(|place| package.cpes.get(place)).map(String::as_str),
        purl: strict::purl(&package.purl),
        external_references: package.links.iter().filter(|link| strict::is_uri(&link.url)).map(external_reference).collect(),
        evidence: evidence(package, version),
        properties: properties(all),
    }
}

fn is_short(version: &str) -> bool {
    version.len() <= MAX_VERSION || version.chars().count() <= MAX_VERSION
}

fn sha256<'a>(digest: &Digest) -> Hash<'a> {
    Hash { alg: "SHA-256", content: Cow::Owned(digest.hex()) }
}

fn hashes(package: &Package) -> Vec<Hash<'_>> {
    let named = package.hashes.iter().filter_map(|hash| Some((strict::hash(hash)?.0, &hash.hex)));
    named.map(|(alg, hex)| Hash { alg, content: Cow::Borrowed(hex.as_str()) }).collect()
}

/// Up to 1.6 a single expression, or else a list of ids and names: an expression among several licences is there by name.
fn licences(declared: &[catalog::Licence], version: Version) -> Vec<LicenceChoice<'_>> {
    let acknowledgement = (version >= Version::V16).then_some("declared");
    let is_expression_allowed = version >= Version::V17 || declared.len() == 1;
    declared
        .iter()
        .map(|declared| match (licence::id(declared), licence::expression(declared)) {
            (Some(id), _) => LicenceChoice::Licence { license: Licence { id: Some(id), name: None, acknowledgement } },
            (None, Some(expression)) if is_expression_allowed => LicenceChoice::Expression { expression, acknowledgement },
            (None, expression) => {
                let name = expression.map_or(Cow::Borrowed(declared.text()), Cow::Owned);
                LicenceChoice::Licence { license: Licence { id: None, name: Some(name), acknowledgement } }
            }
        })
        .collect()
}

fn external_reference(link: &Link) -> ExternalReference<'_> {
    let kind = match link.kind {
        LinkKind::Website => "website",
        LinkKind::Vcs => "vcs",
        LinkKind::Distribution => "distribution",
        LinkKind::IssueTracker => "issue-tracker",
    };
    ExternalReference { kind, url: &link.url }
}

/// What the package's identity rests on, and where it was seen.
fn evidence(package: &Package, version: Version) -> Option<Evidence<'_>> {
    let surest = package.evidence.iter().map(|evidence| evidence.confidence).max()?;
    let methods = package.evidence.iter().map(|evidence| Method {
        technique: technique(evidence.technique),
        confidence: share(evidence.confidence),
        value: &evidence.path,
    });
    let identity =
        |concluded_value| Identity { field: "purl", confidence: share(surest), concluded_value, methods: methods.clone().collect() };
    let identity = match version {
        Version::V15 => IdentityEvidence::One(identity(None)),
        Version::V16 | Version::V17 => IdentityEvidence::List([identity(strict::purl(&package.purl))]),
    };
    let occurrences = package.evidence.iter().map(|evidence| Occurrence {
        location: &evidence.path,
        additional_context: (version >= Version::V16).then(|| format!("cataloger {}", evidence.cataloger)),
    });
    Some(Evidence { identity: Some(identity), occurrences: occurrences.collect() })
}

pub(in crate::sbom) fn technique(technique: Technique) -> &'static str {
    match technique {
        Technique::ManifestAnalysis => "manifest-analysis",
        Technique::BinaryAnalysis => "binary-analysis",
        Technique::Filename => "filename",
        Technique::SourceCodeAnalysis => "source-code-analysis",
        Technique::Other => "other",
    }
}

/// Percent as a number from 0 to 1.
fn share(percent: u8) -> f64 {
    f64::from(percent.min(100)) / 100.0
}

//! SPDX packages. SPDX 2.3 chapter 7.

use std::borrow::Cow;

use super::document::{Checksum, ExternalRef, Package};
use super::{Pen, one_line};
use crate::catalog::licence::JOINED;
use crate::catalog::{self, Executable, LinkKind, OsRelease, PackageKind};
use crate::model::digest::Digest;
use crate::sbom::outline::{image_purl, subject_version};
use crate::sbom::strict::CpeForm;
use crate::sbom::{BomPart, BomSubject, HashedFile, SubjectKind, licence, properties as says, strict};

const NO_ASSERTION: &str = "NOASSERTION";

/// A package of which nothing is asserted.
fn bare<'a>(id: &'a str, name: Cow<'a, str>, purpose: &'static str) -> Package<'a> {
    Package {
        name,
        id,
        supplier: NO_ASSERTION.into(),
        download_location: NO_ASSERTION,
        license_concluded: NO_ASSERTION,
        license_declared: NO_ASSERTION.into(),
        copyright_text: NO_ASSERTION,
        primary_package_purpose: purpose,
        ..Package::default()
    }
}

pub(super) fn subject_package<'a>(subject: &'a BomSubject, id: &'a str, pen: &Pen) -> Package<'a> {
    let purpose = match subject.kind {
        SubjectKind::Zip => "ARCHIVE",
        SubjectKind::Directory => "OTHER",
        SubjectKind::Image => "CONTAINER",
        SubjectKind::Function => "APPLICATION",
    };
    Package {
        version_info: subject_version(subject).map(|version| Cow::Owned(one_line(&version).into_owned())),
        checksums: subject.digest.iter().map(sha256).collect(),
        external_refs: image_purl(subject).map(|purl| purl_ref(Cow::Owned(purl))).into_iter().collect(),
        annotations: pen.annotations(says::of_subject(subject)),
        ..bare(id, one_line(&subject.name), purpose)
    }
}

pub(super) fn part_package<'a>(part: &'a BomPart, id: &'a str, pen: &Pen) -> Package<'a> {
    Package { annotations: pen.annotations(says::of_part(part)), ..subject_package(&part.subject, id, pen) }
}

pub(super) fn os_package<'a>(os: &'a OsRelease, id: &'a str, pen: &Pen) -> Package<'a> {
    let mut all = says::of_os(os);
    all.push(says::os_evidence(&os.path));
    Package {
        version_info: os.version_id.as_deref().map(one_line),
        description: os.pretty_name.as_deref().map(one_line),
        external_refs: os.cpe.iter().filter_map(|name| cpe_ref(name)).collect(),
        annotations: pen.annotations(all),
        ..bare(id, one_line(&os.id), "OPERATING_SYSTEM")
    }
}

pub(super) fn unidentified_package<'a>(executable: &'a Executable, id: &'a str, pen: &Pen) -> Package<'a> {
    let hash = catalog::PackageHash { algorithm: "SHA-256".into(), hex: executable.sha256.clone() };
    let is_hash = strict::hash(&hash).is_some();
    let checksum = Checksum { algorithm: "SHA256", checksum_value: Cow::Borrowed(executable.sha256.as_str()) };
    Package {
        checksums: is_hash.then_some(checksum).into_iter().collect(),
        annotations: pen.annotations(says::of_executable(executable)),
        ..bare(id, one_line(&executable.path), "FILE")
    }
}

pub(super) fn file_package<'a>(file: &'a HashedFile, id: &'a str, pen: &Pen) -> Package<'a> {
    Package {
        checksums: vec![sha256(&file.digest)],
        annotations: pen.annotations(says::of_file(file.size)),
        ..bare(id, one_line(&file.path), "FILE")
    }
}

/// A package of the catalog; the texts of its licences that are no SPDX expressions go to `extracted`.
pub(super) fn package<'a>(package: &'a catalog::Package, id: &'a str, pen: &Pen, extracted: &mut licence::Extracted) -> Package<'a> {
    let purpose = match package.kind {
        PackageKind::Library => "LIBRARY",
        PackageKind::Application => "APPLICATION",
        PackageKind::Framework => "FRAMEWORK",
        PackageKind::OperatingSystem => "OPERATING_SYSTEM",
    };
    let actor = package.supplier.as_deref().and_then(actor);
    let is_supplied = matches!(package.purl.kind.as_str(), "deb" | "rpm" | "apk");
    let link = |kind: LinkKind, is_good: fn(&str) -> bool| {
        package.links.iter().find(|link| link.kind == kind && is_good(&link.url)).map(|link| link.url.as_str())
    };
    let (homepage, download) = (link(LinkKind::Website, strict::is_web_page), link(LinkKind::Distribution, strict::is_download));
    let declared = licence::joined(&package.licences, extracted);
    let is_joined = package.licences.len() > 1;

    let mut all = says::of_package(package);
    all.extend(package.evidence.iter().map(says::evidence));
    all.extend(says::scope(package.scope));
    all.extend(package.cpes.iter().filter(|name| strict::cpe(name).is_none()).map(|name| says::cpe(name)));
    all.sort_by(|a, b| a.0.cmp(&b.0));
    Package {
        version_info: package.version().map(|version| Cow::Owned(one_line(&version).into_owned())),
        supplier: actor.clone().filter(|_| is_supplied).map_or(Cow::Borrowed(NO_ASSERTION), Cow::Owned),
        originator: actor.filter(|_| !is_supplied),
        download_location: download.unwrap_or(NO_ASSERTION),
        checksums: checksums(package),
        homepage,
        license_declared: declared.map_or(Cow::Borrowed(NO_ASSERTION), Cow::Owned),
        license_comments: is_joined.then_some(JOINED),
        description: package.description.as_deref().filter(|text| !text.is_empty()).map(one_line),
        external_refs: external_refs(package, homepage, download),
        annotations: pen.annotations(all),
        ..bare(id, one_line(&package.name), purpose)
    }
}

/// `Person: NAME (ADDRESS)` where a mail address tells that it is one, else `Organization: NAME`. Brackets have a meaning there, so those
/// of the name are made square.
fn actor(text: &str) -> Option<String> {
    let plain = |text: &str| one_line(text.trim()).replace('(', "[").replace(')', "]");
    let address = text.split_once('<').and_then(|(name, rest)| Some((name, rest.split_once('>')?.0)));
    match address.map(|(name, address)| (plain(name), plain(address))) {
        Some((name, address)) if !name.is_empty() && address.contains('@') => Some(format!("Person: {name} ({address})")),
        Some(_) | None => Some(plain(text)).filter(|name| !name.is_empty()).map(|name| format!("Organization: {name}")),
    }
}

fn sha256<'a>(digest: &Digest) -> Checksum<'a> {
    Checksum { algorithm: "SHA256", checksum_value: Cow::Owned(digest.hex()) }
}

fn checksums(package: &catalog::Package) -> Vec<Checksum<'_>> {
    let named = package.hashes.iter().filter_map(|hash| Some((strict::hash(hash)?.1, &hash.hex))).filter(|(name, _)| !name.is_empty());
    named.map(|(algorithm, hex)| Checksum { algorithm, checksum_value: Cow::Borrowed(hex.as_str()) }).collect()
}

/// The package URL, CPE names, and the addresses that have no field of their own.
fn external_refs<'a>(package: &'a catalog::Package, homepage: Option<&str>, download: Option<&str>) -> Vec<ExternalRef<'a>> {
    let mut all: Vec<ExternalRef<'a>> = strict::purl(&package.purl).map(|purl| purl_ref(Cow::Owned(purl))).into_iter().collect();
    all.extend(package.cpes.iter().filter_map(|name| cpe_ref(name)));
    let links = package.links.iter().filter(|link| strict::is_uri(&link.url));
    all.extend(links.filter_map(|link| {
        let (reference_type, field) = match link.kind {
            LinkKind::Website => ("website", homepage),
            LinkKind::Vcs => ("vcs", None),
            LinkKind::Distribution => ("distribution", download),
            LinkKind::IssueTracker => ("issue-tracker", None),
        };
        let reference_locator = Cow::Borrowed(link.url.as_str());
        (field != Some(link.url.as_str())).then_some(ExternalRef { reference_category: "OTHER", reference_type, reference_locator })
    }));
    all
}

fn purl_ref(purl: Cow<'_, str>) -> ExternalRef<'_> {
    ExternalRef { reference_category: "PACKAGE-MANAGER", reference_type: "purl", reference_locator: purl }
}

fn cpe_ref(name: &str) -> Option<ExternalRef<'_>> {
    let reference_type = match strict::cpe(name)? {
        CpeForm::Uri22 => "cpe22Type",
        CpeForm::Formatted23 => "cpe23Type",
    };
    Some(ExternalRef { reference_category: "SECURITY", reference_type, reference_locator: Cow::Borrowed(name) })
}

#[cfg(test)]
mod tests {
    use super::actor;

    #[test]
    fn nobody_and_brackets_are_told_apart_from_people() {
        for text in ["", " ", "\t"] {
            assert_eq!(actor(text), None, "{text:?}");
        }
        assert_eq!(actor("Jane Doe <jane@a.example>, Joe").unwrap(), "Person: Jane Doe (jane@a.example)");
        assert_eq!(actor("Acme (formerly X)").unwrap(), "Organization: Acme [formerly X]");
        assert_eq!(actor("<jane@a.example>").unwrap(), "Organization: <jane@a.example>");
        assert_eq!(actor("a\nRelationship: x").unwrap(), "Organization: a\\u{a}Relationship: x");
    }
}

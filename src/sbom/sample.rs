//! SBOMs for tests, of the crate and of the binary: each field in all its kinds, and text that does its worst.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use layerproof::catalog::{
    Aggregate, Basis, CatalogGap, Composition, Edge, Evidence, Executable, ExecutableKind, Licence, Link, LinkKind, OsRelease, Package,
    PackageHash, PackageKind, Purl, Relation, Scope, Technique,
};
use layerproof::model::digest::Digest;
use layerproof::model::gap::GapReason;
use layerproof::sbom::{Bom, BomPart, BomSubject, HashedFile, SubjectKind};

/// Text that breaks what is careless: controls, NUL, terminal escapes, bidirectional overrides, quotes, ends of lines and of tags, the
/// last code point, and what looks like another field.
pub const NASTY: &str = "a\u{0}b\u{1b}[31m\"\\\r\n\u{2028}\u{202e}\u{feff}</text>\nSPDXID: SPDXRef-DOCUMENT {\"x\":1} \u{10ffff} ( ) ü 🦀";

/// A zip of which nothing is known but its name.
pub fn empty() -> Bom {
    Bom { subject: zip("layer.zip"), parts: Vec::new(), catalog: Arc::default(), files: Vec::new(), created: None }
}

fn zip(name: &str) -> BomSubject {
    BomSubject {
        kind: SubjectKind::Zip,
        name: name.into(),
        version: None,
        arn: None,
        digest: None,
        size: None,
        signatures: Vec::new(),
        properties: BTreeMap::new(),
    }
}

/// A layer version with two packages that need each other, as a real one might be.
pub fn layer() -> Bom {
    let mut bom = empty();
    bom.subject = BomSubject {
        version: Some("7".into()),
        arn: Some("arn:aws:lambda:eu-west-1:111122223333:layer:tools:7".into()),
        digest: Some(Digest::of(b"layer")),
        size: Some(5),
        signatures: vec!["AWS Signer: holds".into()],
        properties: BTreeMap::from([("layerproof:runtime".to_owned(), "python3.13".to_owned())]),
        ..zip("tools")
    };
    let mut requests = package(Purl::new("pypi", "requests", Some("2.32.0")), Basis::Installed);
    requests.licences = vec![Licence::Expression("Apache-2.0".into())];
    requests.supplier = Some("Kenneth Reitz <me@example.org>".into());
    requests.links = BTreeSet::from([Link { kind: LinkKind::Website, url: "https://requests.readthedocs.io".into() }]);
    requests.files = BTreeSet::from(["python/requests/__init__.py".to_owned()]);
    let mut idna = package(Purl::new("pypi", "idna", Some("3.7")), Basis::Installed);
    idna.licences = vec![Licence::Named("BSD".into()), Licence::Expression("MIT OR Apache-2.0".into())];
    let catalog = Arc::make_mut(&mut bom.catalog);
    catalog.packages = vec![idna, requests];
    catalog.edges = vec![Edge { from: 1, relation: Relation::DependsOn, to: 0 }];
    catalog.compositions = vec![
        Composition { of: "artifact".into(), aggregate: Aggregate::Complete, reason: String::new() },
        Composition { of: "python".into(), aggregate: Aggregate::Complete, reason: String::new() },
    ];
    bom
}

/// Everything at once: a function of two parts, packages of many ecosystems, each relation, text that does its worst.
pub fn rich() -> Bom {
    let mut bom = layer();
    bom.created = Some("2025-01-02T03:04:05.678Z".parse().unwrap());
    bom.subject.kind = SubjectKind::Function;
    bom.subject.signatures.push(NASTY.into());
    let catalog = Arc::make_mut(&mut bom.catalog);
    catalog.packages.extend(kinds());
    catalog.packages.extend(nasty());
    catalog.packages.extend(licences());
    let last = catalog.packages.len() - 1;
    for relation in [Relation::DependsOn, Relation::Contains, Relation::OwnedBy] {
        let ends = [(0, 2), (2, 0), (3, 2), (2, 2), (last, 3), (last, usize::MAX), (usize::MAX, 0)];
        catalog.edges.extend(ends.map(|(from, to)| Edge { from, relation, to }));
    }
    catalog.os = Some(OsRelease {
        id: "amzn".into(),
        id_like: vec!["centos".into(), NASTY.into()],
        version_id: Some("2023".into()),
        pretty_name: Some("Amazon Linux 2023".into()),
        cpe: Some("cpe:2.3:o:amazon:amazon_linux:2023".into()),
        path: "etc/os-release".into(),
    });
    let elf = Executable {
        path: "bootstrap".into(),
        kind: ExecutableKind::Elf,
        size: 4,
        sha256: Digest::of(b"elf").hex(),
        build_id: Some("00ff".into()),
        soname: Some("libx.so.1".into()),
        needed: vec!["libz.so.1".into(), "libc.so.6".into()],
        interpreter: Some("/lib64/ld-linux-x86-64.so.2".into()),
        machine: Some("x86_64".into()),
    };
    let script = Executable { path: NASTY.into(), kind: ExecutableKind::Script, sha256: "not a hash".into(), ..elf.clone() };
    catalog.unidentified = vec![elf.clone(), elf, script];
    for (aggregate, of) in [(Aggregate::Incomplete, "npm"), (Aggregate::Unknown, NASTY)] {
        catalog.compositions.push(Composition { of: of.into(), aggregate, reason: NASTY.into() });
    }
    let reason = GapReason::TooLarge { limit: "python::MAX_RECORD".into() };
    catalog.gaps = vec![
        CatalogGap { path: NASTY.into(), cataloger: "python".into(), reason, detail: NASTY.into() },
        CatalogGap { path: "x".into(), cataloger: "archive".into(), reason: GapReason::Malformed, detail: String::new() },
    ];
    let image = BomSubject {
        kind: SubjectKind::Image,
        arn: Some("111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1".into()),
        ..bom.subject.clone()
    };
    bom.parts = vec![
        BomPart { subject: image, mounted: "/".into(), packages: vec![0, 1, 2, usize::MAX] },
        BomPart { subject: zip(NASTY), mounted: "/opt".into(), packages: vec![1, last] },
        BomPart { subject: BomSubject { kind: SubjectKind::Directory, ..zip("code") }, mounted: "/var/task".into(), packages: vec![] },
    ];
    let file = |path: &str| HashedFile { path: path.into(), size: 1, digest: Digest::of(path.as_bytes()) };
    bom.files = ["bootstrap", "python/requests/__init__.py", NASTY, "/absolute", ""].map(file).into();
    bom
}

/// An image with a reference, and the packages of a distribution.
pub fn image() -> Bom {
    let mut bom = rich();
    bom.subject = bom.parts.swap_remove(0).subject;
    bom.parts.clear();
    bom
}

fn package(purl: Purl, basis: Basis) -> Package {
    let mut package = Package::new(purl, basis, Evidence::metadata("python/x.dist-info/METADATA", "python"));
    package.root = Some("python".into());
    package
}

/// One package of each kind, scope, basis, technique, hash and link.
fn kinds() -> Vec<Package> {
    let mut runtime = package(Purl::new("generic", "python", Some("3.13.1")), Basis::Heuristic);
    runtime.kind = PackageKind::Framework;
    runtime.cpes = vec![
        "cpe:2.3:a:broken".into(),
        "cpe:2.3:a:python:python:3.13.1:*:*:*:*:*:*:*".into(),
        "cpe:/a:python:python:3.13.1".into(),
        NASTY.into(),
    ];
    runtime.scope = Scope::Optional;
    let of_amazon = Purl::new("rpm", "openssl-libs", Some("3.0.8-1")).in_namespace("amzn");
    let mut openssl = package(of_amazon.with("arch", "x86_64").with("epoch", "1"), Basis::Embedded);
    openssl.kind = PackageKind::Application;
    openssl.supplier = Some("Amazon Linux (the team)".into());
    openssl.description = Some("A library\nof two lines".into());
    let mut scoped = package(Purl::npm("@aws-sdk/client-s3", None), Basis::Declared);
    scoped.scope = Scope::Excluded;
    scoped.kind = PackageKind::OperatingSystem;
    scoped.hashes =
        [("MD5", 32), ("SHA-1", 40), ("SHA-256", 64), ("SHA-384", 96), ("SHA-512", 128), ("BLAKE3", 64), ("CRC32", 8), ("SHA-1", 3)]
            .map(|(algorithm, digits)| PackageHash { algorithm: algorithm.into(), hex: "a".repeat(digits) })
            .into();
    let urls = [
        "https://example.org/a?b=c#d",
        "git+https://git.example.org/a.git#v1",
        "git@github.com:a/b.git",
        "http://localhost/",
        "not an address",
        NASTY,
        "",
        "http://[::1",
        "https://exämple.org/",
        "https://example.org/%",
        "https://user@example.org:99999/",
        "urn:x:y",
    ];
    let kinds = [LinkKind::Website, LinkKind::Vcs, LinkKind::Distribution, LinkKind::IssueTracker];
    scoped.links = urls.iter().flat_map(|url| kinds.map(|kind| Link { kind, url: (*url).into() })).collect();
    for (technique, confidence) in [
        (Technique::BinaryAnalysis, 95),
        (Technique::Filename, 0),
        (Technique::SourceCodeAnalysis, 255),
        (Technique::Other, 33),
        (Technique::ManifestAnalysis, 100),
    ] {
        let (path, cataloger) = ("a.jar!/b.jar!/META-INF/MANIFEST.MF".into(), "java".into());
        scoped.evidence.insert(Evidence { path, cataloger, technique, confidence });
    }
    let maven = package(Purl::new("maven", "core", Some("1")).in_namespace("org.example"), Basis::Installed);
    let go = package(Purl::golang("github.com/aws/aws-lambda-go/lambda", Some("v1.2.3+incompatible")), Basis::Installed);
    vec![runtime, openssl, scoped, maven, go]
}

/// Packages as an attacker writes them.
fn nasty() -> Vec<Package> {
    let mut every = package(Purl::new("npm", NASTY, Some(NASTY)).in_namespace(NASTY).with("a", NASTY), Basis::Installed);
    every.name = NASTY.into();
    every.supplier = Some(NASTY.into());
    every.description = Some(NASTY.into());
    every.root = Some(NASTY.into());
    every.files = BTreeSet::from([NASTY.to_owned(), String::new()]);
    every.properties = BTreeMap::from([("layerproof:note".to_owned(), NASTY.to_owned())]);
    every.evidence = BTreeSet::from([Evidence::metadata(NASTY, "npm")]);
    every.hashes = BTreeSet::from([PackageHash { algorithm: NASTY.into(), hex: NASTY.into() }]);
    let mut anonymous = package(Purl::new("", "", Some("")), Basis::Installed);
    anonymous.evidence.clear();
    anonymous.supplier = Some("()".into());
    anonymous.description = Some(String::new());
    let twin = anonymous.clone();
    let mut long = package(Purl::new("npm", &"x".repeat(5_000), Some(&"9".repeat(2_000))), Basis::Installed);
    long.supplier = Some("( ) <a@b>".into());
    let mut reserved = package(Purl::new("npm", "SPDXRef-DOCUMENT", Some("NOASSERTION")), Basis::Installed);
    reserved.supplier = Some("NOASSERTION".into());
    reserved.name = "urn:cdx:x".into();
    vec![every, anonymous, twin, long, reserved]
}

/// One package for each way in which a licence can be declared.
fn licences() -> Vec<Package> {
    let expressions = [
        "MIT",
        "MIT or Apache-2.0",
        "(MIT AND ISC) OR (Apache-2.0 WITH LLVM-exception)",
        "Apache-2.0+",
        "GPL-2.0-or-later WITH Classpath-exception-2.0",
        "LicenseRef-own.terms-1",
        "DocumentRef-other:LicenseRef-theirs",
        "BSD-ask-to-endorse",
        "MIT AND NOASSERTION",
        "MIT WITH Classpath-exception-2.0-short",
        "MIT WITH AdditionRef-x",
        "not an expression",
        "LicenseRef-scancode-public-domain",
        "GPL-2.0",
        "GPL-2.0+",
        "GPL-2.0-with-GCC-exception",
    ];
    let mut declared: Vec<Vec<Licence>> = expressions.iter().map(|text| vec![Licence::Expression((*text).into())]).collect();
    declared.extend(expressions.iter().map(|text| vec![Licence::Named((*text).into())]));
    declared.push(expressions.iter().map(|text| Licence::Expression((*text).into())).collect());
    declared.push(vec![Licence::Named(NASTY.into())]);
    declared.push(vec![Licence::Named("BSD".into()), Licence::Named("see LICENSE.txt".into()), Licence::Named("  ".into())]);
    declared.push(vec![Licence::Expression(format!("{}MIT{}", "(".repeat(600), ")".repeat(600)))]);
    declared.push(vec![Licence::Expression(vec!["MIT"; 400].join(" AND "))]);
    declared
        .into_iter()
        .enumerate()
        .map(|(place, licences)| {
            let mut package = package(Purl::new("cargo", &format!("licensed-{place}"), Some("1.0.0")), Basis::Installed);
            package.licences = licences;
            package
        })
        .collect()
}

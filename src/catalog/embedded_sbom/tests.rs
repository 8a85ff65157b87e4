//! What SBOMs say, and what they must not be able to do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::catalog::licence::JOINED;
use crate::catalog::{Basis, Edge, Licence, PackageKind, Relation, Scope};
use crate::unpack::{EntryKind, FileEntry};

fn stated(document: &Value) -> StatedBom {
    let bom = read(document.to_string().as_bytes()).expect("an SBOM");
    assert_eq!(bom, read_value(document).expect("an SBOM"), "text and parsed JSON say the same");
    bom
}

fn cyclonedx(components: Value) -> StatedBom {
    stated(&json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "components": components }))
}

fn spdx(packages: Value, relationships: Value) -> StatedBom {
    stated(&json!({ "spdxVersion": "SPDX-2.3", "packages": packages, "relationships": relationships }))
}

fn purls(bom: &StatedBom) -> Vec<String> {
    bom.packages.iter().map(|package| package.purl.to_string()).collect()
}

fn edges(bom: &StatedBom) -> Vec<(usize, Relation, usize)> {
    bom.edges.iter().map(|edge| (edge.from, edge.relation, edge.to)).collect()
}

fn parse(path: &str, bytes: &[u8]) -> Result<Facts, Flaw> {
    let facts = FileFacts::new(path, bytes.len() as u64, None);
    EmbeddedSbom.parse(&File::new(facts, &Arc::new(bytes.to_vec())))
}

fn wanted(path: &str) -> bool {
    EmbeddedSbom.wants(&FileFacts::new(path, 1, None)).is_some()
}

fn limit(flaw: &Flaw) -> &str {
    match &flaw.reason {
        GapReason::TooLarge { limit } => limit,
        other => panic!("{other:?}"),
    }
}

// Hostile documents.

#[test]
fn components_beyond_the_limit_are_said_to_be_missing() {
    let mut text = String::from(r#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":["#);
    text.push_str(&vec![r#"{"components":[{},{"name":"a","version":"1"}]}"#; 30_000].join(","));
    text.push_str("]}");
    let bom = read(text.as_bytes()).expect("the rest is good");
    assert_eq!(bom.packages.len(), 1);
    assert_eq!(limit(bom.flaws.last().expect("a flaw")), "embedded_sbom::MAX_COMPONENTS");
}

#[test]
fn relations_beyond_the_limit_are_said_to_be_missing() {
    let all = vec![r#""b""#; 50_000].join(",");
    let one = format!(r#"{{"ref":"a","dependsOn":[{all}]}}"#);
    let many = vec![one; 11].join(",");
    let text = format!(r#"{{"bomFormat":"CycloneDX","specVersion":"1.6","components":[],"dependencies":[{many}]}}"#);
    let bom = read(text.as_bytes()).expect("the rest is good");
    assert_eq!(limit(&bom.flaws[0]), "embedded_sbom::MAX_RELATIONS");
}

#[test]
fn components_nested_without_end_are_refused() {
    let (open, close) = (r#"[{"components":"#.repeat(5_000), "}]".repeat(5_000));
    let text = format!(r#"{{"bomFormat":"CycloneDX","specVersion":"1.6","components":{open}[]{close}}}"#);
    assert_eq!(limit(&read(text.as_bytes()).expect_err("too deep")), "embedded_sbom::depth");
}

#[test]
fn a_dependency_on_oneself_or_in_a_ring_ends() {
    let bom = stated(&json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5",
        "components": [{ "bom-ref": "a", "name": "a", "version": "1" }, { "bom-ref": "b", "name": "b", "version": "1" }],
        "dependencies": [
            { "ref": "a", "dependsOn": ["a", "b", "nowhere"] },
            { "ref": "b", "dependsOn": ["a", "a"] },
            { "ref": "nowhere", "dependsOn": ["a"] },
        ],
    }));
    assert_eq!(edges(&bom), [(0, Relation::DependsOn, 1), (1, Relation::DependsOn, 0)]);
}

#[test]
fn values_of_another_type_cost_only_themselves() {
    let bom = cyclonedx(json!([
        "text", 7, null, [], [[{}]],
        { "name": ["x"], "version": {} },
        {
            "type": 1, "name": "a", "version": 1.5, "group": null, "purl": false, "licenses": { "expression": "MIT" }, "hashes": [1, {}],
            "externalReferences": "x", "supplier": "x", "evidence": [], "components": {}, "cpe": {}, "scope": [],
        },
    ]));
    assert_eq!(purls(&bom), ["pkg:generic/a"]);
    assert_eq!(bom.packages[0].licences, []);
    let bom = spdx(json!([1, { "SPDXID": 1, "name": "b", "versionInfo": "1", "externalRefs": [null, {}], "checksums": 3 }]), json!({}));
    assert_eq!(purls(&bom), ["pkg:generic/b@1"]);
}

#[test]
fn a_purl_that_is_none_is_a_flaw_and_its_component_stays() {
    let bom = cyclonedx(json!([{ "name": "left-pad", "version": "1.3.0", "purl": "npm/left-pad@1.3.0" }]));
    assert_eq!(purls(&bom), ["pkg:generic/left-pad@1.3.0"]);
    assert!(bom.flaws[0].detail.contains("`npm/left-pad@1.3.0` is no package URL"), "{:?}", bom.flaws);
}

#[test]
fn flaws_are_counted_not_piled_up() {
    let bom = cyclonedx(Value::Array(vec![json!({ "name": "a", "version": "1", "purl": "x" }); 100]));
    assert_eq!(bom.flaws.len(), 21);
    assert_eq!(bom.flaws[20].detail, "and 80 more");
}

#[test]
fn a_name_without_end_is_a_flaw() {
    let bom = cyclonedx(json!([{ "name": "a".repeat(70_000), "version": "1" }, { "name": "b", "version": "1" }]));
    assert_eq!(purls(&bom), ["pkg:generic/b@1"]);
    assert!(bom.flaws[0].detail.len() < 400);
}

#[test]
fn paths_that_lead_out_are_no_files_of_a_package() {
    let occurrences: Vec<Value> =
        ["../../etc/passwd", "a/../../b", "/opt/lib/x.so", "./bin/y", "", "/"].iter().map(|path| json!({ "location": path })).collect();
    let bom = cyclonedx(json!([{ "name": "a", "version": "1", "evidence": { "occurrences": occurrences } }]));
    assert_eq!(bom.packages[0].files, BTreeSet::from(["bin/y".to_owned(), "opt/lib/x.so".to_owned()]));
}

#[test]
fn broken_text_is_malformed() {
    for bytes in [&b"{\"bomFormat\": \"CycloneDX\", "[..], b"", b"[]", b"{\"bomFormat\": \"CycloneDX\xff\"}", b"{} {}", b"null"] {
        assert_eq!(read(bytes).expect_err("broken").reason, GapReason::Malformed);
    }
}

#[test]
fn a_version_that_is_not_known_is_not_guessed() {
    for document in [
        json!({ "bomFormat": "CycloneDX", "specVersion": "2.0" }),
        json!({ "bomFormat": "CycloneDX", "specVersion": 1.6 }),
        json!({ "spdxVersion": "SPDX-3.0" }),
        json!({ "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [] }),
    ] {
        assert_eq!(read(document.to_string().as_bytes()).expect_err("unknown").reason, GapReason::NotBuilt, "{document}");
    }
}

#[test]
fn a_predicate_is_the_document_in_any_wrapping() {
    let document =
        json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "Data": "of no account", "components": [{ "name": "a", "version": "1" }] });
    let text = Value::String(document.to_string());
    for predicate in [document.clone(), text.clone(), json!({ "Data": document }), json!({ "Data": text, "Timestamp": "" })] {
        assert_eq!(purls(&read_predicate(&predicate).expect("an SBOM")), ["pkg:generic/a@1"], "{predicate}");
    }
    for predicate in [json!(null), json!("SPDXVersion: SPDX-2.3"), json!({ "Data": { "Data": document } }), json!({ "Data": 1 })] {
        assert!(read_predicate(&predicate).is_err(), "{predicate}");
    }
}

// Which files are read.

#[test]
fn names_that_may_be_sboms_are_wanted_and_no_others() {
    for path in [
        "app.cdx.json",
        "x/y.spdx.json",
        "bom.json",
        "a/sbom.json",
        "a/x.bom.json",
        "META-INF/sbom/application.json",
        "python/cryptography-50.0.2.dist-info/sboms/cryptography-rust.cyclonedx.json",
        "python/a-1.dist-info/sboms/x.json",
        "opt/bitnami/nginx/.spdx-nginx.spdx",
    ] {
        assert!(wanted(path), "{path}");
    }
    for path in ["package.json", "a/sboms/x.json", "bom.json.bak", "bom.xml", "abom.json", "a/tests/bom.json", "fixtures/x.cdx.json"] {
        assert!(!wanted(path), "{path}");
    }
}

#[test]
fn a_bom_json_that_is_something_else_is_no_flaw() {
    for bytes in [&b"{\"parts\": [1, 2]}"[..], b"not JSON", b"\xff\xfe", b"{\"specVersion\": \"1.6\"}"] {
        assert_eq!(parse("nodejs/bom.json", bytes), Ok(Facts::default()));
        assert!(parse("nodejs/x.cdx.json", bytes).is_err(), "a name that promises an SBOM");
        assert!(parse("python/a-1.dist-info/sboms/x.json", bytes).is_err(), "a folder that promises one");
    }
}

#[test]
fn a_bom_json_that_is_a_broken_sbom_is_a_flaw() {
    assert!(parse("bom.json", b"{\"bomFormat\": \"CycloneDX\", \"specVersion\": \"1.6\", \"components\": [").is_err());
    assert!(parse("bom.json", b"{\"bomFormat\": \"CycloneDX\", \"specVersion\": \"9\"}").is_err());
}

#[test]
fn what_a_file_states_is_embedded_and_says_where_it_stands() {
    let text = br#"{"bomFormat":"CycloneDX","specVersion":"1.4","metadata":{"component":{"name":"pillow","purl":"pkg:pypi/pillow@13.0.0?file_name=x.whl"}},
        "components":[{"name":"libxau","purl":"pkg:rpm/almalinux/libXau@1.0.9#abc"}]}"#;
    let facts = parse("python/pillow-13.0.0.dist-info/sboms/auditwheel.cdx.json", text).expect("an SBOM");
    let all: Vec<String> = facts.packages.iter().map(|package| package.purl.to_string()).collect();
    assert_eq!(all, ["pkg:pypi/pillow@13.0.0", "pkg:rpm/almalinux/libXau@1.0.9"]);
    for package in &facts.packages {
        assert_eq!(package.basis, Basis::Embedded);
        let evidence: Vec<_> = package.evidence.iter().map(|e| (e.path.as_str(), e.cataloger.as_str(), e.confidence)).collect();
        assert_eq!(evidence, [("python/pillow-13.0.0.dist-info/sboms/auditwheel.cdx.json", "embedded-sbom", 70)]);
        assert!(package.files.is_empty());
    }
}

#[test]
fn only_named_files_that_are_there_belong_to_a_package() {
    let entry = |path: &str| FileEntry {
        path: path.into(),
        kind: if path.ends_with("dir") { EntryKind::Directory } else { EntryKind::File },
        mode: None,
        size: 1,
        origin: 0,
        member: 0,
        digest: None,
    };
    let entries =
        [entry("python/a.libs/x.so"), entry("opt/y.so"), entry("python/a-1.dist-info/sboms/z.so"), entry("python/other.so"), entry("dir")];
    let text = json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{
        "name": "a", "version": "1",
        "components": [{ "type": "file", "name": "a.libs/x.so" }, { "type": "file", "name": "/opt/y.so" }, { "type": "file", "name": "z.so" },
            { "type": "file", "name": "not/there.so" }, { "type": "file", "name": "dir" }],
    }]});
    let path = "python/a-1.dist-info/sboms/a.cdx.json";
    let facts = parse(path, text.to_string().as_bytes()).expect("an SBOM");
    let all = EmbeddedSbom.assemble(vec![Seen { path: path.into(), facts }], &View::new(entries.iter(), None));
    let files: Vec<&str> = all.packages[0].files.iter().map(String::as_str).collect();
    assert_eq!(files, ["opt/y.so", "python/a-1.dist-info/sboms/z.so", "python/a.libs/x.so"]);
}

// What documents say.

#[test]
fn a_cyclonedx_component_is_read_whole() {
    let bom = cyclonedx(json!([{
        "type": "application", "bom-ref": "x", "group": "org.example", "name": "thing", "version": "1.0", "scope": "optional",
        "purl": "pkg:maven/org.example/thing@1.0?type=jar", "cpe": "cpe:2.3:a:example:thing:1.0:*:*:*:*:*:*:*",
        "description": "Does things.\nAnd more.", "author": "A. Author", "supplier": { "name": "Example Ltd" },
        "licenses": [{ "license": { "id": "MIT" } }, { "license": { "name": "Our own" } }, { "license": { "name": "UNKNOWN" } }],
        "hashes": [{ "alg": "SHA-256", "content": "AB12" }, { "alg": "SHA-1", "content": "not hexadecimal" }],
        "externalReferences": [{ "type": "vcs", "url": "https://git.example/thing" }, { "type": "chat", "url": "https://chat.example" },
            { "type": "website", "url": "nonsense" }],
    }]));
    let package = &bom.packages[0];
    assert_eq!(package.purl.to_string(), "pkg:maven/org.example/thing@1.0");
    assert_eq!(package.name, "org.example:thing");
    assert_eq!((package.kind, package.scope, package.basis), (PackageKind::Application, Scope::Optional, Basis::Embedded));
    assert_eq!(package.licences, [Licence::Expression("MIT".into()), Licence::Named("Our own".into())]);
    let hashes: Vec<_> = package.hashes.iter().map(|hash| (hash.algorithm.as_str(), hash.hex.as_str())).collect();
    assert_eq!(hashes, [("SHA-256", "ab12")]);
    assert_eq!(package.cpes, ["cpe:2.3:a:example:thing:1.0:*:*:*:*:*:*:*"]);
    assert_eq!(package.supplier.as_deref(), Some("Example Ltd"));
    assert_eq!(package.description.as_deref(), Some("Does things."));
    assert_eq!(package.links.iter().map(|link| link.url.as_str()).collect::<Vec<_>>(), ["https://git.example/thing"]);
    assert_eq!((bom.format, bom.version.as_str()), (StatedFormat::CycloneDx, "1.6"));
}

#[test]
fn nested_components_lie_within_their_parents() {
    let bom = cyclonedx(json!([
        { "name": "outer", "version": "1", "components": [{ "name": "inner", "version": "2", "components": [{ "name": "core", "version": "3" }] }] },
        { "name": "core", "version": "3" },
    ]));
    assert_eq!(purls(&bom), ["pkg:generic/outer@1", "pkg:generic/inner@2", "pkg:generic/core@3"]);
    assert_eq!(edges(&bom), [(0, Relation::Contains, 1), (1, Relation::Contains, 2)]);
}

#[test]
fn parts_of_a_package_are_that_package() {
    let bom = stated(&json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5",
        "metadata": { "component": { "bom-ref": "p", "name": "Pillow", "version": "13", "purl": "pkg:pypi/pillow@13" } },
        "components": [
            { "bom-ref": "p#avif", "name": "PIL._avif", "version": "13", "purl": "pkg:pypi/pillow@13#c-ext/PIL._avif" },
            { "bom-ref": "l", "name": "libavif", "version": "1.4.2" },
        ],
        "dependencies": [{ "ref": "p", "dependsOn": ["p#avif"] }, { "ref": "p#avif", "dependsOn": ["l"] }],
    }));
    assert_eq!(purls(&bom), ["pkg:pypi/pillow@13", "pkg:generic/libavif@1.4.2"]);
    assert_eq!(bom.packages[0].name, "Pillow");
    assert_eq!(edges(&bom), [(0, Relation::DependsOn, 1)]);
    assert_eq!(bom.subject, Some(StatedSubject { name: "Pillow".into(), version: Some("13".into()), package: Some(0) }));
    assert_eq!(bom.components().map(|package| package.name.as_str()).collect::<Vec<_>>(), ["libavif"]);
}

#[test]
fn a_go_module_split_by_a_subpath_is_put_together() {
    let bom = cyclonedx(json!([
        { "name": "x", "purl": "pkg:golang/github.com/aws/aws-sdk-go-v2@v1.32.5#service/s3" },
        { "name": "x", "purl": "pkg:golang/github.com/aws/aws-sdk-go-v2@v1.32.5?type=module&goos=linux" },
    ]));
    assert_eq!(
        purls(&bom),
        ["pkg:golang/github.com/aws/aws-sdk-go-v2/service/s3@v1.32.5", "pkg:golang/github.com/aws/aws-sdk-go-v2@v1.32.5"]
    );
}

#[test]
fn what_is_no_package_is_not_listed() {
    let bom = cyclonedx(json!([
        { "type": "container", "name": "base", "version": "1" },
        { "type": "library", "name": "base", "purl": "pkg:oci/base@sha256%3Aabc" },
        { "type": "file", "name": "/etc/x" },
        { "type": "data", "name": "d", "version": "1" },
        { "type": "application", "name": "app/package-lock.json" },
        { "type": "operating-system", "name": "debian", "version": "12" },
        { "type": "something-new", "name": "new", "version": "1" },
        {},
    ]));
    assert_eq!(purls(&bom), ["pkg:generic/debian@12", "pkg:generic/new@1"]);
    assert_eq!(bom.packages[0].kind, PackageKind::OperatingSystem);
}

#[test]
fn a_folder_or_image_that_a_document_is_about_is_no_package() {
    for component in [
        json!({ "type": "file", "name": "/tmp/x" }),
        json!({ "type": "application", "name": "layer", "version": "7" }),
        json!({ "type": "container", "name": "i", "purl": "pkg:oci/i@sha256%3Aab" }),
    ] {
        let bom = stated(&json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": { "component": component } }));
        assert_eq!(bom.packages, []);
        assert_eq!(bom.subject.expect("a subject").package, None);
    }
}

#[test]
fn an_spdx_document_is_read_whole() {
    let bom = stated(&json!({
        "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT",
        "files": [{ "SPDXID": "SPDXRef-File", "fileName": "./lib/curl.so" }, { "SPDXID": "SPDXRef-Free", "fileName": "./free" }],
        "packages": [
            { "SPDXID": "SPDXRef-Root", "name": "/tmp/layer", "primaryPackagePurpose": "FILE" },
            {
                "SPDXID": "SPDXRef-curl", "name": "curl", "versionInfo": "7.88.1-10", "supplier": "Organization: Debian (debian@example.org)",
                "licenseDeclared": "NOASSERTION", "licenseConcluded": "curl", "homepage": "https://curl.example", "downloadLocation": "NOASSERTION",
                "checksums": [{ "algorithm": "SHA256", "checksumValue": "00FF" }], "hasFiles": ["SPDXRef-File", "SPDXRef-Nowhere"],
                "externalRefs": [
                    { "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:deb/debian/curl@7.88.1-10?arch=amd64&upstream=curl" },
                    { "referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:haxx:curl:7.88.1:*:*:*:*:*:*:*" },
                    { "referenceCategory": "SECURITY", "referenceType": "cpe22Type", "referenceLocator": "cpe:/a:haxx:curl" },
                ],
            },
            { "SPDXID": "SPDXRef-zlib", "name": "zlib", "versionInfo": "NOASSERTION" },
            { "SPDXID": "SPDXRef-gcc", "name": "gcc", "versionInfo": "12" },
        ],
        "relationships": [
            { "spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-Root" },
            { "spdxElementId": "SPDXRef-Root", "relationshipType": "CONTAINS", "relatedSpdxElement": "SPDXRef-curl" },
            { "spdxElementId": "SPDXRef-zlib", "relationshipType": "DEPENDENCY_OF", "relatedSpdxElement": "SPDXRef-curl" },
            { "spdxElementId": "SPDXRef-gcc", "relationshipType": "BUILD_TOOL_OF", "relatedSpdxElement": "SPDXRef-curl" },
            { "spdxElementId": "SPDXRef-curl", "relationshipType": "OTHER", "relatedSpdxElement": "SPDXRef-Free" },
        ],
    }));
    assert_eq!(purls(&bom), ["pkg:deb/debian/curl@7.88.1-10?arch=amd64", "pkg:generic/zlib", "pkg:generic/gcc@12"]);
    let curl = &bom.packages[0];
    assert_eq!(curl.supplier.as_deref(), Some("Debian"));
    assert_eq!(curl.licences, [Licence::Expression("curl".into())]);
    assert_eq!(curl.hashes.iter().map(|hash| hash.algorithm.as_str()).collect::<Vec<_>>(), ["SHA-256"]);
    assert_eq!(curl.cpes, ["cpe:2.3:a:haxx:curl:7.88.1:*:*:*:*:*:*:*"]);
    assert_eq!(curl.files, BTreeSet::from(["lib/curl.so".to_owned()]));
    assert_eq!(bom.packages.iter().map(|package| package.scope).collect::<Vec<_>>(), [Scope::Required, Scope::Required, Scope::Excluded]);
    assert_eq!(bom.edges, [Edge { from: 0, relation: Relation::DependsOn, to: 1 }]);
    assert_eq!(bom.subject, Some(StatedSubject { name: "/tmp/layer".into(), version: None, package: None }));
    assert_eq!((bom.format, bom.version.as_str()), (StatedFormat::Spdx, "2.3"));
}

#[test]
fn a_document_that_describes_several_packages_has_no_subject() {
    let describes = |id: &str| json!({ "spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": id });
    let package = |id: &str| json!({ "SPDXID": id, "name": id, "versionInfo": "1" });
    let bom = spdx(json!([package("a"), package("b")]), json!([describes("a"), describes("b")]));
    assert_eq!(bom.subject, None);
    assert_eq!(bom.components().count(), 2);
}

#[test]
fn documents_of_this_program_say_what_no_package_covers_and_on_what_packages_rest() {
    let property = |name: &str, value: &str| json!({ "name": name, "value": value });
    let bom = stated(&json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6",
        "metadata": { "properties": [property("layerproof:composition:artifact", "incomplete"), property("layerproof:gap", "{}")] },
        "components": [
            { "type": "library", "name": "a", "version": "1", "properties": [property("layerproof:basis", "heuristic")] },
            { "type": "file", "name": "bin/x", "hashes": [{ "alg": "SHA-256", "content": "AA" }], "properties": [property("layerproof:unidentified", "elf")] },
            { "type": "file", "name": "bin/y", "hashes": [{ "alg": "SHA-256", "content": "bb" }] },
        ],
    }));
    let own = |bom: &StatedBom| (bom.bases.clone(), bom.unidentified.clone(), bom.gaps);
    let expected = (BTreeMap::from([(0, Basis::Heuristic)]), Some(BTreeMap::from([("bin/x".to_owned(), "aa".to_owned())])), 1);
    assert_eq!(own(&bom), expected);
    let comment = |text: &str| json!([{ "annotationType": "OTHER", "comment": text }]);
    let bom = stated(&json!({
        "spdxVersion": "SPDX-2.3",
        "annotations": [{ "comment": "layerproof:composition:artifact: incomplete" }, { "comment": "layerproof:gap: {}" }],
        "packages": [
            { "SPDXID": "a", "name": "a", "versionInfo": "1", "annotations": comment("layerproof:basis: heuristic") },
            { "SPDXID": "x", "name": "bin/x", "primaryPackagePurpose": "FILE", "annotations": comment("layerproof:unidentified: elf"),
                "checksums": [{ "algorithm": "SHA256", "checksumValue": "aa" }] },
        ],
    }));
    assert_eq!(own(&bom), expected);
    assert_eq!(own(&cyclonedx(json!([{ "type": "file", "name": "bin/x" }]))), (BTreeMap::new(), None, 0));
}

#[test]
fn what_a_vendor_says_of_its_own_basis_counts_for_nothing_in_an_artifact() {
    let text = br#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"name":"a","version":"1",
        "properties":[{"name":"layerproof:basis","value":"installed"},{"name":"layerproof:unidentified","value":"elf"}]}]}"#;
    let facts = parse("bom.json", text).expect("an SBOM");
    assert_eq!(facts.packages[0].basis, Basis::Embedded);
    assert_eq!(facts.packages[0].properties, BTreeMap::new());
}

#[test]
fn texts_that_others_extracted_change_no_licence() {
    let licence = |declared: &str, id: &str, text: &str| {
        let bom = stated(&json!({
            "spdxVersion": "SPDX-2.3",
            "packages": [{ "name": "a", "versionInfo": "1", "licenseDeclared": declared }],
            "hasExtractedLicensingInfos": [{ "licenseId": id, "extractedText": text }],
        }));
        bom.packages[0].licences[0].clone()
    };
    assert_eq!(licence("GPL-3.0-only", "GPL-3.0-only", "MIT").text(), "GPL-3.0-only");
    assert_eq!(licence("LicenseRef-x", "LicenseRef-x", "Permission is hereby granted").text(), "LicenseRef-x");
    let own = format!("LicenseRef-BSD-{}", &crate::model::digest::Digest::of(b"BSD?").hex()[..16]);
    assert_eq!(licence(&own, &own, "BSD?"), Licence::Named("BSD?".into()));
    assert_eq!(licence(&own, &own, "MIT").text(), own, "another text than it was made of");
}

#[test]
fn a_licence_joined_of_very_many_costs_no_more_than_a_few() {
    let text = "x".repeat(2_000);
    let own = format!("LicenseRef-{}", &crate::model::digest::Digest::of(text.as_bytes()).hex()[..16]);
    let of = |declared: &str, packages: usize| {
        let package = json!({ "name": "a", "versionInfo": "1", "licenseDeclared": declared, "licenseComments": JOINED });
        stated(&json!({
            "spdxVersion": "SPDX-2.3", "packages": vec![package; packages],
            "hasExtractedLicensingInfos": [{ "licenseId": own, "extractedText": text }],
        }))
    };
    assert!(of(&vec![own.as_str(); 1_000].join(" AND "), 1).packages[0].licences.len() <= 2);
    let many: Vec<String> = (0..1_000).map(|number| format!("LicenseRef-{number}")).collect();
    assert!(of(&many.join(" AND "), 1).packages[0].licences.len() <= 65);
    let bom = of(&own, 10_000);
    let bytes: usize = bom.packages.iter().flat_map(|package| &package.licences).map(|licence| licence.text().len()).sum();
    assert!(bytes < 17 << 20, "{bytes}");
    assert_eq!(limit(bom.flaws.last().expect("a flaw")), "embedded_sbom::spdx::MAX_EXTRACTED_BYTES");
}

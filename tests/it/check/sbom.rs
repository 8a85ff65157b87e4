//! SBM002: attested SBOMs beside what is in the artifact. Real attestations, judged by the verifier.

use std::fs;
use std::sync::Arc;

use layerproof::catalog::{Basis, Catalog, CatalogGap, Edge, Evidence, Package, Relation};
use layerproof::finding::{Confidence, Finding, Severity, Status};
use layerproof::model::artifact::Subject;
use layerproof::model::attachment::{Attachment, AttachmentForm, Target, TargetRole};
use layerproof::model::digest::Digest;
use layerproof::model::gap::GapReason;
use layerproof::model::observed::Observed;
use layerproof::model::printable::printable;
use layerproof::policy::decision::{DecisionSubject, Support, Verdict};
use layerproof::signature::sigstore::{self, Bytes};
use layerproof::signature::{JudgedSignature, Outcome, PublicKeyAnchor, TrustAnchors};
use serde_json::{Value, json};

use super::fleet::*;
use crate::forge::sigstore::Sigstore;
use crate::forge::sigstore::intoto::Statement;
use crate::forge::{Entry, SigningKey, zip};
use crate::run::{Home, Run};

const CYCLONEDX: &str = "https://cyclonedx.org/bom";
const SPDX: &str = "https://spdx.dev/Document/v2.3";
const BYTES: &[u8] = b"the layer";

fn ours() -> SigningKey {
    SigningKey::p256("our SBOMs")
}

fn theirs() -> SigningKey {
    SigningKey::p256("their SBOMs")
}

/// A fleet with one layer whose packages these are.
struct Case {
    fleet: Fleet,
    subject: Subject,
}

impl Case {
    fn new(packages: Vec<Package>) -> Self {
        Self::of(Catalog { packages, ..Catalog::default() })
    }

    fn of(catalog: Catalog) -> Self {
        let mut fleet = Fleet::new();
        let arn = layer("deps", 1);
        fleet.users(1, &arn);
        let artifact = fleet.layer(&arn, BYTES);
        artifact.packages = Observed::Present(Arc::new(catalog));
        artifact.signatures = Observed::Present(Vec::new());
        let subject = Subject::Layer(arn);
        fleet.decide(&subject, Verdict::Trusted, "strict", &[]);
        Self { fleet, subject }
    }

    /// An attestation by our key, on which the decision rests.
    fn attested(self, predicate_type: &str, predicate: &Value) -> Self {
        self.signed(judged(predicate_type, predicate, BYTES, &ours()), true)
    }

    /// With a signature, on which the decision rests or not.
    fn signed(mut self, judged: JudgedSignature, rests: bool) -> Self {
        if let (Outcome::Valid(verified), true) = (&judged.outcome, rests) {
            let basis = verified.basis();
            let support = Support {
                scheme: basis.scheme,
                location: judged.location.clone(),
                signer: printable(&basis.identity.describe()).into_owned(),
                digest: basis.target.digest,
                index_above: false,
                predicate_type: basis.statement.as_ref().map(|statement| statement.predicate_type.clone()),
            };
            self.fleet.decisions.get_mut(&DecisionSubject::Artifact(self.subject.clone())).unwrap().rests_on.push(support);
        }
        match &mut self.fleet.at(&self.subject).signatures {
            Observed::Present(all) => all.push(judged),
            Observed::Absent | Observed::Unknown(_) => unreachable!(),
        }
        self
    }

    #[track_caller]
    fn one(&self) -> Finding {
        self.fleet.one("SBM002")
    }

    #[track_caller]
    fn none(&self) {
        self.fleet.none("SBM002");
    }
}

/// A key-signed attestation about `about`, judged as one about the layer.
fn judged(predicate_type: &str, predicate: &Value, about: &[u8], key: &SigningKey) -> JudgedSignature {
    let statement = Statement { predicate: predicate.clone(), ..Statement::about(about, predicate_type) };
    let bundle = Sigstore::new().attest(&statement).key(key.clone()).logged(&[]).build().bytes();
    let target = Target { digest: Digest::of(BYTES), size: BYTES.len() as u64, media_type: String::new(), role: TargetRole::Itself };
    let attachment = Attachment { location: "beside".into(), target, form: AttachmentForm::SigstoreBundle(bundle.into()) };
    let keys = [ours(), theirs()].map(|key| PublicKeyAnchor::parse("key.pub", key.spki_pem().as_bytes()).unwrap());
    let trust = TrustAnchors { keys: keys.to_vec(), ..TrustAnchors::default() };
    let now = "2026-11-20T00:00:00Z".parse().unwrap();
    sigstore::judge(&attachment, Bytes::Here(BYTES), &trust, now).unwrap()
}

fn package(purl: &str) -> Package {
    Package::new(purl.parse().unwrap(), Basis::Installed, Evidence::metadata("python/METADATA", "python"))
}

fn packages(purls: &[&str]) -> Vec<Package> {
    purls.iter().map(|purl| package(purl)).collect()
}

fn cyclonedx(purls: &[&str]) -> Value {
    let components: Vec<Value> = purls.iter().map(|purl| json!({ "type": "library", "name": "x", "purl": purl })).collect();
    json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "components": components })
}

fn details(finding: &Finding, start: &str) -> Vec<String> {
    finding.details.iter().filter_map(|line| line.strip_prefix(start)).map(str::to_owned).collect()
}

#[test]
fn what_the_sbom_lists_is_there_and_there_is_no_more() {
    let all = ["pkg:pypi/requests@2.32.4", "pkg:npm/%40aws-sdk/client-s3@3.1.0", "pkg:golang/github.com/a/b@v1.2.3"];
    Case::new(packages(&all)).attested(CYCLONEDX, &cyclonedx(&all)).none();
    let spdx: Vec<Value> =
        all.iter().map(|purl| json!({ "name": "x", "externalRefs": [{ "referenceType": "purl", "referenceLocator": purl }] })).collect();
    Case::new(packages(&all)).attested(SPDX, &json!({ "spdxVersion": "SPDX-2.3", "packages": spdx })).none();
}

#[test]
fn a_package_that_the_sbom_does_not_list_is_told() {
    let case = Case::new(packages(&["pkg:pypi/requests@2.32.4", "pkg:pypi/evil@1.0"]))
        .attested(CYCLONEDX, &cyclonedx(&["pkg:pypi/requests@2.32.4"]));
    let finding = case.one();
    assert_eq!((finding.severity, finding.status, finding.confidence), (Severity::High, Status::Fail, Confidence::High));
    assert_eq!(details(&finding, "not listed: "), ["pkg:pypi/evil@1.0 (python/METADATA)"]);
    assert!(finding.message.ends_with("holds 1 package that its attested SBOM does not list"), "{}", finding.message);
    assert_eq!(finding.digest, Some(Digest::of(BYTES)));
}

#[test]
fn a_package_in_another_version_is_told() {
    let finding = Case::new(packages(&["pkg:pypi/requests@2.31.0"])).attested(CYCLONEDX, &cyclonedx(&["pkg:pypi/requests@2.32.4"])).one();
    assert_eq!(finding.severity, Severity::High);
    assert_eq!(details(&finding, "another version: "), ["pkg:pypi/requests@2.31.0 (python/METADATA), listed as 2.32.4"]);
    // A second copy in another version is one of which the SBOM says nothing.
    let both = packages(&["pkg:npm/a@1", "pkg:npm/a@2"]);
    assert_eq!(details(&Case::new(both).attested(CYCLONEDX, &cyclonedx(&["pkg:npm/a@1"])).one(), "another version: ").len(), 1);
}

#[test]
fn what_the_sbom_lists_and_is_not_there_is_said_at_info() {
    let case = Case::new(packages(&["pkg:pypi/a@1"])).attested(CYCLONEDX, &cyclonedx(&["pkg:pypi/a@1", "pkg:pypi/gone@2"]));
    let finding = case.one();
    assert_eq!((finding.severity, finding.status), (Severity::Info, Status::Fail));
    assert_eq!(details(&finding, "listed and not found: "), ["pkg:pypi/gone@2"]);
}

#[test]
fn what_could_not_be_read_of_the_artifact_is_incomplete_and_no_pass() {
    let gap = CatalogGap { path: "x/METADATA".into(), cataloger: "python".into(), reason: GapReason::Malformed, detail: "no name".into() };
    let catalog = Catalog { packages: packages(&["pkg:pypi/a@1"]), gaps: vec![gap], ..Catalog::default() };
    let case = Case::of(catalog.clone()).attested(CYCLONEDX, &cyclonedx(&["pkg:pypi/a@1", "pkg:pypi/perhaps@2"]));
    let finding = case.one();
    assert_eq!(finding.status, Status::Incomplete);
    assert_eq!(finding.details, ["x/METADATA (python): malformed: no name"]);
    // What is there for certain is told all the same.
    let case = Case::of(catalog).attested(CYCLONEDX, &cyclonedx(&["pkg:pypi/b@1"]));
    let found: Vec<_> = case.fleet.of("SBM002").into_iter().map(|finding| (finding.status, finding.severity)).collect();
    assert_eq!(found, [(Status::Fail, Severity::High), (Status::Incomplete, Severity::High)]);
}

#[test]
fn an_artifact_that_nobody_could_look_into_is_a_gap() {
    let mut case = Case::new(Vec::new()).attested(CYCLONEDX, &cyclonedx(&[]));
    let gap = gap("x", GapReason::Malformed);
    case.fleet.at(&case.subject).packages = Observed::Unknown(gap.clone());
    case.none();
    assert!(case.fleet.evidence.gaps().contains(&gap));
    assert_eq!(case.fleet.one("OPS001").status, Status::Incomplete);
}

#[test]
fn an_sbom_that_cannot_be_read_is_incomplete() {
    for predicate in [json!({}), json!("SPDXVersion: SPDX-2.3"), json!({ "bomFormat": "CycloneDX", "specVersion": "9.9" })] {
        let finding = Case::new(packages(&["pkg:pypi/a@1"])).attested(CYCLONEDX, &predicate).one();
        assert_eq!(finding.status, Status::Incomplete, "{predicate}");
    }
    // Beside one that can be read: what is not in that one may be in the other.
    let case = Case::new(packages(&["pkg:pypi/a@1"])).attested(CYCLONEDX, &cyclonedx(&[])).attested(SPDX, &json!({}));
    assert_eq!(case.one().status, Status::Incomplete);
}

#[test]
fn a_signature_that_does_not_hold_says_nothing() {
    let of_another = judged(CYCLONEDX, &cyclonedx(&[]), b"another artifact", &ours());
    assert!(matches!(of_another.outcome, Outcome::Invalid(_)));
    let by_nobody = judged(CYCLONEDX, &cyclonedx(&[]), BYTES, &SigningKey::p256("nobody"));
    assert!(!matches!(by_nobody.outcome, Outcome::Valid(_)));
    Case::new(packages(&["pkg:pypi/a@1"])).signed(of_another, true).signed(by_nobody, true).none();
}

#[test]
fn an_sbom_of_somebody_whom_no_policy_trusts_says_nothing() {
    let lies = judged(CYCLONEDX, &cyclonedx(&[]), BYTES, &theirs());
    assert!(matches!(lies.outcome, Outcome::Valid(_)));
    let all = ["pkg:pypi/a@1"];
    Case::new(packages(&all)).signed(lies.clone(), false).none();
    // Nor may it hide what ours does not list.
    let hides = judged(CYCLONEDX, &cyclonedx(&["pkg:pypi/evil@1"]), BYTES, &theirs());
    let case = Case::new(packages(&["pkg:pypi/evil@1"])).attested(CYCLONEDX, &cyclonedx(&[])).signed(hides, false);
    assert_eq!(details(&case.one(), "not listed: ").len(), 1);
}

#[test]
fn an_attestation_of_something_else_is_no_sbom() {
    Case::new(packages(&["pkg:pypi/a@1"])).attested("https://slsa.dev/provenance/v1", &cyclonedx(&[])).none();
}

#[test]
fn duplicate_attestations_count_once_and_several_sboms_add_up() {
    let one = cyclonedx(&["pkg:pypi/a@1"]);
    let case = Case::new(packages(&["pkg:pypi/a@1", "pkg:npm/b@2", "pkg:npm/c@3"]));
    let case = case.attested(CYCLONEDX, &one).attested(CYCLONEDX, &one).attested(SPDX, &cyclonedx(&["pkg:npm/b@2"]));
    let finding = case.one();
    assert_eq!(details(&finding, "not listed: "), ["pkg:npm/c@3 (python/METADATA)"]);
    assert_eq!(finding.details.iter().filter(|line| line.starts_with("the SBOM ")).count(), 2, "{:?}", finding.details);
}

#[test]
fn only_what_is_installed_must_be_listed() {
    let of = |basis: Basis| vec![Package { basis, ..package("pkg:npm/a@1") }];
    for basis in [Basis::Embedded, Basis::Declared, Basis::Heuristic] {
        Case::new(of(basis)).attested(CYCLONEDX, &cyclonedx(&[])).none();
    }
    Case::new(packages(&["pkg:golang/stdlib@1.26.0", "pkg:generic/tool@1"])).attested(CYCLONEDX, &cyclonedx(&[])).none();
}

#[test]
fn what_a_system_package_brought_is_listed_where_that_one_is() {
    let edges = vec![Edge { from: 0, relation: Relation::OwnedBy, to: 1 }];
    let catalog =
        Catalog { packages: packages(&["pkg:pypi/requests@2.28", "pkg:deb/debian/python3-requests@2.28-1"]), edges, ..Catalog::default() };
    Case::of(catalog.clone()).attested(CYCLONEDX, &cyclonedx(&["pkg:deb/ubuntu/python3-requests@2.28-1"])).none();
    assert_eq!(details(&Case::of(catalog).attested(CYCLONEDX, &cyclonedx(&[])).one(), "not listed: ").len(), 2);
}

#[test]
fn spellings_that_differ_from_tool_to_tool_are_the_same_package() {
    let here = [
        "pkg:rpm/amzn/openssl@3.0.8?epoch=1",
        "pkg:golang/a.example/b@v1.0",
        "pkg:maven/shaded@1",
        "pkg:nuget/Newtonsoft.Json@13",
        "pkg:deb/debian/g@4:10",
    ];
    let listed = [
        "pkg:rpm/amazon/openssl@1:3.0.8",
        "pkg:golang/a.example/b@1.0",
        "pkg:maven/org.example/shaded@1",
        "pkg:nuget/newtonsoft.json@13",
        "pkg:deb/debian/g@10?epoch=4",
    ];
    Case::new(packages(&here)).attested(CYCLONEDX, &cyclonedx(&listed)).none();
    // The name alone is another package where the scope is missing.
    assert_eq!(
        details(&Case::new(packages(&["pkg:npm/%40a/core@1"])).attested(CYCLONEDX, &cyclonedx(&["pkg:npm/core@1"])).one(), "not listed: ")
            .len(),
        1
    );
}

#[test]
fn an_sbom_without_package_urls_is_compared_by_names_at_medium_confidence() {
    let listed = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "components": [
        { "name": "Requests", "version": "2.32.4" }, { "group": "@aws-sdk", "name": "client-s3", "version": "3" }, { "group": "org.example", "name": "thing" },
    ] });
    let here = ["pkg:pypi/requests@2.32.4", "pkg:npm/%40aws-sdk/client-s3@3", "pkg:maven/org.example/thing@1"];
    Case::new(packages(&here)).attested(CYCLONEDX, &listed).none();
    let finding = Case::new(packages(&["pkg:npm/%40other/client-s3@3"])).attested(CYCLONEDX, &listed).one();
    assert_eq!((finding.severity, finding.confidence), (Severity::High, Confidence::Medium));
}

#[test]
fn long_lists_are_cut_and_say_so() {
    let here: Vec<Package> = (0..500).map(|n| package(&format!("pkg:npm/p{n:03}@1"))).collect();
    let finding = Case::new(here).attested(CYCLONEDX, &cyclonedx(&[])).one();
    assert!(finding.details.len() < 30 && finding.message.contains("500 packages"), "{finding:#?}");
}

#[test]
fn verify_looks_into_an_artifact_whose_sbom_is_attested() {
    let home = Home::new();
    let path = |name: &str| home.path().join(name);
    let metadata = |name: &str, version: &str| {
        let text = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
        Entry::file(&format!("python/{name}-{version}.dist-info/METADATA"), text)
    };
    let bytes = zip::write(&[metadata("requests", "2.31.0"), metadata("evil", "1.0")]);
    let statement = Statement { predicate: cyclonedx(&["pkg:pypi/requests@2.32.4"]), ..Statement::about(&bytes, CYCLONEDX) };
    let bundle = Sigstore::new().attest(&statement).key(ours()).logged(&[]).build().bytes();
    let policy = |key: &str| {
        format!(
            "version: 1\nstatements:\n  - name: sboms\n    scope: {{ kind: any }}\n    level: strict\n    aspects: {{ revocation: skip, authentic_timestamp: log }}\n    \
             attestations:\n      - predicate_type: {CYCLONEDX}\n        signed_by: {{ sigstore: {{ key: {key}, transparency: none }} }}\n"
        )
    };
    fs::write(path("layer.zip"), &bytes).unwrap();
    fs::write(path("layer.zip.sigstore.json"), bundle).unwrap();
    fs::write(path("ours.pub"), ours().spki_pem()).unwrap();
    fs::write(path("policy.yaml"), policy("ours.pub")).unwrap();
    for _ in 0..2 {
        // Once from the bytes, and once from what the store kept.
        let verify = Run::new(&home).arg("verify").arg(path("layer.zip")).arg("--policy").arg(path("policy.yaml")).args(["-o", "json"]);
        let report = verify.run().exits(1).json();
        let found: Vec<&Value> = report["findings"].as_array().unwrap().iter().filter(|finding| finding["rule"] == "SBM002").collect();
        assert_eq!(found.len(), 1, "{report:#}");
        let details = found[0]["details"].to_string();
        assert!(details.contains("not listed: pkg:pypi/evil@1.0 (python/evil-1.0.dist-info/METADATA)"), "{details}");
        assert!(details.contains("another version: pkg:pypi/requests@2.31.0"), "{details}");
    }
}

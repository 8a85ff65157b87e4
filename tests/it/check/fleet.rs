//! A small fleet made by hand: evidence and decisions for checks to look at.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use layerproof::check::runtimes::RuntimeTable;
use layerproof::check::{Context, run_all};
use layerproof::evidence::{Artifact, Attested, Blob, Evidence};
use layerproof::finding::Finding;
use layerproof::model::arn::{FunctionArn, LayerVersionArn};
use layerproof::model::artifact::{BlobLocation, ServiceSigning, Subject};
use layerproof::model::digest::{ClaimedDigest, Digest};
use layerproof::model::function::{Alias, Function, FunctionCode, FunctionVersion, LayerUse};
use layerproof::model::gap::{Gap, GapReason};
use layerproof::model::image_ref::ImageRef;
use layerproof::model::inventory::{Inventory, Place, Repository, SourceInfo, TagMutability};
use layerproof::model::layer::{LayerContent, LayerVersion};
use layerproof::model::observed::Observed;
use layerproof::policy::decision::{Decision, DecisionSubject, Reason, ReasonCode, StatementResult, Verdict};
use layerproof::signature::{JudgedSignature, Outcome, Presented, Rejection, Undetermined};
use layerproof::store::Integrity;
use layerproof::unpack::{Anomaly, AnomalyKind, Contents, EntryKind, FileEntry, FileTree, Format};

pub const ACCOUNT: &str = "111122223333";
pub const FOREIGN: &str = "444455556666";
pub const REPOSITORY: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app";
pub const PROFILE: &str = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/AAAAAAAAAA";
pub const JOB: &str = "arn:aws:signer:eu-west-1:111122223333:/signing-jobs/11111111-1111-1111-1111-111111111111";

/// Everything that a [`Context`] borrows.
pub struct Fleet {
    pub evidence: Evidence,
    pub decisions: BTreeMap<DecisionSubject, Decision>,
    pub now: Timestamp,
    pub publishers: Vec<String>,
    pub runtimes: RuntimeTable,
    pub dead: Vec<(String, String, usize)>,
}

impl Fleet {
    /// One account in one region, with nothing in it.
    pub fn new() -> Self {
        let place = Place { partition: "aws".into(), account: ACCOUNT.into(), region: "eu-west-1".into() };
        let inventory = Inventory {
            files: Vec::new(),
            images: Vec::new(),
            templates: Vec::new(),
            source: SourceInfo { kind: "snapshot", name: "fleet".into(), recorded_at: None, unauthenticated: true },
            places: vec![place],
            functions: Vec::new(),
            layers: BTreeMap::new(),
            repositories: BTreeMap::new(),
            gaps: Vec::new(),
            coverage: Vec::new(),
            notes: Vec::new(),
        };
        Self {
            evidence: Evidence {
                inventory,
                artifacts: BTreeMap::new(),
                overlays: BTreeMap::new(),
                live: false,
                revocations: BTreeMap::new(),
                signing_jobs: BTreeMap::new(),
            },
            decisions: BTreeMap::new(),
            now: "2026-11-22T00:00:00Z".parse().unwrap(),
            publishers: Vec::new(),
            runtimes: RuntimeTable::shipped(),
            dead: Vec::new(),
        }
    }

    pub fn run(&self) -> Vec<Finding> {
        run_all(&Context::new(&self.evidence, &self.decisions, self.now, &self.publishers, &self.runtimes, &self.dead))
    }

    /// The findings of one rule.
    pub fn of(&self, rule: &str) -> Vec<Finding> {
        self.run().into_iter().filter(|finding| finding.rule == rule).collect()
    }

    /// The only finding of one rule.
    pub fn one(&self, rule: &str) -> Finding {
        let mut found = self.of(rule);
        assert_eq!(found.len(), 1, "{rule}: {found:#?}");
        found.remove(0)
    }

    pub fn none(&self, rule: &str) {
        assert_eq!(self.of(rule), [], "{rule}");
    }

    /// A function with these versions and no aliases, artifacts for its zips included.
    pub fn function(&mut self, name: &str, versions: Vec<FunctionVersion>) -> &mut Function {
        for version in &versions {
            if let FunctionCode::Zip { code_sha256, .. } = &version.code {
                let artifact = claimed(Subject::Function(version.arn.clone()), *code_sha256);
                self.evidence.artifacts.insert(artifact.subject.clone(), artifact);
            }
        }
        let arn = function(name, None);
        self.evidence.inventory.functions.push(Function {
            arn,
            versions,
            aliases: Observed::Present(Vec::new()),
            code_signing: Observed::Absent,
            tags: Observed::Absent,
        });
        self.evidence.inventory.functions.last_mut().unwrap()
    }

    /// `number` zip functions whose $LATEST uses the layer.
    pub fn users(&mut self, number: usize, layer: &LayerVersionArn) {
        for i in 0..number {
            let mut version = zip(&format!("user{i:03}"), "$LATEST", b"user");
            version.layers.push(uses(layer));
            self.function(&format!("user{i:03}"), vec![version]);
        }
    }

    /// A layer version with these bytes, in the inventory and as an artifact.
    pub fn layer(&mut self, arn: &LayerVersionArn, bytes: &[u8]) -> &mut Artifact {
        let content = LayerContent {
            code_sha256: Digest::of(bytes).into(),
            code_size: bytes.len() as u64,
            location: BlobLocation::Local("unused".into()),
            signing: ServiceSigning::default(),
            s3_reference: None,
        };
        let layer = LayerVersion {
            arn: arn.clone(),
            content: Observed::Present(content),
            created: None,
            compatible_runtimes: Vec::new(),
            compatible_architectures: Vec::new(),
            policy: Observed::Absent,
        };
        self.evidence.inventory.layers.insert(arn.clone(), layer);
        self.artifact(Subject::Layer(arn.clone()), bytes)
    }

    /// A layer version that functions name and whose content could not be had.
    pub fn lost_layer(&mut self, arn: &LayerVersionArn, reason: GapReason) {
        self.layer(arn, b"lost");
        let gap = gap(&arn.to_string(), reason);
        self.evidence.inventory.layers.get_mut(arn).unwrap().content = Observed::Unknown(gap.clone());
        let artifact = self.evidence.artifacts.get_mut(&Subject::Layer(arn.clone())).unwrap();
        artifact.blob = Observed::Unknown(gap.clone());
        artifact.contents = Observed::Unknown(gap.clone());
        artifact.signatures = Observed::Unknown(gap);
        artifact.integrity = Integrity::NoBytes;
    }

    /// An artifact with these bytes, empty contents and no signature.
    pub fn artifact(&mut self, subject: Subject, bytes: &[u8]) -> &mut Artifact {
        let artifact = artifact(subject.clone(), bytes);
        self.evidence.artifacts.entry(subject).or_insert(artifact)
    }

    pub fn at(&mut self, subject: &Subject) -> &mut Artifact {
        self.evidence.artifacts.get_mut(subject).unwrap()
    }

    pub fn repository(&mut self, mutability: Observed<TagMutability>, tags: Observed<BTreeMap<String, ClaimedDigest>>) {
        let repository = Repository { uri: REPOSITORY.into(), is_used: true, mutability, tags };
        self.evidence.inventory.repositories.insert(REPOSITORY.into(), repository);
    }

    /// A decision with one statement.
    pub fn decide(&mut self, subject: &Subject, verdict: Verdict, level: &'static str, reasons: &[(ReasonCode, &str)]) {
        let subject = DecisionSubject::Artifact(subject.clone());
        let statement = StatementResult { name: "ours".into(), file: "policy.yaml".into(), line: 3, level, verdict, logged: Vec::new() };
        let reasons = reasons.iter().map(|(code, text)| Reason {
            code: *code,
            text: (*text).into(),
            statement: Some("ours".into()),
            author_can_cause: false,
        });
        let decision = Decision {
            subject: subject.clone(),
            digest: None,
            verdict,
            statements: vec![statement],
            reasons: reasons.collect(),
            does_not_bind: Vec::new(),
            rests_on: Vec::new(),
        };
        self.decisions.insert(subject, decision);
    }
}

pub fn function(name: &str, qualifier: Option<&str>) -> FunctionArn {
    FunctionArn {
        partition: "aws".into(),
        region: "eu-west-1".into(),
        account: ACCOUNT.into(),
        name: name.into(),
        qualifier: qualifier.map(Into::into),
    }
}

pub fn layer(name: &str, version: u64) -> LayerVersionArn {
    layer_in("eu-west-1", ACCOUNT, name, version)
}

pub fn layer_in(region: &str, account: &str, name: &str, version: u64) -> LayerVersionArn {
    LayerVersionArn { partition: "aws".into(), region: region.into(), account: account.into(), name: name.into(), version }
}

pub fn uses(layer: &LayerVersionArn) -> LayerUse {
    LayerUse { arn: layer.clone(), code_size: None, signing: ServiceSigning::default() }
}

/// A version of a zip function.
pub fn zip(name: &str, qualifier: &str, bytes: &[u8]) -> FunctionVersion {
    version(
        function(name, Some(qualifier)),
        FunctionCode::Zip {
            code_sha256: Digest::of(bytes).into(),
            code_size: bytes.len() as u64,
            location: Observed::Present(BlobLocation::Local("unused".into())),
            signing: ServiceSigning::default(),
            s3_reference: None,
        },
    )
}

/// A version of an image function: deployed from `REPOSITORY` plus `suffix`, resolved to the digest of `manifest`.
pub fn image(name: &str, qualifier: &str, suffix: &str, manifest: &[u8]) -> FunctionVersion {
    version(
        function(name, Some(qualifier)),
        FunctionCode::Image {
            image_uri: Observed::Present(format!("{REPOSITORY}{suffix}").parse().unwrap()),
            resolved: Observed::Present(resolved(manifest)),
            location: Observed::Absent,
        },
    )
}

pub fn resolved(manifest: &[u8]) -> ImageRef {
    format!("{REPOSITORY}@{}", Digest::of(manifest)).parse().unwrap()
}

fn version(arn: FunctionArn, code: FunctionCode) -> FunctionVersion {
    FunctionVersion {
        arn,
        runtime: None,
        architecture: "x86_64".into(),
        last_modified: None,
        code,
        layers: Vec::new(),
        state: None,
        reason_code: None,
        code_error: None,
    }
}

pub fn alias(name: &str, version: &str) -> Alias {
    Alias { name: name.into(), version: version.into(), weights: Vec::new() }
}

pub fn mutability(setting: &str, filters: &[&str]) -> Observed<TagMutability> {
    let exclusion_filters = filters.iter().map(|filter| (*filter).to_owned()).collect();
    Observed::Present(TagMutability { setting: setting.into(), exclusion_filters })
}

pub fn tags(tags: &[(&str, &[u8])]) -> Observed<BTreeMap<String, ClaimedDigest>> {
    Observed::Present(tags.iter().map(|(tag, manifest)| ((*tag).to_owned(), Digest::of(manifest).into())).collect())
}

pub fn gap(subject: &str, reason: GapReason) -> Gap {
    Gap { subject: subject.into(), wanted: "the thing".into(), reason, detail: "said so".into(), next_step: "grant it".into() }
}

pub fn denied() -> GapReason {
    GapReason::Denied { action: "lambda:GetLayerVersion".into() }
}

fn claimed(subject: Subject, digest: ClaimedDigest) -> Artifact {
    // The fleet's zips are the few byte strings below; find the one that was claimed, so that it is computed and not copied.
    let bytes: &[u8] = [&b"user"[..], b"one", b"two", b"three"].into_iter().find(|b| ClaimedDigest::from(Digest::of(b)) == digest).unwrap();
    artifact(subject, bytes)
}

pub fn artifact(subject: Subject, bytes: &[u8]) -> Artifact {
    let digest = Digest::of(bytes);
    Artifact {
        subject,
        claimed: Some(digest.into()),
        claimed_size: Some(bytes.len() as u64),
        blob: Observed::Present(Blob { digest, size: bytes.len() as u64 }),
        integrity: Integrity::Matches,
        contents: contents(Vec::new(), Vec::new()),
        signatures: Observed::Absent,
        packages: Observed::Absent,
        attested: Attested::default(),
    }
}

pub fn contents(mut entries: Vec<FileEntry>, anomalies: Vec<Anomaly>) -> Observed<Arc<Contents>> {
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    let number = entries.len() as u64;
    let tree = FileTree { entries };
    Observed::Present(Arc::new(Contents { format: Format::Zip, tree, anomalies, entries: number, unpacked_bytes: 0, complete: true }))
}

pub fn image_contents(entries: Vec<FileEntry>) -> Observed<Arc<Contents>> {
    let Observed::Present(contents) = contents(entries, Vec::new()) else { unreachable!() };
    Observed::Present(Arc::new(Contents { format: Format::Image, ..(*contents).clone() }))
}

pub fn file(path: &str, mode: u32) -> FileEntry {
    entry(path, EntryKind::File, mode)
}

pub fn symlink(path: &str, target: &str) -> FileEntry {
    entry(path, EntryKind::Symlink { target: target.into() }, 0o777)
}

pub fn entry(path: &str, kind: EntryKind, mode: u32) -> FileEntry {
    FileEntry { path: path.into(), kind, mode: Some(mode), size: 10, origin: 0, member: 0, digest: None }
}

pub fn anomaly(kind: AnomalyKind, path: &str) -> Anomaly {
    Anomaly { kind, path: path.into(), detail: String::new() }
}

/// A signature that was rejected.
pub fn rejected(why: Rejection) -> Observed<Vec<JudgedSignature>> {
    Observed::Present(vec![signature(Outcome::Invalid(why))])
}

/// A signature that could not be judged.
pub fn inconclusive(reason: GapReason) -> Observed<Vec<JudgedSignature>> {
    let gap = gap("the signature", reason);
    Observed::Present(vec![signature(Outcome::Inconclusive(Undetermined { gap, chain_and_identity_verified: true }))])
}

fn signature(outcome: Outcome) -> JudgedSignature {
    JudgedSignature {
        scheme: "aws-signer",
        location: "META_INF/aws_signer_signature_v1.0.SF".into(),
        presented: Presented {
            profile_version_arn: Some(PROFILE.into()),
            job_arn: Some(JOB.into()),
            signed_at: None,
            expires_at: Some("2026-11-01T00:00:00Z".parse().unwrap()),
            chain: Vec::new(),
            ..Presented::default()
        },
        outcome,
        steps: Vec::new(),
        does_not_bind: &[],
    }
}

pub fn content_digest() -> Rejection {
    Rejection::ContentDigest { expected: "aa".into(), presented: "bb".into() }
}

pub fn untrusted_root() -> Rejection {
    Rejection::UntrustedRoot { root: "CN=Mallory".into(), fingerprint: "ff".into(), anchors: vec!["acme".into()] }
}

pub fn stated() -> ServiceSigning {
    ServiceSigning { profile_version_arn: Some(PROFILE.into()), job_arn: Some(JOB.into()) }
}

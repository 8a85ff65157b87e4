//! Reports built by hand: no bytes, no policy, no clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use layerproof::evidence::{Artifact, Attested, Blob};
use layerproof::finding::{Confidence, EvidenceKind, Finding, Rule, Severity, Status};
use layerproof::model::artifact::{ServiceSigning, Subject};
use layerproof::model::digest::{ClaimedDigest, Digest};
use layerproof::model::gap::{Gap, GapReason};
use layerproof::model::inventory::{CoverageRow, Place, SourceInfo};
use layerproof::model::observed::Observed;
use layerproof::model::template::SourceSpan;
use layerproof::policy::decision::{Decision, DecisionSubject, Reason, ReasonCode, StatementResult, Support, Verdict};
use layerproof::report::{ExitInfo, PolicyInfo, Report, Summary, WORST_FIRST};
use layerproof::signature::{JudgedSignature, Outcome, Presented, Rejection, Step, StepResult, Undetermined};
use layerproof::store::Integrity;
use layerproof::store::history::{Delta, FindingRow};
use layerproof::unpack::{Anomaly, AnomalyKind, Contents, FileTree, Format};

pub const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:pay:7";
pub const LAYER: &str = "arn:aws:lambda:eu-west-1:111122223333:layer:deps:7";
pub const POLICY: &str = "trust-policies/demo.yaml";

/// What an attacker would like to be called.
pub const HOSTILE: &str = "x\u{1b}[2J\u{9b}31m\u{202e}gpj\r\n::error file=a::pwned\n::stop-commands::t ##[group]x ]]><b a='1' \"&amp;\0\u{7f}\u{fffe}[l](https://evil.example) {0} %0A::set-output name=a::b";

pub static UNSIGNED: Rule = rule("SIG001", "layer-unsigned", Severity::High, false);
pub static TAMPERED: Rule = rule("INT001", "sha-mismatch", Severity::Critical, true);
pub static MUTABLE: Rule = rule("PIN003", "tag-mutable-in-repo", Severity::Medium, false);
pub static COVERAGE: Rule = rule("OPS001", "coverage-gap", Severity::Medium, false);
pub static LARGE: Rule = rule("SHR001", "blast-radius-over-threshold", Severity::Info, false);

const fn rule(id: &'static str, slug: &'static str, severity: Severity, tampering: bool) -> Rule {
    Rule {
        id,
        slug,
        title: "A title.",
        severity,
        explanation: "An explanation.",
        remediation: "A remedy.",
        evidence: &[EvidenceKind::Api],
        tampering,
        caveat: "",
    }
}

pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn layer(text: &str) -> Subject {
    Subject::Layer(text.parse().unwrap())
}

pub fn decision(subject: DecisionSubject, verdict: Verdict, reasons: Vec<Reason>) -> Decision {
    let statement =
        StatementResult { name: "our-layers".into(), file: POLICY.into(), line: 12, level: "strict", verdict, logged: Vec::new() };
    let statements = if verdict == Verdict::NoStatement { Vec::new() } else { vec![statement] };
    Decision { subject, digest: None, verdict, statements, reasons, does_not_bind: Vec::new(), rests_on: Vec::new() }
}

/// What a decision rests on: the artifact's own digest was signed.
fn support() -> Support {
    Support {
        scheme: "sigstore",
        location: "sha256:0000".into(),
        signer: "release@example.com (issuer https://issuer.example)".into(),
        digest: Some(Digest::of(b"layer")),
        index_above: false,
        predicate_type: Some("https://slsa.dev/provenance/v1".into()),
    }
}

pub fn reason(code: ReasonCode, text: &str) -> Reason {
    Reason { code, text: text.into(), statement: Some("our-layers".into()), author_can_cause: false }
}

pub fn gap(reason: GapReason) -> Gap {
    Gap {
        subject: "arn:aws:lambda:eu-west-1:999988887777:layer:gone:3".into(),
        wanted: "the bytes of the layer version".into(),
        reason,
        detail: "AccessDeniedException".into(),
        next_step: "Ask the publisher for lambda:GetLayerVersion.".into(),
    }
}

pub fn artifact(subject: Subject, bytes: &[u8]) -> Artifact {
    Artifact {
        subject,
        claimed: Some(Digest::of(bytes).into()),
        claimed_size: Some(bytes.len() as u64),
        blob: Observed::Present(Blob { digest: Digest::of(bytes), size: bytes.len() as u64 }),
        integrity: Integrity::Matches,
        contents: Observed::Present(Arc::new(contents(Vec::new()))),
        signatures: Observed::Absent,
        packages: Observed::Absent,
        attested: Attested::default(),
    }
}

fn contents(anomalies: Vec<Anomaly>) -> Contents {
    let complete = anomalies.is_empty();
    Contents { format: Format::Zip, tree: FileTree::default(), anomalies, entries: 3, unpacked_bytes: 4_096, complete }
}

/// A scan in which all is well.
pub fn clean() -> Report {
    let subject = layer(LAYER);
    let mut trusted = decision(DecisionSubject::Artifact(subject.clone()), Verdict::Trusted, Vec::new());
    trusted.digest = Some(Digest::of(b"layer"));
    trusted.does_not_bind = vec!["the mode bits of entries".into()];
    trusted.rests_on = vec![support()];
    let version = decision(DecisionSubject::FunctionVersion(FUNCTION.into()), Verdict::Trusted, Vec::new());
    report("scan", vec![artifact(subject, b"layer")], vec![trusted, version], Vec::new(), Vec::new(), (0, "passed: 1 artifact trusted"))
}

/// A scan in which every field of the report has a value.
pub fn everything() -> Report {
    let tampered = layer("arn:aws:lambda:eu-west-1:111122223333:layer:tampered:2");
    let unknown = layer("arn:aws:lambda:eu-west-1:999988887777:layer:gone:3");
    let exempt = layer("arn:aws:lambda:eu-west-1:444455556666:layer:vendor:1");
    let nobody = Subject::Image("111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v1".parse().unwrap());
    let artifacts = vec![
        artifact(layer(LAYER), b"layer"),
        tampered_artifact(tampered.clone()),
        Artifact {
            blob: Observed::Unknown(gap(GapReason::Denied { action: "lambda:GetLayerVersion".into() })),
            claimed: None,
            claimed_size: None,
            integrity: Integrity::NoBytes,
            contents: Observed::Unknown(gap(GapReason::NotRecorded)),
            signatures: Observed::Unknown(gap(GapReason::NotRecorded)),
            ..artifact(unknown.clone(), b"")
        },
        Artifact { integrity: Integrity::NotClaimed, contents: Observed::Absent, ..artifact(nobody.clone(), b"image") },
    ];
    let mut refused = decision(
        DecisionSubject::Artifact(tampered.clone()),
        Verdict::Refused,
        vec![
            reason(ReasonCode::BytesNotClaimed, "the bytes are not the ones that GetLayerVersion claims"),
            reason(ReasonCode::SignatureInvalid, "the content's digest is not the signed one"),
        ],
    );
    refused.statements[0].logged = vec!["the signature expires in 3 days".into()];
    let mut trusted = decision(DecisionSubject::Artifact(layer(LAYER)), Verdict::Trusted, Vec::new());
    trusted.digest = Some(Digest::of(b"layer"));
    trusted.does_not_bind = vec!["the mode bits of entries".into()];
    trusted.rests_on = vec![support()];
    let decisions = vec![
        trusted,
        refused,
        decision(DecisionSubject::Artifact(unknown), Verdict::Undecided, vec![reason(ReasonCode::NoBytes, "the bytes could not be had")]),
        decision(
            DecisionSubject::Artifact(exempt),
            Verdict::Exempt,
            vec![reason(ReasonCode::Exempted, "level audit: vendor layer under review")],
        ),
        decision(
            DecisionSubject::Artifact(nobody.clone()),
            Verdict::NoStatement,
            vec![Reason { statement: None, ..reason(ReasonCode::NoStatement, "no statement of the policy is about this image") }],
        ),
        decision(
            DecisionSubject::FunctionVersion(FUNCTION.into()),
            Verdict::Refused,
            vec![reason(ReasonCode::PartNotTrusted, "its layer tampered:2 is refused")],
        ),
        decision(
            DecisionSubject::Alias("arn:aws:lambda:eu-west-1:111122223333:function:pay:live".into()),
            Verdict::Refused,
            vec![reason(ReasonCode::PartNotTrusted, "its version 7 is refused")],
        ),
    ];
    let findings = findings(&tampered, &nobody);
    let mut gaps: Vec<Gap> = [
        GapReason::Denied { action: "lambda:GetLayerVersion".into() },
        GapReason::Deleted,
        GapReason::Throttled,
        GapReason::TooLarge { limit: "entries".into() },
        GapReason::NotRecorded,
        GapReason::Unreachable,
        GapReason::NotBuilt,
        GapReason::Unconfirmed,
        GapReason::Malformed,
        GapReason::ServiceError { code: "AccessDenied".into() },
    ]
    .into_iter()
    .map(gap)
    .collect();
    gaps.sort();
    let new = vec![findings[0].fingerprint().0];
    let standing = findings[1..].iter().map(|f| f.fingerprint().0).collect();
    let exit = (1, "the policy failed: 1 artifact refused");
    let mut report = report("scan", artifacts, decisions, findings, gaps, exit);
    report.delta = Some(delta(new, standing));
    report.notes = vec!["--insecure-skip-time was used".into(), "the table of runtimes is of 2026-01-01".into()];
    report.now_overridden = true;
    report.coverage = vec![CoverageRow {
        place: Place { partition: "aws".into(), account: "111122223333".into(), region: "eu-west-1".into() },
        api: "lambda:GetLayerVersion".into(),
        answered: 5,
        missing: 1,
    }];
    report
}

fn findings(tampered: &Subject, nobody: &Subject) -> Vec<Finding> {
    let mut worst = Finding::new(&TAMPERED, tampered, "the bytes are not the ones that GetLayerVersion claims".into());
    worst.digest = Some(Digest::of(b"tampered"));
    worst.affects = vec![FUNCTION.into(), "arn:aws:lambda:eu-west-1:111122223333:function:pay:live".into()];
    worst.details = vec!["claimed by GetLayerVersion".into()];
    let mut waived = Finding::new(&UNSIGNED, &layer(LAYER), "the layer version is unsigned".into());
    waived.status = Status::Waived;
    waived.waived_by = Some("until-vendor-signs".into());
    waived.path = Some("python/lib.py".into());
    let mut mutable = Finding::new(&MUTABLE, nobody, "tag v1 is mutable".into());
    mutable.claimed_digest = Some(ClaimedDigest::from(Digest::of(b"image")));
    mutable.key = "v1".into();
    mutable.confidence = Confidence::Medium;
    let mut incomplete = Finding::about(&COVERAGE, "111122223333 us-east-1".into(), "the region could not be looked at".into());
    incomplete.status = Status::Incomplete;
    let info = Finding::about(&LARGE, LAYER.into(), "12 functions load this layer version".into());
    vec![worst, waived, mutable, incomplete, info]
}

fn tampered_artifact(subject: Subject) -> Artifact {
    let anomaly = Anomaly { kind: AnomalyKind::Traversal, path: "../etc/passwd".into(), detail: "climbs out of the root".into() };
    let signing = ServiceSigning {
        profile_version_arn: Some("arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/AAAAAAAAAA".into()),
        job_arn: Some("arn:aws:signer:eu-west-1:111122223333:/signing-jobs/1".into()),
    };
    let presented = Presented {
        profile_version_arn: signing.profile_version_arn.clone(),
        job_arn: signing.job_arn.clone(),
        signed_at: Some(time("2026-01-01T00:00:00Z")),
        expires_at: Some(time("2027-01-01T00:00:00Z")),
        chain: vec!["CN=leaf (SHA-256 00)".into()],
        form: Some("Sigstore bundle v0.3".into()),
        signer: Some("release@acme.example (issuer https://issuer.example)".into()),
        predicate_type: Some("https://slsa.dev/provenance/v1".into()),
    };
    let step = Step { number: 1, title: "the content digest", expected: "aa".into(), presented: "bb".into(), result: StepResult::Failed };
    let signature = |outcome| JudgedSignature {
        scheme: "aws-signer",
        location: "META_INF/aws_signer_signature_v1.0.SF".into(),
        presented: presented.clone(),
        outcome,
        steps: vec![step.clone()],
        does_not_bind: &["the mode bits of entries"],
    };
    let signatures = vec![
        signature(Outcome::Invalid(Rejection::ContentDigest { expected: "aa".into(), presented: "bb".into() })),
        signature(Outcome::Inconclusive(Undetermined { gap: gap(GapReason::Unconfirmed), chain_and_identity_verified: false })),
    ];
    let good = artifact(subject, b"tampered");
    Artifact {
        claimed: Some(Digest::of(b"as published").into()),
        claimed_size: Some(12),
        integrity: Integrity::of(Digest::of(b"tampered"), 8, Some(Digest::of(b"as published").into()), Some(12)),
        contents: Observed::Present(Arc::new(contents(vec![anomaly]))),
        signatures: Observed::Present(signatures),
        packages: Observed::Absent,
        attested: Attested { signing: signing.clone(), disagreeing_uses: vec![(FUNCTION.parse().unwrap(), signing)] },
        ..good
    }
}

fn delta(new: Vec<String>, standing: Vec<String>) -> Delta {
    let row = |rule: &str, message: &str| FindingRow {
        rule: rule.into(),
        severity: "high".into(),
        status: "fail".into(),
        subject: LAYER.into(),
        message: message.into(),
        tampering: false,
    };
    Delta {
        since: Some(time("2026-02-28T00:00:00Z")),
        since_id: Some(41),
        policy_changed: true,
        new,
        standing,
        resolved: vec![row("SIG006", "the signature had expired")],
        newly_unknown: vec![row("SIG005", "another signer")],
        still_unknown: vec![],
        verdicts: vec![(LAYER.into(), "refused".into(), "trusted".into())],
        digests: vec![(LAYER.into(), Digest::of(b"then").to_string(), Digest::of(b"layer").to_string())],
    }
}

/// A finding in a template.
pub fn template() -> Report {
    let mut report = verify();
    let mut finding = Finding::about(&MUTABLE, "infra/template.yaml#Pay".into(), "infra/template.yaml#Pay names a tag".into());
    finding.place = Some(SourceSpan { file: "./infra/template.yaml".into(), line: 14, column: 9 });
    report.findings = vec![finding];
    report
}

/// A `verify` of two local files: one unsigned, one that could not be read.
pub fn verify() -> Report {
    let (zip, other) = (Subject::File("./layer.zip".into()), Subject::File("./other.zip".into()));
    let local = |subject: &Subject| Artifact {
        claimed: None,
        claimed_size: None,
        integrity: Integrity::NotClaimed,
        ..artifact(subject.clone(), b"zip")
    };
    let mut broken = tampered_artifact(other.clone());
    broken.attested = Attested::default();
    let decisions = vec![
        decision(DecisionSubject::Artifact(zip.clone()), Verdict::Refused, vec![reason(ReasonCode::Unsigned, "it is unsigned")]),
        decision(
            DecisionSubject::Artifact(other),
            Verdict::Refused,
            vec![reason(ReasonCode::SignatureInvalid, "the signature does not hold")],
        ),
    ];
    report("verify", vec![local(&zip), broken], decisions, Vec::new(), Vec::new(), (1, "the policy failed: 2 artifacts refused"))
}

/// Everything that comes from outside is hostile. What the types document as safe to print went through `printable`, as the stages do.
pub fn hostile(command: &'static str) -> Report {
    let safe = layerproof::model::printable::printable(HOSTILE).into_owned();
    let file = Subject::File(HOSTILE.into());
    let mut hostile = tampered_artifact(file.clone());
    hostile.contents = Observed::Present(Arc::new(contents(vec![Anomaly {
        kind: AnomalyKind::ControlInName,
        path: HOSTILE.into(),
        detail: HOSTILE.into(),
    }])));
    hostile.signatures = Observed::Present(vec![JudgedSignature {
        scheme: "aws-signer",
        location: HOSTILE.into(),
        presented: Presented {
            profile_version_arn: Some(HOSTILE.into()),
            job_arn: Some(HOSTILE.into()),
            chain: vec![HOSTILE.into()],
            ..Presented::default()
        },
        outcome: Outcome::Invalid(Rejection::EntryAfterSignature { entry: HOSTILE.into() }),
        steps: vec![Step { number: 1, title: "a step", expected: HOSTILE.into(), presented: HOSTILE.into(), result: StepResult::Failed }],
        does_not_bind: &[],
    }]);
    let signing = ServiceSigning { profile_version_arn: Some(HOSTILE.into()), job_arn: Some(HOSTILE.into()) };
    hostile.attested = Attested { signing, disagreeing_uses: Vec::new() };
    let mut refused =
        decision(DecisionSubject::Artifact(file.clone()), Verdict::Refused, vec![reason(ReasonCode::SignatureInvalid, &safe)]);
    refused.statements[0].name = HOSTILE.into();
    refused.statements[0].file = HOSTILE.into();
    let alias = decision(DecisionSubject::Alias(safe.clone()), Verdict::Undecided, vec![reason(ReasonCode::NoBytes, &safe)]);
    let mut finding = Finding::new(&TAMPERED, &file, safe.clone());
    finding.path = Some(HOSTILE.into());
    finding.details = vec![safe.clone()];
    finding.affects = vec![safe.clone()];
    finding.key = HOSTILE.into();
    let mut waived = Finding::about(&MUTABLE, safe.clone(), safe.clone());
    waived.status = Status::Waived;
    waived.waived_by = Some(HOSTILE.into());
    let gap = Gap {
        subject: HOSTILE.into(),
        wanted: "the bytes".into(),
        reason: GapReason::ServiceError { code: HOSTILE.into() },
        detail: HOSTILE.into(),
        next_step: "Look.".into(),
    };
    let mut report = report(command, vec![hostile], vec![refused, alias], vec![finding, waived], vec![gap], (1, "the policy failed"));
    report.exit.reason.push_str(&format!(": {HOSTILE}"));
    report.source.name = HOSTILE.into();
    report.notes = vec![HOSTILE.into()];
    report.policy = Some(PolicyInfo { file: HOSTILE.into(), sha256: "00".repeat(32) });
    let mut changes = delta(Vec::new(), Vec::new());
    changes.resolved[0].subject = HOSTILE.into();
    changes.resolved[0].message = HOSTILE.into();
    changes.verdicts[0].0 = HOSTILE.into();
    report.delta = Some(changes);
    report
}

/// `n` findings of mixed severities.
pub fn many(n: usize) -> Report {
    let rules = [&LARGE, &UNSIGNED, &MUTABLE, &TAMPERED];
    let mut findings: Vec<Finding> = (0..n)
        .map(|i| {
            let subject = layer(&format!("arn:aws:lambda:eu-west-1:111122223333:layer:many-{i:07}:1"));
            Finding::new(rules[i % rules.len()], &subject, format!("finding {i}"))
        })
        .collect();
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.subject.cmp(&b.subject)));
    report("scan", Vec::new(), Vec::new(), findings, Vec::new(), (1, "the policy failed"))
}

fn report(
    command: &'static str,
    artifacts: Vec<Artifact>,
    decisions: Vec<Decision>,
    findings: Vec<Finding>,
    gaps: Vec<Gap>,
    (code, reason): (u8, &str),
) -> Report {
    let snapshot = command == "scan";
    Report {
        command,
        now: time("2026-03-01T00:00:00Z"),
        now_overridden: false,
        source: SourceInfo {
            kind: if snapshot { "snapshot" } else { "local" },
            name: if snapshot { "testdata/fleet".into() } else { "./layer.zip".into() },
            recorded_at: snapshot.then(|| time("2026-02-26T00:00:00Z")),
            unauthenticated: snapshot,
        },
        policy: Some(PolicyInfo { file: POLICY.into(), sha256: Digest::of(b"policy").hex() }),
        summary: summary(&artifacts, &decisions, &findings),
        artifacts,
        decisions,
        findings,
        gaps,
        coverage: Vec::new(),
        delta: None,
        notes: Vec::new(),
        ages: Vec::new(),
        exit: ExitInfo { code, reason: reason.into() },
    }
}

fn summary(artifacts: &[Artifact], decisions: &[Decision], findings: &[Finding]) -> Summary {
    let zero = || -> BTreeMap<&'static str, usize> { WORST_FIRST.iter().map(|v| (v.name(), 0)).collect() };
    let mut summary = Summary {
        functions: 1,
        function_versions: 1,
        layer_versions: artifacts.len(),
        images: 0,
        unique_blobs: artifacts.len(),
        downloaded: 0,
        blobs_from_store: 1,
        artifacts: zero(),
        versions: zero(),
        aliases: zero(),
        findings: Severity::ALL.iter().map(|s| (s.name(), 0)).collect(),
        incomplete: findings.iter().filter(|f| f.status == Status::Incomplete).count(),
        waived: findings.iter().filter(|f| f.status == Status::Waived).count(),
    };
    for decision in decisions {
        let counts = match decision.subject {
            DecisionSubject::Artifact(_) => &mut summary.artifacts,
            DecisionSubject::FunctionVersion(_) => &mut summary.versions,
            DecisionSubject::Alias(_) => &mut summary.aliases,
        };
        *counts.get_mut(decision.verdict.name()).unwrap() += 1;
    }
    for finding in findings.iter().filter(|f| f.status == Status::Fail) {
        *summary.findings.get_mut(finding.severity.name()).unwrap() += 1;
    }
    summary
}

/// One report of each kind, for what has to hold of all.
pub fn each() -> Vec<Report> {
    vec![clean(), everything(), verify(), template(), hostile("scan"), hostile("verify")]
}

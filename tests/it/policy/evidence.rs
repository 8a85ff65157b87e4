//! Evidence for tests: artifacts whose signatures were judged by the real verifier.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use jiff::Timestamp;
use layerproof::evidence::{Artifact, Attested, Blob, Evidence};
use layerproof::model::artifact::{ServiceSigning, Subject};
use layerproof::model::attachment::Attachments;
use layerproof::model::digest::{ClaimedDigest, Digest};
use layerproof::model::gap::{Gap, GapReason};
use layerproof::model::inventory::{Inventory, SourceInfo};
use layerproof::model::observed::Observed;
use layerproof::policy::{Decision, DecisionSubject, Policy, ReasonCode, Verdict, evaluate};
use layerproof::signature::{Candidate, examine_all};
use layerproof::store::Integrity;
use layerproof::unpack::{Limits, WantDigests, ZipIndex, analyse_zip};

use crate::forge::{Entry, SignerOptions, TestCa, sign_zip, zip};

pub const LAYER: &str = "arn:aws:lambda:eu-west-1:111122223333:layer:deps:7";
pub const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:pay:3";
pub const NOW: &str = "2026-10-01T00:00:00Z";

/// Statements in a policy that pins the root of the forge as `test-ca`, for account 111122223333.
pub fn policy(statements: &str) -> Policy {
    policy_with_roots("", statements)
}

/// The same with more roots.
pub fn policy_with_roots(more: &str, statements: &str) -> Policy {
    let ours = TestCa::ours().root_der();
    let foreign = TestCa::foreign().root_der();
    let text = format!(
        "version: 1\nroots:\n  - {{name: test-ca, file: ours.pem, sha256: \"{}\", accounts: [\"111122223333\"]}}\n{}statements:\n{statements}",
        Digest::of(&ours).hex(),
        more.replace("FOREIGN", &Digest::of(&foreign).hex())
    );
    let mut read = |file: &str| match file {
        "ours.pem" => Ok(TestCa::ours().root_pem().into_bytes()),
        "foreign.pem" => Ok(TestCa::foreign().root_pem().into_bytes()),
        _ => Err("no such file".to_owned()),
    };
    Policy::parse("policy.yaml", &text, &mut read).unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"))
}

/// A statement of `kind` about account 111122223333 at `level`, signed as `signatures` says, with more lines in `extra`.
pub fn about(name: &str, kind: &str, level: &str, signatures: &str, extra: &str) -> String {
    let signatures = if signatures.is_empty() { String::new() } else { format!("    signatures: {signatures}\n") };
    let extra: String = extra.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "  - name: {name}\n    scope: {{kind: {kind}, arn: \"arn:aws:lambda:*:111122223333:{kind}:*\"}}\n    level: {level}\n{signatures}{extra}"
    )
}

/// The authority that `signed()` meets.
pub const OURS: &str = "{aws_signer: {root: test-ca, profiles: [\"arn:aws:signer:{region}:111122223333:/signing-profiles/release\"]}}";
/// An authority that nothing here meets.
pub const OTHERS: &str = "{aws_signer: {root: test-ca, profiles: [\"arn:aws:signer:{region}:111122223333:/signing-profiles/other\"]}}";
/// An authority that no zip here meets: nothing stands beside one.
pub const SIGSTORE: &str = "{sigstore: {issuer: i, identity: me}}";
/// Revocation of zips is not built.
pub const LOGGED: &str = "aspects: {revocation: log}";

/// The strict policy that a well signed layer meets.
pub fn strict() -> Policy {
    policy(&about("ours", "layer", "strict", &format!("{{any: [{OURS}]}}"), LOGGED))
}

pub fn entries() -> Vec<Entry> {
    vec![Entry::file("python/a.py", "print('a')\n"), Entry::file("python/b.py", "print('b')\n")]
}

/// A zip signed with the defaults of the forge.
pub fn signed() -> Vec<u8> {
    sign_zip(&entries(), &SignerOptions::default())
}

pub fn unsigned() -> Vec<u8> {
    zip::write(&entries())
}

pub fn subject(arn: &str) -> Subject {
    match arn.parse() {
        Ok(layer) => Subject::Layer(layer),
        Err(_) => Subject::Function(arn.parse().unwrap()),
    }
}

/// The layer of these bytes in an account, judged under the anchors of `policy` at `now`; AWS states what the signature says.
pub fn artifact(arn: &str, bytes: &[u8], policy: &Policy, now: Timestamp) -> Artifact {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let subject = subject(arn);
    let limits = Limits::default();
    let index = ZipIndex::open(file.path(), &limits).unwrap();
    let contents = analyse_zip(&index, &limits, &WantDigests::None, &mut []).unwrap();
    let candidate = Candidate::Zip { subject: &subject, index: &index, analysed: None };
    let signatures = examine_all(&candidate, &Attachments::default(), policy.anchors(), now, &limits);
    let presented = signatures.present().and_then(|found| found.first()).map(|s| s.presented.clone()).unwrap_or_default();
    let digest = Digest::of(bytes);
    let size = bytes.len() as u64;
    let claimed = ClaimedDigest::from(digest);
    Artifact {
        subject,
        claimed: Some(claimed),
        claimed_size: Some(size),
        blob: Observed::Present(Blob { digest, size }),
        integrity: Integrity::of(digest, size, Some(claimed), Some(size)),
        contents: Observed::Present(Arc::new(contents)),
        signatures,
        packages: Observed::Absent,
        attested: Attested {
            signing: ServiceSigning { profile_version_arn: presented.profile_version_arn, job_arn: presented.job_arn },
            disagreeing_uses: Vec::new(),
        },
    }
}

pub fn evidence(artifacts: Vec<Artifact>) -> Evidence {
    Evidence {
        inventory: Inventory {
            files: Vec::new(),
            images: Vec::new(),
            templates: Vec::new(),
            source: SourceInfo { kind: "snapshot", name: "test".into(), recorded_at: None, unauthenticated: true },
            places: Vec::new(),
            functions: Vec::new(),
            layers: BTreeMap::new(),
            repositories: BTreeMap::new(),
            gaps: Vec::new(),
            coverage: Vec::new(),
            notes: Vec::new(),
        },
        artifacts: artifacts.into_iter().map(|artifact| (artifact.subject.clone(), artifact)).collect(),
        overlays: BTreeMap::new(),
        live: false,
        revocations: BTreeMap::new(),
        signing_jobs: BTreeMap::new(),
    }
}

pub fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// The decision on one artifact.
pub fn decide(policy: &Policy, artifact: Artifact) -> Decision {
    let subject = DecisionSubject::Artifact(artifact.subject.clone());
    evaluate(policy, &evidence(vec![artifact]), now()).remove(&subject).unwrap()
}

/// The decision on a layer of these bytes.
pub fn layer(policy: &Policy, bytes: &[u8]) -> Decision {
    decide(policy, artifact(LAYER, bytes, policy, now()))
}

pub fn gap(reason: GapReason) -> Gap {
    Gap { subject: LAYER.into(), wanted: "the bytes".into(), reason, detail: String::new(), next_step: String::new() }
}

/// The codes of a decision's reasons.
pub fn codes(decision: &Decision) -> Vec<ReasonCode> {
    decision.reasons.iter().map(|reason| reason.code).collect()
}

/// Fails where the decision is another, or the code is not among its reasons.
#[track_caller]
pub fn expect(decision: &Decision, verdict: Verdict, code: ReasonCode) {
    assert_eq!(decision.verdict, verdict, "{decision:#?}");
    assert!(codes(decision).contains(&code), "{decision:#?}");
}

/// `any` of these authorities.
pub fn any_of(authorities: &str) -> String {
    format!("{{any: [{authorities}]}}")
}

/// A strict statement about our layers with this requirement.
pub fn asks(requirement: &str) -> Policy {
    policy(&about("ours", "layer", "strict", requirement, LOGGED))
}

//! Decisions over signatures that no verifier made: what the policy does with each fact, whatever cryptography would find.
//!
//! Each test is named for the attack or mistake that it prevents.

mod attestation;
mod aws_signer;
mod foreign;
mod notary;
mod sigstore;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::evaluate;
use crate::evidence::{Artifact, Attested, Blob, Evidence};
use crate::model::artifact::{ServiceSigning, Subject};
use crate::model::digest::Digest;
use crate::model::inventory::{Inventory, SourceInfo};
use crate::model::observed::Observed;
use crate::policy::{Decision, DecisionSubject, Policy, ReasonCode, Verdict};
use crate::signature::notary::{self as project, ChainTime, SigningScheme};
use crate::signature::revocation::RevocationAnswer;
use crate::signature::sigstore::{self as fulcio, By, Claim, Proof, SignatureForm, Transparency};
use crate::signature::{
    Basis, JudgedSignature, Outcome, Presented, RevocationQuestion, SignedTarget, SignerIdentity, Statement, TimeSource, Verified,
};
use crate::store::Integrity;
use crate::unpack::{Contents, FileTree, Format};

const IMAGE: &str = "ghcr.io/acme/app@sha256:0000000000000000000000000000000000000000000000000000000000000000";
const NOW: &str = "2026-10-01T00:00:00Z";

const KEY: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEwn8vxNGAqs3Jbza6/kwnOBRJJO1b
yFwHzrzj7oPjR3/sNrVUn+S7umquuyHN4/WKIkTokXOkK3PQ6lsNqtDxoQ==
-----END PUBLIC KEY-----
";

const CERTIFICATE: &[u8] = include_bytes!("../../../../testdata/signer/test-root.pem");

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A statement about the image at `level`, with `rest` below it.
fn policy_at(level: &str, rest: &str) -> Policy {
    let lines: String = rest.lines().map(|line| format!("    {line}\n")).collect();
    let text = format!(
        "version: 1\ntrust_stores:\n  - {{name: \"ca:acme\", files: [acme.pem]}}\n  - {{name: \"ca:other\", files: [acme.pem]}}\n  \
         - {{name: \"signingAuthority:acme\", files: [acme.pem]}}\n  - {{name: \"tsa:acme\", files: [acme.pem]}}\nstatements:\n  - name: ours\n    \
         scope: {{kind: image, repository: \"ghcr.io/acme/*\"}}\n    level: {level}\n{lines}"
    );
    let mut read = |file: &str| match file {
        "key.pem" => Ok(KEY.as_bytes().to_vec()),
        "acme.pem" => Ok(CERTIFICATE.to_vec()),
        _ => Err(format!("there is no `{file}`")),
    };
    Policy::parse("policy.yaml", &text, &mut read).unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"))
}

/// A strict statement that asks for `signatures`.
fn asks(signatures: &str) -> Policy {
    policy_at("strict", &format!("signatures: {signatures}\naspects: {{revocation: skip}}"))
}

fn decide(policy: &Policy, signatures: Vec<JudgedSignature>) -> Decision {
    decide_where(policy, signatures, BTreeMap::new())
}

/// The same where questions about revocation were answered.
fn decide_where(
    policy: &Policy,
    signatures: Vec<JudgedSignature>,
    revocations: BTreeMap<RevocationQuestion, RevocationAnswer>,
) -> Decision {
    let subject = Subject::Image(IMAGE.parse().unwrap());
    let digest = digest();
    let artifact = Artifact {
        subject: subject.clone(),
        claimed: None,
        claimed_size: None,
        blob: Observed::Present(Blob { digest, size: 1 }),
        integrity: Integrity::of(digest, 1, None, None),
        contents: Observed::Present(Arc::new(Contents {
            format: Format::Image,
            tree: FileTree::default(),
            anomalies: Vec::new(),
            entries: 1,
            unpacked_bytes: 1,
            complete: true,
        })),
        signatures: if signatures.is_empty() { Observed::Absent } else { Observed::Present(signatures) },
        packages: Observed::Absent,
        attested: Attested { signing: ServiceSigning::default(), disagreeing_uses: Vec::new() },
    };
    let evidence = Evidence {
        inventory: Inventory {
            files: Vec::new(),
            images: Vec::new(),
            templates: Vec::new(),
            source: SourceInfo { kind: "local", name: "test".into(), recorded_at: None, unauthenticated: true },
            places: Vec::new(),
            functions: Vec::new(),
            layers: BTreeMap::new(),
            repositories: BTreeMap::new(),
            gaps: Vec::new(),
            coverage: Vec::new(),
            notes: Vec::new(),
        },
        artifacts: BTreeMap::from([(subject.clone(), artifact)]),
        overlays: BTreeMap::new(),
        revocations,
        signing_jobs: BTreeMap::new(),
        live: false,
    };
    evaluate(policy, &evidence, time(NOW)).remove(&DecisionSubject::Artifact(subject)).unwrap()
}

fn digest() -> Digest {
    Digest::of(b"image")
}

#[track_caller]
fn refused(decision: &Decision, code: ReasonCode) {
    assert_eq!(decision.verdict, Verdict::Refused, "{decision:#?}");
    assert!(decision.reasons.iter().any(|reason| reason.code == code), "{code:?}: {decision:#?}");
}

#[track_caller]
fn trusted(decision: &Decision) {
    assert_eq!(decision.verdict, Verdict::Trusted, "{decision:#?}");
    assert!(!decision.rests_on.is_empty());
}

/// A signature that holds, with what a test changes in it.
fn valid(identity: SignerIdentity, anchors: &[&str], change: impl FnOnce(&mut Basis)) -> JudgedSignature {
    let scheme = match identity {
        SignerIdentity::AwsSigner { .. } => "aws-signer",
        SignerIdentity::Sigstore(_) => fulcio::NAME,
        SignerIdentity::Notary(_) => project::NAME,
    };
    let mut basis = Basis {
        scheme,
        target: SignedTarget { digest: Some(digest()), index_above: false },
        statement: None,
        anchors: anchors.iter().map(|&name| name.to_owned()).collect(),
        identity,
        signed_at: Some(time("2026-09-01T00:00:00Z")),
        time_source: TimeSource::TransparencyLog,
        expires_at: None,
        signature_id: "00".into(),
        revocation: Vec::new(),
    };
    change(&mut basis);
    let outcome = Outcome::Valid(Verified::for_trial(basis));
    JudgedSignature { scheme, location: "beside".into(), presented: Presented::default(), outcome, steps: Vec::new(), does_not_bind: &[] }
}

/// What the public good instance gives.
fn proof() -> Proof {
    Proof {
        transparency: Transparency::InclusionProof,
        logs: vec!["log".into()],
        timestamp_authorities: Vec::new(),
        times: vec![time("2026-09-01T00:00:00Z")],
        sct: true,
    }
}

const ROOT: &str = "sigstore-public-good";
const ISSUER: &str = "https://token.actions.githubusercontent.com";
const WORKFLOW: &str = "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main";
/// The authority that [`workflow`] meets.
const OURS: &str = "{sigstore: {issuer: \"https://token.actions.githubusercontent.com\", identity: \"https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main\"}}";

/// A workflow of ours, under the public good root.
fn workflow() -> fulcio::Signer {
    let claims = BTreeMap::from([
        ("source_repository_owner_id", Claim::Text("1234".into())),
        ("runner_environment", Claim::Text("github-hosted".into())),
        ("build_trigger", Claim::Malformed),
    ]);
    fulcio::Signer {
        by: By::Certificate { issuer: ISSUER.into(), identity: WORKFLOW.into(), claims },
        proofs: BTreeMap::from([(ROOT.to_owned(), proof())]),
        form: SignatureForm::Bundle,
        annotations: BTreeMap::new(),
    }
}

fn by(signer: fulcio::Signer) -> JudgedSignature {
    let anchors: Vec<String> = signer.proofs.keys().cloned().collect();
    let names: Vec<&str> = anchors.iter().map(String::as_str).collect();
    valid(SignerIdentity::Sigstore(Box::new(signer)), &names, |_| {})
}

/// The same over a statement.
fn attests(signer: fulcio::Signer, predicate_type: &str, predicate: Value) -> JudgedSignature {
    valid(SignerIdentity::Sigstore(Box::new(signer)), &[ROOT], |basis| {
        basis.statement = Some(Statement { predicate_type: predicate_type.into(), predicate: Arc::new(predicate) });
        basis.signature_id = "01".into();
    })
}

/// A signer with a certificate of `ca:acme`, whose chain holds now.
fn release() -> project::Signer {
    let subject = [("C", "US"), ("ST", "WA"), ("O", "Acme"), ("CN", "release")];
    project::Signer {
        signing_scheme: SigningScheme::X509,
        subject: subject.map(|(kind, value)| (kind.to_owned(), value.to_owned())).to_vec(),
        spki_sha256: "00".into(),
        chain_time: ChainTime { fault: None, expired: false, timestamp: None },
        aws_signer: None,
        annotations: BTreeMap::new(),
    }
}

fn noted(signer: project::Signer, store: &str) -> JudgedSignature {
    valid(SignerIdentity::Notary(Box::new(signer)), &[store], |_| {})
}

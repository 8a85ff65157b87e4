//! Sigstore: bundles, cosign's older forms, keys, trusted roots, before the scheme and before `verify-bundle`.

mod attacks;
mod conformance;
mod evidence;
mod keys;
mod legacy;
mod provenance;
mod roots;
mod vacuous;

use std::sync::Arc;

use jiff::Timestamp;
use layerproof::model::attachment::{Attachment, AttachmentForm, Target, TargetRole};
use layerproof::model::digest::Digest;
use layerproof::signature::sigstore::{self, Bytes, Signer};
use layerproof::signature::{Basis, JudgedSignature, Outcome, PublicKeyAnchor, Rejection, SignerIdentity, SigstoreRoot, TrustAnchors};
use serde_json::Value;

use crate::forge::SigningKey;
use crate::forge::pki::at;
use crate::forge::sigstore::Sigstore;
use crate::forge::sigstore::bundle::BundleBuilder;

const ARTIFACT: &[u8] = b"the artifact";
const IDENTITY: &str = "https://github.com/acme/layers/.github/workflows/release.yml@refs/heads/main";
/// Three months after the bundles of the forge were signed.
const NOW: &str = "2026-11-20T00:00:00Z";

fn now() -> Timestamp {
    at(NOW)
}

fn root_named(name: &str, json: &Value) -> SigstoreRoot {
    SigstoreRoot::parse(name, json.to_string().as_bytes()).expect("a trusted root")
}

fn trust(world: &Sigstore) -> TrustAnchors {
    trust_root(&world.trusted_root().to_json())
}

fn trust_root(json: &Value) -> TrustAnchors {
    TrustAnchors { sigstore_roots: vec![root_named("ours", json)], ..TrustAnchors::default() }
}

fn key_anchor(key: &SigningKey) -> PublicKeyAnchor {
    PublicKeyAnchor::parse("cosign.pub", key.spki_pem().as_bytes()).expect("a public key")
}

fn target(bytes: &[u8]) -> Target {
    Target { digest: Digest::of(bytes), size: bytes.len() as u64, media_type: String::new(), role: TargetRole::Itself }
}

fn judge_form(form: AttachmentForm, artifact: &[u8], trust: &TrustAnchors, now: Timestamp) -> JudgedSignature {
    let attachment = Attachment { location: "beside".into(), target: target(artifact), form };
    let judged = sigstore::judge(&attachment, Bytes::Here(artifact), trust, now).expect("a form of this scheme");
    assert!(judged.steps.iter().any(|step| !step.presented.is_empty()), "no step says what it saw");
    judged
}

fn judge_json(json: &Value, artifact: &[u8], trust: &TrustAnchors) -> JudgedSignature {
    judge_bytes(json.to_string().as_bytes(), artifact, trust)
}

fn judge_bytes(json: &[u8], artifact: &[u8], trust: &TrustAnchors) -> JudgedSignature {
    judge_form(AttachmentForm::SigstoreBundle(Arc::from(json)), artifact, trust, now())
}

fn judge(builder: &BundleBuilder, trust: &TrustAnchors) -> JudgedSignature {
    judge_json(&builder.build().json, ARTIFACT, trust)
}

#[track_caller]
fn basis(judged: &JudgedSignature) -> &Basis {
    match &judged.outcome {
        Outcome::Valid(verified) => verified.basis(),
        Outcome::Invalid(_) | Outcome::Inconclusive(_) => panic!("{:?}\n{:#?}", judged.outcome, judged.steps),
    }
}

#[track_caller]
fn signer(judged: &JudgedSignature) -> &Signer {
    match &basis(judged).identity {
        SignerIdentity::Sigstore(signer) => signer,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn rejection(judged: &JudgedSignature) -> &Rejection {
    match &judged.outcome {
        Outcome::Invalid(rejection) => rejection,
        Outcome::Valid(_) | Outcome::Inconclusive(_) => panic!("not refused: {:?}\n{:#?}", judged.outcome, judged.steps),
    }
}

/// The bundle, under the root of the world that made it, is refused for this reason.
macro_rules! refused {
    ($builder:expr, $reason:pat $(if $guard:expr)?) => {{
        let builder = $builder;
        let trust = super::trust(&builder.world);
        super::refused_by!(super::judge(&builder, &trust), $reason $(if $guard)?)
    }};
}

macro_rules! refused_by {
    ($judged:expr, $reason:pat $(if $guard:expr)?) => {{
        let judged = $judged;
        let rejection = super::rejection(&judged);
        assert!(matches!(rejection, $reason $(if $guard)?), "refused, but for another reason: {rejection:?}\n{:#?}", judged.steps);
    }};
}

use {refused, refused_by};

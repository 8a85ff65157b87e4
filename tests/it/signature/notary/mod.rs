//! Notary Project envelopes of our own making: what must hold, and one attack for each rule.

mod authority;
mod certificates;
mod envelopes;
mod headers;
mod targets;
mod timestamps;

use std::sync::Arc;

use jiff::Timestamp;
use layerproof::model::artifact::Subject;
use layerproof::model::attachment::{Attachment, AttachmentForm, Attachments, Target as Beside, TargetRole};
use layerproof::model::digest::Digest;
use layerproof::model::observed::Observed;
use layerproof::signature::notary::{Notary as Verifier, Signer};
use layerproof::signature::trust::TrustStore;
use layerproof::signature::{Basis, Candidate, JudgedSignature, Outcome, Scheme, SignerIdentity, TrustAnchors};
use layerproof::unpack::{Layout, Limits};

use crate::forge::notary::envelope::EnvelopeBuilder;
use crate::forge::notary::{Notary, Target};
use crate::forge::oci::MANIFEST;

pub const JWS: &str = "application/jose+json";
pub const COSE: &str = "application/cose";
pub const NOW: &str = "2026-09-02T00:00:00Z";
pub const CONTENT: &[u8] = b"{\"schemaVersion\":2}";

/// What the good envelopes sign.
pub fn target() -> Target {
    Target::of(CONTENT)
}

pub fn store(name: &str, certificate: &[u8]) -> TrustStore {
    TrustStore::load(name, &[("test", certificate)]).unwrap()
}

/// Stores with the root of `world` for both schemes, and its time stamp authority's.
pub fn trust(world: &Notary) -> Vec<TrustStore> {
    vec![
        store("ca:test", &world.root_der()),
        store("signingAuthority:test", &world.root_der()),
        store("tsa:test", world.tsa.chain().last().unwrap()),
    ]
}

/// A verification: the envelope, what it stands beside, who is trusted, when.
pub struct Case {
    pub envelope: Vec<u8>,
    pub media_type: &'static str,
    pub blob: bool,
    pub content: Vec<u8>,
    pub content_type: &'static str,
    pub stores: Vec<TrustStore>,
    pub now: &'static str,
}

impl Case {
    pub fn new(envelope: Vec<u8>, stores: Vec<TrustStore>) -> Self {
        let media_type = if envelope.starts_with(b"{") { JWS } else { COSE };
        Self { envelope, media_type, blob: false, content: CONTENT.into(), content_type: MANIFEST, stores, now: NOW }
    }

    pub fn at(self, now: &'static str) -> Self {
        Self { now, ..self }
    }

    pub fn beside(&self) -> Attachments {
        let form = AttachmentForm::NotaryEnvelope {
            envelope: Arc::from(self.envelope.clone()),
            media_type: self.media_type.into(),
            blob: self.blob,
        };
        let target = Beside {
            digest: Digest::of(&self.content),
            size: self.content.len() as u64,
            media_type: self.content_type.into(),
            role: TargetRole::Itself,
        };
        Attachments { found: vec![Attachment { location: "envelope".into(), target, form }], gaps: Vec::new() }
    }

    pub fn judge(&self) -> JudgedSignature {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        std::fs::write(folder.path().join("index.json"), r#"{"schemaVersion":2,"manifests":[]}"#).unwrap();
        std::fs::create_dir_all(folder.path().join("blobs/sha256")).unwrap();
        let limits = Limits::default();
        let layout = Layout::open(folder.path(), &limits).unwrap();
        let subject = Subject::File("image".into());
        self.judge_beside(&Candidate::Image { subject: &subject, layout: &layout, digest: Digest::of(&self.content) })
    }

    pub fn judge_beside(&self, candidate: &Candidate<'_>) -> JudgedSignature {
        let trust = TrustAnchors { trust_stores: self.stores.clone(), ..TrustAnchors::default() };
        let now: Timestamp = self.now.parse().unwrap();
        let Observed::Present(mut signatures) = Verifier.examine(candidate, &self.beside(), &trust, now, &Limits::default()) else {
            panic!("no signature")
        };
        assert_eq!(signatures.len(), 1);
        signatures.pop().unwrap()
    }

    /// The basis and the signer; it must hold.
    pub fn valid(&self) -> (Basis, Signer) {
        let signature = self.judge();
        let Outcome::Valid(verified) = &signature.outcome else { panic!("{:#?}", signature.steps) };
        let SignerIdentity::Notary(signer) = &verified.basis().identity else { panic!("another scheme") };
        (verified.basis().clone(), signer.as_ref().clone())
    }

    /// The `why` of the rejection and the rejection in words; it must be rejected.
    pub fn rejected(&self) -> (String, String) {
        let signature = self.judge();
        let Outcome::Invalid(rejection) = &signature.outcome else { panic!("not rejected: {:#?}", signature.steps) };
        let why = serde_json::to_value(rejection).unwrap()["why"].as_str().unwrap().to_owned();
        (why, rejection.to_string())
    }
}

/// Both forms of an envelope are rejected for this reason, in which these words stand.
#[track_caller]
pub fn refused(world: &Notary, envelope: &EnvelopeBuilder, why: &str, words: &str) {
    for bytes in [envelope.jws(), envelope.cose()] {
        let (found, text) = Case::new(bytes, trust(world)).rejected();
        assert!(found == why && text.contains(words), "{found}: {text}; expected {why} with `{words}`");
    }
}

/// Both forms of an envelope hold.
#[track_caller]
pub fn holds(world: &Notary, envelope: &EnvelopeBuilder) -> (Basis, Signer) {
    let jws = Case::new(envelope.jws(), trust(world)).valid();
    let cose = Case::new(envelope.cose(), trust(world)).valid();
    assert_eq!(jws.1.subject, cose.1.subject);
    jws
}

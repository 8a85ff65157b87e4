//! Notary Project signatures of our own: a CA, envelopes in JWS and COSE, their manifests, and AWS Signer's use of them.
//!
//! ```ignore
//! let world = Notary::new();
//! let good = world.sign(&Target::of(manifest)).jws();
//! let expired = world.sign(&target).headers(|h| h.set("io.cncf.notary.expiry", Header::Time(at("2026-09-02T00:00:00Z")))).jws();
//! let aws = Notary::aws_signer().aws(&target, PROFILE_VERSION, JOB).jws();
//! ```

pub mod cose;
pub mod envelope;
pub mod jws;
pub mod manifest;

use serde_json::{Map, Value, json};

use super::keys::{Hash, SigningKey};
use super::oci::MANIFEST;
use super::pki::{Extension, Holder, dn};
use super::tsa::Tsa;
use crate::forge::der::oids;
use envelope::EnvelopeBuilder;

/// When envelopes are signed unless a test says otherwise.
pub const SIGNED_AT: &str = "2026-09-01T10:20:30Z";

pub const SCHEME_X509: &str = "notary.x509";
pub const SCHEME_SIGNING_AUTHORITY: &str = "notary.x509.signingAuthority";
pub const AWS_PLUGIN: &str = "com.amazonaws.signer.notation.plugin";
pub const AWS_PROFILE_VERSION: &str = "com.amazonaws.signer.signingProfileVersion";
pub const AWS_JOB: &str = "com.amazonaws.signer.signingJob";

/// A signer's chain and the timestamp authority beside it.
#[derive(Clone)]
pub struct Notary {
    /// CAs and leaf, root first. One self-signed leaf stands alone.
    pub chain: Vec<Holder>,
    pub tsa: Tsa,
}

impl Notary {
    /// The chain that the tests trust: root, intermediate, leaf on P-256.
    pub fn new() -> Self {
        Self::named("layerproof test", SigningKey::p256("layerproof test notary leaf"))
    }

    /// A chain of the same shape, which nobody trusts.
    pub fn foreign() -> Self {
        Self::named("layerproof foreign test", SigningKey::p256("layerproof foreign test notary leaf"))
    }

    /// The trusted CAs with a leaf for another key; its kind fixes the envelope's algorithm.
    pub fn with_leaf_key(key: SigningKey) -> Self {
        Self::named("layerproof test", key)
    }

    /// A chain whose names and CA keys follow from `label`.
    pub fn named(label: &str, leaf: SigningKey) -> Self {
        let name = |role: &str| dn(&[("C", "US"), ("ST", "WA"), ("L", "Seattle"), ("O", label), ("CN", role)]);
        let root = Holder::root(&name("notary root"), SigningKey::p384(&format!("{label} notary root")));
        let intermediate =
            Holder::intermediate(&name("notary intermediate"), SigningKey::p384(&format!("{label} notary intermediate")), &root);
        let leaf = Holder::leaf(&name("notary leaf"), leaf, &intermediate, &[oids::CODE_SIGNING]);
        Self { chain: vec![root, intermediate, leaf], tsa: Tsa::named(label) }
    }

    /// One self-signed leaf and no CA.
    pub fn self_signed() -> Self {
        let mut world = Self::new();
        let mut leaf = world.chain.pop().expect("a leaf");
        leaf.cert.issuer = leaf.cert.subject.clone();
        leaf.cert.set(Extension::authority_key_id(&leaf.key.spki()));
        Self { chain: vec![leaf], ..world }
    }

    /// A chain of four in the shape of AWS Signer's, the leaf on P-384 and living three days.
    pub fn aws_signer() -> Self {
        Self::aws_signer_named("layerproof test")
    }

    /// As [`Notary::aws_signer`], with names and keys that follow from `label`.
    pub fn aws_signer_named(label: &str) -> Self {
        let name = |role: &str| dn(&[("C", "US"), ("ST", "WA"), ("L", "Seattle"), ("O", "AWS"), ("OU", label), ("CN", role)]);
        let key = |role: &str| SigningKey::p384(&format!("{label} aws signer {role}"));
        let root = Holder::root(&name("AWS Signer Code Signing Root CA G1"), key("root"));
        let mut intermediate = Holder::intermediate(&name("AWS Signer Code Signing Int CA G1"), key("intermediate"), &root);
        intermediate.cert.set(Extension::basic_constraints(true, Some(1)));
        let regional = Holder::intermediate(&name("AWS Signer eu-west-1 Code Signing CA G1"), key("regional"), &intermediate);
        let mut leaf = Holder::leaf(&name("AWS Signer"), key("leaf"), &regional, &[oids::CODE_SIGNING]);
        leaf.cert.not_before = super::pki::at("2026-09-01T00:00:00Z");
        leaf.cert.not_after = super::pki::at("2026-09-04T00:00:00Z");
        Self { chain: vec![root, intermediate, regional, leaf], tsa: Tsa::named(label) }
    }

    /// The root, or the leaf where it stands alone.
    pub fn root(&mut self) -> &mut Holder {
        self.chain.first_mut().expect("a root")
    }

    /// The leaf.
    pub fn leaf(&mut self) -> &mut Holder {
        self.chain.last_mut().expect("a leaf")
    }

    /// The certificates, DER, root first, each signed by the one before.
    pub fn certificates(&self) -> Vec<Vec<u8>> {
        self.chain.iter().enumerate().map(|(at, holder)| holder.signed_by(&self.chain[at.saturating_sub(1)])).collect()
    }

    /// The certificates as envelopes hold them, DER, leaf first.
    pub fn leaf_first(&self) -> Vec<Vec<u8>> {
        self.certificates().into_iter().rev().collect()
    }

    /// The root, DER: what a trust store holds.
    pub fn root_der(&self) -> Vec<u8> {
        self.certificates().remove(0)
    }

    /// An envelope over `target` in the scheme `notary.x509`.
    pub fn sign(&self, target: &Target) -> EnvelopeBuilder {
        EnvelopeBuilder::new(self.clone(), target.clone())
    }

    /// An envelope as AWS Signer makes it: signing authority, plugin, job and profile version.
    pub fn aws(&self, target: &Target, profile_version: &str, job: &str) -> EnvelopeBuilder {
        let (profile_version, job) = (profile_version.to_string(), job.to_string());
        self.sign(target).signing_authority().expiry("2037-12-01T10:20:30Z").plugin(AWS_PLUGIN, None).headers(move |headers| {
            headers.set_critical(AWS_PROFILE_VERSION, envelope::Header::text(&profile_version));
            headers.set_critical(AWS_JOB, envelope::Header::text(&job));
        })
    }
}

/// The descriptor that is signed.
#[derive(Clone)]
pub struct Target {
    pub media_type: String,
    pub digest: String,
    pub size: u64,
    /// User metadata.
    pub annotations: Vec<(String, String)>,
    pub artifact_type: Option<String>,
}

impl Target {
    /// The descriptor of an image manifest with these bytes.
    pub fn of(manifest: &[u8]) -> Self {
        Self {
            media_type: MANIFEST.into(),
            digest: format!("sha256:{}", Hash::Sha256.hex(manifest)),
            size: manifest.len() as u64,
            annotations: Vec::new(),
            artifact_type: None,
        }
    }

    /// Adds user metadata.
    pub fn annotated(mut self, key: &str, value: &str) -> Self {
        self.annotations.push((key.into(), value.into()));
        self
    }

    /// The descriptor.
    pub fn to_json(&self) -> Value {
        let mut descriptor = json!({"mediaType": self.media_type, "digest": self.digest, "size": self.size});
        if !self.annotations.is_empty() {
            let annotations: Map<_, _> = self.annotations.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
            descriptor["annotations"] = Value::Object(annotations);
        }
        if let Some(kind) = &self.artifact_type {
            descriptor["artifactType"] = json!(kind);
        }
        descriptor
    }
}

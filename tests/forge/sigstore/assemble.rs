//! How a bundle is put together: certificate, signature, log entries, timestamps, JSON.

use data_encoding::BASE64;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::bundle::{Bundle, BundleBuilder, Content, Kind, Version};
use super::ct::embedded;
use super::fulcio::Identity;
use super::{intoto, rekor};
use crate::forge::ca::pem;
use crate::forge::keys::Hash;

/// What is signed and by whom, before a log hears of it.
struct Signed {
    /// The leaf, DER.
    leaf: Option<Vec<u8>>,
    /// What the signature is over.
    message: Vec<u8>,
    signature: Vec<u8>,
    hash: Hash,
}

impl BundleBuilder {
    /// The bundle.
    pub fn build(&self) -> Bundle {
        let scheme = self.scheme.unwrap_or(self.key.scheme());
        let message = match &self.content {
            Content::Blob(artifact) => artifact.clone(),
            Content::Dsse { payload_type, payload } => intoto::pae(payload_type, payload),
        };
        let honest = self.key.sign(scheme, &message);
        let mut signature = honest.clone();
        self.edit_signature.run(&mut signature);
        let usual = if scheme == crate::forge::Scheme::Ed25519 { Hash::Sha256 } else { scheme.hash() };
        let leaf = self.identity.as_ref().map(|identity| self.certify(identity));
        let signed = Signed { leaf, message, signature, hash: self.digest.unwrap_or(usual) };
        let (name, content) = self.content(&signed);
        let mut material = self.verifier(&signed);
        material["tlogEntries"] = self.logs.iter().map(|kind| self.logged_as(*kind, &signed, &content)).collect();
        if self.stamps > 0 {
            let stamps: Value =
                (0..self.stamps).map(|number| json!({"signedTimestamp": BASE64.encode(&self.stamp(number, &signed))})).collect();
            material["timestampVerificationData"] = json!({"rfc3161Timestamps": stamps});
        }
        let mut json = json!({"mediaType": self.version.media_type(), "verificationMaterial": material});
        json[name] = content;
        self.edit_json.run(&mut json);
        Bundle { json, leaf: signed.leaf, signature: honest, signed: signed.message }
    }

    /// Has the CT log and Fulcio sign the leaf.
    fn certify(&self, identity: &Identity) -> Vec<u8> {
        let fulcio = &self.world.fulcio;
        let issuer = &fulcio.issuer().key;
        // Issued half a minute before the signature.
        let issued = self.signed_at - SignedDuration::from_secs(30);
        let mut leaf = fulcio.leaf(identity, &self.key.spki(), issued);
        self.edit_leaf.run(&mut leaf);
        if self.scts > 0 {
            let mut sct = self.world.ct.sct(&leaf, issuer, issued);
            self.edit_sct.run(&mut sct);
            leaf.extensions.push(embedded(&vec![sct.sign(&self.world.ct.key); self.scts]));
        }
        leaf.sign(issuer)
    }

    /// The bundle's content under its name.
    fn content(&self, signed: &Signed) -> (&'static str, Value) {
        let signature = BASE64.encode(&signed.signature);
        match &self.content {
            Content::Blob(artifact) => {
                let digest = json!({"algorithm": signed.hash.sigstore(), "digest": BASE64.encode(&signed.hash.of(artifact))});
                ("messageSignature", json!({"messageDigest": digest, "signature": signature}))
            }
            Content::Dsse { payload_type, payload } => {
                let payload = BASE64.encode(payload);
                let mut envelope = json!({"payload": payload, "payloadType": payload_type, "signatures": [{"sig": signature}]});
                self.edit_envelope.run(&mut envelope);
                ("dsseEnvelope", envelope)
            }
        }
    }

    /// The verification material without entries and timestamps.
    fn verifier(&self, signed: &Signed) -> Value {
        let raw = |der: &Vec<u8>| json!({"rawBytes": BASE64.encode(der)});
        match (&signed.leaf, self.version) {
            (Some(leaf), Version::V03 | Version::V03Old) => json!({"certificate": raw(leaf)}),
            (Some(leaf), Version::V01 | Version::V02) => {
                let certificates: Value = std::iter::once(leaf).chain(&self.chain).map(raw).collect();
                json!({"x509CertificateChain": {"certificates": certificates}})
            }
            (None, _) => json!({"publicKey": {"hint": BASE64.encode(&self.key.id())}}),
        }
    }

    /// What the log says of the signature.
    fn logged_as(&self, kind: Kind, signed: &Signed, content: &Value) -> Value {
        let Signed { leaf, message, signature, hash } = signed;
        let envelope = content.to_string().into_bytes();
        let (payload_type, payload) = match &self.content {
            Content::Blob(artifact) => ("", artifact),
            Content::Dsse { payload_type, payload } => (payload_type.as_str(), payload),
        };
        let (verifier, verifier_v2) = match leaf {
            Some(der) => (pem("CERTIFICATE", der), rekor::certificate_verifier(&self.key, der)),
            None => (self.key.spki_pem(), rekor::key_verifier(&self.key)),
        };
        let mut body = match kind {
            Kind::HashedRekordV1 => rekor::hashedrekord_v1(*hash, &hash.of(message), signature, &verifier),
            Kind::DsseV1 => rekor::dsse_v1(&envelope, payload, signature, &verifier),
            Kind::IntotoV2 => rekor::intoto_v2(&envelope, payload_type, payload, signature, &verifier),
            Kind::HashedRekordV2 => rekor::hashedrekord_v2(*hash, &hash.of(message), signature, verifier_v2),
            Kind::DsseV2 => rekor::dsse_v2(payload, signature, verifier_v2),
        };
        self.edit_body.run(&mut body);
        let mut entry = match kind {
            Kind::HashedRekordV1 | Kind::DsseV1 | Kind::IntotoV2 => self.world.rekor.entry(body, self.signed_at),
            Kind::HashedRekordV2 | Kind::DsseV2 => self.world.rekor_v2.entry(body),
        };
        self.edit_entry.run(&mut entry);
        entry.to_json()
    }

    fn stamp(&self, number: usize, signed: &Signed) -> Vec<u8> {
        let mut token = self.world.tsa.token(&signed.signature, self.signed_at);
        token.serial += number as u64;
        self.edit_token.run(&mut token);
        token.response()
    }
}

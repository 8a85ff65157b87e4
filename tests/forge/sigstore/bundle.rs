//! Sigstore bundles, versions 0.1 to 0.3.

use data_encoding::BASE64;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::ct::{Sct, embedded};
use super::fulcio::Identity;
use super::rekor::{self, Entry};
use super::{SIGNED_AT, Sigstore, intoto};
use crate::forge::ca::pem;
use crate::forge::hook::Hook;
use crate::forge::keys::{Hash, Scheme, SigningKey};
use crate::forge::pki::{Cert, at, san_email, san_uri};
use crate::forge::tsa::Token;

/// Media type of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    V01,
    V02,
    /// As the first writers of version 0.3 had it.
    V03Old,
    V03,
}

impl Version {
    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::V01 => "application/vnd.dev.sigstore.bundle+json;version=0.1",
            Self::V02 => "application/vnd.dev.sigstore.bundle+json;version=0.2",
            Self::V03Old => "application/vnd.dev.sigstore.bundle+json;version=0.3",
            Self::V03 => "application/vnd.dev.sigstore.bundle.v0.3+json",
        }
    }
}

/// What is signed.
#[derive(Clone)]
pub enum Content {
    /// The artifact itself.
    Blob(Vec<u8>),
    /// A payload in a DSSE envelope.
    Dsse { payload_type: String, payload: Vec<u8> },
}

/// What a log's entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Rekor v1.
    HashedRekordV1,
    /// Rekor v1.
    DsseV1,
    /// Rekor v1.
    IntotoV2,
    /// Rekor v2.
    HashedRekordV2,
    /// Rekor v2.
    DsseV2,
}

/// A bundle under construction. Fields may be set; methods chain; hooks run before what they change is signed.
#[derive(Clone)]
pub struct BundleBuilder {
    pub world: Sigstore,
    pub content: Content,
    pub version: Version,
    /// The key that signs.
    pub key: SigningKey,
    /// Another scheme than the key's usual one.
    pub scheme: Option<Scheme>,
    /// Hash in `messageDigest` and in a `hashedrekord`; the scheme's otherwise.
    pub digest: Option<Hash>,
    /// Whose certificate; `None` signs with a key that the verifier knows.
    pub identity: Option<Identity>,
    pub signed_at: Timestamp,
    /// Entries, one each.
    pub logs: Vec<Kind>,
    /// How many timestamps there are.
    pub stamps: usize,
    /// Whether the leaf has an SCT.
    pub sct: bool,
    /// Certificates behind the leaf, DER; versions 0.1 and 0.2 only.
    pub chain: Vec<Vec<u8>>,
    edit_leaf: Hook<Cert>,
    edit_sct: Hook<Sct>,
    edit_signature: Hook<Vec<u8>>,
    edit_envelope: Hook<Value>,
    edit_body: Hook<Value>,
    edit_entry: Hook<Entry>,
    edit_token: Hook<Token>,
    edit_json: Hook<Value>,
}

/// A finished bundle and what went into it.
#[derive(Clone)]
pub struct Bundle {
    pub json: Value,
    /// The signing certificate, DER.
    pub leaf: Option<Vec<u8>>,
    /// The signature, before it was edited into something else.
    pub signature: Vec<u8>,
    /// What was signed.
    pub signed: Vec<u8>,
}

impl Bundle {
    /// The bundle.
    pub fn to_json(&self) -> Value {
        self.json.clone()
    }

    /// The bundle as a file holds it.
    pub fn bytes(&self) -> Vec<u8> {
        self.json.to_string().into_bytes()
    }
}

impl BundleBuilder {
    /// A bundle of version 0.3 with a P-256 key, the identity that the tests trust, one entry in Rekor v1 and no timestamp.
    pub fn new(world: Sigstore, content: Content) -> Self {
        let kind = match content {
            Content::Blob(_) => Kind::HashedRekordV1,
            Content::Dsse { .. } => Kind::DsseV1,
        };
        Self {
            world,
            content,
            version: Version::V03,
            key: SigningKey::p256("layerproof test signer"),
            scheme: None,
            digest: None,
            identity: Some(Identity::ours()),
            signed_at: at(SIGNED_AT),
            logs: vec![kind],
            stamps: 0,
            sct: true,
            chain: Vec::new(),
            edit_leaf: Hook::default(),
            edit_sct: Hook::default(),
            edit_signature: Hook::default(),
            edit_envelope: Hook::default(),
            edit_body: Hook::default(),
            edit_entry: Hook::default(),
            edit_token: Hook::default(),
            edit_json: Hook::default(),
        }
    }

    /// Signs with `key`, which the verifier knows, and no certificate.
    pub fn key(mut self, key: SigningKey) -> Self {
        (self.key, self.identity) = (key, None);
        self
    }

    /// Has Fulcio certify `key`.
    pub fn certified_key(mut self, key: SigningKey) -> Self {
        self.key = key;
        self
    }

    /// Signs with another scheme than the key's usual one.
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = Some(scheme);
        self
    }

    /// Another signer.
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Another OIDC issuer, in both extensions.
    pub fn issuer(self, issuer: &str) -> Self {
        self.claim(1, issuer).claim(8, issuer)
    }

    /// Another URI in the subjectAltName.
    pub fn san(mut self, uri: &str) -> Self {
        self.the_identity().names = vec![san_uri(uri)];
        self
    }

    /// An address in the subjectAltName.
    pub fn email(mut self, address: &str) -> Self {
        self.the_identity().names = vec![san_email(address)];
        self
    }

    /// Another claim `.1.N`.
    pub fn claim(mut self, number: u32, text: &str) -> Self {
        self.the_identity().set(number, text);
        self
    }

    /// Leaves a claim out.
    pub fn without_claim(mut self, number: u32) -> Self {
        self.the_identity().drop(number);
        self
    }

    /// Signed at another time (RFC 3339).
    pub fn at(mut self, time: &str) -> Self {
        self.signed_at = at(time);
        self
    }

    /// Another version.
    pub fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// These entries instead; none for an empty list.
    pub fn logged(mut self, kinds: &[Kind]) -> Self {
        self.logs = kinds.to_vec();
        self
    }

    /// An entry in Rekor v2 and a timestamp, since that log states no time.
    pub fn rekor_v2(self) -> Self {
        self.logged(&[Kind::HashedRekordV2]).stamped(1)
    }

    /// This many timestamps.
    pub fn stamped(mut self, stamps: usize) -> Self {
        self.stamps = stamps;
        self
    }

    /// A leaf without an SCT.
    pub fn without_sct(mut self) -> Self {
        self.sct = false;
        self
    }

    /// These certificates behind the leaf, DER.
    pub fn chain(mut self, chain: Vec<Vec<u8>>) -> Self {
        self.chain = chain;
        self
    }

    /// Changes the leaf before the CT log and Fulcio sign it.
    pub fn leaf(mut self, edit: impl Fn(&mut Cert) + Send + Sync + 'static) -> Self {
        self.edit_leaf.add(edit);
        self
    }

    /// Changes what the CT log signs.
    pub fn sct(mut self, edit: impl Fn(&mut Sct) + Send + Sync + 'static) -> Self {
        self.edit_sct.add(edit);
        self
    }

    /// Changes the signature before it is logged and stamped.
    pub fn signature(mut self, edit: impl Fn(&mut Vec<u8>) + Send + Sync + 'static) -> Self {
        self.edit_signature.add(edit);
        self
    }

    /// Changes the DSSE envelope after it is signed, before it is logged.
    pub fn envelope(mut self, edit: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        self.edit_envelope.add(edit);
        self
    }

    /// Changes the body that the log takes in.
    pub fn body(mut self, edit: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        self.edit_body.add(edit);
        self
    }

    /// Changes the entry before the log signs it.
    pub fn entry(mut self, edit: impl Fn(&mut Entry) + Send + Sync + 'static) -> Self {
        self.edit_entry.add(edit);
        self
    }

    /// Changes the timestamp before its authority signs it.
    pub fn token(mut self, edit: impl Fn(&mut Token) + Send + Sync + 'static) -> Self {
        self.edit_token.add(edit);
        self
    }

    /// Changes the finished bundle.
    pub fn edit(mut self, edit: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        self.edit_json.add(edit);
        self
    }

    /// The bundle.
    pub fn build(&self) -> Bundle {
        let leaf = self.identity.as_ref().map(|identity| self.certify(identity));
        let scheme = self.scheme.unwrap_or(self.key.scheme());
        let signed = match &self.content {
            Content::Blob(artifact) => artifact.clone(),
            Content::Dsse { payload_type, payload } => intoto::pae(payload_type, payload),
        };
        let honest = self.key.sign(scheme, &signed);
        let mut signature = honest.clone();
        self.edit_signature.run(&mut signature);
        let hash = self.hash(scheme);
        let (name, content) = self.content_json(hash, &signature);
        let verifier = match &leaf {
            Some(der) => pem("CERTIFICATE", der),
            None => self.key.spki_pem(),
        };
        let entries: Vec<Value> =
            self.logs.iter().map(|kind| self.entry_json(*kind, &content, &signature, hash, &signed, &verifier, &leaf)).collect();
        let mut material = match &leaf {
            Some(der) if self.version == Version::V03 || self.version == Version::V03Old => {
                json!({"certificate": {"rawBytes": BASE64.encode(der)}})
            }
            Some(der) => {
                let raw = |der: &Vec<u8>| json!({"rawBytes": BASE64.encode(der)});
                let certificates: Vec<Value> = std::iter::once(der).chain(&self.chain).map(raw).collect();
                json!({"x509CertificateChain": {"certificates": certificates}})
            }
            None => json!({"publicKey": {"hint": BASE64.encode(&self.key.id())}}),
        };
        material["tlogEntries"] = json!(entries);
        if self.stamps > 0 {
            let stamps: Vec<Value> =
                (0..self.stamps).map(|n| json!({"signedTimestamp": BASE64.encode(&self.stamp(n, &signature))})).collect();
            material["timestampVerificationData"] = json!({"rfc3161Timestamps": stamps});
        }
        let mut json = json!({"mediaType": self.version.media_type(), "verificationMaterial": material});
        json[name] = content;
        self.edit_json.run(&mut json);
        Bundle { json, leaf, signature: honest, signed }
    }

    fn the_identity(&mut self) -> &mut Identity {
        self.identity.as_mut().expect("a bundle with a certificate")
    }

    /// Has Fulcio and the CT log sign the leaf.
    fn certify(&self, identity: &Identity) -> Vec<u8> {
        let fulcio = &self.world.fulcio;
        let issuer = &fulcio.issuer().key;
        // Issued half a minute before the signature.
        let issued = self.signed_at - jiff::SignedDuration::from_secs(30);
        let mut leaf = fulcio.leaf(identity, &self.key.spki(), issued);
        self.edit_leaf.run(&mut leaf);
        if self.sct {
            let mut sct = self.world.ct.sct(&leaf, issuer, issued);
            self.edit_sct.run(&mut sct);
            leaf.extensions.push(embedded(&[sct.sign(&self.world.ct.key)]));
        }
        leaf.sign(issuer)
    }

    fn hash(&self, scheme: Scheme) -> Hash {
        let usual = if scheme == Scheme::Ed25519 { Hash::Sha256 } else { scheme.hash() };
        self.digest.unwrap_or(usual)
    }

    fn content_json(&self, hash: Hash, signature: &[u8]) -> (&'static str, Value) {
        match &self.content {
            Content::Blob(artifact) => {
                let digest = json!({"algorithm": hash.sigstore(), "digest": BASE64.encode(&hash.of(artifact))});
                ("messageSignature", json!({"messageDigest": digest, "signature": BASE64.encode(signature)}))
            }
            Content::Dsse { payload_type, payload } => {
                let mut envelope = json!({
                    "payload": BASE64.encode(payload), "payloadType": payload_type, "signatures": [{"sig": BASE64.encode(signature)}],
                });
                self.edit_envelope.run(&mut envelope);
                ("dsseEnvelope", envelope)
            }
        }
    }

    #[allow(clippy::too_many_arguments)] // everything that a log may be told
    fn entry_json(
        &self,
        kind: Kind,
        content: &Value,
        signature: &[u8],
        hash: Hash,
        signed: &[u8],
        verifier: &str,
        leaf: &Option<Vec<u8>>,
    ) -> Value {
        let envelope = content.to_string().into_bytes();
        let (payload_type, payload) = match &self.content {
            Content::Blob(artifact) => ("", artifact),
            Content::Dsse { payload_type, payload } => (payload_type.as_str(), payload),
        };
        let verifier_v2 = match leaf {
            Some(der) => rekor::certificate_verifier(&self.key, der),
            None => rekor::key_verifier(&self.key),
        };
        let mut body = match kind {
            Kind::HashedRekordV1 => rekor::hashedrekord_v1(hash, &hash.of(signed), signature, verifier),
            Kind::DsseV1 => rekor::dsse_v1(&envelope, payload, signature, verifier),
            Kind::IntotoV2 => rekor::intoto_v2(&envelope, payload_type, payload, signature, verifier),
            Kind::HashedRekordV2 => rekor::hashedrekord_v2(hash, &hash.of(signed), signature, verifier_v2),
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

    fn stamp(&self, number: usize, signature: &[u8]) -> Vec<u8> {
        let mut token = self.world.tsa.token(signature, self.signed_at);
        token.serial += number as u64;
        self.edit_token.run(&mut token);
        token.response()
    }
}

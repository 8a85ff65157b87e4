//! Sigstore bundles, versions 0.1 to 0.3.

use jiff::Timestamp;
use serde_json::Value;

use super::ct::Sct;
use super::fulcio::Identity;
use super::rekor::Entry;
use super::{SIGNED_AT, Sigstore};
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
    /// How many SCTs the leaf has; without any it has no such extension.
    pub scts: usize,
    /// Certificates behind the leaf, DER; versions 0.1 and 0.2 only.
    pub chain: Vec<Vec<u8>>,
    pub(super) edit_leaf: Hook<Cert>,
    pub(super) edit_sct: Hook<Sct>,
    pub(super) edit_signature: Hook<Vec<u8>>,
    pub(super) edit_envelope: Hook<Value>,
    pub(super) edit_body: Hook<Value>,
    pub(super) edit_entry: Hook<Entry>,
    pub(super) edit_token: Hook<Token>,
    pub(super) edit_json: Hook<Value>,
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
            scts: 1,
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

    /// Another hash in `messageDigest` and in a `hashedrekord`.
    pub fn digest(mut self, hash: Hash) -> Self {
        self.digest = Some(hash);
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
    pub fn without_sct(self) -> Self {
        self.scts(0)
    }

    /// This many equal SCTs.
    pub fn scts(mut self, scts: usize) -> Self {
        self.scts = scts;
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

    fn the_identity(&mut self) -> &mut Identity {
        self.identity.as_mut().expect("a bundle with a certificate")
    }
}

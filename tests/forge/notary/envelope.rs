//! What JWS and COSE envelopes have in common: payload, protected headers, chain, timestamp.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Notary, SCHEME_SIGNING_AUTHORITY, SCHEME_X509, SIGNED_AT, Target};
use crate::forge::cbor::Cbor;
use crate::forge::hook::Hook;
use crate::forge::keys::{Hash, Scheme, SigningKey};
use crate::forge::pki::at;
use crate::forge::tsa::Token;

pub const PAYLOAD_TYPE: &str = "application/vnd.cncf.notary.payload.v1+json";
pub const SIGNING_SCHEME: &str = "io.cncf.notary.signingScheme";
pub const SIGNING_TIME: &str = "io.cncf.notary.signingTime";
pub const AUTHENTIC_SIGNING_TIME: &str = "io.cncf.notary.authenticSigningTime";
pub const EXPIRY: &str = "io.cncf.notary.expiry";
pub const PLUGIN: &str = "io.cncf.notary.verificationPlugin";
pub const PLUGIN_MIN_VERSION: &str = "io.cncf.notary.verificationPluginMinVersion";
pub const TIMESTAMP_SIGNATURE: &str = "io.cncf.notary.timestampSignature";
pub const SIGNING_AGENT: &str = "io.cncf.notary.signingAgent";

/// The value of a protected header.
#[derive(Clone, Debug, PartialEq)]
pub enum Header {
    /// Any JSON value; COSE writes its CBOR twin.
    Plain(Value),
    /// RFC 3339 in JWS, tag 1 with whole seconds in COSE.
    Time(Timestamp),
    /// For COSE only: JWS has no twin of it.
    Cbor(Cbor),
}

impl Header {
    /// A text.
    pub fn text(text: &str) -> Self {
        Self::Plain(json!(text))
    }

    /// A time (RFC 3339).
    pub fn time(text: &str) -> Self {
        Self::Time(at(text))
    }
}

/// The protected headers under their JWS names: `alg`, `cty`, `crit` and those of Notary. COSE has numbers for the first three.
#[derive(Clone, Debug)]
pub struct Headers {
    /// In the order in which they are written. `crit` is written from [`Headers::critical`] unless it stands here.
    pub fields: Vec<(String, Header)>,
    /// Which headers are critical.
    pub critical: Vec<String>,
}

impl Headers {
    /// Sets a header, in its place or last.
    pub fn set(&mut self, name: &str, value: Header) {
        match self.fields.iter_mut().find(|(field, _)| field == name) {
            Some((_, place)) => *place = value,
            None => self.fields.push((name.into(), value)),
        }
    }

    /// Sets a header and marks it critical.
    pub fn set_critical(&mut self, name: &str, value: Header) {
        self.set(name, value);
        if !self.critical.iter().any(|field| field == name) {
            self.critical.push(name.into());
        }
    }

    /// Takes a header away, also from the critical ones.
    pub fn drop(&mut self, name: &str) {
        self.fields.retain(|(field, _)| field != name);
        self.not_critical(name);
    }

    /// Keeps a header, but not as critical.
    pub fn not_critical(&mut self, name: &str) {
        self.critical.retain(|field| field != name);
    }
}

/// An envelope under construction. Hooks run before what they change is signed.
#[derive(Clone)]
pub struct EnvelopeBuilder {
    pub world: Notary,
    pub target: Target,
    /// `signingScheme`.
    pub scheme: String,
    pub signed_at: Timestamp,
    /// The key that signs: the leaf's otherwise.
    pub key: Option<SigningKey>,
    /// How it signs: as the leaf's key fixes it otherwise.
    pub signature_scheme: Option<Scheme>,
    /// `alg` as JWS writes it: that of the scheme otherwise.
    pub algorithm: Option<String>,
    /// The certificates, DER, leaf first: the world's otherwise.
    pub chain: Option<Vec<Vec<u8>>>,
    /// Whether there is a timestamp.
    pub stamped: bool,
    pub agent: Option<String>,
    edit_payload: Hook<Value>,
    edit_payload_bytes: Hook<Vec<u8>>,
    edit_headers: Hook<Headers>,
    pub(super) edit_protected: Hook<Vec<u8>>,
    edit_signature: Hook<Vec<u8>>,
    edit_token: Hook<Token>,
    pub(super) edit_json: Hook<Value>,
    pub(super) edit_cbor: Hook<Cbor>,
}

/// The parts from which either format is written.
pub(super) struct Parts {
    pub payload: Vec<u8>,
    pub headers: Headers,
    pub chain: Vec<Vec<u8>>,
    key: SigningKey,
    scheme: Scheme,
}

impl EnvelopeBuilder {
    /// An envelope in the scheme `notary.x509` without expiry, plugin and timestamp.
    pub fn new(world: Notary, target: Target) -> Self {
        Self {
            world,
            target,
            scheme: SCHEME_X509.into(),
            signed_at: at(SIGNED_AT),
            key: None,
            signature_scheme: None,
            algorithm: None,
            chain: None,
            stamped: false,
            agent: Some("layerproof-forge/1.0".into()),
            edit_payload: Hook::default(),
            edit_payload_bytes: Hook::default(),
            edit_headers: Hook::default(),
            edit_protected: Hook::default(),
            edit_signature: Hook::default(),
            edit_token: Hook::default(),
            edit_json: Hook::default(),
            edit_cbor: Hook::default(),
        }
    }

    /// In the scheme `notary.x509.signingAuthority`.
    pub fn signing_authority(mut self) -> Self {
        self.scheme = SCHEME_SIGNING_AUTHORITY.into();
        self
    }

    /// Signed at another time (RFC 3339).
    pub fn at(mut self, time: &str) -> Self {
        self.signed_at = at(time);
        self
    }

    /// With an expiry (RFC 3339).
    pub fn expiry(self, time: &str) -> Self {
        let time = at(time);
        self.headers(move |headers| headers.set_critical(EXPIRY, Header::Time(time)))
    }

    /// Names a verification plugin, and the least version of it.
    pub fn plugin(self, name: &str, version: Option<&str>) -> Self {
        let (name, version) = (name.to_string(), version.map(str::to_string));
        self.headers(move |headers| {
            headers.set_critical(PLUGIN, Header::text(&name));
            if let Some(version) = &version {
                headers.set_critical(PLUGIN_MIN_VERSION, Header::text(version));
            }
        })
    }

    /// A critical header that nobody knows.
    pub fn unknown_critical(self) -> Self {
        self.headers(|headers| headers.set_critical("org.example.unknown", Header::text("must be understood")))
    }

    /// Signs with another key than the leaf's.
    pub fn key(mut self, key: SigningKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Signs otherwise than the leaf's key asks for.
    pub fn signature_scheme(mut self, scheme: Scheme) -> Self {
        self.signature_scheme = Some(scheme);
        self
    }

    /// States another algorithm than was used (`ES256` …).
    pub fn algorithm(mut self, name: &str) -> Self {
        self.algorithm = Some(name.into());
        self
    }

    /// Holds these certificates, DER, leaf first.
    pub fn chain(mut self, chain: Vec<Vec<u8>>) -> Self {
        self.chain = Some(chain);
        self
    }

    /// With a timestamp of the world's authority, made at the signing time.
    pub fn stamped(mut self) -> Self {
        self.stamped = true;
        self
    }

    /// Changes the payload.
    pub fn payload(mut self, edit: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        self.edit_payload.add(edit);
        self
    }

    /// Changes the payload's bytes: what no JSON value says, a repeated key.
    pub fn payload_bytes(mut self, edit: impl Fn(&mut Vec<u8>) + Send + Sync + 'static) -> Self {
        self.edit_payload_bytes.add(edit);
        self
    }

    /// Changes the bytes of the protected headers, JSON or CBOR, before they are signed.
    pub fn protected_bytes(mut self, edit: impl Fn(&mut Vec<u8>) + Send + Sync + 'static) -> Self {
        self.edit_protected.add(edit);
        self
    }

    /// Changes the protected headers.
    pub fn headers(mut self, edit: impl Fn(&mut Headers) + Send + Sync + 'static) -> Self {
        self.edit_headers.add(edit);
        self
    }

    /// Changes the signature before it is stamped.
    pub fn signature(mut self, edit: impl Fn(&mut Vec<u8>) + Send + Sync + 'static) -> Self {
        self.edit_signature.add(edit);
        self
    }

    /// Changes the timestamp before it is signed.
    pub fn token(mut self, edit: impl Fn(&mut Token) + Send + Sync + 'static) -> Self {
        self.edit_token.add(edit);
        self
    }

    /// Changes the finished JWS.
    pub fn edit_jws(mut self, edit: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        self.edit_json.add(edit);
        self
    }

    /// Changes the finished COSE_Sign1, tag included.
    pub fn edit_cose(mut self, edit: impl Fn(&mut Cbor) + Send + Sync + 'static) -> Self {
        self.edit_cbor.add(edit);
        self
    }

    pub(super) fn parts(&self) -> Parts {
        let leaf = self.world.chain.last().expect("a leaf");
        let key = self.key.clone().unwrap_or_else(|| leaf.key.clone());
        let scheme = self.signature_scheme.unwrap_or_else(|| notary_scheme(&key));
        let algorithm = self.algorithm.clone().unwrap_or_else(|| algorithm_name(scheme).into());
        let time = if self.scheme == SCHEME_SIGNING_AUTHORITY { AUTHENTIC_SIGNING_TIME } else { SIGNING_TIME };
        let mut headers = Headers { fields: Vec::new(), critical: Vec::new() };
        headers.set("alg", Header::text(&algorithm));
        headers.set("cty", Header::text(PAYLOAD_TYPE));
        headers.set_critical(SIGNING_SCHEME, Header::text(&self.scheme));
        headers.set(time, Header::Time(self.signed_at));
        if time == AUTHENTIC_SIGNING_TIME {
            headers.critical.push(time.into());
        }
        self.edit_headers.run(&mut headers);
        let mut payload = json!({"targetArtifact": self.target.to_json()});
        self.edit_payload.run(&mut payload);
        let chain = self.chain.clone().unwrap_or_else(|| self.world.leaf_first());
        let mut payload = payload.to_string().into_bytes();
        self.edit_payload_bytes.run(&mut payload);
        Parts { payload, headers, chain, key, scheme }
    }

    pub(super) fn sign(&self, parts: &Parts, message: &[u8]) -> Vec<u8> {
        let mut signature = parts.key.sign_fixed(parts.scheme, message);
        self.edit_signature.run(&mut signature);
        signature
    }

    pub(super) fn stamp(&self, signature: &[u8]) -> Option<Vec<u8>> {
        self.stamped.then(|| {
            let mut token = self.world.tsa.token(signature, self.signed_at);
            self.edit_token.run(&mut token);
            token.token()
        })
    }
}

/// How the specification has a key sign: RSA in PSS, with the hash of its size.
pub fn notary_scheme(key: &SigningKey) -> Scheme {
    match key {
        SigningKey::Rsa(_) => match key.details() {
            "PKIX_RSA_PKCS1V15_3072_SHA256" => Scheme::Pss(Hash::Sha384),
            "PKIX_RSA_PKCS1V15_4096_SHA256" => Scheme::Pss(Hash::Sha512),
            _ => Scheme::Pss(Hash::Sha256),
        },
        _ => key.scheme(),
    }
}

/// The name that JWS has for a scheme.
pub fn algorithm_name(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Ecdsa(Hash::Sha256) => "ES256",
        Scheme::Ecdsa(Hash::Sha384) => "ES384",
        Scheme::Ecdsa(Hash::Sha512) => "ES512",
        Scheme::Pss(Hash::Sha256) => "PS256",
        Scheme::Pss(Hash::Sha384) => "PS384",
        Scheme::Pss(Hash::Sha512) => "PS512",
        Scheme::Pkcs1(Hash::Sha256) => "RS256",
        Scheme::Pkcs1(Hash::Sha384) => "RS384",
        Scheme::Pkcs1(Hash::Sha512) => "RS512",
        Scheme::Ed25519 => "EdDSA",
    }
}

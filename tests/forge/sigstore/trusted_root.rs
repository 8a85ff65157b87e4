//! `trusted_root.json`.

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::Sigstore;
use crate::forge::keys::SigningKey;

/// The trusted root of an instance, every part open to forgery.
#[derive(Clone)]
pub struct TrustedRoot {
    pub media_type: String,
    pub tlogs: Vec<Log>,
    pub ctlogs: Vec<Log>,
    pub certificate_authorities: Vec<Authority>,
    pub timestamp_authorities: Vec<Authority>,
}

/// A log's key and when it counts.
#[derive(Clone)]
pub struct Log {
    pub url: String,
    pub spki: Vec<u8>,
    pub details: String,
    pub id: Vec<u8>,
    /// RFC 3339.
    pub start: Option<String>,
    /// RFC 3339, included.
    pub end: Option<String>,
}

/// A CA's chain, root last, and when it counts.
#[derive(Clone)]
pub struct Authority {
    pub uri: String,
    /// Certificates, DER.
    pub chain: Vec<Vec<u8>>,
    /// RFC 3339.
    pub start: Option<String>,
    /// RFC 3339, included.
    pub end: Option<String>,
}

const START: &str = "2020-01-01T00:00:00Z";

impl Log {
    fn new(url: &str, key: &SigningKey, id: Vec<u8>) -> Self {
        Self { url: url.into(), spki: key.spki(), details: key.details().into(), id, start: Some(START.into()), end: None }
    }

    fn to_json(&self) -> Value {
        let mut public_key = json!({"rawBytes": BASE64.encode(&self.spki), "keyDetails": self.details});
        add_window(&mut public_key, &self.start, &self.end);
        json!({
            "baseUrl": self.url, "hashAlgorithm": "SHA2_256", "publicKey": public_key,
            "logId": {"keyId": BASE64.encode(&self.id)},
        })
    }
}

impl Authority {
    fn new(uri: &str, chain: Vec<Vec<u8>>) -> Self {
        Self { uri: uri.into(), chain, start: Some(START.into()), end: None }
    }

    fn to_json(&self) -> Value {
        let certificates: Vec<Value> = self.chain.iter().map(|der| json!({"rawBytes": BASE64.encode(der)})).collect();
        let mut authority = json!({
            "subject": {"organization": "sigstore.test", "commonName": "sigstore"},
            "uri": self.uri,
            "certChain": {"certificates": certificates},
        });
        add_window(&mut authority, &self.start, &self.end);
        authority
    }
}

impl TrustedRoot {
    /// The root that names every service of `world`.
    pub fn of(world: &Sigstore) -> Self {
        Self {
            media_type: "application/vnd.dev.sigstore.trustedroot+json;version=0.1".into(),
            tlogs: vec![
                Log::new(&format!("https://{}", world.rekor.name), &world.rekor.key, world.rekor.key.id()),
                Log::new(&format!("https://{}", world.rekor_v2.name), &world.rekor_v2.key, world.rekor_v2.id()),
            ],
            ctlogs: vec![Log::new(&world.ct.url, &world.ct.key, world.ct.key.id())],
            certificate_authorities: vec![Authority::new("https://fulcio.sigstore.test", world.fulcio.chain())],
            timestamp_authorities: vec![Authority::new("https://timestamp.sigstore.test/api/v1/timestamp", world.tsa.chain())],
        }
    }

    /// The file.
    pub fn to_json(&self) -> Value {
        let logs = |logs: &[Log]| logs.iter().map(Log::to_json).collect::<Vec<_>>();
        let authorities = |authorities: &[Authority]| authorities.iter().map(Authority::to_json).collect::<Vec<_>>();
        json!({
            "mediaType": self.media_type,
            "tlogs": logs(&self.tlogs),
            "certificateAuthorities": authorities(&self.certificate_authorities),
            "ctlogs": logs(&self.ctlogs),
            "timestampAuthorities": authorities(&self.timestamp_authorities),
        })
    }
}

fn add_window(object: &mut Value, start: &Option<String>, end: &Option<String>) {
    if start.is_none() && end.is_none() {
        return;
    }
    let mut window = json!({});
    if let Some(start) = start {
        window["start"] = json!(start);
    }
    if let Some(end) = end {
        window["end"] = json!(end);
    }
    object["validFor"] = window;
}

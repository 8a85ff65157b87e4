//! Flattened JWS in JSON (RFC 7515 section 7.2.2), as Notary Project signatures use it.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Map, Value, json};

use super::envelope::{EnvelopeBuilder, Header, Headers, SIGNING_AGENT, TIMESTAMP_SIGNATURE};

/// Media type of the envelope.
pub const MEDIA_TYPE: &str = "application/jose+json";

impl EnvelopeBuilder {
    /// The envelope in JWS.
    pub fn jws(&self) -> Vec<u8> {
        self.jws_json().to_string().into_bytes()
    }

    /// The envelope in JWS, as JSON.
    pub fn jws_json(&self) -> Value {
        let parts = self.parts();
        let mut protected = protected(&parts.headers).to_string().into_bytes();
        self.edit_protected.run(&mut protected);
        let protected = BASE64URL_NOPAD.encode(&protected);
        let payload = BASE64URL_NOPAD.encode(&parts.payload);
        let signature = self.sign(&parts, format!("{protected}.{payload}").as_bytes());
        let chain: Vec<String> = parts.chain.iter().map(|der| BASE64.encode(der)).collect();
        let mut header = json!({"x5c": chain});
        if let Some(token) = self.stamp(&signature) {
            header[TIMESTAMP_SIGNATURE] = json!(BASE64.encode(&token));
        }
        if let Some(agent) = &self.agent {
            header[SIGNING_AGENT] = json!(agent);
        }
        let mut envelope = json!({
            "payload": payload, "protected": protected, "header": header, "signature": BASE64URL_NOPAD.encode(&signature),
        });
        self.edit_json.run(&mut envelope);
        envelope
    }
}

fn protected(headers: &Headers) -> Value {
    let mut fields = Map::new();
    for (name, value) in &headers.fields {
        let value = match value {
            Header::Plain(value) => value.clone(),
            Header::Time(time) => json!(time.to_string()),
            Header::Cbor(item) => panic!("JWS can't say {item:?}"),
        };
        fields.insert(name.clone(), value);
    }
    if !fields.contains_key("crit") && !headers.critical.is_empty() {
        fields.insert("crit".into(), json!(headers.critical));
    }
    Value::Object(fields)
}

//! COSE_Sign1 (RFC 9052 section 4.2), as Notary Project signatures use it.

use serde_json::Value;

use super::envelope::{EnvelopeBuilder, Header, Headers, SIGNING_AGENT, TIMESTAMP_SIGNATURE};
use crate::forge::cbor::Cbor;

/// Media type of the envelope.
pub const MEDIA_TYPE: &str = "application/cose";

impl EnvelopeBuilder {
    /// The envelope in COSE.
    pub fn cose(&self) -> Vec<u8> {
        self.cose_item().encode()
    }

    /// The envelope in COSE: tag 18 around protected headers, unprotected headers, payload and signature.
    pub fn cose_item(&self) -> Cbor {
        let parts = self.parts();
        let mut protected = protected(&parts.headers).encode();
        self.edit_protected.run(&mut protected);
        let to_sign = Cbor::Array(vec![
            Cbor::text("Signature1"),
            Cbor::Bytes(protected.clone()),
            Cbor::Bytes(Vec::new()),
            Cbor::Bytes(parts.payload.clone()),
        ]);
        let signature = self.sign(&parts, &to_sign.encode());
        let chain = parts.chain.iter().map(|der| Cbor::Bytes(der.clone())).collect();
        let mut unprotected = vec![(Cbor::Int(33), Cbor::Array(chain))];
        if let Some(token) = self.stamp(&signature) {
            unprotected.push((Cbor::text(TIMESTAMP_SIGNATURE), Cbor::Bytes(token)));
        }
        if let Some(agent) = &self.agent {
            unprotected.push((Cbor::text(SIGNING_AGENT), Cbor::text(agent)));
        }
        let parts = vec![Cbor::Bytes(protected), Cbor::Map(unprotected), Cbor::Bytes(parts.payload), Cbor::Bytes(signature)];
        let mut envelope = Cbor::Tag(18, Box::new(Cbor::Array(parts)));
        self.edit_cbor.run(&mut envelope);
        envelope
    }
}

fn protected(headers: &Headers) -> Cbor {
    let mut fields: Vec<(Cbor, Cbor)> = headers
        .fields
        .iter()
        .map(|(name, value)| {
            let value = match value {
                Header::Plain(value) if name == "alg" => algorithm(value),
                Header::Plain(value) => twin(value),
                Header::Cbor(item) => item.clone(),
                Header::Time(time) => Cbor::Tag(1, Box::new(Cbor::Int(time.as_second()))),
            };
            (label(name), value)
        })
        .collect();
    if !headers.fields.iter().any(|(name, _)| name == "crit") && !headers.critical.is_empty() {
        let critical = headers.critical.iter().map(|name| label(name)).collect();
        fields.push((label("crit"), Cbor::Array(critical)));
    }
    Cbor::Map(fields)
}

fn label(name: &str) -> Cbor {
    match name {
        "alg" => Cbor::Int(1),
        "crit" => Cbor::Int(2),
        "cty" => Cbor::Int(3),
        "x5chain" => Cbor::Int(33),
        other => Cbor::text(other),
    }
}

fn algorithm(name: &Value) -> Cbor {
    match name.as_str() {
        Some("PS256") => Cbor::Int(-37),
        Some("PS384") => Cbor::Int(-38),
        Some("PS512") => Cbor::Int(-39),
        Some("ES256") => Cbor::Int(-7),
        Some("ES384") => Cbor::Int(-35),
        Some("ES512") => Cbor::Int(-36),
        Some("EdDSA") => Cbor::Int(-8),
        Some("RS256") => Cbor::Int(-257),
        _ => twin(name),
    }
}

/// The CBOR item that says the same as a JSON value.
fn twin(value: &Value) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(value) => Cbor::Bool(*value),
        Value::Number(number) => Cbor::Int(number.as_i64().expect("a whole number")),
        Value::String(text) => Cbor::text(text),
        Value::Array(items) => Cbor::Array(items.iter().map(twin).collect()),
        Value::Object(fields) => Cbor::Map(fields.iter().map(|(key, value)| (Cbor::text(key), twin(value))).collect()),
    }
}

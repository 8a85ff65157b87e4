//! Rekor, version 1 and version 2: entries, promises, inclusion proofs.

use data_encoding::{BASE64, HEXLOWER};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::merkle::Tree;
use super::note::{Checkpoint, NoteSigner, key_id};
use crate::forge::hook::Hook;
use crate::forge::keys::{Hash, SigningKey};

/// The first log: entries carry the time at which they were taken in and a promise over it.
#[derive(Clone)]
pub struct RekorV1 {
    pub key: SigningKey,
    /// First part of the checkpoint's origin, and the name of its signer.
    pub name: String,
    pub tree_id: u64,
    /// What the index of an entry in all shards is ahead of that in its tree.
    pub offset: u64,
}

/// The second log: no times, no promises.
#[derive(Clone)]
pub struct RekorV2 {
    pub key: SigningKey,
    pub name: String,
}

impl RekorV1 {
    /// A log whose key follows from `label`.
    pub fn named(label: &str) -> Self {
        Self { key: SigningKey::p256(&format!("{label} rekor")), name: "rekor.sigstore.test".into(), tree_id: 1_234_567, offset: 4_000 }
    }

    /// An entry around `body`, taken in at `time` as the sixth of eleven.
    pub fn entry(&self, body: Value, time: Timestamp) -> Entry {
        Entry {
            log_id: self.key.id(),
            log_index: (self.offset + 5) as i64,
            integrated_time: Some(time.as_second()),
            ..Entry::new(&format!("{} - {}", self.name, self.tree_id), NoteSigner::log(&self.name, &self.key), body)
        }
        .promised_by(&self.key)
    }
}

impl RekorV2 {
    /// A log whose Ed25519 key follows from `label`.
    pub fn named(label: &str) -> Self {
        Self { key: SigningKey::ed25519(&format!("{label} rekor v2")), name: "log2026-1.rekor.sigstore.test".into() }
    }

    /// What `logId.keyId` holds.
    pub fn id(&self) -> Vec<u8> {
        key_id(&self.name, &self.key)
    }

    /// An entry around `body`, the sixth of eleven.
    pub fn entry(&self, body: Value) -> Entry {
        Entry { log_id: self.id(), log_index: 5, ..Entry::new(&self.name, NoteSigner::log(&self.name, &self.key), body) }
    }
}

/// An entry before the log signs it. What is changed here is what the log vouches for.
#[derive(Clone)]
pub struct Entry {
    pub log_id: Vec<u8>,
    pub log_index: i64,
    /// Seconds since 1970.
    pub integrated_time: Option<i64>,
    /// Written in canonical JSON.
    pub body: Value,
    /// Who promises inclusion.
    pub promise: Option<SigningKey>,
    /// Whether there is an inclusion proof.
    pub proof: bool,
    pub tree_index: u64,
    pub tree_size: u64,
    pub origin: String,
    pub signers: Vec<NoteSigner>,
    /// Changes the checkpoint before it is signed.
    pub edit_checkpoint: Hook<Checkpoint>,
}

impl Entry {
    fn new(origin: &str, signer: NoteSigner, body: Value) -> Self {
        Self {
            log_id: Vec::new(),
            log_index: 0,
            integrated_time: None,
            body,
            promise: None,
            proof: true,
            tree_index: 5,
            tree_size: 11,
            origin: origin.into(),
            signers: vec![signer],
            edit_checkpoint: Hook::default(),
        }
    }

    fn promised_by(mut self, key: &SigningKey) -> Self {
        self.promise = Some(key.clone());
        self
    }

    /// The only leaf of its tree.
    pub fn alone(&mut self) {
        (self.tree_index, self.tree_size) = (0, 1);
    }

    /// `kindVersion`, body and all that proves it, as a bundle's `tlogEntries` has it.
    pub fn to_json(&self) -> Value {
        let body = canonical(&self.body);
        let mut entry = json!({
            "logIndex": self.log_index.to_string(),
            "logId": {"keyId": BASE64.encode(&self.log_id)},
            "kindVersion": {"kind": self.body["kind"], "version": self.body["apiVersion"]},
        });
        if let Some(time) = self.integrated_time {
            entry["integratedTime"] = json!(time.to_string());
        }
        if let Some(key) = &self.promise {
            entry["inclusionPromise"] = json!({"signedEntryTimestamp": BASE64.encode(&self.set(key))});
        }
        if self.proof {
            entry["inclusionProof"] = self.inclusion_proof(&body);
        }
        entry["canonicalizedBody"] = json!(BASE64.encode(&body));
        entry
    }

    /// The signed entry timestamp.
    pub fn set(&self, key: &SigningKey) -> Vec<u8> {
        let promised = json!({
            "body": BASE64.encode(&canonical(&self.body)),
            "integratedTime": self.integrated_time.unwrap_or_default(),
            "logID": HEXLOWER.encode(&self.log_id),
            "logIndex": self.log_index,
        });
        key.sign(key.scheme(), &canonical(&promised))
    }

    fn inclusion_proof(&self, body: &[u8]) -> Value {
        let tree = Tree::around(body, self.tree_index, self.tree_size);
        let mut checkpoint = Checkpoint {
            origin: self.origin.clone(),
            size: self.tree_size,
            root: tree.root(),
            extension: Vec::new(),
            signers: self.signers.clone(),
        };
        self.edit_checkpoint.run(&mut checkpoint);
        let hashes: Vec<String> = tree.path(self.tree_index).iter().map(|hash| BASE64.encode(hash)).collect();
        json!({
            "logIndex": self.tree_index.to_string(),
            "rootHash": BASE64.encode(&tree.root()),
            "treeSize": self.tree_size.to_string(),
            "hashes": hashes,
            "checkpoint": {"envelope": checkpoint.sign()},
        })
    }
}

/// Body of `hashedrekord` 0.0.1. `verifier` is PEM: a certificate or a public key.
pub fn hashedrekord_v1(hash: Hash, digest: &[u8], signature: &[u8], verifier: &str) -> Value {
    json!({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
        "data": {"hash": {"algorithm": hash.name(), "value": HEXLOWER.encode(digest)}},
        "signature": {"content": BASE64.encode(signature), "publicKey": {"content": BASE64.encode(verifier.as_bytes())}},
    }})
}

/// Body of `dsse` 0.0.1. `envelope` is the JSON that was handed in.
pub fn dsse_v1(envelope: &[u8], payload: &[u8], signature: &[u8], verifier: &str) -> Value {
    json!({"apiVersion": "0.0.1", "kind": "dsse", "spec": {
        "envelopeHash": {"algorithm": "sha256", "value": Hash::Sha256.hex(envelope)},
        "payloadHash": {"algorithm": "sha256", "value": Hash::Sha256.hex(payload)},
        "signatures": [{"signature": BASE64.encode(signature), "verifier": BASE64.encode(verifier.as_bytes())}],
    }})
}

/// Body of `intoto` 0.0.2: the signature is in base64 twice.
pub fn intoto_v2(envelope: &[u8], payload_type: &str, payload: &[u8], signature: &[u8], verifier: &str) -> Value {
    let signature = BASE64.encode(BASE64.encode(signature).as_bytes());
    json!({"apiVersion": "0.0.2", "kind": "intoto", "spec": {"content": {
        "envelope": {
            "payloadType": payload_type,
            "signatures": [{"publicKey": BASE64.encode(verifier.as_bytes()), "sig": signature}],
        },
        "hash": {"algorithm": "sha256", "value": Hash::Sha256.hex(envelope)},
        "payloadHash": {"algorithm": "sha256", "value": Hash::Sha256.hex(payload)},
    }}})
}

/// Body of `hashedrekord` 0.0.2 (Rekor v2). `verifier` is [`certificate_verifier`] or [`key_verifier`].
pub fn hashedrekord_v2(hash: Hash, digest: &[u8], signature: &[u8], verifier: Value) -> Value {
    json!({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": {
        "data": {"algorithm": hash.sigstore(), "digest": BASE64.encode(digest)},
        "signature": {"content": BASE64.encode(signature), "verifier": verifier},
    }}})
}

/// Body of `dsse` 0.0.2 (Rekor v2).
pub fn dsse_v2(payload: &[u8], signature: &[u8], verifier: Value) -> Value {
    json!({"apiVersion": "0.0.2", "kind": "dsse", "spec": {"dsseV002": {
        "payloadHash": {"algorithm": "SHA2_256", "digest": BASE64.encode(&Hash::Sha256.of(payload))},
        "signatures": [{"content": BASE64.encode(signature), "verifier": verifier}],
    }}})
}

/// The verifier of a Rekor v2 entry: a certificate.
pub fn certificate_verifier(key: &SigningKey, certificate: &[u8]) -> Value {
    json!({"keyDetails": key.details(), "x509Certificate": {"rawBytes": BASE64.encode(certificate)}})
}

/// The verifier of a Rekor v2 entry: a public key.
pub fn key_verifier(key: &SigningKey) -> Value {
    json!({"keyDetails": key.details(), "publicKey": {"rawBytes": BASE64.encode(&key.spki())}})
}

/// Canonical JSON (RFC 8785) of a value without fractions: keys sorted, no space.
pub fn canonical(value: &Value) -> Vec<u8> {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let mut fields: Vec<_> = fields.iter().collect();
                fields.sort_by(|left, right| left.0.encode_utf16().cmp(right.0.encode_utf16()));
                Value::Object(fields.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect::<Map<_, _>>())
            }
            Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
            other => other.clone(),
        }
    }
    sorted(value).to_string().into_bytes()
}

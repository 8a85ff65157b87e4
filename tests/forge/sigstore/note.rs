//! Signed notes: the checkpoints of logs (C2SP `signed-note` and `tlog-checkpoint`).

use data_encoding::BASE64;

use crate::forge::keys::{Hash, SigningKey};

/// A checkpoint before it is signed.
#[derive(Clone)]
pub struct Checkpoint {
    pub origin: String,
    pub size: u64,
    pub root: Vec<u8>,
    /// More lines behind the root hash.
    pub extension: Vec<String>,
    pub signers: Vec<NoteSigner>,
}

/// Who signs a note.
#[derive(Clone)]
pub struct NoteSigner {
    pub name: String,
    pub key: SigningKey,
    /// The four octets before the signature.
    pub hint: Vec<u8>,
    /// What stands before the signature but is signed by nobody else: a cosignature's timestamp. Empty for logs.
    pub prefix: Vec<u8>,
}

impl NoteSigner {
    /// A log's signature, with the hint that its kind of key has.
    pub fn log(name: &str, key: &SigningKey) -> Self {
        Self { name: name.into(), key: key.clone(), hint: key_id(name, key)[..4].to_vec(), prefix: Vec::new() }
    }
}

impl Checkpoint {
    /// The lines that are signed.
    pub fn body(&self) -> String {
        let mut body = format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(&self.root));
        for line in &self.extension {
            body.push_str(line);
            body.push('\n');
        }
        body
    }

    /// The signed note.
    pub fn sign(&self) -> String {
        let body = self.body();
        let mut note = format!("{body}\n");
        for signer in &self.signers {
            let signature = signer.key.sign(signer.key.scheme(), body.as_bytes());
            let line = BASE64.encode(&[&signer.hint[..], &signer.prefix, &signature].concat());
            note.push_str(&format!("\u{2014} {} {line}\n", signer.name));
        }
        note
    }
}

/// The key's identifier: of an Ed25519 key over its name too, of an ECDSA key SHA-256 of its SubjectPublicKeyInfo, as Rekor has it.
pub fn key_id(name: &str, key: &SigningKey) -> Vec<u8> {
    match key {
        SigningKey::Ed25519(_) => {
            let spki = key.spki();
            Hash::Sha256.of(&[name.as_bytes(), b"\n\x01", &spki[spki.len() - 32..]].concat())
        }
        _ => key.id(),
    }
}

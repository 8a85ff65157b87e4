//! One attachment, read: what was signed, by what, and what vouches for it, whatever form it was found in.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use sigstore_types::bundle::{CertificateContent, X509Certificate};
use sigstore_types::{
    Bundle, DerCertificate, DigestBytes, DsseEnvelope, DsseSignature, KeyId, KindVersion, MediaType, MessageDigest, MessageSignature,
    PayloadBytes, PublicKeyIdentifier, Rfc3161Timestamp, SignatureBytes, SignatureContent, TimestampToken, TimestampVerificationData,
    TransparencyLogEntry, VerificationMaterial, VerificationMaterialContent,
};

use super::SignatureForm;
use super::key::Hash;
use crate::signature::Rejection;

/// Log entries of one signature (sigstore-go: 32).
pub(super) const MAX_ENTRIES: usize = 32;
/// Time stamps of one signature (sigstore-go: 32).
pub(super) const MAX_TIMESTAMPS: usize = 32;
/// Certificates of one signature, the signer's among them.
pub(super) const MAX_CERTIFICATES: usize = 8;
/// Bytes of one attachment as it was found. Attestations hold whole SBOMs.
pub(super) const MAX_BYTES: usize = 16 << 20;

/// One attachment.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub form: SignatureForm,
    /// For people: `Sigstore bundle v0.3`.
    pub kind: String,
    pub version: MediaType,
    pub material: Material,
    pub content: Content,
    pub entries: Vec<TransparencyLogEntry>,
    /// RFC 3161, DER.
    pub timestamps: Vec<Vec<u8>>,
}

/// What the signature is to be verified with.
#[derive(Debug, Clone)]
pub(super) enum Material {
    /// The signer's certificate and those above it, DER. None of them is trusted.
    Certificate { leaf: Vec<u8>, above: Vec<Vec<u8>> },
    /// A key that the verifier must know; what is said of it here is a hint, as text.
    Key { hint: String },
}

/// What was signed.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// The artifact.
    Artifact {
        signature: Vec<u8>,
        /// What the bundle says that the artifact's digest is.
        claimed: Option<(Hash, Vec<u8>)>,
    },
    /// cosign's simple signing payload.
    Payload { signature: Vec<u8>, payload: Arc<[u8]> },
    /// A DSSE envelope.
    Envelope { signature: Vec<u8>, payload_type: String, payload: Vec<u8> },
}

impl Reading {
    /// The signature value.
    pub fn signature(&self) -> &[u8] {
        match &self.content {
            Content::Artifact { signature, .. } | Content::Payload { signature, .. } | Content::Envelope { signature, .. } => signature,
        }
    }

    /// The bundle that the crate is given. `signed` is the hash that the key was found to have signed, and that digest of the message.
    pub fn to_bundle(&self, signed: Option<(Hash, Vec<u8>)>) -> Bundle {
        let material = match &self.material {
            Material::Key { hint } => VerificationMaterialContent::PublicKey(PublicKeyIdentifier::new(hint.clone())),
            Material::Certificate { leaf, .. } if self.version == MediaType::Bundle0_3 => {
                VerificationMaterialContent::Certificate(CertificateContent::new(DerCertificate::new(leaf.clone())))
            }
            Material::Certificate { leaf, above } => VerificationMaterialContent::X509CertificateChain {
                certificates: std::iter::once(leaf)
                    .chain(above)
                    .map(|der| X509Certificate::new(DerCertificate::new(der.clone())))
                    .collect(),
            },
        };
        let stamps = self.timestamps.iter().map(|der| Rfc3161Timestamp::new(TimestampToken::new(der.clone()))).collect();
        let material = VerificationMaterial::new(material)
            .with_tlog_entries(self.entries.clone())
            .with_timestamp_verification_data(TimestampVerificationData::new(stamps));
        let content = match &self.content {
            Content::Artifact { signature, .. } | Content::Payload { signature, .. } => {
                let message = MessageSignature::new(SignatureBytes::new(signature.clone()));
                SignatureContent::MessageSignature(match signed {
                    Some((hash, digest)) => message.with_message_digest(MessageDigest::new(hash.sigstore(), DigestBytes::new(digest))),
                    None => message,
                })
            }
            Content::Envelope { signature, payload_type, payload } => SignatureContent::DsseEnvelope(DsseEnvelope::new(
                payload_type.clone(),
                PayloadBytes::new(payload.clone()),
                DsseSignature::new(SignatureBytes::new(signature.clone()), KeyId::default()),
            )),
        };
        Bundle::new(self.version, material, content)
    }

    /// Every entry must be vouched for on its own, and in the way that the version asks for: the crate takes one with neither proof nor
    /// promise along, and of version 0.1, which asks for least, one that was rewritten to it.
    pub fn check_entries(&self) -> Result<(), Rejection> {
        let unfit = |detail: &str| Rejection::Version { claimed: self.version.to_string(), detail: detail.into() };
        for entry in &self.entries {
            if entry.inclusion_promise.is_none() && entry.inclusion_proof.is_none() {
                let log = HEXLOWER.encode(entry.log_id.key_id.as_bytes());
                return Err(Rejection::LogProof { detail: format!("an entry of the log {log} has neither proof nor promise") });
            }
            if self.version != MediaType::Bundle0_1 {
                if entry.inclusion_proof.is_none() {
                    return Err(unfit("a log entry without a proof of inclusion"));
                }
            } else if entry.kind_version == KindVersion::HashedRekordV002 {
                return Err(unfit("an entry of Rekor v2, which is newer than version 0.1"));
            } else if entry.inclusion_promise.is_none() {
                return Err(unfit("a log entry without a promise"));
            }
        }
        Ok(())
    }
}

/// Base64 as protobuf's JSON has it: standard or URL alphabet, padded or not, line breaks ignored as Go's reader does.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
    let plain: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bare = plain.trim_end_matches('=');
    // Padding, where there is some, must be as long as it should be.
    if plain.len() != bare.len() && !plain.len().is_multiple_of(4) {
        return None;
    }
    BASE64_NOPAD.decode(bare.as_bytes()).or_else(|_| BASE64URL_NOPAD.decode(bare.as_bytes())).ok()
}

/// A rejection of one part that cannot be read.
pub(super) fn malformed(part: impl Into<String>, detail: impl Into<String>) -> Rejection {
    Rejection::Malformed { part: part.into(), detail: detail.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_other_writers_is_read_and_damaged_base64_is_not() {
        for good in ["aGk_", "aGk/", "aG\nk/", "aA==", "aA"] {
            assert!(base64(good).is_some(), "{good}");
        }
        for bad in ["aA=", "aA===", "a", "aGk ", "aG=k", "aB==", "aGk/ä"] {
            assert!(base64(bad).is_none(), "{bad}");
        }
    }
}

//! Notary Project signatures: JWS and COSE envelopes over OCI descriptors and blobs (github.com/notaryproject/specifications, version 1.1).
//!
//! What an envelope says is judged against the artifact that it stands beside. Facts that the trust policy judges at its level (times,
//! expiry, identity, revocation) are in the result; all else must hold at every level.
//!
//! 1.  The envelope can be read in one way: flattened JWS with four members and no name twice, or tagged COSE_Sign1 with definite, shortest
//!     lengths and no label twice. At most 4 MiB.
//! 2.  The content type is that of the payload.
//! 3.  There is a signing scheme with the time that it has, and no other; an expiry lies after it.
//! 4.  `crit` lists scheme, authentic signing time, expiry and plugin where they are there, and only headers that are there and understood.
//! 5.  The certificates can be read.
//! 6.  The algorithm in the header is the one that the signer's key calls for.
//! 7.  The key made the signature over signed headers and payload.
//! 8.  The payload is one `targetArtifact` with media type, digest and size.
//! 9.  These are the artifact's. For a blob: digest and size, the digest by the hash of the signer's key.
//! 10. The certificates are one complete chain in order, signer first, self-signed root last, without SHA-1; or one self-signed signer.
//! 11. The signer's certificate is for digital signatures alone and no CA; the others are CAs that may issue what stands below them.
//! 12. No verification plugin is demanded, or it is AWS Signer's and its checks hold. Another plugin makes the signature inconclusive.
//! 13. A certificate of the chain stands, byte by byte, in a trust store of the scheme's type.
//! 14. The chain's times are noted: whether it holds now (`notary.x509`) or at the authentic signing time (`notary.x509.signingAuthority`),
//!     and whether a time stamp holds under each trust store of type `tsa`. The policy judges them.
//!
//! Identities of trust policies are matched by [`TrustedIdentity`].

mod algorithm;
mod cbor;
mod certificates;
mod cose;
mod envelope;
mod gaps;
mod headers;
mod identity;
mod jws;
mod payload;
mod plugin;
mod published;
mod scheme;
mod steps;
mod stores;
mod times;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::arn::SigningProfileArn;

pub(in crate::signature) use certificates::check_timestamp_authority;
pub use identity::TrustedIdentity;
pub use scheme::{DOES_NOT_BIND, Notary, PLATFORM_ID};

/// The scheme's name.
pub const NAME: &str = "notary";

/// Who signed, and the facts that a policy judges at its level (specs/trust-store-trust-policy.md, "Signature verification details").
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signer {
    /// The signing scheme.
    pub signing_scheme: SigningScheme,
    /// Attributes of the leaf's subject, in the order of the certificate: short name in capitals (`CN`, `O`, `ST`) or dotted OID, value.
    pub subject: Vec<(String, String)>,
    /// SHA-256 of the leaf's SubjectPublicKeyInfo, DER, lower-case hexadecimal.
    pub spki_sha256: String,
    /// When the chain holds.
    pub chain_time: ChainTime,
    /// What AWS Signer's plugin would check, where the envelope names that plugin.
    pub aws_signer: Option<AwsSigner>,
    /// User metadata: annotations of `targetArtifact`, signed.
    pub annotations: BTreeMap<String, String>,
}

/// `io.cncf.notary.signingScheme`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum SigningScheme {
    /// `notary.x509`: trust stores of type `ca`, and `tsa` for time stamps.
    #[serde(rename = "notary.x509")]
    X509,
    /// `notary.x509.signingAuthority`: trust stores of type `signingAuthority`.
    #[serde(rename = "notary.x509.signingAuthority")]
    SigningAuthority,
}

/// When the chain holds: what the aspect `authentic_timestamp` is judged by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainTime {
    /// Why the chain does not hold at the time that vouches for it without a time stamp: `now` under `notary.x509`,
    /// `authenticSigningTime` under the other scheme. `None` where it holds.
    pub fault: Option<String>,
    /// True where some certificate of the chain has expired by `now`.
    pub expired: bool,
    /// The time stamp, where there is one.
    pub timestamp: Option<Timestamping>,
}

/// A time stamp (RFC 3161) of the signature, judged under each trust store of type `tsa`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Timestamping {
    /// By trust store, `tsa:NAME`: the span in which it was made, or why it does not hold there (also where a certificate of the
    /// signer's chain was not valid in all of that span). Empty where no such store is named.
    pub under: BTreeMap<String, Result<Span, String>>,
}

/// genTime with its accuracy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// genTime less the accuracy.
    pub earliest: Timestamp,
    /// genTime with the accuracy.
    pub latest: Timestamp,
}

/// Signed attributes of AWS Signer (`com.amazonaws.signer.notation.plugin`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AwsSigner {
    /// `com.amazonaws.signer.signingProfileVersion`.
    pub profile_version: SigningProfileArn,
    /// `com.amazonaws.signer.signingJob`.
    pub job_arn: String,
}

impl Signer {
    /// Two signatures with one such key are by one signer: one profile of AWS Signer, whatever its version, else one subject.
    pub fn signer_key(&self) -> String {
        match &self.aws_signer {
            Some(by) => SigningProfileArn { version: None, ..by.profile_version.clone() }.to_string(),
            None => format!("notary {}", self.subject_text()),
        }
    }

    /// One line for people.
    pub fn describe(&self) -> String {
        match &self.aws_signer {
            Some(by) => by.profile_version.to_string(),
            None => self.subject_text(),
        }
    }

    /// The subject of the signer's certificate in one line: `CN=…, O=…`. Untrusted: print through `printable`.
    pub fn subject_text(&self) -> String {
        let parts: Vec<String> = self.subject.iter().map(|(name, value)| format!("{name}={value}")).collect();
        parts.join(", ")
    }
}

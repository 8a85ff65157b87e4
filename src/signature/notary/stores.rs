//! Trust (specs/trust-store-trust-policy.md, "Trust Store"): a certificate of the chain is, byte by byte, one of a store of the scheme's type.

use super::SigningScheme;
use crate::signature::x509::Certificate;
use crate::signature::{Rejection, TrustAnchors};

impl SigningScheme {
    /// How names of trust stores of its type begin. Types are never mixed.
    pub(super) fn store_prefix(self) -> &'static str {
        match self {
            Self::X509 => "ca:",
            Self::SigningAuthority => "signingAuthority:",
        }
    }
}

/// Names of all stores that hold a certificate of the chain. Never empty.
pub(super) fn trusting(chain: &[Certificate], scheme: SigningScheme, trust: &TrustAnchors) -> Result<Vec<String>, Rejection> {
    let stores = || trust.trust_stores.iter().filter(|store| store.name.starts_with(scheme.store_prefix()));
    let holds = |der: &Vec<u8>| chain.iter().any(|certificate| certificate.der == *der);
    let names: Vec<String> = stores().filter(|store| store.certificates.iter().any(holds)).map(|store| store.name.clone()).collect();
    if !names.is_empty() {
        return Ok(names);
    }
    let root = chain.last();
    Err(Rejection::UntrustedRoot {
        root: root.map(|root| root.subject_text.clone()).unwrap_or_default(),
        fingerprint: root.map(Certificate::fingerprint).unwrap_or_default(),
        anchors: stores().map(|store| store.name.clone()).collect(),
    })
}

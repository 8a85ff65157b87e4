//! Steps 3 and 5: whose signature it says to be, and whose it is.

use std::collections::BTreeMap;

use super::certificate::Certificate;
use super::key::{PublicKey, Way};
use super::reading::{Material, Reading, malformed};
use super::{Claim, claims};
use crate::signature::{Presented, PublicKeyAnchor, Rejection};

/// Whose signature it says to be.
pub(super) enum Party {
    Certificate(Box<Holder>),
    Key { hint: String },
}

/// The holder of a certificate.
pub(super) struct Holder {
    pub leaf: Certificate,
    pub above: Vec<Certificate>,
    pub issuer: String,
    pub identity: String,
    pub claims: BTreeMap<&'static str, Claim>,
}

/// A signature value that its key made.
pub(super) struct Made<'c> {
    pub way: Way,
    pub key: PublicKey,
    /// The key that the policy names, where it is one.
    pub named: Option<&'c PublicKeyAnchor>,
}

pub(super) fn party(reading: &Reading, presented: &mut Presented) -> Result<(String, Party), Rejection> {
    let (leaf, above) = match &reading.material {
        Material::Key { hint } => {
            presented.signer = Some(if hint.is_empty() { "a key".into() } else { format!("a key, hint {hint}") });
            return Ok(("a key".into(), Party::Key { hint: hint.clone() }));
        }
        Material::Certificate { leaf, above } => (leaf, above),
    };
    let leaf = Certificate::parse(leaf, "the signer's certificate")?;
    let parsed = (1..).zip(above).map(|(number, der)| Certificate::parse(der, &format!("certificate {number} above the signer's")));
    let above = parsed.collect::<Result<Vec<_>, _>>()?;
    presented.chain = std::iter::once(&leaf).chain(&above).map(Certificate::describe).collect();
    // bundle format, "x509_certificate_chain": a root is never part of it, or it would be taken for one that is trusted.
    if let Some(root) = above.iter().find(|certificate| certificate.is_self_issued()) {
        return Err(malformed("the certificate chain", format!("it holds the root `{}`", root.subject_text)));
    }
    if leaf.is_ca() {
        return Err(malformed("the signer's certificate", "it is that of a CA"));
    }
    let identity = leaf.identity()?;
    let issuer = claims::issuer(&leaf)?;
    let claims = claims::read(&leaf);
    let line = format!("{identity} (issuer {issuer})");
    presented.signer = Some(line.clone());
    Ok((line, Party::Certificate(Box::new(Holder { leaf, above, issuer, identity, claims }))))
}

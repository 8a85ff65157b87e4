//! What certificates must be (specs/signature-specification.md, "Certificate Requirements"), for signers and for time stamp authorities.
//!
//! Only basicConstraints, keyUsage and extendedKeyUsage are honoured: the specification says that all other extensions are not evaluated, so
//! also critical ones. Trust rests on the equality of certificates with those of a trust store, not on what extensions say.

use der::oid::ObjectIdentifier;

use super::algorithm;
use crate::signature::Rejection;
use crate::signature::x509::{ANY_PURPOSE, Certificate, KeyKind};

const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
const EMAIL_PROTECTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");

/// Purposes that a signer's certificate must not have. The specification bars the first five; notation-core-go also bars OCSPSigning, and does
/// not bar anyExtendedKeyUsage.
const BARRED: &[(ObjectIdentifier, &str)] = &[
    (ANY_PURPOSE, "anyExtendedKeyUsage"),
    (SERVER_AUTH, "serverAuth"),
    (CLIENT_AUTH, "clientAuth"),
    (EMAIL_PROTECTION, "emailProtection"),
    (TIME_STAMPING, "timeStamping"),
    (OCSP_SIGNING, "OCSPSigning"),
];

/// The chain is in order and complete: each certificate is issued by the next, the last by itself, and none before it is self-signed. A chain
/// of one is a self-signed signer.
pub(super) fn check_order(chain: &[Certificate]) -> Result<(), Rejection> {
    let Some(root) = chain.last() else { return Err(Rejection::ChainIncomplete { detail: "it is empty".into() }) };
    for (certificate, issuer) in chain.iter().zip(chain.iter().skip(1)) {
        if certificate.is_self_signed() {
            return Err(incomplete(format!("`{}` is self-signed, but not the last", certificate.subject_text)));
        }
        if certificate.issuer != issuer.subject {
            return Err(incomplete(format!("`{}` is not issued by `{}`, which follows it", certificate.subject_text, issuer.subject_text)));
        }
        check_algorithm(certificate)?;
        if !certificate.is_signed_by(issuer) {
            return Err(incomplete(format!("`{}` is not signed by the key of `{}`", certificate.subject_text, issuer.subject_text)));
        }
    }
    check_algorithm(root)?;
    if root.is_self_signed() { Ok(()) } else { Err(incomplete(format!("it ends at `{}`, which is not self-signed", root.subject_text))) }
}

/// What the certificates of a signer may be used for.
pub(super) fn check_signer(chain: &[Certificate]) -> Result<(), Rejection> {
    check_uses(chain, signer_fault)
}

/// What the certificates of a time stamp authority may be used for (also RFC 3161 section 2.3).
pub(in crate::signature) fn check_timestamp_authority(chain: &[Certificate]) -> Result<(), Rejection> {
    check_uses(chain, timestamp_fault)?;
    // RFC 5280 section 4.2.1.12, as notation has it for authorities: a CA with purposes passes on no others.
    let other = |ca: &&Certificate| {
        let purposes = ca.extensions.purposes.as_deref();
        purposes.is_some_and(|purposes| !purposes.contains(&TIME_STAMPING) && !purposes.contains(&ANY_PURPOSE))
    };
    match chain.iter().skip(1).find(other) {
        Some(ca) => Err(Rejection::CertificateRule {
            certificate: ca.subject_text.clone(),
            rule: "is a CA for other purposes than time stamps".into(),
        }),
        None => Ok(()),
    }
}

fn check_uses(chain: &[Certificate], leaf_fault: fn(&Certificate) -> Option<String>) -> Result<(), Rejection> {
    for (at, certificate) in chain.iter().enumerate() {
        let fault = match at.checked_sub(1) {
            None => leaf_key_fault(certificate).or_else(|| leaf_fault(certificate)),
            Some(below) => ca_fault(certificate, below).map(str::to_owned),
        };
        if let Some(rule) = fault {
            return Err(Rejection::CertificateRule { certificate: certificate.subject_text.clone(), rule });
        }
    }
    Ok(())
}

/// SHA-1 is barred by name; every other algorithm that is not known verifies nothing either.
fn check_algorithm(certificate: &Certificate) -> Result<(), Rejection> {
    if certificate.signature_algorithm.is_some() {
        return Ok(());
    }
    Err(Rejection::Algorithm {
        part: format!("the signature of `{}`", certificate.subject_text),
        expected: "RSA or ECDSA with SHA-256, SHA-384 or SHA-512".into(),
        presented: certificate.signature_oid.to_string(),
    })
}

fn leaf_key_fault(certificate: &Certificate) -> Option<String> {
    let extensions = &certificate.extensions;
    if algorithm::of_key(certificate.key.kind).is_none() {
        return Some(format!("has a key that the format does not have: {}", certificate.key.kind));
    }
    if extensions.basic_constraints.as_ref().is_some_and(|(_, constraints)| constraints.ca) {
        return Some("signs, but is a CA".into());
    }
    let Some(usage) = &extensions.key_usage else { return Some("has no keyUsage".into()) };
    if !extensions.key_usage_critical {
        return Some("has a keyUsage that is not critical".into());
    }
    if !usage.digital_signature() {
        return Some("lacks the keyUsage digitalSignature".into());
    }
    let barred = [
        (usage.key_encipherment(), "keyEncipherment"),
        (usage.data_encipherment(), "dataEncipherment"),
        (usage.key_agreement(), "keyAgreement"),
        (usage.key_cert_sign(), "keyCertSign"),
        (usage.crl_sign(), "cRLSign"),
        (usage.encipher_only(), "encipherOnly"),
        (usage.decipher_only(), "decipherOnly"),
    ];
    barred.into_iter().find(|(set, _)| *set).map(|(_, name)| format!("signs, but has the keyUsage {name}"))
}

fn signer_fault(certificate: &Certificate) -> Option<String> {
    let purposes = certificate.extensions.purposes.as_deref().unwrap_or_default();
    let barred = BARRED.iter().find(|(id, _)| purposes.contains(id));
    barred.map(|(_, name)| format!("signs, but has the extendedKeyUsage {name}"))
}

fn timestamp_fault(certificate: &Certificate) -> Option<String> {
    match certificate.extensions.purposes.as_deref() {
        Some([TIME_STAMPING]) if certificate.extensions.purposes_critical => None,
        Some([TIME_STAMPING]) => Some("has an extendedKeyUsage that is not critical".into()),
        _ => Some("makes time stamps, but its extendedKeyUsage is not timeStamping alone".into()),
    }
}

/// `below` is the number of CA certificates between this one and the leaf.
fn ca_fault(certificate: &Certificate, below: usize) -> Option<&'static str> {
    let extensions = &certificate.extensions;
    match &extensions.basic_constraints {
        None => return Some("issues certificates without basicConstraints"),
        Some((_, constraints)) if !constraints.ca => return Some("issues certificates, but is no CA"),
        Some((false, _)) => return Some("is a CA whose basicConstraints are not critical"),
        Some((true, constraints)) => {
            if constraints.path_len_constraint.is_some_and(|most| below > usize::from(most)) {
                return Some("stands above more CAs than its pathLenConstraint allows");
            }
        }
    }
    match &extensions.key_usage {
        None => return Some("issues certificates without keyUsage"),
        Some(_) if !extensions.key_usage_critical => return Some("is a CA whose keyUsage is not critical"),
        Some(usage) if !usage.key_cert_sign() => return Some("issues certificates without the keyUsage keyCertSign"),
        Some(_) => {}
    }
    match certificate.key.kind {
        KeyKind::Rsa { bits } if bits < 2048 => Some("has an RSA key of fewer than 2048 bits"),
        KeyKind::Rsa { .. } | KeyKind::P256 | KeyKind::P384 | KeyKind::P521 => None,
        KeyKind::Other(_) => Some("has a key of a kind that is not verified"),
    }
}

fn incomplete(detail: String) -> Rejection {
    Rejection::ChainIncomplete { detail }
}

//! Signatures of responders and revocation lists, as certificates have them.

use super::Unusable;
use crate::signature::asn1::{self, Values, tag};
use crate::signature::x509::{Certificate, Hash, KeyKind, SignatureAlgorithm};

/// Whether the key of `signer` signed `message`. `algorithm` is the content of an AlgorithmIdentifier. Only what a CA signs certificates
/// with today: no SHA-1, no RSA below 2048 bits, and no hash that is longer than the curve.
pub(super) fn check(signer: &Certificate, algorithm: &[u8], message: &[u8], signature: &[u8]) -> Result<(), Unusable> {
    let is_usual = |named: &SignatureAlgorithm| match (signer.key.kind, named) {
        (KeyKind::P256 | KeyKind::P384, SignatureAlgorithm::Ecdsa(hash)) => *hash != Hash::Sha512,
        (KeyKind::P521, SignatureAlgorithm::Ecdsa(_)) | (KeyKind::Rsa { .. }, SignatureAlgorithm::RsaPkcs1(_)) => true,
        (KeyKind::P256 | KeyKind::P384 | KeyKind::P521, SignatureAlgorithm::RsaPkcs1(_))
        | (KeyKind::Rsa { .. }, SignatureAlgorithm::Ecdsa(_))
        | (KeyKind::Other(_), _) => false,
    };
    let Some(named) = SignatureAlgorithm::read(algorithm).filter(is_usual) else {
        let id = Values::of(algorithm).expect(tag::OID).and_then(asn1::oid);
        let id = id.map_or_else(|error| error.to_string(), |id| id.to_string());
        return Err(Unusable::Algorithm { presented: format!("{id} by {}", signer.key.kind) });
    };
    if signer.key.verifies(named, message, signature) { Ok(()) } else { Err(Unusable::BadSignature) }
}

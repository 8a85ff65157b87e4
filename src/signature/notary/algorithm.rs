//! Which algorithm a key calls for (specs/signature-specification.md, "Algorithm Selection"): the key decides, never the header.

use crate::signature::Rejection;
use crate::signature::x509::{Hash, KeyKind};

/// Name and hash of the one algorithm that a key of this kind signs with; `None` for kinds that the format does not have.
pub(super) fn of_key(kind: KeyKind) -> Option<(&'static str, Hash)> {
    match kind {
        KeyKind::Rsa { bits: 2048 } => Some(("PS256", Hash::Sha256)),
        KeyKind::Rsa { bits: 3072 } => Some(("PS384", Hash::Sha384)),
        KeyKind::Rsa { bits: 4096 } => Some(("PS512", Hash::Sha512)),
        KeyKind::P256 => Some(("ES256", Hash::Sha256)),
        KeyKind::P384 => Some(("ES384", Hash::Sha384)),
        KeyKind::P521 => Some(("ES512", Hash::Sha512)),
        KeyKind::Rsa { .. } | KeyKind::Other(_) => None,
    }
}

/// The header names the algorithm that the key calls for.
pub(super) fn check(header: &str, kind: KeyKind) -> Result<Hash, Rejection> {
    let Some((expected, hash)) = of_key(kind) else {
        return Err(Rejection::Algorithm {
            part: "the signer's key".into(),
            expected: "RSA with 2048, 3072 or 4096 bits, P-256, P-384 or P-521".into(),
            presented: kind.to_string(),
        });
    };
    if header != expected {
        return Err(Rejection::AlgorithmOfOtherKey { key: kind.to_string(), expected: expected.into(), presented: header.into() });
    }
    Ok(hash)
}

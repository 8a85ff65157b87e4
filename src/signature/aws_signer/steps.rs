//! The steps in words, for `inspect --explain-signature`.

/// Title and expectation of each step, in the order and numbering of the module's documentation.
pub(super) const STEPS: &[(&str, &str)] = &[
    ("one signature file", "exactly one entry META_INF/aws_signer_signature_v1.0.SF, and none that looks like it"),
    ("its place", "the last entry"),
    ("one reading of the archive", "no anomaly that lets two readers see different content; every entry read"),
    ("PEM", "one block PKCS7, at most 256 KiB"),
    ("CMS ContentInfo", "SignedData; BER in the wrappers only; nothing after it"),
    ("SignedData", "version 1, SHA-384, id-data detached, certificates, one signer"),
    ("SignerInfo", "version 1, issuer and serial number, SHA-384, ecdsa-with-SHA384, no unsigned attributes"),
    ("signed attributes", "a DER SET OF, each once, one value each; contentType id-data; algorithm protection agrees"),
    ("signer's identity", "a signing profile version ARN and a signing job ARN"),
    ("times", "signing time and expiry as GeneralizedTime, expiry later"),
    ("content digest", "messageDigest = SHA-384 of SHA-384 over names and bodies of all other entries"),
    ("chain", "one line of certificates from the signer to a root, and no other certificate"),
    ("signature value", "ECDSA P-384 with SHA-384 by the signer's key over the signed attributes"),
    ("certificate signatures", "each certificate signed by the next, the root by itself"),
    ("certificate constraints", "the signer: no CA, digitalSignature, codeSigning; the others: CA, keyCertSign, pathLenConstraint kept"),
    ("validity", "signing time not after now; every certificate valid at the signing time"),
    ("root", "byte for byte a trust anchor"),
    ("account", "a pinned anchor vouches for the account of the signing profile"),
];

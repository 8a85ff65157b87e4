//! The steps in words, for `inspect --explain-signature`.

/// Title and expectation of each step, in the order and numbering of the module's documentation.
pub(super) const STEPS: &[(&str, &str)] = &[
    ("envelope", "one reading, at most 4 MiB: flattened JWS of payload, protected, header, signature; or COSE_Sign1, tagged"),
    ("content type", "application/vnd.cncf.notary.payload.v1+json"),
    ("signing scheme and times", "notary.x509 with a signing time, or notary.x509.signingAuthority with an authentic one; expiry later"),
    ("critical headers", "each once, present and understood; scheme, authentic signing time, expiry and plugin among them"),
    ("certificates", "one to eight, X.509 version 3"),
    ("algorithm", "the one that the signer's key calls for"),
    ("signature value", "RSASSA-PSS or ECDSA r || s by the signer's key over signed headers and payload"),
    ("payload", "targetArtifact alone, with media type, digest and size"),
    ("target", "the artifact that it stands beside"),
    ("chain", "signer to root in order, each signed by the next, the root by itself, and no other certificate; no SHA-1"),
    (
        "certificate uses",
        "the signer: no CA, digitalSignature alone, no foreign purpose; the others: CA, keyCertSign, pathLenConstraint kept",
    ),
    ("plugin", "none, or AWS Signer's, whose checks are built in"),
    ("trust store", "a certificate of the chain stands in a trust store of the scheme's type"),
    ("times of the chain", "valid now or at the authentic signing time, or a time stamp; the policy judges this"),
];

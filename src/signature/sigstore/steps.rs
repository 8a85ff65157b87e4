//! The steps of the module's documentation, for people.

/// Title and expectation of each step, in the order and numbering of the module's documentation.
pub(super) const STEPS: &[(&str, &str)] = &[
    ("form", "one of the forms that are known, within the limits on bytes, entries, time stamps and certificates"),
    ("log entries", "each with what its version asks for: a proof of inclusion; in version 0.1 and cosign's older forms a promise"),
    ("signer", "a certificate with one identity and an OIDC issuer, and no root behind it; or a key that the policy names"),
    ("content", "about the target: its digest, a statement with it as subject, or a simple signing payload that names it"),
    ("signature value", "made by the signer's key over the content"),
    ("trusted root", "a certificate authority of a named root issued the certificate; a log of it holds the entries"),
    ("evidence", "SCT, promises, proofs, checkpoints and time stamps hold under the root, and are about this signature"),
    ("times", "at least one that a log or an authority states; none after now"),
    ("validity", "certificate, every CA above it, log keys and time stamp authorities valid at each of the times"),
];

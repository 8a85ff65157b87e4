//! One mutant per field: for each kind of envelope a good one that the verifier takes, and beside it every mutant that flips, drops or swaps
//! one of its fields, or replays the whole for another artifact. Each is refused, or its field is listed as one that the specification leaves
//! unsigned, with the section that does, and then the whole verdict is the good one's, or lacks what the list says and nothing else, or is
//! that of another good signature that was swapped in whole. Nothing is sampled; `sweep` says what a sweep fails for.
//!
//! Swapped in are the fields of an envelope for another artifact, and those of a twin: one for the same artifact by another signer, later,
//! with another expiry and other metadata.
//!
//! | kind | mutants | refused | unsigned |
//! |---|---|---|---|
//! | Notary JWS, `notary.x509`, P-256, time stamp | 900 | 420 | 480 |
//! | Notary JWS, signing authority | 415 | 409 | 6 |
//! | Notary JWS, AWS Signer | 599 | 593 | 6 |
//! | Notary COSE, `notary.x509`, RSA, time stamp | 904 | 424 | 480 |
//! | Notary COSE, signing authority | 415 | 409 | 6 |
//! | Notary COSE, AWS Signer | 599 | 593 | 6 |
//! | RFC 3161 token of a Notary envelope | 543 | 471 | 72 |
//! | AWS Signer's CMS in a zip | 429 | 426 | 3 |
//! | OCSP by the issuer: good, revoked | 178 | 178 | 0 |
//! | OCSP by a delegate | 186 | 186 | 0 |
//! | CRL: not on it, on it | 202 | 202 | 0 |
//! | Sigstore v0.3, keyless, Rekor v1 | 420 | 416 | 4 |
//! | Sigstore v0.3, keyless, Rekor v2 and time stamp | 913 | 846 | 67 |
//! | Sigstore v0.3, Rekor v1 and time stamp | 174 | 164 | 10 |
//! | Sigstore v0.2, keyless | 167 | 163 | 4 |
//! | Sigstore v0.1, keyless | 167 | 162 | 5 |
//! | Sigstore v0.3, managed key in a log | 147 | 134 | 13 |
//! | Sigstore DSSE, `dsse` in Rekor v1 | 234 | 231 | 3 |
//! | Sigstore DSSE, `intoto` in Rekor v1 | 242 | 239 | 3 |
//! | Sigstore DSSE, Rekor v2 and time stamp | 235 | 229 | 6 |
//! | cosign `.sig` layer | 93 | 88 | 5 |
//! | cosign `.sig` layer with a time stamp | 100 | 92 | 8 |
//! | cosign `.att` layer | 148 | 141 | 7 |
//!
//! Most of what a stamped Notary envelope has unsigned is inside of its time stamp: a mutant of it is no time stamp any more, and the
//! envelope is left with the signer's own word for the time, which is what the verdict says then.
//!
//! Trust material (trust stores, trusted roots, keys) is not mutated: it is what the others are judged by.

mod cosign_layers;
mod court;
mod notary;
mod notary_envelopes;
mod revocation;
mod signer_zip;
mod sigstore;
mod sigstore_attestations;
mod sigstore_bundles;
mod sweep;
mod timestamp;

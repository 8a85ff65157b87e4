//! The forge: makes signed zips, chains and hostile variants of them, byte for byte the same on every run.
//!
//! Keys are derived from their labels, serials and dates are fixed, and signatures use RFC 6979 nonces, so that equal input gives
//! equal bytes; `keys` says which of the newer kinds do not. The DER is written by hand here: the verifier's parser is never used to make what it is tested with.
//!
//! ```ignore
//! let entries = [Entry::file("handler.py", "print('hi')\n"), Entry::directory("lib/")];
//! let zip = forge::sign_zip(&entries, &SignerOptions::default());
//! let unsigned = forge::zip::write(&entries);
//! ```

// Each binary that includes the forge uses only a part of it.
#![allow(dead_code, unused_imports)]

pub mod ca;
pub mod cbor;
pub mod cms;
pub mod der;
pub mod hook;
pub mod keys;
pub mod mutate;
pub mod notary;
pub mod oci;
pub mod pki;
pub mod revocation;
pub mod signer;
pub mod sigstore;
pub mod tsa;
pub mod zip;

pub use ca::TestCa;
pub use keys::{Hash, Scheme, SigningKey};
pub use signer::{SignerOptions, sign_entries, sign_zip, signature_file};
pub use zip::Entry;

//! A Sigstore instance of our own: Fulcio, CT log, Rekor v1 and v2, timestamp authority, and the trusted root that names them.
//!
//! Every service is a struct with public fields; a bundle comes from a builder whose hooks run before the part that their name says is
//! signed, so that a forgery of one field is one line:
//!
//! ```ignore
//! let world = Sigstore::new();
//! let good = world.keyless(b"artifact").build();
//! let wrong_time = world.keyless(b"artifact").entry(|entry| entry.integrated_time += 3600).build();
//! let no_sct = world.keyless(b"artifact").leaf(|cert| cert.drop(oids::EMBEDDED_SCTS)).without_sct().build();
//! let root = world.trusted_root().to_json();
//! ```

mod assemble;
pub mod bundle;
pub mod ct;
pub mod fulcio;
pub mod intoto;
pub mod legacy;
pub mod merkle;
pub mod note;
pub mod rekor;
pub mod trusted_root;

use super::keys::SigningKey;
use super::tsa::Tsa;
use bundle::{BundleBuilder, Content};
use ct::CtLog;
use fulcio::Fulcio;
use intoto::Statement;
use rekor::{RekorV1, RekorV2};
use trusted_root::TrustedRoot;

/// When bundles are signed unless a test says otherwise.
pub const SIGNED_AT: &str = "2026-09-01T10:20:30Z";

/// All services of one instance.
#[derive(Clone)]
pub struct Sigstore {
    pub fulcio: Fulcio,
    pub ct: CtLog,
    pub rekor: RekorV1,
    pub rekor_v2: RekorV2,
    pub tsa: Tsa,
}

impl Sigstore {
    /// The instance that the tests trust.
    pub fn new() -> Self {
        Self::named("layerproof test")
    }

    /// Another instance of the same shape, which nobody trusts.
    pub fn foreign() -> Self {
        Self::named("layerproof foreign test")
    }

    /// An instance whose names and keys follow from `label`.
    pub fn named(label: &str) -> Self {
        Self {
            fulcio: Fulcio::named(label),
            ct: CtLog::named(label),
            rekor: RekorV1::named(label),
            rekor_v2: RekorV2::named(label),
            tsa: Tsa::named(label),
        }
    }

    /// A bundle over `artifact`, signed with a certificate of Fulcio.
    pub fn keyless(&self, artifact: &[u8]) -> BundleBuilder {
        BundleBuilder::new(self.clone(), Content::Blob(artifact.to_vec()))
    }

    /// A bundle over `artifact`, signed with a key that the verifier knows.
    pub fn keyed(&self, key: SigningKey, artifact: &[u8]) -> BundleBuilder {
        self.keyless(artifact).key(key)
    }

    /// A bundle with a DSSE envelope around `statement`, signed with a certificate of Fulcio.
    pub fn attest(&self, statement: &Statement) -> BundleBuilder {
        self.envelope(intoto::PAYLOAD_TYPE, &statement.bytes())
    }

    /// A bundle with a DSSE envelope around any payload, signed with a certificate of Fulcio.
    pub fn envelope(&self, payload_type: &str, payload: &[u8]) -> BundleBuilder {
        BundleBuilder::new(self.clone(), Content::Dsse { payload_type: payload_type.into(), payload: payload.to_vec() })
    }

    /// The trusted root that names every service. Edit its fields to forge.
    pub fn trusted_root(&self) -> TrustedRoot {
        TrustedRoot::of(self)
    }
}

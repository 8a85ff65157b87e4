//! Trusted roots (protobuf-specs, `sigstore_trustroot.proto`): those that ship, those that a user names, and both made ready to verify.

use std::sync::{Arc, LazyLock};

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use sigstore_crypto::VerificationKey;
use sigstore_trust_root::{SigstoreInstance, TrustedRoot};
use sigstore_types::{TimeRange, TsaAuthority};
use sigstore_verify::Verifier;

use super::certificate::Certificate;
use crate::model::digest::Digest;
use crate::model::printable::printable;
use crate::signature::trust::SigstoreRoot;

/// Name of the shipped root of Sigstore's public-good instance.
pub const PUBLIC_GOOD: &str = "sigstore-public-good";
/// Name of the shipped root of GitHub's own instance, which signs for private repositories.
pub const GITHUB: &str = "sigstore-github";

/// Bytes of a `trusted_root.json`. GitHub's has 32 thousand.
const MAX_BYTES: usize = 1 << 20;
/// Logs and authorities of one kind in one root.
const MAX_MEMBERS: usize = 256;
/// Certificates of one authority.
const MAX_CHAIN: usize = 8;

/// The roots that ship with layerproof. They count only where a statement names them.
///
/// They are the snapshots that the crate `sigstore-trust-root` 0.15.1 embeds. It does not say when it took them, so a root is dated by
/// what it holds: it cannot be older than the latest start of validity in it.
pub fn shipped() -> &'static [SigstoreRoot] {
    static SHIPPED: LazyLock<Vec<SigstoreRoot>> = LazyLock::new(|| {
        let instances = [(PUBLIC_GOOD, SigstoreInstance::PublicGood), (GITHUB, SigstoreInstance::GitHub)];
        // A damaged constant ships no root at all; a test holds that there are two.
        instances.into_iter().filter_map(|(name, instance)| ship(name, instance)).collect()
    });
    &SHIPPED
}

/// The root of Sigstore's public staging instance. It vouches for nothing but tests, so no policy can name it.
pub fn staging() -> Option<SigstoreRoot> {
    ship("sigstore-staging", SigstoreInstance::Staging)
}

fn ship(name: &str, instance: SigstoreInstance) -> Option<SigstoreRoot> {
    let root = load(name, instance.embedded_trusted_root_json().as_bytes()).ok()?;
    let trusted = TrustedRoot::from_json(&root.json).ok()?;
    let dated = windows(&trusted).map(|window| window.start).max();
    let age = dated.map_or_else(String::new, |at| format!(" Its latest key or authority counts from {}.", at.strftime("%Y-%m-%d")));
    let provenance = format!("Embedded in the crate sigstore-trust-root 0.15.1; what the instance has rotated in since is not known.{age}");
    Some(SigstoreRoot { provenance, dated, shipped: true, ..root })
}

impl SigstoreRoot {
    /// A `trusted_root.json` that a user names.
    ///
    /// # Errors
    /// [`RootError`], one variant per mistake: what a root has is believed, so nothing in it may be in doubt.
    pub fn parse(name: &str, json: &[u8]) -> Result<Self, RootError> {
        if shipped().iter().any(|root| root.name == name) {
            return Err(RootError::NameTaken { name: name.into() });
        }
        load(name, json)
    }

    /// True where it knows a transparency log.
    pub fn has_logs(&self) -> bool {
        Ready::of(&self.name, &self.json).is_ok_and(|ready| !ready.logs.is_empty())
    }
}

fn load(name: &str, json: &[u8]) -> Result<SigstoreRoot, RootError> {
    if json.len() > MAX_BYTES {
        return Err(RootError::TooLong { name: name.into() });
    }
    let unreadable = |detail: String| RootError::Unreadable { name: name.into(), detail };
    let text = std::str::from_utf8(json).map_err(|error| unreadable(error.to_string()))?;
    Ready::of(name, text)?;
    let root = SigstoreRoot {
        name: name.into(),
        json: text.into(),
        sha256: Digest::of(json).hex(),
        provenance: "Named by the user.".into(),
        dated: None,
        shipped: false,
    };
    Ok(root)
}

/// A root that verifies.
pub(super) struct Ready {
    pub name: String,
    pub verifier: Verifier,
    pub authorities: Vec<Authority>,
    pub logs: Vec<Log>,
    pub stampers: Vec<Stamper>,
    /// Whether it knows a CT log: then every certificate must have an SCT of one.
    pub has_ct: bool,
}

/// One certificate authority: its certificates, the issuing one first.
pub(super) struct Authority {
    pub certificates: Vec<Certificate>,
    pub window: Option<TimeRange>,
}

/// One time stamp authority.
pub(super) struct Stamper {
    /// Its certificate and those above it.
    pub certificates: Vec<Certificate>,
    pub authority: TsaAuthority,
}

/// One transparency log.
pub(super) struct Log {
    /// Log id, as entries name it.
    pub id: Vec<u8>,
    pub key: VerificationKey,
    pub window: Option<TimeRange>,
}

impl Log {
    /// Lower-case hexadecimal.
    pub fn name(&self) -> String {
        HEXLOWER.encode(&self.id)
    }
}

impl Ready {
    /// Everything that is asked of a root is asked here, of shipped ones too.
    pub fn of(name: &str, json: &str) -> Result<Self, RootError> {
        let fail = |detail: String| RootError::Unusable { name: name.into(), detail };
        let root = TrustedRoot::from_json(json).map_err(|error| RootError::Unreadable { name: name.into(), detail: error.to_string() })?;
        let members = [root.tlogs.len(), root.ctlogs.len(), root.certificate_authorities.len(), root.timestamp_authorities.len()];
        if members.iter().any(|count| *count > MAX_MEMBERS) {
            return Err(fail(format!("more than {MAX_MEMBERS} logs or authorities of one kind")));
        }
        if root.certificate_authorities.is_empty() && root.tlogs.is_empty() && root.timestamp_authorities.is_empty() {
            return Err(fail("it has neither a certificate authority nor a transparency log nor a time stamp authority".into()));
        }
        // What has no start of validity was valid for ever: a key that was rotated out would count again.
        let keys = root.tlogs.iter().map(|log| &log.public_key).chain(root.ctlogs.iter().map(|log| &log.public_key));
        let authorities = root.certificate_authorities.iter().map(|ca| ca.valid_for);
        let all = keys.map(|key| key.valid_for).chain(authorities).chain(root.timestamp_authorities.iter().map(|tsa| tsa.valid_for));
        if all.into_iter().any(|window| window.is_none()) {
            return Err(fail("a log or an authority has no validFor".into()));
        }
        // Duplicate log ids, windows that end before they start, keys and certificates that can't be read.
        let verifier = Verifier::new(&root).map_err(|error| fail(error.to_string()))?;
        let mut authorities = Vec::new();
        for ca in &root.certificate_authorities {
            if ca.cert_chain.certificates.len() > MAX_CHAIN {
                return Err(fail(format!("an authority with more than {MAX_CHAIN} certificates")));
            }
            let ders = ca.cert_chain.certificates.iter().map(|certificate| certificate.raw_bytes.as_bytes());
            let parsed = ders.map(|der| Certificate::parse(der, "a certificate of an authority"));
            let certificates = parsed.collect::<Result<Vec<_>, _>>().map_err(|rejection| fail(rejection.to_string()))?;
            if let Some(leaf) = certificates.iter().find(|certificate| !certificate.is_ca()) {
                return Err(fail(format!("`{}` stands as an authority and is no CA", leaf.subject_text)));
            }
            authorities.push(Authority { certificates, window: ca.valid_for });
        }
        let mut logs = Vec::new();
        for log in &root.tlogs {
            let key = VerificationKey::from_spki(&log.public_key.raw_bytes).map_err(|error| fail(error.to_string()))?;
            logs.push(Log { id: log.log_id.key_id.as_bytes().to_vec(), key, window: log.public_key.valid_for });
        }
        let mut stampers = Vec::new();
        for authority in root.tsa_authorities() {
            let ders = [&authority.leaf].into_iter().chain(&authority.intermediates).chain([&authority.root]);
            let parsed = ders.map(|der| Certificate::parse(der.as_bytes(), "a certificate of a time stamp authority"));
            let certificates = parsed.collect::<Result<Vec<_>, _>>().map_err(|rejection| fail(rejection.to_string()))?;
            stampers.push(Stamper { certificates, authority });
        }
        Ok(Self { name: name.into(), verifier, authorities, logs, stampers, has_ct: !root.ctlogs.is_empty() })
    }
}

fn windows(root: &TrustedRoot) -> impl Iterator<Item = TimeRange> {
    let keys = root.tlogs.iter().map(|log| log.public_key.valid_for).chain(root.ctlogs.iter().map(|log| log.public_key.valid_for));
    let authorities = root.certificate_authorities.iter().map(|ca| ca.valid_for);
    keys.chain(authorities).chain(root.timestamp_authorities.iter().map(|tsa| tsa.valid_for)).flatten()
}

/// A verifier that trusts nothing: for what the crate compares without trust.
pub(super) fn nobody() -> Option<Arc<Verifier>> {
    static NOBODY: LazyLock<Option<Arc<Verifier>>> = LazyLock::new(|| {
        let root = TrustedRoot::from_json(r#"{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#).ok()?;
        Some(Arc::new(Verifier::new(&root).ok()?))
    });
    NOBODY.clone()
}

/// Within the window, both ends included.
pub(super) fn covers(window: Option<TimeRange>, time: Timestamp) -> bool {
    window.is_none_or(|window| window.contains(time))
}

/// Why a trusted root can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootError {
    /// Too long.
    #[error("the trusted root `{}` is longer than {MAX_BYTES} bytes", printable(.name))]
    TooLong {
        /// Its name.
        name: String,
    },
    /// No `trusted_root.json`.
    #[error("the trusted root `{}` can't be read: {}", printable(.name), printable(.detail))]
    Unreadable {
        /// Its name.
        name: String,
        /// What is wrong.
        detail: String,
    },
    /// A `trusted_root.json` that nothing should be verified with.
    #[error("the trusted root `{}` can't be used: {}", printable(.name), printable(.detail))]
    Unusable {
        /// Its name.
        name: String,
        /// What is wrong.
        detail: String,
    },
    /// The name is that of a shipped root.
    #[error("the name `{}` is that of a trusted root that ships with layerproof", printable(.name))]
    NameTaken {
        /// Its name.
        name: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_roots_ship_with_their_age() {
        let names: Vec<&str> = shipped().iter().map(|root| root.name.as_str()).collect();
        assert_eq!(names, [PUBLIC_GOOD, GITHUB]);
        for root in shipped() {
            assert!(root.shipped && root.dated.is_some(), "{root:?}");
            assert!(root.provenance.contains("counts from 20"), "{}", root.provenance);
        }
        assert!(staging().is_some() && nobody().is_some());
    }

    #[test]
    fn a_root_can_not_take_the_name_of_a_shipped_one() {
        let json = shipped()[0].json.clone();
        assert_eq!(SigstoreRoot::parse(GITHUB, json.as_bytes()), Err(RootError::NameTaken { name: GITHUB.into() }));
        assert!(SigstoreRoot::parse("mine", json.as_bytes()).is_ok());
    }

    #[test]
    fn a_root_without_anything_or_too_long_is_refused() {
        let empty = br#"{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#;
        assert!(matches!(SigstoreRoot::parse("mine", empty), Err(RootError::Unusable { .. })));
        assert!(matches!(SigstoreRoot::parse("mine", b"{}"), Err(RootError::Unreadable { .. })));
        assert!(matches!(SigstoreRoot::parse("mine", &vec![b' '; MAX_BYTES + 1]), Err(RootError::TooLong { .. })));
    }
}

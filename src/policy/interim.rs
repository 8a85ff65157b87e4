//! Stands in for what the verifiers bring: trust material by name, and the identities of Notary.

use std::sync::{Arc, LazyLock};

use der::pem;

use crate::model::digest::Digest;
use crate::signature::Statement;
use crate::signature::sigstore::Signer;
use crate::signature::trust::{PublicKeyAnchor, SigstoreRoot, TrustStore};

/// Name of the public good instance's root.
pub const SIGSTORE_PUBLIC_GOOD: &str = "sigstore-public-good";
/// Name of GitHub's root.
pub const SIGSTORE_GITHUB: &str = "sigstore-github";

/// Names of claims.
pub const CLAIMS: &[&str] = &[
    "issuer",
    "github_workflow_trigger",
    "github_workflow_sha",
    "github_workflow_name",
    "github_workflow_repository",
    "github_workflow_ref",
    "build_signer_uri",
    "build_signer_digest",
    "runner_environment",
    "source_repository_uri",
    "source_repository_digest",
    "source_repository_ref",
    "source_repository_id",
    "source_repository_owner_uri",
    "source_repository_owner_id",
    "build_config_uri",
    "build_config_digest",
    "build_trigger",
    "run_invocation_uri",
    "source_repository_visibility",
    "deployment_environment",
    "token_subject",
];

/// Roots that ship.
pub fn shipped_sigstore_roots() -> &'static [SigstoreRoot] {
    static SHIPPED: LazyLock<Vec<SigstoreRoot>> = LazyLock::new(|| {
        [SIGSTORE_PUBLIC_GOOD, SIGSTORE_GITHUB]
            .iter()
            .map(|name| SigstoreRoot {
                name: (*name).into(),
                json: "{}".into(),
                sha256: Digest::of(b"{}").hex(),
                provenance: "interim".into(),
                dated: None,
                shipped: true,
            })
            .collect()
    });
    &SHIPPED
}

/// Trust stores that ship.
pub fn shipped_trust_stores() -> &'static [TrustStore] {
    static SHIPPED: LazyLock<Vec<TrustStore>> = LazyLock::new(|| {
        ["signingAuthority:aws-signer-ts", "signingAuthority:aws-us-gov-signer-ts"]
            .iter()
            .map(|name| TrustStore { name: (*name).into(), certificates: vec![Vec::new()], provenance: "interim".into(), shipped: true })
            .collect()
    });
    &SHIPPED
}

/// A trusted root.
pub fn sigstore_root(name: &str, bytes: &[u8]) -> Result<SigstoreRoot, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    sigstore_trust_root::TrustedRoot::from_json(text).map_err(|error| error.to_string())?;
    Ok(SigstoreRoot {
        name: name.into(),
        json: Arc::from(text),
        sha256: Digest::of(bytes).hex(),
        provenance: "Given by the user.".into(),
        dated: None,
        shipped: false,
    })
}

/// A public key.
pub fn public_key(name: &str, bytes: &[u8]) -> Result<PublicKeyAnchor, String> {
    let (label, spki) = pem::decode_vec(bytes).map_err(|error| error.to_string())?;
    if label != "PUBLIC KEY" {
        return Err(format!("its PEM label is `{label}`"));
    }
    Ok(PublicKeyAnchor { name: name.into(), sha256: Digest::of(&spki).hex(), spki })
}

/// A trust store.
pub fn trust_store(name: &str, files: &[(String, Vec<u8>)]) -> Result<TrustStore, String> {
    let certificates: Result<Vec<Vec<u8>>, String> = files
        .iter()
        .map(|(file, bytes)| {
            if !bytes.starts_with(b"-----BEGIN") {
                return Ok(bytes.clone());
            }
            pem::decode_vec(bytes).map(|(_, der)| der).map_err(|error| format!("`{file}`: {error}"))
        })
        .collect();
    Ok(TrustStore { name: name.into(), certificates: certificates?, provenance: "Given by the user.".into(), shipped: false })
}

/// Whether a provenance says otherwise than the certificate of who signed it.
pub fn contradicts(_: &Signer, _: &Statement) -> Option<String> {
    None
}

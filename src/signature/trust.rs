//! Trust anchors: always named, always by fingerprint.

mod store;

use std::sync::{Arc, LazyLock};

use der::pem;
use jiff::Timestamp;
use serde::Serialize;

use super::x509::Certificate;
use crate::model::arn::is_account;
use crate::model::digest::{ClaimedDigest, Digest};
use crate::model::printable::printable;

pub use super::sigstore::{KeyError, RootError, shipped as shipped_sigstore_roots};
pub use store::{AWS_SIGNER_IMAGES, AWS_SIGNER_IMAGES_GOV, TrustStoreError, shipped_trust_stores};

/// A root certificate that a policy names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Anchor {
    /// The name that a statement's `root:` uses.
    pub name: String,
    /// DER of the certificate.
    #[serde(skip)]
    pub der: Vec<u8>,
    /// SHA-256 of the DER, lower-case hexadecimal, as typed by the user or as shipped; checked against `der` when loaded.
    pub sha256: String,
    /// Literal accounts that a pinned root may vouch for (DESIGN §4 rule 9). Empty only for shipped anchors.
    pub accounts: Vec<String>,
    /// Where the anchor comes from, and how sure that is; one sentence for reports.
    pub provenance: String,
    /// True for an anchor that ships with layerproof.
    pub shipped: bool,
}

/// The trust material in force. Names are unique within each list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TrustAnchors {
    /// Roots of AWS Signer inside zips.
    pub anchors: Vec<Anchor>,
    /// Trusted roots of Sigstore instances.
    pub sigstore_roots: Vec<SigstoreRoot>,
    /// Public keys, for Sigstore signatures without a certificate.
    pub keys: Vec<PublicKeyAnchor>,
    /// Trust stores of the Notary Project.
    pub trust_stores: Vec<TrustStore>,
}

/// A `trusted_root.json` (protobuf-specs, `TrustedRoot`): certificate authorities, logs and time stamp authorities with their windows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SigstoreRoot {
    /// The name that a statement's `root:` uses.
    pub name: String,
    /// The text, JSON; checked to be a trusted root when it was loaded.
    #[serde(skip)]
    pub json: Arc<str>,
    /// SHA-256 of the text, lower-case hexadecimal.
    pub sha256: String,
    /// Where it comes from and how old it is, one sentence for reports.
    pub provenance: String,
    /// For a shipped root: the day on which it was taken over. Keys that the instance has rotated in since are not known.
    pub dated: Option<Timestamp>,
    /// True for a root that ships with layerproof.
    pub shipped: bool,
}

/// A public key that a policy names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicKeyAnchor {
    /// The name that statements use: the file as the policy writes it.
    pub name: String,
    /// SubjectPublicKeyInfo, DER.
    #[serde(skip)]
    pub spki: Vec<u8>,
    /// SHA-256 of it, lower-case hexadecimal.
    pub sha256: String,
}

/// A trust store of the Notary Project: certificates of one type under one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrustStore {
    /// `ca:NAME`, `signingAuthority:NAME` or `tsa:NAME`.
    pub name: String,
    /// Its certificates, DER. Never empty. A chain is trusted where one of its certificates equals one of these.
    #[serde(skip)]
    pub certificates: Vec<Vec<u8>>,
    /// Where they come from, one sentence for reports.
    pub provenance: String,
    /// True for a store that ships with layerproof.
    pub shipped: bool,
}

/// Name of the shipped root of AWS Signer for Lambda zips.
pub const AWS_SIGNER_LAMBDA: &str = "aws-signer-lambda-unconfirmed";

/// The public root certificate `CN=Signer us-west-2 ROOT CA, ST=WA, OU=Cryptography, O=AWS, C=US`, P-384, 2020-07-16 to 2120-07-16.
///
/// Source: radkawar/stackd, `compute/lambda/signature/trust.go` at 9dc356f5, which says that it stood in the answer to a real
/// StartSigningJob in us-east-1. No second source is known, and AWS offers no download of it.
const AWS_SIGNER_LAMBDA_PEM: &str = "-----BEGIN CERTIFICATE-----
MIICRDCCAcqgAwIBAgIRALAP6UoUaRkbgz38BprRG5swCgYIKoZIzj0EAwMwYjEL
MAkGA1UEBhMCVVMxDDAKBgNVBAoMA0FXUzEVMBMGA1UECwwMQ3J5cHRvZ3JhcGh5
MQswCQYDVQQIDAJXQTEhMB8GA1UEAwwYU2lnbmVyIHVzLXdlc3QtMiBST09UIENB
MCAXDTIwMDcxNjE4MjE0N1oYDzIxMjAwNzE2MTkyMTQ3WjBiMQswCQYDVQQGEwJV
UzEMMAoGA1UECgwDQVdTMRUwEwYDVQQLDAxDcnlwdG9ncmFwaHkxCzAJBgNVBAgM
AldBMSEwHwYDVQQDDBhTaWduZXIgdXMtd2VzdC0yIFJPT1QgQ0EwdjAQBgcqhkjO
PQIBBgUrgQQAIgNiAARlUdWWMHRVx1EczSLL9+auryItIDhbWbJE+UbsQMRcPmPB
nTknehZx40n1FCMeFJEFQRa7VQSEYnwZJBwTQKhPaqnmooWMGs/JEP0vcr3D9ki6
ZC9iy6/fTOUkM/Kjhe6jQjBAMA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0OBBYEFHns
aZ30sP0iN/svM0Y/QbEI9qFfMA4GA1UdDwEB/wQEAwIBhjAKBggqhkjOPQQDAwNo
ADBlAjEA5nanIDSNdN6PtqQbW3Pf89B25uLoD71mHMzHiQha9138B+XALLfeG9U8
OhZtUby8AjAevBIAX9zK8OmZKdsmaWXmAeTSylxPXtjkEQSRdIQ2WxqN0MuN70mM
aC9pR1Uuoxw=
-----END CERTIFICATE-----
";

/// SHA-256 of its DER, typed from the source's fingerprint.
const AWS_SIGNER_LAMBDA_SHA256: &str = "410220a72bba4576767ba5941b694a9bddc40817f76957f6919fdac89a7849c7";

/// The anchors that ship with layerproof. They count only where a statement names them.
pub fn shipped() -> &'static [Anchor] {
    static SHIPPED: LazyLock<Vec<Anchor>> = LazyLock::new(|| {
        let root = Anchor::load(AWS_SIGNER_LAMBDA, AWS_SIGNER_LAMBDA_PEM.as_bytes(), AWS_SIGNER_LAMBDA_SHA256);
        // A damaged constant ships no anchor at all; a test holds that there is one.
        root.ok()
            .map(|anchor| Anchor {
                provenance: "Known from one source only, which is not AWS (radkawar/stackd, captured from a signing job in us-east-1); \
                             roots of other partitions are unknown."
                    .into(),
                shipped: true,
                ..anchor
            })
            .into_iter()
            .collect()
    });
    &SHIPPED
}

impl Anchor {
    /// A root that a user pins: one certificate in PEM or DER, the fingerprint that the user typed (64 hexadecimal digits, in either
    /// case, colons allowed), and the accounts that it may vouch for.
    ///
    /// # Errors
    /// [`AnchorError`], one variant per mistake.
    pub fn pinned(name: &str, certificate: &[u8], typed_sha256: &str, accounts: &[String]) -> Result<Self, AnchorError> {
        if accounts.is_empty() {
            return Err(AnchorError::NoAccounts { name: name.into() });
        }
        if let Some(account) = accounts.iter().find(|account| !is_account(account)) {
            return Err(AnchorError::NotAnAccount { name: name.into(), account: account.clone() });
        }
        if shipped().iter().any(|anchor| anchor.name == name) {
            return Err(AnchorError::NameTaken { name: name.into() });
        }
        let anchor = Self::load(name, certificate, typed_sha256)?;
        Ok(Self { accounts: accounts.to_vec(), provenance: "Pinned by the user, by fingerprint.".into(), ..anchor })
    }

    fn load(name: &str, certificate: &[u8], typed_sha256: &str) -> Result<Self, AnchorError> {
        let der = der_of(name, certificate)?;
        let plain = typed_sha256.replace(':', "").to_ascii_lowercase();
        let typed = ClaimedDigest::from_hex(&plain)
            .map_err(|_| AnchorError::NotAFingerprint { name: name.into(), typed: typed_sha256.chars().take(200).collect() })?;
        let computed = Digest::of(&der);
        if typed != ClaimedDigest::from(computed) {
            return Err(AnchorError::Fingerprint { name: name.into(), expected: typed.hex(), presented: computed.hex() });
        }
        let not_a_certificate = |detail: String| AnchorError::NotACertificate { name: name.into(), detail };
        let root = Certificate::parse(&der, "it").map_err(|rejection| not_a_certificate(rejection.to_string()))?;
        if !root.is_self_issued() || !root.is_signed_by(&root) {
            return Err(AnchorError::NotSelfSigned { name: name.into(), subject: root.subject_text, issuer: root.issuer_text });
        }
        Ok(Self { name: name.into(), der, sha256: computed.hex(), accounts: Vec::new(), provenance: String::new(), shipped: false })
    }
}

fn der_of(name: &str, certificate: &[u8]) -> Result<Vec<u8>, AnchorError> {
    const BEGIN: &str = "-----BEGIN ";
    let fail = |detail: String| AnchorError::NotACertificate { name: name.into(), detail };
    let Ok(text) = std::str::from_utf8(certificate) else { return Ok(certificate.to_vec()) };
    match text.matches(BEGIN).count() {
        0 => Ok(certificate.to_vec()),
        1 => {
            let block = text.find(BEGIN).and_then(|at| text.get(at..)).unwrap_or_default();
            let (label, der) = pem::decode_vec(block.as_bytes()).map_err(|error| fail(error.to_string()))?;
            if label == "CERTIFICATE" { Ok(der) } else { Err(fail(format!("its PEM label is `{label}`"))) }
        }
        count => Err(fail(format!("{count} PEM blocks; one root is pinned at a time"))),
    }
}

/// Why a root can't be pinned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// The bytes are not one certificate of a kind that can be used.
    #[error("the root `{}` can't be used: {}", printable(.name), printable(.detail))]
    NotACertificate {
        /// The anchor's name.
        name: String,
        /// What is wrong.
        detail: String,
    },
    /// The certificate is not the one whose fingerprint was typed.
    #[error("the root `{}` has the SHA-256 {presented}, but {expected} was typed", printable(.name))]
    Fingerprint {
        /// The anchor's name.
        name: String,
        /// As typed.
        expected: String,
        /// Of the certificate.
        presented: String,
    },
    /// What was typed is no SHA-256.
    #[error("`{}` is not the SHA-256 of the root `{}`: 64 hexadecimal digits are expected", printable(.typed), printable(.name))]
    NotAFingerprint {
        /// The anchor's name.
        name: String,
        /// As typed.
        typed: String,
    },
    /// A certificate that another one signed is no root.
    #[error("the root `{}` is not self-signed: subject `{}`, issuer `{}`", printable(.name), printable(.subject), printable(.issuer))]
    NotSelfSigned {
        /// The anchor's name.
        name: String,
        /// Its subject.
        subject: String,
        /// Its issuer.
        issuer: String,
    },
    /// A pinned root binds to accounts, since it can vouch for any.
    #[error("the root `{}` is pinned for no account", printable(.name))]
    NoAccounts {
        /// The anchor's name.
        name: String,
    },
    /// Accounts are literal.
    #[error("the root `{}` is pinned for `{}`, which is not an account of twelve digits", printable(.name), printable(.account))]
    NotAnAccount {
        /// The anchor's name.
        name: String,
        /// What stands there.
        account: String,
    },
    /// The name is that of a shipped anchor.
    #[error("the name `{}` is that of a root that ships with layerproof", printable(.name))]
    NameTaken {
        /// The anchor's name.
        name: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_root_is_there_with_its_doubts() {
        let [anchor] = shipped() else { panic!("one anchor ships") };
        assert_eq!(anchor.name, AWS_SIGNER_LAMBDA);
        assert_eq!(anchor.sha256, AWS_SIGNER_LAMBDA_SHA256);
        assert!(anchor.shipped && anchor.accounts.is_empty());
        assert!(anchor.provenance.contains("one source only"));
    }

    #[test]
    fn a_pinned_root_can_not_take_the_name_of_a_shipped_one() {
        let accounts = ["111122223333".to_owned()];
        let error = Anchor::pinned(AWS_SIGNER_LAMBDA, AWS_SIGNER_LAMBDA_PEM.as_bytes(), AWS_SIGNER_LAMBDA_SHA256, &accounts).unwrap_err();
        assert!(matches!(error, AnchorError::NameTaken { .. }));
    }

    #[test]
    fn mistyped_fingerprints_and_accounts_are_refused() {
        let pem = AWS_SIGNER_LAMBDA_PEM.as_bytes();
        let account = ["111122223333".to_owned()];
        let colons = "41:02:20:A7:2B:BA:45:76:76:7B:A5:94:1B:69:4A:9B:DD:C4:08:17:F7:69:57:F6:91:9F:DA:C8:9A:78:49:C7";
        assert!(Anchor::pinned("mine", pem, colons, &account).is_ok());
        let other = AWS_SIGNER_LAMBDA_SHA256.replace('4', "5");
        assert!(matches!(Anchor::pinned("mine", pem, &other, &account), Err(AnchorError::Fingerprint { .. })));
        assert!(matches!(Anchor::pinned("mine", pem, "", &account), Err(AnchorError::NotAFingerprint { .. })));
        assert!(matches!(Anchor::pinned("mine", pem, AWS_SIGNER_LAMBDA_SHA256, &[]), Err(AnchorError::NoAccounts { .. })));
        let wildcard = ["*".to_owned()];
        assert!(matches!(Anchor::pinned("mine", pem, AWS_SIGNER_LAMBDA_SHA256, &wildcard), Err(AnchorError::NotAnAccount { .. })));
        let twice = [pem, pem].concat();
        assert!(matches!(Anchor::pinned("mine", &twice, AWS_SIGNER_LAMBDA_SHA256, &account), Err(AnchorError::NotACertificate { .. })));
    }
}

//! Whose signature counts: the authorities that a requirement lists, as validated.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::scope::ProfilePattern;
use super::text_match::TextMatch;
use crate::signature::notary::TrustedIdentity;
use crate::signature::sigstore::{SignatureForm, Transparency};

/// Whose signature counts. All of what one authority asks for must hold on one signature (DESIGN §4 rule 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authority {
    /// AWS Signer, inside the zip.
    AwsSigner {
        /// Name of the trust anchor.
        root: String,
        /// Profiles or profile versions; never empty.
        profiles: Vec<ProfilePattern>,
    },
    /// AWS's own statement in a live API answer (DESIGN §4 rule 8).
    AwsService {
        /// Profiles or profile versions; never empty.
        profiles: Vec<ProfilePattern>,
    },
    /// Sigstore.
    Sigstore(Box<SigstoreAuthority>),
    /// Notary Project.
    Notary(Box<NotaryAuthority>),
}

/// A Sigstore signer, and what must vouch for the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigstoreAuthority {
    /// Name of the trusted root whose log, certificate authority and time stamp authorities count.
    pub root: String,
    /// Who.
    pub signer: SigstoreSigner,
    /// What the transparency log must give.
    pub transparency: LogProof,
    /// True where a time stamp (RFC 3161) by an authority of the root is required.
    pub timestamp: bool,
    /// True where a CT log of the root must vouch for the certificate.
    pub sct: bool,
    /// Annotations that must be signed along (`cosign sign -a`), exact.
    pub annotations: BTreeMap<String, String>,
}

/// Who signs with Sigstore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SigstoreSigner {
    /// A certificate of Fulcio's for an OIDC identity.
    Keyless {
        /// The OIDC issuer.
        issuer: TextMatch,
        /// The identity.
        identity: TextMatch,
        /// Claims of the certificate by their names; each must be there.
        claims: BTreeMap<&'static str, TextMatch>,
    },
    /// A public key.
    Key {
        /// Its name among the trust anchors: the PEM file, relative to the policy file.
        file: String,
        /// The first moment at which it may have signed.
        valid_from: Option<Timestamp>,
        /// The first moment at which it may no longer have signed.
        valid_until: Option<Timestamp>,
    },
}

/// What the transparency log must give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogProof {
    /// A proof of inclusion, or a promise for the form that has no place for a proof.
    ByForm,
    /// A proof of inclusion, whatever the form.
    InclusionProof,
    /// A promise or a proof.
    Promise,
    /// Nothing.
    None,
}

/// A Notary Project signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotaryAuthority {
    /// `ca:NAME` or `signingAuthority:NAME`.
    pub trust_store: String,
    /// `tsa:NAME`, whose time stamps count.
    pub tsa: Option<String>,
    /// When a time stamp is looked at.
    pub verify_timestamp: VerifyTimestamp,
    /// Who; never empty.
    pub identities: Vec<NotaryIdentity>,
    /// User metadata that must be signed along (`notation sign --user-metadata`), exact.
    pub annotations: BTreeMap<String, String>,
}

/// When a time stamp is looked at (`verifyTimestamp` of the Notary Project). Without a trust store of type `tsa`: never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifyTimestamp {
    /// Always.
    Always,
    /// Only where a certificate of the chain has expired.
    AfterCertExpiry,
}

/// Who may sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotaryIdentity {
    /// Attributes that the subject of the signing certificate must have.
    Subject {
        /// As it is written: `x509.subject: C=…`.
        text: String,
        /// The attributes.
        identity: TrustedIdentity,
    },
    /// A profile or profile version of AWS Signer, whose plugin's attributes are signed.
    Profile(ProfilePattern),
    /// Whoever has a certificate of the trust store. Stands alone, and never for AWS Signer.
    Anyone,
}

impl Authority {
    /// The key that names it in a policy: `aws_signer`.
    pub fn key(&self) -> &'static str {
        match self {
            Self::AwsSigner { .. } => "aws_signer",
            Self::AwsService { .. } => "aws_service",
            Self::Sigstore(_) => "sigstore",
            Self::Notary(_) => "notary",
        }
    }

    /// Its signing profiles, where it has any.
    pub fn profiles(&self) -> Vec<&ProfilePattern> {
        match self {
            Self::AwsSigner { profiles, .. } | Self::AwsService { profiles } => profiles.iter().collect(),
            Self::Notary(notary) => notary.profiles().collect(),
            Self::Sigstore(_) => Vec::new(),
        }
    }
}

impl SigstoreAuthority {
    /// The proof that a signature of this form must have.
    pub fn needs(&self, form: SignatureForm) -> Transparency {
        match (self.transparency, form) {
            (LogProof::ByForm, SignatureForm::Bundle) | (LogProof::InclusionProof, _) => Transparency::InclusionProof,
            (LogProof::ByForm, SignatureForm::Legacy) | (LogProof::Promise, _) => Transparency::Promise,
            (LogProof::None, _) => Transparency::None,
        }
    }
}

impl LogProof {
    /// As a person reads it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::ByForm => "log: proof of inclusion, or a promise in the form from before bundles",
            Self::InclusionProof => "log: proof of inclusion",
            Self::Promise => "log: promise or proof",
            Self::None => "log: none",
        }
    }
}

impl NotaryAuthority {
    /// The profiles of AWS Signer among its identities.
    pub fn profiles(&self) -> impl Iterator<Item = &ProfilePattern> {
        self.identities.iter().filter_map(|identity| match identity {
            NotaryIdentity::Profile(profile) => Some(profile),
            NotaryIdentity::Subject { .. } | NotaryIdentity::Anyone => None,
        })
    }
}

impl VerifyTimestamp {
    /// `always` or `after_cert_expiry`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::AfterCertExpiry => "after_cert_expiry",
        }
    }
}

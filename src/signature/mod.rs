//! Stage 4a: signatures are found and judged. One file or folder per scheme; nothing here applies a policy.
//!
//! Only this module can make a [`Verified`]:
//!
//! ```compile_fail,E0451
//! fn forge(basis: Box<layerproof::signature::Basis>) -> layerproof::signature::Verified {
//!     layerproof::signature::Verified { basis }
//! }
//! ```

mod asn1;
pub mod aws_signer;
mod ber;
pub mod beside;
mod explain;
mod json;
pub mod notary;
pub mod oci_referrers;
mod rejection;
pub mod revocation;
pub mod sigstore;
pub mod statement;
mod timestamp;
mod trail;
pub mod trust;
mod x509;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::arn::SigningProfileArn;
use crate::model::artifact::Subject;
use crate::model::attachment::{Attachments, TargetRole};
use crate::model::digest::Digest;
use crate::model::gap::Gap;
use crate::model::observed::Observed;
use crate::unpack::{Contents, Layout, Limits, ZipIndex};

pub use aws_signer::InnerDigest;
pub use explain::explain;
pub use rejection::Rejection;
pub use revocation::RevocationQuestion;
pub use statement::Statement;
pub use trust::{Anchor, AnchorError, PublicKeyAnchor, SigstoreRoot, TrustAnchors};

/// A signature that was found, what it says of itself, and what came of judging it.
#[derive(Debug, Clone, Serialize)]
pub struct JudgedSignature {
    /// The scheme's name: `aws-signer`.
    pub scheme: &'static str,
    /// Where it was found: the entry's name, a tag, a digest. Print through `printable`.
    pub location: String,
    /// What the signature says of itself, believed or not. For people; decisions use [`Verified`].
    pub presented: Presented,
    /// The judgement.
    pub outcome: Outcome,
    /// The verifier's numbered steps with expected and presented values, as `inspect --explain-signature` shows them.
    pub steps: Vec<Step>,
    /// What a signature of this scheme does not bind, one phrase each.
    pub does_not_bind: &'static [&'static str],
}

/// What came of judging a signature.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "value")]
pub enum Outcome {
    /// Integrity and chain hold, up to at least one named anchor.
    Valid(Verified),
    /// It does not hold.
    Invalid(Rejection),
    /// It could not be judged.
    Inconclusive(Undetermined),
}

/// Why a signature could not be judged.
#[derive(Debug, Clone, Serialize)]
pub struct Undetermined {
    /// What is missing.
    pub gap: Gap,
    /// True only where chain and identity were verified all the same; only then may it count under `any` (DESIGN §4 rule 5).
    pub chain_and_identity_verified: bool,
}

/// Proof that a signature over the bytes that this process hashed holds, up to named anchors. Only `signature/` can make one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    basis: Box<Basis>,
}

impl Verified {
    /// For the schemes below this module only.
    pub(in crate::signature) fn new(basis: Basis) -> Self {
        Self { basis: Box::new(basis) }
    }

    /// For trials of policies only, which are about what follows from a basis and not about how one is reached.
    #[cfg(test)]
    pub(crate) fn for_trial(basis: Basis) -> Self {
        Self { basis: Box::new(basis) }
    }

    /// On what the verification rests.
    pub fn basis(&self) -> &Basis {
        &self.basis
    }
}

/// On what a verification rests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Basis {
    /// The scheme's name.
    pub scheme: &'static str,
    /// What was signed: the artifact's own digest, or that of an index that lists it.
    pub target: SignedTarget,
    /// The in-toto statement that was signed, where it is an attestation; `None` where the artifact itself was signed. An attestation is
    /// no signature of the artifact, and the other way round.
    pub statement: Option<Statement>,
    /// Names of the anchors (see [`TrustAnchors`]) that it leads to: roots, trust stores or keys. Never empty.
    pub anchors: Vec<String>,
    /// The signer, with the facts that a policy may ask of this scheme.
    pub identity: SignerIdentity,
    /// The signing time that the chain was judged at; `None` where nobody states one.
    pub signed_at: Option<Timestamp>,
    /// Who states it.
    pub time_source: TimeSource,
    /// When the signature says that it expires. Judged by the policy at its level, against `now`.
    pub expires_at: Option<Timestamp>,
    /// Identifies this signature among others: SHA-256 of the signature value, lower-case hexadecimal.
    pub signature_id: String,
    /// What must be asked to learn whether it was revoked. Empty where the scheme knows no revocation.
    pub revocation: Vec<RevocationQuestion>,
}

impl Basis {
    /// Certificate hashes as AWS Signer's GetRevocationStatus takes them, leaf first; empty where that is not asked.
    pub fn certificate_hashes(&self) -> &[String] {
        let hashes = self.revocation.iter().find_map(|question| match question {
            RevocationQuestion::AwsSigner { certificate_hashes, .. } => Some(certificate_hashes.as_slice()),
            RevocationQuestion::Certificates { .. } => None,
        });
        hashes.unwrap_or_default()
    }
}

/// What was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SignedTarget {
    /// SHA-256 of the bytes that were signed, computed by this process. Of a signature inside a zip there is none that it could bind.
    pub digest: Option<Digest>,
    /// True where these are an index that lists the artifact, and not the artifact itself.
    pub index_above: bool,
}

impl SignedTarget {
    /// Inside the artifact.
    pub const INSIDE: Self = Self { digest: None, index_above: false };

    /// Beside this target.
    pub fn beside(digest: Digest, role: TargetRole) -> Self {
        Self { digest: Some(digest), index_above: role == TargetRole::IndexAbove }
    }
}

/// Who states the signing time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeSource {
    /// The signer; nobody else vouches for it.
    Signer,
    /// A signing authority that the anchor vouches for (Notary Project, `notary.x509.signingAuthority`).
    SigningAuthority,
    /// A transparency log.
    TransparencyLog,
    /// A time stamp authority (RFC 3161).
    TimestampAuthority,
    /// Nobody.
    Nobody,
}

impl TimeSource {
    /// In words: `the signer's own word`.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Signer => "the signer's own word",
            Self::SigningAuthority => "the signing authority's word",
            Self::TransparencyLog => "the transparency log's word",
            Self::TimestampAuthority => "a time stamp authority's word",
            Self::Nobody => "nobody states a time",
        }
    }
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "scheme")]
pub enum SignerIdentity {
    /// AWS Signer: the signed attributes of the CMS.
    AwsSigner {
        /// Signing profile version ARN.
        profile_version: SigningProfileArn,
        /// Signing job ARN, as given.
        job_arn: String,
    },
    /// Sigstore: a certificate of Fulcio's, or a key.
    Sigstore(Box<sigstore::Signer>),
    /// Notary Project.
    Notary(Box<notary::Signer>),
}

impl SignerIdentity {
    /// Two signatures by the same signer count once under `all` and `at_least`.
    pub fn signer_key(&self) -> String {
        match self {
            // Whoever may sign with one version of a profile may sign with the next: two versions are no two signers.
            Self::AwsSigner { profile_version, .. } => SigningProfileArn { version: None, ..profile_version.clone() }.to_string(),
            Self::Sigstore(signer) => signer.signer_key(),
            Self::Notary(signer) => signer.signer_key(),
        }
    }

    /// The public key that the signer holds, SHA-256 of its SubjectPublicKeyInfo, where it lasts: whoever holds it is one signer,
    /// whatever names it. `None` where a key is made for each signature, and where AWS Signer holds it for its customers.
    pub fn lasting_key(&self) -> Option<&str> {
        match self {
            Self::AwsSigner { .. } => None,
            Self::Sigstore(signer) => match &signer.by {
                sigstore::By::Key { spki_sha256 } => Some(spki_sha256),
                sigstore::By::Certificate { .. } => None,
            },
            Self::Notary(signer) => signer.aws_signer.is_none().then_some(signer.spki_sha256.as_str()),
        }
    }

    /// The signer in one line for people. Untrusted: print through `printable`.
    pub fn describe(&self) -> String {
        match self {
            Self::AwsSigner { profile_version, .. } => profile_version.to_string(),
            Self::Sigstore(signer) => signer.describe(),
            Self::Notary(signer) => signer.describe(),
        }
    }

    /// Signing profile version and signing job, where AWS Signer made it.
    pub fn aws_signer(&self) -> Option<(&SigningProfileArn, &str)> {
        match self {
            Self::AwsSigner { profile_version, job_arn } => Some((profile_version, job_arn)),
            Self::Notary(signer) => signer.aws_signer.as_ref().map(|by| (&by.profile_version, by.job_arn.as_str())),
            Self::Sigstore(_) => None,
        }
    }
}

/// What a signature says of itself, in text, as far as it could be read. Unverified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Presented {
    /// Signing profile version ARN.
    pub profile_version_arn: Option<String>,
    /// Signing job ARN.
    pub job_arn: Option<String>,
    /// Signing time.
    pub signed_at: Option<Timestamp>,
    /// Expiry.
    pub expires_at: Option<Timestamp>,
    /// The chain, leaf first: `SUBJECT (SHA-256 …)`.
    pub chain: Vec<String>,
    /// The form that it has: `Sigstore bundle v0.3`, `Notary JWS`.
    pub form: Option<String>,
    /// Who signed, in one line, where it is no signing profile.
    pub signer: Option<String>,
    /// `predicateType`, where it is an attestation.
    pub predicate_type: Option<String>,
}

/// One numbered step of a verifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Number as in the verifier's documentation.
    pub number: u32,
    /// What is checked.
    pub title: &'static str,
    /// What must be there.
    pub expected: String,
    /// What is there. Untrusted: print through `printable`.
    pub presented: String,
    /// What came of it.
    pub result: StepResult,
}

/// The result of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepResult {
    /// Holds.
    Ok,
    /// Does not hold; the signature is rejected.
    Failed,
    /// Could not be judged.
    Unknown,
    /// Not reached, since an earlier step failed.
    NotReached,
}

/// What all schemes together found on one artifact: `Absent` only where every scheme looked and found nothing. Where one scheme found
/// something and another could not look, the latter stands in the list as one inconclusive entry without location.
pub type Signatures = Observed<Vec<JudgedSignature>>;

/// A way of signing. One file or folder each, and one entry in [`ALL`].
pub trait Scheme: Sync {
    /// The stable name: `aws-signer`.
    fn name(&self) -> &'static str;

    /// One line for people.
    fn describe(&self) -> &'static str;

    /// What a signature of this scheme does not bind, one phrase each.
    fn does_not_bind(&self) -> &'static [&'static str];

    /// Where the knowledge of the format comes from, one sentence.
    fn source(&self) -> &'static str;

    /// Finds and judges the signatures on one artifact, in it or among what was found beside it. An artifact of a kind that the scheme
    /// does not sign has none: `Absent`. Every attachment is judged by exactly one scheme.
    fn examine(&self, artifact: &Candidate<'_>, beside: &Attachments, trust: &TrustAnchors, now: Timestamp, limits: &Limits) -> Signatures;
}

/// Every scheme.
pub static ALL: &[&dyn Scheme] = &[&aws_signer::AwsSigner, &notary::Notary, &oci_referrers::OciReferrers, &sigstore::Sigstore];

/// What a scheme is given to look at.
#[derive(Debug, Clone, Copy)]
pub enum Candidate<'a> {
    /// The zip of a function or layer.
    Zip {
        /// What it is; for gaps.
        subject: &'a Subject,
        /// Its one list of entries.
        index: &'a ZipIndex,
        /// What the one pass over its bodies gave. Without it the scheme makes a pass of its own.
        analysed: Option<Analysed<'a>>,
    },
    /// An image in an OCI layout directory.
    Image {
        /// What it is; for gaps.
        subject: &'a Subject,
        /// Where its blobs are.
        layout: &'a Layout,
        /// Digest of the manifest or index that the subject names, computed by this process.
        digest: Digest,
    },
    /// Bytes of another kind; no scheme signs them.
    Other,
}

/// What [`crate::unpack::analyse_zip`] gave, with [`InnerDigest`] riding along as a visitor.
#[derive(Debug, Clone, Copy)]
pub struct Analysed<'a> {
    /// Tree and anomalies.
    pub contents: &'a Contents,
    /// The digest that AWS Signer signs.
    pub inner: &'a InnerDigest,
}

/// Asks every scheme and joins the answers; see [`Signatures`] for how.
pub fn examine_all(artifact: &Candidate<'_>, beside: &Attachments, trust: &TrustAnchors, now: Timestamp, limits: &Limits) -> Signatures {
    let mut answers: Vec<(&'static str, Signatures)> =
        ALL.iter().map(|scheme| (scheme.name(), scheme.examine(artifact, beside, trust, now, limits))).collect();
    answers.extend(beside.gaps.iter().map(|gap| (oci_referrers::NAME, Observed::Unknown(gap.clone()))));
    join(answers)
}

fn join(answers: Vec<(&'static str, Signatures)>) -> Signatures {
    let mut found = Vec::new();
    let mut gaps = Vec::new();
    for (scheme, answer) in answers {
        match answer {
            Observed::Present(mut signatures) => found.append(&mut signatures),
            Observed::Absent => {}
            Observed::Unknown(gap) => gaps.push((scheme, gap)),
        }
    }
    if found.is_empty() {
        // One gap is told: one that the author brought about refuses, so that it comes first.
        let worst = gaps.into_iter().map(|(_, gap)| gap).min_by_key(|gap| !gap.author_can_cause());
        return worst.map_or(Observed::Absent, Observed::Unknown);
    }
    found.extend(gaps.into_iter().map(|(scheme, gap)| JudgedSignature {
        scheme,
        location: String::new(),
        presented: Presented::default(),
        outcome: Outcome::Inconclusive(Undetermined { gap, chain_and_identity_verified: false }),
        steps: Vec::new(),
        does_not_bind: &[],
    }));
    Observed::Present(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::gap::GapReason;

    fn unknown() -> Signatures {
        Observed::Unknown(Gap {
            subject: "s".into(),
            wanted: "w".into(),
            reason: GapReason::Unreachable,
            detail: String::new(),
            next_step: String::new(),
        })
    }

    fn found() -> Signatures {
        Observed::Present(vec![JudgedSignature {
            scheme: "a",
            location: "x".into(),
            presented: Presented::default(),
            outcome: Outcome::Invalid(Rejection::BadSignature),
            steps: Vec::new(),
            does_not_bind: &[],
        }])
    }

    #[test]
    fn a_gap_of_ours_does_not_hide_one_that_the_author_brought_about() {
        let malformed = || Observed::Unknown(Gap { reason: GapReason::Malformed, ..unknown().gap().unwrap().clone() });
        for answers in [vec![("a", unknown()), ("b", malformed())], vec![("a", malformed()), ("b", unknown())]] {
            assert!(join(answers).gap().unwrap().author_can_cause());
        }
    }

    #[test]
    fn two_versions_of_one_profile_are_not_two_signers() {
        let signer = |profile: &str| {
            let profile_version = profile.parse().unwrap();
            SignerIdentity::AwsSigner { profile_version, job_arn: "job".into() }.signer_key()
        };
        let release = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/release";
        assert_eq!(signer(&format!("{release}/AAAAAAAAAA")), signer(&format!("{release}/BBBBBBBBBB")));
        assert_ne!(signer(&format!("{release}/AAAAAAAAAA")), signer(&format!("{release}-2/AAAAAAAAAA")));
    }

    #[test]
    fn a_scheme_that_could_not_look_never_makes_an_artifact_unsigned() {
        assert!(join(vec![("a", unknown()), ("b", Observed::Absent)]).gap().is_some());
        assert!(join(vec![("a", Observed::Absent), ("b", Observed::Absent)]).is_absent());
        assert!(join(vec![("a", Observed::Present(Vec::new()))]).is_absent());
    }

    #[test]
    fn a_found_signature_hides_no_gap_of_another_scheme() {
        let joined = join(vec![("a", found()), ("b", unknown())]);
        let signatures = joined.present().unwrap();
        assert_eq!(signatures.len(), 2);
        assert!(
            matches!(&signatures[1], JudgedSignature { scheme: "b", outcome: Outcome::Inconclusive(u), .. } if !u.chain_and_identity_verified)
        );
    }
}

//! Whether what was verified has been revoked since: the questions that a verified signature leaves open, and their answers. Who asks
//! is the stage `revocation`; what follows is for a policy to say.
//!
//! What OCSP responders and revocation lists answer is judged here, from bytes alone: [`Link`].

mod chain;
mod crl;
mod fields;
mod key;
mod ocsp;

use der::oid::ObjectIdentifier;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::model::gap::Gap;
use crate::signature::asn1;
pub use chain::{Link, LinkId, links};

/// How far the clocks of two machines may differ.
pub const SKEW: SignedDuration = SignedDuration::from_secs(300);
/// How old an OCSP answer may be that does not say when the next one comes.
pub const MAX_AGE_WITHOUT_NEXT_UPDATE: SignedDuration = SignedDuration::from_secs(86_400);

/// What must be asked. Equal questions are asked once in a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "ask")]
pub enum RevocationQuestion {
    /// AWS Signer's GetRevocationStatus.
    AwsSigner {
        /// `AWSLambda-SHA384-ECDSA` or `Notation-OCI-SHA384-ECDSA`.
        platform_id: &'static str,
        /// Signing profile version ARN; its region is where to ask.
        profile_version_arn: String,
        /// Signing job ARN.
        job_arn: String,
        /// Hex SHA-384 of each certificate's signed part, and of its issuer's, leaf first; the root is its own issuer.
        certificate_hashes: Vec<String>,
        /// The signing time.
        signed_at: Timestamp,
    },
    /// OCSP and CRLs of a chain, RFC 6960 and RFC 5280.
    Certificates {
        /// Whose chain it is.
        of: ChainOf,
        /// DER, leaf first, root last.
        #[serde(skip)]
        chain: Vec<Vec<u8>>,
        /// When the chain was used, as somebody states who is trusted for it: a time stamp authority or a signing authority, never the
        /// signer alone. A revocation whose invalidity date is later does not undo the use; any other revocation does.
        used_at: Option<Timestamp>,
    },
}

impl RevocationQuestion {
    /// What it is about, in one line. Untrusted: print through `printable`.
    pub fn about(&self) -> String {
        match self {
            Self::AwsSigner { job_arn, .. } => job_arn.clone(),
            Self::Certificates { of: ChainOf::Signer, .. } => "the signer's certificates".into(),
            Self::Certificates { of: ChainOf::TimestampAuthority, .. } => "the time stamp authority's certificates".into(),
        }
    }
}

/// Whose chain a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChainOf {
    /// The signer's.
    Signer,
    /// The time stamp authority's.
    TimestampAuthority,
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "answer")]
pub enum RevocationAnswer {
    /// Nothing was revoked.
    NotRevoked {
        /// Where the answer comes from.
        source: AnswerSource,
    },
    /// Something was.
    Revoked {
        /// What: ARNs, certificate hashes or subjects. Untrusted: print through `printable`.
        what: Vec<String>,
        /// Where the answer comes from.
        source: AnswerSource,
    },
    /// It could not be learned. Never a pass where revocation is enforced.
    Unknown(Gap),
}

/// Where an answer comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum AnswerSource {
    /// Asked in this run.
    Live,
    /// A recording: AWS's word in it is not authenticated, so every verdict made from it says so.
    Snapshot {
        /// When it was recorded.
        recorded_at: Timestamp,
    },
    /// Signed by the authority itself (OCSP, CRL), and so as good recorded as live until it is stale.
    Signed {
        /// `thisUpdate`.
        this_update: Timestamp,
        /// `nextUpdate`.
        next_update: Option<Timestamp>,
    },
    /// Nothing in the chain can be revoked: no certificate names an OCSP responder or a CRL (notary: "non-revokable").
    NonRevokable,
}

/// What somebody who may say so says of one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The state.
    pub state: State,
    /// When it was so.
    pub this_update: Timestamp,
    /// When something newer is to be had.
    pub next_update: Option<Timestamp>,
}

/// The state of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked {
        /// Since when the CA says so.
        at: Timestamp,
        /// `CRLReason` (RFC 5280 section 5.3.1).
        reason: Option<u8>,
        /// `invalidityDate` (RFC 5280 section 5.3.2): since when the key is known or suspected to be in other hands.
        invalid_since: Option<Timestamp>,
    },
}

impl State {
    /// Whether what was done with the key at `used_at` is undone. Only an invalidity date saves what was done before it, and only where
    /// the time is known (Notary Project, as notation reads the specification).
    pub fn undoes(&self, used_at: Option<Timestamp>) -> bool {
        match self {
            Self::Good => false,
            Self::Revoked { invalid_since, .. } => match (used_at, invalid_since) {
                (Some(used_at), Some(since)) => used_at >= *since,
                (None, _) | (_, None) => true,
            },
        }
    }

    /// Of two entries about one certificate: whether this one saves less.
    fn is_stricter_than(&self, other: &Self) -> bool {
        let since = |state: &Self| match state {
            Self::Good => None,
            Self::Revoked { invalid_since, .. } => Some(invalid_since.unwrap_or(Timestamp::MIN)),
        };
        match (since(self), since(other)) {
            (Some(own), Some(other)) => own < other,
            (Some(_), None) => true,
            (None, _) => false,
        }
    }

    /// The reason in words (RFC 5280 section 5.3.1).
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Good => "none",
            Self::Revoked { reason, .. } => match reason {
                None | Some(0) => "unspecified",
                Some(1) => "keyCompromise",
                Some(2) => "cACompromise",
                Some(3) => "affiliationChanged",
                Some(4) => "superseded",
                Some(5) => "cessationOfOperation",
                Some(6) => "certificateHold",
                Some(9) => "privilegeWithdrawn",
                Some(10) => "aACompromise",
                Some(_) => "a reason that RFC 5280 does not know",
            },
        }
    }
}

/// Why an answer proves nothing about a certificate. Never a pass and never a revocation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is not of the form that the RFC asks for.
    #[error("{part} is malformed: {detail}")]
    Malformed {
        /// Which part.
        part: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// The responder gave an error instead of an answer.
    #[error("the responder refused to answer (OCSPResponseStatus {said})")]
    Responder {
        /// `OCSPResponseStatus`.
        said: u8,
    },
    /// The responder does not know the certificate.
    #[error("the responder does not know the certificate")]
    UnknownCertificate,
    /// It is about other certificates.
    #[error("it is about another certificate")]
    AboutAnother,
    /// It is from the future.
    #[error("it is of {this_update}, which lies after now, {now}")]
    NotYet {
        /// `thisUpdate` or `producedAt`.
        this_update: Timestamp,
        /// The time of verification.
        now: Timestamp,
    },
    /// It is too old.
    #[error("it is stale: it was good until {until}, and now is {now}")]
    Stale {
        /// `nextUpdate`.
        until: Timestamp,
        /// The time of verification.
        now: Timestamp,
    },
    /// Its signer may not speak for the certificate's issuer.
    #[error("`{who}` {fault}")]
    Signer {
        /// The signer. Untrusted: print through `printable`.
        who: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// Neither the issuer nor anybody that it names signed it.
    #[error("it is not signed by the certificate's issuer, nor by a responder of its")]
    BadSignature,
    /// It is signed in a way that is not accepted.
    #[error("it is signed with {presented}, which is not accepted")]
    Algorithm {
        /// Algorithm and key.
        presented: String,
    },
    /// It asks for something that this version does not do.
    #[error("not supported: {what}")]
    Unsupported {
        /// What.
        what: String,
    },
    /// The list is not about certificates like this one.
    #[error("{detail}")]
    Scope {
        /// What it is about.
        detail: &'static str,
    },
}

/// id-ce-invalidityDate, in CRL entries and in single OCSP answers.
const INVALIDITY_DATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.24");

fn invalidity_date(extensions: &[fields::Extension<'_>], part: &'static str) -> Result<Option<Timestamp>, Unusable> {
    let Some(found) = extensions.iter().find(|extension| extension.id == INVALIDITY_DATE) else { return Ok(None) };
    let value = asn1::one(found.value, asn1::tag::GENERALIZED_TIME).map_err(|error| fields::malformed(part, error))?;
    fields::generalized_time(value, part).map(Some)
}

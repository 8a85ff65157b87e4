//! Whether what was verified has been revoked since: the questions that a verified signature leaves open, and their answers. Who asks
//! is the stage `revocation`; what follows is for a policy to say.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::gap::Gap;

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
        /// When the chain was used: a revocation that took effect later does not undo it.
        used_at: Option<Timestamp>,
    },
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

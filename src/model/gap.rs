//! Something that could not be learned about a subject, kept as data.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::printable::printable;

/// Something that could not be learned: what was wanted, of whom, why not, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// ARN, image reference, path or account/region that the question was about.
    pub subject: String,
    /// What was wanted, in words that complete "could not learn …": `"the bytes of the layer version"`.
    pub wanted: String,
    /// Why it could not be had.
    pub reason: GapReason,
    /// What was seen instead: the API's error message, the path, the number. Untrusted text: print through `printable`.
    pub detail: String,
    /// The next step for a person, one sentence.
    pub next_step: String,
}

/// Why something could not be learned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum GapReason {
    /// The call was refused. `action` is the IAM action that is missing, e.g. `lambda:GetLayerVersion`. Across accounts AWS gives the
    /// same answer for a version that is deleted, unshared or was never there (facts: aws-lambda.md §0.5).
    Denied {
        /// The IAM action to grant.
        action: String,
    },
    /// The thing is gone, and its owner's API says so.
    Deleted,
    /// The API kept throttling.
    Throttled,
    /// A limit of ours was reached; the name of the limit.
    TooLarge {
        /// The limit's name, as in `unpack::limits`.
        limit: String,
    },
    /// A recorded account does not hold this answer or this file.
    NotRecorded,
    /// The service could not be reached, or `--offline` forbids asking it.
    Unreachable,
    /// This version of layerproof cannot judge it yet.
    NotBuilt,
    /// The format is known at second hand and what was seen departs from it: `META-INF/` in place of `META_INF/`.
    Unconfirmed,
    /// The answer or file could not be understood.
    Malformed,
    /// A template does not tell it: it is given at deployment, or stands in a part that was not read.
    Unresolved,
    /// A file or folder that a template names is not there.
    NoSuchFile,
    /// Lambda itself could not retrieve the package (`Code.Error` in GetFunction); AWS's error code.
    ServiceError {
        /// `Code.Error.ErrorCode`.
        code: String,
    },
}

impl Gap {
    /// True where the author of the artifact can bring the gap about by what is put into it. Such a gap is never forgiven by
    /// `--allow-incomplete`, or an attacker could turn a refusal into an exit code of 0 (DESIGN §4 rule 5).
    pub fn author_can_cause(&self) -> bool {
        match self.reason {
            GapReason::TooLarge { .. } | GapReason::Unconfirmed | GapReason::Malformed => true,
            GapReason::Denied { .. }
            | GapReason::Deleted
            | GapReason::Throttled
            | GapReason::NotRecorded
            | GapReason::Unreachable
            | GapReason::NotBuilt
            | GapReason::Unresolved
            | GapReason::NoSuchFile
            | GapReason::ServiceError { .. } => false,
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not learn {} of {}: {}", self.wanted, printable(&self.subject), self.reason)?;
        if !self.detail.is_empty() {
            write!(f, " ({})", printable(&self.detail))?;
        }
        Ok(())
    }
}

impl fmt::Display for GapReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied { action } => write!(f, "denied; {} is needed", printable(action)),
            Self::Deleted => f.write_str("deleted"),
            Self::Throttled => f.write_str("throttled"),
            Self::TooLarge { limit } => write!(f, "over the limit `{}`", printable(limit)),
            Self::NotRecorded => f.write_str("no answer holds it"),
            Self::Unreachable => f.write_str("not reachable"),
            Self::NotBuilt => f.write_str("not supported by this version"),
            Self::Unconfirmed => f.write_str("departs from the only description of the format that is known"),
            Self::Malformed => f.write_str("malformed"),
            Self::Unresolved => f.write_str("not known from the template"),
            Self::NoSuchFile => f.write_str("no such file or folder"),
            Self::ServiceError { code } => write!(f, "AWS reports {}", printable(code)),
        }
    }
}

//! What a registry may answer instead of what it was asked for, each told apart from "is not there".

use std::time::Duration;

use serde::Deserialize;

use crate::model::digest::{ClaimedDigest, Digest};
use crate::model::gap::{Gap, GapReason};
use crate::model::image_ref::ImageRef;
use crate::model::printable::printable;

/// Characters of a registry's own words that are kept.
const DETAIL_CHARS: usize = 300;

/// A question to a registry that was not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// 401 or 403, or an error answer that says as much.
    #[error("refused with status {status}: {}", printable(.detail))]
    Refused {
        /// HTTP status.
        status: u16,
        /// The registry's words.
        detail: String,
        /// `WWW-Authenticate`, where the registry itself answered.
        challenge: Option<String>,
    },
    /// 404 with an error code that says that the name or the content is not known: the one answer that means "is not there".
    #[error("the registry does not have it: {}", printable(.detail))]
    Absent {
        /// The registry's words.
        detail: String,
    },
    /// 404 without an error answer: an address that the registry does not know. Of the referrers API it means that there is none.
    #[error("404 without an error answer of the registry: {}", printable(.detail))]
    NoSuchAddress {
        /// What was answered.
        detail: String,
    },
    /// 429, or an error answer that says as much.
    #[error("throttled: {}", printable(.detail))]
    Throttled {
        /// The registry's words.
        detail: String,
        /// `Retry-After`.
        after: Option<Duration>,
    },
    /// Any other status.
    #[error("status {status}: {}", printable(.detail))]
    Failed {
        /// HTTP status.
        status: u16,
        /// The registry's words.
        detail: String,
        /// `Retry-After`.
        after: Option<Duration>,
    },
    /// No answer, or one that broke off.
    #[error("{}", printable(.detail))]
    Unreachable {
        /// What happened.
        detail: String,
    },
    /// A redirect that is not followed.
    #[error("a redirect that is not followed: {}", printable(.detail))]
    Redirect {
        /// Where to, and why not.
        detail: String,
    },
    /// A limit of ours.
    #[error("over the limit `{limit}`: {}", printable(.detail))]
    TooLarge {
        /// Name of the limit.
        limit: &'static str,
        /// The numbers.
        detail: String,
    },
    /// An answer that makes no sense.
    #[error("{}", printable(.detail))]
    Malformed {
        /// What is wrong with it.
        detail: String,
    },
    /// Other bytes than those that were asked for by digest.
    #[error("expected {expected}, presented {presented}")]
    OtherBytes {
        /// Asked for.
        expected: ClaimedDigest,
        /// Computed.
        presented: Digest,
    },
    /// The login could not be had: a file or credential helper that fails.
    #[error("{}", printable(.detail))]
    Login {
        /// The file or program, and what is wrong.
        detail: String,
    },
    /// ECR gave no token.
    #[error("no token from ECR: {}", printable(.detail))]
    NoToken {
        /// AWS's words.
        detail: String,
        /// True where AWS refused.
        denied: bool,
    },
    /// The registry wants the login sent to a place where it is not sent.
    #[error("the login is not sent to `{}`: {}", printable(.realm), .why)]
    Realm {
        /// The realm.
        realm: String,
        /// Why not.
        why: &'static str,
    },
}

/// What was asked for; the right that is missing depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A manifest or index, or the tags of one.
    Manifest,
    /// The list of referrers.
    Referrers,
    /// A blob.
    Blob,
}

impl RegistryError {
    /// The error that an answer other than 2xx stands for. `body` is its beginning.
    pub(super) fn of(status: u16, content_type: &str, body: &[u8], after: Option<Duration>, challenge: Option<String>) -> Self {
        let errors = serde_json::from_slice(body).map(|ErrorAnswer { errors }| errors).unwrap_or_default();
        let detail = match errors.first() {
            Some(error) => format!("{}: {}", error.code, error.message),
            None => format!("status {status} {content_type}: {}", String::from_utf8_lossy(body)),
        };
        let detail: String = detail.chars().take(DETAIL_CHARS).collect();
        let says = |wanted: &[&str]| errors.iter().any(|e| wanted.contains(&e.code.as_str()));
        // The codes come first: there are registries that refuse with 404 and throttle with 403.
        if says(&["TOOMANYREQUESTS"]) || status == 429 {
            return Self::Throttled { detail, after };
        }
        if says(&["UNAUTHORIZED", "DENIED"]) || status == 401 || status == 403 {
            return Self::Refused { status, detail, challenge };
        }
        if status != 404 {
            return Self::Failed { status, detail, after };
        }
        // NOT_FOUND is none of the specification's, but Harbor's.
        let absent = |code: &str| matches!(code, "MANIFEST_UNKNOWN" | "NAME_UNKNOWN" | "BLOB_UNKNOWN" | "NOT_FOUND");
        if !errors.is_empty() && errors.iter().all(|e| absent(&e.code)) {
            return Self::Absent { detail };
        }
        // A page for people comes from a proxy or a portal, which knows nothing of what the registry has; and JSON without known codes
        // may say anything, a refusal too.
        let is_page = content_type.contains("html") || body.trim_ascii_start().starts_with(b"<");
        let is_json = content_type.contains("json") || body.trim_ascii_start().starts_with(b"{");
        if errors.is_empty() && !is_page && !is_json { Self::NoSuchAddress { detail } } else { Self::Failed { status, detail, after } }
    }

    /// The gap that it leaves in what is known of `image`.
    pub fn gap(&self, subject: &str, wanted: &str, image: &ImageRef, asked: Asked) -> Gap {
        let login = || match (image.ecr(), asked) {
            (Some(_), Asked::Blob) => "ecr:GetDownloadUrlForLayer".to_owned(),
            (Some(_), Asked::Manifest | Asked::Referrers) => "ecr:BatchGetImage".to_owned(),
            (None, _) => format!("docker login {}", image.registry),
        };
        let (reason, next_step) = match self {
            Self::Refused { .. } if image.ecr().is_some() => (
                GapReason::Denied { action: login() },
                "Allow ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and ecr:GetAuthorizationToken, in the repository's policy too where it is another account's.",
            ),
            Self::Refused { .. } => (GapReason::Denied { action: login() }, "Log in to the registry, or give the login the right to pull."),
            Self::Absent { .. } => (GapReason::Deleted, "Find out who deleted it; what runs cannot be verified without it."),
            Self::Throttled { .. } => (GapReason::Throttled, "Run it again later."),
            Self::NoSuchAddress { .. } | Self::Failed { .. } | Self::Unreachable { .. } => {
                (GapReason::Unreachable, "Run it again; if it stays, look at the registry, the proxy settings and --registry-endpoint.")
            }
            Self::Redirect { .. } => (GapReason::Unreachable, "Find out who redirects the registry's answers."),
            Self::TooLarge { limit, .. } => {
                (GapReason::TooLarge { limit: (*limit).to_owned() }, "No image that Lambda takes needs this much; find out what it is.")
            }
            Self::Malformed { .. } => (GapReason::Malformed, "Look at what answers in the registry's place."),
            Self::OtherBytes { .. } => {
                (GapReason::Malformed, "The registry gives other bytes than it was asked for: find out why before anything of it is used.")
            }
            Self::Login { .. } => {
                (GapReason::Denied { action: login() }, "Mend the file or the credential helper, or take it out of the environment.")
            }
            Self::NoToken { denied: true, .. } => {
                (GapReason::Denied { action: "ecr:GetAuthorizationToken".into() }, "Allow ecr:GetAuthorizationToken on `*`.")
            }
            Self::NoToken { denied: false, .. } => (GapReason::Unreachable, "Run it again; if it stays, look at the ECR endpoint."),
            Self::Realm { .. } => (
                GapReason::Denied { action: login() },
                "Ask the registry's operator for a token service in the registry's own domain, over HTTPS.",
            ),
        };
        Gap { subject: subject.into(), wanted: wanted.into(), reason, detail: self.to_string(), next_step: next_step.into() }
    }
}

/// An error answer: distribution-spec, "Error Codes". A code that is not the specification's is kept as it is.
#[derive(Deserialize)]
struct ErrorAnswer {
    errors: Vec<StatedError>,
}

#[derive(Deserialize)]
struct StatedError {
    code: String,
    #[serde(default)]
    message: String,
}

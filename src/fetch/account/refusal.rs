//! What AWS answers instead of bytes, as gaps. Messages are AWS's, or of whoever stands between: they are kept short, and never where they
//! hold a piece of a presigned link.

use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::clients::http::{Link, retry_after};
use crate::model::gap::{Gap, GapReason};

/// Longest message that is kept, characters.
const MAX_MESSAGE: usize = 300;
/// Longest code, characters; AWS's longest has about 50.
const MAX_CODE: usize = 64;

/// Whom gaps are about.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    pub subject: &'a str,
}

impl About<'_> {
    pub fn gap(&self, reason: GapReason, detail: impl Into<String>, next_step: &str) -> Gap {
        Gap {
            subject: self.subject.into(),
            wanted: "the bytes of the zip".into(),
            reason,
            detail: detail.into(),
            next_step: next_step.into(),
        }
    }
}

/// Why there are no bytes, or no more of them.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It may pass: worth asking again after a while.
    Passing(Passing),
    /// What was begun cannot be gone on with: from the first byte again.
    Changed(String),
    /// Asking again brings nothing.
    Final(Gap),
}

/// Trouble that may pass.
#[derive(Debug)]
pub(super) struct Passing {
    /// What was seen.
    pub detail: String,
    /// The host said that it is asked too much.
    pub throttled: bool,
    /// `Retry-After`.
    pub wait: Option<Duration>,
}

impl Passing {
    pub fn new(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), throttled: false, wait: None }
    }

    /// What it is when it does not pass.
    pub fn gap(&self, about: About<'_>) -> Gap {
        if self.throttled {
            about.gap(GapReason::Throttled, self.detail.clone(), "Scan again later: AWS limits how much is asked for at once.")
        } else {
            about.gap(
                GapReason::Unreachable,
                self.detail.clone(),
                "Look at the network and the proxy between here and AWS, then scan again.",
            )
        }
    }
}

/// An answer that is an error.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    /// HTTP status; 0 where it is not known.
    pub status: u16,
    /// AWS's code. Empty where there is none.
    pub code: String,
    /// AWS's message, whole. For judging; [`Refusal::detail`] is for showing.
    message: String,
    /// Not to be shown, where it holds a piece of a link.
    hide_message: bool,
    /// `Retry-After`.
    pub wait: Option<Duration>,
}

/// What a refusal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The zip is encrypted with a customer's key, and this caller may not use it, or nobody can.
    Key,
    /// The link, or the login, is too old.
    Expired,
    /// The caller may not.
    Denied,
    /// The login is not one that AWS knows.
    Login,
    /// It is not there any more.
    Deleted,
    /// Asked too much.
    Throttled,
    /// The service failed.
    Server,
    /// The bucket is in another region.
    OtherRegion,
    /// Anything else.
    Other,
}

impl Refusal {
    /// From the body of an answer of Amazon S3: `<Error><Code>…</Code><Message>…</Message>…`. Two elements are all that is wanted of it,
    /// and no body makes this fail.
    pub fn of_link(status: u16, body: &str, wait: Option<Duration>, link: &Link) -> Self {
        let element = |name: &str| {
            let rest = body.split_once(&format!("<{name}>"))?.1;
            Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
        };
        let message = element("Message").unwrap_or_default();
        let code = element("Code").filter(|code| !link.leaks_in(code)).unwrap_or_default();
        let hide_message = link.leaks_in(&message) || message.contains("://");
        Self { status, code: plain(&code), message, hide_message, wait }
    }

    /// From an error of the SDK; `None` where no answer came.
    pub fn of_sdk<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<Self> {
        let SdkError::ServiceError(context) = error else { return None };
        let raw = context.raw();
        let meta = context.err().meta();
        Some(Self {
            status: raw.status().as_u16(),
            code: plain(meta.code().unwrap_or_default()),
            message: meta.message().unwrap_or_default().to_owned(),
            hide_message: false,
            wait: raw.headers().get("retry-after").and_then(retry_after),
        })
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        let message = self.message.to_ascii_lowercase();
        let code = self.code.as_str();
        match code {
            _ if code.starts_with("KMS") => Kind::Key,
            "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "TokenRefreshRequired" => Kind::Expired,
            "AccessDenied" if message.contains("expired") => Kind::Expired,
            "AccessDenied" | "AccessDeniedException" | "AllAccessDisabled" | "UnauthorizedAccess" => {
                if message.contains("kms") {
                    Kind::Key
                } else {
                    Kind::Denied
                }
            }
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidAccessKeyId"
            | "InvalidToken"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "RequestTimeTooSkewed" => Kind::Login,
            "ResourceNotFoundException" | "NoSuchKey" | "NoSuchVersion" | "NoSuchBucket" => Kind::Deleted,
            // A version that is a delete marker: GetObject, "delete markers".
            "MethodNotAllowed" => Kind::Deleted,
            "TooManyRequestsException" | "ThrottlingException" | "Throttling" | "RequestLimitExceeded" | "SlowDown" => Kind::Throttled,
            "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" => Kind::OtherRegion,
            "RequestTimeout" | "InternalError" | "ServiceUnavailable" | "ServiceException" => Kind::Server,
            _ => match self.status {
                429 => Kind::Throttled,
                408 | 500.. => Kind::Server,
                301 | 307 => Kind::OtherRegion,
                403 if code.is_empty() => Kind::Denied,
                _ => Kind::Other,
            },
        }
    }

    /// What was seen, to be shown.
    pub fn detail(&self) -> String {
        let message: String = if self.hide_message { String::new() } else { self.message.chars().take(MAX_MESSAGE).collect() };
        let parts = [self.code.as_str(), message.as_str()];
        let said: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if said.is_empty() { format!("HTTP {}", self.status) } else { format!("HTTP {}, {}", self.status, said.join(": ")) }
    }

    /// The same, as trouble that may pass.
    pub fn passing(&self) -> Passing {
        Passing { detail: self.detail(), throttled: self.kind() == Kind::Throttled, wait: self.wait }
    }

    /// The gap where the zip is encrypted with a customer's key.
    pub fn key_gap(&self, about: About<'_>, key: Option<&str>) -> Gap {
        let detail = match key {
            Some(key) => format!("{}; the zip is encrypted with {key}", self.detail()),
            None => self.detail(),
        };
        let next_step = "Let this caller use the key (kms:Decrypt, in its key policy too), and see that the key is enabled.";
        about.gap(GapReason::Denied { action: "kms:Decrypt".into() }, detail, next_step)
    }

    /// The gap where the login, not the right, is what is wrong.
    pub fn login_gap(&self, about: About<'_>) -> Gap {
        about.gap(GapReason::Unreachable, self.detail(), "Log in again: AWS does not take these credentials.")
    }

    /// The gap for an answer that this version knows nothing better to say of.
    pub fn other_gap(&self, about: About<'_>) -> Gap {
        if self.code.is_empty() {
            return about.gap(
                GapReason::Unreachable,
                self.detail(),
                "Look at the proxy between here and AWS: AWS itself would have said what is wrong.",
            );
        }
        let reason = GapReason::ServiceError { code: self.code.clone() };
        about.gap(reason, self.detail(), "Look the error code up in the documentation of the service, and scan again.")
    }
}

/// An error of the SDK before there was an answer, in words.
pub(super) fn unanswered<E: std::error::Error + 'static>(error: &SdkError<E, HttpResponse>) -> String {
    let what = match error {
        SdkError::TimeoutError(_) => "no answer in time",
        SdkError::DispatchFailure(failure) if failure.is_timeout() => "no answer in time",
        SdkError::DispatchFailure(_) => "no connection",
        SdkError::ResponseError(_) => "an answer that does not read as one",
        SdkError::ConstructionFailure(_) => "the request cannot be made",
        _ => "no answer",
    };
    // The innermost cause is the one that tells: `connection refused`, `no credentials`.
    let mut cause: &dyn std::error::Error = error;
    for _ in 0..16 {
        let Some(next) = cause.source() else { break };
        cause = next;
    }
    let cause: String = cause.to_string().chars().take(MAX_MESSAGE).collect();
    if cause.contains("://") { what.into() } else { format!("{what}: {cause}") }
}

/// A code as AWS writes them; anything else is none.
fn plain(code: &str) -> String {
    let is_plain = code.len() <= MAX_CODE && code.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if is_plain { code.into() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Refusal {
        let link = Link::parse("https://example.com/key?X-Amz-Signature=9a1f0b77c2d4e6f8aa").unwrap();
        Refusal::of_link(status, body, None, &link)
    }

    #[test]
    fn each_refusal_of_a_link_is_told_apart() {
        let denied = |message: &str| format!("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>{message}</Message></Error>");
        for (status, body, kind) in [
            (403, denied("Access Denied"), Kind::Denied),
            (403, denied("Request has expired"), Kind::Expired),
            (400, "<Error><Code>ExpiredToken</Code></Error>".into(), Kind::Expired),
            (403, denied("User is not authorized to perform: kms:Decrypt on resource"), Kind::Key),
            (400, "<Error><Code>KMS.DisabledException</Code></Error>".into(), Kind::Key),
            (404, "<Error><Code>NoSuchKey</Code></Error>".into(), Kind::Deleted),
            (503, "<Error><Code>SlowDown</Code></Error>".into(), Kind::Throttled),
            (429, String::new(), Kind::Throttled),
            (502, "<html>".into(), Kind::Server),
            (404, "<html>".into(), Kind::Other),
            (407, String::new(), Kind::Other),
        ] {
            assert_eq!(of(status, &body).kind(), kind, "{status} {body}");
        }
    }

    #[test]
    fn a_message_that_repeats_the_link_is_not_shown() {
        let refusal = of(403, "<Error><Code>SignatureDoesNotMatch</Code><Message>got 9a1f0b77c2d4e6f8aa</Message></Error>");
        assert_eq!(refusal.detail(), "HTTP 403, SignatureDoesNotMatch");
        let refusal = of(403, "<Error><Code>9a1f0b77c2d4e6f8aa</Code><Message>fine</Message></Error>");
        assert_eq!(refusal.detail(), "HTTP 403, fine");
    }

    #[test]
    fn a_hostile_code_is_none() {
        assert_eq!(of(400, "<Error><Code>\u{1b}[2J</Code></Error>").code, "");
        assert_eq!(of(400, "<Code><Code></Code>").code, "");
        assert_eq!(of(400, &format!("<Code>{}</Code>", "A".repeat(65))).code, "");
    }
}

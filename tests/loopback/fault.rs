//! What goes wrong, and when.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::{StreamExt, stream};

use super::reply::{Protocol, Refusal, Reply};

/// Something that goes wrong: where, when, and how. Made by [`Fault::on`].
#[derive(Clone, Debug)]
pub struct Fault {
    api: String,
    account: Option<String>,
    region: Option<String>,
    about: Option<String>,
    /// Of the calls that match, counted from 1; `None`: each.
    calls: Option<std::ops::RangeInclusive<usize>>,
    wrong: Wrong,
    /// Calls that matched so far.
    matched: usize,
}

/// How it goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Wrong {
    /// As IAM denies the action, in AWS's words.
    AccessDenied,
    /// `TooManyRequestsException` or `ThrottlingException`, with `Retry-After` where seconds are given.
    Throttled(Option<u64>),
    /// A 5xx of this status.
    ServerError(u16),
    /// What is asked for does not exist.
    NotFound,
    /// The credentials, link or registry token has expired.
    ExpiredToken,
    /// Another error: status, code, message.
    Error(u16, String, String),
    /// No answer ever comes.
    Hang,
    /// The connection breaks after half of the body.
    Reset,
    /// Half of the body, under a `Content-Length` that agrees: nothing but the contents tells.
    Truncated,
    /// The last byte is another; length and status are right.
    OtherBytes,
    /// The right body, this many bytes at a time with this pause between.
    Drip(usize, Duration),
    /// 200 and something that is no JSON, XML or zip.
    Garbage,
    /// A page whose marker leads to itself.
    MarkerLoop,
    /// A body without an end.
    Endless,
    /// 307 to this address.
    Redirect(String),
}

/// A fault under construction, which lacks what goes wrong.
#[derive(Clone, Debug)]
pub struct FaultOn {
    api: String,
    account: Option<String>,
    region: Option<String>,
    about: Option<String>,
    calls: Option<std::ops::RangeInclusive<usize>>,
}

impl Fault {
    /// A fault of an API as the [`super::Log`] names it: `lambda:GetFunction`, `download`, `registry:blob`, `sts:AssumeRole`.
    pub fn on(api: &str) -> FaultOn {
        FaultOn { api: api.into(), account: None, region: None, about: None, calls: None }
    }

    /// What goes wrong with this call, if anything. Counts the call.
    pub fn strikes(&mut self, api: &str, account: &str, region: &str, subject: &str) -> Option<Wrong> {
        let matches = self.api == api
            && self.account.as_deref().is_none_or(|a| a == account)
            && self.region.as_deref().is_none_or(|r| r == region)
            && self.about.as_deref().is_none_or(|part| subject.contains(part));
        if !matches {
            return None;
        }
        self.matched += 1;
        self.calls.as_ref().is_none_or(|calls| calls.contains(&self.matched)).then(|| self.wrong.clone())
    }
}

impl FaultOn {
    /// Only calls of this account.
    pub fn in_account(self, account: &str) -> Self {
        Self { account: Some(account.into()), ..self }
    }

    /// Only calls to this region.
    pub fn in_region(self, region: &str) -> Self {
        Self { region: Some(region.into()), ..self }
    }

    /// Only calls about a subject that contains `part`: a function's name, an ARN, a blob's path.
    pub fn about(self, part: &str) -> Self {
        Self { about: Some(part.into()), ..self }
    }

    /// Only the `n`th call that matches, from 1.
    pub fn nth(self, n: usize) -> Self {
        Self { calls: Some(n..=n), ..self }
    }

    /// Only the first `n` calls that match.
    pub fn first(self, n: usize) -> Self {
        Self { calls: Some(1..=n), ..self }
    }

    /// All calls that match but the first `n`.
    pub fn after(self, n: usize) -> Self {
        Self { calls: Some(n + 1..=usize::MAX), ..self }
    }

    /// How it goes wrong.
    pub fn goes(self, wrong: Wrong) -> Fault {
        Fault { api: self.api, account: self.account, region: self.region, about: self.about, calls: self.calls, wrong, matched: 0 }
    }

    /// [`Wrong::AccessDenied`].
    pub fn denies(self) -> Fault {
        self.goes(Wrong::AccessDenied)
    }

    /// [`Wrong::Throttled`].
    pub fn throttles(self, retry_after: Option<u64>) -> Fault {
        self.goes(Wrong::Throttled(retry_after))
    }
}

impl Wrong {
    /// The error that stands in for the answer, in AWS's words; `None` where the answer itself is bent or never comes.
    pub fn refusal(&self, protocol: Protocol, principal: &str, api: &str, resource: &str) -> Option<Refusal> {
        let (status, code, message) = match (self, protocol) {
            (Self::AccessDenied, Protocol::RestJson | Protocol::Json11) => {
                let action = action(api);
                let message = format!(
                    "User: {principal} is not authorized to perform: {action} on resource: {resource} because no identity-based policy \
                     allows the {action} action"
                );
                (if protocol == Protocol::RestJson { 403 } else { 400 }, "AccessDeniedException", message)
            }
            (Self::AccessDenied, Protocol::Query) => {
                (403, "AccessDenied", format!("User: {principal} is not authorized to perform: {api} on resource: {resource}"))
            }
            (Self::AccessDenied, Protocol::S3) => (403, "AccessDenied", "Access Denied".into()),
            (Self::AccessDenied, Protocol::Registry) => {
                let message = format!("User: {principal} is not authorized to perform: ecr:BatchGetImage on resource: {resource}");
                (403, "DENIED", message)
            }
            (Self::Throttled(_), Protocol::RestJson) => (429, "TooManyRequestsException", "Rate exceeded".into()),
            (Self::Throttled(_), Protocol::Json11 | Protocol::Query) => (400, "ThrottlingException", "Rate exceeded".into()),
            (Self::Throttled(_), Protocol::S3) => (503, "SlowDown", "Please reduce your request rate.".into()),
            (Self::Throttled(_), Protocol::Registry) => (429, "TOOMANYREQUESTS", "Rate exceeded".into()),
            (Self::ServerError(status), Protocol::RestJson) => {
                (*status, "ServiceException", "An error occurred and the request cannot be processed.".into())
            }
            (Self::ServerError(status), Protocol::Json11) => (*status, "ServerException", "Internal failure".into()),
            (Self::ServerError(status), Protocol::Query) => (*status, "InternalFailure", "Internal failure".into()),
            (Self::ServerError(status), Protocol::S3) => {
                (*status, "InternalError", "We encountered an internal error. Please try again.".into())
            }
            (Self::ServerError(status), Protocol::Registry) => (*status, "UNKNOWN", "Internal failure".into()),
            (Self::NotFound, Protocol::RestJson) => (404, "ResourceNotFoundException", "The resource you requested does not exist.".into()),
            (Self::NotFound, Protocol::Json11) => {
                (400, "RepositoryNotFoundException", format!("The repository with name '{resource}' does not exist"))
            }
            (Self::NotFound, Protocol::Query) => (404, "NoSuchEntity", "It does not exist.".into()),
            (Self::NotFound, Protocol::S3) => (404, "NoSuchKey", "The specified key does not exist.".into()),
            (Self::NotFound, Protocol::Registry) => (404, "NOT_FOUND", "404 page not found".into()),
            (Self::ExpiredToken, Protocol::S3) => (403, "AccessDenied", "Request has expired".into()),
            (Self::ExpiredToken, Protocol::Registry) => {
                (403, "DENIED", "Your authorization token has expired. Reauthenticate and try again.".into())
            }
            (Self::ExpiredToken, Protocol::RestJson) => (403, "ExpiredTokenException", EXPIRED.into()),
            (Self::ExpiredToken, Protocol::Json11) => (400, "ExpiredTokenException", EXPIRED.into()),
            (Self::ExpiredToken, Protocol::Query) => (403, "ExpiredToken", EXPIRED.into()),
            (Self::Error(status, code, message), _) => (*status, code.as_str(), message.clone()),
            (
                Self::Hang
                | Self::Reset
                | Self::Truncated
                | Self::OtherBytes
                | Self::Drip(..)
                | Self::Garbage
                | Self::MarkerLoop
                | Self::Endless
                | Self::Redirect(_),
                _,
            ) => return None,
        };
        let refusal = Refusal::new(status, code, message);
        Some(match self {
            Self::Throttled(retry_after) => Refusal { retry_after: *retry_after, ..refusal },
            _ => refusal,
        })
    }

    /// A right answer, bent.
    pub fn bend(&self, reply: Reply) -> (Reply, Body) {
        let Reply { mut status, mut headers, body } = reply;
        let half = body.slice(..body.len() / 2);
        let body = match self {
            Self::Truncated => Body::from(half),
            Self::OtherBytes => {
                let mut bytes = body.to_vec();
                if let Some(last) = bytes.last_mut() {
                    *last ^= 0x20;
                }
                Body::from(bytes)
            }
            Self::Reset => {
                headers.push(("content-length", body.len().max(1).to_string()));
                break_after(half)
            }
            Self::Drip(bytes, pause) => {
                headers.push(("content-length", body.len().to_string()));
                drip(body, (*bytes).max(1), *pause)
            }
            Self::Garbage => Body::from(&b"<!doctype html><p>It works!</p>"[..]),
            Self::Endless => Body::from_stream(stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[b' '; 65536])))),
            Self::Redirect(to) => {
                status = 307;
                headers.push(("location", to.clone()));
                Body::empty()
            }
            Self::Hang
            | Self::MarkerLoop
            | Self::AccessDenied
            | Self::Throttled(_)
            | Self::ServerError(_)
            | Self::NotFound
            | Self::ExpiredToken
            | Self::Error(..) => Body::from(body),
        };
        (Reply { status, headers, body: Bytes::new() }, body)
    }
}

const EXPIRED: &str = "The security token included in the request is expired";

/// The IAM action of a call: one for both ways to ask for a layer version.
fn action(api: &str) -> &str {
    if api == "lambda:GetLayerVersionByArn" { "lambda:GetLayerVersion" } else { api }
}

/// The bytes, a moment for them to leave, and then the connection is closed.
fn break_after(bytes: Bytes) -> Body {
    let broken = stream::once(async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(io::Error::new(io::ErrorKind::ConnectionReset, "a fault of the loopback AWS"))
    });
    Body::from_stream(stream::iter([Ok(bytes)]).chain(broken))
}

fn drip(body: Bytes, bytes: usize, pause: Duration) -> Body {
    Body::from_stream(stream::unfold(body, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(pause).await;
        let piece = rest.split_to(bytes.min(rest.len()));
        Some((Ok::<_, Infallible>(piece), rest))
    }))
}

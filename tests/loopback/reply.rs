//! Answers and errors in the shapes of AWS's protocols.

use axum::body::Bytes;
use serde_json::{Value, json};

/// An HTTP answer, whole.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
}

/// How a service words its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Lambda, Account Management.
    RestJson,
    /// ECR.
    Json11,
    /// STS.
    Query,
    /// S3, and what stands behind presigned links.
    S3,
    /// The OCI distribution API.
    Registry,
}

/// An error as a service answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: String,
    pub message: String,
    /// Seconds, in the header `Retry-After`.
    pub retry_after: Option<u64>,
}

impl Reply {
    /// 200 with JSON.
    pub fn json(value: &Value) -> Self {
        Self::of(200, "application/json", value.to_string())
    }

    /// An answer of this type.
    pub fn of(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: vec![("content-type", content_type.into())], body: body.into() }
    }

    /// With a header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl Refusal {
    /// A refusal.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), retry_after: None }
    }

    /// An error that a snapshot recorded, with the status that the real service gives it.
    pub fn recorded(protocol: Protocol, code: &str, message: &str) -> Self {
        let status = match (protocol, code) {
            (Protocol::Json11 | Protocol::Query, _) => 400,
            (_, "AccessDeniedException" | "AccessDenied" | "ExpiredTokenException") => 403,
            (_, code) if code.ends_with("NotFoundException") => 404,
            (_, "TooManyRequestsException" | "ThrottlingException") => 429,
            (_, "ServiceException" | "InternalServerException") => 500,
            (Protocol::RestJson | Protocol::S3 | Protocol::Registry, _) => 400,
        };
        Self::new(status, code, message)
    }

    /// The answer in the words of `protocol`.
    pub fn reply(&self, protocol: Protocol) -> Reply {
        let Self { status, code, message, .. } = self;
        let reply = match protocol {
            // Lambda writes `Message`, except for throttling.
            Protocol::RestJson => {
                let body = match code.as_str() {
                    "TooManyRequestsException" => json!({"Reason": "CallerRateLimitExceeded", "Type": "User", "message": message}),
                    "AccessDeniedException" | "ExpiredTokenException" => json!({"Message": message}),
                    _ => json!({"Type": if *status < 500 { "User" } else { "Service" }, "Message": message}),
                };
                Reply::of(*status, "application/json", body.to_string()).header("x-amzn-errortype", code)
            }
            Protocol::Json11 => {
                let body = json!({"__type": code, "message": message});
                Reply::of(*status, "application/x-amz-json-1.1", body.to_string())
            }
            Protocol::Query => {
                let body = format!(
                    "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    <Type>Sender</Type>\n    \
                     <Code>{code}</Code>\n    <Message>{}</Message>\n  </Error>\n  <RequestId>{REQUEST_ID}</RequestId>\n</ErrorResponse>\n",
                    xml(message)
                );
                Reply::of(*status, "text/xml", body)
            }
            Protocol::S3 => {
                let body = format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{}</Message>\
                     <RequestId>{REQUEST_ID}</RequestId><HostId>loopback</HostId></Error>",
                    xml(message)
                );
                Reply::of(*status, "application/xml", body)
            }
            Protocol::Registry => {
                let body = json!({"errors": [{"code": code, "message": message}]});
                Reply::of(*status, "application/json; charset=utf-8", body.to_string())
            }
        };
        match self.retry_after {
            Some(seconds) => reply.header("retry-after", seconds.to_string()),
            None => reply,
        }
    }
}

/// What stands in every answer's `x-amzn-requestid`.
pub const REQUEST_ID: &str = "7c1e0a52-94bd-4d3f-8a66-0b5f2e9d1c34";

/// Text for XML.
pub fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

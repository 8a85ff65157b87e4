//! A request, taken apart, and who asks: both from the SigV4 header, as AWS does it.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::request::Parts;

use super::fault::Wrong;
use super::reply::{Refusal, Reply};
use super::server::Aws;

/// A request.
pub struct Ask {
    pub method: String,
    /// From the request's own address, as a proxy gets it, or the header `Host`.
    pub host: String,
    /// Segments of the path, decoded, without the empty one that a last slash makes.
    pub path: Vec<String>,
    /// Of the query string, decoded.
    pub query: BTreeMap<String, String>,
    /// The same with what stands there several times, in its order.
    pub pairs: Vec<(String, String)>,
    pub headers: BTreeMap<String, String>,
    pub body: Bytes,
}

/// Who signed a request, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub access_key: String,
    pub account: String,
    pub region: String,
    /// `lambda`, `ecr`, `sts`, `account`, `s3`, `signer`.
    pub service: String,
}

/// A request that was understood: what it is in the log, what faults see, and how it is answered where none strikes.
pub struct Called {
    /// `lambda:GetFunction`, `download`, `registry:blob`.
    pub api: &'static str,
    /// Function name, ARN, repository, path of a blob; empty for a listing.
    pub subject: String,
    pub answer: Answer,
}

/// Makes the answer. A fault that bends an answer, and does not replace it, is handed in.
pub type Answer = Box<dyn FnOnce(&Aws, Option<&Wrong>) -> Result<Reply, Refusal> + Send>;

impl Called {
    /// A call.
    pub fn new(
        api: &'static str,
        subject: impl Into<String>,
        answer: impl FnOnce(&Aws, Option<&Wrong>) -> Result<Reply, Refusal> + Send + 'static,
    ) -> Self {
        Self { api, subject: subject.into(), answer: Box::new(answer) }
    }
}

impl Ask {
    /// Takes a request apart.
    pub fn new(parts: &Parts, body: Bytes) -> Self {
        let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let headers: BTreeMap<String, String> = headers.collect();
        let host = parts.uri.authority().map(ToString::to_string).or_else(|| headers.get("host").cloned());
        Self {
            method: parts.method.to_string(),
            host: host.unwrap_or_default(),
            path: parts.uri.path().split('/').filter(|s| !s.is_empty()).map(|s| decode(s, false)).collect(),
            query: form(parts.uri.query().unwrap_or_default()),
            pairs: pairs(parts.uri.query().unwrap_or_default()).collect(),
            headers,
            body,
        }
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The path's segments.
    pub fn segments(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// The body as `application/x-www-form-urlencoded`.
    pub fn form(&self) -> BTreeMap<String, String> {
        form(&String::from_utf8_lossy(&self.body))
    }

    /// Who signed it; `None` where nobody did.
    pub fn caller(&self) -> Option<Caller> {
        // AWS4-HMAC-SHA256 Credential=AKID/20261102/eu-west-1/lambda/aws4_request, SignedHeaders=…, Signature=…
        let header = self.headers.get("authorization")?.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let scope = header.split(", ").find_map(|part| part.trim().strip_prefix("Credential="))?;
        let [access_key, _date, region, service, "aws4_request"] = scope.split('/').collect::<Vec<_>>()[..] else { return None };
        let account = access_key.get(4..16)?.to_owned();
        Some(Caller { access_key: access_key.into(), account, region: region.into(), service: service.into() })
    }
}

/// The partition of a region.
pub fn partition(region: &str) -> &'static str {
    match region {
        r if r.starts_with("cn-") => "aws-cn",
        r if r.starts_with("us-gov-") => "aws-us-gov",
        r if r.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
}

fn form(text: &str) -> BTreeMap<String, String> {
    pairs(text).collect()
}

fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name, true), decode(value, true)))
}

/// Percent-decoded; in forms and queries a plus is a blank.
fn decode(text: &str, plus: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
                continue;
            }
            (b'+', _) if plus => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

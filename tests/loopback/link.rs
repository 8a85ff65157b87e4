//! Links that look presigned, and the bytes behind them.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use layerproof::model::digest::Digest;

use super::SECRET_IN_LINK;
use super::ask::{Ask, Called};
use super::reply::{Refusal, Reply};
use super::server::{Aws, lock};

/// The links that were handed out.
#[derive(Default)]
pub struct Links(Mutex<Vec<Link>>);

#[derive(Clone)]
struct Link {
    /// Of the bytes, below the snapshot.
    path: String,
    account: String,
    region: String,
    issued: Instant,
    expired: bool,
}

/// How long a link lives, as AWS says (`Content.Location`: "valid for 10 minutes").
const TEN_MINUTES: Duration = Duration::from_secs(600);

impl Links {
    /// A link to the bytes at `path` for this account and region.
    pub fn issue(&self, aws: &Aws, host: &str, path: &str, account: &str, region: &str) -> String {
        let mut links = lock(&self.0);
        let expired = links.len() < aws.settings.expired_links;
        links.push(Link { path: path.into(), account: account.into(), region: region.into(), issued: Instant::now(), expired });
        let number = links.len() - 1;
        let port = aws.address.port();
        format!(
            "http://{host}:{port}/download/snapshots/{account}/{number:06}-9d41c7\
             ?versionId=loopback.{number}&X-Amz-Security-Token={SECRET_IN_LINK}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261102T054000Z\
             &X-Amz-SignedHeaders=host&X-Amz-Expires=600&X-Amz-Credential=ASIA{account}LINK%2F20261102%2F{region}%2Fs3%2Faws4_request\
             &X-Amz-Signature={SECRET_IN_LINK}"
        )
    }

    fn find(&self, ask: &Ask) -> Option<Link> {
        let number: usize = ask.path.last()?.split('-').next()?.parse().ok()?;
        lock(&self.0).get(number).cloned()
    }
}

/// True where a request follows a link.
pub fn is_link(ask: &Ask) -> bool {
    ask.path.first().is_some_and(|first| first == "download")
}

/// A request that follows a link, and for which account and region the link was made.
pub fn route(aws: &Aws, ask: &Ask) -> ((String, String), Result<Called, Refusal>) {
    let Some(link) = aws.links.find(ask) else {
        return (Default::default(), Err(Refusal::new(403, "AccessDenied", "Access Denied")));
    };
    let lives = aws.settings.links_live_for.unwrap_or(TEN_MINUTES);
    let expired = link.expired || link.issued.elapsed() > lives;
    let whole_query =
        ["X-Amz-Signature", "X-Amz-Security-Token"].iter().all(|name| ask.query.get(*name).is_some_and(|v| v == SECRET_IN_LINK));
    let signed = ask.headers.contains_key("authorization");
    let (method, wanted) = (ask.method.clone(), Wanted::of(ask));
    let path = link.path.clone();
    let called = Called::new("download", link.path, move |aws, _| {
        if signed {
            // S3 in its own words; what matters is that nobody sends credentials to where a link leads.
            return Err(Refusal::new(400, "InvalidArgument", "Only one auth mechanism allowed"));
        }
        if !whole_query || method != "GET" {
            let message = "The request signature we calculated does not match the signature you provided.";
            return Err(Refusal::new(403, "SignatureDoesNotMatch", message));
        }
        if expired {
            return Err(Refusal::new(403, "AccessDenied", "Request has expired"));
        }
        let bytes = aws.fleet.file(&path).ok_or_else(|| Refusal::new(404, "NoSuchKey", "The specified key does not exist."))?;
        wanted.reply(bytes, "application/zip")
    });
    ((link.account, link.region), Ok(called))
}

/// The part of some bytes that a request asks for (RFC 9110 sections 13 and 14).
#[derive(Clone)]
pub struct Wanted {
    range: String,
    if_range: String,
    if_match: String,
}

impl Wanted {
    /// From the headers.
    pub fn of(ask: &Ask) -> Self {
        let header = |name: &str| ask.header(name).to_owned();
        Self { range: header("range"), if_range: header("if-range"), if_match: header("if-match") }
    }

    /// All of `bytes`, or the part, with an ETag.
    pub fn reply(&self, bytes: Bytes, content_type: &str) -> Result<Reply, Refusal> {
        let etag = format!("\"{}\"", &Digest::of(&bytes).hex()[..32]);
        if !["", "*", &etag].contains(&self.if_match.as_str()) {
            let message = "At least one of the pre-conditions you specified did not hold";
            return Err(Refusal::new(412, "PreconditionFailed", message));
        }
        // A range of something that has changed since is of no use: all of it.
        let same = ["", &etag].contains(&self.if_range.as_str());
        let total = bytes.len();
        let reply = match parse_range(&self.range, total).filter(|_| same) {
            None => Reply::of(200, content_type, bytes),
            Some((start, end)) if start < total && start <= end => {
                let part = bytes.slice(start..=end.min(total - 1));
                let shown = format!("bytes {start}-{}/{total}", start + part.len() - 1);
                Reply::of(206, content_type, part).header("content-range", shown)
            }
            Some(_) => return Err(Refusal::new(416, "InvalidRange", "The requested range is not satisfiable")),
        };
        Ok(reply.header("etag", etag).header("accept-ranges", "bytes").header("last-modified", "Mon, 02 Nov 2026 05:40:00 GMT"))
    }
}

/// First and last byte of `bytes=A-`, `bytes=A-B` and `bytes=-N`.
fn parse_range(range: &str, total: usize) -> Option<(usize, usize)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) => Some((first, last)),
        (Ok(first), Err(_)) => Some((first, usize::MAX)),
        (Err(_), Ok(last)) => Some((total.saturating_sub(last), usize::MAX)),
        (Err(_), Err(_)) => None,
    }
}

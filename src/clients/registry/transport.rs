//! One GET of a registry: a login that goes nowhere else, and bodies with a limit.

use std::time::Duration;

use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LINK, RANGE, RETRY_AFTER, WWW_AUTHENTICATE,
};
use reqwest::{Client, Response, Url};

use super::RegistryError;
use super::endpoint::Endpoint;
use super::tokens::Authorization;
use crate::clients::Online;
use crate::clients::http::body::{NoBody, beginning, whole};
use crate::clients::http::{Http, NoAnswer, Patience, follow, retry_after, words};

/// Bytes of a `WWW-Authenticate` or `Link` header that are looked at.
pub(super) const HEADER_BYTES: usize = 8 << 10;

/// Asks registries with the clients of the run.
#[derive(Clone, Copy)]
pub(super) struct Transport<'a> {
    pub online: &'a Online,
}

/// What a GET carries beside its address.
#[derive(Default, Clone, Copy)]
pub(super) struct Question<'a> {
    pub accept: &'a str,
    pub authorization: Option<&'a Authorization>,
    /// First byte wanted.
    pub from: u64,
}

/// A small answer.
pub(super) struct Answer {
    pub url: Url,
    pub content_type: String,
    /// Every `Link` header: any of them may name the next page.
    pub links: Vec<HeaderValue>,
    pub filtered: bool,
    pub body: Vec<u8>,
}

impl<'a> Transport<'a> {
    pub fn patience(self) -> &'a Patience {
        self.online.patience()
    }

    /// The clients of the common runtime.
    pub fn http(self) -> Result<&'a Http, RegistryError> {
        self.online.http().map_err(|error| RegistryError::Unreachable { detail: error.to_string() })
    }

    /// Another client, for another runtime.
    pub fn another(self, endpoint: &Endpoint) -> Result<Client, RegistryError> {
        self.http()?.another(&endpoint.base).map_err(|error| RegistryError::Unreachable { detail: error.to_string() })
    }

    /// Asks, follows redirects, and gives the answer with status 200 or 206, its body unread.
    pub async fn get(self, http: &Client, endpoint: &Endpoint, url: Url, question: Question<'_>) -> Result<Response, RegistryError> {
        let answered = follow(http, url, &endpoint.base, |mut request, url| {
            if !question.accept.is_empty() {
                request = request.header(ACCEPT, question.accept);
            }
            if question.from > 0 {
                request = request.header(RANGE, format!("bytes={}-", question.from));
            }
            // distribution-spec: "MUST NOT forward Authorization headers across host boundaries"; CVE-2020-15157.
            match question.authorization.filter(|_| endpoint.is_at(url)) {
                Some(authorization) => request.header(AUTHORIZATION, authorization.header()),
                None => request,
            }
        });
        let response = answered.await.map_err(|error| match error {
            NoAnswer::Failed(error) => unreachable(error),
            NoAnswer::Redirect { to, why } => RegistryError::Redirect { detail: format!("{to}: {why}") },
        })?;
        if is_page_beside_ghcr(&endpoint.base, response.url()) {
            return Err(RegistryError::NoSuchAddress { detail: "GHCR led to a page of github.com".into() });
        }
        match response.status().as_u16() {
            200 | 206 => Ok(response),
            status => Err(self.refusal(response, status, endpoint).await),
        }
    }

    /// Asks for a small answer, of which more than `limit` bytes are an error that is named `name`.
    pub async fn small(
        self,
        endpoint: &Endpoint,
        url: Url,
        question: Question<'_>,
        limit: u64,
        name: &'static str,
    ) -> Result<Answer, RegistryError> {
        let whole = async {
            let response = self.get(self.http()?.client(&endpoint.base), endpoint, url, question).await?;
            let headers = response.headers();
            let (content_type, links) = (text(headers, &CONTENT_TYPE), headers.get_all(LINK).iter().cloned().collect());
            let filtered = headers.contains_key("oci-filters-applied");
            let url = response.url().clone();
            Ok(Answer { url, content_type, links, filtered, body: body(response, limit, name).await? })
        };
        let time = self.patience().answer;
        tokio::time::timeout(time, whole)
            .await
            .unwrap_or_else(|_| Err(RegistryError::Unreachable { detail: format!("no whole answer within {time:?}") }))
    }

    async fn refusal(self, response: Response, status: u16, endpoint: &Endpoint) -> RegistryError {
        let headers = response.headers();
        let content_type = text(headers, &CONTENT_TYPE);
        let after: Option<Duration> = header(headers, &RETRY_AFTER).and_then(|value| retry_after(&value));
        let challenge = header(headers, &WWW_AUTHENTICATE).filter(|_| endpoint.is_at(response.url()));
        let beginning = beginning(response, self.patience().answer).await;
        RegistryError::of(status, &content_type, &beginning, after, challenge)
    }
}

/// The whole body, at most `limit` bytes of it.
pub(super) async fn body(response: Response, limit: u64, name: &'static str) -> Result<Vec<u8>, RegistryError> {
    whole(response, limit).await.map_err(|error| match error {
        NoBody::TooLarge => RegistryError::TooLarge { limit: name, detail: format!("more than {limit} bytes") },
        NoBody::Failed(error) => unreachable(error),
    })
}

/// GHCR has no referrers API: it sends whoever asks on to a page of github.com, which answers with anything (one source: issue 4785 of
/// artifacthub/hub). That page says nothing of what the registry has.
fn is_page_beside_ghcr(asked: &Url, answered: &Url) -> bool {
    asked.host_str() == Some("ghcr.io") && answered.host_str() == Some("github.com")
}

/// What went wrong on the way.
pub(super) fn unreachable(error: reqwest::Error) -> RegistryError {
    RegistryError::Unreachable { detail: words(error, None) }
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    (value.len() <= HEADER_BYTES).then(|| value.to_owned())
}

fn text(headers: &HeaderMap, name: &HeaderName) -> String {
    let value = header(headers, name).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ghcr_and_only_a_page_of_github_is_no_answer_of_the_registry() {
        let is_page = |asked: &str, answered: &str| is_page_beside_ghcr(&asked.parse().unwrap(), &answered.parse().unwrap());
        assert!(is_page("https://ghcr.io/", "https://github.com/-/v2/packages/container/x/referrers/y"));
        for (asked, answered) in [
            ("https://ghcr.io/", "https://ghcr.io/v2/x/referrers/y"),
            ("https://ghcr.io/", "https://pkg-containers.githubusercontent.com/ghcr1/blobs/x"),
            ("https://ghcr.io/", "https://github.com.example.org/"),
            ("https://ghcr.io.example.org/", "https://github.com/"),
            ("https://registry.example.org/", "https://github.com/"),
        ] {
            assert!(!is_page(asked, answered), "{asked} {answered}");
        }
    }
}

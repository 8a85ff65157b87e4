//! What refers to an image: distribution-spec 1.1, "Listing Referrers".

use std::collections::BTreeSet;

use reqwest::Url;
use reqwest::header::HeaderValue;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::endpoint::Endpoint;
use super::transport::HEADER_BYTES;
use super::{RegistryError, Repository};
use crate::model::digest::ClaimedDigest;

/// Pages of one list.
const REFERRER_PAGES: usize = 16;

/// Referrers of one image. A build has a handful.
pub(super) const REFERRERS: usize = 256;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A manifest that says that it is about the image, as the registry lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Referrer {
    /// Media type of the manifest.
    #[serde(default)]
    pub media_type: String,
    /// Its digest.
    pub digest: String,
    /// Its size, bytes.
    pub size: u64,
    /// What it is, where the registry says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Its annotations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Map<String, Value>>,
}

/// The registry's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Referrers {
    /// These, and no others.
    Listed(Vec<Referrer>),
    /// The registry has no referrers API; the tag `sha256-HEX` may hold the list.
    NoApi,
}

impl Repository<'_> {
    /// What refers to `digest`.
    ///
    /// # Errors
    /// Whatever is neither a list nor a 404: it is then unknown what refers to the image.
    pub async fn referrers(&self, digest: &ClaimedDigest) -> Result<Referrers, RegistryError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Index {
            schema_version: u64,
            media_type: Option<String>,
            manifests: Vec<Referrer>,
        }
        let endpoint = self.endpoint()?;
        let malformed = |detail: String| RegistryError::Malformed { detail: format!("the list of referrers: {detail}") };
        let too_many = |detail: String| RegistryError::TooLarge { limit: "referrers", detail };
        let mut next = Some(endpoint.address(&["referrers", &digest.to_string()])?);
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        while let Some(url) = next {
            if !seen.insert(url.to_string()) {
                return Err(malformed("its pages go round in a circle".into()));
            }
            if seen.len() > REFERRER_PAGES {
                return Err(too_many(format!("more than {REFERRER_PAGES} pages")));
            }
            let answer = match self.ask(url, INDEX, "referrers_bytes").await {
                Ok(answer) => answer,
                Err(RegistryError::NoSuchAddress { .. } | RegistryError::Absent { .. }) if found.is_empty() && seen.len() == 1 => {
                    return Ok(Referrers::NoApi);
                }
                Err(error) => return Err(error),
            };
            // No filter was asked for, so one that was applied leaves out what was not to be left out.
            if answer.filtered {
                return Err(malformed("the registry filtered it, unasked".into()));
            }
            let index: Index = serde_json::from_slice(&answer.body).map_err(|e| malformed(e.to_string()))?;
            if index.schema_version != 2 || index.media_type.is_some_and(|media_type| media_type != INDEX) {
                return Err(malformed("it is no OCI image index".into()));
            }
            found.extend(index.manifests);
            if found.len() > REFERRERS {
                return Err(too_many(format!("more than {REFERRERS} referrers")));
            }
            next = next_page(&answer.links, &answer.url, &endpoint)?;
        }
        Ok(Referrers::Listed(found))
    }
}

/// `Link: <…>; rel="next"` (RFC 8288), on the registry's own host only. What cannot be read may name a page.
fn next_page(links: &[HeaderValue], from: &Url, endpoint: &Endpoint) -> Result<Option<Url>, RegistryError> {
    let malformed = |detail: String| RegistryError::Malformed { detail: format!("the next page of referrers: {detail}") };
    for link in links {
        let link = link.to_str().ok().filter(|link| link.len() <= HEADER_BYTES);
        let link = link.ok_or_else(|| malformed("its header is no text, or too long".into()))?;
        let target = link.split(',').find_map(|part| {
            let (target, parameters) = part.trim().strip_prefix('<')?.split_once('>')?;
            is_next(parameters).then_some(target)
        });
        let Some(target) = target else {
            // A header that is there and not understood may have named a page.
            if link.to_ascii_lowercase().contains("next") {
                return Err(malformed("not understood".into()));
            }
            continue;
        };
        let url = from.join(target).map_err(|e| malformed(e.to_string()))?;
        return if endpoint.is_at(&url) { Ok(Some(url)) } else { Err(malformed("it is on another host".into())) };
    }
    Ok(None)
}

/// RFC 8288 §3.3: `rel` holds one relation or several, and neither it nor they are told apart by case.
fn is_next(parameters: &str) -> bool {
    parameters.split(';').filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
        let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
        name.trim().eq_ignore_ascii_case("rel") && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
    })
}

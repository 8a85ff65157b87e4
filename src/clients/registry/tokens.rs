//! What stands in `Authorization`: one per repository, thrown away before it ends and when the registry refuses it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Response, Url};
use serde::Deserialize;

use super::challenge::{Challenge, realm};
use super::endpoint::Endpoint;
use super::login::RegistryLogin;
use super::retry::Attempts;
use super::transport::{Question, body, unreachable};
use super::{RegistryError, Repository};

/// Bytes of a token service's answer.
const TOKEN_BYTES: u64 = 256 << 10;

/// Seconds that a token lives where its service does not say (Docker's token specification).
const TOKEN_SECONDS: u64 = 60;

/// Seconds for which a token is kept at most, whatever its service says.
const LONGEST_TOKEN_SECONDS: u64 = 3_600;

/// Registries and repositories of one run.
#[derive(Default)]
pub(super) struct Tokens {
    held: Mutex<BTreeMap<String, Arc<Slot>>>,
}

type Slot = tokio::sync::Mutex<State>;

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// What the registry asked for when it refused.
    challenge: Option<Challenge>,
}

struct Held {
    authorization: Option<Authorization>,
    until: Option<Instant>,
}

/// A value of `Authorization`. Never shown.
#[derive(Clone)]
pub struct Authorization {
    value: HeaderValue,
    number: u64,
}

impl Authorization {
    fn new(text: &str) -> Result<Self, RegistryError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let mut value = HeaderValue::from_str(text)
            .map_err(|_| RegistryError::Login { detail: "the login has characters that no header takes".into() })?;
        value.set_sensitive(true);
        Ok(Self { value, number: NUMBER.fetch_add(1, Ordering::Relaxed) })
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.value.clone()
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorization(..)")
    }
}

impl Repository<'_> {
    /// What is to be sent, as held or as had now; `None` where nothing is.
    pub(super) async fn authorization(&self) -> Result<Option<Authorization>, RegistryError> {
        let slot = self.slot()?;
        let mut state = slot.lock().await;
        let fresh = |held: &&Held| held.until.is_none_or(|until| Instant::now() < until);
        if let Some(held) = state.held.as_ref().filter(fresh) {
            return Ok(held.authorization.clone());
        }
        state.held = None;
        let endpoint = self.endpoint()?;
        let challenge = match state.challenge.clone() {
            Some(challenge) => challenge,
            None => self.ping(&endpoint).await?,
        };
        let held = self.log_in(&endpoint, &challenge).await?;
        state.challenge = Some(challenge);
        let authorization = held.authorization.clone();
        state.held = Some(held);
        Ok(authorization)
    }

    /// The registry refused `used`: it is thrown away, unless somebody else has done so meanwhile.
    pub(super) async fn renew(&self, used: Option<&Authorization>, challenge: Option<&str>) -> Result<(), RegistryError> {
        let slot = self.slot()?;
        let mut state = slot.lock().await;
        let held = state.held.as_ref().and_then(|held| held.authorization.as_ref()).map(|a| a.number);
        if held == used.map(|a| a.number) {
            state.held = None;
            if let Some(header) = challenge {
                state.challenge = Some(Challenge::parse(header));
            }
        }
        Ok(())
    }

    fn slot(&self) -> Result<Arc<Slot>, RegistryError> {
        let endpoint = self.endpoint()?;
        let who = self.asked_in.map(|place| format!("{} {} {}", place.partition, place.account, place.region)).unwrap_or_default();
        let key = format!("{} {} {} {who}", endpoint.base, self.image.registry, endpoint.repository);
        let mut held = self.registries().tokens.held.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(held.entry(key).or_default()))
    }

    /// distribution-spec, "Determining Support": `/v2/` says what login is wanted. Asked first, because some registries tell the nameless
    /// that a private repository does not exist.
    async fn ping(&self, endpoint: &Endpoint) -> Result<Challenge, RegistryError> {
        let mut url = endpoint.base.clone();
        url.set_path("/v2/");
        let transport = self.transport();
        let mut attempts = Attempts::new(transport.patience());
        loop {
            match transport.small(endpoint, url.clone(), Question::default(), TOKEN_BYTES, "token_bytes").await {
                Ok(_) => return Ok(Challenge::None),
                Err(RegistryError::Refused { challenge, .. }) => {
                    return Ok(challenge.as_deref().map_or(Challenge::None, Challenge::parse));
                }
                Err(error @ (RegistryError::Throttled { .. } | RegistryError::Unreachable { .. })) => match attempts.wait(&error) {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => return Err(error),
                },
                // A registry without this page may have the others.
                Err(_) => return Ok(Challenge::None),
            }
        }
    }

    async fn log_in(&self, endpoint: &Endpoint, challenge: &Challenge) -> Result<Held, RegistryError> {
        let nothing = Held { authorization: None, until: None };
        let (realm_text, service) = match challenge {
            Challenge::None => return Ok(nothing),
            Challenge::Basic => {
                let (login, until) = self.login().await?;
                return Ok(match login {
                    RegistryLogin::Basic { username, password } => Held { authorization: Some(basic(&username, &password)?), until },
                    RegistryLogin::Bearer(token) => Held { authorization: Some(bearer(&token)?), until },
                    RegistryLogin::IdentityToken(_) | RegistryLogin::Anonymous => nothing,
                });
            }
            Challenge::Bearer { realm, service } => (realm, service),
        };
        let (login, until) = self.login().await?;
        if let RegistryLogin::Bearer(token) = &login {
            return Ok(Held { authorization: Some(bearer(token)?), until });
        }
        let has_login = !matches!(login, RegistryLogin::Anonymous);
        let is_ecr = has_login && self.asked_in.is_some() && self.image.ecr().is_some();
        let realm = realm(realm_text, &endpoint.base, has_login, is_ecr)?;
        let transport = self.transport();
        let mut attempts = Attempts::new(transport.patience());
        loop {
            let asking = self.ask_token(endpoint, &realm, service.as_deref(), &login);
            let answered = tokio::time::timeout(transport.patience().answer, asking).await;
            match answered.unwrap_or_else(|_| Err(RegistryError::Unreachable { detail: "the token service does not answer".into() })) {
                Ok((token, seconds)) => {
                    let seconds = seconds.unwrap_or(TOKEN_SECONDS).min(LONGEST_TOKEN_SECONDS);
                    // Some way before its end, so that it does not end on the way.
                    let until = Instant::now().checked_add(Duration::from_secs(seconds.saturating_sub((seconds / 5).min(30))));
                    return Ok(Held { authorization: Some(bearer(&token)?), until });
                }
                Err(error) => match attempts.wait(&error) {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => return Err(error),
                },
            }
        }
    }

    /// Docker's token specification: GET with Basic, or POST with a refresh token (OAuth 2). No redirect is followed.
    async fn ask_token(
        &self,
        endpoint: &Endpoint,
        realm: &Url,
        service: Option<&str>,
        login: &RegistryLogin,
    ) -> Result<(String, Option<u64>), RegistryError> {
        let scope = format!("repository:{}:pull", endpoint.repository);
        let mut query = realm.clone();
        if matches!(login, RegistryLogin::IdentityToken(_)) {
            query.set_query(None);
        }
        query.query_pairs_mut().append_pair("scope", &scope).extend_pairs(service.map(|service| ("service", service)));
        let http = self.transport().http()?.client(&endpoint.base);
        let request = match login {
            RegistryLogin::IdentityToken(token) => {
                let more = [("grant_type", "refresh_token"), ("client_id", "layerproof"), ("refresh_token", token.as_str())];
                query.query_pairs_mut().extend_pairs(more);
                let form = query.query().unwrap_or_default().to_owned();
                http.post(realm.clone()).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
            }
            RegistryLogin::Basic { username, password } => http.get(query).basic_auth(username, Some(password)),
            RegistryLogin::Anonymous | RegistryLogin::Bearer(_) => http.get(query),
        };
        let response: Response = request.send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        if status != 200 {
            let body = body(response, TOKEN_BYTES, "token_bytes").await.unwrap_or_default();
            // The token service's words may quote what it was sent: only its status is kept.
            return Err(match RegistryError::of(status, "", &body, None, None) {
                RegistryError::Throttled { after, .. } => {
                    RegistryError::Throttled { detail: format!("the token service answers {status}"), after }
                }
                _ if matches!(status, 400 | 401 | 403) => {
                    RegistryError::Refused { status, detail: "the token service does not take the login".into(), challenge: None }
                }
                _ => RegistryError::Failed { status, detail: "of the token service".into(), after: None },
            });
        }
        let bytes = body(response, TOKEN_BYTES, "token_bytes").await?;
        let malformed = || RegistryError::Malformed { detail: "the token service's answer holds no token".into() };
        let answer: TokenAnswer = serde_json::from_slice(&bytes).map_err(|_| malformed())?;
        let given = |token: Option<String>| token.filter(|token| !token.is_empty());
        let token = given(answer.token).or_else(|| given(answer.access_token)).ok_or_else(malformed)?;
        Ok((token, answer.expires_in.as_u64()))
    }
}

/// Docker's token specification, "Token Response Fields"; `access_token` is OAuth 2's name for the same.
#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
    /// Seconds; anything else is as good as none.
    #[serde(default)]
    expires_in: serde_json::Value,
}

fn basic(username: &str, password: &str) -> Result<Authorization, RegistryError> {
    Authorization::new(&format!("Basic {}", BASE64.encode(format!("{username}:{password}").as_bytes())))
}

fn bearer(token: &str) -> Result<Authorization, RegistryError> {
    Authorization::new(&format!("Bearer {token}"))
}

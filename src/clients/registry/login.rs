//! Who logs in: the account's ECR session, Docker's `config.json`, Podman's `auth.json`, or nobody.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use serde::Deserialize;

use super::helper::{self, Helper};
use super::{RegistryError, Repository};

/// Bytes of a login file.
const FILE_BYTES: u64 = 4 << 20;

/// How to log in to one registry. `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub enum RegistryLogin {
    /// Not at all.
    Anonymous,
    /// With a name and a password.
    Basic {
        /// Name.
        username: String,
        /// Password, or ECR's token.
        password: String,
    },
    /// With a token that is sent as it is.
    Bearer(String),
    /// With a token that the registry's token service exchanges for others: `identitytoken` in Docker's `config.json`.
    IdentityToken(String),
}

impl fmt::Debug for RegistryLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Basic { .. } => "Basic(..)",
            Self::Bearer(_) => "Bearer(..)",
            Self::IdentityToken(_) => "IdentityToken(..)",
        })
    }
}

/// The files that hold logins, and where credential helpers are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoginFiles {
    /// `REGISTRY_AUTH_FILE`: asked first, and must be there.
    pub auth_file: Option<PathBuf>,
    /// `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`; may be missing.
    pub docker_config: Option<PathBuf>,
    /// The folder of `docker-credential-NAME`; `None`: `PATH`.
    pub helpers: Option<PathBuf>,
}

impl LoginFiles {
    /// As the environment says.
    pub fn from_env() -> Self {
        let path = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let docker = path("DOCKER_CONFIG").or_else(|| path("HOME").map(|home| home.join(".docker")));
        Self { auth_file: path("REGISTRY_AUTH_FILE"), docker_config: docker.map(|folder| folder.join("config.json")), helpers: None }
    }

    /// The login for a repository. Blocks: a credential helper may take its time.
    pub(super) fn login(&self, registry: &str, repository: &str) -> Result<RegistryLogin, RegistryError> {
        if let Some(path) = &self.auth_file {
            let file = read(path)?.ok_or_else(|| wrong(path, "REGISTRY_AUTH_FILE names it, and it is not there"))?;
            if let Some(login) = file.login(path, registry, repository, self.helpers.as_deref())? {
                return Ok(login);
            }
        }
        if let Some(path) = &self.docker_config
            && let Some(file) = read(path)?
            && let Some(login) = file.login(path, registry, repository, self.helpers.as_deref())?
        {
            return Ok(login);
        }
        Ok(RegistryLogin::Anonymous)
    }
}

impl Repository<'_> {
    /// The login, and when it has to be had anew.
    pub(super) async fn login(&self) -> Result<(RegistryLogin, Option<Instant>), RegistryError> {
        #[cfg(feature = "aws")]
        if let Some((token, life)) = self.ecr_login().await? {
            return Ok((token, Instant::now().checked_add(life)));
        }
        let files = self.registries().files.clone();
        let (registry, repository) = (self.image.registry.clone(), self.image.repository.clone());
        let reading = tokio::task::spawn_blocking(move || files.login(&registry, &repository));
        let login = reading.await.map_err(|e| RegistryError::Login { detail: e.to_string() })??;
        // A helper's password may be short-lived (ECR's is one of 12 hours).
        Ok((login, Instant::now().checked_add(Duration::from_secs(3_600))))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(default)]
    auths: BTreeMap<String, Auth>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Deserialize, Default)]
struct Auth {
    #[serde(default)]
    auth: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    identitytoken: String,
    #[serde(default)]
    registrytoken: String,
}

impl File {
    /// In Docker's order: the registry's own helper, the store for all, the file itself.
    fn login(&self, path: &Path, registry: &str, repository: &str, helpers: Option<&Path>) -> Result<Option<RegistryLogin>, RegistryError> {
        let server = if is_docker_hub(registry) { DOCKER_HUB_KEY } else { registry };
        let helper = self.cred_helpers.get(registry).or_else(|| self.cred_helpers.get(server)).or(self.creds_store.as_ref());
        if let Some(name) = helper {
            let helper = Helper { name, folder: helpers };
            if let Some(login) = helper::get(helper, server).map_err(|problem| wrong(path, &problem))? {
                return Ok(Some(login));
            }
        }
        // Podman keeps logins of namespaces too: the longest name that fits.
        let mut name = format!("{registry}/{repository}");
        loop {
            if let Some(auth) = self.auths.iter().find(|(key, _)| key_is(key, &name)).map(|(_, auth)| auth) {
                return auth.login().map_err(|problem| wrong(path, &format!("the entry of {name}: {problem}")));
            }
            match name.rsplit_once('/') {
                Some((shorter, _)) => name.truncate(shorter.len()),
                None => return Ok(None),
            }
        }
    }
}

impl Auth {
    fn login(&self) -> Result<Option<RegistryLogin>, &'static str> {
        if !self.identitytoken.is_empty() {
            return Ok(Some(RegistryLogin::IdentityToken(self.identitytoken.clone())));
        }
        if !self.registrytoken.is_empty() {
            return Ok(Some(RegistryLogin::Bearer(self.registrytoken.clone())));
        }
        if !self.auth.is_empty() {
            let bytes = BASE64.decode(self.auth.as_bytes()).map_err(|_| "`auth` is not base64")?;
            let text = String::from_utf8(bytes).map_err(|_| "`auth` is not text")?;
            // Docker pads with NUL.
            let (username, password) = text.trim_end_matches('\0').split_once(':').ok_or("`auth` holds no colon")?;
            return Ok(Some(RegistryLogin::Basic { username: username.into(), password: password.into() }));
        }
        let none = self.username.is_empty() && self.password.is_empty();
        let basic = || RegistryLogin::Basic { username: self.username.clone(), password: self.password.clone() };
        Ok((!none).then(basic))
    }
}

/// What Docker calls Docker Hub.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

fn is_docker_hub(registry: &str) -> bool {
    matches!(registry, "docker.io" | "index.docker.io" | "registry-1.docker.io")
}

/// Keys are written with scheme and version by some versions of Docker.
fn key_is(key: &str, name: &str) -> bool {
    let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key).trim_end_matches('/');
    let bare = bare.strip_suffix("/v1").or_else(|| bare.strip_suffix("/v2")).unwrap_or(bare);
    bare == name || (is_docker_hub(bare) && is_docker_hub(name))
}

fn read(path: &Path) -> Result<Option<File>, RegistryError> {
    use std::io::Read;

    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(path, &error.to_string())),
    };
    let mut text = Vec::new();
    file.take(FILE_BYTES).read_to_end(&mut text).map_err(|error| wrong(path, &error.to_string()))?;
    // serde_json's message quotes no more than a number or a word, but that may be the secret.
    serde_json::from_slice(&text).map(Some).map_err(|e| wrong(path, &format!("line {} column {}: not a login file", e.line(), e.column())))
}

fn wrong(path: &Path, problem: &str) -> RegistryError {
    RegistryError::Login { detail: format!("{}: {problem}", path.display()) }
}

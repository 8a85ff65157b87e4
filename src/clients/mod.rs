//! The network: HTTP, registry and AWS clients, built once per run and passed down. With `--offline` none is built, and whoever needs
//! one gets a gap that says so.
//!
//! Callers are synchronous. [`Online::block_on`] runs a future to its end on the one runtime, from any thread that is not one of its own.

#[cfg(feature = "aws")]
pub mod aws;
pub mod http;
mod login;
pub mod reach;
pub mod registry;
mod turns;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock};

pub use self::login::LoginError;
use self::registry::{LoginFiles, Patience, Registries};
use crate::model::digest::ClaimedDigest;
use crate::model::gap::{Gap, GapReason};
use crate::model::printable::printable;

/// How the network is to be used, as the command line and the environment say. Proxies come from `HTTPS_PROXY`, `HTTP_PROXY` and
/// `NO_PROXY`, which the clients read themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// `--ca-bundle FILE`: PEM certificates that are trusted beside the system's.
    pub ca_bundle: Option<PathBuf>,
    /// `--registry-endpoint HOST=HOST[:PORT]`: where a registry is really asked, as for a VPC endpoint. Names and decisions keep the
    /// registry's own host.
    pub registry_endpoints: BTreeMap<String, String>,
    /// `--insecure-registry HOST[:PORT]`: registries that are asked over plain HTTP. Loopback hosts always are.
    pub insecure_registries: Vec<String>,
}

/// Whose credentials ask, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Login {
    /// `--profile NAME`: its credentials and no others; else the SDK's own chain: environment, `AWS_PROFILE`, SSO, container, instance.
    pub profile: Option<String>,
    /// `--role-arn ARN`, each assumed from the profile's credentials: one account each. Empty: the profile's own account.
    pub roles: Vec<AssumedRole>,
    /// Which regions.
    pub regions: Regions,
}

/// A role to assume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssumedRole {
    /// `arn:PARTITION:iam::ACCOUNT:role/NAME`.
    pub arn: String,
    /// `--external-id`.
    pub external_id: Option<String>,
}

/// Regions to look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Regions {
    /// The one that the profile or the environment names.
    #[default]
    Configured,
    /// `--region`, each.
    Named(Vec<String>),
    /// `--all-regions`: every region that is enabled in the account.
    All,
}

/// The clients of a run; none with `--offline`.
#[derive(Default)]
pub struct Clients {
    online: Option<Online>,
}

/// Clients that open sockets.
pub struct Online {
    runtime: tokio::runtime::Runtime,
    network: Network,
    patience: http::Patience,
    roots: Vec<reqwest::Certificate>,
    http: OnceLock<Result<http::Http, http::HttpError>>,
    turns: turns::Turns,
    reach: reach::Reach,
    registries: Registries,
    #[cfg(feature = "aws")]
    aws: aws::Sessions,
}

/// The clients cannot be built: exit code 2 where the settings are wrong, else 5.
#[derive(Debug, thiserror::Error)]
pub enum ClientsError {
    /// The asynchronous runtime does not start.
    #[error("the asynchronous runtime does not start: {source}")]
    Runtime {
        /// Why not.
        source: std::io::Error,
    },
    /// The file of `--ca-bundle` cannot be read.
    #[error("cannot read the CA bundle {}: {source}", printable(&.path.to_string_lossy()))]
    CaBundleUnreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file of `--ca-bundle` is no list of PEM certificates.
    #[error("the CA bundle {} cannot be used: {}", printable(&.path.to_string_lossy()), printable(.problem))]
    CaBundleMalformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The HTTP client cannot be made: a proxy setting that is none, or no trusted certificates.
    #[error("the HTTP client cannot be made: {}", printable(.problem))]
    Http {
        /// Why not.
        problem: String,
    },
}

impl ClientsError {
    /// True where the settings are wrong (exit 2); false where this machine cannot do it (exit 5).
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Runtime { .. } => false,
            Self::CaBundleUnreadable { .. } | Self::CaBundleMalformed { .. } | Self::Http { .. } => true,
        }
    }
}

impl Clients {
    /// No client: every question to the network is a gap.
    pub fn offline() -> Self {
        Self { online: None }
    }

    /// Clients with these settings. Opens no socket yet.
    ///
    /// # Errors
    /// Settings that cannot be used.
    pub fn online(network: Network) -> Result<Self, ClientsError> {
        Self::build(network, http::Patience::default(), Patience::default(), LoginFiles::from_env())
    }

    /// The same, with another patience towards presigned links.
    ///
    /// # Errors
    /// Settings that cannot be used.
    pub fn online_with(network: Network, patience: http::Patience) -> Result<Self, ClientsError> {
        Self::build(network, patience, Patience::default(), LoginFiles::from_env())
    }

    /// The same, with another patience towards registries, and with logins from elsewhere than the environment says.
    ///
    /// # Errors
    /// Settings that cannot be used.
    pub fn patient(network: Network, patience: Patience, logins: LoginFiles) -> Result<Self, ClientsError> {
        Self::build(network, http::Patience::default(), patience, logins)
    }

    fn build(network: Network, patience: http::Patience, registries: Patience, logins: LoginFiles) -> Result<Self, ClientsError> {
        let bundle = match &network.ca_bundle {
            Some(path) => {
                let pem = std::fs::read(path).map_err(|source| ClientsError::CaBundleUnreadable { path: path.clone(), source })?;
                Some((path.clone(), pem))
            }
            None => None,
        };
        let registries = Registries::new(&network, registries, logins).map_err(|error| match (error, &network.ca_bundle) {
            // Without the bundle the same client is made: what is inside it is no certificate.
            (ClientsError::Http { problem }, Some(path)) => ClientsError::CaBundleMalformed { path: path.clone(), problem },
            (error, _) => error,
        })?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|source| ClientsError::Runtime { source })?;
        let mut online = Online {
            runtime,
            network,
            patience,
            roots: Vec::new(),
            http: OnceLock::new(),
            turns: turns::Turns::default(),
            reach: reach::Reach::default(),
            registries,
            #[cfg(feature = "aws")]
            aws: aws::Sessions::default(),
        };
        if let Some((path, pem)) = bundle {
            online.roots = http::roots(&pem).map_err(|problem| ClientsError::CaBundleMalformed { path: path.clone(), problem })?;
            // A certificate inside that does not parse is told now, as the setting that it is.
            online.http().map_err(|error| ClientsError::CaBundleMalformed { path, problem: error.to_string() })?;
        }
        Ok(Self { online: Some(online) })
    }

    /// How many calls to list accounts have been made so far; none without clients.
    pub fn calls(&self) -> Arc<AtomicU64> {
        #[cfg(feature = "aws")]
        if let Some(online) = &self.online {
            return online.aws.calls().clone();
        }
        Arc::default()
    }

    /// Runs `future` to its end, on the runtime that the clients live on where there is one.
    ///
    /// # Errors
    /// No runtime, where there are no clients.
    pub fn block_on<F: Future>(&self, future: F) -> Result<F::Output, ClientsError> {
        match &self.online {
            Some(online) => Ok(online.block_on(future)),
            None => {
                let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|source| ClientsError::Runtime { source })?;
                Ok(runtime.block_on(future))
            }
        }
    }

    /// The clients, or a gap that says that `--offline` forbids to look.
    ///
    /// # Errors
    /// The gap, about `subject`.
    pub fn need(&self, subject: &str, wanted: &str) -> Result<&Online, Gap> {
        self.online.as_ref().ok_or_else(|| Gap {
            subject: subject.into(),
            wanted: wanted.into(),
            reason: GapReason::Unreachable,
            detail: "no socket is opened with --offline, nor with --now".into(),
            next_step: "Run without it, or record a snapshot and judge that.".into(),
        })
    }
}

impl Online {
    /// Runs `future` to its end. Call it from threads that are not the runtime's own.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// The client for presigned links, built when it is first asked for: a run that fetches nothing reads no system certificates.
    ///
    /// # Errors
    /// Where this machine has no certificates that could be trusted.
    pub fn http(&self) -> Result<&http::Http, &http::HttpError> {
        self.http.get_or_init(|| http::Http::build(&self.roots, &self.patience)).as_ref()
    }

    /// The turn of a digest: who holds its lock fetches, and who waits for it finds the bytes in the store.
    pub fn turn(&self, digest: &ClaimedDigest) -> Arc<Mutex<()>> {
        self.turns.of(digest)
    }

    /// The places that nobody answers from.
    pub fn reach(&self) -> &reach::Reach {
        &self.reach
    }

    /// How long is waited.
    pub fn patience(&self) -> &http::Patience {
        &self.patience
    }

    /// The registries.
    pub fn registries(&self) -> &Registries {
        &self.registries
    }

    /// The AWS accounts and regions that were opened.
    #[cfg(feature = "aws")]
    pub fn aws(&self) -> &aws::Sessions {
        &self.aws
    }

    /// The settings.
    pub fn network(&self) -> &Network {
        &self.network
    }
}

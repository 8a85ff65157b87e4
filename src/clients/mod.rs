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
use std::sync::{Arc, OnceLock};

use self::http::{CaBundleError, Patience, Trust};
pub use self::login::LoginError;
use self::registry::{LoginFiles, Registries};
pub use self::turns::{Turn, Turns};
use crate::model::gap::{Gap, GapReason};

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
    trust: Trust,
    patience: Patience,
    http: OnceLock<Result<http::Http, http::HttpError>>,
    turns: Turns,
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
    /// The file of `--ca-bundle` cannot be used.
    #[error(transparent)]
    CaBundle(#[from] CaBundleError),
}

impl ClientsError {
    /// True where the settings are wrong (exit 2); false where this machine cannot do it (exit 5).
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Runtime { .. } => false,
            Self::CaBundle(_) => true,
        }
    }

    /// The next step, where there is one.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Runtime { .. } => None,
            Self::CaBundle(_) => Some(CaBundleError::HINT),
        }
    }
}

impl Clients {
    /// No client: every question to the network is a gap.
    pub fn offline() -> Self {
        Self { online: None }
    }

    /// Clients with these settings, and logins of registries as the environment says. Opens no socket yet.
    ///
    /// # Errors
    /// Settings that cannot be used.
    pub fn online(network: Network) -> Result<Self, ClientsError> {
        Self::with(network, Patience::default(), LoginFiles::from_env())
    }

    /// The same with another patience, and with logins from elsewhere: for tests.
    ///
    /// # Errors
    /// Settings that cannot be used.
    pub fn with(network: Network, patience: Patience, logins: LoginFiles) -> Result<Self, ClientsError> {
        let trust = Trust::read(network.ca_bundle.as_deref())?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|source| ClientsError::Runtime { source })?;
        let online = Online {
            runtime,
            network,
            trust,
            patience,
            http: OnceLock::new(),
            turns: Turns::default(),
            reach: reach::Reach::default(),
            registries: Registries::new(logins),
            #[cfg(feature = "aws")]
            aws: aws::Sessions::default(),
        };
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

    /// True where AWS was asked, and at its own endpoints.
    pub fn ask_aws_itself(&self) -> bool {
        #[cfg(feature = "aws")]
        if let Some(online) = &self.online {
            return !online.aws.accounts().is_empty() && online.aws.endpoint_override().is_none();
        }
        false
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

    /// The HTTP clients, built when they are first asked for: a run that fetches nothing reads no system certificates.
    ///
    /// # Errors
    /// Where this machine has no certificates that could be trusted.
    pub fn http(&self) -> Result<&http::Http, &http::HttpError> {
        self.http.get_or_init(|| http::Http::build(&self.trust, &self.patience)).as_ref()
    }

    /// Who downloads what right now.
    pub fn turns(&self) -> &Turns {
        &self.turns
    }

    /// Whose certificates are believed.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The places that nobody answers from.
    pub fn reach(&self) -> &reach::Reach {
        &self.reach
    }

    /// How long is waited.
    pub fn patience(&self) -> &Patience {
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

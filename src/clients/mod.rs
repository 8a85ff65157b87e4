//! The network: HTTP, registry and AWS clients, built once per run and passed down. With `--offline` none is built, and whoever needs
//! one gets a gap that says so.
//!
//! Callers are synchronous. [`Online::block_on`] runs a future to its end on the one runtime, from any thread that is not one of its own.

#[cfg(feature = "aws")]
pub mod aws;
pub mod registry;

use std::collections::BTreeMap;
use std::path::PathBuf;

use self::registry::{LoginFiles, Patience, Registries};
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
    /// `--profile NAME`; else the SDK's own chain: environment, `AWS_PROFILE`, SSO, container, instance.
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
    /// `--ca-bundle` names a file that is none.
    #[error("cannot use the certificates in {}: {}", printable(&path.display().to_string()), printable(.problem))]
    CaBundle {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The HTTP client cannot be made: a proxy setting that is none, or no trusted certificates.
    #[error("the HTTP client cannot be made: {}", printable(.problem))]
    Http {
        /// Why not.
        problem: String,
    },
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
        Self::patient(network, Patience::default(), LoginFiles::from_env())
    }

    /// The same, with another patience towards registries, and with logins from elsewhere than the environment says.
    ///
    /// # Errors
    /// Settings that cannot be used.
    pub fn patient(network: Network, patience: Patience, logins: LoginFiles) -> Result<Self, ClientsError> {
        let registries = Registries::new(&network, patience, logins)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|source| ClientsError::Runtime { source })?;
        Ok(Self {
            online: Some(Online {
                runtime,
                network,
                registries,
                #[cfg(feature = "aws")]
                aws: aws::Sessions::default(),
            }),
        })
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
            detail: "--offline opens no socket".into(),
            next_step: "Run without --offline, or record a snapshot and judge that.".into(),
        })
    }
}

impl Online {
    /// Runs `future` to its end. Call it from threads that are not the runtime's own.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
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

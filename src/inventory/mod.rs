//! Stage 1: what is deployed, or about to be. One file per source.
//!
//! A new source is one file with a unit struct that implements [`Source`], its `mod` line and its entry in [`ALL`]. What the user asked
//! for arrives as one [`Request`]; each source says whether it is meant, and answers with an [`Inventory`] in which everything that could
//! not be learned is a [`crate::model::gap::Gap`]. Only a source that cannot be read at all is an error.

pub mod account;
#[cfg(feature = "aws")]
pub mod aws;
mod filter;
pub mod local;
pub mod snapshot;
pub mod template;

use std::io;
use std::path::PathBuf;
use std::pin::Pin;

use self::local::{FunctionSelector, LayerSelector};
use crate::clients::{Clients, Login, LoginError};
use crate::model::inventory::{FileArtifact, Inventory};
use crate::model::printable::printable;
use crate::model::template::SourceSpan;

/// The sources, in the order in which they are asked whether a request is theirs.
pub static ALL: &[&dyn Source] = &[
    #[cfg(feature = "aws")]
    &aws::Aws,
    &snapshot::Snapshot,
    &template::Template,
    &local::Local,
];

/// A future that can be held as a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A kind of source.
pub trait Source: Sync {
    /// The word in reports (`SourceInfo::kind`): `snapshot`, `template`, `local`.
    fn name(&self) -> &'static str;

    /// One line for help and documentation.
    fn describe(&self) -> &'static str;

    /// True where the request names something for this source to read.
    fn is_meant(&self, request: &Request) -> bool;

    /// Lists what is there. Reads metadata only, never the bytes of an artifact. Asynchronous because live accounts are slow and many;
    /// the sources that read a disk are ready at once.
    fn inventory<'a>(&'a self, request: &'a Request, clients: &'a Clients) -> BoxFuture<'a, Result<Inventory, InventoryError>>;
}

/// What the user asked to look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// `--snapshot DIR`.
    pub snapshot: Option<PathBuf>,
    /// Files, folders and OCI layouts named on the command line; see [`local::Target::artifact`].
    pub files: Vec<FileArtifact>,
    /// Templates named on the command line.
    pub templates: Vec<PathBuf>,
    /// `--references-only`: what the templates name is not looked at.
    pub references_only: bool,
    /// A live account, or several.
    pub account: Option<AccountRequest>,
}

/// What to look at in live accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountRequest {
    /// Whose credentials, and which regions.
    pub login: Login,
    /// Only these functions, and the layers that they use.
    pub filter: Filter,
    /// `None`: everything. Else only what is named, asked for by name, so that a gate needs no right to list an account.
    pub targets: Option<Targets>,
}

/// What `verify` names in an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    /// `fn:NAME[:QUALIFIER]` and function ARNs.
    pub functions: Vec<FunctionSelector>,
    /// `layer:NAME[:VERSION]` and layer ARNs.
    pub layers: Vec<LayerSelector>,
}

/// Which functions to look at. Conditions of one kind are alternatives; every kind that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Name patterns; `*` matches any run of characters.
    pub names: Vec<String>,
    /// `KEY` or `KEY=VALUE`, the value a pattern.
    pub tags: Vec<(String, Option<String>)>,
    /// Runtime patterns: `python3.*`.
    pub runtimes: Vec<String>,
}

/// The inventory of the first source in [`ALL`] that the request names; files and templates that were named beside it are added to it.
pub async fn inventory(request: &Request, clients: &Clients) -> Result<Inventory, InventoryError> {
    let nobody = if request.account.is_some() { InventoryError::WithoutAws } else { InventoryError::NothingNamed };
    let source = ALL.iter().find(|source| source.is_meant(request)).ok_or(nobody)?;
    let mut inventory = source.inventory(request, clients).await?;
    inventory.files = request.files.clone();
    let templates = template::read_all(&request.templates, !request.references_only)?;
    template::add(&mut inventory, templates, None)?;
    Ok(inventory)
}

/// A source that cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// A live account, with `--offline`.
    #[error("a live account cannot be looked at with --offline")]
    Offline,
    /// A live account, in a build without the AWS SDK.
    #[error("this build cannot look at live accounts: it was made without the feature `aws`")]
    WithoutAws,
    /// The request names neither a snapshot nor a file.
    #[error("nothing to look at: name a snapshot, a file or a folder")]
    NothingNamed,
    /// `snapshot.json` is not there.
    #[error("{} is not a snapshot: it holds no snapshot.json", printable(&path.display().to_string()))]
    NotASnapshot {
        /// The folder as given.
        path: PathBuf,
    },
    /// `snapshot.json`, or a folder, cannot be read.
    #[error("cannot read {}: {source}", printable(&path.display().to_string()))]
    Unreadable {
        /// What was to be read.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// `snapshot.json` is not what docs/snapshot.md describes.
    #[error("{}:{line}:{column}: {}", printable(&path.display().to_string()), printable(.problem))]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, from 1; 0 where the place is unknown.
        line: usize,
        /// Column, from 1; 0 where the place is unknown.
        column: usize,
        /// What is wrong.
        problem: String,
    },
    /// A live account cannot be opened.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// A snapshot of another version of the format.
    #[error("{}: `layerproof_snapshot` is {presented}, and this version reads {expected}", printable(&path.display().to_string()))]
    Version {
        /// The file.
        path: PathBuf,
        /// What stands there.
        presented: u64,
        /// What is read.
        expected: u64,
    },
    /// Local code that a template names is there, and is no artifact.
    #[error("{place}: {error}")]
    LocalCode {
        /// Where the template names it.
        place: SourceSpan,
        /// What is wrong with it.
        error: local::TargetError,
    },
}

impl InventoryError {
    /// True where what the user named is wrong (exit 2); false where this machine could not read it (exit 5).
    pub fn is_usage(&self) -> bool {
        match self {
            Self::NothingNamed
            | Self::Offline
            | Self::WithoutAws
            | Self::NotASnapshot { .. }
            | Self::Malformed { .. }
            | Self::Login(_)
            | Self::Version { .. } => true,
            Self::Unreadable { .. } => false,
            Self::LocalCode { error, .. } => error.blame() == local::Blame::Usage,
        }
    }
}

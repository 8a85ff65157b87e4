//! Why a target is no artifact, whose fault that is, and the next step.

use std::io;
use std::path::{Path, PathBuf};

use crate::model::arn::ArnError;
use crate::model::printable::printable;

/// Who has to act on a [`TargetError`], and so which exit code it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The command line is wrong: exit 2.
    Usage,
    /// This machine cannot read what is there: exit 5.
    Machine,
    /// What is there is broken in a way that its author decides (DESIGN §4 rule 5): refused, exit 1.
    Artifact,
}

/// A target that cannot be turned into an artifact.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Nothing after the prefix, or nothing at all.
    #[error("`{}` names nothing", printable(.given))]
    Empty {
        /// As typed.
        given: String,
    },
    /// There is no such file or folder.
    #[error("{}: no such file or folder", shown(.path))]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// It is there and cannot be read.
    #[error("cannot read {}: {source}", shown(.path))]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A FIFO, a device, a socket.
    #[error("{} is neither a file nor a folder", shown(.path))]
    NeitherFileNorFolder {
        /// The path.
        path: PathBuf,
    },
    /// A file where a folder is needed, or the other way round.
    #[error("{} is not {expected}: it is {presented}", shown(.path))]
    WrongKind {
        /// The path.
        path: PathBuf,
        /// What the prefix asks for.
        expected: &'static str,
        /// What is there.
        presented: &'static str,
    },
    /// `oci:` on a folder without an `oci-layout` file.
    #[error("{} is not an OCI layout: it holds no file `oci-layout`", shown(.path))]
    NotAnOciLayout {
        /// The folder.
        path: PathBuf,
    },
    /// The layout's index, or the archive around it, cannot be understood.
    #[error("{}: {}", shown(.path), printable(.problem))]
    BrokenLayout {
        /// The layout or archive.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The layout holds several images and none was chosen, or none that was asked for.
    #[error("{}: {problem}; it holds:{}", shown(.path), listed(.images))]
    WhichImage {
        /// The layout or archive.
        path: PathBuf,
        /// What went wrong with the choice.
        problem: &'static str,
        /// The images to choose from, at most 20.
        images: Vec<String>,
    },
    /// An ARN, in a target or in `--as`, that is no ARN of a function or layer version.
    #[error(transparent)]
    Arn(#[from] ArnError),
    /// `fn:` with something that is no function name or ARN.
    #[error("`{}` is not a function: NAME[:QUALIFIER] or an ARN is expected", printable(.given))]
    NotAFunction {
        /// As typed.
        given: String,
    },
    /// `layer:` with something that is no layer name or ARN.
    #[error("`{}` is not a layer: NAME[:VERSION] or a layer version ARN is expected", printable(.given))]
    NotALayer {
        /// As typed.
        given: String,
    },
    /// `image:` with something that is no reference.
    #[error("`{}` is not an image: REGISTRY/REPOSITORY[:TAG][@sha256:DIGEST] is expected", printable(.given))]
    NotAnImage {
        /// As typed.
        given: String,
    },
    /// `fn:`, `layer:` or `image:` without an account to find it in.
    #[error("`{}` lives in an account or a registry, and only files are looked at here", printable(.given))]
    NeedsAccount {
        /// As typed.
        given: String,
    },
    /// `--as` with something that gives no scope.
    #[error("--as {}: {reason}", printable(.given))]
    NotAScope {
        /// As typed.
        given: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// `--as` names a kind that the artifact cannot be.
    #[error("--as {}: {presented} cannot be {expected}", printable(.given))]
    ScopeMismatch {
        /// As typed.
        given: String,
        /// What `--as` says.
        expected: &'static str,
        /// What is there.
        presented: &'static str,
    },
}

impl TargetError {
    /// Who has to act.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Unreadable { .. } => Blame::Machine,
            Self::BrokenLayout { .. } => Blame::Artifact,
            Self::Empty { .. }
            | Self::Missing { .. }
            | Self::NeitherFileNorFolder { .. }
            | Self::WrongKind { .. }
            | Self::NotAnOciLayout { .. }
            | Self::WhichImage { .. }
            | Self::Arn(_)
            | Self::NotAFunction { .. }
            | Self::NotALayer { .. }
            | Self::NotAnImage { .. }
            | Self::NeedsAccount { .. }
            | Self::NotAScope { .. }
            | Self::ScopeMismatch { .. } => Blame::Usage,
        }
    }

    /// The next step, where there is one that the message does not say.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::WhichImage { .. } => Some("choose one with oci:PATH:TAG or oci:PATH@sha256:DIGEST"),
            Self::NotAnOciLayout { .. } => Some("dir:PATH takes the folder as plain files"),
            Self::NeedsAccount { .. } => {
                Some("`layerproof verify` looks it up, live or with --snapshot DIR; a downloaded file can be named by its path")
            }
            Self::Missing { .. } => Some("a function, layer or image of an account is named with fn:, layer: or image:"),
            Self::NotAScope { .. } => {
                Some("--as takes a layer version ARN, a function ARN with or without a version, or REGISTRY/REPOSITORY@sha256:DIGEST")
            }
            Self::Empty { .. }
            | Self::Unreadable { .. }
            | Self::NeitherFileNorFolder { .. }
            | Self::WrongKind { .. }
            | Self::BrokenLayout { .. }
            | Self::Arn(_)
            | Self::NotAFunction { .. }
            | Self::NotALayer { .. }
            | Self::NotAnImage { .. }
            | Self::ScopeMismatch { .. } => None,
        }
    }
}

fn shown(path: &Path) -> String {
    printable(&path.display().to_string()).into_owned()
}

fn listed(images: &[String]) -> String {
    images.iter().map(|image| format!("\n  {}", printable(image))).collect()
}

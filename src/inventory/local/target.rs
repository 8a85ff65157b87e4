//! What the user names on the command line.

use std::path::{Path, PathBuf};

use super::oci_layout::{self, ImageChoice};
use super::scope::Scope;
use super::{TargetError, metadata, sniff};
use crate::model::arn::{FunctionArn, LayerVersionArn};
use crate::model::artifact::{BlobLocation, Subject};
use crate::model::digest::ClaimedDigest;
use crate::model::image_ref::ImageRef;
use crate::model::inventory::{FileArtifact, FileForm};

/// One target. A prefix forces the kind: `zip: dir: oci: oci-archive: template: fn: layer: image:`. Without one, text that starts with `arn:` names
/// something in an account, and everything else is a path whose content tells what it is; a file's extension never does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A path without a prefix. [`Target::sniff`] turns it into one of the next six.
    Path(PathBuf),
    /// A zip archive.
    Zip(PathBuf),
    /// A folder, taken as the files of a layer or function.
    Directory(PathBuf),
    /// An image in an OCI layout folder.
    OciLayout(PathBuf, ImageChoice),
    /// An image in a tar archive of an OCI layout.
    OciArchive(PathBuf, ImageChoice),
    /// A template: CloudFormation, SAM, or a Terraform plan in JSON.
    Template(PathBuf),
    /// A file that is none of these.
    Unrecognised(PathBuf),
    /// Functions of an account source.
    Function(FunctionSelector),
    /// Layer versions of an account source.
    Layer(LayerSelector),
    /// An image that an account source's functions use.
    Image(ImageRef),
}

/// A function by ARN or by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FunctionSelector {
    /// This function; with a qualifier, this version or alias of it.
    Arn(FunctionArn),
    /// `NAME[:QUALIFIER]`, in whatever account and region.
    Name {
        /// The function's name.
        name: String,
        /// Version or alias.
        qualifier: Option<String>,
    },
}

impl FunctionSelector {
    /// True where `function` (its qualifier aside) is meant.
    pub fn names(&self, function: &FunctionArn) -> bool {
        match self {
            Self::Arn(arn) => arn.unqualified() == function.unqualified(),
            Self::Name { name, .. } => *name == function.name,
        }
    }

    /// The version or alias asked for.
    pub fn qualifier(&self) -> Option<&str> {
        match self {
            Self::Arn(arn) => arn.qualifier.as_deref(),
            Self::Name { qualifier, .. } => qualifier.as_deref(),
        }
    }
}

/// Layer versions by ARN or by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayerSelector {
    /// This version.
    Arn(LayerVersionArn),
    /// `NAME[:VERSION]`, in whatever account and region; without a version, every version.
    Name {
        /// The layer's name.
        name: String,
        /// Version.
        version: Option<u64>,
    },
}

impl LayerSelector {
    /// True where `layer` is meant.
    pub fn names(&self, layer: &LayerVersionArn) -> bool {
        match self {
            Self::Arn(arn) => arn == layer,
            Self::Name { name, version } => *name == layer.name && version.is_none_or(|v| v == layer.version),
        }
    }
}

impl Target {
    /// Reads a target as typed. Looks at no disk.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        if text.is_empty() {
            return Err(TargetError::Empty { given: text.into() });
        }
        if text.starts_with("arn:") {
            return parse_arn(text);
        }
        let Some((prefix, rest)) = text.split_once(':') else { return Ok(Self::Path(text.into())) };
        let target = match prefix {
            "zip" => Self::Zip(rest.into()),
            "dir" => Self::Directory(rest.into()),
            "oci" => {
                let (path, choice) = ImageChoice::split(rest);
                Self::OciLayout(path.into(), choice)
            }
            "oci-archive" => {
                let (path, choice) = ImageChoice::split(rest);
                Self::OciArchive(path.into(), choice)
            }
            "template" => Self::Template(rest.into()),
            "fn" => return parse_function(rest),
            "layer" => return parse_layer(rest),
            "image" => return Ok(Self::Image(rest.parse().map_err(|_| TargetError::NotAnImage { given: rest.into() })?)),
            _ => return Ok(Self::Path(text.into())),
        };
        if target.path().is_some_and(|path| path.as_os_str().is_empty()) {
            return Err(TargetError::Empty { given: text.into() });
        }
        Ok(target)
    }

    /// True where the target lives in an account source, so that `--snapshot` (or a live account) is needed.
    pub fn needs_account(&self) -> bool {
        match self {
            Self::Function(_) | Self::Layer(_) | Self::Image(_) => true,
            Self::Path(_)
            | Self::Zip(_)
            | Self::Directory(_)
            | Self::OciLayout(..)
            | Self::OciArchive(..)
            | Self::Template(_)
            | Self::Unrecognised(_) => false,
        }
    }

    /// Tells from the content what a bare path is, and sees that a forced kind can be: the path is there, and is a file or a folder as
    /// the kind needs. Whether a file that is called a zip *is* a good zip is not judged here: that is a verdict on the artifact, not a
    /// mistake of the user.
    pub fn sniff(self) -> Result<Self, TargetError> {
        match self {
            Self::Path(path) => sniff::sniff(path),
            Self::Zip(path) => needs_file(path, "a zip archive").map(Self::Zip),
            Self::Template(path) => needs_file(path, "a template").map(Self::Template),
            Self::Unrecognised(path) => needs_file(path, "a file").map(Self::Unrecognised),
            Self::OciArchive(path, choice) => Ok(Self::OciArchive(needs_file(path, "an OCI archive (a tar file)")?, choice)),
            Self::Directory(path) => needs_folder(path, "a folder").map(Self::Directory),
            Self::OciLayout(path, choice) => {
                let path = needs_folder(path, "an OCI layout folder")?;
                if !sniff::is_oci_layout(&path)? {
                    return Err(TargetError::NotAnOciLayout { path });
                }
                Ok(Self::OciLayout(path, choice))
            }
            other @ (Self::Function(_) | Self::Layer(_) | Self::Image(_)) => Ok(other),
        }
    }

    /// The artifact that a local target names: sniffs it, chooses the image where it is an OCI layout, and gives it the subject of
    /// `--as`. `given` is the target as typed; `architecture` (`x86_64` or `arm64`) picks from a multi-platform index.
    pub fn artifact(self, given: &str, scope: Option<&Scope>, architecture: &str) -> Result<FileArtifact, TargetError> {
        let claimed = scope.and_then(Scope::claimed);
        let (form, location) = match self.sniff()? {
            Self::Zip(path) => (FileForm::Zip, BlobLocation::Local(path)),
            // Where an artifact is wanted, a template is a text like any other.
            Self::Template(path) | Self::Unrecognised(path) => (FileForm::Unrecognised, BlobLocation::Local(path)),
            Self::Directory(path) => (FileForm::Directory, BlobLocation::Local(path)),
            Self::OciLayout(root, choice) => {
                let digest = chosen(&choice, claimed, |choice| oci_layout::choose_in_folder(&root, choice))?.to_string();
                (FileForm::OciLayout, BlobLocation::OciLayout { root, digest, architecture: architecture.into() })
            }
            Self::OciArchive(path, choice) => {
                let digest = chosen(&choice, claimed, |choice| oci_layout::choose_in_archive(&path, choice))?.to_string();
                (FileForm::OciArchive, BlobLocation::OciLayout { root: path, digest, architecture: architecture.into() })
            }
            Self::Path(_) | Self::Function(_) | Self::Layer(_) | Self::Image(_) => {
                return Err(TargetError::NeedsAccount { given: given.into() });
            }
        };
        let subject = match scope {
            Some(scope) => scope.subject_for(form)?,
            None => Subject::File(given.into()),
        };
        Ok(FileArtifact { given: given.into(), form, subject, location, claimed })
    }

    fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) | Self::Zip(path) | Self::Directory(path) | Self::Template(path) | Self::Unrecognised(path) => Some(path),
            Self::OciLayout(path, _) | Self::OciArchive(path, _) => Some(path),
            Self::Function(_) | Self::Layer(_) | Self::Image(_) => None,
        }
    }
}

/// The image that is meant. Of several that nothing else tells apart it is the one whose digest `--as` names: signatures stand in the index
/// of a layout beside the image that they are about.
fn chosen(
    choice: &ImageChoice,
    claimed: Option<ClaimedDigest>,
    choose: impl Fn(&ImageChoice) -> Result<ClaimedDigest, TargetError>,
) -> Result<ClaimedDigest, TargetError> {
    match (choose(choice), choice, claimed) {
        (Err(TargetError::WhichImage { .. }), ImageChoice::Only, Some(claimed)) => choose(&ImageChoice::Digest(claimed)),
        (answer, _, _) => answer,
    }
}

fn parse_arn(text: &str) -> Result<Target, TargetError> {
    if let Ok(arn) = text.parse::<LayerVersionArn>() {
        return Ok(Target::Layer(LayerSelector::Arn(arn)));
    }
    Ok(Target::Function(FunctionSelector::Arn(text.parse()?)))
}

fn parse_function(text: &str) -> Result<Target, TargetError> {
    if text.starts_with("arn:") {
        return Ok(Target::Function(FunctionSelector::Arn(text.parse()?)));
    }
    let (name, qualifier) = match text.split_once(':') {
        Some((name, qualifier)) => (name, Some(qualifier)),
        None => (text, None),
    };
    let bad = !is_name(name) || qualifier.is_some_and(|q| q != "$LATEST" && !is_name(q));
    if bad {
        return Err(TargetError::NotAFunction { given: text.into() });
    }
    Ok(Target::Function(FunctionSelector::Name { name: name.into(), qualifier: qualifier.map(Into::into) }))
}

fn parse_layer(text: &str) -> Result<Target, TargetError> {
    if text.starts_with("arn:") {
        return Ok(Target::Layer(LayerSelector::Arn(text.parse()?)));
    }
    let fail = || TargetError::NotALayer { given: text.into() };
    let (name, version) = match text.split_once(':') {
        Some((name, version)) => (name, Some(version.parse::<u64>().map_err(|_| fail())?)),
        None => (text, None),
    };
    if !is_name(name) || version == Some(0) {
        return Err(fail());
    }
    Ok(Target::Layer(LayerSelector::Name { name: name.into(), version }))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 256 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn needs_file(path: PathBuf, expected: &'static str) -> Result<PathBuf, TargetError> {
    if metadata(&path)?.is_file() { Ok(path) } else { Err(TargetError::WrongKind { path, expected, presented: "a folder" }) }
}

fn needs_folder(path: PathBuf, expected: &'static str) -> Result<PathBuf, TargetError> {
    if metadata(&path)?.is_dir() { Ok(path) } else { Err(TargetError::WrongKind { path, expected, presented: "a file" }) }
}

impl ImageChoice {
    /// `PATH`, `PATH:TAG` or `PATH@sha256:DIGEST`. A path that itself ends in `:word` needs a tag or digest after it.
    fn split(text: &str) -> (&str, Self) {
        if let Some((path, digest)) = text.rsplit_once('@')
            && let Ok(digest) = ClaimedDigest::from_oci(digest)
        {
            return (path, Self::Digest(digest));
        }
        match text.rsplit_once(':') {
            Some((path, tag)) if !tag.is_empty() && !tag.contains('/') => (path, Self::Tag(tag.into())),
            _ => (text, Self::Only),
        }
    }
}

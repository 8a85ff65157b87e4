//! What is verified: the kinds of artifact, their identity, and where their bytes are.

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::arn::{FunctionArn, LayerVersionArn};
use super::image_ref::ImageRef;
use super::inventory::Place;
use super::printable::printable;

/// What a decision is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The code of one function version (a zip), by its qualified ARN.
    Function(FunctionArn),
    /// One layer version.
    Layer(LayerVersionArn),
    /// One image, by the digest of ResolvedImageUri.
    Image(ImageRef),
    /// A local file or directory that no `--as ARN` gave a scope, by its path as given.
    File(String),
}

impl Subject {
    /// The word used for it in policies and reports: `function`, `layer`, `image` or `file`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Function(_) => "function",
            Self::Layer(_) => "layer",
            Self::Image(_) => "image",
            Self::File(_) => "file",
        }
    }

    /// Account of the owner, where the subject names one.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Function(arn) => Some(&arn.account),
            Self::Layer(arn) => Some(&arn.account),
            Self::Image(image) => image.ecr().map(|(account, _)| account),
            Self::File(_) => None,
        }
    }

    /// Region, where the subject names one.
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::Function(arn) => Some(&arn.region),
            Self::Layer(arn) => Some(&arn.region),
            Self::Image(image) => image.ecr().map(|(_, region)| region),
            Self::File(_) => None,
        }
    }
}

/// The ARN, reference or path, made safe to print.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function(arn) => write!(f, "{arn}"),
            Self::Layer(arn) => write!(f, "{arn}"),
            Self::Image(image) => write!(f, "{image}"),
            Self::File(path) => f.write_str(&printable(path)),
        }
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where bytes can be had. Each kind has its own file in `fetch/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "at")]
pub enum BlobLocation {
    /// A file or directory on this machine, named by the user.
    Local(PathBuf),
    /// A file of a snapshot: the snapshot's folder, and a path below it that has been checked (relative, no `..`).
    Snapshot {
        /// The snapshot's folder.
        root: PathBuf,
        /// Path below it.
        path: PathBuf,
    },
    /// An image in an OCI layout, by the digest of its manifest or index.
    OciLayout {
        /// The layout's folder (holds `oci-layout`, `index.json`, `blobs/`), or an uncompressed tar of one.
        root: PathBuf,
        /// `sha256:…` of the manifest or index.
        digest: String,
        /// Lambda's name of the platform wanted from an index: `x86_64` or `arm64`.
        architecture: String,
    },
    /// The zip of a function version in a live account. The link is asked for when the bytes are fetched: it dies after ten minutes.
    LambdaFunction {
        /// Whose credentials ask.
        asked_in: Place,
        /// The version, qualified with `$LATEST` or a number.
        arn: FunctionArn,
    },
    /// The zip of a layer version, as a live account that uses or publishes it may see it.
    LambdaLayer {
        /// Whose credentials ask.
        asked_in: Place,
        /// The layer version.
        arn: LayerVersionArn,
    },
    /// An object that Lambda reads in place, storage mode REFERENCE.
    S3Object {
        /// Whose credentials ask. The bucket may be in another account or region.
        asked_in: Place,
        /// The object, of one version where the API named one.
        object: S3Object,
    },
    /// An image in a registry, by digest.
    Registry {
        /// Whose ECR credentials ask; `None` where the registry's own login, or none, is used.
        asked_in: Option<Place>,
        /// `REGISTRY/REPOSITORY@sha256:…`. The tag, where there is one, is asked only for an index that lists the digest.
        image: ImageRef,
        /// Lambda's name of the platform wanted from an index: `x86_64` or `arm64`.
        architecture: String,
    },
}

impl BlobLocation {
    /// True where a socket is opened to get at the bytes.
    pub fn is_remote(&self) -> bool {
        match self {
            Self::Local(_) | Self::Snapshot { .. } | Self::OciLayout { .. } => false,
            Self::LambdaFunction { .. } | Self::LambdaLayer { .. } | Self::S3Object { .. } | Self::Registry { .. } => true,
        }
    }

    /// The same image for another platform, `x86_64` or `arm64`; anything else as it is.
    pub fn for_architecture(self, wanted: &str) -> Self {
        match self {
            Self::OciLayout { root, digest, architecture: _ } => Self::OciLayout { root, digest, architecture: wanted.to_owned() },
            Self::Registry { asked_in, image, architecture: _ } => Self::Registry { asked_in, image, architecture: wanted.to_owned() },
            Self::Local(_) | Self::Snapshot { .. } | Self::LambdaFunction { .. } | Self::LambdaLayer { .. } | Self::S3Object { .. } => self,
        }
    }
}

/// What AWS states about a signature in an API answer. It is never a verification: see `evidence::Attested`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ServiceSigning {
    /// `SigningProfileVersionArn`, as given.
    pub profile_version_arn: Option<String>,
    /// `SigningJobArn`, as given.
    pub job_arn: Option<String>,
}

impl ServiceSigning {
    /// True where AWS states that the artifact was signed.
    pub fn claims_signed(&self) -> bool {
        self.profile_version_arn.is_some() || self.job_arn.is_some()
    }
}

/// What AWS states about a signing job (`signer:DescribeSigningJob`). It says nothing about bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SigningJob {
    /// `Succeeded`, `InProgress`, `Failed`, as given.
    pub status: String,
    /// `profileName`.
    pub profile_name: Option<String>,
    /// `profileVersion`, ten characters.
    pub profile_version: Option<String>,
    /// `jobOwner`, an account.
    pub owner: Option<String>,
    /// `signatureExpiresAt`.
    pub expires_at: Option<Timestamp>,
    /// `revocationRecord`: when, and the reason as given; `None` where there is none.
    pub revoked: Option<RevokedJob>,
}

/// The revocation of a signing job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RevokedJob {
    /// `revokedAt`.
    pub at: Option<Timestamp>,
    /// `reason`, as given.
    pub reason: String,
}

/// The object that Lambda reads in storage mode REFERENCE.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct S3Object {
    /// Bucket.
    pub bucket: String,
    /// Key.
    pub key: String,
    /// Object version; `None` where the API named none.
    pub version: Option<String>,
}

impl S3Object {
    /// True where the same request always gives the same bytes. The version `null` is that of a bucket that keeps no versions, and is
    /// overwritten in place (Amazon S3 user guide, "How S3 Versioning works").
    pub fn is_fixed(&self) -> bool {
        self.version.as_deref().is_some_and(|version| !version.is_empty() && version != "null")
    }
}

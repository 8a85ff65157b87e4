//! A place for signatures as it is written on the command line.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::model::image_ref::ImageRef;
use crate::model::printable::printable;

/// A place that is looked into for signatures.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignatureSource {
    /// A Sigstore bundle, or JSON lines of them, about whatever they say.
    File(PathBuf),
    /// A folder of files that are named after digests: `sha256-HEX.sigstore.json`.
    Folder(PathBuf),
    /// The same in a recorded account, which is hostile: links are not followed, since nothing outside of it is opened.
    Recorded(PathBuf),
    /// The same in Amazon S3, below a prefix that is empty or ends with a slash.
    Bucket {
        /// Bucket.
        bucket: String,
        /// How the keys begin.
        prefix: String,
    },
    /// A repository, for referrers of the digest and cosign's tags. Without tag and digest.
    Repository(ImageRef),
}

/// A place that cannot be one: exit 2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Neither a path of something that is there nor an address.
    #[error("`{}` is no file, folder, s3://BUCKET/PREFIX/ or REGISTRY/REPOSITORY", printable(.presented))]
    Nothing {
        /// As typed.
        presented: String,
    },
    /// It is there, and neither a file nor a folder.
    #[error("`{}` is neither a file nor a folder", printable(.presented))]
    NeitherFileNorFolder {
        /// As typed.
        presented: String,
    },
    /// `s3://` with something that is no bucket.
    #[error("`{}` names no bucket: s3://BUCKET/PREFIX/ is expected", printable(.presented))]
    NoBucket {
        /// As typed.
        presented: String,
    },
    /// A repository with a tag or digest, or none.
    #[error("`{}` is no repository: REGISTRY/REPOSITORY is expected, without tag and digest", printable(.presented))]
    NotARepository {
        /// As typed.
        presented: String,
    },
}

impl SignatureSource {
    /// A repository: `REGISTRY/REPOSITORY`, with or without `oci://`.
    ///
    /// # Errors
    /// Something else.
    pub fn repository(text: &str) -> Result<Self, SourceError> {
        let image = text.strip_prefix("oci://").unwrap_or(text).parse::<ImageRef>().ok();
        let bare = image.filter(|image| image.tag.is_none() && image.digest.is_none());
        bare.map(Self::Repository).ok_or_else(|| SourceError::NotARepository { presented: text.to_owned() })
    }

    /// True where a socket is opened to look there.
    pub fn is_remote(&self) -> bool {
        match self {
            Self::File(_) | Self::Folder(_) | Self::Recorded(_) => false,
            Self::Bucket { .. } | Self::Repository(_) => true,
        }
    }

    fn bucket(text: &str, rest: &str) -> Result<Self, SourceError> {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        // Amazon S3 user guide, "Bucket naming rules"; it becomes a part of the host that is asked.
        let is_name =
            (3..=63).contains(&bucket.len()) && bucket.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b));
        if !is_name {
            return Err(SourceError::NoBucket { presented: text.to_owned() });
        }
        let slash = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
        Ok(Self::Bucket { bucket: bucket.to_owned(), prefix: format!("{prefix}{slash}") })
    }
}

impl FromStr for SignatureSource {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        if let Some(rest) = text.strip_prefix("s3://") {
            return Self::bucket(text, rest);
        }
        if text.starts_with("oci://") {
            return Self::repository(text);
        }
        match std::fs::metadata(Path::new(text)) {
            Ok(metadata) if metadata.is_dir() => Ok(Self::Folder(text.into())),
            Ok(metadata) if metadata.is_file() => Ok(Self::File(text.into())),
            Ok(_) => Err(SourceError::NeitherFileNorFolder { presented: text.to_owned() }),
            // It may be there all the same: looking into it says why not.
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Ok(Self::File(text.into())),
            Err(_) => Self::repository(text).map_err(|_| SourceError::Nothing { presented: text.to_owned() }),
        }
    }
}

impl fmt::Display for SignatureSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) | Self::Folder(path) | Self::Recorded(path) => f.write_str(&printable(&path.display().to_string())),
            Self::Bucket { bucket, prefix } => write!(f, "s3://{bucket}/{}", printable(prefix)),
            Self::Repository(image) => write!(f, "{}", image.repository_uri()),
        }
    }
}

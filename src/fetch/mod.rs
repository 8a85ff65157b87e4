//! Stage 2: bytes into the store. One file per kind of location; images in OCI layouts and folders are read where they lie.
//!
//! What could not be had is a [`Gap`]: the artifact is then unknown, and the run goes on. What this machine could not do, with a file that
//! the user named or with the store, is a [`FetchError`], and ends the run (exit 5).

#[cfg(feature = "aws")]
mod account;
mod local;
mod registry;
pub mod signatures;
mod snapshot;

use std::io;
use std::path::PathBuf;

pub use self::registry::resolve;
use crate::clients::Clients;
use crate::model::artifact::BlobLocation;
use crate::model::digest::ClaimedDigest;
use crate::model::gap::{Gap, GapReason};
use crate::model::observed::Observed;
use crate::model::printable::printable;
use crate::store::{Integrity, PutError, Store, StoreError, StoredBlob};

/// Bytes of one zip. Lambda unpacks at most 250 MB of code and layers, so that no zip that it takes comes near this.
pub const MAX_ZIP_BYTES: u64 = 1 << 30;

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// ARN, reference or path, for gaps.
    pub subject: &'a str,
    /// The digest that an API answer or a reference claims.
    pub digest: Option<ClaimedDigest>,
    /// The size that an API answer claims, bytes.
    pub size: Option<u64>,
}

/// Bytes that can be read.
#[derive(Debug, Clone)]
pub enum Fetched {
    /// A zip, or a file that is no archive, in the store.
    Blob(StoredBlob),
    /// A folder that the user named; it is read in place.
    Directory(PathBuf),
    /// An image in an OCI layout, read in place. Nothing of it has been hashed yet: whoever reads it holds each blob against its
    /// descriptor.
    Image {
        /// Where its blobs are.
        blobs: ImageBlobs,
        /// `sha256:…` of the manifest or index, as claimed.
        digest: String,
        /// Lambda's name of the platform wanted from an index: `x86_64` or `arm64`.
        architecture: String,
        /// True where nothing of the image had to be downloaded, since the store held it.
        from_store: bool,
    },
}

/// Where the blobs of an image can be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageBlobs {
    /// An OCI layout: its folder, or an uncompressed tar of one.
    Layout(PathBuf),
    /// The store, into which a registry's image was pulled. What an image layout has beside its blobs is here.
    Stored {
        /// An OCI image index, made by us, that lists the image, its referrers, and the tags that signatures are looked for under, as the
        /// `index.json` of a layout would.
        index: Vec<u8>,
        /// Why it is not known what signatures stand beside the image; `None` where the registry said so.
        signatures_unknown: Option<Gap>,
        /// What the registry gave under a digest that is not the bytes' own, one sentence each. Such a blob is missing from the image.
        other_bytes: Vec<String>,
    },
}

/// What fetching needs, built once and passed down.
#[derive(Clone, Copy)]
pub struct Fetching<'a> {
    /// Where bytes go.
    pub store: &'a Store,
    /// Where they come from.
    pub clients: &'a Clients,
    /// `--refetch`: what the store holds does not stand in for what is fetched.
    pub refetch: bool,
}

/// Gets the bytes at `location`, or says why they cannot be had.
///
/// A file that the user named is always read. A zip of a live account is asked for only where the store does not hold the claimed digest,
/// or with [`Fetching::refetch`]; the store's copy is hashed again (`StoredBlob::from_store`). A snapshot's blob is never passed over in
/// favour of the store: a recording whose bytes are not the claimed ones must read the same whatever was scanned before. Only where it is
/// missing does the store's copy stand in.
///
/// # Errors
///
/// A local file that cannot be read, and a store that fails.
pub fn fetch(location: &BlobLocation, wanted: &Wanted<'_>, fetching: Fetching<'_>) -> Result<Observed<Fetched>, FetchError> {
    match location {
        BlobLocation::Local(path) => local::fetch(path, wanted, fetching.store),
        BlobLocation::Snapshot { root, path } => snapshot::fetch(root, path, wanted, fetching.store),
        BlobLocation::OciLayout { root, digest, architecture } => Ok(Observed::Present(Fetched::Image {
            blobs: ImageBlobs::Layout(root.clone()),
            digest: digest.clone(),
            architecture: architecture.clone(),
            from_store: false,
        })),
        #[cfg(feature = "aws")]
        BlobLocation::LambdaFunction { asked_in, arn } => account::function(asked_in, arn, wanted, fetching),
        #[cfg(feature = "aws")]
        BlobLocation::LambdaLayer { asked_in, arn } => account::layer(asked_in, arn, wanted, fetching),
        #[cfg(feature = "aws")]
        BlobLocation::S3Object { asked_in, object } => account::object(asked_in, object, wanted, fetching),
        #[cfg(not(feature = "aws"))]
        BlobLocation::LambdaFunction { .. } | BlobLocation::LambdaLayer { .. } | BlobLocation::S3Object { .. } => {
            without_aws(wanted, fetching)
        }
        BlobLocation::Registry { asked_in, image, architecture } => {
            registry::fetch(image, architecture, asked_in.as_ref(), wanted, fetching)
        }
    }
}

#[cfg(not(feature = "aws"))]
fn without_aws(wanted: &Wanted<'_>, fetching: Fetching<'_>) -> Result<Observed<Fetched>, FetchError> {
    if !fetching.refetch
        && let Some(blob) = from_store(wanted, fetching.store)?
    {
        return Ok(Observed::Present(blob));
    }
    Ok(Observed::Unknown(Gap {
        subject: wanted.subject.into(),
        wanted: "the bytes of the zip".into(),
        reason: GapReason::NotBuilt,
        detail: "this build of layerproof has no AWS in it".into(),
        next_step: "Build it with the feature `aws`, or judge a snapshot.".into(),
    }))
}

/// This machine could not do it: exit 5.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// A file that the user named cannot be read.
    #[error("cannot read {}: {source}", printable(&path.display().to_string()))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Puts what `reader` gives into the store. `unreadable` says what a failing source is: an error for a file that the user named, a gap
/// for one that a snapshot names.
fn put(
    reader: &mut dyn io::Read,
    wanted: &Wanted<'_>,
    store: &Store,
    unreadable: impl FnOnce(io::Error) -> Result<Gap, FetchError>,
) -> Result<Observed<Fetched>, FetchError> {
    match store.put(reader, wanted.digest, wanted.size, MAX_ZIP_BYTES) {
        Ok(blob) => Ok(Observed::Present(Fetched::Blob(blob))),
        Err(PutError::Store(error)) => Err(error.into()),
        Err(PutError::Source { error, .. }) => unreadable(error).map(Observed::Unknown),
        Err(PutError::TooLarge { .. }) => Ok(Observed::Unknown(too_large(wanted))),
    }
}

/// The store's copy of the claimed digest, hashed again now.
fn from_store(wanted: &Wanted<'_>, store: &Store) -> Result<Option<Fetched>, FetchError> {
    let Some(claimed) = wanted.digest else { return Ok(None) };
    Ok(store.get(&claimed)?.map(|mut blob| {
        // The store knows the digest only; the size that the answer claims must hold too.
        blob.integrity = Integrity::of(blob.digest, blob.size, wanted.digest, wanted.size);
        Fetched::Blob(blob)
    }))
}

fn too_large(wanted: &Wanted<'_>) -> Gap {
    Gap {
        subject: wanted.subject.into(),
        wanted: "the bytes of the zip".into(),
        reason: GapReason::TooLarge { limit: "zip_bytes".into() },
        detail: format!("larger than {MAX_ZIP_BYTES} bytes"),
        next_step: "Lambda takes no zip of this size; find out what it is.".into(),
    }
}

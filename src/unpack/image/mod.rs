//! Container images in an OCI layout. Every blob is read by its digest, hashed while it is read and compared with its descriptor.
//!
//! Steps, in the order in which the code takes them:
//! 1. The manifest or index that the digest names.
//! 2. From an index, the one manifest for Linux and the wanted architecture; that index lists it by digest and size.
//! 3. The configuration: architecture and `rootfs.diff_ids`, one for each layer.
//! 4. Each layer in one pass: digest and size of its stored bytes, digest of its tar against its `diff_id`, its members.
//! 5. The layers merged, with whiteouts.

mod layer;
mod layout;
mod manifest;
mod tap;

use std::sync::atomic::AtomicU64;

use rayon::prelude::*;
use serde::Serialize;

use super::anomaly::{Anomalies, Anomaly, AnomalyKind};
use super::error::UnpackError;
use super::limits::{Deadline, Limits};
use super::reader::FileReader;
use super::tree::FileTree;
use super::whiteout::Merged;
use super::{Contents, Format, WantDigests};
use crate::model::digest::{ClaimedDigest, Digest};
use crate::store::Integrity;
use layer::{Budget, Stored, io_error};
use manifest::{Compression, Config, Descriptor, Document};

pub use layout::{Layout, SmallBlob};

/// An image that was read.
#[derive(Debug)]
pub struct Image {
    /// The merged file system, and what is wrong.
    pub contents: Contents,
    /// What the manifest says; `None` where no manifest of the image could be read.
    pub info: Option<ImageInfo>,
}

/// What an image is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageInfo {
    /// The manifest's digest, computed.
    pub manifest_digest: Digest,
    /// The manifest's size, bytes.
    pub manifest_size: u64,
    /// Its media type.
    pub manifest_media_type: String,
    /// The digest of the index that led to it, computed; `None` where the manifest itself was asked for.
    pub index_digest: Option<Digest>,
    /// `architecture` of the configuration: `amd64`, `arm64`. Untrusted.
    pub architecture: String,
    /// The layers, lowest first. Only those that were read whole.
    pub layers: Vec<LayerInfo>,
}

/// One layer, as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LayerInfo {
    /// Digest of the stored bytes, computed.
    pub digest: Digest,
    /// Stored bytes.
    pub size: u64,
    /// Digest of the tar, computed.
    pub diff_id: Digest,
}

/// Reads the image that `digest` names: a manifest, or an index with one for `architecture` (`x86_64` or `arm64`, as Lambda says it).
/// What the layout lacks or what does not match its digest is an anomaly, and the contents are then not `complete`.
///
/// # Errors
/// I/O errors only.
pub fn analyse_image(
    layout: &Layout,
    digest: &ClaimedDigest,
    architecture: &str,
    limits: &Limits,
    want: &WantDigests,
) -> Result<Image, UnpackError> {
    read(layout, digest, architecture, Interest { limits, want, reader: None })
}

/// As [`analyse_image`], and hands over the files that `reader` wants as they pass: of every layer, those among them that a later layer hides
/// or removes. What is left at the end is in the tree, told by `origin` and `member`.
///
/// # Errors
/// I/O errors only.
pub fn read_image(
    layout: &Layout,
    digest: &ClaimedDigest,
    architecture: &str,
    limits: &Limits,
    want: &WantDigests,
    reader: &dyn FileReader,
) -> Result<Image, UnpackError> {
    read(layout, digest, architecture, Interest { limits, want, reader: Some(reader) })
}

/// What is wanted of the layers, and how much is taken.
#[derive(Clone, Copy)]
struct Interest<'a> {
    limits: &'a Limits,
    want: &'a WantDigests,
    reader: Option<&'a dyn FileReader>,
}

fn read(layout: &Layout, digest: &ClaimedDigest, architecture: &str, interest: Interest<'_>) -> Result<Image, UnpackError> {
    let Interest { limits, .. } = interest;
    let mut reading = Reading {
        layout,
        limits,
        interest,
        anomalies: Anomalies::default(),
        budget: Budget { entries: AtomicU64::new(0), bytes: AtomicU64::new(0), deadline: Deadline::start(limits) },
        merged: Merged::default(),
        complete: true,
    };
    reading.anomalies.extend(layout.anomalies.iter().cloned());
    let info = reading.image(digest, architecture)?;
    Ok(Image {
        contents: Contents {
            format: Format::Image,
            tree: FileTree { entries: reading.merged.into_entries() },
            anomalies: reading.anomalies.into_vec(),
            entries: reading.budget.entries.into_inner(),
            unpacked_bytes: reading.budget.bytes.into_inner(),
            complete: reading.complete && info.is_some(),
        },
        info,
    })
}

/// A layer that was read, before it is held against what names it.
struct Read {
    anomalies: Vec<Anomaly>,
    /// False where something was found on the way to it.
    complete: bool,
    claimed: Option<ClaimedDigest>,
    layer: Option<layer::Layer>,
}

/// Reads one layer; several are read side by side.
fn read_layer(
    layout: &Layout,
    place: usize,
    descriptor: &Descriptor,
    interest: Interest<'_>,
    budget: &Budget,
) -> Result<Read, UnpackError> {
    let what = format!("layer {place}");
    let mut anomalies = Anomalies::default();
    let mut complete = true;
    let mut note = |anomalies: &mut Anomalies, kind, detail| {
        anomalies.push(kind, "", format!("{what}: {detail}"));
        complete = false;
    };
    let compression: Option<Compression> = match manifest::layer_compression(&descriptor.media_type) {
        Ok(compression) => Some(compression),
        Err((kind, detail)) => {
            note(&mut anomalies, kind, detail);
            None
        }
    };
    let claimed = match ClaimedDigest::from_oci(&descriptor.digest) {
        Ok(claimed) => Some(claimed),
        Err(e) => {
            note(&mut anomalies, AnomalyKind::Malformed, e.to_string());
            None
        }
    };
    let mut layer = None;
    if let Some(claimed) = &claimed {
        match layout.blob(claimed)? {
            None => note(&mut anomalies, AnomalyKind::DigestMismatch, format!("the layout holds no blob {claimed}")),
            Some((blob, length)) => {
                let stored = Stored { blob, length, place: u32::try_from(place).unwrap_or(u32::MAX), compression };
                let Interest { limits, want, reader } = interest;
                let read = layer::read(stored, budget, limits, want, reader, &mut anomalies);
                layer = Some(read.map_err(|e| io_error(layout.path(), e))?);
            }
        }
    }
    Ok(Read { anomalies: anomalies.into_vec(), complete, claimed, layer })
}

struct Reading<'a> {
    layout: &'a Layout,
    limits: &'a Limits,
    interest: Interest<'a>,
    anomalies: Anomalies,
    budget: Budget,
    merged: Merged,
    complete: bool,
}

impl Reading<'_> {
    fn image(&mut self, digest: &ClaimedDigest, architecture: &str) -> Result<Option<ImageInfo>, UnpackError> {
        // 1.
        let Some((bytes, computed)) = self.small("manifest", digest, None)? else { return Ok(None) };
        let document = match manifest::parse(&bytes, None) {
            Ok(document) => document,
            Err(flaw) => return Ok(self.refuse(flaw)),
        };
        // 2.
        let (index_digest, manifest_bytes, manifest_digest, document) = match document {
            Document::Manifest { .. } => (None, bytes, computed, document),
            Document::Index { manifests } => {
                let chosen = match manifest::for_platform(&manifests, architecture) {
                    Ok(chosen) => chosen,
                    Err(flaw) => return Ok(self.refuse(flaw)),
                };
                let Some((bytes, inner)) = self.described("manifest", &chosen)? else { return Ok(None) };
                match manifest::parse(&bytes, Some(&chosen.media_type)) {
                    Ok(document) => (Some(computed), bytes, inner, document),
                    Err(flaw) => return Ok(self.refuse(flaw)),
                }
            }
        };
        let Document::Manifest { media_type, config, layers } = document else {
            return Ok(self.refuse((AnomalyKind::Malformed, "an index within the index".into())));
        };
        let mut info = ImageInfo {
            manifest_digest,
            manifest_size: manifest_bytes.len() as u64,
            manifest_media_type: media_type,
            index_digest,
            architecture: String::new(),
            layers: Vec::new(),
        };
        // 3.
        let Some(config) = self.config(&config)? else {
            self.complete = false;
            return Ok(Some(info));
        };
        if layers.len() > self.limits.image_layers {
            let detail = format!("image_layers: {} layers, at most {} are read", layers.len(), self.limits.image_layers);
            self.note(AnomalyKind::LimitExceeded, detail);
            return Ok(Some(info));
        }
        if layers.len() != config.diff_ids.len() {
            let detail = format!("the manifest has {} layers, the configuration {} diff_ids", layers.len(), config.diff_ids.len());
            self.note(AnomalyKind::HeaderMismatch, detail);
        }
        info.architecture = config.architecture;
        // 4. and 5.
        let (layout, interest, budget) = (self.layout, self.interest, &self.budget);
        let read: Vec<Result<Read, UnpackError>> =
            layers.par_iter().enumerate().map(|(place, descriptor)| read_layer(layout, place, descriptor, interest, budget)).collect();
        for (place, (read, descriptor)) in read.into_iter().zip(&layers).enumerate() {
            let diff_id = config.diff_ids.get(place).map(String::as_str);
            match self.layer(place, read?, descriptor, diff_id) {
                Some(layer) => info.layers.push(layer),
                // What is above a layer that is missing hides or removes things that are not known: a tree of them would mislead.
                None => break,
            }
        }
        Ok(Some(info))
    }

    fn config(&mut self, descriptor: &Descriptor) -> Result<Option<Config>, UnpackError> {
        let Some((bytes, _)) = self.described("configuration", descriptor)? else { return Ok(None) };
        match manifest::parse_config(&bytes, &descriptor.media_type) {
            Ok(config) => Ok(Some(config)),
            Err((kind, detail)) => {
                self.note(kind, detail);
                Ok(None)
            }
        }
    }

    /// Holds a layer that was read against what names it, and lays it on top.
    fn layer(&mut self, place: usize, read: Read, descriptor: &Descriptor, diff_id: Option<&str>) -> Option<LayerInfo> {
        let what = format!("layer {place}");
        let Read { anomalies, complete, claimed, layer } = read;
        self.complete &= complete;
        self.anomalies.extend(anomalies);
        let (claimed, layer) = (claimed?, layer?);
        self.complete &= layer.complete;
        if let Some((digest, size)) = layer.stored {
            self.compare(&what, digest, size, &claimed, Some(descriptor.size));
        }
        match (layer.diff_id, diff_id.map(ClaimedDigest::from_oci)) {
            (Some(computed), Some(Ok(stated))) => {
                self.compare(&format!("tar of {what} (diff_id)"), computed, layer.bytes, &stated, None);
            }
            (_, Some(Err(e))) => self.note(AnomalyKind::Malformed, format!("diff_id of {what}: {e}")),
            // That the counts differ, or why the tar was not read to its end, has been noted.
            (_, None) | (None, Some(Ok(_))) => self.complete = false,
        }
        self.merged.apply(layer.entries, &mut self.anomalies);
        match (layer.stored, layer.diff_id) {
            (Some((digest, size)), Some(diff_id)) => Some(LayerInfo { digest, size, diff_id }),
            (None, _) | (_, None) => None,
        }
    }

    /// A small blob that a descriptor names, with its computed digest; `None` after a note.
    fn described(&mut self, what: &str, descriptor: &Descriptor) -> Result<Option<(Vec<u8>, Digest)>, UnpackError> {
        match self.claimed(what, &descriptor.digest) {
            Some(claimed) => self.small(what, &claimed, Some(descriptor.size)),
            None => Ok(None),
        }
    }

    fn small(&mut self, what: &str, claimed: &ClaimedDigest, size: Option<u64>) -> Result<Option<(Vec<u8>, Digest)>, UnpackError> {
        let Some((blob, length)) = self.blob(what, claimed)? else { return Ok(None) };
        match layer::read_small(blob, length, self.limits).map_err(|e| io_error(self.layout.path(), e))? {
            Ok((bytes, digest)) => {
                let intact = self.compare(what, digest, bytes.len() as u64, claimed, size);
                Ok(intact.then_some((bytes, digest)))
            }
            Err(detail) => {
                self.note(AnomalyKind::LimitExceeded, format!("{what}: {detail}"));
                Ok(None)
            }
        }
    }

    fn claimed(&mut self, what: &str, text: &str) -> Option<ClaimedDigest> {
        match ClaimedDigest::from_oci(text) {
            Ok(claimed) => Some(claimed),
            Err(e) => {
                self.note(AnomalyKind::Malformed, format!("{what}: {e}"));
                None
            }
        }
    }

    fn blob(&mut self, what: &str, claimed: &ClaimedDigest) -> Result<Option<layout::Blob>, UnpackError> {
        let blob = self.layout.blob(claimed)?;
        if blob.is_none() {
            self.note(AnomalyKind::DigestMismatch, format!("{what}: the layout holds no blob {claimed}"));
        }
        Ok(blob)
    }

    /// Compares what was read with what a descriptor or `diff_id` says.
    fn compare(&mut self, what: &str, digest: Digest, size: u64, claimed: &ClaimedDigest, claimed_size: Option<u64>) -> bool {
        match Integrity::of(digest, size, Some(*claimed), claimed_size) {
            Integrity::Matches => true,
            Integrity::Mismatch { .. } | Integrity::NotClaimed | Integrity::NoBytes => {
                let expected_size = claimed_size.map_or(String::new(), |s| format!(" of {s} bytes"));
                self.note(
                    AnomalyKind::DigestMismatch,
                    format!("{what}: expected {claimed}{expected_size}, presented {digest} of {size} bytes"),
                );
                false
            }
        }
    }

    fn note(&mut self, kind: AnomalyKind, detail: String) {
        self.anomalies.push(kind, "", detail);
        self.complete = false;
    }

    fn refuse(&mut self, (kind, detail): manifest::Flaw) -> Option<ImageInfo> {
        self.note(kind, detail);
        None
    }
}

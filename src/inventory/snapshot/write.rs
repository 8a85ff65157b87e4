//! Writes a snapshot: what AWS answered, and the bytes that the answers speak of. The format is docs/snapshot.md.
//!
//! Everything goes into a folder beside the wanted one, which is renamed into place when it is whole: no half-written snapshot is left.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::place::MAX_GAPS;
use super::recorded::file;
use crate::inventory::account::answers::{GET_FUNCTION, GET_LAYER_VERSION_BY_ARN};
use crate::inventory::account::call::{Api, Call, PlaceCalls};
use crate::model::digest::ClaimedDigest;
use crate::model::gap::{Gap, GapReason};
use crate::model::inventory::Place;
use crate::model::printable::printable;
use crate::store::{Store, StoreError, StoredBlob};

/// Blobs of one image that are copied. The largest images have some hundred layers.
const MAX_IMAGE_BLOBS: usize = 10_000;
/// Bytes of a manifest that is read for what it names.
const MAX_MANIFEST_BYTES: u64 = 4 << 20;

/// What goes into a snapshot.
pub struct Recording<'a> {
    /// When recording began.
    pub recorded_at: Timestamp,
    /// The calls, place by place.
    pub places: &'a [PlaceCalls],
    /// Zips that were had, by the ARN of the function version or layer version.
    pub zips: &'a BTreeMap<String, StoredBlob>,
    /// The `index.json` of each image that was pulled; its blobs are in the store.
    pub images: &'a [Vec<u8>],
    /// What could not be learned and no call shows: an account that could not be opened, signatures that could not be listed. A snapshot
    /// that did not say so would be judged better than the account was.
    pub gaps: &'a [Gap],
    /// Where the bytes are.
    pub store: &'a Store,
}

/// A snapshot cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The folder holds something.
    #[error("{} is not an empty folder: a snapshot is written into a new one", printable(&path.display().to_string()))]
    NotEmpty {
        /// As given.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot write {}: {source}", printable(&path.display().to_string()))]
    Io {
        /// What was to be written.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How much was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// Calls.
    pub calls: usize,
    /// Zips.
    pub zips: usize,
    /// Blobs of images.
    pub image_blobs: usize,
}

/// Refuses a folder that is there and not empty, before anything is asked of an account.
///
/// # Errors
/// [`RecordError::NotEmpty`], or what the operating system says.
pub fn check_folder(dir: &Path) -> Result<(), RecordError> {
    match fs::read_dir(dir) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(RecordError::NotEmpty { path: dir.into() }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Err(RecordError::NotEmpty { path: dir.into() }),
        Err(source) => Err(RecordError::Io { path: dir.into(), source }),
    }
}

/// Writes `recording` as the snapshot `dir`, which must not be there, or be empty.
///
/// # Errors
/// Nothing is left of it where it fails.
pub fn write(dir: &Path, recording: &Recording<'_>) -> Result<Recorded, RecordError> {
    check_folder(dir)?;
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(at(parent))?;
    // The code of functions is nobody else's business.
    let private = fs::Permissions::from_mode(0o700);
    let draft = tempfile::Builder::new().prefix(".layerproof-snapshot-").permissions(private).tempdir_in(parent).map_err(at(parent))?;
    let mut written = Recorded::default();
    let root = draft.path();

    let mut blobs = BTreeMap::new();
    for PlaceCalls { place, calls } in recording.places {
        for (api, calls) in calls {
            let calls: Vec<Call> = calls.iter().map(|call| located(api, place, call, recording.zips, &mut blobs)).collect();
            written.calls += calls.len();
            write_json(&root.join(file(place, api)), &calls)?;
        }
    }
    for (name, blob) in &blobs {
        copy(&blob.path, &root.join(name))?;
    }
    written.zips = blobs.len();
    if !recording.images.is_empty() {
        written.image_blobs = write_images(&root.join("images"), recording)?;
    }
    // Last: without it, a draft that a crash leaves behind is no snapshot.
    let places: Vec<&Place> = recording.places.iter().map(|place| &place.place).collect();
    let manifest = json!({
        "layerproof_snapshot": 1,
        "recorded_at": recording.recorded_at.to_string(),
        "recorded_by": concat!("layerproof ", env!("CARGO_PKG_VERSION")),
        "places": places,
        "gaps": told(recording.gaps),
    });
    write_json(&root.join("snapshot.json"), &manifest)?;
    sync(root)?;
    // An empty folder gives way to a rename.
    let draft = draft.keep();
    fs::rename(&draft, dir).map_err(|source| {
        // What is left of it is ours, and of no use.
        let _left = fs::remove_dir_all(&draft);
        RecordError::Io { path: dir.into(), source }
    })?;
    sync(parent)?;
    Ok(written)
}

/// As many gaps as are read again. Of more than that, the rest is one.
fn told(gaps: &[Gap]) -> Vec<Gap> {
    let mut told: Vec<Gap> = gaps.iter().take(MAX_GAPS).cloned().collect();
    if gaps.len() > MAX_GAPS {
        told.truncate(MAX_GAPS - 1);
        told.push(Gap {
            subject: "the snapshot".into(),
            wanted: "everything else that could not be learned".into(),
            reason: GapReason::NotRecorded,
            detail: format!("{} gaps, of which {} are told", gaps.len(), told.len()),
            next_step: "Close the gaps that are told, and record again.".into(),
        });
    }
    told
}

/// The call with the place of its zip in the snapshot, where the zip was had.
fn located<'a>(
    api: &Api,
    place: &Place,
    call: &Call,
    zips: &'a BTreeMap<String, StoredBlob>,
    blobs: &mut BTreeMap<String, &'a StoredBlob>,
) -> Call {
    let text = |member: &str| call.request.get(member).and_then(Value::as_str).unwrap_or_default();
    let (arn, part) = if *api == GET_FUNCTION {
        let Place { partition, account, region } = place;
        let (name, qualifier) = (text("FunctionName"), text("Qualifier"));
        (format!("arn:{partition}:lambda:{region}:{account}:function:{name}:{qualifier}"), "Code")
    } else if *api == GET_LAYER_VERSION_BY_ARN {
        (text("Arn").to_owned(), "Content")
    } else {
        return call.clone();
    };
    let mut call = call.clone();
    if let Some(blob) = zips.get(&arn)
        && let Some(Value::Object(part)) = call.response.as_mut().and_then(|response| response.get_mut(part))
    {
        let name = format!("blobs/sha256/{}", blob.digest.hex());
        part.insert("Location".into(), Value::String(name.clone()));
        blobs.insert(name, blob);
    }
    call
}

/// One OCI layout that holds every image.
fn write_images(root: &Path, recording: &Recording<'_>) -> Result<usize, RecordError> {
    let mut manifests: Vec<Value> = Vec::new();
    let mut digests: BTreeSet<String> = BTreeSet::new();
    for index in recording.images {
        let index: Value = serde_json::from_slice(index).unwrap_or_default();
        for manifest in index.get("manifests").and_then(Value::as_array).into_iter().flatten() {
            let manifest = described(manifest, recording.store)?;
            if !manifests.contains(&manifest) {
                manifests.push(manifest);
            }
        }
        digests.extend(copy_blobs(root, &index, recording.store)?);
    }
    write_json(&root.join("oci-layout"), &json!({ "imageLayoutVersion": "1.0.0" }))?;
    let index = json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests });
    write_json(&root.join("index.json"), &index)?;
    Ok(digests.len())
}

/// A descriptor as other tools read it: with the size and the media type of what it names.
fn described(descriptor: &Value, store: &Store) -> Result<Value, RecordError> {
    let mut descriptor = descriptor.clone();
    let digest = descriptor.get("digest").and_then(Value::as_str).and_then(|digest| ClaimedDigest::from_oci(digest).ok());
    if let (Some(digest), Some(members)) = (digest, descriptor.as_object_mut())
        && let Some((manifest, size)) = manifest(&digest, store)?
    {
        let is_index = manifest.get("manifests").is_some();
        let usual = if is_index { "application/vnd.oci.image.index.v1+json" } else { "application/vnd.oci.image.manifest.v1+json" };
        let media_type = manifest.get("mediaType").cloned().unwrap_or_else(|| usual.into());
        members.insert("mediaType".into(), media_type);
        members.insert("size".into(), size.into());
    }
    Ok(descriptor)
}

/// A manifest or index of the store, and its size; `None` where the store does not hold it, or it is none.
fn manifest(digest: &ClaimedDigest, store: &Store) -> Result<Option<(Value, u64)>, RecordError> {
    let Some(blob) = store.get(digest)?.filter(|blob| blob.size <= MAX_MANIFEST_BYTES) else { return Ok(None) };
    let bytes = fs::read(&blob.path).map_err(at(&blob.path))?;
    Ok(serde_json::from_slice(&bytes).ok().map(|manifest| (manifest, blob.size)))
}

/// Copies what an index leads to, as far as the store holds it: other platforms were not pulled.
fn copy_blobs(root: &Path, index: &Value, store: &Store) -> Result<BTreeSet<String>, RecordError> {
    let mut copied = BTreeSet::new();
    let mut queue: VecDeque<String> = named(index).collect();
    while let Some(digest) = queue.pop_front() {
        let Ok(claimed) = ClaimedDigest::from_oci(&digest) else { continue };
        if copied.len() >= MAX_IMAGE_BLOBS || copied.contains(&digest) {
            continue;
        }
        let Some(blob) = store.get(&claimed)? else { continue };
        copy(&blob.path, &root.join("blobs/sha256").join(claimed.hex()))?;
        copied.insert(digest);
        if blob.size <= MAX_MANIFEST_BYTES {
            let bytes = fs::read(&blob.path).map_err(at(&blob.path))?;
            if let Ok(manifest) = serde_json::from_slice::<Value>(&bytes) {
                queue.extend(named(&manifest));
            }
        }
    }
    Ok(copied)
}

/// The digests that a manifest or index names.
fn named(manifest: &Value) -> impl Iterator<Item = String> {
    #[derive(Deserialize)]
    struct Descriptor {
        digest: String,
    }
    let of = |value: &Value| Descriptor::deserialize(value).ok().map(|descriptor| descriptor.digest);
    let list =
        |member: &str| -> Vec<String> { manifest.get(member).and_then(Value::as_array).into_iter().flatten().filter_map(of).collect() };
    manifest.get("config").and_then(of).into_iter().chain(list("manifests")).chain(list("layers"))
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), RecordError> {
    create_parent(path)?;
    let mut file = io::BufWriter::new(File::create(path).map_err(at(path))?);
    serde_json::to_writer_pretty(&mut file, value).map_err(|error| at(path)(error.into()))?;
    file.write_all(b"\n").map_err(at(path))?;
    file.into_inner().map_err(|error| at(path)(error.into_error()))?.sync_all().map_err(at(path))
}

fn copy(from: &Path, to: &Path) -> Result<(), RecordError> {
    if to.exists() {
        return Ok(());
    }
    create_parent(to)?;
    let mut source = File::open(from).map_err(at(from))?;
    let mut file = File::create(to).map_err(at(to))?;
    io::copy(&mut source, &mut file).map_err(at(to))?;
    file.sync_all().map_err(at(to))
}

fn create_parent(path: &Path) -> Result<(), RecordError> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(at(parent))
}

fn sync(folder: &Path) -> Result<(), RecordError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
}

fn at(path: &Path) -> impl Fn(io::Error) -> RecordError + use<> {
    let path = path.to_path_buf();
    move |source| RecordError::Io { path: path.clone(), source }
}

//! Bytes into the store, from hostile and incomplete places.

#[cfg(feature = "aws")]
mod zips;

use std::path::PathBuf;

use layerproof::clients::Clients;
use layerproof::fetch::{FetchError, Fetched, Fetching, ImageBlobs, MAX_ZIP_BYTES, Wanted, fetch};
use layerproof::model::artifact::BlobLocation;
use layerproof::model::digest::{ClaimedDigest, Digest};
use layerproof::model::gap::{Gap, GapReason};
use layerproof::model::observed::Observed;
use layerproof::store::{Integrity, Store, StoredBlob};
use tempfile::TempDir;

#[test]
fn local_file_is_hashed_and_claims_nothing() {
    let place = Place::new();
    let file = place.write("a.zip", b"hello");
    let blob = blob(place.fetch(&BlobLocation::Local(file), None, None));
    assert_eq!((blob.digest, blob.size, blob.integrity), (Digest::of(b"hello"), 5, Integrity::NotClaimed));
}

#[test]
fn local_file_that_changed_is_read_again_although_its_old_bytes_are_in_the_store() {
    let place = Place::new();
    let location = BlobLocation::Local(place.write("a.zip", b"old"));
    blob(place.fetch(&location, None, None));
    place.write("a.zip", b"new");
    let again = blob(place.fetch(&location, Some(b"old"), None));
    assert_eq!(again.digest, Digest::of(b"new"));
    assert!(matches!(again.integrity, Integrity::Mismatch { .. }) && !again.from_store);
}

#[test]
fn folder_is_read_in_place() {
    let place = Place::new();
    let location = BlobLocation::Local(place.folder.path().into());
    let Observed::Present(Fetched::Directory(path)) = place.fetch(&location, None, None).unwrap() else { panic!() };
    assert_eq!(path, place.folder.path());
}

#[test]
fn local_file_that_went_away_or_is_a_device_is_an_error_not_a_gap() {
    let place = Place::new();
    for path in ["/nowhere/a.zip", "/dev/zero"] {
        let result = place.fetch(&BlobLocation::Local(path.into()), None, None);
        assert!(matches!(result, Err(FetchError::Unreadable { .. })), "{path}");
    }
}

#[test]
fn recorded_bytes_are_held_against_the_claimed_digest_and_size() {
    let place = Place::new();
    place.write("blobs/x", b"bytes");
    assert_eq!(blob(place.fetch(&place.recorded("blobs/x"), Some(b"bytes"), Some(5))).integrity, Integrity::Matches);
    for (claimed, size) in [(&b"other"[..], Some(5)), (b"bytes", Some(6))] {
        let blob = blob(place.fetch(&place.recorded("blobs/x"), Some(claimed), size));
        assert!(matches!(blob.integrity, Integrity::Mismatch { .. }));
    }
}

#[test]
fn clean_copy_in_the_store_does_not_hide_that_the_recorded_bytes_differ() {
    let place = Place::new();
    place.write("blobs/clean", b"clean");
    place.write("blobs/swapped", b"swapped");
    blob(place.fetch(&place.recorded("blobs/clean"), Some(b"clean"), None));
    let swapped = blob(place.fetch(&place.recorded("blobs/swapped"), Some(b"clean"), None));
    assert!(matches!(swapped.integrity, Integrity::Mismatch { .. }));
}

#[test]
fn blob_that_was_not_recorded_comes_out_of_the_store_if_it_is_there() {
    let place = Place::new();
    assert_eq!(gap(place.fetch(&place.recorded("blobs/x"), Some(b"bytes"), Some(5))).reason, GapReason::NotRecorded);
    let file = place.write("elsewhere", b"bytes");
    blob(place.fetch(&BlobLocation::Local(file), None, None));
    let stored = blob(place.fetch(&place.recorded("blobs/x"), Some(b"bytes"), Some(5)));
    assert!(stored.from_store && stored.integrity == Integrity::Matches);
    let wrong_size = blob(place.fetch(&place.recorded("blobs/x"), Some(b"bytes"), Some(6)));
    assert!(matches!(wrong_size.integrity, Integrity::Mismatch { .. }));
}

#[test]
fn blob_without_a_claimed_digest_is_not_looked_for_in_the_store() {
    let place = Place::new();
    assert_eq!(gap(place.fetch(&place.recorded("blobs/x"), None, None)).reason, GapReason::NotRecorded);
}

#[cfg(unix)]
#[test]
fn symbolic_link_in_a_snapshot_reads_nothing_outside_it() {
    let place = Place::new();
    let outside = TempDir::new().unwrap();
    std::fs::write(outside.path().join("secret"), b"secret").unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret"), place.folder.path().join("file")).unwrap();
    std::os::unix::fs::symlink(outside.path(), place.folder.path().join("folder")).unwrap();
    for path in ["file", "folder/secret"] {
        assert_eq!(gap(place.fetch(&place.recorded(path), Some(b"secret"), None)).reason, GapReason::Malformed, "{path}");
    }
}

#[test]
fn path_out_of_a_snapshot_reads_nothing_even_if_the_inventory_let_it_through() {
    let place = Place::new();
    for path in ["../../etc/passwd", "/etc/passwd", ""] {
        assert_eq!(gap(place.fetch(&place.recorded(path), None, None)).reason, GapReason::Malformed, "{path}");
    }
}

#[test]
fn file_beyond_the_limit_is_a_gap_that_names_it() {
    let place = Place::new();
    let path = place.write("sparse", b"");
    std::fs::File::options().write(true).open(&path).unwrap().set_len(MAX_ZIP_BYTES + 1).unwrap();
    let gap = gap(place.fetch(&BlobLocation::Local(path), None, None));
    assert_eq!(gap.reason, GapReason::TooLarge { limit: "zip_bytes".into() });
}

#[test]
fn image_in_a_layout_is_read_in_place() {
    let place = Place::new();
    let location = BlobLocation::OciLayout { root: "/layout.tar".into(), digest: "sha256:x".into(), architecture: "arm64".into() };
    let Observed::Present(Fetched::Image { blobs: ImageBlobs::Layout(layout), digest, architecture, .. }) =
        place.fetch(&location, None, None).unwrap()
    else {
        panic!()
    };
    assert_eq!((layout, digest.as_str(), architecture.as_str()), ("/layout.tar".into(), "sha256:x", "arm64"));
}

struct Place {
    folder: TempDir,
    store: Store,
    _store_folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let store_folder = TempDir::new().unwrap();
        let store = Store::open(&store_folder.path().join("store")).unwrap();
        Self { folder: TempDir::new().unwrap(), store, _store_folder: store_folder }
    }

    fn write(&self, relative: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(relative);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn recorded(&self, path: &str) -> BlobLocation {
        BlobLocation::Snapshot { root: self.folder.path().into(), path: path.into() }
    }

    fn fetch(&self, location: &BlobLocation, claimed: Option<&[u8]>, size: Option<u64>) -> Result<Observed<Fetched>, FetchError> {
        let digest = claimed.map(|bytes| ClaimedDigest::from(Digest::of(bytes)));
        fetch(
            location,
            &Wanted { subject: "a subject", digest, size },
            Fetching { store: &self.store, clients: &Clients::offline(), refetch: false },
        )
    }
}

fn blob(result: Result<Observed<Fetched>, FetchError>) -> StoredBlob {
    match result.unwrap() {
        Observed::Present(Fetched::Blob(blob)) => blob,
        other => panic!("{other:?}"),
    }
}

fn gap(result: Result<Observed<Fetched>, FetchError>) -> Gap {
    match result.unwrap() {
        Observed::Unknown(gap) => gap,
        other => panic!("{other:?}"),
    }
}

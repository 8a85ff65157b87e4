//! Snapshots as they are written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use layerproof::inventory::account::call::{Api, Call, PlaceCalls};
use layerproof::inventory::snapshot::write::{Recording, write};
use layerproof::inventory::{InventoryError, snapshot};
use layerproof::model::inventory::Place;
use layerproof::store::{Store, StoredBlob};
use serde_json::json;

const LIST: Api = Api { service: "lambda", operation: "ListFunctions", key: &["FunctionVersion"], pages: Some(("Marker", "NextMarker")) };
const GET: Api = Api { service: "lambda", operation: "GetFunction", key: &["FunctionName", "Qualifier"], pages: None };

fn call(request: serde_json::Value, response: serde_json::Value) -> Call {
    serde_json::from_value(json!({ "request": request, "response": response })).unwrap()
}

/// The draft of the snapshot that is being written in `folder`, once it waits for `blob`.
fn draft(folder: &Path, blob: &str) -> PathBuf {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let drafts = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
        if let Some(draft) = drafts.into_iter().find(|path| path.join("blobs/sha256").join(blob).exists()) {
            return draft;
        }
        assert!(Instant::now() < until, "nothing is written");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_recording_that_is_killed_half_way_leaves_nothing_that_reads_as_a_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("store")).unwrap();
    let (first, second) = (store.put(&mut &b"one"[..], None, None, 10).unwrap(), store.put(&mut &b"two"[..], None, None, 10).unwrap());
    // The second blob is never had: whoever copies it waits.
    let pipe = folder.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
    let arn = |name: &str| format!("arn:aws:lambda:eu-west-1:111122223333:function:{name}:1");
    let waits = |blob: &StoredBlob| StoredBlob { path: pipe.clone(), ..blob.clone() };
    let (small, large) = if first.digest < second.digest { (&first, &second) } else { (&second, &first) };
    let zips = BTreeMap::from([(arn("a"), small.clone()), (arn("b"), waits(large))]);
    let got = |name: &str| call(json!({"FunctionName": name, "Qualifier": "1"}), json!({"Configuration": {}, "Code": {}}));
    let calls =
        BTreeMap::from([(LIST, vec![call(json!({"FunctionVersion": "ALL"}), json!({"Functions": []}))]), (GET, vec![got("a"), got("b")])]);
    let place = Place { partition: "aws".into(), account: "111122223333".into(), region: "eu-west-1".into() };
    let places = [PlaceCalls { place, calls }];
    let recorded_at = "2026-11-22T00:00:00Z".parse().unwrap();
    let dir = folder.path().join("snapshot");
    std::thread::scope(|scope| {
        let recording = Recording { recorded_at, places: &places, zips: &zips, images: &[], gaps: &[], store: &store };
        let writing = scope.spawn(move || write(&dir, &recording));
        let draft = draft(folder.path(), &small.digest.hex());
        // What a kill at this moment would leave.
        let left = snapshot::read(&draft);
        std::fs::write(&pipe, b"two").unwrap();
        assert!(matches!(left, Err(InventoryError::NotASnapshot { .. })), "{left:?}");
        writing.join().unwrap().unwrap();
    });
    assert!(snapshot::read(&folder.path().join("snapshot")).is_ok());
}

//! What `cache prune` removes, and what it must not.

use std::fs;
use std::time::{Duration, SystemTime};

use layerproof::model::digest::Digest;
use layerproof::store::history::History;
use layerproof::store::{AnalysisKey, PruneOptions, Store, StoreError};

use super::{claimed, damage, names, put, scratch};

const ALL: PruneOptions = PruneOptions { unused_since: None, max_bytes: None, all: true, dry_run: false };

fn key() -> AnalysisKey {
    AnalysisKey::new("test-1", &"", &"")
}

fn used(path: &std::path::Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

/// Sets the time of last use back by `days`.
fn age(path: &std::path::Path, days: u64) {
    let then = used(path) - Duration::from_secs(days * 86_400);
    fs::File::open(path).unwrap().set_modified(then).unwrap();
}

#[test]
fn everything_goes_but_what_a_running_process_was_given() {
    let s = scratch();
    put(&s.store, b"one");
    {
        let other = Store::open(&s.dir).unwrap();
        put(&other, b"two");
    }
    put(&s.store, b"three");
    s.store.put_analysis(&Digest::of(b"one"), &key(), &1).unwrap();

    let pruner = Store::open(&s.dir).unwrap();
    let pruned = pruner.prune(&ALL).unwrap();
    assert_eq!((pruned.blobs.files, pruned.in_use.files, pruned.analyses.files, pruned.left.files), (1, 2, 1, 2));
    assert_eq!(pruned.in_use.bytes, 8);
    assert!(s.store.get(&claimed(b"one")).unwrap().is_some());
    assert_eq!(s.store.get(&claimed(b"two")).unwrap(), None);

    drop(s.store);
    assert_eq!(pruner.prune(&ALL).unwrap().left.files, 0);
}

#[test]
fn a_blob_got_from_the_store_is_in_use_too() {
    let s = scratch();
    drop(put(&Store::open(&s.dir).unwrap(), b"one"));
    let reader = Store::open(&s.dir).unwrap();
    let blob = reader.get(&claimed(b"one")).unwrap().unwrap();
    assert_eq!(s.store.prune(&ALL).unwrap().in_use.files, 1);
    assert_eq!(fs::read(blob.path).unwrap(), b"one");
}

#[test]
fn the_lease_of_a_killed_process_does_not_keep_blobs_forever() {
    let s = scratch();
    drop(put(&Store::open(&s.dir).unwrap(), b"one"));
    fs::write(s.dir.join("leases/1-dead"), format!("{}\n", Digest::of(b"one").hex())).unwrap();
    let dry = s.store.prune(&PruneOptions { dry_run: true, ..ALL }).unwrap();
    assert_eq!((dry.blobs.files, names(&s.dir.join("leases")).len()), (1, 1), "a dry run removes nothing");
    assert_eq!(s.store.prune(&ALL).unwrap().blobs.files, 1);
    assert!(names(&s.dir.join("leases")).is_empty());
}

#[test]
fn a_live_lease_that_cannot_be_read_stops_the_prune() {
    let s = scratch();
    drop(put(&Store::open(&s.dir).unwrap(), b"one"));
    let path = s.dir.join("leases/1-odd");
    fs::write(&path, "not a digest\n").unwrap();
    let live = fs::File::open(&path).unwrap();
    live.lock().unwrap();
    assert!(matches!(s.store.prune(&ALL), Err(StoreError::Lease { .. })));
    assert_eq!(s.store.info().unwrap().blobs.files, 1);
}

#[test]
fn age_counts_from_the_last_use_and_not_from_the_download() {
    let s = scratch();
    let paths: Vec<_> = {
        let writer = Store::open(&s.dir).unwrap();
        [b"a", b"b", b"c"].iter().map(|bytes| put(&writer, *bytes).path).collect()
    };
    let now = used(&paths[0]);
    age(&paths[0], 40);
    age(&paths[1], 40);
    age(&paths[2], 20);
    drop(Store::open(&s.dir).unwrap().get(&claimed(b"b")).unwrap().unwrap());
    let options = PruneOptions { unused_since: Some(now - Duration::from_secs(30 * 86_400)), ..PruneOptions::default() };
    let dry = s.store.prune(&PruneOptions { dry_run: true, ..options.clone() }).unwrap();
    assert_eq!(dry.blobs.files, 1);
    assert!(paths.iter().all(|p| p.exists()), "a dry run removes nothing");
    let pruned = s.store.prune(&options).unwrap();
    assert_eq!(pruned, dry, "a dry run says what the run does");
    assert_eq!(paths.iter().map(|p| p.exists()).collect::<Vec<_>>(), [false, true, true]);
}

#[test]
fn a_size_limit_takes_what_was_unused_longest_first_and_no_more_than_needed() {
    let s = scratch();
    let paths: Vec<_> = {
        let writer = Store::open(&s.dir).unwrap();
        (0..5u8).map(|i| put(&writer, &[i; 100]).path).collect()
    };
    for (i, path) in paths.iter().enumerate() {
        age(path, [3, 1, 5, 2, 4][i]);
    }
    let options = PruneOptions { max_bytes: Some(300), ..PruneOptions::default() };
    let pruned = s.store.prune(&options).unwrap();
    assert_eq!((pruned.blobs.files, pruned.left.bytes), (2, 300));
    assert_eq!(paths.iter().map(|p| p.exists()).collect::<Vec<_>>(), [true, true, false, true, false]);
    assert_eq!(s.store.prune(&options).unwrap().blobs.files, 0);
}

#[test]
fn nothing_asked_is_nothing_removed() {
    let s = scratch();
    drop(put(&Store::open(&s.dir).unwrap(), b"one"));
    assert_eq!(s.store.prune(&PruneOptions::default()).unwrap().blobs.files, 0);
}

#[test]
fn corrupt_files_go_and_history_and_strays_stay() {
    let s = scratch();
    let blob = put(&s.store, b"good");
    damage(&blob.path, b"evil");
    assert_eq!(s.store.get(&claimed(b"good")).unwrap(), None);
    fs::write(blob.path.with_file_name("README"), "mine").unwrap();
    let mut history = History::open(&s.store).unwrap();
    history.append(&super::history::record(2)).unwrap();
    drop(history);
    let pruned = s.store.prune(&ALL).unwrap();
    assert_eq!(pruned.corrupt.files, 1);
    assert!(blob.path.with_file_name("README").exists());
    assert_eq!(History::open(&s.store).unwrap().list(10).unwrap().len(), 1);
}

#[test]
fn prune_never_takes_a_blob_between_get_and_its_use() {
    let s = scratch();
    let dir = &s.dir;
    std::thread::scope(|scope| {
        let users: Vec<_> = (0..4u8)
            .map(|user| {
                scope.spawn(move || {
                    for round in 0..40u8 {
                        // Another store each time, so that nothing is leased when the round begins.
                        let store = Store::open(dir).unwrap();
                        let bytes = [round % 4, user % 2];
                        let blob = match store.get(&claimed(&bytes)).unwrap() {
                            Some(blob) => blob,
                            None => put(&store, &bytes),
                        };
                        std::thread::yield_now();
                        assert_eq!(fs::read(&blob.path).unwrap(), bytes);
                        assert!(store.quarantined().is_empty());
                    }
                })
            })
            .collect();
        let pruner = Store::open(dir).unwrap();
        let mut removed = 0;
        while users.iter().any(|u| !u.is_finished()) {
            removed += pruner.prune(&ALL).unwrap().blobs.files;
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(removed > 0, "nothing was ever pruned: the test shows nothing");
    });
}

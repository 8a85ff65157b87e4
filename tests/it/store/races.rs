//! Races, brought about on purpose: the test holds the store's `lock`, so that one side stands still between its two steps.
//!
//! A sleep only makes sure that the other side has got that far. Where a machine is too slow for it, a test passes without showing much;
//! it never fails for that.

use std::fs::{self, File};
use std::thread::{self, sleep};
use std::time::Duration;

use layerproof::store::{PruneOptions, Store};

use super::{claimed, damage, put, scratch};

const LONG_ENOUGH: Duration = Duration::from_millis(200);

#[test]
fn nothing_is_handed_out_while_a_prune_removes() {
    let s = scratch();
    put(&s.store, b"there");
    let lock = File::open(s.dir.join("lock")).unwrap();
    lock.lock().unwrap();
    thread::scope(|scope| {
        let get = scope.spawn(|| Store::open(&s.dir).unwrap().get(&claimed(b"there")).unwrap().is_some());
        let put = scope.spawn(|| put(&Store::open(&s.dir).unwrap(), b"new").path.exists());
        sleep(LONG_ENOUGH);
        let early = (get.is_finished(), put.is_finished());
        let hex = claimed(b"new").hex();
        let renamed = s.dir.join("blobs/sha256").join(&hex[..2]).join(&hex[2..]).exists();
        // Before any assertion: a failing test must not leave the others waiting.
        lock.unlock().unwrap();
        assert_eq!(early, (false, false), "a blob was handed out that could be removed before anybody knows that it is in use");
        assert!(!renamed);
        assert!(get.join().unwrap() && put.join().unwrap());
    });
}

#[test]
fn a_blob_used_after_it_was_listed_is_not_pruned_for_its_age() {
    let s = scratch();
    let path = put(&Store::open(&s.dir).unwrap(), b"old").path;
    let now = fs::metadata(&path).unwrap().modified().unwrap();
    File::open(&path).unwrap().set_modified(now - Duration::from_secs(1_000_000)).unwrap();
    let lock = File::open(s.dir.join("lock")).unwrap();
    lock.lock_shared().unwrap();
    let options = PruneOptions { unused_since: Some(now - Duration::from_secs(1_000)), ..PruneOptions::default() };
    thread::scope(|scope| {
        let prune = scope.spawn(|| s.store.prune(&options).unwrap());
        sleep(LONG_ENOUGH);
        // A process that came, used it and went.
        let used = Store::open(&s.dir).and_then(|store| store.get(&claimed(b"old")));
        lock.unlock().unwrap();
        assert!(used.unwrap().is_some());
        assert_eq!(prune.join().unwrap().blobs.files, 0);
    });
    assert!(path.exists());
}

#[test]
fn a_blob_healed_while_another_process_finds_it_damaged_is_not_moved_aside() {
    let s = scratch();
    let path = put(&s.store, b"good").path;
    damage(&path, b"evil");
    let lock = File::open(s.dir.join("lock")).unwrap();
    lock.lock_shared().unwrap();
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let store = Store::open(&s.dir).unwrap();
            (store.get(&claimed(b"good")).unwrap().is_some(), store.quarantined().len())
        });
        sleep(LONG_ENOUGH);
        let healed = s.store.put(&mut &b"good"[..], None, None, 10);
        lock.unlock().unwrap();
        healed.unwrap();
        let (found, moved) = reader.join().unwrap();
        assert!(moved == 0 || !found);
    });
    assert_eq!(fs::read(&path).unwrap(), b"good");
}

//! Several processes at once, and processes that are killed. The children are this test binary itself, run with the name of an ignored
//! test.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use layerproof::model::digest::Digest;
use layerproof::store::history::History;
use layerproof::store::{AnalysisKey, LEFTOVER_AGE, Store};

use super::history::record;
use super::{ROOMY, claimed, names, scratch};

const KILLS: u64 = 25;

fn child(test: &str, dir: &Path, seed: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", test])
        .env("LAYERPROOF_TEST_STORE", dir)
        .env("LAYERPROOF_TEST_SEED", seed.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn in_child() -> (Store, u64) {
    let store = Store::open(std::env::var("LAYERPROOF_TEST_STORE").unwrap().as_ref()).unwrap();
    (store, std::env::var("LAYERPROOF_TEST_SEED").unwrap().parse().unwrap())
}

/// A blob of up to 600 kB, told by its number.
fn bytes(number: u64) -> Vec<u8> {
    let length = (number * 7_919) % 600_000;
    (0..length).map(|i| (i ^ number ^ (i >> 8)) as u8).collect()
}

#[test]
fn a_kill_at_any_moment_leaves_no_half_blob() {
    let s = scratch();
    let mut written = 0;
    for round in 0..KILLS {
        let mut child = child("store::crash::child_that_writes_until_it_is_killed", &s.dir, round);
        // Spread over start-up, writing, syncing and renaming.
        thread::sleep(Duration::from_millis(20 + (round * 37) % 150));
        child.kill().unwrap();
        child.wait().unwrap();

        let store = Store::open(&s.dir).unwrap();
        let verified = store.verify(&mut |_, _| {}).unwrap();
        assert_eq!(verified.corrupt, [], "round {round}");
        assert_eq!(verified.damaged_analyses, Vec::<std::path::PathBuf>::new(), "round {round}");
        assert_eq!(verified.strays, Vec::<std::path::PathBuf>::new(), "round {round}");
        written = verified.good.files;
        let mut history = History::open(&store).unwrap();
        history.verify().unwrap();
        for scan in history.list(1000).unwrap() {
            let kept = history.show(scan.id).unwrap().unwrap();
            assert_eq!(kept.findings.len(), 50, "a half scan was kept");
            assert_eq!(kept.subjects.len(), 50, "a half scan was kept");
        }
    }
    assert!(written > 0, "the children never got as far as writing: the test shows nothing");
    // What they left is swept once it is old, and what is being written is not.
    let tmp = s.dir.join("tmp");
    let old = fs::File::create(tmp.join("put-old")).unwrap();
    let busy = fs::File::create(tmp.join("put-busy")).unwrap();
    busy.lock().unwrap();
    let long_ago = fs::metadata(&tmp).unwrap().modified().unwrap() - LEFTOVER_AGE - Duration::from_secs(60);
    for entry in fs::read_dir(&tmp).unwrap() {
        fs::File::open(entry.unwrap().path()).unwrap().set_modified(long_ago).unwrap();
    }
    drop(old);
    fs::write(tmp.join("put-young"), "x").unwrap();
    Store::open(&s.dir).unwrap();
    assert_eq!(names(&tmp), ["put-busy", "put-young"]);
}

#[test]
#[ignore = "run by a_kill_at_any_moment_leaves_no_half_blob"]
fn child_that_writes_until_it_is_killed() {
    let (store, seed) = in_child();
    let mut history = History::open(&store).unwrap();
    let key = AnalysisKey::new("test-1", &"", &"");
    for number in seed * 10.. {
        let bytes = bytes(number);
        let blob = store.put(&mut &bytes[..], Some(claimed(&bytes)), None, ROOMY).unwrap();
        store.put_analysis(&blob.digest, &key, &vec!["x"; 1000]).unwrap();
        history.append(&record(50)).unwrap();
    }
}

#[test]
fn eight_processes_put_the_same_and_other_blobs_at_once() {
    let root = tempfile::tempdir().unwrap();
    // Not there yet, so that all eight also make the store and its history at once.
    let dir = root.path().join("store");
    let mut children: Vec<Child> = (0..8).map(|seed| child("store::crash::child_that_puts_blobs", &dir, seed)).collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let store = Store::open(&dir).unwrap();
    let verified = store.verify(&mut |_, _| {}).unwrap();
    assert_eq!((verified.corrupt.len(), verified.strays.len()), (0, 0));
    assert_eq!(verified.good.files, 10 + 8 * 5, "ten that all of them put, five of each one's own");
    for number in 0..10 {
        assert_eq!(store.get(&claimed(&bytes(number))).unwrap().unwrap().digest, Digest::of(&bytes(number)));
    }
    assert!(names(&dir.join("tmp")).is_empty());
    assert_eq!(names(&dir.join("leases")).len(), 1, "this process's own");

    let mut history = History::open(&store).unwrap();
    let scans = history.list(1000).unwrap();
    assert_eq!(scans.len(), 8 * 5);
    assert!(scans.windows(2).all(|pair| pair[0].id > pair[1].id));
}

#[test]
#[ignore = "run by eight_processes_put_the_same_and_other_blobs_at_once"]
fn child_that_puts_blobs() {
    let (store, seed) = in_child();
    let mut history = History::open(&store).unwrap();
    for number in (0..10).chain(1_000 + seed * 5..1_000 + seed * 5 + 5) {
        let bytes = bytes(number);
        let blob = store.put(&mut &bytes[..], Some(claimed(&bytes)), None, ROOMY).unwrap();
        assert_eq!(fs::read(&blob.path).unwrap(), bytes);
        if number >= 1_000 {
            history.append(&record(3)).unwrap();
        }
    }
    assert!(store.quarantined().is_empty());
}

#[test]
fn threads_of_one_process_share_a_store() {
    let s = scratch();
    thread::scope(|scope| {
        for thread in 0..8u64 {
            let store = &s.store;
            scope.spawn(move || {
                for number in 0..20 {
                    let bytes = bytes(number % 5 + thread % 2);
                    store.put(&mut &bytes[..], None, None, ROOMY).unwrap();
                    assert!(store.get(&claimed(&bytes)).unwrap().is_some());
                }
            });
        }
    });
    assert!(s.store.quarantined().is_empty());
}

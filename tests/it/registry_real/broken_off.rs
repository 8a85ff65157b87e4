//! Downloads that break off, pulls that are killed, and pulls that meet in one store.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::bed;
use super::debian::Lets;
use super::front::{Front, Harm};
use super::images::{APP, Images};
use super::puller::{Pulled, Puller, example};

#[track_caller]
fn assert_whole(pulled: &Pulled, images: &Images) {
    assert_eq!(pulled.contents().anomalies, []);
    assert_eq!(pulled.contents().tree.entries, images.contents(APP, "x86_64").tree.entries);
}

#[test]
fn download_that_broke_off_goes_on_where_it_was_and_its_bytes_are_right() {
    let Some((registry, images)) = bed(Lets::Everybody) else { return };
    images.push(APP, &registry, "team/app:v1");
    let front = Front::before(registry.host());
    // The layer of 300 kB of noise.
    let layer = images.layers(APP).remove(1);
    front.harm_next(&layer, Harm::Break, 100_000);
    let pulled = Puller::new().pull(&format!("{}/team/app@{}", front.host(), images.digest(APP))).expect("it is there");
    assert_whole(&pulled, &images);
    let asked: Vec<Option<String>> = front.take().into_iter().filter(|s| s.path.contains(&layer)).map(|s| s.range).collect();
    let [first, second] = asked.as_slice() else { panic!("asked twice: {asked:?}") };
    assert!(first.as_deref().is_none_or(|range| range.starts_with("bytes=0-")), "{asked:?}");
    let from: Option<usize> = second.as_deref().and_then(|range| range.strip_prefix("bytes=")?.split('-').next()?.parse().ok());
    assert!(from.is_some_and(|from| (1..=100_000).contains(&from)), "docker-registry answers ranges: {asked:?}");
}

#[test]
fn pull_that_is_killed_leaves_no_half_blob_under_a_digest() {
    let Some((registry, images)) = bed(Lets::Everybody) else { return };
    images.push(APP, &registry, "team/app:v1");
    let front = Front::before(registry.host());
    let image = format!("{}/team/app@{}", front.host(), images.digest(APP));
    let layer = images.layers(APP).remove(1);
    front.harm_next(&layer, Harm::Stall, 100_000);
    let puller = Puller::new();
    let mut child = Command::new(example("pull_image"))
        .env_clear()
        .env("HOME", puller.store.dir())
        .arg(puller.store.dir())
        .arg(&image)
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    let until = Instant::now() + Duration::from_secs(60);
    while !front.take().iter().any(|seen| seen.path.contains(&layer)) {
        assert!(Instant::now() < until, "the layer is asked for");
        thread::sleep(Duration::from_millis(10));
    }
    // What came before the stall is on its way into the store.
    thread::sleep(Duration::from_millis(200));
    child.kill().expect("it runs");
    child.wait().expect("it is ours");
    assert!(!puller.file_of(&layer).exists(), "a part of a layer stands under its digest");
    assert_whole(&puller.pull(&image).expect("it is there"), &images);
}

#[test]
fn pulls_of_one_image_into_one_store_do_not_disturb_each_other() {
    let Some((registry, images)) = bed(Lets::Everybody) else { return };
    images.push(APP, &registry, "team/app:v1");
    let image = format!("{}/team/app@{}", registry.host(), images.digest(APP));
    let puller = Puller::new();
    let start = || {
        Command::new(example("pull_image"))
            .env_clear()
            .env("HOME", puller.store.dir())
            .arg(puller.store.dir())
            .arg(&image)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts")
    };
    let children: Vec<_> = (0..4).map(|_| start()).collect();
    for child in children {
        let output = child.wait_with_output().expect("it is ours");
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), images.digest(APP), "{output:?}");
    }
    assert_whole(&puller.pull(&image).expect("it is there"), &images);
    assert!(puller.store.quarantined().is_empty());
}

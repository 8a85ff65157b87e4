//! Bytes that changed, on the registry's disk or on ours.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use layerproof::model::gap::Gap;
use layerproof::unpack::AnomalyKind;

use super::debian::{DockerRegistry, Lets};
use super::front::Front;
use super::images::{APP, Images};
use super::puller::{Pulled, Puller};

fn bed() -> Option<(DockerRegistry, Images, String)> {
    let (registry, images) = super::bed(Lets::Everybody)?;
    images.push(APP, &registry, "team/app:v1");
    let image = format!("{}/team/app@{}", registry.host(), images.digest(APP));
    Some((registry, images, image))
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).expect("a blob");
    change(&mut bytes);
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("our file");
    fs::write(path, bytes).expect("our file");
}

type Harm = fn(&mut Vec<u8>);

const FLIP: Harm = |bytes| {
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
};

/// Whatever is answered, it is not a clean and complete image, and what is wrong is said.
#[track_caller]
fn assert_not_accepted(answer: Result<Pulled, Gap>, what: &str) {
    match answer {
        Ok(pulled) => {
            let contents = pulled.contents();
            assert!(!contents.complete, "{what}: accepted");
            assert!(contents.anomalies.iter().any(|a| a.kind == AnomalyKind::DigestMismatch), "{what}: {:#?}", contents.anomalies);
        }
        Err(gap) => assert!(!gap.detail.is_empty(), "{what}: {gap:?}"),
    }
}

#[test]
fn blob_that_changed_on_the_registrys_disk_is_never_accepted() {
    let changes: [(&str, Harm); 4] = [
        ("a bit flipped", FLIP),
        ("cut off", |bytes| bytes.truncate(bytes.len() / 2)),
        ("emptied", Vec::clear),
        ("longer", |bytes| bytes.extend_from_slice(b"more")),
    ];
    for (name, harm) in changes {
        let Some((registry, images, image)) = bed() else { return };
        for (what, digest) in [("top layer", images.layers(APP).pop().expect("a layer")), ("configuration", images.config(APP))] {
            let file = registry.file_of(&digest);
            let whole = fs::read(&file).expect("a blob");
            change(&file, harm);
            let puller = Puller::new();
            assert_not_accepted(puller.pull(&image), &format!("{what} {name}"));
            // Nothing of it stands in the store under the name of what was wanted.
            assert!(!puller.file_of(&digest).exists(), "{what} {name}: stored under a digest that it does not have");
            fs::write(&file, whole).expect("our file");
            let healed = puller.pull(&image).expect("it is whole again").contents();
            assert!(healed.complete && healed.anomalies.is_empty(), "{what} {name}: {:#?}", healed.anomalies);
        }
    }
}

#[test]
fn blob_that_is_gone_from_the_registry_is_a_gap_or_a_hole_but_no_image() {
    let Some((registry, images, image)) = bed() else { return };
    fs::remove_file(registry.file_of(&images.layers(APP)[1])).expect("our file");
    assert_not_accepted(Puller::new().pull(&image), "layer gone");
}

#[test]
fn manifest_that_changed_on_the_registrys_disk_is_never_accepted() {
    let Some((registry, images, image)) = bed() else { return };
    let file = registry.file_of(&images.digest(APP));
    // Still JSON, and another image: the lowest layer is left out.
    let lowest = images.layers(APP).remove(0);
    change(&file, |bytes| {
        let mut manifest: serde_json::Value = serde_json::from_slice(bytes).expect("JSON");
        manifest["layers"].as_array_mut().expect("layers").retain(|layer| layer["digest"] != lowest.as_str());
        *bytes = manifest.to_string().into_bytes();
    });
    assert_not_accepted(Puller::new().pull(&image), "manifest of another image");
}

#[test]
fn store_that_was_damaged_between_two_pulls_is_healed_and_says_so() {
    let Some((registry, images, _)) = bed() else { return };
    let front = Front::before(registry.host());
    let image = format!("{}/team/app@{}", front.host(), images.digest(APP));
    let puller = Puller::new();
    let first = puller.pull(&image).expect("it is there").contents();
    front.take();
    let layer = images.layers(APP).remove(1);
    change(&puller.file_of(&layer), FLIP);
    let healed = puller.pull(&image).expect("it is there").contents();
    assert_eq!(front.take_blobs(), std::slice::from_ref(&layer), "only what was damaged is asked for again");
    assert_eq!((&healed.anomalies, &healed.tree.entries), (&Vec::new(), &first.tree.entries));
    let quarantined: Vec<String> = puller.store.quarantined().iter().map(|q| q.claimed.to_string()).collect();
    assert_eq!(quarantined, [layer]);
}

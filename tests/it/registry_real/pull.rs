//! Honest images, and how often their bytes travel.

use super::bed;
use super::debian::Lets;
use super::front::Front;
use super::images::{APP, ARM, BASE, Images, MULTI, OTHER};
use super::puller::{Pulled, Puller};

fn sorted(parts: &[&[String]]) -> Vec<String> {
    let mut all = parts.concat();
    all.sort();
    all
}

#[track_caller]
fn assert_same_tree(pulled: &Pulled, images: &Images, tag: &str, architecture: &str) {
    let expected = images.contents(tag, architecture);
    assert_eq!(pulled.contents.anomalies, []);
    assert!(pulled.contents.complete);
    assert_eq!(pulled.contents.tree.entries, expected.tree.entries);
    assert_eq!((pulled.contents.entries, pulled.contents.unpacked_bytes), (expected.entries, expected.unpacked_bytes));
}

#[test]
fn image_by_tag_and_by_digest_has_the_tree_that_its_layout_has() {
    let Some((registry, images)) = bed(Lets::Everybody) else { return };
    images.push(APP, &registry, "team/app:v1");
    let digest = images.digest(APP);
    for reference in [format!("team/app:v1@{digest}"), format!("team/app@{digest}"), "team/app:v1".to_owned()] {
        let pulled = Puller::new().pull(&format!("{}/{reference}", registry.host())).expect("it is there");
        assert_eq!(pulled.digest, digest, "{reference}");
        assert_same_tree(&pulled, &images, APP, "x86_64");
        let at = |path| pulled.contents.tree.at(path).next().is_some();
        assert!(at("var/task/app.py") && at("opt/extensions/ext") && at("etc/os-release"));
        assert!(!at("opt/keep/hidden") && !at("var/task/old.py"), "whiteouts hide what stands below");
    }
}

#[test]
fn a_tag_that_moved_does_not_pass_for_the_digest_that_was_asked_for() {
    let Some((registry, images)) = bed(Lets::Everybody) else { return };
    images.push(APP, &registry, "team/app:v1");
    images.push(OTHER, &registry, "team/app:v1");
    let pulled = Puller::new().pull(&format!("{}/team/app:v1@{}", registry.host(), images.digest(APP))).expect("it is there");
    assert_eq!(pulled.digest, images.digest(APP));
    assert_same_tree(&pulled, &images, APP, "x86_64");
}

#[test]
fn docker_media_types_and_zstd_layers_hold_the_same_tree() {
    let Some((registry, images)) = bed(Lets::Everybody) else { return };
    images.push_from("oci:layout:app", &registry, "team/app:docker", &["--format", "v2s2"]);
    images.skopeo(&["copy", "-q", "--dest-compress-format", "zstd", "oci:layout:app", "oci:zstd:app"]);
    images.push_from("oci:zstd:app", &registry, "team/app:zstd", &[]);
    let puller = Puller::new();
    let mut digests = vec![images.digest(APP)];
    for tag in ["docker", "zstd"] {
        let pulled = puller.pull(&format!("{}/team/app:{tag}", registry.host())).expect("it is there");
        assert_same_tree(&pulled, &images, APP, "x86_64");
        digests.push(pulled.digest);
    }
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), 3, "they are three manifests of one tree");
}

#[test]
fn each_architecture_gets_its_own_image_out_of_an_index_and_no_other() {
    let Some((registry, images)) = bed(Lets::Everybody) else { return };
    images.push(MULTI, &registry, "team/multi:v1");
    let front = Front::before(registry.host());
    let image = format!("{}/team/multi@{}", front.host(), images.digest(MULTI));
    for (architecture, tag) in [("x86_64", APP), ("arm64", ARM)] {
        let pulled = Puller::new().pull_for(&image, architecture, false).expect("it is there");
        assert_eq!(pulled.digest, images.digest(MULTI), "the subject is what was named");
        assert_same_tree(&pulled, &images, tag, architecture);
        let expected = sorted(&[&images.layers(tag), &[images.config(tag)]]);
        assert_eq!(front.take_blobs(), expected, "{architecture}: nothing of the other architecture is downloaded");
    }
}

#[test]
fn index_without_the_architecture_is_said_and_not_answered_with_another_one() {
    let Some((registry, images)) = bed(Lets::Everybody) else { return };
    images.push(MULTI, &registry, "team/multi:v1");
    let image = format!("{}/team/multi@{}", registry.host(), images.digest(MULTI));
    // Lambda has no such architecture, so that this stands for a function whose index lacks its own.
    match Puller::new().pull_for(&image, "riscv64", false) {
        Ok(pulled) => {
            assert!(!pulled.contents.complete && pulled.contents.tree.entries.is_empty());
            let said = format!("{:?}", pulled.contents.anomalies);
            assert!(said.contains("riscv64"), "{said}");
        }
        Err(gap) => assert!(gap.to_string().contains("riscv64"), "{gap}"),
    }
}

#[test]
fn layers_that_two_images_share_are_downloaded_once() {
    let Some((registry, images)) = bed(Lets::Everybody) else { return };
    images.push(APP, &registry, "team/app:v1");
    images.push(OTHER, &registry, "team/other:v1");
    let front = Front::before(registry.host());
    let puller = Puller::new();
    puller.pull(&format!("{}/team/app@{}", front.host(), images.digest(APP))).expect("it is there");
    assert_eq!(front.take_blobs(), sorted(&[&images.layers(APP), &[images.config(APP)]]));
    let base = images.layers(BASE);
    let above: Vec<String> = images.layers(OTHER).into_iter().filter(|layer| !base.contains(layer)).collect();
    assert_eq!((base.len(), above.len()), (2, 1), "the images are as this test takes them");
    let pulled = puller.pull(&format!("{}/team/other@{}", front.host(), images.digest(OTHER))).expect("it is there");
    assert_eq!(front.take_blobs(), sorted(&[&above, &[images.config(OTHER)]]));
    assert_same_tree(&pulled, &images, OTHER, "x86_64");
}

#[test]
fn second_pull_downloads_no_blob_and_refetch_downloads_each() {
    let Some((registry, images)) = bed(Lets::Everybody) else { return };
    images.push(APP, &registry, "team/app:v1");
    let front = Front::before(registry.host());
    let image = format!("{}/team/app@{}", front.host(), images.digest(APP));
    let puller = Puller::new();
    let all = sorted(&[&images.layers(APP), &[images.config(APP)]]);
    puller.pull(&image).expect("it is there");
    assert_eq!(front.take_blobs(), all);
    let again = puller.pull(&image).expect("it is there");
    assert_eq!(front.take_blobs(), Vec::<String>::new());
    assert_same_tree(&again, &images, APP, "x86_64");
    puller.pull_for(&image, "x86_64", true).expect("it is there");
    assert_eq!(front.take_blobs(), all);
}

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
    let (contents, expected) = (pulled.contents(), images.contents(tag, architecture));
    assert_eq!(contents.anomalies, []);
    assert!(contents.complete);
    assert_eq!(contents.tree.entries, expected.tree.entries);
    assert_eq!((contents.entries, contents.unpacked_bytes), (expected.entries, expected.unpacked_bytes));
}

#[test]
fn image_by_tag_and_by_digest_has_the_tree_that_its_layout_has() {
    let Some((registry, images)) = bed(Lets::Everybody) else { return };
    images.push(APP, &registry, "team/app:v1");
    let digest = images.digest(APP);
    let tag = format!("{}/team/app:v1", registry.host());
    let puller = Puller::new();
    assert_eq!(puller.resolve(&tag).present().expect("the tag is there").to_string(), digest);
    for reference in [format!("{tag}@{digest}"), format!("{}/team/app@{digest}", registry.host())] {
        let pulled = puller.pull(&reference).expect("it is there");
        assert_eq!((pulled.digest(), pulled.layers()), (digest.clone(), images.layers(APP)), "{reference}");
        assert_same_tree(&pulled, &images, APP, "x86_64");
        let contents = pulled.contents();
        let at = |path| contents.tree.at(path).next().is_some();
        assert!(at("var/task/app.py") && at("opt/extensions/ext") && at("etc/os-release"));
        assert!(!at("opt/keep/hidden") && !at("var/task/old.py"), "whiteouts hide what stands below");
    }
}

#[test]
fn a_tag_that_moved_does_not_pass_for_the_digest_that_was_asked_for() {
    let Some((registry, images)) = bed(Lets::Everybody) else { return };
    images.push(APP, &registry, "team/app:v1");
    images.push(OTHER, &registry, "team/app:v1");
    let tag = format!("{}/team/app:v1", registry.host());
    let puller = Puller::new();
    assert_eq!(puller.resolve(&tag).present().expect("the tag is there").to_string(), images.digest(OTHER));
    let pulled = puller.pull(&format!("{tag}@{}", images.digest(APP))).expect("it is there");
    assert_eq!(pulled.digest(), images.digest(APP));
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
        let digest = puller.resolve(&format!("{}/team/app:{tag}", registry.host())).present().expect("the tag is there").to_string();
        let pulled = puller.pull(&format!("{}/team/app@{digest}", registry.host())).expect("it is there");
        assert_same_tree(&pulled, &images, APP, "x86_64");
        assert_eq!(pulled.digest(), digest);
        digests.push(digest);
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
        assert_eq!(pulled.digest(), images.digest(MULTI), "the subject is what was named");
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
            let contents = pulled.contents();
            assert!(!contents.complete && contents.tree.entries.is_empty());
            let said = format!("{:?}", contents.anomalies);
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
    let puller = puller.next_run();
    let again = puller.pull(&image).expect("it is there");
    assert_eq!(front.take_blobs(), Vec::<String>::new());
    assert_same_tree(&again, &images, APP, "x86_64");
    let puller = puller.next_run();
    puller.pull_for(&image, "x86_64", true).expect("it is there");
    assert_eq!(front.take_blobs(), all);
    // Within one run the second function with the image costs nothing, refetched or not.
    puller.pull_for(&image, "x86_64", true).expect("it is there");
    assert_eq!(front.take_blobs(), Vec::<String>::new());
}

//! The merged file system of an image: whiteouts, links, and one layer over another.

use layerproof::model::digest::Digest;
use layerproof::unpack::AnomalyKind::*;

use super::build_image::*;
use super::image::{assert_found, layers, paths};

#[test]
fn a_whiteout_removes_what_is_below_and_not_what_is_beside() {
    let contents = layers(&[
        &[folder("d/"), file("d/a", "1"), file("d/b", "2"), file("da", "3"), folder("e/"), file("e/x/y", "4")],
        &[file("d/.wh.a", ""), file(".wh.e", "")],
    ]);
    assert_eq!(contents.anomalies, []);
    assert_eq!(paths(&contents), ["d", "d/b", "da"]);
}

#[test]
fn an_opaque_whiteout_hides_lower_layers_only() {
    let contents = layers(&[&[folder("d/"), file("d/old", "1")], &[file("d/new", "2"), file("d/.wh..wh..opq", ""), file("keep", "3")]]);
    assert_eq!(contents.anomalies, []);
    assert_eq!(paths(&contents), ["d", "d/new", "keep"]);
}

#[test]
fn whiteouts_of_aufs_are_left_out() {
    let contents = layers(&[&[file("a", "1"), folder(".wh..wh.plnk/"), file(".wh..wh.aufs", "")]]);
    assert_eq!(contents.anomalies, []);
    assert_eq!(paths(&contents), ["a"]);
}

#[test]
fn a_whiteout_that_climbs_is_told_and_removes_nothing() {
    for name in [".wh...", "d/.wh..", ".wh."] {
        let contents = layers(&[&[file("d/a", "1")], &[file(name, "")]]);
        assert_found(&contents, &[Traversal], "names no file");
        assert_eq!(paths(&contents), ["d/a"], "{name}");
    }
    let contents = layers(&[&[file("a", "1")], &[file("../.wh.a", "")]]);
    assert_found(&contents, &[Traversal], "`..`");
    assert_eq!(paths(&contents), ["a"]);
}

#[test]
fn a_layer_that_brings_and_removes_one_path_is_ambiguous() {
    let contents = layers(&[&[file("a", "old")], &[file("a", "new"), file(".wh.a", "")]]);
    assert_found(&contents, &[DuplicateName], "brings it and removes it");
}

#[test]
fn a_file_replaces_a_directory_and_all_below_it() {
    let contents = layers(&[&[folder("d/"), file("d/a", "1")], &[file("d", "now a file")], &[folder("d/"), file("d/b", "2")]]);
    assert_eq!(contents.anomalies, []);
    assert_eq!(paths(&contents), ["d", "d/b"]);
}

#[test]
fn a_path_through_a_link_of_a_lower_layer_lands_where_the_kernel_would_put_it() {
    let contents = layers(&[
        &[folder("usr/lib/"), symlink("lib", "usr/lib"), symlink("up", "../../../usr")],
        &[file("lib/x.so", "1"), file("up/y", "2")],
        &[file("lib/.wh.x.so", "")],
    ]);
    assert_eq!(contents.anomalies, []);
    assert_eq!(paths(&contents), ["lib", "up", "usr/lib", "usr/y"]);
}

#[test]
fn links_in_a_circle_end() {
    let contents = layers(&[&[symlink("a", "b"), symlink("b", "a")], &[file("a/x", "1")]]);
    assert_eq!(contents.anomalies, []);
    assert!(paths(&contents).contains(&"a/x"));
}

#[test]
fn a_hard_link_has_the_size_and_digest_of_its_file() {
    let contents = layers(&[&[file("a", "hello"), hardlink("b", "a"), hardlink("c", "/a")]]);
    assert_eq!(contents.anomalies, []);
    for path in ["b", "c"] {
        let entry = contents.tree.at(path).next().unwrap();
        assert_eq!((entry.size, entry.digest), (5, Some(Digest::of(b"hello"))));
    }
}

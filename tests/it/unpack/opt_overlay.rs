//! `/opt` of a function's layers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use layerproof::unpack::{Limits, OptLayer, OptOverlay, WantDigests, analyse, digests_of, merge_opt};

use super::build_zip::{Zip, file, folder, link, zip};

/// Merges, reads again what has to be compared, and resolves.
fn overlay(zips: &[Zip]) -> OptOverlay {
    let limits = Limits::default();
    let files: Vec<_> = zips
        .iter()
        .map(|zip| {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), zip.bytes()).unwrap();
            file
        })
        .collect();
    let layers: Vec<OptLayer> = files
        .iter()
        .enumerate()
        .map(|(i, file)| {
            let arn = format!("arn:aws:lambda:eu-west-1:111122223333:layer:l{i}:1").parse().unwrap();
            (arn, Some(Arc::new(analyse(file.path(), &limits, &WantDigests::None).unwrap())))
        })
        .collect();
    let mut overlay = merge_opt(&layers);
    let digests: BTreeMap<usize, _> = overlay
        .wanted_digests(&layers)
        .into_iter()
        .map(|(index, paths)| (index, digests_of(files[index].path(), &paths, &limits).unwrap()))
        .collect();
    overlay.resolve(&digests);
    overlay
}

#[test]
fn the_same_file_in_two_layers_does_not_differ() {
    let found = overlay(&[zip([folder("python/"), file("python/a.py", "same")]), zip([folder("python/"), file("python/a.py", "same")])]);
    let [collision] = found.collisions.as_slice() else { panic!("{found:?}") };
    assert_eq!((collision.path.as_str(), collision.providers.as_slice()), ("python/a.py", &[0, 1][..]));
    assert_eq!(collision.bytes_differ, Some(false));
    assert!(collision.executable);
}

#[test]
fn equal_size_and_crc_do_not_make_equal_bytes() {
    // Two texts of one CRC-32, found by its linearity: "plumless" and "buckeroo".
    assert_eq!(super::build_zip::crc32(b"plumless"), super::build_zip::crc32(b"buckeroo"));
    let found = overlay(&[zip([file("lib/x.so", "plumless")]), zip([file("lib/x.so", "buckeroo")])]);
    assert_eq!(found.collisions[0].bytes_differ, Some(true));
}

#[test]
fn sizes_kinds_and_targets_decide_without_reading() {
    for (a, b, differ) in [
        (file("f", "1"), file("f", "22"), true),
        (file("f", "x"), link("f", "x"), true),
        (link("f", "x"), link("f", "x"), false),
        (link("f", "x"), link("f", "y"), true),
    ] {
        assert_eq!(overlay(&[zip([a]), zip([b])]).collisions[0].bytes_differ, Some(differ));
    }
}

#[test]
fn a_file_over_a_directory_is_a_collision_even_without_an_entry_for_the_directory() {
    for second in [zip([folder("python/")]), zip([file("python/lib/x.py", "")])] {
        let found = overlay(&[zip([file("python", "a file")]), second]);
        let [collision] = found.collisions.as_slice() else { panic!("{found:?}") };
        assert_eq!((collision.path.as_str(), collision.providers.as_slice(), collision.bytes_differ), ("python", &[0, 1][..], Some(true)));
    }
}

#[test]
fn directories_in_common_are_no_collision() {
    assert_eq!(overlay(&[zip([folder("python/"), file("python/a", "")]), zip([folder("python/"), file("python/b", "")])]).collisions, []);
}

#[test]
fn three_layers_differ_if_any_two_do() {
    let found = overlay(&[zip([file("bin/x", "aa")]), zip([file("bin/x", "aa")]), zip([file("bin/x", "bb")])]);
    let collision = &found.collisions[0];
    assert_eq!((collision.providers.as_slice(), collision.bytes_differ), (&[0, 1, 2][..], Some(true)));
    assert_eq!((collision.winner_if_first_wins(), collision.winner_if_later_wins()), (Some(0), Some(2)));
}

#[test]
fn bytes_that_could_not_be_read_stay_unknown() {
    let damaged = file("lib/x.so", "aa").with(|e| e.crc = Some(7));
    let found = overlay(&[zip([file("lib/x.so", "bb")]), zip([damaged])]);
    assert_eq!(found.collisions[0].bytes_differ, None);
    assert!(!found.layers[1].1, "a layer that was not read whole is not said to be there");
    // Of two entries of one name in one layer it is not known which counts.
    let found = overlay(&[zip([file("lib/x.so", "aa")]), zip([file("lib/x.so", "aa"), file("lib/x.so", "bb")])]);
    assert_eq!(found.collisions[0].bytes_differ, None);
}

#[test]
fn an_unknown_layer_is_marked_and_provides_nothing() {
    let arn = "arn:aws:lambda:eu-west-1:111122223333:layer:gone:1".parse().unwrap();
    let found = merge_opt(&[(arn, None)]);
    assert!(!found.layers[0].1);
    assert!(found.collisions.is_empty());
}

#[test]
fn what_runtimes_load_is_executable() {
    let loaded: BTreeSet<&str> = [
        "lib/libssl.so.3",
        "python/a.py",
        "nodejs/node_modules/x/index.mjs",
        "java/lib/a.jar",
        "ruby/x.rb",
        "bin/tool",
        "extensions/agent",
    ]
    .into();
    let inert: BTreeSet<&str> = ["python/README.txt", "a.py", "share/x.so", "nodejs/node_modules/x/package.json"].into();
    let all = |body: &str| zip(loaded.iter().chain(&inert).map(|path| file(path, body)));
    let found = overlay(&[all("x"), all("y")]);
    let executable: BTreeSet<&str> = found.collisions.iter().filter(|c| c.executable).map(|c| c.path.as_str()).collect();
    assert_eq!(executable, loaded);
}

//! Which folders are refused.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use layerproof::store::{Store, StoreError};

use super::{chmod, put, scratch};

#[test]
fn a_new_store_is_closed_to_others() {
    let s = scratch();
    put(&s.store, b"x");
    for folder in ["", "blobs", "blobs/sha256", "blobs/sha256/2d", "analyses", "tmp", "corrupt", "leases"] {
        let mode = fs::metadata(s.dir.join(folder)).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode, 0o700, "{folder}");
    }
}

#[test]
fn a_store_that_others_can_write_is_refused_with_the_fix() {
    let s = scratch();
    for mode in [0o777, 0o770, 0o720, 0o702, 0o1777] {
        chmod(&s.dir, mode);
        let error = Store::open(&s.dir).unwrap_err();
        assert!(matches!(&error, StoreError::WritableByOthers { path, mode: m } if *path == s.dir && *m == mode), "{error}");
        assert!(error.to_string().contains(s.dir.to_str().unwrap()), "{error}");
        assert!(error.hint().unwrap().contains(&format!("chmod go-w {}", s.dir.display())));
    }
    chmod(&s.dir, 0o755);
    Store::open(&s.dir).unwrap();
}

#[test]
fn a_folder_inside_that_others_can_write_is_refused_too() {
    let s = scratch();
    let blob = put(&s.store, b"x");
    let fan = blob.path.parent().unwrap().strip_prefix(&s.dir).unwrap().to_owned();
    for folder in [Path::new("blobs"), Path::new("blobs/sha256"), &fan, Path::new("analyses"), Path::new("tmp"), Path::new("leases")] {
        chmod(&s.dir.join(folder), 0o777);
        assert!(matches!(Store::open(&s.dir), Err(StoreError::WritableByOthers { .. })), "{}", folder.display());
        chmod(&s.dir.join(folder), 0o700);
    }
    Store::open(&s.dir).unwrap();
}

#[test]
fn a_folder_that_others_open_up_while_the_store_is_in_use_is_refused_on_the_next_get() {
    let s = scratch();
    let blob = put(&s.store, b"x");
    chmod(blob.path.parent().unwrap(), 0o777);
    assert!(matches!(s.store.get(&blob.digest.into()), Err(StoreError::WritableByOthers { .. })));
}

#[test]
fn a_store_of_another_user_is_refused() {
    let s = scratch();
    // Only root can give folders away; elsewhere there is nothing to try.
    if std::os::unix::fs::chown(&s.dir, Some(12_345), None).is_err() {
        return;
    }
    let error = Store::open(&s.dir).unwrap_err();
    assert!(matches!(error, StoreError::ForeignOwner { owner: 12_345, .. }), "{error}");
    std::os::unix::fs::chown(&s.dir, Some(0), None).unwrap();
    std::os::unix::fs::chown(s.dir.join("tmp"), Some(12_345), None).unwrap();
    assert!(matches!(Store::open(&s.dir), Err(StoreError::ForeignOwner { .. })));
}

#[test]
fn a_store_that_is_a_symbolic_link_is_refused_also_with_a_trailing_slash() {
    let s = scratch();
    let link = s.dir.with_file_name("link");
    symlink(&s.dir, &link).unwrap();
    for spelling in [link.clone(), link.join(""), link.join(".")] {
        assert!(matches!(Store::open(&spelling), Err(StoreError::Symlink { .. })), "{}", spelling.display());
    }
    // A link to nothing is not followed to make a store elsewhere.
    let dangling = s.dir.with_file_name("dangling");
    symlink(s.dir.with_file_name("elsewhere"), &dangling).unwrap();
    assert!(matches!(Store::open(&dangling), Err(StoreError::Symlink { .. })));
    assert!(!s.dir.with_file_name("elsewhere").exists());
}

#[test]
fn a_folder_inside_that_is_a_symbolic_link_is_refused() {
    let s = scratch();
    let elsewhere = s.dir.with_file_name("elsewhere");
    fs::rename(s.dir.join("tmp"), &elsewhere).unwrap();
    symlink(&elsewhere, s.dir.join("tmp")).unwrap();
    assert!(matches!(Store::open(&s.dir), Err(StoreError::Symlink { .. })));
}

#[test]
fn a_file_where_the_store_should_be_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("store");
    fs::write(&file, "x").unwrap();
    assert!(matches!(Store::open(&file), Err(StoreError::NotAFolder { .. })));
}

#[test]
fn somebodys_folder_is_not_made_into_a_store() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("thesis.txt"), "x").unwrap();
    let error = Store::open(root.path()).unwrap_err();
    assert!(matches!(&error, StoreError::NotAStore { found, .. } if found == "thesis.txt"), "{error}");
    assert_eq!(super::names(root.path()), ["thesis.txt"]);
}

#[test]
fn a_fresh_volume_is_an_empty_folder() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("lost+found")).unwrap();
    Store::open(root.path()).unwrap();
}

#[test]
fn a_kill_while_the_store_is_made_leaves_a_folder_that_opens() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("lock"), "").unwrap();
    fs::write(root.path().join("layout.new"), "layerpr").unwrap();
    Store::open(root.path()).unwrap();
    assert_eq!(fs::read_to_string(root.path().join("layout")).unwrap(), "layerproof-store 1\n");
}

#[test]
fn another_layout_is_refused_and_left_alone() {
    for text in ["layerproof-store 2\n", "", "\u{1b}[2J"] {
        let s = scratch();
        fs::write(s.dir.join("layout"), text).unwrap();
        let error = Store::open(&s.dir).unwrap_err();
        assert!(matches!(error, StoreError::UnknownLayout { .. }), "{error}");
        assert!(!error.to_string().contains('\u{1b}'));
        assert_eq!(fs::read_to_string(s.dir.join("layout")).unwrap(), text);
    }
}

#[test]
fn a_lock_or_layout_that_is_a_link_is_refused() {
    let s = scratch();
    let target = s.dir.with_file_name("target");
    fs::write(&target, "keep").unwrap();
    fs::remove_file(s.dir.join("lock")).unwrap();
    symlink(&target, s.dir.join("lock")).unwrap();
    assert!(s.store.put(&mut &b"x"[..], None, None, 10).is_err());
    assert_eq!(fs::read_to_string(&target).unwrap(), "keep");
}

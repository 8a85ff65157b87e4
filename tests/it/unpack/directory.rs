//! Directories of this machine.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use layerproof::model::digest::Digest;
use layerproof::unpack::AnomalyKind::{self, *};
use layerproof::unpack::{EntryKind, Format, Limits, WantDigests, analyse};

#[test]
fn a_directory_is_listed_and_no_link_is_followed() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "s").unwrap();
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("python")).unwrap();
    fs::write(dir.path().join("python/a.py"), "hello").unwrap();
    symlink("a.py", dir.path().join("python/b.py")).unwrap();
    symlink(outside.path(), dir.path().join("out")).unwrap();
    symlink("..", dir.path().join("python/loop")).unwrap();
    let contents = analyse(dir.path(), &Limits::default(), &WantDigests::All).unwrap();
    assert_eq!(contents.format, Format::Directory);
    assert!(contents.complete);
    let paths: Vec<&str> = contents.tree.entries.iter().map(|e| e.path.as_str()).collect();
    assert_eq!(paths, ["out", "python", "python/a.py", "python/b.py", "python/loop"]);
    assert_eq!(contents.tree.at("python/a.py").next().unwrap().digest, Some(Digest::of(b"hello")));
    assert_eq!(contents.tree.at("python/b.py").next().unwrap().kind, EntryKind::Symlink { target: "a.py".into() });
    let found: Vec<(AnomalyKind, &str)> = contents.anomalies.iter().map(|a| (a.kind, a.path.as_str())).collect();
    assert_eq!(found, [(SymlinkEscape, "out")]);
}

#[test]
fn modes_fifos_and_look_alikes_are_told() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["su", "open", "Readme", "README"] {
        fs::write(dir.path().join(name), "").unwrap();
    }
    fs::set_permissions(dir.path().join("su"), fs::Permissions::from_mode(0o4755)).unwrap();
    fs::set_permissions(dir.path().join("open"), fs::Permissions::from_mode(0o666)).unwrap();
    let mut expected = vec![(DuplicateByCase, "README"), (Setuid, "su"), (WorldWritable, "open")];
    if std::process::Command::new("mkfifo").arg(dir.path().join("pipe")).status().is_ok_and(|s| s.success()) {
        expected.push((SpecialFile, "pipe"));
    } else {
        println!("SKIPPED: mkfifo is not installed");
    }
    let contents = analyse(dir.path(), &Limits::default(), &WantDigests::All).unwrap();
    let mut found: Vec<(AnomalyKind, &str)> = contents.anomalies.iter().map(|a| (a.kind, a.path.as_str())).collect();
    found.sort_unstable();
    expected.sort_unstable();
    // Which of the two spellings is met first is up to the file system.
    let found: Vec<_> = found.into_iter().map(|(k, p)| (k, if k == DuplicateByCase { "README" } else { p })).collect();
    assert_eq!(found, expected);
}

#[test]
fn limits_of_directories_by_name() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("a/b/c")).unwrap();
    fs::write(dir.path().join("a/big"), "0123456789").unwrap();
    fs::write(dir.path().join("a/other"), "0123456789").unwrap();
    let limits = Limits::default();
    for (limits, name) in [
        (Limits { entries: 2, ..limits.clone() }, "entries"),
        (Limits { total_bytes: 5, ..limits.clone() }, "total_bytes"),
        (Limits { file_bytes: 5, ..limits.clone() }, "file_bytes"),
        (Limits { depth: 2, ..limits.clone() }, "depth"),
        (Limits { name_bytes: 3, ..limits.clone() }, "name_bytes"),
        (Limits { time: std::time::Duration::ZERO, ..limits.clone() }, "time"),
    ] {
        let contents = analyse(dir.path(), &limits, &WantDigests::All).unwrap();
        assert!(!contents.complete, "{name}");
        assert!(contents.anomalies.iter().any(|a| a.kind == LimitExceeded && a.detail.starts_with(name)), "{:?}", contents.anomalies);
    }
}

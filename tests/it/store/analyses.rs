//! Cached analyses.

use std::fs;
use std::path::PathBuf;

use layerproof::model::digest::Digest;
use layerproof::store::AnalysisKey;
use layerproof::unpack::{Anomaly, AnomalyKind, Contents, EntryKind, FileEntry, FileTree, Format, Limits};

use super::{Scratch, chmod, names, scratch};

fn key() -> AnalysisKey {
    AnalysisKey::new("unpack-1", &"tree", &Limits::default())
}

fn contents() -> Contents {
    let entry = FileEntry {
        path: "python/a\u{1b}.py".into(),
        kind: EntryKind::Symlink { target: "../x".into() },
        mode: Some(0o4755),
        size: 7,
        origin: 1,
        member: 0,
        digest: None,
    };
    Contents {
        format: Format::Zip,
        tree: FileTree { entries: vec![entry] },
        anomalies: vec![Anomaly { kind: AnomalyKind::Setuid, path: "python/a".into(), detail: "0o4755".into() }],
        entries: 1,
        unpacked_bytes: 7,
        complete: true,
    }
}

fn json(contents: &Contents) -> String {
    serde_json::to_string(contents).unwrap()
}

fn file_of(s: &Scratch) -> PathBuf {
    let folder = s.dir.join("analyses/unpack-1");
    folder.join(&names(&folder)[0])
}

#[test]
fn an_analysis_comes_back_as_it_was() {
    let s = scratch();
    let digest = Digest::of(b"x");
    assert!(s.store.analysis::<Contents>(&digest, &key()).is_none());
    s.store.put_analysis(&digest, &key(), &contents()).unwrap();
    let back: Contents = s.store.analysis(&digest, &key()).unwrap();
    assert_eq!(json(&back), json(&contents()));
    assert!(file_of(&s).file_name().unwrap().to_str().unwrap().starts_with(&digest.hex()));
    assert!(names(&s.dir.join("tmp")).is_empty());
}

#[test]
fn another_version_depth_or_limit_is_another_analysis() {
    let s = scratch();
    let digest = Digest::of(b"x");
    s.store.put_analysis(&digest, &key(), &contents()).unwrap();
    let tighter = Limits { entries: 10, ..Limits::default() };
    for other in [
        AnalysisKey::new("unpack-2", &"tree", &Limits::default()),
        AnalysisKey::new("unpack-1", &"digests", &Limits::default()),
        AnalysisKey::new("unpack-1", &"tree", &tighter),
    ] {
        assert!(s.store.analysis::<Contents>(&digest, &other).is_none(), "{other:?}");
    }
}

#[test]
fn an_analyser_name_cannot_leave_the_store() {
    let s = scratch();
    let key = AnalysisKey::new("../../../evil/\0", &"tree", &1);
    s.store.put_analysis(&Digest::of(b"x"), &key, &contents()).unwrap();
    assert!(s.store.analysis::<Contents>(&Digest::of(b"x"), &key).is_some());
    assert_eq!(names(&s.dir.join("analyses")).len(), 1);
}

#[test]
fn an_analysis_of_a_clean_blob_does_not_pass_for_that_of_another() {
    let s = scratch();
    let (clean, evil) = (Digest::of(b"clean"), Digest::of(b"evil"));
    s.store.put_analysis(&clean, &key(), &contents()).unwrap();
    let file = file_of(&s);
    let name = file.file_name().unwrap().to_str().unwrap().replace(&clean.hex(), &evil.hex());
    fs::copy(&file, file.with_file_name(name)).unwrap();
    assert!(s.store.analysis::<Contents>(&evil, &key()).is_none());
    assert!(s.store.analysis::<Contents>(&clean, &key()).is_some());
    assert_eq!(s.store.verify(&mut |_, _| {}).unwrap().damaged_analyses.len(), 1);
}

#[test]
fn every_truncation_and_every_flipped_bit_is_a_miss_and_never_an_error() {
    let s = scratch();
    let digest = Digest::of(b"x");
    s.store.put_analysis(&digest, &key(), &contents()).unwrap();
    let file = file_of(&s);
    let whole = fs::read(&file).unwrap();
    for length in 0..whole.len() {
        fs::write(&file, &whole[..length]).unwrap();
        assert!(s.store.analysis::<Contents>(&digest, &key()).is_none(), "cut to {length} bytes");
    }
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&file, &changed).unwrap();
        if let Some(back) = s.store.analysis::<Contents>(&digest, &key()) {
            panic!("byte {at} changed and nobody noticed: {back:?}");
        }
    }
    fs::write(&file, &whole).unwrap();
    assert!(s.store.analysis::<Contents>(&digest, &key()).is_some());
}

#[test]
fn another_schema_random_bytes_or_a_list_as_deep_as_the_stack_is_a_miss() {
    let s = scratch();
    let digest = Digest::of(b"x");
    s.store.put_analysis(&digest, &key(), &contents()).unwrap();
    let file = file_of(&s);
    let whole = fs::read_to_string(&file).unwrap();
    let other_schema = whole.replacen("\"schema\":1", "\"schema\":2", 1);
    assert_ne!(whole, other_schema);
    let deep = "[".repeat(1_000_000);
    for text in [&other_schema, "", "\n", "{}\n{}", "\u{0}\u{1}\u{2}", &deep, &format!("{}\n{deep}", whole.lines().next().unwrap())] {
        fs::write(&file, text).unwrap();
        assert!(s.store.analysis::<Contents>(&digest, &key()).is_none());
    }
    // A folder in its place does not stand in the way either.
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(s.store.analysis::<Contents>(&digest, &key()).is_none());
}

#[test]
fn an_analysis_of_a_newer_schema_is_left_alone_by_verify() {
    let s = scratch();
    s.store.put_analysis(&Digest::of(b"x"), &key(), &contents()).unwrap();
    let file = file_of(&s);
    let newer = fs::read_to_string(&file).unwrap().replacen("\"schema\":1", "\"schema\":2,\"extra\":true", 1);
    fs::write(&file, newer).unwrap();
    assert!(s.store.verify(&mut |_, _| {}).unwrap().damaged_analyses.is_empty());
    assert!(file.exists());
}

#[test]
fn an_analysis_that_others_can_write_is_not_believed() {
    let s = scratch();
    let digest = Digest::of(b"x");
    s.store.put_analysis(&digest, &key(), &contents()).unwrap();
    chmod(&file_of(&s), 0o666);
    assert!(s.store.analysis::<Contents>(&digest, &key()).is_none());
    chmod(&file_of(&s), 0o600);
    chmod(&s.dir.join("analyses/unpack-1"), 0o777);
    assert!(s.store.analysis::<Contents>(&digest, &key()).is_none());
}

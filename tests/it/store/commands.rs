//! `layerproof cache` and `layerproof history`, from the words on the command line to the text.

use std::fs;

use clap::Parser;
use layerproof::cli::{Exit, Failure, Global, cache, history};
use layerproof::store::history::{History, ScanRecord};
use layerproof::store::{AnalysisKey, Store};

use super::history::record;
use super::{Scratch, chmod, damage, put, scratch};

#[derive(Parser)]
enum Cli {
    Cache(cache::Args),
    History(history::Args),
}

fn run(s: &Scratch, words: &str) -> Result<(Exit, String), Failure> {
    let global = Global {
        verbosity: 0,
        quiet: true,
        color: false,
        width: None,
        offline: true,
        cache_dir: s.dir.clone(),
        now: "2026-01-01T00:00:00Z".parse().unwrap(),
        started_at: "2126-01-01T00:00:00Z".parse().unwrap(),
        now_overridden: false,
    };
    let words = std::iter::once("layerproof").chain(words.split_whitespace());
    let mut out = Vec::new();
    let exit = match Cli::try_parse_from(words).map_err(|e| Failure::usage(e.to_string()))? {
        Cli::Cache(args) => cache::run(&args, &global, &mut out)?,
        Cli::History(args) => history::run(&args, &global, &mut out)?,
    };
    let out = String::from_utf8(out).unwrap();
    assert!(out.chars().all(|c| c == '\n' || !c.is_control()), "unsafe to print: {out:?}");
    Ok((exit, out))
}

fn json(s: &Scratch, words: &str) -> serde_json::Value {
    serde_json::from_str(&run(s, words).unwrap().1).unwrap()
}

#[test]
fn info_counts_what_is_there() {
    let s = scratch();
    put(&s.store, &[7; 2_500]);
    s.store.put_analysis(&layerproof::model::digest::Digest::of(b"x"), &AnalysisKey::new("t-1", &"", &""), &1).unwrap();
    let (exit, text) = run(&s, "cache info").unwrap();
    assert_eq!(exit, Exit::Pass);
    assert!(text.contains("2.5 kB") && text.contains(s.dir.to_str().unwrap()), "{text}");
    let value = json(&s, "cache info --format json");
    assert_eq!(value["schema"], "layerproof/cache-info/v1");
    assert_eq!((&value["blobs"]["files"], &value["blobs"]["bytes"], &value["analyses"]["files"]), (&1.into(), &2500.into(), &1.into()));
}

#[test]
fn verify_of_a_damaged_store_names_the_blob_and_ends_as_5() {
    let s = scratch();
    let blob = put(&s.store, b"good");
    put(&s.store, b"fine");
    assert_eq!(run(&s, "cache verify").unwrap().0, Exit::Pass);
    damage(&blob.path, b"evil");
    let (exit, text) = run(&s, "cache verify").unwrap();
    assert_eq!(exit, Exit::Internal);
    assert!(text.contains(&blob.digest.to_string()) && text.contains("1 blob good (4 B), 1 corrupt"), "{text}");
    assert_eq!(run(&s, "cache verify").unwrap().0, Exit::Pass, "it was moved aside");
}

#[test]
fn verify_also_reads_the_history() {
    let s = scratch();
    History::open(&s.store).unwrap().append(&record(300)).unwrap();
    let file = s.dir.join("history.sqlite3");
    let mut bytes = fs::read(&file).unwrap();
    bytes[8 * 4096..].fill(0x5a);
    fs::write(&file, bytes).unwrap();
    let failure = run(&s, "cache verify").unwrap_err();
    assert_eq!(failure.exit, Exit::Internal);
    assert!(failure.message.contains("history.sqlite3") && !failure.hints.is_empty(), "{failure:?}");
}

#[test]
fn prune_without_saying_what_is_a_mistake() {
    let s = scratch();
    for words in ["cache prune", "cache prune --dry-run", "cache prune --older-than 30", "cache prune --max-size big"] {
        assert_eq!(run(&s, words).unwrap_err().exit, Exit::Usage, "{words}");
    }
}

#[test]
fn prune_says_what_was_freed_and_what_had_to_stay() {
    let s = scratch();
    put(&s.store, b"used");
    drop(put(&Store::open(&s.dir).unwrap(), b"unused"));
    // Wall-clock time in these tests is a hundred years from now.
    let (_, text) = run(&s, "cache prune --older-than 30d --dry-run").unwrap();
    assert_eq!(text, "would free 6 B: 1 blob\nkept 1 blob (4 B) that a running layerproof uses\n1 file left (4 B)\n");
    let (exit, text) = run(&s, "cache prune --older-than 30d").unwrap();
    assert_eq!((exit, text.lines().next()), (Exit::Pass, Some("freed 6 B: 1 blob")));
    assert!(run(&s, "cache prune --max-size 1GB").unwrap().1.starts_with("nothing to remove"));
    let value = json(&s, "cache prune --all --dry-run --format json");
    assert_eq!((&value["dry_run"], &value["in_use"]["files"]), (&true.into(), &1.into()));
}

#[test]
fn a_store_that_others_can_write_ends_as_5_with_the_fix() {
    let s = scratch();
    chmod(&s.dir, 0o777);
    for words in ["cache info", "cache verify", "cache prune --all", "history list"] {
        let failure = run(&s, words).unwrap_err();
        assert_eq!(failure.exit, Exit::Internal);
        assert!(failure.message.contains(s.dir.to_str().unwrap()), "{failure:?}");
        assert!(failure.hints[0].contains("chmod go-w"), "{failure:?}");
    }
}

#[test]
fn history_lists_shows_and_compares() {
    let s = scratch();
    assert_eq!(run(&s, "history list").unwrap(), (Exit::Pass, "no scans yet\n".into()));
    {
        let mut history = History::open(&s.store).unwrap();
        history.append(&record(3)).unwrap();
        let mut later = ScanRecord { policy_sha256: "cd".repeat(32), ..record(4) };
        later.findings.remove(&format!("{:064}", 0));
        history.append(&later).unwrap();
    }
    let (_, text) = run(&s, "history list").unwrap();
    assert_eq!(
        text,
        "ID  STARTED            EXIT  FAIL  OTHER  SUBJECTS  POLICY        SCOPE\n\
         2   2026-01-02 03:04Z  1     2     1      4         cdcdcdcdcdcd  snapshot fleet\n\
         1   2026-01-02 03:04Z  1     2     1      3         abababababab  snapshot fleet\n"
    );
    let (_, text) = run(&s, "history show 1").unwrap();
    assert!(text.contains("3 subjects: 3 refused") && text.contains("PIN002") && text.contains("\\u{1b}[2J"), "{text}");
    let (_, text) = run(&s, "history diff 1 2").unwrap();
    assert!(text.contains("1 new, 2 standing, 1 resolved, 0 newly unknown") && text.contains("the policy changed"), "{text}");
    let value = json(&s, "history diff 1 2 --format json");
    assert_eq!(value["delta"]["new"].as_array().unwrap().len(), 1);
    assert_eq!(json(&s, "history show 1 --format json")["scan"]["findings"].as_object().unwrap().len(), 3);
    assert_eq!(json(&s, "history list --limit 1 --format json")["scans"].as_array().unwrap().len(), 1);
}

#[test]
fn a_scan_that_is_not_there_ends_as_4() {
    let s = scratch();
    for words in ["history show 1", "history diff 1 2", "history show -- -1"] {
        assert_eq!(run(&s, words).unwrap_err().exit, Exit::NothingMatched, "{words}");
    }
}

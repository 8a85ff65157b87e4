//! Holds what ARCHITECTURE.md promises about the sources. The tests read text, not types: each says what it can't see.

mod code;
mod rules;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::run::repo;
use code::Source;

/// The stages in the order of the flow: a stage imports itself and what stands before it.
const STAGES: [&str; 17] = [
    "model",
    "clients",
    "store",
    "inventory",
    "fetch",
    "unpack",
    "signature",
    "revocation",
    "catalog",
    "evidence",
    "finding",
    "policy",
    "check",
    "sbom",
    "report",
    "scan",
    "cli",
];

/// Stages that know no disk, network, process, environment or clock.
const PURE: [&str; 3] = ["evidence", "finding", "check"];

/// Stages that read hostile bytes.
const HOSTILE: [&str; 3] = ["unpack", "signature", "catalog"];

/// The registries, with the files beside them that are no entries, and why.
const REGISTRIES: [(&str, &[(&str, &str)]); 5] = [
    (
        "catalog",
        &[
            ("assemble", "facts of many files to one catalog"),
            ("elf_image", "ELF files, as catalogers look into them"),
            ("executable_file", "which files may be executables"),
            ("distro", "what the databases of operating systems have in common"),
            ("facts", "what single files say"),
            ("file", "files as catalogers see them"),
            ("licence", "licences, as metadata declares them"),
            ("overlap", "which catalogers give way to which"),
            ("package", "the nouns"),
            ("purl", "package URLs"),
            ("read", "the walk"),
        ],
    ),
    (
        "check",
        &[
            ("copies", "one finding per digest"),
            ("declared", "what templates declare, for many checks"),
            ("deployed", "what is deployed where, for many checks"),
            ("leniency", "what a level only logs"),
            ("listing", "long lists, cut"),
            ("reach", "who a subject reaches"),
            ("runtimes", "the dated table of runtimes"),
            ("signed", "signatures, as the SIG checks ask for them"),
        ],
    ),
    (
        "report",
        &[
            ("anchor", "the place that cloud findings point to"),
            ("exit", "the exit code of a report"),
            ("shown", "what people are shown, for text and annotations"),
            ("summary", "counts"),
        ],
    ),
    ("inventory", &[("account", "what AWS answered, for live and recorded accounts"), ("filter", "which functions are meant")]),
    (
        "signature",
        &[
            ("asn1", "DER and BER, for every scheme"),
            ("ber", "BER to DER, for the wrappers of a CMS"),
            ("beside", "what stands beside an artifact, found and told apart, for every scheme"),
            ("explain", "a verifier's steps, for people"),
            ("rejection", "why a signature was rejected"),
            ("json", "JSON in one reading, for every scheme"),
            ("revocation", "what must be asked about a signature that holds"),
            ("statement", "in-toto statements, for every scheme"),
            ("timestamp", "RFC 3161 tokens, for every scheme"),
            ("trail", "a verifier's steps as they are walked"),
            ("trust", "trust anchors, of every scheme"),
            ("x509", "certificate chains, for every scheme"),
        ],
    ),
];

#[test]
fn imports_run_one_way() {
    let found: Vec<String> = sources().iter().flat_map(|s| rules::imports_against_the_flow(s, &STAGES)).collect();
    assert_none(found, "imports run one way; see ARCHITECTURE.md");
}

#[test]
fn every_file_belongs_to_a_stage() {
    let stray: Vec<String> = sources()
        .iter()
        .filter(|s| !matches!(s.path.as_str(), "src/lib.rs" | "src/main.rs") && !STAGES.contains(&s.stage()))
        .map(|s| format!("{}: no stage has this name", s.path))
        .collect();
    assert_none(stray, "a stage of the flow is a folder in src/, and stands in STAGES of this test and in src/lib.rs");
}

#[test]
fn judging_stages_touch_no_disk_network_or_clock() {
    let found: Vec<String> = sources().iter().filter(|s| PURE.contains(&s.stage())).flat_map(rules::input_and_output).collect();
    assert_none(found, "right of Evidence everything is pure");
}

#[test]
fn each_registry_is_the_files_on_disk() {
    let sources = sources();
    let mut found = Vec::new();
    for (stage, others) in REGISTRIES {
        let folder = repo().join("src").join(stage);
        let files = files_of(&folder);
        let others: BTreeSet<String> = others.iter().map(|(name, _)| name.to_string()).collect();
        match sources.iter().find(|s| s.path == format!("src/{stage}/mod.rs")) {
            Some(source) => found.extend(rules::registry_against_files(source, &files, &others)),
            None => found.push(format!("src/{stage}/mod.rs is missing")),
        }
    }
    assert_none(found, "one new file and one registration: `mod x;` and its entry in `ALL`");
}

#[test]
fn foreign_bytes_meet_nothing_that_panics() {
    let found: Vec<String> = sources().iter().filter(|s| HOSTILE.contains(&s.stage())).flat_map(rules::what_can_panic).collect();
    assert_none(found, "no unwrap, expect, panic or indexing where foreign bytes are read");
}

#[test]
fn only_the_store_compares_a_claimed_digest_with_bytes() {
    let found: Vec<String> = sources()
        .iter()
        .filter(|s| s.stage() != "store" && s.path != "src/model/digest.rs")
        .flat_map(|s| rules::mentions(s, &["claimed_bytes"]))
        .collect();
    assert_none(found, "only src/store compares a Digest with a ClaimedDigest");
}

#[test]
fn no_catch_all_swallows_a_new_state() {
    let found: Vec<String> = sources().iter().flat_map(|s| rules::catch_all_arms(s, &["Observed", "Outcome", "Verdict"])).collect();
    assert_none(found, "Observed, Outcome and Verdict are matched exhaustively");
}

#[test]
fn stdout_is_data_and_nothing_prints_past_the_writer() {
    let macros = ["println!", "eprintln!", "print!", "eprint!", "dbg!"];
    let found: Vec<String> = sources().iter().flat_map(|s| rules::mentions(s, &macros)).collect();
    assert_none(found, "write to the `out` that is given");
}

#[test]
fn the_time_of_verification_is_passed_in() {
    let clocks = ["SystemTime::now", "Timestamp::now", "Zoned::now"];
    let found: Vec<String> = sources().iter().filter(|s| s.stage() != "cli").flat_map(|s| rules::mentions(s, &clocks)).collect();
    assert_none(found, "only src/cli reads the clock");
}

#[test]
fn no_file_names_a_path_of_somebodys_machine() {
    let mut found = Vec::new();
    for path in all_files(repo()) {
        let bytes = fs::read(&path).expect("a readable file of the repository");
        let name = path.strip_prefix(repo()).expect("below the repository").display().to_string();
        found.extend(rules::machine_paths(&bytes).into_iter().map(|what| format!("{name}: {what}")));
    }
    assert_none(found, "paths of a machine mean nothing on another");
}

#[track_caller]
fn assert_none(found: Vec<String>, promise: &str) {
    assert!(found.is_empty(), "{promise}:\n  {}", found.join("\n  "));
}

/// Every source file below `src/` but unit tests that have a file of their own.
fn sources() -> Vec<Source> {
    let mut files: Vec<PathBuf> = all_files(&repo().join("src"));
    files.retain(|p| p.extension().is_some_and(|e| e == "rs"));
    let sources: Vec<Source> = files
        .iter()
        .map(|path| {
            let name = path.strip_prefix(repo()).expect("below the repository").to_string_lossy().replace('\\', "/");
            Source::new(&name, &fs::read_to_string(path).expect("a readable source"))
        })
        .filter(|s| !s.is_test_file())
        .collect();
    assert!(sources.len() > 20, "the test looks at the wrong folder");
    sources
}

/// Names of modules in a folder: `x` for `x.rs` and for `x/mod.rs`.
fn files_of(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if (path.is_dir() || path.extension().is_some_and(|e| e == "rs")) && stem != "mod" && stem != "tests" {
            names.insert(stem);
        }
    }
    names
}

/// Every file of the repository, sorted: not what git and the build keep beside it.
fn all_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository") {
            let entry = entry.expect("an entry");
            let kind = entry.file_type().expect("a kind");
            let name = entry.file_name();
            if kind.is_dir() && !["target", ".git", ".cache", "node_modules"].iter().any(|skip| name == *skip) {
                folders.push(entry.path());
            } else if kind.is_file() && name != ".git" {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

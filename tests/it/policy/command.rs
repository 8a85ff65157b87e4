//! `policy check`, `policy init` and `policy explain`, as the command line calls them.

use std::path::{Path, PathBuf};

use clap::Parser;
use layerproof::cli::{Exit, Failure, Global, policy};
use layerproof::policy::Policy;

use super::{SIGNED, statement};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: policy::Args,
}

fn global() -> Global {
    let now = "2026-10-01T00:00:00Z".parse().unwrap();
    Global {
        verbosity: 0,
        quiet: false,
        color: false,
        width: None,
        offline: true,
        cache_dir: PathBuf::new(),
        now,
        started_at: now,
        now_overridden: false,
    }
}

fn run(words: &[&str]) -> (Result<Exit, Failure>, String) {
    let line = Line::try_parse_from(std::iter::once(&"policy").chain(words)).unwrap();
    let mut out = Vec::new();
    let result = policy::run(&line.args, &global(), &mut out);
    (result, String::from_utf8(out).unwrap())
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn check_names_the_problems_of_every_file_and_exits_2() {
    let folder = tempfile::tempdir().unwrap();
    let good = write(folder.path(), "good.yaml", &statement(SIGNED));
    let bad = write(folder.path(), "bad.yaml", "version: 3\nstatement: x\n");
    let missing = folder.path().join("missing.yaml").to_str().unwrap().to_owned();
    let (result, out) = run(&["check", &bad, &good, &missing]);
    let failure = result.unwrap_err();
    assert_eq!(failure.exit, Exit::Usage);
    for part in ["`version` must be 1", "unknown key `statement`", "has no `statements`", "could not read", "missing.yaml"] {
        assert!(failure.message.contains(part), "{part}: {}", failure.message);
    }
    assert!(out.contains("good.yaml: 1 statement, no problems") && out.contains("layer arn:aws:lambda:*:111122223333:layer:*"), "{out}");
}

#[test]
fn what_is_no_text_or_too_large_is_refused_without_reading_it_all() {
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("b.yaml");
    std::fs::write(&binary, [0xff, 0xfe, 0x00]).unwrap();
    let large = write(folder.path(), "l.yaml", &"#".repeat((1 << 20) + 1));
    for file in [binary.to_str().unwrap(), &large, folder.path().to_str().unwrap()] {
        assert_eq!(run(&["check", file]).0.unwrap_err().exit, Exit::Usage);
    }
}

#[test]
fn what_init_writes_is_a_strict_policy_without_problems() {
    for words in [
        vec!["init"],
        vec!["init", "--account", "444455556666"],
        vec![
            "init",
            "--account",
            "444455556666",
            "--account",
            "777788889999",
            "--profile",
            "arn:aws:signer:us-east-1:444455556666:/signing-profiles/p",
        ],
    ] {
        let (result, out) = run(&words);
        assert_eq!(result.unwrap(), Exit::Pass);
        let policy = Policy::parse("p.yaml", &out, &mut |_| Err(String::new())).unwrap_or_else(|problems| panic!("{problems:?}\n{out}"));
        assert!(policy.statements.iter().all(|s| s.exempts().is_none() && s.level.name() == "strict"));
        assert_eq!(out.contains("777788889999"), words.len() > 3);
    }
    assert!(run(&["init", "--account", "12"]).0.is_err());
    assert!(run(&["init", "--profile", "x\"\nversion: 2"]).0.is_err());
}

#[test]
fn explain_says_what_applies_what_is_replaced_and_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "{}  - name: sandbox\n    scope: {{kind: layer, arn: \"arn:aws:lambda:*:111122223333:layer:sandbox\"}}\n    overrides: ours\n    level: skip\n    reason: no data\n",
        statement(SIGNED)
    );
    let file = write(folder.path(), "p.yaml", &text);
    let (result, out) = run(&["explain", "arn:aws:lambda:eu-west-1:111122223333:layer:sandbox:3", "--policy", &file]);
    assert_eq!(result.unwrap(), Exit::Pass);
    assert!(out.contains("ours (") && out.contains("is replaced by sandbox") && out.contains("exempts, never trusts: no data"), "{out}");
    let (_, out) = run(&["explain", "layer:arn:aws:lambda:eu-west-1:111122223333:layer:deps:3", "--policy", &file]);
    assert!(out.contains("is arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release"), "{out}");
    assert!(out.contains("sandbox (line 7) does not apply: `arn:aws:lambda:*:111122223333:layer:sandbox` does not match it"), "{out}");
    let (result, out) = run(&["explain", "some.zip", "--policy", &file]);
    assert_eq!(result.unwrap(), Exit::NothingMatched);
    assert!(out.contains("this is a file") && out.contains("which is a refusal"), "{out}");
    let (_, out) = run(&["explain", "some.zip", "--policy", &file, "--as", "arn:aws:lambda:eu-west-1:111122223333:layer:deps:3"]);
    assert!(out.contains("ours (") && out.contains("applies"), "{out}");
    for wrong in ["arn:aws:lambda:eu-west-1:111122223333:layer:deps", "arn:aws:s3:::bucket", "image:nonsense"] {
        assert_eq!(run(&["explain", wrong, "--policy", &file]).0.unwrap_err().exit, Exit::Usage, "{wrong}");
    }
}

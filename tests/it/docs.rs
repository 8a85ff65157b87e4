//! What the documentation says is run: every command of README.md and docs/*.md, with the exit code that it promises.

mod markdown;

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;
use tempfile::TempDir;

use crate::loopback::{Fleet, LoopbackAws};
use crate::run::{Home, Run, repo};
use markdown::Step;

/// The registry of the demo fleet.
const ECR: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

/// Set to 1, the output blocks of README.md are rewritten with the real output.
const UPDATE: &str = "LAYERPROOF_UPDATE_DOCS";

#[test]
fn every_documented_command_ends_as_documented() {
    let mut failures = Vec::new();
    let mut ran = 0;
    let aws = LoopbackAws::of(Fleet::read(repo().join("testdata/fleet"))).start();
    for page in pages() {
        let place = Workplace::new();
        for step in markdown::steps(&fs::read_to_string(&page).expect("a readable page")) {
            match step {
                Ok(Step::File { path, content }) => place.write(&path, content.as_bytes()),
                Ok(Step::Zip { path, entries }) => place.write(&path, &zip(&entries)),
                Ok(Step::Command { line, live, env, args, exit }) => {
                    ran += 1;
                    let mut run = Run::new(&place.home).args(&args).cwd(place.folder.path());
                    if live {
                        for (name, value) in aws.env_with_profile(place.home.path(), "audit", "111122223333", "eu-west-1") {
                            run = run.env(name, value);
                        }
                        // Nothing but loopback is ever asked.
                        let pulls =
                            matches!(args[0].as_str(), "scan" | "verify" | "inventory") && !args.iter().any(|arg| arg == "--snapshot");
                        run = run.args(pulls.then(|| format!("--registry-endpoint={ECR}={}", aws.authority())));
                    }
                    for (name, value) in env {
                        run = run.env(name, value);
                    }
                    let out = run.run();
                    if out.code != exit {
                        failures.push(format!("{}:{line}: ended with {}, the page says {exit}: {out}", name_of(&page), out.code));
                    }
                }
                Err(problem) => failures.push(format!("{}:{}: {}", name_of(&page), problem.line, problem.what)),
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(ran >= 15, "only {ran} commands were found: the test looks at the wrong files");
}

#[test]
fn the_readme_shows_real_output() {
    let path = repo().join("README.md");
    let text = fs::read_to_string(&path).expect("README.md");
    let blocks = markdown::output_blocks(&text);
    assert!(!blocks.is_empty(), "README.md has no output block");
    let mut updated = text.clone();
    for block in blocks {
        let place = Workplace::new();
        let out = Run::new(&place.home).args(&block.args).cwd(place.folder.path()).run();
        assert!(!out.stdout.trim().is_empty(), "nothing to show: {out}");
        if std::env::var_os(UPDATE).is_some_and(|v| v == "1") {
            updated = updated.replace(&block.whole, &block.with(&out.stdout));
            continue;
        }
        let (shown, real) = (without_times(&block.shown), without_times(&out.stdout));
        assert_eq!(shown, real, "the block `{}` of README.md is not what `{}` prints; {UPDATE}=1 rewrites it", block.name, out.command);
    }
    if updated != text {
        fs::write(&path, updated).expect("a writable README.md");
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)\s]+)\)").expect("a regular expression");
    let mut broken = Vec::new();
    for page in all_markdown() {
        let text = fs::read_to_string(&page).expect("a readable page");
        for target in link.captures_iter(&text).map(|c| c[1].to_owned()) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let to = if file.is_empty() { page.clone() } else { page.parent().expect("a folder").join(file) };
            if !to.exists() {
                broken.push(format!("{}: {target}", name_of(&page)));
            } else if !anchor.is_empty() && !markdown::anchors(&fs::read_to_string(&to).unwrap_or_default()).contains(&anchor.to_owned()) {
                broken.push(format!("{}: {target} has no such heading", name_of(&page)));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n  {}", broken.join("\n  "));
}

#[test]
fn the_stage_table_is_the_same_in_both_places() {
    let row =
        |line: &str| line.trim_start_matches("//! ").starts_with("| ").then(|| line.trim_start_matches("//! ").replace(['[', ']'], ""));
    let lib: Vec<String> = fs::read_to_string(repo().join("src/lib.rs")).expect("lib.rs").lines().filter_map(row).collect();
    let page = fs::read_to_string(repo().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    assert!(lib.len() > 10, "the table of src/lib.rs was not found");
    let missing: Vec<&String> = lib.iter().filter(|row| !page.lines().any(|line| line == row.as_str())).collect();
    assert!(missing.is_empty(), "rows of src/lib.rs that ARCHITECTURE.md does not have: {missing:#?}");
}

/// README.md and the pages directly below docs/: those that tell people what to type.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![repo().join("README.md")];
    pages.extend(markdown_in(&repo().join("docs")));
    pages
}

/// Every page of the project.
fn all_markdown() -> Vec<PathBuf> {
    ["", "docs", "docs/adr", "docs/checks", "testdata", "testdata/fleet", "testdata/templates", "trust-policies"]
        .iter()
        .flat_map(|folder| markdown_in(&repo().join(folder)))
        .collect()
}

fn markdown_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut pages: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    pages.retain(|p| p.extension().is_some_and(|e| e == "md"));
    pages.sort();
    pages
}

fn name_of(page: &Path) -> String {
    page.strip_prefix(repo()).unwrap_or(page).display().to_string()
}

/// A folder with copies of what the documentation uses, so that no command can change the repository.
struct Workplace {
    folder: TempDir,
    home: Home,
}

impl Workplace {
    fn new() -> Self {
        let folder = TempDir::with_prefix("layerproof-docs-").expect("a temporary folder");
        for name in ["testdata", "trust-policies"] {
            copy(&repo().join(name), &folder.path().join(name));
        }
        Self { folder, home: Home::new() }
    }

    fn write(&self, path: &str, content: &[u8]) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
        fs::write(path, content).expect("a writable file");
    }
}

fn copy(from: &Path, to: &Path) {
    let Ok(entries) = fs::read_dir(from) else { return };
    fs::create_dir_all(to).expect("a writable folder");
    for entry in entries {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a kind").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// A zip of stored entries as a plain tool writes it, each file holding its own name: unsigned, and nothing wrong with it.
fn zip(entries: &[String]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for name in entries {
        let (body, mode) = if name.ends_with('/') { (&b""[..], 0o040_755_u32) } else { (name.as_bytes(), 0o100_644) };
        let mut crc = flate2::Crc::new();
        crc.update(body);
        let size = u32::try_from(body.len()).expect("a short name");
        let at = u32::try_from(out.len()).expect("a small zip");
        // Version 2.0, no flags, stored, 2026-01-01 00:00, checksum, sizes, name length, no extra field (APPNOTE 4.3.7).
        let mut common = Vec::new();
        common.extend([20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x5c]);
        common.extend(crc.sum().to_le_bytes());
        common.extend(size.to_le_bytes());
        common.extend(size.to_le_bytes());
        common.extend([name.len() as u8, 0, 0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(body);
        // Made by Unix; no comment, disk 0, Unix mode, offset (APPNOTE 4.3.12).
        directory.extend(b"PK\x01\x02");
        directory.extend([20, 3]);
        directory.extend(&common);
        directory.extend([0; 6]);
        directory.extend((mode << 16).to_le_bytes());
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let count = u16::try_from(entries.len()).expect("few entries");
    let (start, size) = (out.len() as u32, directory.len() as u32);
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// Text whose times, ages and paddings are the same in every run, without the lines that speak of `--now`: a page shows a run at a
/// fixed time under a command that is run at any.
fn without_times(text: &str) -> String {
    let masks = [
        (r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?( ?Z| UTC)?", "<time>"),
        (r"\d+ (seconds?|minutes?|hours?|days?|weeks?|months?|years?)\b", "<age>"),
        (r"\b\d+(\.\d+)? ?(ms|s|min|h|d)\b", "<age>"),
        (r"[ \t]+", " "),
    ];
    let mut text: String = text.lines().filter(|line| !line.contains("--now")).map(|line| format!("{}\n", line.trim_end())).collect();
    for (pattern, to) in masks {
        text = Regex::new(pattern).expect("a regular expression").replace_all(&text, to).into_owned();
    }
    text.trim().to_owned()
}

#[test]
fn only_times_are_masked() {
    assert_eq!(
        without_times("judged 2026-11-22T03:04:05Z, 3 days old\nnote: --now\nx   2 findings\n"),
        "judged <time>, <age> old\nx 2 findings"
    );
    assert_ne!(without_times("2 findings"), without_times("3 findings"));
}

#[test]
fn the_iam_policy_is_read_only_and_each_action_has_its_reason() {
    let page = fs::read_to_string(repo().join("docs/accounts.md")).expect("docs/accounts.md");
    let part = page.split("<!-- iam: begin -->").nth(1).and_then(|rest| rest.split("<!-- iam: end -->").next()).expect("the IAM part");
    let json = part.split("```json").nth(1).and_then(|rest| rest.split("```").next()).expect("a JSON block");
    let policy: serde_json::Value = serde_json::from_str(json).expect("JSON");
    let mut actions: Vec<&str> = policy["Statement"]
        .as_array()
        .expect("statements")
        .iter()
        .flat_map(|s| s["Action"].as_array().expect("actions"))
        .map(|a| a.as_str().expect("text"))
        .collect();
    let mut reasons: Vec<&str> = part.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    actions.sort_unstable();
    reasons.sort_unstable();
    assert_eq!(actions, reasons);
    assert!(actions.len() > 15);
    for action in &actions {
        let verb = action.split_once(':').expect("SERVICE:ACTION").1;
        assert!(
            ["Get", "List", "Describe", "BatchGet", "Decrypt"].iter().any(|read| verb.starts_with(read)),
            "{action} does not only read"
        );
    }
    // Whatever is asked to list an account is in it, and what is asked of Lambda alone is all that is granted there.
    let code = fs::read_to_string(repo().join("src/inventory/account/answers.rs")).expect("answers.rs");
    let api = Regex::new(r#"= (lambda|ecr)(?:_pages)?\("(\w+)""#).expect("a regular expression");
    let mut asked: Vec<String> =
        api.captures_iter(&code).map(|c| format!("{}:{}", &c[1], c[2].replace("VersionByArn", "Version"))).collect();
    assert!(asked.len() > 10, "the test reads the wrong lines: {asked:?}");
    asked.push("lambda:ListTags".into());
    let code = fs::read_to_string(repo().join("src/revocation/aws_signer.rs")).expect("aws_signer.rs");
    let of_signer = Regex::new(r#"= "(signer:\w+)";"#).expect("a regular expression");
    let of_signer: Vec<String> = of_signer.captures_iter(&code).map(|c| c[1].to_owned()).collect();
    assert_eq!(of_signer.len(), 2, "the test reads the wrong lines: {of_signer:?}");
    asked.extend(of_signer);
    let missing: Vec<&String> = asked.iter().filter(|action| !actions.contains(&action.as_str())).collect();
    assert!(missing.is_empty(), "asked and not granted: {missing:?}");
    let idle: Vec<&&str> = actions
        .iter()
        .filter(|action| ["lambda:", "signer:"].iter().any(|service| action.starts_with(service)) && !asked.iter().any(|a| a == **action))
        .collect();
    assert!(idle.is_empty(), "granted and never asked: {idle:?}");
}

#[test]
fn every_direct_dependency_is_explained() {
    let manifest = fs::read_to_string(repo().join("Cargo.toml")).expect("Cargo.toml");
    let page = fs::read_to_string(repo().join("docs/adr/0008-dependencies.md")).expect("ADR 0008");
    let mut section = "";
    let mut seen = 0;
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if let Some((name, _)) = line.split_once(" = ").filter(|_| matches!(section, "[dependencies]" | "[dev-dependencies]")) {
            seen += 1;
            assert!(page.lines().any(|row| row.starts_with("| `") && row.contains(&format!("`{name}`"))), "{name} is not in ADR 0008");
        }
    }
    assert!(seen > 20, "the test reads the wrong lines");
}

#[test]
fn every_limit_is_in_the_table_of_limits() {
    let code = fs::read_to_string(repo().join("src/unpack/limits.rs")).expect("limits.rs");
    let page = fs::read_to_string(repo().join("docs/limits.md")).expect("docs/limits.md");
    let fields: Vec<&str> = code
        .split("pub struct Limits {")
        .nth(1)
        .and_then(|rest| rest.split('}').next())
        .expect("struct Limits")
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub ")?.split(':').next())
        .collect();
    let missing: Vec<&&str> = fields.iter().filter(|name| !page.contains(&format!("| `{name}` |"))).collect();
    assert!(fields.len() > 5 && missing.is_empty(), "of {fields:?} these are missing in docs/limits.md: {missing:?}");
}

#[test]
fn every_limit_of_the_network_is_in_the_table_of_limits() {
    let read = |path: &str| fs::read_to_string(repo().join(path)).expect(path);
    let code = ["patience.rs", "mod.rs"].map(|file| read(&format!("src/clients/http/{file}"))).concat();
    let page = read("docs/limits.md");
    let names: Vec<&str> = code.lines().filter_map(|line| line.strip_prefix("pub const ")?.split(':').next()).collect();
    // The first wait and the last stand in the row of the attempts.
    let missing: Vec<&&str> = names.iter().filter(|name| !name.starts_with("BACKOFF") && !page.contains(&format!("`{name}`"))).collect();
    assert!(names.len() > 15 && missing.is_empty(), "of {names:?} these are missing in docs/limits.md: {missing:?}");
}

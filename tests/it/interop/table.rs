//! Every case through the binary, held against the verdict of the tool.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use super::cases::{Artifact, Case, Tool, Verdicts, testdata};
use super::differences::{self, Says};
use super::notation;
use super::policy::Policy;
use super::registries::Elsewhere;
use crate::run::{Home, Run};

/// The least number of cases that the table holds.
const CASES: usize = 365;

/// Set-ups that the tool refuses to work with, and why the import refuses them too: exit code 2, and no policy, so that nothing can be
/// accepted by it. It counts as a refusal.
const REFUSED_SET_UPS: &[(&str, &str)] = &[
    ("nt-override-integrity", "integrity cannot be overridden"),
    ("nt-identity-without-state", "`ST` is missing"),
    ("nt-store-missing", "the trust store `ca:absent` is not known"),
    ("nt-leaf-trusted", "certificate"),
];

#[test]
fn what_the_real_tools_accept_and_refuse_is_accepted_and_refused() {
    let verdicts = Verdicts::read();
    let said = judge_all(&verdicts);
    assert!(verdicts.cases.len() >= CASES, "{} cases", verdicts.cases.len());
    assert_eq!(said.len(), verdicts.cases.len(), "each was run");

    let listed = differences::by_case();
    let mut wrong = Vec::new();
    for case in &verdicts.cases {
        let (ours, shown) = &said[&case.name];
        let theirs = if case.accepted { Says::Accepted } else { Says::Refused };
        match (ours, listed.get(case.name.as_str())) {
            (Err(why), _) => wrong.push(format!("{}: {why}\n{shown}", case.name)),
            (Ok(ours), Some(_)) if *ours == theirs => wrong.push(format!("{} is listed as a difference, and both say {ours:?}", case.name)),
            (Ok(ours), None) if *ours != theirs => {
                wrong.push(format!("{}: {} says {theirs:?} ({}), we say {ours:?}\n{shown}", case.name, case.tool.name(), case.reason));
            }
            (Ok(_), Some(_) | None) => {}
        }
    }
    let unknown: Vec<&&str> = listed.keys().filter(|name| !said.contains_key(**name)).collect();
    assert!(unknown.is_empty(), "differences of cases that are not there: {unknown:?}");
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), said.len(), wrong.join("\n\n"));
}

type Said = (Result<Says, String>, String);

/// Each case on its own, by as many runs at once as there are processors.
fn judge_all(verdicts: &Verdicts) -> BTreeMap<String, Said> {
    let next = AtomicUsize::new(0);
    let said = Mutex::new(BTreeMap::new());
    let now = verdicts.checked.to_string();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                let home = Home::new();
                while let Some(case) = verdicts.cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let answer = judge(case, &now, &home);
                    said.lock().expect("no thread has panicked").insert(case.name.clone(), answer);
                }
            });
        }
    });
    said.into_inner().expect("no thread has panicked")
}

fn judge(case: &Case, now: &str, home: &Home) -> Said {
    let refused_set_up = REFUSED_SET_UPS.iter().find(|(name, _)| *name == case.name);
    let policy = match (Policy::of_any(case), refused_set_up) {
        (Ok(policy), None) => policy,
        (Err(output), Some((_, why))) if output.code == 2 && output.stderr.contains(why) => return (Ok(Says::Refused), output.to_string()),
        (Ok(_), Some(_)) => return (Err("its set-up is imported, and is listed as one that is refused".into()), String::new()),
        (Err(output), _) => return (Err("its set-up is not imported".into()), output.to_string()),
    };
    let run = Run::new(home).arg("verify");
    let elsewhere = Elsewhere::of(case);
    let beside;
    // An imported policy on files is one on layers.
    let as_layer: &[&str] = if case.tool == Tool::NotationGo { &["--as", notation::LAYER] } else { &[] };
    let run = match case.artifact() {
        Artifact::Image { layout, digest, image } => run.arg(format!("oci:{}@{digest}", testdata(layout).display())).args(["--as", image]),
        Artifact::Blob { blob, signature } => {
            beside = Beside::lay(blob, signature);
            run.arg(beside.blob()).args(as_layer)
        }
    };
    let run = match &elsewhere {
        // What is live is judged as of now.
        Some(elsewhere) => run.args(["--signature-repository", &elsewhere.repository()]),
        None => run.args(["--offline", "--now", now]),
    };
    let output = run.arg("--policy").arg(policy.path()).args(["-o", "text"]).run();
    let shown = format!("{}{}", output.stdout, output.stderr);
    let answer = match output.code {
        0 => Ok(Says::Accepted),
        1 => Ok(Says::Refused),
        code => Err(format!("exit code {code}")),
    };
    (answer, shown)
}

/// A file with its signature beside it, under the name by which it is found.
struct Beside {
    folder: TempDir,
}

impl Beside {
    fn lay(blob: &str, signature: &str) -> Self {
        // Longest first: each of the last three ends like the last.
        let endings = [
            ("legacy-bundle.json", ".bundle"),
            (".sigstore.json", ".sigstore.json"),
            (".jws.sig", ".jws.sig"),
            (".cose.sig", ".cose.sig"),
            (".sig", ".sig"),
        ];
        let (_, ending) = endings.iter().find(|(theirs, _)| signature.ends_with(theirs)).unwrap_or_else(|| panic!("{signature}"));
        let beside = Self { folder: TempDir::with_prefix("layerproof-blob-").expect("a temporary folder") };
        fs::copy(testdata(blob), beside.blob()).expect("the file");
        let mut name = beside.blob().into_os_string();
        name.push(ending);
        fs::copy(testdata(signature), name).expect("the signature");
        beside
    }

    fn blob(&self) -> PathBuf {
        self.folder.path().join("hello.zip")
    }
}

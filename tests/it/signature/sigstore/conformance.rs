//! The public conformance suite of Sigstore's clients, driven through the binary: 70 cases, each with the file and with its digest alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use layerproof::model::digest::Digest;

use super::ARTIFACT;
use crate::forge::sigstore::Sigstore;
use crate::run::{Home, layerproof, skip};

const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// The folder of the suite: `LAYERPROOF_SHARED_DATA`, or `../shared/data` beside the repository. It stays outside of this repository.
pub fn folder() -> Option<PathBuf> {
    let shared = match std::env::var_os("LAYERPROOF_SHARED_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
    };
    let folder = shared.join("sigstore-conformance/bundle-verify");
    if folder.is_dir() {
        return Some(folder);
    }
    skip(&format!("{} is not there; LAYERPROOF_SHARED_DATA names the folder that holds it", folder.display()));
    None
}

struct Case {
    name: String,
    folder: PathBuf,
    artifact: PathBuf,
}

fn cases(suite: &Path) -> Vec<Case> {
    let mut cases: Vec<Case> = fs::read_dir(suite)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|folder| {
            let own = folder.join("artifact");
            let artifact = if own.exists() { own } else { suite.join("a.txt") };
            Case { name: folder.file_name().unwrap().to_string_lossy().into_owned(), folder, artifact }
        })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

/// Exit code and what was said.
fn run(case: &Case, by_digest: bool) -> (i32, String) {
    let text = |file: &str, default: &str| match fs::read_to_string(case.folder.join(file)) {
        Ok(text) => text.trim().to_owned(),
        Err(_) => default.to_owned(),
    };
    let mut run = layerproof().args(["verify-bundle", "--bundle"]).arg(case.folder.join("bundle.sigstore.json"));
    if case.folder.join("key.pub").exists() {
        run = run.arg("--key").arg(case.folder.join("key.pub"));
    } else {
        run = run.args(["--certificate-identity", &text("identity", IDENTITY), "--certificate-oidc-issuer", &text("issuer", ISSUER)]);
    }
    if case.folder.join("trusted_root.json").exists() {
        run = run.arg("--trusted-root").arg(case.folder.join("trusted_root.json"));
    }
    let artifact = if by_digest { Digest::of(&fs::read(&case.artifact).unwrap()).to_string() } else { case.artifact.display().to_string() };
    let out = run.arg(artifact).run();
    (out.code, format!("{}{}", out.stdout, out.stderr))
}

#[test]
fn all_140_runs_of_the_suite_end_as_they_should() {
    let Some(suite) = folder() else { return };
    let cases = cases(&suite);
    let bad = cases.iter().filter(|case| case.name.ends_with("_fail")).count();
    assert_eq!((cases.len() - bad, bad), (21, 49), "the suite is another one");
    let jobs: Mutex<Vec<(&Case, bool)>> = Mutex::new(cases.iter().flat_map(|case| [(case, false), (case, true)]).collect());
    let wrong = Mutex::new(Vec::new());
    let done = Mutex::new((0, 0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some((case, by_digest)) = jobs.lock().unwrap().pop() else { break };
                    let (code, said) = run(case, by_digest);
                    let must_fail = case.name.ends_with("_fail");
                    // 5 would be our own failure, and 3 "could not look": neither refuses a bundle.
                    let ok = if must_fail { matches!(code, 1 | 2) } else { code == 0 };
                    if std::env::var_os("LAYERPROOF_TEST_SHOW").is_some() {
                        println!("{code} {} {}", case.name, said.trim());
                    }
                    if ok {
                        let mut done = done.lock().unwrap();
                        if must_fail { done.1 += 1 } else { done.0 += 1 }
                    } else {
                        wrong.lock().unwrap().push(format!("{} (digest {by_digest}): {code}: {said}", case.name));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of 140 ended otherwise:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(done.into_inner().unwrap(), (42, 98));
}

#[test]
fn a_wrong_identity_and_a_wrong_issuer_are_refused_to_the_letter() {
    let Some(suite) = folder() else { return };
    let bundle = suite.join("happy-path-v0.3/bundle.sigstore.json");
    let artifact = suite.join("a.txt");
    let run = |identity: &str, issuer: &str| {
        let args = ["--certificate-identity", identity, "--certificate-oidc-issuer", issuer];
        layerproof().args(["verify-bundle", "--bundle"]).arg(&bundle).args(args).arg(&artifact).run()
    };
    run(IDENTITY, ISSUER).exits(0);
    let shorter = IDENTITY.strip_suffix('n').unwrap();
    for (identity, issuer) in [
        (shorter, ISSUER),
        (".*", ISSUER),
        (IDENTITY, "https://token.actions.githubusercontent.com/"),
        (IDENTITY, "https://evil.example/https://token.actions.githubusercontent.com"),
    ] {
        let out = run(identity, issuer).exits(1);
        assert!(out.stdout.contains("refused: "), "{out}");
    }
}

#[test]
fn a_time_stamp_alone_is_not_enough_under_a_root_that_has_logs() {
    let world = Sigstore::new();
    let home = Home::new();
    let write = |name: &str, bytes: &[u8]| {
        fs::write(home.path().join(name), bytes).unwrap();
        home.path().join(name)
    };
    let artifact = write("artifact", ARTIFACT);
    let mut without_logs = world.trusted_root();
    without_logs.tlogs.clear();
    let roots = [
        (write("with.json", world.trusted_root().to_json().to_string().as_bytes()), 1),
        (write("without.json", without_logs.to_json().to_string().as_bytes()), 0),
    ];
    let bundle = write("bundle.json", &world.keyless(ARTIFACT).logged(&[]).stamped(1).build().bytes());
    for (root, code) in roots {
        let args = ["--certificate-identity", super::IDENTITY, "--certificate-oidc-issuer", ISSUER];
        let run = layerproof().args(["verify-bundle", "--bundle"]).arg(&bundle).args(args).arg("--trusted-root").arg(&root);
        let out = run.arg(&artifact).run().exits(code);
        assert!(code == 0 || out.stdout.contains("no log vouches for it"), "{out}");
    }
}

#[test]
fn usage_and_files_that_are_not_there_have_their_own_exit_codes() {
    layerproof().args(["verify-bundle", "--bundle", "x", "y"]).run().exits(2);
    layerproof().args(["verify-bundle", "--bundle", "x", "--certificate-identity", "a", "y"]).run().exits(2);
    let asked = ["--certificate-identity", "a", "--certificate-oidc-issuer", "b"];
    layerproof().args(["verify-bundle", "--bundle", "no-such-file"]).args(asked).arg("README.md").run().exits(5);
    layerproof().args(["verify-bundle", "--bundle", "README.md"]).args(asked).arg("sha256:xyz").run().exits(2);
    let out = layerproof().args(["verify-bundle", "-v", "--bundle", "README.md"]).args(asked).arg("README.md").run().exits(1);
    assert!(out.stdout.contains("  1. form") && out.stdout.contains("FAILED"), "{out}");
}

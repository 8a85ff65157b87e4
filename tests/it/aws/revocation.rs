//! Revocation as a user of the program meets it: AWS Signer on loopback, recordings, and AWS's own word.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::layerproof_on;
use crate::loopback::{Builder, Fault, Fleet, Job, LoopbackAws, Revoked, Wrong};
use crate::run::{Home, Output, Run, repo};

const FLEET: &str = "testdata/fleet";
const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const STATUS: &str = "signer:GetRevocationStatus";

fn server() -> Builder {
    LoopbackAws::of(Fleet::read(repo().join(FLEET)))
}

/// The demo policy with revocation enforced.
fn enforcing(home: &Home) -> PathBuf {
    edited(home, |text| text.replace("revocation: log", "revocation: enforce"))
}

fn edited(home: &Home, edit: impl Fn(String) -> String) -> PathBuf {
    let text = fs::read_to_string(repo().join("trust-policies/demo.yaml")).unwrap();
    let path = home.path().join("policy.yaml");
    fs::copy(repo().join("testdata/signer/test-root.pem"), home.path().join("root.pem")).unwrap();
    fs::write(&path, edit(text).replace("../testdata/signer/test-root.pem", "root.pem")).unwrap();
    path
}

fn scan_on<'h>(aws: &LoopbackAws, home: &'h Home, policy: &Path) -> Run<&'h Home> {
    let run = layerproof_on(aws, home, ACCOUNT, REGION).args(["scan", "--region", REGION, "-o", "json", "--no-history", "--policy"]);
    run.arg(policy)
}

/// The demo fleet, judged offline.
fn offline<'h>(home: &'h Home, policy: &Path) -> Run<&'h Home> {
    Run::new(home).args(["--offline", "scan", "--snapshot", FLEET, "-o", "json", "--no-history", "--policy"]).arg(policy)
}

/// The artifacts of this verdict.
fn artifacts(report: &Value, verdict: &str) -> BTreeSet<String> {
    let decisions = report["decisions"].as_array().unwrap().iter();
    decisions
        .filter(|d| ["function", "layer"].contains(&d["subject"]["kind"].as_str().unwrap()) && d["verdict"] == verdict)
        .map(|d| d["subject"]["name"].as_str().unwrap_or_default().to_owned())
        .collect()
}

fn codes(report: &Value) -> BTreeSet<String> {
    let reasons = report["decisions"].as_array().unwrap().iter().flat_map(|d| d["reasons"].as_array().unwrap());
    reasons.map(|reason| reason["code"].as_str().unwrap().to_owned()).collect()
}

/// Texts of the reasons with this code.
fn reasons(report: &Value, code: &str) -> Vec<String> {
    let reasons = report["decisions"].as_array().unwrap().iter().flat_map(|d| d["reasons"].as_array().unwrap());
    reasons.filter(|reason| reason["code"] == code).map(|reason| reason["text"].as_str().unwrap().to_owned()).collect()
}

fn findings(report: &Value, rule: &str) -> Vec<Value> {
    report["findings"].as_array().unwrap().iter().filter(|f| f["rule"] == rule).cloned().collect()
}

/// What the demo policy trusts, revocation aside.
fn trusted_without(home: &Home) -> BTreeSet<String> {
    let aws = server().start();
    let found =
        artifacts(&scan_on(&aws, home, &edited(home, |text| text.replace("revocation: log", "revocation: skip"))).run().json(), "trusted");
    assert!(found.len() >= 5, "{found:?}");
    found
}

#[test]
fn what_is_not_revoked_is_trusted_and_each_question_is_asked_once() {
    let home = Home::new();
    let trusted = trusted_without(&home);
    let aws = server().start();
    let report = scan_on(&aws, &home, &enforcing(&home)).run().json();
    assert_eq!(artifacts(&report, "trusted"), trusted);
    assert!(!codes(&report).contains("revocation-unknown") && findings(&report, "SIG008").is_empty());
    let asked: Vec<_> = aws.log().0.into_iter().filter(|seen| seen.api == STATUS).map(|seen| (seen.region, seen.subject)).collect();
    let distinct: BTreeSet<_> = asked.iter().cloned().collect();
    assert_eq!(asked.len(), distinct.len(), "{asked:?}");
    assert!(distinct.len() > 1 && distinct.iter().any(|(region, _)| region == REGION));
}

#[test]
fn a_revoked_profile_job_or_certificate_is_refused_and_said_whatever_the_level() {
    let home = Home::new();
    let trusted = trusted_without(&home);
    let recording = record(&home);
    let one = recording["aws_signer"].as_array().unwrap().iter().find(|entry| of_region(entry)).unwrap().clone();
    let (job, profile) = (one["job_arn"].as_str().unwrap(), one["profile_version_arn"].as_str().unwrap());
    let root = one["certificate_hashes"].as_array().unwrap().last().unwrap().as_str().unwrap();
    for entity in [job, profile, root] {
        let aws = server().revoked(Revoked::entity(entity)).start();
        let output = scan_on(&aws, &home, &enforcing(&home)).run().exits(1);
        let report = output.json();
        let left = artifacts(&report, "trusted");
        assert!(left.is_subset(&trusted) && left.len() < trusted.len(), "{entity}: {left:?}");
        assert!(reasons(&report, "revoked").iter().all(|text| text.contains(entity) && text.contains("as AWS Signer says")), "{report}");
        assert!(!reasons(&report, "revoked").is_empty() && !findings(&report, "SIG008").is_empty(), "{entity}");
        // Only logged, the decision stands; that it was revoked is said all the same, and fails the run.
        let logging = edited(&home, |text| text);
        let report = scan_on(&aws, &home, &logging).run().exits(1).json();
        assert_eq!(artifacts(&report, "trusted"), trusted);
        assert!(!findings(&report, "SIG008").is_empty(), "{entity}");
    }
}

fn of_region(entry: &Value) -> bool {
    entry["profile_version_arn"].as_str().unwrap().contains(REGION)
}

/// What a live scan records where nothing is revoked.
fn record(home: &Home) -> Value {
    let aws = server().start();
    let file = home.path().join("recorded.json");
    let output = scan_on(&aws, home, &enforcing(home)).args(["--record-revocations"]).arg(&file).run();
    assert!(output.stdout.contains("is kept in"), "{output}");
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

#[test]
fn what_aws_names_is_revoked_also_where_nobody_asked_about_it() {
    let home = Home::new();
    let unasked = Revoked { always: true, ..Revoked::entity("arn:aws:signer:eu-west-1:999988887777:/signing-jobs/x") };
    let aws = server().revoked(unasked).start();
    let report = scan_on(&aws, &home, &enforcing(&home)).run().exits(1).json();
    assert!(artifacts(&report, "trusted").is_empty() && codes(&report).contains("revoked"));
}

#[test]
fn a_revocation_that_takes_effect_after_signing_does_not_touch_the_signature() {
    let home = Home::new();
    let trusted = trusted_without(&home);
    let profile = record(&home)["aws_signer"][0]["profile_version_arn"].as_str().unwrap().to_owned();
    let later = Revoked { since: Some("2030-01-01T00:00:00Z".parse().unwrap()), ..Revoked::entity(&profile) };
    let report = scan_on(&server().revoked(later).start(), &home, &enforcing(&home)).run().json();
    assert_eq!(artifacts(&report, "trusted"), trusted);
}

#[test]
fn denied_throttled_unreachable_and_garbage_are_undecided_and_name_the_action() {
    let trusted = &trusted_without(&Home::new());
    let wrongs = [
        (Wrong::AccessDenied, "denied; signer:GetRevocationStatus is needed"),
        (Wrong::Throttled(Some(0)), "throttled"),
        (Wrong::ServerError(500), "AWS reports"),
        (Wrong::Garbage, "not reachable"),
        (Wrong::Reset, "not reachable"),
    ];
    // Most are asked again for some seconds each.
    std::thread::scope(|scope| {
        for (wrong, part) in wrongs {
            scope.spawn(move || {
                let home = Home::new();
                let aws = server().fault(Fault::on(STATUS).goes(wrong.clone())).start();
                let report = scan_on(&aws, &home, &enforcing(&home)).timeout(std::time::Duration::from_secs(400)).run().json();
                assert!(artifacts(&report, "trusted").is_empty(), "{wrong:?}");
                assert!(artifacts(&report, "undecided").is_superset(trusted), "{wrong:?}");
                let texts = reasons(&report, "revocation-unknown");
                assert!(!texts.is_empty() && texts.iter().all(|text| text.contains(part)), "{wrong:?}: {texts:?}");
                assert!(findings(&report, "SIG008").is_empty(), "could not look is never revoked either");
            });
        }
    });
}

#[test]
fn an_answer_without_the_list_is_none() {
    let home = Home::new();
    let aws = server().fault(Fault::on(STATUS).goes(Wrong::Error(200, "x".into(), "y".into()))).start();
    let report = scan_on(&aws, &home, &enforcing(&home)).run().json();
    assert!(artifacts(&report, "trusted").is_empty());
    assert!(reasons(&report, "revocation-unknown").iter().all(|text| text.contains("no revokedEntities")), "{report}");
}

#[test]
fn offline_is_undecided_and_a_recording_decides_and_says_its_age() {
    let home = Home::new();
    let policy = enforcing(&home);
    let undecided = offline(&home, &policy).run();
    assert!(artifacts(&undecided.json(), "trusted").is_empty());
    assert!(
        reasons(&undecided.json(), "revocation-unknown").iter().all(|text| text.contains("--offline") || text.contains("recorded account"))
    );

    let mut recording = record(&home);
    let file = home.path().join("revocations.json");
    let replay = |recording: &Value| {
        fs::write(&file, recording.to_string()).unwrap();
        offline(&home, &policy).arg("--revocations").arg(&file).run()
    };
    let report = replay(&recording).json();
    let trusted = artifacts(&report, "trusted");
    assert!(trusted.len() >= 5, "{trusted:?}");
    let logged = report["decisions"].to_string();
    assert!(logged.contains("from a recording only, made at"), "each verdict from one says so");
    let notes = report["notes"].to_string();
    assert!(notes.contains("--revocations: recorded at") && notes.contains("nobody vouches for"), "{notes}");

    // An answer to another question is none to this one, whatever differs.
    for (member, value) in [
        ("signed_at", json!("2020-01-01T00:00:00Z")),
        ("platform_id", json!("Notation-OCI-SHA384-ECDSA")),
        ("profile_version_arn", json!("arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/ZZZZZZZZZZ")),
        ("job_arn", json!("arn:aws:signer:eu-west-1:111122223333:/signing-jobs/other")),
        ("certificate_hashes", json!([])),
    ] {
        let mut other = recording.clone();
        for (n, entry) in other["aws_signer"].as_array_mut().unwrap().iter_mut().enumerate() {
            entry[member] = value.clone();
            // Or two entries would be one question.
            if member != "job_arn" {
                entry["job_arn"] = json!(format!("{}{}", entry["job_arn"].as_str().unwrap(), if n == 0 { "" } else { "-2" }));
            } else {
                entry["job_arn"] = json!(format!("{}-{n}", value.as_str().unwrap()));
            }
        }
        let report = replay(&other).json();
        assert!(artifacts(&report, "trusted").is_empty(), "{member}");
    }

    // Revoked in a recording is refused, and says whose word that is.
    for entry in recording["aws_signer"].as_array_mut().unwrap() {
        entry["revoked_entities"] = json!([entry["job_arn"]]);
    }
    let report = replay(&recording).exits(1).json();
    assert!(artifacts(&report, "trusted").is_empty());
    assert!(reasons(&report, "revoked").iter().all(|text| text.contains("authenticated by nobody")), "{report}");
    assert!(findings(&report, "SIG008").iter().all(|f| f.to_string().contains("authenticated by nobody")));
}

#[test]
fn a_recording_that_is_none_is_a_usage_error() {
    let home = Home::new();
    let policy = enforcing(&home);
    let file = home.path().join("revocations.json");
    for (text, part) in
        [("{", "no recording of revocations"), (r#"{"layerproof_revocations": 2}"#, "format 2, and this version reads format 1")]
    {
        fs::write(&file, text).unwrap();
        let output = offline(&home, &policy).arg("--revocations").arg(&file).run().exits(2);
        assert!(output.stderr.contains(part), "{output}");
    }
    offline(&home, &policy).args(["--revocations", "no/such/file"]).run().exits(2);
    let output = offline(&home, &policy).arg("--record-revocations").arg(&file).run().exits(2);
    assert!(output.stderr.contains("--offline"), "{output}");
    assert!(fs::read_to_string(&file).unwrap().contains("_revocations\": 2"), "the file is as it was");
}

fn verify_zip(home: &Home, run: Run<&Home>) -> Output {
    let policy = home.path().join("zip.yaml");
    let root = fs::read_to_string(repo().join("trust-policies/demo.yaml")).unwrap();
    let root = root.lines().find(|line| line.trim_start().starts_with("sha256:")).unwrap().trim().to_owned();
    let text = format!(
        "version: 1\nroots:\n  - {{name: test-ca, file: root.pem, {root}, accounts: [\"111122223333\"]}}\nstatements:\n  - name: layers\n    scope: \
         {{kind: layer, arn: \"arn:aws:lambda:*:111122223333:layer:*\"}}\n    level: strict\n    signatures: {{any: [{{aws_signer: {{root: test-ca, \
         profiles: [\"arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release\"]}}}}]}}\n"
    );
    fs::copy(repo().join("testdata/signer/test-root.pem"), home.path().join("root.pem")).unwrap();
    fs::write(&policy, text).unwrap();
    let zip = repo().join("testdata/signer/valid.zip");
    let run =
        run.args(["verify", "--as", "arn:aws:lambda:eu-west-1:111122223333:layer:deps:1", "-o", "json", "--policy"]).arg(&policy).arg(zip);
    run.run()
}

#[test]
fn a_zip_on_this_machine_is_asked_about_with_whatever_credentials_there_are() {
    let home = Home::new();
    let aws = server().start();
    verify_zip(&home, layerproof_on(&aws, &home, "444455556666", "us-east-1")).exits(0);
    let asked: Vec<_> = aws.log().0.into_iter().filter(|seen| seen.api == STATUS).collect();
    assert_eq!(asked.len(), 1);
    assert_eq!((asked[0].account.as_str(), asked[0].region.as_str()), ("444455556666", REGION), "the region is the profile's");

    let before = aws.log().0.len();
    let report = verify_zip(&home, layerproof_on(&aws, &home, ACCOUNT, REGION).arg("--offline")).exits(3).json();
    assert!(reasons(&report, "revocation-unknown")[0].contains("--offline"), "{report}");
    let report = verify_zip(&home, Run::new(&home)).exits(3).json();
    assert!(reasons(&report, "revocation-unknown")[0].contains("no AWS credentials"), "{report}");
    let report = verify_zip(&home, layerproof_on(&aws, &home, ACCOUNT, REGION).args(["--now", "2026-12-24T00:00:00Z"])).exits(3).json();
    assert!(reasons(&report, "revocation-unknown")[0].contains("--now"), "{report}");
    assert_eq!(aws.log().0.len(), before, "nobody was asked");
}

#[test]
fn credentials_of_another_partition_ask_nobody() {
    let home = Home::new();
    let aws = server().start();
    let report = verify_zip(&home, layerproof_on(&aws, &home, ACCOUNT, "cn-north-1")).exits(3).json();
    let text = &reasons(&report, "revocation-unknown")[0];
    assert!(text.contains("of partition aws") && text.contains("aws-cn") && text.contains(STATUS), "{text}");
    assert_eq!(aws.log().count(STATUS), 0);
}

#[test]
fn rule_08_awss_own_word_does_not_count_through_another_endpoint() {
    let home = Home::new();
    // All else holds: the zips are signed, the jobs have succeeded and nothing is revoked.
    let recording = record(&home);
    let policy = edited(&home, |text| {
        text.replace("        - aws_signer:\n            root: test-ca\n", "        - aws_service:\n")
            .replace("revocation: log", "revocation: enforce")
    });
    let mut builder = server();
    for entry in recording["aws_signer"].as_array().unwrap() {
        let id = entry["job_arn"].as_str().unwrap().rsplit('/').next().unwrap();
        let mut profile = entry["profile_version_arn"].as_str().unwrap().rsplit('/');
        let (version, name) = (profile.next().unwrap(), profile.next().unwrap());
        let answer = json!({
            "jobId": id, "status": "Succeeded", "profileName": name, "profileVersion": version, "jobOwner": ACCOUNT,
            "signatureExpiresAt": 2_145_916_800,
        });
        builder = builder.job(id, Job { answer, owner: ACCOUNT.into() });
    }
    let aws = builder.start();
    let report = scan_on(&aws, &home, &policy).run().json();
    assert!(artifacts(&report, "trusted").is_empty());
    let texts = reasons(&report, "service-statement-not-usable");
    assert!(!texts.is_empty() && texts.iter().all(|text| text.contains("another endpoint's")), "{texts:?}");
    assert!(aws.log().count("signer:DescribeSigningJob") > 0, "it was asked, and is not believed");
}

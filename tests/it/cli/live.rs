//! Live accounts, looked at by the program as its users run it, on the loopback AWS.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::super::aws::layerproof_on;
use super::super::run::{Home, Output, Run};
use crate::loopback::{Fault, Fleet, LoopbackAws, SECRETS, Synthetic, Wrong};

const FLEET: &str = "testdata/fleet";
const POLICY: [&str; 2] = ["--policy", "trust-policies/demo.yaml"];
const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];
const REGIONS: &str = "eu-west-1,us-east-1";

fn demo() -> LoopbackAws {
    LoopbackAws::of(Fleet::read(FLEET)).start()
}

/// Both accounts of the demo fleet, by the roles in them, images from the loopback's registry.
fn on_demo<'h>(aws: &LoopbackAws, home: &'h Home, command: &str) -> Run<&'h Home> {
    let mut run = layerproof_on(aws, home, ACCOUNTS[0], "eu-west-1").arg(command).args(["--region", REGIONS]);
    for account in ACCOUNTS {
        run = run.args(["--role-arn", &format!("arn:aws:iam::{account}:role/layerproof")]);
    }
    run.args(registries(aws, &ACCOUNTS))
}

fn registries(aws: &LoopbackAws, accounts: &[&str]) -> Vec<String> {
    let mut args = Vec::new();
    for account in accounts {
        for region in REGIONS.split(',') {
            args.push("--registry-endpoint".to_owned());
            args.push(format!("{account}.dkr.ecr.{region}.amazonaws.com={}", aws.authority()));
        }
    }
    args
}

/// What a report decides and finds, without where it was looked.
fn judged(report: &Value) -> (Vec<String>, BTreeSet<String>) {
    let text = |value: &Value, member: &str| value[member].as_str().unwrap_or_default().to_owned();
    let decisions = report["decisions"].as_array().unwrap().iter().map(|d| format!("{} {}", d["subject"], text(d, "verdict"))).collect();
    let findings = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        // What is missing is worded by where it was looked for.
        .filter(|f| f["rule"] != "OPS001")
        .map(|f| format!("{} {} {}", text(f, "rule"), text(f, "subject"), text(f, "message")))
        .collect();
    (decisions, findings)
}

fn holds_no_secret(output: &Output) {
    for secret in SECRETS {
        assert!(!output.stdout.contains(secret) && !output.stderr.contains(secret), "{secret} is printed");
    }
}

#[test]
fn a_live_scan_says_what_a_scan_of_its_recording_says() {
    let (aws, home) = (demo(), Home::new());
    let live = on_demo(&aws, &home, "scan").args(POLICY).args(["-o", "json", "--no-history"]).run().exits(1);
    holds_no_secret(&live);
    let snapshot = Run::new(&home).args(["scan", "--snapshot", FLEET, "-o", "json", "--no-history"]).args(POLICY).run().exits(1);
    assert_eq!(judged(&live.json()), judged(&snapshot.json()));
    assert_eq!(live.json()["source"]["kind"], "aws");

    let folder = home.path().join("recorded");
    let recording = on_demo(&aws, &home, "inventory").args(["--record", folder.to_str().unwrap()]).run().exits(3);
    assert!(recording.stdout.contains("recorded in "), "{}", recording.stdout);
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700, "the code of functions is nobody else's business");
    holds_no_secret(&recording);
    let index: Value = serde_json::from_slice(&fs::read(folder.join("images/index.json")).unwrap()).unwrap();
    for manifest in index["manifests"].as_array().unwrap() {
        let name = manifest["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
        let size = fs::metadata(folder.join("images/blobs/sha256").join(name)).unwrap().len();
        assert_eq!(manifest["size"], size, "other tools read the layout too");
        assert!(manifest["mediaType"].as_str().is_some_and(|kind| kind.starts_with("application/vnd.")), "{manifest}");
    }
    let again =
        Run::new(&home).args(["scan", "--snapshot", folder.to_str().unwrap(), "-o", "json", "--no-history"]).args(POLICY).run().exits(1);
    assert_eq!(judged(&live.json()), judged(&again.json()));
}

#[test]
fn one_account_of_three_that_is_denied_costs_its_own_and_is_named() {
    let fleet = Synthetic { accounts: 3, functions: 4, layers: 2, ..Synthetic::default() };
    let denied = Synthetic::account(1);
    let aws = LoopbackAws::of(fleet.fleet()).fault(Fault::on("sts:AssumeRole").about(&denied).denies()).start();
    let home = Home::new();
    // A policy under which nothing is refused, so that only what is missing is left to fail the run.
    let mut text = "version: 1\nstatements:\n".to_owned();
    for (name, kind, arn) in [
        ("first", "function", "200000000001:function:*"),
        ("third", "function", "200000000003:function:*"),
        ("layers", "layer", "200000000001:layer:*"),
    ] {
        text += &format!(
            "  - {{ name: {name}, scope: {{ kind: {kind}, arn: \"arn:aws:lambda:*:{arn}\" }}, level: audit, reason: looked at, signatures: {{ any: [ \
             {{ aws_signer: {{ root: aws-signer-lambda-unconfirmed, profiles: [\"arn:aws:signer:eu-west-1:200000000001:/signing-profiles/x\"] }} }} ] }} }}\n"
        );
    }
    let policy = home.path().join("policy.yaml");
    fs::write(&policy, text).unwrap();
    let mut run = layerproof_on(&aws, &home, &Synthetic::account(0), "eu-west-1").arg("scan").args(["--policy", policy.to_str().unwrap()]);
    for n in 0..3 {
        run = run.args(["--role-arn", &Synthetic::role(n)]);
    }
    let output = run.args(["--region", "eu-west-1", "-o", "json", "-o", "text=scan.txt", "--no-history", "--fail-on", "critical"]);
    let output = output.cwd(home.path()).run().exits(3);
    let report = output.json();
    let rows = report["coverage"].as_array().unwrap();
    let row = rows.iter().find(|row| row["account"] == denied.as_str()).unwrap_or_else(|| panic!("no row for {denied}: {rows:?}"));
    assert_eq!((row["api"].as_str(), row["missing"].as_u64()), (Some("sts:AssumeRole"), Some(1)), "{row}");
    let text = fs::read_to_string(home.path().join("scan.txt")).unwrap();
    assert!(text.contains(&denied) && text.contains("sts:AssumeRole"), "{text}");
    let judged: BTreeSet<&str> = report["decisions"].as_array().unwrap().iter().filter_map(|d| d["subject"]["name"].as_str()).collect();
    for n in [0, 2] {
        assert!(judged.iter().any(|subject| subject.contains(&Synthetic::account(n))), "account {n} is not judged: {judged:?}");
    }
    assert!(!judged.iter().any(|subject| subject.contains(&format!(":{denied}:function"))));
}

#[test]
fn what_is_denied_alone_is_exit_3_and_names_the_action() {
    let fleet = Synthetic { accounts: 3, functions: 2, layers: 0, layers_each: 0, ..Synthetic::default() };
    let denied = Synthetic::account(2);
    let aws = LoopbackAws::of(fleet.fleet()).fault(Fault::on("lambda:ListFunctions").in_account(&denied).denies()).start();
    let home = Home::new();
    let mut run = layerproof_on(&aws, &home, &Synthetic::account(0), "eu-west-1").args(["inventory", "--region", "eu-west-1"]);
    for n in 0..3 {
        run = run.args(["--role-arn", &Synthetic::role(n)]);
    }
    let output = run.run().exits(3);
    assert!(output.stdout.contains(&format!("{denied} eu-west-1  lambda:ListFunctions")), "{}", output.stdout);
    assert!(
        output.stdout.contains("lambda:ListFunctions is needed") && output.stdout.contains("4 functions in 8 versions"),
        "{}",
        output.stdout
    );
}

#[test]
fn a_gate_on_one_function_asks_by_name_and_needs_no_right_to_list() {
    let aws = LoopbackAws::of(Fleet::read(FLEET))
        .fault(Fault::on("lambda:ListFunctions").denies())
        .fault(Fault::on("lambda:ListLayers").denies())
        .start();
    let home = Home::new();
    let verify = |target: &str| {
        let run = layerproof_on(&aws, &home, ACCOUNTS[0], "eu-west-1").args(["verify", target, "-o", "json"]);
        run.args(POLICY).args(registries(&aws, &ACCOUNTS)).run()
    };
    let live = verify("fn:checkout-quote:live");
    let snapshot = Run::new(&home).args(["verify", "fn:checkout-quote:live", "--snapshot", FLEET, "-o", "json"]).args(POLICY).run();
    assert_eq!(live.code, snapshot.code);
    assert_eq!(judged(&live.json()), judged(&snapshot.json()));
    assert_eq!(aws.log().count("lambda:ListFunctions") + aws.log().count("lambda:ListLayers"), 0);
    assert_eq!(verify("fn:no-such-function").code, 4, "not there is not the same as not looked at");
    let layer = verify("layer:parcel-common:12");
    assert_eq!(layer.json()["decisions"].as_array().unwrap().len(), 1);
}

#[test]
fn a_live_account_cannot_be_judged_at_another_time_or_offline() {
    let (aws, home) = (demo(), Home::new());
    for (flags, hint) in [(["--now", "2026-11-23T00:00:00Z"].as_slice(), "--record"), (&["--offline"], "--snapshot")] {
        for command in [["scan"].as_slice(), &["verify", "fn:checkout-quote"]] {
            let run = layerproof_on(&aws, &home, ACCOUNTS[0], "eu-west-1").args(command);
            let output = run.args(POLICY).args(flags).run().exits(2);
            assert!(output.stderr.contains(hint), "{}", output.stderr);
        }
    }
    assert_eq!(aws.log().0.len(), 0, "nobody was asked");
}

#[test]
fn no_credentials_is_a_usage_error_that_says_what_to_do() {
    let (aws, home) = (demo(), Home::new());
    let env = aws.env_without_credentials(home.path(), "eu-west-1");
    let run = env.into_iter().fold(Run::new(&home), |run, (name, value)| run.env(name, value));
    let output = run.arg("scan").args(POLICY).run().exits(2);
    assert!(output.stderr.contains("no AWS credentials") && output.stderr.contains("--profile"), "{}", output.stderr);
}

#[test]
fn who_is_logged_in_by_sso_is_let_in_and_who_no_longer_is_is_told_to_log_in_again() {
    let aws = LoopbackAws::of(Synthetic { functions: 2, ..Synthetic::default() }.fleet()).start();
    let home = Home::new();
    let env = aws.env_with_sso(home.path(), "audit", &Synthetic::account(0), "eu-west-1");
    let run = || env.iter().fold(Run::new(&home), |run, (name, value)| run.env(name, value)).args(["inventory", "--profile", "audit"]);
    let output = run().run().exits(0);
    assert!(output.stdout.contains("2 functions in 4 versions"), "{}", output.stdout);
    assert!((1..=2).contains(&aws.log().count("sso:GetRoleCredentials")), "once to find out, and once for all clients");
    for (cache, what) in [
        (r#"{"accessToken": "old", "expiresAt": "2036-01-01T00:00:00Z"}"#, "revoked"),
        (r#"{"accessToken": "old", "expiresAt": "2020-01-01T00:00:00Z"}"#, "expired"),
    ] {
        for file in fs::read_dir(home.path().join(".aws/sso/cache")).unwrap() {
            fs::write(file.unwrap().path(), cache).unwrap();
        }
        let output = run().run().exits(2);
        assert!(output.stderr.contains("aws sso login"), "{what}: {}", output.stderr);
    }
}

#[test]
fn a_layer_whose_download_gives_other_bytes_is_tampering_and_not_a_retry_until_it_fits() {
    let fleet = Synthetic { functions: 2, layers: 1, layers_each: 1, ..Synthetic::default() };
    let aws = LoopbackAws::of(fleet.fleet()).start();
    let home = Home::new();
    aws.fault(Fault::on("download").goes(Wrong::OtherBytes));
    let run = layerproof_on(&aws, &home, &Synthetic::account(0), "eu-west-1").args(["scan", "-o", "json", "--no-history"]);
    let report = run.args(POLICY).run().exits(1).json();
    let rules: BTreeSet<&str> = report["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect();
    assert!(rules.contains("INT001"), "{rules:?}");
    // And the store does not hand them out as the claimed ones.
    aws.heal();
    let run = layerproof_on(&aws, &home, &Synthetic::account(0), "eu-west-1").args(["scan", "-o", "json", "--no-history"]);
    let report = run.args(POLICY).run().json();
    assert!(!report["findings"].as_array().unwrap().iter().any(|f| f["rule"] == "INT001"));
}

#[test]
fn a_registry_that_denies_its_referrers_never_reads_as_an_unsigned_image() {
    let aws = LoopbackAws::of(Fleet::read(FLEET)).fault(Fault::on("registry:referrers").denies()).start();
    let home = Home::new();
    let report = on_demo(&aws, &home, "scan").args(POLICY).args(["-o", "json", "--no-history"]).run().exits(1).json();
    let images: Vec<&Value> =
        report["findings"].as_array().unwrap().iter().filter(|f| f["rule"] == "SIG003" && f["status"] == "fail").collect();
    assert!(images.is_empty(), "{images:?}");
}

#[test]
fn filters_of_a_live_scan_look_at_nothing_else() {
    let (aws, home) = (demo(), Home::new());
    let output = on_demo(&aws, &home, "inventory").args(["--function", "checkout-*"]).run().exits(0);
    assert!(output.stdout.contains("1 function in 3 versions"), "{}", output.stdout);
    assert_eq!(aws.log().count("lambda:GetFunction"), 3, "the versions of the one function");
    assert_eq!(aws.log().count("lambda:ListLayers"), 0);
    aws.forget_log();
    let none = on_demo(&aws, &home, "scan").args(POLICY).args(["--function", "no-such-*"]).run().exits(4);
    assert!(none.stdout.contains("nothing matched") || none.stderr.contains("nothing matched"), "{}{}", none.stdout, none.stderr);
}

#[test]
fn a_function_whose_tags_are_denied_does_not_slip_through_a_filter_by_tag() {
    let fleet = Synthetic { functions: 1, layers: 0, layers_each: 0, ..Synthetic::default() };
    let aws = LoopbackAws::of(fleet.fleet()).fault(Fault::on("lambda:GetFunction").denies()).start();
    let home = Home::new();
    let run = |command: &str| {
        layerproof_on(&aws, &home, &Synthetic::account(0), "eu-west-1").args([command, "--region", "eu-west-1", "--tag", "team=pay"])
    };
    let listed = run("inventory").run().exits(3);
    assert!(listed.stdout.contains("lambda:GetFunction is needed"), "{}", listed.stdout);
    let report = run("scan").args(POLICY).args(["-o", "json", "--no-history"]).run().json();
    assert!(!matches!(report["exit"]["code"].as_u64(), Some(0 | 4)), "{}", report["exit"]);
    assert!(report["decisions"].as_array().unwrap().iter().all(|d| d["verdict"] != "trusted"));
}

#[test]
fn two_roles_of_one_account_are_refused_and_not_silently_one() {
    let (aws, home) = (demo(), Home::new());
    let roles = ["one", "two"].map(|role| format!("--role-arn=arn:aws:iam::111122223333:role/{role}"));
    let output = layerproof_on(&aws, &home, ACCOUNTS[0], "eu-west-1").arg("inventory").args(roles).run().exits(2);
    assert!(output.stderr.contains("two roles of account 111122223333"), "{}", output.stderr);
    assert_eq!(aws.log().0.len(), 0);
}

#[test]
fn a_role_that_asks_for_an_external_id_is_assumed_with_it_and_not_without() {
    let fleet = Synthetic { accounts: 2, functions: 1, ..Synthetic::default() };
    let aws = LoopbackAws::of(fleet.fleet()).external_id(&Synthetic::account(1), "contract-7").start();
    let home = Home::new();
    let run = |more: &[&str]| {
        let run = layerproof_on(&aws, &home, &Synthetic::account(0), "eu-west-1").args(["inventory", "--role-arn", &Synthetic::role(1)]);
        run.args(more).run()
    };
    assert!(run(&[]).exits(3).stdout.contains("sts:AssumeRole is needed"));
    assert!(run(&["--external-id", "contract-8"]).exits(3).stdout.contains("sts:AssumeRole is needed"));
    assert!(run(&["--external-id", "contract-7"]).exits(0).stdout.contains("1 function in 2 versions"));
}

#[test]
fn the_partitions_of_china_and_of_the_us_government_are_looked_at_as_their_own() {
    for (region, partition) in [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")] {
        let fleet = Synthetic { region: region.into(), functions: 1, layers: 1, layers_each: 1, ..Synthetic::default() };
        let (aws, home) = (LoopbackAws::of(fleet.fleet()).start(), Home::new());
        let output = layerproof_on(&aws, &home, &Synthetic::account(0), region).args(["inventory", "--format", "json"]).run();
        let text = output.stdout.clone();
        assert!(text.contains(&format!("arn:{partition}:lambda:{region}:")), "{partition}: {text}");
        // A region of another partition is no region of the account.
        let output = layerproof_on(&aws, &home, &Synthetic::account(0), region).args(["inventory", "--region", "eu-west-1"]).run().exits(2);
        assert!(output.stderr.contains(partition), "{}", output.stderr);
    }
}

//! Where stages meet: nothing that one of them could not learn is lost on the way to the next.

use serde_json::Value;

use super::super::aws::layerproof_on;
use super::super::run::{Home, Output, Run};
use crate::loopback::{Fault, Fleet, LoopbackAws, Synthetic};

const FLEET: &str = "testdata/fleet";
const POLICY: [&str; 2] = ["--policy", "trust-policies/demo.yaml"];

fn two_accounts() -> Synthetic {
    Synthetic { accounts: 2, functions: 3, layers: 2, layers_each: 1, ..Synthetic::default() }
}

fn on_two<'h>(aws: &LoopbackAws, home: &'h Home, command: &[&str]) -> Run<&'h Home> {
    let run = layerproof_on(aws, home, &Synthetic::account(0), "eu-west-1").args(command);
    run.args(["--role-arn", &Synthetic::role(0), "--role-arn", &Synthetic::role(1), "--region", "eu-west-1"])
}

fn gaps_about<'r>(report: &'r Value, subject: &str) -> Vec<&'r Value> {
    report["gaps"].as_array().unwrap().iter().filter(|gap| gap["subject"].as_str().unwrap().contains(subject)).collect()
}

fn scan_of(home: &Home, snapshot: &str) -> Output {
    Run::new(home).args(["scan", "--snapshot", snapshot, "-o", "json", "--no-history"]).args(POLICY).run()
}

#[test]
fn an_account_that_was_denied_while_recording_is_missing_in_every_scan_of_the_recording() {
    let denied = Synthetic::account(1);
    let aws = LoopbackAws::of(two_accounts().fleet()).fault(Fault::on("sts:AssumeRole").about(&denied).denies()).start();
    let home = Home::new();
    let folder = home.path().join("recorded");
    on_two(&aws, &home, &["inventory", "--record", folder.to_str().unwrap()]).run().exits(3);
    let live = on_two(&aws, &home, &["scan", "-o", "json", "--no-history"]).args(POLICY).run();
    let replayed = scan_of(&home, folder.to_str().unwrap());
    assert_eq!(replayed.code, live.code);
    let gaps = [live.json(), replayed.json()].map(|report| gaps_about(&report, &denied).len());
    assert_eq!(gaps, [1, 1], "{}", replayed.json()["gaps"]);
    Run::new(&home).args(["inventory", "--snapshot", folder.to_str().unwrap()]).run().exits(3);
}

#[test]
fn signatures_that_could_not_be_listed_are_missing_in_every_scan_of_the_recording() {
    let aws = LoopbackAws::of(Fleet::read(FLEET)).fault(Fault::on("registry:referrers").denies()).start();
    let home = Home::new();
    let folder = home.path().join("recorded");
    let mut run = layerproof_on(&aws, &home, "111122223333", "eu-west-1").args(["inventory", "--record"]).arg(&folder);
    for region in ["eu-west-1", "us-east-1"] {
        run = run.args(["--registry-endpoint", &format!("111122223333.dkr.ecr.{region}.amazonaws.com={}", aws.authority())]);
    }
    run.run().exits(3);
    let report = scan_of(&home, folder.to_str().unwrap()).json();
    assert!(!gaps_about(&report, "dkr.ecr").is_empty(), "{}", report["gaps"]);
}

#[test]
fn findings_of_an_account_that_is_denied_today_are_neither_resolved_nor_new_tomorrow() {
    let denied = Synthetic::account(1);
    let aws = LoopbackAws::of(two_accounts().fleet()).start();
    let home = Home::new();
    let scan = || on_two(&aws, &home, &["scan", "-o", "json"]).args(POLICY).run().json();
    scan();
    aws.fault(Fault::on("sts:AssumeRole").about(&denied).denies());
    let blind = scan();
    let of_denied = |rows: &Value| rows.as_array().unwrap().iter().filter(|row| row.to_string().contains(&denied)).count();
    assert_eq!(of_denied(&blind["changes"]["resolved"]), 0, "{}", blind["changes"]);
    assert!(of_denied(&blind["changes"]["newly_unknown"]) > 0, "{}", blind["changes"]);
    aws.heal();
    let healed = scan();
    let new: Vec<&Value> = healed["changes"]["new"].as_array().unwrap().iter().collect();
    let of_new = |finding: &&Value| new.contains(&&finding["fingerprint"]);
    let new: Vec<&Value> = healed["findings"].as_array().unwrap().iter().filter(of_new).collect();
    assert!(new.is_empty(), "{new:#?}");
}

#[test]
fn a_layer_in_a_region_that_nobody_looks_at_is_not_one_that_is_not_there() {
    let (aws, home) = (LoopbackAws::of(Fleet::read(FLEET)).start(), Home::new());
    let run = layerproof_on(&aws, &home, "111122223333", "eu-west-1");
    let target = "arn:aws:lambda:ap-south-1:111122223333:layer:parcel-common:12";
    let output = run.args(["verify", target, "--region", "eu-west-1"]).args(POLICY).run().exits(3);
    assert!(output.stdout.contains("not among the accounts and regions"), "{output}");
}

#[test]
fn versions_behind_a_page_that_vanished_are_missing() {
    let fleet = Synthetic { functions: 1, versions: 6, layers: 1, layers_each: 1, ..Synthetic::default() };
    let fault = Fault::on("lambda:ListVersionsByFunction").after(1).goes(crate::loopback::Wrong::NotFound);
    let aws = LoopbackAws::of(fleet.fleet()).pages_of(3).fault(fault).start();
    let home = Home::new();
    let run = layerproof_on(&aws, &home, &Synthetic::account(0), "eu-west-1");
    let report = run.args(["verify", "fn:function-0000", "-o", "json"]).args(POLICY).run().json();
    assert!(report["gaps"].as_array().unwrap().iter().any(|gap| gap["wanted"] == "its versions"), "{}", report["gaps"]);
}

#[test]
fn a_region_that_is_none_is_asked_nowhere_and_said() {
    let aws = LoopbackAws::of(two_accounts().fleet().with_empty(&Synthetic::account(0), "mars.example.com")).start();
    let home = Home::new();
    let run = layerproof_on(&aws, &home, &Synthetic::account(0), "eu-west-1");
    let output = run.args(["inventory", "--all-regions"]).run().exits(3);
    assert!(output.stdout.contains("the enabled regions"), "{output}");
    let run = layerproof_on(&aws, &home, &Synthetic::account(0), "../../../tmp/x");
    run.args(["inventory", "--record"]).arg(home.path().join("r")).run().exits(2);
    assert!(!home.path().join("r").exists());
}

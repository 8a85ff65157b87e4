//! What whoever points layerproof at an account for the first time does wrong, and what it then says.

use super::layerproof_on;
use crate::loopback::{Fault, Fleet, LoopbackAws, Synthetic};
use crate::run::{Home, Run, repo};

const REGION: &str = "eu-west-1";
const OWN: &str = "111122223333";
const OTHER: &str = "444455556666";
const POLICY: &str = "trust-policies/demo.yaml";
const ECR: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

fn demo() -> LoopbackAws {
    LoopbackAws::of(Fleet::read(repo().join("testdata/fleet"))).start()
}

fn with(home: &Home, env: Vec<(String, String)>) -> Run<&Home> {
    env.into_iter().fold(Run::new(home), |run, (name, value)| run.env(name, value))
}

#[test]
fn keys_in_the_environment_do_not_take_the_place_of_the_profile_that_was_named() {
    let (aws, home) = (demo(), Home::new());
    let mut env = aws.env(home.path(), OWN, REGION);
    let run = |env: &[(String, String)], profile: &str| with(&home, env.to_vec()).args(["inventory", "--profile", profile]).run();
    // Afterwards: it empties the file of credentials.
    aws.env_with_profile(home.path(), "analytics", OTHER, REGION);
    let out = run(&env, "analytics").exits(0);
    assert!(out.stdout.starts_with(&format!("aws {OTHER}/{REGION}\n")), "{out}");
    assert_eq!(aws.log().count_in(OWN, "lambda:ListFunctions"), 0);

    let out = run(&env, "analytic").exits(2);
    assert!(out.stderr.contains("analytic`") && out.stderr.contains("--profile"), "{out}");
    env.retain(|(name, _)| !name.starts_with("AWS_ACCESS_KEY") && !name.starts_with("AWS_SECRET"));
    run(&env, "analytic").exits(2);
}

#[test]
fn no_credentials_are_told_on_a_line_that_a_person_can_read() {
    let (aws, home) = (demo(), Home::new());
    let out = with(&home, aws.env_without_credentials(home.path(), REGION)).arg("inventory").run().exits(2);
    let error = out.stderr.lines().next().expect("a line");
    assert!(error.starts_with("error: no AWS credentials: Environment: ") && !error.contains("\\u{"), "{out}");
    assert!(out.stderr.contains("aws sso login"), "{out}");
}

#[test]
fn a_refused_role_is_a_gap_with_its_next_step_and_no_noise_of_a_library() {
    let (aws, home) = (demo(), Home::new());
    let role = "--role-arn=arn:aws:iam::999988887777:role/audit";
    let out = layerproof_on(&aws, &home, OWN, REGION).args(["scan", "--policy", POLICY, "--no-history", role]).run().exits(3);
    assert_eq!(out.stderr, "", "{out}");
    assert!(out.stdout.contains("(no account could be opened)") && out.stdout.contains("Allow sts:AssumeRole on arn:aws:iam::"), "{out}");
    // What was not looked at may hold what each statement is about.
    assert!(!out.stdout.contains("POL001"), "{out}");
}

#[test]
fn a_service_that_nobody_answers_for_is_the_network_and_not_a_missing_permission() {
    let (aws, home) = (demo(), Home::new());
    let out = layerproof_on(&aws, &home, OWN, REGION).env("AWS_ENDPOINT_URL", "http://127.0.0.1:1").arg("inventory").run().exits(3);
    assert!(out.stdout.contains("HTTPS_PROXY") && !out.stdout.contains("Allow "), "{out}");
}

#[test]
fn an_arn_is_looked_for_where_it_says_that_it_is() {
    let (aws, home) = (demo(), Home::new());
    let verify = |target: &str, env: Vec<(String, String)>, more: &[&str]| {
        with(&home, env).args(["verify", target, "--policy", POLICY]).args(more).run()
    };
    let env = || aws.env(home.path(), OWN, REGION);
    let function = "arn:aws:lambda:us-east-1:111122223333:function:parcel-label-render";
    verify(function, env(), &[]).exits(0);
    let without_region = env().into_iter().filter(|(name, _)| name != "AWS_REGION").collect();
    verify(function, without_region, &[]).exits(0);
    // A region that was named is not added to: what is elsewhere was not looked at, which is no "there is none".
    for target in [function, "arn:aws:lambda:us-east-1:111122223333:layer:parcel-common:12"] {
        let out = verify(target, env(), &["--region", REGION]).exits(3);
        assert!(out.stdout.contains("is not among the accounts and regions that are looked at"), "{out}");
    }
}

#[test]
fn images_that_the_store_holds_are_not_said_to_be_downloaded() {
    let aws = LoopbackAws::of(Synthetic { functions: 1, images: 2, ..Synthetic::default() }.fleet()).start();
    let home = Home::new();
    let endpoint = format!("--registry-endpoint={}.dkr.ecr.{REGION}.amazonaws.com={}", Synthetic::account(0), aws.authority());
    let scan = |more: &[&str]| {
        let run = layerproof_on(&aws, &home, &Synthetic::account(0), REGION).args(["scan", "--policy", POLICY, &endpoint]);
        run.args(more).run().exits(1).stdout
    };
    let line = |page: &str| page.lines().find(|line| line.contains("blobs hashed")).unwrap_or_default().to_owned();
    let (first, second, again) = (scan(&[]), scan(&[]), scan(&["--refetch"]));
    assert!(!line(&first).contains(", 0 downloaded"), "{first}");
    assert!(line(&second).contains(", 0 downloaded"), "{second}");
    assert!(!line(&again).contains(", 0 downloaded"), "{again}");
}

#[test]
fn an_image_that_is_not_there_and_one_that_nobody_logged_in_for_are_told_apart() {
    let (aws, home) = (demo(), Home::new());
    let endpoint = format!("--registry-endpoint={ECR}={}", aws.authority());
    let verify = |target: &str, env| with(&home, env).args(["verify", target, "--policy", POLICY, &endpoint]).run();
    let out = verify(&format!("image:{ECR}/dispatch-optimizer:nosuch"), aws.env(home.path(), OWN, REGION)).exits(4);
    assert!(out.stdout.contains("the registry has no"), "{out}");
    let out = verify(&format!("image:{ECR}/dispatch-optimizer:latest"), aws.env_without_credentials(home.path(), REGION)).exits(3);
    assert!(out.stdout.contains("no AWS credentials or no region"), "{out}");
}

#[test]
fn a_setting_that_cannot_be_used_ends_with_2_and_the_next_step() {
    let (aws, home) = (demo(), Home::new());
    let out = layerproof_on(&aws, &home, OWN, REGION).args(["inventory", "--ca-bundle", "README.md"]).run().exits(2);
    assert!(out.stderr.contains("README.md") && out.stderr.contains("hint: ") && out.stderr.contains("PEM"), "{out}");
}

#[test]
fn a_recording_says_how_it_is_judged_also_where_something_is_missing() {
    let (aws, home) = (demo(), Home::new());
    aws.fault(Fault::on("lambda:ListAliases").denies());
    let recording = home.path().join("recording");
    let out = layerproof_on(&aws, &home, OWN, REGION).args(["inventory", "--record"]).arg(&recording).run().exits(3);
    assert!(out.stdout.contains(&format!("layerproof scan --snapshot {} --policy FILE", recording.display())), "{out}");
    assert!(out.stdout.contains("lambda:ListAliases is needed"), "{out}");
}

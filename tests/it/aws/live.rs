//! The binary against the loopback AWS: what the live source promises, counted in the server's log.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::{layerproof_on, moto};
use crate::loopback::{Fault, Fleet, LoopbackAws, SECRETS, Synthetic, Wrong};
use crate::run::{Home, Output, repo};

const REGION: &str = "eu-west-1";
const DEMO: [&str; 2] = ["111122223333", "444455556666"];

/// A policy that trusts what the demo fleet's company signed.
const POLICY: &str = "trust-policies/demo.yaml";

fn roles(accounts: &[String]) -> Vec<String> {
    accounts.iter().map(|account| format!("--role-arn=arn:aws:iam::{account}:role/layerproof")).collect()
}

fn demo() -> LoopbackAws {
    LoopbackAws::of(Fleet::read(repo().join("testdata/fleet"))).start()
}

fn scan(aws: &LoopbackAws, home: &Home, more: &[String]) -> Output {
    let run = layerproof_on(aws, home, &Synthetic::account(0), REGION).args(["scan", "--policy", POLICY, "-o", "json"]);
    run.args(more).timeout(Duration::from_secs(600)).run()
}

#[test]
fn each_layer_of_two_thousand_functions_is_downloaded_once_and_by_a_second_scan_not_at_all() {
    // Each scan asks GetFunction for 4,000 versions, at the pace that AWS allows.
    let fleet = Synthetic { functions: 2_000, layers: 100, layers_each: 3, ..Synthetic::default() };
    let (aws, home) = (LoopbackAws::of(fleet.fleet()).start(), Home::new());
    let first = scan(&aws, &home, &[]).exits(1);
    let downloads = aws.log().downloads();
    assert_eq!((downloads.len(), downloads.values().max()), (2_100, Some(&1)), "each zip once: 2,000 of functions, 100 of layers");
    assert_eq!(first.json()["summary"]["function_versions"], 4_000);

    aws.forget_log();
    let page = home.path().join("second.txt");
    scan(&aws, &home, &["-o".into(), format!("text={}", page.display())]).exits(1);
    assert_eq!(aws.log().downloads().len(), 0, "a second scan asks what there is, and downloads nothing");
    let page = std::fs::read_to_string(page).expect("the second scan's page");
    assert!(page.contains(", 0 downloaded, 2100 of them from the store"), "{page}");
    assert!(aws.log().count("lambda:ListFunctions") > 0);

    aws.forget_log();
    scan(&aws, &home, &["--refetch".into()]).exits(1);
    assert_eq!(aws.log().downloads().len(), 2_100);
}

#[test]
fn images_of_a_live_account_are_pulled_from_its_registry_at_another_address() {
    let fleet = Synthetic { functions: 1, images: 3, ..Synthetic::default() };
    for builder in [LoopbackAws::of(fleet.fleet()), LoopbackAws::of(fleet.fleet()).without_referrers_api()] {
        let (aws, home) = (builder.start(), Home::new());
        let endpoint = format!("--registry-endpoint={}.dkr.ecr.{REGION}.amazonaws.com={}", Synthetic::account(0), aws.authority());
        let out = scan(&aws, &home, &[endpoint]).exits(1);
        assert_eq!(out.json()["summary"]["images"], 3);
        let gaps = out.json()["gaps"].as_array().expect("a list").clone();
        let of_images: Vec<_> = gaps.iter().filter(|gap| gap["subject"].as_str().is_some_and(|s| s.contains(".dkr.ecr."))).collect();
        assert!(of_images.is_empty(), "{of_images:?}");
        let page = home.path().join("second.txt");
        let endpoint = format!("--registry-endpoint={}.dkr.ecr.{REGION}.amazonaws.com={}", Synthetic::account(0), aws.authority());
        scan(&aws, &home, &[endpoint, "-o".into(), format!("text={}", page.display())]).exits(1);
        let page = std::fs::read_to_string(page).expect("the second scan's page");
        assert!(page.contains(", 0 downloaded,"), "an image that the store holds is not downloaded again: {page}");
        // A layer of their own each, one that they share, and configurations.
        assert!(
            aws.log().count_about("registry:blob", "apps/image-00") >= 4 && aws.log().count("ecr:GetAuthorizationToken") > 0,
            "{:?}",
            aws.log().by_api()
        );
    }
}

#[test]
fn a_denied_account_of_three_is_named_with_its_action_and_the_others_are_judged() {
    let accounts: Vec<String> = (0..3).map(Synthetic::account).collect();
    let fleet = Synthetic { accounts: 3, functions: 4, ..Synthetic::default() };
    let denied = Fault::on("lambda:ListFunctions").in_account(&accounts[1]).denies();
    let (aws, home) = (LoopbackAws::of(fleet.fleet()).fault(denied).start(), Home::new());
    let out = layerproof_on(&aws, &home, &accounts[0], REGION).arg("inventory").args(roles(&accounts)).run().exits(3);
    let row =
        out.stdout.lines().find(|line| line.contains(&accounts[1]) && line.contains("lambda:ListFunctions") && line.contains("denied"));
    assert!(row.is_some(), "{out}");
    for (account, functions) in [(&accounts[0], true), (&accounts[1], false), (&accounts[2], true)] {
        let asked = aws.log().count_in(account, "lambda:GetFunction") > 0;
        assert_eq!(asked, functions, "{account}");
    }
}

#[test]
fn no_secret_that_aws_hands_out_is_found_in_a_recording_a_report_the_cache_or_a_message() {
    let faults = [
        // What does not parse must not be repeated, and neither must a link that cannot be followed.
        Fault::on("lambda:ListAliases").about("checkout-quote").goes(Wrong::Truncated),
        Fault::on("lambda:GetFunction").about("customs-declare").goes(Wrong::Truncated),
        Fault::on("download").about("ce3aba33").goes(Wrong::Reset),
        Fault::on("download").about("b17df200").goes(Wrong::Redirect("http://127.0.0.1:9/".into())),
        Fault::on("download").about("9dbf89ca").goes(Wrong::ExpiredToken),
    ];
    let (aws, home) = (demo(), Home::new());
    for fault in faults {
        aws.fault(fault);
    }
    let accounts = DEMO.map(str::to_owned);
    let recording = home.path().join("recording");
    let run = |args: &[&str]| layerproof_on(&aws, &home, DEMO[0], REGION).args(args).args(roles(&accounts)).arg("-vv").run();
    let outputs = [run(&["inventory", "--record", &recording.display().to_string()]), run(&["scan", "--policy", POLICY, "-o", "json"])];
    assert!(recording.join("snapshot.json").is_file(), "{}", outputs[0]);
    for output in &outputs {
        assert!(leaks(output.stdout.as_bytes()).is_empty() && leaks(output.stderr.as_bytes()).is_empty(), "{output}");
    }
    let found: Vec<String> = files(home.path())
        .into_iter()
        .filter(|path| !path.ends_with(".aws/credentials"))
        .filter(|path| !leaks(&std::fs::read(path).expect("a readable file")).is_empty())
        .map(|path| path.display().to_string())
        .collect();
    assert_eq!(found, Vec::<String>::new());
    assert!(aws.log().count("download") > 0 && aws.log().count("lambda:GetFunction") > 0, "the secrets were handed out");
}

#[test]
fn a_live_account_and_its_recording_are_judged_alike() {
    let fleet = Synthetic { accounts: 2, functions: 6, ..Synthetic::default() };
    let (aws, home) = (LoopbackAws::of(fleet.fleet()).pages_of(5).start(), Home::new());
    let accounts: Vec<String> = (0..2).map(Synthetic::account).collect();
    let live = scan(&aws, &home, &roles(&accounts)).exits(1);
    let recording = home.path().join("recording");
    layerproof_on(&aws, &home, &accounts[0], REGION).args(["inventory", "--record"]).arg(&recording).args(roles(&accounts)).run().exits(0);
    let replayed =
        layerproof_on(&aws, &home, &accounts[0], REGION).args(["scan", "--policy", POLICY, "-o", "json", "--snapshot"]).arg(&recording);
    let replayed = replayed.run().exits(1);
    for part in ["decisions", "findings", "summary"] {
        let (live, replayed) = (&live.json()[part], &replayed.json()[part]);
        assert!(live == replayed, "{part}:\n{live}\n{replayed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_accounts_of_moto_are_listed_each_with_its_own_functions() {
    let Some(moto) = moto::start() else { return };
    let accounts = ["111122223333", "444455556666", "777788889999"].map(str::to_owned);
    for (n, account) in accounts.iter().enumerate() {
        moto.create_functions(&moto.role(account).await, n + 1).await.expect("functions");
    }
    let home = Home::new();
    let env = moto.env(home.path(), REGION);
    let run = env.into_iter().fold(crate::run::Run::new(&home), |run, (name, value)| run.env(name, value));
    // moto has no GetLayerVersionByArn: what the layers hold is not learned, and that is said.
    let out = run.args(["inventory", "--format", "json"]).args(roles(&accounts)).run().exits(3);
    let text = out.stdout.as_str();
    for (n, account) in accounts.iter().enumerate() {
        let arns: BTreeSet<&str> = text.split('"').filter(|word| word.contains(&format!(":{account}:function:function-"))).collect();
        let names: BTreeSet<&str> = arns.iter().filter_map(|arn| arn.split(':').nth(6)).collect();
        assert_eq!(names.len(), n + 1, "{account}: {arns:?}");
    }
}

fn leaks(bytes: &[u8]) -> Vec<&'static str> {
    SECRETS.into_iter().filter(|secret| bytes.windows(secret.len()).any(|window| window == secret.as_bytes())).collect()
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

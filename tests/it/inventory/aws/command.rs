//! Live accounts through the binary: what only the environment, a profile or a flag can say.

use super::fake::{Fake, Reply};
use crate::inventory::account::OWN;
use crate::run::{Home, Output, Run};

/// Takes a setting out of the environment.
const UNSET: &str = "(unset)";
const OTHER: &str = "444455556666";

/// `inventory` as a user of the fake runs it, with further settings and arguments.
async fn inventory(settings: &[(&str, &str)], args: &[&str]) -> Output {
    let (settings, args) = (owned(settings), args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>());
    let run = move || {
        let home = Home::new();
        let config = home.path().join(".aws/config");
        let mut run = Run::new(&home).arg("inventory").args(args);
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", format!("AKIA{OWN}")),
            ("AWS_SECRET_ACCESS_KEY", "secret".into()),
            ("AWS_REGION", "eu-west-1".into()),
            // The chain would ask the machine it runs on for a role.
            ("AWS_EC2_METADATA_DISABLED", "true".into()),
        ] {
            if !settings.iter().any(|(set, _)| set == name) {
                run = run.env(name, value);
            }
        }
        for (name, value) in settings {
            match (name.as_str(), value.as_str()) {
                ("config", _) => {
                    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
                    std::fs::write(&config, value).unwrap();
                }
                (_, UNSET) => {}
                _ => run = run.env(name, value),
            }
        }
        run.run()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

fn owned(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_endpoint_of_the_environment_is_asked_and_said() {
    let fake = Fake::start().await;
    let out = inventory(&[("AWS_ENDPOINT_URL", &fake.url)], &[]).await;
    assert!(out.stdout.contains("pay") && out.stdout.contains("ship"), "{out}");
    assert!(out.stdout.contains(&fake.url), "a report of another endpoint than AWS's must say so: {out}");
    assert_eq!(fake.count("ListFunctions"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_for_one_service_is_asked_for_that_service_only() {
    let fake = Fake::start().await;
    let others = Fake::start().await;
    let out = inventory(&[("AWS_ENDPOINT_URL", &others.url), ("AWS_ENDPOINT_URL_LAMBDA", &fake.url)], &[]).await;
    assert!(out.stdout.contains("pay"), "{out}");
    assert_eq!((fake.count("ListFunctions"), others.count("ListFunctions")), (1, 0));
    assert_eq!((fake.count("GetCallerIdentity"), others.count("GetCallerIdentity")), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_gives_credentials_region_and_endpoint() {
    let fake = Fake::start().await;
    let config = format!(
        "[profile audit]\naws_access_key_id = AKIA{OTHER}\naws_secret_access_key = s\nregion = us-east-1\nendpoint_url = {}\n",
        fake.url
    );
    // The environment's own credentials come first in the SDK's chain, whatever the profile says: they must not be there.
    let settings = [("config", config.as_str()), ("AWS_ACCESS_KEY_ID", UNSET), ("AWS_SECRET_ACCESS_KEY", UNSET), ("AWS_REGION", UNSET)];
    let out = inventory(&settings, &["--profile", "audit"]).await;
    assert!(out.stdout.contains(&format!("{OTHER}/us-east-1")) || out.stdout.contains(&format!("us-east-1:{OTHER}")), "{out}");
    assert!(fake.asked().iter().all(|asked| asked.account == OTHER && asked.region == "us-east-1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_credentials_and_no_region_end_with_2_and_the_next_step() {
    let fake = Fake::start().await;
    let none = [("AWS_ENDPOINT_URL", fake.url.as_str()), ("AWS_ACCESS_KEY_ID", UNSET), ("AWS_SECRET_ACCESS_KEY", UNSET)];
    let out = inventory(&none, &[]).await.exits(2);
    assert!(out.stderr.contains("aws sso login"), "{out}");
    for region in [UNSET, "", "eu-west-1.evil.example"] {
        let out = inventory(&[("AWS_ENDPOINT_URL", &fake.url), ("AWS_REGION", region)], &[]).await.exits(2);
        assert!(out.stderr.contains("region"), "{out}");
    }
    let out = inventory(&[("AWS_ENDPOINT_URL", &fake.url)], &["--region", "eu-wset-1"]).await.exits(2);
    assert!(out.stderr.contains("eu-wset-1"), "{out}");
    assert!(fake.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_account_of_two_ends_with_3_and_stands_in_the_coverage_table() {
    let fake = Fake::with(|asked| {
        let denied = asked.operation == "AssumeRole" && asked.parameter("RoleArn").contains(OTHER);
        denied.then(|| Reply::sts_error(403, "AccessDenied", "User: x is not authorized to perform: sts:AssumeRole"))
    })
    .await;
    let (own, other) = (format!("arn:aws:iam::{OWN}:role/audit"), format!("arn:aws:iam::{OTHER}:role/audit"));
    let args = ["--role-arn", &own, "--role-arn", &other, "--format", "json"];
    let out = inventory(&[("AWS_ENDPOINT_URL", &fake.url)], &args).await.exits(3);
    let coverage = out.json()["coverage"].clone();
    let row = coverage.as_array().unwrap().iter().find(|row| row["api"] == "sts:AssumeRole").unwrap_or_else(|| panic!("{out}"));
    assert_eq!((row["place"]["account"].as_str(), row["missing"].as_u64()), (Some(OTHER), Some(1)));
    assert!(out.stdout.contains("function:pay"), "the other account is still looked at: {out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_is_used_and_left_aside_as_the_environment_says() {
    // Nobody resolves this name: the proxy is asked for it, in plain HTTP with the whole address.
    let fake = Fake::start().await;
    let proxied = [("AWS_ENDPOINT_URL", "http://aws.invalid"), ("HTTP_PROXY", fake.url.as_str())];
    let out = inventory(&proxied, &[]).await;
    assert!(out.stdout.contains("pay"), "{out}");
    let asked = fake.asked().len();
    let direct = [proxied[0], proxied[1], ("NO_PROXY", "aws.invalid")];
    inventory(&direct, &[]).await.exits(3);
    assert_eq!(fake.asked().len(), asked, "NO_PROXY is not kept to");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_ca_bundle_is_the_users_mistake() {
    let fake = Fake::start().await;
    let out = inventory(&[("AWS_ENDPOINT_URL", &fake.url)], &["--ca-bundle", "Cargo.toml"]).await.exits(2);
    assert!(out.stderr.contains("Cargo.toml") && out.stderr.contains("certificate"), "{out}");
}

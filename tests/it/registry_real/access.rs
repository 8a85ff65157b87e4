//! Whom a registry lets in, and what is said where it does not.

use std::fs;
use std::process::{Command, Output};

use data_encoding::BASE64;
use layerproof::model::gap::{Gap, GapReason};
use layerproof::model::observed::Observed;
use serde_json::json;
use tempfile::TempDir;

use super::debian::{DockerRegistry, Lets, PASSWORD, USER};
use super::images::{APP, Images, OTHER};
use super::puller::{Puller, example};

fn locked() -> Option<(DockerRegistry, Images, String)> {
    let (registry, images) = super::bed(Lets::WhoKnowsThePassword)?;
    images.push(APP, &registry, "team/app:v1");
    let image = format!("{}/team/app@{}", registry.host(), images.digest(APP));
    Some((registry, images, image))
}

/// `examples/pull_image` as a user who has logged in to `host` with `docker login`.
fn pull_as(user: &str, password: &str, host: &str, image: &str) -> Output {
    let home = TempDir::with_prefix("layerproof-home-").expect("a temporary folder");
    let login = BASE64.encode(format!("{user}:{password}").as_bytes());
    let config = json!({"auths": {host: {"auth": login}}}).to_string();
    fs::create_dir(home.path().join(".docker")).expect("a folder");
    fs::write(home.path().join(".docker/config.json"), config).expect("the login is written");
    let store = home.path().join("store");
    Command::new(example("pull_image")).env_clear().env("HOME", home.path()).arg(store).arg(image).output().expect("it runs")
}

#[test]
fn login_of_docker_opens_a_registry_with_basic_authentication() {
    let Some((registry, images, image)) = locked() else { return };
    let output = pull_as(USER, PASSWORD, &registry.host(), &image);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), images.digest(APP), "{output:?}");
}

#[test]
fn wrong_password_is_denied_and_not_an_image_that_is_not_there() {
    let Some((registry, _, image)) = locked() else { return };
    let output = pull_as(USER, "wrong", &registry.host(), &image);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(said.contains("denied") && !said.contains("deleted"), "{said}");
    assert!(!said.contains("wrong") && !said.contains(&BASE64.encode(b"AWS:wrong")), "the password is not repeated: {said}");
}

#[test]
fn nobodys_login_is_denied_and_not_an_image_that_is_not_there() {
    let Some((_registry, _, image)) = locked() else { return };
    let gap = Puller::new().pull(&image).expect_err("it asks for a password");
    assert!(matches!(gap.reason, GapReason::Denied { .. }), "{gap:?}");
}

#[test]
fn login_for_one_registry_is_not_shown_to_another() {
    let Some((_registry, _, image)) = locked() else { return };
    let output = pull_as(USER, PASSWORD, "127.0.0.1:1", &image);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(3) && said.contains("denied"), "{output:?}");
}

#[test]
fn image_that_the_registry_does_not_have_is_deleted_and_not_denied_or_unreachable() {
    let Some((registry, images)) = super::bed(Lets::Everybody) else { return };
    images.push(APP, &registry, "team/app:v1");
    let host = registry.host();
    for absent in ["team/app:v2", "team/none:v1"] {
        let answer = Puller::new().resolve(&format!("{host}/{absent}"));
        assert!(answer.is_absent(), "{absent}: {answer:?}");
    }
    for absent in [format!("team/app@{}", images.digest(OTHER)), format!("team/none@{}", images.digest(APP))] {
        let gap = Puller::new().pull(&format!("{host}/{absent}")).expect_err("it is not there");
        assert_eq!(gap.reason, GapReason::Deleted, "{absent}: {gap:?}");
        assert!(gap.subject.contains(&absent), "{gap:?}");
    }
}

#[test]
fn registry_that_is_down_is_unreachable_and_not_empty() {
    let Some((registry, _, image)) = locked() else { return };
    drop(registry);
    let gap = Puller::new().pull(&image).expect_err("nobody listens");
    assert_eq!(gap.reason, GapReason::Unreachable, "{gap:?}");
    let tag = Puller::new().resolve(image.split('@').next().expect("a name"));
    assert!(matches!(tag, Observed::Unknown(Gap { reason: GapReason::Unreachable, .. })), "{tag:?}");
}

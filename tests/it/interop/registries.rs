//! The same signatures out of real registries: one with the referrers API, and one without.

use super::cases::{Artifact, Case, Trust, Verdicts};
use super::policy::Policy;
use super::push;
use crate::registry_real::debian::{DockerRegistry, Lets};
use crate::registry_real::ferro::Ferro;
use crate::run::{Output, layerproof};

/// A registry that holds the signatures of a case whose signatures are not beside the image.
pub struct Elsewhere {
    registry: Ferro,
    name: String,
}

impl Elsewhere {
    /// Starts it; `None` where the signatures of a case are beside the image.
    pub fn of(case: &Case) -> Option<Self> {
        let Trust::Key(trust) = &case.trust else { return None };
        let (Some(repository), Some(layout)) = (&trust.signature_repository, &trust.signature_layout) else {
            assert!(trust.signature_repository.is_none() && trust.signature_layout.is_none(), "{}: one without the other", case.name);
            return None;
        };
        let name = layout.strip_prefix("layouts/").expect("a layout");
        assert!(repository.ends_with(&format!("/{name}")), "the layout is what stood in the repository");
        let registry = Ferro::start();
        push::layout(&registry.host(), name);
        Some(Self { registry, name: name.to_owned() })
    }

    /// `HOST/REPOSITORY`.
    pub fn repository(&self) -> String {
        format!("{}/{}", self.registry.host(), self.name)
    }
}

/// Pushes the layout of a case and verifies the image by its digest, by the policy of the case, in the registry at `host`.
fn verify(host: &str, case: &Case) -> Output {
    let Artifact::Image { layout, digest, .. } = case.artifact() else { panic!("{} is about a file", case.name) };
    let name = layout.strip_prefix("layouts/").expect("a layout");
    push::layout(host, name);
    let policy = Policy::of_any(case).unwrap_or_else(|output| panic!("{output}"));
    let policy = at(policy, host);
    layerproof().arg("verify").arg(format!("image:{host}/{name}@{digest}")).arg("--policy").arg(policy.path()).run()
}

/// A policy that names the repository which the tool was told, for the registry in which it stands here.
fn at(policy: Policy, host: &str) -> Policy {
    let theirs = ["127.0.0.1:5917/", "127.0.0.1:5918/"].into_iter().find(|theirs| policy.text().contains(theirs));
    match theirs {
        Some(theirs) => policy.with(theirs, &format!("{host}/")),
        None => policy,
    }
}

#[track_caller]
fn assert_each(host: &str, cases: &[&str]) {
    let verdicts = Verdicts::read();
    for name in cases {
        let case = verdicts.case(name);
        verify(host, case).exits(i32::from(!case.accepted));
    }
}

#[test]
fn signatures_are_found_and_judged_through_the_referrers_api() {
    let ferro = Ferro::start();
    let cases = [
        "c2-p256",
        "c2-other-key",
        "c3-p256",
        "c3-other-key",
        "c3-several-by-the-second",
        "c3-index",
        "nt-jws-p256",
        "nt-jws-p256-other-root",
        "nt-cose-p256",
        "nt-cose-p256-other-identity",
    ];
    assert_each(&ferro.host(), &cases);
}

#[test]
fn signatures_are_found_and_judged_by_their_tags_where_there_is_no_referrers_api() {
    let Some(registry) = DockerRegistry::start(Lets::Everybody) else { return };
    let cases = [
        "c2-without-api",
        "c2-without-api-other-key",
        "c3-without-api",
        "c3-without-api-other-key",
        "nt-jws-without-api",
        "nt-jws-without-api-other-root",
        "nt-cose-without-api",
        "nt-cose-without-api-other-root",
    ];
    assert_each(&registry.host(), &cases);
}

#[test]
fn image_whose_signatures_are_elsewhere_is_unsigned_until_it_is_said_where() {
    let ferro = Ferro::start();
    for name in ["c2-elsewhere", "c2-elsewhere-signatures"] {
        push::layout(&ferro.host(), name);
    }
    let verdicts = Verdicts::read();
    let case = verdicts.case("c2-elsewhere");
    let Artifact::Image { digest, .. } = case.artifact() else { panic!("it is about an image") };
    let policy = at(Policy::of(case), &ferro.host());
    let verify =
        || layerproof().arg("verify").arg(format!("image:{}/c2-elsewhere@{digest}", ferro.host())).arg("--policy").arg(policy.path());
    verify().run().exits(1);
    verify().args(["--signature-repository", &format!("{}/c2-elsewhere-signatures", ferro.host())]).run().exits(0);
}

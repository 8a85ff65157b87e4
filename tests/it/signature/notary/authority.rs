//! Signing authorities, AWS Signer's among them, and plugins.

use layerproof::signature::notary::{PLATFORM_ID, SigningScheme};
use layerproof::signature::revocation::ChainOf;
use layerproof::signature::{Outcome, RevocationQuestion, TimeSource};

use super::{Case, holds, refused, target, trust};
use crate::forge::notary::envelope::{EnvelopeBuilder, Header, PLUGIN, PLUGIN_MIN_VERSION};
use crate::forge::notary::{AWS_JOB, AWS_PLUGIN, AWS_PROFILE_VERSION, Notary};

const PROFILE: &str = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/AbCdEfGhIj";
const JOB: &str = "arn:aws:signer:eu-west-1:111122223333:/signing-jobs/00000000-1111-2222-3333-444455556666";

fn aws(world: &Notary) -> EnvelopeBuilder {
    world.aws(&target(), PROFILE, JOB)
}

#[test]
fn an_envelope_of_aws_signer_holds_long_after_its_leaf_expired_and_leaves_revocation_to_ask() {
    let world = Notary::aws_signer();
    let (basis, signer) = Case::new(aws(&world).jws(), trust(&world)).at("2030-01-01T00:00:00Z").valid();
    assert_eq!(signer.signing_scheme, SigningScheme::SigningAuthority);
    assert_eq!((signer.chain_time.fault.clone(), signer.chain_time.expired), (None, true));
    let by = signer.aws_signer.as_ref().unwrap();
    assert_eq!((by.profile_version.to_string().as_str(), by.job_arn.as_str()), (PROFILE, JOB));
    assert_eq!((basis.time_source, basis.signed_at.unwrap().to_string().as_str()), (TimeSource::SigningAuthority, "2026-09-01T10:20:30Z"));
    let [RevocationQuestion::AwsSigner { platform_id, profile_version_arn, job_arn, certificate_hashes, signed_at }] =
        &basis.revocation[..]
    else {
        panic!("{:?}", basis.revocation)
    };
    assert_eq!((*platform_id, profile_version_arn.as_str(), job_arn.as_str()), (PLATFORM_ID, PROFILE, JOB));
    assert_eq!(Some(*signed_at), basis.signed_at);
    assert_eq!(certificate_hashes.len(), 4);
    assert!(certificate_hashes.iter().all(|hash| hash.len() == 192));
    // The root is its own issuer, and each is followed by its issuer's.
    assert_eq!(certificate_hashes[3][..96], certificate_hashes[3][96..]);
    assert_eq!(certificate_hashes[0][96..], certificate_hashes[1][..96]);
    assert_eq!(basis.anchors, ["signingAuthority:test"]);
}

#[test]
fn a_plain_signing_authority_is_asked_for_by_its_chain_at_its_time() {
    let world = Notary::new();
    let (basis, signer) = holds(&world, &world.sign(&target()).signing_authority());
    assert!(signer.aws_signer.is_none());
    let [RevocationQuestion::Certificates { of: ChainOf::Signer, chain, used_at }] = &basis.revocation[..] else { panic!("{basis:?}") };
    assert_eq!((chain, *used_at), (&world.leaf_first(), basis.signed_at));
    // The signer's own word never excuses a revocation.
    let (basis, _) = holds(&world, &world.sign(&target()));
    assert!(matches!(&basis.revocation[..], [RevocationQuestion::Certificates { of: ChainOf::Signer, used_at: None, .. }]));
}

#[test]
fn an_authentic_time_outside_of_the_chains_validity_or_in_the_future_is_a_fault() {
    let world = Notary::aws_signer();
    for (time, words) in [
        ("2026-08-31T23:59:59Z", "not valid at the authentic signing time"),
        ("2026-09-04T00:00:01Z", "not valid at the authentic signing time"),
    ] {
        let (_, signer) = Case::new(aws(&world).at(time).jws(), trust(&world)).at("2030-01-01T00:00:00Z").valid();
        assert!(signer.chain_time.fault.unwrap().contains(words));
    }
    let (_, signer) = Case::new(aws(&world).jws(), trust(&world)).at("2026-09-01T10:20:29Z").valid();
    assert!(signer.chain_time.fault.unwrap().contains("lies after now"));
}

#[test]
fn aws_signers_plugin_under_the_plain_scheme_is_refused() {
    let world = Notary::aws_signer();
    let envelope = world.sign(&target()).plugin(AWS_PLUGIN, None).headers(|headers| {
        headers.set_critical(AWS_PROFILE_VERSION, Header::text(PROFILE));
        headers.set_critical(AWS_JOB, Header::text(JOB));
    });
    refused(&world, &envelope, "plugin-rule", "signingAuthority");
}

#[test]
fn aws_signers_attributes_that_are_missing_odd_or_not_critical_are_refused() {
    let world = Notary::aws_signer();
    for name in [AWS_PROFILE_VERSION, AWS_JOB] {
        refused(&world, &aws(&world).headers(move |headers| headers.drop(name)), "malformed", "missing");
        refused(&world, &aws(&world).headers(move |headers| headers.not_critical(name)), "header-not-critical", name);
        refused(&world, &aws(&world).headers(move |headers| headers.set(name, Header::time("2026-09-01T00:00:00Z"))), "malformed", "");
    }
    for profile in [
        "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release",
        "arn:aws:signer:eu-west-1:111122223333:/signing-jobs/x",
        "arn:aws:lambda:eu-west-1:111122223333:/signing-profiles/release/AbCdEfGhIj",
        "*",
        "",
    ] {
        refused(&world, &world.aws(&target(), profile, JOB), "malformed", "");
    }
    for job in [
        "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/AbCdEfGhIj",
        "arn:aws:signer:eu-west-1:111122223333:/signing-jobs/",
        "arn:aws:signer:eu-west-1:111122223333:/signing-jobs/a/b",
        "arn:aws:signer:eu-west-1:111122223333:/signing-jobs/*",
        "arn:aws:lambda:eu-west-1:111122223333:/signing-jobs/1",
        "arn:aws:signer::111122223333:/signing-jobs/1",
        "arn:aws:signer:eu-west-1::/signing-jobs/1",
        "x",
    ] {
        refused(&world, &world.aws(&target(), PROFILE, job), "malformed", "");
    }
    let elsewhere = JOB.replace("eu-west-1", "us-east-1");
    refused(&world, &world.aws(&target(), PROFILE, &elsewhere), "plugin-rule", "regions");
    let partition = JOB.replace("arn:aws:", "arn:aws-cn:");
    refused(&world, &world.aws(&target(), PROFILE, &partition), "plugin-rule", "regions");
}

#[test]
fn a_critical_header_that_aws_signers_plugin_does_not_know_is_refused() {
    let world = Notary::aws_signer();
    refused(&world, &aws(&world).unknown_critical(), "unknown-critical-header", "org.example.unknown");
}

#[test]
fn aws_signers_attributes_without_its_plugin_are_refused() {
    let world = Notary::aws_signer();
    refused(&world, &aws(&world).headers(|headers| headers.drop(PLUGIN)), "unknown-critical-header", "com.amazonaws");
}

#[test]
fn another_plugin_or_a_later_version_is_inconclusive_and_never_passes() {
    let world = Notary::aws_signer();
    let other = world.sign(&target()).plugin("com.example.plugin", Some("0.0.1")).unknown_critical();
    let later = |version: &'static str| aws(&world).headers(move |headers| headers.set_critical(PLUGIN_MIN_VERSION, Header::text(version)));
    for envelope in [other, later("1.1.0"), later("2.0.0-rc.1"), later("1.99.0+x")] {
        for bytes in [envelope.jws(), envelope.cose()] {
            let signature = Case::new(bytes, trust(&world)).judge();
            let Outcome::Inconclusive(undetermined) = &signature.outcome else { panic!("{:#?}", signature.steps) };
            assert!(undetermined.gap.detail.contains("plugin"), "{}", undetermined.gap);
        }
    }
    // It is no way around the other steps.
    let foreign = Notary::foreign().sign(&target()).plugin("com.example.plugin", None);
    refused(&world, &foreign, "untrusted-root", "");
    holds(&world, &later("1.0.0"));
    holds(&world, &later("1.0.298"));
    holds(&world, &later("0.9.9"));
    for odd in ["1", "1.0", "v1.0.0", "1.0.0.0", "01.0.0", "", "1.0.x", "-1.0.0"] {
        refused(&world, &later(odd), "malformed", "semantic version");
    }
}

#[test]
fn a_plugin_without_a_name_or_a_version_without_a_plugin_is_refused() {
    let world = Notary::new();
    refused(&world, &world.sign(&target()).plugin(" ", None), "malformed", "empty");
    let version = world.sign(&target()).headers(|headers| headers.set_critical(PLUGIN_MIN_VERSION, Header::text("1.0.0")));
    refused(&world, &version, "malformed", "without a plugin");
}

#[test]
fn letter_case_of_arns_is_part_of_them() {
    let world = Notary::aws_signer();
    let (_, upper) = holds(&world, &world.aws(&target(), &PROFILE.replace("release", "Release"), JOB));
    let (_, lower) = holds(&world, &aws(&world));
    assert_ne!(upper.signer_key(), lower.signer_key());
}

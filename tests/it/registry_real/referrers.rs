//! What stands beside an image: by the referrers API where the registry has one, by tags where it has not.

use axum::http::StatusCode;
use serde_json::json;

use super::bed;
use super::debian::Lets;
use super::ferro::Ferro;
use super::front::Front;
use super::images::{APP, Images};
use super::puller::{Pulled, Puller};
use super::push::{INDEX, MANIFEST, Repository};

const NOTATION: &str = "application/vnd.cncf.notary.signature";

/// The one signature that was found, by what it is and where.
#[track_caller]
fn assert_found(pulled: &Pulled, expected: &[String]) {
    assert_eq!(pulled.signatures().expect("it is known"), expected);
}

fn tag_of(digest: &str, suffix: &str) -> String {
    digest.replace(':', "-") + suffix
}

#[test]
fn artifact_with_a_subject_is_found_through_the_referrers_api() {
    let Some(images) = Images::make() else { return };
    let ferro = Ferro::start();
    let repository = Repository::new(&ferro.host(), "team/app");
    let subject = repository.image(&images, APP);
    let signature = repository.artifact(&subject, NOTATION, b"signature");
    let front = Front::before(ferro.host());
    let pulled = Puller::new().pull(&format!("{}/team/app@{}", front.host(), images.digest(APP))).expect("it is there");
    assert_found(&pulled, &[format!("Notary Project signature at {}", signature["digest"].as_str().expect("a digest"))]);
    assert!(front.take().iter().any(|seen| seen.path.contains("/referrers/sha256:")), "the API was asked");
    assert_eq!(pulled.contents().tree.entries, images.contents(APP, "x86_64").tree.entries);
}

#[test]
fn artifact_with_a_subject_is_found_through_its_fallback_tag() {
    let Some((registry, images)) = bed(Lets::Everybody) else { return };
    images.push(APP, &registry, "team/app:v1");
    let repository = Repository::new(&registry.host(), "team/app");
    let subject = json!({"mediaType": MANIFEST, "digest": images.digest(APP), "size": 1});
    let signature = repository.artifact(&subject, NOTATION, b"signature");
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [signature]});
    repository.manifest(Some(&tag_of(&images.digest(APP), "")), &index);
    let pulled = Puller::new().pull(&format!("{}/team/app@{}", registry.host(), images.digest(APP))).expect("it is there");
    assert_found(&pulled, &[format!("Notary Project signature at {}", signature["digest"].as_str().expect("a digest"))]);
}

#[test]
fn cosign_tags_of_the_image_are_found_on_both_registries() {
    let Some((registry, images)) = bed(Lets::Everybody) else { return };
    images.push(APP, &registry, "team/app:v1");
    let ferro = Ferro::start();
    Repository::new(&ferro.host(), "team/app").image(&images, APP);
    for host in [registry.host(), ferro.host()] {
        let repository = Repository::new(&host, "team/app");
        let mut expected = Vec::new();
        // What is under the first tag is judged and is no signature; the layer under the second is of a kind that does not belong there.
        for (suffix, found) in [(".sig", "sigstore signature that does not hold"), (".att", "cosign signature (legacy)")] {
            let layer = repository.blob("application/vnd.dev.cosign.simplesigning.v1+json", suffix.into());
            let config = repository.blob("application/vnd.oci.image.config.v1+json", b"{}".to_vec());
            let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
            let tag = tag_of(&images.digest(APP), suffix);
            repository.manifest(Some(&tag), &manifest);
            expected.push(format!("{found} at {tag}"));
            expected.sort();
            let pulled = Puller::new().pull(&format!("{host}/team/app@{}", images.digest(APP))).expect("it is there");
            assert_found(&pulled, &expected);
        }
    }
}

#[test]
fn image_without_anything_beside_it_is_known_to_have_nothing() {
    let Some((registry, images)) = bed(Lets::Everybody) else { return };
    images.push(APP, &registry, "team/app:v1");
    let ferro = Ferro::start();
    Repository::new(&ferro.host(), "team/app").image(&images, APP);
    for host in [registry.host(), ferro.host()] {
        let pulled = Puller::new().pull(&format!("{host}/team/app@{}", images.digest(APP))).expect("it is there");
        assert_found(&pulled, &[]);
    }
}

#[test]
fn registry_that_hides_the_tags_or_the_api_does_not_make_an_image_unsigned() {
    let Some((registry, images)) = bed(Lets::Everybody) else { return };
    images.push(APP, &registry, "team/app:v1");
    let refusals =
        [(StatusCode::FORBIDDEN, "DENIED"), (StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS"), (StatusCode::UNAUTHORIZED, "UNAUTHORIZED")];
    for (status, code) in refusals {
        for part in ["/referrers/", "/manifests/sha256-"] {
            let front = Front::before(registry.host());
            front.refuse(part, status, code);
            match Puller::new().pull(&format!("{}/team/app@{}", front.host(), images.digest(APP))) {
                Ok(pulled) => assert!(pulled.signatures().is_err(), "{status} of {part} reads as unsigned"),
                Err(gap) => panic!("{status} of {part}: the image itself can be had: {gap}"),
            }
        }
    }
}

//! SLSA provenance against the certificate that signed it.

use layerproof::signature::sigstore::provenance::contradicts;
use serde_json::{Value, json};

use super::{ARTIFACT, basis, judge, signer, trust};
use crate::forge::sigstore::Sigstore;
use crate::forge::sigstore::intoto::{Provenance, Statement};

const V02: &str = "https://slsa.dev/provenance/v0.2";

fn contradiction(statement: &Statement) -> Option<String> {
    let world = Sigstore::new();
    let judged = judge(&world.attest(statement), &trust(&world));
    contradicts(signer(&judged), basis(&judged).statement.as_ref().unwrap())
}

fn edited(edit: impl FnOnce(&mut Value)) -> Option<String> {
    let mut statement = Statement::slsa(ARTIFACT, &Provenance::ours());
    edit(&mut statement.predicate);
    contradiction(&statement)
}

#[test]
fn what_agrees_or_is_silent_contradicts_nothing() {
    assert_eq!(edited(|_| ()), None);
    assert_eq!(edited(|predicate| *predicate = json!({})), None);
    let without_ref = "https://github.com/acme/layers/.github/workflows/release.yml";
    assert_eq!(edited(|predicate| predicate["runDetails"]["builder"]["id"] = json!(without_ref)), None);
    assert_eq!(edited(|predicate| predicate["runDetails"]["builder"]["id"] = json!("https://tekton.dev/chains/v2")), None);
    assert_eq!(contradiction(&Statement::about(ARTIFACT, "https://example.com/p")), None);
}

#[test]
fn a_predicate_that_says_otherwise_than_the_certificate() {
    let pointers = [
        ("/buildDefinition/externalParameters/workflow/repository", "https://github.com/evil/layers"),
        ("/buildDefinition/externalParameters/workflow/ref", "refs/tags/v1"),
        // Only owners and repositories are the same in any case.
        ("/buildDefinition/externalParameters/workflow/ref", "refs/heads/MAIN"),
        ("/buildDefinition/externalParameters/workflow/path", ".github/workflows/other.yml"),
        ("/buildDefinition/internalParameters/github/event_name", "pull_request"),
        ("/buildDefinition/internalParameters/github/repository_id", "1"),
        ("/buildDefinition/internalParameters/github/repository_owner_id", "1"),
        ("/buildDefinition/resolvedDependencies/0/digest/gitCommit", "ffffffffffffffffffffffffffffffffffffffff"),
        ("/runDetails/builder/id", "https://github.com/actions/runner/self-hosted"),
        ("/runDetails/builder/id", "https://github.com/evil/layers/.github/workflows/release.yml@refs/heads/main"),
        ("/runDetails/builder/id", "https://github.com/evil/layers/.github/workflows/release.yml"),
        ("/runDetails/metadata/invocationId", "https://github.com/acme/layers/actions/runs/1/attempts/1"),
    ];
    for (pointer, value) in pointers {
        let found = edited(|predicate| *predicate.pointer_mut(pointer).unwrap() = json!(value));
        assert!(found.as_ref().is_some_and(|text| text.contains(value) || text.contains("self-hosted")), "{pointer}: {found:?}");
    }
}

#[test]
fn version_0_2() {
    let predicate = |uri: &str, builder: &str, reference: &str| {
        json!({
            "builder": {"id": builder},
            "invocation": {
                "configSource": {"uri": uri, "entryPoint": ".github/workflows/release.yml"},
                "environment": {"github_ref": reference, "github_event_name": "push"},
            },
        })
    };
    let found = |uri: &str, builder: &str, reference: &str| {
        let statement = Statement { predicate: predicate(uri, builder, reference), ..Statement::about(ARTIFACT, V02) };
        contradiction(&statement)
    };
    let (uri, builder, main) = ("git+https://github.com/acme/layers@refs/heads/main", super::IDENTITY, "refs/heads/main");
    assert_eq!(found(uri, builder, main), None);
    assert_eq!(found("git+https://github.com/Acme/Layers.git@refs/heads/main", builder, main), None);
    assert!(found("git+https://github.com/evil/layers@refs/heads/main", builder, main).is_some());
    assert!(found("git+https://github.com/acme/layers@refs/heads/evil", builder, main).is_some());
    assert!(found(uri, "https://github.com/evil/x/.github/workflows/release.yml@refs/heads/main", main).is_some());
    assert!(found(uri, builder, "refs/pull/1/merge").is_some());
}

//! The container images and the registry that holds them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::recorder::{Place, Recorder};
use super::{DATA, PROD};
use crate::forge::oci::{Layout, Member};

/// The registry of the production account.
pub const REGISTRY: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

/// Digest of each deployed image by its repository, OCI form.
pub type Images = BTreeMap<&'static str, String>;

/// Records images and repositories.
pub fn record(recorder: &mut Recorder) -> Images {
    let mut layout = Layout::default();
    let base = base_layer();
    let mut image = |architecture: &str, app: Vec<Member>| {
        let config = json!({"Entrypoint": ["/lambda-entrypoint.sh"], "Cmd": ["app.handler"], "WorkingDir": "/var/task"});
        layout.image(architecture, config, &[base.clone(), app], None).to_string()
    };
    let tracking =
        image("arm64", vec![Member::file("var/task/app.py", "def handler(event, context):\n    return {\"status\": \"in transit\"}\n")]);
    let portal = image(
        "amd64",
        vec![
            Member::file("var/task/app.py", "def handler(event, context):\n    return {\"page\": \"driver\"}\n"),
            // Removes the base image's debug shell.
            Member::file("usr/local/bin/.wh.debug-shell", ""),
        ],
    );
    let optimizer = image("amd64", vec![Member::file("var/task/app.py", "def handler(event, context):\n    return {\"stops\": []}\n")]);
    // What the tag points to now; nothing runs it, so that no recorder would have pulled it.
    let portal_now = "sha256:5f9b1d3e7c2a48660d4e8b1f7a3c9e5d20b6f8a4c1e7d3905b2f6a8c4e0d1b37";

    let moving = json!([{"filterType": "WILDCARD", "filter": "2026.10.*"}]);
    let repositories = vec![
        repository(recorder, "tracking-api", "IMMUTABLE", None, &[(&tracking, &["2026.10.1"])]),
        // Immutable but for the very tags that are deployed.
        repository(recorder, "driver-portal", "IMMUTABLE_WITH_EXCLUSION", Some(moving), &[(&portal, &[]), (portal_now, &["2026.10.3"])]),
        repository(recorder, "dispatch-optimizer", "MUTABLE", None, &[(&optimizer, &["latest", "build-417"])]),
    ];
    recorder.answer((PROD, "eu-west-1"), "ecr.DescribeRepositories", json!({}), json!({"repositories": repositories}));
    for place in [(PROD, "us-east-1"), (DATA, "eu-west-1")] {
        let place: Place = place;
        recorder.answer(place, "ecr.DescribeRepositories", json!({}), json!({"repositories": []}));
    }
    for (path, bytes) in layout.finish() {
        recorder.file(format!("images/{path}"), bytes);
    }
    BTreeMap::from([("tracking-api", tracking), ("driver-portal", portal), ("dispatch-optimizer", optimizer)])
}

fn base_layer() -> Vec<Member> {
    vec![
        Member::folder("usr/"),
        Member::folder("usr/local/"),
        Member::folder("usr/local/bin/"),
        Member::executable("usr/local/bin/debug-shell", "#!/bin/sh\nexec /bin/sh\n"),
        Member::symlink("usr/local/bin/python", "python3.13"),
        Member::executable("lambda-entrypoint.sh", "#!/bin/sh\nexec /usr/local/bin/python -m awslambdaric \"$1\"\n"),
        Member::folder("var/"),
        Member::folder("var/task/"),
    ]
}

/// Records the images of a repository, and gives its description.
fn repository(recorder: &mut Recorder, name: &str, mutability: &str, filters: Option<Value>, images: &[(&str, &[&str])]) -> Value {
    let details: Vec<Value> = images
        .iter()
        .map(|(digest, tags)| {
            let mut detail = json!({
                "registryId": PROD, "repositoryName": name, "imageDigest": digest, "imagePushedAt": "2026-10-12T14:20:00Z",
            });
            if !tags.is_empty() {
                detail["imageTags"] = json!(tags);
            }
            detail
        })
        .collect();
    recorder.answer((PROD, "eu-west-1"), "ecr.DescribeImages", json!({"repositoryName": name}), json!({"imageDetails": details}));
    let mut described = json!({
        "repositoryArn": format!("arn:aws:ecr:eu-west-1:{PROD}:repository/{name}"),
        "registryId": PROD,
        "repositoryName": name,
        "repositoryUri": format!("{REGISTRY}/{name}"),
        "imageTagMutability": mutability,
    });
    if let Some(filters) = filters {
        described["imageTagMutabilityExclusionFilters"] = filters;
    }
    described
}

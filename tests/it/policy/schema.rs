//! The shipped policies and the published schema. Editors that use the schema and the validator must agree.

use std::path::{Path, PathBuf};

use layerproof::policy::Policy;
use layerproof::policy::parse::{Node, PlainKind, Value, parse};

use super::{SIGNED, statement};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("trust-policies")
}

fn schema() -> jsonschema::Validator {
    let text = std::fs::read_to_string(folder().join("schema.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
    jsonschema::meta::validate(&schema).expect("the schema is a schema");
    jsonschema::validator_for(&schema).unwrap()
}

/// The document as a reader of YAML 1.2 sees it.
fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Map(entries) => entries.iter().map(|(key, node)| (key.text.clone(), json(node))).collect::<serde_json::Map<_, _>>().into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Scalar { text, .. } => match node.kind().unwrap() {
            PlainKind::Text => text.clone().into(),
            PlainKind::Null => serde_json::Value::Null,
            PlainKind::Bool => (text.to_lowercase() == "true").into(),
            PlainKind::Int => text.parse::<i64>().map_or_else(|_| text.parse::<f64>().unwrap().into(), Into::into),
            PlainKind::Float => text.parse::<f64>().unwrap().into(),
        },
    }
}

#[test]
fn every_shipped_policy_loads_and_fits_the_schema() {
    let schema = schema();
    let mut seen = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        seen += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        let document = json(&parse(&text).unwrap());
        let errors: Vec<String> = schema.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(errors, Vec::<String>::new(), "{}", path.display());
        let policy = Policy::load(&path).unwrap_or_else(|error| panic!("{error}"));
        assert!(!policy.statements.is_empty() && policy.sha256.len() == 64);
    }
    assert_eq!(seen, 6);
}

const KEY: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE69Fac5d/5zOmJZS3ItMEnKvvoENo
gLEf3EGFfWfzLZK8NGQgZZQ0nD032+ttf9wxtA8Xl5hrrYl4tmBOMun+Kw==
-----END PUBLIC KEY-----
";

/// The problems of a sample to which the trust stores that samples name were added.
fn problems_with_material(sample: &str) -> Vec<String> {
    let material = "trust_stores: [{name: \"ca:x\", files: [c.pem]}, {name: \"tsa:x\", files: [c.pem]}]\n";
    let mut read = |file: &str| match file {
        "k.pem" => Ok(KEY.as_bytes().to_vec()),
        "c.pem" => Ok(crate::forge::TestCa::ours().root_pem().into_bytes()),
        _ => Err("no such file".to_owned()),
    };
    let parsed = Policy::parse("policy.yaml", &format!("{sample}{material}"), &mut read);
    parsed.err().unwrap_or_default().into_iter().map(|problem| problem.message).collect()
}

#[test]
fn schema_and_validator_agree() {
    let schema = schema();
    let strict = |requirement: &str| statement(&format!("level: strict\nsignatures: {requirement}"));
    let profile = "arn:aws:signer:{region}:111122223333:/signing-profiles/release";
    let signer = format!("{{aws_signer: {{root: aws-signer-lambda-unconfirmed, profiles: [\"{profile}\"]}}}}");
    let scope = |scope: &str| statement(SIGNED).replace("{kind: layer, arn: \"arn:aws:lambda:*:111122223333:layer:*\"}", scope);
    let samples = [
        statement(SIGNED),
        "version: 1\nstatements: []\n".into(),
        "version: 1\n".into(),
        statement(SIGNED).replace("version: 1", "version: 2"),
        statement(SIGNED).replace("version: 1", "version: \"1\""),
        statement(SIGNED).replace("name: ours", "name: Ours"),
        statement(SIGNED).replace("name: ours", "name: 12"),
        statement(SIGNED).replace("name: ours\n", "name: ours\n    comment: x\n"),
        statement("level: strict"),
        statement("level: skip"),
        statement("level: skip\nreason: x"),
        statement("level: skip\nreason: \" \""),
        statement(&format!("level: skip\nreason: x\nsignatures: {signer}")),
        statement("level: skip\nreason: x\naspects: {expiry: log}"),
        statement(&format!("level: audit\nsignatures: {signer}")),
        statement(&format!("level: audit\nreason: x\nsignatures: {signer}")),
        statement(&format!("{SIGNED}\naspects: {{revocation: skip}}")),
        statement(&format!("{SIGNED}\naspects: {{expiry: skip}}")),
        statement(&format!("{SIGNED}\naspects: {{integrity: log}}")),
        statement(&format!("{SIGNED}\naspects: {{authenticity: log}}")),
        statement(&format!("{SIGNED}\naspects: {{authenticity: log}}\nreason: x")),
        strict(&signer),
        strict("{}"),
        strict("{any: []}"),
        strict(&format!("{{any: [{signer}, {signer}]}}")),
        strict(&format!("{{all: [{signer}]}}")),
        strict(&format!("{{all: [{signer}], any: [{signer}]}}")),
        strict(&format!("{{at_least: 1, of: [{signer}]}}")),
        strict(&format!("{{at_least: 0, of: [{signer}]}}")),
        strict("{at_least: 1}"),
        strict(&format!("{{any: [{signer}], of: [{signer}]}}")),
        strict("{any: [{}]}"),
        strict(&format!("{{aws_service: {{profiles: [\"{profile}/AbCdEfGhIj\"]}}}}")),
        strict("{aws_service: {profiles: []}}"),
        strict("{aws_service: {profiles: [\"arn:aws:signer:*:111122223333:/signing-profiles/release\"]}}"),
        strict("{aws_service: {profiles: [\"arn:{partition}:signer:{region}:{layer_account}:/signing-profiles/release\"]}}"),
        strict("{aws_service: {profiles: [\"arn:aws:signer:{region}:{region}:/signing-profiles/release\"]}}"),
        strict(&signer.replace("root: aws-signer-lambda-unconfirmed, ", "")),
        strict("{sigstore: {issuer: i, identity: me}}"),
        strict("{sigstore: {issuer: i, identity: \"me*\"}}"),
        strict("{sigstore: {issuer: i, identity: me, identity_regexp: me}}"),
        strict("{sigstore: {identity: me}}"),
        strict("{sigstore: {key: k.pem}}"),
        strict("{sigstore: {key: k.pem, transparency: none}}"),
        strict("{sigstore: {key: k.pem, transparency: promise, valid_until: \"2026-04-01T00:00:00Z\"}}"),
        strict("{sigstore: {key: k.pem, valid_from: \"2026-01-01T00:00:00Z\", valid_until: \"2026-04-01T00:00:00Z\"}}"),
        strict("{sigstore: {key: k.pem, transparency: none, valid_until: \"2026-04-01T00:00:00Z\"}}"),
        strict("{sigstore: {key: k.pem, transparency: none, timestamp: required, valid_until: \"2026-04-01T00:00:00Z\"}}"),
        strict("{sigstore: {key: k.pem, valid_until: soon}}"),
        strict("{sigstore: {key: k.pem, issuer: i}}"),
        strict("{sigstore: {key: k.pem, sct: none}}"),
        strict("{sigstore: {key: /k.pem}}"),
        strict("{sigstore: {root: sigstore-github, issuer: i, identity: me}}"),
        strict("{sigstore: {root: sigstore-github, issuer: i, identity: me, transparency: none}}"),
        strict("{sigstore: {issuer: i, identity: me, transparency: none}}"),
        strict("{sigstore: {issuer: i, identity: me, transparency: none, timestamp: required}}"),
        strict("{sigstore: {issuer: i, identity: me, transparency: promise, sct: none}}"),
        strict("{sigstore: {issuer: i, identity: me, transparency: maybe}}"),
        strict("{sigstore: {issuer: i, identity: me, timestamp: none}}"),
        strict("{sigstore: {issuer: i, identity: me, valid_until: \"2026-04-01T00:00:00Z\"}}"),
        strict("{sigstore: {issuer_regexp: i, identity_regexp: me}}"),
        strict("{sigstore: {issuer: i, issuer_regexp: i, identity: me}}"),
        strict("{sigstore: {issuer: i, identity: me, claims: {build_trigger: push, source_repository_ref: {regexp: \"refs/tags/.+\"}}}}"),
        strict("{sigstore: {issuer: i, identity: me, claims: {}}}"),
        strict("{sigstore: {issuer: i, identity: me, claims: {repository: x}}}"),
        strict("{sigstore: {issuer: i, identity: me, claims: {build_trigger: \"pu*\"}}}"),
        strict("{sigstore: {issuer: i, identity: me, claims: {build_trigger: {regex: x}}}}"),
        strict("{sigstore: {issuer: i, identity: me, annotations: {env: prod}}}"),
        strict("{sigstore: {issuer: i, identity: me, annotations: {env: 1}}}"),
        strict("{sigstore: {}}"),
        strict("{notary: {trust_store: \"ca:x\", identities: [\"x509.subject: C=US, ST=WA, O=Acme\"]}}"),
        strict("{notary: {trust_store: \"ca:x\", identities: [\"*\"]}}"),
        strict("{notary: {trust_store: \"ca:x\", tsa: \"tsa:x\", verify_timestamp: after_cert_expiry, identities: [\"*\"]}}"),
        strict("{notary: {trust_store: \"ca:x\", verify_timestamp: always, identities: [\"*\"]}}"),
        strict("{notary: {trust_store: \"ca:x\", identities: [\"*\"], annotations: {build: \"42\"}}}"),
        strict("{notary: {trust_store: \"ca:x\", identities: [\"*\"], annotations: {}}}"),
        strict("{notary: {trust_store: \"ca:x\", tsa: \"ca:x\", identities: [\"*\"]}}"),
        strict("{notary: {trust_store: \"ca:x\", identities: [\"*\", \"x509.subject: C=US, ST=WA, O=Acme\"]}}"),
        strict(&format!("{{notary: {{trust_store: \"ca:x\", identities: [\"{profile}\"]}}}}")),
        strict(&format!("{{notary: {{trust_store: \"signingAuthority:aws-signer-ts\", identities: [\"{profile}\"]}}}}")),
        strict(&format!("{{notary: {{trust_store: \"signingAuthority:aws-signer-ts\", tsa: \"tsa:x\", identities: [\"{profile}\"]}}}}")),
        strict("{notary: {trust_store: \"signingAuthority:aws-signer-ts\", identities: [\"*\"]}}"),
        strict("{notary: {trust_store: x, identities: [\"x509.subject: C=US\"]}}"),
        statement("level: strict\nattestations: [{predicate_type: x, signed_by: {sigstore: {issuer: i, identity: me}}}]"),
        statement("level: strict\nattestations: [{predicate_type: x}]"),
        statement("level: strict\nattestations: []"),
        scope("{kind: any}"),
        scope("{}"),
        scope("{kind: image, repository: \"111122223333.dkr.ecr.*.amazonaws.com/*\"}"),
        scope("{kind: image, repository: \"app\"}"),
        scope("{kind: image, repository: \"ghcr.io/a:tag\"}"),
        scope("{kind: image, arn: \"arn:aws:lambda:*:111122223333:layer:*\"}"),
        scope("{kind: layer, arn: \"arn:aws:lambda:*:111122223333:function:*\"}"),
        scope("{kind: layer, arn: \"arn:aws:lambda:*:1111:layer:*\"}"),
        scope("{kind: layer, arn: \"arn:aws:lambda:*\"}"),
        scope("{kind: layer, repository: \"ghcr.io/a\"}"),
        scope("{kind: any, arn: \"arn:aws:lambda:*:111122223333:*:*:*\"}"),
        scope("{kind: any, arn: \"arn:aws:lambda:*:111122223333:*:*\", repository: \"ghcr.io/a\"}"),
        statement("level: skip\nreason: x").replace(":111122223333:", ":*:"),
        statement("level: skip\nreason: x").replace("kind: layer", "kind: any"),
        statement("level: skip\nreason: x").replace(", arn: \"arn:aws:lambda:*:111122223333:layer:*\"", ""),
    ];
    let mut counts = [0, 0];
    for sample in samples {
        let found = problems_with_material(&sample);
        let fits = schema.is_valid(&json(&parse(&sample).unwrap()));
        assert_eq!(fits, found.is_empty(), "schema and validator differ: {found:?}\n{sample}");
        counts[usize::from(fits)] += 1;
    }
    assert!(counts[0] > 30 && counts[1] > 12, "{counts:?}");
}

#[test]
fn the_demo_policy_pins_the_root_of_the_forge() {
    let policy = Policy::load(&folder().join("demo.yaml")).unwrap_or_else(|error| panic!("{error}"));
    let anchor = policy.anchor("test-ca").unwrap();
    assert_eq!(anchor.der, crate::forge::TestCa::ours().root_der());
    assert_eq!(anchor.accounts, ["111122223333"]);
}

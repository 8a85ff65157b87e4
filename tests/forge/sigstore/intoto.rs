//! in-toto statements and the DSSE envelopes around them.

use serde_json::{Value, json};

use crate::forge::keys::Hash;

/// `payloadType` of a DSSE envelope around a statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
pub const STATEMENT_V1: &str = "https://in-toto.io/Statement/v1";
pub const STATEMENT_V01: &str = "https://in-toto.io/Statement/v0.1";
pub const SLSA_V1: &str = "https://slsa.dev/provenance/v1";
pub const COSIGN_SIGN: &str = "https://sigstore.dev/cosign/sign/v1";

/// A statement about artifacts.
#[derive(Clone)]
pub struct Statement {
    /// `_type`.
    pub kind: String,
    /// Each `{"name": …, "digest": {…}}`.
    pub subject: Vec<Value>,
    pub predicate_type: String,
    pub predicate: Value,
}

impl Statement {
    /// A statement with an empty predicate about one artifact.
    pub fn about(artifact: &[u8], predicate_type: &str) -> Self {
        Self {
            kind: STATEMENT_V1.into(),
            subject: vec![subject("artifact", Hash::Sha256, artifact)],
            predicate_type: predicate_type.into(),
            predicate: json!({}),
        }
    }

    /// What cosign v3 signs for an image: `manifest` is the manifest's bytes.
    pub fn cosign(manifest: &[u8]) -> Self {
        Self::about(manifest, COSIGN_SIGN)
    }

    /// SLSA provenance, version 1.
    pub fn slsa(artifact: &[u8], provenance: &Provenance) -> Self {
        Self { predicate: provenance.to_json(), ..Self::about(artifact, SLSA_V1) }
    }

    /// The statement as it is signed.
    pub fn bytes(&self) -> Vec<u8> {
        let statement = json!({
            "_type": self.kind, "subject": self.subject, "predicateType": self.predicate_type, "predicate": self.predicate,
        });
        statement.to_string().into_bytes()
    }
}

/// A subject: the name and one digest of `bytes`.
pub fn subject(name: &str, hash: Hash, bytes: &[u8]) -> Value {
    let mut digest = serde_json::Map::new();
    digest.insert(hash.name().into(), json!(hash.hex(bytes)));
    json!({"name": name, "digest": digest})
}

/// What a SLSA provenance predicate says, as GitHub's builder writes it.
#[derive(Clone)]
pub struct Provenance {
    pub builder_id: String,
    pub build_type: String,
    /// `git+https://…@refs/…`, and in the workflow's parameters without the reference.
    pub repository: String,
    pub reference: String,
    pub workflow: String,
    pub commit: String,
    pub invocation: String,
}

impl Provenance {
    /// The provenance that agrees with [`super::fulcio::Identity::ours`].
    pub fn ours() -> Self {
        Self {
            builder_id: "https://github.com/actions/runner/github-hosted".into(),
            build_type: "https://actions.github.io/buildtypes/workflow/v1".into(),
            repository: "https://github.com/acme/layers".into(),
            reference: "refs/heads/main".into(),
            workflow: ".github/workflows/release.yml".into(),
            commit: "0123456789abcdef0123456789abcdef01234567".into(),
            invocation: "https://github.com/acme/layers/actions/runs/3000003/attempts/1".into(),
        }
    }

    /// The predicate.
    pub fn to_json(&self) -> Value {
        json!({
            "buildDefinition": {
                "buildType": self.build_type,
                "externalParameters": {"workflow": {"ref": self.reference, "repository": self.repository, "path": self.workflow}},
                "internalParameters": {"github": {"event_name": "push", "repository_id": "1000001", "repository_owner_id": "2000002"}},
                "resolvedDependencies": [
                    {"uri": format!("git+{}@{}", self.repository, self.reference), "digest": {"gitCommit": self.commit}},
                ],
            },
            "runDetails": {"builder": {"id": self.builder_id}, "metadata": {"invocationId": self.invocation}},
        })
    }
}

/// Pre-authentication encoding of DSSE version 1: what is signed.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

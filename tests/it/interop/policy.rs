//! What a case believes, as a policy of layerproof and the files that it names, in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use layerproof::model::digest::Digest;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::cases::{Artifact, Case, ChainTrust, KeyTrust, NotationTrust, RootTrust, Trust, What, testdata};
use super::notation;
use crate::run::Output;

/// Name of the trusted root of a case.
const ROOT: &str = "of-the-case";

/// A policy in a temporary folder, with what it names.
pub struct Policy {
    folder: TempDir,
}

impl Policy {
    /// The policy of a case that believes keys and certificates of Sigstore's.
    ///
    /// # Panics
    /// A set-up of Notation: that is imported.
    pub fn of(case: &Case) -> Self {
        let policy = Self::empty();
        let (roots, sigstore) = match &case.trust {
            Trust::Key(trust) => policy.key(trust),
            Trust::CertificateChain(trust) => policy.chain(trust),
            Trust::TrustedRoot(trust) => policy.trusted_root(trust),
            Trust::Notation(_) => panic!("{}: a set-up of Notation is imported", case.name),
        };
        let (scope, requirement) = match (case.artifact(), case.what) {
            (artifact, What::Signature) => (scope(&artifact), json!({"signatures": {"sigstore": sigstore}})),
            (artifact, What::Attestation) => {
                let Trust::Key(KeyTrust { predicate_type: Some(predicate_type), .. }) = &case.trust else {
                    panic!("{} asks for an attestation of no type", case.name)
                };
                let attestation = json!({"predicate_type": predicate_type, "signed_by": {"sigstore": sigstore}});
                (scope(&artifact), json!({"attestations": [attestation]}))
            }
        };
        let mut statement = json!({"name": "case", "scope": scope, "level": "strict"});
        for (key, value) in requirement.as_object().expect("an object") {
            statement[key] = value.clone();
        }
        let mut document = json!({"version": 1, "statements": [statement]});
        if !roots.is_empty() {
            document["sigstore_roots"] = roots.into();
        }
        policy.write("policy.yaml", document.to_string().as_bytes());
        policy
    }

    /// The policy that a set-up of Notation becomes; where the import refuses it, what it printed.
    pub fn of_notation(trust: &NotationTrust, artifact: &Artifact<'_>) -> Result<Self, Output> {
        let policy = Self::empty();
        let output = notation::import(trust, artifact, policy.folder.path());
        if output.code == 0 { Ok(policy) } else { Err(output) }
    }

    /// The policy of a case, whatever it believes.
    pub fn of_any(case: &Case) -> Result<Self, Output> {
        match &case.trust {
            Trust::Notation(trust) => Self::of_notation(trust, &case.artifact()),
            Trust::Key(_) | Trust::CertificateChain(_) | Trust::TrustedRoot(_) => Ok(Self::of(case)),
        }
    }

    /// An empty folder.
    pub fn empty() -> Self {
        Self { folder: TempDir::with_prefix("layerproof-policy-").expect("a temporary folder") }
    }

    /// The policy file.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("policy.yaml")
    }

    /// Its text.
    pub fn text(&self) -> String {
        fs::read_to_string(self.path()).expect("the policy")
    }

    /// The same, with another text in the place of one that stands in it.
    pub fn with(self, old: &str, new: &str) -> Self {
        let text = self.text();
        assert!(text.contains(old), "`{old}` is not in {text}");
        self.write("policy.yaml", text.replace(old, new).as_bytes());
        self
    }

    /// By a key. What nobody asks a log or a time stamp authority for rests on no root.
    fn key(&self, trust: &KeyTrust) -> (Vec<Value>, Value) {
        let mut sigstore = json!({"key": self.copy(&trust.key)});
        if !trust.annotations.is_empty() {
            sigstore["annotations"] = json!(trust.annotations);
        }
        let roots = match (&trust.trusted_root, &trust.log_key) {
            (Some(root), None) => vec![self.root(&fs::read(testdata(root)).expect("a trusted root"))],
            (None, Some(log)) => vec![self.root(made(&[], None, Some(log)).to_string().as_bytes())],
            (None, None) => Vec::new(),
            (Some(_), Some(_)) => panic!("two roots"),
        };
        if !roots.is_empty() {
            sigstore["root"] = ROOT.into();
        }
        (roots, witnesses(sigstore, trust.log, trust.signed_timestamps))
    }

    /// By a certificate of an authority that is given as files. Where no log is asked for, a time stamp must say when a certificate was used: a policy of
    /// layerproof without a witness of the time cannot be written.
    fn chain(&self, trust: &ChainTrust) -> (Vec<Value>, Value) {
        let authority: Vec<&str> = match (&trust.chain, trust.roots.as_slice()) {
            (Some(chain), []) => vec![chain],
            (None, roots) => roots.iter().map(String::as_str).collect(),
            (Some(_), _) => panic!("a chain, and roots beside it"),
        };
        assert_eq!(authority.len(), 1, "one authority");
        let root = made(&authority, trust.tsa_chain.as_deref(), trust.log_key.as_deref());
        let roots = vec![self.root(root.to_string().as_bytes())];
        let mut sigstore = json!({"root": ROOT, "issuer": trust.issuer, "sct": "none"});
        signer(&mut sigstore, trust.identity.as_deref(), trust.identity_regexp.as_deref(), &trust.github_claims);
        (roots, witnesses(sigstore, trust.log, !trust.log))
    }

    fn trusted_root(&self, trust: &RootTrust) -> (Vec<Value>, Value) {
        let roots = vec![self.root(&fs::read(testdata(&trust.trusted_root)).expect("a trusted root"))];
        let mut sigstore = json!({"root": ROOT, "issuer": trust.issuer, "sct": "none"});
        signer(&mut sigstore, trust.identity.as_deref(), trust.identity_regexp.as_deref(), &trust.github_claims);
        (roots, witnesses(sigstore, trust.log, trust.signed_timestamps || !trust.log))
    }

    fn root(&self, bytes: &[u8]) -> Value {
        self.write("trusted-root.json", bytes);
        json!({"name": ROOT, "file": "trusted-root.json"})
    }

    /// Copies a file of the test data into the folder: its name there.
    fn copy(&self, path: &str) -> String {
        let name = Path::new(path).file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        self.write(&name, &fs::read(testdata(path)).unwrap_or_else(|error| panic!("{path}: {error}")));
        name
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.folder.path().join(name), bytes).expect("a file of the policy");
    }
}

/// An image is judged by what is said of its repository, a file by what is said of anything.
fn scope(artifact: &Artifact<'_>) -> Value {
    match artifact {
        Artifact::Image { image, .. } => {
            let (repository, _) = image.split_once('@').expect("an image by its digest");
            json!({"kind": "image", "repository": repository})
        }
        Artifact::Blob { .. } => json!({"kind": "any"}),
    }
}

fn signer(
    sigstore: &mut Value,
    identity: Option<&str>,
    identity_regexp: Option<&str>,
    github_claims: &std::collections::BTreeMap<String, String>,
) {
    match (identity, identity_regexp) {
        (Some(identity), None) => sigstore["identity"] = identity.into(),
        (None, Some(regexp)) => sigstore["identity_regexp"] = regexp.into(),
        _ => panic!("exactly one of identity and pattern"),
    }
    for (flag, value) in github_claims {
        // What follows `--certificate-github-workflow-`.
        let claim = match flag.as_str() {
            "repository" | "ref" | "trigger" | "name" | "sha" => format!("github_workflow_{flag}"),
            other => panic!("no claim is known for the flag {other}"),
        };
        sigstore["claims"][claim] = value.as_str().into();
    }
}

fn witnesses(mut sigstore: Value, log: bool, timestamp: bool) -> Value {
    if !log {
        sigstore["transparency"] = "none".into();
    }
    if timestamp {
        sigstore["timestamp"] = "required".into();
    }
    sigstore
}

/// A trusted root of what cosign v2 takes as files: an authority (intermediates, then the root), a time stamp authority and the key of a log.
fn made(authority: &[&str], tsa: Option<&str>, log: Option<&str>) -> Value {
    let since = json!({"start": "2024-01-01T00:00:00Z"});
    let authorities = |files: &[&str]| -> Vec<Value> {
        let chain = |file: &&str| pem(file).iter().map(|der| json!({"rawBytes": BASE64.encode(der)})).collect::<Vec<_>>();
        files
            .iter()
            .map(|file| {
                json!({"subject": {"organization": "test", "commonName": "test"}, "uri": "https://test.invalid",
                       "certChain": {"certificates": chain(file)}, "validFor": since})
            })
            .collect()
    };
    let logs: Vec<Value> = log
        .into_iter()
        .map(|file| {
            let [key] = &pem(file)[..] else { panic!("{file} is not one key") };
            json!({"baseUrl": "https://log.test.invalid", "hashAlgorithm": "SHA2_256", "logId": {"keyId": BASE64.encode(Digest::of(key).bytes())},
                   "publicKey": {"rawBytes": BASE64.encode(key), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": since}})
        })
        .collect();
    json!({"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "tlogs": logs,
           "certificateAuthorities": authorities(authority), "timestampAuthorities": authorities(tsa.as_slice())})
}

/// The DER of each block of a PEM file.
fn pem(path: &str) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(testdata(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let blocks = text.split("-----BEGIN ").skip(1);
    let found: Vec<Vec<u8>> = blocks
        .map(|block| {
            let (_, body) = block.split_once("-----\n").expect("a label");
            let (body, _) = body.split_once("-----END").expect("an end");
            BASE64.decode(body.replace('\n', "").as_bytes()).expect("base64")
        })
        .collect();
    assert!(!found.is_empty(), "{path} holds nothing");
    found
}

//! `verdicts.json`, read strictly: a member that is not known here is a failure, so that nothing of what a tool was asked is passed over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;

use crate::run::repo;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdicts {
    /// The time at which the tools judged.
    pub checked: Timestamp,
    /// Versions of what made it.
    pub made: BTreeMap<String, String>,
    pub cases: Vec<Case>,
}

/// One question to one tool, and its answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub tool: Tool,
    pub what: What,
    pub layout: Option<String>,
    pub digest: Option<String>,
    pub image: Option<String>,
    pub blob: Option<String>,
    pub signature: Option<String>,
    pub trust: Trust,
    #[serde(rename = "command")]
    _command: String,
    pub exit: i32,
    pub accepted: bool,
    /// The line in which the tool gives its reason.
    pub reason: String,
    #[serde(rename = "note")]
    _note: Option<String>,
    /// Why the tool says the unexpected.
    pub surprise: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    CosignV2,
    CosignV3,
    Notation,
    NotationGo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Signature,
    Attestation,
}

/// What is judged.
#[derive(Debug)]
pub enum Artifact<'c> {
    /// An image of a layout.
    Image { layout: &'c str, digest: &'c str, image: &'c str },
    /// A file and its signature.
    Blob { blob: &'c str, signature: &'c str },
}

/// What the verifier believes. Paths are relative to the folder of the file.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Trust {
    Key(KeyTrust),
    CertificateChain(ChainTrust),
    TrustedRoot(RootTrust),
    Notation(NotationTrust),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyTrust {
    pub key: String,
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    pub predicate_type: Option<String>,
    /// cosign has to be told; the key and what it signed say it as well.
    #[serde(rename = "signature_digest_algorithm")]
    _signature_digest_algorithm: Option<String>,
    pub signature_repository: Option<String>,
    pub signature_layout: Option<String>,
    pub trusted_root: Option<String>,
    #[serde(default)]
    pub signed_timestamps: bool,
    #[serde(default)]
    pub log: bool,
    pub log_key: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainTrust {
    pub chain: Option<String>,
    #[serde(default)]
    pub roots: Vec<String>,
    pub identity: Option<String>,
    pub identity_regexp: Option<String>,
    pub issuer: String,
    pub tsa_chain: Option<String>,
    #[serde(default)]
    pub log: bool,
    pub log_key: Option<String>,
    #[serde(default)]
    pub github_claims: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootTrust {
    pub trusted_root: String,
    pub identity: Option<String>,
    pub identity_regexp: Option<String>,
    pub issuer: String,
    pub signed_timestamps: bool,
    /// A flag of cosign v3, without which it passes over bundles of a form that it writes itself.
    #[serde(rename = "allow_certificate_chain")]
    _allow_certificate_chain: Option<bool>,
    #[serde(default)]
    pub log: bool,
    #[serde(default)]
    pub github_claims: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotationTrust {
    pub config: String,
    #[serde(default)]
    pub user_metadata: BTreeMap<String, String>,
}

impl Verdicts {
    /// Reads the committed file.
    pub fn read() -> Self {
        let path = testdata("verdicts.json");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The case of that name.
    pub fn case(&self, name: &str) -> &Case {
        self.cases.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("there is no case {name}"))
    }
}

impl Case {
    pub fn artifact(&self) -> Artifact<'_> {
        match (&self.layout, &self.digest, &self.image, &self.blob, &self.signature) {
            (Some(layout), Some(digest), Some(image), None, None) => Artifact::Image { layout, digest, image },
            (None, None, None, Some(blob), Some(signature)) => Artifact::Blob { blob, signature },
            _ => panic!("{} is about neither an image nor a file", self.name),
        }
    }
}

impl Tool {
    pub const ALL: [Self; 4] = [Self::CosignV2, Self::CosignV3, Self::Notation, Self::NotationGo];

    /// Its name in `made`.
    pub fn name(self) -> &'static str {
        match self {
            Self::CosignV2 => "cosign_v2",
            Self::CosignV3 => "cosign_v3",
            Self::Notation => "notation",
            Self::NotationGo => "notation_go",
        }
    }

    /// As a person reads it.
    pub fn shown(self) -> &'static str {
        match self {
            Self::CosignV2 => "cosign v2",
            Self::CosignV3 => "cosign v3",
            Self::Notation => "notation",
            Self::NotationGo => "Notation's library, for files",
        }
    }
}

/// A file or folder of the test data.
pub fn testdata(path: impl AsRef<Path>) -> PathBuf {
    repo().join("testdata/signatures").join(path)
}

#[test]
fn member_of_a_case_that_is_not_known_is_not_passed_over() {
    let verdicts: serde_json::Value =
        serde_json::from_slice(&std::fs::read(testdata("verdicts.json")).expect("verdicts.json")).expect("JSON");
    for case in verdicts["cases"].as_array().expect("cases") {
        serde_json::from_value::<Case>(case.clone()).unwrap_or_else(|error| panic!("{}: {error}", case["name"]));
        for place in ["", "/trust"] {
            let mut case = case.clone();
            case.pointer_mut(place).expect("an object")["unheard_of"] = true.into();
            let error = serde_json::from_value::<Case>(case.clone()).expect_err("it is not known");
            assert!(error.to_string().contains("unknown field `unheard_of`"), "{}: {error}", case["name"]);
        }
    }
}

#[test]
fn each_case_has_a_name_of_its_own_and_says_whether_the_tool_accepted() {
    let verdicts = Verdicts::read();
    let mut names: Vec<&str> = verdicts.cases.iter().map(|case| case.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), verdicts.cases.len());
    for case in &verdicts.cases {
        assert_eq!(case.accepted, case.exit == 0, "{}", case.name);
        assert!(!case.reason.is_empty(), "{}", case.name);
        assert!(verdicts.made.contains_key(case.tool.name()), "{}", case.name);
        // Each is about an image or about a file.
        let _ = case.artifact();
    }
}

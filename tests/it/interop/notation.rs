//! A set-up of Notation, a folder with `trustpolicy.json` and `truststore/`, imported by `layerproof policy import notation`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::cases::{Artifact, NotationTrust, testdata};
use crate::run::{Output, layerproof};

/// The layers that the policies on files are imported for.
const LAYERS: &str = "arn:aws:lambda:eu-west-1:111122223333:layer:*";

/// A file is judged as one of them.
pub const LAYER: &str = "arn:aws:lambda:eu-west-1:111122223333:layer:hello:1";

/// Copies the set-up into `folder`, imports it as `policy.yaml`, and gives what the import printed.
pub fn import(trust: &NotationTrust, artifact: &Artifact<'_>, folder: &Path) -> Output {
    let config = testdata(&trust.config);
    copy(&config.join("truststore"), &folder.join("truststore"));
    let theirs = fs::read(config.join("trustpolicy.json")).expect("trustpolicy.json");
    let mut theirs: Value = serde_json::from_slice(&theirs).expect("JSON");
    let [statement] = &mut theirs["trustPolicies"].as_array_mut().expect("statements")[..] else { panic!("one statement") };
    let scope: &[&str] = match artifact {
        Artifact::Image { image, .. } => {
            // An exemption for every registry is not to be had: it is bounded to the repository that the tool was asked about.
            if exempts(statement) && statement["registryScopes"] == json!(["*"]) {
                let (repository, _) = image.split_once('@').expect("an image by its digest");
                statement["registryScopes"] = json!([repository]);
            }
            &[]
        }
        // The library was given the policy for files that is this one but for the scope.
        Artifact::Blob { .. } => {
            let members = statement.as_object_mut().expect("an object");
            members.remove("registryScopes").expect("scopes");
            members.insert("globalPolicy".into(), true.into());
            &["--scope", LAYERS]
        }
    };
    fs::write(folder.join("trustpolicy.json"), theirs.to_string()).expect("the trust policy");
    let arguments = ["policy", "import", "notation", "--trust-policy", "trustpolicy.json"];
    let output = layerproof().args(arguments).args(scope).cwd(folder).run();
    let mut text = output.stdout.clone();
    if !trust.user_metadata.is_empty() {
        text = with_annotations(&text, &trust.user_metadata);
    }
    fs::write(folder.join("policy.yaml"), text).expect("the policy");
    output
}

fn exempts(statement: &Value) -> bool {
    let verification = &statement["signatureVerification"];
    matches!(verification["level"].as_str(), Some("audit" | "skip")) || verification["override"]["authenticity"] == "log"
}

/// User metadata is no part of a trust policy but an argument of the tool: `annotations` of the authority asks for it.
fn with_annotations(policy: &str, annotations: &std::collections::BTreeMap<String, String>) -> String {
    let anchor = "            identities:\n";
    assert_eq!(policy.matches(anchor).count(), 1, "one authority: {policy}");
    policy.replace(anchor, &format!("            annotations: {}\n{anchor}", json!(annotations)))
}

fn copy(from: &Path, to: &Path) {
    let Ok(listed) = fs::read_dir(from) else { return };
    fs::create_dir_all(to).expect("a folder");
    for entry in listed {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("its type").is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("a certificate");
        }
    }
}

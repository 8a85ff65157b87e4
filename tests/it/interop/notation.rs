//! A set-up of Notation, a folder with `trustpolicy.json` and `truststore/`, as a policy of layerproof.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::cases::{Artifact, NotationTrust, testdata};

/// Why an exemption is made, which Notation does not ask for.
const REASON: &str = "The tool exempts it.";

/// The policy's document, and the certificates that it names by their paths in the folder.
pub fn translated(trust: &NotationTrust, artifact: &Artifact<'_>) -> (Value, BTreeMap<String, Vec<u8>>) {
    let config = testdata(&trust.config);
    let text = fs::read(config.join("trustpolicy.json")).expect("trustpolicy.json");
    let theirs: Value = serde_json::from_slice(&text).expect("JSON");
    let files = certificates(&config.join("truststore/x509"));
    let statements: Vec<Value> =
        theirs["trustPolicies"].as_array().expect("statements").iter().map(|theirs| statement(theirs, trust, artifact)).collect();
    let mut document = json!({"version": 1, "statements": statements});
    let mut stores: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for path in files.keys() {
        let mut parts = path.split('/');
        let (kind, name) = (parts.next().expect("a type"), parts.next().expect("a name"));
        stores.entry(format!("{kind}:{name}")).or_default().push(path);
    }
    if !stores.is_empty() {
        document["trust_stores"] = stores.iter().map(|(name, files)| json!({"name": name, "files": files})).collect();
    }
    (document, files)
}

fn statement(theirs: &Value, trust: &NotationTrust, artifact: &Artifact<'_>) -> Value {
    let verification = &theirs["signatureVerification"];
    let level = verification["level"].as_str().expect("a level");
    let mut ours = json!({"name": theirs["name"], "level": level, "scope": {"kind": "any"}});
    for (aspect, action) in verification["override"].as_object().into_iter().flatten() {
        let aspect = if aspect == "authenticTimestamp" { "authentic_timestamp" } else { aspect };
        ours["aspects"][aspect] = action.clone();
    }
    let exempts = matches!(level, "audit" | "skip") || ours["aspects"]["authenticity"] == "log";
    if exempts {
        ours["reason"] = REASON.into();
    }
    if let Artifact::Image { image, .. } = artifact {
        let (own, _) = image.split_once('@').expect("an image by its digest");
        let [scope] = &theirs["registryScopes"].as_array().expect("scopes")[..] else { panic!("one scope") };
        ours["scope"] = match scope.as_str().expect("text") {
            // An exemption must not be open to whatever registry.
            "*" if exempts => json!({"kind": "image", "repository": own}),
            "*" => json!({"kind": "image"}),
            repository => json!({"kind": "image", "repository": repository}),
        };
    }
    let stores: Vec<&str> = theirs["trustStores"].as_array().expect("stores").iter().map(|store| store.as_str().expect("text")).collect();
    let (tsa, others): (Vec<&str>, Vec<&str>) = stores.into_iter().partition(|store| store.starts_with("tsa:"));
    let authorities: Vec<Value> = others
        .into_iter()
        .map(|store| {
            let mut notary = json!({"trust_store": store, "identities": theirs["trustedIdentities"]});
            if let [tsa] = tsa[..] {
                notary["tsa"] = tsa.into();
            }
            match verification["verifyTimestamp"].as_str() {
                None | Some("always") => {}
                Some("afterCertExpiry") => notary["verify_timestamp"] = "after_cert_expiry".into(),
                Some(other) => panic!("{other} is not known"),
            }
            if !trust.user_metadata.is_empty() {
                notary["user_metadata"] = json!(trust.user_metadata);
            }
            json!({"notary": notary})
        })
        .collect();
    if level != "skip" {
        ours["signatures"] = json!({"any": authorities});
    }
    ours
}

/// The files below `truststore/x509`, by their paths: `ca/NAME/FILE`.
fn certificates(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let list = |folder: &Path| -> Vec<String> {
        let Ok(listed) = fs::read_dir(folder) else { return Vec::new() };
        listed.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect()
    };
    for kind in list(folder) {
        for name in list(&folder.join(&kind)) {
            for file in list(&folder.join(&kind).join(&name)) {
                let path = format!("{kind}/{name}/{file}");
                found.insert(path.clone(), fs::read(folder.join(&path)).expect("a certificate"));
            }
        }
    }
    found
}

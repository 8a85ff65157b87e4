//! Trusted roots that must not be used.

use layerproof::signature::trust::{RootError, SigstoreRoot};

use crate::forge::sigstore::Sigstore;
use crate::forge::sigstore::trusted_root::TrustedRoot;

fn parse(edit: impl FnOnce(&mut TrustedRoot)) -> Result<SigstoreRoot, RootError> {
    let mut root = Sigstore::new().trusted_root();
    edit(&mut root);
    SigstoreRoot::parse("mine", root.to_json().to_string().as_bytes())
}

#[track_caller]
fn unusable(edit: impl FnOnce(&mut TrustedRoot), reason: &str) {
    let error = parse(edit).expect_err("a root that must not be used");
    let text = error.to_string();
    assert!(text.contains("`mine`") && text.to_lowercase().contains(reason), "{text}");
}

#[test]
fn no_28_duplicate_ids_reversed_windows_and_missing_starts() {
    assert!(parse(|_| ()).is_ok());
    unusable(|root| root.tlogs.push(root.tlogs[0].clone()), "duplicate");
    unusable(|root| root.ctlogs.push(root.ctlogs[0].clone()), "duplicate");
    unusable(|root| root.tlogs[0].end = Some("2019-01-01T00:00:00Z".into()), "ends before it starts");
    unusable(|root| root.certificate_authorities[0].end = Some("2019-01-01T00:00:00Z".into()), "ends before it starts");
    unusable(|root| root.timestamp_authorities[0].end = Some("2019-01-01T00:00:00Z".into()), "ends before it starts");
    for end in [None, Some("2030-01-01T00:00:00Z".to_owned())] {
        unusable(|root| (root.tlogs[0].start, root.tlogs[0].end) = (None, end.clone()), "");
        unusable(|root| (root.ctlogs[0].start, root.ctlogs[0].end) = (None, end.clone()), "");
        unusable(|root| (root.certificate_authorities[0].start, root.certificate_authorities[0].end) = (None, end.clone()), "");
        unusable(|root| (root.timestamp_authorities[0].start, root.timestamp_authorities[0].end) = (None, end.clone()), "");
    }
}

#[test]
fn no_28_keys_and_certificates_that_can_not_be_read_and_authorities_that_are_none() {
    unusable(|root| root.tlogs[0].spki = b"no key".to_vec(), "");
    unusable(|root| root.certificate_authorities[0].chain[0] = b"no certificate".to_vec(), "");
    unusable(|root| root.certificate_authorities[0].chain.clear(), "empty");
    unusable(|root| root.certificate_authorities[0].chain = vec![Sigstore::new().tsa.leaf_der()], "no ca");
    unusable(
        |root| {
            root.tlogs.clear();
            root.certificate_authorities.clear();
            root.timestamp_authorities.clear();
        },
        "neither a certificate authority",
    );
}

#[test]
fn no_28_through_the_command_line_it_is_usage() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("root.json");
    std::fs::write(&file, "{}").unwrap();
    let asked = ["--certificate-identity", "a", "--certificate-oidc-issuer", "b", "--trusted-root"];
    let run = crate::run::layerproof().args(["verify-bundle", "--bundle", "README.md"]).args(asked);
    run.arg(&file).arg("README.md").run().exits(2);
}

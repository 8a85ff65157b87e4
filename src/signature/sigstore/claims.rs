//! What Fulcio writes into a certificate of the workload that asked for it (docs/oid-info.md of sigstore/fulcio).
//!
//! Read here and not by the crate, which turns an extension that cannot be read into "not there": a policy that asks for a claim must
//! be able to tell the two apart, and trusts neither.

use std::collections::BTreeMap;

use der::oid::ObjectIdentifier;

use super::Claim;
use super::certificate::Certificate;
use crate::signature::Rejection;
use crate::signature::asn1::{self, tag};

/// Name in policies, dotted OID, and what it says.
pub type Known = (&'static str, &'static str, &'static str);

const ISSUER: &str = "1.3.6.1.4.1.57264.1.8";
const ISSUER_OLD: &str = "1.3.6.1.4.1.57264.1.1";

/// Up to `.1.6` the value is the bare text, from `.1.8` on a DER UTF8String. `.1.7` is the OtherName in the subject alternative name.
static NAMES: &[Known] = &[
    ("issuer", ISSUER, "OIDC issuer; in older certificates 1.3.6.1.4.1.57264.1.1"),
    ("github_workflow_trigger", "1.3.6.1.4.1.57264.1.2", "event that triggered the workflow (old; see build_trigger)"),
    ("github_workflow_sha", "1.3.6.1.4.1.57264.1.3", "commit of the workflow run (old; see source_repository_digest)"),
    ("github_workflow_name", "1.3.6.1.4.1.57264.1.4", "display name of the workflow (old; no successor)"),
    ("github_workflow_repository", "1.3.6.1.4.1.57264.1.5", "OWNER/REPOSITORY (old; see source_repository_uri)"),
    ("github_workflow_ref", "1.3.6.1.4.1.57264.1.6", "git ref of the workflow run (old; see source_repository_ref)"),
    (
        "build_signer_uri",
        "1.3.6.1.4.1.57264.1.9",
        "build instructions that signed, with their ref: the reusable workflow, where there is one",
    ),
    ("build_signer_digest", "1.3.6.1.4.1.57264.1.10", "commit of the build instructions that signed"),
    ("runner_environment", "1.3.6.1.4.1.57264.1.11", "github-hosted or self-hosted"),
    ("source_repository_uri", "1.3.6.1.4.1.57264.1.12", "repository that was built, a URL"),
    ("source_repository_digest", "1.3.6.1.4.1.57264.1.13", "commit that was built"),
    ("source_repository_ref", "1.3.6.1.4.1.57264.1.14", "git ref that was built"),
    ("source_repository_id", "1.3.6.1.4.1.57264.1.15", "immutable id of the repository; survives renames"),
    ("source_repository_owner_uri", "1.3.6.1.4.1.57264.1.16", "owner of the repository, a URL"),
    ("source_repository_owner_id", "1.3.6.1.4.1.57264.1.17", "immutable id of the owner; survives renames"),
    ("build_config_uri", "1.3.6.1.4.1.57264.1.18", "build instructions at the top: the workflow that was triggered"),
    ("build_config_digest", "1.3.6.1.4.1.57264.1.19", "commit of the build instructions at the top"),
    ("build_trigger", "1.3.6.1.4.1.57264.1.20", "event that triggered the build"),
    ("run_invocation_uri", "1.3.6.1.4.1.57264.1.21", "the run, a URL"),
    ("source_repository_visibility", "1.3.6.1.4.1.57264.1.22", "public, private or internal, at the time of signing"),
    ("deployment_environment", "1.3.6.1.4.1.57264.1.23", "deployment environment that the build ran for"),
    ("token_subject", "1.3.6.1.4.1.57264.1.24", "`sub` of the identity token, as it was"),
];

/// Every claim that is known: name in policies, dotted OID, description.
pub fn names() -> &'static [Known] {
    NAMES
}

/// The OIDC issuer. An extension that is there and can't be read is no reason to take the older one.
pub(super) fn issuer(certificate: &Certificate) -> Result<String, Rejection> {
    let fail = |detail: &str| Rejection::Malformed { part: "the signer's certificate".into(), detail: detail.into() };
    let claim = match extension(certificate, ISSUER) {
        Some(value) => utf8_string(value),
        None => bare(extension(certificate, ISSUER_OLD).ok_or_else(|| fail("it names no OIDC issuer"))?),
    };
    match claim {
        Claim::Text(text) if !text.is_empty() => Ok(text),
        Claim::Text(_) | Claim::Malformed => Err(fail("its OIDC issuer can't be read")),
    }
}

/// The claims that are there, without the issuer.
pub(super) fn read(certificate: &Certificate) -> BTreeMap<&'static str, Claim> {
    let known = NAMES.iter().filter(|(_, id, _)| *id != ISSUER);
    known.filter_map(|(name, id, _)| Some((*name, claim(id, extension(certificate, id)?)))).collect()
}

fn extension<'c>(certificate: &'c Certificate, id: &str) -> Option<&'c [u8]> {
    certificate.extensions.value(ObjectIdentifier::new(id).ok()?)
}

fn claim(id: &str, value: &[u8]) -> Claim {
    let number = id.rsplit('.').next().and_then(|number| number.parse::<u32>().ok());
    if number.is_some_and(|number| number < 8) { bare(value) } else { utf8_string(value) }
}

fn bare(value: &[u8]) -> Claim {
    std::str::from_utf8(value).map_or(Claim::Malformed, |text| Claim::Text(text.to_owned()))
}

fn utf8_string(value: &[u8]) -> Claim {
    match asn1::one(value, tag::UTF8_STRING) {
        Ok(text) => bare(text.value),
        Err(_) => Claim::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_can_be_looked_for() {
        for (name, id, _) in NAMES {
            assert!(ObjectIdentifier::new(id).is_ok(), "{name}: {id}");
        }
        assert!(ObjectIdentifier::new(ISSUER_OLD).is_ok());
    }

    #[test]
    fn an_old_claim_is_bare_and_a_new_one_is_a_utf8_string() {
        assert_eq!(claim("1.3.6.1.4.1.57264.1.2", b"push"), Claim::Text("push".into()));
        assert_eq!(claim("1.3.6.1.4.1.57264.1.20", &[0x0c, 4, b'p', b'u', b's', b'h']), Claim::Text("push".into()));
    }

    #[test]
    fn a_claim_that_cannot_be_read_is_malformed_and_not_absent() {
        for value in [&b"push"[..], &[0x0c, 5, b'p'], &[0x0c, 1, 0xff], &[0x0c, 1, b'p', 0], &[0x16, 1, b'p'], &[]] {
            assert_eq!(claim("1.3.6.1.4.1.57264.1.20", value), Claim::Malformed, "{value:x?}");
        }
        assert_eq!(claim("1.3.6.1.4.1.57264.1.2", &[0xff]), Claim::Malformed);
    }

    #[test]
    fn names_and_oids_are_unique() {
        for (at, (name, id, _)) in NAMES.iter().enumerate() {
            assert!(NAMES.iter().skip(at + 1).all(|(other, other_id, _)| other != name && other_id != id), "{name}");
        }
    }
}

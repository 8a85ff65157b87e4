//! PIN015: a template takes code from an S3 key without an object version.

use super::declared::{object_name, unversioned_objects};
use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity};

static RULE: Rule = Rule {
    id: "PIN015",
    slug: "s3-key-without-version",
    title: "A template takes code from an S3 key without an object version",
    severity: Severity::Low,
    explanation: "AWS Lambda copies the object that the key names when the template is deployed. The key does not say which bytes these are: \
        whoever can write the key decides what the next deployment brings. A new object under an unchanged key is also not deployed at all, \
        since CloudFormation sees no change. Keys that carry a hash of the content, as packaging tools write them, are left alone.",
    remediation: "Set S3ObjectVersion, or a key that carries the hash of the content.",
    evidence: &[EvidenceKind::Template],
    tampering: false,
    caveat: "",
};

/// The shortest run of hexadecimal digits in a key that is taken for a hash: that of an MD5, as `aws cloudformation package` and
/// `sam package` write it.
const HASH_DIGITS: usize = 32;

pub(super) struct S3KeyWithoutVersion;

impl Check for S3KeyWithoutVersion {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/PIN015.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        // REFERENCE is PIN012's. A key that is not known may carry a hash, and is a gap.
        let copied = |source: &crate::model::template::S3Source| !source.reference_mode && source.key.unresolved().is_none();
        for (declared, source) in unversioned_objects(cx).into_iter().filter(|(_, source)| copied(source)) {
            if has_content_hash(&source.key.to_string()) {
                continue;
            }
            let object = object_name(source);
            let because = declared.because(Some(&source.key));
            let message = format!("{} takes its code from {object} without an object version{because}", declared.subject());
            findings.push(declared.finding(&RULE, &object, message));
        }
    }
}

fn has_content_hash(key: &str) -> bool {
    key.split(|c: char| !c.is_ascii_hexdigit()).any(|run| run.len() >= HASH_DIGITS)
}

#[cfg(test)]
mod tests {
    use super::has_content_hash;

    #[test]
    fn a_hash_in_a_key_is_told_from_a_version() {
        assert!(has_content_hash("app/0123456789abcdef0123456789ABCDEF"));
        assert!(has_content_hash("asset.e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.zip"));
        for key in ["app.zip", "app-1.2.3.zip", "9f8e7d6.zip", "deadbeef/cafe/20261122"] {
            assert!(!has_content_hash(key), "{key}");
        }
    }
}

//! Stage 5b: checks. One file per check; each is a rule and a pure function of evidence and decisions.
//!
//! A new check is one file `idNNN_slug.rs`, its `mod` line and its entry in [`ALL`], and a page `docs/checks/IDNNN.md`.
//!
//! A finding's subject is an artifact's name, a function's or layer's ARN, an alias's ARN, a repository, a place (`ACCOUNT/REGION`), a
//! resource of a template (`FILE#NAME`) or a policy statement. Where the bytes are what is wrong, it is said once per digest (`copies`); where a reference is, once per
//! reference and function. Lists in `details` are cut at a named length and say how long they really are.

mod copies;
mod declared;
mod deployed;
mod leniency;
mod listing;
pub mod reach;
pub mod runtimes;
mod signed;

mod csc001_no_code_signing_config;
mod csc002_csc_warn_only;
mod iac003_csc_on_image_function;
mod int001_sha_mismatch;
mod int002_same_name_version_different_bytes;
mod int004_layer_deleted_in_use;
mod int005_layer_access_revoked;
mod int006_image_digest_missing;
mod int007_function_code_error;
mod lyr001_shadowed_file;
mod lyr004_extension_from_unsigned_or_foreign;
mod lyr006_autoload_hook;
mod lyr007_setuid_setgid_world_writable;
mod lyr008_symlink_escape;
mod lyr009_zip_anomaly;
mod ops001_coverage_gap;
mod pin001_image_tag_ref;
mod pin002_image_tag_drift;
mod pin003_tag_mutable_in_repo;
mod pin004_image_latest;
mod pin005_layer_unversioned_in_template;
mod pin006_layer_from_ssm;
mod pin008_alias_to_latest;
mod pin012_s3_reference_without_version;
mod pin015_s3_key_without_version;
mod pol001_statement_matches_nothing;
mod prm001_layer_public;
mod prm003_foreign_publisher;
mod rtm001_runtime_deprecated;
mod sbm002_sbom_differs;
mod shr001_blast_radius_over_threshold;
mod shr007_shared_mutable_reference;
mod sig001_layer_unsigned;
mod sig002_function_zip_unsigned;
mod sig003_image_unsigned;
mod sig004_signature_invalid;
mod sig005_signer_not_trusted;
mod sig006_signature_expired;
mod sig008_revoked;
mod sig010_config_says_signed_but_bytes_not;
mod sig016_metadata_outside_signature;
mod sig017_signed_zip_ambiguous;
mod sig018_api_vs_signature;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::evidence::{Artifact, Evidence};
use crate::finding::{Finding, Rule};
use crate::model::artifact::Subject;
use crate::policy::decision::{Decision, DecisionSubject};
use reach::Reach;
use runtimes::RuntimeTable;

/// A check.
pub trait Check: Sync {
    /// Its description.
    fn rule(&self) -> &'static Rule;
    /// Its page in the docs, `docs/checks/ID.md`.
    fn page(&self) -> &'static str;
    /// Looks at everything and appends findings.
    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>);
}

/// Every check, sorted by id.
pub static ALL: &[&dyn Check] = &[
    &csc001_no_code_signing_config::NoCodeSigningConfig,
    &csc002_csc_warn_only::CscWarnOnly,
    &iac003_csc_on_image_function::CscOnImageFunction,
    &int001_sha_mismatch::ShaMismatch,
    &int002_same_name_version_different_bytes::SameNameVersionDifferentBytes,
    &int004_layer_deleted_in_use::LayerDeletedInUse,
    &int005_layer_access_revoked::LayerAccessRevoked,
    &int006_image_digest_missing::ImageDigestMissing,
    &int007_function_code_error::FunctionCodeError,
    &lyr001_shadowed_file::ShadowedFile,
    &lyr004_extension_from_unsigned_or_foreign::ExtensionFromUnsignedOrForeign,
    &lyr006_autoload_hook::AutoloadHook,
    &lyr007_setuid_setgid_world_writable::SetuidSetgidWorldWritable,
    &lyr008_symlink_escape::SymlinkEscape,
    &lyr009_zip_anomaly::ZipAnomaly,
    &ops001_coverage_gap::CoverageGap,
    &pin001_image_tag_ref::ImageTagRef,
    &pin002_image_tag_drift::ImageTagDrift,
    &pin003_tag_mutable_in_repo::TagMutableInRepo,
    &pin004_image_latest::ImageLatest,
    &pin005_layer_unversioned_in_template::LayerUnversionedInTemplate,
    &pin006_layer_from_ssm::LayerFromSsm,
    &pin008_alias_to_latest::AliasToLatest,
    &pin012_s3_reference_without_version::S3ReferenceWithoutVersion,
    &pin015_s3_key_without_version::S3KeyWithoutVersion,
    &pol001_statement_matches_nothing::StatementMatchesNothing,
    &prm001_layer_public::LayerPublic,
    &prm003_foreign_publisher::ForeignPublisher,
    &rtm001_runtime_deprecated::RuntimeDeprecated,
    &sbm002_sbom_differs::SbomDiffers,
    &shr001_blast_radius_over_threshold::BlastRadiusOverThreshold,
    &shr007_shared_mutable_reference::SharedMutableReference,
    &sig001_layer_unsigned::LayerUnsigned,
    &sig002_function_zip_unsigned::FunctionZipUnsigned,
    &sig003_image_unsigned::ImageUnsigned,
    &sig004_signature_invalid::SignatureInvalid,
    &sig005_signer_not_trusted::SignerNotTrusted,
    &sig006_signature_expired::SignatureExpired,
    &sig008_revoked::Revoked,
    &sig010_config_says_signed_but_bytes_not::ConfigSaysSignedButBytesNot,
    &sig016_metadata_outside_signature::MetadataOutsideSignature,
    &sig017_signed_zip_ambiguous::SignedZipAmbiguous,
    &sig018_api_vs_signature::ApiVsSignature,
];

/// What a check may see.
pub struct Context<'a> {
    /// All evidence.
    pub evidence: &'a Evidence,
    /// All decisions.
    pub decisions: &'a BTreeMap<DecisionSubject, Decision>,
    /// The time that everything is judged at.
    pub now: Timestamp,
    /// Accounts that the policy names as publishers: the literal accounts in the scopes of its statements.
    pub known_publishers: &'a [String],
    /// When AWS retires which runtime.
    pub runtimes: &'a RuntimeTable,
    /// Policy statements that matched nothing: name, file as given, line from 1. Empty where one target was asked for.
    pub dead_statements: &'a [(String, String, usize)],
    reach: Reach<'a>,
    own_accounts: BTreeSet<&'a str>,
}

impl<'a> Context<'a> {
    /// Joins what a run knows; looks once over the inventory for who uses what.
    pub fn new(
        evidence: &'a Evidence,
        decisions: &'a BTreeMap<DecisionSubject, Decision>,
        now: Timestamp,
        known_publishers: &'a [String],
        runtimes: &'a RuntimeTable,
        dead_statements: &'a [(String, String, usize)],
    ) -> Self {
        let inventory = &evidence.inventory;
        let own_accounts = inventory
            .places
            .iter()
            .map(|place| place.account.as_str())
            .chain(inventory.functions.iter().map(|function| function.arn.account.as_str()))
            .collect();
        Self { evidence, decisions, now, known_publishers, runtimes, dead_statements, reach: Reach::of(inventory), own_accounts }
    }

    /// The decision on an artifact.
    pub fn decision(&self, subject: &Subject) -> Option<&'a Decision> {
        self.decisions.get(&DecisionSubject::Artifact(subject.clone()))
    }

    /// Artifacts in order of subject.
    pub fn artifacts(&self) -> impl Iterator<Item = &'a Artifact> + use<'a> {
        self.evidence.artifacts.values()
    }

    /// Who uses what.
    pub fn reach(&self) -> &Reach<'a> {
        &self.reach
    }

    /// True for an account that was looked at, or that owns a function that was.
    pub fn is_own(&self, account: &str) -> bool {
        self.own_accounts.contains(account)
    }

    /// True for an account that is ours, or that the policy names.
    pub fn is_known_publisher(&self, account: &str) -> bool {
        self.is_own(account) || self.known_publishers.iter().any(|known| known == account)
    }
}

/// Runs every check. Worst first, then by rule, subject, key and path; each fingerprint once, in its worst form.
pub fn run_all(cx: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for check in ALL {
        check.check(cx, &mut findings);
    }
    // A failure sorts before a gap of the same severity, so that the fingerprint's worst form is the one that stays.
    findings.sort_by(|a, b| {
        let order = |f: &Finding| (std::cmp::Reverse(f.severity), f.rule, f.status);
        order(a).cmp(&order(b)).then_with(|| (&a.subject, &a.key, &a.path, &a.message).cmp(&(&b.subject, &b.key, &b.path, &b.message)))
    });
    let mut seen = BTreeSet::new();
    findings.retain(|finding| seen.insert(finding.fingerprint()));
    findings
}

/// The rule of an id, as written: `PIN001`.
pub fn rule(id: &str) -> Option<&'static Rule> {
    ALL.iter().map(|check| check.rule()).find(|rule| rule.id == id)
}

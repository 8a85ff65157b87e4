//! Signs a zip as AWS Signer does for Lambda (platform AWSLambda-SHA384-ECDSA), or wrongly on purpose.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use layerproof::model::digest::Sha384;

use super::ca::{CertSpec, TestCa, pem};
use super::cms::{Attribute, SignedData, SignerInfo};
use super::der::{self, oids};
use super::zip::{self, Entry};

/// The directory entry that Signer adds.
pub const DIRECTORY: &str = "META_INF/";
/// The signature file.
pub const SIGNATURE_FILE: &str = "META_INF/aws_signer_signature_v1.0.SF";

/// What to sign with, and which parts to forge. The hooks run at the stage that their name says.
#[derive(Clone)]
pub struct SignerOptions {
    /// The chain.
    pub ca: TestCa,
    /// Signing time, milliseconds kept. The leaf is valid for three days from the start of that day (UTC).
    pub signed_at: Timestamp,
    /// Expiry of the signature.
    pub expires_at: Timestamp,
    /// Signing profile version ARN.
    pub profile_version: String,
    /// Signing job ARN.
    pub job: String,
    /// Changes the CA certificates' or keys' specification before they are signed.
    pub edit_ca: Option<fn(&mut TestCa)>,
    /// Changes the leaf before it is signed.
    pub edit_leaf: Option<fn(&mut CertSpec)>,
    /// Changes the signed attributes before they are sorted and signed.
    pub edit_attributes: Option<fn(&mut Vec<Attribute>)>,
    /// Changes the SignerInfo before it is signed.
    pub edit_signer_info: Option<fn(&mut SignerInfo)>,
    /// Changes the SignedData, after signing.
    pub edit_signed_data: Option<fn(&mut SignedData)>,
    /// Changes the encoded CMS.
    pub edit_cms: Option<fn(&mut Vec<u8>)>,
    /// Changes the signature file's text.
    pub edit_file: Option<fn(&mut String)>,
}

impl Default for SignerOptions {
    fn default() -> Self {
        Self {
            ca: TestCa::ours(),
            signed_at: "2026-09-01T10:20:30.806Z".parse().expect("a time"),
            expires_at: "2037-12-01T10:20:30.806Z".parse().expect("a time"),
            profile_version: "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/AbCdEfGhIj".into(),
            job: "arn:aws:signer:eu-west-1:111122223333:/signing-jobs/00000000-0000-4000-8000-000000000001".into(),
            edit_ca: None,
            edit_leaf: None,
            edit_attributes: None,
            edit_signer_info: None,
            edit_signed_data: None,
            edit_cms: None,
            edit_file: None,
        }
    }
}

/// The signed archive: the entries, `META_INF/` where it is missing, and the signature file.
pub fn sign_zip(unsigned: &[Entry], options: &SignerOptions) -> Vec<u8> {
    zip::write(&sign_entries(unsigned, options))
}

/// The entries of the signed archive, signature file last.
pub fn sign_entries(unsigned: &[Entry], options: &SignerOptions) -> Vec<Entry> {
    let mut entries = unsigned.to_vec();
    if !entries.iter().any(|e| e.name == DIRECTORY.as_bytes()) {
        entries.push(Entry::directory(DIRECTORY));
    }
    let file = signature_file(&inner_digest(&entries), options);
    entries.push(Entry::file(SIGNATURE_FILE, file).deflated());
    entries
}

/// SHA-384 over name and body of every entry, in order, without any framing.
pub fn inner_digest(entries: &[Entry]) -> [u8; 48] {
    let mut hash = Sha384::new();
    for entry in entries {
        hash.update(&entry.name);
        hash.update(&entry.body);
    }
    hash.finish()
}

/// The text of the signature file over `inner`.
pub fn signature_file(inner: &[u8; 48], options: &SignerOptions) -> String {
    let mut cms = signed_data(inner, options).ber();
    if let Some(edit) = options.edit_cms {
        edit(&mut cms);
    }
    let mut file = pem("PKCS7", &cms);
    if let Some(edit) = options.edit_file {
        edit(&mut file);
    }
    file
}

/// The SignedData over `inner`.
pub fn signed_data(inner: &[u8; 48], options: &SignerOptions) -> SignedData {
    let mut ca = options.ca.clone();
    if let Some(edit) = options.edit_ca {
        edit(&mut ca);
    }
    let midnight = options.signed_at.to_zoned(TimeZone::UTC).start_of_day().expect("a day in UTC").timestamp();
    let mut leaf = ca.leaf(&seconds(midnight), &seconds(midnight + SignedDuration::from_hours(72)));
    if let Some(edit) = options.edit_leaf {
        edit(&mut leaf);
    }
    let mut attributes = attributes(inner, options);
    if let Some(edit) = options.edit_attributes {
        edit(&mut attributes);
    }
    let mut signer_info = SignerInfo::new(&leaf.issuer, leaf.serial, &attributes);
    if let Some(edit) = options.edit_signer_info {
        edit(&mut signer_info);
    }
    let [root_key, intermediate_key, regional_key, leaf_key] = &ca.keys;
    let certificates =
        vec![ca.root.sign(root_key), ca.intermediate.sign(root_key), ca.regional.sign(intermediate_key), leaf.sign(regional_key)];
    let mut data = SignedData::new(certificates, signer_info.sign(leaf_key));
    if let Some(edit) = options.edit_signed_data {
        edit(&mut data);
    }
    data
}

/// GeneralizedTime with milliseconds, as AWS Signer writes it.
pub fn milliseconds(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%S.%3fZ").to_string()
}

fn seconds(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%SZ").to_string()
}

fn attributes(inner: &[u8; 48], options: &SignerOptions) -> Vec<Attribute> {
    let protection = der::seq(&[der::algorithm(oids::SHA384), der::context(1, &der::oid(oids::ECDSA_SHA384))]);
    vec![
        Attribute::one(oids::CONTENT_TYPE, der::oid(oids::DATA)),
        Attribute::one(oids::SIGNING_TIME, der::generalized_time(&milliseconds(options.signed_at))),
        Attribute::one(oids::EXPIRY, der::generalized_time(&milliseconds(options.expires_at))),
        Attribute::one(oids::MESSAGE_DIGEST, der::octets(&Sha384::of(inner))),
        Attribute::one(oids::JOB_ARN, der::utf8(&options.job)),
        Attribute::one(oids::PROFILE_VERSION_ARN, der::utf8(&options.profile_version)),
        Attribute::one(oids::ALGORITHM_PROTECTION, protection),
    ]
}

//! Zips and what AWS says of their signatures.

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use layerproof::model::digest::Digest;
use serde_json::{Map, Value, json};

use super::PROD;
use crate::forge::signer::sign_entries;
use crate::forge::zip::Entry;
use crate::forge::{SignerOptions, zip};

/// Bytes, and the ARNs that AWS states beside them.
#[derive(Clone)]
pub struct Zip {
    pub bytes: Vec<u8>,
    pub stated: Option<Stated>,
}

/// What AWS states about a signature.
#[derive(Clone)]
pub struct Stated {
    pub profile_version: String,
    pub job: String,
}

/// How to sign.
pub struct Signing<'a> {
    pub region: &'a str,
    /// Profile of the production account, which signs for all.
    pub profile: &'a str,
    /// What was signed; the job's id follows from it.
    pub label: &'a str,
    pub signed_at: &'a str,
    pub expires_at: &'a str,
}

impl<'a> Signing<'a> {
    /// The release profile, in June 2025, for the 135 months that Signer gives.
    pub fn release(region: &'a str, label: &'a str) -> Self {
        Self { region, profile: "release", label, signed_at: "2025-06-02T08:12:43.310Z", expires_at: "2036-09-02T08:12:43.310Z" }
    }

    fn options(&self) -> SignerOptions {
        let time = |text: &str| text.parse::<Timestamp>().expect("a time");
        let version = &HEXLOWER.encode(Digest::of(self.profile.as_bytes()).bytes())[..10];
        let id = HEXLOWER.encode(&Digest::of(self.label.as_bytes()).bytes()[..16]);
        let uuid = format!("{}-{}-4{}-8{}-{}", &id[..8], &id[8..12], &id[13..16], &id[17..20], &id[20..32]);
        SignerOptions {
            signed_at: time(self.signed_at),
            expires_at: time(self.expires_at),
            profile_version: format!("arn:aws:signer:{}:{PROD}:/signing-profiles/{}/{version}", self.region, self.profile),
            job: format!("arn:aws:signer:{}:{PROD}:/signing-jobs/{uuid}", self.region),
            ..SignerOptions::default()
        }
    }

    /// The version ARN of the profile that signs.
    pub fn profile_version(&self) -> String {
        self.options().profile_version
    }

    fn stated(&self) -> Stated {
        let SignerOptions { profile_version, job, .. } = self.options();
        Stated { profile_version, job }
    }
}

/// A zip as Signer returns it, and AWS's statement about it.
pub fn signed(entries: &[Entry], signing: &Signing) -> Zip {
    Zip { bytes: zip::write(&sign_entries(entries, &signing.options())), stated: Some(signing.stated()) }
}

/// A zip whose first file was changed after it was signed. Lambda finds the signature broken, and states nothing.
pub fn tampered(entries: &[Entry], signing: &Signing, body: &str) -> Zip {
    let mut entries = sign_entries(entries, &signing.options());
    entries[0].body = body.into();
    Zip { bytes: zip::write(&entries), stated: None }
}

/// A zip without a signature.
pub fn unsigned(entries: &[Entry]) -> Zip {
    Zip { bytes: zip::write(entries), stated: None }
}

/// A zip without a signature of which AWS's answer says that there is one.
pub fn only_said_to_be_signed(entries: &[Entry], signing: &Signing) -> Zip {
    Zip { bytes: zip::write(entries), stated: Some(signing.stated()) }
}

impl Zip {
    /// `CodeSha256`.
    pub fn code_sha256(&self) -> String {
        Digest::of(&self.bytes).code_sha256()
    }

    /// `SigningProfileVersionArn` and `SigningJobArn`, where AWS states them.
    pub fn add_statement(&self, answer: &mut Map<String, Value>) {
        if let Some(stated) = &self.stated {
            answer.insert("SigningProfileVersionArn".into(), json!(stated.profile_version));
            answer.insert("SigningJobArn".into(), json!(stated.job));
        }
    }
}

//! Verification plugins (specs/plugin-extensibility.md): what AWS Signer's plugin checks is built in, and no plugin is ever run.
//!
//! Source: aws/aws-signer-notation-plugin, `internal/verifier`. Identities and revocation, which the plugin also checks, are in the result.

use super::envelope::{Attribute, Envelope, malformed};
use super::headers::{PLUGIN, PLUGIN_VERSION};
use super::{AwsSigner, SigningScheme};
use crate::model::arn::{Arn, SigningProfileArn};
use crate::signature::Rejection;

/// The name of AWS Signer's plugin.
pub(super) const AWS_SIGNER: &str = "com.amazonaws.signer.notation.plugin";

/// Signing profile version ARN.
pub(super) const PROFILE_VERSION: &str = "com.amazonaws.signer.signingProfileVersion";

/// Signing job ARN.
pub(super) const JOB: &str = "com.amazonaws.signer.signingJob";

/// The plugin's checks are those of its versions 1.0.x.
const BUILT_IN: (u64, u64) = (1, 0);

/// What an envelope demands beyond the specification.
pub(super) enum Demand {
    /// Nothing.
    None,
    /// AWS Signer's checks, which hold.
    AwsSigner(AwsSigner),
    /// A plugin that is not built in, or a later version: what it is.
    NotBuilt(String),
}

/// Judges the demand. `unknown`: critical headers that only a plugin could understand.
pub(super) fn check(envelope: &Envelope, scheme: SigningScheme, unknown: &[String]) -> Result<Demand, Rejection> {
    let version = envelope.text(PLUGIN_VERSION)?.map(version).transpose()?;
    let Some(name) = envelope.text(PLUGIN)? else {
        return match version {
            Some(_) => Err(malformed(PLUGIN_VERSION, "it stands there without a plugin")),
            None => Ok(Demand::None),
        };
    };
    if name.trim().is_empty() {
        return Err(malformed(PLUGIN, "it is empty"));
    }
    if name != AWS_SIGNER {
        return Ok(Demand::NotBuilt(format!("the verification plugin `{name}`")));
    }
    if let Some((major, minor)) = version.filter(|version| *version > BUILT_IN) {
        return Ok(Demand::NotBuilt(format!("version {major}.{minor} of the verification plugin `{name}`")));
    }
    if let Some(other) = unknown.iter().find(|name| ![PROFILE_VERSION, JOB].contains(&name.as_str())) {
        return Err(Rejection::UnknownCriticalHeader { name: other.clone() });
    }
    if scheme != SigningScheme::SigningAuthority {
        return Err(rule("the signing scheme is not notary.x509.signingAuthority"));
    }
    identity(envelope).map(Demand::AwsSigner)
}

fn identity(envelope: &Envelope) -> Result<AwsSigner, Rejection> {
    let profile = attribute(envelope, PROFILE_VERSION)?;
    let profile_version: SigningProfileArn = profile.parse().map_err(|e| malformed(PROFILE_VERSION, e))?;
    if profile_version.version.is_none() {
        return Err(malformed(PROFILE_VERSION, "it names no version of the profile"));
    }
    let job = attribute(envelope, JOB)?;
    let arn: Arn = job.parse().map_err(|e| malformed(JOB, e))?;
    let id = arn.resource.strip_prefix("/signing-jobs/").unwrap_or_default();
    let plain = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if arn.service != "signer" || arn.region.is_empty() || arn.account.is_empty() || !plain {
        return Err(malformed(JOB, "it is not arn:PARTITION:signer:REGION:ACCOUNT:/signing-jobs/ID"));
    }
    // A job may sign with another account's profile (`profileOwner`), but never with one of another region or partition.
    if arn.partition != profile_version.partition || arn.region != profile_version.region {
        return Err(rule("signing job and signing profile are of different regions"));
    }
    Ok(AwsSigner { profile_version, job_arn: job.into() })
}

fn attribute<'a>(envelope: &'a Envelope, name: &str) -> Result<&'a str, Rejection> {
    if !envelope.critical.iter().any(|listed| listed == name) && envelope.attributes.contains_key(name) {
        return Err(Rejection::HeaderNotCritical { name: name.into() });
    }
    match envelope.attributes.get(name) {
        Some(Attribute::Text(text)) => Ok(text),
        Some(Attribute::Epoch(_) | Attribute::Other) => Err(malformed(name, "it is no text")),
        None => Err(malformed(name, "it is missing")),
    }
}

fn rule(detail: &str) -> Rejection {
    Rejection::PluginRule { plugin: AWS_SIGNER.into(), detail: detail.into() }
}

/// Major and minor number of a semantic version (semver.org 2.0.0, section 2). A pre-release comes before its version, and so asks for no more.
fn version(text: &str) -> Result<(u64, u64), Rejection> {
    let fail = || malformed(PLUGIN_VERSION, format!("`{text}` is no semantic version"));
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<&str> = core.split('.').collect();
    let number = |text: &&str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && (*text == "0" || !text.starts_with('0'));
        if digits { text.parse::<u64>().ok() } else { None }
    };
    match numbers.iter().map(number).collect::<Option<Vec<u64>>>().as_deref() {
        Some([major, minor, _]) => Ok((*major, *minor)),
        _ => Err(fail()),
    }
}

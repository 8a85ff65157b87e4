//! The signed headers (specs/signature-specification.md, "Signed Attributes"): which there must be, which must be critical, and what they say.

use jiff::Timestamp;

use super::SigningScheme;
use super::envelope::{Envelope, malformed};
use super::plugin;
use crate::signature::Rejection;

/// `io.cncf.notary.signingScheme`.
pub(super) const SCHEME: &str = "io.cncf.notary.signingScheme";
/// The signer's own time, `notary.x509` only.
pub(super) const SIGNING_TIME: &str = "io.cncf.notary.signingTime";
/// The signing authority's time, `notary.x509.signingAuthority` only.
pub(super) const AUTHENTIC_SIGNING_TIME: &str = "io.cncf.notary.authenticSigningTime";
/// When the signature expires.
pub(super) const EXPIRY: &str = "io.cncf.notary.expiry";
/// The plugin that the signer demands.
pub(super) const PLUGIN: &str = "io.cncf.notary.verificationPlugin";
/// Its least version.
pub(super) const PLUGIN_VERSION: &str = "io.cncf.notary.verificationPluginMinVersion";
/// The time stamp, not signed.
pub(super) const TIMESTAMP: &str = "io.cncf.notary.timestampSignature";

/// Headers that are signed or nothing.
pub(super) const SIGNED: &[&str] = &[
    "alg",
    "cty",
    "crit",
    SCHEME,
    SIGNING_TIME,
    AUTHENTIC_SIGNING_TIME,
    EXPIRY,
    PLUGIN,
    PLUGIN_VERSION,
    plugin::PROFILE_VERSION,
    plugin::JOB,
];

/// The one content type.
const CONTENT_TYPE: &str = "application/vnd.cncf.notary.payload.v1+json";

/// Headers that this verifier understands wherever `crit` lists them.
const UNDERSTOOD: &[&str] = &[SCHEME, SIGNING_TIME, AUTHENTIC_SIGNING_TIME, EXPIRY, PLUGIN, PLUGIN_VERSION];

/// Scheme and times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub scheme: SigningScheme,
    /// Under `notary.x509` the signer's word, under the other scheme the signing authority's.
    pub signed_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

/// The content type is the payload's of this format.
pub(super) fn check_content_type(envelope: &Envelope) -> Result<(), Rejection> {
    if envelope.content_type == CONTENT_TYPE {
        return Ok(());
    }
    Err(malformed("content type", format!("it is `{}`, not `{CONTENT_TYPE}`", envelope.content_type)))
}

/// `crit` lists what it must, each once, nothing that is not there, and nothing that is not understood. Headers that are not understood are
/// left to a plugin where the signer demands one; gives their names.
pub(super) fn check_critical(envelope: &Envelope) -> Result<Vec<String>, Rejection> {
    let critical = &envelope.critical;
    let lists = |name: &str| critical.iter().any(|listed| listed == name);
    for (at, name) in critical.iter().enumerate() {
        if critical.iter().take(at).any(|other| other == name) {
            return Err(malformed("crit", format!("it lists `{name}` twice")));
        }
        if !envelope.attributes.contains_key(name) {
            return Err(Rejection::CriticalHeaderAbsent { name: name.clone() });
        }
    }
    let must_be_listed = [SCHEME, AUTHENTIC_SIGNING_TIME, EXPIRY, PLUGIN, PLUGIN_VERSION];
    for name in must_be_listed {
        if (name == SCHEME || envelope.attributes.contains_key(name)) && !lists(name) {
            return Err(Rejection::HeaderNotCritical { name: name.into() });
        }
    }
    let unknown: Vec<String> = critical.iter().filter(|name| !UNDERSTOOD.contains(&name.as_str())).cloned().collect();
    match unknown.first() {
        Some(name) if !envelope.attributes.contains_key(PLUGIN) => Err(Rejection::UnknownCriticalHeader { name: name.clone() }),
        _ => Ok(unknown),
    }
}

/// The signing scheme, and the times that it allows (specs/signing-scheme.md).
pub(super) fn times(envelope: &Envelope) -> Result<Times, Rejection> {
    let scheme = match envelope.text(SCHEME)? {
        Some("notary.x509") => SigningScheme::X509,
        Some("notary.x509.signingAuthority") => SigningScheme::SigningAuthority,
        Some(other) => return Err(Rejection::UnknownSigningScheme { presented: other.into() }),
        None => return Err(malformed(SCHEME, "it is missing")),
    };
    let (own, foreign) = match scheme {
        SigningScheme::X509 => (SIGNING_TIME, AUTHENTIC_SIGNING_TIME),
        SigningScheme::SigningAuthority => (AUTHENTIC_SIGNING_TIME, SIGNING_TIME),
    };
    if envelope.attributes.contains_key(foreign) {
        return Err(malformed(foreign, "the signing scheme does not have it"));
    }
    let signed_at = envelope.time(own)?;
    let Some(signed_at) = signed_at else { return Err(malformed(own, "it is missing")) };
    let expires_at = envelope.time(EXPIRY)?;
    if expires_at.is_some_and(|expires| expires <= signed_at) {
        return Err(malformed(EXPIRY, "it is not after the signing time"));
    }
    Ok(Times { scheme, signed_at, expires_at })
}
